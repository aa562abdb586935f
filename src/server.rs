//! Listening, letting clients in, and stopping.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fs;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_lite::future;
use smol::{Async, Executor, Timer};
use socket2::{Domain, Type};
use tracing::{info, warn};

use crate::config::{Config, Listen};
use crate::connection::Connection;
use crate::limits::{ACCEPT_PAUSE, GRACE_MIN, LISTEN_BACKLOG, REFUSALS_MAX};
use crate::lobby::Lobby;
use crate::message::MemberId;
use crate::reason::{Reason, ReasonCounts};
use crate::socket::{Peer, Socket};
use crate::view::View;

/// What all connections of a server share.
#[derive(Debug)]
pub struct Shared {
    /// What the operator chose.
    pub config: Config,
    /// Rooms and names.
    pub lobby: Lobby,
    /// Why connections ended.
    pub reasons: ReasonCounts,
    admission: Admission,
    next_id: AtomicU64,
}

/// A socket that clients knock at.
#[derive(Debug)]
pub enum Listener {
    /// A TCP port.
    Tcp(Async<TcpListener>),
    /// A Unix socket; its file is removed when the listener is dropped.
    Unix(Async<UnixListener>, PathBuf),
}

impl Listener {
    /// Listens at every place of `config`. The error is a sentence for the operator.
    pub fn bind_all(config: &Config) -> Result<Vec<Listener>, String> {
        if config.listens_at_default() && !has_ipv6() {
            let Listen::Tcp(address) = config.listen[0] else {
                return Ok(Vec::new());
            };
            let v4 = SocketAddr::from(([0, 0, 0, 0], address.port()));
            return Ok(vec![Listener::bind(&Listen::Tcp(v4))?]);
        }
        config.listen.iter().map(Listener::bind).collect()
    }

    fn bind(place: &Listen) -> Result<Listener, String> {
        match place {
            Listen::Tcp(address) => bind_tcp(*address)
                .map(Listener::Tcp)
                .map_err(|error| format!("cannot listen on {address}: {}", explain(&error))),
            Listen::Unix(path) => bind_unix(path)
                .map(|listener| Listener::Unix(listener, path.clone()))
                .map_err(|error| {
                    format!(
                        "cannot listen on unix:{}: {}",
                        path.display(),
                        explain(&error)
                    )
                }),
        }
    }

    /// The place, as the operator should write it down: with the port that the system chose.
    pub fn place(&self) -> String {
        match self {
            Listener::Tcp(listener) => match listener.get_ref().local_addr() {
                Ok(address) => address.to_string(),
                Err(error) => format!("an unknown address ({error})"),
            },
            Listener::Unix(_, path) => format!("unix:{}", path.display()),
        }
    }

    async fn accept(&self) -> io::Result<(Socket, Peer)> {
        match self {
            Listener::Tcp(listener) => {
                let (socket, address) = listener.accept().await?;
                // A chat line is worth a packet of its own; without it lines wait for each other.
                socket.get_ref().set_nodelay(true)?;
                Ok((Socket::Tcp(socket), Peer::Tcp(address)))
            }
            Listener::Unix(listener, _) => {
                let (socket, _) = listener.accept().await?;
                Ok((Socket::Unix(socket), Peer::Unix))
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Listener::Unix(_, path) = self {
            // If it is gone already, that is what was wanted.
            let _ = fs::remove_file(path);
        }
    }
}

fn has_ipv6() -> bool {
    socket2::Socket::new(Domain::IPV6, Type::STREAM, None).is_ok()
}

fn bind_tcp(address: SocketAddr) -> io::Result<Async<TcpListener>> {
    let socket = socket2::Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    // A server that was just stopped can be started again at once.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    socket.bind(&address.into())?;
    socket.listen(LISTEN_BACKLOG)?;
    Async::new(socket.into())
}

fn bind_unix(path: &Path) -> io::Result<Async<UnixListener>> {
    match UnixListener::bind(path) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_abandoned(path) => {
            fs::remove_file(path)?;
            Async::new(UnixListener::bind(path)?)
        }
        result => Async::new(result?),
    }
}

/// True for the socket file of a server that has gone without removing it.
fn is_abandoned(path: &Path) -> bool {
    // Connecting to a file of any other kind is refused as well.
    let is_socket = fs::symlink_metadata(path).is_ok_and(|meta| meta.file_type().is_socket());
    let refused = |error: io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
    is_socket && UnixStream::connect(path).is_err_and(refused)
}

fn explain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => "it is in use already".to_owned(),
        io::ErrorKind::AddrNotAvailable => "this machine has no such address".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::NotFound => "there is no such directory".to_owned(),
        _ => error.to_string(),
    }
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

