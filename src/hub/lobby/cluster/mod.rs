//! People of the other servers, where several share the rooms.
//!
//! - `roster`: what the others know of the people here;
//! - `mail`: letters, and waiting for their answers;
//! - `desk`: what comes of letters of others;
//! - `persons`: people of other servers, as users and operators see them;
//! - `names`: names that are taken back from other servers, and taken again after this one was taken for dead;
//! - `nodes`: the servers, as operators see them.
//!
//! Nobody who is elsewhere is remembered here: who wants to know asks the database, and whoever wants something of them
//! writes to their server.

mod desk;
mod mail;
mod names;
mod nodes;
mod paces;
mod persons;
mod roster;

use std::sync::Arc;

use futures_lite::future;

pub(super) use self::mail::{Mail, NoAnswer};
pub(super) use self::names::{Asked, FarChange};
pub(super) use self::persons::{Here, merged};
pub(super) use self::roster::Roster;

use self::names::Yields;
use self::paces::FarPaces;
use super::Lobby;
use crate::chat::message::MemberId;
use crate::chat::node::NodeId;
use crate::chat::person::Person;
use crate::limits::{
    IDLE_NOTED_EVERY, LETTERS_LOOKED_FOR_EVERY, PEOPLE_NOTED_AFTER, PEOPLE_NOTED_AGAIN_AFTER,
};
use crate::runtime::Clock;
use crate::store::cluster::Cluster;

/// What the lobby keeps for people of other servers.
#[derive(Debug)]
pub(super) struct Far {
    pub(super) cluster: Arc<Cluster>,
    pub(super) mail: Mail,
    pub(super) paces: FarPaces,
    pub(super) yields: Yields,
    clock: Clock,
}

impl Far {
    pub(super) fn new(cluster: &Arc<Cluster>, clock: &Clock) -> Far {
        Far {
            cluster: Arc::clone(cluster),
            clock: clock.clone(),
            mail: Mail::default(),
            paces: FarPaces::default(),
            yields: Yields::default(),
        }
    }

    pub(super) fn me(&self) -> NodeId {
        self.cluster.me()
    }
}

impl Lobby {
    /// What there is of other servers, and the one among them that connection `id` is on; `None`: it is on this one.
    pub(super) fn far(&self, id: MemberId) -> Option<(&Far, NodeId)> {
        let far = self.far.as_ref()?;
        let node = id.node();
        (node != far.me()).then_some((far, node))
    }

    /// Begins to exchange letters, and to tell the others of the people here, if there are others.
    pub(super) fn start_neighbourhood(self: &Arc<Self>) {
        if self.far.is_none() {
            return;
        }
        let (roster, rung) = Roster::new();
        self.lock().roster = Some(Box::new(roster));
        let noting = Arc::downgrade(self);
        let clock = self.runtime.clock.clone();
        self.keep_running(self.runtime.tasks().spawn(async move {
            let mut idle_looked_at = clock.now();
            loop {
                let rung = async {
                    let _ = rung.recv().await;
                };
                future::or(rung, async {
                    clock.at(idle_looked_at + IDLE_NOTED_EVERY).await;
                })
                .await;
                clock.after(PEOPLE_NOTED_AFTER).await;
                let Some(lobby) = noting.upgrade() else {
                    return;
                };
                if clock.now() >= idle_looked_at + IDLE_NOTED_EVERY {
                    idle_looked_at = clock.now();
                    lobby.look_who_is_idle();
                }
                if !lobby.note_people().await {
                    drop(lobby);
                    clock.after(PEOPLE_NOTED_AGAIN_AFTER).await;
                }
            }
        }));
        let carrying = Arc::downgrade(self);
        let clock = self.runtime.clock.clone();
        self.keep_running(self.runtime.tasks().spawn(async move {
            loop {
                let Some(bell) = carrying.upgrade().and_then(|lobby| lobby.letter_bell()) else {
                    return;
                };
                let rung = async {
                    let _ = bell.recv().await;
                };
                future::or(rung, async {
                    clock.after(LETTERS_LOOKED_FOR_EVERY).await;
                })
                .await;
                let Some(lobby) = carrying.upgrade() else {
                    return;
                };
                lobby.take_letters().await;
                // If that does not go now, it is tried again the next time.
                lobby.free_names_kept();
                lobby.store.register().free_rest().await;
            }
        }));
    }

    /// The database can be reached again: there may be anything.
    pub(super) fn neighbourhood_is_back(self: &Arc<Self>) {
        self.letters_may_be_there();
        self.bans_have_changed();
        if let Some(roster) = &mut self.lock().roster {
            roster.ring();
        }
    }

    /// Tells the others what is new of the people here. False if that has to be done again.
    async fn note_people(&self) -> bool {
        let Some(far) = &self.far else { return true };
        loop {
            let notes = {
                let mut state = self.lock();
                let state = &mut *state;
                let Some(roster) = &mut state.roster else {
                    return true;
                };
                let up = self.up(self.runtime.clock.now());
                roster.next(|id| Some(state.people.get(&id)?.person(id, self.since, up)))
            };
            if notes.is_empty() {
                match self
                    .lock()
                    .roster
                    .as_ref()
                    .is_some_and(|roster| roster.has_news())
                {
                    true => continue,
                    false => return true,
                }
            }
            let (people, gone) = (notes.people.clone(), notes.gone.clone());
            let noted = far.cluster.engine().note_people(far.me(), people, gone);
            if noted.await.is_err() {
                if let Some(roster) = &mut self.lock().roster {
                    roster.failed(notes);
                }
                return false;
            }
        }
    }

    /// Looks how long everybody has been idle, and how much they type.
    fn look_who_is_idle(&self) {
        let up = self.up(self.runtime.clock.now());
        let mut looks = Vec::new();
        self.visit_people(|id, user| {
            let Person {
                active,
                lines_per_minute,
                ..
            } = user.person(id, self.since, up);
            looks.push((id, active, lines_per_minute));
        });
        if let Some(roster) = &mut self.lock().roster {
            for (id, active, lines) in looks {
                roster.look_at(id, active, lines);
            }
        }
    }

    /// Another database may have taken the place of the one that heard last of the people here.
    pub(super) fn note_everybody_again(&self) {
        let mut state = self.lock();
        let state = &mut *state;
        if let Some(roster) = &mut state.roster {
            roster.repeat(state.people.keys().copied());
        }
    }

    /// Nothing is noted of anybody here any more.
    pub(super) fn note_everybody_anew(&self) {
        let mut state = self.lock();
        let state = &mut *state;
        if let Some(roster) = &mut state.roster {
            roster.begin_anew(state.people.keys().copied());
        }
    }
}
