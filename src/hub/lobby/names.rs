//! Who is called what: names are taken, given back, logged in to and registered one change at a time.
//!
//! All changes are made in the order in which they were asked for, since each depends on what came of the one
//! before, and the register may take its time for an answer.
//!
//! An account's owner takes the name from whoever has it, which can only be an earlier login of the same owner.
//! That connection is told ([`ClientEvent::NameReclaimed`]), takes another name with [`Lobby::yield_name`], tells
//! its room, and frees the name ([`Lobby::free_name`]); only then has the later login its answer, so its room
//! hears of it in this order. Logins are granted in the order in which their passwords were found right. None
//! of them waits for anything but a turn of a connection's task, so they cannot wait for each other.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::task::{Context, Waker};

use async_channel::Sender;
use futures_lite::{FutureExt, future};

use super::accounts::expiry::When;
use super::cluster::{Asked, FarChange};
use super::{Lobby, Requester, User};
use crate::chat::account::{AccountError, AccountReply, Login};
use crate::chat::address::Address;
use crate::chat::admin::Ejection;
use crate::chat::ignore::{IgnoreRequest, Ignores};
use crate::chat::letter::Letter;
use crate::chat::message::MemberId;
use crate::chat::name::Name;
use crate::chat::reads::Reads;
use crate::chat::request::{LobbyReply, RenameError, Reply};
use crate::chat::room::Identity;
use crate::chat::settings::Settings;
use crate::hub::room::ClientEvent;
use crate::hub::security::{self, Incident};
use crate::limits::NAME_CHANGES_IN_A_ROW;
use crate::store::{Account, Claim, Expiry, StoreError};

/// A change of who is called what.
#[derive(Debug)]
pub(super) enum NameChange {
    /// A connection from there wants this name. Answered by [`LobbyReply::Renamed`].
    Take(MemberId, Name, Option<Address>),
    /// A connection has exchanged a name for another one.
    Exchange { id: MemberId, old: Name, new: Name },
    /// A connection has ended, and had this name.
    Free(MemberId, Name),
    /// The connection of an owner was lost, whose name is kept for a while.
    Keep(MemberId, Identity),
    /// A connection is to give up its name, which is this account's.
    Yield(MemberId, Name),
    /// What follows from what other servers do.
    Far(FarChange),
    /// A connection has given the password of an account. Answered by [`AccountReply::LoggedIn`].
    LogIn(MemberId, Box<Account>),
    /// A connection registers its name. Answered by [`AccountReply::Registered`].
    Register(Requester, Box<Account>),
    /// The owner of an account has given its password and deletes it. Answered by [`AccountReply::Forgotten`].
    Forget(Requester, Name),
    /// An operator gives a connection this name. Answered by whether it has it, or `None` if it has ended.
    Impose(MemberId, Name, Sender<Option<Result<(), RenameError>>>),
    /// An operator deletes an account. Answered by whether it is deleted.
    Delete(Name, Sender<bool>),
    /// An account goes for this reason.
    Expire(Name, Expiry),
    /// Changes nothing. Answered by who has the name when all changes before it are made whole.
    Find(Name, Sender<Result<Option<MemberId>, StoreError>>),
}

impl NameChange {
    /// The connection that waits for a reply.
    fn asker(&self) -> Option<MemberId> {
        match self {
            NameChange::Take(id, ..) | NameChange::LogIn(id, _) => Some(*id),
            NameChange::Register(requester, _) | NameChange::Forget(requester, _) => {
                Some(requester.id)
            }
            NameChange::Exchange { .. }
            | NameChange::Free(..)
            | NameChange::Keep(..)
            | NameChange::Yield(..)
            | NameChange::Far(_)
            | NameChange::Impose(..)
            | NameChange::Delete(..)
            | NameChange::Expire(..)
            | NameChange::Find(..) => None,
        }
    }
}

/// Changes that were asked for, and logins that wait for a name to be freed.
#[derive(Debug, Default)]
pub(super) struct NameQueue {
    changes: VecDeque<NameChange>,
    waiting: Vec<WaitingLogin>,
    pub(super) is_running: bool,
}

