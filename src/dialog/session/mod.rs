//! *Pure.* What the user behind a connection is doing: at the menu, asked a question, or in a room.
//!
//! A [`Session`] takes the lines that its user types ([`Session::line`]) and the replies to its requests
//! ([`Session::reply`]). Each time it gives a [`Turn`]: what to show, and what to ask of the lobby or the room.
//! While a reply is awaited no further line may be handed in, except after [`RoomRequest::Say`], which has no
//! reply: the line itself comes back in the room's transcript.

mod account;
mod commands;

pub use account::{AccountPolicy, Policy};
pub use commands::{COMMANDS, Command, Completes};

use std::sync::Arc;

use account::AccountState;

use crate::chat::history::{Found, HistoryQuery};
use crate::chat::message::Kind;
use crate::chat::name::{Name, RoomName};
use crate::chat::password::Password;
use crate::chat::people::{DirectMessage, Recipient};
use crate::chat::request::{
    CreateError, JoinError, LobbyReply, LobbyRequest, LocalRequest, PutOut, RenameError, Reply,
    Request, RoomReply, RoomRequest,
};
use crate::dialog::view::{
    self, EndView, GeneralView, HelpView, HistoryView, MessageView, ModerationView, Question,
    RoomView, View,
};
use crate::limits::{LINE_BYTES_MAX, PASSWORD_TRIES};

/// What follows from a line or a reply: `views` are shown in order, then the request is made.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// What to show.
    pub views: Vec<View>,
    /// What to ask.
    pub request: Option<Request>,
}

impl Turn {
    /// Show these and ask nothing.
    fn show(views: impl IntoIterator<Item: Into<View>>) -> Turn {
        Turn {
            views: views.into_iter().map(Into::into).collect(),
            request: None,
        }
    }

    /// Ask this and show nothing yet.
    fn ask(request: Request) -> Turn {
        Turn {
            views: Vec::new(),
            request: Some(request),
        }
    }
}

/// Where the user is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Menu,
    Room(RoomName),
}

/// The state of one user's session.
#[derive(Clone, Debug)]
pub struct Session {
    name: Name,
    place: Place,
    /// The question that is open.
    asked: Option<Question>,
    /// What was typed at the menu may have been meant as the name of a room, and the lobby was asked.
    guessed: bool,
    /// Hint at `\ansi` at the first join.
    ansi_tip: bool,
    /// Lines that were typed, up to two.
    lines: u8,
    /// What kind of client this is, is being asked: advice would be a guess.
    is_unknown: bool,
    /// Away until the user speaks.
    away: bool,
    /// What few users have, so that the others cost little.
    extras: Option<Box<Extras>>,
    account_state: AccountState,
}

/// Whom and what a user answers.
#[derive(Clone, Debug, Default)]
struct Extras {
    /// The sender of the last direct message, for `\reply`.
    last_dm_from: Option<Recipient>,
    /// What is to be said to a line that is being looked for, for `\re`.
    answer: Option<Box<str>>,
}

impl Default for Session {
    fn default() -> Self {
        Session {
            name: Name::anon(),
            place: Place::Menu,
            asked: None,
            guessed: false,
            ansi_tip: true,
            lines: 0,
            is_unknown: false,
            away: false,
            extras: None,
            account_state: AccountState::default(),
        }
    }
}

impl Session {
    /// The user's name.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// True in a room.
    pub fn in_room(&self) -> bool {
        matches!(self.place, Place::Room(_))
    }

    /// What is shown before the first line: the operator's message, if there is one, and the menu. A key that has come with
    /// the connection may log the user in.
    pub fn greeting(&mut self, motd: Option<Arc<str>>, has_key: bool) -> Turn {
        let motd = motd.map(|rows| GeneralView::Motd(rows).into());
        Turn {
            views: motd.into_iter().chain([View::Menu]).collect(),
            request: has_key.then(|| self.log_in_by_key()).flatten(),
        }
    }

