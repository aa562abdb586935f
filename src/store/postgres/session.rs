//! One connection to the database: how it comes about, and what is asked over it.

use std::collections::HashMap;
use std::fmt;
use std::future::{Future, poll_fn};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_channel::{Receiver, Sender};
use futures_lite::future;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio_postgres::error::{DbError, Severity};
use tokio_postgres::types::ToSql;
use tokio_postgres::{AsyncMessage, Client, Config, Connection, Row, Statement};
use tokio_util::compat::{Compat, FuturesAsyncReadCompatExt};
use tracing::debug;

use super::notes::Listener;
use super::passfile;
use super::tls::{SecureWay, Tls};
use super::url::{Binding, Host, Place, PostgresConfig, SslMode};
use super::verdict::describe;
use super::way::{Address, Way, addresses};
use crate::runtime::Runtime;

/// The oldest server that has all that is needed: `gen_random_uuid` among it.
const VERSION_MIN: i32 = 130_000;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The logs of rooms.
    Writer,
    /// Names, rooms, accounts: what changes, and is to be safe.
    Changer,
    /// Barriers.
    Barrier,
    /// Reading.
    Reader,
    /// Searching.
    Searcher,
    /// The lease, and what others have to tell. It waits for no standby.
    Lease,
    /// What need not outlive anything. It waits for no disk.
    Courier,
    /// What is done now and then for all nodes. It waits for no disk.
    Upkeep,
    /// What an operator has asked for.
    Tool,
}

impl Role {
    /// How others see it among the server's connections.
    fn word(self) -> &'static str {
        match self {
            Role::Writer => "writer",
            Role::Changer => "changer",
            Role::Barrier => "barrier",
            Role::Reader => "reader",
            Role::Searcher => "searcher",
            Role::Lease => "lease",
            Role::Courier => "courier",
            Role::Upkeep => "upkeep",
            Role::Tool => "tool",
        }
    }

    /// Whether a commit over it is answered once it is safe.
    pub(super) fn is_safe(self) -> bool {
        matches!(
            self,
            Role::Writer | Role::Changer | Role::Barrier | Role::Tool
        )
    }

    /// What a session of this role is told at its beginning. What the operator has set for the database, or for the user,
    /// is meant for others: a commit that is cut short by a timeout would not be replicated.
    fn settings(self) -> String {
        let mut settings = "SET search_path = parlor; SET client_min_messages = warning; SET statement_timeout = 0;
             SET idle_in_transaction_session_timeout = 0; SET lock_timeout = 0;
             SET default_transaction_isolation = 'read committed'; SET default_transaction_deferrable = off;
             SET TimeZone = 'UTC'; SET jit = off;
             SELECT set_config('idle_session_timeout', '0', false)
             WHERE current_setting('server_version_num')::int >= 140000;
             SELECT set_config('transaction_timeout', '0', false)
             WHERE current_setting('server_version_num')::int >= 170000;"
            .to_owned();
        // Everything is found by its key. A plan that was made when the tables were small must not stay.
        settings += "SET enable_seqscan = off;";
        settings += match self {
            // `remote_apply` is stricter, and stays.
            Role::Writer | Role::Changer | Role::Barrier | Role::Tool => {
                "SELECT set_config('synchronous_commit', 'on', false)
                 WHERE current_setting('synchronous_commit') <> 'remote_apply';"
            }
            Role::Reader | Role::Searcher => "",
            Role::Lease => "SET synchronous_commit = local; LISTEN parlor;",
            Role::Courier | Role::Upkeep => "SET synchronous_commit = off;",
        };
        if !self.is_safe() {
            let lock_ms = crate::limits::POSTGRES_LOCK_MAX.as_millis();
            settings += &format!("SET lock_timeout = {lock_ms};");
        }
        if self == Role::Searcher {
            let search_ms = crate::limits::SEARCH_TIME_MAX.as_millis();
            settings += &format!("SET statement_timeout = {search_ms};");
        }
        if self == Role::Upkeep {
            // A node that sleeps is to hold up nobody. What it can be told of that came with PostgreSQL 14.
            let silent_ms = crate::limits::UPKEEP_SILENT_MAX.as_millis();
            settings += &format!(
                "SELECT set_config(name, '{silent_ms}', false) FROM pg_settings
                 WHERE name IN ('idle_in_transaction_session_timeout', 'idle_session_timeout');"
            );
        }
        settings
    }
}

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// It may be there in a moment.
    Passing(String),
    /// Somebody has to do something.
    Lasting(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Passing(why) | Failure::Lasting(why) => f.write_str(why),
        }
    }
}

/// What a server has said of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Greeting {
    pub(super) pid: i32,
    /// Commits wait for a standby.
    pub(super) has_standby: bool,
}

