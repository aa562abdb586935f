//! Rooms and people.

use std::time::Duration;

use super::*;
use crate::chat::people::{RoomPage, Stats, UserSummary};
use crate::chat::request::{Info, ModCommand, ModError};

#[test]
fn a_topic_is_asked_for_set_and_taken_away() {
    let lunch = Topic::parse("lunch at noon").expect("short enough");
    let table = [
        ("\\topic", Turn::ask(Request::Room(RoomRequest::Topic))),
        (
            "\\topic \u{200b}",
            Turn::ask(Request::Room(RoomRequest::Topic)),
        ),
        (
            "\\topic lunch at noon",
            Turn::ask(Request::Room(RoomRequest::Moderate(ModCommand::SetTopic(
                lunch,
            )))),
        ),
        (
            "\\topic OFF",
            Turn::ask(Request::Room(RoomRequest::Moderate(ModCommand::SetTopic(
                None,
            )))),
        ),
    ];
    for (line, expected) in table {
        assert_eq!(in_room().line(line), expected, "{line}");
    }
    let too_long = in_room().line(&format!("\\topic {}", "x".repeat(1000)));
    assert_eq!(too_long, Turn::show([RoomView::TopicTooLong]));
    let at_menu = Session::default().line("\\topic lunch");
    assert_eq!(at_menu, Turn::show([HelpView::OnlyInRoom("topic")]));
}

#[test]
fn who_sets_a_topic_is_told_only_if_it_could_not_be_stored() {
    let mut session = in_room();
    assert_eq!(session.reply(Reply::Room(RoomReply::Done)), Turn::default());
    let turn = session.reply(Reply::Room(RoomReply::Shown(Info::NotDone(
        ModError::NotStored,
    ))));
    assert_eq!(
        turn,
        Turn::show([View::Info(Info::NotDone(ModError::NotStored))])
    );
}

#[test]
fn rooms_are_listed_by_the_page_anywhere() {
    let table = [
        ("\\rooms", Some(1)),
        ("/rooms 2", Some(2)),
        ("\\rooms 0", None),
        ("\\rooms x", None),
        ("\\rooms -1", None),
    ];
    for (line, page) in table {
        for mut session in [in_room(), Session::default()] {
            let turn = session.line(line);
            assert_eq!(
                turn.request,
                page.map(|page| Request::Lobby(LobbyRequest::RoomPage(page))),
                "{line}"
            );
            assert_eq!(turn.views.is_empty(), page.is_some(), "{line}");
        }
    }
    let page = RoomPage {
        page: 1,
        pages: 0,
        rooms: Vec::new(),
    };
    let turn = Session::default().reply(Reply::Lobby(LobbyReply::Shown(Info::RoomPage(
        page.clone(),
    ))));
    assert_eq!(turn, Turn::show([View::Info(Info::RoomPage(page))]));
}

#[test]
fn who_means_the_room_in_a_room_and_everybody_at_the_menu() {
    let table = [
        (
            "\\who",
            Some(Request::Room(RoomRequest::Members)),
            Some(Request::Lobby(LobbyRequest::Users)),
        ),
        (
            "/who ALL",
            Some(Request::Lobby(LobbyRequest::Users)),
            Some(Request::Lobby(LobbyRequest::Users)),
        ),
        ("\\who Dai", None, None),
    ];
    for (line, room, menu) in table {
        assert_eq!(in_room().line(line).request, room, "{line}");
        assert_eq!(Session::default().line(line).request, menu, "{line}");
    }
    let people = vec![UserSummary::named(name("Dai"))];
    let turn = in_room().reply(Reply::Room(RoomReply::Shown(Info::Members(
        room("1150"),
        people.clone(),
        3,
    ))));
    let who = View::Info(Info::Members(room("1150"), people, 3));
    assert_eq!(turn, Turn::show([who]));
}

#[test]
fn whois_asks_of_somebody_who_can_be() {
    for mut session in [in_room(), Session::default()] {
        let asked = Turn::ask(Request::Lobby(LobbyRequest::Whois(name("Dai"))));
        assert_eq!(session.line("\\whois Dai"), asked);
        assert_eq!(session.line("/whois @Dai "), asked);
        let turn = session.line("\\whois two words");
        assert_eq!(turn, Turn::show([View::NoSuchUser("two words".to_owned())]));
        assert!(matches!(
            session.line("\\whois").views[..],
            [View::Help(HelpView::Usage(_))]
        ));
        let turn = session.reply(Reply::Lobby(LobbyReply::Shown(Info::Whois(
            name("Dai"),
            None,
        ))));
        assert_eq!(
            turn,
            Turn::show([View::Info(Info::Whois(name("Dai"), None))])
        );
    }
}

