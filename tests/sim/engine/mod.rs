//! A made-up engine: what nodes share, in memory, with all the luck that a network and a database can have.
//!
//! It is exact about what `parlor::store::cluster::engine` promises and unkind in everything else. Each node has a
//! [`Link`] to it. What happens to a call is decided when it is made: it takes its time, is refused, is lost on the way
//! there or back, or gets there after its caller was told that it was lost. What is done is seen by all others at once,
//! but is safe only when a standby has it; the engine may die before, and go on as the standby. All of it follows from a
//! seed.
//!
//! Tests of the library and of `tests/it` include these files, so they know nothing of the rest of the simulation.

mod data;
mod link;
mod people;
pub(crate) mod random;
mod records;
mod register;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_channel::{Receiver, Sender};
use parlor::runtime::Clock;
use parlor::store::StoreError;
use parlor::store::cluster::engine::{EngineError, News};
use parlor::time::Timestamp;
use smol::Executor;

pub(crate) use data::{Data, RoomSeen};
pub(crate) use link::Link;
use random::Random;

/// What happens to calls, and how often: in a thousand where nothing else is said.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Luck {
    /// How long one is on its way at most, there and back, in milliseconds each.
    pub(crate) delay_ms: usize,
    /// How long the standby takes at most until it has something, in milliseconds.
    pub(crate) standby_ms: usize,
    /// It is certain that nothing was done.
    pub(crate) away: usize,
    /// The engine refuses: its disk is full.
    pub(crate) refused: usize,
    /// The call does not get there.
    pub(crate) lost_before: usize,
    /// Its answer does not come back.
    pub(crate) lost_after: usize,
    /// It gets there long after its caller was told that it was lost.
    pub(crate) overdue: usize,
    /// News is lost, comes twice, or late.
    pub(crate) news_lost: usize,
    pub(crate) news_twice: usize,
    pub(crate) news_late: usize,
    /// So many entries are read at once; 0: any number.
    pub(crate) entries_max: usize,
}

/// How long a call or news that is overdue takes at most.
const OVERDUE_MS: usize = 5000;

/// The engine, as those see it who decide its fate. Cheap to clone.
#[derive(Clone)]
pub(crate) struct MadeUp(Arc<Shared>);

struct Shared {
    clock: Clock,
    executor: Arc<Executor<'static>>,
    /// When the engine was started, by either clock.
    start: (Instant, Timestamp),
    state: Mutex<State>,
}

struct State {
    random: Random,
    luck: Luck,
    data: Data,
    /// How many changes there were.
    position: u64,
    standby: Option<Standby>,
    /// Each death of the engine begins another one: what is on its way then is lost.
    term: u64,
    away_until: Option<Instant>,
    /// How far its date is off, in milliseconds.
    date_off_ms: i64,
    date_off_max_ms: i64,
    links: Vec<LinkState>,
    backup: Option<Data>,
    /// The first thing that a node has done and must not do.
    fault: Option<String>,
}

/// A copy of the data that is behind by some changes.
struct Standby {
    data: Data,
    behind: VecDeque<Change>,
    away_until: Option<Instant>,
}

type Change = Box<dyn Fn(&mut Data) + Send>;

struct LinkState {
    /// Each connection has another one.
    session: u64,
    /// It is cut until then, and says so, or not.
    cut: Option<(Instant, Cut)>,
    /// Closed when the connection is lost.
    lost: (Sender<Infallible>, Receiver<Infallible>),
    news: (Sender<News>, Receiver<News>),
    is_closed: bool,
    is_gone: bool,
}

/// How a network fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Both ends are told at once.
    Reset,
    /// Nothing comes through, and nobody is told before it is over.
    Silent,
}

/// How a call travels.
struct Trip {
    link: usize,
    term: u64,
    /// `None`: it gets there however long that takes.
    session: Option<u64>,
    there: Duration,
    back: Duration,
}

