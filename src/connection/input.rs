//! The way in: from bytes to lines, and when they may be handled.

use std::cell::RefCell;
use std::time::Instant;

use super::{Connection, FirstLine};
use crate::dialog::session::Typed;
use crate::dialog::view::{EndView, TerminalView, View};
use crate::limits::{CR_WAIT_MAX, ESCAPE_WAIT_MAX, HELD_LINES_MAX, READ_BYTES};
use crate::net::proxy;
use crate::net::reason::Reason;
use crate::net::sniff;
use crate::terminal::line::{End, Event, Key, Outcome};
use crate::terminal::telnet::{self, LineEnding};
use crate::text;

thread_local! {
    /// Where a socket is read into.
    static READ: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_BYTES].into());
}

impl Connection {
    /// True if the socket should be read: all that came before is handled. A client whose line has to wait
    /// is not read from, which in the end slows its sender and loses nothing.
    pub(super) fn wants_input(&self) -> bool {
        !self.input.ended && self.input.bytes.is_empty() && self.may_take_input()
    }

    /// True if more input may be handled. In character mode keys are answered while a line waits; those
    /// behind a Tab wait for what it completes.
    fn may_take_input(&self) -> bool {
        let has_space = match self.screen.typing {
            Some(_) => self.input.held.len() < HELD_LINES_MAX && self.completing.is_none(),
            None => self.input.held.is_empty() && !self.user.is_busy(),
        };
        has_space
            && !self.stopping
            && self.ending.is_none()
            && !self.is_showing()
            && self.has_space()
            && !self.is_late()
    }

    /// Reads once and handles what may be handled.
    pub(super) fn read(&mut self) {
        READ.with_borrow_mut(|buffer| match self.socket.read(buffer) {
            Ok(None) => {}
            Ok(Some(0)) => {
                self.input.ended = true;
                // What was half typed in character mode is not sent; a script's last line is.
                if let Some(rest) = self.input.lines.rest() {
                    self.input.held.push_back(rest);
                }
            }
            Ok(Some(count)) => {
                self.counts().bytes_in.add(count as u64);
                let now = self.now();
                self.note_line_ends(&buffer[..count], now);
                self.input.last = now;
                let up = self.shared.lobby.up(self.input.last);
                self.user.inbox().note_input(up);
                let start = self.header_length(&buffer[..count]);
                let taken = start + self.take_bytes(&buffer[start..count]);
                self.input.bytes = buffer[taken..count].to_vec();
            }
            // What was left of a line is not said: who knows how it would have gone on.
            Err(_) => {
                self.input.ended = true;
                self.note_broken();
            }
        });
    }

    /// How much of the first bytes is what `parlor attach` says of whom it brings, where nobody believes that. Whoever runs
    /// it does not know what others may do.
    fn header_length(&self, bytes: &[u8]) -> usize {
        let is_first = self.input.first_line == FirstLine::Unfinished
            && self.input.lines.unfinished().is_empty();
        match is_first && self.user.is_over_unix() {
            true => proxy::v2_length(bytes),
            false => 0,
        }
    }

    /// Handles input that had to wait; false if there was none, or it has to wait still.
    pub(super) fn take_input(&mut self) -> bool {
        if self.input.bytes.is_empty() || !self.may_take_input() {
            return false;
        }
        let mut input = std::mem::take(&mut self.input.bytes);
        let taken = self.take_bytes(&input);
        input.drain(..taken);
        self.input.bytes = input;
        true
    }

    /// Handles bytes as far as that is possible now, and returns how many it took.
    fn take_bytes(&mut self, bytes: &[u8]) -> usize {
        let mut rest = bytes;
        while self.may_take_input() {
            match self.input.decoder.next(&mut rest) {
                None => break,
                Some(telnet::Event::Data(data)) => {
                    let left = data.len() - self.take_data(data);
                    // What is left of a run of data holds no IAC, so it can be decoded again.
                    if left > 0 {
                        return bytes.len() - rest.len() - left;
                    }
                }
                Some(event) => self.take_telnet(&event),
            }
        }
        bytes.len() - rest.len()
    }

