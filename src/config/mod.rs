//! What the operator chose ([`Options`]), and what it means ([`Config`]).

mod motd;
mod options;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use tracing::level_filters::LevelFilter;

pub use options::{Options, RawDrawing};

use crate::chat::room::RoomLimits;
use crate::hub::lobby::LobbyLimits;
use crate::net::endpoint::{Listen, parse_listen};
use crate::runtime::Clock;
use crate::store::{Durability, Retention, Store};
use crate::time::rate::Pace;
use crate::time::zone;
use crate::{limits, text};

/// Where messages are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Data {
    /// The database.
    pub file: PathBuf,
    /// When a message counts as stored.
    pub sync: Durability,
    /// Which messages are deleted.
    pub keep: Retention,
}

/// What the server is to do: checked, with the defaults filled in.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen; never empty.
    pub listen: Vec<Listen>,
    /// The server's name; short and clean.
    pub name: Option<Arc<str>>,
    /// What everybody is shown before the menu: clean rows, each ended by `\n`.
    pub motd: Option<Arc<str>>,
    /// The zone that times are shown in.
    pub zone: TimeZone,
    /// The bounds of each room.
    pub room: RoomLimits,
    /// Where messages are kept; `None`: in memory only.
    pub data: Option<Data>,
    /// Passwords are accepted over connections from other hosts too.
    pub plain_passwords: bool,
    /// Connections in all; `0`: no limit.
    pub connections_max: usize,
    /// Connections from one address; `0`: no limit.
    pub per_address_max: usize,
    /// How fast connections of one address begin.
    pub connect_pace: Pace,
    /// How many rooms there can be, and for how long.
    pub rooms: LobbyLimits,
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
    /// Checks what was chosen and fills in the defaults. The error is a sentence for the person who chose it.
    pub fn new(options: Options) -> Result<Config, String> {
        let history_lines = options.history.unwrap_or(limits::HISTORY_LINES);
        let (threads, idle) = (options.threads.unwrap_or(0), options.idle.unwrap_or(0));
        check("history", history_lines, limits::HISTORY_LINES_MAX)?;
        check("threads", threads, limits::THREADS_MAX)?;
        check("idle", idle, limits::SECONDS_MAX)?;
        Ok(Config {
            listen: parse_listens(&options.listen)?,
            data: parse_data(&options)?,
            name: options.name.as_deref().map(parse_name).transpose()?,
            motd: match &options.motd {
                Some(path) => motd::read(path)?,
                None => None,
            },
            plain_passwords: options.plain_passwords,
            zone: parse_zone(options.timezone.as_deref())?,
            room: RoomLimits {
                members_max: options.max_members.unwrap_or(limits::ROOM_MEMBERS_MAX),
                history_lines,
                outbox_bytes: options.outbox.unwrap_or(limits::OUTBOX_BYTES),
                notice_delay: parse_seconds(
                    "notice-delay",
                    options.notice_delay,
                    limits::NOTICE_DELAY,
                )?,
            },
            connections_max: options.max_connections.unwrap_or(limits::CONNECTIONS_MAX),
            per_address_max: options
                .max_per_address
                .unwrap_or(limits::CONNECTIONS_PER_ADDRESS_MAX),
            connect_pace: Pace::new(
                options.connect_rate.unwrap_or(limits::CONNECTS_PER_SECOND),
                options.connect_burst.unwrap_or(limits::CONNECTS_BURST),
            ),
            rooms: parse_rooms(&options)?,
            pace: Pace::new(
                options.rate.unwrap_or(limits::LINES_PER_SECOND),
                options.burst.unwrap_or(limits::LINES_BURST),
            ),
            idle: (idle > 0).then(|| Duration::from_secs(idle.into())),
            grace: parse_seconds("grace", options.grace, limits::GRACE)?,
            raw_ansi: options.raw == Some(RawDrawing::Ansi),
            threads: match threads {
                0 => std::thread::available_parallelism().map_or(1, usize::from),
                count => count,
            },
            log: options.log.unwrap_or(LevelFilter::INFO),
        })
    }

    /// Opens the store for messages, from which `clock` hears what time it was. Blocks meanwhile.
    ///
    /// # Errors
    ///
    /// A sentence that says what is wrong with the file, which is left unchanged.
    pub fn open_store(&self, clock: &Clock) -> Result<Store, String> {
        match &self.data {
            None => Ok(Store::memory(self.room.history_lines)),
            Some(data) => Store::open(&data.file, data.sync, data.keep, clock)
                .map_err(|error| error.to_string()),
        }
    }
}

