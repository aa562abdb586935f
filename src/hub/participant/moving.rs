//! Coming into rooms, moving between them, and leaving; and what rooms hear of a user's name and account.

use std::future::poll_fn;
use std::sync::Arc;

use super::{Awaiting, Event, Participant};
use crate::chat::history::{RoomSnapshot, Unread};
use crate::chat::message::Item;
use crate::chat::name::Name;
use crate::chat::password::Hash;
use crate::chat::request::{LobbyReply, Reply};
use crate::chat::room::{ConnectionEnd, Identity, JoinRequest, Seat};
use crate::hub::lobby::KeptSeat;
use crate::hub::room::{ClientEvent, Ended, Joining, Membership, RoomCommand, RoomHandle};

impl Participant {
    /// Asks a room to let the user in. One that was closed after it was found says so too.
    pub(super) fn request_join(
        &mut self,
        room: &RoomHandle,
        pass: Option<Hash>,
        seat: Option<Seat>,
    ) {
        let request = JoinRequest {
            member: self.id,
            name: self.name.clone(),
            account: self.account.clone(),
            address: self.address(),
            pass,
            seat,
        };
        let guest = Joining::new(request, room.name.clone(), Arc::clone(&self.inbox));
        let _ = room.mailbox.put(RoomCommand::Join(Box::new(guest)));
    }

    /// Goes back to the seat that was kept for `account`, which the user has just logged in to. Whoever is in a room
    /// stays there.
    pub(super) fn take_seat(&mut self, account: &Name) {
        if self.room.is_some() {
            return;
        }
        if let Some(KeptSeat { room, seat, .. }) = self.lobby.take_seat(account) {
            self.has_read(&room, seat.seen);
            self.request_join(&room, None, Some(seat));
            self.awaiting = Awaiting::Lobby;
        }
    }

    /// A room has let the user in. One that it is in still is left now; what that says until it has let go is
    /// shown first.
    pub(super) fn admitted(
        &mut self,
        membership: Membership,
        snapshot: RoomSnapshot,
    ) -> Option<Event> {
        if std::mem::take(&mut self.renamed_while_joining) {
            // A room that is closed has nobody to call by another name.
            let rename = RoomCommand::Rename {
                member: self.id,
                name: self.name.clone(),
            };
            let _ = membership.room.mailbox.put(rename);
            let account = RoomCommand::Account(self.id, self.account.clone());
            let _ = membership.room.mailbox.put(account);
        }
        if self.room.is_some() {
            self.tell_room(RoomCommand::Leave(self.id, None));
            self.next = Some(Box::new((membership, snapshot)));
            return None;
        }
        Some(Event::Reply(self.sit_down(membership, snapshot)))
    }

    pub(super) fn sit_down(&mut self, membership: Membership, mut snapshot: RoomSnapshot) -> Reply {
        let name = membership.room.name.clone();
        self.join_seq = snapshot.join_seq;
        let read = self.lobby.read(self.id, membership.room.id);
        snapshot.unread = read.and_then(|read| Unread::of(read, snapshot.last_id));
        self.lobby.moved(self.id, Some(&membership.room));
        self.room = Some(membership);
        self.awaiting = Awaiting::Nothing;
        Reply::Lobby(LobbyReply::Joined(name, Ok(snapshot)))
    }

    // ---- names and ownership ----

    /// The room hears of the new name before anybody else can take the old one.
    pub(super) fn rename(&mut self, new: Name) {
        let rename = || RoomCommand::Rename {
            member: self.id,
            name: new.clone(),
        };
        self.tell_room(rename());
        if let Some(next) = &self.next {
            let _ = next.0.room.mailbox.put(rename());
        }
        // A name can be taken away while a room is asked to let the user in.
        self.renamed_while_joining = self.is_awaiting();
        let old = std::mem::replace(&mut self.name, new.clone());
        self.lobby.free_name(self.id, &old, &new);
    }

