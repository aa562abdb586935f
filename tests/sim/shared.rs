//! What is beneath several servers: a made-up engine, and what happens to it, to them, and to the network between.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use parlor::chat::history::RoomId;
use parlor::chat::message::{Kind, MemberId, NewMessage};
use parlor::chat::name::{Name, RoomName};
use parlor::chat::room::{At, Entry};
use parlor::runtime::{Clock, ManualClock, Runtime};
use parlor::store::Store;
use parlor::store::cluster::ClusterOptions;
use parlor::store::cluster::engine::{Log, NewNode, Nodes, Part, Write};
use parlor::time::Timestamp;
use smol::Executor;

use crate::engine::{Cut, Luck, MadeUp};
use crate::ledger::{Ledger, Purpose, Record, Source, at_once};
use crate::plan::Plan;
use crate::random::Random;
use crate::site::{Opened, Site, State};
use crate::user::ROOMS;
use crate::wire::Break;
use crate::world::{Ground, START, World};

/// How long it takes until a server that could not start is started again.
const START_RETRY: Duration = Duration::from_secs(1);

/// The circumstances of several servers.
#[derive(Clone, Debug)]
pub(crate) struct Several {
    servers: usize,
    lease: Duration,
    has_standby: bool,
    luck: Luck,
    /// How often something worse happens, in a thousand acts.
    trouble: usize,
}

impl Several {
    pub(crate) fn new(random: &mut Random) -> Several {
        let odds = random.pick(&[0, 0, 3, 20, 60]);
        let mut odd = || random.pick(&[0, 0, odds / 2, odds]);
        let (away, refused) = (odd(), odd() / 4);
        let (lost_before, lost_after, overdue) = (odd(), odd(), odd());
        let (news_lost, news_twice, news_late) = (odd() * 5, odd() * 5, odd() * 5);
        Several {
            servers: random.pick(&[2, 2, 3]),
            lease: Duration::from_secs(random.pick(&[3, 10, 10])),
            has_standby: random.below(2) == 0,
            luck: Luck {
                delay_ms: random.pick(&[0, 1, 5, 20, 200]),
                standby_ms: random.pick(&[0, 1, 10]),
                away,
                refused,
                lost_before,
                lost_after,
                overdue,
                news_lost,
                news_twice,
                news_late,
                entries_max: random.pick(&[0, 0, 3]),
            },
            trouble: random.pick(&[0, 10, 30, 60]),
        }
    }
}

/// The engine of several servers.
pub(crate) struct Shared {
    pub(crate) engine: MadeUp,
    /// What the network and the engine run on.
    pub(crate) executor: Arc<Executor<'static>>,
    several: Several,
    /// All that was begun is over by then.
    pub(crate) over_at: Duration,
}

impl Shared {
    /// An engine with a few rooms, and a ledger of what is safe there.
    fn new(
        seed: u64,
        several: Several,
        plan: &Plan,
        random: &mut Random,
        clock: &Arc<ManualClock>,
    ) -> (Shared, Ledger) {
        let executor = Arc::new(Executor::new());
        let engine = MadeUp::new(
            Clock::manual(Arc::clone(clock)),
            Arc::clone(&executor),
            Random::new(seed, 2),
            START,
            several.has_standby,
        );
        let mut ledger = Ledger::new(Safe {
            engine: engine.clone(),
            known: RefCell::default(),
        });
        fill_rooms(&engine, &mut ledger, plan.rooms_before, random);
        let shared = Shared {
            engine,
            executor,
            several,
            over_at: Duration::ZERO,
        };
        (shared, ledger)
    }

    pub(crate) fn is_fair(&self, is_fair: bool) {
        self.engine.set_luck(match is_fair {
            true => Luck::default(),
            false => self.several.luck,
        });
    }

    pub(crate) fn has_room(&self, name: &str) -> bool {
        let key = RoomName::parse(name).map(|name| name.key()).ok();
        let is_it = |name: &RoomName| Some(name.key()) == key;
        self.engine.with_safe(|data| {
            let mut rooms = data.all_rooms();
            rooms.any(|room| room.is_open && is_it(room.name))
        })
    }

    pub(crate) fn lines_kept(&self, id: RoomId) -> usize {
        self.engine.with_safe(|data| {
            let mut rooms = data.all_rooms();
            let room = rooms.find(|room| room.id == id);
            room.map_or(0, |room| room.lines.len())
        })
    }

