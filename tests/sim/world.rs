//! The world of one run: the clock, the network, the server, and what is going to happen.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hasher};
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use parlor::limits::{STUCK_AFTER, TAKEN_BYTES_MIN};
use parlor::net::socket::{Peer, Socket};
use parlor::runtime::{ManualClock, Runtime};
use parlor::time::Timestamp;

use crate::alone::Alone;
use crate::ledger::Ledger;
use crate::plan::Plan;
use crate::random::Random;
use crate::shared::Shared;
use crate::site::Site;
use crate::user::{Action, Client, Hand, act};
use crate::view::View;
use crate::wire::{Break, Touched, Wire};

/// Noon of a day on which nothing happens with the zones.
pub(crate) const START: Timestamp = Timestamp(1_795_348_800_000);

/// Turns of tasks after which somebody ought to have come to rest.
const TURNS_MAX: usize = 100_000;

/// One client's connection.
#[derive(Debug)]
pub(crate) struct Conn {
    /// The server that it is to.
    pub(crate) site: usize,
    pub(crate) wire: Wire,
    pub(crate) view: View,
    pub(crate) client: Client,
    line_end: &'static [u8],
    /// Bytes that the client has ever sent, and up to where each line with a number goes.
    sent: usize,
    lines: Vec<(usize, usize)>,
    /// What is not typed yet of a line that was begun.
    rest: Vec<u8>,
    /// The number of that line.
    half: Option<usize>,
    is_typing: bool,
    /// Lines sent that may have been said.
    pub(crate) sayable: usize,
    /// Something is going to arrive, or to be taken.
    delivers: bool,
    takes: bool,
    pub(crate) stall: Stall,
    /// Since when the server has found no space to write.
    pub(crate) full_since: Option<Duration>,
    /// Since when the server should have closed it.
    overdue_since: Option<Duration>,
    /// When it was full last: where output is written in small pieces it is not while the next one waits.
    last_full: Option<Duration>,
    /// When the server has written how many bytes.
    writes: Vec<(Duration, usize)>,
    pub(crate) is_closed: bool,
}

impl Conn {
    /// Whether the server may have had enough of a client that takes too little of what waits for it.
    fn is_stuck(&self, now: Duration) -> bool {
        let recent = |&&(time, _): &&(Duration, usize)| time + STUCK_AFTER > now;
        let writes = self.writes.iter().rev().take_while(recent);
        let taken: usize = writes.map(|(_, bytes)| bytes).sum();
        let full = self
            .full_since
            .is_some_and(|since| now >= since + STUCK_AFTER);
        let was_full = self.last_full.is_some_and(|last| last + STUCK_AFTER > now);
        full || was_full && now >= STUCK_AFTER && taken < TAKEN_BYTES_MIN
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stall {
    No,
    ForNow,
    ForEver,
}

/// Something that is going to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Event {
    /// A user does something.
    Act(usize),
    /// Bytes arrive at the server's end of a connection.
    Deliver(usize),
    /// A client takes what was written to it.
    Take(usize),
    /// A client goes on reading.
    Resume(usize),
    /// A server that was paused goes on.
    Wake(usize),
    /// Another server is started.
    Start,
}

/// What is beneath the servers.
pub(crate) enum Ground {
    /// A store that one server has for itself.
    Alone(Alone),
    /// An engine that several servers share.
    Shared(Shared),
}

/// What is the same for everything that happens in one run.
pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) random: Random,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) sites: Vec<Site>,
    pub(crate) ground: Ground,
    pub(crate) ledger: Ledger,
    pub(crate) conns: Vec<Conn>,
    /// The connection of each user.
    pub(crate) users: Vec<Option<usize>>,
    queue: BinaryHeap<Reverse<(Duration, u64, Event)>>,
    queued: u64,
    pub(crate) now: Duration,
    touched: Touched,
    hash: DefaultHasher,
    /// Bytes that the server has written.
    pub(crate) shown: usize,
    pub(crate) trace: Option<String>,
}

impl World {
    pub(crate) fn new(seed: u64, is_traced: bool) -> World {
        let mut random = Random::new(seed, 0);
        let plan = Plan::new(&mut random);
        let clock = ManualClock::new(START);
        let (alone, ledger, site) = Alone::new(seed, &plan, &mut random, &clock);
        let ground = Ground::Alone(alone);
        let mut world = World::on(ground, ledger, vec![site], plan, random, clock);
        world.trace = is_traced.then(String::new);
        world.note(&format!("{:?}", world.plan));
        world.fair_or_not(false);
        world
    }

