//! What the operator chose ([`Options`]), and what it means ([`Config`]).
//!
//! [`options`] lists every option, and says how to add one. [`ConfigSource`] reads flags, environment and file.

pub mod control;
mod data;
pub mod document;
mod file;
pub mod live;
mod motd;
pub mod options;
mod source;
#[cfg(test)]
mod tests;
pub mod value;

use std::ffi::OsString;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use tracing::level_filters::LevelFilter;
use tracing::warn;

pub use data::{Data, ON_COMMAND_LINE};
pub use live::{LiveConfig, ReloadReport};
pub use options::{LogFormat, Options, RawDrawing};
pub use source::{ConfigError, ConfigSource, Source};

use crate::chat::name::Name;
use crate::chat::room::RoomLimits;
use crate::chat::room::entry::ENTRY_VERSION;
use crate::hub::lobby::LobbyLimits;
use crate::net::endpoint::{Listen, parse_listen};
use crate::net::listener::Listener;
use crate::net::tls::{CertificateSource, Certificates};
use crate::net::trust::Trust;
use crate::runtime::{Clock, Runtime};
use crate::store::Store;
use crate::store::cluster::ClusterOptions;
use crate::store::place::DataPlace;
use crate::time::rate::Pace;
use crate::time::zone;
use crate::{limits, text};

/// Where operators of this machine are listened for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdminPlace {
    /// Nowhere.
    None,
    /// At the usual place, which need not be possible.
    Usual(PathBuf),
    /// There.
    Given(PathBuf),
}

impl AdminPlace {
    /// The usual one of a server that has this file, or runs as a service with this directory.
    pub fn usual(data: Option<&Path>, runtime_directory: Option<OsString>) -> AdminPlace {
        if let Some(data) = data {
            let mut path = data.as_os_str().to_owned();
            path.push(".admin");
            return AdminPlace::Usual(path.into());
        }
        // A service may have several, with colons between them.
        let directories = runtime_directory.iter().flat_map(std::env::split_paths);
        let mut directories = directories.filter(|path| !path.as_os_str().is_empty());
        match directories.next() {
            Some(directory) => AdminPlace::Usual(directory.join("admin.sock")),
            None => AdminPlace::None,
        }
    }
}

/// What the server is to do: checked, with the defaults filled in.
#[derive(Clone, Debug)]
pub struct Config {
    /// What was chosen.
    pub options: Options,
    /// Where to listen; never empty.
    pub listen: Vec<Listen>,
    /// Who is believed that says whom a connection is from.
    pub proxy_from: Trust,
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
    /// Where the certificate of listeners by TLS comes from.
    pub certificate: CertificateSource,
    /// Where operators of this machine are listened for.
    pub admin: AdminPlace,
    /// The accounts that are operators.
    pub operators: Vec<Name>,
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
    /// Where `/metrics` and `/health` are; `None`: nowhere.
    pub metrics: Option<Listen>,
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
    /// How it is written.
    pub log_format: LogFormat,
}