/// A login that waits for its name.
#[derive(Debug)]
pub(super) struct WaitingLogin {
    pub(super) id: MemberId,
    pub(super) account: Name,
    pub(super) settings: Settings,
    pub(super) reads: Reads,
    /// Those who were asked to give the name up.
    pub(super) asked: Asked,
}

impl Lobby {
    /// Takes a name for connection `id`, which comes `from` there. Answered by [`LobbyReply::Renamed`]. The old name stays taken until
    /// [`Lobby::free_name`]: the room must have been told first.
    pub fn take_name(self: &Arc<Self>, id: MemberId, name: Name, from: Option<Address>) {
        self.change_name(NameChange::Take(id, name, from));
    }

    /// Frees `old`, which connection `id` has exchanged for `new`.
    pub fn free_name(self: &Arc<Self>, id: MemberId, old: &Name, new: &Name) {
        let (old, new) = (old.clone(), new.clone());
        self.change_name(NameChange::Exchange { id, old, new });
    }

    /// Takes another name for connection `id`, whose name the owner of `account` is to have back. Answered by
    /// [`ClientEvent::NameYielded`], unless it has another name already. As with [`Lobby::take_name`] the old
    /// name stays taken until [`Lobby::free_name`].
    pub fn yield_name(self: &Arc<Self>, id: MemberId, account: Name) {
        self.change_name(NameChange::Yield(id, account));
    }

    /// Who has `name`. A name that is free only because it changes hands just now has its next holder.
    ///
    /// # Errors
    ///
    /// If the register cannot tell.
    pub(super) async fn holder(
        self: &Arc<Self>,
        name: &Name,
    ) -> Result<Option<MemberId>, StoreError> {
        let holder = self.store.register().holder(name).await?;
        if holder.is_some() {
            return Ok(holder);
        }
        let (answer, answered) = async_channel::bounded(1);
        self.change_name(NameChange::Find(name.clone(), answer));
        let found = answered.recv().await;
        found.unwrap_or(Err(StoreError::Unavailable))
    }

    /// Has a change made after all that were asked for before. A register in memory answers at once, and then it is
    /// made when this returns; otherwise a task goes on with it.
    pub(super) fn change_name(self: &Arc<Self>, change: NameChange) {
        let mut queue = self.lock_names();
        queue.changes.push_back(change);
        if std::mem::replace(&mut queue.is_running, true) {
            return;
        }
        drop(queue);
        let mut changing = Box::pin(Arc::clone(self).run_names());
        let first_look = changing
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        if first_look.is_pending() {
            self.requests.start(changing);
        }
    }

    /// Makes the changes that were asked for, in order, until there is none. There is one of it at a time.
    async fn run_names(self: Arc<Self>) {
        let mut waiting = std::mem::take(&mut self.lock_names().waiting);
        let mut made = 0_usize;
        loop {
            let change = {
                let mut queue = self.lock_names();
                let Some(change) = queue.changes.pop_front() else {
                    queue.waiting = waiting;
                    queue.is_running = false;
                    return;
                };
                change
            };
            let asker = change.asker();
            let making = AssertUnwindSafe(self.make(change, &mut waiting)).catch_unwind();
            if making.await.is_err()
                && let Some(id) = asker
            {
                self.with_user(id, |user| user.inbox.reply(Reply::Fault));
            }
            made += 1;
            if made.is_multiple_of(NAME_CHANGES_IN_A_ROW) {
                // Others ask while this one works, and its thread has more to do than their names.
                future::yield_now().await;
            }
        }
    }

