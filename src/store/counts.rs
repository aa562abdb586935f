//! What is counted of the work that a file is asked for.

use std::sync::Arc;

use crate::counts::{Counter, Histogram, Timed};

/// What is asked of a store and not answered yet, and how long answers took: from when it was asked, the wait for others
/// included. A store in memory answers at once and counts nothing.
#[derive(Debug, Default)]
pub struct StoreCounts {
    /// What was said and decided in rooms.
    pub append: Arc<Timed>,
    /// Other changes.
    pub change: Arc<Timed>,
    /// Reading, but for searches.
    pub read: Arc<Timed>,
    /// Searches.
    pub search: Arc<Timed>,
    /// How long the file took for what was committed at once.
    pub commits: Histogram,
    /// What could not be stored.
    pub failures: Counter,
}

impl StoreCounts {
    /// Each kind of work, by its name among figures.
    pub fn each(&self) -> [(&'static str, &Timed); 4] {
        [
            ("append", &self.append),
            ("change", &self.change),
            ("read", &self.read),
            ("search", &self.search),
        ]
    }
}
