//! What hostile clients, and careless operators, may do to the administration of a server.

use std::io::Write;
use std::os::unix::net::UnixStream;

use super::Place;
use crate::harness::{Client, Server, at_menu, eventually, room_with};

#[test]
fn a_network_with_three_hundred_connections_is_banned_while_a_room_talks() {
    let place = Place::new();
    let server = place.server(&["--max-per-address", "0"]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    let mut crowd: Vec<Client> = (0..300_u32)
        .map(|number| {
            let host = [127, 0, 9, (number % 250 + 1) as u8];
            server.client_from(&format!("e{number}"), host)
        })
        .collect();
    for (number, one) in crowd.iter_mut().enumerate() {
        one.expect("anon> ");
        // Some of them are in the room.
        if number % 10 == 0 {
            one.send(format!("\\name e{number}\n\\join 1150\n"));
            one.expect("------------ Room 1150 ------------");
        }
    }
    ann.line("\\quiet");
    ann.expect("ann> ");
    let talk = |ann: &mut Client, ben: &mut Client, number: usize| {
        ann.line(format!("line {number}"));
        ben.expect(&format!("] ann: line {number}\n"));
    };
    talk(&mut ann, &mut ben, 0);
    let answer = place.ask("ban 127.0.9.0/24 for 2h flood");
    assert_eq!(
        answer,
        "127.0.9.0/24 is banned for 2h. 300 connections were closed.\n"
    );
    for (number, one) in crowd.iter_mut().enumerate() {
        one.expect("* You are banned from this server for 2h: flood\n");
        one.expect_eof();
        if number % 30 == 0 {
            talk(&mut ann, &mut ben, number + 1);
        }
    }
    eventually("their going", || place.connections().len() == 2);
    drop(crowd);
    // They come again at once, all of them.
    let crowd: Vec<Client> = (0..300_u32)
        .map(|number| server.client_from("again", [127, 0, 9, (number % 250 + 1) as u8]))
        .collect();
    talk(&mut ann, &mut ben, 1000);
    for mut one in crowd {
        let said = one.expect_eof();
        let is_told = said == "* You are banned from this server for 2h: flood\r\n";
        // Of many at once only some are told.
        assert!(
            is_told || said.is_empty() || said.ends_with("flood\n"),
            "{said:?}"
        );
    }
    eventually("their being counted", || {
        place.json("bans")[0]["hits"] == 600
    });
    ann.line("\\who");
    ann.expect("2 in room 1150: ");
}

#[test]
fn whoever_reads_nothing_is_closed_all_the_same() {
    let place = Place::new();
    let server = place.server(&["--max-per-address", "0"]);
    let [mut ann] = room_with(&server, "1150", ["ann"]);
    let mut slow = server.stuck_client("slow");
    slow.send("\\name slow\n");
    // Far more than the kernel and the server keep for it: it handles no more of its own lines then.
    for _ in 0..20_000 {
        slow.send("\\help\n");
    }
    eventually("its being called slow", || {
        place.connections().iter().any(|row| row["name"] == "slow")
    });
    place.ask("kick slow");
    eventually("its going", || place.connections().len() == 1);
    server.expect_log("reason=kicked by an operator");
    ann.say("hello");
}

#[test]
fn a_ban_list_that_is_full_says_so_and_keeps_what_it_has() {
    let place = Place::new();
    let server = place.server(&[]);
    let mut socket = UnixStream::connect(place.socket()).expect("it listens");
    let bans: String = (0..10_000_u32)
        .map(|number| format!("ban 10.{}.{}.0/24\n", number / 250, number % 250))
        .collect();
    let reader = socket.try_clone().expect("a socket");
    let writer = std::thread::spawn(move || socket.write_all(bans.as_bytes()));
    let mut answers = std::io::BufRead::lines(std::io::BufReader::new(reader));
    let done = (0..20_000).filter(|_| {
        let row = answers.next().expect("an answer").expect("UTF-8");
        row == ".ok"
    });
    assert_eq!(done.count(), 10_000);
    writer.join().expect("it ends").expect("it was taken");
    let refused = place.refused("ban 192.0.2.7");
    assert!(
        refused.starts_with("There are too many bans already (limit: 10000)."),
        "{refused}"
    );
    assert_eq!(place.json("bans").as_array().map(Vec::len), Some(10_000));
    // In place of another there is always space, and nobody else is kept out.
    assert!(
        place
            .ask("ban 10.0.0.0/24 for 2h again")
            .starts_with("10.0.0.0/24 is banned for 2h.")
    );
    at_menu(&server, "ann").login();
}

#[test]
fn clients_of_the_admin_socket_that_do_not_read_hold_nobody_up_and_are_few() {
    let place = Place::new();
    let server = place.server(&[]);
    let _crowd: Vec<Client> = (0..50)
        .map(|n| at_menu(&server, &format!("c{n}")))
        .collect();
    let mut stuck: Vec<UnixStream> = (0..7)
        .map(|_| UnixStream::connect(place.socket()).expect("it listens"))
        .collect();
    for socket in &mut stuck {
        socket.set_nonblocking(true).expect("a socket");
        // Until neither side takes any more.
        let lists = "list\n".repeat(1000);
        for _ in 0..100 {
            if socket.write(lists.as_bytes()).is_err() {
                break;
            }
        }
    }
    // The eighth place is free.
    assert!(place.ask("list").starts_with("50 are connected:\n"));
    let _eighth = UnixStream::connect(place.socket()).expect("it listens");
    eventually("the last place being taken", || {
        let output = place.run(&["bans"]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        told == "Too many operators are connected (limit: 8).\n"
    });
    let mut ann = at_menu(&server, "ann");
    ann.login();
    // They are let go, and then there is space again.
    eventually("their being let go", || {
        place.run(&["bans"]).status.success()
    });
}

#[test]
fn a_line_without_an_end_is_refused_before_it_fills_anything() {
    let place = Place::new();
    let _server = place.server(&[]);
    let mut socket = UnixStream::connect(place.socket()).expect("it listens");
    let mut answer = String::new();
    // The server may close while it is still being written to.
    let _ = socket.write_all(&[b'x'; 100_000]);
    let _ = std::io::Read::read_to_string(&mut socket, &mut answer);
    assert!(
        answer.is_empty() || answer.starts_with("A command has at most 4096 bytes."),
        "{answer}"
    );
    assert_eq!(place.ask("bans"), "Nobody is banned.\n");
}

#[test]
fn a_thousand_reports_are_a_few() {
    let place = Place::new();
    let server: Server = place.server(&[]);
    let [mut ann, mut eve] = room_with(&server, "1150", ["ann", "eve"]);
    for _ in 0..1000 {
        eve.line("\\report ann spam");
    }
    eve.line("\\msg ann done");
    ann.expect("done");
    let text = eve.text();
    assert_eq!(text.matches("was passed on to the operators").count(), 5);
    assert!(
        text.matches("Too many reports came from your address.")
            .count()
            > 900
    );
    let reports = place.json("reports 1000");
    assert_eq!(reports.as_array().map(Vec::len), Some(5));
    assert_eq!(server.log().matches("security: reported").count(), 5);
}
