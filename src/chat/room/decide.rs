//! *Pure.* What follows from what somebody asks of a room: entries for its log, or a refusal. Nothing changes here.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::ban::Guest;
use super::closing::Kept;
use super::entry::{Came, Entry, Reseated, TopicSet};
use super::moderation::{Banned, Ruling, Subject};
use super::owners::{Identity, OwnerId, outranks};
use super::{Member, Role, Room};
use crate::chat::address::Address;
use crate::chat::message::{Kind, MemberId, Message};
use crate::chat::moderation::Deed;
use crate::chat::name::Name;
use crate::chat::password::Hash;
use crate::chat::request::{JoinError, ModCommand, ModError, ModReply, NewBan, Target};
use crate::limits::{BAN_TIME_MAX, BANS_MAX, OWNER_TRIAL, OWNERS_MAX, WHY_COLUMNS_MAX};
use crate::text;
use crate::time::Timestamp;

/// What follows from a command that is not refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision<R = ()> {
    /// What is to be stored and then applied, in this order. Nothing if the command only asks.
    pub entries: Vec<Entry>,
    /// What to answer once it is.
    pub reply: R,
}

impl<R> Decision<R> {
    fn to(entry: impl Into<Entry>, reply: R) -> Decision<R> {
        Decision {
            entries: vec![entry.into()],
            reply,
        }
    }
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
    /// The seat that the person had until the connection was lost.
    pub seat: Option<Seat>,
}

/// The seat of a member whose connection was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seat {
    /// The connection.
    pub member: MemberId,
    /// The number of the last line that was seen.
    pub seen: u64,
}

impl JoinRequest {
    fn as_guest(&self) -> Guest<'_> {
        Guest {
            member: self.member,
            name: &self.name,
            account: self.account.as_ref(),
            address: self.address,
        }
    }

    /// What the log says if it is granted.
    fn came(&self) -> Came {
        Came {
            member: self.member,
            name: self.name.clone(),
            account: self.account.clone(),
            address: self.address,
        }
    }
}

/// Why a line is not said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostError {
    /// Who says it is not there, or it is not known who may say anything.
    NotHere,
    /// Who says it may only read.
    Muted,
}

/// What members ask, and what happens to them.
impl Room {
    /// What `member` says at the time `now`.
    ///
    /// # Errors
    ///
    /// Why it is not said.
    pub fn decide_line(
        &self,
        member: MemberId,
        kind: Kind,
        text: Box<str>,
        now: Timestamp,
    ) -> Result<Entry, PostError> {
        let author = self.members.get(&member).ok_or(PostError::NotHere)?;
        if self.is_unclear {
            return Err(PostError::NotHere);
        }
        if author.is_muted {
            return Err(PostError::Muted);
        }
        Ok(Entry::Said(Arc::new(Message {
            id: 0,
            time: now,
            member,
            name: author.name.clone(),
            kind,
            text,
        })))
    }

    /// Whether `guest` comes in, given the room's password or not.
    ///
    /// # Errors
    ///
    /// Why not.
    pub fn decide_join(&self, guest: &JoinRequest, now: Timestamp) -> Result<Decision, JoinError> {
        if self.is_closed {
            return Err(JoinError::NoRoom);
        }
        let moderation = self.moderation();
        let ban = moderation.ban_of(&guest.as_guest(), now);
        let role = match moderation.rank(guest.member, guest.account.as_ref()) {
            Some(_) => Role::Owner,
            // Whoever was to keep out the owner had to outrank the owner. The password is asked for.
            None if self.lost_owner(&guest.name, guest.address, now).is_some() => Role::Outsider,
            None if ban.is_some() => Role::Banned,
            None => Role::Outsider,
        };
        if !role.may_enter() {
            let (left, why) = ban.map_or((None, "".into()), |ban| (ban.left(now), ban.why.clone()));
            return Err(JoinError::Banned(left, why));
        }
        if let Some(from) = self.own_seat(guest) {
            let came = guest.came();
            let reseated = Entry::Reseated(Box::new(Reseated { from, came }));
            return Ok(Decision::to(reseated, ()));
        }
        let is_open = moderation.lock.is_none() || moderation.lock == guest.pass;
        if !is_open && !role.may_enter_locked() {
            return Err(JoinError::Locked);
        }
        if self.limits.members_max > 0 && self.members.len() >= self.limits.members_max {
            return Err(JoinError::Full(self.limits.members_max));
        }
        Ok(Decision::to(Entry::Came(Box::new(guest.came())), ()))
    }

    /// The member whose seat is the guest's own: it is there still, and logged in to the same account.
    fn own_seat(&self, guest: &JoinRequest) -> Option<MemberId> {
        let from = guest.seat?.member;
        let account = guest.account.as_ref()?;
        (self.account_of(from) == Some(account)).then_some(from)
    }

    /// Whether somebody who comes as this is an owner whose connection was lost, and as whom.
    pub(super) fn lost_owner(
        &self,
        name: &Name,
        address: Option<Address>,
        now: Timestamp,
    ) -> Option<&Identity> {
        let owners = &self.moderation().owners;
        let identity = Identity::of(name, address.filter(|_| owners.is_any_lost()))?;
        owners.lost_as(&identity, now)
    }

