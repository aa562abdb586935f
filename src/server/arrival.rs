//! What happens between accepting a client and serving it, at listeners where that is more than nothing:
//!
//! 1. a proxy says whom it brings;
//! 2. the caller is admitted by its address, and waits for its turn;
//! 3. the handshake of TLS;
//! 4. its connection begins, in a task of its own, as that of a client that came without all this.
//!
//! Whoever is at 1 or 3 has a place among all connections, and at 3 among those of its address too, so there are no
//! more of them than there can be connections. Who is to be told that there is no place goes the same way; of those
//! there are as many as are told that anywhere.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_lite::future;
use tracing::{debug, info};

use super::proxied::{self, HeaderFault};
use super::{Server, warn_refused};
use crate::limits::TLS_HANDSHAKE_MAX;
use crate::net::admission::{Admission, Admitted, Slot};
use crate::net::endpoint::Listen;
use crate::net::proxy::{Header, Source};
use crate::net::reason::Reason;
use crate::net::socket::{Encryption, Peer, Socket};
use crate::net::tls::{self, HandshakeError};

/// A client on its way in.
struct Arrival {
    id: u64,
    /// Where it is.
    peer: Peer,
    /// `peer` is the proxy that brings it, which has not said yet whom.
    is_unknown: bool,
    /// It has lines of its own in the log.
    is_logged: bool,
}

/// What there is for a client.
enum Place<'a> {
    Admitted(Admitted),
    /// It is told that there is none.
    Refused(Reason, Slot<'a>),
}

/// Why a client has gone before its connection began.
enum Gone {
    For(Reason),
    /// Its proxy did not say whom it brings.
    Header(HeaderFault),
    /// What it said in the handshake is wrong, or nothing that we can do.
    Handshake(rustls::Error),
    /// It refuses what we said in the handshake: most likely our certificate, and so it is no attack.
    Refuses(rustls::Error),
}

impl Server {
    /// Serves a client that has come in at a listener of this kind.
    pub(super) fn arrive(self: &Arc<Self>, socket: Socket, peer: Peer, listen: &Listen) {
        if !listen.is_proxied && !listen.is_tls {
            return self.serve(socket, peer);
        }
        let server = Arc::clone(self);
        let mut arrival = Arrival {
            id: self.next_id.fetch_add(1, Ordering::Relaxed),
            peer,
            is_unknown: listen.is_proxied && self.believes(&socket, peer),
            is_logged: true,
        };
        let is_tls = listen.is_tls;
        // This task ends where that of the connection begins, which so has no place for what is done here.
        self.connections.start(async move {
            let stopped = async {
                server.stopped().await;
                Err(Gone::For(Reason::Stop))
            };
            // Who is not in yet when the server stops has seen nothing of it.
            let arrived = future::or(arrival.run(&server, socket, is_tls), stopped).await;
            if let Err(gone) = arrived {
                arrival.gone(&server, &gone);
            }
        });
    }
}

impl Arrival {
    /// Brings the client in, or tells it why not. The error says why it has gone before either.
    async fn run(
        &mut self,
        server: &Arc<Server>,
        socket: Socket,
        is_tls: bool,
    ) -> Result<(), Gone> {
        let Server { shared, .. } = &**server;
        let mut place = Place::among_all(&shared.admission)?;
        let (mut key, mut is_checked) = (None, false);
        if self.is_unknown {
            let header = self.ask_proxy(server, &socket).await?;
            self.peer = proxied::brought_by(self.peer, &header);
            key = header.key.filter(|_| server.believes_keys(&socket));
            self.is_unknown = false;
            is_checked = header.source == Source::Proxy;
        }
        if let (Place::Admitted(_), Some(banned)) = (&place, server.ban_of(self.peer)) {
            place = Place::refused(&shared.admission, banned)?;
        }
        let now = shared.runtime.clock.now();
        // A proxy looks every few seconds whether the server is well.
        self.is_logged = !is_checked && server.connect_log.connects(self.peer.address(), now);
        if let Place::Admitted(admitted) = &mut place {
            match admitted.count(self.peer, now) {
                Ok(()) => {
                    if let Some(turn) = admitted.turn {
                        shared.runtime.clock.at(turn).await;
                    }
                }
                Err(reason) => place = Place::refused(&shared.admission, reason)?,
            }
        }
        let socket = match is_tls {
            true => self.shake_hands(server, socket).await?,
            false => socket,
        };
        let mut connection = server.connection(self.id, self.peer, socket);
        connection.come_with(key.map(Box::new));
        let (id, peer, is_logged) = (self.id, self.peer, self.is_logged);
        match place {
            Place::Admitted(admitted) => {
                let serving =
                    Arc::clone(server).serve_one(id, peer, is_logged, connection, admitted);
                server.connections.start(serving);
            }
            Place::Refused(reason, _slot) => {
                connection.refuse(reason).await;
                server.ended(id, peer, is_logged, reason);
            }
        }
        Ok(())
    }

