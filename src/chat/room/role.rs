//! *Pure.* Who may do what in a room: one table, and who may do it to whom.

/// What somebody is to a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Takes care of it. There may be several, some of whom are not in it just now.
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

/// What can be done in a room or to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Join it while it has no password.
    Enter,
    /// Join it without knowing its password.
    EnterLocked,
    /// Say or do something that all members see.
    Speak,
    /// Say what it is about.
    SetTopic,
    /// Give it a password, or another one.
    Lock,
    /// Take its password away.
    Unlock,
    /// Keep it out of lists, or no longer.
    Private,
    /// Put somebody out, who may come again.
    Kick,
    /// Put somebody out, who is to stay out.
    Ban,
    /// Let somebody in again.
    Unban,
    /// See who is to stay out.
    SeeBans,
    /// Let somebody only read.
    Mute,
    /// Let somebody speak again.
    Unmute,
    /// Make somebody an owner as well.
    Own,
    /// End it.
    Close,
}

impl Role {
    /// All of them, in the order of the table.
    pub const ALL: [Role; 5] = [
        Role::Owner,
        Role::Member,
        Role::Muted,
        Role::Outsider,
        Role::Banned,
    ];
}

/// Whether an owner, a member, a muted member, an outsider, a banned outsider may do it.
#[rustfmt::skip]
const RIGHTS: [(Permission, [bool; Role::ALL.len()]); 15] = {
    const YES: bool = true;
    const NO: bool = false;
    [
        //                  Owner Member Muted Outsider Banned
        (Permission::Enter,       [YES, YES,   YES,  YES,     NO]),
        (Permission::EnterLocked, [YES, NO,    NO,   NO,      NO]),
        (Permission::Speak,       [YES, YES,   NO,   NO,      NO]),
        (Permission::SetTopic,    [YES, YES,   NO,   NO,      NO]),
        (Permission::Lock,        [YES, NO,    NO,   NO,      NO]),
        (Permission::Unlock,      [YES, NO,    NO,   NO,      NO]),
        (Permission::Private,     [YES, NO,    NO,   NO,      NO]),
        (Permission::Kick,        [YES, NO,    NO,   NO,      NO]),
        (Permission::Ban,         [YES, NO,    NO,   NO,      NO]),
        (Permission::Unban,       [YES, NO,    NO,   NO,      NO]),
        (Permission::SeeBans,     [YES, NO,    NO,   NO,      NO]),
        (Permission::Mute,        [YES, NO,    NO,   NO,      NO]),
        (Permission::Unmute,      [YES, NO,    NO,   NO,      NO]),
        (Permission::Own,         [YES, NO,    NO,   NO,      NO]),
        (Permission::Close,       [YES, NO,    NO,   NO,      NO]),
    ]
};

/// Whether somebody who is `role` to a room may do `deed` there.
pub fn may(role: Role, deed: Permission) -> bool {
    let row = RIGHTS.iter().find(|(listed, _)| *listed == deed);
    let column = Role::ALL.iter().position(|listed| *listed == role);
    row.zip(column)
        .is_some_and(|((_, row), column)| row[column])
}

/// Whether the owner of rank `doer` may put out, ban or mute somebody of rank `other`; `None` is no owner.
/// Owners rank by how long they have owned the room, the longest as 0.
///
/// So whoever shares a room can take it back, and nobody with whom it was shared can take it away.
pub fn reaches(doer: usize, other: Option<usize>) -> bool {
    other.is_none_or(|other| doer < other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_do_what() {
        use Permission::*;
        let only_owners = [
            EnterLocked,
            Lock,
            Unlock,
            Private,
            Kick,
            Ban,
            Unban,
            SeeBans,
            Mute,
            Unmute,
            Own,
            Close,
        ];
        for (deed, who) in [
            (Enter, "Owner Member Muted Outsider"),
            (Speak, "Owner Member"),
            (SetTopic, "Owner Member"),
        ]
        .into_iter()
        .chain(only_owners.map(|deed| (deed, "Owner")))
        {
            let may = Role::ALL.into_iter().filter(|&role| may(role, deed));
            let may: Vec<String> = may.map(|role| format!("{role:?}")).collect();
            assert_eq!(may.join(" "), who, "{deed:?}");
        }
        assert_eq!(
            RIGHTS.len(),
            3 + only_owners.len(),
            "a deed without a row here"
        );
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
            assert_eq!(reaches(doer, other), reached, "{doer} to {other:?}");
        }
    }
}
