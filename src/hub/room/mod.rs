//! A room: who is in it, what was said, and the task that keeps both in one order.
//!
//! [`Room`] is plain state and knows neither channels nor clocks. [`run`] is its actor: each turn it takes
//! all that waits in its mailbox, applies it to the room, publishes what came of it to the room's
//! [`Outbox`], and wakes the members. It MUST NOT wait for a member, and MUST NOT draw: connections do.

mod info;
mod mailbox;
mod orders;
mod outbox;
mod protocol;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::Arc;

use futures_lite::future;

use crate::chat::request::ModError;
use crate::chat::room::permissions::Permission;
use crate::chat::room::{JoinRequest, PostError, Room};

pub use info::RoomInfo;
pub use mailbox::Mailbox;
pub use outbox::{Outbox, Reader, Taken};
pub use protocol::{ClientEvent, ClientInbox, Membership, RoomCommand, RoomHandle, RoomInner};

use crate::chat::history::RoomSnapshot;
use crate::chat::message::{MemberId, NewMessage};
use crate::chat::request::JoinError;
use crate::chat::topic::Topic;
use crate::limits::WHO_NAMES_MAX;
use crate::store::Store;
use crate::time::Timestamp;

/// The actor: runs `room` until its mailbox is closed and empty, and returns it. What is said is shown once
/// `store` has it. `now` tells the time. If an owner closes the room, it is taken out of the store, then
/// `closed` is called, and then the members hear of it.
pub async fn run(
    room: Room,
    handle: RoomHandle,
    store: Store,
    now: impl Fn() -> Timestamp,
    closed: impl FnOnce() + Send + 'static,
) -> Room {
    let mut actor = Actor {
        closed: Some(Box::new(closed)),
        stored_care: room.care().to_json(),
        store,
        is_recalled: false,
        authors: Vec::new(),
        drafts: Vec::new(),
        outbox: Outbox::new(room.limits().outbox_bytes),
        inboxes: BTreeMap::new(),
        room,
        handle,
        news: false,
    };
    let mut turn = Vec::new();
    while poll_fn(|cx| actor.handle.mailbox.poll_take(&mut turn, cx)).await {
        let time = now();
        for word in turn.drain(..) {
            actor.apply(word, time).await;
        }
        actor.commit().await;
        actor.publish();
        actor.ring();
        shrink(&mut turn);
        // The members run before the room's next turn, so those who read keep up with any sender.
        future::yield_now().await;
    }
    actor.room
}

/// A storm of lines must not leave its space behind in every room it passed through.
fn shrink(turn: &mut Vec<RoomCommand>) {
    if turn.capacity() > 64 {
        *turn = Vec::new();
    }
}

struct Actor {
    /// What to call when the room is closed by an owner; `None` once it is.
    closed: Option<Box<dyn FnOnce() + Send>>,
    /// The room's care as the store has it.
    stored_care: String,
    room: Room,
    handle: RoomHandle,
    outbox: Arc<Outbox>,
    inboxes: BTreeMap<MemberId, Arc<ClientInbox>>,
    store: Store,
    /// The last lines from before this server was started are there.
    is_recalled: bool,
    /// Lines said in this turn and not stored yet, and who said each.
    drafts: Vec<NewMessage>,
    authors: Vec<MemberId>,
    /// Something was published since the members were last woken.
    news: bool,
}

impl Actor {
    async fn apply(&mut self, word: RoomCommand, time: Timestamp) {
        if let RoomCommand::Say { member, kind, text } = word {
            match self.room.draft(member, kind, text, time) {
                Ok(line) => {
                    self.drafts.push(line);
                    self.authors.push(member);
                }
                Err(PostError::Muted) => self.tell(member, ClientEvent::Muted),
                Err(PostError::NotHere) => {}
            }
            return;
        }
        // Whoever comes, goes or asks sees the room as it is after what was said before.
        self.commit().await;
        match word {
            RoomCommand::Say { .. } => {}
            RoomCommand::Rename { member, name } => self.room.rename(member, name),
            RoomCommand::Join(guest, inbox) => {
                self.recall().await;
                self.join(*guest, inbox, time).await;
            }
            RoomCommand::Leave(member, reader) => self.leave(member, reader, time).await,
            RoomCommand::Stop => self.room.suppress_presence(),
            RoomCommand::MayLock(member, answer) => self.may_lock(member, &answer),
            RoomCommand::Moderate(member, order) => self.order(member, &order, time).await,
            RoomCommand::SetFounder(care) => {
                self.room.set_founder(*care);
                self.settle(time).await;
            }
            RoomCommand::OwnerEnded(member) => {
                self.room.connection_ended(member, time);
                self.settle(time).await;
            }
            RoomCommand::Account(member, account) => {
                self.room.account_is(member, account, time);
                self.settle(time).await;
            }
            RoomCommand::AccountDeleted(account) => {
                self.room.account_deleted(&account);
                self.settle(time).await;
            }
            RoomCommand::Who(member) => {
                let (members, more) = self.room.first_members(WHO_NAMES_MAX);
                self.tell(member, ClientEvent::Members(members, more));
            }
            RoomCommand::Names(member) => self.tell(member, ClientEvent::Names(self.room.names())),
        }
    }

