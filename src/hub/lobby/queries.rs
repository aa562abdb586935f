//! What the register tells of rooms and people.

use std::sync::Arc;

use super::{Lobby, rooms};
use crate::chat::history::RoomId;
use crate::chat::message::MemberId;
use crate::chat::name::Name;
use crate::chat::people::{People, Stats, UserSummary};
use crate::chat::request::{Info, LobbyReply, Reply};
use crate::hub::room::{ClientEvent, ClientInbox, RoomHandle};
use crate::limits::WHO_NAMES_MAX;

impl Lobby {
    /// Lists a page of the rooms that who is in `inside` may see. Answered by [`Reply::RoomPage`].
    pub fn list_page(
        self: &Arc<Self>,
        page: usize,
        inside: Option<RoomId>,
        inbox: &Arc<ClientInbox>,
    ) {
        self.with_all_rooms(inbox, move |lobby| {
            let ranks = rooms::ranks(&lobby.lock().rooms, inside);
            let shown = rooms::on_page(ranks, page);
            let page = rooms::page_of(&lobby.lock().rooms, shown, page, lobby.timestamp());
            ClientEvent::Reply(Reply::Lobby(LobbyReply::Shown(Info::RoomPage(page))))
        });
    }

    /// The names of all who are connected and have one, to complete with.
    pub fn names(&self) -> Vec<Name> {
        let state = self.lock();
        let names = state.people.values().map(|person| &person.name);
        names.filter(|name| !name.is_anon()).cloned().collect()
    }

    /// What there is to tell of the members that a room has named.
    pub fn present(&self, members: Vec<(MemberId, Name)>) -> Vec<UserSummary> {
        let up = self.up(self.runtime.clock.now());
        let state = self.lock();
        let present = |(id, name): (MemberId, Name)| match state.people.get(&id) {
            // The room's word counts for the name: it may not have heard of a new one yet.
            Some(person) => UserSummary {
                name,
                ..person.present(up)
            },
            None => UserSummary::named(name),
        };
        members.into_iter().map(present).collect()
    }

    /// Names everybody who is connected, to who is in `inside`. Answered by [`Reply::Everybody`].
    pub fn everybody(&self, inside: Option<&RoomHandle>, inbox: &ClientInbox) {
        let up = self.up(self.runtime.clock.now());
        let state = self.lock();
        let shown = state.people.values().take(WHO_NAMES_MAX);
        let people = People {
            people: shown
                .map(|person| (person.present(up), person.place_for(inside)))
                .collect(),
            more: state.people.len().saturating_sub(WHO_NAMES_MAX),
        };
        drop(state);
        inbox.reply(LobbyReply::Shown(Info::Users(people)));
    }

    /// Tells how the server does. Answered by [`Reply::Stats`].
    pub fn stats(self: &Arc<Self>, inbox: &Arc<ClientInbox>) {
        let (lobby, inbox) = (Arc::clone(self), Arc::clone(inbox));
        let counting = async move {
            // The store has told the operator of what it cannot read; the rest can be told all the same.
            let lines_ever = lobby.store.lines_ever().await.ok().flatten();
            let stats = Stats {
                lines_ever,
                ..lobby.counts()
            };
            inbox.reply(LobbyReply::Shown(Info::Stats(stats)));
        };
        self.requests.start(counting);
    }

    fn counts(&self) -> Stats {
        let state = self.lock();
        let rooms = state.rooms.values();
        Stats {
            since: self.since,
            up: self.up(self.runtime.clock.now()),
            people: state.people.len(),
            rooms: state.rooms.len(),
            lines: rooms.map(|room| room.info.lines()).sum(),
            lines_ever: None,
        }
    }

    /// Tells of whoever has `name`, to who is in `inside`. Answered by [`Reply::Whois`].
    pub fn whois(&self, name: Name, inside: Option<&RoomHandle>, inbox: &ClientInbox) {
        let up = self.up(self.runtime.clock.now());
        let state = self.lock();
        let id = state.names.owner(&name);
        let person = id.and_then(|id| state.people.get(&id));
        let profile = person.map(|person| Box::new(person.profile(up, inside)));
        drop(state);
        inbox.reply(LobbyReply::Shown(Info::Whois(name, profile)));
    }
}