    pub(super) fn lock_names(&self) -> MutexGuard<'_, NameQueue> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn make(self: &Arc<Self>, change: NameChange, waiting: &mut Vec<WaitingLogin>) {
        match change {
            NameChange::Take(id, name, from) => self.take(id, name, from).await,
            NameChange::Exchange { id, old, new } => {
                // What cannot be freed now is freed with the connection.
                let _ = self.store.register().exchange(id, &old, &new).await;
                // A login can have brought yet another name since it was given this one.
                self.with_user(id, |user| user.name_comes &= user.name != new);
                self.settle_yields(id).await;
                self.grant_waiting_logins(waiting).await;
            }
            NameChange::Free(id, name) => {
                // What cannot be freed now is free once the register takes the connection for dead.
                let _ = self.store.register().free(id, &name).await;
                self.settle_yields(id).await;
                self.grant_waiting_logins(waiting).await;
            }
            NameChange::Keep(id, identity) => {
                for (id, name) in self.keep_name(id, identity).await {
                    let _ = self.store.register().free(id, &name).await;
                }
                self.grant_waiting_logins(waiting).await;
            }
            NameChange::Yield(id, account) => self.give_up(id, account).await,
            NameChange::Far(change) => {
                self.make_far(change, waiting).await;
                self.grant_waiting_logins(waiting).await;
            }
            NameChange::LogIn(id, account) => {
                waiting.push(WaitingLogin {
                    id,
                    account: account.name,
                    settings: account.settings,
                    reads: account.reads,
                    asked: Asked::default(),
                });
                self.grant_waiting_logins(waiting).await;
            }
            NameChange::Register(requester, account) => {
                self.register_name(&requester, *account).await
            }
            NameChange::Forget(requester, name) => {
                let result = self.forget_name(&requester, &name, waiting).await;
                requester.answer(AccountReply::Forgotten(name, result));
            }
            NameChange::Impose(id, name, answer) => {
                let imposed = self.impose(id, name).await;
                // Whoever asked may be gone.
                let _ = answer.try_send(imposed);
            }
            NameChange::Delete(name, answer) => {
                let is_deleted = self.end_account(&name, Expiry::Deleted, When::Anyway).await;
                let _ = answer.try_send(is_deleted);
                self.grant_waiting_logins(waiting).await;
            }
            NameChange::Expire(name, why) => {
                self.end_account(&name, why, When::Due).await;
                self.grant_waiting_logins(waiting).await;
            }
            NameChange::Find(name, answer) => {
                // Whoever asked may be gone.
                let _ = answer.try_send(self.store.register().holder(&name).await);
            }
        }
    }

    async fn take(self: &Arc<Self>, id: MemberId, name: Name, from: Option<Address>) {
        let account = self.with_user(id, |user| user.extras().account.clone());
        let Some(account) = account else { return };
        if self.ban_of_name(&name).is_some() {
            let refused = LobbyReply::Renamed(Err(RenameError::Banned(name)));
            self.with_user(id, |user| user.inbox.reply(refused));
            return;
        }
        for (lost, name) in self.names_left_to(&name, from) {
            // If that fails now, the name is refused now.
            let _ = self.store.register().free(lost, &name).await;
        }
        let taken = self.store.register().take(id, name, account.clone(), from);
        let result = taken.await.unwrap_or(Err(RenameError::Unavailable));
        if let Ok(name) = &result {
            // Under another name nobody would know whose account it is.
            let left = account.filter(|account| !account.clashes(name));
            self.call(id, name, |user| {
                if left.is_some() {
                    user.extras_mut().account = None;
                }
            })
            .await;
            if let Some(account) = left {
                self.seen(&account);
            }
            // It may have been banned since it was looked up.
            self.eject_if(id, self.ban_of_name(name));
        }
        self.with_user(id, |user| user.inbox.reply(LobbyReply::Renamed(result)));
    }

    /// Gives a connection another name; `None` if it has ended.
    async fn impose(&self, id: MemberId, name: Name) -> Option<Result<(), RenameError>> {
        let found = self.with_user(id, |user| {
            let address = user.source.ip().map(Address::from);
            (user.extras().account.clone(), address)
        });
        let (account, address) = found?;
        let taken = self
            .store
            .register()
            .take(id, name, account.clone(), address);
        let name = match taken.await.unwrap_or(Err(RenameError::Unavailable)) {
            Ok(name) => name,
            Err(why) => return Some(Err(why)),
        };
        // Under another name nobody would know whose account it is.
        let left = account.filter(|account| !account.clashes(&name));
        self.call(id, &name, |user| {
            if left.is_some() {
                user.extras_mut().account = None;
            }
            user.inbox.put(ClientEvent::Renamed(name.clone()));
        })
        .await;
        self.with_user(id, |_| Ok(()))
    }

    async fn give_up(&self, id: MemberId, account: Name) {
        let (comes, current) = match self.with_user(id, |user| (user.name_comes, user.name.clone()))
        {
            Some(found) => found,
            None => return,
        };
        if comes {
            // What it brings comes first; a name given up before that would come back with it.
            self.put(id, ClientEvent::NameReclaimed(account));
        } else if current.clashes(&account)
            && let Ok(new) = self.store.register().take_variant(id, &account).await
        {
            let event = ClientEvent::NameYielded {
                account,
                new: new.clone(),
            };
            self.call(id, &new, |user| {
                user.extras_mut().account = None;
                user.inbox.put(event);
            })
            .await;
        }
    }

    async fn register_name(&self, requester: &Requester, account: Account) {
        let name = account.name.clone();
        if let Some(why) = self.banned_account(&name) {
            return requester.answer(AccountReply::Registered(name, Err(why)));
        }
        let result = match self.store.register().register(requester.id, &name).await {
            // From here on nobody else can take the name, even if its owner leaves before it is stored.
            Ok(Ok(())) => {
                // Some room may not have heard of the end of an earlier account of the name.
                self.account_deleted(&name);
                self.store_account(account).await
            }
            Ok(Err(why)) => Err(why),
            Err(_) => Err(AccountError::NotStored),
        };
        if result.is_ok() {
            let address = requester.address.map(Address::from);
            security::note(address, &Incident::Registered(&name));
            self.owner_is_at(&name, address);
            self.with_user(requester.id, |user| {
                if user.name == name {
                    user.extras_mut().account = Some(name.clone());
                }
            });
        }
        requester.answer(AccountReply::Registered(name, result));
    }

    async fn store_account(&self, account: Account) -> Result<(), AccountError> {
        let name = account.name.clone();
        let Err(error) = self.store.create_account(account).await else {
            return Ok(());
        };
        self.store.register().strike(&name);
        Err(match error {
            StoreError::AccountExists => AccountError::Registered(name),
            _ => AccountError::NotStored,
        })
    }

    async fn forget_name(
        self: &Arc<Self>,
        requester: &Requester,
        name: &Name,
        waiting: &mut Vec<WaitingLogin>,
    ) -> Result<(), AccountError> {
        let owns = self.with_user(requester.id, |user| {
            user.extras().account.as_ref() == Some(name) && {
                user.extras_mut().account = None;
                true
            }
        });
        if owns != Some(true) {
            return Err(AccountError::NotYours);
        }
        self.store.register().strike(name);
        self.drop_changes(name);
        self.grant_waiting_logins(waiting).await;
        if self.store.delete_account(name.clone()).await.is_ok() {
            security::note(
                requester.address.map(Address::from),
                &Incident::Deleted(name),
            );
            self.account_deleted(name);
            self.tell_all(Letter::AccountDeleted(name.clone()));
            return Ok(());
        }
        self.store.register().enter(name);
        self.with_user(requester.id, |user| {
            if user.name.clashes(name) {
                user.extras_mut().account = Some(name.clone());
            }
        });
        Err(AccountError::NotStored)
    }

    /// Gives names to those who wait for them, as far as they are free, and asks whoever has one to give it
    /// up. To be called whenever a name was freed.
    async fn grant_waiting_logins(self: &Arc<Self>, waiting: &mut Vec<WaitingLogin>) {
        let mut still_waiting: Vec<WaitingLogin> = Vec::new();
        for mut login in std::mem::take(waiting) {
            // Behind an earlier login to the same account, even if this one has the name still.
            let is_behind = still_waiting
                .iter()
                .any(|earlier| earlier.account == login.account);
            if is_behind || !self.grant(&mut login).await {
                still_waiting.push(login);
            }
        }
        *waiting = still_waiting;
    }

    /// True if a login has its answer, or needs none any more.
    async fn grant(self: &Arc<Self>, login: &mut WaitingLogin) -> bool {
        let (id, account) = (login.id, login.account.clone());
        if self.with_user(id, |_| ()).is_none() {
            return true;
        }
        let refused = |why| AccountReply::LoggedIn(account.clone(), Err(why));
        if let Some(why) = self.banned_account(&account) {
            self.with_user(id, |user| user.inbox.reply(refused(why)));
            return true;
        }
        let register = self.store.register();
        let claimed = match register.claim(id, &account, false).await {
            Ok(Claim::HeldBy(others)) if login.asked.is_by_force(&others) => {
                register.claim(id, &account, true).await
            }
            claimed => claimed,
        };
        match claimed {
            Ok(Claim::Granted) => self.log_in(login).await,
            Ok(Claim::HeldBy(others)) => {
                for other in others {
                    if !login.asked.is_new(other) {
                        continue;
                    }
                    match self.far(other) {
                        Some(_) => self.ask_to_yield(id, other, account.clone()),
                        None => self.put(other, ClientEvent::NameReclaimed(account.clone())),
                    }
                }
                return false;
            }
            // Forgotten meanwhile.
            Ok(Claim::NotRegistered) => {
                self.with_user(id, |user| user.inbox.reply(refused(AccountError::Wrong)));
            }
            Err(_) => {
                self.with_user(id, |user| {
                    user.inbox.reply(refused(AccountError::NotStored))
                });
            }
        }
        true
    }

    /// Why nobody may have `account`, if an operator keeps it out.
    fn banned_account(&self, account: &Name) -> Option<AccountError> {
        let Ejection { ban, why } = self.ban_of_account(account)?;
        Some(AccountError::Banned(ban.and_then(|ban| ban.left), why))
    }

    /// The connection has the account's name; its user gets back what was set.
    async fn log_in(self: &Arc<Self>, login: &mut WaitingLogin) {
        let (id, account) = (login.id, login.account.clone());
        let settings = std::mem::take(&mut login.settings);
        let mut reads = std::mem::take(&mut login.reads);
        let names = settings.ignores.iter().flatten();
        let names: Vec<Name> = names.filter_map(|name| Name::parse(name).ok()).collect();
        let mut ignored = Vec::new();
        for name in names {
            let owner = self.store.register().holder(&name).await;
            ignored.push((name, owner.ok().flatten()));
        }
        let is_operator = self.may_operate(id, &account);
        self.call(id, &account, |user| {
            let ignores = ignore_all(user, id, ignored);
            let login = Box::new(Login {
                settings,
                ignores,
                is_operator,
            });
            user.inbox
                .reply(AccountReply::LoggedIn(account.clone(), Ok(login)));
            let extras = user.extras_mut();
            extras.account = Some(account.clone());
            // What was read on this connection is read.
            if let Some(here) = &extras.reads {
                reads.overlay(here);
            }
            extras.reads = (!reads.is_empty()).then(|| Box::new(reads));
        })
        .await;
        // It may have been banned since it was looked up.
        self.eject_if(id, self.ban_of_account(&account));
        self.seen(&account);
    }

    /// Connection `id` has been given `name`, and is about to hear of it; does `also` with it. If it has ended
    /// meanwhile the name is free again.
    pub(super) async fn call(&self, id: MemberId, name: &Name, also: impl FnOnce(&mut User)) {
        let called = self.lock().call(id, name).map(|user| {
            user.name_comes = true;
            also(user);
        });
        if called.is_none() {
            // As when a connection ends.
            let _ = self.store.register().free(id, name).await;
        }
    }

    /// Does something to a user; `None` if there is none with this number.
    pub(super) fn with_user<T>(&self, id: MemberId, act: impl FnOnce(&mut User) -> T) -> Option<T> {
        let mut state = self.lock();
        let done = act(state.people.get_mut(&id)?);
        state.touch(id);
        Some(done)
    }

    fn put(&self, id: MemberId, event: ClientEvent) {
        self.with_user(id, |user| user.inbox.put(event));
    }
}

/// Has a user ignore these names too, as far as possible, and gives everybody whom the user ignores then.
fn ignore_all(
    user: &mut User,
    id: MemberId,
    names: Vec<(Name, Option<MemberId>)>,
) -> Option<Arc<Ignores>> {
    for (name, owner) in names {
        // One that cannot be added, as it is oneself or one too many, is left out.
        let add = IgnoreRequest::Add(name);
        let _ = Ignores::answer(&mut user.extras_mut().ignores, add, owner, id);
    }
    user.extras().ignores.clone()
}
