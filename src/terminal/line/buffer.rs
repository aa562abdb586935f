//! The text of one line with its cursor: moving, changing and undoing, all by grapheme.

use std::collections::VecDeque;
use std::ops::Range;

use unicode_segmentation::GraphemeCursor;

use crate::limits::{LINE_BYTES_MAX, UNDO_BYTES_MAX, UNDO_EDITS_MAX};

/// A line being edited.
///
/// The text has at most [`LINE_BYTES_MAX`] bytes and no controls, and the cursor is always on a
/// grapheme boundary. An empty buffer owns no heap.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Buffer {
    text: String,
    cursor: usize,
    undo: VecDeque<Edit>,
    undo_bytes: usize,
    /// The last edit was a typed character, which the next one may join.
    typing: bool,
}

/// One change, with what is needed to undo it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Edit {
    at: usize,
    removed: String,
    inserted: usize,
    cursor: usize,
}

impl Buffer {
    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The cursor, as a byte offset into the text.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// The text before the cursor.
    pub fn before(&self) -> &str {
        &self.text[..self.cursor]
    }

    /// The text after the cursor.
    pub fn after(&self) -> &str {
        &self.text[self.cursor..]
    }

    /// Takes the text out and forgets the undo steps.
    pub fn take(&mut self) -> String {
        std::mem::take(self).text
    }

    /// Moves the cursor to the first boundary at or after `at`.
    pub fn move_to(&mut self, at: usize) {
        self.cursor = boundary(&self.text, at);
        self.typing = false;
    }

    /// Inserts one typed character; a typed word is one undo step. False: it does not fit.
    #[must_use]
    pub fn insert(&mut self, character: char) -> bool {
        let starts_word =
            !character.is_whitespace() && self.before().ends_with(char::is_whitespace);
        let cursor = self.cursor;
        let joined = match self.undo.back_mut() {
            Some(edit) if self.typing && !starts_word && edit.at + edit.inserted == cursor => {
                Some(edit)
            }
            _ => None,
        };
        let length = character.len_utf8();
        if self.text.len() + length > LINE_BYTES_MAX || !is_text(character) {
            return false;
        }
        match joined {
            Some(edit) => edit.inserted += length,
            None => self.remember(cursor..cursor, length),
        }
        self.text.insert(cursor, character);
        self.cursor = boundary(&self.text, cursor + length);
        self.typing = true;
        true
    }

    /// Replaces `range` by `with` and puts the cursor after it, as one undo step. False: it does
    /// not fit, and nothing has changed.
    #[must_use]
    pub fn replace(&mut self, range: Range<usize>, with: &str) -> bool {
        if self.text.len() - range.len() + with.len() > LINE_BYTES_MAX || !with.chars().all(is_text)
        {
            return false;
        }
        self.remember(range.clone(), with.len());
        self.text.replace_range(range.clone(), with);
        self.cursor = boundary(&self.text, range.start + with.len());
        self.typing = false;
        true
    }

    /// Undoes the last step. False: there is none.
    #[must_use]
    pub fn undo(&mut self) -> bool {
        self.typing = false;
        let Some(edit) = self.undo.pop_back() else {
            return false;
        };
        self.undo_bytes -= edit.removed.len();
        self.text
            .replace_range(edit.at..edit.at + edit.inserted, &edit.removed);
        self.cursor = edit.cursor;
        true
    }

    /// The grapheme boundary left of the cursor, or 0.
    pub fn left(&self) -> usize {
        previous_boundary(&self.text, self.cursor)
    }

    /// The grapheme boundary right of the cursor, or the end.
    pub fn right(&self) -> usize {
        next_boundary(&self.text, self.cursor)
    }

    /// The start of the word that the cursor is in or after. `in_word` says whether a grapheme
    /// belongs to a word.
    pub fn word_left(&self, in_word: fn(&str) -> bool) -> usize {
        let mut at = self.cursor;
        for inside in [false, true] {
            while at > 0 {
                let previous = previous_boundary(&self.text, at);
                if in_word(&self.text[previous..at]) != inside {
                    break;
                }
                at = previous;
            }
        }
        at
    }

    /// The end of the word that the cursor is in or before.
    pub fn word_right(&self, in_word: fn(&str) -> bool) -> usize {
        let mut at = self.cursor;
        for inside in [false, true] {
            while at < self.text.len() {
                let next = next_boundary(&self.text, at);
                if in_word(&self.text[at..next]) != inside {
                    break;
                }
                at = next;
            }
        }
        at
    }

    fn remember(&mut self, range: Range<usize>, inserted: usize) {
        self.undo_bytes += range.len();
        self.undo.push_back(Edit {
            at: range.start,
            removed: self.text[range].to_owned(),
            inserted,
            cursor: self.cursor,
        });
        while self.undo.len() > UNDO_EDITS_MAX || self.undo_bytes > UNDO_BYTES_MAX {
            let oldest = self.undo.pop_front();
            self.undo_bytes -= oldest.map_or(0, |edit| edit.removed.len());
        }
    }
}

