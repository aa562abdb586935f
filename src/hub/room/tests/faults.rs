//! A store that fails, or that others write to: what the members see of it, and what the room is afterwards.

use std::time::Duration;

use super::*;
use crate::chat::message::NewMessage;
use crate::chat::request::{Info, ModError};
use crate::chat::room::moderation::Subject;
use crate::chat::room::{Kept, Numbered, Role, Ruling};
use crate::chat::topic::Topic;
use crate::limits::{STALE_DECISIONS_MAX, UNSENT_AFTER};
use crate::store::faults::{Fault, Operation};
use crate::store::tests::faults::Script;

/// One thing after the other; the room has its turn after each.
enum Step {
    Put(Vec<RoomCommand>),
    Fault(Fault),
}

use Step::{Fault as Next, Put};

/// What became of a play.
struct Played {
    room: Room,
    closed: bool,
    ended_by_fault: bool,
    handle: RoomHandle,
}

/// Plays `steps` in Ann's room.
fn play(steps: Vec<Step>) -> Played {
    let script = Arc::new(Script::default());
    let store = Store::memory(10);
    let handle = handle(&store);
    let store = store.with_faults(Arc::clone(&script) as _);
    let was_closed = Arc::new(AtomicBool::new(false));
    let has_failed = Arc::new(AtomicBool::new(false));
    let ended = {
        let (was_closed, has_failed) = (Arc::clone(&was_closed), Arc::clone(&has_failed));
        move |how: RoomEnd<'_>| match how {
            RoomEnd::Closed(..) => was_closed.store(true, Ordering::SeqCst),
            RoomEnd::Fault => has_failed.store(true, Ordering::SeqCst),
        }
    };
    let actor = run(
        room_of_ann(),
        handle.clone(),
        store,
        clock(),
        counts(),
        ended,
    );
    let feed = async {
        for step in steps {
            match step {
                Next(fault) => script.then(Operation::Append, fault),
                Put(commands) => {
                    for command in commands {
                        // Who is put out of a room that ends says nothing there.
                        let _ = handle.mailbox.put(command);
                    }
                    for _ in 0..32 {
                        future::yield_now().await;
                    }
                }
            }
        }
        handle.mailbox.close();
    };
    let (room, ()) = block_on(future::zip(actor, feed));
    Played {
        room,
        closed: was_closed.load(Ordering::SeqCst),
        ended_by_fault: has_failed.load(Ordering::SeqCst),
        handle,
    }
}

/// What somebody was told besides the transcript.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    not_sent: usize,
    muted: usize,
    owns: usize,
    refused: Vec<JoinError>,
    replies: Vec<RoomReply>,
}

/// Takes all that has come.
fn told(user: &mut User) -> Told {
    let mut told = Told::default();
    for event in user.inbox.take() {
        match event {
            ClientEvent::Admitted(seat, _) => user.seat = Some(seat),
            ClientEvent::Refused(_, why) => told.refused.push(why),
            ClientEvent::NotSent => told.not_sent += 1,
            ClientEvent::Muted => told.muted += 1,
            ClientEvent::Owns(_) => told.owns += 1,
            ClientEvent::Reply(Reply::Room(reply)) => told.replies.push(reply),
            _ => {}
        }
    }
    // The rest of it is about the transcript.
    user.look();
    told
}

fn refusal(why: ModError) -> RoomReply {
    RoomReply::Shown(Info::NotDone(why))
}

fn subject(id: u64, called: &str) -> Subject {
    Subject {
        member: MemberId(id),
        name: name(called),
        account: None,
    }
}

/// Rulings that somebody on another server made.
fn mute_ben() -> Entry {
    let (by, name, whom) = (name("Zoe"), name("Ben"), vec![subject(2, "Ben")]);
    Ruling::Muted { by, name, whom }.into()
}

fn kick_ben() -> Entry {
    let (by, whom, why) = (name("Zoe"), vec![subject(2, "Ben")], "spam".into());
    Ruling::Kicked { by, whom, why }.into()
}

fn said_elsewhere(text: &str) -> Entry {
    Entry::said(NewMessage {
        time: NOW,
        member: MemberId(77),
        name: name("Zoe"),
        kind: Kind::Message,
        text: text.into(),
    })
}

fn both_join(people: &[User]) -> Step {
    Put(vec![join(people, 1, "Ann"), join(people, 2, "Ben")])
}

#[test]
fn a_line_that_cannot_be_stored_is_seen_by_nobody_and_its_author_is_told() {
    let mut people = [User::new(), User::new()];
    play(vec![
        both_join(&people),
        Next(Fault::Fail),
        Put(vec![say(1, "lost"), say(2, "lost"), say(1, "lost")]),
        Put(vec![say(1, "kept")]),
    ]);
    let not_sent = people.each_mut().map(|user| told(user).not_sent);
    assert_eq!(not_sent, [2, 1]);
    for user in people {
        assert_eq!(user.read, ["kept"]);
    }
}

