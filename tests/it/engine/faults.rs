//! What becomes of a write when something dies, hangs or is cut on its way: whatever was acknowledged is stored, once, and
//! nobody is told that something was not stored which is.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use futures_lite::future;
use parlor::chat::history::RoomId;
use parlor::chat::message::MemberId;
use parlor::chat::name::{Name, RoomName};
use parlor::chat::node::NodeId;
use parlor::chat::room::{At, Entry};
use parlor::store::StoreError;
use parlor::store::cluster::engine::{
    Engine, EngineError, Log, NewNode, News, Nodes, PartOutcome, Range, Register, TakeName,
    TakenName, Write,
};
use parlor::store::postgres::Postgres;

use super::contract::{part, said};
use super::proxy::Proxy;
use super::real::{block_on, open, runtime};
use crate::harness::postgres::{PostgresServer, shared_postgres};

const LONG: Duration = Duration::from_secs(3600);

/// A node that says numbered lines in one room.
struct Talker {
    engine: Arc<Postgres>,
    me: NodeId,
    room: RoomId,
    /// The number of the last write.
    write: u64,
    /// The number of the last line.
    line: u64,
    /// Lines that were acknowledged.
    acknowledged: Vec<u64>,
    /// Writes in doubt that turned out to be stored, and those that were not.
    doubts: (u64, u64),
}

impl Talker {
    async fn start(url: &str) -> Talker {
        let engine = open(url).await;
        let node = NewNode {
            number: None,
            last_write: 0,
            label: "talker".to_owned(),
            version: 1,
            lease: LONG,
        };
        let me = engine.join(node).await.expect("it may join");
        let room = engine.create_room(RoomName::parse(&format!("of_{me}")).expect("a name"));
        Talker {
            room: room.await.expect("there is none"),
            engine,
            me,
            write: 0,
            line: 0,
            acknowledged: Vec::new(),
            doubts: (0, 0),
        }
    }

    fn write(&self, lines: std::ops::RangeInclusive<u64>) -> Write {
        let author = MemberId::on(self.me, 1);
        let entries: Vec<Entry> = lines.map(|line| said(author, &line.to_string())).collect();
        let at = At { seq: 0, rights: 0 };
        Write {
            number: self.write,
            parts: vec![part(self.room, at, entries)],
        }
    }

    /// Says three more lines, and finds out what has become of them.
    async fn say(&mut self) {
        let lines = self.line + 1..=self.line + 3;
        self.line += 3;
        loop {
            self.write += 1;
            match self.engine.append(self.me, self.write(lines.clone())).await {
                Ok(outcomes) => {
                    assert!(matches!(outcomes[..], [PartOutcome::Stored { .. }]));
                    self.acknowledged.extend(lines);
                    return;
                }
                // Certainly not.
                Err(EngineError::Away(_)) => self.write -= 1,
                Err(EngineError::Doubt(_)) => {
                    match settle(&*self.engine, self.me, self.write).await {
                        Some(_) => {
                            self.doubts.0 += 1;
                            self.acknowledged.extend(lines);
                            return;
                        }
                        None => self.doubts.1 += 1,
                    }
                }
                Err(other) => panic!("{other}"),
            }
        }
    }

    /// What was acknowledged is what is stored, in its order and without a gap.
    async fn check(&self, engine: &dyn Engine) {
        assert_eq!(stored(engine, self.room).await, self.acknowledged);
    }
}

async fn settle(engine: &dyn Engine, me: NodeId, number: u64) -> Option<Vec<PartOutcome>> {
    loop {
        match engine.settle(me, number).await {
            Ok(outcome) => return outcome,
            Err(EngineError::Away(_) | EngineError::Doubt(_)) => {}
            Err(other) => panic!("{other}"),
        }
    }
}

