//! *Pure.* Who owns a room, by connection and by account, and for how long.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::moderation::Subject;
use crate::chat::address::Address;
use crate::chat::message::MemberId;
use crate::chat::name::Name;
use crate::limits::{OWNER_AWAY_MAX, OWNER_LOST_MAX, OWNER_TRIAL};
use crate::text;
use crate::time::Timestamp;

/// The owners of a room, the longest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Owners(Vec<Owner>);

/// An owner: a connection, an account, or both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "StoredOwner", into = "StoredOwner")]
pub struct Owner {
    /// Who it is.
    pub id: OwnerId,
    /// When the owner was seen last, if there is no connection.
    pub seen: Timestamp,
    /// The owner has inherited the room, or was made an owner by somebody who has; `None`: neither.
    trial: Option<Trial>,
}

/// For how long an owner has had a room that was inherited, with others in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Trial {
    /// Until `since`, in milliseconds.
    kept_ms: u64,
    /// Since when the owner is in the room, and not alone; `None`: is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<Timestamp>,
}

impl Trial {
    fn kept(&self, now: Timestamp) -> Duration {
        let current = self.since.map_or(Duration::ZERO, |since| now.since(since));
        Duration::from_millis(self.kept_ms).saturating_add(current)
    }

    /// From `now` on the owner has company, or has none.
    fn set_company(&mut self, has_company: bool, now: Timestamp) {
        let kept = self.kept(now).min(OWNER_TRIAL);
        self.kept_ms = kept.as_millis() as u64;
        self.since = has_company.then_some(now);
    }
}

/// How a connection has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectionEnd {
    /// The user has left, or could not be recognised.
    Left,
    /// It was lost; whoever comes back as the same in time is the same.
    Lost(Identity),
}

/// What a user without an account is recognised by: the name, and where it connects from. Neither alone would do:
/// anybody can take a name, and many share an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// What the user is called.
    pub name: Name,
    /// Where the user connects from.
    pub address: Address,
}

impl Identity {
    /// Of a user; `None`: nobody could tell it from others.
    pub fn of(name: &Name, address: Option<Address>) -> Option<Identity> {
        let address = address.filter(|_| !name.is_anon())?;
        let name = name.clone();
        Some(Identity { name, address })
    }

    fn is(&self, other: &Identity) -> bool {
        let fold = |name: &Name| text::fold(name.as_str());
        self.address == other.address && fold(&self.name) == fold(&other.name)
    }
}

/// Whom an owner is known by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnerId {
    /// The owner's account, which outlasts connections.
    pub account: Option<Name>,
    /// The owner's connection, while there is one.
    pub member: Option<MemberId>,
    /// Who the owner was when the connection was lost, without an account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<Identity>,
}

impl OwnerId {
    fn is(&self, member: MemberId, account: Option<&Name>) -> bool {
        self.member == Some(member) || (account.is_some() && self.account.as_ref() == account)
    }

    fn is_somebody(&self) -> bool {
        self.member.is_some() || self.account.is_some() || self.lost.is_some()
    }
}

impl Owner {
    fn new(member: MemberId, account: Option<Name>, seen: Timestamp) -> Owner {
        let id = OwnerId {
            account,
            member: Some(member),
            lost: None,
        };
        let trial = None;
        Owner { id, seen, trial }
    }

    /// Has a connection, has lost it just now, or has an account that was seen not too long ago.
    fn is_around(&self, now: Timestamp) -> bool {
        let away_max = match self.id.lost {
            Some(_) => OWNER_LOST_MAX,
            None => OWNER_AWAY_MAX,
        };
        self.id.member.is_some() || now < self.seen.after(away_max)
    }

    /// Is who has come as `identity`, and had lost the connection.
    fn was_lost_as(&self, identity: &Identity, now: Timestamp) -> bool {
        let lost = self.id.lost.as_ref();
        lost.is_some_and(|lost| lost.is(identity)) && self.is_around(now)
    }
}

/// Whether the owner of rank `doer` may kick, ban or mute somebody of rank `other`; `None` is no owner. Owners rank
/// by how long they have owned the room, the longest as 0.
///
/// So whoever shares a room can take it back, and nobody with whom it was shared can take it away.
pub fn outranks(doer: usize, other: Option<usize>) -> bool {
    other.is_none_or(|other| doer < other)
}

impl Owners {
    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// In the order of their seniority.
    pub(super) fn iter(&self) -> impl Iterator<Item = &OwnerId> {
        self.0.iter().map(|owner| &owner.id)
    }

