//! Participants without a terminal: a lobby, its rooms, and users who ask.

use std::task::{Context, Waker};

use smol::Executor;

use super::*;
use crate::chat::message::{Item, Kind, Notice};
use crate::chat::name::RoomName;
use crate::chat::request::{LobbyRequest, ModCommand, RemovalKind, RoomRequest};
use crate::chat::room::RoomLimits;
use crate::hub::lobby::LobbyLimits;
use crate::runtime::Runtime;
use crate::store::Store;

const LIMITS: RoomLimits = RoomLimits {
    members_max: 0,
    history_lines: 10,
    outbox_bytes: 0,
    notice_delay: std::time::Duration::ZERO,
};

fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

fn room(text: &str) -> RoomName {
    RoomName::parse(text).expect("a name")
}

/// A lobby on one thread, and all users who were made.
struct World {
    executor: Arc<Executor<'static>>,
    lobby: Arc<Lobby>,
    next_id: u64,
}

/// A participant and what its front end has seen.
struct User {
    user: Participant,
    /// Texts and notices of the transcript, and what came of requests, in the order seen.
    seen: Vec<String>,
}

impl World {
    fn new() -> World {
        let executor = Arc::new(Executor::new());
        let runtime = Runtime::new(Arc::clone(&executor));
        let lobby = Lobby::open(runtime, Store::memory(10), LIMITS, LobbyLimits::default());
        let lobby = futures_lite::future::block_on(lobby).expect("no rooms can be read");
        World {
            executor,
            lobby,
            next_id: 1,
        }
    }

    fn enter(&mut self) -> User {
        let id = MemberId(self.next_id);
        self.next_id += 1;
        let user = Participant::enter(id, Source::default(), Arc::clone(&self.lobby));
        user.register();
        User {
            user,
            seen: Vec::new(),
        }
    }

    /// A user with this name who is in `wanted`, which is created if there is none.
    fn enter_room(&mut self, called: &str, wanted: &str) -> User {
        let mut user = self.enter();
        user.user.ask_lobby(LobbyRequest::Rename(name(called)));
        self.settle(&mut [&mut user]);
        user.user.ask_lobby(LobbyRequest::Create(room(wanted)));
        self.settle(&mut [&mut user]);
        user.user.ask_lobby(LobbyRequest::Join(room(wanted), None));
        self.settle(&mut [&mut user]);
        assert!(user.user.is_in_room(), "{:?}", user.seen);
        user.seen.clear();
        user
    }

    /// Ann, who owns room 1150, and Ben, who has come in after her. Both have seen all there is to see.
    fn ann_and_ben(&mut self) -> (User, User) {
        let mut ann = self.enter_room("Ann", "1150");
        let mut ben = self.enter_room("Ben", "1150");
        self.settle(&mut [&mut ann, &mut ben]);
        ann.seen.clear();
        ben.seen.clear();
        (ann, ben)
    }

    /// Lets everything happen that can, and everybody see it.
    fn settle(&self, users: &mut [&mut User]) {
        loop {
            while self.executor.try_tick() {}
            let busy = users
                .iter_mut()
                .fold(false, |busy, user| user.look() | busy);
            if !busy && !self.executor.try_tick() {
                return;
            }
        }
    }

    /// The connection of `user` ends.
    fn end(&self, mut user: User) {
        let mut leaving = Box::pin(async move { user.user.leave(false).await });
        let mut cx = Context::from_waker(Waker::noop());
        for _ in 0..100 {
            while self.executor.try_tick() {}
            if leaving.as_mut().poll(&mut cx).is_ready() {
                while self.executor.try_tick() {}
                return;
            }
        }
        panic!("it never leaves");
    }
}

impl User {
    fn look(&mut self) -> bool {
        let mut busy = self.read() | self.user.retry();
        for event in self.user.events() {
            busy = true;
            if Participant::follows_transcript(&event) {
                self.read();
            }
            if let Some(event) = self.user.handle(event) {
                self.note(event);
            }
        }
        busy
    }