fn check<T: PartialOrd + std::fmt::Display>(flag: &str, value: T, most: T) -> Result<(), String> {
    if value > most {
        return Err(format!("--{flag} {value}: at most {most} is allowed"));
    }
    Ok(())
}

fn parse_rooms(options: &Options) -> Result<LobbyLimits, String> {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    let days = options.room_idle.unwrap_or(0);
    check("room-idle", days, limits::ROOM_IDLE_DAYS_MAX)?;
    let account_days = options.account_idle.unwrap_or(0);
    check("account-idle", account_days, limits::ACCOUNT_IDLE_DAYS_MAX)?;
    // Where connections are not counted by address, addresses tell nobody from another: rooms are not either.
    let per_address = match options.max_per_address {
        Some(0) => 0,
        _ => limits::ROOMS_PER_ADDRESS_MAX,
    };
    let per_account = options.max_rooms_per_account;
    Ok(LobbyLimits {
        rooms_max: options.max_rooms.unwrap_or(limits::ROOMS_MAX),
        per_address_max: options.max_rooms_per_address.unwrap_or(per_address),
        per_account_max: per_account.unwrap_or(limits::ROOMS_PER_ACCOUNT_MAX),
        // Where nobody minds how fast people speak, nobody minds how fast they whisper.
        dm_pace: match options.rate {
            Some(0) => Pace::FREE,
            _ => Pace::new(limits::DM_PER_SECOND, limits::DM_BURST),
        },
        idle: (days > 0).then(|| DAY * days),
        account_idle: (account_days > 0).then(|| DAY * account_days),
        linger: parse_seconds("linger", options.linger, limits::LINGER)?,
    })
}

fn parse_listens(texts: &[String]) -> Result<Vec<Listen>, String> {
    match texts {
        [] => Ok(vec![Listen::DEFAULT]),
        texts => texts.iter().map(|text| parse_listen(text)).collect(),
    }
}

fn parse_seconds(flag: &str, chosen: Option<f64>, usual: Duration) -> Result<Duration, String> {
    let seconds = chosen.unwrap_or(usual.as_secs_f64());
    match (0.0..=f64::from(limits::SECONDS_MAX)).contains(&seconds) {
        true => Ok(Duration::from_secs_f64(seconds)),
        false => Err(format!(
            "--{flag} {seconds}: give a number of seconds, such as {}",
            usual.as_secs_f64()
        )),
    }
}

fn parse_data(options: &Options) -> Result<Option<Data>, String> {
    let Some(file) = options.data.clone() else {
        let given = [
            ("sync", options.sync.is_some()),
            ("keep", options.keep.is_some()),
            ("keep-lines", options.keep_lines.is_some()),
            ("account-idle", options.account_idle.is_some()),
        ];
        return match given.into_iter().find(|(_, given)| *given) {
            Some((flag, _)) => Err(format!("--{flag} is for the file of --data: give that too")),
            None => Ok(None),
        };
    };
    Ok(Some(Data {
        file,
        sync: options.sync.unwrap_or_default(),
        keep: Retention {
            days: options.keep,
            lines: options.keep_lines,
        },
    }))
}

fn parse_name(typed: &str) -> Result<Arc<str>, String> {
    let name = text::clean(typed.as_bytes());
    let wrong = if name != typed {
        "it has control or invisible characters; leave them out".to_owned()
    } else if !name.contains(text::is_visible) {
        "it has no visible character; give a name such as \"The Lounge\"".to_owned()
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

/// The zone of that name, or this machine's.
pub fn parse_zone(name: Option<&str>) -> Result<TimeZone, String> {
    match name {
        None => Ok(TimeZone::system()),
        Some(name) => zone::named(name).ok_or_else(|| {
            format!(
                "--timezone {name}: no such time zone; give one such as Asia/Bangkok, +07:00 or UTC"
            )
        }),
    }
}
