//! `ssh chat@host` through a real sshd, set up as docs/ssh.md says. It can let in another user only as root, and so these
//! tests need root.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use rustix::process::geteuid;
use tempfile::TempDir;

use crate::harness::{
    CHAT, GUEST, Helper, PROGRAM, Server, Size, Terminal, eventually, make_key, open_to_all,
    own_address, piped, program, room_with, start_sshd,
};

/// A server, and sshd before it.
struct Place {
    server: Server,
    _sshd: Helper,
    folder: TempDir,
    address: SocketAddr,
}

impl Place {
    /// `None`: this is not root.
    fn new() -> Option<Self> {
        if !geteuid().is_root() {
            eprintln!("not tried: sshd lets another user in only as root");
            return None;
        }
        let folder = TempDir::new().expect("a directory");
        // The users of the chat have a way to what they need, and to nothing that root alone may read.
        open_to_all(folder.path(), 0o755);
        let file = |name: &str| folder.path().join(name).display().to_string();
        fs::copy(PROGRAM, file("parlor")).expect("there is space");
        let listen = format!("proxy+unix:{},mode=666", file("socket"));
        let (keys, users) = (format!("keys:{CHAT}"), format!("user:{GUEST}"));
        let server = Server::start(
            &[
                &["--listen", &listen, "--data", &file("chat.db")][..],
                &["--proxy-from", &keys, "--proxy-from", &users],
            ]
            .concat(),
        );
        let address = own_address(22);
        let sshd = start_sshd(server.tape("sshd"), folder.path(), address);
        Some(Self {
            server,
            _sshd: sshd,
            folder,
            address,
        })
    }

    /// A key of this name, which is made if there is none.
    fn key(&self, name: &str) -> String {
        let file = self.folder.path().join(format!("key-{name}"));
        if !file.exists() {
            make_key(&file);
        }
        file.display().to_string()
    }

    /// The client, for somebody with this key, or without one.
    fn ssh(&self, user: &str, key: Option<&str>, more: &[&str]) -> Vec<String> {
        let mut command = vec![program("ssh", "openssh-client")];
        let options = [
            "-F",
            "none",
            "-o",
            "StrictHostKeyChecking=no",
            "-o",
            "UserKnownHostsFile=/dev/null",
            "-o",
            "LogLevel=ERROR",
            "-o",
            "IdentityAgent=none",
            "-o",
            "IdentitiesOnly=yes",
            "-o",
            "BatchMode=yes",
        ];
        command.extend(options.map(str::to_owned));
        if let Some(key) = key {
            command.extend(["-i".to_owned(), self.key(key)]);
        }
        command.extend(more.iter().map(|&word| word.to_owned()));
        let (host, port) = (
            self.address.ip().to_string(),
            self.address.port().to_string(),
        );
        command.extend(["-p".to_owned(), port, format!("{user}@{host}")]);
        command
    }
}

#[test]
fn a_terminal_by_ssh_is_edited_by_the_server_has_its_size_and_comes_from_where_it_comes() {
    let Some(place) = Place::new() else { return };
    let [mut host] = room_with(&place.server, "1150", ["host"]);
    for (user, key, from) in [
        ("chat", Some("dai"), "127.0.0.8"),
        ("guest", None, "127.0.0.9"),
    ] {
        let command = place.ssh(user, key, &["-b", from]);
        let mut person = Terminal::start(&place.server, user, &command);
        person.expect_prompt("anon>");
        place.server.expect_log(&format!("peer={from}:"));
        person.line("\\name Dai");
        person.expect_prompt("Dai>");
        person.line("\\join 1150");
        host.expect("* Dai joined\n");
        person.keys("hello wrld\x1b[D\x1b[D\x1b[D");
        person.expect_prompt("Dai> hello wrld");
        host.say("in between");
        person.expect("] host: in between\nDai> hello wrld");
        person.keys("o");
        person.resize(Size {
            rows: 24,
            columns: 40,
        });
        person.line("");
        host.expect("Dai: hello world\n");
        // The size comes by another way than what is typed.
        eventually("its width is known", || {
            host.say(&"wide ".repeat(12));
            person.screen().contains("\n  wide")
        });
        // Passwords are safe on the way.
        person.line("\\register");
        person.expect_prompt("Choose a password:");
        person.line("");
        person.line("\\quit");
        person.expect_exit();
        host.expect("* Dai left\n");
    }
}

#[test]
fn whoever_has_bound_a_key_is_logged_in_by_it_and_scripts_are_too() {
    let Some(place) = Place::new() else { return };
    let [mut host] = room_with(&place.server, "1150", ["host"]);
    let script = |user: &str, key: Option<&str>, lines: &str| {
        let command = place.ssh(user, key, &["-T"]);
        piped(&command, lines.as_bytes())
    };
    let register = "\\name Dai\n\\register\nhunter2 hunter2\nhunter2 hunter2\n\\key add\n\\quit\n";
    let seen = script("chat", Some("dai"), register);
    assert!(seen.contains("logs you in as Dai from now on"), "{seen}");
    // The server knows it by the name that ssh-keygen has for it.
    let shown = Command::new(program("ssh-keygen", "openssh-client"))
        .args(["-l", "-f", &place.key("dai")])
        .output()
        .expect("it runs");
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    let fingerprint = shown.split(' ').nth(1).expect("a fingerprint");
    place
        .server
        .expect_log(&format!("account=Dai key={fingerprint}\n"));

    let seen = script("chat", Some("dai"), "2\n1150\nthe build is red\n");
    assert!(seen.contains("Welcome back, Dai."), "{seen}");
    host.expect("] Dai: the build is red\n");
    for (user, key) in [
        ("chat", Some("ben")),
        ("guest", None),
        ("guest", Some("dai")),
    ] {
        let seen = script(user, key, "\\key\n\\quit\n");
        assert!(
            seen.contains("You are not logged in."),
            "{user} {key:?}: {seen}"
        );
        assert!(seen.ends_with("Goodbye.\n"), "{seen}");
    }
}

#[test]
fn whatever_a_client_asks_sshd_for_it_gets_the_chat_and_nothing_else() {
    let Some(place) = Place::new() else { return };
    let ask = |more: &[&str], command: &[&str]| {
        let mut words = place.ssh("chat", Some("dai"), more);
        words.extend(command.iter().map(|&word| word.to_owned()));
        piped(&words, b"\\quit\n")
    };
    for seen in [
        ask(&["-T"], &["id"]),
        ask(&["-T", "-o", "SendEnv=SSH_CONNECTION"], &["env"]),
        ask(&["-T", "-s"], &["sftp"]),
    ] {
        assert!(
            seen.contains("Welcome!") && seen.ends_with("Goodbye.\n"),
            "{seen}"
        );
        assert!(!seen.contains("uid="), "{seen}");
    }
    // By way of sshd, which is the user of the chat, somebody could say anything to the socket.
    let file = |name: &str| place.folder.path().join(name).display().to_string();
    let way = format!("{}:{}", file("ours"), file("socket"));
    let command = place.ssh("chat", Some("dai"), &["-L", &way]);
    let mut person = Terminal::start(&place.server, "forwards", &command);
    person.expect_prompt("anon>");
    let mut forged = place.server.unix_client("forged", Path::new(&file("ours")));
    forged.send(b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0\\name Mallory\n");
    assert_eq!(forged.expect_eof(), "");
    place.server.expect_log("connected id=4");
    let log = place.server.log();
    assert_eq!(log.matches(" connected id=").count(), 4, "{log}");
}
