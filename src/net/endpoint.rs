//! Where a server listens.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;

/// Where to listen, and what clients there do before their first word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// The address.
    pub place: Place,
    /// A proxy connects, and says first whom it brings.
    pub is_proxied: bool,
    /// TLS.
    pub is_tls: bool,
}

/// An address to listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
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

impl fmt::Display for Listen {
    /// As it could be written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Tcp(address) => write!(f, "{}{address}", self.prefix()),
            Place::Unix(place) => write!(f, "{}unix:{}", self.prefix(), place.path.display()),
        }
    }
}

impl Place {
    /// True if a server cannot listen at both: they are one, or one is a part of the other.
    pub fn excludes(&self, other: &Place) -> bool {
        match (self, other) {
            // Any free port is another one each time.
            (Place::Tcp(one), Place::Tcp(_)) if one.port() == 0 => false,
            (Place::Tcp(one), Place::Tcp(other)) if one.port() == other.port() => {
                let takes = |all: &SocketAddr, other: &SocketAddr| {
                    all.ip().is_unspecified() && (all.is_ipv6() || other.is_ipv4())
                };
                one == other || takes(one, other) || takes(other, one)
            }
            _ => self.is_same(other),
        }
    }

    /// True if it is one address, or one path.
    pub fn is_same(&self, other: &Place) -> bool {
        match (self, other) {
            (Place::Tcp(one), Place::Tcp(other)) => one == other,
            (Place::Unix(one), Place::Unix(other)) => one.path == other.path,
            (Place::Tcp(_), Place::Unix(_)) | (Place::Unix(_), Place::Tcp(_)) => false,
        }
    }
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
    pub const DEFAULT: Listen = Listen::plain(Place::Tcp(SocketAddr::new(
        IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        50006,
    )));

    /// There, without more.
    pub const fn plain(place: Place) -> Listen {
        Listen {
            place,
            is_proxied: false,
            is_tls: false,
        }
    }

    /// What stands before the address.
    pub fn prefix(&self) -> &'static str {
        match (self.is_proxied, self.is_tls) {
            (false, false) => "",
            (false, true) => "tls+",
            (true, false) => "proxy+",
            (true, true) => "proxy+tls+",
        }
    }
}

/// Reads what the operator wrote. The error says what is wrong with it, and what to write instead.
pub fn parse_listen(text: &str) -> Result<Listen, String> {
    let (rest, is_proxied) = strip(text, "proxy+");
    let (place, is_tls) = strip(rest, "tls+");
    Ok(Listen {
        place: parse_place(place)?,
        is_proxied,
        is_tls,
    })
}

fn strip<'a>(text: &'a str, prefix: &str) -> (&'a str, bool) {
    match text.strip_prefix(prefix) {
        Some(rest) => (rest, true),
        None => (text, false),
    }
}

fn parse_place(text: &str) -> Result<Place, String> {
    if let Some(place) = text.strip_prefix("unix:") {
        return UnixPlace::parse(place).map(Place::Unix);
    }
    // Names such as localhost:50006 are looked up; the first address counts.
    let address = text
        .to_socket_addrs()
        .ok()
        .and_then(|mut found| found.next());
    address.map(Place::Tcp).ok_or_else(|| {
        "that is not an address with a port; give one such as 0.0.0.0:50006, [::]:50006 or \
         unix:/run/parlor.sock, and before it tls+, proxy+ or proxy+tls+ if need be"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_excludes_itself_and_what_is_a_part_of_it() {
        for (one, other, expected) in [
            ("127.0.0.1:1", "127.0.0.1:1", true),
            ("127.0.0.1:1", "tls+127.0.0.1:1", true),
            ("127.0.0.1:1", "127.0.0.1:2", false),
            ("127.0.0.1:1", "127.0.0.2:1", false),
            ("127.0.0.1:0", "127.0.0.1:0", false),
            ("0.0.0.0:1", "127.0.0.1:1", true),
            ("[::]:1", "127.0.0.1:1", true),
            ("[::]:1", "0.0.0.0:1", true),
            ("[::]:1", "[::1]:1", true),
            ("0.0.0.0:1", "[::1]:1", false),
            ("127.0.0.1:1", "[::1]:1", false),
            ("unix:/tmp/x", "unix:/tmp/x,mode=666", true),
            ("unix:/tmp/x", "unix:/tmp/y", false),
            ("unix:/tmp/x", "127.0.0.1:1", false),
        ] {
            let place = |text| parse_listen(text).expect("it is right").place;
            for (one, other) in [(one, other), (other, one)] {
                assert_eq!(
                    place(one).excludes(&place(other)),
                    expected,
                    "{one} {other}"
                );
            }
        }
    }

    #[test]
    fn what_clients_do_first_stands_before_the_address() {
        for prefix in ["", "tls+", "proxy+", "proxy+tls+"] {
            for place in ["127.0.0.1:50992", "[::1]:0", "unix:/tmp/x"] {
                let listen = parse_listen(&format!("{prefix}{place}")).expect("it is right");
                assert_eq!(listen.prefix(), prefix);
                assert_eq!(
                    Ok(&listen.place),
                    parse_listen(place).map(|it| it.place).as_ref()
                );
            }
        }
        for wrong in ["tls+", "tls+proxy+[::]:1", "tls+tls+[::]:1", "ssl+[::]:1"] {
            let error = parse_listen(wrong).expect_err("it makes no sense");
            assert!(
                error.starts_with("that is not an address"),
                "{wrong}: {error}"
            );
        }
    }
}
