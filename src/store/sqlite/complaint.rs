//! Telling the operator that the store fails, without filling the log that may be on the same disk.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tracing::{error, info};

use crate::limits::STORE_COMPLAINT_EVERY;
use crate::store::StoreError;

/// When it was last complained, and of what since.
#[derive(Debug)]
pub(super) struct Complaint {
    file: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    last: Option<Instant>,
    /// It was said that storing fails, and not yet that it works again.
    told: bool,
    lines_refused: usize,
}

impl Complaint {
    pub(super) fn new(file: &Path) -> Complaint {
        Complaint {
            file: file.to_owned(),
            state: Mutex::default(),
        }
    }

    /// Something failed, and with it the storing of so many lines. Logged if nothing was in the last minute.
    /// Returns whether it was.
    pub(super) fn failed(&self, what: &str, lines_refused: usize, why: &StoreError) -> bool {
        let mut state = self.lock();
        state.lines_refused += lines_refused;
        if state
            .last
            .is_some_and(|last| last.elapsed() < STORE_COMPLAINT_EVERY)
        {
            return false;
        }
        state.last = Some(Instant::now());
        let lines_refused = state.lines_refused;
        error!(file = %self.file.display(), %why, lines_refused, "{what}");
        true
    }

    /// The same, where what failed is the storing of lines.
    pub(super) fn failed_to_store(&self, lines_refused: usize, why: &StoreError) {
        if self.failed("cannot store messages", lines_refused, why) {
            self.lock().told = true;
        }
    }

    /// Storing works. Logged if it was said that it did not.
    pub(super) fn stored(&self) {
        let mut state = self.lock();
        if std::mem::take(&mut state.told) {
            let lines_refused = std::mem::take(&mut state.lines_refused);
            info!(file = %self.file.display(), lines_refused, "can store messages again");
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
