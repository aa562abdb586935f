//! *Pure.* What the server asks, in place of the prompt.

use std::borrow::Cow;

use crate::chat::name::{Name, RoomName};
use crate::chat::password::Password;

/// A question that the next line answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Choice 1.
    NewRoom,
    /// Choice 2.
    Room,
    /// Choice 4.
    Username,
    /// Whether to create this room, which does not exist.
    Create(RoomName),
    /// `\register`.
    NewPassword,
    /// `\register`, for the second time.
    PasswordAgain(Password),
    /// `\login`.
    Password(Name),
    /// `\forget`.
    PasswordToForget(Name),
    /// The password of a locked room, and how many tries are left.
    RoomPassword(RoomName, u8),
    /// `\lock`.
    NewRoomPassword,
    /// `\close`: the name of the room, in which so many lines were said.
    Close(RoomName, u32),
}

impl Question {
    /// The words, which are also the prompt.
    pub fn words(&self) -> Cow<'static, str> {
        match self {
            Question::NewRoom => "Enter room name you wish to create: ".into(),
            Question::Room => "Please enter room number: ".into(),
            Question::Username => "Please enter your new username: ".into(),
            Question::Create(room) => format!("There is no room {room}. Create it? [y/N] ").into(),
            Question::NewPassword => "Choose a password: ".into(),
            Question::PasswordAgain(_) => "Once more: ".into(),
            Question::Password(name) | Question::PasswordToForget(name) => {
                format!("Password of {name}: ").into()
            }
            Question::RoomPassword(room, _) => format!("Password of room {room}: ").into(),
            Question::NewRoomPassword => "New password of the room: ".into(),
            Question::Close(room, lines) => {
                let messages = match lines {
                    0 => "no messages".to_owned(),
                    1 => "1 message".to_owned(),
                    lines => format!("{lines} messages"),
                };
                format!("Room {room} has {messages}. To close it, type its name: ").into()
            }
        }
    }

    /// The answer is a secret: it is not shown where we own the echo, and it is never remembered.
    pub fn is_secret(&self) -> bool {
        match self {
            Question::NewRoom
            | Question::Room
            | Question::Username
            | Question::Create(_)
            | Question::Close(..) => false,
            Question::NewPassword
            | Question::PasswordAgain(_)
            | Question::Password(_)
            | Question::PasswordToForget(_)
            | Question::RoomPassword(..)
            | Question::NewRoomPassword => true,
        }
    }
}
