//! *Pure.* The list of commands, and the help on one.

use super::{COMMANDS, Group, aliases_of, find};
use crate::dialog::session::{Session, Turn};
use crate::dialog::view::{CommandHelp, HelpGroup, HelpView};

/// All commands; those of operators for operators.
pub(in crate::dialog::session) fn list_commands(session: &Session) -> Turn {
    let is_shown = |group: &Group| *group != Group::Operators || session.is_operator();
    let groups = Group::ALL.into_iter().filter(is_shown);
    let groups = groups.map(|group| HelpGroup {
        word: group.word(),
        usages: usages_of(group),
    });
    Turn::show([HelpView::Commands(groups.collect())])
}

pub(super) fn help(session: &mut Session, argument: &str) -> Turn {
    if argument.is_empty() {
        return list_commands(session);
    }
    let name = argument.trim_start_matches(['\\', '/']);
    Turn::show([match find(name) {
        Some(command) => HelpView::Command(CommandHelp {
            usage: command.usage,
            help: command.help,
            example: command.example,
            who: command.scope.words(),
            aliases: aliases_of(command),
        }),
        None => HelpView::NoSuchCommand(argument.to_owned()),
    }])
}

fn usages_of(group: Group) -> Vec<&'static str> {
    let commands = COMMANDS.iter().filter(|command| command.group == group);
    commands.map(|command| command.usage).collect()
}
