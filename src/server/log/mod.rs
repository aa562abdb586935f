//! Where the server's log goes: to standard error, by way of a thread of its own. Whoever logs never waits.
//!
//! Standard error may be a pipe that nobody reads. Then lines gather up to [`LOG_LINES_MAX`]; further ones are lost,
//! and how many were is told once somebody reads again.

mod style;

use std::io::{self, Write};
use std::panic;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Instant;

use tracing::level_filters::LevelFilter;
use tracing::{Level, error};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::{Registry, reload};

pub use style::{Style, error_prefix};

use crate::config::LogFormat;
use crate::limits::{LOG_FLUSH_LOOK, LOG_FLUSH_MAX, LOG_LINES_MAX};

/// The log, until it is [finished](Log::finish).
#[derive(Debug)]
pub struct Log {
    lines: LineSender,
    style: Style,
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

/// Logs what is at least as urgent as `level` on standard error. Panics are logged too.
///
/// # Errors
///
/// If the system has no thread for it.
pub fn start(level: LevelFilter, format: LogFormat) -> io::Result<Log> {
    let log = start_to(io::stderr(), level, Style::of_stderr(format))?;
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
    style: Style,
) -> io::Result<Log> {
    let log = Log::to(sink, style)?;
    let (filter, handle) = reload::Layer::new(level);
    style.install(filter, log.lines.clone());
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
    fn to(sink: impl Write + Send + 'static, style: Style) -> io::Result<Log> {
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
                write_all(&to_write, &lost, style, sink);
                let _ = done.send(());
            })?;
        Ok(Log {
            lines,
            style,
            written,
        })
    }

    /// Says this, whatever the level is.
    pub fn say(&mut self, text: &str) {
        // A log that nobody reads loses it, as it does any other line.
        let _ = self
            .lines
            .write_all(self.style.line(Level::INFO, text).as_bytes());
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
fn write_all(entries: &Receiver<Entry>, lost: &AtomicU64, style: Style, mut sink: impl Write) {
    while let Ok(entry) = entries.recv() {
        let lost = lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let text = format!("{lost} lines of the log were lost: nobody took them in time");
            let _ = sink.write_all(style.line(Level::WARN, &text).as_bytes());
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
        let mut log = Log::to(pipe.clone(), Style::default()).expect("a thread");
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
        let log = Log::to(pipe.clone(), Style::default()).expect("a thread");
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
