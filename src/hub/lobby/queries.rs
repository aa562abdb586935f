//! What the lobby tells of rooms and users.

use std::collections::HashMap;
use std::sync::Arc;

use super::cluster::{Here, merged};
use super::people::User;
use super::{Lobby, rooms};
use crate::chat::history::RoomId;
use crate::chat::message::MemberId;
use crate::chat::name::{Name, RoomName};
use crate::chat::people::{RoleMarks, RoomMember, Stats, UserSummary};
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
    pub fn complete_users(self: &Arc<Self>, prefix: &str, inbox: &Arc<ClientInbox>) {
        if self.far.is_none() {
            return inbox.put(ClientEvent::Names(self.names_here(prefix)));
        }
        let (lobby, asker, prefix) = (Arc::clone(self), Arc::clone(inbox), prefix.to_owned());
        self.requests.start(async move {
            let elsewhere = lobby.names_elsewhere(&prefix).await;
            let names = merged(lobby.names_here(&prefix), elsewhere);
            asker.put(ClientEvent::Names(names));
        });
    }

    fn names_here(&self, prefix: &str) -> Vec<Name> {
        let state = self.lock();
        let found = state.named.find(prefix, MemberId::NOBODY, |_| true);
        let users = found.iter().filter_map(|id| state.people.get(id));
        users.map(|user| user.name.clone()).collect()
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
        self: &Arc<Self>,
        room: RoomName,
        members: Vec<RoomMember>,
        more: usize,
        asker: MemberId,
        inbox: &Arc<ClientInbox>,
    ) {
        if members.iter().all(|named| self.far(named.member).is_none()) {
            let members = self.described(members, asker, HashMap::new());
            return inbox.reply(RoomReply::Shown(Info::Members(room, members, more)));
        }
        let (lobby, asking) = (Arc::clone(self), Arc::clone(inbox));
        self.answer(inbox, async move {
            let ids = members.iter().map(|named| named.member);
            let elsewhere = lobby.summaries_elsewhere(ids).await;
            let members = lobby.described(members, asker, elsewhere);
            asking.reply(RoomReply::Shown(Info::Members(room, members, more)));
        });
    }

    fn described(
        &self,
        members: Vec<RoomMember>,
        asker: MemberId,
        mut elsewhere: HashMap<MemberId, UserSummary>,
    ) -> Vec<UserSummary> {
        let up = self.up(self.runtime.clock.now());
        let state = self.lock();
        let describe = |RoomMember { member, name, role }| {
            let user = state.people.get(&member).map(|user| user.present(up));
            let user = user.or_else(|| elsewhere.remove(&member));
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
        members.into_iter().map(describe).collect()
    }

    /// Lists connected users as seen by a member of `inside`. Answered by [`Info::Users`].
    pub fn everybody(self: &Arc<Self>, inside: Option<&RoomHandle>, inbox: &Arc<ClientInbox>) {
        if self.far.is_none() {
            let people = self.everybody_here(inside).into();
            return inbox.reply(LobbyReply::Shown(Info::Users(people)));
        }
        let (lobby, asker, inside) = (Arc::clone(self), Arc::clone(inbox), inside.cloned());
        self.answer(inbox, async move {
            let people = lobby.everybody_anywhere(inside.as_ref()).await;
            asker.reply(LobbyReply::Shown(Info::Users(people)));
        });
    }

    /// The first of those who are here.
    pub(super) fn everybody_here(&self, inside: Option<&RoomHandle>) -> Here {
        let up = self.up(self.runtime.clock.now());
        let state = self.lock();
        let shown = state.people.iter().take(WHO_NAMES_MAX);
        let row = |id: MemberId, user: &User| {
            let place = user.place_for(inside);
            (user.since(), id, user.present(up), place)
        };
        Here {
            rows: shown.map(|(id, user)| row(*id, user)).collect(),
            more: state.people.len().saturating_sub(WHO_NAMES_MAX),
        }
    }

    /// Describes the server. Answered by [`Info::Stats`].
    pub fn stats(self: &Arc<Self>, inbox: &Arc<ClientInbox>) {
        let (lobby, asker) = (Arc::clone(self), Arc::clone(inbox));
        self.answer(inbox, async move {
            // The store has told the operator of what it cannot read; the rest can be told all the same.
            let lines_ever = lobby.store.lines_ever().await.ok().flatten();
            let elsewhere = lobby.count_elsewhere().await;
            let here = lobby.counts();
            let stats = Stats {
                lines_ever,
                people: here.people + elsewhere.unwrap_or(0),
                is_partial: elsewhere.is_none(),
                ..here
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
            is_partial: false,
            is_shared: self.far.is_some(),
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
            let found = match lobby.holder(&name).await {
                Ok(None) => Ok(None),
                Ok(Some(id)) => lobby.profile_of(id, inside.as_ref()).await,
                // Whoever is here can be told of all the same.
                Err(_) => match lobby.called_here(&name) {
                    Some(id) => lobby.profile_of(id, inside.as_ref()).await,
                    None => Err(()),
                },
            };
            asker.reply(LobbyReply::Shown(match found {
                Ok(profile) => Info::Whois(name, profile.map(Box::new)),
                Err(()) => Info::Unavailable,
            }));
        });
    }

    /// Whoever is called `name` on this server, as far as it knows by itself.
    fn called_here(&self, name: &Name) -> Option<MemberId> {
        let folded = name.folded();
        let mut found = None;
        self.visit_people(|id, user| {
            if user.name.folded() == folded {
                found = Some(id);
            }
        });
        found
    }
}
