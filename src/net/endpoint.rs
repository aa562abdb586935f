//! Where a server listens.

use std::net::{IpAddr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;

/// An address to listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// A TCP address.
    Tcp(SocketAddr),
    /// A Unix socket.
    Unix(UnixPlace),
}

/// A Unix socket: where it is, and who may connect to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnixPlace {
    /// Its path.
    pub path: PathBuf,
    /// Its permissions.
    pub mode: u32,
    /// The group that it is given to, by name or number; `None`: that of the process.
    pub group: Option<String>,
}

impl UnixPlace {
    /// The permissions if none are given: its owner and its group may connect.
    pub const MODE: u32 = 0o660;

    /// Reads what stands behind `unix:`.
    fn parse(text: &str) -> Result<UnixPlace, String> {
        let mut parts = text.split(',');
        let path = parts.next().unwrap_or_default();
        if path.is_empty() {
            return Err("it needs a path, such as unix:/run/parlor.sock".to_owned());
        }
        let mut place = UnixPlace {
            path: PathBuf::from(path),
            mode: UnixPlace::MODE,
            group: None,
        };
        for part in parts {
            match part.split_once('=') {
                Some(("mode", mode)) => {
                    place.mode = parse_mode(mode).ok_or_else(|| {
                        format!("{mode} is not a mode; one is 660, or 666 for everybody")
                    })?;
                }
                Some(("group", group)) if !group.is_empty() => {
                    place.group = Some(group.to_owned());
                }
                _ => {
                    return Err(format!(
                        "`{part}` is not understood; after the path there can be mode=660 and group=NAME"
                    ));
                }
            }
        }
        Ok(place)
    }
}

/// Reads permissions in octal digits: at least the owner's right to connect.
fn parse_mode(text: &str) -> Option<u32> {
    let is_octal =
        (3..=4).contains(&text.len()) && text.bytes().all(|digit| digit.is_ascii_digit());
    let mode = u32::from_str_radix(text, 8).ok().filter(|_| is_octal)?;
    (mode <= 0o777 && mode & 0o200 != 0).then_some(mode)
}

impl Listen {
    /// Port 50006, as the original program had it, on every address of either family.
    pub const DEFAULT: Listen =
        Listen::Tcp(SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), 50006));
}

/// Reads what the operator wrote. The error is a sentence for that person.
pub fn parse_listen(text: &str) -> Result<Listen, String> {
    if let Some(place) = text.strip_prefix("unix:") {
        let place = UnixPlace::parse(place).map_err(|why| format!("--listen {text}: {why}"))?;
        return Ok(Listen::Unix(place));
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
