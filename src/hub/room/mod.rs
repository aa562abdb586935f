//! A room: who is in it, what was said, and the task that keeps both in one order.
//!
//! [`Room`] is plain state and knows neither channels nor clocks. [`run`] is its actor: each turn it takes all that
//! waits in its mailbox, has the room decide what comes of it, stores that in the room's log, applies what is stored,
//! publishes what members are told to the room's [`Outbox`], and wakes the members. It MUST NOT wait for a member, and
//! MUST NOT draw: connections do.

mod info;
mod log;
mod mailbox;
mod meanwhile;
mod moderation;
mod outbox;
mod protocol;
mod recent;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::future::{Future, poll_fn};
use std::panic::{self, AssertUnwindSafe};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use futures_lite::{FutureExt, future};

use self::recent::Recent;
use crate::chat::batch::Batch;
use crate::chat::room::{Closing, Entry, Fact, Moderation, Numbered, Room, Seat};
use crate::counts::Counts;

pub use info::RoomInfo;
pub use mailbox::Mailbox;
pub use outbox::{Outbox, Reader, Taken};
pub use protocol::{
    ClientEvent, ClientInbox, Ended, Joining, Membership, RoomCommand, RoomHandle, RoomInner,
};

use crate::chat::history::{RoomId, RoomSnapshot};
use crate::chat::message::{Item, MemberId, Message};
use crate::chat::request::{JoinError, PutOut};
use crate::limits::{CANDIDATES_MAX, HERE_NAMES_MAX, MISSED_LINES_MAX, WHO_NAMES_MAX};
use crate::runtime::{Clock, Timer};
use crate::store::Store;
use crate::time::Timestamp;
use crate::time::steady::Times;

