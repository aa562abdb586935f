//! Bounds of the connections to PostgreSQL, and of what goes over them.

use std::time::Duration;

/// How long a call waits for a connection to the database: a new start of it often takes no longer. Then it has certainly
/// not been done.
pub const POSTGRES_WAIT_MAX: Duration = Duration::from_secs(2);

/// How long reading may take before its connection is given up; usual are milliseconds.
pub const POSTGRES_READ_MAX: Duration = Duration::from_secs(10);

/// How long renewing a lease may take: a connection that hangs must not cost it.
pub const POSTGRES_LEASE_MAX: Duration = Duration::from_secs(3);

/// How long a name or an account waits for an answer; what comes of it is open then. A commit that waits for a standby
/// takes as long as the standby is away.
pub const POSTGRES_WRITE_MAX: Duration = Duration::from_secs(10);

/// How often it is looked whether the database still works on a write that it has not answered.
pub const POSTGRES_LOOK_EVERY: Duration = Duration::from_secs(10);

/// How long one attempt to connect may take, for each address.
pub const POSTGRES_CONNECT_MAX: Duration = Duration::from_secs(5);

/// Before a connection is made again: so long after the first failure, then twice as long each time.
pub const POSTGRES_RETRY_FIRST: Duration = Duration::from_millis(50);

/// The longest pause between two attempts to connect.
pub const POSTGRES_RETRY_MAX: Duration = Duration::from_secs(2);

/// How long a start waits for a database that is starting, or for a standby that becomes the primary.
pub const POSTGRES_OPEN_MAX: Duration = Duration::from_secs(10);

/// How long connections may take to end when the server stops.
pub const POSTGRES_CLOSE_MAX: Duration = Duration::from_secs(2);

/// How long bytes may be on their way to the database unacknowledged before the connection counts as cut.
pub const POSTGRES_CUT_AFTER: Duration = Duration::from_secs(15);

/// A connection on which nothing goes on is looked at after so long,
pub const POSTGRES_KEEPALIVE_AFTER: Duration = Duration::from_secs(5);

/// then as often,
pub const POSTGRES_KEEPALIVE_EVERY: Duration = Duration::from_secs(3);

/// and counts as cut after so many looks without an answer.
pub const POSTGRES_KEEPALIVES: u32 = 3;

/// How long a change that waits for no standby waits for another transaction that has locked the row.
pub const POSTGRES_LOCK_MAX: Duration = Duration::from_secs(5);

/// Connections of one node that read: one for what was said just now, others for pages of the past.
pub const POSTGRES_READERS: usize = 2;

/// Connections of one node that change names, rooms and accounts. As many such changes can wait for a standby that is
/// away; further ones are refused.
pub const POSTGRES_CHANGERS: usize = 2;

/// Connections of one node for people, letters and wake-ups: what many people are noted at once must not hold up the others.
pub const POSTGRES_COURIERS: usize = 2;

/// How often what two transactions could not do at the same time is tried.
pub const POSTGRES_TRIES_MAX: u32 = 4;

/// News that wait to be taken; of more only the last ones are kept, with the word that there was anything.
pub const POSTGRES_NEWS_MAX: usize = 1024;

/// Bytes of one notification: PostgreSQL takes less than 8000.
pub const POSTGRES_NOTE_BYTES_MAX: usize = 7900;

/// How old a letter to another node may become: whoever has written it does not wait for an answer any more.
pub const POSTGRES_LETTER_AGE_MAX: Duration = Duration::from_secs(10);

/// Letters that are taken at once; the others are taken next.
pub const POSTGRES_LETTERS_MAX: usize = 1000;

/// Bytes of a file of passwords or certificates; the bundle of all certificate authorities has 250 KB.
pub const POSTGRES_FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;
