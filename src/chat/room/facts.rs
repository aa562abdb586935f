//! *Pure.* What follows from what has happened, which a room cannot refuse.

use super::entry::{Came, Entry, Renamed, WentHow};
use super::moderation::{Ruling, Subject};
use super::owners::{ConnectionEnd, Identity};
use super::{Moderation, Room};
use crate::chat::address::Address;
use crate::chat::message::MemberId;
use crate::chat::name::Name;
use crate::chat::node::NodeId;
use crate::time::Timestamp;

/// Something that has happened, which a room cannot refuse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A member has left.
    Left {
        /// The member.
        member: MemberId,
        /// Whether it may be back in a moment.
        is_moving: bool,
        /// How its connection has ended, if it has.
        ended: Option<ConnectionEnd>,
    },
    /// A member has another name.
    Renamed {
        /// The member.
        member: MemberId,
        /// Its new name.
        name: Name,
    },
    /// A connection has created the room.
    Founded {
        /// The connection.
        member: MemberId,
        /// The account that it is logged in to.
        account: Option<Name>,
    },
    /// A member has come in, who may own the room by account.
    OwnerCame(MemberId),
    /// The connection of an owner has ended.
    OwnerEnded(MemberId, ConnectionEnd),
    /// A connection is logged in to this account now, or to none.
    AccountIs(MemberId, Option<Name>),
    /// An account was deleted.
    AccountDeleted(Name),
    /// A server is taken for dead, and with it all who are connected to it.
    NodeDead(NodeId),
    /// A member is here, whom the other servers have taken for dead.
    Back(Box<Came>),
    /// The room was closed, and is open again: this is who may do what.
    Reopened(Box<Moderation>),
}

impl Room {
    /// What follows from `fact` at the time `now`; nothing if it is not about this room.
    pub fn decide_fact(&self, fact: &Fact, now: Timestamp) -> Vec<Entry> {
        if self.is_closed && !matches!(fact, Fact::Reopened(_)) {
            return Vec::new();
        }
        match fact {
            Fact::Left {
                member,
                is_moving,
                ended,
            } => self.left(*member, *is_moving, ended.as_ref()),
            Fact::Renamed { member, name } => self.is_called(*member, name, now),
            Fact::Founded { member, account } => {
                let (member, account) = (*member, account.clone());
                vec![Ruling::Founded { member, account }.into()]
            }
            Fact::OwnerCame(member) => self.owner_came(*member, now).into_iter().collect(),
            Fact::OwnerEnded(member, how) => self.owner_ended(*member, how).into_iter().collect(),
            Fact::AccountIs(member, account) => self.account_is(*member, account.as_ref(), now),
            Fact::AccountDeleted(account) => self.account_deleted(account).into_iter().collect(),
            Fact::NodeDead(node) => self.node_dead(*node),
            Fact::Back(came) => self.back(came, now),
            Fact::Reopened(moderation) => vec![Ruling::Reopened(moderation.clone()).into()],
        }
    }

    fn left(&self, member: MemberId, is_moving: bool, ended: Option<&ConnectionEnd>) -> Vec<Entry> {
        let how = match is_moving {
            true => WentHow::Moving,
            false => WentHow::Left,
        };
        let is_here = self.members.contains_key(&member);
        let went = is_here.then_some(Entry::Went { member, how });
        let ended = ended.and_then(|ended| self.owner_ended(member, ended));
        went.into_iter().chain(ended).collect()
    }

    fn is_called(&self, member: MemberId, name: &Name, now: Timestamp) -> Vec<Entry> {
        let Some(renamed) = self.members.get(&member) else {
            return Vec::new();
        };
        let returned = self.owner_returned(member, name, renamed.address, now);
        let kept_out = match returned {
            Some(_) => None,
            None => self.kept_out(member, name, renamed.account.as_ref(), now),
        };
        let name = name.clone();
        let renamed = Entry::Renamed(Box::new(Renamed { member, name }));
        [renamed]
            .into_iter()
            .chain(returned)
            .chain(kept_out)
            .collect()
    }

