//! What is special about the made-up engine: what it does to calls, and what is left of them.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use parlor::chat::history::{HistoryCursor, RoomId};
use parlor::chat::message::{Kind, MemberId, NewMessage};
use parlor::chat::name::{Name, RoomName};
use parlor::chat::node::NodeId;
use parlor::chat::room::{At, Entry, Ruling};
use parlor::runtime::{Clock, ManualClock};
use parlor::store::cluster::engine::{
    Answer, Engine, EngineError, Lines, Log, NewNode, News, Nodes, Part, PartOutcome, Range,
    TakeName, TakenName, Write,
};
use parlor::time::Timestamp;
use smol::Executor;

use crate::engine::{Cut, Luck, MadeUp};
use crate::random::Random;

const LEASE: Duration = Duration::from_secs(10);
const SECOND: Duration = Duration::from_secs(1);

struct Bench {
    clock: Arc<ManualClock>,
    executor: Arc<Executor<'static>>,
    engine: MadeUp,
}

impl Bench {
    fn new(seed: u64, has_standby: bool) -> Bench {
        let clock = ManualClock::new(Timestamp(1_000_000));
        let executor = Arc::new(Executor::new());
        let engine = MadeUp::new(
            Clock::manual(Arc::clone(&clock)),
            Arc::clone(&executor),
            Random::new(seed, 0),
            Timestamp(5_000_000),
            has_standby,
        );
        Bench {
            clock,
            executor,
            engine,
        }
    }

    fn link(&self) -> Arc<dyn Engine> {
        Arc::new(self.engine.link())
    }

    fn node(&self) -> (Arc<dyn Engine>, NodeId) {
        let link = self.link();
        let node = self.get(link.join(newcomer())).expect("it may");
        (link, node)
    }

    /// What comes of a call within so long.
    fn within<T>(
        &self,
        time: Duration,
        mut answer: Answer<'_, T>,
    ) -> Option<Result<T, EngineError>> {
        let mut left = time;
        loop {
            let mut context = Context::from_waker(Waker::noop());
            if let Poll::Ready(done) = Pin::new(&mut answer).poll(&mut context) {
                return Some(done);
            }
            if self.executor.try_tick() {
                continue;
            }
            let wait = self.clock.next_timer().filter(|wait| *wait <= left);
            self.clock.advance(wait.unwrap_or(left));
            left -= wait?;
        }
    }

    fn get<T>(&self, answer: Answer<'_, T>) -> Result<T, EngineError> {
        self.within(60 * SECOND, answer)
            .expect("there is an answer")
    }

    fn pass(&self, time: Duration) {
        let idle = Box::pin(std::future::pending::<Result<(), EngineError>>());
        assert!(self.within(time, idle).is_none());
    }
}

fn newcomer() -> NewNode {
    NewNode {
        number: None,
        last_write: 0,
        label: "here".to_owned(),
        version: 1,
        lease: LEASE,
    }
}

fn room_name(text: &str) -> RoomName {
    RoomName::parse(text).expect("a name")
}

fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

fn line(text: &str) -> Entry {
    Entry::said(NewMessage {
        time: Timestamp(0),
        member: MemberId(1),
        name: name("Dai"),
        kind: Kind::Message,
        text: text.into(),
    })
}

fn write(number: u64, room: RoomId, at: At, entries: Vec<Entry>) -> Write {
    Write {
        number,
        parts: vec![Part {
            room,
            at,
            entries: entries.into(),
            closing: None,
            image: None,
        }],
    }
}

fn lines(bench: &Bench, link: &Arc<dyn Engine>, room: RoomId) -> Vec<String> {
    let all = Lines {
        room,
        upto: u64::MAX,
        count: 1000,
        bytes: usize::MAX,
    };
    let page = bench.get(link.page_back(all, HistoryCursor::Id(u64::MAX)));
    let page = page.expect("it can be read");
    page.iter().map(|line| line.text.to_string()).collect()
}

#[test]
fn what_was_not_safe_is_gone_when_the_standby_takes_over() {
    let bench = Bench::new(1, true);
    let (link, me) = bench.node();
    let room = bench
        .get(link.create_room(room_name("1150")))
        .expect("free");
    let first = write(1, room, At::default(), vec![line("safe")]);
    bench.get(link.append(me, first)).expect("stored");
    assert!(bench.engine.lose_standby(60 * SECOND));
    let second = write(2, room, At::default(), vec![line("not safe")]);
    // It is seen, although its writer is not told that it is done.
    assert_eq!(bench.within(SECOND, link.append(me, second)), None);
    assert_eq!(lines(&bench, &link, room), ["safe", "not safe"]);
    bench.engine.die(SECOND, true);
    let away = bench.get(link.heads());
    assert!(matches!(away, Err(EngineError::Away(_))), "{away:?}");
    bench.pass(2 * SECOND);
    assert_eq!(lines(&bench, &link, room), ["safe"]);
    assert_eq!(bench.get(link.settle(me, 2)), Ok(None));
    let third = write(3, room, At::default(), vec![line("again")]);
    let done = bench.get(link.append(me, third)).expect("stored");
    assert!(
        matches!(done[0], PartOutcome::Stored { seq: 2, id: 2, .. }),
        "{done:?}"
    );
}

