//! What other nodes have stored, read and handed on in the order of each log.
//!
//! Others say how far they have written once that is safe. What is heard may be lost, late, twice, or of rooms in any order:
//! it only says up to where a log can be read. Every few seconds, and after each loss of the connection, this node looks by
//! itself how far the logs go; since what it sees then may not be safe yet, it waits for a barrier before it counts.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_channel::Receiver;
use futures_lite::future;

use super::engine::{EngineError, News, Range};
use super::{Delivery, Node};
use crate::chat::history::RoomId;
use crate::chat::room::Numbered;
use crate::limits::HEADS_POLL_EVERY;
use crate::store::StoreError;

/// Follows for as long as the node takes part.
pub(super) async fn run(node: Arc<Node>, nudged: Receiver<News>) {
    let mut follower = Follower {
        news: node.engine.news(),
        nudged,
        poll_at: node.clock.now() + HEADS_POLL_EVERY,
        node,
    };
    // What has happened before there was anybody to hear of it.
    follower.look().await;
    loop {
        follower.step().await;
    }
}

struct Follower {
    node: Arc<Node>,
    news: Receiver<News>,
    nudged: Receiver<News>,
    /// When to look by itself.
    poll_at: Instant,
}

impl Follower {
    async fn step(&mut self) {
        let due = async {
            self.node.clock.at(self.poll_at).await;
            None
        };
        let heard = future::or(self.nudged.recv(), self.news.recv());
        let heard = future::or(async { heard.await.ok() }, due).await;
        let mut must_look = match heard {
            Some(news) => self.hear(news),
            None => true,
        };
        // All that has come meanwhile is read at once.
        while let Ok(news) = self.nudged.try_recv().or_else(|_| self.news.try_recv()) {
            must_look |= self.hear(news);
        }
        if must_look {
            self.look().await;
        }
        self.read().await;
    }

    /// Notes what has happened. True if it may have been anything.
    fn hear(&self, news: News) -> bool {
        let node = &self.node;
        match news {
            News::Heads(heads) => self.note_heads(&heads),
            News::Rooms => node.deliver(Delivery::Rooms),
            News::Bans => node.deliver(Delivery::Bans),
            News::Letters(whom) if whom == node.me => node.deliver(Delivery::Letters),
            News::Letters(_) => {}
            News::Anything => {
                node.deliver(Delivery::Rooms);
                node.deliver(Delivery::Bans);
                node.deliver(Delivery::Letters);
                node.deliver(Delivery::Reconnected);
                return true;
            }
        }
        false
    }

    fn note_heads(&self, heads: &[(RoomId, u64)]) {
        let mut is_any_new = false;
        for &(room, head) in heads {
            is_any_new |= !self.node.seen.goes_to(room, head);
        }
        if is_any_new {
            self.node.deliver(Delivery::Rooms);
        }
    }

    /// Looks how far the logs go.
    async fn look(&mut self) {
        self.poll_at = self.node.clock.now() + HEADS_POLL_EVERY;
        let handed = self.node.seen.handed();
        let connection = self.node.engine.connection();
        let heads = match self.node.engine.heads().await {
            Ok(heads) => heads,
            Err(error) => return self.failed(&error),
        };
        if let Some((room, head, seen)) = handed.ahead_of(&heads) {
            let sign = format!("room {} had {seen} entries and has {head}", room.0);
            let _: StoreError = self.node.standing.refuse(sign);
            return;
        }
        let imported = match self.node.engine.imported().await {
            Ok(imported) => imported,
            Err(error) => return self.failed(&error),
        };
        if self.node.barrier_on(connection).await.is_ok() {
            self.note_heads(&heads);
            for (room, seq, last_id) in imported {
                self.node.seen.has_lines_upto(room, seq, last_id);
            }
            self.node.standing.note_sure(self.node.clock.now());
            self.read_ends(handed.closed(&heads)).await;
        }
    }

    /// Reads the ends of rooms that were closed without this node having heard of it.
    async fn read_ends(&mut self, mut rooms: Vec<Range>) {
        while !rooms.is_empty() {
            let entries = match self.node.engine.entries(rooms.clone()).await {
                Ok(entries) => entries,
                Err(error) => return self.failed(&error),
            };
            self.hand_on(&rooms, entries);
            let seen = &self.node.seen;
            let rest = rooms.into_iter().filter_map(|range| seen.rest_of(range));
            rooms = rest.collect();
        }
    }

    /// Reads what is new, of all rooms at once, and hands it on.
    async fn read(&mut self) {
        if self.node.standing.is_refusing() {
            return;
        }
        loop {
            let unread = self.node.seen.unread();
            if unread.is_empty() {
                return;
            }
            let entries = match self.node.engine.entries(unread.clone()).await {
                Ok(entries) => entries,
                Err(error) => return self.failed(&error),
            };
            self.node.counts.read.add(entries.len() as u64);
            self.hand_on(&unread, entries);
        }
    }

    /// Hands on what was read of these ranges. Where there is more than is read at once, the last rooms have to wait.
    fn hand_on(&self, ranges: &[Range], entries: Vec<(RoomId, Numbered)>) {
        let last = entries.last().map(|(room, _)| *room);
        let mut of_rooms: HashMap<RoomId, Vec<Numbered>> = HashMap::new();
        for (room, numbered) in entries {
            of_rooms.entry(room).or_default().push(numbered);
        }
        for (place, range) in ranges.iter().enumerate() {
            let room = range.room;
            let of_room = of_rooms.remove(&room).unwrap_or_default();
            // It had its turn, at the latest when nothing else was read.
            let was_read = last.map_or(place == 0, |last| room <= last);
            match of_room.first() {
                Some(first) if first.seq == range.after + 1 => {}
                None if !was_read => continue,
                // It was forgotten.
                _ => {
                    self.node.seen.close(room);
                    self.node.deliver(Delivery::LogLost(room));
                    continue;
                }
            }
            self.node.seen.note(room, &of_room);
            if of_room.iter().any(Numbered::ends_room) {
                self.node.seen.close(room);
            }
            self.node.deliver(Delivery::Entries(room, of_room));
        }
    }

    /// It is tried again soon.
    fn failed(&mut self, error: &EngineError) {
        self.node.counts.store.failures.add(1);
        tracing::debug!("cannot read what others have stored: {error}");
        let soon = self.node.clock.now() + Duration::from_millis(500);
        self.poll_at = self.poll_at.min(soon);
    }
}
