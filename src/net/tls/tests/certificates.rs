//! Certificates from files: read, made, replaced, and what is said of those that are none.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use tempfile::TempDir;

use super::*;
use crate::limits::{TLS_FILE_BYTES_MAX, TLS_MADE_DAYS, TLS_RENEW_DAYS};
use crate::net::tls::{CertificateSource, Certificates};

/// A folder with a certificate and its key.
struct Files {
    folder: TempDir,
}

impl Files {
    fn new() -> Files {
        let files = Files {
            folder: tempfile::tempdir().expect("a folder"),
        };
        files.write(&Signed::new(2026, 2030));
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, signed: &Signed) {
        self.put("cert.pem", &signed.certificate);
        self.put("key.pem", &signed.key);
    }

    fn put(&self, name: &str, text: &str) {
        // As careful people do it: the file is another one, and not changed in place.
        let new = self.path("new");
        fs::write(&new, text).expect("it can be written");
        fs::set_permissions(&new, fs::Permissions::from_mode(0o600)).expect("it is ours");
        fs::rename(new, self.path(name)).expect("it can be put there");
    }

    fn open(&self) -> Result<Arc<str>, String> {
        open(&Certificates::new(self.source()), NOW)
    }

    fn source(&self) -> CertificateSource {
        CertificateSource::Files {
            certificate: self.path("cert.pem"),
            key: self.path("key.pem"),
        }
    }
}

/// A certificate and its key, as PEM.
struct Signed {
    certificate: String,
    key: String,
}

impl Signed {
    /// Valid from the beginning of a year to that of another.
    fn new(from: i32, until: i32) -> Signed {
        let mut params = CertificateParams::new(["chat.example".to_owned()]).expect("a name");
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(until, 1, 1);
        let key = KeyPair::generate().expect("random numbers");
        Signed {
            certificate: params.self_signed(&key).expect("it can sign").pem(),
            key: key.serialize_pem(),
        }
    }
}

/// The fingerprint of the certificate, once it is open.
fn open(certificates: &Certificates, now: Timestamp) -> Result<Arc<str>, String> {
    certificates.open(now)?;
    Ok(certificates.fingerprint().expect("it is open"))
}

fn later(days: u64) -> Timestamp {
    NOW.after(Duration::from_secs(days * 24 * 3600))
}

fn made(path: &Path) -> Arc<Certificates> {
    Certificates::new(CertificateSource::Made(Some(path.to_owned())))
}

#[test]
fn what_is_wrong_with_the_certificate_is_said_in_words() {
    let good = Signed::new(2026, 2030);
    let (over, early) = (Signed::new(2024, 2025), Signed::new(2031, 2032));
    let both = format!("{}{}", over.certificate, good.certificate);
    let cut = &good.certificate[..good.certificate.len() / 2];
    let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let long = "x".repeat(TLS_FILE_BYTES_MAX + 1);
    #[rustfmt::skip]
    let table = [
        ("", &good.key, "there is no certificate in it"),
        (&good.key, &good.key, "there is no certificate in it"),
        (cut, &good.key, "the certificate cannot be read"),
        (garbage, &good.key, "the certificate cannot be read"),
        (&long, &good.key, "it has more than 262144 bytes"),
        (&both, &good.key, "the key belongs to certificate number 2 in it; put that first"),
        (&over.certificate, &over.key, "the certificate was valid until 2025-01-01 00:00:00 UTC; get a"),
        (&early.certificate, &early.key, "the certificate is not valid before 2031-01-01 00:00:00 UTC;"),
    ];
    let files = Files::new();
    for (certificate, key, expected) in table {
        files.put("cert.pem", certificate);
        files.put("key.pem", key);
        let why = files.open().expect_err(expected);
        let cert = files.path("cert.pem");
        let expected = format!("tls certificate {}: {expected}", cert.display());
        assert!(why.starts_with(&expected), "{why}\n{expected}");
    }
}

#[test]
fn what_is_wrong_with_the_key_is_said_in_words() {
    let (good, other) = (Signed::new(2026, 2030), Signed::new(2026, 2030));
    let encrypted = good.key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    let garbage = "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n";
    let table = [
        ("", "there is no private key in it"),
        (&good.certificate, "there is no private key in it"),
        (&encrypted, "the key is encrypted"),
        (garbage, "the key cannot be used"),
        (
            &other.key,
            "the key belongs to another certificate than that",
        ),
    ];
    let files = Files::new();
    files.put("cert.pem", &good.certificate);
    let path = files.path("key.pem");
    for (key, expected) in table {
        files.put("key.pem", key);
        let why = files.open().expect_err(expected);
        let expected = format!("tls key {}: {expected}", path.display());
        assert!(why.starts_with(&expected), "{why}\n{expected}");
    }
    fs::remove_file(&path).expect("it is there");
    let why = files.open().expect_err("it is gone");
    assert!(why.ends_with("key.pem: there is no such file"), "{why}");
}

#[test]
fn a_chain_and_a_key_may_be_in_one_file() {
    let (files, signed) = (Files::new(), Signed::new(2026, 2030));
    let rest = Signed::new(2020, 2040).certificate;
    files.put(
        "all.pem",
        &format!("some words\n{}{}{rest}", signed.key, signed.certificate),
    );
    let source = CertificateSource::Files {
        certificate: files.path("all.pem"),
        key: files.path("all.pem"),
    };
    files.write(&signed);
    let alone = files.open();
    assert_eq!(open(&Certificates::new(source), NOW), alone);
    let fingerprint = alone.expect("it is right");
    assert_eq!(fingerprint.len(), 95);
    let is_right = |part: &str| part.len() == 2 && u8::from_str_radix(part, 16).is_ok();
    assert!(fingerprint.split(':').all(is_right), "{fingerprint}");
}

