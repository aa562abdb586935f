//! Failures and delays on demand: what a simulation puts between a server and its store.
//!
//! A store without faults pays one comparison for a request.

use std::fmt;

use futures_lite::future;

use super::StoreError;

/// Decides what becomes of each request to a store.
pub trait Faults: fmt::Debug + Send + Sync {
    /// What happens to the next request, which is of this kind.
    fn next(&self, operation: Operation) -> Fault;
}

/// The kinds of requests to a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Change a room: lines, topic, moderation, its end.
    Append,
    /// Create a room.
    Create,
    /// Read rooms or lines.
    Read,
    /// Read or change accounts.
    Account,
}

/// What happens to a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: it is done as if there were no faults.
    #[default]
    None,
    /// It fails with [`StoreError::Unavailable`]. Nothing of it is done.
    Fail,
    /// It is done after other tasks had so many turns.
    Late(u32),
}

impl Fault {
    pub(super) async fn strike(self) -> Result<(), StoreError> {
        match self {
            Fault::None => Ok(()),
            Fault::Fail => Err(StoreError::Unavailable),
            Fault::Late(turns) => {
                for _ in 0..turns {
                    future::yield_now().await;
                }
                Ok(())
            }
        }
    }
}
