//! Names of people and of rooms: what is allowed, why not, what would do instead, and who looks like whom.
//!
//! Input is text that went through [`text::clean`]; any other text is cleaned first, so a name is safe to show
//! wherever it came from.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};

use crate::limits::{NAME_BYTES_MAX, NAME_GRAPHEMES_MAX};
use crate::text;

mod choice;
mod error;

use error::NameOf;
pub use error::{NameError, NameFault};

/// The name of everybody who has not chosen one; the only name that may be shared.
const ANON: &str = "anon";

/// Stands between that name and a number, where a room tells several of them apart. Nobody can choose such a name.
const ANON_MARK: char = '#';

/// The name of a person. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(Arc<str>);

/// The name of a room. Cheap to clone. Rooms with equal [`RoomName::key`] are one room.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RoomName(Arc<str>);

/// One of the ways in which a name can be mistaken for another: names that share a key may not be in use
/// together. A register keeps a map from keys to owners, so a key takes no more space than it has to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NameKey {
    /// The case fold: `Dai` and `DAI`.
    Folded(Box<str>),
    /// The skeleton of the case fold: `dai` and `dаi` with a Cyrillic letter.
    FoldedSkeleton(Box<str>),
    /// The case fold of the skeleton: `DAl` with a small L and `DAI`.
    SkeletonFolded(Box<str>),
}

impl Name {
    /// Reads a name that somebody may have. Blanks around it do not count.
    ///
    /// # Errors
    ///
    /// A [`NameError`] that says what is wrong, with a name that would do where there is one.
    pub fn parse(text: &str) -> Result<Name, NameError> {
        parse(NameOf::User, text).map(Name)
    }

    /// Reads a name that somebody wants to have from now on: of those that [`Name::parse`] takes, one that nobody
    /// mistakes for anything else. It is composed (NFC).
    ///
    /// # Errors
    ///
    /// As [`Name::parse`].
    pub fn choose(text: &str) -> Result<Name, NameError> {
        choice::choose(NameOf::User, text).map(Name)
    }

    /// The name of everybody who has not chosen one.
    pub fn anon() -> Name {
        static NAME: LazyLock<Name> = LazyLock::new(|| Name(Arc::from(ANON)));
        NAME.clone()
    }

    /// What the member with this number among those of a room without a name is called there: `anon`, `anon#2`.
    pub fn anon_in_room(number: u32) -> Name {
        match number {
            0 | 1 => Name::anon(),
            _ => Name(Arc::from(format!("{ANON}{ANON_MARK}{number}"))),
        }
    }

    /// Whether this is the name that may be shared, with a number or without.
    pub fn is_anon(&self) -> bool {
        is_anon(self.as_str())
    }

    /// The number of this name among those of a room that stand for none; `None` for any other name.
    pub fn anon_number(&self) -> Option<u32> {
        let rest = self.as_str().strip_prefix(ANON)?;
        match rest.strip_prefix(ANON_MARK) {
            None => rest.is_empty().then_some(1),
            Some(number) => number.parse().ok(),
        }
    }

    /// The name outside the room that has given a number to it.
    pub fn without_number(&self) -> Name {
        match self.is_anon() {
            true => Name::anon(),
            false => self.clone(),
        }
    }

    /// The name as it is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What this name can be mistaken by, one key of each kind: the skeleton of its case fold, the case fold of
    /// its skeleton, its case fold.
    pub fn keys(&self) -> [NameKey; 3] {
        keys_of(&self.0)
    }

    /// The case fold, by which a name that may be written in any case is found.
    pub fn folded(&self) -> String {
        let [_, _, folded] = self.keys();
        folded.into_text()
    }

    /// Whether one of the two names can be mistaken for the other. A name clashes with itself.
    pub fn clashes(&self, other: &Name) -> bool {
        share_a_key(&self.keys(), &other.keys())
    }

    /// This name with a number behind it, `Dai_2`, shortened where it would be too long: something to offer
    /// when the name itself is taken.
    pub fn numbered(&self, number: u64) -> Name {
        Name(Arc::from(numbered(&self.0, number)))
    }
}

impl TryFrom<String> for Name {
    type Error = NameError;

    fn try_from(text: String) -> Result<Name, NameError> {
        Name::parse(&text)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> String {
        name.as_str().to_owned()
    }
}

impl TryFrom<String> for RoomName {
    type Error = NameError;

    fn try_from(text: String) -> Result<RoomName, NameError> {
        RoomName::parse(&text)
    }
}

impl From<RoomName> for String {
    fn from(name: RoomName) -> String {
        name.as_str().to_owned()
    }
}

impl NameKey {
    /// Its text, which may be the same as that of a key of another kind.
    pub fn as_str(&self) -> &str {
        match self {
            NameKey::Folded(text)
            | NameKey::FoldedSkeleton(text)
            | NameKey::SkeletonFolded(text) => text,
        }
    }

    fn into_text(self) -> String {
        match self {
            NameKey::Folded(text)
            | NameKey::FoldedSkeleton(text)
            | NameKey::SkeletonFolded(text) => text.into(),
        }
    }
}

impl RoomName {
    /// Reads the name of a room that may be there. Blanks around it do not count.
    ///
    /// # Errors
    ///
    /// A [`NameError`] as for [`Name::parse`]. A comma is refused too, since it separates the list of rooms.
    pub fn parse(text: &str) -> Result<RoomName, NameError> {
        parse(NameOf::Room, text).map(RoomName)
    }

    /// Reads a name for a new room, as [`Name::choose`] does.
    ///
    /// # Errors
    ///
    /// As [`RoomName::parse`].
    pub fn choose(text: &str) -> Result<RoomName, NameError> {
        choice::choose(NameOf::Room, text).map(RoomName)
    }

