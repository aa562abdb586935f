//! Files that are foreign, damaged, of an earlier version, or on a disk that fills up.

use super::accounts::{account, person};
use super::*;

#[test]
fn foreign_files_are_refused_and_left_alone() {
    let (_folder, path) = place_for_a_file();
    let db = rusqlite::Connection::open(&path).expect("a database");
    db.execute_batch("CREATE TABLE accounts(id)")
        .expect("a table");
    drop(db);
    let database = fs::read(&path).expect("a file");
    for content in [database, b"Dear diary, today".repeat(100), b"x".to_vec()] {
        fs::write(&path, &content).expect("written");
        let error = Store::open(
            &path,
            Durability::Normal,
            Retention::default(),
            &Clock::system(),
        )
        .expect_err("not ours");
        assert!(matches!(error, OpenError::Foreign(_)), "{error}");
        assert!(error.to_string().contains("chat.db"), "{error}");
        assert_eq!(fs::read(&path).expect("a file"), content);
    }
}

#[test]
fn a_file_of_a_later_version_is_refused() {
    let (_folder, path) = place_for_a_file();
    block_on(open(&path).close());
    let db = rusqlite::Connection::open(&path).expect("a database");
    db.pragma_update(None, "user_version", file::SCHEMA_VERSION + 1)
        .expect("set");
    drop(db);
    let error = Store::open(
        &path,
        Durability::Normal,
        Retention::default(),
        &Clock::system(),
    )
    .expect_err("too new");
    assert!(matches!(error, OpenError::Newer(..)), "{error}");
}

#[test]
fn places_where_no_file_can_be_are_refused() {
    let (folder, path) = place_for_a_file();
    for path in [
        folder.path().to_owned(),
        path.join("x.db"),
        PathBuf::from("/"),
        PathBuf::new(),
    ] {
        let error = Store::open(
            &path,
            Durability::Normal,
            Retention::default(),
            &Clock::system(),
        )
        .expect_err("no file");
        assert!(!error.to_string().is_empty());
    }
}

#[test]
fn a_file_cut_off_anywhere_is_refused_or_tells_of_it_and_never_panics() {
    let (_folder, path) = place_for_a_file();
    let whole = a_file_with_lines(&path);
    for keep in [
        1,
        15,
        50,
        99,
        100,
        101,
        4095,
        4096,
        4097,
        8192,
        whole.len() - 4096,
    ] {
        fs::write(&path, &whole[..keep]).expect("written");
        let error = Store::open(
            &path,
            Durability::Normal,
            Retention::default(),
            &Clock::system(),
        )
        .expect_err("it is damaged");
        let damaged = matches!(error, OpenError::Damaged(..) | OpenError::Foreign(_));
        assert!(damaged, "{keep}: {error}");
        assert_eq!(fs::read(&path).expect("a file"), &whole[..keep], "{keep}");
    }
}

#[test]
fn a_flipped_byte_anywhere_never_panics() {
    let (_folder, path) = place_for_a_file();
    let whole = a_file_with_lines(&path);
    for at in (0..whole.len()).step_by(1999).chain((16..100).step_by(9)) {
        let mut flipped = whole.clone();
        flipped[at] ^= 0xFF;
        fs::write(&path, &flipped).expect("written");
        let Ok(store) = Store::open(
            &path,
            Durability::Normal,
            Retention::default(),
            &Clock::system(),
        ) else {
            continue;
        };
        for room in [RoomId(1), RoomId(2)] {
            let _ = block_on(store.tail(room, 100));
            let _ = block_on(store.search(room, "number 77", 100));
            let _ = say(&store, room, &["more"]);
        }
        block_on(store.close());
    }
}

