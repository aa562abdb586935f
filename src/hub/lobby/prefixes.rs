//! *Pure.* What begins with what somebody has typed: names in order, so that nobody looks at all of them for a key.

use std::collections::BTreeSet;

use crate::limits::{CANDIDATES_LOOKED_AT_MAX, CANDIDATES_MAX};
use crate::text;

/// Names in lower case, each with the key of what it names.
#[derive(Debug)]
pub(super) struct PrefixIndex<K>(BTreeSet<(Box<str>, K)>);

impl<K> Default for PrefixIndex<K> {
    fn default() -> Self {
        PrefixIndex(BTreeSet::new())
    }
}

impl<K: Ord + Copy> PrefixIndex<K> {
    pub(super) fn insert(&mut self, name: &str, key: K) {
        self.0.insert((text::lowercase(name).into(), key));
    }

    pub(super) fn remove(&mut self, name: &str, key: K) {
        self.0.remove(&(text::lowercase(name).into(), key));
    }

    /// What begins with `prefix`, in upper or lower case: the first [`CANDIDATES_MAX`] of those that are `shown`, and
    /// the last one if there are more. So what all of them have in common is what these have.
    pub(super) fn find(&self, prefix: &str, least: K, shown: impl Fn(K) -> bool) -> Vec<K> {
        let prefix = text::lowercase(prefix);
        let begins = |entry: &&(Box<str>, K)| entry.0.starts_with(&*prefix);
        let range = self
            .0
            .range((prefix.clone().into(), least)..)
            .take_while(begins);
        let seen = range.take(CANDIDATES_LOOKED_AT_MAX).map(|(_, key)| *key);
        let mut found: Vec<K> = seen
            .filter(|key| shown(*key))
            .take(CANDIDATES_MAX + 1)
            .collect();
        if found.len() <= CANDIDATES_MAX {
            return found;
        }
        // Whatever follows the prefix comes before this; no name has such a character.
        let end = ((prefix.clone() + "\u{10FFFF}").into(), least);
        let backwards = self.0.range((prefix.into(), least)..end).rev();
        let mut seen = backwards
            .take(CANDIDATES_LOOKED_AT_MAX)
            .map(|(_, key)| *key);
        if let Some(last) = seen.find(|key| shown(*key)) {
            found[CANDIDATES_MAX] = last;
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_like_it_is_found_in_any_case_and_in_order() {
        let mut index = PrefixIndex::default();
        for (key, name) in ["Dao", "dai", "Daisy", "Ben", "ดี", "DA"]
            .into_iter()
            .enumerate()
        {
            index.insert(name, key);
        }
        assert_eq!(index.find("DA", 0, |_| true), [5, 1, 2, 0]);
        assert_eq!(index.find("dai", 0, |_| true), [1, 2]);
        assert_eq!(index.find("dai", 0, |key| key != 1), [2]);
        assert_eq!(index.find("ด", 0, |_| true), [4]);
        assert_eq!(index.find("x", 0, |_| true), [0; 0]);
        index.remove("DAI", 1);
        assert_eq!(index.find("dai", 0, |_| true), [2]);
    }

    #[test]
    fn of_many_the_first_are_found_and_the_last() {
        let mut index = PrefixIndex::default();
        for key in 0..5000_usize {
            index.insert(&format!("r{key:04}"), key);
        }
        index.insert("s", 5000);
        let found = index.find("r", 0, |_| true);
        assert_eq!(found.len(), CANDIDATES_MAX + 1);
        assert_eq!((found[0], found[CANDIDATES_MAX]), (0, 4999));
        // Of those that are not shown, no more are looked at than of others.
        assert_eq!(index.find("r", 0, |key| key == 4000), [0; 0]);
    }
}
