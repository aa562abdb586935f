//! *Pure.* A certificate with its key: read from what the operator's files hold, and checked.

use std::fmt;
use std::sync::Arc;

use jiff::tz::TimeZone;
use ring::digest::{SHA256, digest};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{NoServerSessionStorage, ServerConfig};
use rustls::sign::{CertifiedKey, SigningKey};
use rustls::version::{TLS12, TLS13};
use rustls::{Error, InconsistentKeys};

use crate::time::Timestamp;
use crate::time::local;

/// What clients are shown, and how it is spoken to them.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    pub(super) config: Arc<ServerConfig>,
    /// SHA-256 of the certificate, as people compare it: `AB:CD:…`.
    pub(super) fingerprint: Arc<str>,
    pub(super) validity: Validity,
}

/// When a certificate is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Validity {
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
}

/// What is wrong with a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CertificateFlaw {
    /// There is none.
    None,
    /// It cannot be read.
    Malformed(String),
    /// It is not valid yet.
    Early(Timestamp),
    /// It is not valid any more.
    Over(Timestamp),
    /// The key belongs to the one with this number, counted from 1.
    Order(usize),
}

/// What is wrong with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum KeyFlaw {
    /// There is none.
    None,
    /// It cannot be read without a passphrase.
    Encrypted,
    /// It cannot be read, or it is of a kind that cannot be used.
    Malformed(String),
    /// It belongs to another certificate.
    Other,
}

/// What is wrong with one of the two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    Certificate(CertificateFlaw),
    Key(KeyFlaw),
}

impl Identity {
    /// Reads a chain of certificates, the server's own first, and its key: PEM each, and both may be the same. Whether
    /// it is valid now is another question.
    pub(super) fn parse(chain: &[u8], key: &[u8]) -> Result<Identity, Flaw> {
        let chain = parse_chain(chain).map_err(Flaw::Certificate)?;
        let key = parse_key(key).map_err(Flaw::Key)?;
        let validity = Validity::of(&chain[0]).map_err(Flaw::Certificate)?;
        let fingerprint = fingerprint(&chain[0]);
        let certified = match_keys(chain, &key)?;
        let config = server_config(certified)
            .map_err(|error| Flaw::Certificate(CertificateFlaw::Malformed(error.to_string())))?;
        Ok(Identity {
            config: Arc::new(config),
            fingerprint,
            validity,
        })
    }
}

impl Validity {
    /// When the certificate `der` is valid (RFC 5280, section 4.1).
    fn of(der: &[u8]) -> Result<Validity, CertificateFlaw> {
        // tbsCertificate: version, serial number, algorithm, issuer, validity, and more.
        let read = yasna::parse_der(der, |reader| {
            reader.read_sequence(|reader| {
                let validity = reader.next().read_sequence(|reader| {
                    reader.read_optional(|reader| {
                        reader.read_tagged(yasna::Tag::context(0), |reader| reader.read_u8())
                    })?;
                    for _ in 0..3 {
                        reader.next().read_der()?;
                    }
                    let validity = reader.next().read_sequence(|reader| {
                        let from = read_time(reader.next())?;
                        let until = read_time(reader.next())?;
                        Ok(Validity { from, until })
                    })?;
                    while reader.read_optional(|reader| reader.read_der())?.is_some() {}
                    Ok(validity)
                })?;
                reader.next().read_der()?;
                reader.next().read_der()?;
                Ok(validity)
            })
        });
        read.map_err(|_| CertificateFlaw::Malformed("it says nowhere until when".to_owned()))
    }

    /// Whether a certificate is valid now.
    pub(super) fn check(self, now: Timestamp) -> Result<(), CertificateFlaw> {
        if now < self.from {
            return Err(CertificateFlaw::Early(self.from));
        }
        if now > self.until {
            return Err(CertificateFlaw::Over(self.until));
        }
        Ok(())
    }
}

/// A time in either of the two forms that certificates have.
fn read_time(reader: yasna::BERReader<'_, '_>) -> yasna::ASN1Result<Timestamp> {
    let seconds = match reader.lookahead_tag()? {
        yasna::tags::TAG_UTCTIME => reader.read_utctime()?.datetime().unix_timestamp(),
        _ => reader.read_generalized_time()?.datetime().unix_timestamp(),
    };
    Ok(Timestamp(seconds.saturating_mul(1000)))
}

