//! *Pure.* What owners do to a room: judged first, since it may have to be stored, and then done.

use super::moderation::{Ban, JoinRequest, Moderation, Muted};
use super::permissions::{self, Permission, Role};
use super::{Member, Room};
use crate::chat::message::{MemberId, ModAction, ModNotice, Notice};
use crate::chat::name::Name;
use crate::chat::request::{
    JoinError, ModCommand, ModError, ModReply, NewBan, PutOut, PutOutHow, Target,
};
use crate::limits::{BAN_TIME_MAX, BANS_MAX, OWNERS_MAX, WHY_COLUMNS_MAX};
use crate::text;
use crate::time::Timestamp;

/// What follows from an order that may be followed.
#[derive(Clone, Debug)]
pub struct Change {
    /// The care that is taken from now on.
    pub care: Moderation,
    /// Who goes.
    pub out: Vec<MemberId>,
    /// How they go.
    pub put_out: Option<PutOut>,
    /// Who owns the room as well from now on.
    pub owner: Option<MemberId>,
    /// The room ends.
    pub closes: bool,
    /// What the owner is told.
    pub answer: ModReply,
    notices: Vec<Notice>,
}

impl Change {
    fn to(care: Moderation) -> Change {
        Change {
            care,
            out: Vec::new(),
            put_out: None,
            owner: None,
            closes: false,
            answer: ModReply::Done,
            notices: Vec::new(),
        }
    }

    fn tell(&mut self, what: ModAction, whom: &Name, by: &Name, why: &str) {
        self.notices.push(Notice::ModNotice(Box::new(ModNotice {
            what,
            whom: whom.clone(),
            by: by.clone(),
            why: why.into(),
        })));
    }

    fn put_out(&mut self, out: Vec<MemberId>, how: PutOutHow, by: &Name, why: &str) {
        self.out = out;
        self.put_out = Some(PutOut {
            how,
            by: by.clone(),
            why: why.into(),
        });
    }
}

/// The right that an order takes.
fn deed(order: &ModCommand) -> Permission {
    match order {
        ModCommand::SetTopic(_) => Permission::SetTopic,
        ModCommand::Lock(_) => Permission::Lock,
        ModCommand::Unlock => Permission::Unlock,
        ModCommand::Private(_) => Permission::Private,
        ModCommand::Kick(..) => Permission::Kick,
        ModCommand::Ban(_) => Permission::Ban,
        ModCommand::Bans => Permission::SeeBans,
        ModCommand::Unban(_) => Permission::Unban,
        ModCommand::Mute(_) => Permission::Mute,
        ModCommand::Unmute(_) => Permission::Unmute,
        ModCommand::Own(_) => Permission::Own,
        ModCommand::Close => Permission::Close,
    }
}

impl Room {
    /// What somebody in the room, or not, is to it.
    pub fn role(&self, member: MemberId) -> Role {
        match self.members.get(&member) {
            _ if self.rank(member).is_some() => Role::Owner,
            Some(member) if member.is_muted => Role::Muted,
            Some(_) => Role::Member,
            None => Role::Outsider,
        }
    }

    /// The care that is taken of the room.
    pub fn care(&self) -> &Moderation {
        &self.care
    }

    /// Since how many others `member` owns the room; `None`: does not.
    fn rank(&self, member: MemberId) -> Option<usize> {
        let account = self.members.get(&member);
        let account = account.and_then(|member| member.account.as_ref());
        self.care.rank(member, account)
    }

    /// Whether `guest` may come in, given the room's password or not.
    pub(super) fn judge_join(&self, guest: &JoinRequest, now: Timestamp) -> Result<(), JoinError> {
        let ban = self.care.ban_of(guest);
        let role = match self.care.rank(guest.member, guest.account.as_ref()) {
            Some(_) => Role::Owner,
            None if ban.is_some() => Role::Banned,
            None => Role::Outsider,
        };
        if !permissions::may(role, Permission::Enter) {
            let (left, why) = ban.map_or((None, "".into()), |ban| (ban.left(now), ban.why.clone()));
            return Err(JoinError::Banned(left, why));
        }
        let is_open = self.care.lock.is_none() || self.care.lock == guest.pass;
        if !is_open && !permissions::may(role, Permission::EnterLocked) {
            return Err(JoinError::Locked);
        }
        Ok(())
    }

