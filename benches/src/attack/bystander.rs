//! Somebody who has nothing to do with the attack: how long it waits for its own lines and for new connections.
//!
//! Everything is due at a fixed time and its latency counts from there, so that a server that stalls cannot
//! hide it by stalling whoever measures.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::person::{PATIENCE, Person};
use super::report::{Latencies, Seen};
use super::stage::COSTLY_WORD;
use crate::server::Process;

/// How often it types a line. As often as one may for long.
const LINE_EVERY: Duration = Duration::from_millis(100);

/// How often it connects anew.
const CONNECT_EVERY: Duration = Duration::from_millis(500);

/// How often the server's memory is looked at.
const MEMORY_EVERY: Duration = Duration::from_millis(100);

/// How often it searches, where that is measured.
const SEARCH_EVERY: Duration = Duration::from_secs(1);

/// When something was due, and how long after that it was done.
type Samples = Vec<(Instant, Duration)>;

/// Failures in a row after which it gives up; each has lasted as long as anybody waits, or its connection broke.
const FAILURES_MAX: u32 = 2;

/// Measures until it is told to stop.
#[derive(Debug)]
pub(crate) struct Bystander {
    stop: Arc<AtomicBool>,
    echo: JoinHandle<Samples>,
    connect: JoinHandle<Samples>,
    search: Option<JoinHandle<Samples>>,
    memory: Option<JoinHandle<Vec<(Instant, f64)>>>,
}

/// What it measured.
#[derive(Debug)]
pub(crate) struct Measured {
    echo: Samples,
    connect: Samples,
    search: Samples,
    memory: Vec<(Instant, f64)>,
}

impl Bystander {
    /// Takes its place in a room of its own, with a neighbour, and begins; with `archive` it searches that room
    /// as well.
    pub(crate) fn start(
        address: SocketAddr,
        source: Option<Ipv4Addr>,
        process: Option<Process>,
        archive: Option<&str>,
    ) -> Result<Bystander, String> {
        let id = unique();
        let room = format!("quiet{id}");
        let talker = Person::enter(address, source, &format!("by{id}"), &room)?;
        let neighbour = Person::enter(address, source, &format!("nb{id}"), &room)?;
        let searcher = archive
            .map(|archive| Person::enter(address, source, &format!("sr{id}"), archive))
            .transpose()?;
        let stop = Arc::new(AtomicBool::new(false));
        let echo = at_times(&stop, LINE_EVERY, echoes(talker, neighbour));
        let connect = at_times(&stop, CONNECT_EVERY, move |_| {
            Person::connect(address, source).and_then(|mut person| person.expect("> "))
        });
        let search = searcher.map(|mut searcher| {
            at_times(&stop, SEARCH_EVERY, move |number| {
                searcher.line(&format!("\\search {COSTLY_WORD} n{number}"))?;
                searcher.expect(&format!("has said {COSTLY_WORD} n{number}"))
            })
        });
        let memory = process.map(|process| watch(&stop, process));
        Ok(Bystander {
            stop,
            echo,
            connect,
            search,
            memory,
        })
    }

    /// Ends measuring.
    pub(crate) fn finish(self) -> Measured {
        self.stop.store(true, Ordering::Relaxed);
        Measured {
            echo: self.echo.join().unwrap_or_default(),
            connect: self.connect.join().unwrap_or_default(),
            search: self
                .search
                .and_then(|search| search.join().ok())
                .unwrap_or_default(),
            memory: self
                .memory
                .and_then(|memory| memory.join().ok())
                .unwrap_or_default(),
        }
    }
}

impl Measured {
    /// Latencies of what was due from `from` to `to`.
    pub(crate) fn between(&self, from: Instant, to: Instant) -> Seen {
        let latencies = |samples: &Samples| {
            let inside = samples.iter().filter(|(due, _)| (from..to).contains(due));
            Latencies::of(inside.map(|(_, latency)| *latency).collect())
        };
        Seen {
            echo: latencies(&self.echo),
            connect: latencies(&self.connect),
            search: latencies(&self.search),
        }
    }

    /// The most memory in KiB that the server had from `from` to `to`.
    pub(crate) fn memory_peak_kib(&self, from: Instant, to: Instant) -> Option<f64> {
        let inside = self
            .memory
            .iter()
            .filter(|(at, _)| (from..=to).contains(at));
        inside.map(|(_, kib)| *kib).reduce(f64::max)
    }
}

/// Something that no two runs against one server share.
pub(crate) fn unique() -> String {
    use std::sync::atomic::AtomicU32;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{}x{number}", std::process::id())
}

/// A line of the talker, until both have it.
fn echoes(
    mut talker: Person,
    mut neighbour: Person,
) -> impl FnMut(u32) -> Result<(), String> + Send + 'static {
    move |number| {
        let line = format!("tick {number:08}");
        talker.line(&line)?;
        talker.expect(&format!(": {line}"))?;
        neighbour.expect(&format!(": {line}"))
    }
}

/// Does `act` at each multiple of `every` until it is told to stop. What was due while it waited is not done, so
/// that it does not attack as well, and has waited until then.
fn at_times(
    stop: &Arc<AtomicBool>,
    every: Duration,
    mut act: impl FnMut(u32) -> Result<(), String> + Send + 'static,
) -> JoinHandle<Samples> {
    let stop = Arc::clone(stop);
    thread::spawn(move || {
        let begun = Instant::now();
        let due = |number: u32| begun + every * number;
        let mut samples = Vec::new();
        let (mut number, mut failures) = (0, 0);
        while failures < FAILURES_MAX {
            thread::sleep(due(number).saturating_duration_since(Instant::now()));
            if stop.load(Ordering::Relaxed) {
                break;
            }
            match act(number) {
                Ok(()) => failures = 0,
                Err(error) => {
                    eprintln!("attack: the bystander: {error}");
                    failures += 1;
                }
            }
            let done = Instant::now();
            while due(number) < done {
                let waited = done - due(number);
                // What failed at once would have had to wait as well.
                let least = if failures > 0 {
                    PATIENCE
                } else {
                    Duration::ZERO
                };
                samples.push((due(number), waited.max(least)));
                number += 1;
            }
        }
        samples
    })
}

fn watch(stop: &Arc<AtomicBool>, process: Process) -> JoinHandle<Vec<(Instant, f64)>> {
    let stop = Arc::clone(stop);
    thread::spawn(move || {
        let mut seen = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            seen.push((Instant::now(), process.rough_resident_kib()));
            thread::sleep(MEMORY_EVERY);
        }
        seen
    })
}
