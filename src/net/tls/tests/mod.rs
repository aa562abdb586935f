//! A client in memory, and what it is told.

mod certificates;
mod layer;
mod socket;

use std::io::{Read, Write};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, Error, RootCertStore, SupportedProtocolVersion};

use super::identity::Identity;
use super::layer::Layer;
use super::made;
use crate::limits::CLOCK_SET_MIN_MS;
use crate::time::Timestamp;

const NOW: Timestamp = Timestamp(CLOCK_SET_MIN_MS + 1000);

const VERSIONS: [&SupportedProtocolVersion; 2] = [&rustls::version::TLS13, &rustls::version::TLS12];

/// A server's certificate, and whoever believes it.
struct World {
    identity: Identity,
    roots: Arc<RootCertStore>,
}

impl World {
    fn new() -> World {
        let pem = made::make("chat.example", NOW).expect("random numbers");
        let identity = Identity::parse(pem.as_bytes(), pem.as_bytes()).expect("its own");
        let mut roots = RootCertStore::empty();
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).expect("a certificate");
        roots.add(certificate).expect("it can be believed");
        World {
            identity,
            roots: Arc::new(roots),
        }
    }

    fn layer(&self) -> Layer {
        Layer::new(Arc::clone(&self.identity.config)).expect("it makes sense")
    }

    fn client(&self, version: &'static SupportedProtocolVersion) -> Client {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .expect("it is supported")
            .with_root_certificates(Arc::clone(&self.roots))
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec()];
        config.time_provider = Arc::new(Today);
        let name = ServerName::try_from("chat.example").expect("a name");
        Client(ClientConnection::new(Arc::new(config), name).expect("it makes sense"))
    }
}

/// What the certificate is checked against does not depend on when the test runs.
#[derive(Debug)]
struct Today;

impl rustls::time_provider::TimeProvider for Today {
    fn current_time(&self) -> Option<rustls::pki_types::UnixTime> {
        let since = std::time::Duration::from_millis(NOW.0.unsigned_abs());
        Some(rustls::pki_types::UnixTime::since_unix_epoch(since))
    }
}

/// A client without a network.
struct Client(ClientConnection);

impl Client {
    /// What it sends.
    fn sends(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        while self.0.wants_write() {
            self.0.write_tls(&mut bytes).expect("a Vec takes all");
        }
        bytes
    }

    /// What it says, as it sends it.
    fn says(&mut self, text: &[u8]) -> Vec<u8> {
        self.0.set_buffer_limit(None);
        self.0.writer().write_all(text).expect("there is no limit");
        self.sends()
    }

    /// What it sends when nothing more comes.
    fn closes(&mut self) -> Vec<u8> {
        self.0.send_close_notify();
        self.sends()
    }

    /// What it reads in what the server sent, and whether that was the end.
    fn reads(&mut self, mut bytes: &[u8]) -> Result<(Vec<u8>, bool), Error> {
        let mut text = Vec::new();
        let mut has_ended = false;
        while !bytes.is_empty() {
            self.0.read_tls(&mut bytes).expect("there is something");
            has_ended |= self.0.process_new_packets()?.peer_has_closed();
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = self.0.reader().read(&mut buffer) {
                text.extend_from_slice(&buffer[..count]);
            }
        }
        Ok((text, has_ended))
    }
}

/// Gives the server `bytes` in pieces of at most `size`. Returns the text in them and what the server sends.
fn give(layer: &mut Layer, mut bytes: Vec<u8>, size: usize) -> Result<(Vec<u8>, Vec<u8>), Error> {
    let (mut text, mut outgoing) = (Vec::new(), Vec::new());
    let mut rest = &mut bytes[..];
    while !rest.is_empty() {
        let count = rest.len().min(size).min(layer.space());
        let (piece, after) = rest.split_at_mut(count);
        layer.receive(piece, &mut text, &mut outgoing)?;
        rest = after;
    }
    Ok((text, outgoing))
}

/// Does the handshake with pieces of at most `size` bytes.
fn shake_hands(layer: &mut Layer, client: &mut Client, size: usize) {
    for _ in 0..10 {
        let sent = client.sends();
        let (text, outgoing) = give(layer, sent, size).expect("it is a handshake");
        assert_eq!(text, b"");
        let (text, _) = client.reads(&outgoing).expect("it is a handshake");
        assert_eq!(text, b"");
        if layer.is_up() && !client.0.is_handshaking() && !client.0.wants_write() {
            return;
        }
    }
    panic!("the handshake does not come to an end");
}

/// Both sides once the handshake is done.
fn pair(world: &World, version: &'static SupportedProtocolVersion) -> (Layer, Client) {
    let (mut layer, mut client) = (world.layer(), world.client(version));
    shake_hands(&mut layer, &mut client, usize::MAX);
    (layer, client)
}
