//! *Pure.* Accounts: registered names, with a password and settings.
//!
//! Nobody needs one. An account is a registered name, and only a user who is logged in to it can have the name.

use std::sync::Arc;
use std::time::Duration;

use crate::chat::ignore::Ignores;
use crate::chat::key::{KeyReply, KeyRequest};
use crate::chat::name::Name;
use crate::chat::password::Password;
use crate::chat::settings::Settings;

/// A request about accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountRequest {
    /// Register one's name. Answered by [`AccountReply::Registered`].
    Register(Name, Password),
    /// Log in to an account. Answered by [`AccountReply::LoggedIn`].
    Login(Name, Password),
    /// Log in to the account that the key of this connection is bound to. Answered by [`AccountReply::LoggedIn`] or
    /// [`AccountReply::NotByKey`].
    LoginByKey,
    /// About the keys of the account one is logged in to. Answered by [`AccountReply::Keys`].
    Keys(KeyRequest),
    /// Delete the account one is logged in to. Answered by [`AccountReply::Forgotten`].
    Forget(Name, Password),
}

/// What came of an [`AccountRequest`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountReply {
    /// The name is registered, and the user is logged in to it.
    Registered(Name, Result<(), AccountError>),
    /// The user is logged in and has the name, written as it was registered.
    LoggedIn(Name, Result<Box<Login>, AccountError>),
    /// No account is known for the key of this connection; or it is not known whether there is one, for this reason.
    NotByKey(Option<AccountError>),
    /// What came of a request about keys.
    Keys(KeyReply),
    /// The account is deleted. The user keeps the name for now.
    Forgotten(Name, Result<(), AccountError>),
}

/// What comes back with a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Login {
    /// What the user had set.
    pub settings: Settings,
    /// Everybody whom the user ignores now.
    pub ignores: Option<Arc<Ignores>>,
    /// The account is an operator's, and this connection one over which operators may act.
    pub is_operator: bool,
}

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountError {
    /// The password is wrong, or there is no such account.
    Wrong,
    /// Too many tries from the same address have failed.
    TooManyTries,
    /// Too many wrong passwords were given for the account, from whatever addresses.
    Guessed,
    /// Too many passwords wait to be checked.
    Busy,
    /// This name is registered, and is the same or looks like it.
    Registered(Name),
    /// The user does not have the name.
    NotYours,
    /// An operator keeps the account out, for so long (`None`: until that is lifted), for a reason that may be empty.
    Banned(Option<Duration>, Box<str>),
    /// It is the name of an operator, which is registered from the server's own machine only.
    Operators,
    /// There are as many accounts as allowed.
    TooMany(usize),
    /// The server cannot store it.
    NotStored,
}
