//! How a connection ends: its last words, and that they arrive.

use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::Instant;

use futures_lite::future;

use super::{Connection, whole_seconds};
use crate::chat::admin::Ejection;
use crate::dialog::view::{EndView, View};
use crate::limits::{
    CLOSED_AFTER, GOODBYE_LOCAL, GOODBYE_REMOTE, READ_BYTES, SILENT_LOOK_EVERY, STUCK_AFTER,
};
use crate::net::reason::Reason;

impl Connection {
    /// Ends the connection once nothing is left to be done for it.
    pub(super) fn maybe_end(&mut self) {
        let is_done = match self.lost {
            // Nobody waits for an answer any more, but what was sent is to be said.
            Some(_) => !self.user.has_unsent(),
            None => !self.user.is_busy() && self.user.in_flight() == 0,
        };
        if self.ending.is_some() || !is_done {
            return;
        }
        if self.stopping {
            self.show(&View::End(EndView::GoingDown));
            self.end(Reason::Stop);
        } else if self.input.ended && self.input.bytes.is_empty() && self.input.held.is_empty() {
            let reason = match self.lost {
                Some(_) => Reason::Lost,
                None => Reason::EndOfInput,
            };
            self.end(reason);
        }
    }

    /// The last words were said.
    pub(super) fn end(&mut self, reason: Reason) {
        self.release_output();
        self.draw_with(|screen, out| screen.close(out));
        self.ending = Some(reason);
    }

    /// Tells the client that the server made a mistake, if what is left of the connection can still do that. Returns why
    /// the connection ends.
    pub(super) async fn fail(&mut self) -> Reason {
        self.show(&View::End(EndView::Fault));
        self.end(Reason::Fault);
        loop {
            self.flush();
            if !self.has_output() {
                return Reason::Fault;
            }
            if self.is_stuck(self.now()) {
                return Reason::Stuck;
            }
            poll_fn(|cx| self.poll_wake(cx)).await;
        }
    }

    /// An operator closes the connection: its client is told why if it reads, and nothing else that waits for it.
    pub(super) fn eject(&mut self, ejection: Ejection) {
        if self.ending.is_some() {
            return;
        }
        let reason = match ejection.ban {
            None => Reason::Kicked,
            Some(_) => Reason::Banned,
        };
        self.output.waiting = None;
        self.show(&View::End(EndView::Ejected(ejection)));
        self.end(reason);
        let at = self.shared.lobby.up(self.now() + CLOSED_AFTER);
        self.input.silent_until = whole_seconds(at);
    }

    /// When the connection ends that an operator has closed, whether its last words are taken or not.
    pub(super) fn closed_at(&self) -> Option<Instant> {
        let is_closed = matches!(self.ending, Some(Reason::Kicked | Reason::Banned));
        is_closed.then(|| self.silent_at()).flatten()
    }

    /// A client that has sent no line for a while: it goes first where others need its place.
    pub(super) fn check_silent(&mut self, now: Instant) {
        if !self.shared.admission.is_over_half_full() {
            let next = self.shared.lobby.up(now + SILENT_LOOK_EVERY);
            self.input.silent_until = whole_seconds(next);
            return;
        }
        self.show(&View::End(EndView::Silent));
        self.end(Reason::Silent);
    }

    /// Whether an operator has closed the connection, and it has not said its last words.
    pub(super) fn is_ejected(&self) -> bool {
        self.ending.is_none() && self.user.inbox().is_urgent()
    }

    /// Tells a client that is refused why, and closes.
    pub async fn refuse(mut self: Box<Self>, reason: Reason) {
        self.show(&View::End(match reason {
            Reason::AddressFull => EndView::AddressFull,
            Reason::AddressBanned => EndView::Ejected(self.user.ban()),
            Reason::NotTls => EndView::NotTls,
            _ => EndView::ServerFull,
        }));
        // What does not fit into a new socket's buffer is not worth waiting for.
        self.flush();
        Box::pin(self.goodbye(reason)).await;
    }

    /// Lets the last words arrive and closes the socket.
    pub(super) async fn goodbye(&self, reason: Reason) {
        // Nor is anybody waited for who has not taken what an operator had told.
        let is_silent = matches!(reason, Reason::Kicked | Reason::Banned) && self.has_output();
        let told = self.lost.is_none()
            && !is_silent
            && !matches!(reason, Reason::Stuck | Reason::EndOfInput);
        // A Telnet client leaves by itself when the connection ends. So does one whose input is at its end.
        if !told || self.negotiation.is_telnet() {
            return;
        }
        // A reset overtakes what is still on its way and drops what has not been sent, so the last words get
        // time to be sent, which depends on the client, and then to arrive.
        self.socket.tell_when_sent();
        let sent = async {
            let _ = poll_fn(|cx| self.socket.poll_writable(cx)).await;
            self.shared
                .runtime
                .clock
                .after(match self.is_local {
                    true => GOODBYE_LOCAL,
                    false => GOODBYE_REMOTE,
                })
                .await;
            self.socket.reset_on_close();
        };
        let gone = poll_fn(|cx| self.poll_gone(cx));
        let given_up = async {
            self.shared.runtime.clock.after(STUCK_AFTER).await;
        };
        future::or(gone, future::or(sent, given_up)).await;
    }

    /// Ready when the client has closed; what it still sends is dropped.
    fn poll_gone(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut buffer = [0; READ_BYTES];
        match self.socket.read(&mut buffer) {
            Ok(Some(0)) | Err(_) => Poll::Ready(()),
            Ok(_) => self.socket.poll_readable(cx).map(|_| ()),
        }
    }
}
