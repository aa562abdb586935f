//! What a node stores: one write at a time, of all that waits when it begins.
//!
//! A write whose answer was lost is *in doubt*: it is settled what has become of it before anything else is written, and
//! until then nobody is told that it was not stored. What waits behind it is given up after [`UNSENT_AFTER`], since of that
//! nothing can have been stored.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use async_channel::{Receiver, Sender};
use futures_lite::future;

use super::engine::{Answer, EngineError, News, Part, PartOutcome, Write};
use super::standing::Concern;
use super::{Delivery, NewNode, Node};
use crate::chat::room::Entry;
use crate::limits::{
    STORE_COMMIT_LINES_MAX, UNSENT_AFTER, WRITE_BYTES_MAX, WRITE_ROOMS_MAX, WRITER_LOOK_EVERY,
};
use crate::store::StoreError;

/// Something for the writer.
#[derive(Debug)]
pub(super) enum Job {
    /// To be stored.
    Append(Append),
    /// The others take this node for dead: it has to take part again.
    Rejoin,
}

/// Something to be stored, and who waits for it.
#[derive(Debug)]
pub(super) struct Append {
    part: Part,
    since: Instant,
    answer: Sender<Result<PartOutcome, StoreError>>,
    /// The database has refused a write with it. By itself it harms nobody else.
    goes_alone: bool,
}

impl Job {
    pub(super) fn append(
        part: Part,
        since: Instant,
        answer: Sender<Result<PartOutcome, StoreError>>,
    ) -> Job {
        Job::Append(Append {
            part,
            since,
            answer,
            goes_alone: false,
        })
    }
}

impl Append {
    fn answer(self, outcome: Result<PartOutcome, StoreError>) {
        // Who asked may be gone.
        let _ = self.answer.try_send(outcome);
    }

    fn bytes(&self) -> usize {
        let entries = self.part.entries.iter();
        let lines = entries.filter_map(|entry| match entry {
            Entry::Said(message) => Some(message.text_bytes()),
            _ => None,
        });
        lines.sum()
    }
}

struct Writer {
    node: Arc<Node>,
    jobs: Receiver<Job>,
    waiting: VecDeque<Append>,
    must_rejoin: bool,
    /// The number of the last write that was done, or is known not to have been.
    last: u64,
}

/// Writes until nobody asks any more and nothing waits.
pub(super) async fn run(node: Arc<Node>, jobs: Receiver<Job>) {
    let mut writer = Writer {
        node,
        jobs,
        waiting: VecDeque::new(),
        must_rejoin: false,
        last: 0,
    };
    while writer.next().await {
        writer.node.standing.set_writing(true);
        if writer.must_rejoin {
            writer.rejoin().await;
        } else {
            writer.write().await;
        }
        let is_writing = writer.must_rejoin || !writer.waiting.is_empty();
        writer.node.standing.set_writing(is_writing);
    }
}

impl Writer {
    /// Waits until there is something to do; false if there never will be.
    async fn next(&mut self) -> bool {
        self.collect();
        if self.waiting.is_empty() && !self.must_rejoin {
            match self.jobs.recv().await {
                Ok(job) => self.take(job),
                Err(_) => return false,
            }
            self.collect();
        }
        true
    }

    fn take(&mut self, job: Job) {
        match job {
            Job::Append(append) => self.waiting.push_back(append),
            Job::Rejoin => self.must_rejoin |= self.node.standing.is_fenced(),
        }
    }

    fn collect(&mut self) {
        while let Ok(job) = self.jobs.try_recv() {
            self.take(job);
        }
    }

    /// Gives up what has waited for too long.
    fn expire(&mut self) {
        let now = self.node.clock.now();
        let is_old = |it: &Append| now.saturating_duration_since(it.since) >= UNSENT_AFTER;
        // In the order in which they came, but for those that were given back.
        let (old, young): (Vec<_>, Vec<_>) = self.waiting.drain(..).partition(|it| is_old(it));
        self.waiting = young.into();
        for append in old {
            append.answer(Err(StoreError::Unavailable));
        }
    }

