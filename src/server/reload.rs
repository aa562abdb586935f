//! Looking after a running server: what its operator asks of it, and reading the configuration anew.
//!
//! A reload has two halves. [`Caretaker::prepare`] reads and checks everything that may be wrong, and changes nothing;
//! [`Caretaker::apply`] puts it in place and cannot fail. So a configuration is in effect as a whole, or not at all. What
//! has a file or a socket of its own has a line in each of them.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use async_channel::Receiver;
use futures_lite::{FutureExt, future};
use tracing::{error, info, warn};

use super::listening::{Change, Listening};
use super::systemd::Notifier;
use super::{Server, log};
use crate::config::control::ControlRequest;
use crate::config::{Config, ConfigError, ConfigSource, ReloadReport};
use crate::connection::context::Shared;
use crate::limits::RELOAD_READ_MAX;
use crate::net::tls;

/// What is said of a reload that has failed by no fault of the operator.
const FAULT: &str = "the server made a mistake with it";

/// What is said while an earlier reload waits for its file.
const STILL_READING: &str = "an earlier reload still waits for its file";

/// Does what the operator asks for, while the server runs.
pub(super) struct Caretaker {
    pub(super) server: Arc<Server>,
    pub(super) source: Arc<ConfigSource>,
    pub(super) listening: Listening,
    pub(super) requests: Receiver<ControlRequest>,
    pub(super) notifier: Arc<Notifier>,
    /// A configuration that is being read, for longer than anybody waits for it.
    pub(super) late: Option<Reading>,
}

/// What comes of reading a configuration.
type Reading = Receiver<Result<Config, ConfigError>>;

/// A configuration that was read and checked, with all that it takes to go by it.
struct Prepared {
    config: Config,
    report: ReloadReport,
    listening: Change,
    certificate: tls::Prepared,
}

impl Caretaker {
    /// Does one thing after the other, until clients are let in no more because of a fault.
    pub(super) async fn run(&mut self) {
        loop {
            let request = async { self.requests.recv().await.ok() };
            let failed = async {
                self.listening.failed().await;
                None
            };
            match future::or(request, failed).await {
                Some(request) => self.handle(request).await,
                None => return,
            }
        }
    }

    async fn handle(&mut self, request: ControlRequest) {
        match request {
            ControlRequest::LogLevel(level) => log::set_level(level),
            ControlRequest::Reload(answer) => {
                self.notifier.reloading();
                let mut reloaded = self.reload().await;
                self.notifier.ready();
                self.set_log_level(&mut reloaded);
                if let Some(answer) = answer {
                    // Whoever asked may have gone.
                    let _ = answer.try_send(reloaded);
                }
            }
        }
    }

    async fn reload(&mut self) -> Result<ReloadReport, String> {
        // Whatever is wrong with the file, and with what reads it, the server goes on as it is.
        let preparing = AssertUnwindSafe(self.prepare()).catch_unwind();
        let prepared = preparing.await.unwrap_or_else(|_| Err(FAULT.to_owned()))?;
        Ok(self.apply(prepared).await)
    }

    /// Logs as much as the configuration says, and has the log say what came of a reload before that becomes less.
    fn set_log_level(&self, reloaded: &mut Result<ReloadReport, String>) {
        let level = self.server.shared.config.get().log;
        let was = log::level();
        if let (Ok(report), true) = (&mut *reloaded, was != level) {
            log::set_level(level.max(was));
            let is_told = |line: &String| line.starts_with("log_level");
            if !report.changed.iter().any(is_told) {
                // It was not the configuration that had changed it.
                report.changed.push(format!("log_level: {level} again"));
            }
            tell(reloaded);
            log::set_level(level);
        } else {
            tell(reloaded);
        }
    }

