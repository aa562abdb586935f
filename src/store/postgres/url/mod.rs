//! *Pure.* Where the database is, as libpq's URLs say it.
//!
//! What libpq knows and this does not is refused, so that nobody believes to be protected by what is passed over.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::limits::POSTGRES_CONNECT_MAX;

/// What a URL of a PostgreSQL database begins with.
const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];

/// The port of PostgreSQL.
const PORT: u16 = 5432;

/// Where Debian's PostgreSQL has its Unix socket.
pub(super) const SOCKET_FOLDER: &str = "/var/run/postgresql";

/// Bytes of what somebody calls our connections.
const APPLICATION_NAME_MAX: usize = 40;

/// Which database, and how to get there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresConfig {
    /// Where it may be; the first that can be written to is taken.
    pub(super) hosts: Vec<Host>,
    pub(super) user: String,
    pub(super) database: String,
    /// From the URL, or from the environment.
    pub(super) password: Option<Password>,
    /// Where passwords are looked up otherwise.
    pub(super) passfile: Option<PathBuf>,
    pub(super) tls: TlsConfig,
    /// Given to the server as it is.
    pub(super) options: Option<String>,
    pub(super) application_name: String,
    pub(super) connect_timeout: Duration,
}

/// One place where the database may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Host {
    pub(super) place: Place,
    pub(super) port: u16,
}

/// How a host is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// By its name or address.
    Network(String),
    /// By the Unix socket in this folder.
    Folder(PathBuf),
}

/// How the way there is protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TlsConfig {
    pub(super) mode: SslMode,
    /// Whom certificates of servers are to be signed by.
    pub(super) roots: Roots,
    /// What shows the server who we are: the certificate and its key.
    pub(super) own: Option<(PathBuf, PathBuf)>,
    pub(super) channel_binding: Binding,
    /// TLS from the first byte on, as PostgreSQL 17 understands it.
    pub(super) is_direct: bool,
}

/// libpq's `sslmode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SslMode {
    /// No TLS.
    Disable,
    /// TLS if the server can; whoever stands between can read along.
    Prefer,
    /// TLS, with whatever server.
    Require,
    /// TLS, with a server whose certificate is signed by somebody whom we trust.
    VerifyCa,
    /// The same, and it is for this host.
    VerifyFull,
}

/// libpq's `sslrootcert`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Roots {
    /// `~/.postgresql/root.crt` if it is there; otherwise those of the system.
    Default(Option<PathBuf>),
    /// Those of the system.
    System,
    /// Those in this file.
    File(PathBuf),
}

/// Whether the password is bound to the TLS connection that it is given over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binding {
    Disable,
    Prefer,
    Require,
}

/// A password, which nobody is shown.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Password(String);

impl Password {
    pub(super) fn new(password: String) -> Password {
        Password(password)
    }

    /// What it is, for the server alone.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(not shown)")
    }
}

/// What of the process and of whoever runs it counts where the URL says nothing.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// The user that the process runs as.
    pub user: Option<String>,
    /// That user's home.
    pub home: Option<PathBuf>,
    /// `PGPASSWORD`.
    pub password: Option<String>,
    /// `PGPASSFILE`.
    pub passfile: Option<PathBuf>,
}

impl fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Surroundings")
            .field("user", &self.user)
            .field("home", &self.home)
            .field("password", &self.password.as_ref().map(|_| "(not shown)"))
            .field("passfile", &self.passfile)
            .finish()
    }
}

/// Whether this names a PostgreSQL database, and no file.
pub fn is_postgres(data: &str) -> bool {
    SCHEMES.iter().any(|scheme| data.starts_with(scheme))
}

