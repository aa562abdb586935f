//! *Pure.* People whom the user ignores.

use std::fmt::{self, Write as _};

use super::write_list;
use crate::chat::ignore::{IgnoreError, IgnoreReply};
use crate::chat::name::Name;

pub(super) fn write_ignore(reply: &IgnoreReply, out: &mut String) -> fmt::Result {
    match reply {
        IgnoreReply::Listed(names) if names.is_empty() => writeln!(
            out,
            "You ignore nobody. Type \\ignore NAME to hide what NAME says."
        ),
        IgnoreReply::Listed(names) => {
            write!(out, "You ignore (type \\unignore NAME to undo it): ")?;
            write_list(names.iter().map(Name::as_str), ", ", 0, out)
        }
        IgnoreReply::Added(name, true) => writeln!(
            out,
            "You no longer see what {name} says, to all or to you. Type \\unignore {name} to undo it."
        ),
        IgnoreReply::Added(name, false) => writeln!(
            out,
            "Nobody is called {name} now. You will not see what anybody of that name says. \
             Type \\unignore {name} to undo it."
        ),
        IgnoreReply::Removed(name) => writeln!(out, "You see what {name} says again."),
        IgnoreReply::Refused(name, why) => match why {
            IgnoreError::Oneself => writeln!(out, "That is you. Nothing was changed."),
            IgnoreError::Already => writeln!(
                out,
                "You already ignore {name}. Type \\unignore {name} to undo it."
            ),
            IgnoreError::TooMany(limit) => writeln!(
                out,
                "You already ignore {limit} people, the most possible. Type \\unignore NAME first."
            ),
            IgnoreError::NotIgnored => writeln!(
                out,
                "You do not ignore {name}. Type \\ignore to list whom you do."
            ),
        },
    }
}
