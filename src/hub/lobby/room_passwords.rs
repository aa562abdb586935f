//! Passwords of rooms, and what owners need of the lobby.

use std::net::IpAddr;
use std::sync::Arc;

use super::Lobby;
use crate::chat::account::AccountError;
use crate::chat::address::Address;
use crate::chat::message::MemberId;
use crate::chat::name::{Name, RoomName};
use crate::chat::password::{Hash, Password};
use crate::chat::request::{
    Info, JoinError, LobbyReply, ModCommand, ModError, Reply, RoomReply, Target,
};
use crate::hub::room::{ClientEvent, ClientInbox, RoomCommand, RoomHandle};
use crate::hub::security::{self, Incident};

impl Lobby {
    /// Finds the room to join and checks its password, given by a user who connects `from` there. Answered by
    /// [`ClientEvent::Found`], or by [`LobbyReply::Joined`] if there is no such room or the password is wrong.
    pub fn find_with(
        self: &Arc<Self>,
        name: RoomName,
        password: Password,
        from: Option<IpAddr>,
        inbox: &Arc<ClientInbox>,
    ) {
        let (lobby, asker) = (Arc::clone(self), Arc::clone(inbox));
        self.answer(inbox, async move {
            let note = match lobby.try_find_with(&name, password, from).await {
                Ok(found) => found,
                Err(why) => ClientEvent::Reply(Reply::Lobby(LobbyReply::Joined(name, Err(why)))),
            };
            asker.put(note);
        });
    }

    async fn try_find_with(
        &self,
        name: &RoomName,
        password: Password,
        from: Option<IpAddr>,
    ) -> Result<ClientEvent, JoinError> {
        let room = self.room(name).ok_or(JoinError::NoRoom)?;
        let Some(hash) = room.info.hash() else {
            return Ok(ClientEvent::Found(room, None));
        };
        let stored = Some(hash.as_str().to_owned());
        match self.passwords.check(from, password, stored).await {
            Ok(()) => Ok(ClientEvent::Found(room, Some(hash))),
            Err(AccountError::TooManyTries) => Err(JoinError::TooManyTries),
            Err(AccountError::Busy) => Err(JoinError::Busy),
            Err(_) => {
                let wrong = Incident::WrongRoomPassword(name);
                self.runtime.counts.wrong_passwords.add(1);
                security::note(from.map(Address::from), &wrong);
                Err(JoinError::WrongPassword)
            }
        }
    }

    /// Locks `room` on behalf of its member, who connects `from` there. Answered as [`Lobby::moderate`] is.
    pub fn lock_room(
        self: &Arc<Self>,
        room: RoomHandle,
        member: MemberId,
        password: Password,
        from: Option<IpAddr>,
        inbox: &Arc<ClientInbox>,
    ) {
        let (lobby, asker) = (Arc::clone(self), Arc::clone(inbox));
        self.answer(inbox, async move {
            let (answer, answered) = async_channel::bounded(1);
            // The room has answered if the member may not; a room that ends puts everybody out, which
            // answers all.
            let asked = room.mailbox.put(RoomCommand::MayLock(member, answer));
            if asked.is_err() || answered.recv().await.is_err() {
                return;
            }
            let why = match lobby.passwords.hash(from, password).await {
                Ok(phc) => {
                    let order = Box::new(ModCommand::Lock(Hash::new(&phc)));
                    let _ = room.mailbox.put(RoomCommand::Moderate(member, order));
                    return;
                }
                Err(AccountError::TooManyTries) => ModError::TooManyTries,
                Err(_) => ModError::NotStored,
            };
            asker.reply(RoomReply::Shown(Info::NotDone(why)));
        });
    }

    /// Has `room` follow a command of `member`. Answered by the room, or by the lobby on its behalf.
    pub fn moderate(
        self: &Arc<Self>,
        room: &RoomHandle,
        member: MemberId,
        command: ModCommand,
        inbox: &Arc<ClientInbox>,
    ) {
        let ModCommand::Ban(mut ban) = command else {
            // A room that is closed puts everybody out, which answers all.
            let _ = room
                .mailbox
                .put(RoomCommand::Moderate(member, Box::new(command)));
            return;
        };
        let (lobby, room, asker) = (Arc::clone(self), room.clone(), Arc::clone(inbox));
        self.answer(inbox, async move {
            if let Target::Name(name) = &ban.target {
                match lobby.holder(name).await {
                    Ok(holder) => {
                        ban.holder = holder;
                        ban.account = holder.and_then(|id| {
                            lobby
                                .with_user(id, |user| user.extras().account.clone())
                                .flatten()
                        });
                    }
                    Err(_) => return asker.reply(RoomReply::Shown(Info::Unavailable)),
                }
            }
            let command = Box::new(ModCommand::Ban(ban));
            let _ = room.mailbox.put(RoomCommand::Moderate(member, command));
        });
    }

