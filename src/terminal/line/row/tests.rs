use std::num::NonZeroU16;

use proptest::prelude::*;
use unicode_width::UnicodeWidthChar;

use super::*;
use crate::terminal::line::keys::Key;

const PROMPT: &str = "anon> ";

fn editor(text: &str) -> Editor {
    let mut editor = Editor::default();
    editor.load(text);
    editor
}

/// The bytes that a change sends.
fn sent(row: &mut Row, editor: &Editor, columns: u16) -> String {
    let mut out = String::new();
    row.update(&mut out, PROMPT, editor, columns);
    out
}

/// A terminal of four rows with something above the input row.
fn terminal(columns: u16) -> vt100::Parser {
    let rows = NonZeroU16::new(4).unwrap();
    let mut parser = vt100::Parser::new(rows, NonZeroU16::new(columns).unwrap(), 0);
    parser.process(b"above\r\n");
    parser
}

/// The text and the cursor's column of the input row, which must be the second one.
fn screen(parser: &vt100::Parser, columns: u16) -> (String, u16) {
    let screen = parser.screen();
    let (row, column) = screen.cursor_position();
    let rows: Vec<String> = screen.rows(0, columns).collect();
    assert_eq!((row, rows[0].as_str()), (1, "above"), "the row wrapped");
    assert_eq!([rows[2].as_str(), rows[3].as_str()], ["", ""]);
    (rows[1].trim_end().to_owned(), column)
}

fn painted(row: &mut Row, editor: &Editor, columns: u16) -> (String, u16) {
    let mut out = String::new();
    row.paint(&mut out, PROMPT, editor, columns);
    let mut parser = terminal(columns);
    parser.process(out.as_bytes());
    screen(&parser, columns)
}

#[test]
fn a_character_typed_at_the_end_sends_itself() {
    let (mut row, mut editor) = (Row::default(), editor(""));
    assert_eq!(sent(&mut row, &editor, 80), "\r\x1b[Kanon> \r\x1b[6C");
    assert_eq!(sent(&mut row, &editor, 80), "");
    for character in "hi สวัสดี 👍".chars() {
        editor.key(Key::Text(character));
        assert_eq!(sent(&mut row, &editor, 80), character.to_string());
    }
    editor.key(Key::Home);
    assert_eq!(sent(&mut row, &editor, 80), "\r\x1b[6C");
    editor.key(Key::Text('x'));
    assert_eq!(
        sent(&mut row, &editor, 80),
        "\r\x1b[Kanon> xhi สวัสดี 👍\r\x1b[7C"
    );
}

#[test]
fn a_character_that_changes_the_width_before_it_paints_the_row() {
    let (mut row, mut editor) = (Row::default(), editor("👨\u{200d}"));
    sent(&mut row, &editor, 80);
    editor.key(Key::Text('👩'));
    assert_eq!(
        sent(&mut row, &editor, 80),
        "\r\x1b[Kanon> 👨\u{200d}👩\r\x1b[8C"
    );
}

#[test]
fn hiding_makes_the_next_update_paint() {
    let (mut row, editor) = (Row::default(), editor("hello"));
    let full = sent(&mut row, &editor, 80);
    let mut out = String::new();
    row.hide(&mut out);
    assert_eq!(out, "\r\x1b[K");
    assert_eq!(sent(&mut row, &editor, 80), full);
    row.forget();
    assert_eq!(sent(&mut row, &editor, 80), full);
    assert_eq!(sent(&mut row, &editor, 79), full);
}

#[test]
fn a_long_line_scrolls_and_marks_what_is_hidden() {
    let (mut row, mut editor) = (Row::default(), editor("abcdefghijklmnopqrstuvwxyz"));
    assert_eq!(
        painted(&mut row, &editor, 21),
        ("anon> <tuvwxyz".to_owned(), 14)
    );
    editor.key(Key::Left);
    assert_eq!(
        painted(&mut row, &editor, 21),
        ("anon> <tuvwxyz".to_owned(), 13)
    );
    editor.key(Key::Home);
    assert_eq!(
        painted(&mut row, &editor, 21),
        ("anon> abcdefghijklm>".to_owned(), 6)
    );
    for _ in 0..13 {
        editor.key(Key::Right);
    }
    assert_eq!(
        painted(&mut row, &editor, 21),
        ("anon> <ghijklmnopqr>".to_owned(), 14)
    );
    editor.key(Key::Left);
    assert_eq!(
        painted(&mut row, &editor, 21),
        ("anon> <ghijklmnopqr>".to_owned(), 13)
    );
}

#[test]
fn half_a_wide_character_is_not_shown() {
    let (mut row, mut editor) = (Row::default(), editor("本本本本本本本本"));
    editor.key(Key::Home);
    assert_eq!(
        painted(&mut row, &editor, 18),
        ("anon> 本本本本本>".to_owned(), 6)
    );
    assert_eq!(
        painted(&mut row, &editor, 19),
        ("anon> 本本本本本 >".to_owned(), 6)
    );
}

