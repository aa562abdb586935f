//! Registered names.

use super::cluster::engine::Engine;
use super::sqlite::{self, Sqlite};
use super::{Backend, Operation, Store, StoreError};
use crate::chat::key::{AccountKey, Fingerprint};
use crate::chat::name::Name;
use crate::chat::reads::Reads;
use crate::chat::settings::Settings;
use crate::time::Timestamp;

/// A registered name as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The name as it was registered.
    pub name: Name,
    /// The PHC string of its password's hash.
    pub password: String,
    /// When it was registered.
    pub created: Timestamp,
    /// When its bearer last came or went.
    pub seen: Timestamp,
    /// What its bearer has set.
    pub settings: Settings,
    /// How far its bearer has read.
    pub reads: Reads,
}

/// What is new of an account; `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountChange {
    /// When its bearer last came or went.
    pub seen: Option<Timestamp>,
    /// What its bearer has set.
    pub settings: Option<Settings>,
    /// How far its bearer has read.
    pub reads: Option<Reads>,
}

/// Why an account goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// Nobody has used it for too long.
    Idle,
    /// An operator has deleted it.
    Deleted,
}

impl Store {
    /// Whether names can be registered: only where they outlive the process.
    pub fn keeps_accounts(&self) -> bool {
        matches!(self.backend, Backend::Sqlite(_) | Backend::Cluster(_))
    }

    /// The names of all accounts, in the order in which they were registered.
    ///
    /// # Errors
    ///
    /// [`StoreError::Failed`] if they cannot be read.
    pub async fn accounts(&self) -> Result<Vec<Name>, StoreError> {
        self.meet_fault(Operation::Account).await?;
        match self.records() {
            Err(_) => Ok(Vec::new()),
            Ok(Keeper::Sqlite(sqlite)) => sqlite.read(sqlite::accounts::names).await,
            Ok(Keeper::Engine(engine)) => Ok(engine.accounts().await?),
        }
    }

    /// The account with this name, in any case of letters.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoAccounts`], or [`StoreError::Failed`] if it cannot be read.
    pub async fn account(&self, name: Name) -> Result<Option<Account>, StoreError> {
        self.meet_fault(Operation::Account).await?;
        match self.records()? {
            Keeper::Sqlite(sqlite) => {
                let find = move |db: &_| sqlite::accounts::find(db, &name);
                sqlite.read(find).await
            }
            Keeper::Engine(engine) => Ok(engine.account(name).await?),
        }
    }

    /// Stores a new account.
    ///
    /// # Errors
    ///
    /// [`StoreError::AccountExists`] if there is one that has a key of [`Name::keys`] in common with it;
    /// [`StoreError::NoAccounts`]; [`StoreError::Failed`] if it cannot be stored.
    pub async fn create_account(&self, account: Account) -> Result<(), StoreError> {
        self.meet_fault(Operation::Account).await?;
        match self.records()? {
            Keeper::Sqlite(sqlite) => sqlite.create_account(account).await,
            Keeper::Engine(engine) => Ok(engine.create_account(account).await?),
        }
    }

    /// Stores what is new of accounts, all of it or nothing. One that is gone is passed over.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoAccounts`], or [`StoreError::Failed`] if it cannot be stored.
    pub async fn change_accounts(
        &self,
        changes: Vec<(Name, AccountChange)>,
    ) -> Result<(), StoreError> {
        self.meet_fault(Operation::Account).await?;
        match self.records()? {
            Keeper::Sqlite(sqlite) => sqlite.change_accounts(changes).await,
            Keeper::Engine(engine) => Ok(engine.change_accounts(changes).await?),
        }
    }

    /// Deletes the account with this name, if there is one.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoAccounts`], or [`StoreError::Failed`] if it cannot be deleted.
    pub async fn delete_account(&self, name: Name) -> Result<(), StoreError> {
        self.meet_fault(Operation::Account).await?;
        match self.records()? {
            Keeper::Sqlite(sqlite) => sqlite.delete_account(name).await,
            Keeper::Engine(engine) => Ok(engine.delete_account(name).await?),
        }
    }

