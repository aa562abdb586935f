//! What one is shown of what others say, and how: in whose time, with which bell, and from whom.

use std::fs;

use tempfile::TempDir;

use crate::harness::{Client, Server, in_character_mode, room_with, run};

/// What `client` is sent until the next `text`, and the time that stands before it in the same row.
fn time_before(client: &mut Client, text: &str) -> String {
    let before = client.expect(text);
    let time = before.rsplit('[').next().expect("a time before it");
    time.trim_end_matches("] ").to_owned()
}

/// `time` some hours later, on a clock that goes round.
fn later(time: &str, hours: u32) -> String {
    let (hour, rest) = time.split_at(2);
    let hour: u32 = hour.parse().expect("hours");
    format!("{:02}{rest}", (hour + hours) % 24)
}

#[test]
fn everything_is_shown_in_the_time_of_ones_own_zone() {
    let server = Server::start(&["--timezone", "UTC"]);
    let [mut ann, mut far] = room_with(&server, "1150", ["ann", "far"]);
    far.line("\\timezone");
    far.expect_next("Times are shown in UTC. Type \\timezone ZONE for another, such as ");
    far.expect("far> ");
    far.line("\\timezone asia/BANGKOK");
    far.expect_next("Times are shown in Asia/Bangkok, where it is 2");
    far.expect(" now.\nfar> ");

    ann.line("hello");
    let hello = time_before(&mut ann, "ann: hello\nann> ");
    let there = time_before(&mut far, "ann: hello\nfar> ");
    assert_eq!(there, later(&hello, 7));
    ann.line("\\msg far psst");
    let here = time_before(&mut ann, "you -> far: psst\n");
    let there = time_before(&mut far, "ann -> you: psst\n");
    assert_eq!(there, later(&here, 7));
    far.expect("far> ");
    far.line("\\history");
    let there = time_before(&mut far, "ann: hello\n");
    let (_, there) = there.split_once(' ').expect("a date and a time");
    assert_eq!(there, later(&hello, 7));
    far.expect("far> ");
    far.line("\\timezone +05:30");
    far.expect_next("Times are shown in UTC+05:30, where it is ");
    far.expect("far> ");
    far.line("\\timezone Bangkok");
    far.expect_next(
        "There is no time zone Bangkok. Times are still shown in UTC+05:30. \
         Try one such as Asia/Bangkok, +07:00 or UTC.\nfar> ",
    );
    far.line("\\timezone -3");
    far.expect("far> ");
    far.line("\\exit");
    far.expect("far> ");
    let history = far.join("1150");
    let there = format!("[{}] ann: hello\n", later(&hello, 21));
    assert!(history.contains(&there), "{there} is not in {history}");
    far.line("\\time");
    far.expect_next("It is 2");
    far.expect(" in UTC-03:00.\nfar> ");
    far.line("\\timezone off");
    far.expect_next("Times are shown in UTC, where it is ");
}

/// Two lines of two days long ago, for `parlor import`.
const LONG_AGO: &str = r#"{"type":"room","name":"1150","topic":"","created":"2020-01-01T00:00:00.000Z","last_id":2}
{"type":"message","room":"1150","id":1,"time":"2020-01-01T23:59:59.123Z","name":"ann","kind":"message","text":"bye"}
{"type":"message","room":"1150","id":2,"time":"2020-01-02T00:00:00.000Z","name":"ben","kind":"message","text":"and a happy new year"}
"#;