/// The lines of a room, which are numbers, once they can be read.
async fn stored(engine: &dyn Engine, room: RoomId) -> Vec<u64> {
    let mut lines = Vec::new();
    let mut after = 0;
    loop {
        let range = Range {
            room,
            after,
            upto: u64::MAX,
        };
        let read = match engine.entries(vec![range]).await {
            Ok(read) => read,
            Err(EngineError::Away(_)) => continue,
            Err(other) => panic!("{other}"),
        };
        if read.is_empty() {
            return lines;
        }
        for (_, numbered) in read {
            assert_eq!(numbered.seq, after + 1, "a gap or a double");
            after = numbered.seq;
            if let Entry::Said(message) = numbered.entry {
                lines.push(message.text.parse().expect("a number"));
            }
        }
    }
}

/// Waits until psql is told this.
fn until(server: &PostgresServer, database: &str, sql: &str, wanted: &str) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while server.sql(database, sql) != wanted {
        assert!(Instant::now() < deadline, "{sql} never gives {wanted:?}");
    }
}

/// How many commits wait for the standby.
const WAITING: &str = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND application_name LIKE 'parlor%'";

/// How often the server is killed; 100 times takes some minutes.
fn kills() -> u64 {
    let asked = std::env::var("PARLOR_KILLS").ok();
    asked.map_or(6, |kills| kills.parse().expect("a number"))
}

#[test]
fn what_was_acknowledged_is_stored_however_often_the_server_is_killed() {
    let server = Arc::new(PostgresServer::start());
    let url = server.fresh();
    block_on(async {
        let mut talker = Talker::start(&url).await;
        let is_over = Arc::new(AtomicBool::new(false));
        let said = Arc::new(AtomicU64::new(0));
        let (killed, told, heard) = (Arc::clone(&server), Arc::clone(&is_over), Arc::clone(&said));
        let killer = thread::spawn(move || {
            for kill in 0..kills() {
                // In the middle of something, and each time somewhere else.
                let enough = heard.load(Ordering::SeqCst) + 6 + kill % 7;
                while heard.load(Ordering::SeqCst) < enough {
                    thread::yield_now();
                }
                thread::sleep(Duration::from_micros(kill * 371 % 3000));
                match kill % 3 {
                    2 => killed.stop(),
                    _ => killed.kill(),
                }
                killed.start_again();
            }
            told.store(true, Ordering::SeqCst);
        });
        while !is_over.load(Ordering::SeqCst) {
            talker.say().await;
            said.fetch_add(3, Ordering::SeqCst);
        }
        killer.join().expect("it ends");
        talker.say().await;
        talker.check(&*talker.engine).await;
        println!(
            "{} lines, in doubt {:?}",
            talker.acknowledged.len(),
            talker.doubts
        );
    });
}

#[test]
fn what_was_acknowledged_is_on_the_standby_that_takes_over() {
    let primary = PostgresServer::start();
    let database = primary.database();
    let standby = primary.standby("other");
    primary.wait_for_standby("other");
    let url = format!(
        "postgres://postgres@{},{}/{database}?target_session_attrs=read-write",
        primary.address(),
        standby.address()
    );
    block_on(async {
        let mut talker = Talker::start(&url).await;
        for _ in 0..20 {
            talker.say().await;
        }
        thread::scope(|scope| {
            scope.spawn(|| {
                primary.kill();
                standby.promote();
            });
            for _ in 0..200 {
                block_on(talker.say());
            }
        });
        talker.check(&*talker.engine).await;
        // It is not on the old one.
        assert_eq!(
            standby.sql(&database, "SELECT count(*) FROM parlor.entries"),
            "660"
        );
    });
}

