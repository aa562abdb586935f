//! Character mode: bytes become keys, keys edit a line, a row shows it.

use parlor::limits::{
    ESCAPE_BYTES_MAX, LINE_BYTES_MAX, PASTE_BYTES_MAX, PASTE_LINES_MAX, RECALL_BYTES_MAX,
    SEARCH_BYTES_MAX, UNDO_BYTES_MAX, UNDO_EDITS_MAX,
};
use parlor::terminal::line::buffer::is_text;
use parlor::terminal::line::{Editor, Key, Keys, Outcome, Row};
use parlor::text::width;
use unicode_segmentation::UnicodeSegmentation;

const PROMPT: &str = "anon> ";

/// Names that Tab completes.
const CANDIDATES: [&str; 5] = ["Dai", "Daisy", "ดีจ้า", "ดีค้าบ", "👨\u{200D}👩"];

/// Control keys that mean nothing to the editor stand for what else may happen to it.
const NEW_WIDTH: u8 = 0x18;
const HIDDEN: u8 = 0x1A;
const MODES_CHANGED: u8 = 0x1C;
const SECRET: u8 = 0x1E;

/// The first byte is the width of a terminal in columns, the rest is what its keyboard sends.
///
/// - However the bytes are cut, the keys are the same, and none of them leaves the keyboard dead.
/// - The cursor is on a grapheme boundary, the line is text, and everything that grows has a bound.
/// - What is sent to bring the row up to date leaves it as drawing it anew would, inside the terminal.
pub fn editor(input: &[u8]) {
    let Some((&columns, script)) = input.split_first() else {
        return;
    };
    check_keys(script);
    let mut desk = Desk {
        columns: columns.into(),
        ..Desk::default()
    };
    for byte in script {
        desk.byte(*byte);
    }
    check_memory(&desk.editor);
    desk.undo_all();
}

fn check_keys(script: &[u8]) {
    let keys = |script: &[u8], piece| {
        let (mut decoder, mut keys) = (Keys::default(), Vec::new());
        for mut piece in script.chunks(piece) {
            while let Some(key) = decoder.next(&mut piece) {
                keys.push(key);
            }
            assert!(piece.is_empty(), "input left over");
        }
        keys
    };
    let whole = keys(script, script.len().max(1));
    assert!(whole.len() <= script.len(), "more keys than bytes");
    for piece in [1, 2, 3] {
        assert_eq!(keys(script, piece), whole, "in pieces of {piece}");
    }
    let more = [script, &[b'x'; ESCAPE_BYTES_MAX as usize + 1]].concat();
    assert_eq!(keys(&more, more.len()).last(), Some(&Key::Text('x')));
}

/// All that it holds is in its debug text, where a character takes at most four times its bytes and quotes.
fn check_memory(editor: &Editor) {
    let text = 3 * LINE_BYTES_MAX + RECALL_BYTES_MAX + UNDO_BYTES_MAX;
    let most = 4 * (text + PASTE_BYTES_MAX + SEARCH_BYTES_MAX) + 16 * 1024;
    let held = format!("{editor:?}").len();
    assert!(held <= most, "{held} characters");
}

/// A person at a terminal.
#[derive(Debug, Default)]
struct Desk {
    columns: u16,
    keys: Keys,
    editor: Editor,
    is_secret: bool,
    row: Row,
    screen: Screen,
}

impl Desk {
    fn byte(&mut self, byte: u8) {
        match byte {
            NEW_WIDTH => self.columns = (self.columns * 5 + 3) % 256,
            HIDDEN => {
                let mut out = String::new();
                self.row.hide(&mut out);
                self.screen.print(&out, self.columns);
                assert_eq!(self.screen, Screen::default(), "hidden");
            }
            MODES_CHANGED => {
                let line = self.editor.take();
                assert_eq!(self.editor.text(), "");
                self.editor.load(&line);
                assert_eq!(self.editor.text(), line, "loaded");
            }
            SECRET => {
                self.is_secret = !self.is_secret;
                self.editor.set_secret(self.is_secret);
            }
            _ => {
                let mut rest = &[byte][..];
                while let Some(key) = self.keys.next(&mut rest) {
                    self.press(key);
                }
                return;
            }
        }
        self.check();
    }

