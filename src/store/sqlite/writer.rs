//! The one thread that writes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use async_channel::Sender;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::error_log::ThrottledErrorLog;
use super::notify::IndexSignal;
use super::query::{self, ID_MAX, place};
use super::queue::{Queue, Taken};
use super::{closed, retention};
use crate::chat::history::RoomId;
use crate::chat::name::RoomName;
use crate::chat::room::{At, Entry};
use crate::chat::topic::Topic;
use crate::counts::Timing;
use crate::limits::{
    FORGET_EVERY, FORGET_LINES, FORGET_PAUSE, FORGET_RETRY, STORE_BUSY_MAX, STORE_CHECKPOINT_AFTER,
    STORE_COMMIT_LINES_MAX, STORE_WAL_BYTES, STORE_WAL_WAIT,
};
use crate::runtime::Clock;
use crate::store::claim::Claim;
use crate::store::file::{self, OpenError};
use crate::store::{Outcome, Proposal, Retention, StoreCounts, StoreError};
use crate::time::Timestamp;

/// What is kept, and for how long by which clock.
pub(super) struct Keeping {
    pub(super) keep: Retention,
    pub(super) clock: Clock,
}

/// Who hears of what the writer does.
pub(super) struct Hearers {
    pub(super) counts: Arc<StoreCounts>,
    pub(super) error_log: Arc<ThrottledErrorLog>,
    /// Who wants to know what is in the file.
    pub(super) signal: Arc<IndexSignal>,
}

/// What the writer can be told. It answers once what it was told is committed, or has failed.
pub(super) enum Job {
    /// Append to the log of a room.
    Append {
        room: RoomId,
        at: At,
        proposal: Proposal,
        answer: Sender<Result<Outcome, StoreError>>,
    },
    /// Store a room.
    CreateRoom {
        name: RoomName,
        answer: Sender<Result<RoomId, StoreError>>,
    },
    /// Change something else.
    Write { write: Write, answer: Sender<Done> },
}

/// A job, and since when somebody waits for its answer.
pub(super) struct Asked {
    pub(super) job: Job,
    pub(super) timing: Timing,
}

/// A change, made inside a transaction that may not be committed in the end.
pub(super) type Write = Box<dyn Fn(&Connection) -> rusqlite::Result<Done> + Send>;

/// What came of a job inside a transaction: a number, which is a first message's or a room's, if it gave one.
pub(in crate::store) type Done = Result<u64, StoreError>;

/// The writer's connection and what it knows.
pub(super) struct Writer {
    db: Connection,
    _claim: Claim,
    path: PathBuf,
    /// SQLite's log, and the length that it may have before readers are waited for.
    log: PathBuf,
    log_bytes_max: u64,
    /// When what is in the log alone is copied into the file, if anything is.
    checkpoint_at: Option<Instant>,
    /// Device and inode of the file that `db` writes to.
    identity: (u64, u64),
    jobs: Arc<Queue<Asked>>,
    hearers: Hearers,
    keep: Retention,
    /// The moderation of rooms, as JSON, that follows from facts and could not be written yet.
    unwritten: BTreeMap<RoomId, String>,
    /// The closed room whose lines are being forgotten.
    closed: Option<RoomId>,
    /// Tells what has been kept for long enough.
    clock: Clock,
    /// Rooms that may have lines to forget, and when all rooms will again.
    unkept: BTreeSet<RoomId>,
    forget_at: Instant,
    /// The last step of it failed; the next is tried less soon.
    forgetting_fails: bool,
}

impl Writer {
    pub(super) fn new(
        db: Connection,
        claim: Claim,
        path: &Path,
        Keeping { keep, clock }: Keeping,
        jobs: Arc<Queue<Asked>>,
        hearers: Hearers,
    ) -> Result<Writer, OpenError> {
        let identity = identity(path)
            .ok_or_else(|| OpenError::Io(path.to_owned(), "it has just been removed".to_owned()))?;
        Ok(Writer {
            db,
            closed: None,
            clock,
            _claim: claim,
            path: path.to_owned(),
            log: file::beside(path, "-wal"),
            log_bytes_max: STORE_WAL_BYTES.into(),
            checkpoint_at: None,
            identity,
            jobs,
            hearers,
            keep,
            unwritten: BTreeMap::new(),
            unkept: BTreeSet::new(),
            forget_at: Instant::now(),
            forgetting_fails: false,
        })
    }

