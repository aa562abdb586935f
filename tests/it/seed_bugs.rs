//! The twelve bugs of the original program, one test each, in the order of the list.

use std::time::{Duration, Instant};

use crate::harness::{MENU, Server, room_with};

#[test]
fn bug_01_one_read_is_not_one_answer() {
    let server = Server::start(&[]);
    let mut client = server.client("ahead");
    client.send("4\nahead\n1\n1150\n2\n11");
    client.expect("Please enter room number: ");
    client.send("50\nhello\n\\ex");
    client.expect("[HH:MM:SS] ahead: hello\nahead> ");
    client.send("it\n3\n");
    client.expect("Active Room(s): 1150\n");
}

#[test]
fn bug_02_joins_at_the_same_time_land_in_their_own_rooms() {
    let server = Server::start(&[]);
    let (mut ann, mut ben) = (server.client("ann"), server.client("ben"));
    for (client, room) in [(&mut ann, "7"), (&mut ben, "1150")] {
        client.login();
        client.create(room);
    }
    for client in [&mut ann, &mut ben] {
        client.line("2");
        client.expect("Please enter room number: ");
    }
    ann.line("7");
    ben.line("1150");
    ann.expect("------------ Room 7 ------------\nann> ");
    ben.expect("------------ Room 1150 ------------\nben> ");
    ann.line("only here");
    ann.expect_next("[HH:MM:SS] ann: only here\nann> ");
    ben.line("only there");
    ben.expect_next("[HH:MM:SS] ben: only there\nben> ");
    ann.line("still alone");
    ann.expect_next("[HH:MM:SS] ann: still alone\nann> ");
}

#[test]
fn bug_03_the_sixth_connection_and_the_sixtieth_are_served() {
    let server = Server::start(&[]);
    let mut together: Vec<_> = (0..8)
        .map(|n| server.client(&format!("together{n}")))
        .collect();
    for client in &mut together {
        client.expect("anon> ");
    }
    for n in 0..60 {
        let mut client = server.client(&format!("after{n}"));
        client.line("5");
        client.expect("Goodbye.");
        client.expect_eof();
    }
}

#[test]
fn bug_04_a_half_closed_client_is_not_sent_output_for_ever() {
    let server = Server::start(&[]);
    let [mut ann] = room_with(&server, "1150", ["ann"]);
    let mut silent = server.client("silent");
    silent.expect("anon> ");
    silent.shutdown_write();
    let rest = silent.expect_eof();
    assert!(rest.len() < 200, "{rest:?}");
    ann.shutdown_write();
    let rest = ann.expect_eof();
    assert!(rest.len() < 200, "{rest:?}");
}

#[test]
fn bug_05_invalid_utf8_hurts_nobody() {
    let server = Server::start(&[]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    let cases: &[(&[u8], &str)] = &[
        (b"a\xc3(b\n", "a\u{fffd}(b"),
        (b"\xe0\xb9\n", "\u{fffd}"),
        (b"\x80x\n", "\u{fffd}x"),
        (b"\xf5 \xfe\n", "\u{fffd} \u{fffd}"),
    ];
    for (bytes, shown) in cases {
        ann.send(bytes);
        ann.expect_next(&format!("[HH:MM:SS] ann: {shown}\nann> "));
        ben.expect_next(&format!("\n[HH:MM:SS] ann: {shown}\nben> "));
    }
    // A character cut by a packet border is whole again.
    let thai = "ใจ".as_bytes();
    ann.send(&thai[..1]);
    ann.send(&thai[1..4]);
    ann.send(&thai[4..]);
    ann.send("\n");
    ben.expect_next("\n[HH:MM:SS] ann: ใจ\nben> ");
}

#[test]
fn bug_06_a_long_line_is_not_cut_in_the_middle_of_a_character() {
    let server = Server::start(&[]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    // 1,365 letters of three bytes are 4,095 bytes, one below the longest line.
    let long = "ก".repeat(1365);
    ann.unwrapped();
    ben.unwrapped();
    ann.say(&long);
    ben.expect_next(&format!("\n[HH:MM:SS] ann: {long}\nben> "));
}

#[test]
fn bug_07_nobody_can_forge_a_line_or_send_a_control() {
    let server = Server::start(&[]);
    let [mut eve, mut ben] = room_with(&server, "1150", ["eve", "ben"]);
    let before = ben.received().len();
    let tricks = [
        "\x1b[2J\x1b[H[00:00:00] boss: escape",
        "bell\x07 \x08\x08\x08\x7f backspace \x0b\x0c\x0e",
        "next line\u{85}[00:00:00] boss: c1",
        "separators\u{2028}[00:00:00] boss: line\u{2029}[00:00:00] boss: paragraph",
        "c1 csi \u{9b}2J",
        "bidi \u{202e}sdrawkcab\u{202c} \u{2066}isolate\u{2069} \u{200f}mark",
    ];
    for trick in tricks {
        eve.line(trick);
        eve.expect("\neve> ");
        ben.expect("[HH:MM:SS] eve: ");
        ben.expect("\nben> ");
    }
    // A bare CR ends a line: what follows is one more line under the same name.
    eve.send("front\r[00:00:00] boss: behind\n");
    ben.expect("[HH:MM:SS] eve: front\n");
    ben.expect("[HH:MM:SS] eve: [00:00:00] boss: behind\nben> ");
    let shown =
        String::from_utf8(ben.received()[before..].to_vec()).expect("only clean UTF-8 is sent");
    for line in shown
        .lines()
        .filter(|line| !line.is_empty() && *line != "ben> ")
    {
        let tail = line.get(10..).unwrap_or("");
        assert!(
            line.starts_with('[') && tail.starts_with(" eve: "),
            "a forged line: {line:?}"
        );
    }
    let bad = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}' | '\u{200e}' | '\u{200f}')
    };
    assert_eq!(shown.chars().find(|c| bad(*c)), None);
}

