//! Registered names: who logs in to one, and how it comes back to its bearer.
//!
//! A bearer takes the name from whoever has it, who can only be an earlier login of the same bearer. That
//! connection is told ([`ClientEvent::NameReclaimed`]), takes another name with [`Lobby::yield_name`], tells its room, and
//! frees the name; only then has the later login its answer, so its room hears of it in this order. Logins
//! are settled in the order in which their passwords were found right. None of them waits for anything but
//! a turn of a connection's task, so they cannot wait for each other.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use smol::Task;

use super::{Lobby, State};
use crate::chat::account::{AccountError, AccountReply, AccountRequest};
use crate::chat::message::MemberId;
use crate::chat::name::Name;
use crate::chat::password::Password;
use crate::chat::settings::Settings;
use crate::hub::room::{ClientEvent, ClientInbox};
use crate::store::{Account, AccountChange, StoreError};
use crate::time::Timestamp;

/// Who asks for something.
#[derive(Clone, Debug)]
pub struct Asker {
    /// The connection.
    pub id: MemberId,
    /// What its tries are counted by; `None`: they are not.
    pub address: Option<IpAddr>,
    /// Where the answer goes.
    pub inbox: Arc<ClientInbox>,
}

/// What is under way with regard to accounts.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    /// Those who have given the right password and wait for the name, in that order.
    waiting: Vec<Login>,
    /// What is new of accounts, and not yet on its way to the store.
    changes: BTreeMap<Name, AccountChange>,
    /// What stores it, and whether it has something to do.
    saver: Option<Task<()>>,
    saving: bool,
}

#[derive(Debug)]
struct Login {
    id: MemberId,
    account: Name,
    settings: Box<Settings>,
    /// Those who were asked to give way.
    asked: Vec<MemberId>,
}

impl Lobby {
    /// Does what is asked with regard to an account. Answered by an [`AccountReply`]. What `asker` has set so
    /// far are the `settings` of a name that is registered.
    pub fn handle(self: &Arc<Self>, asker: Asker, request: AccountRequest, settings: Settings) {
        let lobby = Arc::clone(self);
        let keeping = async move {
            match request {
                AccountRequest::Register(name, password) => {
                    let result = lobby.register(&asker, &name, password, settings).await;
                    if let Err(why) = result {
                        asker.answer(AccountReply::Registered(name, Err(why)));
                    }
                }
                AccountRequest::Login(name, password) => {
                    let result = lobby.login(&asker, &name, password).await;
                    if let Err(why) = result {
                        asker.answer(AccountReply::LoggedIn(name, Err(why)));
                    }
                }
                AccountRequest::Forget(name, password) => {
                    let result = lobby.forget(&asker, &name, password).await;
                    asker.answer(AccountReply::Forgotten(name, result));
                }
            }
        };
        self.requests.start(keeping);
    }

    async fn register(
        self: &Arc<Self>,
        asker: &Asker,
        name: &Name,
        password: Password,
        settings: Settings,
    ) -> Result<(), AccountError> {
        let password = self.passwords.hash(asker.address, password).await?;
        // From here on nobody else can take the name, even if its bearer leaves before it is stored.
        self.lock().names.register(name, asker.id)?;
        let time = self.timestamp();
        let account = Account {
            name: name.clone(),
            password,
            created: time,
            seen: time,
            settings,
        };
        let stored = self.store.create_account(account).await;
        let mut state = self.lock();
        if let Err(error) = stored {
            state.names.strike(name);
            return Err(match error {
                StoreError::AccountExists => AccountError::Registered(name.clone()),
                _ => AccountError::NotStored,
            });
        }
        if let Some(person) = state.people.get_mut(&asker.id)
            && person.name == *name
        {
            person.extras_mut().account = Some(name.clone());
        }
        // Before anybody else can ask the new bearer for anything.
        asker.answer(AccountReply::Registered(name.clone(), Ok(())));
        Ok(())
    }

    async fn login(
        self: &Arc<Self>,
        asker: &Asker,
        name: &Name,
        password: Password,
    ) -> Result<(), AccountError> {
        let account = self.checked(asker, name, password).await?;
        let now = self.timestamp();
        self.change(|state| state.log_in(asker.id, account, now));
        Ok(())
    }

    async fn forget(
        self: &Arc<Self>,
        asker: &Asker,
        name: &Name,
        password: Password,
    ) -> Result<(), AccountError> {
        self.checked(asker, name, password).await?;
        let now = self.timestamp();
        self.change(|state| {
            let person = state.people.get_mut(&asker.id);
            let person = person.filter(|person| person.extras().account.as_ref() == Some(name));
            person.ok_or(AccountError::NotYours)?.extras_mut().account = None;
            state.names.strike(name);
            state.accounts.changes.remove(name);
            state.grant_waiting_logins(now);
            Ok(())
        })?;
        if self.store.delete_account(name.clone()).await.is_ok() {
            return Ok(());
        }
        let mut state = self.lock();
        state.names.enter(name);
        if let Some(person) = state.people.get_mut(&asker.id)
            && person.name.clashes(name)
        {
            person.extras_mut().account = Some(name.clone());
        }
        Err(AccountError::NotStored)
    }

