//! *Pure.* Bans: whom each keeps out, and for how long.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::chat::address::Address;
use crate::chat::message::{MemberId, clean_text};
use crate::chat::moderation::Target;
use crate::chat::name::{Name, NameKey};
use crate::time::Timestamp;

/// Somebody who is kept out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredBan", into = "StoredBan")]
pub(super) struct Ban {
    pub(super) target: Target,
    /// What the name can be mistaken by.
    keys: Vec<NameKey>,
    /// Connections that had the name or came from there; whatever they are called later.
    members: Vec<MemberId>,
    reach: Reach,
    pub(super) until: Option<Timestamp>,
    pub(super) by: Name,
    pub(super) why: Box<str>,
}

/// What else a ban of a name keeps out, so that whoever had the name does not just take another one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reach {
    /// The accounts that they were logged in to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<Name>,
    /// Where they came from, which nobody is told. Whoever comes from there with an account of their own is let in:
    /// many people may share an address.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<Address>,
}

impl Reach {
    /// Nothing else.
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty() && self.addresses.is_empty()
    }

    fn covers(&self, account: Option<&Name>, address: Option<Address>) -> bool {
        match account {
            Some(account) => self.accounts.contains(account),
            None => address.is_some_and(|address| self.addresses.contains(&address)),
        }
    }
}

/// Somebody of whom it is asked whether they are kept out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Guest<'a> {
    pub(super) member: MemberId,
    pub(super) name: &'a Name,
    pub(super) account: Option<&'a Name>,
    pub(super) address: Option<Address>,
}

impl Ban {
    pub(super) fn new(
        target: Target,
        members: Vec<MemberId>,
        reach: Reach,
        until: Option<Timestamp>,
        by: Name,
        why: Box<str>,
    ) -> Ban {
        let keys = match &target {
            Target::Name(name) => name.keys().to_vec(),
            Target::Address(_) => Vec::new(),
        };
        Ban {
            target,
            keys,
            members,
            reach,
            until,
            by,
            why,
        }
    }

    /// Whether it keeps out a guest whose name has these `keys`.
    pub(super) fn is_about(&self, guest: &Guest<'_>, keys: &[NameKey]) -> bool {
        let from_there = match self.target {
            Target::Address(banned) => guest.address == Some(banned),
            Target::Name(_) => self.reach.covers(guest.account, guest.address),
        };
        from_there || self.members.contains(&guest.member) || share_a_key(&self.keys, keys)
    }

    /// Whether taking back a ban of `target` takes this one back.
    pub(super) fn is_taken_back_with(&self, target: &Target) -> bool {
        match (&self.target, target) {
            (Target::Name(banned), Target::Name(name)) => banned.clashes(name),
            (banned, target) => banned == target,
        }
    }

    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| until <= now)
    }

    /// Without the connections that it is about.
    pub(super) fn persistent(&self) -> Ban {
        Ban {
            members: Vec::new(),
            ..self.clone()
        }
    }

    pub(super) fn left(&self, now: Timestamp) -> Option<Duration> {
        self.until.map(|until| until.since(now))
    }
}

pub(super) fn share_a_key(some: &[NameKey], others: &[NameKey]) -> bool {
    some.iter().any(|key| others.contains(key))
}

/// [`Ban`] as it is written down: the keys follow from the target.
#[derive(Serialize, Deserialize)]
struct StoredBan {
    #[serde(flatten)]
    target: Target,
    until: Option<Timestamp>,
    by: Name,
    #[serde(deserialize_with = "clean_text")]
    why: Box<str>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    members: Vec<MemberId>,
    #[serde(flatten)]
    reach: Reach,
}

impl From<Ban> for StoredBan {
    fn from(ban: Ban) -> StoredBan {
        StoredBan {
            target: ban.target,
            until: ban.until,
            by: ban.by,
            why: ban.why,
            members: ban.members,
            reach: ban.reach,
        }
    }
}

impl From<StoredBan> for Ban {
    fn from(stored: StoredBan) -> Ban {
        Ban::new(
            stored.target,
            stored.members,
            stored.reach,
            stored.until,
            stored.by,
            stored.why,
        )
    }
}
