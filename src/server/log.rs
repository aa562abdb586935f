//! Where the server's log goes: to standard error, by way of a thread of its own. Whoever logs never waits.
//!
//! Standard error may be a pipe that nobody reads. Then lines gather up to [`LOG_LINES_MAX`]; further ones are lost,
//! and how many were is told once somebody reads again.

use std::io::{self, IsTerminal, Write};
use std::panic;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Instant;

use tracing::error;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Registry, reload};

use crate::limits::{LOG_FLUSH_LOOK, LOG_FLUSH_MAX, LOG_LINES_MAX};

/// The log, until it is [finished](Log::finish).
#[derive(Debug)]
pub struct Log {
    lines: LineSender,
    /// Tells once the last line is written.
    written: Receiver<()>,
}

/// What is on its way to the thread that writes.
#[derive(Debug)]
enum Entry {
    Line(Vec<u8>),
    /// Nothing comes after it.
    End,
}

/// The way to the thread that writes.
#[derive(Clone, Debug)]
struct LineSender {
    entries: SyncSender<Entry>,
    /// Lines that there was no space for.
    lost: Arc<AtomicU64>,
}

/// Logs what is at least as urgent as `level` on standard error; in colours if that is a terminal and `NO_COLOR`
/// (<https://no-color.org>) is not set. Panics are logged too.
///
/// # Errors
///
/// If the system has no thread for it.
pub fn start(level: LevelFilter) -> io::Result<Log> {
    let is_plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let log = start_to(io::stderr(), level, io::stderr().is_terminal() && !is_plain)?;
    panic::set_hook(Box::new(|fault| {
        FAULTS.fetch_add(1, Ordering::Relaxed);
        let thread = thread::current();
        let thread = thread.name().unwrap_or("unnamed");
        error!(thread, "fault of the server: {fault}");
    }));
    Ok(log)
}

/// Logs what is at least as urgent as `level` to `sink`, which may block.
///
/// # Errors
///
/// If the system has no thread for it.
pub fn start_to(
    sink: impl Write + Send + 'static,
    level: LevelFilter,
    in_colour: bool,
) -> io::Result<Log> {
    let log = Log::to(sink)?;
    let (filter, handle) = reload::Layer::new(level);
    let lines = fmt::layer()
        .with_writer(log.lines.clone())
        .with_ansi(in_colour)
        .with_target(false)
        .log_internal_errors(false);
    tracing_subscriber::registry()
        .with(filter)
        .with(lines)
        .init();
    // There is one log in a process, or `init` has panicked.
    let _ = LEVEL.set(handle);
    Ok(log)
}

/// What is logged. There is one log in a process.
static LEVEL: OnceLock<reload::Handle<LevelFilter, Registry>> = OnceLock::new();

/// Logs what is at least as urgent as `level` from now on.
pub fn set_level(level: LevelFilter) {
    // Without a log there is nothing to do.
    if let Some(handle) = LEVEL.get() {
        let _ = handle.modify(|filter| *filter = level);
    }
}

/// What is logged.
pub fn level() -> LevelFilter {
    let level = LEVEL.get().and_then(reload::Handle::clone_current);
    level.unwrap_or(LevelFilter::OFF)
}

/// Panics since the log was started. There is one hook for them in a process, and so one count.
static FAULTS: AtomicU64 = AtomicU64::new(0);

/// How often something in this process has panicked since the log was started.
pub fn faults() -> u64 {
    FAULTS.load(Ordering::Relaxed)
}

impl Log {
    /// A log that is written to `sink`, which may block.
    fn to(sink: impl Write + Send + 'static) -> io::Result<Log> {
        let (entries, to_write) = mpsc::sync_channel(LOG_LINES_MAX);
        let (done, written) = mpsc::sync_channel(1);
        let lost = Arc::new(AtomicU64::new(0));
        let lines = LineSender {
            entries,
            lost: Arc::clone(&lost),
        };
        thread::Builder::new()
            .name("parlor-log".to_owned())
            .spawn(move || {
                write_all(&to_write, &lost, sink);
                let _ = done.send(());
            })?;
        Ok(Log { lines, written })
    }

    /// Waits until everything is written, if somebody takes it within [`LOG_FLUSH_MAX`].
    pub fn finish(self) {
        let until = Instant::now() + LOG_FLUSH_MAX;
        while let Err(TrySendError::Full(_)) = self.lines.entries.try_send(Entry::End) {
            if Instant::now() >= until {
                return;
            }
            thread::sleep(LOG_FLUSH_LOOK);
        }
        let left = until.saturating_duration_since(Instant::now());
        let _ = self.written.recv_timeout(left);
    }
}

/// Writes lines until the end. What cannot be written is nobody's fault here, and no reason to stop.
fn write_all(entries: &Receiver<Entry>, lost: &AtomicU64, mut sink: impl Write) {
    while let Ok(entry) = entries.recv() {
        let lost = lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let _ = writeln!(
                sink,
                "{lost} lines of the log were lost: nobody took them in time"
            );
        }
        match entry {
            Entry::Line(line) => drop(sink.write_all(&line)),
            Entry::End => return,
        }
    }
}

/// Each write is a line.
impl Write for LineSender {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match self.entries.try_send(Entry::Line(line.to_vec())) {
            Ok(()) | Err(TrySendError::Disconnected(_)) => {}
            Err(TrySendError::Full(_)) => {
                self.lost.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LineSender {
    type Writer = LineSender;

    fn make_writer(&'a self) -> LineSender {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use super::*;

    /// A sink that takes nothing until its lock is free.
    #[derive(Clone, Default)]
    struct Pipe(Arc<Mutex<Vec<u8>>>);

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            taken.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn all_lines_are_written_in_their_order() {
        let pipe = Pipe::default();
        let mut log = Log::to(pipe.clone()).expect("a thread");
        for line in ["one\n", "two\n", "three\n"] {
            assert!(log.lines.write_all(line.as_bytes()).is_ok());
        }
        log.finish();
        assert_eq!(*pipe.0.lock().expect("no panic"), b"one\ntwo\nthree\n");
    }

    #[test]
    fn whoever_logs_into_a_pipe_that_nobody_reads_does_not_wait_and_what_is_lost_is_told() {
        const LINES: usize = 3 * LOG_LINES_MAX;
        let pipe = Pipe::default();
        let log = Log::to(pipe.clone()).expect("a thread");
        let nobody_reads = pipe.0.lock().expect("no panic");
        for number in 0..LINES {
            let line = format!("{number}\n");
            assert!(log.lines.make_writer().write_all(line.as_bytes()).is_ok());
        }
        drop(nobody_reads);
        // It has space again once the first is taken.
        while log
            .lines
            .entries
            .try_send(Entry::Line(b"last\n".to_vec()))
            .is_err()
        {
            thread::yield_now();
        }
        log.finish();
        let taken = pipe.0.lock().expect("no panic").clone();
        let text = String::from_utf8(taken).expect("text");
        let lost = text
            .lines()
            .filter_map(|line| line.split_once(" lines of the log were lost"));
        let lost = lost.map(|(count, _)| count.parse::<usize>().expect("a number"));
        let lost: usize = lost.sum();
        let written = text.lines().filter(|line| line.parse::<usize>().is_ok());
        assert_eq!(written.count() + lost, LINES, "{lost} lost");
        assert!(text.ends_with("last\n"), "{text:.200}");
    }
}
