//! *Pure.* What was said before.

use std::fmt::{self, Write as _};

use jiff::tz::TimeZone;

use super::quoted;
use crate::clock;
use crate::draw;
use crate::request::Look;
use crate::store::Found;

pub(super) fn write_lines(
    look: &Look,
    found: Option<&Found>,
    zone: &TimeZone,
    out: &mut String,
) -> fmt::Result {
    let Some(found) = found else {
        return writeln!(
            out,
            "The past cannot be read right now. Please try again later."
        );
    };
    let is_there = match look {
        Look::Around(id) => found.lines.iter().any(|line| line.id == *id),
        Look::Before(..) | Look::For(_) => !found.lines.is_empty(),
    };
    if !is_there {
        return match look {
            Look::Before(..) => writeln!(out, "There is nothing before that."),
            Look::For(words) if found.cut_short => writeln!(
                out,
                "Nobody has said {} here lately; there may be older ones.",
                quoted(words)
            ),
            Look::For(words) => writeln!(out, "Nobody has said {} here.", quoted(words)),
            Look::Around(id) => writeln!(out, "There is no line #{id} here."),
        };
    }
    for line in &found.lines {
        write!(
            out,
            "#{} [{}] ",
            line.id,
            clock::date_and_time(line.time, zone)
        )?;
        draw::write_words(line, out);
        out.push('\n');
    }
    match look {
        Look::Before(..) => writeln!(out, "(type '\\history' for what came before)"),
        Look::For(_) if found.cut_short => writeln!(
            out,
            "(type '\\context N' for what was said around #N; there may be older ones)"
        ),
        Look::For(_) => writeln!(out, "(type '\\context N' for what was said around #N)"),
        Look::Around(_) => Ok(()),
    }
}
