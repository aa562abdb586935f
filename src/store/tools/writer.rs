//! How an export is written, wherever it comes from.

use std::fmt;
use std::io::{self, Write};

use jiff::tz::TimeZone;

use super::record::{MessageRecord, Record, RoomRecord, time_text};
use crate::chat::message::{Kind, Message};
use crate::chat::name::RoomName;
use crate::chat::room::Moderation;
use crate::chat::topic::Topic;
use crate::limits::CHECK_FAULTS_MAX;
use crate::time::Timestamp;

/// How an export is written.
#[derive(Clone, Debug)]
pub enum Format {
    /// A line a message: date, time in this zone, room, name, text.
    Text(TimeZone),
    /// A line of JSON a room and a message, which can be imported.
    JsonLines,
}

/// What is exported: by default everything.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// One room only.
    pub room: Option<RoomName>,
    /// Only what was accepted at this time or later.
    pub since: Option<Timestamp>,
    /// Only what was accepted before this time.
    pub until: Option<Timestamp>,
}

impl Selection {
    /// Whether it has what was accepted at this time. The clock may have been put back in between, so each message's own
    /// time decides.
    pub(in crate::store) fn has(&self, time: Timestamp) -> bool {
        self.since.is_none_or(|since| time >= since) && self.until.is_none_or(|until| time < until)
    }
}

/// An export that is being written.
pub(in crate::store) struct Writer<'a> {
    pub(in crate::store) selection: &'a Selection,
    format: &'a Format,
    out: &'a mut dyn Write,
    left_out: Vec<String>,
}

impl<'a> Writer<'a> {
    pub(in crate::store) fn new(
        selection: &'a Selection,
        format: &'a Format,
        out: &'a mut dyn Write,
    ) -> Writer<'a> {
        Writer {
            selection,
            format,
            out,
            left_out: Vec::new(),
        }
    }

    /// Says what was left out.
    pub(in crate::store) fn leave_out(&mut self, what: &dyn fmt::Display) {
        if self.left_out.len() < CHECK_FAULTS_MAX {
            self.left_out.push(format!("{what} cannot be read"));
        }
    }

    /// Whether this room is wanted.
    pub(in crate::store) fn wants(&self, room: &RoomName) -> bool {
        let key = self.selection.room.as_ref().map(RoomName::key);
        key.is_none_or(|key| key == room.key())
    }

    /// Begins a room. Its messages follow.
    pub(in crate::store) fn room(&mut self, room: &ExportedRoom) -> io::Result<()> {
        match self.format {
            Format::JsonLines => self.write_json(&Record::Room(room.record.clone())),
            Format::Text(_) => Ok(()),
        }
    }

    pub(in crate::store) fn message(
        &mut self,
        room: &ExportedRoom,
        line: &Message,
    ) -> io::Result<()> {
        let time = time_text(line.time.0).filter(|_| !line.text.is_empty());
        let Some(time) = time else {
            self.leave_out(&format_args!("message {} of room {}", line.id, room.name));
            return Ok(());
        };
        match self.format {
            Format::JsonLines => self.write_json(&Record::Message(MessageRecord {
                room: room.record.name.clone(),
                id: line.id,
                time,
                name: line.name.to_string(),
                kind: line.kind.as_str().to_owned(),
                text: line.text.to_string(),
            })),
            Format::Text(zone) => {
                let time = jiff::Timestamp::from_millisecond(line.time.0).unwrap_or_default();
                let time = time.to_zoned(zone.clone());
                let time = time.strftime("%Y-%m-%d %H:%M:%S");
                let (room, name, text) = (&room.name, &line.name, &line.text);
                match line.kind {
                    Kind::Message => writeln!(self.out, "{time} {room} {name}: {text}"),
                    Kind::Action => writeln!(self.out, "{time} {room} * {name} {text}"),
                }
            }
        }
    }

    fn write_json(&mut self, record: &Record) -> io::Result<()> {
        // The only errors are those of `out`.
        serde_json::to_writer(&mut self.out, record)?;
        self.out.write_all(b"\n")
    }

    /// Ends it, and gives what was left out.
    pub(in crate::store) fn finish(self) -> io::Result<Vec<String>> {
        self.out.flush()?;
        Ok(self.left_out)
    }
}

/// A room that is exported.
pub(in crate::store) struct ExportedRoom {
    pub(in crate::store) name: RoomName,
    record: RoomRecord,
}

impl ExportedRoom {
    /// `None` for one that nobody can write down.
    pub(in crate::store) fn new(
        name: RoomName,
        topic: Option<Topic>,
        created: Timestamp,
        last_id: u64,
        moderation: &Moderation,
    ) -> Option<ExportedRoom> {
        let is_plain = *moderation == Moderation::default();
        Some(ExportedRoom {
            record: RoomRecord {
                name: name.to_string(),
                topic: topic.map(String::from).unwrap_or_default(),
                created: time_text(created.0)?,
                last_id,
                moderation: match is_plain {
                    true => None,
                    false => Some(serde_json::from_str(&moderation.to_json()).ok()?),
                },
            },
            name,
        })
    }
}
