//! Finding somebody's name in what others say.

use std::ops::Range;

use crate::chat::message::{Item, MemberId, Message};
use crate::chat::name::Name;
use crate::text;

/// Somebody's name, prepared for finding it in what others say.
#[derive(Clone, Debug)]
pub struct Mention {
    member: MemberId,
    folded: String,
    /// The name is one of the [`words`] of a text that mentions it.
    is_word: bool,
}

impl Mention {
    /// Finds mentions of `member`, who is called `name`, by others. `anon` is never mentioned: too many have that name.
    pub fn of(member: MemberId, name: &Name) -> Option<Mention> {
        let folded = text::fold(name.as_str());
        (!name.is_anon()).then(|| Mention {
            member,
            is_word: folded.chars().all(joins),
            folded,
        })
    }

    /// True if somebody else's message among `items` mentions the name.
    pub fn is_in(&self, items: &[Item]) -> bool {
        items.iter().any(|item| match item {
            Item::Message(message) => self.places(message).next().is_some(),
            Item::Notice(_) => false,
        })
    }

    /// The name, case-folded, and whether it can only be mentioned as one of the [`words`] of a text.
    pub fn folded(&self) -> (&str, bool) {
        (&self.folded, self.is_word)
    }

    /// Where the name stands in the text of somebody else's message, with or without `@`.
    pub(super) fn places(&self, message: &Message) -> impl Iterator<Item = Range<usize>> {
        let text: &str = match message.member == self.member {
            true => "",
            false => &message.text,
        };
        let (mut before, mut end_of_last) = (None, 0);
        text.char_indices().filter_map(move |(start, c)| {
            let before = before.replace(c);
            // A text may be long, and is looked through for everybody whom it may mean: most places are out at once.
            let may_be = start >= end_of_last && text::may_begin(c, &self.folded);
            let end = (may_be && !is_inside(before, Some(c)))
                .then(|| self.end_at(text, start))
                .flatten()?;
            end_of_last = end;
            Some(start..end)
        })
    }

    /// Where the name ends if it begins at `start`, and not within a longer word.
    fn end_at(&self, text: &str, start: usize) -> Option<usize> {
        let rest = &text[start..];
        let length = text::folded_prefix(rest, &self.folded)?;
        let (name, after) = rest.split_at(length);
        let is_part = is_inside(name.chars().next_back(), after.chars().next());
        (!is_part).then_some(start + length)
    }
}

/// Whether the place between these two characters is inside a word, or inside what is seen as one character.
fn is_inside(before: Option<char>, after: Option<char>) -> bool {
    let Some(after) = after else { return false };
    text::is_continuation(after) || before.is_some_and(joins) && joins(after)
}

/// Whether `c` makes one word with what stands beside it. Where words are written without spaces none does: any place
/// may be the beginning or the end of a name.
fn joins(c: char) -> bool {
    let is_letter = c.is_alphanumeric() || text::is_mark(c) || matches!(c, '_' | '-');
    is_letter && !text::is_unspaced(c)
}

/// The words of a text that may be mentions.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c| !joins(c)).filter(|word| !word.is_empty())
}