    /// What other rooms can be mistaken for this one by: rooms that share one of these look alike.
    pub fn looks(&self) -> [NameKey; 2] {
        let [one, other, _] = keys_of(&self.0);
        [one, other]
    }

    /// The name as it is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the room is found by: the case fold, so that `Lobby` and `lobby` are one room.
    pub fn key(&self) -> String {
        text::fold(&self.0)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn parse(of: NameOf, text: &str) -> Result<Arc<str>, NameError> {
    let text = trimmed(text);
    match fault(of, &text) {
        None => Ok(Arc::from(text)),
        Some(fault) => Err(NameError {
            suggestion: suggestion(of, &text),
            of,
            fault,
        }),
    }
}

/// Clean text without the blanks around it. It stays clean: no blank takes a selector or a join control.
fn trimmed(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Cow::Borrowed(text);
    }
    let clean = text::clean(text.as_bytes());
    Cow::Owned(clean.trim_matches(text::is_blank).to_owned())
}

/// What is wrong with `text`, which is trimmed.
fn fault(of: NameOf, text: &str) -> Option<NameFault> {
    let fault = if text.is_empty() {
        NameFault::Empty
    } else if !text.contains(text::is_visible) {
        NameFault::Invisible
    } else if text.contains(text::is_blank) {
        NameFault::Blank
    } else if of == NameOf::Room && text.contains(',') {
        NameFault::Comma
    } else if text.starts_with(text::is_mark) {
        NameFault::Mark
    } else if text::graphemes(text).nth(NAME_GRAPHEMES_MAX).is_some() {
        NameFault::Graphemes
    } else if text.len() > NAME_BYTES_MAX {
        NameFault::Bytes
    } else if of == NameOf::User && passes_for_anon(text) {
        NameFault::Anon
    } else {
        return None;
    };
    Some(fault)
}

/// A name near `text` that would do, if there is one.
fn suggestion(of: NameOf, text: &str) -> Option<String> {
    let mut name = shortened(&joined(of, text), NAME_GRAPHEMES_MAX, NAME_BYTES_MAX);
    if fault(of, &name) == Some(NameFault::Anon) {
        name = numbered(before_mark(&name), 2);
    }
    fault(of, &name).is_none().then_some(name)
}

/// `text` with a `_` for what parts it.
fn joined(of: NameOf, text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    for c in text.trim_start_matches(text::is_mark).chars() {
        let parts = text::is_blank(c) || (of == NameOf::Room && c == ',');
        if !parts {
            joined.push(c);
        } else if !joined.ends_with('_') {
            joined.push('_');
        }
    }
    joined
}

fn numbered(name: &str, number: u64) -> String {
    let suffix = format!("_{number}");
    let graphemes = NAME_GRAPHEMES_MAX - suffix.len();
    shortened(name, graphemes, NAME_BYTES_MAX - suffix.len()) + &suffix
}

/// The beginning of `name` in at most so many graphemes and bytes. A first grapheme that alone is too long is
/// cut inside, since something has to be left.
fn shortened(name: &str, graphemes: usize, bytes: usize) -> String {
    let whole = text::graphemes(name)
        .take(graphemes)
        .scan(0, |end, grapheme| {
            *end += grapheme.len();
            Some(*end)
        })
        .take_while(|&end| end <= bytes)
        .last();
    let end = whole.unwrap_or_else(|| last_boundary(name, bytes));
    // The cut may leave a join control with nothing to join.
    text::clean(&name.as_bytes()[..end])
}

/// The last place between two characters of `name` that is not past `bytes`.
fn last_boundary(name: &str, bytes: usize) -> usize {
    let end = bytes.min(name.len());
    (0..=end)
        .rfind(|&at| name.is_char_boundary(at))
        .unwrap_or(0)
}

fn passes_for_anon(name: &str) -> bool {
    static KEYS: LazyLock<[NameKey; 3]> = LazyLock::new(|| keys_of(ANON));
    let looks_like = |name: &str| share_a_key(&keys_of(name), &KEYS);
    !is_anon(name) && (looks_like(name) || looks_like(before_mark(&text::fold(name))))
}

/// Whether `name` is [`ANON`], with a number or without.
fn is_anon(name: &str) -> bool {
    match name.strip_prefix(ANON) {
        Some("") => true,
        Some(rest) => rest.strip_prefix(ANON_MARK).is_some_and(|number| {
            !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        }),
        None => false,
    }
}

/// `name` without what may be a number of [`ANON`].
fn before_mark(name: &str) -> &str {
    name.split_once(ANON_MARK)
        .map_or(name, |(before, _)| before)
}

/// The keys of `name`. Skeleton and case fold do not commute (`I` looks like `l`, but folds to `i`), so both
/// orders are needed.
fn keys_of(name: &str) -> [NameKey; 3] {
    // Format characters such as the joiners of Egyptian hieroglyphs show as nothing next to other letters.
    let shown: String = name.chars().filter(|&c| !text::is_format(c)).collect();
    let composed = text::compose(&shown);
    let folded = text::fold(&composed);
    [
        NameKey::FoldedSkeleton(text::skeleton(&folded).into()),
        NameKey::SkeletonFolded(text::fold(&text::skeleton(&composed)).into()),
        NameKey::Folded(folded.into()),
    ]
}

fn share_a_key(one: &[NameKey; 3], other: &[NameKey; 3]) -> bool {
    one.iter().zip(other).any(|(one, other)| one == other)
}

#[cfg(test)]
mod tests;
