//! Several people at once, in all orders in which their commands can come.

mod faults;

use std::sync::atomic::{AtomicBool, Ordering};

use futures_lite::future::block_on;

use super::*;
use crate::chat::address::Address;
use crate::chat::message::{Item, Kind};
use crate::chat::name::{Name, RoomName};
use crate::chat::request::{ModCommand, NewBan, PutOut, RemovalKind, Reply, RoomReply, Target};
use crate::chat::room::ConnectionEnd;
use crate::chat::room::JoinRequest;
use crate::chat::room::{At, Moderation, RoomLimits, RoomState};
use crate::counts::Counts;
use crate::runtime::ManualClock;

const NOW: Timestamp = Timestamp(1_000_000);
const LIMITS: RoomLimits = RoomLimits {
    members_max: 0,
    history_lines: 10,
    outbox_bytes: 0,
    notice_delay: std::time::Duration::ZERO,
};

/// A clock that shows [`NOW`].
fn counts() -> Arc<Counts> {
    Arc::new(Counts::new(clock().now()))
}

fn clock() -> Clock {
    Clock::manual(ManualClock::new(NOW))
}

fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

fn guest(id: u64, called: &str) -> JoinRequest {
    JoinRequest {
        member: MemberId(id),
        name: name(called),
        account: None,
        address: Address::parse(&format!("192.0.2.{id}")),
        pass: None,
        seat: None,
    }
}

fn ban(target: &str) -> NewBan {
    NewBan {
        target: Target::parse(target).expect("a name or an address"),
        holder: None,
        account: None,
        name_only: false,
        time: None,
        why: "".into(),
    }
}

/// A connection of the actor's tests: what it was told, and what it read of the transcript.
struct User {
    inbox: Arc<ClientInbox>,
    seat: Option<Membership>,
    answers: usize,
    refused: Option<JoinError>,
    read: Vec<String>,
    put_out: Option<PutOut>,
    left: bool,
}

impl User {
    fn new() -> User {
        User {
            inbox: Arc::default(),
            seat: None,
            answers: 0,
            refused: None,
            read: Vec::new(),
            put_out: None,
            left: false,
        }
    }

    /// Takes all that has come.
    fn look(&mut self) {
        for note in self.inbox.take() {
            match note {
                ClientEvent::Admitted(seat, _) => self.seat = Some(seat),
                ClientEvent::Refused(_, why) => self.refused = Some(why),
                ClientEvent::Reply(_) => self.answers += 1,
                _ => {}
            }
        }
        let Some(seat) = &mut self.seat else { return };
        let mut batches = Vec::new();
        seat.reader.take(usize::MAX, &mut batches);
        for item in batches.iter().flat_map(|batch| batch.items()) {
            if let Item::Message(message) = item {
                self.read.push(message.text.to_string());
            }
        }
        if seat.reader.is_done() {
            self.put_out = seat.reader.put_out().map(|how| (**how).clone());
            self.left = self.put_out.is_none();
            self.seat = None;
        }
    }
}

/// A room that Ann has created.
fn room_of_ann() -> Room {
    let state = RoomState {
        topic: None,
        moderation: Moderation::of(MemberId(1), None, NOW),
        has_lines: false,
    };
    Room::new(LIMITS, state, At::default())
}

fn handle(store: &Store) -> RoomHandle {
    let room = RoomName::parse("1150").expect("a name");
    let id = block_on(store.create_room(room.clone())).expect("a room");
    RoomHandle::new(id, room, RoomInfo::default())
}

/// Runs a room, which Ann has created, on commands that come in this order, cut into turns in one way. Commands
/// that come too late are handed back.
fn run_commands(
    people: &[User],
    commands: impl Fn(&[User]) -> Vec<RoomCommand>,
    cuts: u32,
) -> (Vec<RoomCommand>, bool) {
    let store = Store::memory(10);
    let handle = handle(&store);
    let room = room_of_ann();
    let was_closed = Arc::new(AtomicBool::new(false));
    let closed = {
        let was_closed = Arc::clone(&was_closed);
        move |_: RoomEnd<'_>| was_closed.store(true, Ordering::SeqCst)
    };
    let mut handed_back = Vec::new();
    let actor = run(room, handle.clone(), store, clock(), counts(), closed);
    let feed = async {
        for (index, command) in commands(people).into_iter().enumerate() {
            handed_back.extend(handle.mailbox.put(command).err());
            if cuts & (1 << index) != 0 {
                // The room takes its turn here.
                for _ in 0..8 {
                    future::yield_now().await;
                }
            }
        }
        handle.mailbox.close();
    };
    block_on(future::zip(actor, feed));
    (handed_back, was_closed.load(Ordering::SeqCst))
}

fn join(people: &[User], id: u64, called: &str) -> RoomCommand {
    let inbox = Arc::clone(&people[id as usize - 1].inbox);
    let room = RoomName::parse("1150").expect("a room name");
    RoomCommand::Join(Box::new(Joining::new(guest(id, called), room, inbox)))
}