    /// Stores what was said. What could not be stored is not shown, and its authors are told.
    async fn commit(&mut self) {
        if self.drafts.is_empty() {
            return;
        }
        let drafts = std::mem::take(&mut self.drafts);
        match self.store.append(self.handle.id, drafts).await {
            Ok(stored) => {
                self.authors.clear();
                if let Some(last) = stored.last() {
                    self.handle.info.add_lines(stored.len() as u64, last.time);
                }
                for message in stored {
                    self.room.accept(message);
                }
            }
            Err(_) => {
                let authors = self.authors.drain(..);
                for inbox in authors.filter_map(|member| self.inboxes.get(&member)) {
                    inbox.put(ClientEvent::NotSent);
                }
            }
        }
    }

    /// Reads the last lines from before this server was started. If that fails, the next join tries again.
    async fn recall(&mut self) {
        if self.is_recalled || self.room.limits().history_lines == 0 {
            return;
        }
        let tail = self
            .store
            .tail(self.handle.id, self.room.limits().history_lines);
        if let Ok(lines) = tail.await {
            self.is_recalled = true;
            self.room.recall(lines);
        }
    }

    async fn join(&mut self, guest: JoinRequest, inbox: Arc<ClientInbox>, time: Timestamp) {
        let (member, has_account) = (guest.member, guest.account.is_some());
        if self.closed.is_none() {
            let room = self.handle.name.clone();
            return inbox.put(ClientEvent::Refused(room, JoinError::NoRoom));
        }
        match self.room.join(guest, time) {
            Ok(()) => {
                self.handle.info.set_members(self.room.members());
                self.publish();
                let seat = Membership {
                    room: self.handle.clone(),
                    reader: self.outbox.reader(member),
                };
                let scene = RoomSnapshot {
                    topic: self.handle.info.topic(),
                    history: self.room.history(),
                };
                inbox.put(ClientEvent::Admitted(seat, scene));
                self.inboxes.insert(member, inbox);
                if has_account || !self.room.has_owner(time) {
                    self.settle(time).await;
                }
            }
            Err(why) => inbox.put(ClientEvent::Refused(self.handle.name.clone(), why)),
        }
    }

    async fn leave(&mut self, member: MemberId, reader: Option<Reader>, time: Timestamp) {
        self.publish();
        self.room.leave(member);
        self.handle.info.set_members(self.room.members());
        if let Some(inbox) = self.inboxes.remove(&member)
            && reader.is_none()
        {
            self.outbox.end_reader(member, None);
            inbox.put(ClientEvent::Left);
        }
        // Only a connection that has ended gives its reader back.
        let has_ended = reader.is_some();
        // It is dropped here, before anything is published without it.
        drop(reader);
        if has_ended && self.room.care().rank(member, None).is_some() {
            self.room.connection_ended(member, time);
            self.settle(time).await;
        }
    }

    /// Stores the topic before applying it; on failure nothing changes.
    async fn set_topic(&mut self, member: MemberId, topic: Option<Topic>) -> Result<(), ModError> {
        self.room.allows(member, Permission::SetTopic)?;
        let stored = self.store.set_topic(self.handle.id, topic.clone()).await;
        stored.map_err(|_| ModError::NotStored)?;
        self.handle.info.set_topic(topic.clone());
        self.room.set_topic(member, topic);
        self.publish();
        Ok(())
    }

    fn tell(&self, member: MemberId, note: ClientEvent) {
        if let Some(inbox) = self.inboxes.get(&member) {
            inbox.put(note);
        }
    }

    /// Hands what is fresh to those who are members now.
    fn publish(&mut self) {
        if let Some(batch) = self.room.take_pending() {
            self.outbox.publish(batch, self.inboxes.len());
            self.news = true;
        }
    }

    fn ring(&mut self) {
        if std::mem::take(&mut self.news) {
            for inbox in self.inboxes.values() {
                inbox.ring();
            }
        }
    }
}