    /// A server that is about to start.
    fn start(&self, plan: &Plan, clock: &Arc<ManualClock>) -> Site {
        let executor = Arc::new(Executor::new());
        let runtime = Runtime::simulated(Arc::clone(&executor), Arc::clone(clock));
        let link = Arc::new(self.engine.link());
        let mut site = Site::starting(&executor, runtime.clone());
        site.link = Some(link.number());
        let options = ClusterOptions {
            label: format!("server {}", link.number()),
            lease: self.several.lease,
            version: parlor::chat::room::entry::ENTRY_VERSION,
        };
        let (opened, config) = (site.opened(), plan.config.clone());
        let starting = async move {
            while !link.is_gone() {
                let joined = Store::join(link.clone(), options.clone(), &runtime).await;
                if let Ok(store) = joined
                    && let Ok(it) = Opened::new(&runtime, config.clone(), store).await
                {
                    let _ = opened.set(it);
                    return;
                }
                runtime.clock.after(START_RETRY).await;
            }
        };
        executor.spawn(starting).detach();
        site
    }
}

/// What is safe of what the engine has.
struct Safe {
    engine: MadeUp,
    /// How many lines of each room were known already.
    known: RefCell<BTreeMap<RoomId, usize>>,
}

impl Source for Safe {
    fn record(&self) -> Record {
        let mut known = self.known.borrow_mut();
        let mut record = Record::default();
        self.engine.with_safe(|data| {
            for room in data.all_rooms() {
                let known = known.entry(room.id).or_insert_with(|| {
                    record.rooms.push((room.id, room.name.to_string()));
                    0
                });
                let lines = room.lines[*known..].iter().cloned();
                record.lines.extend(lines.map(|line| (room.id, line)));
                *known = room.lines.len();
            }
        });
        record
    }

    fn is_from_afar(&self, _: &str) -> bool {
        false
    }
}

/// Stores rooms with a few lines, as from before the servers were started.
fn fill_rooms(engine: &MadeUp, ledger: &mut Ledger, rooms: usize, random: &mut Random) {
    let link = engine.link();
    let node = at_once(link.join(NewNode {
        number: None,
        last_write: 0,
        label: "long ago".to_owned(),
        version: 0,
        lease: Duration::from_secs(1),
    }));
    let node = node.expect("it may");
    let mut number = 0;
    for name in ROOMS.iter().filter(|name| **name != "Lounge").take(rooms) {
        let name = RoomName::parse(name).expect("a room name");
        let room = at_once(link.create_room(name)).expect("there is no such room");
        for _ in 0..random.below(14) {
            let text = ledger.issue(usize::MAX, Purpose::Said, "long ago");
            let line = NewMessage {
                time: Timestamp(0),
                member: MemberId::NOBODY,
                name: Name::anon(),
                kind: Kind::Message,
                text: text.into(),
            };
            number += 1;
            let part = Part {
                room,
                at: At::default(),
                entries: [Entry::said(line)].into(),
                closing: None,
                image: None,
            };
            let parts = vec![part];
            let stored = at_once(link.append(node, Write { number, parts }));
            stored.expect("the room is there");
        }
    }
    at_once(link.bury(node, node)).expect("it goes");
    ledger.collect();
}

impl World {
    /// Several servers on one engine.
    pub(crate) fn several(seed: u64, is_traced: bool) -> World {
        let mut random = Random::new(seed, 3);
        let mut plan = Plan::new(&mut random);
        (plan.stop_at, plan.die_at) = (None, None);
        let several = Several::new(&mut random);
        let clock = ManualClock::new(START);
        let (shared, ledger) = Shared::new(seed, several, &plan, &mut random, &clock);
        let sites = (0..shared.several.servers).map(|_| shared.start(&plan, &clock));
        let sites = sites.collect();
        let what = format!("{plan:?}\n{:?}", shared.several);
        let mut world = World::on(Ground::Shared(shared), ledger, sites, plan, random, clock);
        world.trace = is_traced.then(String::new);
        world.note(&what);
        // All have started before anything goes wrong.
        world.settle();
        world.fair_or_not(false);
        world
    }

    /// Something happens to the engine, to a server or to the network between, or nothing does.
    pub(crate) fn trouble(&mut self) {
        let Ground::Shared(shared) = &self.ground else {
            return;
        };
        if !self.random.in_thousand(shared.several.trouble) {
            return;
        }
        let lease_ms = shared.several.lease.as_millis() as usize;
        let site = self.random.below(self.sites.len());
        let most_ms = self.random.pick(&[200, 2000, lease_ms, 4 * lease_ms]);
        let time = Duration::from_millis(self.random.between(1, most_ms) as u64);
        match self.random.below(10) {
            0 | 1 => self.kill(site, time),
            2 | 3 => self.pause(site, time),
            4 => self.roll(site, time),
            5 => self.cut(site, time, Cut::Reset),
            6 => self.cut(site, time, Cut::Silent),
            7 => self.lose_engine(time),
            8 => self.lose_standby(time),
            _ => self.set_engines_date(),
        }
    }

