//! *Pure.* Rooms.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::time::Duration;

use super::people::span;
use super::{Part, Viewer, cut, quoted, write_list};
use crate::chat::history::{RoomSnapshot, Unread};
use crate::chat::message::Message;
use crate::chat::name::RoomName;
use crate::chat::people::{RoomLine, RoomMember, RoomPage};
use crate::chat::request::{CreateError, JoinError, ReopenError};
use crate::chat::topic::Topic;
use crate::limits::TOPIC_GRAPHEMES_MAX;
use crate::terminal::draw;
use crate::text;
use crate::time::local::TimeFormatter;

/// What is said of rooms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomView {
    /// A room was created.
    Created(RoomName),
    /// A room was not created: what was asked for, and why.
    CreateFailed(String, CreateError),
    /// The user declined to create a missing room.
    NotCreated,
    /// The rooms, in the order they were created, and how many more there are.
    List(Vec<RoomName>, usize),
    /// A room was joined, and this is what it looks like; whether to hint at `\ansi`.
    Joined(RoomName, RoomSnapshot, bool),
    /// A room was not joined: what was asked for, and why.
    JoinFailed(String, JoinError),
    /// A closed room is open again.
    Reopened(RoomName),
    /// A closed room was not opened again: what was asked for, and why.
    ReopenFailed(String, ReopenError),
    /// The user is already in that room.
    AlreadyIn(RoomName),
    /// A topic was longer than one may be.
    TopicTooLong,
}

impl RoomView {
    pub(super) fn write(
        &self,
        viewer: &Viewer<'_>,
        part: &mut Part,
        out: &mut String,
    ) -> fmt::Result {
        match self {
            RoomView::Created(room) => writeln!(out, "Create room {room} successful"),
            RoomView::CreateFailed(wanted, why) => write_failed("Create", wanted, why, out),
            RoomView::NotCreated => {
                writeln!(out, "Nothing was created. Type \\rooms to list the rooms.")
            }
            RoomView::List(rooms, more) => write_rooms(rooms, *more, out),
            RoomView::Joined(room, snapshot, tip) => {
                if part.is_first() {
                    write_welcome(room, snapshot, *tip, viewer, out)?;
                }
                write_last_lines(snapshot, viewer, part, out)
            }
            RoomView::JoinFailed(wanted, why) => write_failed("Join", wanted, why, out),
            RoomView::Reopened(room) => {
                writeln!(
                    out,
                    "Room {room} is open again. Type \\join {room} to join it."
                )
            }
            RoomView::ReopenFailed(wanted, why) => write_failed("Reopen", wanted, why, out),
            RoomView::AlreadyIn(room) => writeln!(out, "You are in room {room} already."),
            RoomView::TopicTooLong => writeln!(
                out,
                "A topic can have at most {TOPIC_GRAPHEMES_MAX} characters. It was not changed. \
                 Please use fewer words."
            ),
        }
    }
}

fn write_failed(what: &str, wanted: &str, why: &dyn fmt::Display, out: &mut String) -> fmt::Result {
    match wanted {
        "" => writeln!(out, "{what} room failed. {why}"),
        wanted => writeln!(out, "{what} room {} failed. {why}", quoted(wanted)),
    }
}

pub(super) fn write_topic(room: &RoomName, topic: Option<&Topic>, out: &mut String) -> fmt::Result {
    match topic {
        Some(topic) => writeln!(out, "Room {room} is about: {topic}"),
        None => writeln!(
            out,
            "Room {room} has no topic. Type \\topic TEXT to set one."
        ),
    }
}

fn write_welcome(
    room: &RoomName,
    snapshot: &RoomSnapshot,
    tip: bool,
    viewer: &Viewer<'_>,
    out: &mut String,
) -> fmt::Result {
    writeln!(out, "Join room {room} successful")?;
    viewer.hint(format_args!("type '\\exit' to quit"), out)?;
    viewer.hint(format_args!("type '\\help' for commands"), out)?;
    if tip {
        let words = "type '\\ansi' and messages will not cut into what you type";
        viewer.hint(format_args!("{words}"), out)?;
    }
    if viewer.hints && !snapshot.here.0.is_empty() {
        write_here(&snapshot.here, viewer, out)?;
    }
    writeln!(out, "------------ Room {room} ------------")?;
    match &snapshot.topic {
        Some(topic) => writeln!(out, "Topic: {topic}"),
        None => Ok(()),
    }
}

/// Who is in the room that somebody has just joined.
fn write_here(
    (people, more): &(Vec<RoomMember>, usize),
    viewer: &Viewer<'_>,
    out: &mut String,
) -> fmt::Result {
    let count = people.len() + more;
    if count == 1 {
        writeln!(out, "Nobody else is here.")?;
    } else {
        write_names(people, *more, out)?;
    }
    let you = people
        .iter()
        .find(|member| member.role.you && member.name.is_anon());
    match you {
        Some(RoomMember { name, .. }) => viewer.hint(
            format_args!("you are {name}; type '\\name NEW' for a name of your own"),
            out,
        ),
        None => Ok(()),
    }
}

