//! Reading in what was exported.
//!
//! What is imported is no part of the logs: nobody is shown it as said just now. Its lines have the numbers that they had,
//! and negative numbers as entries, which no node asks for.

use std::collections::HashMap;
use std::io::BufRead;

use smol::Timer;
use tokio_postgres::Row;

use super::{Missing, connected, failed, transaction, wake};
use crate::chat::name::RoomName;
use crate::chat::room::{At, RoomImage, RoomState};
use crate::chat::topic::Topic;
use crate::limits::{IMPORT_LINES, IMPORT_PAUSE, SEARCH_BLOCK_LINES};
use crate::store::place::DatabaseUrl;
use crate::store::postgres::codec::{room_id, signed};
use crate::store::postgres::rooms::{keys, states};
use crate::store::postgres::session::Session;
use crate::store::tools::reader::{Checked, Lines, NewLine, NewRoom, wrong};
use crate::store::tools::{Imported, ToolError};

/// Reads lines of JSON (see [`export`](super::export())) into a database, which is made ready if it is empty.
///
/// Rooms are made as they are needed. What was imported before is not stored twice, so an import that was interrupted can be
/// done again. Servers that run have new rooms at once, and show what is new in old ones, within some seconds, to whoever looks
/// back.
///
/// # Errors
///
/// A [`ToolError`] with the number of the line that makes no sense, or that nobody could have said on a server; nothing
/// is changed to make it fit. What stands before it may be stored.
pub fn import(
    url: &DatabaseUrl,
    input: &mut dyn BufRead,
    rooms_max: usize,
) -> Result<Imported, ToolError> {
    connected(url, Missing::Make, async |session| {
        let mut lines = Lines::new(input);
        let mut imported = Imported::default();
        loop {
            let batch = read_batch(&mut lines)?;
            let is_last = batch.len() < IMPORT_LINES;
            let done = transaction(session, async || {
                let mut import = Import::begin(session, &batch, rooms_max).await?;
                import.store(&batch).await?;
                Ok(import.imported)
            });
            let done = done.await?;
            imported.stored += done.stored;
            imported.present += done.present;
            imported.renumbered += done.renumbered;
            if is_last {
                break;
            }
            // Servers get their turn.
            Timer::after(IMPORT_PAUSE).await;
        }
        // They look for themselves as well, a little later.
        wake(session).await?;
        Ok(imported)
    })
}

/// Some lines of the input, with their numbers. All of them are read before anything is locked.
fn read_batch(lines: &mut Lines<'_>) -> Result<Vec<(u64, Checked)>, ToolError> {
    let mut batch = Vec::new();
    while batch.len() < IMPORT_LINES
        && let Some((number, line)) = lines.next()?
    {
        let checked = Checked::parse(line).map_err(|why| wrong(number, &why))?;
        batch.push((number, checked));
    }
    Ok(batch)
}

/// One transaction of an import.
struct Import<'a> {
    session: &'a Session,
    /// By their keys.
    rooms: HashMap<String, Room<'a>>,
    open: usize,
    open_max: usize,
    imported: Imported,
}

/// A room that something is imported into, locked until that is stored.
struct Room<'a> {
    id: i32,
    last_id: u64,
    /// What is to be put into it.
    lines: Vec<&'a NewLine>,
}

/// In the order in which servers lock them.
const LOCK_ROOMS: &str = "SELECT id, key, last_id FROM parlor.rooms
    WHERE closed IS NULL AND key = ANY ($1) ORDER BY id FOR NO KEY UPDATE";

const CREATE_ROOM: &str = "SELECT parlor.create_room_1($1, $2, $3, $4)";

const SET_ROOM: &str = "UPDATE parlor.rooms SET created = $2, last_id = $3 WHERE id = $1";

const SET_IMAGE: &str = "INSERT INTO parlor.images (room, seq, image) VALUES ($1, 0, $2)";

const THERE: &str = "SELECT line, time, name, line_kind, text FROM parlor.entries WHERE room = $1 AND line = ANY ($2)";

/// The search index is taken back to before these lines, and stays there until they are stored.
const TAKE_BACK_INDEX: &str = "INSERT INTO parlor.indexed AS i (room, line) VALUES ($1, 0)
    ON CONFLICT (room) DO UPDATE SET line = least(i.line, ($2::bigint - 1) / $3 * $3)";

const STORE: &str = "INSERT INTO parlor.entries (
        room, seq, time, line, kind, version, line_kind, changes_rights, name, text
    )
    SELECT $1, -l.line, l.time, l.line, 0, 1, l.kind, false, l.name, l.text
    FROM unnest($2::bigint[], $3::bigint[], $4::smallint[], $5::text[], $6::text[]) AS l (line, time, kind, name, text)";