#[test]
fn a_room_can_be_joined_from_anywhere() {
    for mut session in [in_room(), Session::default()] {
        assert_eq!(
            session.line("\\join 7"),
            Turn::ask(Request::Lobby(LobbyRequest::Join(room("7"), None)))
        );
        session.reply(Reply::Lobby(LobbyReply::Joined(
            room("7"),
            Ok(RoomSnapshot::default()),
        )));
        assert!(session.in_room());
        assert_eq!(session.prompt(), "anon> ");
        let again = session.line("/join 7");
        assert_eq!(again, Turn::show([RoomView::AlreadyIn(room("7"))]));
        let full = Reply::Lobby(LobbyReply::Joined(room("8"), Err(JoinError::Full(2))));
        session.line("\\join 8");
        let failed = RoomView::JoinFailed("8".to_owned(), JoinError::Full(2));
        assert_eq!(session.reply(full), Turn::show([failed]));
        assert!(session.in_room());
    }
    let mut session = in_room();
    let same = session.line("\\join 1150");
    assert_eq!(same, Turn::show([RoomView::AlreadyIn(room("1150"))]));
    assert!(matches!(
        session.line("\\join").views[..],
        [View::Help(HelpView::Usage(_))]
    ));
    let turn = session.line("\\join two words");
    let [View::Room(RoomView::JoinFailed(wanted, JoinError::BadName(_)))] = &turn.views[..] else {
        panic!("{turn:?}");
    };
    assert_eq!(wanted, "two words");
}

#[test]
fn nobody_is_asked_whether_to_create_a_room_that_cannot_be_called_that() {
    let mut session = Session::default();
    let alike = RoomName::parse("c\u{4CF}ub").expect("a room could have been called that");
    session.line("\\join c\u{4CF}ub");
    let turn = session.reply(Reply::Lobby(LobbyReply::Joined(
        alike,
        Err(JoinError::NoRoom),
    )));
    let [View::Room(RoomView::JoinFailed(_, JoinError::BadName(_)))] = &turn.views[..] else {
        panic!("{turn:?}");
    };
    assert_eq!(session.question(), None);
}

/// A session with the question whether to create room 7 open.
fn asked_to_create(mut session: Session) -> Session {
    session.line("\\join 7");
    let turn = session.reply(Reply::Lobby(LobbyReply::Joined(
        room("7"),
        Err(JoinError::NoRoom),
    )));
    assert_eq!(turn, Turn::default());
    assert_eq!(session.prompt(), "There is no room 7. Create it? [y/N] ");
    session
}

#[test]
fn a_room_that_there_is_not_is_created_and_joined_if_one_says_yes() {
    for start in [in_room(), Session::default()] {
        for yes in ["y", " YES "] {
            let mut session = asked_to_create(start.clone());
            let create = Turn::ask(Request::Lobby(LobbyRequest::Create(room("7"))));
            assert_eq!(session.line(yes), create, "{yes}");
            let turn = session.reply(Reply::Lobby(LobbyReply::Created(room("7"), Ok(()))));
            assert_eq!(turn.views, [RoomView::Created(room("7")).into()]);
            assert_eq!(
                turn.request,
                Some(Request::Lobby(LobbyRequest::Join(room("7"), None)))
            );
            session.reply(Reply::Lobby(LobbyReply::Joined(
                room("7"),
                Ok(RoomSnapshot::default()),
            )));
            assert!(session.in_room());
            assert_eq!(session.prompt(), "anon> ");
        }
        // Somebody else says yes first.
        let mut session = asked_to_create(start);
        session.line("y");
        let turn = session.reply(Reply::Lobby(LobbyReply::Created(
            room("7"),
            Err(CreateError::Exists),
        )));
        assert_eq!(
            turn,
            Turn::ask(Request::Lobby(LobbyRequest::Join(room("7"), None)))
        );
    }
}

