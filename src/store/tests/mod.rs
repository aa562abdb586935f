//! Both kinds of store through their handle, with real files.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use futures_lite::future::{block_on, zip};
use tempfile::TempDir;

use super::file::OpenError;
use super::sqlite::index::{self, Index};
use super::*;
use crate::chat::message::{Kind, MemberId, NewMessage};
use crate::chat::name::Name;
use crate::chat::password::Hash;
use crate::chat::room::entry::TopicSet;
use crate::chat::room::{Entry, Kept, Moderation, Ruling};
use crate::chat::topic::Topic;
use crate::limits::{FORGET_LINES, STORE_PAGE_BYTES_MAX};
use crate::runtime::Clock;

mod accounts;
mod bans;
mod clock;
mod closed;
mod damage;
pub(crate) mod faults;
mod files;
mod health;
mod keys;
mod log;
mod pages;
mod search_index;

/// A directory, and the path of a file in it that does not exist.
fn place_for_a_file() -> (TempDir, PathBuf) {
    let folder = TempDir::new().expect("a directory");
    let path = folder.path().join("chat.db");
    (folder, path)
}

/// The hash of some password.
pub(super) const A_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZSBzYWx0IDEyMw\
     $c29tZSBoYXNoIHRoYXQgZml0cyBub3RoaW5nIGF0IGE";

fn open(path: &Path) -> Store {
    Store::open(
        path,
        Durability::Normal,
        Retention::default(),
        &Clock::system(),
    )
    .expect("the file is right")
}

fn name(text: &str) -> RoomName {
    RoomName::parse(text).expect("a name for a room")
}

fn line(text: &str, time: i64) -> NewMessage {
    NewMessage {
        time: Timestamp(time),
        member: MemberId::NOBODY,
        name: Name::anon(),
        kind: Kind::Message,
        text: text.into(),
    }
}

/// Appends entries, and gives what is stored.
async fn append_entries(
    store: &Store,
    room: RoomId,
    entries: Vec<Entry>,
) -> Result<Vec<Numbered>, StoreError> {
    let proposal = Proposal::new(Timestamp(0), entries);
    match store.append(room, At::default(), proposal).await? {
        Outcome::Stored { entries, .. } => Ok(entries),
        stale => panic!("nobody else writes: {stale:?}"),
    }
}

/// Appends lines, and gives the messages.
pub(super) async fn append(
    store: &Store,
    room: RoomId,
    lines: Vec<NewMessage>,
) -> Result<Vec<Arc<Message>>, StoreError> {
    let entries = lines.into_iter().map(Entry::said).collect();
    let stored = append_entries(store, room, entries).await?;
    let messages = stored.into_iter().map(|numbered| match numbered.entry {
        Entry::Said(message) => message,
        other => panic!("{other:?}"),
    });
    Ok(messages.collect())
}

fn set_topic(store: &Store, room: RoomId, topic: Option<Topic>) -> Result<(), StoreError> {
    let by = Name::anon();
    let set = Entry::Topic(Box::new(TopicSet { by, topic }));
    block_on(append_entries(store, room, vec![set])).map(drop)
}

fn close_room(store: &Store, room: RoomId) -> Result<(), StoreError> {
    let (by, kept) = (Name::anon(), Kept::AtMost);
    let closed = Ruling::Closed { by, kept };
    block_on(append_entries(store, room, vec![closed.into()])).map(drop)
}

/// Locks the room; gives what is to be kept of that, and what became of it.
fn lock(store: &Store, room: RoomId) -> (Moderation, Result<(), StoreError>) {
    let by = Name::anon();
    let hash = Hash::new(A_HASH);
    let locked = Ruling::Locked { by, hash };
    let mut moderation = Moderation::default();
    moderation.apply(&locked, Timestamp(0));
    let proposal = Proposal {
        moderation: Some(Box::new(moderation.clone())),
        ..Proposal::new(Timestamp(0), vec![locked.into()])
    };
    let outcome = block_on(store.append(room, At::default(), proposal));
    (moderation, outcome.map(drop))
}

/// Appends `texts`, at the times 1, 2 and so on.
fn say(store: &Store, room: RoomId, texts: &[&str]) -> Result<u64, StoreError> {
    let lines = texts.iter().zip(1..).map(|(text, time)| line(text, time));
    block_on(append(store, room, lines.collect())).map(|lines| lines[0].id)
}

