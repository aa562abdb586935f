//! How the server stops: everybody is told, nobody can hold it up.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::harness::{Server, room_with};

const FAREWELL: &str = "* The server is going down.\n";

#[test]
fn term_and_int_tell_everybody_and_end_with_code_0() {
    for signal in ["TERM", "INT"] {
        let mut server = Server::start(&[]);
        let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
        let mut menu = server.client("menu");
        menu.expect("anon> ");
        let mut asked = server.client("asked");
        asked.line("1");
        asked.expect("Enter room name you wish to create: ");
        server.signal(signal);
        for client in [&mut ann, &mut ben, &mut menu, &mut asked] {
            // Each has an open prompt, so the notice starts on a line of its own.
            client.expect_next(&format!("\n{FAREWELL}"));
            assert_eq!(client.expect_eof(), "", "{}", client.name());
        }
        assert_eq!(server.expect_exit().code(), Some(0), "{signal}");
    }
}

#[test]
fn it_ends_within_the_grace_period_with_members_that_do_not_read() {
    let mut server = Server::start(&["--rate", "0", "--grace", "1"]);
    let [mut ann] = room_with(&server, "1150", ["ann"]);
    let mut stuck: Vec<_> = (0..5)
        .map(|n| server.stuck_client(&format!("stuck{n}")))
        .collect();
    for client in &mut stuck {
        let name = client.name().to_owned();
        client.send(format!("4\n{name}\n2\n1150\n"));
        ann.expect(&format!("* {name} joined\n"));
    }
    let filler = "x".repeat(4_000);
    for n in 0..1_500 {
        ann.line(format!("{n} {filler}"));
        ann.expect(&format!("ann: {n} "));
    }
    ann.expect("ann> ");
    let start = Instant::now();
    server.signal("TERM");
    ann.expect(FAREWELL);
    ann.expect_eof();
    assert_eq!(server.expect_exit().code(), Some(0));
    // A second of grace, and much for a busy machine.
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn it_ends_at_once_when_everybody_reads() {
    let mut server = Server::start(&["--grace", "15"]);
    let [mut ann] = room_with(&server, "1150", ["ann"]);
    let start = Instant::now();
    server.signal("TERM");
    ann.expect(FAREWELL);
    ann.expect_eof();
    drop(ann);
    assert_eq!(server.expect_exit().code(), Some(0));
    assert!(
        start.elapsed() < Duration::from_secs(10),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn it_ends_when_nobody_is_there() {
    let mut server = Server::start(&[]);
    server.signal("TERM");
    assert_eq!(server.expect_exit().code(), Some(0));
    assert!(TcpStream::connect(server.address()).is_err());
}

#[test]
fn lines_accepted_before_the_signal_reach_everybody() {
    let mut server = Server::start(&[]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    ann.say("last words");
    server.signal("TERM");
    ben.expect_next("\n[HH:MM:SS] ann: last words\n");
    ben.expect(FAREWELL);
    assert_eq!(server.expect_exit().code(), Some(0));
}
