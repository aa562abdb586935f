//! What operators watch the server by: `/metrics` and `/health`, over HTTP at `--metrics`; and the socket by which they act.
//!
//! - `admin`: the socket for `parlor admin`;
//! - `http`: as much of HTTP as that takes;
//! - `metrics`: the figures, in the text format of Prometheus;
//! - `nodes`: those of a server among several;
//! - `process`: those that the system has;
//! - `health`: whether a line that is said now comes back.
//!
//! Whoever comes here is no client: it has no place, no name, no room, and waits for nobody in the chat.

pub mod admin;
pub mod health;
pub mod http;
pub mod metrics;
mod nodes;
mod process;

use std::fmt;
use std::sync::Arc;

use futures_lite::future;

use self::health::{Health, Span};
use self::http::{Answer, Status};
use self::metrics::Metrics;
use crate::counts::Histogram;
use crate::hub::lobby::Lobby;
use crate::limits::LAG_LOOK_EVERY;
use crate::net::admission::Admission;
use crate::net::listener::Listener;
use crate::net::reason::ReasonCounts;
use crate::net::tls::Certificates;
use crate::runtime::{Clock, Runtime, Tasks};
use crate::store::Store;

/// A server, as far as it is watched.
pub struct Watched {
    /// What it runs on, and what is counted there.
    pub runtime: Runtime,
    /// Its rooms.
    pub lobby: Arc<Lobby>,
    /// What keeps them.
    pub store: Store,
    /// How many connections there can be.
    pub admission: Arc<Admission>,
    /// What clients by TLS are shown.
    pub certificates: Arc<Certificates>,
    /// Why connections have ended.
    pub reasons: Arc<ReasonCounts>,
    /// The tasks of connections.
    pub connections: Tasks,
    /// Bytes that wait for clients to take them.
    pub output_waiting: Box<dyn Fn() -> usize + Send + Sync>,
    /// How often something has panicked.
    pub faults: fn() -> u64,
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").finish_non_exhaustive()
    }
}

/// Serves those who watch, until it is dropped.
pub async fn serve(listener: Listener, watched: Watched) {
    let runtime = watched.runtime.clone();
    let lag = Arc::<Histogram>::default();
    let watching = watch_lag(runtime.clock.clone(), Arc::clone(&lag));
    let health = Health::new(Arc::clone(&watched.lobby), runtime.clone());
    let store = watched.store.clone();
    let pages = Arc::new((Metrics::new(watched, lag), health, store));
    let serving = http::serve(listener, runtime, move |path| {
        let pages = Arc::clone(&pages);
        async move {
            let (metrics, health, store) = &*pages;
            match path.as_str() {
                "/metrics" => Some(metrics.answer()),
                "/health" => Some(health_answer(health, store).await),
                _ => None,
            }
        }
    });
    future::or(watching, serving).await;
}

async fn health_answer(health: &Health, store: &Store) -> Answer {
    // Why a line would not come back, where somebody knows.
    if let Some(trouble) = store.cluster().and_then(|cluster| cluster.trouble()) {
        return Answer::text(Status::Unavailable, format!("not ok: {trouble}"));
    }
    match health.check().await {
        Ok(took) => {
            let mut words = format!("ok: a line was stored and back within {}", Span(took));
            if let Some(cluster) = store.cluster() {
                let figures = cluster.figures();
                words += &format!("; node {} of {}", figures.node, figures.alive);
            }
            Answer::text(Status::Ok, words)
        }
        Err(ill) => Answer::text(Status::Unavailable, format!("not ok: {ill}")),
    }
}

/// Measures how late a task is that has to run at some time: what everything waits that has something to do.
async fn watch_lag(clock: Clock, lag: Arc<Histogram>) {
    loop {
        let due = clock.now() + LAG_LOOK_EVERY;
        clock.at(due).await;
        lag.observe(clock.now().saturating_duration_since(due));
    }
}
