//! Listening sockets: made from what the operator wrote, with errors in words.

use std::fs::Permissions;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, chown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use nix::unistd::Group;
use smol::Async;
use socket2::{Domain, SockAddr, TcpKeepalive, Type};

use crate::limits::{
    KEEPALIVE_AFTER, KEEPALIVE_EVERY, KEEPALIVE_TRIES, LISTEN_BACKLOG, UNACKNOWLEDGED_MAX,
    UNSENT_BYTES_MAX,
};
use crate::net::endpoint::{Listen, Place, UnixPlace};
use crate::net::socket::{Peer, Socket};

/// A listening socket.
#[derive(Debug)]
pub struct Listener {
    socket: Arc<ListeningSocket>,
    listen: Listen,
    /// What it was made from by the service manager that has handed it over, if one has.
    handed_over: Option<Arc<Listen>>,
}

#[derive(Debug)]
enum ListeningSocket {
    Tcp(Async<TcpListener>),
    /// Its file is removed when the listener is dropped, unless somebody else has made it.
    Unix(Async<UnixListener>, PathBuf, Maker),
}

/// Who has made a Unix socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Maker {
    Us,
    ServiceManager,
}

impl Listener {
    /// Listens at every one of `places`, with the socket of `inherited` if one is there already, and at the places of all
    /// the others of those.
    ///
    /// # Errors
    ///
    /// A sentence for the operator.
    pub fn bind_all(
        places: &[Listen],
        mut inherited: Vec<Listener>,
    ) -> Result<Vec<Listener>, String> {
        let mut listeners = Vec::new();
        for listen in places {
            let at = inherited
                .iter()
                .position(|one| one.listen.place.is_same(&listen.place));
            listeners.push(match at {
                Some(at) => inherited.swap_remove(at).altered(listen.clone())?,
                None => Listener::bind(listen)?,
            });
        }
        inherited.extend(listeners);
        Ok(inherited)
    }

    /// Listens at this place. The error is a sentence for the operator.
    pub fn bind(listen: &Listen) -> Result<Listener, String> {
        let socket = match &listen.place {
            Place::Tcp(address) if *listen == Listen::DEFAULT && !has_ipv6() => {
                let v4 = SocketAddr::from(([0, 0, 0, 0], address.port()));
                let bound = bind_tcp(v4).map(ListeningSocket::Tcp);
                bound.map_err(|error| format!("cannot listen on {v4}: {}", explain(&error)))?
            }
            Place::Tcp(address) => bind_tcp(*address)
                .map(ListeningSocket::Tcp)
                .map_err(|error| format!("cannot listen on {address}: {}", explain(&error)))?,
            Place::Unix(place) => {
                let path = &place.path;
                let failed =
                    |why: String| format!("cannot listen on unix:{}: {why}", path.display());
                let group = place.group_id().map_err(failed)?;
                let listener = bind_unix(place, group).map_err(|error| failed(explain(&error)))?;
                ListeningSocket::Unix(listener, path.clone(), Maker::Us)
            }
        };
        Ok(Listener {
            socket: Arc::new(socket),
            listen: listen.clone(),
            handed_over: None,
        })
    }

