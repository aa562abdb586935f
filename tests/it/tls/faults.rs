//! Clients that do not do as they should: each is told once, or let go, and nobody else notices.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::start;
use crate::harness::{
    Client, DEADLINE, OPENSSL, Server, eventually, plain_lines, room_with, tls_client, tls_way_to,
    walk_in,
};

const ADVICE: &str = "This port is for TLS. Type ncat --ssl HOST PORT instead. Goodbye.";

#[test]
fn plain_text_at_a_port_for_tls_is_answered_with_one_line_and_closed() {
    let (server, tls) = start(&[]);
    for text in [
        "hello\n",
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "\r\n",
        "\x16\x04",
        "SSH-2.0-x\r\n",
    ] {
        let mut client = server.client_at("plain", tls);
        client.send(text);
        assert_eq!(client.expect_eof().trim_end(), ADVICE, "{text:?}");
    }
    server.expect_log("security: refused address=127.0.0.1 reason=not-tls");
}

/// Both take ten seconds, at the same time.
#[test]
fn a_client_that_is_silent_in_the_handshake_is_let_go_and_told_if_it_has_said_nothing_at_all() {
    let (server, tls) = start(&[]);
    let begun = Instant::now();
    let mut silent = server.client_at("silent", tls);
    let mut halves: Vec<Client> = (0..3).map(|_| server.client_at("half", tls)).collect();
    let hello = hello();
    for (half, count) in halves.iter_mut().zip([1, 100, hello.len()]) {
        half.send(&hello[..count]);
    }
    assert_eq!(silent.expect_eof().trim_end(), ADVICE);
    for half in &mut halves {
        half.expect_eof();
        assert!(!half.text().contains("TLS"), "{}", half.text());
    }
    assert!(
        begun.elapsed() >= Duration::from_secs(9),
        "it was not given its time"
    );
    server.expect_log("security: refused address=127.0.0.1 reason=tls-late");
}

/// What a client says first.
fn hello() -> Vec<u8> {
    let mut bytes = Vec::new();
    tls_client().write_tls(&mut bytes).expect("a Vec takes all");
    bytes
}

#[test]
fn nonsense_in_the_handshake_is_a_line_in_the_log_and_an_alert() {
    let (server, tls) = start(&[]);
    let mut hello = hello();
    hello[9] = 0x02;
    // A hello that is cut off, one that is too long, and one that is answered before the nonsense comes.
    let nonsense = [
        (&[0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0][..], 0x15),
        (&[0x16, 3, 1, 0xFF, 0xFF], 0x15),
        (&hello[..], 0x16),
    ];
    for (bytes, expected) in nonsense {
        let mut client = server.client_at("nonsense", tls);
        client.send(bytes);
        client.send([0; 300]);
        client.expect_eof();
        assert_eq!(client.received()[0], expected);
    }
    eventually("a line for each", || {
        let log = server.log();
        log.matches("security: refused address=127.0.0.1 reason=tls-handshake why=")
            .count()
            == 3
    });
    // Whoever has gone was no attack.
    drop(TcpStream::connect(tls));
    server.expect_log("reason=end of input");
}

#[test]
fn a_client_that_refuses_the_certificate_is_no_attack() {
    let (server, tls) = start(&[]);
    let command = OPENSSL.with(&["s_client", "-verify_return_error", "-connect", "HOST:PORT"]);
    crate::harness::piped(&command.command(tls), b"");
    server.expect_log("closed id=1 peer=127.0.0.1");
    assert!(
        server.log().contains("why=received fatal alert"),
        "{}",
        server.log()
    );
    assert!(!server.log().contains("security:"), "{}", server.log());
}

#[test]
fn bytes_that_come_one_by_one_are_a_conversation() {
    let (server, tls) = start(&[]);
    let way = tls_way_to(tls, 1);
    let [mut ann] = room_with(&server, "1150", ["ann"]);
    let mut bob = server.client_at("bob", way);
    bob.expect("anon> ");
    bob.login();
    bob.join("1150");
    bob.say("one by one");
    ann.expect("[HH:MM:SS] bob: one by one\n");
}

