//! What was said stays said: with `--data` over a restart, and looked into from the room.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::harness::{Client, Server, in_character_mode, plain_lines, room_with, run};

fn server(file: &Path) -> Server {
    Server::start(&["--data", &file.to_string_lossy(), "--rate", "0"])
}

/// A client in a room.
fn joined(server: &Server, name: &str, room: &str) -> (Client, String) {
    let mut client = server.client(name);
    client.login();
    let view = client.join(room);
    (client, view)
}

#[test]
fn rooms_and_their_last_lines_come_back_after_a_restart() {
    let folder = TempDir::new().expect("a directory");
    let file = folder.path().join("chat.db");
    let first = server(&file);
    let [mut ann] = room_with(&first, "1150", ["ann"]);
    let mut other = first.client("other");
    other.login();
    other.create("lobby");
    for number in 1..=12 {
        ann.say(&format!("line {number}"));
    }
    first.stop();

    let second = server(&file);
    let (mut ben, view) = joined(&second, "ben", "1150");
    assert!(!view.contains("ann: line 2\n"), "{view}");
    for number in 3..=12 {
        assert!(view.contains(&format!("] ann: line {number}\n")), "{view}");
    }
    ben.say("and on");
    ben.line("\\exit");
    ben.expect("ben> ");
    ben.line("3");
    ben.expect("Active Room(s): 1150,lobby\n");
}

#[test]
fn the_past_can_be_paged_and_searched_while_the_room_goes_on() {
    let folder = TempDir::new().expect("a directory");
    let file = folder.path().join("chat.db");
    let server = server(&file);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    for number in 1..=50 {
        ann.say(&format!("number {number}"));
    }
    ann.say("สวัสดีครับ ทุกคน");
    ann.say("it's a \"quote\" AND more");
    ben.expect("AND more\nben> ");

    ben.line("\\history");
    ben.expect("#33 [");
    ben.expect("] ann: number 33\n");
    ben.expect("#52 [");
    ben.expect("(that is the newest; type '\\history' for what came before)\nben> ");
    ben.line("\\history 5");
    ben.expect("#28 [");
    ben.expect("#32 [");
    ben.expect("ben> ");

    for (words, found) in [
        ("วัสดี", "#51 ["),
        ("\"quote\"", "#52 ["),
        ("AND", "#52 ["),
        ("number 7", "#7 ["),
    ] {
        ben.line(format!("\\search {words}"));
        ben.expect(found);
        ben.expect("ben> ");
    }
    ben.line("\\search nothing like it");
    ben.expect("Nobody has said nothing like it here.\nben> ");
    ben.line("\\context 10");
    ben.expect("#5 [");
    ben.expect("#15 [");
    ben.expect("ben> ");
    ben.line("\\history soon");
    ben.expect("\\history 14:30.\nben> ");

    ann.say("live");
    ben.expect("] ann: live\nben> ");
}

#[test]
fn the_past_is_paged_from_what_is_in_sight_and_has_an_end_on_both_sides() {
    let folder = TempDir::new().expect("a directory");
    let server = server(&folder.path().join("chat.db"));
    let [mut ann] = room_with(&server, "1150", ["ann"]);
    for number in 1..=40 {
        ann.say(&format!("number {number}"));
    }
    // Ten lines are in sight, and then eleven.
    let (mut ben, _) = joined(&server, "ben", "1150");
    ann.say("number 41");
    ben.expect("number 41\nben> ");
    let older = "(type '\\history' for what came before)\nben> ";
    let pages = |ben: &mut Client, line: &str, end: &str| {
        ben.line(line);
        let shown = ben.expect(end);
        let numbers = shown.split('#').skip(1);
        let numbers = numbers.map(|row| row.split(' ').next().unwrap_or_default().to_owned());
        let numbers: Vec<String> = numbers.collect();
        (numbers.first().cloned(), numbers.last().cloned())
    };
    let some = |first: u32, last: u32| (Some(first.to_string()), Some(last.to_string()));
    assert_eq!(pages(&mut ben, "\\history", older), some(11, 30));
    assert_eq!(pages(&mut ben, "\\history", older), some(1, 10));
    assert_eq!(
        pages(
            &mut ben,
            "\\history",
            "There is nothing before that.\nben> "
        ),
        (None, None)
    );
    // Once something new is said, the newest comes first again.
    ann.say("number 42");
    ben.expect("number 42\nben> ");
    let newest = "(that is the newest; type '\\history' for what came before)\nben> ";
    assert_eq!(pages(&mut ben, "\\history", newest), some(23, 42));
    assert_eq!(pages(&mut ben, "\\history 30", older), some(1, 22));
}

#[test]
fn page_down_ends_at_the_newest_line_and_pages_are_as_high_as_the_window() {
    let folder = TempDir::new().expect("a directory");
    let server = server(&folder.path().join("chat.db"));
    let [mut ann] = room_with(&server, "1150", ["ann"]);
    for number in 1..=40 {
        ann.say(&format!("number {number}"));
    }
    let mut tel = in_character_mode(&server);
    // IAC SB NAWS 0 80 0 13 IAC SE
    tel.send(b"\xff\xfa\x1f\x00\x50\x00\x0d\xff\xf0");
    tel.send("\\color off\r");
    tel.expect("Colours are off.");
    for (key, first, end) in [
        // Nothing is newer than what is in sight.
        ("\x1b[6~", "(that is", "the newest)"),
        ("\x1b[5~", "#21 [", "#30 ["),
        ("\x1b[5~", "#11 [", "#20 ["),
        ("\x1b[6~", "#21 [", "#30 ["),
        ("\x1b[6~", "#31 [", "#40 ["),
        ("\x1b[6~", "(that is", "the newest)"),
    ] {
        tel.send(key);
        tel.expect(first);
        tel.expect(end);
        tel.expect("tel> ");
    }
}

