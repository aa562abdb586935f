use std::sync::Arc;

use super::*;
use crate::chat::people::{DirectMessage, RoomPage, UserSummary};
use crate::limits::ROOMS_LISTED_MAX;

fn room(name: &str) -> RoomName {
    RoomName::parse(name).expect("a room name")
}

fn name(name: &str) -> Name {
    Name::parse(name).expect("a name")
}

/// 2026-11-22 21:30:01 in UTC.
pub(super) const VIEWER: Viewer<'_> = Viewer {
    zone: &TimeZone::UTC,
    now: Timestamp(1_795_383_001_000),
    hints: true,
    server: None,
};

fn shown(view: &View) -> String {
    let mut out = String::new();
    view.write(&VIEWER, &mut out);
    out
}

#[test]
fn a_search_that_did_not_look_at_all_lines_denies_nothing() {
    let looked = |cut_short| {
        let found = Found {
            lines: Vec::new(),
            cut_short,
        };
        let mut out = String::new();
        let look = HistoryQuery::For("red".into());
        write_lines(&look, Some(&found), &VIEWER, &mut out).expect("a string takes all");
        out
    };
    assert_eq!(looked(false), "Nobody has said red here.\n");
    assert_eq!(
        looked(true),
        "Nobody has said red here lately; there may be older ones.\n"
    );
}

#[test]
fn the_words_of_the_original_program_are_kept() {
    let table = [
        (View::Created(room("1150")), "Create room 1150 successful\n"),
        (View::Renamed, "Update username successful\n"),
        (
            View::BadChoice,
            "You have entered illegal/incorrect input. Please try again!\n",
        ),
        (listed_rooms(vec![]), "There are no created rooms yet\n"),
        (
            listed_rooms(vec![room("1150"), room("7")]),
            "Active Room(s): 1150,7\n",
        ),
    ];
    for (view, words) in table {
        assert_eq!(shown(&view), words);
    }
    assert!(shown(&View::Menu).starts_with("=========== Welcome! ==============\n"));
    let server = Some("The Lounge");
    let mut named = String::new();
    View::Menu.write(&Viewer { server, ..VIEWER }, &mut named);
    let (first, rest) = named.split_once('\n').expect("rows");
    assert_eq!(first, "======= Welcome to The Lounge! =======");
    assert!(shown(&View::Menu).ends_with(rest) && rest.starts_with("Enter following"));
}

#[test]
fn every_failure_says_what_what_for_and_what_next() {
    let bad_name = Name::parse("John Smith").expect_err("it has a space");
    let table = [
        (
            View::RenameFailed(RenameError::BadName(bad_name)),
            "Update username failed. A name cannot have spaces in it. John_Smith would do.\n",
        ),
        (
            View::RenameFailed(RenameError::Taken(name("Dai"), name("Dai_2"))),
            "Update username failed. Dai is in use, or looks like a name that is. Dai_2 is free.\n",
        ),
        (
            View::CreateFailed("1150".to_owned(), CreateError::Exists),
            "Create room 1150 failed. There is one already. Type 2 to join it.\n",
        ),
        (
            View::JoinFailed("x".repeat(100), JoinError::NoRoom),
            "Join room xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx… failed. \
             There is no such room. Type 3 to list the rooms, 1 to create one.\n",
        ),
        (
            View::UnknownCommand("\\exits".to_owned()),
            "There is no command \\exits. Nothing was sent. \
             Type \\help for the commands, or \\\\exits to say it.\n",
        ),
    ];
    for (view, words) in table {
        assert_eq!(shown(&view), words);
    }
}

#[test]
fn a_long_list_is_cut_with_a_count() {
    let rooms = (0..ROOMS_LISTED_MAX + 23).map(|n| room(&n.to_string()));
    assert!(shown(&listed_rooms(rooms.collect())).ends_with(",499 and 23 more\n"));
    let people = ["Dai", "ann"].map(|text| UserSummary::named(name(text)));
    let who = shown(&View::Info(Info::Members(room("r"), people.into(), 199)));
    assert_eq!(who, "201 in room r: Dai, ann and 199 more\n");
}

