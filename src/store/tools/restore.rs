//! Putting a backup in the place of a server's file.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::{ToolError, failed};
use crate::store::claim::{self, Claim};
use crate::store::file::{self, beside, unused};
use crate::store::sqlite::index;

/// Puts a copy of `backup` in the place of the file at `path`, which no server may use. What was there is kept beside it,
/// with the log that belongs to it; the search index is made anew by the next server. Returns where the old file is.
///
/// # Errors
///
/// A [`ToolError`]; the file is as it was then.
pub fn restore(backup: &Path, path: &Path) -> Result<Option<PathBuf>, ToolError> {
    let path = file::canonical(path)?;
    let was_there = path.exists();
    let from = file::open_whole(backup)?;
    if file::canonical(backup)? == path {
        return Err(ToolError::Input(
            "a file cannot be restored from itself".to_owned(),
        ));
    }
    let _claim = Claim::new(&path)?;
    let input = |path: &Path| {
        let shown = path.display().to_string();
        move |error: std::io::Error| ToolError::Input(format!("{shown}: {error}"))
    };
    // Beside it, so that it can take its place in one step.
    let new = beside(&path, "-restoring");
    let _ = fs::remove_file(&new);
    claim::create(&new).map_err(input(&new))?;
    let copied = file::copy_all(&from, &new).map_err(failed(&new));
    let placed = copied.and_then(|()| {
        File::open(&new)
            .and_then(|file| file.sync_all())
            .map_err(input(&new))?;
        let old = match was_there {
            true => Some(keep(&path).map_err(input(&path))?),
            false => None,
        };
        for end in ["-wal", "-shm"] {
            let _ = fs::remove_file(beside(&path, end));
        }
        let index = index::path_of(&path);
        for part in [
            index.clone(),
            beside(&index, "-wal"),
            beside(&index, "-shm"),
        ] {
            let _ = fs::remove_file(part);
        }
        fs::rename(&new, &path).map_err(input(&path))?;
        Ok(old)
    });
    if placed.is_err() {
        // The error that matters is the first.
        let _ = fs::remove_file(&new);
        if !was_there {
            // The claim made it.
            let _ = fs::remove_file(&path);
        }
    }
    placed
}

/// Gives the file at `path` a second name, and moves its log there: that of one file would spoil another.
fn keep(path: &Path) -> std::io::Result<PathBuf> {
    let old = unused(path, |number| format!(".replaced-{number}"))?;
    fs::hard_link(path, &old)?;
    let log = beside(path, "-wal");
    if log.exists() {
        fs::rename(log, beside(&old, "-wal"))?;
    }
    Ok(old)
}
