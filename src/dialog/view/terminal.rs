//! *Pure.* The line being typed.

use std::fmt::{self, Write as _};

use super::Viewer;
use crate::limits::CANDIDATES_MAX;

/// What is said of the line being typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TerminalView {
    /// A secret is asked for on a terminal that shows it.
    SecretIsSeen,
    /// The words that Tab could complete to.
    Candidates(Vec<String>),
    /// A message has cut into the line that was just typed.
    LineWasCut,
    /// A paste was not sent.
    PasteKept,
    /// The answer to Telnet's Are You There.
    Yes,
}

impl TerminalView {
    pub(super) fn write(&self, viewer: &Viewer<'_>, out: &mut String) -> fmt::Result {
        match self {
            TerminalView::SecretIsSeen => viewer.hint(
                format_args!("your terminal shows what you type; a telnet client would hide it"),
                out,
            ),
            TerminalView::LineWasCut => viewer.hint(
                format_args!("a message cut into your line; type '\\ansi' and none will"),
                out,
            ),
            TerminalView::PasteKept => viewer.hint(
                format_args!("nothing was sent; the Up key brings the lines back"),
                out,
            ),
            TerminalView::Candidates(candidates) => {
                let shown = &candidates[..candidates.len().min(CANDIDATES_MAX)];
                let more = match candidates.len() > CANDIDATES_MAX {
                    true => "  and more",
                    false => "",
                };
                writeln!(out, "{}{more}", shown.join("  "))
            }
            TerminalView::Yes => writeln!(out, "[yes]"),
        }
    }
}
