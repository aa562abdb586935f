//! Bytes of a terminal in character mode → [`Key`]s.
//!
//! The encodings are those of xterm, urxvt, st, VTE, PuTTY and the Linux console, which every
//! Telnet client passes through unchanged. Sequences that mean nothing here are swallowed whole.
//! There is no clock: an ESC waits for the next byte, whenever that comes, and joins it, unless the caller says that it
//! has waited for long enough.

use crate::limits::ESCAPE_BYTES_MAX;

/// What the person at the terminal pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// A character that is not a control. Bytes that are not UTF-8 come as U+FFFD.
    Text(char),
    /// CR, with one NUL and/or LF after it; or an LF alone.
    Enter,
    /// 0x7f or Ctrl-H: deletes to the left.
    Backspace,
    /// Deletes to the right.
    Delete,
    /// Left arrow, Ctrl-B.
    Left,
    /// Right arrow, Ctrl-F.
    Right,
    /// Home, Ctrl-A.
    Home,
    /// End, Ctrl-E.
    End,
    /// Alt-B, Ctrl-Left, Alt-Left.
    WordLeft,
    /// Alt-F, Ctrl-Right, Alt-Right.
    WordRight,
    /// Alt-Backspace: to the start of the word of letters and digits.
    DeleteWordLeft,
    /// Alt-D, Ctrl-Delete.
    DeleteWordRight,
    /// Ctrl-W: back to a blank, as `unix-word-rubout` of readline.
    RuboutWord,
    /// Ctrl-U.
    KillToStart,
    /// Ctrl-K.
    KillToEnd,
    /// Ctrl-Y: inserts what was killed last.
    Yank,
    /// Ctrl-T.
    Transpose,
    /// Ctrl-_.
    Undo,
    /// Up arrow, Ctrl-P.
    HistoryPrevious,
    /// Down arrow, Ctrl-N.
    HistoryNext,
    /// Ctrl-R.
    Search,
    /// Ctrl-G: leaves a search or a question.
    Cancel,
    /// Esc alone, which only the time tells from the beginning of a sequence (see [`Keys::take_escape`]).
    Escape,
    /// Ctrl-L.
    Repaint,
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-D.
    EndOfFile,
    /// Tab, Ctrl-I.
    Tab,
    /// Shift-Tab.
    BackTab,
    /// Page Up.
    PageUp,
    /// Page Down.
    PageDown,
    /// A bracketed paste begins (`ESC [ 200 ~`).
    PasteStart,
    /// A bracketed paste ends (`ESC [ 201 ~`).
    PasteEnd,
    /// Reply to `ESC [ 6 n`, counted from 1. Shift-F3 of xterm looks like `1;2`, so believe this
    /// only after asking.
    CursorPosition {
        /// Row of the cursor.
        row: u16,
        /// Column of the cursor.
        column: u16,
    },
}

/// Decoder of keys. Its state survives any cut of the input and has a fixed size.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keys {
    state: State,
    after_enter: AfterEnter,
}

/// The unfinished sequence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum State {
    #[default]
    Ground,
    Utf8(Utf8),
    /// After ESC; `alt` after a second one, which is how urxvt sends Alt with a cursor key.
    Escape {
        alt: bool,
    },
    /// After ESC and a byte of 0x20..=0x2f (ECMA-35): up to a final byte.
    Designation {
        length: u16,
    },
    Sequence(Sequence),
    /// `ESC [ [`: F1 to F5 of the Linux console, one byte more.
    Console,
    /// OSC, DCS, SOS, PM or APC: up to BEL or `ESC \`.
    Text {
        length: u16,
        escape: bool,
    },
}

/// The part of CR NUL LF that may still follow an Enter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum AfterEnter {
    #[default]
    Nothing,
    Cr,
    CrNul,
}

/// A UTF-8 character in the making, after Unicode 3.9 table 3-7: `low..=high` is what the next
/// byte may be, which keeps out overlong forms and surrogates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Utf8 {
    code: u32,
    missing: u8,
    low: u8,
    high: u8,
}

/// A CSI (`ESC [`) or SS3 (`ESC O`) sequence in the making.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Sequence {
    single_shift: bool,
    alt: bool,
    /// Has a `?`, `<`, `=`, `>` or an intermediate byte: no key sends that.
    foreign: bool,
    parameters: [u16; 2],
    count: usize,
    length: u16,
}

/// What became of one byte.
enum Step {
    /// It was used up; perhaps a key is complete.
    Used(Option<Key>),
    /// It ended an unfinished sequence, but is not part of it.
    Again(Option<Key>),
}

impl Keys {
    /// Takes bytes from the front of `input` up to the next key. `None` means that `input` is empty.
    pub fn next(&mut self, input: &mut &[u8]) -> Option<Key> {
        while let Some((&byte, rest)) = input.split_first() {
            let key = match self.step(byte) {
                Step::Used(key) => {
                    *input = rest;
                    key
                }
                // The state is Ground or Escape now, which use up any byte.
                Step::Again(key) => key,
            };
            if key.is_some() {
                return key;
            }
        }
        None
    }

