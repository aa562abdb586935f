//! *Pure.* A room's owners, its password, and the people removed from it.

use std::fmt::{self, Write as _};
use std::time::Duration;

use super::errors::OVERHEARD;
use super::{Viewer, quoted};
use crate::chat::name::{Name, RoomName};
use crate::chat::request::{BanLine, BanReply, Deed, ModError, PutOut, Removal, RemovalKind};
use crate::limits::{CLOSED_ROOM_KEPT, LIST_BYTES_MAX, PASSWORD_BYTES};
use crate::time::duration;

/// What is said of a room's password, and to people removed from a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModerationView {
    /// No room can have that password.
    BadPassword,
    /// No password is taken over this connection.
    Overheard,
    /// Something else than the name of the room was typed to close it.
    NotClosed(RoomName),
    /// The room has another password; so many tries are left.
    WrongPassword(u8),
    /// The user was removed from a room, and so many of the user's last lines were not sent.
    PutOut(RoomName, PutOut, usize),
}

impl ModerationView {
    pub(super) fn write(&self, viewer: &Viewer<'_>, out: &mut String) -> fmt::Result {
        match self {
            ModerationView::BadPassword => write_bad_password(out),
            ModerationView::Overheard => writeln!(
                out,
                "The room was not locked. {OVERHEARD} A password that you have typed here is no secret any more."
            ),
            ModerationView::NotClosed(room) => writeln!(
                out,
                "That is not the room's name. Nothing was closed. Type \\close and then {room} to close it."
            ),
            ModerationView::WrongPassword(tries) => write_wrong_password(*tries, out),
            ModerationView::PutOut(room, how, lost) => {
                write_put_out(room, how, *lost, out)?;
                match how {
                    PutOut::Removed(Removal {
                        how: RemovalKind::Closed { is_kept: true },
                        ..
                    }) => write_kept(room, viewer, out),
                    PutOut::Removed(_) | PutOut::ClosedByOperator => Ok(()),
                    PutOut::Fault => viewer.hint(format_args!("\\join {room} takes you back"), out),
                }
            }
        }
    }
}

fn write_kept(room: &RoomName, viewer: &Viewer<'_>, out: &mut String) -> fmt::Result {
    let span = duration::span(CLOSED_ROOM_KEPT);
    viewer.hint(
        format_args!("its owner can undo that within {span}: \\reopen {room}"),
        out,
    )
}

fn write_put_out(room: &RoomName, out: &PutOut, lost: usize, to: &mut String) -> fmt::Result {
    match out {
        PutOut::Removed(removal) => write_removal(room, removal, to)?,
        PutOut::ClosedByOperator => writeln!(to, "* Room {room} was closed by an operator")?,
        PutOut::Fault => writeln!(
            to,
            "* Room {room} has failed, by a fault of the server. What was shown is kept."
        )?,
    }
    match lost {
        0 => Ok(()),
        1 => writeln!(to, "Your last line was not sent."),
        _ => writeln!(to, "Your last {lost} lines were not sent."),
    }
}

fn write_removal(room: &RoomName, removal: &Removal, to: &mut String) -> fmt::Result {
    let by = &removal.by;
    match removal.how {
        RemovalKind::Kicked => write!(to, "* You were kicked from room {room} by {by}"),
        RemovalKind::Banned(time) => {
            write!(to, "* You were banned from room {room} by {by}")?;
            write_for(time, to)
        }
        RemovalKind::Closed { .. } => write!(to, "* Room {room} was closed by {by}"),
    }?;
    write_why(&removal.why, to)
}

pub(super) fn write_for(time: Option<Duration>, out: &mut impl fmt::Write) -> fmt::Result {
    match time {
        Some(time) => write!(out, " for {}", duration::span(time)),
        None => Ok(()),
    }
}

pub(super) fn write_why(why: &str, out: &mut impl fmt::Write) -> fmt::Result {
    match why {
        "" => writeln!(out),
        why => writeln!(out, ": {why}"),
    }
}

