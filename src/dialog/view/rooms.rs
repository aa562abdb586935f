//! *Pure.* Rooms, and who is in them.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::time::Duration;

use jiff::tz::TimeZone;

use super::{ROW_COLUMNS, View, Viewer, cut, write_date};
use crate::chat::history::RoomSnapshot;
use crate::chat::name::{Name, RoomName};
use crate::chat::people::{
    ClientKind, Location, People, Profile, RoomLine, RoomPage, Stats, UserSummary,
};
use crate::limits::ROOMS_LISTED_MAX;
use crate::terminal::draw;
use crate::text;
use crate::time::local::{self, TimeFormatter};

pub(super) fn write_joined(
    room: &RoomName,
    scene: &RoomSnapshot,
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
    writeln!(out, "------------ Room {room} ------------")?;
    if let Some(topic) = &scene.topic {
        writeln!(out, "Topic: {topic}")?;
    }
    let mut times = TimeFormatter::with_day(viewer.zone, viewer.now);
    for message in &scene.history {
        if let Some(date) = times.new_date(message.time) {
            write_date(date, out)?;
        }
        draw::write_message(message, &mut times, out);
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
            "There is no page {number} of the rooms. Type \\rooms {pages} for the last one."
        );
    }
    writeln!(out, "people  last line     room")?;
    for room in &page.rooms {
        write_room_line(room, out)?;
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
    people: &[UserSummary],
    more: usize,
    out: &mut String,
) -> fmt::Result {
    write!(out, "{} in room {room}: ", people.len() + more)?;
    let named = people.iter().map(|present| match state(present) {
        state if state.is_empty() => Cow::Borrowed(present.name.as_str()),
        state => Cow::Owned(format!("{} ({state})", present.name)),
    });
    write_list(named, ", ", more, out)
}

pub(super) fn write_everybody(people: &People, out: &mut String) -> fmt::Result {
    match people.people.len() + people.more {
        1 => writeln!(out, "1 is connected:")?,
        count => writeln!(out, "{count} are connected:")?,
    }
    for (present, place) in &people.people {
        write!(out, "{}: ", present.name)?;
        write_place(place, out)?;
        let comma = match state(present) {
            state if state.is_empty() => state,
            state => format!(", {state}"),
        };
        writeln!(out, "{comma}")?;
    }
    match people.more {
        0 => Ok(()),
        more => writeln!(out, "and {more} more (type '\\whois NAME' for one of them)"),
    }
}

pub(super) fn write_whois(
    name: &Name,
    profile: Option<&Profile>,
    zone: &TimeZone,
    out: &mut String,
) -> fmt::Result {
    let Some(profile) = profile else {
        return match name.is_anon() {
            true => writeln!(
                out,
                "{name} is whoever has no name. Type \\who all for everybody."
            ),
            false => write_nobody_is(name.as_str(), out),
        };
    };
    write!(out, "{} is ", profile.present.name)?;
    write_place(&profile.place, out)?;
    if profile.present.idle >= IDLE_SHOWN {
        write!(out, ", idle for {}", span(profile.present.idle))?;
    }
    match profile.away.as_deref() {
        None => writeln!(out, ".")?,
        Some("") => writeln!(out, ". Away.")?,
        Some(why) => writeln!(out, ". Away: {why}")?,
    }
    let since = local::date_and_time(profile.since, zone);
    let with = match profile.kind {
        ClientKind::Raw => "nc or the like",
        ClientKind::TelnetLines => "Telnet in line mode",
        ClientKind::TelnetKeys => "Telnet in character mode",
    };
    match &profile.terminal {
        Some(terminal) => writeln!(out, "Connected since {since} with {with} ({terminal})."),
        None => writeln!(out, "Connected since {since} with {with}."),
    }
}

pub(super) fn write_stats(stats: &Stats, viewer: &Viewer<'_>, out: &mut String) -> fmt::Result {
    let server = viewer.server.unwrap_or("parlor");
    let since = local::date_and_time(stats.since, viewer.zone);
    writeln!(out, "{server}, up since {since} ({})", span(stats.up))?;
    writeln!(out, "people: {}", stats.people)?;
    writeln!(out, "rooms: {}", stats.rooms)?;
    match stats.lines_ever {
        None => writeln!(out, "lines: {} since then", stats.lines),
        Some(ever) => writeln!(out, "lines: {} since then, {ever} in all", stats.lines),
    }
}

pub(super) fn write_nobody_is(name: &str, out: &mut String) -> fmt::Result {
    writeln!(
        out,
        "Nobody here is called {name}. Type \\who all for everybody."
    )
}