    /// True if an ESC waits for what follows.
    pub fn is_after_escape(&self) -> bool {
        self.state == State::Escape { alt: false }
    }

    /// Nothing has followed the ESC that came last, for longer than a terminal takes to send a sequence.
    pub fn take_escape(&mut self) -> Option<Key> {
        let waited = self.is_after_escape();
        waited.then(|| {
            self.state = State::Ground;
            Key::Escape
        })
    }

    fn step(&mut self, byte: u8) -> Step {
        match (std::mem::take(&mut self.after_enter), byte) {
            (AfterEnter::Cr, 0x00) => {
                self.after_enter = AfterEnter::CrNul;
                return Step::Used(None);
            }
            (AfterEnter::Cr | AfterEnter::CrNul, 0x0a) => return Step::Used(None),
            _ => {}
        }
        match std::mem::take(&mut self.state) {
            State::Ground => Step::Used(self.ground(byte)),
            State::Utf8(utf8) => self.continuation(utf8, byte),
            State::Escape { alt } => self.escape(alt, byte),
            State::Designation { length } => self.designation(length, byte),
            State::Sequence(sequence) => self.sequence(sequence, byte),
            State::Console if is_printable(byte) => Step::Used(None),
            State::Console => Step::Again(None),
            State::Text { length, escape } => self.text(length, escape, byte),
        }
    }

    fn ground(&mut self, byte: u8) -> Option<Key> {
        let (low, high) = match byte {
            0x0d => {
                self.after_enter = AfterEnter::Cr;
                return Some(Key::Enter);
            }
            0x1b => {
                self.state = State::Escape { alt: false };
                return None;
            }
            0x00..=0x1f | 0x7f => return control(byte),
            0x20..=0x7e => return Some(Key::Text(char::from(byte))),
            0xe0 => (0xa0, 0xbf),
            0xed => (0x80, 0x9f),
            0xf0 => (0x90, 0xbf),
            0xf4 => (0x80, 0x8f),
            0xc2..=0xf3 => (0x80, 0xbf),
            0x80..=0xc1 | 0xf5..=0xff => return Some(Key::Text(char::REPLACEMENT_CHARACTER)),
        };
        let (code, missing) = match byte {
            0xc2..=0xdf => (byte & 0x1f, 1),
            0xe0..=0xef => (byte & 0x0f, 2),
            _ => (byte & 0x07, 3),
        };
        self.state = State::Utf8(Utf8 {
            code: u32::from(code),
            missing,
            low,
            high,
        });
        None
    }

    fn continuation(&mut self, utf8: Utf8, byte: u8) -> Step {
        if !(utf8.low..=utf8.high).contains(&byte) {
            return Step::Again(Some(Key::Text(char::REPLACEMENT_CHARACTER)));
        }
        let code = utf8.code << 6 | u32::from(byte & 0x3f);
        if utf8.missing > 1 {
            self.state = State::Utf8(Utf8 {
                code,
                missing: utf8.missing - 1,
                low: 0x80,
                high: 0xbf,
            });
            return Step::Used(None);
        }
        let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
        // The C1 controls, which nobody types.
        Step::Used((!character.is_control()).then_some(Key::Text(character)))
    }

    fn escape(&mut self, alt: bool, byte: u8) -> Step {
        let key = match byte {
            0x1b => {
                self.state = State::Escape { alt: true };
                None
            }
            b'[' | b'O' => {
                self.state = State::Sequence(Sequence {
                    single_shift: byte == b'O',
                    alt,
                    ..Sequence::default()
                });
                None
            }
            b']' | b'P' | b'X' | b'^' | b'_' => {
                self.state = State::Text {
                    length: 0,
                    escape: false,
                };
                None
            }
            0x20..=0x2f => {
                self.state = State::Designation { length: 0 };
                None
            }
            b'b' | b'B' => Some(Key::WordLeft),
            b'f' | b'F' => Some(Key::WordRight),
            b'd' | b'D' => Some(Key::DeleteWordRight),
            0x7f | 0x08 => Some(Key::DeleteWordLeft),
            0x30..=0x7e => None,
            // No sequence continues like this: Esc was pressed on its own, and this is the next key.
            _ => return Step::Again(None),
        };
        Step::Used(key)
    }

    fn designation(&mut self, length: u16, byte: u8) -> Step {
        match byte {
            0x20..=0x2f if length < ESCAPE_BYTES_MAX => {
                self.state = State::Designation { length: length + 1 };
                Step::Used(None)
            }
            0x20..=0x7e => Step::Used(None),
            _ => Step::Again(None),
        }
    }

