//! Rooms: creating, listing and joining them.

use std::time::Duration;

use super::*;
use crate::chat::history::Unread;
use crate::chat::people::{RoleMarks, RoomMember};
use crate::chat::request::ReopenError;
use crate::limits::{
    PASSWORD_TRIES, ROOM_MEMBERS_MAX, ROOMS_MAX, ROOMS_PER_ACCOUNT_MAX, ROOMS_PER_ADDRESS_MAX,
    TOPIC_GRAPHEMES_MAX, TRIES_PER_ADDRESS_MAX,
};

pub(super) fn sentences() -> Vec<Sentence> {
    let mut all = creating();
    all.extend(listing());
    all.extend(pages());
    all.extend(joining());
    all.extend(joined());
    all.extend(reopening());
    all.extend(topics());
    all
}

fn not_created(trigger: impl Into<String>, why: CreateError) -> Sentence {
    says(trigger, RoomView::CreateFailed("1150".to_owned(), why))
}

fn creating() -> Vec<Sentence> {
    let alike = |trigger: &str, other: Option<&str>| {
        let why = CreateError::Alike(other.map(room));
        says(trigger, RoomView::CreateFailed("DAl".to_owned(), why))
    };
    vec![
        says("choice 1, and `1150`", RoomView::Created(room("1150"))).with(&[Form::Original]),
        not_created("choice 1, and `1150`, which exists", CreateError::Exists),
        alike(
            "choice 1, and `DAl`, where there is a room DAI",
            Some("DAI"),
        ),
        alike(
            "choice 1, and `DAl`, where there is a private room DAI",
            None,
        ),
        not_created(
            format!("choice 1, where there are {ROOMS_MAX} rooms"),
            CreateError::TooMany(ROOMS_MAX),
        ),
        not_created(
            format!("choice 1, after {ROOMS_PER_ADDRESS_MAX} rooms from the same address"),
            CreateError::AddressFull(ROOMS_PER_ADDRESS_MAX),
        ),
        not_created(
            format!("choice 1, after {ROOMS_PER_ACCOUNT_MAX} rooms of the same account"),
            CreateError::AccountFull(ROOMS_PER_ACCOUNT_MAX),
        ),
        not_created(
            "choice 1, on a server that cannot write its file",
            CreateError::NotStored,
        ),
        asks(
            r"`\join 1150`, where there is no such room",
            Question::Create(room("1150")),
        )
        .with(&[Form::Choice]),
        says(
            r"`\join 1150`, and `n` when asked whether to create it",
            RoomView::NotCreated,
        ),
    ]
}

fn listing() -> Vec<Sentence> {
    let rooms = || vec![room("1150"), room("7")];
    let many = (1..=60).map(|number| room(&number.to_string())).collect();
    vec![
        says(
            "choice 3, where there are no rooms",
            RoomView::List(vec![], 0),
        )
        .with(&[Form::Original]),
        says("choice 3", RoomView::List(rooms(), 0)).with(&[Form::List]),
        says(
            "choice 3, where there are more rooms than are named",
            RoomView::List(many, 23),
        )
        .with(&[Form::List]),
    ]
}

fn page(page: usize, pages: usize, rooms: Vec<RoomLine>) -> View {
    Info::RoomPage(RoomPage { page, pages, rooms }).into()
}

fn line(name: &str, members: usize, quiet_for: Option<u64>, topic: &str) -> RoomLine {
    RoomLine {
        name: room(name),
        members,
        quiet_for: quiet_for.map(Duration::from_secs),
        topic: Topic::parse(topic).expect("a topic"),
        locked: false,
        private: false,
        unread: None,
    }
}

fn pages() -> Vec<Sentence> {
    let mut secret = line("secret", 1, Some(0), "");
    (secret.locked, secret.private) = (true, true);
    let mut lobby = line(
        "lobby",
        3,
        Some(7200),
        "what is new, where we meet, and lunch at noon, as ever",
    );
    lobby.unread = Some(12);
    let rooms = vec![
        lobby,
        line("1150", 2, Some(60), "lunch"),
        secret,
        line("old", 0, Some(86_400), ""),
        line("older", 0, Some(3 * 86_400), ""),
        line("7", 0, None, ""),
    ];
    let one = || vec![line("1150", 2, Some(600), "")];
    vec![
        says(r"`\rooms`", page(1, 1, rooms)).with(&[Form::Table]),
        says(r"`\rooms`, with three pages", page(1, 3, one())).with(&[Form::Table]),
        says(r"`\rooms 3`, with three pages", page(3, 3, one())).with(&[Form::Table]),
        says(r"`\rooms 4`, with three pages", page(4, 3, vec![])),
        says(r"`\rooms`, where there are no rooms", page(1, 0, vec![])),
    ]
}

fn not_joined(trigger: impl Into<String>, why: JoinError) -> Sentence {
    says(trigger, RoomView::JoinFailed("1150".to_owned(), why))
}

