use std::sync::Arc;

use super::*;
use crate::chat::history::RoomSnapshot;
use crate::chat::message::{Kind, MemberId, Message};
use crate::chat::name::NameFault;
use crate::chat::topic::Topic;
use crate::time::Timestamp;

mod admin;
mod history;
mod messages;
mod moderation;
mod rooms;
mod settings;

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
    let [view @ View::Help(HelpView::Commands(_))] = &turn.views[..] else {
        panic!("{turn:?}");
    };
    let text = shown(view);
    for command in COMMANDS {
        let is_shown = command.group != commands::Group::Operators;
        assert_eq!(
            text.contains(&format!("\\{}", command.usage)),
            is_shown,
            "{command:?}"
        );
    }
    assert!(text.lines().count() <= 24, "{text}");
    let too_wide = |row| crate::text::width(row) >= 80;
    assert!(!text.lines().any(too_wide), "{text}");
}

fn shown(view: &View) -> String {
    view::tests::shown(view.clone())
}

#[test]
fn help_on_a_command_gives_an_example_that_is_one() {
    for command in COMMANDS {
        let turn = in_room().line(&format!("\\help {}", command.name()));
        let [view @ View::Help(HelpView::Command(on))] = &turn.views[..] else {
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
        assert!(
            !matches!(turn.views[..], [View::Help(HelpView::Usage(_))]),
            "{example}"
        );
    }
    for (typed, rows) in [
        ("\\help \\who", 4),
        ("\\help /names", 4),
        ("\\help /EXIT", 4),
        ("\\help stats", 3),
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
    let refused = Turn::show([GeneralView::BadChoice.into(), View::Menu]);
    for wrong in ["", "two words"] {
        assert_eq!(Session::default().line(wrong), refused, "{wrong}");
    }
    // It may be meant as the name of a room.
    for wrong in ["6", "12", "hello", "/usr/bin"] {
        let mut session = Session::default();
        let join = Turn::ask(Request::Lobby(LobbyRequest::Join(room(wrong), None)));
        assert_eq!(session.line(wrong), join, "{wrong}");
        let joined = LobbyReply::Joined(room(wrong), Err(JoinError::NoRoom));
        assert_eq!(session.reply(Reply::Lobby(joined)), refused, "{wrong}");
        assert_eq!(session.prompt(), "anon> ");
    }
    for call in ["help", "HELP", "h", "?"] {
        let help = Session::default().line("\\help");
        assert_eq!(Session::default().line(call), help, "{call}");
    }
}

#[test]
fn a_room_whose_name_is_typed_at_the_menu_is_joined_or_says_why_not() {
    let mut session = Session::default();
    session.line("1150");
    let joined = LobbyReply::Joined(room("1150"), Err(JoinError::Full(5)));
    let turn = session.reply(Reply::Lobby(joined));
    let failed = RoomView::JoinFailed("1150".to_owned(), JoinError::Full(5));
    assert_eq!(turn, Turn::show([failed.into(), View::Menu]));
    session.line("1150");
    session.reply(Reply::Lobby(LobbyReply::Joined(
        room("1150"),
        Err(JoinError::Locked),
    )));
    assert_eq!(session.prompt(), "Password of room 1150: ");
    let mut session = Session::default();
    session.line("1150");
    let joined = LobbyReply::Joined(room("1150"), Ok(RoomSnapshot::default()));
    session.reply(Reply::Lobby(joined));
    assert!(session.in_room());
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
    assert_eq!(
        turn,
        Turn::show([RoomView::Created(room("1150")).into(), View::Menu])
    );
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
    let why = RoomView::JoinFailed("no such".to_owned(), JoinError::NoRoom);
    assert_eq!(turn, Turn::show([why.into(), View::Menu]));
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
    assert_eq!(turn, Turn::show([GeneralView::Renamed.into(), View::Menu]));
    assert_eq!(session.prompt(), "Dai> ");
}

#[test]
fn a_name_that_is_taken_leaves_the_old_one() {
    let mut session = in_room();
    session.line("\\name Dai");
    let why = RenameError::Taken(name("Dai"), name("Dai_2"));
    let turn = session.reply(Reply::Lobby(LobbyReply::Renamed(Err(why.clone()))));
    assert_eq!(turn, Turn::show([GeneralView::RenameFailed(why)]));
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
    let unknown = |word: &str, near: &[&'static str]| {
        Turn::show([HelpView::UnknownCommand(word.to_owned(), near.to_vec())])
    };
    let long = format!("/{}", "msg".repeat(1000));
    let table = [
        ("yo!", said("yo!")),
        ("  indented", said("  indented")),
        ("5", said("5")),
        ("", Turn::default()),
        ("   ", Turn::default()),
        ("/usr/bin", said("/usr/bin")),
        ("/usr", unknown("/usr", &[])),
        ("/ ", said("/ ")),
        ("/2", said("/2")),
        ("/* not a word", said("/* not a word")),
        ("// a comment", said("// a comment")),
        ("//usr/bin", said("//usr/bin")),
        ("//me too", said("/me too")),
        ("//frobnicate", said("/frobnicate")),
        ("/mgs ann secret", unknown("/mgs", &["msg"])),
        ("/histroy", unknown("/histroy", &["history"])),
        ("/hist", unknown("/hist", &["history", "rooms"])),
        ("/Tel bo x", unknown("/Tel", &["msg"])),
        ("/z", unknown("/z", &[])),
        ("/q", unknown("/q", &["quit", "quiet", "msg"])),
        ("/frobnicate", unknown("/frobnicate", &[])),
        (&long, unknown(&long, &[])),
        (
            "/nick Day",
            Turn::ask(Request::Lobby(LobbyRequest::Rename(name("Day")))),
        ),
        ("\\LEAVE", Turn::ask(Request::Room(RoomRequest::Leave))),
        ("/names", Turn::ask(Request::Room(RoomRequest::Members))),
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
        ("\\exits", unknown("\\exits", &["exit"])),
        ("\\", unknown("\\", &[])),
    ];
    for (line, expected) in table {
        assert_eq!(in_room().line(line), expected, "{line:?}");
        let is_said = matches!(expected.request, Some(Request::Room(RoomRequest::Say(..))));
        assert_eq!(in_room().would_say(&Typed::new(line)), is_said, "{line:?}");
    }
}

#[test]
fn a_line_that_is_just_exit_is_said_with_a_hint() {
    let turn = in_room().line("exit");
    assert_eq!(turn.views, [MessageView::ExitHint.into()]);
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
    assert_eq!(
        session.line("\\me x"),
        Turn::show([HelpView::OnlyInRoom("me")])
    );
    assert_eq!(
        session.line("\\exit"),
        Turn::show([HelpView::OnlyInRoom("exit")])
    );
    assert_eq!(
        session.line("\\name"),
        Turn::show([GeneralView::YourName(Name::anon())])
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
    assert_eq!(
        turn,
        Turn::show([MessageView::LineTooLong.into(), View::Menu])
    );
    assert_eq!(
        in_room().line_too_long(),
        Turn::show([MessageView::LineTooLong])
    );
}

#[test]
fn joining_shows_what_was_said_last() {
    let message = Arc::new(Message {
        id: 1,
        time: view::tests::VIEWER.now,
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
        ..RoomSnapshot::default()
    };
    let turn = session.reply(Reply::Lobby(LobbyReply::Joined(
        room("1150"),
        Ok(scene.clone()),
    )));
    assert_eq!(
        turn,
        Turn::show([RoomView::Joined(room("1150"), scene, true)])
    );
    assert!(
        shown(&turn.views[0])
            .ends_with("------------ Room 1150 ------------\nTopic: lunch\n[21:30:01] Dai: yo!\n")
    );
}

#[test]
fn a_refused_name_carries_what_was_wrong_with_it() {
    let mut session = Session::default();
    session.line("4");
    let turn = session.line("John Smith");
    let View::General(GeneralView::RenameFailed(RenameError::BadName(error))) = &turn.views[0]
    else {
        panic!("{turn:?}");
    };
    assert_eq!(error.fault, NameFault::Blank);
    assert_eq!(error.suggestion.as_deref(), Some("John_Smith"));
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
