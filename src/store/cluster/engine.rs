//! What several nodes need of the database that they share: calls that are made on behalf of one node, each of which
//! happens as a whole or not at all.
//!
//! PostgreSQL is one ([`postgres`](crate::store::postgres)); a simulation has another, with all the luck that a network
//! and a database can have. What a node makes of it is the same for both: [`Cluster`](super::Cluster).

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_channel::Receiver;
use serde::{Deserialize, Serialize};

use crate::chat::address::Address;
use crate::chat::admin::ban::{BanTarget, ServerBan};
use crate::chat::admin::report::Report;
use crate::chat::history::{Found, HistoryCursor, RoomId};
use crate::chat::key::{AccountKey, Fingerprint};
use crate::chat::message::{MemberId, Message};
use crate::chat::name::{Name, RoomName};
use crate::chat::node::NodeId;
use crate::chat::person::Person;
use crate::chat::room::{At, Closing, Entry, Numbered, RoomImage};
use crate::store::{Account, AccountChange, Expiry, StoreError};
use crate::time::Timestamp;

/// What comes of a call, later.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, EngineError>> + Send + 'a>>;

/// Why a call has failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EngineError {
    /// The engine cannot be reached, or cannot do it now. Certainly nothing was done.
    Away(String),
    /// The connection was lost before there was an answer: it may have been done, or may be done yet.
    Doubt(String),
    /// The other nodes take this one for dead. Certainly nothing was done.
    Fenced,
    /// The engine has refused it, for good. Nothing was done.
    Refused(StoreError),
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EngineError::Away(why) => write!(f, "the database cannot be reached: {why}"),
            EngineError::Doubt(why) => write!(f, "no answer from the database: {why}"),
            EngineError::Fenced => f.write_str("the other nodes take this one for dead"),
            EngineError::Refused(why) => why.fmt(f),
        }
    }
}

impl std::error::Error for EngineError {}

/// The database that nodes share.
///
/// Whatever a call has answered is as safe as the engine makes it (on PostgreSQL: on the disk of the primary and of its
/// synchronous standby). What others may see of a call before that is not: see [`Nodes::barrier`].
pub trait Engine: Nodes + Log + Register + People + Records {}

impl<T: Nodes + Log + Register + People + Records> Engine for T {}

// ---- nodes ----

/// A node that wants to take part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewNode {
    /// The number it had before others took it for dead; `None`: it has just been started.
    pub number: Option<NodeId>,
    /// Number of the last [`Write`] that it has ever made. What it asked for before must not happen any more.
    pub last_write: u64,
    /// How operators know it: the host's name, or what they have chosen.
    pub label: String,
    /// The version of its entries: it understands those of this number and below.
    pub version: u16,
    /// For how long others wait when nothing is heard of it.
    pub lease: Duration,
}

/// A node that takes part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRow {
    /// Its number.
    pub node: NodeId,
    /// How operators know it.
    pub label: String,
    /// The version of its entries.
    pub version: u16,
    /// When it has come.
    pub since: Timestamp,
    /// Nothing was heard of it for longer than its lease.
    pub is_expired: bool,
    /// It is taken for dead, and this node is about to take it out of the rooms.
    pub undertaker: Option<NodeId>,
}

/// What a node learns when it renews its lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renewed {
    /// The engine's clock.
    pub now: Timestamp,
    /// All nodes that take part, this one included.
    pub nodes: Vec<NodeRow>,
}

/// Who takes part.
pub trait Nodes: fmt::Debug + Send + Sync {
    /// Takes a node in, or takes it in again. Every write of it with a number up to `last_write` is refused from now on.
    ///
    /// # Errors
    ///
    /// [`EngineError::Away`] as long as a living node is taking it out of the rooms.
    fn join(&self, node: NewNode) -> Answer<'_, NodeId>;

    /// Renews the lease of `me`, expired or not, unless it is taken for dead. This does not wait for a standby.
    ///
    /// # Errors
    ///
    /// [`EngineError::Fenced`].
    fn renew(&self, me: NodeId, lease: Duration) -> Answer<'_, Renewed>;

    /// Takes an expired node for dead: it cannot write any more, and `me` is to take it out of the rooms. False if it has
    /// come back to life meanwhile, or another living node is at it.
    fn condemn(&self, me: NodeId, node: NodeId) -> Answer<'_, bool>;

