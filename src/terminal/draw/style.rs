//! What stands out in a row, and how: as ranges of a line, as marks in a row of words, as escape sequences.

use std::fmt::Write as _;
use std::ops::Range;

use crate::text;

/// How a part of a row looks. None of it carries a meaning alone: a row without styles says the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Times, and what nobody has said.
    Dim,
    /// A name, in its colour.
    Name(Color),
    /// The user's own name.
    OwnName(Color),
    /// What only two people see.
    Private,
    /// The user's name in what somebody else says.
    Mention,
    /// What a search was for.
    Hit,
}

/// The colour of a name: its place in the palettes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color(u8);

/// Colours of the 256-colour palette that are readable on black and on white: a contrast of at least 3:1 to both.
pub(super) const COLORS: [u8; 12] = [31, 64, 97, 130, 161, 166, 29, 126, 68, 94, 133, 30];

/// Half way between black and white, whatever the palette. Faint, which is all that there is without it, makes black no
/// lighter in xterm.
const GREY: &str = "38;5;244";

/// Of the first eight colours, those that are readable on black and on white on most terminals. Magenta is for what is
/// private.
pub(super) const FEW_COLORS: [u8; 3] = [31, 32, 36];

impl Color {
    /// Always the same for the same name, in upper or lower case.
    pub fn of(name: &str) -> Color {
        // FNV-1a: short, and good enough to tell a few people apart.
        let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
            (hash ^ u32::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0193)
        });
        Color((hash as usize % COLORS.len()) as u8)
    }

    fn write(self, few_colors: bool, out: &mut String) {
        let place = usize::from(self.0);
        let written = match few_colors {
            false => write!(out, "38;5;{}", COLORS[place]),
            true => write!(out, "{}", FEW_COLORS[place % FEW_COLORS.len()]),
        };
        debug_assert!(written.is_ok(), "a String takes all that is written to it");
    }
}

impl Style {
    /// Appends `words` in this style (ECMA-48, 8.3.117).
    pub(super) fn paint(self, words: &str, few_colors: bool, out: &mut String) {
        out.push_str("\x1b[");
        match self {
            Style::Dim if few_colors => out.push('2'),
            Style::Dim => out.push_str(GREY),
            Style::Name(color) => color.write(few_colors, out),
            Style::OwnName(color) => {
                out.push_str("1;");
                color.write(few_colors, out);
            }
            Style::Private => out.push_str("35"),
            Style::Mention => out.push('7'),
            Style::Hit => out.push_str("1;4"),
        }
        out.push('m');
        out.push_str(words);
        out.push_str(match self {
            Style::Dim if few_colors => "\x1b[22m",
            Style::Dim | Style::Name(_) | Style::Private => "\x1b[39m",
            Style::OwnName(_) => "\x1b[22;39m",
            Style::Mention => "\x1b[27m",
            Style::Hit => "\x1b[22;24m",
        });
    }
}

/// Stands in a row of words where what somebody has written begins, so that the rows that follow stand below it. A
/// control, like the other marks: no text from users holds one.
pub const HANG: char = '\u{1F}';

/// Ends what a mark of [`mark`] began.
const END: char = '\u{1E}';

/// Begins a part of a row of words in a style.
fn mark(style: Style) -> char {
    match style {
        Style::Dim => '\u{11}',
        Style::Name(_) => '\u{12}',
        Style::OwnName(_) => '\u{13}',
        Style::Private => '\u{14}',
        Style::Mention => '\u{15}',
        Style::Hit => '\u{16}',
    }
}

/// What a mark in front of `words` begins; `None` if it is none.
fn style_of(mark: char, words: &str) -> Option<Style> {
    let name = || {
        let end = words.find(END).unwrap_or(words.len());
        Color::of(&words[..end])
    };
    match mark {
        '\u{11}' => Some(Style::Dim),
        '\u{12}' => Some(Style::Name(name())),
        '\u{13}' => Some(Style::OwnName(name())),
        '\u{14}' => Some(Style::Private),
        '\u{15}' => Some(Style::Mention),
        '\u{16}' => Some(Style::Hit),
        _ => None,
    }
}

/// `words` in a style, for a row of words. Nothing else is marked in them.
pub fn styled(style: Style, words: &str) -> String {
    format!("{}{words}{END}", mark(style))
}

