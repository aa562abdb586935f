//! A room: who is in it, what was said, and the task that keeps both in one order.
//!
//! [`Room`] is plain state and knows neither channels nor clocks. [`run`] is its actor: each turn it takes
//! all that waits in its mailbox, applies it to the room, publishes what came of it to the room's
//! [`Outbox`], and wakes the members. It MUST NOT wait for a member, and MUST NOT draw: connections do.

pub mod care;
mod handle;
mod info;
mod mailbox;
mod orders;
mod outbox;
mod own;
pub mod rights;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::sync::Arc;

use async_channel::Sender;
use futures_lite::future;

pub use care::{Care, Guest};
pub use handle::{RoomHandle, Way};
pub use info::RoomInfo;
pub use mailbox::Mailbox;
pub use outbox::{Outbox, Reader, Taken};
pub use own::Change;

use rights::Deed;

use crate::address::Address;
use crate::inbox::{Inbox, Note};
use crate::limits::{NOTICE_MEMBERS_MAX, WHO_NAMES_MAX};
use crate::message::{Batch, Item, Kind, MemberId, Message, NewMessage, Notice, Timestamp};
use crate::name::Name;
use crate::request::{Answer, JoinError, Order, Scene};
use crate::store::Store;
use crate::topic::Topic;

/// What a room can be told.
#[derive(Debug)]
pub enum ToRoom {
    /// Let a connection in. Answered by [`Note::Seated`] or [`Note::NotSeated`].
    Join(Box<Guest>, Arc<Inbox>),
    /// A member says a line of clean text. It comes back in the transcript.
    Say {
        /// Who says it.
        member: MemberId,
        /// Whether it is said or done.
        kind: Kind,
        /// What is said.
        text: Box<str>,
    },
    /// A member has another name.
    Rename {
        /// The member.
        member: MemberId,
        /// Its new name.
        name: Name,
    },
    /// A member says what the room is about. Answered by [`Answer::TopicSet`].
    SetTopic(MemberId, Option<Topic>),
    /// A member asks who is there. Answered by [`Note::Members`].
    Who(MemberId),
    /// A member completes a name. Answered by [`Note::Names`].
    Names(MemberId),
    /// A member leaves. Answered by [`Note::Unseated`], unless it gave its reader back, as a connection
    /// does that has ended.
    Leave(MemberId, Option<Reader>),
    /// Does a member have the right to lock? If so the room says so here; if not, it answers the member as it
    /// answers [`ToRoom::Order`].
    MayLock(MemberId, Sender<()>),
    /// A member wants something done that only owners may. Answered by [`Answer::Ordered`], or by being put out
    /// of a room that ends.
    Order(MemberId, Box<Order>),
    /// The room was opened before it was known who created it.
    Founded(Box<Care>),
    /// The connection of an owner has ended.
    OwnerEnded(MemberId),
    /// Somebody who owns the room, or is in it, is logged in to this account now, or to none.
    Account(MemberId, Option<Name>),
    /// An account was deleted.
    AccountDeleted(Name),
    /// The server is stopping: say no more of who comes and goes.
    Stop,
}

impl ToRoom {
    fn text_bytes(&self) -> usize {
        match self {
            ToRoom::Say { text, .. } => text.len(),
            _ => 0,
        }
    }
}

/// A connection's place in a room.
#[derive(Debug)]
pub struct Seat {
    /// The room.
    pub room: RoomHandle,
    /// What is said from now on.
    pub reader: Reader,
}

/// The bounds of a room that an operator may choose.
#[derive(Clone, Copy, Debug)]
pub struct RoomLimits {
    /// Members; `0`: any number.
    pub members_max: usize,
    /// Last messages that who joins is shown.
    pub history_lines: usize,
    /// Bytes kept for members who have yet to take them; `0`: any number.
    pub outbox_bytes: usize,
}

/// The state of a room: plain data, changed by plain calls.
#[derive(Clone, Debug)]
pub struct Room {
    limits: RoomLimits,
    care: Care,
    members: BTreeMap<MemberId, Member>,
    /// How many have come so far.
    comings: u64,
    recent: VecDeque<Arc<Message>>,
    /// Comings and goings are not told.
    quiet: bool,
    /// Accepted and not yet handed to anybody.
    fresh: Vec<Item>,
}

#[derive(Clone, Debug)]
struct Member {
    name: Name,
    account: Option<Name>,
    address: Option<Address>,
    /// How many had come before.
    since: u64,
    /// May only read.
    is_muted: bool,
}

/// Why a line is not said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsaid {
    /// Who says it is not there.
    NotHere,
    /// Who says it may only read.
    Muted,
}