    /// Forgets a node that `me` has taken out of all rooms, or that goes by itself: its people, its names and its letters.
    /// What has become of its last write can be asked for a day longer: it may live, and be about to ask. Nothing happens if
    /// another node is to take it out by now, or it takes part again.
    fn bury(&self, me: NodeId, node: NodeId) -> Answer<'_, ()>;

    /// Makes sure that all that could be seen before this call is as safe as what the engine has acknowledged. Gives a
    /// number that grows with every call of any node: if it ever shrinks, somebody has put an old copy in place of the data.
    fn barrier(&self, me: NodeId) -> Answer<'_, u64>;

    /// The number of the connection over which barriers are made, and heads, rooms and changes are read. After a failover
    /// the next one leads to a server that need not have what was read before: of that a barrier over it says nothing.
    fn connection(&self) -> u64;

    /// What happens, from now on. There is one receiver.
    fn news(&self) -> Receiver<News>;

    /// Wakes other nodes for what was acknowledged. It may be lost.
    fn wake(&self, news: News) -> Answer<'_, ()>;

    /// Ends all connections. Later calls fail with [`EngineError::Away`].
    fn close(&self) -> Answer<'_, ()>;
}

/// What other nodes have done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// The logs of these rooms go up to these numbers, which is acknowledged.
    Heads(Vec<(RoomId, u64)>),
    /// Rooms have come, or were opened again.
    Rooms,
    /// The bans of the whole server are others.
    Bans,
    /// There are letters for a node.
    Letters(NodeId),
    /// The connection was lost and is there again: there may have been anything.
    Anything,
}

// ---- the log ----

/// What one node writes at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// One more than that of the last write of this node that was done, or is known not to have been.
    pub number: u64,
    /// What it is to each room; each occurs once.
    pub parts: Vec<Part>,
}

/// What is to be appended to the log of one room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The room.
    pub room: RoomId,
    /// What the decision is based on.
    pub at: At,
    /// What was decided. Lines have no number and no time yet that counts.
    pub entries: Arc<[Entry]>,
    /// How the room has ended with it, and who has ended it.
    pub closing: Option<(Closing, Option<Name>)>,
    /// What the room is like at `at.seq`, so that nobody has to read the log from its beginning.
    pub image: Option<Arc<RoomImage>>,
}

/// What has become of a [`Part`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PartOutcome {
    /// It is stored.
    Stored {
        /// The number of its first entry.
        seq: u64,
        /// The number of its first line.
        id: u64,
        /// When, by the engine's clock: the time of its entries. It never goes back in one room.
        time: Timestamp,
    },
    /// It is not: somebody's rights have changed since `at`.
    Stale {
        /// The number of the last entry there is.
        head: u64,
    },
    /// It is not: the room is closed, or there is none.
    NoRoom,
}

/// Entries of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The room.
    pub room: RoomId,
    /// Those behind this number,
    pub after: u64,
    /// up to this one.
    pub upto: u64,
}

/// A room as the engine knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomRecord {
    /// Its number.
    pub id: RoomId,
    /// Its name.
    pub name: RoomName,
    /// What it was like when somebody last told; `None`: as it was created.
    pub image: Option<RoomImage>,
    /// How far its log goes.
    pub head: At,
    /// The number of its last line, forgotten by now or not; 0 if nothing was ever said in it.
    pub last_id: u64,
    /// When that was said.
    pub last_line: Option<Timestamp>,
    /// Something that was said in it can still be read.
    pub has_lines: bool,
}

/// How much of a room's lines is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lines {
    /// The room.
    pub room: RoomId,
    /// No line behind this one: it may not be safe yet.
    pub upto: u64,
    /// So many at most.
    pub count: usize,
    /// So many bytes of names and texts; the line that reaches it is the last.
    pub bytes: usize,
}

/// Rooms, what happens in them, and what was said.
pub trait Log {
    /// Appends to the logs of rooms on behalf of `me`, if its lease has not run out and this is the write that comes next.
    /// Answers for the parts in their order, once all of it is safe.
    ///
    /// # Errors
    ///
    /// [`EngineError::Doubt`] has to be settled ([`Log::settle`]) before the next write.
    fn append(&self, me: NodeId, write: Write) -> Answer<'_, Vec<PartOutcome>>;