    /// Whether `member` may do `deed`; the owners who are here if not.
    pub fn allows(&self, member: MemberId, deed: Permission) -> Result<(), ModError> {
        let role = self.role(member);
        if permissions::may(role, deed) {
            return Ok(());
        }
        if role == Role::Muted && permissions::may(Role::Member, deed) {
            return Err(ModError::Muted);
        }
        let owners = self
            .members
            .iter()
            .filter(|(id, _)| self.rank(**id).is_some());
        let names = owners.map(|(_, owner)| owner.name.clone());
        Err(ModError::NotOwner(names.take(OWNERS_MAX).collect()))
    }

    /// What follows from an order of `member`; nothing changes yet.
    ///
    /// # Errors
    ///
    /// Why the order is not to be followed.
    pub fn judge(
        &self,
        member: MemberId,
        order: &ModCommand,
        now: Timestamp,
    ) -> Result<Change, ModError> {
        self.allows(member, deed(order))?;
        let by = self
            .members
            .get(&member)
            .map_or_else(Name::anon, |owner| owner.name.clone());
        let change = Change::to(self.care.clone());
        match order {
            ModCommand::SetTopic(_)
            | ModCommand::Lock(_)
            | ModCommand::Unlock
            | ModCommand::Private(_) => door(change, order, &by),
            ModCommand::Kick(name, why) => self.kick(change, member, name, &cut(why)),
            ModCommand::Ban(ban) => self.ban(change, member, ban, now),
            ModCommand::Bans => Ok(Change {
                answer: ModReply::Bans(self.care.ban_lines(now)),
                ..change
            }),
            ModCommand::Unban(target) => unban(change, target, &by),
            ModCommand::Mute(name) => self.mute(change, member, name),
            ModCommand::Unmute(name) => self.unmute(change, name, &by),
            ModCommand::Own(name) => self.share(change, member, name, now),
            ModCommand::Close => Ok(self.close(change, &by)),
        }
    }

    /// Makes `change` what is so. Hand out [`Room::take_pending`] before, so that who goes has seen what was said
    /// until now.
    pub fn apply(&mut self, change: Change) {
        for member in &change.out {
            self.members.remove(member);
        }
        self.care = change.care;
        self.mark_muted(None);
        self.pending
            .extend(change.notices.into_iter().map(super::Item::Notice));
    }

    /// Notes for each member whether it may only read, which is asked for each line.
    pub(super) fn mark_muted(&mut self, only: Option<MemberId>) {
        let care = &self.care;
        let wanted = |id: &MemberId| only.is_none_or(|only| only == *id);
        for (id, member) in self.members.iter_mut().filter(|(id, _)| wanted(id)) {
            let is_owner = care.rank(*id, member.account.as_ref()).is_some();
            member.is_muted = !is_owner && care.is_muted(*id, &member.name);
        }
    }

    /// Whether somebody takes care of the room.
    pub fn has_owner(&self, now: Timestamp) -> bool {
        self.care.has_owner(now)
    }

    /// Sees to it that somebody takes care of the room: if no owner is left, the member who has been here for
    /// the longest time, of those who may speak if there are any. Returns who owns the room now.
    pub fn settle(&mut self, now: Timestamp) -> Option<MemberId> {
        self.care.tidy(now);
        if !self.care.owners.is_empty() {
            return None;
        }
        let eldest = |(_, member): &(&MemberId, &Member)| (member.is_muted, member.since);
        let (&heir, member) = self.members.iter().min_by_key(eldest)?;
        let (name, account) = (member.name.clone(), member.account.clone());
        self.care.add_owner(heir, account, now);
        self.mark_muted(None);
        // Whoever is alone simply owns the room.
        if self.members.len() > 1 && !self.quiet {
            let mut told = Change::to(Moderation::default());
            told.tell(ModAction::Inherited, &name, &name, "");
            self.pending
                .extend(told.notices.into_iter().map(super::Item::Notice));
        }
        Some(heir)
    }

    /// Those called `name` that the owner `by` may do something to: one, or all who have no name.
    fn meant(&self, by: MemberId, name: &Name) -> Result<Vec<MemberId>, ModError> {
        let (found, senior) = self.called(by, name);
        match (found.is_empty(), senior) {
            (false, _) => Ok(found),
            (true, Some(senior)) if senior == by => Err(ModError::Oneself),
            (true, Some(_)) => Err(ModError::Senior(name.clone())),
            (true, None) => Err(ModError::Nobody(name.clone())),
        }
    }

