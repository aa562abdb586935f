//! Old messages.

use super::*;
use crate::chat::history::HistoryQuery;

#[test]
fn the_past_is_looked_into_from_a_room() {
    let ask = Turn::ask;
    let table = [
        (
            "\\history",
            ask(Request::Local(LocalRequest::OlderPage(None))),
        ),
        (
            "\\history 50",
            ask(Request::Local(LocalRequest::OlderPage(Some(50)))),
        ),
        (
            "\\history 14:30",
            ask(Request::Local(LocalRequest::UntilTime("14:30".to_owned()))),
        ),
        (
            "\\history 0",
            ask(Request::Local(LocalRequest::UntilTime("0".to_owned()))),
        ),
        (
            "\\search ดี \"yo\"",
            ask(Request::Lobby(LobbyRequest::History(HistoryQuery::For(
                "ดี \"yo\"".to_owned(),
            )))),
        ),
        (
            "\\context #12",
            ask(Request::Lobby(LobbyRequest::History(HistoryQuery::Around(
                12,
            )))),
        ),
        (
            "\\context 12",
            ask(Request::Lobby(LobbyRequest::History(HistoryQuery::Around(
                12,
            )))),
        ),
    ];
    for (line, expected) in table {
        assert_eq!(in_room().line(line), expected, "{line}");
    }
    for line in ["\\search", "\\context", "\\context x"] {
        assert!(
            matches!(
                in_room().line(line).views[..],
                [View::Help(HelpView::Usage(_))]
            ),
            "{line}"
        );
    }
    let at_menu = Session::default().line("\\history");
    assert_eq!(at_menu, Turn::show([HelpView::OnlyInRoom("history")]));
}
