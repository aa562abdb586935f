//! `/health` and `parlor health`: whether a line that is said now is stored and back within a second.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tempfile::TempDir;

use crate::harness::http::{Answer, ask, get};
use crate::harness::{Server, eventually, room_with, run};

const WELL: &str = "ok: a line was stored and back within ";

fn watched(args: &[&str]) -> (Server, SocketAddr) {
    let server = Server::start(&[&["--metrics", "127.0.0.1:0"], args].concat());
    let address = server.metrics_address();
    (server, address)
}

fn with_file(folder: &Path) -> (Server, SocketAddr) {
    let file = folder.join("chat.db");
    watched(&["--data", &file.to_string_lossy(), "--timezone", "UTC"])
}

/// Asks until the answer has this status: what was found out counts for a while.
fn health_becomes(address: SocketAddr, status: u16) -> Answer {
    let mut last = None;
    eventually("another answer", || {
        let answer = get(address, "/health");
        let found = answer.status == status;
        last = Some(answer);
        found
    });
    last.expect("it was asked")
}

#[test]
fn a_server_that_is_well_says_so_to_people_and_to_programs() {
    let (_server, address) = watched(&[]);
    let answer = get(address, "/health");
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.body.starts_with(WELL), "{answer:?}");
    let head = ask(address, "HEAD /health HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!((head.status, head.body.as_str()), (200, ""));

    let asked = run(&["health", "--metrics", &address.to_string()]);
    let told = String::from_utf8(asked.stdout).expect("UTF-8");
    assert!(asked.status.success() && told.starts_with(WELL), "{told}");
}

#[test]
fn it_is_asked_where_the_servers_own_configuration_says() {
    let folder = TempDir::new().expect("a directory");
    let socket = folder.path().join("metrics.sock");
    let place = format!("unix:{}", socket.display());
    let _server = Server::start(&["--metrics", &place]);
    let file = folder.path().join("parlor.toml");
    fs::write(&file, format!("metrics = \"{place}\"\n")).expect("a file");
    let asked = run(&["health", "--config", &file.to_string_lossy()]);
    assert!(asked.status.success(), "{asked:?}");
}

#[test]
fn what_is_said_to_find_that_out_is_nowhere_to_be_seen() {
    let folder = TempDir::new().expect("a directory");
    let (server, address) = with_file(folder.path());
    let [mut ann] = room_with(&server, "1150", ["ann"]);
    ann.say("hello");
    let shown = |ann: &mut crate::harness::Client| {
        ann.line("\\rooms");
        let rooms = ann.expect("ann> ");
        ann.line("\\who all");
        let who = ann.expect("ann> ");
        ann.line("\\stats");
        let stats = ann.expect("ann> ");
        let counted = stats.lines().filter(|line| !line.contains("running"));
        let counted: Vec<String> = counted.map(str::to_owned).collect();
        (rooms, who, counted)
    };
    let before = shown(&mut ann);
    assert!(
        before.0.contains("1150") && before.1.contains("ann"),
        "{before:?}"
    );
    let figures = ["parlor_rooms", "parlor_members", "parlor_lines_total"];
    let counted = figures.map(|name| server.figure(name));
    assert_eq!(counted, [1.0, 1.0, 1.0]);
    let said = || server.figure("parlor_store_request_seconds_count{operation=\"append\"}");
    // What was found out counts for a while: the third line comes some seconds later.
    let stored = said();
    eventually("three lines", || {
        assert_eq!(get(address, "/health").status, 200);
        said() >= stored + 3.0
    });
    let after = shown(&mut ann);
    assert_eq!(after, before);
    assert_eq!(figures.map(|name| server.figure(name)), counted);
    ann.say("still here");

    drop(ann);
    let mut server = server;
    server.signal("TERM");
    assert!(server.expect_exit().success());
    let data = folder.path().join("chat.db");
    let tool = |name: &str| run(&[name, "--data", &data.to_string_lossy()]);
    let export = String::from_utf8(tool("export").stdout).expect("UTF-8");
    assert_eq!(export.lines().count(), 2, "{export}");
    let rooms = String::from_utf8(tool("rooms").stdout).expect("UTF-8");
    assert_eq!(rooms.lines().count(), 2, "{rooms}");
    assert!(tool("check").status.success());
}