enum Fate {
    Away(&'static str),
    Refused(StoreError),
    /// Nothing comes back before the connection is lost.
    Silence,
    /// Its caller is told after so long that the connection was lost; it gets there or not.
    Lost(Duration, Option<Trip>),
    Travels(Trip),
}

impl MadeUp {
    /// An engine where it is `date`, on tasks of its own.
    pub(crate) fn new(
        clock: Clock,
        executor: Arc<Executor<'static>>,
        random: Random,
        date: Timestamp,
        has_standby: bool,
    ) -> MadeUp {
        let standby = Standby {
            data: Data::default(),
            behind: VecDeque::new(),
            away_until: None,
        };
        let state = State {
            random,
            luck: Luck::default(),
            data: Data::default(),
            position: 0,
            standby: has_standby.then_some(standby),
            term: 0,
            away_until: None,
            date_off_ms: 0,
            date_off_max_ms: 0,
            links: Vec::new(),
            backup: None,
            fault: None,
        };
        MadeUp(Arc::new(Shared {
            start: (clock.now(), date),
            clock,
            executor,
            state: Mutex::new(state),
        }))
    }

    /// Another node's way to the engine.
    pub(crate) fn link(&self) -> Link {
        let mut state = self.0.lock();
        state.links.push(LinkState {
            session: 0,
            cut: None,
            lost: async_channel::bounded(1),
            news: async_channel::unbounded(),
            is_closed: false,
            is_gone: false,
        });
        Link::new(Arc::clone(&self.0), state.links.len() - 1)
    }

    pub(crate) fn set_luck(&self, luck: Luck) {
        self.0.lock().luck = luck;
    }

    /// The engine dies, and is there again after so long: as what it was, or as its standby.
    pub(crate) fn die(&self, time: Duration, fails_over: bool) {
        let mut state = self.0.lock();
        state.term += 1;
        state.away_until = Some(self.0.clock.now() + time);
        if let Some(standby) = &mut state.standby
            && fails_over
        {
            let lost = standby.behind.len() as u64;
            standby.behind.clear();
            standby.away_until = None;
            let data = standby.data.clone();
            state.data = data;
            state.position -= lost;
        }
        for link in 0..state.links.len() {
            state.links[link].reset();
        }
        self.0.announce_after(time, None);
    }

    /// The standby gets nothing for so long, so that nothing is safe. False if there is none.
    pub(crate) fn lose_standby(&self, time: Duration) -> bool {
        let until = self.0.clock.now() + time;
        let standby = &mut self.0.lock().standby;
        standby.as_mut().is_some_and(|standby| {
            standby.away_until = Some(until);
            true
        })
    }

    /// The network between a node and the engine fails for so long.
    pub(crate) fn cut(&self, link: usize, time: Duration, how: Cut) {
        let mut state = self.0.lock();
        let link_state = &mut state.links[link];
        link_state.cut = Some((self.0.clock.now() + time, how));
        match how {
            Cut::Reset => link_state.reset(),
            Cut::Silent => link_state.session += 1,
        }
        self.0.announce_after(time, Some(link));
    }

    /// The process of a node has ended: its calls come to nothing but for those that are on their way. Whatever is left of
    /// it is refused for good, so that it ends.
    pub(crate) fn hang_up(&self, link: usize) {
        let link = &mut self.0.lock().links[link];
        link.is_gone = true;
        link.reset();
    }

    /// The date of the engine's machine is set to one that differs by so much.
    pub(crate) fn jump(&self, by_ms: i64) {
        let mut state = self.0.lock();
        state.date_off_ms += by_ms;
        state.date_off_max_ms = state.date_off_max_ms.max(state.date_off_ms);
    }

    /// The date of the engine's machine is set to the latest that it ever was: by one that was set back, leases last for
    /// longer.
    pub(crate) fn make_up(&self) {
        let mut state = self.0.lock();
        state.date_off_ms = state.date_off_max_ms;
    }

    /// The engine's date.
    pub(crate) fn now(&self) -> Timestamp {
        let state = self.0.lock();
        self.0.date(&state)
    }

