//! The server is killed at a random moment, again and again: a line that a member has seen is in the file.

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
    path::Path,
    thread,
    time::Duration,
};

use tempfile::TempDir;

use crate::harness::{Server, room_with, run};

/// Rounds unless `PARLOR_CRASH_ROUNDS` says otherwise.
const ROUNDS: u64 = 100;

/// The latest moment to kill the server, after the talk began.
const LATEST_MS: u64 = 150;

#[test]
fn what_a_member_has_seen_survives_kill_9() {
    let rounds = std::env::var("PARLOR_CRASH_ROUNDS").map_or(ROUNDS, |rounds| {
        rounds.parse().expect("PARLOR_CRASH_ROUNDS is a number")
    });
    let folder = TempDir::new().expect("a directory");
    let file = folder.path().join("chat.db");
    let mut seen_in_all = 0;
    for round in 0..rounds {
        let room = format!("round{round}");
        let seen = talk_until_killed(&file, &room);
        let stored = stored(&file, &room);
        // In order and once: the numbers from 0 on, as far as they go.
        assert_eq!(
            stored,
            (0..stored.len()).collect::<Vec<_>>(),
            "round {round}"
        );
        // Who joined late saw none of the first, so what was seen is a part of it.
        let first = seen.first().copied().unwrap_or_default();
        let expected: Vec<usize> = (first..first + seen.len()).collect();
        assert_eq!(seen, expected, "round {round}");
        let last = seen.last().map_or(0, |last| last + 1);
        assert!(
            last <= stored.len(),
            "round {round}: saw {last}, stored {}",
            stored.len()
        );
        seen_in_all += seen.len();
    }
    assert!(seen_in_all > 0, "nobody saw anything");
}

/// Ann says numbered lines until the server is killed; returns the numbers that Ben has seen.
fn talk_until_killed(file: &Path, room: &str) -> Vec<usize> {
    let data = file.to_string_lossy();
    let mut server = Server::start(&["--data", &data, "--rate", "0", "--log", "error"]);
    let [mut ann, ben] = room_with(&server, room, ["ann", "ben"]);
    let moment = Duration::from_millis(RandomState::new().build_hasher().finish() % LATEST_MS);
    // Far more lines than fit into the time. The server dies while they are read.
    let lines: String = (0..2000).map(|number| format!("n{number}\n")).collect();
    ann.send(lines);
    thread::sleep(moment);
    server.signal("KILL");
    server.expect_exit();
    let text = ben.text();
    // A last line without its end was not seen.
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole
        .lines()
        .filter_map(|line| line.split_once("] ann: n")?.1.trim_end().parse().ok())
        .collect()
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
