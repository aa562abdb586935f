//! *Pure.* Every word the server says.
//!
//! A [`View`] is something to show; [`View::write`] gives its text with `\n` between the rows. Whoever puts it
//! on a terminal ([`crate::terminal::screen`]) turns those into the client's line ends.
//!
//! Views nest by subject. Each subject has a file with its enum, its words and their tests, named like the file of
//! its commands in [`crate::dialog::session`]. The words of [`Info`], a reply that is only shown, are in the files of
//! its subjects too.

mod account;
mod admin;
mod connections;
mod end;
mod errors;
mod general;
mod help;
mod history;
mod ignore;
mod keys;
mod messages;
mod moderation;
mod people;
mod question;
mod rooms;
mod settings;
mod terminal;

use std::fmt::{self, Write as _};
use std::sync::Arc;

use jiff::tz::TimeZone;

pub use account::AccountView;
pub use admin::{AdminView, AdminViewer};
pub use end::EndView;
pub use general::{GeneralView, prompt};
pub use help::{CommandHelp, HelpGroup, HelpView};
pub use history::HistoryView;
pub use keys::KeyView;
pub use messages::{MessageView, answer};
pub use moderation::ModerationView;
pub use question::Question;
pub use rooms::RoomView;
pub use settings::SettingsView;
pub use terminal::TerminalView;

use crate::chat::ignore::IgnoreReply;
use crate::chat::message::Message;
use crate::chat::request::Info;
use crate::chat::settings::Times;
use crate::limits::{LIST_BYTES_MAX, PAGE_PART_BYTES, QUOTE_COLUMNS_MAX};
use crate::terminal::draw::{Style, Viewpoint, styled};
use crate::text;
use crate::time::local::TimeFormatter;
use crate::time::{Timestamp, local};

/// The person for whom words are written.
#[derive(Clone, Copy, Debug)]
pub struct Viewer<'a> {
    /// The zone that times are shown in.
    pub zone: &'a TimeZone,
    /// The time now.
    pub now: Timestamp,
    /// Who it is, and what others call them.
    pub viewpoint: Viewpoint<'a>,
    /// How the times of messages are shown.
    pub times: Times,
    /// Show hints.
    pub hints: bool,
    /// Columns of the screen, as far as known.
    pub columns: u16,
    /// The server's name, if it has one.
    pub server: Option<&'a str>,
}

impl Viewer<'_> {
    /// Appends a hint, a row in parentheses, unless the viewer wants none.
    fn hint(&self, words: fmt::Arguments<'_>, out: &mut String) -> fmt::Result {
        match self.hints {
            true => writeln!(out, "{}", styled(Style::Dim, &format!("({words})"))),
            false => Ok(()),
        }
    }

    /// The time of a message that was just sent and is shown in front of it, with a space behind it; empty if times are
    /// not shown.
    fn time(&self, time: Timestamp) -> String {
        let mut times = TimeFormatter::new(self.zone);
        let time = match self.times {
            Times::Full => times.time_of_day(time),
            Times::Short => times.hour_and_minute(time),
            Times::Off => return String::new(),
        };
        format!("{} ", styled(Style::Dim, &format!("[{time}]")))
    }

    /// Columns of a row in a list.
    fn row_columns(&self) -> usize {
        ROW_COLUMNS.min(usize::from(self.columns).saturating_sub(1))
    }

    fn zone_name(&self) -> String {
        local::zone_name(self.zone, self.now)
    }
}

/// One thing that the server says to one client, by subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum View {
    /// A reply that is only shown.
    Info(Info),
    /// The numbered menu.
    Menu,
    /// Around the menu, and the user's own name.
    General(GeneralView),
    /// Commands and how to use them.
    Help(HelpView),
    /// Registered names.
    Account(AccountView),
    /// Keys that log in to them.
    Key(KeyView),
    /// What operators have somebody told.
    Admin(AdminView),
    /// Rooms.
    Room(RoomView),
    /// `\whois` for a name that nobody can have.
    NoSuchUser(String),
    /// Messages to a room or to one person.
    Message(MessageView),
    /// The result of `\ignore` or `\unignore`.
    Ignore(IgnoreReply),
    /// Old messages.
    History(HistoryView),
    /// A room's owners, its password, and the people removed from it.
    Moderation(ModerationView),
    /// How the terminal shows things.
    Settings(SettingsView),
    /// The line being typed.
    Terminal(TerminalView),
    /// Why the connection is closed.
    End(EndView),
}

impl View {
    /// Appends the text for `viewer` to `out`, each row ended by `\n`.
    pub fn write(&self, viewer: &Viewer<'_>, out: &mut String) {
        self.write_part(viewer, &mut Part::whole(), out);
    }

    /// Appends the next `part` of the text; false if that was the last one. Only views with lines of a room have
    /// more than one.
    pub fn write_part(&self, viewer: &Viewer<'_>, part: &mut Part, out: &mut String) -> bool {
        let written = self.write_to(viewer, part, out);
        debug_assert!(written.is_ok(), "writing to a String cannot fail: {self:?}");
        part.is_cut
    }

    /// Bytes that its lines of a room take while it waits to be written.
    pub fn lines_bytes(&self) -> usize {
        let lines = match self {
            View::History(HistoryView::Lines(_, Some(found))) => &found.lines,
            View::Room(RoomView::Joined(_, snapshot, _)) => &snapshot.history,
            _ => return 0,
        };
        let bytes = |line: &Arc<Message>| size_of::<Message>() + line.text_bytes();
        lines.iter().map(bytes).sum()
    }

