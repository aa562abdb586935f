//! How many connections are served, by what they are.

use std::array;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::chat::people::ClientKind;

/// By which way a client has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// TCP as it is.
    Plain,
    /// TLS.
    Tls,
    /// The system's ssh server.
    Ssh,
    /// A Unix socket.
    Unix,
}

/// The ways there are, in the order of their numbers.
const WAYS: [Way; 4] = [Way::Plain, Way::Tls, Way::Ssh, Way::Unix];

/// The clients there are, in the order of their numbers.
const CLIENTS: [ClientKind; 3] = [
    ClientKind::Raw,
    ClientKind::TelnetLines,
    ClientKind::TelnetKeys,
];

const KINDS: usize = CLIENTS.len() * WAYS.len() * 2;

/// What a connection is counted as. A byte, since each connection keeps it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Kind(u8);

impl Kind {
    /// A client that has come by this way, perhaps through a proxy. Until it is known what it is it counts as
    /// [`ClientKind::Raw`].
    pub fn new(client: ClientKind, way: Way, is_proxied: bool) -> Kind {
        let way = way as u8 * 2 + u8::from(is_proxied);
        Kind(way * CLIENTS.len() as u8 + client as u8)
    }

    /// It is known now what the client is.
    pub fn with_client(self, client: ClientKind) -> Kind {
        Kind::new(client, self.way(), self.is_proxied())
    }

    /// What the client is.
    pub fn client(self) -> ClientKind {
        CLIENTS[usize::from(self.0) % CLIENTS.len()]
    }

    /// By which way it has come.
    pub fn way(self) -> Way {
        WAYS[usize::from(self.0) / CLIENTS.len() / 2 % WAYS.len()]
    }

    /// Whether it has come through a proxy.
    pub fn is_proxied(self) -> bool {
        usize::from(self.0) / CLIENTS.len() % 2 == 1
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = (self.client(), self.way(), self.is_proxied());
        kind.fmt(f)
    }
}

/// How many connections of each kind are served.
#[derive(Debug)]
pub struct Presents([AtomicUsize; KINDS]);

impl Default for Presents {
    fn default() -> Presents {
        Presents(array::from_fn(|_| AtomicUsize::new(0)))
    }
}

impl Presents {
    /// A connection is served from now on.
    pub fn enter(&self, kind: Kind) {
        self.0[usize::from(kind.0)].fetch_add(1, Ordering::Relaxed);
    }

    /// A connection is served no more.
    pub fn leave(&self, kind: Kind) {
        self.0[usize::from(kind.0)].fetch_sub(1, Ordering::Relaxed);
    }

    /// How many there are of each kind.
    pub fn each(&self) -> impl Iterator<Item = (Kind, usize)> {
        let counts = self.0.iter().map(|count| count.load(Ordering::Relaxed));
        (0..).map(Kind).zip(counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_a_number_of_its_own_and_is_found_by_it() {
        let mut numbers = Vec::new();
        for way in WAYS {
            for is_proxied in [false, true] {
                for client in CLIENTS {
                    let kind = Kind::new(client, way, is_proxied);
                    let found = (kind.client(), kind.way(), kind.is_proxied());
                    assert_eq!(found, (client, way, is_proxied));
                    for other in CLIENTS {
                        assert_eq!(kind.with_client(other), Kind::new(other, way, is_proxied));
                    }
                    numbers.push(usize::from(kind.0));
                }
            }
        }
        assert_eq!(numbers, (0..KINDS).collect::<Vec<_>>());
    }

    #[test]
    fn a_connection_counts_as_what_it_is_until_it_ends() {
        let presents = Presents::default();
        let there = || {
            let each = presents.each().filter(|(_, count)| *count > 0);
            each.collect::<Vec<_>>()
        };
        let raw = Kind::new(ClientKind::Raw, Way::Tls, true);
        let keys = raw.with_client(ClientKind::TelnetKeys);
        presents.enter(raw);
        presents.enter(raw);
        presents.enter(keys);
        presents.leave(raw);
        assert_eq!(there(), [(raw, 1), (keys, 1)]);
        presents.leave(raw);
        presents.leave(keys);
        assert_eq!(there(), []);
    }
}
