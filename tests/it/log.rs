//! The log: nobody waits for whoever should read it.

use std::fs::{self, File, Metadata};
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};
use tempfile::TempDir;

use crate::harness::{DEADLINE, PROGRAM, Server, eventually, room_with};

/// More connections than a pipe has space for lines about: two a connection, of 80 bytes and more.
const CONNECTIONS: usize = 1500;

/// A server whose log nobody reads after it has told its address.
struct Unread {
    child: Child,
    log: BufReader<ChildStderr>,
    address: SocketAddr,
}

impl Unread {
    fn start() -> Unread {
        let mut child = Command::new(PROGRAM)
            .args(["--listen", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut log = BufReader::new(child.stderr.take().expect("piped"));
        let mut line = String::new();
        log.read_line(&mut line).expect("it is read");
        let address = line.trim_start_matches("listening on ").trim();
        let address = address.parse().expect("an address");
        Unread {
            child,
            log,
            address,
        }
    }

    /// Connects, waits for the first prompt, and goes. Each visit is from another address: many from one are summed up.
    fn visit(&self, number: usize) {
        let [.., high, low] = number.to_be_bytes();
        let here = SocketAddr::from(([127, 1, high, low], 0));
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        socket
            .bind(&here.into())
            .expect("an address of this machine");
        socket.connect(&self.address.into()).expect("it accepts");
        let mut stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(DEADLINE)).expect("a timeout");
        let (mut seen, mut buffer) = (Vec::new(), [0; 4096]);
        while !seen.ends_with(b"anon> ") {
            let count = stream.read(&mut buffer).expect("the menu within the time");
            assert!(
                count > 0,
                "closed after {:?}",
                String::from_utf8_lossy(&seen)
            );
            seen.extend_from_slice(&buffer[..count]);
        }
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_log_that_nobody_reads_holds_up_neither_clients_nor_the_stop() {
    let mut server = Unread::start();
    for number in 1..=CONNECTIONS {
        server.visit(number);
    }
    // Somebody reads again for a while.
    let mut line = String::new();
    server.log.read_line(&mut line).expect("it is read");
    assert!(line.contains("connected"), "{line}");
    server.visit(1);

    let pid = Pid::from_child(&server.child);
    kill_process(pid, Signal::TERM).expect("it runs");
    let mut code = None;
    eventually("the end", || {
        code = server.child.try_wait().expect("our child");
        code.is_some()
    });
    assert_eq!(code.and_then(|code| code.code()), Some(0));
}

#[test]
fn a_hangup_and_signals_that_mean_nothing_end_nobody() {
    let server = Server::start(&[]);
    let mut ann = server.client("ann");
    ann.login();
    for signal in ["HUP", "USR1", "USR2"] {
        server.signal(signal);
        ann.line("\\name");
        ann.expect("ann");
    }
    server.expect_log("reload: nothing has changed");
}

#[test]
fn what_operators_act_upon_has_lines_of_one_form() {
    let folder = TempDir::new().expect("a directory");
    let file = folder.path().join("chat.db");
    let server = Server::start(&["--data", &file.to_string_lossy()]);
    let mut ann = server.client("ann");
    ann.login();
    ann.line("\\register\ncorrect horse\ncorrect horse");
    ann.expect("ann is registered.");
    server.expect_log("security: registered address=127.0.0.1 account=ann\n");
    let mut ben = server.client_from("ben", [127, 0, 0, 9]);
    ben.login();
    ben.line("\\login ann\nwrong horse");
    ben.expect("that is not its password");
    server.expect_log("security: wrong-password address=127.0.0.9 account=ann\n");
    ann.create("1150");
    ann.join("1150");
    ben.join("1150");
    ann.line("\\kick ben");
    ben.expect("You were kicked");
    server.expect_log("security: kicked address=127.0.0.9 room=1150 by=ann whom=ben\n");
    ann.line("\\lock\npizza4all");
    ann.expect("joining needs a password");
    server.expect_log("security: locked address=127.0.0.1 room=1150 by=ann\n");
    ben.line("2\n1150\npizza4none");
    ben.expect("That is not the password.");
    server.expect_log("security: wrong-room-password address=127.0.0.9 room=1150\n");
}

#[test]
fn many_connections_of_one_address_are_summed_up() {
    let mut server = Server::start(&[]);
    for _ in 0..200 {
        drop(server.client("anon"));
    }
    server.signal("TERM");
    assert!(server.expect_exit().success());
    server.expect_log("security: connects");
    let log = server.log();
    assert!(
        log.contains("security: connects address=127.0.0.1 count="),
        "{log}"
    );
    let lines = log.matches("connected").count();
    assert!((1..150).contains(&lines), "{lines} lines");
}

/// A server whose standard error is a file, of which `JOURNAL_STREAM` says this; and that file.
fn with_journal(folder: &TempDir, journal: impl Fn(&Metadata) -> String) -> (Child, PathBuf) {
    let path = folder.path().join("journal");
    let file = File::create(&path).expect("a file");
    let stream = journal(&file.metadata().expect("it is open"));
    let child = Command::new(PROGRAM)
        .args([
            "--listen",
            "127.0.0.1:0",
            "--listen",
            "unix:/nowhere/at/all",
        ])
        .env("JOURNAL_STREAM", stream)
        .stdin(Stdio::null())
        .stderr(file)
        .spawn();
    (child.expect("the server starts"), path)
}

#[test]
fn the_journal_is_told_how_urgent_each_line_is_and_nobody_else() {
    let folder = TempDir::new().expect("a directory");
    let (mut refused, path) =
        with_journal(&folder, |file| format!("{}:{}", file.dev(), file.ino()));
    assert_eq!(refused.wait().expect("our child").code(), Some(1));
    let told = fs::read_to_string(&path).expect("a log");
    assert!(
        told.starts_with("<3>parlor: cannot listen on unix:/nowhere"),
        "{told}"
    );
    // What is inherited by somebody whose standard error leads elsewhere.
    let (mut refused, path) =
        with_journal(&folder, |file| format!("{}:{}", file.dev(), file.ino() + 1));
    assert_eq!(refused.wait().expect("our child").code(), Some(1));
    let told = fs::read_to_string(&path).expect("a log");
    assert!(
        told.starts_with("parlor: cannot listen on unix:/nowhere"),
        "{told}"
    );

    let file = File::create(&path).expect("a file");
    let meta = file.metadata().expect("it is open");
    let mut server = Command::new(PROGRAM)
        .args(["--listen", "127.0.0.1:0"])
        .env("JOURNAL_STREAM", format!("{}:{}", meta.dev(), meta.ino()))
        .env("PARLOR_NO_SUCH_THING", "1")
        .stdin(Stdio::null())
        .stderr(file)
        .spawn()
        .expect("the server starts");
    let log = || fs::read_to_string(&path).expect("a log");
    eventually("where it listens", || {
        log().contains("listening on 127.0.0.1:")
    });
    let text = log();
    let (_, port) = text
        .split_once("<6>listening on 127.0.0.1:")
        .expect("where it listens");
    let port = port
        .lines()
        .next()
        .expect("a port")
        .parse()
        .expect("a port");
    drop(TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port))).expect("it listens"));
    eventually("a line", || log().contains("closed"));
    let pid = Pid::from_child(&server);
    kill_process(pid, Signal::TERM).expect("it runs");
    assert!(server.wait().expect("our child").success());
    let log = log();
    assert!(
        log.contains("<4> WARN the variable PARLOR_NO_SUCH_THING is no option"),
        "{log}"
    );
    assert!(log.contains("\n<6> INFO connected id=1 "), "{log}");
    assert!(
        log.lines()
            .all(|line| line.starts_with("<6>") || line.starts_with("<4>")),
        "{log}"
    );
}