#[test]
fn a_commit_that_waits_for_the_standby_is_waited_for_and_nothing_of_it_is_seen() {
    let primary = Arc::new(PostgresServer::start());
    let database = primary.database();
    let standby = primary.standby("other");
    primary.wait_for_standby("other");
    block_on(async {
        let mut talker = Talker::start(&primary.url(&database)).await;
        talker.say().await;
        standby.pause();
        let engine = Arc::clone(&talker.engine);
        let (me, room) = (talker.me, talker.room);
        let say = talker.say();
        let meanwhile = async {
            meanwhile_until(&primary, WAITING, "1").await;
            // Reading goes on, and so does the lease.
            assert_eq!(stored(&*engine, room).await, [1, 2, 3]);
            engine
                .renew(me, LONG)
                .await
                .expect("it waits for no standby");
            engine.wake(News::Rooms).await.expect("neither does this");
            let name = Name::parse("Dai").expect("a name");
            assert_eq!(engine.holder(name).await, Ok(None));
            standby.resume();
        };
        future::zip(say, meanwhile).await;
        talker.check(&*talker.engine).await;
        assert_eq!(talker.doubts, (0, 0));
    });
}

/// As [`until`], while others go on.
fn meanwhile_until(
    server: &Arc<PostgresServer>,
    sql: &str,
    wanted: &'static str,
) -> impl Future<Output = ()> + use<> {
    let (server, sql) = (Arc::clone(server), sql.to_owned());
    runtime().unblock(move || until(&server, "postgres", &sql, wanted))
}

/// While the standby is away, somebody ends the wait of a commit: it is visible, and not on the standby. That is in doubt
/// until it is.
fn a_wait_that_is_ended_by(function: &str) {
    let primary = Arc::new(PostgresServer::start());
    let database = primary.database();
    let standby = primary.standby("other");
    primary.wait_for_standby("other");
    block_on(async {
        let talker = Talker::start(&primary.url(&database)).await;
        standby.pause();
        let author = MemberId::on(talker.me, 1);
        let at = At { seq: 0, rights: 0 };
        let write = Write {
            number: 1,
            parts: vec![part(talker.room, at, vec![said(author, "1")])],
        };
        let engine = Arc::clone(&talker.engine);
        let appended = engine.append(talker.me, write);
        let end =
            format!("SELECT {function}(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
        let ended = async {
            meanwhile_until(&primary, WAITING, "1").await;
            meanwhile_until(&primary, &end, "t").await;
        };
        let (appended, ()) = future::zip(appended, ended).await;
        assert!(
            matches!(appended, Err(EngineError::Doubt(_))),
            "{appended:?}"
        );
        assert_eq!(
            stored(&*engine, talker.room).await,
            [1],
            "it can be seen, unsafe as it is"
        );
        // It is not called safe before it is.
        let settled = settle(&*engine, talker.me, 1);
        let mut settled = std::pin::pin!(settled);
        let mut barrier = engine.barrier(talker.me);
        let waiting = meanwhile_until(&primary, WAITING, "2");
        let early = future::or(
            async {
                future::or(async { drop((&mut settled).await) }, async {
                    drop((&mut barrier).await)
                })
                .await;
                "it was called safe"
            },
            async {
                waiting.await;
                "both wait"
            },
        );
        assert_eq!(early.await, "both wait");
        standby.resume();
        let settled = settled.await.expect("it is stored");
        assert!(matches!(
            settled[..],
            [PartOutcome::Stored { seq: 1, id: 1, .. }]
        ));
        barrier.await.expect("all is safe");
        standby.promote();
        let engine = open(&standby.url(&database)).await;
        assert_eq!(stored(&*engine, talker.room).await, [1]);
    });
}

#[test]
fn a_commit_whose_wait_is_cancelled_is_in_doubt_until_the_standby_has_it() {
    a_wait_that_is_ended_by("pg_cancel_backend");
}

#[test]
fn a_commit_whose_connection_is_ended_is_in_doubt_until_the_standby_has_it() {
    a_wait_that_is_ended_by("pg_terminate_backend");
}

#[test]
fn connections_that_are_ended_by_somebody_are_made_again_and_nothing_is_lost() {
    let server = shared_postgres();
    let database = server.database();
    block_on(async {
        let mut talker = Talker::start(&server.url(&database)).await;
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            let (is_over, of_thread) = (&is_over, database.clone());
            scope.spawn(move || {
                for _ in 0..20 {
                    let all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                               WHERE datname = current_database() AND pid <> pg_backend_pid()";
                    server.sql(&of_thread, all);
                }
                is_over.store(true, Ordering::SeqCst);
            });
            while !is_over.load(Ordering::SeqCst) {
                block_on(talker.say());
            }
        });
        talker.check(&*talker.engine).await;
    });
}

