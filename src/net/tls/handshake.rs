//! What comes before a connection by TLS.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::sync::Arc;

use rustls::{Error, ServerConfig};

use super::layer::Layer;
use super::socket::TlsSocket;
use crate::net::socket::Socket;

/// Bytes that are read at once. A hello has less.
const READ_BYTES: usize = 4 * 1024;

/// Why there was no handshake.
#[derive(Debug)]
pub enum HandshakeError {
    /// The client says something else, or nothing at all. It can be told over this socket, as it is.
    NotTls(Socket),
    /// The client has gone.
    Gone(Option<io::Error>),
    /// The client refuses: an alert.
    Refused(Error),
    /// What the client says is wrong, or nothing that we can do.
    Failed(Error),
    /// The client was not done in time.
    Late,
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HandshakeError::NotTls(_) => f.write_str("it does not speak TLS"),
            HandshakeError::Gone(None) => f.write_str("it has gone"),
            HandshakeError::Gone(Some(error)) => error.fmt(f),
            HandshakeError::Refused(error) | HandshakeError::Failed(error) => error.fmt(f),
            HandshakeError::Late => f.write_str("not done in time"),
        }
    }
}

/// Does the handshake with a client that has just connected, until `late` is ready.
///
/// # Errors
///
/// See [`HandshakeError`].
pub async fn accept(
    below: Socket,
    config: Arc<ServerConfig>,
    late: impl Future<Output = ()>,
) -> Result<Socket, HandshakeError> {
    let layer = Layer::new(config).map_err(HandshakeError::Failed)?;
    let mut handshake = Box::new(Handshake {
        layer,
        text: Vec::new(),
        outgoing: Vec::new(),
        has_begun: false,
    });
    let done = futures_lite::future::or(async { Some(handshake.run(&below).await) }, async {
        late.await;
        None
    });
    match done.await {
        Some(Ok(())) => {
            let Handshake { layer, text, .. } = *handshake;
            Ok(Socket::Other(Box::new(TlsSocket::new(below, layer, text))))
        }
        Some(Err(Stopped::NotTls)) => Err(HandshakeError::NotTls(below)),
        // Most likely somebody sits there and waits for us to begin.
        None if !handshake.has_begun => Err(HandshakeError::NotTls(below)),
        None => Err(HandshakeError::Late),
        Some(Err(Stopped::Gone(error))) => Err(HandshakeError::Gone(error)),
        Some(Err(Stopped::By(error @ Error::AlertReceived(_)))) => {
            Err(HandshakeError::Refused(error))
        }
        Some(Err(Stopped::By(error))) => Err(HandshakeError::Failed(error)),
    }
}

/// A handshake that is under way.
struct Handshake {
    layer: Layer,
    /// What the client has said behind its part of the handshake.
    text: Vec<u8>,
    outgoing: Vec<u8>,
    /// Something has come.
    has_begun: bool,
}

enum Stopped {
    NotTls,
    Gone(Option<io::Error>),
    By(Error),
}

impl Handshake {
    async fn run(&mut self, below: &Socket) -> Result<(), Stopped> {
        loop {
            let is_sent = self.send(below)?;
            if self.layer.is_up() && is_sent {
                return Ok(());
            }
            // A client that does not take what it is sent has nothing to say yet.
            let ready = match is_sent {
                true => poll_fn(|cx| below.poll_readable(cx)).await,
                false => poll_fn(|cx| below.poll_writable(cx)).await,
            };
            ready.map_err(broken)?;
            if is_sent {
                self.receive(below)?;
            }
        }
    }

    /// Sends what there is; true if nothing is left.
    fn send(&mut self, below: &Socket) -> Result<bool, Stopped> {
        while !self.outgoing.is_empty() {
            match below.write(&self.outgoing).map_err(broken)? {
                Some(count) => drop(self.outgoing.drain(..count)),
                None => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Takes what has come.
    fn receive(&mut self, below: &Socket) -> Result<(), Stopped> {
        let mut bytes = [0; READ_BYTES];
        let space = self.layer.space().min(READ_BYTES);
        let count = match below.read(&mut bytes[..space]).map_err(broken)? {
            None => return Ok(()),
            Some(0) => return Err(Stopped::Gone(None)),
            Some(count) => count,
        };
        if !self.has_begun && !is_hello(&bytes[..count]) {
            return Err(Stopped::NotTls);
        }
        self.has_begun = true;
        let received = self
            .layer
            .receive(&mut bytes[..count], &mut self.text, &mut self.outgoing);
        received.map_err(|error| {
            // It is told why, if it listens.
            let _ = self.send(below);
            Stopped::By(error)
        })
    }
}

fn broken(error: io::Error) -> Stopped {
    Stopped::Gone(Some(error))
}

/// Whether a connection that begins like this may be one by TLS: a record of type handshake, version 3.x (RFC 8446,
/// section 5.1).
fn is_hello(first: &[u8]) -> bool {
    first[0] == 0x16 && first.get(1).is_none_or(|major| *major == 3)
}
