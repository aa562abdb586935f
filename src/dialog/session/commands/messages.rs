//! *Pure.* Direct messages, actions and absence.

use crate::chat::history::HistoryQuery;
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
    let extras = session.extras.as_ref();
    match extras.and_then(|extras| extras.last_dm_from.as_ref()) {
        None => Turn::show([MessageView::NothingToAnswer]),
        Some(_) if argument.is_empty() => Turn::show([HelpView::Usage("reply TEXT")]),
        Some(whom) => Turn::ask(Request::Lobby(LobbyRequest::Message(
            whom.clone(),
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

pub(super) fn re(session: &mut Session, argument: &str) -> Turn {
    let (number, text) = argument.split_once(' ').unwrap_or((argument, ""));
    match number.trim_start_matches('#').parse() {
        Ok(id) if !text.trim().is_empty() => {
            let extras = session.extras.get_or_insert_default();
            extras.answer = Some(text.trim().into());
            let query = HistoryQuery::Around(id);
            Turn::ask(Request::Lobby(LobbyRequest::History(query)))
        }
        _ => Turn::show([HelpView::Usage("re N TEXT, with the number of a line")]),
    }
}

pub(super) fn away(_: &mut Session, argument: &str) -> Turn {
    Turn::ask(Request::Lobby(LobbyRequest::Away(argument.to_owned())))
}
