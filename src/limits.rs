//! Every bound of the server, each with its unit and its reason.
//!
//! Whatever grows from input stops at one of these. Those an operator may want to move have a flag in
//! [`crate::config`]; the value here is then its default.

use std::time::Duration;

/// Bytes of one typed line without its end. A terminal's line mode cannot send more (the kernel cuts at
/// 4,095 and a line end), so only programs meet it. A longer line is refused whole.
pub const LINE_BYTES_MAX: usize = 4096;

/// Bytes taken from a socket at once. Larger reads gain nothing: one is already a few hundred lines.
pub const READ_BYTES: usize = 16 * 1024;

/// Bytes of room transcript composed for one write. Small enough that a reader on a slow line holds little,
/// large enough that a busy room costs one write a turn.
pub const WRITE_BYTES: usize = 64 * 1024;

/// Bytes of unwritten output above which a connection stops handling its client's lines. Answers to
/// commands gather there while the client does not read; the transcript does not (see [`OUTBOX_BYTES`]).
pub const OUTPUT_BYTES_MAX: usize = 64 * 1024;

/// Bytes that a room keeps for members who have yet to take them. One buffer a room, shared by all its
/// members: who falls further behind has lines skipped and is told how many.
pub const OUTBOX_BYTES: usize = 1024 * 1024;

/// Bytes that one notice or the fixed parts of one message count for in [`OUTBOX_BYTES`]: the time, the
/// punctuation and the bookkeeping.
pub const ITEM_BYTES: usize = 64;

/// Lines that wait for a room's next turn. When they are this many the senders stop reading their sockets.
pub const MAILBOX_LINES_MAX: usize = 1024;

/// Bytes of text that wait for a room's next turn; a quarter of the default outbox, so that a turn cannot
/// outrun members who read.
pub const MAILBOX_BYTES_MAX: usize = 256 * 1024;

/// Connections in all.
pub const CONNECTIONS_MAX: usize = 10_000;

/// Connections from one address (IPv6: from one /64, which is what a household gets).
pub const CONNECTIONS_PER_ADDRESS_MAX: usize = 256;

/// Refused clients that are being told why at the same time. Above this they are closed without a word, so
/// that refusing costs less than serving.
pub const REFUSALS_MAX: usize = 64;

/// Lines a second that one client may send for long.
pub const LINES_PER_SECOND: u32 = 10;

/// Lines that one client may send at once before [`LINES_PER_SECOND`] slows it: a pasted page.
pub const LINES_BURST: u32 = 100;

/// Rooms. They are kept until the server stops, so the number needs a bound of its own.
pub const ROOMS_MAX: usize = 10_000;

/// Members of one room.
pub const ROOM_MEMBERS_MAX: usize = 10_000;

/// Rooms named by menu choice 3; the rest is a number.
pub const ROOMS_LISTED_MAX: usize = 500;

/// Names given by `\who`; the rest is a number.
pub const WHO_NAMES_MAX: usize = 200;

/// Members up to which a room tells of comings, goings and new names. In a larger room they would drown
/// the talk, and a join would cost as much as a message to everybody.
pub const NOTICE_MEMBERS_MAX: usize = 50;

/// Last lines shown to who joins.
pub const HISTORY_LINES: usize = 10;

/// The most `--history` may ask for; every room keeps as many.
pub const HISTORY_LINES_MAX: usize = 1000;

/// Numbers tried behind a name that is taken, to offer one that is free. Each try costs a look-up while
/// the register is locked.
pub const SUGGESTIONS_MAX: u32 = 20;

/// Columns of a wrong answer that are quoted back.
pub const QUOTE_COLUMNS_MAX: usize = 40;

/// How long a client may take nothing of what is sent to it before it is let go.
pub const STUCK_AFTER: Duration = Duration::from_secs(60);

/// How long a stopping server waits for its clients to take the last words.
pub const GRACE: Duration = Duration::from_secs(2);

/// How long a closing connection waits for its last words to reach a peer on this machine.
pub const GOODBYE_LOCAL: Duration = Duration::from_millis(100);

/// How long a closing connection waits for its last words to reach a peer elsewhere: a slow round trip.
pub const GOODBYE_REMOTE: Duration = Duration::from_millis(500);

/// How long accepting pauses when the process or the system has no file descriptor left.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Connections that the kernel may hold before they are accepted: a class that presses Enter at once.
pub const LISTEN_BACKLOG: i32 = 4096;

/// Seconds that `--idle` and `--grace` may ask for: a year, which no clock's arithmetic minds.
pub const SECONDS_MAX: u32 = 365 * 24 * 3600;

/// Executor threads that `--threads` may ask for.
pub const THREADS_MAX: usize = 256;

/// Longest payload of one Telnet subnegotiation that is kept, in bytes. A terminal type has at most 40
/// characters (RFC 1091) and a window size has four bytes, so 512 leaves room for everything a client
/// may rightly send; a longer one is swallowed to its end.
pub const SUBNEGOTIATION_BYTES_MAX: usize = 512;

/// Most option negotiations sent on one connection, in messages. A conversation with a real client takes
/// about ten and a few for each time its user switches modes by hand, so a thousand are a loop or
/// an attack: from then on a refusal is obeyed in silence and a request is not answered. Answers to
/// TIMING-MARK do not count, since a client shows nothing until it has its answer.
pub const NEGOTIATIONS_SENT_MAX: u16 = 1_000;

/// Combining marks that stay on one base character, in code points.
///
/// Vietnamese, Thai, Hebrew with points and Tibetan need up to four; a longer stack climbs out of its row and
/// over other people's lines.
pub const COMBINING_MARKS_PER_BASE_MAX: usize = 4;

/// Length of a name or a room name, in graphemes: it stands in front of every line and must leave space for it.
pub const NAME_GRAPHEMES_MAX: usize = 32;

/// Length of a name or a room name, in bytes of UTF-8.
///
/// One grapheme can be an emoji sequence of any length, so the count of graphemes alone bounds nothing. 640
/// is 32 of the longest letters with four of the longest marks each, or 25 families of four.
pub const NAME_BYTES_MAX: usize = 640;
