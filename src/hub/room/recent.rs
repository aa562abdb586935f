//! The last lines of a room, for new members.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::chat::message::Message;

/// The last lines of a room: a copy of the end of its log, which the store has in full.
#[derive(Debug)]
pub(super) struct Recent {
    lines: VecDeque<Arc<Message>>,
    lines_max: usize,
    /// The lines from before this server was started are among them.
    is_complete: bool,
}

impl Recent {
    /// The last `lines_max` lines.
    pub(super) fn new(lines_max: usize) -> Recent {
        Recent {
            lines: VecDeque::new(),
            lines_max,
            // No lines are easily had.
            is_complete: lines_max == 0,
        }
    }

    /// From now on it is the last `lines_max` lines. If that is more, what is missing has to be read.
    pub(super) fn set_lines_max(&mut self, lines_max: usize) {
        self.is_complete &= lines_max <= self.lines_max;
        self.lines_max = lines_max;
        let excess = self.lines.len().saturating_sub(lines_max);
        self.lines.drain(..excess);
        self.lines.shrink_to(lines_max);
    }

    /// How many lines have to be read for it; 0 if it has them.
    pub(super) fn missing(&self) -> usize {
        match self.is_complete {
            true => 0,
            false => self.lines_max,
        }
    }

    /// Fills in what was read from the store.
    pub(super) fn fill(&mut self, lines: Vec<Arc<Message>>) {
        // Lines of this time are there already, if the store failed until now.
        self.lines.clear();
        lines.into_iter().for_each(|line| self.push(line));
        self.is_complete = true;
    }

    pub(super) fn push(&mut self, line: Arc<Message>) {
        // What others have said may be read from the store before the room comes to it.
        if self.lines.back().is_some_and(|last| last.id >= line.id) {
            return;
        }
        if self.lines.len() >= self.lines_max {
            self.lines.pop_front();
        }
        if self.lines_max > 0 {
            self.lines.push_back(line);
        }
    }

    /// Oldest first.
    pub(super) fn lines(&self) -> Vec<Arc<Message>> {
        self.lines.iter().cloned().collect()
    }
}
