//! The program under test as a child process.

use std::io::{self, BufReader, Read};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use rustix::process::{Pid, Resource, Rlimit, geteuid, getrlimit, prlimit};

use super::Client;
use super::client::Socket;
use super::tape::Tape;

/// The program that Cargo has built for this test run.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_parlor");

/// A running server on a port of its own; killed, by its own process id, when dropped.
///
/// When a test fails, dropping it prints what every client of the test saw, and the server's standard error.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
    stderr: Arc<Tape>,
    clients: Mutex<Vec<Arc<Tape>>>,
    started: Instant,
}

impl Server {
    /// Starts the server on `127.0.0.1:0` with `args` added, and waits until it accepts. Unless they say otherwise,
    /// comings and goings are told at once, and whoever is gone has left.
    pub(crate) fn start(args: &[&str]) -> Self {
        let at_once = [["--notice-delay", "0"], ["--linger", "0"]];
        let at_once = at_once.iter().filter(|[flag, _]| !args.contains(flag));
        let mut command = Command::new(PROGRAM);
        command.args(["--listen", "127.0.0.1:0"]);
        command.args(at_once.flatten()).args(args);
        Self::start_by(&mut command)
    }

    /// Starts the server by this command, which has it listen on some port of `127.0.0.1`, and waits until it does.
    pub(crate) fn start_by(command: &mut Command) -> Self {
        Self::start_with(command.stdin(Stdio::null()))
    }

    /// The same, with whatever the command has as standard input.
    pub(crate) fn start_with(command: &mut Command) -> Self {
        let mut server = Self::start_anyhow(command);
        let port = server.listening("127.0.0.1:");
        server.address.set_port(port);
        server
    }

    /// The same, wherever the server listens, if it does.
    pub(crate) fn start_anyhow(command: &mut Command) -> Self {
        let started = Instant::now();
        let mut child = command
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let stderr = Tape::new("standard error of the server", started);
        let pipe = child.stderr.take().expect("standard error was piped");
        collect(pipe, Arc::clone(&stderr));
        Self {
            child,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            stderr,
            clients: Mutex::default(),
            started,
        }
    }

    /// The port after `listening on PREFIX` on standard error, waited for.
    pub(crate) fn listening(&self, prefix: &str) -> u16 {
        self.said_port(&format!("listening on {prefix}"))
    }

    /// The port that follows this on standard error, waited for.
    pub(super) fn said_port(&self, before: &str) -> u16 {
        self.stderr
            .wait(|state| {
                let text = String::from_utf8_lossy(&state.received);
                let (_, rest) = text.split_once(before)?;
                // Something stands behind it, whatever the log looks like.
                let (port, _) = rest.split_once(|letter: char| !letter.is_ascii_digit())?;
                port.parse().ok()
            })
            .unwrap_or_else(|| panic!("standard error never said `{before}PORT`"))
    }

    /// Waits for `text` on standard error.
    pub(crate) fn expect_log(&self, text: &str) {
        let found = self.stderr.wait(|state| {
            String::from_utf8_lossy(&state.received)
                .contains(text)
                .then_some(())
        });
        assert!(found.is_some(), "standard error never said {text:?}");
    }

    /// Standard error so far.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&self.stderr.lock().received).into_owned()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A client, called `name` in failures and in the chat's prompts, connected and reading.
    pub(crate) fn client(&self, name: &str) -> Client {
        let mut client = self.stuck_client(name);
        client.start_reading();
        client
    }

    /// A client that does not read until [`Client::start_reading`].
    pub(crate) fn stuck_client(&self, name: &str) -> Client {
        self.stuck_client_at(name, self.address)
    }

    /// The same, of another listener of this server.
    pub(crate) fn stuck_client_at(&self, name: &str, address: SocketAddr) -> Client {
        let stream = TcpStream::connect(address).expect("the server accepts");
        self.adopt(name, Socket::Tcp(stream))
    }

    /// A client that comes from this address of the machine.
    pub(crate) fn client_from(&self, name: &str, host: [u8; 4]) -> Client {
        self.client_between(name, host, self.address)
    }

