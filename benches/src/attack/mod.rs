//! Attacks on a server, and what a bystander notices of them.
//!
//! Each was found to hurt somebody once. They are kept so that they can be played again, by an operator
//! against a server of their own (`scripts/attack.sh`), or small, by the tests.

mod bystander;
mod crowds;
mod floods;
mod person;
pub mod report;
mod stage;
mod swarm;
mod words;

use std::str::FromStr;

use report::Outcome;
pub use stage::{Scale, Target};

/// An attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// None, to compare with.
    Idle,
    /// Names that are taken and cost much to compare.
    Names,
    /// Tab keys, which look for what completes a word among all rooms.
    Tabs,
    /// Members with a time zone each, and long lines that name everybody.
    Zones,
    /// Lists of many rooms.
    Lists,
    /// Searches that look at every line, by askers who leave.
    Searches,
    /// Long pages that are not read.
    Pages,
    /// As many rooms as one address can make, and more at once than there may be.
    Rooms,
    /// Thousands of connections that send nothing.
    Silent,
    /// A class that comes in at once.
    Crowd,
    /// Rooms whose founders have gone, closed by a stranger.
    Close,
    /// Rows that look like somebody else's.
    Rows,
    /// Control bytes for terminals without UTF-8.
    Charset,
    /// Names that look like others.
    Lookalikes,
}

impl Case {
    /// All, in the order in which they are played.
    pub const ALL: [Case; 14] = [
        Case::Idle,
        Case::Names,
        Case::Tabs,
        Case::Zones,
        Case::Lists,
        Case::Searches,
        Case::Pages,
        Case::Rooms,
        Case::Silent,
        Case::Crowd,
        Case::Close,
        Case::Rows,
        Case::Charset,
        Case::Lookalikes,
    ];

    /// What it is called by.
    pub fn name(self) -> &'static str {
        match self {
            Case::Idle => "idle",
            Case::Names => "names",
            Case::Tabs => "tabs",
            Case::Zones => "zones",
            Case::Lists => "lists",
            Case::Searches => "searches",
            Case::Pages => "pages",
            Case::Rooms => "rooms",
            Case::Silent => "silent",
            Case::Crowd => "crowd",
            Case::Close => "close",
            Case::Rows => "rows",
            Case::Charset => "charset",
            Case::Lookalikes => "lookalikes",
        }
    }

    /// Plays it against `target`; some are played in several ways, with an outcome each.
    ///
    /// # Errors
    ///
    /// In words, why it could not be played: the server does not start, or does not answer as it should.
    pub fn play(self, target: &Target, scale: Scale) -> Result<Vec<Outcome>, String> {
        match self {
            Case::Idle => floods::idle(target, scale),
            Case::Names => floods::names(target, scale),
            Case::Tabs => floods::tabs(target, scale),
            Case::Zones => floods::zones(target, scale),
            Case::Lists => floods::lists(target, scale),
            Case::Searches => floods::searches(target, scale),
            Case::Pages => floods::pages(target, scale),
            Case::Silent => floods::silent(target, scale),
            Case::Rooms => {
                let mut outcomes = floods::rooms(target, scale)?;
                outcomes.extend(crowds::race(target, scale)?);
                Ok(outcomes)
            }
            Case::Crowd => crowds::crowd(target, scale),
            Case::Close => words::close(target, scale),
            Case::Rows => words::rows(target, scale),
            Case::Charset => words::charset(target, scale),
            Case::Lookalikes => words::lookalikes(target, scale),
        }
    }
}

impl FromStr for Case {
    type Err = String;

    fn from_str(text: &str) -> Result<Case, String> {
        let all = Case::ALL;
        let found = all.into_iter().find(|case| case.name() == text);
        found.ok_or_else(|| {
            let names = all.map(Case::name).join(", ");
            format!("there is no attack {text}; there are {names}")
        })
    }
}
