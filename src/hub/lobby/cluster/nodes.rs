//! The servers that share the rooms, as operators see them.

use std::collections::HashMap;
use std::sync::Arc;

use super::Far;
use crate::chat::admin::{AdminAnswer, AdminError, AdminReply, NodeFigures, NodeLine};
use crate::chat::letter::{Answer, Letter};
use crate::chat::node::NodeId;
use crate::hub::lobby::Lobby;
use crate::limits::NODES_ASKED_WITHIN;
use crate::store::cluster::engine::NodeRow;

impl Far {
    /// The servers that take part, as far as the database can tell in time.
    pub(super) async fn nodes(&self) -> Vec<NodeRow> {
        let asked = async { Ok(self.cluster.nodes_now().await) };
        let found = self.within(NODES_ASKED_WITHIN, asked).await;
        found.unwrap_or_else(|| self.cluster.nodes())
    }

    /// How operators know the servers.
    pub(super) async fn labels(&self) -> HashMap<NodeId, Box<str>> {
        let nodes = self.nodes().await.into_iter();
        nodes.map(|row| (row.node, row.label.into())).collect()
    }
}

impl Lobby {
    /// How operators know this server, if there are others.
    pub(in crate::hub::lobby) fn own_label(&self) -> Option<Box<str>> {
        let far = self.far.as_ref()?;
        Some(far.cluster.options().label.as_str().into())
    }

    /// All servers, and how they are.
    pub(in crate::hub::lobby) async fn node_lines(self: &Arc<Self>) -> AdminAnswer {
        let Some(far) = &self.far else {
            return Err(AdminError::Alone);
        };
        let (answers, _) = self.ask_all(Letter::Look).await;
        let own = NodeFigures {
            people: self.lock().people.len(),
            lag: far.cluster.lag(),
        };
        let figures = |node| match node == far.me() {
            true => Some(own),
            false => answers.iter().find_map(|(from, answer)| match answer {
                Answer::Figures(figures) if *from == node => Some(*figures),
                _ => None,
            }),
        };
        let rows = far.cluster.nodes().into_iter();
        let rows = rows.map(|row| NodeLine {
            node: row.node,
            is_this: row.node == far.me(),
            is_leaving: row.undertaker.is_some(),
            since: row.since,
            figures: figures(row.node),
            label: row.label.into(),
        });
        Ok(AdminReply::Nodes(rows.collect()))
    }

    /// An answer that is about this server alone says so, if there are others.
    pub(in crate::hub::lobby) fn of_this_node(&self, reply: AdminReply) -> AdminReply {
        match self.own_label() {
            Some(label) => AdminReply::OfNode(label, Box::new(reply)),
            None => reply,
        }
    }
}
