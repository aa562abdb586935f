//! *Pure.* Names that are kept: passwords, and the settings that come back with a name.
//!
//! Nobody has to keep a name. Who does has an account, which is a registered name: whoever holds the name is
//! logged in to it.

use std::sync::Arc;

use crate::chat::ignore::Ignores;
use crate::chat::name::Name;
use crate::chat::password::Password;
use crate::chat::settings::Settings;

/// What a connection can ask with regard to accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountRequest {
    /// Register one's name. Answered by [`AccountReply::Registered`].
    Register(Name, Password),
    /// Log in to an account. Answered by [`AccountReply::LoggedIn`].
    Login(Name, Password),
    /// Delete the account that one is logged in to. Answered by [`AccountReply::Forgotten`].
    Forget(Name, Password),
}

/// What came of an [`AccountRequest`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountReply {
    /// The name is registered, and who asked is logged in to it.
    Registered(Name, Result<(), AccountError>),
    /// Who asked is logged in and has the name, which is written as it was registered; its settings.
    LoggedIn(Name, Result<Box<Login>, AccountError>),
    /// The account is no more. Who asked keeps the name as anybody keeps one.
    Forgotten(Name, Result<(), AccountError>),
}

/// What comes back with a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Login {
    /// What the user had set.
    pub settings: Settings,
    /// Everybody whom the user ignores now.
    pub ignores: Option<Arc<Ignores>>,
}

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountError {
    /// It is not the password, or there is no such account.
    Wrong,
    /// So many tries from the same address have failed.
    TooManyTries,
    /// So many passwords wait to be checked.
    Busy,
    /// This name is registered, and is the same or looks like it.
    Registered(Name),
    /// Who asked does not hold the name.
    NotYours,
    /// The server keeps as many names as it can.
    TooMany(usize),
    /// The server cannot store it.
    NotStored,
}
