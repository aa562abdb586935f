//! What is counted of a server's part among several.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use crate::chat::node::NodeId;
use crate::counts::Counter;
use crate::store::StoreCounts;

/// What a node has done and gone through.
#[derive(Debug, Default)]
pub struct ClusterCounts {
    /// What was asked of the database, as of any store. A commit is a write of the node, with all that waited.
    pub store: StoreCounts,
    /// Entries that this node has written.
    pub written: Counter,
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
    /// How often it has taken part again after that.
    pub rejoined: Counter,
    /// How often it has taken another one for dead.
    pub condemned: Counter,
    /// Letters to other nodes.
    pub letters: Counter,
    /// Those of them that nobody has answered in time.
    pub letters_unanswered: Counter,
    /// What it does for all nodes.
    pub upkeep: Arc<UpkeepCounts>,
    /// Entries of a write of which it is not known whether they are stored.
    in_doubt: AtomicUsize,
    /// Nodes that have given a sign of life, and others.
    nodes: [AtomicUsize; 2],
}

impl ClusterCounts {
    /// It is in doubt whether so many entries are stored; of none: not any more.
    pub(super) fn set_in_doubt(&self, entries: usize) {
        self.in_doubt.store(entries, Ordering::Relaxed);
    }

    /// So many nodes take part, and of so many others nothing is heard.
    pub(super) fn set_nodes(&self, alive: usize, silent: usize) {
        self.nodes[0].store(alive, Ordering::Relaxed);
        self.nodes[1].store(silent, Ordering::Relaxed);
    }

    pub(super) fn in_doubt(&self) -> usize {
        self.in_doubt.load(Ordering::Relaxed)
    }

    pub(super) fn nodes(&self) -> (usize, usize) {
        let [alive, silent] = &self.nodes;
        (
            alive.load(Ordering::Relaxed),
            silent.load(Ordering::Relaxed),
        )
    }
}

/// What a node has done of what one node at a time does for all of them.
#[derive(Debug, Default)]
pub struct UpkeepCounts {
    /// Lines that were entered into the search index.
    pub entered: Counter,
    /// Lines that were forgotten.
    pub forgotten: Counter,
    /// Other entries of logs that nobody needs any more.
    pub pruned: Counter,
    /// What has failed.
    pub failures: Counter,
    is_busy: AtomicBool,
}

impl UpkeepCounts {
    /// It is this node that does it, or not.
    pub(in crate::store) fn set_busy(&self, is_busy: bool) {
        self.is_busy.store(is_busy, Ordering::Relaxed);
    }

    /// Whether it is this node that does it.
    pub fn is_busy(&self) -> bool {
        self.is_busy.load(Ordering::Relaxed)
    }
}

/// How a node stands at one moment. By default: there are no others, and no database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterFigures {
    /// Its number.
    pub node: NodeId,
    /// Nodes that have given a sign of life, this one included.
    pub alive: usize,
    /// Nodes of which nothing was heard for longer than their leases.
    pub silent: usize,
    /// How much of its lease is left.
    pub lease_left: Duration,
    /// The database answers.
    pub is_connected: bool,
    /// The others take it for dead.
    pub is_fenced: bool,
    /// It stores nothing any more, since the database has gone back in time.
    pub is_refusing: bool,
    /// Entries of a write of which it is not known whether they are stored.
    pub in_doubt: usize,
    /// Entries of other nodes that it knows of and has not read.
    pub behind: u64,
    /// How long ago it was sure last that it knows of all that others have stored.
    pub sure_age: Duration,
}