#[test]
fn whoever_was_away_is_told_that_there_may_have_been_anything() {
    let server = shared_postgres();
    let database = server.database();
    block_on(async {
        let engine = open(&server.url(&database)).await;
        let news = engine.news();
        let all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";
        server.sql(&database, all);
        assert_eq!(news.recv().await, Ok(News::Anything));
        engine.wake(News::Bans).await.expect("it is there again");
        assert_eq!(news.recv().await, Ok(News::Bans));
    });
}

#[test]
fn an_answer_that_is_lost_on_its_way_is_in_doubt_and_what_was_stored_is_found() {
    let server = shared_postgres();
    let database = server.database();
    let proxy = Proxy::to(server.address());
    block_on(async {
        let mut talker = Talker::start(&proxy.url(&database)).await;
        talker.say().await;
        proxy.hold_answers();
        talker.say().await;
        assert_eq!(talker.doubts, (1, 0));
        talker.say().await;
        talker.check(&*talker.engine).await;
    });
}

#[test]
fn a_network_that_is_cut_for_a_while_loses_nothing_and_heals() {
    let server = shared_postgres();
    let database = server.database();
    let proxy = Proxy::to(server.address());
    block_on(async {
        let mut talker = Talker::start(&proxy.url(&database)).await;
        talker.say().await;
        proxy.cut();
        let engine = Arc::clone(&talker.engine);
        let say = talker.say();
        let meanwhile = async {
            // Whoever reads is told so after a while, and whoever renews the lease much earlier.
            let renewed = engine.renew(NodeId(1), LONG).await;
            assert!(
                matches!(renewed, Err(EngineError::Away(_) | EngineError::Doubt(_))),
                "{renewed:?}"
            );
            let read = engine.heads().await;
            assert!(matches!(read, Err(EngineError::Away(_))), "{read:?}");
            proxy.mend();
        };
        future::zip(say, meanwhile).await;
        talker.say().await;
        talker.check(&*talker.engine).await;
    });
}

#[test]
fn a_request_that_arrives_late_is_too_late() {
    let server = shared_postgres();
    let database = server.database();
    let proxy = Proxy::to(server.address());
    block_on(async {
        let mut talker = Talker::start(&proxy.url(&database)).await;
        talker.say().await;
        // What is sent from here on is on its way for long.
        proxy.hold_requests();
        talker.write += 1;
        let write = talker.write(4..=6);
        let appended = talker.engine.append(talker.me, write);
        let hung_up = runtime().unblock({
            let sent = Instant::now();
            // The request has no way to be seen; it takes less than this to be sent.
            move || {
                while sent.elapsed() < Duration::from_millis(300) {
                    thread::yield_now();
                }
            }
        });
        let hung_up = async {
            hung_up.await;
            proxy.hang_up();
        };
        let (appended, ()) = future::zip(appended, hung_up).await;
        assert!(
            matches!(appended, Err(EngineError::Doubt(_))),
            "{appended:?}"
        );
        let settled = settle(&*talker.engine, talker.me, talker.write).await;
        assert_eq!(
            settled, None,
            "nothing of it was stored, and nothing will be"
        );
        // Now it arrives.
        proxy.mend();
        let refused = "is over";
        let deadline = Instant::now() + Duration::from_secs(60);
        while !server.log().contains(refused) {
            assert!(Instant::now() < deadline, "it never arrived");
        }
        talker.line = 6;
        talker.say().await;
        let lines = stored(&*talker.engine, talker.room).await;
        assert_eq!(lines, [1, 2, 3, 7, 8, 9]);
    });
}

