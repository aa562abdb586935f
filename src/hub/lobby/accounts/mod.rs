//! Registered names: passwords are checked here, and what is new of accounts is stored. Who is called what is
//! decided one change at a time (see [`names`](super::names)).

pub(in crate::hub::lobby) mod expiry;
mod guesses;
mod keys;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_lite::FutureExt;
use smol::Task;

use self::guesses::Guesses;
use super::founders::Founder;
use super::names::NameChange;
use super::{Lobby, State};
use crate::chat::account::{AccountError, AccountReply, AccountRequest};
use crate::chat::address::Address;
use crate::chat::history::RoomId;
use crate::chat::key::Fingerprint;
use crate::chat::message::MemberId;
use crate::chat::name::Name;
use crate::chat::password::Password;
use crate::chat::reads::Reads;
use crate::chat::settings::Settings;
use crate::hub::room::{ClientEvent, ClientInbox, RoomCommand};
use crate::hub::security::{self, Incident};
use crate::store::{Account, AccountChange};

/// Who asks for something, and where the reply goes.
#[derive(Clone, Debug)]
pub struct Requester {
    /// The connection.
    pub id: MemberId,
    /// What its tries are counted by; `None`: they are not.
    pub address: Option<IpAddr>,
    /// The key that has come with the connection.
    pub key: Option<Fingerprint>,
    /// Where the answer goes.
    pub inbox: Arc<ClientInbox>,
}

impl Requester {
    /// Whom a room counts for that is created on behalf of `account`, if there is one.
    pub(super) fn founder(&self, account: Option<&Name>) -> Founder {
        Founder {
            address: self.address.map(Address::from),
            account: account.cloned(),
        }
    }
}

/// What is under way with regard to accounts.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    /// What is new of accounts, and not yet on its way to the store.
    changes: BTreeMap<Name, AccountChange>,
    /// What stores it, and whether it has something to do.
    saver: Option<Task<()>>,
    saving: bool,
    guesses: Guesses,
}

impl Lobby {
    /// Does what is asked about an account. Answered by an [`AccountReply`]. What the asking user has set so
    /// far are the `settings` of a name that is registered.
    pub fn handle(
        self: &Arc<Self>,
        requester: Requester,
        request: AccountRequest,
        settings: Settings,
    ) {
        let (lobby, inbox) = (Arc::clone(self), Arc::clone(&requester.inbox));
        let policy = async move {
            match request {
                AccountRequest::Register(name, password) => {
                    let result = lobby.register(&requester, &name, password, settings).await;
                    if let Err(why) = result {
                        requester.answer(AccountReply::Registered(name, Err(why)));
                    }
                }
                AccountRequest::Login(name, password) => {
                    match lobby.checked(&requester, &name, password).await {
                        Ok(account) => {
                            let login = NameChange::LogIn(requester.id, Box::new(account));
                            lobby.change_name(login);
                        }
                        Err(why) => requester.answer(AccountReply::LoggedIn(name, Err(why))),
                    }
                }
                AccountRequest::LoginByKey => lobby.log_in_by_key(&requester).await,
                AccountRequest::Keys(request) => {
                    let reply = lobby.handle_keys(&requester, request).await;
                    requester.answer(AccountReply::Keys(reply));
                }
                AccountRequest::Forget(name, password) => {
                    match lobby.checked(&requester, &name, password).await {
                        Ok(_) => lobby.change_name(NameChange::Forget(requester, name)),
                        Err(why) => requester.answer(AccountReply::Forgotten(name, Err(why))),
                    }
                }
            }
        };
        self.answer(&inbox, policy);
    }

    async fn register(
        self: &Arc<Self>,
        requester: &Requester,
        name: &Name,
        password: Password,
        settings: Settings,
    ) -> Result<(), AccountError> {
        // Whoever registers the name of an operator is one, and may be faster than the one who is meant.
        let is_local = self.with_user(requester.id, |user| user.source.is_local());
        if is_local != Some(true) && self.is_operator(name) {
            return Err(AccountError::Operators);
        }
        let password = self.passwords.hash(requester.address, password).await?;
        let account = Box::new(Account {
            name: name.clone(),
            password,
            created: self.timestamp(),
            seen: self.steady_time(),
            settings,
            reads: Reads::default(),
        });
        self.change_name(NameChange::Register(requester.clone(), account));
        Ok(())
    }

    /// The account of that name, if the password is right.
    async fn checked(
        &self,
        requester: &Requester,
        name: &Name,
        password: Password,
    ) -> Result<Account, AccountError> {
        let found = self.store.account(name.clone()).await;
        let account = found.map_err(|_| AccountError::NotStored)?;
        let hash = account.as_ref().map(|account| account.password.clone());
        let (address, now) = (
            requester.address.map(Address::from),
            self.runtime.clock.now(),
        );
        let may_try = self.lock().accounts.guesses.may_try(
            account.as_ref().map_or(name, |account| &account.name),
            address,
            now,
        );
        if account.is_some() && !may_try {
            return Err(AccountError::Guessed);
        }
        let checked = self
            .passwords
            .check(requester.address, password, hash)
            .await;
        match (&account, &checked) {
            (Some(account), Ok(())) => {
                self.owner_is_at(&account.name, address);
            }
            (account, Err(AccountError::Wrong)) => {
                self.runtime.counts.wrong_passwords.add(1);
                security::note(address, &Incident::WrongPassword(name));
                let guesses = &mut self.lock().accounts.guesses;
                if let Some(account) = account
                    && guesses.was_wrong(&account.name, address, now)
                {
                    security::note(address, &Incident::Guessed(&account.name));
                }
            }
            _ => {}
        }
        checked?;
        account.ok_or(AccountError::Wrong)
    }

