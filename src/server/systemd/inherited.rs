//! Sockets that a service manager has opened and hands over, as sd_listen_fds(3) says: those that listen where the server
//! itself may not, and that go on taking clients while it is started anew.

use std::{env, fs};

use rustix::io::{FdFlags, fcntl_setfd};

use crate::limits::INHERITED_SOCKETS_MAX;
use crate::net::listener::Listener;

/// Takes over the sockets that `$LISTEN_FDS` speaks of, if it speaks to this process (`$LISTEN_PID`). What clients do first
/// stands in the names (`$LISTEN_FDNAMES`): `tls`, `proxy` or both, as words, as in `parlor-tls.socket`. To be called once,
/// before this process opens anything.
///
/// # Errors
///
/// A sentence for the operator, if they are none that clients can come in by.
pub fn inherited() -> Result<Vec<Listener>, String> {
    let is_ours = env::var("LISTEN_PID").is_ok_and(|pid| pid == std::process::id().to_string());
    let Ok(count) = env::var("LISTEN_FDS") else {
        return Ok(Vec::new());
    };
    if !is_ours {
        return Ok(Vec::new());
    }
    let number = count
        .parse()
        .ok()
        .filter(|count| *count <= INHERITED_SOCKETS_MAX);
    let number = number.ok_or_else(|| {
        format!("LISTEN_FDS={count}: give a number of sockets, at most {INHERITED_SOCKETS_MAX}")
    })?;
    // Whoever owns a descriptor has to know that there is one.
    for descriptor in (3..).take(number) {
        let link = fs::read_link(format!("/proc/self/fd/{descriptor}"));
        let is_socket = link.is_ok_and(|link| link.to_string_lossy().starts_with("socket:"));
        if !is_socket {
            return Err(format!(
                "LISTEN_FDS={count}: descriptor {descriptor} is no socket"
            ));
        }
    }
    let taken = sd_listen_fds::get().map_err(|error| format!("LISTEN_FDS={count}: {error}"))?;
    let listeners = taken.into_iter().map(|(name, descriptor)| {
        let (name, descriptor) = (name.unwrap_or_default(), descriptor.into_std());
        let kept = fcntl_setfd(&descriptor, FdFlags::CLOEXEC);
        let adopted = kept.map_err(Into::into).and_then(|()| {
            let is_called = |what| {
                name.split(|letter: char| !letter.is_ascii_alphabetic())
                    .any(|word| word == what)
            };
            Listener::adopt(descriptor, is_called("tls"), is_called("proxy"))
        });
        adopted.map_err(|error| {
            format!("cannot listen on the socket {name} of the service manager: {error}")
        })
    });
    listeners.collect()
}
