//! A room in which nobody is: to find out whether the server is well.

use std::sync::Arc;

use super::Lobby;
use crate::chat::history::RoomId;
use crate::chat::message::MemberId;
use crate::chat::name::RoomName;
use crate::chat::room::{At, Moderation, Room, RoomState};
use crate::hub::room::{self, ClientEvent, ClientInbox, RoomEnd, RoomHandle, RoomInfo};
use crate::runtime::Runtime;

/// A room that ends with this.
#[derive(Debug)]
pub struct HealthRoom(RoomHandle);

impl Drop for HealthRoom {
    fn drop(&mut self) {
        self.0.mailbox.close();
    }
}

impl Lobby {
    /// Opens a room that is like any other, but stands in no list and does not count, and lets whoever `asks` find it as
    /// any other is found. `None` once the server stops.
    pub fn open_health_room(self: &Arc<Self>, asks: &Arc<ClientInbox>) -> Option<HealthRoom> {
        if self.lock().stopping {
            return None;
        }
        let state = RoomState {
            // Nobody has to inherit it, so that one line is stored and no more.
            moderation: Moderation::of(MemberId::NOBODY, None, self.steady_time()),
            ..RoomState::default()
        };
        let room = Room::new(self.lock().room_limits, state, At::default());
        let name = RoomName::parse("health").ok()?;
        let handle = RoomHandle::new(RoomId::HEALTH, name, RoomInfo::new(None, None));
        let Runtime { clock, counts, .. } = self.runtime.clone();
        let store = self.store.clone();
        let ended = |_: RoomEnd<'_>| ();
        let actor = room::run(room, handle.clone(), store, clock, counts, ended);
        self.actors.start(actor);
        let found = handle.clone();
        self.with_all_rooms(asks, move |_| ClientEvent::Found(found, None));
        Some(HealthRoom(handle))
    }
}
