//! Looking whether a database is in order.

use tokio_postgres::{Error, Row};

use super::{Missing, connected, failed, snapshot};
use crate::chat::name::RoomName;
use crate::chat::room::{Numbered, Room, RoomImage, RoomLimits};
use crate::limits::{CHECK_FAULTS_MAX, LOG_KEPT, SEARCH_BLOCK_LINES};
use crate::store::place::DatabaseUrl;
use crate::store::postgres::codec::{self, entry_columns, room_id};
use crate::store::postgres::rooms::keys;
use crate::store::postgres::search::parts::Parts;
use crate::store::postgres::session::Session;
use crate::store::tools::ToolError;
use crate::store::tools::faults::{self, KeptAccount, is_object};
use crate::store::tools::record::time_text;

/// Entries that are read at once.
const STEP: i64 = 1000;

/// Reads the whole database, as it is at one moment, and returns what is wrong, a sentence for each, at most
/// [`CHECK_FAULTS_MAX`]. None means that every room, message, account, ban and report is one that this program could have
/// stored; that the logs of the rooms have no gap and their ends are where they are said to be; that rooms can be taken up as
/// they were; and that the search index has what was said. Pages of the disk are PostgreSQL's to look after.
///
/// # Errors
///
/// A [`ToolError`] if the database cannot be read at all.
pub fn check(url: &DatabaseUrl) -> Result<Vec<String>, ToolError> {
    connected(url, Missing::Refuse, async |session| {
        snapshot(session, async || {
            let mut check = Check {
                session,
                faults: Vec::new(),
            };
            check.all().await.map_err(failed)?;
            check.faults.truncate(CHECK_FAULTS_MAX);
            Ok(check.faults)
        })
        .await
    })
}

struct Check<'a> {
    session: &'a Session,
    faults: Vec<String>,
}

/// A room as its row has it.
struct Head {
    id: i32,
    seq: i64,
    rights: i64,
    time: i64,
    last_id: i64,
    /// Where the image stands.
    image_seq: Option<i64>,
    image: Option<RoomImage>,
    /// What was imported is in no log.
    is_imported: bool,
    is_over: bool,
    /// Up to this line it is in the search index.
    indexed: i64,
}

const ROOMS: &str = "SELECT r.id, r.name, r.key, r.looks_folded, r.folded_looks, r.created, r.seq, r.rights, r.time, r.last_id,
        i.seq, i.image, EXISTS (SELECT FROM parlor.imports WHERE room = r.id),
        r.closed IS NOT NULL AND r.purge IS NULL, coalesce(x.line, 0), r.purge IS NOT NULL AND r.closed IS NULL
    FROM parlor.rooms r LEFT JOIN parlor.images i ON i.room = r.id LEFT JOIN parlor.indexed x ON x.room = r.id
    ORDER BY r.id";

const STRAYS: &str = "SELECT DISTINCT room FROM parlor.entries e
    WHERE NOT EXISTS (SELECT FROM parlor.rooms r WHERE r.id = e.room) ORDER BY room LIMIT $1";

const ENTRIES: &str = concat!(
    "SELECT ",
    entry_columns!(),
    " FROM parlor.entries e WHERE room = $1 AND seq > $2 ORDER BY seq LIMIT $3"
);

const IMPORTED: &str = concat!(
    "SELECT ",
    entry_columns!(),
    " FROM parlor.entries e WHERE room = $1 AND seq <= 0 AND seq > $2 ORDER BY seq LIMIT $3"
);

const BLOCKS: &str = "SELECT block, parts FROM parlor.blocks WHERE room = $1 AND block >= $2 ORDER BY block LIMIT $3";

const LINES: &str = "SELECT line, text FROM parlor.entries
    WHERE room = $1 AND line > $2 AND line <= $3 ORDER BY line LIMIT $4";

