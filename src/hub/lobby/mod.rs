//! The lobby: which rooms there are, and who is connected.
//!
//! Requests go in with the inbox of the connection that asks, and the reply comes back through it: who is called
//! what is kept by the store's [`Register`](crate::store::Register), which may take its time.

mod accounts;
mod admin;
mod closed_rooms;
mod cluster;
mod correspondence;
mod direct;
mod following;
mod founders;
mod health_room;
mod idle;
mod ignores;
mod lost_names;
mod names;
mod opening;
mod people;
mod prefixes;
mod probe;
mod queries;
mod room_names;
mod room_passwords;
mod rooms;
mod searches;
mod seats;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use futures_lite::FutureExt;
use smol::Task;

use crate::chat::request::LobbyReply;
use crate::runtime::{Runtime, Tasks};

pub use self::accounts::Requester;
pub use self::founders::LobbyLimits;
pub use self::health_room::HealthRoom;
pub use self::queries::LobbyFigures;
pub use self::seats::KeptSeat;

use self::accounts::Accounts;
use self::admin::Administration;
use self::closed_rooms::ClosedRooms;
use self::cluster::{Far, Roster};
use self::founders::Founders;
use self::lost_names::LostNames;
use self::names::{NameChange, NameQueue};
use self::people::User;
use self::prefixes::PrefixIndex;
use self::room_names::RoomNames;
use self::searches::Searches;
use self::seats::Seats;
use crate::chat::address::Address;
use crate::chat::history::{Found, HistoryQuery, RoomId};
use crate::chat::message::MemberId;
use crate::chat::name::{Name, RoomName};
use crate::chat::people::{ClientKind, Source};
use crate::chat::request::{JoinError, Reply};
use crate::chat::room::RoomLimits;
use crate::hub::passwords::Passwords;
use crate::hub::room::{ClientEvent, ClientInbox, RoomCommand, RoomHandle};
use crate::limits::{LIST_BYTES_MAX, ROOMS_LISTED_MAX};
use crate::store::{Store, StoreError};
use crate::time::Timestamp;

/// The lobby of one server.
#[derive(Debug)]
pub struct Lobby {
    state: Arc<Mutex<State>>,
    /// For what goes on by itself.
    this: Weak<Lobby>,
    runtime: Runtime,
    /// Changes of who is called what, in order, and who waits for a name.
    names: Mutex<NameQueue>,
    /// What is asked and not answered yet.
    requests: Tasks,
    actors: Tasks,
    store: Store,
    passwords: Passwords,
    searches: Searches,
    administration: Administration,
    /// What ends idle rooms, until the server does.
    sweeper: Mutex<Option<Task<()>>>,
    /// What else runs for as long as the server does.
    running: Mutex<Vec<Task<()>>>,
    /// What there is of other servers.
    far: Option<Far>,
    started: Instant,
    /// The same as a date and time.
    since: Timestamp,
}

#[derive(Debug)]
struct State {
    people: BTreeMap<MemberId, Box<User>>,
    /// What other servers know of them.
    roster: Option<Box<Roster>>,
    /// Those who have a name.
    named: PrefixIndex<MemberId>,
    accounts: Accounts,
    /// In the order they were created.
    rooms: BTreeMap<RoomId, RoomHandle>,
    founders: Founders,
    room_names: RoomNames,
    /// Up to here the store's rooms are all there, whoever stored them.
    rooms_seen: RoomId,
    actors: BTreeMap<RoomId, Task<()>>,
    /// Rooms past `rooms_seen` that were closed: somebody may be about to open what the store had before.
    closed: BTreeSet<RoomId>,
    /// Rooms that were closed and can be opened again.
    closed_rooms: ClosedRooms,
    /// Rooms that have failed and are about to be opened again.
    failed_rooms: BTreeSet<RoomId>,
    lost_names: LostNames,
    seats: Seats,
    room_limits: RoomLimits,
    limits: LobbyLimits,
    /// The room that was probed last.
    probed: RoomId,
    stopping: bool,
}

