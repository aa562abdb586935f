//! The search index: a file of its own, which is made anew whenever it is of no use.

use super::*;
use crate::limits::ROOMS_MAX;

fn index_of(path: &Path) -> PathBuf {
    index::path_of(path)
}

/// A file with a room in which [`TALK`] was said, closed with its index up to date.
fn a_file_with_talk() -> (TempDir, PathBuf, RoomId) {
    let (folder, path) = place_for_a_file();
    let store = open(&path);
    let room = block_on(store.create_room(name("one"))).expect("a room");
    say(&store, room, TALK).expect("stored");
    wait_for_the_index(&path);
    block_on(store.close());
    (folder, path, room)
}

#[test]
fn an_index_that_is_lost_or_damaged_is_made_anew() {
    let (_folder, path, room) = a_file_with_talk();
    let index = index_of(&path);
    let whole = fs::read(&index).expect("an index");
    let mut flipped = whole.clone();
    flipped[100..200].fill(0x55);
    for content in [
        None,
        Some(&whole[..5000]),
        Some(&flipped),
        Some(&vec![7; 9000]),
    ] {
        match content {
            None => fs::remove_file(&index).expect("it can be removed"),
            Some(content) => fs::write(&index, content).expect("written"),
        }
        let store = open(&path);
        searches_find_what_they_should(&store, room);
        wait_for_the_index(&path);
        searches_find_what_they_should(&store, room);
        block_on(store.close());
        assert_eq!(
            tools::check(&path).expect("it can be read"),
            Vec::<String>::new()
        );
        assert_eq!(count_in_index(&path, "ell"), 2);
    }
}

#[test]
fn an_index_that_is_taken_away_from_a_running_server_is_made_anew() {
    let (_folder, path, room) = a_file_with_talk();
    let store = open(&path);
    say(&store, room, &["before"]).expect("stored");
    wait_for_the_index(&path);
    fs::remove_file(index_of(&path)).expect("it can be removed");
    assert_eq!(find(&store, room, "hello"), [TALK[4], TALK[0]]);
    say(&store, room, &["after"]).expect("stored");
    wait_for_the_index(&path);
    assert_eq!(count_in_index(&path, "ell"), 2);
    block_on(store.close());
    assert_eq!(
        tools::check(&path).expect("it can be read"),
        Vec::<String>::new()
    );
}

#[test]
fn damage_that_a_search_finds_has_the_index_made_anew() {
    let (_folder, path, room) = a_file_with_talk();
    let index = index_of(&path);
    // All of the index proper, of which the thread that keeps it reads nothing as long as nothing is said.
    let db = rusqlite::Connection::open(&index).expect("an index");
    db.execute_batch("UPDATE message_index_data SET block = x'00' WHERE id > 10")
        .expect("damaged");
    drop(db);
    let store = open(&path);
    let found = || block_on(store.search(room, "hello", 10)).expect("it works all the same");
    wait_until("the index finds it again", || found().lines.len() == 2);
    block_on(store.close());
    assert_eq!(
        tools::check(&path).expect("it can be read"),
        Vec::<String>::new()
    );
}

#[test]
fn an_index_of_another_file_or_version_is_made_anew() {
    let (_folder, path, room) = a_file_with_talk();
    let (_other_folder, other, _) = a_file_with_talk();
    let store = open(&other);
    say(&store, RoomId(1), &["said elsewhere"; 30]).expect("stored");
    wait_for_the_index(&other);
    block_on(store.close());
    fs::copy(index_of(&other), index_of(&path)).expect("copied");
    let store = open(&path);
    wait_for_the_index(&path);
    assert_eq!(find(&store, room, "elsewhere"), Vec::<String>::new());
    block_on(store.close());
    assert_eq!(count_in_index(&path, "lse"), 0);
    let db = rusqlite::Connection::open(index_of(&path)).expect("an index");
    db.execute_batch("PRAGMA user_version = 77; DROP TABLE message_index")
        .expect("another version");
    drop(db);
    let store = open(&path);
    wait_for_the_index(&path);
    searches_find_what_they_should(&store, room);
    block_on(store.close());
}

#[test]
fn a_database_of_others_in_the_place_of_the_index_is_left_alone() {
    let (_folder, path, room) = a_file_with_talk();
    let index = index_of(&path);
    fs::remove_file(&index).expect("it can be removed");
    let db = rusqlite::Connection::open(&index).expect("a database");
    db.execute_batch("CREATE TABLE accounts(id)")
        .expect("a table");
    drop(db);
    let content = fs::read(&index).expect("a file");
    let store = open(&path);
    searches_find_what_they_should(&store, room);
    block_on(store.close());
    assert_eq!(fs::read(&index).expect("a file"), content);
}

/// Keeps one line of the room only, until the index knows.
fn forget_the_talk(path: &Path, room: RoomId) {
    let keep = Retention {
        days: None,
        lines: Some(1),
    };
    let store =
        Store::open(path, Durability::Normal, keep, &Clock::system()).expect("the file is right");
    wait_for_tail(&store, room, 1);
    wait_until("the index has forgotten", || {
        count_in_index(path, "ell") == 0
    });
    block_on(store.close());
}

#[test]
fn lines_that_come_late_to_their_places_get_into_the_index() {
    let (_folder, path, room) = a_file_with_talk();
    let mut export = Vec::new();
    let all = tools::Selection::default();
    tools::export(&path, &all, &tools::Format::JsonLines, &mut export).expect("the export works");
    forget_the_talk(&path, room);
    tools::import(&path, &mut &export[..], ROOMS_MAX).expect("the import works");
    let store = open(&path);
    wait_for_the_index(&path);
    searches_find_what_they_should(&store, room);
    assert_eq!(count_in_index(&path, "ell"), 2);
    block_on(store.close());
    // And leave it again.
    forget_the_talk(&path, room);
}

#[test]
fn a_line_is_stored_while_somebody_holds_the_index() {
    let (_folder, path, room) = a_file_with_talk();
    let store = open(&path);
    let db = rusqlite::Connection::open(index_of(&path)).expect("an index");
    db.execute_batch("BEGIN IMMEDIATE").expect("a lock");
    // More than one step of the index, and less time than SQLite waits for a lock.
    let since = Instant::now();
    for number in 0..20 {
        say(&store, room, &[&format!("number {number}")]).expect("stored");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(
        since.elapsed() < crate::limits::STORE_BUSY_MAX,
        "{:?}",
        since.elapsed()
    );
    assert_eq!(find(&store, room, "number 19"), ["number 19"]);
    drop(db);
    wait_for_the_index(&path);
}