#[test]
fn on_a_full_disk_the_server_is_not_well_until_there_is_space() {
    let folder = TempDir::new().expect("a directory");
    let (server, address) = with_file(folder.path());
    assert_eq!(get(address, "/health").status, 200);
    server.limit_files(Some(0));
    let answer = health_becomes(address, 503);
    assert_eq!(
        answer.body,
        "not ok: messages cannot be stored; the log says why\n"
    );
    let asked = run(&["health", "--metrics", &address.to_string()]);
    assert_eq!(asked.status.code(), Some(1));
    let told = String::from_utf8(asked.stderr).expect("UTF-8");
    assert_eq!(
        told,
        "parlor: not ok: messages cannot be stored; the log says why\n"
    );
    assert!(server.figure("parlor_store_failures_total") >= 1.0);
    server.limit_files(None);
    health_becomes(address, 200);
    server.expect_log("can store messages again");
}

#[test]
fn while_the_file_hangs_it_is_told_since_when_however_often_it_is_asked_and_all_else_goes_on() {
    let folder = TempDir::new().expect("a directory");
    let (server, address) = with_file(folder.path());
    let mut ann = server.client("ann");
    ann.expect("anon> ");
    // Another process writes, and does not come to an end.
    let other = Connection::open(folder.path().join("chat.db")).expect("a file");
    other.execute_batch("BEGIN IMMEDIATE").expect("a lock");
    let begun = Instant::now();
    let answer = get(address, "/health");
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(
        answer
            .body
            .starts_with("not ok: a line that was said 1 s ago"),
        "{answer:?}"
    );
    assert!(begun.elapsed() >= Duration::from_secs(1));
    for _ in 0..20 {
        assert_eq!(get(address, "/health").status, 503);
    }
    assert_eq!(
        server.figure("parlor_store_requests{operation=\"append\"}"),
        1.0
    );
    ann.line("3");
    ann.expect("anon> ");
    other.execute_batch("ROLLBACK").expect("the lock is ours");
    health_becomes(address, 200);
}

#[test]
fn a_server_that_is_stopping_is_not_well() {
    let (mut server, address) = watched(&["--grace", "20"]);
    // Somebody who does not take the last words.
    let mut slow = server.stuck_client("slow");
    slow.send("1\n1150\n2\n1150\n");
    eventually("its joining", || server.figure("parlor_members") == 1.0);
    let filler = "x".repeat(4000);
    eventually("a full socket", || {
        slow.send(format!("{filler}\n").repeat(20));
        server.figure("parlor_output_waiting_bytes") > 0.0
    });
    server.signal("TERM");
    let answer = health_becomes(address, 503);
    assert_eq!(answer.body, "not ok: the server is stopping\n");
    slow.start_reading();
    drop(slow);
    assert!(server.expect_exit().success());
}

#[test]
fn a_server_that_cannot_be_asked_is_a_clear_line_and_an_exit_code() {
    let refused = |args: &[&str]| {
        let asked = run(args);
        let told = String::from_utf8(asked.stderr).expect("UTF-8");
        (asked.status.code(), told)
    };
    let nobody = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let place = nobody.local_addr().expect("it is bound").to_string();
    drop(nobody);
    let (code, told) = refused(&["health", "--metrics", &place]);
    assert_eq!(code, Some(1));
    assert_eq!(
        told,
        format!("parlor: cannot ask the server at {place}: nobody listens there\n")
    );
    let (code, told) = refused(&["health", "--metrics", "unix:/nonexistent/socket"]);
    assert_eq!(code, Some(1));
    assert!(told.ends_with("there is no such file\n"), "{told}");
    let (code, told) = refused(&["health"]);
    assert_eq!(code, Some(2));
    assert!(told.starts_with("parlor: say where"), "{told}");
    // A chat server, and one that answers nothing.
    let server = Server::start(&[]);
    let (code, told) = refused(&["health", "--metrics", &server.address().to_string()]);
    assert_eq!(code, Some(1));
    assert!(told.ends_with("it does not speak HTTP\n"), "{told}");
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let place = silent.local_addr().expect("it is bound").to_string();
    let (code, told) = refused(&["health", "--metrics", &place]);
    assert_eq!(code, Some(1));
    assert!(told.ends_with("no answer within 4 seconds\n"), "{told}");
}
