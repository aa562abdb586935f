//! The way out: from views to bytes, and on to the socket.

use std::cell::RefCell;

use super::{Connection, Echo};
use crate::dialog::view::{View, Viewer};
use crate::limits::{ATOMIC_WRITE_BYTES, ATOMIC_WRITE_PAUSE, ECHO_UNDISTURBED, WRITE_BYTES};
use crate::terminal::draw::Drawing;
use crate::terminal::screen::Screen;
use crate::text;

thread_local! {
    /// Where a connection composes its output while it takes a turn. It keeps a buffer of its own only for
    /// what its socket did not take.
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    /// Where text is drawn before it is encoded.
    static DRAWN: RefCell<String> = const { RefCell::new(String::new()) };
}

impl Connection {
    /// The client has ended a line, which is said in the room or not: what happens to it on the screen.
    pub(super) fn line_entered(&mut self, line: &str, said: bool) {
        let prompt = self.session.prompt();
        if self.echo != Echo::Elsewhere {
            let fits = text::width(&prompt) + text::width(line) < self.columns();
            let alone =
                self.user.in_flight() == 0 && self.now() - self.output.last >= ECHO_UNDISTURBED;
            self.echo = match said && fits && alone {
                true => Echo::JustAbove,
                false => Echo::Above,
            };
        }
        self.draw_with(|screen, out| screen.line_entered(&prompt, line, said, out));
    }

    pub(super) fn show(&mut self, view: &View) {
        let mut rows = String::new();
        let viewer = Viewer {
            zone: &self.screen.display.zone,
            now: self.timestamp(),
            hints: !self.screen.display.quiet,
            server: self.shared.config.name.as_deref(),
        };
        view.write(&viewer, &mut rows);
        self.echo = self.echo.disturbed();
        self.draw_with(|screen, out| screen.text(&rows, out));
    }

    /// Asks for the next line, once all lines before it are answered. In character mode the row is there
    /// as soon as there is something to type on.
    pub(super) fn show_prompt(&mut self) {
        let answered = self.user.in_flight() == 0 || self.screen.typing.is_some();
        if self.user.is_awaiting() || !answered || self.ending.is_some() {
            return;
        }
        let prompt = self.session.prompt();
        if self.session.question().is_some() {
            self.draw_with(|screen, out| screen.question(&prompt, out));
        } else if self.screen.typing.is_some() || !self.screen.prompt_is_open() {
            self.draw_with(|screen, out| screen.prompt(&prompt, out));
        }
    }

    /// Shows what was typed in character mode.
    pub(super) fn show_typed(&mut self) {
        if self.screen.prompt_is_open() {
            let prompt = self.session.prompt();
            self.draw_with(|screen, out| screen.typed(&prompt, out));
        }
    }

    /// Lets `draw` add to the screen, and puts what it drew on the way to the client.
    pub(super) fn draw_with(&mut self, draw: impl FnOnce(&mut Screen, &mut String)) {
        DRAWN.with_borrow_mut(|drawn| {
            draw(&mut self.screen, drawn);
            let output = match &mut self.output.held {
                Some(held) => held,
                None => &mut self.output.bytes,
            };
            match &self.charset {
                None => output.extend_from_slice(drawn.as_bytes()),
                Some(charset) => charset.encode(drawn, self.negotiation.is_telnet(), output),
            }
            drawn.clear();
        });
    }

    /// Shows what was held until it was known what kind of client this is.
    pub(super) fn release_output(&mut self) {
        if let Some(held) = self.output.held.take() {
            self.output.bytes.extend_from_slice(&held);
        }
    }

    pub(super) fn has_output(&self) -> bool {
        self.output.bytes.len() > self.output.written
    }

    /// Writes what the socket takes.
    pub(super) fn flush(&mut self) {
        if self.is_paused() {
            return;
        }
        while self.has_output() && self.lost.is_none() {
            match self.socket.write(self.next_write()) {
                Ok(Some(count)) => {
                    self.output.written += count;
                    self.output.stuck_since = None;
                    if self.note_output() {
                        return;
                    }
                }
                Ok(None) => {
                    let now = self.now();
                    self.output.stuck_since.get_or_insert(now);
                    return;
                }
                Err(_) => self.lost = Some(self.now()),
            }
        }
        self.drop_output();
    }

    /// Notes the time of a write where that matters: where the client's terminal echoes between our rows.
    /// True if there is more to write and it has to wait.
    fn note_output(&mut self) -> bool {
        if self.screen.display.drawing != Drawing::Ansi {
            return false;
        }
        self.output.last = self.now();
        self.output.paused = self.has_output();
        self.output.paused
    }

    /// True while output waits for the client to pass on what it has been sent.
    pub(super) fn is_paused(&mut self) -> bool {
        self.output.paused =
            self.output.paused && self.now() - self.output.last < ATOMIC_WRITE_PAUSE;
        self.output.paused
    }

    /// What to write at once. On a terminal in line mode its own echo goes on meanwhile, and must not come
    /// to stand inside an escape sequence: so what fits into a packet, up to the end of a unit.
    fn next_write(&self) -> &[u8] {
        let rest = &self.output.bytes[self.output.written..];
        if self.screen.display.drawing != Drawing::Ansi || rest.len() <= ATOMIC_WRITE_BYTES {
            return rest;
        }
        const UNIT_END: &[u8] = b"\x1b8\x1b[B";
        let end = rest[..ATOMIC_WRITE_BYTES]
            .windows(UNIT_END.len())
            .rposition(|window| window == UNIT_END);
        match end {
            Some(at) => &rest[..at + UNIT_END.len()],
            None => &rest[..ATOMIC_WRITE_BYTES],
        }
    }

    pub(super) fn drop_output(&mut self) {
        self.output.bytes.clear();
        self.output.written = 0;
        self.output.stuck_since = None;
    }

    pub(super) fn borrow_scratch(&mut self) {
        if self.output.bytes.capacity() == 0 {
            self.output.bytes = SCRATCH.take();
        }
    }

    pub(super) fn return_scratch(&mut self) {
        let kept = self.output.bytes[self.output.written..].to_vec();
        let mut scratch = std::mem::replace(&mut self.output.bytes, kept);
        self.output.written = 0;
        scratch.clear();
        if scratch.capacity() <= 2 * WRITE_BYTES {
            SCRATCH.set(scratch);
        }
    }
}
