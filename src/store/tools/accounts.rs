//! Listing the accounts of a file, and deleting one.

use std::io::Write;
use std::path::Path;

use jiff::tz::TimeZone;
use rusqlite::{Row, TransactionBehavior};

use super::rooms::{date, shown};
use super::{ToolError, failed};
use crate::chat::name::Name;
use crate::store::claim::Claim;
use crate::store::file::OpenError;
use crate::store::sqlite::accounts;
use crate::store::{Durability, file};
use crate::time::Timestamp;

/// Writes a row for each account of the file at `path`, in the order in which they were registered, with times in this
/// zone.
///
/// # Errors
///
/// A [`ToolError`].
pub fn accounts(path: &Path, zone: &TimeZone, out: &mut dyn Write) -> Result<(), ToolError> {
    let db = file::open_to_read(path)?;
    let mut select = db
        .prepare("SELECT name, created, seen FROM accounts WHERE password <> '' ORDER BY id")
        .map_err(failed(path))?;
    let rows = select.query_map((), |row| {
        Ok(AccountRow {
            name: shown(row, 0)?,
            created: Timestamp(row.get(1)?),
            seen: Timestamp(row.get(2)?),
        })
    });
    let rows = rows.map_err(failed(path))?;
    write_accounts(rows.map(|row| row.map_err(failed(path))), zone, out)
}

/// An account that is listed.
pub(in crate::store) struct AccountRow {
    pub(in crate::store) name: String,
    pub(in crate::store) created: Timestamp,
    pub(in crate::store) seen: Timestamp,
}

/// Writes a row for each.
pub(in crate::store) fn write_accounts(
    accounts: impl Iterator<Item = Result<AccountRow, ToolError>>,
    zone: &TimeZone,
    out: &mut dyn Write,
) -> Result<(), ToolError> {
    writeln!(out, "registered        last seen         name")?;
    for account in accounts {
        let AccountRow {
            name,
            created,
            seen,
        } = account?;
        let (created, seen) = (date(created, zone), date(seen, zone));
        writeln!(out, "{created}  {seen}  {name}")?;
    }
    Ok(out.flush()?)
}

/// Deletes the account of this name from the file at `path`, as its owner could. If a server runs, it does so within a
/// minute; returns whether it is left to it.
///
/// # Errors
///
/// A [`ToolError`]; nothing has changed.
pub fn delete_account(path: &Path, name: &Name) -> Result<bool, ToolError> {
    // It is not made if there is none.
    drop(file::open_to_read(path)?);
    let path = file::canonical(path)?;
    let claim = match Claim::new(&path) {
        Ok(claim) => Some(claim),
        Err(OpenError::InUse(_)) => None,
        Err(error) => return Err(error.into()),
    };
    let mut db = file::open_to_write(&path, Durability::Normal)?;
    let change = db
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed(&path))?;
    // Its name, as it is written.
    let find = "SELECT name FROM accounts WHERE folded = ?1 AND password <> ''";
    let found = change.query_row(find, [name.folded()], |row: &Row<'_>| shown(row, 0));
    let found = match found {
        Err(rusqlite::Error::QueryReturnedNoRows) => {
            return Err(ToolError::Input(format!("there is no account {name}")));
        }
        found => found.map_err(failed(&path))?,
    };
    let found = Name::parse(&found).unwrap_or_else(|_| name.clone());
    match &claim {
        Some(_) => accounts::delete(&change, &found).map(drop),
        None => accounts::condemn(&change, &found).map(drop),
    }
    .map_err(failed(&path))?;
    change.commit().map_err(failed(&path))?;
    // Before the claim ends.
    drop(db);
    Ok(claim.is_none())
}
