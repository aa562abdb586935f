//! The operator's tools, on a database.

use std::fs;
use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::harness::postgres::{PostgresServer, shared_postgres};
use crate::harness::{PROGRAM, Server, found_within, room_with};

const TALK: &str = r#"{"type":"room","name":"1150","topic":"","created":"2026-01-01T00:00:00.000Z","last_id":3}
{"type":"message","room":"1150","id":2,"time":"2026-01-01T00:00:00.123Z","name":"ann","kind":"message","text":"ดี \"hi\""}
{"type":"message","room":"1150","id":3,"time":"2026-01-02T00:00:00.000Z","name":"ben","kind":"action","text":"👍"}
{"type":"room","name":"empty","topic":"silence","created":"2026-01-01T00:00:01.000Z","last_id":0}
"#;

/// Runs the program with `input` on standard input.
fn run_with(args: &[&str], input: &str) -> Output {
    let mut child = Command::new(PROGRAM)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("piped");
    // It may have ended before it has read all of it.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    child.wait_with_output().expect("it ends")
}

/// What it writes, if it succeeds.
fn done(args: &[&str], input: &str) -> String {
    let output = run_with(args, input);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {told}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// What it tells of what was not done.
fn refused(args: &[&str], input: &str) -> (Option<i32>, String) {
    let output = run_with(args, input);
    assert!(!output.status.success(), "{args:?}");
    let told = String::from_utf8(output.stderr).expect("UTF-8");
    (output.status.code(), told)
}

fn import(data: &str, input: &str) -> String {
    let output = run_with(&["import", "--data", data], input);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}");
    told
}

fn export(data: &str) -> String {
    done(&["export", "--data", data, "--format", "jsonl"], "")
}

fn check(data: &str) -> String {
    let output = run_with(&["check", "--data", data], "");
    String::from_utf8(output.stderr).expect("UTF-8")
}

fn message(room: &str, id: u64, text: &str) -> String {
    let time = format!(
        "2026-01-01T{:02}:{:02}:{:02}.000Z",
        id / 3600 % 24,
        id / 60 % 60,
        id % 60
    );
    format!(
        "{{\"type\":\"message\",\"room\":\"{room}\",\"id\":{id},\"time\":\"{time}\",\"name\":\"ann\",\"kind\":\"message\",\"text\":\"{text}\"}}\n"
    )
}

const A_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Two rooms with much in them.
fn much() -> String {
    let mut text = format!(
        "{{\"type\":\"room\",\"name\":\"den\",\"topic\":\"ถ้ำ\",\"created\":\"2026-01-01T00:00:00.000Z\",\"last_id\":2600,\
         \"moderation\":{{\"bans\":[{{\"accounts\":[\"ann\"],\"addresses\":[\"192.0.2.7\"],\"by\":\"Dai\",\"name\":\"ann\",\
         \"until\":null,\"why\":\"spam\"}}],\"lock\":\"{A_HASH}\",\"owners\":[{{\"account\":\"Dai\",\"seen\":1767225600000}}],\
         \"private\":true}}}}\n"
    );
    // Some were forgotten.
    for id in (1..=2500).filter(|id| id % 7 != 0) {
        text += &message("den", id, &format!("number {id}"));
    }
    text += "{\"type\":\"room\",\"name\":\"hall\",\"topic\":\"\",\"created\":\"2026-01-01T00:00:01.000Z\",\"last_id\":30}\n";
    for id in 1..=30 {
        text += &message("hall", id, "a \\\"quoted\\\" \\\\ line");
    }
    text
}

#[test]
fn what_moves_from_a_file_to_a_database_and_back_is_the_same_byte_for_byte() {
    let server = shared_postgres();
    for talk in [TALK, &much()] {
        let folder = TempDir::new().expect("a directory");
        let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        let (file, back, url) = (path("chat.db"), path("back.db"), server.fresh());
        import(&file, talk);
        let of_file = export(&file);
        import(&url, &of_file);
        let of_database = export(&url);
        assert_eq!(of_database, of_file);
        assert_eq!(check(&url), "");
        import(&back, &of_database);
        assert_eq!(export(&back), of_file);
        // And not twice.
        let told = import(&url, &of_database);
        assert!(told.starts_with("imported 0 messages"), "{told}");
        assert_eq!(export(&url), of_file);
    }
}

