//! The bounds, as far as they can be reached from outside in a short time.

use std::time::{Duration, Instant};

use crate::harness::{Client, MENU, Server, eventually, plain_lines, room_with};

/// Bytes of the longest line, without its end.
const LONGEST_LINE: usize = 4_096;

#[test]
fn a_line_that_is_too_long_is_refused_whole_and_the_next_one_works() {
    for end in ["\n", "\r\n"] {
        for length in [
            LONGEST_LINE + 1,
            LONGEST_LINE + 2,
            2 * LONGEST_LINE,
            1_000_000,
        ] {
            let server = Server::start(&[]);
            let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
            ann.send(format!("{}{end}", "x".repeat(length)));
            let told = ann.expect("ann> ");
            assert!(
                !told.trim().is_empty() && !told.contains("] ann:"),
                "{length}: {told:?}"
            );
            assert!(told.len() < 300, "{length}: {told:?}");
            ann.send(format!("next{end}"));
            ann.expect("[HH:MM:SS] ann: next\n");
            ben.expect_next("\n[HH:MM:SS] ann: next\nben> ");
        }
    }
}

#[test]
fn the_longest_line_arrives() {
    for end in ["\n", "\r\n", "\r"] {
        let server = Server::start(&[]);
        let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
        let line = "x".repeat(LONGEST_LINE);
        ben.unwrapped();
        ann.send(format!("{line}{end}"));
        ben.expect_next(&format!("\n[HH:MM:SS] ann: {line}\nben> "));
    }
}

#[test]
fn a_line_that_is_too_long_is_refused_at_the_menu_as_well() {
    let server = Server::start(&[]);
    let mut client = server.client("long");
    client.expect_next(&format!("{MENU}anon> "));
    client.send(format!("{}\n", "3".repeat(10_000)));
    client.expect("anon> ");
    client.send(format!("1\n{}\n", "r".repeat(10_000)));
    client.expect("Enter room name you wish to create: ");
    client.line("1150");
    client.expect("> ");
    client.line("\\quit");
    client.expect("Goodbye.");
}

#[test]
fn one_connection_too_many_is_told_why_and_closed() {
    for flag in ["--max-connections", "--max-per-address"] {
        let server = Server::start(&[flag, "2"]);
        let mut inside = [server.client("one"), server.client("two")];
        for client in &mut inside {
            client.expect("anon> ");
        }
        let mut third = server.client("three");
        let told = third.expect_eof();
        assert_eq!(told.trim().lines().count(), 1, "{flag}: {told:?}");
        // Whoever is inside is not disturbed, and a place that gets free is given again.
        let [mut one, mut two] = inside;
        one.line("3");
        one.expect_next("There are no created rooms yet\n");
        two.line("5");
        two.expect_eof();
        eventually("admitting another", || {
            let mut next = server.client("next");
            next.line("5");
            next.expect_eof().contains("Goodbye.")
        });
    }
}

#[test]
fn the_limit_of_one_address_does_not_touch_another() {
    let server = Server::start(&["--listen", "[::1]:0", "--max-per-address", "1"]);
    let mut four = server.client("four");
    four.expect("anon> ");
    let port = server.listening("[::1]:");
    let mut six = server.client_at("six", format!("[::1]:{port}").parse().expect("an address"));
    six.expect("anon> ");
    let mut again = server.client("again");
    assert_eq!(again.expect_eof().trim().lines().count(), 1);
}

#[test]
fn zero_lifts_the_limits_on_connections() {
    let server = Server::start(&["--max-connections", "0", "--max-per-address", "0"]);
    let mut clients: Vec<Client> = (0..300).map(|n| server.client(&format!("c{n}"))).collect();
    for client in &mut clients {
        client.expect("anon> ");
    }
}