    /// What goes into the next write: each room once.
    fn batch(&mut self) -> Vec<Append> {
        let (mut rooms, mut lines, mut bytes) = (HashSet::new(), 0, 0);
        let mut batch: Vec<Append> = Vec::new();
        let mut rest = VecDeque::new();
        let mut is_full = false;
        while let Some(append) = self.waiting.pop_front() {
            let is_free = batch.is_empty() || !is_full && !append.goes_alone;
            if !is_free || !rooms.insert(append.part.room) {
                rest.push_back(append);
                continue;
            }
            lines += append.part.entries.len();
            bytes += append.bytes();
            is_full = append.goes_alone
                || lines >= STORE_COMMIT_LINES_MAX
                || bytes >= WRITE_BYTES_MAX
                || rooms.len() >= WRITE_ROOMS_MAX;
            batch.push(append);
        }
        self.waiting = rest;
        batch
    }

    async fn write(&mut self) {
        let batch = self.batch();
        let number = self.last + 1;
        let parts = batch.iter().map(|append| append.part.clone()).collect();
        let begun = self.node.clock.now();
        let node = Arc::clone(&self.node);
        let call = node.engine.append(node.me, Write { number, parts });
        match self.watch(call, begun).await {
            Ok(outcomes) => {
                node.counts
                    .store
                    .commits
                    .observe(node.clock.now().saturating_duration_since(begun));
                self.done(number, batch, outcomes);
            }
            Err(EngineError::Doubt(why)) => {
                node.counts.doubts.add(1);
                tracing::warn!("it is in doubt whether the last lines are stored: {why}");
                let entries = batch.iter().map(|append| append.part.entries.len());
                node.counts.set_in_doubt(entries.sum());
                self.settle(number, batch, begun).await;
                node.counts.set_in_doubt(0);
            }
            Err(EngineError::Away(why)) => {
                self.note_away(begun, &why);
                self.give_back(batch);
                let mut wait = Node::first_wait();
                node.wait_to_retry(&mut wait).await;
                self.collect();
                self.expire();
            }
            Err(EngineError::Fenced) => {
                self.give_back(batch);
                self.fenced();
            }
            Err(EngineError::Refused(why)) => {
                node.counts.store.failures.add(batch.len() as u64);
                if batch.len() == 1 {
                    tracing::error!("the database refuses what is to be stored: {why}");
                    for append in batch {
                        append.answer(Err(why.clone()));
                    }
                } else {
                    let alone = batch.into_iter().map(|append| Append {
                        goes_alone: true,
                        ..append
                    });
                    self.give_back(alone.collect());
                }
            }
        }
    }

    /// Waits for an answer, and gives up meanwhile what has waited for too long.
    async fn watch<T>(
        &mut self,
        mut call: Answer<'_, T>,
        begun: Instant,
    ) -> Result<T, EngineError> {
        loop {
            let clock = self.node.clock.clone();
            let look = async {
                clock.after(WRITER_LOOK_EVERY).await;
                None
            };
            if let Some(answer) = future::or(async { Some((&mut call).await) }, look).await {
                return answer;
            }
            if clock.now().saturating_duration_since(begun) >= UNSENT_AFTER {
                self.note_away(begun, "it takes long");
            }
            self.collect();
            self.expire();
        }
    }

    /// Finds out what has become of a write.
    async fn settle(&mut self, number: u64, batch: Vec<Append>, begun: Instant) {
        let node = Arc::clone(&self.node);
        let mut wait = Node::first_wait();
        loop {
            let call = node.engine.settle(node.me, number);
            match self.watch(call, begun).await {
                Ok(Some(outcomes)) => {
                    node.counts.doubts_stored.add(1);
                    return self.done(number, batch, outcomes);
                }
                Ok(None) => {
                    self.last = number;
                    self.note_answer();
                    self.give_back(batch);
                    return self.expire();
                }
                // Its disk may be full: it can be found out once it is not. Without that no write comes next.
                Err(EngineError::Refused(why)) => self.note_away(begun, &why.to_string()),
                Err(EngineError::Fenced) => {
                    self.node.standing.note_fenced(true);
                    self.must_rejoin = true;
                }
                Err(EngineError::Away(why) | EngineError::Doubt(why)) => {
                    self.note_away(begun, &why);
                }
            }
            if self.has_no_time(begun) {
                // The authors have gone with the server.
                self.last = number;
                return;
            }
            node.wait_to_retry(&mut wait).await;
            self.collect();
            self.expire();
        }
    }

