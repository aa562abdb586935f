//! The input row of character mode on the screen: one row, scrolled sideways, never wrapped.
//!
//! Only four things are sent: CR, `ESC [ K` (erase to the right), `ESC [ n C` (n columns to the
//! right) and text. The last column stays free, since terminals differ in what they do there.
//! A [`Row`] knows what it has put on the screen, so [`Row::update`] sends only what is new: for a
//! character typed at the end, that character.

use unicode_segmentation::UnicodeSegmentation;

use crate::terminal::line::buffer;
use crate::terminal::line::editor::{Editor, View};
use crate::text::{self, width};

/// Columns that a long prompt leaves for the text, if the row has twice as many.
const TEXT_COLUMNS_MIN: usize = 8;

/// The least columns in which hidden text is marked: two marks and a wide grapheme.
const MARKED_COLUMNS_MIN: usize = 4;

/// The input row of one terminal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// Byte offset of the first grapheme in view. It stays while the cursor is in view, so that
    /// the text does not jump at each key.
    first: usize,
    columns: u16,
    shown: Option<Shown>,
}

/// What stands on the screen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Shown {
    cells: String,
    width: usize,
    cursor: usize,
}

impl Row {
    /// Draws the row on a terminal of `columns` columns, whatever stood there before.
    ///
    /// The cursor must be on the row; it ends at its place in the text.
    pub fn paint(&mut self, out: &mut String, prompt: &str, editor: &Editor, columns: u16) {
        let shown = self.layout(&editor.view(prompt), columns);
        out.push_str("\r\x1b[K");
        out.push_str(&shown.cells);
        move_to(out, shown.cursor);
        self.shown = Some(shown);
    }

    /// Brings the row up to date with as few bytes as possible; none if nothing has changed.
    /// Does the same as [`Row::paint`] after [`Row::hide`] or a change of width.
    pub fn update(&mut self, out: &mut String, prompt: &str, editor: &Editor, columns: u16) {
        let same_width = self.columns == columns;
        let Some(old) = self.shown.take().filter(|_| same_width) else {
            return self.paint(out, prompt, editor, columns);
        };
        let new = self.layout(&editor.view(prompt), columns);
        let more = new.cells.strip_prefix(old.cells.as_str());
        match more {
            Some("") if new.cursor == old.cursor => {}
            Some("") => move_to(out, new.cursor),
            Some(more) if follows(&old, &new, more) => out.push_str(more),
            _ => {
                out.push_str("\r\x1b[K");
                out.push_str(&new.cells);
                move_to(out, new.cursor);
            }
        }
        self.shown = Some(new);
    }

    /// Clears the row, so that something else can be printed from its first column on.
    pub fn hide(&mut self, out: &mut String) {
        out.push_str("\r\x1b[K");
        self.shown = None;
    }

    /// The row is gone from the screen without our doing, as after the CR LF of a sent line.
    pub fn forget(&mut self) {
        self.shown = None;
    }

    fn layout(&mut self, view: &View<'_>, columns: u16) -> Shown {
        let room = usize::from(columns).saturating_sub(1);
        let prompt_room = (room / 2).max(room.saturating_sub(TEXT_COLUMNS_MIN));
        let prompt = tail(&view.prompt, prompt_room);
        let mut cells: String = prompt.chars().filter(|c| buffer::is_text(*c)).collect();
        let prompt_width = width(&cells);
        let room = room - prompt_width;
        if self.columns != columns {
            self.columns = columns;
            self.first = view.text.len();
        }
        self.first = scroll(view, room, self.first);
        let window = Window::new(view.text, room, self.first);
        let cursor = window.push(&mut cells, view);
        Shown {
            width: prompt_width + window.width(),
            cursor: prompt_width + cursor,
            cells,
        }
    }
}

/// The part of the text that is in view.
#[derive(Debug, Clone, Copy)]
struct Window {
    first: usize,
    last: usize,
    /// Columns of the text in view.
    columns: usize,
    /// Columns that stay empty between the text and the mark, where half a wide grapheme would be.
    gap: usize,
    left_mark: bool,
    right_mark: bool,
}

impl Window {
    /// What is in view in `room` columns if `first` is the first grapheme.
    fn new(text: &str, room: usize, first: usize) -> Window {
        let marked = room >= MARKED_COLUMNS_MIN;
        let left_mark = marked && first > 0;
        let room = room - usize::from(left_mark);
        let (mut last, mut columns) = fit(&text[first..], room);
        let right_mark = marked && first + last < text.len();
        if right_mark {
            (last, columns) = fit(&text[first..], room - 1);
        }
        Window {
            first,
            last: first + last,
            columns,
            gap: if right_mark { room - 1 - columns } else { 0 },
            left_mark,
            right_mark,
        }
    }

    fn width(&self) -> usize {
        usize::from(self.left_mark) + self.columns + self.gap + usize::from(self.right_mark)
    }

    /// Adds the cells, and returns the column of the cursor.
    fn push(&self, cells: &mut String, view: &View<'_>) -> usize {
        if self.left_mark {
            cells.push('<');
        }
        cells.push_str(&view.text[self.first..self.last]);
        if self.right_mark {
            cells.extend(std::iter::repeat_n(' ', self.gap));
            cells.push('>');
        }
        let end = view.cursor.clamp(self.first, self.last);
        usize::from(self.left_mark) + width(&view.text[self.first..end])
    }

    /// The cursor can be seen, with the grapheme under it.
    fn shows(&self, cursor: usize) -> bool {
        self.first <= cursor && (cursor < self.last || !self.right_mark && cursor == self.last)
    }
}

/// The first grapheme in view: `first` if that will do; otherwise the cursor comes to the middle,
/// so that the next keys move it and not the text.
fn scroll(view: &View<'_>, room: usize, first: usize) -> usize {
    if fit(view.text, room).0 == view.text.len() {
        return 0;
    }
    let first = buffer::boundary(view.text, first);
    // After the mark there should be something for Backspace to delete.
    if (first == 0 || first < view.cursor) && Window::new(view.text, room, first).shows(view.cursor)
    {
        return first;
    }
    let before = (room / 2).min(room.saturating_sub(MARKED_COLUMNS_MIN));
    view.cursor - tail(&view.text[..view.cursor], before).len()
}

/// New cells can go straight after the old ones: the cursor is there before and after, and they
/// do not change the width of what they may join.
fn follows(old: &Shown, new: &Shown, more: &str) -> bool {
    old.cursor == old.width && new.cursor == new.width && old.width + width(more) == new.width
}

fn move_to(out: &mut String, column: usize) {
    out.push('\r');
    // `ESC [ 0 C` would move by one.
    if column > 0 {
        out.push_str(&format!("\x1b[{column}C"));
    }
}

/// Bytes and columns of the longest beginning that fits into `room` columns.
fn fit(text: &str, room: usize) -> (usize, usize) {
    let beginning = text::cut(text, room);
    (beginning.len(), width(beginning))
}

/// The longest end that fits into `room` columns: the end is the most telling part of a prompt.
fn tail(text: &str, room: usize) -> &str {
    let mut columns = 0;
    for (at, grapheme) in text.grapheme_indices(true).rev() {
        columns += width(grapheme);
        if columns > room {
            return &text[at + grapheme.len()..];
        }
    }
    text
}

#[cfg(test)]
mod tests;