impl Room {
    /// An empty room that `care` is taken of.
    pub fn new(limits: RoomLimits, care: Care) -> Room {
        Room {
            limits,
            care,
            members: BTreeMap::new(),
            comings: 0,
            recent: VecDeque::new(),
            quiet: false,
            fresh: Vec::new(),
        }
    }

    /// Lets a guest in, or says why not. Hand out [`Room::take_fresh`] before it is reached as a member: who joins
    /// sees nothing from before, its own coming included.
    pub fn join(&mut self, guest: Guest, now: Timestamp) -> Result<(), JoinError> {
        self.judge_guest(&guest, now)?;
        if self.limits.members_max > 0 && self.members.len() >= self.limits.members_max {
            return Err(JoinError::Full(self.limits.members_max));
        }
        self.tell(Notice::Joined(guest.name.clone()));
        self.care
            .owner_came(guest.member, guest.account.as_ref(), now);
        let member = Member {
            is_muted: false,
            since: self.comings,
            name: guest.name,
            account: guest.account,
            address: guest.address,
        };
        self.comings += 1;
        self.members.insert(guest.member, member);
        self.mark_muted(Some(guest.member));
        Ok(())
    }

    /// The line that `member` says at the time `now`, to be stored, or why it is not said.
    pub fn draft(
        &self,
        member: MemberId,
        kind: Kind,
        text: Box<str>,
        now: Timestamp,
    ) -> Result<NewMessage, Unsaid> {
        let author = self.members.get(&member).ok_or(Unsaid::NotHere)?;
        if author.is_muted {
            return Err(Unsaid::Muted);
        }
        Ok(NewMessage {
            time: now,
            member,
            name: author.name.clone(),
            kind,
            text,
        })
    }

    /// Accepts a line that was said and that is stored.
    pub fn accept(&mut self, message: Arc<Message>) {
        self.remember(Arc::clone(&message));
        self.fresh.push(Item::Message(message));
    }

    /// Recalls the last lines from before this server was started.
    pub fn recall(&mut self, lines: Vec<Arc<Message>>) {
        // Lines of this time are there already, if the store failed until now.
        self.recent.clear();
        for line in lines {
            self.remember(line);
        }
    }

    fn remember(&mut self, message: Arc<Message>) {
        if self.recent.len() >= self.limits.history_lines {
            self.recent.pop_front();
        }
        if self.limits.history_lines > 0 {
            self.recent.push_back(message);
        }
    }

    /// Calls `member` by another name.
    pub fn rename(&mut self, member: MemberId, new: Name) {
        if let Some(renamed) = self.members.get_mut(&member) {
            let old = std::mem::replace(&mut renamed.name, new.clone());
            self.tell(Notice::Renamed { old, new });
            self.mark_muted(Some(member));
        }
    }

    /// Takes `member` out. Hand out [`Room::take_fresh`] before, so that it sees what was said until now.
    pub fn leave(&mut self, member: MemberId) {
        if let Some(member) = self.members.remove(&member) {
            self.tell(Notice::Left(member.name));
        }
    }

    /// It was created by the owner in `care`, who comes before whoever has come meanwhile.
    pub fn founded(&mut self, care: Care) {
        self.care.owners.splice(0..0, care.owners);
    }

    /// The connection `member` has ended.
    pub fn connection_ended(&mut self, member: MemberId, now: Timestamp) {
        self.care.connection_ended(member, now);
    }

    /// Connection `member` is logged in to `account` now, or to none.
    pub fn account_is(&mut self, member: MemberId, account: Option<Name>, now: Timestamp) {
        self.care.account_is(member, account.as_ref(), now);
        if let Some(member) = self.members.get_mut(&member) {
            member.account = account;
        }
        self.mark_muted(Some(member));
    }

    /// An account was deleted.
    pub fn account_deleted(&mut self, account: &Name) {
        self.care.account_deleted(account);
        for member in self.members.values_mut() {
            if member.account.as_ref() == Some(account) {
                member.account = None;
            }
        }
    }

    /// Tells everybody what `member` says that the room is about, however many they are.
    pub fn set_topic(&mut self, member: MemberId, topic: Option<Topic>) {
        if let Some(member) = self.members.get(&member) {
            let name = member.name.clone();
            self.fresh.push(Item::Notice(Notice::Topic { name, topic }));
        }
    }

    /// How many members there are.
    pub fn members(&self) -> usize {
        self.members.len()
    }

    /// The names of all members, in the order in which they connected.
    pub fn names(&self) -> Vec<Name> {
        let names = self.members.values().map(|member| member.name.clone());
        names.collect()
    }

