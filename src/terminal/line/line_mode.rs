//! Line mode: bytes become lines.
//!
//! The client's own terminal echoes and edits; finished lines arrive, cut into packets in any way.
//! LF, CR LF, CR NUL and bare CR all end a line, and a client may change between them (its form depends on
//! Telnet modes), so CR ends the line at once and one NUL and one LF after it are swallowed.

use crate::limits::LINE_BYTES_MAX;
use crate::text;

/// What the bytes amounted to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A line, cleaned.
    Line(String),
    /// A line of more than [`LINE_BYTES_MAX`] bytes ended. Nothing of it was kept.
    TooLong,
}

/// The byte that ended a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// 0x0A, with no CR before it: how raw clients end theirs.
    Lf,
    /// 0x0D, whatever follows.
    Cr,
}

/// The state of line mode: the unfinished line.
#[derive(Clone, Debug, Default)]
pub struct LineMode {
    unfinished: Vec<u8>,
    /// The unfinished line is already longer than a line may be.
    too_long: bool,
    /// What may still be swallowed after a CR.
    after_cr: AfterCr,
    last_end: Option<End>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum AfterCr {
    #[default]
    Nothing,
    NulOrLf,
    Lf,
}

impl LineMode {
    /// Takes bytes off the front of `input` up to and including the end of a line, and returns that line;
    /// `None` when all input is used up.
    pub fn next(&mut self, input: &mut &[u8]) -> Option<Event> {
        self.swallow_after_cr(input);
        let end = input.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        self.keep(&input[..end.unwrap_or(input.len())]);
        let Some(end) = end else {
            *input = &[];
            return None;
        };
        let is_cr = input[end] == b'\r';
        *input = &input[end + 1..];
        if is_cr {
            self.after_cr = AfterCr::NulOrLf;
        }
        self.last_end = Some(if is_cr { End::Cr } else { End::Lf });
        Some(self.finish())
    }

    /// The unfinished line, at end of input: a script's last line counts even without a line end.
    pub fn rest(&mut self) -> Option<Event> {
        (self.too_long || !self.unfinished.is_empty()).then(|| self.finish())
    }

    /// What ended the last line; `None` before the first.
    pub fn last_end(&self) -> Option<End> {
        self.last_end
    }

    /// The bytes of the unfinished line.
    pub fn unfinished(&self) -> &[u8] {
        &self.unfinished
    }

    /// Takes the bytes of the unfinished line, for the editor of character mode.
    pub fn take_unfinished(&mut self) -> Vec<u8> {
        self.too_long = false;
        std::mem::take(&mut self.unfinished)
    }

    /// Puts back what was half typed in character mode; the next line continues it.
    pub fn resume(&mut self, text: String) {
        self.unfinished = text.into_bytes();
    }

    /// Continues with a byte that the client took for a key of its own, if it completes or continues a UTF-8 character
    /// at the end of the unfinished line; false if it does not.
    pub fn go_on_with(&mut self, byte: u8) -> bool {
        let is_cut = std::str::from_utf8(&self.unfinished).is_err_and(|error| {
            error.error_len().is_none() && error.valid_up_to() < self.unfinished.len()
        });
        if is_cut {
            self.keep(&[byte]);
        }
        is_cut
    }

    /// Erases the last character of the unfinished line.
    pub fn erase_character(&mut self) {
        let kept = match std::str::from_utf8(&self.unfinished) {
            Ok(text) => text.char_indices().next_back().map_or(0, |(at, _)| at),
            Err(_) => self.unfinished.len().saturating_sub(1),
        };
        self.unfinished.truncate(kept);
    }

    /// Forgets the unfinished line: the user has cancelled it.
    pub fn cancel(&mut self) {
        self.unfinished = Vec::new();
        self.too_long = false;
    }

