//! Why a name was refused, in words for the person who typed it.

use std::error::Error;
use std::fmt;

use crate::limits::{NAME_BYTES_MAX, NAME_GRAPHEMES_MAX};
use crate::text::{self, Unfit};

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
    /// It can be mistaken for `you`, as which everybody is addressed (names of people only).
    You,
    /// It looks like what rows of the server begin with, such as `*` or `[14:30:01]`.
    RowStart,
    /// Its characters, or how they are put together.
    Unfit(Unfit),
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
            NameFault::You => {
                f.write_str("that looks like you, which is what everybody is called by the server")
            }
            NameFault::RowStart => write!(
                f,
                "{name} needs a letter after what the server's own rows begin with"
            ),
            NameFault::Unfit(unfit) => {
                write!(f, "{name} cannot ")?;
                write_unfit(unfit, f)
            }
        }
    }
}

fn write_unfit(unfit: Unfit, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match unfit {
        Unfit::Character(c) => {
            f.write_str("have ")?;
            write_character(c, f)?;
            f.write_str(" in it; letters, digits, emoji and what is on every keyboard will do")
        }
        Unfit::Mark(mark) => {
            let number = u32::from(mark);
            write!(f, "have the mark U+{number:04X} where it is")
        }
        Unfit::Mixed(one, other) => write!(f, "mix {one} and {other} letters"),
    }
}

/// The character, if it can be seen, and its number.
fn write_character(c: char, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let number = u32::from(c);
    match text::is_visible(c) {
        true => write!(f, "{c} (U+{number:04X})"),
        false => write!(f, "U+{number:04X}"),
    }
}

impl Error for NameError {}
