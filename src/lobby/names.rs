//! *Pure.* Who has which name.

use std::collections::HashMap;

use crate::limits::SUGGESTIONS_MAX;
use crate::message::MemberId;
use crate::name::{Name, NameKey};
use crate::request::RenameError;

/// Who has which name. Names that could pass for one another have a key in common (see [`NameKey`]), and
/// a key has one owner.
#[derive(Debug, Default)]
pub(super) struct Names {
    owners: HashMap<NameKey, MemberId>,
}

impl Names {
    /// Gives `name` to `id`, or says why not and offers one that is free.
    pub(super) fn take(&mut self, name: Name, id: MemberId) -> Result<Name, RenameError> {
        if name.is_anon() {
            return Ok(name);
        }
        let keys = name.keys();
        if !self.is_free(&keys, id) {
            let free = self.variant_of(&name, id);
            return Err(RenameError::Taken(name, free));
        }
        self.own(keys, id);
        Ok(name)
    }

    /// Frees `name` if `id` has it.
    pub(super) fn free(&mut self, name: &Name, id: MemberId) {
        for key in name.keys() {
            if self.owners.get(&key) == Some(&id) {
                self.owners.remove(&key);
            }
        }
    }

    /// Frees `old`, but for the keys that it shares with `new`.
    /// The connection that has `name`, whatever case it is written in.
    pub(super) fn owner(&self, name: &Name) -> Option<MemberId> {
        let [folded, ..] = name.keys();
        self.owners.get(&folded).copied()
    }

    pub(super) fn exchange(&mut self, old: &Name, new: &Name, id: MemberId) {
        self.free(old, id);
        if !new.is_anon() {
            self.own(new.keys(), id);
        }
    }

    fn own(&mut self, keys: [NameKey; 3], id: MemberId) {
        self.owners.extend(keys.into_iter().map(|key| (key, id)));
    }

    fn is_free(&self, keys: &[NameKey; 3], id: MemberId) -> bool {
        keys.iter()
            .all(|key| self.owners.get(key).is_none_or(|owner| *owner == id))
    }

    /// `name` with a number that makes it free. Who takes all the small ones leaves the connection's own
    /// number, which nobody else is offered.
    fn variant_of(&self, name: &Name, id: MemberId) -> Name {
        (2..=SUGGESTIONS_MAX)
            .map(|number| name.numbered(number))
            .find(|variant| self.is_free(&variant.keys(), id))
            .unwrap_or_else(|| name.numbered(u32::try_from(id.0).unwrap_or(u32::MAX)))
    }
}
