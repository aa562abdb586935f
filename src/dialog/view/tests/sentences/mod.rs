//! Every sentence that the server can say to a client, each with its trigger.
//!
//! - this file: what a sentence is, and what holds for each;
//! - `variants`: the variants of all views, each of which has to have a sentence;
//! - `document`: `docs/sentences.md`, the list for people;
//! - the other files: the list, by subject.

mod account;
mod admin;
mod document;
mod general;
mod help;
mod history;
mod keys;
mod messages;
mod moderation;
mod names;
mod nodes;
mod notices;
mod people;
mod rooms;
mod settings;
mod terminal;
mod variants;

use std::collections::BTreeSet;
use std::num::NonZeroU16;

use super::*;
use crate::chat::message::{Item, Notice};
use crate::terminal::draw::{self, Display, Drawing, Newline};
use variants::{Named, VARIANTS};

/// Something that the server says.
#[derive(Debug)]
enum Said {
    View(View),
    Question(Question),
    Notice(Notice),
    /// In front of what is typed, and no question.
    Prompt(String),
}

/// A row that does not end as a sentence does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// The numbered menu.
    Menu,
    /// A row of `=` or `-` on both sides.
    Banner,
    /// Names with commas between them, or the row above a list.
    List,
    /// A row of `\rooms` or `\stats`.
    Table,
    /// An example of a command.
    Example,
    /// What happened, as rows of a room tell it: `* Dai joined`.
    Happened,
    /// The end is what somebody has typed.
    Typed,
    /// A question with `[y/N] `.
    Choice,
    /// `anon> `
    Prompt,
    /// `[yes]`
    Yes,
    /// The words of the original program.
    Original,
}

impl Form {
    fn fits(self, row: &str) -> bool {
        match self {
            Form::Menu => row.starts_with("Enter following number") || row.starts_with("    ("),
            Form::Banner => {
                let ends = [row.chars().next(), row.chars().last()];
                ends == [Some('='); 2] || ends == [Some('-'); 2]
            }
            Form::List => row.contains([',', ':']) || row.contains("  "),
            Form::Table => row.starts_with("people") || row.contains("  ") || row.contains(": "),
            Form::Example => row.starts_with("For example: ") || row.starts_with("The same: "),
            Form::Happened => row.starts_with("* "),
            Form::Typed => row.ends_with(TYPED),
            Form::Choice => row.ends_with("[y/N] "),
            Form::Prompt => row.ends_with("> "),
            Form::Yes => row == "[yes]",
            Form::Original => ORIGINAL.iter().any(|words| row.starts_with(words)),
        }
    }
}

/// What somebody types in these sentences.
const TYPED: &str = "lunch at noon";

const ORIGINAL: [&str; 4] = [
    "Create room 1150 successful",
    "Join room 1150 successful",
    "There are no created rooms yet",
    "Update username successful",
];

/// One sentence, or some that are always said together.
#[derive(Debug)]
struct Sentence {
    /// What leads to it, as a user would put it.
    trigger: String,
    said: Said,
    /// The forms of those rows that do not end as a sentence does.
    forms: Vec<Form>,
    /// The server's name.
    server: Option<&'static str>,
}

fn sentence(trigger: impl Into<String>, said: Said) -> Sentence {
    Sentence {
        trigger: trigger.into(),
        said,
        forms: Vec::new(),
        server: None,
    }
}

fn says(trigger: impl Into<String>, view: impl Into<View>) -> Sentence {
    sentence(trigger, Said::View(view.into()))
}

fn asks(trigger: impl Into<String>, question: Question) -> Sentence {
    sentence(trigger, Said::Question(question))
}

fn tells(trigger: impl Into<String>, notice: Notice) -> Sentence {
    sentence(trigger, Said::Notice(notice)).with(&[Form::Happened])
}

