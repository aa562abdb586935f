//! *Pure.* Connections, and the servers that share the rooms, as operators read of them.

use std::fmt::{self, Write as _};

use jiff::tz::TimeZone;

use super::people;
use crate::chat::admin::{ConnectionRow, NodeLine, Reach};
use crate::chat::people::ClientKind;
use crate::time::local;

/// The servers.
pub(super) fn write_nodes(rows: &[NodeLine], zone: &TimeZone, out: &mut String) -> fmt::Result {
    match rows.len() {
        1 => writeln!(out, "1 node:")?,
        count => writeln!(out, "{count} nodes share the rooms:")?,
    }
    rows.iter().try_for_each(|row| write_node(row, zone, out))
}

fn write_node(row: &NodeLine, zone: &TimeZone, out: &mut String) -> fmt::Result {
    write!(out, "{}: {}", row.node, row.label)?;
    if row.is_this {
        write!(out, " (this one)")?;
    }
    write!(out, ", since {}", local::date_and_time(row.since, zone))?;
    match row.figures {
        _ if row.is_leaving => writeln!(out, ", gone: it is being taken out of its rooms"),
        None => writeln!(out, ", does not answer"),
        Some(figures) => {
            match figures.people {
                1 => write!(out, ", 1 connection")?,
                people => write!(out, ", {people} connections")?,
            }
            match figures.lag {
                0 => writeln!(out, ", up to date"),
                1 => writeln!(out, ", 1 entry behind"),
                lag => writeln!(out, ", {lag} entries behind"),
            }
        }
    }
}

/// A connection.
pub(super) fn write_one(row: &ConnectionRow, zone: &TimeZone, out: &mut String) -> fmt::Result {
    write!(out, "{}: {}", row.id.0, row.name)?;
    match (&row.account, row.is_operator) {
        (Some(account), true) => write!(out, " (account {account}, operator)")?,
        (Some(account), false) => write!(out, " (account {account})")?,
        (None, _) => {}
    }
    match &row.room {
        Some(room) => write!(out, ", in room {room}")?,
        None => write!(out, ", at the menu")?,
    }
    if let Some(node) = &row.node {
        write!(out, ", on node {node}")?;
    }
    match row.ip {
        Some(ip) => write!(out, ", from {ip}")?,
        None => write!(out, ", over a Unix socket")?,
    }
    if let Some(encryption) = row.encryption {
        write!(out, " ({})", encryption.name())?;
    }
    match row.kind {
        ClientKind::Raw => write!(out, ", nc or the like")?,
        ClientKind::TelnetLines => write!(out, ", Telnet in line mode")?,
        ClientKind::TelnetKeys => write!(out, ", Telnet in character mode")?,
    }
    if let Some(terminal) = &row.terminal {
        write!(out, " ({terminal})")?;
    }
    let since = local::date_and_time(row.since, zone);
    let idle = people::span(row.idle);
    write!(out, ", since {since}, idle {idle}")?;
    match row.lines_per_minute {
        1 => write!(out, ", 1 line a minute")?,
        lines => write!(out, ", {lines} lines a minute")?,
    }
    match row.is_lost {
        true => writeln!(out, ", connection lost"),
        false => writeln!(out),
    }
}

/// The first row of a list of connections.
pub(super) fn write_count(count: usize, reach: Reach, out: &mut String) -> fmt::Result {
    match count {
        1 => write!(out, "1 is connected")?,
        count => write!(out, "{count} are connected")?,
    }
    match reach {
        Reach::All => writeln!(out, ":"),
        Reach::Here => writeln!(out, " to this node. The others cannot be asked right now."),
    }
}

/// How many did not say what they have done.
pub(super) fn write_silent(silent: usize, out: &mut String) -> fmt::Result {
    match silent {
        0 => Ok(()),
        1 => write!(out, " 1 node has not answered."),
        silent => write!(out, " {silent} nodes have not answered."),
    }
}

pub(super) fn write_no_answer(prefix: &str, out: &mut String) -> fmt::Result {
    writeln!(
        out,
        "The node of that connection does not answer. Perhaps it was done, perhaps not. Type {prefix}list to see."
    )
}
