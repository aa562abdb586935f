//! Who is called what, as the made-up engine keeps it. A key has one holder.

use std::collections::BTreeMap;

use parlor::chat::address::Address;
use parlor::chat::message::MemberId;
use parlor::chat::name::{Name, NameKey};
use parlor::chat::node::NodeId;
use parlor::store::cluster::engine::{EngineError, TakeName, TakenName};
use parlor::time::Timestamp;

use super::data::Data;

/// Who holds which key.
#[derive(Clone, Debug, Default)]
pub(super) struct Names(BTreeMap<NameKey, Holder>);

#[derive(Clone, Copy, Debug)]
struct Holder {
    member: MemberId,
    /// The connection was lost, and the name is for whoever comes from there, until then.
    kept: Option<(Address, Timestamp)>,
}

impl Names {
    pub(super) fn forget_node(&mut self, node: NodeId) {
        self.0.retain(|_, holder| holder.member.node() != node);
    }

    /// Those who hold one of the keys, each once.
    fn holders(&self, keys: &[NameKey]) -> Vec<MemberId> {
        let holders = keys.iter().filter_map(|key| self.0.get(key));
        let mut members: Vec<MemberId> = holders.map(|holder| holder.member).collect();
        members.sort_unstable();
        members.dedup();
        members
    }
}

impl Data {
    /// See [`Register::take_name`](parlor::store::cluster::engine::Register::take_name).
    pub(super) fn take_name(
        &mut self,
        take: &TakeName,
        now: Timestamp,
    ) -> Result<TakenName, EngineError> {
        self.living(take.member.node())?;
        if take.name.is_anon() {
            return Ok(TakenName::Taken);
        }
        let keys = take.name.keys();
        if let Some(registered) = self.records.registered(&keys, take.account.as_ref()) {
            return Ok(TakenName::Registered(registered));
        }
        let names = &mut self.names.0;
        let is_in_the_way = |holder: &&Holder| {
            let is_left = holder
                .kept
                .is_some_and(|(address, until)| take.address == Some(address) || until <= now);
            holder.member != take.member && !is_left
        };
        let others = keys.iter().filter_map(|key| names.get(key));
        let mut others: Vec<MemberId> = others
            .filter(is_in_the_way)
            .map(|holder| holder.member)
            .collect();
        others.sort_unstable();
        others.dedup();
        if !others.is_empty() && !take.by_force {
            return Ok(TakenName::HeldBy(others));
        }
        let holder = Holder {
            member: take.member,
            kept: None,
        };
        names.extend(keys.into_iter().map(|key| (key, holder)));
        Ok(TakenName::Taken)
    }

    pub(super) fn free_name(&mut self, member: MemberId, old: &Name, new: Option<&Name>) {
        let shared = new.map(Name::keys);
        for key in old.keys() {
            let is_shared = shared.as_ref().is_some_and(|keys| keys.contains(&key));
            let holder = self.names.0.get(&key);
            if !is_shared && holder.is_some_and(|holder| holder.member == member) {
                self.names.0.remove(&key);
            }
        }
    }

    pub(super) fn keep_name(
        &mut self,
        member: MemberId,
        name: &Name,
        address: Address,
        until: Timestamp,
    ) {
        for key in name.keys() {
            let holder = self.names.0.get_mut(&key);
            if let Some(holder) = holder.filter(|holder| holder.member == member) {
                holder.kept = Some((address, until));
            }
        }
    }

    pub(super) fn holder(&self, name: &Name) -> Option<MemberId> {
        let [_, _, folded] = name.keys();
        self.names.0.get(&folded).map(|holder| holder.member)
    }

    pub(super) fn holders(&self, name: &Name) -> Vec<MemberId> {
        self.names.holders(&name.keys())
    }

    pub(super) fn first_free(&self, member: MemberId, names: &[Name]) -> Option<Name> {
        let is_free = |name: &&Name| {
            let keys = name.keys();
            let mut others = self.names.holders(&keys).into_iter();
            others.all(|other| other == member) && self.records.registered(&keys, None).is_none()
        };
        names.iter().find(is_free).cloned()
    }

    /// Who holds which key, and until when it is kept for a connection that was lost.
    pub(crate) fn names_held(
        &self,
    ) -> impl Iterator<Item = (&NameKey, MemberId, Option<Timestamp>)> {
        let held = self.names.0.iter();
        held.map(|(key, holder)| (key, holder.member, holder.kept.map(|(_, until)| until)))
    }
}
