//! *Pure.* Whom an owner's command is about, and whom it keeps out.

use super::ban::{Guest, Reach};
use super::entry::Entry;
use super::moderation::{Ruling, Subject};
use super::owners::outranks;
use super::{Member, Room, is_recent};
use crate::chat::address::Address;
use crate::chat::message::MemberId;
use crate::chat::name::Name;
use crate::chat::request::{ModError, NewBan, Target};
use crate::text;
use crate::time::Timestamp;

/// Whom a command is about.
impl Room {
    /// Those called `name` that the owner `by` may do something to: one, or all who have no name.
    pub(super) fn meant(
        &self,
        by: MemberId,
        name: &Name,
        now: Timestamp,
    ) -> Result<Vec<Subject>, ModError> {
        let (found, senior) = self.called(by, name, now);
        match (found.is_empty(), senior) {
            (false, _) => Ok(self.subjects(&found)),
            (true, Some(senior)) if senior == by => Err(ModError::Oneself),
            (true, Some(_)) => Err(ModError::Senior(name.clone())),
            (true, None) => Err(ModError::Nobody(name.clone())),
        }
    }

    /// Those called `name` whom the owner `by` outranks, and one whom it does not. If nobody is called that, those who
    /// were a moment ago: a new name helps nobody.
    pub(super) fn called(
        &self,
        by: MemberId,
        name: &Name,
        now: Timestamp,
    ) -> (Vec<MemberId>, Option<MemberId>) {
        let mut named: Vec<MemberId> = self.named(name).collect();
        if named.is_empty() && *name != Name::anon() {
            named.extend(self.formerly(name, now));
        }
        let (reached, not): (Vec<_>, Vec<_>) =
            named.into_iter().partition(|&id| self.outranks(by, id));
        (reached, not.first().copied())
    }

    /// Those who were called `name` a moment ago.
    pub(super) fn formerly(&self, name: &Name, now: Timestamp) -> impl Iterator<Item = MemberId> {
        let folded = text::fold(name.as_str());
        let was = move |(former, until): &(Name, Timestamp)| {
            is_recent(*until, now) && text::fold(former.as_str()) == folded
        };
        let formerly = self.members.iter();
        let formerly = formerly.filter(move |(_, member)| {
            let mut former = member.former.iter().flat_map(|former| &former.0);
            former.any(&was)
        });
        formerly.map(|(&id, _)| id)
    }

    /// Those called `name`, in any case of letters; all who have no name, if none of them is meant by a number.
    pub(super) fn named(&self, name: &Name) -> impl Iterator<Item = MemberId> {
        let (folded, is_anon) = (text::fold(name.as_str()), *name == Name::anon());
        let named = self.members.iter();
        let named = named.filter(move |(_, member)| match is_anon {
            true => member.name.is_anon(),
            false => text::fold(member.name.as_str()) == folded,
        });
        named.map(|(&id, _)| id)
    }

    pub(super) fn outranks(&self, by: MemberId, other: MemberId) -> bool {
        let doer = self.rank(by);
        by != other && doer.is_some_and(|doer| outranks(doer, self.rank(other)))
    }

    /// What a member is called.
    pub fn name_of(&self, member: MemberId) -> Name {
        self.members
            .get(&member)
            .map_or_else(Name::anon, |member| member.name.clone())
    }

    /// Where a member comes from.
    pub fn address_of(&self, member: MemberId) -> Option<Address> {
        self.members.get(&member)?.address
    }

    /// Where the member comes from who can be mistaken for somebody called `name`.
    pub fn address_called(&self, name: &Name) -> Option<Address> {
        let mut members = self.members.values();
        members.find(|member| member.name.clashes(name))?.address
    }

    pub(super) fn subject(&self, member: MemberId) -> Subject {
        Subject {
            member,
            name: self.name_of(member),
            account: self.account_of(member).cloned(),
        }
    }

    pub(super) fn subjects(&self, members: &[MemberId]) -> Vec<Subject> {
        members.iter().map(|&member| self.subject(member)).collect()
    }
}

/// Who is kept out.
impl Room {
    /// What follows if a member who is called `name` now, and is logged in to `account`, is to stay out.
    pub(super) fn kept_out(
        &self,
        member: MemberId,
        name: &Name,
        account: Option<&Name>,
        now: Timestamp,
    ) -> Option<Entry> {
        let moderation = self.moderation();
        if moderation.rank(member, account).is_some() {
            return None;
        }
        let guest = Guest {
            member,
            name,
            account,
            // That it may be here in spite of where it comes from was decided when it came, or when it was banned.
            address: None,
        };
        let ban = moderation.ban_of(&guest, now)?;
        let whom = Subject {
            member,
            name: name.clone(),
            account: account.cloned(),
        };
        let (by, until, why) = (ban.by.clone(), ban.until, ban.why.clone());
        let kept_out = Ruling::KeptOut {
            by,
            whom,
            until,
            why,
        };
        Some(kept_out.into())
    }

    /// What else of `whom` a ban keeps out. Not an address that others in the room share, or that everybody has who
    /// comes through a tunnel: a class or an office is not kept out for one of them.
    pub(super) fn reach(&self, ban: &NewBan, whom: &[MemberId]) -> Reach {
        let is_of_all = match &ban.target {
            Target::Name(name) => !ban.name_only && *name != Name::anon(),
            Target::Address(_) => false,
        };
        if !is_of_all {
            return Reach::default();
        }
        let members: Vec<&Member> = whom.iter().filter_map(|id| self.members.get(id)).collect();
        let others = self.members.iter().filter(|(id, _)| !whom.contains(id));
        let shared: Vec<Address> = others.filter_map(|(_, other)| other.address).collect();
        let addresses = members.iter().filter_map(|member| member.address);
        let addresses = addresses.filter(|it| !it.is_loopback() && !shared.contains(it));
        let accounts = members.iter().filter_map(|member| member.account.clone());
        Reach {
            accounts: accounts.chain(ban.account.clone()).collect(),
            addresses: addresses.collect(),
        }
    }
}
