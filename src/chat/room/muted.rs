//! *Pure.* Mutes: who may only read.

use serde::{Deserialize, Serialize};

use super::ban::share_a_key;
use crate::chat::message::MemberId;
use crate::chat::name::{Name, NameKey};

/// Somebody who may only read: who had the name, and whoever has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredMuted", into = "StoredMuted")]
pub(super) struct Muted {
    name: Name,
    keys: [NameKey; 3],
    members: Vec<MemberId>,
    /// The accounts that they were logged in to.
    accounts: Vec<Name>,
}

impl Muted {
    pub(super) fn new(name: Name, members: Vec<MemberId>, accounts: Vec<Name>) -> Muted {
        Muted {
            keys: name.keys(),
            name,
            members,
            accounts,
        }
    }

    /// Whether somebody whose name has these `keys` may only read.
    pub(super) fn is_about(
        &self,
        member: MemberId,
        keys: &[NameKey],
        account: Option<&Name>,
    ) -> bool {
        let has_account = account.is_some_and(|account| self.accounts.contains(account));
        has_account || self.members.contains(&member) || share_a_key(&self.keys, keys)
    }

    /// Whether letting `name`, which `members` have, speak again is about this.
    pub(super) fn is_taken_back_with(&self, name: &Name, members: &[MemberId]) -> bool {
        self.name.clashes(name) || self.members.iter().any(|id| members.contains(id))
    }
}

/// [`Muted`] as it is written down: the keys follow from the name.
#[derive(Serialize, Deserialize)]
struct StoredMuted {
    name: Name,
    members: Vec<MemberId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    accounts: Vec<Name>,
}

impl From<Muted> for StoredMuted {
    fn from(muted: Muted) -> StoredMuted {
        StoredMuted {
            name: muted.name,
            members: muted.members,
            accounts: muted.accounts,
        }
    }
}

impl From<StoredMuted> for Muted {
    fn from(stored: StoredMuted) -> Muted {
        Muted::new(stored.name, stored.members, stored.accounts)
    }
}
