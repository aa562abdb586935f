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
