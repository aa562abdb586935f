//! Names that are kept for owners whose connections were lost.
//!
//! An owner without an account is recognised by name and address (see [`Identity`]). So nobody else may take the name
//! while the room waits, or the owner could not come back as who they were.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use super::Lobby;
use super::names::NameChange;
use crate::chat::address::Address;
use crate::chat::message::MemberId;
use crate::chat::name::{Name, NameKey};
use crate::chat::room::Identity;
use crate::limits::{LOST_NAMES_MAX, LOST_NAMES_PER_ADDRESS_MAX, OWNER_LOST_MAX};

/// The names kept, the longest first.
#[derive(Debug, Default)]
pub(super) struct LostNames(VecDeque<LostName>);

#[derive(Debug)]
struct LostName {
    /// The connection that had it.
    id: MemberId,
    identity: Identity,
    keys: [NameKey; 3],
    until: Instant,
}

/// A name that is kept.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) identity: Identity,
    pub(super) until: Instant,
}

impl LostNames {
    /// The connections that had them.
    pub(super) fn members(&self) -> impl Iterator<Item = MemberId> {
        self.0.iter().map(|lost| lost.id)
    }

    /// Keeps a name until then, and gives those that are not kept any more: their time is over, or there are too many.
    fn keep(&mut self, id: MemberId, identity: Identity, now: Instant) -> Vec<(MemberId, Name)> {
        let address = identity.address;
        let until = now + OWNER_LOST_MAX;
        self.0.push_back(LostName {
            id,
            keys: identity.name.keys(),
            identity,
            until,
        });
        let mut freed = self.take(|lost| lost.until <= now);
        let from_there = |lost: &&LostName| lost.identity.address == address;
        if self.0.iter().filter(from_there).count() > LOST_NAMES_PER_ADDRESS_MAX {
            freed.extend(self.take_first(|lost| lost.identity.address == address));
        }
        if self.0.len() > LOST_NAMES_MAX {
            freed.extend(self.take_first(|_| true));
        }
        freed
    }

    /// Gives the names that stand in the way of who wants a name with these keys and comes from `address`, and that are
    /// not kept from them.
    fn left_to(
        &mut self,
        keys: &[NameKey],
        address: Option<Address>,
        now: Instant,
    ) -> Vec<(MemberId, Name)> {
        self.take(|lost| {
            let is_theirs = address == Some(lost.identity.address);
            let is_free = is_theirs || lost.until <= now;
            is_free && lost.keys.iter().any(|key| keys.contains(key))
        })
    }

    fn take(&mut self, is: impl Fn(&LostName) -> bool) -> Vec<(MemberId, Name)> {
        let (taken, rest) = std::mem::take(&mut self.0)
            .into_iter()
            .partition(|it| is(it));
        self.0 = rest;
        let taken: VecDeque<LostName> = taken;
        let named = taken.into_iter().map(|lost| (lost.id, lost.identity.name));
        named.collect()
    }

    fn take_first(&mut self, is: impl Fn(&LostName) -> bool) -> Option<(MemberId, Name)> {
        let at = self.0.iter().position(is)?;
        let lost = self.0.remove(at)?;
        Some((lost.id, lost.identity.name))
    }
}

impl Lobby {
    /// As [`Lobby::unregister`], for an owner whose connection was lost: the name is kept.
    pub fn unregister_lost(self: &Arc<Self>, id: MemberId, identity: Identity) {
        let Some(gone) = self.lock().forget(id) else {
            return;
        };
        // A name that was on its way to the connection.
        if gone.name != identity.name {
            self.change_name(NameChange::Free(id, gone.name));
        }
        self.change_name(NameChange::Keep(id, identity));
    }

    /// Keeps a name, and gives those to be freed. How many names are kept is this server's business; for how long and for
    /// whom, where several share them, that of their database.
    pub(super) async fn keep_name(
        &self,
        id: MemberId,
        identity: Identity,
    ) -> Vec<(MemberId, Name)> {
        let Identity { name, address } = identity.clone();
        let until = self.steady_time().after(OWNER_LOST_MAX);
        // If that cannot be done now, it is the connection's for as long as it is kept here.
        let _ = self.store.register().keep(id, &name, address, until).await;
        let now = self.runtime.clock.now();
        self.lock().lost_names.keep(id, identity, now)
    }

    /// Frees the names that were kept for long enough. Where nobody else shares them, that is done once somebody wants one.
    pub(super) fn free_names_kept(self: &Arc<Self>) {
        let now = self.runtime.clock.now();
        let over = self.lock().lost_names.take(|lost| lost.until <= now);
        for (id, name) in over {
            self.change_name(NameChange::Free(id, name));
        }
    }

    /// The name that connection `id` has lost, which is kept.
    pub(super) fn lost_name(&self, id: MemberId) -> Option<Kept> {
        let state = self.lock();
        let lost = state.lost_names.0.iter().find(|lost| lost.id == id)?;
        Some(Kept {
            identity: lost.identity.clone(),
            until: lost.until,
        })
    }

    /// What has to be freed for somebody who wants `name` and comes from `address`.
    pub(super) fn names_left_to(
        &self,
        name: &Name,
        address: Option<Address>,
    ) -> Vec<(MemberId, Name)> {
        if self.lock().lost_names.0.is_empty() {
            return Vec::new();
        }
        // Not while others wait for the lobby.
        let keys = name.keys();
        let now = self.runtime.clock.now();
        self.lock().lost_names.left_to(&keys, address, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::parse(text).expect("a name")
    }

    fn identity(called: &str, host: usize) -> Identity {
        let address = Address::parse(&format!("10.0.{}.{}", host / 256, host % 256));
        Identity::of(&name(called), address).expect("a name and an address")
    }

    #[test]
    fn a_lost_name_is_for_its_address_alone_until_its_time_is_over() {
        let now = Instant::now();
        let kept = || {
            let mut names = LostNames::default();
            assert_eq!(names.keep(MemberId(1), identity("Ann", 1), now), []);
            names
        };
        let ann = [(MemberId(1), name("Ann"))];
        let (home, elsewhere) = (Address::parse("10.0.0.1"), Address::parse("10.0.0.2"));
        assert_eq!(kept().left_to(&name("ANN").keys(), home, now), ann);
        assert_eq!(kept().left_to(&name("Ben").keys(), home, now), []);
        for from in [elsewhere, None] {
            let mut names = kept();
            assert_eq!(names.left_to(&name("Ann").keys(), from, now), []);
            let late = now + OWNER_LOST_MAX;
            assert_eq!(names.left_to(&name("Ann").keys(), from, late), ann);
            assert_eq!(names.left_to(&name("Ann").keys(), from, late), []);
        }
    }

    #[test]
    fn an_address_cannot_use_up_what_is_kept_for_others() {
        let now = Instant::now();
        let mut names = LostNames::default();
        names.keep(MemberId(0), identity("Ann", 1), now);
        for id in 1..100 {
            names.keep(MemberId(id), identity(&format!("x{id}"), 2), now);
        }
        assert_eq!(names.0.len(), 1 + LOST_NAMES_PER_ADDRESS_MAX);
        for host in 3..2 * LOST_NAMES_MAX {
            names.keep(MemberId(1000), identity(&format!("y{host}"), host), now);
        }
        assert_eq!(names.0.len(), LOST_NAMES_MAX);
        let late = now + OWNER_LOST_MAX;
        assert_eq!(
            names.keep(MemberId(0), identity("Ann", 1), late).len(),
            LOST_NAMES_MAX
        );
        assert_eq!(names.0.len(), 1);
    }
}
