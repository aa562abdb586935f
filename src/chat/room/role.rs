//! *Pure.* What somebody is to a room, and what that permits.
//!
//! A permission is a method of the command that it permits, so a new command does not compile without one.

use crate::chat::request::ModCommand;

/// What somebody is to a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Owns it. A room may have several owners, some of whom are not in it just now.
    Owner,
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
    pub const ALL: [Role; 5] = [
        Role::Owner,
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
        self == Role::Owner
    }

    /// Say or do something that all members see.
    pub fn may_speak(self) -> bool {
        matches!(self, Role::Owner | Role::Member)
    }

    /// Decide who may come in and who may speak, and end the room.
    pub fn may_moderate(self) -> bool {
        self == Role::Owner
    }
}

impl ModCommand {
    /// Whether somebody who is `role` to a room may give it this command.
    pub fn is_permitted(&self, role: Role) -> bool {
        match self {
            ModCommand::SetTopic(_) => role.may_speak(),
            ModCommand::Lock(_)
            | ModCommand::Unlock
            | ModCommand::Private(_)
            | ModCommand::Kick(..)
            | ModCommand::Ban(_)
            | ModCommand::Bans
            | ModCommand::Unban(_)
            | ModCommand::Mute(_)
            | ModCommand::Unmute(_)
            | ModCommand::Own(_)
            | ModCommand::Close => role.may_moderate(),
        }
    }
}

/// Whether the owner of rank `doer` may kick, ban or mute somebody of rank `other`; `None` is no owner. Owners rank
/// by how long they have owned the room, the longest as 0.
///
/// So whoever shares a room can take it back, and nobody with whom it was shared can take it away.
pub fn outranks(doer: usize, other: Option<usize>) -> bool {
    other.is_none_or(|other| doer < other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::name::Name;
    use crate::chat::password::Hash;
    use crate::chat::request::{NewBan, Target};

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
            time: None,
            why: "".into(),
        };
        vec![
            (ModCommand::SetTopic(None), "Owner Member"),
            (ModCommand::Lock(Hash::new("")), "Owner"),
            (ModCommand::Unlock, "Owner"),
            (ModCommand::Private(true), "Owner"),
            (ModCommand::Private(false), "Owner"),
            (ModCommand::Kick(whom(), "".into()), "Owner"),
            (ModCommand::Ban(ban), "Owner"),
            (ModCommand::Unban(Target::Name(whom())), "Owner"),
            (ModCommand::Bans, "Owner"),
            (ModCommand::Mute(whom()), "Owner"),
            (ModCommand::Unmute(whom()), "Owner"),
            (ModCommand::Own(whom()), "Owner"),
            (ModCommand::Close, "Owner"),
        ]
    }

    #[test]
    fn who_may_do_what() {
        for (command, who) in commands() {
            assert_eq!(roles(|role| command.is_permitted(role)), who, "{command:?}");
        }
        assert_eq!(roles(Role::may_enter), "Owner Member Muted Outsider");
        assert_eq!(roles(Role::may_enter_locked), "Owner");
        assert_eq!(roles(Role::may_speak), "Owner Member");
        assert_eq!(roles(Role::may_moderate), "Owner");
    }

    #[test]
    fn who_may_do_it_to_whom() {
        for (doer, other, reached) in [
            (0, None, true),
            (7, None, true),
            (0, Some(1), true),
            (0, Some(7), true),
            (1, Some(7), true),
            (1, Some(0), false),
            (7, Some(1), false),
            // To oneself.
            (0, Some(0), false),
            (7, Some(7), false),
        ] {
            assert_eq!(outranks(doer, other), reached, "{doer} to {other:?}");
        }
    }
}
