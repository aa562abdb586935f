//! TLS on the way to the database: whom it is spoken with, and how sure we are of that.

use std::error::Error;
use std::fs::File;
use std::future::Future;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_rustls::TlsConnector;
use futures_rustls::client::TlsStream as Secured;
use ring::digest;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};
use tokio_util::compat::{Compat, FuturesAsyncReadCompatExt};

use super::url::{Roots, SslMode, TlsConfig};
use super::way::Way;
use crate::limits::POSTGRES_FILE_BYTES_MAX;

/// Where systems keep whom they trust: Debian, Alpine; Fedora; SUSE.
const SYSTEM_ROOTS: [&str; 3] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
];

/// What a server that speaks TLS from the first byte on wants to hear.
const ALPN: &[u8] = b"postgresql";

/// Reads what the way to a server is protected with; `None`: nothing. Blocks meanwhile.
///
/// # Errors
///
/// A sentence for the operator that says what is wrong with which file.
pub(super) fn client_config(tls: &TlsConfig) -> Result<Option<Arc<ClientConfig>>, String> {
    if tls.mode == SslMode::Disable {
        return Ok(None);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(verifier(tls, provider)?);
    let mut config = match &tls.own {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => builder
            .with_client_auth_cert(certificates(certificate)?, private_key(key)?)
            .map_err(|error| format!("{}: {error}", key.display()))?,
    };
    if tls.is_direct {
        config.alpn_protocols = vec![ALPN.to_vec()];
    }
    Ok(Some(Arc::new(config)))
}

/// What certificates of servers are held against.
fn verifier(
    tls: &TlsConfig,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, String> {
    // Where there is a file of whom one trusts, `require` checks against it, as libpq does.
    let default = |path: &&std::path::PathBuf| path.exists();
    let (file, is_given) = match &tls.roots {
        Roots::File(path) => (Some(path), true),
        Roots::Default(path) => (path.as_ref().filter(default), false),
        Roots::System => (None, true),
    };
    let is_checked = match tls.mode {
        SslMode::Disable | SslMode::Prefer => false,
        SslMode::Require => is_given || file.is_some(),
        SslMode::VerifyCa | SslMode::VerifyFull => true,
    };
    if !is_checked {
        return Ok(Arc::new(Anybody(provider)));
    }
    let roots = match file {
        Some(path) => certificates(path)?,
        None => system_roots()?,
    };
    let mut store = RootCertStore::empty();
    let (taken, _) = store.add_parsable_certificates(roots);
    if taken == 0 {
        return Err("there is no certificate among those that servers are to be signed by".into());
    }
    let inner = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider)
        .build()
        .map_err(|error| error.to_string())?;
    Ok(match tls.mode {
        SslMode::VerifyFull => inner,
        _ => Arc::new(AnyName(inner)),
    })
}

fn system_roots() -> Result<Vec<CertificateDer<'static>>, String> {
    let paths = SYSTEM_ROOTS.iter().map(Path::new);
    let path = paths
        .into_iter()
        .find(|path| path.exists())
        .ok_or("this system has no file of trusted certificates: name one with sslrootcert=FILE")?;
    certificates(path)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let pem = read(path)?.1;
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match read {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => Err(format!("{}: there is no certificate in it", path.display())),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    let (about, pem) = read(path)?;
    // A key of the system may be readable by a group of the system.
    let allowed = if about.uid() == 0 { 0o640 } else { 0o600 };
    if about.mode() & 0o777 & !allowed != 0 {
        return Err(format!(
            "{}: others may read the key: chmod 600",
            path.display()
        ));
    }
    PrivateKeyDer::from_pem_slice(&pem).map_err(|error| format!("{}: {error}", path.display()))
}

fn read(path: &Path) -> Result<(std::fs::Metadata, Vec<u8>), String> {
    let read = || {
        let file = File::open(path)?;
        let about = file.metadata()?;
        if !about.is_file() {
            return Err(io::Error::other("it is no regular file"));
        }
        let mut bytes = Vec::new();
        file.take(POSTGRES_FILE_BYTES_MAX).read_to_end(&mut bytes)?;
        Ok((about, bytes))
    };
    read().map_err(|error| format!("{}: {error}", path.display()))
}

/// Takes any server for the right one: nobody reads along by chance, and that is all.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            cert,
            dss,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            cert,
            dss,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Takes a server whose certificate is signed by somebody whom we trust, whatever its name.
#[derive(Debug)]
struct AnyName(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified =
            self.0
                .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match verified {
            // The name is looked at last.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// Shakes hands with one server.
pub(super) struct Tls {
    pub(super) config: Option<Arc<ClientConfig>>,
    /// Whose certificate it is to be.
    pub(super) name: Option<ServerName<'static>>,
}

/// A way to the database by TLS.
pub(super) struct SecureWay(Compat<Secured<Way>>);

type Handshake =
    Pin<Box<dyn Future<Output = Result<SecureWay, Box<dyn Error + Send + Sync>>> + Send>>;

impl TlsConnect<Compat<Way>> for Tls {
    type Stream = SecureWay;
    type Error = Box<dyn Error + Send + Sync>;
    type Future = Handshake;

    fn connect(self, way: Compat<Way>) -> Handshake {
        Box::pin(async move {
            let (Some(config), Some(name)) = (self.config, self.name) else {
                return Err("there is no TLS on this way".into());
            };
            let connector = TlsConnector::from(config);
            let stream = connector.connect(name, way.into_inner()).await?;
            Ok(SecureWay(stream.compat()))
        })
    }
}

impl TlsStream for SecureWay {
    fn channel_binding(&self) -> ChannelBinding {
        let (_, connection) = self.0.get_ref().get_ref();
        let certificate = connection.peer_certificates().and_then(<[_]>::first);
        match certificate.and_then(|certificate| end_point(certificate)) {
            Some(hash) => ChannelBinding::tls_server_end_point(hash),
            None => ChannelBinding::none(),
        }
    }
}

/// The hash of a certificate by the algorithm that it was signed with; instead of MD5 and SHA-1 it is SHA-256 (RFC 5929).
fn end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    let signed_with = yasna::parse_der(certificate, |reader| {
        reader.read_sequence(|reader| {
            reader.next().read_der()?;
            let algorithm = reader.next().read_sequence(|reader| {
                let oid = reader.next().read_oid()?;
                reader.read_optional(|reader| reader.read_der())?;
                Ok(oid)
            })?;
            reader.next().read_der()?;
            Ok(algorithm)
        })
    });
    let algorithm = match signed_with.ok()?.components().as_slice() {
        // RSA: md5, sha1, sha256, sha384, sha512.
        [1, 2, 840, 113_549, 1, 1, 4 | 5 | 11] => &digest::SHA256,
        [1, 2, 840, 113_549, 1, 1, 12] => &digest::SHA384,
        [1, 2, 840, 113_549, 1, 1, 13] => &digest::SHA512,
        // ECDSA: sha1, sha256, sha384, sha512.
        [1, 2, 840, 10_045, 4, 1] | [1, 2, 840, 10_045, 4, 3, 2] => &digest::SHA256,
        [1, 2, 840, 10_045, 4, 3, 3] => &digest::SHA384,
        [1, 2, 840, 10_045, 4, 3, 4] => &digest::SHA512,
        _ => return None,
    };
    Some(digest::digest(algorithm, certificate).as_ref().to_vec())
}

impl tokio::io::AsyncRead for SecureWay {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut tokio::io::ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl tokio::io::AsyncWrite for SecureWay {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