/// What a ban keeps out besides the name. Where somebody comes from is told to nobody.
pub(super) fn write_reach(reply: &BanReply, out: &mut String) -> fmt::Result {
    let name = &reply.name;
    let what = match (reply.account, reply.address) {
        (true, true) => "the account and, without another account, the address",
        (true, false) => "the account",
        _ => "the address, for those without an account",
    };
    writeln!(
        out,
        "The ban of {name} also covers {what}. Type \\unban {name} to lift it, or \\ban-name NAME to ban \
         a name only."
    )
}

pub(super) fn write_bans(bans: &[BanLine], out: &mut String) -> fmt::Result {
    if bans.is_empty() {
        return writeln!(
            out,
            "Nobody is banned here. Type \\ban NAME to ban somebody."
        );
    }
    writeln!(
        out,
        "{} banned here (type \\unban NAME to lift a ban):",
        bans.len()
    )?;
    let start = out.len();
    for (index, ban) in bans.iter().enumerate() {
        if out.len() - start >= LIST_BYTES_MAX {
            let more = bans.len() - index;
            return writeln!(out, "and {more} more (lift some of these to see them)");
        }
        write!(out, "{}", ban.target)?;
        write_for(ban.left, out)?;
        write!(out, ", by {}", ban.by)?;
        write_why(&ban.why, out)?;
    }
    Ok(())
}

/// Why a banned user cannot join.
pub(super) fn write_banned(
    left: Option<Duration>,
    why: &str,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    f.write_str("You are banned there")?;
    write_for(left, f)?;
    match why {
        "" => f.write_str("."),
        why => write!(f, ": {why}"),
    }
}

pub(super) fn write_not_done(why: &ModError, out: &mut String) -> fmt::Result {
    match why {
        ModError::NotOwner(owners) => write_not_owner(owners, out),
        ModError::Nobody(name) => writeln!(
            out,
            "Nobody here is called {name}. Nothing was done. Type \\who to see who is here."
        ),
        ModError::Muted => writeln!(
            out,
            "You are muted here. Nothing was done. The room's owners can \\unmute you."
        ),
        ModError::TooSoon { deed, kept, left } => write_too_soon(*deed, *kept, *left, out),
        ModError::TooManyTries => writeln!(
            out,
            "Too many passwords from your address. Nothing was done. Please try again in a minute."
        ),
        ModError::Oneself => writeln!(out, "That is you. Nothing was done."),
        ModError::Anon => writeln!(
            out,
            "anon means anyone without a name. Nothing was done. Ask them to choose one with \\name."
        ),
        ModError::Senior(name) => writeln!(
            out,
            "{name} has owned the room for longer than you. Nothing was done."
        ),
        ModError::Already => writeln!(out, "No change."),
        ModError::NotBanned(target) => writeln!(
            out,
            "{} is not banned here. Nothing was done. Type \\ban to list the bans.",
            quoted(&target.to_string())
        ),
        ModError::NotMuted(name) => writeln!(out, "{name} is not muted here. Nothing was done."),
        ModError::TooMany(most) => writeln!(
            out,
            "There are too many already (limit: {most}). Nothing was done."
        ),
        ModError::NotStored => writeln!(
            out,
            "The server cannot do that right now. Nothing was done. Please try again later."
        ),
    }
}

fn write_too_soon(deed: Deed, kept: Duration, left: Duration, out: &mut String) -> fmt::Result {
    let deed = match deed {
        Deed::Lock => "lock it",
        Deed::Unlock => "unlock it",
        Deed::Ban => "ban people from it",
        Deed::Close => "close it",
        Deed::SetTopic | Deed::Moderate => "do that",
    };
    // What is left is rounded up: then it is certainly possible.
    let left = Duration::from_secs(left.as_secs().div_ceil(60) * 60);
    let kept = Duration::from_secs(kept.as_secs() / 60 * 60);
    writeln!(
        out,
        "Nothing was done. You inherited this room and have kept it for {} with others in it. After {} more you can \
         {deed}.",
        minutes(kept),
        minutes(left)
    )
}

fn minutes(time: Duration) -> String {
    format!("{} min", time.as_secs() / 60)
}

fn write_not_owner(owners: &[Name], out: &mut String) -> fmt::Result {
    write!(out, "Only an owner can do that. Nothing was done. ")?;
    match owners {
        [] => writeln!(out, "No owner is here right now."),
        [owner] => writeln!(out, "Owner: {owner}."),
        owners => {
            let names: Vec<&str> = owners.iter().map(Name::as_str).collect();
            writeln!(out, "Owners: {}.", names.join(", "))
        }
    }
}