impl Lobby {
    /// A lobby with the rooms and accounts of `store`. Rooms run on `runtime` and have `room_limits`; there can be as
    /// many as `limits` say, and for as long.
    ///
    /// # Errors
    ///
    /// If they cannot be read.
    pub async fn open(
        runtime: Runtime,
        store: Store,
        room_limits: RoomLimits,
        limits: LobbyLimits,
    ) -> Result<Arc<Lobby>, StoreError> {
        let lobby = Arc::new_cyclic(|this| Lobby {
            this: Weak::clone(this),
            names: Mutex::default(),
            state: Arc::new(Mutex::new(State::new(room_limits, limits))),
            requests: runtime.tasks(),
            actors: runtime.tasks(),
            passwords: Passwords::new(runtime.clone()),
            searches: Searches::default(),
            administration: Administration::default(),
            sweeper: Mutex::default(),
            running: Mutex::default(),
            far: store
                .cluster()
                .map(|cluster| Far::new(cluster, &runtime.clock)),
            started: runtime.clock.now(),
            since: runtime.clock.timestamp(),
            store,
            runtime,
        });
        lobby.look_for_rooms().await?;
        lobby.look_for_closed_rooms().await?;
        lobby.look_for_bans().await?;
        if lobby.far.is_none() {
            lobby.look_for_reports().await?;
            for name in lobby.store.accounts().await? {
                lobby.store.register().enter(&name);
            }
        }
        lobby.start_sweeper();
        lobby.start_following();
        lobby.start_neighbourhood();
        Ok(lobby)
    }

    /// From now on rooms have `room_limits`, those that are there too, and there can be as many as `limits` say, and for as
    /// long. Nobody is put out, and no room is closed: what is over a limit just does not grow.
    pub fn set_limits(&self, room_limits: RoomLimits, limits: LobbyLimits) {
        let mut state = self.lock();
        state.limits = limits;
        self.store.set_history_lines(room_limits.history_lines);
        if std::mem::replace(&mut state.room_limits, room_limits) == room_limits {
            return;
        }
        for room in state.rooms.values() {
            let limits = Box::new(room_limits);
            // A room that is just being closed has no use for it.
            let _ = room.mailbox.put(RoomCommand::SetLimits(limits));
        }
    }

    /// Has every connection look at what it goes by, which is another now.
    pub fn ring_all(&self) {
        for user in self.lock().people.values() {
            user.inbox.ring();
        }
    }

    /// How many there can be of what, and for how long.
    fn limits(&self) -> LobbyLimits {
        self.lock().limits
    }

    /// Enters a connection from `source`. Once the server is stopping it is told so at once.
    pub fn enter(&self, id: MemberId, source: Source, inbox: Arc<ClientInbox>) {
        let mut state = self.lock();
        if state.stopping {
            inbox.put(ClientEvent::Stop);
        }
        inbox.note_input(self.up(self.runtime.clock.now()));
        state
            .people
            .insert(id, Box::new(User::new(source, inbox, self.timestamp())));
        state.touch(id);
        drop(state);
        // It may have been banned since it was let in.
        self.eject_if(id, source.ip().and_then(|ip| self.ban_of_address(ip)));
    }

    /// Forgets a connection and frees its name. Whatever it had to tell its room must be told before, so that the
    /// room hears of it before somebody else can have the name.
    pub fn unregister(self: &Arc<Self>, id: MemberId, name: &Name) {
        let Some(gone) = self.lock().forget(id) else {
            return;
        };
        if let Some(account) = &gone.extras().account {
            self.seen(account);
        }
        self.change_name(NameChange::Free(id, name.clone()));
        // A name that was on its way to the connection.
        if gone.name != *name {
            self.change_name(NameChange::Free(id, gone.name));
        }
    }

    /// Looks into a room's history, on behalf of somebody from `address`. Answered by [`LobbyReply::History`]. It is given
    /// up if the task is dropped.
    pub fn look(
        self: &Arc<Self>,
        room: RoomId,
        look: HistoryQuery,
        address: Option<Address>,
        inbox: &Arc<ClientInbox>,
    ) -> Task<()> {
        let (lobby, asker) = (Arc::clone(self), Arc::clone(inbox));
        self.answering(inbox, async move {
            let store = &lobby.store;
            let found = match &look {
                HistoryQuery::Before(before, _) => store
                    .page_back(room, *before, look.lines())
                    .await
                    .map(Found::from),
                HistoryQuery::After(id, lines) => {
                    // One more than asked for tells whether there are more.
                    let around = store.around(room, *id, lines + 1).await;
                    around.map(|found| {
                        let after = found.into_iter().filter(|line| line.id > *id);
                        let mut after: Vec<_> = after.collect();
                        let cut_short = after.len() > *lines;
                        after.truncate(*lines);
                        Found {
                            lines: after,
                            cut_short,
                        }
                    })
                }
                HistoryQuery::For(words) => {
                    let _turn = lobby.searches.turn(address).await;
                    store.search(room, words, look.lines()).await
                }
                HistoryQuery::Around(id) => {
                    store.around(room, *id, look.lines()).await.map(Found::from)
                }
            };
            asker.reply(LobbyReply::History(look, found.ok()));
        })
    }