    /// A client that comes from this address of the machine to another listener, or to what stands before it.
    pub(crate) fn client_between(&self, name: &str, host: [u8; 4], to: SocketAddr) -> Client {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None);
        let socket = socket.expect("a socket");
        let here = SocketAddr::from((host, 0));
        socket
            .bind(&here.into())
            .expect("an address of this machine");
        socket.connect(&to.into()).expect("the server accepts");
        let mut client = self.adopt(name, Socket::Tcp(socket.into()));
        client.start_reading();
        client
    }

    /// A client of another listener of this server.
    pub(crate) fn client_at(&self, name: &str, address: SocketAddr) -> Client {
        let mut client = self.stuck_client_at(name, address);
        client.start_reading();
        client
    }

    /// A client over a Unix socket.
    pub(crate) fn unix_client(&self, name: &str, path: &Path) -> Client {
        let stream = UnixStream::connect(path).expect("the server accepts");
        let mut client = self.adopt(name, Socket::Unix(stream));
        client.start_reading();
        client
    }

    /// Sends the signal `TERM`, `INT` and so on to the server.
    pub(crate) fn signal(&self, name: &str) {
        // The shell's own kill: the program of that name is not on every machine.
        let status = Command::new("sh")
            .args(["-c", &format!("kill -{name} {}", self.pid())])
            .status()
            .expect("sh runs");
        assert!(status.success(), "kill -{name} failed");
    }

    /// From now on no file of the server may have more than so many bytes; `None` lifts that again.
    pub(crate) fn limit_files(&self, bytes: Option<u64>) {
        let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw);
        // The server has inherited this one, and only root may raise it.
        let maximum = getrlimit(Resource::Fsize).maximum;
        let limit = Rlimit {
            current: bytes.or(maximum),
            maximum,
        };
        prlimit(pid, Resource::Fsize, limit).expect("the server is our child");
    }

    /// Waits until the server has ended by itself.
    pub(crate) fn expect_exit(&mut self) -> ExitStatus {
        // Standard error closes when the process is gone: an event, where asking again and again is none.
        let gone = self.stderr.wait(|state| state.ended.then_some(()));
        assert!(gone.is_some(), "the server still runs");
        self.child.wait().expect("the server is our child")
    }

    /// Resident memory of the server in KiB.
    pub(crate) fn memory_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid()))
            .expect("/proc is there");
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .expect("VmRSS is there");
        line.split_whitespace()
            .nth(1)
            .and_then(|kib| kib.parse().ok())
            .expect("VmRSS is a number")
    }

    fn adopt(&self, name: &str, socket: Socket) -> Client {
        let tape = Tape::new(name, self.started);
        self.clients
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Arc::clone(&tape));
        Client::new(name, socket, tape)
    }

    /// Has it stop as an operator does, and waits until it has.
    pub(crate) fn stop(mut self) {
        self.signal("TERM");
        assert!(self.expect_exit().success());
    }

    /// Adds another source, such as a terminal, to what is printed when the test fails.
    pub(crate) fn tape(&self, name: &str) -> Arc<Tape> {
        let tape = Tape::new(name, self.started);
        self.clients
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Arc::clone(&tape));
        tape
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            for tape in self
                .clients
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .iter()
            {
                eprint!("{}", tape.transcript());
            }
            eprint!("{}", self.stderr.transcript());
        }
    }
}

/// Runs the program with exactly `args` to its end; for arguments it must refuse.
pub(crate) fn run(args: &[&str]) -> Output {
    run_to_its_end(Command::new(PROGRAM).args(args))
}

/// What the program says when it does what `args` ask for.
pub(crate) fn stdout(args: &[&str]) -> String {
    let output = run(args);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {told}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// As [`run`], where the modes of files count even if the tests run as root.
pub(crate) fn run_as_anybody(args: &[&str]) -> Output {
    if !geteuid().is_root() {
        return run(args);
    }
    // Not as another user, who may have no way to the program.
    let mut setpriv = Command::new("setpriv");
    setpriv.args(["--bounding-set", "-dac_override,-dac_read_search"]);
    run_to_its_end(setpriv.args(["--inh-caps", "-all", PROGRAM]).args(args))
}

fn run_to_its_end(command: &mut Command) -> Output {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    let (out, err) = (
        Tape::new("standard output", Instant::now()),
        Tape::new("standard error", Instant::now()),
    );
    collect(child.stdout.take().expect("piped"), Arc::clone(&out));
    collect(child.stderr.take().expect("piped"), Arc::clone(&err));
    let ended = err.wait(|state| state.ended.then_some(())).is_some();
    if !ended {
        let _ = child.kill();
    }
    let status = child.wait().expect("it is our child");
    out.wait(|state| state.ended.then_some(()));
    assert!(
        ended,
        "{command:?} should have been refused, and it ran on: {}",
        err.transcript()
    );
    let (stdout, stderr) = (out.lock().received.clone(), err.lock().received.clone());
    Output {
        status,
        stdout,
        stderr,
    }
}

/// Reads `pipe` to its end on a thread.
pub(super) fn collect(pipe: impl Read + Send + 'static, tape: Arc<Tape>) {
    let work = move || {
        let mut pipe = BufReader::new(pipe);
        let mut buffer = [0; 16 * 1024];
        let how = loop {
            match pipe.read(&mut buffer) {
                Ok(0) => break "end of input".to_owned(),
                Ok(count) => tape.receive(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => (),
                Err(error) => break error.to_string(),
            }
        };
        tape.end(&how);
    };
    // Hundreds of clients: a small stack each.
    thread::Builder::new()
        .stack_size(128 * 1024)
        .spawn(work)
        .expect("a thread starts");
}
