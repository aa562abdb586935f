//! Telnet bytes on the wire. Each case is written as the bytes a client sends.

use crate::harness::{Client, Server, room_with};

/// A question that is always answered: `IAC DO TIMING-MARK`, and its answer `IAC WILL TIMING-MARK`.
const DO_TIMING_MARK: &[u8] = &[0xff, 0xfd, 0x06];
const WILL_TIMING_MARK: &[u8] = &[0xff, 0xfb, 0x06];

#[test]
fn telnet_bytes_never_reach_anybody_as_text() {
    let long_subnegotiation = [&[0xff, 0xfa, 0x18][..], &[b'x'; 5_000], &[0xff, 0xf0]].concat();
    let cases: &[(&str, &[u8])] = &[
        ("NOP", b"he\xff\xf1llo\r\n"),
        (
            "IP, AO, AYT, EC, EL, GA, BRK",
            b"\xff\xf3\xff\xf9\xff\xf5hello\r\n",
        ),
        ("WILL NAWS", b"he\xff\xfb\x1fllo\r\n"),
        ("DO with an option that is a letter", b"he\xff\xfdAllo\r\n"),
        ("an option that is a newline", b"he\xff\xfb\x0allo\r\n"),
        (
            "a subnegotiation",
            b"he\xff\xfa\x1f\x00\x50\x00\x18\xff\xf0llo\r\n",
        ),
        (
            "a newline in a subnegotiation",
            b"he\xff\xfa\x18\x00\r\n\xff\xf0llo\r\n",
        ),
        (
            "a doubled IAC in a subnegotiation",
            b"he\xff\xfa\x18\xff\xff\xff\xf0llo\r\n",
        ),
        ("a command between CR and LF", b"hello\r\xff\xf1\n"),
    ];
    for (what, bytes) in cases {
        for whole in [true, false] {
            println!("case: {what}, whole: {whole}");
            let server = Server::start(&[]);
            let [mut tel, mut ben] = room_with(&server, "1150", ["tel", "ben"]);
            send(&mut tel, bytes, whole);
            ben.expect_next("\n[HH:MM:SS] tel: hello\nben> ");
            send(&mut tel, b"next\r\n", whole);
            ben.expect_next("\n[HH:MM:SS] tel: next\nben> ");
        }
    }
    let server = Server::start(&[]);
    let [mut tel, mut ben] = room_with(&server, "1150", ["tel", "ben"]);
    tel.send(long_subnegotiation);
    tel.send("hello\r\n");
    ben.expect_next("\n[HH:MM:SS] tel: hello\nben> ");
}

fn send(client: &mut Client, bytes: &[u8], whole: bool) {
    if whole {
        client.send(bytes);
    } else {
        bytes.iter().for_each(|byte| client.send([*byte]));
    }
}

#[test]
fn a_command_after_a_bare_cr_does_not_swallow_the_line_after_it() {
    let server = Server::start(&[]);
    let [mut tel, mut ben] = room_with(&server, "1150", ["tel", "ben"]);
    tel.send(b"one\r\xff\xf1two\r\n");
    ben.expect("[HH:MM:SS] tel: one\n");
    ben.expect("[HH:MM:SS] tel: two\n");
}

#[test]
fn a_timing_mark_is_answered_at_once() {
    let server = Server::start(&[]);
    let mut client = server.client("marker");
    client.expect("anon> ");
    for _ in 0..3 {
        client.send(DO_TIMING_MARK);
        client.expect_bytes(WILL_TIMING_MARK);
    }
    // What the old telnets send for Ctrl-C.
    client.send([&[0xff, 0xf4][..], DO_TIMING_MARK].concat());
    client.expect_bytes(WILL_TIMING_MARK);
    client.send("3\r\n");
    client.expect("There are no created rooms yet");
}

