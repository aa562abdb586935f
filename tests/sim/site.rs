//! A server of the simulation, and what it runs on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parlor::chat::history::RoomId;
use parlor::chat::node::NodeId;
use parlor::config::Config;
use parlor::net::socket::{Peer, Socket};
use parlor::runtime::Runtime;
use parlor::server::Server;
use parlor::store::Store;
use smol::Executor;

use crate::ledger::at_once;
use crate::world::{Ground, World};

/// A server, and what it runs on.
pub(crate) struct Site {
    /// `None`: it is starting.
    opened: Arc<OnceLock<Opened>>,
    pub(crate) executor: Arc<Executor<'static>>,
    pub(crate) runtime: Runtime,
    pub(crate) state: State,
    /// Its link to the engine, where there is one.
    pub(crate) link: Option<usize>,
}

/// What a server is once it has started.
pub(crate) struct Opened {
    server: Arc<Server>,
    store: Store,
}

/// How it goes.
#[derive(Clone, Debug)]
pub(crate) enum State {
    /// It runs.
    Up,
    /// None of its tasks has a turn until then.
    Paused(Duration),
    /// It takes nobody any more; true once it has stopped.
    Stopping(Arc<AtomicBool>),
    /// Its process has ended. What is left of it is cleared away; true once that was tried.
    Ended(Arc<AtomicBool>),
}

impl Site {
    /// A server that need not wait for its store.
    pub(crate) fn open(
        config: &Config,
        executor: &Arc<Executor<'static>>,
        runtime: Runtime,
        store: Store,
    ) -> Site {
        let opened = at_once(Opened::new(&runtime, config.clone(), store));
        let site = Site::starting(executor, runtime);
        let _ = site
            .opened
            .set(opened.expect("a store in memory can be read"));
        site
    }

    /// A server that has not started yet.
    pub(crate) fn starting(executor: &Arc<Executor<'static>>, runtime: Runtime) -> Site {
        Site {
            opened: Arc::default(),
            executor: Arc::clone(executor),
            runtime,
            state: State::Up,
            link: None,
        }
    }

    /// What is to be set once it has started.
    pub(crate) fn opened(&self) -> Arc<OnceLock<Opened>> {
        Arc::clone(&self.opened)
    }

    /// Its number among those that share rooms; `None`: it has not started yet.
    pub(crate) fn node(&self) -> Option<NodeId> {
        self.opened.get().map(|opened| opened.store.node())
    }

    /// How many clients are served.
    pub(crate) fn clients(&self) -> usize {
        let opened = self.opened.get().filter(|_| !self.has_ended());
        opened.map_or(0, |it| it.server.clients())
    }

    /// Its process has ended: whatever its tasks are about, there is nobody.
    fn has_ended(&self) -> bool {
        matches!(self.state, State::Ended(_))
    }

    pub(crate) fn serve(&self, socket: Socket, peer: Peer) {
        if let Some(opened) = self.opened.get() {
            opened.server.serve(socket, peer);
        }
    }

    /// Stops it. True once it has.
    pub(crate) fn stop(&self) -> Arc<AtomicBool> {
        let stopped = Arc::new(AtomicBool::new(false));
        let (opened, flag) = (self.opened(), Arc::clone(&stopped));
        let stopping = async move {
            if let Some(opened) = opened.get() {
                opened.server.stop().await;
            }
            flag.store(true, Ordering::Relaxed);
        };
        self.executor.spawn(stopping).detach();
        stopped
    }

    /// Its tasks have turns.
    pub(crate) fn is_awake(&self, now: Duration) -> bool {
        !matches!(self.state, State::Paused(until) if now < until)
    }

    /// It takes connections.
    pub(crate) fn is_up(&self) -> bool {
        matches!(self.state, State::Up) && self.opened.get().is_some()
    }

    /// It has not been asked to stop, and was not killed.
    pub(crate) fn is_to_run(&self) -> bool {
        matches!(self.state, State::Up | State::Paused(_))
    }
}

impl Opened {
    /// Starts a server.
    pub(crate) async fn new(
        runtime: &Runtime,
        config: Config,
        store: Store,
    ) -> Result<Opened, String> {
        let server = Server::open(runtime.clone(), config, store.clone(), Arc::default());
        let server = server.await?;
        Ok(Opened { server, store })
    }
}

impl World {
    /// Lets a task have a turn; false if none wants one.
    pub(crate) fn some_executor_ticks(&mut self) -> bool {
        let Ground::Shared(shared) = &self.ground else {
            return self.sites[0].executor.try_tick();
        };
        let count = self.sites.len() + 1;
        let first = self.random.below(count);
        (0..count).any(|more| match self.sites.get((first + more) % count) {
            Some(site) => site.is_awake(self.now) && site.executor.try_tick(),
            None => shared.executor.try_tick(),
        })
    }

    /// How many clients are served.
    pub(crate) fn clients(&self) -> usize {
        self.sites.iter().map(Site::clients).sum()
    }

    /// Some task is under way.
    pub(crate) fn has_tasks(&self) -> bool {
        let is_busy = match &self.ground {
            Ground::Alone(_) => false,
            Ground::Shared(shared) => !shared.executor.is_empty(),
        };
        let mut running = self.sites.iter().filter(|site| !site.has_ended());
        is_busy || running.any(|site| !site.executor.is_empty())
    }

    /// Whether there is an open room of this name.
    pub(crate) fn has_room(&self, name: &str) -> bool {
        match &self.ground {
            Ground::Alone(alone) => alone.weather.has_room(name),
            Ground::Shared(shared) => shared.has_room(name),
        }
    }

    /// How many lines are kept of a room.
    pub(crate) fn lines_kept(&self, room: RoomId) -> usize {
        match &self.ground {
            Ground::Alone(alone) => alone.lines_kept(room, &self.sites[0]),
            Ground::Shared(shared) => shared.lines_kept(room),
        }
    }

    /// A server that takes connections, if there is one.
    pub(crate) fn some_site(&mut self) -> Option<usize> {
        if let Ground::Alone(_) = self.ground {
            return Some(0);
        }
        let sites = self.sites.iter().enumerate();
        let up: Vec<usize> = sites.filter(|(_, it)| it.is_up()).map(|it| it.0).collect();
        (!up.is_empty()).then(|| up[self.random.below(up.len())])
    }
}