fn say(id: u64, text: &str) -> RoomCommand {
    RoomCommand::Say {
        member: MemberId(id),
        kind: Kind::Message,
        text: text.into(),
    }
}

fn order(id: u64, order: ModCommand) -> RoomCommand {
    RoomCommand::Moderate(MemberId(id), Box::new(order))
}

/// All orders in which two sequences can come, each cut into turns in all ways.
fn interleavings(first: usize, second: usize, mut each: impl FnMut(&[bool], u32)) {
    let count = first + second;
    for pattern in 0..1_u32 << count {
        if pattern.count_ones() as usize != second {
            continue;
        }
        let from_second: Vec<bool> = (0..count).map(|at| pattern & (1 << at) != 0).collect();
        for cuts in 0..1_u32 << (count + 2) {
            each(&from_second, cuts);
        }
    }
}

/// Mixes two sequences of commands as `from_second` says, after Ann and Ben have joined.
fn mixed(
    people: &[User],
    first: Vec<RoomCommand>,
    second: Vec<RoomCommand>,
    from_second: &[bool],
) -> Vec<RoomCommand> {
    let mut commands = vec![join(people, 1, "Ann"), join(people, 2, "Ben")];
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    for &from_second in from_second {
        commands.extend(if from_second {
            second.next()
        } else {
            first.next()
        });
    }
    commands
}

fn kick() -> RoomCommand {
    order(1, ModCommand::Kick(name("Ben"), "spam".into()))
}

#[test]
fn who_is_kicked_while_leaving_goes_once() {
    interleavings(1, 2, |from_second, cuts| {
        let mut people = [User::new(), User::new()];
        let commands = |people: &[User]| {
            let second = vec![say(2, "bye"), RoomCommand::Leave(MemberId(2), None)];
            mixed(people, vec![kick()], second, from_second)
        };
        run_commands(&people, commands, cuts);
        people.iter_mut().for_each(User::look);
        let [ann, ben] = &people;
        let case = format!("{from_second:?} {cuts:b}");
        assert_ne!(ben.left, ben.put_out.is_some(), "{case}");
        assert!(ben.seat.is_none(), "{case}");
        // Ann is answered either way; he sees his line if she does.
        assert_eq!(ann.answers, 1, "{case}");
        assert_eq!(ann.read, ben.read, "{case}");
        let kicked_first = !from_second[0];
        assert_eq!(ann.read.is_empty(), kicked_first, "{case}");
    });
}

#[test]
fn who_is_kicked_while_speaking_sees_what_was_said_until_then_and_nothing_after() {
    interleavings(2, 3, |from_second, cuts| {
        let mut people = [User::new(), User::new()];
        let commands = |people: &[User]| {
            let first = vec![kick(), say(1, "gone")];
            let second = ["1", "2", "3"].map(|text| say(2, text)).into();
            mixed(people, first, second, from_second)
        };
        run_commands(&people, commands, cuts);
        people.iter_mut().for_each(User::look);
        let [ann, ben] = &people;
        let case = format!("{from_second:?} {cuts:b}");
        let before = from_second.iter().take_while(|second| **second).count();
        let said: Vec<String> = (1..=before).map(|number| number.to_string()).collect();
        assert_eq!(ben.read, said, "{case}");
        assert_eq!(ann.read, [said, vec!["gone".to_owned()]].concat(), "{case}");
        let how = ben
            .put_out
            .as_ref()
            .and_then(PutOut::removal)
            .expect("he was kicked");
        assert_eq!(
            (how.how, &*how.why),
            (RemovalKind::Kicked, "spam"),
            "{case}"
        );
    });
}

#[test]
fn who_joins_a_room_that_is_being_closed_is_told_that_there_is_none() {
    interleavings(2, 2, |from_second, cuts| {
        let mut people = [User::new(), User::new(), User::new()];
        let commands = |people: &[User]| {
            let first = vec![say(1, "bye"), order(1, ModCommand::Close)];
            let second = vec![join(people, 3, "Cat"), say(3, "hi")];
            mixed(people, first, second, from_second)
        };
        let (handed_back, closed) = run_commands(&people, commands, cuts);
        people.iter_mut().for_each(User::look);
        let case = format!("{from_second:?} {cuts:b}");
        assert!(closed, "{case}");
        let not_let_in = handed_back
            .iter()
            .any(|command| matches!(command, RoomCommand::Join(..)));
        let [ann, ben, cat] = &people;
        for person in [ann, ben] {
            let how = person
                .put_out
                .as_ref()
                .and_then(PutOut::removal)
                .map(|out| out.how);
            assert_eq!(how, Some(RemovalKind::Closed { is_kept: true }), "{case}");
            assert_eq!(
                person.read.iter().filter(|text| *text == "bye").count(),
                1,
                "{case}"
            );
        }
        // One of three, and never silence.
        let outcomes = [
            not_let_in,
            cat.refused == Some(JoinError::NoRoom),
            cat.put_out.is_some(),
        ];
        let count = outcomes.iter().filter(|outcome| **outcome).count();
        assert_eq!(count, 1, "{case} {outcomes:?}");
    });
}

