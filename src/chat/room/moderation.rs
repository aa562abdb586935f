//! *Pure.* Who owns a room, what owners have decided, and what each ruling changes of that.
//!
//! A ruling stands here whole: what the log says of it, what it changes, what members are told.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ban::{Ban, Guest, Reach};
use super::closing::{Closing, Kept};
use super::muted::Muted;
use super::operate::OperatorRuling;
use super::owners::{Identity, OwnerId, Owners};
use crate::chat::message::{MemberId, clean_text};
use crate::chat::moderation::{
    BanLine, BanReply, ModAction, ModNotice, ModReply, PutOut, Removal, RemovalKind, Target,
};
use crate::chat::name::Name;
use crate::chat::password::Hash;
use crate::time::Timestamp;

/// Somebody whom a ruling is about, as it was when it was decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The connection.
    pub member: MemberId,
    /// What it was called.
    pub name: Name,
    /// The account that it was logged in to.
    pub account: Option<Name>,
}

/// Who is to stay out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Banned {
    /// Who decided it.
    pub by: Name,
    /// Who is to stay out.
    pub target: Target,
    /// Who goes.
    pub whom: Vec<Subject>,
    /// The connection that had the name, wherever it was.
    pub holder: Option<MemberId>,
    /// Owners who were elsewhere and are none any more.
    pub unseated: Vec<OwnerId>,
    /// What else of theirs is kept out.
    #[serde(default, skip_serializing_if = "Reach::is_empty")]
    pub reach: Reach,
    /// Until when; `None`: until it is taken back.
    pub until: Option<Timestamp>,
    /// Why; may be empty.
    #[serde(deserialize_with = "clean_text")]
    pub why: Box<str>,
}

/// What changed with regard to who may do what. `by` is the name of the owner who decided it; a ruling without is a
/// fact that nobody can refuse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ruling", rename_all = "snake_case")]
pub enum Ruling {
    /// Members were put out and may come again.
    Kicked {
        /// Who decided it.
        by: Name,
        /// Who goes.
        whom: Vec<Subject>,
        /// Why; may be empty.
        #[serde(deserialize_with = "clean_text")]
        why: Box<str>,
    },
    /// Somebody is to stay out.
    Banned(Banned),
    /// A member who is to stay out has come to be known by it: by a new name, or an account.
    KeptOut {
        /// Who decided the ban.
        by: Name,
        /// Who goes.
        whom: Subject,
        /// Until when; `None`: until the ban is taken back.
        until: Option<Timestamp>,
        /// Why; may be empty.
        #[serde(deserialize_with = "clean_text")]
        why: Box<str>,
    },
    /// Somebody may come in again.
    Unbanned {
        /// Who decided it.
        by: Name,
        /// Who may.
        target: Target,
    },
    /// Members of this name, and whoever has it, may only read.
    Muted {
        /// Who decided it.
        by: Name,
        /// The name.
        name: Name,
        /// Who has it.
        whom: Vec<Subject>,
    },
    /// Whoever has this name may speak again.
    Unmuted {
        /// Who decided it.
        by: Name,
        /// The name.
        name: Name,
        /// The members who have it.
        members: Vec<MemberId>,
    },
    /// A member is an owner as well.
    Shared {
        /// Who decided it.
        by: Name,
        /// The new owner.
        with: Subject,
        /// Who decided it has inherited the room, so that the new owner has to have it for a while first as well.
        #[serde(default, skip_serializing_if = "is_false")]
        on_trial: bool,
    },
    /// The room has a password from now on, or another one.
    Locked {
        /// Who decided it.
        by: Name,
        /// The password's hash.
        hash: Hash,
    },
    /// The room has no password any more.
    Unlocked {
        /// Who decided it.
        by: Name,
    },
    /// The room is in no list, or in all again.
    Private {
        /// Who decided it.
        by: Name,
        /// It is in no list.
        on: bool,
    },
    /// The room has ended.
    Closed {
        /// Who decided it.
        by: Name,
        /// What becomes of its lines.
        #[serde(default, skip_serializing_if = "Kept::is_nothing")]
        kept: Kept,
    },
    /// An operator of the server has decided something.
    Operator(OperatorRuling),
    /// The room has ended since nobody needed it any more.
    Ended,
    /// The room is open again, and this is who may do what.
    Reopened(Box<Moderation>),
    /// A connection has created the room, and owns it before anybody else.
    Founded {
        /// The connection.
        member: MemberId,
        /// The account that it is logged in to.
        account: Option<Name>,
    },
    /// An owner by account has come in.
    OwnerCame {
        /// The owner's connection.
        member: MemberId,
        /// The owner's account.
        account: Name,
    },
    /// The connection of an owner has ended.
    OwnerEnded {
        /// The connection.
        member: MemberId,
    },
    /// The connection of an owner was lost. Without an account, the owner has a while to come back.
    OwnerLost {
        /// The connection.
        member: MemberId,
        /// Who the owner is.
        identity: Identity,
    },
    /// An owner whose connection was lost is there again.
    OwnerReturned {
        /// The owner's new connection, and what it is called.
        owner: Subject,
        /// Who the owner was.
        identity: Identity,
    },
    /// A member owns the room since no owner was left.
    Inherited(Subject),
    /// Bans and absences of owners may be over by now.
    Expired,
    /// A connection is logged in to this account now, or to none.
    AccountIs {
        /// The connection.
        member: MemberId,
        /// The account.
        account: Option<Name>,
    },
    /// An account was deleted.
    AccountDeleted {
        /// The account.
        account: Name,
    },
}