/// Serves clients at `listeners` until `stop` is ready; then tells everybody, waits for them to take the
/// last words (but no longer than the grace period), and ends the rooms.
pub async fn run(
    executor: Arc<Executor<'static>>,
    config: Config,
    listeners: Vec<Listener>,
    stop: impl Future<Output = ()>,
) {
    let grace = config.grace;
    let shared = Arc::new(Shared {
        lobby: Lobby::new(Arc::clone(&executor), config.room, config.rooms_max),
        admission: Admission::new(config.connections_max, config.per_address_max),
        reasons: ReasonCounts::default(),
        next_id: AtomicU64::new(1),
        config,
    });
    // Every connection holds a sender. When all are dropped the channel closes: everybody has gone.
    let (guard, all_gone) = async_channel::bounded::<Infallible>(1);
    let accepting: Vec<_> = listeners
        .into_iter()
        .map(|listener| {
            let shared = Arc::clone(&shared);
            let accept = accept_all(Arc::clone(&executor), shared, listener, guard.clone());
            executor.spawn(accept)
        })
        .collect();

    stop.await;
    for task in accepting {
        task.cancel().await;
    }
    drop(guard);
    shared.lobby.stop();
    let everybody_left = async {
        let _ = all_gone.recv().await;
        shared.lobby.close_rooms().await;
        true
    };
    let too_late = async {
        Timer::after(grace.max(GRACE_MIN)).await;
        false
    };
    if !future::or(everybody_left, too_late).await {
        warn!("some clients did not take the last words in time");
    }
    info!(ended = %shared.reasons, "stopped");
}

async fn accept_all(
    executor: Arc<Executor<'static>>,
    shared: Arc<Shared>,
    listener: Listener,
    guard: async_channel::Sender<Infallible>,
) {
    let mut complained = false;
    loop {
        match listener.accept().await {
            Ok((socket, peer)) => {
                complained = false;
                executor
                    .spawn(serve(Arc::clone(&shared), socket, peer, guard.clone()))
                    .detach();
            }
            // The client has gone again before it was let in; that is its own affair.
            Err(error) if is_clients_fault(&error) => {}
            // Most likely no file descriptor is left. The kernel keeps the others waiting meanwhile.
            Err(error) => {
                if !std::mem::replace(&mut complained, true) {
                    warn!(%error, "cannot accept for now");
                }
                Timer::after(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn is_clients_fault(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::NotConnected
    )
}

/// One client, from its being let in or refused to its end.
async fn serve(
    shared: Arc<Shared>,
    socket: Socket,
    peer: Peer,
    _guard: async_channel::Sender<Infallible>,
) {
    let id = shared.next_id.fetch_add(1, Ordering::Relaxed);
    let reason = match shared.admission.admit(peer) {
        Ok(_admitted) => {
            info!(id, %peer, "connected");
            let connection = Connection::new(MemberId(id), peer, socket, Arc::clone(&shared));
            connection.run().await
        }
        Err(reason) => {
            let _refusing = shared.admission.refusals.enter();
            if _refusing.is_some() {
                let view = match reason {
                    Reason::AddressFull => View::AddressFull,
                    _ => View::ServerFull,
                };
                let connection = Connection::new(MemberId(id), peer, socket, Arc::clone(&shared));
                connection.refuse(view, reason).await;
            }
            reason
        }
    };
    shared.reasons.count(reason);
    info!(id, %peer, %reason, "closed");
}

/// Counts connections, so that there are no more than there may be.
#[derive(Debug)]
struct Admission {
    all: Places,
    refusals: Places,
    per_address_max: usize,
    per_address: Mutex<HashMap<IpAddr, usize>>,
}

/// A connection's place among all and among those of its address, given back when dropped.
struct Admitted<'a> {
    admission: &'a Admission,
    group: Option<IpAddr>,
    _place: PlaceTaken<'a>,
}

impl Admission {
    fn new(connections_max: usize, per_address_max: usize) -> Admission {
        Admission {
            all: Places::new(connections_max),
            refusals: Places::new(REFUSALS_MAX),
            per_address_max,
            per_address: Mutex::default(),
        }
    }

    fn admit(&self, peer: Peer) -> Result<Admitted<'_>, Reason> {
        let place = self.all.enter().ok_or(Reason::ServerFull)?;
        let group = peer.group().filter(|_| self.per_address_max > 0);
        if let Some(address) = group {
            let mut counts = self.counts();
            let count = counts.entry(address).or_default();
            if *count >= self.per_address_max {
                return Err(Reason::AddressFull);
            }
            *count += 1;
        }
        Ok(Admitted {
            admission: self,
            group,
            _place: place,
        })
    }

    fn counts(&self) -> std::sync::MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.per_address
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        if let Some(address) = self.group {
            let mut counts = self.admission.counts();
            if let Some(count) = counts.get_mut(&address) {
                *count -= 1;
                if *count == 0 {
                    counts.remove(&address);
                }
            }
        }
    }
}

/// A number of places, of which each is taken once.
#[derive(Debug)]
struct Places {
    taken: AtomicUsize,
    most: usize,
}

struct PlaceTaken<'a>(&'a Places);

impl Places {
    /// `most` places; `0`: any number.
    fn new(most: usize) -> Places {
        Places {
            taken: AtomicUsize::new(0),
            most: if most == 0 { usize::MAX } else { most },
        }
    }

    fn enter(&self) -> Option<PlaceTaken<'_>> {
        let one_more = |taken: usize| (taken < self.most).then_some(taken + 1);
        self.taken
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more)
            .ok()
            .map(|_| PlaceTaken(self))
    }
}

impl Drop for PlaceTaken<'_> {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Executor threads beside the calling one, all running `executor` for as long as the process lives.
pub fn start_threads(executor: &Arc<Executor<'static>>, count: usize) -> io::Result<()> {
    for number in 1..count {
        let executor = Arc::clone(executor);
        std::thread::Builder::new()
            .name(format!("parlor-{number}"))
            .spawn(move || smol::block_on(executor.run(future::pending::<()>())))?;
    }
    Ok(())
}
