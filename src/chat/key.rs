//! *Pure.* Public keys by which people are recognised: whoever shows one need give no password.

use std::fmt;
use std::str::FromStr;

use base64ct::{Base64Unpadded, Encoding};

use crate::chat::name::Name;
use crate::time::Timestamp;

/// The SHA-256 of a public key, as `ssh-keygen -l` shows it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(pub [u8; Fingerprint::BYTES]);

impl Fingerprint {
    /// Its length.
    pub const BYTES: usize = 32;

    /// What stands in front of it.
    const PREFIX: &str = "SHA256:";
}

impl FromStr for Fingerprint {
    type Err = ();

    /// Reads what `ssh-keygen -l` shows; what stands in front may be left out.
    fn from_str(text: &str) -> Result<Fingerprint, ()> {
        let digits = text.strip_prefix(Fingerprint::PREFIX).unwrap_or(text);
        let digits = digits.strip_suffix('=').unwrap_or(digits);
        let mut bytes = [0; Fingerprint::BYTES];
        match Base64Unpadded::decode(digits, &mut bytes) {
            Ok(read) if read.len() == Fingerprint::BYTES => Ok(Fingerprint(bytes)),
            _ => Err(()),
        }
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // 32 bytes take 43 digits.
        let mut digits = [0; 44];
        let digits = Base64Unpadded::encode(&self.0, &mut digits).unwrap_or_default();
        write!(f, "{}{digits}", Fingerprint::PREFIX)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a user asks about the keys of the account that they are logged in to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyRequest {
    /// List them.
    List,
    /// Bind the key of this connection to the account.
    Add,
    /// Unbind one.
    Remove(WhichKey),
}

/// Which of an account's keys is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhichKey {
    /// The one of this number in the list; the first is 1.
    Number(usize),
    /// The one of this fingerprint.
    Fingerprint(Fingerprint),
}

/// A key that is bound to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountKey {
    /// The key.
    pub fingerprint: Fingerprint,
    /// When it was bound.
    pub added: Timestamp,
}

/// What came of a [`KeyRequest`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyReply {
    /// The keys of the account in the order in which they were added, and that of this connection.
    Listed(Name, Vec<AccountKey>, Option<Fingerprint>),
    /// The key of this connection is bound to the account.
    Added(Name, Fingerprint),
    /// It was already.
    Already(Name, Fingerprint),
    /// The key is not bound to the account any more.
    Removed(Name, Fingerprint),
    /// Nothing was changed.
    Refused(KeyError),
}

/// Why nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyError {
    /// The user is logged in to no account.
    NotLoggedIn,
    /// No key came with this connection.
    NoKey,
    /// The key is bound to this account, which is another one.
    Bound(Name),
    /// The account has as many keys as it may.
    TooMany(usize),
    /// The account, of so many keys, has no such key.
    NoSuchKey(Name, usize),
    /// The server cannot store it.
    NotStored,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_shown_as_ssh_keygen_shows_it_and_read_again() {
        // ssh-keygen -lf of an Ed25519 key whose SHA-256 these are.
        let bytes = std::array::from_fn(|place| place as u8 * 7);
        let shown = Fingerprint(bytes).to_string();
        assert_eq!(shown, "SHA256:AAcOFRwjKjE4P0ZNVFtiaXB3foWMk5qhqK+2vcTL0tk");
        let digits = &shown["SHA256:".len()..];
        for text in [&shown, digits, &format!("{shown}=")] {
            assert_eq!(text.parse(), Ok(Fingerprint(bytes)), "{text}");
        }
    }

    #[test]
    fn what_is_no_fingerprint_is_not_taken_for_one() {
        let whole = Fingerprint([0xff; 32]).to_string();
        for text in [
            "",
            "1",
            "SHA256:",
            "SHA256:AAAA",
            "MD5:16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48",
            &whole[..whole.len() - 1],
            &format!("{whole}A"),
            &whole.replace('/', "!"),
            "sha256:AAcOFRwjKjE4P0ZNVFtiaXB3foWMk5qhqK+2vcTL0tk",
        ] {
            assert_eq!(text.parse::<Fingerprint>(), Err(()), "{text}");
        }
    }
}
