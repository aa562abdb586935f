//! Operators of the server: what they are answered, and what others read of them.

use std::time::Duration;

use super::*;
use crate::chat::admin::ban::BanTarget;
use crate::chat::admin::report::{Party, Report, ReportError, ReportedLine};
use crate::chat::admin::{
    AdminAnswer, AdminCommand, AdminError, AdminReply, BanRow, Banishment, ConnectionRow, Ejection,
    LimitRow, LogLevel, Mistake, Reach, Reloaded, RoomRow, WantedTarget, Whom,
};
use crate::chat::message::Kind;
use crate::chat::people::{ClientKind, Encryption};
use crate::chat::request::ModError;
use crate::limits::{ADMIN_ROWS_SHOWN, ANNOUNCEMENT_COLUMNS_MAX, SERVER_BANS_MAX};

const HOURS: Option<Duration> = Some(Duration::from_secs(7200));

pub(super) fn sentences() -> Vec<Sentence> {
    let mut all = done();
    all.extend(lists());
    all.extend(bans());
    all.extend(unbanning());
    all.extend(refused());
    all.extend(mistakes());
    all.extend(told());
    all.extend(reporting());
    all.extend(super::nodes::all());
    all
}

pub(super) fn answer(trigger: impl Into<String>, answer: AdminAnswer) -> Sentence {
    says(trigger, Info::Admin(Box::new(answer)))
}

pub(super) fn target(text: &str) -> BanTarget {
    BanTarget::parse(text).expect("a target")
}

fn done() -> Vec<Sentence> {
    let (dai, bo) = (name("Dai"), name("Bo"));
    let reloaded = Reloaded {
        changed: vec!["max_rooms: 10 (was 5)".into()],
        warnings: vec!["listen: 192.0.2.7:50006 is in use already".into()],
        restart: vec!["data".into(), "sync".into()],
    };
    vec![
        answer(
            r"`\admin kick 7`",
            Ok(AdminReply::Kicked(MemberId(7), dai.clone())),
        ),
        answer(
            r"`\admin announce lunch at noon`, with one person there",
            Ok(AdminReply::Announced(1, 0)),
        ),
        answer(
            r"`\admin announce lunch at noon`",
            Ok(AdminReply::Announced(120, 0)),
        ),
        answer(r"`\admin close 1150`", Ok(AdminReply::Closed(room("1150")))),
        answer(
            r"`\admin unlock 1150`",
            Ok(AdminReply::Unlocked(room("1150"))),
        ),
        answer(
            r"`\admin own 1150 Dai`",
            Ok(AdminReply::Owned(room("1150"), dai.clone())),
        ),
        answer(
            r"`\admin rename Dai Bo`",
            Ok(AdminReply::Renamed(dai.clone(), bo)),
        ),
        answer(r"`\admin forget Dai`", Ok(AdminReply::Forgotten(dai))),
        answer(r"`\admin log debug`", Ok(AdminReply::Log(LogLevel::Debug))),
        answer(
            r"`\admin reload`, where nothing is new",
            Ok(AdminReply::Reloaded(Reloaded::default())),
        ),
        answer(r"`\admin reload`", Ok(AdminReply::Reloaded(reloaded))).with(&[Form::List]),
        answer(r"`\admin stop`", Ok(AdminReply::Stopping)),
    ]
}

pub(super) fn connection(id: u64, called: &str) -> ConnectionRow {
    ConnectionRow {
        id: MemberId(id),
        name: name(called),
        account: None,
        is_operator: false,
        node: None,
        room: None,
        ip: None,
        encryption: None,
        kind: ClientKind::Raw,
        terminal: None,
        since: Timestamp(0),
        idle: Duration::from_secs(300),
        lines_per_minute: 1,
        is_lost: false,
    }
}

fn a_room(called: &str) -> RoomRow {
    RoomRow {
        name: room(called),
        members: 0,
        lines: 0,
        last_line: None,
        is_locked: false,
        is_private: false,
        owners: Vec::new(),
        topic: None,
        closed: None,
    }
}

