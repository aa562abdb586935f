//! Where messages and accounts live: in memory, bounded and without accounts, or in an SQLite file.
//!
//! A [`Store`] assigns the numbers of entries and of messages, and its order is the room's order. Requests take their
//! time and may fail, and others may write to the same room, so that a log which several servers share can stand here
//! one day. What a room shows it MUST have stored before: [`Store::append`] answers once the entries are committed.
//!
//! The two kinds that there are have one writer for each room and keep no log: what outlives the process is the
//! lines, the topic, the persistent moderation, and that a room was closed. Who comes and goes only gets a number.

mod accounts;
mod bans;
mod claim;
pub mod cluster;
mod counts;
pub mod faults;
pub mod file;
mod log;
mod memory;
mod opening;
mod page;
pub mod place;
pub mod postgres;
mod register;
mod sqlite;
pub mod tools;
mod words;

use std::fmt;
use std::sync::Arc;

pub use accounts::{Account, AccountChange, Expiry};
pub use counts::StoreCounts;
pub use register::{Claim, Register};

use cluster::Cluster;
use faults::{Faults, Operation};
pub use log::{Outcome, Proposal};
use memory::Memory;
use page::PageSize;
use sqlite::Sqlite;
use words::Words;

use crate::chat::history::{Found, HistoryCursor, RoomId};
use crate::chat::message::Message;
use crate::chat::name::{Name, RoomName};
use crate::chat::node::NodeId;
use crate::chat::room::{At, Closing, Numbered, RoomImage};
use crate::limits::STORE_PAGE_LINES_MAX;
use crate::time::Timestamp;
use crate::time::steady::ClockNote;

/// A room as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRoom {
    /// Its number.
    pub id: RoomId,
    /// Its name.
    pub name: RoomName,
    /// When its last line was said, if there is one.
    pub last_line: Option<Timestamp>,
    /// The number of its last line, forgotten by now or not; 0 if nothing was ever said in it.
    pub last_id: u64,
    /// What else there is of it, at some place of its log. Where no log is kept, the log begins there, and nobody is in it.
    pub image: RoomImage,
}

/// Why a request failed. Nothing of it was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// There is no such room.
    NoRoom,
    /// There is a room of that name already.
    RoomExists,
    /// There is an account of that name, or of one that looks like it.
    AccountExists,
    /// There is no such account.
    NoAccount,
    /// The key is bound to this account.
    KeyBound(Name),
    /// The account has as many keys as it may.
    KeysFull,
    /// The account has no such key.
    NoKey,
    /// This store keeps no accounts.
    NoAccounts,
    /// The store cannot do it now: full disk, input or output error. The next request may succeed.
    Failed(String),
    /// The store cannot be reached now; certainly nothing was done.
    Unavailable,
    /// The store has ended.
    Closed,
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::NoRoom => f.write_str("there is no such room"),
            StoreError::RoomExists => f.write_str("there is already a room of that name"),
            StoreError::AccountExists => f.write_str("there is already an account of that name"),
            StoreError::NoAccount => f.write_str("there is no such account"),
            StoreError::KeyBound(name) => write!(f, "the key is bound to the account {name}"),
            StoreError::KeysFull => f.write_str("the account has as many keys as it may"),
            StoreError::NoKey => f.write_str("the account has no such key"),
            StoreError::NoAccounts => f.write_str("accounts need a file: --data"),
            StoreError::Failed(why) => f.write_str(why),
            StoreError::Unavailable => f.write_str("the store cannot be reached"),
            StoreError::Closed => f.write_str("the store is closed"),
        }
    }
}

impl std::error::Error for StoreError {}

/// When a line counts as stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// When the kernel has it: it survives the end of the process, however sudden.
    #[default]
    Normal,
    /// When the disk has it: it survives a power cut.
    Full,
}

/// Which old lines are forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Lines older than so many days; `None`: no line is too old.
    pub days: Option<u32>,
    /// Lines that have so many newer ones in their room; `None`: there can be any number.
    pub lines: Option<u64>,
}

/// A handle to where messages live; clones are handles to the same.
#[derive(Clone, Debug)]
pub struct Store {
    backend: Backend,
    faults: Option<Arc<dyn Faults>>,
}

