//! Bounds of TLS.

use std::time::Duration;

/// How long a client may take for the handshake of TLS. It takes two round trips; a client that has to be asked for
/// by hand has none of it yet.
pub const TLS_HANDSHAKE_MAX: Duration = Duration::from_secs(10);

/// Bytes that wait until a record is whole, or a message of the handshake: the longest record there may be (RFC 5246,
/// section 6.2.3). A hello has a tenth of that.
pub const TLS_INCOMING_BYTES_MAX: usize = 5 + 16 * 1024 + 2048;

/// Bytes of text in one record that is sent. What is left of it waits here until the client takes it, and counts as
/// taken only then: a modem of 2,400 bits a second takes 34 seconds for it, and would be let go after 60 (see
/// [`TAKEN_BYTES_MIN`](super::TAKEN_BYTES_MIN)). Longer ones gain nothing that one could measure.
pub const TLS_RECORD_BYTES: usize = 8 * 1024;

/// Bytes by which a record is longer than its text, at most: header, nonce and tag have 29, and a message that the keys
/// change may come before.
pub const TLS_OVERHEAD_BYTES: usize = 64;

/// How often it is looked whether the files of the certificate have changed, and whether its time is over.
pub const TLS_FILES_LOOK_EVERY: Duration = Duration::from_secs(60);

/// Bytes of a file with a certificate or a key. A chain of ten has 20 KiB.
pub const TLS_FILE_BYTES_MAX: usize = 256 * 1024;

/// What the name of the file ends with that such a certificate is kept in, after that of the data.
pub const TLS_MADE_SUFFIX: &str = "-tls.pem";

/// Days for which a certificate is made that nobody has signed. People know it by its fingerprint, so it should not
/// change often.
pub const TLS_MADE_DAYS: u64 = 3650;

/// Days before its end when another one is made.
pub const TLS_RENEW_DAYS: u64 = 30;

/// Days before the end of a certificate that we have not made when the operator is told.
pub const TLS_END_TOLD_DAYS: u64 = 7;

/// How often the operator is told from then on.
pub const TLS_END_TOLD_EVERY: Duration = Duration::from_secs(24 * 3600);
