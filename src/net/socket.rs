//! A client's socket, whatever its kind: non-blocking calls and polls, nothing that holds bytes.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::net::RecvFlags;
use smol::Async;
use socket2::SockRef;

use crate::chat::address::Address;
pub use crate::chat::people::Encryption;
use crate::chat::people::Source;

/// Where a client is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A TCP address.
    Tcp(SocketAddr),
    /// A Unix socket; its clients are all on this machine.
    Unix,
}

/// Where a client comes from, and by which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Where it is. Behind a proxy that is what the proxy says.
    pub origin: Origin,
    /// What protects its way to us; `None`: nothing.
    pub encryption: Option<Encryption>,
    /// It came through a proxy, which may be on another machine than both.
    pub is_proxied: bool,
}

impl Peer {
    /// A client at a TCP address, without more.
    pub fn tcp(address: SocketAddr) -> Peer {
        Peer {
            origin: Origin::Tcp(address),
            encryption: None,
            is_proxied: false,
        }
    }

    /// A client at a Unix socket, without more.
    pub fn unix() -> Peer {
        Peer {
            origin: Origin::Unix,
            encryption: None,
            is_proxied: false,
        }
    }

    /// What operators and the rooms may know of it.
    pub fn source(self) -> Source {
        let ip = match self.origin {
            Origin::Unix => None,
            Origin::Tcp(address) => Some(address.ip()),
        };
        let is_local = self.is_on_this_machine() && !self.is_proxied;
        Source::new(ip, self.encryption, self.is_private(), is_local)
    }

    /// What connections are counted by (see
    /// [`CONNECTIONS_PER_ADDRESS_MAX`](crate::limits::CONNECTIONS_PER_ADDRESS_MAX)); `None`: not counted.
    pub fn group(self) -> Option<IpAddr> {
        self.address().map(IpAddr::from)
    }

    /// The same, as rules go by it.
    pub fn address(self) -> Option<Address> {
        match self.origin {
            Origin::Unix => None,
            Origin::Tcp(address) => Some(Address::from(address.ip())),
        }
    }

    /// Whether the client is on this machine.
    pub fn is_on_this_machine(self) -> bool {
        match self.origin {
            Origin::Unix => true,
            Origin::Tcp(address) => address.ip().to_canonical().is_loopback(),
        }
    }

    /// Whether nobody on the way can read what is sent. What a proxy brings may have come to it over any network, even
    /// where the address is of this machine.
    pub fn is_private(self) -> bool {
        self.encryption.is_some() || self.is_on_this_machine() && !self.is_proxied
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.origin {
            Origin::Tcp(address) => {
                SocketAddr::new(address.ip().to_canonical(), address.port()).fmt(f)
            }
            Origin::Unix => f.write_str("unix"),
        }
    }
}

/// What a socket of another kind can do; see the methods of [`Socket`] for what each means.
///
/// A simulation's network is one; so will be what needs more than a file descriptor.
pub trait Transport: fmt::Debug + Send + Sync {
    /// See [`Socket::poll_readable`].
    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
    /// See [`Socket::poll_writable`].
    fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
    /// See [`Socket::read`].
    fn read(&self, buffer: &mut [u8]) -> io::Result<Option<usize>>;
    /// See [`Socket::write`].
    fn write(&self, bytes: &[u8]) -> io::Result<Option<usize>>;
    /// See [`Socket::tell_when_sent`].
    fn tell_when_sent(&self) {}
    /// See [`Socket::end_output`].
    fn end_output(&self) {}
    /// See [`Socket::reset_on_close`].
    fn reset_on_close(&self) {}
}

/// A connected socket.
#[derive(Debug)]
pub enum Socket {
    /// Over TCP.
    Tcp(Async<TcpStream>),
    /// Over a Unix socket.
    Unix(Async<UnixStream>),
    /// Over something else.
    Other(Box<dyn Transport>),
}

