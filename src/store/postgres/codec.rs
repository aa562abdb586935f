//! *Pure.* Entries as rows: a line has columns of its own, everything else a number for its kind and a body in JSON.

use std::sync::Arc;

use tokio_postgres::Row;

use crate::chat::history::RoomId;
use crate::chat::message::{Kind, MemberId, Message};
use crate::chat::name::Name;
use crate::chat::room::{Entry, Kept, Numbered};
use crate::store::cluster::engine::{Part, PartOutcome};
use crate::text;
use crate::time::Timestamp;

/// The kind of a line.
const LINE: i16 = 0;

/// The number of an entry's kind, which MUST NOT change; `None` of what is read and never written.
fn kind_of(entry: &Entry) -> Option<i16> {
    Some(match entry {
        Entry::Said(_) => LINE,
        Entry::Came(_) => 1,
        Entry::Reseated(_) => 2,
        Entry::Went { .. } => 3,
        Entry::Renamed(_) => 4,
        Entry::Topic(_) => 5,
        Entry::Ruled(_) => 6,
        Entry::Unknown { .. } => return None,
    })
}

/// What the row of an entry that is no line has of it: its kind, its version, whether it changes rights, and its body.
pub(super) fn entry_row(entry: &Entry) -> (i16, i16, bool, String) {
    let kind = kind_of(entry).unwrap_or_default();
    // Every field has a form in JSON.
    let body = serde_json::to_string(entry).unwrap_or_default();
    (kind, entry.version() as i16, entry.changes_rights(), body)
}

/// The columns of a write.
#[derive(Debug, Default)]
pub(super) struct Columns<'a> {
    pub(super) rooms: Vec<i32>,
    pub(super) seqs: Vec<i64>,
    pub(super) rights: Vec<i64>,
    pub(super) entries: Vec<i64>,
    pub(super) lines: Vec<i64>,
    pub(super) new_rights: Vec<i64>,
    pub(super) closing: Closings<'a>,
    pub(super) images: Images,
    pub(super) of_entries: EntryColumns<'a>,
}

/// Those of parts that close their room.
#[derive(Debug, Default)]
pub(super) struct Closings<'a> {
    pub(super) parts: Vec<i32>,
    pub(super) until: Vec<i64>,
    pub(super) kept: Vec<i16>,
    pub(super) by: Vec<Option<&'a str>>,
}

/// Those of images.
#[derive(Debug, Default)]
pub(super) struct Images {
    pub(super) parts: Vec<i32>,
    pub(super) seqs: Vec<i64>,
    pub(super) images: Vec<String>,
}

/// Those of entries.
#[derive(Debug, Default)]
pub(super) struct EntryColumns<'a> {
    pub(super) parts: Vec<i32>,
    pub(super) numbers: Vec<i64>,
    pub(super) lines: Vec<Option<i64>>,
    pub(super) kinds: Vec<i16>,
    pub(super) versions: Vec<i16>,
    pub(super) changes_rights: Vec<bool>,
    pub(super) members: Vec<Option<i64>>,
    pub(super) line_kinds: Vec<Option<i16>>,
    pub(super) names: Vec<Option<&'a str>>,
    pub(super) texts: Vec<Option<&'a str>>,
    pub(super) bodies: Vec<Option<String>>,
}

