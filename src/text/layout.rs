//! Text on a terminal: columns, whole graphemes, rows.

use std::iter;
use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

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

/// The columns that `text` may take on some terminal at most: as [`width`], but where terminals do not agree, the
/// widest that any of them makes of it.
///
/// What looks like one picture on a modern terminal (a family, a skin tone) is a row of pictures on an older one. Who
/// reckons with less may have a row run over the edge of the screen and go on where a row begins. Characters of
/// ambiguous width count as narrow: they are wide only in the legacy sets of East Asia.
pub fn breadth(text: &str) -> usize {
    if is_printable_ascii(text) {
        return text.len();
    }
    graphemes(text).map(grapheme_breadth).sum()
}

/// The rows of `text` as ranges of its bytes, when the first may have a [`breadth`] of `first` columns and each later
/// one of `later`; an empty text is one empty row.
///
/// A row breaks at spaces where it can, and the spaces at the break belong to no row; all other spaces stay. A word
/// that has no place on this row begins the next one, if it fits there. Only a longer one is split, after a comma
/// where there is one, else at the edge. Between two wide characters (Chinese, Japanese) a row may always break. A
/// grapheme wider than a row has a row to itself.
pub fn wrap(text: &str, first: usize, later: usize) -> impl Iterator<Item = Range<usize>> {
    let is_ascii = is_printable_ascii(text);
    let mut next = Some(0);
    iter::from_fn(move || {
        let start = next?;
        let columns = if start == 0 { first } else { later };
        let rest = &text[start..];
        let row = if is_ascii {
            let cells = rest.bytes().enumerate().map(|(at, byte)| Cell {
                at,
                bytes: 1,
                columns: 1,
                is_space: byte == b' ',
                is_comma: byte == b',',
            });
            first_row(cells, rest, columns, later)
        } else {
            let cells = rest.grapheme_indices(true).map(|(at, grapheme)| Cell {
                at,
                bytes: grapheme.len(),
                columns: grapheme_breadth(grapheme),
                is_space: grapheme == " ",
                is_comma: grapheme == ",",
            });
            first_row(cells, rest, columns, later)
        };
        next = (row.next < rest.len()).then_some(start + row.next);
        Some(start..start + row.end)
    })
}

/// A grapheme, as far as breaking a row is concerned.
#[derive(Clone, Copy)]
struct Cell {
    at: usize,
    bytes: usize,
    columns: usize,
    is_space: bool,
    is_comma: bool,
}

/// Where a row ends, and where the next one begins.
#[derive(Clone, Copy)]
struct Break {
    end: usize,
    next: usize,
}

/// The first row of `text`, which consists of `cells`, when `columns` fit on it and `later` on the next one.
fn first_row(
    cells: impl Iterator<Item = Cell> + Clone,
    text: &str,
    columns: usize,
    later: usize,
) -> Break {
    let mut used = 0;
    // The last place where the row may break. Spaces at its beginning are none: the row would be empty.
    let mut gap = None;
    let mut comma = None;
    let mut before: Option<Cell> = None;
    for cell in cells.clone() {
        let follows_word = before.is_some_and(|before| !before.is_space);
        let follows_wide = before.is_some_and(|before| before.columns > 1);
        if follows_word && (cell.is_space || (follows_wide && cell.columns > 1)) {
            (gap, comma) = (Some(cell), None);
        }
        used += cell.columns;
        if used <= columns {
            comma = if cell.is_comma {
                Some(cell.at + cell.bytes)
            } else {
                comma
            };
            before = Some(cell);
            continue;
        }
        return match gap {
            Some(gap) if cell.is_space || fits(cells, gap, later) => Break {
                end: gap.at,
                next: gap.at + leading_spaces(&text[gap.at..]),
            },
            _ if cell.at == 0 => Break {
                end: cell.bytes,
                next: cell.bytes + leading_spaces(&text[cell.bytes..]),
            },
            _ => {
                let end = comma.filter(|_| !cell.is_space).unwrap_or(cell.at);
                Break { end, next: end }
            }
        };
    }
    Break {
        end: text.len(),
        next: text.len(),
    }
}

/// True if the word after `gap` fits on a row of its own.
fn fits(cells: impl Iterator<Item = Cell>, gap: Cell, columns: usize) -> bool {
    let mut used = 0;
    let mut before = None;
    let after = cells.skip_while(|cell| cell.at < gap.at);
    for cell in after.skip_while(|cell| cell.is_space) {
        let between_wide = before.is_some_and(|before| before > 1) && cell.columns > 1;
        if cell.is_space || between_wide {
            break;
        }
        used += cell.columns;
        if used > columns {
            return false;
        }
        before = Some(cell.columns);
    }
    true
}

