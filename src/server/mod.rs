//! Letting clients in, and stopping.

mod arrival;
mod clock_watch;
mod connect_log;
mod control;
mod entrances;
mod listening;
pub mod log;
mod proxied;
mod reload;
pub mod signals;
pub mod systemd;

use std::convert::Infallible;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use async_channel::{Receiver, Sender};
use futures_lite::future;
use smol::Task;
use tracing::{info, warn};

pub use self::entrances::Entrances;

use self::connect_log::ConnectLog;
use self::listening::Listening;
use self::reload::Caretaker;
use self::signals::StopSignal;
use self::systemd::{Notifier, watchdog};

use crate::chat::message::MemberId;
use crate::config::control::Control;
use crate::config::{Config, ConfigSource, LiveConfig};
use crate::connection::Connection;
use crate::connection::context::Shared;
use crate::hub::lobby::Lobby;
use crate::limits::{GRACE_MIN, STOP_MARGIN};
use crate::net::admission::{Admission, Admitted};
use crate::net::reason::Reason;
use crate::net::share::Shares;
use crate::net::socket::{Encryption, Peer, Socket};
use crate::net::tls::Certificates;
use crate::ops::admin::{self, AdminListener};
use crate::ops::{self, Watched};
use crate::runtime::{Runtime, Tasks};
use crate::store::Store;

/// A server: what lets clients in, one for all listeners. It knows no listener, so a simulation can bring its
/// own network.
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    next_id: AtomicU64,
    connections: Tasks,
    connect_log: ConnectLog,
    clock_watch: Mutex<Option<Task<()>>>,
    /// Where rooms are kept, for who watches.
    store: Store,
    /// Closed once it stops, for those who wait for their turn.
    stopping: (Sender<Infallible>, Receiver<Infallible>),
    /// Has a message once an operator wants it to stop.
    asked_to_stop: Receiver<()>,
}

impl Server {
    /// A server with the rooms and accounts of `store`. Listeners by TLS need `certificates` that are open.
    ///
    /// # Errors
    ///
    /// A sentence for the operator if they cannot be read.
    pub async fn open(
        runtime: Runtime,
        config: Config,
        store: Store,
        certificates: Arc<Certificates>,
    ) -> Result<Arc<Server>, String> {
        Server::open_with(runtime, config, store, certificates, Control::none()).await
    }

    /// The same, where an operator can ask for something by way of `control`.
    async fn open_with(
        runtime: Runtime,
        config: Config,
        store: Store,
        certificates: Arc<Certificates>,
        control: Control,
    ) -> Result<Arc<Server>, String> {
        let watch = clock_watch::watch(runtime.clock.clone(), store.clone());
        let watched_store = store.clone();
        let lobby = Lobby::open(runtime.clone(), store, config.room, config.rooms);
        let lobby = lobby
            .await
            .map_err(|error| format!("cannot read the rooms: {error}"))?;
        let (most, per_address) = (config.connections_max, config.per_address_max);
        let (stop, asked_to_stop) = async_channel::bounded(1);
        let shared = Arc::new(Shared {
            admission: Admission::new(most, per_address, config.connect_pace),
            lobby,
            backlog: Arc::default(),
            shares: Shares::new(config.threads),
            reasons: Arc::default(),
            certificates,
            runtime: runtime.clone(),
            control,
            config: LiveConfig::new(config),
        });
        control::install(&shared, stop);
        Ok(Arc::new(Server {
            next_id: AtomicU64::new(1),
            connections: runtime.tasks(),
            connect_log: ConnectLog::default(),
            clock_watch: Mutex::new(Some(runtime.tasks().spawn(watch))),
            stopping: async_channel::bounded(1),
            store: watched_store,
            asked_to_stop,
            shared,
        }))
    }

    /// Serves one client, from its being let in or refused to its end, in a task of its own. What is rare is in a
    /// box: there are as many tasks as clients, and each would keep a place for it.
    pub fn serve(self: &Arc<Self>, socket: Socket, peer: Peer) {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let now = self.shared.runtime.clock.now();
        let server = Arc::clone(self);
        let is_logged = self.connect_log.connects(peer.address(), now);
        // First of all: whoever is banned takes no place, and costs next to nothing.
        let admitted = match self.ban_of(peer) {
            Some(banned) => Err(banned),
            None => self.shared.admission.admit(peer, now),
        };
        match admitted {
            Ok(admitted) => match admitted.turn {
                None => {
                    let connection = self.connection(id, peer, socket);
                    let serving = server.serve_one(id, peer, is_logged, connection, admitted);
                    self.connections.start(serving);
                }
                Some(turn) => self.connections.start(Box::pin(async move {
                    server.wait_for_turn(turn).await;
                    let connection = server.connection(id, peer, socket);
                    let serving = server.serve_one(id, peer, is_logged, connection, admitted);
                    serving.await;
                })),
            },
            Err(reason) => self.connections.start(Box::pin(async move {
                if let Some(_slot) = server.shared.admission.refusal_slot() {
                    server.connection(id, peer, socket).refuse(reason).await;
                }
                server.ended(id, peer, is_logged, reason);
            })),
        }
    }

