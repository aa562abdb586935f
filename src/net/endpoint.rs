//! Where a server listens.

use std::net::{IpAddr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;

/// An address to listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// A TCP address.
    Tcp(SocketAddr),
    /// The path of a Unix socket.
    Unix(PathBuf),
}

impl Listen {
    /// Port 50006, as the original program had it, on every address of either family.
    pub const DEFAULT: Listen =
        Listen::Tcp(SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), 50006));
}

/// Reads what the operator wrote. The error is a sentence for that person.
pub fn parse_listen(text: &str) -> Result<Listen, String> {
    if let Some(path) = text.strip_prefix("unix:") {
        if path.is_empty() {
            return Err("--listen unix: needs a path, such as unix:/run/parlor.sock".to_owned());
        }
        return Ok(Listen::Unix(PathBuf::from(path)));
    }
    // Names such as localhost:50006 are looked up; the first address counts.
    let address = text
        .to_socket_addrs()
        .ok()
        .and_then(|mut found| found.next());
    address.map(Listen::Tcp).ok_or_else(|| {
        format!(
            "--listen {text}: that is not an address with a port; give one such as 0.0.0.0:50006, \
             [::]:50006 or unix:/run/parlor.sock"
        )
    })
}