    /// What has become of write `number` of `me`, which was in doubt; `None`: nothing, and nothing will. Answers once that
    /// is certain and safe, for a node that is taken for dead or buried as well.
    fn settle(&self, me: NodeId, number: u64) -> Answer<'_, Option<Vec<PartOutcome>>>;

    /// Entries, by room and in their order: the first [`ENTRIES_READ_MAX`](crate::limits::ENTRIES_READ_MAX) in the order of
    /// the ranges; those missing are asked for again.
    fn entries(&self, ranges: Vec<Range>) -> Answer<'_, Vec<(RoomId, Numbered)>>;

    /// The same without lines, and all of them. For taking up a room from its image.
    fn changes(&self, ranges: Vec<Range>) -> Answer<'_, Vec<(RoomId, Numbered)>>;

    /// How far the logs of all open rooms go at the moment; safe or not.
    fn heads(&self) -> Answer<'_, Vec<(RoomId, u64)>>;

    /// Rooms into which lines were put of late that are in no log, as an import does: how far their logs go, and the number of
    /// their last line.
    fn imported(&self) -> Answer<'_, Vec<(RoomId, u64, u64)>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    /// Creates a room.
    ///
    /// # Errors
    ///
    /// [`StoreError::RoomExists`] if there is an open one with the same [`RoomName::key`], or one that looks like it.
    fn create_room(&self, name: RoomName) -> Answer<'_, RoomId>;

    /// The open rooms with numbers greater than `last`, in that order, and the greatest number there is; none smaller is
    /// to come.
    fn rooms_after(&self, last: RoomId) -> Answer<'_, (Vec<RoomRecord>, RoomId)>;

    /// Those of `rooms` that are open.
    fn rooms(&self, rooms: Vec<RoomId>) -> Answer<'_, Vec<RoomRecord>>;

    /// The rooms that were closed and can be opened again at the time `now`, in the order they were created.
    fn closed_rooms(&self, now: Timestamp) -> Answer<'_, Vec<(RoomRecord, Closing)>>;

    /// Opens a closed room again at the time `now`, under this name. What it is like is what it was when it was closed.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoRoom`], [`StoreError::RoomExists`].
    fn reopen_room(&self, room: RoomId, name: RoomName, now: Timestamp) -> Answer<'_, RoomRecord>;

    /// The lines before a place, oldest first: the last of them.
    fn page_back(&self, lines: Lines, before: HistoryCursor) -> Answer<'_, Vec<Arc<Message>>>;

    /// Line `id`, and so many before it and after it.
    fn around(&self, lines: Lines, id: u64) -> Answer<'_, Vec<Arc<Message>>>;

    /// The newest lines with all the words of `typed`, newest first.
    fn search(&self, lines: Lines, typed: String) -> Answer<'_, Found>;

    /// How many lines were ever stored, forgotten ones too.
    fn lines_ever(&self) -> Answer<'_, u64>;
}

// ---- the register ----

/// Somebody who wants a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakeName {
    /// The connection.
    pub member: MemberId,
    /// The name.
    pub name: Name,
    /// The account that the user is logged in to.
    pub account: Option<Name>,
    /// Where it comes from, unless over a Unix socket.
    pub address: Option<Address>,
    /// Whoever has the name loses it: the user owns the account, and who has the name does not answer.
    pub by_force: bool,
}

/// What has come of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TakenName {
    /// The connection has it, besides what it had.
    Taken,
    /// These connections have it, or one that looks like it.
    HeldBy(Vec<MemberId>),
    /// It, or one that looks like it, is registered for somebody else, so.
    Registered(Name),
}

/// Who is called what. A name has three keys ([`Name::keys`]), each of which has one holder.
pub trait Register {
    /// Takes a name. A name that is kept for a lost connection ([`Register::keep_name`]) can be had from the same address,
    /// or once its time is over.
    fn take_name(&self, take: TakeName) -> Answer<'_, TakenName>;

    /// Frees the keys of `old` that connection `member` holds, but for those that it shares with `new`.
    fn free_name(&self, member: MemberId, old: Name, new: Option<Name>) -> Answer<'_, ()>;

