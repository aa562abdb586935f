//! The figures of a server among several that share rooms. Without others all are there, and say so.

use std::fmt;
use std::sync::Arc;

use super::metrics::Page;
use crate::store::cluster::{Cluster, ClusterCounts, ClusterFigures, UpkeepCounts};

/// Writes all of them.
pub(super) fn write(cluster: Option<&Arc<Cluster>>, page: &mut Page<'_>) -> fmt::Result {
    match cluster {
        Some(cluster) => {
            write_standing(&cluster.figures(), page)?;
            write_counts(cluster.counts(), page)
        }
        None => {
            write_standing(&ClusterFigures::default(), page)?;
            write_counts(&ClusterCounts::default(), page)
        }
    }
}

fn write_standing(figures: &ClusterFigures, page: &mut Page<'_>) -> fmt::Result {
    page.gauge(
        "parlor_node",
        "The number of this node among those that share a database; 0: it shares none.",
        figures.node.0,
    )?;
    page.gauges(
        "parlor_nodes",
        "Nodes that share the database, as this one sees them: alive, or silent for longer than their leases.",
        [("alive", figures.alive), ("silent", figures.silent)]
            .map(|(state, count)| ([("state", state)], count)),
    )?;
    page.gauge(
        "parlor_node_lease_left_seconds",
        "After how long without a sign of this node the others take it for dead.",
        figures.lease_left.as_secs_f64(),
    )?;
    page.gauges(
        "parlor_node_trouble",
        "1: the database has not answered for two seconds; the others take this node for dead; the database has gone \
         back in time, and this node stores nothing any more.",
        [
            ("database_away", figures.node.0 > 0 && !figures.is_connected),
            ("fenced", figures.is_fenced),
            ("database_is_old", figures.is_refusing),
        ]
        .map(|(trouble, is_so)| ([("trouble", trouble)], u64::from(is_so))),
    )?;
    page.gauge(
        "parlor_node_in_doubt_entries",
        "Entries of a write of which it is not known whether they are stored.",
        figures.in_doubt,
    )?;
    page.gauge(
        "parlor_node_behind_entries",
        "Entries of other nodes that this one knows of and has not read.",
        figures.behind,
    )?;
    page.gauge(
        "parlor_node_sure_age_seconds",
        "How long ago this node was sure last that it knows of all that others have stored.",
        figures.sure_age.as_secs_f64(),
    )
}

fn write_counts(counts: &ClusterCounts, page: &mut Page<'_>) -> fmt::Result {
    for (name, help, counter) in [
        (
            "parlor_node_written_entries",
            "Entries that this node has written; by parlor_store_commit_seconds_count, those of one write.",
            &counts.written,
        ),
        (
            "parlor_node_read_entries",
            "Entries that this node has read of what others had stored.",
            &counts.read,
        ),
        (
            "parlor_node_stale",
            "What was decided again since others were faster.",
            &counts.stale,
        ),
        (
            "parlor_node_doubts",
            "Writes of which the answer was lost.",
            &counts.doubts,
        ),
        (
            "parlor_node_doubts_stored",
            "Those of them that were stored all the same.",
            &counts.doubts_stored,
        ),
        (
            "parlor_node_fenced",
            "How often the others have taken this node for dead.",
            &counts.fenced,
        ),
        (
            "parlor_node_rejoined",
            "How often it has taken part again after that.",
            &counts.rejoined,
        ),
        (
            "parlor_node_condemned",
            "How often this node has taken another one for dead.",
            &counts.condemned,
        ),
        (
            "parlor_node_letters",
            "Letters to other nodes: private words, names that are taken back, and the like.",
            &counts.letters,
        ),
        (
            "parlor_node_letters_unanswered",
            "Those of them that were not answered in time.",
            &counts.letters_unanswered,
        ),
    ] {
        page.counter(name, help, counter.sum())?;
    }
    write_upkeep(&counts.upkeep, page)
}

fn write_upkeep(counts: &UpkeepCounts, page: &mut Page<'_>) -> fmt::Result {
    page.gauge(
        "parlor_upkeep",
        "1: it is this node that keeps the search index of the database and clears up, for all nodes.",
        u64::from(counts.is_busy()),
    )?;
    for (name, help, counter) in [
        (
            "parlor_upkeep_indexed_lines",
            "Lines that this node has entered into the search index of the database.",
            &counts.entered,
        ),
        (
            "parlor_upkeep_forgotten_lines",
            "Lines that this node has deleted from the database: old ones, and those of closed rooms.",
            &counts.forgotten,
        ),
        (
            "parlor_upkeep_pruned_entries",
            "Other entries that this node has deleted from the database since nobody needs them any more.",
            &counts.pruned,
        ),
        (
            "parlor_upkeep_failures",
            "How often that has failed. It is tried again.",
            &counts.failures,
        ),
    ] {
        page.counter(name, help, counter.sum())?;
    }
    Ok(())
}
