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
//! 6. Seen is stored: with a file, a line that anybody has seen survives the death of the process.
//! 7. Every disconnect has a [`Reason`](net::reason::Reason): told to the peer where it can be, counted, logged.
//!
//! # Layout
//!
//! Each module is a room with a purpose; imports go to rooms further down only, and `tests/it/layout` holds the
//! code to that. *Pure*: bytes, values and time come in, values go out; no runtime, sockets, files or clock.
//! `ARCHITECTURE.md` walks through it.
//!
//! - [`cli`]: arguments, and the tools that run instead of the server.
//! - [`server`]: starting, letting clients in, stopping.
//! - [`connection`]: one client at a terminal, the only owner of its socket.
//! - [`ops`]: what operators watch the server by, and the admin socket.
//! - [`config`]: what the operator chose, checked.
//! - [`hub`]: participants, the lobby, room actors, outboxes: the way from one user to the others.
//! - [`dialog`] (*pure*): what a user is doing, the commands, and every word the server says.
//! - [`net`]: sockets, listeners, admission, shares, and why connections end.
//! - [`store`]: where rooms, messages, accounts and names live: in memory, or in an SQLite file.
//! - [`counts`]: what is counted, for whoever watches.
//! - [`runtime`]: the clock, counted tasks, and threads, as parameters.
//! - [`terminal`] (*pure*): Telnet, line editing, drawing, screens, character sets.
//! - [`chat`] (*pure*): the rules: names, messages, rooms, accounts, moderation, and what can be asked.
//! - [`text`], [`time`], [`limits`], [`thin_deque`] (*pure*): what all of them stand on.
//!
//! # The way of a byte
//!
//! ```text
//! socket ─read─> terminal::telnet ─data─> terminal::line ─line─> dialog::session ─request─> hub: lobby, room
//!                                                                  │ views                    │ one Batch a turn,
//!                                                                  v                          v into the Outbox
//! socket <─one write── output buffer <──────── terminal::screen <── batches drawn once a class of display
//! ```

#![forbid(unsafe_code)]

// In the order of the floors, from the bottom.

pub mod limits;
pub mod thin_deque;

pub mod text;
pub mod time;

pub mod chat;

pub mod counts;
pub mod runtime;
pub mod store;
pub mod terminal;

pub mod net;

pub mod dialog;
pub mod hub;

pub mod config;

pub mod connection;
pub mod ops;

pub mod server;

pub mod cli;
