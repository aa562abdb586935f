//! What every engine promises to the nodes that share it, whatever it is made of. Each promise is a function over an empty
//! engine, so that other test crates can hold theirs to it too: see [`ALL`].

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_lite::future;

use parlor::chat::address::Address;
use parlor::chat::admin::ban::{BanTarget, ServerBan};
use parlor::chat::admin::report::{Party, Report};
use parlor::chat::history::{HistoryCursor, RoomId};
use parlor::chat::key::{AccountKey, Fingerprint};
use parlor::chat::message::{Kind, MemberId, NewMessage};
use parlor::chat::name::{Name, RoomName};
use parlor::chat::node::NodeId;
use parlor::chat::people::ClientKind;
use parlor::chat::person::Person;
use parlor::chat::reads::Reads;
use parlor::chat::room::entry::{Came, TopicSet};
use parlor::chat::room::{At, Closing, Entry, Kept, Numbered, RoomImage, Ruling, WentHow};
use parlor::chat::settings::Settings;
use parlor::chat::topic::Topic;
use parlor::runtime::Clock;
use parlor::store::cluster::engine::{
    Engine, EngineError, Letter, Lines, NewNode, News, Part, PartOutcome, Range, RoomRecord,
    TakeName, TakenName, Write,
};
use parlor::store::{Account, AccountChange, Expiry, StoreError};
use parlor::time::Timestamp;