#[test]
fn what_a_slow_reader_has_skipped_is_in_the_history_of_the_file() {
    let folder = TempDir::new().expect("a directory");
    let file = folder.path().join("chat.db");
    skipped_lines_are_in_the_history(&["--data", &file.to_string_lossy()]);
}

#[test]
fn what_a_slow_reader_has_skipped_is_in_the_history_in_memory() {
    skipped_lines_are_in_the_history(&["--history", "20"]);
}

/// Ann says far more than a member that does not read is kept; it then looks for what it has not seen.
fn skipped_lines_are_in_the_history(args: &[&str]) {
    /// Together more than the kernel keeps for one connection.
    const LINES: usize = 3_000;
    const LINE_BYTES: usize = 4_000;
    // The room keeps a line or two, so that most of the last page has been skipped.
    let server = Server::start(&[&["--rate", "0", "--outbox", "20000"], args].concat());
    let [mut ann] = room_with(&server, "1150", ["ann"]);
    let mut slow = server.stuck_client("slow");
    slow.send("4\nslow\n\\width off\n2\n1150\n");
    ann.expect("* slow joined\n");
    let line = |number: usize| format!("n{number} {}", "x".repeat(LINE_BYTES));
    for number in 1..LINES {
        ann.line(line(number));
        ann.expect(&format!("] ann: n{number} "));
    }
    slow.start_reading();
    slow.expect(" messages skipped\n");
    ann.line("the end");
    slow.expect("] ann: the end\nslow> ");
    let live = slow.text();

    slow.line("\\history");
    slow.expect("type '\\history' for what came before)\nslow> ");
    let shown = slow.text().split_off(live.len());
    let shown: Vec<_> = plain_lines(&shown, "slow")
        .iter()
        .filter_map(|row| Some(row.split_once("] ann: ")?.1.to_owned()))
        .collect();
    let mut last: Vec<_> = (LINES - 19..LINES).map(line).collect();
    last.push("the end".to_owned());
    assert!(shown == last, "{} rows are not the last 20", shown.len());
    let unseen = last.iter().filter(|text| !live.contains(text.as_str()));
    assert!(unseen.count() > 10, "it had seen most of them");
}

#[test]
fn rooms_that_are_imported_while_the_server_runs_are_there_at_once() {
    let folder = TempDir::new().expect("a directory");
    let file = folder.path().join("chat.db");
    let server = server(&file);
    let mut ann = server.client("ann");
    ann.login();
    ann.line("3");
    ann.expect("There are no created rooms yet\n");
    import(&file, "listed");
    ann.line("3");
    ann.expect("Active Room(s): listed\n");

    import(&file, "joined");
    // A room of later number that the server has made itself does not hide it.
    ann.create("made");
    let view = ann.join("joined");
    assert!(view.contains("] eve: said in joined\n"), "{view}");
    let (mut ben, _) = joined(&server, "ben", "joined");
    ann.say("hello");
    ben.expect("] ann: hello\n");
    ann.line("\\exit");
    ann.expect("ann> ");

    import(&file, "taken");
    ann.line("1\ntaken");
    ann.expect("Create room taken failed. It exists already. Type 2 to join it.\n");
    let view = ann.join("taken");
    assert!(view.contains("] eve: said in taken\n"), "{view}");
    ann.line("\\exit");
    ann.expect("ann> ");
    ann.line("2\nnowhere");
    ann.expect("Join room nowhere failed. There is no such room.");
    ann.line("3");
    ann.expect("Active Room(s): listed,joined,made,taken\n");
}

/// Imports a room with one line.
fn import(file: &Path, room: &str) {
    let lines = file.with_extension("jsonl");
    let line = format!(
        r#"{{"type":"message","room":"{room}","id":7,"time":"2026-01-01T00:00:00.000Z","name":"eve","kind":"message","text":"said in {room}"}}"#
    );
    fs::write(&lines, line).expect("written");
    let [data, lines] = [file, &lines].map(Path::to_string_lossy);
    let output = run(&["import", "--data", &data, &lines]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
}

#[test]
fn a_second_server_on_the_same_file_does_not_start() {
    let folder = TempDir::new().expect("a directory");
    let file = folder.path().join("chat.db");
    let _first = server(&file);
    let second = run(&["--listen", "127.0.0.1:0", "--data", &file.to_string_lossy()]);
    assert_eq!(second.status.code(), Some(1));
    let told = String::from_utf8_lossy(&second.stderr);
    assert!(told.contains("another server is using it"), "{told}");
}

#[test]
fn a_file_that_is_none_of_ours_is_left_as_it_is() {
    let folder = TempDir::new().expect("a directory");
    let file = folder.path().join("notes.txt");
    fs::write(&file, "dear diary\n".repeat(100)).expect("a file");
    let output = run(&["--listen", "127.0.0.1:0", "--data", &file.to_string_lossy()]);
    assert_eq!(output.status.code(), Some(1));
    let kept = fs::read_to_string(&file).expect("it is there");
    assert_eq!(kept, "dear diary\n".repeat(100));
}
