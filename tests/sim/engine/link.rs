//! A node's way to the made-up engine: each call is a trip there and back.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_channel::Receiver;
use futures_lite::future;
use parlor::chat::address::Address;
use parlor::chat::admin::ban::{BanTarget, ServerBan};
use parlor::chat::admin::report::Report;
use parlor::chat::history::{Found, HistoryCursor, RoomId};
use parlor::chat::key::{AccountKey, Fingerprint};
use parlor::chat::message::{MemberId, Message};
use parlor::chat::name::{Name, RoomName};
use parlor::chat::node::NodeId;
use parlor::chat::person::Person;
use parlor::chat::room::{Closing, Numbered};
use parlor::store::cluster::engine::{
    Answer, EngineError, Letter, Lines, Log, NewNode, News, Nodes, PartOutcome, People, Range,
    Records, Register, Renewed, RoomRecord, TakeName, TakenName, Write,
};
use parlor::store::{Account, AccountChange, Expiry, StoreError};
use parlor::time::Timestamp;

use super::data::Data;
use super::{Fate, Shared, State, Trip};

/// The engine, as one node knows it.
pub(crate) struct Link {
    shared: Arc<Shared>,
    number: usize,
}

/// When a change is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    /// Once the standby has it as well.
    Safe,
    /// At once.
    Done,
    /// At once, and not long after its caller was told that it was lost: nobody numbers them, so that one that is overdue
    /// would undo what was asked for since.
    Soon,
}

impl Link {
    pub(super) fn new(shared: Arc<Shared>, number: usize) -> Link {
        Link { shared, number }
    }

    /// Its number among the links of the engine.
    pub(crate) fn number(&self) -> usize {
        self.number
    }

    /// The process of the node has ended.
    pub(crate) fn is_gone(&self) -> bool {
        self.shared.lock().links[self.number].is_gone
    }

    /// Looks at what there is.
    fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Data, Timestamp) -> T + Send + 'static,
    ) -> Answer<'_, T> {
        let call = move |state: &mut State, now, _| Ok(look(&state.data, now));
        self.call(When::Done, call)
    }

    /// Changes something, as a whole or not at all.
    fn write<T: Send + 'static>(
        &self,
        when: When,
        change: impl Fn(&mut Data, Timestamp) -> Result<T, EngineError> + Send + 'static,
    ) -> Answer<'_, T> {
        self.call(when, move |state, now, _| state.change(now, change))
    }

    /// As [`Link::write`], of what cannot be refused.
    fn put<T: Send + 'static>(
        &self,
        when: When,
        change: impl Fn(&mut Data, Timestamp) -> T + Send + 'static,
    ) -> Answer<'_, T> {
        self.write(when, move |data, now| Ok(change(data, now)))
    }

    /// As [`Link::write`], of what the store refuses.
    fn store<T: Send + 'static>(
        &self,
        change: impl Fn(&mut Data) -> Result<T, StoreError> + Send + 'static,
    ) -> Answer<'_, T> {
        let change = move |data: &mut Data, _| change(data).map_err(EngineError::Refused);
        self.write(When::Safe, change)
    }

    /// Sends `call` on its way. It is told what time it is and whether anybody waits for its answer.
    fn call<T: Send + 'static>(
        &self,
        when: When,
        call: impl FnOnce(&mut State, Timestamp, bool) -> Result<T, EngineError> + Send + 'static,
    ) -> Answer<'_, T> {
        let shared = Arc::clone(&self.shared);
        let number = self.number;
        Box::pin(async move {
            let (fate, lost) = {
                let now = shared.clock.now();
                let mut state = shared.lock();
                let lost = state.links[number].lost.1.clone();
                (state.fate(number, when != When::Soon, now), lost)
            };
            let doubt = |why: &str| EngineError::Doubt(why.to_owned());
            let is_lost = async {
                let _ = lost.recv().await;
                Err(doubt("the connection was lost"))
            };
            match fate {
                Fate::Away(why) => Err(EngineError::Away(why.to_owned())),
                Fate::Refused(why) => Err(EngineError::Refused(why)),
                Fate::Silence => is_lost.await,
                Fate::Lost(told, trip) => {
                    if let Some(trip) = trip {
                        let travels = travel(Arc::clone(&shared), when, trip, None, call);
                        shared.executor.spawn(travels).detach();
                    }
                    shared.pass(told).await;
                    Err(doubt("the connection broke"))
                }
                Fate::Travels(trip) if trip.there.is_zero() => {
                    future::or(travel(shared, when, trip, Some(&Waits), call), is_lost).await
                }
                Fate::Travels(trip) => {
                    // It goes on when its caller does not wait any more.
                    let (answer, answered) = async_channel::bounded(1);
                    let executor = Arc::clone(&shared.executor);
                    let travels = async move {
                        let done = travel(shared, when, trip, Some(&answer), call).await;
                        let _ = answer.try_send(done);
                    };
                    executor.spawn(travels).detach();
                    let answered = async {
                        let answer = answered.recv().await;
                        answer.unwrap_or_else(|_| Err(doubt("the engine has died")))
                    };
                    future::or(answered, is_lost).await
                }
            }
        })
    }
}

