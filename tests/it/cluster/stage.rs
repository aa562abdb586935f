//! Nodes on one database, people who keep record of all they see, and what has to agree in the end.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::{Client, Server, run};

/// The lease of the nodes of these tests.
pub(super) const LEASE: Duration = Duration::from_secs(2);

/// How long somebody who says something may wait to learn what has become of it: what is in doubt waits for the database.
const PATIENCE: Duration = Duration::from_secs(90);

/// The room of all.
pub(super) const ROOM: &str = "1150";

/// What is said of a line that is stored nowhere.
const NOT_SENT: &str = "Not sent: the server cannot store messages right now.";

/// Starts a node.
pub(super) fn node(url: &str, name: &str, more: &[&str]) -> Server {
    let lease = LEASE.as_secs().to_string();
    let own = ["--data", url, "--node-name", name, "--node-lease", &lease];
    // Whoever has been cut off gets all that was missed at once, and nothing of it is to be skipped.
    Server::start(&[&own[..], &["--rate", "0", "--outbox", "0"], more].concat())
}

/// Starts three nodes.
pub(super) fn three(url: &str) -> [Server; 3] {
    ["a", "b", "c"].map(|name| node(url, name, &[]))
}

/// How often a test does what it does: so often, unless the environment says otherwise.
pub(super) fn rounds(variable: &str, unless_told: u64) -> u64 {
    std::env::var(variable).map_or(unless_told, |text| {
        let number = text.parse();
        number.unwrap_or_else(|_| panic!("{variable} is a number"))
    })
}

/// A row of a transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Row {
    /// Somebody said something.
    Said(String, String),
    /// Something of one's own was not sent.
    NotSent(String),
    /// Something has happened in the room: `Dai joined`.
    Notice(String),
    /// Anything else.
    Other(String),
}

impl Row {
    fn parse(row: &str) -> Row {
        if let Some(why) = row.strip_prefix("Not sent: ") {
            return Row::NotSent(why.to_owned());
        }
        if let Some(what) = row.strip_prefix("* ") {
            return Row::Notice(what.to_owned());
        }
        let said = row.split_once("] ").filter(|(time, _)| {
            time.strip_prefix('[')
                .is_some_and(|time| time.len() == "HH:MM:SS".len())
        });
        match said.and_then(|(_, rest)| rest.split_once(": ")) {
            Some((who, text)) => Row::Said(who.to_owned(), text.to_owned()),
            None => Row::Other(row.to_owned()),
        }
    }
}

/// Somebody in [`ROOM`] with a raw client that has each message on one row, and a record of all rows.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) client: Client,
    rows: Vec<Row>,
    /// All before this place is in the record.
    scanned: usize,
    /// Lines that were sent.
    pub(super) said: usize,
}

impl Person {
    /// Comes, and joins the room, which may or may not be there.
    pub(super) fn join(server: &Server, name: &str) -> Person {
        Person::join_at(server, server.address(), name)
    }

    /// The same at another address: that of a proxy, say. A failure of the server's test shows what was seen.
    pub(super) fn join_at(server: &Server, address: SocketAddr, name: &str) -> Person {
        let mut client = server.client_at(name, address);
        client.expect("anon> ");
        client.login();
        client.unwrapped();
        client.create(ROOM);
        client.join(ROOM);
        Person {
            client,
            rows: Vec::new(),
            scanned: 0,
            said: 0,
        }
    }

    pub(super) fn name(&self) -> &str {
        self.client.name()
    }

    /// The record so far.
    pub(super) fn rows(&mut self) -> &[Row] {
        let received = self.client.received();
        self.take(&received);
        &self.rows
    }

    fn take(&mut self, received: &[u8]) {
        scan(
            self.client.name(),
            &mut self.scanned,
            &mut self.rows,
            received,
        );
    }

    /// Waits until what the record has from row `from` on is enough, and gives what was found.
    pub(super) fn wait_for<T>(
        &mut self,
        what: &str,
        mut look: impl FnMut(&[Row]) -> Option<T>,
    ) -> T {
        let name = self.client.name().to_owned();
        let (rows, scanned) = (&mut self.rows, &mut self.scanned);
        let found = self.client.wait_within(PATIENCE, |received| {
            scan(&name, scanned, rows, received);
            look(rows)
        });
        found.unwrap_or_else(|| panic!("{name} never saw {what} within {PATIENCE:?}"))
    }

