//! The server is killed at a random moment, again and again: what anybody was shown or told is in the file.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::path::Path;
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use crate::harness::{Client, Server, room_with, run};

/// Rounds unless `PARLOR_CRASH_ROUNDS` says otherwise.
const ROUNDS: u64 = 100;

/// The same where passwords are hashed.
const ROUNDS_WITH_PASSWORDS: u64 = 30;

/// The latest moment to kill the server, after the talk began.
const LATEST_MS: u64 = 60;

/// The latest moment to kill it where passwords are hashed, which takes a while.
const LATEST_DECISION_MS: u64 = 400;

const PASSWORD: &str = "correct horse";

/// People who are banned from one room.
const BANS_MAX: usize = 190;

/// Lines that are sent in one write.
const LINES_AT_ONCE: usize = 100;

#[test]
fn what_a_member_has_seen_survives_kill_9() {
    let rounds = rounds(ROUNDS);
    let folder = TempDir::new().expect("a directory");
    let file = folder.path().join("chat.db");
    let mut seen_in_all = 0;
    let mut cut_short = 0;
    for round in 0..rounds {
        let room = format!("round{round}");
        let Talk { said, seen } = talk_until_killed(&file, &room);
        let stored = stored(&file, &room);
        // In order and once: the numbers from 0 on, as far as they go.
        assert_eq!(
            stored,
            (0..stored.len()).collect::<Vec<_>>(),
            "round {round}"
        );
        // Whoever reads too slowly is told that messages were skipped.
        assert!(
            seen.is_sorted() && seen.last().is_none_or(|last| *last < stored.len()),
            "round {round}: stored {}, saw {seen:?}",
            stored.len()
        );
        seen_in_all += seen.len();
        cut_short += u64::from(stored.len() < said);
    }
    assert!(seen_in_all > 0, "nobody saw anything");
    // A server that has done all it was told has nothing to lose.
    assert!(
        cut_short > rounds / 2,
        "in {cut_short} of {rounds} rounds only it was killed while it had something to do"
    );
}

fn rounds(unless_told: u64) -> u64 {
    std::env::var("PARLOR_CRASH_ROUNDS").map_or(unless_told, |rounds| {
        rounds.parse().expect("PARLOR_CRASH_ROUNDS is a number")
    })
}

#[test]
fn what_owners_have_decided_and_who_has_registered_survives_kill_9() {
    let folder = TempDir::new().expect("a directory");
    let file = folder.path().join("chat.db");
    let (mut decided_in_all, mut registered_in_all) = (0, 0);
    for round in 0..rounds(ROUNDS_WITH_PASSWORDS) {
        let told = decide_until_killed(&file, round);
        let kept = kept(&file, round);
        let at_least = told.bans.iter().zip(&kept.bans);
        assert!(
            told.bans.len() <= kept.bans.len() && at_least.clone().all(|(told, kept)| told == kept),
            "round {round}: {told:?}, {kept:?}"
        );
        assert!(
            kept.topic >= told.topic,
            "round {round}: {told:?}, {kept:?}"
        );
        for name in &told.registered {
            assert!(
                kept.registered.contains(name),
                "round {round}: {told:?}, {kept:?}"
            );
        }
        decided_in_all += told.bans.len();
        registered_in_all += told.registered.len();
    }
    assert!(decided_in_all > 0, "nothing was ever decided");
    assert!(registered_in_all > 0, "nobody ever registered");
}

/// What was decided in a room, and who has registered.
#[derive(Debug, Default)]
struct Decided {
    /// The numbers of those who are banned.
    bans: Vec<usize>,
    /// The number of the topic; 0 before the first.
    topic: usize,
    registered: Vec<String>,
}

