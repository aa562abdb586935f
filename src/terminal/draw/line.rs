//! One line of a transcript: its words, its colours, and the rows it takes.

use std::cell::Cell;
use std::fmt::Write as _;
use std::ops::Range;

use jiff::civil::Date;

use super::style::{Color, HANG, Hits, Style, unmarked, write_styled};
use super::{Display, Drawing, Viewpoint, notice};
use crate::chat::message::{Item, Kind, Message, Notice};
use crate::chat::settings::Times;
use crate::limits::{HANGING_COLUMNS_MIN, INDENT_COLUMNS};
use crate::text;
use crate::time::local::TimeFormatter;

/// One line of a transcript: its text, and the parts that stand out.
#[derive(Default)]
pub(super) struct Line {
    text: String,
    /// In ascending order, without overlaps.
    spans: Vec<(Range<usize>, Style)>,
    /// Where in the text begins what its author has written: the rows that follow stand below it.
    hang: Option<usize>,
}

impl Line {
    pub(super) fn set(
        &mut self,
        item: &Item,
        times: &mut TimeFormatter<'_>,
        shown: Times,
        color: bool,
        viewer: Option<Viewpoint<'_>>,
    ) {
        match item {
            Item::Message(message) => {
                self.clear();
                let parts = write_message(message, times, shown, &mut self.text);
                self.hang = Some(parts.text);
                if color {
                    self.style(message, parts, viewer, None);
                }
            }
            Item::Notice(notice) => {
                self.clear();
                write_notice(notice, &mut self.text);
                self.dim();
            }
        }
    }

    pub(super) fn set_date(&mut self, date: Date) {
        self.clear();
        write_date(date, &mut self.text);
        self.dim();
    }

    /// A message of the past, after `head`.
    pub(super) fn set_past(
        &mut self,
        head: &str,
        message: &Message,
        viewer: Viewpoint<'_>,
        hits: Option<&Hits>,
    ) {
        self.clear();
        self.text.push_str(head);
        let parts = write_words(message, &mut self.text);
        self.hang = Some(parts.text);
        self.style(message, parts, Some(viewer), hits);
    }

    /// A row of words that are nobody's message. They may hold marks.
    pub(super) fn set_words(&mut self, words: &str) {
        self.clear();
        let Line { text, spans, hang } = self;
        let end = Cell::new(0);
        let part = |words: &str, style: Option<Style>| {
            let start = text.len();
            text.push_str(words);
            end.set(text.len());
            spans.extend(style.map(|style| (start..text.len(), style)));
        };
        unmarked(words, part, &mut || *hang = Some(end.get()));
    }

    /// Appends the line as a row of words with marks.
    pub(super) fn write_marked(&self, out: &mut String) {
        let mut done = 0;
        let hang = self.hang.unwrap_or(usize::MAX);
        let mut write = |range: Range<usize>, style: Option<Style>| {
            if (done..range.end).contains(&hang) {
                out.push(HANG);
            }
            done = range.end;
            write_styled(style, &self.text[range], out);
        };
        let mut at = 0;
        for (span, style) in &self.spans {
            // The mark stands between two parts.
            let hang = hang.clamp(at, span.start);
            write(at..hang, None);
            write(hang..span.start, None);
            write(span.clone(), Some(*style));
            at = span.end;
        }
        let hang = hang.clamp(at, self.text.len());
        write(at..hang, None);
        write(hang..self.text.len(), None);
    }

    /// Notes what stands out in a message that is `viewer`'s to see; `None`: it is drawn for all.
    fn style(
        &mut self,
        message: &Message,
        parts: Parts,
        viewer: Option<Viewpoint<'_>>,
        hits: Option<&Hits>,
    ) {
        if parts.head > 0 {
            self.spans.push((0..parts.head, Style::Dim));
        }
        let color = Color::of(message.name.as_str());
        let is_own = viewer.is_some_and(|viewer| viewer.member == message.member);
        let style = if is_own { Style::OwnName } else { Style::Name };
        self.spans.push((parts.name, style(color)));
        let within = |place: Range<usize>| parts.text + place.start..parts.text + place.end;
        if let Some(hits) = hits {
            let places = hits.places(&message.text).into_iter();
            return self
                .spans
                .extend(places.map(|place| (within(place), Style::Hit)));
        }
        let mention = viewer.and_then(|viewer| viewer.mention);
        let places = mention
            .into_iter()
            .flat_map(|mention| mention.places(message));
        self.spans
            .extend(places.map(|place| (within(place), Style::Mention)));
    }