/// Appends `words`, which have no marks, in a style if there is one.
pub(super) fn write_styled(style: Option<Style>, words: &str, out: &mut String) {
    let marks = style.map(|style| (mark(style), END)).unzip();
    out.extend(marks.0);
    out.push_str(words);
    out.extend(marks.1);
}

/// Takes the marks out of a row of words: its text, what stands out in it, and where [`HANG`] was.
pub(super) fn unmarked(
    words: &str,
    mut part: impl FnMut(&str, Option<Style>),
    hang: &mut impl FnMut(),
) {
    let is_mark = |c: char| c == HANG || c == END || style_of(c, "").is_some();
    let (mut rest, mut style) = (words, None);
    while let Some(at) = rest.find(is_mark) {
        part(&rest[..at], style);
        let mark = rest[at..].chars().next().unwrap_or(END);
        rest = &rest[at + mark.len_utf8()..];
        match mark {
            HANG => hang(),
            mark => style = style_of(mark, rest),
        }
    }
    part(rest, style);
}

/// Where the words of a search stand in a text.
#[derive(Clone, Debug, Default)]
pub struct Hits(Vec<String>);

impl Hits {
    /// Of a search for these words.
    pub fn of<'a>(words: impl IntoIterator<Item = &'a str>) -> Hits {
        let folded = words.into_iter().map(text::fold);
        Hits(folded.filter(|word| !word.is_empty()).collect())
    }

    /// In ascending order, without overlaps. The text is folded once, since whoever searches may look for many words
    /// that almost match everywhere.
    pub(super) fn places(&self, words: &str) -> Vec<Range<usize>> {
        let (folded, starts) = folded(words);
        let found = self
            .0
            .iter()
            .flat_map(|word| folded.match_indices(word.as_str()));
        let mut found: Vec<Range<usize>> = found
            .map(|(at, word)| {
                let first = starts.partition_point(|(start, _)| *start <= at) - 1;
                let end = starts.partition_point(|(start, _)| *start < at + word.len());
                let end = starts.get(end).map_or(words.len(), |(_, place)| *place);
                starts[first].1..end
            })
            .collect();
        found.sort_by_key(|place| place.start);
        let mut places: Vec<Range<usize>> = Vec::new();
        for place in found {
            match places.last_mut() {
                Some(last) if place.start < last.end => last.end = last.end.max(place.end),
                _ => places.push(place),
            }
        }
        places
    }
}

/// `words` folded, character by character as they are seen, and where each of them begins there and in `words`.
fn folded(words: &str) -> (String, Vec<(usize, usize)>) {
    let (mut folded, mut starts, mut at) = (String::with_capacity(words.len()), Vec::new(), 0);
    for grapheme in text::graphemes(words) {
        starts.push((folded.len(), at));
        at += grapheme.len();
        folded.push_str(&text::fold(grapheme));
    }
    (folded, starts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hits_are_found_in_any_case_and_form_and_do_not_overlap() {
        let table: &[(&[&str], &str, &[&str])] = &[
            (
                &["pizza"],
                "Pizza, PIZZA and pizzas",
                &["Pizza", "PIZZA", "pizza"],
            ),
            (&["lunch", "unchained"], "lunchained", &["lunchained"]),
            (&["at"], "at a cat", &["at", "at"]),
            (&["STRASSE"], "die Straße", &["Straße"]),
            // A part of what is seen as one character stands for all of it.
            (&["สวัส"], "สวัสดีครับ", &["สวัส"]),
            (&["ส"], "สี่สิบ", &["สี่", "สิ"]),
            (&["e\u{301}"], "caf\u{e9}", &["\u{e9}"]),
            (&["x"], "", &[]),
            (&["", "b"], "abc", &["b"]),
        ];
        for (words, text, expected) in table {
            let hits = Hits::of(words.iter().copied());
            let found = hits.places(text).into_iter().map(|place| &text[place]);
            assert_eq!(
                found.collect::<Vec<_>>(),
                *expected,
                "{words:?} in {text:?}"
            );
        }
    }

    #[test]
    fn words_that_almost_match_everywhere_cost_no_more_than_others() {
        let text = "É".repeat(2000);
        let almost: Vec<String> = (0..16).map(|n| format!("{}{n}", "É".repeat(200))).collect();
        let hits = Hits::of(almost.iter().map(String::as_str));
        assert!(hits.places(&text).is_empty());
    }
}
