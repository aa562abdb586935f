//! Listing the accounts of a database, and deleting one.

use std::io::Write;

use jiff::tz::TimeZone;

use super::{Missing, connected, failed};
use crate::chat::name::Name;
use crate::store::place::DatabaseUrl;
use crate::store::tools::{AccountRow, ToolError, write_accounts};
use crate::text;
use crate::time::Timestamp;

/// Writes a row for each account, in the order in which they were registered, with times in this zone.
///
/// # Errors
///
/// A [`ToolError`].
pub fn accounts(url: &DatabaseUrl, zone: &TimeZone, out: &mut dyn Write) -> Result<(), ToolError> {
    let sql = "SELECT name, created, seen FROM parlor.accounts WHERE password <> '' ORDER BY id";
    let rows = connected(url, Missing::Refuse, async |session| {
        let rows = session.query(sql, &[]).await.map_err(failed)?;
        let rows = rows.iter().map(|row| {
            Ok(AccountRow {
                name: text::clean(row.try_get::<_, &str>(0)?.as_bytes()),
                created: Timestamp(row.try_get(1)?),
                seen: Timestamp(row.try_get(2)?),
            })
        });
        rows.collect::<Result<Vec<AccountRow>, _>>().map_err(failed)
    })?;
    write_accounts(rows.into_iter().map(Ok), zone, out)
}

/// Has the account of this name deleted, as its owner could: a server does so within a minute, or when one is started. Gives
/// whether one runs.
///
/// # Errors
///
/// A [`ToolError`]; nothing has changed.
pub fn delete_account(url: &DatabaseUrl, name: &Name) -> Result<bool, ToolError> {
    let sql = "UPDATE parlor.accounts SET password = '' WHERE folded = $1 AND password <> ''";
    let alive = "SELECT EXISTS (SELECT FROM parlor.nodes WHERE expires > clock_timestamp())";
    connected(url, Missing::Refuse, async |session| {
        let folded = name.folded();
        match session.execute(sql, &[&folded]).await.map_err(failed)? {
            0 => Err(ToolError::Input(format!("there is no account {name}"))),
            _ => {
                let row = session.query_opt(alive, &[]).await.map_err(failed)?;
                let is_alive = row.map_or(Ok(false), |row| row.try_get(0));
                is_alive.map_err(failed)
            }
        }
    })
}
