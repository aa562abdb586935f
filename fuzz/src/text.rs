//! Cleaning, measuring and cutting text, and folding it.

use parlor::limits::COMBINING_MARKS_PER_BASE_MAX;
use parlor::text::{clean, cut, fold, graphemes, width};

/// The first byte is a width in columns, the rest a line as a client sends it.
///
/// - What is clean stays as it is, steers no terminal, stays in its row and is not much longer than what came in.
/// - A cut is the longest beginning that fits.
/// - What is folded stays as it is.
///
/// Text that has not been cleaned is measured and cut too.
pub fn text(input: &[u8]) {
    let Some((&columns, line)) = input.split_first() else {
        return;
    };
    let raw = String::from_utf8_lossy(line);
    let cleaned = clean(line);
    assert_eq!(clean(cleaned.as_bytes()), cleaned, "cleaned twice");
    assert!(cleaned.len() <= 3 * line.len());
    assert!(cleaned.chars().all(is_harmless), "{cleaned:?}");
    let towers = cleaned.split(|c| !matches!(c, '\u{300}'..='\u{34E}'));
    let highest = towers.map(|marks| marks.chars().count()).max();
    assert!(highest <= Some(COMBINING_MARKS_PER_BASE_MAX), "{cleaned:?}");
    if !raw.contains('\x1b') {
        let letters = |text: &str| -> String { text.chars().filter(is_plain).collect() };
        assert_eq!(letters(&cleaned), letters(&raw), "a letter is lost");
    }
    for text in [&*cleaned, &*raw] {
        check_cut(text, columns.into());
        let folded = fold(text);
        assert_eq!(fold(&folded), folded, "folded twice");
    }
}

fn check_cut(text: &str, columns: usize) {
    let kept = cut(text, columns);
    assert!(text.starts_with(kept) && width(kept) <= columns);
    if let Some(next) = graphemes(&text[kept.len()..]).next() {
        let longer = &text[..kept.len() + next.len()];
        assert!(width(longer) > columns, "{longer:?} fits in {columns}");
    }
}

/// No control, no line break, nothing that turns the direction of text or hides in it. Join controls and
/// variation selectors have their places, which the tests of the cleaner know.
fn is_harmless(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{180E}'
            | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E00FF}' | '\u{E01F0}'..='\u{E0FFF}')
}

/// A character that cleaning never has a reason to remove. Some fillers are letters.
fn is_plain(c: &char) -> bool {
    *c == char::REPLACEMENT_CHARACTER || (c.is_alphanumeric() && !is_mark(*c) && is_harmless(*c))
}

/// Some marks are alphabetic, and only four stay on a base. Being joined to what is before is how they show.
fn is_mark(c: char) -> bool {
    graphemes(&format!("a{c}")).count() == 1
}
