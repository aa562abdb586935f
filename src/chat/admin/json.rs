//! The answers to operators as JSON, for programs. Keys stay what they are; there may be more of them one day.
//!
//! Lists are arrays of objects, in the order of the words. What was done is an object with the key `done`, and what was
//! not one with `error` (a word that stays) and `message` (words that may change). Times are RFC 3339, in UTC; spans are
//! whole seconds; what there is not is `null`.

use std::time::Duration;

use serde_json::{Value, json};

use super::report::{Party, Report};
use super::{
    AdminAnswer, AdminError, AdminReply, BanRow, ConnectionRow, LimitRow, Mistake, NodeLine,
    RoomRow, USAGES,
};
use crate::chat::message::Kind;
use crate::chat::name::Name;
use crate::chat::people::ClientKind;
use crate::time::Timestamp;

/// The answer, with its `message` in words if it is an error.
pub fn of(answer: &AdminAnswer, message: &str) -> Value {
    match answer {
        Ok(reply) => of_reply(reply),
        Err(error) => json!({ "error": word_of(error), "message": message.trim_end() }),
    }
}

fn of_reply(reply: &AdminReply) -> Value {
    match reply {
        AdminReply::Connections(rows, _) => rows.iter().map(of_connection).collect(),
        AdminReply::Nodes(rows) => rows.iter().map(of_node).collect(),
        AdminReply::Rooms(rows) => rows.iter().map(of_room).collect(),
        AdminReply::Kicked(id, name) => {
            json!({ "done": "kicked", "id": id.0, "name": name.as_str() })
        }
        AdminReply::Banned {
            target,
            time,
            closed,
            silent,
            is_stored,
        } => json!({
            "done": "banned",
            "target": target.to_string(),
            "kind": target.kind(),
            "seconds": time.map(|time| time.as_secs()),
            "closed": closed,
            "silent_nodes": silent,
            "stored": is_stored,
        }),
        AdminReply::Bans(rows) => rows.iter().map(of_ban).collect(),
        AdminReply::Unbanned(targets) => {
            let targets: Vec<String> = targets.iter().map(ToString::to_string).collect();
            json!({ "done": "unbanned", "targets": targets })
        }
        AdminReply::Announced(count, silent) => json!({
            "done": "announced",
            "connections": count,
            "silent_nodes": silent,
        }),
        AdminReply::Closed(room) => json!({ "done": "closed", "room": room.as_str() }),
        AdminReply::Unlocked(room) => json!({ "done": "unlocked", "room": room.as_str() }),
        AdminReply::Owned(room, name) => {
            json!({ "done": "owned", "room": room.as_str(), "name": name.as_str() })
        }
        AdminReply::Renamed(old, new) => {
            json!({ "done": "renamed", "old": old.as_str(), "new": new.as_str() })
        }
        AdminReply::Forgotten(account) => {
            json!({ "done": "forgotten", "account": account.as_str() })
        }
        AdminReply::Limits(rows) => rows.iter().map(of_limit).collect(),
        AdminReply::Log(level) => json!({ "done": "log", "level": level.word() }),
        AdminReply::Reloaded(reloaded) => json!({
            "done": "reloaded",
            "changed": reloaded.changed.iter().map(|key| &**key).collect::<Vec<_>>(),
            "warnings": reloaded.warnings.iter().map(|line| &**line).collect::<Vec<_>>(),
            "restart": reloaded.restart.iter().map(|key| &**key).collect::<Vec<_>>(),
        }),
        AdminReply::Stopping => json!({ "done": "stopping" }),
        AdminReply::Reports(reports, _) => reports.iter().map(of_report).collect(),
        AdminReply::Help(one) => {
            let usages = USAGES.iter();
            let usages = usages.filter(|usage| one.is_none_or(|one| one == *usage));
            let of_usage = |usage: &super::Usage| json!({ "usage": usage.usage, "help": usage.help, "example": usage.example });
            usages.map(of_usage).collect()
        }
        AdminReply::OfNode(label, reply) => {
            let mut of = of_reply(reply);
            // A list stays one.
            if let Some(of) = of.as_object_mut() {
                of.insert("node".to_owned(), json!(label));
            }
            of
        }
    }
}

