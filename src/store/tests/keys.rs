//! The keys of accounts: each bound to one account at most, and gone with it, whoever deletes that.

use rusqlite::Connection;

use super::accounts::{account, person};
use super::*;
use crate::chat::key::{AccountKey, Fingerprint};
use crate::limits::KEYS_PER_ACCOUNT_MAX;
use crate::store::tools;

fn key(number: u8) -> AccountKey {
    AccountKey {
        fingerprint: Fingerprint([number; 32]),
        added: Timestamp(i64::from(number)),
    }
}

fn add(store: &Store, name: &str, number: u8) -> Result<(), StoreError> {
    block_on(store.add_key(person(name), key(number)))
}

fn owner(store: &Store, number: u8) -> Option<Name> {
    block_on(store.key_owner(key(number).fingerprint)).expect("it can be read")
}

fn keys(store: &Store, name: &str) -> Vec<AccountKey> {
    block_on(store.keys(person(name))).expect("they can be read")
}

fn with_accounts(path: &Path) -> Store {
    let store = open(path);
    for name in ["Dai", "Bank"] {
        block_on(store.create_account(account(name))).expect("stored");
    }
    store
}

#[test]
fn a_key_is_of_one_account_in_any_case_of_its_name_and_after_a_restart() {
    let (_folder, path) = place_for_a_file();
    let store = with_accounts(&path);
    assert_eq!(add(&store, "Dai", 2), Ok(()));
    assert_eq!(add(&store, "DAI", 1), Ok(()));
    assert_eq!(add(&store, "nobody", 3), Err(StoreError::NoAccount));
    for name in ["Dai", "Bank"] {
        let bound = Err(StoreError::KeyBound(person("Dai")));
        assert_eq!(add(&store, name, 2), bound, "{name}");
    }
    block_on(store.close());

    let store = open(&path);
    assert_eq!(owner(&store, 1), Some(person("Dai")));
    assert_eq!(owner(&store, 9), None);
    assert_eq!(keys(&store, "dai"), [key(2), key(1)]);
    assert_eq!(keys(&store, "Bank"), []);
    let remove = |name| block_on(store.remove_key(person(name), key(2).fingerprint));
    assert_eq!(remove("Bank"), Err(StoreError::NoKey));
    assert_eq!(remove("Dai"), Ok(()));
    assert_eq!(remove("Dai"), Err(StoreError::NoKey));
    assert_eq!(add(&store, "Bank", 2), Ok(()));
    assert_eq!(owner(&store, 2), Some(person("Bank")));
    block_on(store.close());
}

#[test]
fn an_account_has_so_many_keys_and_no_more() {
    let (_folder, path) = place_for_a_file();
    let store = with_accounts(&path);
    for number in 0..KEYS_PER_ACCOUNT_MAX as u8 {
        assert_eq!(add(&store, "Dai", number), Ok(()));
    }
    assert_eq!(add(&store, "Dai", 99), Err(StoreError::KeysFull));
    assert_eq!(add(&store, "Bank", 99), Ok(()));
    assert_eq!(keys(&store, "Dai").len(), KEYS_PER_ACCOUNT_MAX);
    block_on(store.close());
}

#[test]
fn keys_go_with_their_account_and_whoever_has_its_number_next_has_none_of_them() {
    let (_folder, path) = place_for_a_file();
    let store = with_accounts(&path);
    add(&store, "Bank", 1).expect("bound");
    block_on(store.delete_account(person("Bank"))).expect("deleted");
    assert_eq!(owner(&store, 1), None);
    // Of the highest number, as Bank was.
    block_on(store.create_account(account("Mo"))).expect("stored");
    assert_eq!(keys(&store, "Mo"), []);
    add(&store, "Mo", 1).expect("bound");
    block_on(store.close());
    // By hand, as people do.
    let db = Connection::open(&path).expect("a database");
    db.execute("DELETE FROM accounts WHERE name = 'Mo'", ())
        .expect("deleted");
    let left = db.query_row("SELECT count(*) FROM account_keys", (), |row| row.get(0));
    assert_eq!(left, Ok(0));
}

#[test]
fn an_account_that_an_operator_has_deleted_lets_nobody_in_by_its_keys() {
    let (_folder, path) = place_for_a_file();
    let store = with_accounts(&path);
    add(&store, "Dai", 1).expect("bound");
    add(&store, "Dai", 2).expect("bound");
    let is_left_to_the_server = tools::delete_account(&path, &person("Dai")).expect("deleted");
    assert!(is_left_to_the_server);
    assert_eq!(owner(&store, 1), None);
    assert_eq!(keys(&store, "Dai"), []);
    assert_eq!(add(&store, "Dai", 3), Err(StoreError::NoAccount));
    // Nobody has it any more.
    assert_eq!(add(&store, "Bank", 1), Ok(()));
    block_on(store.delete_account(person("Dai"))).expect("deleted");
    assert_eq!(owner(&store, 1), Some(person("Bank")));
    block_on(store.close());
}

#[test]
fn memory_keeps_no_keys_and_says_so() {
    let store = Store::memory(10);
    assert_eq!(add(&store, "Dai", 1), Err(StoreError::NoAccounts));
    let found = block_on(store.key_owner(key(1).fingerprint));
    assert_eq!(found, Err(StoreError::NoAccounts));
}
