//! When the server should stop.

use std::io;

use async_signal::{Signal, Signals};
use futures_lite::StreamExt;

/// SIGTERM and SIGINT, from now on. Made before the first client is let in, so that none is missed.
#[derive(Debug)]
pub struct StopSignal(Signals);

impl StopSignal {
    /// Starts to listen for the signals.
    pub fn new() -> io::Result<StopSignal> {
        Signals::new([Signal::Term, Signal::Int]).map(StopSignal)
    }

    /// Returns at the first of them. A later one changes nothing: the grace period is short.
    pub async fn wait(mut self) {
        while let Some(signal) = self.0.next().await {
            if signal.is_ok() {
                return;
            }
        }
    }
}
