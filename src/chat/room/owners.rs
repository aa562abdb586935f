//! *Pure.* Who owns a room, by connection and by account, and for how long.

use serde::{Deserialize, Serialize};

use super::moderation::Subject;
use crate::chat::message::MemberId;
use crate::chat::name::Name;
use crate::limits::OWNER_AWAY_MAX;
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
    /// When the account was seen last, if there is no connection.
    pub seen: Timestamp,
}

/// Whom an owner is known by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnerId {
    /// The owner's account, which outlasts connections.
    pub account: Option<Name>,
    /// The owner's connection, while there is one.
    pub member: Option<MemberId>,
}

impl OwnerId {
    fn is(&self, member: MemberId, account: Option<&Name>) -> bool {
        self.member == Some(member) || (account.is_some() && self.account.as_ref() == account)
    }

    fn is_somebody(&self) -> bool {
        self.member.is_some() || self.account.is_some()
    }
}

impl Owner {
    fn new(member: MemberId, account: Option<Name>, seen: Timestamp) -> Owner {
        let member = Some(member);
        let id = OwnerId { account, member };
        Owner { id, seen }
    }

    /// Has a connection, or an account that was seen not too long ago.
    fn is_around(&self, now: Timestamp) -> bool {
        self.id.member.is_some() || now < self.seen.after(OWNER_AWAY_MAX)
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
            let account = Some(owner.id.account.clone()?);
            let (member, seen) = (None, owner.seen);
            let id = OwnerId { account, member };
            Some(Owner { id, seen })
        });
        Owners(owners.collect())
    }

    pub(super) fn add(&mut self, member: MemberId, account: Option<Name>, now: Timestamp) {
        if self.rank(member, account.as_ref()).is_none() {
            self.0.push(Owner::new(member, account, now));
        }
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
}

impl From<Owner> for StoredOwner {
    fn from(owner: Owner) -> StoredOwner {
        StoredOwner {
            account: owner.id.account,
            seen: owner.seen,
            member: owner.id.member,
        }
    }
}

impl TryFrom<StoredOwner> for Owner {
    type Error = &'static str;

    fn try_from(stored: StoredOwner) -> Result<Owner, &'static str> {
        let id = OwnerId {
            account: stored.account,
            member: stored.member,
        };
        let seen = stored.seen;
        match id.is_somebody() {
            true => Ok(Owner { id, seen }),
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
