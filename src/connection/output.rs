//! The way out: from views to bytes, and on to the socket.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::Instant;

use super::backlog::Backlog;
use super::{Connection, Pacing, Waiting};
use crate::dialog::view::{Part, View, Viewer};
use crate::limits::{
    ANSWER_COLUMNS, ATOMIC_WRITE_BYTES, ATOMIC_WRITE_PAUSE, COLUMNS, OUTPUT_BYTES_MAX,
    PROMPT_QUIET, PROMPT_SEEN_AFTER, WRITE_BYTES,
};
use crate::terminal::draw::{self, Drawing};
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
        let prompt = self.prompt();
        let was_open = self.screen.prompt_is_open();
        self.draw_with(|screen, out| screen.line_entered(&prompt, line, said, out));
        if was_open && self.is_typed_blindly() {
            self.screen.prompt_stands();
        }
    }

    /// True if a line that has just come may have been typed before its sender saw the prompt, which then stands on
    /// the row below it. A second one would come to stand beside it.
    fn is_typed_blindly(&self) -> bool {
        let inserts = self.screen.display.drawing == Drawing::Ansi;
        let pacing = self.output.pacing.as_deref();
        pacing
            .filter(|_| inserts && !self.is_local)
            .and_then(|pacing| pacing.prompted)
            .is_some_and(|prompted| self.now() - prompted < PROMPT_SEEN_AFTER)
    }

    pub(super) fn show(&mut self, view: &View) {
        match &mut self.output.waiting {
            Some(waiting) => waiting.views.push_back(view.clone()),
            None => drop(self.show_part(view, &mut Part::whole())),
        }
    }

    /// Shows the next part of a view; false if that was the last one.
    fn show_part(&mut self, view: &View, part: &mut Part) -> bool {
        if self.lost.is_some() {
            return false;
        }
        let mut rows = String::new();
        let config = self.shared.config.get();
        let viewer = Viewer {
            zone: &self.screen.display.zone,
            now: self.timestamp(),
            viewpoint: self.viewpoint(),
            times: self.screen.display.times,
            hints: !self.screen.display.quiet,
            columns: self.screen.display.width(),
            server: config.name.as_deref(),
        };
        let is_cut = view.write_part(&viewer, part, &mut rows);
        self.draw_with(|screen, out| screen.text(&rows, out));
        is_cut
    }

    /// Shows a view as the client takes it.
    pub(super) fn show_in_turn(&mut self, view: View) {
        if let Some(waiting) = &mut self.output.waiting {
            return waiting.views.push_back(view);
        }
        let mut part = Part::first();
        if self.show_part(&view, &mut part) {
            let views = VecDeque::from([view]);
            self.output.waiting = Some(Box::new(Waiting { views, part }));
        }
    }

    /// True while there are views that the client has to take what is before them for.
    pub(super) fn is_showing(&self) -> bool {
        self.output.waiting.is_some()
    }

    /// Shows more of what waits, if the client has taken what was shown. True if it did.
    pub(super) fn show_waiting(&mut self) -> bool {
        if self.has_output() {
            return false;
        }
        if let Some(mut waiting) = self.output.waiting.take()
            && let Some(view) = waiting.views.front()
        {
            if !self.show_part(view, &mut waiting.part) {
                waiting.views.pop_front();
                waiting.part = Part::first();
            }
            if !waiting.views.is_empty() {
                self.output.waiting = Some(waiting);
                return true;
            }
        }
        self.update_secret_echo();
        self.show_prompt();
        true
    }

    /// Asks for the next line, once all lines before it are answered. In character mode the row is there
    /// as soon as there is something to type on.
    pub(super) fn show_prompt(&mut self) {
        let answered = self.user.in_flight() == 0 || self.screen.typing.is_some();
        let is_asked = self.user.is_awaiting() || !answered;
        if is_asked || self.ending.is_some() || self.is_showing() {
            return;
        }
        if self.prompt_due().is_some_and(|due| self.now() < due) {
            return;
        }
        let prompt = self.prompt();
        let was_open = self.screen.prompt_is_open();
        if self.session.question().is_some() {
            let whole = self.session.prompt();
            let before = whole.strip_suffix(&prompt).unwrap_or_default().trim_end();
            self.draw_with(|screen, out| {
                if !was_open && !before.is_empty() {
                    screen.text(before, out);
                }
                screen.question(&prompt, out);
            });
        } else if self.screen.typing.is_some() || !was_open {
            self.draw_with(|screen, out| screen.prompt(&prompt, out));
        }
        if !was_open && self.screen.display.drawing == Drawing::Ansi {
            let now = self.now();
            self.pacing().prompted = Some(now);
        }
    }

    /// The prompt, or the question that is open; only its last sentence where the whole would leave no place for the
    /// answer.
    pub(super) fn prompt(&self) -> String {
        let whole = self.session.prompt();
        // Asked for after every turn of a room.
        if self.session.question().is_none() {
            return whole;
        }
        let columns = self.screen.display.wrap_columns().unwrap_or(COLUMNS);
        let is_narrow = text::width(&whole) + ANSWER_COLUMNS > usize::from(columns);
        match whole.rsplit_once(". ") {
            Some((_, last)) if is_narrow => last.to_owned(),
            _ => whole,
        }
    }

    /// When things were shown, where that matters.
    pub(super) fn pacing(&mut self) -> &mut Pacing {
        self.output.pacing.get_or_insert_default()
    }

    /// When the prompt may be shown that is missing on a screen where the client's terminal echoes and rows are
    /// inserted: once the client's lines have ceased to come, since it belongs below all of them.
    pub(super) fn prompt_due(&self) -> Option<Instant> {
        let is_missing = self.screen.display.drawing == Drawing::Ansi
            && self.screen.display.prompts
            && !self.screen.prompt_is_open()
            && self.lost.is_none();
        let is_answered =
            self.user.in_flight() == 0 && !self.user.is_awaiting() && self.ending.is_none();
        (is_missing && is_answered).then(|| self.input.last + PROMPT_QUIET)
    }

    /// Shows what was typed in character mode.
    pub(super) fn show_typed(&mut self) {
        if self.screen.prompt_is_open() {
            let prompt = self.prompt();
            self.draw_with(|screen, out| screen.typed(&prompt, out));
        }
    }

    /// Lets `draw` add to the screen, and puts what it drew on the way to the client.
    pub(super) fn draw_with(&mut self, draw: impl FnOnce(&mut Screen, &mut String)) {
        // Nobody sees it any more.
        if self.lost.is_some() {
            return;
        }
        DRAWN.with_borrow_mut(|drawn| {
            // Whoever drew before may have panicked over it.
            drawn.clear();
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
        self.output_bytes() > 0
    }

    /// True unless so much output waits that no more should be made.
    pub(super) fn has_space(&self) -> bool {
        self.output_bytes() < OUTPUT_BYTES_MAX
    }

    /// Bytes that wait to be written.
    fn output_bytes(&self) -> usize {
        self.output.bytes.len() - self.output.written
    }

    /// The socket took so many bytes.
    fn note_taken(&mut self, bytes: usize) {
        if let Some(backlog) = &mut self.output.backlog {
            backlog.took(bytes, self.shared.runtime.clock.now());
        }
    }

    /// The socket takes no more for now.
    fn note_backlog(&mut self) {
        let waiting = self.output.waiting.iter();
        let views = waiting.flat_map(|waiting| &waiting.views);
        let bytes = self.output_bytes() + views.map(View::lines_bytes).sum::<usize>();
        let backlog = self.output.backlog.get_or_insert_with(|| {
            let now = self.shared.runtime.clock.now();
            Box::new(Backlog::new(&self.shared.backlog, now))
        });
        backlog.set(bytes);
    }

    /// True if the client takes too little of what waits for it.
    pub(super) fn is_stuck(&mut self, now: Instant) -> bool {
        let backlog = self.output.backlog.as_deref_mut();
        backlog.is_some_and(|backlog| backlog.is_stuck(now))
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
                    self.counts().bytes_out.add(count as u64);
                    self.note_taken(count);
                    if self.note_output() {
                        return;
                    }
                }
                Ok(None) => {
                    return self.note_backlog();
                }
                Err(_) => self.note_broken(),
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
        let paused = self.has_output().then(|| self.now() + ATOMIC_WRITE_PAUSE);
        self.pacing().paused_until = paused;
        paused.is_some()
    }

    /// True while output waits for the client to pass on what it has been sent.
    pub(super) fn is_paused(&mut self) -> bool {
        let Some(pacing) = self.output.pacing.as_deref_mut() else {
            return false;
        };
        let clock = &self.shared.runtime.clock;
        pacing.paused_until.take_if(|until| clock.now() >= *until);
        pacing.paused_until.is_some()
    }

    /// What to write at once. On a terminal in line mode its own echo goes on meanwhile, and must not come
    /// to stand inside an escape sequence: so what fits into a packet, up to the end of a unit.
    fn next_write(&self) -> &[u8] {
        let rest = &self.output.bytes[self.output.written..];
        if self.screen.display.drawing != Drawing::Ansi || rest.len() <= ATOMIC_WRITE_BYTES {
            return rest;
        }
        let unit_end = draw::INSERT_END.as_bytes();
        let end = rest[..ATOMIC_WRITE_BYTES]
            .windows(unit_end.len())
            .rposition(|window| window == unit_end);
        match end {
            Some(at) => &rest[..at + unit_end.len()],
            None => &rest[..ATOMIC_WRITE_BYTES],
        }
    }

    pub(super) fn drop_output(&mut self) {
        self.output.bytes.clear();
        self.output.written = 0;
        self.output.backlog = None;
        if self.lost.is_some() {
            self.output.waiting = None;
        }
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
