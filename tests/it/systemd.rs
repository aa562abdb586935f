//! What the server and systemd tell each other, and the files that make it a service.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::harness::postgres::PostgresServer;
use crate::harness::{DEADLINE, PROGRAM, Server, program};

/// A service manager that listens.
struct Manager {
    folder: TempDir,
    socket: UnixDatagram,
    told: Vec<String>,
}

impl Manager {
    fn new() -> Self {
        let folder = TempDir::new().expect("a directory");
        let socket = UnixDatagram::bind(folder.path().join("notify")).expect("a socket");
        socket.set_read_timeout(Some(DEADLINE)).expect("a timeout");
        let told = Vec::new();
        Self {
            folder,
            socket,
            told,
        }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(["--listen", "127.0.0.1:0"]).args(args);
        command.env("NOTIFY_SOCKET", self.folder.path().join("notify"));
        command
    }

    /// Waits for a message that begins like this.
    fn expect(&mut self, begin: &str) -> String {
        loop {
            let mut buffer = [0; 1024];
            let count = self.socket.recv(&mut buffer);
            let count =
                count.unwrap_or_else(|error| panic!("no {begin}: {error}; only {:?}", self.told));
            let text = String::from_utf8_lossy(&buffer[..count]).into_owned();
            self.told.push(text.clone());
            if text.starts_with(begin) {
                return text;
            }
        }
    }
}

#[test]
fn systemd_hears_when_the_server_is_ready_what_it_does_and_that_it_stops() {
    let mut manager = Manager::new();
    let mut server = Server::start_by(&mut manager.command(&["--grace", "3"]));
    manager.expect("READY=1");
    manager.expect("STATUS=serving 0 connections, 0 rooms");
    let mut ann = server.client("ann");
    ann.login();
    ann.create("1150");
    manager.expect("STATUS=serving 1 connection, 1 room");
    server.signal("HUP");
    let reloading = manager.expect("RELOADING=1\n");
    let micros = reloading
        .split_once("\nMONOTONIC_USEC=")
        .map(|(_, micros)| micros.parse::<u64>());
    assert!(matches!(micros, Some(Ok(1..))), "{reloading}");
    manager.expect("READY=1");
    server.signal("TERM");
    let stopping = manager.expect("STOPPING=1\n");
    assert!(
        stopping.contains("\nEXTEND_TIMEOUT_USEC=63000000"),
        "{stopping}"
    );
    ann.expect("The server is going down.");
    assert!(server.expect_exit().success());
    assert!(!manager.told.iter().any(|text| text.starts_with("WATCHDOG")));
}

#[test]
fn the_watchdog_has_signs_of_life_while_people_talk() {
    let mut manager = Manager::new();
    let data = manager.folder.path().join("chat.db");
    let mut command = manager.command(&["--data", data.to_str().expect("text"), "--rate", "0"]);
    let server = Server::start_by(command.env("WATCHDOG_USEC", "300000"));
    let mut ann = server.client("ann");
    ann.login();
    ann.create("1150");
    ann.join("1150");
    for round in 0..5 {
        for line in 0..100 {
            ann.line(format!("{round} {line}"));
        }
        manager.expect("WATCHDOG=1");
    }
    ann.expect("ann: 4 99\n");
}

#[test]
fn the_watchdog_has_signs_of_life_while_a_database_does_not_answer() {
    let postgres = PostgresServer::start();
    let mut manager = Manager::new();
    let mut command = manager.command(&["--data", &postgres.fresh()]);
    let _server = Server::start_by(command.env("WATCHDOG_USEC", "9000000"));
    manager.expect("WATCHDOG=1");
    postgres.pause();
    // Of which the first may have been on its way.
    for _ in 0..3 {
        manager.expect("WATCHDOG=1");
    }
}

#[test]
fn a_watchdog_of_another_process_is_not_ours() {
    let mut manager = Manager::new();
    let mut command = manager.command(&[]);
    command
        .env("WATCHDOG_USEC", "1000")
        .env("WATCHDOG_PID", "1");
    let mut server = Server::start_by(&mut command);
    manager.expect("STATUS=serving 0 connections");
    let _ann = server.client("ann");
    manager.expect("STATUS=serving 1 connection");
    server.signal("TERM");
    manager.expect("STOPPING=1");
    server.expect_exit();
    assert!(!manager.told.iter().any(|text| text.starts_with("WATCHDOG")));
}

/// A command for the server with these sockets handed over, as a service manager does: from descriptor 3 on, after the
/// shell has become the server.
fn handing_over(sockets: Vec<OwnedFd>, environment: &str, args: &str) -> Command {
    let count = sockets.len();
    let mut sockets = sockets.into_iter();
    let mut command = Command::new("sh");
    let moves = ["3<&0", "4<&1"][..count].join(" ");
    command.arg("-c").arg(format!(
        "exec {moves} 0</dev/null; LISTEN_PID=$$ LISTEN_FDS={count} {environment} exec '{PROGRAM}' {args}"
    ));
    command.stdin(sockets.next().map_or_else(Stdio::null, Stdio::from));
    command.stdout(sockets.next().map_or_else(Stdio::null, Stdio::from));
    command
}