    /// Does what is asked until the queue is closed and empty.
    pub(super) fn run(mut self) {
        // However this ends, nobody shall wait for an answer that does not come.
        let _end = AtEnd(Arc::clone(&self.jobs));
        let mut taken = Vec::new();
        loop {
            let patience = self.patience();
            match self.jobs.take_all(&mut taken, patience) {
                Taken::All => self.do_all(&mut taken),
                // It is tried again, and the log has heard of it.
                Taken::Nothing => drop(panic::catch_unwind(AssertUnwindSafe(|| self.rest()))),
                Taken::Closed => return self.write_rest(),
            }
        }
    }

    /// Does jobs in their order, as many in one transaction as make [`STORE_COMMIT_LINES_MAX`] lines.
    fn do_all(&mut self, jobs: &mut Vec<Asked>) {
        let mut batch = Vec::new();
        let mut lines = 0;
        for asked in jobs.drain(..) {
            let more = asked.job.lines();
            if !batch.is_empty() && lines + more > STORE_COMMIT_LINES_MAX {
                self.do_batch(std::mem::take(&mut batch));
                lines = 0;
            }
            lines += more;
            batch.push(asked);
        }
        self.do_batch(batch);
    }

    fn do_batch(&mut self, batch: Vec<Asked>) {
        let begun = Instant::now();
        match self.commit(&batch) {
            Ok(done) => {
                self.hearers.counts.commits.observe(begun.elapsed());
                self.hearers.error_log.stored();
                self.unwritten.clear();
                self.checkpoint_at = Some(Instant::now() + STORE_CHECKPOINT_AFTER);
                for (Asked { job, timing }, done) in batch.into_iter().zip(done) {
                    if job.closes() {
                        // One may have to go for it.
                        self.forget_at = Instant::now();
                    }
                    drop(timing);
                    job.answer(done);
                }
                self.hearers.signal.ring();
                self.shorten_log();
            }
            Err(error) => {
                self.hearers.counts.failures.add(batch.len() as u64);
                let lines = batch.iter().map(|asked| asked.job.lines()).sum();
                self.hearers.error_log.failed_to_store(lines, &error);
                for Asked { job, timing } in batch {
                    drop(timing);
                    let is_noted = self.note_fact(&job);
                    job.answer(if is_noted { Ok(0) } else { Err(error.clone()) });
                }
            }
        }
    }

    /// Remembers what follows from facts, which have happened although they cannot be written now.
    fn note_fact(&mut self, job: &Job) -> bool {
        match job {
            Job::Append { room, proposal, .. } if proposal.is_factual() => {
                if let Some(moderation) = &proposal.moderation
                    && *room != RoomId::HEALTH
                {
                    self.unwritten.insert(*room, moderation.to_json());
                }
                true
            }
            _ => false,
        }
    }

    /// Does what has time until nothing else is to be done.
    fn rest(&mut self) {
        if self.checkpoint_at.is_some_and(|at| Instant::now() >= at) {
            self.checkpoint();
        }
        if Instant::now() >= self.forget_at || self.is_forgetting() {
            self.forget();
        }
    }

    /// Copies what is in the log alone into the file, as far as readers let it.
    fn checkpoint(&mut self) {
        self.checkpoint_at = None;
        let checkpoint = "PRAGMA wal_checkpoint(PASSIVE)";
        if let Err(error) = self.db.query_row(checkpoint, (), |_| Ok(())) {
            tracing::warn!(%error, "cannot copy the log into the file for now");
        }
    }

    /// Tries for the last time to write what could not be written. A file that was moved away meanwhile gets what is
    /// in its log, which stays behind: SQLite itself would leave it there.
    fn write_rest(&mut self) {
        if !self.unwritten.is_empty() {
            self.do_batch(Vec::new());
        }
        if identity(&self.path) != Some(self.identity) {
            self.checkpoint();
            tracing::warn!(
                file = %self.path.display(),
                "the file was moved or removed; it has all that was stored until then, wherever it is"
            );
        }
    }

    /// Does a batch in one transaction. All of it is stored or nothing, except for jobs that are refused.
    fn commit(&mut self, batch: &[Asked]) -> Result<Vec<Done>, StoreError> {
        // SQLite would go on writing to a file without a name, which nobody would ever find again.
        if identity(&self.path) != Some(self.identity) {
            // Wherever it is now, it is to have what was stored.
            self.checkpoint();
            let why = "the file has been removed or replaced";
            return Err(StoreError::Failed(why.to_owned()));
        }
        let in_transaction = || {
            let change = self
                .db
                .transaction_with_behavior(TransactionBehavior::Immediate)?;
            for (room, moderation) in &self.unwritten {
                // A room that was closed since needs none.
                let _ = set_moderation(&change, *room, moderation)?;
            }
            let now = self.clock.timestamp();
            let done = batch.iter().map(|asked| asked.job.write(&change, now));
            let done = done.collect::<rusqlite::Result<Vec<Done>>>()?;
            change.commit()?;
            Ok(done)
        };
        let result: thread::Result<rusqlite::Result<Vec<Done>>> =
            panic::catch_unwind(AssertUnwindSafe(in_transaction));
        match result {
            Ok(result) => result.map_err(|error| StoreError::Failed(error.to_string())),
            // The transaction was taken back on the way here, and the log has heard of it.
            Err(_) => Err(StoreError::Failed("a fault of the server".to_owned())),
        }
    }

