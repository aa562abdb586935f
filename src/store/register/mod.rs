//! The register: which connection has which name, and which names are registered.
//!
//! The one of a single server is in memory and answers at once ([`names`]). The one that several servers share is in
//! their database ([`shared`]): its calls take their time and may be answered [`StoreError::Unavailable`]. Calls that
//! depend on each other's outcome have to be made one after the other; the lobby makes them in one task.

mod names;
mod shared;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use self::names::Names;
use self::shared::Shared;
use super::StoreError;
use super::cluster::engine::Engine;
use crate::chat::account::AccountError;
use crate::chat::address::Address;
use crate::chat::message::MemberId;
use crate::chat::name::Name;
use crate::chat::request::RenameError;
use crate::runtime::Clock;
use crate::time::Timestamp;

/// The register of one server, or its way to the one that it shares with others.
#[derive(Debug)]
pub struct Register(Kind);

#[derive(Debug)]
enum Kind {
    Own(Mutex<Names>),
    Shared(Shared),
}

impl Default for Register {
    /// That of a server that shares its names with nobody.
    fn default() -> Register {
        Register(Kind::Own(Mutex::default()))
    }
}

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
    /// The one that is in the database of `engine`.
    pub fn shared(engine: Arc<dyn Engine>, clock: Clock) -> Register {
        Register(Kind::Shared(Shared::new(engine, clock)))
    }

    /// Gives `name` to connection `id`, which comes from `address` and is logged in to `account`, or says why not.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`]; the connection does not have it.
    pub async fn take(
        &self,
        id: MemberId,
        name: Name,
        account: Option<Name>,
        address: Option<Address>,
    ) -> Result<Result<Name, RenameError>, StoreError> {
        match &self.0 {
            Kind::Own(names) => Ok(lock(names).take(name, id, account.as_ref())),
            Kind::Shared(shared) => shared.take(id, name, account, address).await,
        }
    }

    /// Gives connection `id` a free name that is like `name`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn take_variant(&self, id: MemberId, name: &Name) -> Result<Name, StoreError> {
        match &self.0 {
            Kind::Own(names) => Ok(lock(names).take_variant(name, id)),
            Kind::Shared(shared) => shared.take_variant(id, name).await,
        }
    }

    /// Gives the registered name `account` to connection `id`, whose user owns it, if nobody else has it; or from
    /// whoever has it, `by_force`, if that is on another server, which does not answer.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn claim(
        &self,
        id: MemberId,
        account: &Name,
        by_force: bool,
    ) -> Result<Claim, StoreError> {
        let mut names = match &self.0 {
            Kind::Own(names) => lock(names),
            Kind::Shared(shared) => return shared.claim(id, account, by_force).await,
        };
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
    /// [`StoreError::Unavailable`]; it is freed as soon as that is possible.
    pub async fn exchange(&self, id: MemberId, old: &Name, new: &Name) -> Result<(), StoreError> {
        match &self.0 {
            Kind::Own(names) => {
                lock(names).exchange(old, new, id);
                Ok(())
            }
            Kind::Shared(shared) => shared.free(id, old, Some(new)).await,
        }
    }

    /// Frees `name` if connection `id` has it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`]; it is freed as soon as that is possible, or once this server is taken for dead.
    pub async fn free(&self, id: MemberId, name: &Name) -> Result<(), StoreError> {
        match &self.0 {
            Kind::Own(names) => {
                lock(names).free(name, id);
                Ok(())
            }
            Kind::Shared(shared) => shared.free(id, name, None).await,
        }
    }

    /// Keeps `name`, which connection `id` has that was lost, for whoever comes from `address` until then. A server that
    /// shares its names with nobody sees to that itself.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn keep(
        &self,
        id: MemberId,
        name: &Name,
        address: Address,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        match &self.0 {
            Kind::Own(_) => Ok(()),
            Kind::Shared(shared) => shared.keep(id, name, address, until).await,
        }
    }

    /// Frees what could not be freed before. True if nothing is left.
    pub async fn free_rest(&self) -> bool {
        match &self.0 {
            Kind::Own(_) => true,
            Kind::Shared(shared) => shared.free_rest().await,
        }
    }

    /// This server was taken for dead, and no connection of it has a name any more.
    pub fn begin_anew(&self) {
        if let Kind::Shared(shared) = &self.0 {
            shared.begin_anew();
        }
    }

    /// The connection that has `name`, in any case of letters.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn holder(&self, name: &Name) -> Result<Option<MemberId>, StoreError> {
        match &self.0 {
            Kind::Own(names) => Ok(lock(names).owner(name)),
            Kind::Shared(shared) => shared.holder(name).await,
        }
    }

    /// Notes that `name`, which connection `id` has, is registered: nobody else can take it from here on. Where names are
    /// shared it is when the account is stored.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn register(
        &self,
        id: MemberId,
        name: &Name,
    ) -> Result<Result<(), AccountError>, StoreError> {
        match &self.0 {
            Kind::Own(names) => Ok(lock(names).register(name, id)),
            Kind::Shared(shared) => shared.may_register(id, name).await,
        }
    }

    /// Notes that `name` is registered, whoever has it. Where names are shared the database knows.
    pub fn enter(&self, name: &Name) {
        if let Kind::Own(names) = &self.0 {
            lock(names).enter(name);
        }
    }

    /// Notes that `name` is not registered any more. Where names are shared the database knows.
    pub fn strike(&self, name: &Name) {
        if let Kind::Own(names) = &self.0 {
            lock(names).strike(name);
        }
    }

    /// Whether exactly this name is registered.
    #[cfg(test)]
    pub(crate) fn is_registered(&self, name: &Name) -> bool {
        match &self.0 {
            Kind::Own(names) => lock(names).is_registered(name),
            Kind::Shared(_) => panic!("the database knows"),
        }
    }

    /// How many names are registered.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn accounts(&self) -> Result<usize, StoreError> {
        match &self.0 {
            Kind::Own(names) => Ok(lock(names).accounts()),
            Kind::Shared(shared) => shared.accounts().await,
        }
    }

    /// Those who have `name` or one that looks like it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`].
    pub async fn holders(&self, name: &Name) -> Result<Vec<MemberId>, StoreError> {
        match &self.0 {
            Kind::Own(names) => Ok(lock(names).others_with(name, MemberId::NOBODY)),
            Kind::Shared(shared) => shared.holders(name).await,
        }
    }

    /// Those other than `id` who have `name` or one that looks like it.
    #[cfg(test)]
    pub(crate) fn others_with(&self, name: &Name, id: MemberId) -> Vec<MemberId> {
        match &self.0 {
            Kind::Own(names) => lock(names).others_with(name, id),
            Kind::Shared(_) => panic!("the database knows"),
        }
    }
}

fn lock(names: &Mutex<Names>) -> MutexGuard<'_, Names> {
    names.lock().unwrap_or_else(PoisonError::into_inner)
}
