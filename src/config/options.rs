//! Every option of the server, in one list: its flag, its key in the file, its variable, what it means, and its default.
//!
//! # To add an option
//!
//! Add an entry to the list below, and say in [`Config::new`](super::Config::new) what it means. `--help`,
//! the environment, the file, `parlor config` and its example all follow the list. In an entry,
//!
//! - the comment is what `--help` says, and with keys for flags the example file;
//! - `option` takes a value, `switch` none; `arg_name` is what `--help` calls the value;
//! - the field's name is the flag, `max_rooms` for `--max-rooms` and `PARLOR_MAX_ROOMS`, and its type says what can be
//!   given: an `Option` of any [`Value`](super::value::Value), or a `Vec` for several of them;
//! - `key` is its name in the file, with the unit;
//! - `default` is what holds if it is not given, and `example` a value for the example file if there is no such thing;
//! - `on_reload` says when a new value holds: `Live`, at once, or `Restart`, when the server is started anew.

use std::path::PathBuf;

use toml::de::DeValue;
use tracing::level_filters::LevelFilter;

use super::source::Sources;
use super::value::{Field, words};
use crate::limits;
use crate::net::trust::Trust;
use crate::store::Durability;
use crate::store::place::DataPlace;

/// Hands the list of options to another macro.
macro_rules! with_options {
    ($define:ident) => {
        $define! {
            section "Where people come in, and what they see" {
                /// where to listen: ADDRESS:PORT (port 0: any free one) or unix:PATH, with who may connect to that:
                /// unix:PATH,mode=660,group=NAME (default: mode=660); with tls+ before it for TLS, as tls+0.0.0.0:50992, and
                /// proxy+ before that where a proxy comes, as docs/operating.md says; may be given several times
                /// (default: `[::]:50006`, which takes IPv4 as well)
                option(
                    arg_name = "where", key = "listen",
                    default = vec!["[::]:50006".to_owned()], on_reload = Live
                )
                listen: Vec<String>,

                /// the server's name, shown in the first line of the menu and in \stats
                option(arg_name = "text", key = "name", example = "The Lounge", on_reload = Live)
                name: Option<String>,

                /// a file that everybody is shown before the menu: at most 24 rows and 6144 bytes, read at startup
                option(arg_name = "file", key = "motd", example = "/etc/parlor/motd", on_reload = Live)
                motd: Option<PathBuf>,

                /// the time zone of the times shown, such as Asia/Bangkok (default: this machine's)
                option(arg_name = "zone", key = "timezone", example = "Asia/Bangkok", on_reload = Live)
                timezone: Option<String>,

                /// how many of a room's last lines are shown on joining (default: 10; at most 1000)
                option(
                    arg_name = "lines", key = "history_lines",
                    default = Some(limits::HISTORY_LINES), on_reload = Live
                )
                history: Option<usize>,

                /// how messages are drawn for raw clients (nc): plain, or ansi, which inserts them above what is being
                /// typed and needs an ANSI terminal (default: plain; \ansi does it for one client)
                option(
                    arg_name = "drawing", key = "raw_drawing",
                    default = Some(RawDrawing::Plain), on_reload = Live
                )
                raw: Option<RawDrawing>,
            }
            section "What is kept" {
                /// keep rooms and messages in this file, which is created if needed; or in a PostgreSQL database that any
                /// number of servers share: postgres://USER@HOST/DATABASE, as docs/cluster.md says (default: in memory only)
                option(
                    arg_name = "where", key = "data",
                    example = "/var/lib/parlor/chat.db", on_reload = Restart
                )
                data: Option<DataPlace>,

                /// what messages stored in a file survive: normal, the server's end, however sudden; or full, a power
                /// failure as well, which costs more (default: normal)
                option(
                    arg_name = "what", key = "sync",
                    default = Some(Durability::Normal), on_reload = Restart
                )
                sync: Option<Durability>,

                /// delete messages that are older than this many days (default: never)
                option(arg_name = "days", key = "keep_days", example = "90", on_reload = Restart)
                keep: Option<u32>,

                /// delete all but the last so many messages of each room (default: never)
                option(arg_name = "lines", key = "keep_lines", example = "10000", on_reload = Restart)
                keep_lines: Option<u64>,
            }
            section "Several servers" {
                /// with --data postgres://...: after how many seconds without a sign of this server the others take it for
                /// dead (default: 10; 1 to 300)
                option(
                    arg_name = "seconds", key = "node_lease_seconds",
                    default = Some(limits::NODE_LEASE.as_secs() as u32), on_reload = Restart
                )
                node_lease: Option<u32>,

                /// with --data postgres://...: what operators know this server by (default: the host's name)
                option(arg_name = "name", key = "node_name", example = "east-1", on_reload = Restart)
                node_name: Option<String>,
            }
            section "Operators" {
                /// a Unix socket for parlor admin, of the server's user and root, or none (default: FILE.admin beside
                /// the FILE of --data; without one, admin.sock in $RUNTIME_DIRECTORY)
                option(arg_name = "path", key = "admin", example = "/run/parlor/admin.sock", on_reload = Restart)
                admin: Option<PathBuf>,

                /// an account that is an operator: \admin does what parlor admin does, where nobody can read along;
                /// may be given several times
                option(arg_name = "name", key = "operators", example = "Dai", on_reload = Live)
                operator: Vec<String>,
            }
            section "Connections" {
                /// the certificate for --listen tls+ADDRESS:PORT, and behind it those that vouch for it: a PEM file, which
                /// is read again when it changes (default: one that nobody vouches for is made and kept beside --data; its
                /// fingerprint is told at the start and by \stats)
                option(
                    arg_name = "file", key = "tls_cert",
                    example = "/etc/parlor/cert.pem", on_reload = Live
                )
                tls_cert: Option<PathBuf>,

                /// the key of --tls-cert: a PEM file that nobody else can read
                option(
                    arg_name = "file", key = "tls_key",
                    example = "/etc/parlor/key.pem", on_reload = Live
                )
                tls_key: Option<PathBuf>,

                /// accept passwords (\register, \login, \lock and those of locked rooms) over connections from other
                /// hosts too, where others can read them on the way; for networks that are safe by other means
                switch(key = "plain_passwords", default = Some(false), on_reload = Live)
                plain_passwords: Option<bool>,

                /// connections in all (default: 10000; 0: no limit)
                option(
                    arg_name = "count", key = "max_connections",
                    default = Some(limits::CONNECTIONS_MAX), on_reload = Live
                )
                max_connections: Option<usize>,

                /// connections from one address, or one IPv6 /64; four times as many from an IPv6 /48 (default: 256; 0: no
                /// limit by address)
                option(
                    arg_name = "count", key = "max_connections_per_address",
                    default = Some(limits::CONNECTIONS_PER_ADDRESS_MAX), on_reload = Live
                )
                max_per_address: Option<usize>,

                /// connections a second from one address of another host that are served; further ones wait for their
                /// turn (default: 16; 0: none waits)
                option(
                    arg_name = "count", key = "connect_rate_per_second",
                    default = Some(limits::CONNECTS_PER_SECOND), on_reload = Live
                )
                connect_rate: Option<u32>,

                /// connections from one address that are served at once before --connect-rate slows them (default: 64)
                option(
                    arg_name = "count", key = "connect_burst",
                    default = Some(limits::CONNECTS_BURST), on_reload = Live
                )
                connect_burst: Option<u32>,
            }
            section "Proxies" {
                /// whose word counts at places to listen with proxy+, where a proxy says first whom it brings: addresses
                /// (10.0.0.0/8) and, over a Unix socket, users besides root and the server's own (user:NAME; keys:NAME if
                /// they may say as well which ssh key somebody has); may be given several times; if no address is among
                /// them, it is 127.0.0.0/8 and ::1
                option(
                    arg_name = "whom", key = "proxy_from",
                    default = Trust::DEFAULT.map(str::to_owned).to_vec(), on_reload = Live
                )
                proxy_from: Vec<String>,
            }
            section "Rooms and accounts" {
                /// rooms (default: 10000; 0: no limit)
                option(
                    arg_name = "count", key = "max_rooms",
                    default = Some(limits::ROOMS_MAX), on_reload = Live
                )
                max_rooms: Option<usize>,

                /// open rooms that were created from one address, or one IPv6 /64 (default: 50, or no limit with
                /// --max-per-address 0; 0: no limit)
                option(
                    arg_name = "count", key = "max_rooms_per_address",
                    default = Some(limits::ROOMS_PER_ADDRESS_MAX), on_reload = Live
                )
                max_rooms_per_address: Option<usize>,

                /// open rooms that one account has created (default: 50; 0: no limit)
                option(
                    arg_name = "count", key = "max_rooms_per_account",
                    default = Some(limits::ROOMS_PER_ACCOUNT_MAX), on_reload = Live
                )
                max_rooms_per_account: Option<usize>,

                /// close rooms in which nothing was said for this many days and that nobody is in (default: 0: never;
                /// rooms in which nothing was ever said are closed after an hour)
                option(arg_name = "days", key = "room_idle_days", default = Some(0), on_reload = Live)
                room_idle: Option<u32>,

                /// delete accounts that nobody has used for this many days (default: 0: never)
                option(arg_name = "days", key = "account_idle_days", default = Some(0), on_reload = Live)
                account_idle: Option<u32>,

                /// members of one room (default: 10000; 0: no limit)
                option(
                    arg_name = "count", key = "max_members",
                    default = Some(limits::ROOM_MEMBERS_MAX), on_reload = Live
                )
                max_members: Option<usize>,
            }
            section "How much, how fast, and for how long" {
                /// lines a second from one client; faster senders are slowed and lose nothing (default: 10; 0: no
                /// limit)
                option(
                    arg_name = "lines", key = "rate_lines_per_second",
                    default = Some(limits::LINES_PER_SECOND), on_reload = Live
                )
                rate: Option<u32>,

                /// lines that a client may send at once before --rate slows it (default: 100)
                option(
                    arg_name = "lines", key = "burst_lines",
                    default = Some(limits::LINES_BURST), on_reload = Live
                )
                burst: Option<u32>,

                /// bytes that a room keeps for members who read more slowly than others write; those who fall further
                /// behind have lines skipped and are told so (default: 2097152; 0: no limit)
                option(
                    arg_name = "bytes", key = "outbox_bytes",
                    default = Some(limits::OUTBOX_BYTES), on_reload = Live
                )
                outbox: Option<usize>,

                /// how many seconds comings and goings wait to be told together; what is over by then is told in a word or
                /// not at all (default: 2; 0: they are told at once)
                option(
                    arg_name = "seconds", key = "notice_delay_seconds",
                    default = Some(limits::NOTICE_DELAY.as_secs_f64()), on_reload = Live
                )
                notice_delay: Option<f64>,

                /// how many seconds a registered user whose connection was lost keeps the seat and the name, for who logs
                /// in again (default: 300; 0: they leave at once)
                option(
                    arg_name = "seconds", key = "linger_seconds",
                    default = Some(limits::LINGER.as_secs_f64()), on_reload = Live
                )
                linger: Option<f64>,

                /// close connections on which nothing was typed for this many seconds (default: 0: never)
                option(arg_name = "seconds", key = "idle_seconds", default = Some(0), on_reload = Live)
                idle: Option<u32>,
            }
            section "The process" {
                /// where those who watch the server find /metrics, for Prometheus, and /health: ADDRESS:PORT or unix:PATH;
                /// it is not for strangers (default: nowhere)
                option(
                    arg_name = "where", key = "metrics",
                    example = "127.0.0.1:50080", on_reload = Restart
                )
                metrics: Option<String>,

                /// how many seconds a stopping server waits for clients to take the last words (default: 2)
                option(
                    arg_name = "seconds", key = "grace_seconds",
                    default = Some(limits::GRACE.as_secs_f64()), on_reload = Live
                )
                grace: Option<f64>,

                /// executor threads (default: one for each processor)
                option(arg_name = "count", key = "threads", example = "4", on_reload = Restart)
                threads: Option<usize>,

                /// how much to log on standard error: off, error, warn, info, debug or trace (default: info)
                option(
                    arg_name = "level", key = "log_level",
                    default = Some(LevelFilter::INFO), on_reload = Live
                )
                log: Option<LevelFilter>,

                /// how lines of the log are written: text, for people, or json, an object a line, for programs
                /// (default: text)
                option(
                    arg_name = "format", key = "log_format",
                    default = Some(LogFormat::Text), on_reload = Restart
                )
                log_format: Option<LogFormat>,
            }
        }
    };
}
pub(crate) use with_options;