fn of_node(row: &NodeLine) -> Value {
    json!({
        "id": row.node.0,
        "name": row.label,
        "this": row.is_this,
        "since": time(row.since),
        "leaving": row.is_leaving,
        "answers": row.figures.is_some(),
        "connections": row.figures.map(|figures| figures.people),
        "lag_entries": row.figures.map(|figures| figures.lag),
    })
}

fn of_connection(row: &ConnectionRow) -> Value {
    json!({
        "id": row.id.0,
        "name": row.name.as_str(),
        "account": name(row.account.as_ref()),
        "operator": row.is_operator,
        "node": row.node,
        "room": row.room.as_ref().map(|room| room.as_str()),
        "address": row.ip.map(|ip| ip.to_string()),
        "encryption": row.encryption.map(|encryption| encryption.name()),
        "client": match row.kind {
            ClientKind::Raw => "raw",
            ClientKind::TelnetLines => "telnet-lines",
            ClientKind::TelnetKeys => "telnet-keys",
        },
        "terminal": row.terminal,
        "since": time(row.since),
        "idle_seconds": row.idle.as_secs(),
        "lines_per_minute": row.lines_per_minute,
        "lost": row.is_lost,
    })
}

fn of_room(row: &RoomRow) -> Value {
    json!({
        "name": row.name.as_str(),
        "members": row.members,
        "lines": row.lines,
        "last_line": row.last_line.map(time),
        "locked": row.is_locked,
        "private": row.is_private,
        "owners": row.owners.iter().map(Name::as_str).collect::<Vec<_>>(),
        "topic": row.topic.as_ref().map(|topic| topic.as_str()),
        "closed": row.closed.is_some(),
        "kept_seconds": row.closed.as_ref().map(Duration::as_secs),
    })
}

fn of_ban(row: &BanRow) -> Value {
    json!({
        "target": row.target.to_string(),
        "kind": row.target.kind(),
        "seconds_left": row.left.map(|left| left.as_secs()),
        "by": row.by,
        "why": row.why,
        "made": time(row.made),
        "hits": row.hits,
    })
}

fn of_limit(row: &LimitRow) -> Value {
    json!({ "name": row.name, "limit": row.most, "used": row.used, "unit": row.unit })
}

fn of_report(report: &Report) -> Value {
    let lines = report.lines.iter().map(|line| {
        json!({
            "time": time(line.time),
            "name": line.name.as_str(),
            "kind": match line.kind {
                Kind::Message => "message",
                Kind::Action => "action",
            },
            "text": line.text,
        })
    });
    json!({
        "id": report.id,
        "time": time(report.time),
        "by": of_party(&report.by),
        "about": of_party(&report.about),
        "room": report.room_name().map(|room| room.as_str().to_owned()),
        "why": report.why,
        "lines": lines.collect::<Vec<_>>(),
    })
}

fn of_party(party: &Party) -> Value {
    json!({
        "name": party.name.as_str(),
        "account": name(party.account.as_ref()),
        "address": party.address.map(|ip| ip.to_string()),
    })
}

fn name(name: Option<&Name>) -> Option<&str> {
    name.map(Name::as_str)
}

/// `2026-11-28T09:10:03Z`; `None` for a time that no calendar has.
fn time(time: Timestamp) -> Option<String> {
    let time = jiff::Timestamp::from_millisecond(time.0).ok()?;
    Some(time.to_string())
}

