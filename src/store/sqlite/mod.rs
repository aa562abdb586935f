//! Messages in an SQLite file: one thread writes, a few read, and one keeps the index for searches, which is a
//! file of its own.
//!
//! The writer commits all that has gathered in one transaction, so a line costs a small part of a commit.
//! Readers have connections of their own and see what was committed (write-ahead log); neither holds the
//! other up, and no task of the executor ever waits inside SQLite.

pub(super) mod accounts;
pub(super) mod bans;
pub(super) mod clock;
pub(super) mod closed;
mod error_log;
pub(super) mod index;
mod indexer;
pub(super) mod keys;
mod notify;
pub(super) mod query;
mod queue;
mod retention;
mod search;
pub(super) mod walk;
mod writer;

use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use async_channel::{Receiver, Sender};
use rusqlite::Connection;

use self::error_log::ThrottledErrorLog;
use self::indexer::Indexer;
use self::notify::IndexSignal;
use self::queue::Queue;
use self::writer::{Asked, Done, Hearers, Job, Keeping, Writer};
use super::claim::Claim;
use super::file::{self, OpenError};
use super::page::PageSize;
use super::register::Register;
use super::words::Words;
use super::{
    Account, AccountChange, Durability, Outcome, Proposal, Retention, StoreCounts, StoreError,
};
use crate::chat::history::{Found, HistoryCursor, RoomId};
use crate::chat::key::{AccountKey, Fingerprint};
use crate::chat::message::Message;
use crate::chat::name::{Name, RoomName};
use crate::chat::room::At;
use crate::counts::Timed;
use crate::limits::{STORE_JOBS_MAX, STORE_QUERIES_MAX, STORE_SEARCHERS};
use crate::runtime::Clock;
use crate::time::steady::ClockNote;

/// A file that is open. Its threads end when it is closed or dropped.
pub(super) struct Sqlite {
    jobs: Arc<Queue<Asked>>,
    counts: Arc<StoreCounts>,
    pages: Sender<Query>,
    /// Apart from the pages, so that joining never waits for somebody's search.
    searches: Sender<Query>,
    signal: Arc<IndexSignal>,
    index: Arc<Path>,
    error_log: Arc<ThrottledErrorLog>,
    register: Register,
    /// Taken by whoever closes first.
    threads: Mutex<Threads>,
}

#[derive(Default)]
struct Threads {
    readers: Vec<JoinHandle<()>>,
    indexer: Option<JoinHandle<()>>,
    writer: Option<JoinHandle<()>>,
}

type Query = Box<dyn FnOnce(&Connection) + Send>;

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sqlite").finish_non_exhaustive()
    }
}

impl Sqlite {
    pub(super) fn open(
        path: &Path,
        sync: Durability,
        keep: Retention,
        clock: &Clock,
    ) -> Result<Sqlite, OpenError> {
        let path = file::canonical(path)?;
        let claim = Claim::new(&path)?;
        let db = file::open_to_write(&path, sync)?;
        let noted = clock::noted(&db).map_err(|error| file::explained(&path, &error))?;
        clock.start_from(noted);
        let clock = clock.clone();
        let error_log = Arc::new(ThrottledErrorLog::new(&path));
        let jobs = Arc::new(Queue::new(STORE_JOBS_MAX));
        let counts = Arc::<StoreCounts>::default();
        let signal = Arc::new(IndexSignal::default());
        let writer = Writer::new(
            db,
            claim,
            &path,
            Keeping { keep, clock },
            Arc::clone(&jobs),
            Hearers {
                counts: Arc::clone(&counts),
                error_log: Arc::clone(&error_log),
                signal: Arc::clone(&signal),
            },
        )?;
        let index: Arc<Path> = index::path_of(&path).into();
        let indexer = Indexer::new(
            file::open_to_read(&path)?,
            &index,
            Arc::clone(&signal),
            Arc::clone(&error_log),
        );
        let (pages, asked_pages) = async_channel::bounded(STORE_QUERIES_MAX);
        let (searches, asked_searches) = async_channel::bounded(STORE_QUERIES_MAX);
        let store = Sqlite {
            jobs,
            counts,
            pages,
            searches,
            signal,
            index,
            error_log,
            register: Register::default(),
            threads: Mutex::default(),
        };
        // From here on dropping the store ends what was started.
        let mut threads = store.lock();
        threads.readers.push(reader(&path, "read", asked_pages)?);
        for number in 1..=STORE_SEARCHERS {
            let name = format!("search-{number}");
            threads
                .readers
                .push(reader(&path, &name, asked_searches.clone())?);
        }
        threads.indexer = Some(spawn(&path, "index", move || indexer.run())?);
        threads.writer = Some(spawn(&path, "write", move || writer.run())?);
        drop(threads);
        Ok(store)
    }

