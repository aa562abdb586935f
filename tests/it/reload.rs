//! SIGHUP: the configuration is read anew, as a whole or not at all, and nobody is dropped.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::harness::{PROGRAM, Server, eventually, room_with};

/// A server that goes by a file, which can be written anew.
struct Configured {
    folder: TempDir,
    server: Server,
}

impl Configured {
    fn start(text: &str) -> Self {
        let folder = TempDir::new().expect("a directory");
        let path = folder.path().join("parlor.toml");
        fs::write(&path, with_listener(text)).expect("a file");
        let mut command = Command::new(PROGRAM);
        command.arg("--config").arg(path);
        let server = Server::start_by(&mut command);
        Self { folder, server }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Has it go by this text, and waits until the log has said `told`.
    fn reload(&self, text: &str, told: &str) {
        self.write(text);
        self.server.signal("HUP");
        self.server.expect_log(told);
    }

    /// Writes the file anew, of which nobody ever reads a half: a reload may be under way.
    fn write(&self, text: &str) {
        let new = self.path("parlor.toml.new");
        fs::write(&new, with_listener(text)).expect("a file");
        fs::rename(new, self.path("parlor.toml")).expect("it is there");
    }
}

/// Comings and goings are told at once; somewhere clients come in.
fn with_listener(text: &str) -> String {
    let listen = if text.contains("listen = ") {
        ""
    } else {
        "listen = [\"127.0.0.1:0\"]\n"
    };
    format!("{text}\nnotice_delay_seconds = 0\nlinger_seconds = 0\n{listen}")
}

#[test]
fn limits_and_names_are_others_at_once_and_nobody_is_dropped() {
    let configured = Configured::start("name = \"Before\"\nmax_rooms = 1\nmax_members = 5\n");
    let server = &configured.server;
    let [mut ann, mut ben] = room_with(server, "1150", ["ann", "ben"]);
    configured.reload(
        "name = \"After\"\nmax_rooms = 2\nmax_members = 2\n",
        "reload: max_members: 2 (was 5)",
    );
    server.expect_log("reload: name: \"After\" (was \"Before\")");
    let mut cat = server.client("cat");
    cat.expect("After");
    cat.login();
    cat.line("2");
    cat.line("1150");
    cat.expect("limit: 2)");
    cat.create("1151");
    ann.say("still here");
    ben.expect("ann: still here\n");
}

#[test]
fn how_fast_one_may_speak_and_how_much_is_shown_changes_for_those_who_are_here() {
    let configured =
        Configured::start("rate_lines_per_second = 2\nburst_lines = 1\nhistory_lines = 1\n");
    let server = &configured.server;
    let [mut ann, mut ben] = room_with(server, "1150", ["ann", "ben"]);
    configured.reload(
        "rate_lines_per_second = 0\nhistory_lines = 50\n",
        "reload: burst_lines: 100 (was 1)",
    );
    let started = std::time::Instant::now();
    for line in 0..60 {
        ann.line(format!("line {line}"));
    }
    ben.expect("ann: line 59\n");
    // At two lines a second it would have taken half a minute.
    assert!(started.elapsed().as_secs() < 20);
    let mut cat = server.client("cat");
    cat.login();
    cat.line("2\n1150");
    cat.expect("ann: line 10\n");
    cat.expect("ann: line 59\n");
}

#[test]
fn whoever_has_typed_nothing_for_too_long_is_let_go_once_that_is_wanted() {
    let configured = Configured::start("");
    let mut idle = configured.server.client("idle");
    idle.expect("anon> ");
    configured.reload("idle_seconds = 1\n", "reload: idle_seconds: 1 (was 0)");
    idle.expect("idle for too long");
    idle.expect_eof();
}

#[test]
fn connections_of_an_address_count_from_the_beginning() {
    let configured = Configured::start("max_connections_per_address = 0\n");
    let server = &configured.server;
    let mut early = [server.client("one"), server.client("two")];
    early.iter_mut().for_each(|client| {
        client.expect("anon> ");
    });
    configured.reload(
        "max_connections_per_address = 2\n",
        "reload: max_connections_per_address: 2 (was 0)",
    );
    server.client("three").expect_eof();
    let [mut one, _] = early;
    one.line("5");
    one.expect_eof();
    server.expect_log("address-full");
    // The place is free once the server has noticed.
    server.expect_log("closed id=1 ");
    server.client("four").expect("anon> ");
}

#[test]
fn a_configuration_that_makes_no_sense_changes_nothing_and_says_where() {
    let configured = Configured::start("max_rooms = 1\nname = \"Before\"\n");
    let server = &configured.server;
    let [mut ann] = room_with(server, "1150", ["ann"]);
    configured.reload(
        "max_rooms = 2\nname = \"After\"\nhistory_lines = \"many\"\n",
        "parlor.toml:3:17: history_lines: give a whole number",
    );
    assert!(server.log().contains("reload: nothing was changed: "));
    let mut ben = server.client("ben");
    ben.expect("Before");
    ben.login();
    ben.line("1");
    ben.line("1151");
    ben.expect("limit: 1");
    fs::remove_file(configured.path("parlor.toml")).expect("it is there");
    server.signal("HUP");
    server.expect_log("parlor.toml: it cannot be read");
    ann.say("on we go");
    configured.reload("max_rooms = 2\n", "reload: max_rooms: 2 (was 1)");
}

#[test]
fn what_needs_a_restart_is_told_and_nothing_else_waits_for_it() {
    let configured = Configured::start("threads = 1\n");
    let data = configured.path("chat.db");
    configured.reload(
        &format!(
            "threads = 2\ndata = \"{}\"\nname = \"After\"\n",
            data.display()
        ),
        "reload: needs a restart: data, threads",
    );
    assert!(!data.exists());
    configured.server.client("ann").expect("After");
}

#[test]
fn nothing_has_changed_is_said_as_well() {
    let configured = Configured::start("max_rooms = 7\n");
    configured.reload("max_rooms = 7\n", "reload: nothing has changed");
}

#[test]
fn the_motd_is_read_anew_and_so_is_the_level_of_the_log() {
    let folder = TempDir::new().expect("a directory");
    let motd = folder.path().join("motd");
    fs::write(&motd, "first\n").expect("a file");
    let text = format!("motd = \"{}\"\n", motd.display());
    let configured = Configured::start(&text);
    let server = &configured.server;
    server.client("ann").expect("first\n");
    fs::write(&motd, "second\n").expect("a file");
    configured.reload(
        &format!("{text}log_level = \"error\"\n"),
        "motd: the file has changed",
    );
    // That is said just before the log says less.
    eventually("a visit without a line", || {
        let before = server.log().lines().count();
        let mut ben = server.client("ben");
        ben.expect("second\n");
        ben.line("5");
        ben.expect_eof();
        server.log().lines().count() == before
    });
    configured.reload(&text, "reload: log_level: \"info\" (was \"error\")");
    server.client("dan").expect("second\n");
    server.expect_log("connected");
}

#[test]
fn listeners_come_and_go_and_those_who_came_by_them_stay() {
    let configured = Configured::start("listen = [\"127.0.0.1:0\"]\n");
    let server = &configured.server;
    let mut ann = server.client("ann");
    ann.login();
    ann.create("1150");
    ann.join("1150");
    let unix = configured.path("sock");
    configured.reload(
        &format!("listen = [\"127.0.0.2:0\", \"unix:{}\"]\n", unix.display()),
        "reload: no longer listening on 127.0.0.1:",
    );
    let port = server.listening("127.0.0.2:");
    server.expect_log(&format!("reload: listening on unix:{}", unix.display()));
    let mut ben = server.client_at("ben", SocketAddr::from(([127, 0, 0, 2], port)));
    ben.login();
    ben.join("1150");
    ann.say("hello");
    ben.expect("ann: hello\n");
    assert!(TcpStream::connect(server.address()).is_err());
    // The same path for others is the same socket.
    let mut cat = server.unix_client("cat", &unix);
    cat.login();
    cat.join("1150");
    configured.reload(
        &format!(
            "listen = [\"127.0.0.2:0\", \"unix:{},mode=600\"]\n",
            unix.display()
        ),
        "mode=600\"] (was ",
    );
    server.unix_client("dan", &unix).expect("anon> ");
    assert_eq!(fs::metadata(&unix).expect("a socket").mode() & 0o777, 0o600);
    configured.reload(
        "listen = [\"127.0.0.2:0\"]\n",
        "no longer listening on unix:",
    );
    assert!(!unix.exists());
    cat.say("still here");
    ben.expect("cat: still here\n");
    assert_eq!(server.listening("127.0.0.2:"), port);
}

#[test]
fn a_port_that_is_in_use_changes_nothing() {
    let configured = Configured::start("max_rooms = 1\n");
    let server = &configured.server;
    let holder = TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = holder.local_addr().expect("an address");
    let listen = format!("listen = [\"127.0.0.1:0\", \"{taken}\"]\nmax_rooms = 2\n");
    configured.reload(
        &listen,
        &format!("reload: nothing was changed: cannot listen on {taken}: it is in use already"),
    );
    drop(holder);
    let [mut ann] = room_with(server, "1150", ["ann"]);
    ann.line("\\leave");
    ann.line("1");
    ann.line("1151");
    ann.expect("limit: 1");
}

#[test]
fn a_part_of_an_own_address_is_refused_with_what_to_do() {
    let configured = Configured::start("");
    let server = &configured.server;
    let port = server.address().port();
    configured.reload(
        &format!("listen = [\"[::]:{port}\"]\n"),
        &format!(
            "this server listens on 127.0.0.1:{port}; take that out and reload, then put this in"
        ),
    );
    server.client("ann").expect("anon> ");
}

#[test]
fn two_listeners_on_one_address_are_refused_at_the_start() {
    for arguments in [
        ["--listen", "127.0.0.1:5", "--listen", "127.0.0.1:5"],
        ["--listen", "127.0.0.1:5", "--listen", "tls+127.0.0.1:5"],
        [
            "--listen",
            "unix:/tmp/x",
            "--listen",
            "unix:/tmp/x,mode=600",
        ],
    ] {
        let output = crate::harness::run(&arguments);
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains("leave one of them out"), "{told}");
    }
}

