//! *Pure.* Keys that log in to accounts.

use std::fmt::{self, Write as _};

use jiff::tz::TimeZone;

use super::Viewer;
use crate::chat::key::{AccountKey, Fingerprint, KeyError, KeyReply};
use crate::chat::name::Name;
use crate::time::local;

/// What is said of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyView {
    /// What came of a request about the keys of an account.
    Reply(KeyReply),
    /// The user's key logs in to this account, but did not.
    LoginFailed(Name),
    /// It is not known whose the user's key is.
    NotLookedUp,
    /// The key of this connection could log the user in.
    Tip,
}

impl KeyView {
    pub(super) fn write(&self, viewer: &Viewer<'_>, out: &mut String) -> fmt::Result {
        match self {
            KeyView::Reply(reply) => write_reply(reply, viewer, out),
            KeyView::LoginFailed(name) => writeln!(
                out,
                "The server cannot log you in as {name} right now. Type \\login {name} to try again."
            ),
            KeyView::NotLookedUp => writeln!(
                out,
                "The server cannot look up your key right now. Type \\login NAME to log in."
            ),
            KeyView::Tip => viewer.hint(
                format_args!("type '\\key add' and your key logs you in from now on"),
                out,
            ),
        }
    }
}

fn write_reply(reply: &KeyReply, viewer: &Viewer<'_>, out: &mut String) -> fmt::Result {
    match reply {
        KeyReply::Listed(account, keys, own) => {
            write_keys(account, keys, own.as_ref(), viewer, out)
        }
        KeyReply::Added(account, _) => writeln!(
            out,
            "The key of this connection logs you in as {account} from now on. Type \\key to list your keys."
        ),
        KeyReply::Already(account, _) => writeln!(
            out,
            "The key of this connection logs you in as {account} already."
        ),
        KeyReply::Removed(account, key) => {
            writeln!(out, "{key} does not log in to {account} any more.")
        }
        KeyReply::Refused(why) => write_refused(why, out),
    }
}

fn write_keys(
    account: &Name,
    keys: &[AccountKey],
    own: Option<&Fingerprint>,
    viewer: &Viewer<'_>,
    out: &mut String,
) -> fmt::Result {
    match keys {
        [] => writeln!(out, "No key logs in to {account}.")?,
        _ => writeln!(out, "These keys log in to {account}:")?,
    }
    for (key, number) in keys.iter().zip(1..) {
        let mark = match own == Some(&key.fingerprint) {
            true => "  yours",
            false => "",
        };
        let date = date(key, viewer.zone);
        writeln!(out, "{number:>3}  {}  {date}{mark}", key.fingerprint)?;
    }
    match own {
        Some(own) if keys.iter().all(|key| key.fingerprint != *own) => viewer.hint(
            format_args!("type '\\key add' to add the key of this connection"),
            out,
        ),
        _ => Ok(()),
    }
}

/// The day on which a key was added.
fn date(key: &AccountKey, zone: &TimeZone) -> String {
    let time = local::date_and_time(key.added, zone).to_string();
    time.split(' ').next().unwrap_or_default().to_owned()
}

fn write_refused(why: &KeyError, out: &mut String) -> fmt::Result {
    match why {
        KeyError::NotLoggedIn => writeln!(
            out,
            "You are not logged in. Nothing was changed. Type \\login NAME or \\register first."
        ),
        KeyError::NoKey => writeln!(
            out,
            "No key has come with this connection. Nothing was added. Connect by ssh to add yours."
        ),
        KeyError::Bound(other) => writeln!(
            out,
            "The key of this connection logs in to {other}. Nothing was added. \
             Type \\key remove N as {other} first."
        ),
        KeyError::TooMany(limit) => writeln!(
            out,
            "You have as many keys as an account can have (limit: {limit}). Nothing was added. \
             Type \\key remove N first."
        ),
        KeyError::NoSuchKey(account, 0) => {
            writeln!(out, "No key logs in to {account}. Nothing was removed.")
        }
        KeyError::NoSuchKey(account, _) => writeln!(
            out,
            "No such key logs in to {account}. Nothing was removed. Type \\key to list your keys."
        ),
        KeyError::NotStored => writeln!(
            out,
            "The server cannot do it right now. Nothing was changed. Please try again later."
        ),
    }
}
