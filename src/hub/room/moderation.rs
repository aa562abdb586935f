//! What the actor does when owners give orders, come and go.

use std::sync::Arc;

use async_channel::Sender;

use super::Actor;
use crate::chat::message::MemberId;
use crate::chat::request::{Info, ModCommand, ModError, ModReply, Reply, RoomReply};
use crate::chat::room::Change;
use crate::chat::room::permissions::Permission;
use crate::hub::room::ClientEvent;
use crate::time::Timestamp;

impl Actor {
    /// Tells whoever hashes the password for `member` whether it is worth it.
    pub(super) fn may_lock(&self, member: MemberId, answer: &Sender<()>) {
        match self.room.allows(member, Permission::Lock) {
            // Who asks waits, and the channel has a place for it.
            Ok(()) => drop(answer.try_send(())),
            Err(why) => self.answer(member, Err(why)),
        }
    }

    /// Follows an order, or tells why not. What has to be stored is stored before anybody sees it.
    pub(super) async fn order(&mut self, member: MemberId, order: &ModCommand, time: Timestamp) {
        if let ModCommand::SetTopic(topic) = order {
            let set = self.set_topic(member, topic.clone()).await;
            return self.answer(member, set.map(|()| ModReply::Done));
        }
        self.settle(time).await;
        let change = match self.room.judge(member, order, time) {
            Ok(change) => change,
            Err(why) => return self.answer(member, Err(why)),
        };
        if !self.store_change(&change).await {
            return self.answer(member, Err(ModError::NotStored));
        }
        // Who goes sees what was said until now; who stays sees that they went.
        self.publish();
        if change.closes {
            self.close();
        }
        self.put_out(&change);
        let (answer, owner) = (change.answer.clone(), change.owner);
        self.room.apply(change);
        self.publish();
        self.note_care();
        if let Some(owner) = owner {
            self.tell(owner, ClientEvent::Owns(self.handle.clone()));
        }
        self.answer(member, Ok(answer));
    }

    /// Sees to it that somebody takes care of the room, and that the store knows who.
    pub(super) async fn settle(&mut self, time: Timestamp) {
        if let Some(heir) = self.room.settle(time) {
            self.tell(heir, ClientEvent::Owns(self.handle.clone()));
        }
        let care = self.room.care().to_json();
        // If it cannot be stored now, the next time will do.
        if care != self.stored_care
            && let Ok(()) = self.store.set_care(self.handle.id, care.clone()).await
        {
            self.stored_care = care;
        }
        self.note_care();
    }

    /// False if it cannot be stored.
    async fn store_change(&mut self, change: &Change) -> bool {
        if change.closes {
            return self.store.close_room(self.handle.id).await.is_ok();
        }
        let care = change.care.to_json();
        if care == self.stored_care {
            return true;
        }
        let stored = self.store.set_care(self.handle.id, care.clone()).await;
        if stored.is_ok() {
            self.stored_care = care;
        }
        stored.is_ok()
    }

    /// Nobody finds the room from now on; who has found it already is told that there is none.
    fn close(&mut self) {
        self.handle.mailbox.close();
        if let Some(closed) = self.closed.take() {
            closed();
        }
    }

    fn put_out(&mut self, change: &Change) {
        let how = change.put_out.clone().map(Arc::new);
        for &member in &change.out {
            if let Some(inbox) = self.inboxes.remove(&member) {
                self.outbox.end_reader(member, how.clone());
                inbox.put(ClientEvent::Left);
            }
        }
        let members = self.room.members() - change.out.len();
        self.handle.info.set_members(members);
    }

    /// Shows what may be known without asking.
    fn note_care(&self) {
        self.handle.info.show_moderation(self.room.care());
    }

    fn answer(&self, member: MemberId, answer: Result<ModReply, ModError>) {
        let reply = match answer {
            Ok(ModReply::Done) => RoomReply::Done,
            Ok(ModReply::Bans(bans)) => RoomReply::Shown(Info::Bans(bans)),
            Err(why) => RoomReply::Shown(Info::NotDone(why)),
        };
        self.tell(member, ClientEvent::Reply(Reply::Room(reply)));
    }
}