fn limits() -> Vec<LimitRow> {
    let limit = |name, most, used, unit| LimitRow {
        name,
        most,
        used,
        unit,
    };
    vec![
        limit("max-connections", Some(10_000), Some(3), "connections"),
        limit("max-rooms", None, Some(4), "rooms"),
        limit("rate", Some(10), None, "lines a second from one client"),
        limit("burst", None, None, "lines at once from one client"),
    ]
}

fn lists() -> Vec<Sentence> {
    let connections = vec![
        ConnectionRow {
            account: Some(name("Dai")),
            is_operator: true,
            room: Some(room("1150")),
            ip: "192.0.2.7".parse().ok(),
            encryption: Some(Encryption::Tls),
            kind: ClientKind::TelnetKeys,
            terminal: Some("XTERM".into()),
            ..connection(7, "Dai")
        },
        ConnectionRow {
            account: Some(name("Bo")),
            kind: ClientKind::TelnetLines,
            lines_per_minute: 12,
            is_lost: true,
            ..connection(12, "Bo")
        },
    ];
    let many: Vec<ConnectionRow> = (1..=ADMIN_ROWS_SHOWN as u64 + 20)
        .map(|id| connection(id, "anon"))
        .collect();
    let rooms = vec![
        a_room("1151"),
        RoomRow {
            members: 1,
            lines: 20,
            last_line: Some(Timestamp(0)),
            is_locked: true,
            is_private: true,
            owners: vec![name("Dai"), name("Bo")],
            topic: Topic::parse(TYPED).expect("a topic"),
            ..a_room("1150")
        },
        RoomRow {
            closed: Some(Duration::from_secs(600_000)),
            ..a_room("1152")
        },
    ];
    let listed = |rows| Ok(AdminReply::Connections(rows, Reach::All));
    let help = |command: &str| match AdminCommand::parse(command) {
        Ok(AdminCommand::Help(one)) => AdminReply::Help(one),
        other => panic!("{command}: {other:?}"),
    };
    vec![
        answer(
            r"`\admin list`, where nobody else is",
            Ok(AdminReply::Connections(
                vec![connection(7, "Dai")],
                Reach::All,
            )),
        )
        .with(&[Form::List]),
        answer(r"`\admin list`", listed(connections)).with(&[Form::List]),
        answer(r"`\admin list`, where many are", listed(many)).with(&[Form::List]),
        answer(
            r"`\admin rooms`, where there are none",
            Ok(AdminReply::Rooms(vec![])),
        ),
        answer(r"`\admin rooms`", Ok(AdminReply::Rooms(rooms))).with(&[Form::List]),
        answer(r"`\admin limits`", Ok(AdminReply::Limits(limits()))).with(&[Form::List]),
        answer(r"`\admin help`", Ok(help("help"))).with(&[Form::List]),
        answer(r"`\admin help list`", Ok(help("help list"))).with(&[Form::List, Form::Example]),
        answer(r"`\admin help kick`", Ok(help("help kick"))).with(&[Form::List, Form::Example]),
        answer(r"`\admin help ban`", Ok(help("help ban"))).with(&[Form::List, Form::Example]),
    ]
}

fn bans() -> Vec<Sentence> {
    let banned = |text: &str, time, closed, is_stored| {
        Ok(AdminReply::Banned {
            target: target(text),
            time,
            closed,
            silent: 0,
            is_stored,
        })
    };
    let ban = |text: &str, left, why: &str, hits| BanRow {
        target: target(text),
        left,
        by: "unix:root".into(),
        why: why.into(),
        made: Timestamp(0),
        hits,
    };
    let listed = vec![
        ban("192.0.2.0/24", HOURS, TYPED, 300),
        ban("name:Dai", None, "", 1),
        ban("account:Bo", None, "", 0),
    ];
    vec![
        answer(
            r"`\admin ban 192.0.2.0/24 for 2h`, where many are from there",
            banned("192.0.2.0/24", HOURS, 300, true),
        ),
        answer(
            r"`\admin ban Dai`, who is there",
            banned("name:Dai", None, 1, true),
        ),
        answer(
            r"`\admin ban Bo`, which is an account, with a full disk",
            banned("account:Bo", None, 0, false),
        ),
        answer(
            r"`\admin bans`, where there are none",
            Ok(AdminReply::Bans(vec![])),
        ),
        answer(r"`\admin bans`", Ok(AdminReply::Bans(listed))).with(&[Form::List, Form::Typed]),
    ]
}

