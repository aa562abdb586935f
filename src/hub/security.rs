//! What operators, and programs such as fail2ban, act upon: a line of the log each, in a form that stays as it is.
//!
//! `security: EVENT address=ADDRESS KEY=VALUE...`, where ADDRESS is whom it is about: of IPv6 the first address of the
//! /64, since that is what rules go by here, and `unix` for a Unix socket. No name has a space or a control character.

use std::fmt;
use std::net::IpAddr;

use tracing::{info, warn};

use crate::chat::address::Address;
use crate::chat::admin::Operator;
use crate::chat::key::Fingerprint;
use crate::chat::moderation::{ModCommand, Target};
use crate::chat::name::{Name, RoomName};

/// Something that an operator may want to know of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incident<'a> {
    /// Somebody gave a wrong password for an account.
    WrongPassword(&'a Name),
    /// Somebody gave a wrong password for a room.
    WrongRoomPassword(&'a RoomName),
    /// So many wrong passwords were given for an account, from wherever, that it takes no more for a while but from where
    /// its owner has been.
    Guessed(&'a Name),
    /// Somebody registered a name.
    Registered(&'a Name),
    /// Somebody bound a key to an account.
    KeyAdded(&'a Name, Fingerprint),
    /// Somebody unbound one.
    KeyRemoved(&'a Name, Fingerprint),
    /// Somebody deleted an account.
    Deleted(&'a Name),
    /// An operator deleted an account.
    DeletedByOperator(&'a Name),
    /// Somebody who is no operator, called so, wanted to act as one.
    NotOperator(&'a Name),
    /// Somebody was reported. Why is for operators, who have the number.
    Reported {
        /// The number.
        id: u64,
        /// By whom.
        by: &'a Name,
        /// Who.
        whom: &'a Name,
        /// Where; `None`: from the menu.
        room: Option<&'a str>,
    },
    /// An operator did something.
    Operated {
        /// Who.
        by: &'a Operator,
        /// What, in one word.
        event: &'static str,
        /// To whom, and how.
        about: &'a [(&'static str, String)],
    },
    /// An owner did something to a room, or to somebody in it.
    Moderated {
        /// Where.
        room: &'a RoomName,
        /// By whom.
        by: &'a Name,
        /// What.
        what: Moderated,
    },
}

/// What an owner did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moderated {
    /// Asked for a password.
    Locked,
    /// Asked for none any more.
    Unlocked,
    /// Removed somebody.
    Kicked(Name),
    /// Removed somebody and kept them out.
    Banned(Target),
    /// Lifted a ban.
    Unbanned(Target),
    /// Closed the room.
    Closed,
}

impl Moderated {
    /// What a command does, if it is one of these.
    pub fn by(command: &ModCommand) -> Option<Moderated> {
        match command {
            ModCommand::Lock(_) => Some(Moderated::Locked),
            ModCommand::Unlock => Some(Moderated::Unlocked),
            ModCommand::Kick(name, _) => Some(Moderated::Kicked(name.clone())),
            ModCommand::Ban(ban) => Some(Moderated::Banned(ban.target.clone())),
            ModCommand::Unban(target) => Some(Moderated::Unbanned(target.clone())),
            ModCommand::Close => Some(Moderated::Closed),
            ModCommand::SetTopic(_)
            | ModCommand::Private(_)
            | ModCommand::Bans
            | ModCommand::Mute(_)
            | ModCommand::Unmute(_)
            | ModCommand::Own(_)
            | ModCommand::AskClose => None,
        }
    }

    /// Whom it was done to, if to somebody by name.
    pub fn whom(&self) -> Option<&Name> {
        match self {
            Moderated::Kicked(name) => Some(name),
            Moderated::Banned(target) => target.name(),
            Moderated::Locked
            | Moderated::Unlocked
            | Moderated::Unbanned(_)
            | Moderated::Closed => None,
        }
    }
}

/// Logs it. `address` is that of whom it is about.
pub fn note(address: Option<Address>, incident: &Incident<'_>) {
    let line = Line(address, incident);
    match incident {
        Incident::WrongPassword(_)
        | Incident::WrongRoomPassword(_)
        | Incident::Guessed(_)
        | Incident::NotOperator(_)
        | Incident::Reported { .. } => {
            warn!("security: {line}");
        }
        Incident::Registered(_)
        | Incident::KeyAdded(..)
        | Incident::KeyRemoved(..)
        | Incident::Deleted(_)
        | Incident::DeletedByOperator(_)
        | Incident::Operated { .. }
        | Incident::Moderated { .. } => {
            info!("security: {line}");
        }
    }
}

/// What follows `security:`.
struct Line<'a>(Option<Address>, &'a Incident<'a>);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Line(address, incident) = self;
        let event = match incident {
            Incident::WrongPassword(_) => "wrong-password",
            Incident::WrongRoomPassword(_) => "wrong-room-password",
            Incident::Guessed(_) => "account-guessed",
            Incident::Registered(_) => "registered",
            Incident::KeyAdded(..) => "key-added",
            Incident::KeyRemoved(..) => "key-removed",
            Incident::Deleted(_) => "account-deleted",
            Incident::DeletedByOperator(_) => "account-deleted-by-operator",
            Incident::NotOperator(_) => "not-operator",
            Incident::Reported { .. } => "reported",
            Incident::Operated { event, .. } => event,
            Incident::Moderated { what, .. } => match what {
                Moderated::Locked => "locked",
                Moderated::Unlocked => "unlocked",
                Moderated::Kicked(_) => "kicked",
                Moderated::Banned(_) => "banned",
                Moderated::Unbanned(_) => "unbanned",
                Moderated::Closed => "closed",
            },
        };
        write!(f, "{event} address=")?;
        match address {
            Some(address) => IpAddr::from(*address).fmt(f)?,
            None => match incident {
                Incident::DeletedByOperator(_) | Incident::Operated { .. } => {
                    f.write_str("none")?
                }
                _ => f.write_str("unix")?,
            },
        }
        match incident {
            Incident::WrongPassword(account)
            | Incident::Guessed(account)
            | Incident::Registered(account)
            | Incident::Deleted(account)
            | Incident::DeletedByOperator(account) => write!(f, " account={account}"),
            Incident::KeyAdded(account, key) | Incident::KeyRemoved(account, key) => {
                write!(f, " account={account} key={key}")
            }
            Incident::WrongRoomPassword(room) => write!(f, " room={room}"),
            Incident::NotOperator(name) => write!(f, " name={name}"),
            Incident::Reported { id, by, whom, room } => {
                write!(f, " report={id} by={by} whom={whom}")?;
                match room {
                    Some(room) => write!(f, " room={room}"),
                    None => Ok(()),
                }
            }
            Incident::Operated { by, about, .. } => {
                write!(f, " by={by}")?;
                about
                    .iter()
                    .try_for_each(|(key, value)| write!(f, " {key}={value}"))
            }
            Incident::Moderated { room, by, what } => {
                write!(f, " room={room} by={by}")?;
                match what {
                    Moderated::Kicked(whom) => write!(f, " whom={whom}"),
                    Moderated::Banned(target) | Moderated::Unbanned(target) => {
                        write!(f, " whom={target}")
                    }
                    Moderated::Locked | Moderated::Unlocked | Moderated::Closed => Ok(()),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_has_the_form_that_is_promised() {
        let name = |text: &str| Name::parse(text).expect("a name");
        let room = RoomName::parse("1150").expect("a room name");
        let (dai, ben) = (name("Dai"), name("ben"));
        let here = Address::parse("192.0.2.7");
        let there = Address::parse("2001:db8::7");
        let moderated = |what| Incident::Moderated {
            room: &room,
            by: &dai,
            what,
        };
        for (address, incident, expected) in [
            (
                here,
                Incident::WrongPassword(&dai),
                "wrong-password address=192.0.2.7 account=Dai",
            ),
            (
                there,
                Incident::WrongRoomPassword(&room),
                "wrong-room-password address=2001:db8:: room=1150",
            ),
            (
                None,
                Incident::Registered(&dai),
                "registered address=unix account=Dai",
            ),
            (
                here,
                Incident::KeyAdded(&dai, Fingerprint([0; 32])),
                "key-added address=192.0.2.7 account=Dai key=SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            ),
            (
                here,
                moderated(Moderated::Locked),
                "locked address=192.0.2.7 room=1150 by=Dai",
            ),
            (
                here,
                moderated(Moderated::Kicked(ben.clone())),
                "kicked address=192.0.2.7 room=1150 by=Dai whom=ben",
            ),
            (
                None,
                moderated(Moderated::Banned(Target::Name(ben))),
                "banned address=unix room=1150 by=Dai whom=ben",
            ),
        ] {
            assert_eq!(Line(address, &incident).to_string(), expected);
        }
    }

    #[test]
    fn so_have_those_about_operators() {
        let name = |text: &str| Name::parse(text).expect("a name");
        let (dai, ben) = (name("Dai"), name("ben"));
        let here = Address::parse("192.0.2.7");
        let there = Address::parse("2001:db8::7");
        for (address, incident, expected) in [
            (
                there,
                Incident::NotOperator(&dai),
                "not-operator address=2001:db8:: name=Dai",
            ),
            (
                None,
                Incident::Reported {
                    id: 7,
                    by: &dai,
                    whom: &ben,
                    room: Some("1150"),
                },
                "reported address=unix report=7 by=Dai whom=ben room=1150",
            ),
            (
                here,
                Incident::Operated {
                    by: &Operator::Socket("root".into()),
                    event: "operator-kicked",
                    about: &[("id", "7".to_owned()), ("whom", "ben".to_owned())],
                },
                "operator-kicked address=192.0.2.7 by=unix:root id=7 whom=ben",
            ),
            (
                None,
                Incident::Operated {
                    by: &Operator::Account(dai.clone()),
                    event: "operator-reloaded",
                    about: &[],
                },
                "operator-reloaded address=none by=Dai",
            ),
        ] {
            assert_eq!(Line(address, &incident).to_string(), expected);
        }
    }
}
