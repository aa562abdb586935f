//! What owners do with a room, and rooms with a password.

use std::time::Duration;

use super::*;
use crate::chat::password::Password;
use crate::chat::request::{
    Info, ModCommand, ModError, NewBan, PutOut, Removal, RemovalKind, Target,
};
use crate::limits::PASSWORD_TRIES;

fn password(text: &str) -> Password {
    Password::parse(text).expect("a password")
}

fn ban(target: &str, seconds: Option<u64>, why: &str) -> ModCommand {
    ModCommand::Ban(NewBan {
        target: Target::parse(target).expect("a name or an address"),
        holder: None,
        account: None,
        name_only: false,
        time: seconds.map(Duration::from_secs),
        why: why.into(),
    })
}

#[test]
fn orders_are_asked_of_the_room() {
    let dai = || name("Dai");
    for (line, order) in [
        ("\\unlock", ModCommand::Unlock),
        ("\\private", ModCommand::Private(true)),
        ("\\private OFF", ModCommand::Private(false)),
        ("\\kick Dai", ModCommand::Kick(dai(), "".into())),
        (
            "\\kick @Dai  too loud ",
            ModCommand::Kick(dai(), "too loud".into()),
        ),
        ("\\ban", ModCommand::Bans),
        ("\\ban Dai", ban("Dai", None, "")),
        ("\\ban Dai spam", ban("Dai", None, "spam")),
        ("\\ban Dai for 2h", ban("Dai", Some(7200), "")),
        ("\\ban Dai for 1h 59m", ban("Dai", Some(7140), "")),
        ("\\ban Dai for 1h 59m spam", ban("Dai", Some(7140), "spam")),
        (
            "\\ban Dai for 30m spam and more",
            ban("Dai", Some(1800), "spam and more"),
        ),
        ("\\ban Dai for spamming", ban("Dai", None, "for spamming")),
        (
            "\\ban 192.0.2.7 for 7d",
            ban("192.0.2.7", Some(604_800), ""),
        ),
        ("\\ban [2001:db8::7]", ban("2001:db8::", None, "")),
        ("\\unban Dai", ModCommand::Unban(Target::Name(dai()))),
        ("\\mute Dai", ModCommand::Mute(dai())),
        ("\\unmute Dai", ModCommand::Unmute(dai())),
        ("\\own Dai", ModCommand::Own(dai())),
        ("\\close", ModCommand::AskClose),
    ] {
        assert_eq!(
            in_room().line(line),
            Turn::ask(Request::Room(RoomRequest::Moderate(order))),
            "{line}"
        );
        let at_menu = Session::default().line(line);
        assert!(
            matches!(at_menu.views[..], [View::Help(HelpView::OnlyInRoom(_))]),
            "{line}"
        );
    }
}

#[test]
fn orders_that_make_no_sense_are_explained() {
    for line in [
        "\\kick",
        "\\mute",
        "\\unmute",
        "\\own",
        "\\unban",
        "\\private maybe",
        "\\ban Dai for 2x",
        "\\ban Dai for 99999d",
    ] {
        let turn = in_room().line(line);
        assert!(
            matches!(turn.views[..], [View::Help(HelpView::Usage(_))]),
            "{line}: {turn:?}"
        );
        assert_eq!(turn.request, None);
    }
    let turn = in_room().line("\\kick a,b\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}");
    assert!(
        turn.request.is_some()
            || matches!(
                turn.views[..],
                [View::Message(MessageView::NobodyCalled(_))]
            )
    );
}

#[test]
fn what_came_of_an_order_is_shown_unless_the_room_tells_it() {
    let mut session = in_room();
    assert_eq!(session.reply(Reply::Room(RoomReply::Done)), Turn::default());
    let bans = Reply::Room(RoomReply::Shown(Info::Bans(Vec::new())));
    assert_eq!(
        session.reply(bans),
        Turn::show([View::Info(Info::Bans(Vec::new()))])
    );
    let refused = Reply::Room(RoomReply::Shown(Info::NotDone(ModError::Oneself)));
    assert_eq!(
        session.reply(refused),
        Turn::show([View::Info(Info::NotDone(ModError::Oneself))])
    );
}

#[test]
fn a_room_is_locked_with_a_password_that_is_asked_for() {
    let lock = || Turn::ask(Request::Room(RoomRequest::Lock(password("pizza4all"))));
    let mut session = in_room();
    let refused = Turn::show([HelpView::LockTakesNoPassword]);
    assert_eq!(session.line("\\lock pizza4all"), refused);
    assert_eq!(session.question(), None);
    let mut session = in_room();
    assert_eq!(session.line("\\lock"), Turn::default());
    assert!(session.question().is_some_and(Question::is_secret));
    assert_eq!(session.prompt(), "New password of the room: ");
    assert_eq!(session.line("pizza4all"), lock());
    assert_eq!(session.question(), None);
    let mut session = in_room();
    session.line("\\lock");
    let turn = session.line("short");
    assert_eq!(turn, Turn::show([ModerationView::BadPassword]));
    assert_eq!(session.question(), None);
}

