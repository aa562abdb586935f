//! *Pure.* Rooms and people.

use crate::chat::name::{Name, RoomName};
use crate::chat::request::{JoinError, LobbyRequest, ModCommand, Request, RoomRequest};
use crate::chat::topic::Topic;
use crate::dialog::session::{Place, Session, Turn};
use crate::dialog::view::View;

pub(super) fn rooms(_: &mut Session, argument: &str) -> Turn {
    match argument.parse::<usize>() {
        _ if argument.is_empty() => Turn::ask(Request::Lobby(LobbyRequest::RoomPage(1))),
        Ok(page) if page > 0 => Turn::ask(Request::Lobby(LobbyRequest::RoomPage(page))),
        _ => Turn::show([View::Usage("rooms, or \\rooms 2 for the second page")]),
    }
}

pub(super) fn who(session: &mut Session, argument: &str) -> Turn {
    match argument.to_ascii_lowercase().as_str() {
        "" if session.in_room() => Turn::ask(Request::Room(RoomRequest::Members)),
        "" | "all" => Turn::ask(Request::Lobby(LobbyRequest::Users)),
        _ => Turn::show([View::Usage("who, \\who all, or \\whois NAME")]),
    }
}

pub(super) fn whois(_: &mut Session, argument: &str) -> Turn {
    if argument.is_empty() {
        return Turn::show([View::Usage("whois NAME")]);
    }
    match Name::parse(argument.trim_start_matches('@')) {
        Ok(name) => Turn::ask(Request::Lobby(LobbyRequest::Whois(name))),
        // Nobody can be called so.
        Err(_) => Turn::show([View::NobodyIs(argument.to_owned())]),
    }
}

pub(super) fn stats(_: &mut Session, _: &str) -> Turn {
    Turn::ask(Request::Lobby(LobbyRequest::Stats))
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
        Err(_) => Turn::show([View::TopicTooLong]),
    }
}

pub(super) fn join(session: &mut Session, argument: &str) -> Turn {
    if argument.is_empty() {
        return Turn::show([View::Usage("join ROOM")]);
    }
    let room = match RoomName::parse(argument) {
        Ok(room) => room,
        Err(error) => {
            let why = JoinError::BadName(error);
            return Turn::show([View::JoinFailed(argument.to_owned(), why)]);
        }
    };
    match &session.place {
        Place::Room(here) if here.key() == room.key() => {
            Turn::show([View::InAlready(here.clone())])
        }
        _ => Turn::ask(Request::Lobby(LobbyRequest::Join(room, None))),
    }
}
