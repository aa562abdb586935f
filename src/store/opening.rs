//! How a store comes about that outlives the process.

use std::path::Path;
use std::sync::Arc;

use super::cluster::{Cluster, ClusterOptions, engine};
use super::file::OpenError;
use super::place::DatabaseUrl;
use super::postgres::Postgres;
use super::postgres::url::{PostgresConfig, Surroundings};
use super::sqlite::Sqlite;
use super::{Backend, Durability, Retention, Store};
use crate::runtime::{Clock, Runtime};

impl Store {
    /// Opens the database at `path`, or makes one, for this process alone. Blocks; not for an executor. From then on
    /// `clock` knows what time it was when the last process told.
    ///
    /// # Errors
    ///
    /// An [`OpenError`] that says what is wrong with the file. It is as it was, then.
    pub fn open(
        path: &Path,
        sync: Durability,
        keep: Retention,
        clock: &Clock,
    ) -> Result<Store, OpenError> {
        let sqlite = Sqlite::open(path, sync, keep, clock)?;
        Ok(Store::on(Backend::Sqlite(Arc::new(sqlite))))
    }

    /// Takes part in what several servers share in a database.
    ///
    /// # Errors
    ///
    /// A sentence that says why that is not possible, without the password.
    pub async fn open_cluster(
        url: &DatabaseUrl,
        keep: Retention,
        options: ClusterOptions,
        runtime: &Runtime,
    ) -> Result<Store, String> {
        let surroundings = runtime.unblock(Surroundings::of_process).await;
        let config = PostgresConfig::parse(url.expose(), &surroundings);
        let config = config.map_err(|why| format!("{url}: {why}"))?;
        let engine = Postgres::open(config, runtime).await?;
        let store = Store::join(Arc::clone(&engine) as _, options, runtime).await?;
        if let Some(cluster) = store.cluster() {
            engine.look_after(keep, Arc::clone(&cluster.counts().upkeep));
        }
        Ok(store)
    }

    /// Takes part in what several servers share, which `engine` keeps.
    ///
    /// # Errors
    ///
    /// A sentence that says why that is not possible.
    pub async fn join(
        engine: Arc<dyn engine::Engine>,
        options: ClusterOptions,
        runtime: &Runtime,
    ) -> Result<Store, String> {
        let cluster = Cluster::join(engine, options, runtime).await?;
        Ok(Store::on(Backend::Cluster(Arc::new(cluster))))
    }
}
