//! Sockets to the database, which notice when the network is cut.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_lite::io::{AsyncRead, AsyncWrite};
use smol::Async;
use socket2::{SockRef, TcpKeepalive};

use super::url::{Host, Place};
use crate::limits::{
    POSTGRES_CUT_AFTER, POSTGRES_KEEPALIVE_AFTER, POSTGRES_KEEPALIVE_EVERY, POSTGRES_KEEPALIVES,
};
use crate::runtime::Runtime;

/// One address of a host.
#[derive(Clone, Debug)]
pub(super) enum Address {
    Network(SocketAddr),
    Socket(PathBuf),
}

/// A connected socket.
pub(super) enum Way {
    Network(Async<TcpStream>),
    Socket(Async<UnixStream>),
}

/// The addresses of a host, in the order in which they are to be tried.
pub(super) async fn addresses(runtime: &Runtime, host: &Host) -> io::Result<Vec<Address>> {
    match &host.place {
        Place::Folder(folder) => {
            let file = format!(".s.PGSQL.{}", host.port);
            Ok(vec![Address::Socket(folder.join(file))])
        }
        Place::Network(name) => {
            let (name, port) = (name.clone(), host.port);
            let found = move || (name.as_str(), port).to_socket_addrs();
            let found = runtime.unblock(found).await?;
            Ok(found.map(Address::Network).collect())
        }
    }
}

impl Way {
    /// Connects, for as long as it takes.
    pub(super) async fn connect(address: &Address) -> io::Result<Way> {
        match address {
            Address::Network(address) => {
                let stream = Async::<TcpStream>::connect(*address).await?;
                stream.get_ref().set_nodelay(true)?;
                notice_cuts(stream.get_ref())?;
                Ok(Way::Network(stream))
            }
            Address::Socket(path) => Ok(Way::Socket(Async::<UnixStream>::connect(path).await?)),
        }
    }
}

/// Where nothing comes back any more, not even the kernel's word that bytes have come, the connection ends.
fn notice_cuts(stream: &TcpStream) -> io::Result<()> {
    let socket = SockRef::from(stream);
    let keepalive = TcpKeepalive::new()
        .with_time(POSTGRES_KEEPALIVE_AFTER)
        .with_interval(POSTGRES_KEEPALIVE_EVERY)
        .with_retries(POSTGRES_KEEPALIVES);
    socket.set_tcp_keepalive(&keepalive)?;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    socket.set_tcp_user_timeout(Some(POSTGRES_CUT_AFTER))?;
    Ok(())
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Network(address) => address.fmt(f),
            Address::Socket(path) => path.display().fmt(f),
        }
    }
}

impl AsyncRead for Way {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        match &mut *self {
            Way::Network(stream) => Pin::new(stream).poll_read(cx, buf),
            Way::Socket(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Way {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut *self {
            Way::Network(stream) => Pin::new(stream).poll_write(cx, buf),
            Way::Socket(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Way::Network(stream) => Pin::new(stream).poll_flush(cx),
            Way::Socket(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Way::Network(stream) => Pin::new(stream).poll_close(cx),
            Way::Socket(stream) => Pin::new(stream).poll_close(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_cut_is_noticed_within_seconds() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = Address::Network(listener.local_addr().expect("it is bound"));
        let way = smol::block_on(Way::connect(&address)).expect("it listens");
        let Way::Network(stream) = way else {
            panic!("it is a network")
        };
        let socket = SockRef::from(stream.get_ref());
        assert!(socket.keepalive().expect("an option"));
        assert_eq!(
            socket.tcp_keepalive_time().ok(),
            Some(POSTGRES_KEEPALIVE_AFTER)
        );
        assert_eq!(
            socket.tcp_keepalive_interval().ok(),
            Some(POSTGRES_KEEPALIVE_EVERY)
        );
        assert_eq!(
            socket.tcp_keepalive_retries().ok(),
            Some(POSTGRES_KEEPALIVES)
        );
        assert!(socket.tcp_nodelay().expect("an option"));
        #[cfg(any(target_os = "linux", target_os = "android"))]
        assert_eq!(
            socket.tcp_user_timeout().ok().flatten(),
            Some(POSTGRES_CUT_AFTER)
        );
        let idle = POSTGRES_KEEPALIVE_AFTER + POSTGRES_KEEPALIVES * POSTGRES_KEEPALIVE_EVERY;
        assert!(idle <= std::time::Duration::from_secs(20));
    }
}
