//! Faults on demand: what they do to requests, and what they leave alone.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use futures_lite::future::poll_once;

use super::*;
use crate::store::faults::Fault;

/// Faults by a script, and what was asked for.
#[derive(Debug, Default)]
struct Script {
    faults: Mutex<VecDeque<Fault>>,
    asked: Mutex<Vec<Operation>>,
}

impl Script {
    fn then(&self, fault: Fault) {
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        faults.push_back(fault);
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
        faults.pop_front().unwrap_or_default()
    }
}

#[test]
fn a_request_that_fails_on_demand_does_nothing() {
    with_each(|store| {
        let script = Arc::new(Script::default());
        let store = store.clone().with_faults(Arc::clone(&script) as _);
        let room = block_on(store.create_room(name("one"))).expect("a room");
        say(&store, room, &["a"]).expect("stored");
        script.then(Fault::Fail);
        assert_eq!(say(&store, room, &["b"]), Err(StoreError::Unavailable));
        assert_eq!(say(&store, room, &["c"]), Ok(2));
        script.then(Fault::Fail);
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
    script.then(Fault::Late(2));
    let mut late = Box::pin(append(&store, room, vec![line("late", 1)]));
    assert!(block_on(poll_once(&mut late)).is_none());
    assert_eq!(say(&store, room, &["early"]), Ok(1));
    assert!(block_on(poll_once(&mut late)).is_none());
    let stored = block_on(late).expect("stored");
    assert_eq!(stored[0].id, 2);
}
