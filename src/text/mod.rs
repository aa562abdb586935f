//! Text from users: made safe to show, measured in terminal columns, cut and wrapped, compared.
//!
//! Everything is pure. [`clean()`] is the only way from bytes of the network to text that other terminals show; the
//! other functions take text that it has cleaned, and work on any other text too.

mod clean;
mod layout;
mod profile;
mod property;

pub use clean::clean;
pub use layout::{breadth, cut, graphemes, width, wrap};
pub use profile::{Unfit, fitting, unfit};
pub(crate) use property::{is_blank, is_format, is_mark, is_visible};
pub use property::{is_continuation, is_unspaced};

use icu_casemap::CaseMapper;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

/// Folds `text` so that texts that differ only in case, width or presentation become equal.
///
/// This is toNFKC_Casefold (Unicode, section 3.13, R5): compatibility composition, full case folding without
/// the Turkic rules, no default-ignorable characters. Folding what is folded changes nothing (tested: every
/// character, and random texts).
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    fold_by_tables(text)
}

/// Composes `text` in the compatibility form NFKC.
pub fn compose(text: &str) -> String {
    text.nfkc().collect()
}

/// `text` in lower case, character by character: what begins with what, is then too.
pub fn lowercase(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

/// Composes `text` in the canonical form NFC.
pub fn compose_canonically(text: &str) -> String {
    text.nfc().collect()
}

/// The confusable skeleton of `text` (UTS 39, section 4): two texts that look alike have the same one. Strokes through
/// letters are left out, so that `Ð` looks like `D`.
///
/// It is for comparing only, never for showing: even plain English changes (`m` becomes `rn`).
pub fn skeleton(text: &str) -> String {
    let skeleton = unicode_security::skeleton(text);
    skeleton.filter(|&c| !profile::is_overlay(c)).collect()
}

/// Whether `c` alone is certainly its own [`fold`].
pub fn is_folded(c: char) -> bool {
    is_nfkc_quick(std::iter::once(c)) == IsNormalized::Yes
        // Of those in lower case a few fold to two.
        && !c.is_lowercase()
        && !c.is_uppercase()
        && CaseMapper::new().simple_fold(c) == c
        && !property::is_default_ignorable(c)
}

/// Bytes of the beginning of `text` that [`fold`]s to `folded`, which ends where a character as it is seen ends; `None`
/// if it begins otherwise. `folded` is folded.
pub fn folded_prefix(text: &str, folded: &str) -> Option<usize> {
    let (mut length, mut left) = (0, folded);
    while !left.is_empty() {
        let mut chars = text[length..].chars();
        let (c, after) = (chars.next()?, chars.next());
        // Most characters fold to one, whatever stands beside them.
        let is_simple = |c: char| c.is_ascii() || is_folded(c);
        let taken = match is_simple(c) && after.is_none_or(is_simple) {
            true => {
                left = left.strip_prefix(c.to_ascii_lowercase())?;
                c.len_utf8()
            }
            false => {
                let grapheme = graphemes(&text[length..]).next()?;
                left = left.strip_prefix(&*fold(grapheme))?;
                grapheme.len()
            }
        };
        length += taken;
    }
    Some(length)
}

/// Whether `c` may be the first character of what folds to `folded`: most places of a long text are out at once.
pub fn may_begin(c: char, folded: &str) -> bool {
    match c.is_ascii() {
        true => folded.starts_with(c.to_ascii_lowercase()),
        false => folded.starts_with(c) || !is_folded(c),
    }
}

fn fold_by_tables(text: &str) -> String {
    let composed = compose(text);
    CaseMapper::new()
        .fold_string(&composed)
        .chars()
        .filter(|&c| !property::is_default_ignorable(c))
        .nfkc()
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_said_to_be_folded_is() {
        for c in ('\0'..=char::MAX).filter(|&c| is_folded(c)) {
            assert_eq!(fold(&c.to_string()), c.to_string(), "{c:?}");
        }
        assert!(
            "a1กあ漢！"
                .chars()
                .filter(|&c| is_folded(c))
                .eq("1กあ漢".chars())
        );
    }

    #[test]
    fn texts_that_differ_in_case_or_form_fold_to_one() {
        let table = [
            ("Dai", "dAI"),
            ("Straße", "STRASSE"),
            ("ﬁsh", "FISH"),
            ("Ｄａｉ", "dai"),
            ("ΣΊΣΥΦΟΣ", "σίσυφος"),
            ("e\u{301}", "É"),
            ("❤\u{fe0f}", "❤"),
            ("①", "1"),
        ];
        for (one, other) in table {
            assert_eq!(fold(one), fold(other), "{one} and {other}");
        }
    }

    #[test]
    fn texts_that_are_different_words_fold_to_different_ones() {
        for (one, other) in [("Dai", "Dao"), ("ดี", "ด"), ("é", "e"), ("1150", "115")] {
            assert_ne!(fold(one), fold(other), "{one} and {other}");
        }
    }

    #[test]
    fn look_alikes_have_one_skeleton() {
        for (one, other) in [("paypal", "pаypаl"), ("DAl", "DAI"), ("modern", "rnodern")] {
            assert_eq!(skeleton(one), skeleton(other), "{one} and {other}");
        }
        assert_ne!(skeleton("Dai"), skeleton("Dao"));
    }

    #[test]
    fn every_character_folds_to_something_stable() {
        for c in ('\0'..='\u{33479}').chain('\u{E0000}'..='\u{E0FFF}') {
            let folded = fold(&c.to_string());
            assert_eq!(fold(&folded), folded, "U+{:04X}", u32::from(c));
        }
    }

    /// Letters and marks whose folds compose, decompose or change their order.
    fn greek_and_marks() -> impl Strategy<Value = String> {
        prop_oneof![
            "[AaIiİßΑαᾼᾳΩω\u{301}\u{307}\u{313}\u{323}\u{345}\u{34F}\u{200D}ﬃǅ각ᄀ\u{1161}\u{11A8}]{0,12}",
            "\\PC{0,8}",
        ]
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(text in any::<String>(), composing in greek_and_marks()) {
            for text in [text, composing] {
                let folded = fold(&text);
                prop_assert_eq!(fold(&folded), folded);
            }
        }

        #[test]
        fn ascii_folds_by_the_short_way_as_by_the_tables(text in "[ -~]*") {
            prop_assert_eq!(fold(&text), fold_by_tables(&text));
        }
    }
}
