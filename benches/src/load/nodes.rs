//! The servers that are measured: one, or several that share a database.

use std::net::SocketAddr;
use std::time::Duration;

use parlor_bench::server::{Process, Server, end_after};

use crate::Args;

/// Servers of one command.
#[derive(Debug)]
pub(crate) struct Nodes {
    servers: Vec<Server>,
    place: Placing,
}

/// Who comes to which server.
#[derive(Clone, Debug)]
pub(crate) struct Placing {
    addresses: Vec<SocketAddr>,
    is_apart: bool,
}

impl Placing {
    /// The number of the server of who has this place in a room, of which the first are senders.
    pub(crate) fn node(&self, place: usize, senders: usize) -> usize {
        let nodes = self.addresses.len();
        match (self.is_apart && nodes > 1, place < senders) {
            (false, _) => place % nodes,
            (true, true) => 0,
            (true, false) => 1 + place % (nodes - 1),
        }
    }

    /// Where a server listens.
    pub(crate) fn address(&self, node: usize) -> SocketAddr {
        self.addresses[node]
    }
}

impl Nodes {
    /// Starts all of them.
    pub(crate) fn start(args: &Args) -> Result<Nodes, String> {
        let servers = (0..args.nodes.max(1)).map(|_| Server::start(&args.command));
        let servers = servers.collect::<Result<Vec<Server>, String>>()?;
        let addresses = servers.iter().map(|server| server.address).collect();
        let is_apart = args.apart;
        Ok(Nodes {
            servers,
            place: Placing {
                addresses,
                is_apart,
            },
        })
    }

    /// Who comes to which.
    pub(crate) fn placing(&self) -> Placing {
        self.place.clone()
    }

    /// All are ended after `limit`, and so is this process.
    pub(crate) fn end_after(&self, limit: Duration) {
        let processes: Vec<Process> = self.servers.iter().map(Server::process).collect();
        end_after(limit, processes);
    }

    /// Processor time that has been used, in seconds; of those where nobody sends, if they are apart.
    pub(crate) fn cpu_seconds(&self) -> f64 {
        let all = self.servers.len() > 1 && self.place.is_apart;
        let measured = self.servers.iter().skip(usize::from(all));
        measured.map(Server::cpu_seconds).sum()
    }

    /// Resident memory of all, in KiB.
    pub(crate) fn resident_kib(&self) -> f64 {
        self.servers.iter().map(Server::resident_kib).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_come_in_turn_or_apart_from_those_who_send() {
        let addresses = vec![SocketAddr::from(([127, 0, 0, 1], 1)); 3];
        let nodes = |addresses: &[SocketAddr], is_apart| {
            let placing = Placing {
                addresses: addresses.to_vec(),
                is_apart,
            };
            [0, 1, 2, 3, 4].map(|place| placing.node(place, 2))
        };
        assert_eq!(nodes(&addresses, false), [0, 1, 2, 0, 1]);
        assert_eq!(nodes(&addresses, true), [0, 0, 1, 2, 1]);
        assert_eq!(nodes(&addresses[..1], true), [0; 5]);
    }
}
