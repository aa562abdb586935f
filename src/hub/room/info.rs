//! What may be known of a room without asking it.
//!
//! Lists of rooms and counts over all rooms read this, so that they need not wait for every room's turn. The
//! room's actor keeps it up to date with relaxed stores: one for whoever comes or goes, two for all the lines
//! that it stores at once. Each value is right by itself; they need not all be of the same moment.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::chat::name::Name;
use crate::chat::password::Hash;
use crate::chat::room::Moderation;
use crate::chat::topic::Topic;
use crate::time::Timestamp;

/// What may be known of a room without asking it.
#[derive(Debug)]
pub struct RoomInfo {
    members: AtomicUsize,
    /// How often somebody has come in.
    visits: AtomicU64,
    /// Something was ever said, or made the topic.
    used: AtomicBool,
    lines: AtomicU64,
    /// The number of the last line; 0: there never was one.
    last_id: AtomicU64,
    /// [`NEVER`], or milliseconds as in [`Timestamp`].
    last_line: AtomicI64,
    private: AtomicBool,
    lock: Mutex<Option<Hash>>,
    /// The accounts among its owners.
    owners: Mutex<Vec<Name>>,
    /// Changes so seldom that a lock will do.
    topic: Mutex<Option<Topic>>,
}

/// Stands for the time of the last line where nothing has been said.
const NEVER: i64 = i64::MIN;

impl RoomInfo {
    /// Of an empty room, with its topic and the time of its last line, if there is one.
    pub fn new(topic: Option<Topic>, last_line: Option<Timestamp>) -> RoomInfo {
        RoomInfo {
            members: AtomicUsize::new(0),
            visits: AtomicU64::new(0),
            used: AtomicBool::new(last_line.is_some() || topic.is_some()),
            lines: AtomicU64::new(0),
            last_id: AtomicU64::new(0),
            last_line: AtomicI64::new(last_line.map_or(NEVER, |time| time.0)),
            private: AtomicBool::new(false),
            lock: Mutex::default(),
            owners: Mutex::default(),
            topic: Mutex::new(topic),
        }
    }

    /// How many members it has.
    pub fn members(&self) -> usize {
        self.members.load(Ordering::Relaxed)
    }

    /// How often somebody has come in since the server was started.
    pub fn visits(&self) -> u64 {
        self.visits.load(Ordering::Relaxed)
    }

    /// Whether something was ever said there, or made its topic.
    pub fn was_used(&self) -> bool {
        self.used.load(Ordering::Relaxed)
    }

    /// Whether nobody would miss it: nothing was ever said there, or only before that time, if there is one.
    pub fn may_end(&self, before: Option<Timestamp>) -> bool {
        let is_before = |time| self.last_line().is_none_or(|last| last < time);
        !self.was_used() || before.is_some_and(is_before)
    }

    /// Lines said since the server was started.
    pub fn lines(&self) -> u64 {
        self.lines.load(Ordering::Relaxed)
    }

    /// The number of the last line; 0 if there never was one.
    pub fn last_id(&self) -> u64 {
        self.last_id.load(Ordering::Relaxed)
    }

    /// When something was said last.
    pub fn last_line(&self) -> Option<Timestamp> {
        let time = self.last_line.load(Ordering::Relaxed);
        (time != NEVER).then_some(Timestamp(time))
    }

    /// Only its members see it in lists.
    pub fn is_private(&self) -> bool {
        self.private.load(Ordering::Relaxed)
    }

    /// It has a password.
    pub fn is_locked(&self) -> bool {
        self.lock_hash().is_some()
    }

    /// The hash of its password, if it has one.
    pub fn hash(&self) -> Option<Hash> {
        self.lock_hash().clone()
    }

    /// Whether an account owns it.
    pub fn has_owner(&self, account: &Name) -> bool {
        let owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        owners.contains(account)
    }

    /// The accounts among its owners.
    pub fn owners(&self) -> Vec<Name> {
        let owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        owners.clone()
    }

    /// Its topic.
    pub fn topic(&self) -> Option<Topic> {
        self.lock_topic().clone()
    }

    /// Notes how many members it has. Only the room's actor may call this and what follows.
    pub fn set_members(&self, count: usize) {
        self.members.store(count, Ordering::Relaxed);
    }

