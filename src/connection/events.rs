//! What has come from elsewhere: replies, direct messages, the end of a stay in a room, the server's stop.

use std::sync::Arc;

use super::Connection;
use super::paging::Page;
use crate::chat::account::AccountReply;
use crate::chat::admin::Tidings;
use crate::chat::history::HistoryQuery;
use crate::chat::ignore::IgnoreReply;
use crate::chat::message::Message;
use crate::chat::name::Name;
use crate::chat::people::DirectMessage;
use crate::chat::request::{Info, LobbyReply, Reply, Request, RoomReply, RoomRequest};
use crate::chat::settings::Bell;
use crate::dialog::view::{AdminView, HistoryView, MessageView, View};
use crate::hub::participant::{Departure, Event, NotPosted, Participant};
use crate::terminal::draw::Mention;

impl Connection {
    /// Takes what has come from elsewhere; false if nothing has.
    pub(super) fn take_events(&mut self) -> bool {
        let mut busy = self.user.retry();
        // What others send waits as long as what the client itself asks for.
        if !self.has_space() && !self.is_ejected() {
            return busy;
        }
        for event in self.user.events() {
            busy = true;
            if Participant::follows_transcript(&event) {
                self.take_batches();
            }
            if let Some(event) = self.user.handle(event) {
                self.take_event(event);
            }
        }
        busy
    }

    fn take_event(&mut self, event: Event) {
        match event {
            // Nothing is said after the last words.
            Event::Reply(_)
            | Event::NotPosted(_)
            | Event::Candidates(_)
            | Event::Message(_)
            | Event::Told(_)
                if self.ending.is_some() => {}
            Event::Reply(reply) => self.reply(reply),
            Event::NotPosted(why) => {
                self.is_composed = false;
                self.show(match why {
                    NotPosted::NotStored => &View::Message(MessageView::NotSent),
                    NotPosted::Muted => &View::Message(MessageView::Muted),
                });
                self.show_prompt();
            }
            Event::Candidates(candidates) => {
                let candidates: Vec<&str> = candidates.iter().map(String::as_str).collect();
                if let Some(word) = self.completing.take() {
                    self.complete_with(&word, &candidates);
                    self.show_prompt();
                }
            }
            Event::Message(message) => self.take_message(message),
            Event::NameReclaimed { account, new } => {
                self.mention = Mention::of(self.user.id(), &new).map(Box::new);
                let turn = self.session.name_reclaimed(account, new);
                if self.ending.is_none() {
                    self.perform(turn);
                }
            }
            Event::NameLost { old, new } => {
                self.mention = Mention::of(self.user.id(), &new).map(Box::new);
                let turn = self.session.name_lost(old, new);
                if self.ending.is_none() {
                    self.perform(turn);
                }
            }
            Event::AccountDeleted(account) => {
                let turn = self.session.account_deleted(account);
                if self.ending.is_none() {
                    self.perform(turn);
                }
            }
            Event::RenamedByOperator(new, left) => {
                self.named(&new);
                let turn = self.session.renamed_by_operator(new, left);
                if self.ending.is_none() {
                    self.perform(turn);
                }
            }
            Event::Told(tidings) => self.take_tidings(&tidings),
            Event::Ejected(ejection) => self.eject(*ejection),
            Event::Stop => self.stopping = true,
        }
    }

    /// Operators tell something, or are told.
    fn take_tidings(&mut self, tidings: &Tidings) {
        // What the room has said before comes before.
        self.take_batches();
        if self.screen.display.bell != Bell::Off {
            self.ring();
        }
        self.show(&View::Admin(AdminView::from(tidings)));
        self.show_prompt();
    }

    fn take_message(&mut self, message: DirectMessage) {
        // What the room has said before comes before.
        self.take_batches();
        self.begin_day(message.time);
        if self.screen.display.bell != Bell::Off {
            self.ring();
        }
        let turn = self.session.dm_received(message);
        self.perform(turn);
    }