#[test]
fn a_write_that_still_hangs_is_waited_for_before_it_is_settled() {
    let primary = Arc::new(PostgresServer::start());
    let database = primary.database();
    let standby = primary.standby("other");
    primary.wait_for_standby("other");
    let proxy = Proxy::to(primary.address());
    block_on(async {
        let mut talker = Talker::start(&proxy.url(&database)).await;
        talker.say().await;
        standby.pause();
        talker.write += 1;
        let write = talker.write(4..=6);
        let appended = talker.engine.append(talker.me, write);
        let cut = async {
            meanwhile_until(&primary, WAITING, "1").await;
            // Its backend hears nothing of that.
            proxy.hold_requests();
            proxy.hang_up();
        };
        let (appended, ()) = future::zip(appended, cut).await;
        assert!(
            matches!(appended, Err(EngineError::Doubt(_))),
            "{appended:?}"
        );
        let settled = settle(&*talker.engine, talker.me, talker.write);
        let resumed = async {
            let waiting = "SELECT count(*) FROM pg_stat_activity
                           WHERE wait_event_type = 'Lock' AND application_name LIKE 'parlor%'";
            meanwhile_until(&primary, waiting, "1").await;
            standby.resume();
        };
        let (settled, ()) = future::zip(settled, resumed).await;
        let settled = settled.expect("it was stored after all");
        assert!(matches!(
            settled[..],
            [PartOutcome::Stored { seq: 4, id: 4, .. }]
        ));
        assert_eq!(
            stored(&*talker.engine, talker.room).await,
            [1, 2, 3, 4, 5, 6]
        );
    });
}

#[test]
fn while_the_standby_is_away_no_more_connections_hang_than_there_are() {
    let primary = PostgresServer::start();
    let database = primary.database();
    let standby = primary.standby("other");
    primary.wait_for_standby("other");
    block_on(async {
        let talker = Talker::start(&primary.url(&database)).await;
        standby.pause();
        let engine = &talker.engine;
        let take = |count| {
            engine.take_name(TakeName {
                member: MemberId::on(talker.me, count),
                name: Name::parse(&format!("n{count}")).expect("a name"),
                account: None,
                address: None,
                by_force: false,
            })
        };
        let mut asked = Vec::new();
        for count in 1..=20 {
            asked.push(smol::spawn({
                let engine = Arc::clone(engine);
                let member = MemberId::on(talker.me, count);
                async move {
                    engine
                        .take_name(TakeName {
                            member,
                            name: Name::parse(&format!("n{count}")).expect("a name"),
                            account: None,
                            address: None,
                            by_force: false,
                        })
                        .await
                }
            }));
        }
        let mut answers = BTreeMap::new();
        for asked in asked {
            let kind = match asked.await {
                Err(EngineError::Doubt(_)) => "in doubt",
                Err(EngineError::Away(_)) => "certainly not",
                other => panic!("{other:?}"),
            };
            *answers.entry(kind).or_insert(0) += 1;
        }
        // As many as there are connections for it were sent.
        assert_eq!(
            answers,
            BTreeMap::from([("certainly not", 18), ("in doubt", 2)])
        );
        assert_eq!(primary.sql(&database, WAITING), "2");
        standby.resume();
        until(&primary, &database, WAITING, "0");
        assert_eq!(take(21).await, Ok(TakenName::Taken), "it goes on by itself");
        let held = primary.sql(&database, "SELECT count(DISTINCT member) FROM parlor.names");
        assert_eq!(held, "3");
    });
}

