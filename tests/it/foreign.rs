//! Programs that have the wrong port: told once, in one line, and closed.

use crate::harness::{Server, room_with};

#[test]
fn an_http_request_gets_one_line_and_is_closed() {
    for method in [
        "GET / HTTP/1.1",
        "POST /x?y=z HTTP/1.0",
        "HEAD / HTTP/1.1",
        "OPTIONS * HTTP/1.1",
    ] {
        let server = Server::start(&[]);
        let mut client = server.client("browser");
        client.expect("anon> ");
        client.send(format!(
            "{method}\r\nHost: example.org\r\nUser-Agent: x\r\n\r\n"
        ));
        one_line(&client.expect_eof(), method);
    }
}

#[test]
fn a_tls_hello_gets_one_line_and_is_closed() {
    // The start of a ClientHello: handshake record, version 3.1, 512 bytes, then filler without a line end.
    let hello = [
        &[
            0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03,
        ][..],
        &[0xa5; 506],
    ]
    .concat();
    for whole in [true, false] {
        let server = Server::start(&[]);
        let mut client = server.client("browser");
        client.expect("anon> ");
        if whole {
            client.send(&hello);
        } else {
            hello.iter().take(16).for_each(|byte| client.send([*byte]));
        }
        one_line(&client.expect_eof(), "TLS");
    }
}

#[test]
fn the_same_words_later_are_words() {
    let server = Server::start(&[]);
    let [mut ann] = room_with(&server, "1150", ["ann"]);
    ann.say("GET / HTTP/1.1");
    ann.say("still here");
}

fn one_line(rest: &str, what: &str) {
    assert_eq!(rest.trim().lines().count(), 1, "{what}: {rest:?}");
}
