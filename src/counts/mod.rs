//! What is counted while the server runs, for whoever watches it.
//!
//! Counting is on the way of every line, so it takes no lock, reads no clock, and threads that count at the same time
//! do not wait for each other's processor caches. Each figure is right by itself; they need not all be of one moment.

mod counter;
mod histogram;
mod present;
mod timing;

use std::time::Instant;

pub use counter::Counter;
pub use histogram::{BOUNDS, Histogram, Snapshot};
pub use present::{Kind, Presents, Way};
pub use timing::{Sampler, Timed, Timing};

/// What one server counts.
#[derive(Debug)]
pub struct Counts {
    /// Bytes that clients have sent.
    pub bytes_in: Counter,
    /// Bytes that clients have taken.
    pub bytes_out: Counter,
    /// Lines said in rooms.
    pub lines: Counter,
    /// Lines that members did not see since they read too slowly, each for each of them.
    pub skipped: Counter,
    /// Lines that had to wait since their sender was faster than the rate.
    pub slowed: Counter,
    /// Wrong passwords, of accounts and rooms.
    pub wrong_passwords: Counter,
    /// How long lines took from the store to the sockets of members, of a sample.
    pub deliveries: Histogram,
    /// Which lines are in the sample.
    pub sampler: Sampler,
    /// The connections that are served.
    pub present: Presents,
}

impl Counts {
    /// Nothing has happened until `now`.
    pub fn new(now: Instant) -> Counts {
        Counts {
            bytes_in: Counter::default(),
            bytes_out: Counter::default(),
            lines: Counter::default(),
            skipped: Counter::default(),
            slowed: Counter::default(),
            wrong_passwords: Counter::default(),
            deliveries: Histogram::default(),
            sampler: Sampler::new(now),
            present: Presents::default(),
        }
    }
}
