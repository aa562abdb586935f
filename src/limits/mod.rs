//! Every bound of the server, each with its unit and its reason.
//!
//! Whatever grows from input stops at one of these. Those an operator may want to move have a flag in
//! [`crate::config`]; the value here is then its default.

mod admin;
mod cluster;
mod letters;
mod ops;
mod postgres;
mod store;
mod terminal;
mod tls;
mod upkeep;

use std::ops::RangeInclusive;
use std::time::Duration;

pub use self::admin::*;
pub use self::cluster::*;
pub use self::letters::*;
pub use self::ops::*;
pub use self::postgres::*;
pub use self::store::*;
pub use self::terminal::*;
pub use self::tls::*;
pub use self::upkeep::*;

/// Bytes of one typed line without its end. A terminal's line mode cannot send more (the kernel cuts at
/// 4,095 and a line end), so only programs meet it. A longer line is refused whole.
pub const LINE_BYTES_MAX: usize = 4096;

/// Bytes taken from a socket at once. Larger reads gain nothing: one is already a few hundred lines.
pub const READ_BYTES: usize = 16 * 1024;

/// Bytes of room transcript composed for one write. Small enough that a reader on a slow line holds little,
/// large enough that a busy room costs one write a turn.
pub const WRITE_BYTES: usize = 64 * 1024;

/// Bytes of unwritten output above which a connection stops handling its client's lines and what others send. Answers
/// to commands gather there; the transcript does not (see [`OUTBOX_BYTES`]), nor do pages (see [`PAGE_PART_BYTES`]).
pub const OUTPUT_BYTES_MAX: usize = 64 * 1024;

/// Bytes of text that are drawn at once of a page of a room's past. The rest is drawn once they are taken.
pub const PAGE_PART_BYTES: usize = 16 * 1024;

/// Bytes that the kernel keeps for a client besides what is under way to it. It would take megabytes otherwise, and
/// nobody could tell whether the client still takes any.
pub const UNSENT_BYTES_MAX: u32 = 16 * 1024;

/// Bytes that wait for all clients together; above, one that takes nothing goes after [`CROWDED_STUCK_AFTER`].
pub const OUTPUT_TOTAL_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Bytes that are little enough to wait for a client that takes anything at all: together 40 MiB at most.
pub const LITTLE_BACKLOG_BYTES: usize = 4 * 1024;

/// Bytes that a room keeps for members who have yet to take them. One buffer a room, shared by all its
/// members: who falls further behind has lines skipped and is told how many.
pub const OUTBOX_BYTES: usize = 2 * 1024 * 1024;

/// Bytes that one line of a transcript counts for in [`OUTBOX_BYTES`] besides its name and text: what the
/// allocator and the drawings take for it.
pub const ITEM_BYTES: usize = 200;

/// How often name and text of a line count in [`OUTBOX_BYTES`]: once as they are, and in two drawings.
pub const ITEM_COPIES: usize = 3;

/// Lines that wait for a room's next turn. When they are this many the senders stop reading their sockets.
pub const MAILBOX_LINES_MAX: usize = 1024;

/// Bytes of text that wait for a room's next turn: less than a third of the default outbox as it counts
/// them, so that a turn cannot outrun members who read.
pub const MAILBOX_BYTES_MAX: usize = 128 * 1024;

/// Looks (distances from UTC, and widths where a line does not fit) of which one batch keeps drawings, besides the
/// usual one: more than a room's people have. Who has yet another draws alone.
pub const LOOKS_DRAWN_MAX: usize = 64;

/// People whom one may ignore. The list is gone through for each author of what a room says.
pub const IGNORES_MAX: usize = 50;

/// Connections in all.
pub const CONNECTIONS_MAX: usize = 10_000;

/// Connections from one address (IPv6: from one /64, which is what a household gets; from a /48, [`SITE_SHARES`]
/// times as many).
pub const CONNECTIONS_PER_ADDRESS_MAX: usize = 256;

/// How much of the executor's threads the connections of one address may take together: of eight threads, four.
pub const SHARE_OF_ADDRESS: f64 = 0.5;

/// How far ahead of its share an address may be, so that whoever does little never waits.
pub const SHARE_BURST: Duration = Duration::from_millis(50);

