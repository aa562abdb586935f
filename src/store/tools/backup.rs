//! Copying a file that is in use.

use std::fs::{self, File};
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::Backup;

use super::{ToolError, failed};
use crate::store::file;

/// How long to wait when another process has just locked the file.
const BUSY_PAUSE: Duration = Duration::from_millis(20);

/// Copies the file at `path`, as it is at one moment, to `to`, where nothing may be yet.
///
/// # Errors
///
/// A [`ToolError`]; there is no file at `to` then, unless there was one before.
pub fn backup(path: &Path, to: &Path) -> Result<(), ToolError> {
    let db = file::open_to_read(path)?;
    // Made here and not by SQLite, so that nobody's file is ever written over.
    File::create_new(to).map_err(|error| ToolError::Input(format!("{}: {error}", to.display())))?;
    let copied = copy(&db, to).map_err(failed(to));
    if copied.is_err() {
        // The error that matters is the first.
        let _ = fs::remove_file(to);
    }
    copied
}

fn copy(db: &Connection, to: &Path) -> rusqlite::Result<()> {
    let mut copy = Connection::open(to)?;
    // All pages in one step: in several it would start anew whenever the server writes. Neither the server's
    // writer nor its readers wait for a step.
    Backup::new(db, &mut copy)?.run_to_completion(i32::MAX, BUSY_PAUSE, None)
}