    /// Handles data as far as that is possible now, and returns how many bytes it took.
    fn take_data(&mut self, data: &[u8]) -> usize {
        let mut rest = data;
        while self.may_take_input() && !rest.is_empty() {
            if let FirstLine::Cr(_) = self.input.first_line {
                self.settle_first_line(Some(rest[0]));
                continue;
            }
            // Up to what may have to be waited for at once, so that what is left has not been translated.
            let waits = |byte: &u8| matches!(byte, b'\r' | b'\n' | b'\t');
            let end = rest.iter().position(waits);
            let (piece, after) = rest.split_at(end.map_or(rest.len(), |end| end + 1));
            rest = after;
            match &mut self.charset {
                Some(charset) => {
                    let piece = charset.decode(piece);
                    self.take_piece(&piece, after);
                }
                None => self.take_piece(piece, after),
            }
        }
        if self.screen.typing.is_some() {
            self.show_typed();
        }
        data.len() - rest.len()
    }

    /// Handles data of which only the last byte can end a line or be a Tab; `after` is what follows.
    fn take_piece(&mut self, mut piece: &[u8], after: &[u8]) {
        if self.screen.typing.is_some() {
            return self.take_keys(piece);
        }
        while let Some(event) = self.input.lines.next(&mut piece) {
            if self.input.first_line == FirstLine::Unfinished {
                self.first_line_ended(after.first().copied());
                if let Event::Line(line) = &event
                    && let Some(protocol) = sniff::protocol(line.as_bytes())
                {
                    return self.end_foreign(protocol);
                }
            }
            self.take_line(event);
        }
        // A TLS hello has no line ends.
        if self.input.first_line == FirstLine::Unfinished
            && let Some(protocol) = sniff::protocol(self.input.lines.unfinished())
        {
            self.end_foreign(protocol);
        }
    }

    fn end_foreign(&mut self, protocol: &'static str) {
        // No terminal is there to have echoed a row's end.
        self.draw_with(|screen, out| screen.line_entered("", "", true, out));
        self.show(&View::End(EndView::Foreign(protocol)));
        self.end(Reason::Foreign);
    }

    fn take_keys(&mut self, mut piece: &[u8]) {
        while let Some(typing) = &mut self.screen.typing
            && let Some(key) = typing.keys.next(&mut piece)
        {
            if let Key::CursorPosition { row, column } = key {
                self.screen.cursor_reported(row, column);
                continue;
            }
            let outcome = typing.editor.key(key);
            self.take_outcome(outcome);
        }
        let now = self.now();
        if let Some(typing) = &mut self.screen.typing {
            let waits = typing.editor.awaits_escape() && typing.keys.is_after_escape();
            typing.escape_at = waits.then(|| now + ESCAPE_WAIT_MAX);
        }
    }

    /// When an ESC that nothing has followed is taken for Esc.
    pub(super) fn escape_at(&self) -> Option<Instant> {
        self.screen.typing.as_deref()?.escape_at
    }

    /// Nothing has followed an ESC in time.
    pub(super) fn take_escape(&mut self) {
        if let Some(typing) = &mut self.screen.typing {
            typing.escape_at = None;
            if let Some(key) = typing.keys.take_escape() {
                let outcome = typing.editor.key(key);
                self.take_outcome(outcome);
                self.show_typed();
            }
        }
    }

    /// Does what a key came to. The row itself is brought up to date once all keys are handled.
    pub(super) fn take_outcome(&mut self, outcome: Outcome) {
        match outcome {
            // Enter alone answers a question, and says nothing otherwise.
            Outcome::Line(line) if line.is_empty() && self.session.question().is_none() => {}
            Outcome::Line(line) => self.take_typed_line(&line),
            Outcome::Lines(lines) => {
                for line in lines {
                    self.take_typed_line(&line);
                }
            }
            Outcome::EndOfFile => self.end_of_file(),
            Outcome::Complete(word) => self.complete(word),
            Outcome::List(candidates) => {
                self.show(&View::Terminal(TerminalView::Candidates(candidates)));
                self.show_prompt();
            }
            Outcome::PasteKept => {
                self.show(&View::Terminal(TerminalView::PasteKept));
                self.show_prompt();
            }
            Outcome::Repaint => self.draw_with(|screen, out| screen.clear_and_ask_size(out)),
            // The row shows it.
            Outcome::Nothing | Outcome::Changed | Outcome::Paste { .. } | Outcome::Interrupted => {}
            Outcome::PageUp => self.page(true),
            Outcome::PageDown => self.page(false),
            // Nobody likes a terminal that beeps.
            Outcome::Bell => {}
        }
    }