    /// Those called `name` whom the owner `by` reaches, and one whom it does not.
    fn called(&self, by: MemberId, name: &Name) -> (Vec<MemberId>, Option<MemberId>) {
        let folded = text::fold(name.as_str());
        let named = self.members.iter();
        let named = named.filter(|(_, member)| text::fold(member.name.as_str()) == folded);
        let (reached, not): (Vec<_>, Vec<_>) = named
            .map(|(&id, _)| id)
            .partition(|&id| self.reaches(by, id));
        (reached, not.first().copied())
    }

    fn reaches(&self, by: MemberId, other: MemberId) -> bool {
        let doer = self.rank(by);
        by != other && doer.is_some_and(|doer| permissions::reaches(doer, self.rank(other)))
    }

    fn name_of(&self, member: MemberId) -> Name {
        self.members
            .get(&member)
            .map_or_else(Name::anon, |member| member.name.clone())
    }

    fn account_of(&self, member: MemberId) -> Option<&Name> {
        self.members.get(&member)?.account.as_ref()
    }

    fn kick(
        &self,
        mut change: Change,
        by: MemberId,
        name: &Name,
        why: &str,
    ) -> Result<Change, ModError> {
        let out = self.meant(by, name)?;
        let by = self.name_of(by);
        for &member in &out {
            change.care.remove_owner(member, self.account_of(member));
            change.tell(ModAction::Kicked, &self.name_of(member), &by, why);
        }
        change.put_out(out, PutOutHow::Kicked, &by, why);
        Ok(change)
    }

    fn ban(
        &self,
        mut change: Change,
        by: MemberId,
        ban: &NewBan,
        now: Timestamp,
    ) -> Result<Change, ModError> {
        let time = ban.time.map(|time| time.min(BAN_TIME_MAX));
        let (why, doer) = (cut(&ban.why), self.name_of(by));
        let out = match &ban.target {
            Target::Name(name) => self.banned_by_name(&mut change, by, name, ban.holder)?,
            // Owners are let in wherever they come from, as many people may come from one address.
            Target::Address(address) => {
                let from_there = self
                    .members
                    .iter()
                    .filter(|(_, member)| member.address == Some(*address));
                from_there
                    .map(|(&id, _)| id)
                    .filter(|&id| self.rank(id).is_none())
                    .collect()
            }
        };
        change.care.bans.retain(|older| older.target != ban.target);
        if change.care.bans.len() >= BANS_MAX {
            return Err(ModError::TooMany(BANS_MAX));
        }
        let banned: Vec<MemberId> = out.iter().copied().chain(ban.holder).collect();
        let until = time.map(|time| now.after(time));
        let new = Ban::new(
            ban.target.clone(),
            banned,
            until,
            doer.clone(),
            why.as_str().into(),
        );
        change.care.bans.push(new);
        match &ban.target {
            Target::Name(name) if out.is_empty() => {
                change.tell(ModAction::Banned(time), name, &doer, &why)
            }
            Target::Name(_) => {}
            Target::Address(_) => change.tell(ModAction::BannedAddress(time), &doer, &doer, &why),
        }
        for &member in &out {
            change.tell(ModAction::Banned(time), &self.name_of(member), &doer, &why);
        }
        change.put_out(out, PutOutHow::Banned(time), &doer, &why);
        Ok(change)
    }

    /// Those in the room whom a ban of `name` puts out. An owner who is not here is reached as well.
    fn banned_by_name(
        &self,
        change: &mut Change,
        by: MemberId,
        name: &Name,
        holder: Option<MemberId>,
    ) -> Result<Vec<MemberId>, ModError> {
        let (mut out, not_reached) = self.called(by, name);
        if not_reached == Some(by) && out.is_empty() {
            return Err(ModError::Oneself);
        }
        if let Some(senior) = not_reached.filter(|&id| id != by && !name.is_anon()) {
            return Err(ModError::Senior(self.name_of(senior)));
        }
        let is_absent =
            |member: Option<MemberId>| member.is_none_or(|id| !self.members.contains_key(&id));
        let owners = self.care.owners.iter().enumerate();
        let absent = owners.filter(|(_, owner)| {
            let is_holder = owner.member.is_some() && owner.member == holder;
            is_absent(owner.member)
                && (is_holder || owner.account.as_ref().is_some_and(|own| own.clashes(name)))
        });
        for (rank, owner) in absent {
            if !self
                .rank(by)
                .is_some_and(|doer| permissions::reaches(doer, Some(rank)))
            {
                return Err(ModError::Senior(name.clone()));
            }
            change.care.owners.retain(|other| other != owner);
        }
        // The name's bearer may have been called otherwise when the room was told.
        out.extend(holder.filter(|id| {
            self.members.contains_key(id) && !out.contains(id) && self.reaches(by, *id)
        }));
        for &member in &out {
            change.care.remove_owner(member, self.account_of(member));
        }
        Ok(out)
    }

