//! The line editor of character mode: [`Key`]s in, an edited line and [`Outcome`]s out.
//!
//! The editor draws nothing. After any outcome the caller may let [`Row`](crate::terminal::line::row::Row)
//! show the line again, which costs nothing if nothing has changed.
//!
//! Keys do what readline does with them, except that nothing typed is ever lost: ^C and a recalled
//! line can be undone, a paste that is not sent goes into the history, and a key that does not
//! answer a question counts as "no" and is then handled as usual.

use std::borrow::Cow;
use std::ops::Range;

use crate::limits::LINE_BYTES_MAX;
use crate::terminal::line::buffer::{self, Buffer};
use crate::terminal::line::complete::{self, Word};
use crate::terminal::line::history::History;
use crate::terminal::line::keys::Key;
use crate::terminal::line::paste::{Lines, Paste, Pasted};
use crate::terminal::line::search::Search;

/// What came of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// There is nothing to do.
    Nothing,
    /// The row looks different now.
    Changed,
    /// Enter: a line to handle. The editor is empty again. The line may be blank.
    Line(String),
    /// The lines of a paste, which the user has agreed to send.
    Lines(Vec<String>),
    /// A paste of several lines is complete, and the row now asks about it. A single `y` sends it.
    Paste {
        /// Lines that would be sent.
        lines: usize,
        /// Lines that were over a limit and are not among them.
        left_out: usize,
    },
    /// ^C: the line was cleared (undo brings it back).
    Interrupted,
    /// ^D on an empty line.
    EndOfFile,
    /// Tab: the caller calls [`Editor::complete`] with what it knows.
    Complete(Word),
    /// Two Tabs in a row: the candidates to print above the row.
    List(Vec<String>),
    /// ^L: redraw the row, and ask for the size.
    Repaint,
    /// Page Up.
    PageUp,
    /// Page Down.
    PageDown,
    /// The lines of a paste were not sent, and are in the history.
    PasteKept,
    /// Something was refused: the line is full, nothing fits, there is nothing to undo.
    Bell,
}

/// One line being edited, with its history, kill buffer, and search or paste under way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Editor {
    buffer: Buffer,
    history: History,
    /// What was killed last; at most one line, since a run of kills only takes from one.
    killed: String,
    mode: Mode,
    last: Last,
    secret: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Mode {
    #[default]
    Editing,
    Searching(Search),
    Pasting(Paste),
    Asking(Lines),
}

/// The kind of the key before this one, where that matters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Last {
    #[default]
    Other,
    Kill,
    Tab,
    SecondTab,
}

/// What the row has to show: see [`Editor::view`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View<'a> {
    /// What stands before the text.
    pub prompt: Cow<'a, str>,
    /// The text.
    pub text: &'a str,
    /// Byte offset of the cursor in the text, on a grapheme boundary.
    pub cursor: usize,
}

impl Editor {
    /// Handles one key. A [`Key::CursorPosition`] is for the caller and does nothing here.
    pub fn key(&mut self, key: Key) -> Outcome {
        if matches!(key, Key::CursorPosition { .. }) {
            return Outcome::Nothing;
        }
        match std::mem::take(&mut self.mode) {
            Mode::Editing => self.edit(key),
            Mode::Searching(search) => self.search(search, key),
            Mode::Pasting(paste) => self.paste(paste, key),
            Mode::Asking(lines) => self.answer(lines, key),
        }
    }

    /// True while a search or a question is under way, which Esc leaves.
    pub fn awaits_escape(&self) -> bool {
        matches!(self.mode, Mode::Searching(_) | Mode::Asking(_))
    }

    /// The line being edited.
    pub fn text(&self) -> &str {
        self.buffer.text()
    }

    /// The cursor, as a byte offset into [`Editor::text`], on a grapheme boundary.
    pub fn cursor(&self) -> usize {
        self.buffer.cursor()
    }

    /// Takes the line out, as at the switch back to line mode. A search or paste under way ends.
    pub fn take(&mut self) -> String {
        self.mode = Mode::Editing;
        self.buffer.take()
    }

