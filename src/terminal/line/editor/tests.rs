use super::*;
use crate::limits::PASTE_LINES_MAX;
use crate::terminal::line::complete::Wanted;

/// Types text; `\n` is Enter. Gives the last outcome.
fn type_in(editor: &mut Editor, text: &str) -> Outcome {
    let mut outcome = Outcome::Nothing;
    for character in text.chars() {
        outcome = editor.key(match character {
            '\n' => Key::Enter,
            '\t' => Key::Tab,
            _ => Key::Text(character),
        });
    }
    outcome
}

fn press(editor: &mut Editor, keys: &[Key]) -> Outcome {
    let mut outcome = Outcome::Nothing;
    for key in keys {
        outcome = editor.key(*key);
    }
    outcome
}

fn paste(editor: &mut Editor, text: &str) -> Outcome {
    editor.key(Key::PasteStart);
    type_in(editor, text);
    editor.key(Key::PasteEnd)
}

fn editor(text: &str) -> Editor {
    let mut editor = Editor::default();
    type_in(&mut editor, text);
    editor
}

/// The text with `|` where the cursor is.
fn shown(editor: &Editor) -> String {
    let (before, after) = editor.text().split_at(editor.cursor());
    format!("{before}|{after}")
}

fn line(text: &str) -> Outcome {
    Outcome::Line(text.to_owned())
}

/// A line, keys pressed after it, and what is there then, with the cursor as `|`.
const KEYS: &[(&str, &[Key], &str)] = &[
    ("hello", &[Key::Backspace, Key::Left, Key::Delete], "hel|"),
    ("hello", &[Key::Home, Key::EndOfFile, Key::Right], "e|llo"),
    ("สวัสดี", &[Key::Backspace, Key::Left], "สวั|ส"),
    ("a👨‍👩‍👧b", &[Key::Left, Key::Backspace], "a|b"),
    (
        "one two",
        &[Key::WordLeft, Key::WordLeft, Key::WordRight],
        "one| two",
    ),
    ("a.b c", &[Key::DeleteWordLeft, Key::DeleteWordLeft], "a.|"),
    ("a.b c", &[Key::RuboutWord, Key::RuboutWord], "|"),
    (
        "a b c",
        &[Key::RuboutWord, Key::RuboutWord, Key::Yank],
        "a b c|",
    ),
    (
        "a b c",
        &[
            Key::Home,
            Key::DeleteWordRight,
            Key::DeleteWordRight,
            Key::End,
            Key::Yank,
        ],
        " ca b|",
    ),
    (
        "a b c",
        &[Key::WordLeft, Key::KillToEnd, Key::KillToStart, Key::Yank],
        "a b c|",
    ),
    (
        "ab",
        &[Key::Backspace, Key::KillToStart, Key::Yank, Key::Yank],
        "aa|",
    ),
    ("ab", &[Key::Transpose], "ba|"),
    ("abc", &[Key::Home, Key::Right, Key::Transpose], "ba|c"),
    ("กี่ดี", &[Key::Transpose], "ดีกี่|"),
    ("a", &[Key::Transpose], "a|"),
    ("one two", &[Key::Undo, Key::Undo], "|"),
    (
        "one two",
        &[Key::KillToStart, Key::Undo, Key::Undo],
        "one |",
    ),
    ("half", &[Key::Interrupt, Key::Undo], "half|"),
    (
        "a\nb\n",
        &[
            Key::HistoryPrevious,
            Key::HistoryPrevious,
            Key::HistoryPrevious,
        ],
        "a|",
    ),
    (
        "a\nhalf",
        &[Key::HistoryPrevious, Key::HistoryNext, Key::HistoryNext],
        "half|",
    ),
    (
        "a\nb\n",
        &[
            Key::HistoryPrevious,
            Key::Text('!'),
            Key::HistoryPrevious,
            Key::Undo,
        ],
        "b!|",
    ),
];

#[test]
fn keys_do_what_readline_does() {
    for (text, keys, expected) in KEYS {
        let mut editor = editor(text);
        press(&mut editor, keys);
        assert_eq!(shown(&editor), *expected, "{text:?} {keys:?}");
    }
}

#[test]
fn outcomes_tell_what_to_do() {
    let mut editor = editor("hi");
    assert_eq!(editor.key(Key::Repaint), Outcome::Repaint);
    assert_eq!(editor.key(Key::PageUp), Outcome::PageUp);
    assert_eq!(editor.key(Key::PageDown), Outcome::PageDown);
    assert_eq!(
        editor.key(Key::CursorPosition { row: 1, column: 1 }),
        Outcome::Nothing
    );
    assert_eq!(editor.key(Key::Yank), Outcome::Bell);
    assert_eq!(editor.key(Key::Enter), line("hi"));
    assert_eq!(editor.key(Key::Undo), Outcome::Bell);
    assert_eq!(editor.key(Key::EndOfFile), Outcome::EndOfFile);
    assert_eq!(editor.key(Key::Interrupt), Outcome::Interrupted);
    assert_eq!(editor.key(Key::Enter), line(""));
}