    /// Whether the server stops, and what is begun has taken long enough.
    fn has_no_time(&self, begun: Instant) -> bool {
        let took = self.node.clock.now().saturating_duration_since(begun);
        self.node.hurries.load(Ordering::Relaxed) && took >= UNSENT_AFTER
    }

    /// A write is stored.
    fn done(&mut self, number: u64, batch: Vec<Append>, outcomes: Vec<PartOutcome>) {
        self.last = number;
        self.note_answer();
        let mut heads = Vec::new();
        for (append, outcome) in batch.into_iter().zip(outcomes) {
            let room = append.part.room;
            if let PartOutcome::Stored { seq, id, .. } = outcome {
                let head = seq + append.part.entries.len() as u64 - 1;
                heads.push((room, head));
                self.node
                    .counts
                    .written
                    .add(append.part.entries.len() as u64);
                let lines = append.part.entries.iter();
                let lines = lines.filter(|entry| matches!(entry, Entry::Said(_)));
                let last_id = (id + lines.count() as u64).saturating_sub(1);
                // Whoever waits for it reads what came before by itself, and nobody reads it again.
                self.node.seen.hand(room, head, last_id);
            }
            let Append { part, answer, .. } = append;
            // Before the answer, so that what is in it is not copied.
            drop(part);
            let _ = answer.try_send(Ok(outcome));
        }
        if !heads.is_empty() {
            let node = Arc::clone(&self.node);
            self.node.tasks.start(async move {
                // Who does not hear of it looks by itself.
                let _ = node.engine.wake(News::Heads(heads)).await;
            });
        }
    }

    /// What was certainly not stored comes first the next time.
    fn give_back(&mut self, batch: Vec<Append>) {
        for append in batch.into_iter().rev() {
            self.waiting.push_front(append);
        }
    }

    fn fenced(&mut self) {
        self.node.standing.note_fenced(true);
        self.must_rejoin = true;
    }

    /// Takes part again under the same number, after others have taken this node for dead. What was decided before is given
    /// up: it was decided with people in rooms who are out of them.
    async fn rejoin(&mut self) {
        let node = Arc::clone(&self.node);
        node.counts.fenced.add(1);
        tracing::warn!(
            "the other nodes took this one for dead: nothing was heard of it for longer than its lease. It takes part again"
        );
        for append in self.waiting.drain(..) {
            append.answer(Err(StoreError::Unavailable));
        }
        let mut wait = Node::first_wait();
        let first = node.clock.now();
        loop {
            let call = node.engine.join(NewNode {
                number: Some(node.me),
                last_write: self.last,
                label: node.options.label.clone(),
                version: node.options.version,
                lease: node.options.lease,
            });
            let begun = node.clock.now();
            match self.watch(call, begun).await {
                Ok(_) => break,
                Err(why) => tracing::debug!("cannot take part yet: {why}"),
            }
            if self.has_no_time(first) {
                self.must_rejoin = false;
                return;
            }
            node.wait_to_retry(&mut wait).await;
            self.collect();
            self.expire();
        }
        self.must_rejoin = false;
        node.standing.note_fenced(false);
        self.note_answer();
        node.counts.rejoined.add(1);
        node.deliver(Delivery::Rejoined);
        // Whatever has happened meanwhile.
        let _ = node.nudge.try_send(News::Anything);
    }

    fn note_away(&self, since: Instant, why: &str) {
        self.node.note_away(Concern::Write, since, why);
    }

    fn note_answer(&self) {
        self.node.note_answer(Concern::Write);
    }
}