fn write_place(place: &Location, out: &mut String) -> fmt::Result {
    match place {
        Location::Menu => out.write_str("at the menu"),
        Location::Room(room) => write!(out, "in room {room}"),
        Location::Hidden => out.write_str("in a private room"),
    }
}

/// What there is to tell of somebody besides the name; empty if nothing.
fn state(present: &UserSummary) -> String {
    match (present.idle >= IDLE_SHOWN, present.away) {
        (false, false) => String::new(),
        (false, true) => "away".to_owned(),
        (true, false) => format!("idle {}", span(present.idle)),
        (true, true) => format!("idle {}, away", span(present.idle)),
    }
}

/// Who has typed something since is not idle: reading takes its time.
const IDLE_SHOWN: Duration = Duration::from_secs(60);

pub(super) fn write_list(
    items: impl Iterator<Item = impl AsRef<str>>,
    comma: &str,
    more: usize,
    out: &mut String,
) -> fmt::Result {
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push_str(comma);
        }
        out.push_str(item.as_ref());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::topic::Topic;
    use crate::dialog::view::tests::VIEWER;
    use crate::time::Timestamp;

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
        write_room_page(&page, &VIEWER, &mut out).expect("a String takes all");
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
            "There is no page 4 of the rooms. Type \\rooms 3 for the last one.\n"
        );
        assert!(shown(1, 0, vec![]).starts_with("There are no rooms yet."));
    }

    fn person(name: &str, idle_minutes: u64, away: bool) -> UserSummary {
        UserSummary {
            name: Name::parse(name).expect("a name"),
            idle: Duration::from_secs(60 * idle_minutes),
            away,
        }
    }

    #[test]
    fn who_is_idle_or_away_is_marked_and_others_are_not() {
        let mut out = String::new();
        let room = RoomName::parse("1150").expect("a room name");
        let people = [
            person("Dai", 0, false),
            person("ann", 5, false),
            person("bob", 0, true),
            person("cat", 120, true),
        ];
        write_who(&room, &people, 0, &mut out).expect("a String takes all");
        assert_eq!(
            out,
            "4 in room 1150: Dai, ann (idle 5 min), bob (away), cat (idle 2 h, away)\n"
        );
    }

    #[test]
    fn everybody_is_told_with_the_place_unless_that_is_private() {
        let room = RoomName::parse("1150").expect("a room name");
        let people = vec![
            (person("Dai", 0, false), Location::Room(room)),
            (person("anon", 3, false), Location::Menu),
            (person("ann", 1500, true), Location::Hidden),
        ];
        let shown = |people, more| {
            let mut out = String::new();
            write_everybody(&People { people, more }, &mut out).expect("a String takes all");
            out
        };
        assert_eq!(
            shown(people, 5),
            "8 are connected:\nDai: in room 1150\nanon: at the menu, idle 3 min\n\
             ann: in a private room, idle 1 day, away\n\
             and 5 more (type '\\whois NAME' for one of them)\n"
        );
        let alone = vec![(person("Dai", 0, false), Location::Menu)];
        assert_eq!(shown(alone, 0), "1 is connected:\nDai: at the menu\n");
    }

    #[test]
    fn one_person_is_told_of_in_two_rows() {
        let profile = Profile {
            present: person("Dai", 5, true),
            place: Location::Hidden,
            since: Timestamp(0),
            kind: ClientKind::TelnetKeys,
            terminal: Some("XTERM".into()),
            away: Some("at lunch".into()),
        };
        let mut raw = profile.clone();
        (raw.present.idle, raw.away) = (Duration::ZERO, None);
        (raw.kind, raw.terminal) = (ClientKind::Raw, None);
        let shown = |name: &str, profile: Option<&Profile>| {
            let mut out = String::new();
            let name = Name::parse(name).expect("a name");
            write_whois(&name, profile, &TimeZone::UTC, &mut out).expect("a String takes all");
            out
        };
        let table = [
            (
                "dai",
                Some(&profile),
                "Dai is in a private room, idle for 5 min. Away: at lunch\n\
                 Connected since 1970-01-01 00:00:00 with Telnet in character mode (XTERM).\n",
            ),
            (
                "Dai",
                Some(&raw),
                "Dai is in a private room.\n\
                 Connected since 1970-01-01 00:00:00 with nc or the like.\n",
            ),
            (
                "eve",
                None,
                "Nobody here is called eve. Type \\who all for everybody.\n",
            ),
            (
                "anon",
                None,
                "anon is whoever has no name. Type \\who all for everybody.\n",
            ),
        ];
        for (name, profile, words) in table {
            assert_eq!(shown(name, profile), words);
        }
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
