//! The schema, and how it came about: forwards only, by one program at a time.
//!
//! A later version of the schema can be used by an earlier program if it says so (`meta.needs`), so that nodes can be brought
//! up to date one after the other.

use tokio_postgres::error::SqlState;

use super::session::Session;
use super::verdict::describe;

/// What makes a schema of version `n + 1` out of one of version `n`. Entries are never changed, only added.
const MIGRATIONS: &[Migration] = &[
    Migration {
        sql: include_str!("schema/1.sql"),
        needs: 1,
    },
    Migration {
        sql: include_str!("schema/2.sql"),
        needs: 1,
    },
    Migration {
        sql: include_str!("schema/3.sql"),
        needs: 1,
    },
];

/// The version of the schema that this program makes and knows.
pub const SCHEMA_VERSION: i32 = MIGRATIONS.len() as i32;

/// What the advisory lock is on: `parlor` in ASCII.
const LOCK: i64 = 0x7061_726C_6F72;

struct Migration {
    sql: &'static str,
    /// Programs that know this version of the schema can go on with what comes of it.
    needs: i32,
}

/// Whether there is a schema of ours.
///
/// # Errors
///
/// A sentence for the operator.
pub(super) async fn is_there(session: &Session) -> Result<bool, String> {
    look(session).await.map(|found| found.is_some())
}

/// Brings the schema up to date, or makes one. Gives the number of the database that it is in.
///
/// # Errors
///
/// A sentence for the operator.
pub(super) async fn migrate(session: &Session) -> Result<String, String> {
    // A database that is up to date needs no right to make anything.
    if let Some(found) = look(session).await?
        && found.version >= SCHEMA_VERSION
    {
        return found.accepted();
    }
    let failed = |error: tokio_postgres::Error| match error.code() {
        Some(&SqlState::INSUFFICIENT_PRIVILEGE) => format!(
            "the user of the database may not make the schema parlor in it: GRANT CREATE ON DATABASE … TO …: {}",
            describe(&error)
        ),
        _ => format!(
            "the schema of the database cannot be made: {}",
            describe(&error)
        ),
    };
    let begin = format!("BEGIN; SELECT pg_advisory_xact_lock({LOCK})");
    session.batch(&begin).await.map_err(failed)?;
    // Another node may have done it meanwhile.
    let version = match look(session).await {
        Ok(Some(found)) if found.version >= SCHEMA_VERSION => {
            session.batch("COMMIT").await.map_err(failed)?;
            return found.accepted();
        }
        Ok(found) => found.map_or(0, |found| found.version),
        Err(why) => {
            let _ = session.batch("ROLLBACK").await;
            return Err(why);
        }
    };
    let mut sql = String::new();
    if version == 0 {
        sql += "CREATE SCHEMA IF NOT EXISTS parlor;\n";
    }
    let done = usize::try_from(version).unwrap_or_default();
    for migration in &MIGRATIONS[done..] {
        sql += migration.sql;
    }
    let all = MIGRATIONS.iter().map(|migration| migration.needs);
    let needs = all.max().unwrap_or_default();
    sql += &match version {
        0 => format!(
            "INSERT INTO parlor.meta (version, needs) VALUES ({SCHEMA_VERSION}, {needs});\n"
        ),
        _ => format!("UPDATE parlor.meta SET version = {SCHEMA_VERSION}, needs = {needs};\n"),
    };
    sql += "COMMIT;";
    if let Err(error) = session.batch(&sql).await {
        let _ = session.batch("ROLLBACK").await;
        return Err(failed(error));
    }
    tracing::info!(
        version = SCHEMA_VERSION,
        "the schema of the database is made"
    );
    match look(session).await? {
        Some(found) => found.accepted(),
        None => Err("the schema of the database is gone again".to_owned()),
    }
}

/// What a database says of its schema.
struct Found {
    version: i32,
    needs: i32,
    cluster: String,
}

impl Found {
    fn accepted(self) -> Result<String, String> {
        match self.needs <= SCHEMA_VERSION {
            true => Ok(self.cluster),
            false => Err(format!(
                "the database was made by a later version of parlor (schema {}; this one knows up to {SCHEMA_VERSION})",
                self.version
            )),
        }
    }
}

/// `None`: there is no schema of ours.
async fn look(session: &Session) -> Result<Option<Found>, String> {
    let failed = |error: tokio_postgres::Error| {
        format!(
            "the schema of the database cannot be read: {}",
            describe(&error)
        )
    };
    let asked =
        "SELECT to_regclass('parlor.meta') IS NOT NULL, to_regnamespace('parlor') IS NOT NULL
             AND EXISTS (SELECT FROM pg_class WHERE relnamespace = to_regnamespace('parlor'))";
    let row = session.query_opt(asked, &[]).await.map_err(failed)?;
    let row = row.ok_or("the database says nothing")?;
    let (is_ours, is_used): (bool, bool) = (row.get(0), row.get(1));
    if !is_ours && is_used {
        return Err(
            "the schema parlor of the database is somebody else's: use another database".to_owned(),
        );
    }
    if !is_ours {
        return Ok(None);
    }
    let asked = "SELECT version, needs, cluster::text FROM parlor.meta";
    let row = session.query_opt(asked, &[]).await.map_err(failed)?;
    let row = row.ok_or("the schema parlor of the database is damaged: its table meta is empty")?;
    Ok(Some(Found {
        version: row.get(0),
        needs: row.get(1),
        cluster: row.get(2),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FNV-1a, of which it is enough that it is the same everywhere.
    fn hash(text: &str) -> u64 {
        let step = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        text.bytes().fold(0xcbf2_9ce4_8422_2325, step)
    }

    #[test]
    fn what_a_database_may_have_been_made_by_is_never_changed() {
        let made: Vec<u64> = MIGRATIONS.iter().map(|it| hash(it.sql)).collect();
        // One that is added is added here.
        let known = [
            0x47d9_14c1_361a_c4ef,
            0x11a1_41c9_07e7_665a,
            0x1410_26c1_082a_0cd9,
        ];
        assert_eq!(made, known, "{made:x?}");
    }
}
