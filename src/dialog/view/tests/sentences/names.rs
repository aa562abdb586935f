//! Names of people and rooms that nobody may have.

use super::*;
use crate::chat::request::{JoinError, RenameError, ReopenError};
use crate::limits::{NAME_BYTES_MAX, NAME_GRAPHEMES_MAX};

/// `typed` was to be the user's name.
fn own(trigger: impl Into<String>, typed: &str) -> Sentence {
    let why = Name::choose(typed).expect_err("a name that is refused");
    says(
        trigger,
        GeneralView::RenameFailed(RenameError::BadName(why)),
    )
}

/// `typed` was to be the name of a new room.
fn of_room(trigger: impl Into<String>, typed: &str) -> Sentence {
    let why = RoomName::choose(typed).expect_err("a name that is refused");
    says(
        trigger,
        RoomView::CreateFailed(typed.to_owned(), CreateError::BadName(why)),
    )
}

pub(super) fn sentences() -> Vec<Sentence> {
    let mut all = of_people();
    all.extend(of_rooms());
    all
}

fn of_people() -> Vec<Sentence> {
    let long = "x".repeat(NAME_GRAPHEMES_MAX + 1);
    // Thirty pictures of families are few characters, and many bytes.
    let families = "👨\u{200D}👩\u{200D}👧\u{200D}👦".repeat(30);
    assert!(families.len() > NAME_BYTES_MAX);
    vec![
        own("choice 4, and Enter alone", ""),
        own("choice 4, and a combining mark alone", "\u{E31}"),
        own(r"`\name John Smith`", "John Smith"),
        own(
            r"`\name`, and a name that begins with a combining mark",
            "\u{E31}a",
        ),
        own(
            format!(r"`\name`, and a name of more than {NAME_GRAPHEMES_MAX} characters"),
            &long,
        ),
        own(
            format!(r"`\name`, and a name of more than {NAME_BYTES_MAX} bytes"),
            &families,
        ),
        own(r"`\name ANON`", "ANON"),
        own(r"`\name YOU`", "YOU"),
        own(r"`\name #12`", "#12"),
        own(r"`\name Dᴀi`, with a letter of phoneticians", "Dᴀi"),
        own(
            r"`\name`, and a name with a character that nobody sees",
            "Dai\u{378}",
        ),
        own(
            r"`\name`, and a name with a mark that does not belong there",
            "Dai\u{307}",
        ),
        own(r"`\name Dаi`, with a Cyrillic а", "Dаi"),
    ]
}

fn of_rooms() -> Vec<Sentence> {
    let long = "x".repeat(NAME_GRAPHEMES_MAX + 1);
    let bad = |typed: &str| RoomName::parse(typed).expect_err("a name that is refused");
    vec![
        of_room("choice 1, and Enter alone", ""),
        of_room("choice 1, and `a b`", "a b"),
        of_room("choice 1, and `a,b`", "a,b"),
        of_room(
            format!("choice 1, and a name of more than {NAME_GRAPHEMES_MAX} characters"),
            &long,
        ),
        of_room("choice 1, and `#12`", "#12"),
        of_room(
            "choice 1, and a name with a Cyrillic letter among others",
            "Dаi",
        ),
        says(
            r"`\join a b`",
            RoomView::JoinFailed("a b".to_owned(), JoinError::BadName(bad("a b"))),
        ),
        says(
            r"`\reopen 1150 a,b`",
            RoomView::ReopenFailed("a,b".to_owned(), ReopenError::BadName(bad("a,b"))),
        ),
    ]
}
