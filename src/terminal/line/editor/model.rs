//! The editor against a simple model, and random keys against its bounds.

use proptest::prelude::*;
use unicode_segmentation::UnicodeSegmentation;

use super::*;
use crate::limits::RECALL_BYTES_MAX;

/// The textbook line: graphemes, and how many of them are left of the cursor.
#[derive(Debug, Default)]
struct Model {
    graphemes: Vec<String>,
    cursor: usize,
    killed: String,
    killing: bool,
}

impl Model {
    fn key(&mut self, key: Key) {
        let (at, end) = (self.cursor, self.graphemes.len());
        let killing = std::mem::take(&mut self.killing);
        match key {
            Key::Text(character) => self.put(character.to_string()),
            Key::Backspace if at > 0 => self.remove(at - 1, at),
            Key::Delete if at < end => self.remove(at, at + 1),
            Key::Left => self.cursor = at.saturating_sub(1),
            Key::Right => self.cursor = (at + 1).min(end),
            Key::Home => self.cursor = 0,
            Key::End => self.cursor = end,
            Key::WordLeft => self.cursor = self.back(is_word),
            Key::WordRight => self.cursor = self.forward(),
            Key::DeleteWordLeft => self.kill(self.back(is_word), at, true, killing),
            Key::RuboutWord => self.kill(self.back(is_no_blank), at, true, killing),
            Key::DeleteWordRight => self.kill(at, self.forward(), false, killing),
            Key::KillToStart => self.kill(0, at, true, killing),
            Key::KillToEnd => self.kill(at, end, false, killing),
            Key::Yank => self.put(self.killed.clone()),
            Key::Transpose if end > 1 && at > 0 => {
                let right = at.min(end - 1);
                self.graphemes.swap(right - 1, right);
                self.cursor = right + 1;
            }
            _ => {}
        }
        self.join();
    }

    fn put(&mut self, text: String) {
        self.graphemes.insert(self.cursor, text);
        self.cursor += 1;
    }

    fn remove(&mut self, start: usize, end: usize) {
        self.graphemes.drain(start..end);
        self.cursor = start;
    }

    fn kill(&mut self, start: usize, end: usize, leftward: bool, again: bool) {
        self.killing = true;
        let text = self.graphemes[start..end].concat();
        if !text.is_empty() {
            let kept = if again {
                std::mem::take(&mut self.killed)
            } else {
                String::new()
            };
            self.killed = if leftward { text + &kept } else { kept + &text };
        }
        self.remove(start, end);
    }

    fn back(&self, inside: fn(&str) -> bool) -> usize {
        let mut at = self.cursor;
        while at > 0 && !inside(&self.graphemes[at - 1]) {
            at -= 1;
        }
        while at > 0 && inside(&self.graphemes[at - 1]) {
            at -= 1;
        }
        at
    }

    fn forward(&self) -> usize {
        let rest = self.graphemes[self.cursor..].iter();
        let skipped = rest.clone().take_while(|g| !is_word(g)).count();
        self.cursor + skipped + rest.skip(skipped).take_while(|g| is_word(g)).count()
    }

    /// Neighbours may have become one grapheme; the cursor goes after it.
    fn join(&mut self) {
        let offset: usize = self.graphemes[..self.cursor].iter().map(String::len).sum();
        self.graphemes = self.text().graphemes(true).map(str::to_owned).collect();
        self.cursor = 0;
        while self.offset() < offset {
            self.cursor += 1;
        }
    }

    fn offset(&self) -> usize {
        self.graphemes[..self.cursor].concat().len()
    }

    fn text(&self) -> String {
        self.graphemes.concat()
    }
}

fn is_word(grapheme: &str) -> bool {
    grapheme
        .chars()
        .next()
        .is_some_and(|c| c == '_' || c.is_alphanumeric())
}

fn is_no_blank(grapheme: &str) -> bool {
    !grapheme.chars().next().is_some_and(char::is_whitespace)
}