impl Ruling {
    /// Whether it has happened, whether it can be stored or not. The end of a room that nobody needs can wait, and so can
    /// an operator.
    pub(super) fn is_fact(&self) -> bool {
        self.by().is_none() && !matches!(self, Ruling::Ended | Ruling::Operator(_))
    }

    /// How the room ends with it; `None`: it goes on.
    pub fn closing(&self, time: Timestamp) -> Option<Closing> {
        match self {
            Ruling::Closed { kept, .. } | Ruling::Operator(OperatorRuling::Closed { kept }) => {
                Some(kept.closing(time))
            }
            // Whoever runs the server wanted its lines to go with it, if it has any.
            Ruling::Ended => Some(Kept::Nothing.closing(time)),
            _ => None,
        }
    }

    /// Whether it is one that may put members out.
    pub(super) fn puts_out(&self) -> bool {
        matches!(
            self,
            Ruling::Kicked { .. }
                | Ruling::Banned(_)
                | Ruling::KeptOut { .. }
                | Ruling::Closed { .. }
                | Ruling::Operator(OperatorRuling::Closed { .. })
        )
    }

    /// Who goes, and how; `None`: nobody is put out by such a ruling.
    pub(super) fn put_out(&self, time: Timestamp) -> Option<(&[Subject], PutOut)> {
        let (whom, how, by, why): (&[Subject], _, _, &str) = match self {
            Ruling::Kicked { by, whom, why } => (whom, RemovalKind::Kicked, by, why),
            Ruling::Banned(banned) => {
                let how = RemovalKind::Banned(left(banned.until, time));
                (&banned.whom, how, &banned.by, &banned.why)
            }
            Ruling::KeptOut {
                by,
                whom,
                until,
                why,
            } => {
                let how = RemovalKind::Banned(left(*until, time));
                (std::slice::from_ref(whom), how, by, why)
            }
            // Whoever is there.
            Ruling::Closed { by, kept } => {
                let is_kept = !kept.is_nothing();
                (&[], RemovalKind::Closed { is_kept }, by, "")
            }
            Ruling::Operator(OperatorRuling::Closed { .. }) => {
                return Some((&[], PutOut::ClosedByOperator));
            }
            _ => return None,
        };
        let (by, why) = (by.clone(), why.into());
        Some((whom, PutOut::Removed(Removal { how, by, why })))
    }

    /// Who owns the room as well from now on.
    pub(super) fn new_owner(&self) -> Option<&Subject> {
        match self {
            Ruling::Shared { with: owner, .. }
            | Ruling::Inherited(owner)
            | Ruling::OwnerReturned { owner, .. }
            | Ruling::Operator(OperatorRuling::Shared { with: owner }) => Some(owner),
            _ => None,
        }
    }