    /// Keeps the name of a connection that was lost, for whoever comes from `address`, until then.
    fn keep_name(
        &self,
        member: MemberId,
        name: Name,
        address: Address,
        until: Timestamp,
    ) -> Answer<'_, ()>;

    /// Who holds exactly this name, in any case of letters.
    fn holder(&self, name: Name) -> Answer<'_, Option<MemberId>>;

    /// Who holds this name or one that looks like it.
    fn holders(&self, name: Name) -> Answer<'_, Vec<MemberId>>;

    /// The first of `names` that nobody but `member` holds and that is not registered.
    fn first_free(&self, member: MemberId, names: Vec<Name>) -> Answer<'_, Option<Name>>;
}

// ---- people ----

/// Something for another node, or for all others. It is not kept: whoever wants to know that it has come asks for an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Who has written it.
    pub from: NodeId,
    /// Whom it is for.
    pub to: NodeId,
    /// What it says.
    pub body: String,
}

/// Who is connected where, and what nodes say to each other.
pub trait People {
    /// Notes these people of `me`, in place of what was noted of them, and forgets those who are gone. This does not wait
    /// for a standby.
    fn note_people(&self, me: NodeId, people: Vec<Person>, gone: Vec<MemberId>) -> Answer<'_, ()>;

    /// People of other nodes than `me`, in the order in which they connected: the first `most`, and how many there are.
    fn people(&self, me: NodeId, most: usize) -> Answer<'_, (Vec<Person>, usize)>;

    /// Those of these who are noted.
    fn persons(&self, members: Vec<MemberId>) -> Answer<'_, Vec<Person>>;

    /// Names of people of other nodes than `me` that begin with `prefix` in any case of letters: the first `most`.
    fn names_with(&self, me: NodeId, prefix: String, most: usize) -> Answer<'_, Vec<Name>>;

    /// Leaves letters, and wakes those they are for. This does not wait for a standby.
    fn post(&self, letters: Vec<Letter>) -> Answer<'_, ()>;

    /// Takes the letters for `me`, the oldest first. Those that are too old are thrown away.
    fn collect(&self, me: NodeId) -> Answer<'_, Vec<Letter>>;
}

// ---- what else is kept ----

/// Accounts, bans and reports. The calls are those of [`Store`](crate::store::Store), where they are described.
#[allow(missing_docs, reason = "each is described where the store has it")]
pub trait Records {
    fn accounts(&self) -> Answer<'_, Vec<Name>>;
    fn account(&self, name: Name) -> Answer<'_, Option<Account>>;
    fn create_account(&self, account: Account) -> Answer<'_, ()>;
    fn change_accounts(&self, changes: Vec<(Name, AccountChange)>) -> Answer<'_, ()>;
    fn delete_account(&self, name: Name) -> Answer<'_, ()>;
    /// Deletes an account that is due, and says whether it did: not if another node was faster, or it is due no more.
    fn expire_account(&self, name: Name, unseen_since: Option<Timestamp>) -> Answer<'_, bool>;
    fn due_accounts(
        &self,
        unseen_since: Option<Timestamp>,
        most: usize,
    ) -> Answer<'_, Vec<(Name, Expiry)>>;
    fn key_owner(&self, key: Fingerprint) -> Answer<'_, Option<Name>>;
    fn keys(&self, account: Name) -> Answer<'_, Vec<AccountKey>>;
    fn add_key(&self, account: Name, key: AccountKey) -> Answer<'_, ()>;
    fn remove_key(&self, account: Name, key: Fingerprint) -> Answer<'_, ()>;
    fn bans(&self) -> Answer<'_, Vec<ServerBan>>;
    fn save_ban(&self, ban: Arc<ServerBan>) -> Answer<'_, ()>;
    fn delete_bans(&self, targets: Vec<BanTarget>) -> Answer<'_, ()>;
    /// Adds to how often each ban has kept out somebody: several nodes count.
    fn add_hits(&self, hits: Vec<(BanTarget, u64)>) -> Answer<'_, ()>;
    fn reports(&self) -> Answer<'_, Vec<Report>>;
    /// Stores a report under the next number, which it gives, and forgets those with these numbers.
    fn save_report(&self, report: Report, gone: Vec<u64>) -> Answer<'_, u64>;
}