#[test]
fn new_files_take_the_place_of_the_old_ones_and_broken_ones_do_not() {
    let files = Files::new();
    let certificates = Certificates::new(files.source());
    let reload = |source: CertificateSource, is_needed| {
        let prepared = certificates.prepare(source, is_needed, NOW)?;
        Ok::<bool, String>(certificates.replace(prepared))
    };
    assert_eq!(
        reload(files.source(), false),
        Ok(false),
        "nobody needs it yet"
    );
    assert!(certificates.config().is_none());
    assert_eq!(reload(files.source(), true), Ok(true));
    assert_eq!(reload(files.source(), true), Ok(false), "it is the same");
    files.write(&Signed::new(2026, 2030));
    assert_eq!(reload(files.source(), true), Ok(true));
    let second = certificates.fingerprint();

    let third = Signed::new(2026, 2031);
    files.put("cert.pem", &third.certificate);
    let why = reload(files.source(), true).expect_err("the key is that of another");
    assert!(why.contains("the key belongs to another"), "{why}");
    assert_eq!(certificates.fingerprint(), second);
    files.put("key.pem", &third.key);
    assert_eq!(reload(files.source(), true), Ok(true));

    let made = files.path("made.pem");
    let elsewhere = CertificateSource::Made(Some(made.clone()));
    assert_eq!(reload(elsewhere, true), Ok(true));
    assert!(made.exists() && certificates.config().is_some());
    assert_eq!(
        reload(files.source(), false),
        Ok(true),
        "nobody needs it any more"
    );
    assert!(certificates.config().is_none());
}

#[test]
fn files_that_change_are_noticed_and_read_once() {
    let files = Files::new();
    let certificates = Certificates::new(files.source());
    let first = open(&certificates, NOW).expect("it is right");
    let shown = || certificates.fingerprint().expect("it is open");
    certificates.look(NOW);
    assert_eq!(shown(), first);
    let next = Signed::new(2026, 2031);
    files.put("cert.pem", &next.certificate);
    certificates.look(NOW);
    assert_eq!(shown(), first, "it is half there");
    assert!(!certificates.has_changed(), "it was told of, once");
    files.put("key.pem", &next.key);
    assert!(certificates.has_changed());
    certificates.look(NOW);
    assert_ne!(shown(), first);
    fs::remove_file(files.path("key.pem")).expect("it is there");
    certificates.look(NOW);
    assert!(certificates.config().is_some() && !certificates.has_changed());
}

#[test]
fn one_that_is_made_is_kept_for_its_owner_alone_and_made_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("chat.db-tls.pem");
    // A server was ended in the middle of it.
    fs::write(folder.path().join("chat.db-tls.pem.new"), "half").expect("it can be written");
    let first = open(&made(&path), NOW).expect("it can be made");
    let mode = fs::metadata(&path).expect("it is there").mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(fs::read_dir(folder.path()).expect("it is there").count(), 1);
    assert_eq!(open(&made(&path), later(1)), Ok(Arc::clone(&first)));
    let certificates = made(&path);
    certificates.open(later(100)).expect("it is there");
    assert_eq!(certificates.fingerprint(), Some(first));
    let until = later(TLS_MADE_DAYS);
    assert_eq!(
        certificates.valid_until(),
        Some(Timestamp(until.0 / 1000 * 1000))
    );
}

#[test]
fn one_that_is_made_is_replaced_before_it_is_over_even_while_the_server_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tls.pem");
    let certificates = made(&path);
    let first = open(&certificates, NOW).expect("it can be made");
    let almost = later(TLS_MADE_DAYS - TLS_RENEW_DAYS - 1);
    certificates.look(almost);
    assert_eq!(certificates.fingerprint().as_ref(), Some(&first));
    let due = later(TLS_MADE_DAYS - TLS_RENEW_DAYS + 1);
    certificates.look(due);
    let second = certificates.fingerprint().expect("it is open");
    assert_ne!(second, first);
    // At the start as well, and long after.
    assert_eq!(open(&made(&path), due), Ok(Arc::clone(&second)));
    assert_ne!(open(&made(&path), later(30 * 365)), Ok(second));
    // One that is deleted is wanted anew.
    fs::remove_file(&path).expect("it is there");
    certificates.look(due);
    assert!(path.exists());
}

#[test]
fn one_that_cannot_be_made_or_read_is_told_of_with_its_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("nowhere/tls.pem");
    let why = made(&path).open(NOW).expect_err("there is no folder");
    assert!(
        why.contains("nowhere/tls.pem: the certificate just made cannot be kept"),
        "{why}"
    );
    let path = folder.path().join("tls.pem");
    fs::write(&path, "nonsense").expect("it can be written");
    let why = made(&path).open(NOW).expect_err("it is none");
    assert!(
        why.contains("delete the file, and another certificate is made"),
        "{why}"
    );
    assert_eq!(fs::read_to_string(&path).expect("it is there"), "nonsense");
}

#[test]
fn in_memory_it_is_another_each_time_and_right_whatever_the_clock_says() {
    let open = |now| open(&Certificates::new(CertificateSource::Made(None)), now);
    assert_ne!(open(NOW), open(NOW));
    // A machine whose clock has not been set makes one that is valid for its clients.
    assert!(open(Timestamp(0)).is_ok());
    for host in ["", "a host", "ünïcode", "chat.example", "-", "a.b-c.d"] {
        let pem = made::make(host, NOW).expect("it can be made");
        Identity::parse(pem.as_bytes(), pem.as_bytes()).expect("it is right");
    }
}
