//! *Pure.* The people who are connected, and the server.

use crate::chat::name::Name;
use crate::chat::request::{LobbyRequest, Request, RoomRequest};
use crate::dialog::session::{Session, Turn};
use crate::dialog::view::{HelpView, View};

pub(super) fn who(session: &mut Session, argument: &str) -> Turn {
    match argument.to_ascii_lowercase().as_str() {
        "" if session.in_room() => Turn::ask(Request::Room(RoomRequest::Members)),
        "" | "all" => Turn::ask(Request::Lobby(LobbyRequest::Users)),
        _ => Turn::show([HelpView::Usage("who, \\who all, or \\whois NAME")]),
    }
}

pub(super) fn whois(_: &mut Session, argument: &str) -> Turn {
    if argument.is_empty() {
        return Turn::show([HelpView::Usage("whois NAME")]);
    }
    match Name::parse(argument.trim_start_matches('@')) {
        Ok(name) => Turn::ask(Request::Lobby(LobbyRequest::Whois(name))),
        // Nobody can have this name.
        Err(_) => Turn::show([View::NoSuchUser(argument.to_owned())]),
    }
}

pub(super) fn stats(_: &mut Session, _: &str) -> Turn {
    Turn::ask(Request::Lobby(LobbyRequest::Stats))
}
