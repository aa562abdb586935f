//! *Pure.* What members ask of their room.

use super::{Info, ModCommand};
use crate::chat::message::Kind;
use crate::chat::password::Password;

/// What a member asks of its room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomRequest {
    /// Say or do something. Not answered: the line comes back in the transcript.
    Say(Kind, String),
    /// List the members. Answered by [`Info::Members`].
    Members,
    /// Tell the topic. Answered by [`Info::Topic`].
    Topic,
    /// Change the room.
    Moderate(ModCommand),
    /// Let in only users who know this password; it is hashed before the room takes it.
    Lock(Password),
    /// Leave. Answered by [`RoomReply::Left`].
    Leave,
}

/// What came of a [`RoomRequest`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomReply {
    /// It was done, and the transcript tells so.
    Done,
    /// This is what was asked for, or why nothing was done.
    Shown(Info),
    /// The member may close the room, in which so many lines were said.
    MayClose(u64),
    /// The member has left and has seen all that was said until then.
    Left,
}
