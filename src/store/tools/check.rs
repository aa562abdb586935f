//! Looking whether a file is in order.

use std::path::Path;

use rusqlite::{Connection, Row};

use super::faults::{self, KeptAccount, is_object};
use super::record::time_text;
use super::{ToolError, failed};
use crate::chat::name::RoomName;
use crate::limits::CHECK_FAULTS_MAX;
use crate::store::file;
use crate::store::sqlite::index::{self, Index};
use crate::store::sqlite::query::id_of;

/// Reads the whole file and returns what is wrong, a sentence for each fault, at most [`CHECK_FAULTS_MAX`]. None
/// means that all pages and tables, and those of the index, are as SQLite left them, and that every room,
/// message, account, ban and report is one that this program could have stored.
///
/// A text in which one letter became another on the disk is not noticed: it is a text as well.
///
/// # Errors
///
/// A [`ToolError`] if the file cannot be read at all.
pub fn check(path: &Path) -> Result<Vec<String>, ToolError> {
    let db = file::open_to_read(path)?;
    let mut faults = Vec::new();
    let parts = [structure, rooms, messages, accounts, bans, reports];
    for part in parts {
        // A file can be too broken to go on reading; that is a fault of its own.
        if let Err(error) = part(&db, &mut faults) {
            if faults.is_empty() && error.sqlite_error_code().is_none() {
                return Err(failed(path)(error));
            }
            faults.push(error.to_string());
        }
    }
    for fault in index_faults(path) {
        let index = index::path_of(path);
        faults.push(format!(
            "the search index {}: {fault}; while no server runs you can delete it; the next one rebuilds it",
            index.display()
        ));
    }
    faults.truncate(CHECK_FAULTS_MAX);
    Ok(faults)
}

fn structure(db: &Connection, faults: &mut Vec<String>) -> rusqlite::Result<()> {
    faults.extend(file::structure_faults(db, CHECK_FAULTS_MAX)?);
    Ok(())
}

/// An index that is not there is no fault: the server makes one.
fn index_faults(path: &Path) -> Vec<String> {
    let faults = file::canonical(path)
        .map_err(|error| error.to_string())
        .and_then(|path| {
            let index = Index::open_to_read(&index::path_of(&path));
            let faults = index.and_then(|index| match index {
                Some(index) => index.faults(CHECK_FAULTS_MAX),
                None => Ok(Vec::new()),
            });
            faults.map_err(|error| error.to_string())
        });
    faults.unwrap_or_else(|error| vec![error])
}

fn rooms(db: &Connection, faults: &mut Vec<String>) -> rusqlite::Result<()> {
    let mut select = db.prepare(
        "SELECT id, name, key, created, last_id,
             (SELECT max(place) FROM messages WHERE place BETWEEN id << 40 AND (id + 1 << 40) - 1),
             care, closed IS NOT NULL, purge IS NOT NULL
         FROM rooms ORDER BY id",
    )?;
    let mut rows = select.query(())?;
    while let Some(row) = rows.next()? {
        if let Some(fault) = room_fault(row)? {
            faults.push(format!("room {}: {fault}", row.get::<_, i64>(0)?));
        }
        if faults.len() >= CHECK_FAULTS_MAX {
            break;
        }
    }
    Ok(())
}

fn room_fault(row: &Row<'_>) -> rusqlite::Result<Option<&'static str>> {
    let name: String = row.get(1)?;
    let last: i64 = row.get(4)?;
    let newest = row.get::<_, Option<i64>>(5)?.map_or(0, id_of);
    let parsed = RoomName::parse(&name)
        .ok()
        .filter(|parsed| parsed.as_str() == name);
    let is_closed: bool = row.get(7)?;
    Ok(match parsed {
        None => Some("its name is invalid"),
        _ if !is_object(row.get_ref(6)?.as_str()?) => Some("its owners and bans cannot be read"),
        _ if !is_closed && row.get(8)? => Some("it is open, and is to be deleted"),
        Some(name) if !is_closed && name.key() != row.get::<_, String>(2)? => {
            Some("its key does not match its name")
        }
        _ if time_text(row.get(3)?).is_none() => Some("its creation time is invalid"),
        _ if last < 0 || newest > last as u64 => Some("it has messages beyond its last number"),
        _ => None,
    })
}

fn messages(db: &Connection, faults: &mut Vec<String>) -> rusqlite::Result<()> {
    let mut select = db.prepare(
        "SELECT place, time, name, kind, text, place >> 40 IN (SELECT id FROM rooms)
         FROM messages ORDER BY place",
    )?;
    let mut rows = select.query(())?;
    while let Some(row) = rows.next()? {
        if faults.len() >= CHECK_FAULTS_MAX {
            break;
        }
        if let Some(fault) = message_fault(row)? {
            let place: i64 = row.get(0)?;
            faults.push(format!(
                "message {} of room {}: {fault}",
                id_of(place),
                place >> 40
            ));
        }
    }
    Ok(())
}

fn message_fault(row: &Row<'_>) -> rusqlite::Result<Option<&'static str>> {
    if !row.get::<_, bool>(5)? {
        return Ok(Some("there is no such room"));
    }
    let name = String::from_utf8_lossy(row.get_ref(2)?.as_bytes()?);
    let text = row.get_ref(4)?.as_bytes()?;
    let (id, time) = (id_of(row.get(0)?), row.get(1)?);
    Ok(faults::of_message(id, time, &name, row.get(3)?, text))
}

fn bans(db: &Connection, faults: &mut Vec<String>) -> rusqlite::Result<()> {
    let mut select = db.prepare("SELECT target, why, made FROM bans ORDER BY made, target")?;
    let mut rows = select.query(())?;
    while let Some(row) = rows.next()?
        && faults.len() < CHECK_FAULTS_MAX
    {
        let (target, why): (String, String) = (row.get(0)?, row.get(1)?);
        faults.extend(faults::of_ban(&target, &why, row.get(2)?));
    }
    Ok(())
}

fn reports(db: &Connection, faults: &mut Vec<String>) -> rusqlite::Result<()> {
    let mut select = db.prepare("SELECT id, report FROM reports ORDER BY id")?;
    let mut rows = select.query(())?;
    while let Some(row) = rows.next()?
        && faults.len() < CHECK_FAULTS_MAX
    {
        faults.extend(faults::of_report(row.get(0)?, row.get_ref(1)?.as_str()?));
    }
    Ok(())
}

fn accounts(db: &Connection, faults: &mut Vec<String>) -> rusqlite::Result<()> {
    let mut select = db.prepare(
        "SELECT id, name, folded, folded_skeleton, skeleton_folded, password, created, seen, settings
         FROM accounts WHERE password <> '' ORDER BY id",
    )?;
    let mut rows = select.query(())?;
    while let Some(row) = rows.next()? {
        if faults.len() >= CHECK_FAULTS_MAX {
            break;
        }
        if let Some(fault) = account_fault(row)? {
            faults.push(format!("account {}: {fault}", row.get::<_, i64>(0)?));
        }
    }
    Ok(())
}

fn account_fault(row: &Row<'_>) -> rusqlite::Result<Option<&'static str>> {
    let text = |column: usize| -> rusqlite::Result<&str> { Ok(row.get_ref(column)?.as_str()?) };
    let account = || -> rusqlite::Result<KeptAccount<'_>> {
        Ok(KeptAccount {
            name: text(1)?,
            keys: [text(3)?, text(4)?, text(2)?],
            password: text(5)?,
            created: row.get(6)?,
            seen: row.get(7)?,
            settings: text(8)?,
        })
    };
    Ok(faults::of_account(&account()?))
}
