//! *Pure.* What becomes of a room that is closed, and who can open it again.

use serde::{Deserialize, Serialize};

use super::moderation::Moderation;
use crate::chat::message::MemberId;
use crate::chat::name::Name;
use crate::limits::CLOSED_ROOM_KEPT;
use crate::time::Timestamp;

/// What becomes of the lines of a room that is closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// There are none.
    #[default]
    Nothing,
    /// They are deleted after [`CLOSED_ROOM_KEPT`], or before if too many rooms wait for it: it was closed by somebody
    /// to whom it belonged from the beginning.
    AtMost,
    /// They are deleted after [`CLOSED_ROOM_KEPT`] and not before: it was closed by somebody who had inherited it.
    AtLeast,
}

/// How a room has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closing {
    /// What becomes of its lines.
    pub kept: Kept,
    /// Until when it can be opened again.
    pub until: Timestamp,
}

impl Kept {
    /// Whether nothing is kept.
    pub fn is_nothing(&self) -> bool {
        *self == Kept::Nothing
    }

    /// Of a room that was closed at this time.
    pub fn closing(self, time: Timestamp) -> Closing {
        let until = match self {
            Kept::Nothing => time,
            Kept::AtMost | Kept::AtLeast => time.after(CLOSED_ROOM_KEPT),
        };
        Closing { kept: self, until }
    }
}

/// Who can open a closed room again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reopener {
    /// One who owned it when it was closed.
    Owner,
    /// Who had created it, and did not own it any more.
    Founder,
}

impl Moderation {
    /// What the user of a connection, logged in to an account or not, was to a room that is closed now, if that is
    /// enough to open it again.
    pub fn reopener(&self, member: MemberId, account: Option<&Name>) -> Option<Reopener> {
        let is_founder = account.is_some() && self.founder.as_ref() == account;
        match self.rank(member, account) {
            Some(_) => Some(Reopener::Owner),
            None => is_founder.then_some(Reopener::Founder),
        }
    }

    /// What it is when an operator opens the room again: whoever had inherited it does not own it any more.
    pub fn without_heirs(&self) -> Moderation {
        Moderation {
            owners: self.owners.without_heirs(),
            ..self.persistent()
        }
    }

    /// What it is when this user opens the room again. Nobody was told of connections that have ended meanwhile, so
    /// what is about connections goes, but for the user's own.
    pub fn reopened(&self, member: MemberId, account: Option<&Name>) -> Moderation {
        Moderation {
            owners: self.owners.with_connection_of(member, account),
            ..self.persistent()
        }
    }
}