    /// Makes a copy of all that there is.
    pub(crate) fn back_up(&self) {
        let mut state = self.0.lock();
        state.backup = Some(state.data.clone());
    }

    /// Puts the copy in place of what there is. False if there is none.
    pub(crate) fn restore(&self) -> bool {
        let mut state = self.0.lock();
        let Some(backup) = state.backup.clone() else {
            return false;
        };
        if let Some(standby) = &mut state.standby {
            standby.data = backup.clone();
            standby.behind.clear();
        }
        state.data = backup;
        state.term += 1;
        for link in 0..state.links.len() {
            state.links[link].reset();
        }
        self.0.announce_after(Duration::ZERO, None);
        true
    }

    /// Looks at what is safe.
    pub(crate) fn with_safe<T>(&self, look: impl FnOnce(&Data) -> T) -> T {
        let state = self.0.lock();
        let safe = state.standby.as_ref().map(|standby| &standby.data);
        look(safe.unwrap_or(&state.data))
    }

    /// The first thing that a node has done and must not do.
    pub(crate) fn fault(&self) -> Option<String> {
        self.0.lock().fault.clone()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn date(&self, state: &State) -> Timestamp {
        let (start, date) = self.start;
        let now = date.after(self.clock.now().saturating_duration_since(start));
        Timestamp(now.0 + state.date_off_ms)
    }

    async fn pass(&self, time: Duration) {
        if !time.is_zero() {
            self.clock.after(time).await;
        }
    }

    /// After so long one node, or all, are connected anew.
    fn announce_after(self: &Arc<Self>, time: Duration, link: Option<usize>) {
        let shared = Arc::clone(self);
        let task = async move {
            shared.pass(time).await;
            let now = shared.clock.now();
            let mut state = shared.lock();
            for (number, it) in state.links.iter_mut().enumerate() {
                if link.is_none_or(|link| link == number) && !it.is_cut(now) {
                    it.reset();
                    let _ = it.news.0.try_send(News::Anything);
                }
            }
        };
        self.executor.spawn(task).detach();
    }

    /// Brings news to the other nodes, as luck will have it.
    fn announce(self: &Arc<Self>, from: usize, news: &News) {
        let now = self.clock.now();
        let mut state = self.lock();
        for to in (0..state.links.len()).filter(|to| *to != from) {
            let luck = state.luck;
            let link = &state.links[to];
            if link.is_closed
                || link.is_gone
                || link.is_cut(now)
                || state.random.in_thousand(luck.news_lost)
            {
                continue;
            }
            let times = match state.random.in_thousand(luck.news_twice) {
                true => 2,
                false => 1,
            };
            for _ in 0..times {
                let delay_ms = match state.random.in_thousand(luck.news_late) {
                    true => OVERDUE_MS,
                    false => luck.delay_ms,
                };
                let delay = state.delay(delay_ms);
                if delay.is_zero() {
                    let _ = state.links[to].news.0.try_send(news.clone());
                } else {
                    self.announce_late(delay, to, state.links[to].session, news.clone());
                }
            }
        }
    }

    fn announce_late(self: &Arc<Self>, delay: Duration, to: usize, session: u64, news: News) {
        let shared = Arc::clone(self);
        let task = async move {
            shared.pass(delay).await;
            let state = shared.lock();
            let link = &state.links[to];
            if link.session == session {
                let _ = link.news.0.try_send(news);
            }
        };
        self.executor.spawn(task).detach();
    }

    /// Waits until all changes up to a place are safe.
    async fn until_safe(&self, position: u64, term: u64) -> Result<(), EngineError> {
        let mut has_waited = false;
        loop {
            let wait = {
                let now = self.clock.now();
                let mut state = self.lock();
                if state.term != term {
                    return Err(EngineError::Doubt("the engine has died".to_owned()));
                }
                let lag = state.luck.standby_ms;
                let lag = match has_waited {
                    true => Duration::ZERO,
                    false => state.delay(lag),
                };
                let Some(standby) = &mut state.standby else {
                    return Ok(());
                };
                let away = standby
                    .away_until
                    .map(|it| it.saturating_duration_since(now));
                match away.filter(|away| !away.is_zero()) {
                    Some(away) => away,
                    None if !lag.is_zero() => lag,
                    None => {
                        state.replicate(position);
                        return Ok(());
                    }
                }
            };
            self.clock.after(wait).await;
            has_waited = true;
        }
    }
}

impl State {
    /// A time of so many milliseconds at most.
    fn delay(&mut self, most_ms: usize) -> Duration {
        Duration::from_micros(self.random.below(most_ms * 1000 + 1) as u64)
    }

