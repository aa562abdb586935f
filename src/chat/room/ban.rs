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
    pub(super) until: Option<Timestamp>,
    pub(super) by: Name,
    pub(super) why: Box<str>,
}

impl Ban {
    pub(super) fn new(
        target: Target,
        members: Vec<MemberId>,
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
            until,
            by,
            why,
        }
    }

    /// Whether it keeps out somebody with these `keys`.
    pub(super) fn is_about(
        &self,
        member: MemberId,
        keys: &[NameKey],
        address: Option<Address>,
    ) -> bool {
        let from_there = match self.target {
            Target::Address(banned) => address == Some(banned),
            Target::Name(_) => false,
        };
        from_there || self.members.contains(&member) || share_a_key(&self.keys, keys)
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
}

impl From<Ban> for StoredBan {
    fn from(ban: Ban) -> StoredBan {
        StoredBan {
            target: ban.target,
            until: ban.until,
            by: ban.by,
            why: ban.why,
            members: ban.members,
        }
    }
}

impl From<StoredBan> for Ban {
    fn from(stored: StoredBan) -> Ban {
        Ban::new(
            stored.target,
            stored.members,
            stored.until,
            stored.by,
            stored.why,
        )
    }
}
