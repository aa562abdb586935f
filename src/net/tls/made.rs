//! A certificate that we make ourselves, since the operator has none. Nobody vouches for it; people know it by its
//! fingerprint.

use std::time::Duration;

use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair};
use rcgen::{KeyUsagePurpose, date_time_ymd};

use crate::limits::{CLOCK_SET_MIN_MS, TLS_MADE_DAYS};
use crate::time::Timestamp;

/// Makes a key and a certificate for this machine, in one PEM.
///
/// # Errors
///
/// A sentence that says why not.
pub(super) fn make(host: &str, now: Timestamp) -> Result<String, String> {
    make_pem(host, now).map_err(|error| format!("no certificate could be made: {error}"))
}

fn make_pem(host: &str, now: Timestamp) -> Result<String, rcgen::Error> {
    let names = [host, "localhost"]
        .into_iter()
        .filter(|name| is_dns_name(name));
    let mut params = CertificateParams::new(names.map(str::to_owned).collect::<Vec<_>>())?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "parlor");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // From a day on that every clock has seen that is set: a client's may be behind ours.
    let since = u64::try_from(CLOCK_SET_MIN_MS).unwrap_or_default();
    params.not_before = date_time_ymd(1970, 1, 1) + Duration::from_millis(since);
    let from = u64::try_from(now.0.max(CLOCK_SET_MIN_MS)).unwrap_or_default();
    let valid = Duration::from_secs(TLS_MADE_DAYS * 24 * 3600);
    params.not_after =
        date_time_ymd(1970, 1, 1) + Duration::from_millis(from / 1000 * 1000) + valid;
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    Ok(format!("{}{}", certificate.pem(), key.serialize_pem()))
}

/// What machines are called may be anything.
fn is_dns_name(name: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    !name.is_empty() && name.len() <= 253 && name.bytes().all(is_letter)
}