    /// Tells the rooms that the user or the account owns, and the one the user is in, of another account.
    pub(super) fn account_is(&mut self, account: Option<Name>) {
        if account == self.account {
            return;
        }
        self.account.clone_from(&account);
        if let Some(account) = &account {
            self.lobby.account_came(self.id, account, &self.inbox);
        }
        let is_owned = |room: &&RoomHandle| self.owned.iter().any(|owned| owned.id == room.id);
        let here = self.room.as_ref().map(|membership| &membership.room);
        let next = self.next.as_ref().map(|next| &next.0.room);
        let others = here.into_iter().chain(next);
        let others = others.filter(|room| !is_owned(room));
        for room in self.owned.iter().chain(others) {
            // Nobody is in a room that is closed.
            let _ = room
                .mailbox
                .put(RoomCommand::Account(self.id, account.clone()));
        }
    }

    /// Remembers a room to be told of the end of this connection.
    pub(super) fn owns(&mut self, room: RoomHandle) {
        self.owned
            .retain(|owned| !owned.mailbox.is_closed() && owned.id != room.id);
        self.owned.push_back(room);
    }

    // ---- the end ----

    /// Leaves the room, gives up what it owns, frees the name. What is still said is not taken. If the connection
    /// `was_lost`, the user keeps what it owns, and the name, for long enough to come back.
    pub async fn leave(&mut self, was_lost: bool) {
        let was_lost = was_lost || self.lobby.is_moving();
        self.note_last_read();
        if self.looking.take().is_some() {
            // Nobody wants to know any more.
            self.awaiting = Awaiting::Nothing;
        }
        // The reply to a request on its way may bring or end a membership; it comes at once.
        let mut unseen = Vec::new();
        while self.is_awaiting() {
            let mut busy = false;
            if let Some(taken) = self.take(usize::MAX, &mut unseen) {
                busy = !unseen.is_empty() || taken.skipped > 0;
                unseen.clear();
            }
            busy |= self.departure().is_some();
            for event in self.events() {
                busy = true;
                self.handle(event);
            }
            if self.is_awaiting() && !busy {
                poll_fn(|cx| self.inbox.poll_rung(cx)).await;
            }
        }
        let how = self.end(was_lost);
        // A room that was closed meanwhile has nobody in it any more.
        for membership in [self.room.take(), self.next.take().map(|next| next.0)] {
            let Some(membership) = membership else {
                continue;
            };
            if let Some(line) = self.unsent.take() {
                let _ = membership.room.mailbox.put(*line);
            }
            let ended = Ended {
                reader: membership.reader,
                how: how.clone(),
            };
            let leave = RoomCommand::Leave(self.id, Some(Box::new(ended)));
            let _ = membership.room.mailbox.put(leave);
        }
        for event in self.events() {
            if let ClientEvent::Owns(room) = event {
                self.owned.push_back(room);
            }
        }
        let mut owns = false;
        while let Some(room) = self.owned.pop_front() {
            let ended = RoomCommand::OwnerEnded(self.id, Box::new(how.clone()));
            owns |= room.mailbox.put(ended).is_ok();
        }
        match how {
            ConnectionEnd::Lost(identity) if owns => self.lobby.unregister_lost(self.id, identity),
            _ => self.lobby.unregister(self.id, &self.name),
        }
    }

    /// Notes how far the user has read in the room, up to what was not taken, and gives the number of that line.
    pub(super) fn note_last_read(&mut self) -> Option<u64> {
        let mut untaken = Vec::new();
        let last = self.room.as_mut().map(|membership| {
            let last = membership.room.info.last_id();
            membership.reader.take(usize::MAX, &mut untaken);
            last
        });
        let items = untaken.iter().flat_map(|batch| batch.items());
        let first = items.filter_map(|item| match item {
            Item::Message(message) => Some(message.id),
            Item::Notice(_) => None,
        });
        let read = first.min().map_or(last, |first| Some(first - 1));
        let (membership, read) = (self.room.as_ref()?, read?);
        self.has_read(&membership.room, read);
        Some(read)
    }

    /// Whoever has an account is recognised by that.
    fn end(&self, was_lost: bool) -> ConnectionEnd {
        let is_known_by_name = was_lost && self.account.is_none();
        let address = self.address().filter(|_| is_known_by_name);
        match Identity::of(&self.name, address) {
            Some(identity) => ConnectionEnd::Lost(identity),
            None => ConnectionEnd::Left,
        }
    }
}
