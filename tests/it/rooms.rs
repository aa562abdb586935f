//! Rooms and who is in them.

use crate::harness::{MENU, Server, plain_lines, room_with, seconds_of_day};

#[test]
fn creating_a_room_does_not_join_it() {
    let server = Server::start(&[]);
    let mut client = server.client("maker");
    client.expect_next(&format!("{MENU}anon> "));
    client.send("1\n1150\nhello\n");
    client.expect("Create room 1150 successful\n");
    client.expect("You have entered illegal/incorrect input. Please try again!\n");
}

#[test]
fn a_room_has_a_name_of_1_to_32_graphemes_without_white_space() {
    let thai = "ที่".repeat(32);
    let longest = "r".repeat(32);
    let server = Server::start(&[]);
    let mut client = server.client("maker");
    client.expect("anon> ");
    for good in [
        "1150",
        "0",
        "rust-lang",
        "ห้องนั่งเล่น",
        "room.1",
        thai.as_str(),
        longest.as_str(),
    ] {
        client.line("1");
        client.expect("Enter room name you wish to create: ");
        client.line(good);
        client.expect_next(&format!("Create room {good} successful\n"));
        client.expect("anon> ");
    }
    let (too_long, too_long_thai) = ("r".repeat(33), "ที่".repeat(33));
    for bad in [
        "",
        " ",
        "two words",
        "tab\tinside",
        "\u{200b}",
        too_long.as_str(),
        too_long_thai.as_str(),
    ] {
        client.line("1");
        client.expect("Enter room name you wish to create: ");
        client.line(bad);
        client.expect("failed. ");
        let reason = client.expect(&format!("{MENU}anon> "));
        assert!(!reason.trim().is_empty(), "no reason for {bad:?}");
    }
}

#[test]
fn a_room_and_its_last_lines_stay_when_everybody_has_left() {
    let server = Server::start(&[]);
    let [mut ann] = room_with(&server, "1150", ["ann"]);
    ann.say("still here");
    ann.line("\\quit");
    ann.expect_eof();
    let mut ben = server.client("ben");
    ben.login();
    ben.line("3");
    ben.expect("Active Room(s): 1150\n");
    assert_eq!(
        plain_lines(&ben.join("1150"), "ben")[0][11..],
        *"ann: still here"
    );
}

#[test]
fn joining_shows_the_last_ten_lines_or_as_many_as_the_operator_says() {
    for (args, shown) in [(&[] as &[&str], 10), (&["--history", "3"], 3)] {
        let server = Server::start(args);
        let [mut ann] = room_with(&server, "1150", ["ann"]);
        for n in 0..15 {
            ann.say(&format!("line {n}"));
        }
        let mut late = server.client("late");
        late.login();
        let lines = plain_lines(&late.join("1150"), "late");
        let want: Vec<String> = (15 - shown..15)
            .map(|n| format!(" ann: line {n}"))
            .collect();
        let got: Vec<&str> = lines.iter().map(|line| &line[10..]).collect();
        assert_eq!(got, want, "{args:?}");
    }
}