    fn read(&mut self) -> bool {
        let mut batches = Vec::new();
        let taken = self.user.take(usize::MAX, &mut batches);
        for batch in &batches {
            self.user.own_lines(batch);
            self.seen.extend(batch.items().iter().map(words));
        }
        let departure = self.user.departure();
        let busy = !batches.is_empty() || departure.is_some();
        match departure {
            Some(Departure::Left(reply)) => self.note(Event::Reply(reply)),
            Some(Departure::PutOut(how, lost, joined)) => {
                self.seen.push(format!(
                    "put out {:?} {lost}",
                    how.removal().map(|it| it.how)
                ));
                joined
                    .into_iter()
                    .for_each(|reply| self.note(Event::Reply(reply)));
            }
            None => {}
        }
        busy || taken.is_some_and(|taken| taken.more)
    }

    fn note(&mut self, event: Event) {
        self.seen.push(match event {
            Event::Reply(Reply::Lobby(LobbyReply::Joined(room, Ok(_)))) => format!("joined {room}"),
            Event::Reply(Reply::Lobby(LobbyReply::Joined(_, Err(why)))) => format!("{why:?}"),
            Event::Reply(Reply::Lobby(LobbyReply::Renamed(Ok(name)))) => format!("am {name}"),
            Event::Reply(Reply::Room(RoomReply::Left)) => "left".to_owned(),
            Event::Reply(Reply::Room(RoomReply::Done)) => "done".to_owned(),
            Event::Message(message) => format!("{} says {:?}", message.name, message.words),
            Event::Candidates(names) => names.join(" "),
            other => format!("{other:?}"),
        });
    }

    fn say(&mut self, text: &str) {
        let line = RoomRequest::Say(Kind::Message, text.to_owned());
        self.user.ask_room(line);
    }
}

fn words(item: &Item) -> String {
    match item {
        Item::Message(message) => message.text.to_string(),
        Item::Notice(Notice::Joined(group)) => format!("+{}", group.who[0].1),
        Item::Notice(Notice::Left(group)) => format!("-{}", group.who[0].1),
        Item::Notice(notice) => format!("{notice:?}"),
    }
}

#[test]
fn what_one_says_comes_back_in_the_transcript_and_is_in_flight_until_then() {
    let mut world = World::new();
    let (mut ann, mut ben) = world.ann_and_ben();
    ann.say("one");
    ann.say("two");
    assert_eq!(ann.user.in_flight(), 2);
    world.settle(&mut [&mut ann, &mut ben]);
    assert_eq!(ann.user.in_flight(), 0);
    assert_eq!(ann.seen, ["one", "two"]);
    assert_eq!(ben.seen, ["one", "two"]);
}

#[test]
fn who_moves_sees_all_of_the_old_room_before_the_new_one() {
    let mut world = World::new();
    let (mut ann, mut ben) = (
        world.enter_room("Ann", "old"),
        world.enter_room("Ben", "old"),
    );
    let mut cat = world.enter_room("Cat", "new");
    world.settle(&mut [&mut ann, &mut ben, &mut cat]);
    ann.seen.clear();
    ann.user.ask_lobby(LobbyRequest::Join(room("new"), None));
    ben.say("before you go");
    world.settle(&mut [&mut ann, &mut ben, &mut cat]);
    assert_eq!(ann.seen, ["before you go", "joined new"]);
    assert!(ben.seen.contains(&"-Ann".to_owned()), "{:?}", ben.seen);
    assert!(cat.seen.contains(&"+Ann".to_owned()), "{:?}", cat.seen);
    ben.say("gone");
    cat.say("welcome");
    world.settle(&mut [&mut ann, &mut ben, &mut cat]);
    assert_eq!(ann.seen[2..], ["welcome"]);
}

#[test]
fn a_reply_of_a_room_that_has_put_one_out_is_no_reply() {
    let mut world = World::new();
    let (mut ann, mut ben) = world.ann_and_ben();
    let kick = ModCommand::Kick(name("Ben"), "".into());
    ann.user.ask_room(RoomRequest::Moderate(kick));
    ben.say("lost");
    ben.user.ask_room(RoomRequest::Members);
    assert!(ben.user.is_awaiting());
    world.settle(&mut [&mut ann, &mut ben]);
    assert_eq!(
        ben.seen,
        [format!("put out {:?} 1", Some(RemovalKind::Kicked))]
    );
    assert!(!ben.user.is_busy() && !ben.user.is_in_room());
    assert_eq!(ben.user.in_flight(), 0);
}

