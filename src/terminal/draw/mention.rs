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
            Item::Message(message) => !self.places(message).is_empty(),
            Item::Notice(_) => false,
        })
    }

    /// The name, case-folded, and whether it can only be mentioned as one of the [`words`] of a text.
    pub fn folded(&self) -> (&str, bool) {
        (&self.folded, self.is_word)
    }

    /// Where the name stands in the text of somebody else's message, with or without `@`.
    pub(super) fn places(&self, message: &Message) -> Vec<Range<usize>> {
        if message.member == self.member {
            return Vec::new();
        }
        let mut places: Vec<Range<usize>> = Vec::new();
        let mut before = None;
        let mut start = 0;
        for grapheme in text::graphemes(&message.text) {
            if places.last().is_none_or(|last| last.end <= start)
                && let Some(end) = self.end_at(&message.text, start, before)
            {
                places.push(start..end);
            }
            start += grapheme.len();
            before = grapheme.chars().next_back();
        }
        places
    }

    /// Where the name ends if it stands at `start`, behind the character `before`, and not within a longer word.
    fn end_at(&self, text: &str, start: usize, before: Option<char>) -> Option<usize> {
        let rest = &text[start..];
        let is_within = |one: Option<char>, other: Option<char>| {
            one.is_some_and(joins) && other.is_some_and(joins)
        };
        if is_within(before, rest.chars().next()) {
            return None;
        }
        let (mut length, mut left) = (0, self.folded.as_str());
        for grapheme in text::graphemes(rest) {
            left = left.strip_prefix(&*text::fold(grapheme))?;
            length += grapheme.len();
            if left.is_empty() {
                break;
            }
        }
        let (name, after) = rest.split_at(length);
        let is_within = is_within(name.chars().next_back(), after.chars().next());
        (left.is_empty() && !is_within).then_some(start + length)
    }
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
