//! The register that several servers share, as one of them sees it.
//!
//! Who gets a name is decided in the database. This server knows which of it its own connections have, so that a name
//! which could not be freed, or of which nobody knows whether it was taken, is free as soon as the database answers.
//!
//! A request that was lost may still be on its way, and be done after what was asked for since. For as long as that may be
//! ([`LATE_REQUEST_MAX`]), a name that one takes is freed, or kept, again and again once it is not to be had any more, and a
//! name that one frees is not taken.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::Claim;
use super::names::variants;
use crate::chat::account::AccountError;
use crate::chat::address::Address;
use crate::chat::message::MemberId;
use crate::chat::name::Name;
use crate::chat::request::RenameError;
use crate::limits::{
    ACCOUNTS_MAX, DOUBTED_NAME_FREED_EVERY, LATE_REQUEST_MAX, NAMES_UNFREED_MAX, VARIANT_TRIES,
};
use crate::runtime::Clock;
use crate::store::StoreError;
use crate::store::cluster::engine::{Engine, EngineError, TakeName, TakenName};
use crate::time::Timestamp;

#[derive(Debug)]
pub(super) struct Shared {
    engine: Arc<dyn Engine>,
    clock: Clock,
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
    /// Names of connections that were lost, which are to be kept and may not be in the database.
    unkept: Vec<Unkept>,
    /// What takes these may still be on its way, whether they are had by now or not.
    late_takes: Vec<Late>,
    /// What frees these may still be on its way.
    late_frees: Vec<Late>,
    /// How often all names were lost.
    losses: u64,
}

#[derive(Debug)]
struct Unfreed {
    id: MemberId,
    name: Name,
    /// It was freed, and what takes it may be done yet: it is freed once more then.
    again: Option<Instant>,
}

/// A name that is to be kept for whoever comes from there, until then.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Unkept {
    id: MemberId,
    name: Name,
    address: Address,
    until: Timestamp,
}

/// A request that was lost, and may be done until then.
#[derive(Debug)]
struct Late {
    id: MemberId,
    name: Name,
    until: Instant,
}

impl OwnNames {
    fn is_held(&self, id: MemberId, name: &Name) -> bool {
        self.held.get(&id).is_some_and(|held| held.contains(name))
    }

    fn took(&mut self, id: MemberId, name: &Name) {
        let held = self.held.entry(id).or_default();
        held.retain(|other| other != name);
        held.push(name.clone());
        self.unfreed.retain(|it| it.id != id || it.name != *name);
    }

    /// Nobody knows whether a name was taken, or will be.
    fn may_take(&mut self, id: MemberId, name: &Name, now: Instant) {
        note_late(&mut self.late_takes, id, name, now);
        // Whoever asked is told that it does not have it.
        if !self.is_held(id, name) {
            self.let_go(id, name);
        }
    }

    /// Nobody knows whether a name was freed, or will be.
    fn may_free(&mut self, id: MemberId, name: &Name, now: Instant) {
        note_late(&mut self.late_frees, id, name, now);
    }

    /// Whether a connection that takes this name may lose it to what is still on its way.
    fn may_be_freed(&self, id: MemberId, name: &Name, now: Instant) -> bool {
        let is_it = |it: &Late| it.until > now && it.id == id && it.name.clashes(name);
        self.late_frees.iter().any(is_it)
    }

    fn let_go(&mut self, id: MemberId, name: &Name) {
        self.unkept
            .retain(|unkept| unkept.id != id || unkept.name != *name);
        if let Some(held) = self.held.get_mut(&id) {
            held.retain(|other| other != name);
            if held.is_empty() {
                self.held.remove(&id);
            }
        }
        match self.find(id, name) {
            Some(unfreed) => unfreed.again = None,
            None => self.unfreed.push(Unfreed {
                id,
                name: name.clone(),
                again: None,
            }),
        }
    }

    fn find(&mut self, id: MemberId, name: &Name) -> Option<&mut Unfreed> {
        let mut unfreed = self.unfreed.iter_mut();
        unfreed.find(|it| it.id == id && it.name == *name)
    }