#[test]
fn coming_going_and_renaming_are_told_but_are_not_history() {
    let server = Server::start(&[]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    ben.line("\\name bob");
    ann.expect_next("\n* ben is now known as bob\nann> ");
    ben.expect("bob> ");
    ben.line("\\exit");
    ann.expect_next("\n* bob left\nann> ");
    ben.expect(MENU);
    ben.expect_next("bob> ");
    ben.line("2\n1150");
    ben.expect("------------ Room 1150 ------------\n");
    // No history, and a member does not see its own coming.
    ben.expect_next("bob> ");
    assert!(!ben.text().contains("joined"), "{}", ben.text());
    ann.expect_next("\n* bob joined\nann> ");
    drop(ben);
    ann.expect_next("\n* bob left\nann> ");
}

#[test]
fn lines_stay_in_their_room() {
    let server = Server::start(&[]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    let [mut cat] = room_with(&server, "7", ["cat"]);
    cat.say("in seven");
    ann.line("in 1150");
    ann.expect_next("[HH:MM:SS] ann: in 1150\nann> ");
    ben.expect_next("\n[HH:MM:SS] ann: in 1150\nben> ");
    cat.line("again in seven");
    cat.expect_next("[HH:MM:SS] cat: again in seven\ncat> ");
}

#[test]
fn whoever_is_at_the_menu_hears_nothing_of_the_room() {
    let server = Server::start(&[]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    ben.line("\\exit");
    ben.expect(MENU);
    ben.expect_next("ben> ");
    ann.expect("* ben left\nann> ");
    ann.say("psst");
    ben.line("3");
    ben.expect_next(&format!("Active Room(s): 1150\n{MENU}ben> "));
}

#[test]
fn members_move_from_room_to_room() {
    let server = Server::start(&[]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    ann.line("\\exit");
    ann.expect(MENU);
    ann.create("7");
    ann.join("7");
    ben.expect("* ann left\nben> ");
    ann.say("hello seven");
    ben.line("hello 1150");
    ben.expect_next("[HH:MM:SS] ben: hello 1150\nben> ");
    ann.line("\\exit");
    ann.expect(MENU);
    let shown = ann.join("1150");
    let rows = ["(1 new since you left)", "ben: hello 1150"];
    assert_eq!(without_times(&shown), rows);
    ben.expect_next("\n* ann joined\nben> ");
}

#[test]
fn times_are_in_the_operators_time_zone() {
    // Bangkok is seven hours ahead of UTC all year.
    for (zone, offset) in [("UTC", 0), ("Asia/Bangkok", 7 * 3600)] {
        let server = Server::start(&["--timezone", zone]);
        let [mut ann] = room_with(&server, "1150", ["ann"]);
        ann.say("what time is it");
        let text = ann.text();
        let (before, _) = text.split_once("] ann: what").expect("the line is there");
        let digits: Vec<u64> = before[before.len() - 8..]
            .split(':')
            .map(|part| part.parse().expect("a number"))
            .collect();
        let shown = digits[0] * 3600 + digits[1] * 60 + digits[2];
        let behind = (seconds_of_day() + offset + 86_400 - shown) % 86_400;
        assert!(
            behind < 30,
            "{zone}: the line is {behind} s behind the clock"
        );
    }
}

#[test]
fn whoever_comes_back_is_told_what_is_new() {
    let server = Server::start(&["--rate", "0"]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    ann.say("one");
    ben.expect("ann: one\nben> ");
    ben.line("\\exit");
    ben.expect("===\nben> ");
    ben.line("\\rooms");
    ben.expect("people  last line     room\n     1  just now      1150\n");
    for number in 2..=4 {
        ann.say(&number.to_string());
    }
    ben.line("\\rooms");
    ben.expect("     1  just now      1150 (3 new)\n");
    let history = ben.join("1150");
    assert_eq!(
        without_times(&history),
        [
            "ann: one",
            "(3 new since you left)",
            "ann: 2",
            "ann: 3",
            "ann: 4"
        ]
    );
    // Who stays has seen all.
    ben.line("\\rooms");
    ben.expect("     2  just now      1150\n");
    ben.expect("ben> ");
    ben.line("\\exit");
    ben.expect("===\nben> ");
    let history = ben.join("1150");
    assert!(!history.contains("new since"), "{history}");
    ben.line("\\exit");
    ben.expect("===\nben> ");
    for number in 1..=12 {
        ann.say(&format!("more {number}"));
    }
    let history = ben.join("1150");
    let rows = without_times(&history);
    assert_eq!(
        rows[0],
        "(12 new since you left; type '\\history' for what came before)"
    );
    assert_eq!((rows[1], rows.len()), ("ann: more 3", 11));
}

/// The rows of a transcript, without the time in front of messages.
fn without_times(rows: &str) -> Vec<&str> {
    let bare = |row| str::split_once(row, "] ").map_or(row, |(_, rest)| rest);
    rows.lines().map(bare).collect()
}

#[test]
fn comings_and_goings_of_a_moment_are_told_together() {
    let server = Server::start(&["--notice-delay", "0.5"]);
    let [mut ann] = room_with(&server, "1150", ["ann"]);
    let mut others = ["ben", "cat", "dai", "eve", "fay"].map(|name| server.client(name));
    for client in &mut others {
        client.login();
        client.join("1150");
    }
    ann.expect_next("\n* ben, cat and 3 others joined\nann> ");
    // Those who came later saw who was there already.
    let [ben, cat, dai, eve, fay] = &mut others;
    ben.expect_next("\n* cat, dai and 2 others joined\nben> ");
    cat.expect_next("\n* dai, eve and fay joined\ncat> ");
    dai.expect_next("\n* eve and fay joined\ndai> ");
    eve.expect_next("\n* fay joined\neve> ");
    ann.say("who came last was told nothing");
    fay.expect_next("\n[HH:MM:SS] ann: who came last was told nothing\nfay> ");
    // Whoever leaves and comes back at once was not away, nor was whoever takes the wrong room there.
    ben.line("\\exit");
    ben.expect("===\nben> ");
    ben.line("\\join 1150");
    ben.expect("------------ Room 1150");
    let mut lost = server.client("lost");
    lost.login();
    lost.join("1150");
    lost.line("\\exit");
    lost.expect("===\nlost> ");
    ann.expect_next("\n* lost joined and left\nann> ");
    drop(others);
    ann.expect_next("\n* ");
    ann.expect(" left\nann> ");
}

#[test]
fn a_script_that_posts_a_line_brings_no_notice() {
    let server = Server::start(&["--notice-delay", "0.5"]);
    let [mut ann] = room_with(&server, "1150", ["ann"]);
    let script = "4\nbot\n2\n1150\nthe build is red\n";
    let mut bot = server.client("bot");
    bot.send(script);
    bot.shutdown_write();
    ann.expect_next("\n[HH:MM:SS] bot: the build is red\nann> ");
    bot.expect_eof();
    // What is told next is of somebody else.
    let mut ben = server.client("ben");
    ben.login();
    ben.join("1150");
    ann.expect_next("\n* ben joined\nann> ");
    // Whoever is heard is there, and is told of only when they go.
    let mut cat = server.client("cat");
    cat.login();
    cat.join("1150");
    cat.say("hi");
    ann.expect_next("\n[HH:MM:SS] cat: hi\nann> ");
    ben.line("\\exit");
    ann.expect_next("\n* ben left\nann> ");
    cat.line("\\exit");
    ann.expect_next("\n* cat left\nann> ");
}