#[test]
fn a_room_whose_last_lines_are_of_today_shows_no_date() {
    let said = |text: &str| {
        let time: jiff::Timestamp = text.parse().expect("a time");
        Arc::new(crate::chat::message::Message {
            id: 1,
            time: Timestamp(time.as_millisecond()),
            member: crate::chat::message::MemberId::NOBODY,
            name: name("Dai"),
            kind: crate::chat::message::Kind::Message,
            text: "yo".into(),
        })
    };
    let auckland = TimeZone::get("Pacific/Auckland").expect("a zone");
    let table: &[(&TimeZone, &[&str], &[&str])] = &[
        // The time now is 2026-11-22T21:30:01Z.
        (
            &TimeZone::UTC,
            &["2026-11-22T00:00:00Z", "2026-11-22T21:30:00Z"],
            &["[00:00:00] Dai: yo", "[21:30:00] Dai: yo"],
        ),
        (
            &TimeZone::UTC,
            &[
                "2026-11-19T12:00:00Z",
                "2026-11-21T23:59:59Z",
                "2026-11-22T00:00:00Z",
            ],
            &[
                "--- 2026-11-19 ---",
                "[12:00:00] Dai: yo",
                "--- 2026-11-21 ---",
                "[23:59:59] Dai: yo",
                "--- 2026-11-22 ---",
                "[00:00:00] Dai: yo",
            ],
        ),
        (
            &auckland,
            &["2026-11-22T10:59:59Z", "2026-11-22T11:00:00Z"],
            &[
                "--- 2026-11-22 ---",
                "[23:59:59] Dai: yo",
                "--- 2026-11-23 ---",
                "[00:00:00] Dai: yo",
            ],
        ),
        (&auckland, &[], &[]),
    ];
    for (zone, times, rows) in table {
        let history = times.iter().map(|time| said(time)).collect();
        let mut out = String::new();
        let scene = RoomSnapshot {
            history,
            topic: None,
        };
        View::Joined(room("7"), scene, false).write(&Viewer { zone, ..VIEWER }, &mut out);
        let (_, shown) = out.split_once("Room 7 ------------\n").expect("the header");
        assert_eq!(shown.lines().collect::<Vec<_>>(), *rows);
    }
}

#[test]
fn times_are_told_with_their_zone() {
    let bangkok = TimeZone::get("Asia/Bangkok").expect("a zone");
    let fixed = TimeZone::fixed(jiff::tz::offset(-3));
    let table = [
        (
            &TimeZone::UTC,
            View::Time,
            "It is 2026-11-22 21:30:01 in UTC.\n",
        ),
        (
            &bangkok,
            View::Time,
            "It is 2026-11-23 04:30:01 in Asia/Bangkok.\n",
        ),
        (
            &fixed,
            View::Time,
            "It is 2026-11-22 18:30:01 in UTC-03:00.\n",
        ),
        (
            &bangkok,
            View::Set(Setting::Timezone(None)),
            "Times are shown in Asia/Bangkok, where it is 2026-11-23 04:30:01 now.\n",
        ),
        (
            &fixed,
            View::Timezone,
            "Times are shown in UTC-03:00. \
             Type \\timezone ZONE for another, such as Asia/Bangkok or +07:00.\n",
        ),
        (
            &bangkok,
            View::BadTimezone("Mars/Olympus".to_owned()),
            "There is no time zone Mars/Olympus. Times are still shown in Asia/Bangkok. \
             Try one such as Asia/Bangkok, +07:00 or UTC.\n",
        ),
    ];
    for (zone, view, words) in table {
        let mut out = String::new();
        view.write(&Viewer { zone, ..VIEWER }, &mut out);
        assert_eq!(out, words);
    }
}

#[test]
fn who_wants_no_advice_gets_no_row_in_parentheses() {
    let found = |cut_short| {
        let line = crate::chat::message::Message {
            id: 1,
            time: Timestamp(0),
            member: crate::chat::message::MemberId::NOBODY,
            name: name("Dai"),
            kind: crate::chat::message::Kind::Message,
            text: "(yo)".into(),
        };
        Some(Found {
            lines: vec![Arc::new(line)],
            cut_short,
        })
    };
    let words = DirectMessage {
        time: Timestamp(0),
        whom: crate::chat::message::MemberId(7),
        name: name("(Dai)"),
        text: "(yo)".into(),
    };
    let page = |page| {
        let room = crate::chat::people::RoomLine {
            name: room("(r)"),
            members: 1,
            quiet_for: None,
            topic: None,
            locked: false,
            private: false,
        };
        View::Info(Info::RoomPage(RoomPage {
            page,
            pages: 2,
            rooms: vec![room],
        }))
    };
    let before = HistoryQuery::Before(crate::chat::history::HistoryCursor::Id(9), 1);
    let table = [
        (View::Joined(room("7"), RoomSnapshot::default(), true), 2),
        (View::ExitHint, 0),
        (View::SecretIsSeen, 0),
        (View::DmReceived(words, true), 1),
        (View::Lines(before, found(false)), 1),
        (View::Lines(HistoryQuery::For("yo".into()), found(true)), 1),
        (page(1), 2),
        (page(2), 2),
    ];
    for (view, rows) in table {
        let with = shown(&view);
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