#[test]
fn what_was_not_safe_is_still_there_when_the_engine_comes_back_by_itself() {
    let bench = Bench::new(1, true);
    let (link, me) = bench.node();
    let room = bench
        .get(link.create_room(room_name("1150")))
        .expect("free");
    bench.engine.lose_standby(5 * SECOND);
    let first = write(1, room, At::default(), vec![line("hello")]);
    assert_eq!(bench.within(SECOND, link.append(me, first)), None);
    bench.engine.die(SECOND, false);
    bench.pass(2 * SECOND);
    // Settling waits until it is safe.
    assert_eq!(bench.within(SECOND, link.settle(me, 1)), None);
    let settled = bench.get(link.settle(me, 1)).expect("it is known");
    assert!(matches!(
        settled.as_deref(),
        Some([PartOutcome::Stored { seq: 1, .. }])
    ));
    let safe = bench.engine.with_safe(|data| {
        let mut rooms = data.all_rooms();
        rooms.find(|it| it.id == room).map(|it| it.lines.len())
    });
    assert_eq!(safe, Some(1));
}

#[test]
fn a_write_that_was_settled_is_not_done_when_it_gets_there_after_all() {
    for seed in 0..50 {
        let bench = Bench::new(seed, false);
        let (link, me) = bench.node();
        let room = bench
            .get(link.create_room(room_name("1150")))
            .expect("free");
        bench.engine.set_luck(Luck {
            delay_ms: 10,
            overdue: 1000,
            ..Luck::default()
        });
        let first = write(1, room, At::default(), vec![line("hello")]);
        let lost = bench.get(link.append(me, first));
        assert!(matches!(lost, Err(EngineError::Doubt(_))), "{lost:?}");
        bench.engine.set_luck(Luck::default());
        let settled = bench.get(link.settle(me, 1)).expect("it is known");
        let there = lines(&bench, &link, room);
        assert_eq!(settled.is_some(), !there.is_empty());
        bench.pass(60 * SECOND);
        assert_eq!(lines(&bench, &link, room), there);
        assert_eq!(bench.engine.fault(), None);
    }
}

#[test]
fn a_call_is_lost_before_it_is_done_or_after_it() {
    for (luck, is_done) in [
        (
            Luck {
                lost_before: 1000,
                ..Luck::default()
            },
            false,
        ),
        (
            Luck {
                lost_after: 1000,
                ..Luck::default()
            },
            true,
        ),
    ] {
        let bench = Bench::new(3, false);
        let (link, me) = bench.node();
        let room = bench
            .get(link.create_room(room_name("1150")))
            .expect("free");
        bench.engine.set_luck(luck);
        let lost = bench.get(link.append(me, write(1, room, At::default(), vec![line("x")])));
        assert!(matches!(lost, Err(EngineError::Doubt(_))), "{lost:?}");
        bench.pass(SECOND);
        bench.engine.set_luck(Luck::default());
        assert_eq!(lines(&bench, &link, room).len(), usize::from(is_done));
        let settled = bench.get(link.settle(me, 1)).expect("it is known");
        assert_eq!(settled.is_some(), is_done);
    }
}

#[test]
fn who_is_cut_off_is_told_at_once_or_when_it_is_over() {
    let bench = Bench::new(4, false);
    let (link, other) = (bench.engine.link(), bench.link());
    let news = link.news();
    bench.engine.cut(link.number(), 5 * SECOND, Cut::Reset);
    assert!(matches!(bench.get(link.heads()), Err(EngineError::Away(_))));
    assert!(bench.get(other.heads()).is_ok());
    bench.pass(5 * SECOND);
    assert_eq!(news.try_recv(), Ok(News::Anything));
    bench.engine.cut(link.number(), 5 * SECOND, Cut::Silent);
    assert_eq!(bench.within(4 * SECOND, link.heads()), None);
    assert!(matches!(
        bench.get(link.heads()),
        Err(EngineError::Doubt(_))
    ));
    assert!(bench.get(link.heads()).is_ok());
}

