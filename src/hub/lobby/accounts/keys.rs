//! Keys that come with connections: whose they are, and binding them to accounts.

use std::sync::Arc;

use super::Requester;
use crate::chat::account::{AccountError, AccountReply};
use crate::chat::address::Address;
use crate::chat::key::{AccountKey, Fingerprint, KeyError, KeyReply, KeyRequest, WhichKey};
use crate::chat::name::Name;
use crate::hub::lobby::Lobby;
use crate::hub::lobby::names::NameChange;
use crate::hub::security::{self, Incident};
use crate::limits::KEYS_PER_ACCOUNT_MAX;
use crate::store::{Account, StoreError};

impl Lobby {
    /// Logs in whoever comes with the key of an account.
    pub(super) async fn log_in_by_key(self: &Arc<Self>, requester: &Requester) {
        let found = match requester.key {
            Some(key) => self.account_of_key(key).await,
            None => Ok(None),
        };
        match found {
            Ok(Some(account)) => {
                self.owner_is_at(&account.name, requester.address.map(Address::from));
                self.change_name(NameChange::LogIn(requester.id, Box::new(account)));
            }
            Ok(None) => requester.answer(AccountReply::NotByKey(None)),
            Err(_) => {
                let why = AccountError::NotStored;
                requester.answer(AccountReply::NotByKey(Some(why)));
            }
        }
    }

    async fn account_of_key(&self, key: Fingerprint) -> Result<Option<Account>, StoreError> {
        match self.store.key_owner(key).await? {
            Some(name) => self.store.account(name).await,
            None => Ok(None),
        }
    }

    /// Does what is asked about the keys of the account that the user is logged in to.
    pub(super) async fn handle_keys(&self, requester: &Requester, request: KeyRequest) -> KeyReply {
        let account = self.with_user(requester.id, |user| user.extras().account.clone());
        let Some(account) = account.flatten() else {
            return KeyReply::Refused(KeyError::NotLoggedIn);
        };
        let done = match request {
            KeyRequest::List => self.list_keys(requester, account).await,
            KeyRequest::Add => self.add_key(requester, account).await,
            KeyRequest::Remove(which) => self.remove_key(requester, account, which).await,
        };
        done.unwrap_or_else(KeyReply::Refused)
    }

    async fn list_keys(&self, requester: &Requester, account: Name) -> Result<KeyReply, KeyError> {
        let keys = self.store.keys(account.clone()).await.map_err(not_stored)?;
        Ok(KeyReply::Listed(account, keys, requester.key))
    }

    async fn add_key(&self, requester: &Requester, account: Name) -> Result<KeyReply, KeyError> {
        let fingerprint = requester.key.ok_or(KeyError::NoKey)?;
        let key = AccountKey {
            fingerprint,
            added: self.timestamp(),
        };
        match self.store.add_key(account.clone(), key).await {
            Ok(()) => {
                let address = requester.address.map(Address::from);
                security::note(address, &Incident::KeyAdded(&account, fingerprint));
                Ok(KeyReply::Added(account, fingerprint))
            }
            Err(StoreError::KeyBound(owner)) if owner == account => {
                Ok(KeyReply::Already(account, fingerprint))
            }
            Err(StoreError::KeyBound(owner)) => Err(KeyError::Bound(owner)),
            Err(StoreError::KeysFull) => Err(KeyError::TooMany(KEYS_PER_ACCOUNT_MAX)),
            // It was deleted just now.
            Err(StoreError::NoAccount) => Err(KeyError::NotLoggedIn),
            Err(error) => Err(not_stored(error)),
        }
    }

