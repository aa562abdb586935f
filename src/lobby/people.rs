//! *Pure.* Who is connected.

use std::sync::Arc;
use std::time::Duration;

use crate::ignore::Ignores;
use crate::inbox::{Inbox, Note};
use crate::limits::NOTES_MAX;
use crate::message::{MemberId, Timestamp};
use crate::name::Name;
use crate::request::{ClientKind, Present, Private, Profile, TellError, Whereabouts};
use crate::room::RoomHandle;

/// Somebody who is connected.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) inbox: Arc<Inbox>,
    pub(super) name: Name,
    /// The answer that brings the name is on its way to the connection, which may have the same one already.
    pub(super) name_comes: bool,
    /// Where the person is; `None`: at the menu.
    pub(super) room: Option<RoomHandle>,
    /// Since when the person is connected.
    since: Timestamp,
    kind: ClientKind,
    /// What there is of few people, so that the others cost little.
    rare: Option<Box<Rare>>,
}

/// What there is to keep of few people.
#[derive(Debug, Default)]
pub(super) struct Rare {
    /// The registered name that the person is logged in to. It is the name, or one that looks like it.
    pub(super) account: Option<Name>,
    terminal: Option<Box<str>>,
    /// Away, and why.
    pub(super) away: Option<Box<str>>,
    pub(super) ignores: Option<Arc<Ignores>>,
}

impl Person {
    /// Somebody who has just connected.
    pub(super) fn new(inbox: Arc<Inbox>, since: Timestamp) -> Person {
        Person {
            inbox,
            name: Name::anon(),
            name_comes: false,
            room: None,
            since,
            kind: ClientKind::Raw,
            rare: None,
        }
    }

    /// What there is to keep of few people; to be looked at.
    pub(super) fn rare(&self) -> &Rare {
        const NOTHING: &Rare = &Rare {
            account: None,
            terminal: None,
            away: None,
            ignores: None,
        };
        self.rare.as_deref().unwrap_or(NOTHING)
    }

    /// What there is to keep of few people; to be changed.
    pub(super) fn rare_mut(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    /// Whether the person ignores connection `member`, which is called `name`.
    pub(super) fn ignores(&self, member: MemberId, name: &Name) -> bool {
        let ignores = self.rare().ignores.as_deref();
        ignores.is_some_and(|ignores| ignores.cover(member, &name.keys()))
    }

    /// What there is to tell of the person when the server was up for so long.
    pub(super) fn present(&self, up: Duration) -> Present {
        Present {
            name: self.name.clone(),
            idle: up.saturating_sub(self.inbox.last_input()),
            away: self.rare().away.is_some(),
        }
    }

    /// Where the person is, as far as somebody in `inside` may know.
    pub(super) fn place_for(&self, inside: Option<&RoomHandle>) -> Whereabouts {
        match &self.room {
            None => Whereabouts::Menu,
            Some(room) => {
                let shared = inside.is_some_and(|inside| inside.id == room.id);
                match room.info.is_private() && !shared {
                    true => Whereabouts::Hidden,
                    false => Whereabouts::Room(room.name.clone()),
                }
            }
        }
    }

    /// All that may be told of the person to somebody in `inside`.
    pub(super) fn profile(&self, up: Duration, inside: Option<&RoomHandle>) -> Profile {
        Profile {
            present: self.present(up),
            place: self.place_for(inside),
            since: self.since,
            kind: self.kind,
            terminal: self.rare().terminal.clone(),
            away: self.rare().away.clone(),
        }
    }

    /// Notes the kind of client. Of several names for its terminal the first counts: MUD clients say what
    /// they are before what they can.
    pub(super) fn client_is(&mut self, kind: ClientKind, terminal: Option<String>) {
        self.kind = kind;
        if let Some(terminal) = terminal
            && self.rare().terminal.is_none()
        {
            self.rare_mut().terminal = Some(terminal.into());
        }
    }

    /// Hands over private words. Returns why the person is away, if so.
    pub(super) fn tell(&self, words: Private) -> Result<Option<Box<str>>, TellError> {
        match self.inbox.put_up_to(Note::Told(words), NOTES_MAX) {
            true => Ok(self.rare().away.clone()),
            false => Err(TellError::Full),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::RoomName;
    use crate::room::RoomInfo;

    fn person() -> Person {
        Person::new(Arc::default(), Timestamp(5))
    }

    fn room(id: u32, name: &str) -> RoomHandle {
        let name = RoomName::parse(name).expect("a room name");
        RoomHandle::new(crate::store::RoomId(id), name, RoomInfo::default())
    }

    #[test]
    fn somebody_is_idle_since_the_last_input() {
        let person = person();
        let idle = |up| person.present(Duration::from_secs(up)).idle.as_secs();
        assert_eq!(idle(30), 30);
        person.inbox.note_input(Duration::from_millis(100_999));
        assert_eq!(idle(160), 60);
        // Noted by one thread, asked by another.
        assert_eq!(idle(99), 0);
    }

    #[test]
    fn a_private_room_is_told_to_those_inside_only() {
        let (here, there) = (room(1, "here"), room(2, "there"));
        let mut person = person();
        assert_eq!(person.place_for(Some(&here)), Whereabouts::Menu);
        person.room = Some(here.clone());
        let told = Whereabouts::Room(here.name.clone());
        let table = [
            (false, None, &told),
            (false, Some(&there), &told),
            (true, None, &Whereabouts::Hidden),
            (true, Some(&there), &Whereabouts::Hidden),
            (true, Some(&here), &told),
        ];
        for (private, inside, expected) in table {
            here.info.set_private(private);
            assert_eq!(&person.place_for(inside), expected, "{private}");
        }
    }

    #[test]
    fn of_several_names_for_a_terminal_the_first_counts() {
        let mut person = person();
        person.client_is(ClientKind::TelnetLines, Some("TINTIN++".to_owned()));
        person.client_is(ClientKind::TelnetLines, Some("MTTS 137".to_owned()));
        person.client_is(ClientKind::TelnetLines, None);
        let profile = person.profile(Duration::ZERO, None);
        assert_eq!(profile.terminal.as_deref(), Some("TINTIN++"));
    }
}
