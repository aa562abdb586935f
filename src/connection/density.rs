//! How many rows a busy room takes on a terminal that is only appended to.
//!
//! What a room says there has to begin below whatever may be half typed, so each time it brings a row for that and a
//! prompt below. A prompt that came later would come to stand in what is typed by then. So it is the messages that wait:
//! those of a moment share one prompt. The first one after a pause is shown at once, and nothing waits for scripts, or
//! for somebody who has just pressed Enter and has nothing half typed.

use std::time::{Duration, Instant};

use super::Connection;
use crate::dialog::view::{TerminalView, View};
use crate::limits::{CHARACTER_BY_HAND, DENSE_WAIT, LINES_BY_HAND_APART, PROMPT_SHARED};
use crate::terminal::draw::Drawing;

impl Connection {
    /// True if what the room says waits, so that it shares one prompt with what comes next.
    pub(super) fn is_held(&mut self) -> bool {
        let Some(cut) = self.output.pacing.as_deref().and_then(|pacing| pacing.cut) else {
            return false;
        };
        let is_expected = self.user.in_flight() > 0 || self.user.is_awaiting() || self.stopping;
        let is_below = !self.screen.prompt_is_open();
        let until = cut + self.shared_for();
        let is_held = !is_expected && !is_below && self.user.is_in_room() && self.now() < until;
        self.pacing().held_until = is_held.then_some(until);
        is_held
    }

    /// How long after something was shown the next waits.
    pub(super) fn shared_for(&self) -> Duration {
        let display = &self.screen.display;
        let may_share = display.drawing == Drawing::Plain && display.prompts && !display.quiet;
        match display.dense {
            _ if !may_share => Duration::ZERO,
            Some(true) => DENSE_WAIT,
            Some(false) => Duration::ZERO,
            None if self.input.is_script => Duration::ZERO,
            None => PROMPT_SHARED,
        }
    }

    /// The room was shown something below an open prompt.
    pub(super) fn note_cut(&mut self) {
        if !self.shared_for().is_zero() || self.may_be_cut() {
            let now = self.now();
            self.pacing().cut = Some(now);
        }
    }

    /// Notes whether lines end faster in what was read just now than anybody types.
    pub(super) fn note_line_ends(&mut self, read: &[u8], now: Instant) {
        if self.input.is_script || self.screen.typing.is_some() {
            return;
        }
        let ends = read.iter().filter(|byte| **byte == b'\n').count();
        let is_soon = now - self.input.last < LINES_BY_HAND_APART;
        self.input.is_script |= ends > 1 || ends > 0 && is_soon;
    }

    /// True if messages cut into what is typed, and `\\ansi` would help.
    fn may_be_cut(&self) -> bool {
        let display = &self.screen.display;
        let is_plain = display.drawing == Drawing::Plain && display.prompts;
        is_plain && self.echoes && !self.input.is_script && !self.cut_told
    }

    /// A line has ended. If something was shown while it was typed, its user is told how to avoid that, once.
    pub(super) fn tell_if_cut(&mut self, line: &str) {
        let Some(cut) = self.output.pacing.as_deref().and_then(|pacing| pacing.cut) else {
            return;
        };
        let characters = u32::try_from(line.chars().count()).unwrap_or(u32::MAX);
        if self.now() - cut < CHARACTER_BY_HAND * characters && self.may_be_cut() {
            self.cut_told = true;
            self.show(&View::Terminal(TerminalView::LineWasCut));
        }
    }
}