#[test]
fn a_command_that_cannot_be_stored_changes_nothing() {
    let mut people = [User::new(), User::new()];
    let topic = ModCommand::SetTopic(Topic::parse("lunch").expect("short"));
    let commands = [
        topic,
        ModCommand::Kick(name("Ben"), "".into()),
        ModCommand::Mute(name("Ben")),
        ModCommand::Private(true),
        ModCommand::Own(name("Ben")),
        ModCommand::Close,
    ];
    let count = commands.len();
    let mut steps = vec![both_join(&people)];
    for command in commands {
        steps.push(Next(Fault::Fail));
        steps.push(Put(vec![order(1, command)]));
    }
    steps.push(Put(vec![say(2, "here")]));
    let played = play(steps);
    let replies = told(&mut people[0]).replies;
    assert_eq!(replies, vec![refusal(ModError::NotStored); count]);
    assert_eq!(people[0].read, ["here"]);
    assert_eq!(played.room.role(MemberId(2), Timestamp(0)), Role::Member);
    assert!(!played.closed && !played.room.moderation().is_private());
    assert_eq!(played.handle.info.topic(), None);
    assert_eq!(told(&mut people[1]).owns, 0);
}

#[test]
fn lines_that_race_with_a_ruling_from_elsewhere_are_judged_again() {
    let mut people = [User::new(), User::new()];
    let played = play(vec![
        both_join(&people),
        Next(Fault::Stale(vec![mute_ben()])),
        Put(vec![say(1, "1"), say(2, "2"), say(1, "3")]),
        Put(vec![say(2, "4")]),
    ]);
    assert_eq!(told(&mut people[0]), Told::default());
    let told = told(&mut people[1]);
    assert_eq!((told.muted, told.not_sent), (2, 0));
    for user in &people {
        assert_eq!(user.read, ["1", "3"]);
    }
    assert_eq!(played.room.role(MemberId(2), Timestamp(0)), Role::Muted);
}

#[test]
fn what_others_said_first_is_shown_first_and_once() {
    let mut people = [User::new(), User::new()];
    let others = vec![said_elsewhere("other 1"), said_elsewhere("other 2")];
    let played = play(vec![
        both_join(&people),
        Next(Fault::Overtaken(others)),
        Put(vec![say(1, "mine")]),
        Next(Fault::Stale(vec![said_elsewhere("other 3")])),
        Put(vec![say(2, "his")]),
        Next(Fault::ToldTwice(vec![
            said_elsewhere("other 4"),
            said_elsewhere("other 5"),
        ])),
        Put(vec![say(1, "last")]),
    ]);
    for user in &mut people {
        assert_eq!(told(user), Told::default());
        let read = [
            "other 1", "other 2", "mine", "other 3", "his", "other 4", "other 5", "last",
        ];
        assert_eq!(user.read, read);
    }
    assert_eq!(played.handle.info.lines(), 8);
}

#[test]
fn a_command_that_races_with_a_ruling_from_elsewhere_is_decided_again() {
    let mut people = [User::new(), User::new()];
    let played = play(vec![
        both_join(&people),
        Next(Fault::Stale(vec![kick_ben()])),
        Put(vec![order(1, ModCommand::Mute(name("Ben")))]),
    ]);
    let replies = told(&mut people[0]).replies;
    assert_eq!(replies, [refusal(ModError::Nobody(name("Ben")))]);
    told(&mut people[1]);
    let how = people[1]
        .put_out
        .as_ref()
        .and_then(PutOut::removal)
        .expect("he was kicked");
    assert_eq!((how.how, how.by.as_str()), (RemovalKind::Kicked, "Zoe"));
    assert_eq!(played.room.names(), [name("Ann")]);
}

#[test]
fn who_joins_a_room_that_was_closed_elsewhere_is_told_that_there_is_none() {
    let mut people = [User::new(), User::new(), User::new()];
    let closed = Ruling::Closed {
        by: name("Zoe"),
        kept: Kept::Nothing,
    };
    let played = play(vec![
        both_join(&people),
        Next(Fault::Stale(vec![closed.into()])),
        Put(vec![join(&people, 3, "Cat")]),
    ]);
    assert_eq!(told(&mut people[2]).refused, [JoinError::NoRoom]);
    for user in &mut people[..2] {
        told(user);
        let how = user
            .put_out
            .as_ref()
            .and_then(PutOut::removal)
            .map(|out| out.how);
        assert_eq!(how, Some(RemovalKind::Closed { is_kept: false }));
    }
    assert!(played.closed && played.handle.mailbox.is_closed());
}