    /// What the proxy says. Nothing is read from the socket that is not its own word.
    async fn ask_proxy(&self, server: &Server, socket: &Socket) -> Result<Header, Gone> {
        let header = proxied::read_header(&server.shared.runtime.clock, socket);
        header.await.map_err(Gone::Header)
    }

    /// The handshake of TLS. Whoever speaks no TLS is told so as well as that can be done.
    async fn shake_hands(&mut self, server: &Arc<Server>, socket: Socket) -> Result<Socket, Gone> {
        let clock = &server.shared.runtime.clock;
        let late = clock.at(clock.now() + TLS_HANDSHAKE_MAX);
        let Some(config) = server.shared.certificates.config() else {
            // The last listener by TLS has just been closed.
            return Err(Gone::For(Reason::Stop));
        };
        match tls::accept(socket, config, late).await {
            Ok(socket) => {
                self.peer.encryption = Some(Encryption::Tls);
                Ok(socket)
            }
            Err(HandshakeError::NotTls(socket)) => {
                let connection = server.connection(self.id, self.peer, socket);
                connection.refuse(Reason::NotTls).await;
                Err(Gone::For(Reason::NotTls))
            }
            Err(HandshakeError::Gone(None)) => Err(Gone::For(Reason::EndOfInput)),
            Err(HandshakeError::Gone(Some(_))) => Err(Gone::For(Reason::Lost)),
            Err(HandshakeError::Late) => Err(Gone::For(Reason::HandshakeLate)),
            Err(HandshakeError::Refused(why)) => Err(Gone::Refuses(why)),
            Err(HandshakeError::Failed(why)) => Err(Gone::Handshake(why)),
        }
    }

    /// The client has gone before its connection began, or has to go.
    fn gone(&self, server: &Server, gone: &Gone) {
        let Arrival { id, peer, .. } = *self;
        let reason = gone.reason();
        if let (Gone::For(_), false) = (gone, self.is_unknown) {
            return server.ended(id, peer, self.is_logged, reason);
        }
        server.shared.reasons.count(reason);
        match gone {
            // A proxy must not pay for what its callers do.
            Gone::For(_) => info!(id, proxy = %peer, %reason, "closed before it was said who came"),
            // It wants to know whether anybody listens.
            Gone::Header(HeaderFault::Gone) => {
                debug!(id, proxy = %peer, %reason, "closed before it was said who came");
            }
            Gone::Header(why) => {
                info!(id, proxy = %peer, %reason, %why, "closed before it was said who came");
            }
            Gone::Handshake(_) | Gone::Refuses(_) if !self.is_logged => {}
            Gone::Handshake(why) => {
                let why = why.to_string().replace('"', "'");
                warn_refused(peer, &format!("tls-handshake why=\"{why}\""));
            }
            Gone::Refuses(why) => info!(id, %peer, %reason, %why, "closed"),
        }
        let now = server.shared.runtime.clock.now();
        server.connect_log.disconnects(now);
    }
}

impl Gone {
    fn reason(&self) -> Reason {
        match self {
            Gone::For(reason) => *reason,
            Gone::Header(fault) => fault.reason(),
            Gone::Handshake(_) | Gone::Refuses(_) => Reason::Handshake,
        }
    }
}

impl From<Reason> for Gone {
    fn from(reason: Reason) -> Gone {
        Gone::For(reason)
    }
}

impl<'a> Place<'a> {
    /// One among all connections. The error: there is none, and too many are being told so.
    fn among_all(admission: &'a Arc<Admission>) -> Result<Place<'a>, Reason> {
        match admission.enter() {
            Ok(admitted) => Ok(Place::Admitted(admitted)),
            Err(reason) => Place::refused(admission, reason),
        }
    }

    /// One among those who are told that there is none.
    fn refused(admission: &'a Admission, reason: Reason) -> Result<Place<'a>, Reason> {
        let slot = admission.refusal_slot().ok_or(reason)?;
        Ok(Place::Refused(reason, slot))
    }
}