#[test]
fn a_room_that_there_is_not_is_not_created_by_accident() {
    for no in ["n", "", "yo", "\\join 8", "hello", "\\nonsense"] {
        let mut session = asked_to_create(in_room());
        assert!(!session.would_say(&Typed::new(no)));
        assert_eq!(
            session.line(no),
            Turn::show([RoomView::NotCreated]),
            "{no:?}"
        );
        assert_eq!(session.prompt(), "anon> ");
        assert!(session.in_room());
        let mut session = asked_to_create(Session::default());
        let turn = Turn::show([RoomView::NotCreated.into(), View::Menu]);
        assert_eq!(session.line(no), turn, "{no:?} at the menu");
    }
    let mut session = asked_to_create(in_room());
    assert_eq!(session.line("\\exit"), Turn::default());
    assert!(session.in_room());
    let mut session = asked_to_create(in_room());
    session.line("y");
    let turn = session.reply(Reply::Lobby(LobbyReply::Created(
        room("7"),
        Err(CreateError::TooMany(3)),
    )));
    let failed = RoomView::CreateFailed("7".to_owned(), CreateError::TooMany(3));
    assert_eq!(turn, Turn::show([failed]));
    assert_eq!(session.prompt(), "anon> ");
}

#[test]
fn choice_2_asks_nothing_more_of_a_room_that_there_is_not() {
    let mut session = Session::default();
    session.line("2");
    session.line("7");
    let turn = session.reply(Reply::Lobby(LobbyReply::Joined(
        room("7"),
        Err(JoinError::NoRoom),
    )));
    let failed = RoomView::JoinFailed("7".to_owned(), JoinError::NoRoom);
    assert_eq!(turn, Turn::show([failed.into(), View::Menu]));
    assert_eq!(session.prompt(), "anon> ");
}

#[test]
fn what_a_command_is_about_is_told_from_its_usage() {
    let completes = |name| Command::named(name).map(Command::completes);
    let table = [
        ("join", Some(Completes::Rooms)),
        ("MSG", Some(Completes::People)),
        ("whois", Some(Completes::People)),
        ("help", Some(Completes::Commands)),
        ("me", Some(Completes::Members)),
        ("charset", Some(Completes::Charsets)),
        ("timezone", Some(Completes::Zones)),
        ("bell", Some(Completes::Words("off|mention|all"))),
        ("ansi", Some(Completes::Words("off"))),
        ("width", Some(Completes::Words("N|off"))),
        ("who", Some(Completes::Words("all"))),
        ("topic", Some(Completes::Members)),
        ("history", Some(Completes::Members)),
        ("nonsense", None),
    ];
    for (name, expected) in table {
        assert_eq!(completes(name), expected, "{name}");
    }
}

#[test]
fn stats_are_asked_for_anywhere_and_shown() {
    let stats = Stats {
        since: Timestamp(0),
        up: Duration::from_secs(7200),
        people: 3,
        is_partial: false,
        is_shared: false,
        rooms: 2,
        lines: 40,
        lines_ever: Some(1000),
        certificate: None,
    };
    for mut session in [in_room(), Session::default()] {
        assert_eq!(
            session.line("\\stats"),
            Turn::ask(Request::Lobby(LobbyRequest::Stats))
        );
        let turn = session.reply(Reply::Lobby(LobbyReply::Shown(Info::Stats(stats.clone()))));
        assert_eq!(
            shown(&turn.views[0]),
            "parlor, up since 1970-01-01 00:00:00 (2 h)\npeople: 3\nrooms: 2\n\
             lines: 40 since then, 1000 in all\n"
        );
    }
    let in_memory = Stats {
        lines_ever: None,
        ..stats
    };
    let words = shown(&View::Info(Info::Stats(in_memory.clone())));
    assert!(words.ends_with("\nlines: 40 since then\n"), "{words}");
    let bytes: Vec<String> = (0..32).map(|byte| format!("{byte:02X}")).collect();
    let with_tls = Stats {
        certificate: Some(bytes.join(":").into()),
        ..in_memory
    };
    let words = shown(&View::Info(Info::Stats(with_tls)));
    let expected = "\ntls certificate: sha256\n  00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:\n  \
                    10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F\n";
    assert!(words.ends_with(expected), "{words}");
}

#[test]
fn what_the_operator_says_comes_before_the_menu() {
    let mut session = Session::default();
    assert_eq!(session.greeting(None, false), Turn::show([View::Menu]));
    let rows: Arc<str> = "Be kind.\n\nThanks.\n".into();
    let turn = session.greeting(Some(Arc::clone(&rows)), false);
    assert_eq!(
        turn,
        Turn::show([GeneralView::Motd(rows).into(), View::Menu])
    );
    assert!(shown(&turn.views[0]).starts_with("Be kind.\n\nThanks.\n"));
}
