use std::fs;
use std::path::PathBuf;

use futures_lite::future::block_on;
use jiff::tz::TimeZone;
use rusqlite::Connection;
use tempfile::TempDir;

use super::*;
use crate::chat::history::RoomId;
use crate::chat::message::{Kind, MemberId, NewMessage};
use crate::chat::name::{Name, RoomName};
use crate::chat::password::Hash;
use crate::chat::settings::Settings;
use crate::limits::{IMPORT_LINE_BYTES_MAX, LINE_BYTES_MAX, ROOMS_MAX};
use crate::runtime::Clock;
use crate::store::tests::{A_HASH, append};
use crate::store::{Account, Durability, Retention, Store};
use crate::time::Timestamp;

fn room(name: &str) -> RoomName {
    RoomName::parse(name).expect("a name for a room")
}

fn line(time: i64, name: &str, text: &str) -> NewMessage {
    NewMessage {
        time: Timestamp(time),
        member: MemberId::NOBODY,
        name: Name::parse(name).expect("a name"),
        kind: Kind::Message,
        text: text.into(),
    }
}

/// 2026-01-01T00:00:00Z
const NEW_YEAR: i64 = 1_767_225_600_000;

/// A file with three rooms, one of them empty, and a server that has it open.
fn a_chat() -> (TempDir, PathBuf, Store) {
    let folder = TempDir::new().expect("a directory");
    let path = folder.path().join("chat.db");
    let store = Store::open(
        &path,
        Durability::Normal,
        Retention::default(),
        &Clock::system(),
    )
    .expect("a new file");
    for name in ["1150", "empty", "ห้อง"] {
        block_on(store.create_room(room(name))).expect("a room");
    }
    let talk = vec![
        line(NEW_YEAR, "ann", "happy \"new\" year\\"),
        line(NEW_YEAR + 1500, "ดี", "สวัสดี 👍"),
        line(NEW_YEAR + 86_400_000, "ann", "the day after"),
    ];
    block_on(append(&store, RoomId(1), talk)).expect("stored");
    let talk = vec![line(NEW_YEAR + 1, "anon", "<&> \u{fffd}")];
    block_on(append(&store, RoomId(3), talk)).expect("stored");
    (folder, path, store)
}

fn exported(path: &Path, selection: &Selection, format: &Format) -> String {
    let mut out = Vec::new();
    export(path, selection, format, &mut out).expect("the export works");
    String::from_utf8(out).expect("an export is UTF-8")
}

fn json(path: &Path) -> String {
    exported(path, &Selection::default(), &Format::JsonLines)
}

fn import_text(path: &Path, text: &str) -> Result<Imported, ToolError> {
    import(path, &mut text.as_bytes(), ROOMS_MAX)
}

#[test]
fn an_export_as_text_has_a_line_a_message() {
    let (_folder, path, _store) = a_chat();
    let utc = Format::Text(TimeZone::UTC);
    let all = exported(&path, &Selection::default(), &utc);
    let expected = "2026-01-01 00:00:00 1150 ann: happy \"new\" year\\\n\
                    2026-01-01 00:00:01 1150 ดี: สวัสดี 👍\n\
                    2026-01-02 00:00:00 1150 ann: the day after\n\
                    2026-01-01 00:00:00 ห้อง anon: <&> \u{fffd}\n";
    assert_eq!(all, expected);
    let bangkok = TimeZone::get("Asia/Bangkok").expect("a zone");
    let there = exported(&path, &Selection::default(), &Format::Text(bangkok));
    assert!(there.starts_with("2026-01-01 07:00:00 1150 ann"), "{there}");
}

#[test]
fn an_export_can_be_of_one_room_and_of_some_time() {
    let (_folder, path, _store) = a_chat();
    let table = [
        (Some("1150"), None, None, 3),
        (Some("ห้อง"), None, None, 1),
        (Some("EMPTY"), None, None, 0),
        (None, Some(NEW_YEAR + 1), None, 3),
        (None, None, Some(NEW_YEAR + 1), 1),
        (
            Some("1150"),
            Some(NEW_YEAR + 1500),
            Some(NEW_YEAR + 1501),
            1,
        ),
    ];
    for (name, since, until, lines) in table {
        let selection = Selection {
            room: name.map(room),
            since: since.map(Timestamp),
            until: until.map(Timestamp),
        };
        let text = exported(&path, &selection, &Format::Text(TimeZone::UTC));
        assert_eq!(text.lines().count(), lines, "{selection:?}: {text}");
    }
    let nowhere = Selection {
        room: Some(room("nowhere")),
        ..Selection::default()
    };
    let error = export(&path, &nowhere, &Format::JsonLines, &mut Vec::new());
    assert!(matches!(error, Err(ToolError::Input(_))));
}

