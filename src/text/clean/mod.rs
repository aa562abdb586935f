//! Sanitising: turns what a user sent into text that is only text to any terminal.

use icu_properties::props::Script;

use super::property::{
    ZWJ, ZWNJ, is_default_ignorable, is_emoji, is_mark, is_mongolian_selector, is_pictograph,
    is_selector, is_skin_tone, joining_script, script,
};
use crate::limits::COMBINING_MARKS_PER_BASE_MAX;

const ESC: u8 = 0x1B;
const BEL: u8 = 0x07;

/// Turns one line of input bytes into text that is safe to show on any terminal.
///
/// - Invalid UTF-8 becomes U+FFFD, one for each maximal invalid part.
/// - Escape sequences (ECMA-48: what arrow and function keys send in line mode, what coloured output holds) go
///   whole; all other controls go alone. Tab becomes a space.
/// - Bidi controls, line and paragraph separators, interlinear annotation and default-ignorable characters go.
///   Join controls stay inside emoji and between letters that join, variation selectors right after a
///   character that takes them. Emoji tags go, so the flag of Wales becomes a black flag.
/// - Marks beyond [`COMBINING_MARKS_PER_BASE_MAX`] on one base go.
///
/// Cleaning twice is the same as cleaning once, and the text is at most three times as long as `bytes`. Takes linear
/// time.
pub fn clean(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    if bytes.iter().all(|byte| matches!(byte, 0x20..=0x7E)) {
        return text.into_owned();
    }
    let mut cleaner = Cleaner {
        out: String::with_capacity(text.len()),
        marks: 0,
        joiner: None,
    };
    let mut strings_end = true;
    let mut rest = &*text;
    while let Some(c) = rest.chars().next() {
        let taken = if c == char::from(ESC) {
            escape_len(rest.as_bytes(), &mut strings_end)
        } else {
            cleaner.push(c);
            c.len_utf8()
        };
        rest = &rest[taken..];
    }
    cleaner.out
}

/// The text so far. Whether a character stays depends on what was kept, never on what was removed: that is what
/// makes a second cleaning change nothing.
struct Cleaner {
    out: String,
    /// Marks kept since the last base.
    marks: usize,
    /// A join control that waits to see what comes after it.
    joiner: Option<char>,
}

impl Cleaner {
    fn push(&mut self, c: char) {
        match c {
            ' '..='~' => self.push_base(c),
            '\t' => self.push_base(' '),
            ZWJ | ZWNJ => self.joiner = self.joiner.or(Some(c)),
            c if is_selector(c) => self.push_selector(c),
            c if is_removed(c) => {}
            c if is_mark(c) => self.push_mark(c),
            c => self.push_base(c),
        }
    }

    fn push_base(&mut self, c: char) {
        self.marks = 0;
        self.append(c);
    }

    fn push_mark(&mut self, c: char) {
        if self.marks < COMBINING_MARKS_PER_BASE_MAX {
            self.marks += 1;
            self.append(c);
        }
    }

    /// A selector belongs to the character right before it; one after a join control belongs to nothing.
    fn push_selector(&mut self, selector: char) {
        let base = self.out.chars().next_back();
        if self.joiner.is_none() && base.is_some_and(|base| takes_selector(base, selector)) {
            self.out.push(selector);
        }
    }

    fn append(&mut self, c: char) {
        if let Some(joiner) = self.joiner.take()
            && joins(&self.out, joiner, c)
        {
            self.out.push(joiner);
        }
        self.out.push(c);
    }
}

/// Whether `c` is unwanted in text wherever it stands. All bidi controls are default-ignorable.
fn is_removed(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{FFF9}'..='\u{FFFB}')
        || is_default_ignorable(c)
}

fn takes_selector(base: char, selector: char) -> bool {
    match selector {
        '\u{FE0E}' | '\u{FE0F}' if is_emoji(base) => true,
        _ if is_selector(base) => false,
        _ if is_mongolian_selector(selector) => joining_script(base) == Some(Script::Mongolian),
        _ => script(base) == Script::Han,
    }
}

/// Whether `joiner` has an effect between the end of `before` and `next`: a longer emoji (Unicode Standard Annex 29,
/// rule GB11) or a different shape of letters of one script.
fn joins(before: &str, joiner: char, next: char) -> bool {
    if is_pictograph(next) {
        let picture = before
            .chars()
            .rev()
            .find(|&c| !is_skin_tone(c) && !matches!(c, '\u{FE0E}' | '\u{FE0F}'));
        return joiner == ZWJ && picture.is_some_and(is_pictograph);
    }
    // Many marks belong to no script of their own; the letter below them decides. There are few of them, so
    // looking back is short.
    let letter = before
        .chars()
        .rev()
        .find(|&c| script(c) != Script::Inherited);
    let scripts = (letter.and_then(joining_script), joining_script(next));
    matches!(scripts, (Some(before), Some(next)) if before == next)
}

/// Bytes of the escape sequence that `bytes` begin with (`bytes[0]` is ESC).
///
/// An unfinished sequence is just its introducer: what follows is what the user typed after a stray Escape
/// key. For the same reason ESC takes no letter beyond ASCII with it. `strings_end` remembers that no further control
/// string ends in the line, so that a line full of introducers is not searched again and again.
fn escape_len(bytes: &[u8], strings_end: &mut bool) -> usize {
    match bytes.get(1) {
        Some(b'[') => csi_len(bytes),
        Some(b'O') if matches!(bytes.get(2), Some(0x40..=0x7E)) => 3,
        // Selects a character set; `tput sgr0` prints it along with the end of a colour.
        Some(b'(' | b')') if matches!(bytes.get(2), Some(b'0' | b'A' | b'B')) => 3,
        Some(b']' | b'P' | b'X' | b'^' | b'_') if *strings_end => {
            let end = control_string_len(bytes);
            *strings_end = end.is_some();
            end.unwrap_or(2)
        }
        Some(0x20..=0x7E) => 2,
        _ => 1,
    }
}

/// Bytes of a control sequence, `ESC [` parameters, intermediates, final (ECMA-48, section 5.4). The Linux
/// console's F1 to F5 are `ESC [ [` and a letter.
fn csi_len(bytes: &[u8]) -> usize {
    if let [_, _, b'[', b'A'..=b'E', ..] = bytes {
        return 4;
    }
    let last = bytes[2..]
        .iter()
        .position(|byte| !matches!(byte, 0x20..=0x3F));
    match last {
        Some(at) if matches!(bytes[2 + at], 0x40..=0x7E) => 2 + at + 1,
        _ => 2,
    }
}

/// Bytes of a control string (OSC, DCS, SOS, PM, APC) up to and including its BEL or `ESC \`, if it has an end.
fn control_string_len(bytes: &[u8]) -> Option<usize> {
    let ends_at = |at: usize| match bytes[at] {
        BEL => Some(at + 1),
        ESC if bytes.get(at + 1) == Some(&b'\\') => Some(at + 2),
        _ => None,
    };
    (2..bytes.len()).find_map(ends_at)
}

#[cfg(test)]
mod tests;