#[test]
fn a_new_name_is_known_in_the_room_before_somebody_else_can_have_the_old_one() {
    let mut world = World::new();
    let (mut ann, mut ben) = world.ann_and_ben();
    ann.user.ask_lobby(LobbyRequest::Rename(name("Anna")));
    let mut eve = world.enter();
    world.settle(&mut [&mut ann, &mut ben]);
    eve.user.ask_lobby(LobbyRequest::Rename(name("Ann")));
    world.settle(&mut [&mut ann, &mut ben, &mut eve]);
    assert_eq!(eve.seen, ["am Ann"]);
    assert_eq!(ben.seen.len(), 1, "{:?}", ben.seen);
    assert!(ben.seen[0].contains("Anna"), "{:?}", ben.seen);
}

#[test]
fn an_end_in_the_middle_of_anything_leaves_the_room_the_ownership_and_the_name() {
    let requests: [fn(&mut Participant); 6] = [
        |_| {},
        |user| user.ask_room(RoomRequest::Say(Kind::Message, "bye".to_owned())),
        |user| user.ask_room(RoomRequest::Members),
        |user| user.ask_room(RoomRequest::Leave),
        |user| user.ask_lobby(LobbyRequest::Join(room("other"), None)),
        |user| user.ask_lobby(LobbyRequest::Rename(name("Anna"))),
    ];
    for (case, request) in requests.into_iter().enumerate() {
        for ticks in 0..6 {
            let mut world = World::new();
            let mut ann = world.enter_room("Ann", "1150");
            let (mut ben, mut cat) = (
                world.enter_room("Ben", "1150"),
                world.enter_room("Cat", "other"),
            );
            world.settle(&mut [&mut ann, &mut ben, &mut cat]);
            request(&mut ann.user);
            for _ in 0..ticks {
                world.executor.try_tick();
            }
            world.end(ann);
            world.settle(&mut [&mut ben, &mut cat]);
            let gone = ben
                .seen
                .iter()
                .filter(|seen| *seen == "-Ann" || *seen == "-Anna");
            assert_eq!(gone.count(), 1, "{case} {ticks}: {:?}", ben.seen);
            let joined = cat.seen.iter().filter(|seen| seen.starts_with('+')).count();
            let left = cat.seen.iter().filter(|seen| seen.starts_with('-')).count();
            assert_eq!(joined, left, "{case} {ticks}: {:?}", cat.seen);
            // Ben owns the room now, and both of her names are free.
            ben.seen.clear();
            ben.user
                .ask_room(RoomRequest::Moderate(ModCommand::Private(true)));
            let mut next = world.enter();
            for free in ["Ann", "Anna"] {
                next.user.ask_lobby(LobbyRequest::Rename(name(free)));
                world.settle(&mut [&mut next]);
            }
            assert_eq!(next.seen, ["am Ann", "am Anna"], "{case} {ticks}");
            world.settle(&mut [&mut ben]);
            assert!(ben.seen.contains(&"done".to_owned()), "{case} {ticks}");
        }
    }
}

#[test]
fn candidates_come_from_the_room_the_lobby_and_nowhere_while_a_room_is_left() {
    let mut world = World::new();
    let (mut ann, mut ben) = (
        world.enter_room("Ann", "1150"),
        world.enter_room("Ben", "b"),
    );
    world.settle(&mut [&mut ann, &mut ben]);
    ann.seen.clear();
    for candidates in [Candidates::Members, Candidates::Rooms, Candidates::Users] {
        assert!(ann.user.ask_candidates(candidates, ""));
        world.settle(&mut [&mut ann]);
    }
    assert_eq!(ann.seen, ["Ann", "1150 b", "Ann Ben"]);
    ann.user.ask_room(RoomRequest::Leave);
    assert!(!ann.user.ask_candidates(Candidates::Members, ""));
}