    /// A world in which nothing has happened.
    pub(crate) fn on(
        ground: Ground,
        ledger: Ledger,
        sites: Vec<Site>,
        plan: Plan,
        random: Random,
        clock: Arc<ManualClock>,
    ) -> World {
        World {
            users: vec![None; plan.users],
            plan,
            random,
            clock,
            sites,
            ground,
            ledger,
            conns: Vec::new(),
            queue: BinaryHeap::new(),
            queued: 0,
            now: Duration::ZERO,
            touched: Touched::default(),
            hash: DefaultHasher::new(),
            shown: 0,
            trace: None,
        }
    }

    /// Starts another server on the same store, in place of one that was alone and has stopped.
    pub(crate) fn start_again(&mut self) {
        let Ground::Alone(alone) = &self.ground else {
            return;
        };
        let store = alone.store();
        self.note("another server starts");
        self.ledger.server_started();
        let site = &self.sites[0];
        // As one with a file does.
        let noted = site.runtime.clock.note();
        let executor = Arc::clone(&site.executor);
        let runtime = Runtime::simulated(Arc::clone(&executor), Arc::clone(&self.clock));
        runtime.clock.start_from(Some(noted));
        self.sites[0] = Site::open(&self.plan.config, &executor, runtime, store);
    }

    /// Requests have bad luck from now on, or not any more.
    pub(crate) fn fair_or_not(&mut self, is_fair: bool) {
        match &self.ground {
            Ground::Alone(alone) => alone.is_fair(is_fair),
            Ground::Shared(shared) => shared.is_fair(is_fair),
        }
    }

    // ---- what there is to be read afterwards ----

    /// A number for all that was shown to everybody, and when.
    pub(crate) fn hash(&self) -> u64 {
        self.hash.finish()
    }

    pub(crate) fn note(&mut self, what: &str) {
        if let Some(trace) = &mut self.trace {
            let _ = writeln!(trace, "{:>12.6} {what}", self.now.as_secs_f64());
        }
    }

    fn note_bytes(&mut self, conn: usize, arrow: &str, bytes: &[u8]) {
        if self.trace.is_some() {
            for row in bytes.split_inclusive(|byte| *byte == b'\n') {
                let row = String::from_utf8_lossy(row);
                self.note(&format!("c{conn:02} {arrow} {:?}", &*row));
            }
        }
    }

    pub(crate) fn fail(&mut self, fault: String) {
        self.ledger.fail(fault);
    }

    pub(crate) fn is_right(&self) -> bool {
        self.ledger.fault.is_none()
    }

    // ---- time ----

    /// Lets time pass up to `until`, and everybody who waits for a moment on the way do so.
    pub(crate) fn pass_until(&mut self, until: Duration) {
        while let Some(wait) = self.clock.next_timer()
            && self.now + wait <= until
            && self.is_right()
        {
            // Now and then the machine is busy elsewhere, and is late for several moments at once.
            let late = self.random.below(20) == 0;
            let wait = if late { until - self.now } else { wait };
            self.pass(wait);
            self.settle();
        }
        if until > self.now {
            self.pass(until - self.now);
        }
    }

    fn pass(&mut self, time: Duration) {
        self.clock.advance(time);
        self.now += time;
    }

    /// A client that takes nothing must not be kept for longer than it may.
    fn check_stuck(&mut self) {
        let now = self.now;
        let long = STUCK_AFTER + Duration::from_secs(1);
        let grace = match self.ground {
            Ground::Alone(_) => Duration::ZERO,
            // What it has asked for last is answered first.
            Ground::Shared(_) => Duration::from_secs(10),
        };
        let mut kept = None;
        for (number, conn) in self.conns.iter_mut().enumerate() {
            let is_served = !conn.is_closed && self.sites[conn.site].is_awake(now);
            let since = conn.full_since.filter(|_| is_served);
            let is_overdue = since.is_some_and(|since| now > since + long);
            let overdue_since = conn.overdue_since.unwrap_or(now);
            conn.overdue_since = is_overdue.then_some(overdue_since);
            if is_overdue && now >= overdue_since + grace {
                kept = kept.or(Some(number));
            }
        }
        if let Some(conn) = kept {
            self.fail(format!(
                "c{conn:02} has taken nothing for {long:?} and is still served"
            ));
        }
    }

