//! The register that several servers share, as one of them sees it.
//!
//! Who gets a name is decided in the database. This server knows which of it its own connections have, so that a name
//! which could not be freed, or of which nobody knows whether it was taken, is free as soon as the database answers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Claim;
use super::names::variants;
use crate::chat::account::AccountError;
use crate::chat::address::Address;
use crate::chat::message::MemberId;
use crate::chat::name::Name;
use crate::chat::request::RenameError;
use crate::limits::{ACCOUNTS_MAX, DOUBTED_NAME_FREED, NAMES_UNFREED_MAX, VARIANT_TRIES};
use crate::store::StoreError;
use crate::store::cluster::engine::{Engine, EngineError, TakeName, TakenName};
use crate::time::Timestamp;

#[derive(Debug)]
pub(super) struct Shared {
    engine: Arc<dyn Engine>,
    names: Mutex<OwnNames>,
    /// Held while a name is taken, freed or kept, so that one that is freed at last is not taken meanwhile.
    turn: async_lock::Mutex<()>,
}

/// The names of this server's connections.
#[derive(Debug, Default)]
struct OwnNames {
    /// The last one taken last; there are two or three while one is exchanged for another.
    held: HashMap<MemberId, Vec<Name>>,
    /// Names that these may still have in the database, and are not to.
    unfreed: Vec<Unfreed>,
    /// Names that these have, and had been in doubt before: what asked for them then may still be on its way.
    doubted: Vec<(MemberId, Name)>,
    /// Names of connections that were lost, which are to be kept and may not be in the database.
    unkept: Vec<Unkept>,
}

/// A name that is to be kept for whoever comes from there, until then.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Unkept {
    id: MemberId,
    name: Name,
    address: Address,
    until: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Unfreed {
    id: MemberId,
    name: Name,
    /// So many times more it is freed when it has been: nobody knows whether it was taken, and that may be done yet.
    again: u8,
}

impl OwnNames {
    fn is_held(&self, id: MemberId, name: &Name) -> bool {
        self.held.get(&id).is_some_and(|held| held.contains(name))
    }

    fn took(&mut self, id: MemberId, name: &Name) {
        let held = self.held.entry(id).or_default();
        held.retain(|other| other != name);
        held.push(name.clone());
        let is_it = |it: &mut Unfreed| it.id == id && it.name == *name;
        let doubted = self.unfreed.extract_if(.., is_it);
        let doubted = doubted.filter(|it| it.again > 0);
        self.doubted.extend(doubted.map(|it| (it.id, it.name)));
    }

    fn let_go(&mut self, id: MemberId, name: &Name, again: u8) {
        self.unkept
            .retain(|unkept| unkept.id != id || unkept.name != *name);
        let is_it = |it: &mut (MemberId, Name)| it.0 == id && it.1 == *name;
        let again = match self.doubted.extract_if(.., is_it).count() {
            0 => again,
            _ => DOUBTED_NAME_FREED,
        };
        if let Some(held) = self.held.get_mut(&id) {
            held.retain(|other| other != name);
            if held.is_empty() {
                self.held.remove(&id);
            }
        }
        match self.find(id, name) {
            Some(unfreed) => unfreed.again = unfreed.again.max(again),
            None => {
                let name = name.clone();
                self.unfreed.push(Unfreed { id, name, again });
            }
        }
    }

    fn find(&mut self, id: MemberId, name: &Name) -> Option<&mut Unfreed> {
        let mut unfreed = self.unfreed.iter_mut();
        unfreed.find(|it| it.id == id && it.name == *name)
    }

    /// A name was freed.
    fn freed(&mut self, id: MemberId, name: &Name) {
        let is_done = |it: &Unfreed| it.again == 0 && it.id == id && it.name == *name;
        self.unfreed.retain(|it| !is_done(it));
    }

    /// The name that the connection keeps.
    fn kept(&self, id: MemberId) -> Option<Name> {
        self.held.get(&id)?.last().cloned()
    }
}

