//! Rooms: those that are open, those that were closed, and how one becomes the other.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio_postgres::Row;

use super::Postgres;
use super::codec::{self, entry_columns, room_id, room_number};
use super::lane::Patience;
use super::session::Session;
use crate::chat::history::RoomId;
use crate::chat::name::RoomName;
use crate::chat::room::{At, Closing, Numbered, RoomImage};
use crate::limits::POSTGRES_WRITE_MAX;
use crate::store::cluster::engine::{EngineError, RoomRecord};
use crate::store::cluster::taking_up::stored;
use crate::store::{StoreError, StoredRoom};
use crate::time::Timestamp;

/// The columns of a room, as [`record`] reads them. Whether it has lines is one step into an index for each room; as EXISTS it
/// might become a walk along all lines.
macro_rules! room_columns {
    () => {
        "r.id, r.name, i.image, r.seq, r.rights, r.last_id, r.last_line,
         (SELECT true FROM parlor.entries e WHERE e.room = r.id AND e.line IS NOT NULL LIMIT 1) IS NOT NULL, r.purge, r.kept
         FROM parlor.rooms r LEFT JOIN parlor.images i ON i.room = r.id"
    };
}

/// What a name is told apart by: what it is found by, and what looks like it.
pub(super) fn keys(name: &RoomName) -> [String; 3] {
    let [one, other] = name.looks();
    [
        name.key(),
        one.as_str().to_owned(),
        other.as_str().to_owned(),
    ]
}

impl Postgres {
    pub(super) async fn create(&self, name: RoomName) -> Result<RoomId, EngineError> {
        let ask = |session: Arc<Session>| {
            let name = name.clone();
            async move {
                let [key, looks_folded, folded_looks] = keys(&name);
                let sql = "SELECT parlor.create_room_1($1, $2, $3, $4)";
                let params: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
                    [&name.as_str(), &key, &looks_folded, &folded_looks];
                only_once(session.query_opt(sql, &params).await, |row| match row {
                    Some(row) => Ok(Ok(room_id(row.try_get(0)?))),
                    None => Ok(Err(StoreError::NoRoom)),
                })
            }
        };
        let created = self.changer.change(Patience::For(POSTGRES_WRITE_MAX), ask);
        created.await?.map_err(EngineError::Refused)
    }

    pub(super) async fn open_after(
        &self,
        last: RoomId,
    ) -> Result<(Vec<RoomRecord>, RoomId), EngineError> {
        let ask = move |session: Arc<Session>| async move {
            let sql = concat!(
                "SELECT ",
                room_columns!(),
                " WHERE r.closed IS NULL AND r.id > $1 ORDER BY r.id"
            );
            let newest = "SELECT coalesce(max(id), 0) FROM parlor.rooms";
            // Asked first: a room that is created in between is found the next time too.
            let row = session.query_opt(newest, &[]).await?;
            let newest = row.map(|row| row.try_get(0)).transpose()?.unwrap_or(0);
            let rows = session.query(sql, &[&room_number(last)]).await?;
            let records = records(&rows)?;
            let until = room_id(newest).max(last);
            let known = records.into_iter().filter(|record| record.id <= until);
            Ok((known.collect(), until))
        };
        self.barrier.read(ask).await
    }

    pub(super) async fn open_of(&self, rooms: Vec<RoomId>) -> Result<Vec<RoomRecord>, EngineError> {
        let rooms: Arc<[i32]> = rooms.into_iter().map(room_number).collect();
        let ask = |session: Arc<Session>| {
            let rooms = Arc::clone(&rooms);
            async move {
                let sql = concat!(
                    "SELECT ",
                    room_columns!(),
                    " WHERE r.closed IS NULL AND r.id = ANY ($1) ORDER BY r.id"
                );
                records(&session.query(sql, &[&&*rooms]).await?)
            }
        };
        self.barrier.read(ask).await
    }

    pub(super) async fn closed(
        &self,
        now: Timestamp,
    ) -> Result<Vec<(RoomRecord, Closing)>, EngineError> {
        let ask = move |session: Arc<Session>| async move {
            let sql = concat!(
                "SELECT ",
                room_columns!(),
                " WHERE r.purge > $1 ORDER BY r.id"
            );
            let rows = session.query(sql, &[&now.0]).await?;
            let mut closed = Vec::new();
            for row in &rows {
                let closing = Closing {
                    until: Timestamp(row.try_get(8)?),
                    kept: codec::kept(row.try_get(9)?),
                };
                closed.extend(record(row)?.map(|record| (record, closing)));
            }
            Ok(closed)
        };
        self.reader.read(ask).await
    }

