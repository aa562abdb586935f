use std::sync::Arc;

use super::*;
use crate::chat::history::{HistoryQuery, RoomSnapshot};
use crate::chat::ignore::IgnoreRequest;
use crate::chat::message::{Kind, MemberId, Message};
use crate::chat::name::NameFault;
use crate::chat::settings::{Bell, Setting};
use crate::chat::topic::Topic;
use crate::limits::HISTORY_PAGE_LINES;
use crate::time::Timestamp;

mod finding;
mod own;

fn room(name: &str) -> RoomName {
    RoomName::parse(name).expect("a room name")
}

fn name(name: &str) -> Name {
    Name::parse(name).expect("a name")
}

/// A session in room 1150.
fn in_room() -> Session {
    let mut session = Session::default();
    assert_eq!(session.line("2"), Turn::default());
    assert_eq!(
        session.line("1150"),
        Turn::ask(Request::Lobby(LobbyRequest::Join(room("1150"), None)))
    );
    session.reply(Reply::Lobby(LobbyReply::Joined(
        room("1150"),
        Ok(RoomSnapshot::default()),
    )));
    session
}

fn help() -> Turn {
    Session::default().line("\\help")
}

#[test]
fn help_names_every_command_and_fits_a_screen() {
    let turn = help();
    let [view @ View::Help(_)] = &turn.views[..] else {
        panic!("{turn:?}");
    };
    let text = shown(view);
    for command in COMMANDS {
        assert!(
            text.contains(&format!("\\{}", command.usage)),
            "{command:?}"
        );
    }
    assert!(text.lines().count() <= 24, "{text}");
    let too_wide = |row| crate::text::width(row) >= 80;
    assert!(!text.lines().any(too_wide), "{text}");
}

fn shown(view: &View) -> String {
    let mut text = String::new();
    let viewer = view::Viewer {
        zone: &jiff::tz::TimeZone::UTC,
        now: Timestamp(0),
        hints: true,
        server: None,
    };
    view.write(&viewer, &mut text);
    text
}

#[test]
fn help_on_a_command_gives_an_example_that_is_one() {
    for command in COMMANDS {
        let turn = in_room().line(&format!("\\help {}", command.name()));
        let [view @ View::HelpOn(on)] = &turn.views[..] else {
            panic!("{turn:?}");
        };
        assert_eq!(on.usage, command.usage);
        assert!(shown(view).contains(&format!("For example: \\{}", on.example)));
        let example = format!("\\{}", on.example);
        let Parsed::Command(meant, _) = commands::parse(&example) else {
            panic!("{example} is no command");
        };
        assert_eq!(meant, command);
        let turn = in_room().line(&example);
        assert!(!matches!(turn.views[..], [View::Usage(_)]), "{example}");
    }
    for (typed, rows) in [
        ("\\help \\who", 3),
        ("\\help /WHO", 3),
        ("\\help nothing", 1),
    ] {
        let turn = in_room().line(typed);
        assert_eq!(shown(&turn.views[0]).lines().count(), rows, "{typed}");
    }
}

#[test]
fn each_choice_asks_or_answers_as_the_menu_says() {
    let table = [
        ("1", "Enter room name you wish to create: "),
        ("2", "Please enter room number: "),
        ("4", "Please enter your new username: "),
        ("  4 ", "Please enter your new username: "),
    ];
    for (choice, prompt) in table {
        let mut session = Session::default();
        assert_eq!(session.prompt(), "anon> ");
        assert_eq!(session.line(choice), Turn::default(), "{choice}");
        assert_eq!(session.prompt(), prompt);
    }
    assert_eq!(
        Session::default().line("3"),
        Turn::ask(Request::Lobby(LobbyRequest::Rooms))
    );
    assert_eq!(Session::default().line("5"), quit());
    for wrong in ["", "6", "12", "hello", "/usr/bin"] {
        let expected = Turn::show([View::BadChoice, View::Menu]);
        assert_eq!(Session::default().line(wrong), expected, "{wrong}");
    }
}

