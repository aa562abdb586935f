//! *Pure*, but for the random numbers of the handshake: TLS (RFC 8446, RFC 5246) as bytes in and bytes out.

use std::fmt;
use std::sync::Arc;

use rustls::server::UnbufferedServerConnection;
use rustls::unbuffered::{ConnectionState, EncodeError, EncryptError, UnbufferedStatus};
use rustls::{Error, ServerConfig};

use crate::limits::{TLS_INCOMING_BYTES_MAX, TLS_OVERHEAD_BYTES};

/// The server's side of one connection.
///
/// At rest it holds no bytes: what comes is decrypted where it lies, and only a record that is cut off waits here.
pub(super) struct Layer {
    conn: UnbufferedServerConnection,
    /// A record, or a message of the handshake, that has yet to come whole. The library knows how far it has read it,
    /// so it has to be given the same bytes each time.
    incoming: Vec<u8>,
    /// The client has said that nothing more comes.
    has_ended: bool,
    /// There was an error, after which the library is not asked any more.
    is_broken: bool,
}

/// What is to be done once everything that came is handled.
#[derive(Clone, Copy)]
enum Then<'a> {
    Nothing,
    /// Encrypt this.
    Seal(&'a [u8]),
    /// Say that nothing more comes.
    Close,
}

impl Layer {
    /// A connection whose client has yet to say hello.
    ///
    /// # Errors
    ///
    /// If the configuration makes no sense, or the system has no memory or no random numbers.
    pub(super) fn new(config: Arc<ServerConfig>) -> Result<Layer, Error> {
        Ok(Layer {
            conn: UnbufferedServerConnection::new(config)?,
            incoming: Vec::new(),
            has_ended: false,
            is_broken: false,
        })
    }

    /// True once the handshake is done. Nothing can be [sealed](Layer::seal) before.
    pub(super) fn is_up(&self) -> bool {
        !self.conn.is_handshaking()
    }

    /// True once the client has said that nothing more comes from it. It may still be told something.
    pub(super) fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// How many bytes it takes next at most.
    pub(super) fn space(&self) -> usize {
        TLS_INCOMING_BYTES_MAX.saturating_sub(self.incoming.len())
    }

    /// True if it waits for nothing to be completed.
    #[cfg(test)]
    pub(super) fn incoming_is_empty(&self) -> bool {
        self.incoming.capacity() == 0
    }

    /// Handles bytes that came from the client, at most [`space`](Layer::space). Adds what they say to `text`, and what
    /// the client has to be sent for them to `outgoing`: after an error as well, since the client is told of it.
    ///
    /// # Errors
    ///
    /// Whatever makes the connection useless.
    pub(super) fn receive(
        &mut self,
        bytes: &mut [u8],
        text: &mut Vec<u8>,
        outgoing: &mut Vec<u8>,
    ) -> Result<(), Error> {
        if self.is_broken {
            return Err(Error::General("broken before".to_owned()));
        }
        if self.incoming.is_empty() {
            let taken = self.handle(bytes, text, outgoing, Then::Nothing)?;
            self.incoming = bytes[taken..].to_vec();
        } else {
            let mut all = std::mem::take(&mut self.incoming);
            all.extend_from_slice(bytes);
            let taken = self.handle(&mut all, text, outgoing, Then::Nothing)?;
            if taken < all.len() {
                all.drain(..taken);
                self.incoming = all;
            }
        }
        if self.space() == 0 {
            self.is_broken = true;
            return Err(Error::PeerSentOversizedRecord);
        }
        Ok(())
    }

    /// Adds `text` to `outgoing`, as one record if it is no longer than one may be.
    ///
    /// # Errors
    ///
    /// If the handshake is not done, or the keys may not be used any more.
    pub(super) fn seal(&mut self, text: &[u8], outgoing: &mut Vec<u8>) -> Result<(), Error> {
        self.then(Then::Seal(text), outgoing)
    }

    /// Adds to `outgoing` that nothing more comes. Nothing can be sealed after that.
    pub(super) fn close(&mut self, outgoing: &mut Vec<u8>) -> Result<(), Error> {
        self.then(Then::Close, outgoing)
    }

    fn then(&mut self, then: Then<'_>, outgoing: &mut Vec<u8>) -> Result<(), Error> {
        if !self.is_up() || self.is_broken {
            return Err(Error::HandshakeNotComplete);
        }
        let mut incoming = std::mem::take(&mut self.incoming);
        // All that came is handled already, and what is left says nothing yet.
        let taken = self.handle(&mut incoming, &mut Vec::new(), outgoing, then)?;
        incoming.drain(..taken);
        self.incoming = incoming;
        Ok(())
    }

