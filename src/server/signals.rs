//! When the server should stop, and when it should read its configuration anew.

use std::io;

use async_signal::{Signal, Signals};
use futures_lite::StreamExt;

/// SIGTERM, SIGINT and SIGHUP, from now on. Made before the first client is let in, so that none is missed.
///
/// Others would end the process without a word, and are caught so that they do not:
///
/// - SIGXFSZ comes when a file would grow past a limit of this process; the write then fails as on a full disk;
/// - SIGUSR1 and SIGUSR2 mean nothing here.
///
/// SIGHUP also comes when the terminal is closed that the server was started from. To read the configuration anew then is
/// harmless.
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

    /// Returns at the first SIGTERM or SIGINT. A later one changes nothing: the grace period is short. Calls `reload` at
    /// each SIGHUP until then.
    pub async fn wait(mut self, reload: impl Fn()) {
        while let Some(signal) = self.0.next().await {
            match signal {
                Ok(Signal::Term | Signal::Int) => return,
                Ok(Signal::Hup) => reload(),
                Ok(_) | Err(_) => {}
            }
        }
    }
}
