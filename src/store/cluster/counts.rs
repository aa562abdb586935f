//! What is counted of a server's part among several.

use std::sync::Arc;

use crate::counts::{Counter, Histogram, Timed};

/// What a node has done and gone through.
#[derive(Debug, Default)]
pub struct ClusterCounts {
    /// What was appended to logs: from when it was asked for until it was stored.
    pub append: Arc<Timed>,
    /// How long the database took for each write.
    pub writes: Histogram,
    /// Parts of writes that were decided again, since others were faster.
    pub stale: Counter,
    /// Writes of which the answer was lost.
    pub doubts: Counter,
    /// Those of them that were stored all the same.
    pub doubts_stored: Counter,
    /// Entries that were read of what others had stored.
    pub read: Counter,
    /// How often this node was taken for dead.
    pub fenced: Counter,
    /// How often it has taken another one for dead.
    pub condemned: Counter,
    /// Calls that have failed.
    pub failures: Counter,
}
