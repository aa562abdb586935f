//! How what was decided gets into the room's log, and from there into the room.

use std::sync::Arc;

use super::{Actor, ClientEvent, RoomCommand};
use crate::chat::history::RoomId;
use crate::chat::message::{MemberId, Message};
use crate::chat::room::{
    Applied, Decision, Effects, Entry, Fact, Numbered, PostError, Room, RoomImage, WentHow,
};
use crate::limits::{
    ENGINE_RETRY_MAX, ENGINE_RETRY_MIN, IMAGE_EVERY, OVERDUE_RETRY, STALE_DECISIONS_MAX,
};
use crate::store::{Outcome, Proposal, StoreError};
use crate::time::Timestamp;

impl Actor {
    /// Decides something, again and again while others are faster, and gives what to reply once it is stored and
    /// applied; or why it is not: `not_stored` if the store cannot.
    pub(super) async fn carry_out<R, E>(
        &mut self,
        time: Timestamp,
        not_stored: E,
        decide: impl Fn(&Room) -> Result<Decision<R>, E>,
    ) -> Result<R, E> {
        for _ in 0..STALE_DECISIONS_MAX {
            if self.room.is_unclear() {
                break;
            }
            let decision = decide(&self.room)?;
            if decision.entries.is_empty() {
                return Ok(decision.reply);
            }
            if !self.overdue.is_empty() {
                // It would be based on a room that some have left already.
                break;
            }
            match self.append(decision.entries, time).await {
                Ok(None) => return Ok(decision.reply),
                Ok(Some(_)) => {}
                Err(_) => break,
            }
        }
        Err(not_stored)
    }

    /// Enters a fact into the log. If it cannot be stored now it is overdue: it has happened all the same.
    pub(super) async fn note(&mut self, fact: Fact, time: Timestamp) {
        // What is on its way may be what makes it worth an entry: that somebody is in the room who leaves it.
        if self.is_waiting || !self.overdue.is_empty() {
            if let Fact::Renamed { member, .. } = fact {
                // Only the last name counts, and there may be any number before.
                self.overdue.retain(|fact| !is_rename_of(fact, member));
            }
            self.overdue.push(fact);
        } else if !self.try_note(&fact, time).await {
            self.put_back(fact);
        }
    }

    /// What could not be stored is overdue, and comes before all that has become so meanwhile.
    fn put_back(&mut self, fact: Fact) {
        if let Fact::Renamed { member, .. } = fact
            && self.overdue.iter().any(|it| is_rename_of(it, member))
        {
            return;
        }
        // Who has to come in again comes first.
        let is_first = matches!(fact, Fact::Back(_));
        let before = self
            .overdue
            .iter()
            .take_while(|it| matches!(it, Fact::Back(_)));
        let place = if is_first { 0 } else { before.count() };
        self.overdue.insert(place, fact);
    }

    /// Enters what is overdue into the log, as far as it can be stored now.
    pub(super) async fn note_overdue(&mut self, time: Timestamp) {
        while !self.is_waiting && !self.overdue.is_empty() {
            let fact = self.overdue.remove(0);
            if !self.try_note(&fact, time).await {
                return self.put_back(fact);
            }
            self.ensure_owner(time).await;
        }
    }

    /// Tries again to store what is overdue, if it is time for that, and says when it is next.
    pub(super) async fn retry(&mut self, time: Timestamp) {
        if self.retry_at.is_some_and(|at| at <= time) {
            self.retry_at = None;
            self.note_overdue(time).await;
        }
        let is_due = !self.overdue.is_empty() && self.store.cluster().is_some();
        let next = self.retry_at.unwrap_or(time.after(OVERDUE_RETRY));
        self.retry_at = is_due.then_some(next);
    }

    async fn try_note(&mut self, fact: &Fact, time: Timestamp) -> bool {
        if let Fact::Back(came) = fact
            && !self.inboxes.contains_key(&came.member)
        {
            // It has left meanwhile.
            return true;
        }
        for _ in 0..STALE_DECISIONS_MAX {
            if self.must_come_back(fact) {
                return false;
            }
            let entries = self.room.decide_fact(fact, time);
            if entries.is_empty() {
                return true;
            }
            match self.append(entries, time).await {
                Ok(None) => return true,
                Ok(Some(_)) => {}
                Err(_) => return false,
            }
        }
        false
    }

    /// Whether a fact is about somebody whom others took for dead, and who has to come in again first.
    fn must_come_back(&self, fact: &Fact) -> bool {
        let (Fact::Renamed { member, .. } | Fact::AccountIs(member, _)) = fact else {
            return false;
        };
        let mut overdue = self.overdue.iter();
        overdue.any(|fact| matches!(fact, Fact::Back(came) if came.member == *member))
    }

