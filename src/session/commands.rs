//! *Pure.* The commands: one small function each, and the table that `\help` prints.

use super::{Parsed, Place, Session, Turn, quit};
use crate::name::Name;
use crate::request::{RenameError, Request};
use crate::view::{HelpRow, View};

/// One command.
pub struct Command {
    /// What is typed after `\` or `/`.
    pub name: &'static str,
    /// The name and its arguments, as `\help` shows them.
    pub usage: &'static str,
    /// What it does, in a few words.
    pub help: &'static str,
    /// It means nothing at the menu.
    pub only_in_room: bool,
    /// It works while a question is open. The others are then taken as the answer.
    pub when_asked: bool,
    /// Does it, given the rest of the line.
    pub run: fn(&mut Session, &str) -> Turn,
}

/// All of them, in the order of `\help`.
pub const COMMANDS: &[Command] = &[
    Command {
        name: "exit",
        usage: "exit",
        help: "leave the room, back to the menu",
        only_in_room: false,
        when_asked: true,
        run: exit,
    },
    Command {
        name: "help",
        usage: "help",
        help: "list these commands",
        only_in_room: false,
        when_asked: true,
        run: help,
    },
    Command {
        name: "name",
        usage: "name NEW",
        help: "change your name",
        only_in_room: false,
        when_asked: false,
        run: name,
    },
    Command {
        name: "who",
        usage: "who",
        help: "name the people in the room",
        only_in_room: true,
        when_asked: false,
        run: who,
    },
    Command {
        name: "quit",
        usage: "quit",
        help: "leave the server",
        only_in_room: false,
        when_asked: true,
        run: quit_command,
    },
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
        .find(|command| command.name.eq_ignore_ascii_case(name))
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

fn quit_command(_: &mut Session, _: &str) -> Turn {
    quit()
}

impl std::fmt::Debug for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "\\{}", self.usage)
    }
}

impl PartialEq for Command {
    /// There is one of each, so the name tells.
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Command {}
