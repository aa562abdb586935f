//! Telnet clients in character mode: keys, pastes, sizes, and the way into it.

use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use crate::harness::{
    BUSYBOX_TELNET, Caller, Client, NC_OPENBSD, PLINK, Server, Size, TELNET, TELNET_SSL, Terminal,
    View, room_with, slow_way_to, walk_in,
};

const TELNETS: [&Caller; 4] = [&TELNET, &TELNET_SSL, &BUSYBOX_TELNET, &PLINK];

/// `guest` in a telnet and `host` in room 1150.
fn in_room(server: &Server, caller: &Caller) -> (Terminal, Client) {
    let [mut host] = room_with(server, "1150", ["host"]);
    let mut person = caller.start(server);
    walk_in(&mut person, "guest");
    host.expect_next("\n* guest joined\nhost> ");
    (person, host)
}

#[test]
fn it_begins_after_the_first_line_without_any_question() {
    for caller in TELNETS {
        println!("case: {}", caller.name);
        let server = Server::start(&[]);
        let mut person = caller.start(&server);
        person.expect_prompt("anon>");
        person.line("3");
        person.expect("There are no created rooms yet");
        person.expect_prompt("anon>");
        // Only in character mode the server is asked to mark pastes.
        let view = person.wait_until(|view| view.marks_pastes);
        assert!(view.is_ok(), "{}", person.screen());
        person.keys("\x01b\x05d\x02a\x02\x02\x1b[C\x1b[3~");
        person.expect_prompt("anon> bd");
        let screen = person.screen();
        let questions = screen.matches('?').count() - "password anyway?".matches('?').count();
        assert_eq!(
            questions,
            screen.matches("password anyway?").count() - 1,
            "{screen}"
        );
        // Leaving, the terminal is as it was.
        person.keys("\x03\x04");
        person.expect("Goodbye.");
        person.expect_exit();
        assert!(!person.view().marks_pastes);
    }
}

#[test]
fn the_line_is_edited_by_graphemes() {
    let server = Server::start(&[]);
    let (mut person, mut host) = in_room(&server, &TELNET);
    // Home and End, Backspace and Delete, words, kill and yank, undo, in the encodings of several terminals.
    let table: &[(&str, &str)] = &[
        ("กำลัง\x7f\x7fx", "กำx"),
        ("👍🏽👨\u{200d}👩\u{200d}👧y\x02\x7f", "👍🏽y"),
        ("bc\x1b[Ha\x1bOFd", "abcd"),
        ("one two three\x17\x1bb\x1b[3~", "one wo "),
        ("one two\x15\x19\x19", "one twoone two"),
        ("ab\x14", "ba"),
        ("gone\x15kept\x1f\x1fk", "gonek"),
        ("x\x1b[200~y\x1b[201~\x1b[99;99~z", "xyz"),
    ];
    for (keys, line) in table {
        println!("case: {keys:?}");
        person.line(keys);
        host.expect_next(&format!("\n[HH:MM:SS] guest: {line}\nhost> "));
        person.expect(&format!("] guest: {}\nguest>", line.trim_end()));
    }
    // The lines sent come back with Up, and are found with Ctrl-R.
    person.keys("\x1b[A\x10\x1b[B\x05!\r");
    host.expect_next("\n[HH:MM:SS] guest: xyz!\nhost> ");
    person.keys("\x12กำ\r");
    host.expect_next("\n[HH:MM:SS] guest: กำx\nhost> ");
}

#[test]
fn enter_alone_says_nothing_and_answers_a_question() {
    let server = Server::start(&[]);
    let (mut person, mut host) = in_room(&server, &TELNET);
    person.keys("\r\r\rwell\r");
    host.expect_next("\n[HH:MM:SS] guest: well\nhost> ");
    person.expect("] guest: well\nguest>");
    assert!(
        !person.screen().contains("guest>\nguest>"),
        "{}",
        person.screen()
    );
    person.line("\\join nowhere");
    person.expect("Create it? [y/N]");
    person.line("");
    person.expect("Nothing was created.");
    person.line("\\exit");
    person.expect("Who needs password anyway?");
    person.keys("\r\r");
    person.line("3");
    person.expect("Active Room(s): 1150");
    assert!(
        !person.screen().contains("incorrect input"),
        "{}",
        person.screen()
    );
}

