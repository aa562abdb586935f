//! What was typed on the command line ([`Args`]) and what it means ([`Config`]).

mod motd;

use std::net::{IpAddr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use argh::FromArgs;
use jiff::tz::TimeZone;
use tracing::level_filters::LevelFilter;

use crate::command::Command;
use crate::limits;
use crate::rate::Pace;
use crate::room::RoomLimits;
use crate::store::{Keep, Store, Sync};
use crate::text;
use crate::zone;

/// A chat server that any terminal can walk into: `nc HOST 50006` or `telnet HOST 50006`.
#[derive(Debug, FromArgs)]
pub struct Args {
    /// what to do instead of serving
    #[argh(subcommand)]
    pub command: Option<Command>,

    /// where to listen: ADDRESS:PORT (port 0: any free one) or unix:PATH; may be given several times
    /// (default: `[::]:50006`, which takes IPv4 as well)
    #[argh(option, arg_name = "where")]
    pub listen: Vec<String>,

    /// what the server is called: in the first line of the menu and in \stats
    #[argh(option, arg_name = "text")]
    pub name: Option<String>,

    /// a file with what everybody is shown before the menu: at most 24 rows and 6144 bytes, read at the start
    #[argh(option, arg_name = "file")]
    pub motd: Option<PathBuf>,

    /// the time zone that times are shown in, such as Asia/Bangkok (default: this machine's)
    #[argh(option, arg_name = "zone")]
    pub timezone: Option<String>,

    /// how many of a room's last lines are shown to who joins (default: 10; at most 1000)
    #[argh(option, arg_name = "lines", default = "limits::HISTORY_LINES")]
    pub history: usize,

    /// keep rooms and messages in this file, which is made if there is none (default: in memory only)
    #[argh(option, arg_name = "file")]
    pub data: Option<PathBuf>,

    /// what messages in the file survive: normal, which is the server's end, however sudden; or full, which
    /// is a power cut as well and costs more (default: normal)
    #[argh(option, arg_name = "what", from_str_fn(parse_sync))]
    pub sync: Option<Sync>,

    /// forget messages in the file that are older than so many days (default: never)
    #[argh(option, arg_name = "days")]
    pub keep: Option<u32>,

    /// forget messages in the file but for the last so many of each room (default: never)
    #[argh(option, arg_name = "lines")]
    pub keep_lines: Option<u64>,

    /// take passwords (\register, \login) over connections from other hosts too, where others can read
    /// them on the way; for networks that are safe by other means
    #[argh(switch)]
    pub plain_passwords: bool,

    /// connections in all (default: 10000; 0: no limit)
    #[argh(option, arg_name = "count", default = "limits::CONNECTIONS_MAX")]
    pub max_connections: usize,

    /// connections from one address, or one IPv6 /64 (default: 256; 0: no limit)
    #[argh(
        option,
        arg_name = "count",
        default = "limits::CONNECTIONS_PER_ADDRESS_MAX"
    )]
    pub max_per_address: usize,

    /// rooms (default: 10000; 0: no limit)
    #[argh(option, arg_name = "count", default = "limits::ROOMS_MAX")]
    pub max_rooms: usize,

    /// members of one room (default: 10000; 0: no limit)
    #[argh(option, arg_name = "count", default = "limits::ROOM_MEMBERS_MAX")]
    pub max_members: usize,

    /// lines a second from one client; who sends faster is slowed and loses nothing (default: 10; 0: no
    /// limit)
    #[argh(option, arg_name = "lines", default = "limits::LINES_PER_SECOND")]
    pub rate: u32,

    /// lines that a client may send at once before --rate slows it (default: 100)
    #[argh(option, arg_name = "lines", default = "limits::LINES_BURST")]
    pub burst: u32,

    /// bytes that a room keeps for members who do not read as fast as others write; who falls further
    /// behind has lines skipped and is told so (default: 2097152; 0: no limit)
    #[argh(option, arg_name = "bytes", default = "limits::OUTBOX_BYTES")]
    pub outbox: usize,

    /// close a connection on which nothing was typed for so many seconds (default: 0: never)
    #[argh(option, arg_name = "seconds", default = "0")]
    pub idle: u32,

    /// how many seconds a stopping server waits for clients to take the last words (default: 2)
    #[argh(option, arg_name = "seconds", default = "limits::GRACE.as_secs_f64()")]
    pub grace: f64,

    /// how messages are drawn for raw clients (nc): plain, or ansi, which inserts them above what is being
    /// typed and needs an ANSI terminal (default: plain; \ansi does it for one client)
    #[argh(option, arg_name = "drawing", default = "RawDrawing::Plain")]
    pub raw: RawDrawing,

    /// executor threads (default: one for each processor)
    #[argh(option, arg_name = "count", default = "0")]
    pub threads: usize,

    /// how much to log on standard error: off, error, warn, info, debug or trace (default: info)
    #[argh(option, arg_name = "level", default = "LevelFilter::INFO")]
    pub log: LevelFilter,
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