    /// Puts a line in, with the cursor after it: what was half typed at the switch to character
    /// mode. Controls are left out, and so is whatever exceeds [`LINE_BYTES_MAX`].
    pub fn load(&mut self, line: &str) {
        let mut text: String = line.chars().filter(|c| buffer::is_text(*c)).collect();
        while text.len() > LINE_BYTES_MAX {
            text.pop();
        }
        self.set(&text, text.len());
    }

    /// In secret mode (a password) the text is not shown and goes into no history or kill buffer. What is half typed
    /// when the mode ends is dropped: the question is closed.
    pub fn set_secret(&mut self, secret: bool) {
        if self.secret && !secret {
            self.take();
        }
        self.secret = secret;
    }

    /// What the row has to show, given the prompt of the line. A search or a question under way comes first.
    pub fn view<'a>(&'a self, prompt: &'a str) -> View<'a> {
        let (prompt, text, cursor) = match &self.mode {
            Mode::Asking(lines) => (Cow::Owned(lines.question()), "", 0),
            Mode::Searching(search) => {
                let current = (self.text(), self.cursor());
                let (text, at) = search.shown(&self.history).unwrap_or(current);
                (
                    Cow::Owned(search.prompt()),
                    text,
                    buffer::boundary(text, at),
                )
            }
            _ if self.secret => (Cow::Borrowed(prompt), "", 0),
            _ => (Cow::Borrowed(prompt), self.text(), self.cursor()),
        };
        View {
            prompt,
            text,
            cursor,
        }
    }

    /// Completes the `word` of an [`Outcome::Complete`], if it still stands before the cursor: the
    /// candidates may have been long in coming. Those that do not begin like it are ignored. A single
    /// one is inserted whole, with what follows it; of several, their common beginning is inserted,
    /// and a second Tab lists them.
    pub fn complete(&mut self, word: &Word, candidates: &[&str]) -> Outcome {
        if Word::at_end_of(self.buffer.before()).text != word.text {
            return Outcome::Nothing;
        }
        let matches = word.matches(candidates);
        let start = self.cursor() - word.text.len();
        match matches[..] {
            [] => Outcome::Bell,
            [only] => {
                let suffix = word.wanted.suffix();
                let there = self.buffer.after().starts_with(suffix);
                let end = self.cursor() + if there { suffix.len() } else { 0 };
                changed(self.buffer.replace(start..end, &format!("{only}{suffix}")))
            }
            _ if self.last == Last::SecondTab => {
                Outcome::List(matches.into_iter().map(str::to_owned).collect())
            }
            _ => {
                let common = complete::common_prefix(&matches);
                if common.chars().count() <= word.text.chars().count() {
                    return Outcome::Bell;
                }
                changed(self.buffer.replace(start..self.cursor(), common))
            }
        }
    }

