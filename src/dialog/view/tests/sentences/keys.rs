//! Keys that log in to accounts.

use super::*;
use crate::chat::key::{AccountKey, Fingerprint, KeyError, KeyReply};
use crate::limits::KEYS_PER_ACCOUNT_MAX;

fn replies(trigger: &str, reply: KeyReply) -> Sentence {
    says(trigger, KeyView::Reply(reply))
}

fn refused(trigger: &str, why: KeyError) -> Sentence {
    replies(trigger, KeyReply::Refused(why))
}

fn key(number: u8) -> Fingerprint {
    Fingerprint([number; 32])
}

pub(super) fn sentences() -> Vec<Sentence> {
    let mut all = by_themselves();
    all.extend(listing());
    all.extend(changing());
    all
}

fn by_themselves() -> Vec<Sentence> {
    vec![
        says(
            "connecting with a key of Dai, while the name cannot be had",
            KeyView::LoginFailed(name("Dai")),
        ),
        says(
            "connecting with a key, on a server that cannot read its file",
            KeyView::NotLookedUp,
        ),
        says(
            r"`\login Dai` or `\register`, over a connection with a key that logs in to nobody",
            KeyView::Tip,
        ),
    ]
}

fn listing() -> Vec<Sentence> {
    let keys = |numbers: &[u8]| {
        let bound = |&number| AccountKey {
            fingerprint: key(number),
            added: Timestamp(1_794_186_000_000),
        };
        numbers.iter().map(bound).collect()
    };
    let listed = |numbers: &[u8], own| KeyReply::Listed(name("Dai"), keys(numbers), own);
    vec![
        replies(
            r"`\key`, logged in as Dai, by the second of two keys",
            listed(&[1, 2], Some(key(2))),
        )
        .with(&[Form::List, Form::Table]),
        replies(
            r"`\key`, logged in as Dai, over a connection with another key",
            listed(&[1], Some(key(2))),
        )
        .with(&[Form::List, Form::Table]),
        replies(r"`\key`, logged in as Dai, who has none", listed(&[], None)),
    ]
}

fn changing() -> Vec<Sentence> {
    let dai = || name("Dai");
    vec![
        replies(
            r"`\key add`, logged in as Dai",
            KeyReply::Added(dai(), key(1)),
        ),
        replies(
            r"`\key add`, logged in as Dai by that key",
            KeyReply::Already(dai(), key(1)),
        ),
        replies(
            r"`\key remove 1`, logged in as Dai",
            KeyReply::Removed(dai(), key(1)),
        ),
        refused(r"`\key`, not logged in", KeyError::NotLoggedIn),
        refused(
            r"`\key add`, over a connection that no key has come with",
            KeyError::NoKey,
        ),
        refused(
            r"`\key add`, with a key that logs in to Ben",
            KeyError::Bound(name("Ben")),
        ),
        refused(
            &format!(r"`\key add`, with {KEYS_PER_ACCOUNT_MAX} keys"),
            KeyError::TooMany(KEYS_PER_ACCOUNT_MAX),
        ),
        refused(
            r"`\key remove 3`, logged in as Dai, who has two",
            KeyError::NoSuchKey(dai(), 2),
        ),
        refused(
            r"`\key remove 1`, logged in as Dai, who has none",
            KeyError::NoSuchKey(dai(), 0),
        ),
        refused(
            r"`\key add`, on a server that cannot write its file",
            KeyError::NotStored,
        ),
    ]
}