#[test]
fn a_room_that_others_are_always_faster_in_gives_up_and_says_so() {
    let mut people = [User::new(), User::new()];
    let mut steps = vec![both_join(&people)];
    let command = || order(1, ModCommand::Private(true));
    for put in [say(1, "lost"), command()] {
        for _ in 0..STALE_DECISIONS_MAX {
            steps.push(Next(Fault::Stale(Vec::new())));
        }
        steps.push(Put(vec![put]));
    }
    steps.push(Put(vec![say(1, "kept"), command()]));
    let played = play(steps);
    let told = told(&mut people[0]);
    assert_eq!(told.not_sent, 1);
    let replies = [refusal(ModError::NotStored), RoomReply::Done];
    assert_eq!(told.replies, replies);
    assert_eq!(people[0].read, ["kept"]);
    assert!(played.room.moderation().is_private());
}

#[test]
fn who_leaves_while_nothing_can_be_stored_leaves_and_the_room_hears_of_it_later() {
    let mut people = [User::new(), User::new(), User::new()];
    let leave = RoomCommand::Leave(MemberId(2), None);
    let fail = || Next(Fault::Fail);
    let played = play(vec![
        both_join(&people),
        fail(),
        Put(vec![leave]),
        // Whoever comes could be let into a room that looks otherwise.
        fail(),
        Put(vec![
            join(&people, 3, "Cat"),
            order(1, ModCommand::Private(true)),
        ]),
        Put(vec![say(1, "gone")]),
        Put(vec![join(&people, 2, "Ben")]),
        Put(vec![say(1, "back")]),
    ]);
    // The command after hers brought it into the log.
    assert_eq!(told(&mut people[2]).refused, [JoinError::NotStored]);
    assert_eq!(told(&mut people[0]).replies, [RoomReply::Done]);
    let ben = &mut people[1];
    let mut seats = Vec::new();
    for event in ben.inbox.take() {
        match event {
            ClientEvent::Admitted(seat, _) => seats.push(seat),
            ClientEvent::Left => assert_eq!(seats.len(), 1),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(seats.len(), 2);
    let read: Vec<Vec<String>> = seats.into_iter().map(read_to_the_end).collect();
    assert_eq!(read, [Vec::<String>::new(), vec!["back".to_owned()]]);
    assert_eq!(played.room.names(), [name("Ann"), name("Ben")]);
    assert_eq!(played.handle.info.members(), 2);
}

fn read_to_the_end(mut seat: Membership) -> Vec<String> {
    let mut batches = Vec::new();
    seat.reader.take(usize::MAX, &mut batches);
    let items = batches.iter().flat_map(|batch| batch.items());
    let texts = items.filter_map(|item| match item {
        Item::Message(message) => Some(message.text.to_string()),
        Item::Notice(_) => None,
    });
    texts.collect()
}

#[test]
fn of_names_that_could_not_be_stored_the_last_one_counts() {
    let mut people = [User::new(), User::new()];
    let rename = |called| RoomCommand::Rename {
        member: MemberId(2),
        name: name(called),
    };
    let ended = RoomCommand::OwnerEnded(MemberId(1), Box::new(ConnectionEnd::Left));
    let fail = || Next(Fault::Fail);
    let played = play(vec![
        both_join(&people),
        fail(),
        Put(vec![rename("Bob")]),
        fail(),
        Put(vec![rename("Bill")]),
        fail(),
        Put(vec![ended]),
        Put(vec![
            say(2, "not yet"),
            RoomCommand::Who(MemberId(2)),
            say(2, "hi"),
        ]),
    ]);
    assert_eq!(played.room.names(), [name("Ann"), name("Bill")]);
    // That Ann's connection ended was overdue too. She is in the room still, and has been there for longest.
    assert_eq!(told(&mut people[0]).owns, 1);
    told(&mut people[1]);
    assert_eq!(people[1].read, ["not yet", "hi"]);
}

#[test]
fn a_store_that_is_late_changes_no_order() {
    let mut people = [User::new(), User::new()];
    play(vec![
        both_join(&people),
        Next(Fault::Late(3)),
        Put(vec![
            say(1, "1"),
            say(2, "2"),
            RoomCommand::Who(MemberId(1)),
            say(1, "3"),
        ]),
        Next(Fault::Late(1)),
        Put(vec![say(2, "4")]),
    ]);
    for user in &mut people {
        assert_eq!(told(user), Told::default());
        assert_eq!(user.read, ["1", "2", "3", "4"]);
    }
}

#[test]
fn nothing_behind_a_gap_is_shown_until_it_is_closed() {
    let store = Store::memory(10);
    let closed = |_: RoomEnd<'_>| panic!("nobody closes it");
    let mut actor = Actor::new(
        room_of_ann(),
        handle(&store),
        store,
        clock(),
        counts(),
        Box::new(closed),
    );
    let numbered = |seq, text| Numbered {
        seq,
        time: NOW,
        entry: said_elsewhere(text),
    };
    // What is missing is read by whoever waits for something.
    actor.is_waiting = true;
    block_on(actor.take(vec![numbered(4, "four")]));
    block_on(actor.take(vec![numbered(2, "two"), numbered(3, "three")]));
    assert_eq!((actor.behind_gap.len(), actor.pending.len()), (3, 0));
    block_on(actor.take(vec![numbered(1, "one"), numbered(2, "two")]));
    assert!(actor.behind_gap.is_empty());
    assert_eq!((actor.pending.len(), actor.room.at().seq), (4, 4));
    assert_eq!(actor.handle.info.lines(), 4);
}

#[test]
fn who_asks_is_answered_while_what_comes_before_a_line_cannot_be_read() {
    let time = ManualClock::new(NOW);
    let clock = Clock::manual(Arc::clone(&time));
    let script = Arc::new(Script::default());
    let store = Store::memory(10);
    let handle = handle(&store);
    let store = store.with_faults(Arc::clone(&script) as _);
    let has_failed = Arc::new(AtomicBool::new(false));
    let ended = {
        let has_failed = Arc::clone(&has_failed);
        move |how: RoomEnd<'_>| has_failed.store(matches!(how, RoomEnd::Fault), Ordering::SeqCst)
    };
    let mut people = [User::new()];
    let actor = run(
        room_of_ann(),
        handle.clone(),
        store,
        clock.clone(),
        counts(),
        ended,
    );
    let feed = async {
        let put = async |command| {
            let _ = handle.mailbox.put(command);
            for _ in 0..32 {
                future::yield_now().await;
            }
        };
        put(join(&people, 1, "Ann")).await;
        let away = Duration::from_secs(60);
        script.then(Operation::Read, Fault::Hang(clock.clone(), away));
        let behind = Numbered {
            seq: 9,
            time: NOW,
            entry: said_elsewhere("behind a gap"),
        };
        put(RoomCommand::Stored(vec![behind])).await;
        assert_eq!(told(&mut people[0]), Told::default());
        time.advance(UNSENT_AFTER);
        put(say(1, "not now")).await;
        assert_eq!(told(&mut people[0]).not_sent, 1);
        put(RoomCommand::Who(MemberId(1))).await;
        let answers = people[0].inbox.take();
        let is_answered = answers
            .iter()
            .any(|event| matches!(event, ClientEvent::Members(..)));
        assert!(is_answered && people[0].read.is_empty());
        assert!(!has_failed.load(Ordering::SeqCst));
        // Then it turns out that it was forgotten.
        time.advance(away);
        put(RoomCommand::Who(MemberId(1))).await;
        handle.mailbox.close();
    };
    block_on(future::zip(actor, feed));
    assert!(has_failed.load(Ordering::SeqCst));
}

#[test]
fn what_was_put_off_is_done_before_anything_else_comes() {
    let store = Store::memory(10);
    let has_failed = Arc::new(AtomicBool::new(false));
    let ended = {
        let has_failed = Arc::clone(&has_failed);
        move |how: RoomEnd<'_>| has_failed.store(matches!(how, RoomEnd::Fault), Ordering::SeqCst)
    };
    let (room, handle) = (room_of_ann(), handle(&store));
    let mut actor = Actor::new(room, handle, store, clock(), counts(), Box::new(ended));
    // As it is left there when the last lines of a turn were long on their way.
    actor.turn.push_back(RoomCommand::LogLost);
    let some_turns = async {
        for _ in 0..8 {
            future::yield_now().await;
        }
    };
    block_on(future::or(actor.run(), some_turns));
    assert!(has_failed.load(Ordering::SeqCst));
}

#[test]
fn a_room_that_panics_puts_everybody_out_and_refuses_who_is_on_the_way() {
    let mut people = [User::new(), User::new(), User::new(), User::new()];
    let played = play(vec![
        Put(vec![join(&people, 1, "Ann"), join(&people, 2, "Ben")]),
        Put(vec![say(1, "seen")]),
        Next(Fault::Panic),
        Put(vec![
            say(2, "not seen"),
            join(&people, 3, "Cat"),
            join(&people, 4, "Dai"),
        ]),
        // Nobody is there any more.
        Put(vec![say(1, "too late")]),
    ]);
    assert!(played.ended_by_fault);
    for person in &mut people[..2] {
        assert_eq!(told(person), Told::default());
        assert_eq!(person.read, ["seen"]);
        assert_eq!(person.put_out, Some(PutOut::Fault));
    }
    for person in &mut people[2..] {
        assert_eq!(told(person).refused, [JoinError::Fault]);
    }
}