    fn edit(&mut self, key: Key) -> Outcome {
        let last = std::mem::take(&mut self.last);
        let (cursor, end) = (self.cursor(), self.text().len());
        match key {
            Key::Text(character) => changed(self.buffer.insert(character)),
            Key::Enter => self.enter(),
            Key::Backspace => self.delete(self.buffer.left()..cursor),
            Key::Delete => self.delete(cursor..self.buffer.right()),
            Key::EndOfFile if end == 0 => Outcome::EndOfFile,
            Key::EndOfFile => self.delete(cursor..self.buffer.right()),
            Key::Left => self.move_to(self.buffer.left()),
            Key::Right => self.move_to(self.buffer.right()),
            Key::Home => self.move_to(0),
            Key::End => self.move_to(end),
            Key::WordLeft => self.move_to(self.buffer.word_left(buffer::is_alphanumeric)),
            Key::WordRight => self.move_to(self.buffer.word_right(buffer::is_alphanumeric)),
            Key::DeleteWordLeft => {
                self.kill(self.buffer.word_left(buffer::is_alphanumeric)..cursor, last)
            }
            Key::RuboutWord => self.kill(self.buffer.word_left(buffer::is_not_blank)..cursor, last),
            Key::DeleteWordRight => self.kill(
                cursor..self.buffer.word_right(buffer::is_alphanumeric),
                last,
            ),
            Key::KillToStart => self.kill(0..cursor, last),
            Key::KillToEnd => self.kill(cursor..end, last),
            Key::Yank if self.killed.is_empty() => Outcome::Bell,
            Key::Yank => changed(self.buffer.replace(cursor..cursor, &self.killed)),
            Key::Transpose => self.transpose(),
            Key::Undo => changed(self.buffer.undo()),
            Key::HistoryPrevious | Key::HistoryNext => self.recall(key),
            Key::Search if self.secret || self.history.is_empty() => Outcome::Bell,
            Key::Search => {
                self.mode = Mode::Searching(Search::default());
                Outcome::Changed
            }
            Key::Tab => self.tab(last),
            Key::Interrupt => {
                // Cleared by an edit, so that undo brings it back. Removing always fits.
                let _ = end == 0 || self.buffer.replace(0..end, "");
                Outcome::Interrupted
            }
            Key::PasteStart => {
                self.mode = Mode::Pasting(Paste::new(cursor));
                Outcome::Nothing
            }
            Key::Repaint => Outcome::Repaint,
            Key::PageUp => Outcome::PageUp,
            Key::PageDown => Outcome::PageDown,
            Key::Cancel
            | Key::Escape
            | Key::BackTab
            | Key::PasteEnd
            | Key::CursorPosition { .. } => Outcome::Nothing,
        }
    }

    fn enter(&mut self) -> Outcome {
        let line = self.buffer.take();
        if !self.secret {
            self.history.push(&line);
        }
        Outcome::Line(line)
    }

    fn move_to(&mut self, at: usize) -> Outcome {
        let before = self.cursor();
        self.buffer.move_to(at);
        if self.cursor() == before {
            return Outcome::Nothing;
        }
        Outcome::Changed
    }

    fn delete(&mut self, range: Range<usize>) -> Outcome {
        if range.is_empty() {
            return Outcome::Nothing;
        }
        changed(self.buffer.replace(range, ""))
    }

    /// Deletes text and keeps it for Yank. Consecutive kills add up, in the order of the text.
    fn kill(&mut self, range: Range<usize>, last: Last) -> Outcome {
        self.last = Last::Kill;
        let text = &self.buffer.text()[range.clone()];
        if !self.secret && !text.is_empty() {
            if last != Last::Kill {
                self.killed.clear();
            }
            let leftward = range.end == self.buffer.cursor();
            let at = if leftward { 0 } else { self.killed.len() };
            self.killed.insert_str(at, text);
        }
        self.delete(range)
    }

    /// Swaps the graphemes left and right of the cursor; at the end of the line, the last two.
    fn transpose(&mut self) -> Outcome {
        let text = self.buffer.text();
        let middle = if self.cursor() < text.len() {
            self.cursor()
        } else {
            self.buffer.left()
        };
        let left = buffer::previous_boundary(text, middle);
        let right = buffer::next_boundary(text, middle);
        if left == middle || middle == right {
            return Outcome::Bell;
        }
        let swapped = [&text[middle..right], &text[left..middle]].concat();
        changed(self.buffer.replace(left..right, &swapped))
    }

    /// Up and Down.
    fn recall(&mut self, key: Key) -> Outcome {
        if self.secret {
            return Outcome::Bell;
        }
        let found = match key {
            Key::HistoryPrevious => self.history.previous(self.buffer.text()),
            _ => self.history.next(self.buffer.text()),
        };
        match found {
            Some(line) => changed(self.buffer.replace(0..self.buffer.text().len(), line)),
            None => Outcome::Nothing,
        }
    }

    fn tab(&mut self, last: Last) -> Outcome {
        if self.secret {
            return Outcome::Bell;
        }
        self.last = match last {
            Last::Tab | Last::SecondTab => Last::SecondTab,
            _ => Last::Tab,
        };
        Outcome::Complete(Word::at_end_of(self.buffer.before()))
    }

