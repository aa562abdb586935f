//! What the lobby tells of rooms and users.

use std::sync::Arc;

use super::{Lobby, rooms};
use crate::chat::history::RoomId;
use crate::chat::message::MemberId;
use crate::chat::name::{Name, RoomName};
use crate::chat::people::{People, RoleMarks, RoomMember, Stats, UserSummary};
use crate::chat::request::{Info, LobbyReply, Reply, RoomReply};
use crate::hub::room::{ClientEvent, ClientInbox, RoomHandle};
use crate::limits::WHO_NAMES_MAX;

/// Figures of the lobby, for operators.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LobbyFigures {
    /// Rooms that are open.
    pub rooms: usize,
    /// Members of all rooms.
    pub members: usize,
    /// Requests that are not answered yet.
    pub requests: usize,
    /// Tasks of rooms, and of users who keep their seats.
    pub actors: usize,
}

impl Lobby {
    /// Lists a page of the rooms that a member of `inside` may see. Answered by [`Info::RoomPage`].
    pub fn list_page(
        self: &Arc<Self>,
        page: usize,
        asker: MemberId,
        inside: Option<RoomId>,
        inbox: &Arc<ClientInbox>,
    ) {
        self.with_all_rooms(inbox, move |lobby| {
            let ranks = rooms::ranks(&lobby.lock().rooms, inside);
            let shown = rooms::on_page(ranks, page);
            let now = lobby.timestamp();
            let state = lobby.lock();
            let asker = state.people.get(&asker);
            let reads = asker.and_then(|user| user.extras().reads.as_deref());
            let page = rooms::page_of(&state.rooms, shown, page, inside, reads, now);
            drop(state);
            ClientEvent::Reply(Reply::Lobby(LobbyReply::Shown(Info::RoomPage(page))))
        });
    }

    /// Names users whose names begin with `prefix`, if there are not too many. Answered by [`ClientEvent::Candidates`].
    pub fn complete_users(&self, prefix: &str, inbox: &ClientInbox) {
        let state = self.lock();
        let found = state.named.find(prefix, MemberId::NOBODY, |_| true);
        let users = found.iter().filter_map(|id| state.people.get(id));
        let names: Vec<Name> = users.map(|user| user.name.clone()).collect();
        drop(state);
        inbox.put(ClientEvent::Names(names));
    }

    /// Names rooms that a member of `inside` may see and whose names begin with `prefix`, if there are not too many.
    /// Answered by [`ClientEvent::Candidates`].
    pub fn complete_rooms(&self, prefix: &str, inside: Option<RoomId>, inbox: &ClientInbox) {
        let state = self.lock();
        let room = |id: RoomId| state.rooms.get(&id);
        let is_seen = |id| room(id).is_some_and(|room| rooms::is_seen(room, inside));
        let found = state.room_names.begin_with(prefix, is_seen);
        let found = found.into_iter().filter_map(room);
        let names: Vec<RoomName> = found.map(|room| room.name.clone()).collect();
        drop(state);
        let names = names.iter().map(RoomName::to_string).collect();
        inbox.put(ClientEvent::Candidates(names));
    }

    /// Describes the members that a room has named, to member `asker`. Answered by [`Info::Members`], on behalf of the room.
    pub fn describe(
        &self,
        room: RoomName,
        members: Vec<RoomMember>,
        more: usize,
        asker: MemberId,
        inbox: &ClientInbox,
    ) {
        let up = self.up(self.runtime.clock.now());
        let state = self.lock();
        let describe = |RoomMember { member, name, role }| {
            let user = state.people.get(&member).map(|user| user.present(up));
            UserSummary {
                role: RoleMarks {
                    you: member == asker,
                    ..role
                },
                // The room's word counts for the name: it may not have heard of a new one yet.
                ..UserSummary {
                    name: name.clone(),
                    ..user.unwrap_or_else(|| UserSummary::named(name))
                }
            }
        };
        let members = members.into_iter().map(describe).collect();
        drop(state);
        inbox.reply(RoomReply::Shown(Info::Members(room, members, more)));
    }

    /// Lists connected users as seen by a member of `inside`. Answered by [`Info::Users`].
    pub fn everybody(&self, inside: Option<&RoomHandle>, inbox: &ClientInbox) {
        let up = self.up(self.runtime.clock.now());
        let state = self.lock();
        let shown = state.people.values().take(WHO_NAMES_MAX);
        let people = People {
            people: shown
                .map(|user| (user.present(up), user.place_for(inside)))
                .collect(),
            more: state.people.len().saturating_sub(WHO_NAMES_MAX),
        };
        drop(state);
        inbox.reply(LobbyReply::Shown(Info::Users(people)));
    }

    /// Describes the server. Answered by [`Info::Stats`].
    pub fn stats(self: &Arc<Self>, inbox: &Arc<ClientInbox>) {
        let (lobby, asker) = (Arc::clone(self), Arc::clone(inbox));
        self.answer(inbox, async move {
            // The store has told the operator of what it cannot read; the rest can be told all the same.
            let lines_ever = lobby.store.lines_ever().await.ok().flatten();
            let stats = Stats {
                lines_ever,
                ..lobby.counts()
            };
            asker.reply(LobbyReply::Shown(Info::Stats(stats)));
        });
    }

    /// What there is of whom, without what only the store knows.
    pub fn counts(&self) -> Stats {
        let state = self.lock();
        let rooms = state.rooms.values();
        Stats {
            since: self.since,
            up: self.up(self.runtime.clock.now()),
            people: state.people.len(),
            rooms: state.rooms.len(),
            lines: rooms.map(|room| room.info.lines()).sum(),
            lines_ever: None,
            // The lobby knows no network.
            certificate: None,
        }
    }

    /// Figures for operators.
    pub fn figures(&self) -> LobbyFigures {
        let state = self.lock();
        let members = state.rooms.values().map(|room| room.info.members()).sum();
        let rooms = state.rooms.len();
        drop(state);
        LobbyFigures {
            rooms,
            members,
            requests: self.requests.running(),
            actors: self.actors.running(),
        }
    }

    /// Describes the user called `name` to a member of `inside`. Answered by [`Info::Whois`].
    pub fn whois(
        self: &Arc<Self>,
        name: Name,
        inside: Option<RoomHandle>,
        inbox: &Arc<ClientInbox>,
    ) {
        let (lobby, asker) = (Arc::clone(self), Arc::clone(inbox));
        self.answer(inbox, async move {
            let up = lobby.up(lobby.runtime.clock.now());
            asker.reply(LobbyReply::Shown(match lobby.holder(&name).await {
                Ok(holder) => {
                    let profile = holder.and_then(|id| {
                        lobby.with_user(id, |user| Box::new(user.profile(up, inside.as_ref())))
                    });
                    Info::Whois(name, profile)
                }
                Err(_) => Info::Unavailable,
            }));
        });
    }
}
