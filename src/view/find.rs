//! *Pure.* Rooms, and who is in them.

use std::fmt::{self, Write as _};

use jiff::tz::TimeZone;

use super::View;
use crate::draw::{self, Clock};
use crate::limits::{ROOMS_LISTED_MAX, WHO_NAMES_MAX};
use crate::name::{Name, RoomName};
use crate::request::Scene;

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