    fn owner_came(&self, member: MemberId, now: Timestamp) -> Option<Entry> {
        let came = self.members.get(&member)?;
        let owner = came.account.clone();
        match owner.filter(|_| self.rank(member).is_some()) {
            Some(account) => Some(Ruling::OwnerCame { member, account }.into()),
            None => self.owner_returned(member, &came.name, came.address, now),
        }
    }

    fn account_is(&self, member: MemberId, account: Option<&Name>, now: Timestamp) -> Vec<Entry> {
        let owns = self.moderation().rank(member, account).is_some();
        let is_concerned = owns || self.members.contains_key(&member);
        let name = self.members.get(&member).map(|member| &member.name);
        let kept_out = name.and_then(|name| self.kept_out(member, name, account, now));
        let account = account.cloned();
        let is = is_concerned.then(|| Ruling::AccountIs { member, account }.into());
        is.into_iter().chain(kept_out).collect()
    }

    fn account_deleted(&self, account: &Name) -> Option<Entry> {
        let is = |own: Option<&Name>| own == Some(account);
        let is_concerned = self.moderation().owner_accounts().any(|own| is(Some(own)))
            || is(self.moderation().founder())
            || self.members.values().any(|own| is(own.account.as_ref()));
        let account = account.clone();
        is_concerned.then(|| Ruling::AccountDeleted { account }.into())
    }

    /// Who is connected to `node` goes, and is no owner any more but by account, or by coming back in time.
    fn node_dead(&self, node: NodeId) -> Vec<Entry> {
        let is_there = |member: &MemberId| member.node() == node;
        let members = self.members.iter().filter(|(id, _)| is_there(id));
        let went = members.map(|(&member, _)| Entry::Went {
            member,
            how: WentHow::Dead,
        });
        let owners = self.moderation().owners.iter();
        let owners = owners.filter_map(|owner| owner.member).filter(is_there);
        let ended = owners.filter_map(|owner| {
            let known = self.members.get(&owner).filter(|it| it.account.is_none());
            let identity = known.and_then(|it| Identity::of(&it.name, it.address));
            let how = identity.map_or(ConnectionEnd::Left, ConnectionEnd::Lost);
            self.owner_ended(owner, &how)
        });
        went.chain(ended).collect()
    }

    fn back(&self, came: &Came, now: Timestamp) -> Vec<Entry> {
        let member = came.member;
        if self.members.contains_key(&member) {
            return Vec::new();
        }
        let (name, account) = (&came.name, came.account.as_ref());
        let owner = account.filter(|_| self.moderation().rank(member, account).is_some());
        let owner = owner.cloned();
        let owner = owner.map(|account| Ruling::OwnerCame { member, account }.into());
        let owner = owner.or_else(|| self.owner_returned(member, name, came.address, now));
        let kept_out = match owner {
            Some(_) => None,
            None => self.kept_out(member, name, account, now),
        };
        let came = Entry::Came(Box::new(came.clone()));
        [came].into_iter().chain(owner).chain(kept_out).collect()
    }

    fn owner_ended(&self, member: MemberId, how: &ConnectionEnd) -> Option<Entry> {
        self.moderation().rank(member, None)?;
        let ruling = match how {
            ConnectionEnd::Left => Ruling::OwnerEnded { member },
            ConnectionEnd::Lost(identity) => Ruling::OwnerLost {
                member,
                identity: identity.clone(),
            },
        };
        Some(ruling.into())
    }

    fn owner_returned(
        &self,
        member: MemberId,
        name: &Name,
        address: Option<Address>,
        now: Timestamp,
    ) -> Option<Entry> {
        let identity = self.lost_owner(name, address, now)?.clone();
        let name = name.clone();
        let owner = Subject {
            name,
            ..self.subject(member)
        };
        Some(Ruling::OwnerReturned { owner, identity }.into())
    }
}