    fn press(&mut self, key: Key) -> Outcome {
        let outcome = self.editor.key(key);
        match &outcome {
            Outcome::Line(line) => {
                check_line(line);
                assert_eq!(self.editor.text(), "");
            }
            Outcome::Lines(lines) => {
                assert!((1..=PASTE_LINES_MAX).contains(&lines.len()));
                assert!(lines.concat().len() <= PASTE_BYTES_MAX + LINE_BYTES_MAX);
                lines.iter().for_each(|line| check_line(line));
            }
            Outcome::Complete(word) => {
                let before = &self.editor.text()[..self.editor.cursor()];
                assert!(before.ends_with(&word.text), "{word:?} in {before:?}");
                self.editor.complete(word, &CANDIDATES);
            }
            Outcome::Repaint => self.row.forget(),
            _ => {}
        }
        self.check();
        outcome
    }

    fn check(&mut self) {
        let view = self.editor.view(PROMPT);
        check_line(self.editor.text());
        check_boundary(self.editor.text(), self.editor.cursor());
        if (view.text, view.cursor) != (self.editor.text(), self.editor.cursor()) {
            check_line(view.text);
            check_boundary(view.text, view.cursor);
        }
        assert!(!self.is_secret || view.text.is_empty() || view.prompt != PROMPT);

        let mut out = String::new();
        self.row
            .update(&mut out, PROMPT, &self.editor, self.columns);
        self.screen.print(&out, self.columns);
        let (mut anew, mut out) = (Screen::default(), String::new());
        let mut row = self.row.clone();
        row.paint(&mut out, PROMPT, &self.editor, self.columns);
        anew.print(&out, self.columns);
        assert_eq!(self.screen, anew);
        assert_eq!(self.row, row);
    }

    /// Undo comes to an end, whatever was under way.
    fn undo_all(&mut self) {
        self.press(Key::PasteEnd);
        self.press(Key::Cancel);
        let mut undone = 0;
        while self.press(Key::Undo) != Outcome::Bell {
            undone += 1;
        }
        assert!(undone <= UNDO_EDITS_MAX, "{undone} edits");
    }
}

fn check_line(line: &str) {
    assert!(line.len() <= LINE_BYTES_MAX, "{} bytes", line.len());
    assert!(line.chars().all(is_text), "{line:?}");
}

fn check_boundary(text: &str, cursor: usize) {
    let mut starts = text.grapheme_indices(true).map(|(start, _)| start);
    let is_boundary = cursor == text.len() || starts.any(|start| start == cursor);
    assert!(is_boundary, "{cursor} in {text:?}");
}

/// The input row of a terminal that takes the columns for a grapheme that [`width`] says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Screen {
    cells: String,
    cursor: usize,
}

impl Screen {
    /// Understands what a [`Row`] may send and nothing else.
    fn print(&mut self, mut sent: &str, columns: u16) {
        while !sent.is_empty() {
            if let Some(rest) = sent.strip_prefix('\r') {
                self.cursor = 0;
                sent = rest;
            } else if let Some(rest) = sent.strip_prefix("\x1b[K") {
                assert_eq!(self.cursor, 0, "half a row is erased");
                self.cells.clear();
                sent = rest;
            } else if let Some(rest) = sent.strip_prefix("\x1b[") {
                let (count, rest) = rest.split_once('C').expect("columns to the right");
                self.cursor += count.parse::<usize>().expect("a number");
                assert_ne!(count, "0", "a terminal takes this for 1");
                sent = rest;
            } else {
                let end = sent.find(['\r', '\x1b']).unwrap_or(sent.len());
                self.put(&sent[..end]);
                sent = &sent[end..];
            }
            let last = usize::from(columns).saturating_sub(1);
            assert!(self.cursor <= last, "column {} of {columns}", self.cursor);
        }
    }

    fn put(&mut self, text: &str) {
        assert!(!text.contains(char::is_control), "{text:?}");
        assert_eq!(self.cursor, width(&self.cells), "text is overwritten");
        self.cells.push_str(text);
        self.cursor += width(text);
        assert_eq!(self.cursor, width(&self.cells), "text before has changed");
    }
}
