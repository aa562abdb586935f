//! Letting clients in, and stopping.

pub mod signals;

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_lite::future;
use smol::{Executor, Timer};
use tracing::{info, warn};

use crate::chat::message::MemberId;
use crate::config::Config;
use crate::connection::Connection;
use crate::connection::context::Shared;
use crate::hub::lobby::Lobby;
use crate::limits::{ACCEPT_PAUSE, GRACE_MIN};
use crate::net::admission::Admission;
use crate::net::listener::Listener;
use crate::net::reason::ReasonCounts;
use crate::net::socket::{Peer, Socket};
use crate::store::Store;

/// What lets clients in: one for all listeners.
struct Door {
    executor: Arc<Executor<'static>>,
    shared: Arc<Shared>,
    admission: Admission,
    next_id: AtomicU64,
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
    store: Store,
    listeners: Vec<Listener>,
    stop: impl Future<Output = ()>,
) -> Result<(), String> {
    let grace = config.grace;
    let lobby = Lobby::open(Arc::clone(&executor), store, config.room, config.rooms_max);
    let lobby = lobby
        .await
        .map_err(|error| format!("cannot read the rooms: {error}"))?;
    let admission = Admission::new(config.connections_max, config.per_address_max);
    let shared = Arc::new(Shared {
        lobby: Arc::new(lobby),
        reasons: ReasonCounts::default(),
        config,
    });
    let door = Arc::new(Door {
        executor: Arc::clone(&executor),
        shared: Arc::clone(&shared),
        admission,
        next_id: AtomicU64::new(1),
    });
    // Every connection holds a sender. When all are dropped the channel closes: everybody has gone.
    let (guard, all_gone) = async_channel::bounded::<Infallible>(1);
    let accepting: Vec<_> = listeners
        .into_iter()
        .map(|listener| executor.spawn(accept_all(Arc::clone(&door), listener, guard.clone())))
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
    Ok(())
}

async fn accept_all(door: Arc<Door>, listener: Listener, guard: async_channel::Sender<Infallible>) {
    let mut complained = false;
    loop {
        match listener.accept().await {
            Ok((socket, peer)) => {
                complained = false;
                let client = serve(Arc::clone(&door), socket, peer, guard.clone());
                door.executor.spawn(client).detach();
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
    door: Arc<Door>,
    socket: Socket,
    peer: Peer,
    _guard: async_channel::Sender<Infallible>,
) {
    let id = door.next_id.fetch_add(1, Ordering::Relaxed);
    let connection = || Connection::new(MemberId(id), peer, socket, Arc::clone(&door.shared));
    let reason = match door.admission.admit(peer) {
        Ok(_admitted) => {
            info!(id, %peer, "connected");
            connection().run().await
        }
        Err(reason) => {
            if let Some(_place) = door.admission.refusal_slot() {
                connection().refuse(reason).await;
            }
            reason
        }
    };
    door.shared.reasons.count(reason);
    info!(id, %peer, %reason, "closed");
}

/// Tasks that run before a thread looks for new events. Fewer cost more system calls, more wake async-io's
/// own thread (see [`drive`]).
const TASKS_BETWEEN_EVENTS: usize = 32;

/// Executor threads beside the calling one, all running `executor` for as long as the process lives.
pub fn start_threads(executor: &Arc<Executor<'static>>, count: usize) -> io::Result<()> {
    for number in 1..count {
        let executor = Arc::clone(executor);
        std::thread::Builder::new()
            .name(format!("parlor-{number}"))
            .spawn(move || smol::block_on(drive(&executor, future::pending::<()>())))?;
    }
    Ok(())
}

/// Runs tasks of `executor` until `future` is ready.
///
/// Like `executor.run(future)`, which looks for new events once in 200 tasks only. To a thousand members that
/// takes more than a millisecond; meanwhile the thread that async-io keeps for idle times finds nobody
/// looking, looks itself, and so takes the processor away thousands of times a second.
pub async fn drive<T>(executor: &Executor<'static>, future: impl Future<Output = T>) -> T {
    let tasks = async {
        loop {
            for _ in 0..TASKS_BETWEEN_EVENTS {
                executor.tick().await;
            }
            future::yield_now().await;
        }
    };
    future::or(future, tasks).await
}
