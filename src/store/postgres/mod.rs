//! PostgreSQL as what nodes share: every call is one statement, which is done as a whole or not at all.
//!
//! A node has a few connections, each for one kind of work (`lane`), and each with one request on its way: what waits has
//! certainly not been sent. What an error means for what was asked stands in one table (`verdict`). The statements call
//! functions of the schema where several things have to be done under one lock (`migrations`).
//!
//! A commit is answered once it is on the disk of the primary and, if there is one, of its synchronous standby. While that is
//! away a commit hangs, and nothing of it is seen; if its connection is ended by somebody, it is seen without being there.
//! So nobody is told of it before ([`Nodes::wake`](super::cluster::engine::Nodes::wake)), and whoever has found it otherwise
//! first makes a commit of their own ([`Nodes::barrier`](super::cluster::engine::Nodes::barrier)), over the connection that
//! it was found over: another one may lead to another server.
//!
//! Off that way one node at a time keeps the search index (`search`) and lets go what is old or over (`upkeep`), and
//! operators' [`tools`] do what they do with a file.

mod codec;
mod lane;
mod log;
mod migrations;
mod nodes;
mod notes;
mod passfile;
mod people;
mod records;
mod register;
mod rooms;
mod search;
mod session;
mod tls;
pub mod tools;
mod upkeep;
pub mod url;
mod verdict;
mod way;

use std::env;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use async_channel::Receiver;
use futures_lite::future;
use tracing::warn;

use self::lane::{Lane, Shared};
use self::notes::Listener;
use self::session::{Destination, Failure, Role, Session};
use self::url::{PostgresConfig, Surroundings};
use super::cluster::UpkeepCounts;
use super::cluster::engine::{EngineError, News};
use super::{Retention, StoreError};
use crate::limits::{
    POSTGRES_CHANGERS, POSTGRES_CLOSE_MAX, POSTGRES_COURIERS, POSTGRES_OPEN_MAX, POSTGRES_READERS,
    POSTGRES_RETRY_FIRST, POSTGRES_RETRY_MAX, STORE_SEARCHERS,
};
use crate::runtime::Runtime;

pub use migrations::SCHEMA_VERSION;

/// A database that nodes share.
pub struct Postgres {
    shared: Arc<Shared>,
    writer: Lane,
    changer: Lane,
    barrier: Lane,
    reader: Lane,
    searcher: Lane,
    lease: Lane,
    courier: Lane,
    news: Receiver<News>,
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let database = self.shared.destination.config.to_string();
        f.debug_struct("Postgres")
            .field("database", &database)
            .finish_non_exhaustive()
    }
}

impl Postgres {
    /// Connects to a database, and brings its schema up to date. One that is just starting, or is about to become the
    /// primary, is waited for a while.
    ///
    /// # Errors
    ///
    /// A sentence for the operator that says what is in the way.
    pub async fn open(config: PostgresConfig, runtime: &Runtime) -> Result<Arc<Postgres>, String> {
        let destination = Postgres::destination(config, runtime).await?;
        let tasks = runtime.tasks();
        let (session, wire) = first_session(runtime, &destination, Role::Changer).await?;
        let (stop, stopped) = async_channel::bounded::<()>(1);
        tasks.start(future::or(wire, async move {
            let _ = stopped.recv().await;
        }));
        let migrated = migrations::migrate(&session).await;
        let has_standby = session.greeting.has_standby;
        drop(session);
        drop(stop);
        let cluster = migrated.map_err(|why| format!("{}: {why}", destination.config))?;
        if !has_standby {
            warn!(
                "the database {} has no synchronous standby (synchronous_standby_names is empty): what was said is lost \
                 with its disk",
                destination.config
            );
        }
        *destination.cluster.lock().expect("nobody else has it") = Some(cluster);
        let shared = Arc::new(Shared {
            runtime: runtime.clone(),
            tasks,
            destination,
            closing: async_channel::bounded(1),
        });
        let postgres = Postgres::start(&shared);
        // From here on nothing is missed, and what is read is known to be safe: it is not read over one connection and
        // vouched for over another.
        for lane in [&postgres.lease, &postgres.barrier] {
            let connected = lane.wait_until_connected().await;
            connected.map_err(|why| format!("the database {}: {why}", postgres.place()))?;
        }
        Ok(Arc::new(postgres))
    }

