//! What is said to find out whether it can be stored, and what is counted of a store's work.

use super::*;

fn say(store: &Store) -> Result<Vec<Arc<Message>>, StoreError> {
    block_on(append(store, RoomId::HEALTH, vec![line("?", 1)]))
}

#[test]
fn what_is_said_to_try_the_store_gets_a_number_and_stays_nowhere() {
    with_each(|store| {
        block_on(store.create_room(name("one"))).expect("a room");
        for _ in 0..3 {
            let lines = say(store).expect("it is stored");
            assert_eq!(lines.len(), 1);
            assert_eq!(lines[0].id, 1);
        }
        let tail = block_on(store.tail(RoomId::HEALTH, 10)).expect("it can be read");
        assert_eq!(tail, []);
        let rooms = block_on(store.rooms()).expect("rooms");
        assert_eq!(rooms.len(), 1);
        assert_eq!(rooms[0].last_id, 0);
    });
}

#[test]
fn trying_the_store_writes_to_the_file_which_is_no_longer_for_it() {
    let (_folder, path) = place_for_a_file();
    let store = open(&path);
    let other = rusqlite::Connection::open(&path).expect("a file");
    let number = |sql: &str| {
        let row = other.query_row(sql, (), |row| row.get::<_, i64>(0));
        row.expect("a number")
    };
    // It changes whenever somebody else has written to the file.
    let version = || number("PRAGMA data_version");
    let pages = number("PRAGMA page_count");
    for _ in 0..50 {
        let before = version();
        say(&store).expect("it is stored");
        assert_ne!(version(), before);
    }
    assert_eq!(number("PRAGMA page_count"), pages);
    drop(other);
    block_on(store.close());
    assert_eq!(
        super::super::tools::check(&path).expect("it can be read"),
        Vec::<String>::new()
    );
}

#[test]
fn trying_the_store_finds_out_that_nothing_can_be_written() {
    let (folder, path) = place_for_a_file();
    let store = open(&path);
    fs::rename(&path, folder.path().join("elsewhere")).expect("it can be moved");
    assert!(say(&store).is_err());
    fs::rename(folder.path().join("elsewhere"), &path).expect("it can be moved");
    assert!(say(&store).is_ok());
}

#[test]
fn work_is_counted_while_it_is_under_way_and_when_it_is_done() {
    let (_folder, path) = place_for_a_file();
    let store = open(&path);
    let counts = store.counts().expect("it has a file");
    let done = || {
        counts
            .each()
            .map(|(_, timed)| timed.took().snapshot().count())
    };
    let [appended, changed, read, searched] = done();
    let room = block_on(store.create_room(name("one"))).expect("a room");
    block_on(append(&store, room, vec![line("one", 1)])).expect("it is stored");
    block_on(store.tail(room, 10)).expect("it can be read");
    block_on(store.search(room, "one", 10)).expect("it can be searched");
    // The threads count once they have answered.
    let until = Instant::now() + Duration::from_secs(10);
    while counts.each().iter().any(|(_, timed)| timed.under_way() > 0) {
        assert!(Instant::now() < until, "{counts:?}");
        std::thread::yield_now();
    }
    assert_eq!(done(), [appended + 1, changed + 1, read + 1, searched + 1]);
    assert!(counts.commits.snapshot().count() >= 2);
    assert_eq!(counts.failures.sum(), 0);
    assert!(Store::memory(10).counts().is_none());
}