    /// A name was freed by what was asked for at that time.
    fn freed(&mut self, id: MemberId, name: &Name, asked: Instant) {
        if self.may_be_taken(id, name, asked) {
            if let Some(unfreed) = self.find(id, name) {
                unfreed.again = Some(asked + DOUBTED_NAME_FREED_EVERY);
            }
        } else {
            self.unfreed.retain(|it| it.id != id || it.name != *name);
        }
    }

    /// A name was kept by what was asked for at that time.
    fn did_keep(&mut self, kept: &Unkept, asked: Instant) {
        // What takes it would end that.
        if !self.may_be_taken(kept.id, &kept.name, asked) {
            self.unkept.retain(|it| it != kept);
        }
    }

    /// Whether what takes a name may be done later than what was asked for at that time.
    fn may_be_taken(&self, id: MemberId, name: &Name, asked: Instant) -> bool {
        let is_it = |it: &Late| it.until > asked && it.id == id && it.name == *name;
        self.late_takes.iter().any(is_it)
    }

    /// The names to be freed now.
    fn due(&self, now: Instant) -> Vec<(MemberId, Name)> {
        let is_due = |it: &&Unfreed| it.again.is_none_or(|again| again <= now);
        let due = self.unfreed.iter().filter(is_due);
        due.map(|it| (it.id, it.name.clone())).collect()
    }

    /// What has to be remembered.
    fn len(&self) -> usize {
        self.unfreed.len() + self.late_takes.len() + self.late_frees.len()
    }

    fn forget_late(&mut self, now: Instant) {
        self.late_takes.retain(|it| it.until > now);
        self.late_frees.retain(|it| it.until > now);
    }

    /// The database has nothing any more of what these connections had. What was on its way before is not lost with it.
    fn begin_anew(&mut self) {
        self.held.clear();
        self.unkept.clear();
        self.losses += 1;
    }

    /// The name that the connection keeps.
    fn kept(&self, id: MemberId) -> Option<Name> {
        self.held.get(&id)?.last().cloned()
    }
}

fn note_late(all: &mut Vec<Late>, id: MemberId, name: &Name, now: Instant) {
    let until = now + LATE_REQUEST_MAX;
    match all.iter_mut().find(|it| it.id == id && it.name == *name) {
        Some(late) => late.until = until,
        None => all.push(Late {
            id,
            name: name.clone(),
            until,
        }),
    }
}