/// When a new value of an option holds, after the configuration was read anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnReload {
    /// At once.
    Live,
    /// When the server is started anew.
    Restart,
}

/// An option: a row of [`OPTIONS`].
#[derive(Clone, Copy, Debug)]
pub struct OptionRow {
    /// Under which heading it stands in the example file.
    pub section: &'static str,
    /// The name of its field.
    pub name: &'static str,
    /// Its name in the file.
    pub key: &'static str,
    /// What `--help` says of it, in pieces.
    pub help: &'static [&'static str],
    /// A value that it could have, if it has no default; empty otherwise.
    pub example: &'static str,
    /// When a new value holds.
    pub on_reload: OnReload,
    /// What it is if it is not given.
    set_default: fn(&mut Options),
    field: fn(&Options) -> &dyn Field,
    field_mut: fn(&mut Options) -> &mut dyn Field,
    take: fn(&mut Options, &mut Options),
    copy: fn(&Options, &mut Options),
}

macro_rules! define_options {
    ($(section $section:literal {$(
        $(#[doc = $help:tt])+
        $kind:ident(
            $(arg_name = $arg_name:tt,)? key = $key:literal,
            $(default = $default:expr,)? $(example = $example:literal,)? on_reload = $on_reload:ident
        )
        $name:ident: $shape:ident<$value:ident>,
    )+})+) => {
        /// What an operator may choose, as it was written: a field for each option, which is empty if nothing was chosen.
        /// Only the form is checked; [`Config::new`](super::Config::new) decides what it means.
        #[derive(Clone, Debug, Default)]
        pub struct Options {
            $($(
                $(#[doc = $help])+
                pub $name: $shape<$value>,
            )+)+
            /// Where what was chosen comes from; for what is not in it, a flag.
            pub sources: Sources,
        }

        /// All options, in the order of `--help`.
        pub const OPTIONS: &[OptionRow] = &[$($(
            OptionRow {
                section: $section,
                name: stringify!($name),
                key: $key,
                help: &[$($help),+],
                example: concat!($($example)?),
                on_reload: OnReload::$on_reload,
                set_default: |_options| { $(_options.$name = $default;)? },
                field: |options| &options.$name,
                field_mut: |options| &mut options.$name,
                take: |from, to| to.$name = std::mem::take(&mut from.$name),
                copy: |from, to| to.$name.clone_from(&from.$name),
            },
        )+)+];
    };
}

with_options!(define_options);

/// How messages are drawn for raw clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RawDrawing {
    /// Append-only.
    Plain,
    /// Inserted above what is being typed.
    Ansi,
}

/// How lines of the log are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// An object a line.
    Json,
}

