//! The clock.

use crate::time::Timestamp;

/// The time by the machine's clock.
pub fn now() -> Timestamp {
    Timestamp(jiff::Timestamp::now().as_millisecond())
}
