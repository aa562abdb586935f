//! *Pure.* Last words: why a connection is closed.

use std::fmt::{self, Write as _};

use super::admin;
use crate::chat::admin::Ejection;

/// Why a connection is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndView {
    /// The user leaves.
    Goodbye,
    /// The server stops.
    GoingDown,
    /// The user has typed nothing for too long.
    Idle,
    /// The user has sent no line, and others need the place.
    Silent,
    /// The server made a mistake.
    Fault,
    /// The client does not speak TLS where it has to.
    NotTls,
    /// The client speaks this other protocol.
    Foreign(&'static str),
    /// Refused: the server has as many connections as it takes.
    ServerFull,
    /// Refused: the address has as many connections as it may have.
    AddressFull,
    /// An operator closes the connection, or refuses it: the user is banned.
    Ejected(Ejection),
}

impl EndView {
    pub(super) fn write(&self, out: &mut String) -> fmt::Result {
        match self {
            EndView::Goodbye => writeln!(out, "Goodbye."),
            EndView::GoingDown => writeln!(out, "* The server is going down."),
            EndView::Idle => writeln!(out, "* Disconnected: idle for too long."),
            EndView::Silent => writeln!(
                out,
                "* The server is filling up, and you have not typed a line yet. Goodbye."
            ),
            EndView::Fault => writeln!(
                out,
                "* The server made a mistake and has to hang up. Please connect again."
            ),
            EndView::Foreign(protocol) => writeln!(
                out,
                "This is parlor, a chat for nc and telnet. It does not speak {protocol} here. Goodbye."
            ),
            EndView::NotTls => writeln!(
                out,
                "This port is for TLS. Type ncat --ssl HOST PORT instead. Goodbye."
            ),
            EndView::ServerFull => writeln!(out, "The server is full. Please try again later."),
            EndView::AddressFull => writeln!(
                out,
                "Too many connections from your address. Please close one and try again."
            ),
            EndView::Ejected(Ejection { ban, why }) => {
                admin::write_ejected(ban.map(|ban| ban.left), why, out)
            }
        }
    }
}
