//! *Pure.* Line discipline: bytes become lines.
//!
//! Who echoes and edits decides which half of this module is at work:
//!
//! - [`line_mode`]: the client's own terminal echoes and edits, and sends finished lines.
//! - character mode: we echo and edit. Bytes become [`keys`], keys change a line in the [`editor`] (with its
//!   [`buffer`], [`history`], [`search`], [`complete`]ion and [`paste`]), and a [`row`] shows it.

pub mod line_mode;

pub mod keys;

pub mod editor;

pub mod buffer;
pub mod complete;
pub mod history;
pub mod paste;
pub mod search;

pub mod row;

pub use editor::{Editor, Outcome};
pub use keys::{Key, Keys};
pub use line_mode::{End, Event, LineMode};
pub use row::Row;
