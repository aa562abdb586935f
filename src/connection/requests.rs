//! What the session asks of the lobby and the room, and what comes of it.

use std::sync::Arc;

use super::{Connection, Page, Place};
use crate::chat::account::AccountReply;
use crate::chat::address::Address;
use crate::chat::history::{HistoryCursor, HistoryQuery, RoomId, RoomSnapshot};
use crate::chat::ignore::IgnoreReply;
use crate::chat::message::Message;
use crate::chat::name::{Name, RoomName};
use crate::chat::password::{Hash, Password};
use crate::chat::request::{
    Info, JoinError, LobbyReply, LobbyRequest, LocalRequest, ModCommand, PutOut, Reply, Request,
    RoomReply, RoomRequest, Target,
};
use crate::chat::room::JoinRequest;
use crate::chat::settings::Bell;
use crate::dialog::session::{COMMANDS, Command, Completes, Turn};
use crate::dialog::view::{Question, View};
use crate::hub::lobby::Asker;
use crate::hub::room::{ClientEvent, Membership, RoomCommand, RoomHandle};
use crate::limits::HISTORY_PAGE_LINES;
use crate::net::reason::Reason;
use crate::terminal::draw::Mention;
use crate::terminal::line::complete::{Wanted, Word};
use crate::time::local;

/// How `\\history` is used, for whoever wrote a time that is none.
const HISTORY_USAGE: &str = "history, \\history 50, \\history 2026-11-20 or \\history 14:30";

impl Connection {
    /// Shows the views of `turn`, makes its request, and asks for the next line if it is time to.
    pub(super) fn perform(&mut self, turn: Turn) {
        for view in &turn.views {
            self.show(view);
        }
        if let Some(request) = turn.request {
            self.request(request);
        }
        self.update_secret_echo();
        self.show_prompt();
    }

    /// Keeps the answer to a secret question from being seen, or tells that it will be.
    pub(super) fn update_secret_echo(&mut self) {
        let asked = self.session.question().is_some_and(Question::is_secret);
        let secret = asked || self.screen.typing.is_some() && self.holds_secret();
        if secret != self.screen.is_secret() {
            self.screen.set_secret(secret);
        }
        if asked && self.screen.typing.is_none() && !self.secret_told {
            self.secret_told = true;
            self.show(&View::SecretIsSeen);
        }
    }

    fn request(&mut self, request: Request) {
        self.asks_room = matches!(request, Request::Room(_));
        match request {
            Request::Room(request) => self.ask_room(request),
            Request::Lobby(request) => self.ask_lobby(request),
            Request::Account(request) => {
                let asker = Asker {
                    id: self.id,
                    address: self.peer.group(),
                    inbox: Arc::clone(&self.inbox),
                };
                let settings = self.chosen.as_deref().cloned().unwrap_or_default();
                self.shared.lobby.handle(asker, request, settings);
                self.awaiting = true;
            }
            Request::Local(request) => self.do_locally(request),
        }
    }

    fn do_locally(&mut self, request: LocalRequest) {
        match request {
            LocalRequest::OlderPage(lines) => {
                let before = self.page.as_ref().map_or(u64::MAX, |page| page.first);
                self.ask_history(HistoryQuery::Before(HistoryCursor::Id(before), lines));
            }
            LocalRequest::UntilTime(words) => {
                match local::end_of(&words, self.timestamp(), &self.screen.display.zone) {
                    Some(time) => self.ask_history(HistoryQuery::Before(
                        HistoryCursor::Time(time),
                        HISTORY_PAGE_LINES,
                    )),
                    None => self.show(&View::Usage(HISTORY_USAGE)),
                }
            }
            LocalRequest::Set(setting) => self.set(setting),
            LocalRequest::Quit => self.end(Reason::Quit),
        }
    }

    fn ask_history(&mut self, query: HistoryQuery) {
        self.request(Request::Lobby(LobbyRequest::History(query)));
    }

    fn speak(&mut self) {
        if self.session.come_back() {
            self.shared.lobby.back(self.id);
            self.show(&View::Back);
        }
    }

