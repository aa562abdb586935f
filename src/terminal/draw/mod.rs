//! *Pure.* How the rows of a transcript look on a client's terminal.
//!
//! A batch is drawn once for each class of displays ([`Display::class`]), each UTC offset, and, if a line of it does not
//! fit on the screen, each width. A display whose user speaks or is mentioned draws for itself.
//!
//! - this file: displays, and drawings of many lines;
//! - `line`: one line, what stands out in it and the rows it takes;
//! - `style`: how that looks;
//! - `mention`: finding a name in a text;
//! - `notice`: the words of what owners do.

mod line;
mod mention;
mod notice;
mod style;

use std::num::NonZeroU16;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;

pub use line::INSERT_END;
pub use mention::{Mention, words};
pub use style::{Color, HANG, Hits, Style, styled};

use crate::chat::batch::{Batch, Look};
use crate::chat::message::{Item, MemberId, Message};
use crate::chat::settings::{Bell, Times};
use crate::limits::{COLUMNS, LINE_MODE_COLUMNS};
use crate::time::local::{DayTracker, TimeFormatter};
use line::Line;

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
    /// The terminal may know the first 16 colours only.
    pub few_colors: bool,
    /// How the times of messages are shown.
    pub times: Times,
    /// Messages of a while share one prompt, or never do; `None`: as suits the client.
    pub dense: Option<bool>,
    /// What rings the terminal's bell.
    pub bell: Bell,
    /// Neither notices nor hints are shown.
    pub quiet: bool,
    /// The prompt is shown; screen readers and MUD clients are better off without.
    pub prompts: bool,
    /// What is typed stands on a row of its own, apart from what we show, as in MUD clients.
    pub own_input_row: bool,
    /// The width that the client or its user has given, in columns.
    pub columns: Option<NonZeroU16>,
    /// The height that the client has given, in rows.
    pub rows: Option<NonZeroU16>,
    /// Rows are wrapped where that is possible; scripts do without.
    pub wraps: bool,
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
            few_colors: false,
            times: Times::Full,
            dense: None,
            bell: Bell::Off,
            quiet: false,
            prompts: true,
            own_input_row: false,
            columns: None,
            rows: None,
            wraps: true,
        }
    }

    /// The number of this display's class: displays of a class draw the same frames, if they also have the same zone
    /// and wrap at the same column.
    pub fn class(&self) -> usize {
        const _: () = assert!(Batch::CLASSES == 5);
        match (self.drawing, self.newline, self.color) {
            (Drawing::Plain, Newline::CrLf, _) | (Drawing::Character, _, false) => 0,
            (Drawing::Plain, Newline::Lf, _) => 1,
            (Drawing::Character, _, true) => 2,
            (Drawing::Ansi, _, true) => 3,
            (Drawing::Ansi, _, false) => 4,
        }
    }

    /// The width, as far as it is known.
    pub fn width(&self) -> u16 {
        self.columns.map_or(COLUMNS, NonZeroU16::get)
    }

    /// True if escape sequences for colour may be used.
    pub fn has_color(&self) -> bool {
        self.color && self.drawing != Drawing::Plain
    }

    /// Columns at which rows are wrapped; `None`: each line is one row, however long.
    pub fn wrap_columns(&self) -> Option<u16> {
        let given = self.columns.map(NonZeroU16::get);
        match self.drawing {
            // A row that is inserted has one row's place.
            Drawing::Ansi => Some(given.unwrap_or(LINE_MODE_COLUMNS)),
            _ if self.quiet || !self.wraps => None,
            Drawing::Plain => Some(given.unwrap_or(LINE_MODE_COLUMNS)),
            Drawing::Character => Some(self.width()),
        }
    }
}

/// Whose eyes see a transcript.
#[derive(Clone, Copy, Debug)]
pub struct Viewpoint<'a> {
    /// The user, whose own name stands out.
    pub member: MemberId,
    /// Mentions of the user by others, which stand out too.
    pub mention: Option<&'a Mention>,
}