#[test]
fn creating_a_room_does_not_join_it() {
    let mut session = Session::default();
    session.line("1");
    assert_eq!(
        session.line(" 1150 "),
        Turn::ask(Request::Lobby(LobbyRequest::Create(room("1150"))))
    );
    let turn = session.reply(Reply::Lobby(LobbyReply::Created(room("1150"), Ok(()))));
    assert_eq!(turn, Turn::show([View::Created(room("1150")), View::Menu]));
    assert!(!session.in_room());
    assert_eq!(session.prompt(), "anon> ");
}

#[test]
fn what_cannot_be_a_name_is_refused_with_the_reason_and_the_menu() {
    for (choice, answer) in [
        ("1", "two words"),
        ("1", ""),
        ("4", "John Smith"),
        ("4", ""),
    ] {
        let mut session = Session::default();
        session.line(choice);
        let turn = session.line(answer);
        assert_eq!(turn.request, None, "{choice} {answer:?}");
        assert_eq!(turn.views.len(), 2);
        assert_eq!(turn.views[1], View::Menu);
        assert_eq!(session.prompt(), "anon> ");
    }
    let mut session = Session::default();
    session.line("2");
    let turn = session.line("no such");
    let why = View::JoinFailed("no such".to_owned(), JoinError::NoRoom);
    assert_eq!(turn, Turn::show([why, View::Menu]));
}

#[test]
fn a_new_name_is_shown_in_the_prompt_once_it_is_given() {
    let mut session = Session::default();
    session.line("4");
    assert_eq!(
        session.line("Dai"),
        Turn::ask(Request::Lobby(LobbyRequest::Rename(name("Dai"))))
    );
    let turn = session.reply(Reply::Lobby(LobbyReply::Renamed(Ok(name("Dai")))));
    assert_eq!(turn, Turn::show([View::Renamed, View::Menu]));
    assert_eq!(session.prompt(), "Dai> ");
}

#[test]
fn a_name_that_is_taken_leaves_the_old_one() {
    let mut session = in_room();
    session.line("\\name Dai");
    let why = RenameError::Taken(name("Dai"), name("Dai_2"));
    let turn = session.reply(Reply::Lobby(LobbyReply::Renamed(Err(why.clone()))));
    assert_eq!(turn, Turn::show([View::RenameFailed(why)]));
    assert_eq!(session.name(), &Name::anon());
    assert!(session.in_room());
}

#[test]
fn in_a_room_a_line_is_said_unless_it_is_a_command() {
    let said = |text: &str| {
        Turn::ask(Request::Room(RoomRequest::Say(
            Kind::Message,
            text.to_owned(),
        )))
    };
    let table = [
        ("yo!", said("yo!")),
        ("  indented", said("  indented")),
        ("5", said("5")),
        ("", Turn::default()),
        ("   ", Turn::default()),
        ("/usr/bin", said("/usr/bin")),
        ("/shrug", said("/shrug")),
        ("\\\\exit", said("\\exit")),
        ("\\\\\\o/", said("\\\\o/")),
        ("\\exit", Turn::ask(Request::Room(RoomRequest::Leave))),
        (" \\EXIT ", Turn::ask(Request::Room(RoomRequest::Leave))),
        ("/exit", Turn::ask(Request::Room(RoomRequest::Leave))),
        ("\\who", Turn::ask(Request::Room(RoomRequest::Members))),
        ("/quit", quit()),
        (
            "\\name Day",
            Turn::ask(Request::Lobby(LobbyRequest::Rename(name("Day")))),
        ),
        ("\\help", help()),
        (
            "\\exits",
            Turn::show([View::UnknownCommand("\\exits".to_owned())]),
        ),
        ("\\", Turn::show([View::UnknownCommand("\\".to_owned())])),
    ];
    for (line, expected) in table {
        assert_eq!(in_room().line(line), expected, "{line:?}");
        let is_said = matches!(expected.request, Some(Request::Room(RoomRequest::Say(..))));
        assert_eq!(in_room().would_say(line), is_said, "{line:?}");
    }
}

