//! What the actor does when owners give commands, come and go.

use async_channel::Sender;

use super::{Actor, RoomEnd};
use crate::chat::address::Address;
use crate::chat::message::MemberId;
use crate::chat::moderation::{Deed, OperatorDeed};
use crate::chat::name::Name;
use crate::chat::request::{Info, ModCommand, ModError, ModReply, Reply, RoomReply};
use crate::chat::room::{Closing, Role};
use crate::hub::room::ClientEvent;
use crate::hub::security::{self, Incident, Moderated};
use crate::limits::STALE_DECISIONS_MAX;
use crate::time::Timestamp;

impl Actor {
    /// Tells whoever hashes the password for `member` whether it is worth it.
    pub(super) fn may_lock(&self, member: MemberId, answer: &Sender<()>, time: Timestamp) {
        match self.room.allows(member, Deed::Lock, time) {
            // Who asks waits, and the channel has a place for it.
            Ok(()) => drop(answer.try_send(())),
            Err(why) => self.answer(member, Err(why)),
        }
    }

    /// Follows a command, or tells why not. It is stored before it is applied; on failure nothing changes.
    pub(super) async fn moderate(
        &mut self,
        member: MemberId,
        command: &ModCommand,
        time: Timestamp,
    ) {
        if !command.is_permitted(Role::Member) {
            self.ensure_owner(time).await;
        }
        // Whoever is removed is there no more afterwards.
        let deed = Moderated::by(command).map(|what| self.noted(member, what));
        let decided = self.carry_out(time, ModError::NotStored, |room| {
            room.decide_command(member, command, time)
        });
        let reply = decided.await;
        if reply.is_ok() {
            if let Some((address, by, what)) = deed {
                let room = &self.handle.name;
                let by = &by;
                security::note(address, &Incident::Moderated { room, by, what });
            }
            // The answer tells of a later time than the transcript.
            self.publish();
        }
        if reply == Ok(ModReply::MayClose) {
            let lines = self.lines_ever().await;
            self.tell_reply(member, RoomReply::MayClose(lines));
        } else {
            self.answer(member, reply);
        }
    }

    /// Does what an operator of the server asks, or says why not.
    pub(super) async fn operate(
        &mut self,
        deed: &OperatorDeed,
        time: Timestamp,
    ) -> Result<(), ModError> {
        let decided = self.carry_out(time, ModError::NotStored, |room| room.decide_deed(deed));
        let done = decided.await;
        // The answer tells of a later time than the transcript.
        self.publish();
        done
    }

    /// What the log says of a deed of `member`, and the address of whom it is about.
    fn noted(&self, member: MemberId, what: Moderated) -> (Option<Address>, Name, Moderated) {
        let address = match what.whom() {
            Some(whom) => self.room.address_called(whom),
            None => self.room.address_of(member),
        };
        (address, self.room.name_of(member), what)
    }

    /// How many lines were ever said here. If that cannot be read now, nobody has to know.
    async fn lines_ever(&mut self) -> u64 {
        let last = self.store.tail(self.handle.id, 1).await.unwrap_or_default();
        last.last().map_or(0, |line| line.id)
    }

    /// Sees to it that the room has an owner, and that bans end in time.
    pub(super) async fn ensure_owner(&mut self, time: Timestamp) {
        for _ in 0..STALE_DECISIONS_MAX {
            let entries = self.room.decide_owner(time);
            if entries.is_empty() {
                return;
            }
            // If it cannot be stored now, it is decided again the next time.
            if let Ok(None) | Err(_) = self.append(entries, time).await {
                return;
            }
        }
    }

    /// Ends the room if nobody is in it and nobody needs it, as [`RoomCommand::EndIfIdle`](super::RoomCommand::EndIfIdle) says.
    pub(super) async fn end_if_idle(
        &mut self,
        visits: u64,
        before: Option<Timestamp>,
        time: Timestamp,
    ) {
        let info = &self.handle.info;
        if info.visits() != visits || info.members() > 0 || !info.may_end(before) {
            return;
        }
        // An import may have brought lines that the room has not heard of.
        let Ok(last) = self.store.tail(self.handle.id, 1).await else {
            return;
        };
        if let Some(last) = last.last() {
            info.note_last_line(last.time);
        }
        if !info.may_end(before) {
            return;
        }
        // If it cannot be stored now, the lobby asks again.
        let _ = self
            .carry_out(time, (), |room| room.decide_end().ok_or(()))
            .await;
    }

    /// Unlists the room and closes its mailbox; joins under way get
    /// [`JoinError::NoRoom`](crate::chat::request::JoinError::NoRoom).
    pub(super) fn close(&mut self, closing: Closing) {
        self.handle.mailbox.close();
        if let Some(on_end) = self.on_end.take() {
            on_end(RoomEnd::Closed(closing, self.room.moderation()));
        }
    }

    fn answer(&self, member: MemberId, answer: Result<ModReply, ModError>) {
        let reply = match answer {
            Ok(ModReply::Done | ModReply::MayClose) => RoomReply::Done,
            Ok(ModReply::Banned(reply)) => RoomReply::Shown(Info::Banned(reply)),
            Ok(ModReply::Bans(bans)) => RoomReply::Shown(Info::Bans(bans)),
            Err(why) => RoomReply::Shown(Info::NotDone(why)),
        };
        self.tell_reply(member, reply);
    }

    fn tell_reply(&self, member: MemberId, reply: RoomReply) {
        self.tell(member, ClientEvent::Reply(Reply::Room(reply)));
    }
}