    /// The end of a room that nobody needs; `None` while somebody is in it.
    pub fn decide_end(&self) -> Option<Decision> {
        let may_end = self.members.is_empty() && !self.is_closed;
        may_end.then(|| Decision::to(Ruling::Ended, ()))
    }

    /// What has to be done for the room to have an owner, and for bans to end in time: if no owner is left, the member
    /// who has been here for the longest time inherits it, of those who may speak if there are any.
    pub fn decide_owner(&self, now: Timestamp) -> Vec<Entry> {
        let mut entries = Vec::new();
        if self.is_closed {
            return entries;
        }
        if self.moderation().has_expired(now) {
            entries.push(Ruling::Expired.into());
        }
        let eldest = |(_, member): &(&MemberId, &Member)| (member.is_muted, member.join_seq);
        if !self.has_owner(now)
            && let Some((&heir, _)) = self.members.iter().min_by_key(eldest)
        {
            entries.push(Ruling::Inherited(self.subject(heir)).into());
        }
        entries
    }
}

/// What owners ask.
impl Room {
    /// Whether `member` may do this at the time `now`.
    ///
    /// # Errors
    ///
    /// If not: that it is muted, that it has not owned the room for long enough, or the owners who are here.
    pub fn allows(&self, member: MemberId, deed: Deed, now: Timestamp) -> Result<(), ModError> {
        let role = self.role(member, now);
        if deed.is_permitted(role) {
            return Ok(());
        }
        if role == Role::Muted && deed.is_permitted(Role::Member) {
            return Err(ModError::Muted);
        }
        if let Some(kept) = self.on_trial(member, now) {
            let left = OWNER_TRIAL.saturating_sub(kept);
            return Err(ModError::TooSoon { deed, kept, left });
        }
        let owners = self
            .members
            .iter()
            .filter(|(id, _)| self.rank(**id).is_some());
        let names = owners.map(|(_, owner)| owner.name.clone());
        Err(ModError::NotOwner(names.take(OWNERS_MAX).collect()))
    }

    /// What follows from a command of `member`.
    ///
    /// # Errors
    ///
    /// Why the command is not to be followed.
    pub fn decide_command(
        &self,
        member: MemberId,
        command: &ModCommand,
        now: Timestamp,
    ) -> Result<Decision<ModReply>, ModError> {
        self.allows(member, command.deed(), now)?;
        let by = || self.name_of(member);
        let ruling = match command {
            ModCommand::SetTopic(topic) => {
                let (by, topic) = (by(), topic.clone());
                let set = Entry::Topic(Box::new(TopicSet { by, topic }));
                return Ok(Decision::to(set, ModReply::Done));
            }
            ModCommand::Bans => {
                return Ok(Decision {
                    entries: Vec::new(),
                    reply: ModReply::Bans(self.moderation().ban_lines(now)),
                });
            }
            ModCommand::AskClose => {
                return Ok(Decision {
                    entries: Vec::new(),
                    reply: ModReply::MayClose,
                });
            }
            ModCommand::Lock(hash) => Ruling::Locked {
                by: by(),
                hash: hash.clone(),
            },
            ModCommand::Unlock => {
                self.moderation().lock().ok_or(ModError::Already)?;
                Ruling::Unlocked { by: by() }
            }
            ModCommand::Private(on) if self.moderation().is_private() == *on => {
                return Err(ModError::Already);
            }
            ModCommand::Private(on) => Ruling::Private { by: by(), on: *on },
            ModCommand::Kick(name, why) => Ruling::Kicked {
                by: by(),
                whom: self.meant(member, name, now)?,
                why: cut(why),
            },
            ModCommand::Ban(ban) => {
                let banned = self.ban(member, ban, now)?;
                let reply = banned.reply();
                return Ok(Decision::to(Ruling::Banned(banned), reply));
            }
            ModCommand::Unban(target) => self.unban(member, target)?,
            ModCommand::Mute(name) => self.mute(member, name, now)?,
            ModCommand::Unmute(name) => self.unmute(member, name)?,
            ModCommand::Own(name) => self.share(member, name)?,
            ModCommand::Close => Ruling::Closed {
                by: by(),
                kept: self.kept_if_closed_by(member),
            },
        };
        Ok(Decision::to(ruling, ModReply::Done))
    }

    fn kept_if_closed_by(&self, member: MemberId) -> Kept {
        match self.state.has_lines {
            false => Kept::Nothing,
            true if self.has_inherited(member) => Kept::AtLeast,
            true => Kept::AtMost,
        }
    }

    fn has_inherited(&self, member: MemberId) -> bool {
        let rank = self.rank(member);
        rank.is_some_and(|rank| self.moderation().owners.has_inherited(rank))
    }