    /// The prompt, or the question that is open.
    pub fn prompt(&self) -> String {
        match &self.asked {
            Some(question) => question.words().into_owned(),
            None => view::prompt(&self.name),
        }
    }

    /// True if the line would be sent to the room as a message; it need not wait for the messages before it.
    pub fn would_say(&self, typed: &Typed<'_>) -> bool {
        self.in_room()
            && self.asked.is_none()
            && !typed.line.trim().is_empty()
            && matches!(typed.parsed, Parsed::Text(_))
    }

    /// True if `line` is a command that leads to a question for a secret.
    pub fn asks_for_secret(&self, line: &str) -> bool {
        matches!(commands::parse(line), Parsed::Command(command, _) if command.asks_for_secret())
    }

    /// The question that is open.
    pub fn question(&self) -> Option<&Question> {
        self.asked.as_ref()
    }

    /// Whether it is being asked what kind of client this is.
    pub fn set_unknown(&mut self, is_unknown: bool) {
        self.is_unknown = is_unknown;
    }

    /// The first join need not hint at `\ansi`: the terminal already does better, or the user has chosen.
    pub fn no_ansi_tip(&mut self) {
        self.ansi_tip = false;
    }

    /// Takes the end-of-file key on an empty line: leaves the question, else the room, else the server.
    pub fn end_of_file(&mut self) -> Turn {
        match (&self.asked, &self.place) {
            (None, Place::Menu) => quit(),
            _ => self.line("\\exit"),
        }
    }

    /// Takes a line of clean text.
    pub fn line(&mut self, line: &str) -> Turn {
        self.typed(Typed::new(line))
    }

    /// Takes a line of clean text that was parsed already.
    pub fn typed(&mut self, typed: Typed<'_>) -> Turn {
        self.lines = (self.lines + 1).min(2);
        let is_for_questions =
            matches!(typed.parsed, Parsed::Command(command, _) if command.is_for_questions());
        if let Some(question) = self.asked.clone()
            && !is_for_questions
        {
            return self.answered(question, typed.line);
        }
        match (typed.parsed, &self.place) {
            (Parsed::Command(command, argument), _) => command.run(self, argument),
            (Parsed::Text(text), Place::Menu) => self.choice(text.trim()),
            (Parsed::Text(text), Place::Room(_)) => self.say(Kind::Message, text),
            (Parsed::Unknown(word), _) => {
                let near = commands::nearest(word);
                Turn::show([HelpView::UnknownCommand(word.to_owned(), near)])
            }
        }
    }

    /// Takes the reply to the last request.
    pub fn reply(&mut self, reply: Reply) -> Turn {
        match reply {
            Reply::Room(reply) => self.room_reply(reply),
            Reply::Lobby(reply) => self.lobby_reply(reply),
            Reply::Account(reply) => self.account_reply(reply),
            Reply::Fault => {
                self.asked = None;
                self.take_answer();
                self.menu_after(vec![MessageView::Fault.into()])
            }
        }
    }

    fn room_reply(&mut self, reply: RoomReply) -> Turn {
        match reply {
            RoomReply::Done => Turn::default(),
            RoomReply::MayClose(lines) => {
                if let Place::Room(room) = &self.place {
                    let lines = u32::try_from(lines).unwrap_or(u32::MAX);
                    self.asked = Some(Question::Close(room.clone(), lines));
                }
                Turn::default()
            }
            RoomReply::Shown(info) if self.in_room() => Turn::show([info]),
            // The room replied before it put the user out; that is of no use now.
            RoomReply::Shown(_) => Turn::default(),
            RoomReply::Left => {
                self.place = Place::Menu;
                Turn::show([View::Menu])
            }
        }
    }

