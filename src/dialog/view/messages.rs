//! *Pure.* Words for one person alone.

use std::fmt::{self, Write as _};

use jiff::tz::TimeZone;

use super::Viewer;
use crate::chat::name::Name;
use crate::chat::people::{DirectMessage, DmError};
use crate::time::local;

pub(super) fn write_told(
    words: &DirectMessage,
    away: Option<&str>,
    zone: &TimeZone,
    out: &mut String,
) -> fmt::Result {
    let (time, name) = (local::time_of_day(words.time, zone), &words.name);
    writeln!(out, "[{time}] you -> {name}: {}", words.text)?;
    match away {
        None => Ok(()),
        Some("") => writeln!(out, "{name} is away."),
        Some(why) => writeln!(out, "{name} is away: {why}"),
    }
}

pub(super) fn write_told_you(
    words: &DirectMessage,
    hint: bool,
    viewer: &Viewer<'_>,
    out: &mut String,
) -> fmt::Result {
    let (time, name) = (local::time_of_day(words.time, viewer.zone), &words.name);
    writeln!(out, "[{time}] {name} -> you: {}", words.text)?;
    match hint {
        true => viewer.hint(
            format_args!("only you see this; type '\\reply TEXT' to answer"),
            out,
        ),
        false => Ok(()),
    }
}

pub(super) fn write_not_told(name: &Name, why: &DmError, out: &mut String) -> fmt::Result {
    match why {
        DmError::Gone => writeln!(out, "{name} is not here. Nothing was sent."),
        DmError::Anon => writeln!(
            out,
            "{name} is whoever has no name. Nothing was sent. \\reply reaches who has told you something."
        ),
        DmError::Oneself => writeln!(out, "That is you. Nothing was sent."),
        DmError::Ignored => writeln!(out, "{name} ignores you. Nothing was sent."),
        DmError::Unavailable => writeln!(
            out,
            "The server cannot send it right now. Nothing was sent. Please try again later."
        ),
        DmError::Full => writeln!(
            out,
            "{name} has too much to read right now. Nothing was sent. Please try again later."
        ),
    }
}

pub(super) fn write_nobody_called(name: &str, out: &mut String) -> fmt::Result {
    writeln!(
        out,
        "Nobody is called {name}. Nothing was sent. Type \\who for who is here."
    )
}
