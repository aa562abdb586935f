//! Watching the machine's clock: the operator hears when it has jumped, and can say that it is right.

use std::time::{Duration, Instant};

use tracing::{info, warn};

use crate::limits::{CLOCK_LOOK_EVERY, CLOCK_NOTE_EVERY};
use crate::runtime::Clock;
use crate::store::Store;
use crate::time::duration;
use crate::time::steady::{ClockNote, Times};

/// Looks now and then, for as long as the server runs.
pub(super) async fn watch(clock: Clock, store: Store) {
    if store.cluster().is_some() {
        // Its clock is what all go by.
        return;
    }
    let mut watch = ClockWatch {
        store,
        noted: None,
        note_at: clock.now(),
        jumped: false,
    };
    loop {
        watch.look(&clock).await;
        clock.after(CLOCK_LOOK_EVERY).await;
    }
}

struct ClockWatch {
    store: Store,
    /// What this server has noted last; another note is an operator's.
    noted: Option<ClockNote>,
    note_at: Instant,
    /// It was said that the clock has jumped.
    jumped: bool,
}

impl ClockWatch {
    async fn look(&mut self, clock: &Clock) {
        let mut times = clock.times();
        if times.jump().is_some() && self.is_told_to_believe(times).await {
            clock.believe(times.wall);
            times = clock.times();
        }
        let jump = times.jump();
        if let Some((by, is_ahead)) = jump.filter(|_| !self.jumped) {
            tell(by, is_ahead);
        } else if jump.is_none() && self.jumped {
            info!("the clock is right again, and everything goes by it");
        }
        self.jumped = jump.is_some();
        if jump.is_none() && clock.now() >= self.note_at {
            // If it cannot be stored, it is tried again the next time.
            let note = clock.note();
            if self.store.note_clock(note.clone()).await.is_ok() {
                self.noted = Some(note);
                self.note_at = clock.now() + CLOCK_NOTE_EVERY;
            }
        }
    }

    /// Whether an operator has noted that it is about as late as the machine says.
    async fn is_told_to_believe(&mut self, times: Times) -> bool {
        let Ok(Some(note)) = self.store.clock_note().await else {
            return false;
        };
        let off = times.wall.since(note.time).max(note.time.since(times.wall));
        let is_new = self.noted.as_ref().is_some_and(|own| *own != note);
        self.noted = Some(note);
        is_new && off <= CLOCK_NOTE_EVERY
    }
}

fn tell(by: Duration, is_ahead: bool) {
    let (by, way) = (duration::span(by), if is_ahead { "ahead" } else { "back" });
    warn!(
        "the clock has jumped {way} by {by}. Bans, absent owners, closed rooms and --keep go by the time as it would \
         be without that. If the clock is right now, run `parlor trust-clock --data FILE`"
    );
}
