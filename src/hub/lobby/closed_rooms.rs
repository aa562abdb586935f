//! Closed rooms, and opening them again before their lines are deleted.
//!
//! What is kept of them, and for how long, the store decides. Here is who owned them: the store knows no connections,
//! and the owner of a room may have no account.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_lite::FutureExt;

use super::{Lobby, Requester};
use crate::chat::admin::RoomRow;
use crate::chat::history::RoomId;
use crate::chat::message::MemberId;
use crate::chat::name::{Name, RoomName};
use crate::chat::request::{CreateError, LobbyReply, ReopenError};
use crate::chat::room::{Closing, Kept, Moderation, Reopener};
use crate::hub::room::{ClientEvent, RoomCommand, RoomHandle};
use crate::limits::CLOSED_ROOMS_MAX;
use crate::store::{StoreError, StoredRoom};
use crate::time::Timestamp;

/// The rooms that were closed and may still have their lines.
#[derive(Debug, Default)]
pub(super) struct ClosedRooms(BTreeMap<RoomId, ClosedRoom>);

#[derive(Debug)]
struct ClosedRoom {
    name: RoomName,
    key: String,
    closing: Closing,
    moderation: Moderation,
}

impl ClosedRooms {
    /// Notes a room that was closed, unless nothing of it is kept. Those beyond [`CLOSED_ROOMS_MAX`] go as they do in
    /// the store.
    pub(super) fn add(
        &mut self,
        id: RoomId,
        name: &RoomName,
        closing: Closing,
        moderation: &Moderation,
    ) {
        if closing.kept.is_nothing() {
            return;
        }
        let room = ClosedRoom {
            name: name.clone(),
            key: name.key(),
            closing,
            moderation: moderation.clone(),
        };
        self.0.insert(id, room);
        if self.0.len() > CLOSED_ROOMS_MAX {
            let rank = |room: &ClosedRoom| (room.closing.kept == Kept::AtLeast, room.closing.until);
            let first = self.0.iter().min_by_key(|(_, room)| rank(room));
            if let Some(id) = first.map(|(id, _)| *id) {
                self.0.remove(&id);
            }
        }
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// As operators see those that can be opened again at the time `now`.
    pub(super) fn rows(&self, now: Timestamp) -> impl Iterator<Item = RoomRow> {
        let kept = self.0.values().filter(move |room| room.closing.until > now);
        kept.map(move |room| RoomRow {
            name: room.name.clone(),
            members: 0,
            lines: 0,
            last_line: None,
            is_locked: room.moderation.lock().is_some(),
            is_private: room.moderation.is_private(),
            owners: room.moderation.owner_accounts().cloned().collect(),
            topic: None,
            closed: Some(room.closing.until.since(now)),
        })
    }

    pub(super) fn ids(&self) -> Vec<RoomId> {
        self.0.keys().copied().collect()
    }

    /// False if it is not there.
    pub(super) fn remove(&mut self, id: RoomId) -> bool {
        self.0.remove(&id).is_some()
    }

    /// Whoever registers the name next has nothing of it.
    pub(super) fn account_deleted(&mut self, account: &Name) {
        for room in self.0.values_mut() {
            room.moderation.forget_account(account);
        }
    }

    /// The room of this key that was closed last of those that the user may open, and what they are to it.
    fn find(
        &self,
        key: &str,
        member: MemberId,
        account: Option<&Name>,
    ) -> Option<(RoomId, RoomName, Reopener)> {
        let named = self.0.iter().filter(|(_, room)| room.key == key);
        let theirs = named.filter_map(|(id, room)| {
            let reopener = room.moderation.reopener(member, account)?;
            Some((room.closing.until, *id, room.name.clone(), reopener))
        });
        let (_, id, name, reopener) = theirs.max_by_key(|(until, id, ..)| (*until, *id))?;
        Some((id, name, reopener))
    }
}

impl Lobby {
    /// Opens a closed room of the user with this connection and account again, under another name if one is given.
    /// Answered by [`LobbyReply::Reopened`], and before that by [`ClientEvent::Owns`].
    pub fn reopen(
        self: &Arc<Self>,
        requester: Requester,
        account: Option<Name>,
        name: RoomName,
        new: Option<RoomName>,
    ) {
        let (lobby, inbox) = (Arc::clone(self), Arc::clone(&requester.inbox));
        self.answer(&inbox, async move {
            let opened = lobby.try_reopen(&requester, account, &name, new).await;
            let inbox = requester.inbox;
            inbox.reply(LobbyReply::Reopened(name, opened));
        });
    }