/// Is allowed in a line: no control, and nothing that a terminal or a log takes for a line break.
pub fn is_text(character: char) -> bool {
    !character.is_control() && !matches!(character, '\u{2028}' | '\u{2029}')
}

/// A word of letters, digits and `_`, as Alt-B sees it. Thai, which puts no blanks between words,
/// counts as one up to the next blank; finding words in it takes a dictionary.
pub fn is_alphanumeric(grapheme: &str) -> bool {
    grapheme.starts_with(|c: char| c.is_alphanumeric() || c == '_')
}

/// A word of anything but blanks, as Ctrl-W sees it.
pub fn is_not_blank(grapheme: &str) -> bool {
    !grapheme.starts_with(char::is_whitespace)
}

/// The first grapheme boundary at or after `at`, which may be any number.
pub fn boundary(text: &str, at: usize) -> usize {
    let Some(at) = (at..text.len()).find(|at| text.is_char_boundary(*at)) else {
        return text.len();
    };
    match GraphemeCursor::new(at, text.len(), true).is_boundary(text, 0) {
        Ok(true) => at,
        _ => next_boundary(text, at),
    }
}

/// The next grapheme boundary, or the end.
pub fn next_boundary(text: &str, at: usize) -> usize {
    // Errors ask for more context, and the whole text is given.
    let next = GraphemeCursor::new(at, text.len(), true).next_boundary(text, 0);
    next.ok().flatten().unwrap_or(text.len())
}

/// The grapheme boundary before `at`, or 0.
pub fn previous_boundary(text: &str, at: usize) -> usize {
    let previous = GraphemeCursor::new(at, text.len(), true).prev_boundary(text, 0);
    previous.ok().flatten().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Buffer {
        let mut buffer = Buffer::default();
        for character in text.chars() {
            assert!(buffer.insert(character));
        }
        buffer
    }

    #[test]
    fn a_mark_typed_later_joins_its_base() {
        let mut buffer = typed("กา");
        buffer.move_to(buffer.left());
        assert!(buffer.insert('\u{e48}'));
        assert_eq!((buffer.text(), buffer.cursor()), ("ก่า", 6));
        buffer.move_to(buffer.left());
        assert_eq!(buffer.cursor(), 0);
    }

    #[test]
    fn the_cursor_leaves_a_grapheme_that_grew_around_it() {
        let mut buffer = typed("👨👩");
        buffer.move_to(buffer.left());
        assert!(buffer.insert('\u{200d}'));
        assert_eq!(buffer.cursor(), buffer.text().len());
        // A base typed before a mark that had none.
        let mut buffer = typed("\u{301}");
        buffer.move_to(0);
        assert!(buffer.insert('e'));
        assert_eq!(buffer.cursor(), 3);
    }

    #[test]
    fn words_end_where_readline_ends_them() {
        let mut buffer = typed("ab, c-d  สวัสดี");
        let mut stops = Vec::new();
        while buffer.cursor() > 0 {
            buffer.move_to(buffer.word_left(is_alphanumeric));
            stops.push(buffer.cursor());
        }
        assert_eq!(stops, [9, 6, 4, 0]);
        buffer.move_to(buffer.word_right(is_alphanumeric));
        assert_eq!(buffer.cursor(), 2);
        buffer.move_to(9);
        assert_eq!(buffer.word_left(is_not_blank), 4);
    }

    #[test]
    fn undo_takes_back_word_by_word() {
        let mut buffer = typed("one two  three");
        let mut seen = Vec::new();
        while buffer.undo() {
            seen.push(buffer.text().to_owned());
        }
        assert_eq!(seen, ["one two  ", "one ", ""]);
    }

    #[test]
    fn what_can_be_undone_is_bounded() {
        let mut buffer = typed(&"a".repeat(LINE_BYTES_MAX));
        for _ in 0..10 {
            assert!(buffer.replace(0..LINE_BYTES_MAX, &"b".repeat(LINE_BYTES_MAX)));
        }
        assert!(buffer.undo_bytes <= UNDO_BYTES_MAX && buffer.undo.len() == 2);
        for _ in 0..10 {
            assert!(buffer.replace(0..LINE_BYTES_MAX, "") && buffer.undo());
        }
        for _ in 0..10 * UNDO_EDITS_MAX {
            assert!(buffer.replace(0..1, "c"));
        }
        assert_eq!(buffer.undo.len(), UNDO_EDITS_MAX);
    }

    #[test]
    fn what_does_not_fit_is_refused_whole() {
        let mut buffer = typed(&"a".repeat(LINE_BYTES_MAX - 2));
        let before = buffer.clone();
        assert!(!buffer.insert('ก'));
        assert!(!buffer.replace(0..0, "abc"));
        assert!(!buffer.insert('\u{7f}'));
        assert!(!buffer.replace(0..1, "\n"));
        assert_eq!(buffer, before);
    }
}