fn texts(lines: &[Arc<Message>]) -> Vec<&str> {
    lines.iter().map(|line| &*line.text).collect()
}

fn find(store: &Store, room: RoomId, words: &str) -> Vec<String> {
    let found = block_on(store.search(room, words, 10)).expect("the search works");
    found
        .lines
        .iter()
        .map(|line| line.text.to_string())
        .collect()
}

/// Runs `test` with an empty store of each kind.
fn with_each(test: impl Fn(&Store)) {
    test(&Store::memory(1000));
    let (_folder, path) = place_for_a_file();
    let store = open(&path);
    test(&store);
    block_on(store.close());
}

#[test]
fn rooms_are_numbered_and_listed_in_the_order_of_their_creation() {
    with_each(|store| {
        for (number, room) in (1..).zip(["zebra", "1150", "ห้อง"]) {
            assert_eq!(block_on(store.create_room(name(room))), Ok(RoomId(number)));
        }
        let again = block_on(store.create_room(name("ZEBRA")));
        assert_eq!(again, Err(StoreError::RoomExists));
        let rooms = block_on(store.rooms()).expect("rooms");
        let names: Vec<_> = rooms
            .iter()
            .map(|room| (room.id.0, room.name.as_str()))
            .collect();
        assert_eq!(names, [(1, "zebra"), (2, "1150"), (3, "ห้อง")]);
        for (last, newer, greatest) in [(1, &rooms[1..], 3), (3, &[], 3), (9, &[], 9)] {
            let found = block_on(store.rooms_after(RoomId(last)));
            assert_eq!(found, Ok((newer.to_vec(), RoomId(greatest))));
        }
    });
}

#[test]
fn a_room_is_about_what_was_said_last_that_it_is_about() {
    with_each(|store| {
        let one = block_on(store.create_room(name("one"))).expect("a room");
        block_on(store.create_room(name("two"))).expect("a room");
        let topics = || -> Vec<Option<String>> {
            let rooms = block_on(store.rooms()).expect("rooms").into_iter();
            rooms
                .map(|room| room.image.state.topic.map(|topic| topic.to_string()))
                .collect()
        };
        assert_eq!(topics(), [None, None]);
        for text in ["lunch", "it's \"ข้าว\"; --", ""] {
            let topic = Topic::parse(text).expect("short enough");
            let expected = topic.as_ref().map(|topic| topic.to_string());
            assert_eq!(set_topic(store, one, topic), Ok(()));
            assert_eq!(topics(), [expected, None], "{text}");
        }
        let nowhere = set_topic(store, RoomId(9), None);
        assert_eq!(nowhere, Err(StoreError::NoRoom));
    });
}

#[test]
fn what_owners_have_decided_is_kept_with_the_room() {
    with_each(|store| {
        let one = block_on(store.create_room(name("one"))).expect("a room");
        block_on(store.create_room(name("two"))).expect("a room");
        let (moderation, locked) = lock(store, one);
        assert_eq!(locked, Ok(()));
        let rooms = block_on(store.rooms()).expect("rooms");
        let kept = rooms.into_iter().map(|room| room.image.state.moderation);
        assert!(kept.eq([moderation.clone(), Moderation::default()]));
        let RoomImage { state, at, .. } = block_on(store.open_room(one)).expect("it is there");
        assert_eq!((state.moderation, at), (moderation, At::default()));
        let (_, nowhere) = lock(store, RoomId(9));
        assert_eq!(nowhere, Err(StoreError::NoRoom));
        let nowhere = block_on(store.open_room(RoomId(9)));
        assert_eq!(nowhere, Err(StoreError::NoRoom));
    });
}

#[test]
fn a_closed_room_is_not_there_and_another_can_have_its_name_but_not_its_number() {
    with_each(|store| {
        let one = block_on(store.create_room(name("one"))).expect("a room");
        say(store, one, &["secret"]).expect("stored");
        assert_eq!(close_room(store, one), Ok(()));
        assert_eq!(block_on(store.rooms()), Ok(Vec::new()));
        assert_eq!(close_room(store, one), Err(StoreError::NoRoom));
        assert_eq!(say(store, one, &["more"]), Err(StoreError::NoRoom));
        assert_eq!(lock(store, one).1, Err(StoreError::NoRoom));
        let again = block_on(store.create_room(name("ONE"))).expect("the name is free");
        assert_ne!(again, one);
        assert_eq!(block_on(store.tail(again, 10)), Ok(Vec::new()));
        assert_eq!(say(store, again, &["new"]), Ok(1));
        let (newer, last) = block_on(store.rooms_after(one)).expect("rooms");
        assert_eq!((newer.len(), last), (1, again));
    });
}

