//! What any front end is to the rooms: one user who joins, speaks, moves, owns, asks and leaves.
//!
//! A [`Participant`] knows no terminal and no socket. A front end asks ([`Participant::ask_room`] and the like),
//! takes the transcript ([`Participant::take`]) and what has come from elsewhere ([`Participant::events`], each
//! given to [`Participant::handle`]), and draws it as it likes. Nothing here waits but [`Participant::leave`].
//!
//! While a reply is awaited nothing else may be asked, except to say something. A reply tells of a later time
//! than what the room said before it, so the transcript has to be taken first (see
//! [`Participant::follows_transcript`]).

mod asking;
mod lingering;
mod moving;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use smol::Task;

use crate::chat::account::AccountReply;
use crate::chat::admin::{Ejection, Tidings};
use crate::chat::batch::Batch;
use crate::chat::history::{RoomId, RoomSnapshot};
use crate::chat::ignore::Ignores;
use crate::chat::key::Fingerprint;
use crate::chat::message::MemberId;
use crate::chat::name::Name;
use crate::chat::people::{DirectMessage, Source};
use crate::chat::request::{LobbyReply, PutOut, Reply, RoomReply};
use crate::chat::settings::Settings;
use crate::hub::lobby::Lobby;
use crate::hub::room::{ClientEvent, ClientInbox, Membership, RoomCommand, RoomHandle, Taken};
use crate::thin_deque::ThinDeque;

/// One user, as the rooms and the lobby see it.
#[derive(Debug)]
pub struct Participant {
    id: MemberId,
    /// Where it comes from: what its passwords are counted by, and bans may be about.
    source: Source,
    /// The key that has come with the connection; in a box, since few have one.
    key: Option<Box<Fingerprint>>,
    lobby: Arc<Lobby>,
    inbox: Arc<ClientInbox>,
    name: Name,
    /// The registered name that the user is logged in to.
    account: Option<Name>,
    /// The room the user is in.
    room: Option<Membership>,
    /// How many had come there before.
    join_seq: u64,
    /// The next room, and what that looks like, while the user has not left the current one.
    next: Option<Box<(Membership, RoomSnapshot)>>,
    awaiting: Awaiting,
    /// The connection was lost: what is taken is not seen by anybody.
    is_unseen: bool,
    /// It has another name than the room it wants to join was told.
    renamed_while_joining: bool,
    /// Rooms to be told of the end of this connection, since it owns them.
    owned: ThinDeque<RoomHandle>,
    /// Lines said that have not come back in the transcript.
    in_flight: u32,
    /// A line that the room had no space for.
    unsent: Option<Box<RoomCommand>>,
    /// Whom the user ignores.
    ignores: Option<Arc<Ignores>>,
    /// What looks into a room's history, while its reply is awaited.
    looking: Option<Task<()>>,
}

/// Whose reply is awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Awaiting {
    Nothing,
    /// The room's. If it puts the user out, none comes.
    Room,
    /// The lobby's.
    Lobby,
}

/// Something that a front end has to show or to do.
#[derive(Debug)]
pub enum Event {
    /// The reply to what was asked.
    Reply(Reply),
    /// A line that was said is not in the transcript, for this reason.
    NotPosted(NotPosted),
    /// What a word may be completed to.
    Candidates(Vec<String>),
    /// Somebody has sent the user a direct message.
    Message(DirectMessage),
    /// The owner of the registered name `account` has logged in elsewhere; the user is called `new` now.
    NameReclaimed {
        /// The registered name.
        account: Name,
        /// The user's new name.
        new: Name,
    },
    /// The server was cut off from those that it shares names with, and somebody else has `old` since.
    NameLost {
        /// What the user was called.
        old: Name,
        /// The user's new name.
        new: Name,
    },
    /// An operator has deleted this account, which the user was logged in to.
    AccountDeleted(Name),
    /// An operator has given the user this name, who is no longer logged in to the account, if there is one.
    RenamedByOperator(Name, Option<Name>),
    /// An operator has something to say, or is told something.
    Told(Arc<Tidings>),
    /// An operator closes the connection.
    Ejected(Box<Ejection>),
    /// The server is stopping.
    Stop,
}

