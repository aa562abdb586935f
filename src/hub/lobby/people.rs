//! Who is connected.

use std::sync::Arc;
use std::time::Duration;

use super::correspondence::Correspondence;
use super::rooms;
use crate::chat::admin::ConnectionRow;
use crate::chat::ignore::Ignores;
use crate::chat::message::MemberId;
use crate::chat::name::Name;
use crate::chat::people::{
    ClientKind, DirectMessage, DmError, Location, Profile, RoleMarks, Source, UserSummary,
};
use crate::chat::person::Person;
use crate::chat::reads::Reads;
use crate::hub::room::{ClientEvent, ClientInbox, RoomHandle};
use crate::limits::{NOTES_BYTES_MAX, NOTES_MAX};
use crate::time::Timestamp;

/// A user who is connected.
#[derive(Debug)]
pub(super) struct User {
    pub(super) inbox: Arc<ClientInbox>,
    pub(super) source: Source,
    pub(super) name: Name,
    /// The event that brings the name is on its way to the connection, which may have the same name already.
    pub(super) name_comes: bool,
    /// The room; `None`: at the menu.
    pub(super) room: Option<RoomHandle>,
    /// Connected since then.
    since: Timestamp,
    kind: ClientKind,
    /// What few users have, so that the others cost little.
    extras: Option<Box<Extras>>,
}

/// What is kept of few users.
#[derive(Debug, Default)]
pub(super) struct Extras {
    /// The registered name that the user is logged in to. It is the name, or one that looks like it.
    pub(super) account: Option<Name>,
    terminal: Option<Box<str>>,
    /// Away, and why.
    pub(super) away: Option<Box<str>>,
    pub(super) ignores: Option<Arc<Ignores>>,
    pub(super) correspondence: Option<Box<Correspondence>>,
    /// The connection was lost, and the seat is kept.
    pub(super) is_lost: bool,
    /// How far the user has read in rooms.
    pub(super) reads: Option<Box<Reads>>,
    /// It is in the log that the user wanted to act as an operator, and is none.
    pub(super) is_noted: bool,
}

impl User {
    /// A user who has just connected.
    pub(super) fn new(source: Source, inbox: Arc<ClientInbox>, since: Timestamp) -> User {
        User {
            inbox,
            source,
            name: Name::anon(),
            name_comes: false,
            room: None,
            since,
            kind: ClientKind::Raw,
            extras: None,
        }
    }

    /// The rarely used fields, read-only.
    pub(super) fn extras(&self) -> &Extras {
        const NOTHING: &Extras = &Extras {
            account: None,
            terminal: None,
            away: None,
            ignores: None,
            correspondence: None,
            is_lost: false,
            reads: None,
            is_noted: false,
        };
        self.extras.as_deref().unwrap_or(NOTHING)
    }

    /// The rarely used fields, to be changed.
    pub(super) fn extras_mut(&mut self) -> &mut Extras {
        self.extras.get_or_insert_default()
    }

    /// Private words of the user, to be changed.
    pub(super) fn correspondence(&mut self) -> &mut Correspondence {
        self.extras_mut().correspondence.get_or_insert_default()
    }

    /// Whether the user ignores connection `member`, which is called `name`.
    pub(super) fn ignores(&self, member: MemberId, name: &Name) -> bool {
        let ignores = self.extras().ignores.as_deref();
        ignores.is_some_and(|ignores| ignores.cover(member, &name.keys()))
    }

    /// The user as shown in lists, when the server has been `up` for so long.
    pub(super) fn present(&self, up: Duration) -> UserSummary {
        UserSummary {
            name: self.name.clone(),
            idle: up.saturating_sub(self.inbox.last_input()),
            away: self.extras().away.is_some(),
            lost: self.extras().is_lost,
            role: RoleMarks::default(),
        }
    }

    /// Where the user is, as far as a member of `inside` may know.
    pub(super) fn place_for(&self, inside: Option<&RoomHandle>) -> Location {
        match &self.room {
            None => Location::Menu,
            Some(room) => place_in(room, inside),
        }
    }

    /// All that a member of `inside` may know of the user.
    pub(super) fn profile(&self, up: Duration, inside: Option<&RoomHandle>) -> Profile {
        Profile {
            present: self.present(up),
            place: self.place_for(inside),
            since: self.since,
            kind: self.kind,
            encryption: self.source.encryption(),
            terminal: self.extras().terminal.clone(),
            away: self.extras().away.clone(),
        }
    }

    /// The user as other servers know them, who has connection `id`, when this one has been `up` for so long `since` then.
    pub(super) fn person(&self, id: MemberId, since: Timestamp, up: Duration) -> Person {
        let extras = self.extras();
        Person {
            member: id,
            name: self.name.clone(),
            account: extras.account.clone(),
            room: self.room.as_ref().map(|room| room.id),
            ip: self.source.ip(),
            encryption: self.source.encryption(),
            kind: self.kind,
            terminal: extras.terminal.clone(),
            away: extras.away.clone(),
            since: self.since,
            active: since.after(self.inbox.last_input()),
            lines_per_minute: self.inbox.lines_per_minute(up),
            is_lost: extras.is_lost,
        }
    }

    /// When the user has come.
    pub(super) fn since(&self) -> Timestamp {
        self.since
    }