fn joining() -> Vec<Sentence> {
    let hours = Some(Duration::from_secs(7200));
    vec![
        not_joined(
            "choice 2, and `1150`, where there is no such room",
            JoinError::NoRoom,
        ),
        says(
            r"`\join 1150`, in that room",
            RoomView::AlreadyIn(room("1150")),
        ),
        not_joined(
            format!(r"`\join 1150`, which has {ROOM_MEMBERS_MAX} members"),
            JoinError::Full(ROOM_MEMBERS_MAX),
        ),
        not_joined(
            r"`\join 1150`, on a server that lets one person into a room",
            JoinError::Full(1),
        ),
        asks(
            r"`\join 1150`, which has a password",
            Question::RoomPassword(room("1150"), PASSWORD_TRIES),
        ),
        not_joined(
            r"`\join 1150`, which has a password, over a connection that others could listen to",
            JoinError::Overheard,
        ),
        says(
            r"`\join 1150`, and a first wrong password",
            ModerationView::WrongPassword(2),
        ),
        says(
            r"`\join 1150`, and a second wrong password",
            ModerationView::WrongPassword(1),
        ),
        not_joined(
            r"`\join 1150`, and a third wrong password",
            JoinError::WrongPassword,
        ),
        not_joined(
            format!(
                r"`\join 1150`, after {TRIES_PER_ADDRESS_MAX} wrong passwords from the same address in a minute"
            ),
            JoinError::TooManyTries,
        ),
        not_joined(
            r"`\join 1150`, while too many passwords wait to be checked",
            JoinError::Busy,
        ),
        not_joined(
            r"`\join 1150`, on a server that cannot write its file",
            JoinError::NotStored,
        ),
        not_joined(
            r"`\join 1150`, which fails at that moment",
            JoinError::Fault,
        ),
        not_joined(
            r"`\join 1150`, where you are banned",
            JoinError::Banned(None, "".into()),
        ),
        not_joined(
            r"`\join 1150`, where you are banned for a while and for a reason",
            JoinError::Banned(hours, TYPED.into()),
        )
        .with(&[Form::Typed]),
    ]
}

fn member(text: &str, you: bool, owner: bool) -> RoomMember {
    RoomMember {
        member: MemberId(1),
        name: name(text),
        role: RoleMarks {
            you,
            owner,
            muted: false,
        },
    }
}

fn said(id: u64, hours_ago: i64, kind: Kind, text: &str) -> Arc<Message> {
    Arc::new(Message {
        id,
        time: Timestamp(VIEWER.now.0 - hours_ago * 3_600_000),
        member: MemberId(1),
        name: name("Dai"),
        kind,
        text: text.into(),
    })
}

fn join(trigger: &str, snapshot: RoomSnapshot, tip: bool) -> Sentence {
    says(trigger, RoomView::Joined(room("1150"), snapshot, tip))
        .with(&[Form::Original, Form::Banner])
}

fn joined() -> Vec<Sentence> {
    let anon = RoomSnapshot {
        here: (
            vec![member("anon#2", true, false), member("Bo", false, true)],
            0,
        ),
        ..RoomSnapshot::default()
    };
    let alone = RoomSnapshot {
        here: (vec![member("Dai", true, true)], 0),
        ..RoomSnapshot::default()
    };
    let many = RoomSnapshot {
        here: (
            vec![member("Bo", false, true), member("Ann", false, false)],
            9,
        ),
        ..RoomSnapshot::default()
    };
    let lines = || {
        vec![
            said(
                41,
                30,
                Kind::Message,
                "shall we have lunch together tomorrow? we could meet at the pond and then have lunch at noon",
            ),
            said(
                42,
                0,
                Kind::Action,
                "waves and says that it is time for lunch at noon",
            ),
        ]
    };
    let unread = |count, after| RoomSnapshot {
        history: lines(),
        last_id: 42,
        unread: Some(Unread { count, after }),
        ..RoomSnapshot::default()
    };
    let topic = RoomSnapshot {
        topic: Topic::parse(TYPED).expect("a topic"),
        ..RoomSnapshot::default()
    };
    vec![
        join(
            r"`\join 1150`, the first time on a terminal in line mode",
            RoomSnapshot::default(),
            true,
        ),
        join(r"`\join 1150`, as anon", anon, false).with(&[Form::List]),
        join(r"`\join 1150`, where nobody is", alone, false),
        join(r"`\join 1150`, where many are", many, false).with(&[Form::List]),
        join(r"`\join 1150`, which has a topic", topic, false).with(&[Form::Typed]),
        join(
            r"`\join 1150`, where one message is new since you left",
            unread(1, 41),
            false,
        )
        .with(&[Form::Typed]),
        join(
            r"`\join 1150`, where more is new than is shown",
            unread(20, 22),
            false,
        )
        .with(&[Form::Typed]),
    ]
}

fn not_reopened(trigger: impl Into<String>, why: ReopenError) -> Sentence {
    says(trigger, RoomView::ReopenFailed("1150".to_owned(), why))
}

fn reopening() -> Vec<Sentence> {
    vec![
        says(
            r"`\reopen 1150`, a room of yours that was closed",
            RoomView::Reopened(room("1150")),
        ),
        not_reopened(
            r"`\reopen 1150`, which was not yours or was closed too long ago",
            ReopenError::NoRoom,
        ),
        not_reopened(
            r"`\reopen 1150`, where there is a room 1150 again",
            ReopenError::Exists(room("1150")),
        ),
        not_reopened(
            format!(r"`\reopen 1150`, where there are {ROOMS_MAX} rooms"),
            ReopenError::Refused(CreateError::TooMany(ROOMS_MAX)),
        ),
        not_reopened(
            r"`\reopen 1150`, on a server that cannot write its file",
            ReopenError::NotStored,
        ),
    ]
}

fn topics() -> Vec<Sentence> {
    let topic = |trigger, text| {
        says(
            trigger,
            Info::Topic(room("1150"), Topic::parse(text).expect("a topic")),
        )
    };
    vec![
        topic(r"`\topic`", TYPED).with(&[Form::Typed]),
        topic(r"`\topic`, where there is none", ""),
        says(
            format!(r"`\topic`, and more than {TOPIC_GRAPHEMES_MAX} characters"),
            RoomView::TopicTooLong,
        ),
    ]
}