/// Why a line that was said is not in the transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotPosted {
    /// The server cannot store it.
    NotStored,
    /// The user may only read.
    Muted,
}

/// How a stay in a room has ended. Everything that was said before is taken.
#[derive(Debug)]
pub enum Departure {
    /// The user has left; the reply says where to.
    Left(Reply),
    /// The user was put out, and so many lines were not sent any more. If it was about to move to another room,
    /// this is the reply that says so.
    PutOut(Arc<PutOut>, usize, Option<Reply>),
}

/// What names a word can be completed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Candidates {
    /// The members of the user's room.
    Members,
    /// All rooms that the user may see.
    Rooms,
    /// All users.
    Users,
}

impl Participant {
    /// A user who has just connected from `source`, with nothing but a number.
    pub fn enter(id: MemberId, source: Source, lobby: Arc<Lobby>) -> Participant {
        let inbox = Arc::<ClientInbox>::default();
        Participant {
            id,
            source,
            key: None,
            lobby,
            inbox,
            name: Name::anon(),
            account: None,
            room: None,
            join_seq: 0,
            next: None,
            awaiting: Awaiting::Nothing,
            is_unseen: false,
            renamed_while_joining: false,
            owned: ThinDeque::new(),
            in_flight: 0,
            unsent: None,
            ignores: None,
            looking: None,
        }
    }

    /// The user has proved to have this key.
    pub fn come_with(&mut self, key: Option<Box<Fingerprint>>) {
        self.key = key;
    }

    /// What keeps the user out who comes from there.
    pub fn ban(&self) -> Ejection {
        self.lobby.why_banned(self.source.ip())
    }

    /// Whether the user comes from no address, but over a Unix socket.
    pub fn is_over_unix(&self) -> bool {
        self.source.ip().is_none()
    }

    /// Whether the user has proved to have a key.
    pub fn has_key(&self) -> bool {
        self.key.is_some()
    }

    /// Lets the lobby know of the user. Nothing comes before.
    pub fn register(&self) {
        self.lobby
            .enter(self.id, self.source, Arc::clone(&self.inbox));
    }

    /// Its number.
    pub fn id(&self) -> MemberId {
        self.id
    }

    /// What wakes whoever serves the user.
    pub fn inbox(&self) -> &Arc<ClientInbox> {
        &self.inbox
    }

    /// Whom the user ignores.
    pub fn ignores(&self) -> Option<&Ignores> {
        self.ignores.as_deref()
    }

    /// True in a room.
    pub fn is_in_room(&self) -> bool {
        self.room.is_some()
    }

    /// How many had come into the room before the user, and so were there to be seen, or had gone.
    pub fn join_seq(&self) -> u64 {
        self.join_seq
    }

    /// True while a reply is awaited.
    pub fn is_awaiting(&self) -> bool {
        self.awaiting != Awaiting::Nothing
    }

    /// True while nothing can be asked or said.
    pub fn is_busy(&self) -> bool {
        self.is_awaiting() || self.unsent.is_some()
    }

    /// True while a line waits for space in its room.
    pub fn has_unsent(&self) -> bool {
        self.unsent.is_some()
    }

    /// How many lines were said that have not come back in the transcript.
    pub fn in_flight(&self) -> usize {
        self.in_flight as usize
    }

    /// The user has spoken, and is not away any more.
    pub fn come_back(&self) {
        self.lobby.back(self.id);
    }

    /// Whether the user takes private words of strangers: of people who are in other rooms, and to whom the user did not
    /// write.
    pub fn take_strangers(&self, takes: bool) {
        self.lobby.refuse_strangers(self.id, !takes);
    }

    /// Keeps what the user has set for when the name comes back.
    pub fn save_settings(&self, settings: Settings) {
        if let Some(account) = &self.account {
            self.lobby.save_settings(account, settings);
        }
    }

    fn room_id(&self) -> Option<RoomId> {
        self.room.as_ref().map(|membership| membership.room.id)
    }

    fn tell_room(&self, command: RoomCommand) {
        if let Some(membership) = &self.room {
            // A room that is closed puts everybody out, which answers all.
            let _ = membership.room.mailbox.put(command);
        }
    }

