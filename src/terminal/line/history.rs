//! The lines that were sent, for Up and Down and for the search.

use std::collections::{BTreeMap, VecDeque};

use crate::limits::{RECALL_BYTES_MAX, RECALL_LINES_MAX};

/// Lines that were sent, oldest first, and the place that Up and Down have reached.
///
/// Bounded by [`RECALL_LINES_MAX`] and [`RECALL_BYTES_MAX`]: the oldest go. Owns no heap until
/// the first line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    lines: VecDeque<String>,
    bytes: usize,
    /// Index of the line that is shown, if it is one of these.
    at: Option<usize>,
    /// What was half typed before the first Up.
    draft: String,
    /// Lines as they were edited since, by their index: sent or not, they are as they were once a line is sent.
    edited: BTreeMap<usize, String>,
}

impl History {
    /// Adds a line and goes back to the newest end. Blank lines and a line like the last one are
    /// not stored.
    pub fn push(&mut self, line: &str) {
        self.at = None;
        self.draft = String::new();
        self.edited = BTreeMap::new();
        let again = self.lines.back().is_some_and(|last| last == line);
        if line.trim().is_empty() || again || line.len() > RECALL_BYTES_MAX {
            return;
        }
        self.bytes += line.len();
        self.lines.push_back(line.to_owned());
        while self.lines.len() > RECALL_LINES_MAX || self.bytes > RECALL_BYTES_MAX {
            let oldest = self.lines.pop_front();
            self.bytes -= oldest.map_or(0, |line| line.len());
        }
    }

    /// One line back. `current` is what stands in the editor, half typed or edited; it is kept.
    pub fn previous(&mut self, current: &str) -> Option<&str> {
        let at = match self.at {
            Some(at) => at.checked_sub(1)?,
            None => self.lines.len().checked_sub(1)?,
        };
        self.keep(current);
        self.at = Some(at);
        self.shown()
    }

    /// One line forward, at the end the half-typed line.
    pub fn next(&mut self, current: &str) -> Option<&str> {
        let at = self.at? + 1;
        self.keep(current);
        self.at = (at < self.lines.len()).then_some(at);
        self.shown()
    }

    /// Keeps what stands in the editor in place of the line that is shown.
    fn keep(&mut self, current: &str) {
        let Some(at) = self.at else {
            return current.clone_into(&mut self.draft);
        };
        if self.get(at) == Some(current) {
            self.edited.remove(&at);
            return;
        }
        let others = self.edited.iter().filter(|(index, _)| **index != at);
        let bytes: usize = others.map(|(_, line)| line.len()).sum();
        // Beyond the bound an edit can be undone, as it always can.
        if bytes + current.len() <= RECALL_BYTES_MAX {
            self.edited.insert(at, current.to_owned());
        }
    }

    /// The line at the place that was reached, as it was edited.
    fn shown(&self) -> Option<&str> {
        match self.at {
            Some(at) => self.edited.get(&at).map(String::as_str).or(self.get(at)),
            None => Some(&self.draft),
        }
    }

    /// The line at `index`, counted from the oldest.
    pub fn get(&self, index: usize) -> Option<&str> {
        self.lines.get(index).map(String::as_str)
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// There is no line.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(lines: &[&str]) -> History {
        let mut history = History::default();
        for line in lines {
            history.push(line);
        }
        history
    }

    #[test]
    fn up_and_down_come_back_to_the_half_typed_line() {
        let mut history = history(&["one", "two"]);
        assert_eq!(history.next(""), None);
        assert_eq!(history.previous("half"), Some("two"));
        assert_eq!(history.previous("two"), Some("one"));
        assert_eq!(history.previous("one"), None);
        assert_eq!(history.next("one"), Some("two"));
        assert_eq!(history.next("two"), Some("half"));
        assert_eq!(history.next("half"), None);
    }

    #[test]
    fn what_was_edited_in_recalled_lines_is_kept_until_one_is_sent() {
        let mut history = history(&["one", "two"]);
        assert_eq!(history.previous("half"), Some("two"));
        assert_eq!(history.previous("two and a bit"), Some("one"));
        assert_eq!(history.next("on"), Some("two and a bit"));
        assert_eq!(history.previous("two and a bit"), Some("on"));
        // What is put back as it was is not edited.
        assert_eq!(history.next("one"), Some("two and a bit"));
        assert_eq!(history.edited.len(), 1);
        history.push("on");
        assert_eq!(history.previous(""), Some("on"));
        assert_eq!(history.previous("on"), Some("two"));
        assert_eq!(history.previous("two"), Some("one"));
    }

    #[test]
    fn edits_have_a_bound() {
        let mut history = history(&["one", "two", "three"]);
        history.previous("");
        for byte in ["a", "b"] {
            history.previous(&byte.repeat(RECALL_BYTES_MAX - 100));
        }
        let bytes: usize = history.edited.values().map(String::len).sum();
        assert!(bytes <= RECALL_BYTES_MAX);
    }

    #[test]
    fn blank_lines_and_repeats_are_not_stored() {
        let history = history(&["one", "", "  ", "one", "two", "one"]);
        assert_eq!(history.lines, ["one", "two", "one"]);
    }

    #[test]
    fn the_oldest_lines_go() {
        let mut history = History::default();
        for number in 0..2 * RECALL_LINES_MAX {
            history.push(&number.to_string());
        }
        assert_eq!(history.len(), RECALL_LINES_MAX);
        assert_eq!(history.get(0), Some(RECALL_LINES_MAX.to_string().as_str()));
        for byte in ["a", "b", "c", "d", "e", "f"] {
            history.push(&byte.repeat(RECALL_BYTES_MAX / 4));
        }
        assert_eq!((history.len(), history.bytes), (4, RECALL_BYTES_MAX));
    }
}
