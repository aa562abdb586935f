//! The patterns that tests wait for: bytes, with three things left open.

use std::ops::Range;

/// How a time of day is written in a pattern.
const TIME: &[u8] = b"[HH:MM:SS]";

/// What comes of laying a pattern over the start of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Match {
    /// It fits and covers so many bytes.
    Whole(usize),
    /// It fits so far, and the bytes end before the pattern does.
    Cut,
    /// It cannot fit, whatever comes.
    No,
}

/// Lays `pattern` over the start of `bytes`. `[HH:MM:SS]` stands for any time of day in that form, a newline for
/// LF as well as CR LF, and a space also for a place where a row is wrapped; every other byte stands for itself.
pub(crate) fn match_at(pattern: &[u8], bytes: &[u8]) -> Match {
    let (mut p, mut b) = (0, 0);
    while p < pattern.len() {
        if pattern[p..].starts_with(TIME) {
            let have = &bytes[b..bytes.len().min(b + TIME.len())];
            if !could_be_time(have) {
                return Match::No;
            }
            if have.len() < TIME.len() {
                return Match::Cut;
            }
            p += TIME.len();
            b += TIME.len();
            continue;
        }
        if pattern[p] == b'\n' && bytes.get(b) == Some(&b'\r') {
            b += 1;
        }
        if pattern[p] == b' ' && matches!(bytes.get(b), Some(b'\r' | b'\n')) {
            match wrap_at(&bytes[b..]) {
                Match::Whole(length) => (p, b) = (p + 1, b + length),
                other => return other,
            }
            continue;
        }
        match bytes.get(b) {
            None => return Match::Cut,
            Some(byte) if *byte == pattern[p] => (),
            Some(_) => return Match::No,
        }
        p += 1;
        b += 1;
    }
    Match::Whole(b)
}

/// Looks for a row end and what the next row is indented by.
fn wrap_at(bytes: &[u8]) -> Match {
    let end = if bytes.starts_with(b"\r") { 2 } else { 1 };
    if bytes.get(end - 1).is_some_and(|byte| *byte != b'\n') {
        return Match::No;
    }
    let indent = bytes.iter().skip(end).take_while(|byte| **byte == b' ');
    match indent.count() {
        indent if bytes.len() <= end + indent => Match::Cut,
        0 | 1 => Match::No,
        indent => Match::Whole(end + indent),
    }
}

/// Where `pattern` first occurs in `bytes` at or after `from`.
pub(crate) fn find(pattern: &[u8], bytes: &[u8], from: usize) -> Option<Range<usize>> {
    (from..bytes.len()).find_map(|start| match match_at(pattern, &bytes[start..]) {
        Match::Whole(length) => Some(start..start + length),
        Match::Cut | Match::No => None,
    })
}

/// Where `pattern` occurs in `bytes`, without overlaps.
pub(crate) fn find_all(pattern: &[u8], bytes: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let found = find(pattern, bytes, from)?;
        from = found.end;
        Some(found)
    })
}

/// `text` with every time of day in it written as `[HH:MM:SS]`, so that two runs can be compared.
pub(crate) fn times_blanked(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        let step = match match_at(TIME, rest) {
            Match::Whole(length) => {
                out.extend_from_slice(TIME);
                length
            }
            Match::Cut | Match::No => {
                out.push(rest[0]);
                1
            }
        };
        rest = &rest[step..];
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn could_be_time(bytes: &[u8]) -> bool {
    bytes.iter().zip(TIME).all(|(byte, form)| match form {
        b'H' | b'M' | b'S' => byte.is_ascii_digit(),
        _ => byte == form,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_fits_whole_or_cut_or_not_at_all() {
        let cases: &[(&str, &str, Match)] = &[
            ("abc", "abcd", Match::Whole(3)),
            ("abc", "ab", Match::Cut),
            ("abc", "abx", Match::No),
            ("a\nb", "a\r\nb", Match::Whole(4)),
            ("a\nb", "a\nb", Match::Whole(3)),
            ("a\nb", "a\rb", Match::No),
            ("a b", "a\r\n  b", Match::Whole(6)),
            ("a b", "a\n    b", Match::Whole(7)),
            ("a b", "a\n  ", Match::Cut),
            ("a b", "a\r", Match::Cut),
            ("a b", "a\n b", Match::No),
            ("a b", "a\rb", Match::No),
            ("[HH:MM:SS] x", "[22:44:27] x", Match::Whole(12)),
            ("[HH:MM:SS] x", "[22:4", Match::Cut),
            ("[HH:MM:SS] x", "[22:4x", Match::No),
        ];
        for (pattern, bytes, want) in cases {
            assert_eq!(
                &match_at(pattern.as_bytes(), bytes.as_bytes()),
                want,
                "{pattern:?} {bytes:?}"
            );
        }
    }

    #[test]
    fn find_starts_where_it_is_told() {
        assert_eq!(find(b"b", b"abab", 2), Some(3..4));
        assert_eq!(find(b"x", b"abab", 0), None);
    }

    #[test]
    fn times_are_blanked_and_nothing_else() {
        assert_eq!(
            times_blanked("[22:44:27] é [1:2:3]"),
            "[HH:MM:SS] é [1:2:3]"
        );
    }
}
