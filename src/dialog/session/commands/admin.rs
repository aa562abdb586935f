//! *Pure.* What operators of the server do, and how others reach them.

use crate::chat::name::Name;
use crate::chat::request::{LobbyRequest, Request};
use crate::dialog::session::{Session, Turn};
use crate::dialog::view::{HelpView, MessageView};

/// Who may, and what it means, is decided where operators are known.
pub(super) fn admin(_: &mut Session, argument: &str) -> Turn {
    Turn::ask(Request::Lobby(LobbyRequest::Admin(argument.to_owned())))
}

pub(super) fn report(_: &mut Session, argument: &str) -> Turn {
    let (who, why) = argument.split_once(' ').unwrap_or((argument, ""));
    let why = why.trim();
    if why.is_empty() {
        return Turn::show([HelpView::Usage("report NAME WHY")]);
    }
    // Those of a room who have no name have a number there.
    let who = who.trim_start_matches('@');
    match Name::parse(who) {
        Ok(name) => {
            let why = why.to_owned();
            Turn::ask(Request::Lobby(LobbyRequest::Report(name, why)))
        }
        // Nobody can have this name.
        Err(_) => Turn::show([MessageView::NobodyCalled(who.to_owned())]),
    }
}
