//! Signs of life for the service manager, which ends a process that gives none: only while the executor runs tasks, the
//! rooms take turns and the store answers.

use std::future::Future;
use std::time::Duration;

use futures_lite::future;
use tracing::error;

use super::Notifier;
use crate::hub::lobby::Lobby;
use crate::limits::STATUS_EVERY;
use crate::runtime::Clock;

/// Gives a sign of life whenever `probe` has come to an end, for as long as `limit` allows; for ever.
pub(in crate::server) async fn watch<F: Future<Output = ()>>(
    clock: &Clock,
    limit: Duration,
    mut probe: impl FnMut() -> F,
    alive: impl Fn(),
) {
    // One wait and one probe take two thirds of it at most.
    let part = limit / 3;
    let mut complained = false;
    loop {
        let done = async {
            probe().await;
            true
        };
        let late = async {
            clock.after(part).await;
            false
        };
        if future::or(done, late).await {
            complained = false;
            alive();
            clock.after(part).await;
        } else if !std::mem::replace(&mut complained, true) {
            error!("no sign of life for the service manager: a room or the store does not answer");
        }
    }
}

/// Says what the server is doing, whenever that is something else than before; for ever.
pub(in crate::server) async fn tell_status(clock: &Clock, lobby: &Lobby, notifier: &Notifier) {
    let mut told = None;
    loop {
        let counts = lobby.counts();
        let now = Some((counts.people, counts.rooms));
        if told != now {
            told = now;
            let many = |count, what| match count {
                1 => format!("1 {what}"),
                _ => format!("{count} {what}s"),
            };
            let (people, rooms) = (
                many(counts.people, "connection"),
                many(counts.rooms, "room"),
            );
            notifier.status(&format!("serving {people}, {rooms}"));
        }
        clock.after(STATUS_EVERY).await;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use futures_lite::future::poll_once;

    use super::*;
    use crate::runtime::ManualClock;
    use crate::time::Timestamp;

    #[test]
    fn there_are_signs_of_life_while_the_probe_comes_to_an_end_and_none_otherwise() {
        let manual = ManualClock::new(Timestamp(0));
        let clock = Clock::manual(manual.clone());
        let (signs, is_stuck) = (Cell::new(0), Cell::new(false));
        let probe = || async {
            if is_stuck.get() {
                future::pending::<()>().await;
            }
        };
        let limit = Duration::from_secs(30);
        let watching = watch(&clock, limit, probe, || signs.set(signs.get() + 1));
        let mut watching = std::pin::pin!(watching);
        let mut pass = |seconds: u32| {
            for _ in 0..seconds {
                smol::block_on(poll_once(watching.as_mut()));
                manual.advance(Duration::from_secs(1));
            }
        };
        pass(60);
        let healthy = signs.get();
        // In each third of the limit, and so two before it is over.
        assert!((5..=7).contains(&healthy), "{healthy}");
        is_stuck.set(true);
        pass(300);
        assert!(signs.get() <= healthy + 1);
        let stuck = signs.get();
        is_stuck.set(false);
        pass(30);
        assert!(signs.get() > stuck);
    }
}