    /// What members are told of it.
    pub(super) fn notices(&self, time: Timestamp) -> Vec<ModNotice> {
        let notice = |what, whom: &Name, by: &Name, why: &str| ModNotice {
            what,
            whom: whom.clone(),
            by: by.clone(),
            why: why.into(),
        };
        let of_each = |what, whom: &[Subject], by, why| {
            let whom = whom.iter();
            whom.map(|it| notice(what, &it.name, by, why))
                .collect::<Vec<_>>()
        };
        let of_room = |what, by| vec![notice(what, by, by, "")];
        match self {
            Ruling::Kicked { by, whom, why } => of_each(ModAction::Kicked, whom, by, why),
            Ruling::Banned(banned) => {
                let (by, whom, why) = (&banned.by, &banned.whom, &banned.why);
                let left = left(banned.until, time);
                let mut notices = match banned.target.name() {
                    Some(name) if whom.is_empty() => {
                        vec![notice(ModAction::Banned(left), name, by, why)]
                    }
                    Some(_) => Vec::new(),
                    // An address is nobody's business.
                    None => vec![notice(ModAction::BannedAddress(left), by, by, why)],
                };
                notices.extend(of_each(ModAction::Banned(left), whom, by, why));
                notices
            }
            Ruling::KeptOut {
                by,
                whom,
                until,
                why,
            } => {
                let what = ModAction::Banned(left(*until, time));
                vec![notice(what, &whom.name, by, why)]
            }
            Ruling::Unbanned { by, target } => match target.name() {
                Some(name) => vec![notice(ModAction::Unbanned, name, by, "")],
                None => of_room(ModAction::UnbannedAddress, by),
            },
            Ruling::Muted { by, whom, .. } => of_each(ModAction::Muted, whom, by, ""),
            Ruling::Unmuted { by, name, .. } => vec![notice(ModAction::Unmuted, name, by, "")],
            Ruling::Shared { by, with, .. } => vec![notice(ModAction::Shared, &with.name, by, "")],
            Ruling::Locked { by, .. } => of_room(ModAction::Locked, by),
            Ruling::Unlocked { by } => of_room(ModAction::Unlocked, by),
            Ruling::Private { by, on: true } => of_room(ModAction::Private, by),
            Ruling::Private { by, on: false } => of_room(ModAction::Public, by),
            Ruling::Inherited(heir) => of_room(ModAction::Inherited, &heir.name),
            Ruling::OwnerReturned { owner, .. } => of_room(ModAction::Returned, &owner.name),
            Ruling::Operator(ruling) => {
                let told = ruling.notice().into_iter();
                told.map(|(what, whom)| notice(what, &whom, &whom, ""))
                    .collect()
            }
            Ruling::Closed { .. }
            | Ruling::Ended
            | Ruling::Reopened(_)
            | Ruling::Founded { .. }
            | Ruling::OwnerCame { .. }
            | Ruling::OwnerEnded { .. }
            | Ruling::OwnerLost { .. }
            | Ruling::Expired
            | Ruling::AccountIs { .. }
            | Ruling::AccountDeleted { .. } => Vec::new(),
        }
    }

    /// The name of the owner who decided it; `None` for a fact, and where it was an operator.
    pub fn by(&self) -> Option<&Name> {
        match self {
            Ruling::Kicked { by, .. }
            | Ruling::Banned(Banned { by, .. })
            | Ruling::Unbanned { by, .. }
            | Ruling::Muted { by, .. }
            | Ruling::Unmuted { by, .. }
            | Ruling::Shared { by, .. }
            | Ruling::Locked { by, .. }
            | Ruling::Unlocked { by }
            | Ruling::Private { by, .. }
            | Ruling::Closed { by, .. } => Some(by),
            // The ban was decided before.
            Ruling::KeptOut { .. }
            | Ruling::Operator(_)
            | Ruling::Ended
            | Ruling::Reopened(_)
            | Ruling::Founded { .. }
            | Ruling::OwnerCame { .. }
            | Ruling::OwnerEnded { .. }
            | Ruling::OwnerLost { .. }
            | Ruling::OwnerReturned { .. }
            | Ruling::Inherited(_)
            | Ruling::Expired
            | Ruling::AccountIs { .. }
            | Ruling::AccountDeleted { .. } => None,
        }
    }
}