    fn lobby_reply(&mut self, reply: LobbyReply) -> Turn {
        match reply {
            LobbyReply::Created(room, result) => self.created(room, result),
            LobbyReply::Reopened(_, Ok(room)) => Turn::show([RoomView::Reopened(room)]),
            LobbyReply::Reopened(room, Err(why)) => {
                Turn::show([RoomView::ReopenFailed(room.to_string(), why)])
            }
            LobbyReply::Rooms(rooms, more) => {
                Turn::show([RoomView::List(rooms, more).into(), View::Menu])
            }
            LobbyReply::Joined(room, Ok(snapshot)) => {
                self.asked = None;
                self.guessed = false;
                self.place = Place::Room(room.clone());
                // Nobody types a second line before the client has answered; a script does.
                let is_guess = self.is_unknown && self.lines <= 1;
                let tip = !is_guess && std::mem::take(&mut self.ansi_tip);
                Turn::show([RoomView::Joined(room, snapshot, tip)])
            }
            LobbyReply::Joined(room, Err(why)) => self.not_joined(room, why),
            LobbyReply::Renamed(result) => self.renamed(result),
            LobbyReply::Away => {
                self.away = true;
                Turn::show([MessageView::Away])
            }
            LobbyReply::Ignoring(reply, _) => Turn::show([reply]),
            LobbyReply::History(query, found) => self.found(query, found),
            LobbyReply::Shown(info) => Turn::show([info]),
        }
    }

    fn take_answer(&mut self) -> Option<Box<str>> {
        self.extras.as_mut()?.answer.take()
    }

    /// Lines of the past are there, to be shown or to be answered.
    fn found(&mut self, query: HistoryQuery, found: Option<Found>) -> Turn {
        let answer = match query {
            HistoryQuery::Around(id) => self.take_answer().map(|answer| (id, answer)),
            HistoryQuery::Before(..) | HistoryQuery::After(..) | HistoryQuery::For(_) => None,
        };
        let Some((id, answer)) = answer else {
            return Turn::show([HistoryView::Lines(query, found)]);
        };
        let Some(found) = found else {
            return Turn::show([HistoryView::Lines(query, None)]);
        };
        let Some(line) = found.lines.iter().find(|line| line.id == id) else {
            return Turn::show([HistoryView::NothingToAnswer(id)]);
        };
        let text = view::answer(line, &answer);
        match text.len() <= LINE_BYTES_MAX {
            true => self.say(Kind::Message, &text),
            false => Turn::show([MessageView::LineTooLong]),
        }
    }

    /// Takes a direct message to this user.
    pub fn dm_received(&mut self, message: DirectMessage) -> Turn {
        let sender = Recipient::Id(message.whom, message.name.clone());
        let extras = self.extras.get_or_insert_default();
        let is_first = extras.last_dm_from.replace(sender).is_none();
        Turn::show([MessageView::DmReceived(message, is_first)])
    }

    /// The user is put out of the room; `lost` of the user's lines were not sent.
    pub fn put_out(&mut self, how: PutOut, lost: usize) -> Turn {
        let Place::Room(room) = std::mem::replace(&mut self.place, Place::Menu) else {
            return Turn::default();
        };
        self.asked = None;
        Turn::show([ModerationView::PutOut(room, how, lost).into(), View::Menu])
    }

    /// Locks the room with a password, if the password is valid.
    fn lock(&mut self, password: &str) -> Turn {
        self.asked = None;
        if self.is_overheard() {
            return Turn::show([ModerationView::Overheard]);
        }
        match Password::parse(password) {
            Ok(password) => Turn::ask(Request::Room(RoomRequest::Lock(password))),
            Err(_) => Turn::show([ModerationView::BadPassword]),
        }
    }

    /// The user speaks. True if the user was away until now.
    pub fn come_back(&mut self) -> bool {
        std::mem::take(&mut self.away)
    }

    /// A line was longer than a line may be. It counts as a wrong answer to the question that is open.
    pub fn line_too_long(&mut self) -> Turn {
        self.back_with(vec![MessageView::LineTooLong.into()])
    }

    fn say(&mut self, kind: Kind, text: &str) -> Turn {
        if text.trim().is_empty() {
            return Turn::default();
        }
        let mut views = Vec::new();
        if kind == Kind::Message && text.trim() == "exit" {
            views.push(MessageView::ExitHint.into());
        }
        Turn {
            views,
            request: Some(Request::Room(RoomRequest::Say(kind, text.to_owned()))),
        }
    }

