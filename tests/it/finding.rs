//! Rooms and people: what there is, what it is about, and how to get there.

use std::path::Path;

use tempfile::TempDir;

use crate::harness::{MENU, Server, room_with};

fn server_with(file: &Path) -> Server {
    Server::start(&["--data", &file.to_string_lossy()])
}

fn stop(mut server: Server) {
    server.signal("TERM");
    assert!(server.expect_exit().success());
}

#[test]
fn everybody_sees_who_sets_the_topic_and_who_comes_later_reads_it() {
    let folder = TempDir::new().expect("a directory");
    let file = folder.path().join("chat.db");
    let server = server_with(&file);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    ann.line("\\topic");
    ann.expect_next("Nobody has said what room 1150 is about. Type \\topic TEXT to do so.\nann> ");
    ann.line("\\topic ข้าว at noon");
    ann.expect_next("* ann set the topic: ข้าว at noon\nann> ");
    ben.expect_next("\n* ann set the topic: ข้าว at noon\nben> ");
    ben.line("/topic");
    ben.expect_next("Room 1150 is about: ข้าว at noon\nben> ");
    ben.line(format!("\\topic {}", "x".repeat(161)));
    ben.expect_next(
        "A topic has at most 160 characters. It is as it was. Please say it in fewer words.\nben> ",
    );
    stop(server);

    let server = server_with(&file);
    let mut cat = server.client("cat");
    cat.login();
    assert_eq!(cat.join("1150"), "Topic: ข้าว at noon\n");
    cat.line("\\topic off");
    cat.expect_next("* cat took the topic away\ncat> ");
    cat.line("\\exit");
    cat.expect(MENU);
    cat.expect_next("cat> ");
    assert_eq!(cat.join("1150"), "");
    stop(server);
}

#[test]
fn rooms_are_listed_with_members_last_line_and_topic_the_fullest_first() {
    let server = Server::start(&[]);
    let mut ann = server.client("ann");
    ann.expect("anon> ");
    ann.line("\\rooms");
    ann.expect_next("There are no rooms yet. Type 1 at the menu to create one.\nanon> ");
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
    ann.expect("(page 1 of 2; type '\\rooms 2' for the next)\nann> ");
    ann.line("\\rooms 2");
    ann.expect_next("people  last line     room\n     0  never         21\n(page 2 of 2)\nann> ");
    ben.line("\\exit");
    ben.expect(MENU);
    ben.line("\\rooms 3");
    ben.expect("There is no page 3 of the rooms. Type \\rooms 2 for the last one.\nben> ");
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
    ann.expect_next("2 in room 1150: ann, ben (away)\nann> ");
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
    eve.expect_next("Nobody here is called dan. Type \\who all for everybody.\nanon> ");
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