/// The URL as it may be shown: without the password.
pub fn without_password(url: &str) -> String {
    let Some(at) = url.find("://").map(|at| at + 3) else {
        return url.to_owned();
    };
    let (scheme, rest) = url.split_at(at);
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let authority = match authority.rsplit_once('@') {
        Some((user, hosts)) => {
            let user = user.split_once(':').map_or(user, |(user, _)| user);
            format!("{user}@{hosts}")
        }
        None => authority.to_owned(),
    };
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let is_secret = |pair: &&str| {
        let name = pair.split_once('=').map_or(*pair, |(name, _)| name);
        decoded(name).is_none_or(|name| name == "password" || name == "sslpassword")
    };
    let shown: Vec<&str> = query.split('&').filter(|pair| !is_secret(pair)).collect();
    let query = shown.join("&");
    match query.is_empty() {
        true => format!("{scheme}{authority}{path}"),
        false => format!("{scheme}{authority}{path}?{query}"),
    }
}

impl PostgresConfig {
    /// Reads a URL.
    ///
    /// # Errors
    ///
    /// A sentence that says what is wrong with it, without the password.
    pub fn parse(url: &str, surroundings: &Surroundings) -> Result<PostgresConfig, String> {
        let rest = SCHEMES.iter().find_map(|scheme| url.strip_prefix(scheme));
        let rest = rest.ok_or("it begins with postgres://")?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let mut given = Given::default();
        given.read_authority(authority)?;
        if !database.is_empty() {
            given.database = Some(decode(database, "the database")?);
        }
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair
                .split_once('=')
                .ok_or("behind the ? stand NAME=VALUE, parted by &")?;
            let name = decode(name, "the name of a parameter")?;
            let value = decode(value, &name)?;
            given.set(&name, value)?;
        }
        given.complete(surroundings)
    }
}

impl fmt::Display for PostgresConfig {
    /// For people: `chat at db1:5432 or db2:5432`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at ", self.database)?;
        for (number, host) in self.hosts.iter().enumerate() {
            let or = if number > 0 { " or " } else { "" };
            write!(f, "{or}{host}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Network(name) if name.contains(':') => write!(f, "[{name}]:{}", self.port),
            Place::Network(name) => write!(f, "{name}:{}", self.port),
            Place::Folder(folder) => {
                write!(f, "{}/.s.PGSQL.{}", folder.display(), self.port)
            }
        }
    }
}

/// What the URL says.
#[derive(Default)]
struct Given {
    hosts: Vec<String>,
    ports: Vec<Option<u16>>,
    user: Option<String>,
    password: Option<String>,
    database: Option<String>,
    passfile: Option<PathBuf>,
    mode: Option<SslMode>,
    roots: Option<Roots>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    channel_binding: Option<Binding>,
    is_direct: bool,
    options: Option<String>,
    application_name: Option<String>,
    connect_timeout: Option<Duration>,
}

impl Given {
    fn read_authority(&mut self, authority: &str) -> Result<(), String> {
        let (who, hosts) = match authority.rsplit_once('@') {
            Some((who, hosts)) => (Some(who), hosts),
            None => (None, authority),
        };
        if let Some(who) = who {
            let (user, password) = match who.split_once(':') {
                Some((user, password)) => (user, Some(password)),
                None => (who, None),
            };
            if !user.is_empty() {
                self.user = Some(decode(user, "the user")?);
            }
            let password = password.filter(|password| !password.is_empty());
            self.password = password
                .map(|password| decode(password, "the password"))
                .transpose()?;
        }
        if hosts.is_empty() {
            return Ok(());
        }
        for host in hosts.split(',') {
            let (host, port) = split_port(host)?;
            self.hosts.push(decode(host, "a host")?);
            self.ports.push(port.map(read_port).transpose()?.flatten());
        }
        Ok(())
    }

