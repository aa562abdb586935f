//! *Pure.* Old messages.

use crate::chat::history::HistoryQuery;
use crate::chat::request::{LobbyRequest, LocalRequest, Request};
use crate::dialog::session::{Session, Turn};
use crate::dialog::view::HelpView;

pub(super) fn history(_: &mut Session, argument: &str) -> Turn {
    match argument.parse::<usize>() {
        _ if argument.is_empty() => Turn::ask(Request::Local(LocalRequest::OlderPage(None))),
        Ok(lines) if lines > 0 => Turn::ask(Request::Local(LocalRequest::OlderPage(Some(lines)))),
        _ => Turn::ask(Request::Local(LocalRequest::UntilTime(argument.to_owned()))),
    }
}

pub(super) fn search(_: &mut Session, argument: &str) -> Turn {
    if argument.is_empty() {
        return Turn::show([HelpView::Usage("search WORDS")]);
    }
    Turn::ask(Request::Lobby(LobbyRequest::History(HistoryQuery::For(
        argument.to_owned(),
    ))))
}

pub(super) fn context(_: &mut Session, argument: &str) -> Turn {
    match argument.trim_start_matches('#').parse() {
        Ok(id) => Turn::ask(Request::Lobby(LobbyRequest::History(HistoryQuery::Around(
            id,
        )))),
        Err(_) => Turn::show([HelpView::Usage("context N, with the number of a line")]),
    }
}
