//! *Pure.* Rooms and their topics.

use crate::chat::name::{Name, RoomName};
use crate::chat::request::{
    JoinError, LobbyRequest, ModCommand, ReopenError, Request, RoomRequest,
};
use crate::chat::topic::Topic;
use crate::dialog::session::{Place, Session, Turn};
use crate::dialog::view::{HelpView, MessageView, RoomView};

pub(super) fn rooms(_: &mut Session, argument: &str) -> Turn {
    match argument.parse::<usize>() {
        _ if argument.is_empty() => Turn::ask(Request::Lobby(LobbyRequest::RoomPage(1))),
        Ok(page) if page > 0 => Turn::ask(Request::Lobby(LobbyRequest::RoomPage(page))),
        _ => Turn::show([HelpView::Usage("rooms, or \\rooms 2 for the second page")]),
    }
}

pub(super) fn topic(_: &mut Session, argument: &str) -> Turn {
    if argument.eq_ignore_ascii_case("off") {
        return Turn::ask(Request::Room(RoomRequest::Moderate(ModCommand::SetTopic(
            None,
        ))));
    }
    match Topic::parse(argument) {
        Ok(None) => Turn::ask(Request::Room(RoomRequest::Topic)),
        Ok(topic) => Turn::ask(Request::Room(RoomRequest::Moderate(ModCommand::SetTopic(
            topic,
        )))),
        Err(_) => Turn::show([RoomView::TopicTooLong]),
    }
}

pub(super) fn invite(_: &mut Session, argument: &str) -> Turn {
    match Name::parse(argument.trim_start_matches('@')) {
        Ok(name) => Turn::ask(Request::Lobby(LobbyRequest::Invite(name))),
        Err(_) if argument.is_empty() => Turn::show([HelpView::Usage("invite NAME")]),
        // Nobody can have this name.
        Err(_) => Turn::show([MessageView::NobodyCalled(argument.to_owned())]),
    }
}

pub(super) fn join(session: &mut Session, argument: &str) -> Turn {
    if argument.is_empty() {
        return Turn::show([HelpView::Usage("join ROOM")]);
    }
    let room = match RoomName::parse(argument) {
        Ok(room) => room,
        Err(error) => {
            let why = JoinError::BadName(error);
            return Turn::show([RoomView::JoinFailed(argument.to_owned(), why)]);
        }
    };
    match &session.place {
        Place::Room(here) if here.key() == room.key() => {
            Turn::show([RoomView::AlreadyIn(here.clone())])
        }
        _ => Turn::ask(Request::Lobby(LobbyRequest::Join(room, None))),
    }
}

pub(super) fn reopen(_: &mut Session, argument: &str) -> Turn {
    let mut words = argument.split_whitespace();
    let (room, new) = (words.next(), words.next());
    let (Some(room), None) = (room, words.next()) else {
        let usage = "reopen ROOM, or \\reopen ROOM NEW for another name";
        return Turn::show([HelpView::Usage(usage)]);
    };
    let parsed = RoomName::parse(room);
    let names = parsed.and_then(|room| Ok((room, new.map(RoomName::choose).transpose()?)));
    match names {
        Ok((room, new)) => Turn::ask(Request::Lobby(LobbyRequest::Reopen(room, new))),
        Err(error) => {
            let wanted = new.unwrap_or(room).to_owned();
            let why = ReopenError::BadName(error);
            Turn::show([RoomView::ReopenFailed(wanted, why)])
        }
    }
}
