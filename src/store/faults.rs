//! Failures and delays on demand: what a simulation puts between a server and its store.
//!
//! A store without faults pays one comparison for a request.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_lite::future;

use super::{Backend, Outcome, Proposal, Store, StoreError};
use crate::chat::history::RoomId;
use crate::chat::room::{At, Entry};
use crate::runtime::Clock;

/// Decides what becomes of each request to a store.
pub trait Faults: fmt::Debug + Send + Sync {
    /// What happens to the next request, which is of this kind.
    fn next(&self, operation: Operation) -> Fault;
}

/// The kinds of requests to a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Append to the log of a room.
    Append,
    /// Create a room.
    Create,
    /// Read rooms or lines.
    Read,
    /// Read or change accounts.
    Account,
}

/// What happens to a request.
#[derive(Clone, Debug, Default)]
pub enum Fault {
    /// Nothing: it is done as if there were no faults.
    #[default]
    None,
    /// It fails with [`StoreError::Unavailable`]. Nothing of it is done.
    Fail,
    /// Whoever asks panics. Nothing of it is done.
    Panic,
    /// It is done after other tasks had so many turns.
    Late(u32),
    /// It hangs for so long before it is done.
    Hang(Clock, Duration),
    /// An append is refused as stale: others were faster with these entries, which are in the log before it. With
    /// another request nothing happens.
    Stale(Vec<Entry>),
    /// An append is stored behind these entries of others, who were faster and have not changed who may do what. With
    /// another request nothing happens.
    Overtaken(Vec<Entry>),
    /// As [`Fault::Overtaken`], and the entries of others are told twice: a store that is asked and tells by itself
    /// may do both. With another request nothing happens.
    ToldTwice(Vec<Entry>),
}

impl Fault {
    /// What happens to a request that is no append.
    pub(super) async fn strike(self) -> Result<(), StoreError> {
        match self {
            Fault::None | Fault::Stale(_) | Fault::Overtaken(_) | Fault::ToldTwice(_) => Ok(()),
            Fault::Fail => Err(StoreError::Unavailable),
            Fault::Panic => panic!("a fault of the store, on purpose"),
            Fault::Late(turns) => {
                for _ in 0..turns {
                    future::yield_now().await;
                }
                Ok(())
            }
            Fault::Hang(clock, time) => {
                clock.after(time).await;
                Ok(())
            }
        }
    }
}

impl Store {
    /// Another store that has what this one has at this moment and nothing that comes later: what a server finds whose
    /// forerunner has died. `None`: this one is not in memory.
    pub fn as_it_is(&self) -> Option<Store> {
        match &self.backend {
            Backend::Memory(memory) => {
                Some(Store::on(Backend::Memory(Arc::new(memory.as_it_is()))))
            }
            Backend::Sqlite(_) | Backend::Cluster(_) => None,
        }
    }

    pub(super) async fn append_with(
        &self,
        fault: Fault,
        room: RoomId,
        at: At,
        proposal: Proposal,
    ) -> Result<Outcome, StoreError> {
        let (others, is_stale, times) = match fault {
            Fault::Stale(others) => (others, true, 1),
            Fault::Overtaken(others) => (others, false, 1),
            Fault::ToldTwice(others) => (others, false, 2),
            fault => {
                fault.strike().await?;
                return self.append_unharmed(room, at, proposal).await;
            }
        };
        let others = Proposal::new(proposal.time, others);
        let Outcome::Stored { entries, .. } = self.append_unharmed(room, at, others).await? else {
            return Err(StoreError::Unavailable);
        };
        if is_stale {
            return Ok(Outcome::Stale {
                newer: entries,
                refused: proposal.entries,
            });
        }
        let at = At {
            seq: at.seq + entries.len() as u64,
            ..at
        };
        let outcome = self.append_unharmed(room, at, proposal).await?;
        Ok(match outcome {
            Outcome::Stored { entries: own, .. } => Outcome::Stored {
                before: vec![entries; times].concat(),
                entries: own,
            },
            stale => stale,
        })
    }
}