    /// Waits until somebody has said this.
    pub(super) fn hears(&mut self, who: &str, text: &str) {
        let row = Row::Said(who.to_owned(), text.to_owned());
        self.wait_for(&format!("{row:?}"), |rows| {
            rows.contains(&row).then_some(())
        });
    }

    /// Waits until this has happened in the room.
    pub(super) fn sees(&mut self, notice: &str) {
        let row = Row::Notice(notice.to_owned());
        self.wait_for(&format!("{row:?}"), |rows| {
            rows.contains(&row).then_some(())
        });
    }

    /// Says this until it is not refused any more.
    pub(super) fn says_at_last(&mut self, text: &str) {
        let name = self.name().to_owned();
        loop {
            let refused = self.refused();
            self.client.line(text);
            let row = Row::Said(name.clone(), text.to_owned());
            let is_shown = self.wait_for("what has become of it", |rows| {
                let not_sent = rows.iter().filter(|row| matches!(row, Row::NotSent(_)));
                match rows.contains(&row) {
                    true => Some(true),
                    false => (not_sent.count() > refused).then_some(false),
                }
            });
            if is_shown {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Sends so many numbered lines at once, and waits until it is known what has become of each.
    pub(super) fn speak(&mut self, count: usize) {
        self.send(count);
        self.settle();
    }

    /// Sends so many numbered lines at once.
    pub(super) fn send(&mut self, count: usize) {
        let numbers = self.said..self.said + count;
        self.said = numbers.end;
        let lines: String = numbers.map(|number| format!("n{number}\n")).collect();
        self.client.send(lines);
    }

    /// Waits until it is known what has become of each line.
    pub(super) fn settle(&mut self) {
        let (name, said) = (self.name().to_owned(), self.said);
        self.wait_for("what has become of all lines", |rows| {
            (fates(rows, &name) >= said).then_some(())
        });
    }

    /// The texts of all that was said here, with who has said it, in the order shown.
    pub(super) fn heard(&mut self) -> Vec<(String, String)> {
        let said = self.rows().iter().filter_map(|row| match row {
            Row::Said(who, text) => Some((who.clone(), text.clone())),
            _ => None,
        });
        said.collect()
    }

    /// What was shown of one's own lines.
    pub(super) fn shown(&mut self) -> Vec<String> {
        let name = self.name().to_owned();
        let heard = self.heard().into_iter();
        let own = heard.filter_map(|(who, text)| (who == name).then_some(text));
        own.collect()
    }

    /// How often it was said that something was not sent.
    pub(super) fn refused(&mut self) -> usize {
        let rows = self.rows().iter();
        rows.filter(|row| matches!(row, Row::NotSent(_))).count()
    }

    /// How often this has happened in the room.
    pub(super) fn notices(&mut self, notice: &str) -> usize {
        let row = Row::Notice(notice.to_owned());
        self.rows().iter().filter(|other| **other == row).count()
    }
}

/// Puts what has come whole behind `scanned` into `rows`.
fn scan(name: &str, scanned: &mut usize, rows: &mut Vec<Row>, received: &[u8]) {
    let new = &received[*scanned..];
    let Some(end) = new.iter().rposition(|byte| *byte == b'\n') else {
        return;
    };
    let prompt = format!("{name}> ");
    for row in String::from_utf8_lossy(&new[..end]).split('\n') {
        let mut row = row.trim_end_matches('\r');
        while let Some(rest) = row.strip_prefix(&prompt) {
            row = rest;
        }
        assert!(
            !row.ends_with(" messages skipped") && row != "* 1 message skipped",
            "{name} was too slow for this test"
        );
        if !row.is_empty() {
            rows.push(Row::parse(row));
        }
    }
    *scanned += end + 1;
}

/// Of how many lines of `name` it is known what has become of them.
fn fates(rows: &[Row], name: &str) -> usize {
    let known = rows.iter().filter(|row| match row {
        Row::Said(who, _) => who == name,
        Row::NotSent(_) => true,
        _ => false,
    });
    known.count()
}

/// Has all of these talk, so many lines at once each, while something is done. Gives what that gave, and how many lines were
/// said in a second.
pub(super) fn while_talking<T>(
    speakers: &mut [Person],
    at_once: usize,
    act: impl FnOnce() -> T,
) -> (T, f64) {
    let is_over = AtomicBool::new(false);
    let before: usize = speakers.iter().map(|speaker| speaker.said).sum();
    let begun = Instant::now();
    let result = thread::scope(|scope| {
        for speaker in &mut *speakers {
            let is_over = &is_over;
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    let refused = speaker.refused();
                    speaker.speak(at_once);
                    if speaker.refused() > refused {
                        // As a person does who is told so.
                        thread::sleep(Duration::from_millis(50));
                    }
                }
            });
        }
        // They stop, whatever comes of it.
        let _stop = Stop(&is_over);
        act()
    });
    let said = speakers.iter().map(|speaker| speaker.said).sum::<usize>() - before;
    (result, said as f64 / begun.elapsed().as_secs_f64())
}

struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What is stored of [`ROOM`]: who has said what.
pub(super) fn stored(url: &str) -> Vec<(String, String)> {
    let output = run(&["export", "--data", url, "--room", ROOM]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let lines = text.lines().map(|line| {
        let (_, said) = line.split_once(&format!(" {ROOM} ")).expect(line);
        let (who, text) = said.split_once(": ").expect(line);
        (who.to_owned(), text.to_owned())
    });
    lines.collect()
}

/// What was acknowledged, what is stored and what was seen on every node is the same. The watchers were there before the first
/// line. Gives how many lines were stored, and how many refused.
pub(super) fn expect_agreement(
    url: &str,
    watchers: &mut [Person],
    speakers: &mut [Person],
) -> (usize, usize) {
    for speaker in &mut *speakers {
        speaker.settle();
    }
    // Whatever was said before comes before it.
    watchers[0].says_at_last("that was all");
    let last = watchers[0].name().to_owned();
    for watcher in &mut *watchers {
        watcher.hears(&last, "that was all");
    }
    let stored = stored(url);
    for watcher in &mut *watchers {
        let (heard, name) = (watcher.heard(), watcher.name());
        expect_same(
            &format!("what {name} saw and what is stored"),
            &heard,
            &stored,
        );
    }
    let mut refused = 0;
    for speaker in speakers {
        let (name, said) = (speaker.name().to_owned(), speaker.said);
        let own = stored.iter().filter(|(who, _)| *who == name);
        let own: Vec<String> = own.map(|(_, text)| text.clone()).collect();
        let shown = speaker.shown();
        expect_same(
            &format!("what {name} was shown and what is stored"),
            &shown,
            &own,
        );
        // Each was shown or refused, and none both.
        assert_eq!(shown.len() + speaker.refused(), said, "{name}");
        let numbers = shown.iter().map(|text| text[1..].parse::<usize>());
        let numbers: Vec<usize> = numbers.map(|number| number.expect("a number")).collect();
        assert!(
            numbers.windows(2).all(|pair| pair[0] < pair[1]),
            "{name}: a line twice, or in another order: {numbers:?}"
        );
        refused += speaker.refused();
        assert!(
            speaker
                .rows()
                .iter()
                .all(|row| !matches!(row, Row::NotSent(why) if !NOT_SENT.ends_with(why))),
            "{name} was refused something for another reason"
        );
    }
    (stored.len() - 1, refused)
}

/// Two lists are the same; where they part is told.
pub(super) fn expect_same<T: PartialEq + std::fmt::Debug>(what: &str, one: &[T], other: &[T]) {
    let same = one
        .iter()
        .zip(other)
        .take_while(|(one, other)| one == other);
    let at = same.count();
    let near = |list: &[T]| {
        format!(
            "{:?}",
            &list[at.saturating_sub(3).min(list.len())..(at + 5).min(list.len())]
        )
    };
    assert!(
        one.len() == other.len() && at == one.len(),
        "{what} part at {at} of {} and {}: {} and {}",
        one.len(),
        other.len(),
        near(one),
        near(other)
    );
}

/// Waits for a moment that nobody can foresee, so that it is another place in the program each time.
pub(super) fn at_any_moment_within(latest: Duration) {
    use std::hash::{BuildHasher, Hasher};
    let random = std::collections::hash_map::RandomState::new();
    let latest = u64::try_from(latest.as_micros()).expect("it is short");
    let number = random.build_hasher().finish() % latest;
    thread::sleep(Duration::from_micros(number));
}