    fn take_typed_line(&mut self, line: &str) {
        self.take_line(Event::Line(text::clean(line.as_bytes())));
    }

    /// The end-of-file key leads one step out, if nothing is half typed and nothing else is under way.
    pub(super) fn end_of_file(&mut self) {
        if self.input.held.is_empty()
            && !self.user.is_busy()
            && self.input.lines.unfinished().is_empty()
        {
            let turn = self.session.end_of_file();
            self.perform(turn);
        }
    }

    /// Tells what kind of client this is from the end of its first line, now that it is there.
    fn first_line_ended(&mut self, next: Option<u8>) {
        match self.input.lines.last_end() {
            Some(End::Lf) => self.first_line_is(LineEnding::Lf),
            _ => {
                self.input.first_line = FirstLine::Cr(self.now() + CR_WAIT_MAX);
                if next.is_some() {
                    self.settle_first_line(next);
                }
            }
        }
    }

    /// Tells what kind of client this is from what follows its first CR, if anything does.
    pub(super) fn settle_first_line(&mut self, next: Option<u8>) {
        self.first_line_is(match next {
            Some(b'\n') => LineEnding::CrLf,
            Some(0) => LineEnding::CrNul,
            _ => LineEnding::BareCr,
        });
    }

    /// Handles lines that had to wait; false if there was none, or it has to wait still.
    pub(super) fn take_held(&mut self) -> bool {
        let mut busy = false;
        while !self.user.is_busy()
            && self.ending.is_none()
            && !self.is_late()
            && let Some(event) = self.input.held.pop_front()
        {
            if self.lost.is_some() && !self.would_say(&event) {
                continue;
            }
            if self.must_wait(&event) {
                self.input.held.push_front(event);
                break;
            }
            self.handle_line(event);
            busy = true;
        }
        busy
    }

    /// Handles a line, or holds it if that has to wait.
    fn take_line(&mut self, event: Event) {
        self.input.silent_until = None;
        self.user.inbox().note_line();
        // Of a connection that is lost, only what it said is of interest to anybody.
        if self.lost.is_some() && !self.would_say(&event) {
            return;
        }
        if !self.input.held.is_empty() || self.user.is_busy() || self.must_wait(&event) {
            self.input.held.push_back(event);
            self.update_secret_echo();
        } else {
            self.handle_line(event);
        }
    }

    /// True if a line that waits will ask for a secret, which may be what is typed ahead.
    pub(super) fn holds_secret(&self) -> bool {
        let asks = |event: &Event| matches!(event, Event::Line(line) if self.session.asks_for_secret(line));
        self.input.held.iter().any(asks)
    }

    /// True if a line cannot be handled now: a command waits for the lines said before it to be seen, so
    /// that a dialogue reads the same however it is cut into packets; and nobody is faster than the rate.
    fn must_wait(&mut self, event: &Event) -> bool {
        if self.user.in_flight() > 0 && !self.would_say(event) {
            return true;
        }
        let pace = self.shared.config.pace();
        let was_held = self.input.held_until.is_some();
        self.input.held_until = match pace.is_free() {
            true => None,
            false => self.input.rate.take(pace, self.now()).err(),
        };
        let is_held = self.input.held_until.is_some();
        if is_held && !was_held {
            self.counts().slowed.add(1);
        }
        is_held
    }

    fn would_say(&self, event: &Event) -> bool {
        match event {
            Event::Line(line) => self.session.would_say(&Typed::new(line)),
            Event::TooLong => false,
        }
    }

    fn handle_line(&mut self, event: Event) {
        if self.shared.config.idle().is_some() {
            self.input.last = self.now();
        }
        let turn = match &event {
            Event::Line(line) => {
                let typed = Typed::new(line);
                self.line_entered(line, self.session.would_say(&typed));
                self.tell_if_cut(line);
                self.session.typed(typed)
            }
            Event::TooLong => {
                self.line_entered("", false);
                self.session.line_too_long()
            }
        };
        self.perform(turn);
    }
}
