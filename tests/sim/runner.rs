//! Many seeds on all processors, and one seed with its trace.

use std::cell::RefCell;
use std::io::{self, Write};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use parlor::server;
use tracing::level_filters::LevelFilter;

use crate::run::Outcome;

/// What is run for a seed, with its trace or without.
type Run = fn(u64, bool) -> Outcome;

/// Seeds that are run unless `PARLOR_SIM_SEEDS` says how many.
const SEEDS: u64 = 300;

thread_local! {
    /// The last panic on this thread: one in a task would go unseen.
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// A pipe that nobody reads.
struct Stuck;

impl Write for Stuck {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        loop {
            thread::park();
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs the seeds that the environment asks for, for the test of this name.
pub(crate) fn run_seeds(test: &str, run: Run) {
    note_panics();
    // Nobody ever reads the log, and nobody waits for that.
    static LOG: Once = Once::new();
    LOG.call_once(|| {
        if std::env::var_os("PARLOR_SIM_LOG").is_some() {
            let sink = io::stderr();
            server::log::start_to(sink, LevelFilter::DEBUG, server::log::Style::default())
                .expect("a thread");
            return;
        }
        server::log::start_to(Stuck, LevelFilter::INFO, server::log::Style::default())
            .expect("a thread");
    });
    if let Some(seed) = number("PARLOR_SIM_SEED") {
        let outcome = run_one(run, seed, true);
        eprintln!("{}", outcome.trace);
        match outcome.fault {
            None => eprintln!("seed {seed} keeps every promise"),
            Some(fault) => panic!("seed {seed}: {fault}"),
        }
        return;
    }
    let first = number("PARLOR_SIM_FIRST").unwrap_or(0);
    let count = number("PARLOR_SIM_SEEDS").unwrap_or(SEEDS);
    let bad = AtomicU64::new(u64::MAX);
    run_all(test, run, first, first + count, &bad);
    let bad = bad.into_inner();
    if bad < u64::MAX {
        let outcome = run_one(run, bad, true);
        eprintln!("{}", outcome.trace);
        panic!(
            "seed {bad}: {}\nto see it again: PARLOR_SIM_SEED={bad} cargo test --test sim {test}",
            outcome
                .fault
                .unwrap_or("it did not happen again".to_owned()),
        );
    }
}

/// Runs the seeds until one is bad, and leaves it in `bad`.
fn run_all(test: &str, run: Run, first: u64, end: u64, bad: &AtomicU64) {
    let start = Instant::now();
    let (next, done) = (AtomicU64::new(first), AtomicU64::new(0));
    let (shown, stored) = (AtomicU64::new(0), AtomicU64::new(0));
    let work = || {
        while bad.load(Ordering::Relaxed) == u64::MAX {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= end {
                break;
            }
            let outcome = run_one(run, seed, false);
            shown.fetch_add(outcome.shown as u64, Ordering::Relaxed);
            stored.fetch_add(outcome.stored as u64, Ordering::Relaxed);
            if outcome.fault.is_some() {
                bad.fetch_min(seed, Ordering::Relaxed);
            }
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            if done % 10_000 == 0 {
                let rate = done as f64 / start.elapsed().as_secs_f64();
                eprintln!("{done} of {} seeds, {rate:.0} a second", end - first);
            }
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let (done, seconds) = (done.into_inner(), start.elapsed().as_secs_f64());
    eprintln!(
        "{test}: {done} seeds in {seconds:.1} s, {:.0} a second; {} bytes shown and {} lines stored in each",
        done as f64 / seconds,
        shown.into_inner() / done.max(1),
        stored.into_inner() / done.max(1),
    );
}

fn run_one(run: Run, seed: u64, is_traced: bool) -> Outcome {
    PANIC.take();
    let result = panic::catch_unwind(AssertUnwindSafe(|| run(seed, is_traced)));
    let panicked = PANIC.take().map(|panic| format!("a panic: {panic}"));
    match result {
        Ok(outcome) => Outcome {
            fault: panicked.or(outcome.fault),
            ..outcome
        },
        Err(_) => Outcome {
            hash: 0,
            fault: panicked,
            trace: String::new(),
            shown: 0,
            stored: 0,
        },
    }
}

fn note_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let why = info.to_string();
            if why.ends_with("on purpose") {
                return;
            }
            PANIC.set(Some(why));
            before(info);
        }));
    });
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    match text.parse() {
        Ok(number) => Some(number),
        Err(error) => panic!("{name}={text}: {error}"),
    }
}
