//! One node of several that share rooms, names and all else in one database.
//!
//! A node keeps nothing on disk. What it is to store goes into one [write](engine::Write) at a time, with all that waits
//! (`writer`); what others have stored is read when they say so, and handed on in the order of the logs (`follower`);
//! and it says that it lives (`lease`). Who does not is taken out of the rooms by another node.
//!
//! What is read of a log is shown, so it has to be safe: `seen` knows up to where each log is.

mod counts;
pub mod engine;
mod follower;
mod lease;
mod seen;
mod standing;
pub(in crate::store) mod taking_up;
mod writer;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_channel::{Receiver, Sender};
use futures_lite::future;
use smol::Task;

use self::engine::{Engine, EngineError, Lines, NewNode, News, NodeRow, Part, PartOutcome, Range};
use self::seen::Seen;
use self::standing::{Concern, Standing};
use self::writer::Job;
use super::page::PageSize;
use super::register::Register;
use super::{Outcome, Proposal, StoreError};
use crate::chat::history::{Found, HistoryCursor, RoomId};
use crate::chat::message::Message;
use crate::chat::node::NodeId;
use crate::chat::room::{At, Entry, Numbered};
use crate::limits::{ENGINE_RETRY_MAX, ENGINE_RETRY_MIN, NODE_START_MAX, UNSENT_AFTER};
use crate::runtime::{Clock, Runtime, Tasks};
use crate::time::Timestamp;

pub use counts::{ClusterCounts, ClusterFigures, UpkeepCounts};

/// How a server takes part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterOptions {
    /// How operators know it.
    pub label: String,
    /// For how long others wait when nothing is heard of it.
    pub lease: Duration,
    /// The version of the entries that it understands; see [`ENTRY_VERSION`](crate::chat::room::entry::ENTRY_VERSION).
    pub version: u16,
}

/// What happens elsewhere, for those who keep the rooms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Others have stored this in the log of a room.
    Entries(RoomId, Vec<Numbered>),
    /// There may be rooms that are not open here.
    Rooms,
    /// The bans of the whole server are others.
    Bans,
    /// There are letters.
    Letters,
    /// This server is to take that one out of all rooms, and then to [bury](Cluster::bury) it.
    Dead(NodeId),
    /// This server was taken for dead, and takes part again: its names are free, and it is out of its rooms.
    Rejoined,
    /// Entries of this room that are needed here were forgotten, as those are that everybody has had long enough: it has to
    /// be taken up anew.
    LogLost(RoomId),
    /// The connection to the database was lost and is there again: it may be another one, which lacks what did not wait for it.
    Reconnected,
    /// The database can be reached again.
    Healed,
}

/// A server's part among those that share rooms. Its tasks end with it.
pub struct Cluster {
    node: Arc<Node>,
    jobs: Sender<Job>,
    register: Register,
    deliveries: Receiver<Delivery>,
    running: Mutex<Vec<Task<()>>>,
}

/// What the tasks of a node have in common.
struct Node {
    engine: Arc<dyn Engine>,
    me: NodeId,
    options: ClusterOptions,
    clock: Clock,
    tasks: Tasks,
    seen: Seen,
    standing: Standing,
    barrier: async_lock::Mutex<()>,
    counts: Arc<ClusterCounts>,
    deliveries: Sender<Delivery>,
    /// Wakes the follower.
    nudge: Sender<News>,
    /// The server stops.
    hurries: AtomicBool,
    /// Rooms with something to store that could not be stored before they ended here.
    debts: Mutex<BTreeSet<RoomId>>,
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Cluster");
        shown.field("me", &self.node.me).finish_non_exhaustive()
    }
}

impl Cluster {
    /// Takes part in what `engine` keeps.
    ///
    /// # Errors
    ///
    /// A sentence that says why that is not possible.
    pub async fn join(
        engine: Arc<dyn Engine>,
        options: ClusterOptions,
        runtime: &Runtime,
    ) -> Result<Cluster, String> {
        let new = NewNode {
            number: None,
            last_write: 0,
            label: options.label.clone(),
            version: options.version,
            lease: options.lease,
        };
        let me = first_number(&*engine, new, &runtime.clock).await?;
        let (jobs, asked) = async_channel::unbounded();
        let (handed_on, deliveries) = async_channel::unbounded();
        let (nudge, nudged) = async_channel::unbounded();
        let tasks = runtime.tasks();
        let register = Register::shared(Arc::clone(&engine), runtime.clock.clone());
        let node = Arc::new(Node {
            me,
            standing: Standing::new(runtime.clock.now()),
            clock: runtime.clock.clone(),
            tasks: tasks.clone(),
            seen: Seen::default(),
            barrier: async_lock::Mutex::new(()),
            counts: Arc::default(),
            deliveries: handed_on,
            nudge,
            hurries: AtomicBool::new(false),
            debts: Mutex::default(),
            options,
            engine,
        });
        let running = vec![
            tasks.spawn(writer::run(Arc::clone(&node), asked)),
            tasks.spawn(follower::run(Arc::clone(&node), nudged)),
            tasks.spawn(lease::run(Arc::clone(&node), jobs.clone())),
        ];
        Ok(Cluster {
            node,
            jobs,
            register,
            deliveries,
            running: Mutex::new(running),
        })
    }

