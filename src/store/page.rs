//! *Pure.* How much of a room is read at once.

use crate::chat::message::Message;
use crate::limits::{STORE_PAGE_BYTES_MAX, STORE_PAGE_LINES_MAX};

/// What there is space for on a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PageSize {
    /// Lines.
    pub(super) lines: usize,
    /// Bytes of their names and texts. The line that reaches it is the last.
    pub(super) bytes: usize,
}

impl PageSize {
    /// So many lines, at most [`STORE_PAGE_LINES_MAX`], however long they are.
    pub(super) fn lines(lines: usize) -> PageSize {
        PageSize {
            lines: lines.min(STORE_PAGE_LINES_MAX),
            bytes: usize::MAX,
        }
    }

    /// The same, but at most about [`STORE_PAGE_BYTES_MAX`] of text.
    pub(super) fn bounded(self) -> PageSize {
        PageSize {
            bytes: STORE_PAGE_BYTES_MAX,
            ..self
        }
    }

    /// Whether there is no space left.
    pub(super) fn is_full(&self) -> bool {
        self.lines == 0 || self.bytes == 0
    }

    /// Takes up the space that `line` needs; false if there was none left.
    pub(super) fn take(&mut self, line: &Message) -> bool {
        if self.is_full() {
            return false;
        }
        self.lines -= 1;
        self.bytes = self.bytes.saturating_sub(line.text_bytes());
        true
    }
}