impl Config {
    /// Checks what was chosen and fills in the defaults.
    ///
    /// # Errors
    ///
    /// What makes no sense, with [`Options::wrong`].
    pub fn new(options: Options) -> Result<Config, ConfigError> {
        let history_lines = options.history.unwrap_or(limits::HISTORY_LINES);
        let (threads, idle) = (options.threads.unwrap_or(0), options.idle.unwrap_or(0));
        check(
            &options,
            "history",
            history_lines,
            limits::HISTORY_LINES_MAX,
        )?;
        check(&options, "threads", threads, limits::THREADS_MAX)?;
        check(&options, "idle", idle, limits::SECONDS_MAX)?;
        Ok(Config {
            proxy_from: parse_trust(&options)?,
            listen: parse_listens(&options)?,
            certificate: find_certificate(&options)?,
            data: Data::parse(&options)?,
            admin: admin_place(&options, std::env::var_os("RUNTIME_DIRECTORY")),
            operators: parse_operators(&options)?,
            name: parse_name(&options)?,
            motd: read_motd(&options)?,
            plain_passwords: options.plain_passwords.unwrap_or(false),
            zone: find_zone(options.timezone.as_deref())
                .map_err(|why| options.wrong("timezone", why))?,
            room: RoomLimits {
                members_max: options.max_members.unwrap_or(limits::ROOM_MEMBERS_MAX),
                history_lines,
                outbox_bytes: options.outbox.unwrap_or(limits::OUTBOX_BYTES),
                notice_delay: parse_seconds(
                    &options,
                    "notice_delay",
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
            metrics: Config::parse_metrics(&options)?,
            idle: (idle > 0).then(|| Duration::from_secs(idle.into())),
            grace: parse_seconds(&options, "grace", options.grace, limits::GRACE)?,
            raw_ansi: options.raw == Some(RawDrawing::Ansi),
            threads: match threads {
                0 => std::thread::available_parallelism().map_or(1, usize::from),
                count => count,
            },
            log: options.log.unwrap_or(LevelFilter::INFO),
            log_format: options.log_format.unwrap_or_default(),
            options,
        })
    }

    /// Where `/metrics` and `/health` are to be found.
    ///
    /// # Errors
    ///
    /// What makes no sense, with [`Options::wrong`].
    pub fn parse_metrics(options: &Options) -> Result<Option<Listen>, ConfigError> {
        let Some(text) = &options.metrics else {
            return Ok(None);
        };
        let wrong = |why: String| options.wrong("metrics", why);
        let listen = parse_listen(text).map_err(wrong)?;
        match listen.prefix() {
            "" => Ok(Some(listen)),
            _ => {
                let why = "it speaks HTTP as it is; a web server in front of it can add TLS";
                Err(wrong(why.to_owned()))
            }
        }
    }

    /// What an option without a fixed default means here, as the file would have it.
    fn derived(&self, name: &str) -> Option<String> {
        match name {
            "threads" => Some(self.threads.to_string()),
            "max_rooms_per_address" => Some(self.rooms.per_address_max.to_string()),
            "node_name" => match &self.data {
                Some(Data::Cluster { name, .. }) => Some(value::quoted(name)),
                Some(Data::File { .. }) | None => None,
            },
            _ => None,
        }
    }

    /// Where to listen, besides what is there already: where a service manager has handed over sockets, those will do.
    pub fn places(&self, has_inherited: bool) -> &[Listen] {
        match self.options.listen.is_empty() && has_inherited {
            true => &[],
            false => &self.listen,
        }
    }

    /// What is most likely a mistake about these listeners: whoever forgets `proxy+` has headers shown as text, and all
    /// callers counted as one.
    pub fn doubt(&self, listeners: &[Listener]) -> Option<&'static str> {
        let chosen = &self.options.proxy_from;
        let is_chosen = !chosen.is_empty() && *chosen != Trust::DEFAULT;
        let is_proxied = listeners
            .iter()
            .any(|listener| listener.listen().is_proxied);
        (is_chosen && !is_proxied).then_some(
            "proxy_from counts for nothing: no place to listen has proxy+ in front, such as proxy+127.0.0.1:50007",
        )
    }

    /// Who else can read the password of the database, and how to keep it from them.
    pub fn password_doubt(&self) -> Option<String> {
        data::password_doubt(&self.options)
    }

    /// Opens the store for messages, from which the clock hears what time it was. Blocks meanwhile.
    ///
    /// # Errors
    ///
    /// A sentence that says what is wrong with the file, which is left unchanged, or with the database.
    pub fn open_store(&self, runtime: &Runtime) -> Result<Store, String> {
        match &self.data {
            None => Ok(Store::memory(self.room.history_lines)),
            Some(Data::File { file, sync, keep }) => {
                let opened = Store::open(file, *sync, *keep, &runtime.clock);
                opened.map_err(|error| error.to_string())
            }
            Some(Data::Cluster {
                url,
                keep,
                lease,
                name,
            }) => {
                let options = ClusterOptions {
                    label: name.clone(),
                    lease: *lease,
                    version: ENTRY_VERSION,
                };
                let (url, keep, opened) = (url.clone(), *keep, runtime.clone());
                runtime.block_on(
                    async move { Store::open_cluster(&url, keep, options, &opened).await },
                )
            }
        }
    }

    /// The certificate of listeners by TLS, if there are any: read or made. Blocks meanwhile.
    ///
    /// # Errors
    ///
    /// A sentence that says what is wrong with which file.
    pub fn open_certificates(
        &self,
        listeners: &[Listener],
        clock: &Clock,
    ) -> Result<Arc<Certificates>, String> {
        let certificates = Certificates::new(self.certificate.clone());
        match listeners.iter().any(|listener| listener.listen().is_tls) {
            true => {
                certificates.open(clock.timestamp())?;
                if let (Some(Data::Cluster { .. }), CertificateSource::Made(None)) =
                    (&self.data, &self.certificate)
                {
                    warn!(
                        "each server that shares the database makes a tls certificate of its own, another one at each \
                         start; give all of them the same --tls-cert and --tls-key"
                    );
                }
            }
            false => self
                .certificate_doubt()
                .into_iter()
                .for_each(|doubt| warn!("{doubt}")),
        }
        Ok(certificates)
    }

    /// What is to be said of the certificate where there is no listener by TLS.
    pub fn certificate_doubt(&self) -> Option<String> {
        let CertificateSource::Files { .. } = self.certificate else {
            return None;
        };
        Some("the tls certificate is for listeners by TLS, such as tls+0.0.0.0:50992, and there is none".to_owned())
    }
}

/// Refuses more than `most` for the option `name`.
fn check<T: PartialOrd + Display>(
    options: &Options,
    name: &str,
    value: T,
    most: T,
) -> Result<(), ConfigError> {
    match value > most {
        true => Err(options.wrong(name, format!("at most {most} is allowed"))),
        false => Ok(()),
    }
}

fn parse_rooms(options: &Options) -> Result<LobbyLimits, ConfigError> {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    let days = options.room_idle.unwrap_or(0);
    check(options, "room_idle", days, limits::ROOM_IDLE_DAYS_MAX)?;
    let account_days = options.account_idle.unwrap_or(0);
    check(
        options,
        "account_idle",
        account_days,
        limits::ACCOUNT_IDLE_DAYS_MAX,
    )?;
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
        linger: parse_seconds(options, "linger", options.linger, limits::LINGER)?,
    })
}

