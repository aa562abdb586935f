//! A socket that is encrypted by TLS.

use std::cell::RefCell;
use std::io::{self, ErrorKind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tracing::debug;

use super::layer::Layer;
use crate::limits::{TLS_INCOMING_BYTES_MAX, TLS_RECORD_BYTES};
use crate::net::socket::{Socket, Transport};

thread_local! {
    /// Where the socket below is read into, and what comes of it.
    static INCOMING: RefCell<(Box<[u8]>, Vec<u8>)> =
        RefCell::new((vec![0; TLS_INCOMING_BYTES_MAX].into(), Vec::new()));
    /// Where records are made. A connection keeps only what the socket below did not take.
    static RECORD: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A connection whose handshake is done.
///
/// What was written and does not fit into the socket below waits here, up to the end of its record. The last byte of
/// that record's text is reported as written only when all of it is, so whoever writes waits until the socket is
/// writable, as with any other.
#[derive(Debug)]
pub(super) struct TlsSocket {
    below: Socket,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    layer: Layer,
    /// Decrypted, and not read yet.
    text: Vec<u8>,
    /// Encrypted, and not sent yet.
    outgoing: Vec<u8>,
    /// What is outgoing has the byte that is to be written next as its last.
    is_owed: bool,
    /// Nothing more comes.
    has_ended: bool,
    /// What came last was none of TLS. What came before it has to be read first.
    is_broken: bool,
    /// The client is not told of the end: its socket is reset, or broken.
    is_mute: bool,
}

impl TlsSocket {
    /// A connection over `below`, whose handshake `layer` has done, and in which `text` has come since.
    pub(super) fn new(below: Socket, layer: Layer, text: Vec<u8>) -> TlsSocket {
        TlsSocket {
            below,
            state: Mutex::new(State {
                has_ended: layer.has_ended(),
                layer,
                text,
                outgoing: Vec::new(),
                is_owed: false,
                is_broken: false,
                is_mute: false,
            }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Hands out what was decrypted before.
    fn take_text(&mut self, buffer: &mut [u8]) -> usize {
        let count = self.text.len().min(buffer.len());
        buffer[..count].copy_from_slice(&self.text[..count]);
        self.text.drain(..count);
        if self.text.is_empty() {
            self.text = Vec::new();
        }
        count
    }

    /// Handles records that came, and hands out their text as far as it fits. Returns how much that is.
    fn receive(&mut self, bytes: &mut [u8], text: &mut Vec<u8>, buffer: &mut [u8]) -> usize {
        let received = self.layer.receive(bytes, text, &mut self.outgoing);
        self.has_ended |= self.layer.has_ended();
        let count = text.len().min(buffer.len());
        buffer[..count].copy_from_slice(&text[..count]);
        self.text.extend_from_slice(&text[count..]);
        text.clear();
        if let Err(error) = received {
            debug!(%error, "tls broken");
            self.is_broken = true;
        }
        count
    }

    /// Sends what waits, as far as `below` takes it; true if nothing is left.
    fn flush(&mut self, below: &Socket) -> io::Result<bool> {
        while !self.outgoing.is_empty() {
            match below.write(&self.outgoing) {
                Ok(Some(count)) => drop(self.outgoing.drain(..count)),
                Ok(None) => return Ok(false),
                Err(error) => {
                    self.is_mute = true;
                    return Err(error);
                }
            }
        }
        self.outgoing = Vec::new();
        Ok(true)
    }

    /// Makes a record of `text` and sends as much of it as `below` takes.
    fn send(&mut self, below: &Socket, text: &[u8]) -> io::Result<bool> {
        RECORD.with_borrow_mut(|record| {
            record.clear();
            self.layer.seal(text, record).map_err(io::Error::other)?;
            let mut sent = 0;
            while sent < record.len() {
                match below.write(&record[sent..]) {
                    Ok(Some(count)) => sent += count,
                    Ok(None) => break,
                    Err(error) => {
                        self.is_mute = true;
                        return Err(error);
                    }
                }
            }
            self.outgoing.extend_from_slice(&record[sent..]);
            Ok(self.outgoing.is_empty())
        })
    }
}

impl Transport for TlsSocket {
    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let state = self.state();
        if !state.text.is_empty() || state.has_ended || state.is_broken {
            return Poll::Ready(Ok(()));
        }
        drop(state);
        self.below.poll_readable(cx)
    }

    fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.below.poll_writable(cx)
    }

    fn read(&self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        let mut state = self.state();
        INCOMING.with_borrow_mut(|(incoming, text)| {
            loop {
                if !state.text.is_empty() {
                    return Ok(Some(state.take_text(buffer)));
                }
                if state.is_broken {
                    return Err(ErrorKind::InvalidData.into());
                }
                if state.has_ended {
                    return Ok(Some(0));
                }
                let space = state.layer.space();
                match self.below.read(&mut incoming[..space])? {
                    None => return Ok(None),
                    // Without a word that this is the end: so do some netcats, after what they had to say. Whether
                    // somebody has cut the connection cannot be told.
                    Some(0) => state.has_ended = true,
                    Some(count) => {
                        let count = state.receive(&mut incoming[..count], text, buffer);
                        // Whether the client takes what it is told does not matter now; whoever writes will find out.
                        let _ = state.flush(&self.below);
                        match count {
                            // A part of a record, or one that has no text.
                            0 => {}
                            count => return Ok(Some(count)),
                        }
                    }
                }
            }
        })
    }

    fn write(&self, bytes: &[u8]) -> io::Result<Option<usize>> {
        let mut state = self.state();
        if !state.flush(&self.below)? {
            return Ok(None);
        }
        // The rest of a record has gone, and with it the byte that this begins with.
        if std::mem::take(&mut state.is_owed) {
            return Ok(Some(1));
        }
        let text = &bytes[..bytes.len().min(TLS_RECORD_BYTES)];
        if state.send(&self.below, text)? {
            return Ok(Some(text.len()));
        }
        state.is_owed = true;
        match text.len() - 1 {
            0 => Ok(None),
            count => Ok(Some(count)),
        }
    }

    fn tell_when_sent(&self) {
        self.below.tell_when_sent();
    }

    fn reset_on_close(&self) {
        // Whoever is reset has no use for a word about the end, and some sit at their terminal after it.
        self.state().is_mute = true;
        self.below.reset_on_close();
    }
}

impl Drop for TlsSocket {
    /// Says that nothing more comes, if nothing is in the way. Whoever has not taken the last record will not hear it.
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if state.is_mute || !state.outgoing.is_empty() {
            return;
        }
        if state.layer.close(&mut state.outgoing).is_ok() {
            let _ = state.flush(&self.below);
        }
    }
}
