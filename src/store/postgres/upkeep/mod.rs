//! What has to be done now and then for all nodes together, off the way of what is said: lines are entered into the search
//! index and forgotten when they are old, closed rooms end, and of the logs goes what nobody needs any more.
//!
//! One node does it at a time, the one that has the lock; when it goes, or sleeps for too long, another one does. All of it
//! is done in small steps on a connection of its own, which waits for no disk: what is lost in a crash is done again.

mod closed;
mod forget;
mod prune;

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_lite::future;
use tokio_postgres::Error;
use tracing::{debug, warn};

use super::lane::Shared;
use super::search::fill;
use super::session::{Role, Session};
use super::verdict::describe;
use crate::limits::{
    CLOCK_JUMP_MAX, FILL_REST, FORGET_EVERY, FORGET_PAUSE, INDEX_GATHER, INDEX_REST_MAX,
    UPKEEP_LOOK_EVERY, UPKEEP_RETRY,
};
use crate::store::Retention;
use crate::store::cluster::UpkeepCounts;
use crate::time::Timestamp;

/// Takes part in it until all is to end.
pub(super) async fn run(shared: Arc<Shared>, keep: Retention, counts: Arc<UpkeepCounts>) {
    let closed = Arc::clone(&shared);
    let upkeep = Upkeep {
        clock_is_doubted: false,
        shared,
        keep,
        counts,
    };
    future::or(upkeep.run(), closed.closed()).await;
}

struct Upkeep {
    shared: Arc<Shared>,
    keep: Retention,
    counts: Arc<UpkeepCounts>,
    /// The clock of the database is far from ours.
    clock_is_doubted: bool,
}

/// The lock of whoever does it: a number like any other, and the same for all.
const TAKE_LOCK: &str = "SELECT pg_try_advisory_lock(1886544492, 2)";

impl Upkeep {
    async fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        loop {
            match Session::connect(&shared.runtime, &shared.destination, Role::Upkeep, None).await {
                Ok((session, wire)) => {
                    let working = async {
                        if let Err(error) = self.work(&session).await {
                            self.counts.failures.add(1);
                            // It is tried again, and nothing is lost meanwhile.
                            warn!("what is old cannot be cleared up now: {}", describe(&error));
                        }
                    };
                    future::or(working, wire).await;
                    self.counts.set_busy(false);
                }
                // The others tell of it.
                Err(failure) => debug!("no connection for upkeep: {failure}"),
            }
            self.shared.runtime.clock.after(UPKEEP_RETRY).await;
        }
    }

    /// Does what there is to do, from when nobody else does.
    async fn work(&mut self, session: &Session) -> Result<(), Error> {
        while !self.has_lock(session).await? {
            self.shared.runtime.clock.after(UPKEEP_LOOK_EVERY).await;
        }
        self.counts.set_busy(true);
        let mut forget_at = self.shared.runtime.clock.now();
        loop {
            let begun = Instant::now();
            let filled = fill::step(session).await?;
            self.counts.entered.add(filled.lines);
            if self.shared.runtime.clock.now() >= forget_at {
                self.clear_up(session).await?;
                forget_at = self.shared.runtime.clock.now() + FORGET_EVERY;
            }
            // Others are at work: most of the time is theirs.
            let pause = match filled.has_more {
                true => (begun.elapsed() * FILL_REST).min(INDEX_REST_MAX),
                false => INDEX_GATHER,
            };
            self.shared.runtime.clock.after(pause).await;
        }
    }

    async fn has_lock(&self, session: &Session) -> Result<bool, Error> {
        let row = session.query_opt(TAKE_LOCK, &[]).await?;
        row.map_or(Ok(false), |row| row.try_get(0))
    }

    /// Lets go what is over.
    async fn clear_up(&mut self, session: &Session) -> Result<(), Error> {
        prune::leftovers(session).await?;
        let Some(now) = self.believed(session).await? else {
            return Ok(());
        };
        while let Some(gone) = closed::step(session, now).await? {
            self.counts.forgotten.add(gone);
            self.pause().await;
        }
        let mut room = 0;
        while let Some((next, gone)) = forget::step(session, self.keep, now, room).await? {
            self.counts.forgotten.add(gone);
            room = next;
            self.pause().await;
        }
        room = 0;
        while let Some((next, gone)) = prune::step(session, now, room).await? {
            self.counts.pruned.add(gone);
            room = next;
            self.pause().await;
        }
        Ok(())
    }

    async fn pause(&self) {
        self.shared.runtime.clock.after(FORGET_PAUSE).await;
    }

    /// What time it is by the clock of the database; `None` if that is far from what ours says: if one of them has jumped,
    /// nothing is to end by it.
    async fn believed(&mut self, session: &Session) -> Result<Option<Timestamp>, Error> {
        let row = session.query_opt("SELECT parlor.now_ms()", &[]).await?;
        let now: i64 = row.map_or(Ok(0), |row| row.try_get(0))?;
        let own = self.shared.runtime.clock.timestamp();
        let apart = Duration::from_millis(now.abs_diff(own.0));
        let was_doubted = std::mem::replace(&mut self.clock_is_doubted, apart > CLOCK_JUMP_MAX);
        if self.clock_is_doubted && !was_doubted {
            warn!(
                "the clock of the database and that of this machine are more than a day apart: nothing is deleted for being \
                 old until they agree"
            );
        }
        Ok((!self.clock_is_doubted).then_some(Timestamp(now)))
    }
}
