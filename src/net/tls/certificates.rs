//! The certificate that clients are shown: where it comes from, and how another takes its place while the server runs.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustls::ServerConfig;
use tracing::{info, warn};

use super::identity::{Flaw, Identity, KeyFlaw};
use super::made;
use crate::limits::{
    TLS_END_TOLD_DAYS, TLS_END_TOLD_EVERY, TLS_FILE_BYTES_MAX, TLS_FILES_LOOK_EVERY, TLS_RENEW_DAYS,
};
use crate::runtime::Runtime;
use crate::time::Timestamp;
use crate::time::duration;

/// Where the certificate comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateSource {
    /// The operator has one: PEM, the server's own certificate first.
    Files {
        /// The certificates.
        certificate: PathBuf,
        /// The key, in PKCS #8, PKCS #1 or SEC 1.
        key: PathBuf,
    },
    /// We make one, and keep it in this file; `None`: only in memory, so that it is another at each start.
    Made(Option<PathBuf>),
}

/// The certificate that new connections are shown. Those that are open keep what they have.
#[derive(Debug)]
pub struct Certificates {
    files: Mutex<Files>,
    /// Held for a moment only: every handshake asks for it.
    current: Mutex<Option<Identity>>,
}

/// What was read last.
#[derive(Debug)]
struct Files {
    source: CertificateSource,
    /// What the files were then.
    stamps: Vec<Option<Stamp>>,
    /// When it was told last that the certificate's time is almost over, or over.
    end_told: Option<Timestamp>,
}

/// A certificate that was read and checked, and is to be [put in place](Certificates::replace).
#[derive(Debug)]
pub struct Prepared {
    source: CertificateSource,
    stamps: Vec<Option<Stamp>>,
    /// `None` where nobody needs one.
    identity: Option<Identity>,
}

/// What tells that a file is another than before: device, inode, length, and time of change.
type Stamp = (u64, u64, u64, i64, i64);

impl Certificates {
    /// None yet.
    pub fn new(source: CertificateSource) -> Arc<Certificates> {
        Arc::new(Certificates {
            files: Mutex::new(Files {
                source,
                stamps: Vec::new(),
                end_told: None,
            }),
            current: Mutex::default(),
        })
    }

    /// Reads or makes the certificate, before the first listener that needs it. Blocks meanwhile.
    ///
    /// # Errors
    ///
    /// A sentence for the operator that says what is wrong with which file.
    pub fn open(&self, now: Timestamp) -> Result<(), String> {
        let source = self.files().source.clone();
        self.replace(Prepared::read(source, now)?);
        Ok(())
    }

    /// Reads and checks what is to be shown from now on, and changes nothing yet. With `is_needed` there is a
    /// listener by TLS; otherwise nothing is read or made. Blocks meanwhile.
    ///
    /// # Errors
    ///
    /// A sentence for the operator that says what is wrong with which file.
    pub fn prepare(
        &self,
        source: CertificateSource,
        is_needed: bool,
        now: Timestamp,
    ) -> Result<Prepared, String> {
        let identity = match is_needed {
            true => self.kept_in_memory(&source, now),
            false => None,
        };
        match is_needed && identity.is_none() {
            true => Prepared::read(source, now),
            false => Ok(Prepared {
                source,
                stamps: Vec::new(),
                identity,
            }),
        }
    }

    /// What there is already, if it is in memory only and its time is not almost over.
    fn kept_in_memory(&self, source: &CertificateSource, now: Timestamp) -> Option<Identity> {
        let is_same = *source == CertificateSource::Made(None) && self.files().source == *source;
        let current = self.current().clone().filter(|_| is_same)?;
        (current.validity.until.since(now) > days(TLS_RENEW_DAYS)).then_some(current)
    }

    /// Shows this one from now on. True if it is another than before.
    pub fn replace(&self, prepared: Prepared) -> bool {
        let Prepared {
            source,
            stamps,
            identity,
        } = prepared;
        *self.files() = Files {
            source,
            stamps,
            end_told: None,
        };
        let fingerprint = |identity: &Identity| Arc::clone(&identity.fingerprint);
        let new = identity.as_ref().map(fingerprint);
        let old = std::mem::replace(&mut *self.current(), identity);
        new != old.as_ref().map(fingerprint)
    }