    /// Puts the date on, or back: by hours, as a correction, or by months, by mistake.
    pub(crate) fn jump(&mut self) {
        let most = if self.random.below(3) == 0 {
            10_000
        } else {
            30
        };
        let hours = self.random.between(0, 2 * most) as i64 - most as i64;
        let date = Timestamp(START.0 + self.now.as_millis() as i64 + hours * 3_600_000);
        self.clock.set_timestamp(date);
        self.note(&format!("the date is set to {date:?}"));
    }

    // ---- tasks ----

    /// Lets one task have a turn; false if none wants one.
    pub(crate) fn tick(&mut self) -> bool {
        let ran = self.some_executor_ticks();
        if ran {
            self.look();
        }
        ran
    }

    /// Lets tasks have turns until none wants one.
    pub(crate) fn settle(&mut self) {
        for _ in 0..TURNS_MAX {
            if !self.tick() || !self.is_right() {
                return self.count();
            }
        }
        self.fail(format!("after {TURNS_MAX} turns of tasks there is no rest"));
    }

    /// Each connection has a task, and a task a connection.
    fn count(&mut self) {
        self.check_stuck();
        self.end_processes();
        for number in 0..self.sites.len() {
            let site = &self.sites[number];
            let is_its_own = |conn: &&Conn| conn.site == number && !conn.is_closed;
            let open = self.conns.iter().filter(is_its_own).count();
            let served = site.clients();
            if served != open && site.is_awake(self.now) && self.is_right() {
                self.fail(format!("{open} connections are open, {served} are served"));
            }
        }
    }

    /// Looks at what the server has written and closed since.
    fn look(&mut self) {
        let mut touched = {
            let mut touched = self.touched.lock().unwrap_or_else(PoisonError::into_inner);
            if touched.is_empty() {
                return;
            }
            std::mem::take(&mut *touched)
        };
        for number in touched.drain(..) {
            self.look_at(number);
        }
        let mut empty = self.touched.lock().unwrap_or_else(PoisonError::into_inner);
        *empty = touched;
    }

    fn look_at(&mut self, number: usize) {
        let conn = &mut self.conns[number];
        let (written, is_full, closed) = {
            let mut state = conn.wire.lock();
            (
                std::mem::take(&mut state.written),
                state.is_full,
                state.closed,
            )
        };
        conn.full_since = match is_full {
            true => Some(conn.full_since.unwrap_or(self.now)),
            false => None,
        };
        if is_full {
            conn.last_full = Some(self.now);
        }
        if !written.is_empty() {
            conn.writes.push((self.now, written.len()));
            conn.view.feed(&written, &mut self.ledger);
            self.hash
                .write_u64(self.now.as_nanos() as u64 ^ (number as u64) << 48);
            self.hash.write(&written);
            self.shown += written.len();
            self.note_bytes(number, "<-", &written);
            self.plan_taking(number);
            self.answer_telnet(number);
        }
        if closed && !std::mem::replace(&mut self.conns[number].is_closed, true) {
            self.hash.write_u64(self.now.as_nanos() as u64);
            self.note(&format!("c{number:02} closed"));
            self.check_close(number);
        }
    }

    /// The server closes for a reason that it has told, or that the client has given.
    fn check_close(&mut self, number: usize) {
        let conn = &self.conns[number];
        let state = conn.wire.lock();
        let given = state.ends || state.broken.is_some();
        drop(state);
        if !given && !conn.is_stuck(self.now) && conn.view.tally.last_words == 0 {
            self.fail(format!("c{number:02} was closed without a word"));
        }
    }

    // ---- the network ----