    /// Stores entries and applies them. Gives them back if others have changed meanwhile who may do what: that is
    /// applied then, and the decision has to be made again.
    pub(super) async fn append(
        &mut self,
        entries: Vec<Entry>,
        time: Timestamp,
    ) -> Result<Option<Vec<Entry>>, StoreError> {
        let moderation = self.room.persistent_after(&entries, time);
        let proposal = Proposal {
            time,
            entries,
            moderation: moderation.map(Box::new),
            image: self.image(),
        };
        self.propose(proposal).await
    }

    async fn propose(&mut self, proposal: Proposal) -> Result<Option<Vec<Entry>>, StoreError> {
        let appended = match self.store.cluster() {
            None => {
                self.store
                    .append(self.handle.id, self.room.at(), proposal)
                    .await
            }
            Some(_) => self.append_patiently(proposal).await,
        };
        match appended {
            Ok(Outcome::Stored { before, entries }) => {
                if !before.is_empty() {
                    Box::pin(self.take(before)).await;
                }
                // Whatever happens to each line: no more steps than it must have.
                if self.put(entries) {
                    Box::pin(self.close_gap()).await;
                }
                Ok(None)
            }
            Ok(Outcome::Stale { newer, refused }) => {
                Box::pin(self.take(newer)).await;
                Ok(Some(refused))
            }
            Err(why) => {
                // What came meanwhile.
                Box::pin(self.take(Vec::new())).await;
                Err(why)
            }
        }
    }

    /// Stores what was said. What could not be stored is not shown, and its authors are told.
    pub(super) async fn commit(&mut self, time: Timestamp) {
        for _ in 0..STALE_DECISIONS_MAX {
            if self.drafts.is_empty() {
                return;
            }
            let drafts = std::mem::take(&mut self.drafts);
            match self.propose(Proposal::new(time, drafts)).await {
                Ok(None) => return self.authors.clear(),
                Ok(Some(refused)) => self.draft_again(refused, time),
                Err(_) => break,
            }
        }
        self.drafts.clear();
        let authors = self.authors.drain(..);
        for inbox in authors.filter_map(|member| self.inboxes.get(&member)) {
            inbox.put(ClientEvent::NotSent);
        }
    }

    /// Judges lines again that were judged on a room that has changed.
    fn draft_again(&mut self, refused: Vec<Entry>, time: Timestamp) {
        self.authors.clear();
        for entry in refused {
            if let Entry::Said(message) = entry {
                let Message {
                    member, kind, text, ..
                } = Arc::unwrap_or_clone(message);
                self.draft(member, self.room.decide_line(member, kind, text, time));
            }
        }
    }

    /// A line that is to be stored with the others of this turn, or why it is not said.
    pub(super) fn draft(&mut self, member: MemberId, line: Result<Entry, PostError>) {
        match line {
            Ok(line) => {
                self.drafts.push(line);
                self.authors.push(member);
            }
            Err(PostError::Muted) => self.tell(member, ClientEvent::Muted),
            // Others took this server for dead, and the member is about to come in again.
            Err(PostError::NotHere) => self.tell(member, ClientEvent::NotSent),
        }
    }

    /// Applies what is stored. If something before it is missing, that is read first.
    pub(super) async fn take(&mut self, entries: Vec<Numbered>) {
        if self.put(entries) {
            self.close_gap().await;
        }
    }

    /// Applies what is stored, but for what comes behind a gap. True if that is to be closed now.
    fn put(&mut self, mut entries: Vec<Numbered>) -> bool {
        if !self.behind_gap.is_empty() {
            entries.append(&mut self.behind_gap);
            entries.sort_by_key(|numbered| numbered.seq);
        }
        self.behind_gap = self.apply(entries);
        // While something is on its way, whoever waits for that does it.
        !self.behind_gap.is_empty() && !self.is_waiting
    }

    /// Reads what is missing and applies all of it, however long that takes: nothing can be decided on a room that has not
    /// all that is stored.
    async fn close_gap(&mut self) {
        let (store, clock) = (self.store.clone(), self.clock.clone());
        let (room, seq) = (self.handle.id, self.room.at().seq);
        let missing = async move {
            let mut wait = ENGINE_RETRY_MIN;
            loop {
                match store.since(room, seq).await {
                    Ok(missing) => break Some(missing),
                    // The server stops, and nobody is shown anything any more.
                    Err(why) if why == StoreError::Closed || store.is_hurried() => break None,
                    Err(_) => clock.after(wait).await,
                }
                wait = (wait * 2).min(ENGINE_RETRY_MAX);
            }
        };
        match self.attend(missing).await {
            None => self.behind_gap.clear(),
            Some(missing) => {
                if self.put(missing) {
                    // It was forgotten.
                    self.behind_gap.clear();
                    let _ = self.handle.mailbox.put(RoomCommand::LogLost);
                }
            }
        }
    }

