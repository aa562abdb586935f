//! Why a name was refused, in words for the person who typed it.

use std::error::Error;
use std::fmt;

use crate::limits::{NAME_BYTES_MAX, NAME_GRAPHEMES_MAX};

/// A name or room name that was refused. Its text is one clause without a full stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameError {
    /// What is wrong.
    pub fault: NameFault,
    /// A name near the refused one that is allowed, though it may be in use.
    pub suggestion: Option<String>,
    pub(super) of: NameOf,
}

/// What is wrong with a name; the first of these that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameFault {
    /// It is empty, or all blanks.
    Empty,
    /// Nothing in it can be seen.
    Invisible,
    /// It has a space in it, or something that looks like one.
    Blank,
    /// It has a comma in it (room names only).
    Comma,
    /// It begins with a combining mark, which would change what stands before the name.
    Mark,
    /// It has more than [`NAME_GRAPHEMES_MAX`] graphemes.
    Graphemes,
    /// It has more than [`NAME_BYTES_MAX`] bytes.
    Bytes,
    /// It can be mistaken for `anon` (names of people only).
    Anon,
}

/// Whose name it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NameOf {
    User,
    Room,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.of {
            NameOf::User => "a name",
            NameOf::Room => "a room name",
        };
        match self.fault {
            NameFault::Empty => write!(f, "{name} cannot be empty"),
            NameFault::Invisible => write!(f, "{name} needs a visible character"),
            NameFault::Blank => write!(f, "{name} cannot have spaces in it"),
            NameFault::Comma => write!(f, "{name} cannot have a comma in it"),
            NameFault::Mark => write!(f, "{name} cannot begin with a combining mark"),
            NameFault::Graphemes => {
                write!(f, "{name} can have at most {NAME_GRAPHEMES_MAX} characters")
            }
            NameFault::Bytes => write!(f, "{name} can have at most {NAME_BYTES_MAX} bytes"),
            NameFault::Anon => f.write_str("that looks like anon, which is everybody's"),
        }
    }
}

impl Error for NameError {}
