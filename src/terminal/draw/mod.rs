//! *Pure.* How the rows of a transcript look on a client's terminal.
//!
//! A batch is drawn once for each class of displays ([`Display::class`]) and each UTC offset. A display without a
//! class, or one whose user is mentioned, draws for itself.

mod notice;

use std::fmt::Write as _;
use std::ops::Range;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::chat::batch::Batch;
use crate::chat::message::{Item, Kind, MemberId, Message, Notice};
use crate::chat::name::Name;
use crate::chat::settings::Bell;
use crate::limits::LINE_MODE_COLUMNS;
use crate::text;
use crate::time::local::{DayTracker, TimeFormatter};

/// How a client wants its lines to end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Newline {
    /// CR LF: what Telnet asks for (RFC 854), and what every client shows well.
    #[default]
    CrLf,
    /// LF, for raw clients that end their own lines with it.
    Lf,
}

impl Newline {
    /// The characters.
    pub fn text(self) -> &'static str {
        match self {
            Newline::CrLf => "\r\n",
            Newline::Lf => "\n",
        }
    }
}

/// How rows get onto a screen on which somebody may be typing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Drawing {
    /// Append-only; no escape sequences.
    #[default]
    Plain,
    /// Inserted above the row on which the client's own terminal echoes.
    Ansi,
    /// Printed in place of the input row, which we draw and show again below.
    Character,
}

/// How one connection wants things drawn.
#[derive(Clone, Debug)]
pub struct Display {
    /// How rows get onto the screen.
    pub drawing: Drawing,
    /// The end of each row.
    pub newline: Newline,
    /// The zone that times are shown in.
    pub zone: TimeZone,
    /// The zone is not the server's.
    pub custom_zone: bool,
    /// Names are coloured and mentions stand out, where escape sequences can be used at all.
    pub color: bool,
    /// What rings the terminal's bell.
    pub bell: Bell,
    /// Neither notices nor hints are shown.
    pub quiet: bool,
    /// The prompt is shown; screen readers and MUD clients are better off without.
    pub prompts: bool,
    /// The width that the client or its user has given, in columns.
    pub columns: Option<u16>,
}

impl Display {
    /// The display of a client about which nothing is known.
    pub fn plain(zone: TimeZone) -> Display {
        Display {
            drawing: Drawing::Plain,
            newline: Newline::CrLf,
            zone,
            custom_zone: false,
            color: true,
            bell: Bell::Off,
            quiet: false,
            prompts: true,
            columns: None,
        }
    }

    /// The number of this display's class: displays of a class draw the same frames. `None`: it belongs to none. The
    /// zone is not part of it.
    pub fn class(&self) -> Option<usize> {
        const _: () = assert!(Batch::CLASSES == 5);
        match (self.drawing, self.newline, self.color) {
            (Drawing::Plain, Newline::CrLf, _) | (Drawing::Character, _, false) => Some(0),
            (Drawing::Plain, Newline::Lf, _) => Some(1),
            (Drawing::Character, _, true) => Some(2),
            (Drawing::Ansi, ..) if self.insert_columns() != LINE_MODE_COLUMNS => None,
            (Drawing::Ansi, _, true) => Some(3),
            (Drawing::Ansi, _, false) => Some(4),
        }
    }

    /// True if escape sequences for colour may be used.
    pub fn has_color(&self) -> bool {
        self.color && self.drawing != Drawing::Plain
    }

    /// Columns at which inserted rows are wrapped.
    pub fn insert_columns(&self) -> u16 {
        self.columns.unwrap_or(LINE_MODE_COLUMNS)
    }
}

/// Somebody's name, prepared for finding it in what others say.
#[derive(Clone, Debug)]
pub struct Mention {
    member: MemberId,
    folded: String,
}

impl Mention {
    /// Finds mentions of `member`, who is called `name`, by others. `anon` is never mentioned: too many have that name.
    pub fn of(member: MemberId, name: &Name) -> Option<Mention> {
        (!name.is_anon()).then(|| Mention {
            member,
            folded: text::fold(name.as_str()),
        })
    }

    /// True if somebody else's message among `items` mentions the name.
    pub fn is_in(&self, items: &[Item]) -> bool {
        items.iter().any(|item| match item {
            Item::Message(message) => !self.places(message).is_empty(),
            Item::Notice(_) => false,
        })
    }

    /// The name as a word of a batch (see [`words`]).
    pub fn word(&self) -> &str {
        &self.folded
    }

    /// Where in the text of somebody else's message the name stands as a word, with or without `@`.
    fn places(&self, message: &Message) -> Vec<Range<usize>> {
        if message.member == self.member {
            return Vec::new();
        }
        let text = &message.text;
        words(text)
            .filter(|word| text::fold(&text[word.clone()]) == self.folded)
            .collect()
    }
}

/// The words of a text that may be mentions: what stands between blanks, without a leading `@` or opening marks, and
/// without punctuation at the end.
pub fn words(text: &str) -> impl Iterator<Item = Range<usize>> {
    text.split(' ').filter_map(move |word| {
        let word = word.trim_start_matches(['@', '(', '"', '\'', '“', '‘']);
        let word =
            word.trim_end_matches([',', '.', ':', ';', '!', '?', ')', '"', '\'', '”', '’', '…']);
        let start = word.as_ptr() as usize - text.as_ptr() as usize;
        (!word.is_empty()).then_some(start..start + word.len())
    })
}

