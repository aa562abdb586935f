//! One run: people come, do things and go; then it gets quiet, and everything has to add up.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use parlor::limits::{GRACE_MIN, LOST_AFTER, OWNER_LOST_MAX, STUCK_AFTER};
use parlor::net::socket::Peer;

use crate::ledger::{Line, Purpose, Stored};
use crate::screen::Prompt;
use crate::site::Site;
use crate::user::{Client, NAMES, ROOMS};
use crate::view::View;
use crate::weather::HANG;
use crate::wire::Break;
use crate::world::{Event, Ground, Stall, World};

/// A list of people of so many bytes stands on one row, whatever room it is of.
const PEOPLE_BYTES_MAX: usize = 40;

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// A number for all that was shown to everybody, and when.
    pub(crate) hash: u64,
    /// The first promise that was seen broken.
    pub(crate) fault: Option<String>,
    pub(crate) trace: String,
    /// Bytes shown, and lines stored.
    pub(crate) shown: usize,
    pub(crate) stored: usize,
}

/// A run with one server.
pub(crate) fn run_alone(seed: u64, is_traced: bool) -> Outcome {
    run(World::new(seed, is_traced))
}

/// A run with several servers on one engine.
pub(crate) fn run_several(seed: u64, is_traced: bool) -> Outcome {
    run(World::several(seed, is_traced))
}

fn run(mut world: World) -> Outcome {
    let is_traced = world.trace.is_some();
    let is_stopped = world.storm();
    let rest: &[fn(&mut World)] = match is_stopped {
        true => &[World::clean_up, World::come_back],
        false => &[
            World::calm,
            World::roll_call,
            World::leave,
            World::take_all_names,
            World::stop,
            World::clean_up,
            World::come_back,
        ],
    };
    let rest = rest.iter().chain(&[World::check_kept as fn(&mut World)]);
    for phase in rest {
        if world.is_right() {
            phase(&mut world);
        }
    }
    if is_traced && !world.is_right() {
        world.note_logs();
    }
    let rooms = world.ledger.rooms.values();
    Outcome {
        hash: world.hash(),
        stored: rooms.map(|room| room.lines.len()).sum(),
        shown: world.shown,
        fault: world.ledger.fault.take(),
        trace: world.trace.take().unwrap_or_default(),
    }
}

impl World {
    /// Everybody does as they like. True if the server was stopped meanwhile.
    fn storm(&mut self) -> bool {
        for user in 0..self.users.len() {
            self.queue_act(user);
        }
        let mut acts = self.plan.acts;
        while acts > 0 && self.is_right() {
            let Some(event) = self.next_event(Duration::MAX) else {
                break;
            };
            if let Event::Act(user) = event {
                acts -= 1;
                if self.plan.stop_at == Some(acts) {
                    self.stop();
                    return true;
                }
                if self.plan.die_at == Some(acts) {
                    self.die();
                }
                if self.random.in_thousand(self.plan.date_jumps) {
                    self.jump();
                }
                if self.random.in_thousand(self.plan.faults) && !self.conns.is_empty() {
                    let conn = self.random.below(self.conns.len());
                    self.note(&format!("c{conn:02} meets a fault of the server"));
                    self.conns[conn].wire.cause_fault();
                }
                self.trouble();
                self.act(user);
                self.queue_act(user);
            }
            self.happen(event);
            self.some_turns();
        }
        false
    }

    fn queue_act(&mut self, user: usize) {
        // Now and then somebody does several things at once, or is gone for a while.
        let pause = match self.random.below(10) {
            0..2 => 0,
            2..9 => self.random.below(2 * self.plan.pause_ms),
            _ => self.random.below(20 * self.plan.pause_ms),
        };
        let at = self.now + Duration::from_millis(pause as u64);
        self.queue(at, Event::Act(user));
    }

    /// Between two things that happen, tasks have as much time as the seed gives them.
    fn some_turns(&mut self) {
        match self.random.below(10) {
            0 => {}
            1..4 => {
                for _ in 0..self.random.between(1, 6) {
                    self.tick();
                }
            }
            _ => self.settle(),
        }
        if self.random.below(50) == 0 && !self.conns.is_empty() {
            let conn = self.random.below(self.conns.len());
            self.conns[conn].wire.wake_for_nothing();
        }
    }

    /// Lets so much time pass in which nobody does anything of their own accord.
    fn quiet(&mut self, time: Duration) {
        self.quiet_until(self.now + time, |_| false);
    }

