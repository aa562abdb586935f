//! *Pure.* The help page, and what is told of one command.

use std::fmt::{self, Write as _};

use super::ROW_COLUMNS;

/// A paragraph of the help page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelpGroup {
    /// What its commands are for.
    pub word: &'static str,
    /// The commands and their arguments, without the `\`.
    pub usages: Vec<&'static str>,
}

/// What `\help` tells of one command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HelpOn {
    /// The command and its arguments, without the `\`.
    pub usage: &'static str,
    /// What it does, in a few words.
    pub help: &'static str,
    /// A line that may be typed, without the `\`.
    pub example: &'static str,
    /// Who may, and where.
    pub who: &'static str,
}

pub(super) fn write_help(groups: &[HelpGroup], out: &mut String) -> fmt::Result {
    writeln!(
        out,
        "\\exit leaves the room. \\help COMMAND tells more of one of these:"
    )?;
    for group in groups {
        let mut row = format!("{:>4}:", group.word);
        for usage in &group.usages {
            if row.len() + " \\,".len() + usage.len() > ROW_COLUMNS {
                writeln!(out, "{row}")?;
                row = " ".repeat(5);
            }
            let comma = if group.usages.last() == Some(usage) {
                ""
            } else {
                ","
            };
            write!(row, " \\{usage}{comma}")?;
        }
        writeln!(out, "{row}")?;
    }
    writeln!(out, "A line that begins with \\\\ is said with one \\.")
}

pub(super) fn write_help_on(on: &HelpOn, out: &mut String) -> fmt::Result {
    writeln!(out, "\\{}: {}.", on.usage, on.help)?;
    writeln!(out, "For example: \\{}", on.example)?;
    writeln!(out, "Who may: {}.", on.who)
}

pub(super) fn write_no_help(word: &str, out: &mut String) -> fmt::Result {
    writeln!(
        out,
        "There is no command {word}. Type \\help for the commands."
    )
}

pub(super) fn write_unknown_command(word: &str, out: &mut String) -> fmt::Result {
    writeln!(
        out,
        "There is no command {word}. Nothing was sent. \
         Type \\help for the commands, or \\{word} to say it."
    )
}

pub(super) fn write_only_in_room(command: &str, out: &mut String) -> fmt::Result {
    writeln!(
        out,
        "\\{command} is for rooms, and you are at the menu. \
         Type 2 to join a room, \\quit to go."
    )
}
