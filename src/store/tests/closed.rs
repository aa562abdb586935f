//! Closed rooms: out of sight at once, back within seven days, and then deleted.

use super::*;
use crate::limits::{CLOSED_ROOM_KEPT, CLOSED_ROOMS_MAX};
use crate::runtime::ManualClock;

/// The first moment at which what was closed at 0 is gone.
const OVER: Timestamp = Timestamp(CLOSED_ROOM_KEPT.as_millis() as i64);
const JUST: Timestamp = Timestamp(OVER.0 - 1);

fn close_at(store: &Store, room: RoomId, kept: Kept, time: Timestamp) -> Result<(), StoreError> {
    let by = Name::anon();
    let entries = vec![Ruling::Closed { by, kept }.into()];
    let proposal = Proposal::new(time, entries);
    block_on(store.append(room, At::default(), proposal)).map(drop)
}

fn reopen(store: &Store, room: RoomId, called: &str, now: Timestamp) -> Result<(), StoreError> {
    block_on(store.reopen_room(room, name(called), now)).map(|room| {
        assert_eq!(room.name, name(called));
    })
}

fn closed(store: &Store, now: Timestamp) -> Vec<RoomId> {
    let rooms = block_on(store.closed_rooms(now)).expect("they can be read");
    rooms.iter().map(|(room, _)| room.id).collect()
}

/// A file whose store takes it to be `time`.
fn open_at(path: &Path, time: Timestamp) -> Store {
    let clock = Clock::manual(ManualClock::new(time));
    Store::open(path, Durability::Normal, Retention::default(), &clock).expect("the file is right")
}

fn lines_in(path: &Path) -> i64 {
    let db = rusqlite::Connection::open(path).expect("a database");
    let count = "SELECT count(*) FROM messages";
    db.query_row(count, (), |row| row.get(0)).expect("a number")
}