    /// As [`World::quiet`], until `is_done`.
    fn quiet_until(&mut self, until: Duration, mut is_done: impl FnMut(&World) -> bool) {
        self.settle();
        while self.is_right() && !is_done(self) {
            let Some(event) = self.next_event(until) else {
                let wait = self.clock.next_timer().map(|wait| self.now + wait);
                let Some(at) = wait.filter(|at| *at <= until) else {
                    break;
                };
                self.pass_until(at);
                self.settle();
                continue;
            };
            self.happen(event);
            self.settle();
        }
        if !is_done(self) {
            self.pass_until(until);
            self.settle();
        }
    }

    /// It gets quiet: those who read go on reading, those who do not are let go.
    fn calm(&mut self) {
        self.note("it gets quiet");
        self.fair_or_not(true);
        self.plan.delay_ms = self.plan.delay_ms.min(20);
        for conn in 0..self.conns.len() {
            self.resume(conn);
            self.type_rest(conn);
            if self.conns[conn].client == Client::Noise {
                self.break_off(conn, Break::Reset);
            }
        }
        if let Ground::Shared(shared) = &self.ground {
            shared.engine.make_up();
            self.quiet_until(shared.over_at, |_| false);
        }
        self.quiet(STUCK_AFTER + LOST_AFTER + Duration::from_secs(10));
        // Who does not read and had little to read is still there.
        for conn in 0..self.conns.len() {
            if self.conns[conn].stall == Stall::ForEver {
                self.break_off(conn, Break::Reset);
            }
        }
    }

    /// The connections that are as they should be.
    fn present(&self) -> Vec<usize> {
        let is_present = |&conn: &usize| {
            let conn = &self.conns[conn];
            let is_open = !conn.is_closed && conn.wire.lock().is_open();
            is_open && conn.stall == Stall::No && conn.view.tally.last_words == 0
        };
        (0..self.conns.len()).filter(is_present).collect()
    }

    /// Asks everybody who they are and with whom, and compares.
    fn roll_call(&mut self) {
        let here = self.present();
        for &conn in &here {
            let prompt = &self.conns[conn].view.prompt;
            if !matches!(prompt, None | Some(Prompt::Line(_))) {
                self.type_line(conn, "\\exit");
            }
        }
        self.quiet(Duration::from_secs(5));
        for &conn in &here {
            self.conns[conn].view.called = None;
            self.conns[conn].view.people = None;
            self.type_line(conn, "\\name");
            if self.conns[conn].view.session.is_some() {
                self.type_line(conn, "\\who");
            }
        }
        self.quiet(Duration::from_secs(20));
        self.ledger.collect();
        self.check_logs();
        let mut names = BTreeMap::new();
        for &conn in &here {
            let called = self.conns[conn].view.called.clone();
            let Some(name) = called else {
                self.fail(format!("c{conn:02} has not been answered"));
                continue;
            };
            // The look-alikes that people try are the same but for this letter.
            let key = name.to_lowercase().replace('\u{430}', "a");
            if let Some(other) = names.insert(key, conn)
                && name != "anon"
            {
                self.fail(format!("c{other:02} and c{conn:02} are both called {name}"));
            }
        }
        for &conn in &here {
            self.check_people(conn, &here);
            self.check_lines(conn);
        }
        // Whoever ignores somebody does not see what that one says, and nobody is told so.
        let nobody_ignores = self.conns.iter().all(|conn| !conn.view.ignores);
        if here.len() == self.conns.len() && nobody_ignores {
            self.check_private();
        }
    }

    /// With everybody still here, private words that somebody was told to have said have reached somebody.
    fn check_private(&mut self) {
        let is_lost = |line: &Line| line.told_from && line.told_to.is_none();
        if let Some(token) = self.ledger.lines.iter().position(is_lost) {
            self.fail(format!("private words {token} have reached nobody"));
        }
    }