    /// The rooms that an account owns.
    pub fn rooms_of(&self, account: &Name) -> Vec<RoomHandle> {
        let state = self.lock();
        let rooms = state.rooms.values();
        let owned = rooms.filter(|room| room.info.has_owner(account));
        owned.cloned().collect()
    }

    /// An account was deleted: whoever registers the name has created nothing, and can open no closed room again.
    pub(super) fn forget_account(&self, account: &Name) {
        let mut state = self.lock();
        state.founders.account_deleted(account);
        state.closed_rooms.account_deleted(account);
    }

    /// Tells the rooms that an account was deleted: its own, those that it founded, and those that were closed.
    pub fn account_deleted(&self, account: &Name) {
        self.forget_account(account);
        for room in self.lock().rooms.values() {
            // A room that is just being closed has no owner to forget.
            let _ = room
                .mailbox
                .put(RoomCommand::AccountDeleted(account.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_lite::future::{self, block_on};
    use smol::Executor;

    use super::*;
    use crate::chat::message::MemberId;
    use crate::chat::room::{ConnectionEnd, JoinRequest, RoomLimits};
    use crate::hub::lobby::{LobbyLimits, Requester};
    use crate::hub::room::Joining;
    use crate::runtime::Runtime;
    use crate::store::Store;

    fn name(text: &str) -> Name {
        Name::parse(text).expect("a name")
    }

    /// Waits for the next note that `wanted` makes something of.
    async fn next<T>(inbox: &ClientInbox, mut wanted: impl FnMut(ClientEvent) -> Option<T>) -> T {
        loop {
            if let Some(found) = inbox.take().into_iter().find_map(&mut wanted) {
                return found;
            }
            future::yield_now().await;
        }
    }

    #[test]
    fn the_rooms_of_an_account_are_known_and_hear_of_its_end() {
        let executor = Arc::new(Executor::new());
        let limits = RoomLimits {
            members_max: 0,
            history_lines: 0,
            outbox_bytes: 0,
            notice_delay: std::time::Duration::ZERO,
        };
        let test = async {
            let store = Store::memory(0);
            let lobby = Lobby::open(
                Runtime::new(Arc::clone(&executor)),
                store,
                limits,
                LobbyLimits::default(),
            );
            let lobby = Arc::new(lobby.await.expect("no rooms can be read"));
            let (ann, ben) = (Arc::<ClientInbox>::default(), Arc::<ClientInbox>::default());
            let room = RoomName::parse("1150").expect("a name");
            let requester = Requester {
                id: MemberId(1),
                address: None,
                key: None,
                inbox: Arc::clone(&ann),
            };
            lobby.create(requester, Some(name("Ann")), room.clone());
            let owned = next(&ann, |note| match note {
                ClientEvent::Owns(room) => Some(room),
                _ => None,
            });
            let owned = owned.await;
            assert_eq!(lobby.rooms_of(&name("Ann")).len(), 1);
            assert!(lobby.rooms_of(&name("Ben")).is_empty());
            // Ben is there when her connection ends, and then her account.
            let guest = JoinRequest {
                member: MemberId(2),
                name: name("Ben"),
                account: None,
                address: None,
                pass: None,
                seat: None,
            };
            let guest = Joining::new(guest, owned.name.clone(), Arc::clone(&ben));
            let request_join = RoomCommand::Join(Box::new(guest));
            owned.mailbox.put(request_join).expect("it is open");
            let ended = RoomCommand::OwnerEnded(MemberId(1), Box::new(ConnectionEnd::Left));
            owned.mailbox.put(ended).expect("it is open");
            lobby.account_deleted(&name("Ben"));
            lobby.account_deleted(&name("Ann"));
            // The seat comes with or before it, and has to be kept as long as he is a member.
            let mut notes = Vec::new();
            while !notes
                .iter()
                .any(|note| matches!(note, ClientEvent::Owns(_)))
            {
                notes.extend(ben.take());
                future::yield_now().await;
            }
            assert!(!owned.info.has_owner(&name("Ann")));
        };
        block_on(executor.run(test));
    }
}
