//! What is open before anybody is served: the ways in, and what is shown there.

use std::sync::Arc;

use tracing::warn;

use super::log::Log;
use crate::config::Config;
use crate::net::listener::Listener;
use crate::net::tls::Certificates;
use crate::ops::admin::{self, AdminListener};
use crate::runtime::Clock;

/// The ways into a server.
#[derive(Debug)]
pub struct Entrances {
    /// Where clients come in.
    pub listeners: Vec<Listener>,
    /// Where operators of this machine ask.
    pub desk: Option<AdminListener>,
    /// Where those come in who watch the server.
    pub metrics: Option<Listener>,
    /// What those by TLS are shown; open, if there are any.
    pub certificates: Arc<Certificates>,
}

impl Entrances {
    /// Opens what `config` says, with what was `inherited` in the place of sockets of its own for clients, and says
    /// where they are. Blocks.
    ///
    /// # Errors
    ///
    /// A sentence for the operator.
    pub fn open(
        config: &Config,
        inherited: Vec<Listener>,
        clock: &Clock,
        log: &mut Log,
    ) -> Result<Entrances, String> {
        let listeners = Listener::bind_all(config.places(!inherited.is_empty()), inherited)?;
        if let Some(doubt) = config.doubt(&listeners) {
            warn!("{doubt}");
        }
        let certificates = config.open_certificates(&listeners, clock)?;
        let desk = admin::open(&config.admin)?;
        let metrics = Listener::bind_all(config.metrics.as_slice(), Vec::new())?.pop();
        if let Some(sha256) = certificates.fingerprint() {
            log.say(&format!("tls certificate sha256 {sha256}"));
        }
        for listener in &listeners {
            log.say(&format!("listening on {}", listener.place()));
        }
        if let Some(listener) = &metrics {
            log.say(&format!("metrics and health on {}", listener.place()));
        }
        Ok(Entrances {
            listeners,
            desk,
            metrics,
            certificates,
        })
    }
}