    pub(super) fn counts(&self) -> &StoreCounts {
        &self.counts
    }

    pub(super) fn register(&self) -> &Register {
        &self.register
    }

    pub(super) async fn create_room(&self, name: RoomName) -> Result<RoomId, StoreError> {
        let (answer, answered) = async_channel::bounded(1);
        self.put(Job::CreateRoom { name, answer }).await;
        answered.recv().await.unwrap_or(Err(StoreError::Closed))
    }

    pub(super) async fn append(
        &self,
        room: RoomId,
        at: At,
        proposal: Proposal,
    ) -> Result<Outcome, StoreError> {
        if !proposal.is_persistent() {
            return Ok(proposal.numbered(at, 0).into());
        }
        let (answer, answered) = async_channel::bounded(1);
        let job = Job::Append {
            room,
            at,
            proposal,
            answer,
        };
        self.put(job).await;
        answered.recv().await.unwrap_or(Err(StoreError::Closed))
    }

    /// Has the writer do `job`, once there is a place for it.
    async fn put(&self, job: Job) {
        let timed = match &job {
            Job::Append { .. } => &self.counts.append,
            Job::CreateRoom { .. } | Job::Write { .. } => &self.counts.change,
        };
        let timing = timed.begin();
        self.jobs.put(Asked { job, timing }).await;
    }

    /// Has the writer do `write`, in a transaction, and waits until that is certain. It may be done again in
    /// another one.
    pub(super) async fn write(
        &self,
        write: impl Fn(&Connection) -> rusqlite::Result<Done> + Send + 'static,
    ) -> Result<(), StoreError> {
        let (answer, answered) = async_channel::bounded(1);
        let write = Box::new(write);
        self.put(Job::Write { write, answer }).await;
        let done = answered.recv().await.unwrap_or(Err(StoreError::Closed));
        done.map(|_| ())
    }

    pub(super) async fn note_clock(&self, note: ClockNote) -> Result<(), StoreError> {
        self.write(move |db| clock::note(db, &note).map(|()| Ok(0)))
            .await
    }

    pub(super) async fn create_account(&self, account: Account) -> Result<(), StoreError> {
        self.write(move |db| accounts::create(db, &account)).await
    }

    pub(super) async fn change_accounts(
        &self,
        changes: Vec<(Name, AccountChange)>,
    ) -> Result<(), StoreError> {
        self.write(move |db| accounts::change(db, &changes)).await
    }

    pub(super) async fn delete_account(&self, name: Name) -> Result<(), StoreError> {
        self.write(move |db| accounts::delete(db, &name)).await
    }

    pub(super) async fn add_key(&self, account: Name, key: AccountKey) -> Result<(), StoreError> {
        self.write(move |db| keys::add(db, &account, key)).await
    }

    pub(super) async fn remove_key(
        &self,
        account: Name,
        key: Fingerprint,
    ) -> Result<(), StoreError> {
        self.write(move |db| keys::remove(db, &account, key)).await
    }