    fn shared(&mut self) -> Option<&mut Shared> {
        match &mut self.ground {
            Ground::Shared(shared) => Some(shared),
            Ground::Alone(_) => None,
        }
    }

    /// Something is over after so long.
    fn lasts(&mut self, time: Duration) {
        let over_at = self.now + time;
        if let Some(shared) = self.shared() {
            shared.over_at = shared.over_at.max(over_at);
        }
    }

    fn kill(&mut self, site: usize, time: Duration) {
        if !self.sites[site].is_to_run() {
            return;
        }
        self.note(&format!(
            "server {site} is killed, another one starts in {time:?}"
        ));
        self.end_process(site);
        self.start_in(time);
    }

    /// The process of a server has ended.
    fn end_process(&mut self, site: usize) {
        for conn in 0..self.conns.len() {
            if self.conns[conn].site == site && !self.conns[conn].is_closed {
                self.break_off(conn, Break::Reset);
                self.conns[conn].is_closed = true;
            }
        }
        let link = self.sites[site].link;
        if let Some((shared, link)) = self.shared().zip(link) {
            shared.engine.hang_up(link);
        }
        // What is left of it reaches nobody.
        self.sites[site].state = State::Ended(self.sites[site].stop());
    }

    /// The processes of servers that have stopped end.
    pub(crate) fn end_processes(&mut self) {
        for site in 0..self.sites.len() {
            let it = &self.sites[site];
            match &it.state {
                State::Stopping(stopped) if stopped.load(Ordering::Relaxed) => {
                    self.note(&format!("server {site} has stopped"));
                    self.end_process(site);
                }
                State::Ended(stopped)
                    if stopped.load(Ordering::Relaxed) && !it.executor.is_empty() =>
                {
                    self.sites[site].state = State::Ended(it.stop());
                }
                _ => {}
            }
        }
    }

    /// Starts another server after so long.
    fn start_in(&mut self, time: Duration) {
        self.lasts(time);
        let at = self.now + time;
        self.queue(at, crate::world::Event::Start);
    }

    /// Starts another server.
    pub(crate) fn start(&mut self) {
        let number = self.sites.len();
        self.note(&format!("server {number} starts"));
        if let Ground::Shared(shared) = &self.ground {
            let site = shared.start(&self.plan, &self.clock);
            self.sites.push(site);
        }
    }

    fn pause(&mut self, site: usize, time: Duration) {
        if self.sites[site].is_up() {
            self.note(&format!("server {site} is paused for {time:?}"));
            let until = self.now + time;
            self.sites[site].state = State::Paused(until);
            self.lasts(time);
            self.queue(until, crate::world::Event::Wake(site));
        }
    }

    /// A server goes on.
    pub(crate) fn wake(&mut self, site: usize) {
        if matches!(self.sites[site].state, State::Paused(_)) {
            self.note(&format!("server {site} goes on"));
            self.sites[site].state = State::Up;
            for conn in self.conns.iter_mut().filter(|conn| conn.site == site) {
                conn.full_since = conn.full_since.map(|_| self.now);
            }
        }
    }

    /// A server is stopped in order, and another one is started in its place, before or after.
    fn roll(&mut self, site: usize, time: Duration) {
        if self.sites[site].is_up() {
            self.note(&format!(
                "server {site} stops, another one starts in {time:?}"
            ));
            let stopped = self.sites[site].stop();
            self.sites[site].state = State::Stopping(stopped);
            self.start_in(time);
        }
    }

    fn cut(&mut self, site: usize, time: Duration, how: Cut) {
        let link = self.sites[site].link;
        self.note(&format!("server {site} is cut off for {time:?}: {how:?}"));
        self.lasts(time);
        if let Some((shared, link)) = self.shared().zip(link) {
            shared.engine.cut(link, time, how);
        }
    }

    fn lose_engine(&mut self, time: Duration) {
        let fails_over = self.random.below(2) == 0;
        self.note(&format!(
            "the engine dies for {time:?}, fails over: {fails_over}"
        ));
        self.lasts(time);
        if let Some(shared) = self.shared() {
            shared.engine.die(time, fails_over);
        }
    }

    fn lose_standby(&mut self, time: Duration) {
        self.note(&format!("the standby is away for {time:?}"));
        self.lasts(time);
        if let Some(shared) = self.shared() {
            shared.engine.lose_standby(time);
        }
    }

    fn set_engines_date(&mut self) {
        let by_ms = self
            .random
            .pick(&[-3_600_000, -5000, 1000, 20_000, 3_600_000]);
        self.note(&format!("the engine's date is set by {by_ms} ms"));
        if let Some(shared) = self.shared() {
            shared.engine.jump(by_ms);
        }
    }
}
