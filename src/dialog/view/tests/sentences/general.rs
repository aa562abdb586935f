//! The menu, and the user's name.

use super::*;
use crate::chat::request::RenameError;

pub(super) fn sentences() -> Vec<Sentence> {
    let menu = [Form::Menu, Form::Banner];
    let taken = RenameError::Taken(name("Dai"), name("Dai_2"));
    let registered =
        |wanted: &str| RenameError::Registered(name(wanted), name("DAI"), name("Dai_2"));
    vec![
        says(
            "connecting to a server with a message of its operator",
            GeneralView::Motd("Welcome to the lounge. Please be kind.\n".into()),
        ),
        says("the menu", View::Menu).with(&menu),
        says("the menu of a server called The Lounge", View::Menu)
            .with(&menu)
            .on("The Lounge"),
        says(
            "choice 9, where no room is called 9",
            GeneralView::BadChoice,
        ),
        asks("choice 1", Question::NewRoom),
        asks("choice 2", Question::Room),
        asks("choice 4", Question::Username),
        says("choice 4, and a name that is free", GeneralView::Renamed).with(&[Form::Original]),
        says(r"`\name`", GeneralView::YourName(Name::anon())),
        says(
            "a node that was taken for dead takes part again, and somebody has taken Dai meanwhile",
            GeneralView::NameLost(name("Dai"), name("Dai_2")),
        ),
        says(
            r"`\name Dai`, where somebody is called Dai",
            GeneralView::RenameFailed(taken),
        ),
        says(
            r"`\name DAI`, where DAI is registered",
            GeneralView::RenameFailed(registered("DAI")),
        ),
        says(
            r"`\name DAl`, where DAI is registered",
            GeneralView::RenameFailed(registered("DAl")),
        ),
        says(
            r"`\name Dai`, on a server that cannot read its names",
            GeneralView::RenameFailed(RenameError::Unavailable),
        ),
    ]
}