fn write_bad_password(out: &mut String) -> fmt::Result {
    let (least, most) = (PASSWORD_BYTES.start(), PASSWORD_BYTES.end());
    writeln!(
        out,
        "A password has {least} to {most} bytes. Nothing was done. Type \\lock to choose another."
    )
}

fn write_wrong_password(tries: u8, out: &mut String) -> fmt::Result {
    match tries {
        1 => writeln!(
            out,
            "That is not the password. You have one more try; \\exit gives up."
        ),
        _ => writeln!(
            out,
            "That is not the password. You have {tries} more tries; \\exit gives up."
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::request::{JoinError, Target};

    fn name(text: &str) -> Name {
        Name::parse(text).expect("a name")
    }

    #[test]
    fn who_is_put_out_reads_by_whom_why_and_what_was_lost() {
        let room = RoomName::parse("1150").expect("a room name");
        let hours = Some(Duration::from_secs(7200));
        for (how, why, lost, words) in [
            (
                RemovalKind::Kicked,
                "spam",
                0,
                "* You were kicked from room 1150 by Bo: spam\n",
            ),
            (
                RemovalKind::Kicked,
                "",
                1,
                "* You were kicked from room 1150 by Bo\nYour last line was not sent.\n",
            ),
            (
                RemovalKind::Banned(hours),
                "",
                0,
                "* You were banned from room 1150 by Bo for 2h\n",
            ),
            (
                RemovalKind::Banned(None),
                "x",
                2,
                "* You were banned from room 1150 by Bo: x\nYour last 2 lines were not sent.\n",
            ),
            (
                RemovalKind::Closed { is_kept: false },
                "",
                0,
                "* Room 1150 was closed by Bo\n",
            ),
        ] {
            let out = PutOut::Removed(Removal {
                how,
                by: name("Bo"),
                why: why.into(),
            });
            let mut to = String::new();
            write_put_out(&room, &out, lost, &mut to).expect("a String takes it");
            assert_eq!(to, words);
        }
    }

    #[test]
    fn bans_are_listed_with_what_is_left_of_them() {
        let ban = |target: &str, left, why: &str| BanLine {
            target: Target::parse(target).expect("a name or an address"),
            left,
            by: name("Bo"),
            why: why.into(),
        };
        let mut out = String::new();
        let bans = [
            ban("Dai", Some(Duration::from_secs(7140)), "spam"),
            ban("2001:db8::7", None, ""),
        ];
        write_bans(&bans, &mut out).expect("a String takes it");
        let expected = "2 banned here (type \\unban NAME to lift a ban):\n\
                        Dai for 1h 59m, by Bo: spam\n2001:db8::/64, by Bo\n";
        assert_eq!(out, expected);
    }

    #[test]
    fn every_refusal_says_that_nothing_was_done() {
        for why in [
            ModError::NotOwner(vec![]),
            ModError::NotOwner(vec![name("Bo")]),
            ModError::NotOwner(vec![name("Bo"), name("Cy")]),
            ModError::Nobody(name("Dai")),
            ModError::Oneself,
            ModError::Anon,
            ModError::Senior(name("Bo")),
            ModError::NotBanned(Target::Name(name("Dai"))),
            ModError::NotMuted(name("Dai")),
            ModError::TooMany(200),
            ModError::TooSoon {
                deed: Deed::Close,
                kept: Duration::from_secs(310),
                left: Duration::from_secs(3290),
            },
            ModError::NotStored,
        ] {
            let mut out = String::new();
            write_not_done(&why, &mut out).expect("a String takes it");
            assert!(out.contains("Nothing was done"), "{out}");
            assert_eq!(out.lines().count(), 1, "{out}");
        }
    }

    #[test]
    fn a_banned_guest_reads_for_how_long_and_why() {
        let left = Some(Duration::from_secs(7200));
        let banned = |left, why: &str| JoinError::Banned(left, why.into()).to_string();
        assert_eq!(banned(left, "spam"), "You are banned there for 2h: spam");
        assert_eq!(banned(None, ""), "You are banned there.");
    }
}