impl Socket {
    /// Ready when there may be something to read. Only one task may poll.
    pub fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Socket::Tcp(socket) => socket.poll_readable(cx),
            Socket::Unix(socket) => socket.poll_readable(cx),
            Socket::Other(socket) => socket.poll_readable(cx),
        }
    }

    /// Ready when there may be space to write. Only one task may poll.
    pub fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Socket::Tcp(socket) => socket.poll_writable(cx),
            Socket::Unix(socket) => socket.poll_writable(cx),
            Socket::Other(socket) => socket.poll_writable(cx),
        }
    }

    /// Reads what is there; `None` if nothing is, `Some(0)` at end of input.
    pub fn read(&self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        match self {
            Socket::Tcp(socket) => unless_blocked(|| socket.get_ref().read(buffer)),
            Socket::Unix(socket) => unless_blocked(|| socket.get_ref().read(buffer)),
            Socket::Other(socket) => socket.read(buffer),
        }
    }

    /// Looks at what [`Socket::read`] would read, which stays there. Only sockets of the system can do it.
    pub fn peek(&self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        match self {
            Socket::Tcp(socket) => unless_blocked(|| peek(socket.get_ref(), buffer)),
            Socket::Unix(socket) => unless_blocked(|| peek(socket.get_ref(), buffer)),
            Socket::Other(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// Writes what there is space for; `None` if there is none.
    pub fn write(&self, bytes: &[u8]) -> io::Result<Option<usize>> {
        match self {
            Socket::Tcp(socket) => unless_blocked(|| socket.get_ref().write(bytes)),
            Socket::Unix(socket) => unless_blocked(|| socket.get_ref().write(bytes)),
            Socket::Other(socket) => socket.write(bytes),
        }
    }

    /// From now on the socket is writable when all that was written has been sent, and not before.
    pub fn tell_when_sent(&self) {
        match self {
            // Without it the close may cut off what a slow client has yet to take.
            Socket::Tcp(socket) => drop(SockRef::from(socket).set_tcp_notsent_lowat(1)),
            Socket::Unix(_) => {}
            Socket::Other(socket) => socket.tell_when_sent(),
        }
    }

    /// Nothing more is written: the other side reads to the end of it.
    pub fn end_output(&self) {
        // If it has gone, nobody wants to know.
        match self {
            Socket::Tcp(socket) => drop(socket.get_ref().shutdown(Shutdown::Write)),
            Socket::Unix(socket) => drop(socket.get_ref().shutdown(Shutdown::Write)),
            Socket::Other(socket) => socket.end_output(),
        }
    }

    /// Makes the close a reset. Some netcats sit at their terminal until the next key when a connection
    /// just ends; a reset makes them exit.
    pub fn reset_on_close(&self) {
        match self {
            // Without it the close is an ordinary one: the user has to press Enter.
            Socket::Tcp(socket) => {
                let _ = rustix::net::sockopt::set_socket_linger(socket, Some(Duration::ZERO));
            }
            Socket::Unix(_) => {}
            Socket::Other(socket) => socket.reset_on_close(),
        }
    }
}

fn peek(socket: impl AsFd, buffer: &mut [u8]) -> io::Result<usize> {
    let (count, _) = rustix::net::recv(socket, buffer, RecvFlags::PEEK)?;
    Ok(count)
}

fn unless_blocked(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<Option<usize>> {
    loop {
        match call() {
            Ok(count) => return Ok(Some(count)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(text: &str) -> Peer {
        Peer::tcp(text.parse().expect("an address"))
    }

    #[test]
    fn what_comes_from_this_machine_is_told_from_what_others_can_read() {
        for here in [
            "127.0.0.1:1",
            "127.9.9.9:1",
            "[::1]:1",
            "[::ffff:127.0.0.1]:1",
        ] {
            assert!(tcp(here).is_on_this_machine(), "{here}");
        }
        for there in [
            "192.168.1.2:1",
            "[::ffff:10.0.0.1]:1",
            "[fe80::1]:1",
            "[2001:db8::1]:1",
        ] {
            assert!(!tcp(there).is_on_this_machine(), "{there}");
        }
        assert!(Peer::unix().is_on_this_machine());
    }

    #[test]
    fn a_way_is_private_where_nobody_can_read_on_it() {
        let (here, there) = (tcp("127.0.0.1:1"), tcp("192.0.2.1:1"));
        let by = |encryption, peer| Peer { encryption, ..peer };
        let proxied = |peer| Peer {
            is_proxied: true,
            ..peer
        };
        let (tls, ssh) = (Some(Encryption::Tls), Some(Encryption::Ssh));
        for (peer, expected) in [
            (here, true),
            (there, false),
            (Peer::unix(), true),
            (by(tls, there), true),
            (by(ssh, proxied(there)), true),
            // Whoever says so may be a proxy for the whole world.
            (proxied(here), false),
            (proxied(there), false),
            (by(tls, proxied(there)), true),
            (proxied(Peer::unix()), false),
        ] {
            assert_eq!(peer.is_private(), expected, "{peer:?}");
        }
    }

    #[test]
    fn an_address_is_counted_the_same_however_it_is_written() {
        let group = |text: &str| tcp(text).group();
        assert_eq!(group("192.0.2.1:1"), group("[::ffff:192.0.2.1]:2"));
        assert_ne!(group("192.0.2.1:1"), group("192.0.2.2:1"));
        assert_eq!(
            group("[2001:db8:1:2::1]:1"),
            group("[2001:db8:1:2:ffff::9]:1")
        );
        assert_ne!(group("[2001:db8:1:2::1]:1"), group("[2001:db8:1:3::1]:1"));
        assert_eq!(Peer::unix().group(), None);
    }
}
