//! The server is killed at a random moment, again and again: a line that a member has seen is in the file.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::path::Path;
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use crate::harness::{Server, room_with, run};

/// Rounds unless `PARLOR_CRASH_ROUNDS` says otherwise.
const ROUNDS: u64 = 100;

/// The latest moment to kill the server, after the talk began.
const LATEST_MS: u64 = 60;

/// Lines that are sent in one write.
const LINES_AT_ONCE: usize = 100;

#[test]
fn what_a_member_has_seen_survives_kill_9() {
    let rounds = std::env::var("PARLOR_CRASH_ROUNDS").map_or(ROUNDS, |rounds| {
        rounds.parse().expect("PARLOR_CRASH_ROUNDS is a number")
    });
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
        assert!(
            stored.starts_with(&seen),
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
