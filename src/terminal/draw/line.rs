//! One line of a transcript: its words, its colours, and the rows it takes.

use std::fmt::Write as _;
use std::ops::Range;

use jiff::civil::Date;

use super::mention::Mention;
use super::{Display, Drawing, notice};
use crate::chat::message::{Item, Kind, Message, Notice};
use crate::chat::name::Name;
use crate::limits::{HANGING_COLUMNS_MIN, INDENT_COLUMNS};
use crate::text;
use crate::time::local::TimeFormatter;

/// One line of a transcript: its text, and the parts that are highlighted.
#[derive(Default)]
pub(super) struct Line {
    text: String,
    /// In ascending order, without overlaps.
    spans: Vec<(Range<usize>, Style)>,
    /// Where in the text begins what its author has written: the rows that follow stand below it.
    hang: Option<usize>,
}

#[derive(Clone, Copy)]
enum Style {
    /// A colour of the 256-colour palette.
    Color(u8),
    Reverse,
}

impl Line {
    pub(super) fn set(
        &mut self,
        item: &Item,
        times: &mut TimeFormatter<'_>,
        color: bool,
        mention: Option<&Mention>,
    ) {
        match item {
            Item::Message(message) => self.set_message(message, times, color, mention),
            Item::Notice(notice) => {
                self.clear();
                write_notice(notice, &mut self.text);
            }
        }
    }

    pub(super) fn set_date(&mut self, date: Date) {
        self.clear();
        write_date(date, &mut self.text);
    }

    /// A row of words that are nobody's message. They may hold [`HANG`].
    pub(super) fn set_words(&mut self, words: &str) {
        self.clear();
        let (before, after) = words.split_once(HANG).unwrap_or((words, ""));
        self.text.push_str(before);
        self.text.push_str(after);
        self.hang = (before.len() < words.len()).then_some(before.len());
    }

    fn set_message(
        &mut self,
        message: &Message,
        times: &mut TimeFormatter<'_>,
        color: bool,
        mention: Option<&Mention>,
    ) {
        self.clear();
        let (name, start) = write_message(message, times, &mut self.text);
        self.hang = Some(start);
        if !color {
            return;
        }
        self.spans
            .push((name, Style::Color(color_of(&message.name))));
        for place in mention
            .into_iter()
            .flat_map(|mention| mention.places(message))
        {
            let place = start + place.start..start + place.end;
            self.spans.push((place, Style::Reverse));
        }
    }

    fn clear(&mut self) {
        self.text.clear();
        self.spans.clear();
        self.hang = None;
    }

    /// Columns of the line if it is one row.
    pub(super) fn breadth(&self) -> usize {
        text::breadth(&self.text)
    }

    /// Appends the line, on one row if `columns` is `None`, else on rows of at most so many.
    ///
    /// Only the first row begins at the left edge: what somebody has written never stands where a row of the server
    /// begins, so nobody can forge one.
    pub(super) fn draw(&self, display: &Display, columns: Option<u16>, out: &mut String) {
        let columns = columns.map(usize::from);
        let Some(columns) = columns.filter(|columns| self.breadth() > *columns) else {
            return self.add_row(0..self.text.len(), 0, display, out);
        };
        let indent = self.indent(columns);
        for row in text::wrap(&self.text, columns, columns - indent) {
            let indent = if row.start == 0 { 0 } else { indent };
            self.add_row(row, indent, display, out);
        }
    }

    /// Columns by which the rows after the first are indented.
    fn indent(&self, columns: usize) -> usize {
        let below = |hang| text::breadth(&self.text[..hang]);
        match self.hang.map(below) {
            Some(hang) if hang + HANGING_COLUMNS_MIN <= columns => hang,
            _ => INDENT_COLUMNS,
        }
    }

    fn add_row(&self, row: Range<usize>, indent: usize, display: &Display, out: &mut String) {
        let ansi = display.drawing == Drawing::Ansi;
        if ansi {
            out.push_str(INSERT);
        }
        out.extend(std::iter::repeat_n(' ', indent));
        self.paint(row, out);
        out.push_str(if ansi {
            INSERT_END
        } else {
            display.newline.text()
        });
    }

