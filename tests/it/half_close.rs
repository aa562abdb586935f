//! The end of a client's input: `printf '...' | nc -N`.

use crate::harness::{MENU, Server, room_with, times_blanked};

#[test]
fn a_script_posts_a_line_and_the_connection_closes_when_all_is_answered() {
    let server = Server::start(&[]);
    let [mut ann] = room_with(&server, "1150", ["ann"]);
    let mut bot = server.client("bot");
    bot.send("4\nbot\n2\n1150\nbuild failed\n");
    bot.shutdown_write();
    let all = times_blanked(&bot.expect_eof().replace("\r\n", "\n"));
    assert!(all.starts_with(MENU), "{all:?}");
    assert!(
        all.contains("------------ Room 1150 ------------\n"),
        "{all:?}"
    );
    assert!(
        all.contains("bot> [HH:MM:SS] bot: build failed\nbot> "),
        "{all:?}"
    );
    // How many of these rows share a prompt depends on how fast we are.
    ann.expect_next("\n* bot joined\n");
    ann.expect("[HH:MM:SS] bot: build failed\n");
    ann.expect("* bot left\nann> ");
}

#[test]
fn many_pending_lines_are_all_handled_first() {
    let server = Server::start(&["--rate", "0"]);
    let [mut ann] = room_with(&server, "1150", ["ann"]);
    let mut bot = server.client("bot");
    let lines: String = (0..500).map(|n| format!("line {n}\n")).collect();
    bot.send(format!("4\nbot\n2\n1150\n{lines}"));
    bot.shutdown_write();
    let all = bot.expect_eof();
    for client_saw in [all, ann.expect("* bot left\n")] {
        assert_eq!(client_saw.matches("] bot: line ").count(), 500);
    }
}

#[test]
fn lines_that_the_rate_holds_back_are_handled_as_well() {
    let server = Server::start(&[]);
    let [mut ann] = room_with(&server, "1150", ["ann"]);
    let mut bot = server.client("bot");
    let lines: String = (0..110).map(|n| format!("line {n}\n")).collect();
    bot.send(format!("4\nbot\n2\n1150\n{lines}"));
    bot.shutdown_write();
    let seen = ann.expect("* bot left\n");
    assert_eq!(seen.matches("] bot: line ").count(), 110);
}

#[test]
fn a_client_that_goes_away_without_a_word_leaves_its_room_and_its_name() {
    let server = Server::start(&[]);
    let [mut ann, ben] = room_with(&server, "1150", ["ann", "ben"]);
    drop(ben);
    ann.expect_next("\n* ben left\nann> ");
    let mut next = server.client("ben");
    next.expect("anon> ");
    next.login();
}