/// Where messages are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Data {
    /// The database.
    pub file: PathBuf,
    /// When a message counts as stored.
    pub sync: Sync,
    /// What is forgotten.
    pub keep: Keep,
}

/// A place to listen at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// A TCP address.
    Tcp(SocketAddr),
    /// The path of a Unix socket.
    Unix(PathBuf),
}

/// What the server is to do: checked, with the defaults filled in.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen; never empty.
    pub listen: Vec<Listen>,
    /// What the server is called; short and clean.
    pub name: Option<Arc<str>>,
    /// What everybody is shown before the menu: clean rows, each ended by `\n`.
    pub motd: Option<Arc<str>>,
    /// The zone that times are shown in.
    pub zone: TimeZone,
    /// The bounds of each room.
    pub room: RoomLimits,
    /// Where messages are kept; `None`: in memory only.
    pub data: Option<Data>,
    /// Passwords are taken over connections from other hosts too.
    pub plain_passwords: bool,
    /// Connections in all; `0`: no limit.
    pub connections_max: usize,
    /// Connections from one address; `0`: no limit.
    pub per_address_max: usize,
    /// Rooms; `0`: no limit.
    pub rooms_max: usize,
    /// How fast one client may send lines.
    pub pace: Pace,
    /// After how long without input a connection is closed; `None`: never.
    pub idle: Option<Duration>,
    /// How long a stopping server waits for its clients.
    pub grace: Duration,
    /// Messages are inserted above what a raw client types.
    pub raw_ansi: bool,
    /// Executor threads; at least 1.
    pub threads: usize,
    /// What is logged.
    pub log: LevelFilter,
}

impl Config {
    /// Checks what was typed. The error is a sentence for the person who typed it.
    pub fn new(args: Args) -> Result<Config, String> {
        let mut listen = Vec::new();
        for text in &args.listen {
            listen.push(parse_listen(text)?);
        }
        if listen.is_empty() {
            listen.push(Listen::Tcp(DEFAULT_LISTEN));
        }
        check("history", args.history, limits::HISTORY_LINES_MAX)?;
        check("threads", args.threads, limits::THREADS_MAX)?;
        check("idle", args.idle, limits::SECONDS_MAX)?;
        if !(0.0..=f64::from(limits::SECONDS_MAX)).contains(&args.grace) {
            return Err(format!(
                "--grace {}: give a number of seconds, such as 2",
                args.grace
            ));
        }
        Ok(Config {
            listen,
            data: parse_data(&args)?,
            name: args.name.as_deref().map(parse_name).transpose()?,
            motd: match &args.motd {
                Some(path) => motd::read(path)?,
                None => None,
            },
            plain_passwords: args.plain_passwords,
            zone: parse_zone(args.timezone.as_deref())?,
            room: RoomLimits {
                members_max: args.max_members,
                history_lines: args.history,
                outbox_bytes: args.outbox,
            },
            connections_max: args.max_connections,
            per_address_max: args.max_per_address,
            rooms_max: args.max_rooms,
            pace: Pace::new(args.rate, args.burst),
            idle: (args.idle > 0).then(|| Duration::from_secs(args.idle.into())),
            grace: Duration::from_secs_f64(args.grace),
            raw_ansi: args.raw == RawDrawing::Ansi,
            threads: match args.threads {
                0 => std::thread::available_parallelism().map_or(1, usize::from),
                count => count,
            },
            log: args.log,
        })
    }

    /// Opens the place where messages live. Blocks while it does.
    ///
    /// # Errors
    ///
    /// A sentence that says what is wrong with the file, which is as it was.
    pub fn open_store(&self) -> Result<Store, String> {
        match &self.data {
            None => Ok(Store::memory(self.room.history_lines)),
            Some(data) => {
                Store::open(&data.file, data.sync, data.keep).map_err(|error| error.to_string())
            }
        }
    }

    /// True if the operator left the place to listen at to us.
    pub fn listens_at_default(&self) -> bool {
        self.listen == [Listen::Tcp(DEFAULT_LISTEN)]
    }
}

/// Port 50006, as the original program had it, on every address of either family.
const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), 50006);

fn check<T: PartialOrd + std::fmt::Display>(flag: &str, value: T, most: T) -> Result<(), String> {
    if value > most {
        return Err(format!("--{flag} {value}: at most {most} is possible"));
    }
    Ok(())
}

fn parse_listen(text: &str) -> Result<Listen, String> {
    if let Some(path) = text.strip_prefix("unix:") {
        if path.is_empty() {
            return Err("--listen unix: wants a path, such as unix:/run/parlor.sock".to_owned());
        }
        return Ok(Listen::Unix(PathBuf::from(path)));
    }
    // Names such as localhost:50006 are looked up; the first address counts.
    let address = text
        .to_socket_addrs()
        .ok()
        .and_then(|mut found| found.next());
    address.map(Listen::Tcp).ok_or_else(|| {
        format!(
            "--listen {text}: that is no address with a port; give one such as 0.0.0.0:50006, \
             [::]:50006 or unix:/run/parlor.sock"
        )
    })
}

