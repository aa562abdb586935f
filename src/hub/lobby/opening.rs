//! How rooms come to be open, and end: created, found in the store, closed by an owner, failed.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Weak};

use futures_lite::FutureExt;
use tracing::error;

use super::{Lobby, Requester, State, lock, rooms};
use crate::chat::history::RoomId;
use crate::chat::message::MemberId;
use crate::chat::name::{Name, RoomName};
use crate::chat::request::{CreateError, LobbyReply};
use crate::chat::room::{Closing, Moderation, Room};
use crate::hub::room::{self, ClientEvent, RoomCommand, RoomEnd, RoomHandle, RoomInfo};
use crate::limits::{ROOM_OPENING_LOOK, ROOM_OPENING_LOOKS, ROOM_OPENING_RETRY};
use crate::runtime::Runtime;
use crate::store::{StoreError, StoredRoom};

impl Lobby {
    /// Creates a room that whoever requests it owns, by `account` if it has one. Answered by
    /// [`LobbyReply::Created`], and before that by [`ClientEvent::Owns`].
    pub fn create(self: &Arc<Self>, requester: Requester, account: Option<Name>, name: RoomName) {
        let (lobby, inbox) = (Arc::clone(self), Arc::clone(&requester.inbox));
        self.answer(&inbox, async move {
            let result = lobby.try_create(&name, &requester, account).await;
            let inbox = requester.inbox;
            let result = result.map(|room| inbox.put(ClientEvent::Owns(room)));
            inbox.reply(LobbyReply::Created(name, result));
        });
    }

    /// The slot that the room has among all is taken before the store is asked, and given back if it refuses: others
    /// create rooms meanwhile.
    async fn try_create(
        &self,
        name: &RoomName,
        requester: &Requester,
        account: Option<Name>,
    ) -> Result<RoomHandle, CreateError> {
        let (key, founder) = (name.key(), requester.id);
        {
            let mut state = self.lock();
            state.check_new(name)?;
            let (open, limits) = (state.rooms.len(), state.limits);
            let by = requester.founder(account.as_ref());
            state.founders.begin(&limits, open, &key, founder, by)?;
            state.room_names.claim(name);
        }
        let creating = AssertUnwindSafe(self.store_and_open(name, founder, account)).catch_unwind();
        let created = creating.await.unwrap_or(Err(CreateError::NotStored));
        let mut state = self.lock();
        // It may be closed again already.
        let id = created.as_ref().ok().map(|room| room.id);
        let id = id.filter(|id| state.rooms.contains_key(id));
        state.founders.end(&key, founder, id);
        state.room_names.release(name);
        drop(state);
        created
    }

    /// Waits until somebody who was faster has opened the room too: whoever hears that it exists may join it at once.
    async fn until_open(&self, name: &RoomName) {
        for _ in 0..ROOM_OPENING_LOOKS {
            if !self.lock().founders.others_open(&name.key()) {
                return;
            }
            self.runtime.clock.after(ROOM_OPENING_LOOK).await;
        }
    }

    async fn store_and_open(
        &self,
        name: &RoomName,
        founder: MemberId,
        account: Option<Name>,
    ) -> Result<RoomHandle, CreateError> {
        let id = match self.store.create_room(name.clone()).await {
            Ok(id) => id,
            Err(StoreError::RoomExists) => {
                self.until_open(name).await;
                return Err(CreateError::Exists);
            }
            Err(_) => return Err(CreateError::NotStored),
        };
        // If it cannot be read now, it is as new as it was a moment ago.
        let reading = AssertUnwindSafe(self.store.open_room(id)).catch_unwind();
        let image = reading.await.ok().and_then(Result::ok).unwrap_or_default();
        let room = StoredRoom {
            id,
            name: name.clone(),
            last_line: None,
            last_id: 0,
            image,
        };
        let (answer, answered) = async_channel::bounded(1);
        let founded = RoomCommand::SetFounder(founder, account.clone(), answer);
        let opened = self.open_founded(room, founder, account, founded);
        // A room that ends at once does not answer.
        let _ = answered.recv().await;
        Ok(opened)
    }

    /// Opens a room that was created just now, and has it follow `founded` before anything else.
    fn open_founded(
        &self,
        room: StoredRoom,
        founder: MemberId,
        account: Option<Name>,
        founded: RoomCommand,
    ) -> RoomHandle {
        let mut state = self.lock();
        // Somebody who looked for rooms just now has opened it already, without an owner.
        if let Some(opened) = state.rooms.get(&room.id) {
            let _ = opened.mailbox.put(founded);
            return opened.clone();
        }
        self.open_room(&mut state, room, |handle| {
            let moderation = Moderation::of(founder, account, self.steady_time());
            handle.info.show_moderation(&moderation);
            // Before anybody can be there.
            let _ = handle.mailbox.put(founded);
        })
    }

