//! Names that somebody wants to have: what they are made of, and what the server's own rows keep for themselves.
//!
//! Names that are there already are not measured by it: they were given when the rule was another, and whoever has
//! one keeps it.

use std::sync::{Arc, LazyLock};

use super::error::NameOf;
use super::{
    ANON, NameError, NameFault, NameKey, before_mark, fault, is_anon, joined, keys_of, numbered,
    share_a_key, shortened, trimmed,
};
use crate::limits::{NAME_BYTES_MAX, NAME_GRAPHEMES_MAX};
use crate::text;

/// The name of whoever reads, in rows such as `Dai -> you: hi`.
const YOU: &str = "you";

/// Reads a name.
pub(super) fn choose(of: NameOf, typed: &str) -> Result<Arc<str>, NameError> {
    let text = trimmed(typed);
    let text = text::compose_canonically(&text);
    match fault(of, &text).or_else(|| misleading(of, &text)) {
        None => Ok(Arc::from(text)),
        Some(fault) => Err(NameError {
            suggestion: suggested(of, &text),
            of,
            fault,
        }),
    }
}

/// What makes people mistake `text` for something else, which is short.
fn misleading(of: NameOf, text: &str) -> Option<NameFault> {
    if let Some(unfit) = text::unfit(text) {
        return Some(NameFault::Unfit(unfit));
    }
    if is_row_start(text) {
        return Some(NameFault::RowStart);
    }
    if of == NameOf::User && is_anon(text) && text != ANON {
        return Some(NameFault::Anon);
    }
    (of == NameOf::User && passes_for_you(text)).then_some(NameFault::You)
}

/// A name near `text` that would do, if there is one.
fn suggested(of: NameOf, text: &str) -> Option<String> {
    // More than any name has room for is not worth a look.
    let text = shortened(text, 2 * NAME_GRAPHEMES_MAX, 2 * NAME_BYTES_MAX);
    let fit = text::fitting(&joined(of, &text));
    let mut name = shortened(&fit, NAME_GRAPHEMES_MAX, NAME_BYTES_MAX);
    if let Some(NameFault::Anon | NameFault::You) = choose_fault(of, &name) {
        name = numbered(before_mark(&name), 2);
    }
    choose_fault(of, &name).is_none().then_some(name)
}

fn choose_fault(of: NameOf, text: &str) -> Option<NameFault> {
    fault(of, text).or_else(|| misleading(of, text))
}

/// Whether `name` is all that rows of the server begin with: `*`, `#12`, `[14:30:01]`, `---`, `===`, `->`.
fn is_row_start(name: &str) -> bool {
    let is_sign = |c: char| matches!(c, '*' | '#' | '[' | ']' | '(' | ')' | ':' | '-' | '=' | '>');
    name.starts_with(['*', '#', '[', '(', '-', '=', '>'])
        && name.chars().all(|c| is_sign(c) || c.is_ascii_digit())
}