    /// Takes over a socket that a service manager has made, and where it is known what clients do first.
    ///
    /// # Errors
    ///
    /// If it is no TCP or Unix socket that listens.
    pub fn adopt(descriptor: OwnedFd, is_tls: bool, is_proxied: bool) -> io::Result<Listener> {
        let socket = socket2::Socket::from(descriptor);
        if socket.r#type()? != Type::STREAM || !socket.is_listener()? {
            let why = "it is not one that listens for connections (in a .socket unit: ListenStream=, Accept=no)";
            return Err(io::Error::other(why));
        }
        let address = socket.local_addr()?;
        let (socket, place) = if let Some(address) = address.as_socket() {
            prepare_tcp(&socket)?;
            (
                ListeningSocket::Tcp(Async::new(socket.into())?),
                Place::Tcp(address),
            )
        } else if let Some(path) = address.as_pathname() {
            let place = UnixPlace {
                path: path.to_owned(),
                mode: UnixPlace::MODE,
                group: None,
            };
            let socket = Async::new(UnixListener::from(socket))?;
            let socket = ListeningSocket::Unix(socket, path.to_owned(), Maker::ServiceManager);
            (socket, Place::Unix(place))
        } else {
            return Err(io::Error::other(
                "it is neither TCP nor a Unix socket with a path",
            ));
        };
        let listen = Listen {
            place,
            is_tls,
            is_proxied,
        };
        Ok(Listener {
            socket: Arc::new(socket),
            handed_over: Some(Arc::new(listen.clone())),
            listen,
        })
    }

    /// What it was made from if a service manager has handed it over.
    pub fn handed_over(&self) -> Option<&Listen> {
        self.handed_over.as_deref()
    }

    /// The same socket under what `listen` says, which is of the same place. This one should not be used any more.
    ///
    /// # Errors
    ///
    /// A sentence for the operator, if who may connect to a Unix socket cannot be changed.
    pub fn altered(&self, listen: Listen) -> Result<Listener, String> {
        if let (Place::Unix(place), false) = (&listen.place, self.handed_over.is_some()) {
            let failed = |why: String| format!("{} stays as it is: {why}", self.place());
            let group = place.group_id().map_err(failed)?;
            allow(place, group).map_err(|error| failed(explain(&error)))?;
        }
        Ok(Listener {
            socket: Arc::clone(&self.socket),
            listen,
            handed_over: self.handed_over.clone(),
        })
    }

    /// Its TCP port, with that which the system chose.
    pub fn port(&self) -> Option<u16> {
        match &*self.socket {
            ListeningSocket::Tcp(listener) => Some(listener.get_ref().local_addr().ok()?.port()),
            ListeningSocket::Unix(..) => None,
        }
    }

    /// What it was made from.
    pub fn listen(&self) -> &Listen {
        &self.listen
    }

    /// Its address, as the operator should write it: with the port that the system chose.
    pub fn place(&self) -> String {
        let place = match &*self.socket {
            ListeningSocket::Tcp(listener) => match listener.get_ref().local_addr() {
                Ok(address) => address.to_string(),
                Err(error) => format!("an unknown address ({error})"),
            },
            ListeningSocket::Unix(_, path, _) => format!("unix:{}", path.display()),
        };
        format!("{}{place}", self.listen.prefix())
    }

    /// Waits for the next client.
    pub async fn accept(&self) -> io::Result<(Socket, Peer)> {
        match &*self.socket {
            ListeningSocket::Tcp(listener) => {
                let (socket, address) = listener.accept().await?;
                // A chat line is worth a packet of its own; without it lines wait for each other.
                socket.get_ref().set_nodelay(true)?;
                Ok((Socket::Tcp(socket), Peer::tcp(address)))
            }
            ListeningSocket::Unix(listener, ..) => {
                let (socket, _) = listener.accept().await?;
                Ok((Socket::Unix(socket), Peer::unix()))
            }
        }
    }
}

impl Drop for ListeningSocket {
    fn drop(&mut self) {
        if let ListeningSocket::Unix(_, path, Maker::Us) = self {
            // If it is gone already, that is what was wanted.
            let _ = fs::remove_file(path);
        }
    }
}

fn has_ipv6() -> bool {
    socket2::Socket::new(Domain::IPV6, Type::STREAM, None).is_ok()
}

fn bind_tcp(address: SocketAddr) -> io::Result<Async<TcpListener>> {
    let socket = socket2::Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    // A server that was just stopped can be started again at once.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    prepare_tcp(&socket)?;
    socket.bind(&address.into())?;
    socket.listen(LISTEN_BACKLOG)?;
    Async::new(socket.into())
}

/// Settings that those have who come in here.
fn prepare_tcp(socket: &socket2::Socket) -> io::Result<()> {
    notice_the_dead(socket)?;
    // What a client does not take waits with its connection, which is bounded and knows how long it has waited.
    socket.set_tcp_notsent_lowat(UNSENT_BYTES_MAX)
}

/// Sockets that are accepted have the settings of the one that listens. With these, a peer that has gone without a
/// word, because its machine or its network has, is gone for us within three minutes.
fn notice_the_dead(socket: &socket2::Socket) -> io::Result<()> {
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE_AFTER)
        .with_interval(KEEPALIVE_EVERY)
        .with_retries(KEEPALIVE_TRIES);
    socket.set_tcp_keepalive(&keepalive)?;
    // Nobody is asked while something is under way to them.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED_MAX))?;
    Ok(())
}