    /// Handles `bytes` as far as they go, then does what is wanted. Returns how many of them are done with.
    fn handle(
        &mut self,
        bytes: &mut [u8],
        text: &mut Vec<u8>,
        outgoing: &mut Vec<u8>,
        then: Then<'_>,
    ) -> Result<usize, Error> {
        let mut taken = 0;
        loop {
            let UnbufferedStatus {
                mut discard, state, ..
            } = self.conn.process_tls_records(&mut bytes[taken..]);
            let is_done = match state {
                Ok(ConnectionState::ReadTraffic(mut traffic)) => {
                    while let Some(record) = traffic.next_record() {
                        let record = record?;
                        discard += record.discard;
                        text.extend_from_slice(record.payload);
                    }
                    false
                }
                Ok(ConnectionState::EncodeTlsData(mut data)) => {
                    append(outgoing, 0, |room| data.encode(room))?;
                    false
                }
                Ok(ConnectionState::TransmitTlsData(data)) => {
                    data.done();
                    false
                }
                Ok(ConnectionState::PeerClosed) => {
                    self.has_ended = true;
                    false
                }
                Ok(ConnectionState::WriteTraffic(mut traffic)) => {
                    match then {
                        Then::Nothing => {}
                        Then::Seal(text) => {
                            let size = text.len() + TLS_OVERHEAD_BYTES;
                            append(outgoing, size, |room| traffic.encrypt(text, room))?;
                        }
                        Then::Close => append(outgoing, TLS_OVERHEAD_BYTES, |room| {
                            traffic.queue_close_notify(room)
                        })?,
                    }
                    true
                }
                // The handshake goes on when more has come; or both sides have closed.
                Ok(_) => true,
                Err(error) => {
                    self.is_broken = true;
                    self.tell(&mut bytes[taken + discard..], outgoing);
                    return Err(error);
                }
            };
            taken += discard;
            if is_done {
                // Whatever comes after the end is nobody's word.
                return Ok(if self.has_ended { bytes.len() } else { taken });
            }
        }
    }

    /// Adds what the client is told of an error.
    fn tell(&mut self, bytes: &mut [u8], outgoing: &mut Vec<u8>) {
        // Asked for more than that, the library would read on.
        while self.conn.wants_write() {
            let told = match self.conn.process_tls_records(bytes).state {
                Ok(ConnectionState::EncodeTlsData(mut data)) => {
                    append(outgoing, 0, |room| data.encode(room))
                }
                _ => return,
            };
            if told.is_err() {
                return;
            }
        }
    }
}

impl fmt::Debug for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Layer")
            .field("is_up", &self.is_up())
            .field("incoming", &self.incoming.len())
            .field("has_ended", &self.has_ended)
            .finish_non_exhaustive()
    }
}

/// Why something was not written: there was too little room.
trait TooSmall {
    /// How much it takes, if that is why; otherwise what is wrong.
    fn required(self) -> Result<usize, Error>;
}

impl TooSmall for EncodeError {
    fn required(self) -> Result<usize, Error> {
        match self {
            EncodeError::InsufficientSize(size) => Ok(size.required_size),
            EncodeError::AlreadyEncoded => Err(Error::EncryptError),
        }
    }
}

impl TooSmall for EncryptError {
    fn required(self) -> Result<usize, Error> {
        match self {
            EncryptError::InsufficientSize(size) => Ok(size.required_size),
            EncryptError::EncryptExhausted => Err(Error::EncryptError),
        }
    }
}

/// Appends what `write` writes, which takes about `size` bytes, and says how much it would need if that is too little.
fn append<E: TooSmall>(
    outgoing: &mut Vec<u8>,
    size: usize,
    mut write: impl FnMut(&mut [u8]) -> Result<usize, E>,
) -> Result<(), Error> {
    let (start, mut size) = (outgoing.len(), size);
    loop {
        outgoing.resize(start + size, 0);
        match write(&mut outgoing[start..]) {
            Ok(count) => {
                outgoing.truncate(start + count);
                return Ok(());
            }
            Err(error) => {
                outgoing.truncate(start);
                let required = error.required()?;
                // It would ask for ever.
                if required <= size {
                    return Err(Error::EncryptError);
                }
                size = required;
            }
        }
    }
}
