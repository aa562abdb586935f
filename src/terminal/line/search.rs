//! Incremental search in the history, as readline's Ctrl-R: finds what was typed so far, letter by
//! letter, from the newest line to the oldest.

use crate::limits::SEARCH_BYTES_MAX;
use crate::terminal::line::buffer::is_text;
use crate::terminal::line::history::History;

/// A search under way. The line that was half typed is not touched until a match is accepted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    needle: String,
    /// Index of the line shown, and where in it the needle begins.
    found: Option<(usize, usize)>,
    failed: bool,
}

impl Search {
    /// `(reverse search) needle: `, shown before the match.
    pub fn prompt(&self) -> String {
        let state = if self.failed {
            "no older match"
        } else {
            "reverse search"
        };
        format!("({state}) {}: ", self.needle)
    }

    /// The match that is shown and the byte offset of the needle in it. It stays when nothing
    /// further is found.
    pub fn shown<'a>(&self, history: &'a History) -> Option<(&'a str, usize)> {
        let (index, at) = self.found?;
        Some((history.get(index)?, at))
    }

    /// Looks for one more letter, first in the line that is shown. False: not found, or the needle
    /// is full.
    #[must_use]
    pub fn insert(&mut self, character: char, history: &History) -> bool {
        if self.needle.len() + character.len_utf8() > SEARCH_BYTES_MAX || !is_text(character) {
            return false;
        }
        self.needle.push(character);
        let end = self.found.map_or(history.len(), |(index, _)| index + 1);
        self.find(end, history)
    }

    /// Looks for one letter less, from the newest line on.
    #[must_use]
    pub fn erase(&mut self, history: &History) -> bool {
        self.needle.pop();
        self.found = None;
        self.find(history.len(), history)
    }

    /// Looks for an older line, with another text than the one shown.
    #[must_use]
    pub fn older(&mut self, history: &History) -> bool {
        let end = self.found.map_or(history.len(), |(index, _)| index);
        self.find(end, history)
    }

    /// Looks in the lines before `end`.
    fn find(&mut self, end: usize, history: &History) -> bool {
        if self.needle.is_empty() {
            self.failed = false;
            return true;
        }
        let older = self.found.is_some_and(|(index, _)| end <= index);
        let shown = self.shown(history).filter(|_| older).map(|(line, _)| line);
        let found = (0..end).rev().find_map(|index| {
            let line = history.get(index).filter(|line| Some(*line) != shown)?;
            Some((index, line.rfind(&self.needle)?))
        });
        self.failed = found.is_none();
        self.found = found.or(self.found);
        !self.failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history() -> History {
        let mut history = History::default();
        for line in ["build ok", "สวัสดี", "build failed", "bye", "build failed"] {
            history.push(line);
        }
        history
    }

    #[test]
    fn letters_narrow_and_again_goes_back() {
        let (mut search, history) = (Search::default(), history());
        assert!(search.insert('b', &history));
        assert_eq!(search.shown(&history), Some(("build failed", 0)));
        assert!(search.insert('y', &history));
        assert_eq!(search.shown(&history), Some(("bye", 0)));
        assert!(search.erase(&history));
        assert_eq!(search.prompt(), "(reverse search) b: ");
        let mut lines = Vec::new();
        while search.older(&history) {
            lines.extend(search.shown(&history));
        }
        assert_eq!(lines, [("bye", 0), ("build failed", 0), ("build ok", 0)]);
        assert_eq!(search.prompt(), "(no older match) b: ");
    }

    #[test]
    fn a_match_stays_when_the_next_letter_is_not_found() {
        let (mut search, history) = (Search::default(), history());
        assert!(search.insert('ว', &history));
        assert_eq!(search.shown(&history), Some(("สวัสดี", 3)));
        assert!(!search.insert('x', &history));
        assert_eq!(search.shown(&history), Some(("สวัสดี", 3)));
        assert!(search.erase(&history));
        assert_eq!(search.prompt(), "(reverse search) ว: ");
    }

    #[test]
    fn the_needle_is_bounded() {
        let (mut search, history) = (Search::default(), history());
        for _ in 0..2 * SEARCH_BYTES_MAX {
            assert!(!search.insert('z', &history));
        }
        assert_eq!(search.needle.len(), SEARCH_BYTES_MAX);
    }
}
