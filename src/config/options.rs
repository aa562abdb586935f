//! What an operator may choose, as it was written; `None` where nothing was chosen.

use std::path::PathBuf;
use std::str::FromStr;

use tracing::level_filters::LevelFilter;

use crate::store::Durability;

/// What an operator may choose. Whoever fills it in (the command line) checks only the form;
/// [`Config::new`](super::Config::new) decides what it means.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where to listen, as written: `ADDRESS:PORT` or `unix:PATH`; empty: at the default.
    pub listen: Vec<String>,
    /// The server's name.
    pub name: Option<String>,
    /// The file that everybody is shown before the menu.
    pub motd: Option<PathBuf>,
    /// The zone that times are shown in; `None`: this machine's.
    pub timezone: Option<String>,
    /// Last lines shown to new members.
    pub history: Option<usize>,
    /// The database; `None`: in memory only.
    pub data: Option<PathBuf>,
    /// When a message counts as stored.
    pub sync: Option<Durability>,
    /// Days after which messages are deleted.
    pub keep: Option<u32>,
    /// Messages kept of each room.
    pub keep_lines: Option<u64>,
    /// Passwords are accepted over connections that others can read.
    pub plain_passwords: bool,
    /// Connections in all; `0`: no limit.
    pub max_connections: Option<usize>,
    /// Connections from one address; `0`: no limit.
    pub max_per_address: Option<usize>,
    /// Connections a second of one address that begin; `0`: all at once.
    pub connect_rate: Option<u32>,
    /// Connections of one address that begin at once.
    pub connect_burst: Option<u32>,
    /// Rooms; `0`: no limit.
    pub max_rooms: Option<usize>,
    /// Open rooms created from one address; `0`: no limit.
    pub max_rooms_per_address: Option<usize>,
    /// Open rooms created by one account; `0`: no limit.
    pub max_rooms_per_account: Option<usize>,
    /// Days without a line after which a room that nobody is in ends; `0`: never.
    pub room_idle: Option<u32>,
    /// Days after which an account that nobody uses is deleted; `0`: never.
    pub account_idle: Option<u32>,
    /// Members of one room; `0`: no limit.
    pub max_members: Option<usize>,
    /// Lines a second from one client; `0`: no limit.
    pub rate: Option<u32>,
    /// Lines that a client may send at once.
    pub burst: Option<u32>,
    /// Bytes that a room keeps for slow readers; `0`: no limit.
    pub outbox: Option<usize>,
    /// Seconds that comings and goings wait to be told together; `0`: they are told at once.
    pub notice_delay: Option<f64>,
    /// Seconds that the seat of a registered user is kept whose connection was lost; `0`: it is not.
    pub linger: Option<f64>,
    /// Seconds without input after which a connection is closed; `0`: never.
    pub idle: Option<u32>,
    /// Seconds that a stopping server waits for its clients.
    pub grace: Option<f64>,
    /// How messages are drawn for raw clients.
    pub raw: Option<RawDrawing>,
    /// Executor threads; `0`: one for each processor.
    pub threads: Option<usize>,
    /// What is logged.
    pub log: Option<LevelFilter>,
}

/// How messages are drawn for raw clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RawDrawing {
    /// Append-only.
    Plain,
    /// Inserted above what is being typed.
    Ansi,
}

impl FromStr for RawDrawing {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "plain" => Ok(RawDrawing::Plain),
            "ansi" => Ok(RawDrawing::Ansi),
            _ => Err("give plain or ansi".to_owned()),
        }
    }
}
