//! *Pure.* What was said before.

use std::fmt::{self, Write as _};

use super::{Viewer, quoted};
use crate::chat::history::{Found, HistoryQuery};
use crate::terminal::draw;
use crate::time::local;

pub(super) fn write_lines(
    look: &HistoryQuery,
    found: Option<&Found>,
    viewer: &Viewer<'_>,
    out: &mut String,
) -> fmt::Result {
    let Some(found) = found else {
        return writeln!(
            out,
            "The past cannot be read right now. Please try again later."
        );
    };
    let is_there = match look {
        HistoryQuery::Around(id) => found.lines.iter().any(|line| line.id == *id),
        HistoryQuery::Before(..) | HistoryQuery::For(_) => !found.lines.is_empty(),
    };
    if !is_there {
        return match look {
            HistoryQuery::Before(..) => writeln!(out, "There is nothing before that."),
            HistoryQuery::For(words) if found.cut_short => writeln!(
                out,
                "Nobody has said {} here lately; there may be older ones.",
                quoted(words)
            ),
            HistoryQuery::For(words) => writeln!(out, "Nobody has said {} here.", quoted(words)),
            HistoryQuery::Around(id) => writeln!(out, "There is no line #{id} here."),
        };
    }
    for line in &found.lines {
        write!(
            out,
            "#{} [{}] ",
            line.id,
            local::date_and_time(line.time, viewer.zone)
        )?;
        draw::write_words(line, out);
        out.push('\n');
    }
    match look {
        HistoryQuery::Before(..) => {
            viewer.hint(format_args!("type '\\history' for what came before"), out)
        }
        HistoryQuery::For(_) => {
            let older = match found.cut_short {
                true => "; there may be older ones",
                false => "",
            };
            let words = "type '\\context N' for what was said around #N";
            viewer.hint(format_args!("{words}{older}"), out)
        }
        HistoryQuery::Around(_) => Ok(()),
    }
}
