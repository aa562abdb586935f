//! A bracketed paste being collected: the lines in it, and how much of it did not fit.

use crate::limits::{LINE_BYTES_MAX, PASTE_BYTES_MAX, PASTE_LINES_MAX};
use crate::terminal::line::buffer::is_text;

/// The paste so far.
///
/// The first line that does not fit (too long a line, too many lines, too many bytes) ends the
/// collection, and from there on lines are only counted: what is kept is the paste's beginning
/// without gaps, and the question says how much that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paste {
    lines: Vec<String>,
    open: String,
    bytes: usize,
    first_bytes_max: usize,
    full: bool,
    /// Something was left out of the current line.
    cut: bool,
    left_out: usize,
}

impl Paste {
    /// A paste after `before_bytes` of text, which its first line will join.
    pub fn new(before_bytes: usize) -> Paste {
        Paste {
            lines: Vec::new(),
            open: String::new(),
            bytes: 0,
            first_bytes_max: LINE_BYTES_MAX.saturating_sub(before_bytes),
            full: false,
            cut: false,
            left_out: 0,
        }
    }

    /// Takes one character. A tab becomes a space, other controls are dropped.
    pub fn insert(&mut self, character: char) {
        let character = if character == '\t' { ' ' } else { character };
        if !is_text(character) {
            return;
        }
        let line_bytes_max = if self.lines.is_empty() {
            self.first_bytes_max
        } else {
            LINE_BYTES_MAX
        };
        let length = character.len_utf8();
        self.full |= self.lines.len() == PASTE_LINES_MAX
            || self.open.len() + length > line_bytes_max
            || self.bytes + length > PASTE_BYTES_MAX;
        if self.full {
            self.open = String::new();
            self.cut = true;
            return;
        }
        self.bytes += length;
        self.open.push(character);
    }

    /// A line ends. Blank ones are skipped: CR LF comes as two ends from some clients.
    pub fn end_line(&mut self) {
        if self.cut {
            self.left_out += 1;
            self.cut = false;
        }
        let line = std::mem::take(&mut self.open);
        if !line.trim().is_empty() {
            self.lines.push(line);
        }
    }

    /// The paste ends. One line is text to insert; several lead to a question.
    pub fn finish(mut self) -> Pasted {
        if self.cut {
            self.left_out += 1;
        }
        let mut lines = self.lines;
        if self.left_out == 0 && (lines.is_empty() || lines.len() == 1 && self.open.is_empty()) {
            return Pasted::Text(lines.pop().unwrap_or(self.open));
        }
        if lines.is_empty() {
            return Pasted::TooLong;
        }
        Pasted::Lines(Lines {
            lines,
            rest: self.open,
            left_out: self.left_out,
        })
    }
}

/// The result of a paste.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pasted {
    /// One line, with or without its end.
    Text(String),
    /// Lines to ask about.
    Lines(Lines),
    /// Not even the first line fits.
    TooLong,
}

/// Several lines from a paste.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lines {
    /// The whole lines, at least one.
    pub lines: Vec<String>,
    /// What came after the last line end; it is not sent.
    pub rest: String,
    /// How many lines did not fit.
    pub left_out: usize,
}

impl Lines {
    /// `Send 12 lines? [y/N] `, or `Send 100 of 112 lines? [y/N] `.
    pub fn question(&self) -> String {
        let count = self.lines.len();
        let total = count + self.left_out;
        let plural = if total == 1 { "" } else { "s" };
        match self.left_out {
            0 => format!("Send {count} line{plural}? [y/N] "),
            _ => format!("Send {count} of {total} line{plural}? [y/N] "),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paste(before_bytes: usize, text: &str) -> Pasted {
        let mut paste = Paste::new(before_bytes);
        for character in text.chars() {
            match character {
                '\n' => paste.end_line(),
                _ => paste.insert(character),
            }
        }
        paste.finish()
    }

    fn question(text: &str) -> String {
        match paste(0, text) {
            Pasted::Lines(lines) => lines.question(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn one_line_is_text_with_or_without_its_end() {
        for text in ["a b", "a\tb", "a b\n", "\n\na b\n \n", "a\x07 b\u{2028}"] {
            assert_eq!(paste(0, text), Pasted::Text("a b".to_owned()), "{text:?}");
        }
        assert_eq!(paste(0, ""), Pasted::Text(String::new()));
    }

    #[test]
    fn several_lines_are_a_question_and_an_open_end_stays() {
        let Pasted::Lines(lines) = paste(0, "one\n\n two\n \nthr") else {
            panic!("lines expected");
        };
        assert_eq!(lines.lines, ["one", " two"]);
        assert_eq!((lines.rest.as_str(), lines.left_out), ("thr", 0));
        assert_eq!(lines.question(), "Send 2 lines? [y/N] ");
        assert_eq!(question("one\ntwo"), "Send 1 line? [y/N] ");
    }

    #[test]
    fn what_is_over_the_bounds_is_counted() {
        let lines = PASTE_LINES_MAX;
        assert_eq!(
            question(&"x\n".repeat(lines + 12)),
            format!("Send {lines} of {} lines? [y/N] ", lines + 12)
        );
        assert_eq!(
            question(&("x\n".repeat(lines) + "y")),
            format!("Send {lines} of {} lines? [y/N] ", lines + 1)
        );
        let long = "ก".repeat(LINE_BYTES_MAX / 3 + 1);
        assert_eq!(
            question(&format!("a\n{long}\nb\n")),
            "Send 1 of 3 lines? [y/N] "
        );
        let half = "x".repeat(PASTE_BYTES_MAX / 2) + "\n";
        assert_eq!(question(&half.repeat(3)), "Send 2 of 3 lines? [y/N] ");
        assert_eq!(paste(0, &long), Pasted::TooLong);
        assert_eq!(paste(LINE_BYTES_MAX, "x\ny\n"), Pasted::TooLong);
    }
}