fn parse_chain(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, CertificateFlaw> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match chain {
        Ok(chain) if chain.is_empty() => Err(CertificateFlaw::None),
        Ok(chain) => Ok(chain),
        Err(error) => Err(CertificateFlaw::Malformed(error.to_string())),
    }
}

fn parse_key(pem: &[u8]) -> Result<Arc<dyn SigningKey>, KeyFlaw> {
    use rustls::pki_types::pem::Error as PemError;
    let is_encrypted = |mark: &str| pem.windows(mark.len()).any(|part| part == mark.as_bytes());
    if is_encrypted("BEGIN ENCRYPTED PRIVATE KEY") || is_encrypted("Proc-Type: 4,ENCRYPTED") {
        return Err(KeyFlaw::Encrypted);
    }
    let key = PrivateKeyDer::from_pem_slice(pem).map_err(|error| match error {
        PemError::NoItemsFound => KeyFlaw::None,
        error => KeyFlaw::Malformed(error.to_string()),
    })?;
    default_provider()
        .key_provider
        .load_private_key(key)
        .map_err(|error| match error {
            Error::General(why) => KeyFlaw::Malformed(why),
            error => KeyFlaw::Malformed(error.to_string()),
        })
}

/// Puts both together, if the key is that of the first certificate.
fn match_keys(
    chain: Vec<CertificateDer<'static>>,
    key: &Arc<dyn SigningKey>,
) -> Result<CertifiedKey, Flaw> {
    let matches = |chain: Vec<CertificateDer<'static>>| {
        let certified = CertifiedKey::new(chain, Arc::clone(key));
        match certified.keys_match() {
            // A key that cannot tell is believed.
            Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(certified),
            Err(error) => Err(error),
        }
    };
    let others = chain.clone();
    matches(chain).map_err(|error| match error {
        Error::InconsistentKeys(_) => {
            let mut others = others.into_iter();
            match others.position(|other| matches(vec![other]).is_ok()) {
                Some(at) => Flaw::Certificate(CertificateFlaw::Order(at + 1)),
                None => Flaw::Key(KeyFlaw::Other),
            }
        }
        error => Flaw::Certificate(CertificateFlaw::Malformed(error.to_string())),
    })
}

/// TLS 1.2 and 1.3 with this certificate, whatever name the client asks for. Nothing is kept for a client that comes
/// again: that is a handshake of a seventh of a millisecond, and each ticket would be bytes and a secret.
fn server_config(certified: CertifiedKey) -> Result<ServerConfig, Error> {
    let resolver = rustls::sign::SingleCertAndKey::from(certified);
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&TLS13, &TLS12])?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(resolver));
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    Ok(config)
}

/// SHA-256 as people compare it.
fn fingerprint(der: &[u8]) -> Arc<str> {
    let hash = digest(&SHA256, der);
    let bytes: Vec<String> = hash
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    bytes.join(":").into()
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Flaw::Certificate(flaw) => flaw.fmt(f),
            Flaw::Key(flaw) => flaw.fmt(f),
        }
    }
}

impl fmt::Display for CertificateFlaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let when =
            |time: &Timestamp| format!("{} UTC", local::date_and_time(*time, &TimeZone::UTC));
        match self {
            CertificateFlaw::None => f.write_str(
                "there is no certificate in it; it needs a PEM file, with a row -----BEGIN CERTIFICATE-----",
            ),
            CertificateFlaw::Malformed(why) => write!(f, "the certificate cannot be read: {why}"),
            CertificateFlaw::Early(from) => write!(
                f,
                "the certificate is not valid before {}; is the clock of this machine right?",
                when(from)
            ),
            CertificateFlaw::Over(until) => {
                write!(f, "the certificate was valid until {}; get a new one", when(until))
            }
            CertificateFlaw::Order(number) => write!(
                f,
                "the key belongs to certificate number {number} in it; put that first, then those that vouch for it"
            ),
        }
    }
}

impl fmt::Display for KeyFlaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyFlaw::None => f.write_str(
                "there is no private key in it; it needs a PEM file, with a row -----BEGIN PRIVATE KEY-----",
            ),
            KeyFlaw::Encrypted => f.write_str(
                "the key is encrypted, and nobody is there to type the passphrase; write it without: \
                 openssl pkey -in FILE -out NEW",
            ),
            KeyFlaw::Malformed(why) => write!(f, "the key cannot be used: {why}"),
            KeyFlaw::Other => f.write_str("the key belongs to another certificate"),
        }
    }
}