    fn ask_room(&mut self, request: RoomRequest) {
        match request {
            RoomRequest::Say(kind, text) => {
                self.speak();
                self.in_flight += 1;
                return self.say(RoomCommand::Say {
                    member: self.id,
                    kind,
                    text: text.into_boxed_str(),
                });
            }
            RoomRequest::Members => self.tell_room(RoomCommand::Who(self.id)),
            RoomRequest::Topic => self.topic(),
            RoomRequest::Moderate(command) => self.order(command),
            RoomRequest::Lock(password) => self.lock_room(password),
            RoomRequest::Leave => self.tell_room(RoomCommand::Leave(self.id, None)),
        }
        self.awaiting = true;
    }

    fn ask_lobby(&mut self, request: LobbyRequest) {
        if let LobbyRequest::Message(..) = request {
            self.speak();
        }
        let lobby = &self.shared.lobby;
        match request {
            LobbyRequest::Create(room) => lobby.create(self.id, self.account(), room, &self.inbox),
            LobbyRequest::Join(room, None) => lobby.find(room, &self.inbox),
            LobbyRequest::Join(room, Some(password)) => {
                lobby.find_with(room, password, self.peer.group(), &self.inbox);
            }
            LobbyRequest::Rooms => lobby.list(&self.inbox),
            LobbyRequest::RoomPage(page) => lobby.list_page(page, self.inside(), &self.inbox),
            LobbyRequest::Rename(name) => lobby.take_name(self.id, name, &self.inbox),
            LobbyRequest::Users => lobby.everybody(self.room(), &self.inbox),
            LobbyRequest::Whois(name) => lobby.whois(name, self.room(), &self.inbox),
            LobbyRequest::Stats => lobby.stats(&self.inbox),
            LobbyRequest::Message(whom, text) => lobby.tell(self.id, &whom, text, &self.inbox),
            LobbyRequest::Ignore(request) => lobby.ignore(self.id, request, &self.inbox),
            LobbyRequest::Away(why) => lobby.away(self.id, why, &self.inbox),
            LobbyRequest::History(query) => self.look(query),
        }
        self.awaiting = true;
    }

    /// The room that the connection is in.
    fn room(&self) -> Option<&RoomHandle> {
        match &self.place {
            Place::Inside(seat) => Some(&seat.room),
            Place::Outside => None,
        }
    }

    fn inside(&self) -> Option<RoomId> {
        self.room().map(|room| room.id)
    }

    fn tell_room(&self, word: RoomCommand) {
        if let Place::Inside(seat) = &self.place {
            // A room that is closed puts everybody out, which answers all.
            let _ = seat.room.mailbox.put(word);
        }
    }

    fn lock_room(&self, password: Password) {
        if let Place::Inside(seat) = &self.place {
            let (room, from) = (seat.room.clone(), self.peer.group());
            let lobby = &self.shared.lobby;
            lobby.lock_room(room, self.id, password, from, &self.inbox);
        }
    }

    fn order(&self, mut order: ModCommand) {
        if let ModCommand::Ban(ban) = &mut order
            && let Target::Name(name) = &ban.target
        {
            ban.holder = self.shared.lobby.holder(name);
        }
        self.tell_room(RoomCommand::Moderate(self.id, Box::new(order)));
    }

    /// The account that the person is logged in to.
    fn account(&self) -> Option<Name> {
        self.session.account().cloned()
    }

    fn topic(&self) {
        if let Place::Inside(seat) = &self.place {
            let (name, topic) = (seat.room.name.clone(), seat.room.info.topic());
            self.inbox.reply(RoomReply::Shown(Info::Topic(name, topic)));
        }
    }

    fn look(&self, look: HistoryQuery) {
        if let Place::Inside(seat) = &self.place {
            self.shared.lobby.look(seat.room.id, look, &self.inbox);
        }
    }