#[test]
fn a_fast_sender_is_slowed_and_loses_nothing() {
    // The default: ten lines a second, and a hundred at once.
    let server = Server::start(&[]);
    let [mut flood, mut ben] = room_with(&server, "1150", ["flood", "ben"]);
    let start = Instant::now();
    let many: String = (0..130).map(|n| format!("line {n}\n")).collect();
    flood.send(many);
    // Others go on while the sender waits.
    ben.line("unhurried");
    ben.expect("[HH:MM:SS] ben: unhurried\n");
    ben.expect("flood: line 129\n");
    assert!(
        start.elapsed() > Duration::from_secs(1),
        "130 lines took only {:?}",
        start.elapsed()
    );
    assert_eq!(flood_lines(&ben), 130);
    flood.expect("flood: line 129\n");
    assert_eq!(flood_lines(&flood), 130);
}

#[test]
fn zero_lifts_the_limit_on_lines_a_second() {
    let server = Server::start(&["--rate", "0"]);
    let [mut flood, mut ben] = room_with(&server, "1150", ["flood", "ben"]);
    let start = Instant::now();
    let many: String = (0..1_000).map(|n| format!("line {n}\n")).collect();
    flood.send(many);
    ben.expect("flood: line 999\n");
    // With the default this takes a minute and a half.
    assert!(
        start.elapsed() < Duration::from_secs(15),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(flood_lines(&ben), 1_000);
}

/// How many lines of the flood a client has seen; asserts that they came in order.
fn flood_lines(client: &Client) -> usize {
    let lines = plain_lines(&client.text(), client.name());
    let numbers: Vec<usize> = lines
        .iter()
        .filter_map(|line| line.split_once("] flood: line ")?.1.parse().ok())
        .collect();
    assert!(
        numbers
            .iter()
            .enumerate()
            .all(|(place, number)| place == *number),
        "{numbers:?}"
    );
    numbers.len()
}

#[test]
fn the_number_of_rooms_is_bounded_and_those_that_are_there_go_on() {
    /// More than any sensible bound.
    const TOO_MANY: usize = 100_000;
    const AT_ONCE: usize = 500;
    let server = Server::start(&["--rate", "0", "--max-rooms-per-address", "0"]);
    let [mut ann] = room_with(&server, "1150", ["ann"]);
    let mut maker = server.client("maker");
    let refused = (0..TOO_MANY / AT_ONCE).any(|round| {
        let asked: String = (0..AT_ONCE).map(|n| format!("1\nr{round}-{n}\n")).collect();
        maker.send(asked);
        maker.expect(&format!("Create room r{round}-{} ", AT_ONCE - 1));
        maker.expect("> ");
        maker.line("1");
        maker.expect("Enter room name you wish to create: ");
        maker.line(format!("last{round}"));
        maker.expect(&format!("Create room last{round} "));
        maker
            .expect("Who needs password anyway?")
            .contains("failed. ")
    });
    assert!(refused, "{TOO_MANY} rooms and no bound");
    ann.say("still here");
}

#[test]
fn however_many_create_rooms_at_once_there_are_exactly_as_many_as_may_be() {
    const CREATORS: usize = 50;
    let folder = tempfile::TempDir::new().expect("a directory");
    let file = folder.path().join("chat.db");
    let stored = ["--data", file.to_str().expect("UTF-8")];
    for data in [&[][..], &stored] {
        let server = Server::start(&[&["--max-rooms", "10"], data].concat());
        // Two for each name: one of them is told that there is such a room, or that there is no place for one.
        let mut creators: Vec<Client> = (0..CREATORS)
            .map(|n| server.client(&format!("c{n}")))
            .collect();
        for creator in &mut creators {
            creator.expect("anon> ");
        }
        for (number, creator) in creators.iter_mut().enumerate() {
            creator.send(format!("1\nroom{}\n", number / 2));
        }
        let mut created = 0;
        for creator in &mut creators {
            creator.expect("Create room room");
            let outcome = creator.expect("anon> ");
            created += usize::from(outcome.contains(" successful"));
        }
        assert_eq!(created, 10, "{data:?}");
        let mut ann = server.client("ann");
        ann.expect("anon> ");
        ann.line("\\stats");
        ann.expect("rooms: 10\n");
        ann.line("1");
        ann.line("another");
        ann.expect("failed. No more rooms can be created (limit: 10).");
    }
}

#[test]
fn one_address_cannot_take_all_rooms() {
    const CREATORS: usize = 20;
    let server = Server::start(&["--rate", "0", "--max-rooms", "100"]);
    let mut ann = server.client("ann");
    ann.expect("anon> ");
    ann.line("1");
    ann.line("anns");
    ann.expect("Create room anns successful");
    let mut creators: Vec<Client> = (0..CREATORS)
        .map(|n| server.client(&format!("c{n}")))
        .collect();
    for (number, creator) in creators.iter_mut().enumerate() {
        let names: String = (0..10).map(|n| format!("1\nroom{number}-{n}\n")).collect();
        creator.send(format!("{names}\\quit\n"));
    }
    let mut created = 0;
    for creator in &mut creators {
        let told = creator.expect_eof();
        let created_here = told.matches(" successful\n").count();
        let refused = told.matches("Too many open rooms were created from your address");
        assert_eq!(created_here + refused.count(), 10, "{told}");
        created += created_here;
    }
    assert_eq!(created, 49);
    // One that is closed makes place for another.
    ann.line("1");
    ann.line("instead");
    ann.expect("Create room instead failed.");
    ann.line("2");
    ann.line("anns");
    ann.expect("Join room anns successful");
    ann.line("\\close\nanns");
    ann.expect("was closed by anon");
    ann.expect("anon> ");
    eventually("creating another", || {
        ann.line("1");
        ann.line("instead");
        ann.expect("Create room instead ");
        ann.expect("anon> ").starts_with("successful")
    });
}

#[test]
fn an_account_creates_so_many_rooms_from_wherever_it_comes() {
    let folder = tempfile::TempDir::new().expect("a directory");
    let file = folder.path().join("chat.db");
    let args = [
        "--data",
        file.to_str().expect("UTF-8"),
        "--max-rooms-per-account",
        "2",
    ];
    let server = Server::start(&args);
    let mut dai = server.client("Dai");
    dai.expect("anon> ");
    dai.send("\\name Dai\n\\register\ncorrect horse\ncorrect horse\n");
    dai.expect("Dai is registered.");
    dai.send("1\none\n1\ntwo\n1\nthree\n");
    dai.expect("Create room one successful");
    dai.expect("Create room two successful");
    let full = "Create room three failed. Your account has created too many open rooms (limit: 2).";
    dai.expect(full);
    drop(dai);
    drop(server);
    // What an account owns is stored.
    let server = Server::start(&args);
    let mut dai = server.client("Dai");
    dai.expect("anon> ");
    dai.send("\\login Dai\ncorrect horse\n");
    dai.expect("Welcome back, Dai.");
    dai.send("1\nthree\n");
    dai.expect(full);
    dai.send("2\none\n\\close\none\n");
    dai.expect("Room one was closed by Dai");
    dai.send("1\nthree\n");
    dai.expect("Create room three successful");
}

#[test]
fn whoever_is_silent_too_long_is_told_and_closed() {
    let server = Server::start(&["--idle", "1"]);
    let start = Instant::now();
    let mut client = server.client("idler");
    client.expect("anon> ");
    let told = client.expect_eof();
    assert!(!told.trim().is_empty(), "{told:?}");
    assert!(
        start.elapsed() >= Duration::from_millis(900),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn combining_marks_do_not_pile_up() {
    let server = Server::start(&[]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    ann.line(format!("z{}!", "\u{335}".repeat(50)));
    let four = "\u{335}".repeat(4);
    ben.expect_next(&format!("\n[HH:MM:SS] ann: z{four}!\nben> "));
}
