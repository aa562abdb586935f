//! Who may say whom a connection is from: proxies, by their address; over a Unix socket, by the user they run as.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use nix::unistd::User;
use rustix::net::sockopt::socket_peercred;
use rustix::process::geteuid;

use crate::chat::cidr::Cidr;
use crate::net::socket::{Origin, Peer, Socket};

/// Proxies that are believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    addresses: Vec<Cidr>,
    /// Numbers of users besides root and the server's own, who could do anything to the server anyway.
    users: Vec<u32>,
    /// Those of them whom it is believed too which key a caller has: whoever is one of these can be anybody.
    key_users: Vec<u32>,
}

impl Trust {
    /// Those on this machine, and over Unix sockets nobody but root and the server's own user.
    pub const DEFAULT: [&str; 2] = ["127.0.0.0/8", "::1"];

    /// Reads what the operator wrote: blocks of addresses, `user:NAME`, and `keys:NAME`, who is believed which key a caller
    /// has as well; instead of a name there can be a number. Where no address is among them, those of [`Trust::DEFAULT`]
    /// are.
    ///
    /// # Errors
    ///
    /// The text that makes no sense, and why.
    pub fn parse(texts: &[String]) -> Result<Trust, (&str, String)> {
        let mut trust = Trust {
            addresses: Vec::new(),
            users: Vec::new(),
            key_users: Vec::new(),
        };
        for text in texts {
            let read = match text.split_once(':') {
                Some(("user", user)) => user_id(user).map(|id| trust.users.push(id)),
                Some(("keys", user)) => user_id(user).map(|id| {
                    trust.users.push(id);
                    trust.key_users.push(id);
                }),
                _ => match text.parse() {
                    Ok(block) => {
                        trust.addresses.push(block);
                        Ok(())
                    }
                    Err(error) => Err(format!("{error}; over a Unix socket, user:NAME")),
                },
            };
            read.map_err(|why| (text.as_str(), why))?;
        }
        if trust.addresses.is_empty() {
            trust.addresses = vec![
                Cidr::new(Ipv4Addr::LOCALHOST.into(), 8).expect("of 32 bits"),
                Cidr::one(Ipv6Addr::LOCALHOST.into()),
            ];
        }
        Ok(trust)
    }

    /// Whether whoever has connected from `peer` is believed.
    pub fn covers(&self, socket: &Socket, peer: Peer) -> bool {
        match peer.origin {
            Origin::Tcp(address) => self.covers_address(address.ip()),
            Origin::Unix => user_of(socket).is_some_and(|user| self.covers_user(user)),
        }
    }

    /// Whether it is believed too which key somebody has who comes by this connection. No network brings keys: a proxy
    /// elsewhere may use the same field for something else.
    pub fn covers_keys(&self, socket: &Socket) -> bool {
        user_of(socket).is_some_and(|user| is_own(user) || self.key_users.contains(&user))
    }

    fn covers_address(&self, ip: IpAddr) -> bool {
        self.addresses.iter().any(|block| block.contains(ip))
    }

    fn covers_user(&self, user: u32) -> bool {
        is_own(user) || self.users.contains(&user)
    }
}

fn is_own(user: u32) -> bool {
    user == 0 || user == geteuid().as_raw()
}

/// The user that has connected over a Unix socket, at the time it did.
pub fn user_of(socket: &Socket) -> Option<u32> {
    match socket {
        Socket::Unix(socket) => Some(socket_peercred(socket).ok()?.uid.as_raw()),
        Socket::Tcp(_) | Socket::Other(_) => None,
    }
}

/// The number of a user, by its name or number.
fn user_id(user: &str) -> Result<u32, String> {
    if let Ok(id) = user.parse() {
        return Ok(id);
    }
    match User::from_name(user) {
        Ok(Some(found)) => Ok(found.uid.as_raw()),
        Ok(None) => Err(format!("there is no user {user}")),
        Err(error) => Err(format!("the user {user} cannot be looked up: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use smol::Async;

    use super::*;

    fn trust(texts: &[&str]) -> Trust {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        Trust::parse(&texts).expect("it makes sense")
    }

    #[test]
    fn only_this_machine_is_believed_unless_somebody_else_is_listed() {
        let default = trust(&[]);
        assert_eq!(default, trust(&Trust::DEFAULT));
        for (trust, ip, expected) in [
            (&default, "127.0.0.1", true),
            (&default, "127.9.9.9", true),
            (&default, "::1", true),
            (&default, "::ffff:127.0.0.1", true),
            (&default, "192.0.2.1", false),
            (&default, "::2", false),
            (&trust(&["10.0.0.0/8"]), "10.1.2.3", true),
            (&trust(&["10.0.0.0/8"]), "::ffff:10.1.2.3", true),
            (&trust(&["10.0.0.0/8"]), "127.0.0.1", false),
            (&trust(&["10.0.0.0/8", "::1"]), "::1", true),
            (&trust(&["user:4711"]), "127.0.0.1", true),
            (&trust(&["user:4711"]), "10.1.2.3", false),
        ] {
            let ip = ip.parse().expect("an address");
            assert_eq!(trust.covers_address(ip), expected, "{trust:?} {ip}");
        }
    }

    #[test]
    fn over_a_unix_socket_it_is_the_user_who_counts() {
        let own = geteuid().as_raw();
        let listed = trust(&["user:4711", "user:root", "keys:4713"]);
        for (user, expected) in [
            (0, true),
            (own, true),
            (4711, true),
            (4712, false),
            (4713, true),
        ] {
            assert_eq!(listed.covers_user(user), expected, "{user}");
        }
        assert_eq!(listed.key_users, [4713]);
        assert!(!trust(&["0.0.0.0/0"]).covers_user(4711));
        let (ours, _theirs) = UnixStream::pair().expect("a pair");
        let socket = Socket::Unix(Async::new(ours).expect("a socket"));
        assert_eq!(user_of(&socket), Some(own));
        assert!(trust(&[]).covers(&socket, Peer::unix()) && trust(&[]).covers_keys(&socket));
    }

    #[test]
    fn what_makes_no_sense_is_told_with_what_would() {
        for (text, expected) in [
            ("10.0.0.0/33", "from 0 to 32"),
            ("haproxy", "user:NAME"),
            ("user:nobody-of-that-name", "there is no user"),
            ("user:", "there is no user"),
        ] {
            let texts = [text.to_owned()];
            let (found, why) = Trust::parse(&texts).expect_err("it makes no sense");
            assert_eq!(found, text);
            assert!(why.contains(expected), "{why}");
        }
    }
}
