//! *Pure.* The help page, the help on one command, and the mistakes that lead there.

use std::fmt::{self, Write as _};

use super::{ROW_COLUMNS, quoted};

/// What is said of the commands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HelpView {
    /// All commands.
    Commands(Vec<HelpGroup>),
    /// One command.
    Command(CommandHelp),
    /// Help was asked for on something that is not a command.
    NoSuchCommand(String),
    /// A line begins like a command and is none.
    UnknownCommand(String),
    /// A command for rooms was used at the menu.
    OnlyInRoom(&'static str),
    /// A command got an argument that it does not take: its usage, without the `\`.
    Usage(&'static str),
}

impl HelpView {
    pub(super) fn write(&self, out: &mut String) -> fmt::Result {
        match self {
            HelpView::Commands(groups) => write_commands(groups, out),
            HelpView::Command(help) => write_command(help, out),
            HelpView::NoSuchCommand(word) => writeln!(
                out,
                "There is no command {}. Type \\help for the commands.",
                quoted(word)
            ),
            HelpView::UnknownCommand(word) => {
                let word = quoted(word);
                writeln!(
                    out,
                    "There is no command {word}. Nothing was sent. \
                     Type \\help for the commands, or \\{word} to say it."
                )
            }
            HelpView::OnlyInRoom(command) => writeln!(
                out,
                "\\{command} is for rooms, and you are at the menu. \
                 Type 2 to join a room, \\quit to leave."
            ),
            HelpView::Usage(usage) => writeln!(out, "Type \\{usage}."),
        }
    }
}

/// A paragraph of the help page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelpGroup {
    /// The word in front of it: what its commands are for.
    pub word: &'static str,
    /// The commands and their arguments, without the `\`.
    pub usages: Vec<&'static str>,
}

/// What `\help COMMAND` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandHelp {
    /// The command and its arguments, without the `\`.
    pub usage: &'static str,
    /// What it does, in a few words.
    pub help: &'static str,
    /// An example, without the `\`.
    pub example: &'static str,
    /// Who can use it, and where.
    pub who: &'static str,
}

fn write_commands(groups: &[HelpGroup], out: &mut String) -> fmt::Result {
    writeln!(
        out,
        "\\exit leaves the room. \\help COMMAND explains one of these:"
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
    writeln!(out, "A line that begins with \\\\ is sent with one \\.")
}

fn write_command(help: &CommandHelp, out: &mut String) -> fmt::Result {
    writeln!(out, "\\{}: {}.", help.usage, help.help)?;
    writeln!(out, "For example: \\{}", help.example)?;
    writeln!(out, "Who can use it: {}.", help.who)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialog::view::tests::shown;

    #[test]
    fn what_only_looks_like_a_command_is_not_sent_and_says_how_to_send_it() {
        assert_eq!(
            shown(HelpView::UnknownCommand("\\exits".to_owned())),
            "There is no command \\exits. Nothing was sent. \
             Type \\help for the commands, or \\\\exits to say it.\n"
        );
    }
}