    fn ban(&self, by: MemberId, ban: &NewBan, now: Timestamp) -> Result<Banned, ModError> {
        let time = ban.time.map(|time| time.min(BAN_TIME_MAX));
        let (whom, unseated) = match &ban.target {
            Target::Name(name) => (
                self.banned_by_name(by, name, ban.holder, now)?,
                self.absent_owners(by, name, ban.holder)?,
            ),
            // Owners are let in wherever they come from, as many people may come from one address.
            Target::Address(address) => {
                let from_there = self.members.iter();
                let from_there = from_there.filter(|(_, it)| it.address == Some(*address));
                let guests = from_there.filter(|(id, _)| self.rank(**id).is_none());
                (guests.map(|(id, _)| *id).collect(), Vec::new())
            }
        };
        let bans = self.moderation().bans.iter();
        if bans.filter(|older| older.target != ban.target).count() >= BANS_MAX {
            return Err(ModError::TooMany(BANS_MAX));
        }
        Ok(Banned {
            by: self.name_of(by),
            target: ban.target.clone(),
            whom: self.subjects(&whom),
            holder: ban.holder,
            unseated,
            reach: self.reach(ban, &whom),
            until: time.map(|time| now.after(time)),
            why: cut(&ban.why),
        })
    }

    /// Those in the room whom a ban of `name`, which `holder` has, puts out.
    fn banned_by_name(
        &self,
        by: MemberId,
        name: &Name,
        holder: Option<MemberId>,
        now: Timestamp,
    ) -> Result<Vec<MemberId>, ModError> {
        let (mut out, not_reached) = self.called(by, name, now);
        if not_reached == Some(by) && out.is_empty() {
            return Err(ModError::Oneself);
        }
        if let Some(senior) = not_reached.filter(|&id| id != by && *name != Name::anon()) {
            return Err(ModError::Senior(self.name_of(senior)));
        }
        // The name's bearer may have been called otherwise when the room was told.
        out.extend(holder.filter(|id| {
            self.members.contains_key(id) && !out.contains(id) && self.outranks(by, *id)
        }));
        Ok(out)
    }

    /// The owners who are not here and whom a ban of `name`, which `holder` has, reaches as well.
    fn absent_owners(
        &self,
        by: MemberId,
        name: &Name,
        holder: Option<MemberId>,
    ) -> Result<Vec<OwnerId>, ModError> {
        let doer = self.rank(by);
        let mut absent = Vec::new();
        for (rank, owner) in self.moderation().owners.iter().enumerate() {
            let is_here = owner
                .member
                .is_some_and(|id| self.members.contains_key(&id));
            let is_holder = owner.member.is_some() && owner.member == holder;
            let lost = owner.lost.as_ref().map(|lost| &lost.name);
            let known_as = owner.account.as_ref().or(lost);
            let has_name = known_as.is_some_and(|own| own.clashes(name));
            if is_here || !(is_holder || has_name) {
                continue;
            }
            if !doer.is_some_and(|doer| outranks(doer, Some(rank))) {
                return Err(ModError::Senior(name.clone()));
            }
            absent.push(owner.clone());
        }
        Ok(absent)
    }

    fn unban(&self, by: MemberId, target: &Target) -> Result<Ruling, ModError> {
        if !self.moderation().is_banned(target) {
            return Err(ModError::NotBanned(target.clone()));
        }
        Ok(Ruling::Unbanned {
            by: self.name_of(by),
            target: target.clone(),
        })
    }

    fn mute(&self, by: MemberId, name: &Name, now: Timestamp) -> Result<Ruling, ModError> {
        let whom = self.meant(by, name, now)?;
        let is_muted = |subject: &Subject| {
            let member = self.members.get(&subject.member);
            member.is_some_and(|member| member.is_muted)
        };
        if whom.iter().all(is_muted) {
            return Err(ModError::Already);
        }
        if self.moderation().muted.len() >= BANS_MAX {
            return Err(ModError::TooMany(BANS_MAX));
        }
        Ok(Ruling::Muted {
            by: self.name_of(by),
            name: name.clone(),
            whom,
        })
    }

    fn unmute(&self, by: MemberId, name: &Name) -> Result<Ruling, ModError> {
        let members: Vec<MemberId> = self.named(name).collect();
        if !self.moderation().is_name_muted(name, &members) {
            return Err(ModError::NotMuted(name.clone()));
        }
        Ok(Ruling::Unmuted {
            by: self.name_of(by),
            name: name.clone(),
            members,
        })
    }

    fn share(&self, by: MemberId, name: &Name) -> Result<Ruling, ModError> {
        if name.is_anon() {
            return Err(ModError::Anon);
        }
        let id = self.named(name).next();
        let id = id.ok_or_else(|| ModError::Nobody(name.clone()))?;
        if id == by {
            return Err(ModError::Oneself);
        }
        if self.rank(id).is_some() {
            return Err(ModError::Already);
        }
        if self.moderation().owners.count() >= OWNERS_MAX {
            return Err(ModError::TooMany(OWNERS_MAX));
        }
        Ok(Ruling::Shared {
            by: self.name_of(by),
            with: self.subject(id),
            on_trial: self.has_inherited(by),
        })
    }
}

/// A reason, short enough for everybody to read.
fn cut(why: &str) -> Box<str> {
    text::cut(why, WHY_COLUMNS_MAX).into()
}