fn tcp() -> (OwnedFd, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    (listener.into(), port)
}

#[test]
fn sockets_that_are_handed_over_are_listened_on_and_the_default_is_not() {
    let folder = TempDir::new().expect("a directory");
    let path = folder.path().join("sock");
    let unix = UnixListener::bind(&path).expect("a socket");
    let (tcp, port) = tcp();
    // Whoever comes before the server does waits for it.
    let early = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port))).expect("it listens");
    let mut command = handing_over(
        vec![tcp, unix.into()],
        "LISTEN_FDNAMES=parlor.socket:parlor.socket",
        "",
    );
    let mut server = Server::start_with(&mut command);
    assert_eq!(server.address().port(), port);
    server.expect_log(&format!("listening on unix:{}\n", path.display()));
    let mut ann = server.client("ann");
    ann.login();
    ann.create("1150");
    ann.join("1150");
    let mut ben = server.unix_client("ben", &path);
    ben.login();
    ben.join("1150");
    ann.say("hello");
    ben.expect("ann: hello\n");
    assert_eq!(
        server.log().matches("listening on").count(),
        2,
        "{}",
        server.log()
    );
    assert_eq!(
        server.log().matches(" connected ").count(),
        3,
        "{}",
        server.log()
    );
    drop(early);
    // It is not ours to close, or to remove.
    server.signal("HUP");
    server.expect_log("reload: nothing has changed");
    ann.say("still here");
    ben.expect("ann: still here\n");
    server.client("cat").expect("anon> ");
    server.signal("TERM");
    assert!(server.expect_exit().success());
    assert!(path.exists());
}

#[test]
fn what_clients_do_first_stands_in_the_name_of_a_socket() {
    for (name, told) in [
        ("parlor.socket", "listening on 127.0.0.1:"),
        ("tls", "listening on tls+127.0.0.1:"),
        ("parlor-tls.socket", "listening on tls+127.0.0.1:"),
        ("proxy", "listening on proxy+127.0.0.1:"),
        ("proxy-tls", "listening on proxy+tls+127.0.0.1:"),
        ("battles", "listening on 127.0.0.1:"),
    ] {
        let (socket, port) = tcp();
        let names = format!("LISTEN_FDNAMES={name}");
        let server = Server::start_anyhow(&mut handing_over(vec![socket], &names, ""));
        server.expect_log(&format!("{told}{port}\n"));
    }
}

#[test]
fn a_place_of_the_configuration_that_is_handed_over_is_not_opened_twice() {
    let (socket, port) = tcp();
    let args = format!("--listen 127.0.0.1:{port} --listen 127.0.0.2:0");
    let server = Server::start_with(&mut handing_over(vec![socket], "", &args));
    assert_eq!(server.address().port(), port);
    server.client("ann").expect("anon> ");
    let other = SocketAddr::from(([127, 0, 0, 2], server.listening("127.0.0.2:")));
    server.client_at("ben", other).expect("anon> ");
    assert_eq!(
        server.log().matches("listening on").count(),
        2,
        "{}",
        server.log()
    );
}

#[test]
fn a_socket_that_the_configuration_says_no_more_about_is_what_its_name_says() {
    let folder = TempDir::new().expect("a directory");
    let file = folder.path().join("parlor.toml");
    let (socket, port) = tcp();
    let text = format!("listen = [\"proxy+127.0.0.1:{port}\"]\n");
    fs::write(&file, text).expect("a file");
    let args = format!("--config {}", file.display());
    let server = Server::start_anyhow(&mut handing_over(vec![socket], "", &args));
    server.expect_log(&format!("listening on proxy+127.0.0.1:{port}\n"));
    fs::write(&file, "").expect("a file");
    server.signal("HUP");
    server.expect_log(&format!("reload: listening on 127.0.0.1:{port}\n"));
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    server.client_at("ann", address).expect("anon> ");
}

#[test]
fn sockets_that_are_meant_for_another_process_are_left_alone() {
    let (socket, port) = tcp();
    let mut command = handing_over(vec![socket], "LISTEN_PID=1", "--listen 127.0.0.1:0");
    let server = Server::start_with(&mut command);
    assert_ne!(server.address().port(), port);
    server.client("ann").expect("anon> ");
}

