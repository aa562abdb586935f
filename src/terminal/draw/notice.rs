//! The notices of who comes and goes, and of what owners do.

use std::fmt::{self, Write as _};

use crate::chat::message::{Group, ModAction, ModNotice};
use crate::limits::GROUP_NAMES_MAX;
use crate::time::duration;

/// `* Ann joined`, `* Ann and Bo joined`, `* Ann, Bo and 3 others joined`
pub(super) fn write_group(group: &Group, did: &str, out: &mut String) -> fmt::Result {
    let names = group.who.iter().map(|(_, name)| name.as_str());
    let names: Vec<&str> = names.take(GROUP_NAMES_MAX).collect();
    match (&names[..], group.who.len() + group.more) {
        ([], 1) => write!(out, "* Somebody {did}"),
        ([], count) => write!(out, "* {count} people {did}"),
        ([all @ .., last], count) if count <= GROUP_NAMES_MAX && count == names.len() => {
            let comma = if all.is_empty() { "" } else { " and " };
            write!(out, "* {}{comma}{last} {did}", all.join(", "))
        }
        ([some @ .., _], count) if names.len() == GROUP_NAMES_MAX => {
            let others = count - some.len();
            write!(out, "* {} and {others} others {did}", some.join(", "))
        }
        (some, count) => {
            let others = count - some.len();
            let plural = if others == 1 { "" } else { "s" };
            write!(
                out,
                "* {} and {others} other{plural} {did}",
                some.join(", ")
            )
        }
    }
}

/// `* Dai was kicked by Bo: spam`
pub(super) fn write_owning(done: &ModNotice, out: &mut String) -> fmt::Result {
    let ModNotice {
        what,
        whom,
        by,
        why,
    } = done;
    match what {
        ModAction::Kicked => write!(out, "* {whom} was kicked by {by}"),
        ModAction::Banned(_) => write!(out, "* {whom} was banned by {by}"),
        ModAction::BannedAddress(_) => write!(out, "* An address was banned by {by}"),
        ModAction::Unbanned => write!(out, "* {whom} was unbanned by {by}"),
        ModAction::UnbannedAddress => write!(out, "* An address was unbanned by {by}"),
        ModAction::Muted => write!(out, "* {whom} was muted by {by}"),
        ModAction::Unmuted => write!(out, "* {whom} was unmuted by {by}"),
        ModAction::Shared => write!(out, "* {whom} was made an owner by {by}"),
        ModAction::Inherited => write!(out, "* {whom} now owns the room"),
        ModAction::Returned => write!(out, "* {whom} is back and owns the room"),
        ModAction::Locked => write!(out, "* {by} locked the room: joining needs a password"),
        ModAction::Unlocked => write!(out, "* {by} unlocked the room"),
        ModAction::Private => write!(out, "* {by} made the room private: no list shows it"),
        ModAction::Public => write!(out, "* {by} made the room public"),
        ModAction::SharedByOperator => write!(out, "* {whom} was made an owner by an operator"),
        ModAction::UnlockedByOperator => write!(out, "* An operator unlocked the room"),
    }?;
    if let ModAction::Banned(Some(time)) | ModAction::BannedAddress(Some(time)) = what {
        write!(out, " for {}", duration::span(*time))?;
    }
    match &**why {
        "" => Ok(()),
        why => write!(out, ": {why}"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::chat::name::Name;

    #[test]
    fn a_few_are_named_and_many_are_counted() {
        let table: &[(&[&str], usize, &str)] = &[
            (&["Ann"], 0, "* Ann left"),
            (&["Ann", "Bo"], 0, "* Ann and Bo left"),
            (&["Ann", "Bo", "Cy"], 0, "* Ann, Bo and Cy left"),
            (
                &["Ann", "Bo", "Cy", "Di", "Ed"],
                0,
                "* Ann, Bo and 3 others left",
            ),
            (
                &["Ann", "Bo", "Cy", "Di", "Ed"],
                9,
                "* Ann, Bo and 12 others left",
            ),
            (&["Ann"], 1, "* Ann and 1 other left"),
            (&["Ann", "Bo"], 2, "* Ann, Bo and 2 others left"),
            (&[], 1, "* Somebody left"),
            (&[], 7, "* 7 people left"),
        ];
        for (names, more, words) in table {
            let name = |text: &&str| Name::parse(text).expect("a name");
            let who = names.iter().map(|text| (1, name(text)));
            let group = Group {
                who: who.collect(),
                more: *more,
            };
            let mut out = String::new();
            write_group(&group, "left", &mut out).expect("a String takes it");
            assert_eq!(out, *words);
        }
    }

    #[test]
    fn each_deed_says_who_did_it_to_whom_and_why() {
        let hours = Some(Duration::from_secs(7200));
        for (what, why, words) in [
            (ModAction::Kicked, "spam", "* Dai was kicked by Bo: spam"),
            (ModAction::Kicked, "", "* Dai was kicked by Bo"),
            (
                ModAction::Banned(hours),
                "spam",
                "* Dai was banned by Bo for 2h: spam",
            ),
            (ModAction::Banned(None), "", "* Dai was banned by Bo"),
            (
                ModAction::BannedAddress(hours),
                "",
                "* An address was banned by Bo for 2h",
            ),
            (ModAction::Unbanned, "", "* Dai was unbanned by Bo"),
            (
                ModAction::UnbannedAddress,
                "",
                "* An address was unbanned by Bo",
            ),
            (ModAction::Muted, "", "* Dai was muted by Bo"),
            (ModAction::Unmuted, "", "* Dai was unmuted by Bo"),
            (ModAction::Shared, "", "* Dai was made an owner by Bo"),
            (ModAction::Inherited, "", "* Dai now owns the room"),
            (ModAction::Returned, "", "* Dai is back and owns the room"),
            (
                ModAction::Locked,
                "",
                "* Bo locked the room: joining needs a password",
            ),
            (ModAction::Unlocked, "", "* Bo unlocked the room"),
            (
                ModAction::Private,
                "",
                "* Bo made the room private: no list shows it",
            ),
            (ModAction::Public, "", "* Bo made the room public"),
            (
                ModAction::SharedByOperator,
                "",
                "* Dai was made an owner by an operator",
            ),
            (
                ModAction::UnlockedByOperator,
                "",
                "* An operator unlocked the room",
            ),
        ] {
            let name = |text| Name::parse(text).expect("a name");
            let done = ModNotice {
                what,
                whom: name("Dai"),
                by: name("Bo"),
                why: why.into(),
            };
            let mut out = String::new();
            write_owning(&done, &mut out).expect("a String takes it");
            assert_eq!(out, words);
        }
    }
}
