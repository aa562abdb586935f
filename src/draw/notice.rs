//! The words for what owners do.

use std::fmt::{self, Write as _};

use crate::message::{Owned, Owning};
use crate::text;

/// `* Dai was kicked by Bo: spam`
pub(super) fn write_owning(done: &Owning, out: &mut String) -> fmt::Result {
    let Owning {
        what,
        whom,
        by,
        why,
    } = done;
    match what {
        Owned::Kicked => write!(out, "* {whom} was kicked by {by}"),
        Owned::Banned(_) => write!(out, "* {whom} was banned by {by}"),
        Owned::BannedAddress(_) => write!(out, "* An address was banned by {by}"),
        Owned::Unbanned => write!(out, "* {whom} was unbanned by {by}"),
        Owned::UnbannedAddress => write!(out, "* An address was unbanned by {by}"),
        Owned::Muted => write!(out, "* {whom} was muted by {by}"),
        Owned::Unmuted => write!(out, "* {whom} was unmuted by {by}"),
        Owned::Shared => write!(out, "* {whom} was made an owner by {by}"),
        Owned::Inherited => write!(out, "* {whom} now owns the room"),
        Owned::Locked => write!(out, "* {by} locked the room: joining asks for a password"),
        Owned::Unlocked => write!(out, "* {by} unlocked the room"),
        Owned::Private => write!(out, "* {by} made the room private: no list names it"),
        Owned::Public => write!(out, "* {by} made the room public"),
    }?;
    if let Owned::Banned(Some(time)) | Owned::BannedAddress(Some(time)) = what {
        write!(out, " for {}", text::span(*time))?;
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
    use crate::name::Name;

    #[test]
    fn each_deed_says_who_did_it_to_whom_and_why() {
        let hours = Some(Duration::from_secs(7200));
        for (what, why, words) in [
            (Owned::Kicked, "spam", "* Dai was kicked by Bo: spam"),
            (Owned::Kicked, "", "* Dai was kicked by Bo"),
            (
                Owned::Banned(hours),
                "spam",
                "* Dai was banned by Bo for 2h: spam",
            ),
            (Owned::Banned(None), "", "* Dai was banned by Bo"),
            (
                Owned::BannedAddress(hours),
                "",
                "* An address was banned by Bo for 2h",
            ),
            (Owned::Unbanned, "", "* Dai was unbanned by Bo"),
            (
                Owned::UnbannedAddress,
                "",
                "* An address was unbanned by Bo",
            ),
            (Owned::Muted, "", "* Dai was muted by Bo"),
            (Owned::Unmuted, "", "* Dai was unmuted by Bo"),
            (Owned::Shared, "", "* Dai was made an owner by Bo"),
            (Owned::Inherited, "", "* Dai now owns the room"),
            (
                Owned::Locked,
                "",
                "* Bo locked the room: joining asks for a password",
            ),
            (Owned::Unlocked, "", "* Bo unlocked the room"),
            (
                Owned::Private,
                "",
                "* Bo made the room private: no list names it",
            ),
            (Owned::Public, "", "* Bo made the room public"),
        ] {
            let name = |text| Name::parse(text).expect("a name");
            let done = Owning {
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
