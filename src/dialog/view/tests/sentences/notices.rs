//! What happens in a room, as its members are told.

use std::time::Duration;

use super::*;
use crate::chat::message::{Group, ModAction, ModNotice};

pub(super) fn sentences() -> Vec<Sentence> {
    let mut all = coming_and_going();
    all.extend(owning());
    all
}

fn group(names: &[&str], more: usize) -> Group {
    let who = names.iter().map(|text| (1, name(text)));
    Group {
        who: who.collect(),
        more,
    }
}

fn topic(text: &str) -> Notice {
    Notice::Topic {
        member: MemberId(1),
        name: name("Dai"),
        topic: Topic::parse(text).expect("a topic"),
    }
}

fn coming_and_going() -> Vec<Sentence> {
    let renamed = Notice::Renamed {
        member: MemberId(1),
        old: name("Dai"),
        new: name("Day"),
    };
    let five = ["Ann", "Bo", "Cy", "Dai", "Ed"];
    vec![
        tells("Ann joins", Notice::Joined(group(&["Ann"], 0))),
        tells("two people join", Notice::Joined(group(&["Ann", "Bo"], 0))),
        tells(
            "three people join",
            Notice::Joined(group(&["Ann", "Bo", "Cy"], 0)),
        ),
        tells("five people join", Notice::Joined(group(&five, 0))),
        tells("Ann leaves", Notice::Left(group(&["Ann"], 0))),
        tells(
            "Ann leaves, and somebody whose name is not kept",
            Notice::Left(group(&["Ann"], 1)),
        ),
        tells(
            "somebody leaves whose name is not kept",
            Notice::Left(group(&[], 1)),
        ),
        tells(
            "seven people leave whose names are not kept",
            Notice::Left(group(&[], 7)),
        ),
        tells(
            "Ann joins and leaves within a moment",
            Notice::Passed(group(&["Ann"], 0)),
        ),
        tells(r"`\name Day`, by Dai", renamed),
        tells(r"`\topic lunch at noon`, by Dai", topic(TYPED)),
        tells(r"`\topic off`, by Dai", topic("")),
    ]
}

fn did(trigger: &str, what: ModAction, why: &str) -> Sentence {
    let done = ModNotice {
        what,
        whom: name("Dai"),
        by: name("Bo"),
        why: why.into(),
    };
    tells(trigger, Notice::ModNotice(Box::new(done)))
}

fn owning() -> Vec<Sentence> {
    let hours = Some(Duration::from_secs(7200));
    vec![
        did(r"`\kick Dai`, by Bo", ModAction::Kicked, ""),
        did(
            r"`\kick Dai lunch at noon`, by Bo",
            ModAction::Kicked,
            TYPED,
        ),
        did(r"`\ban Dai`, by Bo", ModAction::Banned(None), ""),
        did(
            r"`\ban Dai for 2h lunch at noon`, by Bo",
            ModAction::Banned(hours),
            TYPED,
        ),
        did(
            r"`\ban 192.0.2.7`, by Bo",
            ModAction::BannedAddress(None),
            "",
        ),
        did(
            r"`\ban 192.0.2.7 for 2h lunch at noon`, by Bo",
            ModAction::BannedAddress(hours),
            TYPED,
        ),
        did(r"`\unban Dai`, by Bo", ModAction::Unbanned, ""),
        did(r"`\unban 192.0.2.7`, by Bo", ModAction::UnbannedAddress, ""),
        did(r"`\mute Dai`, by Bo", ModAction::Muted, ""),
        did(r"`\unmute Dai`, by Bo", ModAction::Unmuted, ""),
        did(r"`\own Dai`, by Bo", ModAction::Shared, ""),
        did(
            "the last owner leaves, and Dai is next",
            ModAction::Inherited,
            "",
        ),
        did(
            "an owner whose connection was lost comes back",
            ModAction::Returned,
            "",
        ),
        did(r"`\lock`, and a password, by Bo", ModAction::Locked, ""),
        did(r"`\unlock`, by Bo", ModAction::Unlocked, ""),
        did(r"`\private`, by Bo", ModAction::Private, ""),
        did(r"`\private off`, by Bo", ModAction::Public, ""),
        did(
            r"`\admin own 1150 Dai`, in room 1150",
            ModAction::SharedByOperator,
            "",
        ),
        did(
            r"`\admin unlock 1150`, in room 1150",
            ModAction::UnlockedByOperator,
            "",
        ),
    ]
}