#[test]
fn the_grapheme_under_the_cursor_is_always_in_view() {
    for text in [
        "abcdefghijklmnopqrstuvwxyz",
        "本本本本本本本本",
        "a本b本cde本本f",
    ] {
        for room in MARKED_COLUMNS_MIN..24 {
            for first in 0..text.len() {
                for cursor in (0..=text.len()).filter(|at| text.is_char_boundary(*at)) {
                    let prompt = PROMPT.into();
                    let view = View {
                        prompt,
                        text,
                        cursor,
                    };
                    let window = Window::new(text, room, scroll(&view, room, first));
                    assert!(window.shows(cursor), "{text} {room} {first} {cursor}");
                    assert!(window.width() <= room);
                }
            }
        }
    }
}

#[test]
fn in_the_first_column_the_cursor_is_not_moved() {
    let (mut row, mut out) = (Row::default(), String::new());
    row.paint(&mut out, "", &editor(""), 80);
    assert_eq!(out, "\r\x1b[K\r");
}

#[test]
fn tiny_widths_cut_the_prompt_and_never_wrap() {
    for columns in 0..12 {
        for text in ["", "a", "hello world", "👍👍👍👍👍👍", "สวัสดี บผใฝ"]
        {
            let mut row = Row::default();
            let shown = row.layout(&editor(text).view(PROMPT), columns);
            let room = usize::from(columns).saturating_sub(1);
            assert!(width(&shown.cells) <= room && shown.cursor <= room);
            assert_eq!(width(&shown.cells), shown.width);
        }
    }
    let (mut row, editor) = (Row::default(), editor("hello"));
    assert_eq!(
        painted(&mut row, &editor, 11),
        ("non> hello".to_owned(), 10)
    );
}

#[test]
fn questions_and_secrets_are_shown_as_such() {
    let (mut row, mut editor) = (Row::default(), editor("one"));
    editor.set_secret(true);
    assert_eq!(painted(&mut row, &editor, 40), ("anon>".to_owned(), 6));
    editor.set_secret(false);
    editor.load("one");
    editor.key(Key::Enter);
    editor.key(Key::Search);
    editor.key(Key::Text('n'));
    assert_eq!(
        painted(&mut row, &editor, 40),
        ("(reverse search) n: one".to_owned(), 21)
    );
}

fn any_key() -> impl Strategy<Value = Key> {
    let text: Vec<char> = "ab c.สวัสดี บผใฝก็ำ👍😝本".chars().collect();
    let moves = vec![
        Key::Left,
        Key::Right,
        Key::Home,
        Key::End,
        Key::WordLeft,
        Key::WordRight,
        Key::Backspace,
        Key::Delete,
        Key::RuboutWord,
        Key::Transpose,
        Key::Undo,
        Key::Yank,
        Key::HistoryPrevious,
        Key::HistoryNext,
        Key::Search,
        Key::Cancel,
        Key::PasteStart,
        Key::PasteEnd,
    ];
    prop_oneof![
        8 => prop::sample::select(text).prop_map(Key::Text),
        3 => prop::sample::select(moves),
        1 => prop::sample::select(vec![Key::Left, Key::Backspace]),
    ]
}

proptest! {
    #[test]
    fn updates_leave_the_screen_as_a_full_paint_does(
        columns in 10u16..=100,
        start in 0usize..60,
        keys in prop::collection::vec(any_key(), 0..120),
    ) {
        let mut editor = editor("an old line สวัสดี");
        editor.key(Key::Enter);
        editor.load(&"half ".repeat(start / 5));
        let (mut row, mut parser) = (Row::default(), terminal(columns));
        parser.process(sent(&mut row, &editor, columns).as_bytes());
        for key in keys {
            editor.key(key);
            parser.process(sent(&mut row, &editor, columns).as_bytes());
            let full = painted(&mut row.clone(), &editor, columns);
            prop_assert_eq!(&screen(&parser, columns), &full);

            // The screen model keeps only so many marks in a cell.
            if editor.view(PROMPT).text.graphemes(true).any(|g| g.chars().count() > 4) {
                break;
            }
            // Left and right of the cursor stands the text that is left and right of it.
            let view = editor.view(PROMPT);
            let left = parser.screen().rows(0, full.1).nth(1).unwrap_or_default();
            let right = parser.screen().rows(full.1, columns).nth(1).unwrap_or_default();
            // A mark without a base stands over what is left of it.
            let rest = &view.text[view.cursor..];
            let base = rest.trim_start_matches(|c: char| c.width() == Some(0));
            let split = view.text.len() - base.len();
            let before = [&view.prompt, &view.text[..split]].concat();
            let left = left.rsplit('<').next().unwrap_or_default();
            let (before, left) = (before.trim_end(), left.trim_end());
            prop_assert!(before.ends_with(left), "{left:?} {before:?}");
            let right = right.trim_end_matches('>').trim_end();
            prop_assert!(view.text[split..].starts_with(right), "{right:?} {view:?}");
        }
    }

    #[test]
    fn any_text_stays_inside_any_width(
        text in "\\PC{0,80}",
        prompt in ".{0,20}",
        columns in 0u16..=100,
        lefts in 0usize..80,
    ) {
        let mut editor = editor(&text);
        for _ in 0..lefts {
            editor.key(Key::Left);
        }
        let (mut row, mut out) = (Row::default(), String::new());
        row.paint(&mut out, &prompt, &editor, columns);
        let shown = row.shown.clone().unwrap();
        prop_assert!(shown.width.max(shown.cursor) <= usize::from(columns).saturating_sub(1));
        prop_assert!(shown.cells.chars().all(|c| !c.is_control()));
    }
}
