//! What a proxy says first, at listeners where one comes: whose word counts, and what follows from it.

use std::future::poll_fn;
use std::{fmt, io};

use futures_lite::future;
use tracing::info;

use super::Server;
use crate::limits::{PROXY_HEADER_BYTES_MAX, PROXY_HEADER_WAIT_MAX};
use crate::net::proxy::{self, Header, HeaderError, Progress, Secured, Source};
use crate::net::reason::Reason;
use crate::net::socket::{Encryption, Origin, Peer, Socket};
use crate::net::trust;
use crate::runtime::Clock;

/// What can be wrong with what a proxy says.
#[derive(Debug)]
pub(super) enum HeaderFault {
    /// It went without a word.
    Gone,
    /// It went in the middle of it.
    Cut,
    TooLate,
    Malformed(HeaderError),
    Lost(io::Error),
}

impl Server {
    /// Whether what this proxy says counts. What anybody else says is a client's text.
    pub(super) fn believes(&self, socket: &Socket, peer: Peer) -> bool {
        let is_believed = self.shared.config.get().proxy_from.covers(socket, peer);
        if !is_believed && let Some(user) = trust::user_of(socket) {
            info!(
                user,
                "may not say whom it brings; that takes --proxy-from user:{user}"
            );
        }
        is_believed
    }

    /// Whether it counts as well which key whoever it brings has.
    pub(super) fn believes_keys(&self, socket: &Socket) -> bool {
        self.shared.config.get().proxy_from.covers_keys(socket)
    }
}

/// Who comes by a connection from `proxy` that begins with this header.
pub(super) fn brought_by(proxy: Peer, header: &Header) -> Peer {
    let is_local = proxy.origin == Origin::Unix;
    let encryption = header.secured.and_then(|secured| match secured {
        Secured::Tls => Some(Encryption::Tls),
        Secured::Ssh => is_local.then_some(Encryption::Ssh),
    });
    let brought = |origin| Peer {
        origin,
        encryption,
        is_proxied: true,
    };
    match header.source {
        Source::Proxy => proxy,
        Source::Unix if is_local => Peer::unix(),
        Source::Unix | Source::Unknown => brought(proxy.origin),
        Source::Tcp(address) => brought(Origin::Tcp(address)),
    }
}

/// Takes a header from a socket, and not a byte that follows.
pub(super) async fn read_header(clock: &Clock, socket: &Socket) -> Result<Header, HeaderFault> {
    let whole = async {
        let mut bytes = Vec::new();
        loop {
            poll_fn(|cx| socket.poll_readable(cx))
                .await
                .map_err(HeaderFault::Lost)?;
            if let Some(header) = take_header(socket, &mut bytes)? {
                return Ok(header);
            }
        }
    };
    let too_late = async {
        clock.after(PROXY_HEADER_WAIT_MAX).await;
        Err(HeaderFault::TooLate)
    };
    future::or(whole, too_late).await
}

/// Takes what is there of a header; `bytes` have come before.
fn take_header(socket: &Socket, bytes: &mut Vec<u8>) -> Result<Option<Header>, HeaderFault> {
    let mut next = [0; PROXY_HEADER_BYTES_MAX];
    let Some(count) = socket.peek(&mut next).map_err(HeaderFault::Lost)? else {
        return Ok(None);
    };
    let before = bytes.len();
    match (count, before) {
        (0, 0) => return Err(HeaderFault::Gone),
        (0, _) => return Err(HeaderFault::Cut),
        _ => bytes.extend(&next[..count]),
    }
    let (taken, header) = match proxy::parse(bytes).map_err(HeaderFault::Malformed)? {
        // All of it belongs to the header.
        Progress::Unfinished => (count, None),
        Progress::Whole(header, length) => (length - before, Some(header)),
    };
    // It is there, so all of it is read.
    let read = socket.read(&mut next[..taken]);
    read.map_err(HeaderFault::Lost)?;
    Ok(header)
}

impl HeaderFault {
    /// Why the connection ends.
    pub(super) fn reason(&self) -> Reason {
        match self {
            HeaderFault::Gone => Reason::EndOfInput,
            HeaderFault::Lost(_) => Reason::Lost,
            HeaderFault::Cut | HeaderFault::TooLate | HeaderFault::Malformed(_) => Reason::NoHeader,
        }
    }
}

impl fmt::Display for HeaderFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HeaderFault::Gone => f.write_str("nothing came"),
            HeaderFault::Cut => f.write_str("it ended in the middle of the PROXY header"),
            HeaderFault::TooLate => {
                let seconds = PROXY_HEADER_WAIT_MAX.as_secs();
                write!(f, "no whole PROXY header came within {seconds} s")
            }
            HeaderFault::Malformed(error) => error.fmt(f),
            HeaderFault::Lost(error) => error.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whom_a_proxy_brings_is_who_it_says_and_nobody_comes_by_ssh_over_a_network() {
        let tcp = |text: &str| Peer::tcp(text.parse().expect("an address"));
        let (proxy, caller) = (tcp("127.0.0.1:1"), tcp("192.0.2.7:4711"));
        let Origin::Tcp(address) = caller.origin else {
            panic!("it is TCP");
        };
        let by = |peer, encryption| Peer {
            encryption,
            is_proxied: true,
            ..peer
        };
        let (tls, ssh) = (Some(Encryption::Tls), Some(Encryption::Ssh));
        let (from, local) = (Source::Tcp(address), Peer::unix());
        let (by_tls, by_ssh) = (Some(Secured::Tls), Some(Secured::Ssh));
        for (proxy, source, secured, expected) in [
            (proxy, from, None, by(caller, None)),
            (proxy, from, by_tls, by(caller, tls)),
            (proxy, from, by_ssh, by(caller, None)),
            (proxy, Source::Unknown, None, by(proxy, None)),
            (proxy, Source::Unix, None, by(proxy, None)),
            (proxy, Source::Proxy, None, proxy),
            (local, from, None, by(caller, None)),
            (local, from, by_ssh, by(caller, ssh)),
            (local, Source::Unknown, None, by(local, None)),
            (local, Source::Unknown, by_ssh, by(local, ssh)),
            // It came from this machine, by way of this machine.
            (local, Source::Unix, None, local),
            (local, Source::Proxy, None, local),
        ] {
            let header = Header {
                source,
                secured,
                key: None,
            };
            assert_eq!(brought_by(proxy, &header), expected, "{proxy:?} {header:?}");
        }
    }
}
