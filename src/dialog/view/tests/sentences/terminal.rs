//! The line being typed, and last words.

use super::*;
use crate::limits::{CANDIDATES_MAX, PASTE_LINES_MAX};
use crate::terminal::line::{Editor, Key};

pub(super) fn sentences() -> Vec<Sentence> {
    let mut all = prompts();
    all.extend(hints());
    all
}

/// What stands in front of the line when these keys were pressed in character mode.
fn prompt_after(trigger: impl Into<String>, keys: &[Key]) -> Sentence {
    let mut editor = Editor::default();
    for key in keys {
        editor.key(*key);
    }
    let prompt = editor.view("").prompt.into_owned();
    sentence(trigger, Said::Prompt(prompt))
}

fn pasted(trigger: impl Into<String>, lines: usize) -> Sentence {
    let line = [Key::Text('x'), Key::Enter].repeat(lines);
    let keys = [
        &[Key::PasteStart],
        &line[..],
        &[Key::Text('y'), Key::PasteEnd],
    ]
    .concat();
    prompt_after(trigger, &keys).with(&[Form::Choice])
}

fn prompts() -> Vec<Sentence> {
    let search = [Key::Text('a'), Key::Enter, Key::Search, Key::Text('x')];
    vec![
        sentence("the prompt", Said::Prompt(prompt(&Name::anon()))).with(&[Form::Prompt]),
        prompt_after("Ctrl-R", &search[..3]),
        prompt_after("Ctrl-R, and what was not typed before", &search),
        pasted("a paste of a line and of the beginning of another", 1),
        pasted("a paste of some lines", 3),
        pasted(
            format!("a paste of more than {PASTE_LINES_MAX} lines"),
            PASTE_LINES_MAX + 3,
        ),
    ]
}

fn hints() -> Vec<Sentence> {
    let candidates = |number: usize| {
        let names = (1..=number).map(|number| format!("Dai_{number}"));
        TerminalView::Candidates(names.collect())
    };
    vec![
        says(
            "a question for a password, on a terminal in line mode",
            TerminalView::SecretIsSeen,
        ),
        says(
            "the key Tab, where it could be several words",
            candidates(3),
        )
        .with(&[Form::List]),
        says(
            "the key Tab, where it could be more words than are shown",
            candidates(CANDIDATES_MAX + 1),
        )
        .with(&[Form::List]),
        says(
            "a message while you type, on a terminal in line mode",
            TerminalView::LineWasCut,
        ),
        says(
            "a paste, and `n` when asked whether to send it",
            TerminalView::PasteKept,
        ),
        says(
            "a Telnet client asks whether the server is there",
            TerminalView::Yes,
        )
        .with(&[Form::Yes]),
    ]
}

pub(super) fn last_words() -> Vec<Sentence> {
    vec![
        says(r"`\quit`, or choice 5", EndView::Goodbye),
        says("the server stops", EndView::GoingDown),
        says("typing nothing, on a server with `--idle`", EndView::Idle),
        says(
            "sending no line for a minute, while the server is more than half full",
            EndView::Silent,
        ),
        says("a fault of the server in a connection", EndView::Fault),
        says(
            "connecting without TLS to a port that is for TLS",
            EndView::NotTls,
        ),
        says("connecting with a web browser", EndView::Foreign("HTTP")),
        says(
            "connecting with TLS to a port that is not for it",
            EndView::Foreign("TLS"),
        ),
        says("connecting with an SSH client", EndView::Foreign("SSH")),
        says("connecting to a server that is full", EndView::ServerFull),
        says(
            "connecting once more than an address may",
            EndView::AddressFull,
        ),
    ]
}
