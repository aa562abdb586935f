//! How a connection ends: its last words, and that they arrive.

use std::future::poll_fn;
use std::task::{Context, Poll};

use futures_lite::future;

use super::Connection;
use crate::dialog::view::{EndView, View};
use crate::limits::{GOODBYE_LOCAL, GOODBYE_REMOTE, READ_BYTES, STUCK_AFTER};
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

    /// Tells a client that is refused why, and closes.
    pub async fn refuse(mut self: Box<Self>, reason: Reason) {
        self.show(match reason {
            Reason::AddressFull => &View::End(EndView::AddressFull),
            Reason::NotTls => &View::End(EndView::NotTls),
            _ => &View::End(EndView::ServerFull),
        });
        // What does not fit into a new socket's buffer is not worth waiting for.
        self.flush();
        Box::pin(self.goodbye(reason)).await;
    }

    /// Lets the last words arrive and closes the socket.
    pub(super) async fn goodbye(&self, reason: Reason) {
        let told = self.lost.is_none() && !matches!(reason, Reason::Stuck | Reason::EndOfInput);
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
