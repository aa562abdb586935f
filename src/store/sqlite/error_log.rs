//! Telling the operator that the store fails, without filling the log that may be on the same disk.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tracing::{error, info};

use super::walk::Damage;
use crate::limits::STORE_COMPLAINT_EVERY;
use crate::store::StoreError;

/// When it was last complained, and of what since.
#[derive(Debug)]
pub(super) struct ThrottledErrorLog {
    file: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// When it was last said that storing fails. Anything else that fails must not hide it.
    storing: Option<Instant>,
    /// When it was last said that something else fails.
    other: Option<Instant>,
    /// When it was last said that a message cannot be read.
    damage: Option<Instant>,
    /// It was said that storing fails, and not yet that it works again.
    told: bool,
    lines_refused: usize,
}

impl ThrottledErrorLog {
    pub(super) fn new(file: &Path) -> ThrottledErrorLog {
        ThrottledErrorLog {
            file: file.to_owned(),
            state: Mutex::default(),
        }
    }

    /// Something other than storing failed. Logged if nothing such was in the last minute.
    pub(super) fn failed(&self, what: &str, why: &StoreError) {
        if is_due(&mut self.lock().other) {
            error!(file = %self.file.display(), %why, "{what}");
        }
    }

    /// Messages were left out since they cannot be read. Logged if nothing such was in the last minute.
    pub(super) fn damaged(&self, damage: Damage) {
        if is_due(&mut self.lock().damage) {
            let room = damage.room.0;
            error!(
                file = %self.file.display(), room,
                "{damage} cannot be read and is left out; `parlor check` lists all that is damaged"
            );
        }
    }

    /// The storing of so many lines failed. Logged if that was not said in the last minute.
    pub(super) fn failed_to_store(&self, lines_refused: usize, why: &StoreError) {
        let mut state = self.lock();
        state.lines_refused += lines_refused;
        if is_due(&mut state.storing) {
            state.told = true;
            let lines_refused = state.lines_refused;
            error!(file = %self.file.display(), %why, lines_refused, "cannot store messages");
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

/// Whether it was not said within the last minute; then it is said now.
fn is_due(last: &mut Option<Instant>) -> bool {
    let due = last.is_none_or(|last| last.elapsed() >= STORE_COMPLAINT_EVERY);
    if due {
        *last = Some(Instant::now());
    }
    due
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_storing_fails_is_told_whatever_else_was_told_before() {
        let error_log = ThrottledErrorLog::new(Path::new("chat.db"));
        let why = StoreError::Failed("the disk is full".to_owned());
        error_log.failed("cannot tidy up messages", &why);
        assert!(!error_log.lock().told);
        error_log.failed_to_store(2, &why);
        error_log.failed_to_store(1, &why);
        assert!(error_log.lock().told);
        assert_eq!(error_log.lock().lines_refused, 3);
        error_log.stored();
        assert!(!error_log.lock().told);
        assert_eq!(error_log.lock().lines_refused, 0);
    }
}