fn passes_for_you(name: &str) -> bool {
    static KEYS: LazyLock<[NameKey; 3]> = LazyLock::new(|| keys_of(YOU));
    share_a_key(&keys_of(name), &KEYS)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Name, RoomName};
    use super::*;

    #[test]
    fn names_that_pass_for_others_or_for_rows_are_refused_with_what_would_do() {
        let table = [
            (
                "Dᴀi",
                "a name cannot have ᴀ (U+1D00) in it; letters, digits, emoji and what is on every keyboard will do",
                Some("Di"),
            ),
            (
                "Dai\u{378}",
                "a name cannot have U+0378 in it; letters, digits, emoji and what is on every keyboard will do",
                Some("Dai"),
            ),
            (
                "Dai\u{307}",
                "a name cannot have the mark U+0307 where it is",
                Some("Dai"),
            ),
            (
                "Dаi",
                "a name cannot mix Latin and Cyrillic letters",
                Some("Dai"),
            ),
            (
                "YOU",
                "that looks like you, which is what everybody is called by the server",
                Some("YOU_2"),
            ),
            (
                "*",
                "a name needs a letter after what the server's own rows begin with",
                None,
            ),
            (
                "#12",
                "a name needs a letter after what the server's own rows begin with",
                None,
            ),
            (
                "[20:20:20]",
                "a name needs a letter after what the server's own rows begin with",
                None,
            ),
            (
                "->",
                "a name needs a letter after what the server's own rows begin with",
                None,
            ),
            (
                "Dᴀi Smith",
                "a name cannot have spaces in it",
                Some("Di_Smith"),
            ),
        ];
        for (typed, why, other) in table {
            let error = Name::choose(typed).expect_err(typed);
            assert_eq!(error.to_string(), why, "{typed}");
            assert_eq!(error.suggestion.as_deref(), other, "{typed}");
            if let Some(other) = other {
                assert_eq!(Name::choose(other).map(String::from), Ok(other.to_owned()));
            }
        }
    }

    #[test]
    fn names_that_were_always_given_still_are() {
        for typed in [
            "<0w0>",
            "T_____T",
            "เป็นคนที่เทอพูมจัย",
            "anon",
            "*star*",
            "#general",
            "[AFK]Dai",
            "(^_^)",
            "-_-",
            "1150",
            "a,b",
            "Zoe\u{308}",
            "yours",
            "😝",
        ] {
            let composed = text::compose_canonically(typed);
            assert_eq!(
                Name::choose(typed).map(String::from),
                Ok(composed),
                "{typed}"
            );
        }
        for typed in ["1150", "lobby", "you", "#general", "ห้องนั่งเล่น"] {
            assert!(RoomName::choose(typed).is_ok(), "{typed}");
        }
        assert!(RoomName::choose("c\u{4CF}ub").is_err());
    }

    #[test]
    fn whoever_has_an_old_name_can_still_be_found() {
        for old in ["Dᴀi", "Dаi", "you", "*", "①"] {
            assert!(Name::parse(old).is_ok(), "{old}");
        }
    }

    fn typed() -> impl Strategy<Value = String> {
        let piece = proptest::sample::select(vec![
            "D",
            "a",
            "i",
            "ai",
            "а",
            "ӏ",
            "Ð",
            "ᴀ",
            "\u{307}",
            "\u{300}",
            "\u{17D2}",
            "\u{378}",
            "\u{E000}",
            "ı",
            "İ",
            "ที่",
            "ด",
            "ा",
            "क",
            "ᄀ",
            "\u{1161}",
            "山",
            "가",
            "👍",
            "🏽",
            "\u{200D}",
            "❤",
            "\u{FE0F}",
            "*",
            "[",
            "1",
            ":",
            "you",
            "ﷺ",
            "Ω",
            "\u{20E3}",
            " ",
            ",",
        ]);
        prop_oneof![
            4 => proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat()),
            1 => any::<String>(),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2048))]

        #[test]
        fn what_is_chosen_or_suggested_is_chosen_as_it_is(typed in typed()) {
            for of in [NameOf::User, NameOf::Room] {
                let name = match choose(of, &typed) {
                    Ok(name) => name.to_string(),
                    Err(error) => error.suggestion.unwrap_or_else(|| "none".to_owned()),
                };
                let again = choose(of, &name);
                prop_assert_eq!(again.as_deref(), Ok(&*name), "{:?}", typed);
            }
        }

        #[test]
        fn what_is_chosen_shows_as_much_as_it_has(typed in typed()) {
            if let Ok(name) = Name::choose(&typed) {
                let text = name.as_str();
                // Each mark and each control is part of a letter or a picture that shows.
                prop_assert!(text::graphemes(text).all(|grapheme| grapheme.contains(text::is_visible)), "{:?}", text);
            }
        }

        #[test]
        fn a_numbered_choice_can_be_chosen(typed in typed(), number in 0..1000_u64) {
            if let Ok(name) = Name::choose(&typed) {
                let numbered = name.numbered(number);
                prop_assert_eq!(Name::choose(numbered.as_str()), Ok(numbered));
            }
        }
    }
}
