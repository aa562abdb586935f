//! What stands between the server and its store: failures, delays, and a record of all that was ever stored.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use parlor::chat::history::RoomId;
use parlor::chat::message::{Kind, MemberId, NewMessage};
use parlor::chat::name::{Name, RoomName};
use parlor::chat::room::entry::TopicSet;
use parlor::chat::room::moderation::{Ruling, Subject};
use parlor::chat::room::{Entry, Kept};
use parlor::chat::topic::Topic;
use parlor::runtime::Clock;
use parlor::store::Store;
use parlor::store::faults::{Fault, Faults, Operation};
use parlor::time::Timestamp;

use crate::ledger::{Record, Source, at_once};
use crate::random::Random;

/// How long a request hangs that does.
pub(crate) const HANG: Duration = Duration::from_secs(10);

/// How often something happens to a request to the store, in a thousand.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Odds {
    /// It fails.
    pub(crate) fail: usize,
    /// It takes its time.
    pub(crate) late: usize,
    /// It hangs for ten seconds.
    pub(crate) hang: usize,
    /// Whoever asks panics.
    pub(crate) panic: usize,
    /// Another server is faster, and writes to the same room.
    pub(crate) others: usize,
}

/// What happens to the requests of one server. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Weather(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    store: Store,
    clock: Clock,
    random: Random,
    odds: Odds,
    record: Record,
    /// Lines that were known already, by room.
    known: BTreeMap<RoomId, usize>,
    newest_room: RoomId,
    /// How many connections there were, which others may have something against.
    connections: u64,
    /// Lines that others have said.
    others: usize,
}

impl Weather {
    /// Fair weather in front of `store`.
    pub(crate) fn new(store: Store, clock: Clock, random: Random) -> Weather {
        Weather(Arc::new(Mutex::new(State {
            store,
            clock,
            random,
            odds: Odds::default(),
            record: Record::default(),
            known: BTreeMap::new(),
            newest_room: RoomId::default(),
            connections: 0,
            others: 0,
        })))
    }

    /// From now on the store is another one, which has what this one has.
    pub(crate) fn moves_to(&self, store: Store) {
        let mut state = self.lock();
        state.look();
        state.store = store;
    }

    pub(crate) fn becomes(&self, odds: Odds) {
        self.lock().odds = odds;
    }

    /// There are so many connections by now.
    pub(crate) fn knows(&self, connections: usize) {
        self.lock().connections = connections as u64;
    }

    /// Whether the store has a room of this name.
    pub(crate) fn has_room(&self, name: &str) -> bool {
        let key = |name: &str| RoomName::parse(name).map(|name| name.key()).ok();
        let rooms = at_once(self.lock().store.rooms()).unwrap_or_default();
        let mut rooms = rooms.iter();
        rooms.any(|room| Some(room.name.key()) == key(name))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Source for Weather {
    fn record(&self) -> Record {
        let mut state = self.lock();
        state.look();
        std::mem::take(&mut state.record)
    }

    fn is_from_afar(&self, words: &str) -> bool {
        let number = words.strip_prefix("far: from afar ");
        let number = number.and_then(|number| number.parse().ok());
        number.is_some_and(|number: usize| number <= self.lock().others)
    }
}

impl State {
    fn look(&mut self) {
        let (rooms, newest) = at_once(self.store.rooms_after(self.newest_room)).unwrap_or_default();
        self.newest_room = self.newest_room.max(newest);
        for room in rooms {
            self.record.rooms.push((room.id, room.name.to_string()));
            self.known.insert(room.id, 0);
        }
        for (&room, known) in &mut self.known {
            let page = |count| at_once(self.store.tail(room, count)).unwrap_or_default();
            let last = page(1).last().map_or(0, |line| line.id as usize);
            if last > *known {
                let lines = page(last - *known).into_iter().map(|line| (room, line));
                self.record.lines.extend(lines);
                *known = last;
            }
        }
    }
}

impl State {
    /// What another server has done to a room meanwhile; without rulings nobody's rights change.
    fn of_others(&mut self, with_rulings: bool) -> Vec<Entry> {
        // A room is closed by itself: nothing before it goes off the record, and nothing comes after it.
        if with_rulings && self.random.below(20) == 0 {
            return vec![Entry::from(Ruling::Closed {
                by: name("far"),
                kept: Kept::AtMost,
            })];
        }
        let count = self.random.between(1, 3);
        (0..count).map(|_| self.of_another(with_rulings)).collect()
    }

    fn of_another(&mut self, with_rulings: bool) -> Entry {
        let by = name("far");
        let dice = self.random.below(if with_rulings { 12 } else { 5 });
        let whom = Subject {
            member: MemberId(self.random.next() % (self.connections + 1)),
            name: name("somebody"),
            account: None,
        };
        match dice {
            0..4 => {
                self.others += 1;
                Entry::said(NewMessage {
                    time: Timestamp(0),
                    member: MemberId(1 << 40),
                    name: by,
                    kind: Kind::Message,
                    text: format!("from afar {}", self.others).into(),
                })
            }
            4 => Entry::Topic(Box::new(TopicSet {
                by,
                topic: Topic::parse("far away").ok().flatten(),
            })),
            5..8 => Entry::from(Ruling::Kicked {
                by,
                whom: vec![whom],
                why: "".into(),
            }),
            8 | 9 => Entry::from(Ruling::Muted {
                by,
                name: whom.name.clone(),
                whom: vec![whom],
            }),
            10 => Entry::from(Ruling::Private { by, on: true }),
            _ => Entry::from(Ruling::Shared {
                by,
                with: whom,
                on_trial: false,
            }),
        }
    }
}

fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

impl Faults for Weather {
    fn next(&self, operation: Operation) -> Fault {
        let mut state = self.lock();
        // What a room said last is to be on record before the room is closed.
        if operation == Operation::Append {
            state.look();
        }
        let odds = state.odds;
        let dice = state.random.below(1000);
        let mut below = 0;
        let mut is = |odds: usize| {
            below += odds;
            dice < below
        };
        if is(odds.fail) {
            Fault::Fail
        } else if is(odds.late) {
            Fault::Late(state.random.between(1, 30) as u32)
        } else if is(odds.hang) {
            Fault::Hang(state.clock.clone(), HANG)
        } else if is(odds.panic) {
            Fault::Panic
        } else if operation == Operation::Append && is(odds.others / 2) {
            Fault::Stale(state.of_others(true))
        } else if operation == Operation::Append && is(odds.others / 4) {
            Fault::Overtaken(state.of_others(false))
        } else if operation == Operation::Append && is(odds.others / 4) {
            Fault::ToldTwice(state.of_others(false))
        } else {
            Fault::None
        }
    }
}