#[test]
fn a_line_that_is_just_exit_is_said_with_a_hint() {
    let turn = in_room().line("exit");
    assert_eq!(turn.views, [View::ExitHint]);
    assert_eq!(
        turn.request,
        Some(Request::Room(RoomRequest::Say(
            Kind::Message,
            "exit".to_owned()
        )))
    );
}

#[test]
fn leaving_shows_the_menu_once_the_room_has_let_go() {
    let mut session = in_room();
    session.line("\\exit");
    assert!(session.in_room());
    assert_eq!(
        session.reply(Reply::Room(RoomReply::Left)),
        Turn::show([View::Menu])
    );
    assert!(!session.in_room());
}

#[test]
fn commands_at_the_menu_work_or_say_why_not() {
    let mut session = Session::default();
    assert_eq!(session.line("\\quit"), quit());
    assert_eq!(session.line("\\help"), help());
    assert_eq!(session.line("\\me x"), Turn::show([View::OnlyInRoom("me")]));
    assert_eq!(
        session.line("\\exit"),
        Turn::show([View::OnlyInRoom("exit")])
    );
    assert_eq!(
        session.line("\\name"),
        Turn::show([View::YourName(Name::anon())])
    );
}

#[test]
fn a_question_can_be_left_and_takes_what_only_looks_like_a_command() {
    let mut session = Session::default();
    session.line("4");
    assert_eq!(session.line("\\exit"), Turn::show([View::Menu]));
    assert_eq!(session.prompt(), "anon> ");
    session.line("4");
    assert_eq!(
        session.line("\\o/"),
        Turn::ask(Request::Lobby(LobbyRequest::Rename(name("\\o/"))))
    );
}

#[test]
fn a_line_too_long_answers_a_question_wrongly() {
    let mut session = Session::default();
    session.line("1");
    let turn = session.line_too_long();
    assert_eq!(turn, Turn::show([View::LineTooLong, View::Menu]));
    assert_eq!(in_room().line_too_long(), Turn::show([View::LineTooLong]));
}

#[test]
fn joining_shows_what_was_said_last() {
    let message = Arc::new(Message {
        id: 1,
        time: Timestamp(0),
        member: MemberId(1),
        name: name("Dai"),
        kind: Kind::Message,
        text: "yo!".into(),
    });
    let mut session = Session::default();
    session.line("2");
    session.line("1150");
    let scene = RoomSnapshot {
        topic: Topic::parse("lunch").expect("short enough"),
        history: vec![message],
    };
    let turn = session.reply(Reply::Lobby(LobbyReply::Joined(
        room("1150"),
        Ok(scene.clone()),
    )));
    assert_eq!(turn, Turn::show([View::Joined(room("1150"), scene, true)]));
    assert!(
        shown(&turn.views[0])
            .ends_with("------------ Room 1150 ------------\nTopic: lunch\n[00:00:00] Dai: yo!\n")
    );
}

#[test]
fn a_refused_name_carries_what_was_wrong_with_it() {
    let mut session = Session::default();
    session.line("4");
    let turn = session.line("John Smith");
    let View::RenameFailed(RenameError::BadName(error)) = &turn.views[0] else {
        panic!("{turn:?}");
    };
    assert_eq!(error.fault, NameFault::Blank);
    assert_eq!(error.suggestion.as_deref(), Some("John_Smith"));
}