#[test]
fn export_import_export_gives_the_same_bytes() {
    let (folder, path, store) = a_chat();
    let long = (0..2500).map(|number| line(NEW_YEAR + number, "ann", &format!("number {number}")));
    block_on(append(&store, RoomId(1), long.collect())).expect("stored");
    let first = json(&path);
    assert_eq!(first.lines().count(), 3 + 4 + 2500);
    let copy = folder.path().join("copy.db");
    let imported = import_text(&copy, &first).expect("the import works");
    assert_eq!(
        imported,
        Imported {
            stored: 2504,
            ..Imported::default()
        }
    );
    assert_eq!(json(&copy), first);
    // And so do lines whose forerunners were forgotten.
    let late: Vec<_> = first
        .lines()
        .filter(|line| !line.contains("number 1"))
        .collect();
    let late = late.join("\n") + "\n";
    let copy = folder.path().join("late.db");
    import_text(&copy, &late).expect("the import works");
    assert_eq!(json(&copy), late);
    assert_eq!(check(&copy).expect("it can be read"), Vec::<String>::new());
}

#[test]
fn what_was_imported_before_is_not_stored_twice() {
    let (_folder, path, store) = a_chat();
    let before = json(&path);
    let again = import_text(&path, &before).expect("the import works");
    assert_eq!(
        again,
        Imported {
            present: 4,
            ..Imported::default()
        }
    );
    assert_eq!(json(&path), before);
    // Another message with a number that is taken comes last, and can be found.
    let other = before.replace("the day after", "another day");
    let merged = import_text(&path, &other).expect("the import works");
    assert_eq!((merged.present, merged.renumbered), (3, 1));
    let found = block_on(store.search(RoomId(1), "another", 9)).expect("the search works");
    assert_eq!(found.lines[0].id, 4);
    assert_eq!(check(&path).expect("it can be read"), Vec::<String>::new());
}

#[test]
fn forgotten_lines_can_be_brought_back_to_their_places() {
    let (_folder, path, store) = a_chat();
    let before = json(&path);
    block_on(store.close());
    let db = Connection::open(&path).expect("a database");
    db.execute_batch("DELETE FROM messages WHERE place = (1 << 40) + 2")
        .expect("forgotten");
    import_text(&path, &before).expect("the import works");
    assert_eq!(json(&path), before);
    let store = Store::open(
        &path,
        Durability::Normal,
        Retention::default(),
        &Clock::system(),
    )
    .expect("the file is right");
    let found = block_on(store.search(RoomId(1), "สวัสดี", 9)).expect("the search works");
    assert_eq!(found.lines.len(), 1);
}