#[test]
fn an_export_as_text_can_be_of_a_room_and_of_a_day() {
    let url = shared_postgres().fresh();
    import(&url, TALK);
    let export = |more: &[&str]| {
        done(
            &[&["export", "--data", &url, "--timezone", "UTC"], more].concat(),
            "",
        )
    };
    let (first, second) = (
        "2026-01-01 00:00:00 1150 ann: ดี \"hi\"\n",
        "2026-01-02 00:00:00 1150 * ben 👍\n",
    );
    assert_eq!(export(&[]), format!("{first}{second}"));
    assert_eq!(export(&["--until", "2026-01-02"]), first);
    assert_eq!(export(&["--since", "2026-01-01T00:00:01"]), second);
    assert_eq!(export(&["--room", "EMPTY"]), "");
    let (_, told) = refused(&["export", "--data", &url, "--room", "nowhere"], "");
    assert_eq!(told, "parlor: there is no room nowhere\n");
}

#[test]
fn forgotten_lines_come_back_to_their_places_and_taken_numbers_go_to_the_end() {
    let server = shared_postgres();
    let database = server.database();
    let url = server.url(&database);
    let lines: String = (1..=200)
        .map(|id| message("1150", id, &format!("number {id}")))
        .collect();
    import(&url, &lines);
    let before = export(&url);
    server.sql(
        &database,
        "DELETE FROM parlor.entries WHERE line BETWEEN 50 AND 60",
    );
    let told = import(&url, &lines);
    assert_eq!(
        told,
        "imported 11 messages; 189 were there already; 0 got another number, since theirs was taken\n"
    );
    assert_eq!(export(&url), before);
    let others = message("1150", 7, "another 7")
        + &message("1150", 7, "yet another 7")
        + &message("1150", 201, "201");
    let told = import(&url, &others);
    assert_eq!(
        told,
        "imported 0 messages; 0 were there already; 3 got another number, since theirs was taken\n"
    );
    let after = export(&url);
    let last: Vec<&str> = after.lines().rev().take(3).collect();
    for (line, (id, text)) in
        last.iter()
            .rev()
            .zip([(201, "another 7"), (202, "yet another 7"), (203, "201")])
    {
        assert!(
            line.contains(&format!("\"id\":{id},")) && line.contains(text),
            "{line}"
        );
    }
    assert_eq!(check(&url), "");
}

#[test]
fn bad_input_is_refused_with_its_line_and_nothing_is_stored_that_stands_beside_it() {
    let url = shared_postgres().fresh();
    import(&url, TALK);
    let before = export(&url);
    let bad = [
        ("nonsense".to_owned(), "line 2: "),
        (
            message("1150", 0, "x"),
            "line 2: a message needs text, and a number of at least 1",
        ),
        (
            message("1150", 9, "\\u001b[2J"),
            "line 2: it has characters that nobody can send",
        ),
        (
            message("two words", 9, "x"),
            "line 2: two words is not a room name",
        ),
    ];
    for (line, expected) in bad {
        let input = message("new", 1, "fine") + &line + "\n" + &message("1150", 10, "later");
        let (code, told) = refused(&["import", "--data", &url], &input);
        assert_eq!(code, Some(1));
        assert!(told.contains(expected), "{told}");
        assert_eq!(export(&url), before, "{line}");
    }
    // What only the database knows.
    let most = ["import", "--data", &url, "--max-rooms", "2"];
    let (_, told) = refused(&most, &message("third", 1, "x"));
    assert_eq!(
        told,
        "parlor: line 1: there are 2 rooms, and there can be 2 (see --max-rooms)\n"
    );
    let (_, told) = refused(&["import", "--data", &url], &message("еmpty", 1, "x"));
    assert!(
        told.starts_with("parlor: line 1: there is a room whose name looks like"),
        "{told}"
    );
    assert_eq!(export(&url), before);
    // A locked room is not let into one that others can read.
    import(
        &url,
        "{\"type\":\"room\",\"name\":\"DEN\",\"created\":\"2026-01-01T00:00:00Z\"}\n",
    );
    let (_, told) = refused(&["import", "--data", &url], &much());
    assert!(
        told.starts_with("parlor: line 1: this room den is "),
        "{told}"
    );
    assert_eq!(export(&url).lines().count(), before.lines().count() + 1);
}