    fn set(&mut self, name: &str, value: String) -> Result<(), String> {
        match name {
            "host" => self.hosts = value.split(',').map(str::to_owned).collect(),
            "port" => self.ports = value.split(',').map(read_port).collect::<Result<_, _>>()?,
            "user" => self.user = Some(value),
            "password" => self.password = Some(value),
            "dbname" => self.database = Some(value),
            "passfile" => self.passfile = Some(value.into()),
            "sslmode" => self.mode = Some(read_mode(&value)?),
            "sslrootcert" if value == "system" => self.roots = Some(Roots::System),
            "sslrootcert" => self.roots = Some(Roots::File(value.into())),
            "sslcert" => self.certificate = Some(value.into()),
            "sslkey" => self.key = Some(value.into()),
            "sslnegotiation" => {
                self.is_direct = one_of(name, &value, &[("postgres", false), ("direct", true)])?;
            }
            "channel_binding" => self.channel_binding = Some(read_binding(&value)?),
            "options" => self.options = Some(value),
            "application_name" => self.application_name = Some(read_name(value)?),
            "connect_timeout" => self.connect_timeout = Some(read_timeout(&value)?),
            // A server that cannot be written to is of no use, so it is never taken.
            "target_session_attrs" => one_of(
                name,
                &value,
                &[("any", ()), ("read-write", ()), ("primary", ())],
            )?,
            _ => return Err(format!("the parameter {name} is not known here")),
        }
        Ok(())
    }

    fn complete(mut self, surroundings: &Surroundings) -> Result<PostgresConfig, String> {
        let user = self.user.take().or_else(|| surroundings.user.clone());
        let user = user.ok_or("it has no user: postgres://USER@HOST/DATABASE")?;
        let home = surroundings.home.as_ref();
        let environment = surroundings.password.clone();
        let password = self.password.take().or(environment);
        let passfile = self.passfile.take();
        let passfile = passfile.or_else(|| surroundings.passfile.clone());
        Ok(PostgresConfig {
            hosts: self.hosts()?,
            tls: self.tls(home)?,
            password: password
                .filter(|password| !password.is_empty())
                .map(Password),
            passfile: passfile.or_else(|| home.map(|home| home.join(".pgpass"))),
            database: self.database.unwrap_or_else(|| user.clone()),
            user,
            options: self.options,
            application_name: self.application_name.unwrap_or_else(|| "parlor".to_owned()),
            connect_timeout: self.connect_timeout.unwrap_or(POSTGRES_CONNECT_MAX),
        })
    }

    fn hosts(&mut self) -> Result<Vec<Host>, String> {
        if self.hosts.is_empty() {
            self.hosts.push(SOCKET_FOLDER.to_owned());
        }
        // One port is for all of them.
        let count = self.hosts.len();
        match self.ports.len() {
            0 => self.ports = vec![None; count],
            1 => self.ports = vec![self.ports[0]; count],
            ports if ports != count => {
                return Err(format!("it has {count} hosts and {ports} ports"));
            }
            _ => {}
        }
        let hosts = self.hosts.iter().zip(&self.ports).map(|(host, port)| Host {
            place: match host.as_str() {
                "" => Place::Folder(SOCKET_FOLDER.into()),
                folder if folder.starts_with('/') => Place::Folder(folder.into()),
                name => Place::Network(name.to_owned()),
            },
            port: port.unwrap_or(PORT),
        });
        Ok(hosts.collect())
    }

    fn tls(&self, home: Option<&PathBuf>) -> Result<TlsConfig, String> {
        let roots = self.roots.clone();
        let is_system = roots == Some(Roots::System);
        let mode = match self.mode {
            // Anybody can have a certificate of theirs for some name.
            Some(mode) if is_system && mode < SslMode::VerifyFull => {
                return Err("sslrootcert=system goes with sslmode=verify-full only".to_owned());
            }
            Some(mode) => mode,
            None if is_system => SslMode::VerifyFull,
            None => SslMode::Prefer,
        };
        if self.is_direct && mode < SslMode::Require {
            return Err(
                "sslnegotiation=direct goes with sslmode=require or a stricter one only".to_owned(),
            );
        }
        let own = match (&self.certificate, &self.key) {
            (Some(certificate), Some(key)) => Some((certificate.clone(), key.clone())),
            (None, None) => None,
            _ => return Err("sslcert and sslkey go together".to_owned()),
        };
        Ok(TlsConfig {
            mode,
            roots: roots.unwrap_or_else(|| {
                Roots::Default(home.map(|home| home.join(".postgresql/root.crt")))
            }),
            own,
            channel_binding: self.channel_binding.unwrap_or(Binding::Prefer),
            is_direct: self.is_direct,
        })
    }
}

