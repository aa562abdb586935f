//! A member that never reads: nobody waits for it, memory stays bounded, and it learns what it missed.

use crate::harness::{Server, eventually, plain_lines, room_with};

/// Bytes of each line: long, so that few lines fill every buffer on the way.
const LINE: usize = 4_000;
/// Lines that are certainly more than the kernel and the outbox of one member hold.
const LINES: usize = 3_000;

#[test]
fn a_member_that_does_not_read_is_skipped_and_told_how_much() {
    let server = Server::start(&["--rate", "0"]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    let mut slow = server.stuck_client("slow");
    slow.send("4\nslow\n2\n1150\n");
    ann.expect("* slow joined\n");
    ben.expect("* slow joined\n");
    let before = server.memory_kib();
    let filler = "x".repeat(LINE);
    for n in 0..LINES {
        ann.line(format!("n{n} {filler}"));
        // The others go on, line by line.
        ben.expect(&format!("ann: n{n} "));
    }
    let grown = server.memory_kib().saturating_sub(before);
    assert!(
        grown < 32 * 1024,
        "the server grew by {grown} KiB for 12 MB that nobody keeps"
    );

    slow.start_reading();
    // What is said while it still has a backlog to read may be skipped as well.
    let mut sent = LINES;
    eventually("catching up", || {
        ann.line(format!("after {sent}"));
        ann.expect(&format!("ann: after {sent}\n"));
        sent += 1;
        slow.text().contains("] ann: after")
    });
    ann.line("the end");
    slow.expect("[HH:MM:SS] ann: the end\nslow> ");
    let lines = plain_lines(&slow.text(), "slow");
    let shown = lines.iter().filter(|line| line.contains("] ann: ")).count();
    let skipped: usize = lines.iter().filter_map(|line| skipped(line)).sum();
    assert!(skipped > 0, "it was told of no skipped message");
    assert_eq!(
        shown + skipped,
        sent + 1,
        "{shown} shown, {skipped} said to be skipped"
    );
    // And it is a member like the others again.
    slow.line("back");
    ben.expect("[HH:MM:SS] slow: back\n");
}

#[test]
fn a_member_that_reads_again_and_again_late_sees_every_line_at_most_once_and_in_order() {
    let server = Server::start(&["--rate", "0"]);
    let [mut ann] = room_with(&server, "1150", ["ann"]);
    let mut slow = server.stuck_client("slow");
    slow.send("4\nslow\n2\n1150\n");
    ann.expect("* slow joined\n");
    let filler = "y".repeat(LINE);
    for n in 0..LINES / 2 {
        ann.line(format!("n{n} {filler}"));
        ann.expect(&format!("ann: n{n} "));
    }
    slow.start_reading();
    for n in LINES / 2..LINES {
        ann.line(format!("n{n} {filler}"));
        ann.expect(&format!("ann: n{n} "));
    }
    slow.expect(&format!("ann: n{} ", LINES - 1));
    let numbers: Vec<usize> = plain_lines(&slow.text(), "slow")
        .iter()
        .filter_map(|line| {
            line.split_once("] ann: n")?
                .1
                .split_once(' ')?
                .0
                .parse()
                .ok()
        })
        .collect();
    assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
}

#[test]
fn a_long_page_is_drawn_as_it_is_taken_and_everything_else_comes_after_it() {
    const PAGE: usize = 300;
    let server = Server::start(&["--rate", "0", "--history", "1000"]);
    let [mut ann] = room_with(&server, "1150", ["ann"]);
    let filler = "z".repeat(LINE);
    for n in 0..PAGE {
        ann.line(format!("n{n} {filler}"));
        ann.expect(&format!("ann: n{n} "));
    }
    let before = server.memory_kib();
    let mut slow: Vec<_> = (0..20)
        .map(|n| {
            let mut slow = server.stuck_client(&format!("slow{n}"));
            slow.send(format!(
                "4\nslow{n}\n2\n1150\ntyped ahead\n\\history 1000\n\\quit\n"
            ));
            ann.expect(&format!("* slow{n} joined\n"));
            slow
        })
        .collect();
    ann.line("after all have come");
    ann.expect("ann: after all have come\n");
    let grown = server.memory_kib().saturating_sub(before);
    assert!(
        grown < 10 * 1024,
        "{grown} KiB for pages of 1.2 MB that 20 have yet to take"
    );

    let slow = &mut slow[7];
    slow.start_reading();
    let text = slow.expect_eof();
    let lines = plain_lines(&text, "slow7");
    let said: Vec<_> = lines
        .iter()
        .filter(|line| line.contains("] ann: n"))
        .collect();
    let (joined, paged) = said.split_at(PAGE);
    for (n, line) in joined.iter().enumerate() {
        assert!(
            line.contains(&format!("] ann: n{n} zzz")),
            "{n}: {line:.40}"
        );
    }
    // A page of the past has as many lines as its bytes allow, up to the newest.
    assert!((20..30).contains(&paged.len()), "{}", paged.len());
    let at = |what: &str| {
        let at = lines.iter().position(|line| line.contains(what));
        at.unwrap_or_else(|| panic!("no {what}: {lines:.100?}"))
    };
    let last = at(&format!("] ann: n{} zzz", PAGE - 1));
    assert!(last < at("] slow7: typed ahead"));
    assert!(last < at("] ann: after all have come"));
}

/// The number in `* 37 messages skipped`.
fn skipped(line: &str) -> Option<usize> {
    let (number, rest) = line.strip_prefix("* ")?.split_once(' ')?;
    rest.starts_with("message").then_some(())?;
    rest.ends_with("skipped").then(|| number.parse().ok())?
}