/// Ann bans people and sets topics, while others register, until the server is killed at a random moment. Gives what
/// was told of it.
fn decide_until_killed(file: &Path, round: u64) -> Decided {
    let data = file.to_string_lossy();
    let mut server = Server::start(&["--data", &data, "--rate", "0", "--log", "error"]);
    let [mut ann, mut ben] = room_with(&server, &format!("round{round}"), ["ann", "ben"]);
    let newcomer = |number| {
        let name = format!("r{round}n{number}");
        let client = server.client(&name);
        (name, client)
    };
    let mut newcomers: Vec<(String, Client)> = (0..4).map(newcomer).collect();
    let moment =
        Duration::from_millis(RandomState::new().build_hasher().finish() % LATEST_DECISION_MS);
    thread::scope(|scope| {
        let killer = scope.spawn(|| {
            thread::sleep(moment);
            server.signal("KILL");
        });
        for (name, client) in &mut newcomers {
            client.send(format!("4\n{name}\n\\register\n{PASSWORD}\n{PASSWORD}\n"));
        }
        let mut number = 0;
        while !killer.is_finished() && number < BANS_MAX {
            let numbers = number + 1..number + 10;
            number = numbers.end - 1;
            let lines: String = numbers
                .map(|number| format!("\\ban b{number}\n\\topic t{number}\n"))
                .collect();
            ann.send(lines);
        }
    });
    server.expect_exit();
    let text = ben.expect_eof().replace("\r\n", "\n");
    let seen = |start: &str, end: &str| {
        let rows = text
            .lines()
            .filter_map(|row| row.split_once(start)?.1.strip_suffix(end));
        rows.filter_map(|number| number.parse().ok())
            .collect::<Vec<usize>>()
    };
    Decided {
        bans: seen("* b", " was banned by ann"),
        topic: seen("* ann set the topic: t", "")
            .last()
            .copied()
            .unwrap_or(0),
        registered: newcomers
            .into_iter()
            .filter_map(|(name, mut client)| {
                let text = client.expect_eof();
                text.contains(&format!("{name} is registered."))
                    .then_some(name)
            })
            .collect(),
    }
}

/// What the file has of it.
fn kept(file: &Path, round: u64) -> Decided {
    let (data, room) = (file.to_string_lossy(), format!("round{round}"));
    let told = |args: &[&str]| {
        let output = run(args);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {error}");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let export = [
        "export", "--data", &data, "--format", "jsonl", "--room", &room,
    ];
    let exported: serde_json::Value = serde_json::from_str(&told(&export)).expect("a room");
    let number = |text: &serde_json::Value| text.as_str()?.get(1..)?.parse().ok();
    let bans = exported["moderation"]["bans"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    Decided {
        bans: bans.iter().filter_map(|ban| number(&ban["name"])).collect(),
        topic: number(&exported["topic"]).unwrap_or(0),
        registered: told(&["accounts", "--data", &data])
            .lines()
            .filter_map(|row| row.split_whitespace().last().map(str::to_owned))
            .collect(),
    }
}

/// What was said in one round, and what was seen of it.
struct Talk {
    /// Ann has sent the numbers up to this one.
    said: usize,
    /// The numbers that Ben has seen.
    seen: Vec<usize>,
}

/// Ann says numbered lines, faster than the server can take them, until it is killed at a random moment.
fn talk_until_killed(file: &Path, room: &str) -> Talk {
    let data = file.to_string_lossy();
    let mut server = Server::start(&["--data", &data, "--rate", "0", "--log", "error"]);
    let [mut ann, mut ben] = room_with(&server, room, ["ann", "ben"]);
    let moment = Duration::from_millis(RandomState::new().build_hasher().finish() % LATEST_MS);
    let mut said = 0;
    thread::scope(|scope| {
        let killer = scope.spawn(|| {
            thread::sleep(moment);
            server.signal("KILL");
        });
        while !killer.is_finished() {
            let numbers = said..said + LINES_AT_ONCE;
            said = numbers.end;
            let lines: String = numbers.map(|number| format!("n{number}\n")).collect();
            ann.send(lines);
        }
    });
    server.expect_exit();
    let text = ben.expect_eof().replace("\r\n", "\n");
    // A last line without its end was not seen.
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let numbers = whole
        .lines()
        .filter_map(|line| line.split_once("] ann: n")?.1.parse().ok());
    Talk {
        said,
        seen: numbers.collect(),
    }
}

/// The numbers of the lines in the file.
fn stored(file: &Path, room: &str) -> Vec<usize> {
    let data = file.to_string_lossy();
    let output = run(&["export", "--data", &data, "--room", room]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text.lines()
        .map(|line| {
            let (_, number) = line.split_once(" ann: n").expect("only Ann spoke");
            number.parse().expect("she said a number")
        })
        .collect()
}
