//! A room's owners, its password, and the people removed from it.

use std::time::Duration;

use super::*;
use crate::chat::request::{BanReply, Deed, ModError, PutOut, Removal, RemovalKind};
use crate::limits::{BANS_MAX, OWNERS_MAX, TRIES_PER_ADDRESS_MAX, WHY_COLUMNS_MAX};

const HOURS: Option<Duration> = Some(Duration::from_secs(7200));

pub(super) fn sentences() -> Vec<Sentence> {
    let mut all = doing();
    all.extend(bans());
    all.extend(refusals());
    all.extend(too_soon());
    all.extend(removals());
    all
}

fn close(trigger: &str, lines: u32) -> Sentence {
    asks(trigger, Question::Close(room("1150"), lines))
}

fn doing() -> Vec<Sentence> {
    vec![
        asks(r"`\lock`, as an owner", Question::NewRoomPassword),
        says(
            r"`\lock`, and a password that is too short or too long",
            ModerationView::BadPassword,
        ),
        says(
            r"`\lock`, over a connection that others could listen to",
            ModerationView::Overheard,
        ),
        close(r"`\close`, in a room without messages", 0),
        close(r"`\close`, in a room with one message", 1),
        close(r"`\close`, in a room with many messages", 120),
        says(
            r"`\close`, and something else than the room's name",
            ModerationView::NotClosed(room("1150")),
        ),
    ]
}

fn bans() -> Vec<Sentence> {
    let reach = |trigger: &str, account, address| {
        let reply = BanReply {
            name: name("Dai"),
            account,
            address,
        };
        says(trigger, Info::Banned(reply))
    };
    let line = |target: &str, left, why: &str| BanLine {
        target: Target::parse(target).expect("a name or an address"),
        left,
        by: name("Bo"),
        why: why.into(),
    };
    let listed = vec![
        line("Dai", HOURS, TYPED),
        line("Ann", None, ""),
        line("2001:db8::7", None, ""),
    ];
    let one = vec![line("Dai", None, "")];
    // As long as reasons may be.
    let long = [TYPED; WHY_COLUMNS_MAX / (TYPED.len() + 1)].join(" ");
    let many = (1..=BANS_MAX).map(|number| line(&format!("Dai_{number}"), None, &long));
    vec![
        reach(r"`\ban Dai`, who is logged in", true, true),
        reach(
            r"`\ban Dai`, who is logged in, by somebody at the same address",
            true,
            false,
        ),
        reach(r"`\ban Dai`, who is not logged in", false, true),
        says(r"`\ban`, where nobody is banned", Info::Bans(vec![])),
        says(r"`\ban`, with one ban", Info::Bans(one)).with(&[Form::List]),
        says(r"`\ban`, with some bans", Info::Bans(listed)).with(&[Form::List, Form::Typed]),
        says(
            r"`\ban`, with more bans than are shown",
            Info::Bans(many.collect()),
        )
        .with(&[Form::List]),
    ]
}

fn refused(trigger: impl Into<String>, why: ModError) -> Sentence {
    says(trigger, Info::NotDone(why))
}

fn refusals() -> Vec<Sentence> {
    let dai = || name("Dai");
    vec![
        refused(
            r"`\kick Dai`, not as an owner, where no owner is",
            ModError::NotOwner(vec![]),
        ),
        refused(
            r"`\kick Dai`, not as an owner, where one is",
            ModError::NotOwner(vec![name("Bo")]),
        ),
        refused(
            r"`\kick Dai`, not as an owner, where several are",
            ModError::NotOwner(vec![name("Bo"), name("Cy")]),
        ),
        refused(r"`\topic lunch`, while you are muted", ModError::Muted),
        refused(
            r"`\kick Dai`, where nobody is called Dai",
            ModError::Nobody(dai()),
        ),
        refused(r"`\kick Dai`, as Dai", ModError::Oneself),
        refused(r"`\own anon`", ModError::Anon),
        refused(
            r"`\kick Dai`, who has owned the room for longer",
            ModError::Senior(dai()),
        ),
        refused(
            r"`\mute Dai`, who is muted, and other commands that would change nothing",
            ModError::Already,
        ),
        refused(
            r"`\unban Dai`, who is not banned",
            ModError::NotBanned(Target::Name(dai())),
        ),
        refused(
            r"`\unmute Dai`, who is not muted",
            ModError::NotMuted(dai()),
        ),
        refused(
            format!(r"`\ban Dai`, where {BANS_MAX} are banned"),
            ModError::TooMany(BANS_MAX),
        ),
        refused(
            format!(r"`\own Dai`, in a room with {OWNERS_MAX} owners"),
            ModError::TooMany(OWNERS_MAX),
        ),
        refused(
            format!(
                r"`\lock`, after {TRIES_PER_ADDRESS_MAX} passwords from the same address in a minute"
            ),
            ModError::TooManyTries,
        ),
        refused(
            r"`\kick Dai`, on a server that cannot write its file",
            ModError::NotStored,
        ),
    ]
}

/// A refusal for somebody who has not owned the room for long.
pub(super) fn soon(trigger: &str, deed: Deed) -> Sentence {
    let why = ModError::TooSoon {
        deed,
        kept: Duration::from_secs(310),
        left: Duration::from_secs(3290),
    };
    refused(trigger, why)
}

fn too_soon() -> Vec<Sentence> {
    vec![
        soon(r"`\lock`, just after you inherited the room", Deed::Lock),
        soon(
            r"`\unlock`, just after you inherited the room",
            Deed::Unlock,
        ),
        soon(r"`\ban Dai`, just after you inherited the room", Deed::Ban),
        soon(r"`\close`, just after you inherited the room", Deed::Close),
    ]
}

fn removed(trigger: &str, how: RemovalKind, why: &str, lost: usize) -> Sentence {
    let removal = Removal {
        how,
        by: name("Bo"),
        why: why.into(),
    };
    let how = PutOut::Removed(removal);
    says(trigger, ModerationView::PutOut(room("1150"), how, lost)).with(&[Form::Happened])
}

fn removals() -> Vec<Sentence> {
    let kept = RemovalKind::Closed { is_kept: true };
    let lost = RemovalKind::Closed { is_kept: false };
    let fault = ModerationView::PutOut(room("1150"), PutOut::Fault, 0);
    vec![
        removed(r"`\kick` by Bo, of you", RemovalKind::Kicked, "", 0),
        removed(
            r"`\kick` by Bo for a reason, of you who have just said something",
            RemovalKind::Kicked,
            TYPED,
            1,
        ),
        removed(
            r"`\ban` by Bo, of you who have just said two things",
            RemovalKind::Banned(None),
            "",
            2,
        ),
        removed(
            r"`\ban` by Bo for a while and for a reason, of you",
            RemovalKind::Banned(HOURS),
            TYPED,
            0,
        ),
        removed(r"`\close` by Bo, of the room where you are", kept, "", 0),
        removed(
            r"`\close` by Bo, of the room where you are, in which nothing was said",
            lost,
            "",
            0,
        ),
        says("the room fails by a fault of the server", fault),
        says(
            r"`\admin close 1150`, of the room where you are",
            ModerationView::PutOut(room("1150"), PutOut::ClosedByOperator, 0),
        )
        .with(&[Form::Happened]),
    ]
}
