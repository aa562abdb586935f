//! Completion with Tab: what kind of word it is, and what the candidates have in common.
//!
//! The editor knows no names or commands; it says which word is before the cursor and is given
//! candidates.

use unicode_segmentation::UnicodeSegmentation;

/// The word to complete: the text between the last blank and the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// What kind of word fits there.
    pub wanted: Wanted,
    /// What has been typed of it, without its prefix (`@`, `\` or `/`).
    pub text: String,
    /// The command whose first argument it is, without its prefix.
    pub command: Option<String>,
}

/// What fits at the cursor. Candidates are given without `@`, `\` or `/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// The first word of the line: somebody's name, or a room where one was asked for.
    First,
    /// The answer to a question, if the caller knows that there is one: nothing follows it.
    Answer,
    /// After `@`: a name.
    Mention,
    /// After `\` or `/` at the start of the line: a command.
    Command,
    /// Any other word, for example the argument of a command.
    Other,
}

impl Word {
    /// The word that ends `before`, the text before the cursor.
    pub fn at_end_of(before: &str) -> Word {
        let start = before.rfind(char::is_whitespace).map_or(0, |at| {
            at + before[at..].chars().next().map_or(0, char::len_utf8)
        });
        let word = &before[start..];
        let (wanted, text) = if let Some(name) = word.strip_prefix('@') {
            (Wanted::Mention, name)
        } else if start > 0 {
            (Wanted::Other, word)
        } else if let Some(command) = word.strip_prefix(['\\', '/']) {
            (Wanted::Command, command)
        } else {
            (Wanted::First, word)
        };
        Word {
            wanted,
            text: text.to_owned(),
            command: command_in(&before[..start]).map(str::to_owned),
        }
    }

    /// The candidates that begin like this word, in upper or lower case, sorted and without
    /// duplicates.
    pub fn matches<'a>(&self, candidates: &[&'a str]) -> Vec<&'a str> {
        let mut found: Vec<&str> = candidates
            .iter()
            .copied()
            .filter(|candidate| begins_with(candidate, &self.text))
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// The command in `before`, if nothing else is.
fn command_in(before: &str) -> Option<&str> {
    let command = before.trim().strip_prefix(['\\', '/'])?;
    (!command.contains(char::is_whitespace)).then_some(command)
}

impl Wanted {
    /// What follows the word once it is complete.
    pub fn suffix(self) -> &'static str {
        match self {
            Wanted::First => ": ",
            Wanted::Answer => "",
            _ => " ",
        }
    }
}

/// The longest prefix, in whole graphemes, that all share in upper or lower case, spelled as in
/// the first one.
pub fn common_prefix<'a>(candidates: &[&'a str]) -> &'a str {
    let Some((first, others)) = candidates.split_first() else {
        return "";
    };
    let length = first
        .grapheme_indices(true)
        .map(|(at, grapheme)| at + grapheme.len())
        .take_while(|&end| others.iter().all(|other| begins_with(other, &first[..end])))
        .last();
    &first[..length.unwrap_or(0)]
}

fn begins_with(text: &str, prefix: &str) -> bool {
    let mut text = text.chars().flat_map(char::to_lowercase);
    let mut prefix = prefix.chars().flat_map(char::to_lowercase);
    prefix.all(|expected| text.next() == Some(expected))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_says_what_is_wanted() {
        for (before, wanted, text) in [
            ("", Wanted::First, ""),
            ("Da", Wanted::First, "Da"),
            ("@Da", Wanted::Mention, "Da"),
            ("hi @ดี", Wanted::Mention, "ดี"),
            ("\\ex", Wanted::Command, "ex"),
            ("/", Wanted::Command, ""),
            ("\\join 11", Wanted::Other, "11"),
            ("hi ", Wanted::Other, ""),
            ("hi\u{3000}/x", Wanted::Other, "/x"),
        ] {
            let word = Word::at_end_of(before);
            assert_eq!(
                (word.wanted, word.text.as_str()),
                (wanted, text),
                "{before:?}"
            );
        }
    }

    #[test]
    fn the_first_word_behind_a_command_knows_it() {
        for (before, command) in [
            ("\\join 11", Some("join")),
            (" /msg  @Da", Some("msg")),
            ("\\join 11 D", None),
            ("\\join", None),
            ("hi Da", None),
            ("Da", None),
        ] {
            let word = Word::at_end_of(before);
            assert_eq!(word.command.as_deref(), command, "{before:?}");
        }
    }

    #[test]
    fn candidates_match_in_any_script_and_case() {
        let word = Word::at_end_of("ÄR");
        assert_eq!(
            word.matches(&["ärger", "Ärzte", "Arm", "ärger"]),
            ["Ärzte", "ärger"]
        );
        assert_eq!(common_prefix(&["Ärzte", "ärger"]), "Är");
        assert_eq!(common_prefix(&["เป็นคน", "เป็นหมา"]), "เป็น");
        // A vowel above belongs to its letter: half a grapheme is not in common.
        assert_eq!(common_prefix(&["มาดี", "มาดู"]), "มา");
        assert_eq!(common_prefix(&[]), "");
    }
}