    /// Whoever is in the room by its log, is connected here, and is not in it: it was put out when the room failed.
    pub(super) fn note_lost_members(&mut self) {
        let (members, _) = self.room.first_members(usize::MAX);
        let members = members.into_iter().map(|it| it.member);
        let lost =
            members.filter(|member| self.is_here(*member) && !self.inboxes.contains_key(member));
        let left = lost.map(|member| Fact::Left {
            member,
            is_moving: false,
            ended: None,
        });
        let left: Vec<Fact> = left.collect();
        self.overdue.extend(left);
    }

    /// Reads and applies what others have stored.
    pub(super) async fn catch_up(&mut self) -> Result<(), StoreError> {
        let newer = self.store.since(self.handle.id, self.room.at().seq).await?;
        self.take(newer).await;
        Ok(())
    }

    /// Gives back what comes behind a gap: nothing of it is shown before what is missing, as all see the same in the same
    /// order.
    fn apply(&mut self, entries: Vec<Numbered>) -> Vec<Numbered> {
        let (mut lines, mut own, mut last) = (0, 0, None);
        let mut behind_gap = Vec::new();
        let mut entries = entries.into_iter();
        while let Some(numbered) = entries.next() {
            if numbered.entry.takes_out() {
                self.publish();
            }
            self.look_at(&numbered.entry);
            match self.room.apply(&numbered, &mut self.pending) {
                Ok(Applied::Now) => {}
                Ok(Applied::Before) => continue,
                Ok(Applied::Ruled(effects)) => self.follow(*effects),
                Err(gap) => {
                    tracing::debug!(room = %self.handle.name, %gap, "what comes before it is read");
                    behind_gap = std::iter::once(numbered).chain(entries).collect();
                    break;
                }
            }
            match numbered.entry {
                Entry::Said(message) => {
                    lines += 1;
                    own += u64::from(self.is_here(message.member));
                    last = Some((message.id, message.time));
                    self.recent.push(message);
                }
                Entry::Came(_) | Entry::Reseated(_) | Entry::Went { .. } => {
                    if !matches!(numbered.entry, Entry::Went { .. }) {
                        self.handle.info.note_visit();
                    }
                    self.handle.info.set_members(self.room.members());
                }
                Entry::Renamed(_) | Entry::Ruled(_) | Entry::Unknown { .. } => {}
                Entry::Topic(_) => self.handle.info.set_topic(self.room.topic().cloned()),
            }
        }
        if let Some((id, time)) = last {
            self.handle.info.add_lines(lines, id, time);
            if self.handle.id != RoomId::HEALTH {
                self.counts.lines.add(own);
            }
        }
        behind_gap
    }

    /// Notes what an entry means for who is connected here, before the room applies it.
    fn look_at(&mut self, entry: &Entry) {
        match entry {
            // Others took this server for dead, and it lives.
            Entry::Went {
                member,
                how: WentHow::Dead,
            } if self.inboxes.contains_key(member) => {
                // Before whatever else is overdue: that is about somebody who is in the room.
                if let Some(came) = self.room.as_came(*member) {
                    self.overdue.insert(0, Fact::Back(Box::new(came)));
                }
            }
            // Who has the seat now is connected to another server.
            Entry::Reseated(reseated) if !self.is_here(reseated.came.member) => {
                if let Some(inbox) = self.inboxes.remove(&reseated.from) {
                    self.outbox.end_reader(reseated.from, None);
                    inbox.put(ClientEvent::Left);
                }
            }
            _ => {}
        }
        self.changes += u64::from(!matches!(entry, Entry::Said(_)));
    }

    /// Whether a connection is one of this server.
    fn is_here(&self, member: MemberId) -> bool {
        member.node() == self.store.node()
    }

    /// The room as it is, where others are to take it up from here, and have not had it for a while.
    fn image(&mut self) -> Option<Arc<RoomImage>> {
        let is_due = self.changes >= IMAGE_EVERY && self.store.cluster().is_some();
        is_due.then(|| {
            self.changes = 0;
            Arc::new(self.room.image())
        })
    }

    /// Does for those who are connected here what follows from a ruling.
    fn follow(&mut self, effects: Effects) {
        if let Some(closing) = effects.closing {
            self.close(closing);
        }
        for member in &effects.out {
            if let Some(inbox) = self.inboxes.remove(member) {
                self.outbox.end_reader(*member, effects.put_out.clone());
                inbox.put(ClientEvent::Left);
            }
        }
        self.handle.info.set_members(self.room.members());
        self.handle.info.show_moderation(self.room.moderation());
        if let Some(owner) = effects.owner {
            self.tell(owner, ClientEvent::Owns(self.handle.clone()));
        }
    }
}

fn is_rename_of(fact: &Fact, member: MemberId) -> bool {
    matches!(fact, Fact::Renamed { member: other, .. } if *other == member)
}