    fn dim(&mut self) {
        self.spans.push((0..self.text.len(), Style::Dim));
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
        match display.has_color() {
            true => self.paint(row, display.few_colors, out),
            false => out.push_str(&self.text[row]),
        }
        out.push_str(if ansi {
            INSERT_END
        } else {
            display.newline.text()
        });
    }

    fn paint(&self, row: Range<usize>, few_colors: bool, out: &mut String) {
        let mut done = row.start;
        for (span, style) in &self.spans {
            let span = span.start.max(done)..span.end.min(row.end);
            if span.is_empty() {
                continue;
            }
            out.push_str(&self.text[done..span.start]);
            style.paint(&self.text[span.clone()], few_colors, out);
            done = span.end;
        }
        out.push_str(&self.text[done..row.end]);
    }
}

/// Makes place for a row above the cursor's row, whose text stays as it is, and goes there: save the cursor, wrap
/// nothing (on a screen that is narrower than we think a row loses its end, and not its neighbour), make room below
/// (which scrolls at the bottom), insert a row.
const INSERT: &str = "\x1b7\x1b[?7l\n\x1b[A\r\x1b[L";

/// Goes back to where the cursor was, one row further down. What follows does not depend on what came before it.
pub const INSERT_END: &str = "\x1b[?7h\x1b8\x1b[B";

/// Appends `--- 2026-11-22 ---`.
fn write_date(date: Date, out: &mut String) {
    let written = write!(out, "--- {date} ---");
    debug_assert!(written.is_ok(), "a String takes all that is written to it");
}

/// Where the parts of a message stand in its line.
pub(super) struct Parts {
    /// Where what comes before the name, and is not of the message, ends.
    head: usize,
    name: Range<usize>,
    /// Where the text begins.
    text: usize,
}

/// Appends a message with its time. Without the time the name stands in brackets: a row of the server's own begins
/// otherwise.
///
/// | time | message | action |
/// |---|---|---|
/// | full | `[14:30:01] Dai: hi` | `[14:30:01] * Dai waves` |
/// | short | `[14:30] Dai: hi` | `[14:30] * Dai waves` |
/// | off | `<Dai> hi` | `<*> Dai waves` |
fn write_message(
    message: &Message,
    times: &mut TimeFormatter<'_>,
    shown: Times,
    out: &mut String,
) -> Parts {
    let time = match shown {
        Times::Full => times.time_of_day(message.time),
        Times::Short => times.hour_and_minute(message.time),
        Times::Off => {
            let (before, between) = match message.kind {
                Kind::Message => ("<", "> "),
                Kind::Action => ("<*> ", " "),
            };
            return write_parts(message, before, between, out);
        }
    };
    out.push('[');
    out.push_str(time);
    out.push_str("] ");
    write_words(message, out)
}

/// Appends `name: text`, or `* name text` for an action, to what stands in front of it.
fn write_words(message: &Message, out: &mut String) -> Parts {
    let head = out.trim_end().len();
    let (before, between) = match message.kind {
        Kind::Message => ("", ": "),
        Kind::Action => ("* ", " "),
    };
    Parts {
        head,
        ..write_parts(message, before, between, out)
    }
}

fn write_parts(message: &Message, before: &str, between: &str, out: &mut String) -> Parts {
    out.push_str(before);
    let start = out.len();
    out.push_str(message.name.as_str());
    let name = start..out.len();
    out.push_str(between);
    let text = out.len();
    out.push_str(&message.text);
    Parts {
        head: 0,
        name,
        text,
    }
}

fn write_notice(notice: &Notice, out: &mut String) {
    let written = match notice {
        Notice::Joined(group) => notice::write_group(group, "joined", out),
        Notice::Left(group) => notice::write_group(group, "left", out),
        Notice::Passed(group) => notice::write_group(group, "joined and left", out),
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
