//! The logs of rooms: what is appended, and what is read of them.

use std::sync::Arc;

use tokio_postgres::Row;

use super::codec::{self, Columns, entry_columns, line_columns, room_number, signed};
use super::lane::{Lane, Patience};
use super::session::Session;
use super::{Postgres, refused};
use crate::chat::history::{Found, HistoryCursor, RoomId};
use crate::chat::message::Message;
use crate::chat::name::RoomName;
use crate::chat::node::NodeId;
use crate::chat::room::{Closing, Numbered};
use crate::limits::{CLOSED_ROOMS_MAX, ENTRIES_READ_MAX, LOG_KEPT};
use crate::store::cluster::engine::{Answer, Lines, Log, PartOutcome, Range, RoomRecord, Write};
use crate::time::Timestamp;

type Asked<T> = Result<T, tokio_postgres::Error>;

const APPEND: &str = "SELECT * FROM parlor.append_2($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
    $18, $19, $20, $21, $22, $23, $24, $25, $26, $27)";

impl Log for Postgres {
    fn append(&self, me: NodeId, write: Write) -> Answer<'_, Vec<PartOutcome>> {
        let write = Arc::new(write);
        Box::pin(async move {
            let ask = |session| append(session, me, Arc::clone(&write));
            let outcomes = self.writer.change(Patience::Endless, ask).await?;
            outcomes.map_err(refused)
        })
    }

    fn settle(&self, me: NodeId, number: u64) -> Answer<'_, Option<Vec<PartOutcome>>> {
        Box::pin(async move {
            let ask = |session: Arc<Session>| async move {
                let sql = "SELECT * FROM parlor.settle_1($1, $2)";
                let params: [&(dyn tokio_postgres::types::ToSql + Sync); 2] =
                    [&node_number(me), &signed(number)];
                let Some(row) = session.query_opt(sql, &params).await? else {
                    return Ok(None);
                };
                match row.try_get(0)? {
                    false => Ok(None),
                    true => settled(&row).map(Some),
                }
            };
            self.writer.change(Patience::Endless, ask).await
        })
    }

    fn entries(&self, ranges: Vec<Range>) -> Answer<'_, Vec<(RoomId, Numbered)>> {
        // Each room is a walk along the table; the bound inside keeps one that is far behind from being read in vain.
        let sql = concat!(
            "SELECT ", entry_columns!(), " FROM unnest($1::int[], $2::bigint[], $3::bigint[]) WITH ORDINALITY AS r (room, after, upto, place)
             CROSS JOIN LATERAL (
                 SELECT * FROM parlor.entries WHERE room = r.room AND seq > r.after AND seq <= r.upto ORDER BY seq LIMIT $4
             ) e ORDER BY r.place, e.seq LIMIT $4"
        );
        self.read_ranges(&self.reader, sql, ranges, Some(ENTRIES_READ_MAX))
    }

    fn changes(&self, ranges: Vec<Range>) -> Answer<'_, Vec<(RoomId, Numbered)>> {
        let sql = concat!(
            "SELECT ", entry_columns!(), " FROM unnest($1::int[], $2::bigint[], $3::bigint[]) WITH ORDINALITY AS r (room, after, upto, place)
             CROSS JOIN LATERAL (
                 SELECT * FROM parlor.entries
                 WHERE room = r.room AND seq > r.after AND seq <= r.upto AND line IS NULL ORDER BY seq
             ) e ORDER BY r.place, e.seq"
        );
        self.read_ranges(&self.barrier, sql, ranges, None)
    }

    fn heads(&self) -> Answer<'_, Vec<(RoomId, u64)>> {
        Box::pin(self.barrier.read(|session| async move {
            let sql = "SELECT id, seq FROM parlor.rooms WHERE closed IS NULL ORDER BY id";
            let rows = session.query(sql, &[]).await?;
            rows.iter().map(head).collect()
        }))
    }

    fn imported(&self) -> Answer<'_, Vec<(RoomId, u64, u64)>> {
        Box::pin(self.barrier.read(|session| async move {
            let sql = "SELECT r.id, r.seq, r.last_id FROM parlor.imports i JOIN parlor.rooms r ON r.id = i.room
                 WHERE i.time > parlor.now_ms() - $1 AND r.closed IS NULL ORDER BY r.id";
            let recent = LOG_KEPT.as_millis() as i64;
            let rows = session.query(sql, &[&recent]).await?;
            let rooms = rows.iter().map(|row| {
                let (room, seq) = head(row)?;
                Ok((room, seq, codec::unsigned(row.try_get(2)?)))
            });
            rooms.collect()
        }))
    }

    fn create_room(&self, name: RoomName) -> Answer<'_, RoomId> {
        Box::pin(self.create(name))
    }

    fn rooms_after(&self, last: RoomId) -> Answer<'_, (Vec<RoomRecord>, RoomId)> {
        Box::pin(self.open_after(last))
    }

    fn rooms(&self, rooms: Vec<RoomId>) -> Answer<'_, Vec<RoomRecord>> {
        Box::pin(self.open_of(rooms))
    }

    fn closed_rooms(&self, now: Timestamp) -> Answer<'_, Vec<(RoomRecord, Closing)>> {
        Box::pin(self.closed(now))
    }

    fn reopen_room(&self, room: RoomId, name: RoomName, now: Timestamp) -> Answer<'_, RoomRecord> {
        Box::pin(self.reopen(room, name, now))
    }

    fn page_back(&self, lines: Lines, before: HistoryCursor) -> Answer<'_, Vec<Arc<Message>>> {
        let ask = move |session: Arc<Session>| async move {
            let end = end_of(&session, lines, before).await?;
            let mut page = before_line(&session, lines, end).await?;
            page.reverse();
            Ok(page)
        };
        Box::pin(self.reader.read(ask))
    }

    fn around(&self, lines: Lines, id: u64) -> Answer<'_, Vec<Arc<Message>>> {
        let ask = move |session: Arc<Session>| async move {
            let end = signed(id).min(signed(lines.upto).saturating_add(1));
            let mut page = before_line(&session, lines, end).await?;
            page.reverse();
            page.extend(from_line(&session, lines, id).await?);
            Ok(page)
        };
        Box::pin(self.reader.read(ask))
    }

    fn search(&self, lines: Lines, typed: String) -> Answer<'_, Found> {
        Box::pin(self.look_for(lines, typed))
    }

    fn lines_ever(&self) -> Answer<'_, u64> {
        Box::pin(self.reader.read(|session| async move {
            let sql = "SELECT coalesce(sum(last_id), 0)::bigint FROM parlor.rooms";
            let row = session.query_opt(sql, &[]).await?;
            let sum = row.map(|row| row.try_get(0)).transpose()?;
            Ok(codec::unsigned(sum.unwrap_or_default()))
        }))
    }
}