const NOTE_ROOM: &str = "UPDATE parlor.rooms SET last_id = $2,
        last_line = CASE WHEN $2 > last_id THEN $3 ELSE coalesce(last_line, $3) END
    WHERE id = $1";

/// Nodes look here for what is not in the logs.
const NOTE_IMPORT: &str = "INSERT INTO parlor.imports (room, time) VALUES ($1, parlor.now_ms())
    ON CONFLICT (room) DO UPDATE SET time = excluded.time";

impl<'a> Import<'a> {
    async fn begin(
        session: &'a Session,
        batch: &'a [(u64, Checked)],
        open_max: usize,
    ) -> Result<Import<'a>, ToolError> {
        let mut keys: Vec<String> = batch.iter().map(|(_, checked)| key_of(checked)).collect();
        keys.sort_unstable();
        keys.dedup();
        let rows = session.query(LOCK_ROOMS, &[&keys]).await.map_err(failed)?;
        let rooms = rows.iter().map(|row| {
            let room = Room {
                id: row.try_get(0)?,
                last_id: row.try_get::<_, i64>(2)?.unsigned_abs(),
                lines: Vec::new(),
            };
            Ok((row.try_get(1)?, room))
        });
        let rooms = rooms.collect::<Result<_, _>>().map_err(failed)?;
        let count = "SELECT count(*) FROM parlor.rooms WHERE closed IS NULL";
        let row = session.query_opt(count, &[]).await.map_err(failed)?;
        let open: i64 = row.map_or(Ok(0), |row| row.try_get(0)).map_err(failed)?;
        Ok(Import {
            session,
            rooms,
            open: open.unsigned_abs() as usize,
            open_max,
            imported: Imported::default(),
        })
    }

    async fn store(&mut self, batch: &'a [(u64, Checked)]) -> Result<(), ToolError> {
        for (number, checked) in batch {
            let key = key_of(checked);
            match (checked, self.rooms.get_mut(&key)) {
                (Checked::Room(room), Some(_)) => self.join(*number, &key, room).await?,
                (Checked::Room(room), None) => {
                    let id = self.create(*number, &room.name, room.created).await?;
                    self.set(id, room).await?;
                    self.rooms.insert(key, Room::new(id, room.last_id));
                }
                (Checked::Line(line), Some(room)) => room.lines.push(line),
                (Checked::Line(line), None) => {
                    let id = self.create(*number, &line.room, line.time).await?;
                    let mut room = Room::new(id, 0);
                    room.lines.push(line);
                    self.rooms.insert(key, room);
                }
            }
        }
        let mut rooms: Vec<Room<'a>> = self.rooms.drain().map(|(_, room)| room).collect();
        rooms.sort_unstable_by_key(|room| room.id);
        for room in &mut rooms {
            self.flush(room).await?;
        }
        Ok(())
    }

    /// Makes a room.
    async fn create(
        &mut self,
        number: u64,
        name: &RoomName,
        created: i64,
    ) -> Result<i32, ToolError> {
        if self.open >= self.open_max {
            let why = format!(
                "there are {} rooms, and there can be {} (see --max-rooms)",
                self.open, self.open_max
            );
            return Err(wrong(number, &why));
        }
        self.open += 1;
        let [key, looks_folded, folded_looks] = keys(name);
        let params: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
            [&name.as_str(), &key, &looks_folded, &folded_looks];
        let row = match self.session.query_opt(CREATE_ROOM, &params).await {
            Err(error)
                if error.code() == Some(&tokio_postgres::error::SqlState::UNIQUE_VIOLATION) =>
            {
                let why = format!("there is a room whose name looks like {name}; close that first");
                return Err(wrong(number, &why));
            }
            row => row.map_err(failed)?,
        };
        let id = row.map_or(Ok(0), |row| row.try_get(0)).map_err(failed)?;
        self.session
            .execute(SET_ROOM, &[&id, &created, &0_i64])
            .await
            .map_err(failed)?;
        Ok(id)
    }

    /// Gives a new room what it had.
    async fn set(&self, id: i32, room: &NewRoom) -> Result<(), ToolError> {
        let last_id = signed(room.last_id);
        self.session
            .execute(SET_ROOM, &[&id, &room.created, &last_id])
            .await
            .map_err(failed)?;
        let state = RoomState {
            topic: Topic::stored(room.topic.as_bytes()),
            moderation: room.moderation.clone(),
            has_lines: false,
        };
        let image = RoomImage::empty(state, At::default());
        let image = serde_json::to_string(&image);
        let image = image.map_err(|error| ToolError::Input(error.to_string()))?;
        let set = self.session.execute(SET_IMAGE, &[&id, &image]).await;
        set.map(drop).map_err(failed)
    }

    /// A room that is there keeps what it has, and gives no number that the other room has given.
    async fn join(&mut self, number: u64, key: &str, new: &NewRoom) -> Result<(), ToolError> {
        let Some(mut room) = self.rooms.remove(key) else {
            return Ok(());
        };
        self.flush(&mut room).await?;
        let id = room_id(room.id);
        let state = states(self.session, &[id]).await.map_err(failed)?.pop();
        let state = state
            .ok_or_else(|| wrong(number, "what the room that is there is like cannot be read"))?;
        new.may_join(&state.image.state.moderation)
            .map_err(|why| wrong(number, &why))?;
        room.last_id = room.last_id.max(new.last_id);
        let sql = "UPDATE parlor.rooms SET last_id = greatest(last_id, $2) WHERE id = $1";
        let last_id = signed(room.last_id);
        let set = self.session.execute(sql, &[&room.id, &last_id]).await;
        set.map_err(failed)?;
        self.rooms.insert(key.to_owned(), room);
        Ok(())
    }

    /// Puts the lines into a room that wait for it.
    async fn flush(&mut self, room: &mut Room<'a>) -> Result<(), ToolError> {
        let lines = std::mem::take(&mut room.lines);
        if lines.is_empty() {
            return Ok(());
        }
        let ids: Vec<i64> = lines.iter().map(|line| signed(line.id)).collect();
        let there = self
            .session
            .query(THERE, &[&room.id, &ids])
            .await
            .map_err(failed)?;
        let there = there
            .iter()
            .map(There::read)
            .collect::<Result<HashMap<_, _>, _>>();
        let mut there = there.map_err(failed)?;
        let mut columns = Columns::default();
        for line in lines {
            let its = There::of(line);
            let id = match there.get(&line.id) {
                Some(other) if *other == its => {
                    self.imported.present += 1;
                    continue;
                }
                Some(_) => {
                    self.imported.renumbered += 1;
                    room.last_id + 1
                }
                None => {
                    self.imported.stored += 1;
                    line.id
                }
            };
            there.insert(id, its);
            columns.add(id, line);
            room.last_id = room.last_id.max(id);
        }
        self.insert(room, &columns).await
    }

    async fn insert(&self, room: &Room<'a>, columns: &Columns<'a>) -> Result<(), ToolError> {
        let Columns {
            lines,
            times,
            kinds,
            names,
            texts,
        } = columns;
        let (Some(first), Some((last, time))) = (lines.iter().min(), lines.iter().zip(times).max())
        else {
            return Ok(());
        };
        let (session, id) = (self.session, &room.id);
        let note = async {
            session
                .execute(TAKE_BACK_INDEX, &[id, first, &SEARCH_BLOCK_LINES])
                .await?;
            session
                .execute(STORE, &[id, lines, times, kinds, names, texts])
                .await?;
            let last_id = signed(room.last_id).max(*last);
            session.execute(NOTE_ROOM, &[id, &last_id, time]).await?;
            session.execute(NOTE_IMPORT, &[id]).await
        };
        note.await.map(drop).map_err(failed)
    }
}