    /// Where connections go.
    async fn destination(config: PostgresConfig, runtime: &Runtime) -> Result<Destination, String> {
        let tls = config.tls.clone();
        Ok(Destination {
            token: token()?,
            tls: runtime.unblock(move || tls::client_config(&tls)).await?,
            config,
            cluster: Mutex::new(None),
        })
    }

    fn start(shared: &Arc<Shared>) -> Postgres {
        let (listener, news) = Listener::new();
        // What is used all the time is the first to notice that something hangs.
        let lease = Lane::start(shared, Role::Lease, 1, Some(&listener), None);
        let lane = |role, count| Lane::start(shared, role, count, None, Some(&lease));
        Postgres {
            writer: lane(Role::Writer, 1),
            changer: lane(Role::Changer, POSTGRES_CHANGERS),
            barrier: lane(Role::Barrier, 1),
            searcher: lane(Role::Searcher, STORE_SEARCHERS),
            reader: lane(Role::Reader, POSTGRES_READERS),
            courier: lane(Role::Courier, POSTGRES_COURIERS),
            lease,
            news,
            shared: Arc::clone(shared),
        }
    }

    /// Where the database is, as people are told.
    pub fn place(&self) -> String {
        self.shared.destination.config.to_string()
    }

    /// Why there is no connection; `None`: there is one.
    pub fn trouble(&self) -> Option<String> {
        self.lease.trouble().map(|failure| failure.to_string())
    }

    /// From now on this node takes part in what has to be done for all of them now and then, and counts that; what is old goes
    /// where `keep` does not keep it.
    pub fn look_after(&self, keep: Retention, counts: Arc<UpkeepCounts>) {
        let upkeep = upkeep::run(Arc::clone(&self.shared), keep, counts);
        self.shared.tasks.start(upkeep);
    }

    /// Ends all connections. What was sent and is not answered is open then.
    async fn end(&self) {
        self.shared.closing.0.close();
        let limit = self.shared.runtime.clock.after(POSTGRES_CLOSE_MAX);
        future::or(self.shared.tasks.idle(), limit).await;
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Its tasks end by themselves then.
        self.shared.closing.0.close();
    }
}

impl Surroundings {
    /// What is around this process.
    pub fn of_process() -> Surroundings {
        let of = |name| env::var_os(name).filter(|value| !value.is_empty());
        let user = nix::unistd::User::from_uid(nix::unistd::geteuid());
        let user = user.ok().flatten();
        let home = of("HOME").map(PathBuf::from);
        Surroundings {
            home: home.or_else(|| user.as_ref().map(|user| user.dir.clone())),
            user: user.map(|user| user.name),
            password: of("PGPASSWORD").and_then(|password| password.into_string().ok()),
            passfile: of("PGPASSFILE").map(PathBuf::from),
        }
    }
}

/// What tells the connections of this process from those of others.
fn token() -> Result<String, String> {
    let random: ring::rand::Random<[u8; 4]> =
        ring::rand::generate(&ring::rand::SystemRandom::new())
            .map_err(|_| "the system gives no random numbers")?;
    Ok(format!("{:08x}", u32::from_be_bytes(random.expose())))
}

/// Connects for the first time.
async fn first_session(
    runtime: &Runtime,
    destination: &Destination,
    role: Role,
) -> Result<(Arc<Session>, impl Future<Output = ()> + Send + 'static), String> {
    let clock = &runtime.clock;
    let end: Instant = clock.now() + POSTGRES_OPEN_MAX;
    let mut pause = POSTGRES_RETRY_FIRST;
    loop {
        match Session::connect(runtime, destination, role, None).await {
            Ok(connected) => return Ok(connected),
            Err(Failure::Passing(_)) if clock.now() + pause < end => {
                clock.after(pause).await;
                pause = (2 * pause).min(POSTGRES_RETRY_MAX);
            }
            Err(failure) => {
                return Err(format!(
                    "the database {} cannot be used: {failure}",
                    destination.config
                ));
            }
        }
    }
}

/// What cannot be asked for at all.
fn refused(why: String) -> EngineError {
    EngineError::Refused(StoreError::Failed(why))
}