/// `host`, `host:port`, `[::1]:port`.
fn split_port(host: &str) -> Result<(&str, Option<&str>), String> {
    if let Some(rest) = host.strip_prefix('[') {
        let (address, rest) = rest
            .split_once(']')
            .ok_or("an address in brackets ends with ]")?;
        return match rest.strip_prefix(':') {
            Some(port) => Ok((address, Some(port))),
            None if rest.is_empty() => Ok((address, None)),
            None => Err("behind an address in brackets stands :PORT or nothing".to_owned()),
        };
    }
    Ok(match host.split_once(':') {
        Some((_, port)) if port.contains(':') => {
            return Err("an address of version 6 stands in brackets".to_owned());
        }
        Some((host, port)) => (host, Some(port)),
        None => (host, None),
    })
}

/// Nothing: the usual one.
fn read_port(text: &str) -> Result<Option<u16>, String> {
    match text.parse() {
        _ if text.is_empty() => Ok(None),
        Ok(port @ 1..) => Ok(Some(port)),
        _ => Err("a port is a number from 1 to 65535".to_owned()),
    }
}

fn read_mode(value: &str) -> Result<SslMode, String> {
    let modes = [
        ("disable", SslMode::Disable),
        ("prefer", SslMode::Prefer),
        ("require", SslMode::Require),
        ("verify-ca", SslMode::VerifyCa),
        ("verify-full", SslMode::VerifyFull),
    ];
    one_of("sslmode", value, &modes)
}

fn read_binding(value: &str) -> Result<Binding, String> {
    let bindings = [
        ("disable", Binding::Disable),
        ("prefer", Binding::Prefer),
        ("require", Binding::Require),
    ];
    one_of("channel_binding", value, &bindings)
}

fn one_of<T: Copy>(name: &str, value: &str, all: &[(&str, T)]) -> Result<T, String> {
    let found = all.iter().find(|(word, _)| *word == value);
    found.map(|(_, meaning)| *meaning).ok_or_else(|| {
        let words: Vec<&str> = all.iter().map(|(word, _)| *word).collect();
        format!("{name} is one of {}", words.join(", "))
    })
}

/// What the server shows it as; something is added to it, and the server keeps 63 bytes.
fn read_name(value: String) -> Result<String, String> {
    let is_shown = value.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    match is_shown && value.len() <= APPLICATION_NAME_MAX {
        true => Ok(value),
        false => Err(format!(
            "application_name has at most {APPLICATION_NAME_MAX} characters, of ASCII"
        )),
    }
}

fn read_timeout(value: &str) -> Result<Duration, String> {
    match value.parse() {
        // libpq waits for ever.
        Ok(0) => Ok(POSTGRES_CONNECT_MAX),
        Ok(seconds @ 1..=3600) => Ok(Duration::from_secs(seconds)),
        _ => Err("connect_timeout is a number of seconds, 3600 at most".to_owned()),
    }
}

fn decode(text: &str, what: &str) -> Result<String, String> {
    // A password is not quoted.
    decoded(text).ok_or_else(|| format!("{what}: behind a % stand two digits of a byte's number"))
}

/// What `%2F` and the like stand for.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
        let byte = 16 * digit()? + digit()?;
        bytes.push(u8::try_from(byte).ok()?);
    }
    let text = String::from_utf8(bytes).ok()?;
    // The protocol ends its texts with it.
    (!text.contains('\0')).then_some(text)
}

#[cfg(test)]
mod tests;
