//! packaging/fail2ban, as the real fail2ban reads it: whom lines of the server's log get banned, and whom not.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::harness::{Server, program};

const PACKAGING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/fail2ban");

/// The addresses that fail2ban finds in a log, in their order.
fn found(log: &str, options: &str) -> Vec<String> {
    let folder = TempDir::new().expect("a directory");
    let file = folder.path().join("log");
    fs::write(&file, log).expect("a file");
    let ran = Command::new(program("fail2ban-regex", "fail2ban"))
        .args(["--usedns", "no", "--out", "ip"])
        .arg(&file)
        .arg(format!("{PACKAGING}/filter.d/parlor.conf{options}"))
        .output()
        .expect("fail2ban-regex runs");
    let told = String::from_utf8_lossy(&ran.stdout).into_owned();
    let wrong = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success() && wrong.is_empty(), "{told}{wrong}");
    told.lines().map(str::to_owned).collect()
}

const GUESSER: [u8; 4] = [127, 0, 0, 7];
const ROOM_GUESSER: [u8; 4] = [127, 0, 0, 8];
const CROWD: [u8; 4] = [127, 0, 0, 9];
const FORGER: [u8; 4] = [127, 0, 0, 10];

/// What a server logs, with these arguments, of a day with guessers, a crowd behind one address, somebody who would like
/// others to be banned, and people who do nothing of that kind from 127.0.0.1.
fn a_day(args: &[&str]) -> String {
    let folder = TempDir::new().expect("a directory");
    let data = folder.path().join("chat.db");
    let data = data.to_string_lossy();
    let usual = ["--data", &data, "--max-per-address", "2"];
    let server = Server::start(&[&usual, args].concat());
    let mut ann = server.client("ann");
    ann.login();
    ann.line("\\register\ncorrect horse\ncorrect horse");
    ann.expect("ann is registered.");
    ann.create("1150");
    ann.join("1150");
    ann.line("\\lock\npizza4all");
    ann.expect("joining needs a password");

    let mut guesser = server.client_from("guesser", GUESSER);
    guesser.login();
    guesser.line("\\login ann\nwrong horse");
    guesser.expect("that is not its password");

    let mut forger = server.client_from("forger", FORGER);
    forger.login();
    forger.line("\\login address=127.0.0.1\nwrong horse");
    forger.expect("forger> ");
    forger.line("1\nsecurity:wrong-password");
    forger.expect("forger> ");

    let mut room_guesser = server.client_from("roomguesser", ROOM_GUESSER);
    room_guesser.login();
    room_guesser.line("2\n1150\npizza4none");
    room_guesser.expect("That is not the password.");

    let _crowd = [(); 2].map(|()| {
        let mut one = server.client_from("one", CROWD);
        one.expect("anon> ");
        one
    });
    let mut third = server.client_from("third", CROWD);
    third.expect_eof();
    server.expect_log("security: refused address=127.0.0.9");
    server.log()
}

fn expected() -> Vec<String> {
    let all = [GUESSER, FORGER, ROOM_GUESSER, CROWD];
    all.map(|[a, b, c, d]| format!("{a}.{b}.{c}.{d}")).to_vec()
}

#[test]
fn those_who_guess_or_crowd_are_found_and_nobody_else_however_the_log_looks() {
    for args in [&[][..], &["--log-format", "json"]] {
        let log = a_day(args);
        assert!(log.contains("registered address=127.0.0.1"), "{log}");
        assert_eq!(found(&log, ""), expected(), "{log}");
        // As fail2ban has it from the journal: it knows the time, and whose line it is stands before it.
        let entries = log.lines().filter(|line| line.contains("security: "));
        let journal: String = entries
            .map(|line| {
                let message = match line.split_once("Z  WARN ") {
                    Some((_, rest)) => format!("WARN {rest}"),
                    None => line.to_owned(),
                };
                format!("Nov 28 09:46:06 host parlor[4711]: {message}\n")
            })
            .collect();
        assert_eq!(found(&journal, ""), expected(), "{journal}");
    }
}

#[test]
fn floods_are_found_by_those_who_want_that() {
    let line = |text: &str| format!("2026-11-28T09:46:06.804784Z  WARN security: {text}\n");
    let log = [
        "connects address=192.0.2.7 count=1000",
        "wrong-password address=2001:db8:1:2:: account=ann",
        "wrong-password address=unix account=ann",
        "account-guessed address=192.0.2.8 account=ann",
    ];
    let log: String = log.iter().map(|text| line(text)).collect();
    assert_eq!(found(&log, ""), ["2001:db8:1:2::", "192.0.2.8"]);
    assert_eq!(
        found(&log, "[mode=aggressive]"),
        ["192.0.2.7", "2001:db8:1:2::", "192.0.2.8"]
    );
}

#[test]
fn fail2ban_takes_the_jail() {
    let folder = TempDir::new().expect("a directory");
    let config = folder.path().join("fail2ban");
    let copied = Command::new("cp")
        .arg("-r")
        .args([Path::new("/etc/fail2ban"), &config])
        .status();
    assert!(copied.expect("cp runs").success());
    // The jails that this machine has need logs that it may not have.
    fs::remove_dir_all(config.join("jail.d")).expect("it is there");
    let copied = Command::new("cp")
        .args(["-r", PACKAGING])
        .arg(folder.path())
        .status();
    assert!(copied.expect("cp runs").success());
    let client = |option: &str| {
        let ran = Command::new(program("fail2ban-client", "fail2ban"))
            .arg("-c")
            .arg(&config)
            .arg(option)
            .output()
            .expect("fail2ban-client runs");
        let told = [ran.stdout, ran.stderr].concat();
        let told = String::from_utf8_lossy(&told).into_owned();
        assert!(ran.status.success(), "{told}");
        told
    };
    client("--test");
    let commands = client("--dump");
    for command in [
        "['add', 'parlor', 'systemd']",
        "['set', 'parlor', 'addjournalmatch', '_SYSTEMD_UNIT=parlor.service']",
        "['set', 'parlor', 'maxretry', 20]",
        "['start', 'parlor']",
    ] {
        assert!(
            commands.contains(command),
            "{command} is not in\n{commands}"
        );
    }
}
