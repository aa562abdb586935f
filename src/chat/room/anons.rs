//! *Pure.* What those are called in a room who have no name, so that they can be told apart.

use std::collections::BTreeSet;

use crate::chat::name::Name;

/// The numbers of the members without a name. The lowest that is free is given next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Anons {
    /// The highest number that is given.
    highest: u32,
    /// Lower ones that are not.
    free: BTreeSet<u32>,
}

impl Anons {
    /// Where those who are there are called so.
    pub(super) fn of<'a>(names: impl Iterator<Item = &'a Name>) -> Anons {
        let given: BTreeSet<u32> = names.filter_map(Name::anon_number).collect();
        let highest = given.last().copied().unwrap_or(0);
        let free = (1..highest).filter(|number| !given.contains(number));
        Anons {
            highest,
            free: free.collect(),
        }
    }

    /// What somebody is called here whose name is `name`.
    pub(super) fn name_for(&mut self, name: &Name) -> Name {
        if !name.is_anon() {
            return name.clone();
        }
        let number = self.free.pop_first().unwrap_or_else(|| {
            self.highest += 1;
            self.highest
        });
        Name::anon_in_room(number)
    }

    /// Nobody is called `name` here any more.
    pub(super) fn give_back(&mut self, name: &Name) {
        if let Some(number) = name.anon_number() {
            self.free.insert(number);
        }
        while self.highest > 0 && self.free.remove(&self.highest) {
            self.highest -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_without_a_name_have_the_lowest_numbers_that_are_free() {
        let mut anons = Anons::default();
        let mut come = || anons.name_for(&Name::anon()).to_string();
        assert_eq!([come(), come(), come()], ["anon", "anon#2", "anon#3"]);
        let dai = Name::parse("Dai").expect("a name");
        assert_eq!(anons.name_for(&dai), dai);
        for gone in [1, 3] {
            anons.give_back(&Name::anon_in_room(gone));
        }
        anons.give_back(&dai);
        let mut come = || anons.name_for(&Name::anon()).to_string();
        assert_eq!([come(), come(), come()], ["anon", "anon#3", "anon#4"]);
        for gone in 1..=4 {
            anons.give_back(&Name::anon_in_room(gone));
        }
        assert_eq!(anons, Anons::default());
    }
}
