//! *Pure.* What users may know of each other, of rooms and of the server.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::chat::message::{MemberId, clean_text};
use crate::chat::name::{Name, RoomName};
use crate::chat::topic::Topic;
use crate::time::Timestamp;

/// The recipient of a direct message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// The user with this name.
    Name(Name),
    /// The connection with this number, and the name it had.
    Id(MemberId, Name),
}

impl Recipient {
    /// The name, which somebody else may have by now.
    pub fn name(&self) -> &Name {
        match self {
            Recipient::Name(name) | Recipient::Id(_, name) => name,
        }
    }
}

/// A direct message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectMessage {
    /// When it was sent.
    pub time: Timestamp,
    /// The other side: the sender, or for the sender the recipient.
    pub whom: MemberId,
    /// The name of the other side.
    pub name: Name,
    /// What it says.
    pub words: Words,
}

/// What a direct message says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Words {
    /// This clean text.
    Text(#[serde(deserialize_with = "clean_text")] Box<str>),
    /// Come to this room.
    Invitation(RoomName),
}

impl Words {
    /// Bytes of what the sender has typed.
    pub fn bytes(&self) -> usize {
        match self {
            Words::Text(text) => text.len(),
            Words::Invitation(room) => room.as_str().len(),
        }
    }
}

/// Why a direct message was not sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DmError {
    /// No user has that name.
    Gone,
    /// It is the name of all users without one.
    Anon,
    /// The recipient's connection was lost just now.
    Lost,
    /// It was sent to oneself.
    Oneself,
    /// The recipient takes none of strangers.
    Stranger,
    /// So many came from there that the recipient gets no more for a while.
    TooFast,
    /// Too many events wait for the recipient.
    Full,
    /// The names cannot be looked up now.
    Unavailable,
    /// The recipient is on another server, which does not answer: perhaps it was delivered, perhaps not.
    Silent,
}

/// A page of the list of rooms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomPage {
    /// Its number; the first page is 1.
    pub page: usize,
    /// How many pages there are.
    pub pages: usize,
    /// The rooms on it; none if there is no such page.
    pub rooms: Vec<RoomLine>,
}

/// What a list shows of one room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomLine {
    /// Its name.
    pub name: RoomName,
    /// How many members it has.
    pub members: usize,
    /// Time since the last message; `None`: there is none.
    pub quiet_for: Option<Duration>,
    /// Its topic.
    pub topic: Option<Topic>,
    /// It has a password.
    pub locked: bool,
    /// Only its members see it in lists.
    pub private: bool,
    /// Lines that were said since whoever asks was there; `None` if that is not known.
    pub unread: Option<u64>,
}

/// A user, in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserSummary {
    /// The name.
    pub name: Name,
    /// Time since the last input.
    pub idle: Duration,
    /// Away, for whatever reason.
    pub away: bool,
    /// The connection was lost; the user may be back at any time.
    pub lost: bool,
    /// What the user is in the room that was asked.
    pub role: RoleMarks,
}

/// What a member is in a room, as others are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoleMarks {
    /// It is who asks.
    pub you: bool,
    /// An owner.
    pub owner: bool,
    /// May only read.
    pub muted: bool,
}

/// A member as a room names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomMember {
    /// The connection.
    pub member: MemberId,
    /// What it is called.
    pub name: Name,
    /// What it is there. Who asks is not marked yet.
    pub role: RoleMarks,
}

impl UserSummary {
    /// A user of whom only the name is known.
    pub fn named(name: Name) -> UserSummary {
        UserSummary {
            name,
            idle: Duration::ZERO,
            away: false,
            lost: false,
            role: RoleMarks::default(),
        }
    }
}

/// Users, and where they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct People {
    /// In the order in which they connected.
    pub people: Vec<(UserSummary, Location)>,
    /// How many more there are.
    pub more: usize,
    /// There are other servers, and it cannot be told who is there.
    pub is_partial: bool,
}

/// Where a user is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// In no room.
    Menu,
    /// In this room.
    Room(RoomName),
    /// In a private room.
    Hidden,
}

/// A user, in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The name, and whether the user is there.
    pub present: UserSummary,
    /// Where.
    pub place: Location,
    /// Connected since then.
    pub since: Timestamp,
    /// The kind of client.
    pub kind: ClientKind,
    /// What protects its way; `None`: nothing.
    pub encryption: Option<Encryption>,
    /// What the client calls its terminal.
    pub terminal: Option<Box<str>>,
    /// The reason for being away, which may be empty.
    pub away: Option<Box<str>>,
}

