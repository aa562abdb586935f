//! Telling the service manager how it goes, as sd_notify(3) says.

use std::env;
use std::ffi::OsStr;
use std::fmt::Write;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::process;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tracing::warn;

/// The way to the service manager, if there is one. Nobody waits for it.
#[derive(Debug, Default)]
pub struct Notifier {
    socket: Option<UnixDatagram>,
    watchdog: Option<Duration>,
}

impl Notifier {
    /// The one of the environment: `$NOTIFY_SOCKET`, `$WATCHDOG_USEC`, `$WATCHDOG_PID`.
    pub fn of_environment() -> Notifier {
        let Some(address) = env::var_os("NOTIFY_SOCKET").filter(|address| !address.is_empty())
        else {
            return Notifier::default();
        };
        let socket = connect(&address)
            .inspect_err(|error| warn!(%error, "cannot tell the service manager anything"));
        let number = |name| {
            env::var(name)
                .ok()
                .and_then(|text| text.parse::<u64>().ok())
        };
        let is_ours = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(process::id()));
        let micros = number("WATCHDOG_USEC").filter(|micros| is_ours && *micros > 0);
        Notifier {
            watchdog: micros.map(Duration::from_micros).filter(|_| socket.is_ok()),
            socket: socket.ok(),
        }
    }

    /// How long the service manager waits for a sign of life; `None`: it expects none.
    pub fn watchdog(&self) -> Option<Duration> {
        self.watchdog
    }

    /// True if somebody listens.
    pub fn is_heard(&self) -> bool {
        self.socket.is_some()
    }

    /// Clients are let in, by the configuration that was asked for.
    pub fn ready(&self) {
        self.send("READY=1");
    }

    /// The configuration is being read anew. [`Notifier::ready`] ends that.
    pub fn reloading(&self) {
        let time = clock_gettime(ClockId::Monotonic);
        let micros = i128::from(time.tv_sec) * 1_000_000 + i128::from(time.tv_nsec) / 1_000;
        self.send(&format!("RELOADING=1\nMONOTONIC_USEC={micros}"));
    }

    /// The server stops, which takes so long at most.
    pub fn stopping(&self, most: Duration) {
        let mut state = "STOPPING=1\nSTATUS=telling everybody that the server stops".to_owned();
        let _ = write!(state, "\nEXTEND_TIMEOUT_USEC={}", most.as_micros());
        self.send(&state);
    }

    /// What the server is doing, in a line for people.
    pub fn status(&self, text: &str) {
        self.send(&format!("STATUS={text}"));
    }

    /// The server is alive.
    pub fn alive(&self) {
        self.send("WATCHDOG=1");
    }

    fn send(&self, state: &str) {
        if let Some(socket) = &self.socket {
            // If nobody takes it now, the next one will do.
            let _ = socket.send(state.as_bytes());
        }
    }
}

/// `address` is a path, or behind `@` the name of an abstract socket.
fn connect(address: &OsStr) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    let address = match address.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(address)?,
    };
    socket.connect_addr(&address)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_abstract_socket_is_reached_as_well_as_a_path() {
        let name = format!("parlor-notify-{}", process::id());
        let address = SocketAddr::from_abstract_name(&name).expect("a name");
        let manager = UnixDatagram::bind_addr(&address).expect("it is free");
        let notifier = Notifier {
            socket: connect(OsStr::new(&format!("@{name}"))).ok(),
            watchdog: None,
        };
        notifier.reloading();
        let mut buffer = [0; 256];
        let count = manager.recv(&mut buffer).expect("a datagram");
        let text = String::from_utf8_lossy(&buffer[..count]).into_owned();
        let micros = text
            .strip_prefix("RELOADING=1\nMONOTONIC_USEC=")
            .expect("a time");
        assert!(
            micros.parse::<u64>().is_ok_and(|micros| micros > 0),
            "{text}"
        );
    }

    #[test]
    fn a_manager_that_reads_nothing_holds_nobody_up() {
        let name = format!("parlor-deaf-{}", process::id());
        let address = SocketAddr::from_abstract_name(&name).expect("a name");
        let _manager = UnixDatagram::bind_addr(&address).expect("it is free");
        let notifier = Notifier {
            socket: connect(OsStr::new(&format!("@{name}"))).ok(),
            watchdog: None,
        };
        (0..10_000).for_each(|_| notifier.alive());
    }
}
