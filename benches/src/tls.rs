//! A client's side of TLS.

use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme};

/// Bytes read from the network at once.
const READ_BYTES: usize = 64 * 1024;

/// What clients have in common that believe any certificate, as somebody does who has compared its fingerprint.
#[derive(Clone, Debug)]
pub struct Clients(Arc<ClientConfig>);

impl Clients {
    /// TLS 1.2 and 1.3.
    pub fn new() -> Clients {
        let provider = Arc::new(ring::default_provider());
        let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .expect("ring supports both")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Believer(provider)))
            .with_no_client_auth();
        Clients(Arc::new(config))
    }

    /// A client that has yet to say hello.
    pub fn client(&self) -> ClientConnection {
        let name = ServerName::try_from("localhost").expect("it is a name");
        ClientConnection::new(Arc::clone(&self.0), name).expect("the configuration makes sense")
    }
}

impl Default for Clients {
    fn default() -> Clients {
        Clients::new()
    }
}

/// A connection by TLS over a socket that does not block.
#[derive(Debug)]
pub struct Stream {
    tls: ClientConnection,
}

impl Stream {
    /// One whose hello is sent with the first flush.
    pub fn new(tls: ClientConnection) -> Stream {
        Stream { tls }
    }

    /// Reads what `socket` has and fits into `buffer`, as a socket would: an error if that is nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::WouldBlock`], or what broke.
    pub fn read(&mut self, socket: &mut impl Socket, buffer: &mut [u8]) -> io::Result<usize> {
        let mut raw = [0; READ_BYTES];
        let most = READ_BYTES.min(buffer.len());
        let count = socket.read(&mut raw[..most])?;
        let (mut rest, mut read) = (&raw[..count], 0);
        while !rest.is_empty() {
            self.tls.read_tls(&mut rest)?;
            self.tls.process_new_packets().map_err(io::Error::other)?;
            while let Ok(count @ 1..) = self.tls.reader().read(&mut buffer[read..]) {
                read += count;
            }
        }
        self.flush(socket)?;
        match (count, read) {
            (0, _) => Ok(0),
            (_, 0) => Err(ErrorKind::WouldBlock.into()),
            (_, read) => Ok(read),
        }
    }

    /// Takes what it can of `bytes`, and sends what `socket` takes.
    ///
    /// # Errors
    ///
    /// What broke.
    pub fn write(&mut self, socket: &mut impl Socket, bytes: &[u8]) -> io::Result<usize> {
        let count = self.tls.writer().write(bytes)?;
        self.flush(socket)?;
        Ok(count)
    }

    /// True if something waits to be sent.
    pub fn is_waiting(&self) -> bool {
        self.tls.wants_write()
    }

    fn flush(&mut self, socket: &mut impl Socket) -> io::Result<()> {
        while self.tls.wants_write() {
            match self.tls.write_tls(socket) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// What is read and written.
pub trait Socket: Read + Write {}

impl<T: Read + Write> Socket for T {}

#[derive(Debug)]
struct Believer(Arc<CryptoProvider>);

impl ServerCertVerifier for Believer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
