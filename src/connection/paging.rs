//! *Pure.* Where in a room's past its user is looking.

use std::num::NonZeroU16;
use std::sync::Arc;

use crate::chat::message::Message;
use crate::limits::{HISTORY_PAGE_LINES, PAGE_LINES_MIN, PAGE_OTHER_ROWS, WINDOW_ROWS_USUAL};

/// What was shown last of a room's past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Page {
    /// The number of its first line.
    first: u64,
    /// That of its last one; `None`: what came after it was shown too, as it was said.
    last: Option<u64>,
    /// Lines that may be said before it is out of sight.
    in_sight: usize,
}

/// What Page Down shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Newer {
    /// The lines after the one with this number.
    After(u64),
    /// Nothing: the newest is in sight.
    Nothing,
}

impl Page {
    /// The last lines of a room were shown at a join, on a screen with so many rows.
    pub(super) fn at_join(lines: &[Arc<Message>], rows: Option<NonZeroU16>) -> Option<Page> {
        let rows = usize::from(rows.map_or(WINDOW_ROWS_USUAL, NonZeroU16::get));
        Some(Page {
            first: lines.first()?.id,
            last: None,
            in_sight: rows.saturating_sub(lines.len()),
        })
    }

    /// These lines were asked for.
    pub(super) fn of(lines: &[Arc<Message>]) -> Option<Page> {
        Some(Page {
            first: lines.first()?.id,
            last: Some(lines.last()?.id),
            in_sight: 0,
        })
    }

    /// So many lines were said. False once the page is out of sight: what comes before the newest lines is asked for
    /// next.
    pub(super) fn stays_in_sight(&mut self, lines: usize) -> bool {
        let in_sight = self.in_sight.checked_sub(lines);
        self.in_sight = in_sight.unwrap_or(0);
        in_sight.is_some()
    }

    /// The number before which the next older page ends.
    pub(super) fn before(page: Option<&Page>) -> u64 {
        page.map_or(u64::MAX, |page| page.first)
    }

    /// What Page Down shows.
    pub(super) fn newer(page: Option<&Page>) -> Newer {
        page.and_then(|page| page.last)
            .map_or(Newer::Nothing, Newer::After)
    }
}

/// Lines of a page on a screen with so many rows.
pub(super) fn page_lines(rows: Option<NonZeroU16>) -> usize {
    match rows {
        Some(rows) => usize::from(rows.get())
            .saturating_sub(PAGE_OTHER_ROWS)
            .max(PAGE_LINES_MIN),
        None => HISTORY_PAGE_LINES,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::message::{Kind, MemberId};
    use crate::chat::name::Name;
    use crate::time::Timestamp;

    fn lines(ids: std::ops::RangeInclusive<u64>) -> Vec<Arc<Message>> {
        let line = |id| {
            Arc::new(Message {
                id,
                time: Timestamp(0),
                member: MemberId(1),
                name: Name::anon(),
                kind: Kind::Message,
                text: "hi".into(),
            })
        };
        ids.map(line).collect()
    }

    #[test]
    fn what_was_shown_at_a_join_is_not_shown_again_while_it_is_in_sight() {
        let mut page = Page::at_join(&lines(91..=100), None).expect("lines");
        assert!(page.stays_in_sight(10));
        assert_eq!(Page::before(Some(&page)), 91);
        assert_eq!(Page::newer(Some(&page)), Newer::Nothing);
        assert!(!page.stays_in_sight(5));
        assert_eq!(Page::before(None), u64::MAX);
        assert_eq!(Page::newer(None), Newer::Nothing);
        assert_eq!(Page::at_join(&[], None), None);
    }

    #[test]
    fn a_page_that_was_asked_for_leads_back_and_forth_until_something_new_is_said() {
        let mut page = Page::of(&lines(61..=80)).expect("lines");
        assert_eq!(Page::before(Some(&page)), 61);
        assert_eq!(Page::newer(Some(&page)), Newer::After(80));
        assert!(page.stays_in_sight(0));
        assert!(!page.stays_in_sight(1));
        assert_eq!(Page::of(&[]), None);
    }

    #[test]
    fn a_page_fills_the_screen() {
        let table = [(None, 20), (Some(24), 21), (Some(12), 9), (Some(4), 5)];
        for (rows, expected) in table {
            assert_eq!(
                page_lines(rows.and_then(NonZeroU16::new)),
                expected,
                "{rows:?}"
            );
        }
    }
}