/// Tells whether somebody waits for an answer.
trait Waiting: Send + Sync {
    fn is_there(&self) -> bool;
}

struct Waits;

impl Waiting for Waits {
    fn is_there(&self) -> bool {
        true
    }
}

impl<T: Send> Waiting for async_channel::Sender<T> {
    fn is_there(&self) -> bool {
        !self.is_closed()
    }
}

async fn travel<T: Send + 'static>(
    shared: Arc<Shared>,
    when: When,
    trip: Trip,
    caller: Option<&dyn Waiting>,
    call: impl FnOnce(&mut State, Timestamp, bool) -> Result<T, EngineError> + Send,
) -> Result<T, EngineError> {
    let doubt = || EngineError::Doubt("the connection was lost".to_owned());
    shared.pass(trip.there).await;
    let (done, position) = {
        let mut state = shared.lock();
        if !state.is_connected(&trip) {
            return Err(doubt());
        }
        let now = shared.date(&state);
        let is_waited_for = caller.is_some_and(Waiting::is_there);
        let done = call(&mut state, now, is_waited_for);
        (done, state.position)
    };
    if when == When::Safe && done.is_ok() {
        shared.until_safe(position, trip.term).await?;
    }
    shared.pass(trip.back).await;
    match shared.lock().is_connected(&trip) {
        true => done,
        false => Err(doubt()),
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link {}", self.number)
    }
}

impl Nodes for Link {
    fn join(&self, node: NewNode) -> Answer<'_, NodeId> {
        self.write(When::Safe, move |data, now| data.join(&node, now))
    }

    fn renew(&self, me: NodeId, lease: Duration) -> Answer<'_, Renewed> {
        self.write(When::Done, move |data, now| data.renew(me, lease, now))
    }

    fn condemn(&self, me: NodeId, node: NodeId) -> Answer<'_, bool> {
        self.write(When::Safe, move |data, now| data.condemn(me, node, now))
    }

    fn bury(&self, me: NodeId, node: NodeId) -> Answer<'_, ()> {
        self.put(When::Safe, move |data, now| data.bury(me, node, now))
    }

    fn barrier(&self, _: NodeId) -> Answer<'_, u64> {
        self.put(When::Safe, |data, _| data.barrier())
    }

    fn connection(&self) -> u64 {
        self.shared.lock().links[self.number].session
    }

    fn news(&self) -> Receiver<News> {
        self.shared.lock().links[self.number].news.1.clone()
    }

    fn wake(&self, news: News) -> Answer<'_, ()> {
        Box::pin(async move {
            self.read(|_, _| ()).await?;
            self.shared.announce(self.number, &news);
            Ok(())
        })
    }

    fn close(&self) -> Answer<'_, ()> {
        self.shared.lock().links[self.number].close();
        Box::pin(future::ready(Ok(())))
    }
}