#[derive(Clone, Debug)]
enum Backend {
    Memory(Arc<Memory>),
    Sqlite(Arc<Sqlite>),
    Cluster(Arc<Cluster>),
}

impl Store {
    /// A store that keeps the last `history_lines` of each room, until the process ends.
    pub fn memory(history_lines: usize) -> Store {
        Store::on(Backend::Memory(Arc::new(Memory::new(history_lines))))
    }

    /// From now on the last `history_lines` of each room are kept, if it is only the last ones.
    pub fn set_history_lines(&self, history_lines: usize) {
        match &self.backend {
            Backend::Memory(memory) => memory.set_history_lines(history_lines),
            // All are there.
            Backend::Sqlite(_) | Backend::Cluster(_) => {}
        }
    }

    /// What there is to know of the others, where several servers share the rooms.
    pub fn cluster(&self) -> Option<&Arc<Cluster>> {
        match &self.backend {
            Backend::Cluster(cluster) => Some(cluster),
            Backend::Memory(_) | Backend::Sqlite(_) => None,
        }
    }

    /// The number of this server among those that share the rooms.
    pub fn node(&self) -> NodeId {
        self.cluster().map_or(NodeId::ALONE, |cluster| cluster.me())
    }

    fn on(backend: Backend) -> Store {
        Store {
            backend,
            faults: None,
        }
    }

    /// The same store, where `faults` decides what becomes of each request. For simulations.
    pub fn with_faults(self, faults: Arc<dyn Faults>) -> Store {
        Store {
            faults: Some(faults),
            ..self
        }
    }

    /// Without faults this is one comparison and never waits.
    async fn meet_fault(&self, operation: Operation) -> Result<(), StoreError> {
        match &self.faults {
            None => Ok(()),
            Some(faults) => faults.next(operation).strike().await,
        }
    }

    /// Stores a new, empty room.
    ///
    /// # Errors
    ///
    /// [`StoreError::RoomExists`] if there is one with the same [`RoomName::key`].
    pub async fn create_room(&self, name: RoomName) -> Result<RoomId, StoreError> {
        self.meet_fault(Operation::Create).await?;
        match &self.backend {
            Backend::Memory(memory) => memory.create_room(name),
            Backend::Sqlite(sqlite) => sqlite.create_room(name).await,
            Backend::Cluster(cluster) => cluster.create_room(name).await,
        }
    }

    /// All rooms, in the order they were created.
    ///
    /// # Errors
    ///
    /// [`StoreError::Failed`] if they cannot be read.
    pub async fn rooms(&self) -> Result<Vec<StoredRoom>, StoreError> {
        self.rooms_after(RoomId::default())
            .await
            .map(|(rooms, _)| rooms)
    }

    /// The rooms with numbers greater than `last`, and the greatest number that there is, given to the next
    /// call. A number once seen has no smaller ones to come: a room is stored with the next number or not at
    /// all.
    ///
    /// # Errors
    ///
    /// [`StoreError::Failed`] if they cannot be read.
    pub async fn rooms_after(&self, last: RoomId) -> Result<(Vec<StoredRoom>, RoomId), StoreError> {
        self.meet_fault(Operation::Read).await?;
        match &self.backend {
            Backend::Memory(memory) => Ok(memory.rooms_after(last)),
            Backend::Sqlite(sqlite) => {
                let rooms = move |db: &_| sqlite::query::rooms_after(db, last);
                sqlite.read(rooms).await
            }
            Backend::Cluster(cluster) => cluster.rooms_after(last).await,
        }
    }

    /// What there is of `room` besides its lines, at some place of its log. Where there is one writer and no log is kept,
    /// the log begins there.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoRoom`], or [`StoreError::Failed`] if it cannot be read.
    pub async fn open_room(&self, room: RoomId) -> Result<RoomImage, StoreError> {
        self.meet_fault(Operation::Read).await?;
        let found = match &self.backend {
            Backend::Memory(memory) => memory.room(room),
            Backend::Sqlite(sqlite) => {
                let find = move |db: &_| sqlite::query::room(db, room);
                sqlite.read(find).await?
            }
            Backend::Cluster(cluster) => cluster.rooms(vec![room]).await?.pop(),
        };
        found.map(|found| found.image).ok_or(StoreError::NoRoom)
    }

