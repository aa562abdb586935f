//! `parlor export`, `import`, `check` and `backup` on a file that no server uses.

use std::fs;
use std::io::Write;
use std::process::{Command, Output, Stdio};

use rusqlite::Connection;
use tempfile::TempDir;

use crate::harness::{PROGRAM, Server, room_with, run, stdout};

const TALK: &str = r#"{"type":"room","name":"1150","topic":"","created":"2026-01-01T00:00:00.000Z","last_id":3}
{"type":"message","room":"1150","id":2,"time":"2026-01-01T00:00:00.123Z","name":"ann","kind":"message","text":"ดี \"hi\""}
{"type":"message","room":"1150","id":3,"time":"2026-01-02T00:00:00.000Z","name":"ben","kind":"message","text":"👍"}
{"type":"room","name":"empty","topic":"","created":"2026-01-01T00:00:01.000Z","last_id":0}
"#;

/// Runs the program with `input` on standard input.
fn run_with(args: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_parlor"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(input.as_bytes()).expect("it reads");
    drop(stdin);
    child.wait_with_output().expect("it ends")
}

/// A directory with `chat.db`, which holds [`TALK`], and the path of that.
fn a_chat() -> (TempDir, String) {
    let folder = TempDir::new().expect("a directory");
    let file = path(&folder, "chat.db");
    let output = run_with(&["import", "--data", &file], TALK);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    assert!(told.starts_with("imported 2 messages"), "{told}");
    (folder, file)
}

fn path(folder: &TempDir, name: &str) -> String {
    folder.path().join(name).to_string_lossy().into_owned()
}

#[test]
fn what_is_imported_is_exported_again_byte_for_byte() {
    let (folder, file) = a_chat();
    assert_eq!(
        stdout(&["export", "--data", &file, "--format", "jsonl"]),
        TALK
    );
    let copy = path(&folder, "copy.db");
    stdout(&["backup", "--data", &file, &copy]);
    assert_eq!(stdout(&["check", "--data", &copy]), "");
    assert_eq!(
        stdout(&["export", "--data", &copy, "--format", "jsonl"]),
        TALK
    );
    // The same from a file as from standard input, and not twice.
    let exported = path(&folder, "talk.jsonl");
    fs::write(&exported, TALK).expect("written");
    stdout(&["import", "--data", &file, &exported]);
    assert_eq!(
        stdout(&["export", "--data", &file, "--format", "jsonl"]),
        TALK
    );
}

#[test]
fn an_export_as_text_can_be_of_a_room_and_of_a_day() {
    let (_folder, file) = a_chat();
    let export =
        |more: &[&str]| stdout(&[&["export", "--data", &file, "--timezone", "UTC"], more].concat());
    let (first, second) = (
        "2026-01-01 00:00:00 1150 ann: ดี \"hi\"\n",
        "2026-01-02 00:00:00 1150 ben: 👍\n",
    );
    assert_eq!(export(&[]), format!("{first}{second}"));
    assert_eq!(export(&["--until", "2026-01-02"]), first);
    assert_eq!(export(&["--since", "2026-01-01T00:00:01"]), second);
    assert_eq!(export(&["--room", "empty"]), "");
}

#[test]
fn what_is_done_is_exported_as_it_was_shown() {
    let folder = TempDir::new().expect("a directory");
    let file = path(&folder, "chat.db");
    let mut server = Server::start(&["--data", &file, "--timezone", "UTC"]);
    let [mut ann] = room_with(&server, "1150", ["ann"]);
    ann.line("\\me waves");
    ann.expect("* ann waves\n");
    server.signal("TERM");
    server.expect_exit();
    let text = stdout(&["export", "--data", &file]);
    assert!(text.ends_with(" 1150 * ann waves\n"), "{text}");
}

#[test]
fn what_cannot_be_read_is_left_out_of_an_export_and_named() {
    let (_folder, file) = a_chat();
    let db = Connection::open(&file).expect("a database");
    db.execute_batch("UPDATE messages SET text = CAST(x'ff' AS TEXT) WHERE text = '👍'")
        .expect("spoilt");
    drop(db);
    let output = run(&["export", "--data", &file, "--format", "jsonl"]);
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        told,
        "parlor: some was left out:\nmessage 3 of room 1150 cannot be read\n"
    );
    let written = String::from_utf8(output.stdout).expect("UTF-8");
    let expected: Vec<_> = TALK
        .split_inclusive('\n')
        .filter(|line| !line.contains("ben"))
        .collect();
    assert_eq!(written, expected.concat());
}

