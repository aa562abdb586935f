//! *Pure.* The people who are connected, and the server.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::time::Duration;

use jiff::tz::TimeZone;

use super::{Viewer, write_list};
use crate::chat::name::{Name, RoomName};
use crate::chat::people::{ClientKind, Location, People, Profile, Stats, UserSummary};
use crate::limits::LIST_BYTES_MAX;
use crate::time::local;

pub(super) fn write_members(
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

pub(super) fn write_users(people: &People, out: &mut String) -> fmt::Result {
    match people.people.len() + people.more {
        1 => writeln!(out, "1 is connected:")?,
        count => writeln!(out, "{count} are connected:")?,
    }
    let start = out.len();
    let mut shown = 0;
    for (present, place) in &people.people {
        if out.len() - start >= LIST_BYTES_MAX {
            break;
        }
        shown += 1;
        write!(out, "{}: ", present.name)?;
        write_place(place, out)?;
        let comma = match state(present) {
            state if state.is_empty() => state,
            state => format!(", {state}"),
        };
        writeln!(out, "{comma}")?;
    }
    match people.people.len() - shown + people.more {
        0 => {}
        more => writeln!(out, "and {more} more (type '\\whois NAME' for one of them)")?,
    }
    match people.is_partial {
        false => Ok(()),
        true => writeln!(
            out,
            "These are the people on this server. The others cannot be asked right now."
        ),
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
                "{} means anyone without a name. Type \\who all to list everybody.",
                name.without_number()
            ),
            false => write_no_such_user(name.as_str(), out),
        };
    };
    write!(out, "{} is ", profile.present.name)?;
    write_place(&profile.place, out)?;
    if profile.present.idle >= IDLE_SHOWN {
        write!(out, ", idle for {}", span(profile.present.idle))?;
    }
    if profile.present.lost {
        write!(out, ", connection lost")?;
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
    write!(out, "Connected since {since} with {with}")?;
    if let Some(terminal) = &profile.terminal {
        write!(out, " ({terminal})")?;
    }
    match profile.encryption {
        Some(encryption) => writeln!(out, ", by {}.", encryption.name()),
        None => writeln!(out, "."),
    }
}

pub(super) fn write_stats(stats: &Stats, viewer: &Viewer<'_>, out: &mut String) -> fmt::Result {
    let server = viewer.server.unwrap_or("parlor");
    let since = local::date_and_time(stats.since, viewer.zone);
    let one = if stats.is_shared { "this server " } else { "" };
    writeln!(out, "{server}, {one}up since {since} ({})", span(stats.up))?;
    match stats.is_partial {
        false => writeln!(out, "people: {}", stats.people)?,
        true => writeln!(
            out,
            "people: {} on this server; the others cannot be asked right now",
            stats.people
        )?,
    }
    writeln!(out, "rooms: {}", stats.rooms)?;
    match stats.lines_ever {
        None => writeln!(out, "lines: {} since then", stats.lines)?,
        Some(ever) => writeln!(out, "lines: {} since then, {ever} in all", stats.lines)?,
    }
    // Two rows, since one is too long for a screen.
    if let Some((first, second)) = stats.certificate.as_deref().and_then(halves) {
        writeln!(out, "tls certificate: sha256\n  {first}:\n  {second}")?;
    }
    Ok(())
}

/// The halves of a fingerprint.
fn halves(fingerprint: &str) -> Option<(&str, &str)> {
    let (middle, _) = fingerprint
        .match_indices(':')
        .nth(fingerprint.matches(':').count() / 2)?;
    Some((&fingerprint[..middle], &fingerprint[middle + 1..]))
}

pub(super) fn write_no_such_user(name: &str, out: &mut String) -> fmt::Result {
    writeln!(
        out,
        "Nobody here is called {name}. Type \\who all to list everybody."
    )
}

fn write_place(place: &Location, out: &mut String) -> fmt::Result {
    match place {
        Location::Menu => out.write_str("at the menu"),
        Location::Room(room) => write!(out, "in room {room}"),
        Location::Hidden => out.write_str("in a private room"),
    }
}

/// What there is to say of a user beside the name; empty if nothing.
fn state(present: &UserSummary) -> String {
    let role = present.role;
    let marks = [
        (role.you, "you"),
        (role.owner, "owner"),
        (role.muted, "muted"),
    ];
    let marks = marks.into_iter().filter(|(is_so, _)| *is_so);
    let idle = (present.idle >= IDLE_SHOWN).then(|| format!("idle {}", span(present.idle)));
    let away = present.away.then(|| "away".to_owned());
    let lost = present.lost.then(|| "connection lost".to_owned());
    let parts = marks
        .map(|(_, mark)| mark.to_owned())
        .chain(idle)
        .chain(away)
        .chain(lost);
    parts.collect::<Vec<_>>().join(", ")
}

/// Shorter silences are not shown as idle: reading takes time.
const IDLE_SHOWN: Duration = Duration::from_secs(60);

/// A time of a minute or more, in its largest unit.
pub(super) fn span(time: Duration) -> String {
    let minutes = time.as_secs() / 60;
    match minutes {
        0..60 => format!("{minutes} min"),
        60..1440 => format!("{} h", minutes / 60),
        1440..2880 => "1 day".to_owned(),
        _ => format!("{} days", minutes / 1440),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::people::{Encryption, RoleMarks};
    use crate::time::Timestamp;

    fn person(name: &str, idle_minutes: u64, away: bool) -> UserSummary {
        UserSummary {
            name: Name::parse(name).expect("a name"),
            idle: Duration::from_secs(60 * idle_minutes),
            away,
            lost: false,
            role: RoleMarks::default(),
        }
    }

    #[test]
    fn who_is_idle_or_away_is_marked_and_others_are_not() {
        let mut out = String::new();
        let room = RoomName::parse("1150").expect("a room name");
        let mut people = [
            person("Dai", 0, false),
            person("ann", 5, false),
            person("bob", 0, true),
            person("cat", 120, true),
        ];
        people[0].role.you = true;
        people[1].role.owner = true;
        people[3].role = RoleMarks {
            you: false,
            owner: true,
            muted: true,
        };
        write_members(&room, &people, 0, &mut out).expect("a String takes all");
        assert_eq!(
            out,
            "4 in room 1150: Dai (you), ann (owner, idle 5 min), bob (away), \
             cat (owner, muted, idle 2 h, away)\n"
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
            let people = People {
                people,
                more,
                is_partial: false,
            };
            write_users(&people, &mut out).expect("a String takes all");
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
            encryption: Some(Encryption::Tls),
            terminal: Some("XTERM".into()),
            away: Some("at lunch".into()),
        };
        let mut raw = profile.clone();
        (raw.present.idle, raw.away) = (Duration::ZERO, None);
        (raw.kind, raw.terminal, raw.encryption) = (ClientKind::Raw, None, None);
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
                 Connected since 1970-01-01 00:00:00 with Telnet in character mode (XTERM), by tls.\n",
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
                "Nobody here is called eve. Type \\who all to list everybody.\n",
            ),
            (
                "anon",
                None,
                "anon means anyone without a name. Type \\who all to list everybody.\n",
            ),
        ];
        for (name, profile, words) in table {
            assert_eq!(shown(name, profile), words);
        }
    }
}
