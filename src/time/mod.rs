//! *Pure.* Points in time, time zones, how people write both, and rates.

pub mod duration;
pub mod local;
pub mod rate;
pub mod steady;
pub mod zone;

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The time since `earlier`; zero if that is later, since clocks can be set back.
    pub fn since(self, earlier: Timestamp) -> Duration {
        let ms = self.0.saturating_sub(earlier.0);
        Duration::from_millis(u64::try_from(ms).unwrap_or(0))
    }

    /// The time `after` this one.
    pub fn after(self, after: Duration) -> Timestamp {
        let ms = i64::try_from(after.as_millis()).unwrap_or(i64::MAX);
        Timestamp(self.0.saturating_add(ms))
    }

    /// The time so much `earlier` than this one.
    pub fn before(self, earlier: Duration) -> Timestamp {
        let ms = i64::try_from(earlier.as_millis()).unwrap_or(i64::MAX);
        Timestamp(self.0.saturating_sub(ms))
    }
}
