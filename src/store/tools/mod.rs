//! What the operator's tools do with a file: export, import, check, backup, rooms, reopen, accounts, delete-account, trust-clock, restore. All but the last
//! work while a server uses the file, and none of it blocks the server for longer than one of its own steps.

mod accounts;
mod backup;
mod check;
mod export;
pub(in crate::store) mod faults;
mod import;
pub(in crate::store) mod reader;
pub(in crate::store) mod record;
mod restore;
mod rooms;
mod trust_clock;
pub(in crate::store) mod writer;

use std::path::Path;
use std::{fmt, io};

pub(super) use accounts::{AccountRow, write_accounts};
pub use accounts::{accounts, delete_account};
pub use backup::backup;
pub use check::check;
pub use export::export;
pub use import::{Imported, import};
pub use restore::restore;
pub(super) use rooms::{ClosedRow, RoomRow, write_rooms};
pub use rooms::{reopen, rooms};
pub use trust_clock::trust_clock;
pub use writer::{Format, Selection};

use super::file::{self, OpenError};

/// Why a tool did not do its work, or not all of it.
#[derive(Debug)]
pub enum ToolError {
    /// The file was not opened.
    Open(OpenError),
    /// The database failed.
    Database(OpenError),
    /// What was to be read or written besides the database failed.
    Io(io::Error),
    /// The database that servers share failed; a sentence for the operator.
    Engine(String),
    /// What was given makes no sense; a sentence for the operator.
    Input(String),
}

impl fmt::Display for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ToolError::Open(error) | ToolError::Database(error) => error.fmt(f),
            ToolError::Io(error) => error.fmt(f),
            ToolError::Engine(sentence) | ToolError::Input(sentence) => f.write_str(sentence),
        }
    }
}

impl std::error::Error for ToolError {}

impl From<OpenError> for ToolError {
    fn from(error: OpenError) -> ToolError {
        ToolError::Open(error)
    }
}

impl From<io::Error> for ToolError {
    fn from(error: io::Error) -> ToolError {
        ToolError::Io(error)
    }
}

/// For `map_err`: an error of the database in the file at `path`.
fn failed(path: &Path) -> impl Fn(rusqlite::Error) -> ToolError {
    move |error| ToolError::Database(file::explained(path, &error))
}

#[cfg(test)]
mod tests;