/// What a turn of a connection is expected to take that has not taken one, or only short ones.
pub const TURN_TIME_MIN: Duration = Duration::from_micros(5);

/// How long a connection goes on in a row before others run.
pub const TURN_TIME_MAX: Duration = Duration::from_millis(1);

/// How many times as much as one address the /48 around it may have of whatever is counted by address: a /48 is
/// the most that one customer is delegated as a rule, and has 65,536 /64s.
pub const SITE_SHARES: u32 = 4;

/// Connections from one address that begin at once: a class that presses Enter at once.
pub const CONNECTS_BURST: u32 = 64;

/// Connections a second from one address that begin when [`CONNECTS_BURST`] is used up. The others wait for their
/// turn, and have their place meanwhile: 256 take 12 seconds.
pub const CONNECTS_PER_SECOND: u32 = 16;

/// Addresses of which it is remembered how many connections have just begun: 500 KiB. Beyond that others are not
/// slowed: whoever has so many addresses is not slowed by counting them.
pub const CONNECTS_ADDRESSES_MAX: usize = 8192;

/// How often those are forgotten whose time is over, when there are as many as may be.
pub const CONNECTS_TIDY_EVERY: Duration = Duration::from_millis(100);

/// How long a client that has sent no line may stay while the server is more than half full.
pub const SILENT_AFTER: Duration = Duration::from_secs(60);

/// How often it is looked from then on whether the server is.
pub const SILENT_LOOK_EVERY: Duration = Duration::from_secs(15);

/// Bytes of what a proxy says of whom it brings, in version 2 of its protocol: an address takes 36, the name of a host
/// that TLS was asked for 255, a unique number 128, and what is told of a certificate some hundred.
pub const PROXY_HEADER_BYTES_MAX: usize = 4096;

/// How long a proxy may take to say whom it brings.
pub const PROXY_HEADER_WAIT_MAX: Duration = Duration::from_secs(5);

/// Answers that wait in `parlor attach` while the server takes nothing: more than it asks in a whole visit.
pub const ATTACH_ANSWERS_MAX: usize = 64;

/// How long `parlor attach` waits for a sign of life of the server when its terminal is gone.
pub const ATTACH_SIGN_WAIT_MAX: Duration = Duration::from_secs(1);

/// Bytes that `parlor attach` reads of what sshd says of keys: a few of the longest.
pub const USER_AUTH_BYTES_MAX: u64 = 64 * 1024;

/// How long a TCP connection may be silent before its peer is asked whether it is there still.
pub const KEEPALIVE_AFTER: Duration = Duration::from_secs(60);

/// How long a peer has to answer before it is asked again.
pub const KEEPALIVE_EVERY: Duration = Duration::from_secs(20);
/// How often a peer is asked before it counts as gone.
pub const KEEPALIVE_TRIES: u32 = 5;
/// How long a peer may acknowledge nothing of what was sent to it: as long as one that is only asked. Less than
/// three minutes, more than it takes a laptop to come back into its network.
pub const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(160);

/// Refused clients that are told why at the same time; further ones are closed without a word, which costs less.
pub const REFUSALS_MAX: usize = 64;

/// Lines a second that one client may send for long.
pub const LINES_PER_SECOND: u32 = 10;

/// Lines that one client may send at once before [`LINES_PER_SECOND`] slows it: a pasted page.
pub const LINES_BURST: u32 = 100;

/// Rooms. They are kept until the server stops, so the number needs a bound of its own.
pub const ROOMS_MAX: usize = 10_000;

/// Open rooms that were created from one address (IPv6: from one /64): more than a class or an office has use for,
/// and a small part of [`ROOMS_MAX`].
pub const ROOMS_PER_ADDRESS_MAX: usize = 50;

/// Open rooms that one account has created.
pub const ROOMS_PER_ACCOUNT_MAX: usize = 50;

/// How long there is a room that nobody is in and in which nothing was ever said.
pub const ROOM_UNUSED_MAX: Duration = Duration::from_secs(60 * 60);

/// How often it is looked for rooms that have been idle for too long.
pub const ROOM_SWEEP_EVERY: Duration = Duration::from_secs(60);

/// Days that `--room-idle` may ask for: a century, which no clock's arithmetic minds.
pub const ROOM_IDLE_DAYS_MAX: u32 = 36_500;