#[test]
fn rooms_and_accounts_are_listed_and_a_closed_room_is_opened_again() {
    let server = shared_postgres();
    let database = server.database();
    let url = server.url(&database);
    import(&url, &much());
    server.sql(
        &database,
        &format!(
            "INSERT INTO parlor.accounts (name, folded, folded_skeleton, skeleton_folded, password, created, seen, settings, reads)
             VALUES ('Dai', 'dai', 'dai', 'dai', '{A_HASH}', 1767225600000, 1767312000000, '{{}}', '{{}}');
             UPDATE parlor.rooms SET closed = parlor.now_ms() - 1000, purge = parlor.now_ms() + 600000, kept = 1,
                 closed_by = 'Dai' WHERE name = 'den'"
        ),
    );
    let accounts = ["accounts", "--data", &url, "--timezone", "UTC"];
    assert_eq!(
        done(&accounts, ""),
        "registered        last seen         name\n2026-01-01 00:00  2026-01-02 00:00  Dai\n"
    );
    let rooms = done(&["rooms", "--data", &url, "--timezone", "UTC"], "");
    let rows: Vec<&str> = rooms.lines().collect();
    assert_eq!(rows[0], "number    lines  last line         room");
    assert!(
        rows[1].starts_with("     1     2143  2026-01-01 00:41  den (closed "),
        "{rooms}"
    );
    assert!(rows[1].contains(" by Dai, kept until "), "{rooms}");
    assert_eq!(rows[2], "     2       30  2026-01-01 00:00  hall");
    // Its name was taken meanwhile.
    import(&url, &message("den", 1, "mine"));
    let (_, told) = refused(&["reopen", "--data", &url, "den"], "");
    assert!(told.contains("there is a room den again"), "{told}");
    let (_, told) = refused(&["reopen", "--data", &url, "--number", "9", "den"], "");
    assert!(told.contains("there is no closed room den"), "{told}");
    let output = run_with(&["reopen", "--data", &url, "--as", "cave", "DEN"], "");
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "room cave is open again\n"
    );
    assert_eq!(check(&url), "");
    let exported = export(&url);
    let cave = exported
        .lines()
        .find(|line| line.contains("\"cave\""))
        .expect("it is there");
    // With all that was decided in it, and all that was said.
    assert!(
        cave.contains("\"private\":true") && cave.contains("192.0.2.7"),
        "{cave}"
    );
    assert_eq!(
        exported
            .lines()
            .filter(|line| line.contains("\"room\":\"cave\""))
            .count(),
        2143
    );
    let (_, told) = refused(&["reopen", "--data", &url, "--number", "1", "den"], "");
    assert!(told.contains("there is no closed room den"), "{told}");
    // An account.
    let (_, told) = refused(&["delete-account", "--data", &url, "ann"], "");
    assert_eq!(told, "parlor: there is no account ann\n");
    let output = run_with(&["delete-account", "--data", &url, "DAI"], "");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        told.contains("nobody can use the account DAI any more"),
        "{told}"
    );
    assert_eq!(done(&accounts, "").lines().count(), 1);
}

