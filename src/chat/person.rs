//! *Pure.* What servers that share rooms tell each other of their people.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::chat::history::RoomId;
use crate::chat::message::MemberId;
use crate::chat::name::Name;
use crate::chat::people::{ClientKind, Encryption};
use crate::time::Timestamp;

/// Somebody who is connected to one of the servers, as the others know them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The connection; its server is in it.
    pub member: MemberId,
    /// What they are called.
    pub name: Name,
    /// The account that they are logged in to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Name>,
    /// The room; `None`: at the menu.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomId>,
    /// Where they come from; `None`: over a Unix socket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpAddr>,
    /// What protects their way here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encryption: Option<Encryption>,
    /// The kind of client.
    pub kind: ClientKind,
    /// What the client calls its terminal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminal: Option<Box<str>>,
    /// Away, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub away: Option<Box<str>>,
    /// When they came.
    pub since: Timestamp,
    /// When they typed something last, to about half a minute.
    pub active: Timestamp,
    /// Lines in the last minute.
    #[serde(default)]
    pub lines_per_minute: u32,
    /// The connection was lost, and the seat is kept.
    #[serde(default)]
    pub is_lost: bool,
}
