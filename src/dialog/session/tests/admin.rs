//! `\admin` and `\report`.

use super::*;
use crate::chat::account::{AccountReply, Login};

#[test]
fn who_is_no_operator_is_not_shown_what_operators_do() {
    let is_shown = |session: &mut Session| {
        let turn = session.line("\\help");
        shown(&turn.views[0]).contains("\\admin")
    };
    let log_in = |session: &mut Session, is_operator| {
        let login = Login {
            is_operator,
            ..Login::default()
        };
        let reply = AccountReply::LoggedIn(name("Dai"), Ok(Box::new(login)));
        session.reply(Reply::Account(reply));
    };
    let mut session = Session::default();
    assert!(!is_shown(&mut session));
    log_in(&mut session, false);
    assert!(!is_shown(&mut session));
    log_in(&mut session, true);
    assert!(is_shown(&mut session));
    session.renamed_by_operator(name("Guest"), Some(name("Dai")));
    assert!(!is_shown(&mut session));
    log_in(&mut session, true);
    session.reply(Reply::Lobby(LobbyReply::Renamed(Ok(name("Bo")))));
    assert!(!is_shown(&mut session));
}

#[test]
fn commands_of_operators_are_passed_on_as_they_were_typed() {
    for (line, expected) in [
        ("\\admin", ""),
        (
            "\\admin ban 192.0.2.0/24 for 2h  x",
            "ban 192.0.2.0/24 for 2h  x",
        ),
        ("/ADMIN list", "list"),
    ] {
        let request = Request::Lobby(LobbyRequest::Admin(expected.to_owned()));
        assert_eq!(in_room().line(line), Turn::ask(request.clone()), "{line}");
        assert_eq!(Session::default().line(line), Turn::ask(request), "{line}");
    }
}

#[test]
fn a_report_needs_a_name_and_a_reason() {
    for (line, expected) in [
        ("\\report @Dai too  loud", Some(("Dai", "too  loud"))),
        ("\\report anon#2 spam", Some(("anon#2", "spam"))),
        ("\\report Dai", None),
        ("\\report Dai  ", None),
        ("\\report", None),
    ] {
        let turn = in_room().line(line);
        match expected {
            Some((who, why)) => {
                let report = LobbyRequest::Report(name(who), why.to_owned());
                assert_eq!(turn, Turn::ask(Request::Lobby(report)), "{line}");
            }
            None => {
                let usage = HelpView::Usage("report NAME WHY");
                assert_eq!(turn, Turn::show([usage]), "{line}");
            }
        }
    }
}
