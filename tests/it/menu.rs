//! The menu as a state table: what each choice asks, and what each answer brings.

use crate::harness::{MENU, Server};

#[test]
fn the_menu_comes_first_with_cr_lf_and_the_prompt() {
    let server = Server::start(&[]);
    let mut client = server.client("new");
    client.expect_next(MENU);
    client.expect_next("anon> ");
    let want = format!("{MENU}anon> ").replace('\n', "\r\n");
    assert_eq!(String::from_utf8_lossy(&client.received()), want);
}

/// What the server says to what is no choice.
const ILLEGAL: &str = "You have entered illegal/incorrect input. Please try again!\n\
                       (type a number from 1 to 5, a room's name, or '\\help')\n";

/// One row: a name, the lines sent, what comes between `anon> ` and the next menu.
type Row = (&'static str, &'static str, &'static str);

#[test]
fn every_choice_answers_as_in_the_table() {
    let rows: &[Row] = &[
        ("list nothing", "3", "There are no created rooms yet\n"),
        (
            "create",
            "1\n1150",
            "Enter room name you wish to create: Create room 1150 successful\n",
        ),
        (
            "create another",
            "1\n7",
            "Enter room name you wish to create: Create room 7 successful\n",
        ),
        ("list in creation order", "3", "Active Room(s): 1150,7\n"),
        (
            "spaces around a choice",
            "  3\t ",
            "Active Room(s): 1150,7\n",
        ),
        ("illegal number", "6", ILLEGAL),
        ("illegal zero", "0", ILLEGAL),
        ("illegal word", "hello", ILLEGAL),
        ("illegal digits", "11", ILLEGAL),
        ("illegal Thai digit", "๑", ILLEGAL),
    ];
    let server = Server::start(&[]);
    let mut client = server.client("chooser");
    client.expect_next(MENU);
    client.expect_next("anon> ");
    for (what, input, answer) in rows {
        for line in input.split('\n') {
            client.line(line);
        }
        println!("row: {what}");
        client.expect_next(&format!("{answer}{MENU}anon> "));
    }
}

#[test]
fn a_call_for_help_and_a_rooms_name_are_understood() {
    let server = Server::start(&[]);
    let mut client = server.client("newcomer");
    client.expect("anon> ");
    for call in ["help", "?"] {
        client.line(call);
        client.expect_next("\\exit leaves the room.");
        client.expect("anon> ");
    }
    client.line("1\nLounge");
    client.expect("Create room Lounge successful");
    client.expect("anon> ");
    client.line("lounge");
    client.expect_next("Join room Lounge successful\n");
    client.expect("------------ Room Lounge ------------\nanon> ");
}

#[test]
fn every_failure_says_so_with_a_reason_and_comes_back_to_the_menu() {
    let rows: &[Row] = &[
        ("room exists", "1\n1150", "Create room 1150 failed. "),
        ("no such room", "2\n999", "Join room 999 failed. "),
        (
            "name with a space",
            "4\nJohn Smith",
            "Update username failed. ",
        ),
    ];
    let server = Server::start(&[]);
    let mut client = server.client("unlucky");
    client.expect_next(MENU);
    client.send("1\n1150\n");
    client.expect(MENU);
    client.expect_next("anon> ");
    for (what, input, answer) in rows {
        client.send(format!("{input}\n"));
        client.expect(answer);
        let reason = client.expect(MENU);
        assert!(!reason.trim().is_empty(), "{what}: no reason");
        client.expect_next("anon> ");
    }
}

#[test]
fn a_new_name_is_in_the_next_prompt() {
    let server = Server::start(&[]);
    let mut client = server.client("namer");
    client.expect_next(&format!("{MENU}anon> "));
    client.line("4");
    client.expect_next("Please enter your new username: ");
    client.line("Dai");
    client.expect_next(&format!("Update username successful\n{MENU}Dai> "));
}

#[test]
fn joining_shows_the_room_in_the_order_of_the_seed() {
    let server = Server::start(&[]);
    let mut client = server.client("joiner");
    client.send("1\n1150\n");
    client.expect("Create room 1150 successful\n");
    client.expect_next(&format!("{MENU}anon> "));
    client.line("2");
    client.expect_next("Please enter room number: ");
    client.line("1150");
    client.expect_next(
        "Join room 1150 successful\n(type '\\exit' to quit)\n(type '\\help' for commands)\n",
    );
    client.expect("------------ Room 1150 ------------\n");
    client.expect_next("anon> ");
    client.line("\\exit");
    client.expect(MENU);
    client.expect_next("anon> ");
}

#[test]
fn choice_five_says_goodbye_and_closes() {
    let server = Server::start(&[]);
    let mut client = server.client("leaver");
    client.expect_next(&format!("{MENU}anon> "));
    client.line("5");
    client.expect_next("Goodbye.\n");
    assert_eq!(client.expect_eof(), "");
}

#[test]
fn a_whole_dialogue_typed_ahead_is_answered_once() {
    let server = Server::start(&[]);
    let mut bot = server.client("bot");
    bot.send("1\n1150\n4\nbot\n2\n1150\nhi\n\\exit\n5\n");
    bot.expect_next(&format!("{MENU}anon> "));
    bot.expect_next(&format!(
        "Enter room name you wish to create: Create room 1150 successful\n{MENU}anon> "
    ));
    bot.expect_next(&format!(
        "Please enter your new username: Update username successful\n{MENU}bot> "
    ));
    bot.expect_next("Please enter room number: Join room 1150 successful\n");
    bot.expect("------------ Room 1150 ------------\n");
    bot.expect_next("bot> [HH:MM:SS] bot: hi\nbot> ");
    let between = bot.expect(MENU);
    assert!(between.lines().count() <= 1, "{between:?}");
    bot.expect_next("bot> Goodbye.\n");
    assert_eq!(bot.expect_eof(), "");
}