fn parse_data(args: &Args) -> Result<Option<Data>, String> {
    let Some(file) = args.data.clone() else {
        let given = [
            ("sync", args.sync.is_some()),
            ("keep", args.keep.is_some()),
            ("keep-lines", args.keep_lines.is_some()),
            ("plain-passwords", args.plain_passwords),
        ];
        return match given.into_iter().find(|(_, given)| *given) {
            Some((flag, _)) => Err(format!(
                "--{flag} is about the file of --data: give that too"
            )),
            None => Ok(None),
        };
    };
    Ok(Some(Data {
        file,
        sync: args.sync.unwrap_or_default(),
        keep: Keep {
            days: args.keep,
            lines: args.keep_lines,
        },
    }))
}

fn parse_name(typed: &str) -> Result<Arc<str>, String> {
    let name = text::clean(typed.as_bytes());
    let wrong = if name != typed {
        "it has characters that control a terminal or cannot be seen; leave them out".to_owned()
    } else if !name.contains(text::is_visible) {
        "there is nothing to be seen in it; give a name such as \"The Lounge\"".to_owned()
    } else if text::width(&name) > limits::SERVER_NAME_COLUMNS_MAX {
        let most = limits::SERVER_NAME_COLUMNS_MAX;
        format!(
            "it is {} columns wide; at most {most} fit",
            text::width(&name)
        )
    } else {
        return Ok(Arc::from(name));
    };
    // As it was cleaned: the message goes to a terminal too.
    Err(format!("--name {name}: {wrong}"))
}

fn parse_sync(text: &str) -> Result<Sync, String> {
    match text {
        "normal" => Ok(Sync::Normal),
        "full" => Ok(Sync::Full),
        _ => Err("give normal or full".to_owned()),
    }
}

/// The zone of that name, or this machine's.
pub(crate) fn parse_zone(name: Option<&str>) -> Result<TimeZone, String> {
    match name {
        None => Ok(TimeZone::system()),
        Some(name) => zone::named(name).ok_or_else(|| {
            format!(
                "--timezone {name}: no such time zone; give one such as Asia/Bangkok, +07:00 or UTC"
            )
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(args: &[&str]) -> Result<Config, String> {
        Config::new(Args::from_args(&["parlor"], args).expect("argh takes it"))
    }

    #[test]
    fn no_arguments_mean_the_default_port_on_both_families() {
        let config = config(&[]).expect("defaults are right");
        assert!(config.listens_at_default());
        assert_eq!(config.idle, None);
        assert_eq!(config.grace, Duration::from_secs(2));
        assert!(config.threads >= 1);
    }

    #[test]
    fn places_to_listen_at_are_addresses_or_paths() {
        let config = config(&["--listen", "127.0.0.1:0", "--listen", "unix:/tmp/x"]);
        let expected = [
            Listen::Tcp("127.0.0.1:0".parse().expect("an address")),
            Listen::Unix("/tmp/x".into()),
        ];
        assert_eq!(config.expect("both are right").listen, expected);
    }

    #[test]
    fn messages_are_kept_in_memory_unless_a_file_is_named() {
        assert_eq!(config(&[]).expect("defaults are right").data, None);
        let kept = config(&["--data", "chat.db", "--sync", "full", "--keep-lines", "500"]);
        let expected = Data {
            file: "chat.db".into(),
            sync: Sync::Full,
            keep: Keep {
                days: None,
                lines: Some(500),
            },
        };
        assert_eq!(kept.expect("all is right").data, Some(expected));
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_the_flag_and_the_value() {
        let table: &[&[&str]] = &[
            &["--listen", "nonsense"],
            &["--listen", "127.0.0.1"],
            &["--listen", "127.0.0.1:99999"],
            &["--listen", "unix:"],
            &["--timezone", "Mars/Olympus"],
            &["--history", "1001"],
            &["--threads", "257"],
            &["--grace", "-1"],
            &["--grace", "NaN"],
            &["--grace", "1e300"],
            &["--idle", "4294967295"],
            &["--sync", "full"],
            &["--keep", "30"],
            &["--keep-lines", "500"],
            &["--name", ""],
            &["--name", " \u{3000}"],
            &["--name", "\x1b[31mred"],
            &["--name", "two\nrows"],
            &["--name", "a name of more than forty columns is wide"],
            &["--motd", "/nowhere/at/all"],
            &["--plain-passwords"],
        ];
        for args in table {
            let error = config(args).expect_err("it makes no sense");
            assert!(error.contains(args[0]), "{error}");
        }
    }
}
