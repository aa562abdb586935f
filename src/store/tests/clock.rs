//! A clock that is wrong deletes nothing.

use super::*;
use crate::runtime::ManualClock;

const DAY: Duration = Duration::from_secs(86_400);

/// In 2026.
const START: Timestamp = Timestamp(1_795_348_800_000);

/// A store that keeps lines for 30 days.
fn open_at(path: &Path, clock: &Clock) -> Store {
    let keep = Retention {
        days: Some(30),
        lines: None,
    };
    Store::open(path, Durability::Normal, keep, clock).expect("the file is right")
}

/// The numbers of the lines of `room` that are left once the store has forgotten what it may. It looks for that when a
/// room is closed, in the order of rooms, so when a very old line of a later one is gone it has done so.
fn kept(store: &Store, room: RoomId, number: usize) -> Vec<u64> {
    let new = |what: &str| {
        let room = store.create_room(name(&format!("{what}{number}")));
        block_on(room).expect("a room")
    };
    let (last, closed) = (new("last"), new("closed"));
    block_on(append(store, last, vec![line("x", 0)])).expect("stored");
    close_room(store, closed).expect("closed");
    wait_until("a very old line is forgotten", || {
        let lines = block_on(store.tail(last, 1));
        lines.expect("it can be read").is_empty()
    });
    let lines = block_on(store.tail(room, 9)).expect("lines");
    lines.iter().map(|line| line.id).collect()
}

#[test]
fn what_is_kept_for_30_days_is_not_forgotten_by_a_clock_that_is_wrong() {
    let (_folder, path) = place_for_a_file();
    let manual = ManualClock::new(START);
    let clock = Clock::manual(Arc::clone(&manual));
    let store = open_at(&path, &clock);
    let room = block_on(store.create_room(name("1150"))).expect("a room");
    let lines = vec![line("old", START.before(40 * DAY).0), line("new", START.0)];
    block_on(append(&store, room, lines)).expect("stored");
    assert_eq!(kept(&store, room, 0), [2]);
    block_on(store.note_clock(clock.note())).expect("stored");

    // It jumps, and the server is started again, as people do when something is odd.
    manual.set_timestamp(START.after(400 * DAY));
    assert_eq!(kept(&store, room, 1), [2]);
    block_on(store.close());
    let clock = Clock::manual(Arc::clone(&manual));
    let store = open_at(&path, &clock);
    assert_eq!(kept(&store, room, 2), [2]);
    // What was said by the wrong clock is not forgotten by the right one either.
    block_on(append(
        &store,
        room,
        vec![line("ahead", START.after(400 * DAY).0)],
    ))
    .expect("stored");
    manual.set_timestamp(START);
    assert_eq!(kept(&store, room, 3), [2, 3]);

    // An operator says that it is right.
    manual.set_timestamp(START.after(400 * DAY));
    assert_eq!(kept(&store, room, 4), [2, 3]);
    clock.believe(clock.timestamp());
    assert_eq!(kept(&store, room, 5), [3]);
    block_on(store.close());
}

#[test]
fn what_an_operator_says_of_the_clock_is_in_the_file() {
    let (_folder, path) = place_for_a_file();
    let store = open(&path);
    assert_eq!(block_on(store.clock_note()), Ok(None));
    tools::trust_clock(&path).expect("it can be noted");
    let noted = block_on(store.clock_note())
        .expect("it can be read")
        .expect("a note");
    assert!(Clock::system().timestamp().since(noted.time) < DAY);
    block_on(store.close());
    assert_eq!(
        tools::check(&path).expect("it can be read"),
        Vec::<String>::new()
    );
}