/// Draws the rows of a transcript for `display`, with a row between them where the date changes. Mentions by others
/// are highlighted.
pub fn frame(items: &[Item], display: &Display, mention: Option<&Mention>) -> String {
    let mut times = TimeFormatter::new(&display.zone);
    let mut out = String::with_capacity(items.len() * 64);
    let mut line = Line::default();
    for item in items {
        if let Item::Message(message) = item
            && let Some(date) = times.new_date(message.time)
        {
            line.set_date(date);
            line.draw(display, &mut out);
        }
        line.set(item, &mut times, display.has_color(), mention);
        line.draw(display, &mut out);
    }
    out
}

/// The drawing of a whole batch that `display` shares with all displays that show the same, made by the first of
/// them; `None` if it has to draw for itself. `day` is the day of the first message.
pub fn shared_frame<'a>(batch: &'a Batch, display: &Display, day: &DayTracker) -> Option<&'a str> {
    let class = display.class()?;
    let draw = |items: &[Item]| frame(items, display, None);
    match batch.times() {
        Some((_, last)) if display.custom_zone => {
            let offset_s = day.offset_s(last, &display.zone)?;
            batch.frame_at_offset(class, offset_s, draw)
        }
        _ => Some(batch.frame(class, draw)),
    }
}

/// Draws one message over the row just above the cursor, which is its sender's own echo, and below it what does not
/// fit into that row. If a new date begins with the message, `date` comes first.
pub fn frame_over_echo(message: &Message, display: &Display, date: Option<Date>) -> String {
    let mut times = TimeFormatter::new(&display.zone);
    let mut line = Line::default();
    let mut out = String::new();
    let mut draw = |line: &Line| {
        for row in line.rows(display.insert_columns()) {
            if out.is_empty() {
                out.push_str("\x1b7\x1b[A\r\x1b[2K");
                line.paint(row, &mut out);
                out.push_str("\x1b8");
            } else {
                insert(&mut out, |out| line.paint(row, out));
            }
        }
    };
    if let Some(date) = date {
        line.set_date(date);
        draw(&line);
    }
    line.set_message(message, &mut times, display.has_color(), None);
    draw(&line);
    out
}

/// Appends what inserts one row above the cursor's row; the cursor keeps its place in the text typed there:
/// save the cursor, make room below (which scrolls at the bottom), insert a row, write it, go back down.
pub fn insert(out: &mut String, row: impl FnOnce(&mut String)) {
    out.push_str("\x1b7\n\x1b[A\r\x1b[L");
    row(out);
    out.push_str("\x1b8\x1b[B");
}

/// One line of a transcript: its text, and the parts that are highlighted.
#[derive(Default)]
struct Line {
    text: String,
    /// In ascending order, without overlaps.
    spans: Vec<(Range<usize>, Style)>,
}

#[derive(Clone, Copy)]
enum Style {
    /// A colour of the 256-colour palette.
    Color(u8),
    Reverse,
}

impl Line {
    fn set(
        &mut self,
        item: &Item,
        times: &mut TimeFormatter<'_>,
        color: bool,
        mention: Option<&Mention>,
    ) {
        match item {
            Item::Message(message) => self.set_message(message, times, color, mention),
            Item::Notice(notice) => {
                self.text.clear();
                self.spans.clear();
                write_notice(notice, &mut self.text);
            }
        }
    }

    fn set_date(&mut self, date: Date) {
        self.text.clear();
        self.spans.clear();
        write_date(date, &mut self.text);
    }

    fn set_message(
        &mut self,
        message: &Message,
        times: &mut TimeFormatter<'_>,
        color: bool,
        mention: Option<&Mention>,
    ) {
        self.text.clear();
        self.spans.clear();
        let (name, start) = write_message(message, times, &mut self.text);
        if !color {
            return;
        }
        self.spans
            .push((name, Style::Color(color_of(&message.name))));
        for place in mention.map_or(Vec::new(), |mention| mention.places(message)) {
            let place = start + place.start..start + place.end;
            self.spans.push((place, Style::Reverse));
        }
    }

    fn draw(&self, display: &Display, out: &mut String) {
        if display.drawing == Drawing::Ansi {
            for row in self.rows(display.insert_columns()) {
                insert(out, |out| self.paint(row, out));
            }
        } else {
            self.paint(0..self.text.len(), out);
            out.push_str(display.newline.text());
        }
    }

    /// The rows that the line takes, as places in its text.
    fn rows(&self, columns: u16) -> Vec<Range<usize>> {
        text::wrap(&self.text, usize::from(columns))
            .map(|row| {
                let start = row.as_ptr() as usize - self.text.as_ptr() as usize;
                start..start + row.len()
            })
            .collect()
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

/// Colours of the 256-colour palette that are readable on black and on white: a contrast of at least 3:1 to both.
const NAME_COLORS: [u8; 12] = [31, 64, 97, 130, 161, 166, 29, 126, 68, 94, 133, 30];

/// The colour of a name: always the same for the same name, in upper or lower case.
fn color_of(name: &Name) -> u8 {
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
        Notice::Renamed { old, new } => write!(out, "* {old} is now known as {new}"),
        Notice::Topic {
            name,
            topic: Some(topic),
        } => write!(out, "* {name} set the topic: {topic}"),
        Notice::ModNotice(done) => notice::write_owning(done, out),
        Notice::Topic { name, topic: None } => write!(out, "* {name} removed the topic"),
    };
    debug_assert!(written.is_ok(), "a String takes all that is written to it");
}

#[cfg(test)]
mod tests;