fn unbanning() -> Vec<Sentence> {
    vec![
        answer(
            r"`\admin unban 192.0.2.0/24`",
            Ok(AdminReply::Unbanned(vec![target("192.0.2.0/24")])),
        ),
        answer(
            r"`\admin unban Dai`, where both the name and the account are banned",
            Ok(AdminReply::Unbanned(vec![
                target("account:Dai"),
                target("name:Dai"),
            ])),
        ),
        answer(
            r"`\admin unban Dai`, who is not banned",
            Err(AdminError::NotBanned(
                WantedTarget::Either(name("Dai")),
                None,
            )),
        ),
        answer(
            r"`\admin unban 192.0.2.7`, where 192.0.2.0/24 is banned",
            Err(AdminError::NotBanned(
                match target("192.0.2.7") {
                    BanTarget::Network(network) => WantedTarget::Network(network),
                    other => panic!("{other}"),
                },
                Some(target("192.0.2.0/24")),
            )),
        ),
        answer(
            format!(r"`\admin ban 192.0.2.7`, where there are {SERVER_BANS_MAX} bans"),
            Err(AdminError::TooManyBans(SERVER_BANS_MAX)),
        ),
        says(
            r"`\name Dai`, where Dai is banned from the server",
            GeneralView::RenameFailed(crate::chat::request::RenameError::Banned(name("Dai"))),
        ),
    ]
}

fn refused() -> Vec<Sentence> {
    let dai = || name("Dai");
    vec![
        answer(
            r"`\admin list`, by somebody who is no operator",
            Err(AdminError::NotOperator),
        ),
        answer(
            r"`\admin list`, by an operator, over a connection that others could listen to",
            Err(AdminError::Overheard),
        ),
        answer(
            r"`\admin kick 7`, where there is no connection 7",
            Err(AdminError::Nobody(Whom::Id(7))),
        ),
        answer(
            r"`\admin kick Dai`, where nobody is called Dai",
            Err(AdminError::Nobody(Whom::Name(dai()))),
        ),
        answer(r"`\admin kick anon`", Err(Mistake::Anon.into())),
        answer(
            r"`\admin forget Dai`, which nobody has registered",
            Err(AdminError::NoAccount(dai())),
        ),
        answer(
            r"`\admin forget Dai`, on a server without `--data`",
            Err(AdminError::NoAccounts),
        ),
        answer(
            r"`\admin close 1150`, where there is no such room",
            Err(AdminError::NoRoom(room("1150"))),
        ),
        answer(
            r"`\admin own 1150 Dai`, who is not there",
            Err(AdminError::NotInRoom(room("1150"), dai())),
        ),
        answer(
            r"`\admin unlock 1150`, which has no password",
            Err(AdminError::Room(room("1150"), ModError::Already)),
        ),
        answer(
            r"`\admin rename Bo Dai`, where somebody is called Dai",
            Err(AdminError::NameTaken(dai())),
        ),
        answer(
            r"`\admin rename Bo Dai`, where Dai is banned",
            Err(AdminError::NameBanned(dai())),
        ),
        answer(
            r"`\admin kick Dai`, on a server that cannot read its names",
            Err(AdminError::Unavailable),
        ),
        answer(
            r"`\admin reload`, with a mistake in the file",
            Err(AdminError::Failed(
                "parlor.toml:3:1: there is no key colour".into(),
            )),
        )
        .with(&[Form::List]),
    ]
}

fn mistakes() -> Vec<Sentence> {
    let wrong = |typed: &str| {
        let error = AdminCommand::parse(typed).expect_err("it is wrong");
        answer(format!(r"`\admin {typed}`"), Err(error.into()))
    };
    vec![
        wrong("lits"),
        wrong("frobnicate"),
        wrong("kick"),
        wrong("ban 192.0.2.0/33"),
        wrong("ban Dai for 2x"),
        wrong("close a,b"),
        answer(
            format!(r"`\admin announce`, and more than {ANNOUNCEMENT_COLUMNS_MAX} columns"),
            Err(Mistake::TooLong(ANNOUNCEMENT_COLUMNS_MAX).into()),
        ),
    ]
}