    /// Says a line that the room had no space for. True if it has now.
    pub fn retry(&mut self) -> bool {
        let Some(line) = self.unsent.take() else {
            return false;
        };
        self.post(*line);
        self.unsent.is_none()
    }

    fn post(&mut self, line: RoomCommand) {
        if let Some(membership) = &self.room {
            let (bytes, mailbox) = (line.text_bytes(), &membership.room.mailbox);
            let unsent = mailbox.put_line(line, bytes, &self.inbox).err();
            self.unsent = unsent.map(Box::new);
        }
    }

    // ---- the transcript ----

    /// Moves what the room has said into `batches`, up to `bytes_max` bytes or a little more; `None` outside.
    pub fn take(&mut self, bytes_max: usize, batches: &mut Vec<Arc<Batch>>) -> Option<Taken> {
        let taken = self.room.as_mut()?.reader.take(bytes_max, batches);
        if taken.skipped > 0 {
            // Lines of one's own may be among those skipped: none is waited for any more.
            self.in_flight = 0;
        }
        Some(taken)
    }

    /// A batch was taken: how many lines of the user's own are in it.
    pub fn own_lines(&mut self, batch: &Batch) -> usize {
        let own = match self.in_flight {
            0 => 0,
            _ => batch.messages_of(self.id),
        };
        self.in_flight = self.in_flight.saturating_sub(own as u32);
        own
    }

    /// How the stay in the room has ended, once everything that was said before is taken; `None` while it goes
    /// on.
    pub fn departure(&mut self) -> Option<Departure> {
        let membership = self
            .room
            .take_if(|membership| membership.reader.is_done())?;
        self.has_read(&membership.room, membership.room.info.last_id());
        match membership.reader.put_out().cloned() {
            Some(how) => Some(self.put_out(how)),
            None => Some(Departure::Left(match self.next.take() {
                Some(next) => self.sit_down(next.0, next.1),
                None => {
                    self.awaiting = Awaiting::Nothing;
                    self.lobby.moved(self.id, None);
                    Reply::Room(RoomReply::Left)
                }
            })),
        }
    }

    /// The user has seen all that was said in `room` up to `line`.
    fn has_read(&self, room: &RoomHandle, line: u64) {
        if !self.is_unseen {
            let account = self.account.as_ref();
            self.lobby.note_read(self.id, account, room.id, line);
        }
    }

    /// The room answers nothing any more, and what was said and not seen is lost.
    fn put_out(&mut self, how: Arc<PutOut>) -> Departure {
        let lost = std::mem::take(&mut self.in_flight) as usize;
        self.unsent = None;
        if self.awaiting == Awaiting::Room {
            self.awaiting = Awaiting::Nothing;
        }
        self.lobby.moved(self.id, None);
        let next = self.next.take();
        let joined = next.map(|next| self.sit_down(next.0, next.1));
        Departure::PutOut(how, lost, joined)
    }

    // ---- events ----

    /// What has come since the last call, oldest first; each is for [`Participant::handle`].
    pub fn events(&self) -> Vec<ClientEvent> {
        self.inbox.take()
    }

    /// Whether the transcript has to be taken before `event` is handled.
    pub fn follows_transcript(event: &ClientEvent) -> bool {
        match event {
            ClientEvent::Reply(_) | ClientEvent::Members(..) | ClientEvent::Left => true,
            ClientEvent::Found(..)
            | ClientEvent::Admitted(..)
            | ClientEvent::Refused(..)
            | ClientEvent::NotSent
            | ClientEvent::Muted
            | ClientEvent::Owns(_)
            | ClientEvent::Names(_)
            | ClientEvent::Candidates(_)
            | ClientEvent::Message(_)
            | ClientEvent::NameReclaimed(_)
            | ClientEvent::NameYielded { .. }
            | ClientEvent::NameLost { .. }
            | ClientEvent::AccountDeleted(_)
            | ClientEvent::Renamed(_)
            | ClientEvent::Told(_)
            | ClientEvent::Ejected(_)
            | ClientEvent::Stop => false,
        }
    }

