//! *Pure.* What a room is about, in one row.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::limits::{TOPIC_BYTES_MAX, TOPIC_GRAPHEMES_MAX};
use crate::text;

/// What a room is about: clean text, never empty, of bounded length. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Topic(Arc<str>);

/// A topic that is longer than one may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

impl Topic {
    /// Reads a topic that somebody typed; `None` if there is nothing to see in it.
    ///
    /// # Errors
    ///
    /// If it has more than [`TOPIC_GRAPHEMES_MAX`] graphemes or [`TOPIC_BYTES_MAX`] bytes.
    pub fn parse(text: &str) -> Result<Option<Topic>, TooLong> {
        let clean = text::clean(text.as_bytes());
        let topic = clean.trim_matches(text::is_blank);
        if fitting(topic) < topic.len() {
            return Err(TooLong);
        }
        let is_seen = topic.contains(text::is_visible);
        Ok(is_seen.then(|| Topic(Arc::from(topic))))
    }

    /// Reads a topic from a file, where anybody may have written anything: what is too long is cut.
    pub fn stored(text: &[u8]) -> Option<Topic> {
        let clean = text::clean(text);
        let topic = clean.trim_matches(text::is_blank);
        Topic::parse(&topic[..fitting(topic)]).ok().flatten()
    }

    /// The topic as it is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Topic {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Topic, &'static str> {
        Topic::stored(text.as_bytes()).ok_or("a topic has something to see in it")
    }
}

impl From<Topic> for String {
    fn from(topic: Topic) -> String {
        topic.as_str().to_owned()
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Bytes of the longest beginning of `text` in whole graphemes that a topic may have.
fn fitting(text: &str) -> usize {
    let ends = text::graphemes(text)
        .take(TOPIC_GRAPHEMES_MAX)
        .scan(0, |end, grapheme| {
            *end += grapheme.len();
            Some(*end)
        });
    ends.take_while(|&end| end <= TOPIC_BYTES_MAX)
        .last()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Option<String>, TooLong> {
        Topic::parse(text).map(|topic| topic.map(|topic| topic.to_string()))
    }

    #[test]
    fn a_topic_is_clean_text_of_bounded_length() {
        let longest = "น้ำ".repeat(TOPIC_GRAPHEMES_MAX);
        let family = "👨\u{200D}👩\u{200D}👧\u{200D}👦";
        let table = [
            ("lunch", Ok(Some("lunch".to_owned()))),
            ("  two words ", Ok(Some("two words".to_owned()))),
            ("\x1b[2Jred\ralert\u{202E}", Ok(Some("redalert".to_owned()))),
            ("", Ok(None)),
            (" \u{3000}\u{200B}", Ok(None)),
            (&longest, Ok(Some(longest.clone()))),
            (&(longest.clone() + "!"), Err(TooLong)),
            (&family.repeat(TOPIC_GRAPHEMES_MAX), Err(TooLong)),
        ];
        for (text, expected) in table {
            assert_eq!(parsed(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_topic_from_a_file_is_cut_to_its_bounds() {
        let stored = |text: &str| Topic::stored(text.as_bytes()).map(|topic| topic.to_string());
        let longest = "น้ำ".repeat(TOPIC_GRAPHEMES_MAX);
        assert_eq!(stored(&(longest.clone() + "more")), Some(longest));
        assert_eq!(
            stored(&"x".repeat(1 << 20)).map(|topic| topic.len()),
            Some(TOPIC_GRAPHEMES_MAX)
        );
        assert_eq!(stored("\u{7}"), None);
        assert_eq!(stored("lunch\n"), Some("lunch".to_owned()));
    }
}
