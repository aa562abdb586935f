//! Faults on demand: what they do to requests, and what they leave alone.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use futures_lite::future::poll_once;

use super::*;
use crate::store::faults::Fault;

/// Faults by a script, and what was asked for.
#[derive(Debug, Default)]
pub(crate) struct Script {
    faults: Mutex<VecDeque<(Operation, Fault)>>,
    asked: Mutex<Vec<Operation>>,
}

impl Script {
    /// What happens to the next operation of this kind, once those before it have happened.
    pub(crate) fn then(&self, operation: Operation, fault: Fault) {
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        faults.push_back((operation, fault));
    }

    fn take_asked(&self) -> Vec<Operation> {
        std::mem::take(&mut self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Faults for Script {
    fn next(&self, operation: Operation) -> Fault {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.push(operation);
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        match faults.front() {
            Some((wanted, _)) if *wanted == operation => {
                faults.pop_front().map_or(Fault::None, |(_, fault)| fault)
            }
            _ => Fault::None,
        }
    }
}

#[test]
fn a_request_that_fails_on_demand_does_nothing() {
    with_each(|store| {
        let script = Arc::new(Script::default());
        let store = store.clone().with_faults(Arc::clone(&script) as _);
        let room = block_on(store.create_room(name("one"))).expect("a room");
        say(&store, room, &["a"]).expect("stored");
        script.then(Operation::Append, Fault::Fail);
        assert_eq!(say(&store, room, &["b"]), Err(StoreError::Unavailable));
        assert_eq!(say(&store, room, &["c"]), Ok(2));
        script.then(Operation::Read, Fault::Fail);
        let tail = block_on(store.tail(room, 9));
        assert_eq!(tail, Err(StoreError::Unavailable));
        let tail = block_on(store.tail(room, 9)).expect("lines");
        assert_eq!(texts(&tail), ["a", "c"]);
        use Operation::{Append, Create, Read};
        let asked = [Create, Append, Append, Append, Read, Read];
        assert_eq!(script.take_asked(), asked);
    });
}

#[test]
fn a_request_that_is_late_lets_others_go_first() {
    let script = Arc::new(Script::default());
    let store = Store::memory(10).with_faults(Arc::clone(&script) as _);
    let room = block_on(store.create_room(name("one"))).expect("a room");
    script.then(Operation::Append, Fault::Late(2));
    let mut late = Box::pin(append(&store, room, vec![line("late", 1)]));
    assert!(block_on(poll_once(&mut late)).is_none());
    assert_eq!(say(&store, room, &["early"]), Ok(1));
    assert!(block_on(poll_once(&mut late)).is_none());
    let stored = block_on(late).expect("stored");
    assert_eq!(stored[0].id, 2);
}

fn muted() -> Entry {
    let (by, name) = (Name::anon(), Name::anon());
    let whom = Vec::new();
    Ruling::Muted { by, name, whom }.into()
}

#[test]
fn others_are_faster_on_demand_and_what_they_said_is_stored() {
    with_each(|store| {
        let script = Arc::new(Script::default());
        let store = store.clone().with_faults(Arc::clone(&script) as _);
        let room = block_on(store.create_room(name("one"))).expect("a room");
        let at = At { seq: 7, rights: 3 };
        let propose = |text| {
            let own = Entry::said(line(text, 5));
            block_on(store.append(room, at, Proposal::new(Timestamp(5), vec![own])))
        };
        let seqs = |entries: &[Numbered]| -> Vec<u64> {
            entries.iter().map(|numbered| numbered.seq).collect()
        };
        let others = || vec![muted(), Entry::said(line("other", 5))];
        script.then(Operation::Append, Fault::Stale(others()));
        let Ok(Outcome::Stale { newer, refused }) = propose("mine") else {
            panic!("others were faster");
        };
        assert_eq!((seqs(&newer), refused.len()), (vec![8, 9], 1));
        script.then(Operation::Append, Fault::Overtaken(others()));
        let Ok(Outcome::Stored { before, entries }) = propose("mine again") else {
            panic!("it is stored behind others");
        };
        assert_eq!((seqs(&before), seqs(&entries)), (vec![8, 9], vec![10]));
        let lines = block_on(store.tail(room, 9)).expect("lines");
        assert_eq!(texts(&lines), ["other", "other", "mine again"]);
        assert_eq!(block_on(store.since(room, 9)), Ok(Vec::new()));
    });
}