#[test]
fn an_option_we_do_not_have_is_refused() {
    let cases: &[(&str, &[u8], &[u8])] = &[
        ("WILL CHARSET", &[0xff, 0xfb, 0x2a], &[0xff, 0xfe, 0x2a]),
        ("DO CHARSET", &[0xff, 0xfd, 0x2a], &[0xff, 0xfc, 0x2a]),
        ("WILL 255", &[0xff, 0xfb, 0xff], &[0xff, 0xfe, 0xff]),
        ("DO 127", &[0xff, 0xfd, 0x7f], &[0xff, 0xfc, 0x7f]),
    ];
    for (what, ask, answer) in cases {
        println!("case: {what}");
        let server = Server::start(&[]);
        let mut client = server.client("asker");
        client.expect("anon> ");
        client.send(ask);
        client.expect_bytes(answer);
    }
}

#[test]
fn a_refusal_in_the_middle_of_a_line_leaves_the_line_alone() {
    let server = Server::start(&[]);
    let mut client = server.client("tel");
    client.expect("anon> ");
    // WONT TERMINAL-TYPE: it speaks Telnet, and is offered ECHO and SUPPRESS-GO-AHEAD at once.
    client.send([0xff, 0xfc, 0x18]);
    client.expect_bytes(&[0xff, 0xfb, 0x01, 0xff, 0xfb, 0x03]);
    client.send(b"\\na\xff\xfe\x01\xff\xfe\x03me tel\r\n");
    client.expect("Update username successful");
}

#[test]
fn a_refusal_of_what_is_off_is_not_answered() {
    let server = Server::start(&[]);
    let mut client = server.client("refuser");
    client.expect("anon> ");
    let before = client.received().len();
    // WONT and DONT of an option that was never on, many times: an answer would be a loop (RFC 1143).
    for _ in 0..20 {
        client.send([0xff, 0xfc, 0x2a, 0xff, 0xfe, 0x2a]);
    }
    client.send(DO_TIMING_MARK);
    client.expect_bytes(WILL_TIMING_MARK);
    let about_charset = client.received()[before..]
        .windows(3)
        .filter(|w| w[0] == 0xff && w[2] == 0x2a)
        .count();
    assert_eq!(about_charset, 0);
}

#[test]
fn a_client_that_sends_bare_lf_never_gets_iac_or_esc() {
    let server = Server::start(&[]);
    let [mut raw, mut tel] = room_with(&server, "1150", ["raw", "tel"]);
    let nasty: &[&[u8]] = &[
        b"\x1b[31mred\x1b[0m\r\n",
        b"\xff\xff double\r\n",
        b"\xff\xfb\x01\xff\xfd\x03 options\r\n",
        b"\xc3\xbf y with dots\r\n",
        b"\xff\xf4\xff\xfd\x06 interrupt\r\n",
    ];
    for line in nasty {
        tel.send(line);
        raw.expect("[HH:MM:SS] tel: ");
    }
    raw.send("\\who\n\\help\n\\name raw2\n\x1b[A\n");
    raw.expect("raw2> ");
    raw.send("\n\\exit\n3\n5\n");
    raw.expect("Goodbye.");
    raw.expect_eof();
    let received = raw.received();
    assert!(!received.contains(&0xff) && !received.contains(&0x1b));
    assert!(std::str::from_utf8(&received).is_ok());
}

#[test]
fn a_doubled_iac_is_a_byte_of_text_that_no_utf8_has() {
    let server = Server::start(&[]);
    let [mut tel, mut ben] = room_with(&server, "1150", ["tel", "ben"]);
    tel.send(b"a\xff\xffb\r\n");
    ben.expect_next("\n[HH:MM:SS] tel: a\u{fffd}b\nben> ");
}

#[test]
fn nothing_is_asked_of_a_client_that_has_said_nothing() {
    let server = Server::start(&[]);
    let mut client = server.client("silent");
    client.expect("anon> ");
    client.shutdown_write();
    client.expect_eof();
    assert!(
        client
            .received()
            .iter()
            .all(|byte| *byte != 0xff && *byte != 0x1b)
    );
}
