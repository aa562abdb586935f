//! *Pure.* People whom the user ignores.

use std::fmt::{self, Write as _};

use super::write_list;
use crate::chat::ignore::{IgnoreError, IgnoreReply};
use crate::chat::name::Name;

pub(super) fn write_ignore(reply: &IgnoreReply, out: &mut String) -> fmt::Result {
    match reply {
        IgnoreReply::Listed(names) if names.is_empty() => writeln!(
            out,
            "You ignore nobody. Type \\ignore NAME to see nothing more that NAME says."
        ),
        IgnoreReply::Listed(names) => {
            write!(out, "You ignore (type \\unignore NAME to end it): ")?;
            write_list(names.iter().map(Name::as_str), ", ", 0, out)
        }
        IgnoreReply::Added(name, true) => writeln!(
            out,
            "You see nothing more that {name} says, to all or to you. Type \\unignore {name} to end it."
        ),
        IgnoreReply::Added(name, false) => writeln!(
            out,
            "Nobody is called {name} now. You will see nothing that one by that name says. \
             Type \\unignore {name} to end it."
        ),
        IgnoreReply::Removed(name) => writeln!(out, "You see again what {name} says."),
        IgnoreReply::Refused(name, why) => match why {
            IgnoreError::Oneself => writeln!(out, "That is you. Nobody more is ignored."),
            IgnoreError::Already => writeln!(
                out,
                "You ignore {name} already. Type \\unignore {name} to end it."
            ),
            IgnoreError::TooMany(limit) => writeln!(
                out,
                "You ignore {limit} people, and can ignore no more. Type \\unignore NAME first."
            ),
            IgnoreError::NotIgnored => writeln!(
                out,
                "You do not ignore {name}. Type \\ignore for whom you do."
            ),
        },
    }
}