    /// All that operators may know of the user, who has connection `id`. Who is an operator is not marked yet.
    pub(super) fn row(&self, id: MemberId, up: Duration) -> ConnectionRow {
        let extras = self.extras();
        ConnectionRow {
            id,
            name: self.name.clone(),
            account: extras.account.clone(),
            is_operator: false,
            node: None,
            room: self.room.as_ref().map(|room| room.name.clone()),
            ip: self.source.ip(),
            encryption: self.source.encryption(),
            kind: self.kind,
            terminal: extras.terminal.clone(),
            since: self.since,
            idle: up.saturating_sub(self.inbox.last_input()),
            lines_per_minute: self.inbox.lines_per_minute(up),
            is_lost: extras.is_lost,
        }
    }

    /// Notes the kind of client. Of several names for its terminal the first counts: MUD clients say what
    /// they are before what they can.
    pub(super) fn client_is(&mut self, kind: ClientKind, terminal: Option<String>) {
        self.kind = kind;
        if let Some(terminal) = terminal
            && self.extras().terminal.is_none()
        {
            self.extras_mut().terminal = Some(terminal.into());
        }
    }

    /// Delivers a direct message. Returns the reason for being away, if the user is.
    pub(super) fn tell(&self, message: DirectMessage) -> Result<Option<Box<str>>, DmError> {
        let bytes = message.words.bytes();
        let has_space = |events: &[ClientEvent]| {
            let waiting: usize = events.iter().map(words_bytes).sum();
            events.len() < NOTES_MAX && waiting + bytes <= NOTES_BYTES_MAX
        };
        match self.inbox.put_if(ClientEvent::Message(message), has_space) {
            true => Ok(self.extras().away.clone()),
            false => Err(DmError::Full),
        }
    }
}

/// Where somebody is who is in `room`, as far as a member of `inside` may know.
pub(super) fn place_in(room: &RoomHandle, inside: Option<&RoomHandle>) -> Location {
    let inside = inside.map(|inside| inside.id);
    match rooms::is_seen(room, inside) && rooms::is_open_to(room, inside) {
        true => Location::Room(room.name.clone()),
        false => Location::Hidden,
    }
}

/// Bytes of the words of an event, if somebody has sent them.
fn words_bytes(event: &ClientEvent) -> usize {
    match event {
        ClientEvent::Message(message) => message.words.bytes(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::name::RoomName;
    use crate::chat::password::Hash;
    use crate::chat::people::Words;
    use crate::hub::room::RoomInfo;

    fn user() -> User {
        User::new(Source::default(), Arc::default(), Timestamp(5))
    }

    fn room(id: u32, name: &str) -> RoomHandle {
        let name = RoomName::parse(name).expect("a room name");
        RoomHandle::new(crate::chat::history::RoomId(id), name, RoomInfo::default())
    }

    #[test]
    fn somebody_is_idle_since_the_last_input() {
        let user = user();
        let idle = |up| user.present(Duration::from_secs(up)).idle.as_secs();
        assert_eq!(idle(30), 30);
        user.inbox.note_input(Duration::from_millis(100_999));
        assert_eq!(idle(160), 60);
        // Noted by one thread, asked by another.
        assert_eq!(idle(99), 0);
    }

    #[test]
    fn who_is_in_a_private_or_locked_room_is_told_to_those_inside_only() {
        let (here, there) = (room(1, "here"), room(2, "there"));
        let mut user = user();
        assert_eq!(user.place_for(Some(&here)), Location::Menu);
        user.room = Some(here.clone());
        let told = Location::Room(here.name.clone());
        let table = [
            (false, None, &told),
            (false, Some(&there), &told),
            (true, None, &Location::Hidden),
            (true, Some(&there), &Location::Hidden),
            (true, Some(&here), &told),
        ];
        for (private, inside, expected) in table {
            here.info.set_private(private);
            assert_eq!(&user.place_for(inside), expected, "private: {private}");
            here.info.set_private(false);
            here.info.set_lock(private.then(|| Hash::new("$argon2id$")));
            assert_eq!(&user.place_for(inside), expected, "locked: {private}");
            here.info.set_lock(None);
        }
    }

    #[test]
    fn private_words_wait_up_to_a_number_and_up_to_their_bytes() {
        for (bytes, expected) in [(0, NOTES_MAX), (4096, NOTES_BYTES_MAX / 4096)] {
            let user = user();
            let words = || DirectMessage {
                time: Timestamp(0),
                whom: MemberId(1),
                name: Name::anon(),
                words: Words::Text("x".repeat(bytes).into()),
            };
            let count = (0..1000).take_while(|_| user.tell(words()).is_ok()).count();
            assert_eq!(count, expected, "of {bytes} bytes each");
            user.inbox.take();
            assert!(user.tell(words()).is_ok(), "once they are taken");
        }
    }

    #[test]
    fn of_several_names_for_a_terminal_the_first_counts() {
        let mut user = user();
        user.client_is(ClientKind::TelnetLines, Some("TINTIN++".to_owned()));
        user.client_is(ClientKind::TelnetLines, Some("MTTS 137".to_owned()));
        user.client_is(ClientKind::TelnetLines, None);
        let profile = user.profile(Duration::ZERO, None);
        assert_eq!(profile.terminal.as_deref(), Some("TINTIN++"));
    }
}
