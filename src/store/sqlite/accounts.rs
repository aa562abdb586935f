//! Accounts in the database. Each is found by the case fold of its name; all keys of a name are unique.

use rusqlite::{Connection, OptionalExtension, Row};

use super::writer::Done;
use crate::chat::name::Name;
use crate::chat::reads::Reads;
use crate::chat::room::Moderation;
use crate::chat::settings::Settings;
use crate::store::{Account, AccountChange, Expiry, StoreError};
use crate::time::Timestamp;

/// The names of all accounts, in the order in which they were registered.
pub(in crate::store) fn names(db: &Connection) -> rusqlite::Result<Vec<Name>> {
    let mut select = db.prepare("SELECT name FROM accounts ORDER BY id")?;
    let mut names = Vec::new();
    for name in select.query_map((), |row| row.get::<_, String>(0))? {
        let name = name?;
        // A name that somebody wrote into the file by hand and nobody could type.
        match Name::parse(&name) {
            Ok(name) => names.push(name),
            Err(_) => tracing::warn!("the name of an account is invalid: left out"),
        }
    }
    Ok(names)
}

/// The account with this name, in any case of letters.
pub(in crate::store) fn find(db: &Connection, name: &Name) -> rusqlite::Result<Option<Account>> {
    db.prepare_cached(
        "SELECT name, password, created, seen, settings, reads FROM accounts WHERE folded = ?1",
    )?
    .query_row([name.folded()], |row| stored(row, name))
    .optional()
}

fn stored(row: &Row<'_>, asked: &Name) -> rusqlite::Result<Account> {
    let name: String = row.get(0)?;
    Ok(Account {
        name: Name::parse(&name).unwrap_or_else(|_| asked.clone()),
        password: row.get(1)?,
        created: Timestamp(row.get(2)?),
        seen: Timestamp(row.get(3)?),
        settings: Settings::from_json(row.get_ref(4)?.as_str()?),
        reads: Reads::from_json(row.get_ref(5)?.as_str()?),
    })
}

/// Stores a new account, unless there is one that has a key in common with it.
pub(in crate::store) fn create(db: &Connection, account: &Account) -> rusqlite::Result<Done> {
    let [folded_skeleton, skeleton_folded, folded] = account.name.keys();
    let created = db
        .prepare_cached(
            "INSERT INTO accounts
                 (name, folded, folded_skeleton, skeleton_folded, password, created, seen, settings, reads)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING",
        )?
        .execute((
            account.name.as_str(),
            folded.as_str(),
            folded_skeleton.as_str(),
            skeleton_folded.as_str(),
            &account.password,
            account.created.0,
            account.seen.0,
            account.settings.to_json(),
            account.reads.to_json(),
        ))?;
    Ok(match created {
        0 => Err(StoreError::AccountExists),
        _ => {
            // From an earlier account of the name, whose end some room did not hear of.
            take_rooms_from(db, &account.name)?;
            Ok(0)
        }
    })
}

/// Changes accounts. One that is gone is passed over.
pub(super) fn change(db: &Connection, changes: &[(Name, AccountChange)]) -> rusqlite::Result<Done> {
    let mut update = db.prepare_cached(
        "UPDATE accounts SET seen = ifnull(?2, seen), settings = ifnull(?3, settings),
             reads = ifnull(?4, reads)
         WHERE folded = ?1",
    )?;
    for (name, change) in changes {
        let seen = change.seen.map(|seen| seen.0);
        let settings = change.settings.as_ref().map(Settings::to_json);
        let reads = change.reads.as_ref().map(Reads::to_json);
        update.execute((name.folded(), seen, settings, reads))?;
    }
    Ok(Ok(0))
}

/// Leaves the account with this name to be deleted by the server that has the file.
pub(in crate::store) fn condemn(db: &Connection, name: &Name) -> rusqlite::Result<()> {
    let mut update = db.prepare("UPDATE accounts SET password = '' WHERE folded = ?1")?;
    update.execute([name.folded()]).map(drop)
}

/// Some of the accounts that are to go.
pub(in crate::store) fn due(
    db: &Connection,
    unseen_since: Option<Timestamp>,
    most: usize,
) -> rusqlite::Result<Vec<(Name, Expiry)>> {
    let mut deleted =
        db.prepare_cached("SELECT name FROM accounts WHERE password = '' ORDER BY id LIMIT ?1")?;
    let mut idle =
        db.prepare_cached("SELECT name FROM accounts WHERE seen < ?1 ORDER BY seen LIMIT ?2")?;
    let text = |row: &Row<'_>| row.get::<_, String>(0);
    let mut due = Vec::new();
    for name in deleted.query_map([most as i64], text)? {
        due.extend(Name::parse(&name?).map(|name| (name, Expiry::Deleted)));
    }
    if let Some(unseen_since) = unseen_since {
        let left = most - due.len();
        for name in idle.query_map((unseen_since.0, left as i64), text)? {
            due.extend(Name::parse(&name?).map(|name| (name, Expiry::Idle)));
        }
    }
    Ok(due)
}

/// Deletes the account with this name, if there is one, and takes its rooms from it, open and closed ones.
pub(in crate::store) fn delete(db: &Connection, name: &Name) -> rusqlite::Result<Done> {
    db.prepare_cached("DELETE FROM accounts WHERE folded = ?1")?
        .execute([name.folded()])?;
    take_rooms_from(db, name)?;
    Ok(Ok(0))
}

/// Leaves the account nothing in any room. Rooms that are open hear of it too, and store it once more.
fn take_rooms_from(db: &Connection, account: &Name) -> rusqlite::Result<()> {
    // Written as JSON writes it: few rooms have it, and only those are read.
    let written = serde_json::Value::from(account.as_str()).to_string();
    let mut concerned =
        db.prepare_cached("SELECT id, care FROM rooms WHERE instr(care, ?1) > 0 ORDER BY id")?;
    let rooms = concerned
        .query_map([written], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<Vec<(u32, String)>>>()?;
    let mut update = db.prepare_cached("UPDATE rooms SET care = ?2 WHERE id = ?1")?;
    for (room, json) in rooms {
        // What cannot be read is not opened to anybody, and is not written over.
        if let Ok(mut moderation) = Moderation::from_json(&json) {
            moderation.forget_account(account);
            update.execute((room, moderation.to_json()))?;
        }
    }
    Ok(())
}
