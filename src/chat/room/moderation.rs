//! *Pure.* Who takes care of a room, and what they have decided.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::chat::address::Address;
use crate::chat::message::MemberId;
use crate::chat::name::{Name, NameKey};
use crate::chat::password::{self, Hash};
use crate::chat::request::{BanLine, StoredTarget, Target};
use crate::limits::OWNER_AWAY_MAX;
use crate::time::Timestamp;

/// Who takes care of a room, and what they have decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moderation {
    /// The longest first.
    pub(super) owners: Vec<Owner>,
    pub(super) lock: Option<Hash>,
    pub(super) private: bool,
    pub(super) bans: Vec<Ban>,
    pub(super) muted: Vec<Muted>,
}

/// An owner: a connection, an account, or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The owner's connection, while there is one.
    pub member: Option<MemberId>,
    /// The owner's account, which outlasts connections.
    pub account: Option<Name>,
    /// When the account was seen last, if there is no connection.
    pub seen: Timestamp,
}

impl Owner {
    /// Has a connection, or an account that was seen not too long ago.
    fn is_around(&self, now: Timestamp) -> bool {
        self.member.is_some() || now < self.seen.after(OWNER_AWAY_MAX)
    }

    fn is(&self, member: MemberId, account: Option<&Name>) -> bool {
        self.member == Some(member) || (account.is_some() && self.account.as_ref() == account)
    }
}

/// Somebody who is kept out.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// Somebody who may only read: who had the name, and whoever has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Muted {
    pub(super) name: Name,
    pub(super) keys: [NameKey; 3],
    pub(super) members: Vec<MemberId>,
}

/// Somebody at a room's door.
#[derive(Clone, Debug)]
pub struct JoinRequest {
    /// The connection.
    pub member: MemberId,
    /// What it is called.
    pub name: Name,
    /// The account that the name is registered for and that the person is logged in to.
    pub account: Option<Name>,
    /// Where it comes from, unless over a Unix socket.
    pub address: Option<Address>,
    /// The room's password was known when this was its hash.
    pub pass: Option<Hash>,
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
    fn is_about(&self, member: MemberId, keys: &[NameKey], address: Option<Address>) -> bool {
        let from_there = match self.target {
            Target::Address(banned) => address == Some(banned),
            Target::Name(_) => false,
        };
        from_there || self.members.contains(&member) || share_a_key(&self.keys, keys)
    }

    pub(super) fn left(&self, now: Timestamp) -> Option<Duration> {
        self.until.map(|until| until.since(now))
    }
}

pub(super) fn share_a_key(some: &[NameKey], others: &[NameKey]) -> bool {
    some.iter().any(|key| others.contains(key))
}

impl Moderation {
    /// Of a room that connection `founder` has just created.
    pub fn of(founder: MemberId, account: Option<Name>, now: Timestamp) -> Moderation {
        let mut care = Moderation::default();
        care.add_owner(founder, account, now);
        care
    }

    /// Since how many others somebody owns the room: 0 for the one who has for the longest time; `None`:
    /// does not own it.
    pub fn rank(&self, member: MemberId, account: Option<&Name>) -> Option<usize> {
        self.owners
            .iter()
            .position(|owner| owner.is(member, account))
    }

    /// The ban that keeps somebody out.
    pub(super) fn ban_of(&self, guest: &JoinRequest) -> Option<&Ban> {
        if self.bans.is_empty() {
            return None;
        }
        let keys = guest.name.keys();
        let mut bans = self.bans.iter();
        bans.find(|ban| ban.is_about(guest.member, &keys, guest.address))
    }

    /// Whether somebody may only read.
    pub(super) fn is_muted(&self, member: MemberId, name: &Name) -> bool {
        if self.muted.is_empty() {
            return false;
        }
        let keys = name.keys();
        let is = |muted: &Muted| muted.members.contains(&member) || share_a_key(&muted.keys, &keys);
        self.muted.iter().any(is)
    }

    pub(super) fn add_owner(&mut self, member: MemberId, account: Option<Name>, now: Timestamp) {
        if self.rank(member, account.as_ref()).is_none() {
            self.owners.push(Owner {
                member: Some(member),
                account,
                seen: now,
            });
        }
    }

    /// Takes ownership away.
    pub(super) fn remove_owner(&mut self, member: MemberId, account: Option<&Name>) {
        self.owners.retain(|owner| !owner.is(member, account));
    }

    /// Connection `member` has come with `account`: an owner by account is one by connection as well.
    pub(super) fn owner_came(&mut self, member: MemberId, account: Option<&Name>, now: Timestamp) {
        for owner in &mut self.owners {
            if owner.is(member, account) {
                owner.member = Some(member);
                owner.seen = now;
            }
        }
    }

    /// Connection `member` has ended. Without an account it owns nothing any more.
    pub(super) fn connection_ended(&mut self, member: MemberId, now: Timestamp) {
        for owner in &mut self.owners {
            if owner.member == Some(member) {
                owner.member = None;
                owner.seen = now;
            }
        }
        self.owners
            .retain(|owner| owner.member.is_some() || owner.account.is_some());
    }