    /// Page Up and Page Down: as `\\history`, and back.
    pub(super) fn page(&mut self, up: bool) {
        if self.is_busy() || !self.session.in_room() {
            return;
        }
        let before = match &self.page {
            _ if up => {
                return self.request(Request::Local(LocalRequest::OlderPage(HISTORY_PAGE_LINES)));
            }
            Some(page) => page.last.saturating_add(1 + HISTORY_PAGE_LINES as u64),
            None => return,
        };
        self.request(Request::Lobby(LobbyRequest::History(HistoryQuery::Before(
            HistoryCursor::Id(before),
            HISTORY_PAGE_LINES,
        ))));
    }

    fn say(&mut self, line: RoomCommand) {
        if let Place::Inside(seat) = &self.place {
            let unsent = {
                let bytes = line.text_bytes();
                seat.room.mailbox.put_line(line, bytes, &self.inbox).err()
            };
            self.unsent = unsent.map(Box::new);
        }
    }

    /// Takes what has come from elsewhere; false if nothing has.
    pub(super) fn take_notes(&mut self) -> bool {
        let mut busy = false;
        if let Some(line) = self.unsent.take() {
            self.say(*line);
            busy = self.unsent.is_none();
        }
        for note in self.inbox.take() {
            busy = true;
            match note {
                // What a room answers tells of a later time than what it has said before.
                // It was asked by who has been put out since.
                ClientEvent::Reply(Reply::Room(_)) if !self.asks_room => {}
                ClientEvent::Reply(answer) => {
                    self.take_batches();
                    self.answer(answer);
                }
                ClientEvent::Found(room, pass) => self.request_join(&room, pass),
                ClientEvent::Admitted(seat, scene) => self.seated(seat, scene),
                ClientEvent::Refused(room, why) => {
                    self.answer(Reply::Lobby(LobbyReply::Joined(room, Err(why))))
                }
                // The reader knows; what it still has to give comes first.
                ClientEvent::Left => {
                    self.take_batches();
                }
                ClientEvent::NotSent => {
                    self.in_flight = self.in_flight.saturating_sub(1);
                    self.show(&View::NotSent);
                    self.show_prompt();
                }
                ClientEvent::Muted => {
                    self.in_flight = self.in_flight.saturating_sub(1);
                    self.show(&View::Muted);
                    self.show_prompt();
                }
                ClientEvent::Owns(room) => self.owns(room),
                ClientEvent::Names(names) => {
                    let names: Vec<&str> = names.iter().map(Name::as_str).collect();
                    if let Some(word) = self.completing.take() {
                        self.complete_with(&word, &names);
                        self.show_prompt();
                    }
                }
                ClientEvent::Members(members, more) => {
                    self.take_batches();
                    let present = self.shared.lobby.present(members);
                    if let Some(room) = self.room().map(|room| room.name.clone()) {
                        let members = Info::Members(room, present, more);
                        self.answer(Reply::Room(RoomReply::Shown(members)));
                    }
                }
                ClientEvent::DmSent(words) => {
                    self.begin_day(words.time);
                    if self.screen.display.bell != Bell::Off {
                        self.ring();
                    }
                    let turn = self.session.told(words);
                    self.perform(turn);
                }
                ClientEvent::NameReclaimed(account) => self.name_reclaimed(account),
                ClientEvent::Stop => self.stopping = true,
            }
        }
        busy
    }

    /// A room has let the connection in. One that it is in still is left now; what that says until it has let
    /// go is shown first.
    fn seated(&mut self, seat: Membership, scene: RoomSnapshot) {
        if std::mem::take(&mut self.renamed_at_the_door) {
            // A room that is closed has nobody to call by another name.
            let _ = seat.room.mailbox.put(RoomCommand::Rename {
                member: self.id,
                name: self.session.name().clone(),
            });
            let account = RoomCommand::Account(self.id, self.account());
            let _ = seat.room.mailbox.put(account);
        }
        if self.room().is_some() {
            self.tell_room(RoomCommand::Leave(self.id, None));
            self.moving = Some(Box::new((seat, scene)));
        } else {
            self.sit_down(seat, scene);
        }
    }

