//! *Pure.* Who owns a room, and what owners have decided.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::entry::{Banned, Came, Ruling, Subject};
use crate::chat::address::Address;
use crate::chat::message::{MemberId, clean_text};
use crate::chat::name::{Name, NameKey};
use crate::chat::password::Hash;
use crate::chat::request::{BanLine, Target};
use crate::limits::OWNER_AWAY_MAX;
use crate::time::Timestamp;

/// Who owns a room, and what owners have decided.
///
/// It has one written form, which is all of it. What outlives a server is [`Moderation::persistent`], in the same
/// form; a field that is empty there is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Moderation {
    /// The longest first.
    pub(super) owners: Vec<Owner>,
    pub(super) lock: Option<Hash>,
    pub(super) private: bool,
    pub(super) bans: Vec<Ban>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) muted: Vec<Muted>,
}

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
    /// Has a connection, or an account that was seen not too long ago.
    fn is_around(&self, now: Timestamp) -> bool {
        self.id.member.is_some() || now < self.seen.after(OWNER_AWAY_MAX)
    }
}

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

/// Somebody who may only read: who had the name, and whoever has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredMuted", into = "StoredMuted")]
pub(super) struct Muted {
    name: Name,
    keys: [NameKey; 3],
    members: Vec<MemberId>,
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

impl JoinRequest {
    /// What the log says if it is granted.
    pub(super) fn came(&self) -> Came {
        Came {
            member: self.member,
            name: self.name.clone(),
            account: self.account.clone(),
            address: self.address,
        }
    }
}

impl Ban {
    fn new(
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

    /// Whether taking back a ban of `target` takes this one back.
    fn is_taken_back_with(&self, target: &Target) -> bool {
        match (&self.target, target) {
            (Target::Name(banned), Target::Name(name)) => banned.clashes(name),
            (banned, target) => banned == target,
        }
    }

    fn is_over(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| until <= now)
    }

    pub(super) fn left(&self, now: Timestamp) -> Option<Duration> {
        self.until.map(|until| until.since(now))
    }
}

impl Muted {
    fn new(name: Name, members: Vec<MemberId>) -> Muted {
        Muted {
            keys: name.keys(),
            name,
            members,
        }
    }

    /// Whether letting `name`, which `members` have, speak again is about this.
    fn is_taken_back_with(&self, name: &Name, members: &[MemberId]) -> bool {
        self.name.clashes(name) || self.members.iter().any(|id| members.contains(id))
    }
}

fn share_a_key(some: &[NameKey], others: &[NameKey]) -> bool {
    some.iter().any(|key| others.contains(key))
}

impl Moderation {
    /// Of a room that connection `founder` has just created.
    pub fn of(founder: MemberId, account: Option<Name>, now: Timestamp) -> Moderation {
        let mut moderation = Moderation::default();
        moderation.add_owner(founder, account, now);
        moderation
    }

    /// Makes what was decided at `time` so. Depends on nothing else, so that all who apply the same rulings in the
    /// same order have the same moderation.
    pub fn apply(&mut self, ruling: &Ruling, time: Timestamp) {
        match ruling {
            Ruling::Kicked { whom, .. } => self.unseat(whom),
            Ruling::Banned(banned) => self.ban(banned),
            Ruling::Unbanned { target, .. } => {
                self.bans.retain(|ban| !ban.is_taken_back_with(target));
            }
            Ruling::Muted { name, whom, .. } => {
                self.unseat(whom);
                let members = whom.iter().map(|subject| subject.member);
                self.muted.push(Muted::new(name.clone(), members.collect()));
            }
            Ruling::Unmuted { name, members, .. } => self.unmute(name, members),
            Ruling::Shared { with, .. } => {
                self.unmute(&with.name, &[with.member]);
                self.add_owner(with.member, with.account.clone(), time);
            }
            Ruling::Locked { hash, .. } => self.lock = Some(hash.clone()),
            Ruling::Unlocked { .. } => self.lock = None,
            Ruling::Private { on, .. } => self.private = *on,
            Ruling::Closed { .. } => {}
            Ruling::Founded { member, account } => {
                let founder = Owner {
                    id: OwnerId {
                        account: account.clone(),
                        member: Some(*member),
                    },
                    seen: time,
                };
                self.owners
                    .retain(|owner| !owner.id.is(*member, account.as_ref()));
                self.owners.insert(0, founder);
            }
            Ruling::OwnerCame { member, account } => self.owner_came(*member, account, time),
            Ruling::OwnerEnded { member } => self.connection_ended(*member, time),
            Ruling::Inherited(heir) => self.add_owner(heir.member, heir.account.clone(), time),
            Ruling::Expired => self.tidy(time),
            Ruling::AccountIs { member, account } => {
                self.account_is(*member, account.as_ref(), time);
            }
            Ruling::AccountDeleted { account } => self.account_deleted(account),
        }
    }

