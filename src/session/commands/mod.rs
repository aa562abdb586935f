//! *Pure.* The commands: one small function each, and the table that `\help` prints.

use super::{Parsed, Place, Session, Turn, quit};
use crate::limits::{HISTORY_PAGE_LINES, WIDTH_COLUMNS};
use crate::name::Name;
use crate::request::{Look, RenameError, Request, Setting};
use crate::view::{HelpRow, View};

/// One command.
pub struct Command {
    /// The name and its arguments, as `\help` shows them.
    pub usage: &'static str,
    /// What it does, in a few words.
    pub help: &'static str,
    scope: Scope,
    run: fn(&mut Session, &str) -> Turn,
}

/// Where a command means something. While a question is open, a command that is not for there is taken as
/// the answer: a name may well look like one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    Room,
    RoomAndMenu,
    Everywhere,
}

impl Command {
    const fn new(
        usage: &'static str,
        help: &'static str,
        scope: Scope,
        run: fn(&mut Session, &str) -> Turn,
    ) -> Command {
        Command {
            usage,
            help,
            scope,
            run,
        }
    }

    /// What is typed after `\` or `/`.
    pub fn name(&self) -> &'static str {
        self.usage.split(' ').next().unwrap_or(self.usage)
    }

    /// It is taken as an answer while a question is open.
    pub(super) fn is_for_questions(&self) -> bool {
        self.scope == Scope::Everywhere
    }

    /// Does it, given the rest of the line.
    pub(super) fn run(&'static self, session: &mut Session, argument: &str) -> Turn {
        if self.scope == Scope::Room && !session.in_room() {
            return session.back_to_menu_with(View::OnlyInRoom(self.name()));
        }
        (self.run)(session, argument)
    }
}

/// All of them, in the order of `\help`.
#[rustfmt::skip]
pub const COMMANDS: &[Command] = &[
    Command::new("exit", "leave the room, back to the menu", Scope::Everywhere, exit),
    Command::new("help", "list these commands", Scope::Everywhere, help),
    Command::new("name NEW", "change your name", Scope::RoomAndMenu, name),
    Command::new("who", "name the people in the room", Scope::Room, who),
    Command::new("history [N|DATE|TIME]", "what was said before: again for more", Scope::Room, history),
    Command::new("search WORDS", "find in all that was said here", Scope::Room, search),
    Command::new("context N", "what was said around line #N", Scope::Room, context),
    Command::new("ansi [off]", "messages do not cut into what you type", Scope::RoomAndMenu, ansi),
    Command::new("width N", "the width of your screen, for \\ansi", Scope::RoomAndMenu, width),
    Command::new("color on|off", "colours of names and mentions", Scope::RoomAndMenu, color),
    Command::new("bell on|off", "your name rings the terminal's bell", Scope::RoomAndMenu, bell),
    Command::new("plain [off]", "append-only, for screen readers and paper", Scope::RoomAndMenu, plain),
    Command::new("charset NAME", "for terminals without UTF-8: latin1, cp437 ...", Scope::RoomAndMenu, charset),
    Command::new("quit", "leave the server", Scope::Everywhere, quit_command),
];

/// Tells what a line is. `\name` is a command or a mistake; `/name` is a command or text, since people talk
/// of `/usr/bin`; `\\` in front says the line with one `\`.
pub(super) fn parse(line: &str) -> Parsed<'_> {
    let start = line.trim_start();
    let (word, rest) = start.split_once(' ').unwrap_or((start, ""));
    if let Some(name) = word.strip_prefix('\\') {
        if name.starts_with('\\') {
            return Parsed::Text(&start[1..]);
        }
        return match find(name) {
            Some(command) => Parsed::Command(command, rest.trim()),
            None => Parsed::Unknown(word),
        };
    }
    match word.strip_prefix('/').and_then(find) {
        Some(command) => Parsed::Command(command, rest.trim()),
        None => Parsed::Text(line),
    }
}

fn find(name: &str) -> Option<&'static Command> {
    COMMANDS
        .iter()
        .find(|command| command.name().eq_ignore_ascii_case(name))
}

