//! *Pure.* What is wrong with what is kept, wherever that is: none of it could this program have stored.

use super::record::time_text;
use crate::chat::admin::ban::BanTarget;
use crate::chat::admin::report::Report;
use crate::chat::message::Kind;
use crate::chat::name::{Name, NameKey};
use crate::chat::password;
use crate::text;

/// Of a message with this number.
pub(in crate::store) fn of_message(
    id: u64,
    time: i64,
    name: &str,
    kind: i64,
    text: &[u8],
) -> Option<&'static str> {
    let is_name = Name::parse(name).is_ok_and(|parsed| parsed.as_str() == name);
    if id == 0 {
        Some("it has no number")
    } else if time_text(time).is_none() {
        Some("its time is invalid")
    } else if !is_name {
        Some("its sender's name is invalid")
    } else if Kind::from_number(kind).is_none() {
        Some("its kind is unknown")
    } else if text.is_empty() || text::clean(text).as_bytes() != text {
        Some("nobody could have sent its text")
    } else {
        None
    }
}

/// An account, as it is kept.
pub(in crate::store) struct KeptAccount<'a> {
    pub(in crate::store) name: &'a str,
    /// By [`Name::keys`].
    pub(in crate::store) keys: [&'a str; 3],
    pub(in crate::store) password: &'a str,
    pub(in crate::store) created: i64,
    pub(in crate::store) seen: i64,
    pub(in crate::store) settings: &'a str,
}

/// Of an account.
pub(in crate::store) fn of_account(account: &KeptAccount<'_>) -> Option<&'static str> {
    let parsed = Name::parse(account.name).ok();
    let parsed = parsed.filter(|parsed| parsed.as_str() == account.name);
    match parsed {
        None => Some("its name is invalid"),
        Some(name) if name.keys().iter().map(NameKey::as_str).ne(account.keys) => {
            Some("its keys do not match its name")
        }
        _ if !password::is_hash(account.password) => Some("its password hash is invalid"),
        _ if time_text(account.created).is_none() => Some("its registration time is invalid"),
        _ if time_text(account.seen).is_none() => Some("its last-seen time is invalid"),
        _ if !is_object(account.settings) => Some("its settings cannot be read"),
        _ => None,
    }
}

/// Of a ban of the whole server: a sentence.
pub(in crate::store) fn of_ban(target: &str, why: &str, made: i64) -> Option<String> {
    let fault = match BanTarget::parse(target) {
        None => "its target is invalid",
        _ if text::clean(why.as_bytes()) != why => "nobody could have typed its reason",
        _ if time_text(made).is_none() => "its time is invalid",
        _ => return None,
    };
    let target = text::clean(target.as_bytes());
    Some(format!("the ban of {target}: {fault}"))
}

/// Of a report: a sentence.
pub(in crate::store) fn of_report(id: i64, report: &str) -> Option<String> {
    let is_readable = serde_json::from_str::<Report>(report).is_ok();
    (!is_readable).then(|| format!("report {id}: it cannot be read"))
}

/// Whether this is an object in JSON.
pub(in crate::store) fn is_object(json: &str) -> bool {
    let value = serde_json::from_str::<serde_json::Value>(json);
    value.is_ok_and(|value| value.is_object())
}
