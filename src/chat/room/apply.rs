//! *Pure.* What an entry of the log changes, and what members are told of it.

use std::fmt;
use std::sync::Arc;

use super::entry::{At, Came, Entry, Numbered, Renamed, Reseated, WentHow};
use super::{Closing, Member, Moderation, Room, Ruling};
use crate::chat::message::{Item, MemberId, Notice};
use crate::chat::moderation::PutOut;
use crate::limits::{MOVING_NOTICE_DELAY, NOTICE_MEMBERS_MAX};
use crate::time::Timestamp;

/// What came of applying an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It was applied before. Nothing changes.
    Before,
    /// Members are told, and nothing else follows.
    Now,
    /// Somebody's rights have changed, and this follows.
    Ruled(Box<Effects>),
}

/// What follows from a ruling for those who are connected, besides what all members are told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// Members who were put out.
    pub out: Vec<MemberId>,
    /// How they were.
    pub put_out: Option<Arc<PutOut>>,
    /// Who owns the room as well from now on.
    pub owner: Option<MemberId>,
    /// The room has ended.
    pub closing: Option<Closing>,
}

/// Entries are missing: those between the last one that was applied and this one have to be read first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The number of the first that is missing.
    pub missing: u64,
    /// The number of the entry that was not applied.
    pub found: u64,
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "entry {} comes before entry {}",
            self.found, self.missing
        )
    }
}

impl Room {
    /// Applies an entry; the only way in which a room changes. What members are told of it goes to `told`.
    ///
    /// Publish what members were told before an entry that [takes somebody out](Entry::takes_out), so that those who
    /// go have seen everything said before.
    ///
    /// # Errors
    ///
    /// [`Gap`] if entries before it are missing. Nothing changes.
    pub fn apply(&mut self, numbered: &Numbered, told: &mut Vec<Item>) -> Result<Applied, Gap> {
        let Numbered { seq, time, entry } = numbered;
        let next = self.at.seq + 1;
        if *seq < next {
            return Ok(Applied::Before);
        }
        if *seq > next {
            return Err(Gap {
                missing: next,
                found: *seq,
            });
        }
        self.at = At {
            seq: *seq,
            rights: match entry.changes_rights() {
                true => *seq,
                false => self.at.rights,
            },
        };
        match entry {
            Entry::Said(message) => {
                self.state.has_lines = true;
                self.presence.spoke(message.member);
                told.push(Item::Message(Arc::clone(message)));
            }
            Entry::Came(came) => {
                self.came(came, *time);
                self.tell_due(*time, told);
                self.keep_company(*time);
            }
            Entry::Reseated(reseated) => {
                self.reseated(reseated, *time);
                self.tell_due(*time, told);
                self.keep_company(*time);
            }
            Entry::Went { member, how } => {
                self.went(*member, *how, *time);
                self.tell_due(*time, told);
                self.keep_company(*time);
            }
            Entry::Renamed(renamed) => self.renamed(renamed, *time, told),
            Entry::Topic(set) => {
                self.state.topic = set.topic.clone();
                let mut members = self.members.iter();
                let by = members.find(|(_, member)| member.name == set.by);
                told.push(Item::Notice(Notice::Topic {
                    member: by.map_or(MemberId::NOBODY, |(&id, _)| id),
                    name: set.by.clone(),
                    topic: set.topic.clone(),
                }));
            }
            Entry::Unknown { changes_rights } => self.is_unclear |= changes_rights,
            Entry::Ruled(ruling) => {
                let effects = self.ruled(ruling, *time, told);
                self.keep_company(*time);
                return Ok(Applied::Ruled(Box::new(effects)));
            }
        }
        Ok(Applied::Now)
    }

    /// Whatever comes up to entry `seq` and was not applied is a line, and changes nothing that is kept here.
    pub fn skip_lines(&mut self, seq: u64) {
        self.at.seq = self.at.seq.max(seq);
    }

    /// The moderation once `entries`, decided at `time`, are applied, as far as it outlives the server; `None` if that
    /// is what it is now.
    pub fn persistent_after(&self, entries: &[Entry], time: Timestamp) -> Option<Moderation> {
        let rulings = entries.iter().filter_map(|entry| match entry {
            Entry::Ruled(ruling) => Some(&**ruling),
            _ => None,
        });
        let mut rulings = rulings.peekable();
        rulings.peek()?;
        let mut after = self.moderation().clone();
        rulings.for_each(|ruling| after.apply(ruling, time));
        let after = after.persistent();
        (after != self.moderation().persistent()).then_some(after)
    }

    /// Owners who have inherited the room are in it, and not alone, or are not.
    fn keep_company(&mut self, now: Timestamp) {
        let members = &self.members;
        let has_company = |owner| members.len() > 1 && members.contains_key(&owner);
        self.state.moderation.owners.keep_company(has_company, now);
    }

    fn came(&mut self, came: &Came, now: Timestamp) {
        let name = self.anons.name_for(&came.name);
        self.presence
            .came(came.member, self.next_join_seq, &name, now);
        let member = Member {
            name,
            account: came.account.clone(),
            address: came.address,
            join_seq: self.next_join_seq,
            is_muted: false,
            former: None,
        };
        self.next_join_seq += 1;
        self.members.insert(came.member, member);
        self.mark_muted(Some(came.member));
    }

