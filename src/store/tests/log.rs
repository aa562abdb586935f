//! What gets into the log of a room, and what is kept of it.

use super::*;
use crate::chat::room::WentHow;

#[test]
fn who_comes_and_goes_is_numbered_even_where_nothing_can_be_written() {
    let went = |member| Entry::Went {
        member: MemberId(member),
        how: WentHow::Left,
    };
    let numbered = |store: &Store, room| {
        let at = At { seq: 4, rights: 0 };
        let proposal = Proposal::new(Timestamp(9), vec![went(1), went(2)]);
        let Ok(Outcome::Stored { before, entries }) = block_on(store.append(room, at, proposal))
        else {
            panic!("nobody else writes");
        };
        assert_eq!(before, []);
        let numbered = entries.iter().map(|it| (it.seq, it.time, it.entry.clone()));
        let expected = [(5, Timestamp(9), went(1)), (6, Timestamp(9), went(2))];
        assert_eq!(numbered.collect::<Vec<_>>(), expected);
    };
    with_each(|store| {
        let room = block_on(store.create_room(name("one"))).expect("a room");
        numbered(store, room);
    });
    let (_folder, path) = place_for_a_file();
    let store = open(&path);
    let room = block_on(store.create_room(name("one"))).expect("a room");
    fs::remove_file(&path).expect("it can be removed");
    numbered(&store, room);
}

/// That an account owns the room, as a fact, and what is to be kept of it.
fn founded(account: &str) -> Proposal {
    let account = Some(Name::parse(account).expect("a name"));
    let member = MemberId(1);
    let founded = Ruling::Founded { member, account };
    let mut moderation = Moderation::default();
    moderation.apply(&founded, Timestamp(5));
    Proposal {
        moderation: Some(Box::new(moderation.persistent())),
        ..Proposal::new(Timestamp(5), vec![founded.into()])
    }
}

#[test]
fn facts_that_cannot_be_written_are_stored_all_the_same_and_written_later() {
    let (folder, path) = place_for_a_file();
    let elsewhere = folder.path().join("elsewhere");
    let away = |store: &Store, room| {
        fs::rename(&path, &elsewhere).expect("it can be moved");
        let at = At::default();
        for account in ["Ann", "Ben"] {
            block_on(store.append(room, at, founded(account))).expect("it has happened");
        }
        assert!(lock(store, room).1.is_err(), "an order can be refused");
        fs::rename(&elsewhere, &path).expect("it can be moved");
    };
    let owners = |store: &Store| -> Vec<String> {
        let rooms = block_on(store.rooms()).expect("rooms");
        let owners = rooms[0].image.state.moderation.owner_accounts();
        owners.map(Name::to_string).collect()
    };
    let store = open(&path);
    let room = block_on(store.create_room(name("one"))).expect("a room");
    away(&store, room);
    assert_eq!(owners(&store), Vec::<String>::new());
    // With whatever is written next.
    say(&store, room, &["a"]).expect("stored");
    assert_eq!(owners(&store), ["Ben"]);
    assert_eq!(lock(&store, room).1, Ok(()));
    assert_eq!(owners(&store), Vec::<String>::new());
    away(&store, room);
    // Or at the end.
    block_on(store.close());
    assert_eq!(owners(&open(&path)), ["Ben"]);
}

#[test]
fn lines_topic_and_moderation_of_one_proposal_are_stored_together() {
    with_each(|store| {
        let room = block_on(store.create_room(name("one"))).expect("a room");
        let topic = Topic::parse("lunch").expect("short enough");
        let set = TopicSet {
            by: Name::anon(),
            topic: topic.clone(),
        };
        let mut proposal = founded("Ann");
        proposal.entries.push(Entry::said(line("a", 1)));
        proposal.entries.push(Entry::Topic(Box::new(set)));
        proposal.entries.push(Entry::said(line("b", 2)));
        block_on(store.append(room, At::default(), proposal)).expect("stored");
        let state = block_on(store.open_room(room)).expect("a room").state;
        assert_eq!(state.topic, topic);
        let owners: Vec<_> = state.moderation.owner_accounts().collect();
        assert_eq!(owners, [&Name::parse("Ann").expect("a name")]);
        let lines = block_on(store.tail(room, 9)).expect("lines");
        assert_eq!(texts(&lines), ["a", "b"]);
    });
}
