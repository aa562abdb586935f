//! `\exit`, `\help`, `\who`, `\name`, `\quit`, their other forms, and what only looks like them.

use crate::harness::{MENU, Server, room_with};

#[test]
fn exit_leaves_the_room_for_the_menu() {
    for form in ["\\exit", "/exit", "\\exit "] {
        let server = Server::start(&[]);
        let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
        ann.line(form);
        ann.expect(MENU);
        ann.expect_next("ann> ");
        ben.expect_next("\n* ann left\nben> ");
    }
}

#[test]
fn help_lists_the_commands_and_tells_of_one() {
    let server = Server::start(&[]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    for form in ["\\help", "/help"] {
        ann.line(form);
        let help = ann.expect("ann> ");
        for command in ["\\exit", "\\help", "\\who", "\\name", "\\quit"] {
            assert!(help.contains(command), "{command} in {help:?}");
        }
    }
    ann.line("\\help who");
    let help = ann.expect("ann> ");
    assert!(help.contains("Allowed: everybody"), "{help:?}");
    // Help is private.
    ann.say("done");
    ben.expect_next("\n[HH:MM:SS] ann: done\nben> ");
}

#[test]
fn who_names_the_members() {
    let server = Server::start(&[]);
    let [mut ann, mut ben, _thai] = room_with(&server, "1150", ["ann", "ben", "เป็นคนที่เทอพูมจัย"]);
    let [_cat] = room_with(&server, "7", ["cat"]);
    for form in ["\\who", "/who"] {
        ann.line(form);
        let who = ann.expect("\nann> ");
        for name in ["ann", "ben", "เป็นคนที่เทอพูมจัย"] {
            assert!(who.contains(name), "{name} is not in {who:?}");
        }
        assert!(!who.contains("cat"), "{who:?}");
    }
    ann.say("done");
    ben.expect_next("\n[HH:MM:SS] ann: done\nben> ");
}

#[test]
fn name_renames_and_tells_the_room() {
    let server = Server::start(&[]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    ann.line("\\name Anna");
    ann.expect("Anna> ");
    ben.expect_next("\n* ann is now known as Anna\nben> ");
    ann.line("/name เทอ");
    ann.expect("เทอ> ");
    ben.expect_next("\n* Anna is now known as เทอ\nben> ");
    ann.line("hi");
    ben.expect_next("\n[HH:MM:SS] เทอ: hi\nben> ");
}

#[test]
fn name_says_why_it_cannot() {
    let server = Server::start(&[]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    for bad in ["\\name ben", "\\name BEN", "\\name two words", "\\name"] {
        ann.line(bad);
        let answer = ann.expect("ann> ");
        assert!(!answer.trim().is_empty(), "{bad:?} was not answered");
    }
    ann.say("still ann");
    ben.expect_next("\n[HH:MM:SS] ann: still ann\nben> ");
}

#[test]
fn quit_says_goodbye_and_closes() {
    for form in ["\\quit", "/quit"] {
        let server = Server::start(&[]);
        let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
        ann.line(form);
        ann.expect("Goodbye.\n");
        assert_eq!(ann.expect_eof(), "");
        ben.expect_next("\n* ann left\nben> ");
    }
}

#[test]
fn what_is_no_command_is_a_message() {
    let cases = [
        ("/usr/bin", "/usr/bin"),
        ("//shrug", "/shrug"),
        ("//exit", "/exit"),
        ("// exit", "// exit"),
        ("/", "/"),
        ("\\\\exit", "\\exit"),
        ("\\\\x", "\\x"),
        ("quit", "quit"),
        ("help me \\exit", "help me \\exit"),
        ("5", "5"),
    ];
    let server = Server::start(&[]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    for (typed, shown) in cases {
        ann.line(typed);
        ann.expect_next(&format!("[HH:MM:SS] ann: {shown}\nann> "));
        ben.expect_next(&format!("\n[HH:MM:SS] ann: {shown}\nben> "));
    }
}

#[test]
fn an_unknown_command_says_so_and_sends_nothing() {
    let server = Server::start(&[]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    for unknown in ["\\dance", "\\exitnow", "\\", "\\ exit", "/mgs ben secret"] {
        ann.line(unknown);
        let answer = ann.expect("ann> ");
        assert!(
            !answer.trim().is_empty() && !answer.contains("] ann:"),
            "{unknown:?}: {answer:?}"
        );
    }
    ann.say("marker");
    ben.expect_next("\n[HH:MM:SS] ann: marker\nben> ");
}

#[test]
fn a_bare_exit_is_a_message_with_a_private_hint() {
    let server = Server::start(&[]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    ann.line("exit");
    ann.expect("[HH:MM:SS] ann: exit\n");
    ben.expect_next("\n[HH:MM:SS] ann: exit\nben> ");
    ann.line("marker");
    ann.expect("ann: marker\n");
    ben.expect_next("\n[HH:MM:SS] ann: marker\nben> ");
    let text = ann.text();
    let (_, after) = text
        .rsplit_once("------------ Room 1150 ------------")
        .expect("the header");
    assert!(after.contains("\\exit"), "no hint in {after:?}");
}

#[test]
fn commands_work_at_the_menu_where_they_make_sense() {
    let server = Server::start(&[]);
    let mut client = server.client("menu");
    client.expect_next(&format!("{MENU}anon> "));
    client.line("\\help");
    let help = client.expect("anon> ");
    assert!(help.contains("\\quit"), "{help:?}");
    client.line("\\name menu");
    client.expect("menu> ");
    client.line("\\quit");
    client.expect("Goodbye.\n");
    assert_eq!(client.expect_eof(), "");
}

#[test]
fn an_empty_line_is_nothing() {
    let server = Server::start(&[]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    for empty in ["", " ", "\t", "\u{200b}", "\x1b"] {
        ann.line(empty);
    }
    ann.line("marker");
    ann.expect("ann: marker\n");
    ben.expect_next("\n[HH:MM:SS] ann: marker\nben> ");
}

#[test]
fn the_help_on_exit_says_where_it_can_be_used() {
    let server = Server::start(&[]);
    let mut ann = server.client("ann");
    ann.login();
    ann.line("\\help exit");
    ann.expect("Allowed: everybody, in a room and when asked something.\nann> ");
    ann.line("\\exit");
    ann.expect_next("\\exit is for rooms, and you are at the menu.");
    ann.expect("ann> ");
    ann.line("2");
    ann.expect_next("Please enter room number: ");
    ann.line("\\exit");
    ann.expect_next(MENU);
    ann.expect_next("ann> ");
    ann.create("1150");
    ann.join("1150");
    ann.line("\\exit");
    ann.expect_next(MENU);
}
