//! *Pure.* Leaving, and the user's name.

use crate::chat::name::Name;
use crate::chat::request::{LobbyRequest, RenameError, Request, RoomRequest};
use crate::dialog::session::{self, Place, Session, Turn};
use crate::dialog::view::{GeneralView, HelpView};

pub(super) fn exit(session: &mut Session, _: &str) -> Turn {
    if session.asked.is_some() {
        return session.back_with(Vec::new());
    }
    match session.place {
        Place::Room(_) => Turn::ask(Request::Room(RoomRequest::Leave)),
        Place::Menu => Turn::show([HelpView::OnlyInRoom("exit")]),
    }
}

pub(super) fn quit(_: &mut Session, _: &str) -> Turn {
    session::quit()
}

pub(super) fn name(session: &mut Session, argument: &str) -> Turn {
    if argument.is_empty() {
        return Turn::show([GeneralView::YourName(session.name.clone())]);
    }
    match Name::choose(argument) {
        Ok(name) => Turn::ask(Request::Lobby(LobbyRequest::Rename(name))),
        Err(error) => session.renamed(Err(RenameError::BadName(error))),
    }
}