fn parse_listens(options: &Options) -> Result<Vec<Listen>, ConfigError> {
    if options.listen.is_empty() {
        return Ok(vec![Listen::DEFAULT]);
    }
    let mut places: Vec<Listen> = Vec::new();
    for text in &options.listen {
        let wrong = |why: String| options.wrong_value("listen", text, why);
        let listen = parse_listen(text).map_err(wrong)?;
        let other = places
            .iter()
            .find(|other| listen.place.excludes(&other.place));
        if let Some(other) = other {
            let why = format!("another one is {other} already: leave one of them out");
            return Err(wrong(why));
        }
        places.push(listen);
    }
    Ok(places)
}

fn parse_trust(options: &Options) -> Result<Trust, ConfigError> {
    Trust::parse(&options.proxy_from)
        .map_err(|(text, why)| options.wrong_value("proxy_from", text, why))
}

fn parse_seconds(
    options: &Options,
    name: &str,
    chosen: Option<f64>,
    usual: Duration,
) -> Result<Duration, ConfigError> {
    let usual = usual.as_secs_f64();
    let seconds = chosen.unwrap_or(usual);
    match (0.0..=f64::from(limits::SECONDS_MAX)).contains(&seconds) {
        true => Ok(Duration::from_secs_f64(seconds)),
        false => {
            let why = format!("give a number of seconds, such as {usual}");
            Err(options.wrong(name, why))
        }
    }
}

fn admin_place(options: &Options, runtime_directory: Option<OsString>) -> AdminPlace {
    match &options.admin {
        Some(path) if path.as_os_str() == "none" => AdminPlace::None,
        Some(path) => AdminPlace::Given(path.clone()),
        None => AdminPlace::usual(
            options.data.as_ref().and_then(DataPlace::file),
            runtime_directory,
        ),
    }
}

fn parse_operators(options: &Options) -> Result<Vec<Name>, ConfigError> {
    let mut operators = Vec::new();
    for text in &options.operator {
        let wrong = |why: String| options.wrong_value("operator", text, why);
        let name = Name::parse(text).map_err(|error| wrong(error.to_string()))?;
        if name.is_anon() {
            return Err(wrong("anon is everybody's".to_owned()));
        }
        if options.data.is_none() {
            let why = "operators have accounts, which need --data: give that too";
            return Err(wrong(why.to_owned()));
        }
        operators.push(name);
    }
    match operators.len() > limits::OPERATORS_MAX {
        true => Err(options.wrong(
            "operator",
            format!("there can be {} at most", limits::OPERATORS_MAX),
        )),
        false => Ok(operators),
    }
}

fn find_certificate(options: &Options) -> Result<CertificateSource, ConfigError> {
    match (&options.tls_cert, &options.tls_key) {
        (Some(certificate), Some(key)) => Ok(CertificateSource::Files {
            certificate: certificate.clone(),
            key: key.clone(),
        }),
        (Some(_), None) => Err(options.wrong("tls_cert", "give --tls-key FILE too: its key")),
        (None, Some(_)) => Err(options.wrong(
            "tls_key",
            "give --tls-cert FILE too: the certificate that it is for",
        )),
        (None, None) => {
            let beside = options.data.as_ref().and_then(DataPlace::file);
            let beside = beside.map(|data| {
                let mut name = data.as_os_str().to_owned();
                name.push(limits::TLS_MADE_SUFFIX);
                PathBuf::from(name)
            });
            Ok(CertificateSource::Made(beside))
        }
    }
}

fn parse_name(options: &Options) -> Result<Option<Arc<str>>, ConfigError> {
    let Some(typed) = &options.name else {
        return Ok(None);
    };
    let name = text::clean(typed.as_bytes());
    let wrong = if name != *typed {
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
        return Ok(Some(Arc::from(name)));
    };
    Err(options.wrong("name", wrong))
}

fn read_motd(options: &Options) -> Result<Option<Arc<str>>, ConfigError> {
    match &options.motd {
        Some(path) => motd::read(path).map_err(|why| options.wrong("motd", why)),
        None => Ok(None),
    }
}

/// The zone that `--timezone` of a tool asks for. The error is a sentence for the person who has typed it.
pub fn parse_zone(name: Option<&str>) -> Result<TimeZone, String> {
    find_zone(name).map_err(|why| format!("--timezone {}: {why}", name.unwrap_or_default()))
}

/// The zone of that name, or this machine's.
fn find_zone(name: Option<&str>) -> Result<TimeZone, String> {
    match name {
        None => Ok(TimeZone::system()),
        Some(name) => zone::named(name).ok_or_else(|| {
            "no such time zone; give one such as Asia/Bangkok, +07:00 or UTC".to_owned()
        }),
    }
}
