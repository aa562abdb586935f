//! Bounds of what is done now and then in a database that several servers share.

use std::time::Duration;

use super::SEARCH_LINES_MAX;

/// Lines of one block of the search index, by their numbers. A smaller one would find lines more exactly, in an index that
/// is larger by as much. It is in databases, so it stays.
pub const SEARCH_BLOCK_LINES: i64 = 64;

/// Lines that a search takes from the database first: some blocks. Then it is twice as many each time,
pub const SEARCH_FIRST_LINES: usize = 256;

/// up to so many.
pub const SEARCH_STEP_LINES: usize = 2048;

const _: () = assert!(
    SEARCH_FIRST_LINES >= SEARCH_BLOCK_LINES as usize && SEARCH_STEP_LINES <= SEARCH_LINES_MAX
);

/// Lines that are entered into the search index in one transaction.
pub const FILL_LINES: usize = 4096;

/// Rooms of such a transaction.
pub const FILL_ROOMS: usize = 64;

/// How often as long as a step took the index waits for the next one: it takes a fifth of a connection's time.
pub const FILL_REST: u32 = 4;

/// Entries of logs that are forgotten in one step, some 10 ms.
pub const FORGET_ENTRIES: usize = 1000;

/// How long the log of a room stays whole, whatever is to be forgotten: a node that sleeps for so long only has to read it.
pub const LOG_KEPT: Duration = Duration::from_secs(3600);

/// How long letters of one node to another stay that nobody takes: many times as long as an answer is waited for.
pub const LETTERS_KEPT: Duration = Duration::from_secs(300);

/// How often a node looks whether it is the one to clear up.
pub const UPKEEP_LOOK_EVERY: Duration = Duration::from_secs(10);

/// How long it waits after it has failed.
pub const UPKEEP_RETRY: Duration = Duration::from_secs(10);

/// After so long without a word of the one who clears up the database ends its connection, so that another one can.
pub const UPKEEP_SILENT_MAX: Duration = Duration::from_secs(300);
