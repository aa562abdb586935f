//! What every test stands on: the real program, clients with a transcript, patterns, a terminal.
//!
//! Nothing here sleeps for a fixed time. A test waits for an event within [`DEADLINE`]; to show that
//! something does *not* arrive it sends a marker by the same way and checks that only the marker came.

mod caller;
mod client;
mod console;
mod helper;
pub(crate) mod http;
mod pattern;
mod people;
pub(crate) mod postgres;
mod relay;
mod server;
mod sshd;
mod tape;
mod terminal;
mod tls;
mod wire;

use std::time::Duration;

pub(crate) use caller::{
    BUSYBOX_NC, BUSYBOX_TELNET, Caller, Drawing, GNUTLS, NC_OPENBSD, NC_TRADITIONAL, NCAT,
    NCAT_CRLF, NCAT_SSL, OPENSSL, PLINK, SOCAT, SOCAT_SSL, TELNET, TELNET_SSL, TELNET_TLS, TINTIN,
};
pub(crate) use client::Client;
pub(crate) use console::run_document;
pub(crate) use helper::{Helper, own_address};
pub(crate) use pattern::{Match, find_all, match_at, times_blanked};
pub(crate) use people::{
    MENU, PASSWORD, PROBE, at_menu, eventually, found_within, in_character_mode, plain_lines,
    register, registered, room_with, seconds_of_day, talk, walk_in, without_probe,
};
pub(crate) use relay::slow_way_to;
pub(crate) use server::{PROGRAM, Server, run, run_as_anybody, stdout};
pub(crate) use sshd::{CHAT, GUEST, make_key, open_to_all, start_sshd};
pub(crate) use tape::Tape;
pub(crate) use terminal::{Size, Terminal, View, piped, program};
pub(crate) use tls::{tls_client, tls_way_to};
pub(crate) use wire::Wire;

/// How long anything may take before a test gives up. Generous: the machine may be busy.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);