impl Postgres {
    fn read_ranges<'a>(
        &'a self,
        lane: &'a Lane,
        sql: &'static str,
        ranges: Vec<Range>,
        most: Option<usize>,
    ) -> Answer<'a, Vec<(RoomId, Numbered)>> {
        let ranges = Arc::new(ranges);
        let ask = move |session: Arc<Session>| {
            let ranges = Arc::clone(&ranges);
            async move {
                let rooms: Vec<i32> = ranges.iter().map(|it| room_number(it.room)).collect();
                let after: Vec<i64> = ranges.iter().map(|it| signed(it.after)).collect();
                let upto: Vec<i64> = ranges.iter().map(|it| signed(it.upto)).collect();
                let most = most.map(|most| most as i64);
                let rows = match &most {
                    Some(most) => session.query(sql, &[&rooms, &after, &upto, most]).await?,
                    None => session.query(sql, &[&rooms, &after, &upto]).await?,
                };
                rows.iter().map(codec::entry).collect()
            }
        };
        Box::pin(lane.read(ask))
    }
}

/// What cannot be written at all is the inner error.
async fn append(
    session: Arc<Session>,
    me: NodeId,
    write: Arc<Write>,
) -> Asked<Result<Vec<PartOutcome>, String>> {
    let columns = match Columns::of(&write.parts) {
        Ok(columns) => columns,
        Err(why) => return Ok(Err(why)),
    };
    let Columns {
        rooms,
        seqs,
        rights,
        entries,
        lines,
        new_rights,
        closing,
        images,
        of_entries: of,
    } = &columns;
    let rows = session
        .query(
            APPEND,
            &[
                &node_number(me),
                &signed(write.number),
                rooms,
                seqs,
                rights,
                entries,
                lines,
                new_rights,
                &closing.parts,
                &closing.until,
                &closing.kept,
                &closing.by,
                &(CLOSED_ROOMS_MAX as i64),
                &images.parts,
                &images.seqs,
                &images.images,
                &of.parts,
                &of.numbers,
                &of.lines,
                &of.kinds,
                &of.versions,
                &of.changes_rights,
                &of.members,
                &of.line_kinds,
                &of.names,
                &of.texts,
                &of.bodies,
            ],
        )
        .await?;
    let (mut states, mut seqs, mut ids, mut times) = (vec![], vec![], vec![], vec![]);
    for row in rows {
        states.push(row.try_get(0)?);
        seqs.push(row.try_get(1)?);
        ids.push(row.try_get(2)?);
        times.push(row.try_get(3)?);
    }
    Ok(Ok(codec::outcomes(&states, &seqs, &ids, &times)))
}