    /// Somebody connects. Returns the number of the connection.
    pub(crate) fn connect(&mut self, site: usize, client: Client, peer: Peer) -> usize {
        let number = self.conns.len();
        let space = self.random.pick(&[80, 200, 1000, 5000, 1 << 16, 1 << 16]);
        let wire = Wire::new(number, space, Arc::clone(&self.touched));
        let mut view = View::new(number);
        view.echoes = self.plan.config.raw_ansi;
        view.is_plain = client == Client::Plain && !view.echoes;
        view.may_skip = self.plan.is_tight;
        let node = self.sites[site].node().unwrap_or_default();
        let served = self.ledger.serves(node, number);
        if let Ground::Alone(alone) = &self.ground {
            alone.weather.knows(served);
        }
        self.sites[site].serve(Socket::Other(wire.end()), peer);
        let line_end = client.line_end(&mut self.random);
        self.conns.push(Conn {
            site,
            wire,
            view,
            client,
            line_end,
            sent: 0,
            lines: Vec::new(),
            rest: Vec::new(),
            half: None,
            is_typing: false,
            sayable: 0,
            delivers: false,
            takes: false,
            stall: Stall::No,
            full_since: None,
            overdue_since: None,
            last_full: None,
            writes: Vec::new(),
            is_closed: false,
        });
        let to = match self.sites.len() {
            1 => String::new(),
            _ => format!(" to server {site}"),
        };
        self.note(&format!(
            "c{number:02} connects{to}: {client:?} from {peer}"
        ));
        number
    }

    pub(crate) fn type_line(&mut self, number: usize, line: &str) {
        self.type_part(number, line, line.len());
        self.type_rest(number);
    }

    /// Types a line up to a place in it; the rest is typed before anything else is.
    fn type_part(&mut self, number: usize, line: &str, until: usize) {
        self.type_rest(number);
        let conn = &mut self.conns[number];
        if !conn.wire.lock().is_open() {
            return;
        }
        conn.sayable += usize::from(!line.starts_with('\\') || line.starts_with("\\me "));
        conn.half = crate::screen::token(line);
        conn.rest = line.as_bytes()[until..].to_vec();
        conn.is_typing = true;
        if until > 0 {
            self.send(number, &line.as_bytes()[..until]);
        }
    }

    /// Ends the line that was begun, if one was.
    pub(crate) fn type_rest(&mut self, number: usize) {
        let conn = &mut self.conns[number];
        if !std::mem::take(&mut conn.is_typing) || !conn.wire.lock().is_open() {
            return;
        }
        let rest = std::mem::take(&mut conn.rest);
        let end = conn.sent + rest.len() + 1;
        if let Some(token) = conn.half.take() {
            conn.lines.push((end, token));
        }
        let rest = [&rest, conn.line_end].concat();
        self.send(number, &rest);
    }

    pub(crate) fn send(&mut self, number: usize, bytes: &[u8]) {
        let conn = &mut self.conns[number];
        conn.sent += bytes.len();
        conn.wire.send(bytes);
        self.note_bytes(number, "->", bytes);
        self.plan_arrival(number);
    }

    pub(crate) fn end_input(&mut self, number: usize) {
        self.type_rest(number);
        self.conns[number].wire.lock().ends = true;
        self.note(&format!("c{number:02} ends its input"));
        self.plan_arrival(number);
    }

    pub(crate) fn break_off(&mut self, number: usize, how: Break) {
        if how == Break::Gone {
            self.type_rest(number);
        }
        let conn = &mut self.conns[number];
        let got = conn.wire.break_off(how);
        conn.full_since = None;
        let cut = conn.lines.iter().filter(|(end, _)| *end > got);
        for token in cut.map(|(_, token)| *token).chain(conn.half) {
            self.ledger.lines[token].was_cut = true;
        }
        self.note(&format!("c{number:02} breaks: {how:?}"));
    }

    fn answer_telnet(&mut self, number: usize) {
        let conn = &mut self.conns[number];
        let commands = std::mem::take(&mut conn.view.telnet);
        let client = conn.client;
        let answers = commands.into_iter().map(|command| client.answer(command));
        let answer = answers.collect::<Vec<_>>().concat();
        if !answer.is_empty() && self.conns[number].wire.lock().is_open() {
            self.send(number, &answer);
        }
    }

    pub(crate) fn queue(&mut self, at: Duration, event: Event) {
        self.queued += 1;
        self.queue.push(Reverse((at, self.queued, event)));
    }

    /// In so many milliseconds at most.
    fn soon(&mut self, most_ms: usize) -> Duration {
        self.now + Duration::from_millis(self.random.below(most_ms + 1) as u64)
    }

