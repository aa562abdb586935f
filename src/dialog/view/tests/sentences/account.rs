//! Registered names.

use super::*;
use crate::chat::account::AccountError;
use crate::chat::password::{Password, PasswordError};
use crate::limits::{ACCOUNTS_MAX, GUESSES_PER_ACCOUNT_MAX, TRIES_PER_ADDRESS_MAX};

fn refused(trigger: &str, why: AccountError) -> Sentence {
    says(trigger, AccountView::Refused(name("Dai"), why))
}

pub(super) fn sentences() -> Vec<Sentence> {
    let mut all = registering();
    all.extend(logging_in());
    all.extend(giving_up());
    all
}

fn registering() -> Vec<Sentence> {
    let dai = || name("Dai");
    let similar = AccountError::Registered(name("DAI"));
    vec![
        says(
            r"`\register`, on a server without `--data`",
            AccountView::NoFile,
        ),
        says(
            r"`\register`, over a connection that others could listen to",
            AccountView::Overheard,
        ),
        says(r"`\register`, as anon", AccountView::Anon),
        says(
            r"`\register`, logged in as Dai",
            AccountView::LoggedInAlready(dai()),
        ),
        says(
            r"`\register`, and a password that is too short",
            AccountView::BadPassword(PasswordError::Short),
        ),
        says(
            r"`\register`, and a password that is too long",
            AccountView::BadPassword(PasswordError::Long),
        ),
        says(
            r"`\register`, and two different passwords",
            AccountView::Differ,
        ),
        says(
            r"`\register`, and the same password twice",
            AccountView::Registered(dai()),
        ),
        refused(
            r"`\register`, as an operator, from elsewhere than the server's machine",
            AccountError::Operators,
        ),
        refused(
            r"`\login Dai`, which is banned from the server",
            AccountError::Banned(None, "".into()),
        ),
        refused(
            r"`\login Dai`, which is banned from the server for a while and for a reason",
            AccountError::Banned(Some(std::time::Duration::from_secs(7200)), TYPED.into()),
        )
        .with(&[Form::Typed]),
        refused(
            r"`\register`, where somebody else has just registered the name",
            AccountError::Registered(dai()),
        ),
        says(
            r"`\register` as DAl, where DAI is registered",
            AccountView::Refused(name("DAl"), similar),
        ),
        refused(
            &format!(r"`\register`, where {ACCOUNTS_MAX} names are registered"),
            AccountError::TooMany(ACCOUNTS_MAX),
        ),
        refused(
            r"`\register`, on a server that cannot write its file",
            AccountError::NotStored,
        ),
    ]
}

fn logging_in() -> Vec<Sentence> {
    let dai = || name("Dai");
    let password = Password::parse("a long secret").expect("long enough");
    vec![
        asks(r"`\register`, as Dai", Question::NewPassword),
        asks(
            r"`\register`, and a password that will do",
            Question::PasswordAgain(password),
        ),
        asks(r"`\login Dai`", Question::Password(dai())),
        says(
            r"`\login Dai`, and the password of Dai",
            AccountView::LoggedIn(dai()),
        ),
        refused(r"`\login Dai`, and another password", AccountError::Wrong),
        says(
            "a third wrong password over the same connection",
            AccountView::WrongTooOften,
        ),
        refused(
            &format!(
                r"`\login Dai`, after {GUESSES_PER_ACCOUNT_MAX} wrong passwords for Dai in an hour"
            ),
            AccountError::Guessed,
        ),
        refused(
            &format!(
                r"`\login Dai`, after {TRIES_PER_ADDRESS_MAX} wrong passwords from the same address in a minute"
            ),
            AccountError::TooManyTries,
        ),
        refused(
            r"`\login Dai`, while too many passwords wait to be checked",
            AccountError::Busy,
        ),
        says(
            r"`\name Bo`, logged in as Dai",
            AccountView::LoggedOut(dai()),
        ),
        says(
            "somebody logs in as Dai over another connection",
            AccountView::NameReclaimed(dai(), name("Dai_2")),
        ),
    ]
}

fn giving_up() -> Vec<Sentence> {
    let dai = || name("Dai");
    vec![
        says(r"`\forget`, not logged in", AccountView::NotLoggedIn),
        asks(
            r"`\forget`, logged in as Dai",
            Question::PasswordToForget(dai()),
        ),
        says(
            r"`\forget`, and the password of Dai",
            AccountView::Forgotten(dai()),
        ),
        says(
            r"`\forget`, and another password",
            AccountView::NotForgotten(dai()),
        ),
        refused(
            r"`\forget`, while somebody logs in as Dai over another connection",
            AccountError::NotYours,
        ),
        says(
            "the server's operator deletes the account Dai",
            AccountView::DeletedByOperator(dai()),
        ),
    ]
}
