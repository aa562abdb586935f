//! What an operator can have the server do while it runs, from wherever they ask.

use async_channel::{Receiver, Sender};
use tracing::level_filters::LevelFilter;

use super::live::ReloadReport;
use crate::limits::CONTROL_REQUESTS_MAX;

/// The way to the task that looks after the server. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Control(Sender<ControlRequest>);

/// What it can be asked.
#[derive(Debug)]
pub enum ControlRequest {
    /// Read the configuration anew. If somebody waits for it, what came of it, or why nothing did.
    Reload(Option<Sender<Result<ReloadReport, String>>>),
    /// Log what is at least so urgent, until the configuration is read anew.
    LogLevel(LevelFilter),
}

/// Why nothing came of a request.
const GONE: &str = "the server is about to stop";

impl Control {
    /// A way, and where its requests come out.
    pub fn new() -> (Control, Receiver<ControlRequest>) {
        let (sender, receiver) = async_channel::bounded(CONTROL_REQUESTS_MAX);
        (Control(sender), receiver)
    }

    /// A way to nobody: of a server that has no configuration to read, such as a simulated one.
    pub fn none() -> Control {
        Control::new().0
    }

    /// Reads the configuration anew, and says what has changed.
    ///
    /// # Errors
    ///
    /// What is wrong with it, a line each; then everything is as it was.
    pub async fn reload(&self) -> Result<ReloadReport, String> {
        let (sender, answer) = async_channel::bounded(1);
        let asked = self.0.send(ControlRequest::Reload(Some(sender))).await;
        asked.map_err(|_| GONE.to_owned())?;
        answer.recv().await.map_err(|_| GONE.to_owned())?
    }

    /// Has the configuration read anew. If so much is asked for already that this finds no place, it is about to be.
    pub fn ask_for_reload(&self) {
        let _ = self.0.try_send(ControlRequest::Reload(None));
    }

    /// Logs what is at least as urgent as `level`, until the configuration is read anew.
    ///
    /// # Errors
    ///
    /// If the server is about to stop.
    pub async fn set_log_level(&self, level: LevelFilter) -> Result<(), String> {
        let asked = self.0.send(ControlRequest::LogLevel(level)).await;
        asked.map_err(|_| GONE.to_owned())
    }
}