/// Draws the rows of a transcript for `display`, with a row between them where the date changes, as `viewer` sees them;
/// `None`: as everybody does of whom they are not.
pub fn frame(items: &[Item], display: &Display, viewer: Option<Viewpoint<'_>>) -> String {
    frame_wrapped(items, display, display.wrap_columns(), viewer)
}

fn frame_wrapped(
    items: &[Item],
    display: &Display,
    columns: Option<u16>,
    viewer: Option<Viewpoint<'_>>,
) -> String {
    let mut times = TimeFormatter::new(&display.zone);
    let mut out = String::with_capacity(items.len() * 64);
    let mut line = Line::default();
    for item in items {
        if let Item::Message(message) = item
            && let Some(date) = times.new_date(message.time)
        {
            line.set_date(date);
            line.draw(display, columns, &mut out);
        }
        line.set(item, &mut times, display.times, display.has_color(), viewer);
        line.draw(display, columns, &mut out);
    }
    out
}

/// The drawing of a whole batch that `display` shares with all displays that show the same, made by the first of
/// them; `None` if it has to draw for itself. `day` is the day of the first message.
pub fn shared_frame<'a>(batch: &'a Batch, display: &Display, day: &DayTracker) -> Option<&'a str> {
    // Most batches fit on any screen, and then its width makes no difference.
    let columns = display
        .wrap_columns()
        .filter(|columns| batch.columns(broadest) > usize::from(*columns));
    let offset_s = match display.custom_zone {
        true => Some(day.offset_s(batch.times().1, &display.zone)?),
        false => None,
    };
    let look = Look {
        offset_s,
        columns,
        times: display.times,
        few_colors: display.few_colors && display.has_color(),
    };
    batch.frame(display.class(), look, |items| {
        frame_wrapped(items, display, columns, None)
    })
}

/// Columns of the longest line of `items`, or of a date.
fn broadest(items: &[Item]) -> usize {
    let mut line = Line::default();
    let mut times = TimeFormatter::new(&UTC);
    let widths = items.iter().map(|item| {
        line.set(item, &mut times, Times::Full, false, None);
        line.breadth()
    });
    widths.fold(DATE_COLUMNS, usize::max)
}

/// All clocks show times of the same width.
static UTC: TimeZone = TimeZone::UTC;

/// Columns of the row that tells a new date.
const DATE_COLUMNS: usize = "--- 2026-11-22 ---".len();

/// Appends a message of the past as a row of words in which stands out what does so live, after `head`: its number and
/// time. With `hits` of a search, those stand out instead of mentions.
pub fn write_past(
    head: &str,
    message: &Message,
    viewer: Viewpoint<'_>,
    hits: Option<&Hits>,
    out: &mut String,
) {
    let mut line = Line::default();
    line.set_past(head, message, viewer, hits);
    line.write_marked(out);
}

/// Appends a message as a row of words, as it was when it was said.
pub fn write_last(
    message: &Arc<Message>,
    times: &mut TimeFormatter<'_>,
    shown: Times,
    viewer: Viewpoint<'_>,
    out: &mut String,
) {
    let mut line = Line::default();
    let item = Item::Message(Arc::clone(message));
    line.set(&item, times, shown, true, Some(viewer));
    line.write_marked(out);
}

/// Appends a row that tells a date, as a row of words.
pub fn write_day(date: Date, out: &mut String) {
    let mut line = Line::default();
    line.set_date(date);
    line.write_marked(out);
}

/// Appends a row of words that are nobody's message, wrapped where `display` wraps. They may hold
/// [`HANG`] and what is [`styled`].
pub fn write_row(words: &str, display: &Display, out: &mut String) {
    let mut line = Line::default();
    line.set_words(words);
    line.draw(display, display.wrap_columns(), out);
}

#[cfg(test)]
mod tests;