    /// Lists the rooms. Answered by [`LobbyReply::Rooms`].
    pub fn list(self: &Arc<Self>, inbox: &Arc<ClientInbox>) {
        self.with_all_rooms(inbox, |lobby| {
            let (rooms, more) = lobby.first_rooms();
            ClientEvent::Reply(Reply::Lobby(LobbyReply::Rooms(rooms, more)))
        });
    }

    /// The first rooms that everybody may see, in the order they were created, and how many more there are.
    fn first_rooms(&self) -> (Vec<RoomName>, usize) {
        let state = self.lock();
        let mut seen = state
            .rooms
            .values()
            .filter(|room| rooms::is_seen(room, None));
        let (mut first, mut bytes) = (Vec::new(), 0);
        while first.len() < ROOMS_LISTED_MAX
            && bytes < LIST_BYTES_MAX
            && let Some(room) = seen.next()
        {
            bytes += room.name.as_str().len();
            first.push(room.name.clone());
        }
        (first, seen.count())
    }

    /// Finds the room to join. Answered by [`ClientEvent::Found`], or by [`LobbyReply::Joined`] if there is none.
    pub fn find(self: &Arc<Self>, name: RoomName, inbox: &Arc<ClientInbox>) {
        if let Some(room) = self.room(&name) {
            return inbox.put(ClientEvent::Found(room, None));
        }
        self.with_all_rooms(inbox, |lobby| match lobby.room(&name) {
            Some(room) => ClientEvent::Found(room, None),
            None => ClientEvent::Reply(Reply::Lobby(LobbyReply::Joined(
                name,
                Err(JoinError::NoRoom),
            ))),
        });
    }

    fn room(&self, name: &RoomName) -> Option<RoomHandle> {
        let state = self.lock();
        let id = state.room_names.get(name)?;
        state.rooms.get(&id).cloned()
    }

    /// Puts `note` once the rooms that others have stored are there too. If they cannot be read, those that
    /// are known have to do.
    fn with_all_rooms(
        self: &Arc<Self>,
        inbox: &Arc<ClientInbox>,
        note: impl FnOnce(&Lobby) -> ClientEvent + Send + 'static,
    ) {
        if !self.store.is_shared() {
            return inbox.put(note(self));
        }
        let (lobby, asker) = (Arc::clone(self), Arc::clone(inbox));
        self.answer(inbox, async move {
            // The store has told the operator.
            let _ = lobby.look_for_rooms().await;
            asker.put(note(&lobby));
        });
    }

    /// Starts what answers somebody's request. If it panics, that is the answer.
    fn answer(
        &self,
        inbox: &Arc<ClientInbox>,
        answering: impl Future<Output = ()> + Send + 'static,
    ) {
        self.answering(inbox, answering).detach();
    }

    /// As [`Lobby::answer`], and it is given up if the task is dropped.
    fn answering(
        &self,
        inbox: &Arc<ClientInbox>,
        answering: impl Future<Output = ()> + Send + 'static,
    ) -> Task<()> {
        let inbox = Arc::clone(inbox);
        self.requests.spawn(async move {
            let answering = AssertUnwindSafe(answering).catch_unwind();
            if answering.await.is_err() {
                inbox.reply(Reply::Fault);
            }
        })
    }

    /// Notes where connection `id` is now; `None`: at the menu.
    pub fn moved(&self, id: MemberId, room: Option<&RoomHandle>) {
        self.with_user(id, |user| user.room = room.cloned());
    }

    /// Notes what kind of client connection `id` is, and what it calls its terminal, if it has said so just
    /// now.
    pub fn client_is(&self, id: MemberId, kind: ClientKind, terminal: Option<String>) {
        self.with_user(id, |user| user.client_is(kind, terminal));
    }

    /// When the server was started.
    pub fn started(&self) -> Instant {
        self.started
    }

    /// How long the server was up at that time.
    pub fn up(&self, at: Instant) -> Duration {
        at.saturating_duration_since(self.started)
    }