    /// The first `most` members, in the order in which they connected, and how many more there are.
    pub fn first_members(&self, most: usize) -> (Vec<(MemberId, Name)>, usize) {
        let first = self.members.iter().take(most);
        let more = self.members.len().saturating_sub(most);
        let named = first.map(|(id, member)| (*id, member.name.clone()));
        (named.collect(), more)
    }

    /// The last messages, oldest first.
    pub fn history(&self) -> Vec<Arc<Message>> {
        self.recent.iter().cloned().collect()
    }

    /// What was accepted since the last call, if anything.
    pub fn take_fresh(&mut self) -> Option<Batch> {
        (!self.fresh.is_empty()).then(|| Batch::new(std::mem::take(&mut self.fresh)))
    }

    /// From now on does not tell of comings and goings.
    pub fn be_quiet(&mut self) {
        self.quiet = true;
    }

    /// Tells of a member, in a room small enough for it.
    fn tell(&mut self, notice: Notice) {
        if !self.quiet && self.members.len() <= NOTICE_MEMBERS_MAX {
            self.fresh.push(Item::Notice(notice));
        }
    }
}

/// The actor: runs `room` until its mailbox is closed and empty, and returns it. What is said is shown once
/// `store` has it. `now` tells the time. If an owner closes the room, it is taken out of the store, then
/// `closed` is called, and then the members hear of it.
pub async fn run(
    room: Room,
    handle: RoomHandle,
    store: Store,
    now: impl Fn() -> Timestamp,
    closed: impl FnOnce() + Send + 'static,
) -> Room {
    let mut actor = Actor {
        closed: Some(Box::new(closed)),
        stored_care: room.care.to_json(),
        store,
        is_recalled: false,
        authors: Vec::new(),
        drafts: Vec::new(),
        outbox: Outbox::new(room.limits.outbox_bytes),
        inboxes: BTreeMap::new(),
        room,
        handle,
        news: false,
    };
    let mut turn = Vec::new();
    while poll_fn(|cx| actor.handle.mailbox.poll_take(&mut turn, cx)).await {
        let time = now();
        for word in turn.drain(..) {
            actor.apply(word, time).await;
        }
        actor.commit().await;
        actor.publish();
        actor.ring();
        shrink(&mut turn);
        // The members run before the room's next turn, so those who read keep up with any sender.
        future::yield_now().await;
    }
    actor.room
}

/// A storm of lines must not leave its space behind in every room it passed through.
fn shrink(turn: &mut Vec<ToRoom>) {
    if turn.capacity() > 64 {
        *turn = Vec::new();
    }
}

struct Actor {
    /// What to call when the room is closed by an owner; `None` once it is.
    closed: Option<Box<dyn FnOnce() + Send>>,
    /// The room's care as the store has it.
    stored_care: String,
    room: Room,
    handle: RoomHandle,
    outbox: Arc<Outbox>,
    inboxes: BTreeMap<MemberId, Arc<Inbox>>,
    store: Store,
    /// The last lines from before this server was started are there.
    is_recalled: bool,
    /// Lines said in this turn and not stored yet, and who said each.
    drafts: Vec<NewMessage>,
    authors: Vec<MemberId>,
    /// Something was published since the members were last woken.
    news: bool,
}

impl Actor {
    async fn apply(&mut self, word: ToRoom, time: Timestamp) {
        if let ToRoom::Say { member, kind, text } = word {
            match self.room.draft(member, kind, text, time) {
                Ok(line) => {
                    self.drafts.push(line);
                    self.authors.push(member);
                }
                Err(Unsaid::Muted) => self.tell(member, Note::Muted),
                Err(Unsaid::NotHere) => {}
            }
            return;
        }
        // Whoever comes, goes or asks sees the room as it is after what was said before.
        self.commit().await;
        match word {
            ToRoom::Say { .. } => {}
            ToRoom::Rename { member, name } => self.room.rename(member, name),
            ToRoom::Join(guest, inbox) => {
                self.recall().await;
                self.join(*guest, inbox, time).await;
            }
            ToRoom::Leave(member, reader) => self.leave(member, reader, time).await,
            ToRoom::Stop => self.room.be_quiet(),
            ToRoom::MayLock(member, answer) => self.may_lock(member, &answer),
            ToRoom::Order(member, order) => self.order(member, &order, time).await,
            ToRoom::Founded(care) => {
                self.room.founded(*care);
                self.settle(time).await;
            }
            ToRoom::OwnerEnded(member) => {
                self.room.connection_ended(member, time);
                self.settle(time).await;
            }
            ToRoom::Account(member, account) => {
                self.room.account_is(member, account, time);
                self.settle(time).await;
            }
            ToRoom::AccountDeleted(account) => {
                self.room.account_deleted(&account);
                self.settle(time).await;
            }
            ToRoom::SetTopic(member, topic) => self.set_topic(member, topic).await,
            ToRoom::Who(member) => {
                let (members, more) = self.room.first_members(WHO_NAMES_MAX);
                self.tell(member, Note::Members(members, more));
            }
            ToRoom::Names(member) => self.tell(member, Note::Names(self.room.names())),
        }
    }