#[test]
fn a_full_line_refuses_and_keeps_what_it_has() {
    let full = "x".repeat(LINE_BYTES_MAX);
    let mut editor = editor(&full);
    assert_eq!(editor.key(Key::Text('y')), Outcome::Bell);
    assert_eq!(paste(&mut editor, "yy"), Outcome::Bell);
    assert_eq!(editor.key(Key::Enter), line(&full));
    editor.load(&"ก\n".repeat(LINE_BYTES_MAX));
    assert_eq!(editor.text(), "ก".repeat(LINE_BYTES_MAX / 3));
}

#[test]
fn search_accepts_cancels_and_goes_on() {
    let mut editor = editor("build ok\nbuild failed\nhalf");
    press(&mut editor, &[Key::Left, Key::Search]);
    assert_eq!(editor.view("> ").prompt, "(reverse search) : ");
    assert_eq!(type_in(&mut editor, "ui"), Outcome::Changed);
    let view = editor.view("> ");
    assert_eq!(
        (view.prompt.as_ref(), view.text, view.cursor),
        ("(reverse search) ui: ", "build failed", 1)
    );
    assert_eq!(editor.key(Key::Search), Outcome::Changed);
    assert_eq!(editor.view("> ").text, "build ok");
    assert_eq!(editor.key(Key::Search), Outcome::Bell);
    let mut accepted = editor.clone();
    assert_eq!(accepted.key(Key::Right), Outcome::Changed);
    assert_eq!(shown(&accepted), "bu|ild ok");
    assert_eq!(accepted.key(Key::Undo), Outcome::Changed);
    assert_eq!(accepted.text(), "half");
    let mut cancelled = editor.clone();
    assert_eq!(cancelled.key(Key::Interrupt), Outcome::Changed);
    assert_eq!(shown(&cancelled), "hal|f");
    assert_eq!(editor.key(Key::Enter), line("build ok"));
}

#[test]
fn tab_completes_and_a_second_one_lists() {
    let names: &[&str] = &["Dai", "daisy", "เป็นคน"];
    let table: &[(&str, usize, Outcome, &str)] = &[
        ("เป", 1, Outcome::Changed, "เป็นคน: |"),
        ("hi @เป", 1, Outcome::Changed, "hi @เป็นคน |"),
        ("d", 1, Outcome::Changed, "Dai|"),
        (
            "d",
            2,
            Outcome::List(vec!["Dai".to_owned(), "daisy".to_owned()]),
            "Dai|",
        ),
        ("dai", 1, Outcome::Bell, "dai|"),
        ("DAIS", 1, Outcome::Changed, "daisy: |"),
        ("x", 2, Outcome::Bell, "x|"),
    ];
    for (text, tabs, expected, line) in table {
        let mut editor = editor(text);
        let mut outcome = Outcome::Nothing;
        for _ in 0..*tabs {
            outcome = complete(&mut editor, names);
        }
        assert_eq!(
            (&outcome, shown(&editor).as_str()),
            (expected, *line),
            "{text:?}"
        );
    }
    let mut editor = editor("ดี, b");
    press(&mut editor, &[Key::Home, Key::Text('\\'), Key::Text('e')]);
    complete(&mut editor, &["exit"]);
    assert_eq!(shown(&editor), "\\exit |ดี, b");
    press(&mut editor, &[Key::Left]);
    complete(&mut editor, &["exit"]);
    assert_eq!(shown(&editor), "\\exit |ดี, b");
}

/// Presses Tab and gives the candidates.
fn complete(editor: &mut Editor, candidates: &[&str]) -> Outcome {
    match editor.key(Key::Tab) {
        Outcome::Complete(word) => editor.complete(&word, candidates),
        other => panic!("{other:?}"),
    }
}

#[test]
fn candidates_that_come_too_late_complete_nothing() {
    let mut editor = editor("da");
    let Outcome::Complete(word) = editor.key(Key::Tab) else {
        panic!("Tab completes");
    };
    assert_eq!(editor.key(Key::Enter), Outcome::Line("da".to_owned()));
    assert_eq!(editor.complete(&word, &["Dai"]), Outcome::Nothing);
    assert_eq!(shown(&editor), "|");
}

#[test]
fn nothing_follows_the_answer_to_a_question() {
    let mut editor = editor("11");
    let Outcome::Complete(mut word) = editor.key(Key::Tab) else {
        panic!("Tab completes");
    };
    word.wanted = Wanted::Answer;
    editor.complete(&word, &["1150"]);
    assert_eq!(shown(&editor), "1150|");
}

#[test]
fn a_paste_of_one_line_is_typed_text() {
    let mut editor = editor("say ");
    assert_eq!(paste(&mut editor, "a\tb\n"), Outcome::Changed);
    assert_eq!(shown(&editor), "say a b|");
    // Keys in a paste do nothing.
    editor.key(Key::PasteStart);
    press(
        &mut editor,
        &[Key::KillToStart, Key::EndOfFile, Key::Left, Key::PasteStart],
    );
    assert_eq!(editor.key(Key::PasteEnd), Outcome::Nothing);
    assert_eq!(shown(&editor), "say a b|");
}