/// `3 here: Dai (owner), ann, you`
fn write_names(people: &[RoomMember], more: usize, out: &mut String) -> fmt::Result {
    let (you, others): (Vec<_>, Vec<_>) = people.iter().partition(|member| member.role.you);
    let named = others.into_iter().chain(you).map(|member| {
        let name = match member.role.you {
            true => "you",
            false => member.name.as_str(),
        };
        match member.role.owner {
            true => Cow::Owned(format!("{name} (owner)")),
            false => Cow::Borrowed(name),
        }
    });
    write!(out, "{} here: ", people.len() + more)?;
    write_list(named, ", ", more, out)
}

fn write_last_lines(
    snapshot: &RoomSnapshot,
    viewer: &Viewer<'_>,
    part: &mut Part,
    out: &mut String,
) -> fmt::Result {
    let mut times = None;
    let is_first_unread = |before: Option<&Message>, line: &Message| {
        let unread = snapshot.unread?;
        let is_first = before.is_none_or(|before| before.id <= unread.after);
        (is_first && line.id > unread.after).then_some(unread)
    };
    part.write_lines(&snapshot.history, out, |before, line, out| {
        if let Some(unread) = is_first_unread(before, line) {
            write_unread(unread, line, viewer, out)?;
        }
        let shown_before = before.map_or(viewer.now, |before| before.time);
        let times = times.get_or_insert_with(|| TimeFormatter::with_day(viewer.zone, shown_before));
        if let Some(date) = times.new_date(line.time) {
            draw::write_day(date, out);
            writeln!(out)?;
        }
        draw::write_last(line, times, viewer.times, viewer.viewpoint, out);
        writeln!(out)
    })?;
    Ok(())
}

/// Stands above the first line that is new to the viewer, or above all lines if that is further back.
fn write_unread(
    unread: Unread,
    first: &Message,
    viewer: &Viewer<'_>,
    out: &mut String,
) -> fmt::Result {
    let count = unread.count;
    match first.id > unread.after + 1 {
        true => viewer.hint(
            format_args!("{count} new since you left; type '\\history' for what came before"),
            out,
        ),
        false => viewer.hint(format_args!("{count} new since you left"), out),
    }
}

fn write_rooms(rooms: &[RoomName], more: usize, out: &mut String) -> fmt::Result {
    if rooms.is_empty() {
        return writeln!(out, "There are no created rooms yet");
    }
    write!(out, "Active Room(s): ")?;
    write_list(rooms.iter().map(RoomName::as_str), ",", more, out)
}

pub(super) fn write_room_page(
    page: &RoomPage,
    viewer: &Viewer<'_>,
    out: &mut String,
) -> fmt::Result {
    let (number, pages) = (page.page, page.pages);
    if pages == 0 {
        return writeln!(
            out,
            "There are no rooms yet. Type \\join ROOM to create one."
        );
    }
    if page.rooms.is_empty() {
        return writeln!(
            out,
            "There is no page {number}. Type \\rooms {pages} for the last one."
        );
    }
    writeln!(out, "people  last line     room")?;
    for room in &page.rooms {
        write_room_line(room, viewer.row_columns(), out)?;
    }
    let next = number + 1;
    let join = "'\\join ROOM' to join one";
    match number {
        _ if pages == 1 => viewer.hint(format_args!("type {join}"), out),
        _ if number == pages => {
            viewer.hint(format_args!("page {number} of {pages}; type {join}"), out)
        }
        _ => viewer.hint(
            format_args!("page {number} of {pages}; type '\\rooms {next}' for the next, {join}"),
            out,
        ),
    }
}

/// One row; the topic is cut to fit.
fn write_room_line(room: &RoomLine, columns: usize, out: &mut String) -> fmt::Result {
    let quiet_for = room.quiet_for.map_or_else(|| "never".to_owned(), ago);
    let new = room.unread.filter(|new| *new > 0);
    let marks = [
        new.map(|new| format!("{new} new")),
        room.locked.then(|| "locked".to_owned()),
        room.private.then(|| "private".to_owned()),
    ];
    let marks: Vec<String> = marks.into_iter().flatten().collect();
    let marks = match &marks[..] {
        [] => String::new(),
        marks => format!(" ({})", marks.join(", ")),
    };
    let row = format!("{:>6}  {quiet_for:<12}  {}{marks}", room.members, room.name);
    let free = columns.saturating_sub(text::width(&row) + ": …".len());
    match &room.topic {
        Some(topic) if free >= TOPIC_COLUMNS_MIN => {
            let (cut, dots) = cut(topic.as_str(), free);
            writeln!(out, "{row}: {cut}{dots}")
        }
        _ => writeln!(out, "{row}"),
    }
}

