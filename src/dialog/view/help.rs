//! *Pure.* The help page, the help on one command, and the mistakes that lead there.

use std::fmt::{self, Write as _};

use super::{Viewer, quoted};

/// What is said of the commands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HelpView {
    /// All commands.
    Commands(Vec<HelpGroup>),
    /// One command.
    Command(CommandHelp),
    /// Help was asked for on something that is not a command.
    NoSuchCommand(String),
    /// A line begins like a command and is none; perhaps one of these was meant.
    UnknownCommand(String, Vec<&'static str>),
    /// `\lock` was given a password, which may have been seen by others.
    LockTakesNoPassword,
    /// A command for rooms was used at the menu.
    OnlyInRoom(&'static str),
    /// A command got an argument that it does not take: its usage, without the `\`.
    Usage(&'static str),
}

impl HelpView {
    pub(super) fn write(&self, viewer: &Viewer<'_>, out: &mut String) -> fmt::Result {
        match self {
            HelpView::Commands(groups) => write_commands(groups, viewer.row_columns(), out),
            HelpView::Command(help) => write_command(help, out),
            HelpView::NoSuchCommand(word) => writeln!(
                out,
                "There is no command {}. Type \\help for the commands.",
                quoted(word)
            ),
            HelpView::UnknownCommand(word, near) => write_unknown(word, near, out),
            HelpView::LockTakesNoPassword => writeln!(
                out,
                "The room was not locked. Type \\lock alone and choose another password when asked: \
                 what is typed in a line can be seen, and is remembered."
            ),
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandHelp {
    /// The command and its arguments, without the `\`.
    pub usage: &'static str,
    /// What it does, in a few words.
    pub help: &'static str,
    /// An example, without the `\`.
    pub example: &'static str,
    /// Who can use it, and where.
    pub who: &'static str,
    /// What people may type for it.
    pub aliases: Vec<&'static str>,
}

fn write_unknown(word: &str, near: &[&str], out: &mut String) -> fmt::Result {
    let word = quoted(word);
    // Typed twice, it is sent.
    let mark = if word.starts_with('/') { '/' } else { '\\' };
    write!(out, "There is no command {word}.")?;
    match near {
        [] => {}
        [one] => write!(out, " Did you mean \\{one}?")?,
        [most @ .., last] => {
            write!(out, " Did you mean \\{}", most.join(", \\"))?;
            write!(out, " or \\{last}?")?;
        }
    }
    writeln!(
        out,
        " Nothing was sent. Type \\help for the commands, or {mark}{word} to say it."
    )
}

/// Usages are not broken: where they contain spaces a row would begin in the middle of one.
fn write_commands(groups: &[HelpGroup], columns: usize, out: &mut String) -> fmt::Result {
    writeln!(
        out,
        "\\exit leaves the room. Type \\help COMMAND for details:"
    )?;
    for group in groups {
        let mut row = format!("{:>4}:", group.word);
        for usage in &group.usages {
            if row.len() + " \\,".len() + usage.len() > columns {
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
    writeln!(
        out,
        "/ works as \\ does. To send a line that starts with either, type it twice."
    )
}

fn write_command(help: &CommandHelp, out: &mut String) -> fmt::Result {
    writeln!(out, "\\{}: {}.", help.usage, help.help)?;
    writeln!(out, "For example: \\{}", help.example)?;
    if let [_, ..] = help.aliases[..] {
        writeln!(out, "The same: \\{}", help.aliases.join(", \\"))?;
    }
    writeln!(out, "Allowed: {}.", help.who)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialog::view::tests::shown;

    #[test]
    fn what_only_looks_like_a_command_is_not_sent_and_says_how_to_send_it() {
        let rest = "Nothing was sent. Type \\help for the commands, or";
        for (word, near, expected) in [
            (
                "\\frobnicate",
                &[][..],
                format!("There is no command \\frobnicate. {rest} \\\\frobnicate to say it.\n"),
            ),
            (
                "/mgs",
                &["msg"],
                format!("There is no command /mgs. Did you mean \\msg? {rest} //mgs to say it.\n"),
            ),
            (
                "/xy",
                &["a", "b", "c"],
                format!(
                    "There is no command /xy. Did you mean \\a, \\b or \\c? {rest} //xy to say it.\n"
                ),
            ),
        ] {
            let view = HelpView::UnknownCommand(word.to_owned(), near.to_vec());
            assert_eq!(shown(view), expected);
        }
    }
}
