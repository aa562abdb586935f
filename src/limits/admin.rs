//! Bounds of what operators do, and of what reaches them.

use std::time::Duration;

/// Bans of the whole server: some 300 bytes each. A list of networks that is longer belongs into a firewall.
pub const SERVER_BANS_MAX: usize = 10_000;

/// Bytes of one command over the admin socket: an announcement of a screen, and a name.
pub const ADMIN_LINE_BYTES_MAX: usize = 4096;

/// Connections over the admin socket: a few people and their scripts. They have places of their own, so that they get
/// in when the server is full.
pub const ADMIN_CONNECTIONS_MAX: usize = 8;

/// How long a client of the admin socket may take nothing of an answer, which holds one of its few places.
pub const ADMIN_STUCK_AFTER: Duration = Duration::from_secs(10);

/// How long a client of the admin socket may ask nothing.
pub const ADMIN_IDLE_MAX: Duration = Duration::from_secs(600);

/// Bytes of an answer that are written at once to a client of the admin socket, which then shows that it reads.
pub const ADMIN_WRITE_BYTES: usize = 64 * 1024;

/// Rows of an answer that an operator is shown in a chat; the rest is a number. The admin socket gives all.
pub const ADMIN_ROWS_SHOWN: usize = 100;

/// Connections that are looked at while the lobby is locked, when all are: some tens of microseconds.
pub const PEOPLE_AT_ONCE: usize = 256;

/// How long a connection that an operator has closed may take to read why.
pub const CLOSED_AFTER: Duration = Duration::from_secs(2);

/// Columns of an announcement; the rest is refused, since it would be cut in the middle.
pub const ANNOUNCEMENT_COLUMNS_MAX: usize = 1000;

/// Reports that are kept; beyond that the oldest goes. With ten lines each they take some 4 MiB at most.
pub const REPORTS_MAX: usize = 1000;

/// Reports of one address among them, so that nobody washes away those of others. Beyond that its own oldest goes.
pub const REPORTS_PER_ADDRESS_MAX: usize = 20;

/// Last lines of a room that are kept with a report.
pub const REPORT_LINES: usize = 10;

/// Columns of each of these lines; the rest is cut off.
pub const REPORT_LINE_COLUMNS_MAX: usize = 300;

/// Reports of one address (IPv6: of one /64) that are taken at once.
pub const REPORTS_BURST: u32 = 5;

/// How long it takes until one more is taken.
pub const REPORT_EVERY: Duration = Duration::from_secs(60);

/// Addresses of which it is remembered how many reports they have made: 100 KiB. Beyond that the one that has made none
/// for longest is forgotten.
pub const REPORTERS_MAX: usize = 1024;

/// Reports that `reports` shows if it is not told how many.
pub const REPORTS_SHOWN: usize = 20;

/// Accounts that are operators.
pub const OPERATORS_MAX: usize = 100;
