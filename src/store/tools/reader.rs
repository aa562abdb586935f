//! Lines of an import, each of which is checked: what somebody could have said on a server.

use std::fmt;
use std::io::{BufRead, Read};

use super::ToolError;
use super::record::{MessageRecord, Record, RoomRecord, time_ms};
use crate::chat::message::Kind;
use crate::chat::name::{Name, RoomName};
use crate::chat::room::Moderation;
use crate::chat::topic::{TooLong, Topic};
use crate::limits::{IMPORT_LINE_BYTES_MAX, LINE_BYTES_MAX, MESSAGE_ID_IMPORT_MAX};
use crate::text;

/// What a line says.
pub(in crate::store) enum Checked {
    /// There is such a room.
    Room(NewRoom),
    /// Somebody has said that.
    Line(NewLine),
}

impl Checked {
    /// Reads a line. The error says what is wrong with it.
    pub(in crate::store) fn parse(line: &[u8]) -> Result<Checked, String> {
        match serde_json::from_slice(line).map_err(|error| error.to_string())? {
            Record::Room(room) => NewRoom::check(room).map(Checked::Room),
            Record::Message(message) => NewLine::check(message).map(Checked::Line),
        }
    }
}

/// The lines of an input.
pub(in crate::store) struct Lines<'a> {
    input: &'a mut dyn BufRead,
    number: u64,
    bytes: Vec<u8>,
}

impl<'a> Lines<'a> {
    pub(in crate::store) fn new(input: &'a mut dyn BufRead) -> Lines<'a> {
        Lines {
            input,
            number: 0,
            bytes: Vec::new(),
        }
    }

    /// The next line that is not empty, with its number.
    pub(in crate::store) fn next(&mut self) -> Result<Option<(u64, &[u8])>, ToolError> {
        loop {
            self.bytes.clear();
            let most = IMPORT_LINE_BYTES_MAX as u64 + 1;
            let read = (&mut *self.input)
                .take(most)
                .read_until(b'\n', &mut self.bytes)?;
            self.number += 1;
            if read == 0 {
                return Ok(None);
            }
            if read as u64 == most {
                return Err(wrong(self.number, "it is too long"));
            }
            if !self.bytes.trim_ascii().is_empty() {
                return Ok(Some((self.number, self.bytes.trim_ascii())));
            }
        }
    }
}

/// What is wrong with which line.
pub(in crate::store) fn wrong(number: u64, what: &str) -> ToolError {
    ToolError::Input(format!("line {number}: {what}"))
}

/// A room that is imported.
pub(in crate::store) struct NewRoom {
    pub(in crate::store) name: RoomName,
    pub(in crate::store) topic: String,
    pub(in crate::store) created: i64,
    pub(in crate::store) last_id: u64,
    pub(in crate::store) moderation: Moderation,
}

impl NewRoom {
    fn check(record: RoomRecord) -> Result<NewRoom, String> {
        let topic = Topic::parse(&record.topic)
            .map_err(|TooLong| "its topic is too long".to_owned())?
            .map(String::from)
            .unwrap_or_default();
        if topic != record.topic {
            return Err("nobody could have set its topic".to_owned());
        }
        let moderation = match &record.moderation {
            Some(json) => Moderation::from_json(&json.to_string())
                .map_err(|error| format!("its moderation makes no sense: {error}"))?
                .persistent(),
            None => Moderation::default(),
        };
        Ok(NewRoom {
            name: room_name(&record.name)?,
            topic,
            created: checked_time(&record.created)?,
            last_id: checked_id(record.last_id)?,
            moderation,
        })
    }

    /// Whether what was said in this room may be read by those who may come into that one.
    pub(in crate::store) fn may_join(&self, there: &Moderation) -> Result<(), String> {
        let would = |what: &str| {
            let name = &self.name;
            format!(
                "this room {name} is {what} and the one that is there is not; import it into another file, or \
                 close the other first"
            )
        };
        if self.moderation.lock().is_some() && there.lock().is_none() {
            return Err(would("locked"));
        }
        if self.moderation.is_private() && !there.is_private() {
            return Err(would("private"));
        }
        Ok(())
    }
}

/// A message that is imported.
pub(in crate::store) struct NewLine {
    pub(in crate::store) room: RoomName,
    pub(in crate::store) id: u64,
    pub(in crate::store) time: i64,
    pub(in crate::store) name: String,
    pub(in crate::store) kind: Kind,
    pub(in crate::store) text: String,
}

impl NewLine {
    fn check(record: MessageRecord) -> Result<NewLine, String> {
        let name = Name::parse(&record.name)
            .map_err(|error| format!("{} is not a name: {error}", record.name))?;
        let kind = Kind::ALL
            .into_iter()
            .find(|kind| kind.as_str() == record.kind);
        if record.text.is_empty() || record.id == 0 {
            return Err("a message needs text, and a number of at least 1".to_owned());
        }
        if record.text.len() > LINE_BYTES_MAX {
            let bytes = record.text.len();
            return Err(format!(
                "its text has {bytes} bytes; a message has at most {LINE_BYTES_MAX}"
            ));
        }
        if text::clean(record.text.as_bytes()) != record.text || name.as_str() != record.name {
            return Err(
                "it has characters that nobody can send, such as control characters".to_owned(),
            );
        }
        Ok(NewLine {
            room: room_name(&record.room)?,
            id: checked_id(record.id)?,
            time: checked_time(&record.time)?,
            name: name.as_str().to_owned(),
            kind: kind.ok_or_else(|| format!("there is no message kind {}", record.kind))?,
            text: record.text,
        })
    }
}

fn room_name(text: &str) -> Result<RoomName, String> {
    let wrong = |why: &dyn fmt::Display| format!("{text} is not a room name: {why}");
    let name = RoomName::parse(text).map_err(|error| wrong(&error))?;
    match name.as_str() == text {
        true => Ok(name),
        false => Err(wrong(&format_args!("{name} would be one"))),
    }
}

fn checked_id(id: u64) -> Result<u64, String> {
    if id > MESSAGE_ID_IMPORT_MAX {
        return Err(format!("numbers go up to {MESSAGE_ID_IMPORT_MAX}"));
    }
    Ok(id)
}

fn checked_time(text: &str) -> Result<i64, String> {
    time_ms(text).ok_or_else(|| format!("{text} is not a time; one is 2026-01-02T03:04:05.678Z"))
}
