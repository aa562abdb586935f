//! *Pure.* Who is connected.

use std::sync::Arc;

use crate::inbox::{Inbox, Note};
use crate::limits::NOTES_MAX;
use crate::name::{Name, RoomName};
use crate::request::{Private, TellError};

/// Somebody who is connected.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) inbox: Arc<Inbox>,
    pub(super) name: Name,
    /// Where the person is; `None`: at the menu.
    pub(super) room: Option<RoomName>,
    /// Away, and why.
    pub(super) away: Option<Box<str>>,
}

impl Person {
    /// Somebody who has just connected.
    pub(super) fn new(inbox: Arc<Inbox>) -> Person {
        Person {
            inbox,
            name: Name::anon(),
            room: None,
            away: None,
        }
    }

    /// Hands over private words. Returns why the person is away, if so.
    pub(super) fn tell(&self, words: Private) -> Result<Option<Box<str>>, TellError> {
        match self.inbox.put_up_to(Note::Told(words), NOTES_MAX) {
            true => Ok(self.away.clone()),
            false => Err(TellError::Full),
        }
    }
}
