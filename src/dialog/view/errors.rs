//! *Pure.* Why something was not done, and what to do instead.

use std::fmt;

use super::moderation::write_banned;
use crate::chat::name::NameError;
use crate::chat::request::{CreateError, JoinError, RenameError, ReopenError};
use crate::limits::CLOSED_ROOM_KEPT;
use crate::time::duration;

/// Why a password is not taken, and what would do.
pub(super) const OVERHEARD: &str = "Passwords are not accepted over this connection: others on the way could read \
    them. Come by TLS or through a tunnel, or ask the operator for --plain-passwords.";

impl fmt::Display for CreateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CreateError::BadName(error) => write_name_error(error, f),
            CreateError::Exists => f.write_str("It exists already. Type 2 to join it."),
            CreateError::Alike(Some(room)) => write!(
                f,
                "It looks like {room}, which exists. Type \\join {room} to join that, or choose another name."
            ),
            CreateError::Alike(None) => {
                f.write_str("It looks like the name of another room. Please choose another name.")
            }
            CreateError::NotStored => {
                f.write_str("The server cannot store it right now. Please try again later.")
            }
            CreateError::TooMany(limit) => {
                write!(f, "No more rooms can be created (limit: {limit}).")
            }
            CreateError::AddressFull(limit) => write!(
                f,
                "Too many open rooms were created from your address (limit: {limit}). Please join one of \
                 them, or \\close one that nobody needs."
            ),
            CreateError::AccountFull(limit) => write!(
                f,
                "Your account has created too many open rooms (limit: {limit}). Please \\close one that \
                 nobody needs."
            ),
        }
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JoinError::BadName(error) => write_name_error(error, f),
            JoinError::NoRoom => {
                f.write_str("There is no such room. Type 3 to list the rooms, 1 to create one.")
            }
            JoinError::Full(limit) => {
                write!(f, "It is full (limit: {limit}). Please try again later.")
            }
            JoinError::Locked => f.write_str("It needs a password."),
            JoinError::Overheard => write!(f, "It needs a password. {OVERHEARD}"),
            JoinError::WrongPassword => {
                f.write_str("That is not the password. Ask the room's owner for it.")
            }
            JoinError::TooManyTries => f.write_str(
                "Too many wrong passwords from your address. Please try again in a minute.",
            ),
            JoinError::Busy => f.write_str(
                "The server has too many passwords to check right now. Please try again.",
            ),
            JoinError::NotStored => {
                f.write_str("The server cannot store it right now. Please try again later.")
            }
            JoinError::Fault => {
                f.write_str("It has just failed, by a fault of the server. Please try again.")
            }
            JoinError::Banned(left, why) => write_banned(*left, why, f),
        }
    }
}

impl fmt::Display for ReopenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReopenError::BadName(error) => write_name_error(error, f),
            ReopenError::NoRoom => {
                let span = duration::span(CLOSED_ROOM_KEPT);
                write!(
                    f,
                    "You have owned no room of that name that was closed within {span}. \
                     The server's operator can reopen any."
                )
            }
            ReopenError::Exists(taken) => write!(
                f,
                "There is a room {taken} again. Type \\reopen ROOM NEW to give it the name NEW."
            ),
            ReopenError::Refused(why) => why.fmt(f),
            ReopenError::NotStored => CreateError::NotStored.fmt(f),
        }
    }
}

impl fmt::Display for RenameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RenameError::BadName(error) => write_name_error(error, f),
            RenameError::Taken(wanted, free) => {
                write!(
                    f,
                    "{wanted} is in use, or looks like a name that is. {free} is free."
                )
            }
            RenameError::Banned(wanted) => write!(
                f,
                "{wanted} is banned from this server, or looks like a name that is. Please choose another."
            ),
            RenameError::Unavailable => {
                f.write_str("The server cannot do it right now. Please try again later.")
            }
            RenameError::Registered(wanted, registered, free) => {
                match wanted == registered {
                    true => write!(f, "{wanted} is registered.")?,
                    false => write!(f, "{wanted} looks like {registered}, which is registered.")?,
                }
                write!(
                    f,
                    " Type \\login {registered} if it is yours. {free} is free."
                )
            }
        }
    }
}

fn write_name_error(error: &NameError, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let reason = error.to_string();
    let mut letters = reason.chars();
    if let Some(first) = letters.next() {
        write!(f, "{}{}.", first.to_uppercase(), letters.as_str())?;
    }
    match &error.suggestion {
        Some(suggestion) => write!(f, " {suggestion} would do."),
        None => Ok(()),
    }
}