    fn paint(&self, row: Range<usize>, out: &mut String) {
        let mut done = row.start;
        for (span, style) in &self.spans {
            let span = span.start.max(done)..span.end.min(row.end);
            if span.is_empty() {
                continue;
            }
            out.push_str(&self.text[done..span.start]);
            let text = &self.text[span.clone()];
            let _ = match style {
                Style::Color(color) => write!(out, "\x1b[38;5;{color}m{text}\x1b[39m"),
                Style::Reverse => write!(out, "\x1b[7m{text}\x1b[27m"),
            };
            done = span.end;
        }
        out.push_str(&self.text[done..row.end]);
    }
}

/// Stands in a row of words where what somebody has written begins, so that the rows that follow stand below it. A
/// control, so no text from users holds it.
pub const HANG: char = '\u{1F}';

/// Makes place for a row above the cursor's row, whose text stays as it is, and goes there: save the cursor, wrap
/// nothing (on a screen that is narrower than we think a row loses its end, and not its neighbour), make room below
/// (which scrolls at the bottom), insert a row.
const INSERT: &str = "\x1b7\x1b[?7l\n\x1b[A\r\x1b[L";

/// Goes back to where the cursor was, one row further down. What follows does not depend on what came before it.
pub const INSERT_END: &str = "\x1b[?7h\x1b8\x1b[B";

/// Colours of the 256-colour palette that are readable on black and on white: a contrast of at least 3:1 to both.
pub(super) const NAME_COLORS: [u8; 12] = [31, 64, 97, 130, 161, 166, 29, 126, 68, 94, 133, 30];

/// The colour of a name: always the same for the same name, in upper or lower case.
pub(super) fn color_of(name: &Name) -> u8 {
    // FNV-1a: short, and good enough to tell a few people apart.
    let hash = name.as_str().bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0193)
    });
    NAME_COLORS[hash as usize % NAME_COLORS.len()]
}

/// Appends `--- 2026-11-22 ---`.
pub fn write_date(date: Date, out: &mut String) {
    let written = write!(out, "--- {date} ---");
    debug_assert!(written.is_ok(), "a String takes all that is written to it");
}

/// Appends `[HH:MM:SS] name: text`, and returns where the name stands and where the text begins.
pub fn write_message(
    message: &Message,
    times: &mut TimeFormatter<'_>,
    out: &mut String,
) -> (Range<usize>, usize) {
    out.push('[');
    out.push_str(times.time_of_day(message.time));
    out.push_str("] ");
    write_words(message, out)
}

/// Appends `name: text`, or `* name text` for an action, and returns where the name stands and where the text begins.
pub fn write_words(message: &Message, out: &mut String) -> (Range<usize>, usize) {
    let (before, between) = match message.kind {
        Kind::Message => ("", ": "),
        Kind::Action => ("* ", " "),
    };
    out.push_str(before);
    let name = out.len()..out.len() + message.name.as_str().len();
    out.push_str(message.name.as_str());
    out.push_str(between);
    let start = out.len();
    out.push_str(&message.text);
    (name, start)
}

fn write_notice(notice: &Notice, out: &mut String) {
    let written = match notice {
        Notice::Joined(name) => write!(out, "* {name} joined"),
        Notice::Left(name) => write!(out, "* {name} left"),
        Notice::Renamed { old, new, .. } => write!(out, "* {old} is now known as {new}"),
        Notice::Topic {
            name,
            topic: Some(topic),
            ..
        } => write!(out, "* {name} set the topic: {topic}"),
        Notice::ModNotice(done) => notice::write_owning(done, out),
        Notice::Topic {
            name, topic: None, ..
        } => write!(out, "* {name} removed the topic"),
    };
    debug_assert!(written.is_ok(), "a String takes all that is written to it");
}