    /// Begins the log anew if it has become long. By itself SQLite does so only at a moment without readers,
    /// which never comes while they take turns; here they are waited for, after everybody has been answered.
    fn shorten_log(&mut self) {
        let length = fs::metadata(&self.log).map_or(0, |found| found.len());
        if length <= self.log_bytes_max {
            return;
        }
        let shorten = || {
            self.db.busy_timeout(STORE_WAL_WAIT)?;
            // The answer is not zero if there was a reader all the time: an export may take minutes.
            self.db
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |row| row.get(0))
        };
        let is_short = matches!({ shorten }(), Ok(0));
        self.log_bytes_max = if is_short {
            STORE_WAL_BYTES.into()
        } else {
            length + u64::from(STORE_WAL_BYTES)
        };
        if let Err(error) = self.db.busy_timeout(STORE_BUSY_MAX) {
            tracing::warn!(%error, "cannot set how long to wait for other processes");
        }
    }

    /// How long to wait for jobs before something is forgotten.
    fn patience(&self) -> Duration {
        let now = Instant::now();
        let forget = match self.forgetting_fails {
            true => FORGET_RETRY,
            false if self.is_forgetting() => FORGET_PAUSE,
            false => self.forget_at.saturating_duration_since(now),
        };
        let checkpoint = self
            .checkpoint_at
            .map(|at| at.saturating_duration_since(now));
        checkpoint.map_or(forget, |wait| wait.min(forget))
    }

    fn is_forgetting(&self) -> bool {
        self.forgetting_fails || !self.unkept.is_empty() || self.closed.is_some()
    }

    /// Forgets a few lines of one room, if there are any to forget.
    fn forget(&mut self) {
        let step = self.forget_step();
        self.forgetting_fails = step.is_err();
        match step {
            Ok(0) => {}
            Ok(_) => self.hearers.signal.ring_forgot(),
            Err(error) => {
                let error = StoreError::Failed(error.to_string());
                self.hearers
                    .error_log
                    .failed("cannot delete old messages", &error);
            }
        }
    }

    /// Returns how many lines it forgot.
    fn forget_step(&mut self) -> rusqlite::Result<usize> {
        let times = self.clock.times();
        if self.unkept.is_empty() && self.closed.is_none() && self.forget_at <= Instant::now() {
            self.forget_at = Instant::now() + FORGET_EVERY;
            self.closed = closed::next_due(&self.db, times.steady)?;
            if self.keep != Retention::default() {
                let rooms = query::rooms(&self.db)?.into_iter();
                self.unkept = rooms.map(|room| room.id).collect();
            }
        }
        while let Some(room) = self.closed {
            let gone = closed::purge_step(&mut self.db, room, times.steady, FORGET_LINES)?;
            if gone < FORGET_LINES {
                self.closed = closed::next_due(&self.db, times.steady)?;
            }
            if gone > 0 {
                return Ok(gone);
            }
        }
        while let Some(&room) = self.unkept.first() {
            let (keep, now) = (self.keep, times.earlier());
            let gone = retention::forget_step(&mut self.db, room, keep, now, FORGET_LINES)?;
            if gone > 0 {
                return Ok(gone);
            }
            self.unkept.pop_first();
        }
        Ok(0)
    }
}

struct AtEnd(Arc<Queue<Asked>>);

impl Drop for AtEnd {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

impl Job {
    fn lines(&self) -> usize {
        match self {
            // What is only said to find out whether it can be stored is nobody's loss.
            Job::Append { room, .. } if *room == RoomId::HEALTH => 0,
            Job::Append { proposal, .. } => proposal.lines(),
            Job::CreateRoom { .. } | Job::Write { .. } => 0,
        }
    }

    /// Whether a room ends with it.
    fn closes(&self) -> bool {
        match self {
            Job::Append { proposal, .. } => proposal.closing().is_some(),
            Job::CreateRoom { .. } | Job::Write { .. } => false,
        }
    }

    fn write(&self, db: &Connection, now: Timestamp) -> rusqlite::Result<Done> {
        match self {
            Job::Append { room, .. } if *room == RoomId::HEALTH => {
                file::rewrite_header(db).map(|()| Ok(1))
            }
            Job::Append { room, proposal, .. } => append(db, *room, proposal),
            Job::CreateRoom { name, .. } => create_room(db, name, now),
            Job::Write { write, .. } => write(db),
        }
    }

