//! *Pure.* Who may do what in a room, what owners ask of it, and what can come of that.
//!
//! A command stands here whole: itself, who may give it, what members are told of it, why it may be refused. A
//! permission is a method of the command that it permits, so a new command does not compile without one.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::chat::address::Address;
use crate::chat::message::MemberId;
use crate::chat::name::Name;
use crate::chat::password::Hash;
use crate::chat::topic::Topic;
use crate::limits::BAN_TIME_MAX;
use crate::time::duration;

/// The relation of a user to a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Owns it. A room may have several owners, some of whom are not in it just now.
    Owner,
    /// Owns it since nobody else did, and not for long yet; others said what there is to lose.
    Heir,
    /// Is in it.
    Member,
    /// Is in it and may only read.
    Muted,
    /// Is not in it.
    Outsider,
    /// Is not in it and is to stay out.
    Banned,
}

impl Role {
    /// All of them, from the most that is permitted to the least.
    pub const ALL: [Role; 6] = [
        Role::Owner,
        Role::Heir,
        Role::Member,
        Role::Muted,
        Role::Outsider,
        Role::Banned,
    ];

    /// Join the room while it has no password.
    pub fn may_enter(self) -> bool {
        self != Role::Banned
    }

    /// Join the room without knowing its password.
    pub fn may_enter_locked(self) -> bool {
        matches!(self, Role::Owner | Role::Heir)
    }

    /// Say or do something that all members see.
    pub fn may_speak(self) -> bool {
        matches!(self, Role::Owner | Role::Heir | Role::Member)
    }

    /// Keep order: decide who goes for now, who may speak, who else owns the room.
    pub fn may_moderate(self) -> bool {
        matches!(self, Role::Owner | Role::Heir)
    }

    /// Decide who may come in, and end the room.
    pub fn may_shut_out(self) -> bool {
        self == Role::Owner
    }
}

/// What a command does, as far as it matters for who may give it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Say what the room is about.
    SetTopic,
    /// Keep order.
    Moderate,
    /// Let in only who knows the password.
    Lock,
    /// Show everybody what was said behind a password.
    Unlock,
    /// Keep somebody out.
    Ban,
    /// End the room.
    Close,
}

impl Deed {
    /// Whether a user with this `role` may do it.
    pub fn is_permitted(self, role: Role) -> bool {
        match self {
            Deed::SetTopic => role.may_speak(),
            Deed::Moderate => role.may_moderate(),
            Deed::Lock | Deed::Unlock | Deed::Ban | Deed::Close => role.may_shut_out(),
        }
    }
}

/// The target of a ban.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "StoredTarget", into = "StoredTarget")]
pub enum Target {
    /// Users with this name, or one that looks like it.
    Name(Name),
    /// Users who connect from there.
    Address(Address),
}

impl Target {
    /// Reads a name or an address that somebody typed. What can be read as an address is one, in brackets too.
    pub fn parse(text: &str) -> Option<Target> {
        let bare = text
            .strip_prefix('[')
            .and_then(|text| text.strip_suffix(']'));
        match Address::parse(bare.unwrap_or(text)) {
            Some(address) => Some(Target::Address(address)),
            None => Name::parse(text.trim_start_matches('@'))
                .ok()
                .map(Target::Name),
        }
    }

    /// The name; `None`: it is an address.
    pub fn name(&self) -> Option<&Name> {
        match self {
            Target::Name(name) => Some(name),
            Target::Address(_) => None,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Name(name) => name.fmt(f),
            Target::Address(address) => address.fmt(f),
        }
    }
}

/// What an owner can ask of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModCommand {
    /// Change the topic, or remove it.
    SetTopic(Option<Topic>),
    /// Require the password with this hash from new members.
    Lock(Hash),
    /// Require no password.
    Unlock,
    /// Hide the room from lists, or show it again.
    Private(bool),
    /// Remove a member, for a reason that may be empty.
    Kick(Name, Box<str>),
    /// Remove somebody and keep them out.
    Ban(NewBan),
    /// List the bans.
    Bans,
    /// Lift a ban.
    Unban(Target),
    /// Forbid somebody to speak.
    Mute(Name),
    /// Allow somebody to speak again.
    Unmute(Name),
    /// Make a member an owner as well.
    Own(Name),
    /// Tell whether the member may close the room, before it is done.
    AskClose,
    /// Close the room.
    Close,
}

impl ModCommand {
    /// Whether a user with this `role` may give it.
    pub fn is_permitted(&self, role: Role) -> bool {
        self.deed().is_permitted(role)
    }

