//! The log: nobody waits for whoever should read it.

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStderr, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use socket2::{Domain, Socket, Type};

use tempfile::TempDir;

use crate::harness::{DEADLINE, PROGRAM, Server, eventually};

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
