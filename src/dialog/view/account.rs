//! *Pure.* Registered names.

use std::fmt::{self, Write as _};

use super::errors::OVERHEARD;
use super::moderation::write_for;
use crate::chat::account::AccountError;
use crate::chat::name::Name;
use crate::chat::password::PasswordError;
use crate::limits::{PASSWORD_BYTES, TRIES_PERIOD, WRONG_PASSWORDS_MAX};

/// What is said of registered names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountView {
    /// The server has no file to keep names in.
    NoFile,
    /// Passwords are not accepted over this connection.
    Overheard,
    /// `anon` cannot be registered.
    Anon,
    /// The user is already logged in to this name.
    LoggedInAlready(Name),
    /// The user is not logged in.
    NotLoggedIn,
    /// A password is too short or too long.
    BadPassword(PasswordError),
    /// The two passwords differ.
    Differ,
    /// A name is registered.
    Registered(Name),
    /// The user is logged in to this name.
    LoggedIn(Name),
    /// The user has given up this name.
    Forgotten(Name),
    /// Wrong password for the name that the user wanted to give up.
    NotForgotten(Name),
    /// A request about this name was refused.
    Refused(Name, AccountError),
    /// The user has given too many wrong passwords.
    WrongTooOften,
    /// The user has taken another name and is no longer logged in to this one.
    LoggedOut(Name),
    /// Somebody has logged in to the first name elsewhere; the user now has the second.
    NameReclaimed(Name, Name),
    /// An operator has deleted this account, which the user was logged in to.
    DeletedByOperator(Name),
}

impl AccountView {
    pub(super) fn write(&self, out: &mut String) -> fmt::Result {
        match self {
            AccountView::NoFile => {
                writeln!(
                    out,
                    "No names can be registered here: the server has no --data."
                )
            }
            AccountView::Overheard => writeln!(out, "{OVERHEARD}"),
            AccountView::Anon => writeln!(
                out,
                "anon is everybody's. Type \\name NEW for a name of your own, then \\register."
            ),
            AccountView::LoggedInAlready(name) => {
                writeln!(out, "You are already logged in as {name}.")
            }
            AccountView::NotLoggedIn => writeln!(
                out,
                "You are not logged in. Nothing was deleted. Type \\login NAME first."
            ),
            AccountView::BadPassword(why) => write_bad_password(*why, out),
            AccountView::Differ => writeln!(
                out,
                "The two passwords differ. Nothing was registered. \
                 Type \\register to try again."
            ),
            AccountView::Registered(name) => writeln!(
                out,
                "{name} is registered. Type \\login {name} when you come back, \\forget to give it up."
            ),
            AccountView::LoggedIn(name) => writeln!(out, "Welcome back, {name}."),
            AccountView::Forgotten(name) => writeln!(
                out,
                "{name} is no longer registered. The password, the keys and the settings were deleted."
            ),
            AccountView::NotForgotten(name) => writeln!(
                out,
                "That is not the password of {name}. Nothing was deleted. \
                 Type \\forget to try again."
            ),
            AccountView::Refused(name, why) => write_refused(name, why, out),
            AccountView::WrongTooOften => writeln!(
                out,
                "You have given {WRONG_PASSWORDS_MAX} wrong passwords. \
                 Please leave with \\quit and come back to try again."
            ),
            AccountView::LoggedOut(name) => writeln!(
                out,
                "You are no longer logged in as {name}. Type \\login {name} to log in again."
            ),
            AccountView::NameReclaimed(account, new) => writeln!(
                out,
                "{account} has logged in somewhere else, and you are {new} now. \
                 Type \\login {account} to take the name back."
            ),
            AccountView::DeletedByOperator(name) => writeln!(
                out,
                "An operator has deleted the account {name}. The name is yours until you leave."
            ),
        }
    }
}

fn write_bad_password(why: PasswordError, out: &mut String) -> fmt::Result {
    let fault = match why {
        PasswordError::Short => format!("at least {} bytes", PASSWORD_BYTES.start()),
        PasswordError::Long => format!("at most {} bytes", PASSWORD_BYTES.end()),
    };
    writeln!(
        out,
        "A password has {fault}. Nothing was registered. Type \\register to try again."
    )
}

fn write_refused(name: &Name, why: &AccountError, out: &mut String) -> fmt::Result {
    match why {
        AccountError::Wrong => writeln!(
            out,
            "{name} is not registered, or that is not its password. Nothing was changed. \
             Type \\login {name} to try again."
        ),
        AccountError::Guessed => writeln!(
            out,
            "Too many wrong passwords for that name. Please try again in an hour, or from where you were before."
        ),
        AccountError::TooManyTries => writeln!(
            out,
            "Too many tries from your address. Nothing was changed. Please try again in {} seconds.",
            TRIES_PERIOD.as_secs()
        ),
        AccountError::Busy => writeln!(
            out,
            "The server has many passwords to check right now. Nothing was changed. \
             Please try again later."
        ),
        AccountError::Registered(registered) if registered == name => writeln!(
            out,
            "{name} is registered already. Type \\login {name} if it is yours."
        ),
        AccountError::Registered(registered) => writeln!(
            out,
            "{name} looks like {registered}, which is registered. \
             Type \\login {registered} if it is yours, or \\name NEW for another name."
        ),
        AccountError::NotYours => writeln!(
            out,
            "{name} is not your name any more. Nothing was changed. Type \\login {name} first."
        ),
        AccountError::TooMany(limit) => writeln!(
            out,
            "No more names can be registered (limit: {limit}). {name} is yours until you leave."
        ),
        AccountError::Banned(left, why) => {
            write!(out, "{name} is banned from this server")?;
            write_for(*left, out)?;
            match &**why {
                "" => writeln!(out, ". Nothing was changed."),
                why => writeln!(out, ". Nothing was changed. The reason: {why}"),
            }
        }
        AccountError::Operators => writeln!(
            out,
            "{name} is the name of an operator. Nothing was registered. It can be registered from the server's \
             own machine only."
        ),
        AccountError::NotStored => writeln!(
            out,
            "The server cannot do it right now. Nothing was changed. Please try again later."
        ),
    }
}
