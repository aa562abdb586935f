//! The keys of accounts in the database. An account that an operator has deleted has none, though its row is there still.

use rusqlite::{Connection, OptionalExtension};

use super::writer::Done;
use crate::chat::key::{AccountKey, Fingerprint};
use crate::chat::name::Name;
use crate::limits::KEYS_PER_ACCOUNT_MAX;
use crate::store::StoreError;
use crate::time::Timestamp;

/// The account that a key is bound to.
pub(in crate::store) fn owner(
    db: &Connection,
    key: Fingerprint,
) -> rusqlite::Result<Option<String>> {
    db.prepare_cached(
        "SELECT name FROM account_keys JOIN accounts ON accounts.id = account
         WHERE fingerprint = ?1 AND password <> ''",
    )?
    .query_row([key.0], |row| row.get(0))
    .optional()
}

/// The keys of an account, in the order in which they were added.
pub(in crate::store) fn of_account(
    db: &Connection,
    account: &Name,
) -> rusqlite::Result<Vec<AccountKey>> {
    db.prepare_cached(
        "SELECT fingerprint, added FROM account_keys JOIN accounts ON accounts.id = account
         WHERE folded = ?1 AND password <> '' ORDER BY number",
    )?
    .query_map([account.folded()], |row| {
        Ok(AccountKey {
            fingerprint: Fingerprint(row.get(0)?),
            added: Timestamp(row.get(1)?),
        })
    })?
    .collect()
}

/// Binds a key to an account.
pub(super) fn add(db: &Connection, account: &Name, key: AccountKey) -> rusqlite::Result<Done> {
    if let Some(owner) = owner(db, key.fingerprint)? {
        return Ok(Err(match Name::parse(&owner) {
            Ok(owner) => StoreError::KeyBound(owner),
            Err(_) => StoreError::Failed("the key is of an account without a name".to_owned()),
        }));
    }
    if of_account(db, account)?.len() >= KEYS_PER_ACCOUNT_MAX {
        return Ok(Err(StoreError::KeysFull));
    }
    // One that is bound to an account which is being deleted is free.
    db.prepare_cached("DELETE FROM account_keys WHERE fingerprint = ?1")?
        .execute([key.fingerprint.0])?;
    let added = db
        .prepare_cached(
            "INSERT INTO account_keys (account, fingerprint, added)
             SELECT id, ?2, ?3 FROM accounts WHERE folded = ?1 AND password <> ''",
        )?
        .execute((account.folded(), key.fingerprint.0, key.added.0))?;
    Ok(match added {
        0 => Err(StoreError::NoAccount),
        _ => Ok(0),
    })
}

/// Unbinds a key from an account, if it is bound to that.
pub(super) fn remove(db: &Connection, account: &Name, key: Fingerprint) -> rusqlite::Result<Done> {
    let removed = db
        .prepare_cached(
            "DELETE FROM account_keys WHERE fingerprint = ?2
                 AND account = (SELECT id FROM accounts WHERE folded = ?1 AND password <> '')",
        )?
        .execute((account.folded(), key.0))?;
    Ok(match removed {
        0 => Err(StoreError::NoKey),
        _ => Ok(0),
    })
}