    /// Those of `rooms` that are open.
    ///
    /// # Errors
    ///
    /// [`StoreError::Failed`] if they cannot be read.
    pub async fn open_rooms(&self, rooms: Vec<RoomId>) -> Result<Vec<StoredRoom>, StoreError> {
        self.meet_fault(Operation::Read).await?;
        match &self.backend {
            Backend::Memory(memory) => {
                let rooms = rooms.into_iter();
                Ok(rooms.filter_map(|room| memory.room(room)).collect())
            }
            Backend::Sqlite(sqlite) => {
                let read = move |db: &_| {
                    let rooms = rooms.into_iter().map(|room| sqlite::query::room(db, room));
                    rooms.filter_map(Result::transpose).collect()
                };
                sqlite.read(read).await
            }
            Backend::Cluster(cluster) => cluster.rooms(rooms).await,
        }
    }

    /// The rooms that were closed and can be opened again at the time `now`, in the order they were created.
    ///
    /// # Errors
    ///
    /// [`StoreError::Failed`] if they cannot be read.
    pub async fn closed_rooms(
        &self,
        now: Timestamp,
    ) -> Result<Vec<(StoredRoom, Closing)>, StoreError> {
        self.meet_fault(Operation::Read).await?;
        match &self.backend {
            Backend::Memory(memory) => Ok(memory.closed_rooms(now)),
            Backend::Sqlite(sqlite) => {
                let rooms = move |db: &_| sqlite::closed::rooms(db, now);
                sqlite.read(rooms).await
            }
            Backend::Cluster(cluster) => cluster.closed_rooms(now).await,
        }
    }

    /// Opens a closed room again at the time `now`, under this name.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoRoom`] if there is none, or its time is over; [`StoreError::RoomExists`] if there is a room with
    /// the same [`RoomName::key`].
    pub async fn reopen_room(
        &self,
        room: RoomId,
        name: RoomName,
        now: Timestamp,
    ) -> Result<StoredRoom, StoreError> {
        self.meet_fault(Operation::Create).await?;
        match &self.backend {
            Backend::Memory(memory) => memory.reopen_room(room, name, now),
            Backend::Sqlite(sqlite) => {
                let reopen = move |db: &_| sqlite::closed::reopen(db, room, &name, now);
                sqlite.write(reopen).await?;
                let find = move |db: &_| sqlite::query::room(db, room);
                sqlite.read(find).await?.ok_or(StoreError::NoRoom)
            }
            Backend::Cluster(cluster) => cluster.reopen_room(room, name, now).await,
        }
    }

    /// Others can store rooms here too: an import, or another server.
    pub fn is_shared(&self) -> bool {
        matches!(self.backend, Backend::Sqlite(_) | Backend::Cluster(_))
    }

    /// How many lines were ever stored, forgotten ones too; `None` if they do not outlive the process.
    ///
    /// # Errors
    ///
    /// [`StoreError::Failed`] if the rooms cannot be read.
    pub async fn lines_ever(&self) -> Result<Option<u64>, StoreError> {
        self.meet_fault(Operation::Read).await?;
        match &self.backend {
            Backend::Memory(_) => Ok(None),
            Backend::Sqlite(sqlite) => sqlite.read(sqlite::query::lines_ever).await.map(Some),
            Backend::Cluster(cluster) => cluster.lines_ever().await.map(Some),
        }
    }

    /// Appends to the log of `room` what was decided on the room as it is at `at`, all of it or nothing, and answers
    /// when that is certain. What it gives back as stored has numbers that follow on `at`, one by one; so have lines
    /// among lines. Entries of one caller that waits for each answer are stored in the order of its calls.
    ///
    /// A room that is closed is not there from now on, and its name is free. What is kept of it can be had back with
    /// [`Store::reopen_room`], until its lines are forgotten, in small steps; see
    /// [`Kept`](crate::chat::room::Kept). Its number is not given again.
    ///
    /// Facts, which have happened whatever becomes of them, are stored even if what outlives the process cannot be
    /// written just now; that is made up for with the next request that can be.
    ///
    /// # Errors
    ///
    /// A [`StoreError`] if nothing of it is stored.
    pub async fn append(
        &self,
        room: RoomId,
        at: At,
        proposal: Proposal,
    ) -> Result<Outcome, StoreError> {
        match &self.faults {
            None => self.append_unharmed(room, at, proposal).await,
            Some(faults) => {
                // In a box, so that those who have no faults need not keep a place for it.
                let fault = faults.next(Operation::Append);
                Box::pin(self.append_with(fault, room, at, proposal)).await
            }
        }
    }

