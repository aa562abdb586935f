//! The socket, `parlor admin`, and what operators do with it.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;

use super::Place;
use crate::harness::{Server, at_menu, eventually, registered, room_with, run};

#[test]
fn an_operator_sees_all_that_there_is_in_words_and_as_json() {
    let place = Place::new();
    let server = place.server(&[]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    ann.line("\\private");
    ben.expect("* ann made the room private");
    let _cat = at_menu(&server, "cat");
    let list = place.ask("list");
    let rows: Vec<&str> = list.lines().collect();
    assert_eq!(rows[0], "3 are connected:");
    assert!(rows[1].starts_with("1: ann, in room 1150, from 127.0.0.1, nc or the like, since "));
    assert!(rows[3].starts_with("3: anon, at the menu, from 127.0.0.1, "));
    assert!(!list.contains("ben, at the menu"), "{list}");
    let rows = place.connections();
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[1]["name"], "ben");
    assert_eq!(rows[1]["room"], "1150");
    assert_eq!(rows[1]["address"], "127.0.0.1");
    assert_eq!(rows[1]["account"], serde_json::Value::Null);
    assert!(
        rows[1]["lines_per_minute"]
            .as_u64()
            .is_some_and(|lines| lines >= 6)
    );
    let rooms = place.json("rooms");
    assert_eq!(rooms[0]["name"], "1150");
    assert_eq!(rooms[0]["members"], 2);
    assert_eq!(rooms[0]["private"], true);
    assert_eq!(rooms[0]["closed"], false);
    let limits = place.ask("limits");
    assert!(
        limits.contains("max-connections: 3 of 10000 connections\n"),
        "{limits}"
    );
    assert!(limits.contains("max-members: 2 of 10000 "), "{limits}");
    assert!(limits.contains("rate: no limit of lines"), "{limits}");
    let help = place.ask("help");
    assert!(
        help.contains("ban ADDRESS|CIDR|NAME|ACCOUNT [for TIME] [WHY]: "),
        "{help}"
    );
    // Words of one's own shell are a command too.
    let output = place.run(&["help", "kick"]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("For example: kick Dai spam\n"));
}

#[test]
fn what_is_half_or_wrong_is_answered_in_words_and_with_an_exit_code() {
    let place = Place::new();
    let _server = place.server(&[]);
    for (command, answer) in [
        (
            "lits",
            "There is no command lits. Did you mean list or limits?\n",
        ),
        ("kick", "Type kick ID|NAME [WHY].\n"),
        (
            "kick 99",
            "There is no connection 99. Nothing was done. Type list to see them.\n",
        ),
        (
            "ban 192.0.2.0/33",
            "192.0.2.0/33 is no address and no network. Nothing was done. Give one such as 192.0.2.7, \
             192.0.2.0/24 or 2001:db8::/48.\n",
        ),
        (
            "forget Dai",
            "This server keeps no accounts: it has no --data. Nothing was done.\n",
        ),
        (
            "close 1150",
            "There is no room 1150. Nothing was done. Type rooms to see them.\n",
        ),
    ] {
        assert_eq!(place.refused(command), answer, "{command}");
    }
    let error = place.json("kick 99");
    assert_eq!(error["error"], "nobody");
    assert!(
        error["message"]
            .as_str()
            .is_some_and(|text| text.starts_with("There is no "))
    );
    assert_eq!(place.run(&["--json", "kick", "99"]).status.code(), Some(1));
}

#[test]
fn the_socket_has_a_usual_place_and_can_be_elsewhere_or_nowhere() {
    let place = Place::new();
    let file = place.file();
    let data = file.to_str().expect("UTF-8");
    let beside = place.folder.path().join("chat.db.admin");
    let server = Server::start(&["--data", data]);
    let mode = fs::metadata(&beside).expect("it is there").permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    let output = run(&["admin", "--data", data, "list"]);
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "0 are connected:\n"
    );
    server.stop();
    assert!(!beside.exists());
    let gone = run(&["admin", "--data", data, "list"]);
    let told = String::from_utf8_lossy(&gone.stderr).into_owned();
    assert!(
        told.contains("there is no such socket; is the server running"),
        "{told}"
    );
    let server = Server::start(&["--data", data, "--admin", "none"]);
    assert!(!beside.exists());
    server.stop();
    let lost = run(&["admin", "list"]);
    assert_eq!(lost.status.code(), Some(2));
    let told = String::from_utf8_lossy(&lost.stderr).into_owned();
    assert!(
        told.starts_with("parlor: which server? Give --socket PATH"),
        "{told}"
    );
}

