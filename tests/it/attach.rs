//! `parlor attach`: a terminal, or a script, at a Unix socket, and who may say whom it brings.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::geteuid;
use tempfile::TempDir;

use crate::harness::{
    MENU, PROGRAM, Server, Size, Terminal, eventually, piped, program, room_with, times_blanked,
    walk_in,
};

/// What somebody types who has a word for the room.
const SCRIPT: &[u8] = b"\\name bot\n2\n1150\nhi\n\\exit\n5\n";

/// A server at a plain socket and at one where a proxy comes, both open to everybody; with accounts.
struct Place {
    server: Server,
    folder: TempDir,
}

impl Place {
    fn new(args: &[&str]) -> Self {
        let folder = TempDir::new().expect("a directory");
        let file = |name: &str| folder.path().join(name).display().to_string();
        let plain = format!("unix:{},mode=666", file("plain"));
        let proxied = format!("proxy+unix:{},mode=666", file("proxied"));
        let data = file("chat.db");
        let own = ["--listen", &plain, "--listen", &proxied, "--data", &data];
        let server = Server::start(&[&own, args].concat());
        Self { server, folder }
    }

    fn socket(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What runs `parlor attach` at this socket.
    fn attach(&self, socket: &str) -> Vec<String> {
        let socket = self.socket(socket).display().to_string();
        [PROGRAM, "attach", &socket].map(str::to_owned).to_vec()
    }

    /// The same for somebody who comes by ssh from 192.0.2.7, with the key of this number.
    fn attach_by_ssh(&self, key: u8) -> Vec<String> {
        let auth = self.socket(&format!("key-{key}"));
        // What a key is made of is of no interest.
        let digits = format!("AAAA{}", char::from(b'A' + key).to_string().repeat(40));
        fs::write(&auth, format!("publickey ssh-ed25519 {digits}\n")).expect("a file");
        let environment = [
            "env".to_owned(),
            "SSH_CONNECTION=192.0.2.7 52110 198.51.100.1 22".to_owned(),
            format!("SSH_USER_AUTH={}", auth.display()),
        ];
        let env = program("env", "coreutils");
        let command = self.attach("proxied");
        [&[env][..], &environment[1..], &command].concat()
    }
}

/// As another user, who can open what root can: the program may lie where nobody else has a way to.
fn as_nobody(command: &[String]) -> Vec<String> {
    let setpriv = [
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        "--inh-caps=+dac_override",
        "--ambient-caps=+dac_override",
    ];
    let setpriv = setpriv.map(str::to_owned);
    [&[program("setpriv", "util-linux")][..], &setpriv, command].concat()
}

#[test]
fn a_script_gets_what_it_gets_from_a_netcat_at_either_socket() {
    let place = Place::new(&[]);
    let [_host] = room_with(&place.server, "1150", ["host"]);
    let mut seen = Vec::new();
    for socket in ["plain", "proxied"] {
        let text = piped(&place.attach(socket), SCRIPT);
        assert!(
            text.starts_with(&format!("{MENU}anon> ").replace('\n', "\r\n"))
                || text.starts_with(MENU),
            "{text:?}"
        );
        assert!(
            text.contains("] bot: hi\n") && text.ends_with("Goodbye.\n"),
            "{text:?}"
        );
        assert!(
            !text.contains('\u{1b}') && !text.contains('\u{fffd}'),
            "{text:?}"
        );
        seen.push(times_blanked(
            text.split("Join room").next().unwrap_or_default(),
        ));
    }
    assert_eq!(seen[0], seen[1]);
    // Without a last line end, and without a farewell.
    let text = piped(&place.attach("plain"), b"\\name bot\n\\stats");
    assert!(text.contains("bot> ") && text.contains("up"), "{text}");
}

#[test]
fn a_terminal_is_edited_and_echoed_by_the_server_from_the_first_key_on() {
    let place = Place::new(&[]);
    let [mut host] = room_with(&place.server, "1150", ["host"]);
    for (number, socket) in ["plain", "proxied"].into_iter().enumerate() {
        let name = format!("guest{number}");
        let mut person = Terminal::start(&place.server, socket, &place.attach(socket));
        walk_in(&mut person, &name);
        host.expect(&format!("* {name} joined\n"));
        // Edited in the middle, with what others say above it.
        person.keys("hello wrld\x1b[D\x1b[D\x1b[D");
        person.expect_prompt(&format!("{name}> hello wrld"));
        host.say("in between");
        person.expect(&format!("] host: in between\n{name}> hello wrld"));
        person.keys("o");
        person.resize(Size {
            rows: 24,
            columns: 40,
        });
        person.line("");
        host.expect(&format!("{name}: hello world\n"));
        // It is known how wide the screen is.
        // The size comes by another way than what is typed.
        eventually("its width is known", || {
            host.say(&"wide ".repeat(12));
            person.screen().contains("\n  wide")
        });
        let view = person.view();
        assert!(view.marks_pastes, "{view:?}");
        // Ctrl-C is a key like others.
        person.keys("half\x03");
        person.line("\\exit");
        person.expect("Who needs password anyway?");
        person.line("5");
        person.expect_exit();
        assert!(!person.view().marks_pastes);
    }
}

/// A terminal in which a shell runs attach, and then says how the terminal is set.
fn in_a_shell(place: &Place, socket: &str) -> Terminal {
    let attach = place.attach(socket).join(" ");
    let script = format!("echo start; {attach}; stty -a; echo end");
    let sh = [program("sh", "dash"), "-c".to_owned(), script];
    Terminal::start(&place.server, "sh", &sh)
}

#[test]
fn whatever_ends_it_the_terminal_is_as_it_was() {
    let place = Place::new(&[]);
    let mut quits = in_a_shell(&place, "plain");
    quits.expect_prompt("anon>");
    quits.line("\\quit");
    let mut is_told_to_go = in_a_shell(&place, "plain");
    is_told_to_go.expect_prompt("anon>");
    let pid = child_of(is_told_to_go.pid());
    let kill = ["-c".to_owned(), format!("kill -TERM {pid}")];
    let sent = Command::new("sh").args(kill).status();
    assert!(sent.is_ok_and(|status| status.success()));
    let mut outlives_the_server = in_a_shell(&place, "plain");
    outlives_the_server.expect_prompt("anon>");
    for terminal in [&mut quits, &mut is_told_to_go] {
        expect_restored(terminal);
    }
    place.server.signal("KILL");
    expect_restored(&mut outlives_the_server);
}

fn expect_restored(terminal: &mut Terminal) {
    terminal.expect_exit();
    let screen = terminal.screen();
    assert!(screen.ends_with("end"), "{screen}");
    for flag in ["icanon", "echo", "isig", "opost"] {
        let mut words = screen.split_whitespace();
        assert!(words.any(|word| word == flag), "{flag}: {screen}");
    }
    assert!(!terminal.view().marks_pastes);
}

/// The process that this one waits for.
fn child_of(parent: u32) -> u32 {
    let children = format!("/proc/{parent}/task/{parent}/children");
    let children = fs::read_to_string(children).expect("/proc is there");
    let child = children.split_whitespace().next().expect("a child");
    child.parse().expect("a number")
}

#[test]
fn whoever_comes_by_ssh_comes_from_there_and_may_give_passwords_and_is_logged_in_by_key() {
    let place = Place::new(&["--max-per-address", "2"]);
    let mut dai = Terminal::start(&place.server, "dai", &place.attach_by_ssh(1));
    dai.expect_prompt("anon>");
    place.server.expect_log("peer=192.0.2.7:52110");
    dai.line("\\name Dai");
    dai.expect_prompt("Dai>");
    dai.line("\\key add");
    dai.expect("You are not logged in. Nothing was changed.");
    dai.line("\\register");
    dai.expect_prompt("Choose a password:");
    dai.line("hunter2 hunter2");
    dai.expect_prompt("Once more:");
    dai.line("hunter2 hunter2");
    dai.expect("(type '\\key add' and your key logs you in from now on)");
    dai.line("\\key add");
    dai.expect("The key of this connection logs you in as Dai from now on.");
    place
        .server
        .expect_log("security: key-added address=192.0.2.7 account=Dai key=SHA256:");
    dai.line("1");
    dai.line("1150");
    dai.expect("Create room 1150 ");
    dai.line("2");
    dai.line("1150");
    dai.expect("Join room 1150 successful");

    // A script, which takes the name as \login does. Its first line waits until it is who it is.
    let script = b"2\n1150\nthe build is red\n\\key\n\\quit\n";
    let seen = piped(&place.attach_by_ssh(1), script);
    assert!(seen.contains("Welcome back, Dai."), "{seen}");
    assert!(seen.contains("] Dai: the build is red"), "{seen}");
    assert!(seen.contains("  yours"), "{seen}");
    dai.expect("Dai has logged in somewhere else");
    dai.expect("the build is red");

    // Somebody else's key is nobody's, and the third from the same address is one too many.
    let mut other = Terminal::start(&place.server, "other", &place.attach_by_ssh(2));
    other.expect_prompt("anon>");
    let seen = piped(&place.attach_by_ssh(1), b"\\quit\n");
    assert!(
        seen.contains("Too many connections from your address."),
        "{seen}"
    );
    other.line("\\quit");
    other.expect_exit();

    let seen = piped(&place.attach_by_ssh(1), b"\\key remove 1\n\\quit\n");
    assert!(seen.contains("does not log in to Dai any"), "{seen}");
    let seen = piped(&place.attach_by_ssh(1), b"\\key\n\\quit\n");
    assert!(
        !seen.contains("Welcome back") && seen.contains("You are not logged in."),
        "{seen}"
    );
}

#[test]
fn whose_terminal_is_gone_has_lost_the_connection_and_comes_back_to_the_seat_by_key() {
    let place = Place::new(&["--linger", "60"]);
    let [mut host] = room_with(&place.server, "1150", ["host"]);
    let register = b"\\name Dai\n\\register\nhunter2 hunter2\nhunter2 hunter2\n\\key add\n\\quit\n";
    let seen = piped(&place.attach_by_ssh(1), register);
    assert!(seen.contains("logs you in as Dai from now on"), "{seen}");
    let mut dai = Terminal::start(&place.server, "dai", &place.attach_by_ssh(1));
    dai.expect_prompt("Dai>");
    dai.line("\\join 1150");
    host.expect("* Dai joined\nhost> ");
    // The window is closed.
    drop(dai);
    place.server.expect_log("reason=connection lost");
    host.say("still there?");
    let mut dai = Terminal::start(&place.server, "dai again", &place.attach_by_ssh(1));
    dai.expect("Welcome back, Dai.");
    dai.expect("] host: still there?");
    dai.expect_prompt("Dai>");
    dai.line("I am");
    host.expect_next("\n[HH:MM:SS] Dai: I am\nhost> ");
}

#[test]
fn nobody_but_the_listed_users_can_say_that_they_have_a_key_or_come_from_elsewhere() {
    if !geteuid().is_root() {
        eprintln!("not tried: only root can be two users");
        return;
    }
    let place = Place::new(&[]);
    let register = b"\\name Dai\n\\register\nhunter2 hunter2\nhunter2 hunter2\n\\key add\n\\quit\n";
    let seen = piped(&place.attach_by_ssh(1), register);
    assert!(seen.contains("logs you in as Dai from now on"), "{seen}");

    // With the same words in the environment, and by the same socket.
    let seen = piped(
        &as_nobody(&place.attach_by_ssh(1)),
        b"\\key\n\\stats\n\\quit\n",
    );
    assert!(seen.starts_with("=========== Welcome!"), "{seen:?}");
    assert!(seen.contains("You are not logged in."), "{seen}");
    place.server.expect_log("user=65534");
    place.server.expect_log("peer=unix");
    let log = place.server.log();
    assert_eq!(log.matches(" connected id=").count(), 2, "{log}");
    assert_eq!(log.matches("peer=192.0.2.7").count(), 2, "{log}");

    // Who may say where somebody comes from may not say that they have a key.
    for (listed, is_known) in [("user:65534", false), ("keys:65534", true)] {
        let trusting = Place::new(&["--proxy-from", listed]);
        let seen = piped(&trusting.attach_by_ssh(1), register);
        assert!(seen.contains("logs you in as Dai from now on"), "{seen}");
        let seen = piped(&as_nobody(&trusting.attach_by_ssh(1)), b"\\quit\n");
        assert_eq!(seen.contains("Welcome back, Dai."), is_known, "{seen}");
        trusting.server.expect_log("closed id=2");
        let log = trusting.server.log();
        assert_eq!(log.matches(" connected id=").count(), 2, "{log}");
        assert!(!log.contains("peer=unix"), "{log}");
    }
}

#[test]
fn somebody_whom_another_program_brings_comes_from_where_it_says() {
    let place = Place::new(&[]);
    let attach = |more: &[&str]| {
        let mut command = place.attach("proxied");
        command.extend(more.iter().map(|&word| word.to_owned()));
        piped(&command, b"\\name Bo\n\\register\n\\quit\n")
    };
    let seen = attach(&["--from", "2001:db8::7"]);
    assert!(seen.contains("Passwords are not accepted"), "{seen}");
    place.server.expect_log("peer=[2001:db8::7]:0");
    let seen = attach(&["--from", "192.0.2.8", "--tls"]);
    assert!(seen.contains("Choose a password:"), "{seen}");
    place.server.expect_log("peer=192.0.2.8:0");
    // Who runs it by hand is on this machine.
    let seen = attach(&[]);
    assert!(seen.contains("Choose a password:"), "{seen}");
    place.server.expect_log("peer=unix");
}

#[test]
fn a_socket_that_cannot_be_used_is_one_clear_line() {
    let folder = TempDir::new().expect("a directory");
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::write(path("file"), "").expect("a file");
    drop(std::os::unix::net::UnixListener::bind(path("abandoned")).expect("a socket"));
    let in_vain = ["attach", &path("file"), "--tls"];
    for (args, code, why) in [
        (
            &["attach", &path("nothing")][..],
            1,
            "there is no such socket",
        ),
        (
            &["attach", &path("abandoned")],
            1,
            "no server listens there",
        ),
        (&["attach", &path("file")], 1, "no server listens there"),
        (&in_vain, 2, "--from"),
    ] {
        let output = crate::harness::run(args);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{stderr}");
        assert!(
            stderr.contains(why) && stderr.trim().lines().count() == 1,
            "{stderr}"
        );
    }
    assert!(Path::new(&path("abandoned")).exists());
}