    /// Seniority of somebody among the owners, 0 = longest; `None` if not an owner.
    pub(super) fn rank(&self, member: MemberId, account: Option<&Name>) -> Option<usize> {
        self.iter().position(|owner| owner.is(member, account))
    }

    /// Whether one is connected, or was seen not too long ago.
    pub(super) fn is_any_around(&self, now: Timestamp) -> bool {
        self.0.iter().any(|owner| owner.is_around(now))
    }

    /// Whether one was not seen for too long.
    pub(super) fn is_any_gone(&self, now: Timestamp) -> bool {
        self.0.iter().any(|owner| !owner.is_around(now))
    }

    /// Those with an account, without their connections.
    pub(super) fn persistent(&self) -> Owners {
        let owners = self.0.iter().filter_map(|owner| {
            let id = OwnerId {
                account: Some(owner.id.account.clone()?),
                member: None,
                lost: None,
            };
            // It begins anew: how long it was so far changes with every moment.
            let trial = owner.trial.map(|_| Trial::default());
            let seen = owner.seen;
            Some(Owner { id, seen, trial })
        });
        Owners(owners.collect())
    }

    /// Only those that outlive the server and have not inherited the room.
    pub(super) fn without_heirs(&self) -> Owners {
        let mut owners = self.persistent();
        owners.0.retain(|owner| owner.trial.is_none());
        owners
    }

    /// Only those that outlive the server, and the one who is connected as `member`.
    pub(super) fn with_connection_of(&self, member: MemberId, account: Option<&Name>) -> Owners {
        let mut owners = Vec::new();
        for owner in &self.0 {
            match owner.id.is(member, account) {
                true => owners.push(Owner {
                    id: OwnerId {
                        member: Some(member),
                        ..owner.id.clone()
                    },
                    ..owner.clone()
                }),
                false => owners.extend(Owners(vec![owner.clone()]).persistent().0),
            }
        }
        Owners(owners)
    }

    pub(super) fn add(&mut self, member: MemberId, account: Option<Name>, now: Timestamp) {
        if self.rank(member, account.as_ref()).is_none() {
            self.0.push(Owner::new(member, account, now));
        }
    }

    /// As [`Owners::add`], of somebody who has to have the room for a while first.
    pub(super) fn add_on_trial(&mut self, member: MemberId, account: Option<Name>, now: Timestamp) {
        if self.rank(member, account.as_ref()).is_none() {
            let trial = Some(Trial::default());
            let owner = Owner::new(member, account, now);
            self.0.push(Owner { trial, ..owner });
        }
    }

    /// Whether the owner of this rank has inherited the room, however long ago.
    pub(super) fn has_inherited(&self, rank: usize) -> bool {
        self.0.get(rank).is_some_and(|owner| owner.trial.is_some())
    }

    /// For how long the owner of this rank has had the room in company, if that is not long enough yet.
    pub(super) fn on_trial(&self, rank: usize, now: Timestamp) -> Option<Duration> {
        let kept = self.0.get(rank)?.trial?.kept(now);
        (kept < OWNER_TRIAL).then_some(kept)
    }

    /// Notes from when on owners on trial have company, which `has_company` tells.
    pub(super) fn keep_company(&mut self, has_company: impl Fn(MemberId) -> bool, now: Timestamp) {
        for owner in &mut self.0 {
            if let Some(trial) = &mut owner.trial {
                trial.set_company(owner.id.member.is_some_and(&has_company), now);
            }
        }
    }

    /// Whom the owner was lost as who comes as `identity` now.
    pub(super) fn lost_as(&self, identity: &Identity, now: Timestamp) -> Option<&Identity> {
        let mut owners = self.0.iter();
        let owner = owners.find(|owner| owner.was_lost_as(identity, now))?;
        owner.id.lost.as_ref()
    }

    /// Whether the connection of one without an account was lost.
    pub(super) fn is_any_lost(&self) -> bool {
        self.0.iter().any(|owner| owner.id.lost.is_some())
    }

    /// Makes somebody an owner before all others.
    pub(super) fn found(&mut self, member: MemberId, account: Option<Name>, now: Timestamp) {
        self.0
            .retain(|owner| !owner.id.is(member, account.as_ref()));
        self.0.insert(0, Owner::new(member, account, now));
    }

    /// Takes ownership away.
    pub(super) fn unseat(&mut self, whom: &[Subject]) {
        self.0.retain(|owner| {
            let is = |subject: &Subject| owner.id.is(subject.member, subject.account.as_ref());
            !whom.iter().any(is)
        });
    }