const EDITING: &[Key] = &[
    Key::Backspace,
    Key::Delete,
    Key::Left,
    Key::Right,
    Key::Home,
    Key::End,
    Key::WordLeft,
    Key::WordRight,
    Key::DeleteWordLeft,
    Key::DeleteWordRight,
    Key::RuboutWord,
    Key::KillToStart,
    Key::KillToEnd,
    Key::Yank,
    Key::Transpose,
];

const OTHERS: &[Key] = &[
    Key::Enter,
    Key::Undo,
    Key::Escape,
    Key::HistoryPrevious,
    Key::HistoryNext,
    Key::Search,
    Key::Cancel,
    Key::Repaint,
    Key::Interrupt,
    Key::EndOfFile,
    Key::Tab,
    Key::BackTab,
    Key::PasteStart,
    Key::PasteEnd,
    Key::PageUp,
];

fn text_key() -> impl Strategy<Value = Key> {
    let hard = concat!(
        "ab y_.,  สวัสดีก็ำ👍👨👩\u{200d}\u{301}\u{fe0f}🇹🇭🏽",
        "본\u{1112}\u{1161}본क\u{94d}ष",
    );
    prop::sample::select(hard.chars().collect::<Vec<_>>()).prop_map(Key::Text)
}

proptest! {
    #[test]
    fn buffer_and_cursor_agree_with_the_model(
        keys in prop::collection::vec(
            prop_oneof![3 => text_key(), 2 => prop::sample::select(EDITING)],
            0..100,
        ),
    ) {
        let (mut editor, mut model) = (Editor::default(), Model::default());
        for key in keys {
            editor.key(key);
            model.key(key);
            prop_assert_eq!(editor.text(), model.text());
            prop_assert_eq!(editor.cursor(), model.offset(), "{:?} {:?}", key, model);
        }
    }

    #[test]
    fn undo_goes_back_through_every_state_to_the_start(
        keys in prop::collection::vec(
            prop_oneof![text_key(), prop::sample::select(EDITING)],
            0..60,
        ),
    ) {
        let mut editor = Editor::default();
        let mut states = vec![(String::new(), 0)];
        for key in keys {
            editor.key(key);
            states.push((editor.text().to_owned(), editor.cursor()));
        }
        while editor.key(Key::Undo) == Outcome::Changed {
            let state = (editor.text().to_owned(), editor.cursor());
            prop_assert!(states.contains(&state), "{:?}", state);
        }
        prop_assert_eq!(editor.text(), "");
    }

    #[test]
    fn no_stream_of_keys_breaks_the_bounds(
        keys in prop::collection::vec(
            prop_oneof![
                4 => text_key(),
                1 => any::<char>().prop_map(Key::Text),
                2 => prop::sample::select(EDITING),
                3 => prop::sample::select(OTHERS),
            ],
            0..200,
        ),
        names in prop::collection::vec("[aก]{0,3}", 0..4),
    ) {
        let mut editor = Editor::default();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        for key in keys {
            if let Outcome::Complete(word) = editor.key(key) {
                prop_assert!(editor.text()[..editor.cursor()].ends_with(&word.text));
                editor.complete(&word, &names);
            }
            let view = editor.view("> ");
            for (text, at) in [(editor.text(), editor.cursor()), (view.text, view.cursor)] {
                prop_assert!(text.len() <= LINE_BYTES_MAX);
                prop_assert!(text.chars().all(buffer::is_text));
                let mut starts = text.grapheme_indices(true).map(|(start, _)| start);
                prop_assert!(at == text.len() || starts.any(|start| start == at));
            }
        }
        prop_assert!(editor.killed.len() <= LINE_BYTES_MAX);
        let lines = (0..editor.history.len()).filter_map(|at| editor.history.get(at));
        let kept: usize = lines.map(str::len).sum();
        prop_assert!(kept <= RECALL_BYTES_MAX);
    }
}
