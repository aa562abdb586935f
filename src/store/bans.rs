//! What operators keep: bans of the whole server, and what users have reported.

use std::sync::Arc;

use super::accounts::Keeper;
use super::cluster::engine::News;
use super::sqlite;
use super::{Store, StoreError};
use crate::chat::admin::ban::{BanTarget, ServerBan};
use crate::chat::admin::report::Report;

impl Store {
    /// The bans, oldest first. One that makes no sense is left out.
    ///
    /// # Errors
    ///
    /// [`StoreError::Failed`] if they cannot be read.
    pub async fn bans(&self) -> Result<Vec<ServerBan>, StoreError> {
        match self.records() {
            Err(_) => Ok(Vec::new()),
            Ok(Keeper::Sqlite(sqlite)) => sqlite.read(sqlite::bans::all).await,
            Ok(Keeper::Engine(engine)) => Ok(engine.bans().await?),
        }
    }

    /// Stores a ban, in place of one of the same target. In memory there is nothing to be done.
    ///
    /// # Errors
    ///
    /// [`StoreError::Failed`] if it cannot be stored.
    pub async fn save_ban(&self, ban: Arc<ServerBan>) -> Result<(), StoreError> {
        match self.records() {
            Err(_) => Ok(()),
            Ok(Keeper::Sqlite(sqlite)) => {
                let save = move |db: &_| sqlite::bans::save(db, &ban);
                sqlite.write(save).await
            }
            Ok(Keeper::Engine(engine)) => {
                engine.save_ban(ban).await?;
                self.tell_of_bans().await;
                Ok(())
            }
        }
    }

    /// Forgets the bans of these targets.
    ///
    /// # Errors
    ///
    /// [`StoreError::Failed`] if that cannot be stored.
    pub async fn delete_bans(&self, targets: Vec<BanTarget>) -> Result<(), StoreError> {
        match self.records() {
            Err(_) => Ok(()),
            Ok(Keeper::Sqlite(sqlite)) => {
                let delete = move |db: &_| sqlite::bans::delete(db, &targets);
                sqlite.write(delete).await
            }
            Ok(Keeper::Engine(engine)) => {
                engine.delete_bans(targets).await?;
                self.tell_of_bans().await;
                Ok(())
            }
        }
    }

    /// Notes how often each ban has kept out somebody. One that is gone is passed over.
    ///
    /// # Errors
    ///
    /// [`StoreError::Failed`] if that cannot be stored.
    pub async fn note_hits(&self, bans: Vec<Arc<ServerBan>>) -> Result<(), StoreError> {
        match self.records() {
            Err(_) => Ok(()),
            Ok(Keeper::Sqlite(sqlite)) => {
                let note = move |db: &_| sqlite::bans::note_hits(db, &bans);
                sqlite.write(note).await
            }
            Ok(Keeper::Engine(engine)) => {
                let hits = bans.iter().map(|ban| (ban.target.clone(), ban.new_hits()));
                Ok(engine.add_hits(hits.collect()).await?)
            }
        }
    }

    /// The reports, in the order of their numbers. One that makes no sense is left out.
    ///
    /// # Errors
    ///
    /// [`StoreError::Failed`] if they cannot be read.
    pub async fn reports(&self) -> Result<Vec<Report>, StoreError> {
        match self.records() {
            Err(_) => Ok(Vec::new()),
            Ok(Keeper::Sqlite(sqlite)) => sqlite.read(sqlite::bans::reports).await,
            Ok(Keeper::Engine(engine)) => Ok(engine.reports().await?),
        }
    }

    /// Stores a report, and forgets those with these numbers. Gives the number under which it is kept: its own, unless several
    /// servers count.
    ///
    /// # Errors
    ///
    /// [`StoreError::Failed`] if it cannot be stored.
    pub async fn save_report(&self, report: Report, gone: Vec<u64>) -> Result<u64, StoreError> {
        let id = report.id;
        match self.records() {
            Err(_) => Ok(id),
            Ok(Keeper::Sqlite(sqlite)) => {
                let save = move |db: &_| sqlite::bans::save_report(db, &report, &gone);
                sqlite.write(save).await.map(|()| id)
            }
            Ok(Keeper::Engine(engine)) => Ok(engine.save_report(report, gone).await?),
        }
    }

    /// Tells the other servers, if there are any, that the bans are others.
    async fn tell_of_bans(&self) {
        if let Some(cluster) = self.cluster() {
            cluster.tell_others(News::Bans).await;
        }
    }
}