    /// Its number.
    pub fn me(&self) -> NodeId {
        self.node.me
    }

    /// The database.
    pub fn engine(&self) -> &Arc<dyn Engine> {
        &self.node.engine
    }

    /// The servers that take part, as this one knew when it renewed its lease last.
    pub fn nodes(&self) -> Vec<NodeRow> {
        self.node.standing.nodes()
    }

    /// The servers that take part now; as far as this one knows, if the database cannot tell.
    pub async fn nodes_now(&self) -> Vec<NodeRow> {
        let node = &self.node;
        let asked = node.engine.renew(node.me, node.options.lease).await;
        if let Ok(renewed) = asked {
            node.standing.set_nodes(renewed.nodes);
        }
        node.standing.nodes()
    }

    /// How many entries of others it has yet to hand to its rooms.
    pub fn lag(&self) -> u64 {
        let unread = self.node.seen.unread();
        unread.iter().map(|range| range.upto - range.after).sum()
    }

    /// Who is called what.
    pub(super) fn register(&self) -> &Register {
        &self.register
    }

    /// What is counted.
    pub fn counts(&self) -> &ClusterCounts {
        &self.node.counts
    }

    /// What happens elsewhere, from now on. There is one receiver.
    pub fn deliveries(&self) -> Receiver<Delivery> {
        self.deliveries.clone()
    }

    /// Why nothing can be stored just now, for operators; `None`: it can.
    pub fn trouble(&self) -> Option<String> {
        let node = &self.node;
        node.standing.trouble(node.clock.now(), node.options.lease)
    }

    /// How long its lease has run since it was renewed last.
    pub fn lease_age(&self) -> Duration {
        self.node.standing.lease_age(self.node.clock.now())
    }

    /// How it stands at the moment.
    pub fn figures(&self) -> ClusterFigures {
        let Node {
            me,
            standing,
            seen,
            counts,
            options,
            ..
        } = &*self.node;
        let now = self.node.clock.now();
        let (alive, silent) = counts.nodes();
        ClusterFigures {
            node: *me,
            alive,
            silent,
            lease_left: options.lease.saturating_sub(standing.lease_age(now)),
            is_connected: !standing.is_away(now),
            is_fenced: standing.is_fenced(),
            is_refusing: standing.is_refusing(),
            in_doubt: counts.in_doubt(),
            behind: seen.behind(),
            sure_age: standing.sure_age(now),
        }
    }

    /// How it takes part.
    pub fn options(&self) -> &ClusterOptions {
        &self.node.options
    }

    /// Does what follows from `room` having changed in the database, where others are not told by its log.
    pub(super) async fn tell_others(&self, news: News) {
        // Who misses it finds out by looking.
        let _ = self.node.engine.wake(news).await;
    }

    /// Forgets a server that is out of all rooms.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached: try again.
    pub async fn bury(&self, node: NodeId) -> Result<(), StoreError> {
        let buried = self.node.engine.bury(self.node.me, node).await;
        buried.map_err(StoreError::from)
    }