fn wait_until_there_are(lines: i64, path: &Path) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while lines_in(path) != lines {
        assert!(
            Instant::now() < deadline,
            "there are {} lines",
            lines_in(path)
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// As [`with_each`], where no time passes for the file.
fn with_each_at_0(test: impl Fn(&Store)) {
    test(&Store::memory(1000));
    let (_folder, path) = place_for_a_file();
    let store = open_at(&path, Timestamp(0));
    test(&store);
    block_on(store.close());
}

#[test]
fn a_closed_room_can_be_opened_again_as_it_was() {
    with_each_at_0(|store| {
        let one = block_on(store.create_room(name("one"))).expect("a room");
        say(store, one, &["a", "b"]).expect("stored");
        let topic = Topic::parse("lunch").expect("it is short");
        set_topic(store, one, topic.clone()).expect("stored");
        let (moderation, _) = lock(store, one);
        close_at(store, one, Kept::AtMost, Timestamp(0)).expect("closed");
        assert_eq!(block_on(store.rooms()), Ok(Vec::new()));
        assert_eq!(closed(store, JUST), [one]);
        assert_eq!(reopen(store, one, "one", JUST), Ok(()));
        assert_eq!(reopen(store, one, "one", JUST), Err(StoreError::NoRoom));
        assert!(closed(store, JUST).is_empty());
        let rooms = block_on(store.rooms()).expect("rooms");
        let [room] = &rooms[..] else {
            panic!("{rooms:?}")
        };
        assert_eq!((room.id, &room.image.state.topic), (one, &topic));
        assert_eq!(room.image.state.moderation, moderation);
        assert!(room.image.state.has_lines);
        let lines = block_on(store.tail(one, 10)).expect("lines");
        assert_eq!(texts(&lines), ["a", "b"]);
        assert_eq!(say(store, one, &["c"]), Ok(3));
    });
}

#[test]
fn the_name_of_a_closed_room_is_free_and_it_comes_back_under_another() {
    with_each_at_0(|store| {
        let one = block_on(store.create_room(name("one"))).expect("a room");
        say(store, one, &["old"]).expect("stored");
        close_at(store, one, Kept::AtMost, Timestamp(0)).expect("closed");
        let new = block_on(store.create_room(name("ONE"))).expect("the name is free");
        assert_eq!(reopen(store, one, "one", JUST), Err(StoreError::RoomExists));
        assert_eq!(closed(store, JUST), [one]);
        assert_eq!(reopen(store, one, "uno", JUST), Ok(()));
        let lines = block_on(store.tail(one, 10)).expect("lines");
        assert_eq!(texts(&lines), ["old"]);
        assert_eq!(block_on(store.tail(new, 10)), Ok(Vec::new()));
        assert_eq!(
            block_on(store.open_rooms(vec![one, new])).map(|rooms| rooms.len()),
            Ok(2)
        );
    });
}

#[test]
fn after_seven_days_nobody_has_a_closed_room_back() {
    with_each_at_0(|store| {
        for kept in [Kept::Nothing, Kept::AtMost, Kept::AtLeast] {
            let room = block_on(store.create_room(name("one"))).expect("a room");
            say(store, room, &["x"]).expect("stored");
            close_at(store, room, kept, Timestamp(0)).expect("closed");
            assert_eq!(
                closed(store, JUST).contains(&room),
                !kept.is_nothing(),
                "{kept:?}"
            );
            let result = match kept {
                Kept::Nothing => reopen(store, room, "one", JUST),
                _ => reopen(store, room, "one", OVER),
            };
            assert_eq!(result, Err(StoreError::NoRoom), "{kept:?}");
            assert!(closed(store, OVER).is_empty());
        }
    });
}

#[test]
fn the_lines_of_a_closed_room_are_there_for_seven_days_over_restarts_and_then_deleted() {
    let (_folder, path) = place_for_a_file();
    let store = open_at(&path, Timestamp(0));
    let count = 2 * FORGET_LINES as i64 + 1;
    let room = block_on(store.create_room(name("one"))).expect("a room");
    let lines = (1..=count).map(|number| line("x", number));
    block_on(append(&store, room, lines.collect())).expect("stored");
    // What is not kept goes at once, which shows that the other does not.
    let gone = block_on(store.create_room(name("two"))).expect("a room");
    say(&store, gone, &["y"]).expect("stored");
    close_at(&store, room, Kept::AtLeast, Timestamp(0)).expect("closed");
    block_on(store.close());

    let store = open_at(&path, JUST);
    close_at(&store, gone, Kept::Nothing, JUST).expect("closed");
    wait_until_there_are(count, &path);
    assert_eq!(closed(&store, JUST), [room]);
    block_on(store.close());

    let store = open_at(&path, OVER);
    wait_until_there_are(0, &path);
    assert_eq!(reopen(&store, room, "one", JUST), Err(StoreError::NoRoom));
    block_on(store.close());
    assert_eq!(
        tools::check(&path).expect("it can be read"),
        Vec::<String>::new()
    );
}

#[test]
fn closing_cannot_fill_the_store_nor_push_out_what_an_heir_has_closed() {
    with_each_at_0(|store| {
        let room = |kept| {
            let room = block_on(store.create_room(name("one"))).expect("a room");
            say(store, room, &["x"]).expect("stored");
            close_at(store, room, kept, Timestamp(0)).map(|()| room)
        };
        let of_heir = room(Kept::AtLeast).expect("closed");
        let first = room(Kept::AtMost).expect("closed");
        let rest: Vec<_> = (2..CLOSED_ROOMS_MAX)
            .map(|_| room(Kept::AtMost).expect("closed"))
            .collect();
        let all = closed(store, JUST);
        assert_eq!(all.len(), CLOSED_ROOMS_MAX);
        assert_eq!(all[..2], [of_heir, first]);
        let last = room(Kept::AtMost).expect("closed");
        let all = closed(store, JUST);
        assert_eq!(all.len(), CLOSED_ROOMS_MAX);
        assert_eq!(
            (all[0], all[1], all[all.len() - 1]),
            (of_heir, rest[0], last)
        );
    });
}

#[test]
fn an_heir_cannot_close_when_only_what_heirs_have_closed_is_kept() {
    let store = Store::memory(1);
    let room = |number: usize| {
        let room = block_on(store.create_room(name(&format!("r{number}")))).expect("a room");
        say(&store, room, &["x"]).expect("stored");
        (room, close_at(&store, room, Kept::AtLeast, Timestamp(0)))
    };
    for number in 0..CLOSED_ROOMS_MAX {
        assert_eq!(room(number).1, Ok(()));
    }
    let (room, refused) = room(CLOSED_ROOMS_MAX);
    assert!(matches!(refused, Err(StoreError::Failed(_))), "{refused:?}");
    assert_eq!(say(&store, room, &["still here"]), Ok(2));
}