    fn swallow_after_cr(&mut self, input: &mut &[u8]) {
        while let (Some(&byte), true) = (input.first(), self.after_cr != AfterCr::Nothing) {
            self.after_cr = match (self.after_cr, byte) {
                (AfterCr::NulOrLf, 0) => AfterCr::Lf,
                (_, b'\n') => AfterCr::Nothing,
                _ => {
                    self.after_cr = AfterCr::Nothing;
                    return;
                }
            };
            *input = &input[1..];
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.too_long || bytes.len() > LINE_BYTES_MAX - self.unfinished.len() {
            self.unfinished = Vec::new();
            self.too_long = true;
        } else {
            self.unfinished.extend_from_slice(bytes);
        }
    }

    fn finish(&mut self) -> Event {
        if std::mem::take(&mut self.too_long) {
            return Event::TooLong;
        }
        let line = text::clean(&self.unfinished);
        // An idle connection keeps no buffer.
        self.unfinished = Vec::new();
        Event::Line(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All events of `input`, handed over in `pieces`.
    fn events<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Event> {
        let mut mode = LineMode::default();
        let mut events = Vec::new();
        for mut piece in pieces {
            while let Some(event) = mode.next(&mut piece) {
                events.push(event);
            }
        }
        events.extend(mode.rest());
        events
    }

    fn line(text: &str) -> Event {
        Event::Line(text.to_owned())
    }

    #[test]
    fn every_end_of_line_ends_one_line_in_every_cut() {
        let table: &[(&[u8], &[Event])] = &[
            (b"a\nb\n", &[line("a"), line("b")]),
            (b"a\r\nb\r\n", &[line("a"), line("b")]),
            (b"a\r\0b\r\0", &[line("a"), line("b")]),
            (b"a\rb\r", &[line("a"), line("b")]),
            (b"a\r\0\nb", &[line("a"), line("b")]),
            (b"a\r\n\nb\n", &[line("a"), line(""), line("b")]),
            (b"\r\r\n", &[line(""), line("")]),
            (b"a\r\n\0b\n", &[line("a"), line("b")]),
            ("สวัสดี\n👍\r\n".as_bytes(), &[line("สวัสดี"), line("👍")]),
            (b"\xff\xe0\xb8\n", &[line("\u{fffd}\u{fffd}")]),
            (b"half", &[line("half")]),
            (b"", &[]),
        ];
        for (input, expected) in table {
            assert_eq!(events([*input]), *expected, "whole: {input:?}");
            assert_eq!(events(input.chunks(1)), *expected, "by byte: {input:?}");
            for cut in 0..input.len() {
                let (left, right) = input.split_at(cut);
                assert_eq!(events([left, right]), *expected, "cut at {cut}: {input:?}");
            }
        }
    }

    #[test]
    fn a_line_as_long_as_may_be_is_kept_and_a_longer_one_is_refused_whole() {
        let longest = vec![b'x'; LINE_BYTES_MAX];
        let mut input = longest.clone();
        input.extend(b"\n");
        input.extend(vec![b'y'; LINE_BYTES_MAX + 1]);
        input.extend(b"\nnext\n");
        let expected = [
            Event::Line(String::from_utf8(longest).expect("ASCII")),
            Event::TooLong,
            line("next"),
        ];
        assert_eq!(events([&input[..]]), expected);
        for size in [1, 7, 4096, 5000] {
            assert_eq!(events(input.chunks(size)), expected, "in pieces of {size}");
        }
    }

    #[test]
    fn an_endless_line_takes_no_more_space_than_a_line() {
        let mut mode = LineMode::default();
        for _ in 0..100 {
            assert_eq!(mode.next(&mut &[b'x'; 1000][..]), None);
            assert!(mode.unfinished().len() <= LINE_BYTES_MAX);
        }
    }

    #[test]
    fn a_byte_taken_for_a_key_goes_on_with_a_cut_character_and_with_nothing_else() {
        let mut mode = LineMode::default();
        // ใ is e0 b9 83; a client without BINARY sends 83 as IAC IP.
        assert_eq!(mode.next(&mut &b"a\xe0\xb9"[..]), None);
        assert!(mode.go_on_with(0x83));
        assert!(!mode.go_on_with(0x83));
        assert_eq!(mode.next(&mut &b"\n"[..]), Some(line("aใ")));
        assert!(!mode.go_on_with(0x83));
    }

    #[test]
    fn erasing_takes_a_whole_character() {
        let mut mode = LineMode::default();
        assert_eq!(mode.next(&mut "aด".as_bytes()), None);
        mode.erase_character();
        assert_eq!(mode.next(&mut &b"b\n"[..]), Some(line("ab")));
        mode.erase_character();
    }

    #[test]
    fn a_cancelled_line_is_not_sent() {
        let mut mode = LineMode::default();
        assert_eq!(mode.next(&mut &b"half"[..]), None);
        mode.cancel();
        assert_eq!(mode.next(&mut &b"whole\n"[..]), Some(line("whole")));
        assert_eq!(mode.last_end(), Some(End::Lf));
    }
}
