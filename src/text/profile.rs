//! What names are written with: characters that can be seen and told apart (UTS 39, Unicode Security Mechanisms).

use icu_properties::props::{CanonicalCombiningClass, Script};
use icu_properties::script::ScriptWithExtensions;
use icu_properties::{CodePointMapData, PropertyNamesLong};
use unicode_normalization::UnicodeNormalization;
use unicode_security::{GeneralSecurityProfile, RestrictionLevel, RestrictionLevelDetection};

use super::property::{ZWJ, ZWNJ, is_mark, is_pictograph, is_selector, is_skin_tone, script};

/// What is wrong with a text as a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// A character that no word is written with in any modern script, or that cannot be seen.
    Character(char),
    /// A combining mark where it changes nothing that people would read.
    Mark(char),
    /// Letters of two scripts that are not written together, with their names.
    Mixed(&'static str, &'static str),
}

/// The first thing that is wrong with `text`, which is composed (NFC) and clean.
///
/// Letters and digits are those of UTS 39's identifier profile, which has no technical letters, no forms that exist
/// for compatibility, nothing unassigned and nothing private. Besides them: whatever ASCII prints, and emoji. A mark
/// that has not composed with its base must be of the same script, as in Thai, Devanagari and Arabic; those that go on
/// any letter would make look-alikes, since many terminals do not show them. Scripts are mixed as in UTS 39's level
/// "highly restrictive", and Thai with Latin.
pub fn unfit(text: &str) -> Option<Unfit> {
    if text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    let mut base = None;
    let fault = text.chars().find_map(|c| unfit_after(&mut base, c));
    fault.or_else(|| mixed(text))
}

/// `text` without what is unfit, and without the letters of a second script. Letters that look like those of ASCII
/// become these.
pub fn fitting(text: &str) -> String {
    let mut base = None;
    let plain = text.chars().map(|c| match c.is_ascii() {
        true => c,
        false => ascii_look(c).unwrap_or(c),
    });
    let fit: String = plain
        .filter(|&c| unfit_after(&mut base, c).is_none())
        .collect();
    let fit: String = fit.nfc().collect();
    if mixed(&fit).is_none() {
        return fit;
    }
    let first = fit.chars().map(script).find(|script| is_real(*script));
    let is_kept = |c: &char| {
        let script = script(*c);
        !is_real(script) || Some(script) == first
    };
    fit.chars().filter(is_kept).collect()
}

/// Thai is written beside Latin in one name by those who use both, and no letter of the one passes for a letter of the
/// other. UTS 39 allows the same for Chinese, Japanese and Korean. Cyrillic and Greek are what is kept apart; of the
/// other scripts, each has some letter or digit that is a circle or a stroke.
const MIXES_WITH_LATIN: Script = Script::Thai;

/// What is wrong with `c` after `base`, the letter or picture that a mark would stand on, which it updates.
fn unfit_after(base: &mut Option<char>, c: char) -> Option<Unfit> {
    if c.is_ascii_graphic() {
        *base = Some(c);
        return None;
    }
    // Cleaning has left those only where they belong.
    if matches!(c, ZWJ | ZWNJ) || is_selector(c) {
        return None;
    }
    if is_mark(c) {
        let fits = is_keycap(*base, c) || base.is_some_and(|base| fits(base, c));
        return (!fits).then_some(Unfit::Mark(c));
    }
    *base = Some(c);
    let is_picture = is_pictograph(c) || is_skin_tone(c) || is_regional(c);
    let is_letter = GeneralSecurityProfile::identifier_allowed(c) && !is_jamo(c);
    // `™` and `ℹ` are pictographs, and letters in another form.
    let is_fit = is_letter || is_picture && std::iter::once(c).nfkc().eq([c]);
    (!is_fit).then_some(Unfit::Character(c))
}

/// Whether `mark` is written on `base` in its script.
fn fits(base: char, mark: char) -> bool {
    if !GeneralSecurityProfile::identifier_allowed(mark) || goes_on_any_letter(mark) {
        return false;
    }
    let script_of_base = script(base);
    match script(mark) {
        Script::Inherited => {
            let extensions = ScriptWithExtensions::new().get_script_extensions_val(mark);
            extensions.iter().any(|script| script == script_of_base)
        }
        script => script == script_of_base,
    }
}

/// The blocks of combining diacritical marks.
fn goes_on_any_letter(mark: char) -> bool {
    matches!(mark,
        '\u{300}'..='\u{36F}' | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}'
        | '\u{20D0}'..='\u{20FF}' | '\u{FE20}'..='\u{FE2F}')
}

/// The end of an emoji such as `1️⃣`.
fn is_keycap(base: Option<char>, mark: char) -> bool {
    mark == '\u{20E3}' && matches!(base, Some('0'..='9' | '#' | '*'))
}

/// Two of these are a flag.
fn is_regional(c: char) -> bool {
    matches!(c, '\u{1F1E6}'..='\u{1F1FF}')
}

/// Parts of Korean syllables, which compose where they belong.
fn is_jamo(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{11FF}' | '\u{A960}'..='\u{A97F}' | '\u{D7B0}'..='\u{D7FF}')
}