    /// Reads and checks all of the new configuration.
    async fn prepare(&mut self) -> Result<Prepared, String> {
        let mut config = self.read().await?;
        let report = config.succeed(&self.server.shared.config.get());
        let listening = self.listening.prepare(&config)?;
        let certificate = self.prepare_certificate(&config, &listening).await?;
        Ok(Prepared {
            listening,
            certificate,
            config,
            report,
        })
    }

    /// Reads the configuration, on a thread of its own: a file may be slow, a pipe may never say anything, and a name in it
    /// has to be looked up.
    async fn read(&mut self) -> Result<Config, String> {
        let runtime = self.server.shared.runtime.clone();
        self.late.take_if(|late| late.is_closed());
        if self.late.is_some() {
            return Err(STILL_READING.to_owned());
        }
        let (sender, reading) = async_channel::bounded(1);
        let (source, clock) = (Arc::clone(&self.source), runtime.clock.clone());
        runtime.tasks().start(async move {
            let read = runtime.unblock(move || source.read().and_then(Config::new));
            // Nobody may wait for it any more.
            let _ = sender.try_send(read.await);
        });
        let read = async { Some(reading.recv().await) };
        let too_late = async {
            clock.after(RELOAD_READ_MAX).await;
            None
        };
        match future::or(read, too_late).await {
            Some(Ok(read)) => read.map_err(|ConfigError { why, .. }| why),
            Some(Err(_)) => Err(FAULT.to_owned()),
            None => {
                self.late = Some(reading);
                Err(format!(
                    "it could not be read within {} seconds",
                    RELOAD_READ_MAX.as_secs()
                ))
            }
        }
    }

    /// Reads and checks the certificate, if there is a listener that shows it.
    async fn prepare_certificate(
        &self,
        config: &Config,
        listening: &Change,
    ) -> Result<tls::Prepared, String> {
        let Shared {
            runtime,
            certificates,
            ..
        } = &*self.server.shared;
        let (certificates, source) = (Arc::clone(certificates), config.certificate.clone());
        let (is_needed, now) = (
            self.listening.will_be_tls(listening),
            runtime.clock.timestamp(),
        );
        let preparing = runtime.unblock(move || certificates.prepare(source, is_needed, now));
        preparing.await
    }

    /// Goes by it from now on.
    async fn apply(&mut self, prepared: Prepared) -> ReloadReport {
        let Prepared {
            config,
            mut report,
            listening,
            certificate,
        } = prepared;
        let shared = &self.server.shared;
        shared.admission.set_limits(
            config.connections_max,
            config.per_address_max,
            config.connect_pace,
        );
        shared.lobby.set_limits(config.room, config.rooms);
        let doubt = config.certificate_doubt();
        if config.operators != shared.config.get().operators {
            let warnings = shared.lobby.unregistered(&config.operators).await;
            report.warnings.extend(warnings);
        }
        shared.config.set(Arc::new(config));
        // Before clients come in to whom it is shown.
        let is_other = shared.certificates.replace(certificate);
        match shared.certificates.fingerprint() {
            Some(sha256) if is_other => {
                report
                    .changed
                    .push(format!("tls certificate sha256 {sha256}"));
            }
            Some(_) => {}
            None => report.warnings.extend(doubt),
        }
        // Whoever waits has to know of another deadline.
        shared.lobby.ring_all();
        self.listening.apply(listening, &mut report).await;
        report
    }
}

/// Has the log say what came of a reload.
fn tell(reloaded: &Result<ReloadReport, String>) {
    match reloaded {
        Ok(report) => {
            for change in &report.changed {
                info!("reload: {change}");
            }
            for warning in &report.warnings {
                warn!("reload: {warning}");
            }
            if !report.waiting.is_empty() {
                warn!("reload: needs a restart: {}", report.waiting.join(", "));
            }
            if *report == ReloadReport::default() {
                info!("reload: {report}");
            }
        }
        Err(why) => {
            for line in why.lines() {
                error!("reload: nothing was changed: {line}");
            }
        }
    }
}
