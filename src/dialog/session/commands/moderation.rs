//! *Pure.* What owners do with a room.

use crate::chat::moderation::time_and_why;
use crate::chat::name::Name;
use crate::chat::request::{ModCommand, NewBan, Request, RoomRequest, Target};
use crate::dialog::session::{Session, Turn};
use crate::dialog::view::{HelpView, MessageView, ModerationView, Question};

pub(super) fn lock(session: &mut Session, argument: &str) -> Turn {
    if session.is_overheard() {
        return Turn::show([ModerationView::Overheard]);
    }
    if !argument.is_empty() {
        return Turn::show([HelpView::LockTakesNoPassword]);
    }
    // Asked of everybody: a password that is typed ahead must not be said in the room after a refusal.
    session.asked = Some(Question::NewRoomPassword);
    Turn::default()
}

pub(super) fn unlock(_: &mut Session, _: &str) -> Turn {
    order(ModCommand::Unlock)
}

pub(super) fn private(_: &mut Session, argument: &str) -> Turn {
    match argument.to_ascii_lowercase().as_str() {
        "" | "on" => order(ModCommand::Private(true)),
        "off" => order(ModCommand::Private(false)),
        _ => Turn::show([HelpView::Usage("private, or \\private off")]),
    }
}

pub(super) fn kick(_: &mut Session, argument: &str) -> Turn {
    let (who, why) = argument.split_once(' ').unwrap_or((argument, ""));
    named(who, "kick NAME, or \\kick NAME WHY", |name| {
        ModCommand::Kick(name, why.trim().into())
    })
}

pub(super) fn mute(_: &mut Session, argument: &str) -> Turn {
    named(argument, "mute NAME", ModCommand::Mute)
}

pub(super) fn unmute(_: &mut Session, argument: &str) -> Turn {
    named(argument, "unmute NAME", ModCommand::Unmute)
}

pub(super) fn own(_: &mut Session, argument: &str) -> Turn {
    named(argument, "own NAME", ModCommand::Own)
}

pub(super) fn close(_: &mut Session, _: &str) -> Turn {
    order(ModCommand::AskClose)
}

/// The room's name was typed.
pub(in crate::dialog::session) fn close_room() -> Turn {
    order(ModCommand::Close)
}

pub(super) fn ban(_: &mut Session, argument: &str) -> Turn {
    if argument.is_empty() {
        return order(ModCommand::Bans);
    }
    new_ban(argument, false)
}

pub(super) fn ban_name(_: &mut Session, argument: &str) -> Turn {
    if argument.is_empty() {
        return Turn::show([HelpView::Usage(
            "ban-name NAME, or \\ban-name NAME for 2h WHY",
        )]);
    }
    new_ban(argument, true)
}

fn new_ban(argument: &str, name_only: bool) -> Turn {
    let (who, rest) = argument.split_once(' ').unwrap_or((argument, ""));
    let Some((time, why)) = time_and_why(rest.trim()) else {
        return Turn::show([HelpView::Usage(
            "ban NAME for 2h WHY; a time is 30m, 2h or 7d, up to 10 years",
        )]);
    };
    match Target::parse(who) {
        Some(target) => order(ModCommand::Ban(NewBan {
            target,
            holder: None,
            account: None,
            name_only,
            time,
            why: why.into(),
        })),
        None => Turn::show([MessageView::NobodyCalled(who.to_owned())]),
    }
}

pub(super) fn unban(_: &mut Session, argument: &str) -> Turn {
    match Target::parse(argument) {
        _ if argument.is_empty() => Turn::show([HelpView::Usage("unban NAME, or \\unban ADDRESS")]),
        Some(target) => order(ModCommand::Unban(target)),
        None => Turn::show([MessageView::NobodyCalled(argument.to_owned())]),
    }
}

fn named(who: &str, usage: &'static str, about: impl FnOnce(Name) -> ModCommand) -> Turn {
    match Name::parse(who.trim_start_matches('@')) {
        _ if who.is_empty() => Turn::show([HelpView::Usage(usage)]),
        Ok(name) => order(about(name)),
        // Nobody can have this name.
        Err(_) => Turn::show([MessageView::NobodyCalled(who.to_owned())]),
    }
}

fn order(order: ModCommand) -> Turn {
    Turn::ask(Request::Room(RoomRequest::Moderate(order)))
}