impl Check<'_> {
    fn is_full(&self) -> bool {
        self.faults.len() >= CHECK_FAULTS_MAX
    }

    async fn all(&mut self) -> Result<(), Error> {
        let row = self
            .session
            .query_opt("SELECT parlor.now_ms()", &[])
            .await?;
        let now: i64 = row.map_or(Ok(0), |row| row.try_get(0))?;
        for row in self.session.query(ROOMS, &[]).await? {
            if self.is_full() {
                break;
            }
            let head = self.room(&row)?;
            self.log(&head, now).await?;
            self.imported(&head).await?;
            self.index(&head).await?;
        }
        for row in self
            .session
            .query(STRAYS, &[&(CHECK_FAULTS_MAX as i64)])
            .await?
        {
            let room: i32 = row.try_get(0)?;
            self.faults.push(format!(
                "room {room}: there are entries of it, and it is not there"
            ));
        }
        self.accounts().await?;
        self.bans_and_reports().await?;
        self.people().await
    }

    /// What the row of a room says.
    fn room(&mut self, row: &Row) -> Result<Head, Error> {
        let name: &str = row.try_get(1)?;
        let stored: [&str; 3] = [row.try_get(2)?, row.try_get(3)?, row.try_get(4)?];
        let image: Option<&str> = row.try_get(11)?;
        let head = Head {
            id: row.try_get(0)?,
            seq: row.try_get(6)?,
            rights: row.try_get(7)?,
            time: row.try_get(8)?,
            last_id: row.try_get(9)?,
            image_seq: row.try_get(10)?,
            image: image.and_then(|image| serde_json::from_str(image).ok()),
            is_imported: row.try_get(12)?,
            is_over: row.try_get(13)?,
            indexed: row.try_get(14)?,
        };
        let parsed = RoomName::parse(name).ok();
        let parsed = parsed.filter(|parsed| parsed.as_str() == name);
        let fault = match parsed {
            None => Some("its name is invalid"),
            Some(name) if keys(&name) != stored => Some("its keys do not match its name"),
            _ if time_text(row.try_get(5)?).is_none() => Some("its creation time is invalid"),
            _ if image.is_some_and(|image| !is_object(image))
                || image.is_some() && head.image.is_none() =>
            {
                Some("what it is like cannot be read")
            }
            _ if row.try_get(15)? => Some("it is open, and is to be deleted"),
            _ if head.seq < 0 || head.last_id < 0 || head.rights > head.seq => {
                Some("the end of its log is nowhere")
            }
            _ if head.image_seq.is_some_and(|seq| seq > head.seq) => {
                Some("what it is like is written down for a time to come")
            }
            _ => None,
        };
        if let Some(fault) = fault {
            self.faults.push(format!("room {}: {fault}", head.id));
        }
        Ok(head)
    }

    /// The log of a room.
    async fn log(&mut self, head: &Head, now: i64) -> Result<(), Error> {
        let mut log = Log::new(head, now - LOG_KEPT.as_millis() as i64);
        let mut after = 0_i64;
        loop {
            let rows = self
                .session
                .query(ENTRIES, &[&head.id, &after, &STEP])
                .await?;
            for row in &rows {
                after = row.try_get(1)?;
                self.message(head.id, row)?;
                let (_, numbered) = codec::entry(row)?;
                let line: Option<i64> = row.try_get(5)?;
                log.take(&numbered, line);
            }
            if rows.len() < STEP as usize || self.is_full() {
                break;
            }
        }
        if !self.is_full() {
            let faults = log.faults(head).into_iter();
            self.faults
                .extend(faults.map(|fault| format!("room {}: {fault}", head.id)));
        }
        Ok(())
    }

    /// The lines of a room that are in no log.
    async fn imported(&mut self, head: &Head) -> Result<(), Error> {
        let mut after = i64::MIN;
        while !self.is_full() {
            let rows = self
                .session
                .query(IMPORTED, &[&head.id, &after, &STEP])
                .await?;
            for row in &rows {
                after = row.try_get(1)?;
                self.message(head.id, row)?;
                let line: Option<i64> = row.try_get(5)?;
                if line != Some(-after) {
                    self.faults.push(format!(
                        "room {}: entry {after} has another line's number",
                        head.id
                    ));
                } else if line > Some(head.last_id) {
                    self.faults.push(format!(
                        "room {}: it has messages beyond its last number",
                        head.id
                    ));
                }
            }
            if rows.len() < STEP as usize {
                break;
            }
        }
        Ok(())
    }

    /// A line, in a row of [`entry_columns`].
    fn message(&mut self, room: i32, row: &Row) -> Result<(), Error> {
        let Some(line) = row.try_get::<_, Option<i64>>(5)? else {
            return Ok(());
        };
        let text = |column| row.try_get::<_, Option<&str>>(column);
        let (name, body) = (text(8)?.unwrap_or_default(), text(9)?.unwrap_or_default());
        let kind = row.try_get::<_, Option<i16>>(7)?.map_or(-1, i64::from);
        let id = u64::try_from(line).unwrap_or_default();
        if let Some(fault) = faults::of_message(id, row.try_get(2)?, name, kind, body.as_bytes())
            && !self.is_full()
        {
            self.faults
                .push(format!("message {line} of room {room}: {fault}"));
        }
        Ok(())
    }

    /// Whether the search index has what was said in a room.
    async fn index(&mut self, head: &Head) -> Result<(), Error> {
        // Blocks of some lines, and those lines.
        let blocks_max = STEP / SEARCH_BLOCK_LINES;
        let mut after = 0_i64;
        while after < head.indexed && !self.is_full() {
            let lines = self
                .session
                .query(LINES, &[&head.id, &after, &head.indexed, &STEP])
                .await?;
            let (Some(first), Some(last)) = (lines.first(), lines.last()) else {
                break;
            };
            let is_last = lines.len() < STEP as usize;
            let (first, last): (i64, i64) = (first.try_get(0)?, last.try_get(0)?);
            // The last block may have more lines.
            let end = match is_last {
                true => last,
                false => (last - 1) / SEARCH_BLOCK_LINES * SEARCH_BLOCK_LINES,
            };
            let from = (first - 1) / SEARCH_BLOCK_LINES;
            let most = blocks_max.max((end - 1) / SEARCH_BLOCK_LINES - from + 1);
            let blocks = self
                .session
                .query(BLOCKS, &[&head.id, &from, &most])
                .await?;
            let blocks = blocks
                .iter()
                .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
            let blocks: Vec<(i64, Vec<i32>)> = blocks.collect::<Result<_, Error>>()?;
            for row in &lines {
                let line: i64 = row.try_get(0)?;
                if line > end {
                    break;
                }
                let mut parts = Parts::new(room_id(head.id));
                parts.add(row.try_get::<_, Option<&str>>(1)?.unwrap_or_default());
                let block = (line - 1) / SEARCH_BLOCK_LINES;
                let found = blocks.iter().find(|(number, _)| *number == block);
                let known = found.map_or(&[][..], |(_, parts)| parts);
                if parts
                    .sorted()
                    .iter()
                    .any(|part| known.binary_search(part).is_err())
                {
                    self.faults.push(format!(
                        "room {0}: the search index lacks what was said in message {line}; it is made anew after DELETE FROM \
                         parlor.indexed WHERE room = {0}",
                        head.id
                    ));
                    return Ok(());
                }
            }
            after = end;
            if is_last {
                break;
            }
        }
        Ok(())
    }

    async fn accounts(&mut self) -> Result<(), Error> {
        let sql = "SELECT id, name, folded, folded_skeleton, skeleton_folded, password, created, seen, settings
             FROM parlor.accounts WHERE password <> '' ORDER BY id";
        for row in self.session.query(sql, &[]).await? {
            let account = KeptAccount {
                name: row.try_get(1)?,
                keys: [row.try_get(3)?, row.try_get(4)?, row.try_get(2)?],
                password: row.try_get(5)?,
                created: row.try_get(6)?,
                seen: row.try_get(7)?,
                settings: row.try_get(8)?,
            };
            if let Some(fault) = faults::of_account(&account)
                && !self.is_full()
            {
                let id: i64 = row.try_get(0)?;
                self.faults.push(format!("account {id}: {fault}"));
            }
        }
        Ok(())
    }

    async fn bans_and_reports(&mut self) -> Result<(), Error> {
        let bans = "SELECT target, why, made FROM parlor.bans ORDER BY made, target";
        for row in self.session.query(bans, &[]).await? {
            let fault = faults::of_ban(row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            self.faults.extend(fault);
        }
        let reports = "SELECT id, report FROM parlor.reports ORDER BY id";
        for row in self.session.query(reports, &[]).await? {
            self.faults
                .extend(faults::of_report(row.try_get(0)?, row.try_get(1)?));
        }
        Ok(())
    }

    /// Names and people belong to the nodes that their numbers say.
    async fn people(&mut self) -> Result<(), Error> {
        let sql = "SELECT 'name ' || key, member FROM parlor.names WHERE member >> 40 <> node
             UNION ALL SELECT 'person ' || name, member FROM parlor.people WHERE member >> 40 <> node
             ORDER BY 1 LIMIT $1";
        for row in self
            .session
            .query(sql, &[&(CHECK_FAULTS_MAX as i64)])
            .await?
        {
            let (who, member): (&str, i64) = (row.try_get(0)?, row.try_get(1)?);
            let who = crate::text::clean(who.as_bytes());
            self.faults.push(format!(
                "{who}: it is another node's than connection {member}"
            ));
        }
        Ok(())
    }
}