impl Log for Link {
    fn append(&self, me: NodeId, write: Write) -> Answer<'_, Vec<PartOutcome>> {
        let call = move |state: &mut State, now, is_waited_for: bool| {
            let done = state.change(now, move |data, now| data.append(me, &write, now));
            if is_waited_for && let Err(EngineError::Refused(why)) = &done {
                state.fault.get_or_insert(format!("node {me}: {why}"));
            }
            done
        };
        self.call(When::Safe, call)
    }

    fn settle(&self, me: NodeId, number: u64) -> Answer<'_, Option<Vec<PartOutcome>>> {
        self.write(When::Safe, move |data, _| data.settle(me, number))
    }

    fn entries(&self, ranges: Vec<Range>) -> Answer<'_, Vec<(RoomId, Numbered)>> {
        let call = move |state: &mut State, _, _| {
            let most = match state.luck.entries_max {
                0 => usize::MAX,
                most => state.random.between(1, most),
            };
            Ok(state.data.entries(&ranges, most))
        };
        self.call(When::Done, call)
    }

    fn changes(&self, ranges: Vec<Range>) -> Answer<'_, Vec<(RoomId, Numbered)>> {
        self.read(move |data, _| data.changes(&ranges))
    }

    fn heads(&self) -> Answer<'_, Vec<(RoomId, u64)>> {
        self.read(|data, _| data.heads())
    }

    fn create_room(&self, name: RoomName) -> Answer<'_, RoomId> {
        self.write(When::Safe, move |data, _| data.create_room(&name))
    }

    fn rooms_after(&self, last: RoomId) -> Answer<'_, (Vec<RoomRecord>, RoomId)> {
        self.read(move |data, _| data.rooms_after(last))
    }

    fn rooms(&self, rooms: Vec<RoomId>) -> Answer<'_, Vec<RoomRecord>> {
        self.read(move |data, _| data.rooms(&rooms))
    }

    fn closed_rooms(&self, now: Timestamp) -> Answer<'_, Vec<(RoomRecord, Closing)>> {
        self.read(move |data, _| data.closed_rooms(now))
    }

    fn reopen_room(&self, room: RoomId, name: RoomName, now: Timestamp) -> Answer<'_, RoomRecord> {
        let reopen = move |data: &mut Data, _| data.reopen_room(room, &name, now);
        self.write(When::Safe, reopen)
    }

    fn page_back(&self, lines: Lines, before: HistoryCursor) -> Answer<'_, Vec<Arc<Message>>> {
        self.read(move |data, _| data.page_back(&lines, before))
    }

    fn around(&self, lines: Lines, id: u64) -> Answer<'_, Vec<Arc<Message>>> {
        self.read(move |data, _| data.around(&lines, id))
    }

    fn search(&self, lines: Lines, typed: String) -> Answer<'_, Found> {
        self.read(move |data, _| data.search(&lines, &typed))
    }

    fn lines_ever(&self) -> Answer<'_, u64> {
        self.read(|data, _| data.lines_ever())
    }
}

impl Register for Link {
    fn take_name(&self, take: TakeName) -> Answer<'_, TakenName> {
        self.write(When::Safe, move |data, now| data.take_name(&take, now))
    }

    fn free_name(&self, member: MemberId, old: Name, new: Option<Name>) -> Answer<'_, ()> {
        let free = move |data: &mut Data, _| data.free_name(member, &old, new.as_ref());
        self.put(When::Safe, free)
    }

    fn keep_name(
        &self,
        member: MemberId,
        name: Name,
        address: Address,
        until: Timestamp,
    ) -> Answer<'_, ()> {
        let keep = move |data: &mut Data, _| data.keep_name(member, &name, address, until);
        self.put(When::Safe, keep)
    }

    fn holder(&self, name: Name) -> Answer<'_, Option<MemberId>> {
        self.read(move |data, _| data.holder(&name))
    }

    fn holders(&self, name: Name) -> Answer<'_, Vec<MemberId>> {
        self.read(move |data, _| data.holders(&name))
    }

    fn first_free(&self, member: MemberId, names: Vec<Name>) -> Answer<'_, Option<Name>> {
        self.read(move |data, _| data.first_free(member, &names))
    }
}

