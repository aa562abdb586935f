//! Properties of characters: thin wrappers around the tables of the Unicode Character Database.

use icu_properties::props::{
    DefaultIgnorableCodePoint, Emoji, EmojiModifier, ExtendedPictographic, GeneralCategory,
    GeneralCategoryGroup, Script,
};
use icu_properties::{CodePointMapData, CodePointSetData};

/// Zero width joiner: joins emoji into one picture and letters into another shape.
pub(super) const ZWJ: char = '\u{200D}';
/// Zero width non-joiner: keeps letters from joining.
pub(super) const ZWNJ: char = '\u{200C}';

/// Scripts in which a join control changes how a word is written (Unicode, sections 9, 12 to 16 and 23.2).
const JOINING_SCRIPTS: [Script; 24] = [
    Script::Adlam,
    Script::Arabic,
    Script::Balinese,
    Script::Bengali,
    Script::Devanagari,
    Script::Gujarati,
    Script::Gurmukhi,
    Script::HanifiRohingya,
    Script::Javanese,
    Script::Kannada,
    Script::Khmer,
    Script::Malayalam,
    Script::Mandaic,
    Script::Mongolian,
    Script::Myanmar,
    Script::Newa,
    Script::Nko,
    Script::Oriya,
    Script::PhagsPa,
    Script::Sinhala,
    Script::Syriac,
    Script::Tamil,
    Script::Telugu,
    Script::Tibetan,
];

/// Characters that draw nothing, or only space, though the tables call them letters, marks or symbols.
const BLANK_SYMBOLS: [char; 5] = [
    '\u{2800}',  // braille pattern blank
    '\u{13441}', // Egyptian hieroglyph full blank
    '\u{13442}', // Egyptian hieroglyph half blank
    '\u{16FE4}', // Khitan small script filler
    '\u{1D159}', // musical symbol null notehead
];

/// Whether `c` shows as space: white space, or one of the symbols that look blank.
pub(crate) fn is_blank(c: char) -> bool {
    c.is_whitespace() || BLANK_SYMBOLS.contains(&c)
}

/// Whether `c` puts ink on the screen by itself: a letter, number, punctuation or symbol that is not blank.
pub(crate) fn is_visible(c: char) -> bool {
    const INK: GeneralCategoryGroup = GeneralCategoryGroup::Letter
        .union(GeneralCategoryGroup::Number)
        .union(GeneralCategoryGroup::Punctuation)
        .union(GeneralCategoryGroup::Symbol);
    c.is_ascii_graphic() || (INK.contains(category(c)) && !is_blank(c) && !is_default_ignorable(c))
}

/// Whether `c` is of a script that is written without spaces between words: Thai, Chinese, Japanese and others.
pub fn is_unspaced(c: char) -> bool {
    const SCRIPTS: [Script; 9] = [
        Script::Bopomofo,
        Script::Han,
        Script::Hiragana,
        Script::Katakana,
        Script::Khmer,
        Script::Lao,
        Script::Myanmar,
        Script::Thai,
        Script::Tibetan,
    ];
    // Both kinds of kana share a few marks, which are of no script.
    !c.is_ascii()
        && (('\u{3040}'..='\u{30FF}').contains(&c)
            || SCRIPTS.contains(&CodePointMapData::<Script>::new().get(c)))
}

/// Whether `c` is seen as a part of the character before it: a mark, a joiner, a colour of skin, or the vowel AM of Thai
/// and Lao.
pub fn is_continuation(c: char) -> bool {
    !c.is_ascii()
        && (is_mark(c) || c == ZWJ || is_skin_tone(c) || matches!(c, '\u{E33}' | '\u{EB3}'))
}

/// Whether `c` is a combining mark (general category M).
pub(crate) fn is_mark(c: char) -> bool {
    GeneralCategoryGroup::Mark.contains(category(c))
}

/// Whether `c` is a format character (general category Cf), which often shows as nothing.
pub(crate) fn is_format(c: char) -> bool {
    category(c) == GeneralCategory::Format
}

pub(super) fn is_default_ignorable(c: char) -> bool {
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

pub(super) fn is_emoji(c: char) -> bool {
    CodePointSetData::new::<Emoji>().contains(c)
}

pub(super) fn is_skin_tone(c: char) -> bool {
    CodePointSetData::new::<EmojiModifier>().contains(c)
}

pub(super) fn is_pictograph(c: char) -> bool {
    CodePointSetData::new::<ExtendedPictographic>().contains(c)
}

/// Whether `c` is a variation selector: general, supplementary or Mongolian.
pub(super) fn is_selector(c: char) -> bool {
    is_mongolian_selector(c) || matches!(c, '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}')
}

/// Whether `c` is a Mongolian free variation selector. U+180E between them is a separator, not a selector.
pub(super) fn is_mongolian_selector(c: char) -> bool {
    matches!(c, '\u{180B}'..='\u{180D}' | '\u{180F}')
}

pub(super) fn script(c: char) -> Script {
    CodePointMapData::<Script>::new().get(c)
}

/// The script of `c` if `c` is a letter or mark of a script that uses join controls.
pub(super) fn joining_script(c: char) -> Option<Script> {
    let script = script(c);
    let group = category(c);
    let writes =
        GeneralCategoryGroup::Letter.contains(group) || GeneralCategoryGroup::Mark.contains(group);
    (writes && JOINING_SCRIPTS.contains(&script)).then_some(script)
}

fn category(c: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_blank_is_neither_ink_nor_missed() {
        for c in [' ', '\t', '\u{A0}', '\u{3000}', '\u{2800}', '\u{1D159}'] {
            assert!(is_blank(c) && !is_visible(c), "U+{:04X}", u32::from(c));
        }
        for c in ['a', '_', 'ด', '😝', '\u{FFFD}', '⠁'] {
            assert!(!is_blank(c) && is_visible(c), "{c}");
        }
        for c in ['\u{200B}', '\u{301}', '\u{3164}', '\u{7}', '\u{E000}'] {
            assert!(!is_visible(c), "U+{:04X}", u32::from(c));
        }
    }
}