impl<'a> Columns<'a> {
    /// What is to be written.
    ///
    /// # Errors
    ///
    /// A sentence that says what of it cannot be.
    pub(super) fn of(parts: &'a [Part]) -> Result<Columns<'a>, String> {
        let mut columns = Columns::default();
        for (number, part) in (1..).zip(parts) {
            columns.add(number, part)?;
        }
        Ok(columns)
    }

    fn add(&mut self, number: i32, part: &'a Part) -> Result<(), String> {
        let (mut lines, mut new_rights) = (0, 0);
        for (place, entry) in (1..).zip(part.entries.iter()) {
            if entry.changes_rights() {
                new_rights = place;
            }
            self.of_entries.add(number, place, &mut lines, entry)?;
        }
        self.rooms.push(room_number(part.room));
        self.seqs.push(signed(part.at.seq));
        self.rights.push(signed(part.at.rights));
        self.entries.push(part.entries.len() as i64);
        self.lines.push(lines);
        self.new_rights.push(new_rights);
        if let Some((closing, by)) = &part.closing {
            self.closing.parts.push(number);
            self.closing.until.push(closing.until.0);
            self.closing.kept.push(kept_number(closing.kept));
            self.closing.by.push(by.as_ref().map(Name::as_str));
        }
        if let Some(image) = &part.image {
            let json = serde_json::to_string(&**image);
            self.images.parts.push(number);
            self.images.seqs.push(signed(image.at.seq));
            self.images
                .images
                .push(json.map_err(|error| error.to_string())?);
        }
        Ok(())
    }
}

impl<'a> EntryColumns<'a> {
    fn add(
        &mut self,
        part: i32,
        place: i64,
        lines: &mut i64,
        entry: &'a Entry,
    ) -> Result<(), String> {
        let kind = kind_of(entry).ok_or("an entry of a later version is not ours to write")?;
        self.parts.push(part);
        self.numbers.push(place);
        self.kinds.push(kind);
        self.versions.push(entry.version() as i16);
        self.changes_rights.push(entry.changes_rights());
        if let Entry::Said(message) = entry {
            *lines += 1;
            self.lines.push(Some(*lines));
            self.members.push(Some(signed(message.member.0)));
            self.line_kinds.push(Some(message.kind as i16));
            self.names.push(Some(message.name.as_str()));
            self.texts.push(Some(&message.text));
            self.bodies.push(None);
        } else {
            let body = serde_json::to_string(entry);
            self.lines.push(None);
            self.members.push(None);
            self.line_kinds.push(None);
            self.names.push(None);
            self.texts.push(None);
            self.bodies
                .push(Some(body.map_err(|error| error.to_string())?));
        }
        Ok(())
    }
}

/// The columns of an entry, as [`entry`] reads them.
macro_rules! entry_columns {
    () => {
        "e.room, e.seq, e.time, e.kind, e.changes_rights, e.line, e.member, e.line_kind, e.name, e.text, e.body"
    };
}

/// The columns of a line, as `line` reads them.
macro_rules! line_columns {
    () => {
        "e.line, e.time, e.member, e.line_kind, e.name, e.text"
    };
}

pub(super) use {entry_columns, line_columns};

/// Reads a row of [`entry_columns`].
pub(super) fn entry(row: &Row) -> Result<(RoomId, Numbered), tokio_postgres::Error> {
    let kind: i16 = row.try_get(3)?;
    let changes_rights: bool = row.try_get(4)?;
    let time = Timestamp(row.try_get(2)?);
    let entry = match kind {
        LINE => {
            let name: Option<&str> = row.try_get(8)?;
            let text: Option<&str> = row.try_get(9)?;
            Entry::Said(Arc::new(Message {
                id: unsigned(row.try_get::<_, Option<i64>>(5)?.unwrap_or_default()),
                time,
                member: member(row.try_get(6)?),
                name: stored_name(name.unwrap_or_default()),
                kind: line_kind(row.try_get(7)?),
                text: text::clean(text.unwrap_or_default().as_bytes()).into(),
            }))
        }
        _ => {
            let body: Option<&str> = row.try_get(10)?;
            decoded(kind, changes_rights, body.unwrap_or_default())
        }
    };
    let seq = unsigned(row.try_get(1)?);
    Ok((room_id(row.try_get(0)?), Numbered { seq, time, entry }))
}

/// Reads a row of [`line_columns`]. What nobody could have typed or been called comes from somebody who wrote
/// into the database, and is made safe.
pub(super) fn line(row: &Row) -> Result<Arc<Message>, tokio_postgres::Error> {
    let name: Option<&str> = row.try_get(4)?;
    let text: Option<&str> = row.try_get(5)?;
    Ok(Arc::new(Message {
        id: unsigned(row.try_get(0)?),
        time: Timestamp(row.try_get(1)?),
        member: member(row.try_get(2)?),
        kind: line_kind(row.try_get(3)?),
        name: stored_name(name.unwrap_or_default()),
        text: text::clean(text.unwrap_or_default().as_bytes()).into(),
    }))
}

/// What is no line. Of a kind that only later versions know, or with something in it that only they do, what counts is
/// whether it changes who may do what.
fn decoded(kind: i16, changes_rights: bool, body: &str) -> Entry {
    let unknown = Entry::Unknown { changes_rights };
    match serde_json::from_str::<Entry>(body) {
        Ok(entry) if kind_of(&entry) == Some(kind) => entry,
        Ok(_) | Err(_) => unknown,
    }
}

/// Reads what has become of the parts of a write, by columns.
pub(super) fn outcomes(
    states: &[i16],
    seqs: &[i64],
    ids: &[i64],
    times: &[i64],
) -> Vec<PartOutcome> {
    let rest = seqs.iter().zip(ids).zip(times);
    let outcomes = states.iter().zip(rest);
    let outcomes = outcomes.map(|(state, ((seq, id), time))| match state {
        0 => PartOutcome::Stored {
            seq: unsigned(*seq),
            id: unsigned(*id),
            time: Timestamp(*time),
        },
        1 => PartOutcome::Stale {
            head: unsigned(*seq),
        },
        _ => PartOutcome::NoRoom,
    });
    outcomes.collect()
}

/// What becomes of a closed room, as a number.
fn kept_number(kept: Kept) -> i16 {
    match kept {
        Kept::Nothing => 0,
        Kept::AtMost => 1,
        Kept::AtLeast => 2,
    }
}

pub(super) fn kept(number: i16) -> Kept {
    match number {
        0 => Kept::Nothing,
        1 => Kept::AtMost,
        _ => Kept::AtLeast,
    }
}

fn member(number: Option<i64>) -> MemberId {
    number.map_or(MemberId::NOBODY, |number| MemberId(unsigned(number)))
}

fn line_kind(number: Option<i16>) -> Kind {
    number
        .and_then(|number| Kind::from_number(number.into()))
        .unwrap_or_default()
}

fn stored_name(name: &str) -> Name {
    Name::parse(name).unwrap_or_else(|_| Name::anon())
}

/// Numbers count up from 0 or 1 and never reach the sign; one that asks for "any" does.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

pub(super) fn room_number(room: RoomId) -> i32 {
    i32::try_from(room.0).unwrap_or(i32::MAX)
}

pub(super) fn room_id(number: i32) -> RoomId {
    RoomId(u32::try_from(number).unwrap_or_default())
}