impl People for Link {
    fn note_people(&self, me: NodeId, people: Vec<Person>, gone: Vec<MemberId>) -> Answer<'_, ()> {
        let note = move |data: &mut Data, _| data.note_people(me, &people, &gone);
        self.write(When::Soon, note)
    }

    fn people(&self, me: NodeId, most: usize) -> Answer<'_, (Vec<Person>, usize)> {
        self.read(move |data, _| data.people(me, most))
    }

    fn persons(&self, members: Vec<MemberId>) -> Answer<'_, Vec<Person>> {
        self.read(move |data, _| data.persons(&members))
    }

    fn names_with(&self, me: NodeId, prefix: String, most: usize) -> Answer<'_, Vec<Name>> {
        self.read(move |data, _| data.names_with(me, &prefix, most))
    }

    fn post(&self, letters: Vec<Letter>) -> Answer<'_, ()> {
        let mut to: Vec<NodeId> = letters.iter().map(|letter| letter.to).collect();
        to.sort_unstable();
        to.dedup();
        let posted = self.put(When::Done, move |data, now| data.post(&letters, now));
        Box::pin(async move {
            posted.await?;
            for node in to {
                self.shared.announce(self.number, &News::Letters(node));
            }
            Ok(())
        })
    }

    fn collect(&self, me: NodeId) -> Answer<'_, Vec<Letter>> {
        self.put(When::Done, move |data, now| data.collect(me, now))
    }
}

impl Records for Link {
    fn accounts(&self) -> Answer<'_, Vec<Name>> {
        self.read(|data, _| data.records.accounts())
    }

    fn account(&self, name: Name) -> Answer<'_, Option<Account>> {
        self.read(move |data, _| data.records.account(&name))
    }

    fn create_account(&self, account: Account) -> Answer<'_, ()> {
        self.store(move |data| data.records.create_account(&account))
    }

    fn change_accounts(&self, changes: Vec<(Name, AccountChange)>) -> Answer<'_, ()> {
        let change = move |data: &mut Data, _| data.records.change_accounts(&changes);
        self.put(When::Safe, change)
    }

    fn delete_account(&self, name: Name) -> Answer<'_, ()> {
        let delete = move |data: &mut Data, _| data.records.delete_account(&name);
        self.put(When::Safe, delete)
    }

    fn expire_account(&self, name: Name, unseen_since: Option<Timestamp>) -> Answer<'_, bool> {
        let expire = move |data: &mut Data, _| data.records.expire_account(&name, unseen_since);
        self.put(When::Safe, expire)
    }

    fn due_accounts(
        &self,
        unseen_since: Option<Timestamp>,
        most: usize,
    ) -> Answer<'_, Vec<(Name, Expiry)>> {
        self.read(move |data, _| data.records.due_accounts(unseen_since, most))
    }

    fn key_owner(&self, key: Fingerprint) -> Answer<'_, Option<Name>> {
        self.read(move |data, _| data.records.key_owner(key))
    }

    fn keys(&self, account: Name) -> Answer<'_, Vec<AccountKey>> {
        self.read(move |data, _| data.records.keys(&account))
    }

    fn add_key(&self, account: Name, key: AccountKey) -> Answer<'_, ()> {
        self.store(move |data| data.records.add_key(&account, key))
    }

    fn remove_key(&self, account: Name, key: Fingerprint) -> Answer<'_, ()> {
        self.store(move |data| data.records.remove_key(&account, key))
    }

    fn bans(&self) -> Answer<'_, Vec<ServerBan>> {
        self.read(|data, _| data.records.bans())
    }

    fn save_ban(&self, ban: Arc<ServerBan>) -> Answer<'_, ()> {
        let hits = ban.hits();
        let save = move |data: &mut Data, _| data.records.save_ban(&ban, hits);
        self.put(When::Safe, save)
    }

    fn delete_bans(&self, targets: Vec<BanTarget>) -> Answer<'_, ()> {
        let delete = move |data: &mut Data, _| data.records.delete_bans(&targets);
        self.put(When::Safe, delete)
    }

    fn add_hits(&self, hits: Vec<(BanTarget, u64)>) -> Answer<'_, ()> {
        self.put(When::Safe, move |data, _| data.records.add_hits(&hits))
    }

    fn reports(&self) -> Answer<'_, Vec<Report>> {
        self.read(|data, _| data.records.reports())
    }

    fn save_report(&self, report: Report, gone: Vec<u64>) -> Answer<'_, u64> {
        let save = move |data: &mut Data, _| data.records.save_report(&report, &gone);
        self.put(When::Safe, save)
    }
}
