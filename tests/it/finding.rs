//! Rooms and people: what there is, what it is about, and how to get there.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::harness::{
    Caller, MENU, NC_OPENBSD, Server, TELNET, TINTIN, eventually, room_with, run,
};

fn server_with(file: &Path) -> Server {
    Server::start(&["--data", &file.to_string_lossy()])
}

#[test]
fn everybody_sees_who_sets_the_topic_and_who_comes_later_reads_it() {
    let folder = TempDir::new().expect("a directory");
    let file = folder.path().join("chat.db");
    let server = server_with(&file);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    ann.line("\\topic");
    ann.expect_next("Room 1150 has no topic. Type \\topic TEXT to set one.\nann> ");
    ann.line("\\topic ข้าว at noon");
    ann.expect_next("* ann set the topic: ข้าว at noon\nann> ");
    ben.expect_next("\n* ann set the topic: ข้าว at noon\nben> ");
    ben.line("/topic");
    ben.expect_next("Room 1150 is about: ข้าว at noon\nben> ");
    ben.line(format!("\\topic {}", "x".repeat(161)));
    ben.expect_next(
        "A topic can have at most 160 characters. It was not changed. Please use fewer words.\nben> ",
    );
    server.stop();

    let server = server_with(&file);
    let mut cat = server.client("cat");
    cat.login();
    assert_eq!(cat.join("1150"), "Topic: ข้าว at noon\n");
    cat.line("\\topic off");
    cat.expect_next("* cat removed the topic\ncat> ");
    cat.line("\\exit");
    cat.expect(MENU);
    cat.expect_next("cat> ");
    assert_eq!(cat.join("1150"), "");
    server.stop();
}

#[test]
fn rooms_are_listed_with_members_last_line_and_topic_the_fullest_first() {
    let server = Server::start(&[]);
    let mut ann = server.client("ann");
    ann.expect("anon> ");
    ann.line("\\rooms");
    ann.expect_next("There are no rooms yet. Type \\join ROOM to create one.\nanon> ");
    ann.login();
    for number in 1..=21 {
        ann.create(&number.to_string());
    }
    ann.join("7");
    ann.line("\\topic lunch");
    ann.expect("lunch\nann> ");
    let [mut ben] = room_with(&server, "9", ["ben"]);
    ben.say("hello");
    ann.line("\\rooms");
    ann.expect_next("people  last line     room\n");
    // One member each: first where somebody spoke.
    ann.expect_next("     1  just now      9\n     1  never         7: lunch\n");
    ann.expect_next("     0  never         1\n     0  never         2\n");
    ann.expect("(page 1 of 2; type '\\rooms 2' for the next, '\\join ROOM' to join one)\nann> ");
    ann.line("\\rooms 2");
    ann.expect_next("people  last line     room\n     0  never         21\n(page 2 of 2; type '\\join ROOM' to join one)\nann> ");
    ben.line("\\exit");
    ben.expect(MENU);
    ben.line("\\rooms 3");
    ben.expect("There is no page 3. Type \\rooms 2 for the last one.\nben> ");
}

