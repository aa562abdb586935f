//! *Pure.* Every word the server says.
//!
//! A [`View`] is what there is to show; [`View::write`] gives its text with `\n` between the rows. Whoever
//! puts it on a terminal ([`crate::terminal::screen`]) turns those into the client's line ends.
//!
//! Here are the views and the sentences that belong nowhere else. The others are told by what they are about:
//! `find` (rooms and people), `keep` (registered names), `own` (who may do what in a room), `ignore`, `talk`,
//! `past`, `help`, `set`, and `why` something was not done.

mod account;
mod errors;
mod help;
mod history;
mod ignore;
mod messages;
mod moderation;
mod rooms;
mod settings;

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::chat::request::Info;

pub use account::AccountView;
pub use help::{HelpGroup, HelpOn};
pub use rooms::listed_rooms;

use help::{write_help, write_help_on, write_no_help, write_only_in_room, write_unknown_command};
use history::write_lines;
use ignore::write_ignore;
use messages::{write_nobody_called, write_not_told, write_told, write_told_you};
use rooms::{
    write_everybody, write_joined, write_nobody_is, write_room_page, write_rooms, write_stats,
    write_who, write_whois,
};
use settings::{
    write_bad_charset, write_bad_timezone, write_set, write_set_in_vain, write_time, write_timezone,
};

use crate::chat::history::{Found, HistoryQuery, RoomSnapshot};
use crate::chat::ignore::IgnoreReply;
use crate::chat::name::{Name, RoomName};
use crate::chat::password::Password;
use crate::chat::people::DirectMessage;
use crate::chat::request::{CreateError, JoinError, PutOut, RenameError};
use crate::chat::settings::Setting;
use crate::chat::topic::Topic;
use crate::limits::{LINE_BYTES_MAX, QUOTE_COLUMNS_MAX, TOPIC_GRAPHEMES_MAX};
use crate::terminal::draw;
use crate::text;
use crate::time::{Timestamp, local};

/// What somebody is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Choice 1.
    NewRoom,
    /// Choice 2.
    Room,
    /// Choice 4.
    Username,
    /// Whether to create this room, which there is not.
    Create(RoomName),
    /// `\register`.
    NewPassword,
    /// `\register`, for the second time.
    PasswordAgain(Password),
    /// `\login`.
    Password(Name),
    /// `\forget`.
    PasswordToForget(Name),
    /// Asked by a room with a password, so many times at most.
    RoomPassword(RoomName, u8),
    /// Of `\lock` alone.
    NewRoomPassword,
}

impl Question {
    /// The words, which are also the prompt.
    pub fn words(&self) -> Cow<'static, str> {
        match self {
            Question::NewRoom => "Enter room name you wish to create: ".into(),
            Question::Room => "Please enter room number: ".into(),
            Question::Username => "Please enter your new username: ".into(),
            Question::Create(room) => format!("There is no room {room}. Create it? [y/N] ").into(),
            Question::NewPassword => "Choose a password: ".into(),
            Question::PasswordAgain(_) => "Once more: ".into(),
            Question::Password(name) | Question::PasswordToForget(name) => {
                format!("Password of {name}: ").into()
            }
            Question::RoomPassword(room, _) => format!("Password of room {room}: ").into(),
            Question::NewRoomPassword => "New password of the room: ".into(),
        }
    }

    /// The answer is a secret: where we own the echo it is not shown, and nothing remembers it.
    pub fn is_secret(&self) -> bool {
        match self {
            Question::NewRoom | Question::Room | Question::Username | Question::Create(_) => false,
            Question::NewPassword
            | Question::PasswordAgain(_)
            | Question::Password(_)
            | Question::PasswordToForget(_)
            | Question::RoomPassword(..)
            | Question::NewRoomPassword => true,
        }
    }
}

/// For whom words are written.
#[derive(Clone, Copy, Debug)]
pub struct Viewer<'a> {
    /// The zone that times are shown in.
    pub zone: &'a TimeZone,
    /// The time now.
    pub now: Timestamp,
    /// Advice is wanted.
    pub hints: bool,
    /// What the server is called, if it is.
    pub server: Option<&'a str>,
}

impl Viewer<'_> {
    /// Appends a row of advice, in parentheses, if that is wanted.
    fn hint(&self, words: fmt::Arguments<'_>, out: &mut String) -> fmt::Result {
        match self.hints {
            true => writeln!(out, "({words})"),
            false => Ok(()),
        }
    }

    fn zone_name(&self) -> String {
        local::zone_name(self.zone, self.now)
    }
}