/// The actor: runs `room` until its mailbox is closed and empty, and returns it. What is said is shown once
/// `store` has it. Messages have the time of the machine's clock, and all else goes by the steady one. If an owner
/// closes the room, it is closed in the store, then `ended` is called with what the owners had decided, and then the
/// members hear of it. If the actor panics, everybody is put out, and then `ended` is called: what is in the store is
/// whole, and the room can be opened again.
///
/// A block and no `async fn`, since that would keep places for the arguments beside the actor that is made of them.
pub fn run(
    room: Room,
    handle: RoomHandle,
    store: Store,
    clock: Clock,
    counts: Arc<Counts>,
    ended: impl FnOnce(RoomEnd<'_>) + Send + 'static,
) -> impl Future<Output = Room> + Send {
    let mut actor = Actor::new(room, handle, store, clock, counts, Box::new(ended));
    async move {
        let running = AssertUnwindSafe(actor.run()).catch_unwind();
        if running.await.is_err() {
            actor.fail();
        }
        actor.room
    }
}

/// How a room has ended before the server has.
#[derive(Debug)]
pub enum RoomEnd<'a> {
    /// An owner has closed it, having decided so much.
    Closed(Closing, &'a Moderation),
    /// By a fault of the server.
    Fault,
}

/// What comes to a room that has failed: who wants to come in is told.
fn refuse(command: RoomCommand) {
    if let RoomCommand::Join(joining) = command {
        joining.refuse(JoinError::Fault);
    }
}

/// A storm of lines must not leave its space behind in every room it passed through.
fn shrink(turn: &mut Vec<RoomCommand>) {
    if turn.capacity() > 64 {
        *turn = Vec::new();
    }
}

/// What hears of a room's end.
type OnEnd = Box<dyn FnOnce(RoomEnd<'_>) + Send>;

struct Actor {
    /// What to call when the room ends before the server does; `None` once it has.
    on_end: Option<OnEnd>,
    room: Room,
    handle: RoomHandle,
    /// What was in the mailbox when the turn began, and is still to be handled.
    turn: VecDeque<RoomCommand>,
    /// Something is on its way to the store or from it, and for long.
    is_waiting: bool,
    outbox: Arc<Outbox>,
    inboxes: BTreeMap<MemberId, Arc<ClientInbox>>,
    store: Store,
    clock: Clock,
    counts: Arc<Counts>,
    recent: Recent,
    /// Entries other than lines since the room was last written down as a whole.
    changes: u64,
    /// Lines said in this turn and not stored yet, and who said each.
    drafts: Vec<Entry>,
    authors: Vec<MemberId>,
    /// What members are told and was not published yet.
    pending: Vec<Item>,
    /// Facts that could not be stored yet, in their order. The log has to have them before anything is decided that
    /// depends on them.
    overdue: Vec<Fact>,
    /// When that is tried again, if nothing else happens here: those on other servers wait for it.
    retry_at: Option<Timestamp>,
    /// What is stored and could not be applied yet, since what comes before it is missing.
    behind_gap: Vec<Numbered>,
    /// Something was published since the members were last woken.
    news: bool,
    /// What the machine's clock showed when the turn began.
    wall: Timestamp,
    /// Wakes the room when members are to be told of who has come or gone.
    timer: Option<Box<(Timestamp, Timer)>>,
}

impl Actor {
    fn new(
        room: Room,
        handle: RoomHandle,
        store: Store,
        clock: Clock,
        counts: Arc<Counts>,
        on_end: OnEnd,
    ) -> Actor {
        Actor {
            on_end: Some(on_end),
            store,
            clock,
            counts,
            recent: Recent::new(room.limits().history_lines),
            changes: 0,
            drafts: Vec::new(),
            authors: Vec::new(),
            pending: Vec::new(),
            overdue: Vec::new(),
            retry_at: None,
            outbox: Outbox::new(room.limits().outbox_bytes),
            inboxes: BTreeMap::new(),
            room,
            handle,
            turn: VecDeque::new(),
            is_waiting: false,
            behind_gap: Vec::new(),
            news: false,
            wall: Timestamp(0),
            timer: None,
        }
    }

    async fn run(&mut self) {
        let mut turn = Vec::new();
        if self.store.cluster().is_some() {
            // What has come since it was looked up found nobody here.
            let _ = Box::pin(self.catch_up()).await;
            self.note_lost_members();
        }
        if !self.overdue.is_empty() {
            let time = self.clock.times().steady;
            Box::pin(self.note_overdue(time)).await;
        }
        loop {
            // What was put off while something was on its way comes first.
            if self.turn.is_empty() {
                if !self.next_turn(&mut turn).await {
                    break;
                }
                self.turn = turn.into();
            }
            let times = self.clock.times();
            self.wall = times.wall;
            while let Some(command) = self.turn.pop_front() {
                if let RoomCommand::LogLost = command {
                    // Nobody else may come into what is not to be trusted.
                    self.commit(times.steady).await;
                    return self.fail();
                }
                self.handle(command, times).await;
            }
            // Empty, and with space for the next one.
            turn = std::mem::take(&mut self.turn).into();
            self.commit(times.steady).await;
            if self.retry_at.is_some() || !self.overdue.is_empty() {
                Box::pin(self.retry(times.steady)).await;
            }
            self.room.tell_due(times.steady, &mut self.pending);
            self.publish();
            self.ring();
            shrink(&mut turn);
            // The members run before the room's next turn, so those who read keep up with any sender.
            future::yield_now().await;
        }
        if !self.overdue.is_empty() {
            let time = self.clock.times().steady;
            Box::pin(self.note_overdue(time)).await;
        }
        self.store
            .note_debt(self.handle.id, !self.overdue.is_empty());
    }

    /// Waits until there is something in the mailbox, which is moved into `turn`, or members are to be told of who has
    /// come or gone, or what is overdue may be stored by now. False once the mailbox is closed and empty.
    async fn next_turn(&mut self, turn: &mut Vec<RoomCommand>) -> bool {
        let due = [self.room.presence_due(), self.retry_at];
        let (due, clock) = (due.into_iter().flatten().min(), &self.clock);
        self.timer = due.map(|due| match self.timer.take() {
            Some(timer) if timer.0 == due => timer,
            _ => {
                let left = due.since(clock.times().steady);
                Box::new((due, clock.after(left)))
            }
        });
        poll_fn(|cx| {
            if let Poll::Ready(is_open) = self.handle.mailbox.poll_take(turn, cx) {
                return Poll::Ready(is_open);
            }
            let timer = self.timer.as_mut().map(|timer| Pin::new(&mut timer.1));
            let is_due = timer.is_some_and(|timer| timer.poll(cx).is_ready());
            if is_due {
                // The steady time may have been corrected since: then it is waited for once more.
                self.timer = None;
                return Poll::Ready(true);
            }
            Poll::Pending
        })
        .await
    }

    async fn handle(&mut self, command: RoomCommand, times: Times) {
        if let RoomCommand::Say { member, kind, text } = command {
            return self.draft(
                member,
                self.room.decide_line(member, kind, text, times.wall),
            );
        }
        let time = times.steady;
        // Whoever comes, goes or asks sees the room as it is after what was said before.
        self.commit(time).await;
        if !self.overdue.is_empty() {
            Box::pin(self.note_overdue(time)).await;
        }
        // In a box, since it would take its place in every room all along.
        Box::pin(self.change(command, time)).await;
    }

    /// Does anything but a line.
    async fn change(&mut self, command: RoomCommand, time: Timestamp) {
        match command {
            RoomCommand::Say { .. } | RoomCommand::LogLost => {}
            RoomCommand::Rename { member, name } => {
                self.note(Fact::Renamed { member, name }, time).await;
            }
            RoomCommand::Join(joining) => {
                self.recall().await;
                self.join(*joining, time).await;
            }
            RoomCommand::Leave(member, ended) => self.leave(member, ended, time).await,
            RoomCommand::Stop => self.room.suppress_presence(),
            RoomCommand::Stored(entries) => {
                self.take(entries).await;
                if !self.overdue.is_empty() {
                    self.note_overdue(time).await;
                }
            }
            RoomCommand::NodeDead(node, answer) => {
                let is_caught_up = self.catch_up().await.is_ok();
                self.note_owner(Fact::NodeDead(node), time).await;
                if is_caught_up && self.overdue.is_empty() {
                    // What asked may have been dropped.
                    let _ = answer.try_send(());
                }
            }
            RoomCommand::Reopened(moderation) => {
                self.note(Fact::Reopened(moderation), time).await;
            }
            RoomCommand::Probe(answer) => {
                // What asked may have given up.
                let _ = answer.try_send(());
            }
            RoomCommand::SetLimits(limits) => {
                self.recent.set_lines_max(limits.history_lines);
                self.outbox.set_bytes_max(limits.outbox_bytes);
                self.room.set_limits(*limits);
            }
            RoomCommand::Operate(deed, answer) => {
                let done = self.operate(&deed, time).await;
                // Who asked may have gone.
                let _ = answer.try_send(done);
            }
            RoomCommand::MayLock(member, answer) => self.may_lock(member, &answer, time),
            RoomCommand::Moderate(member, command) => self.moderate(member, &command, time).await,
            RoomCommand::SetFounder(member, account, answer) => {
                self.note_owner(Fact::Founded { member, account }, time)
                    .await;
                // What asked may have been dropped; and what could not be stored now is overdue.
                let _ = answer.try_send(());
            }
            RoomCommand::OwnerEnded(member, how) => {
                self.note_owner(Fact::OwnerEnded(member, *how), time).await;
            }
            RoomCommand::Account(member, account) => {
                self.note_owner(Fact::AccountIs(member, account), time)
                    .await;
            }
            RoomCommand::AccountDeleted(account) => {
                self.note_owner(Fact::AccountDeleted(account), time).await;
            }
            RoomCommand::EndIfIdle { visits, before } => {
                self.end_if_idle(visits, before, time).await;
            }
            RoomCommand::Who(member) => {
                let (members, more) = self.room.first_members(WHO_NAMES_MAX);
                self.tell(member, ClientEvent::Members(members, more));
            }
            RoomCommand::Names(member, prefix) => {
                let names = self.room.names_with(&prefix, CANDIDATES_MAX);
                self.tell(member, ClientEvent::Names(names));
            }
        }
    }

    /// Enters a fact into the log after which somebody else may own the room.
    async fn note_owner(&mut self, fact: Fact, time: Timestamp) {
        self.note(fact, time).await;
        self.ensure_owner(time).await;
    }

    /// Reads the last lines from before this server was started. If that fails, the next join tries again.
    async fn recall(&mut self) {
        let missing = self.recent.missing();
        if missing == 0 {
            return;
        }
        if let Ok(lines) = self.store.tail(self.handle.id, missing).await {
            self.recent.fill(lines);
        }
    }

    async fn join(&mut self, joining: Joining, time: Timestamp) {
        let request = &joining.request;
        let (member, has_account) = (request.member, request.account.is_some());
        let seat = request.seat;
        let decided = self.carry_out(time, JoinError::NotStored, |room| {
            room.decide_join(request, time)
        });
        if let Err(why) = decided.await {
            return joining.refuse(why);
        }
        if !self.room.has(member) {
            // Others have taken it out by now: they took this server for dead, or an owner was faster.
            return joining.refuse(JoinError::NotStored);
        }
        // Who joins sees nothing from before.
        self.room.tell_gone(time, &mut self.pending);
        self.publish();
        let kept = seat.filter(|seat| !self.room.has(seat.member));
        if let Some(seat) = kept {
            self.end_seat(seat);
        }
        let membership = Membership {
            room: self.handle.clone(),
            reader: self.outbox.reader(member),
        };
        let history = match kept {
            Some(seat) => self.lines_missed(seat).await,
            None => self.recent.lines(),
        };
        let snapshot = RoomSnapshot {
            here: self.room.members_for(member, HERE_NAMES_MAX),
            topic: self.room.topic().cloned(),
            join_seq: self.room.join_seq(member),
            history,
            last_id: self.handle.info.last_id(),
            unread: None,
        };
        if let Some(inbox) = joining.admit(membership, snapshot) {
            self.inboxes.insert(member, inbox);
        }
        if has_account || self.room.has_lost_owner() || !self.room.has_owner(time) {
            self.note_owner(Fact::OwnerCame(member), time).await;
        }
    }

    /// Somebody else sits there now. What was published until now is not waited for.
    fn end_seat(&mut self, seat: Seat) {
        if let Some(inbox) = self.inboxes.remove(&seat.member) {
            self.outbox.end_reader(seat.member, None);
            inbox.put(ClientEvent::Left);
        }
    }

    /// The lines that were said since those last seen from a seat, and at least those that anybody is shown.
    async fn lines_missed(&mut self, seat: Seat) -> Vec<Arc<Message>> {
        let recent = self.recent.lines();
        let missed = self.handle.info.last_id().saturating_sub(seat.seen);
        let missed = usize::try_from(missed).unwrap_or(usize::MAX);
        let missed = missed.min(MISSED_LINES_MAX);
        if missed <= recent.len() {
            return recent;
        }
        let lines = self.store.tail(self.handle.id, missed).await;
        lines.unwrap_or(recent)
    }

    async fn leave(&mut self, member: MemberId, ended: Option<Box<Ended>>, time: Timestamp) {
        let (reader, ended) = ended.map(|it| (it.reader, it.how)).unzip();
        let owned = ended.is_some() && self.room.moderation().rank(member, None).is_some();
        // It sees what was said until now.
        self.publish();
        let left = Fact::Left {
            member,
            // The server stops, and others go on.
            is_moving: self.room.is_quiet() && self.store.cluster().is_some(),
            ended,
        };
        self.note(left, time).await;
        if let Some(inbox) = self.inboxes.remove(&member)
            && reader.is_none()
        {
            self.outbox.end_reader(member, None);
            inbox.put(ClientEvent::Left);
        }
        // It is dropped here, before anything is published without it.
        drop(reader);
        if owned {
            self.ensure_owner(time).await;
        }
    }

    fn tell(&self, member: MemberId, note: ClientEvent) {
        if let Some(inbox) = self.inboxes.get(&member) {
            inbox.put(note);
        }
    }

    /// The actor has panicked, or cannot go on: what it knows is not to be trusted any more, and everybody is put out.
    fn fail(&mut self) {
        // What is stored is shown, if it can be.
        let _ = panic::catch_unwind(AssertUnwindSafe(|| self.publish()));
        self.handle.mailbox.close();
        self.store.let_go(self.handle.id);
        // Who is put out is in its log until it is taken up again.
        self.store.note_debt(self.handle.id, true);
        let put_out = Arc::new(PutOut::Fault);
        for (member, inbox) in std::mem::take(&mut self.inboxes) {
            self.outbox.end_reader(member, Some(Arc::clone(&put_out)));
            inbox.ring();
        }
        self.turn.drain(..).for_each(refuse);
        self.handle.mailbox.clear(refuse);
        if let Some(on_end) = self.on_end.take() {
            on_end(RoomEnd::Fault);
        }
    }

    /// Hands what is pending to those who are members now.
    fn publish(&mut self) {
        if !self.pending.is_empty() {
            let batch = Batch::new(std::mem::take(&mut self.pending), self.wall);
            let measured = self.measured(&batch);
            self.outbox.publish(batch, self.inboxes.len(), measured);
            self.news = true;
        }
    }

    /// The time, if it is measured how long what was stored just now takes to its readers.
    fn measured(&self, batch: &Batch) -> Option<Instant> {
        if batch.messages() == 0 || self.handle.id == RoomId::HEALTH {
            return None;
        }
        let now = self.clock.now();
        self.counts.sampler.chooses(now).then_some(now)
    }

    fn ring(&mut self) {
        if std::mem::take(&mut self.news) {
            for inbox in self.inboxes.values() {
                inbox.ring();
            }
        }
    }
}