    /// Appends to the log of a room; see [`Store::append`](super::Store::append).
    pub(super) async fn append(
        &self,
        room: RoomId,
        at: At,
        proposal: Proposal,
    ) -> Result<Outcome, StoreError> {
        let node = &self.node;
        if room == RoomId::HEALTH {
            // It is in no log; that something can be stored is shown by storing something else.
            node.barrier().await?;
            return Ok(proposal.numbered(at, 1).into());
        }
        node.may_write(&proposal.entries)?;
        let closing = proposal.closing();
        let closing = closing.map(|(closing, by)| (closing, by.cloned()));
        let Proposal { entries, image, .. } = proposal;
        let part = Part {
            room,
            at,
            entries: entries.iter().cloned().collect(),
            closing,
            image,
        };
        let timing = node.counts.store.append.begin();
        let (answer, answered) = async_channel::bounded(1);
        let job = Job::append(part, node.clock.now(), answer);
        if self.jobs.try_send(job).is_err() {
            return Err(StoreError::Closed);
        }
        let outcome = answered.recv().await.unwrap_or(Err(StoreError::Closed))?;
        drop(timing);
        match outcome {
            // PostgreSQL refuses it by itself.
            PartOutcome::Stored { seq, .. } if seq <= at.seq => {
                let sign = format!(
                    "room {} had {} entries, and got number {seq}",
                    room.0, at.seq
                );
                Err(node.standing.refuse(sign))
            }
            PartOutcome::Stored { seq, id, time } => {
                let entries = numbered(entries, seq, id, time);
                let before = match seq > at.seq + 1 {
                    // If they cannot be read now, the room finds the gap, and closes it when they can.
                    true => node
                        .between(room, at.seq, seq - 1)
                        .await
                        .unwrap_or_default(),
                    false => Vec::new(),
                };
                if entries.iter().any(Numbered::ends_room) {
                    node.seen.close(room);
                }
                Ok(Outcome::Stored { before, entries })
            }
            PartOutcome::Stale { head } => {
                node.counts.stale.add(1);
                let newer = node.between(room, at.seq, head).await?;
                Ok(Outcome::Stale {
                    newer,
                    refused: entries,
                })
            }
            PartOutcome::NoRoom => Err(StoreError::NoRoom),
        }
    }

    /// The entries of a room after number `seq`, as far as they are safe.
    pub(super) async fn since(&self, room: RoomId, seq: u64) -> Result<Vec<Numbered>, StoreError> {
        let head = self.node.seen.head(room);
        self.node.between(room, seq, head).await
    }

    /// A room has failed here, and is taken up anew.
    pub(super) fn let_go(&self, room: RoomId) {
        self.node.seen.close(room);
    }

    /// Learns how far the logs go by now.
    ///
    /// # Errors
    ///
    /// If the database cannot be reached: try again.
    pub async fn learn_heads(&self) -> Result<(), StoreError> {
        let connection = self.node.engine.connection();
        let heads = self.node.engine.heads().await?;
        self.node.barrier_on(connection).await?;
        for (room, head) in heads {
            self.node.seen.goes_to(room, head);
        }
        Ok(())
    }

    pub(super) async fn page_back(
        &self,
        room: RoomId,
        before: HistoryCursor,
        size: PageSize,
    ) -> Result<Vec<Arc<Message>>, StoreError> {
        let lines = self.lines(room, size);
        let _timing = self.node.counts.store.read.begin();
        let found = self.node.engine.page_back(lines, before).await;
        found.map_err(StoreError::from)
    }

    pub(super) async fn around(
        &self,
        room: RoomId,
        id: u64,
        count: usize,
    ) -> Result<Vec<Arc<Message>>, StoreError> {
        let lines = self.lines(room, PageSize::lines(count));
        let _timing = self.node.counts.store.read.begin();
        let found = self.node.engine.around(lines, id).await;
        found.map_err(StoreError::from)
    }

    pub(super) async fn search(
        &self,
        room: RoomId,
        typed: &str,
        count: usize,
    ) -> Result<Found, StoreError> {
        let lines = self.lines(room, PageSize::lines(count));
        let _timing = self.node.counts.store.search.begin();
        let found = self.node.engine.search(lines, typed.to_owned()).await;
        found.map_err(StoreError::from)
    }

    /// Up to the last line that is safe.
    fn lines(&self, room: RoomId, size: PageSize) -> Lines {
        Lines {
            room,
            upto: self.node.seen.last_id(room),
            count: size.lines,
            bytes: size.bytes,
        }
    }

    /// Does something that changes nothing and is stored; gives up when who says something does.
    pub(super) async fn probe(&self) -> Result<(), StoreError> {
        let too_late = async {
            self.node.clock.after(UNSENT_AFTER).await;
            Err(StoreError::Unavailable)
        };
        future::or(self.node.barrier(), too_late).await
    }

