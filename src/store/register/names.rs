//! *Pure.* Who has which name.

use std::collections::HashMap;

use crate::chat::account::AccountError;
use crate::chat::message::MemberId;
use crate::chat::name::{Name, NameKey};
use crate::chat::request::RenameError;
use crate::limits::{ACCOUNTS_MAX, SUGGESTIONS_MAX};

/// Who has which name, and which are registered. Names that could pass for one another have a key in common
/// (see [`NameKey`]); a key has one owner, and is part of one registered name.
#[derive(Debug, Default)]
pub(super) struct Names {
    owners: HashMap<NameKey, MemberId>,
    registered: HashMap<NameKey, Name>,
    accounts: usize,
}

impl Names {
    /// Gives `name` to `id`, who is logged in to `account`, or says why not and offers one that is free.
    pub(super) fn take(
        &mut self,
        name: Name,
        id: MemberId,
        account: Option<&Name>,
    ) -> Result<Name, RenameError> {
        if name.is_anon() {
            return Ok(name);
        }
        let keys = name.keys();
        if let Some(registered) = self.registered_by_others(&keys, account).cloned() {
            let free = self.variant_of(&name, id);
            return Err(RenameError::Registered(name, registered, free));
        }
        if !self.is_owned_by_nobody_but(&keys, id) {
            let free = self.variant_of(&name, id);
            return Err(RenameError::Taken(name, free));
        }
        self.own(keys, id);
        Ok(name)
    }

    /// Gives `name`, which nobody has, to `id`, who is logged in to it.
    pub(super) fn give(&mut self, name: &Name, id: MemberId) {
        self.own(name.keys(), id);
    }

    /// Gives `id` a name that is free and is like `name`.
    pub(super) fn take_variant(&mut self, name: &Name, id: MemberId) -> Name {
        let variant = self.variant_of(name, id);
        let keys = variant.keys();
        if !self.is_free(&keys, id) {
            return Name::anon();
        }
        self.own(keys, id);
        variant
    }

    /// Frees `name` if `id` has it.
    pub(super) fn free(&mut self, name: &Name, id: MemberId) {
        for key in name.keys() {
            if self.owners.get(&key) == Some(&id) {
                self.owners.remove(&key);
            }
        }
    }

    /// The connection that has `name`, whatever case it is written in.
    pub(super) fn owner(&self, name: &Name) -> Option<MemberId> {
        let [_, _, folded] = name.keys();
        self.owners.get(&folded).copied()
    }

    /// Those other than `id` who have `name` or one that looks like it.
    pub(super) fn others_with(&self, name: &Name, id: MemberId) -> Vec<MemberId> {
        let keys = name.keys();
        let owners = keys.iter().filter_map(|key| self.owners.get(key).copied());
        let mut others: Vec<_> = owners.filter(|owner| *owner != id).collect();
        others.dedup();
        others
    }

    /// Frees `old`, but for the keys that it shares with `new`.
    pub(super) fn exchange(&mut self, old: &Name, new: &Name, id: MemberId) {
        self.free(old, id);
        if !new.is_anon() {
            self.own(new.keys(), id);
        }
    }

    /// Registers `name` for its bearer `id`.
    pub(super) fn register(&mut self, name: &Name, id: MemberId) -> Result<(), AccountError> {
        let keys = name.keys();
        if keys.iter().any(|key| self.owners.get(key) != Some(&id)) {
            return Err(AccountError::NotYours);
        }
        if let Some(registered) = self.registered_by_others(&keys, None) {
            return Err(AccountError::Registered(registered.clone()));
        }
        if self.accounts >= ACCOUNTS_MAX {
            return Err(AccountError::TooMany(ACCOUNTS_MAX));
        }
        self.enter(name);
        Ok(())
    }

    /// Notes that `name` is registered. Of two that look alike by now the first counts.
    pub(super) fn enter(&mut self, name: &Name) {
        self.accounts += 1;
        for key in name.keys() {
            self.registered.entry(key).or_insert_with(|| name.clone());
        }
    }

    /// Notes that `name` is registered no more.
    pub(super) fn strike(&mut self, name: &Name) {
        self.accounts = self.accounts.saturating_sub(1);
        for key in name.keys() {
            if self.registered.get(&key) == Some(name) {
                self.registered.remove(&key);
            }
        }
    }

    /// How many names are registered.
    pub(super) fn accounts(&self) -> usize {
        self.accounts
    }

    /// Whether exactly this name is registered.
    pub(super) fn is_registered(&self, name: &Name) -> bool {
        let [_, _, folded] = name.keys();
        self.registered.get(&folded) == Some(name)
    }

    /// A registered name other than `account` that has one of `keys`.
    fn registered_by_others(&self, keys: &[NameKey; 3], account: Option<&Name>) -> Option<&Name> {
        keys.iter()
            .filter_map(|key| self.registered.get(key))
            .find(|name| Some(*name) != account)
    }

