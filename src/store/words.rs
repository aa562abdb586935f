//! What a search looks for.

use crate::chat::history;
use crate::limits::SEARCH_PARTS_MAX;
use crate::text;

/// Characters of the parts that the index knows (FTS5's trigram tokenizer).
const PART_CHARS: usize = 3;

/// The words of a search: data, whatever quotes and operators they contain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Words {
    folded: Vec<String>,
    parts: Vec<String>,
}

impl Words {
    /// Takes the words of what somebody typed.
    pub(super) fn new(typed: &str) -> Words {
        let clean = text::clean(typed.as_bytes());
        let words: Vec<&str> = history::words(&clean).collect();
        Words {
            folded: words.iter().map(|word| text::fold(word)).collect(),
            parts: parts(&words),
        }
    }

    /// Whether there is no word at all. Nothing is found then.
    pub(super) fn is_empty(&self) -> bool {
        self.folded.is_empty()
    }

    /// The words, case-folded.
    pub(super) fn folded(&self) -> &[String] {
        &self.folded
    }

    /// Whether `text` contains every word.
    pub(super) fn are_in(&self, text: &str) -> bool {
        let text = text::fold(text);
        !self.is_empty() && self.folded.iter().all(|word| text.contains(word.as_str()))
    }

    /// What to ask the index: every line that contains the words is among its answers, others may be.
    /// `None` if all words are too short for it.
    pub(super) fn index_query(&self) -> Option<String> {
        let quoted = self.parts.iter().map(|part| format!("\"{part}\""));
        (!self.parts.is_empty()).then(|| quoted.collect::<Vec<_>>().join(" AND "))
    }
}

/// Every three neighbouring characters of each word, the quotes in them doubled. When there are too many,
/// those of one word that stand first are left out last.
fn parts(words: &[&str]) -> Vec<String> {
    let mut parts = Vec::new();
    for word in words {
        let chars: Vec<char> = word.chars().collect();
        for part in chars.windows(PART_CHARS) {
            let part = part.iter().collect::<String>().replace('"', "\"\"");
            if parts.len() < SEARCH_PARTS_MAX && !parts.contains(&part) {
                parts.push(part);
            }
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_is_asked_for_in_quoted_parts() {
        let table = [
            ("hello", Some(r#""hel" AND "ell" AND "llo""#)),
            ("a\"b", Some(r#""a""b""#)),
            ("NOT*", Some(r#""NOT" AND "OT*""#)),
            ("สวัสดี", Some(r#""สวั" AND "วัส" AND "ัสด" AND "สดี""#)),
            ("你好", None),
            ("", None),
        ];
        for (typed, query) in table {
            assert_eq!(Words::new(typed).index_query().as_deref(), query, "{typed}");
        }
    }

    #[test]
    fn all_words_must_be_there_in_any_case_and_order() {
        let words = Words::new("  World HELLO ");
        assert!(words.are_in("hello, world"));
        assert!(!words.are_in("hello"));
        assert!(!Words::new(" ").are_in("hello"));
    }

    #[test]
    fn a_long_search_is_bounded() {
        let words = Words::new(&"abcdefghij".repeat(1000));
        assert!(words.parts.len() <= SEARCH_PARTS_MAX);
        assert_eq!(
            Words::new(&"ab ".repeat(1000)).folded.len(),
            crate::limits::SEARCH_WORDS_MAX
        );
    }
}
