//! What the made-up engine keeps: who takes part, and the rooms. Each change happens as a whole or not at all.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parlor::chat::history::{Found, HistoryCursor, RoomId, words};
use parlor::chat::message::Message;
use parlor::chat::name::RoomName;
use parlor::chat::node::NodeId;
use parlor::chat::room::{At, Closing, Entry, Numbered, RoomImage};
use parlor::store::StoreError;
use parlor::store::cluster::engine::{
    EngineError, Lines, NewNode, NodeRow, Part, PartOutcome, Range, Renewed, RoomRecord, Write,
};
use parlor::text;
use parlor::time::Timestamp;

use super::people::People;
use super::records::Records;
use super::register::Names;

/// What has become of the last write of a node that was buried can be asked for so long.
const PAST_KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// A room, for who looks at what is kept.
pub(crate) struct RoomSeen<'a> {
    pub(crate) id: RoomId,
    pub(crate) name: &'a RoomName,
    pub(crate) is_open: bool,
    pub(crate) entries: &'a [Numbered],
    pub(crate) lines: &'a [Arc<Message>],
}

type Done<T> = Result<T, EngineError>;

/// All that is kept.
#[derive(Clone, Debug, Default)]
pub(crate) struct Data {
    pub(super) nodes: BTreeMap<NodeId, Node>,
    /// Nodes that were buried, since when, and their last writes.
    past: BTreeMap<NodeId, (Timestamp, LastWrite)>,
    last_node: u32,
    barrier: u64,
    pub(super) rooms: BTreeMap<RoomId, Room>,
    last_room: u32,
    pub(super) names: Names,
    pub(super) people: People,
    pub(super) records: Records,
}

/// A node that takes part.
#[derive(Clone, Debug)]
pub(super) struct Node {
    label: String,
    version: u16,
    since: Timestamp,
    /// It is expected to be heard of until then.
    expires: Timestamp,
    undertaker: Option<NodeId>,
    last: LastWrite,
}

#[derive(Clone, Debug, Default)]
struct LastWrite {
    number: u64,
    /// `None`: it is certain that nothing has become of it.
    outcomes: Option<Vec<PartOutcome>>,
}