#[test]
fn check_tells_of_what_no_server_could_have_stored() {
    let server = shared_postgres();
    let said = "INSERT INTO parlor.entries (room, seq, time, line, kind, version, line_kind, changes_rights, name, text)
        SELECT 1, n, parlor.now_ms(), 30 + n, 0, 1, 0, false, 'ann', 'line ' || n FROM generate_series(1, 100) n;
        UPDATE parlor.rooms SET seq = 100, last_id = 130, time = parlor.now_ms() WHERE id = 1;";
    for (spoil, expected) in [
        ("SELECT 1", ""),
        ("DELETE FROM parlor.entries WHERE seq = 50", "room 1: entry 50 is missing"),
        ("DELETE FROM parlor.entries WHERE seq = 100", "room 1: its last entries are missing"),
        ("UPDATE parlor.rooms SET seq = 90 WHERE id = 1", "room 1: it has entries beyond its last number"),
        ("UPDATE parlor.rooms SET last_id = 90 WHERE id = 1", "room 1: it has messages beyond its last number"),
        ("UPDATE parlor.entries SET time = time - 99999 WHERE seq = 50", "room 1: entry 50 is from before the one before it"),
        ("UPDATE parlor.entries SET line = 900 WHERE seq = 50", "room 1: the lines of entry 51 and of one before it"),
        ("UPDATE parlor.rooms SET key = 'other' WHERE id = 1", "room 1: its keys do not match its name"),
        ("UPDATE parlor.rooms SET name = 'two words' WHERE id = 1", "room 1: its name is invalid"),
        ("UPDATE parlor.entries SET name = 'two words' WHERE seq = 50", "message 80 of room 1: its sender's name is invalid"),
        ("UPDATE parlor.entries SET text = chr(27) || '[2J' WHERE seq = 50", "message 80 of room 1: nobody could have sent its text"),
        ("UPDATE parlor.entries SET text = '' WHERE line = 5", "message 5 of room 1: nobody could have sent its text"),
        ("UPDATE parlor.entries SET seq = -777 WHERE line = 5", "room 1: entry -777 has another line's number"),
        ("UPDATE parlor.images SET image = '[]'", "room 1: what it is like cannot be read"),
        ("UPDATE parlor.images SET seq = 500", "room 1: what it is like is written down for a time to come"),
        ("INSERT INTO parlor.entries VALUES (77, 1, 1, NULL, NULL, 3, 1, NULL, false)", "room 77: there are entries of it, and it is not there"),
        ("UPDATE parlor.indexed SET line = 64", "room 1: the search index lacks what was said in message 1"),
        (
            "INSERT INTO parlor.accounts (name, folded, folded_skeleton, skeleton_folded, password, created, seen, settings, reads)
             VALUES ('Dai', 'dai', 'dai', 'dai', 'hunter2', 1, 1, '{}', '{}')",
            "account 1: its password hash is invalid",
        ),
        ("INSERT INTO parlor.bans VALUES ('nobody at all', NULL, 'x', '', 1, 0)", "the ban of nobody at all: its target is invalid"),
        ("INSERT INTO parlor.reports VALUES (7, '[]')", "report 7: it cannot be read"),
        (
            "INSERT INTO parlor.nodes VALUES (1, 'a', 1, 1, now()), (2, 'b', 1, 1, now());
             INSERT INTO parlor.names VALUES (1, 'ann', 1::bigint << 40, 2)",
            "name ann: it is another node's than connection",
        ),
    ] {
        let database = server.database();
        let url = server.url(&database);
        import(&url, &much().replace("\"den\"", "\"hall2\""));
        // One room with a log besides.
        server.sql(&database, "DELETE FROM parlor.entries WHERE room = 1 AND line > 30");
        server.sql(&database, said);
        server.sql(&database, spoil);
        let told = check(&url);
        match expected {
            "" => assert_eq!(told, ""),
            _ => assert!(told.contains(expected), "{spoil}: {told}"),
        }
    }
}

#[test]
fn what_makes_no_sense_for_a_database_says_what_does() {
    let url = "postgres://ann:SECRET@127.0.0.1:1/parlor";
    for (args, expected) in [
        (&["backup", "--data", url, "copy.db"][..], "pg_dump"),
        (&["restore", "--data", url, "copy.db"], "pg_restore"),
        (&["trust-clock", "--data", url], "the clock of the database"),
        (
            &["check", "--data", "mysql://ann:SECRET@db/parlor"],
            "give a file, or the URL of a PostgreSQL database",
        ),
        (
            &[
                "export",
                "--data",
                "postgres://ann:SECRET@db/parlor?sslmode=perhaps",
            ],
            "sslmode",
        ),
        (&["admin", "--data", url, "list"], "Give --socket PATH"),
    ] {
        let (code, told) = refused(args, "");
        assert!(code == Some(2) || code == Some(1), "{args:?}: {told}");
        assert!(told.contains(expected), "{args:?}: {told}");
        assert!(!told.contains("SECRET"), "{args:?}: {told}");
    }
    // Whoever gives a password so is told who can see it.
    let (_, told) = refused(&["rooms", "--data", url], "");
    assert!(
        told.contains("the list of processes") && told.contains("PGPASSWORD"),
        "{told}"
    );
    assert!(!told.contains("SECRET"), "{told}");
}

#[test]
fn a_database_without_parlor_is_told_from_one_that_is_not_there() {
    let server = shared_postgres();
    let database = server.database();
    let url = server.url(&database);
    for tool in ["export", "check", "rooms", "accounts"] {
        let (code, told) = refused(&[tool, "--data", &url], "");
        assert_eq!(code, Some(1));
        assert!(told.contains("has nothing of parlor's in it"), "{told}");
        // It is as it was.
        let schemas = "SELECT count(*) FROM pg_namespace WHERE nspname = 'parlor'";
        assert_eq!(server.sql(&database, schemas), "0");
    }
    let (_, told) = refused(&["export", "--data", &server.url("nowhere")], "");
    assert!(told.contains("\"nowhere\" does not exist"), "{told}");
    server.sql(
        &database,
        "CREATE SCHEMA parlor; CREATE TABLE parlor.mine (n int)",
    );
    let (_, told) = refused(&["import", "--data", &url], TALK);
    assert!(told.contains("somebody else's"), "{told}");
}