    async fn append_unharmed(
        &self,
        room: RoomId,
        at: At,
        proposal: Proposal,
    ) -> Result<Outcome, StoreError> {
        match &self.backend {
            Backend::Memory(memory) => memory.append(room, at, proposal),
            Backend::Sqlite(sqlite) => sqlite.append(room, at, proposal).await,
            Backend::Cluster(cluster) => cluster.append(room, at, proposal).await,
        }
    }

    /// The entries of `room` after number `seq`, in their order; those that are not kept are left out. Where there is
    /// one writer it has them all.
    ///
    /// # Errors
    ///
    /// [`StoreError::Failed`] if they cannot be read.
    pub async fn since(&self, room: RoomId, seq: u64) -> Result<Vec<Numbered>, StoreError> {
        self.meet_fault(Operation::Read).await?;
        match &self.backend {
            // Nobody else writes, so there is nothing that the caller does not know.
            Backend::Memory(_) | Backend::Sqlite(_) => {
                let _ = (room, seq);
                Ok(Vec::new())
            }
            Backend::Cluster(cluster) => cluster.since(room, seq).await,
        }
    }

    /// The last `count` lines of `room` (at most [`STORE_PAGE_LINES_MAX`]), oldest first.
    ///
    /// # Errors
    ///
    /// [`StoreError::Failed`] if they cannot be read.
    pub async fn tail(&self, room: RoomId, count: usize) -> Result<Vec<Arc<Message>>, StoreError> {
        let newest = HistoryCursor::Id(u64::MAX);
        self.read_back(room, newest, PageSize::lines(count)).await
    }

    /// The `count` lines (at most [`STORE_PAGE_LINES_MAX`]) before a place in `room`, oldest first. Where their text
    /// would be more than [`STORE_PAGE_BYTES_MAX`](crate::limits::STORE_PAGE_BYTES_MAX), only the last of them.
    ///
    /// # Errors
    ///
    /// [`StoreError::Failed`] if they cannot be read.
    pub async fn page_back(
        &self,
        room: RoomId,
        before: HistoryCursor,
        count: usize,
    ) -> Result<Vec<Arc<Message>>, StoreError> {
        let size = PageSize::lines(count).bounded();
        self.read_back(room, before, size).await
    }

    async fn read_back(
        &self,
        room: RoomId,
        before: HistoryCursor,
        size: PageSize,
    ) -> Result<Vec<Arc<Message>>, StoreError> {
        self.meet_fault(Operation::Read).await?;
        match &self.backend {
            Backend::Memory(memory) => Ok(memory.page_back(room, before, size)),
            Backend::Sqlite(sqlite) => sqlite.page_back(room, before, size).await,
            Backend::Cluster(cluster) => cluster.page_back(room, before, size).await,
        }
    }

    /// The line with number `id` and up to `count` lines before it and after it, oldest first.
    ///
    /// # Errors
    ///
    /// [`StoreError::Failed`] if they cannot be read.
    pub async fn around(
        &self,
        room: RoomId,
        id: u64,
        count: usize,
    ) -> Result<Vec<Arc<Message>>, StoreError> {
        self.meet_fault(Operation::Read).await?;
        let count = count.min(STORE_PAGE_LINES_MAX / 2);
        match &self.backend {
            Backend::Memory(memory) => Ok(memory.around(room, id, count)),
            Backend::Sqlite(sqlite) => sqlite.around(room, id, count).await,
            Backend::Cluster(cluster) => cluster.around(room, id, count).await,
        }
    }