/// A connection that is ready to be asked.
pub(super) struct Session {
    client: Client,
    statements: Mutex<HashMap<&'static str, Statement>>,
    /// What it is called among the server's connections.
    pub(super) name: String,
    pub(super) greeting: Greeting,
    /// Something was sent since [`Session::begin`].
    was_sent: AtomicBool,
    /// The server has said that it did not wait for a standby, since then.
    was_unsafe: Arc<AtomicBool>,
    /// Closed: the connection is given up.
    given_up: (Sender<()>, Receiver<()>),
}

type Wire = Connection<Compat<Way>, SecureWay>;

impl Session {
    /// Connects to the first of the hosts that can be written to. What has to go on meanwhile is the second value.
    pub(super) async fn connect(
        runtime: &Runtime,
        place: &Destination,
        role: Role,
        listener: Option<Listener>,
    ) -> Result<(Arc<Session>, impl Future<Output = ()> + Send + 'static), Failure> {
        let called = &place.config.application_name;
        let name = format!("{called} {} {}", place.token, role.word());
        let mut failures = Vec::new();
        for host in &place.config.hosts {
            match connect_host(runtime, place, host, &name).await {
                Err(failure) => failures.push((host, failure)),
                Ok((client, wire)) => {
                    let session = Session::new(client, name.clone());
                    let unsafe_commits = Arc::clone(&session.was_unsafe);
                    let end = session.given_up.1.clone();
                    let mut wire = Box::pin(drive(wire, unsafe_commits, listener.clone(), end));
                    let greeted = session.greet(place, role);
                    let limit = runtime.clock.after(place.config.connect_timeout);
                    let greeted = future::or(
                        async { Some(greeted.await) },
                        future::or(
                            async {
                                (&mut wire).await;
                                None
                            },
                            async {
                                limit.await;
                                None
                            },
                        ),
                    );
                    match greeted.await {
                        Some(Ok(greeting)) => {
                            let session = Session {
                                greeting,
                                ..session
                            };
                            return Ok((Arc::new(session), wire));
                        }
                        Some(Err(failure)) => failures.push((host, failure)),
                        None => {
                            let why = "it does not answer".to_owned();
                            failures.push((host, Failure::Passing(why)));
                        }
                    }
                }
            }
        }
        Err(summed_up(&failures))
    }

    fn new(client: Client, name: String) -> Session {
        Session {
            client,
            statements: Mutex::default(),
            name,
            greeting: Greeting {
                pid: 0,
                has_standby: false,
            },
            was_sent: AtomicBool::new(false),
            was_unsafe: Arc::default(),
            given_up: async_channel::bounded(1),
        }
    }

    /// Looks whether this is a server that can be used, and tells it how.
    async fn greet(&self, place: &Destination, role: Role) -> Result<Greeting, Failure> {
        let passing = |error: tokio_postgres::Error| Failure::Passing(describe(&error));
        let asked = "SELECT current_setting('server_version_num')::int, current_setting('server_encoding'),
                 current_setting('fsync'), pg_is_in_recovery() OR current_setting('transaction_read_only')::bool,
                 pg_backend_pid(), current_setting('synchronous_standby_names') <> ''";
        let row = self.client.query_one(asked, &[]).await.map_err(passing)?;
        let version: i32 = row.try_get(0).map_err(passing)?;
        let encoding: &str = row.try_get(1).map_err(passing)?;
        let fsync: &str = row.try_get(2).map_err(passing)?;
        if version < VERSION_MIN {
            let version = version / 10_000;
            return Err(Failure::Lasting(format!(
                "it is PostgreSQL {version}, and 13 or later is needed"
            )));
        }
        if fsync != "on" {
            return Err(Failure::Lasting(
                "its setting fsync is off, so that a power cut would damage what was said: set it on".into(),
            ));
        }
        if encoding != "UTF8" {
            return Err(Failure::Lasting(format!(
                "the encoding of the database is {encoding}: create it with ENCODING 'UTF8'"
            )));
        }
        if row.try_get(3).map_err(passing)? {
            return Err(Failure::Passing(
                "it is a standby, or only reads".to_owned(),
            ));
        }
        self.client
            .batch_execute(&role.settings())
            .await
            .map_err(passing)?;
        place.recognise(&self.client).await?;
        Ok(Greeting {
            pid: row.try_get(4).map_err(passing)?,
            has_standby: row.try_get(5).map_err(passing)?,
        })
    }

    /// Ready for the next request, of which nothing was sent yet.
    pub(super) fn begin(&self) {
        self.was_sent.store(false, Ordering::Relaxed);
        self.was_unsafe.store(false, Ordering::Relaxed);
    }

    pub(super) fn was_sent(&self) -> bool {
        self.was_sent.load(Ordering::Relaxed)
    }