    async fn remove_key(
        &self,
        requester: &Requester,
        account: Name,
        which: WhichKey,
    ) -> Result<KeyReply, KeyError> {
        let keys = self.store.keys(account.clone()).await.map_err(not_stored)?;
        let no_such_key = || KeyError::NoSuchKey(account.clone(), keys.len());
        let fingerprint = match which {
            WhichKey::Number(number) => {
                let place = number.checked_sub(1).ok_or_else(no_such_key)?;
                keys.get(place).ok_or_else(no_such_key)?.fingerprint
            }
            WhichKey::Fingerprint(fingerprint) => fingerprint,
        };
        match self.store.remove_key(account.clone(), fingerprint).await {
            Ok(()) => {
                let address = requester.address.map(Address::from);
                security::note(address, &Incident::KeyRemoved(&account, fingerprint));
                Ok(KeyReply::Removed(account, fingerprint))
            }
            Err(StoreError::NoKey) => Err(no_such_key()),
            Err(error) => Err(not_stored(error)),
        }
    }
}

fn not_stored(_: StoreError) -> KeyError {
    KeyError::NotStored
}

#[cfg(test)]
mod tests {
    use futures_lite::future::block_on;
    use smol::Executor;
    use tempfile::TempDir;

    use super::super::tests::{PASSWORD, User, ask, file_store, lobby, name, password, run};
    use super::*;
    use crate::chat::account::AccountRequest;
    use crate::chat::settings::Settings;
    use crate::store::Store;

    const KEY: Fingerprint = Fingerprint([1; 32]);
    const OTHER_KEY: Fingerprint = Fingerprint([2; 32]);

    struct Place {
        executor: Arc<Executor<'static>>,
        lobby: Arc<Lobby>,
        store: Store,
        _folder: TempDir,
    }

    impl Place {
        /// A lobby with two accounts, Dai and Ben, whose owners are connected as 1 and 2.
        fn new() -> (Place, User, User) {
            let folder = TempDir::new().expect("a directory");
            let executor = Arc::new(Executor::new());
            let store = file_store(&folder.path().join("chat.db"));
            let place = Place {
                lobby: lobby(&executor, store.clone()),
                executor,
                store,
                _folder: folder,
            };
            let users = [(1, "Dai"), (2, "Ben")].map(|(id, called)| {
                let mut user = User::enter(&place.lobby, id);
                place.lobby.take_name(user.id, name(called), None);
                run(&place.executor);
                user.take_notes(&place.lobby);
                let request = AccountRequest::Register(name(called), password(PASSWORD));
                let answer = place.ask(&mut user, request);
                assert_eq!(answer, AccountReply::Registered(name(called), Ok(())));
                user
            });
            let [dai, ben] = users;
            (place, dai, ben)
        }

        fn ask(&self, user: &mut User, request: AccountRequest) -> AccountReply {
            ask(
                &self.executor,
                &self.lobby,
                user,
                request,
                Settings::default(),
            )
        }

        fn keys(&self, user: &mut User, request: KeyRequest) -> KeyReply {
            match self.ask(user, AccountRequest::Keys(request)) {
                AccountReply::Keys(reply) => reply,
                other => panic!("{other:?}"),
            }
        }

        /// Somebody who connects with a key, and what comes of it.
        fn come(&self, id: u64, key: Fingerprint) -> (User, AccountReply) {
            let mut user = User::enter(&self.lobby, id);
            user.key = Some(key);
            let reply = self.ask(&mut user, AccountRequest::LoginByKey);
            (user, reply)
        }
    }