fn report(account: Option<&str>, address: Option<&str>, in_room: bool) -> Report {
    let party = |called: &str| Party {
        name: name(called),
        account: account.map(name),
        address: address.map(|text| text.parse().expect("an address")),
    };
    let line = |kind| ReportedLine {
        time: Timestamp(0),
        name: name("Bo"),
        kind,
        text: TYPED.into(),
    };
    Report {
        id: 7,
        time: Timestamp(0),
        by: party("Dai"),
        about: party("Bo"),
        room: in_room.then(|| "1150".into()),
        why: TYPED.into(),
        lines: match in_room {
            true => vec![line(Kind::Message), line(Kind::Action)],
            false => Vec::new(),
        },
    }
}

fn told() -> Vec<Sentence> {
    let ejected = |trigger: &str, ban, why: &str| {
        let why = why.into();
        says(trigger, EndView::Ejected(Ejection { ban, why })).with(&[Form::Happened])
    };
    let banned = |left| Some(Banishment { left });
    let reported = AdminView::Reported(Box::new(report(None, Some("192.0.2.7"), true)));
    vec![
        says(
            r"`\admin announce lunch at noon`, as everybody reads it",
            AdminView::Announced(TYPED.into()),
        )
        .with(&[Form::Typed]),
        says(r"`\report`, as operators read it at once", reported).with(&[Form::Typed]),
        says(
            r"`\admin rename`, of you",
            AdminView::Renamed(name("Guest"), None),
        ),
        says(
            r"`\admin rename`, of you who are logged in",
            AdminView::Renamed(name("Guest"), Some(name("Dai"))),
        ),
        ejected(r"`\admin kick`, of you, for a reason", None, TYPED),
        says(
            r"`\admin kick`, of you",
            EndView::Ejected(Ejection {
                ban: None,
                why: "".into(),
            }),
        ),
        ejected(
            r"`\admin ban`, of you, for a while and for a reason",
            banned(HOURS),
            TYPED,
        ),
        says(
            r"`\admin ban`, of you",
            EndView::Ejected(Ejection {
                ban: banned(None),
                why: "".into(),
            }),
        ),
    ]
}

fn reporting() -> Vec<Sentence> {
    let bo = || name("Bo");
    let reports = vec![
        report(None, None, true),
        report(Some("Dai"), Some("192.0.2.7"), false),
        report(Some("Dai"), None, false),
    ];
    let forms = [Form::Typed, Form::List];
    let refused = |trigger: &str, why| {
        says(
            trigger,
            Info::Reported(bo(), Err::<usize, ReportError>(why)),
        )
    };
    vec![
        says(r"`\report Bo lunch at noon`", Info::Reported(bo(), Ok(10))),
        says(
            r"`\report Bo lunch at noon`, where one thing was said",
            Info::Reported(bo(), Ok(1)),
        ),
        says(
            r"`\report Bo lunch at noon`, at the menu",
            Info::Reported(bo(), Ok(0)),
        ),
        refused(
            r"`\report Bo lunch at noon`, where nobody is called Bo",
            ReportError::Nobody,
        ),
        refused(r"`\report Bo lunch at noon`, as Bo", ReportError::Oneself),
        refused(r"`\report anon lunch at noon`", ReportError::Anon),
        refused(
            r"`\report Bo lunch at noon`, for the sixth time in a minute",
            ReportError::TooMany,
        ),
        refused(
            r"`\report Bo lunch at noon`, on a server that cannot read its names",
            ReportError::Unavailable,
        ),
        answer(
            r"`\admin reports`, where there are none",
            Ok(AdminReply::Reports(vec![], 0)),
        ),
        answer(
            r"`\admin reports`, with more than are shown",
            Ok(AdminReply::Reports(reports, 20)),
        )
        .with(&forms),
    ]
}
