//! *Pure.* What an attack did, and the table of it.

use std::fmt::Write as _;
use std::time::Duration;

/// Latencies of one kind.
#[derive(Clone, Debug, Default)]
pub struct Latencies {
    /// From the shortest to the longest.
    sorted: Vec<Duration>,
}

impl Latencies {
    /// Of these samples.
    pub fn of(mut samples: Vec<Duration>) -> Latencies {
        samples.sort();
        Latencies { sorted: samples }
    }

    /// The latency that such a share of all does not exceed; none if there is none.
    pub fn at(&self, share: f64) -> Option<Duration> {
        let last = self.sorted.len().checked_sub(1)?;
        let place = (share * self.sorted.len() as f64).ceil() as usize;
        Some(self.sorted[place.saturating_sub(1).min(last)])
    }

    /// The longest; none if there is none.
    pub fn max(&self) -> Option<Duration> {
        self.sorted.last().copied()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.sorted.len()
    }
}

/// What a bystander saw.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// From typing a line until it and its neighbour have it.
    pub echo: Latencies,
    /// From connecting until the menu is there.
    pub connect: Latencies,
    /// From asking until the answer is there, where it searches.
    pub search: Latencies,
}

/// A number that matters.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The number.
    pub count: f64,
    /// What it counts, to be read after it.
    pub what: String,
}

/// What came of one attack.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// What was played.
    pub label: String,
    /// Attacking connections.
    pub connections: usize,
    /// What a bystander saw while it went on; none if nobody measured.
    pub during: Option<Seen>,
    /// What it saw when the attackers had gone.
    pub after: Option<Seen>,
    /// Resident memory of the server in KiB before, at the most, and afterwards, if its process is known.
    pub memory_kib: Option<[f64; 3]>,
    /// Processors that the server kept busy meanwhile, if its process is known.
    pub processors: Option<f64>,
    /// Bytes that the attackers sent.
    pub sent: u64,
    /// Bytes that they received.
    pub received: u64,
    /// What else there is to say.
    pub findings: Vec<Finding>,
}

impl Outcome {
    /// Nothing yet of what is called `label`.
    pub fn new(label: impl Into<String>) -> Outcome {
        Outcome {
            label: label.into(),
            ..Outcome::default()
        }
    }

    /// Notes a number.
    pub fn find(&mut self, count: f64, what: impl Into<String>) {
        let what = what.into();
        self.findings.push(Finding { count, what });
    }

    /// The number that was noted of what contains `what`.
    pub fn found(&self, what: &str) -> Option<f64> {
        let mut findings = self.findings.iter();
        findings
            .find(|finding| finding.what.contains(what))
            .map(|finding| finding.count)
    }
}

/// The heads of the columns, and how wide each is.
const COLUMNS: [(&str, usize); 14] = [
    ("attack", 24),
    ("conns", 6),
    ("echo p50", 9),
    ("p99", 8),
    ("max ms", 8),
    ("conn p99", 9),
    ("max ms", 8),
    ("after p99", 10),
    ("max ms", 8),
    ("RSS MiB", 8),
    ("peak", 7),
    ("after", 7),
    ("CPUs", 5),
    ("sent/recv MiB", 16),
];

/// The first row of the table.
pub fn header() -> String {
    row(COLUMNS.map(|(head, _)| head.to_owned()), "")
}

/// The row of one attack, and a row for each further number.
pub fn rows(outcome: &Outcome) -> String {
    let latency = |latency: Option<Duration>| {
        latency.map_or("-".to_owned(), |latency| {
            format!("{:.1}", latency.as_secs_f64() * 1000.0)
        })
    };
    let during = outcome.during.clone().unwrap_or_default();
    let after = outcome.after.clone().unwrap_or_default();
    let memory = outcome.memory_kib.map(|all| all.map(mebibytes));
    let mib = |index: usize| memory.map_or("-".to_owned(), |all| format!("{:.0}", all[index]));
    let processors = outcome
        .processors
        .map_or("-".to_owned(), |count| format!("{count:.1}"));
    let cells = [
        outcome.label.clone(),
        outcome.connections.to_string(),
        latency(during.echo.at(0.5)),
        latency(during.echo.at(0.99)),
        latency(during.echo.max()),
        latency(during.connect.at(0.99)),
        latency(during.connect.max()),
        latency(after.echo.at(0.99)),
        latency(after.echo.max()),
        mib(0),
        mib(1),
        mib(2),
        processors,
        format!(
            "{:.1}/{:.1}",
            mebibytes(outcome.sent as f64 / 1024.0),
            mebibytes(outcome.received as f64 / 1024.0)
        ),
    ];
    let findings: Vec<String> = outcome
        .findings
        .iter()
        .map(|finding| format!("{} {}", finding.count, finding.what))
        .collect();
    let mut findings = findings.iter();
    let mut text = row(cells, findings.next().map_or("", String::as_str));
    for finding in findings {
        let _ = writeln!(text, "{:indent$}{finding}", "", indent = width());
    }
    text
}

fn mebibytes(kib: f64) -> f64 {
    kib / 1024.0
}

fn width() -> usize {
    COLUMNS.iter().map(|(_, width)| width).sum::<usize>() + 2
}

fn row(cells: [String; COLUMNS.len()], rest: &str) -> String {
    let mut text = String::new();
    for (place, (cell, (_, width))) in cells.iter().zip(COLUMNS).enumerate() {
        let _ = match place {
            0 => write!(text, "{cell:<width$}"),
            _ => write!(text, "{cell:>width$}"),
        };
    }
    text.push_str("  ");
    text.push_str(rest);
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_few_samples_are_samples() {
        let ms = Duration::from_millis;
        let latencies = Latencies::of((1..=100).rev().map(ms).collect());
        assert_eq!(latencies.at(0.5), Some(ms(50)));
        assert_eq!(latencies.at(0.99), Some(ms(99)));
        assert_eq!(latencies.max(), Some(ms(100)));
        assert_eq!(Latencies::of(vec![ms(7)]).at(0.5), Some(ms(7)));
        assert_eq!(Latencies::default().at(0.99), None);
    }

    #[test]
    fn every_number_stands_under_its_head() {
        let mut outcome = Outcome::new("pages");
        outcome.find(1200.0, "lines gone");
        outcome.find(20.0, "rooms gone");
        let (head, rows) = (header(), rows(&outcome));
        let end = head.find("sent/recv MiB").expect("the last head") + "sent/recv MiB".len();
        let first = rows.lines().next().expect("a row");
        assert_eq!(&first[end..], "  1200 lines gone");
        assert!(rows.ends_with("\n"), "{rows}");
        assert_eq!(outcome.found("rooms"), Some(20.0));
    }
}