/// How long ago something was.
fn ago(since: Duration) -> String {
    match since.as_secs() {
        0..60 => "just now".to_owned(),
        _ => format!("{} ago", span(since)),
    }
}

/// With fewer columns than this, a topic would say nothing.
const TOPIC_COLUMNS_MIN: usize = 8;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::tz::TimeZone;

    use super::*;
    use crate::chat::message::{Kind, MemberId, Message};
    use crate::dialog::view::tests::{VIEWER, name, room as room_name, unmarked};
    use crate::time::Timestamp;

    fn room(name: &str, members: usize, quiet_for: Option<u64>, topic: &str) -> RoomLine {
        RoomLine {
            name: RoomName::parse(name).expect("a room name"),
            members,
            quiet_for: quiet_for.map(Duration::from_secs),
            topic: Topic::parse(topic).expect("short enough"),
            locked: false,
            private: false,
            unread: None,
        }
    }

    fn shown(page: usize, pages: usize, rooms: Vec<RoomLine>) -> String {
        let mut out = String::new();
        let page = RoomPage { page, pages, rooms };
        write_room_page(&page, &VIEWER, &mut out).expect("a String takes all");
        unmarked(&out)
    }

    #[test]
    fn rooms_are_shown_with_their_members_their_last_line_and_their_topic() {
        let mut secret = room("secret", 1, Some(0), "");
        (secret.locked, secret.private) = (true, true);
        let rooms = vec![
            room("1150", 1200, Some(200), "lunch"),
            secret,
            room("ห้อง", 0, None, ""),
        ];
        assert_eq!(
            shown(1, 1, rooms),
            "people  last line     room\n\
             \x20 1200  3 min ago     1150: lunch\n\
             \x20    1  just now      secret (locked, private)\n\
             \x20    0  never         ห้อง\n\
             (type '\\join ROOM' to join one)\n"
        );
    }

    #[test]
    fn a_long_topic_is_cut_to_the_row() {
        for (name, topic) in [
            ("1150".to_owned(), "word ".repeat(30)),
            ("r".repeat(32), "漢字".repeat(40)),
            ("漢".repeat(32), "漢字".repeat(40)),
        ] {
            let rows = shown(1, 1, vec![room(&name, 3, Some(90_000), &topic)]);
            let row = rows.lines().nth(1).expect("a room");
            assert!(row.contains(&name), "{row}");
            // A name this wide leaves no room for a topic, and is itself never cut: people have to type it.
            if text::width(&name) < 64 {
                assert!(row.ends_with('…') && text::width(row) <= 79, "{row}");
            } else {
                assert!(row.ends_with(&name), "{row}");
            }
        }
    }

    #[test]
    fn a_page_says_how_to_come_to_the_others() {
        let rooms = || vec![room("1150", 0, None, "")];
        let table = [
            (
                1,
                3,
                "(page 1 of 3; type '\\rooms 2' for the next, '\\join ROOM' to join one)\n",
            ),
            (3, 3, "(page 3 of 3; type '\\join ROOM' to join one)\n"),
            (1, 1, "(type '\\join ROOM' to join one)\n"),
        ];
        for (page, pages, end) in table {
            let text = shown(page, pages, rooms());
            assert!(text.ends_with(end), "{text}");
        }
        assert_eq!(
            shown(4, 3, vec![]),
            "There is no page 4. Type \\rooms 3 for the last one.\n"
        );
        assert!(shown(1, 0, vec![]).starts_with("There are no rooms yet."));
    }

    #[test]
    fn times_are_told_in_their_largest_unit() {
        let table = [
            (0, "just now"),
            (59, "just now"),
            (60, "1 min ago"),
            (3599, "59 min ago"),
            (3600, "1 h ago"),
            (86_399, "23 h ago"),
            (86_400, "1 day ago"),
            (172_800, "2 days ago"),
        ];
        for (seconds, words) in table {
            assert_eq!(ago(Duration::from_secs(seconds)), words);
        }
    }

    #[test]
    fn a_room_whose_last_lines_are_of_today_shows_no_date() {
        let said = |text: &str| {
            let time: jiff::Timestamp = text.parse().expect("a time");
            Arc::new(Message {
                id: 1,
                time: Timestamp(time.as_millisecond()),
                member: MemberId::NOBODY,
                name: name("Dai"),
                kind: Kind::Message,
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
                ..RoomSnapshot::default()
            };
            RoomView::Joined(room_name("7"), scene, false)
                .write(&Viewer { zone, ..VIEWER }, &mut Part::whole(), &mut out)
                .expect("a String takes all");
            let out = unmarked(&out);
            let (_, shown) = out.split_once("Room 7 ------------\n").expect("the header");
            assert_eq!(shown.lines().collect::<Vec<_>>(), *rows);
        }
    }
}