    fn sit_down(&mut self, seat: Membership, mut scene: RoomSnapshot) {
        self.drop_ignored(&mut scene.history, None);
        let name = seat.room.name.clone();
        self.shared.lobby.moved(self.id, Some(&seat.room));
        let last = scene
            .history
            .last()
            .map_or(self.timestamp(), |message| message.time);
        self.place = Place::Inside(seat);
        self.page = None;
        self.answer(Reply::Lobby(LobbyReply::Joined(name, Ok(scene))));
        self.day.set(last, &self.screen.display.zone);
    }

    /// The room has let go, and all that it had said by then is shown.
    pub(super) fn left(&mut self) {
        self.place = Place::Outside;
        match self.moving.take() {
            Some(next) => self.sit_down(next.0, next.1),
            None => self.answer(Reply::Room(RoomReply::Left)),
        }
    }

    /// The room has put the client out. It answers nothing any more, and what was said and not seen is lost.
    pub(super) fn put_out(&mut self, how: &PutOut) {
        let lost = std::mem::take(&mut self.in_flight);
        self.unsent = None;
        self.page = None;
        self.place = Place::Outside;
        self.completing = None;
        if std::mem::take(&mut self.asks_room) {
            self.awaiting = false;
        }
        self.shared.lobby.moved(self.id, None);
        let turn = self.session.put_out(how.clone(), lost);
        self.perform(turn);
        // It was on its way to the next one.
        if let Some(next) = self.moving.take() {
            self.sit_down(next.0, next.1);
        }
    }

    pub(super) fn answer(&mut self, mut answer: Reply) {
        self.awaiting = false;
        self.asks_room = false;
        if let Reply::Lobby(LobbyReply::History(look, Some(found))) = &mut answer
            && !self.found(look, &mut found.lines)
        {
            self.show(&View::OnlyIgnored);
            return self.show_prompt();
        }
        let mut restored = None;
        match &mut answer {
            Reply::Lobby(LobbyReply::Renamed(Ok(new))) => self.renamed(new.clone()),
            Reply::Account(AccountReply::LoggedIn(name, Ok(settings))) => {
                self.renamed(name.clone());
                restored = Some(settings.clone());
            }
            Reply::Lobby(LobbyReply::Ignoring(answer, ignores)) => {
                self.ignores = ignores.take();
                if let IgnoreReply::Added(..) | IgnoreReply::Removed(..) = answer {
                    self.note_ignores();
                }
            }
            Reply::Lobby(LobbyReply::Shown(Info::DmSent(words, _))) => self.begin_day(words.time),
            Reply::Room(RoomReply::Left) => {
                self.page = None;
                self.completing = None;
                self.shared.lobby.moved(self.id, None);
            }
            _ => {}
        }
        let before = self.account();
        if let Reply::Account(AccountReply::Forgotten(name, Ok(()))) = &answer {
            self.shared.lobby.account_deleted(name);
        }
        let turn = self.session.reply(answer);
        self.note_account(before);
        if let Some(settings) = restored {
            self.restore(&settings);
        }
        self.perform(turn);
    }

    /// Lines of the past are there. False if nothing is left of them without those of ignored people.
    fn found(&mut self, look: &HistoryQuery, lines: &mut Vec<Arc<Message>>) -> bool {
        let asked = match look {
            HistoryQuery::Around(id) => Some(*id),
            HistoryQuery::Before(..) | HistoryQuery::For(_) => None,
        };
        if let HistoryQuery::Before(..) = look {
            self.paged(lines);
        }
        let is_found = !lines.is_empty();
        self.drop_ignored(lines, asked);
        !is_found || !lines.is_empty()
    }

    fn paged(&mut self, lines: &[Arc<Message>]) {
        if let (Some(first), Some(last)) = (lines.first(), lines.last()) {
            self.page = Some(Box::new(Page {
                first: first.id,
                last: last.id,
            }));
        }
    }

    /// The room hears of the new name before anybody else can take the old one.
    fn renamed(&mut self, new: Name) {
        let old = self.session.name();
        let rename = || RoomCommand::Rename {
            member: self.id,
            name: new.clone(),
        };
        self.tell_room(rename());
        if let Some(next) = &self.moving {
            let _ = next.0.room.mailbox.put(rename());
        }
        // A name can be taken away while a room is asked to let its bearer in.
        self.renamed_at_the_door = self.awaiting;
        self.shared.lobby.free_name(self.id, old, &new);
        self.mention = Mention::of(self.id, &new).map(Box::new);
    }