#[test]
fn settings_are_asked_for_or_explained() {
    let set = |setting| Turn::ask(Request::Local(LocalRequest::Set(setting)));
    let table = [
        ("\\ansi", set(Setting::Ansi(true))),
        ("\\ansi off", set(Setting::Ansi(false))),
        ("\\bell on", set(Setting::Bell(Bell::Mention))),
        ("\\bell Mention", set(Setting::Bell(Bell::Mention))),
        ("\\bell all", set(Setting::Bell(Bell::All))),
        ("\\bell OFF", set(Setting::Bell(Bell::Off))),
        ("\\color OFF", set(Setting::Color(false))),
        ("\\plain", set(Setting::Plain(true))),
        ("\\quiet", set(Setting::Quiet(true))),
        ("\\quiet off", set(Setting::Quiet(false))),
        ("\\width 120", set(Setting::Width(Some(120)))),
        ("\\width off", set(Setting::Width(None))),
        ("\\charset cp437", set(Setting::Charset("cp437".to_owned()))),
    ];
    for (line, expected) in table {
        assert_eq!(in_room().line(line), expected, "{line}");
        assert_eq!(
            Session::default().line(line),
            expected,
            "{line} at the menu"
        );
    }
    for (line, view) in [("\\timezone", View::Timezone), ("\\time", View::Time)] {
        assert_eq!(in_room().line(line), Turn::show([view]), "{line}");
    }
    for line in [
        "\\bell",
        "\\width",
        "\\width 3",
        "\\width 999",
        "\\ansi maybe",
        "\\charset",
    ] {
        let turn = in_room().line(line);
        assert_eq!(turn.request, None, "{line}");
        assert!(matches!(turn.views[..], [View::Usage(_)]), "{line}");
    }
}

#[test]
fn ansi_is_told_of_once() {
    let mut session = Session::default();
    let joined = |session: &mut Session| {
        let turn = session.reply(Reply::Lobby(LobbyReply::Joined(
            room("1150"),
            Ok(RoomSnapshot::default()),
        )));
        matches!(turn.views[..], [View::Joined(_, _, true)])
    };
    assert!(joined(&mut session));
    assert!(!joined(&mut session));
    let mut session = Session::default();
    session.no_ansi_tip();
    assert!(!joined(&mut session));
}

#[test]
fn the_end_of_file_key_leads_one_step_out() {
    assert_eq!(
        in_room().end_of_file(),
        Turn::ask(Request::Room(RoomRequest::Leave))
    );
    assert_eq!(Session::default().end_of_file(), quit());
    let mut session = Session::default();
    session.line("4");
    assert_eq!(session.end_of_file(), Turn::show([View::Menu]));
}

#[test]
fn the_past_is_looked_into_from_a_room() {
    let ask = Turn::ask;
    let table = [
        (
            "\\history",
            ask(Request::Local(LocalRequest::OlderPage(HISTORY_PAGE_LINES))),
        ),
        (
            "\\history 50",
            ask(Request::Local(LocalRequest::OlderPage(50))),
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
            matches!(in_room().line(line).views[..], [View::Usage(_)]),
            "{line}"
        );
    }
    let at_menu = Session::default().line("\\history");
    assert_eq!(at_menu, Turn::show([View::OnlyInRoom("history")]));
}

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
        text: "hi".into(),
    };
    let mut session = in_room();
    let turn = session.told(words(7, "Dai"));
    assert_eq!(turn, Turn::show([View::DmReceived(words(7, "Dai"), true)]));
    let turn = session.told(words(8, "Bo"));
    assert_eq!(turn, Turn::show([View::DmReceived(words(8, "Bo"), false)]));
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
        [View::Usage(_)]
    ));
}

#[test]
fn an_action_is_said_in_a_room() {
    let waves = Request::Room(RoomRequest::Say(Kind::Action, "waves".to_owned()));
    assert_eq!(in_room().line("\\me waves"), Turn::ask(waves));
    assert!(matches!(in_room().line("\\me").views[..], [View::Usage(_)]));
    let at_menu = Session::default().line("\\me waves");
    assert_eq!(at_menu, Turn::show([View::OnlyInRoom("me")]));
}

#[test]
fn who_speaks_is_back() {
    let mut session = in_room();
    assert!(!session.come_back());
    session.line("\\away");
    assert_eq!(
        session.reply(Reply::Lobby(LobbyReply::Away)),
        Turn::show([View::Away])
    );
    assert!(session.come_back());
    assert!(!session.come_back());
}
