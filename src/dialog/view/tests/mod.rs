//! What holds for all subjects.

use std::sync::Arc;

use super::*;
use crate::chat::history::{Found, HistoryCursor, HistoryQuery, RoomSnapshot};
use crate::chat::message::{Kind, MemberId, Message};
use crate::chat::name::{Name, RoomName};
use crate::chat::people::{
    DirectMessage, Location, People, RoomLine, RoomPage, UserSummary, Words,
};
use crate::chat::request::{BanLine, CreateError, JoinError, Target};
use crate::chat::topic::Topic;

mod sentences;

pub(super) fn room(name: &str) -> RoomName {
    RoomName::parse(name).expect("a room name")
}

pub(super) fn name(name: &str) -> Name {
    Name::parse(name).expect("a name")
}

/// 2026-11-22 21:30:01 in UTC.
pub(in crate::dialog) const VIEWER: Viewer<'_> = Viewer {
    zone: &TimeZone::UTC,
    now: Timestamp(1_795_383_001_000),
    viewpoint: Viewpoint {
        member: MemberId(7),
        mention: None,
    },
    times: Times::Full,
    hints: true,
    columns: 80,
    server: None,
};

pub(in crate::dialog) fn shown(view: impl Into<View>) -> String {
    let mut out = String::new();
    view.into().write(&VIEWER, &mut out);
    unmarked(&out)
}

/// Rows without the marks of what stands out in them and where their text begins.
pub(in crate::dialog) fn unmarked(rows: &str) -> String {
    rows.replace(|c: char| c.is_control() && c != '\n', "")
}

#[test]
fn the_words_of_the_original_program_are_kept() {
    let table = [
        (
            View::from(RoomView::Created(room("1150"))),
            "Create room 1150 successful\n",
        ),
        (GeneralView::Renamed.into(), "Update username successful\n"),
        (
            GeneralView::BadChoice.into(),
            "You have entered illegal/incorrect input. Please try again!\n\
             (type a number from 1 to 5, a room's name, or '\\help')\n",
        ),
        (
            RoomView::List(vec![], 0).into(),
            "There are no created rooms yet\n",
        ),
        (
            RoomView::List(vec![room("1150"), room("7")], 0).into(),
            "Active Room(s): 1150,7\n",
        ),
    ];
    for (view, words) in table {
        assert_eq!(shown(view), words);
    }
}

#[test]
fn a_room_that_is_not_created_or_joined_says_what_why_and_what_next() {
    let table = [
        (
            RoomView::CreateFailed("1150".to_owned(), CreateError::Exists),
            "Create room 1150 failed. It exists already. Type 2 to join it.\n",
        ),
        (
            RoomView::JoinFailed("x".repeat(100), JoinError::NoRoom),
            "Join room xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx… failed. \
             There is no such room. Type 3 to list the rooms, 1 to create one.\n",
        ),
    ];
    for (view, words) in table {
        assert_eq!(shown(view), words);
    }
}

#[test]
fn a_long_list_is_cut_with_a_count() {
    let rooms = (0..500).map(|n| room(&n.to_string())).collect();
    assert!(shown(RoomView::List(rooms, 23)).ends_with(",499 and 23 more\n"));
    let people = ["Dai", "ann"].map(|text| UserSummary::named(name(text)));
    let who = shown(Info::Members(room("r"), people.into(), 199));
    assert_eq!(who, "201 in room r: Dai, ann and 199 more\n");
}

