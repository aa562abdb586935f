//! Direct messages, actions, absence, and people whom the user ignores.

use super::*;
use crate::chat::ignore::IgnoreRequest;
use crate::chat::people::Words;

#[test]
fn words_for_one_person_alone_are_asked_for_or_explained() {
    let dai = || Recipient::Name(name("Dai"));
    let table = [
        (
            "\\msg Dai hi there",
            Some(Request::Lobby(LobbyRequest::Message(
                dai(),
                "hi there".to_owned(),
            ))),
        ),
        (
            "/msg @Dai  hi",
            Some(Request::Lobby(LobbyRequest::Message(
                dai(),
                "hi".to_owned(),
            ))),
        ),
        ("\\msg Dai", None),
        ("\\msg", None),
        (
            "\\msg a,b hi",
            Some(Request::Lobby(LobbyRequest::Message(
                Recipient::Name(name("a,b")),
                "hi".to_owned(),
            ))),
        ),
        ("\\reply hi", None),
        (
            "\\ignore",
            Some(Request::Lobby(LobbyRequest::Ignore(IgnoreRequest::List))),
        ),
        (
            "\\ignore @Dai",
            Some(Request::Lobby(LobbyRequest::Ignore(IgnoreRequest::Add(
                name("Dai"),
            )))),
        ),
        (
            "\\unignore Dai",
            Some(Request::Lobby(LobbyRequest::Ignore(IgnoreRequest::Remove(
                name("Dai"),
            )))),
        ),
        ("\\ignore two words", None),
        ("\\unignore", None),
        (
            "\\away",
            Some(Request::Lobby(LobbyRequest::Away(String::new()))),
        ),
        (
            "\\away at lunch",
            Some(Request::Lobby(LobbyRequest::Away("at lunch".to_owned()))),
        ),
    ];
    for (line, expected) in table {
        for mut session in [in_room(), Session::default()] {
            let turn = session.line(line);
            assert_eq!(turn.request, expected, "{line}");
            assert_eq!(turn.views.is_empty(), expected.is_some(), "{line}");
        }
    }
}

#[test]
fn a_reply_goes_to_the_connection_that_told_something_last() {
    let words = |whom, from| DirectMessage {
        time: Timestamp(0),
        whom: MemberId(whom),
        name: name(from),
        words: Words::Text("hi".into()),
    };
    let mut session = in_room();
    let turn = session.dm_received(words(7, "Dai"));
    assert_eq!(
        turn,
        Turn::show([MessageView::DmReceived(words(7, "Dai"), true)])
    );
    let turn = session.dm_received(words(8, "Bo"));
    assert_eq!(
        turn,
        Turn::show([MessageView::DmReceived(words(8, "Bo"), false)])
    );
    let whom = Recipient::Id(MemberId(8), name("Bo"));
    assert_eq!(
        session.line("\\reply  yes"),
        Turn::ask(Request::Lobby(LobbyRequest::Message(
            whom,
            "yes".to_owned()
        )))
    );
    assert!(matches!(
        session.line("\\reply").views[..],
        [View::Help(HelpView::Usage(_))]
    ));
}

#[test]
fn an_action_is_said_in_a_room() {
    let waves = Request::Room(RoomRequest::Say(Kind::Action, "waves".to_owned()));
    assert_eq!(in_room().line("\\me waves"), Turn::ask(waves));
    assert!(matches!(
        in_room().line("\\me").views[..],
        [View::Help(HelpView::Usage(_))]
    ));
    let at_menu = Session::default().line("\\me waves");
    assert_eq!(at_menu, Turn::show([HelpView::OnlyInRoom("me")]));
}

#[test]
fn who_speaks_is_back() {
    let mut session = in_room();
    assert!(!session.come_back());
    session.line("\\away");
    assert_eq!(
        session.reply(Reply::Lobby(LobbyReply::Away)),
        Turn::show([MessageView::Away])
    );
    assert!(session.come_back());
    assert!(!session.come_back());
}

#[test]
fn an_answer_quotes_the_beginning_of_the_line() {
    let line = |id, from: &str, text: &str| {
        Arc::new(Message {
            id,
            time: Timestamp(0),
            member: MemberId(1),
            name: name(from),
            kind: Kind::Message,
            text: text.into(),
        })
    };
    let lines = vec![
        line(11, "bob", "before"),
        line(
            12,
            "Dai",
            "lunch at noon, in the usual place behind the church?",
        ),
        line(13, "anon#2", "ดี"),
    ];
    let found = |query, lines: &[Arc<Message>]| {
        Reply::Lobby(LobbyReply::History(
            query,
            Some(Found::from(lines.to_vec())),
        ))
    };
    let say = |text: &str| {
        Turn::ask(Request::Room(RoomRequest::Say(
            Kind::Message,
            text.to_owned(),
        )))
    };
    let too_long = "x".repeat(LINE_BYTES_MAX - 10);
    let table = [
        (
            "\\re 12 me too",
            12,
            say("@Dai \"lunch at noon, in the usual pl…\" me too"),
        ),
        ("/re #13  yo ", 13, say("anon#2 \"ดี\" yo")),
        (
            "\\re 14 what?",
            14,
            Turn::show([HistoryView::NothingToAnswer(14)]),
        ),
        (
            &format!("\\re 12 {too_long}"),
            12,
            Turn::show([MessageView::LineTooLong]),
        ),
    ];
    for (typed, id, expected) in table {
        let mut session = in_room();
        let query = || HistoryQuery::Around(id);
        let asked = Turn::ask(Request::Lobby(LobbyRequest::History(query())));
        assert_eq!(session.line(typed), asked, "{typed}");
        assert_eq!(session.reply(found(query(), &lines)), expected, "{typed}");
        // What is looked for next is shown.
        session.line("\\context 12");
        let turn = session.reply(found(HistoryQuery::Around(12), &lines));
        assert!(matches!(
            turn.views[..],
            [View::History(HistoryView::Lines(..))]
        ));
    }
    for typed in ["\\re", "\\re 12", "\\re twelve yes", "\\re 12  "] {
        let turn = in_room().line(typed);
        assert!(
            matches!(turn.views[..], [View::Help(HelpView::Usage(_))]),
            "{typed}"
        );
    }
}