    /// The owner of `account` was there, and may mistype the password there.
    pub(super) fn owner_is_at(&self, account: &Name, address: Option<Address>) {
        let now = self.runtime.clock.now();
        let guesses = &mut self.lock().accounts.guesses;
        guesses.was_right(account, address, now);
    }

    /// Connection `id` is logged in to `account`: the rooms that it owns hear of it, and it of them.
    pub fn account_came(&self, id: MemberId, account: &Name, inbox: &ClientInbox) {
        for room in self.rooms_of(account) {
            // A room that is just being closed has no owner any more.
            let _ = room
                .mailbox
                .put(RoomCommand::Account(id, Some(account.clone())));
            inbox.put(ClientEvent::Owns(room));
        }
    }

    /// Notes that the owner of `account` has come or is going.
    pub(super) fn seen(self: &Arc<Self>, account: &Name) {
        let now = self.steady_time();
        self.change(|state| state.accounts.entry(account).seen = Some(now));
    }

    /// Forgets what is new of an account that is deleted.
    pub(super) fn drop_changes(&self, account: &Name) {
        let accounts = &mut self.lock().accounts;
        accounts.changes.remove(account);
        accounts.guesses.forget(account);
    }

    /// Stores what the owner of `account` has set, soon.
    pub fn save_settings(self: &Arc<Self>, account: &Name, settings: Settings) {
        self.change(|state| state.accounts.entry(account).settings = Some(settings));
    }

    /// Connection `id`, logged in to `account` or to none, has seen all that was said in `room` up to `line`.
    pub fn note_read(
        self: &Arc<Self>,
        id: MemberId,
        account: Option<&Name>,
        room: RoomId,
        line: u64,
    ) {
        self.change(|state| {
            let Some(user) = state.people.get_mut(&id) else {
                return;
            };
            let reads = user.extras_mut().reads.get_or_insert_default();
            reads.note(room, line);
            if let Some(account) = account {
                let reads = Reads::clone(reads);
                state.accounts.entry(account).reads = Some(reads);
            }
        });
    }

    /// How far connection `id` has read in `room`.
    pub fn read(&self, id: MemberId, room: RoomId) -> Option<u64> {
        let state = self.lock();
        state.people.get(&id)?.extras().reads.as_ref()?.line(room)
    }

    /// Changes the state, and sees to it that what is new of accounts is stored.
    pub(super) fn change<T>(self: &Arc<Self>, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        let result = change(&mut state);
        if !state.accounts.changes.is_empty() && !state.accounts.saving {
            state.accounts.saving = true;
            let saving = Arc::clone(self).save();
            state.accounts.saver = Some(self.requests.spawn(saving));
        }
        result
    }

    /// Stores what is new of accounts, all that has gathered at once, until there is no more.
    async fn save(self: Arc<Self>) {
        loop {
            let changes = {
                let mut state = self.lock();
                let changes = std::mem::take(&mut state.accounts.changes);
                state.accounts.saving = !changes.is_empty();
                changes
            };
            if changes.is_empty() {
                return;
            }
            let stored = self
                .store
                .change_accounts(changes.clone().into_iter().collect());
            let stored = AssertUnwindSafe(stored).catch_unwind();
            if !matches!(stored.await, Ok(Ok(()))) {
                let mut state = self.lock();
                state.accounts.put_back(changes);
                // The next change tries again.
                state.accounts.saving = false;
                return;
            }
        }
    }

    /// Waits until what is new of accounts is stored.
    pub(super) async fn save_rest(self: &Arc<Self>) {
        let saver = self.change(|state| state.accounts.saver.take());
        if let Some(saver) = saver {
            saver.await;
        }
    }
}

impl Requester {
    pub(super) fn answer(&self, answer: AccountReply) {
        self.inbox.reply(answer);
    }
}

impl Accounts {
    fn entry(&mut self, account: &Name) -> &mut AccountChange {
        self.changes.entry(account.clone()).or_default()
    }

    /// What could not be stored, unless there is something newer.
    fn put_back(&mut self, changes: BTreeMap<Name, AccountChange>) {
        for (account, old) in changes {
            let new = self.changes.entry(account).or_default();
            new.seen = new.seen.or(old.seen);
            new.settings = new.settings.take().or(old.settings);
            new.reads = new.reads.take().or(old.reads);
        }
    }
}

#[cfg(test)]
mod tests;
