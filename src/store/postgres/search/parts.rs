//! *Pure.* What the index of a search is made of: the three neighbouring characters that lines and words have in common.
//!
//! Lines are taken together in blocks, and of a block the index knows which parts are in it, without their places. A part
//! is a number that comes of its characters and of the room: so one look finds the blocks of one room, and however many
//! rooms there are, none has to pass over those of the others. Two parts may have the same number; then one block more is
//! looked at than has to be.

use std::collections::HashSet;

use crate::chat::history::RoomId;
use crate::limits::SEARCH_PARTS_MAX;
use crate::text;

/// The parts of some lines of one room.
#[derive(Debug)]
pub(in crate::store::postgres) struct Parts {
    room: RoomId,
    found: HashSet<i32>,
}

impl Parts {
    pub(in crate::store::postgres) fn new(room: RoomId) -> Parts {
        Parts {
            room,
            found: HashSet::new(),
        }
    }

    /// Adds those of a line.
    pub(in crate::store::postgres) fn add(&mut self, line: &str) {
        let room = self.room;
        each(&text::fold(line), |chars| {
            self.found.insert(number(room, chars));
        });
    }

    /// All of them, in order.
    pub(in crate::store::postgres) fn sorted(&self) -> Vec<i32> {
        let mut sorted: Vec<i32> = self.found.iter().copied().collect();
        sorted.sort_unstable();
        sorted
    }
}

/// The parts of folded words that are looked for in a room: every line with all of the words has them all. None if all words
/// are too short. When there are too many, those of one word that stand first are left out last.
pub(super) fn of_words(room: RoomId, words: &[String]) -> Vec<i32> {
    let mut parts = Vec::new();
    for word in words {
        each(word, |chars| {
            let part = number(room, chars);
            if parts.len() < SEARCH_PARTS_MAX && !parts.contains(&part) {
                parts.push(part);
            }
        });
    }
    parts
}

/// Every three neighbouring characters of a folded text, but for those with a blank among them, which no word has.
fn each(folded: &str, mut found: impl FnMut([char; 3])) {
    let mut chars = folded.chars();
    let (Some(mut a), Some(mut b)) = (chars.next(), chars.next()) else {
        return;
    };
    for c in chars {
        if ![a, b, c].iter().any(|letter| letter.is_whitespace()) {
            found([a, b, c]);
        }
        (a, b) = (b, c);
    }
}

/// The number of a part. It is in the database, so it MUST NOT change.
fn number(room: RoomId, chars: [char; 3]) -> i32 {
    // 21 bits each.
    let [a, b, c] = chars.map(|letter| u64::from(u32::from(letter)));
    let mixed = mix(mix(u64::from(room.0)) ^ (a << 42 | b << 21 | c));
    (mixed >> 32) as u32 as i32
}

/// Spreads the bits of a number over all of another one (splitmix64).
fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::store::words::Words;

    fn of_lines(room: RoomId, lines: &[&str]) -> Vec<i32> {
        let mut parts = Parts::new(room);
        lines.iter().for_each(|line| parts.add(line));
        parts.sorted()
    }

    #[test]
    fn numbers_are_those_that_databases_have() {
        let of = |room, text: &str| of_lines(RoomId(room), &[text]);
        assert_eq!(of(1, "abc"), [496_547_057]);
        assert_eq!(of(2, "abc"), [1_198_126_366]);
        assert_eq!(of(1, "สวั"), [-45_140_317]);
        assert_eq!(of(1, "ab c"), [0; 0]);
        assert_eq!(of(1, "ab"), [0; 0]);
        assert_eq!(of(1, "ABC abc Abc").len(), 1);
    }

    #[test]
    fn a_long_search_is_bounded() {
        let letters = (0..4000_u32).filter_map(|code| char::from_u32(0x4e00 + code));
        let words = [letters.collect::<String>()];
        assert_eq!(of_words(RoomId(1), &words).len(), SEARCH_PARTS_MAX);
    }

    #[test]
    fn parts_of_two_rooms_have_little_in_common() {
        let text: String = (0..5000_u32)
            .filter_map(|code| char::from_u32(0x4e00 + code))
            .collect();
        let [one, two] = [RoomId(1), RoomId(2)].map(|room| of_lines(room, &[&text]));
        let common = one.iter().filter(|part| two.binary_search(part).is_ok());
        assert!(common.count() <= 1);
        // And few in one room are the same number.
        assert!(one.len() >= 4996, "{}", one.len());
    }

    proptest! {
        /// Whoever looks for words finds every block with a line that has them.
        #[test]
        fn a_line_with_all_words_has_all_their_parts(
            line in "([a-zA-ZäÄßſİıǅΣσςéกำᾈﬁ\u{301}\u{200d}一二三👍 .'\"%_\\\\]){0,60}",
            from in 0_usize..60, count in 0_usize..20, others in "\\PC{0,40}",
        ) {
            let typed: String = line.chars().skip(from).take(count).collect();
            let words = Words::new(&typed);
            if words.are_in(&line) {
                let block = of_lines(RoomId(7), &[&others, &line]);
                for part in of_words(RoomId(7), words.folded()) {
                    prop_assert!(block.binary_search(&part).is_ok(), "{:?} in {:?}", typed, line);
                }
            }
        }
    }
}