    /// The name goes to its bearer, who has logged in elsewhere.
    fn name_reclaimed(&mut self, account: Name) {
        let lobby = &self.shared.lobby;
        let Some(new) = lobby.yield_name(self.id, self.session.name(), &account) else {
            return;
        };
        self.renamed(new.clone());
        let before = self.account();
        let turn = self.session.name_reclaimed(account, new);
        self.note_account(before);
        // Nothing is said after the last words.
        if self.ending.is_none() {
            self.perform(turn);
        }
    }

    /// Tells the rooms that the person or the account owns, and the one it is in, if it is another account
    /// than `before`.
    fn note_account(&mut self, before: Option<Name>) {
        let account = self.account();
        if account == before {
            return;
        }
        let owned = account
            .as_ref()
            .map(|account| self.shared.lobby.rooms_of(account));
        for room in owned.unwrap_or_default() {
            self.owns(room);
        }
        let is_owned = |room: &&RoomHandle| self.owned.iter().any(|owned| owned.id == room.id);
        let next = self.moving.as_ref().map(|next| &next.0.room);
        let others = self.room().into_iter().chain(next);
        let others = others.filter(|room| !is_owned(room));
        for room in self.owned.iter().chain(others) {
            // Nobody is in a room that is closed.
            let _ = room
                .mailbox
                .put(RoomCommand::Account(self.id, account.clone()));
        }
    }

    /// Remembers a room to be told of the end of this connection.
    fn owns(&mut self, room: RoomHandle) {
        self.owned
            .retain(|owned| !owned.mailbox.is_closed() && owned.id != room.id);
        self.owned.push_back(room);
    }

    fn request_join(&mut self, room: &RoomHandle, pass: Option<Hash>) {
        let guest = JoinRequest {
            member: self.id,
            name: self.session.name().clone(),
            account: self.account(),
            address: self.peer.group().map(Address::from),
            pass,
        };
        let request_join = RoomCommand::Join(Box::new(guest), Arc::clone(&self.inbox));
        // It was closed after it was found.
        if room.mailbox.put(request_join).is_err() {
            let why = Err(JoinError::NoRoom);
            self.answer(Reply::Lobby(LobbyReply::Joined(room.name.clone(), why)));
        }
    }

    /// Completes a word for Tab, or asks the room for the names to do it with.
    pub(super) fn complete(&mut self, mut word: Word) {
        let command = word.command.as_deref().and_then(Command::named);
        let completes = match (word.wanted, self.session.question()) {
            (Wanted::Command, _) => Completes::Commands,
            (Wanted::First, Some(Question::Room)) => {
                word.wanted = Wanted::Reply;
                Completes::Rooms
            }
            (_, Some(_)) => return,
            (_, None) => command.map_or(Completes::Members, Command::completes),
        };
        match completes {
            Completes::Commands => {
                let names: Vec<&str> = COMMANDS.iter().map(Command::name).collect();
                self.complete_with(&word, &names);
            }
            Completes::Rooms => {
                let rooms = self.shared.lobby.rooms(self.inside());
                let names: Vec<&str> = rooms.iter().map(RoomName::as_str).collect();
                self.complete_with(&word, &names);
            }
            Completes::People => {
                let names = self.shared.lobby.names();
                let names: Vec<&str> = names.iter().map(Name::as_str).collect();
                self.complete_with(&word, &names);
            }
            // A room that is being left gives no answer.
            Completes::Members if !self.awaiting && self.room().is_some() => {
                self.completing = Some(Box::new(word));
                self.tell_room(RoomCommand::Names(self.id));
            }
            Completes::Members => {}
        }
    }

    fn complete_with(&mut self, word: &Word, candidates: &[&str]) {
        if let Some(typing) = &mut self.screen.typing {
            let outcome = typing.editor.complete(word, candidates);
            self.take_outcome(outcome);
        }
    }
}