#[test]
fn each_room_counts_its_lines_from_one() {
    with_each(|store| {
        let one = block_on(store.create_room(name("one"))).expect("a room");
        let two = block_on(store.create_room(name("two"))).expect("a room");
        assert_eq!(say(store, one, &["a", "b"]), Ok(1));
        assert_eq!(say(store, two, &["x"]), Ok(1));
        assert_eq!(say(store, one, &["c"]), Ok(3));
        let lines = block_on(store.tail(one, 2)).expect("lines");
        assert_eq!(texts(&lines), ["b", "c"]);
        assert_eq!(lines[1].id, 3);
        assert_eq!(say(store, RoomId(3), &["x"]), Err(StoreError::NoRoom));
        assert_eq!(block_on(store.tail(RoomId(3), 2)), Ok(Vec::new()));
        block_on(store.create_room(name("three"))).expect("a room");
        // Of two lines said at once the second had the time 2.
        assert_eq!(say(store, one, &["d", "e"]), Ok(4));
        let rooms = block_on(store.rooms()).expect("rooms");
        let last: Vec<_> = rooms.iter().map(|room| room.last_line).collect();
        assert_eq!(last, [Some(Timestamp(2)), Some(Timestamp(1)), None]);
        let ever = block_on(store.lines_ever()).expect("a number");
        assert_eq!(ever, store.is_shared().then_some(6));
    });
}

#[test]
fn lines_come_back_as_they_were_given() {
    with_each(|store| {
        let room = block_on(store.create_room(name("one"))).expect("a room");
        let given = NewMessage {
            time: Timestamp(1_767_225_600_123),
            member: MemberId::NOBODY,
            name: Name::parse("ดี").expect("a name"),
            text: "it's \"quoted\"; -- 你好 👍".into(),
            kind: Kind::Message,
        };
        let appended = block_on(append(store, room, vec![given.clone()]));
        let expected = [Arc::new(Message::new(1, given))];
        assert_eq!(appended.as_deref(), Ok(&expected[..]));
        let stored = block_on(store.tail(room, 10)).expect("lines");
        assert_eq!(stored, expected);
    });
}

