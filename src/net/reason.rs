//! Why connections end, and how often.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// Why a connection ended. Told to the peer where it can be, counted, and logged once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The user chose to leave.
    Quit,
    /// The client ended its input.
    EndOfInput,
    /// The connection broke.
    Lost,
    /// Nothing was typed for longer than the server allows.
    Idle,
    /// No line was sent for a minute, and the server was more than half full.
    Silent,
    /// The client stopped reading what was sent to it.
    Stuck,
    /// The client speaks another protocol.
    Foreign,
    /// The server is stopping.
    Stop,
    /// The server made a mistake: what served the client has panicked.
    Fault,
    /// The server had as many connections as it allows.
    ServerFull,
    /// The client's address had as many connections as allowed.
    AddressFull,
    /// The client did not speak TLS where it has to.
    NotTls,
    /// The handshake of TLS failed.
    Handshake,
    /// The handshake of TLS was not done in time.
    HandshakeLate,
    /// A proxy did not say whom it brings, or not in words that make sense.
    NoHeader,
    /// An operator closed the connection.
    Kicked,
    /// An operator banned the user, who was there.
    Banned,
    /// An operator keeps out whoever comes from there.
    AddressBanned,
}

/// What an end means for what the user leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The user will not be back for it.
    Farewell,
    /// The user is gone, and may come back for it.
    Absence,
    /// The user may not even know yet.
    Loss,
    /// The client was not let in.
    Refusal,
}

impl Reason {
    /// All of them, in the order of their numbers.
    pub const ALL: [Reason; 18] = [
        Reason::Quit,
        Reason::EndOfInput,
        Reason::Lost,
        Reason::Idle,
        Reason::Silent,
        Reason::Stuck,
        Reason::Foreign,
        Reason::Stop,
        Reason::Fault,
        Reason::ServerFull,
        Reason::AddressFull,
        Reason::NotTls,
        Reason::Handshake,
        Reason::HandshakeLate,
        Reason::NoHeader,
        Reason::Kicked,
        Reason::Banned,
        Reason::AddressBanned,
    ];

    /// What it means for what the user leaves behind. A terminal whose window is closed ends its input, and whoever ends
    /// the input, as a script does too, knows of it; only who says so has left.
    fn kind(self) -> Kind {
        match self {
            Reason::Quit | Reason::Foreign | Reason::Stop | Reason::Kicked | Reason::Banned => {
                Kind::Farewell
            }
            Reason::EndOfInput | Reason::Idle | Reason::Silent | Reason::Fault => Kind::Absence,
            Reason::Lost | Reason::Stuck => Kind::Loss,
            Reason::ServerFull
            | Reason::AddressFull
            | Reason::NotTls
            | Reason::Handshake
            | Reason::HandshakeLate
            | Reason::NoHeader
            | Reason::AddressBanned => Kind::Refusal,
        }
    }

    /// Whether the user will not be back for what was left.
    pub fn is_farewell(self) -> bool {
        matches!(self.kind(), Kind::Farewell | Kind::Refusal)
    }

    /// Whether the user may not even know yet, and be back in a moment.
    pub fn may_be_back(self) -> bool {
        self.kind() == Kind::Loss
    }

    /// Whether the client was not let in.
    pub fn is_refusal(self) -> bool {
        self.kind() == Kind::Refusal
    }

    /// Its name among figures.
    pub fn label(self) -> &'static str {
        match self {
            Reason::Quit => "quit",
            Reason::EndOfInput => "end_of_input",
            Reason::Lost => "lost",
            Reason::Idle => "idle",
            Reason::Silent => "silent",
            Reason::Stuck => "stuck",
            Reason::Foreign => "foreign",
            Reason::Stop => "stop",
            Reason::Fault => "fault",
            Reason::ServerFull => "server_full",
            Reason::AddressFull => "address_full",
            Reason::NotTls => "not_tls",
            Reason::Handshake => "tls_handshake",
            Reason::HandshakeLate => "tls_late",
            Reason::NoHeader => "no_proxy_header",
            Reason::Kicked => "kicked",
            Reason::Banned => "banned",
            Reason::AddressBanned => "address_banned",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reason::Quit => "quit",
            Reason::EndOfInput => "end of input",
            Reason::Lost => "connection lost",
            Reason::Idle => "idle",
            Reason::Silent => "sent no line",
            Reason::Stuck => "stopped reading",
            Reason::Foreign => "other protocol",
            Reason::Stop => "server stopping",
            Reason::Fault => "fault of the server",
            Reason::ServerFull => "refused: server full",
            Reason::AddressFull => "refused: too many from its address",
            Reason::NotTls => "no TLS on a TLS port",
            Reason::Handshake => "TLS handshake failed",
            Reason::HandshakeLate => "TLS handshake took too long",
            Reason::NoHeader => "no PROXY header",
            Reason::Kicked => "kicked by an operator",
            Reason::Banned => "banned by an operator",
            Reason::AddressBanned => "refused: its address is banned",
        })
    }
}

/// How many connections ended for each reason.
#[derive(Debug, Default)]
pub struct ReasonCounts([AtomicU64; Reason::ALL.len()]);

impl ReasonCounts {
    /// Counts one.
    pub fn count(&self, reason: Reason) {
        self.0[reason as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How many ended for this reason.
    pub fn of(&self, reason: Reason) -> u64 {
        self.0[reason as usize].load(Ordering::Relaxed)
    }
}

impl fmt::Display for ReasonCounts {
    /// Those that occurred: `quit 3, idle 1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut comma = "";
        for reason in Reason::ALL {
            let count = self.of(reason);
            if count > 0 {
                write!(f, "{comma}{reason} {count}")?;
                comma = ", ";
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_counted_under_its_own_name() {
        let counts = ReasonCounts::default();
        for (index, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, index);
            counts.count(reason);
        }
        counts.count(Reason::Quit);
        let shown = counts.to_string();
        assert!(shown.starts_with("quit 2, end of input 1, "), "{shown}");
        assert_eq!(shown.matches(", ").count(), Reason::ALL.len() - 1);
    }
}