    /// What it does, as far as it matters for who may give it.
    pub fn deed(&self) -> Deed {
        match self {
            ModCommand::SetTopic(_) => Deed::SetTopic,
            ModCommand::Lock(_) => Deed::Lock,
            ModCommand::Unlock => Deed::Unlock,
            ModCommand::Ban(_) => Deed::Ban,
            ModCommand::AskClose | ModCommand::Close => Deed::Close,
            ModCommand::Private(_)
            | ModCommand::Kick(..)
            | ModCommand::Bans
            | ModCommand::Unban(_)
            | ModCommand::Mute(_)
            | ModCommand::Unmute(_)
            | ModCommand::Own(_) => Deed::Moderate,
        }
    }
}

/// What an operator of the server does with a room, whoever owns it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OperatorDeed {
    /// Close it.
    Close,
    /// Require no password any more.
    Unlock,
    /// Make a member an owner as well.
    Own(Name),
}

/// A ban to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewBan {
    /// Its target.
    pub target: Target,
    /// The connection that has the name now, wherever it is.
    pub holder: Option<MemberId>,
    /// The account that it is logged in to.
    pub account: Option<Name>,
    /// Nothing but the name is kept out: neither the account nor the address of who has it.
    pub name_only: bool,
    /// For how long; `None`: until it is lifted.
    pub time: Option<Duration>,
    /// Why; may be empty.
    pub why: Box<str>,
}

/// What stands behind the target of a ban: `for 2h spam` and `for 1h 30m spam` are a time and a reason, `for spam` is a
/// reason; `for 2x` is a mistake, and so is a time that is too long.
pub fn time_and_why(rest: &str) -> Option<(Option<Duration>, &str)> {
    let Some(time) = rest.strip_prefix("for ") else {
        return Some((None, rest));
    };
    let time = time.trim_start();
    let word_ends = time.match_indices(' ').map(|(at, _)| at);
    let longest = word_ends
        .chain([time.len()])
        .map_while(|end| Some((duration::parse_span(&time[..end])?, &time[end..])))
        .last();
    match longest {
        Some((length, why)) if length <= BAN_TIME_MAX => Some((Some(length), why.trim())),
        Some(_) => None,
        None if time.starts_with(|first: char| first.is_ascii_digit()) => None,
        None => Some((None, rest)),
    }
}

/// What came of a [`ModCommand`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModReply {
    /// It was done, and the transcript says so.
    Done,
    /// Somebody is banned, which the transcript says too.
    Banned(BanReply),
    /// The bans, oldest first.
    Bans(Vec<BanLine>),
    /// The member may close the room.
    MayClose,
}

/// What a ban of a name keeps out besides the name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BanReply {
    /// The name.
    pub name: Name,
    /// An account too.
    pub account: bool,
    /// An address too.
    pub address: bool,
}

/// A ban, to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BanLine {
    /// Its target.
    pub target: Target,
    /// The time left; `None`: until it is lifted.
    pub left: Option<Duration>,
    /// Who made it.
    pub by: Name,
    /// Why; may be empty.
    pub why: Box<str>,
}

/// Why a [`ModCommand`] was refused. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModError {
    /// Only owners may; these are in the room.
    NotOwner(Vec<Name>),
    /// Muted members may not.
    Muted,
    /// Who has inherited the room may not yet.
    TooSoon {
        /// What was to be done.
        deed: Deed,
        /// For how long the owner has had the room in company.
        kept: Duration,
        /// For how much longer it must be.
        left: Duration,
    },
    /// No member has that name.
    Nobody(Name),
    /// It was about oneself.
    Oneself,
    /// It is the name of all users without one, and one user was meant.
    Anon,
    /// The user of this name has owned the room for longer.
    Senior(Name),
    /// It is already done.
    Already,
    /// There is no such ban.
    NotBanned(Target),
    /// No such name is muted.
    NotMuted(Name),
    /// There are as many as allowed.
    TooMany(usize),
    /// Too many passwords came from the user's address.
    TooManyTries,
    /// The server cannot do it now: it has too much to do, or cannot store it.
    NotStored,
}

/// What an owner did, or who the owner is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModNotice {
    /// What was done.
    pub what: ModAction,
    /// To whom; the name of the owner who did it, if to nobody.
    pub whom: Name,
    /// Who did it.
    pub by: Name,
    /// Why; may be empty.
    pub why: Box<str>,
}