#[test]
fn a_log_for_programs_has_an_object_a_line() {
    let mut server = Server::start_by(
        Command::new(PROGRAM)
            .args(["--log-format", "json", "--log", "debug"])
            .args(["--listen", "127.0.0.1:0"]),
    );
    let mut ann = server.client("ann");
    ann.login();
    ann.line("5");
    ann.expect_eof();
    server.expect_log("\"closed\"");
    server.signal("TERM");
    server.expect_exit();
    let log = server.log();
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    assert!(lines.len() >= 4, "{log}");
    for line in &lines {
        for key in ["timestamp", "level", "message"] {
            assert!(line[key].is_string(), "{line}");
        }
    }
    let closed = lines.iter().find(|line| line["message"] == "closed");
    let closed = closed.expect("a line about the client");
    assert_eq!(
        (&closed["id"], &closed["level"]),
        (&json!(1), &json!("INFO"))
    );
    assert!(closed["reason"].is_string(), "{closed}");
}

#[test]
fn nothing_that_was_said_is_ever_in_the_log() {
    let folder = TempDir::new().expect("a directory");
    let file = folder.path().join("chat.db");
    let file = file.to_string_lossy();
    for format in ["text", "json"] {
        let server = Server::start(&["--data", &file, "--log", "trace", "--log-format", format]);
        let [mut ann, mut ben] = room_with(&server, &format!("room-{format}"), ["ann", "ben"]);
        ann.say("xyzzy-public");
        ben.expect("ann: xyzzy-public\n");
        ann.line("\\me xyzzy-acted");
        ben.expect("xyzzy-acted");
        ann.line("\\msg ben xyzzy-private");
        ben.expect("xyzzy-private");
        ann.line("\\topic xyzzy-topic");
        ben.expect("xyzzy-topic");
        ann.line("\\register\nxyzzy-password\nxyzzy-password");
        ann.expect("ann is registered.");
        ben.line("\\login ann\nxyzzy-wrong");
        ben.expect("that is not its password");
        ann.line("\\lock\nxyzzy-lock");
        ben.expect("ann locked the room");
        ann.line("\\search xyzzy-public");
        ann.expect("xyzzy-public");
        ann.line("\\nonsense xyzzy-command");
        ann.expect("nonsense");
        ann.line("xyzzy-long ".repeat(500));
        ann.expect("longer than 4096");
        // A client that goes in the middle of a line.
        ben.send("xyzzy-half");
        drop(ben);
        ann.expect("ben left");
        ann.line("\\forget\nxyzzy-password");
        ann.expect("deleted");
        server.expect_log("security: account-deleted");
        let log = server.log();
        assert!(!log.to_lowercase().contains("xyzzy"), "{log}");
    }
}
