//! Bounds of what servers that share rooms do with each other.

use std::ops::RangeInclusive;
use std::time::Duration;

/// For how long others wait for a server that says nothing, unless an operator has chosen: longer than a slow disk, a
/// failover that goes well or a pause of a virtual machine, and not so long that names stay taken.
pub const NODE_LEASE: Duration = Duration::from_secs(10);

/// Seconds that `--node-lease` may ask for. One is for tries on one machine: a busy one stands still for so long now and
/// then. For five minutes the names of a dead server are not free, and nobody waits for longer.
pub const NODE_LEASE_SECONDS: RangeInclusive<u32> = 1..=300;

/// Columns of what operators know a server by: it stands in front of rows.
pub const NODE_NAME_COLUMNS_MAX: usize = 40;

/// So many times a server renews its lease before that ends.
pub const LEASE_RENEWALS: u32 = 4;

/// How long what is to be stored waits for the database before it is given up and its author is told. What is on its way by
/// then waits until it is known what has become of it.
pub const UNSENT_AFTER: Duration = Duration::from_secs(2);

/// How often what waits is looked through meanwhile.
pub const WRITER_LOOK_EVERY: Duration = Duration::from_millis(250);

/// How soon a call that has failed is tried again; twice as long each time,
pub const ENGINE_RETRY_MIN: Duration = Duration::from_millis(50);

/// up to this.
pub const ENGINE_RETRY_MAX: Duration = Duration::from_secs(1);

/// How long a server that is started tries to take part. Others that are started with it, on a small machine, may keep the
/// database busy for a while.
pub const NODE_START_MAX: Duration = Duration::from_secs(10);

/// Bytes of names and texts of one write of a server.
pub const WRITE_BYTES_MAX: usize = 1024 * 1024;

/// Rooms of one write of a server.
pub const WRITE_ROOMS_MAX: usize = 1024;

/// How far the clock of a server's machine may be from that of the database before its operator is told.
pub const CLOCK_OFF_MAX: Duration = Duration::from_secs(5);

/// How often a server looks by itself how far the logs go: it hears of what others do, and this is for what it missed.
pub const HEADS_POLL_EVERY: Duration = Duration::from_secs(5);

/// Entries that are read of the logs of other servers at once, for all rooms together.
pub const ENTRIES_READ_MAX: usize = 4096;

/// Entries other than lines after which a room is written down as a whole, so that nobody has to read more than that to
/// take it up.
pub const IMAGE_EVERY: u64 = 64;

/// How much longer than usual others are not told that somebody has gone whose server has stopped in order: time enough to
/// be back by way of another one.
pub const MOVING_NOTICE_DELAY: Duration = Duration::from_secs(20);

/// How soon a room tries again to store what has happened in it and could not be stored: members on other servers do not
/// know of it before.
pub const OVERDUE_RETRY: Duration = Duration::from_secs(5);
