//! The log: nobody waits for whoever should read it.

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStderr, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

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

    /// Connects, waits for the first prompt, and goes.
    fn visit(&self) {
        let mut stream = TcpStream::connect(self.address).expect("it accepts");
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
    for _ in 0..CONNECTIONS {
        server.visit();
    }
    // Somebody reads again for a while.
    let mut line = String::new();
    server.log.read_line(&mut line).expect("it is read");
    assert!(line.contains("connected"), "{line}");
    server.visit();

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
    server.expect_log("SIGHUP changes nothing");
}
