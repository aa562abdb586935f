//! What operators keep: bans of the whole server, and what users have reported.

use std::sync::Arc;

use super::sqlite;
use super::{Backend, Store, StoreError};
use crate::chat::admin::ban::{BanTarget, ServerBan};
use crate::chat::admin::report::Report;

impl Store {
    /// The bans, oldest first. One that makes no sense is left out.
    ///
    /// # Errors
    ///
    /// [`StoreError::Failed`] if they cannot be read.
    pub async fn bans(&self) -> Result<Vec<ServerBan>, StoreError> {
        match &self.backend {
            Backend::Memory(_) => Ok(Vec::new()),
            Backend::Sqlite(sqlite) => sqlite.read(sqlite::bans::all).await,
        }
    }

    /// Stores a ban, in place of one of the same target. In memory there is nothing to be done.
    ///
    /// # Errors
    ///
    /// [`StoreError::Failed`] if it cannot be stored.
    pub async fn save_ban(&self, ban: Arc<ServerBan>) -> Result<(), StoreError> {
        match &self.backend {
            Backend::Memory(_) => Ok(()),
            Backend::Sqlite(sqlite) => {
                let save = move |db: &_| sqlite::bans::save(db, &ban);
                sqlite.write(save).await
            }
        }
    }

    /// Forgets the bans of these targets.
    ///
    /// # Errors
    ///
    /// [`StoreError::Failed`] if that cannot be stored.
    pub async fn delete_bans(&self, targets: Vec<BanTarget>) -> Result<(), StoreError> {
        match &self.backend {
            Backend::Memory(_) => Ok(()),
            Backend::Sqlite(sqlite) => {
                let delete = move |db: &_| sqlite::bans::delete(db, &targets);
                sqlite.write(delete).await
            }
        }
    }

    /// Notes how often each ban has kept out somebody. One that is gone is passed over.
    ///
    /// # Errors
    ///
    /// [`StoreError::Failed`] if that cannot be stored.
    pub async fn note_hits(&self, bans: Vec<Arc<ServerBan>>) -> Result<(), StoreError> {
        match &self.backend {
            Backend::Memory(_) => Ok(()),
            Backend::Sqlite(sqlite) => {
                let note = move |db: &_| sqlite::bans::note_hits(db, &bans);
                sqlite.write(note).await
            }
        }
    }

    /// The reports, in the order of their numbers. One that makes no sense is left out.
    ///
    /// # Errors
    ///
    /// [`StoreError::Failed`] if they cannot be read.
    pub async fn reports(&self) -> Result<Vec<Report>, StoreError> {
        match &self.backend {
            Backend::Memory(_) => Ok(Vec::new()),
            Backend::Sqlite(sqlite) => sqlite.read(sqlite::bans::reports).await,
        }
    }

    /// Stores a report, and forgets those with these numbers.
    ///
    /// # Errors
    ///
    /// [`StoreError::Failed`] if it cannot be stored.
    pub async fn save_report(&self, report: Report, gone: Vec<u64>) -> Result<(), StoreError> {
        match &self.backend {
            Backend::Memory(_) => Ok(()),
            Backend::Sqlite(sqlite) => {
                let save = move |db: &_| sqlite::bans::save_report(db, &report, &gone);
                sqlite.write(save).await
            }
        }
    }
}
