//! *Pure.* Who it is that has come to `parlor attach`: what the system's ssh server says in the environment, or whoever
//! calls it on the command line.

use std::net::{IpAddr, SocketAddr};

use base64ct::{Base64, Encoding};
use ring::digest::{SHA256, digest};

use crate::chat::key::Fingerprint;
use crate::net::proxy::{Header, Secured, Source};

/// What is known of a caller.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hints<'a> {
    /// Given on the command line: the address.
    pub(super) from: Option<IpAddr>,
    /// Given there: the caller came by TLS.
    pub(super) is_tls: bool,
    /// `$SSH_CONNECTION`: address and port of the client and of the server (sshd(8)).
    pub(super) ssh_connection: Option<&'a str>,
    /// What stands in the file that `$SSH_USER_AUTH` names: a line for each way in which the client has proved who it is
    /// (sshd_config(5), ExposeAuthInfo).
    pub(super) ssh_user_auth: Option<&'a str>,
}

impl Hints<'_> {
    /// What the server is told.
    pub(super) fn header(&self) -> Header {
        if let Some(ip) = self.from {
            return Header {
                source: Source::Tcp(SocketAddr::new(ip, 0)),
                secured: self.is_tls.then_some(Secured::Tls),
                key: None,
            };
        }
        match self.ssh_connection {
            None => Header {
                source: Source::Unix,
                secured: None,
                key: None,
            },
            Some(connection) => Header {
                source: client_of(connection).map_or(Source::Unknown, Source::Tcp),
                secured: Some(Secured::Ssh),
                key: self.ssh_user_auth.and_then(key_of),
            },
        }
    }
}

/// The client's address.
fn client_of(connection: &str) -> Option<SocketAddr> {
    let mut words = connection.split(' ');
    // fe80::1%eth0: the interface means nothing to anybody else.
    let ip = words.next()?.split('%').next()?;
    Some(SocketAddr::new(
        ip.parse().ok()?,
        words.next()?.parse().ok()?,
    ))
}

/// The fingerprint of the first public key. A certificate is none: it is another one every time it is signed.
fn key_of(user_auth: &str) -> Option<Fingerprint> {
    let keys = user_auth.lines().filter_map(|line| {
        let mut words = line.split(' ');
        match (words.next()?, words.next()?) {
            ("publickey", kind) if !kind.contains("-cert-") => words.next(),
            _ => None,
        }
    });
    let key = Base64::decode_vec(keys.into_iter().next()?).ok()?;
    let hash = digest(&SHA256, &key);
    hash.as_ref().try_into().ok().map(Fingerprint)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key that ssh-keygen has made, and how it shows its fingerprint.
    const KEY: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIRwXbD2JCJaHpWt8ajkn30sFLNpreTyTqXjir+A3j7+";
    const FINGERPRINT: &str = "SHA256:a8xPKGA9RfERFyL4BM9BSRDFN72lvkDc2An+0msc0tU";

    fn header(hints: Hints<'_>) -> Header {
        hints.header()
    }

    fn by_ssh(connection: &str) -> Hints<'_> {
        Hints {
            ssh_connection: Some(connection),
            ..Hints::default()
        }
    }

    #[test]
    fn whoever_comes_by_ssh_has_an_address_and_perhaps_a_key() {
        for (connection, expected) in [
            ("192.0.2.7 52110 198.51.100.1 22", Some("192.0.2.7:52110")),
            (
                "2001:db8::7 52110 2001:db8::1 22",
                Some("[2001:db8::7]:52110"),
            ),
            (
                "fe80::7%eth0 52110 fe80::1%eth0 22",
                Some("[fe80::7]:52110"),
            ),
            ("UNKNOWN 65535 UNKNOWN 65535", None),
            ("", None),
        ] {
            let expected = expected.map(|text| text.parse().expect("an address"));
            let header = header(by_ssh(connection));
            assert_eq!(header.source, expected.map_or(Source::Unknown, Source::Tcp));
            assert_eq!((header.secured, header.key), (Some(Secured::Ssh), None));
        }
        let expected = FINGERPRINT.parse().ok();
        assert!(expected.is_some());
        let key = |kind: &str| KEY.replacen("ssh-ed25519", kind, 1);
        for (user_auth, expected) in [
            (format!("publickey {KEY}\n"), expected),
            (
                format!("password\npublickey {KEY}\npublickey ssh-rsa AAAA\n"),
                expected,
            ),
            (
                format!("publickey {}\n", key("ssh-ed25519-cert-v01@openssh.com")),
                None,
            ),
            ("password\n".to_owned(), None),
            ("publickey\n".to_owned(), None),
            ("publickey ssh-ed25519 !!!\n".to_owned(), None),
            (String::new(), None),
        ] {
            let hints = Hints {
                ssh_user_auth: Some(&user_auth),
                ..by_ssh("192.0.2.7 52110 198.51.100.1 22")
            };
            assert_eq!(header(hints).key, expected, "{user_auth}");
        }
    }

    #[test]
    fn whoever_comes_otherwise_is_on_this_machine_or_at_the_address_that_is_given() {
        let local = header(Hints {
            ssh_user_auth: Some(KEY),
            ..Hints::default()
        });
        assert_eq!(
            (local.source, local.secured, local.key),
            (Source::Unix, None, None)
        );
        for (is_tls, expected) in [(false, None), (true, Some(Secured::Tls))] {
            let given = header(Hints {
                from: "192.0.2.7".parse().ok(),
                is_tls,
                ..by_ssh("198.51.100.9 1 198.51.100.1 22")
            });
            let source = Source::Tcp("192.0.2.7:0".parse().expect("an address"));
            assert_eq!(
                (given.source, given.secured, given.key),
                (source, expected, None)
            );
        }
    }
}
