//! *Pure.* People whom the user ignores.

use std::fmt::{self, Write as _};

use super::write_list;
use crate::chat::ignore::{IgnoreError, IgnoreReply};
use crate::chat::name::Name;

pub(super) fn write_ignore(reply: &IgnoreReply, out: &mut String) -> fmt::Result {
    match reply {
        IgnoreReply::Listed(names) if names.is_empty() => writeln!(
            out,
            "You are not ignoring anybody. Type \\ignore NAME to ignore somebody."
        ),
        IgnoreReply::Listed(names) => {
            write!(out, "You are ignoring (type \\unignore NAME to stop): ")?;
            write_list(names.iter().map(Name::as_str), ", ", 0, out)
        }
        IgnoreReply::Added(name, true) => writeln!(
            out,
            "You are now ignoring {name}. Type \\unignore {name} to undo it."
        ),
        IgnoreReply::Added(name, false) => writeln!(
            out,
            "Nobody is called {name} now. You will not see what anybody of that name says. \
             Type \\unignore {name} to undo it."
        ),
        IgnoreReply::Removed(name) => writeln!(out, "You are no longer ignoring {name}."),
        IgnoreReply::Refused(name, why) => match why {
            IgnoreError::Oneself => writeln!(out, "That is you. Nothing was changed."),
            IgnoreError::Already => writeln!(
                out,
                "You are already ignoring {name}. Type \\unignore {name} to undo it."
            ),
            IgnoreError::TooMany(limit) => writeln!(
                out,
                "You are already ignoring too many people (limit: {limit}). Type \\unignore NAME first."
            ),
            IgnoreError::NotIgnored => writeln!(
                out,
                "You are not ignoring {name}. Type \\ignore to list whom you ignore."
            ),
        },
    }
}
