//! Asking: the room, the lobby, and about accounts.

use std::net::IpAddr;
use std::sync::Arc;

use super::{Awaiting, Candidates, Participant};
use crate::chat::account::AccountRequest;
use crate::chat::address::Address;
use crate::chat::people::{Recipient, Words};
use crate::chat::request::{Info, LobbyRequest, RoomReply, RoomRequest};
use crate::chat::settings::Settings;
use crate::hub::lobby::Requester;
use crate::hub::room::RoomCommand;

impl Participant {
    /// Asks the room. Where the user is in none, nobody replies.
    pub fn ask_room(&mut self, request: RoomRequest) {
        let Some(membership) = &self.room else { return };
        let room = &membership.room;
        match request {
            RoomRequest::Say(kind, text) => {
                self.in_flight += 1;
                return self.post(RoomCommand::Say {
                    member: self.id,
                    kind,
                    text: text.into_boxed_str(),
                });
            }
            RoomRequest::Members => self.tell_room(RoomCommand::Who(self.id)),
            RoomRequest::Topic => {
                let (name, topic) = (room.name.clone(), room.info.topic());
                self.inbox.reply(RoomReply::Shown(Info::Topic(name, topic)));
            }
            RoomRequest::Moderate(command) => {
                self.lobby.moderate(room, self.id, command, &self.inbox);
            }
            RoomRequest::Lock(password) => {
                let room = room.clone();
                let lobby = &self.lobby;
                lobby.lock_room(room, self.id, password, self.group(), &self.inbox);
            }
            RoomRequest::Leave => self.tell_room(RoomCommand::Leave(self.id, None)),
        }
        self.awaiting = Awaiting::Room;
    }

    /// Asks the lobby.
    pub fn ask_lobby(&mut self, request: LobbyRequest) {
        let (lobby, inbox, id) = (&self.lobby, &self.inbox, self.id);
        let here = self.room.as_ref().map(|membership| &membership.room);
        match request {
            LobbyRequest::Create(room) => {
                lobby.create(self.requester(), self.account.clone(), room);
            }
            LobbyRequest::Join(room, None) => lobby.find(room, inbox),
            LobbyRequest::Join(room, Some(password)) => {
                lobby.find_with(room, password, self.group(), inbox);
            }
            LobbyRequest::Reopen(room, new) => {
                lobby.reopen(self.requester(), self.account.clone(), room, new);
            }
            LobbyRequest::Rooms => lobby.list(inbox),
            LobbyRequest::RoomPage(page) => lobby.list_page(page, id, self.room_id(), inbox),
            LobbyRequest::Rename(name) => lobby.take_name(id, name, self.address()),
            LobbyRequest::Users => lobby.everybody(here, inbox),
            LobbyRequest::Whois(name) => lobby.whois(name, here.cloned(), inbox),
            LobbyRequest::Stats => lobby.stats(inbox),
            LobbyRequest::Message(to, text) => {
                let address = self.address();
                lobby.tell(id, address, to, Words::Text(text.into()), inbox);
            }
            LobbyRequest::Invite(name) => {
                let Some(membership) = &self.room else { return };
                let (address, to) = (self.address(), Recipient::Name(name));
                let room = membership.room.name.clone();
                lobby.tell(id, address, to, Words::Invitation(room), inbox);
            }
            LobbyRequest::Ignore(request) => lobby.ignore(id, request, inbox),
            LobbyRequest::Away(why) => lobby.away(id, why, inbox),
            LobbyRequest::Admin(line) => {
                lobby.administer_for(id, line, inbox);
            }
            LobbyRequest::Report(name, why) => lobby.report(id, name, why, here.cloned(), inbox),
            LobbyRequest::History(query) => match self.room_id() {
                Some(room) => {
                    let address = self.address();
                    self.looking = Some(lobby.look(room, query, address, inbox));
                }
                None => return,
            },
        }
        self.awaiting = Awaiting::Lobby;
    }

    /// Asks about an account. A name that is registered gets these `settings`.
    pub fn ask_account(&mut self, request: AccountRequest, settings: Settings) {
        self.lobby.handle(self.requester(), request, settings);
        self.awaiting = Awaiting::Lobby;
    }

    /// Where it comes from, as rules go by it.
    pub(super) fn address(&self) -> Option<Address> {
        self.source.ip().map(Address::from)
    }

    /// The same, as its passwords are counted by it.
    fn group(&self) -> Option<IpAddr> {
        self.address().map(IpAddr::from)
    }

    fn requester(&self) -> Requester {
        Requester {
            id: self.id,
            address: self.group(),
            key: self.key.as_deref().copied(),
            inbox: Arc::clone(&self.inbox),
        }
    }

    /// Asks what a word that begins with `prefix` can be completed to. Answered by
    /// [`Event::Candidates`](super::Event::Candidates); false if nobody will answer.
    #[must_use]
    pub fn ask_candidates(&self, candidates: Candidates, prefix: &str) -> bool {
        let (lobby, inbox) = (&self.lobby, &self.inbox);
        match candidates {
            Candidates::Rooms => lobby.complete_rooms(prefix, self.room_id(), inbox),
            Candidates::Users => lobby.complete_users(prefix, inbox),
            // A room that is being left gives no answer.
            Candidates::Members if self.room.is_none() || self.is_awaiting() => return false,
            Candidates::Members => self.tell_room(RoomCommand::Names(self.id, prefix.into())),
        }
        true
    }
}