    /// Whether an operator keeps out whoever comes from there, counted as a hit.
    fn ban_of(&self, peer: Peer) -> Option<Reason> {
        let ban = self.shared.lobby.ban_of_address(peer.source().ip()?);
        ban.map(|_| Reason::AddressBanned)
    }

    fn connection(&self, id: u64, peer: Peer, socket: Socket) -> Box<Connection> {
        let id = MemberId::on(self.store.node(), id);
        Connection::new(id, peer, socket, Arc::clone(&self.shared))
    }

    /// A block and no `async fn`, since that would keep two places for each argument, one of them in vain.
    #[expect(
        clippy::manual_async_fn,
        reason = "there are as many of these as clients"
    )]
    fn serve_one(
        self: Arc<Self>,
        id: u64,
        peer: Peer,
        is_logged: bool,
        connection: Box<Connection>,
        admitted: Admitted,
    ) -> impl Future<Output = ()> + Send {
        async move {
            if is_logged {
                info!(id, %peer, by = peer.encryption.map(Encryption::name), "connected");
            }
            let reason = connection.run().await;
            drop(admitted);
            self.ended(id, peer, is_logged, reason);
        }
    }

    /// Waits until `turn`, or until the server stops: then nobody has to wait for the last words.
    async fn wait_for_turn(&self, turn: Instant) {
        future::or(self.shared.runtime.clock.at(turn), self.stopped()).await;
    }

    /// Waits until the server stops.
    async fn stopped(&self) {
        let _ = self.stopping.1.recv().await;
    }

    fn ended(&self, id: u64, peer: Peer, is_logged: bool, reason: Reason) {
        self.shared.reasons.count(reason);
        if is_logged {
            match reason {
                Reason::ServerFull => warn_refused(peer, "server-full"),
                Reason::AddressFull => warn_refused(peer, "address-full"),
                Reason::NotTls => warn_refused(peer, "not-tls"),
                Reason::HandshakeLate => warn_refused(peer, "tls-late"),
                Reason::AddressBanned => warn_refused(peer, "banned"),
                _ => info!(id, %peer, %reason, "closed"),
            }
        }
        self.connect_log
            .disconnects(self.shared.runtime.clock.now());
    }

    /// Warns of operators who have no account yet.
    async fn warn_of_operators(&self) {
        let config = self.shared.config.snapshot();
        for warning in self.shared.lobby.unregistered(&config.operators).await {
            warn!("{warning}");
        }
    }

    /// How many clients are served, those included that are being told why they are refused.
    pub fn clients(&self) -> usize {
        self.connections.running()
    }

    /// What of it is watched.
    pub fn watched(&self) -> Watched {
        let shared = &self.shared;
        let backlog = Arc::clone(&shared.backlog);
        Watched {
            runtime: shared.runtime.clone(),
            lobby: Arc::clone(&shared.lobby),
            store: self.store.clone(),
            admission: Arc::clone(&shared.admission),
            certificates: Arc::clone(&shared.certificates),
            reasons: Arc::clone(&shared.reasons),
            connections: self.connections.clone(),
            output_waiting: Box::new(move || backlog.bytes()),
            faults: log::faults,
        }
    }

    /// Tells everybody that the server stops, waits for them to take the last words (but no longer than the
    /// grace period), and ends the rooms and the store. Let nobody in any more before.
    pub async fn stop(&self) {
        let Shared {
            lobby,
            runtime,
            config,
            reasons,
            control: _,
            certificates: _,
            admission: _,
            backlog: _,
            shares: _,
        } = &*self.shared;
        self.connect_log.finish();
        let clock_watch = self.clock_watch.lock().ok().and_then(|mut it| it.take());
        if let Some(watch) = clock_watch {
            watch.cancel().await;
        }
        lobby.stop();
        self.stopping.0.close();
        let everybody_left = async {
            self.connections.idle().await;
            lobby.close_rooms().await;
            true
        };
        let too_late = async {
            let grace = config.get().grace.max(GRACE_MIN);
            runtime.clock.after(grace).await;
            false
        };
        if !future::or(everybody_left, too_late).await {
            warn!("some clients did not read the last words in time");
        }
        match log::faults() {
            0 => info!(ended = %reasons, "stopped"),
            faults => info!(ended = %reasons, faults, "stopped"),
        }
    }
}

