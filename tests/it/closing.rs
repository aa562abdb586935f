//! Nobody takes away what others said: what strangers may do to a room they found empty, what becomes of a room that is
//! closed, and of the room of an owner whose connection is lost.

use std::path::Path;

use tempfile::TempDir;

use crate::harness::{Client, MENU, Server, eventually, room_with, run};

const SECRET: &str = "hunter2hunter2";
/// Another address of this machine.
const ELSEWHERE: [u8; 4] = [127, 0, 0, 2];

fn server(file: &Path) -> Server {
    Server::start(&["--rate", "0", "--data", &file.to_string_lossy()])
}

/// At the menu under this name.
fn newcomer(server: &Server, name: &str) -> Client {
    let mut client = server.client(name);
    client.expect("anon> ");
    client.login();
    client
}

fn from_elsewhere(server: &Server, name: &str) -> Client {
    let mut client = server.client_from(name, ELSEWHERE);
    client.expect("anon> ");
    client.login();
    client
}

fn tool(args: &[&str], file: &Path) -> String {
    let file = file.to_string_lossy();
    let (name, rest) = args.split_first().expect("a tool");
    let output = run(&[&[*name, "--data", &file], rest].concat());
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {told}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Ann closes room 1150, which she is in.
fn close(ann: &mut Client) {
    ann.line("\\close");
    ann.expect("To close it, type its name: ");
    ann.line("1150");
    ann.expect_next(&format!(
        "* Room 1150 was closed by ann\n(its owner can undo that within 7d: \\reopen 1150)\n{MENU}ann> "
    ));
}

/// Gets it back, and finds what was said.
fn reopen(ann: &mut Client, said: &str) {
    ann.line("\\reopen 1150");
    ann.expect_next("Room 1150 is open again. Type \\join 1150 to join it.\nann> ");
    assert!(ann.join("1150").contains(said), "it is as it was");
}

#[test]
fn a_stranger_who_finds_twenty_rooms_empty_takes_none_of_their_lines_away() {
    let folder = TempDir::new().expect("a directory");
    let file = folder.path().join("chat.db");
    let server = server(&file);
    // Whoever founded them has no account, and has gone.
    let mut ann = newcomer(&server, "ann");
    for room in 1..=20 {
        ann.create(&format!("r{room}"));
        ann.line(format!("\\join r{room}"));
        ann.expect(&format!("------------ Room r{room} ------------\nann> "));
        let lines: String = (1..60).map(|line| format!("line {line}\n")).collect();
        ann.send(lines);
        ann.expect("line 59\n");
        ann.expect("ann> ");
        ann.say("last");
        ann.line("\\exit");
        ann.expect("ann> ");
    }
    ann.line("\\quit");
    ann.expect_eof();
    let mut mallory = server.client("anon");
    mallory.expect("anon> ");
    let attack: String = (1..=20)
        .map(|room| format!("\\join r{room}\n\\close\n"))
        .collect();
    assert!(attack.len() <= 390, "{} bytes", attack.len());
    mallory.send(&attack);
    for _ in 1..=20 {
        mallory.expect(
            "Nothing was done. You inherited this room and have kept it for 0 min with others in it. \
             After 60 min more you can close it.\n",
        );
    }
    let grave = [
        ("\\lock\npizza4all", "lock it"),
        ("\\ban ann", "ban people from it"),
        ("\\ban 127.0.0.2", "ban people from it"),
    ];
    for (line, deed) in grave {
        mallory.line(line);
        mallory.expect(&format!("After 60 min more you can {deed}.\n"));
    }
    assert_eq!(tool(&["export"], &file).lines().count(), 1200);
    server.stop();
    // Nor after a restart.
    let server = self::server(&file);
    let mut mallory = server.client("anon");
    mallory.expect("anon> ");
    mallory.send(&attack);
    for _ in 1..=20 {
        mallory.expect("After 60 min more you can close it.\n");
    }
    server.stop();
    assert_eq!(tool(&["export"], &file).lines().count(), 1200);
    assert_eq!(tool(&["rooms"], &file).matches(" 60  ").count(), 20);
}

#[test]
fn an_heir_keeps_order_at_once() {
    let server = Server::start(&[]);
    let [mut ann, mut ben, mut cat] = room_with(&server, "1150", ["ann", "ben", "cat"]);
    ann.say("bye");
    ann.line("\\quit");
    ann.expect_eof();
    ben.expect("* ben now owns the room\nben> ");
    cat.expect("* ben now owns the room\ncat> ");
    ben.line("\\kick cat spam");
    ben.expect_next("* cat was kicked by ben: spam\nben> ");
    ben.line("\\topic order");
    ben.expect_next("* ben set the topic: order\nben> ");
}

#[test]
fn whoever_closed_a_room_over_this_connection_has_it_back() {
    let server = Server::start(&[]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    ann.say("what was said");
    ann.line("\\private");
    ann.expect("no list shows it\nann> ");
    ben.expect("no list shows it\nben> ");
    close(&mut ann);
    ben.expect("* Room 1150 was closed by ann\n");
    ben.expect("ben> ");
    ben.line("\\reopen 1150");
    ben.expect_next(
        "Reopen room 1150 failed. You have owned no room of that name that was closed within 7d. The server's \
         operator can reopen any.\nben> ",
    );
    reopen(&mut ann, "what was said");
    // She owns it, as before.
    ann.line("\\private off");
    ann.expect_next("* ann made the room public\nann> ");
    ann.line("\\reopen 1150");
    ann.expect_next("Reopen room 1150 failed. You have owned no room");
    ann.expect("ann> ");
    ann.line("\\reopen");
    ann.expect_next("Type \\reopen ROOM, or \\reopen ROOM NEW for another name.");
}

#[test]
fn the_name_of_a_closed_room_is_free_and_then_the_room_comes_back_under_another() {
    let server = Server::start(&[]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    ann.say("the first");
    close(&mut ann);
    ben.expect("* Room 1150 was closed by ann\n");
    ben.expect("ben> ");
    ben.create("1150");
    assert_eq!(ben.join("1150"), "", "it is another room");
    ann.line("\\reopen 1150");
    ann.expect_next(
        "Reopen room 1150 failed. There is a room 1150 again. Type \\reopen ROOM NEW to give it the name \
         NEW.\nann> ",
    );
    ann.line("\\reopen 1150 old");
    ann.expect_next("Room old is open again. Type \\join old to join it.\nann> ");
    assert!(ann.join("old").contains("the first"));
    ben.say("the second");
}

#[test]
fn a_room_in_which_nothing_was_said_is_closed_for_good() {
    let server = Server::start(&[]);
    let [mut ann] = room_with(&server, "1150", ["ann"]);
    ann.line("\\close");
    ann.expect_next("Room 1150 has no messages. To close it, type its name: ");
    ann.line("1150");
    ann.expect_next(&format!("* Room 1150 was closed by ann\n{MENU}ann> "));
    ann.line("\\reopen 1150");
    ann.expect_next("Reopen room 1150 failed. ");
}

#[test]
fn a_founder_with_an_account_has_a_closed_room_back_after_a_restart() {
    let folder = TempDir::new().expect("a directory");
    let file = folder.path().join("chat.db");
    let first = server(&file);
    let [mut ann, _ben] = room_with(&first, "1150", ["ann", "ben"]);
    ann.line(format!("\\register\n{SECRET}\n{SECRET}"));
    ann.expect("ann is registered.");
    ann.expect("ann> ");
    ann.say("what was said");
    ann.line("\\lock\npizza4all");
    ann.expect("joining needs a password\nann> ");
    close(&mut ann);
    first.stop();
    let listed = tool(&["rooms", "--timezone", "UTC"], &file);
    assert!(
        listed.contains("1150 (closed 20") && listed.contains(" by ann, kept until 20"),
        "{listed}"
    );
    assert_eq!(tool(&["export"], &file), "", "it is out of sight");

    let second = server(&file);
    // Anybody can be called that who has no password; and it is not the name that counts.
    let mut mallory = newcomer(&second, "mallory");
    mallory.line("\\reopen 1150");
    mallory.expect_next("Reopen room 1150 failed. ");
    let mut ann = second.client("ann");
    ann.expect("anon> ");
    ann.line(format!("\\login ann\n{SECRET}"));
    ann.expect("Welcome back, ann.");
    ann.expect("ann> ");
    reopen(&mut ann, "what was said");
    // It is locked as it was.
    mallory.expect("mallory> ");
    mallory.line("\\join 1150");
    mallory.expect("Password of room 1150: ");
    second.stop();
    assert_eq!(tool(&["export"], &file).lines().count(), 1);
    tool(&["check"], &file);
}

#[test]
fn an_operator_opens_a_closed_room_while_the_server_runs() {
    let folder = TempDir::new().expect("a directory");
    let file = folder.path().join("chat.db");
    let server = server(&file);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    ann.say("what was said");
    close(&mut ann);
    ann.create("1150");
    let args = ["reopen", "--data", &file.to_string_lossy(), "1150"];
    let refused = run(&args);
    assert!(!refused.status.success());
    let told = String::from_utf8_lossy(&refused.stderr);
    assert!(
        told.contains("there is a room 1150 again; give another name with --as"),
        "{told}"
    );
    tool(&["reopen", "--as", "old", "1150"], &file);
    ben.expect("* Room 1150 was closed by ann\n");
    ben.expect("ben> ");
    assert!(ben.join("old").contains("what was said"));
    let again = run(&["reopen", "--data", &file.to_string_lossy(), "1150"]);
    let told = String::from_utf8_lossy(&again.stderr);
    assert!(told.contains("there is no closed room 1150"), "{told}");
    // It is nobody's but an heir's now.
    ben.line("\\close");
    ben.expect_next("Nothing was done. You inherited this room");
    ben.expect("ben> ");
    tool(&["check"], &file);
}

#[test]
fn a_sitter_does_not_get_the_room_of_an_owner_whose_connection_is_lost() {
    let server = Server::start(&[]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    ann.say("I am on a train");
    ben.expect("I am on a train\nben> ");
    ann.reset();
    ben.expect_next("\n* ann left\nben> ");
    for line in ["\\close", "\\ban ann", "\\mute ann", "\\private"] {
        ben.line(line);
        ben.expect_next(
            "Only an owner can do that. Nothing was done. No owner is here right now.\nben> ",
        );
    }
    // Nor does somebody else who wants to be her.
    let mut mallory = server.client_from("mallory", ELSEWHERE);
    mallory.expect("anon> ");
    mallory.line("\\name ann");
    mallory.expect_next("Update username failed. ");
    mallory.expect("anon> ");
    mallory.line("\\join 1150");
    mallory.expect("anon> ");
    ben.expect_next("\n* anon joined\nben> ");
    mallory.line("\\close");
    mallory.expect("Only an owner can do that.");
    // She comes back as who she was, from where she was.
    let mut ann = newcomer(&server, "ann");
    assert!(ann.join("1150").contains("I am on a train"));
    ben.expect_next("\n* ann joined\n* ann is back and owns the room\nben> ");
    ann.line("\\kick ben");
    ann.expect("* ben was kicked by ann\nann> ");
    close(&mut ann);
}

#[test]
fn an_owner_may_take_the_name_back_in_the_room_and_is_lost_a_second_time() {
    let server = Server::start(&[]);
    let [ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    ann.reset();
    ben.expect_next("\n* ann left\nben> ");
    let mut again = server.client("ann");
    again.expect("anon> ");
    again.line("\\join 1150\n\\name ann");
    again.expect("Update username successful\n");
    ben.expect("* anon is now known as ann\n* ann is back and owns the room\nben> ");
    // The room hears of the end of this connection too.
    again.reset();
    ben.expect_next("\n* ann left\nben> ");
    ben.line("\\private");
    ben.expect("No owner is here right now.\nben> ");
    let mut third = newcomer(&server, "ann");
    third.join("1150");
    ben.expect("* ann is back and owns the room\nben> ");
    // Whoever says goodbye has gone.
    third.line("\\quit");
    third.expect_eof();
    ben.expect_next("\n* ann left\nben> ");
    ben.line("\\private");
    ben.expect_next("* ben made the room private: no list shows it\nben> ");
    let mut mallory = from_elsewhere(&server, "ann");
    mallory.line("\\join 1150");
    mallory.expect("------------ Room 1150 ------------\n");
}

#[test]
fn the_owner_of_a_locked_room_comes_back_with_its_password() {
    let server = Server::start(&[]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    ann.line("\\lock\npizza4all");
    ann.expect("joining needs a password\nann> ");
    ben.expect("joining needs a password\nben> ");
    ann.reset();
    ben.expect_next("\n* ann left\nben> ");
    let mut ann = newcomer(&server, "ann");
    ann.line("\\join 1150");
    ann.expect("Password of room 1150: ");
    ann.line("pizza4all");
    ann.expect("------------ Room 1150 ------------\n");
    ben.expect("* ann is back and owns the room\nben> ");
    ann.expect("ann> ");
    ann.line("\\unlock");
    ann.expect("* ann unlocked the room\nann> ");
}

#[test]
fn a_name_that_is_kept_for_a_lost_owner_is_kept_for_nobody_else() {
    let server = Server::start(&[]);
    let [ann] = room_with(&server, "1150", ["ann"]);
    let mut ben = from_elsewhere(&server, "ben");
    ann.reset();
    server.expect_log("connection lost");
    ben.line("\\name Ann");
    ben.expect_next("Update username failed. ");
    ben.expect("ben> ");
    // Of somebody who owns nothing the name is free at once.
    let cat = newcomer(&server, "cat");
    cat.reset();
    eventually("cat's name is free", || {
        ben.line("\\name cat");
        ben.expect("Update username ").is_empty() && !ben.expect("> ").starts_with("failed")
    });
}