#[test]
fn what_was_edited_in_an_earlier_line_is_there_until_a_line_is_sent() {
    let server = Server::start(&[]);
    let (mut person, mut host) = in_room(&server, &TELNET);
    for line in ["one", "two"] {
        person.line(line);
        host.expect_next(&format!("\n[HH:MM:SS] guest: {line}\nhost> "));
    }
    person.keys("half\x1b[A!\x1b[A");
    person.expect_prompt("guest> one");
    person.keys("\x1b[B");
    person.expect_prompt("guest> two!");
    person.keys("\x1b[B");
    person.expect_prompt("guest> half");
    person.keys("\x1b[A\r");
    host.expect_next("\n[HH:MM:SS] guest: two!\nhost> ");
    person.keys("\x1b[A\x1b[A");
    person.expect_prompt("guest> two");
}

#[test]
fn esc_leaves_the_search_with_what_it_found() {
    let server = Server::start(&[]);
    let (mut person, mut host) = in_room(&server, &TELNET);
    for line in ["one", "two"] {
        person.line(line);
        host.expect_next(&format!("\n[HH:MM:SS] guest: {line}\nhost> "));
    }
    person.keys("\x12on");
    person.expect_prompt("(reverse search) on: one");
    person.keys("\x1b");
    person.expect_prompt("guest> one");
    // What is typed then is text, and no part of a sequence.
    person.keys("d\x05!");
    person.expect_prompt("guest> done!");
    person.keys("\x1b[200~a\rb\r\x1b[201~");
    person.expect_prompt("Send 2 lines? [y/N]");
    person.keys("\x1b");
    person.expect("(nothing was sent; the Up key brings the lines back)\nguest> done!");
    // A sequence that is cut is one all the same.
    person.keys("\x12on\x1b");
    person.keys("[D?");
    person.expect_prompt("guest> ?one");
}

#[test]
fn ctrl_l_clears_the_screen_and_shows_the_line_again() {
    let server = Server::start(&[]);
    let (mut person, _host) = in_room(&server, &TELNET);
    person.keys("half typed");
    person.expect_prompt("guest> half typed");
    person.keys("\x0c");
    let is_alone = |view: &View| view.rows == ["guest> half typed"] && view.cursor == (0, 17);
    let seen = person.wait_until(is_alone);
    assert!(seen.is_ok(), "{}", person.screen());
}

#[test]
fn ctrl_c_clears_the_line_and_ctrl_d_leaves() {
    for caller in TELNETS {
        println!("case: {}", caller.name);
        let server = Server::start(&[]);
        let (mut person, mut host) = in_room(&server, caller);
        person.keys("never mind");
        person.expect_prompt("guest> never mind");
        // With text on the line, Ctrl-D is not the end.
        person.keys("\x04");
        person.keys("\x03");
        person.expect_prompt("guest>");
        person.line("said");
        host.expect_next("\n[HH:MM:SS] guest: said\nhost> ");
        person.keys("\x04");
        host.expect_next("\n* guest left\nhost> ");
        person.expect("Who needs password anyway?");
        person.expect_prompt("guest>");
        person.keys("\x04");
        person.expect_exit();
    }
}

#[test]
fn a_paste_of_many_lines_asks_first() {
    for caller in TELNETS {
        println!("case: {}", caller.name);
        let server = Server::start(&[]);
        let (mut person, mut host) = in_room(&server, caller);
        assert!(person.view().marks_pastes);
        let paste = "\x1b[200~one\rtwo\rสาม\r\x1b[201~";
        person.keys(paste);
        person.expect_prompt("Send 3 lines? [y/N]");
        // Messages come meanwhile.
        host.say("busy");
        person.expect("] host: busy\nSend 3 lines? [y/N]");
        person.keys("n");
        person.expect("(nothing was sent; the Up key brings the lines back)\nguest>");
        person.keys("\x1b[A\x1b[A");
        person.expect_prompt("guest> two");
        person.keys("\x03");
        person.expect_prompt("guest>");
        person.keys(paste);
        person.expect_prompt("Send 3 lines? [y/N]");
        person.keys("y");
        // Of the first paste nothing was said.
        for line in ["one", "two", "สาม"] {
            host.expect(&format!("[HH:MM:SS] guest: {line}\n"));
        }
        person.expect("] guest: one\n");
        person.expect("] guest: สาม\nguest>");
        assert_eq!(host.text().matches("] guest: one").count(), 1);
        // What is behind the last line end stays to be edited.
        person.keys("\x1b[200~four\rfive\rsi\x1b[201~");
        person.expect_prompt("Send 2 lines? [y/N]");
        person.keys("y");
        person.expect("] guest: five\nguest> si");
        person.keys("x\r");
        host.expect("[HH:MM:SS] guest: six\nhost> ");
        // One line is text like any other.
        person.keys("<\x1b[200~pasted\x1b[201~>\r");
        host.expect("[HH:MM:SS] guest: <pasted>\nhost> ");
    }
}