/// How many spaces `text` begins with; one that carries a combining mark is not a space.
fn leading_spaces(text: &str) -> usize {
    text.graphemes(true)
        .take_while(|&grapheme| grapheme == " ")
        .count()
}

/// A terminal that does not know how the characters belong together gives each its own place.
fn grapheme_breadth(grapheme: &str) -> usize {
    let apart = grapheme.chars().filter_map(UnicodeWidthChar::width).sum();
    grapheme_width(grapheme).max(apart)
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

    fn rows(text: &str, first: usize, later: usize) -> Vec<&str> {
        wrap(text, first, later).map(|row| &text[row]).collect()
    }

    #[test]
    fn breadth_is_what_the_clumsiest_terminal_makes_of_a_text() {
        for (text, columns) in [
            ("hello", 5),
            ("น้ำ", 2),
            ("漢字", 4),
            ("👍🏽", 4),
            (FAMILY, 8),
            ("🇹🇭", 2),
            ("❤\u{FE0F}", 2),
        ] {
            assert_eq!(breadth(text), columns, "{text}");
        }
    }

    #[test]
    fn rows_break_at_spaces_and_else_between_graphemes() {
        let table: [(&str, usize, &[&str]); 15] = [
            ("", 5, &[""]),
            ("one two", 7, &["one two"]),
            ("one two", 6, &["one", "two"]),
            ("one   two", 5, &["one", "two"]),
            ("a   b two", 5, &["a   b", "two"]),
            ("one two   ", 7, &["one two"]),
            ("onetwo", 3, &["one", "two"]),
            ("one twothree", 5, &["one t", "wothr", "ee"]),
            ("one two,threes", 7, &["one two", ",threes"]),
            ("one,two,three", 9, &["one,two,", "three"]),
            ("  one", 3, &["  o", "ne"]),
            ("a \u{301}b", 1, &["a", " \u{301}", "b"]),
            ("ok 漢字漢字", 7, &["ok 漢字", "漢字"]),
            ("漢字 字", 1, &["漢", "字", "字"]),
            ("ที่นี่ ดี", 2, &["ที่นี่", "ดี"]),
        ];
        for (text, columns, expected) in table {
            assert_eq!(rows(text, columns, columns), expected, "{text}");
        }
    }

    #[test]
    fn later_rows_may_be_narrower_than_the_first() {
        assert_eq!(rows("one two three", 7, 3), ["one two", "thr", "ee"]);
        assert_eq!(rows("seven two one", 8, 3), ["seven", "two", "one"]);
    }

    #[test]
    fn a_link_is_not_split_where_it_fits_on_a_row() {
        let link = "https://example.org/a,b/c?d=e";
        let text = format!("please have a look at {link} and tell me");
        assert_eq!(
            rows(&text, 30, 30),
            ["please have a look at", link, "and tell me"]
        );
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
        fn rows_fit_and_lose_only_the_spaces_between(
            text in prose(),
            first in 0..20_usize,
            later in 0..20_usize,
        ) {
            let mut end = 0;
            for (number, row) in wrap(&text, first, later).enumerate() {
                let columns = if number == 0 { first } else { later };
                let (lost, row_text) = (&text[end..row.start], &text[row.clone()]);
                prop_assert!(lost.bytes().all(|byte| byte == b' '), "{:?} is lost", lost);
                prop_assert!(breadth(row_text) <= columns || graphemes(row_text).count() == 1);
                prop_assert!(!row.is_empty() || text.is_empty());
                end = row.end;
            }
            prop_assert_eq!(text[end..].trim_start_matches(' '), "");
        }

        #[test]
        fn a_word_is_split_only_where_it_does_not_fit_on_a_row(
            text in "[a-e,]{1,12}( {1,3}[a-e]{1,12}){0,6}",
            later in 1..20_usize,
            more in 0..20_usize,
        ) {
            let rows: Vec<_> = wrap(&text, later + more, later).collect();
            for pair in rows.windows(2) {
                if pair[0].end == pair[1].start {
                    let start = text[..pair[0].end].rfind(' ').map_or(0, |at| at + 1);
                    let length = text[start..].find(' ').unwrap_or(text.len() - start);
                    prop_assert!(length > later, "{:?} of {:?}", &text[start..start + length], text);
                }
            }
        }

        #[test]
        fn a_text_is_no_wider_than_its_breadth(text in prose()) {
            prop_assert!(width(&text) <= breadth(&text));
        }

        #[test]
        fn ascii_is_measured_by_the_short_way_as_by_the_tables(text in "[ -~]*") {
            prop_assert_eq!(width(&text), graphemes(&text).map(grapheme_width).sum::<usize>());
        }
    }
}