#[test]
fn the_date_is_shown_where_it_changes_in_every_drawing() {
    let folder = TempDir::new().expect("a directory");
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    fs::write(path("lines"), LONG_AGO).expect("a file");
    let import = run(&["import", "--data", &path("chat.db"), &path("lines")]);
    assert!(import.status.success(), "{import:?}");
    let server = Server::start(&["--data", &path("chat.db"), "--timezone", "UTC"]);

    let mut ann = server.client("ann");
    ann.login();
    let history = ann.join("1150");
    let rows = "--- 2020-01-01 ---\n[23:59:59] ann: bye\n\
                --- 2020-01-02 ---\n[00:00:00] ben: and a happy new year\n";
    assert_eq!(history.replace('\r', ""), rows);

    let mut far = server.client("far");
    far.login();
    far.line("\\ansi");
    far.expect("far> ");
    far.line("\\color off");
    far.expect("far> ");
    far.line("\\timezone -1");
    far.expect("far> ");
    far.line("2\n1150");
    far.expect("Room 1150 ------------\x1b[?7h");
    let history = far.expect("ben: and a happy new year\x1b[?7h");
    assert_eq!(history.matches("--- 2020-01-01 ---").count(), 1);
    assert!(!history.contains("--- 2020-01-02 ---"), "{history}");
    far.expect("far> ");
    // Nobody comes under the date of another day.
    let is_dated = |before: &str| {
        assert_eq!(before.matches(" ---").count(), 1, "{before:?}");
        let (_, date) = before.split_once("--- 2").expect("a date");
        assert!(!date.contains("2020"), "{before:?}");
    };
    is_dated(&ann.expect("* far joined\nann> "));
    let mut tel = in_character_mode(&server);
    assert!(tel.text().contains("--- 2020-01-02 ---"));
    let before = ann.expect("* tel joined\nann> ");
    assert!(!before.contains("---"), "{before:?}");
    is_dated(&far.expect("* tel joined"));

    ann.line("back again");
    is_dated(&tel.expect("back again"));
    for client in [&mut ann, &mut far] {
        let before = client.expect("back again");
        assert!(!before.contains("---"), "{before:?}");
    }
    // Who comes now sees lines of long ago and of today, and is told of today's date once.
    let mut late = server.client("late");
    late.login();
    let history = late.join("1150");
    assert_eq!(history.matches("\n--- 2").count(), 2, "{history}");
    ann.line("still today");
    for client in [&mut ann, &mut far, &mut tel, &mut late] {
        let before = client.expect("still today");
        assert!(!before.contains("---"), "{before:?}");
    }
}

fn bells(client: &Client) -> usize {
    let received = client.received();
    received.iter().filter(|byte| **byte == 7).count()
}