#[test]
fn tab_completes_names_commands_and_rooms() {
    let server = Server::start(&[]);
    let [_host, _hostess] = room_with(&server, "1150", ["host", "hostess"]);
    let mut person = TELNET.start(&server);
    person.expect_prompt("anon>");
    person.line("\\name guest");
    person.expect_prompt("guest>");
    person.line("2");
    person.expect_prompt("Please enter room number:");
    person.keys("11\t");
    person.expect_prompt("Please enter room number: 1150");
    // What completion adds behind the room's name is no part of it.
    person.keys("\r");
    person.expect("------------ Room 1150 ------------");
    person.expect_prompt("guest>");
    person.keys("\\he\t");
    person.expect_prompt("guest> \\help");
    person.keys("\x03ho\t");
    person.expect_prompt("guest> host");
    person.keys("\t");
    person.expect("host  hostess\nguest> host");
    // What is typed behind a Tab waits for what it completes.
    person.keys("e\tand @GU\t");
    person.expect_prompt("guest> hostess: and @guest");
}

#[test]
fn tab_completes_what_a_setting_can_be() {
    let server = Server::start(&[]);
    let (mut person, _host) = in_room(&server, &TELNET);
    for (typed, completed) in [
        ("\\bell m\t", "\\bell mention"),
        ("/color of\t", "/color off"),
        ("\\timezone asia/bang\t", "\\timezone Asia/Bangkok"),
        ("\\charset windows-8\t", "\\charset windows-874"),
        ("/char\tcp8\t", "/charset cp850"),
    ] {
        person.keys(typed);
        person.expect_prompt(&format!("guest> {completed}"));
        person.keys("\x03");
        person.expect_prompt("guest>");
    }
    person.keys("\\bell \t\t");
    person.expect("all  mention  off\nguest> \\bell");
}

#[test]
fn names_that_come_too_late_complete_nothing() {
    let server = Server::start(&[]);
    let [mut host] = room_with(&server, "1150", ["host"]);
    host.line("\\exit");
    host.expect("host> ");
    let mut person = TELNET.start(&server);
    walk_in(&mut person, "guest");
    // The room is asked for its names, and the line is gone when they come.
    for n in 1..=3 {
        person.keys(&format!("{n}\t\r"));
        person.expect(&format!("] guest: {n}\nguest>"));
    }
    host.join("1150");
    person.expect_prompt("guest>");
}

#[test]
fn a_mention_rings_the_bell_for_those_who_want_it() {
    let server = Server::start(&[]);
    let (mut person, mut host) = in_room(&server, &TELNET);
    person.line("\\bell off");
    person.expect("The bell is off.\nguest>");
    host.say("guest: silent");
    person.expect("] host: guest: silent\nguest>");
    assert_eq!(person.view().bells, 0);
    person.line("\\bell on");
    person.expect("The bell rings when somebody says your name, and for private messages.\nguest>");
    person.keys("half");
    host.say("hello @GUEST!");
    person.expect("] host: hello @GUEST!\nguest> half");
    let view = person.wait_until(|view| view.bells == 1);
    assert!(view.is_ok(), "{}", person.screen());
}

#[test]
fn a_resized_terminal_shows_the_line_anew() {
    for caller in [&TELNET, &TELNET_SSL, &PLINK] {
        println!("case: {}", caller.name);
        let server = Server::start(&[]);
        let (mut person, mut host) = in_room(&server, caller);
        let text = "The quick brown fox jumps over the lazy dog, again";
        person.keys(text);
        person.expect_prompt(&format!("guest> {text}"));
        let wide = Size {
            rows: 40,
            columns: 80,
        };
        let narrow = Size {
            rows: 40,
            columns: 40,
        };
        person.resize(narrow);
        // The end of the line is in view, with a mark where the rest is, and the cursor behind it.
        let view = person.wait_until(|view| {
            let row = view.rows.last().map_or("", String::as_str);
            row.starts_with("guest> ")
                && row.ends_with("lazy dog, again")
                && view.cursor == (view.rows.len() - 1, row.chars().count())
        });
        let view = view.unwrap_or_else(|view| panic!("{}: {view:#?}", caller.name));
        let row = view.rows.last().expect("a row");
        assert!(
            row.chars().count() < 40 && !row.contains("quick"),
            "{row:?}"
        );
        host.say("on a narrow screen");
        person.expect("] host: on a narrow screen\nguest> ");
        person.resize(wide);
        person.expect_prompt(&format!("guest> {text}"));
        person.line("!");
        host.expect_next(&format!("\n[HH:MM:SS] guest: {text}!\nhost> "));
        person.expect(&format!("] guest: {text}!\nguest>"));
    }
}