#[test]
fn who_tells_of_the_room_and_of_everybody() {
    let server = Server::start(&[]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    let mut eve = server.client("eve");
    eve.expect("anon> ");
    eve.line("\\who");
    eve.expect_next(
        "3 are connected:\nann: in room 1150\nben: in room 1150\nanon: at the menu\nanon> ",
    );
    ben.line("\\away at lunch");
    ben.expect("ben> ");
    ann.line("\\who");
    ann.expect_next("2 in room 1150: ann (you, owner), ben (away)\nann> ");
    ann.line("\\who all");
    ann.expect_next(
        "3 are connected:\nann: in room 1150\nben: in room 1150, away\nanon: at the menu\nann> ",
    );
    ann.line("\\whois ben");
    ann.expect_next("ben is in room 1150. Away: at lunch\nConnected since ");
    ann.expect(" with nc or the like.\nann> ");
    ben.line("\\exit");
    ben.expect(MENU);
    eve.line("\\whois @BEN");
    eve.expect_next("ben is at the menu. Away: at lunch\n");
    eve.expect("anon> ");
    eve.line("\\whois dan");
    eve.expect_next("Nobody here is called dan. Type \\who all to list everybody.\nanon> ");
}

#[test]
fn whois_tells_what_a_client_speaks() {
    const SIZE: &[u8] = b"\xff\xfb\x00\xff\xfb\x18\xff\xfb\x1f\xff\xfa\x1f\x00\x50\x00\x18\xff\xf0";
    let server = Server::start(&[]);
    let mut ann = server.client("ann");
    ann.expect("anon> ");

    let mut keys = server.client("keys");
    keys.send(b"\\name keys\r\n");
    keys.expect_bytes(b"\xff\xfd\x1f");
    keys.send(SIZE);
    keys.expect_bytes(b"\xff\xfa\x18\x01\xff\xf0");
    keys.send(b"\xff\xfa\x18\x00XTERM-256COLOR\xff\xf0");
    keys.expect_bytes(b"\xff\xfb\x01\xff\xfb\x03");
    keys.send(b"\xff\xfd\x01\xff\xfd\x03");
    keys.expect_bytes(b"\x1b[?2004h");
    ann.line("\\whois keys");
    ann.expect_next("keys is at the menu.\nConnected since ");
    ann.expect(" with Telnet in character mode (XTERM-256COLOR).\nanon> ");

    let mut lines = server.client("lines");
    lines.send(b"\xff\xfe\x01\xff\xfe\x03\\name lines\r\n");
    lines.expect("Update username successful\n");
    ann.line("\\whois lines");
    ann.expect_next("lines is at the menu.\nConnected since ");
    ann.expect(" with Telnet in line mode.\nanon> ");
}

#[test]
fn a_room_is_joined_from_another_which_is_left_only_then() {
    let server = Server::start(&["--max-members", "2"]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    let [mut cat, _dan] = room_with(&server, "7", ["cat", "dan"]);
    ann.line("\\join 7");
    ann.expect_next("Join room 7 failed. It is full (limit: 2). Please try again later.\nann> ");
    ann.line("\\join 1150");
    ann.expect_next("You are in room 1150 already.\nann> ");
    // It has not left.
    ann.say("still here");
    ben.expect_next("\n[HH:MM:SS] ann: still here\nben> ");
    cat.line("\\exit");
    cat.expect(MENU);
    ann.line("/JOIN 7");
    ann.expect_next(
        "Join room 7 successful\n(type '\\exit' to quit)\n(type '\\help' for commands)\n\
         2 here: dan, you\n------------ Room 7 ------------\nann> ",
    );
    ben.expect_next("\n* ann left\nben> ");
    ann.line("\\who");
    ann.expect_next("2 in room 7: ann (you), dan\nann> ");
    ann.line("\\whois ann");
    ann.expect_next("ann is in room 7.\n");
    ann.expect("ann> ");
    // From the menu too; and who leaves is at the menu.
    ann.line("\\exit");
    ann.expect(MENU);
    ann.expect_next("ann> ");
    ann.line("\\join 1150");
    ann.expect("------------ Room 1150 ------------\n[HH:MM:SS] ann: still here\nann> ");
    ben.expect_next("\n* ann joined\nben> ");
}

#[test]
fn an_unknown_room_is_created_by_who_says_yes_and_by_nobody_else() {
    let server = Server::start(&[]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    ann.line("\\join 7");
    ann.expect_next("There is no room 7. Create it? [y/N] ");
    // The room goes on meanwhile.
    ben.say("well?");
    ann.expect_next("\n[HH:MM:SS] ben: well?\nThere is no room 7. Create it? [y/N] ");
    ann.line("n");
    ann.expect_next("Nothing was created. Type \\rooms to list the rooms.\nann> ");
    ann.line("\\rooms");
    ann.expect("     2  just now      1150\n(type '\\join ROOM' to join one)\nann> ");
    ann.line("\\join 7");
    ann.expect_next("There is no room 7. Create it? [y/N] ");
    ann.line("y");
    ann.expect_next("Create room 7 successful\nJoin room 7 successful\n");
    ann.expect("------------ Room 7 ------------\nann> ");
    ben.expect_next("\n* ann left\nben> ");

    let mut cat = server.client("cat");
    cat.expect("anon> ");
    // Sent at once, as a script does; the answer is no, so the rest of the lines is for the menu.
    cat.send("\\join 8\nhello\n3\n");
    cat.expect_next("There is no room 8. Create it? [y/N] ");
    cat.expect_next("Nothing was created. Type \\rooms to list the rooms.\n");
    cat.expect("Active Room(s): 1150,7\n");
    cat.line("\\join two words");
    cat.expect(
        "Join room two words failed. A room name cannot have spaces in it. two_words would do.\n",
    );
}

#[test]
fn who_goes_to_another_room_has_seen_all_that_was_said_before_it_left() {
    let server = Server::start(&["--rate", "0", "--history", "0"]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    ben.line("\\join 7");
    ben.expect("Create it? [y/N] ");
    ben.line("y");
    ben.expect("Room 7 ------------\nben> ");
    ben.line("\\join 1150");
    ben.expect("Room 1150 ------------\nben> ");
    for round in 0..20 {
        let marker = format!("end of round {round}");
        let talk: String = (0..200).map(|n| format!("{round}.{n}\n")).collect();
        let from = (ann.text().len(), ben.text().len());
        ben.send(&talk);
        // Somewhere in between.
        ben.expect(&format!("ben: {round}.{}\n", round * 7));
        ann.send("\\join 7\n\\join 1150\n");
        ben.expect("* ann left\n");
        ben.expect("* ann joined\n");
        ben.line(&marker);
        ann.expect(&format!("ben: {marker}\n"));
        ben.expect(&format!("ben: {marker}\n"));
        let said = |text: &str| -> Vec<String> {
            let lines = text.lines().filter_map(|line| line.split_once("] ben: "));
            lines.map(|(_, said)| said.to_owned()).collect()
        };
        let (ann_saw, ben_saw) = (&ann.text()[from.0..], &ben.text()[from.1..]);
        let (before, rest) = ben_saw.split_once("* ann left\n").expect("it has left");
        let (_, after) = rest.split_once("* ann joined\n").expect("it has come back");
        let expected = [said(before), said(after)].concat();
        assert_eq!(said(ann_saw), expected, "round {round}");
    }
}

#[test]
fn tab_completes_rooms_behind_join_and_people_behind_msg_and_whois() {
    let server = Server::start(&[]);
    let [_host] = room_with(&server, "1150", ["hostess"]);
    let mut person = TELNET.start(&server);
    person.expect_prompt("anon>");
    person.line("3");
    person.expect("Active Room(s): 1150");
    person.expect_prompt("anon>");
    person.keys("\\msg ho\t");
    person.expect_prompt("anon> \\msg hostess");
    person.keys("\x15\\whois @ho\t");
    person.expect_prompt("anon> \\whois @hostess");
    person.keys("\x15\\jo\t11\t");
    person.expect_prompt("anon> \\join 1150");
    person.keys("\r");
    person.expect("------------ Room 1150 ------------");
    person.expect_prompt("anon>");
    person.keys("\\help wh\t");
    person.expect_prompt("anon> \\help who");
}

#[test]
fn who_ends_on_the_way_to_another_room_is_in_neither() {
    let server = Server::start(&["--rate", "0"]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    ben.line("\\join 7");
    ben.expect("Create it? [y/N] ");
    ben.line("y");
    ben.expect("Room 7 ------------\nben> ");
    for moves in 0..40 {
        let mut guest = server.client("guest");
        guest.expect("anon> ");
        guest.send("\\join 1150\n");
        guest.expect("Room 1150 ------------\n");
        // From one that goes at once to one that is somewhere in the middle.
        guest.send("\\join 7\n\\join 1150\n".repeat(moves % 4));
        guest.send("\\join 7\n");
        drop(guest);
    }
    eventually("everybody's leaving", || {
        ann.line("\\who all");
        ann.expect("connected:\n").ends_with("2 are ") && ann.expect("ann> ").lines().count() == 2
    });
    // Each room answers after what it was told before.
    ann.line("\\who");
    ann.expect("1 in room 1150: ann (you, owner)\nann> ");
    ben.line("\\who");
    ben.expect("1 in room 7: ben (you, owner)\nben> ");
    ann.line("\\rooms");
    let rooms = ann.expect("(type '\\join ROOM' to join one)\nann> ");
    assert!(rooms.contains("     1  never         1150\n"), "{rooms}");
    assert!(rooms.contains("     1  never         7\n"), "{rooms}");
}

#[test]
fn stats_tell_of_the_server_and_count_what_was_said_before_it_was_started() {
    let folder = TempDir::new().expect("a directory");
    let file = folder.path().join("chat.db");
    let server = server_with(&file);
    let [mut ann, _ben] = room_with(&server, "1150", ["ann", "ben"]);
    ann.say("one");
    ann.say("two");
    ann.line("\\stats");
    ann.expect_next("parlor, up since ");
    ann.expect(" (0 min)\npeople: 2\nrooms: 1\nlines: 2 since then, 2 in all\nann> ");
    server.stop();

    let server = Server::start(&["--data", &file.to_string_lossy(), "--name", "The Lounge"]);
    let mut cat = server.client("cat");
    cat.expect("> ");
    cat.line("\\stats");
    cat.expect_next("The Lounge, up since ");
    cat.expect(" (0 min)\npeople: 1\nrooms: 1\nlines: 0 since then, 2 in all\nanon> ");

    let server = Server::start(&[]);
    let [mut dan] = room_with(&server, "7", ["dan"]);
    dan.say("hi");
    dan.line("\\stats");
    dan.expect("people: 1\nrooms: 1\nlines: 1 since then\ndan> ");
}

#[test]
fn a_server_can_have_a_name_and_something_to_say_first() {
    let folder = TempDir::new().expect("a directory");
    let file = folder.path().join("motd");
    fs::write(&file, "ยินดีต้อนรับ\r\n\x1b[2JBe kind.\n").expect("a file");
    let motd = file.to_string_lossy();
    let server = Server::start(&["--motd", &motd, "--name", "The Lounge"]);
    let (_, menu) = MENU.split_once('\n').expect("rows");
    let menu = format!("======= Welcome to The Lounge! =======\n{menu}anon> ");
    let mut ann = server.client("ann");
    ann.expect_next(&format!("ยินดีต้อนรับ\nBe kind.\n{menu}"));
    // It is read at the start, and shown once.
    fs::write(&file, "later").expect("a file");
    ann.line("3");
    ann.expect_next(&format!("There are no created rooms yet\n{menu}"));
    let mut ben = server.client("ben");
    ben.expect_next(&format!("ยินดีต้อนรับ\nBe kind.\n{menu}"));
}

#[test]
fn a_name_or_a_text_that_cannot_be_shown_is_refused_with_the_reason() {
    let folder = TempDir::new().expect("a directory");
    let long = folder.path().join("long");
    fs::write(&long, "row\n".repeat(25)).expect("a file");
    let (long, none) = (long.to_string_lossy(), folder.path().join("none"));
    let cases = [
        ("--motd", &*long, "it has 25 rows; at most 24 are allowed"),
        ("--motd", &none.to_string_lossy(), "it cannot be read: "),
        ("--motd", "/", "it cannot be read: "),
        (
            "--name",
            "a\x07b",
            "--name ab: it has control or invisible characters",
        ),
        (
            "--name",
            &"x".repeat(41),
            "it is 41 columns wide; at most 40 fit",
        ),
    ];
    for (option, value, reason) in cases {
        let output = run(&["--listen", "127.0.0.1:0", option, value]);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{option} {value}: {stderr}");
        assert!(stderr.contains(reason), "{option} {value}: {stderr}");
        assert!(!stderr.contains('\x07'), "{stderr}");
    }
}

#[test]
fn rooms_and_people_are_found_in_every_drawing() {
    let ways: [(&Caller, Option<&str>); 4] = [
        (&NC_OPENBSD, None),
        (&NC_OPENBSD, Some("/ansi")),
        (&TELNET, None),
        (&TINTIN, None),
    ];
    for (caller, first) in ways {
        println!("case: {}, {first:?}", caller.name);
        let server = Server::start(&[]);
        let [mut host] = room_with(&server, "1150", ["host"]);
        let mut person = caller.start_with_rows(&server, 70);
        // With a slash, since TinTin++ keeps backslashes for itself.
        person.expect("Who needs password anyway?");
        for line in first.into_iter().chain(["/name guest", "/join 7"]) {
            person.line(line);
        }
        person.expect("There is no room 7. Create it? [y/N]");
        person.line("yes");
        person.expect("------------ Room 7 ------------");
        person.line("/join 1150");
        person.expect("------------ Room 1150 ------------");
        host.expect_next("\n* guest joined\nhost> ");
        person.line("/topic lunch");
        host.expect_next("\n* guest set the topic: lunch\nhost> ");
        person.expect("* guest set the topic: lunch");
        for (line, rows) in [
            (
                "/rooms",
                "people  last line     room\n     2  never         1150: lunch\n     0  never         7\n",
            ),
            ("/who", "2 in room 1150: host (owner), guest (you)\n"),
            (
                "/who all",
                "2 are connected:\nhost: in room 1150\nguest: in room 1150\n",
            ),
            ("/whois host", "host is in room 1150.\nConnected since "),
            ("/stats", "people: 2\nrooms: 2\nlines: 0 since then\n"),
        ] {
            person.line(line);
            person.expect(rows);
        }
    }
}