impl Shared {
    pub(super) fn new(engine: Arc<dyn Engine>, clock: Clock) -> Shared {
        Shared {
            engine,
            clock,
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
        let (id, name) = (take.member, take.name.clone());
        let losses = {
            let now = self.clock.now();
            let mut names = self.lock();
            names.forget_late(now);
            let is_held = names.is_held(id, &name);
            if names.len() >= NAMES_UNFREED_MAX || !is_held && names.may_be_freed(id, &name, now) {
                return Err(StoreError::Unavailable);
            }
            names.losses
        };
        let taken = self.engine.take_name(take).await;
        let now = self.clock.now();
        let mut names = self.lock();
        match &taken {
            Ok(TakenName::Taken) if names.losses != losses => {
                // It may have been taken before all names were lost.
                names.let_go(id, &name);
                return Err(StoreError::Unavailable);
            }
            Ok(TakenName::Taken) => names.took(id, &name),
            Err(EngineError::Doubt(_)) => names.may_take(id, &name, now),
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
        self.lock().let_go(id, name);
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
        let asked = self.clock.now();
        let freed = self.engine.free_name(id, name.clone(), kept).await;
        let mut names = self.lock();
        match &freed {
            Ok(()) => names.freed(id, name, asked),
            Err(EngineError::Doubt(_)) => names.may_free(id, name, self.clock.now()),
            Err(_) => {}
        }
        drop(names);
        Ok(freed?)
    }

    async fn free_rest_of(&self, id: MemberId) -> Result<(), StoreError> {
        let due = self.lock().due(self.clock.now());
        for (_, name) in due.into_iter().filter(|(of, _)| *of == id) {
            self.free_one(id, &name, None).await?;
        }
        Ok(())
    }

    pub(super) async fn free_rest(&self) -> bool {
        let due = self.lock().due(self.clock.now());
        for (id, name) in due {
            let _turn = self.turn.lock().await;
            if self.lock().find(id, &name).is_none() {
                continue;
            }
            if self.free_one(id, &name, None).await.is_err() {
                return false;
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
        let asked = self.clock.now();
        self.engine.keep_name(id, name, address, until).await?;
        self.lock().did_keep(unkept, asked);
        Ok(())
    }

    pub(super) fn begin_anew(&self) {
        self.lock().begin_anew();
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const ANN: MemberId = MemberId(1);
    const BEN: MemberId = MemberId(2);

    fn name(text: &str) -> Name {
        Name::parse(text).expect("a name")
    }

    fn dai() -> Name {
        name("Dai")
    }

    #[test]
    fn a_name_is_freed_until_nothing_that_takes_it_is_on_its_way() {
        let mut names = OwnNames::default();
        let start = Instant::now();
        // It is taken, and asked for again, since it is to be registered: of that nobody knows what came.
        names.took(ANN, &dai());
        names.may_take(ANN, &dai(), start);
        assert!(names.is_held(ANN, &dai()) && names.due(start).is_empty());
        // The connection ends.
        names.let_go(ANN, &dai());
        let mut now = start;
        let mut times = 0;
        while !names.unfreed.is_empty() {
            if !names.due(now).is_empty() {
                names.freed(ANN, &dai(), now);
                times += 1;
            }
            now += Duration::from_millis(100);
        }
        assert!(now >= start + LATE_REQUEST_MAX, "{:?}", now - start);
        let most = LATE_REQUEST_MAX.as_secs() / DOUBTED_NAME_FREED_EVERY.as_secs();
        assert_eq!(times, 1 + most);
    }

    #[test]
    fn a_name_that_was_certainly_taken_is_freed_once() {
        let mut names = OwnNames::default();
        let now = Instant::now();
        names.took(ANN, &dai());
        names.let_go(ANN, &dai());
        assert_eq!(names.due(now), [(ANN, dai())]);
        names.freed(ANN, &dai(), now);
        assert!(names.unfreed.is_empty());
    }

    #[test]
    fn what_is_on_its_way_is_known_when_all_names_are_lost() {
        let mut names = OwnNames::default();
        let now = Instant::now();
        names.may_take(ANN, &dai(), now);
        names.begin_anew();
        assert_eq!(names.due(now), [(ANN, dai())]);
        names.freed(ANN, &dai(), now);
        assert_eq!(names.due(now + LATE_REQUEST_MAX), [(ANN, dai())]);
    }

    #[test]
    fn a_name_that_may_be_freed_yet_is_not_taken_by_whoever_had_it() {
        let mut names = OwnNames::default();
        let now = Instant::now();
        names.let_go(ANN, &dai());
        names.may_free(ANN, &dai(), now);
        // They have a key in common.
        let like_it = name("\u{d0}ai");
        assert!(names.may_be_freed(ANN, &dai(), now) && names.may_be_freed(ANN, &like_it, now));
        assert!(!names.may_be_freed(ANN, &name("Ben"), now));
        assert!(!names.may_be_freed(BEN, &dai(), now));
        let later = now + LATE_REQUEST_MAX;
        assert!(!names.may_be_freed(ANN, &dai(), later));
        names.forget_late(later);
        assert!(names.late_frees.is_empty());
    }

    #[test]
    fn a_lost_name_is_kept_until_nothing_that_takes_it_is_on_its_way() {
        let mut names = OwnNames::default();
        let now = Instant::now();
        let unkept = Unkept {
            id: ANN,
            name: dai(),
            address: Address::parse("10.0.0.1").expect("an address"),
            until: Timestamp(0),
        };
        names.took(ANN, &dai());
        names.may_take(ANN, &dai(), now);
        names.unkept.push(unkept.clone());
        names.did_keep(&unkept, now);
        assert_eq!(names.unkept, std::slice::from_ref(&unkept));
        names.did_keep(&unkept, now + LATE_REQUEST_MAX);
        assert_eq!(names.unkept, []);
    }
}