#[test]
fn busybox_tells_no_new_size_and_is_asked_with_ctrl_l() {
    let server = Server::start(&[]);
    let (mut person, mut host) = in_room(&server, &BUSYBOX_TELNET);
    let text = "x".repeat(60);
    person.keys(&text);
    person.expect_prompt(&format!("guest> {text}"));
    person.resize(Size {
        rows: 30,
        columns: 50,
    });
    // The terminal's answer to Ctrl-L comes by the same way as its keys.
    person.keys("\x0c");
    let asked = person.wait_until(|view| view.asked_size);
    assert!(asked.is_ok(), "{}", person.screen());
    person.keys("\x1b[30;50R");
    let seen = person.wait_until(|view| {
        let row = view.rows.last().map_or("", String::as_str);
        row.starts_with("guest> ") && row.ends_with('x') && row.chars().count() < 50
    });
    assert!(seen.is_ok(), "{}", person.screen());
    person.line("");
    host.expect_next(&format!("\n[HH:MM:SS] guest: {text}\nhost> "));
}

/// As long as a way half around the world takes.
const ONE_WAY: Duration = Duration::from_millis(150);

#[test]
fn what_is_typed_ahead_on_a_slow_line_is_neither_lost_nor_doubled() {
    for caller in TELNETS.into_iter().chain([&NC_OPENBSD]) {
        println!("case: {}", caller.name);
        let server = Server::start(&[]);
        let [mut host] = room_with(&server, "1150", ["host"]);
        let command = caller.command(slow_way_to(server.address(), ONE_WAY));
        let mut person = Terminal::start(&server, caller.name, &command);
        person.expect_prompt("anon>");
        // All of it is typed before the first answer to the first line can be there.
        person.keys("4\rguest\r2\r1150\rhello ");
        host.expect_next("\n* guest joined\nhost> ");
        person.keys("world\r");
        host.expect_next("\n[HH:MM:SS] guest: hello world\nhost> ");
        person.expect("] guest: hello world\nguest>");
        assert_eq!(person.screen().matches("] guest: hello world").count(), 1);
    }
}

#[test]
fn somebody_who_never_stops_typing_loses_nothing_on_the_way_into_character_mode() {
    for caller in TELNETS {
        println!("case: {}", caller.name);
        let server = Server::start(&[]);
        let [mut host] = room_with(&server, "1150", ["host"]);
        let command = caller.command(slow_way_to(server.address(), ONE_WAY));
        let mut person = Terminal::start(&server, caller.name, &command);
        person.expect_prompt("anon>");
        let lines: Vec<String> = (1..=6)
            .map(|n| format!("the quick brown fox {n}"))
            .collect();
        let keys = format!("\\name guest\r2\r1150\r{}\r", lines.join("\r"));
        for key in keys.chars() {
            person.keys(&key.to_string());
            // A fast typist: the four round trips take some sixty keys.
            thread::sleep(Duration::from_millis(20));
        }
        host.expect_next("\n* guest joined\nhost> ");
        for line in &lines {
            host.expect_next(&format!("\n[HH:MM:SS] guest: {line}\nhost> "));
        }
        person.expect(&format!("] guest: {}\nguest>", lines[5]));
        for line in &lines {
            let shown = person
                .screen()
                .matches(&format!("] guest: {line}\n"))
                .count();
            assert_eq!(shown, 1, "{line:?} in\n{}", person.screen());
        }
    }
}

#[test]
fn who_comes_by_telnet_is_given_no_advice_for_netcat_whatever_comes_first() {
    for caller in TELNETS {
        println!("case: {}", caller.name);
        let server = Server::start(&[]);
        let [_host] = room_with(&server, "1150", ["host"]);
        let mut person = caller.start(&server);
        person.expect_prompt("anon>");
        person.line("\\join 1150");
        person.expect("------------ Room 1150 ------------");
        person.expect_prompt("anon>");
        assert!(!person.screen().contains("\\ansi"), "{}", person.screen());
        let folder = TempDir::new().expect("a directory");
        let file = folder.path().join("chat.db");
        let server = Server::start(&["--data", &file.to_string_lossy()]);
        let mut person = caller.start(&server);
        person.expect_prompt("anon>");
        person.line("\\login Dai");
        person.expect_prompt("Password of Dai:");
        let told = "your terminal shows what you type";
        assert!(!person.screen().contains(told), "{}", person.screen());
    }
}