#[test]
fn the_longest_records_are_read_whole() {
    let (server, tls) = start(&["--rate", "0"]);
    let way = tls_way_to(tls, usize::MAX);
    let [mut ann] = room_with(&server, "1150", ["ann"]);
    let mut bob = server.client_at("bob", way);
    bob.expect("anon> ");
    bob.login();
    bob.join("1150");
    // Each read of the way's becomes one record: of four lines as long as they may be, again and again.
    let lines: Vec<String> = (0..100)
        .map(|n| format!("{n} {}\n", "x".repeat(4000)))
        .collect();
    bob.send(lines.concat());
    for n in 0..100 {
        ann.expect(&format!("bob: {n} xxx"));
    }
}

/// Its socket is full in the middle of a record, again and again.
#[test]
fn a_member_by_tls_that_does_not_read_holds_nobody_up_and_reads_on_exactly_there() {
    let (server, tls) = start(&["--rate", "0"]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    let mut slow = server.stuck_client_at("slow", tls_way_to(tls, usize::MAX));
    slow.send("4\nslow\n2\n1150\n");
    ann.expect("* slow joined\n");
    let filler = "x".repeat(4000);
    for n in 0..3000 {
        ann.line(format!("n{n} {filler}"));
        ben.expect(&format!("ann: n{n} "));
    }
    slow.start_reading();
    let mut sent = 0;
    eventually("catching up", || {
        ann.line(format!("after {sent}"));
        ann.expect(&format!("ann: after {sent}\n"));
        sent += 1;
        slow.text().contains("] ann: after")
    });
    slow.line("back");
    ben.expect("[HH:MM:SS] slow: back\n");
    let lines = plain_lines(&slow.text(), "slow");
    let numbers = lines
        .iter()
        .filter_map(|line| line.split_once("] ann: n")?.1.split_once(' '));
    let mut last = None;
    let mut count = 0;
    for (number, text) in numbers {
        let number: usize = number.parse().expect("it is whole");
        assert!(last < Some(number), "{number} after {last:?}");
        assert!(
            text.bytes().all(|byte| byte == b'x' || byte == b' '),
            "{text:?}"
        );
        (last, count) = (Some(number), count + 1);
    }
    assert!(count > 100 && count < 3000, "{count}");
}

#[test]
fn renegotiation_is_refused() {
    let (server, tls) = start(&[]);
    let [mut ann] = room_with(&server, "1150", ["ann"]);
    // Without -quiet it takes a row that is R for the wish to renegotiate, and -prexit says how that ended.
    let caller = OPENSSL.with(&["s_client", "-tls1_2", "-connect", "HOST:PORT"]);
    let mut person = caller.start_at(&server, tls);
    walk_in(&mut person, "bob");
    ann.expect("* bob joined\n");
    person.line("R");
    person.expect("RENEGOTIATING");
    person.expect("no renegotiation");
    person.expect_exit();
    ann.expect("* bob left\n");
    ann.say("still here");
    assert!(!server.log().contains("fault"), "{}", server.log());
}

/// A thousand handshakes at once, while a room of a thousand is served.
#[test]
fn a_thousand_handshakes_at_once_do_not_hold_up_a_room_of_a_thousand() {
    const MANY: usize = 1000;
    let (server, tls) = start(&["--max-per-address", "0", "--rate", "0"]);
    let [mut ann] = room_with(&server, "1150", ["ann"]);
    let mut crowd: Vec<TcpStream> = (0..MANY).map(|_| in_room(&server)).collect();
    eventually("everybody is in", || {
        ann.line("\\who");
        ann.expect(" in room 1150: ")
            .contains(&format!("{}", MANY + 1))
    });
    let mut hellos: Vec<_> = (0..MANY).map(|_| Hello::say(tls)).collect();
    let mut longest = Duration::ZERO;
    let mut done = 0;
    let begun = Instant::now();
    while done < MANY {
        let asked = Instant::now();
        ann.line(format!("after {done}"));
        ann.expect(&format!("ann: after {done}\n"));
        longest = longest.max(asked.elapsed());
        for hello in &mut hellos[done..(done + 50).min(MANY)] {
            hello.finish();
        }
        done += 50;
    }
    println!("{MANY} in {:?}, longest {longest:?}", begun.elapsed());
    assert!(longest < Duration::from_secs(2), "a line took {longest:?}");
    for member in &mut crowd {
        read_until(member, b"ann: after 950\n");
    }
}

/// A member who reads nothing for now.
fn in_room(server: &Server) -> TcpStream {
    let mut stream = TcpStream::connect(server.address()).expect("the server accepts");
    stream.set_read_timeout(Some(DEADLINE)).expect("an option");
    stream.write_all(b"2\n1150\n").expect("it is open");
    stream
}

fn read_until(stream: &mut TcpStream, wanted: &[u8]) {
    let (mut seen, mut buffer) = (Vec::new(), [0; 4096]);
    while !seen.windows(wanted.len()).any(|part| part == wanted) {
        let count = stream.read(&mut buffer).expect("it comes in time");
        assert!(count > 0, "{}", String::from_utf8_lossy(&seen));
        seen.extend_from_slice(&buffer[..count]);
    }
}

/// A handshake of which the server has the first half.
struct Hello {
    stream: TcpStream,
    tls: rustls::ClientConnection,
}

impl Hello {
    fn say(address: SocketAddr) -> Hello {
        let mut stream = TcpStream::connect(address).expect("the server accepts");
        stream.set_read_timeout(Some(DEADLINE)).expect("an option");
        let mut tls = tls_client();
        tls.write_tls(&mut stream).expect("it is open");
        Hello { stream, tls }
    }

    /// Does the rest and sees the greeting.
    fn finish(&mut self) {
        let mut stream = rustls::Stream::new(&mut self.tls, &mut self.stream);
        let mut greeting = [0; 20];
        stream.read_exact(&mut greeting).expect("a greeting");
        assert_eq!(&greeting, b"=========== Welcome!");
    }
}

#[test]
fn whoever_is_refused_is_told_so_by_tls_as_well() {
    let (server, tls) = start(&["--max-connections", "1"]);
    let mut ann = server.client("ann");
    ann.expect("anon> ");
    let mut bob = server.client_at("bob", tls_way_to(tls, usize::MAX));
    bob.expect("The server is full. Please try again later.\n");
    bob.expect_eof();
    server.expect_log("security: refused address=127.0.0.1 reason=server-full");
    let mut plain = server.client_at("plain", tls);
    plain.line("hello");
    assert_eq!(plain.expect_eof().trim_end(), ADVICE);
}

#[test]
fn a_server_that_stops_tells_those_who_are_in_and_waits_for_no_handshake() {
    let (mut server, tls) = start(&["--grace", "15"]);
    let mut ann = server.client_at("ann", tls_way_to(tls, usize::MAX));
    ann.expect("anon> ");
    let mut half = server.client_at("half", tls);
    half.send(&hello()[..100]);
    let begun = Instant::now();
    server.signal("TERM");
    ann.expect("* The server is going down.\n");
    half.expect_eof();
    assert!(server.expect_exit().success());
    assert!(begun.elapsed() < Duration::from_secs(8), "it waited");
}

#[test]
fn a_thousand_idle_connections_by_tls_take_at_most_six_kib_each_above_plain_ones() {
    const MANY: u64 = 1000;
    let (server, tls) = start(&["--max-per-address", "0", "--log", "warn"]);
    let grown = |connect: &mut dyn FnMut()| {
        let before = server.memory_kib();
        (0..MANY).for_each(|_| connect());
        server.memory_kib().saturating_sub(before)
    };
    let mut idle = Vec::new();
    let mut plain = || {
        let mut stream = TcpStream::connect(server.address()).expect("the server accepts");
        read_until(&mut stream, b"anon> ");
        idle.push(stream);
    };
    // The first ones take what any number of them needs.
    grown(&mut plain);
    let plain = grown(&mut plain);
    let mut hellos = Vec::new();
    let mut by_tls = || {
        let mut hello = Hello::say(tls);
        hello.finish();
        hellos.push(hello);
    };
    by_tls();
    let by_tls = grown(&mut by_tls);
    println!("{plain} KiB plain, {by_tls} by TLS");
    assert!(plain > MANY, "{plain}");
    assert!(
        by_tls <= plain + 6 * MANY,
        "{by_tls} KiB, and {plain} plain"
    );
}
