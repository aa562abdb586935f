//! Operators and a lobby, without sockets: who may, and what becomes of those who come at the same moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_lite::future::block_on;
use smol::Executor;

use super::*;
use crate::chat::admin::{LimitRow, LogLevel, Reloaded};
use crate::chat::people::Source;
use crate::chat::request::Reply;
use crate::chat::room::RoomLimits;
use crate::hub::control::Reloading;
use crate::hub::lobby::LobbyLimits;
use crate::runtime::{ManualClock, Runtime};
use crate::store::Store;
use crate::time::Timestamp;

/// A server of which Dai is the operator.
#[derive(Debug, Default)]
struct FakeControl {
    stops: AtomicUsize,
}

impl ServerControl for FakeControl {
    fn is_operator(&self, account: &Name) -> bool {
        account.as_str() == "Dai"
    }

    fn limits(&self) -> Vec<LimitRow> {
        Vec::new()
    }

    fn set_log(&self, _: LogLevel) {}

    fn reload(&self) -> Reloading {
        let reloaded = Reloaded {
            changed: vec!["motd: the file has changed".into()],
            ..Reloaded::default()
        };
        Box::pin(async { Ok(reloaded) })
    }

    fn stop(&self) {
        self.stops.fetch_add(1, Ordering::Relaxed);
    }
}

struct World {
    executor: Arc<Executor<'static>>,
    clock: Arc<ManualClock>,
    lobby: Arc<Lobby>,
    control: Arc<FakeControl>,
}

fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

fn ip(text: &str) -> Option<std::net::IpAddr> {
    Some(text.parse().expect("an address"))
}

impl World {
    fn new() -> World {
        let executor = Arc::new(Executor::new());
        let clock = ManualClock::new(Timestamp(1_800_000_000_000));
        let runtime = Runtime::simulated(Arc::clone(&executor), Arc::clone(&clock));
        let limits = RoomLimits {
            members_max: 0,
            history_lines: 10,
            outbox_bytes: 0,
            notice_delay: Duration::ZERO,
        };
        let lobby = Lobby::open(runtime, Store::memory(10), limits, LobbyLimits::default());
        let lobby = block_on(lobby).expect("the store is right");
        let control = Arc::new(FakeControl::default());
        lobby.set_control(Arc::clone(&control) as Arc<dyn ServerControl>);
        World {
            executor,
            clock,
            lobby,
            control,
        }
    }

    fn enter(&self, id: u64, source: Source) -> Arc<ClientInbox> {
        let inbox = Arc::<ClientInbox>::default();
        self.lobby.enter(MemberId(id), source, Arc::clone(&inbox));
        inbox
    }

    fn is_logged_in(&self, id: u64, account: &str) {
        self.lobby.with_user(MemberId(id), |user| {
            user.extras_mut().account = Some(name(account));
        });
    }

    /// What comes of a command from a terminal.
    fn typed(&self, id: u64, inbox: &Arc<ClientInbox>, line: &str) -> AdminAnswer {
        self.lobby
            .administer_for(MemberId(id), line.to_owned(), inbox);
        while self.executor.try_tick() {}
        let answers = inbox.take().into_iter().filter_map(|event| match event {
            ClientEvent::Reply(Reply::Lobby(LobbyReply::Shown(Info::Admin(answer)))) => {
                Some(*answer)
            }
            _ => None,
        });
        answers.last().expect("an answer")
    }

    fn ask(&self, line: &str) -> AdminAnswer {
        let operator = Operator::Socket("root".into());
        block_on(self.executor.run(self.lobby.administer(&operator, line)))
    }
}

fn is_ejected(inbox: &ClientInbox) -> bool {
    let events = inbox.take();
    let mut events = events.iter();
    events.any(|event| matches!(event, ClientEvent::Ejected(_)))
}

#[test]
fn only_operators_act_and_only_where_nobody_can_read_along() {
    let world = World::new();
    let there = ip("192.0.2.7");
    for (id, source, account, expected) in [
        (
            1,
            Source::new(None, None, true, true),
            None,
            Err(AdminError::NotOperator),
        ),
        (
            2,
            Source::new(None, None, true, true),
            Some("Bo"),
            Err(AdminError::NotOperator),
        ),
        (
            3,
            Source::new(there, None, false, false),
            Some("Dai"),
            Err(AdminError::Overheard),
        ),
        (
            4,
            Source::new(there, None, false, false),
            Some("Bo"),
            Err(AdminError::NotOperator),
        ),
        (
            5,
            Source::new(there, None, true, false),
            Some("Dai"),
            Ok(AdminReply::Log(LogLevel::Debug)),
        ),
    ] {
        let inbox = world.enter(id, source);
        if let Some(account) = account {
            world.is_logged_in(id, account);
        }
        assert_eq!(world.typed(id, &inbox, "log debug"), expected, "{id}");
        assert_eq!(
            world.lobby.may_operate(MemberId(id), &name("Dai")),
            source.is_private()
        );
        // Nor does anybody learn what there is to be done.
        if expected.is_err() {
            assert_eq!(world.typed(id, &inbox, "frobnicate"), expected, "{id}");
            assert_eq!(world.typed(id, &inbox, "stop"), expected, "{id}");
        }
    }
    assert_eq!(world.control.stops.load(Ordering::Relaxed), 0);
}

