//! What is beneath a server that is alone: a store in memory, with the luck of a disk.

use std::sync::Arc;

use parlor::chat::history::RoomId;
use parlor::chat::name::RoomName;
use parlor::runtime::{Clock, ManualClock, Runtime};
use parlor::store::Store;
use smol::Executor;

use crate::ledger::{Ledger, at_once};
use crate::plan::Plan;
use crate::random::Random;
use crate::site::Site;
use crate::weather::{Odds, Weather};

/// A store, and what becomes of each request to it.
pub(crate) struct Alone {
    pub(crate) weather: Weather,
    store: Store,
    odds: Odds,
}

impl Alone {
    /// A server on a store of its own with a few rooms, and a ledger of what is stored.
    pub(crate) fn new(
        seed: u64,
        plan: &Plan,
        random: &mut Random,
        clock: &Arc<ManualClock>,
    ) -> (Alone, Ledger, Site) {
        let store = Store::memory(100_000);
        let wait = Clock::manual(Arc::clone(clock));
        let weather = Weather::new(store.clone(), wait, Random::new(seed, 1));
        let mut ledger = Ledger::new(weather.clone());
        ledger.fill_rooms(&store, plan.rooms_before, || random.below(14));
        let store = store.with_faults(Arc::new(weather.clone()));
        let executor = Arc::new(Executor::new());
        let runtime = Runtime::simulated(Arc::clone(&executor), Arc::clone(clock));
        let site = Site::open(&plan.config, &executor, runtime, store.clone());
        let odds = plan.store;
        let alone = Alone {
            weather,
            store,
            odds,
        };
        (alone, ledger, site)
    }

    /// Requests have no bad luck any more, or have it again.
    pub(crate) fn is_fair(&self, is_fair: bool) {
        self.weather.becomes(match is_fair {
            true => Odds::default(),
            false => self.odds,
        });
    }

    /// How many lines are kept of a room. If it is closed, it is opened again for that, as its operator could.
    pub(crate) fn lines_kept(&self, room: RoomId, site: &Site) -> usize {
        let open = at_once(self.store.open_rooms(vec![room]));
        if open.is_ok_and(|open| open.is_empty()) {
            let name = RoomName::parse(&format!("again{}", room.0)).expect("a room name");
            let now = site.runtime.clock.times().steady;
            let _ = at_once(self.store.reopen_room(room, name, now));
        }
        at_once(self.store.tail(room, usize::MAX)).map_or(0, |lines| lines.len())
    }

    /// What is stored at this moment is all that is stored, although the server that runs may go on.
    pub(crate) fn leave_store_to_the_next(&self) -> Store {
        let store = self.store.as_it_is().expect("it is in memory");
        self.weather.moves_to(store.clone());
        store
    }

    /// The store, with its luck.
    pub(crate) fn store(&self) -> Store {
        self.store.clone()
    }

    /// From now on this is the store.
    pub(crate) fn moves_to(&mut self, store: Store) {
        self.store = store.with_faults(Arc::new(self.weather.clone()));
    }
}
