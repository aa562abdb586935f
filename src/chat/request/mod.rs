//! *Pure.* What a front end can ask, and what can come of it, by who answers.
//!
//! A reply takes its time and may be a refusal: rooms and names may be kept elsewhere. What is only shown is an
//! [`Info`], which a front end draws as it is.

mod info;
mod lobby;
mod room;

pub use info::Info;
pub use lobby::{CreateError, JoinError, LobbyReply, LobbyRequest, RenameError, ReopenError};
pub use room::{RoomReply, RoomRequest};

pub use crate::chat::moderation::{
    BanLine, BanReply, Deed, ModCommand, ModError, ModReply, NewBan, PutOut, Removal, RemovalKind,
    Target,
};

use crate::chat::account::{AccountReply, AccountRequest};
use crate::chat::settings::{Setting, SettingName};

/// What a front end asks on behalf of its user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Of the room that the user is in. It answers members only: when it puts one out, that is the reply.
    Room(RoomRequest),
    /// Of the lobby.
    Lobby(LobbyRequest),
    /// Of the lobby, about a registered name.
    Account(AccountRequest),
    /// Of the front end itself.
    Local(LocalRequest),
}

/// The reply to a [`Request`].
#[derive(Clone, Debug)]
pub enum Reply {
    /// To [`Request::Room`].
    Room(RoomReply),
    /// To [`Request::Lobby`].
    Lobby(LobbyReply),
    /// To [`Request::Account`].
    Account(AccountReply),
    /// To any: the server made a mistake, and it is uncertain what of it was done.
    Fault,
}

impl From<RoomReply> for Reply {
    fn from(reply: RoomReply) -> Reply {
        Reply::Room(reply)
    }
}

impl From<LobbyReply> for Reply {
    fn from(reply: LobbyReply) -> Reply {
        Reply::Lobby(reply)
    }
}

impl From<AccountReply> for Reply {
    fn from(reply: AccountReply) -> Reply {
        Reply::Account(reply)
    }
}

/// What a front end does by itself, at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LocalRequest {
    /// Draw things differently.
    Set(Setting),
    /// Tell how a setting stands.
    Tell(SettingName),
    /// Show so many lines before those shown last; `None`: as many as fit on the screen.
    OlderPage(Option<usize>),
    /// Show the lines up to a time, as the user wrote it.
    UntilTime(String),
    /// Close the connection.
    Quit,
}