#[test]
fn readers_that_take_turns_do_not_let_the_log_grow() {
    use std::sync::atomic::{AtomicBool, Ordering};

    use crate::limits::STORE_WAL_BYTES;
    let (_folder, path) = place_for_a_file();
    let store = open(&path);
    let room = block_on(store.create_room(name("one"))).expect("a room");
    let text = "a long line ".repeat(150);
    let lines: Vec<_> = (0..500).map(|time| line(&text, time)).collect();
    let log = file::beside(&path, "-wal");
    let is_over = AtomicBool::new(false);
    let mut longest = 0;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let readers = [(); 2].map(|()| file::open_to_read(&path).expect("the file is right"));
            let mut reading = None;
            // Each begins before the other one ends.
            for reader in readers.iter().cycle() {
                let snapshot = reader.unchecked_transaction().expect("a transaction");
                snapshot
                    .query_row("SELECT count(*) FROM rooms", (), |_| Ok(()))
                    .expect("a number");
                reading = Some(snapshot);
                std::thread::sleep(Duration::from_millis(1));
                if is_over.load(Ordering::Relaxed) {
                    break;
                }
            }
            drop(reading);
        });
        for _ in 0..5 * STORE_WAL_BYTES as usize / (500 * text.len()) {
            block_on(append(&store, room, lines.clone())).expect("stored");
            longest = longest.max(fs::metadata(&log).expect("a log").len());
        }
        is_over.store(true, Ordering::Relaxed);
    });
    assert!(longest < 2 * u64::from(STORE_WAL_BYTES), "{longest} bytes");
}

/// Makes a file with a few pages, and returns its content.
fn a_file_with_lines(path: &Path) -> Vec<u8> {
    let store = open(path);
    let room = block_on(store.create_room(name("one"))).expect("a room");
    let lines = (1..=500).map(|number| line(&format!("this is number {number}."), 1));
    block_on(append(&store, room, lines.collect())).expect("stored");
    wait_for_the_index(path);
    block_on(store.close());
    assert!(
        !path.with_extension("db-wal").exists(),
        "closing empties the log"
    );
    fs::read(path).expect("a file")
}

/// Where a file of each version is kept, as the program of that version wrote it.
fn kept_file(version: i64) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    folder.join(format!("version-{version}.db"))
}

#[test]
fn files_of_every_version_open_with_what_was_said() {
    for version in 1..=file::SCHEMA_VERSION {
        let (_folder, path) = place_for_a_file();
        fs::copy(kept_file(version), &path).expect("a file of each version is kept");
        let store = open(&path);
        let rooms = block_on(store.rooms()).expect("rooms");
        let names: Vec<_> = rooms.iter().map(|room| room.name.as_str()).collect();
        assert_eq!(names, ["empty", "ห้อง"]);
        let lines = block_on(store.tail(rooms[1].id, 100)).expect("lines");
        assert_eq!(texts(&lines), TALK);
        searches_find_what_they_should(&store, rooms[1].id);
        assert_eq!(
            say(&store, rooms[1].id, &["more"]),
            Ok(TALK.len() as u64 + 1)
        );
        let dai = block_on(store.account(person("DAI"))).expect("it can be read");
        assert_eq!(dai, (version >= 2).then(|| account("Dai")));
        let outcome = if version >= 2 {
            Err(StoreError::AccountExists)
        } else {
            Ok(())
        };
        assert_eq!(block_on(store.create_account(account("dai"))), outcome);
        block_on(store.close());
    }
}

/// Run it once when a version is finished: `cargo test make_the_file -- --ignored`.
#[test]
#[ignore = "makes the file that is kept of this version"]
fn make_the_file_that_is_kept_of_this_version() {
    let (_folder, path) = place_for_a_file();
    let store = open(&path);
    block_on(store.create_room(name("empty"))).expect("a room");
    let room = block_on(store.create_room(name("ห้อง"))).expect("a room");
    say(&store, room, TALK).expect("stored");
    block_on(store.create_account(account("Dai"))).expect("stored");
    wait_for_the_index(&path);
    block_on(store.close());
    fs::copy(path, kept_file(file::SCHEMA_VERSION)).expect("the file is kept");
}

/// Set for [`on_a_disk_that_fills_up`], which runs in a process of its own: the limit is a process's.
const SMALL_DISK: &str = "PARLOR_TEST_SMALL_DISK";