#[test]
fn an_import_names_the_line_that_makes_no_sense() {
    let message = |field: &str, value: &str| {
        let right = r#"{"type":"message","room":"1150","id":1,"time":"2026-01-01T00:00:00Z","name":"ann","kind":"message","text":"hi"}"#;
        let changed = right.replace(field, value);
        assert!(changed != right, "{field} is no part of it");
        changed
    };
    let table = [
        "nonsense".to_owned(),
        "{}".to_owned(),
        "[1]".to_owned(),
        "\u{0}".to_owned(),
        "x".repeat(IMPORT_LINE_BYTES_MAX + 1),
        message("message\",\"room", "letter\",\"room"),
        message("1150", "two words"),
        message(":1,", ":0,"),
        message(":1,", ":-1,"),
        message(":1,", ":18446744073709551615,"),
        message("2026-01-01T00:00:00Z", "yesterday"),
        message("ann", "two words"),
        message("kind\":\"message", "kind\":\"song"),
        message("\"hi\"", "\"\""),
        message("\"hi\"", r#""\u001b[2J""#),
        message("\"hi\"", r#""a\u001b[2J\nb""#),
        message("\"hi\"", "\"safe \u{202e}efas\""),
        message("\"hi\"", &format!("\"{}\"", "x".repeat(LINE_BYTES_MAX + 1))),
        message(":1,", ":4294967297,"),
        message("2026-01-01", "-002026-01-01"),
        r#"{"type":"room","name":"1150","created":"2026-01-01T00:00:00Z","last_id":4294967297}"#
            .to_owned(),
        r#"{"type":"room","name":"1150","created":"2026-01-01T00:00:00Z","topic":"a\nb"}"#
            .to_owned(),
        r#"{"type":"room","name":"1150","created":"2026-01-01T00:00:00Z","moderation":[]}"#
            .to_owned(),
        format!(
            r#"{{"type":"room","name":"1150","created":"2026-01-01T00:00:00Z","topic":"{}"}}"#,
            "x".repeat(1000)
        ),
    ];
    for wrong in table {
        let folder = TempDir::new().expect("a directory");
        let path = folder.path().join("chat.db");
        let input = format!("{}\n\n{wrong}\n", message("ann", "ben"));
        let error = import_text(&path, &input)
            .expect_err("it makes no sense")
            .to_string();
        assert!(error.starts_with("line 3: "), "{wrong}: {error}");
    }
}

#[test]
fn a_room_keeps_its_owners_lock_privacy_and_bans() {
    let folder = TempDir::new().expect("a directory");
    let path = folder.path().join("chat.db");
    let input = format!(
        r#"{{"type":"room","name":"den","topic":"","created":"2026-01-01T00:00:00.000Z","last_id":1,"moderation":{{"bans":[{{"accounts":["ann"],"addresses":["192.0.2.7"],"by":"Dai","name":"ann","until":null,"why":"spam"}}],"lock":"{A_HASH}","owners":[{{"account":"Dai","seen":1767225600000}}],"private":true}}}}
{{"type":"message","room":"den","id":1,"time":"2026-01-01T00:00:00.000Z","name":"Dai","kind":"message","text":"among us"}}
"#
    );
    import_text(&path, &input).expect("the import works");
    let exported = json(&path);
    let copy = folder.path().join("copy.db");
    import_text(&copy, &exported).expect("the import works");
    assert_eq!(json(&copy), exported);
    for path in [&path, &copy] {
        let store = Store::open(
            path,
            Durability::Normal,
            Retention::default(),
            &Clock::system(),
        )
        .expect("a file");
        let state = block_on(store.open_room(RoomId(1))).expect("a room").state;
        let moderation = state.moderation;
        assert_eq!(moderation.lock().map(Hash::as_str), Some(A_HASH));
        assert!(moderation.is_private());
        let owners: Vec<_> = moderation.owner_accounts().map(Name::as_str).collect();
        assert_eq!(owners, ["Dai"]);
        assert!(moderation.to_json().contains("192.0.2.7"), "{moderation:?}");
    }
    // It is not let into a room that others can read, nor is what was said in it.
    for field in ["private", "lock"] {
        let open = folder.path().join(field);
        let room = r#"{"type":"room","name":"DEN","created":"2026-01-01T00:00:00Z"}"#;
        import_text(&open, room).expect("the import works");
        let before = json(&open);
        let one = match field {
            "private" => exported
                .replace(A_HASH, "")
                .replace("\"lock\":\"\"", "\"lock\":null"),
            _ => exported.replace("\"private\":true", "\"private\":false"),
        };
        let error = import_text(&open, &one)
            .expect_err("it is open")
            .to_string();
        assert!(error.starts_with("line 1: this room den is "), "{error}");
        assert_eq!(json(&open), before);
    }
}

#[test]
fn no_more_rooms_are_imported_than_there_can_be() {
    let (_folder, path, _store) = a_chat();
    let room = |name: &str| {
        format!(r#"{{"type":"room","name":"{name}","created":"2026-01-01T00:00:00Z"}}"#)
    };
    let message = r#"{"type":"message","room":"third","id":1,"time":"2026-01-01T00:00:00Z","name":"ann","kind":"message","text":"hi"}"#;
    let input = [room("1150"), room("new"), room("NEW")].join("\n");
    import(&path, &mut input.as_bytes(), 4).expect("there is space for one");
    for one_more in [room("third"), message.to_owned()] {
        let error = import(&path, &mut one_more.as_bytes(), 4).expect_err("there is no space");
        let expected = "line 1: there are 4 rooms, and there can be 4 (see --max-rooms)";
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn what_somebody_wrote_into_the_file_by_hand_is_made_safe_and_told_by_check() {
    let (_folder, path, store) = a_chat();
    assert_eq!(check(&path).expect("it can be read"), Vec::<String>::new());
    let db = Connection::open(&path).expect("a database");
    db.execute_batch(
        "INSERT INTO messages VALUES ((1 << 40) + 7, 1, 'two words', 99, char(27) || '[2J')",
    )
    .expect("written");
    let lines = block_on(store.tail(RoomId(1), 1)).expect("lines");
    assert!(
        lines[0].name.is_anon() && !lines[0].text.contains('\u{1b}'),
        "{lines:?}"
    );
    let faults = check(&path).expect("it can be read");
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(faults[0].contains("beyond its last number"), "{faults:?}");
}

#[test]
fn check_tells_of_accounts_that_nobody_could_have_registered() {
    let (_folder, path, store) = a_chat();
    for name in ["right", "two", "three", "four", "five"] {
        let account = Account {
            reads: Default::default(),
            name: Name::parse(name).expect("a name"),
            password: A_HASH.to_owned(),
            created: Timestamp(NEW_YEAR),
            seen: Timestamp(NEW_YEAR),
            settings: Settings::default(),
        };
        block_on(store.create_account(account)).expect("stored");
    }
    assert_eq!(check(&path).expect("it can be read"), Vec::<String>::new());
    let db = Connection::open(&path).expect("a database");
    db.execute_batch(
        "UPDATE accounts SET name = 'two words' WHERE folded = 'two';
         UPDATE accounts SET skeleton_folded = 'tree' WHERE folded = 'three';
         UPDATE accounts SET password = 'hunter2' WHERE folded = 'four';
         UPDATE accounts SET settings = '[]' WHERE folded = 'five';",
    )
    .expect("written");
    let faults = check(&path).expect("it can be read");
    let expected = [
        "account 2: its name is invalid",
        "account 3: its keys do not match its name",
        "account 4: its password hash is invalid",
        "account 5: its settings cannot be read",
    ];
    assert_eq!(faults, expected);
}

#[test]
fn a_backup_is_whole_and_writes_over_nothing() {
    let (folder, path, store) = a_chat();
    let copy = folder.path().join("copy.db");
    backup(&path, &copy).expect("the backup works");
    assert_eq!(json(&copy), json(&path));
    assert_eq!(check(&copy).expect("it can be read"), Vec::<String>::new());
    block_on(append(&store, RoomId(1), vec![line(1, "ann", "later")])).expect("stored");
    let size = fs::metadata(&copy).expect("a file").len();
    assert!(backup(&path, &copy).is_err());
    assert_eq!(fs::metadata(&copy).expect("a file").len(), size);
    assert!(backup(&path, &folder.path().join("no/copy.db")).is_err());
    // A copy is as good as the file.
    Store::open(
        &copy,
        Durability::Normal,
        Retention::default(),
        &Clock::system(),
    )
    .expect("the file is right");
}

#[test]
fn no_tool_takes_a_file_that_is_not_there_or_foreign() {
    let folder = TempDir::new().expect("a directory");
    let none = folder.path().join("none.db");
    let foreign = folder.path().join("foreign.db");
    fs::write(&foreign, "Dear diary, ".repeat(100)).expect("written");
    for path in [&none, &foreign] {
        let all = Selection::default();
        assert!(export(path, &all, &Format::JsonLines, &mut Vec::new()).is_err());
        assert!(check(path).is_err());
        assert!(backup(path, &folder.path().join("copy.db")).is_err());
    }
    assert!(import_text(&foreign, "").is_err());
    assert!(!none.exists() && !folder.path().join("copy.db").exists());
}

#[test]
fn check_finds_a_damaged_page() {
    let (folder, path, store) = a_chat();
    let talk = (0..500).map(|number| line(number, "ann", &format!("number {number}")));
    block_on(append(&store, RoomId(1), talk.collect())).expect("stored");
    block_on(store.close());
    let whole = fs::read(&path).expect("a file");
    let mut found = 0;
    let pages = whole.len() / 4096;
    for page in 1..pages {
        let mut flipped = whole.clone();
        flipped[page * 4096] ^= 0xFF;
        let path = folder.path().join("flipped.db");
        fs::write(&path, &flipped).expect("written");
        found += usize::from(check(&path).map_or(true, |faults| !faults.is_empty()));
    }
    // All but pages of which the first byte means nothing.
    assert!(found * 2 > pages, "{found} of {pages}");
}
