//! What stands out in a row, and how: as ranges of a line, as marks in a row of words, as escape sequences.

use std::fmt::Write as _;

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

/// Ends what a mark of [`style_mark`] began.
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

    /// In ascending order, without overlaps: of words that begin at one place, the longest.
    pub(super) fn places(&self, words: &str) -> Vec<std::ops::Range<usize>> {
        let mut places: Vec<std::ops::Range<usize>> = Vec::new();
        for (start, c) in words.char_indices() {
            if places.last().is_some_and(|last| start < last.end) {
                continue;
            }
            let lengths = self.0.iter().filter_map(|word| {
                let may_be = text::may_begin(c, word);
                may_be.then(|| text::folded_prefix(&words[start..], word))?
            });
            if let Some(length) = lengths.max() {
                places.push(start..start + length);
            }
        }
        places
    }
}