    /// Those whom a room names are those who are in it.
    fn check_people(&mut self, conn: usize, here: &[usize]) {
        let view = &self.conns[conn].view;
        let Some(session) = &view.session else {
            return;
        };
        // A long list goes on below, on rows that are not looked at.
        let people = view.people.as_deref().unwrap_or_default();
        if people.len() > PEOPLE_BYTES_MAX {
            return;
        }
        let members = here.iter().map(|&other| &self.conns[other].view);
        let is_there = |view: &&View| {
            let other = view.session.as_ref();
            other.is_some_and(|other| other.room == session.room)
        };
        let members = members.filter(is_there);
        let mut expected: Vec<_> = members.filter_map(|view| view.called.clone()).collect();
        let mut told = view.people.as_deref().map_or(Vec::new(), named);
        told.sort_unstable();
        if told.windows(2).any(|names| names[0] == names[1]) {
            return self.fail(format!("two of {told:?} cannot be told apart"));
        }
        // Those without a name have a number in the room.
        for name in &mut told {
            name.truncate(name.find("anon#").map_or(name.len(), |_| "anon".len()));
        }
        told.sort_unstable();
        expected.sort_unstable();
        if expected != told {
            let fault =
                format!("c{conn:02} is told that {told:?} are in its room, not {expected:?}");
            self.fail(fault);
        }
    }

    /// Each line came to something, and nobody has missed one.
    fn check_lines(&mut self, conn: usize) {
        let view = &self.conns[conn].view;
        let sent = self.ledger.lines.iter().enumerate();
        let sent = sent.filter(|(_, line)| line.from == conn && line.purpose == Purpose::Said);
        let (mut open, mut unseen) = (0, None);
        for (token, line) in sent {
            match line.stored {
                None if !line.was_refused => open += 1,
                Some(_) if !line.came_back => unseen = Some(token),
                _ => {}
            }
        }
        let own = |line: &&Stored| line.from == Some(conn);
        let rooms = self.ledger.rooms.values();
        let stored = rooms.flat_map(|room| &room.lines).filter(own).count();
        if stored + view.tally.not_sent > self.conns[conn].sayable {
            self.fail(format!(
                "c{conn:02} was told of stored lines that they were not sent"
            ));
            return;
        }
        let is_blind = view.echoes || view.tally.skipped > 0;
        let answered = view.tally.not_sent + view.tally.refused;
        let missed = view.session.as_ref().and_then(|session| {
            let (room, last) = (session.id?, session.last?);
            let next = self.ledger.rooms.get(&room)?.lines.len() as u64 + 1;
            let missing = view.missing(room, last, next, &self.ledger);
            (missing > session.skipped)
                .then(|| format!("c{conn:02} has missed {missing} lines after #{last}"))
        });
        // Who is told that messages were skipped is not told how many of their own were lost.
        if open > answered && view.tally.skipped == 0 {
            let fault = format!("of c{conn:02}, {open} lines are neither stored nor answered");
            self.fail(fault);
        }
        if let Some(token) = unseen.filter(|_| !is_blind) {
            self.fail(format!("c{conn:02} has not seen its own line {token}"));
        }
        if let Some(fault) = missed {
            self.fail(fault);
        }
    }

    /// Everybody goes, in one way or another, and the server has to let them.
    fn leave(&mut self) {
        self.note("everybody leaves");
        for conn in self.present() {
            match self.random.below(6) {
                0 => self.type_line(conn, "\\quit"),
                1 | 2 => self.end_input(conn),
                3 => self.break_off(conn, Break::Reset),
                4 => self.break_off(conn, Break::LateReset),
                _ => self.break_off(conn, Break::Gone),
            }
        }
        self.must_be_empty();
    }

    fn must_be_empty(&mut self) {
        let until = self.now + 2 * STUCK_AFTER + LOST_AFTER;
        self.quiet_until(until, |world| world.clients() == 0);
        let left = self.clients();
        if left > 0 && self.is_right() {
            let open = self.conns.iter().position(|conn| !conn.is_closed);
            self.fail(format!(
                "{left} clients are served who have gone, c{open:?} among them"
            ));
        }
    }

    /// All names are free again: a newcomer can have each.
    fn take_all_names(&mut self) {
        // Those of owners who were lost are kept for a while.
        // By the clock of the engine, which may be behind.
        self.quiet(OWNER_LOST_MAX + Duration::from_secs(5));
        self.check_nobody();
        let Some(site) = self.some_site() else {
            return self.fail("no server takes connections".to_owned());
        };
        let conn = self.connect(site, Client::Plain, Peer::unix());
        for name in NAMES {
            self.type_line(conn, &format!("\\name {name}"));
        }
        self.quiet(Duration::from_secs(20));
        let got = self.conns[conn].view.tally.renamed;
        if got != NAMES.len() && self.is_right() {
            let all = NAMES.len();
            self.fail(format!(
                "c{conn:02} could take {got} of {all} names that nobody has"
            ));
        }
        for room in ROOMS {
            self.visit(conn, room);
        }
    }