#[test]
fn bug_08_names_are_unique_visible_and_freed() {
    let server = Server::start(&[]);
    let [ann] = room_with(&server, "1150", ["ann"]);
    let mut other = server.client("other");
    other.send("4\nann\n");
    other.expect("Update username failed. ");
    for invisible in ["", " ", "\u{200b}\u{2060}", "\u{3164}", "\x01\x02"] {
        other.line("4");
        other.expect("Please enter your new username: ");
        other.line(invisible);
        other.expect("Update username failed. ");
        other.expect("anon> ");
    }
    drop(ann);
    crate::harness::eventually("freeing the name", || {
        other.send("4\nann\n");
        other.expect("Update username ");
        let failed = other
            .expect("Who needs password anyway?")
            .contains("failed");
        !failed
    });
}

#[test]
fn bug_09_messages_come_at_once_and_leave_half_typed_text_alone() {
    let server = Server::start(&[]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    ben.send("hel");
    let start = Instant::now();
    for n in 0..5 {
        ann.say(&format!("message {n}"));
        ben.expect_next(&format!("\n[HH:MM:SS] ann: message {n}\nben> "));
    }
    // The original repainted every three seconds: five exchanges took it fifteen.
    assert!(
        start.elapsed() < Duration::from_secs(3),
        "{:?}",
        start.elapsed()
    );
    ben.send("lo\n");
    ben.expect_next("[HH:MM:SS] ben: hello\nben> ");
    ann.expect("[HH:MM:SS] ben: hello\n");
    assert!(!ben.received().contains(&0x1b), "no screen is cleared");
}

#[test]
fn bug_10_a_room_keeps_its_last_messages_only() {
    let server = Server::start(&["--rate", "0"]);
    let [mut ann] = room_with(&server, "1150", ["ann"]);
    let many: String = (0..2_000).map(|n| format!("line {n}\n")).collect();
    ann.send(&many);
    ann.expect("ann: line 1999\n");
    let before = server.memory_kib();
    for round in 0..10 {
        ann.send(&many);
        ann.send(format!("end of round {round}\n"));
        ann.expect(&format!("ann: end of round {round}\n"));
    }
    // 20,000 more lines are 3 MB of messages when kept with their frames; the room must not hold them.
    let grown = server.memory_kib().saturating_sub(before);
    assert!(grown < 16 * 1024, "the server grew by {grown} KiB");
    let mut late = server.client("late");
    late.login();
    let shown = late.join("1150");
    assert_eq!(shown.lines().count(), 10, "{shown:?}");
}

#[test]
fn bug_11_a_reader_that_stalls_for_more_than_three_seconds_lives() {
    let server = Server::start(&["--rate", "0"]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    let mut stalled = server.stuck_client("stalled");
    stalled.send("4\nstalled\n2\n1150\n");
    ann.expect("* stalled joined\n");
    let start = Instant::now();
    let filler = "x".repeat(4_000);
    let mut count = 0_u64;
    while start.elapsed() < Duration::from_millis(3_500) {
        ann.line(format!("{count} {filler}"));
        ben.expect(&format!("ann: {count} x"));
        count += 1;
    }
    stalled.start_reading();
    stalled.expect("------------ Room 1150 ------------\n");
    ann.line("are you there");
    stalled.expect("ann: are you there\nstalled> ");
    stalled.line("yes");
    ben.expect("stalled: yes\n");
}

#[test]
fn bug_12_ipv6_limits_and_a_log_without_messages() {
    let server = Server::start(&[
        "--listen",
        "[::1]:0",
        "--max-connections",
        "3",
        "--log",
        "trace",
    ]);
    let port = server.listening("[::1]:");
    let address = format!("[::1]:{port}").parse().expect("an address");
    let mut six = server.client_at("six", address);
    six.expect("anon> ");
    six.login();
    six.create("1150");
    six.join("1150");
    six.say("swordfish");
    let mut inside = ["four", "more"].map(|name| server.client(name));
    for client in &mut inside {
        client.expect("anon> ");
    }
    let mut last = server.client("last");
    let told = last.expect_eof();
    assert!(
        !told.contains(MENU) && told.trim().lines().count() == 1,
        "{told:?}"
    );
    assert!(
        !server.log().contains("swordfish"),
        "the log holds the text of a message:\n{}",
        server.log()
    );
}