/// The log of one room, entry by entry.
struct Log {
    /// From this time on nothing is forgotten.
    recent: i64,
    last_seq: i64,
    last_line: i64,
    last_time: i64,
    last_rights: i64,
    fault: Option<String>,
    /// The room from its beginning, as long as nothing of its log is missing.
    whole: Option<Room>,
    /// As it was where the image stands, if nothing was missing.
    at_image: Option<RoomImage>,
    image_seq: i64,
    /// The room from its image on.
    room: Option<Room>,
}

impl Log {
    fn new(head: &Head, recent: i64) -> Log {
        let is_whole = !head.is_imported;
        let image = head.image.clone();
        Log {
            recent,
            last_seq: 0,
            last_line: 0,
            last_time: i64::MIN,
            last_rights: 0,
            fault: None,
            whole: is_whole.then(|| Room::from_image(UNBOUND, RoomImage::default())),
            at_image: None,
            image_seq: head.image_seq.unwrap_or(0),
            room: match head.image_seq {
                Some(_) => image.map(|image| Room::from_image(UNBOUND, image)),
                None => None,
            },
        }
    }

    fn blame(&mut self, fault: impl FnOnce() -> String) {
        if self.fault.is_none() {
            self.fault = Some(fault());
        }
    }

    fn take(&mut self, numbered: &Numbered, line: Option<i64>) {
        let (seq, time) = (codec::signed(numbered.seq), numbered.time.0);
        let is_next = seq == self.last_seq + 1;
        if !is_next {
            self.whole = None;
            // What is not recent may have been forgotten, but nothing between two entries of which the first is.
            if self.last_time >= self.recent {
                let missing = self.last_seq + 1;
                self.blame(|| format!("entry {missing} is missing"));
            }
        }
        if time < self.last_time {
            self.blame(|| format!("entry {seq} is from before the one before it"));
        }
        if line.is_some_and(|line| line <= self.last_line) {
            self.blame(|| {
                format!("the lines of entry {seq} and of one before it are in another order")
            });
        }
        if numbered.entry.changes_rights() {
            self.last_rights = seq;
        }
        if let Some(room) = &mut self.whole {
            if room.apply(numbered, &mut Vec::new()).is_err() {
                self.blame(|| format!("entry {seq} cannot follow what is before it"));
            } else if seq == self.image_seq {
                self.at_image = Some(room.image());
            }
        }
        if let Some(room) = self
            .room
            .as_mut()
            .filter(|_| line.is_none() && seq > self.image_seq)
        {
            room.skip_lines(numbered.seq - 1);
            if room.apply(numbered, &mut Vec::new()).is_err() {
                self.blame(|| format!("entry {seq} cannot follow what the room was like"));
            }
        }
        self.last_seq = seq;
        self.last_line = line.unwrap_or(self.last_line);
        self.last_time = time;
    }