#[test]
fn a_node_that_is_taken_for_dead_writes_nothing_and_what_it_wrote_can_be_asked_for() {
    let bench = Bench::new(5, false);
    let ((one, me), (two, other)) = (bench.node(), bench.node());
    let room = bench.get(one.create_room(room_name("1150"))).expect("free");
    bench
        .get(one.append(me, write(1, room, At::default(), vec![line("x")])))
        .expect("stored");
    assert_eq!(bench.get(two.condemn(other, me)), Ok(false));
    bench.pass(LEASE);
    bench.get(two.renew(other, LEASE)).expect("it lives");
    let late = bench.get(one.append(me, write(2, room, At::default(), vec![line("y")])));
    assert!(matches!(late, Err(EngineError::Away(_))), "{late:?}");
    assert_eq!(bench.get(two.condemn(other, me)), Ok(true));
    assert_eq!(bench.get(one.renew(me, LEASE)), Err(EngineError::Fenced));
    let again = NewNode {
        number: Some(me),
        last_write: 2,
        ..newcomer()
    };
    let early = bench.get(one.join(again.clone()));
    assert!(matches!(early, Err(EngineError::Away(_))), "{early:?}");
    bench.get(two.bury(other, me)).expect("done");
    let settled = bench.get(one.settle(me, 1)).expect("it is known");
    assert!(matches!(
        settled.as_deref(),
        Some([PartOutcome::Stored { .. }])
    ));
    assert_eq!(bench.get(one.join(again)), Ok(me));
    assert_eq!(bench.get(one.settle(me, 2)), Ok(None));
    let done = bench.get(one.append(me, write(3, room, At::default(), vec![line("z")])));
    assert!(matches!(
        done.expect("stored")[0],
        PartOutcome::Stored { seq: 2, .. }
    ));
}

#[test]
fn a_decision_that_others_have_overtaken_is_stale_and_the_other_rooms_go_on() {
    let bench = Bench::new(6, false);
    let (link, me) = bench.node();
    let [one, two] = ["1150", "7"].map(|it| bench.get(link.create_room(room_name(it))));
    let (one, two) = (one.expect("free"), two.expect("free"));
    let ruling = Entry::from(Ruling::Private {
        by: name("Dai"),
        on: true,
    });
    bench
        .get(link.append(me, write(1, one, At::default(), vec![ruling])))
        .expect("stored");
    let mut both = write(2, one, At::default(), vec![line("x")]);
    both.parts
        .extend(write(2, two, At::default(), vec![line("y")]).parts);
    let done = bench.get(link.append(me, both)).expect("done");
    assert_eq!(done[0], PartOutcome::Stale { head: 1 });
    assert!(matches!(done[1], PartOutcome::Stored { seq: 1, id: 1, .. }));
    // The engine's date is set back, and times are not.
    let ranges = vec![Range {
        room: two,
        after: 0,
        upto: 9,
    }];
    bench.engine.jump(-3_600_000);
    bench.get(link.renew(me, LEASE)).expect("it lives");
    bench
        .get(link.append(me, write(3, two, At::default(), vec![line("z")])))
        .expect("stored");
    let entries = bench.get(link.entries(ranges)).expect("read");
    assert_eq!(entries.len(), 2);
    assert!(entries[0].1.time <= entries[1].1.time);
}

#[test]
fn one_of_many_gets_a_name_and_nobody_one_that_looks_like_it() {
    let bench = Bench::new(7, false);
    let ((one, here), (_, there)) = (bench.node(), bench.node());
    let take = |link: &Arc<dyn Engine>, member, called: &str, by_force| {
        bench.get(link.take_name(TakeName {
            member,
            name: name(called),
            account: None,
            address: None,
            by_force,
        }))
    };
    let (ann, ben) = (MemberId::on(here, 1), MemberId::on(there, 1));
    assert_eq!(take(&one, ann, "Dai", false), Ok(TakenName::Taken));
    for called in ["Dai", "dai", "D\u{430}i"] {
        assert_eq!(
            take(&one, ben, called, false),
            Ok(TakenName::HeldBy(vec![ann]))
        );
    }
    assert_eq!(take(&one, ben, "DAI", true), Ok(TakenName::Taken));
    assert_eq!(bench.get(one.holder(name("dai"))), Ok(Some(ben)));
    bench.get(one.bury(there, there)).expect("done");
    assert_eq!(bench.get(one.holder(name("dai"))), Ok(None));
    assert_eq!(take(&one, ben, "Dai", false), Err(EngineError::Fenced));
}

#[test]
fn an_old_copy_is_known_by_its_numbers() {
    let bench = Bench::new(8, true);
    let (link, me) = bench.node();
    let before = bench.get(link.barrier(me)).expect("safe");
    bench.engine.back_up();
    assert!(bench.get(link.barrier(me)).expect("safe") > before);
    assert!(bench.get(link.barrier(me)).expect("safe") > before + 1);
    assert!(bench.engine.restore());
    assert_eq!(bench.get(link.barrier(me)), Ok(before + 1));
}