/// Waits until everything is in the index. It gets there by itself; this only sees when.
fn wait_for_the_index(path: &Path) {
    let db = file::open_to_read(path).expect("the file is right");
    let newest = || -> rusqlite::Result<Vec<(u32, u64)>> {
        let mut select = db.prepare(
            "SELECT place >> 40, max(place) & 0xFFFFFFFFFF FROM messages GROUP BY place >> 40",
        )?;
        let rows = select.query_map((), |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect()
    };
    let late = || {
        db.query_row("SELECT coalesce(max(number), 0) FROM late", (), |row| {
            row.get::<_, i64>(0)
        })
    };
    wait_until("the index is up to date", || {
        // It may be being made just now.
        let Ok(Some(index)) = Index::open_to_read(&index::path_of(path)) else {
            return false;
        };
        let Ok(progress) = index.progress() else {
            return false;
        };
        let rooms = progress.rooms.iter();
        let reached: Vec<_> = rooms
            .map(|(room, reached)| (room.0, reached.last_id))
            .collect();
        reached == newest().expect("a query") && progress.late_number == late().expect("a number")
    });
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// How many lines the index has for one part of a word.
fn count_in_index(path: &Path, part: &str) -> usize {
    let db = rusqlite::Connection::open(index::path_of(path)).expect("an index");
    db.query_row(
        "SELECT count(*) FROM message_index WHERE message_index MATCH ?1",
        [format!("\"{part}\"")],
        |row| row.get(0),
    )
    .expect("a number")
}

const TALK: &[&str] = &[
    "Hello World",
    "goodbye, world",
    "สวัสดีครับทุกคน",
    "今天天气很好",
    "say \"hello\" AND NOT goodbye",
    "100% of *all* (things) - or: none",
    "Straße nach Ålesund",
    "a",
];

fn searches_find_what_they_should(store: &Store, room: RoomId) {
    let table: &[(&str, &[usize])] = &[
        ("hello", &[4, 0]),
        ("HELLO world", &[0]),
        ("world hello", &[0]),
        ("ello", &[4, 0]),
        ("สวัสดี", &[2]),
        ("ครับ ทุก", &[2]),
        ("天气", &[3]),
        ("今天天气", &[3]),
        ("好", &[3]),
        ("\"hello\"", &[4]),
        ("AND", &[4]),
        ("NOT", &[4]),
        ("hello OR goodbye", &[]),
        ("hello OR", &[0]),
        ("*all*", &[5]),
        ("(things)", &[5]),
        ("100%", &[5]),
        ("%", &[5]),
        ("_", &[]),
        ("or:", &[5]),
        ("- or", &[5]),
        ("NEAR(hello goodbye)", &[]),
        ("text:hello", &[]),
        ("\"", &[4]),
        ("\"\"\"", &[]),
        ("'; DROP TABLE messages; --", &[]),
        ("straße", &[6]),
        ("ålesund", &[6]),
        ("hello xyzzy", &[]),
        ("", &[]),
        ("   ", &[]),
        ("\0", &[]),
    ];
    for (words, expected) in table {
        let expected: Vec<_> = expected.iter().map(|&at| TALK[at]).collect();
        assert_eq!(find(store, room, words), expected, "{words:?}");
    }
}

#[test]
fn searches_find_words_in_any_script_and_take_operators_for_words() {
    let store = Store::memory(1000);
    let room = block_on(store.create_room(name("one"))).expect("a room");
    say(&store, room, TALK).expect("stored");
    searches_find_what_they_should(&store, room);

    let (_folder, path) = place_for_a_file();
    let store = open(&path);
    let other = block_on(store.create_room(name("other"))).expect("a room");
    let room = block_on(store.create_room(name("one"))).expect("a room");
    say(&store, other, TALK).expect("stored");
    say(&store, room, TALK).expect("stored");
    searches_find_what_they_should(&store, room);
    wait_for_the_index(&path);
    searches_find_what_they_should(&store, room);
    // Half of the lines in the index, half of them not.
    say(&store, room, &["Hello again"]).expect("stored");
    assert_eq!(
        find(&store, room, "hello"),
        ["Hello again", TALK[4], TALK[0]]
    );
}

#[test]
fn a_search_that_reads_too_much_says_so() {
    let (_folder, path) = place_for_a_file();
    let store = open(&path);
    let room = block_on(store.create_room(name("one"))).expect("a room");
    let lines = |count| vec![line("nothing to be found here", 1); count];
    block_on(append(&store, room, vec![line("needle", 1)])).expect("stored");
    block_on(append(&store, room, lines(crate::limits::SEARCH_LINES_MAX))).expect("stored");
    let found = block_on(store.search(room, "xy", 10)).expect("the search works");
    assert!(found.cut_short && found.lines.is_empty());
}

#[test]
fn what_was_appended_is_there_after_a_restart() {
    let (_folder, path) = place_for_a_file();
    let store = open(&path);
    let room = block_on(store.create_room(name("one"))).expect("a room");
    say(&store, room, &["a", "b"]).expect("stored");
    block_on(store.close());
    let late = block_on(append(&store, room, vec![line("late", 1)]));
    assert_eq!(late, Err(StoreError::Closed));
    assert_eq!(block_on(store.tail(room, 1)), Err(StoreError::Closed));
    let store = open(&path);
    assert_eq!(say(&store, room, &["c"]), Ok(3));
    let lines = block_on(store.tail(room, 9)).expect("lines");
    assert_eq!(texts(&lines), ["a", "b", "c"]);
}

#[test]
fn many_rooms_append_at_once_and_each_keeps_its_order() {
    let (_folder, path) = place_for_a_file();
    let store = open(&path);
    let talk = |room: &'static str| {
        let store = store.clone();
        move || {
            let room = block_on(store.create_room(name(room))).expect("a room");
            for number in 0..300 {
                assert_eq!(say(&store, room, &[&number.to_string()]), Ok(number + 1));
            }
            room
        }
    };
    let (one, two) = (
        std::thread::spawn(talk("one")),
        std::thread::spawn(talk("two")),
    );
    let expected: Vec<String> = (0..300).map(|number| number.to_string()).collect();
    for thread in [one, two] {
        let room = thread.join().expect("nothing failed");
        let lines = block_on(store.tail(room, 1000)).expect("lines");
        assert_eq!(texts(&lines), expected);
    }
}

#[test]
fn a_second_server_on_a_file_is_refused_until_the_first_has_ended() {
    let (folder, path) = place_for_a_file();
    let link = folder.path().join("link.db");
    std::os::unix::fs::symlink(&path, &link).expect("a link");
    let first = open(&path);
    for way in [path.clone(), link, folder.path().join("./chat.db")] {
        let second = Store::open(
            &way,
            Durability::Normal,
            Retention::default(),
            &Clock::system(),
        );
        assert!(matches!(second, Err(OpenError::InUse(_))), "{second:?}");
    }
    block_on(first.close());
    open(&path);
}

#[test]
fn old_lines_are_forgotten_by_number_and_by_age_and_leave_the_index() {
    let (_folder, path) = place_for_a_file();
    let store = open(&path);
    let room = block_on(store.create_room(name("one"))).expect("a room");
    let count = 3 * FORGET_LINES;
    let lines = (1..=count).map(|number| line(&format!("number {number}."), 1));
    block_on(append(&store, room, lines.collect())).expect("stored");
    wait_for_the_index(&path);
    block_on(store.close());

    let keep = |days, lines| {
        Store::open(
            &path,
            Durability::Normal,
            Retention { days, lines },
            &Clock::system(),
        )
    };
    let store = keep(None, Some(2)).expect("the file is right");
    wait_for_tail(&store, room, 2);
    assert_eq!(find(&store, room, "number").len(), 2);
    assert_eq!(find(&store, room, "1."), Vec::<String>::new());
    wait_until("two lines are left in the index", || {
        count_in_index(&path, "umb") == 2
    });
    let far = Timestamp(i64::MAX / 2);
    let new = NewMessage {
        time: far,
        ..line("number new", 0)
    };
    block_on(append(&store, room, vec![new])).expect("stored");
    block_on(store.close());

    let store = keep(Some(1), None).expect("the file is right");
    wait_for_tail(&store, room, 1);
    assert_eq!(find(&store, room, "number"), ["number new"]);
    assert_eq!(say(&store, room, &["next"]), Ok(count as u64 + 2));
}

fn wait_for_tail(store: &Store, room: RoomId, count: usize) {
    wait_until("as many lines as are kept", || {
        block_on(store.tail(room, 1000)).expect("lines").len() == count
    });
}

#[test]
fn a_file_taken_away_refuses_lines_until_it_is_back() {
    let (folder, path) = place_for_a_file();
    let store = open(&path);
    let room = block_on(store.create_room(name("one"))).expect("a room");
    say(&store, room, &["a"]).expect("stored");
    let elsewhere = folder.path().join("elsewhere");
    fs::rename(&path, &elsewhere).expect("it can be moved");
    let appended = block_on(append(&store, room, vec![line("b", 1)]));
    assert!(matches!(appended, Err(StoreError::Failed(_))));
    fs::rename(&elsewhere, &path).expect("it can be moved");
    assert_eq!(say(&store, room, &["c"]), Ok(2));
}

#[test]
fn a_writer_that_is_busy_takes_all_that_gathered() {
    let (_folder, path) = place_for_a_file();
    let store = open(&path);
    let room = block_on(store.create_room(name("one"))).expect("a room");
    let other = file::open_to_write(&path, Durability::Normal).expect("a second connection");
    other.execute_batch("BEGIN IMMEDIATE").expect("a lock");
    let release = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        other.execute_batch("ROLLBACK").expect("the lock's end");
    });
    let both = zip(
        append(&store, room, vec![line("a", 1)]),
        append(&store, room, vec![line("b", 1), line("c", 1)]),
    );
    let (one, two) = block_on(both);
    let id = |lines: Result<Vec<Arc<Message>>, _>| lines.map(|lines| lines[0].id);
    assert_eq!((id(one), id(two)), (Ok(1), Ok(2)));
    release.join().expect("nothing failed");
}