    /// Whether the server has committed without waiting for a standby, since somebody told it not to.
    pub(super) fn was_unsafe(&self) -> bool {
        self.was_unsafe.load(Ordering::Relaxed)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed() || self.given_up.0.is_closed()
    }

    /// Ends the connection, whatever is going on over it.
    pub(super) fn give_up(&self) {
        self.given_up.0.close();
    }

    /// The rows of one statement. It is done when this answers: as a transaction of its own, if none was begun.
    pub(super) async fn query(
        &self,
        sql: &'static str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, tokio_postgres::Error> {
        let statement = self.statement(sql).await?;
        self.was_sent.store(true, Ordering::Relaxed);
        self.client.query(&statement, params).await
    }

    /// The only row of one statement, if there is one.
    pub(super) async fn query_opt(
        &self,
        sql: &'static str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Option<Row>, tokio_postgres::Error> {
        let rows = self.query(sql, params).await?;
        Ok(rows.into_iter().next())
    }

    /// How many rows one statement has changed.
    pub(super) async fn execute(
        &self,
        sql: &'static str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, tokio_postgres::Error> {
        let statement = self.statement(sql).await?;
        self.was_sent.store(true, Ordering::Relaxed);
        self.client.execute(&statement, params).await
    }

    /// Several statements in one transaction, or nothing of them.
    pub(super) async fn batch(&self, sql: &str) -> Result<(), tokio_postgres::Error> {
        self.was_sent.store(true, Ordering::Relaxed);
        self.client.batch_execute(sql).await
    }