    /// Connection `member` is logged in to `account` now, or to none. What it owned without an account belongs
    /// to the account; what another account owns is no longer its own.
    pub(super) fn account_is(&mut self, member: MemberId, account: Option<&Name>, now: Timestamp) {
        for owner in &mut self.owners {
            let is_its_own = owner.member == Some(member);
            match &owner.account {
                Some(own) if Some(own) == account => owner.member = Some(member),
                Some(_) if is_its_own => owner.member = None,
                None if is_its_own => owner.account = account.cloned(),
                _ => continue,
            }
            owner.seen = now;
        }
        let mut seen = Vec::new();
        self.owners.retain(|owner| {
            let is_first = owner.account.is_none() || !seen.contains(&owner.account);
            seen.push(owner.account.clone());
            is_first
        });
    }

    /// An account was deleted; its bearer owns the room until the connection ends.
    pub(super) fn account_deleted(&mut self, account: &Name) {
        for owner in &mut self.owners {
            if owner.account.as_ref() == Some(account) {
                owner.account = None;
            }
        }
        self.owners
            .retain(|owner| owner.member.is_some() || owner.account.is_some());
    }

    /// Forgets what is over: bans, and owners who were not seen for [`OWNER_AWAY_MAX`].
    pub(super) fn tidy(&mut self, now: Timestamp) {
        self.bans
            .retain(|ban| ban.until.is_none_or(|until| now < until));
        self.owners.retain(|owner| owner.is_around(now));
    }

    pub(super) fn has_owner(&self, now: Timestamp) -> bool {
        self.owners.iter().any(|owner| owner.is_around(now))
    }

    pub(super) fn ban_lines(&self, now: Timestamp) -> Vec<BanLine> {
        let line = |ban: &Ban| BanLine {
            target: ban.target.clone(),
            left: ban.left(now),
            by: ban.by.clone(),
            why: ban.why.clone(),
        };
        self.bans.iter().map(line).collect()
    }

    /// The hash of the room's password, if it has one.
    pub fn lock(&self) -> Option<&Hash> {
        self.lock.as_ref()
    }

    /// No list names the room to outsiders.
    pub fn is_private(&self) -> bool {
        self.private
    }

    /// The accounts among the owners.
    pub fn owner_accounts(&self) -> impl Iterator<Item = &Name> {
        self.owners
            .iter()
            .filter_map(|owner| owner.account.as_ref())
    }

    /// What a store keeps of it. Connections end with the server, and so does what is about them alone.
    pub fn to_json(&self) -> String {
        let owners = self.owners.iter().filter_map(|owner| {
            Some(StoredOwner {
                account: owner.account.as_ref()?.as_str().to_owned(),
                seen: owner.seen.0,
            })
        });
        let bans = self.bans.iter().map(|ban| StoredBan {
            target: StoredTarget::from(&ban.target),
            until: ban.until.map(|until| until.0),
            by: ban.by.as_str().to_owned(),
            why: ban.why.clone().into(),
        });
        let stored = Stored {
            owners: owners.collect(),
            lock: self.lock.as_ref().map(|hash| hash.as_str().to_owned()),
            private: self.private,
            bans: bans.collect(),
        };
        serde_json::to_string(&stored).unwrap_or_default()
    }

    /// Reads what [`Moderation::to_json`] wrote.
    ///
    /// # Errors
    ///
    /// What is wrong with it. A room whose care cannot be read must not be opened to everybody.
    pub fn from_json(json: &str) -> Result<Moderation, String> {
        let wrong = |error: serde_json::Error| error.to_string();
        // Asked for by itself, since a list would do for a record.
        let object: serde_json::Map<_, _> = serde_json::from_str(json).map_err(wrong)?;
        let stored: Stored = serde_json::from_value(object.into()).map_err(wrong)?;
        if !stored.lock.as_deref().is_none_or(password::is_hash) {
            return Err("its password hash is invalid".to_owned());
        }
        let name = |text: &str| Name::parse(text).map_err(|_| format!("{text:?} is not a name"));
        let mut care = Moderation {
            lock: stored.lock.as_deref().map(Hash::new),
            private: stored.private,
            ..Moderation::default()
        };
        for owner in &stored.owners {
            care.owners.push(Owner {
                member: None,
                account: Some(name(&owner.account)?),
                seen: Timestamp(owner.seen),
            });
        }
        for ban in stored.bans {
            let target = ban.target.target().ok_or("a ban has no target")?;
            let until = ban.until.map(Timestamp);
            let ban = Ban::new(target, Vec::new(), until, name(&ban.by)?, ban.why.into());
            care.bans.push(ban);
        }
        Ok(care)
    }
}

/// [`Moderation`] as it is kept.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Stored {
    owners: Vec<StoredOwner>,
    lock: Option<String>,
    private: bool,
    bans: Vec<StoredBan>,
}

#[derive(Serialize, Deserialize)]
struct StoredOwner {
    account: String,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    seen: i64,
}

#[derive(Serialize, Deserialize)]
struct StoredBan {
    #[serde(flatten)]
    target: StoredTarget,
    until: Option<i64>,
    by: String,
    why: String,
}