impl Shared {
    pub(super) fn new(engine: Arc<dyn Engine>) -> Shared {
        Shared {
            engine,
            names: Mutex::default(),
            turn: async_lock::Mutex::new(()),
        }
    }

    pub(super) async fn take(
        &self,
        id: MemberId,
        name: Name,
        account: Option<Name>,
        address: Option<Address>,
    ) -> Result<Result<Name, RenameError>, StoreError> {
        if name.is_anon() {
            return Ok(Ok(name));
        }
        let take = TakeName {
            member: id,
            name: name.clone(),
            account,
            address,
            by_force: false,
        };
        Ok(match self.try_take(take).await? {
            TakenName::Taken => Ok(name),
            TakenName::HeldBy(_) => {
                let free = self.variant_of(id, &name).await?;
                Err(RenameError::Taken(name, free))
            }
            TakenName::Registered(registered) => {
                let free = self.variant_of(id, &name).await?;
                Err(RenameError::Registered(name, registered, free))
            }
        })
    }

    pub(super) async fn take_variant(&self, id: MemberId, name: &Name) -> Result<Name, StoreError> {
        for _ in 0..VARIANT_TRIES {
            let variant = self.variant_of(id, name).await?;
            let take = TakeName {
                member: id,
                name: variant.clone(),
                account: None,
                address: None,
                by_force: false,
            };
            // Somebody may have been given the same at the same moment.
            if self.try_take(take).await? == TakenName::Taken {
                return Ok(variant);
            }
        }
        Ok(Name::anon())
    }

    pub(super) async fn claim(
        &self,
        id: MemberId,
        account: &Name,
        by_force: bool,
    ) -> Result<Claim, StoreError> {
        // Its case counts, as whoever has registered the name anew since is somebody else.
        let found = self.engine.account(account.clone()).await?;
        if found.is_none_or(|found| found.name != *account) {
            return Ok(Claim::NotRegistered);
        }
        let take = TakeName {
            member: id,
            name: account.clone(),
            account: Some(account.clone()),
            address: None,
            by_force,
        };
        Ok(match self.try_take(take).await? {
            TakenName::Taken => Claim::Granted,
            TakenName::HeldBy(others) => Claim::HeldBy(others),
            TakenName::Registered(_) => Claim::NotRegistered,
        })
    }

    /// Takes a name. What could not be freed before of this connection is freed first, so that it is not freed after it has
    /// been taken again.
    async fn try_take(&self, take: TakeName) -> Result<TakenName, StoreError> {
        let _turn = self.turn.lock().await;
        self.free_rest_of(take.member).await?;
        if self.lock().unfreed.len() >= NAMES_UNFREED_MAX {
            return Err(StoreError::Unavailable);
        }
        let (id, name) = (take.member, take.name.clone());
        let taken = self.engine.take_name(take).await;
        let mut names = self.lock();
        match &taken {
            Ok(TakenName::Taken) => names.took(id, &name),
            // Whoever asked is told that it does not have it.
            Err(EngineError::Doubt(_)) if !names.is_held(id, &name) => {
                names.let_go(id, &name, DOUBTED_NAME_FREED);
            }
            Ok(_) | Err(_) => {}
        }
        drop(names);
        taken.map_err(StoreError::from)
    }

    /// `name` with a number that makes it free.
    async fn variant_of(&self, id: MemberId, name: &Name) -> Result<Name, StoreError> {
        let (small, last) = variants(name, id);
        let free = self.engine.first_free(id, small.collect()).await?;
        Ok(free.unwrap_or(last))
    }

    pub(super) async fn free(
        &self,
        id: MemberId,
        name: &Name,
        new: Option<&Name>,
    ) -> Result<(), StoreError> {
        if name.is_anon() || new == Some(name) {
            return Ok(());
        }
        let _turn = self.turn.lock().await;
        self.lock().let_go(id, name, 0);
        self.free_one(id, name, new).await
    }