    async fn statement(&self, sql: &'static str) -> Result<Statement, tokio_postgres::Error> {
        let known = || {
            self.statements
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        if let Some(statement) = known().get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql).await?;
        known().insert(sql, statement.clone());
        Ok(statement)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("name", &self.name)
            .field("pid", &self.greeting.pid)
            .field("is_closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}

/// Where all connections go.
#[derive(Debug)]
pub(super) struct Destination {
    pub(super) config: PostgresConfig,
    pub(super) tls: Option<Arc<ClientConfig>>,
    /// What tells the connections of this process from others'.
    pub(super) token: String,
    /// The database that we have started with.
    pub(super) cluster: Mutex<Option<String>>,
}

impl Destination {
    /// Another database in its place is none that could be gone on with.
    async fn recognise(&self, client: &Client) -> Result<(), Failure> {
        let known = self
            .cluster
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let Some(known) = known else {
            return Ok(());
        };
        let asked = "SELECT cluster::text FROM parlor.meta";
        let found = client.query_opt(asked, &[]).await;
        let found = found.map_err(|error| Failure::Passing(describe(&error)))?;
        let found = found.map(|row| row.try_get::<_, String>(0)).transpose();
        match found.map_err(|error| Failure::Passing(describe(&error)))? {
            Some(found) if found == known => Ok(()),
            _ => Err(Failure::Lasting(
                "it has another parlor's data than it had before".to_owned(),
            )),
        }
    }
}

async fn connect_host(
    runtime: &Runtime,
    place: &Destination,
    host: &Host,
    name: &str,
) -> Result<(Client, Wire), Failure> {
    let found = addresses(runtime, host).await;
    let found = found.map_err(|error| Failure::Passing(error.to_string()))?;
    let mut failure = Failure::Passing("its name has no address".to_owned());
    for address in found {
        let mode = place.config.tls.mode;
        match connect_address(runtime, place, host, &address, name, mode).await {
            Ok(connected) => return Ok(connected),
            // As libpq does: what asks for no more than that may go on without.
            Err(_) if mode == SslMode::Prefer && matches!(address, Address::Network(_)) => {
                let plain = SslMode::Disable;
                match connect_address(runtime, place, host, &address, name, plain).await {
                    Ok(connected) => return Ok(connected),
                    Err(other) => failure = other,
                }
            }
            Err(other) => failure = other,
        }
    }
    Err(failure)
}

async fn connect_address(
    runtime: &Runtime,
    place: &Destination,
    host: &Host,
    address: &Address,
    name: &str,
    mode: SslMode,
) -> Result<(Client, Wire), Failure> {
    // Nobody listens in on a socket of the machine.
    let mode = match address {
        Address::Socket(_) => SslMode::Disable,
        Address::Network(_) => mode,
    };
    let (config, password) = (place.config.clone(), host.clone());
    let password = match &place.config.password {
        Some(password) => Some(password.clone()),
        None => {
            runtime
                .unblock(move || passfile::look_up(&config, &password))
                .await
        }
    };
    let mut startup = Config::new();
    startup
        .user(&place.config.user)
        .dbname(&place.config.database)
        .application_name(name);
    if let Some(password) = &password {
        startup.password(password.reveal());
    }
    if let Some(options) = &place.config.options {
        startup.options(options);
    }
    startup.ssl_mode(match mode {
        SslMode::Disable => tokio_postgres::config::SslMode::Disable,
        SslMode::Prefer => tokio_postgres::config::SslMode::Prefer,
        _ => tokio_postgres::config::SslMode::Require,
    });
    if place.config.tls.is_direct {
        startup.ssl_negotiation(tokio_postgres::config::SslNegotiation::Direct);
    }
    startup.channel_binding(match place.config.tls.channel_binding {
        Binding::Disable => tokio_postgres::config::ChannelBinding::Disable,
        Binding::Prefer => tokio_postgres::config::ChannelBinding::Prefer,
        Binding::Require => tokio_postgres::config::ChannelBinding::Require,
    });
    let tls = Tls {
        config: place.tls.clone(),
        name: server_name(host, mode)?,
    };
    let connecting = async {
        let way = Way::connect(address).await;
        let way = way.map_err(|error| Failure::Passing(error.to_string()))?;
        let connected = startup.connect_raw(way.compat(), tls).await;
        connected.map_err(|error| refused(&error))
    };
    let limit = runtime.clock.after(place.config.connect_timeout);
    future::or(connecting, timed_out(limit, place.config.connect_timeout)).await
}

async fn timed_out<T>(limit: impl Future<Output = ()>, after: Duration) -> Result<T, Failure> {
    limit.await;
    Err(Failure::Passing(format!(
        "no answer within {} s",
        after.as_secs()
    )))
}

fn server_name(host: &Host, mode: SslMode) -> Result<Option<ServerName<'static>>, Failure> {
    match &host.place {
        Place::Network(name) if mode != SslMode::Disable => ServerName::try_from(name.clone())
            .map(Some)
            .map_err(|_| Failure::Lasting(format!("{name} is no name that certificates have"))),
        _ => Ok(None),
    }
}

/// What somebody has to do something about does not pass by itself.
fn refused(error: &tokio_postgres::Error) -> Failure {
    let why = describe(error);
    let code = error.as_db_error().map(|error| error.code().code());
    match code {
        Some(code) => match code.get(..2).unwrap_or_default() {
            // Starting, stopping, too many connections, disk full.
            "53" | "55" | "57" | "58" | "08" | "XX" => Failure::Passing(why),
            // No such user or database, a wrong password, no right.
            _ => Failure::Lasting(why),
        },
        None => match is_input_output(error) {
            true => Failure::Passing(why),
            // No password, no TLS, a certificate that is somebody else's.
            false => Failure::Lasting(why),
        },
    }
}

fn is_input_output(error: &tokio_postgres::Error) -> bool {
    let source = std::error::Error::source(error);
    let io = source.and_then(|source| source.downcast_ref::<std::io::Error>());
    match io {
        // What TLS has to say comes as one too.
        Some(io) => io
            .get_ref()
            .is_none_or(|inner| inner.downcast_ref::<rustls::Error>().is_none()),
        None => error.is_closed(),
    }
}

/// One failure for all hosts; it lasts if that of each does.
fn summed_up(failures: &[(&Host, Failure)]) -> Failure {
    let each = failures.iter();
    let why: Vec<String> = each.map(|(host, why)| format!("{host}: {why}")).collect();
    let why = why.join("; ");
    let lasts = |(_, failure): &(&Host, Failure)| matches!(failure, Failure::Lasting(_));
    match failures.iter().all(lasts) {
        true => Failure::Lasting(why),
        false => Failure::Passing(why),
    }
}

/// Moves bytes until the connection ends, or is given up.
async fn drive(
    mut wire: Wire,
    unsafe_commits: Arc<AtomicBool>,
    mut listener: Option<Listener>,
    end: Receiver<()>,
) {
    let moving = async {
        loop {
            match poll_fn(|cx| wire.poll_message(cx)).await {
                Some(Ok(AsyncMessage::Notification(note))) => {
                    if let Some(listener) = &mut listener {
                        listener.hear(note.payload());
                    }
                }
                Some(Ok(AsyncMessage::Notice(notice))) => {
                    if is_unsafe(&notice) {
                        unsafe_commits.store(true, Ordering::Relaxed);
                    }
                    debug!(code = notice.code().code(), "{}", notice.message());
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => {
                    debug!(
                        "a connection to the database has ended: {}",
                        describe(&error)
                    );
                    break;
                }
                None => break,
            }
        }
    };
    let given_up = async {
        let _ = end.recv().await;
    };
    future::or(moving, given_up).await;
}

/// Whether this says that a commit was not waited for: somebody has cancelled the statement meanwhile, or ended the
/// connection. Nothing that we ask gives a warning otherwise.
fn is_unsafe(notice: &DbError) -> bool {
    notice.parsed_severity() == Some(Severity::Warning)
}