impl LastWrite {
    /// Nothing comes of writes up to this one that nothing has come of yet.
    fn burn(&mut self, number: u64) {
        if number > self.number {
            *self = LastWrite {
                number,
                outcomes: None,
            };
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Room {
    pub(super) name: RoomName,
    /// The entry with number `n` is at `n - 1`.
    pub(super) entries: Vec<Numbered>,
    rights: u64,
    pub(super) lines: Vec<Arc<Message>>,
    last_id: u64,
    image: Option<Arc<RoomImage>>,
    closed: Option<Closing>,
}

/// Who takes part.
impl Data {
    /// See [`Nodes::join`](parlor::store::cluster::engine::Nodes::join).
    pub(super) fn join(&mut self, node: &NewNode, now: Timestamp) -> Done<NodeId> {
        let number = match node.number {
            Some(number) => number,
            None => {
                self.last_node += 1;
                NodeId(self.last_node)
            }
        };
        let undertaker = self.nodes.get(&number).and_then(|it| it.undertaker);
        if undertaker.is_some_and(|undertaker| self.is_alive(undertaker, now)) {
            let why = "the other nodes are taking this one out of the rooms";
            return Err(EngineError::Away(why.to_owned()));
        }
        if undertaker.is_some() {
            self.bury(number, number, now);
        }
        let mut last = match self.nodes.remove(&number) {
            Some(before) => before.last,
            None => self
                .past
                .remove(&number)
                .map_or_else(LastWrite::default, |it| it.1),
        };
        last.burn(node.last_write);
        self.nodes.insert(
            number,
            Node {
                label: node.label.clone(),
                version: node.version,
                since: now,
                expires: now.after(node.lease),
                undertaker: None,
                last,
            },
        );
        Ok(number)
    }

    pub(super) fn renew(&mut self, me: NodeId, lease: Duration, now: Timestamp) -> Done<Renewed> {
        self.living(me)?.expires = now.after(lease);
        let nodes = self.nodes.iter().map(|(&node, it)| NodeRow {
            node,
            label: it.label.clone(),
            version: it.version,
            since: it.since,
            is_expired: it.expires <= now,
            undertaker: it.undertaker,
        });
        Ok(Renewed {
            now,
            nodes: nodes.collect(),
        })
    }

    pub(super) fn condemn(&mut self, me: NodeId, node: NodeId, now: Timestamp) -> Done<bool> {
        self.living(me)?;
        let may = match self.nodes.get(&node) {
            None => false,
            Some(_) if node == me => false,
            Some(it) => match it.undertaker {
                Some(other) => other == me || !self.is_alive(other, now),
                None => it.expires <= now,
            },
        };
        if may && let Some(it) = self.nodes.get_mut(&node) {
            it.undertaker = Some(me);
        }
        Ok(may)
    }

    fn is_alive(&self, node: NodeId, now: Timestamp) -> bool {
        let node = self.nodes.get(&node);
        node.is_some_and(|node| node.undertaker.is_none() && node.expires > now)
    }

    pub(super) fn bury(&mut self, me: NodeId, node: NodeId, now: Timestamp) {
        let undertaker = self.nodes.get(&node).and_then(|it| it.undertaker);
        if me != node && undertaker != Some(me) {
            return;
        }
        let is_kept = |since: Timestamp| now.since(since) <= PAST_KEPT;
        self.past.retain(|_, (since, _)| is_kept(*since));
        if let Some(gone) = self.nodes.remove(&node) {
            self.past.insert(node, (now, gone.last));
        }
        self.names.forget_node(node);
        self.people.forget_node(node);
    }

    pub(super) fn barrier(&mut self) -> u64 {
        self.barrier += 1;
        self.barrier
    }

    /// A node that nobody takes for dead.
    pub(super) fn living(&mut self, node: NodeId) -> Done<&mut Node> {
        let node = self.nodes.get_mut(&node);
        node.filter(|node| node.undertaker.is_none())
            .ok_or(EngineError::Fenced)
    }

    /// All rooms that there ever were: their names, their logs, and what was said in them.
    pub(crate) fn all_rooms(&self) -> impl Iterator<Item = RoomSeen<'_>> {
        let rooms = self.rooms.iter();
        rooms.map(|(&id, room)| RoomSeen {
            id,
            name: &room.name,
            is_open: room.is_open(),
            entries: &room.entries,
            lines: &room.lines,
        })
    }

    /// The nodes that take part, whatever is thought of them.
    pub(crate) fn node_ids(&self) -> Vec<NodeId> {
        self.nodes.keys().copied().collect()
    }
}

/// The log.
impl Data {
    /// See [`Log::append`](parlor::store::cluster::engine::Log::append).
    pub(super) fn append(
        &mut self,
        me: NodeId,
        write: &Write,
        now: Timestamp,
    ) -> Done<Vec<PartOutcome>> {
        let node = self.living(me)?;
        if node.expires <= now {
            return Err(EngineError::Away("the lease has run out".to_owned()));
        }
        if write.number != node.last.number + 1 {
            let last = node.last.number;
            let why = format!("write {} does not come after {last}", write.number);
            return Err(EngineError::Refused(StoreError::Failed(why)));
        }
        let parts = write.parts.iter();
        let outcomes: Vec<PartOutcome> = parts.map(|part| self.append_part(part, now)).collect();
        self.living(me)?.last = LastWrite {
            number: write.number,
            outcomes: Some(outcomes.clone()),
        };
        Ok(outcomes)
    }

    fn append_part(&mut self, part: &Part, now: Timestamp) -> PartOutcome {
        let Some(room) = self.rooms.get_mut(&part.room).filter(|room| room.is_open()) else {
            return PartOutcome::NoRoom;
        };
        if part.at.rights < room.rights {
            return PartOutcome::Stale {
                head: room.head().seq,
            };
        }
        let time = room.entries.last().map_or(now, |last| last.time.max(now));
        let (seq, id) = (room.head().seq + 1, room.last_id + 1);
        for entry in &*part.entries {
            room.add(entry.clone(), time);
        }
        if let Some(image) = &part.image
            && room
                .image
                .as_ref()
                .is_none_or(|old| old.at.seq < image.at.seq)
        {
            room.image = Some(Arc::clone(image));
        }
        if let Some((closing, _)) = &part.closing {
            // Its lines stay for the simulation to look at.
            room.closed = Some(*closing);
        }
        PartOutcome::Stored { seq, id, time }
    }

    pub(super) fn settle(&mut self, me: NodeId, number: u64) -> Done<Option<Vec<PartOutcome>>> {
        let last = match self.nodes.get_mut(&me) {
            Some(node) => &mut node.last,
            None => match self.past.get_mut(&me) {
                Some((_, last)) => last,
                None => return Ok(None),
            },
        };
        last.burn(number);
        if last.number != number {
            let why = format!("write {number} was not the last one");
            return Err(EngineError::Refused(StoreError::Failed(why)));
        }
        Ok(last.outcomes.clone())
    }

    pub(super) fn entries(&self, ranges: &[Range], most: usize) -> Vec<(RoomId, Numbered)> {
        let found = ranges.iter().flat_map(|range| self.range(range));
        found.take(most).collect()
    }

    pub(super) fn changes(&self, ranges: &[Range]) -> Vec<(RoomId, Numbered)> {
        let found = ranges.iter().flat_map(|range| self.range(range));
        let changes = found.filter(|(_, numbered)| !matches!(numbered.entry, Entry::Said(_)));
        changes.collect()
    }

    fn range(&self, range: &Range) -> impl Iterator<Item = (RoomId, Numbered)> {
        let entries = self.rooms.get(&range.room).map(|room| &*room.entries);
        let entries = entries.unwrap_or_default();
        let upto = entries.len().min(range.upto as usize);
        let after = upto.min(range.after as usize);
        let room = range.room;
        let entries = entries[after..upto].iter();
        entries.map(move |numbered| (room, numbered.clone()))
    }

    pub(super) fn heads(&self) -> Vec<(RoomId, u64)> {
        let open = self.open_rooms();
        open.map(|(id, room)| (id, room.head().seq)).collect()
    }

    pub(super) fn create_room(&mut self, name: &RoomName) -> Done<RoomId> {
        self.must_be_free(name)?;
        self.last_room += 1;
        let room = Room {
            name: name.clone(),
            entries: Vec::new(),
            rights: 0,
            lines: Vec::new(),
            last_id: 0,
            image: None,
            closed: None,
        };
        self.rooms.insert(RoomId(self.last_room), room);
        Ok(RoomId(self.last_room))
    }

    fn must_be_free(&self, name: &RoomName) -> Done<()> {
        let is_like = |other: &RoomName| {
            let (looks, others) = (name.looks(), other.looks());
            let looks_alike = looks.iter().zip(&others).any(|(one, other)| one == other);
            other.key() == name.key() || looks_alike
        };
        match self.open_rooms().any(|(_, room)| is_like(&room.name)) {
            true => Err(EngineError::Refused(StoreError::RoomExists)),
            false => Ok(()),
        }
    }

    fn open_rooms(&self) -> impl Iterator<Item = (RoomId, &Room)> {
        let rooms = self.rooms.iter().filter(|(_, room)| room.is_open());
        rooms.map(|(&id, room)| (id, room))
    }

    pub(super) fn rooms_after(&self, last: RoomId) -> (Vec<RoomRecord>, RoomId) {
        let newer = self.open_rooms().filter(|(id, _)| *id > last);
        let newer = newer.map(|(id, room)| room.record(id)).collect();
        (newer, RoomId(self.last_room).max(last))
    }

    pub(super) fn rooms(&self, rooms: &[RoomId]) -> Vec<RoomRecord> {
        let wanted = self.open_rooms().filter(|(id, _)| rooms.contains(id));
        wanted.map(|(id, room)| room.record(id)).collect()
    }

    pub(super) fn closed_rooms(&self, now: Timestamp) -> Vec<(RoomRecord, Closing)> {
        let rooms = self.rooms.iter();
        let closed = rooms.filter_map(|(id, room)| Some((room.record(*id), room.kept(now)?)));
        closed.collect()
    }

    pub(super) fn reopen_room(
        &mut self,
        id: RoomId,
        name: &RoomName,
        now: Timestamp,
    ) -> Done<RoomRecord> {
        let room = self.rooms.get(&id).and_then(|room| room.kept(now));
        room.ok_or(EngineError::Refused(StoreError::NoRoom))?;
        self.must_be_free(name)?;
        let room = self.rooms.get_mut(&id);
        let room = room.ok_or(EngineError::Refused(StoreError::NoRoom))?;
        room.closed = None;
        room.name = name.clone();
        Ok(room.record(id))
    }

    pub(super) fn page_back(&self, size: &Lines, before: HistoryCursor) -> Vec<Arc<Message>> {
        let is_before = |line: &Message| match before {
            HistoryCursor::Id(id) => line.id < id,
            HistoryCursor::Time(time) => line.time < time,
        };
        let lines = self.lines(size);
        let end = lines.partition_point(|line| is_before(line));
        let mut bytes = size.bytes;
        let fits = |line: &&Arc<Message>| {
            let has_space = bytes > 0;
            bytes = bytes.saturating_sub(line.text_bytes());
            has_space
        };
        let newest_first = lines[..end].iter().rev().take(size.count);
        let mut page: Vec<Arc<Message>> = newest_first.take_while(fits).cloned().collect();
        page.reverse();
        page
    }

    pub(super) fn around(&self, size: &Lines, id: u64) -> Vec<Arc<Message>> {
        let lines = self.lines(size);
        let at = lines.partition_point(|line| line.id < id);
        let after = lines.partition_point(|line| line.id <= id);
        let end = (after + size.count).min(lines.len());
        lines[at.saturating_sub(size.count)..end].to_vec()
    }

    pub(super) fn search(&self, size: &Lines, typed: &str) -> Found {
        let clean = text::clean(typed.as_bytes());
        let words: Vec<String> = words(&clean).map(text::fold).collect();
        let is_found = |line: &&Arc<Message>| {
            let text = text::fold(&line.text);
            !words.is_empty() && words.iter().all(|word| text.contains(word.as_str()))
        };
        let newest_first = self.lines(size).iter().rev();
        let found = newest_first.filter(is_found).take(size.count);
        Found {
            lines: found.cloned().collect(),
            cut_short: false,
        }
    }

    fn lines(&self, size: &Lines) -> &[Arc<Message>] {
        let room = self.rooms.get(&size.room).filter(|room| room.is_open());
        let lines = room.map(|room| &*room.lines).unwrap_or_default();
        let upto = lines.partition_point(|line| line.id <= size.upto);
        &lines[..upto]
    }

    pub(super) fn lines_ever(&self) -> u64 {
        self.rooms.values().map(|room| room.last_id).sum()
    }
}

impl Room {
    pub(super) fn is_open(&self) -> bool {
        self.closed.is_none()
    }

    fn head(&self) -> At {
        At {
            seq: self.entries.len() as u64,
            rights: self.rights,
        }
    }

    /// How it was closed, if it can still be opened again.
    fn kept(&self, now: Timestamp) -> Option<Closing> {
        let is_kept = |closing: &Closing| !closing.kept.is_nothing() && now < closing.until;
        self.closed.filter(is_kept)
    }

    fn record(&self, id: RoomId) -> RoomRecord {
        RoomRecord {
            id,
            name: self.name.clone(),
            image: self.image.as_deref().cloned(),
            head: self.head(),
            last_id: self.last_id,
            last_line: self.lines.last().map(|line| line.time),
            has_lines: !self.lines.is_empty(),
        }
    }

    fn add(&mut self, mut entry: Entry, time: Timestamp) {
        let seq = self.head().seq + 1;
        if entry.changes_rights() {
            self.rights = seq;
        }
        if let Entry::Said(message) = &mut entry {
            self.last_id += 1;
            let message = Arc::make_mut(message);
            message.id = self.last_id;
            message.time = time;
        }
        if let Entry::Said(message) = &entry {
            self.lines.push(Arc::clone(message));
        }
        self.entries.push(Numbered { seq, time, entry });
    }
}