/// How often it is looked whether a room that others have just created is open.
pub const ROOM_OPENING_LOOK: Duration = Duration::from_millis(1);
/// How many times: a tenth of a second.
pub const ROOM_OPENING_LOOKS: usize = 100;

/// How long to wait before a room that has failed is opened again, if the store could not do it at once. Less than
/// [`GRACE_MIN`], since a server that stops waits for it.
pub const ROOM_OPENING_RETRY: Duration = Duration::from_millis(20);

/// Members of one room.
pub const ROOM_MEMBERS_MAX: usize = 10_000;

/// Rooms named by menu choice 3; the rest is a number.
pub const ROOMS_LISTED_MAX: usize = 500;

/// Bytes of any list that is shown, or a little more; the rest is a number.
pub const LIST_BYTES_MAX: usize = 16 * 1024;

/// Rooms on a page of `\rooms`: a screen with its header and the prompt.
pub const ROOMS_PAGE: usize = 20;

/// Names given by `\who`; the rest is a number.
pub const WHO_NAMES_MAX: usize = 200;

/// Length of a room's topic, in graphemes: two rows of most screens.
pub const TOPIC_GRAPHEMES_MAX: usize = 160;

/// Length of a room's topic, in bytes of UTF-8: letters of three bytes with two marks each. Every room keeps
/// one.
pub const TOPIC_BYTES_MAX: usize = 1440;

/// Columns of the server's name: with it the first row of the menu fits a screen.
pub const SERVER_NAME_COLUMNS_MAX: usize = 40;

/// Rows of what everybody is shown before the menu: more would scroll its own beginning away.
pub const MOTD_ROWS_MAX: usize = 24;

/// Bytes of what everybody is shown before the menu: so many rows of Thai. It is sent to whoever connects, so
/// it is what connecting costs us.
pub const MOTD_BYTES_MAX: usize = 6 * 1024;

/// Private words that may wait for a connection, whose task takes them when it has its turn, and space.
pub const NOTES_MAX: usize = 128;

/// Private words a second from one address to one person.
pub const DM_PER_SECOND: u32 = 2;

/// Private words that one address may send to one person at once: a lively talk, or a paste.
pub const DM_BURST: u32 = 40;

/// Addresses of which it is known how much they have written to one person.
pub const DM_SENDERS_MAX: usize = 16;

/// People to whom one wrote last, and who are no strangers to one.
pub const CORRESPONDENTS_MAX: usize = 32;

/// Bytes of their words.
pub const NOTES_BYTES_MAX: usize = 64 * 1024;

/// Members up to which a room tells of comings, goings and new names. In a larger room they would drown
/// the talk, and a join would cost as much as a message to everybody.
pub const NOTICE_MEMBERS_MAX: usize = 50;

/// How long comings and goings wait to be told together: a script that posts a line is gone by then, and so is who has
/// taken the wrong room.
pub const NOTICE_DELAY: Duration = Duration::from_secs(2);

/// Members of whom it waits to be told that they have come or gone; further ones are only counted.
pub const PRESENCE_WAITING_MAX: usize = 64;

/// People who are named in a notice of who has come or gone. Of more, all but the last of these are.
pub const GROUP_NAMES_MAX: usize = 3;

/// How long a registered user keeps the seat and the name whose connection was lost.
pub const LINGER: Duration = Duration::from_secs(300);

/// Seats that are kept for those who have lost their connections at one address: a room full of people behind one.
pub const SEATS_PER_ADDRESS_MAX: usize = 64;

/// How soon after a login the seat is taken that was kept.
pub const SEAT_TAKEN_WITHIN: Duration = Duration::from_secs(10);

/// Lines that were missed meanwhile and are shown; older ones are history.
pub const MISSED_LINES_MAX: usize = 200;

/// Last lines shown to a new member.
pub const HISTORY_LINES: usize = 10;

/// The most `--history` may ask for; every room keeps as many.
pub const HISTORY_LINES_MAX: usize = 1000;

/// Numbers tried behind a name that is taken, to offer one that is free: each costs a look-up.
pub const SUGGESTIONS_MAX: u32 = 20;

/// Lines that `\history` shows if it is not told how many and does not know the height of the screen: most of a usual
/// one.
pub const HISTORY_PAGE_LINES: usize = 20;