fn bind_unix(place: &UnixPlace, group: Option<u32>) -> io::Result<Async<UnixListener>> {
    let (path, address) = (&place.path, SockAddr::unix(&place.path)?);
    let socket = socket2::Socket::new(Domain::UNIX, Type::STREAM, None)?;
    match socket.bind(&address) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_abandoned(path) => {
            fs::remove_file(path)?;
            socket.bind(&address)?;
        }
        bound => bound?,
    }
    // Nobody can connect yet, whatever its permissions were until here.
    let opened = allow(place, group).and_then(|()| socket.listen(LISTEN_BACKLOG));
    opened.inspect_err(|_| {
        // The error that matters is the first.
        let _ = fs::remove_file(path);
    })?;
    Async::new(socket.into())
}

/// Lets those connect to a socket who may.
fn allow(place: &UnixPlace, group: Option<u32>) -> io::Result<()> {
    if group.is_some() {
        chown(&place.path, None, group)?;
    }
    fs::set_permissions(&place.path, Permissions::from_mode(place.mode))
}

impl UnixPlace {
    /// The number of its group, if it has one of its own.
    fn group_id(&self) -> Result<Option<u32>, String> {
        self.group.as_deref().map(group_id).transpose()
    }
}

/// Listens at a Unix socket that only its user, and root, may connect to. The file of a server that has gone is replaced.
///
/// # Errors
///
/// Why not, in words.
pub fn bind_private(path: &Path) -> Result<Async<UnixListener>, String> {
    let place = UnixPlace {
        path: path.to_owned(),
        mode: 0o600,
        group: None,
    };
    bind_unix(&place, None).map_err(|error| explain(&error))
}

/// The number of a group, by its name or number.
fn group_id(group: &str) -> Result<u32, String> {
    if let Ok(id) = group.parse() {
        return Ok(id);
    }
    match Group::from_name(group) {
        Ok(Some(found)) => Ok(found.gid.as_raw()),
        Ok(None) => Err(format!("there is no group {group}")),
        Err(error) => Err(format!("the group {group} cannot be looked up: {error}")),
    }
}

/// True for the socket file of a server that has gone without removing it.
fn is_abandoned(path: &Path) -> bool {
    // Connecting to a file of any other kind is refused as well.
    let is_socket = fs::symlink_metadata(path).is_ok_and(|meta| meta.file_type().is_socket());
    let refused = |error: io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
    is_socket && UnixStream::connect(path).is_err_and(refused)
}

fn explain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => "it is in use already".to_owned(),
        io::ErrorKind::AddrNotAvailable => "this machine has no such address".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::NotFound => "there is no such directory".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::TcpStream;
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_client_has_what_is_set_where_it_came_in_and_is_noticed_to_have_gone_within_three_minutes()
    {
        let places = [Listen::plain(Place::Tcp(SocketAddr::from((
            [127, 0, 0, 1],
            0,
        ))))];
        let listeners = Listener::bind_all(&places, Vec::new()).expect("a free port");
        let _client = TcpStream::connect(listeners[0].place()).expect("it listens");
        let (socket, _) = smol::block_on(listeners[0].accept()).expect("a client");
        let Socket::Tcp(socket) = socket else {
            panic!("it came over TCP");
        };
        let socket = socket2::SockRef::from(&socket);
        assert!(socket.keepalive().expect("an option"));
        let idle = socket.tcp_keepalive_time().expect("an option");
        let every = socket.tcp_keepalive_interval().expect("an option");
        let tries = socket.tcp_keepalive_retries().expect("an option");
        assert!(idle + every * tries < Duration::from_secs(180));
        let unacknowledged = socket.tcp_user_timeout().expect("an option");
        assert!(unacknowledged.is_some_and(|most| most < Duration::from_secs(180)));
        assert!(socket.tcp_nodelay().expect("an option"));
        let unsent = socket.tcp_notsent_lowat().expect("an option");
        assert_eq!(unsent, UNSENT_BYTES_MAX);
    }
}