fn settled(row: &Row) -> Asked<Vec<PartOutcome>> {
    let (states, seqs): (Vec<i16>, Vec<i64>) = (row.try_get(1)?, row.try_get(2)?);
    let (ids, times): (Vec<i64>, Vec<i64>) = (row.try_get(3)?, row.try_get(4)?);
    Ok(codec::outcomes(&states, &seqs, &ids, &times))
}

fn head(row: &Row) -> Asked<(RoomId, u64)> {
    let seq = codec::unsigned(row.try_get(1)?);
    Ok((codec::room_id(row.try_get(0)?), seq))
}

/// The number of the line before which a page ends.
async fn end_of(session: &Session, lines: Lines, before: HistoryCursor) -> Asked<i64> {
    let end = match before {
        HistoryCursor::Id(id) => signed(id),
        HistoryCursor::Time(time) => {
            let sql = "SELECT parlor.first_since_1($1, $2)";
            let row = session
                .query_opt(sql, &[&room_number(lines.room), &time.0])
                .await?;
            row.map(|row| row.try_get(0)).transpose()?.unwrap_or(0)
        }
    };
    Ok(end.min(signed(lines.upto).saturating_add(1)))
}

/// The last lines before number `end`, the last one first. One that reaches the bytes is the last.
async fn before_line(session: &Session, lines: Lines, end: i64) -> Asked<Vec<Arc<Message>>> {
    let sql = concat!(
        "SELECT ", line_columns!(), " FROM (
             SELECT *, sum(octet_length(name) + octet_length(text)) OVER (ORDER BY line DESC)
                 - octet_length(name) - octet_length(text) AS bytes_before
             FROM (
                 SELECT * FROM parlor.entries WHERE room = $1 AND line IS NOT NULL AND line < $2 ORDER BY line DESC LIMIT $3
             ) last
         ) e WHERE bytes_before < $4 ORDER BY line DESC"
    );
    let (count, bytes) = (lines.count as i64, signed(lines.bytes as u64));
    let room = room_number(lines.room);
    let rows = session.query(sql, &[&room, &end, &count, &bytes]).await?;
    rows.iter().map(codec::line).collect()
}

/// Line `id`, if it is there, and the lines behind it.
async fn from_line(session: &Session, lines: Lines, id: u64) -> Asked<Vec<Arc<Message>>> {
    let sql = concat!(
        "SELECT ",
        line_columns!(),
        " FROM parlor.entries e
         WHERE room = $1 AND line IS NOT NULL AND line >= $2 AND line <= $3 ORDER BY line LIMIT $4"
    );
    let (count, room) = (lines.count as i64 + 1, room_number(lines.room));
    let rows = session
        .query(sql, &[&room, &signed(id), &signed(lines.upto), &count])
        .await?;
    let mut found: Vec<_> = rows.iter().map(codec::line).collect::<Asked<_>>()?;
    // Where the line itself is missing, one is too many.
    if found.first().is_none_or(|line| line.id != id) {
        found.truncate(lines.count);
    }
    Ok(found)
}

pub(super) fn node_number(node: NodeId) -> i32 {
    i32::try_from(node.0).unwrap_or(i32::MAX)
}