    /// Notes that connection `id` is away. Answered by [`LobbyReply::Away`].
    pub fn away(&self, id: MemberId, why: String, inbox: &ClientInbox) {
        self.with_user(id, |user| user.extras_mut().away = Some(why.into()));
        inbox.reply(LobbyReply::Away);
    }

    /// Notes that connection `id` is back.
    pub fn back(&self, id: MemberId) {
        let mut state = self.lock();
        if let Some(user) = state.people.get_mut(&id)
            && user.extras().away.is_some()
        {
            user.extras_mut().away = None;
            state.touch(id);
        }
    }

    /// Tells every connection, and every later one, that the server is stopping.
    pub fn stop(&self) {
        let mut state = self.lock();
        state.stopping = true;
        // The rooms first: nobody is to read of others leaving before the server's own words.
        for room in state.rooms.values() {
            // A room that is just being closed tells nothing of it anyway.
            let _ = room.mailbox.put(RoomCommand::Stop);
        }
        for user in state.people.values() {
            user.inbox.put(ClientEvent::Stop);
        }
    }

    /// Ends all rooms, once they have done what waits for them, and then the store.
    pub async fn close_rooms(self: &Arc<Self>) {
        self.store.hurry();
        let sweeper = self.take_sweeper();
        if let Some(sweeper) = sweeper {
            sweeper.cancel().await;
        }
        // Somebody may be about to open a room.
        self.requests.idle().await;
        let running = std::mem::take(&mut *self.lock_running());
        for task in running {
            task.cancel().await;
        }
        let (rooms, actors) = {
            let mut state = self.lock();
            state.room_names.clear();
            (
                std::mem::take(&mut state.rooms),
                std::mem::take(&mut state.actors),
            )
        };
        for room in rooms.into_values() {
            room.mailbox.close();
        }
        for actor in actors.into_values() {
            actor.await;
        }
        self.actors.idle().await;
        self.save_rest().await;
        self.tidy_bans().await;
        self.store.close().await;
    }

    /// Keeps a task until the server ends.
    fn keep_running(&self, task: Task<()>) {
        self.lock_running().push(task);
    }

    fn lock_running(&self) -> MutexGuard<'_, Vec<Task<()>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the server stops and others go on, where its users can be in a moment.
    pub fn is_moving(&self) -> bool {
        self.store.cluster().is_some() && self.lock().stopping
    }

    fn timestamp(&self) -> Timestamp {
        self.runtime.clock.timestamp()
    }

    /// The time that what ends at some time goes by.
    fn steady_time(&self) -> Timestamp {
        self.runtime.clock.times().steady
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl State {
    /// Nobody is there, and rooms have these bounds.
    fn new(room_limits: RoomLimits, limits: LobbyLimits) -> State {
        State {
            room_limits,
            limits,
            people: BTreeMap::new(),
            roster: None,
            named: PrefixIndex::default(),
            accounts: Accounts::default(),
            rooms: BTreeMap::new(),
            founders: Founders::default(),
            room_names: RoomNames::default(),
            rooms_seen: RoomId::default(),
            actors: BTreeMap::new(),
            closed: BTreeSet::new(),
            closed_rooms: ClosedRooms::default(),
            failed_rooms: BTreeSet::new(),
            lost_names: LostNames::default(),
            seats: Seats::default(),
            probed: RoomId::default(),
            stopping: false,
        }
    }

    /// Other servers are to hear what is new of a user, if there are any.
    fn touch(&mut self, id: MemberId) {
        if let Some(roster) = &mut self.roster {
            roster.touch(id);
        }
    }

    /// Takes out a user who has gone.
    fn forget(&mut self, id: MemberId) -> Option<Box<User>> {
        let gone = self.people.remove(&id)?;
        self.named.remove(gone.name.as_str(), id);
        if let Some(roster) = &mut self.roster {
            roster.remove(id);
        }
        Some(gone)
    }

    /// A user is called `name` from now on.
    fn call(&mut self, id: MemberId, name: &Name) -> Option<&mut User> {
        let user = self.people.get_mut(&id)?;
        self.named.remove(user.name.as_str(), id);
        if !name.is_anon() {
            self.named.insert(name.as_str(), id);
        }
        user.name = name.clone();
        if let Some(roster) = &mut self.roster {
            roster.touch(id);
        }
        Some(user)
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