    /// Does what follows from something that has come, and says what the front end has to do.
    pub fn handle(&mut self, event: ClientEvent) -> Option<Event> {
        match event {
            ClientEvent::Reply(reply) => self.replied(reply),
            ClientEvent::Found(room, pass) => {
                self.request_join(&room, pass, None);
                None
            }
            ClientEvent::Admitted(membership, snapshot) => self.admitted(membership, snapshot),
            ClientEvent::Refused(room, why) => {
                self.replied(Reply::Lobby(LobbyReply::Joined(room, Err(why))))
            }
            // The reader knows; what it still has to give comes first.
            ClientEvent::Left => None,
            ClientEvent::NotSent => self.not_posted(NotPosted::NotStored),
            ClientEvent::Muted => self.not_posted(NotPosted::Muted),
            ClientEvent::Owns(room) => {
                self.owns(room);
                None
            }
            ClientEvent::Names(names) => {
                let names = names.iter().map(Name::to_string).collect();
                Some(Event::Candidates(names))
            }
            ClientEvent::Candidates(candidates) => Some(Event::Candidates(candidates)),
            ClientEvent::Members(members, more) => {
                if let Some(membership) = &self.room {
                    let room = membership.room.name.clone();
                    self.lobby
                        .describe(room, members, more, self.id, &self.inbox);
                }
                None
            }
            ClientEvent::Message(message) => Some(Event::Message(message)),
            ClientEvent::NameReclaimed(account) => {
                self.lobby.yield_name(self.id, account);
                None
            }
            ClientEvent::NameYielded { account, new } => {
                self.rename(new.clone());
                self.account_is(None);
                Some(Event::NameReclaimed { account, new })
            }
            ClientEvent::NameLost { old, new } => {
                self.rename(new.clone());
                self.account_is(None);
                Some(Event::NameLost { old, new })
            }
            ClientEvent::AccountDeleted(account) => {
                self.account_is(None);
                Some(Event::AccountDeleted(account))
            }
            ClientEvent::Renamed(new) => {
                // Under another name nobody would know whose account it is.
                let (kept, left) = match self.account.clone() {
                    Some(account) if account.clashes(&new) => (Some(account), None),
                    account => (None, account),
                };
                self.rename(new.clone());
                self.account_is(kept);
                Some(Event::RenamedByOperator(new, left))
            }
            ClientEvent::Told(tidings) => Some(Event::Told(tidings)),
            ClientEvent::Ejected(ejection) => Some(Event::Ejected(ejection)),
            ClientEvent::Stop => Some(Event::Stop),
        }
    }

    fn replied(&mut self, reply: Reply) -> Option<Event> {
        // The room had replied before it put the user out.
        if matches!(reply, Reply::Room(_)) && self.awaiting != Awaiting::Room {
            return None;
        }
        self.awaiting = Awaiting::Nothing;
        self.looking = None;
        match &reply {
            Reply::Lobby(LobbyReply::Renamed(Ok(new))) => {
                self.rename(new.clone());
                // Under another name nobody would know whose account it is.
                let account = self.account.clone();
                self.account_is(account.filter(|account| account.clashes(new)));
            }
            Reply::Lobby(LobbyReply::Ignoring(_, ignores)) => self.ignores.clone_from(ignores),
            Reply::Account(reply) => self.account_replied(reply),
            Reply::Lobby(_) | Reply::Room(_) | Reply::Fault => {}
        }
        Some(Event::Reply(reply))
    }

    fn account_replied(&mut self, reply: &AccountReply) {
        match reply {
            AccountReply::LoggedIn(name, Ok(login)) => {
                self.rename(name.clone());
                self.ignores.clone_from(&login.ignores);
                self.account_is(Some(name.clone()));
                self.take_seat(name);
            }
            // The name may have been given back to an even faster login meanwhile.
            AccountReply::Registered(name, Ok(())) if *name == self.name => {
                self.account_is(Some(name.clone()));
            }
            AccountReply::Forgotten(_, Ok(())) => self.account_is(None),
            AccountReply::Registered(..)
            | AccountReply::LoggedIn(..)
            | AccountReply::NotByKey(_)
            | AccountReply::Keys(_)
            | AccountReply::Forgotten(..) => {}
        }
    }

    fn not_posted(&mut self, why: NotPosted) -> Option<Event> {
        self.in_flight = self.in_flight.saturating_sub(1);
        Some(Event::NotPosted(why))
    }
}