    /// Takes ownership away from those who are elsewhere.
    pub(super) fn unseat_absent(&mut self, whom: &[OwnerId]) {
        self.0.retain(|owner| !whom.contains(&owner.id));
    }

    /// Connection `member` has come with `account`: an owner by account is one by connection as well.
    pub(super) fn came(&mut self, member: MemberId, account: &Name, now: Timestamp) {
        for owner in &mut self.0 {
            if owner.id.is(member, Some(account)) {
                owner.id.member = Some(member);
                owner.seen = now;
            }
        }
    }

    /// Connection `member` has ended. Without an account it owns nothing any more.
    pub(super) fn connection_ended(&mut self, member: MemberId, now: Timestamp) {
        for owner in &mut self.0 {
            if owner.id.member == Some(member) {
                owner.id.member = None;
                owner.seen = now;
            }
        }
        self.0.retain(|owner| owner.id.is_somebody());
    }

    /// The connection of `member`, who is `identity`, was lost. Without an account it keeps what it owns for a while.
    pub(super) fn connection_lost(
        &mut self,
        member: MemberId,
        identity: &Identity,
        now: Timestamp,
    ) {
        for owner in &mut self.0 {
            if owner.id.member == Some(member) && owner.id.account.is_none() {
                owner.id.lost = Some(identity.clone());
            }
        }
        self.connection_ended(member, now);
    }

    /// The owner who was lost as `identity` is there again as `member`.
    pub(super) fn returned(&mut self, member: MemberId, identity: &Identity, now: Timestamp) {
        for owner in &mut self.0 {
            if owner.id.lost.as_ref() == Some(identity) {
                owner.id.lost = None;
                owner.id.member = Some(member);
                owner.seen = now;
            }
        }
    }

    /// Connection `member` is logged in to `account` now, or to none. What it owned without an account belongs
    /// to the account; what another account owns is no longer its own.
    pub(super) fn account_is(&mut self, member: MemberId, account: Option<&Name>, now: Timestamp) {
        for owner in &mut self.0 {
            let is_its_own = owner.id.member == Some(member);
            match &owner.id.account {
                Some(own) if Some(own) == account => owner.id.member = Some(member),
                Some(_) if is_its_own => owner.id.member = None,
                None if is_its_own => owner.id.account = account.cloned(),
                _ => continue,
            }
            owner.seen = now;
        }
        let mut seen = Vec::new();
        self.0.retain(|owner| {
            let is_first = owner.id.account.is_none() || !seen.contains(&owner.id.account);
            seen.push(owner.id.account.clone());
            is_first
        });
    }

    /// An account was deleted; its bearer owns the room until the connection ends.
    pub(super) fn account_deleted(&mut self, account: &Name) {
        for owner in &mut self.0 {
            if owner.id.account.as_ref() == Some(account) {
                owner.id.account = None;
            }
        }
        self.0.retain(|owner| owner.id.is_somebody());
    }

    /// Forgets those who were not seen for [`OWNER_AWAY_MAX`].
    pub(super) fn tidy(&mut self, now: Timestamp) {
        self.0.retain(|owner| owner.is_around(now));
    }
}

/// [`Owner`] as it is written down.
#[derive(Serialize, Deserialize)]
struct StoredOwner {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account: Option<Name>,
    seen: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    member: Option<MemberId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lost: Option<Identity>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trial: Option<Trial>,
}

impl From<Owner> for StoredOwner {
    fn from(owner: Owner) -> StoredOwner {
        StoredOwner {
            account: owner.id.account,
            seen: owner.seen,
            member: owner.id.member,
            lost: owner.id.lost,
            trial: owner.trial,
        }
    }
}

impl TryFrom<StoredOwner> for Owner {
    type Error = &'static str;

    fn try_from(stored: StoredOwner) -> Result<Owner, &'static str> {
        let id = OwnerId {
            account: stored.account,
            member: stored.member,
            lost: stored.lost,
        };
        let (seen, trial) = (stored.seen, stored.trial);
        match id.is_somebody() {
            true => Ok(Owner { id, seen, trial }),
            false => Err("an owner is nobody"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_do_it_to_whom() {
        for (doer, other, reached) in [
            (0, None, true),
            (7, None, true),
            (0, Some(1), true),
            (0, Some(7), true),
            (1, Some(7), true),
            (1, Some(0), false),
            (7, Some(1), false),
            // To oneself.
            (0, Some(0), false),
            (7, Some(7), false),
        ] {
            assert_eq!(outranks(doer, other), reached, "{doer} to {other:?}");
        }
    }
}
