//! Whether the server gets on: a room takes a turn, and the store does something.

use async_channel::bounded;

use super::Lobby;
use crate::chat::history::RoomId;
use crate::hub::room::{RoomCommand, RoomHandle};

impl Lobby {
    /// Waits until a room, another one each time, has had a turn, in which it has stored all that was said before, and the
    /// store has done something after that. That something cannot be stored is no matter: whoever says so is alive.
    pub async fn probe(&self) {
        if let Some(room) = self.next_probed() {
            let (answer, answered) = bounded(1);
            // A room that ends has answered in its way.
            if room.mailbox.put(RoomCommand::Probe(answer)).is_ok() {
                let _ = answered.recv().await;
            }
        }
        let _ = self.store.probe().await;
    }

    fn next_probed(&self) -> Option<RoomHandle> {
        let mut state = self.lock();
        let next = state.rooms.range(RoomId(state.probed.0 + 1)..).next();
        let (id, room) = next.or_else(|| state.rooms.first_key_value())?;
        let (id, room) = (*id, room.clone());
        state.probed = id;
        Some(room)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use futures_lite::future::block_on;
    use smol::Executor;

    use super::*;
    use crate::chat::message::MemberId;
    use crate::chat::name::RoomName;
    use crate::chat::room::RoomLimits;
    use crate::hub::lobby::LobbyLimits;
    use crate::runtime::{ManualClock, Runtime};
    use crate::store::Store;
    use crate::store::faults::{Fault, Operation};
    use crate::store::tests::faults::Script;
    use crate::time::Timestamp;

    #[test]
    fn a_probe_waits_for_each_room_in_turn_and_for_the_store() {
        let executor = Arc::new(Executor::new());
        let manual = ManualClock::new(Timestamp(0));
        let runtime = Runtime::simulated(Arc::clone(&executor), Arc::clone(&manual));
        let clock = runtime.clock.clone();
        let script = Arc::new(Script::default());
        let store = Store::memory(1).with_faults(Arc::clone(&script) as _);
        for name in ["one", "two"] {
            let name = RoomName::parse(name).expect("a name");
            block_on(store.create_room(name)).expect("a room");
        }
        let limits = RoomLimits {
            members_max: 0,
            history_lines: 1,
            outbox_bytes: 0,
            notice_delay: Duration::ZERO,
        };
        let lobby = Lobby::open(runtime, store, limits, LobbyLimits::default());
        let lobby = block_on(lobby).expect("the store is right");
        let probe = || {
            let lobby = Arc::clone(&lobby);
            executor.spawn(async move { lobby.probe().await })
        };
        let run = || while executor.try_tick() {};
        for _ in 0..4 {
            let probing = probe();
            run();
            assert!(probing.is_finished());
        }
        // One room hangs: it is found in the probe that comes to it, and not in that of the other room.
        script.then(
            Operation::Append,
            Fault::Hang(clock.clone(), Duration::from_secs(60)),
        );
        let stuck = lobby.lock().rooms.values().next().cloned().expect("a room");
        let (founded, _answer) = bounded(1);
        let command = RoomCommand::SetFounder(MemberId(1), None, founded);
        assert!(stuck.mailbox.put(command).is_ok());
        run();
        let probes = [probe(), probe()];
        run();
        let finished = probes.iter().filter(|probe| probe.is_finished()).count();
        assert_eq!(finished, 1);
        manual.advance(Duration::from_secs(61));
        run();
        assert!(probes.iter().all(|probe| probe.is_finished()));
        // The store hangs, whichever room it is.
        script.then(Operation::Read, Fault::Hang(clock, Duration::from_secs(60)));
        let probing = probe();
        run();
        assert!(!probing.is_finished());
        manual.advance(Duration::from_secs(61));
        run();
        assert!(probing.is_finished());
    }
}