/// The ASCII letter or digit that `c` looks like, or is another form of.
fn ascii_look(c: char) -> Option<char> {
    let composed: String = std::iter::once(c).nfkc().collect();
    let mut look = unicode_security::skeleton(&composed).filter(|&c| !is_overlay(c));
    let first = look.next().filter(char::is_ascii_alphanumeric)?;
    look.next().is_none().then_some(first)
}

/// Whether `mark` is a stroke through its base, as in the skeleton of `Ð`.
pub(super) fn is_overlay(mark: char) -> bool {
    let class = CodePointMapData::<CanonicalCombiningClass>::new().get(mark);
    class == CanonicalCombiningClass::Overlay
}

/// Which two scripts are in `text` that are not written together.
fn mixed(text: &str) -> Option<Unfit> {
    let letters: String = text
        .chars()
        .filter(|&c| GeneralSecurityProfile::identifier_allowed(c))
        .collect();
    let level = letters.as_str().detect_restriction_level();
    if level <= RestrictionLevel::HighlyRestrictive {
        return None;
    }
    let mut scripts = letters
        .chars()
        .map(script)
        .filter(|script| is_real(*script));
    let first = scripts.next()?;
    let is_thai_or_latin = |script: Script| script == MIXES_WITH_LATIN || script == Script::Latin;
    let mut others = scripts.filter(|&script| script != first);
    let second = match is_thai_or_latin(first) {
        true => others.find(|&script| !is_thai_or_latin(script))?,
        false => others.next()?,
    };
    Some(Unfit::Mixed(name_of(first), name_of(second)))
}

/// Whether it is not the script of what is written in all of them.
fn is_real(script: Script) -> bool {
    !matches!(script, Script::Common | Script::Inherited)
}

fn name_of(script: Script) -> &'static str {
    let name = PropertyNamesLong::<Script>::new().get(script);
    name.unwrap_or("another script")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_people_write_them_are_fit() {
        for name in [
            "Dai",
            "<0w0>",
            "T_____T",
            "O'Neil",
            "Zoë",
            "Ðuro",
            "Đại",
            "Nguyễn",
            "Łukasz",
            "Şükrü",
            "İpek",
            "Ærø",
            "Straße",
            "Ivan",
            "Иван",
            "Ольга",
            "Її",
            "Ћирилица",
            "Γιώργος",
            "Աննա",
            "გიორგი",
            "محمد",
            "مُحَمَّد",
            "עמית",
            "शिव",
            "क्षेत्र",
            "ਗੁਰੂ",
            "বাংলা",
            "தமிழ்",
            "ತೇಜು",
            "മലയാളം",
            "සිංහල",
            "เป็นคนที่เทอพูมจัย",
            "ที่",
            "Somchaiกิต",
            "ກາ",
            "ខ្មែរ",
            "ក្រុម",
            "မြန်မာ",
            "བོད",
            "አማርኛ",
            "山田",
            "山田Taro",
            "たなか",
            "ガギグ",
            "田中さんX",
            "김철수",
            "김Kim",
            "王小明",
            "😝",
            "👨‍👩‍👧",
            "🏽",
            "👍🏽",
            "🇹🇭",
            "1️⃣",
            "❤",
            "❤️",
            "Dai❤",
            "Ann😝",
        ] {
            let composed: String = name.nfc().collect();
            assert_eq!(unfit(&composed), None, "{name}");
        }
    }

    #[test]
    fn what_cannot_be_told_from_something_else_is_unfit() {
        let table = [
            ("Dᴀi", Unfit::Character('ᴀ')),
            ("Dai\u{378}", Unfit::Character('\u{378}')),
            ("Dai\u{E000}", Unfit::Character('\u{E000}')),
            ("Dai\u{307}", Unfit::Mark('\u{307}')),
            ("Dai\u{1161}", Unfit::Character('\u{1161}')),
            ("Dai\u{17D2}", Unfit::Mark('\u{17D2}')),
            ("Dai\u{1A60}", Unfit::Mark('\u{1A60}')),
            ("Dai\u{1107F}", Unfit::Mark('\u{1107F}')),
            ("Dai\u{20E3}", Unfit::Mark('\u{20E3}')),
            ("Daiั", Unfit::Mark('ั')),
            ("กा", Unfit::Mark('ा')),
            ("Ｄai", Unfit::Character('Ｄ')),
            ("ℹ", Unfit::Character('ℹ')),
            ("™", Unfit::Character('™')),
            ("𝐃ai", Unfit::Character('𝐃')),
            ("c\u{4CF}ub", Unfit::Mixed("Latin", "Cyrillic")),
            ("Dаi", Unfit::Mixed("Latin", "Cyrillic")),
            ("Ολa", Unfit::Mixed("Greek", "Latin")),
            ("กДa", Unfit::Mixed("Thai", "Cyrillic")),
        ];
        for (text, expected) in table {
            assert_eq!(unfit(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_left_of_an_unfit_text_is_fit() {
        let table = [
            ("Dᴀi", "Di"),
            ("Dаi", "Dai"),
            ("Ｄａｉ", "Dai"),
            ("Dai\u{307}\u{17D2}\u{E000}", "Dai"),
            ("ЖдЖQ", "ЖдЖ"),
            ("Q山ж", "Q"),
        ];
        for (text, expected) in table {
            assert_eq!(fitting(text), expected, "{text}");
            assert_eq!(unfit(expected), None, "{text}");
        }
    }
}