#[test]
fn a_room_is_closed_once_its_name_is_typed() {
    let asked = || {
        let mut session = in_room();
        let ask = Request::Room(RoomRequest::Moderate(ModCommand::AskClose));
        assert_eq!(session.line("\\close"), Turn::ask(ask));
        let may = Reply::Room(RoomReply::MayClose(12));
        assert_eq!(session.reply(may), Turn::default());
        let words = "Room 1150 has 12 messages. To close it, type its name: ";
        assert_eq!(session.prompt(), words);
        session
    };
    let close = Turn::ask(Request::Room(RoomRequest::Moderate(ModCommand::Close)));
    assert_eq!(asked().line(" 1150 "), close);
    for line in ["y", "yes", "", "7", "\\close", "1150!"] {
        let mut session = asked();
        let not_closed = Turn::show([ModerationView::NotClosed(room("1150"))]);
        assert_eq!(session.line(line), not_closed, "{line}");
        assert_eq!(session.question(), None);
        assert!(session.in_room());
    }
}

#[test]
fn a_locked_room_asks_so_many_times_and_leads_back() {
    let mut session = Session::default();
    session.line("2");
    session.line("1150");
    let locked = Reply::Lobby(LobbyReply::Joined(room("1150"), Err(JoinError::Locked)));
    assert_eq!(session.reply(locked), Turn::default());
    assert!(session.question().is_some_and(Question::is_secret));
    for left in (1..PASSWORD_TRIES).rev() {
        assert_eq!(session.prompt(), "Password of room 1150: ");
        let turn = session.line(" wrong password ");
        let asked = Request::Lobby(LobbyRequest::Join(
            room("1150"),
            Some(password("wrong password")),
        ));
        assert_eq!(turn, Turn::ask(asked));
        let wrong = Reply::Lobby(LobbyReply::Joined(
            room("1150"),
            Err(JoinError::WrongPassword),
        ));
        assert_eq!(
            session.reply(wrong),
            Turn::show([ModerationView::WrongPassword(left)])
        );
    }
    // The room need not be asked about a password that no room can have.
    let turn = session.line("short");
    let failed = RoomView::JoinFailed("1150".to_owned(), JoinError::WrongPassword);
    assert_eq!(turn, Turn::show([failed.into(), View::Menu]));
    assert_eq!(session.question(), None);
    assert_eq!(session.prompt(), "anon> ");
}

#[test]
fn a_question_for_a_password_ends_with_whatever_else_comes_of_it() {
    let asked = || {
        let mut session = Session::default();
        session.line("2");
        session.line("1150");
        session.reply(Reply::Lobby(LobbyReply::Joined(
            room("1150"),
            Err(JoinError::Locked),
        )));
        session
    };
    for why in [JoinError::NoRoom, JoinError::TooManyTries, JoinError::Busy] {
        let mut session = asked();
        session.line("pizza4all");
        let turn = session.reply(Reply::Lobby(LobbyReply::Joined(
            room("1150"),
            Err(why.clone()),
        )));
        let failed = RoomView::JoinFailed("1150".to_owned(), why);
        assert_eq!(turn, Turn::show([failed.into(), View::Menu]));
        assert_eq!(session.question(), None);
    }
    let mut session = asked();
    assert_eq!(session.line("\\exit"), Turn::show([View::Menu]));
    let mut session = asked();
    session.line("pizza4all");
    // It was locked again meanwhile: the tries start over.
    session.reply(Reply::Lobby(LobbyReply::Joined(
        room("1150"),
        Err(JoinError::Locked),
    )));
    assert_eq!(
        session.question(),
        Some(&Question::RoomPassword(room("1150"), PASSWORD_TRIES))
    );
}

#[test]
fn who_is_put_out_is_at_the_menu_whatever_was_asked() {
    let how = PutOut::Removed(Removal {
        how: RemovalKind::Kicked,
        by: name("Bo"),
        why: "".into(),
    });
    for line in ["\\who", "\\lock"] {
        let mut session = in_room();
        session.line(line);
        let turn = session.put_out(how.clone(), 2);
        let out = ModerationView::PutOut(room("1150"), how.clone(), 2);
        assert_eq!(turn, Turn::show([out.into(), View::Menu]), "{line}");
        assert!(!session.in_room());
        assert_eq!(session.question(), None);
        // A reply from before that is of no use now.
        assert_eq!(
            session.reply(Reply::Room(RoomReply::Shown(Info::Members(
                room("1150"),
                Vec::new(),
                0
            )))),
            Turn::default()
        );
        assert_eq!(session.put_out(how.clone(), 0), Turn::default());
    }
}
