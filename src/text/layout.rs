//! Text on a terminal: columns, whole graphemes, rows.

use std::iter;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Columns that `text` takes on a terminal.
pub fn width(text: &str) -> usize {
    if is_printable_ascii(text) {
        return text.len();
    }
    graphemes(text).map(grapheme_width).sum()
}

/// The extended grapheme clusters of `text` (Unicode Standard Annex 29): what a reader calls characters.
pub fn graphemes(text: &str) -> impl Iterator<Item = &str> {
    text.graphemes(true)
}

/// The longest beginning of `text` in whole graphemes that fits in `columns`.
pub fn cut(text: &str, columns: usize) -> &str {
    if is_printable_ascii(text) {
        return &text[..text.len().min(columns)];
    }
    let mut used = 0;
    let end = text.grapheme_indices(true).find_map(|(at, grapheme)| {
        used += grapheme_width(grapheme);
        (used > columns).then_some(at)
    });
    &text[..end.unwrap_or(text.len())]
}

/// The rows of `text` when no row may be wider than `columns`; an empty text is one empty row.
///
/// A row breaks at spaces where it can, and the spaces at the break belong to no row; otherwise it breaks between
/// graphemes. A grapheme wider than a row has a row to itself.
pub fn wrap(text: &str, columns: usize) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    iter::from_fn(move || {
        let (row, next) = split_row(rest?, columns);
        rest = next;
        Some(row)
    })
}

/// The first row of `text`, and what is left if anything is.
fn split_row(text: &str, columns: usize) -> (&str, Option<&str>) {
    let mut used = 0;
    // Where the last run of spaces after a word begins. Spaces at the start of a row are no place to break: the row
    // would be empty.
    let mut gap = None;
    let mut in_word = false;
    for (at, grapheme) in text.grapheme_indices(true) {
        if grapheme == " " && in_word {
            gap = Some(at);
        }
        in_word = grapheme != " ";
        used += grapheme_width(grapheme);
        if used > columns {
            let (end, next) = match gap {
                Some(gap) => (gap, trim_break(&text[gap..])),
                None if at == 0 => (grapheme.len(), trim_break(&text[grapheme.len()..])),
                None => (at, &text[at..]),
            };
            return (&text[..end], (!next.is_empty()).then_some(next));
        }
    }
    (text, None)
}

/// `text` without its leading spaces; a space that carries a combining mark is not one of them.
fn trim_break(text: &str) -> &str {
    let spaces = text
        .graphemes(true)
        .take_while(|&grapheme| grapheme == " ")
        .count();
    &text[spaces..]
}

/// This is not bounded by two columns, as might be expected: terminals add up marks that take space of their own,
/// such as SARA AM.
fn grapheme_width(grapheme: &str) -> usize {
    grapheme.width()
}

fn is_printable_ascii(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, 0x20..=0x7E))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FAMILY: &str = "👨\u{200D}👩\u{200D}👧\u{200D}👦";

    #[test]
    fn columns_are_what_a_terminal_shows() {
        let table = [
            ("", 0),
            ("hello", 5),
            ("เป็นคนที่เทอพูมจัย", 13),
            ("ดีค้าบบบบ", 7),
            ("น้ำ", 2),
            ("漢字", 4),
            ("e\u{301}", 1),
            ("👍", 2),
            ("👍🏽", 2),
            (FAMILY, 2),
            ("🇹🇭", 2),
            ("❤\u{FE0F}", 2),
            ("\u{FFFD}", 1),
            ("ᄀᄀᄀᄀ", 8),
            ("aำำ", 3),
        ];
        for (text, columns) in table {
            assert_eq!(width(text), columns, "{text}");
        }
    }

    #[test]
    fn a_cut_keeps_whole_graphemes_that_fit() {
        let table = [
            ("hello", 3, "hel"),
            ("hello", 9, "hello"),
            ("hello", 0, ""),
            ("ที่นี่", 1, "ที่"),
            ("漢字", 3, "漢"),
            ("漢字", 1, ""),
            ("aé\u{301}\u{302}b", 2, "aé\u{301}\u{302}"),
        ];
        for (text, columns, kept) in table {
            assert_eq!(cut(text, columns), kept, "{text} at {columns}");
        }
    }

    #[test]
    fn rows_break_at_spaces_and_else_between_graphemes() {
        let table: [(&str, usize, &[&str]); 11] = [
            ("", 5, &[""]),
            ("one two", 7, &["one two"]),
            ("one two", 6, &["one", "two"]),
            ("one   two", 5, &["one", "two"]),
            ("one two   ", 7, &["one two"]),
            ("onetwo", 3, &["one", "two"]),
            ("one twothree", 5, &["one", "twoth", "ree"]),
            ("  one", 3, &["  o", "ne"]),
            ("a \u{301}b", 1, &["a", " \u{301}", "b"]),
            ("漢字 字", 1, &["漢", "字", "字"]),
            ("ที่นี่ ดี", 2, &["ที่นี่", "ดี"]),
        ];
        for (text, columns, rows) in table {
            assert_eq!(wrap(text, columns).collect::<Vec<_>>(), rows, "{text}");
        }
    }

    fn prose() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<String>(),
            "[a-c  ที่ค้漢👍\u{200D}\u{FE0F}\u{301}]{0,40}",
            "[ -~]{0,60}",
        ]
    }

    proptest! {
        #[test]
        fn a_cut_is_the_longest_beginning_that_fits(text in prose(), columns in 0..20_usize) {
            let kept = cut(&text, columns);
            prop_assert!(text.starts_with(kept) && width(kept) <= columns);
            let longer: String = graphemes(&text).take(graphemes(kept).count() + 1).collect();
            prop_assert!(longer == kept || width(&longer) > columns);
        }

        #[test]
        fn rows_fit_and_lose_only_the_spaces_between(text in prose(), columns in 0..20_usize) {
            let mut rest = &*text;
            for (number, row) in wrap(&text, columns).enumerate() {
                prop_assert!(width(row) <= columns || graphemes(row).count() == 1);
                prop_assert!(!row.is_empty() || text.is_empty());
                while number > 0 && !rest.starts_with(row) && rest.starts_with(' ') {
                    rest = &rest[1..];
                }
                prop_assert!(rest.starts_with(row), "{row:?} is not next in {rest:?}");
                rest = &rest[row.len()..];
            }
            prop_assert_eq!(rest.trim_start_matches(' '), "");
        }

        #[test]
        fn ascii_is_measured_by_the_short_way_as_by_the_tables(text in "[ -~]*") {
            prop_assert_eq!(width(&text), graphemes(&text).map(grapheme_width).sum::<usize>());
        }
    }
}
