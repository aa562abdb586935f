//! Accounts: found by any case, unique by sight, changed, deleted, there after a restart.

use rusqlite::Connection;

use super::*;
use crate::chat::reads::Reads;
use crate::chat::settings::Settings;

pub(super) fn person(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

pub(super) fn account(text: &str) -> Account {
    Account {
        reads: Reads::default(),
        name: person(text),
        password: A_HASH.to_owned(),
        created: Timestamp(1_000),
        seen: Timestamp(2_000),
        settings: Settings::from_json(r#"{"width":99}"#),
    }
}

fn create(store: &Store, text: &str) -> Result<(), StoreError> {
    block_on(store.create_account(account(text)))
}

fn get(store: &Store, text: &str) -> Option<Account> {
    block_on(store.account(person(text))).expect("it can be read")
}

#[test]
fn memory_keeps_no_accounts_and_says_so() {
    let store = Store::memory(10);
    assert!(!store.keeps_accounts());
    assert_eq!(block_on(store.accounts()), Ok(Vec::new()));
    assert_eq!(create(&store, "Dai"), Err(StoreError::NoAccounts));
    let found = block_on(store.account(person("Dai")));
    assert_eq!(found, Err(StoreError::NoAccounts));
    assert!(StoreError::NoAccounts.to_string().contains("--data"));
}

#[test]
fn an_account_is_found_by_its_name_in_any_case_and_not_by_what_looks_like_it() {
    let (_folder, path) = place_for_a_file();
    let store = open(&path);
    assert!(store.keeps_accounts());
    assert_eq!(create(&store, "Dai"), Ok(()));
    assert_eq!(create(&store, "เป็นคน"), Ok(()));
    for same in ["Dai", "dai", "DAI", "Ｄａｉ"] {
        assert_eq!(get(&store, same), Some(account("Dai")), "{same}");
    }
    for other in ["D\u{430}i", "Dai2", "anon"] {
        assert_eq!(get(&store, other), None, "{other}");
    }
    let names = block_on(store.accounts()).expect("names");
    assert_eq!(names, [person("Dai"), person("เป็นคน")]);
    block_on(store.close());
}

#[test]
fn no_two_accounts_can_be_mistaken_for_each_other() {
    let (_folder, path) = place_for_a_file();
    let store = open(&path);
    assert_eq!(create(&store, "Dai"), Ok(()));
    let same = ["Dai", "DAI", "Ｄａｉ", "D\u{430}i", "Da\u{456}"];
    for same in same {
        assert!(person(same).clashes(&person("Dai")), "{same}");
        assert_eq!(
            create(&store, same),
            Err(StoreError::AccountExists),
            "{same}"
        );
    }
    // A job that is refused spoils none that comes with it.
    let (taken, free) = (
        store.create_account(account("dai")),
        store.create_account(account("Day")),
    );
    let (taken, free) = block_on(zip(taken, free));
    assert_eq!((taken, free), (Err(StoreError::AccountExists), Ok(())));
    block_on(store.close());
}

#[test]
fn what_changes_is_kept_over_a_restart_and_the_rest_stays() {
    let (_folder, path) = place_for_a_file();
    let store = open(&path);
    for name in ["Dai", "Bank", "gone"] {
        create(&store, name).expect("stored");
    }
    let seen = AccountChange {
        seen: Some(Timestamp(3_000)),
        ..AccountChange::default()
    };
    let set = AccountChange {
        settings: Some(Settings::from_json(r#"{"color":false}"#)),
        reads: Some(Reads::from_json("[[1,20]]")),
        ..AccountChange::default()
    };
    block_on(store.delete_account(person("GONE"))).expect("deleted");
    let changes = vec![
        (person("dai"), seen.clone()),
        (person("Bank"), set.clone()),
        (person("gone"), seen.clone()),
    ];
    block_on(store.change_accounts(changes)).expect("stored");
    block_on(store.close());

    let store = open(&path);
    let dai = get(&store, "Dai").expect("it is there");
    let expected = Account {
        seen: Timestamp(3_000),
        ..account("Dai")
    };
    assert_eq!(dai, expected);
    let bank = get(&store, "Bank").expect("it is there");
    let expected = Account {
        settings: set.settings.expect("some"),
        reads: set.reads.expect("some"),
        ..account("Bank")
    };
    assert_eq!(bank, expected);
    assert_eq!(get(&store, "gone"), None);
    // The name is free to be registered anew.
    assert_eq!(create(&store, "gone"), Ok(()));
    block_on(store.close());
    let late = block_on(store.change_accounts(vec![(person("Dai"), seen)]));
    assert_eq!(late, Err(StoreError::Closed));
}

#[test]
fn an_account_that_somebody_broke_by_hand_is_left_out_or_read_as_far_as_it_goes() {
    let (_folder, path) = place_for_a_file();
    let store = open(&path);
    create(&store, "Dai").expect("stored");
    create(&store, "Bank").expect("stored");
    block_on(store.close());
    let db = rusqlite::Connection::open(&path).expect("a database");
    db.execute_batch(
        "UPDATE accounts SET name = 'two words' WHERE folded = 'bank';
         UPDATE accounts SET settings = 'nonsense' WHERE folded = 'dai';",
    )
    .expect("broken");
    drop(db);
    let store = open(&path);
    assert_eq!(block_on(store.accounts()), Ok(vec![person("Dai")]));
    let dai = get(&store, "Dai").expect("it is there");
    assert_eq!(dai.settings, Settings::default());
    assert_eq!(
        get(&store, "Bank").expect("it is there").name,
        person("Bank")
    );
    block_on(store.close());
}

#[test]
fn whoever_registers_a_name_anew_has_none_of_its_rooms() {
    let (_folder, path) = place_for_a_file();
    let owned = || {
        let of = |name: &str| Moderation::of(MemberId(1), Some(person(name)), Timestamp(0));
        [of("Dai"), of("Bank")].map(|all| all.persistent().to_json())
    };
    // After the deletion, or after one that the room did not hear of before the power went.
    for is_stale in [false, true] {
        let store = open(&path);
        create(&store, "Dai").expect("stored");
        for room in ["open", "shut"].map(|room| format!("{room} {is_stale}").replace(' ', "-")) {
            let room = RoomName::parse(&room).expect("a room name");
            block_on(store.create_room(room)).expect("stored");
        }
        let file = Connection::open(&path).expect("a database");
        let give = || {
            let [dais, banks] = owned();
            let give = "UPDATE rooms SET care = CASE id % 2 WHEN 1 THEN ?1 ELSE ?2 END";
            file.execute(give, [dais, banks]).expect("given");
        };
        give();
        block_on(store.delete_account(person("Dai"))).expect("deleted");
        if is_stale {
            give();
            create(&store, "Dai").expect("stored");
        }
        let owners: Vec<Vec<String>> = block_on(store.rooms())
            .expect("rooms")
            .iter()
            .map(|room| {
                room.image
                    .state
                    .moderation
                    .owner_accounts()
                    .map(Name::to_string)
                    .collect()
            })
            .collect();
        assert!(owners.iter().step_by(2).all(Vec::is_empty), "{owners:?}");
        assert!(
            owners
                .iter()
                .skip(1)
                .step_by(2)
                .all(|names| names == &["Bank"]),
            "{owners:?}"
        );
        block_on(store.close());
    }
}
