//! One line of an export in JSON.
//!
//! ```json
//! {"type":"room","name":"1150","topic":"","created":"2026-01-02T03:04:05.678Z","last_id":2}
//! {"type":"message","room":"1150","id":1,"time":"2026-01-02T03:04:05.678Z","name":"ann","kind":"message","text":"hi"}
//! ```
//!
//! A room's line comes before those of its messages. Times are UTC with milliseconds. Where its owners have decided
//! anything, a room has a field `moderation` too: owners, lock, privacy and bans, in the words of the database.

use serde::{Deserialize, Serialize};

/// A line.
#[derive(Debug, Deserialize, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Record {
    /// A room.
    Room(RoomRecord),
    /// A message.
    Message(MessageRecord),
}

/// A room. `last_id` is the highest number that was given to a message, so that numbers are not given twice.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct RoomRecord {
    pub(super) name: String,
    #[serde(default)]
    pub(super) topic: String,
    pub(super) created: String,
    #[serde(default)]
    pub(super) last_id: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) moderation: Option<serde_json::Value>,
}

/// A message.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct MessageRecord {
    pub(super) room: String,
    pub(super) id: u64,
    pub(super) time: String,
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) text: String,
}

/// A time as it is written; `None` for one that is outside of the years 0 to 9999.
pub(in crate::store) fn time_text(ms: i64) -> Option<String> {
    let time = jiff::Timestamp::from_millisecond(ms).ok()?;
    let text = time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
    // jiff goes back to the year -9999, which few others read.
    (!text.starts_with('-')).then_some(text)
}

/// Reads a time, in any form of RFC 3339; `None` for one that [`time_text`] could not write.
pub(super) fn time_ms(text: &str) -> Option<i64> {
    let time: jiff::Timestamp = text.parse().ok()?;
    let ms = time.as_millisecond();
    time_text(ms).map(|_| ms)
}