#[test]
fn a_socket_that_another_server_has_is_left_alone_and_one_that_was_left_behind_is_replaced() {
    let place = Place::new();
    let server = place.server(&[]);
    let socket = place.socket();
    let socket = socket.to_str().expect("UTF-8");
    let second = run(&["--listen", "127.0.0.1:0", "--admin", socket]);
    assert_eq!(second.status.code(), Some(1));
    let told = String::from_utf8_lossy(&second.stderr).into_owned();
    let expected =
        format!("parlor: cannot listen for operators on {socket}: it is in use already\n");
    assert!(told.ends_with(&expected), "{told}");
    assert_eq!(place.ask("list"), "0 are connected:\n");
    // Killed, it leaves its socket behind.
    drop(server);
    assert!(place.socket().exists());
    let _server = place.server(&[]);
    assert_eq!(place.ask("list"), "0 are connected:\n");
}

#[test]
fn whoever_is_kicked_reads_why_and_may_come_again() {
    let place = Place::new();
    let server = place.server(&[]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    let answer = place.ask("kick BEN too  loud");
    assert_eq!(answer, "Connection 2 of ben was closed.\n");
    ben.expect("* An operator has closed your connection: too  loud\n");
    ben.expect_eof();
    ann.expect("* ben left\n");
    let [mut cat] = room_with(&server, "1150", ["cat"]);
    let id = place.id_of("cat");
    assert_eq!(place.json(&format!("kick {id}"))["name"], "cat");
    cat.expect("* An operator has closed your connection.\n");
    cat.expect_eof();
    server.expect_log("security: operator-kicked address=127.0.0.1 by=unix:");
    server.expect_log(" id=2 whom=ben\n");
    server.expect_log("reason=kicked by an operator");
    let mut again = at_menu(&server, "ben");
    again.login();
}

#[test]
fn everybody_is_told_an_announcement_and_nobody_can_forge_one() {
    let place = Place::new();
    let server = place.server(&[]);
    let [mut ann, mut eve] = room_with(&server, "1150", ["ann", "eve"]);
    let mut cat = at_menu(&server, "cat");
    let announcement = "*** An operator of this server says: lunch at noon\n";
    assert_eq!(
        place.ask("announce lunch at noon"),
        "3 connections were told.\n"
    );
    for client in [&mut ann, &mut eve, &mut cat] {
        client.expect(announcement);
    }
    ann.line("\\times off");
    ann.expect("ann> ");
    for (forged, shown) in [
        (
            "*** An operator of this server says: lunch",
            "<eve> *** An ",
        ),
        (
            "\\me *** An operator of this server says: x",
            "<*> eve *** An",
        ),
    ] {
        eve.line(forged);
        ann.expect(shown);
    }
    for name in ["***", "***_An_operator"] {
        eve.line(format!("\\name {name}"));
        eve.expect("> ");
    }
    eve.line("An operator of this server says: lunch");
    ann.expect("operator of this server says: lunch\n");
    let text = ann.text();
    let is_one = |row: &&str| row.starts_with("*** An operator");
    assert_eq!(text.lines().filter(is_one).count(), 1, "{text}");
}

#[test]
fn an_operator_renames_somebody_who_is_not_logged_in_any_more() {
    let place = Place::new();
    let server = place.server_with_file(&[]);
    let mut bo = registered(&server, "Bo");
    bo.create("1150");
    bo.join("1150");
    let [mut ann] = room_with(&server, "1150", ["ann"]);
    bo.expect("* ann joined\n");
    let id = place.id_of("Bo");
    assert_eq!(
        place.ask(&format!("rename {id} Guest_7")),
        "Bo is Guest_7 now.\n"
    );
    bo.expect(
        "* An operator has given you the name Guest_7. You are no longer logged in as\n  Bo. Type \\login Bo \
         to log in again.\n",
    );
    bo.expect("Guest_7> ");
    ann.expect("* Bo is now known as Guest_7\n");
    bo.line("hello");
    ann.expect("] Guest_7: hello\n");
    assert!(
        place
            .refused("rename Guest_7 ann")
            .starts_with("ann is in use or registered")
    );
    assert!(
        place
            .refused("rename ann Bo")
            .starts_with("Bo is in use or registered")
    );
    // The old name is free for its owner.
    super::log_in(&mut bo, "Bo");
    bo.expect("Welcome back, Bo.\n");
    server.expect_log("operator-renamed address=127.0.0.1 by=unix:");
}

#[test]
fn an_operator_deletes_an_account_and_its_user_hears_of_it() {
    let place = Place::new();
    let server = place.server_with_file(&[]);
    let mut bo = registered(&server, "Bo");
    assert_eq!(place.ask("forget bo"), "The account Bo is deleted.\n");
    bo.expect("An operator has deleted the account Bo.");
    assert!(
        place
            .refused("forget Bo")
            .starts_with("There is no account Bo.")
    );
    let mut other = at_menu(&server, "other");
    super::log_in(&mut other, "Bo");
    other.expect("Bo is not registered, or that is not its password.");
}

#[test]
fn what_an_operator_does_to_a_room_is_told_in_it_and_lasts() {
    let place = Place::new();
    let server = place.server_with_file(&[]);
    let mut bo = registered(&server, "Bo");
    bo.create("1150");
    bo.join("1150");
    bo.say("hello");
    let [mut ann] = room_with(&server, "1150", ["ann"]);
    bo.line("\\lock");
    bo.expect("password");
    bo.line("open sesame");
    ann.expect("* Bo locked the room");
    assert_eq!(place.json("rooms")[0]["locked"], true);
    assert_eq!(
        place.ask("unlock 1150"),
        "Room 1150 needs no password any more.\n"
    );
    ann.expect("* An operator unlocked the room\n");
    bo.expect("* An operator unlocked the room\n");
    assert!(
        place
            .refused("unlock 1150")
            .starts_with("Room 1150: No change.")
    );
    assert_eq!(place.ask("own 1150 ann"), "ann owns room 1150 as well.\n");
    ann.expect("* ann was made an owner by an operator\n");
    ann.line("\\mute Bo");
    // Who has owned it for longer cannot be muted by the newer owner, but the room knows her as one.
    ann.expect("Bo has owned the room for longer than you.");
    assert!(
        place
            .refused("own 1150 nobody")
            .starts_with("Nobody in room 1150 is called nobody.")
    );
    let closed = place.ask("close 1150");
    assert!(closed.starts_with("Room 1150 is closed."), "{closed}");
    ann.expect("* Room 1150 was closed by an operator\n");
    bo.expect("* Room 1150 was closed by an operator\n");
    let rooms = place.json("rooms");
    assert_eq!(rooms[0]["name"], "1150");
    assert_eq!(rooms[0]["closed"], true);
    // Who owned it cannot bring it back; an operator can, also after a restart.
    bo.line("\\reopen 1150");
    bo.expect("You have owned no room of that name that was closed within 7d.");
    server.stop();
    let server = place.server_with_file(&[]);
    let mut bo = at_menu(&server, "Bo");
    super::log_in(&mut bo, "Bo");
    bo.expect("Welcome back, Bo.");
    bo.line("\\reopen 1150");
    bo.expect("You have owned no room of that name that was closed within 7d.");
    let file = place.file();
    let file = file.to_str().expect("UTF-8");
    assert!(run(&["reopen", "--data", file, "1150"]).status.success());
    bo.line("\\join 1150");
    bo.expect("] Bo: hello\n");
}

#[test]
fn an_operator_stops_the_server_and_everybody_reads_why() {
    let place = Place::new();
    let mut server = place.server(&[]);
    let [mut ann] = room_with(&server, "1150", ["ann"]);
    assert_eq!(
        place.ask("stop back in an hour"),
        "The server is stopping.\n"
    );
    ann.expect("*** An operator of this server says: back in an hour\n");
    ann.expect("* The server is going down.\n");
    ann.expect_eof();
    assert!(server.expect_exit().success());
    assert!(!place.socket().exists());
    server.expect_log("security: operator-stopped address=none by=unix:");
}

#[test]
fn many_commands_fit_into_one_connection_and_nc_will_do() {
    let place = Place::new();
    let server = place.server(&[]);
    let _ann = at_menu(&server, "ann");
    let mut socket = UnixStream::connect(place.socket()).expect("it listens");
    socket
        .write_all(b"bans\r\nfrobnicate\n--json bans\n\nhelp bans")
        .expect("it takes that");
    socket
        .shutdown(std::net::Shutdown::Write)
        .expect("a socket");
    let mut answers = String::new();
    socket.read_to_string(&mut answers).expect("it answers");
    let expected = "Nobody is banned.\n.ok\n\
                    There is no command frobnicate. Type help for the commands.\n.error\n\
                    []\n.ok\nlist: list the connections\n";
    assert!(answers.starts_with(expected), "{answers}");
    assert!(answers.ends_with("For example: bans\n.ok\n"), "{answers}");
}

#[test]
fn when_the_server_is_full_its_operators_get_in_all_the_same() {
    let place = Place::new();
    let server = place.server(&["--max-connections", "2"]);
    let (mut ann, _ben) = (at_menu(&server, "ann"), at_menu(&server, "ben"));
    let mut cat = server.client("cat");
    cat.expect("The server is full.");
    let list = place.ask("list");
    assert!(list.starts_with("2 are connected:\n"), "{list}");
    let id = place.connections()[1]["id"].clone();
    place.ask(&format!("kick {id}"));
    eventually("getting in", || {
        let mut dan = server.client("dan");
        dan.line("\\who all");
        dan.expect("\n");
        !dan.text().starts_with("The server is full.")
    });
    ann.line("\\stats");
    ann.expect("people: ");
}