/// A word for programs.
fn word_of(error: &AdminError) -> &'static str {
    match error {
        AdminError::NotOperator => "not-operator",
        AdminError::Overheard => "overheard",
        AdminError::Mistake(Mistake::Unknown(..)) => "unknown-command",
        AdminError::Mistake(Mistake::Usage(_)) => "usage",
        AdminError::Mistake(Mistake::BadAddress(_)) => "bad-address",
        AdminError::Mistake(Mistake::BadTime(_)) => "bad-time",
        AdminError::Mistake(Mistake::BadName(..)) => "bad-name",
        AdminError::Mistake(Mistake::TooLong(_)) => "too-long",
        AdminError::Nobody(_) => "nobody",
        AdminError::Mistake(Mistake::Anon) => "anon",
        AdminError::NoAccount(_) => "no-account",
        AdminError::NoAccounts => "no-accounts",
        AdminError::NoRoom(_) => "no-room",
        AdminError::NotInRoom(..) => "not-in-room",
        AdminError::Room(..) => "room",
        AdminError::NotBanned(..) => "not-banned",
        AdminError::TooManyBans(_) => "too-many-bans",
        AdminError::NameTaken(_) => "name-taken",
        AdminError::NameBanned(_) => "name-banned",
        AdminError::Unavailable => "unavailable",
        AdminError::Silent => "silent-node",
        AdminError::Alone => "no-nodes",
        AdminError::Failed(_) => "failed",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::chat::admin::ban::BanTarget;
    use crate::chat::admin::{NodeFigures, Reach};
    use crate::chat::message::MemberId;
    use crate::chat::name::RoomName;
    use crate::chat::node::NodeId;

    #[test]
    fn the_keys_are_those_that_programs_know() {
        let dai = Name::parse("Dai").expect("a name");
        let connection = ConnectionRow {
            id: MemberId(7),
            name: dai.clone(),
            account: Some(dai.clone()),
            is_operator: false,
            node: None,
            room: RoomName::parse("1150").ok(),
            ip: "192.0.2.7".parse().ok(),
            encryption: None,
            kind: ClientKind::Raw,
            terminal: None,
            since: Timestamp(1_800_000_000_000),
            idle: Duration::from_secs(61),
            lines_per_minute: 3,
            is_lost: false,
        };
        let ban = BanRow {
            target: BanTarget::parse("192.0.2.0/24").expect("a target"),
            left: Some(Duration::from_secs(7200)),
            by: "unix:root".into(),
            why: "flood".into(),
            made: Timestamp(1_800_000_000_123),
            hits: 300,
        };
        let node = NodeLine {
            node: NodeId(7),
            label: "b".into(),
            is_this: true,
            since: Timestamp(1_800_000_000_000),
            is_leaving: false,
            figures: Some(NodeFigures { people: 3, lag: 0 }),
        };
        for (answer, expected) in [
            (
                Ok(AdminReply::Connections(vec![connection], Reach::All)),
                r#"[{"account":"Dai","address":"192.0.2.7","client":"raw","encryption":null,"id":7,"idle_seconds":61,"lines_per_minute":3,"lost":false,"name":"Dai","node":null,"operator":false,"room":"1150","since":"2027-01-15T08:00:00Z","terminal":null}]"#,
            ),
            (
                Ok(AdminReply::Bans(vec![ban])),
                r#"[{"by":"unix:root","hits":300,"kind":"address","made":"2027-01-15T08:00:00.123Z","seconds_left":7200,"target":"192.0.2.0/24","why":"flood"}]"#,
            ),
            (
                Ok(AdminReply::Nodes(vec![node])),
                r#"[{"answers":true,"connections":3,"id":7,"lag_entries":0,"leaving":false,"name":"b","since":"2027-01-15T08:00:00Z","this":true}]"#,
            ),
            (
                Ok(AdminReply::OfNode(
                    "b".into(),
                    Box::new(AdminReply::Stopping),
                )),
                r#"{"done":"stopping","node":"b"}"#,
            ),
            (
                Ok(AdminReply::Kicked(MemberId(7), dai.clone())),
                r#"{"done":"kicked","id":7,"name":"Dai"}"#,
            ),
            (
                Err(AdminError::NoAccount(dai)),
                r#"{"error":"no-account","message":"words"}"#,
            ),
        ] {
            assert_eq!(of(&answer, "words\n").to_string(), expected);
        }
    }
}