#[test]
fn a_server_that_only_reads_any_more_is_left() {
    let server = PostgresServer::start();
    let database = server.database();
    block_on(async {
        let mut talker = Talker::start(&server.url(&database)).await;
        talker.say().await;
        let read_only = format!("ALTER DATABASE {database} SET default_transaction_read_only = on");
        server.sql("postgres", &read_only);
        // As a failover would: connections that are there are told at their next write.
        let all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";
        server.sql(&database, all);
        talker.write += 1;
        let refused = loop {
            match talker.engine.heads().await {
                Err(EngineError::Away(why)) if why.contains("only reads") => break why,
                Ok(_) | Err(EngineError::Away(_)) => {}
                other => panic!("{other:?}"),
            }
        };
        let write = talker.engine.append(talker.me, talker.write(4..=6)).await;
        assert!(matches!(write, Err(EngineError::Away(_))), "{write:?}");
        assert!(
            refused.contains("it is a standby, or only reads"),
            "{refused}"
        );
        let again = format!("ALTER DATABASE {database} RESET default_transaction_read_only");
        server.sql("postgres", &again);
        talker.write -= 1;
        talker.line = 3;
        talker.say().await;
        talker.check(&*talker.engine).await;
    });
}

/// A trigger that fails with a code, as a full disk and others would make the statement fail.
fn failing_with(server: &PostgresServer, database: &str, code: &str) {
    let sql = format!(
        "CREATE OR REPLACE FUNCTION parlor.fail() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN RAISE EXCEPTION 'made to fail' USING ERRCODE = '{code}'; END $$;
         CREATE OR REPLACE TRIGGER fail BEFORE INSERT ON parlor.entries EXECUTE FUNCTION parlor.fail()"
    );
    server.sql(database, &sql);
}

#[test]
fn what_makes_a_statement_fail_has_certainly_undone_it() {
    let server = shared_postgres();
    let database = server.database();
    block_on(async {
        let mut talker = Talker::start(&server.url(&database)).await;
        for (code, is_away) in [
            ("53100", true),
            ("53200", true),
            ("57014", true),
            ("55P03", true),
            ("58030", true),
            ("40001", true),
            ("40P01", true),
            ("XX001", false),
            ("22000", false),
        ] {
            failing_with(server, &database, code);
            talker.write += 1;
            let failed = talker.engine.append(talker.me, talker.write(1..=3)).await;
            match failed {
                Err(EngineError::Away(_)) if is_away => {}
                Err(EngineError::Refused(StoreError::Failed(_))) if !is_away => {}
                other => panic!("{code}: {other:?}"),
            }
            talker.write -= 1;
            assert_eq!(stored(&*talker.engine, talker.room).await, [0; 0], "{code}");
        }
        server.sql(&database, "DROP TRIGGER fail ON parlor.entries");
        talker.say().await;
        talker.check(&*talker.engine).await;
    });
}

#[test]
fn when_the_server_has_no_connection_left_it_is_away_and_comes_back() {
    let server = PostgresServer::start();
    let database = server.database();
    block_on(async {
        let mut talker = Talker::start(&server.url(&database)).await;
        talker.say().await;
        server.sql(
            "postgres",
            &format!("ALTER DATABASE {database} CONNECTION LIMIT 0"),
        );
        server.sql("postgres", "CREATE ROLE chat LOGIN");
        // Those of a superuser are not counted.
        let refused =
            super::real::try_open(&server.url(&database).replace("postgres@", "chat@")).await;
        let why = refused.expect_err("there is none left");
        assert!(why.contains("too many connections for database"), "{why}");
        talker.say().await;
        talker.check(&*talker.engine).await;
    });
}

