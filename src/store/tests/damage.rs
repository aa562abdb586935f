//! Messages that cannot be read, and those around them, which can.

use std::ops::ControlFlow;

use super::*;
use crate::store::sqlite::query::{self, place};
use crate::store::sqlite::walk::{Direction, walk};

const ROOM: RoomId = RoomId(1);

/// A file with so many messages in one room.
fn a_file_with(count: usize, path: &Path) {
    let store = open(path);
    block_on(store.create_room(name("1150"))).expect("a room");
    let lines = (1..=count).map(|number| line(&format!("word number {number}"), 0));
    block_on(append(&store, ROOM, lines.collect())).expect("stored");
    block_on(store.close());
}

/// The numbers of the messages that are read, and what is said of the others.
fn walked(path: &Path, direction: Direction) -> (Vec<u64>, Vec<String>) {
    let db = file::open_to_read(path).expect("a file");
    let places = place(ROOM, 0)..place(ROOM, query::ID_MAX) + 1;
    let (mut read, mut damaged) = (Vec::new(), Vec::new());
    walk(&db, places, direction, query::stored, |line| {
        match line {
            Ok(line) => read.push(line.id),
            Err(damage) => damaged.push(damage.to_string()),
        }
        ControlFlow::Continue(())
    })
    .expect("what can be read");
    if direction == Direction::Backwards {
        read.reverse();
        damaged.reverse();
    }
    (read, damaged)
}

#[test]
fn a_damaged_row_is_left_out_and_all_around_it_is_shown_and_found() {
    let (_folder, path) = place_for_a_file();
    a_file_with(20, &path);
    let db = rusqlite::Connection::open(&path).expect("a database");
    let spoil = "UPDATE messages SET text = CAST(x'ff776f7264' AS TEXT) WHERE place = ?1";
    for id in [7, 8, 20] {
        db.execute(spoil, [place(ROOM, id)]).expect("spoilt");
    }
    drop(db);
    for direction in [Direction::Forwards, Direction::Backwards] {
        let (read, damaged) = walked(&path, direction);
        assert_eq!(
            read,
            [(1..7).collect::<Vec<_>>(), (9..20).collect()].concat()
        );
        assert_eq!(damaged, ["message 7", "message 8", "message 20"]);
    }
    let store = open(&path);
    let newest = HistoryCursor::Id(u64::MAX);
    let page = block_on(store.page_back(ROOM, newest, 15)).expect("a page");
    let ids: Vec<_> = page.iter().map(|line| line.id).collect();
    assert_eq!(ids, [vec![3, 4, 5, 6], (9..20).collect()].concat());
    let around = block_on(store.around(ROOM, 8, 2)).expect("lines");
    let ids: Vec<_> = around.iter().map(|line| line.id).collect();
    assert_eq!(ids, [5, 6, 9, 10]);
    let found = block_on(store.search(ROOM, "word number", 100)).expect("a search");
    assert_eq!(found.lines.len(), 17);
    let faults = crate::store::tools::check(&path).expect("it can be looked at");
    for id in [7, 8, 20] {
        let named = format!("message {id} of room 1:");
        assert!(
            faults.iter().any(|fault| fault.starts_with(&named)),
            "{faults:?}"
        );
    }
}

#[test]
fn a_damaged_page_hides_what_is_on_it_and_nothing_else() {
    let count = 2000;
    let (_folder, path) = place_for_a_file();
    a_file_with(count, &path);
    let whole = fs::read(&path).expect("a file");
    let mut pages_with_messages = 0;
    for page in 1..whole.len() / 4096 {
        let mut content = whole.clone();
        content[page * 4096..][..4096].fill(0xA5);
        fs::write(&path, content).expect("written");
        // The first pages are those of other tables, without which nobody opens it.
        if file::open_to_read(&path).is_err() {
            continue;
        }
        let forwards = walked(&path, Direction::Forwards);
        assert_eq!(forwards, walked(&path, Direction::Backwards), "page {page}");
        let (read, damaged) = forwards;
        let missing = count - read.len();
        assert_eq!(missing > 0, !damaged.is_empty(), "page {page}");
        if missing < count {
            assert!(
                missing < 200,
                "page {page}: {missing} are missing: {damaged:?}"
            );
            pages_with_messages += usize::from(missing > 0);
        }
    }
    assert!(pages_with_messages > 10, "{pages_with_messages}");
}