fn exit(session: &mut Session, _: &str) -> Turn {
    match session.place {
        Place::Room(_) => Turn::ask(Request::Leave),
        Place::Asked(_) => {
            session.place = Place::Menu;
            Turn::show([View::Menu])
        }
        Place::Menu => Turn::show([View::OnlyInRoom("exit")]),
    }
}

fn help(_: &mut Session, _: &str) -> Turn {
    let rows = COMMANDS.iter().map(|command| HelpRow {
        usage: command.usage,
        help: command.help,
    });
    Turn::show([View::Help(rows.collect())])
}

fn name(session: &mut Session, argument: &str) -> Turn {
    if argument.is_empty() {
        return Turn::show([View::YourName(session.name.clone())]);
    }
    match Name::parse(argument) {
        Ok(name) => Turn::ask(Request::Rename(name)),
        Err(error) => session.renamed(Err(RenameError::BadName(error))),
    }
}

fn who(_: &mut Session, _: &str) -> Turn {
    Turn::ask(Request::Who)
}

fn history(_: &mut Session, argument: &str) -> Turn {
    match argument.parse::<usize>() {
        _ if argument.is_empty() => Turn::ask(Request::LookBack(HISTORY_PAGE_LINES)),
        Ok(lines) if lines > 0 => Turn::ask(Request::LookBack(lines)),
        _ => Turn::ask(Request::LookUpTo(argument.to_owned())),
    }
}

fn search(_: &mut Session, argument: &str) -> Turn {
    if argument.is_empty() {
        return Turn::show([View::Usage("search WORDS")]);
    }
    Turn::ask(Request::Look(Look::For(argument.to_owned())))
}

fn context(_: &mut Session, argument: &str) -> Turn {
    match argument.trim_start_matches('#').parse() {
        Ok(id) => Turn::ask(Request::Look(Look::Around(id))),
        Err(_) => Turn::show([View::Usage("context N, with the number of a line")]),
    }
}

fn ansi(_: &mut Session, argument: &str) -> Turn {
    switch(argument, true, "ansi [off]", Setting::Ansi)
}

fn plain(_: &mut Session, argument: &str) -> Turn {
    switch(argument, true, "plain [off]", Setting::Plain)
}

fn color(_: &mut Session, argument: &str) -> Turn {
    switch(argument, false, "color on, or \\color off", Setting::Color)
}

fn bell(_: &mut Session, argument: &str) -> Turn {
    switch(argument, false, "bell on, or \\bell off", Setting::Bell)
}

/// A setting that is on or off. `bare` tells whether no argument means on.
fn switch(argument: &str, bare: bool, usage: &'static str, setting: fn(bool) -> Setting) -> Turn {
    match argument.to_ascii_lowercase().as_str() {
        "on" => Turn::ask(Request::Set(setting(true))),
        "" if bare => Turn::ask(Request::Set(setting(true))),
        "off" => Turn::ask(Request::Set(setting(false))),
        _ => Turn::show([View::Usage(usage)]),
    }
}

fn width(_: &mut Session, argument: &str) -> Turn {
    match argument.parse::<u16>() {
        Ok(columns) if WIDTH_COLUMNS.contains(&columns) => {
            Turn::ask(Request::Set(Setting::Width(Some(columns))))
        }
        _ if argument.eq_ignore_ascii_case("off") => Turn::ask(Request::Set(Setting::Width(None))),
        _ => Turn::show([View::Usage("width N, with a number from 20 to 500")]),
    }
}

fn charset(_: &mut Session, argument: &str) -> Turn {
    if argument.is_empty() {
        return Turn::show([View::Usage(
            "charset NAME, such as utf-8, latin1, cp437 or windows-874",
        )]);
    }
    Turn::ask(Request::Set(Setting::Charset(argument.to_owned())))
}

fn quit_command(_: &mut Session, _: &str) -> Turn {
    quit()
}

impl std::fmt::Debug for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "\\{}", self.usage)
    }
}

impl PartialEq for Command {
    /// There is one of each, so the usage tells.
    fn eq(&self, other: &Self) -> bool {
        self.usage == other.usage
    }
}

impl Eq for Command {}