impl Room<'_> {
    fn new(id: i32, last_id: u64) -> Self {
        Room {
            id,
            last_id,
            lines: Vec::new(),
        }
    }
}

/// What a line says, to be compared.
#[derive(PartialEq, Eq)]
struct There {
    time: i64,
    name: String,
    kind: i16,
    text: String,
}

impl There {
    fn read(row: &Row) -> Result<(u64, There), tokio_postgres::Error> {
        let text = |column| row.try_get::<_, Option<String>>(column);
        let there = There {
            time: row.try_get(1)?,
            name: text(2)?.unwrap_or_default(),
            kind: row.try_get::<_, Option<i16>>(3)?.unwrap_or_default(),
            text: text(4)?.unwrap_or_default(),
        };
        Ok((row.try_get::<_, i64>(0)?.unsigned_abs(), there))
    }

    fn of(line: &NewLine) -> There {
        There {
            time: line.time,
            name: line.name.clone(),
            kind: line.kind as i16,
            text: line.text.clone(),
        }
    }
}

/// Lines that are put into a room.
#[derive(Default)]
struct Columns<'a> {
    lines: Vec<i64>,
    times: Vec<i64>,
    kinds: Vec<i16>,
    names: Vec<&'a str>,
    texts: Vec<&'a str>,
}

impl<'a> Columns<'a> {
    fn add(&mut self, id: u64, line: &'a NewLine) {
        self.lines.push(signed(id));
        self.times.push(line.time);
        self.kinds.push(line.kind as i16);
        self.names.push(&line.name);
        self.texts.push(&line.text);
    }
}

fn key_of(checked: &Checked) -> String {
    match checked {
        Checked::Room(room) => room.name.key(),
        Checked::Line(line) => line.room.key(),
    }
}