    fn mute(&self, mut change: Change, by: MemberId, name: &Name) -> Result<Change, ModError> {
        let meant = self.meant(by, name)?;
        if meant.iter().all(|id| self.role(*id) == Role::Muted) {
            return Err(ModError::Already);
        }
        if change.care.muted.len() >= BANS_MAX {
            return Err(ModError::TooMany(BANS_MAX));
        }
        let doer = self.name_of(by);
        for &member in &meant {
            change.care.remove_owner(member, self.account_of(member));
            change.tell(ModAction::Muted, &self.name_of(member), &doer, "");
        }
        change.care.muted.push(Muted {
            name: name.clone(),
            keys: name.keys(),
            members: meant,
        });
        Ok(change)
    }

    fn unmute(&self, mut change: Change, name: &Name, by: &Name) -> Result<Change, ModError> {
        let folded = text::fold(name.as_str());
        let named = self
            .members
            .iter()
            .filter(|(_, member)| text::fold(member.name.as_str()) == folded);
        let here: Vec<MemberId> = named.map(|(&id, _)| id).collect();
        let before = change.care.muted.len();
        change.care.muted.retain(|muted| {
            !muted.name.clashes(name) && !muted.members.iter().any(|id| here.contains(id))
        });
        if change.care.muted.len() == before {
            return Err(ModError::NotMuted(name.clone()));
        }
        change.tell(ModAction::Unmuted, name, by, "");
        Ok(change)
    }

    fn share(
        &self,
        mut change: Change,
        by: MemberId,
        name: &Name,
        now: Timestamp,
    ) -> Result<Change, ModError> {
        if name.is_anon() {
            return Err(ModError::Anon);
        }
        let folded = text::fold(name.as_str());
        let named = self
            .members
            .iter()
            .find(|(_, member)| text::fold(member.name.as_str()) == folded);
        let (&id, member) = named.ok_or_else(|| ModError::Nobody(name.clone()))?;
        if id == by {
            return Err(ModError::Oneself);
        }
        if self.rank(id).is_some() {
            return Err(ModError::Already);
        }
        if change.care.owners.len() >= OWNERS_MAX {
            return Err(ModError::TooMany(OWNERS_MAX));
        }
        change
            .care
            .muted
            .retain(|muted| !muted.members.contains(&id) && !muted.name.clashes(name));
        change.care.add_owner(id, member.account.clone(), now);
        change.owner = Some(id);
        change.tell(ModAction::Shared, &member.name, &self.name_of(by), "");
        Ok(change)
    }

    fn close(&self, mut change: Change, by: &Name) -> Change {
        change.closes = true;
        change.put_out(
            self.members.keys().copied().collect(),
            PutOutHow::Closed,
            by,
            "",
        );
        change
    }
}

/// Locking, unlocking, and being in lists.
fn door(mut change: Change, order: &ModCommand, by: &Name) -> Result<Change, ModError> {
    let care = &mut change.care;
    let what = match order {
        ModCommand::Lock(hash) => {
            care.lock = Some(hash.clone());
            ModAction::Locked
        }
        ModCommand::Unlock => {
            care.lock.take().ok_or(ModError::Already)?;
            ModAction::Unlocked
        }
        ModCommand::Private(on) if care.private == *on => return Err(ModError::Already),
        ModCommand::Private(on) => {
            care.private = *on;
            if *on {
                ModAction::Private
            } else {
                ModAction::Public
            }
        }
        _ => return Ok(change),
    };
    change.tell(what, by, by, "");
    Ok(change)
}

fn unban(mut change: Change, target: &Target, by: &Name) -> Result<Change, ModError> {
    let before = change.care.bans.len();
    change.care.bans.retain(|ban| match (&ban.target, target) {
        (Target::Name(banned), Target::Name(name)) => !banned.clashes(name),
        (banned, target) => banned != target,
    });
    if change.care.bans.len() == before {
        return Err(ModError::NotBanned(target.clone()));
    }
    match target {
        Target::Name(name) => change.tell(ModAction::Unbanned, name, by, ""),
        Target::Address(_) => change.tell(ModAction::UnbannedAddress, by, by, ""),
    }
    Ok(change)
}

/// A reason, short enough for everybody to read.
fn cut(why: &str) -> String {
    text::cut(why, WHY_COLUMNS_MAX).to_owned()
}