    /// Opens the rooms that were stored since this was last called, by whomever. Costs next to nothing if
    /// there are none.
    pub(super) async fn look_for_rooms(&self) -> Result<(), StoreError> {
        let (seen, closed, failed) = {
            let state = self.lock();
            let mut closed = state.closed_rooms.ids();
            closed.extend(&state.failed_rooms);
            (state.rooms_seen, closed, state.failed_rooms.clone())
        };
        let (rooms, last) = self.store.rooms_after(seen).await?;
        // What an operator has opened again, or what has failed.
        let reopened = match closed.is_empty() {
            true => Vec::new(),
            false => self.store.open_rooms(closed).await?,
        };
        let mut state = self.lock();
        for room in rooms {
            let is_known = state.rooms.contains_key(&room.id);
            if is_known || room.id <= state.rooms_seen || state.closed.contains(&room.id) {
                continue;
            }
            state.failed_rooms.remove(&room.id);
            self.open_owned(&mut state, room);
        }
        // One that has failed and is not open any more was closed elsewhere meanwhile.
        let gone = failed
            .iter()
            .filter(|id| !reopened.iter().any(|room| room.id == **id));
        for id in gone {
            state.failed_rooms.remove(id);
        }
        // Another server may be about to open one again.
        for room in reopened.into_iter().filter(|room| !room.image.is_closed) {
            // Whoever closed it once more meanwhile, or opened it, has entered that.
            if state.closed_rooms.remove(room.id) {
                self.open_room(&mut state, room, |_| ());
            } else if state.failed_rooms.remove(&room.id) {
                self.open_owned(&mut state, room);
            }
        }
        state.rooms_seen = state.rooms_seen.max(last);
        let seen = state.rooms_seen;
        state.closed.retain(|closed| *closed > seen);
        Ok(())
    }

    /// Opens a stored room, which counts among those of its owner.
    fn open_owned(&self, state: &mut State, room: StoredRoom) {
        let (id, owner) = (room.id, room.image.state.moderation.first_owner().cloned());
        self.open_room(state, room, |_| ());
        state.founders.found(id, owner);
    }

    /// Starts the actor of a stored room and enters it; `first` comes before the actor does anything.
    pub(super) fn open_room(
        &self,
        state: &mut State,
        room: StoredRoom,
        first: impl FnOnce(&RoomHandle),
    ) -> RoomHandle {
        let info = RoomInfo::new(room.image.state.topic.clone(), room.last_line);
        info.note_last_id(room.last_id);
        let handle = RoomHandle::new(room.id, room.name, info);
        handle.info.show_moderation(&room.image.state.moderation);
        first(&handle);
        let (register, id) = (Arc::downgrade(&self.state), handle.id);
        let lobby = Weak::clone(&self.this);
        let ended = move |how: RoomEnd<'_>| match how {
            RoomEnd::Closed(closing, moderation) => {
                if let Some(register) = register.upgrade() {
                    lock(&register).close_room(id, closing, moderation);
                }
            }
            RoomEnd::Fault => {
                if let Some(lobby) = lobby.upgrade() {
                    lobby.room_failed(id);
                }
            }
        };
        let room = Room::from_image(state.room_limits, room.image);
        let Runtime { clock, counts, .. } = self.runtime.clone();
        let store = self.store.clone();
        let actor = room::run(room, handle.clone(), store, clock, counts, ended);
        // As it is: an async block around it would keep two places for it.
        let actor = self.actors.spawn(actor);
        state.actors.insert(id, actor);
        let key = handle.name.key();
        state.founders.opened(&key);
        state.room_names.insert(&handle.name, id);
        state.rooms.insert(id, handle.clone());
        handle
    }

    async fn open_failed_rooms(self: Arc<Self>) {
        // Once the server stops nobody comes any more.
        while !self.lock().stopping {
            let looking = AssertUnwindSafe(self.look_for_rooms()).catch_unwind();
            if matches!(looking.await, Ok(Ok(()))) {
                return;
            }
            self.runtime.clock.after(ROOM_OPENING_RETRY).await;
        }
    }

    /// A room has failed. What was shown of it is in the store, from where it is opened again.
    pub(super) fn room_failed(self: &Arc<Self>, id: RoomId) {
        let name = {
            let mut state = self.lock();
            state.failed_rooms.insert(id);
            state.forget_room(id)
        };
        if let Some(name) = name {
            error!(room = %name, "the room has failed and is opened again");
        }
        self.requests.start(Arc::clone(self).open_failed_rooms());
    }
}

impl State {
    /// Whether there can be a new room called `name`: nothing is there that it is, or that it looks like.
    pub(super) fn check_new(&self, name: &RoomName) -> Result<(), CreateError> {
        if self.room_names.get(name).is_some() {
            return Err(CreateError::Exists);
        }
        let Some(alike) = self.room_names.alike(name) else {
            return Ok(());
        };
        let room = self
            .room_names
            .get(alike)
            .and_then(|id| self.rooms.get(&id));
        // A private room is not named to those who are not in it.
        let seen = room.filter(|room| rooms::is_seen(room, None));
        Err(CreateError::Alike(seen.map(|room| room.name.clone())))
    }

    /// Takes a room that its owner has closed out of sight; its actor ends by itself.
    fn close_room(&mut self, id: RoomId, closing: Closing, moderation: &Moderation) {
        if let Some(name) = self.forget_room(id) {
            self.closed_rooms.add(id, &name, closing, moderation);
        }
        if id > self.rooms_seen {
            self.closed.insert(id);
        }
    }

    /// Takes a room out of sight; its actor ends by itself.
    fn forget_room(&mut self, id: RoomId) -> Option<RoomName> {
        if let Some(actor) = self.actors.remove(&id) {
            actor.detach();
        }
        let room = self.rooms.remove(&id)?;
        self.room_names.remove(&room.name, id);
        self.founders.closed(&room.name.key(), id);
        Some(room.name.clone())
    }
}
