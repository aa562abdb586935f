//! *Pure.* Direct messages, actions and absence.

use crate::chat::message::Kind;
use crate::chat::name::Name;
use crate::chat::people::Recipient;
use crate::chat::request::{LobbyRequest, Request};
use crate::dialog::session::{Session, Turn};
use crate::dialog::view::{HelpView, MessageView};

pub(super) fn msg(_: &mut Session, argument: &str) -> Turn {
    let (name, text) = argument.split_once(' ').unwrap_or((argument, ""));
    if text.trim().is_empty() {
        return Turn::show([HelpView::Usage("msg NAME TEXT")]);
    }
    match Name::parse(name.trim_start_matches('@')) {
        Ok(name) => Turn::ask(Request::Lobby(LobbyRequest::Message(
            Recipient::Name(name),
            text.trim().to_owned(),
        ))),
        // Nobody can have this name.
        Err(_) => Turn::show([MessageView::NobodyCalled(name.to_owned())]),
    }
}

pub(super) fn reply(session: &mut Session, argument: &str) -> Turn {
    match &session.last_dm_from {
        None => Turn::show([MessageView::NothingToAnswer]),
        Some(_) if argument.is_empty() => Turn::show([HelpView::Usage("reply TEXT")]),
        Some(whom) => Turn::ask(Request::Lobby(LobbyRequest::Message(
            (**whom).clone(),
            argument.to_owned(),
        ))),
    }
}

pub(super) fn me(session: &mut Session, argument: &str) -> Turn {
    if argument.is_empty() {
        return Turn::show([HelpView::Usage("me TEXT, such as \\me waves")]);
    }
    session.say(Kind::Action, argument)
}

pub(super) fn away(_: &mut Session, argument: &str) -> Turn {
    Turn::ask(Request::Lobby(LobbyRequest::Away(argument.to_owned())))
}