/// What a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientKind {
    /// Lines, as netcats and scripts do.
    Raw,
    /// Telnet; it edits its lines itself.
    TelnetLines,
    /// Telnet; each key is sent.
    TelnetKeys,
}

/// What keeps others from reading what a client sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encryption {
    /// TLS, by us or by a proxy that we trust.
    Tls,
    /// The system's ssh server, which passes its sessions on to us.
    Ssh,
}

impl Encryption {
    /// As people write it.
    pub fn name(self) -> &'static str {
        match self {
            Encryption::Tls => "tls",
            Encryption::Ssh => "ssh",
        }
    }
}

/// Where somebody connects from, and how. For operators, and rules; users are not told. Each connection keeps one, so it
/// takes no more than the address and a byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// As one of version 6.
    ip: [u8; 16],
    /// What is true of the way here.
    way: u8,
}

impl Source {
    const TLS: u8 = 1;
    const SSH: u8 = 2;
    const PRIVATE: u8 = 4;
    const LOCAL: u8 = 8;
    const UNIX: u8 = 16;

    /// From `ip`, or over a Unix socket. What protects the way here; whether nobody on it can read what is sent; whether it
    /// begins on this machine, and nothing brings it here from elsewhere.
    pub fn new(
        ip: Option<IpAddr>,
        encryption: Option<Encryption>,
        is_private: bool,
        is_local: bool,
    ) -> Source {
        let encryption = match encryption {
            None => 0,
            Some(Encryption::Tls) => Source::TLS,
            Some(Encryption::Ssh) => Source::SSH,
        };
        let bit = |is_set, bit| if is_set { bit } else { 0 };
        Source {
            ip: match ip {
                None => [0; 16],
                Some(IpAddr::V4(ip)) => ip.to_ipv6_mapped().octets(),
                Some(IpAddr::V6(ip)) => ip.octets(),
            },
            way: encryption
                | bit(is_private, Source::PRIVATE)
                | bit(is_local, Source::LOCAL)
                | bit(ip.is_none(), Source::UNIX),
        }
    }

    /// The address, of version 4 where it can be; `None`: over a Unix socket.
    pub fn ip(self) -> Option<IpAddr> {
        let is_unix = self.way & Source::UNIX != 0;
        (!is_unix).then(|| IpAddr::from(self.ip).to_canonical())
    }

    /// What protects the way here; `None`: nothing.
    pub fn encryption(self) -> Option<Encryption> {
        match self.way {
            way if way & Source::TLS != 0 => Some(Encryption::Tls),
            way if way & Source::SSH != 0 => Some(Encryption::Ssh),
            _ => None,
        }
    }

    /// Whether nobody on the way can read what is sent.
    pub fn is_private(self) -> bool {
        self.way & Source::PRIVATE != 0
    }

    /// Whether it is on this machine, and nothing brings it here from elsewhere.
    pub fn is_local(self) -> bool {
        self.way & Source::LOCAL != 0
    }
}

impl Default for Source {
    /// Over a Unix socket that anybody may listen to.
    fn default() -> Source {
        Source::new(None, None, false, false)
    }
}

/// Figures of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stats {
    /// When it was started.
    pub since: Timestamp,
    /// Time since then.
    pub up: Duration,
    /// How many users are connected.
    pub people: usize,
    /// There are other servers, and it cannot be told how many are there.
    pub is_partial: bool,
    /// There are other servers, and this is one of those that share the rooms.
    pub is_shared: bool,
    /// How many rooms there are.
    pub rooms: usize,
    /// Lines said since the start.
    pub lines: u64,
    /// Lines ever said; `None` without a file.
    pub lines_ever: Option<u64>,
    /// SHA-256 of the certificate that clients by TLS are shown, as `AB:CD:…`; `None` where there is no TLS.
    pub certificate: Option<Arc<str>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_what_it_was_made_of() {
        for ip in [
            None,
            Some("192.0.2.7"),
            Some("2001:db8::7"),
            Some("::"),
            Some("::ffff:192.0.2.7"),
        ] {
            let ip: Option<IpAddr> = ip.map(|text| text.parse().expect("an address"));
            for encryption in [None, Some(Encryption::Tls), Some(Encryption::Ssh)] {
                for (is_private, is_local) in [(false, false), (true, false), (false, true)] {
                    let source = Source::new(ip, encryption, is_private, is_local);
                    assert_eq!(source.ip(), ip.map(|ip| ip.to_canonical()));
                    assert_eq!(source.encryption(), encryption);
                    assert_eq!(
                        (source.is_private(), source.is_local()),
                        (is_private, is_local)
                    );
                }
            }
        }
    }
}