    /// Stores what was said. What could not be stored is not shown, and its authors are told.
    async fn commit(&mut self) {
        if self.drafts.is_empty() {
            return;
        }
        let drafts = std::mem::take(&mut self.drafts);
        match self.store.append(self.handle.id, drafts).await {
            Ok(stored) => {
                self.authors.clear();
                if let Some(last) = stored.last() {
                    self.handle.info.add_lines(stored.len() as u64, last.time);
                }
                for message in stored {
                    self.room.accept(message);
                }
            }
            Err(_) => {
                let authors = self.authors.drain(..);
                for inbox in authors.filter_map(|member| self.inboxes.get(&member)) {
                    inbox.put(Note::NotSent);
                }
            }
        }
    }

    /// Reads the last lines from before this server was started. If that fails, the next join tries again.
    async fn recall(&mut self) {
        if self.is_recalled || self.room.limits.history_lines == 0 {
            return;
        }
        let tail = self
            .store
            .tail(self.handle.id, self.room.limits.history_lines);
        if let Ok(lines) = tail.await {
            self.is_recalled = true;
            self.room.recall(lines);
        }
    }

    async fn join(&mut self, guest: Guest, inbox: Arc<Inbox>, time: Timestamp) {
        let (member, has_account) = (guest.member, guest.account.is_some());
        if self.closed.is_none() {
            let room = self.handle.name.clone();
            return inbox.put(Note::NotSeated(room, JoinError::NoRoom));
        }
        match self.room.join(guest, time) {
            Ok(()) => {
                self.handle.info.set_members(self.room.members());
                self.publish();
                let seat = Seat {
                    room: self.handle.clone(),
                    reader: self.outbox.reader(member),
                };
                let scene = Scene {
                    topic: self.handle.info.topic(),
                    history: self.room.history(),
                };
                inbox.put(Note::Seated(seat, scene));
                self.inboxes.insert(member, inbox);
                if has_account || !self.room.has_owner(time) {
                    self.settle(time).await;
                }
            }
            Err(why) => inbox.put(Note::NotSeated(self.handle.name.clone(), why)),
        }
    }

    async fn leave(&mut self, member: MemberId, reader: Option<Reader>, time: Timestamp) {
        self.publish();
        self.room.leave(member);
        self.handle.info.set_members(self.room.members());
        if let Some(inbox) = self.inboxes.remove(&member)
            && reader.is_none()
        {
            self.outbox.end_reader(member, None);
            inbox.put(Note::Unseated);
        }
        // Only a connection that has ended gives its reader back.
        let has_ended = reader.is_some();
        // It is dropped here, before anything is published without it.
        drop(reader);
        if has_ended && self.room.care.rank(member, None).is_some() {
            self.room.connection_ended(member, time);
            self.settle(time).await;
        }
    }

    /// What cannot be stored is not so.
    async fn set_topic(&mut self, member: MemberId, topic: Option<Topic>) {
        if let Err(why) = self.room.allows(member, Deed::SetTopic) {
            return self.tell(member, Note::Answer(Answer::Ordered(Err(why))));
        }
        let stored = self.store.set_topic(self.handle.id, topic.clone()).await;
        if stored.is_ok() {
            self.handle.info.set_topic(topic.clone());
            self.room.set_topic(member, topic);
            self.publish();
        }
        self.tell(member, Note::Answer(Answer::TopicSet(stored.is_ok())));
    }

    fn tell(&self, member: MemberId, note: Note) {
        if let Some(inbox) = self.inboxes.get(&member) {
            inbox.put(note);
        }
    }

    /// Hands what is fresh to those who are members now.
    fn publish(&mut self) {
        if let Some(batch) = self.room.take_fresh() {
            self.outbox.publish(batch, self.inboxes.len());
            self.news = true;
        }
    }

    fn ring(&mut self) {
        if std::mem::take(&mut self.news) {
            for inbox in self.inboxes.values() {
                inbox.ring();
            }
        }
    }
}