    fn choice(&mut self, choice: &str) -> Turn {
        let question = match choice {
            "1" => Question::NewRoom,
            "2" => Question::Room,
            "3" => return Turn::ask(Request::Lobby(LobbyRequest::Rooms)),
            "4" => Question::Username,
            "5" => return quit(),
            _ => return self.unlisted_choice(choice),
        };
        self.asked = Some(question);
        Turn::default()
    }

    /// What is no choice of the menu may still be meant: a call for help, or a room.
    fn unlisted_choice(&mut self, choice: &str) -> Turn {
        if ["help", "h", "?"].contains(&choice.to_lowercase().as_str()) {
            return commands::list_commands(self);
        }
        match RoomName::parse(choice) {
            Ok(room) if room.as_str() == choice => {
                self.guessed = true;
                Turn::ask(Request::Lobby(LobbyRequest::Join(room, None)))
            }
            _ => Turn::show([GeneralView::BadChoice.into(), View::Menu]),
        }
    }

    fn answered(&mut self, question: Question, line: &str) -> Turn {
        let wanted = line.trim();
        match question {
            Question::NewRoom => match RoomName::choose(wanted) {
                Ok(room) => {
                    self.asked = None;
                    Turn::ask(Request::Lobby(LobbyRequest::Create(room)))
                }
                Err(error) => {
                    let why = CreateError::BadName(error);
                    self.back_with(vec![RoomView::CreateFailed(wanted.to_owned(), why).into()])
                }
            },
            // An invalid name is the name of no room.
            Question::Room => match RoomName::parse(wanted) {
                // The question stays: it shows that the request comes from the menu.
                Ok(room) => Turn::ask(Request::Lobby(LobbyRequest::Join(room, None))),
                Err(_) => {
                    let why = JoinError::NoRoom;
                    self.back_with(vec![RoomView::JoinFailed(wanted.to_owned(), why).into()])
                }
            },
            // The question stays: it knows how many tries are left if the password is wrong.
            Question::RoomPassword(room, _) => match Password::parse(wanted) {
                Ok(password) => Turn::ask(Request::Lobby(LobbyRequest::Join(room, Some(password)))),
                // No room can have this password.
                Err(_) => self.not_joined(room, JoinError::WrongPassword),
            },
            Question::NewRoomPassword => self.lock(wanted),
            Question::Username => match Name::choose(wanted) {
                // The question stays: the reply then shows the menu, as after every menu choice.
                Ok(name) => Turn::ask(Request::Lobby(LobbyRequest::Rename(name))),
                Err(error) => self.renamed(Err(RenameError::BadName(error))),
            },
            Question::Create(room) => match wanted.to_lowercase().as_str() {
                // The question stays: it shows that the room is to be joined.
                "y" | "yes" => Turn::ask(Request::Lobby(LobbyRequest::Create(room))),
                _ => self.back_with(vec![RoomView::NotCreated.into()]),
            },
            Question::Close(room, _) => {
                self.asked = None;
                let is_it = RoomName::parse(wanted).is_ok_and(|named| named.key() == room.key());
                match is_it {
                    true => commands::close_room(),
                    false => Turn::show([ModerationView::NotClosed(room)]),
                }
            }
            Question::NewPassword => self.chose_password(line),
            Question::PasswordAgain(first) => self.repeated_password(first, line),
            Question::Password(name) => self.gave_password(name, line),
            Question::PasswordToForget(name) => self.gave_password_to_forget(name, line),
        }
    }

    fn created(&mut self, room: RoomName, result: Result<(), CreateError>) -> Turn {
        let wants_in = matches!(self.asked.take(), Some(Question::Create(_)));
        let views = match result {
            Ok(()) => vec![RoomView::Created(room.clone()).into()],
            // Somebody else was faster.
            Err(CreateError::Exists) if wants_in => Vec::new(),
            Err(why) => {
                let failed = RoomView::CreateFailed(room.to_string(), why);
                return self.menu_after(vec![failed.into()]);
            }
        };
        match wants_in {
            true => Turn {
                views,
                request: Some(Request::Lobby(LobbyRequest::Join(room, None))),
            },
            false => self.menu_after(views),
        }
    }

