//! What other servers do with the rooms that all share.

use std::sync::Arc;

use async_channel::{Receiver, Sender, bounded};

use super::Lobby;
use crate::chat::history::RoomId;
use crate::chat::node::NodeId;
use crate::chat::room::Numbered;
use crate::hub::room::{RoomCommand, RoomHandle};
use crate::limits::ENGINE_RETRY_MAX;
use crate::store::cluster::{Cluster, Delivery};

impl Lobby {
    /// Follows what other servers do, for as long as this one runs, if there can be any.
    pub(super) fn start_following(self: &Arc<Self>) {
        let Some(cluster) = self.store.cluster() else {
            return;
        };
        let deliveries = cluster.deliveries();
        let (lobby, cluster) = (Arc::downgrade(self), Arc::clone(cluster));
        let following = self.runtime.tasks().spawn(async move {
            while let Ok(delivery) = deliveries.recv().await {
                let Some(lobby) = lobby.upgrade() else { return };
                lobby.receive(delivery, &cluster).await;
            }
        });
        self.keep_running(following);
    }

    async fn receive(self: &Arc<Self>, delivery: Delivery, cluster: &Arc<Cluster>) {
        match delivery {
            Delivery::Entries(room, entries) => self.hand_to_room(room, entries),
            Delivery::Rooms => {
                // If they cannot be read now, they are when somebody asks for them.
                let _ = self.look_for_rooms().await;
            }
            Delivery::Dead(node) => {
                let (lobby, cluster) = (Arc::clone(self), Arc::clone(cluster));
                self.requests
                    .start(async move { lobby.take_out(node, &cluster).await });
            }
            Delivery::Healed => {
                self.remind_rooms();
                self.neighbourhood_is_back();
            }
            Delivery::Rejoined => {
                self.remind_rooms();
                self.neighbourhood_is_back();
                self.retake_names();
            }
            Delivery::LogLost(room) => {
                if let Some(room) = self.lock().rooms.get(&room) {
                    let _ = room.mailbox.put(RoomCommand::LogLost);
                }
            }
            Delivery::Reconnected => self.note_everybody_again(),
            Delivery::Bans => self.bans_have_changed(),
            Delivery::Letters => self.letters_may_be_there(),
        }
    }

    fn hand_to_room(&self, room: RoomId, entries: Vec<Numbered>) {
        let room = self.lock().rooms.get(&room).cloned();
        if let Some(room) = room {
            // One that is just being closed has heard the last of it.
            let _ = room.mailbox.put(RoomCommand::Stored(entries));
        }
    }

    /// Has all rooms store what they could not.
    fn remind_rooms(&self) {
        for room in self.all_rooms() {
            let _ = room.mailbox.put(RoomCommand::Stored(Vec::new()));
        }
    }

    fn all_rooms(&self) -> Vec<RoomHandle> {
        self.lock().rooms.values().cloned().collect()
    }

    /// Takes a dead server out of all rooms, and then has it forgotten: names are free once nobody sits anywhere under them.
    async fn take_out(&self, node: NodeId, cluster: &Cluster) {
        while !self.lock().stopping {
            if self.is_out(node, cluster).await && cluster.bury(node).await.is_ok() {
                return;
            }
            self.runtime.clock.after(ENGINE_RETRY_MAX).await;
        }
    }

    /// Takes a dead server out of all rooms. False if that cannot be stored now.
    async fn is_out(&self, node: NodeId, cluster: &Cluster) -> bool {
        // It has written its last, of which this server may not have heard: who came into which room, or a room.
        if cluster.learn_heads().await.is_err() || self.look_for_rooms().await.is_err() {
            return false;
        }
        let left = rooms_without_answer(node, self.all_rooms()).await;
        // Those that have failed meanwhile are taken up anew.
        left.is_empty() && self.lock().failed_rooms.is_empty()
    }
}

/// Tells rooms that a server is dead, and gives those that could not store it now.
async fn rooms_without_answer(node: NodeId, rooms: Vec<RoomHandle>) -> Vec<RoomHandle> {
    let ask = |room: RoomHandle| {
        let (answer, answered): (Sender<()>, Receiver<()>) = bounded(1);
        let asked = room.mailbox.put(RoomCommand::NodeDead(node, answer));
        // In one that is closed nobody sits.
        asked.is_ok().then_some((room, answered))
    };
    let asked: Vec<_> = rooms.into_iter().filter_map(ask).collect();
    let mut left = Vec::new();
    for (room, answered) in asked {
        if answered.recv().await.is_err() && !room.mailbox.is_closed() {
            left.push(room);
        }
    }
    left
}