    /// What is going to happen to a call of a node, which may be long overdue or not.
    fn fate(&mut self, link: usize, may_be_overdue: bool, now: Instant) -> Fate {
        let luck = self.luck;
        let it = &self.links[link];
        if it.is_gone {
            return Fate::Refused(StoreError::Closed);
        }
        if it.is_closed {
            return Fate::Away("the connections were closed");
        }
        match it.cut {
            Some((until, Cut::Reset)) if now < until => return Fate::Away("there is no way"),
            Some((until, Cut::Silent)) if now < until => return Fate::Silence,
            _ => {}
        }
        if self.away_until.is_some_and(|until| now < until) {
            return Fate::Away("nobody answers");
        }
        let dice = self.random.below(1000);
        let mut below = 0;
        let mut is = |odds: usize| {
            below += odds;
            dice < below
        };
        if is(luck.away) {
            return Fate::Away("no connection is free");
        } else if is(luck.refused) {
            return Fate::Refused(StoreError::Failed("the disk is full".to_owned()));
        }
        let (is_lost, is_overdue) = (is(luck.lost_before), is(luck.overdue) && may_be_overdue);
        let is_lost_after = is(luck.lost_after);
        let mut trip = Trip {
            link,
            term: self.term,
            session: Some(self.links[link].session),
            there: self.delay(luck.delay_ms),
            back: self.delay(luck.delay_ms),
        };
        if is_lost {
            return Fate::Lost(trip.there, None);
        } else if is_overdue {
            let lost = trip.there;
            trip.session = None;
            trip.there += self.delay(OVERDUE_MS);
            return Fate::Lost(lost, Some(trip));
        } else if is_lost_after {
            return Fate::Lost(trip.there + trip.back, Some(trip));
        }
        Fate::Travels(trip)
    }

    fn is_connected(&self, trip: &Trip) -> bool {
        let session = self.links[trip.link].session;
        self.term == trip.term && trip.session.is_none_or(|own| own == session)
    }

    /// Makes a change, of which the standby hears in its turn. Nothing is changed where there is an error.
    fn change<T>(
        &mut self,
        now: Timestamp,
        change: impl Fn(&mut Data, Timestamp) -> Result<T, EngineError> + Send + 'static,
    ) -> Result<T, EngineError> {
        let done = change(&mut self.data, now)?;
        self.position += 1;
        if let Some(standby) = &mut self.standby {
            let again = move |data: &mut Data| drop(change(data, now));
            standby.behind.push_back(Box::new(again));
        }
        Ok(done)
    }

    /// The standby gets all changes up to a place.
    fn replicate(&mut self, position: u64) {
        let Some(standby) = &mut self.standby else {
            return;
        };
        let more = self.position.saturating_sub(position) as usize;
        while standby.behind.len() > more {
            if let Some(change) = standby.behind.pop_front() {
                change(&mut standby.data);
            }
        }
    }
}

impl LinkState {
    fn is_cut(&self, now: Instant) -> bool {
        self.cut.is_some_and(|(until, _)| now < until)
    }

    /// There will never be another connection.
    fn close(&mut self) {
        self.is_closed = true;
        self.reset();
    }

    /// The connection is lost, and whoever waits for an answer is told.
    fn reset(&mut self) {
        self.session += 1;
        self.lost = async_channel::bounded(1);
    }
}

impl fmt::Debug for MadeUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MadeUp")
    }
}