impl Sentence {
    /// Some of its rows have these forms.
    fn with(mut self, forms: &[Form]) -> Sentence {
        self.forms.extend(forms);
        self
    }

    /// The server has this name.
    fn on(mut self, server: &'static str) -> Sentence {
        self.server = Some(server);
        self
    }

    /// The rows before they are wrapped, with their marks.
    fn rows(&self) -> Vec<String> {
        let text = match &self.said {
            Said::View(view) => {
                let mut out = String::new();
                let server = self.server;
                view.write(&Viewer { server, ..VIEWER }, &mut out);
                out
            }
            Said::Question(question) => question.words().into_owned(),
            Said::Prompt(prompt) => prompt.clone(),
            Said::Notice(notice) => {
                let display = Display {
                    wraps: false,
                    newline: Newline::Lf,
                    ..Display::plain(TimeZone::UTC)
                };
                draw::frame(&[Item::Notice(notice.clone())], &display, None)
            }
        };
        text.lines().map(str::to_owned).collect()
    }

    /// The rows as they stand on a screen.
    fn drawn(&self, display: &Display) -> Vec<String> {
        let rows = self.rows();
        rows.iter().flat_map(|row| drawn(row, display)).collect()
    }

    /// The variants of the enums that it is made of.
    fn variants(&self) -> Vec<&'static str> {
        let mut names = Vec::new();
        match &self.said {
            Said::View(view) => view.note(&mut names),
            Said::Question(question) => question.note(&mut names),
            Said::Notice(notice) => notice.note(&mut names),
            // Has none.
            Said::Prompt(_) => {}
        }
        names
    }
}

/// The rows on a screen of a row of words.
fn drawn(row: &str, display: &Display) -> Vec<String> {
    let mut out = String::new();
    draw::write_row(row, display, &mut out);
    out.lines().map(str::to_owned).collect()
}

/// The display of a client without colours whose screen has so many columns.
fn display(drawing: Drawing, columns: u16) -> Display {
    Display {
        drawing,
        columns: NonZeroU16::new(columns),
        color: false,
        ..Display::plain(TimeZone::UTC)
    }
}

/// The sentences of each subject, with its heading.
fn sentences() -> Vec<(&'static str, Vec<Sentence>)> {
    vec![
        ("The menu and your name", general::sentences()),
        ("Names that are refused", names::sentences()),
        ("Registered names", account::sentences()),
        ("Keys", keys::sentences()),
        ("Rooms", rooms::sentences()),
        ("What happens in a room", notices::sentences()),
        ("Messages", messages::sentences()),
        ("People whom you ignore", messages::ignoring()),
        ("Old messages", history::sentences()),
        ("People and the server", people::sentences()),
        ("Owners and what they do", moderation::sentences()),
        ("Operators of the server", admin::sentences()),
        ("Settings", settings::sentences()),
        ("The line being typed", terminal::sentences()),
        ("Last words", terminal::last_words()),
        ("Commands and mistakes in them", help::sentences()),
        ("Help on each command", help::commands()),
        ("Words that nothing leads to yet", settings::unreachable()),
    ]
}

fn all() -> Vec<Sentence> {
    let subjects = sentences().into_iter();
    subjects.flat_map(|(_, sentences)| sentences).collect()
}

