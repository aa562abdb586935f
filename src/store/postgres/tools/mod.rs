//! What the operator's tools do with a database that servers share, while they run or not. Each does over one connection
//! what [`store::tools`](crate::store::tools) does with a file.

mod accounts;
mod check;
mod export;
mod import;
mod rooms;

use std::sync::Arc;

use futures_lite::future;
use smol::Executor;

pub use accounts::{accounts, delete_account};
pub use check::check;
pub use export::export;
pub use import::import;
pub use rooms::{reopen, rooms};

use super::session::{Role, Session};
use super::url::{PostgresConfig, Surroundings};
use super::verdict::describe;
use super::{Postgres, migrations};
use crate::runtime::Runtime;
use crate::store::place::DatabaseUrl;
use crate::store::tools::ToolError;

/// What a tool does where there is nothing of parlor in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Missing {
    /// It says so.
    Refuse,
    /// It makes what there has to be.
    Make,
}

/// Connects to a database, does something over it, and ends.
fn connected<T>(
    url: &DatabaseUrl,
    missing: Missing,
    work: impl AsyncFnOnce(&Session) -> Result<T, ToolError>,
) -> Result<T, ToolError> {
    let config = PostgresConfig::parse(url.expose(), &Surroundings::of_process());
    let config = config.map_err(|why| ToolError::Input(format!("--data {url}: {why}")))?;
    let executor = Arc::new(Executor::new());
    let runtime = Runtime::new(Arc::clone(&executor));
    let doing = async {
        let database = config.to_string();
        let destination = Postgres::destination(config, &runtime).await;
        let destination = destination.map_err(ToolError::Engine)?;
        let first = super::first_session(&runtime, &destination, Role::Tool).await;
        let (session, wire) = first.map_err(ToolError::Engine)?;
        let doing = async {
            let failed = |why| ToolError::Engine(format!("{database}: {why}"));
            let is_there = migrations::is_there(&session).await.map_err(failed)?;
            if !is_there && missing == Missing::Refuse {
                let why = format!("the database {database} has nothing of parlor's in it");
                return Err(ToolError::Input(why));
            }
            migrations::migrate(&session).await.map_err(failed)?;
            work(&session).await
        };
        let lost = async {
            wire.await;
            let why = format!("the connection to the database {database} was lost");
            Err(ToolError::Engine(why))
        };
        future::or(doing, lost).await
    };
    future::block_on(executor.run(doing))
}

/// For `map_err`.
fn failed(error: tokio_postgres::Error) -> ToolError {
    ToolError::Engine(format!("the database: {}", describe(&error)))
}

/// Does something with the database as it is at one moment. While it takes, the database keeps what others delete.
async fn snapshot<T>(
    session: &Session,
    work: impl AsyncFnOnce() -> Result<T, ToolError>,
) -> Result<T, ToolError> {
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    session.batch(begin).await.map_err(failed)?;
    let done = work().await;
    let _ = session.batch("COMMIT").await;
    done
}

/// Does something as a whole or not at all.
async fn transaction<T>(
    session: &Session,
    work: impl AsyncFnOnce() -> Result<T, ToolError>,
) -> Result<T, ToolError> {
    session.batch("BEGIN").await.map_err(failed)?;
    match work().await {
        Ok(done) => {
            session.batch("COMMIT").await.map_err(failed)?;
            Ok(done)
        }
        Err(error) => {
            let _ = session.batch("ROLLBACK").await;
            Err(error)
        }
    }
}

/// Wakes the nodes for rooms that are new. It is done once what they are to see is stored.
async fn wake(session: &Session) -> Result<(), ToolError> {
    let notes = super::notes::write(&crate::store::cluster::engine::News::Rooms);
    for note in notes {
        let sql = "SELECT pg_notify('parlor', $1)";
        session.query(sql, &[&note]).await.map_err(failed)?;
    }
    Ok(())
}