/// Rows of a screen whose height is not known.
pub const WINDOW_ROWS_USUAL: u16 = 24;

/// Rows of a screen that a page of `\history` leaves: for the command, the advice below the page, and the prompt.
pub const PAGE_OTHER_ROWS: usize = 3;

/// Lines of such a page on however low a screen.
pub const PAGE_LINES_MIN: usize = 5;

/// Lines that `\search` shows.
pub const FOUND_LINES_MAX: usize = 20;

/// Lines that `\context` shows before and after the one that is asked for.
pub const CONTEXT_LINES: usize = 5;

/// Columns of a wrong answer that are quoted back.
pub const QUOTE_COLUMNS_MAX: usize = 40;

/// Columns of a line that are quoted where somebody answers it.
pub const ANSWERED_COLUMNS_MAX: usize = 30;

/// Rooms of which it is known how far somebody has read there.
pub const READS_MAX: usize = 100;

/// How long a client may take less than [`TAKEN_BYTES_MIN`] of what is sent to it before it is let go.
pub const STUCK_AFTER: Duration = Duration::from_secs(60);

/// Bytes that a client has to take in [`STUCK_AFTER`] while there are more: a modem of 2,400 bits a second takes
/// 14,000. The kernel takes them in pieces of half of [`UNSENT_BYTES_MAX`].
pub const TAKEN_BYTES_MIN: usize = 8 * 1024;

/// How long a client may take nothing when much output waits for many clients (see [`OUTPUT_TOTAL_BYTES_MAX`]).
pub const CROWDED_STUCK_AFTER: Duration = Duration::from_secs(5);

/// How long lines that a client had sent before its connection broke are still said. A script's few lines
/// take no time; a flood that the rate spreads over hours should not outlive its sender.
pub const LOST_AFTER: Duration = Duration::from_secs(30);

/// How long a stopping server waits for its clients to take the last words.
pub const GRACE: Duration = Duration::from_secs(2);

/// The least that a stopping server waits, so that even `--grace 0` tells those who read.
pub const GRACE_MIN: Duration = Duration::from_millis(50);

/// What the end of a server takes besides the grace period: to write what is said, and to close the store.
pub const STOP_MARGIN: Duration = Duration::from_secs(60);

/// How long a closing connection waits for its last words to reach a peer on this machine.
pub const GOODBYE_LOCAL: Duration = Duration::from_millis(100);

/// How long a closing connection waits for its last words to reach a peer elsewhere: a slow round trip.
pub const GOODBYE_REMOTE: Duration = Duration::from_millis(500);

/// Lines of the log that wait until somebody takes them: 600 KiB. Further ones are lost, and counted.
pub const LOG_LINES_MAX: usize = 4096;

/// How long the end of the process waits until the last lines of the log are taken.
pub const LOG_FLUSH_MAX: Duration = Duration::from_millis(500);

/// How often it is looked meanwhile for space.
pub const LOG_FLUSH_LOOK: Duration = Duration::from_millis(5);

/// How long accepting pauses when the process or the system has no file descriptor left.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Connections that the kernel may hold before they are accepted: a class that presses Enter at once.
pub const LISTEN_BACKLOG: i32 = 4096;

/// Bytes of the file of `--config`: ten times as many as the example has that lists all options.
pub const CONFIG_BYTES_MAX: usize = 128 * 1024;

/// What operators may have asked of the server that it has not begun with: more than there are operators, and no more
/// than can be done in a moment.
pub const CONTROL_REQUESTS_MAX: usize = 16;

/// How long reading the configuration anew may take. Meanwhile nothing else is done that operators ask for.
pub const RELOAD_READ_MAX: Duration = Duration::from_secs(5);

/// Sockets that a service manager may hand over: more than there are kinds of listeners and families.
pub const INHERITED_SOCKETS_MAX: usize = 64;

/// How often the service manager is told what the server is doing, if that is something else.
pub const STATUS_EVERY: Duration = Duration::from_secs(5);

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

/// How long other output is held back while a client whose first line ended in CR LF is asked whether
/// it speaks Telnet. Long enough for a round trip over the world, short enough to pass for a slow answer.
/// An answer that comes later still counts.
pub const PROBE_HOLD_MAX: Duration = Duration::from_millis(300);