    /// The stay in a room has ended.
    pub(super) fn departed(&mut self, departure: Departure) {
        self.page = None;
        self.completing = None;
        if self.ending.is_some() {
            return;
        }
        match departure {
            Departure::Left(reply) => self.reply(reply),
            Departure::PutOut(how, lost, joined) => {
                let turn = self.session.put_out((*how).clone(), lost);
                self.perform(turn);
                // The user was on the way to the next one.
                if let Some(reply) = joined {
                    self.reply(reply);
                }
            }
        }
    }

    fn reply(&mut self, mut reply: Reply) {
        if !self.prepare(&mut reply) {
            self.show(&View::History(HistoryView::OnlyIgnored));
            return self.show_prompt();
        }
        let login = match &reply {
            Reply::Account(AccountReply::LoggedIn(_, Ok(login))) => Some(login.clone()),
            _ => None,
        };
        let joined_at = match &reply {
            Reply::Lobby(LobbyReply::Joined(_, Ok(snapshot))) => {
                let last = snapshot.history.last();
                Some(last.map_or(self.timestamp(), |message| message.time))
            }
            _ => None,
        };
        self.session.set_unknown(self.is_undecided());
        let turn = self.session.reply(reply);
        self.is_composed |= matches!(turn.request, Some(Request::Room(RoomRequest::Say(..))));
        if let Some(login) = login {
            self.restore(&login.settings);
        }
        self.perform(turn);
        if let Some(time) = joined_at {
            self.day.set(time, &self.screen.display.zone);
        }
    }

    /// Does what a reply means for the drawing. False if nothing is left of it without ignored users.
    fn prepare(&mut self, reply: &mut Reply) -> bool {
        match reply {
            Reply::Lobby(LobbyReply::Shown(Info::Stats(stats))) => {
                stats.certificate = self.shared.certificates.fingerprint();
            }
            Reply::Lobby(LobbyReply::History(query, Some(found))) => {
                return self.found(query, &mut found.lines);
            }
            Reply::Lobby(LobbyReply::Joined(_, Ok(snapshot))) => {
                let page = Page::at_join(&snapshot.history, self.screen.display.rows);
                self.page = page.map(Box::new);
                self.drop_ignored(&mut snapshot.history, None);
            }
            Reply::Lobby(LobbyReply::Renamed(Ok(new))) => self.named(new),
            Reply::Account(AccountReply::LoggedIn(name, Ok(_))) => self.named(name),
            Reply::Lobby(LobbyReply::Ignoring(
                IgnoreReply::Added(..) | IgnoreReply::Removed(..),
                _,
            )) => self.note_ignores(),
            Reply::Lobby(LobbyReply::Shown(Info::DmSent(message, _))) => {
                let time = message.time;
                self.begin_day(time);
            }
            Reply::Room(RoomReply::Left) => {
                self.page = None;
                self.completing = None;
            }
            Reply::Room(_) | Reply::Lobby(_) | Reply::Account(_) | Reply::Fault => {}
        }
        true
    }

    fn named(&mut self, name: &Name) {
        self.mention = Mention::of(self.user.id(), name).map(Box::new);
    }

    /// Messages of the past are there. False if nothing is left of them without those of ignored users.
    fn found(&mut self, query: &HistoryQuery, lines: &mut Vec<Arc<Message>>) -> bool {
        let asked = match query {
            HistoryQuery::Around(id) => Some(*id),
            HistoryQuery::Before(..) | HistoryQuery::After(..) | HistoryQuery::For(_) => None,
        };
        if let HistoryQuery::Before(..) | HistoryQuery::After(..) = query
            && let Some(page) = Page::of(lines)
        {
            self.page = Some(Box::new(page));
        }
        let is_found = !lines.is_empty();
        self.drop_ignored(lines, asked);
        !is_found || !lines.is_empty()
    }
}