    /// Has the reader do `query` and waits for what comes of it.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let query = move |db: &_, _: &dyn Fn() -> bool| query(db);
        self.ask(&self.pages, &self.counts.read, query).await
    }

    pub(super) async fn page_back(
        &self,
        room: RoomId,
        before: HistoryCursor,
        size: PageSize,
    ) -> Result<Vec<Arc<Message>>, StoreError> {
        let error_log = Arc::clone(&self.error_log);
        self.read(move |db| {
            query::page_back(db, room, before, size, &|damage| error_log.damaged(damage))
        })
        .await
    }

    pub(super) async fn around(
        &self,
        room: RoomId,
        id: u64,
        count: usize,
    ) -> Result<Vec<Arc<Message>>, StoreError> {
        let error_log = Arc::clone(&self.error_log);
        self.read(move |db| query::around(db, room, id, count, &|damage| error_log.damaged(damage)))
            .await
    }

    /// Has a searcher look for `words` and waits for what it finds.
    pub(super) async fn search(
        &self,
        room: RoomId,
        words: Words,
        count: usize,
    ) -> Result<Found, StoreError> {
        let (index, error_log) = (Arc::clone(&self.index), Arc::clone(&self.error_log));
        let search = move |db: &_, is_given_up: &dyn Fn() -> bool| {
            let damaged = |damage| error_log.damaged(damage);
            search::search(db, &index, room, &words, count, is_given_up, &damaged)
        };
        let timed = &self.counts.search;
        let (found, fault) = self.ask(&self.searches, timed, search).await?;
        if let Some(error) = fault {
            if index::is_damage(&error) {
                self.signal.ring_damaged();
            } else {
                let error = StoreError::Failed(error.to_string());
                self.error_log
                    .failed("cannot read the search index", &error);
            }
        }
        Ok(found)
    }

    async fn ask<T: Send + 'static>(
        &self,
        whom: &Sender<Query>,
        timed: &Arc<Timed>,
        query: impl FnOnce(&Connection, &dyn Fn() -> bool) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = async_channel::bounded(1);
        let timing = timed.begin();
        let work: Query = Box::new(move |db| {
            let _timing = timing;
            // Who asked may have gone, and does not wait any more.
            let is_given_up = || answer.is_closed();
            if !is_given_up() {
                let _ = answer.try_send(query(db, &is_given_up));
            }
        });
        if whom.send(work).await.is_err() {
            return Err(StoreError::Closed);
        }
        let result = answered.recv().await.map_err(|_| StoreError::Closed)?;
        result.map_err(|error| {
            let error = StoreError::Failed(error.to_string());
            self.error_log.failed("cannot read messages", &error);
            error
        })
    }

    pub(super) async fn close(&self) {
        self.close_readers();
        let threads = std::mem::take(&mut *self.lock());
        let jobs = Arc::clone(&self.jobs);
        let (end, ended) = async_channel::bounded::<()>(1);
        // Waiting for a thread blocks, so a thread does it.
        let waiter = thread::Builder::new().spawn(move || {
            for reader in threads.readers.into_iter().chain(threads.indexer) {
                let _ = reader.join();
            }
            // Last of all, since only the last to close can empty the log, and readers cannot.
            jobs.close();
            if let Some(writer) = threads.writer {
                let _ = writer.join();
            }
            drop(end);
        });
        match waiter {
            Ok(_) => drop(ended.recv().await),
            Err(_) => self.jobs.close(),
        }
    }

    fn close_readers(&self) {
        self.pages.close();
        self.searches.close();
        self.signal.close();
    }

    fn lock(&self) -> MutexGuard<'_, Threads> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        self.close_readers();
        self.jobs.close();
    }
}

/// A thread with a connection of its own that answers what is asked.
fn reader(path: &Path, name: &str, asked: Receiver<Query>) -> Result<JoinHandle<()>, OpenError> {
    let db = file::open_to_read(path)?;
    spawn(path, name, move || {
        while let Ok(query) = asked.recv_blocking() {
            // Whoever asked gets no answer, and the others theirs. The log has heard of it.
            let _ = panic::catch_unwind(AssertUnwindSafe(|| query(&db)));
        }
    })
}

fn spawn(
    path: &Path,
    name: &str,
    work: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, OpenError> {
    let thread = thread::Builder::new().name(format!("parlor-{name}"));
    thread.spawn(work).map_err(|error| {
        OpenError::Io(
            path.to_owned(),
            format!("cannot start a thread for it: {error}"),
        )
    })
}