words! { LogFormat: "give text or json",
    "text" => LogFormat::Text,
    "json" => LogFormat::Json,
}

words! { RawDrawing: "give plain or ansi",
    "plain" => RawDrawing::Plain,
    "ansi" => RawDrawing::Ansi,
}

impl OptionRow {
    /// The option with this field.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn named(name: &str) -> &'static OptionRow {
        let row = OPTIONS.iter().find(|row| row.name == name);
        row.expect("code names options that there are")
    }

    /// As it is given on the command line.
    pub fn flag(&self) -> String {
        format!("--{}", self.name.replace('_', "-"))
    }

    /// As it is given in the environment.
    pub fn variable(&self) -> String {
        format!("PARLOR_{}", self.name.to_ascii_uppercase())
    }

    /// Sets it to what a variable says.
    pub(super) fn set_text(&self, options: &mut Options, text: &str) -> Result<(), String> {
        (self.field_mut)(options).set_text(text)
    }

    /// Sets it to what the file says.
    pub(super) fn set_toml(
        &self,
        options: &mut Options,
        value: &DeValue<'_>,
    ) -> Result<(), String> {
        (self.field_mut)(options).set_toml(value)
    }

    /// Moves what is given in `from`, if it is.
    pub(super) fn take(&self, from: &mut Options, to: &mut Options) -> bool {
        let is_given = self.toml(from).is_some();
        if is_given {
            (self.take)(from, to);
        }
        is_given
    }

    /// Sets it to what it is in `from`, with where that was given.
    pub(super) fn copy(&self, from: &Options, to: &mut Options) {
        (self.copy)(from, to);
        to.sources.copy(self, &from.sources);
    }

    /// What was chosen, as a flag or a variable has it; `None` if nothing was.
    pub(super) fn text(&self, options: &Options) -> Option<String> {
        (self.field)(options).text()
    }

    /// What was chosen, as the file has it; `None` if nothing was.
    pub fn toml(&self, options: &Options) -> Option<String> {
        (self.field)(options).toml()
    }

    /// What it is if nothing is chosen, as the file has it; `None` if it then is not set, or depends on others or on the
    /// machine.
    pub fn default_toml(&self) -> Option<String> {
        let mut options = Options::default();
        (self.set_default)(&mut options);
        self.toml(&options)
    }

    /// A value that it could have, as the file has it.
    pub fn example_toml(&self) -> Option<String> {
        let mut options = Options::default();
        self.set_text(&mut options, self.example).ok()?;
        self.toml(&options)
    }
}