#[test]
fn an_import_is_seen_on_servers_that_run_in_new_rooms_and_in_old_ones() {
    let server = shared_postgres();
    let url = server.fresh();
    let data = ["--data", url.as_str()];
    let (one, other) = (Server::start(&data), Server::start(&data));
    let [mut ann] = room_with(&one, "1150", ["ann"]);
    ann.say("before");
    let lines: String = (10..=30)
        .map(|id| message("1150", id, &format!("imported {id}")))
        .collect();
    let new: String = (1..=2500)
        .map(|id| message("new", id, &format!("moved {id}")))
        .collect();
    import(&url, &(lines + &new));
    let [mut ben] = room_with(&other, "new", ["ben"]);
    for (who, newest) in [(&mut ann, "imported 30"), (&mut ben, "moved 2500")] {
        found_within(Duration::from_secs(60), newest, || {
            who.line(format!("\\search {newest}"));
            let seen = who.expect(&who.prompt());
            seen.contains(newest).then_some(()).ok_or(seen)
        });
    }
    // What is said next comes behind it, for everybody.
    ann.say("after");
    let exported = export(&url);
    let last = exported.lines().rfind(|line| line.contains("\"1150\""));
    let last = last.expect("a line");
    assert!(
        last.contains("\"id\":31,") && last.contains("after"),
        "{last}"
    );
    assert_eq!(check(&url), "");
}

#[test]
fn an_export_is_of_one_moment_while_others_talk() {
    let server: &PostgresServer = shared_postgres();
    let database = server.database();
    let url = server.url(&database);
    import(&url, &much());
    let folder = TempDir::new().expect("a directory");
    let out = fs::File::create(folder.path().join("out")).expect("a file");
    // It stops at a pipe that is full, in the middle.
    let mut exporting = Command::new(PROGRAM)
        .args(["export", "--data", &url, "--format", "jsonl"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let open = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'parlor%tool' AND state LIKE 'idle in transaction%'
        AND datname = current_database()";
    let patience = Instant::now() + Duration::from_secs(60);
    while server.sql(&database, open) != "1" {
        assert!(Instant::now() < patience, "it never stops");
    }
    server.sql(
        &database,
        "UPDATE parlor.entries SET text = 'later'; UPDATE parlor.rooms SET closed = 1",
    );
    let mut stdout = exporting.stdout.take().expect("piped");
    let mut out = out;
    std::io::copy(&mut stdout, &mut out).expect("it is read");
    assert!(exporting.wait().expect("it ends").success());
    let text = fs::read_to_string(folder.path().join("out")).expect("a file");
    assert_eq!(text, much());
}

#[test]
fn check_takes_rooms_up_as_they_were_and_replays_what_is_there_of_their_logs() {
    let server = shared_postgres();
    let database = server.database();
    let url = server.url(&database);
    let talking = Server::start(&["--data", &url, "--notice-delay", "0"]);
    let [mut ann, mut ben] = room_with(&talking, "1150", ["ann", "ben"]);
    ann.line("\\topic tea");
    ann.expect("tea");
    for round in 0..40 {
        ben.line("\\leave");
        ben.expect("Welcome!");
        ben.expect("> ");
        ben.join("1150");
        ann.say(&format!("round {round}"));
        if round % 10 == 0 {
            ann.line("\\mute ben");
            ann.expect("ben was muted by ann");
            ann.line("\\unmute ben");
            ann.expect("ben was unmuted by ann");
        }
    }
    assert_eq!(check(&url), "");
    let images = "SELECT count(*) FROM parlor.images WHERE seq > 64";
    assert_eq!(server.sql(&database, images), "1");
    for (spoil, expected) in [
        (
            "UPDATE parlor.images SET image = replace(image, 'tea', 'coffee')",
            "room 1: what it is like is not what its log says",
        ),
        (
            "DELETE FROM parlor.entries WHERE seq = (SELECT max(seq) - 1 FROM parlor.entries)",
            "is missing",
        ),
    ] {
        server.sql(&database, spoil);
        let told = check(&url);
        assert!(told.contains(expected), "{told}");
        server.sql(
            &database,
            "UPDATE parlor.images SET image = replace(image, 'coffee', 'tea')",
        );
    }
}

#[test]
fn a_server_that_cannot_have_its_database_says_why_and_shows_no_password() {
    let server = shared_postgres();
    let nobody = server
        .url("nowhere")
        .replace("postgres@", "postgres:SECRET@");
    let output = run_with(&["--data", &nobody, "--listen", "127.0.0.1:0"], "");
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(told.contains("\"nowhere\" does not exist"), "{told}");
    assert!(told.contains("PGPASSWORD"), "{told}");
    assert!(!told.contains("SECRET"), "{told}");
}