    /// From now on nothing waits for the database for longer than what is said does: the server stops.
    pub(super) fn hurry(&self) {
        self.node.hurries.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_hurried(&self) -> bool {
        self.node.hurries.load(Ordering::Relaxed)
    }

    pub(super) fn note_debt(&self, room: RoomId, owes: bool) {
        let mut debts = self.node.lock_debts();
        match owes {
            true => debts.insert(room),
            false => debts.remove(&room),
        };
    }

    /// Goes in order: stores what waits, and is forgotten by the others; or taken out of the rooms, if it is still in some.
    pub(super) async fn close(&self) {
        self.jobs.close();
        let running =
            std::mem::take(&mut *self.running.lock().unwrap_or_else(PoisonError::into_inner));
        let mut running = running.into_iter();
        if let Some(writer) = running.next() {
            writer.await;
        }
        for task in running {
            task.cancel().await;
        }
        if self.node.lock_debts().is_empty() {
            // If it cannot be told now, the others find out.
            let _ = self.node.engine.bury(self.node.me, self.node.me).await;
        }
        let _ = self.node.engine.close().await;
    }
}

/// Takes part for the first time, for which a database that is busy, or has just lost its standby, is given a while.
async fn first_number(engine: &dyn Engine, new: NewNode, clock: &Clock) -> Result<NodeId, String> {
    let end = clock.now() + NODE_START_MAX;
    loop {
        match engine.join(new.clone()).await {
            Ok(me) => return Ok(me),
            Err(EngineError::Away(_)) if clock.now() < end => clock.after(ENGINE_RETRY_MAX).await,
            Err(error) => return Err(error.to_string()),
        }
    }
}

impl Node {
    /// Whether these can be written now.
    fn may_write(&self, entries: &[Entry]) -> Result<(), StoreError> {
        self.standing.may_write(self.clock.now())?;
        let least = self.standing.least_version();
        match entries.iter().all(|entry| entry.version() <= least) {
            true => Ok(()),
            false => Err(StoreError::Failed(
                "a server of an earlier version takes part, which would not understand it".into(),
            )),
        }
    }

    /// All entries of a room behind `after` up to `upto`.
    async fn between(
        &self,
        room: RoomId,
        mut after: u64,
        upto: u64,
    ) -> Result<Vec<Numbered>, StoreError> {
        let mut all = Vec::new();
        while after < upto {
            let range = Range { room, after, upto };
            let read = self.engine.entries(vec![range]).await?;
            let read = read.into_iter().map(|(_, numbered)| numbered);
            let known = all.len();
            all.extend(read);
            match all.last() {
                Some(last) if all.len() > known => after = last.seq,
                _ => break,
            }
        }
        self.seen.note(room, &all);
        Ok(all)
    }

    /// Makes sure that what could be seen before is safe, and that it is not an old copy that was seen.
    async fn barrier(&self) -> Result<(), StoreError> {
        let _one_at_a_time = self.barrier.lock().await;
        let count = self.engine.barrier(self.me).await?;
        self.standing.note_barrier(count)
    }

    /// The same for what was read over this connection. Nothing is known of it if that was lost meanwhile.
    async fn barrier_on(&self, connection: u64) -> Result<(), StoreError> {
        self.barrier().await?;
        match self.engine.connection() == connection {
            true => Ok(()),
            false => Err(StoreError::Unavailable),
        }
    }

    fn lock_debts(&self) -> MutexGuard<'_, BTreeSet<RoomId>> {
        self.debts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits before a call is tried again; longer each time.
    async fn wait_to_retry(&self, wait: &mut Duration) {
        self.clock.after(*wait).await;
        *wait = (*wait * 2).min(crate::limits::ENGINE_RETRY_MAX);
    }

    fn first_wait() -> Duration {
        ENGINE_RETRY_MIN
    }

    /// The database has not answered since then, for this reason.
    fn note_away(&self, concern: Concern, since: std::time::Instant, why: &str) {
        if self.standing.note_away(concern, since) {
            tracing::warn!("{why}");
        }
    }

    /// The database has answered.
    fn note_answer(&self, concern: Concern) {
        if let Some(since) = self.standing.note_answer(concern) {
            let away = self.clock.now().saturating_duration_since(since);
            if away >= crate::limits::UNSENT_AFTER {
                tracing::warn!("the database answers again, after {} s", away.as_secs());
                self.deliver(Delivery::Healed);
            }
        }
    }

    fn deliver(&self, delivery: Delivery) {
        // Nobody may want to know any more.
        let _ = self.deliveries.try_send(delivery);
    }
}

/// Entries as they are stored: from `seq` on, and lines from `id` on.
fn numbered(entries: Vec<Entry>, seq: u64, id: u64, time: Timestamp) -> Vec<Numbered> {
    let mut id = id;
    let numbered = |(seq, mut entry)| {
        if let Entry::Said(message) = &mut entry {
            // Nobody else has it any more, so nothing is copied.
            let message = Arc::make_mut(message);
            message.id = id;
            message.time = time;
            id += 1;
        }
        Numbered { seq, time, entry }
    };
    (seq..).zip(entries).map(numbered).collect()
}

impl From<EngineError> for StoreError {
    /// Of a call that can be made again: whether it was done is not known to matter.
    fn from(error: EngineError) -> StoreError {
        match error {
            EngineError::Away(_) | EngineError::Doubt(_) | EngineError::Fenced => {
                StoreError::Unavailable
            }
            EngineError::Refused(why) => why,
        }
    }
}
