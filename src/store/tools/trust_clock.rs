//! Saying that the machine's clock is right.

use std::path::Path;

use super::{ToolError, failed};
use crate::runtime::Clock;
use crate::store::sqlite::clock;
use crate::store::{Durability, file};

/// Notes in the file at `path` what the clock of this machine says. A server that runs hears of it within seconds.
///
/// # Errors
///
/// A [`ToolError`]; nothing has changed.
pub fn trust_clock(path: &Path) -> Result<(), ToolError> {
    // It is not made if there is none.
    drop(file::open_to_read(path)?);
    let path = file::canonical(path)?;
    let db = file::open_to_write(&path, Durability::Normal)?;
    clock::note(&db, &Clock::system().note()).map_err(failed(&path))
}