impl Banned {
    /// What to answer who decided it: more than everybody is told, if there is more.
    pub(super) fn reply(&self) -> ModReply {
        match self.target.name() {
            Some(name) if !self.reach.is_empty() => ModReply::Banned(BanReply {
                name: name.clone(),
                account: !self.reach.accounts.is_empty(),
                address: !self.reach.addresses.is_empty(),
            }),
            _ => ModReply::Done,
        }
    }
}

/// How long it is until then.
fn left(until: Option<Timestamp>, time: Timestamp) -> Option<Duration> {
    until.map(|until| until.since(time))
}

/// Who owns a room, and what owners have decided.
///
/// It has one written form, which is all of it. What outlives a server is [`Moderation::persistent`], in the same
/// form; a field that is empty there is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Moderation {
    pub(super) owners: Owners,
    pub(super) lock: Option<Hash>,
    pub(super) private: bool,
    pub(super) bans: Vec<Ban>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) muted: Vec<Muted>,
    /// The account of who created the room, however long ago; it can undo what an heir does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) founder: Option<Name>,
}

fn is_false(is: &bool) -> bool {
    !is
}

impl Moderation {
    /// Of a room that connection `founder` has just created.
    pub fn of(founder: MemberId, account: Option<Name>, now: Timestamp) -> Moderation {
        let mut moderation = Moderation::default();
        moderation.found(founder, account, now);
        moderation
    }

    /// Makes what was decided at `time` so. Depends on nothing else, so that all who apply the same rulings in the
    /// same order have the same moderation.
    pub fn apply(&mut self, ruling: &Ruling, time: Timestamp) {
        match ruling {
            Ruling::Kicked { whom, .. } => self.owners.unseat(whom),
            Ruling::Banned(banned) => self.ban(banned),
            Ruling::Unbanned { target, .. } => {
                self.bans.retain(|ban| !ban.is_taken_back_with(target));
            }
            Ruling::Muted { name, whom, .. } => {
                self.owners.unseat(whom);
                let members = whom.iter().map(|subject| subject.member);
                let accounts = whom.iter().filter_map(|subject| subject.account.clone());
                let muted = Muted::new(name.clone(), members.collect(), accounts.collect());
                self.muted.push(muted);
            }
            Ruling::Unmuted { name, members, .. } => self.unmute(name, members),
            Ruling::Shared { with, on_trial, .. } => {
                self.unmute(&with.name, &[with.member]);
                let (member, account) = (with.member, with.account.clone());
                match on_trial {
                    true => self.owners.add_on_trial(member, account, time),
                    false => self.owners.add(member, account, time),
                }
            }
            Ruling::Locked { hash, .. } => self.lock = Some(hash.clone()),
            Ruling::Unlocked { .. } => self.lock = None,
            Ruling::Private { on, .. } => self.private = *on,
            Ruling::Operator(ruling) => ruling.apply(self, time),
            Ruling::KeptOut { .. } | Ruling::Closed { .. } | Ruling::Ended => {}
            Ruling::Reopened(moderation) => self.clone_from(moderation),
            Ruling::Founded { member, account } => {
                self.found(*member, account.clone(), time);
            }
            Ruling::OwnerCame { member, account } => self.owners.came(*member, account, time),
            Ruling::OwnerEnded { member } => self.owners.connection_ended(*member, time),
            Ruling::OwnerLost { member, identity } => {
                self.owners.connection_lost(*member, identity, time);
            }
            Ruling::OwnerReturned { owner, identity } => {
                self.owners.returned(owner.member, identity, time);
            }
            Ruling::Inherited(heir) => {
                let account = heir.account.clone();
                self.owners.add_on_trial(heir.member, account, time);
            }
            Ruling::Expired => {
                self.bans.retain(|ban| !ban.is_over(time));
                self.owners.tidy(time);
            }
            Ruling::AccountIs { member, account } => {
                self.owners.account_is(*member, account.as_ref(), time);
                let is_first = self.owners.rank(*member, None) == Some(0);
                if is_first && self.founder.is_none() && !self.owners.has_inherited(0) {
                    self.founder.clone_from(account);
                }
            }
            Ruling::AccountDeleted { account } => self.forget_account(account),
        }
    }