/// Tells of a client that was not let in, for those who watch the log for attacks.
fn warn_refused(peer: Peer, reason: &str) {
    let address = peer.group().map_or("unix".to_owned(), |ip| ip.to_string());
    warn!("security: refused address={address} reason={reason}");
}

/// What a server begins with.
#[derive(Debug)]
pub struct Start {
    /// What it goes by.
    pub config: Config,
    /// Where that came from, and where another one comes from if the operator asks for it.
    pub source: ConfigSource,
    /// Its rooms and accounts.
    pub store: Store,
    /// The ways in.
    pub entrances: Entrances,
    /// Who wants to know how it goes.
    pub notifier: Notifier,
}

/// Serves clients, and operators, until a signal or an operator says that the server should stop; then stops as
/// [`Server::stop`] does. Meanwhile the configuration is read anew at each SIGHUP, and whenever [`Control`] asks for it.
///
/// # Errors
///
/// A sentence for the operator if the rooms cannot be read.
pub async fn run(runtime: Runtime, start: Start, signal: StopSignal) -> Result<(), String> {
    let (control, requests) = Control::new();
    let (config, store, notifier) = (start.config, start.store, Arc::new(start.notifier));
    let Entrances {
        listeners,
        metrics,
        certificates,
        desk,
    } = start.entrances;
    let tasks = runtime.tasks();
    let looking = tasks.spawn(Arc::clone(&certificates).watch(runtime.clone()));
    let opening = Server::open_with(
        runtime.clone(),
        config,
        store,
        certificates,
        control.clone(),
    );
    let server = opening.await?;
    // For as long as there is something to be seen.
    let watching = metrics.map(|listener| tasks.spawn(ops::serve(listener, server.watched())));
    let mut caretaker = Caretaker {
        listening: Listening::start(&server, runtime.tasks(), listeners),
        server: Arc::clone(&server),
        source: Arc::new(start.source),
        requests,
        notifier: Arc::clone(&notifier),
        late: None,
    };
    notifier.ready();
    let telling = runtime.tasks();
    let telling = telling.spawn(tell_manager(Arc::clone(&server), Arc::clone(&notifier)));
    let desk = desk.map(|desk| tasks.spawn(serve_operators(&server, desk)));
    server.warn_of_operators().await;
    let stopped = async {
        let signalled = signal.wait(|| control.ask_for_reload());
        let asked = async {
            let _ = server.asked_to_stop.recv().await;
        };
        future::or(signalled, asked).await;
        Ok(())
    };
    let failed = async {
        future::or(caretaker.run(), runtime.thread_failed()).await;
        Err("stopped by a fault of its own; its log tells more".to_owned())
    };
    let why = future::or(stopped, failed).await;
    telling.cancel().await;
    looking.cancel().await;
    let grace = server.shared.config.get().grace;
    notifier.stopping(grace + STOP_MARGIN);
    caretaker.listening.stop().await;
    if let Some(desk) = desk {
        desk.cancel().await;
    }
    server.stop().await;
    if let Some(watching) = watching {
        watching.cancel().await;
    }
    why
}

/// Serves operators at `desk`. Those who are served go on until the process ends.
fn serve_operators(server: &Server, desk: AdminListener) -> impl Future<Output = ()> + use<> {
    let (lobby, shared) = (Arc::clone(&server.shared.lobby), Arc::clone(&server.shared));
    let runtime = shared.runtime.clone();
    let zone = move || shared.config.get().zone.clone();
    admin::serve(runtime.clone(), runtime.tasks(), lobby, zone, desk)
}

/// Has the service manager know how it goes, for as long as the server runs.
async fn tell_manager(server: Arc<Server>, notifier: Arc<Notifier>) {
    if !notifier.is_heard() {
        return;
    }
    let Shared { lobby, runtime, .. } = &*server.shared;
    let status = watchdog::tell_status(&runtime.clock, lobby, &notifier);
    let Some(limit) = notifier.watchdog() else {
        return status.await;
    };
    let watching = watchdog::watch(&runtime.clock, limit, || lobby.probe(), || notifier.alive());
    future::zip(status, watching).await;
}

/// Raises the limit of file descriptors to what the system allows this process; each client takes one.
pub fn raise_descriptor_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        warn!(%error, "cannot raise the limit of open files");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_task_of_a_client_fits_into_what_the_allocator_gives_for_it() {
        fn size_of_result<F>(
            _: impl Fn(Arc<Server>, u64, Peer, bool, Box<Connection>, Admitted) -> F,
        ) -> usize {
            size_of::<F>()
        }
        // With 56 bytes for the executor it takes 224. The next larger size is 256, for each of ten thousand.
        let size = size_of_result(Server::serve_one);
        assert!(size <= 168, "{size}");
    }
}