/// How long a Telnet client may take to name its terminal before it is offered character mode without.
/// Counted anew when the question is put, so it allows round trips of 600 ms.
pub const IDENTIFICATION_WAIT_MAX: Duration = Duration::from_millis(600);

/// How long to wait for the second of two answers that a client sends together (ECHO and
/// SUPPRESS-GO-AHEAD) once the first is here. Without a bound its user would type unseen for ever.
pub const SECOND_ANSWER_WAIT_MAX: Duration = Duration::from_secs(1);

/// Longest terminal type believed, in bytes; RFC 1091 allows no more.
pub const TERMINAL_TYPE_BYTES_MAX: usize = 40;

/// Most terminal types asked of one client. MUD clients give their name, their terminal and
/// their abilities in three answers; everybody else is asked once.
pub const TERMINAL_TYPES_ASKED_MAX: u8 = 3;

/// Bytes of a password. Shorter ones are found by trying; a longer one is a mistake, and would cost more.
pub const PASSWORD_BYTES: RangeInclusive<usize> = 8..=128;

/// Memory that hashing one password takes, in KiB: with [`PASSWORD_PASSES`] the least that OWASP recommends
/// for argon2id (2023). More would slow whoever steals the file further, and the server too.
pub const PASSWORD_MEMORY_KIB: u32 = 19_456;

/// How often hashing a password goes over that memory: some 30 ms of a processor.
pub const PASSWORD_PASSES: u32 = 2;

/// Parts of a hash that could be computed at once. One, since the server has other things to do.
pub const PASSWORD_LANES: u32 = 1;

/// Names that are changed in a row before other tasks have a turn: whoever begins goes on with what others ask
/// meanwhile.
pub const NAME_CHANGES_IN_A_ROW: usize = 8;

/// Passwords that are hashed at the same time: two processors and 38 MiB at most.
pub const PASSWORDS_AT_ONCE: usize = 2;

/// Passwords that are hashed or wait for it: a second or two. Further ones are refused, so that whoever
/// tries many holds nobody else up for longer.
pub const PASSWORDS_WAITING_MAX: usize = 64;

/// Wrong passwords that one connection may give.
pub const WRONG_PASSWORDS_MAX: u8 = 3;

/// Wrong passwords, and registrations, from one address (IPv6: from one /64) in [`TRIES_PERIOD`]; from a /48,
/// [`SITE_SHARES`] times as many.
pub const TRIES_PER_ADDRESS_MAX: u8 = 10;
const _: () = assert!(TRIES_PER_ADDRESS_MAX as u32 * SITE_SHARES <= u8::MAX as u32);

/// The time for [`TRIES_PER_ADDRESS_MAX`].
pub const TRIES_PERIOD: Duration = Duration::from_secs(60);

/// Wrong passwords for one account in [`GUESSES_PERIOD`], from all addresses where its owner has not been. Fewer would
/// let anybody lock an owner out who travels; more would let thousands of addresses guess a weak password.
pub const GUESSES_PER_ACCOUNT_MAX: u32 = 50;

/// The time for [`GUESSES_PER_ACCOUNT_MAX`].
pub const GUESSES_PERIOD: Duration = Duration::from_secs(3600);

/// Addresses at which an account's owner is known to have been.
pub const KNOWN_ADDRESSES_MAX: usize = 4;

/// Accounts of which that is kept: 2 MiB.
pub const GUESSED_ACCOUNTS_MAX: usize = 10_000;

/// Addresses whose tries are counted: 200 KiB. Beyond that the one counted longest is forgotten: whoever has so
/// many addresses is not slowed by counting them.
pub const TRIES_ADDRESSES_MAX: usize = 4096;

/// Names that can be registered. The register keeps what looks like them in memory, some 300 bytes each.
pub const ACCOUNTS_MAX: usize = 100_000;

/// Keys that one account can have: those of somebody's machines, and of a few lost ones.
pub const KEYS_PER_ACCOUNT_MAX: usize = 16;

/// Names of those who are in a room that somebody is shown who joins it.
pub const HERE_NAMES_MAX: usize = 10;

/// Accounts that are deleted at one look because nobody has used them.
pub const ACCOUNT_EXPIRIES_MAX: usize = 100;

/// Days that an operator may set for accounts to be kept unused: a hundred years.
pub const ACCOUNT_IDLE_DAYS_MAX: u32 = 36_525;