    fn not_joined(&mut self, room: RoomName, why: JoinError) -> Turn {
        let was_guessed = std::mem::take(&mut self.guessed);
        match (self.asked.take(), why) {
            (_, JoinError::NoRoom) if was_guessed => {
                Turn::show([GeneralView::BadChoice.into(), View::Menu])
            }
            (_, why) if was_guessed && why != JoinError::Locked => {
                self.menu_after(vec![RoomView::JoinFailed(room.to_string(), why).into()])
            }
            (asked, JoinError::Locked) if self.is_overheard() => {
                let failed = RoomView::JoinFailed(room.to_string(), JoinError::Overheard).into();
                match asked {
                    Some(_) => self.menu_after(vec![failed]),
                    None => Turn::show([failed]),
                }
            }
            (_, JoinError::Locked) => {
                self.asked = Some(Question::RoomPassword(room, PASSWORD_TRIES));
                Turn::default()
            }
            (Some(Question::RoomPassword(_, tries)), JoinError::WrongPassword) if tries > 1 => {
                self.asked = Some(Question::RoomPassword(room, tries - 1));
                Turn::show([ModerationView::WrongPassword(tries - 1)])
            }
            (None, JoinError::NoRoom) => match RoomName::choose(room.as_str()) {
                Ok(room) => {
                    self.asked = Some(Question::Create(room));
                    Turn::default()
                }
                Err(error) => {
                    let why = JoinError::BadName(error);
                    Turn::show([RoomView::JoinFailed(room.to_string(), why)])
                }
            },
            (None, why) => Turn::show([RoomView::JoinFailed(room.to_string(), why)]),
            (Some(_), why) => {
                self.menu_after(vec![RoomView::JoinFailed(room.to_string(), why).into()])
            }
        }
    }

    fn renamed(&mut self, result: Result<Name, RenameError>) -> Turn {
        let views = match result {
            Ok(name) => {
                let logged_out = self.log_out_if_renamed(&name).map(View::from);
                self.name = name;
                let renamed = GeneralView::Renamed.into();
                [renamed].into_iter().chain(logged_out).collect()
            }
            Err(why) => {
                self.note_refused_name(&why);
                vec![GeneralView::RenameFailed(why).into()]
            }
        };
        self.back_with(views)
    }

    /// Shows `views`. If a question was open it is closed, and at the menu the menu follows.
    fn back_with(&mut self, mut views: Vec<View>) -> Turn {
        if self.asked.take().is_some() && self.place == Place::Menu {
            views.push(View::Menu);
        }
        Turn::show(views)
    }

    /// Shows `views`, and then the menu if the user is there.
    fn menu_after(&mut self, mut views: Vec<View>) -> Turn {
        if self.place == Place::Menu {
            views.push(View::Menu);
        }
        Turn::show(views)
    }
}

/// A line of clean text, parsed.
#[derive(Debug, PartialEq, Eq)]
pub struct Typed<'a> {
    line: &'a str,
    parsed: Parsed<'a>,
}

impl<'a> Typed<'a> {
    /// Parses a line.
    pub fn new(line: &'a str) -> Typed<'a> {
        Typed {
            line,
            parsed: commands::parse(line),
        }
    }
}

/// What a line is.
#[derive(Debug, PartialEq, Eq)]
enum Parsed<'a> {
    /// A command and the rest of its line, trimmed.
    Command(&'static Command, &'a str),
    /// It begins like a command but is none; its first word.
    Unknown(&'a str),
    /// A message, or the answer to a question.
    Text(&'a str),
}

fn quit() -> Turn {
    Turn {
        views: vec![EndView::Goodbye.into()],
        request: Some(Request::Local(LocalRequest::Quit)),
    }
}

#[cfg(test)]
mod tests;