    fn sequence(&mut self, mut sequence: Sequence, byte: u8) -> Step {
        sequence.length += 1;
        if sequence.length > ESCAPE_BYTES_MAX || !is_printable(byte) {
            return Step::Again(None);
        }
        match byte {
            b'[' if sequence.length == 1 && !sequence.single_shift => {
                self.state = State::Console;
                return Step::Used(None);
            }
            b'0'..=b'9' | b';' => sequence.parameter(byte),
            // urxvt ends Shift with Home, End and Delete in `$`, which is not a final byte elsewhere.
            b'$' if sequence.count > 0 && !sequence.foreign => {
                return Step::Used(sequence.key(byte));
            }
            0x20..=0x3f => sequence.foreign = true,
            _ => return Step::Used(sequence.key(byte)),
        }
        self.state = State::Sequence(sequence);
        Step::Used(None)
    }

    /// A control other than BEL and ESC also ends it: someone pressed Esc and `]`, and now Enter.
    fn text(&mut self, length: u16, escape: bool, byte: u8) -> Step {
        match byte {
            b'\\' if escape => return Step::Used(None),
            _ if escape => {
                self.state = State::Escape { alt: false };
                return Step::Again(None);
            }
            0x07 => return Step::Used(None),
            0x1b => {}
            0x00..=0x1f => return Step::Again(None),
            _ if length == ESCAPE_BYTES_MAX => return Step::Again(None),
            _ => {}
        }
        self.state = State::Text {
            length: length + 1,
            escape: byte == 0x1b,
        };
        Step::Used(None)
    }
}

impl Sequence {
    fn parameter(&mut self, byte: u8) {
        self.count = self.count.max(1);
        if byte == b';' {
            self.count = self.count.saturating_add(1);
        } else if let Some(value) = self.parameters.get_mut(self.count - 1) {
            *value = value
                .saturating_mul(10)
                .saturating_add(u16::from(byte - b'0'));
        }
    }

    /// Ctrl or Alt is held. Modifiers are sent as 1 plus the bits Shift 1, Alt 2, Ctrl 4, in the
    /// second parameter, or by old terminals in the only one.
    fn by_word(&self) -> bool {
        let modifier = self.parameters[usize::from(self.count > 1)];
        self.alt || modifier.saturating_sub(1) & 0x6 != 0
    }

    fn key(&self, last: u8) -> Option<Key> {
        if self.foreign {
            return None;
        }
        Some(match last {
            b'A' => Key::HistoryPrevious,
            b'B' => Key::HistoryNext,
            b'C' if self.by_word() => Key::WordRight,
            b'C' => Key::Right,
            b'D' if self.by_word() => Key::WordLeft,
            b'D' => Key::Left,
            b'H' => Key::Home,
            b'F' => Key::End,
            b'c' if self.single_shift => Key::WordRight,
            b'd' if self.single_shift => Key::WordLeft,
            b'M' if self.single_shift => Key::Enter,
            _ if self.single_shift => return None,
            b'Z' => Key::BackTab,
            b'P' if self.count == 0 => Key::Delete,
            b'R' if self.count == 2 => Key::CursorPosition {
                row: self.parameters[0],
                column: self.parameters[1],
            },
            b'~' | b'^' | b'$' | b'@' => return self.numbered(last),
            _ => return None,
        })
    }

    /// `ESC [ n ~`; urxvt says `^` with Ctrl, `$` with Shift and `@` with both.
    fn numbered(&self, last: u8) -> Option<Key> {
        let by_word = matches!(last, b'^' | b'@') || self.count > 1 && self.by_word();
        Some(match self.parameters[0] {
            1 | 7 => Key::Home,
            4 | 8 => Key::End,
            3 if by_word => Key::DeleteWordRight,
            3 => Key::Delete,
            5 => Key::PageUp,
            6 => Key::PageDown,
            200 => Key::PasteStart,
            201 => Key::PasteEnd,
            _ => return None,
        })
    }
}

/// Control keys that stand alone. NUL, Ctrl-O, Q, S, V, X, Z and the rest mean nothing here.
fn control(byte: u8) -> Option<Key> {
    Some(match byte {
        0x01 => Key::Home,
        0x02 => Key::Left,
        0x03 => Key::Interrupt,
        0x04 => Key::EndOfFile,
        0x05 => Key::End,
        0x06 => Key::Right,
        0x07 => Key::Cancel,
        0x08 | 0x7f => Key::Backspace,
        0x09 => Key::Tab,
        0x0a => Key::Enter,
        0x0b => Key::KillToEnd,
        0x0c => Key::Repaint,
        0x0e => Key::HistoryNext,
        0x10 => Key::HistoryPrevious,
        0x12 => Key::Search,
        0x14 => Key::Transpose,
        0x15 => Key::KillToStart,
        0x17 => Key::RuboutWord,
        0x19 => Key::Yank,
        0x1f => Key::Undo,
        _ => return None,
    })
}

fn is_printable(byte: u8) -> bool {
    (0x20..=0x7e).contains(&byte)
}

#[cfg(test)]
mod tests;