    /// What new connections are to be greeted with; `None` before [`open`](Certificates::open).
    pub fn config(&self) -> Option<Arc<ServerConfig>> {
        let current = self.current();
        current
            .as_ref()
            .map(|identity| Arc::clone(&identity.config))
    }

    /// SHA-256 of the certificate, as people compare it; `None` before [`open`](Certificates::open).
    pub fn fingerprint(&self) -> Option<Arc<str>> {
        let current = self.current();
        current
            .as_ref()
            .map(|identity| Arc::clone(&identity.fingerprint))
    }

    /// Until when the certificate is valid; `None` before [`open`](Certificates::open).
    pub fn valid_until(&self) -> Option<Timestamp> {
        let current = self.current();
        current.as_ref().map(|identity| identity.validity.until)
    }

    /// Looks now and then, for as long as it runs, whether the files have changed or the certificate's time is over, and
    /// does what follows. Tells the log.
    pub async fn watch(self: Arc<Self>, runtime: Runtime) {
        loop {
            runtime.clock.after(TLS_FILES_LOOK_EVERY).await;
            let (certificates, now) = (Arc::clone(&self), runtime.clock.timestamp());
            runtime.unblock(move || certificates.look(now)).await;
        }
    }

    /// Whether the files are others than those that were read last.
    #[cfg(test)]
    pub(super) fn has_changed(&self) -> bool {
        let files = self.files();
        files.source.stamps() != files.stamps
    }

    /// Looks once.
    pub(super) fn look(&self, now: Timestamp) {
        let Some(until) = self.valid_until() else {
            return;
        };
        let (source, stamps) = {
            let files = self.files();
            (files.source.clone(), files.stamps.clone())
        };
        let is_ours = matches!(source, CertificateSource::Made(_));
        let left = until.since(now);
        let found = source.stamps();
        if found != stamps || is_ours && left < days(TLS_RENEW_DAYS) {
            match Prepared::read(source, now) {
                Ok(prepared) => {
                    if self.replace(prepared)
                        && let Some(sha256) = self.fingerprint()
                    {
                        info!("tls certificate sha256 {sha256}");
                    }
                }
                Err(why) => {
                    // Until they change again.
                    self.files().stamps = found;
                    warn!("{why}. The certificate is the same as before");
                }
            }
        } else if !is_ours && left < days(TLS_END_TOLD_DAYS) {
            self.files().tell_end(left, now);
        }
    }

    fn files(&self) -> MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn current(&self) -> MutexGuard<'_, Option<Identity>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Certificates {
    /// None yet; it would be made and kept in memory.
    fn default() -> Certificates {
        let certificates = Certificates::new(CertificateSource::Made(None));
        Arc::into_inner(certificates).expect("nobody else has it yet")
    }
}

impl CertificateSource {
    fn stamps(&self) -> Vec<Option<Stamp>> {
        match self {
            CertificateSource::Files { certificate, key } => vec![stamp(certificate), stamp(key)],
            CertificateSource::Made(Some(path)) => vec![stamp(path)],
            CertificateSource::Made(None) => Vec::new(),
        }
    }
}

impl Prepared {
    fn read(source: CertificateSource, now: Timestamp) -> Result<Prepared, String> {
        // Before they are read: what changes meanwhile is seen at the next look.
        let mut stamps = source.stamps();
        let identity = match &source {
            CertificateSource::Files { certificate, key } => load(certificate, key, now)?,
            CertificateSource::Made(None) => {
                info!(
                    "made a tls certificate, which changes at each start: with --data it is kept"
                );
                let pem = made::make(&host(), now)?;
                parse_made(&pem).map_err(|why| format!("the certificate just made: {why}"))?
            }
            CertificateSource::Made(Some(path)) => {
                let identity = load_or_make(path, now)?;
                stamps = source.stamps();
                identity
            }
        };
        Ok(Prepared {
            source,
            stamps,
            identity: Some(identity),
        })
    }
}

impl Files {
    /// Tells that the operator's certificate ends soon, or has ended.
    fn tell_end(&mut self, left: Duration, now: Timestamp) {
        let is_told = |told: Timestamp| now.since(told) < TLS_END_TOLD_EVERY;
        if self.end_told.is_some_and(is_told) {
            return;
        }
        self.end_told = Some(now);
        match left.is_zero() {
            true => warn!(
                "the tls certificate is over, and clients refuse it: put a new one in its file"
            ),
            false => warn!(
                "the tls certificate is over in {}: put a new one in its file in time",
                duration::span(left)
            ),
        }
    }
}

