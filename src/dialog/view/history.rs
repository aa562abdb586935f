//! *Pure.* Old messages.

use std::fmt::{self, Write as _};

use super::{Part, Viewer, quoted};
use crate::chat::history::{self, Found, HistoryCursor, HistoryQuery};
use crate::terminal::draw::{self, Hits};
use crate::time::local;

/// What is said of old messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HistoryView {
    /// Messages; `None` if they cannot be read.
    Lines(HistoryQuery, Option<Found>),
    /// There is nothing newer than what was shown.
    Newest,
    /// There is no line with this number, so nothing was answered to it.
    NothingToAnswer(u64),
    /// Messages were found, all of them by people whom the user ignores.
    OnlyIgnored,
}

impl HistoryView {
    pub(super) fn write(
        &self,
        viewer: &Viewer<'_>,
        part: &mut Part,
        out: &mut String,
    ) -> fmt::Result {
        match self {
            HistoryView::Lines(query, found) => {
                write_found(query, found.as_ref(), viewer, part, out)
            }
            HistoryView::Newest => writeln!(out, "({NEWEST})"),
            HistoryView::NothingToAnswer(id) => {
                writeln!(out, "There is no line #{id} here. Nothing was sent.")
            }
            HistoryView::OnlyIgnored => writeln!(
                out,
                "All of that was said by people you ignore. Type \\ignore to list them."
            ),
        }
    }
}

fn write_found(
    query: &HistoryQuery,
    found: Option<&Found>,
    viewer: &Viewer<'_>,
    part: &mut Part,
    out: &mut String,
) -> fmt::Result {
    let Some(found) = found else {
        return writeln!(
            out,
            "Old messages cannot be read right now. Please try again later."
        );
    };
    let is_there = match query {
        HistoryQuery::Around(id) => found.lines.iter().any(|line| line.id == *id),
        HistoryQuery::Before(..) | HistoryQuery::After(..) | HistoryQuery::For(_) => {
            !found.lines.is_empty()
        }
    };
    if !is_there {
        return match query {
            HistoryQuery::Before(..) => writeln!(out, "There is nothing before that."),
            HistoryQuery::After(..) => writeln!(out, "({NEWEST})"),
            HistoryQuery::For(words) if found.cut_short => writeln!(
                out,
                "Nobody has said {} here lately; older lines may match.",
                quoted(words)
            ),
            HistoryQuery::For(words) => writeln!(out, "Nobody has said {} here.", quoted(words)),
            HistoryQuery::Around(id) => writeln!(out, "There is no line #{id} here."),
        };
    }
    let hits = match query {
        HistoryQuery::For(words) => Some(Hits::of(history::words(words))),
        HistoryQuery::Before(..) | HistoryQuery::After(..) | HistoryQuery::Around(_) => None,
    };
    let is_done = part.write_lines(&found.lines, out, |_, line, out| {
        let time = local::date_and_time(line.time, viewer.zone);
        let head = format!("#{} [{time}] ", line.id);
        draw::write_past(&head, line, viewer.viewpoint, hits.as_ref(), out);
        writeln!(out)
    })?;
    match query {
        _ if !is_done => Ok(()),
        HistoryQuery::Before(HistoryCursor::Id(u64::MAX), _) => {
            let words = "type '\\history' for what came before";
            viewer.hint(format_args!("{NEWEST}; {words}"), out)
        }
        HistoryQuery::Before(..) => {
            viewer.hint(format_args!("type '\\history' for what came before"), out)
        }
        HistoryQuery::For(_) => {
            let older = match found.cut_short {
                true => "; older lines may match",
                false => "",
            };
            let words = "type '\\context N' for what was said around #N";
            viewer.hint(format_args!("{words}{older}"), out)
        }
        HistoryQuery::After(..) if !found.cut_short => writeln!(out, "({NEWEST})"),
        HistoryQuery::After(..) | HistoryQuery::Around(_) => Ok(()),
    }
}

/// The end of the past.
const NEWEST: &str = "that is the newest";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialog::view::tests::shown;

    #[test]
    fn a_search_that_did_not_look_at_all_lines_denies_nothing() {
        let searched = |cut_short| {
            let found = Found {
                lines: Vec::new(),
                cut_short,
            };
            let query = HistoryQuery::For("red".into());
            shown(HistoryView::Lines(query, Some(found)))
        };
        assert_eq!(searched(false), "Nobody has said red here.\n");
        assert_eq!(
            searched(true),
            "Nobody has said red here lately; older lines may match.\n"
        );
    }
}