#[test]
fn who_wants_no_advice_gets_no_row_in_parentheses() {
    let found = |cut_short| {
        let line = Message {
            id: 1,
            time: Timestamp(0),
            member: MemberId::NOBODY,
            name: name("Dai"),
            kind: Kind::Message,
            text: "(yo)".into(),
        };
        Some(Found {
            lines: vec![Arc::new(line)],
            cut_short,
        })
    };
    let message = DirectMessage {
        time: Timestamp(0),
        whom: MemberId(7),
        name: name("(Dai)"),
        words: Words::Text("(yo)".into()),
    };
    let page = |page| {
        let room = RoomLine {
            name: room("(r)"),
            members: 1,
            quiet_for: None,
            topic: None,
            locked: false,
            private: false,
            unread: None,
        };
        View::Info(Info::RoomPage(RoomPage {
            page,
            pages: 2,
            rooms: vec![room],
        }))
    };
    let before = HistoryQuery::Before(HistoryCursor::Id(9), 1);
    let search = HistoryQuery::For("yo".into());
    let joined = RoomView::Joined(room("7"), RoomSnapshot::default(), true);
    let table = [
        (View::from(joined), 2),
        (MessageView::ExitHint.into(), 0),
        (TerminalView::SecretIsSeen.into(), 0),
        (MessageView::DmReceived(message, true).into(), 1),
        (HistoryView::Lines(before, found(false)).into(), 1),
        (HistoryView::Lines(search, found(true)).into(), 1),
        (page(1), 2),
        (page(2), 2),
    ];
    for (view, rows) in table {
        let with = shown(view.clone());
        let is_hint = |row: &str| row.starts_with('(') && row.ends_with(')');
        assert!(with.lines().any(is_hint), "{with}");
        let mut out = String::new();
        let viewer = Viewer {
            hints: false,
            ..VIEWER
        };
        view.write(&viewer, &mut out);
        assert_eq!(out.lines().count(), rows, "{out}");
        assert!(!out.lines().any(is_hint), "{out}");
    }
}

#[test]
fn a_page_in_parts_reads_as_it_does_whole() {
    const HOURS: i64 = 3_600_000;
    let line = |number: u64| {
        Arc::new(Message {
            id: number,
            // Some of them on the day before the last.
            time: Timestamp(VIEWER.now.0 - (20 - number as i64) * 5 * HOURS),
            member: MemberId(1),
            name: name("Dai"),
            kind: Kind::Message,
            text: "word ".repeat(number as usize).into(),
        })
    };
    let lines: Vec<_> = (1..=20).map(line).collect();
    let before = HistoryQuery::Before(HistoryCursor::Id(21), 20);
    let snapshot = RoomSnapshot {
        topic: Topic::parse("pages").expect("a topic"),
        history: lines.clone(),
        ..RoomSnapshot::default()
    };
    let none = RoomView::Joined(room("7"), RoomSnapshot::default(), true);
    let table: [(View, bool); 4] = [
        (HistoryView::Lines(before, Some(lines.into())).into(), true),
        (RoomView::Joined(room("7"), snapshot, true).into(), true),
        (none.into(), false),
        (GeneralView::Renamed.into(), false),
    ];
    for (view, has_parts) in table {
        let mut whole = String::new();
        view.write(&VIEWER, &mut whole);
        for bytes_max in [1, 100, 500, 100_000] {
            let mut part = Part {
                bytes_max,
                ..Part::whole()
            };
            let (mut parts, mut count) = (String::new(), 1);
            while view.write_part(&VIEWER, &mut part, &mut parts) {
                count += 1;
            }
            assert_eq!(parts, whole, "in parts of {bytes_max}");
            assert_eq!(count > 1, has_parts && bytes_max < 10_000, "{count}");
        }
    }
}

#[test]
fn no_list_is_longer_than_a_client_can_be_expected_to_take() {
    let long = |n: usize| name(&format!("{n}{}", "\u{e01}\u{e34}\u{e49}".repeat(28)));
    let present = |n: usize| UserSummary::named(long(n));
    let people: Vec<_> = (0..200).map(present).collect();
    let users = People {
        people: people
            .iter()
            .map(|it| (it.clone(), Location::Menu))
            .collect(),
        more: 7,
        is_partial: false,
    };
    let bans = (0..200).map(|n| BanLine {
        target: Target::Name(long(n)),
        left: None,
        by: name("Ann"),
        why: "x".repeat(200).into(),
    });
    let lists = [
        shown(Info::Members(room("r"), people, 7)),
        shown(Info::Users(users)),
        shown(Info::Bans(bans.collect())),
    ];
    for list in lists {
        assert!(
            (16 * 1024..18 * 1024).contains(&list.len()),
            "{}",
            list.len()
        );
        let last = list.lines().last().expect("a row");
        assert!(last.contains(" more"), "{last}");
    }
}
