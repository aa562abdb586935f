//! The register: which connection has which name, and which names are registered.
//!
//! Its calls take their time and may be answered [`StoreError::Unavailable`], since names that several servers
//! share are kept elsewhere. The one of a single server is in memory and answers at once. Calls that depend on
//! each other's outcome have to be made one after the other; the lobby makes them in one task.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::StoreError;
use super::names::Names;
use crate::chat::account::AccountError;
use crate::chat::message::MemberId;
use crate::chat::name::Name;
use crate::chat::request::RenameError;

/// The register of one server.
#[derive(Debug, Default)]
pub struct Register(Mutex<Names>);

/// What came of asking for a registered name on behalf of its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The connection has it.
    Granted,
    /// These connections have it, or one that looks like it.
    HeldBy(Vec<MemberId>),
    /// It is not registered any more.
    NotRegistered,
}

impl Register {
    /// Gives `name` to connection `id`, which is logged in to `account`, or says why not.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`]; the connection does not have it.
    pub async fn take(
        &self,
        id: MemberId,
        name: Name,
        account: Option<Name>,
    ) -> Result<Result<Name, RenameError>, StoreError> {
        Ok(self.lock().take(name, id, account.as_ref()))
    }

    /// Gives connection `id` a free name that is like `name`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn take_variant(&self, id: MemberId, name: &Name) -> Result<Name, StoreError> {
        Ok(self.lock().take_variant(name, id))
    }

    /// Gives the registered name `account` to connection `id`, whose user owns it, if nobody else has it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn claim(&self, id: MemberId, account: &Name) -> Result<Claim, StoreError> {
        let mut names = self.lock();
        if !names.is_registered(account) {
            return Ok(Claim::NotRegistered);
        }
        let others = names.others_with(account, id);
        if !others.is_empty() {
            return Ok(Claim::HeldBy(others));
        }
        names.give(account, id);
        Ok(Claim::Granted)
    }

    /// Frees `old`, which connection `id` has exchanged for `new`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`]; it is freed when the connection ends.
    pub async fn exchange(&self, id: MemberId, old: &Name, new: &Name) -> Result<(), StoreError> {
        self.lock().exchange(old, new, id);
        Ok(())
    }

    /// Frees `name` if connection `id` has it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`]; it is freed once this server is taken for dead.
    pub async fn free(&self, id: MemberId, name: &Name) -> Result<(), StoreError> {
        self.lock().free(name, id);
        Ok(())
    }

    /// The connection that has `name`, in any case of letters.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn holder(&self, name: &Name) -> Result<Option<MemberId>, StoreError> {
        Ok(self.lock().owner(name))
    }

    /// Notes that `name`, which connection `id` has, is registered: nobody else can take it from here on.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn register(
        &self,
        id: MemberId,
        name: &Name,
    ) -> Result<Result<(), AccountError>, StoreError> {
        Ok(self.lock().register(name, id))
    }

    /// Notes that `name` is registered, whoever has it.
    pub fn enter(&self, name: &Name) {
        self.lock().enter(name);
    }

    /// Notes that `name` is not registered any more.
    pub fn strike(&self, name: &Name) {
        self.lock().strike(name);
    }

    /// Whether exactly this name is registered.
    #[cfg(test)]
    pub(crate) fn is_registered(&self, name: &Name) -> bool {
        self.lock().is_registered(name)
    }

    /// How many names are registered.
    pub fn accounts(&self) -> usize {
        self.lock().accounts()
    }

    /// Those who have `name` or one that looks like it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn holders(&self, name: &Name) -> Result<Vec<MemberId>, StoreError> {
        Ok(self.lock().others_with(name, MemberId::NOBODY))
    }

    /// Those other than `id` who have `name` or one that looks like it.
    #[cfg(test)]
    pub(crate) fn others_with(&self, name: &Name, id: MemberId) -> Vec<MemberId> {
        self.lock().others_with(name, id)
    }

    fn lock(&self) -> MutexGuard<'_, Names> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
