//! *Pure.* People whom the user ignores.

use crate::chat::ignore::IgnoreRequest;
use crate::chat::name::Name;
use crate::chat::request::{LobbyRequest, Request};
use crate::dialog::session::{Session, Turn};
use crate::dialog::view::HelpView;

pub(super) fn ignore(_: &mut Session, argument: &str) -> Turn {
    match argument {
        "" => Turn::ask(Request::Lobby(LobbyRequest::Ignore(IgnoreRequest::List))),
        name => about(name, IgnoreRequest::Add, "ignore NAME"),
    }
}

pub(super) fn unignore(_: &mut Session, argument: &str) -> Turn {
    about(argument, IgnoreRequest::Remove, "unignore NAME")
}

fn about(name: &str, request: fn(Name) -> IgnoreRequest, usage: &'static str) -> Turn {
    match Name::parse(name.trim_start_matches('@')) {
        Ok(name) => Turn::ask(Request::Lobby(LobbyRequest::Ignore(request(name)))),
        Err(_) => Turn::show([HelpView::Usage(usage)]),
    }
}