    /// What is wrong, compared to what is said of its end.
    fn faults(mut self, head: &Head) -> Vec<String> {
        if self.last_seq > head.seq {
            self.blame(|| "it has entries beyond its last number".to_owned());
        } else if self.last_seq < head.seq && head.time >= self.recent && !head.is_over {
            self.blame(|| "its last entries are missing".to_owned());
        }
        if self.last_line > head.last_id {
            self.blame(|| "it has messages beyond its last number".to_owned());
        }
        if self.last_rights > head.rights {
            self.blame(|| "its last change of rights is not noted".to_owned());
        }
        if self.last_time > head.time {
            self.blame(|| "its last entry is from after its end".to_owned());
        }
        if let (Some(replayed), Some(image)) = (&self.at_image, &head.image)
            && !is_same(replayed, image)
        {
            self.blame(|| "what it is like is not what its log says".to_owned());
        }
        self.fault.into_iter().collect()
    }
}

/// Bounds are of no matter to what has happened.
const UNBOUND: RoomLimits = RoomLimits {
    members_max: 0,
    history_lines: 0,
    outbox_bytes: 0,
    notice_delay: std::time::Duration::ZERO,
};

/// Whether two images are of the same room. Whether there are lines is not in the log.
fn is_same(one: &RoomImage, other: &RoomImage) -> bool {
    let plain = |image: &RoomImage| {
        let mut image = image.clone();
        image.state.has_lines = false;
        image
    };
    plain(one) == plain(other)
}
