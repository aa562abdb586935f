//! Saying that this node lives, and finding out who does not.
//!
//! Nobody is taken for dead by a node that has not itself been heard for a whole lease: when the database was away, everybody's
//! lease is over, and nobody is dead.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_channel::Sender;

use super::engine::{EngineError, NodeRow, Renewed};
use super::standing::Concern;
use super::writer::Job;
use super::{Delivery, Node};
use crate::chat::node::NodeId;
use crate::limits::{CLOCK_OFF_MAX, LEASE_RENEWALS};
use crate::time::Timestamp;

/// Renews the lease for as long as the node takes part.
pub(super) async fn run(node: Arc<Node>, writer: Sender<Job>) {
    let every = node.options.lease / LEASE_RENEWALS;
    let (mut wait, mut is_told) = (Node::first_wait(), false);
    let mut burying = BTreeSet::new();
    loop {
        let begun = node.clock.now();
        match node.engine.renew(node.me, node.options.lease).await {
            Ok(renewed) => {
                wait = Node::first_wait();
                node.standing
                    .note_renewed(node.clock.now(), node.options.lease / 2);
                follow_clock(&node, renewed.now, &mut is_told);
                node.note_answer(Concern::Lease);
                look_after(&node, &renewed, &mut burying).await;
                node.standing.set_nodes(renewed.nodes);
                node.clock.after(every).await;
            }
            Err(EngineError::Fenced) => {
                node.standing.note_fenced(true);
                if writer.try_send(Job::Rejoin).is_err() {
                    // The node goes, and needs no lease.
                    return;
                }
                node.wait_to_retry(&mut wait).await;
            }
            Err(error) => {
                node.note_away(Concern::Lease, begun, &error.to_string());
                node.wait_to_retry(&mut wait).await;
            }
        }
    }
}

/// All servers go by the clock of the database. That this machine's own is off is said once.
fn follow_clock(node: &Node, now: Timestamp, is_told: &mut bool) {
    node.clock.follow(now);
    let own = node.clock.timestamp();
    let off = own.since(now).max(now.since(own));
    if !std::mem::replace(is_told, off > CLOCK_OFF_MAX) && *is_told {
        tracing::warn!(
            "the clock of this machine and that of the database are {} s apart. What ends at some time goes by that of \
             the database",
            off.as_secs()
        );
    }
}

/// Takes for dead who has said nothing for too long. This node is at `burying` already.
async fn look_after(node: &Node, renewed: &Renewed, burying: &mut BTreeSet<NodeId>) {
    let silent = renewed.nodes.iter().filter(|row| row.is_expired).count();
    node.counts.set_nodes(renewed.nodes.len() - silent, silent);
    let versions = renewed.nodes.iter().filter(|row| !row.is_expired);
    let least = versions.map(|row| row.version).min();
    node.standing
        .set_least_version(least.unwrap_or(node.options.version));
    if node.standing.steady_for(node.clock.now()) < node.options.lease {
        return;
    }
    let is_mine = |row: &NodeRow| row.undertaker == Some(node.me);
    burying.retain(|it| {
        let mut rows = renewed.nodes.iter();
        rows.any(|row| row.node == *it && is_mine(row))
    });
    for row in dead(&renewed.nodes, node.me) {
        if burying.contains(&row.node) {
            continue;
        }
        if matches!(node.engine.condemn(node.me, row.node).await, Ok(true)) {
            node.counts.condemned.add(1);
            tracing::warn!(
                "node {} ({}) says nothing any more: it is taken out of its rooms",
                row.node,
                row.label
            );
            burying.insert(row.node);
            node.deliver(Delivery::Dead(row.node));
        }
    }
}

/// Those of these nodes that `me` may take for dead.
fn dead(nodes: &[NodeRow], me: NodeId) -> impl Iterator<Item = &NodeRow> {
    let is_alive = |other| {
        let mut rows = nodes.iter();
        rows.any(|row| row.node == other && !row.is_expired && row.undertaker.is_none())
    };
    let is_dead = move |row: &&NodeRow| match row.undertaker {
        _ if row.node == me => false,
        None => row.is_expired,
        // Who was about to take it out of the rooms has died meanwhile; or that is this node, which may not have heard that
        // it is to.
        Some(undertaker) => undertaker == me || !is_alive(undertaker),
    };
    nodes.iter().filter(is_dead)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_dead_if_its_lease_is_over_and_nobody_alive_has_seen_to_it() {
        let row = |node, is_expired, undertaker: Option<u32>| NodeRow {
            node: NodeId(node),
            label: String::new(),
            version: 1,
            since: Timestamp(0),
            is_expired,
            undertaker: undertaker.map(NodeId),
        };
        let me = row(1, false, None);
        let table: [(Vec<NodeRow>, &[u32]); 8] = [
            (vec![row(2, false, None)], &[]),
            (vec![row(2, true, None)], &[2]),
            (vec![row(2, true, Some(1))], &[2]),
            (vec![row(2, true, Some(3)), row(3, false, None)], &[]),
            (vec![row(2, true, Some(3)), row(3, true, None)], &[2, 3]),
            (vec![row(2, true, Some(3)), row(3, true, Some(1))], &[2, 3]),
            // It is gone altogether.
            (vec![row(2, true, Some(3))], &[2]),
            // It came back to life too late.
            (vec![row(2, false, Some(3))], &[2]),
        ];
        for (others, expected) in table {
            let nodes: Vec<_> = others.into_iter().chain([me.clone()]).collect();
            let found: Vec<u32> = dead(&nodes, NodeId(1)).map(|row| row.node.0).collect();
            assert_eq!(found, expected, "{nodes:?}");
        }
        assert_eq!(dead(&[row(1, true, None)], NodeId(1)).count(), 0, "oneself");
    }
}