#[test]
fn what_is_handed_over_and_is_no_listening_socket_is_one_clear_line() {
    let (socket, port) = tcp();
    let stream = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port))).expect("it listens");
    let file = fs::File::open(PROGRAM).expect("a file");
    let datagrams = UnixDatagram::unbound().expect("a socket");
    let _listener = socket;
    for (what, descriptor, environment, told) in [
        (
            "a stream",
            OwnedFd::from(stream),
            "",
            "it is not one that listens for connections",
        ),
        (
            "a file",
            OwnedFd::from(file),
            "",
            "LISTEN_FDS=1: descriptor 3 is no socket",
        ),
        (
            "datagrams",
            OwnedFd::from(datagrams),
            "",
            "it is not one that listens for connections",
        ),
        (
            "too few",
            tcp().0,
            "LISTEN_FDS=2",
            "LISTEN_FDS=2: descriptor 4 is no socket",
        ),
        (
            "nonsense",
            tcp().0,
            "LISTEN_FDS=many",
            "LISTEN_FDS=many: give a number of sockets, at most 64",
        ),
        (
            "too many",
            tcp().0,
            "LISTEN_FDS=4000000000",
            "give a number of sockets, at most 64",
        ),
    ] {
        let output = handing_over(vec![descriptor], environment, "--listen 127.0.0.1:0")
            .stderr(Stdio::piped())
            .output()
            .expect("it runs");
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{what}: {error}");
        assert!(
            error.starts_with("parlor: ") && error.contains(told),
            "{what}: {error}"
        );
        assert_eq!(error.trim().lines().count(), 1, "{what}: {error}");
    }
}

#[test]
fn systemds_own_tool_hands_over_a_socket() {
    let port = tcp().1;
    let mut command = Command::new(program("systemd-socket-activate", "systemd"));
    command.args([
        &format!("--listen=127.0.0.1:{port}"),
        "--fdname=parlor.socket",
        PROGRAM,
    ]);
    let server = Server::start_anyhow(&mut command);
    server.expect_log("Listening on 127.0.0.1:");
    // The server is started by the first client.
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    server.client_at("ann", address).expect("anon> ");
    server.expect_log(&format!("listening on 127.0.0.1:{port}\n"));
}

/// The files that make it a service.
fn packaging(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("packaging/systemd")
        .join(name);
    path.to_str().expect("text").to_owned()
}

fn output(program: &str, args: &[&str]) -> (bool, String) {
    let output = Command::new(program).args(args).output().expect("it runs");
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

#[test]
fn the_unit_exposes_little() {
    let analyze = program("systemd-analyze", "systemd");
    let unit = packaging("parlor.service");
    // In tenths.
    let (is_below, told) = output(
        &analyze,
        &[
            "security",
            "--offline=true",
            "--threshold=15",
            "--no-pager",
            &unit,
        ],
    );
    assert!(is_below, "{told}");
    let overall = told.split_once("Overall exposure level for parlor.service: ");
    let level = overall.and_then(|(_, rest)| rest.split(' ').next()?.parse::<f64>().ok());
    assert!(level.is_some_and(|level| level <= 1.5), "{level:?}");
}

#[test]
fn systemd_finds_nothing_wrong_in_the_units_and_the_user() {
    let analyze = program("systemd-analyze", "systemd");
    let folder = TempDir::new().expect("a directory");
    let units = ["parlor.service", "parlor.socket", "parlor-tls.socket"];
    for name in units {
        let text = fs::read_to_string(packaging(name)).expect("a unit");
        let text = text.replace("/usr/bin/parlor", PROGRAM);
        fs::write(folder.path().join(name), text).expect("a unit");
    }
    for name in units {
        let unit = folder.path().join(name);
        let (is_fine, told) = output(
            &analyze,
            &["verify", "--man=no", unit.to_str().expect("text")],
        );
        assert!(is_fine && !told.contains("parlor"), "{name}: {told}");
    }
    let sysusers = program("systemd-sysusers", "systemd");
    let (is_fine, told) = output(
        &sysusers,
        &["--dry-run", &packaging("parlor-sysusers.conf")],
    );
    assert!(is_fine && !told.contains("parlor-sysusers.conf:"), "{told}");
}

#[test]
fn the_unit_gives_the_server_what_it_needs() {
    // What it asks of its service manager, and what it does when it is not given.
    let unit = fs::read_to_string(packaging("parlor.service")).expect("a unit");
    for line in [
        "Type=notify",
        "WatchdogSec=60s",
        "StateDirectory=parlor",
        "User=parlor",
        "LimitNOFILE=65536",
    ] {
        assert!(unit.lines().any(|own| own == line), "{line}");
    }
    let folder = TempDir::new().expect("a directory");
    let mut command = Command::new(PROGRAM);
    command.args(["--listen", "127.0.0.1:0"]);
    let server = Server::start_by(command.env("STATE_DIRECTORY", folder.path()));
    let mut ann = server.client("ann");
    ann.login();
    ann.create("1150");
    assert!(folder.path().join("chat.db").exists());
}
