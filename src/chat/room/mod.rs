//! *Pure.* A room: who is in it, who owns it, and what follows from what they ask.

pub mod decide;
pub mod moderation;
pub mod permissions;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

pub use decide::Change;
pub use moderation::{JoinRequest, Moderation};

use crate::chat::address::Address;
use crate::chat::batch::Batch;
use crate::chat::message::{Item, Kind, MemberId, Message, NewMessage, Notice};
use crate::chat::name::Name;
use crate::chat::request::JoinError;
use crate::chat::topic::Topic;
use crate::limits::NOTICE_MEMBERS_MAX;
use crate::time::Timestamp;

/// The bounds of a room that an operator may choose.
#[derive(Clone, Copy, Debug)]
pub struct RoomLimits {
    /// Members; `0`: any number.
    pub members_max: usize,
    /// Last messages that who joins is shown.
    pub history_lines: usize,
    /// Bytes kept for members who have yet to take them; `0`: any number.
    pub outbox_bytes: usize,
}

/// The state of a room: plain data, changed by plain calls.
#[derive(Clone, Debug)]
pub struct Room {
    limits: RoomLimits,
    care: Moderation,
    members: BTreeMap<MemberId, Member>,
    /// How many have come so far.
    next_join_seq: u64,
    recent: VecDeque<Arc<Message>>,
    /// Comings and goings are not told.
    quiet: bool,
    /// Accepted and not yet handed to anybody.
    pending: Vec<Item>,
}

#[derive(Clone, Debug)]
struct Member {
    name: Name,
    account: Option<Name>,
    address: Option<Address>,
    /// How many had come before.
    since: u64,
    /// May only read.
    is_muted: bool,
}

/// Why a line is not said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostError {
    /// Who says it is not there.
    NotHere,
    /// Who says it may only read.
    Muted,
}

impl Room {
    /// An empty room that `care` is taken of.
    pub fn new(limits: RoomLimits, care: Moderation) -> Room {
        Room {
            limits,
            care,
            members: BTreeMap::new(),
            next_join_seq: 0,
            recent: VecDeque::new(),
            quiet: false,
            pending: Vec::new(),
        }
    }

    /// Lets a guest in, or says why not. Hand out [`Room::take_pending`] before it is reached as a member: who joins
    /// sees nothing from before, its own coming included.
    pub fn join(&mut self, guest: JoinRequest, now: Timestamp) -> Result<(), JoinError> {
        self.judge_join(&guest, now)?;
        if self.limits.members_max > 0 && self.members.len() >= self.limits.members_max {
            return Err(JoinError::Full(self.limits.members_max));
        }
        self.tell(Notice::Joined(guest.name.clone()));
        self.care
            .owner_came(guest.member, guest.account.as_ref(), now);
        let member = Member {
            is_muted: false,
            since: self.next_join_seq,
            name: guest.name,
            account: guest.account,
            address: guest.address,
        };
        self.next_join_seq += 1;
        self.members.insert(guest.member, member);
        self.mark_muted(Some(guest.member));
        Ok(())
    }

    /// The line that `member` says at the time `now`, to be stored, or why it is not said.
    pub fn draft(
        &self,
        member: MemberId,
        kind: Kind,
        text: Box<str>,
        now: Timestamp,
    ) -> Result<NewMessage, PostError> {
        let author = self.members.get(&member).ok_or(PostError::NotHere)?;
        if author.is_muted {
            return Err(PostError::Muted);
        }
        Ok(NewMessage {
            time: now,
            member,
            name: author.name.clone(),
            kind,
            text,
        })
    }

    /// Accepts a line that was said and that is stored.
    pub fn accept(&mut self, message: Arc<Message>) {
        self.remember(Arc::clone(&message));
        self.pending.push(Item::Message(message));
    }

    /// Recalls the last lines from before this server was started.
    pub fn recall(&mut self, lines: Vec<Arc<Message>>) {
        // Lines of this time are there already, if the store failed until now.
        self.recent.clear();
        for line in lines {
            self.remember(line);
        }
    }

    fn remember(&mut self, message: Arc<Message>) {
        if self.recent.len() >= self.limits.history_lines {
            self.recent.pop_front();
        }
        if self.limits.history_lines > 0 {
            self.recent.push_back(message);
        }
    }

    /// Calls `member` by another name.
    pub fn rename(&mut self, member: MemberId, new: Name) {
        if let Some(renamed) = self.members.get_mut(&member) {
            let old = std::mem::replace(&mut renamed.name, new.clone());
            self.tell(Notice::Renamed { old, new });
            self.mark_muted(Some(member));
        }
    }

    /// Takes `member` out. Hand out [`Room::take_pending`] before, so that it sees what was said until now.
    pub fn leave(&mut self, member: MemberId) {
        if let Some(member) = self.members.remove(&member) {
            self.tell(Notice::Left(member.name));
        }
    }

    /// It was created by the owner in `care`, who comes before whoever has come meanwhile.
    pub fn set_founder(&mut self, care: Moderation) {
        self.care.owners.splice(0..0, care.owners);
    }

    /// The connection `member` has ended.
    pub fn connection_ended(&mut self, member: MemberId, now: Timestamp) {
        self.care.connection_ended(member, now);
    }

    /// Connection `member` is logged in to `account` now, or to none.
    pub fn account_is(&mut self, member: MemberId, account: Option<Name>, now: Timestamp) {
        self.care.account_is(member, account.as_ref(), now);
        if let Some(member) = self.members.get_mut(&member) {
            member.account = account;
        }
        self.mark_muted(Some(member));
    }

    /// An account was deleted.
    pub fn account_deleted(&mut self, account: &Name) {
        self.care.account_deleted(account);
        for member in self.members.values_mut() {
            if member.account.as_ref() == Some(account) {
                member.account = None;
            }
        }
    }

    /// Tells everybody what `member` says that the room is about, however many they are.
    pub fn set_topic(&mut self, member: MemberId, topic: Option<Topic>) {
        if let Some(member) = self.members.get(&member) {
            let name = member.name.clone();
            self.pending
                .push(Item::Notice(Notice::Topic { name, topic }));
        }
    }

    /// Its bounds.
    pub fn limits(&self) -> &RoomLimits {
        &self.limits
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

    /// The first `most` members, in the order in which they connected, and how many more there are.
    pub fn first_members(&self, most: usize) -> (Vec<(MemberId, Name)>, usize) {
        let first = self.members.iter().take(most);
        let more = self.members.len().saturating_sub(most);
        let named = first.map(|(id, member)| (*id, member.name.clone()));
        (named.collect(), more)
    }

    /// The last messages, oldest first.
    pub fn history(&self) -> Vec<Arc<Message>> {
        self.recent.iter().cloned().collect()
    }

    /// What was accepted since the last call, if anything.
    pub fn take_pending(&mut self) -> Option<Batch> {
        (!self.pending.is_empty()).then(|| Batch::new(std::mem::take(&mut self.pending)))
    }

    /// From now on does not tell of comings and goings.
    pub fn suppress_presence(&mut self) {
        self.quiet = true;
    }

    /// Tells of a member, in a room small enough for it.
    fn tell(&mut self, notice: Notice) {
        if !self.quiet && self.members.len() <= NOTICE_MEMBERS_MAX {
            self.pending.push(Item::Notice(notice));
        }
    }
}
