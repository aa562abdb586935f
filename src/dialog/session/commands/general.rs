//! *Pure.* Coming, going, being called.

use super::{COMMANDS, Group, find};
use crate::chat::name::Name;
use crate::chat::request::{LobbyRequest, RenameError, Request, RoomRequest};
use crate::dialog::session::{Place, Session, Turn, quit as quit_now};
use crate::dialog::view::{HelpGroup, HelpOn, View};

pub(super) fn exit(session: &mut Session, _: &str) -> Turn {
    if session.asked.is_some() {
        return session.back_with(Vec::new());
    }
    match session.place {
        Place::Room(_) => Turn::ask(Request::Room(RoomRequest::Leave)),
        Place::Menu => Turn::show([View::OnlyInRoom("exit")]),
    }
}

pub(super) fn quit(_: &mut Session, _: &str) -> Turn {
    quit_now()
}

pub(super) fn help(_: &mut Session, argument: &str) -> Turn {
    if argument.is_empty() {
        let groups = Group::ALL.map(|group| HelpGroup {
            word: group.word(),
            usages: usages_of(group),
        });
        return Turn::show([View::Help(groups.into())]);
    }
    let name = argument.trim_start_matches(['\\', '/']);
    Turn::show([match find(name) {
        Some(command) => View::HelpOn(HelpOn {
            usage: command.usage,
            help: command.help,
            example: command.example,
            who: command.scope.words(),
        }),
        None => View::NoHelp(argument.to_owned()),
    }])
}

fn usages_of(group: Group) -> Vec<&'static str> {
    let commands = COMMANDS.iter().filter(|command| command.group == group);
    commands.map(|command| command.usage).collect()
}

pub(super) fn name(session: &mut Session, argument: &str) -> Turn {
    if argument.is_empty() {
        return Turn::show([View::YourName(session.name.clone())]);
    }
    match Name::parse(argument) {
        Ok(name) => Turn::ask(Request::Lobby(LobbyRequest::Rename(name))),
        Err(error) => session.renamed(Err(RenameError::BadName(error))),
    }
}
