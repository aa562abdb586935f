//! When the server should stop, and when not.

use std::io;

use async_signal::{Signal, Signals};
use futures_lite::StreamExt;
use tracing::info;

/// SIGTERM and SIGINT, from now on. Made before the first client is let in, so that none is missed.
///
/// Others would end the process without a word, and are caught so that they do not:
///
/// - SIGXFSZ comes when a file would grow past a limit of this process; the write then fails as on a full disk;
/// - SIGHUP comes when the terminal is closed that the server was started from, or asks for the configuration to be
///   read anew, of which there is none but the arguments;
/// - SIGUSR1 and SIGUSR2 mean nothing here.
#[derive(Debug)]
pub struct StopSignal(Signals);

impl StopSignal {
    /// Starts to listen for the signals.
    pub fn new() -> io::Result<StopSignal> {
        let caught = [
            Signal::Term,
            Signal::Int,
            Signal::Xfsz,
            Signal::Hup,
            Signal::Usr1,
            Signal::Usr2,
        ];
        Signals::new(caught).map(StopSignal)
    }

    /// Returns at the first SIGTERM or SIGINT. A later one changes nothing: the grace period is short.
    pub async fn wait(mut self) {
        while let Some(signal) = self.0.next().await {
            match signal {
                Ok(Signal::Term | Signal::Int) => return,
                Ok(Signal::Hup) => {
                    info!(
                        "SIGHUP changes nothing: to read the arguments anew, start the server anew"
                    );
                }
                Ok(_) | Err(_) => {}
            }
        }
    }
}
