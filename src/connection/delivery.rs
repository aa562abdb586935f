//! What is counted of a connection. How long what the room says takes to the client is measured for a sample of what is
//! said, from when it was stored to when it is written.
//!
//! What the client itself is waited for is left out: one that reads slowly, or a terminal that is shown what the room
//! says a little later on purpose. So what is measured is the server's own doing.

use std::cell::Cell;
use std::time::Instant;

use super::Connection;
use crate::chat::people::ClientKind;
use crate::counts::{Counts, Kind, Way};
use crate::net::socket::{Encryption, Origin, Peer};

thread_local! {
    /// What is measured in the turns that are being taken on this thread.
    static TURNS: Cell<Turns> = const { Cell::new(Turns::new()) };
}

#[derive(Clone, Copy)]
struct Turns {
    /// They began with something that the client had not taken.
    was_blocked: bool,
    /// When that was stored which is being shown, if it is measured.
    stored: Option<Instant>,
}

impl Turns {
    const fn new() -> Turns {
        Turns {
            was_blocked: false,
            stored: None,
        }
    }
}

/// What a client is counted as that has said nothing yet.
pub(super) fn kind_of(peer: Peer) -> Kind {
    let way = match (peer.encryption, peer.origin) {
        (Some(Encryption::Tls), _) => Way::Tls,
        (Some(Encryption::Ssh), _) => Way::Ssh,
        (None, Origin::Tcp(_)) => Way::Plain,
        (None, Origin::Unix) => Way::Unix,
    };
    Kind::new(ClientKind::Raw, way, peer.is_proxied)
}

impl Connection {
    pub(super) fn counts(&self) -> &Counts {
        &self.shared.runtime.counts
    }

    /// It is known what the client is.
    pub(super) fn count_as(&mut self, client: ClientKind) {
        let kind = self.kind.with_client(client);
        self.counts().present.enter(kind);
        self.counts().present.leave(self.kind);
        self.kind = kind;
    }

    /// Turns are about to be taken.
    pub(super) fn begin_turns(&self) {
        TURNS.set(Turns {
            was_blocked: self.has_output(),
            stored: None,
        });
    }

    /// The client is about to be shown all that the room has said, of which something was `stored` then, and is
    /// measured.
    pub(super) fn measure(&self, stored: Instant) {
        let mut turns = TURNS.get();
        let pacing = self.output.pacing.as_deref();
        let shown_after = pacing.and_then(|pacing| Some(pacing.cut? + self.shared_for()));
        let was_held = shown_after.is_some_and(|after| stored < after);
        let is_seen = self.lost.is_none() && self.output.held.is_none();
        if is_seen && !turns.was_blocked && !was_held {
            turns.stored = Some(stored);
            TURNS.set(turns);
        }
    }

    /// What was shown in this turn is written, as far as the client takes it.
    pub(super) fn measured(&self) {
        let turns = TURNS.get();
        if let Some(stored) = turns.stored {
            TURNS.set(Turns {
                stored: None,
                ..turns
            });
            if !self.has_output() {
                let took = self.now().saturating_duration_since(stored);
                self.counts().deliveries.observe(took);
            }
        }
    }
}