    pub(super) async fn reopen(
        &self,
        room: RoomId,
        name: RoomName,
        now: Timestamp,
    ) -> Result<RoomRecord, EngineError> {
        let ask = |session: Arc<Session>| {
            let name = name.clone();
            async move {
                let [key, looks_folded, folded_looks] = keys(&name);
                let sql = "UPDATE parlor.rooms SET name = $2, key = $3, looks_folded = $4, folded_looks = $5, closed = NULL,
                         closed_by = NULL, purge = NULL, kept = 0
                     WHERE id = $1 AND purge > $6";
                let number = room_number(room);
                let params: [&(dyn tokio_postgres::types::ToSql + Sync); 6] = [
                    &number,
                    &name.as_str(),
                    &key,
                    &looks_folded,
                    &folded_looks,
                    &now.0,
                ];
                only_once(session.execute(sql, &params).await, |changed| {
                    Ok(match changed {
                        0 => Err(StoreError::NoRoom),
                        _ => Ok(()),
                    })
                })
            }
        };
        let reopened = self.changer.change(Patience::For(POSTGRES_WRITE_MAX), ask);
        reopened.await?.map_err(EngineError::Refused)?;
        let found = self.open_of(vec![room]).await?.pop();
        found.ok_or(EngineError::Refused(StoreError::NoRoom))
    }
}

/// Rooms at the ends of their logs, closed ones too, in the order of their numbers. Those are left out that nobody can make
/// sense of.
pub(super) async fn states(
    session: &Session,
    rooms: &[RoomId],
) -> Result<Vec<StoredRoom>, tokio_postgres::Error> {
    let sql = concat!(
        "SELECT ",
        room_columns!(),
        " WHERE r.id = ANY ($1) ORDER BY r.id"
    );
    let rooms: Vec<i32> = rooms.iter().copied().map(room_number).collect();
    let records = records(&session.query(sql, &[&rooms]).await?)?;
    let sql = concat!(
        "SELECT ",
        entry_columns!(),
        " FROM parlor.entries e LEFT JOIN parlor.images i ON i.room = e.room
         WHERE e.room = ANY ($1) AND e.line IS NULL AND e.seq > coalesce(i.seq, 0) ORDER BY e.room, e.seq"
    );
    let mut changes: BTreeMap<RoomId, Vec<Numbered>> = BTreeMap::new();
    for row in &session.query(sql, &[&rooms]).await? {
        let (room, numbered) = codec::entry(row)?;
        changes.entry(room).or_default().push(numbered);
    }
    let states = records.into_iter().map(|record| {
        let changes = changes.remove(&record.id).unwrap_or_default();
        stored(record, &changes)
    });
    Ok(states.collect())
}

/// What came of a change of which the name of a room stands in the way, if another one has it.
fn only_once<T, U>(
    answer: Result<T, tokio_postgres::Error>,
    then: impl FnOnce(T) -> Result<Result<U, StoreError>, tokio_postgres::Error>,
) -> Result<Result<U, StoreError>, tokio_postgres::Error> {
    match answer {
        Ok(answer) => then(answer),
        Err(error) if error.code() == Some(&tokio_postgres::error::SqlState::UNIQUE_VIOLATION) => {
            Ok(Err(StoreError::RoomExists))
        }
        Err(error) => Err(error),
    }
}

fn records(rows: &[Row]) -> Result<Vec<RoomRecord>, tokio_postgres::Error> {
    let records = rows.iter().map(|row| record(row).transpose());
    records.flatten().collect()
}

/// Reads a row of [`room_columns`]; `None` if nobody can make sense of it.
fn record(row: &Row) -> Result<Option<RoomRecord>, tokio_postgres::Error> {
    let id = room_id(row.try_get(0)?);
    // A name that somebody wrote into the database by hand and nobody could type.
    let Ok(name) = RoomName::parse(row.try_get(1)?) else {
        tracing::warn!(room = id.0, "the name of a room is invalid: left out");
        return Ok(None);
    };
    let image: Option<&str> = row.try_get(2)?;
    let image = match image.map(serde_json::from_str::<RoomImage>).transpose() {
        Ok(image) => image,
        // Better no room than one that is open to everybody by mistake.
        Err(error) => {
            tracing::warn!(room = id.0, %error, "what the room was like cannot be read: left out");
            return Ok(None);
        }
    };
    let last_line: Option<i64> = row.try_get(6)?;
    Ok(Some(RoomRecord {
        id,
        name,
        image,
        head: At {
            seq: codec::unsigned(row.try_get(3)?),
            rights: codec::unsigned(row.try_get(4)?),
        },
        last_id: codec::unsigned(row.try_get(5)?),
        last_line: last_line.map(Timestamp),
        has_lines: row.try_get(7)?,
    }))
}