/// A promise, held to over an engine that nobody has used before.
pub(crate) type Promise = fn(Arc<dyn Engine>, Clock) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// Names each promise once.
macro_rules! promises {
    ($($(#[$doc:meta])* async fn $name:ident($engine:ident, $clock:ident) $body:block)*) => {
        /// All promises, by name.
        pub(crate) const ALL: &[(&str, Promise)] = &[$((stringify!($name), |engine, clock| Box::pin($name(engine, clock)))),*];
        $($(#[$doc])* pub(crate) async fn $name($engine: Arc<dyn Engine>, $clock: Clock) $body)*
    };
}

/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(3600);

/// Over at once.
const SHORT: Duration = Duration::from_millis(1);

fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

fn room_name(text: &str) -> RoomName {
    RoomName::parse(text).expect("a name")
}

async fn node(engine: &Arc<dyn Engine>) -> NodeId {
    join(engine, None, 0, LONG).await.expect("it may join")
}

async fn join(
    engine: &Arc<dyn Engine>,
    number: Option<NodeId>,
    last_write: u64,
    lease: Duration,
) -> Result<NodeId, EngineError> {
    let node = NewNode {
        number,
        last_write,
        label: "a node".to_owned(),
        version: 1,
        lease,
    };
    engine.join(node).await
}

async fn room(engine: &Arc<dyn Engine>, text: &str) -> RoomId {
    let created = engine.create_room(room_name(text)).await;
    created.expect("there is none of that name")
}

/// A line, of which the time does not count.
pub(crate) fn said(by: MemberId, text: &str) -> Entry {
    Entry::said(NewMessage {
        time: Timestamp(0),
        member: by,
        name: name("ann"),
        kind: Kind::Message,
        text: text.into(),
    })
}

fn came(member: MemberId) -> Entry {
    Entry::Came(Box::new(Came {
        member,
        name: name("ann"),
        account: Some(name("Ann")),
        address: Address::parse("192.0.2.7"),
    }))
}

fn private(on: bool) -> Entry {
    let by = name("ann");
    Entry::from(Ruling::Private { by, on })
}

/// What is to be appended to one room.
pub(crate) fn part(room: RoomId, at: At, entries: Vec<Entry>) -> Part {
    Part {
        room,
        at,
        entries: entries.into(),
        closing: None,
        image: None,
    }
}

fn at(seq: u64, rights: u64) -> At {
    At { seq, rights }
}

async fn append(
    engine: &Arc<dyn Engine>,
    me: NodeId,
    number: u64,
    parts: Vec<Part>,
) -> Result<Vec<PartOutcome>, EngineError> {
    engine.append(me, Write { number, parts }).await
}

/// Appends to one room what is based on its beginning, and gives the number of the first entry and of the first line.
async fn append_one(
    engine: &Arc<dyn Engine>,
    me: NodeId,
    number: u64,
    room: RoomId,
    entries: Vec<Entry>,
) -> (u64, u64, Timestamp) {
    let parts = vec![part(room, at(0, u64::MAX >> 1), entries)];
    let outcomes = append(engine, me, number, parts).await.expect("it can");
    match outcomes[..] {
        [PartOutcome::Stored { seq, id, time }] => (seq, id, time),
        _ => panic!("{outcomes:?}"),
    }
}

async fn log(engine: &Arc<dyn Engine>, room: RoomId) -> Vec<Numbered> {
    let range = Range {
        room,
        after: 0,
        upto: u64::MAX,
    };
    let all = engine.entries(vec![range]).await.expect("it can be read");
    assert!(all.iter().all(|(of, _)| *of == room));
    all.into_iter().map(|(_, numbered)| numbered).collect()
}

async fn record(engine: &Arc<dyn Engine>, room: RoomId) -> Option<RoomRecord> {
    let mut found = engine.rooms(vec![room]).await.expect("it can be read");
    found.pop()
}

fn lines(room: RoomId, upto: u64, count: usize) -> Lines {
    Lines {
        room,
        upto,
        count,
        bytes: usize::MAX,
    }
}

fn texts(lines: &[Arc<parlor::chat::message::Message>]) -> Vec<&str> {
    lines.iter().map(|line| &*line.text).collect()
}

/// Waits until a lease is over, as one who renews their own sees it.
async fn until_expired(engine: &Arc<dyn Engine>, clock: &Clock, me: NodeId, whom: NodeId) {
    for _ in 0..1000 {
        let renewed = engine.renew(me, LONG).await.expect("it lives");
        let of = renewed.nodes.iter().find(|row| row.node == whom);
        if of.is_some_and(|row| row.is_expired) {
            return;
        }
        clock.after(Duration::from_millis(5)).await;
    }
    panic!("the lease of {whom} is never over");
}

/// Until there is news of this kind.
async fn until_news(
    engine: &Arc<dyn Engine>,
    clock: &Clock,
    is_it: impl Fn(&News) -> bool,
) -> News {
    let news = engine.news();
    let wait = async {
        loop {
            let next = news.recv().await.expect("it is open");
            if is_it(&next) {
                return Some(next);
            }
        }
    };
    let limit = async {
        clock.after(Duration::from_secs(20)).await;
        None
    };
    future::or(wait, limit)
        .await
        .expect("nothing was heard of it")
}

fn take(member: MemberId, text: &str) -> TakeName {
    TakeName {
        member,
        name: name(text),
        account: None,
        address: Address::parse("192.0.2.7"),
        by_force: false,
    }
}

fn account(text: &str) -> Account {
    Account {
        name: name(text),
        password: "$argon2id$...".to_owned(),
        created: Timestamp(1000),
        seen: Timestamp(2000),
        settings: Settings::default(),
        reads: Reads::default(),
    }
}

fn person(member: MemberId, text: &str, since: i64) -> Person {
    Person {
        member,
        name: name(text),
        account: None,
        room: Some(RoomId(7)),
        ip: "192.0.2.7".parse().ok(),
        encryption: None,
        kind: ClientKind::Raw,
        terminal: Some("xterm".into()),
        away: None,
        since: Timestamp(since),
        active: Timestamp(since),
        lines_per_minute: 3,
        is_lost: false,
    }
}

promises! {
    /// Numbers have no gap, lines are counted by themselves, the time is the engine's and never goes back.
    async fn what_is_appended_is_read_in_its_order(engine, _clock) {
        let (me, room) = (node(&engine).await, room(&engine, "1150").await);
        let ann = MemberId::on(me, 1);
        let topic = Entry::Topic(Box::new(TopicSet {
            by: name("ann"),
            topic: Topic::parse("lunch").expect("short"),
        }));
        let first = vec![came(ann), said(ann, "one"), said(ann, "two")];
        let second = vec![topic, said(ann, "three"), private(true), Entry::Went { member: ann, how: WentHow::Moving }];
        let (seq, id, time) = append_one(&engine, me, 1, room, first.clone()).await;
        assert_eq!((seq, id), (1, 1));
        let (seq, id, later) = append_one(&engine, me, 2, room, second.clone()).await;
        assert_eq!((seq, id), (4, 3));
        assert!(later >= time);
        let log = log(&engine, room).await;
        let seqs: Vec<u64> = log.iter().map(|numbered| numbered.seq).collect();
        assert_eq!(seqs, [1, 2, 3, 4, 5, 6, 7]);
        let mut id = 0;
        for (numbered, asked) in log.iter().zip(first.iter().chain(&second)) {
            match (&numbered.entry, asked) {
                (Entry::Said(stored), Entry::Said(asked)) => {
                    id += 1;
                    assert_eq!((stored.id, stored.time), (id, numbered.time));
                    assert_eq!((&stored.text, &stored.name), (&asked.text, &asked.name));
                    assert_eq!((stored.kind, stored.member), (asked.kind, asked.member));
                }
                (stored, asked) => assert_eq!(stored, asked),
            }
            assert_eq!(numbered.time, if numbered.seq < 4 { time } else { later });
        }
        let record = record(&engine, room).await.expect("it is open");
        assert_eq!(record.head, at(7, 6));
        assert_eq!((record.last_id, record.last_line, record.has_lines), (3, Some(later), true));
        assert_eq!(engine.lines_ever().await, Ok(3));
        assert_eq!(engine.heads().await, Ok(vec![(room, 7)]));
        let changes = engine.changes(vec![Range { room, after: 1, upto: 6 }]).await.expect("they can");
        let changes: Vec<u64> = changes.iter().map(|(_, numbered)| numbered.seq).collect();
        assert_eq!(changes, [4, 6]);
    }

    async fn a_write_is_made_once_and_in_its_turn(engine, _clock) {
        let (me, room) = (node(&engine).await, room(&engine, "1150").await);
        let line = || vec![part(room, at(0, 0), vec![said(MemberId::on(me, 1), "one")])];
        append(&engine, me, 1, line()).await.expect("it is the first");
        // Whoever asks for the same once more has to find out what has become of it.
        let again = append(&engine, me, 1, line()).await;
        assert!(matches!(again, Err(EngineError::Doubt(_))), "{again:?}");
        let later = append(&engine, me, 3, line()).await;
        assert!(matches!(later, Err(EngineError::Refused(_))), "{later:?}");
        assert_eq!(log(&engine, room).await.len(), 1);
        append(&engine, me, 2, line()).await.expect("it is next");
        assert_eq!(log(&engine, room).await.len(), 2);
    }

    async fn what_a_decision_was_based_on_must_still_be_so(engine, _clock) {
        let (one, other) = (node(&engine).await, node(&engine).await);
        let room = room(&engine, "1150").await;
        let line = |me| said(MemberId::on(me, 1), "a line");
        append_one(&engine, one, 1, room, vec![line(one), private(true), line(one)]).await;
        // Lines of others change nothing that counts.
        let outcome = append(&engine, other, 1, vec![part(room, at(2, 2), vec![line(other)])]).await;
        assert!(matches!(outcome.as_deref(), Ok([PartOutcome::Stored { seq: 4, id: 3, .. }])), "{outcome:?}");
        let outcome = append(&engine, other, 2, vec![part(room, at(1, 0), vec![line(other)])]).await;
        assert_eq!(outcome, Ok(vec![PartOutcome::Stale { head: 4 }]));
        assert_eq!(log(&engine, room).await.len(), 4);
        let dead = Entry::Went { member: MemberId::on(one, 1), how: WentHow::Dead };
        append_one(&engine, other, 3, room, vec![dead]).await;
        let outcome = append(&engine, one, 2, vec![part(room, at(4, 2), vec![line(one)])]).await;
        assert_eq!(outcome, Ok(vec![PartOutcome::Stale { head: 5 }]));
    }

    async fn parts_of_a_write_are_told_apart(engine, _clock) {
        let me = node(&engine).await;
        let (one, two, three) = (
            room(&engine, "one").await,
            room(&engine, "two").await,
            room(&engine, "three").await,
        );
        append_one(&engine, me, 1, two, vec![private(true)]).await;
        let line = || said(MemberId::on(me, 1), "a line");
        let parts = vec![
            part(three, at(0, 0), vec![line(), line()]),
            part(two, at(0, 0), vec![line()]),
            part(RoomId(999), at(0, 0), vec![line()]),
            part(one, at(0, 0), vec![came(MemberId::on(me, 1)), line()]),
        ];
        let outcomes = append(&engine, me, 2, parts).await.expect("it can");
        let shape: Vec<(u64, u64)> = outcomes
            .iter()
            .map(|outcome| match outcome {
                PartOutcome::Stored { seq, id, .. } => (*seq, *id),
                PartOutcome::Stale { head } => (100, *head),
                PartOutcome::NoRoom => (200, 0),
            })
            .collect();
        assert_eq!(shape, [(1, 1), (100, 1), (200, 0), (1, 1)]);
        assert_eq!(log(&engine, three).await.len(), 2);
        assert_eq!(log(&engine, two).await.len(), 1);
        assert_eq!(log(&engine, one).await.len(), 2);
        let nothing = append(&engine, me, 3, Vec::new()).await;
        assert_eq!(nothing, Ok(Vec::new()));
    }

    async fn what_was_in_doubt_is_settled_once_and_for_all(engine, _clock) {
        let (me, room) = (node(&engine).await, room(&engine, "1150").await);
        let line = || vec![part(room, at(0, 0), vec![said(MemberId::on(me, 1), "one")])];
        let stored = append(&engine, me, 1, line()).await.expect("it is the first");
        for _ in 0..2 {
            assert_eq!(engine.settle(me, 1).await, Ok(Some(stored.clone())));
        }
        for _ in 0..2 {
            assert_eq!(engine.settle(me, 2).await, Ok(None));
        }
        // It arrives now, too late.
        assert!(append(&engine, me, 2, line()).await.is_err());
        assert_eq!(engine.settle(me, 2).await, Ok(None));
        append(&engine, me, 3, line()).await.expect("it is next");
        assert_eq!(log(&engine, room).await.len(), 2);
        let nothing = append(&engine, me, 4, Vec::new()).await.expect("it is next");
        assert_eq!(engine.settle(me, 4).await, Ok(Some(nothing)));
    }

    async fn a_node_whose_lease_is_over_can_renew_it_unless_it_was_condemned(engine, clock) {
        let (me, other) = (node(&engine).await, join(&engine, None, 0, SHORT).await.expect("it may"));
        let room = room(&engine, "1150").await;
        until_expired(&engine, &clock, me, other).await;
        let line = |number| {
            let parts = vec![part(room, at(0, 0), vec![said(MemberId::on(other, 1), "a line")])];
            engine.append(other, Write { number, parts })
        };
        let late = line(1).await;
        assert!(matches!(late, Err(EngineError::Away(_))), "{late:?}");
        engine.renew(other, LONG).await.expect("nobody has condemned it");
        line(1).await.expect("it has a lease");
        assert_eq!(engine.condemn(me, other).await, Ok(false), "it lives");
        engine.renew(other, SHORT).await.expect("it lives");
        until_expired(&engine, &clock, me, other).await;
        assert_eq!(engine.condemn(me, other).await, Ok(true));
        assert_eq!(engine.condemn(me, other).await, Ok(true), "that is its undertaker");
        assert_eq!(line(2).await, Err(EngineError::Fenced));
        assert_eq!(engine.renew(other, LONG).await, Err(EngineError::Fenced));
        assert_eq!(log(&engine, room).await.len(), 1);
        let away = join(&engine, Some(other), 1, LONG).await;
        assert!(matches!(away, Err(EngineError::Away(_))), "{away:?}");
        engine.bury(me, other).await.expect("it can");
        assert_eq!(engine.renew(other, LONG).await, Err(EngineError::Fenced));
        assert_eq!(line(2).await, Err(EngineError::Fenced));
        assert_eq!(join(&engine, Some(other), 1, LONG).await, Ok(other));
        line(2).await.expect("it takes part again");
    }

    async fn what_became_of_a_write_is_known_after_its_node_was_buried(engine, clock) {
        let (me, other) = (node(&engine).await, node(&engine).await);
        let room = room(&engine, "1150").await;
        let line = || vec![part(room, at(0, 0), vec![said(MemberId::on(other, 1), "a line")])];
        let stored = append(&engine, other, 1, line()).await.expect("it lives");
        engine.renew(other, SHORT).await.expect("it lives");
        until_expired(&engine, &clock, me, other).await;
        assert_eq!(engine.condemn(me, other).await, Ok(true));
        assert_eq!(engine.settle(other, 1).await, Ok(Some(stored.clone())));
        engine.bury(me, other).await.expect("it can");
        assert_eq!(engine.settle(other, 1).await, Ok(Some(stored.clone())));
        join(&engine, Some(other), 1, LONG).await.expect("it was buried");
        assert_eq!(engine.settle(other, 1).await, Ok(Some(stored)));
        // What it had asked for and nobody has heard of yet is too late now.
        join(&engine, Some(other), 3, LONG).await.expect("it takes part");
        for number in [2, 3] {
            assert!(append(&engine, other, number, line()).await.is_err(), "{number}");
        }
        assert_eq!(engine.settle(other, 3).await, Ok(None));
        append(&engine, other, 4, line()).await.expect("it is next");
    }

    async fn whoever_takes_out_the_dead_may_die_as_well(engine, clock) {
        let (me, dead) = (node(&engine).await, join(&engine, None, 0, SHORT).await.expect("it may"));
        let undertaker = join(&engine, None, 0, LONG).await.expect("it may");
        until_expired(&engine, &clock, me, dead).await;
        assert_eq!(engine.condemn(undertaker, dead).await, Ok(true));
        assert_eq!(engine.condemn(me, dead).await, Ok(false), "another living node is at it");
        let row = |nodes: Vec<parlor::store::cluster::engine::NodeRow>| {
            nodes.into_iter().find(|row| row.node == dead).expect("it is there")
        };
        let renewed = engine.renew(me, LONG).await.expect("it lives");
        assert_eq!(row(renewed.nodes).undertaker, Some(undertaker));
        engine.renew(undertaker, SHORT).await.expect("it lives");
        until_expired(&engine, &clock, me, undertaker).await;
        assert_eq!(engine.condemn(me, dead).await, Ok(true));
        assert_eq!(engine.condemn(me, undertaker).await, Ok(true));
        assert_eq!(engine.condemn(undertaker, me).await, Err(EngineError::Fenced));
    }

    async fn nodes_that_were_taken_for_dead_by_one_that_is_dead_take_part_again(engine, clock) {
        let (me, undertaker) = (node(&engine).await, node(&engine).await);
        let ann = MemberId::on(me, 1);
        engine.take_name(take(ann, "Ann")).await.expect("it can");
        engine.renew(me, SHORT).await.expect("it lives");
        until_expired(&engine, &clock, undertaker, me).await;
        assert_eq!(engine.condemn(undertaker, me).await, Ok(true));
        let away = join(&engine, Some(me), 0, LONG).await;
        assert!(matches!(away, Err(EngineError::Away(_))), "{away:?}");
        engine.renew(undertaker, SHORT).await.expect("it lives");
        let other = node(&engine).await;
        until_expired(&engine, &clock, other, undertaker).await;
        assert_eq!(join(&engine, Some(me), 0, LONG).await, Ok(me));
        assert_eq!(engine.holder(name("Ann")).await, Ok(None), "as if it had been buried");
        // It was only slow, and comes too late.
        engine.renew(undertaker, LONG).await.expect("nobody has condemned it");
        engine.bury(undertaker, me).await.expect("it can be asked");
        assert_eq!(engine.take_name(take(ann, "Ann")).await, Ok(TakenName::Taken));
    }

    async fn nodes_are_told_of_each_other(engine, _clock) {
        let one = node(&engine).await;
        let other = node(&engine).await;
        assert_ne!(one, other);
        let renewed = engine.renew(one, LONG).await.expect("it lives");
        let nodes: Vec<_> = renewed.nodes.iter().map(|row| (row.node, row.is_expired, row.undertaker)).collect();
        assert_eq!(nodes, [(one, false, None), (other, false, None)]);
        assert_eq!(renewed.nodes[0].label, "a node");
        assert!(renewed.nodes[0].since <= renewed.now);
        engine.bury(one, one).await.expect("it goes by itself");
        assert!(node(&engine).await > other, "no number is given again");
        let renewed = engine.renew(other, LONG).await.expect("it lives");
        assert!(renewed.nodes.iter().all(|row| row.node != one));
    }

    async fn barriers_are_counted(engine, _clock) {
        let (one, other) = (node(&engine).await, node(&engine).await);
        let first = engine.barrier(one).await.expect("it can");
        let second = engine.barrier(other).await.expect("it can");
        let third = engine.barrier(one).await.expect("it can");
        assert!(first < second && second < third);
    }

    async fn many_entries_are_read_in_several_steps(engine, _clock) {
        let me = node(&engine).await;
        let (one, two) = (room(&engine, "one").await, room(&engine, "two").await);
        let most = parlor::limits::ENTRIES_READ_MAX;
        let many = (0..most).map(|number| said(MemberId::on(me, 1), &number.to_string()));
        let many: Vec<Entry> = many.collect();
        append_one(&engine, me, 1, one, many.clone()).await;
        append_one(&engine, me, 2, two, many).await;
        let mut after = [(one, 0), (two, 0)];
        let mut all = Vec::new();
        for _ in 0..4 {
            let ranges = after.map(|(room, after)| Range { room, after, upto: most as u64 });
            let read = engine.entries(ranges.to_vec()).await.expect("they can");
            assert!(read.len() <= most);
            for (room, numbered) in read {
                for (of, after) in &mut after {
                    if *of == room {
                        assert_eq!(numbered.seq, *after + 1, "no gap and no double");
                        *after = numbered.seq;
                    }
                }
                all.push(numbered);
            }
        }
        assert_eq!(all.len(), 2 * most);
        let some = engine.entries(vec![Range { room: two, after: 5, upto: 7 }]).await.expect("they can");
        let seqs: Vec<u64> = some.iter().map(|(_, numbered)| numbered.seq).collect();
        assert_eq!(seqs, [6, 7]);
    }

    async fn rooms_come_in_the_order_of_their_numbers(engine, _clock) {
        assert_eq!(engine.rooms_after(RoomId(0)).await, Ok((Vec::new(), RoomId(0))));
        let one = room(&engine, "Lobby").await;
        // In another case, and one that looks like it.
        for taken in ["lobby", "LOBBY", "L\u{43e}bby"] {
            let refused = engine.create_room(room_name(taken)).await;
            assert_eq!(refused, Err(EngineError::Refused(StoreError::RoomExists)), "{taken}");
        }
        let two = room(&engine, "other").await;
        assert!(two > one);
        let (rooms, last) = engine.rooms_after(RoomId(0)).await.expect("they can be read");
        let ids: Vec<_> = rooms.iter().map(|room| (room.id, room.name.as_str())).collect();
        assert_eq!((ids, last), (vec![(one, "Lobby"), (two, "other")], two));
        assert_eq!((rooms[0].head, rooms[0].last_id, rooms[0].has_lines), (at(0, 0), 0, false));
        assert_eq!((&rooms[0].image, rooms[0].last_line), (&None, None));
        let (rooms, last) = engine.rooms_after(one).await.expect("they can be read");
        assert_eq!((rooms.len(), last), (1, two));
        let (rooms, last) = engine.rooms_after(two).await.expect("they can be read");
        assert_eq!((rooms.len(), last), (0, two));
    }

    async fn the_newest_image_of_a_room_is_kept(engine, _clock) {
        let (me, room) = (node(&engine).await, room(&engine, "1150").await);
        let with_image = |seq| Part {
            image: Some(Arc::new(RoomImage { at: at(seq, 0), next_join_seq: seq, ..RoomImage::default() })),
            ..part(room, at(seq, 0), vec![said(MemberId::on(me, 1), "a line")])
        };
        for (number, seq) in [(1, 0), (2, 1), (3, 0)] {
            append(&engine, me, number, vec![with_image(seq)]).await.expect("it can");
        }
        let image = record(&engine, room).await.expect("it is open").image.expect("there is one");
        assert_eq!((image.at, image.next_join_seq), (at(1, 0), 1));
    }

    async fn a_closed_room_is_gone_and_can_be_opened_again_in_time(engine, _clock) {
        let (me, room) = (node(&engine).await, room(&engine, "1150").await);
        append_one(&engine, me, 1, room, vec![said(MemberId::on(me, 1), "a line")]).await;
        let now = engine.renew(me, LONG).await.expect("it lives").now;
        let until = now.after(LONG);
        let closing = Closing { kept: Kept::AtMost, until };
        let closed = Entry::from(Ruling::Closed { by: name("ann"), kept: Kept::AtMost });
        let close = |number| Write {
            number,
            parts: vec![Part { closing: Some((closing, Some(name("ann")))), ..part(room, at(1, 0), vec![closed.clone()]) }],
        };
        let outcome = engine.append(me, close(2)).await;
        assert!(matches!(outcome.as_deref(), Ok([PartOutcome::Stored { seq: 2, .. }])), "{outcome:?}");
        assert_eq!(engine.append(me, close(3)).await, Ok(vec![PartOutcome::NoRoom]));
        assert_eq!(record(&engine, room).await, None);
        assert_eq!(engine.heads().await, Ok(Vec::new()));
        let (open, last) = engine.rooms_after(RoomId(0)).await.expect("they can be read");
        assert_eq!((open, last), (Vec::new(), room), "its number is not given again");
        let kept = engine.closed_rooms(now).await.expect("they can be read");
        let [(kept, its_closing)] = &kept[..] else { panic!("{kept:?}") };
        assert_eq!((kept.id, kept.head.seq, *its_closing), (room, 2, closing));
        assert_eq!(engine.closed_rooms(until).await, Ok(Vec::new()), "its time is over");
        // What is said of it can be read by whoever opens it again.
        assert_eq!(log(&engine, room).await.len(), 2);
        let refused = engine.reopen_room(room, room_name("1150"), until).await;
        assert_eq!(refused, Err(EngineError::Refused(StoreError::NoRoom)));
        let other = self::room(&engine, "1150").await;
        let refused = engine.reopen_room(room, room_name("1150"), now).await;
        assert_eq!(refused, Err(EngineError::Refused(StoreError::RoomExists)));
        let reopened = engine.reopen_room(room, room_name("again"), now).await.expect("it is free");
        assert_eq!((reopened.id, reopened.name.as_str(), reopened.head.seq), (room, "again", 2));
        assert_eq!(engine.closed_rooms(now).await, Ok(Vec::new()));
        assert_eq!(engine.heads().await, Ok(vec![(room, 2), (other, 0)]));
        let refused = engine.reopen_room(room, room_name("twice"), now).await;
        assert_eq!(refused, Err(EngineError::Refused(StoreError::NoRoom)));
    }

    async fn the_past_is_read_in_pages_up_to_what_is_safe(engine, _clock) {
        let (me, room) = (node(&engine).await, room(&engine, "1150").await);
        let line = |text: &str| said(MemberId::on(me, 1), text);
        let first = vec![line("1"), private(true), line("2"), line("3")];
        append_one(&engine, me, 1, room, first).await;
        let (_, _, time) = append_one(&engine, me, 2, room, vec![line("4"), line("5")]).await;
        let newest = HistoryCursor::Id(u64::MAX);
        let page = |upto, count, before| engine.page_back(lines(room, upto, count), before);
        assert_eq!(texts(&page(5, 2, newest).await.expect("it can")), ["4", "5"]);
        assert_eq!(texts(&page(4, 2, newest).await.expect("it can")), ["3", "4"]);
        assert_eq!(texts(&page(5, 9, HistoryCursor::Id(3)).await.expect("it can")), ["1", "2"]);
        assert_eq!(texts(&page(5, 0, newest).await.expect("it can")), [""; 0]);
        let earlier = page(5, 9, HistoryCursor::Time(time)).await.expect("it can");
        let expected: &[&str] = match log(&engine, room).await[0].time < time {
            true => &["1", "2", "3"],
            // All within a millisecond.
            false => &[],
        };
        assert_eq!(texts(&earlier), expected);
        let never = page(5, 9, HistoryCursor::Time(Timestamp(0))).await.expect("it can");
        assert_eq!(texts(&never), [""; 0]);
        let all = page(5, 9, HistoryCursor::Time(Timestamp(i64::MAX))).await.expect("it can");
        assert_eq!(all.len(), 5);
        let bytes = |bytes| engine.page_back(Lines { bytes, ..lines(room, 5, 9) }, newest);
        // Each has four bytes, with the name.
        assert_eq!(texts(&bytes(4).await.expect("it can")), ["5"]);
        assert_eq!(texts(&bytes(5).await.expect("it can")), ["4", "5"]);
        let around = |upto, count, id| engine.around(lines(room, upto, count), id);
        assert_eq!(texts(&around(5, 1, 3).await.expect("it can")), ["2", "3", "4"]);
        assert_eq!(texts(&around(3, 2, 3).await.expect("it can")), ["1", "2", "3"]);
        assert_eq!(texts(&around(5, 2, 9).await.expect("it can")), ["4", "5"]);
        assert_eq!(texts(&around(5, 2, 0).await.expect("it can")), ["1", "2"]);
        let elsewhere = engine.page_back(lines(RoomId(999), 5, 9), newest).await;
        assert_eq!(elsewhere, Ok(Vec::new()));
    }

    async fn words_are_found_in_any_case_and_as_parts(engine, _clock) {
        let (me, room) = (node(&engine).await, room(&engine, "1150").await);
        let texts_said = ["Hello world", "nothing", "world, HELLO", "100% of a_b\\c 'quoted'", "Stra\u{df}e"];
        let said_all = texts_said.map(|text| said(MemberId::on(me, 1), text));
        append_one(&engine, me, 1, room, said_all.to_vec()).await;
        let table: [(&str, &[&str]); 9] = [
            ("hello", &["world, HELLO", "Hello world"]),
            ("ELL  orl", &["world, HELLO", "Hello world"]),
            ("hello nothing", &[]),
            ("0%", &["100% of a_b\\c 'quoted'"]),
            ("a_b\\c", &["100% of a_b\\c 'quoted'"]),
            ("'quoted'", &["100% of a_b\\c 'quoted'"]),
            ("STRASSE", &["Stra\u{df}e"]),
            ("axb", &[]),
            ("  ", &[]),
        ];
        for (typed, expected) in table {
            let found = engine.search(lines(room, 5, 10), typed.to_owned()).await.expect("it can");
            assert_eq!(texts(&found.lines), expected, "{typed}");
        }
        let one = engine.search(lines(room, 5, 1), "hello".to_owned()).await.expect("it can");
        assert_eq!(texts(&one.lines), ["world, HELLO"]);
        let safe = engine.search(lines(room, 2, 10), "hello".to_owned()).await.expect("it can");
        assert_eq!(texts(&safe.lines), ["Hello world"]);
    }

    async fn a_name_has_one_holder_and_so_has_what_looks_like_it(engine, _clock) {
        let (one, other) = (node(&engine).await, node(&engine).await);
        let (ann, ben) = (MemberId::on(one, 1), MemberId::on(other, 1));
        assert_eq!(engine.take_name(take(ann, "Dai")).await, Ok(TakenName::Taken));
        assert_eq!(engine.take_name(take(ann, "Dai")).await, Ok(TakenName::Taken));
        for like in ["Dai", "DAI", "D\u{430}i", "Ｄａｉ"] {
            let held = engine.take_name(take(ben, like)).await;
            assert_eq!(held, Ok(TakenName::HeldBy(vec![ann])), "{like}");
            assert_eq!(engine.holders(name(like)).await, Ok(vec![ann]), "{like}");
        }
        assert_eq!(engine.holder(name("dAI")).await, Ok(Some(ann)));
        assert_eq!(engine.holder(name("D\u{430}i")).await, Ok(None), "it only looks like it");
        let wanted = ["dai", "Dai_2", "Dai_3"].map(name).to_vec();
        assert_eq!(engine.first_free(ben, wanted.clone()).await, Ok(Some(name("Dai_2"))));
        assert_eq!(engine.first_free(ann, wanted).await, Ok(Some(name("dai"))));
        assert_eq!(engine.first_free(ben, vec![name("DAI")]).await, Ok(None));
        assert_eq!(engine.take_name(take(ann, "anon")).await, Ok(TakenName::Taken));
        assert_eq!(engine.take_name(take(ben, "anon")).await, Ok(TakenName::Taken));
        // Freed by somebody else it is not.
        engine.free_name(ben, name("Dai"), None).await.expect("it can");
        assert_eq!(engine.holder(name("Dai")).await, Ok(Some(ann)));
        // What is shared with the new name stays.
        assert_eq!(engine.take_name(take(ann, "DAI")).await, Ok(TakenName::Taken));
        engine.free_name(ann, name("Dai"), Some(name("DAI"))).await.expect("it can");
        assert_eq!(engine.holders(name("DAI")).await, Ok(vec![ann]));
        engine.free_name(ann, name("DAI"), None).await.expect("it can");
        assert_eq!(engine.holders(name("Dai")).await, Ok(Vec::new()));
        assert_eq!(engine.take_name(take(ben, "Dai")).await, Ok(TakenName::Taken));
    }

    async fn a_name_can_be_taken_by_force_and_goes_with_its_node(engine, _clock) {
        let (one, other) = (node(&engine).await, node(&engine).await);
        let (ann, ben) = (MemberId::on(one, 1), MemberId::on(other, 1));
        engine.take_name(take(ann, "Dai")).await.expect("it can");
        let force = TakeName { by_force: true, account: Some(name("Dai")), ..take(ben, "Dai") };
        assert_eq!(engine.take_name(force).await, Ok(TakenName::Taken));
        assert_eq!(engine.holders(name("Dai")).await, Ok(vec![ben]));
        // Whoever has lost it frees nothing any more.
        engine.free_name(ann, name("Dai"), None).await.expect("it can");
        assert_eq!(engine.holder(name("Dai")).await, Ok(Some(ben)));
        engine.bury(other, other).await.expect("it can");
        assert_eq!(engine.holder(name("Dai")).await, Ok(None));
        assert_eq!(engine.take_name(take(ben, "Dai")).await, Err(EngineError::Fenced), "it does not take part");
        assert_eq!(engine.take_name(take(ann, "Dai")).await, Ok(TakenName::Taken));
    }

    async fn a_registered_name_is_for_its_account(engine, _clock) {
        let me = node(&engine).await;
        let (ann, ben) = (MemberId::on(me, 1), MemberId::on(me, 2));
        engine.create_account(account("Dai")).await.expect("it can");
        for like in ["Dai", "dai", "D\u{430}i"] {
            let refused = engine.take_name(take(ben, like)).await;
            assert_eq!(refused, Ok(TakenName::Registered(name("Dai"))), "{like}");
            let own = TakeName { account: Some(name("Dai")), ..take(ann, like) };
            assert_eq!(engine.take_name(own).await, Ok(TakenName::Taken), "{like}");
            engine.free_name(ann, name(like), None).await.expect("it can");
            let exists = engine.create_account(account(like)).await;
            assert_eq!(exists, Err(EngineError::Refused(StoreError::AccountExists)), "{like}");
        }
        let free = engine.first_free(ben, vec![name("DAI"), name("Dai_2")]).await;
        assert_eq!(free, Ok(Some(name("Dai_2"))));
        let force = TakeName { by_force: true, account: Some(name("Other")), ..take(ben, "Dai") };
        assert_eq!(engine.take_name(force).await, Ok(TakenName::Registered(name("Dai"))));
    }

    async fn a_lost_name_is_for_its_address_until_its_time_is_over(engine, _clock) {
        let me = node(&engine).await;
        let [ann, ben, cat] = [1, 2, 3].map(|count| MemberId::on(me, count));
        let here = Address::parse("192.0.2.7").expect("an address");
        let there = TakeName { address: Address::parse("192.0.2.8"), ..take(ben, "Dai") };
        let now = engine.renew(me, LONG).await.expect("it lives").now;
        engine.take_name(take(ann, "Dai")).await.expect("it can");
        engine.keep_name(ann, name("Dai"), here, now.after(LONG)).await.expect("it can");
        assert_eq!(engine.take_name(there.clone()).await, Ok(TakenName::HeldBy(vec![ann])));
        assert_eq!(engine.holders(name("Dai")).await, Ok(vec![ann]));
        assert_eq!(engine.take_name(take(cat, "Dai")).await, Ok(TakenName::Taken), "it comes from there");
        assert_eq!(engine.holders(name("Dai")).await, Ok(vec![cat]));
        assert_eq!(engine.take_name(there.clone()).await, Ok(TakenName::HeldBy(vec![cat])), "nobody has lost it");
        engine.keep_name(cat, name("Dai"), here, now).await.expect("it can");
        assert_eq!(engine.holders(name("Dai")).await, Ok(Vec::new()), "its time is over");
        assert_eq!(engine.first_free(ben, vec![name("Dai")]).await, Ok(Some(name("Dai"))));
        assert_eq!(engine.take_name(there).await, Ok(TakenName::Taken));
        // Whose it was does not get it by keeping it.
        engine.keep_name(cat, name("Dai"), here, now.after(LONG)).await.expect("it can");
        assert_eq!(engine.holders(name("Dai")).await, Ok(vec![ben]));
    }

    async fn people_are_known_to_other_nodes_and_go_with_theirs(engine, _clock) {
        let (one, other) = (node(&engine).await, node(&engine).await);
        let [ann, ben, cat] = [MemberId::on(one, 1), MemberId::on(other, 1), MemberId::on(other, 2)];
        engine.note_people(one, vec![person(ann, "Ann", 5)], Vec::new()).await.expect("it can");
        let others = vec![person(ben, "Ben", 9), person(cat, "Benno", 7)];
        engine.note_people(other, others, Vec::new()).await.expect("it can");
        let people = engine.people(one, 10).await;
        assert_eq!(people, Ok((vec![person(cat, "Benno", 7), person(ben, "Ben", 9)], 2)));
        assert_eq!(engine.people(one, 1).await, Ok((vec![person(cat, "Benno", 7)], 2)));
        assert_eq!(engine.people(one, 0).await, Ok((Vec::new(), 2)));
        assert_eq!(engine.people(other, 9).await, Ok((vec![person(ann, "Ann", 5)], 1)));
        assert_eq!(engine.persons(vec![ben, ann]).await.map(|found| found.len()), Ok(2));
        let with = |prefix: &str, most| engine.names_with(one, prefix.to_owned(), most);
        assert_eq!(with("bEN", 9).await, Ok(vec![name("Ben"), name("Benno")]));
        assert_eq!(with("b", 1).await, Ok(vec![name("Ben")]));
        assert_eq!(with("benn", 9).await, Ok(vec![name("Benno")]));
        for nobody in ["ann", "%", "_", "x"] {
            assert_eq!(with(nobody, 9).await, Ok(Vec::new()), "{nobody}");
        }
        assert_eq!(with("", 9).await.map(|found| found.len()), Ok(2));
        // Noted again, and gone.
        let changed = Person { away: Some("lunch".into()), ..person(ben, "Bob", 9) };
        engine.note_people(other, vec![changed.clone()], vec![cat]).await.expect("it can");
        assert_eq!(engine.people(one, 10).await, Ok((vec![changed], 1)));
        assert_eq!(engine.persons(vec![cat]).await, Ok(Vec::new()));
        engine.bury(other, other).await.expect("it can");
        assert_eq!(engine.people(one, 10).await, Ok((Vec::new(), 0)));
    }

    async fn letters_come_once_and_in_their_order(engine, clock) {
        let (one, other) = (node(&engine).await, node(&engine).await);
        let letter = |to, body: &str| Letter { from: one, to, body: body.to_owned() };
        let letters = vec![letter(other, "a"), letter(NodeId(999), "nobody"), letter(other, "b")];
        engine.post(letters).await.expect("it can");
        engine.post(vec![letter(other, "c")]).await.expect("it can");
        until_news(&engine, &clock, |news| *news == News::Letters(other)).await;
        assert_eq!(engine.collect(one).await, Ok(Vec::new()));
        let found = engine.collect(other).await;
        assert_eq!(found, Ok(vec![letter(other, "a"), letter(other, "b"), letter(other, "c")]));
        assert_eq!(engine.collect(other).await, Ok(Vec::new()));
    }

    async fn news_reaches_whoever_listens(engine, clock) {
        let heads: Vec<_> = (1..2000).map(|room| (RoomId(room), u64::from(room))).collect();
        for news in [News::Rooms, News::Bans, News::Heads(heads[..1].to_vec())] {
            engine.wake(news.clone()).await.expect("it can");
            let heard = until_news(&engine, &clock, |heard| *heard == news).await;
            assert_eq!(heard, news);
        }
        engine.wake(News::Heads(heads.clone())).await.expect("it can");
        let mut all = Vec::new();
        while all.len() < heads.len() {
            let news = until_news(&engine, &clock, |news| matches!(news, News::Heads(_))).await;
            match news {
                News::Heads(some) => all.extend(some),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(all, heads);
    }

    async fn accounts_are_kept(engine, _clock) {
        assert_eq!(engine.account(name("Dai")).await, Ok(None));
        engine.create_account(account("Dai")).await.expect("it can");
        engine.create_account(account("Ann")).await.expect("it can");
        assert_eq!(engine.account(name("dAI")).await, Ok(Some(account("Dai"))));
        assert_eq!(engine.accounts().await, Ok(vec![name("Dai"), name("Ann")]));
        let mut reads = Reads::default();
        reads.note(RoomId(3), 9);
        let change = AccountChange { seen: Some(Timestamp(3000)), settings: None, reads: Some(reads.clone()) };
        let changes = vec![(name("dai"), change.clone()), (name("nobody"), change)];
        engine.change_accounts(changes).await.expect("it can");
        let changed = Account { seen: Timestamp(3000), reads, ..account("Dai") };
        assert_eq!(engine.account(name("Dai")).await, Ok(Some(changed)));
        assert_eq!(engine.due_accounts(None, 9).await, Ok(Vec::new()));
        let due = engine.due_accounts(Some(Timestamp(3000)), 9).await;
        assert_eq!(due, Ok(vec![(name("Ann"), Expiry::Idle)]));
        // Nobody is deleted who was seen since, however often somebody finds that others are due.
        assert_eq!(engine.expire_account(name("Dai"), Some(Timestamp(3000))).await, Ok(false));
        assert_eq!(engine.expire_account(name("Dai"), None).await, Ok(false));
        assert_eq!(engine.expire_account(name("ANN"), Some(Timestamp(3000))).await, Ok(true));
        assert_eq!(engine.expire_account(name("Ann"), Some(Timestamp(3000))).await, Ok(false));
        assert_eq!(engine.accounts().await, Ok(vec![name("Dai")]));
        engine.delete_account(name("dai")).await.expect("it can");
        engine.delete_account(name("dai")).await.expect("it is gone already");
        assert_eq!(engine.account(name("Dai")).await, Ok(None));
        engine.create_account(account("DAI")).await.expect("it is free");
    }

    async fn a_deleted_account_keeps_no_closed_room(engine, _clock) {
        let (me, room) = (node(&engine).await, room(&engine, "1150").await);
        let founded = Entry::from(Ruling::Founded { member: MemberId::on(me, 1), account: Some(name("Dai")) });
        engine.create_account(account("Dai")).await.expect("it can");
        append_one(&engine, me, 1, room, vec![founded]).await;
        let now = engine.renew(me, LONG).await.expect("it lives").now;
        let closing = Closing { kept: Kept::AtMost, until: now.after(LONG) };
        let closed = Entry::from(Ruling::Closed { by: name("Dai"), kept: Kept::AtMost });
        let parts = vec![Part { closing: Some((closing, None)), ..part(room, at(1, 1), vec![closed]) }];
        append(&engine, me, 2, parts).await.expect("it can");
        engine.delete_account(name("Dai")).await.expect("it can");
        let deleted = Entry::from(Ruling::AccountDeleted { account: name("Dai") });
        let last = log(&engine, room).await.pop().expect("there are some");
        assert_eq!((last.seq, last.entry), (3, deleted));
        let kept = engine.closed_rooms(now).await.expect("they can be read");
        assert_eq!(kept[0].0.head, at(3, 3));
    }

    async fn a_key_is_bound_to_one_account(engine, _clock) {
        let key = |byte| AccountKey { fingerprint: Fingerprint([byte; Fingerprint::BYTES]), added: Timestamp(7) };
        let refused = engine.add_key(name("Dai"), key(1)).await;
        assert_eq!(refused, Err(EngineError::Refused(StoreError::NoAccount)));
        engine.create_account(account("Dai")).await.expect("it can");
        engine.create_account(account("Ann")).await.expect("it can");
        engine.add_key(name("dai"), key(2)).await.expect("it can");
        engine.add_key(name("Dai"), key(1)).await.expect("it can");
        for whose in ["Dai", "Ann"] {
            let bound = engine.add_key(name(whose), key(1)).await;
            assert_eq!(bound, Err(EngineError::Refused(StoreError::KeyBound(name("Dai")))));
        }
        assert_eq!(engine.key_owner(key(1).fingerprint).await, Ok(Some(name("Dai"))));
        assert_eq!(engine.key_owner(key(9).fingerprint).await, Ok(None));
        assert_eq!(engine.keys(name("DAI")).await, Ok(vec![key(2), key(1)]));
        let refused = engine.remove_key(name("Ann"), key(1).fingerprint).await;
        assert_eq!(refused, Err(EngineError::Refused(StoreError::NoKey)));
        engine.remove_key(name("Dai"), key(1).fingerprint).await.expect("it can");
        for byte in 3..=parlor::limits::KEYS_PER_ACCOUNT_MAX as u8 + 1 {
            engine.add_key(name("Dai"), key(byte)).await.expect("it can");
        }
        let full = engine.add_key(name("Dai"), key(99)).await;
        assert_eq!(full, Err(EngineError::Refused(StoreError::KeysFull)));
        engine.delete_account(name("Dai")).await.expect("it can");
        assert_eq!(engine.key_owner(key(2).fingerprint).await, Ok(None));
        engine.add_key(name("Ann"), key(2)).await.expect("it is free");
    }

    async fn bans_are_kept_and_hits_of_all_nodes_are_added(engine, _clock) {
        let target = BanTarget::parse("192.0.2.0/24").expect("a target");
        let made = |why: &str| ServerBan::new(target.clone(), Some(Timestamp(9)), "op", why, Timestamp(5), 2);
        engine.save_ban(Arc::new(made("first"))).await.expect("it can");
        engine.save_ban(Arc::new(made("second"))).await.expect("it can");
        let other = ServerBan::new(BanTarget::Name(name("Dai")), None, "op", "", Timestamp(4), 0);
        engine.save_ban(Arc::new(other)).await.expect("it can");
        let gone = BanTarget::Account(name("nobody"));
        engine.add_hits(vec![(target.clone(), 3), (gone, 5)]).await.expect("it can");
        engine.add_hits(vec![(target.clone(), 4)]).await.expect("it can");
        let bans = engine.bans().await.expect("they can be read");
        let shown: Vec<_> = bans.iter().map(|ban| (ban.target.to_string(), &*ban.why, ban.until, ban.hits())).collect();
        let name_first = ("name:Dai".to_owned(), "", None, 0);
        assert_eq!(shown, [name_first, ("192.0.2.0/24".to_owned(), "second", Some(Timestamp(9)), 9)]);
        engine.delete_bans(vec![target]).await.expect("it can");
        assert_eq!(engine.bans().await.expect("they can be read").len(), 1);
    }

    async fn reports_are_numbered_and_no_number_is_given_again(engine, _clock) {
        let party = |text: &str| Party { name: name(text), account: None, address: None };
        let report = |why: &str| Report {
            id: 0,
            time: Timestamp(7),
            by: party("ann"),
            about: party("ben"),
            room: None,
            why: why.into(),
            lines: Vec::new(),
        };
        let one = engine.save_report(report("one"), Vec::new()).await.expect("it can");
        let two = engine.save_report(report("two"), Vec::new()).await.expect("it can");
        assert!(two > one);
        let three = engine.save_report(report("three"), vec![one, two]).await.expect("it can");
        let kept = engine.reports().await.expect("they can be read");
        assert_eq!(kept, [Report { id: three, ..report("three") }]);
        assert!(three > two);
    }
}