#[test]
fn reloads_without_end_drop_nobody_and_hold_up_nobody() {
    let configured = Configured::start("");
    let server = &configured.server;
    let [mut ann, mut ben] = room_with(server, "1150", ["ann", "ben"]);
    for round in 0..50 {
        let text = format!("max_rooms = {}\n", 100 + round);
        configured.write(&text);
        server.signal("HUP");
        ann.say(&format!("round {round}"));
        ben.expect(&format!("ann: round {round}\n"));
    }
    configured.reload("max_rooms = 5\n", "reload: max_rooms: 5 (was ");
}

#[test]
fn a_file_that_never_comes_to_an_end_holds_nobody_up() {
    let configured = Configured::start("max_rooms = 7\n");
    let server = &configured.server;
    let [mut ann, mut ben] = room_with(server, "1150", ["ann", "ben"]);
    // A pipe that nobody writes to.
    let pipe = configured.path("motd");
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo runs").success());
    configured.reload(
        &format!("max_rooms = 8\nmotd = \"{}\"\n", pipe.display()),
        "reload: nothing was changed: it could not be read within 5 seconds",
    );
    ann.say("on we go");
    ben.expect("ann: on we go\n");
    server.signal("HUP");
    server.expect_log("reload: nothing was changed: an earlier reload still waits for its file");
    // Somebody writes: that is over, and the next one is as good as any.
    fs::write(&pipe, "hello\n").expect("somebody reads");
    configured.write("max_rooms = 9\n");
    eventually("a reload", || {
        server.signal("HUP");
        server.log().contains("reload: max_rooms: 9 (was 7)")
    });
}