    fn answer(self, done: Done) {
        // Whoever asked may have gone; then nobody wants to know.
        match self {
            Job::Append {
                at,
                proposal,
                answer,
                ..
            } => {
                let numbered = |first_id| proposal.numbered(at, first_id).into();
                let _ = answer.try_send(done.map(numbered));
            }
            Job::CreateRoom { answer, .. } => {
                let room = done.map(|id| RoomId(u32::try_from(id).unwrap_or(u32::MAX)));
                let _ = answer.try_send(room);
            }
            Job::Write { answer, .. } => {
                let _ = answer.try_send(done);
            }
        }
    }
}

/// Writes what outlives the process. Returns the number of the first line; it does not matter if there is none.
fn append(db: &Connection, room: RoomId, proposal: &Proposal) -> rusqlite::Result<Done> {
    let mut first_id = 0;
    let lines = proposal.lines();
    if lines > 0 {
        match add_lines(db, room, lines, &proposal.entries)? {
            Ok(first) => first_id = first,
            refused => return Ok(refused),
        }
    }
    let mut newest_first = proposal.entries.iter().rev();
    let topic = newest_first.find_map(|entry| match entry {
        Entry::Topic(set) => Some(set.topic.as_ref()),
        _ => None,
    });
    if let Some(topic) = topic
        && let Err(refused) = set_topic(db, room, topic)?
    {
        return Ok(Err(refused));
    }
    if let Some(moderation) = &proposal.moderation
        && let Err(refused) = set_moderation(db, room, &moderation.to_json())?
    {
        return Ok(Err(refused));
    }
    if let Some((closing, by)) = proposal.closing()
        && let Err(refused) = closed::close(db, room, by, proposal.time, closing)?
    {
        return Ok(Err(refused));
    }
    Ok(Ok(first_id))
}

/// Returns the number of the first line.
fn add_lines(
    db: &Connection,
    room: RoomId,
    count: usize,
    entries: &[Entry],
) -> rusqlite::Result<Done> {
    let last: Option<u64> = db
        .prepare_cached(
            "UPDATE rooms SET last_id = last_id + ?2
             WHERE id = ?1 AND last_id + ?2 <= ?3 AND closed IS NULL RETURNING last_id",
        )?
        .query_row((room.0, count, ID_MAX), |row| row.get(0))
        .optional()?;
    let Some(last) = last else {
        return Ok(Err(StoreError::NoRoom));
    };
    let first = last - count as u64 + 1;
    let mut insert = db.prepare_cached(
        "INSERT INTO messages(place, time, name, kind, text) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    let lines = entries.iter().filter_map(|entry| match entry {
        Entry::Said(line) => Some(line),
        _ => None,
    });
    for (line, id) in lines.zip(first..) {
        let (name, kind) = (line.name.as_str(), line.kind as i64);
        insert.execute((place(room, id), line.time.0, name, kind, &*line.text))?;
    }
    Ok(Ok(first))
}

/// Returns the number of the room.
pub(in crate::store) fn create_room(
    db: &Connection,
    name: &RoomName,
    created: Timestamp,
) -> rusqlite::Result<Done> {
    let id = db
        .prepare_cached(
            "INSERT INTO rooms(name, key, created) VALUES (?1, ?2, ?3)
             ON CONFLICT(key) DO NOTHING RETURNING id",
        )?
        .query_row((name.as_str(), name.key(), created.0), |row| row.get(0))
        .optional()?;
    Ok(id.ok_or(StoreError::RoomExists))
}

fn set_moderation(db: &Connection, room: RoomId, json: &str) -> rusqlite::Result<Done> {
    // The column has had this name since the first file that had it.
    let mut update =
        db.prepare_cached("UPDATE rooms SET care = ?2 WHERE id = ?1 AND closed IS NULL")?;
    Ok(match update.execute((room.0, json))? {
        0 => Err(StoreError::NoRoom),
        _ => Ok(0),
    })
}

fn set_topic(db: &Connection, room: RoomId, topic: Option<&Topic>) -> rusqlite::Result<Done> {
    let mut update =
        db.prepare_cached("UPDATE rooms SET topic = ?2 WHERE id = ?1 AND closed IS NULL")?;
    let changed = update.execute((room.0, topic.map_or("", Topic::as_str)))?;
    Ok(match changed {
        0 => Err(StoreError::NoRoom),
        _ => Ok(0),
    })
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    let found = fs::metadata(path).ok()?;
    Some((found.dev(), found.ino()))
}