#[test]
fn what_is_said_while_a_room_is_being_closed_is_seen_by_all_or_nobody() {
    interleavings(1, 3, |from_second, cuts| {
        let mut people = [User::new(), User::new()];
        let commands = |people: &[User]| {
            let second = ["1", "2", "3"].map(|text| say(2, text)).into();
            mixed(
                people,
                vec![order(1, ModCommand::Close)],
                second,
                from_second,
            )
        };
        run_commands(&people, commands, cuts);
        people.iter_mut().for_each(User::look);
        let [ann, ben] = &people;
        let before = from_second.iter().take_while(|second| **second).count();
        let said: Vec<String> = (1..=before).map(|number| number.to_string()).collect();
        assert_eq!(ann.read, said, "{from_second:?} {cuts:b}");
        assert_eq!(ben.read, said, "{from_second:?} {cuts:b}");
        assert!(ben.put_out.is_some() && ann.put_out.is_some());
    });
}

#[test]
fn who_is_banned_while_joining_is_not_in_afterwards() {
    interleavings(1, 2, |from_second, cuts| {
        let mut people = [User::new(), User::new(), User::new()];
        let commands = |people: &[User]| {
            let mut ban = ban("Cat");
            ban.holder = Some(MemberId(3));
            let second = vec![join(people, 3, "Cat"), say(3, "hi")];
            mixed(
                people,
                vec![order(1, ModCommand::Ban(ban))],
                second,
                from_second,
            )
        };
        run_commands(&people, commands, cuts);
        people.iter_mut().for_each(User::look);
        let case = format!("{from_second:?} {cuts:b}");
        let [ann, _, cat] = &people;
        assert_eq!(ann.answers, 1, "{case}");
        assert!(cat.seat.is_none(), "{case}");
        let refused = matches!(cat.refused, Some(JoinError::Banned(..)));
        assert_ne!(refused, cat.put_out.is_some(), "{case}");
        assert_eq!(ann.read.is_empty(), refused || !from_second[1], "{case}");
    });
}

#[test]
fn an_owner_who_disconnects_while_sharing_leaves_one_owner_behind() {
    interleavings(3, 2, |from_second, cuts| {
        let mut people = [User::new(), User::new()];
        let commands = |people: &[User]| {
            let first = vec![
                order(1, ModCommand::Own(name("Ben"))),
                RoomCommand::Leave(MemberId(1), None),
                RoomCommand::OwnerEnded(MemberId(1), Box::new(ConnectionEnd::Left)),
            ];
            let second = vec![
                RoomCommand::Rename {
                    member: MemberId(2),
                    name: name("Bob"),
                },
                order(2, ModCommand::Private(true)),
            ];
            mixed(people, first, second, from_second)
        };
        let answers = |people: &[User]| {
            let notes = people[1].inbox.take();
            let owns = notes
                .iter()
                .filter(|note| matches!(note, ClientEvent::Owns(_)))
                .count();
            let mut done = notes.iter().filter_map(|note| match note {
                ClientEvent::Reply(Reply::Room(reply)) => Some(reply.clone()),
                _ => None,
            });
            (owns, done.next(), done.next())
        };
        run_commands(&people, commands, cuts);
        let case = format!("{from_second:?} {cuts:b}");
        // Shared or inherited: he is told once, and once it is so he is obeyed.
        let (owns, first, second) = answers(&people);
        assert_eq!((owns, second), (1, None), "{case}");
        let before = first.expect("he is answered");
        let shared = from_second
            .iter()
            .position(|second| !second)
            .expect("one is hers");
        let renamed = from_second
            .iter()
            .position(|second| *second)
            .expect("one is his");
        let asked = from_second
            .iter()
            .rposition(|second| *second)
            .expect("one is his");
        let owned_since = if renamed < shared {
            // She shared it with somebody who is called otherwise by now.
            from_second
                .iter()
                .rposition(|second| !second)
                .expect("one is hers")
        } else {
            shared
        };
        assert_eq!(before == RoomReply::Done, owned_since < asked, "{case}");
        people[0].look();
        assert_eq!(people[0].answers, 1, "{case}");
    });
}

#[test]
fn the_task_of_a_room_fits_into_what_the_allocator_gives_for_it() {
    let store = Store::memory(10);
    let (handle, room) = (handle(&store), room_of_ann());
    let ended = |_: RoomEnd<'_>| ();
    let actor = run(room, handle, store, clock(), counts(), ended);
    // With 64 bytes for the executor and the count of tasks. The next larger size is 2560, for each of ten thousand.
    let size = size_of_val(&actor) + 64;
    assert!(size <= 2048, "{size}");
}
