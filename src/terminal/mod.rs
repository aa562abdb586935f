//! *Pure.* Terminals: what they send and how things get onto them.
//!
//! [`telnet`] takes the protocol out of the bytes, and [`mod@line`] makes lines of them; [`draw`] decides how rows
//! look, [`screen`] how they get onto a screen on which somebody types, and [`charset`] serves terminals that do not
//! know UTF-8.

pub mod telnet;

pub mod line;

pub mod charset;
pub mod draw;
pub mod screen;