/// Wrong passwords until the question for a room's is given up.
pub const PASSWORD_TRIES: u8 = 3;

/// Owners of one room: those who look after it, not all who come there.
pub const OWNERS_MAX: usize = 20;

/// Bans of one room, and as many muted people. All are looked at when somebody joins, and kept with the room.
pub const BANS_MAX: usize = 200;

/// How long a command of an owner still finds whoever had a name: as long as it takes to read, to think and to type.
pub const FORMER_NAMES_KEPT: Duration = Duration::from_secs(30);

/// Names that one member may have had in that time and be found by.
pub const FORMER_NAMES_MAX: usize = 16;

/// Columns of the reason that an owner gives; the rest is cut off.
pub const WHY_COLUMNS_MAX: usize = 200;

/// The longest ban that ends by itself: 10 years, which no clock's arithmetic minds.
pub const BAN_TIME_MAX: Duration = Duration::from_secs(3653 * 24 * 3600);

/// How long an owner who has an account and does not come is still the owner.
pub const OWNER_AWAY_MAX: Duration = Duration::from_secs(30 * 24 * 3600);

/// How long a room belongs to an owner without an account whose connection was lost: a router that starts anew, a
/// laptop that is carried to another desk. Nobody inherits the room meanwhile.
pub const OWNER_LOST_MAX: Duration = Duration::from_secs(5 * 60);

/// How long somebody who has inherited a room has to have it, in company, before they can close it or keep people
/// out: an hour in which others see who the owner is, for each room anew. Time alone proves nothing.
pub const OWNER_TRIAL: Duration = Duration::from_secs(3600);

/// Names that are kept for owners whose connections were lost; beyond that the one kept longest is free again.
pub const LOST_NAMES_MAX: usize = 1024;

/// As many of them as owners from one address may leave (IPv6: from one /64), so that nobody can use up all.
pub const LOST_NAMES_PER_ADDRESS_MAX: usize = 16;

/// How long the lines of a closed room are kept, so that its closing can be undone: whoever looks in once a week
/// notices in time.
pub const CLOSED_ROOM_KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

/// Closed rooms that wait for their lines to be deleted. Beyond that those closed by whom they belonged to from the
/// beginning go before their time, the oldest first, and a room that was inherited cannot be closed.
pub const CLOSED_ROOMS_MAX: usize = 1000;

/// Bytes that closed rooms may take without `--data`, where they wait in memory; as [`CLOSED_ROOMS_MAX`] otherwise.
pub const CLOSED_ROOMS_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Letters of a word that may be a command with a mistake in it.
pub const COMMAND_LETTERS_MAX: usize = 16;
/// Commands that are offered for it.
pub const COMMANDS_MEANT_MAX: usize = 3;

/// Connections of one address that have lines of their own in the log, at once and then a second. Others are summed up.
pub const LOGGED_CONNECTS_BURST: u32 = 32;
/// See [`LOGGED_CONNECTS_BURST`].
pub const LOGGED_CONNECTS_PER_SECOND: u32 = 4;
/// How soon those are told of that had none.
pub const UNLOGGED_TOLD_EVERY: Duration = Duration::from_secs(10);
/// Addresses of which that is known: 300 KiB.
pub const LOGGED_ADDRESSES_MAX: usize = 4096;

/// How often a room decides the same anew because others were faster, before it gives up.
pub const STALE_DECISIONS_MAX: usize = 8;

/// A step of the machine's clock that may be a correction. A larger one is not believed until somebody says so.
pub const CLOCK_JUMP_MAX: Duration = Duration::from_secs(24 * 3600);

/// How long a server may have been stopped, for the clock to be believed when it starts again: longer than a holiday.
pub const CLOCK_REST_MAX: Duration = Duration::from_secs(90 * 24 * 3600);

/// The earliest time, in milliseconds since 1970, of a clock that has been set: 2026-01-01T00:00:00Z.
pub const CLOCK_SET_MIN_MS: i64 = 1_767_225_600_000;

/// How often it is looked whether the clock has jumped, and whether somebody has said that it is right.
pub const CLOCK_LOOK_EVERY: Duration = Duration::from_secs(10);

/// How often it is stored what time it is.
pub const CLOCK_NOTE_EVERY: Duration = Duration::from_secs(3600);