/// One thing that the server says to one client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum View {
    /// A reply that is only shown.
    Info(Info),
    /// What the operator says to everybody who connects: rows, each ended by `\n`.
    Motd(Arc<str>),
    /// The numbered menu.
    Menu,
    /// The answer to a choice that there is not.
    BadChoice,
    /// A room was created.
    Created(RoomName),
    /// A room was not created: what was asked for, and why.
    CreateFailed(String, CreateError),
    /// The rooms, in the order they were created, and how many more there are.
    Rooms(Vec<RoomName>, usize),
    /// A name was given.
    Renamed,
    /// A name was not given.
    RenameFailed(RenameError),
    /// A room was joined, and this is what it looks like; whether to tell of `\ansi`.
    Joined(RoomName, RoomSnapshot, bool),
    /// A room was not joined: what was asked for, and why.
    JoinFailed(String, JoinError),
    /// Nobody can have this name.
    NobodyIs(String),
    /// A room was joined already.
    InAlready(RoomName),
    /// A room that there is not was not created.
    NotCreated,
    /// A topic was longer than one may be.
    TopicTooLong,
    /// The commands.
    Help(Vec<HelpGroup>),
    /// One command.
    HelpOn(HelpOn),
    /// Help was asked for on something that is no command.
    NoHelp(String),
    /// A line that begins like a command and is none.
    UnknownCommand(String),
    /// A command that means nothing at the menu.
    OnlyInRoom(&'static str),
    /// One's own name.
    YourName(Name),
    /// How things are drawn from now on.
    Set(Setting),
    /// What was asked for is so already, or cannot be on this connection.
    SetInVain(Setting),
    /// An argument that a command does not take: its usage.
    Usage(&'static str),
    /// A character set that there is not, or that no terminal can use.
    BadCharset(String),
    /// The time now.
    Time,
    /// The zone that times are shown in.
    Timezone,
    /// A time zone that there is not.
    BadTimezone(String),
    /// A sign of life.
    Yes,
    /// A line was said that nobody has seen.
    NotSent,
    /// A line was said by somebody who may only read.
    Muted,
    /// A room asks for a password that none can be.
    BadRoomPassword,
    /// A password was wrong; so many tries are left.
    WrongPassword(u8),
    /// One was put out of a room, and so many lines were not sent any more.
    PutOut(RoomName, PutOut, usize),
    /// Private words from somebody; whether to tell how to answer.
    DmReceived(DirectMessage, bool),
    /// Nobody can have this name.
    NobodyCalled(String),
    /// There are no private words to reply to.
    NobodyToldYou,
    /// One is away from now on.
    Away,
    /// One is back.
    Back,
    /// What came of ignoring somebody.
    Ignore(IgnoreReply),
    /// Lines of the past were found, all by people whom one ignores.
    OnlyIgnored,
    /// Lines of the past; `None`: it cannot be read.
    Lines(HistoryQuery, Option<Found>),
    /// Something of registered names.
    Keep(AccountView),
    /// A secret is asked for on a terminal that shows it.
    SecretIsSeen,
    /// What Tab could complete.
    Candidates(Vec<String>),
    /// `exit` was said in a room, which was perhaps meant as a command.
    ExitHint,
    /// A line was longer than [`LINE_BYTES_MAX`].
    LineTooLong,
    /// The date changes in what is shown.
    Date(Date),
    /// So many messages were not shown, since the client did not take them in time.
    Skipped(u64),
    /// Last words to who leaves.
    Goodbye,
    /// Last words when the server stops.
    GoingDown,
    /// Last words to who typed nothing for too long.
    Idle,
    /// Last words to a client of another protocol.
    Foreign(&'static str),
    /// Refused: the server has as many connections as it takes.
    ServerFull,
    /// Refused: the address has as many connections as it may.
    AddressFull,
}

const MENU: &str = "\
Enter following number to:
    (1) Create Chat room
    (2) Join chat room
    (3) List available chat room
    (4) Set username
    (5) Exit program
Who needs password anyway?
===================================
";

const SECRET_IS_SEEN: &str = "your terminal shows what you type; a telnet client would hide it";

const EXIT_HINT: &str = "type '\\exit' if you want to quit the room";

impl View {
    /// Appends the text for `viewer` to `out`, each row ended by `\n`.
    pub fn write(&self, viewer: &Viewer<'_>, out: &mut String) {
        let written = self.write_to(viewer, out);
        debug_assert!(
            written.is_ok(),
            "a String takes all that is written to it, and a view has words: {self:?}"
        );
    }

    fn write_to(&self, viewer: &Viewer<'_>, out: &mut String) -> fmt::Result {
        let _zone = viewer.zone;
        match self {
            View::Motd(rows) => out.write_str(rows),
            View::Info(info) => write_info(info, viewer, out),
            View::Menu => write_menu(viewer.server, out),
            View::Created(room) => writeln!(out, "Create room {room} successful"),
            View::CreateFailed(wanted, why) => write_room_failed("Create", wanted, why, out),
            View::Rooms(rooms, more) => write_rooms(rooms, *more, out),
            View::RenameFailed(why) => writeln!(out, "Update username failed. {why}"),
            View::Joined(room, scene, tip) => write_joined(room, scene, *tip, viewer, out),
            View::JoinFailed(wanted, why) => write_room_failed("Join", wanted, why, out),
            View::NobodyIs(name) => write_nobody_is(&quoted(name), out),
            View::InAlready(room) => writeln!(out, "You are in room {room} already."),
            View::TopicTooLong => write_topic_too_long(out),
            View::Help(groups) => write_help(groups, out),
            View::HelpOn(on) => write_help_on(on, out),
            View::NoHelp(word) => write_no_help(&quoted(word), out),
            View::UnknownCommand(word) => write_unknown_command(&quoted(word), out),
            View::OnlyInRoom(command) => write_only_in_room(command, out),
            View::YourName(name) => write_your_name(name, out),
            View::Set(setting) => write_set(setting, viewer, out),
            View::SetInVain(setting) => write_set_in_vain(setting, out),
            View::Usage(usage) => writeln!(out, "Type \\{usage}."),
            View::BadCharset(name) => write_bad_charset(&quoted(name), out),
            View::Time => write_time(viewer, out),
            View::Timezone => write_timezone(viewer, out),
            View::BadTimezone(name) => write_bad_timezone(&quoted(name), viewer, out),
            View::BadRoomPassword => moderation::write_bad_password(out),
            View::WrongPassword(tries) => moderation::write_wrong_password(*tries, out),
            View::PutOut(room, how, lost) => moderation::write_put_out(room, how, *lost, out),
            View::DmReceived(words, hint) => write_told_you(words, *hint, viewer, out),
            View::NobodyCalled(name) => write_nobody_called(&quoted(name), out),
            View::Ignore(answer) => write_ignore(answer, out),
            View::Lines(look, found) => write_lines(look, found.as_ref(), viewer, out),
            View::Keep(view) => view.write(out),
            View::SecretIsSeen => viewer.hint(format_args!("{SECRET_IS_SEEN}"), out),
            View::Candidates(candidates) => writeln!(out, "{}", candidates.join("  ")),
            View::ExitHint => viewer.hint(format_args!("{EXIT_HINT}"), out),
            View::LineTooLong => write_line_too_long(out),
            View::Date(date) => write_date(*date, out),
            View::Skipped(count) => writeln!(out, "* {count} messages skipped"),
            View::Foreign(protocol) => write_foreign(protocol, out),
            // Named one by one, so that a new view does not compile before it is given words.
            View::BadChoice | View::Renamed | View::NotCreated => self.write_fixed(out),
            View::NotSent | View::Muted => self.write_fixed(out),
            View::NobodyToldYou | View::Away | View::Back | View::Yes => self.write_fixed(out),
            View::OnlyIgnored | View::Goodbye | View::GoingDown => self.write_fixed(out),
            View::Idle | View::ServerFull | View::AddressFull => self.write_fixed(out),
        }
    }

    /// Of the views whose words never change.
    fn write_fixed(&self, out: &mut String) -> fmt::Result {
        let words = match self {
            View::BadChoice => "You have entered illegal/incorrect input. Please try again!",
            View::Renamed => "Update username successful",
            View::NotCreated => "Nothing was created. Type \\rooms for the rooms that there are.",
            View::NotSent => "Not sent: the server cannot store messages right now.",
            View::Muted => "Not sent: you are muted here. Who owns the room can \\unmute you.",
            View::NobodyToldYou => {
                "Nobody has told you anything yet. Nothing was sent. Type \\msg NAME TEXT."
            }
            View::Away => "You are away until you say something.",
            View::Back => "You are back.",
            View::OnlyIgnored => {
                "All of that was said by people you ignore. Type \\ignore for who they are."
            }
            View::Yes => "[yes]",
            View::Goodbye => "Goodbye.",
            View::GoingDown => "* The server is going down.",
            View::Idle => "* You have typed nothing for long. Goodbye.",
            View::ServerFull => "The server is full. Please try again later.",
            View::AddressFull => {
                "Too many connections from your address. Please close one and try again."
            }
            _ => return Err(fmt::Error),
        };
        writeln!(out, "{words}")
    }
}

fn write_info(info: &Info, viewer: &Viewer<'_>, out: &mut String) -> fmt::Result {
    let zone = viewer.zone;
    match info {
        Info::RoomPage(page) => write_room_page(page, viewer, out),
        Info::Members(room, people, more) => write_who(room, people, *more, out),
        Info::Users(people) => write_everybody(people, out),
        Info::Whois(name, profile) => write_whois(name, profile.as_deref(), zone, out),
        Info::Stats(stats) => write_stats(stats, viewer, out),
        Info::Topic(room, topic) => write_topic(room, topic.as_ref(), out),
        Info::Bans(bans) => moderation::write_bans(bans, out),
        Info::NotDone(why) => moderation::write_not_done(why, out),
        Info::DmSent(message, away) => write_told(message, away.as_deref(), zone, out),
        Info::DmFailed(name, why) => write_not_told(name, why, out),
        Info::Unavailable => writeln!(
            out,
            "The server cannot find out right now. Please try again later."
        ),
    }
}

fn write_room_failed(
    what: &str,
    wanted: &str,
    why: &dyn fmt::Display,
    out: &mut String,
) -> fmt::Result {
    writeln!(out, "{what} room {} failed. {why}", quoted(wanted))
}

fn write_topic(room: &RoomName, topic: Option<&Topic>, out: &mut String) -> fmt::Result {
    match topic {
        Some(topic) => writeln!(out, "Room {room} is about: {topic}"),
        None => writeln!(
            out,
            "Nobody has said what room {room} is about. Type \\topic TEXT to do so."
        ),
    }
}

fn write_topic_too_long(out: &mut String) -> fmt::Result {
    writeln!(
        out,
        "A topic has at most {TOPIC_GRAPHEMES_MAX} characters. It is as it was. \
         Please say it in fewer words."
    )
}

fn write_your_name(name: &Name, out: &mut String) -> fmt::Result {
    writeln!(out, "Your name is {name}. Type \\name NEW to change it.")
}

fn write_line_too_long(out: &mut String) -> fmt::Result {
    writeln!(
        out,
        "That line is longer than {LINE_BYTES_MAX} bytes. Nothing was sent. \
         Please send it in parts."
    )
}

fn write_foreign(protocol: &str, out: &mut String) -> fmt::Result {
    writeln!(
        out,
        "This is parlor, a chat for nc and telnet. It does not speak {protocol}. Goodbye."
    )
}

fn write_date(date: Date, out: &mut String) -> fmt::Result {
    draw::write_date(date, out);
    writeln!(out)
}

/// A wrong answer, short enough to be quoted.
fn quoted(wanted: &str) -> String {
    let (cut, dots) = cut(wanted, QUOTE_COLUMNS_MAX);
    format!("{cut}{dots}")
}

fn write_menu(server: Option<&str>, out: &mut String) -> fmt::Result {
    match server {
        None => writeln!(out, "=========== Welcome! ==============")?,
        Some(server) => writeln!(out, "======= Welcome to {server}! =======")?,
    }
    out.write_str(MENU)
}

/// As much of `text` as fits in `columns`, and what shows that it was more.
fn cut(text: &str, columns: usize) -> (&str, &'static str) {
    let cut = text::cut(text, columns);
    (cut, if cut.len() < text.len() { "…" } else { "" })
}

/// Columns of rows in a list: a screen of 80, on some of which the last one wraps.
const ROW_COLUMNS: usize = 79;

/// The prompt of who is called `name`.
pub fn prompt(name: &Name) -> String {
    // Composed after every turn of a room: `format!` takes three times as long.
    [name.as_str(), "> "].concat()
}

#[cfg(test)]
mod tests;
