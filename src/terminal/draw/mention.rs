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
}

impl Mention {
    /// Finds mentions of `member`, who is called `name`, by others. `anon` is never mentioned: too many have that name.
    pub fn of(member: MemberId, name: &Name) -> Option<Mention> {
        (!name.is_anon()).then(|| Mention {
            member,
            folded: text::fold(name.as_str()),
        })
    }

    /// True if somebody else's message among `items` mentions the name.
    pub fn is_in(&self, items: &[Item]) -> bool {
        items.iter().any(|item| match item {
            Item::Message(message) => !self.places(message).is_empty(),
            Item::Notice(_) => false,
        })
    }

    /// The name as a word of a batch (see [`words`]).
    pub fn word(&self) -> &str {
        &self.folded
    }

    /// Where in the text of somebody else's message the name stands as a word, with or without `@`.
    pub(super) fn places(&self, message: &Message) -> Vec<Range<usize>> {
        if message.member == self.member {
            return Vec::new();
        }
        let text = &message.text;
        words(text)
            .filter(|word| text::fold(&text[word.clone()]) == self.folded)
            .collect()
    }
}

/// The words of a text that may be mentions: what stands between blanks, without a leading `@` or opening marks, and
/// without punctuation at the end.
pub fn words(text: &str) -> impl Iterator<Item = Range<usize>> {
    text.split(' ').filter_map(move |word| {
        let word = word.trim_start_matches(['@', '(', '"', '\'', '“', '‘']);
        let word =
            word.trim_end_matches([',', '.', ':', ';', '!', '?', ')', '"', '\'', '”', '’', '…']);
        let start = word.as_ptr() as usize - text.as_ptr() as usize;
        (!word.is_empty()).then_some(start..start + word.len())
    })
}