#[test]
fn every_sentence_fits_on_the_screen_and_has_a_trigger() {
    let displays = [
        display(Drawing::Character, 80),
        display(Drawing::Character, 40),
        display(Drawing::Plain, 79),
    ];
    let mut faults = Vec::new();
    for sentence in all() {
        let trigger = &sentence.trigger;
        assert!(trigger.contains(char::is_alphabetic), "{sentence:?}");
        let is_seen = sentence.rows().iter().any(|row| !row.trim().is_empty());
        assert!(is_seen, "nothing is said: {sentence:?}");
        for (row, display) in sentence
            .rows()
            .iter()
            .flat_map(|row| displays.iter().map(move |display| (row, display)))
        {
            let columns = usize::from(display.width());
            if let Some(fault) = fault(&unmarked(row), &drawn(row, display), columns) {
                faults.push(format!("{trigger}, {columns} columns: {fault}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What is wrong with `rows`, in which `words` stand on a screen.
fn fault(words: &str, rows: &[String], columns: usize) -> Option<String> {
    let mut end = 0;
    for (number, row) in rows.iter().enumerate() {
        if text::breadth(row) > columns {
            return Some(format!("too wide: {row}"));
        }
        let (shown, rest) = match number {
            0 => (row.as_str(), words),
            _ => (row.trim_start(), words[end..].trim_start()),
        };
        if !rest.starts_with(shown) {
            return Some(format!("words are missing: {words}"));
        }
        let (start, indent) = (words.len() - rest.len(), row.len() - shown.len());
        let word = text::breadth(word_around(words, end));
        if number > 0 && start == end && word <= columns - indent {
            return Some(format!("a row ends inside a word: {words}"));
        }
        end = start + shown.len();
    }
    (!words[end..].trim().is_empty()).then(|| format!("the end is lost: {words}"))
}

/// What stands between the spaces around `place`.
fn word_around(words: &str, place: usize) -> &str {
    let start = words[..place].rfind(' ').map_or(0, |space| space + 1);
    let end = words[place..].find(' ');
    &words[start..end.map_or(words.len(), |space| place + space)]
}

#[test]
fn a_row_that_ends_inside_a_word_or_is_too_wide_is_found() {
    let rows = |rows: &[&str]| rows.iter().map(|&row| row.to_owned()).collect::<Vec<_>>();
    for (words, shown, is_right) in [
        ("one two", rows(&["one", "  two"]), true),
        ("one two", rows(&["one two"]), true),
        ("one two", rows(&["one t", "  wo"]), false),
        ("one two", rows(&["one"]), false),
        ("one two three", rows(&["one", "  three"]), false),
        ("one two", rows(&["one", "  too"]), false),
        ("one twothreefour", rows(&["one twoth", "  reefour"]), true),
        ("one two three four", rows(&["one two three four"]), false),
    ] {
        assert_eq!(fault(words, &shown, 12).is_none(), is_right, "{shown:?}");
    }
}

#[test]
fn every_row_ends_as_a_sentence_does_or_has_a_named_form() {
    for sentence in all() {
        let mut unused = sentence.forms.clone();
        for row in sentence.rows() {
            let row = unmarked(&row);
            let is_sentence = row.ends_with(['.', '?', '!', ')']) || row.ends_with(": ");
            let has_form = sentence.forms.iter().any(|form| form.fits(&row));
            assert!(is_sentence || has_form, "{row:?}");
            unused.retain(|form| !form.fits(&row));
        }
        assert!(unused.is_empty(), "{unused:?} of {sentence:?}");
    }
}

#[test]
fn no_two_sentences_have_the_same_trigger() {
    let mut seen = BTreeSet::new();
    for sentence in all() {
        assert!(seen.insert(sentence.trigger.clone()), "{sentence:?}");
    }
}

#[test]
fn every_variant_is_said_by_a_sentence() {
    let paths: Vec<Vec<&str>> = all().iter().map(Sentence::variants).collect();
    for variant in VARIANTS {
        let is_said = paths.iter().any(|path| path.contains(variant));
        assert!(is_said, "there is no sentence for {variant}");
    }
    let settings = VARIANTS.iter().filter(|name| name.starts_with("Setting::"));
    for setting in settings {
        for told in [
            "SettingsView::Set",
            "SettingsView::Is",
            "SettingsView::NotSet",
        ] {
            let is_both = |path: &Vec<&str>| path.contains(&told) && path.contains(setting);
            assert!(
                paths.iter().any(is_both),
                "there is no sentence for {told} with {setting}"
            );
        }
    }
}
