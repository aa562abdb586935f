//! Saying that this node lives, and finding out who does not.
//!
//! Nobody is taken for dead by a node that has not itself been heard for a whole lease: when the database was away, everybody's
//! lease is over, and nobody is dead.

use std::sync::Arc;

use async_channel::Sender;

use super::engine::{EngineError, NodeRow, Renewed};
use super::writer::Job;
use super::{Delivery, Node};
use crate::limits::LEASE_RENEWALS;

/// Renews the lease for as long as the node takes part.
pub(super) async fn run(node: Arc<Node>, writer: Sender<Job>) {
    let every = node.options.lease / LEASE_RENEWALS;
    let mut wait = Node::first_wait();
    loop {
        let begun = node.clock.now();
        match node.engine.renew(node.me, node.options.lease).await {
            Ok(renewed) => {
                wait = Node::first_wait();
                node.standing
                    .note_renewed(node.clock.now(), node.options.lease / 2);
                node.clock.believe(renewed.now);
                node.note_answer();
                look_after(&node, &renewed).await;
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
                node.note_away(begun, &error.to_string());
                node.wait_to_retry(&mut wait).await;
            }
        }
    }
}

/// Takes for dead who has said nothing for too long.
async fn look_after(node: &Node, renewed: &Renewed) {
    let versions = renewed.nodes.iter().filter(|row| !row.is_expired);
    let least = versions.map(|row| row.version).min();
    node.standing
        .set_least_version(least.unwrap_or(node.options.version));
    if node.standing.steady_for(node.clock.now()) < node.options.lease {
        return;
    }
    let is_alive = |other| {
        let mut rows = renewed.nodes.iter();
        rows.any(|row| row.node == other && !row.is_expired && row.undertaker.is_none())
    };
    let is_due = |row: &&NodeRow| match row.undertaker {
        None => row.is_expired,
        // Who was about to take it out of the rooms has died meanwhile, or has begun anew.
        Some(undertaker) => undertaker != node.me && !is_alive(undertaker),
    };
    let due = renewed.nodes.iter().filter(|row| row.node != node.me);
    for row in due.filter(is_due) {
        if matches!(node.engine.condemn(node.me, row.node).await, Ok(true)) {
            node.counts.condemned.add(1);
            tracing::warn!(
                "node {} ({}) says nothing any more: it is taken out of its rooms",
                row.node,
                row.label
            );
            node.deliver(Delivery::Dead(row.node));
        }
    }
}