    /// A room shows who comes what was said last, whoever said it and wherever they are now.
    fn visit(&mut self, conn: usize, room: &str) {
        self.type_line(conn, &format!("\\join {room}"));
        self.quiet(Duration::from_secs(2));
        if self.conns[conn].view.prompt == Some(Prompt::Create) {
            if self.has_room(room) {
                self.fail(format!("room {room} is stored, and nobody can join it"));
            }
            self.type_line(conn, "no");
            self.quiet(Duration::from_secs(2));
        }
        let view = &self.conns[conn].view;
        let session = view.session.as_ref().filter(|_| !view.echoes);
        if let Some((id, last)) = session.and_then(|session| Some((session.id?, session.last?)))
            && let Some(log) = self.ledger.rooms.get(&id)
            && log.lines.len() as u64 != last
        {
            let all = log.lines.len();
            self.fail(format!(
                "room {room} has {all} lines, and ends with #{last} for who joins"
            ));
        }
    }

    /// The server stops, and has to be done within its grace period.
    fn stop(&mut self) {
        self.note("the server stops");
        let running = self.sites.iter().filter(|site| site.is_to_run());
        let stopping = running.map(Site::stop);
        let stopping: Vec<_> = stopping.collect();
        let grace = self.plan.config.grace.max(GRACE_MIN);
        let is_stopped = |_: &World| stopping.iter().all(|it| it.load(Ordering::Relaxed));
        self.quiet_until(self.now + grace, is_stopped);
        if !is_stopped(self) && self.is_right() {
            self.fail(format!("the server has not stopped within {grace:?}"));
        }
    }

    /// The process of a server that is alone dies, and another one is started with what is stored at this moment.
    fn die(&mut self) {
        let Ground::Alone(alone) = &self.ground else {
            return;
        };
        let left = alone.leave_store_to_the_next();
        self.note("the server dies");
        // What it goes on doing reaches nobody, and is not stored.
        self.clean_up();
        if self.is_right() {
            if let Ground::Alone(alone) = &mut self.ground {
                alone.moves_to(left);
            }
            self.start_again();
            self.fair_or_not(false);
            for user in 0..self.users.len() {
                self.queue_act(user);
            }
        }
    }

    /// What members have seen is there again when another server is started on the same store.
    fn come_back(&mut self) {
        self.plan.delay_ms = self.plan.delay_ms.min(20);
        let site = match self.ground {
            Ground::Alone(_) => {
                self.start_again();
                0
            }
            Ground::Shared(_) => {
                self.start();
                self.settle();
                self.sites.len() - 1
            }
        };
        let conn = self.connect(site, Client::Plain, Peer::unix());
        for room in ROOMS {
            self.visit(conn, room);
        }
        self.clean_up();
    }

    /// Whatever was said in a room, it can be read there still, or once the room is opened again.
    fn check_kept(&mut self) {
        self.ledger.collect();
        let lost = self.ledger.rooms.iter().find_map(|(id, room)| {
            let kept = self.lines_kept(*id);
            (kept < room.lines.len()).then(|| (room.name.clone(), kept, room.lines.len()))
        });
        if let Some((name, kept, said)) = lost {
            self.fail(format!("of {said} lines of room {name}, {kept} are kept"));
        }
    }

    /// Nothing is left once all connections are broken: no client, no room, no task.
    fn clean_up(&mut self) {
        self.fair_or_not(true);
        for conn in 0..self.conns.len() {
            self.break_off(conn, Break::Reset);
        }
        self.must_be_empty();
        // A server that stops does not wait for a store that hangs.
        self.quiet(HANG);
        self.stop();
        if self.has_tasks() && self.is_right() {
            self.fail("a task is left that nobody waits for".to_owned());
        }
    }
}

/// The names in an answer to `\who`: `Dai, ann (idle 2 min, away)`.
fn named(people: &str) -> Vec<String> {
    let mut names = vec![String::new()];
    let mut depth = 0;
    for letter in people.chars() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => names.push(String::new()),
            letter if depth == 0 => names.last_mut().expect("one").push(letter),
            _ => {}
        }
    }
    names.iter().map(|name| name.trim().to_owned()).collect()
}