    fn reseated(&mut self, reseated: &Reseated, now: Timestamp) {
        let Reseated { from, came } = reseated;
        let Some(old) = self.members.remove(from) else {
            // It left while somebody elsewhere decided this.
            return self.came(came, now);
        };
        self.presence.forget(*from);
        self.anons.give_back(&old.name);
        let member = Member {
            name: self.anons.name_for(&came.name),
            account: came.account.clone(),
            address: came.address,
            is_muted: false,
            ..old
        };
        self.members.insert(came.member, member);
        self.mark_muted(Some(came.member));
    }

    fn went(&mut self, id: MemberId, how: WentHow, now: Timestamp) {
        if let Some(member) = self.members.remove(&id) {
            self.anons.give_back(&member.name);
            let (join_seq, name) = (member.join_seq, &member.name);
            match how {
                WentHow::Left | WentHow::Dead => self.presence.went(id, join_seq, name, now),
                WentHow::Moving => {
                    let patience = MOVING_NOTICE_DELAY;
                    self.presence.moves(id, join_seq, name, now, patience);
                }
            }
        }
    }

    /// When members are to be told of who has come or gone; `None`: they have been.
    pub fn presence_due(&self) -> Option<Timestamp> {
        self.presence.due()
    }

    /// Tells of those who have come or gone, and have waited for long enough at the time `now`.
    pub fn tell_due(&mut self, now: Timestamp, told: &mut Vec<Item>) {
        for notice in self.presence.take_due(now) {
            self.tell(notice, told);
        }
    }

    /// Tells of those who have gone, before somebody is shown what follows who has never seen them.
    pub fn tell_gone(&mut self, now: Timestamp, told: &mut Vec<Item>) {
        for notice in self.presence.take_gone(now) {
            self.tell(notice, told);
        }
    }

    fn renamed(&mut self, renamed: &Renamed, time: Timestamp, told: &mut Vec<Item>) {
        let id = renamed.member;
        let Some(member) = self.members.get_mut(&id) else {
            return;
        };
        self.anons.give_back(&member.name);
        let new = self.anons.name_for(&renamed.name);
        let old = std::mem::replace(&mut member.name, new.clone());
        member.note_former(old.clone(), time);
        let was_muted = member.is_muted;
        self.mark_muted(Some(id));
        // A name can say what a muted member may not.
        let is_muted = self.members.get(&id).is_some_and(|member| member.is_muted);
        let is_known = !self.presence.renamed(id, &new);
        if is_known && !was_muted && !is_muted {
            let member = id;
            self.tell(Notice::Renamed { member, old, new }, told);
        }
    }

    fn ruled(&mut self, ruling: &Ruling, time: Timestamp, told: &mut Vec<Item>) -> Effects {
        if let Some(owner) = ruling.new_owner()
            && !self.members.contains_key(&owner.member)
        {
            // It went while somebody elsewhere decided this, and may never be heard of again.
            return Effects::default();
        }
        if matches!(ruling, Ruling::Ended) && !self.members.is_empty() {
            // They came while somebody elsewhere decided this.
            return Effects::default();
        }
        self.state.moderation.apply(ruling, time);
        let effects = self.effects(ruling, time);
        for member in &effects.out {
            self.presence.forget(*member);
            if let Some(member) = self.members.remove(member) {
                self.anons.give_back(&member.name);
            }
        }
        match ruling {
            Ruling::AccountIs { member, account } => {
                if let Some(member) = self.members.get_mut(member) {
                    member.account = account.clone();
                }
            }
            Ruling::AccountDeleted { account } => {
                for member in self.members.values_mut() {
                    member.account = member.account.take().filter(|own| own != account);
                }
            }
            Ruling::Reopened(_) => self.is_closed = false,
            _ => self.is_closed |= ruling.closing(time).is_some(),
        }
        self.mark_muted(None);
        self.tell_ruling(ruling, time, told);
        effects
    }

    fn effects(&self, ruling: &Ruling, time: Timestamp) -> Effects {
        let (whom, put_out) = ruling.put_out(time).unzip();
        let closing = ruling.closing(time);
        let whom = whom.unwrap_or_default().iter().map(|it| it.member);
        Effects {
            out: match closing {
                Some(_) => self.members.keys().copied().collect(),
                None => whom.filter(|id| self.members.contains_key(id)).collect(),
            },
            put_out: put_out.map(Arc::new),
            owner: ruling.new_owner().map(|owner| owner.member),
            closing,
        }
    }

    fn tell_ruling(&self, ruling: &Ruling, time: Timestamp, told: &mut Vec<Item>) {
        // Whoever is alone simply owns the room.
        let is_alone = self.members.len() <= 1;
        if matches!(ruling, Ruling::Inherited(_)) && (is_alone || self.is_quiet) {
            return;
        }
        let notices = ruling.notices(time).into_iter();
        told.extend(notices.map(|notice| Item::Notice(Notice::ModNotice(Box::new(notice)))));
    }

    /// Notes for each member, or one, whether it may only read.
    pub(super) fn mark_muted(&mut self, only: Option<MemberId>) {
        let moderation = &self.state.moderation;
        let wanted = |id: &MemberId| only.is_none_or(|only| only == *id);
        for (id, member) in self.members.iter_mut().filter(|(id, _)| wanted(id)) {
            let is_owner = moderation.rank(*id, member.account.as_ref()).is_some();
            let account = member.account.as_ref();
            member.is_muted =
                !is_owner && moderation.is_muted(*id, &member.name.without_number(), account);
        }
    }

    /// Tells of a member, in a room small enough for it.
    fn tell(&self, notice: Notice, told: &mut Vec<Item>) {
        if !self.is_quiet && self.members.len() <= NOTICE_MEMBERS_MAX {
            told.push(Item::Notice(notice));
        }
    }
}
