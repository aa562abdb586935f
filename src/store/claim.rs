//! A server's claim to a file: one server uses it, by whatever name.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::file::{OpenError, beside, read_only};

/// A claim to a file. It ends when it is dropped, or with the process.
///
/// There are two locks: one on a file beside it, which is there before the file is and stays when it is replaced, and one
/// on the file itself, so that a hard link leads to the same claim. SQLite loses its own locks on a file when this process
/// closes it anywhere else, so the claim MUST be dropped after SQLite's connections, and a file that this process has
/// claimed is not opened a second time to find that out.
#[derive(Debug)]
pub(super) struct Claim {
    _beside: File,
    _itself: Option<File>,
    id: Option<FileId>,
}

/// Device and inode.
type FileId = (u64, u64);

/// What this process has claimed.
static CLAIMED: Mutex<BTreeSet<FileId>> = Mutex::new(BTreeSet::new());

impl Claim {
    /// Claims the file at `path`, which must have been made canonical. If there is none, an empty one is made that
    /// nobody but its owner can read.
    pub(super) fn new(path: &Path) -> Result<Claim, OpenError> {
        let options = private().truncate(false).open(beside(path, "-lock"));
        let lock = options.map_err(|error| match error.kind() {
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => read_only(path),
            _ => OpenError::Io(beside(path, "-lock"), error.to_string()),
        })?;
        take(&lock, path)?;
        // What cannot be made or is no file is explained by whoever opens it next.
        let _ = create(path);
        let id = fs::metadata(path)
            .ok()
            .filter(fs::Metadata::is_file)
            .map(|found| (found.dev(), found.ino()));
        if id.is_some_and(|id| !claimed().insert(id)) {
            return Err(OpenError::InUse(path.to_owned()));
        }
        // From here on it is given back when dropped.
        let mut claim = Claim {
            _beside: lock,
            _itself: None,
            id,
        };
        if id.is_some()
            && let Ok(file) = File::open(path)
        {
            let taken = take(&file, path);
            claim._itself = Some(file);
            taken?;
        }
        Ok(claim)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            claimed().remove(&id);
        }
    }
}

fn claimed() -> MutexGuard<'static, BTreeSet<FileId>> {
    CLAIMED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn take(file: &File, path: &Path) -> Result<(), OpenError> {
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(()),
        Err(Errno::WOULDBLOCK) => Err(OpenError::InUse(path.to_owned())),
        Err(error) => Err(OpenError::Io(path.to_owned(), error.to_string())),
    }
}

fn private() -> OpenOptions {
    let mut options = File::options();
    options.write(true).create(true).mode(0o600);
    options
}

/// Makes an empty file that nobody but its owner can read. SQLite's own files beside it get the same mode.
///
/// # Errors
///
/// If there is one, or it cannot be made.
pub(super) fn create(path: &Path) -> io::Result<()> {
    private().create_new(true).open(path).map(|_| ())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_file_is_claimed_once_by_whatever_name() {
        let folder = TempDir::new().expect("a directory");
        let path = folder.path().join("chat.db");
        let claim = Claim::new(&path).expect("it is free");
        let other = folder.path().join("other.db");
        fs::hard_link(&path, &other).expect("a link");
        for name in [&path, &other] {
            assert!(matches!(Claim::new(name), Err(OpenError::InUse(_))));
        }
        drop(claim);
        drop(Claim::new(&other).expect("it is free"));
        Claim::new(&path).expect("it is free");
    }

    #[test]
    fn what_is_made_nobody_else_can_read() {
        let folder = TempDir::new().expect("a directory");
        let path = folder.path().join("chat.db");
        let _claim = Claim::new(&path).expect("it is free");
        for name in ["chat.db", "chat.db-lock"] {
            let made = fs::metadata(folder.path().join(name)).expect("it is there");
            assert_eq!(made.permissions().mode() & 0o777, 0o600, "{name}");
        }
    }
}
