//! *Pure.* What the person behind a connection is doing: at the menu, asked a question, or in a room.
//!
//! A [`Session`] takes the lines its person types ([`Session::line`]) and the answers to the requests it
//! made ([`Session::answer`]). Each time it gives a [`Turn`]: what to show, and what to ask of the lobby or
//! the room. While an answer is awaited no further line may be handed in, except after [`Request::Say`],
//! which has no answer: the line itself comes back in the room's transcript.

mod commands;

pub use commands::{COMMANDS, Command};

use crate::name::{Name, RoomName};
use crate::request::{Answer, CreateError, JoinError, RenameError, Request};
use crate::view::{self, Question, View};

/// What follows from a line or an answer: `views` are shown in order, then the request is made.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// What to show.
    pub views: Vec<View>,
    /// What to ask.
    pub request: Option<Request>,
}

impl Turn {
    /// Show these and ask nothing.
    fn show(views: impl Into<Vec<View>>) -> Turn {
        Turn {
            views: views.into(),
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

/// Where the person is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Menu,
    Asked(Question),
    Room(RoomName),
}

/// The state of one person's session.
#[derive(Clone, Debug)]
pub struct Session {
    name: Name,
    place: Place,
    /// Tell of `\ansi` at the first join.
    ansi_tip: bool,
}

impl Default for Session {
    fn default() -> Self {
        Session {
            name: Name::anon(),
            place: Place::Menu,
            ansi_tip: true,
        }
    }
}

impl Session {
    /// The person's name.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// True in a room.
    pub fn in_room(&self) -> bool {
        matches!(self.place, Place::Room(_))
    }

    /// What is shown before the first line.
    pub fn greeting(&self) -> Turn {
        Turn::show([View::Menu])
    }

    /// What asks for the next line.
    pub fn prompt(&self) -> String {
        match self.place {
            Place::Asked(question) => question.words().to_owned(),
            Place::Menu | Place::Room(_) => view::prompt(&self.name),
        }
    }

    /// True if `line` would be said in the room, so that it need not wait for the lines said before it.
    pub fn would_say(&self, line: &str) -> bool {
        self.in_room()
            && !line.trim().is_empty()
            && matches!(commands::parse(line), Parsed::Text(_))
    }

    /// The question that is open.
    pub fn question(&self) -> Option<Question> {
        match self.place {
            Place::Asked(question) => Some(question),
            Place::Menu | Place::Room(_) => None,
        }
    }

    /// The person need not be told of `\ansi` at the first join: the terminal is drawn better already, or
    /// has said what it wants.
    pub fn no_ansi_tip(&mut self) {
        self.ansi_tip = false;
    }

    /// Takes the end-of-file key on an empty line: one step out.
    pub fn end_of_file(&mut self) -> Turn {
        match self.place {
            Place::Menu => quit(),
            Place::Asked(_) | Place::Room(_) => self.line("\\exit"),
        }
    }

    /// Takes a line of clean text.
    pub fn line(&mut self, line: &str) -> Turn {
        match (&self.place, commands::parse(line)) {
            (Place::Asked(question), Parsed::Command(command, _))
                if !command.is_for_questions() =>
            {
                self.answered(*question, line)
            }
            (_, Parsed::Command(command, argument)) => command.run(self, argument),
            (Place::Asked(question), _) => self.answered(*question, line),
            (_, Parsed::Unknown(word)) => Turn::show([View::UnknownCommand(word.to_owned())]),
            (Place::Menu, Parsed::Text(text)) => self.choice(text.trim()),
            (Place::Room(_), Parsed::Text(text)) => say(text),
        }
    }

    /// Takes what came of the last request.
    pub fn answer(&mut self, answer: Answer) -> Turn {
        match answer {
            Answer::Created(room, Ok(())) => Turn::show([View::Created(room), View::Menu]),
            Answer::Created(room, Err(why)) => {
                Turn::show([View::CreateFailed(room.to_string(), why), View::Menu])
            }
            Answer::Rooms(rooms) => Turn::show([view::listed_rooms(rooms), View::Menu]),
            Answer::Joined(room, Ok(history)) => {
                self.place = Place::Room(room.clone());
                let tip = std::mem::take(&mut self.ansi_tip);
                Turn::show([View::Joined(room, history, tip)])
            }
            Answer::Joined(room, Err(why)) => {
                Turn::show([View::JoinFailed(room.to_string(), why), View::Menu])
            }
            Answer::Renamed(result) => self.renamed(result),
            Answer::Members(names) => match &self.place {
                Place::Room(room) => Turn::show([view::listed_members(room.clone(), names)]),
                _ => Turn::default(),
            },
            Answer::Lines(look, found) => Turn::show([View::Lines(look, found)]),
            Answer::Left => {
                self.place = Place::Menu;
                Turn::show([View::Menu])
            }
        }
    }

    /// Takes the news that a line was longer than a line may be. It counts as a wrong answer to whatever
    /// was asked.
    pub fn line_too_long(&mut self) -> Turn {
        self.back_to_menu_with(View::LineTooLong)
    }

    fn choice(&mut self, choice: &str) -> Turn {
        let question = match choice {
            "1" => Question::NewRoom,
            "2" => Question::Room,
            "3" => return Turn::ask(Request::List),
            "4" => Question::Username,
            "5" => return quit(),
            _ => return Turn::show([View::BadChoice, View::Menu]),
        };
        self.place = Place::Asked(question);
        Turn::default()
    }

    fn answered(&mut self, question: Question, line: &str) -> Turn {
        let wanted = line.trim();
        match question {
            Question::NewRoom => match RoomName::parse(wanted) {
                Ok(room) => {
                    self.place = Place::Menu;
                    Turn::ask(Request::Create(room))
                }
                Err(error) => self.back_to_menu_with(View::CreateFailed(
                    wanted.to_owned(),
                    CreateError::BadName(error),
                )),
            },
            // A name that no room can have is the name of no room.
            Question::Room => match RoomName::parse(wanted) {
                Ok(room) => {
                    self.place = Place::Menu;
                    Turn::ask(Request::Join(room))
                }
                Err(_) => {
                    self.back_to_menu_with(View::JoinFailed(wanted.to_owned(), JoinError::NoRoom))
                }
            },
            Question::Username => match Name::parse(wanted) {
                // The place stays: the answer then shows the menu, as after every menu choice.
                Ok(name) => Turn::ask(Request::Rename(name)),
                Err(error) => self.renamed(Err(RenameError::BadName(error))),
            },
        }
    }

    fn renamed(&mut self, result: Result<Name, RenameError>) -> Turn {
        let view = match result {
            Ok(name) => {
                self.name = name;
                View::Renamed
            }
            Err(why) => View::RenameFailed(why),
        };
        self.back_to_menu_with(view)
    }

    /// Shows `view`; if a question was open it is closed, and the menu follows.
    fn back_to_menu_with(&mut self, view: View) -> Turn {
        if let Place::Asked(_) = self.place {
            self.place = Place::Menu;
            Turn::show([view, View::Menu])
        } else {
            Turn::show([view])
        }
    }
}

/// What a line is.
#[derive(Debug, PartialEq, Eq)]
enum Parsed<'a> {
    /// A command and the rest of its line, trimmed.
    Command(&'static Command, &'a str),
    /// It begins like a command; the word it begins with.
    Unknown(&'a str),
    /// Something to say, or an answer.
    Text(&'a str),
}

fn say(text: &str) -> Turn {
    if text.trim().is_empty() {
        return Turn::default();
    }
    let hint = (text.trim() == "exit").then_some(View::ExitHint);
    Turn {
        views: hint.into_iter().collect(),
        request: Some(Request::Say(text.to_owned())),
    }
}

fn quit() -> Turn {
    Turn {
        views: vec![View::Goodbye],
        request: Some(Request::Quit),
    }
}

#[cfg(test)]
mod tests;