    fn write_to(&self, viewer: &Viewer<'_>, part: &mut Part, out: &mut String) -> fmt::Result {
        match self {
            View::Info(info) => write_info(info, viewer, out),
            View::Menu => general::write_menu(viewer.server, out),
            View::General(view) => view.write(viewer, out),
            View::Help(view) => view.write(viewer, out),
            View::Account(view) => view.write(out),
            View::Key(view) => view.write(viewer, out),
            View::Admin(view) => view.write(viewer, out),
            View::Room(view) => view.write(viewer, part, out),
            View::NoSuchUser(name) => people::write_no_such_user(&quoted(name), out),
            View::Message(view) => view.write(viewer, out),
            View::Ignore(reply) => ignore::write_ignore(reply, out),
            View::History(view) => view.write(viewer, part, out),
            View::Moderation(view) => view.write(viewer, out),
            View::Settings(view) => view.write(viewer, out),
            View::Terminal(view) => view.write(viewer, out),
            View::End(view) => view.write(out),
        }
    }
}

fn write_info(info: &Info, viewer: &Viewer<'_>, out: &mut String) -> fmt::Result {
    match info {
        Info::RoomPage(page) => rooms::write_room_page(page, viewer, out),
        Info::Topic(room, topic) => rooms::write_topic(room, topic.as_ref(), out),
        Info::Members(room, members, more) => people::write_members(room, members, *more, out),
        Info::Users(users) => people::write_users(users, out),
        Info::Whois(name, profile) => {
            people::write_whois(name, profile.as_deref(), viewer.zone, out)
        }
        Info::Stats(stats) => people::write_stats(stats, viewer, out),
        Info::Banned(reply) => moderation::write_reach(reply, out),
        Info::Bans(bans) => moderation::write_bans(bans, out),
        Info::NotDone(why) => moderation::write_not_done(why, out),
        Info::DmSent(message, away) => {
            messages::write_dm_sent(message, away.as_deref(), viewer, out)
        }
        Info::DmFailed(name, why) => messages::write_dm_failed(name, why, out),
        Info::Admin(answer) => AdminViewer::chat(viewer.zone).write(answer, out),
        Info::Reported(name, taken) => admin::write_report_answer(name, taken, out),
        Info::Unavailable => writeln!(
            out,
            "The server cannot find out right now. Please try again later."
        ),
    }
}

/// How far a view is written that is written in parts, as its reader takes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Lines of the room that are written.
    line: usize,
    /// Bytes of text at which a part ends, or a little more.
    bytes_max: usize,
    /// The last part ended before the view did.
    is_cut: bool,
}

impl Part {
    /// The only one.
    pub fn whole() -> Part {
        Part {
            line: 0,
            bytes_max: usize::MAX,
            is_cut: false,
        }
    }

    /// The first of some; each ends with the line that reaches [`PAGE_PART_BYTES`].
    pub fn first() -> Part {
        Part {
            bytes_max: PAGE_PART_BYTES,
            ..Part::whole()
        }
    }

    /// True while nothing is written.
    fn is_first(self) -> bool {
        self.line == 0
    }

    /// Writes the next of `lines` with `write`, which is given the line before it too. True if all are written.
    fn write_lines(
        &mut self,
        lines: &[Arc<Message>],
        out: &mut String,
        mut write: impl FnMut(Option<&Message>, &Arc<Message>, &mut String) -> fmt::Result,
    ) -> Result<bool, fmt::Error> {
        let start = out.len();
        let mut before = self.line.checked_sub(1).map(|before| &*lines[before]);
        for line in &lines[self.line..] {
            if out.len() - start >= self.bytes_max {
                self.is_cut = true;
                return Ok(false);
            }
            write(before, line, out)?;
            before = Some(line);
            self.line += 1;
        }
        self.is_cut = false;
        Ok(true)
    }
}

/// Lets a subject's view stand where a [`View`] is wanted.
macro_rules! nested {
    ($($subject:ident($view:ty)),+ $(,)?) => {$(
        impl From<$view> for View {
            fn from(view: $view) -> View {
                View::$subject(view)
            }
        }
    )+};
}

nested!(
    Info(Info),
    General(GeneralView),
    Help(HelpView),
    Account(AccountView),
    Key(KeyView),
    Admin(AdminView),
    Room(RoomView),
    Message(MessageView),
    Ignore(IgnoreReply),
    History(HistoryView),
    Moderation(ModerationView),
    Settings(SettingsView),
    Terminal(TerminalView),
    End(EndView),
);

/// Writes a list in one row, as far as it is not too long.
fn write_list(
    items: impl Iterator<Item = impl AsRef<str>>,
    comma: &str,
    more: usize,
    out: &mut String,
) -> fmt::Result {
    let start = out.len();
    let mut left = 0;
    for (index, item) in items.enumerate() {
        if out.len() - start >= LIST_BYTES_MAX {
            left += 1;
            continue;
        }
        if index > 0 {
            out.push_str(comma);
        }
        out.push_str(item.as_ref());
    }
    match more + left {
        0 => writeln!(out),
        more => writeln!(out, " and {more} more"),
    }
}

/// A wrong answer, short enough to be quoted.
fn quoted(wanted: &str) -> String {
    let (cut, dots) = cut(wanted, QUOTE_COLUMNS_MAX);
    format!("{cut}{dots}")
}

/// As much of `text` as fits in `columns`, and an ellipsis if that is not all of it.
fn cut(text: &str, columns: usize) -> (&str, &'static str) {
    let cut = text::cut(text, columns);
    (cut, if cut.len() < text.len() { "…" } else { "" })
}

/// Columns of rows in a list: a screen of 80, minus one, since some terminals wrap in the last column. On a wider
/// screen they would be hard to read.
const ROW_COLUMNS: usize = 79;

#[cfg(test)]
pub(super) mod tests;