    /// It takes the slot of a new room, as [`Lobby::create`] does.
    async fn try_reopen(
        &self,
        requester: &Requester,
        account: Option<Name>,
        name: &RoomName,
        new: Option<RoomName>,
    ) -> Result<RoomName, ReopenError> {
        let member = requester.id;
        let (id, name, reopener) = {
            let mut state = self.lock();
            let found = state
                .closed_rooms
                .find(&name.key(), member, account.as_ref());
            let (id, old, reopener) = found.ok_or(ReopenError::NoRoom)?;
            let name = new.unwrap_or(old);
            state.check_new(&name).map_err(|error| match error {
                CreateError::Exists => ReopenError::Exists(name.clone()),
                error => ReopenError::Refused(error),
            })?;
            let founder = requester.founder(account.as_ref());
            let (open, limits) = (state.rooms.len(), state.limits);
            let slot = state
                .founders
                .begin(&limits, open, &name.key(), member, founder);
            slot.map_err(ReopenError::Refused)?;
            state.room_names.claim(&name);
            (id, name, reopener)
        };
        let opening = AssertUnwindSafe(self.store_reopened(id, &name)).catch_unwind();
        let opened = opening.await.unwrap_or(Err(ReopenError::NotStored));
        let opened = match opened {
            Ok(room) => {
                let handle = self.open_again(room, reopener, member, account).await;
                requester.inbox.put(ClientEvent::Owns(handle));
                Ok(())
            }
            Err(error) => Err(error),
        };
        let mut state = self.lock();
        // It may be closed again already.
        let open = opened.is_ok().then_some(id);
        let open = open.filter(|id| state.rooms.contains_key(id));
        state.founders.end(&name.key(), member, open);
        state.room_names.release(&name);
        drop(state);
        opened.map(|()| name)
    }

    async fn store_reopened(&self, id: RoomId, name: &RoomName) -> Result<StoredRoom, ReopenError> {
        let reopened = self.store.reopen_room(id, name.clone(), self.steady_time());
        reopened.await.map_err(|error| match error {
            StoreError::RoomExists => ReopenError::Exists(name.clone()),
            StoreError::NoRoom => {
                // It was too long ago, or is open by now.
                self.lock().closed_rooms.remove(id);
                ReopenError::NoRoom
            }
            _ => ReopenError::NotStored,
        })
    }

    async fn open_again(
        &self,
        room: StoredRoom,
        reopener: Reopener,
        member: MemberId,
        account: Option<Name>,
    ) -> RoomHandle {
        let handle = {
            let mut state = self.lock();
            let moderation = match state.closed_rooms.0.remove(&room.id) {
                Some(closed) => closed.moderation,
                None => room.image.state.moderation.clone(),
            };
            let moderation = moderation.reopened(member, account.as_ref());
            let reopened = |handle: &RoomHandle| {
                handle.info.show_moderation(&moderation);
                // Before anybody can be there.
                let moderation = Box::new(moderation.clone());
                let _ = handle.mailbox.put(RoomCommand::Reopened(moderation));
            };
            // Somebody who looked for rooms just now has opened it already.
            match state.rooms.get(&room.id) {
                Some(opened) => opened.clone(),
                None => self.open_room(&mut state, room, reopened),
            }
        };
        if let Reopener::Founder = reopener {
            let (answer, answered) = async_channel::bounded(1);
            let founded = RoomCommand::SetFounder(member, account, answer);
            let _ = handle.mailbox.put(founded);
            // A room that ends at once does not answer.
            let _ = answered.recv().await;
        }
        handle
    }

    /// Reads which rooms were closed before the server was started.
    pub(super) async fn look_for_closed_rooms(&self) -> Result<(), StoreError> {
        let rooms = self.store.closed_rooms(self.steady_time()).await?;
        let mut state = self.lock();
        for (room, closing) in rooms {
            let (name, moderation) = (&room.name, &room.image.state.moderation);
            state.closed_rooms.add(room.id, name, closing, moderation);
        }
        Ok(())
    }
}