    /// The account of that name, if the password is right.
    async fn checked(
        &self,
        asker: &Asker,
        name: &Name,
        password: Password,
    ) -> Result<Account, AccountError> {
        let found = self.store.account(name.clone()).await;
        let account = found.map_err(|_| AccountError::NotStored)?;
        let hash = account.as_ref().map(|account| account.password.clone());
        self.passwords.check(asker.address, password, hash).await?;
        account.ok_or(AccountError::Wrong)
    }

    /// Takes another name for connection `id`, whose name `current` the bearer of `account` wants. Answers
    /// nothing if it has another one already, or while an answer that brings one is on its way. As with
    /// [`Lobby::take_name`] the old name stays taken until [`Lobby::free_name`].
    pub fn yield_name(&self, id: MemberId, current: &Name, account: &Name) -> Option<Name> {
        let mut state = self.lock();
        let state = &mut *state;
        let person = state.people.get_mut(&id)?;
        if person.name_comes {
            // What it brings comes first; a name given up before that would come back with it.
            person
                .inbox
                .put(ClientEvent::NameReclaimed(account.clone()));
            return None;
        }
        if !current.clashes(account) {
            return None;
        }
        let new = state.names.take_variant(account, id);
        person.name = new.clone();
        person.extras_mut().account = None;
        Some(new)
    }

    /// Stores what the bearer of `account` has set, soon.
    pub fn save_settings(self: &Arc<Self>, account: &Name, settings: Settings) {
        self.change(|state| state.accounts.entry(account).settings = Some(settings));
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
            if stored.await.is_err() {
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

impl Asker {
    fn answer(&self, answer: AccountReply) {
        self.inbox.reply(answer);
    }
}

impl Accounts {
    /// The bearer has come or is going.
    pub(super) fn seen(&mut self, account: &Name, time: Timestamp) {
        self.entry(account).seen = Some(time);
    }

    fn entry(&mut self, account: &Name) -> &mut AccountChange {
        self.changes.entry(account.clone()).or_default()
    }

    /// What could not be stored, unless there is something newer.
    fn put_back(&mut self, changes: BTreeMap<Name, AccountChange>) {
        for (account, old) in changes {
            let new = self.changes.entry(account).or_default();
            new.seen = new.seen.or(old.seen);
            new.settings = new.settings.take().or(old.settings);
        }
    }
}

impl State {
    /// Connection `id` has given the password of `account`.
    fn log_in(&mut self, id: MemberId, account: Account, now: Timestamp) {
        self.accounts.waiting.push(Login {
            id,
            account: account.name,
            settings: Box::new(account.settings),
            asked: Vec::new(),
        });
        self.grant_waiting_logins(now);
    }

    /// Gives names to those who wait for them, as far as they are free, and asks whoever has one to give way.
    /// To be called whenever a name was freed.
    pub(super) fn grant_waiting_logins(&mut self, now: Timestamp) {
        if self.accounts.waiting.is_empty() {
            return;
        }
        let waiting = std::mem::take(&mut self.accounts.waiting);
        for mut login in waiting {
            let same = |earlier: &Login| earlier.account == login.account;
            // Behind an earlier login to the same account, even if this one has the name still.
            let waits = self.accounts.waiting.iter().any(same);
            if waits || !self.grant(&mut login, now) {
                self.accounts.waiting.push(login);
            }
        }
    }

    fn grant(&mut self, login: &mut Login, now: Timestamp) -> bool {
        let Login { id, account, .. } = &*login;
        let (id, account) = (*id, account.clone());
        let Some(person) = self.people.get_mut(&id) else {
            return true;
        };
        let answer = |result| {
            let answer = AccountReply::LoggedIn(account.clone(), result);
            person.inbox.reply(answer);
        };
        // Forgotten meanwhile.
        if !self.names.is_registered(&account) {
            answer(Err(AccountError::Wrong));
            return true;
        }
        let others = self.names.others_with(&account, id);
        if others.is_empty() {
            self.names.give(&account, id);
            answer(Ok(std::mem::take(&mut login.settings)));
            person.name = account.clone();
            person.name_comes = true;
            person.extras_mut().account = Some(account.clone());
            self.accounts.seen(&account, now);
            return true;
        }
        for other in others {
            if !login.asked.contains(&other)
                && let Some(person) = self.people.get(&other)
            {
                login.asked.push(other);
                person
                    .inbox
                    .put(ClientEvent::NameReclaimed(account.clone()));
            }
        }
        false
    }
}

#[cfg(test)]
mod tests;
