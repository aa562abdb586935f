//! Copying a file that is in use.

use std::fs;
use std::path::Path;

use super::{ToolError, failed};
use crate::store::{claim, file};

/// Copies the file at `path`, as it is at one moment, to `to`, where nothing may be yet.
///
/// # Errors
///
/// A [`ToolError`]; there is no file at `to` then, unless there was one before.
pub fn backup(path: &Path, to: &Path) -> Result<(), ToolError> {
    let db = file::open_to_read(path)?;
    // Made here and not by SQLite, so that nobody's file is ever written over.
    claim::create(to).map_err(|error| ToolError::Input(format!("{}: {error}", to.display())))?;
    let copied = file::copy_all(&db, to).map_err(failed(to));
    if copied.is_err() {
        // The error that matters is the first.
        let _ = fs::remove_file(to);
    }
    copied
}