#[test]
fn a_server_that_is_stopped_from_a_terminal_has_answered_before() {
    let world = World::new();
    let dai = world.enter(1, Source::new(None, None, true, true));
    world.is_logged_in(1, "Dai");
    assert_eq!(world.typed(1, &dai, "stop"), Ok(AdminReply::Stopping));
    assert_eq!(world.control.stops.load(Ordering::Relaxed), 1);
    // Over the socket it is for whoever has written the answer.
    assert_eq!(world.ask("stop"), Ok(AdminReply::Stopping));
    assert_eq!(world.control.stops.load(Ordering::Relaxed), 1);
}

#[test]
fn what_the_server_alone_can_do_is_asked_of_it() {
    let world = World::new();
    let changed = Reloaded {
        changed: vec!["motd: the file has changed".into()],
        ..Reloaded::default()
    };
    assert_eq!(world.ask("reload"), Ok(AdminReply::Reloaded(changed)));
    let limits = world.ask("limits");
    assert!(
        matches!(&limits, Ok(AdminReply::Limits(rows)) if rows.len() >= 8),
        "{limits:?}"
    );
}

#[test]
fn who_comes_while_a_ban_is_made_is_out_all_the_same() {
    let world = World::new();
    // Let in, and waiting for its turn.
    assert_eq!(
        world.lobby.ban_of_address(ip("192.0.2.7").expect("one")),
        None
    );
    world.ask("ban 192.0.2.0/24").expect("there is space");
    let late = world.enter(1, Source::new(ip("192.0.2.7"), None, false, false));
    assert!(is_ejected(&late) && late.is_urgent());
    let other = world.enter(2, Source::new(ip("192.0.3.7"), None, false, false));
    let local = world.enter(3, Source::default());
    assert!(!is_ejected(&other) && !is_ejected(&local));
}

#[test]
fn a_ban_ends_by_the_steady_time_and_is_forgotten_then() {
    let world = World::new();
    world
        .ask("ban 192.0.2.0/24 for 2h")
        .expect("there is space");
    world.ask("ban 192.0.3.0/24").expect("there is space");
    let is_out = |text| {
        let ban = world.lobby.ban_of_address(ip(text).expect("an address"));
        ban.is_some()
    };
    assert!(is_out("192.0.2.7") && is_out("192.0.3.7"));
    // The machine's clock is wrong by years.
    world.clock.set_timestamp(Timestamp(2_500_000_000_000));
    assert!(is_out("192.0.2.7"));
    world.clock.advance(Duration::from_secs(7200));
    assert!(!is_out("192.0.2.7") && is_out("192.0.3.7"));
    assert_eq!(world.lobby.bans_count(), 2);
    block_on(world.lobby.tidy_bans());
    assert_eq!(world.lobby.bans_count(), 1);
}

#[test]
fn a_banned_network_is_out_however_many_there_are_and_others_stay() {
    let world = World::new();
    let from = |host: u64| ip(&format!("192.0.{}.{}", 2 + host % 2, host / 2 % 250));
    let inboxes: Vec<_> = (1..=2000)
        .map(|id| world.enter(id, Source::new(from(id), None, false, false)))
        .collect();
    match world.ask("ban 192.0.2.0/24 flood") {
        Ok(AdminReply::Banned { closed, .. }) => assert_eq!(closed, 1000),
        other => panic!("{other:?}"),
    }
    assert_eq!(
        inboxes.iter().filter(|inbox| is_ejected(inbox)).count(),
        1000
    );
}

#[test]
fn whoever_takes_nothing_is_told_no_more_than_fits() {
    let world = World::new();
    let inbox = world.enter(1, Source::default());
    let told = (0..1000).filter(|_| world.ask("announce x") == Ok(AdminReply::Announced(1, 0)));
    assert_eq!(told.count(), NOTES_MAX);
    assert_eq!(inbox.take().len(), NOTES_MAX);
}
