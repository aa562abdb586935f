//! *Pure.* A room: who is in it, who owns it, and what follows from what they ask.
//!
//! A room is what its log makes of it. What somebody asks is decided ([`decide`]), which changes nothing and gives
//! entries; a store numbers them; [`Room::apply`] is the only way in which the room changes.

mod anons;
mod apply;
mod ban;
pub mod closing;
pub mod decide;
pub mod entry;
pub mod facts;
pub mod image;
pub mod moderation;
mod muted;
pub mod operate;
pub mod owners;
mod persistent;
mod presence;
mod whom;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use anons::Anons;
pub use apply::{Applied, Effects, Gap};
pub use ban::Reach;
pub use closing::{Closing, Kept, Reopener};
pub use decide::{Decision, JoinRequest, PostError, Seat};
pub use entry::{At, Came, Entry, Numbered, WentHow};
pub use facts::Fact;
pub use image::{MemberImage, RoomImage};
pub use moderation::{Moderation, Ruling};
pub use operate::OperatorRuling;
pub use owners::{ConnectionEnd, Identity};
use presence::Presence;

use crate::chat::address::Address;
use crate::chat::message::MemberId;
pub use crate::chat::moderation::Role;
use crate::chat::name::Name;
use crate::chat::people::{RoleMarks, RoomMember};
use crate::chat::topic::Topic;
use crate::limits::{FORMER_NAMES_KEPT, FORMER_NAMES_MAX};
use crate::text;
use crate::time::Timestamp;

/// The bounds of a room that an operator may choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoomLimits {
    /// Members; `0`: any number.
    pub members_max: usize,
    /// Last messages shown to a new member.
    pub history_lines: usize,
    /// Bytes kept for members who have yet to take them; `0`: any number.
    pub outbox_bytes: usize,
    /// How long comings and goings wait to be told together.
    pub notice_delay: Duration,
}

/// What there is of a room besides its members and its lines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomState {
    /// What it is about.
    pub topic: Option<Topic>,
    /// Who owns it, and what owners have decided.
    pub moderation: Moderation,
    /// Somebody has said something that can still be read.
    #[serde(default = "yes")]
    pub has_lines: bool,
}

/// Of a state that was written down by an earlier version: better too much care than too little.
fn yes() -> bool {
    true
}

/// A room as its log has made it: plain data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    limits: RoomLimits,
    /// The last entry that was applied.
    at: At,
    state: RoomState,
    members: BTreeMap<MemberId, Member>,
    /// Who has come or gone, and is still to be told of.
    presence: Presence,
    /// What those of them are called who have no name.
    anons: Anons,
    /// How many have come so far.
    next_join_seq: u64,
    /// An owner has ended it.
    is_closed: bool,
    /// Something has changed who may do what that this version does not understand.
    is_unclear: bool,
    /// Comings and goings are not told. Not of the log: it is said of a server that stops, where everybody goes, and
    /// not of the room.
    is_quiet: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Member {
    name: Name,
    account: Option<Name>,
    address: Option<Address>,
    /// How many had come before.
    join_seq: u64,
    /// May only read. Follows from the moderation; noted here since it is asked for each line.
    is_muted: bool,
    /// What it was called within the last [`FORMER_NAMES_KEPT`], and until when.
    former: Option<Box<Former>>,
}

/// Names, and until when somebody had each. Few have any, so it is in a box.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Former(Vec<(Name, Timestamp)>);

impl Member {
    /// It was called `name` until `time`.
    fn note_former(&mut self, name: Name, time: Timestamp) {
        if name.is_anon() {
            return;
        }
        let Former(names) = &mut **self.former.get_or_insert_default();
        names.retain(|(_, until)| is_recent(*until, time));
        if names.len() >= FORMER_NAMES_MAX {
            names.remove(0);
        }
        names.push((name, time));
    }
}

fn is_recent(until: Timestamp, now: Timestamp) -> bool {
    now.since(until) <= FORMER_NAMES_KEPT
}

impl Room {
    /// A room that nobody is in, as it was at some place of its log.
    pub fn new(limits: RoomLimits, state: RoomState, at: At) -> Room {
        Room {
            limits,
            at,
            state,
            members: BTreeMap::new(),
            anons: Anons::default(),
            presence: Presence::new(limits.notice_delay),
            next_join_seq: 0,
            is_closed: false,
            is_unclear: false,
            is_quiet: false,
        }
    }

    /// Its bounds.
    pub fn limits(&self) -> &RoomLimits {
        &self.limits
    }

    /// From now on it has other bounds. Whoever is in it stays.
    pub fn set_limits(&mut self, limits: RoomLimits) {
        self.limits = limits;
        self.presence.set_delay(limits.notice_delay);
    }

    /// How far its log has been applied; what a decision that is made now is based on.
    pub fn at(&self) -> At {
        self.at
    }

    /// What it is about.
    pub fn topic(&self) -> Option<&Topic> {
        self.state.topic.as_ref()
    }

    /// Who owns it, and what owners have decided.
    pub fn moderation(&self) -> &Moderation {
        &self.state.moderation
    }