    /// Frees a name, but for what it shares with the connection's `new` one, or with the last that it has taken.
    async fn free_one(
        &self,
        id: MemberId,
        name: &Name,
        new: Option<&Name>,
    ) -> Result<(), StoreError> {
        let kept = {
            let names = self.lock();
            if names.is_held(id, name) {
                return Ok(());
            }
            let new = new.filter(|new| names.is_held(id, new)).cloned();
            new.or_else(|| names.kept(id))
        };
        self.engine.free_name(id, name.clone(), kept).await?;
        self.lock().freed(id, name);
        Ok(())
    }

    async fn free_rest_of(&self, id: MemberId) -> Result<(), StoreError> {
        let rest: Vec<Name> = {
            let names = self.lock();
            let of = names.unfreed.iter().filter(|it| it.id == id);
            of.map(|it| it.name.clone()).collect()
        };
        for name in rest {
            self.free_one(id, &name, None).await?;
        }
        Ok(())
    }

    pub(super) async fn free_rest(&self) -> bool {
        let rest = self.lock().unfreed.clone();
        for Unfreed { id, name, .. } in rest {
            let _turn = self.turn.lock().await;
            if self.lock().find(id, &name).is_none() {
                continue;
            }
            if self.free_one(id, &name, None).await.is_err() {
                return false;
            }
            if let Some(unfreed) = self.lock().find(id, &name) {
                unfreed.again = unfreed.again.saturating_sub(1);
            }
        }
        let unkept = self.lock().unkept.clone();
        for unkept in unkept {
            let _turn = self.turn.lock().await;
            if self.keep_one(&unkept).await.is_err() {
                return false;
            }
        }
        true
    }

    pub(super) async fn keep(
        &self,
        id: MemberId,
        name: &Name,
        address: Address,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let unkept = Unkept {
            id,
            name: name.clone(),
            address,
            until,
        };
        let _turn = self.turn.lock().await;
        self.lock().unkept.push(unkept.clone());
        self.free_rest_of(id).await?;
        self.keep_one(&unkept).await
    }

    /// Keeps a name, unless it has been let go meanwhile.
    async fn keep_one(&self, unkept: &Unkept) -> Result<(), StoreError> {
        if !self.lock().unkept.contains(unkept) {
            return Ok(());
        }
        let Unkept {
            id,
            name,
            address,
            until,
        } = unkept.clone();
        self.engine.keep_name(id, name, address, until).await?;
        self.lock().unkept.retain(|kept| kept != unkept);
        Ok(())
    }

    pub(super) fn begin_anew(&self) {
        *self.lock() = OwnNames::default();
    }

    pub(super) async fn holder(&self, name: &Name) -> Result<Option<MemberId>, StoreError> {
        if name.is_anon() {
            return Ok(None);
        }
        Ok(self.engine.holder(name.clone()).await?)
    }

    pub(super) async fn holders(&self, name: &Name) -> Result<Vec<MemberId>, StoreError> {
        if name.is_anon() {
            return Ok(Vec::new());
        }
        Ok(self.engine.holders(name.clone()).await?)
    }

    /// Whether an account can be made of the name of this connection. That it is the only one of its name the database sees
    /// to when the account is stored.
    pub(super) async fn may_register(
        &self,
        id: MemberId,
        name: &Name,
    ) -> Result<Result<(), AccountError>, StoreError> {
        if self.holder(name).await? != Some(id) {
            return Ok(Err(AccountError::NotYours));
        }
        let take = TakeName {
            member: id,
            name: name.clone(),
            account: None,
            address: None,
            by_force: false,
        };
        match self.try_take(take).await? {
            TakenName::Taken => {}
            TakenName::HeldBy(_) => return Ok(Err(AccountError::NotYours)),
            TakenName::Registered(registered) => {
                return Ok(Err(AccountError::Registered(registered)));
            }
        }
        match self.accounts().await? >= ACCOUNTS_MAX {
            true => Ok(Err(AccountError::TooMany(ACCOUNTS_MAX))),
            false => Ok(Ok(())),
        }
    }

    pub(super) async fn accounts(&self) -> Result<usize, StoreError> {
        Ok(self.engine.accounts().await?.len())
    }

    fn lock(&self) -> MutexGuard<'_, OwnNames> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