#[test]
fn the_bell_rings_for_all_that_others_say_or_for_ones_name_alone_or_not_at_all() {
    let server = Server::start(&[]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    let mut cat = server.client("cat");
    cat.login();
    let table = [
        ("all", "The bell rings for every message.", [1, 1, 1]),
        (
            "mention",
            "The bell rings when somebody says your name, and for private messages.",
            [0, 1, 1],
        ),
        ("off", "The bell is off.", [0, 0, 0]),
    ];
    for (what, answer, [line, mention, private]) in table {
        ben.line(format!("\\bell {what}"));
        ben.expect_next(&format!("{answer}\nben> "));
        // One's own words, and who comes and goes, ring for nobody.
        ben.say("ben says so");
        ann.expect("ben says so\nann> ");
        cat.join("1150");
        cat.line("\\exit");
        cat.expect("cat> ");
        ann.expect("* cat left\nann> ");
        ben.expect("* cat left\nben> ");
        let mut before = bells(&ben);
        for (text, rung) in [
            ("hello", line),
            ("hello ben", mention),
            ("\\msg ben psst", private),
        ] {
            ann.line(text);
            ann.expect("ann> ");
            ben.expect("ben> ");
            assert_eq!(bells(&ben) - before, rung, "{what}: {text}");
            before = bells(&ben);
        }
    }
    ben.line("\\bell");
    ben.expect_next(
        "The bell is off.\nType \\bell mention, \\bell all or \\bell off to change that.\nben> ",
    );
}

#[test]
fn a_room_where_all_is_of_today_shows_no_date() {
    let server = Server::start(&[]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    ann.say("hello");
    ben.expect_next("\n[HH:MM:SS] ann: hello\nben> ");
    ben.line("\\exit");
    ben.expect("ben> ");
    let history = ben.join("1150");
    assert!(!history.contains("---"), "{history}");
}

#[test]
fn ignored_people_are_not_seen_whatever_they_are_called_by_then() {
    let server = Server::start(&["--rate", "0"]);
    let [mut ann, mut ben, mut cat] = room_with(&server, "1150", ["ann", "ben", "cat"]);
    ben.line("\\bell all");
    ben.expect("ben> ");
    ben.line("\\ignore");
    ben.expect_next("You are not ignoring anybody. Type \\ignore NAME to ignore somebody.\nben> ");
    ann.line("before");
    ben.expect("] ann: before\n\x07ben> ");
    ben.line("\\ignore ANN");
    ben.expect_next("You are now ignoring ann. Type \\unignore ann to undo it.\nben> ");
    ben.line("\\ignore ann");
    ben.expect_next("You are already ignoring ann. Type \\unignore ann to undo it.\nben> ");
    ben.line("\\ignore ben");
    ben.expect_next("That is you. Nothing was changed.\nben> ");

    // Neither what she says nor does, nor under another name; neither seen nor heard.
    let rung = bells(&ben);
    ann.say("hello ben");
    ann.line("\\me waves");
    ann.expect("* ann waves\nann> ");
    ann.line("\\msg ben psst");
    // She is not told of it.
    ann.expect_next("[HH:MM:SS] you -> ben: psst\nann> ");
    ann.line("\\name eve");
    ann.expect("eve> ");
    ann.line("who am I?");
    ann.expect("] eve: who am I?\neve> ");
    ann.line("\\msg ben psst");
    ann.expect("you -> ben: psst\neve> ");
    cat.expect("] eve: who am I?\ncat> ");
    // One's own lines are answered all the same.
    ben.say("nothing new");
    assert_eq!(bells(&ben), rung);
    cat.say("hi all");
    ben.expect_next("\n[HH:MM:SS] cat: hi all\n\x07ben> ");

    // Whoever comes by that name is ignored as well, in what was said before too.
    let mut other = server.client("ann");
    other.login();
    other.join("1150");
    ben.expect("* ann joined\nben> ");
    other.say("it is me");
    ben.line("\\exit");
    ben.expect("ben> ");
    let history = ben.join("1150");
    assert!(history.contains("] ben: nothing new\n"), "{history}");
    assert!(history.contains("] cat: hi all\n"), "{history}");
    for name in ["ann", "eve"] {
        assert!(!history.contains(name), "{history}");
    }
    ben.line("\\search it is me");
    ben.expect_next(
        "All of that was said by people you ignore. Type \\ignore to list them.\nben> ",
    );
    ben.line("\\context 1");
    ben.expect_next("#1 [");
    let context = ben.expect("ben> ");
    assert!(context.contains("] ann: before"), "{context}");
    assert!(!context.contains("hello ben"), "{context}");

    ben.line("\\ignore");
    ben.expect_next("You are ignoring (type \\unignore NAME to stop): ann\nben> ");
    ben.line("\\unignore cat");
    ben.expect_next("You are not ignoring cat. Type \\ignore to list whom you ignore.\nben> ");
    ben.line("\\unignore eve");
    ben.expect_next("You are no longer ignoring ann.\nben> ");
    other.say("and me?");
    ben.expect_next("\n[HH:MM:SS] ann: and me?\n\x07ben> ");
    ann.line("\\msg ben at last");
    ben.expect("eve -> you: at last\n");
}

#[test]
fn who_ignores_somebody_is_not_mentioned_by_that_one() {
    let server = Server::start(&["--rate", "0"]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    let mut tel = in_character_mode(&server);
    ann.expect("* tel joined\nann> ");
    ben.expect("* tel joined\nben> ");
    tel.send("\\ignore ann\r\\bell mention\r");
    tel.expect("for private messages.\r\n");
    ann.say("tel!");
    ben.expect("tel!\nben> ");
    ben.say("tel?");
    let before = tel.expect("\x1b[7mtel\x1b[27m?\r\n\x07");
    assert!(!before.contains("tel!"), "{before:?}");
}

#[test]
fn who_is_quiet_sees_what_is_said_and_neither_notices_nor_advice() {
    let server = Server::start(&["--rate", "0"]);
    let [mut ann] = room_with(&server, "1150", ["ann"]);
    let mut bot = server.client("bot");
    bot.login();
    bot.line("\\quiet");
    bot.expect_next(
        "Quiet: no notices of who comes and goes, no advice. \\quiet off ends it.\nbot> ",
    );
    bot.line("2");
    bot.expect("Please enter room number: ");
    bot.line("1150");
    bot.expect_next("Join room 1150 successful\n------------ Room 1150 ------------\nbot> ");
    ann.expect("* bot joined\nann> ");
    let mut cat = server.client("cat");
    cat.login();
    cat.join("1150");
    cat.line("\\topic fish");
    cat.expect("* cat set the topic: fish\ncat> ");
    cat.line("\\exit");
    cat.expect("cat> ");
    ann.expect("* cat left\nann> ");
    ann.say("hello");
    bot.expect_next("\n[HH:MM:SS] ann: hello\nbot> ");
    ann.line("\\msg bot psst");
    bot.expect_next("\n[HH:MM:SS] ann -> you: psst\nbot> ");
    bot.line("exit");
    bot.expect_next("[HH:MM:SS] bot: exit\nbot> ");
    bot.line("\\search hello");
    bot.expect_next("#1 [");
    let rest = bot.expect("bot> ");
    assert!(!rest.contains('('), "{rest}");
    bot.line("\\quiet off");
    bot.expect_next("Notices and advice are shown.\nbot> ");
    cat.join("1150");
    bot.expect_next("\n* cat joined\nbot> ");
}