    fn own(&mut self, keys: [NameKey; 3], id: MemberId) {
        self.owners.extend(keys.into_iter().map(|key| (key, id)));
    }

    fn is_free(&self, keys: &[NameKey; 3], id: MemberId) -> bool {
        self.is_owned_by_nobody_but(keys, id) && self.registered_by_others(keys, None).is_none()
    }

    fn is_owned_by_nobody_but(&self, keys: &[NameKey; 3], id: MemberId) -> bool {
        keys.iter()
            .all(|key| self.owners.get(key).is_none_or(|owner| *owner == id))
    }

    /// `name` with a number that makes it free.
    fn variant_of(&self, name: &Name, id: MemberId) -> Name {
        let (mut small, last) = variants(name, id);
        small
            .find(|variant| self.is_free(&variant.keys(), id))
            .unwrap_or(last)
    }
}

/// `name` with small numbers, of which the first that is free is offered to connection `id`. Who takes all of them leaves
/// the last one, with the connection's own number, which nobody else is offered.
pub(super) fn variants(name: &Name, id: MemberId) -> (impl Iterator<Item = Name>, Name) {
    let small = (2..=SUGGESTIONS_MAX).map(|number| name.numbered(number.into()));
    (small, name.numbered(id.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: MemberId = MemberId(1);
    const BEN: MemberId = MemberId(2);

    fn name(text: &str) -> Name {
        Name::parse(text).expect("a name")
    }

    fn registered(names: &mut Names, text: &str, id: MemberId) {
        names.take(name(text), id, None).expect("it is free");
        names.register(&name(text), id).expect("it is hers");
    }

    #[test]
    fn a_registered_name_and_what_looks_like_it_is_for_its_bearer_only() {
        let mut names = Names::default();
        registered(&mut names, "Dai", ANN);
        names.free(&name("Dai"), ANN);
        for like in ["Dai", "dai", "D\u{430}i", "Ｄａｉ"] {
            let refused = names.take(name(like), BEN, None);
            let why = RenameError::Registered(name(like), name("Dai"), name(like).numbered(2));
            assert_eq!(refused, Err(why), "{like}");
            let other = names.take(name(like), BEN, Some(&name("Day")));
            assert!(other.is_err(), "{like}");
            let own = names.take(name(like), ANN, Some(&name("Dai")));
            assert_eq!(own, Ok(name(like)));
            names.free(&name(like), ANN);
        }
        names.strike(&name("Dai"));
        assert!(names.take(name("Dai"), BEN, None).is_ok());
    }

    #[test]
    fn only_who_holds_a_name_can_register_it_and_once() {
        let mut names = Names::default();
        let not_held = names.register(&name("Dai"), ANN);
        assert_eq!(not_held, Err(AccountError::NotYours));
        registered(&mut names, "Dai", ANN);
        let of_another = names.register(&name("Dai"), BEN);
        assert_eq!(of_another, Err(AccountError::NotYours));
        let again = names.register(&name("Dai"), ANN);
        assert_eq!(again, Err(AccountError::Registered(name("Dai"))));
    }

    #[test]
    fn no_more_names_are_registered_than_are_kept() {
        let mut names = Names::default();
        for number in 0..ACCOUNTS_MAX {
            names.enter(&name(&format!("n{number}")));
        }
        names.take(name("Dai"), ANN, None).expect("it is free");
        let refused = names.register(&name("Dai"), ANN);
        assert_eq!(refused, Err(AccountError::TooMany(ACCOUNTS_MAX)));
        names.strike(&name("n7"));
        assert_eq!(names.register(&name("Dai"), ANN), Ok(()));
    }

    #[test]
    fn a_variant_is_free_in_every_respect() {
        let mut names = Names::default();
        registered(&mut names, "Dai_2", BEN);
        names.free(&name("Dai_2"), BEN);
        names.take(name("Dai_3"), BEN, None).expect("it is free");
        assert_eq!(names.take_variant(&name("Dai"), ANN), name("Dai_4"));
        assert_eq!(names.owner(&name("DAI_4")), Some(ANN));
        // With all small numbers and one's own gone, the name that anybody may have is left.
        for number in 4..=SUGGESTIONS_MAX {
            names.enter(&name("Dai").numbered(number.into()));
        }
        names.enter(&name("Dai_1"));
        assert_eq!(names.take_variant(&name("Dai"), ANN), Name::anon());
    }

    #[test]
    fn others_with_a_name_are_those_with_any_of_its_keys() {
        let mut names = Names::default();
        // A capital I looks like a small L.
        names.take(name("DAl"), BEN, None).expect("it is free");
        assert_eq!(names.others_with(&name("DAI"), ANN), [BEN]);
        assert_eq!(names.others_with(&name("DAI"), BEN), []);
        assert_eq!(names.owner(&name("DAI")), None);
        assert_eq!(names.owner(&name("dal")), Some(BEN));
    }
}