#[test]
fn a_paste_of_lines_is_asked_about_and_sent() {
    let mut editor = editor("say END");
    press(&mut editor, &[Key::Left; 3]);
    let asked = Outcome::Paste {
        lines: 2,
        left_out: 0,
    };
    assert_eq!(paste(&mut editor, "one\n\ntwo\nthr"), asked);
    let view = editor.view("> ");
    assert_eq!(
        (view.prompt.as_ref(), view.text),
        ("Send 2 lines? [y/N] ", "")
    );
    assert_eq!(editor.key(Key::Repaint), Outcome::Repaint);
    let lines = ["say one".to_owned(), "two".to_owned()];
    assert_eq!(editor.key(Key::Text('y')), Outcome::Lines(lines.to_vec()));
    assert_eq!(shown(&editor), "thr|END");
    press(&mut editor, &[Key::HistoryPrevious, Key::HistoryPrevious]);
    assert_eq!(editor.text(), "say one");
}

#[test]
fn a_paste_that_is_not_sent_is_in_the_history() {
    for no in [
        Key::Text('n'),
        Key::Enter,
        Key::Interrupt,
        Key::Cancel,
        Key::Left,
        Key::Text('x'),
    ] {
        let mut editor = editor("say END");
        press(&mut editor, &[Key::WordLeft]);
        paste(&mut editor, "one\ntwo\nthr");
        let told = match no {
            Key::Left | Key::Text('x') => Outcome::Changed,
            _ => Outcome::PasteKept,
        };
        assert_eq!(editor.key(no), told, "{no:?}");
        let expected = match no {
            Key::Left => "say| END",
            Key::Text('x') => "say x|END",
            _ => "say |END",
        };
        assert_eq!(shown(&editor), expected);
        for text in ["thr", "two", "one"] {
            editor.key(Key::HistoryPrevious);
            assert_eq!(editor.text(), text);
        }
    }
}

#[test]
fn a_paste_over_the_bound_says_so() {
    let mut editor = Editor::default();
    let outcome = paste(&mut editor, &"x\n".repeat(PASTE_LINES_MAX + 3));
    assert_eq!(
        outcome,
        Outcome::Paste {
            lines: PASTE_LINES_MAX,
            left_out: 3
        }
    );
    assert_eq!(editor.view("").prompt, "Send 100 of 103 lines? [y/N] ");
}

#[test]
fn a_paste_without_an_end_is_left_with_control_c() {
    let mut editor = Editor::default();
    editor.key(Key::PasteStart);
    type_in(&mut editor, "typed");
    assert_eq!(editor.key(Key::Interrupt), Outcome::Changed);
    assert_eq!(shown(&editor), "typed|");
}

#[test]
fn a_remainder_that_does_not_fit_goes_into_the_history() {
    let after = "e".repeat(LINE_BYTES_MAX - 1);
    let mut editor = editor(&after);
    press(&mut editor, &[Key::Home]);
    paste(&mut editor, "one\nrest");
    assert_eq!(
        editor.key(Key::Text('y')),
        Outcome::Lines(vec!["one".to_owned()])
    );
    assert_eq!(editor.text(), after);
    editor.key(Key::HistoryPrevious);
    assert_eq!(editor.text(), "rest");
}

#[test]
fn a_secret_leaves_no_trace() {
    let mut editor = editor("before\n");
    editor.set_secret(true);
    type_in(&mut editor, "pass word");
    assert_eq!(editor.view("Password: ").text, "");
    press(&mut editor, &[Key::RuboutWord]);
    for key in [Key::Yank, Key::Tab, Key::Search, Key::HistoryPrevious] {
        assert_eq!(editor.key(key), Outcome::Bell, "{key:?}");
    }
    assert_eq!(paste(&mut editor, "a\nb\n"), Outcome::Bell);
    assert_eq!(editor.key(Key::Enter), line("pass "));
    editor.set_secret(false);
    assert_eq!(editor.key(Key::Undo), Outcome::Bell);
    editor.key(Key::HistoryPrevious);
    assert_eq!(editor.text(), "before");
    assert!(!format!("{editor:?}").contains("word"));
}

#[test]
fn a_half_typed_secret_is_gone_when_it_is_no_longer_asked_for() {
    let mut editor = editor("before");
    editor.set_secret(true);
    assert_eq!(editor.text(), "before");
    type_in(&mut editor, " word");
    editor.set_secret(false);
    assert_eq!(editor.text(), "");
    assert_eq!(editor.key(Key::Undo), Outcome::Bell);
}

#[test]
fn an_unused_editor_is_small() {
    // A thousand idle ones should not be felt; what is on the heap comes with use.
    assert!(size_of::<Editor>() <= 352, "{}", size_of::<Editor>());
}
