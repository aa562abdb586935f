//! `/metrics`: the figures follow what happens, whoever watches is no client, and nobody waits for one that watches.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Instant;

use tempfile::TempDir;

use crate::harness::http::{Answer, ask, connect, get};
use crate::harness::{DEADLINE, Server, eventually, in_character_mode, program, room_with, run};

const WATCHED: [&str; 2] = ["--metrics", "127.0.0.1:0"];

fn watched(args: &[&str]) -> (Server, SocketAddr) {
    let server = Server::start(&[&WATCHED, args].concat());
    let address = server.metrics_address();
    (server, address)
}

fn connections(server: &Server, client: &str, transport: &str) -> f64 {
    let labels = format!("client=\"{client}\",transport=\"{transport}\",proxied=\"false\"");
    server.figure(&format!("parlor_connections{{{labels}}}"))
}

#[test]
fn the_figures_follow_what_happens() {
    let folder = TempDir::new().expect("a directory");
    let (socket, data) = (
        folder.path().join("chat.sock"),
        folder.path().join("chat.db"),
    );
    let listen = format!("unix:{}", socket.display());
    let (server, _) = watched(&["--listen", &listen, "--data", &data.to_string_lossy()]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    let mut unix = server.unix_client("cat", &socket);
    unix.expect("anon> ");
    let tel = in_character_mode(&server);
    ann.expect("* tel joined\n");
    for text in ["one", "two", "three"] {
        ann.say(text);
        ben.expect(text);
    }
    assert_eq!(connections(&server, "raw", "plain"), 2.0);
    assert_eq!(connections(&server, "raw", "unix"), 1.0);
    assert_eq!(connections(&server, "telnet_keys", "plain"), 1.0);
    assert_eq!(server.figure("parlor_connections_admitted"), 4.0);
    assert_eq!(server.figure("parlor_rooms"), 1.0);
    assert_eq!(server.figure("parlor_members"), 3.0);
    assert_eq!(server.figure("parlor_lines_total"), 3.0);
    assert!(server.figure("parlor_received_bytes_total") >= 50.0);
    assert!(server.figure("parlor_sent_bytes_total") >= ann.received().len() as f64);
    assert!(server.figure("parlor_delivery_seconds_count") >= 1.0);
    let stored = "parlor_store_request_seconds_count{operation=\"append\"}";
    assert!(server.figure(stored) >= 3.0);
    assert!(server.figure("parlor_store_commit_seconds_count") >= 3.0);
    assert!(server.figure("process_open_fds") >= 6.0);
    assert!(server.figure("process_resident_memory_bytes") > 1e6);
    assert_eq!(server.figure("parlor_tasks{of=\"connection\"}"), 4.0);

    unix.line("5");
    unix.expect_eof();
    tel.reset();
    drop(ben);
    eventually("their ends", || {
        server.figure("parlor_connections_admitted") == 1.0
    });
    for (reason, count) in [("quit", 1.0), ("lost", 1.0), ("end_of_input", 1.0)] {
        let ended = format!("parlor_connections_ended_total{{reason=\"{reason}\"}}");
        assert_eq!(server.figure(&ended), count, "{reason}");
    }
    assert_eq!(connections(&server, "raw", "plain"), 1.0);
    assert_eq!(connections(&server, "raw", "unix"), 0.0);
    assert_eq!(connections(&server, "telnet_keys", "plain"), 0.0);
    eventually("their leaving", || server.figure("parlor_members") == 1.0);
}

#[test]
fn each_way_in_is_told_from_the_others() {
    let ways = ["tls+127.0.0.1:0", "proxy+127.0.0.1:0"];
    let (server, _) = watched(&["--listen", ways[0], "--listen", ways[1]]);
    let ports = ["tls+127.0.0.1:", "proxy+127.0.0.1:"].map(|prefix| server.listening(prefix));
    let mut openssl = Command::new(program("openssl", "openssl"))
        .args(["s_client", "-quiet", "-connect"])
        .arg(format!("127.0.0.1:{}", ports[0]))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("openssl starts");
    let proxy = SocketAddr::from(([127, 0, 0, 1], ports[1]));
    let mut brought = server.client_at("brought", proxy);
    brought.send("PROXY TCP4 192.0.2.7 192.0.2.1 4711 50006\r\n");
    brought.expect("anon> ");
    let proxied = "parlor_connections{client=\"raw\",transport=\"plain\",proxied=\"true\"}";
    assert_eq!(server.figure(proxied), 1.0);
    eventually("a client by TLS", || {
        connections(&server, "raw", "tls") == 1.0
    });
    assert_eq!(connections(&server, "raw", "plain"), 0.0);
    drop(brought);
    openssl.kill().expect("it is our child");
    openssl.wait().expect("it is our child");
    eventually("their ends", || {
        server.figure(proxied) + connections(&server, "raw", "tls") == 0.0
    });
    // Who does not speak what is spoken there.
    let mut plain = server.client_at("plain", SocketAddr::from(([127, 0, 0, 1], ports[0])));
    plain.line("hello");
    plain.expect_eof();
    eventually("its end", || {
        server.figure("parlor_connections_refused_total{reason=\"not_tls\"}") == 1.0
    });
}

#[test]
fn what_is_slowed_skipped_and_refused_is_counted() {
    let (server, _) = watched(&[
        "--rate",
        "50",
        "--burst",
        "1",
        "--outbox",
        "1",
        "--max-connections",
        "3",
    ]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    ben.unwrapped();
    let mut slow = server.stuck_client("slow");
    slow.send("2\n1150\n");
    ann.expect("* anon joined\n");
    let mut fourth = server.client("fourth");
    fourth.expect_eof();
    let refused = "parlor_connections_refused_total{reason=\"server_full\"}";
    eventually("its end", || server.figure(refused) == 1.0);

    // Faster than the rate, and more than the kernel holds for one who does not read.
    let filler = "x".repeat(4000);
    eventually("a full socket", || {
        ann.send(format!("{filler}\n").repeat(10));
        ben.expect(&filler);
        server.figure("parlor_output_waiting_bytes") > 0.0
    });
    assert!(server.figure("parlor_lines_slowed_total") >= 1.0);
    ann.send(format!("{filler}\n{filler}\n{filler}\nthe end\n"));
    ben.expect("the end\n");
    slow.start_reading();
    eventually("its being told", || {
        server.figure("parlor_lines_skipped_total") >= 1.0
    });
}

#[test]
fn wrong_passwords_are_counted() {
    let folder = TempDir::new().expect("a directory");
    let data = folder.path().join("chat.db");
    let (server, _) = watched(&["--data", &data.to_string_lossy()]);
    let mut ann = server.client("ann");
    ann.expect("anon> ");
    ann.line("\\login nobody");
    ann.expect("Password of nobody: ");
    ann.line("wrong password");
    ann.expect("anon> ");
    assert_eq!(server.figure("parlor_wrong_passwords_total"), 1.0);
}

#[test]
fn nothing_that_people_type_is_in_the_figures() {
    let (server, address) = watched(&[]);
    let [mut ann] = room_with(&server, "secretroom", ["secretname"]);
    ann.say("secretwords");
    let page = get(address, "/metrics");
    assert!(!page.body.contains("secret"), "{}", page.body);
}

#[test]
fn it_is_http_and_no_more_than_that() {
    let (_server, address) = watched(&[]);
    let metrics = get(address, "/metrics");
    assert_eq!(metrics.status, 200);
    assert!(
        metrics
            .head
            .contains("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"),
        "{}",
        metrics.head
    );
    let request = |line: &str| format!("{line}\r\nHost: localhost\r\n\r\n");
    let long = format!(
        "GET /metrics HTTP/1.1\r\nHost: x\r\nA: {}\r\n\r\n",
        "b".repeat(9000)
    );
    for (sent, status) in [
        (request("HEAD /metrics HTTP/1.1"), 200),
        (request("GET /metrics?collect=all HTTP/1.1"), 200),
        (request("GET http://localhost/metrics HTTP/1.1"), 200),
        ("GET /metrics HTTP/1.0\r\n\r\n".to_owned(), 200),
        (request("GET / HTTP/1.1"), 404),
        (request("GET /metrics/ HTTP/1.1"), 404),
        (request("POST /metrics HTTP/1.1"), 405),
        (request("OPTIONS * HTTP/1.1"), 405),
        ("GET /metrics HTTP/1.1\r\n\r\n".to_owned(), 400),
        ("\u{16}\u{3}\u{1}".to_owned(), 400),
        ("4\nann\n".to_owned(), 400),
        (long, 431),
    ] {
        assert_eq!(ask(address, &sent).status, status, "{sent:.80?}");
    }
    // What is sent behind a request does not cut off the answer.
    let posted = format!(
        "{}{}",
        "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n",
        "x".repeat(300_000)
    );
    let mut socket = connect(address);
    // It may be told that nobody takes the rest.
    let _ = socket.write_all(posted.as_bytes());
    assert_eq!(Answer::read(socket).status, 405);
}

#[test]
fn nobody_waits_for_those_who_send_slowly_or_take_nothing_and_they_go() {
    let (server, address) = watched(&["--max-connections", "1", "--max-per-address", "1"]);
    let begun = Instant::now();
    // Three times as many as there can be, each in its own way.
    let mut silent = Vec::new();
    for number in 0..96 {
        let mut socket = connect(address);
        match number % 3 {
            0 => {}
            1 => socket.write_all(b"GET /metr").expect("the server reads"),
            _ => {
                // Its answer is not read.
                socket
                    .write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
                    .expect("the server reads");
            }
        }
        silent.push(socket);
    }
    assert_eq!(get(address, "/metrics").status, 200);
    // None of them is a client of the chat.
    let mut ann = server.client("ann");
    ann.expect("anon> ");
    assert_eq!(server.figure("parlor_connections_admitted"), 1.0);
    // All have gone in the end, although none has done anything.
    for mut socket in silent {
        let mut rest = Vec::new();
        // A reset is an end as well.
        let _ = socket.read_to_end(&mut rest);
    }
    assert!(begun.elapsed() < DEADLINE);
    ann.line("3");
    ann.expect("anon> ");
}

#[test]
fn where_it_cannot_be_is_one_clear_line() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let taken = taken.local_addr().expect("it is bound").to_string();
    let _taken = std::net::TcpListener::bind(&taken);
    for (place, code, expected) in [
        (
            "tls+127.0.0.1:0",
            2,
            "parlor: --metrics tls+127.0.0.1:0: it speaks HTTP as it is; a web server in front of it can add TLS\n",
        ),
        (
            "nonsense",
            2,
            "parlor: --metrics nonsense: that is not an address with a port",
        ),
        (&taken, 1, "parlor: cannot listen on 127.0.0.1:"),
    ] {
        let refused = run(&["--listen", "127.0.0.1:0", "--metrics", place]);
        let told = String::from_utf8(refused.stderr).expect("UTF-8");
        assert_eq!(refused.status.code(), Some(code), "{told}");
        assert!(told.contains(expected), "{told}");
    }
}
