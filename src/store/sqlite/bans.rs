//! Bans of the whole server in the database, and what users have reported.

use std::sync::Arc;

use rusqlite::{Connection, params};

use super::writer::Done;
use crate::chat::admin::ban::{BanTarget, ServerBan};
use crate::chat::admin::report::Report;
use crate::text;
use crate::time::Timestamp;

/// All bans, oldest first.
pub(in crate::store) fn all(db: &Connection) -> rusqlite::Result<Vec<ServerBan>> {
    let mut select = db.prepare(
        "SELECT target, until, made_by, why, made, hits FROM bans ORDER BY made, target",
    )?;
    let mut rows = select.query(())?;
    let mut bans = Vec::new();
    while let Some(row) = rows.next()? {
        let target = row.get_ref(0)?.as_str()?;
        let Some(target) = BanTarget::parse(target) else {
            tracing::warn!("a ban of the file has no target that makes sense: left out");
            continue;
        };
        let until: Option<i64> = row.get(1)?;
        // Somebody may have written them into the file by hand.
        let clean = |text: &str| text::clean(text.as_bytes());
        bans.push(ServerBan::new(
            target,
            until.map(Timestamp),
            &clean(row.get_ref(2)?.as_str()?),
            &clean(row.get_ref(3)?.as_str()?),
            Timestamp(row.get(4)?),
            row.get(5)?,
        ));
    }
    Ok(bans)
}

pub(in crate::store) fn save(db: &Connection, ban: &ServerBan) -> rusqlite::Result<Done> {
    db.prepare_cached(
        "INSERT OR REPLACE INTO bans(target, until, made_by, why, made, hits)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        ban.target.to_string(),
        ban.until.map(|until| until.0),
        ban.by,
        ban.why,
        ban.made.0,
        ban.hits(),
    ])?;
    Ok(Ok(0))
}

pub(in crate::store) fn delete(db: &Connection, targets: &[BanTarget]) -> rusqlite::Result<Done> {
    let mut delete = db.prepare_cached("DELETE FROM bans WHERE target = ?1")?;
    for target in targets {
        delete.execute([target.to_string()])?;
    }
    Ok(Ok(0))
}

pub(in crate::store) fn note_hits(
    db: &Connection,
    bans: &[Arc<ServerBan>],
) -> rusqlite::Result<Done> {
    let mut update =
        db.prepare_cached("UPDATE bans SET hits = ?2 WHERE target = ?1 AND hits <> ?2")?;
    for ban in bans {
        update.execute(params![ban.target.to_string(), ban.hits()])?;
    }
    Ok(Ok(0))
}

/// All reports, in the order of their numbers.
pub(in crate::store) fn reports(db: &Connection) -> rusqlite::Result<Vec<Report>> {
    let mut select = db.prepare("SELECT id, report FROM reports ORDER BY id")?;
    let mut rows = select.query(())?;
    let mut reports = Vec::new();
    while let Some(row) = rows.next()? {
        match serde_json::from_str::<Report>(row.get_ref(1)?.as_str()?) {
            Ok(report) => reports.push(Report {
                id: row.get(0)?,
                ..report
            }),
            Err(error) => tracing::warn!(%error, "a report of the file makes no sense: left out"),
        }
    }
    Ok(reports)
}

pub(in crate::store) fn save_report(
    db: &Connection,
    report: &Report,
    gone: &[u64],
) -> rusqlite::Result<Done> {
    let mut delete = db.prepare_cached("DELETE FROM reports WHERE id = ?1")?;
    for id in gone {
        delete.execute([id])?;
    }
    let json = serde_json::to_string(report).unwrap_or_default();
    db.prepare_cached("INSERT OR REPLACE INTO reports(id, report) VALUES (?1, ?2)")?
        .execute(params![report.id, json])?;
    Ok(Ok(0))
}
