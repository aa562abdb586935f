//! When the server should stop, and when not.

use std::io;

use async_signal::{Signal, Signals};
use futures_lite::StreamExt;

/// SIGTERM and SIGINT, from now on. Made before the first client is let in, so that none is missed.
///
/// SIGXFSZ comes when a file would grow past a limit of this process, and would end it. Caught, it leaves that
/// to the write, which fails as on a full disk.
#[derive(Debug)]
pub struct StopSignal(Signals);

impl StopSignal {
    /// Starts to listen for the signals.
    pub fn new() -> io::Result<StopSignal> {
        Signals::new([Signal::Term, Signal::Int, Signal::Xfsz]).map(StopSignal)
    }

    /// Returns at the first SIGTERM or SIGINT. A later one changes nothing: the grace period is short.
    pub async fn wait(mut self) {
        while let Some(signal) = self.0.next().await {
            if matches!(signal, Ok(Signal::Term | Signal::Int)) {
                return;
            }
        }
    }
}
