//! The Telnet protocol as pure code: bytes, events and time come in; bytes and changes go out.
//!
//! - [`decoder`] splits what a client sends into data and commands (RFC 854, RFC 855).
//! - [`option`] remembers what both sides have agreed on, so that no negotiation can loop (RFC 1143).
//! - [`negotiation`] finds out what kind of client it is and decides who echoes.
//! - [`terminal`] reads what a client says about its terminal: type and window size.
//!
//! Nothing here touches carriage returns: what ends a line is a matter of the line discipline.

pub mod decoder;
pub mod negotiation;
pub mod option;
pub mod terminal;

pub use decoder::{Command, Decoder, Event, Verb};
pub use negotiation::{Change, LineEnding, Mode, Negotiation, Probe};
pub use option::{Message, Options, Side, Verdict, refuse_every_option};
pub use terminal::{Drawing, WindowSize};

/// End of file, what Ctrl-D sends in the line mode of some clients (RFC 1184).
pub const EOF: u8 = 0xEC;
/// Suspend the process, what Ctrl-Z sends in the line mode of some clients (RFC 1184).
pub const SUSP: u8 = 0xED;
/// Abort the process (RFC 1184).
pub const ABORT: u8 = 0xEE;
/// End of record (RFC 885).
pub const EOR: u8 = 0xEF;
/// End of subnegotiation (RFC 855).
pub const SE: u8 = 0xF0;
/// No operation (RFC 854, as all that follow).
pub const NOP: u8 = 0xF1;
/// Data mark: where the stream of a Synch ends.
pub const DM: u8 = 0xF2;
/// The break key.
pub const BRK: u8 = 0xF3;
/// Interrupt process.
pub const IP: u8 = 0xF4;
/// Abort output.
pub const AO: u8 = 0xF5;
/// Are you there?
pub const AYT: u8 = 0xF6;
/// Erase character.
pub const EC: u8 = 0xF7;
/// Erase line.
pub const EL: u8 = 0xF8;
/// Go ahead.
pub const GA: u8 = 0xF9;
/// Begin of subnegotiation.
pub const SB: u8 = 0xFA;
/// The sender wants to use, or now uses, an option.
pub const WILL: u8 = 0xFB;
/// The sender refuses to use, or no longer uses, an option.
pub const WONT: u8 = 0xFC;
/// The sender asks the receiver to use an option, or agrees to it.
pub const DO: u8 = 0xFD;
/// The sender asks the receiver not to use an option.
pub const DONT: u8 = 0xFE;
/// Interpret as command; sent twice it is the data byte 0xFF.
pub const IAC: u8 = 0xFF;

/// Binary transmission (RFC 856).
pub const TELOPT_BINARY: u8 = 0x00;
/// Echo (RFC 857).
pub const TELOPT_ECHO: u8 = 0x01;
/// Suppress go ahead (RFC 858).
pub const TELOPT_SGA: u8 = 0x03;
/// Timing mark (RFC 860).
pub const TELOPT_TM: u8 = 0x06;
/// Terminal type (RFC 1091).
pub const TELOPT_TTYPE: u8 = 0x18;
/// Window size, "negotiate about window size" (RFC 1073).
pub const TELOPT_NAWS: u8 = 0x1F;