/// Reads the operator's files.
fn load(certificate: &Path, key: &Path, now: Timestamp) -> Result<Identity, String> {
    let certificate_failed =
        |why: String| format!("tls certificate {}: {why}", certificate.display());
    let key_failed = |why: String| format!("tls key {}: {why}", key.display());
    let chain = read(certificate).map_err(certificate_failed)?;
    let key_pem = read(key).map_err(key_failed)?;
    let identity = Identity::parse(&chain, &key_pem).map_err(|flaw| match flaw {
        Flaw::Certificate(flaw) => certificate_failed(flaw.to_string()),
        Flaw::Key(KeyFlaw::Other) => key_failed(format!(
            "the key belongs to another certificate than that in {}",
            certificate.display()
        )),
        Flaw::Key(flaw) => key_failed(flaw.to_string()),
    })?;
    let checked = identity.validity.check(now);
    checked.map_err(|flaw| certificate_failed(flaw.to_string()))?;
    warn_of_readers(key);
    Ok(identity)
}

/// Reads the one that we have made, or makes one where there is none or its time is almost over.
fn load_or_make(path: &Path, now: Timestamp) -> Result<Identity, String> {
    let failed = |why: String| format!("{}: {why}", path.display());
    if path.exists() {
        let pem = read(path).map_err(failed)?;
        let identity = Identity::parse(&pem, &pem).map_err(|flaw| {
            failed(format!(
                "{flaw}; delete the file, and another certificate is made"
            ))
        })?;
        // That a clock has not been set yet is no reason to make another: clients have clocks of their own.
        if identity.validity.until.since(now) > days(TLS_RENEW_DAYS) {
            warn_of_readers(path);
            return Ok(identity);
        }
    }
    let pem = made::make(&host(), now)?;
    write(path, &pem).map_err(|error| {
        failed(format!(
            "the certificate just made cannot be kept there: {error}"
        ))
    })?;
    info!(file = %path.display(), "made a tls certificate");
    parse_made(&pem).map_err(failed)
}

fn parse_made(pem: &str) -> Result<Identity, String> {
    Identity::parse(pem.as_bytes(), pem.as_bytes()).map_err(|flaw| flaw.to_string())
}

/// Reads a file, which may be of any size.
fn read(path: &Path) -> Result<Vec<u8>, String> {
    let cannot = |error: io::Error| match error.kind() {
        ErrorKind::NotFound => "there is no such file".to_owned(),
        ErrorKind::PermissionDenied => {
            "it may not be read by the user that the server runs as".to_owned()
        }
        _ => format!("it cannot be read: {error}"),
    };
    // A pipe would be waited for.
    if !fs::metadata(path).map_err(cannot)?.is_file() {
        return Err("it is not a file".to_owned());
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(cannot)?;
    let most = TLS_FILE_BYTES_MAX as u64 + 1;
    file.take(most).read_to_end(&mut bytes).map_err(cannot)?;
    match bytes.len() > TLS_FILE_BYTES_MAX {
        true => Err(format!("it has more than {TLS_FILE_BYTES_MAX} bytes")),
        false => Ok(bytes),
    }
}

/// Writes a file that nobody but its owner can read, whole or not at all.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    // One that a server has left that was ended in the middle of this.
    match fs::remove_file(&new) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&new)?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all());
    let named = written.and_then(|()| fs::rename(&new, path));
    named.inspect_err(|_| {
        // The error that matters is the first.
        let _ = fs::remove_file(&new);
    })
}

/// Warns of a key that everybody on this machine can read. That a group can may be meant.
fn warn_of_readers(key: &Path) {
    let mode = fs::metadata(key).map_or(0, |found| found.mode());
    if mode & 0o004 != 0 {
        warn!(
            "the key {} can be read by everybody on this machine: chmod 600 it",
            key.display()
        );
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let found = fs::metadata(path).ok()?;
    Some((
        found.dev(),
        found.ino(),
        found.len(),
        found.mtime(),
        found.mtime_nsec(),
    ))
}

/// What this machine is called.
fn host() -> String {
    let name = rustix::system::uname();
    name.nodename().to_string_lossy().into_owned()
}

fn days(count: u64) -> Duration {
    Duration::from_secs(count * 24 * 3600)
}
