//! What a client sees: the server's bytes become rows, and rows become what they mean.

use std::borrow::Cow;

/// Takes the server's bytes apart. Telnet commands and escape sequences are left out of the rows.
#[derive(Debug, Default)]
pub(crate) struct Screen {
    row: Vec<u8>,
    state: State,
    /// There was a byte that a plain client must not get: an IAC or an ESC.
    pub(crate) has_controls: bool,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Text,
    Cr,
    Esc,
    Csi,
    Iac,
    Verb(u8),
    Sub(u8),
    SubIac(u8),
}

/// What a piece of output amounts to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// A row has ended.
    Row(&'a str),
    /// A row was begun anew, after this: the input row of character mode.
    Cleared(&'a str),
    /// The server has sent IAC, this verb and this option.
    Verb(u8, u8),
    /// The server asks for what this option is about.
    Asked(u8),
}

const IAC: u8 = 255;
const SB: u8 = 250;
const SE: u8 = 240;
const ESC: u8 = 0x1B;
const BELL: u8 = 7;

impl Screen {
    pub(crate) fn feed(&mut self, bytes: &[u8], mut seen: impl FnMut(Piece<'_>)) {
        let mut rest = bytes;
        while let Some((&byte, after)) = rest.split_first() {
            if let State::Text = self.state {
                let is_control = |byte: &u8| matches!(*byte, b'\r' | b'\n' | BELL | ESC | IAC);
                let end = rest.iter().position(is_control).unwrap_or(rest.len());
                if end > 0 {
                    self.row.extend_from_slice(&rest[..end]);
                    rest = &rest[end..];
                    continue;
                }
            }
            // A CR that is not followed by LF begins the row anew; what follows is looked at again.
            if let State::Cr = self.state {
                self.state = State::Text;
                if byte != b'\n' {
                    self.clear_row(&mut seen);
                    continue;
                }
            }
            rest = after;
            self.control(byte, &mut seen);
        }
    }

    /// What stands on the row that has not ended.
    pub(crate) fn unfinished(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.row)
    }

    fn control(&mut self, byte: u8, seen: &mut impl FnMut(Piece<'_>)) {
        self.state = match (self.state, byte) {
            (State::Text, b'\n') => {
                self.end_row(seen);
                State::Text
            }
            (State::Text, b'\r') => State::Cr,
            (State::Text, ESC) => State::Esc,
            (State::Text, IAC) => State::Iac,
            (State::Esc, b'[') => State::Csi,
            // Rows that are inserted stand between saving the cursor and restoring it.
            (State::Esc, b'7') => {
                self.clear_row(seen);
                State::Text
            }
            (State::Esc, b'8') => {
                self.end_row(seen);
                State::Text
            }
            (State::Csi, ..0x40) => State::Csi,
            (State::Iac, SB) => State::Sub(0),
            (State::Iac, verb @ 251..=254) => State::Verb(verb),
            (State::Verb(verb), option) => {
                seen(Piece::Verb(verb, option));
                State::Text
            }
            (State::Sub(0), option) => State::Sub(option),
            (State::Sub(option), IAC) => State::SubIac(option),
            (State::Sub(option), _) => State::Sub(option),
            (State::SubIac(option), SE) => {
                seen(Piece::Asked(option));
                State::Text
            }
            (State::SubIac(option), _) => State::Sub(option),
            (State::Cr | State::Text | State::Esc | State::Csi | State::Iac, _) => State::Text,
        };
        self.has_controls |= matches!(byte, ESC | IAC);
    }

    fn end_row(&mut self, seen: &mut impl FnMut(Piece<'_>)) {
        if !self.row.is_empty() {
            seen(Piece::Row(&String::from_utf8_lossy(&self.row)));
            self.row.clear();
        }
    }

    fn clear_row(&mut self, seen: &mut impl FnMut(Piece<'_>)) {
        if !self.row.is_empty() {
            seen(Piece::Cleared(&String::from_utf8_lossy(&self.row)));
            self.row.clear();
        }
    }
}

/// What the server waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Prompt {
    /// A choice or a line, from who is called so.
    Line(String),
    NewRoom,
    Room,
    Username,
    Create,
    /// The name of the room that is to be closed.
    Close(String),
}

/// What a row is about.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Row<'a> {
    /// The first row of the menu.
    Menu,
    /// The header of a room that was joined.
    Room(&'a str),
    /// Said in the room: `NAME: TEXT` or `* NAME TEXT`.
    Said(&'a str),
    /// Private words to whoever this is; who said them, and the words.
    ToMe(&'a str, &'a str),
    /// Private words from whoever this is; to whom, and the words.
    FromMe(&'a str, &'a str),
    /// A line of the past with its number.
    Past(u64, &'a str),
    /// So many messages are missing.
    Skipped(u64),
    /// A notice of the room, without the `* `.
    Notice(&'a str),
    Other(&'a str),
}

/// Takes the prompts off the front of a row, and gives the last of them.
pub(crate) fn strip_prompts(mut row: &str) -> (Option<Prompt>, &str) {
    let mut last = None;
    while let Some((prompt, rest)) = strip_prompt(row) {
        last = Some(prompt);
        row = rest;
    }
    (last, row)
}

/// Each question, and how it reads as a row of its own where no prompts are wanted.
const QUESTIONS: [(Prompt, &str, &str); 3] = [
    (
        Prompt::NewRoom,
        "Enter room name you wish to create: ",
        "Enter room name you wish to create:",
    ),
    (
        Prompt::Room,
        "Please enter room number: ",
        "Please enter room number:",
    ),
    (
        Prompt::Username,
        "Please enter your new username: ",
        "Please enter your new username:",
    ),
];

fn strip_prompt(row: &str) -> Option<(Prompt, &str)> {
    for (prompt, words, as_row) in &QUESTIONS {
        if let Some(rest) = row.strip_prefix(words) {
            return Some((prompt.clone(), rest));
        }
        if row == *as_row {
            return Some((prompt.clone(), ""));
        }
    }
    if let Some(rest) = row.strip_prefix("There is no room ")
        && let Some((_, rest)) = rest.split_once("Create it? [y/N]")
    {
        return Some((Prompt::Create, rest.trim_start_matches(' ')));
    }
    if let Some(rest) = row.strip_prefix("Room ")
        && let Some((room, rest)) = rest.split_once(" has ")
        && let Some((_, rest)) = rest.split_once("To close it, type its name:")
    {
        return Some((Prompt::Close(room.to_owned()), rest.trim_start_matches(' ')));
    }
    // A name has no blank in it.
    let (word, rest) = row.split_once(' ')?;
    let name = word.strip_suffix('>').filter(|name| !name.is_empty())?;
    Some((Prompt::Line(name.to_owned()), rest))
}

pub(crate) fn parse(row: &str) -> Row<'_> {
    if row.starts_with("=======") && row.contains("Welcome") {
        return Row::Menu;
    }
    if let Some(rest) = row.strip_prefix("------------ Room ")
        && let Some(name) = rest.strip_suffix(" ------------")
    {
        return Row::Room(name);
    }
    if let Some(notice) = row.strip_prefix("* ") {
        let one = notice.strip_suffix(" message skipped");
        let count = notice.strip_suffix(" messages skipped").or(one);
        return match count.and_then(|count| count.parse().ok()) {
            Some(count) => Row::Skipped(count),
            None => Row::Notice(notice),
        };
    }
    parse_timed(row).unwrap_or(Row::Other(row))
}

fn parse_timed(row: &str) -> Option<Row<'_>> {
    if let Some(rest) = row.strip_prefix('#') {
        let (number, rest) = rest.split_once(" [")?;
        let (_, words) = rest.split_once("] ")?;
        return Some(Row::Past(number.parse().ok()?, words));
    }
    // `[HH:MM:SS] `
    let (time, words) = row.strip_prefix('[')?.split_at_checked(8)?;
    let words = words.strip_prefix("] ")?;
    if time.as_bytes()[2] != b':' || time.as_bytes()[5] != b':' {
        return None;
    }
    if let Some(rest) = words.strip_prefix("you -> ") {
        let (name, words) = rest.split_once(": ")?;
        return Some(Row::FromMe(name, words));
    }
    if let Some((name, rest)) = words.split_once(' ')
        && let Some(words) = rest.strip_prefix("-> you: ")
    {
        return Some(Row::ToMe(name, words));
    }
    Some(Row::Said(words))
}

/// The number of the line that these words carry, if they do.
pub(crate) fn token(words: &str) -> Option<usize> {
    let (_, rest) = words.split_once('{')?;
    let (digits, _) = rest.split_once('}')?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(bytes: &[u8]) -> Vec<String> {
        let mut whole = Vec::new();
        for cut in 0..=bytes.len() {
            let mut rows = Vec::new();
            let mut screen = Screen::default();
            for part in [&bytes[..cut], &bytes[cut..]] {
                screen.feed(part, |piece| {
                    if let Piece::Row(row) = piece {
                        rows.push(row.to_owned());
                    }
                });
            }
            assert!(cut == 0 || rows == whole, "cut at {cut}");
            whole = rows;
        }
        whole
    }

    #[test]
    fn rows_are_found_in_all_three_drawings_however_they_are_cut() {
        assert_eq!(
            rows(b"Dai> \r\n[12:00:00] ann: {7} hi\r\nDai> "),
            ["Dai> ", "[12:00:00] ann: {7} hi"]
        );
        let inserted = b"\x1b7\x1b[?7l\n\x1b[A\r\x1b[L[12:00:00] \x1b[38;5;31mann\x1b[39m: {7}\x1b[?7h\x1b8\x1b[B";
        assert_eq!(rows(inserted), ["[12:00:00] ann: {7}"]);
        let typed = b"\r\x1b[KDai> he\r\x1b[K[12:00:00] ann: {7}\r\n\r\x1b[KDai> he\r\x1b[7C";
        assert_eq!(rows(typed), ["[12:00:00] ann: {7}"]);
        assert_eq!(rows(b"a\xff\xfb\x01b\xff\xfa\x18\x01\xff\xf0c\n"), ["abc"]);
    }

    #[test]
    fn rows_are_told_apart() {
        let table = [
            ("=========== Welcome! ==============", Row::Menu),
            ("------------ Room 1150 ------------", Row::Room("1150")),
            ("[12:00:00] ann: {7} hi", Row::Said("ann: {7} hi")),
            ("[12:00:00] * ann {7} waves", Row::Said("* ann {7} waves")),
            ("[12:00:00] ann -> you: {7}", Row::ToMe("ann", "{7}")),
            ("[12:00:00] you -> ann: {7}", Row::FromMe("ann", "{7}")),
            (
                "#3 [2026-11-22 12:00:00] ann: {7}",
                Row::Past(3, "ann: {7}"),
            ),
            ("* 37 messages skipped", Row::Skipped(37)),
            ("* ann joined", Row::Notice("ann joined")),
            ("[yes]", Row::Other("[yes]")),
        ];
        for (row, expected) in table {
            assert_eq!(parse(row), expected, "{row}");
        }
        let (prompt, rest) = strip_prompts("Dai> Please enter room number: * x");
        assert_eq!((prompt, rest), (Some(Prompt::Room), "* x"));
        assert_eq!(token("ann: {7} hi"), Some(7));
    }
}
