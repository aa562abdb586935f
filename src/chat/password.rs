//! *Pure.* Passwords of accounts and of rooms, and what is kept of them.

use std::fmt;
use std::sync::Arc;

use argon2::Params;
use argon2::password_hash::phc::PasswordHash;

use serde::{Deserialize, Serialize};

use crate::limits::{PASSWORD_BYTES, PASSWORD_MEMORY_KIB, PASSWORD_PASSES};
use crate::text;

/// A password as somebody typed it. Its debug form does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(Box<str>);

/// Why a password will not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordError {
    /// It has fewer bytes than [`PASSWORD_BYTES`].
    Short,
    /// It has more bytes than [`PASSWORD_BYTES`].
    Long,
}

impl Password {
    /// Reads a line of clean text. It is composed (NFKC), so that it does not matter which keyboard put the
    /// marks on the letters. Blanks count.
    ///
    /// # Errors
    ///
    /// A [`PasswordError`] if it is too short or too long.
    pub fn parse(line: &str) -> Result<Password, PasswordError> {
        let composed = text::compose(line);
        match composed.len() {
            bytes if bytes < *PASSWORD_BYTES.start() => Err(PasswordError::Short),
            bytes if bytes > *PASSWORD_BYTES.end() => Err(PasswordError::Long),
            _ => Ok(Password(composed.into())),
        }
    }

    /// What is hashed.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

/// What is kept of a room's password: the PHC string of its hash. Cheap to clone. Equal ones are of one hashing,
/// and not only of the same password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hash(Arc<str>);

impl Hash {
    /// Of a PHC string.
    pub fn new(phc: &str) -> Hash {
        Hash(phc.into())
    }

    /// The PHC string.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Hash {
    type Error = &'static str;

    fn try_from(phc: String) -> Result<Hash, &'static str> {
        match is_hash(&phc) {
            true => Ok(Hash::new(&phc)),
            false => Err("this is no hash of a password"),
        }
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> String {
        hash.as_str().to_owned()
    }
}

impl fmt::Debug for Hash {
    /// Not what could be tried against lists of passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hash")
    }
}

/// Whether `text` is a hash that a password can be checked against.
pub fn is_hash(text: &str) -> bool {
    let hash = PasswordHash::new(text);
    hash.is_ok_and(|hash| is_affordable(&hash))
}

/// Whoever writes into the file by hand cannot make the server take much more memory or time.
pub fn is_affordable(hash: &PasswordHash) -> bool {
    const TIMES: u32 = 16;
    Params::try_from(hash).is_ok_and(|params| {
        params.m_cost() <= TIMES * PASSWORD_MEMORY_KIB && params.t_cost() <= TIMES * PASSWORD_PASSES
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_has_a_length_and_no_debug_form() {
        let long = "x".repeat(*PASSWORD_BYTES.end());
        for (line, outcome) in [
            ("", Err(PasswordError::Short)),
            ("1234567", Err(PasswordError::Short)),
            ("12345678", Ok(())),
            (" blanks ", Ok(())),
            ("ดีค้าบ", Ok(())),
            (long.as_str(), Ok(())),
            (&format!("{long}x"), Err(PasswordError::Long)),
        ] {
            assert_eq!(Password::parse(line).map(|_| ()), outcome, "{line:?}");
        }
        let password = Password::parse("hunter2hunter2").expect("long enough");
        assert!(!format!("{password:?}").contains("hunter"));
        // Typed on two keyboards: an é, and an e with a mark behind it.
        assert_eq!(
            Password::parse("caf\u{e9} noir"),
            Password::parse("cafe\u{301} noir")
        );
        assert_ne!(Password::parse("hunter22"), Password::parse("hunter22 "));
    }
}
