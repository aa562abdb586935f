//! What nobody needs any more: rooms end once nobody has been in them for a while, and accounts go.
//!
//! The lobby looks at all rooms now and then, and asks those to end in which nothing has happened since. Whether one
//! does is for the room to decide, which takes one thing after the other: whoever comes in before keeps it alive, and
//! whoever comes too late is told that there is no such room.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use smol::Task;

use super::Lobby;
use crate::chat::history::RoomId;
use crate::hub::room::{RoomCommand, RoomHandle, RoomInfo};
use crate::limits::{ROOM_SWEEP_EVERY, ROOM_UNUSED_MAX};
use crate::time::Timestamp;

impl Lobby {
    /// Looks for idle rooms from now on, until the rooms are closed.
    pub(super) fn start_sweeper(self: &Arc<Self>) {
        let (lobby, clock) = (Arc::downgrade(self), self.runtime.clock.clone());
        let sweeping = async move {
            let mut idle = IdleRooms::default();
            loop {
                clock.after(ROOM_SWEEP_EVERY).await;
                let Some(lobby) = lobby.upgrade() else { return };
                lobby.end_idle_rooms(&mut idle);
                lobby.expire_accounts().await;
                lobby.tidy_bans().await;
            }
        };
        let sweeper = self.runtime.tasks().spawn(sweeping);
        let mut slot = self.sweeper.lock().unwrap_or_else(PoisonError::into_inner);
        *slot = Some(sweeper);
    }

    pub(super) fn take_sweeper(&self) -> Option<Task<()>> {
        let mut slot = self.sweeper.lock().unwrap_or_else(PoisonError::into_inner);
        slot.take()
    }

    /// Asks the rooms to end that have been idle for too long.
    fn end_idle_rooms(&self, idle: &mut IdleRooms) {
        let rooms: Vec<RoomHandle> = self.lock().rooms.values().cloned().collect();
        let now = self.runtime.clock.now();
        let ends = self.limits().idle;
        let before = ends.map(|idle| self.runtime.clock.times().earlier().before(idle));
        idle.begin();
        for room in rooms {
            if idle.is_over(room.id, &room.info, before, now) {
                // A room that is closed has ended already.
                let _ = room.mailbox.put(RoomCommand::EndIfIdle {
                    visits: room.info.visits(),
                    before,
                });
            }
        }
        idle.end();
    }
}

/// Since when nobody has been seen in a room, for all rooms that may end.
#[derive(Debug, Default)]
struct IdleRooms {
    /// As of the last look.
    last: HashMap<RoomId, Idle>,
    /// As of the one that is under way.
    now: HashMap<RoomId, Idle>,
}

#[derive(Clone, Copy, Debug)]
struct Idle {
    /// How often somebody had come by then.
    visits: u64,
    since: Instant,
}

impl IdleRooms {
    fn begin(&mut self) {
        self.now.clear();
    }

    /// Whether a room has been idle for too long. One that was used has to have had no line after `before` as well,
    /// and ends never if there is no such time.
    fn is_over(
        &mut self,
        room: RoomId,
        info: &RoomInfo,
        before: Option<Timestamp>,
        now: Instant,
    ) -> bool {
        let may_ever_end = !info.was_used() || before.is_some();
        if !may_ever_end || info.members() > 0 {
            return false;
        }
        let visits = info.visits();
        let last = self.last.get(&room).filter(|last| last.visits == visits);
        let since = last.map_or(now, |last| last.since);
        self.now.insert(room, Idle { visits, since });
        let is_due = now.saturating_duration_since(since) >= ROOM_UNUSED_MAX;
        is_due && info.may_end(before)
    }

    fn end(&mut self) {
        std::mem::swap(&mut self.last, &mut self.now);
        // A storm of rooms must not leave its space behind.
        self.now = HashMap::new();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const HOUR: Duration = ROOM_UNUSED_MAX;
    const MINUTE: Duration = ROOM_SWEEP_EVERY;

    /// Looks at the room every minute for so long, and says after which time it is over.
    fn over_after(
        info: &RoomInfo,
        before: Option<Timestamp>,
        most: Duration,
        mut meanwhile: impl FnMut(Duration),
    ) -> Option<Duration> {
        let (start, mut idle) = (Instant::now(), IdleRooms::default());
        let mut passed = Duration::ZERO;
        while passed <= most {
            meanwhile(passed);
            idle.begin();
            if idle.is_over(RoomId(1), info, before, start + passed) {
                return Some(passed);
            }
            idle.end();
            passed += MINUTE;
        }
        None
    }

    #[test]
    fn a_room_is_over_an_hour_after_it_was_last_seen_in_use() {
        let unused = RoomInfo::default();
        assert_eq!(over_after(&unused, None, 2 * HOUR, |_| ()), Some(HOUR));
        // Somebody is there for half an hour.
        let stays = |passed| unused.set_members(usize::from(passed < HOUR / 2));
        let over = over_after(&unused, None, 2 * HOUR, stays);
        assert_eq!(over, Some(HOUR / 2 + HOUR));
        // Somebody comes and goes between two looks.
        let visits = |passed| {
            if passed == HOUR / 4 {
                unused.note_visit();
            }
        };
        let over = over_after(&unused, None, 2 * HOUR, visits);
        assert_eq!(over, Some(HOUR / 4 + HOUR));
        // Somebody says something in the last minute.
        let says = |passed| {
            if passed == HOUR - MINUTE {
                unused.add_lines(1, 1, Timestamp(0));
            }
        };
        assert_eq!(over_after(&unused, None, 3 * HOUR, says), None);
    }

    #[test]
    fn a_room_that_was_used_ends_only_where_the_operator_says_so() {
        let used = RoomInfo::new(None, Some(Timestamp(1000)));
        assert_eq!(over_after(&used, None, 3 * HOUR, |_| ()), None);
        let before = |time| Some(Timestamp(time));
        assert_eq!(over_after(&used, before(1000), 3 * HOUR, |_| ()), None);
        let over = over_after(&used, before(1001), 3 * HOUR, |_| ());
        assert_eq!(over, Some(HOUR));
        used.set_members(1);
        assert_eq!(over_after(&used, before(1001), 3 * HOUR, |_| ()), None);
    }
}