    /// Notes that somebody has come in.
    pub fn note_visit(&self) {
        self.visits.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes that something was ever said there.
    pub fn note_used(&self) {
        self.used.store(true, Ordering::Relaxed);
    }

    /// Notes the number of the last line, if there ever was one.
    pub fn note_last_id(&self, id: u64) {
        if id > 0 {
            self.note_used();
            self.last_id.fetch_max(id, Ordering::Relaxed);
        }
    }

    /// Notes that there is a line of that time, whoever has stored it.
    pub fn note_last_line(&self, time: Timestamp) {
        self.note_used();
        self.last_line.fetch_max(time.0, Ordering::Relaxed);
    }

    /// Notes that so many more lines were said, the last one with that number and at that time.
    pub fn add_lines(&self, count: u64, last_id: u64, last: Timestamp) {
        let lines = self.lines().saturating_add(count);
        self.lines.store(lines, Ordering::Relaxed);
        self.last_id.store(last_id, Ordering::Relaxed);
        self.note_used();
        self.last_line.store(last.0, Ordering::Relaxed);
    }

    /// Notes whether it is private.
    pub fn set_private(&self, private: bool) {
        self.private.store(private, Ordering::Relaxed);
    }

    /// Notes the hash of its password.
    pub fn set_lock(&self, hash: Option<Hash>) {
        *self.lock_hash() = hash;
    }

    /// Notes the accounts among its owners.
    pub fn set_owners(&self, accounts: Vec<Name>) {
        *self.owners.lock().unwrap_or_else(PoisonError::into_inner) = accounts;
    }

    /// Notes its topic.
    pub fn set_topic(&self, topic: Option<Topic>) {
        self.note_used();
        *self.lock_topic() = topic;
    }

    /// Shows what the room's owners have decided, as far as it may be known without asking the room.
    pub fn show_moderation(&self, moderation: &Moderation) {
        self.set_private(moderation.is_private());
        self.set_lock(moderation.lock().cloned());
        self.set_owners(moderation.owner_accounts().cloned().collect());
    }

    fn lock_hash(&self) -> MutexGuard<'_, Option<Hash>> {
        self.lock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_topic(&self) -> MutexGuard<'_, Option<Topic>> {
        self.topic.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for RoomInfo {
    fn default() -> Self {
        RoomInfo::new(None, None)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_lite::future::block_on;

    use super::*;
    use crate::chat::message::{Kind, MemberId};
    use crate::chat::name::RoomName;
    use crate::chat::room::{At, JoinRequest, Room, RoomLimits, RoomState};
    use crate::counts::Counts;
    use crate::hub::room::{self, Joining, RoomCommand, RoomEnd, RoomHandle};
    use crate::store::Store;

    fn join(member: u64) -> RoomCommand {
        let guest = JoinRequest {
            member: MemberId(member),
            name: Name::anon(),
            account: None,
            address: None,
            pass: None,
            seat: None,
        };
        let room = RoomName::parse("1150").expect("a room name");
        RoomCommand::Join(Box::new(Joining::new(guest, room, Arc::default())))
    }

    fn say(member: u64, text: &str) -> RoomCommand {
        RoomCommand::Say {
            member: MemberId(member),
            kind: Kind::Message,
            text: text.into(),
        }
    }

    #[test]
    fn the_room_keeps_its_numbers_up_to_date() {
        let limits = RoomLimits {
            members_max: 2,
            history_lines: 1,
            outbox_bytes: 0,
            notice_delay: std::time::Duration::ZERO,
        };
        let store = Store::memory(1);
        let name = RoomName::parse("1150").expect("a name");
        let id = block_on(store.create_room(name.clone())).expect("a room");
        let handle = RoomHandle::new(id, name, RoomInfo::default());
        assert_eq!(handle.info.last_line(), None);
        for command in [
            join(1),
            join(2),
            // Refused, and what it says is not said.
            join(3),
            say(3, "no"),
            say(1, "one"),
            say(2, "two"),
            RoomCommand::Leave(MemberId(1), None),
            say(2, "three"),
        ] {
            handle.mailbox.put(command).expect("it is open");
        }
        handle.mailbox.close();
        let room = Room::new(limits, RoomState::default(), At::default());
        let closed = |_: RoomEnd<'_>| panic!("nobody closes it");
        block_on(room::run(
            room,
            handle.clone(),
            store,
            crate::runtime::Clock::manual(crate::runtime::ManualClock::new(Timestamp(7))),
            Arc::new(Counts::new(std::time::Instant::now())),
            closed,
        ));
        assert_eq!(handle.info.members(), 1);
        assert_eq!(handle.info.lines(), 3);
        assert_eq!(handle.info.last_line(), Some(Timestamp(7)));
    }
}