    /// An account was deleted: whoever registers its name next has nothing of it.
    pub fn forget_account(&mut self, account: &Name) {
        self.owners.account_deleted(account);
        self.founder.take_if(|founder| founder == account);
    }

    fn found(&mut self, member: MemberId, account: Option<Name>, time: Timestamp) {
        self.founder.clone_from(&account);
        self.owners.found(member, account, time);
    }

    fn ban(&mut self, banned: &Banned) {
        self.owners.unseat(&banned.whom);
        self.owners.unseat_absent(&banned.unseated);
        self.bans.retain(|older| older.target != banned.target);
        let whom = banned.whom.iter().map(|subject| subject.member);
        self.bans.push(Ban::new(
            banned.target.clone(),
            whom.chain(banned.holder).collect(),
            banned.reach.clone(),
            banned.until,
            banned.by.clone(),
            banned.why.clone(),
        ));
    }

    pub(super) fn unmute(&mut self, name: &Name, members: &[MemberId]) {
        self.muted
            .retain(|muted| !muted.is_taken_back_with(name, members));
    }

    /// The account of whoever has owned the room longest, if that is by account.
    pub fn first_owner(&self) -> Option<&Name> {
        self.owners.iter().next()?.account.as_ref()
    }

    /// Seniority of somebody among the owners, 0 = longest; `None` if not an owner.
    pub fn rank(&self, member: MemberId, account: Option<&Name>) -> Option<usize> {
        self.owners.rank(member, account)
    }

    /// The ban that keeps somebody out at the time `now`.
    pub(super) fn ban_of(&self, guest: &Guest<'_>, now: Timestamp) -> Option<&Ban> {
        if self.bans.is_empty() {
            return None;
        }
        let keys = guest.name.keys();
        let mut bans = self.bans.iter().filter(|ban| !ban.is_over(now));
        bans.find(|ban| ban.is_about(guest, &keys))
    }

    /// Whether somebody may only read.
    pub(super) fn is_muted(&self, member: MemberId, name: &Name, account: Option<&Name>) -> bool {
        if self.muted.is_empty() {
            return false;
        }
        let keys = name.keys();
        let mut muted = self.muted.iter();
        muted.any(|muted| muted.is_about(member, &keys, account))
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
        self.bans.iter().any(|ban| ban.is_over(now)) || self.owners.is_any_gone(now)
    }

    /// Whether an owner is connected, or was seen not too long ago.
    pub(super) fn has_owner(&self, now: Timestamp) -> bool {
        self.owners.is_any_around(now)
    }

    pub(super) fn ban_lines(&self, now: Timestamp) -> Vec<BanLine> {
        let line = |ban: &Ban| BanLine {
            target: ban.target.clone(),
            left: ban.left(now),
            by: ban.by.clone(),
            why: ban.why.clone(),
        };
        let bans = self.bans.iter().filter(|ban| !ban.is_over(now));
        bans.map(line).collect()
    }

    /// The hash of the room's password, if it has one.
    pub fn lock(&self) -> Option<&Hash> {
        self.lock.as_ref()
    }

    /// No list names the room to outsiders.
    pub fn is_private(&self) -> bool {
        self.private
    }

    /// The account of whoever created the room, if it had one.
    pub fn founder(&self) -> Option<&Name> {
        self.founder.as_ref()
    }

    /// The accounts among the owners.
    pub fn owner_accounts(&self) -> impl Iterator<Item = &Name> {
        self.owners.iter().filter_map(|own| own.account.as_ref())
    }
}