    /// Keys that mean nothing to the search accept the match and are handled as usual.
    fn search(&mut self, mut search: Search, key: Key) -> Outcome {
        let found = match key {
            Key::Text(character) => search.insert(character, &self.history),
            Key::Backspace => search.erase(&self.history),
            Key::Search => search.older(&self.history),
            Key::Cancel | Key::Interrupt => return Outcome::Changed,
            Key::Repaint => {
                self.mode = Mode::Searching(search);
                return Outcome::Repaint;
            }
            _ => {
                self.accept(&search);
                return match self.edit(key) {
                    // The prompt changes back, whatever the key did.
                    Outcome::Nothing => Outcome::Changed,
                    outcome => outcome,
                };
            }
        };
        self.mode = Mode::Searching(search);
        changed(found)
    }

    fn accept(&mut self, search: &Search) {
        if let Some((line, at)) = search.shown(&self.history) {
            // A line of the history was once typed here, so it fits.
            let _ = self.buffer.replace(0..self.buffer.text().len(), line);
            self.buffer.move_to(at);
        }
    }

    /// Everything in a paste is text. ^C ends it too: terminals remove it from what is pasted, and
    /// a paste whose end got lost would otherwise leave the keyboard dead.
    fn paste(&mut self, mut paste: Paste, key: Key) -> Outcome {
        match key {
            Key::Text(character) => paste.insert(character),
            Key::Tab => paste.insert('\t'),
            Key::Enter => paste.end_line(),
            Key::PasteEnd | Key::Interrupt => return self.pasted(paste.finish()),
            _ => {}
        }
        self.mode = Mode::Pasting(paste);
        Outcome::Nothing
    }

    fn pasted(&mut self, pasted: Pasted) -> Outcome {
        match pasted {
            Pasted::Text(text) if text.is_empty() => Outcome::Nothing,
            Pasted::Text(text) => changed(self.buffer.replace(self.cursor()..self.cursor(), &text)),
            // A secret has one line; the others must not turn up in a history.
            Pasted::Lines(_) if self.secret => Outcome::Bell,
            Pasted::TooLong => Outcome::Bell,
            Pasted::Lines(lines) => {
                let (count, left_out) = (lines.lines.len(), lines.left_out);
                self.mode = Mode::Asking(lines);
                Outcome::Paste {
                    lines: count,
                    left_out,
                }
            }
        }
    }

    fn answer(&mut self, lines: Lines, key: Key) -> Outcome {
        match key {
            Key::Text('y' | 'Y') => return self.send(lines),
            Key::Repaint => {
                self.mode = Mode::Asking(lines);
                return Outcome::Repaint;
            }
            _ => {}
        }
        for line in lines.lines.iter().chain([&lines.rest]) {
            self.history.push(line);
        }
        match key {
            Key::Text('n' | 'N') | Key::Enter | Key::Cancel | Key::Escape | Key::Interrupt => {
                Outcome::PasteKept
            }
            _ => match self.edit(key) {
                Outcome::Nothing => Outcome::Changed,
                outcome => outcome,
            },
        }
    }

    /// The text before the cursor begins the first line; the text after it follows the last one.
    fn send(&mut self, lines: Lines) -> Outcome {
        let Lines {
            mut lines, rest, ..
        } = lines;
        if let Some(first) = lines.first_mut() {
            first.insert_str(0, self.buffer.before());
        }
        for line in &lines {
            self.history.push(line);
        }
        let after = self.buffer.after().to_owned();
        if rest.len() + after.len() <= LINE_BYTES_MAX {
            self.set(&(rest.clone() + &after), rest.len());
        } else {
            self.history.push(&rest);
            self.set(&after, 0);
        }
        Outcome::Lines(lines)
    }

    /// Starts a new line with `text` in it, which fits.
    fn set(&mut self, text: &str, cursor: usize) {
        self.buffer.take();
        let fits = self.buffer.replace(0..0, text);
        debug_assert!(fits);
        self.buffer.move_to(cursor);
    }
}

fn changed(done: bool) -> Outcome {
    if done {
        Outcome::Changed
    } else {
        Outcome::Bell
    }
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