/// What was done by an owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModAction {
    /// `* Dai was kicked by Bo: spam`
    Kicked,
    /// `* Dai was banned by Bo for 2h: spam`; `None`: until it is taken back.
    Banned(Option<Duration>),
    /// As [`ModAction::Banned`] for an address, which is nobody's business.
    BannedAddress(Option<Duration>),
    /// `* Dai was unbanned by Bo`
    Unbanned,
    /// As [`ModAction::Unbanned`] for an address.
    UnbannedAddress,
    /// `* Dai was muted by Bo`
    Muted,
    /// `* Dai was unmuted by Bo`
    Unmuted,
    /// `* Dai was made an owner by Bo`
    Shared,
    /// `* Dai now owns the room`, since no owner was left.
    Inherited,
    /// `* Dai is back and owns the room`, whose connection was lost.
    Returned,
    /// `* Bo locked the room: joining needs a password`
    Locked,
    /// `* Bo unlocked the room`
    Unlocked,
    /// `* Bo made the room private: no list shows it`
    Private,
    /// `* Bo made the room public`
    Public,
    /// `* Dai was made an owner by an operator`
    SharedByOperator,
    /// `* An operator unlocked the room`
    UnlockedByOperator,
}

/// Why a member is no longer in a room that it has not left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PutOut {
    /// An owner has seen to it.
    Removed(Removal),
    /// An operator of the server has closed the room.
    ClosedByOperator,
    /// The room failed, by a fault of the server.
    Fault,
}

impl PutOut {
    /// How the member was removed, if that is why.
    pub fn removal(&self) -> Option<&Removal> {
        match self {
            PutOut::Removed(removal) => Some(removal),
            PutOut::ClosedByOperator | PutOut::Fault => None,
        }
    }
}

/// How a member was removed from a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// What was done.
    pub how: RemovalKind,
    /// Who did it.
    pub by: Name,
    /// Why; may be empty.
    pub why: Box<str>,
}

/// What was done to a member who was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RemovalKind {
    /// Kicked: may join again.
    Kicked,
    /// Banned, for so long; `None`: until it is lifted.
    Banned(Option<Duration>),
    /// The room was closed.
    Closed {
        /// An owner can open it again for a while.
        is_kept: bool,
    },
}

/// [`Target`] as it is kept: exactly one of the two is there.
#[derive(Serialize, Deserialize)]
struct StoredTarget {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<Address>,
}

impl From<Target> for StoredTarget {
    fn from(target: Target) -> StoredTarget {
        let (name, address) = match target {
            Target::Name(name) => (Some(name), None),
            Target::Address(address) => (None, Some(address)),
        };
        StoredTarget { name, address }
    }
}

impl TryFrom<StoredTarget> for Target {
    type Error = &'static str;

    fn try_from(stored: StoredTarget) -> Result<Target, &'static str> {
        match (stored.name, stored.address) {
            (Some(name), None) => Ok(Target::Name(name)),
            (None, Some(address)) => Ok(Target::Address(address)),
            (Some(_), Some(_)) => Err("a ban is about a name or an address, and not about both"),
            (None, None) => Err("a ban has no target"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles(may: impl Fn(Role) -> bool) -> String {
        let roles = Role::ALL.into_iter().filter(|&role| may(role));
        let roles: Vec<String> = roles.map(|role| format!("{role:?}")).collect();
        roles.join(" ")
    }

    /// Each command, and who may give it.
    fn commands() -> Vec<(ModCommand, &'static str)> {
        let whom = Name::anon;
        let ban = NewBan {
            target: Target::Name(whom()),
            holder: None,
            account: None,
            name_only: false,
            time: None,
            why: "".into(),
        };
        vec![
            (ModCommand::SetTopic(None), "Owner Heir Member"),
            (ModCommand::Lock(Hash::new("")), "Owner"),
            (ModCommand::Unlock, "Owner"),
            (ModCommand::Private(true), "Owner Heir"),
            (ModCommand::Private(false), "Owner Heir"),
            (ModCommand::Kick(whom(), "".into()), "Owner Heir"),
            (ModCommand::Ban(ban), "Owner"),
            (ModCommand::Unban(Target::Name(whom())), "Owner Heir"),
            (ModCommand::Bans, "Owner Heir"),
            (ModCommand::Mute(whom()), "Owner Heir"),
            (ModCommand::Unmute(whom()), "Owner Heir"),
            (ModCommand::Own(whom()), "Owner Heir"),
            (ModCommand::AskClose, "Owner"),
            (ModCommand::Close, "Owner"),
        ]
    }

    #[test]
    fn who_may_do_what() {
        for (command, who) in commands() {
            assert_eq!(roles(|role| command.is_permitted(role)), who, "{command:?}");
        }
        assert_eq!(roles(Role::may_enter), "Owner Heir Member Muted Outsider");
        assert_eq!(roles(Role::may_enter_locked), "Owner Heir");
        assert_eq!(roles(Role::may_speak), "Owner Heir Member");
        assert_eq!(roles(Role::may_moderate), "Owner Heir");
        assert_eq!(roles(Role::may_shut_out), "Owner");
    }
}
