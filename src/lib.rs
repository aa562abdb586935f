//! parlor: a chat server that any terminal can walk into.
//!
//! `nc HOST 50006` or `telnet HOST 50006` is the whole client; the server draws the menu, the prompts and
//! the transcript.
//!
//! # What must be true, always
//!
//! 1. Nobody loses half-typed input.
//! 2. Plain by default: a raw client never receives an IAC or an ESC byte that it has not asked for.
//! 3. One member never holds up another: a room never waits for a member.
//! 4. What a user sends is data: no byte from the network panics the server, reaches another terminal as a
//!    control, forges a line, or grows memory past a bound that has a name in [`limits`].
//! 5. One order: all members of a room see the same lines in the same order, each exactly once.
//! 6. Every disconnect has a [`reason::Reason`]: told to the peer where it can be, counted, logged once.
//!
//! # Layout
//!
//! Read from the top. *Pure* modules take bytes and time as arguments and give values back: no sockets, no
//! tasks, no clock.
//!
//! - [`config`]: what was typed on the command line and what it means.
//! - [`command`]: what the program does instead of serving: export, import, check, backup.
//! - [`limits`] (*pure*): every bound.
//! - [`telnet`] (*pure*): the Telnet codec and RFC 1143 option negotiation.
//! - [`mod@line`] (*pure*): line discipline, bytes to lines: line mode, and the editor of character mode.
//! - [`charset`] (*pure*): terminals that do not speak UTF-8.
//! - [`text`], [`name`] (*pure*): text made safe, measured, compared; names of people and rooms.
//! - [`topic`] (*pure*): what a room is about.
//! - [`account`] (*pure*): names that are kept: passwords, and the settings that come back with a name.
//! - [`message`] (*pure*): messages, notices, and batches with their drawings cached.
//! - [`ignore`] (*pure*): people whom somebody does not want to hear of.
//! - [`request`] (*pure*): what a session can ask, and what can come of it.
//! - [`session`] (*pure*): the menu and room state machine, and the commands.
//! - [`clock`] (*pure*), [`zone`]: times and dates on the wall of a time zone; zones by name.
//! - [`view`] (*pure*): every word the server says.
//! - [`draw`], [`screen`] (*pure*): how rows look, and how they get onto a screen on which somebody types.
//! - [`foreign`], [`rate`] (*pure*): clients of other protocols; clients that are too fast.
//! - [`address`] (*pure*): where people come from.
//! - [`store`]: where messages and accounts live: in memory, or in an SQLite file.
//! - [`password`]: hashing and checking passwords, and how often one may try.
//! - [`room`]: a room, its actor, and the outbox that its members read from.
//! - [`lobby`]: the register of rooms and names.
//! - [`inbox`]: what reaches a connection from elsewhere.
//! - [`shared`]: what all connections of a server share.
//! - [`socket`], [`connection`]: one client, sole owner of its socket.
//! - [`listener`], [`admission`], [`server`], [`shutdown`]: where clients knock, how many are let in, the stop.
//! - [`reason`]: why connections end.
//!
//! # The way of a byte
//!
//! ```text
//! socket ─read─> telnet::Decoder ─data─> line ─line─> session ─request─> lobby, room
//!                                                        │ views            │ one Batch a turn,
//!                                                        v                  v into the Outbox
//! socket <─one write── output buffer <── screen <── batches drawn once a class
//! ```

#![forbid(unsafe_code)]

pub mod limits;
pub mod thin_deque;

pub mod text;
pub mod time;

pub mod chat;

pub mod dialog;
pub mod terminal;

pub mod runtime;
pub mod store;

pub mod net;

pub mod hub;

pub mod config;

pub mod connection;

pub mod server;

pub mod cli;