#[test]
fn a_full_disk_refuses_lines_and_stores_again_when_there_is_space() {
    let this_program = std::env::current_exe().expect("the test program");
    // Past the limit the kernel sends a signal that ends a process, unless it is ignored; then it says no.
    let output = std::process::Command::new("sh")
        .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
        .arg(this_program)
        .args([
            "--exact",
            "store::tests::files::on_a_disk_that_fills_up",
            "--nocapture",
        ])
        .env(SMALL_DISK, "1")
        .output()
        .expect("sh runs");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{told}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(told.contains("1 passed"), "{told}");
}

#[test]
fn on_a_disk_that_fills_up() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    if std::env::var_os(SMALL_DISK).is_none() {
        return;
    }
    let (_folder, path) = place_for_a_file();
    let store = open(&path);
    let room = block_on(store.create_room(name("one"))).expect("a room");
    let limit = |bytes| {
        let maximum = getrlimit(Resource::Fsize).maximum;
        let current = bytes;
        setrlimit(Resource::Fsize, Rlimit { current, maximum }).expect("a limit");
    };
    limit(Some(300_000));
    let mut stored = 0;
    let mut refused = 0;
    for number in 0..600 {
        if number == 500 {
            limit(None);
        }
        let text = format!("{number} {}", "x".repeat(2000));
        match say(&store, room, &[&text]) {
            Ok(id) => {
                stored += 1;
                assert_eq!(id, stored, "numbers are given to what is stored");
            }
            Err(error) => {
                assert!(matches!(error, StoreError::Failed(_)), "{error}");
                assert!(number < 500, "it does not recover");
                refused += 1;
                block_on(store.tail(room, 10)).expect("reading goes on");
            }
        }
    }
    assert!(
        stored > 100 && refused > 100,
        "{stored} stored, {refused} refused"
    );
    let lines = block_on(store.tail(room, 1000)).expect("lines");
    assert_eq!(lines.len() as u64, stored);
    block_on(store.close());
    assert_eq!(
        tools::check(&path).expect("it can be read"),
        Vec::<String>::new()
    );
}

#[test]
fn the_lines_of_a_closed_room_are_forgotten_in_small_steps_over_restarts() {
    let (_folder, path) = place_for_a_file();
    let count = 3 * crate::limits::FORGET_LINES as i64;
    let store = open(&path);
    let room = block_on(store.create_room(name("one"))).expect("a room");
    let kept = block_on(store.create_room(name("two"))).expect("a room");
    let lines = (1..=count).map(|number| line(&format!("line {number}"), number));
    block_on(append(&store, room, lines.collect())).expect("stored");
    say(&store, kept, TALK).expect("stored");
    close_room(&store, room).expect("closed");
    // Before it is done, most likely; the next to open the file goes on.
    block_on(store.close());
    let store = open(&path);
    let left = || {
        let db = rusqlite::Connection::open(&path).expect("a database");
        let count = "SELECT count(*) FROM messages WHERE place < 2 << 40";
        db.query_row(count, (), |row| row.get::<_, i64>(0))
            .expect("a number")
    };
    let deadline = Instant::now() + Duration::from_secs(20);
    while left() > 0 {
        assert!(Instant::now() < deadline, "{} lines are left", left());
        std::thread::sleep(Duration::from_millis(5));
    }
    let lines = block_on(store.tail(kept, 100)).expect("lines");
    assert_eq!(texts(&lines), TALK);
    block_on(store.close());
    assert_eq!(
        tools::check(&path).expect("it can be read"),
        Vec::<String>::new()
    );
    let mut out = Vec::new();
    let format = tools::Format::JsonLines;
    tools::export(&path, &tools::Selection::default(), &format, &mut out).expect("exported");
    let text = String::from_utf8(out).expect("text");
    assert!(
        !text.contains("\"one\"") && text.contains("\"two\""),
        "{text}"
    );
}
