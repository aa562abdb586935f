//! What operators ask that only the server as a whole can do.

use std::sync::{Arc, Weak};

use async_channel::Sender;
use tracing::level_filters::LevelFilter;

use super::log;
use crate::chat::admin::{LimitRow, LogLevel, Reloaded};
use crate::chat::name::Name;
use crate::connection::context::Shared;
use crate::hub::control::{Reloading, ServerControl};
use crate::limits::OUTPUT_TOTAL_BYTES_MAX;

/// The server, as the lobby knows it.
#[derive(Debug)]
pub(super) struct LiveServer {
    /// What has the lobby, which has this.
    pub(super) shared: Weak<Shared>,
    /// Takes one message; the server stops then.
    pub(super) stop: Sender<()>,
}

impl LiveServer {
    fn with<T>(&self, ask: impl FnOnce(&Shared) -> T) -> Option<T> {
        self.shared.upgrade().map(|shared| ask(&shared))
    }
}

impl ServerControl for LiveServer {
    fn is_operator(&self, account: &Name) -> bool {
        let folded = account.folded();
        let is = |shared: &Shared| {
            let config = shared.config.get();
            let mut operators = config.operators.iter();
            operators.any(|operator| operator.folded() == folded)
        };
        self.with(is) == Some(true)
    }

    fn limits(&self) -> Vec<LimitRow> {
        self.with(limits).unwrap_or_default()
    }

    fn set_log(&self, level: LogLevel) {
        log::set_level(match level {
            LogLevel::Off => LevelFilter::OFF,
            LogLevel::Error => LevelFilter::ERROR,
            LogLevel::Warn => LevelFilter::WARN,
            LogLevel::Info => LevelFilter::INFO,
            LogLevel::Debug => LevelFilter::DEBUG,
            LogLevel::Trace => LevelFilter::TRACE,
        });
    }

    fn reload(&self) -> Reloading {
        let control = self.with(|shared| shared.control.clone());
        Box::pin(async move {
            let control = control.ok_or_else(|| "the server is about to stop".to_owned())?;
            let report = control.reload().await?;
            Ok(Reloaded {
                changed: report.changed.into_iter().map(Into::into).collect(),
                warnings: report.warnings.into_iter().map(Into::into).collect(),
                restart: report.waiting.into_iter().map(Into::into).collect(),
            })
        })
    }

    fn stop(&self) {
        // It stops already, or nobody runs it.
        let _ = self.stop.try_send(());
    }
}

fn limits(shared: &Shared) -> Vec<LimitRow> {
    let (config, admission) = (shared.config.get(), &shared.admission);
    let row = |name, most: usize, used: Option<usize>, unit| LimitRow {
        name,
        most: (most > 0).then_some(most as u64),
        used: used.map(|used| used as u64),
        unit,
    };
    let (connects, lines) = (config.connect_pace, config.pace);
    let (all, busiest) = (admission.taken(), admission.busiest());
    let waiting = shared.backlog.bytes();
    vec![
        row(
            "max-connections",
            config.connections_max,
            Some(all),
            "connections",
        ),
        row(
            "max-per-address",
            config.per_address_max,
            Some(busiest),
            "connections of the busiest address",
        ),
        row(
            "connect-rate",
            connects.per_second() as usize,
            None,
            "connections a second from one address",
        ),
        row(
            "connect-burst",
            connects.burst() as usize,
            None,
            "connections at once from one address",
        ),
        row(
            "rate",
            lines.per_second() as usize,
            None,
            "lines a second from one client",
        ),
        row(
            "burst",
            lines.burst() as usize,
            None,
            "lines at once from one client",
        ),
        row(
            "outbox",
            config.room.outbox_bytes,
            None,
            "bytes of each room for slow readers",
        ),
        row(
            "output",
            OUTPUT_TOTAL_BYTES_MAX,
            Some(waiting),
            "bytes that wait for clients",
        ),
    ]
}

/// Lets the lobby of `shared` ask the server, which stops when `stop` takes a message.
pub(super) fn install(shared: &Arc<Shared>, stop: Sender<()>) {
    let shared_again = Arc::downgrade(shared);
    shared.lobby.set_control(Arc::new(LiveServer {
        shared: shared_again,
        stop,
    }));
}
