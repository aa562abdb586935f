//! What the logs of rooms say once they are safe: held against who may speak, and against who is there.

use std::collections::BTreeSet;
use std::time::Duration;

use parlor::chat::message::MemberId;
use parlor::chat::node::NodeId;
use parlor::chat::room::{At, Entry, Room, RoomLimits, RoomState};
use parlor::time::Timestamp;

use crate::engine::{Data, RoomSeen};
use crate::site::State;
use crate::world::{Ground, World};

/// Bounds are of no matter to what has happened.
const LIMITS: RoomLimits = RoomLimits {
    members_max: 0,
    history_lines: 0,
    outbox_bytes: 0,
    notice_delay: Duration::ZERO,
};

/// The room as its log has made it, or what in it must not be.
fn replay(seen: &RoomSeen<'_>) -> Result<Room, String> {
    let mut room = Room::new(LIMITS, RoomState::default(), At::default());
    let mut told = Vec::new();
    let mut last = None;
    for numbered in seen.entries {
        if let Entry::Said(message) = &numbered.entry {
            let may_speak = room.role(message.member, numbered.time).may_speak();
            if message.member != MemberId::NOBODY && !may_speak {
                let role = room.role(message.member, numbered.time);
                return Err(format!("{message:?} was said by a {role:?}"));
            }
        }
        if last.is_some_and(|last| numbered.time < last) {
            return Err(format!("time went back before {numbered:?}"));
        }
        last = Some(numbered.time);
        if let Err(gap) = room.apply(numbered, &mut told) {
            return Err(gap.to_string());
        }
        told.clear();
    }
    Ok(room)
}

impl World {
    /// What is in the logs was allowed, and whoever is in a room by its log is there.
    pub(crate) fn check_logs(&mut self) {
        let Ground::Shared(shared) = &self.ground else {
            return;
        };
        let here = self.members_here();
        // Names may be kept for those who have gone.
        let now = Timestamp(i64::MAX);
        let fault = shared.engine.with_safe(|data| {
            let mut faults = data.all_rooms().filter_map(|seen| match replay(&seen) {
                Err(why) => Some(format!("in room {}: {why}", seen.name)),
                Ok(room) => self.check_members(&seen, &room, &here, &data.node_ids()),
            });
            let fault = faults.next();
            fault.or_else(|| self.check_people_noted(data, &here, now))
        });
        if let Some(fault) = fault {
            self.fail(fault);
        }
    }

    /// Nobody is there, and holds nothing.
    pub(crate) fn check_nobody(&mut self) {
        let Ground::Shared(shared) = &self.ground else {
            return;
        };
        let now = shared.engine.now();
        let fault = shared.engine.with_safe(|data| {
            let nobody = BTreeSet::new();
            self.check_people_noted(data, &nobody, now)
        });
        if let Some(fault) = fault {
            self.fail(format!("when all have gone, {fault}"));
        }
    }

    /// The logs, for who reads a trace.
    pub(crate) fn note_logs(&mut self) {
        let Ground::Shared(shared) = &self.ground else {
            return;
        };
        let logs = shared.engine.with_safe(|data| {
            let logs = data.all_rooms().flat_map(|seen| {
                let name = seen.name;
                let entries = seen.entries.iter();
                entries.map(move |it| format!("room {name} {}: {:?}", it.seq, it.entry))
            });
            logs.collect::<Vec<String>>()
        });
        logs.iter().for_each(|entry| self.note(entry));
    }

    /// Those who are connected to a server that runs.
    fn members_here(&self) -> BTreeSet<MemberId> {
        let mut here = BTreeSet::new();
        for site in self.sites.iter().filter(|it| matches!(it.state, State::Up)) {
            let Some(node) = site.node() else { continue };
            let served = self.ledger.served(node).iter().enumerate();
            let open = served.filter(|(_, conn)| !self.conns[**conn].is_closed);
            here.extend(open.map(|(number, _)| MemberId::on(node, number as u64 + 1)));
        }
        here
    }

    /// Whoever is noted, or holds a name that is not kept until `now` at most, is there, and whoever is there is noted.
    fn check_people_noted(
        &self,
        data: &Data,
        here: &BTreeSet<MemberId>,
        now: Timestamp,
    ) -> Option<String> {
        let who = |member: MemberId| {
            let conn = self.ledger.connection_of(member);
            format!("c{conn:?} of node {}", member.node())
        };
        let noted: BTreeSet<MemberId> = data.everybody().map(|person| person.member).collect();
        if let Some(&ghost) = noted.difference(here).next() {
            return Some(format!("{} is noted, and not connected", who(ghost)));
        }
        if let Some(&missing) = here.difference(&noted).next() {
            return Some(format!("{} is connected, and not noted", who(missing)));
        }
        let mut held = data.names_held();
        let is_ghost = |member: &MemberId, until: &Option<Timestamp>| {
            until.is_none_or(|until| until > now) && !here.contains(member)
        };
        let (key, ghost, _) = held.find(|(_, member, until)| is_ghost(member, until))?;
        Some(format!(
            "{} holds {:?}, and is not connected",
            who(ghost),
            key.as_str()
        ))
    }

    fn check_members(
        &self,
        seen: &RoomSeen<'_>,
        room: &Room,
        here: &BTreeSet<MemberId>,
        nodes: &[NodeId],
    ) -> Option<String> {
        let (members, _) = room.first_members(usize::MAX);
        let mut ghosts = members.iter().filter(|it| !here.contains(&it.member));
        let ghost = ghosts.find(|_| seen.is_open)?;
        let (node, conn) = (ghost.member.node(), self.ledger.connection_of(ghost.member));
        Some(format!(
            "{} (c{conn:?} of node {node}) is in room {}, and not connected; there are nodes {:?}",
            ghost.name, seen.name, nodes
        ))
    }
}