    /// Whether an owner has ended it.
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// What somebody in the room, or not, is to it at the time `now`.
    pub fn role(&self, member: MemberId, now: Timestamp) -> Role {
        match self.members.get(&member) {
            _ if self.on_trial(member, now).is_some() => Role::Heir,
            _ if self.rank(member).is_some() => Role::Owner,
            Some(member) if member.is_muted => Role::Muted,
            Some(_) => Role::Member,
            None => Role::Outsider,
        }
    }

    /// Whether an owner is connected, or was seen not too long ago.
    pub fn has_owner(&self, now: Timestamp) -> bool {
        self.moderation().has_owner(now)
    }

    /// Whether the connection of an owner without an account was lost.
    pub fn has_lost_owner(&self) -> bool {
        self.moderation().owners.is_any_lost()
    }

    /// Whether somebody is a member.
    pub fn has(&self, member: MemberId) -> bool {
        self.members.contains_key(&member)
    }

    /// How many had come before a member.
    pub fn join_seq(&self, member: MemberId) -> u64 {
        self.members
            .get(&member)
            .map_or(0, |member| member.join_seq)
    }

    /// How many members there are.
    pub fn members(&self) -> usize {
        self.members.len()
    }

    /// The names of all members, in the order in which they connected.
    pub fn names(&self) -> Vec<Name> {
        let names = self.members.values().map(|member| member.name.clone());
        names.collect()
    }

    /// The names of members that begin with `prefix`, in upper or lower case: the first `most` in their order, and the
    /// last one if there are more.
    pub fn names_with(&self, prefix: &str, most: usize) -> Vec<Name> {
        let prefix = text::lowercase(prefix);
        let (mut first, mut last) = (BTreeSet::new(), None);
        for member in self
            .members
            .values()
            .filter(|member| member.name != Name::anon())
        {
            let key = (text::lowercase(member.name.as_str()), &member.name);
            if key.0.starts_with(&prefix) {
                last = last.max(Some(key.clone()));
                first.insert(key);
                if first.len() > most {
                    first.pop_last();
                }
            }
        }
        let last = last.filter(|last| !first.contains(last));
        first
            .into_iter()
            .chain(last)
            .map(|(_, name)| name.clone())
            .collect()
    }

    /// The first `most` members, in the order in which they connected, and how many more there are.
    pub fn first_members(&self, most: usize) -> (Vec<RoomMember>, usize) {
        let first = self.members.iter().take(most);
        let more = self.members.len().saturating_sub(most);
        let named = first.map(|(&id, member)| RoomMember {
            member: id,
            name: member.name.clone(),
            role: self.role_marks(id, member),
        });
        (named.collect(), more)
    }

    /// As [`Room::first_members`], with `member` among them and marked.
    pub fn members_for(&self, member: MemberId, most: usize) -> (Vec<RoomMember>, usize) {
        let (mut members, more) = self.first_members(most);
        let own = match members.iter().position(|other| other.member == member) {
            Some(at) => &mut members[at],
            // Those who came last are named last.
            None => match (members.last_mut(), self.members.get(&member)) {
                (Some(last), Some(own)) => {
                    last.member = member;
                    last.name = own.name.clone();
                    last.role = self.role_marks(member, own);
                    last
                }
                _ => return (members, more),
            },
        };
        own.role.you = true;
        (members, more)
    }

    fn role_marks(&self, id: MemberId, member: &Member) -> RoleMarks {
        RoleMarks {
            you: false,
            owner: self.rank(id).is_some(),
            muted: member.is_muted,
        }
    }

    /// Whether it is not known any more who may do what, so that nothing can be decided here.
    pub fn is_unclear(&self) -> bool {
        self.is_unclear
    }

    /// What the log said of a member when it came, as it is now; `None`: it is not here.
    pub fn as_came(&self, member: MemberId) -> Option<Came> {
        let it = self.members.get(&member)?;
        Some(Came {
            member,
            name: it.name.without_number(),
            account: it.account.clone(),
            address: it.address,
        })
    }

    /// Whether comings and goings are not told.
    pub fn is_quiet(&self) -> bool {
        self.is_quiet
    }

    /// From now on does not tell of comings and goings.
    pub fn suppress_presence(&mut self) {
        self.presence.clear();
        self.is_quiet = true;
    }

    /// Seniority of `member` among the owners, 0 = longest; `None` if not an owner.
    fn rank(&self, member: MemberId) -> Option<usize> {
        self.moderation().rank(member, self.account_of(member))
    }

    /// For how long `member` has had the room in company, if it was inherited, is not empty, and that is not long enough
    /// to do with it what cannot be undone.
    fn on_trial(&self, member: MemberId, now: Timestamp) -> Option<Duration> {
        let rank = self.rank(member).filter(|_| self.state.has_lines)?;
        self.moderation().owners.on_trial(rank, now)
    }

    fn account_of(&self, member: MemberId) -> Option<&Name> {
        self.members.get(&member)?.account.as_ref()
    }
}