#[test]
fn of_many_who_want_one_name_at_once_one_gets_it() {
    let server = shared_postgres();
    let database = server.database();
    block_on(async {
        let mut talkers = Vec::new();
        for _ in 0..3 {
            talkers.push(Talker::start(&server.url(&database)).await);
        }
        let alike = ["Dai", "D\u{430}i", "DAI", "dai", "Ｄａｉ"];
        for round in 1..=20 {
            let mut asked = Vec::new();
            for talker in &talkers {
                for (place, name) in (1..).zip(alike) {
                    let engine = Arc::clone(&talker.engine);
                    let member = MemberId::on(talker.me, 100 * round + place);
                    let name = Name::parse(name).expect("a name");
                    asked.push(smol::spawn(async move {
                        let take = TakeName {
                            member,
                            name: name.clone(),
                            account: None,
                            address: None,
                            by_force: false,
                        };
                        (member, name, engine.take_name(take).await)
                    }));
                }
            }
            let mut winners = Vec::new();
            let mut held_by = Vec::new();
            for asked in asked {
                match asked.await {
                    (member, name, Ok(TakenName::Taken)) => winners.push((member, name)),
                    (_, _, Ok(TakenName::HeldBy(holders))) => held_by.extend(holders),
                    other => panic!("{other:?}"),
                }
            }
            let [(winner, name)] = &winners[..] else {
                panic!("{winners:?}")
            };
            assert!(held_by.iter().all(|holder| holder == winner));
            let engine = &talkers[0].engine;
            assert_eq!(engine.holders(name.clone()).await, Ok(vec![*winner]));
            engine
                .free_name(*winner, name.clone(), None)
                .await
                .expect("it can");
            assert_eq!(
                server.sql(&database, "SELECT count(*) FROM parlor.names"),
                "0"
            );
        }
    });
}

#[test]
fn of_rooms_that_look_alike_one_is_created() {
    let server = shared_postgres();
    let database = server.database();
    block_on(async {
        let mut engines = Vec::new();
        for _ in 0..3 {
            engines.push(open(&server.url(&database)).await);
        }
        for round in 1..=10 {
            let mut asked = Vec::new();
            for engine in &engines {
                for name in ["lobby", "LOBBY", "l\u{43e}bby"] {
                    let engine = Arc::clone(engine);
                    let name = RoomName::parse(&format!("{name}{round}")).expect("a name");
                    asked.push(smol::spawn(async move { engine.create_room(name).await }));
                }
            }
            let mut created = Vec::new();
            for asked in asked {
                match asked.await {
                    Ok(id) => created.push(id),
                    Err(EngineError::Refused(StoreError::RoomExists)) => {}
                    other => panic!("{other:?}"),
                }
            }
            assert_eq!(created, [RoomId(round)], "no number is left out");
        }
    });
}

#[test]
fn nodes_that_write_to_the_same_rooms_in_any_order_do_not_get_into_each_others_way() {
    let server = shared_postgres();
    let database = server.database();
    block_on(async {
        let mut talkers = Vec::new();
        for _ in 0..3 {
            talkers.push(Talker::start(&server.url(&database)).await);
        }
        let mut rooms: Vec<RoomId> = talkers.iter().map(|talker| talker.room).collect();
        let mut tasks = Vec::new();
        for talker in &talkers {
            rooms.rotate_left(1);
            let (engine, me, rooms) = (Arc::clone(&talker.engine), talker.me, rooms.clone());
            tasks.push(smol::spawn(async move {
                for number in 1..=100 {
                    let author = MemberId::on(me, 1);
                    let at = At { seq: 0, rights: 0 };
                    let parts = rooms
                        .iter()
                        .map(|room| part(*room, at, vec![said(author, &number.to_string())]));
                    let write = Write {
                        number,
                        parts: parts.collect(),
                    };
                    let outcomes = engine.append(me, write).await.expect("it can");
                    assert_eq!(outcomes.len(), 3);
                }
            }));
        }
        for task in tasks {
            task.await;
        }
        for room in rooms {
            let lines = stored(&*talkers[0].engine, room).await;
            assert_eq!(lines.len(), 300);
        }
    });
}
