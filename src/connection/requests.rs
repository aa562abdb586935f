//! What the session asks: of the room and the lobby by way of the participant, or of this connection itself.

use super::paging::{self, Newer, Page};
use super::{Connection, price};
use crate::chat::history::{HistoryCursor, HistoryQuery};
use crate::chat::request::{LobbyRequest, LocalRequest, Request, RoomRequest};
use crate::dialog::session::{COMMANDS, Command, Completes, Turn};
use crate::dialog::view::{
    HelpView, HistoryView, MessageView, Question, SettingsView, TerminalView, View,
};
use crate::hub::participant::Candidates;
use crate::net::reason::Reason;
use crate::terminal::charset::Charset;
use crate::terminal::line::complete::{Wanted, Word};
use crate::time::{local, zone};

/// How `\\history` is used, for a time that is none.
const HISTORY_USAGE: &str = "history, \\history 50, \\history 2026-11-20 or \\history 14:30";

impl Connection {
    /// Shows the views of `turn`, makes its request, and asks for the next line if it is time to.
    pub(super) fn perform(&mut self, turn: Turn) {
        for view in turn.views {
            self.show_in_turn(view);
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
        let is_seen = self.screen.typing.is_none() && !self.is_undecided();
        if asked && is_seen && !self.secret_told {
            self.secret_told = true;
            self.show(&View::Terminal(TerminalView::SecretIsSeen));
        }
    }

    fn request(&mut self, request: Request) {
        let work = price::work(&request);
        if let Some(sharer) = &self.sharer
            && !work.is_zero()
        {
            sharer.charge(work, self.now());
        }
        match request {
            Request::Room(request) => {
                if let RoomRequest::Say(..) = request {
                    self.come_back();
                }
                self.user.ask_room(request);
            }
            Request::Lobby(request) => {
                if let LobbyRequest::Message(..) | LobbyRequest::Invite(_) = request {
                    self.come_back();
                }
                self.user.ask_lobby(request);
            }
            Request::Account(request) => {
                let settings = self.chosen.as_deref().cloned().unwrap_or_default();
                self.user.ask_account(request, settings);
            }
            Request::Local(request) => self.do_locally(request),
        }
    }

    fn do_locally(&mut self, request: LocalRequest) {
        match request {
            LocalRequest::OlderPage(lines) => {
                let before = Page::before(self.page.as_deref());
                let lines = lines.unwrap_or(self.page_lines());
                self.ask_history(HistoryQuery::Before(HistoryCursor::Id(before), lines));
            }
            LocalRequest::UntilTime(words) => {
                match local::end_of(&words, self.timestamp(), &self.screen.display.zone) {
                    Some(time) => {
                        let before = HistoryCursor::Time(time);
                        self.ask_history(HistoryQuery::Before(before, self.page_lines()));
                    }
                    None => self.show(&View::Help(HelpView::Usage(HISTORY_USAGE))),
                }
            }
            LocalRequest::Set(setting) => self.set(setting),
            LocalRequest::Tell(name) => {
                let setting = self.setting(name);
                self.show(&View::Settings(SettingsView::Is(setting)));
            }
            LocalRequest::Quit => self.end(Reason::Quit),
        }
    }

    /// Who speaks is not away any more.
    fn come_back(&mut self) {
        if self.session.come_back() {
            self.user.come_back();
            self.show(&View::Message(MessageView::Back));
        }
    }

    fn ask_history(&mut self, query: HistoryQuery) {
        self.user.ask_lobby(LobbyRequest::History(query));
    }

    fn page_lines(&self) -> usize {
        paging::page_lines(self.screen.display.rows)
    }

    /// Page Up and Page Down: as `\\history`, and back.
    pub(super) fn page(&mut self, up: bool) {
        if self.user.is_busy() || !self.session.in_room() {
            return;
        }
        let (page, lines) = (self.page.as_deref(), self.page_lines());
        match (up, Page::newer(page)) {
            (true, _) => {
                let before = HistoryCursor::Id(Page::before(page));
                self.ask_history(HistoryQuery::Before(before, lines));
            }
            (false, Newer::After(last)) => self.ask_history(HistoryQuery::After(last, lines)),
            (false, Newer::Nothing) => {
                self.show(&View::History(HistoryView::Newest));
                self.show_prompt();
            }
        }
    }

    /// Completes a word for Tab, or asks for what to complete it to.
    pub(super) fn complete(&mut self, mut word: Word) {
        let command = word.command.as_deref().and_then(Command::named);
        let completes = match (word.wanted, self.session.question()) {
            (Wanted::Command, _) => Completes::Commands,
            (Wanted::First, Some(Question::Room)) => {
                word.wanted = Wanted::Answer;
                Completes::Rooms
            }
            (_, Some(_)) => return,
            (_, None) => command.map_or(Completes::Members, Command::completes),
        };
        let candidates = match completes {
            Completes::Commands => {
                let names: Vec<&str> = COMMANDS.iter().map(Command::name).collect();
                return self.complete_with(&word, &names);
            }
            Completes::Words(words) => {
                let words = words.split('|');
                let words: Vec<&str> = words.filter(|word| is_literal(word)).collect();
                return self.complete_with(&word, &words);
            }
            Completes::Zones => {
                let zones = zone::names();
                let zones: Vec<&str> = zones.iter().map(String::as_str).collect();
                return self.complete_with(&word, &zones);
            }
            Completes::Charsets => return self.complete_with(&word, Charset::NAMES),
            Completes::Rooms => Candidates::Rooms,
            Completes::People => Candidates::Users,
            Completes::Members => Candidates::Members,
        };
        if self.lost.is_none() && self.user.ask_candidates(candidates, &word.text) {
            self.completing = Some(Box::new(word));
        }
    }

    pub(super) fn complete_with(&mut self, word: &Word, candidates: &[&str]) {
        if let Some(typing) = &mut self.screen.typing {
            let outcome = typing.editor.complete(word, candidates);
            self.take_outcome(outcome);
        }
    }
}

/// Whether a word of a usage is to be typed as it stands.
fn is_literal(word: &str) -> bool {
    word.starts_with(|letter: char| letter.is_ascii_lowercase())
}