    /// Deletes the account with this name if an operator wants that, or its user has not been seen since `unseen_since`. False
    /// if it is not so any more, or there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoAccounts`], or [`StoreError::Failed`] if it cannot be deleted.
    pub async fn expire_account(
        &self,
        name: Name,
        unseen_since: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        self.meet_fault(Operation::Account).await?;
        match self.records()? {
            // Nobody else deletes or registers any.
            Keeper::Sqlite(sqlite) => sqlite.delete_account(name).await.map(|()| true),
            Keeper::Engine(engine) => Ok(engine.expire_account(name, unseen_since).await?),
        }
    }

    /// The account that a key is bound to.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoAccounts`], or [`StoreError::Failed`] if it cannot be read.
    pub async fn key_owner(&self, key: Fingerprint) -> Result<Option<Name>, StoreError> {
        self.meet_fault(Operation::Account).await?;
        match self.records()? {
            Keeper::Sqlite(sqlite) => {
                let find = move |db: &_| sqlite::keys::owner(db, key);
                let owner = sqlite.read(find).await?;
                Ok(owner.and_then(|name| Name::parse(&name).ok()))
            }
            Keeper::Engine(engine) => Ok(engine.key_owner(key).await?),
        }
    }

    /// The keys of an account in the order in which they were added; none of one that is not there.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoAccounts`], or [`StoreError::Failed`] if they cannot be read.
    pub async fn keys(&self, account: Name) -> Result<Vec<AccountKey>, StoreError> {
        self.meet_fault(Operation::Account).await?;
        match self.records()? {
            Keeper::Sqlite(sqlite) => {
                let find = move |db: &_| sqlite::keys::of_account(db, &account);
                sqlite.read(find).await
            }
            Keeper::Engine(engine) => Ok(engine.keys(account).await?),
        }
    }

    /// Binds a key to an account.
    ///
    /// # Errors
    ///
    /// [`StoreError::KeyBound`] if it is bound to one, be it this or another; [`StoreError::KeysFull`];
    /// [`StoreError::NoAccount`]; [`StoreError::NoAccounts`]; [`StoreError::Failed`] if it cannot be stored.
    pub async fn add_key(&self, account: Name, key: AccountKey) -> Result<(), StoreError> {
        self.meet_fault(Operation::Account).await?;
        match self.records()? {
            Keeper::Sqlite(sqlite) => sqlite.add_key(account, key).await,
            Keeper::Engine(engine) => Ok(engine.add_key(account, key).await?),
        }
    }

    /// Unbinds a key from an account.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoKey`] if it is not bound to that; [`StoreError::NoAccounts`]; [`StoreError::Failed`] if that
    /// cannot be stored.
    pub async fn remove_key(&self, account: Name, key: Fingerprint) -> Result<(), StoreError> {
        self.meet_fault(Operation::Account).await?;
        match self.records()? {
            Keeper::Sqlite(sqlite) => sqlite.remove_key(account, key).await,
            Keeper::Engine(engine) => Ok(engine.remove_key(account, key).await?),
        }
    }

    /// Accounts that are to go, at most `most`: those that an operator has deleted, and those of which the owners were not
    /// seen since then.
    ///
    /// # Errors
    ///
    /// [`StoreError::Failed`] if they cannot be read.
    pub async fn due_accounts(
        &self,
        unseen_since: Option<Timestamp>,
        most: usize,
    ) -> Result<Vec<(Name, Expiry)>, StoreError> {
        match self.records() {
            Err(_) => Ok(Vec::new()),
            Ok(Keeper::Sqlite(sqlite)) => {
                let due = move |db: &_| sqlite::accounts::due(db, unseen_since, most);
                sqlite.read(due).await
            }
            Ok(Keeper::Engine(engine)) => Ok(engine.due_accounts(unseen_since, most).await?),
        }
    }

    /// Where accounts, bans and reports are kept.
    pub(super) fn records(&self) -> Result<Keeper<'_>, StoreError> {
        match &self.backend {
            Backend::Memory(_) => Err(StoreError::NoAccounts),
            Backend::Sqlite(sqlite) => Ok(Keeper::Sqlite(sqlite)),
            Backend::Cluster(cluster) => Ok(Keeper::Engine(&**cluster.engine())),
        }
    }
}

/// What keeps accounts, bans and reports.
pub(super) enum Keeper<'a> {
    Sqlite(&'a Sqlite),
    Engine(&'a dyn Engine),
}
