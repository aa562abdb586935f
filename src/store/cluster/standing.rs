//! How a node stands with the database and with the others.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::engine::NodeRow;
use crate::limits::UNSENT_AFTER;
use crate::store::StoreError;

/// What the database is asked for all the time. It may answer to one and not to the other: a write waits for a standby that
/// is away, and finds no space on a disk that is full; a lease needs neither.
#[derive(Clone, Copy, Debug)]
pub(super) enum Concern {
    /// Something is written.
    Write,
    /// The lease is renewed.
    Lease,
}

/// How a node stands.
#[derive(Debug)]
pub(super) struct Standing(Mutex<State>);

#[derive(Debug)]
struct State {
    /// Since when the database does not answer to each [`Concern`].
    away_since: [Option<Instant>; 2],
    /// Something is being written, or waits for that.
    is_writing: bool,
    /// The others take this node for dead.
    is_fenced: bool,
    /// Why nothing is written any more, until an operator has looked at it.
    refuses: Option<String>,
    /// When the lease was renewed last.
    renewed: Instant,
    /// Since when it was renewed without a gap.
    steady_since: Instant,
    /// When it was looked last how far all logs go.
    sure: Instant,
    /// The greatest barrier.
    barrier: u64,
    /// The version of entries that all nodes understand.
    least_version: u16,
    /// Who takes part.
    nodes: Vec<NodeRow>,
}

impl State {
    /// Since when the database does not answer to something.
    fn away_since(&self) -> Option<Instant> {
        self.away_since.into_iter().flatten().min()
    }

    fn is_away(&self, now: Instant) -> bool {
        let is_long = |since: Instant| now.saturating_duration_since(since) >= UNSENT_AFTER;
        self.away_since().is_some_and(is_long)
    }
}

impl Standing {
    /// A node that has come in just now.
    pub(super) fn new(now: Instant) -> Standing {
        Standing(Mutex::new(State {
            away_since: [None; 2],
            is_writing: false,
            is_fenced: false,
            refuses: None,
            renewed: now,
            steady_since: now,
            sure: now,
            barrier: 0,
            least_version: u16::MAX,
            nodes: Vec::new(),
        }))
    }

    /// Whether it is of any use to wait for something to be stored.
    pub(super) fn may_write(&self, now: Instant) -> Result<(), StoreError> {
        let state = self.lock();
        if let Some(why) = &state.refuses {
            return Err(StoreError::Failed(why.clone()));
        }
        match state.is_away(now) {
            true => Err(StoreError::Unavailable),
            false => Ok(()),
        }
    }

    /// Whether the database has not answered for so long that it is of no use to wait.
    pub(super) fn is_away(&self, now: Instant) -> bool {
        self.lock().is_away(now)
    }

    /// Why nothing can be stored, where others wait for so long when nothing is heard of this node.
    pub(super) fn trouble(&self, now: Instant, lease: Duration) -> Option<String> {
        let state = self.lock();
        if let Some(why) = &state.refuses {
            return Some(why.clone());
        }
        if state.is_fenced {
            return Some("the other nodes take this one for dead; it is coming back".to_owned());
        }
        if let Some(since) = state.away_since().filter(|_| state.is_away(now)) {
            let since = now.saturating_duration_since(since).as_secs();
            return Some(format!("the database has not answered for {since} s"));
        }
        let age = now.saturating_duration_since(state.renewed);
        (age > lease).then(|| {
            let age = age.as_secs();
            format!("its lease is over: the other nodes have heard nothing of it for {age} s")
        })
    }

    /// The database has not answered since then. True if that is news.
    pub(super) fn note_away(&self, concern: Concern, since: Instant) -> bool {
        let mut state = self.lock();
        let is_news = state.away_since().is_none();
        state.away_since[concern as usize].get_or_insert(since);
        is_news
    }

    /// The database has answered. Gives since when it had not, if nothing else waits for it still.
    pub(super) fn note_answer(&self, concern: Concern) -> Option<Instant> {
        let mut state = self.lock();
        let since = state.away_since();
        state.away_since[concern as usize] = None;
        if !state.is_writing {
            // Whoever writes next finds out.
            state.away_since[Concern::Write as usize] = None;
        }
        since.filter(|_| state.away_since().is_none())
    }

    /// Something is being written, or waits for that; or nothing is and does any more.
    pub(super) fn set_writing(&self, is_writing: bool) {
        self.lock().is_writing = is_writing;
    }

    /// The others take this node for dead, or not any more. True if that is news.
    pub(super) fn note_fenced(&self, is_fenced: bool) -> bool {
        let mut state = self.lock();
        std::mem::replace(&mut state.is_fenced, is_fenced) != is_fenced
    }

    pub(super) fn is_fenced(&self) -> bool {
        self.lock().is_fenced
    }

    /// The lease was renewed now. A gap of more than `gap_max` since the last time makes it begin anew.
    pub(super) fn note_renewed(&self, now: Instant, gap_max: Duration) {
        let mut state = self.lock();
        if now.saturating_duration_since(state.renewed) > gap_max {
            state.steady_since = now;
        }
        state.renewed = now;
    }

    /// For how long it was renewed without a gap.
    pub(super) fn steady_for(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.lock().steady_since)
    }

    /// It is known how far all logs go.
    pub(super) fn note_sure(&self, now: Instant) {
        self.lock().sure = now;
    }

    pub(super) fn sure_age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.lock().sure)
    }

    pub(super) fn lease_age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.lock().renewed)
    }

    /// A barrier has this number; one is made after the other.
    ///
    /// # Errors
    ///
    /// If there was a greater one before.
    pub(super) fn note_barrier(&self, count: u64) -> Result<(), StoreError> {
        let before = {
            let mut state = self.lock();
            let before = state.barrier;
            state.barrier = before.max(count);
            before
        };
        match count <= before {
            true => Err(self.refuse(format!("its counter was {before} and is {count}"))),
            false => self.may_go_on(),
        }
    }

    /// From now on nothing is written: this shows that the data is older than it was.
    pub(super) fn refuse(&self, sign: String) -> StoreError {
        let mut state = self.lock();
        let why = state.refuses.get_or_insert_with(|| {
            let why = format!(
                "the database has gone back in time ({sign}): somebody has restored an old copy under running servers. \
                 Nothing is stored here until this server is started again"
            );
            tracing::error!("{why}");
            why
        });
        StoreError::Failed(why.clone())
    }

    fn may_go_on(&self) -> Result<(), StoreError> {
        match &self.lock().refuses {
            Some(why) => Err(StoreError::Failed(why.clone())),
            None => Ok(()),
        }
    }

    pub(super) fn is_refusing(&self) -> bool {
        self.lock().refuses.is_some()
    }

    /// These take part, which may be less than everybody a moment later.
    pub(super) fn set_nodes(&self, nodes: Vec<NodeRow>) {
        self.lock().nodes = nodes;
    }

    pub(super) fn nodes(&self) -> Vec<NodeRow> {
        self.lock().nodes.clone()
    }

    pub(super) fn set_least_version(&self, version: u16) {
        self.lock().least_version = version;
    }

    pub(super) fn least_version(&self) -> u16 {
        self.lock().least_version
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
