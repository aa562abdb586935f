//! *Pure.* Rooms, and who is in them.

use std::fmt::{self, Write as _};
use std::time::Duration;

use jiff::tz::TimeZone;

use super::{ROW_COLUMNS, View, cut};
use crate::draw::{self, Clock};
use crate::limits::{ROOMS_LISTED_MAX, WHO_NAMES_MAX};
use crate::name::{Name, RoomName};
use crate::request::{RoomLine, RoomPage, Scene};
use crate::text;

pub(super) fn write_joined(
    room: &RoomName,
    scene: &Scene,
    tip: bool,
    zone: &TimeZone,
    out: &mut String,
) -> fmt::Result {
    writeln!(out, "Join room {room} successful")?;
    writeln!(out, "(type '\\exit' to quit)")?;
    writeln!(out, "(type '\\help' for commands)")?;
    if tip {
        writeln!(
            out,
            "(type '\\ansi' and messages will not cut into what you type)"
        )?;
    }
    writeln!(out, "------------ Room {room} ------------")?;
    if let Some(topic) = &scene.topic {
        writeln!(out, "Topic: {topic}")?;
    }
    let mut clock = Clock::new(zone);
    for message in &scene.history {
        draw::write_message(message, &mut clock, out);
        out.push('\n');
    }
    Ok(())
}

pub(super) fn write_rooms(rooms: &[RoomName], more: usize, out: &mut String) -> fmt::Result {
    if rooms.is_empty() {
        return writeln!(out, "There are no created rooms yet");
    }
    write!(out, "Active Room(s): ")?;
    write_list(rooms.iter().map(RoomName::as_str), ",", more, out)
}

pub(super) fn write_room_page(page: &RoomPage, out: &mut String) -> fmt::Result {
    let (number, pages) = (page.page, page.pages);
    if pages == 0 {
        return writeln!(
            out,
            "There are no rooms yet. Type 1 at the menu to create one."
        );
    }
    if page.rooms.is_empty() {
        return writeln!(
            out,
            "There is no page {number} of the rooms. Type \\rooms {pages} for the last one."
        );
    }
    writeln!(out, "people  last line     room")?;
    for room in &page.rooms {
        write_room_line(room, out)?;
    }
    match number {
        _ if pages == 1 => Ok(()),
        _ if number == pages => writeln!(out, "(page {number} of {pages})"),
        _ => writeln!(
            out,
            "(page {number} of {pages}; type '\\rooms {}' for the next)",
            number + 1
        ),
    }
}

/// One row, of which the topic is cut to fit.
fn write_room_line(room: &RoomLine, out: &mut String) -> fmt::Result {
    let quiet_for = room.quiet_for.map_or_else(|| "never".to_owned(), ago);
    let marks = match (room.locked, room.private) {
        (false, false) => "",
        (true, false) => " (locked)",
        (false, true) => " (private)",
        (true, true) => " (locked, private)",
    };
    let row = format!("{:>6}  {quiet_for:<12}  {}{marks}", room.members, room.name);
    let free = ROW_COLUMNS.saturating_sub(text::width(&row) + ": …".len());
    match &room.topic {
        Some(topic) if free >= TOPIC_COLUMNS_MIN => {
            let (cut, dots) = cut(topic.as_str(), free);
            writeln!(out, "{row}: {cut}{dots}")
        }
        _ => writeln!(out, "{row}"),
    }
}

/// A topic that has fewer columns left than this would tell nothing.
const TOPIC_COLUMNS_MIN: usize = 8;

/// How long ago something was.
fn ago(since: Duration) -> String {
    match since.as_secs() {
        0..60 => "just now".to_owned(),
        _ => format!("{} ago", span(since)),
    }
}

/// A time of a minute or more, in its largest unit.
fn span(time: Duration) -> String {
    let minutes = time.as_secs() / 60;
    match minutes {
        0..60 => format!("{minutes} min"),
        60..1440 => format!("{} h", minutes / 60),
        1440..2880 => "1 day".to_owned(),
        _ => format!("{} days", minutes / 1440),
    }
}

pub(super) fn write_who(
    room: &RoomName,
    names: &[Name],
    more: usize,
    out: &mut String,
) -> fmt::Result {
    write!(out, "{} in room {room}: ", names.len() + more)?;
    write_list(names.iter().map(Name::as_str), ", ", more, out)
}

fn write_list<'a>(
    items: impl Iterator<Item = &'a str>,
    comma: &str,
    more: usize,
    out: &mut String,
) -> fmt::Result {
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push_str(comma);
        }
        out.push_str(item);
    }
    if more > 0 {
        write!(out, " and {more} more")?;
    }
    writeln!(out)
}

/// How many of `rooms` menu choice 3 names, and how many it counts.
pub fn listed_rooms(mut rooms: Vec<RoomName>) -> View {
    let more = rooms.len().saturating_sub(ROOMS_LISTED_MAX);
    rooms.truncate(ROOMS_LISTED_MAX);
    View::Rooms(rooms, more)
}

/// How many of `names` `\who` gives, and how many it counts.
pub fn listed_members(room: RoomName, mut names: Vec<Name>) -> View {
    let more = names.len().saturating_sub(WHO_NAMES_MAX);
    names.truncate(WHO_NAMES_MAX);
    View::Who(room, names, more)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topic::Topic;

    fn room(name: &str, members: usize, quiet_for: Option<u64>, topic: &str) -> RoomLine {
        RoomLine {
            name: RoomName::parse(name).expect("a room name"),
            members,
            quiet_for: quiet_for.map(Duration::from_secs),
            topic: Topic::parse(topic).expect("short enough"),
            locked: false,
            private: false,
        }
    }

    fn shown(page: usize, pages: usize, rooms: Vec<RoomLine>) -> String {
        let mut out = String::new();
        let page = RoomPage { page, pages, rooms };
        write_room_page(&page, &mut out).expect("a String takes all");
        out
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
             \x20    0  never         ห้อง\n"
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
            // A name of this width leaves no room for a topic, and is itself never cut: it must be typed.
            if text::width(&name) < 64 {
                assert!(
                    row.ends_with('…') && text::width(row) <= ROW_COLUMNS,
                    "{row}"
                );
            } else {
                assert!(row.ends_with(&name), "{row}");
            }
        }
    }

    #[test]
    fn a_page_says_how_to_come_to_the_others() {
        let rooms = || vec![room("1150", 0, None, "")];
        let table = [
            (1, 3, "(page 1 of 3; type '\\rooms 2' for the next)\n"),
            (3, 3, "(page 3 of 3)\n"),
            (1, 1, "1150\n"),
        ];
        for (page, pages, end) in table {
            let text = shown(page, pages, rooms());
            assert!(text.ends_with(end), "{text}");
        }
        assert_eq!(
            shown(4, 3, vec![]),
            "There is no page 4 of the rooms. Type \\rooms 3 for the last one.\n"
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
}