#[test]
fn what_is_told_of_bad_input_steers_no_terminal() {
    let (folder, file) = a_chat();
    let bad = "\u{9b}31m\u{1b}[2J\u{202e}";
    let message = r#"{"type":"message","room":"1150","id":9,"time":"2026-01-01T00:00:00Z","name":"ann","kind":"message","text":"hi"}"#;
    for field in [
        "1150",
        "2026-01-01T00:00:00Z",
        "ann",
        "\"message\",\"text\"",
        "type",
    ] {
        let escaped: String = bad
            .chars()
            .map(|c| format!("\\u{:04x}", u32::from(c)))
            .collect();
        for bad in [bad, &escaped] {
            let input = message.replace(field, &field.replace(char::is_alphanumeric, bad));
            let output = run_with(&["import", "--data", &file], &input);
            assert_eq!(output.status.code(), Some(1), "{input}");
            let told = String::from_utf8(output.stderr).expect("UTF-8");
            assert!(told.starts_with("parlor: line 1: "), "{told}");
            is_harmless(&told);
        }
    }
    let name = path(&folder, bad);
    is_harmless(&String::from_utf8_lossy(
        &run(&["check", "--data", &name]).stderr,
    ));
}

fn is_harmless(text: &str) {
    let bad = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(!text.contains(bad), "{text:?}");
}

#[test]
fn what_cannot_be_done_is_one_clear_line_and_an_exit_code() {
    let (folder, file) = a_chat();
    let none = path(&folder, "none.db");
    let foreign = path(&folder, "foreign.db");
    fs::write(&foreign, "Dear diary, ".repeat(100)).expect("written");
    let cases: &[(&[&str], i32)] = &[
        (&["export", "--data", &none], 1),
        (&["export", "--data", &foreign], 1),
        (&["export", "--data", &file, "--room", "nowhere"], 1),
        (&["export", "--data", &file, "--since", "yesterday"], 2),
        (&["import", "--data", &file, &foreign], 1),
        (&["import", "--data", &foreign, "/dev/null"], 1),
        (&["import", "--data", &file, &none], 1),
        (&["check", "--data", &none], 1),
        (&["check", "--data", &foreign], 1),
        (&["backup", "--data", &file, &foreign], 1),
        (&["backup", "--data", &none, &path(&folder, "copy.db")], 1),
    ];
    for (args, code) in cases {
        let output = run(args);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(*code), "{args:?}: {told}");
        assert_eq!(told.trim().lines().count(), 1, "{args:?}: {told}");
        assert!(told.starts_with("parlor: "), "{args:?}: {told}");
    }
    assert!(
        fs::read_to_string(foreign)
            .expect("still there")
            .starts_with("Dear diary")
    );
}

#[test]
fn a_check_of_a_damaged_file_tells_of_it() {
    let (_folder, file) = a_chat();
    let mut content = fs::read(&file).expect("a file");
    for page in content.chunks_mut(4096).skip(1) {
        page[0] ^= 0xFF;
    }
    fs::write(&file, content).expect("written");
    let output = run(&["check", "--data", &file]);
    assert_eq!(output.status.code(), Some(1));
    assert!(!output.stderr.is_empty());
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let (_folder, file) = a_chat();
    let script = "\"$0\" export --data \"$1\" | head -n 0; exit \"${PIPESTATUS[0]}\"";
    let status = Command::new("bash")
        .args(["-c", script, env!("CARGO_BIN_EXE_parlor"), &file])
        .status()
        .expect("bash runs");
    assert!(status.success());
}

#[test]
fn what_is_asked_for_and_that_nobody_reads_is_no_failure() {
    for option in ["--help", "-h", "--version", "-V"] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let status = Command::new(PROGRAM)
            .arg(option)
            .stdout(writer)
            .stderr(Stdio::null())
            .status();
        assert_eq!(status.expect("it runs").code(), Some(0), "{option}");
    }
}