    #[test]
    fn whoever_comes_with_a_bound_key_is_logged_in_and_takes_the_name_from_whoever_has_it() {
        let (place, mut dai, _) = Place::new();
        assert_eq!(place.come(3, KEY).1, AccountReply::NotByKey(None));
        dai.key = Some(KEY);
        let added = KeyReply::Added(name("Dai"), KEY);
        assert_eq!(place.keys(&mut dai, KeyRequest::Add), added);
        let already = KeyReply::Already(name("Dai"), KEY);
        assert_eq!(place.keys(&mut dai, KeyRequest::Add), already);

        // As with a password, the later login waits until the earlier connection has let go.
        let mut second = User::enter(&place.lobby, 4);
        second.key = Some(KEY);
        place.lobby.handle(
            second.requester(),
            AccountRequest::LoginByKey,
            Settings::default(),
        );
        while second.account.is_none() {
            dai.take_notes(&place.lobby);
            second.take_notes(&place.lobby);
            place.executor.try_tick();
        }
        assert_eq!((second.name, dai.account), (name("Dai"), None));
        assert_ne!(dai.name, name("Dai"));
        assert_eq!(place.come(5, OTHER_KEY).1, AccountReply::NotByKey(None));
        block_on(place.store.close());
        let failed = AccountReply::NotByKey(Some(AccountError::NotStored));
        assert_eq!(place.come(6, KEY).1, failed);
    }

    #[test]
    fn a_key_is_of_one_account_and_only_its_owner_binds_and_unbinds_it() {
        let (place, mut dai, mut ben) = Place::new();
        let refused = KeyReply::Refused;
        let mut nobody = User::enter(&place.lobby, 3);
        nobody.key = Some(KEY);
        let first = WhichKey::Number(1);
        for request in [KeyRequest::List, KeyRequest::Add, KeyRequest::Remove(first)] {
            let reply = place.keys(&mut nobody, request);
            assert_eq!(reply, refused(KeyError::NotLoggedIn));
        }
        assert_eq!(
            place.keys(&mut dai, KeyRequest::Add),
            refused(KeyError::NoKey)
        );
        (dai.key, ben.key) = (Some(KEY), Some(KEY));
        place.keys(&mut dai, KeyRequest::Add);
        let bound = refused(KeyError::Bound(name("Dai")));
        assert_eq!(place.keys(&mut ben, KeyRequest::Add), bound);
        for which in [first, WhichKey::Fingerprint(KEY)] {
            let reply = place.keys(&mut ben, KeyRequest::Remove(which));
            assert_eq!(reply, refused(KeyError::NoSuchKey(name("Ben"), 0)));
        }
        for wrong in [
            WhichKey::Number(0),
            WhichKey::Number(2),
            WhichKey::Fingerprint(OTHER_KEY),
        ] {
            let reply = place.keys(&mut dai, KeyRequest::Remove(wrong));
            assert_eq!(
                reply,
                refused(KeyError::NoSuchKey(name("Dai"), 1)),
                "{wrong:?}"
            );
        }
        let KeyReply::Listed(_, listed, own) = place.keys(&mut dai, KeyRequest::List) else {
            panic!("no list");
        };
        assert_eq!(
            (listed.len(), listed[0].fingerprint, own),
            (1, KEY, Some(KEY))
        );
        let removed = KeyReply::Removed(name("Dai"), KEY);
        assert_eq!(place.keys(&mut dai, KeyRequest::Remove(first)), removed);
        assert_eq!(place.come(4, KEY).1, AccountReply::NotByKey(None));
        let added = KeyReply::Added(name("Ben"), KEY);
        assert_eq!(place.keys(&mut ben, KeyRequest::Add), added);
    }

    #[test]
    fn the_keys_of_an_account_that_is_given_up_log_nobody_in() {
        let (place, mut dai, _) = Place::new();
        dai.key = Some(KEY);
        place.keys(&mut dai, KeyRequest::Add);
        let forget = AccountRequest::Forget(name("Dai"), password(PASSWORD));
        let forgotten = AccountReply::Forgotten(name("Dai"), Ok(()));
        assert_eq!(place.ask(&mut dai, forget), forgotten);
        assert_eq!(place.come(3, KEY).1, AccountReply::NotByKey(None));
        // Nor does whoever registers the name next.
        let register = AccountRequest::Register(name("Dai"), password(PASSWORD));
        place.ask(&mut dai, register);
        assert_eq!(place.come(4, KEY).1, AccountReply::NotByKey(None));
    }
}