    /// Seniority of somebody among the owners, 0 = longest; `None` if not an owner.
    pub fn rank(&self, member: MemberId, account: Option<&Name>) -> Option<usize> {
        self.owners
            .iter()
            .position(|owner| owner.id.is(member, account))
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

    /// Whether taking back a ban of `target` would take any back.
    pub(super) fn is_banned(&self, target: &Target) -> bool {
        self.bans.iter().any(|ban| ban.is_taken_back_with(target))
    }

    /// Whether letting `name`, which `members` have, speak again would change anything.
    pub(super) fn is_name_muted(&self, name: &Name, members: &[MemberId]) -> bool {
        let mut muted = self.muted.iter();
        muted.any(|muted| muted.is_taken_back_with(name, members))
    }

    /// Whether some bans, or absences of owners, are over.
    pub(super) fn has_expired(&self, now: Timestamp) -> bool {
        self.bans.iter().any(|ban| ban.is_over(now))
            || self.owners.iter().any(|owner| !owner.is_around(now))
    }

    /// Whether an owner is connected, or was seen not too long ago.
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
            .filter_map(|owner| owner.id.account.as_ref())
    }

    /// What is left of it when the server ends. Connections end with it, and so does what is about them alone:
    /// ownership without an account, mutes, and which connections a ban is about.
    pub fn persistent(&self) -> Moderation {
        let owners = self.owners.iter().filter_map(|owner| {
            let account = Some(owner.id.account.clone()?);
            let id = OwnerId {
                account,
                member: None,
            };
            let seen = owner.seen;
            Some(Owner { id, seen })
        });
        let bans = self.bans.iter().map(|ban| Ban {
            members: Vec::new(),
            ..ban.clone()
        });
        Moderation {
            owners: owners.collect(),
            lock: self.lock.clone(),
            private: self.private,
            bans: bans.collect(),
            muted: Vec::new(),
        }
    }

    /// All of it, written down.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads what [`Moderation::to_json`] wrote.
    ///
    /// # Errors
    ///
    /// What is wrong with it. A room whose moderation cannot be read must not be opened to everybody.
    pub fn from_json(json: &str) -> Result<Moderation, String> {
        let wrong = |error: serde_json::Error| error.to_string();
        // Asked for by itself, since a list would do for a record.
        let object: serde_json::Map<_, _> = serde_json::from_str(json).map_err(wrong)?;
        serde_json::from_value(object.into()).map_err(wrong)
    }
}

/// What rulings do.
impl Moderation {
    fn add_owner(&mut self, member: MemberId, account: Option<Name>, now: Timestamp) {
        if self.rank(member, account.as_ref()).is_none() {
            let member = Some(member);
            self.owners.push(Owner {
                id: OwnerId { account, member },
                seen: now,
            });
        }
    }

    /// Takes ownership away.
    fn unseat(&mut self, whom: &[Subject]) {
        self.owners.retain(|owner| {
            let is = |subject: &Subject| owner.id.is(subject.member, subject.account.as_ref());
            !whom.iter().any(is)
        });
    }

    fn ban(&mut self, banned: &Banned) {
        self.unseat(&banned.whom);
        self.owners
            .retain(|owner| !banned.unseated.contains(&owner.id));
        self.bans.retain(|older| older.target != banned.target);
        let whom = banned.whom.iter().map(|subject| subject.member);
        self.bans.push(Ban::new(
            banned.target.clone(),
            whom.chain(banned.holder).collect(),
            banned.until,
            banned.by.clone(),
            banned.why.clone(),
        ));
    }

    fn unmute(&mut self, name: &Name, members: &[MemberId]) {
        self.muted
            .retain(|muted| !muted.is_taken_back_with(name, members));
    }

    /// Connection `member` has come with `account`: an owner by account is one by connection as well.
    fn owner_came(&mut self, member: MemberId, account: &Name, now: Timestamp) {
        for owner in &mut self.owners {
            if owner.id.is(member, Some(account)) {
                owner.id.member = Some(member);
                owner.seen = now;
            }
        }
    }

    /// Connection `member` has ended. Without an account it owns nothing any more.
    fn connection_ended(&mut self, member: MemberId, now: Timestamp) {
        for owner in &mut self.owners {
            if owner.id.member == Some(member) {
                owner.id.member = None;
                owner.seen = now;
            }
        }
        self.owners.retain(|owner| owner.id.is_somebody());
    }

    /// Connection `member` is logged in to `account` now, or to none. What it owned without an account belongs
    /// to the account; what another account owns is no longer its own.
    fn account_is(&mut self, member: MemberId, account: Option<&Name>, now: Timestamp) {
        for owner in &mut self.owners {
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
        self.owners.retain(|owner| {
            let is_first = owner.id.account.is_none() || !seen.contains(&owner.id.account);
            seen.push(owner.id.account.clone());
            is_first
        });
    }

    /// An account was deleted; its bearer owns the room until the connection ends.
    fn account_deleted(&mut self, account: &Name) {
        for owner in &mut self.owners {
            if owner.id.account.as_ref() == Some(account) {
                owner.id.account = None;
            }
        }
        self.owners.retain(|owner| owner.id.is_somebody());
    }

    /// Forgets what is over: bans, and owners who were not seen for [`OWNER_AWAY_MAX`].
    fn tidy(&mut self, now: Timestamp) {
        self.bans.retain(|ban| !ban.is_over(now));
        self.owners.retain(|owner| owner.is_around(now));
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

/// [`Muted`] as it is written down: the keys follow from the name.
#[derive(Serialize, Deserialize)]
struct StoredMuted {
    name: Name,
    members: Vec<MemberId>,
}

impl From<Muted> for StoredMuted {
    fn from(muted: Muted) -> StoredMuted {
        StoredMuted {
            name: muted.name,
            members: muted.members,
        }
    }
}

impl From<StoredMuted> for Muted {
    fn from(stored: StoredMuted) -> Muted {
        Muted::new(stored.name, stored.members)
    }
}