    fn plan_arrival(&mut self, number: usize) {
        if !std::mem::replace(&mut self.conns[number].delivers, true) {
            let at = self.soon(self.plan.delay_ms);
            self.queue(at, Event::Deliver(number));
        }
    }

    fn plan_taking(&mut self, number: usize) {
        let conn = &mut self.conns[number];
        if conn.stall == Stall::No && !std::mem::replace(&mut conn.takes, true) {
            let at = self.soon(self.plan.delay_ms);
            self.queue(at, Event::Take(number));
        }
    }

    // ---- what happens ----

    /// What happens next, if anything does before `until`.
    pub(crate) fn next_event(&mut self, until: Duration) -> Option<Event> {
        let Reverse((at, ..)) = self.queue.peek()?;
        if *at > until {
            return None;
        }
        let Reverse((at, _, event)) = self.queue.pop()?;
        self.pass_until(at);
        Some(event)
    }

    /// Lets the network do what it has to do; true if the event was of that kind.
    pub(crate) fn happen(&mut self, event: Event) {
        match event {
            Event::Act(_) => {}
            Event::Deliver(number) => self.deliver(number),
            Event::Take(number) => self.take(number),
            Event::Resume(number) => self.resume(number),
            Event::Wake(site) => self.wake(site),
            Event::Start => self.start(),
        }
    }

    fn deliver(&mut self, number: usize) {
        self.conns[number].delivers = false;
        let most = match self.random.below(3) {
            0 => self.random.between(1, 12),
            _ => usize::MAX,
        };
        if self.conns[number].wire.deliver(most) {
            self.plan_arrival(number);
        }
    }

    fn take(&mut self, number: usize) {
        let most = match self.random.below(4) {
            0 => self.random.between(1, 100),
            _ => usize::MAX,
        };
        let conn = &mut self.conns[number];
        conn.takes = false;
        if conn.stall == Stall::No {
            conn.full_since = None;
            if conn.wire.take(most) {
                self.plan_taking(number);
            }
        }
    }

    pub(crate) fn resume(&mut self, number: usize) {
        if self.conns[number].stall == Stall::ForNow {
            self.conns[number].stall = Stall::No;
            self.plan_taking(number);
        }
    }

    /// Types lines; the last one may take its time.
    fn type_lines(&mut self, number: usize, lines: &[String]) {
        let Some((last, before)) = lines.split_last() else {
            return;
        };
        for line in before {
            self.type_line(number, line);
        }
        match self.random.below(6) {
            0 => {
                let until = self.random.below(last.len() + 1);
                self.type_part(number, last, until);
            }
            _ => self.type_line(number, last),
        }
    }

    /// A user does something, or comes (back).
    pub(crate) fn act(&mut self, user: usize) {
        let conn = self.users[user].filter(|&conn| {
            let conn = &self.conns[conn];
            !conn.is_closed && conn.wire.lock().is_open()
        });
        let Some(number) = conn else {
            let client = Client::any(&mut self.random);
            // Some come from the same place.
            let host = self.random.below(self.plan.users) as u8 + 1;
            let address = SocketAddr::from(([10, 0, 0, host], 1000 + user as u16));
            let peer = match self.random.below(4) {
                0 => Peer::unix(),
                _ => Peer::tcp(address),
            };
            if let Some(site) = self.some_site() {
                self.users[user] = Some(self.connect(site, client, peer));
            }
            return;
        };
        let conn = &mut self.conns[number];
        let action = act(
            conn.client,
            &mut Hand {
                random: &mut self.random,
                ledger: &mut self.ledger,
                view: &mut conn.view,
                number,
            },
        );
        match action {
            Action::Type(lines) => self.type_lines(number, &lines),
            Action::Send(bytes) => self.send(number, &bytes),
            Action::End => self.end_input(number),
            Action::Break(how) => self.break_off(number, how),
            Action::Stall(None) => self.conns[number].stall = Stall::ForEver,
            Action::Stall(Some(ms)) if self.conns[number].stall == Stall::No => {
                self.conns[number].stall = Stall::ForNow;
                let at = self.now + Duration::from_millis(ms);
                self.queue(at, Event::Resume(number));
            }
            Action::Stall(Some(_)) => {}
        }
    }
}