    /// The newest `count` lines of `room` (at most [`STORE_PAGE_LINES_MAX`]) that contain all words of
    /// `typed`, which may be parts of words. Nothing in `typed` has a special meaning; case does not count.
    ///
    /// # Errors
    ///
    /// [`StoreError::Failed`] if they cannot be read.
    pub async fn search(
        &self,
        room: RoomId,
        typed: &str,
        count: usize,
    ) -> Result<Found, StoreError> {
        self.meet_fault(Operation::Read).await?;
        let words = Words::new(typed);
        let count = count.min(STORE_PAGE_LINES_MAX);
        match &self.backend {
            Backend::Memory(memory) => Ok(memory.search(room, &words, count)),
            Backend::Sqlite(sqlite) => sqlite.search(room, words, count).await,
            Backend::Cluster(cluster) => cluster.search(room, typed, count).await,
        }
    }

    /// What time it was when a server, or an operator, last told; `None` if nobody has.
    ///
    /// # Errors
    ///
    /// [`StoreError::Failed`] if it cannot be read.
    pub async fn clock_note(&self) -> Result<Option<ClockNote>, StoreError> {
        match &self.backend {
            // The database has a clock of its own, which all servers hear of.
            Backend::Memory(_) | Backend::Cluster(_) => Ok(None),
            Backend::Sqlite(sqlite) => sqlite.read(sqlite::clock::noted).await,
        }
    }

    /// Notes what time it is, for the next process.
    ///
    /// # Errors
    ///
    /// [`StoreError::Failed`] if it cannot be stored.
    pub async fn note_clock(&self, note: ClockNote) -> Result<(), StoreError> {
        match &self.backend {
            Backend::Memory(_) | Backend::Cluster(_) => Ok(()),
            Backend::Sqlite(sqlite) => sqlite.note_clock(note).await,
        }
    }

    /// Has the store do something that changes nothing, behind all that it was asked to write before.
    ///
    /// # Errors
    ///
    /// [`StoreError::Failed`] if it could not write now, or [`StoreError::Closed`].
    pub async fn probe(&self) -> Result<(), StoreError> {
        self.meet_fault(Operation::Read).await?;
        match &self.backend {
            Backend::Memory(_) => Ok(()),
            Backend::Sqlite(sqlite) => sqlite.write(|_| Ok(Ok(0))).await,
            Backend::Cluster(cluster) => cluster.probe().await,
        }
    }

    /// What is counted of its work; `None`: it has no file.
    pub fn counts(&self) -> Option<&StoreCounts> {
        match &self.backend {
            Backend::Memory(_) => None,
            Backend::Sqlite(sqlite) => Some(sqlite.counts()),
            Backend::Cluster(cluster) => Some(&cluster.counts().store),
        }
    }

    /// Who is called what.
    pub fn register(&self) -> &Register {
        match &self.backend {
            Backend::Memory(memory) => memory.register(),
            Backend::Sqlite(sqlite) => sqlite.register(),
            Backend::Cluster(cluster) => cluster.register(),
        }
    }

    /// The server stops: from now on nothing waits for a database that does not answer.
    pub fn hurry(&self) {
        if let Backend::Cluster(cluster) = &self.backend {
            cluster.hurry();
        }
    }

    /// A room has failed here: what others store in it is of no use before it is opened again.
    pub fn let_go(&self, room: RoomId) {
        if let Backend::Cluster(cluster) = &self.backend {
            cluster.let_go(room);
        }
    }

    /// Notes whether a room that has ended here has something to store and could not, such as who has left it. A server
    /// that stops and owes anything leaves it to the others to take it out of the rooms.
    pub fn note_debt(&self, room: RoomId, owes: bool) {
        if let Backend::Cluster(cluster) = &self.backend {
            cluster.note_debt(room, owes);
        }
    }

    /// Whether the server stops; see [`Store::hurry`].
    pub fn is_hurried(&self) -> bool {
        self.cluster().is_some_and(|cluster| cluster.is_hurried())
    }

    /// Commits what was appended, and closes the file. Later requests fail with [`StoreError::Closed`].
    pub async fn close(&self) {
        match &self.backend {
            Backend::Memory(_) => {}
            Backend::Sqlite(sqlite) => sqlite.close().await,
            Backend::Cluster(cluster) => cluster.close().await,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
