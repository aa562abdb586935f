//! What is done now and then for all nodes: the search index, what is old, what is over.

use std::fmt::Write as _;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use parlor::chat::history::{Found, RoomId};
use parlor::chat::message::MemberId;
use parlor::chat::name::RoomName;
use parlor::chat::node::NodeId;
use parlor::chat::room::At;
use parlor::store::Retention;
use parlor::store::cluster::UpkeepCounts;
use parlor::store::cluster::engine::{Engine, Lines, NewNode, Write};
use parlor::store::postgres::Postgres;
use parlor::text;

use super::contract::{part, said};
use super::real::{block_on, open};
use crate::harness::postgres::{PostgresServer, shared_postgres};
use crate::harness::{found_within, run};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A database with one node.
struct World<'a> {
    server: &'a PostgresServer,
    database: String,
    engine: Arc<Postgres>,
    me: NodeId,
    writes: u64,
    counts: Arc<UpkeepCounts>,
}

impl World<'_> {
    fn new() -> World<'static> {
        World::on(shared_postgres()).0
    }

    /// In a database of this server, with its URL.
    fn on(server: &PostgresServer) -> (World<'_>, String) {
        let database = server.database();
        let url = server.url(&database);
        let engine = block_on(open(&url));
        let node = NewNode {
            number: None,
            last_write: 0,
            label: "a node".to_owned(),
            version: 1,
            lease: Duration::from_secs(3600),
        };
        let me = block_on(engine_of(&engine).join(node)).expect("it may join");
        let world = World {
            server,
            database,
            engine,
            me,
            writes: 0,
            counts: Arc::default(),
        };
        (world, url)
    }

    fn look_after(&self, keep: Retention) {
        self.engine.look_after(keep, Arc::clone(&self.counts));
    }

    fn sql(&self, sql: &str) -> String {
        self.server.sql(&self.database, sql)
    }

    /// Waits until a query gives this.
    fn until(&self, sql: &str, expected: &str) {
        found_within(PATIENCE, &format!("{sql}: {expected}"), || {
            let found = self.sql(sql);
            (found == expected).then_some(()).ok_or(found)
        });
    }

    fn room(&self, name: &str) -> RoomId {
        let name = RoomName::parse(name).expect("a name");
        block_on(engine_of(&self.engine).create_room(name)).expect("there is none")
    }

    fn say(&mut self, room: RoomId, lines: &[&str]) {
        self.say_in(&[room], lines);
    }

    /// Says the same in several rooms, in one write.
    fn say_in(&mut self, rooms: &[RoomId], lines: &[&str]) {
        self.writes += 1;
        let by = MemberId::on(self.me, 1);
        let at = At {
            seq: 0,
            rights: u64::MAX >> 1,
        };
        let parts = rooms.iter().map(|room| {
            let entries = lines.iter().map(|line| said(by, line)).collect();
            part(*room, at, entries)
        });
        let write = Write {
            number: self.writes,
            parts: parts.collect(),
        };
        block_on(engine_of(&self.engine).append(self.me, write)).expect("it is stored");
    }

    /// Lines that were said long ago, of which `text` is made in SQL of their number `n`.
    fn said_long_ago(&self, room: RoomId, lines: u64, age_s: i64, text: &str) {
        let room = room.0;
        self.sql(&format!(
            "INSERT INTO parlor.entries (room, seq, time, line, kind, version, line_kind, changes_rights, name, text)
             SELECT {room}, r.seq + n, parlor.now_ms() - {age_s} * 1000::bigint, r.last_id + n, 0, 1, 0, false, 'ann', {text}
             FROM parlor.rooms r, generate_series(1, {lines}) n WHERE r.id = {room};
             UPDATE parlor.rooms SET seq = seq + {lines}, last_id = last_id + {lines},
                 time = parlor.now_ms() - {age_s} * 1000::bigint, last_line = parlor.now_ms() - {age_s} * 1000::bigint
             WHERE id = {room}; ANALYZE parlor.entries"
        ));
    }

    fn search(&self, room: RoomId, typed: &str) -> Found {
        self.search_upto(room, u64::MAX, 20, typed)
    }

    fn search_upto(&self, room: RoomId, upto: u64, count: usize, typed: &str) -> Found {
        let lines = Lines {
            room,
            upto,
            count,
            bytes: usize::MAX,
        };
        block_on(engine_of(&self.engine).search(lines, typed.to_owned())).expect("it can be read")
    }

    fn until_indexed(&self, room: RoomId, line: u64) {
        let sql = format!("SELECT line FROM parlor.indexed WHERE room = {}", room.0);
        self.until(&sql, &line.to_string());
    }

    fn lines(&self, room: RoomId) -> String {
        let sql = format!(
            "SELECT count(*) FROM parlor.entries WHERE room = {} AND line IS NOT NULL",
            room.0
        );
        self.sql(&sql)
    }
}

impl Drop for World<'_> {
    fn drop(&mut self) {
        let _ = block_on(engine_of(&self.engine).close());
    }
}

fn engine_of(engine: &Arc<Postgres>) -> &dyn Engine {
    &**engine
}

/// Ends with the test.
struct Client(Child);

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

const WORDS: &[&str] = &[
    "Hello",
    "hell",
    "HELLO-WORLD",
    "a\"b",
    "100%",
    "under_score",
    "back\\slash",
    "สวัสดีครับ",
    "ดี",
    "你好世界",
    "Straße",
    "STRASSE",
    "İstanbul",
    "ǅungla",
    "naïve",
    "👍👍",
    "x",
    "the",
    "then",
    "there",
    "'quoted'",
    "a.b.c",
    "Σίσυφος",
    "ΣΊΣΥΦΟΣ",
];

/// Lines of these words, different ones.
fn talk(count: usize, seed: usize) -> Vec<String> {
    let line = |number: usize| {
        let mut line = String::new();
        for place in 0..4 {
            let word = WORDS[(number * 7 + place * place * 5 + seed * (place + 1)) % WORDS.len()];
            let _ = write!(line, "{word} ");
        }
        let _ = write!(line, "no{number}");
        line
    };
    (0..count).map(line).collect()
}

#[test]
fn what_is_found_is_the_same_whether_it_is_in_the_index_or_not() {
    let mut world = World::new();
    let rooms = [world.room("one"), world.room("two")];
    let talks = [talk(300, 1), talk(150, 2)];
    for (room, talk) in rooms.iter().zip(&talks) {
        for lines in talk.chunks(50) {
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            world.say(*room, &lines);
        }
    }
    let compare = || {
        for (room, talk) in rooms.iter().zip(&talks) {
            for upto in [u64::MAX, 130, 64, 1] {
                for typed in WORDS.iter().copied().chain([
                    "hello the",
                    "HEL",
                    "lo-w",
                    "no7",
                    "no13 the",
                    "สวัส",
                    "好世",
                    "ss",
                    "%",
                    "_",
                    "\\",
                    "nothing",
                    "there no2",
                    "",
                    "ίσυ",
                    "e t",
                ]) {
                    let words: Vec<String> = typed.split_whitespace().map(text::fold).collect();
                    let known = talk
                        .iter()
                        .enumerate()
                        .take(usize::try_from(upto).unwrap_or(usize::MAX));
                    let matching = known.rev().filter(|(_, line)| {
                        let line = text::fold(line);
                        !words.is_empty() && words.iter().all(|word| line.contains(word.as_str()))
                    });
                    let expected: Vec<u64> = matching
                        .map(|(place, _)| place as u64 + 1)
                        .take(20)
                        .collect();
                    let found = world.search_upto(*room, upto, 20, typed);
                    let ids: Vec<u64> = found.lines.iter().map(|line| line.id).collect();
                    assert_eq!(ids, expected, "{typed:?} up to {upto}");
                    assert!(!found.cut_short, "{typed:?}");
                }
            }
        }
    };
    compare();
    world.look_after(Retention::default());
    world.until_indexed(rooms[0], 256);
    world.until_indexed(rooms[1], 128);
    assert_eq!(world.sql("SELECT count(*) FROM parlor.blocks"), "6");
    compare();
    // What was not in the index is found as well when it is.
    let more: Vec<String> = talk(120, 1);
    let more: Vec<&str> = more.iter().map(String::as_str).collect();
    world.say(rooms[1], &more);
    world.until_indexed(rooms[1], 256);
    assert_eq!(world.search(rooms[1], "no119").lines.len(), 2);
}

#[test]
fn an_old_word_is_found_in_a_room_that_nobody_could_read_all_of() {
    let world = World::new();
    let room = world.room("long");
    let text =
        "CASE n WHEN 5 THEN 'a needle, qq' ELSE 'hay ' || n % 1000 || ' and straw ' || n % 777 END";
    world.said_long_ago(room, 60_000, 7200, text);
    let before = world.search(room, "needle");
    assert!(before.lines.is_empty() && before.cut_short, "{before:?}");
    world.look_after(Retention::default());
    world.until_indexed(room, 60_000 / 64 * 64);
    let found = world.search(room, "NEEDLE");
    assert_eq!(found.lines.len(), 1);
    assert!(!found.cut_short);
    assert_eq!(found.lines[0].id, 5);
    // Words that many lines have are found where they were said last.
    let newest = world.search(room, "straw hay");
    assert_eq!(newest.lines.len(), 20);
    assert_eq!((newest.lines[0].id, newest.cut_short), (60_000, false));
    // What has no parts is looked for among the last lines, and it is told that those were not all.
    let short = world.search(room, "qq");
    assert!(short.lines.is_empty() && short.cut_short, "{short:?}");
}

#[test]
fn a_search_that_has_to_wait_ends_in_time_and_says_that_it_was_not_all() {
    let mut world = World::new();
    let room = world.room("1150");
    world.said_long_ago(room, 200, 7200, "'an old word ' || n");
    world.look_after(Retention::default());
    world.until_indexed(room, 192);
    world.say(room, &["a new word"]);
    let locking = world
        .server
        .client("psql", &world.database)
        .args(["-Xq", "-c"])
        .arg("BEGIN; LOCK TABLE parlor.blocks IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(600)")
        .stdout(Stdio::null())
        .spawn();
    let _locking = Client(locking.expect("psql is there"));
    world.until("SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation = 'parlor.blocks'::regclass", "1");
    let begun = Instant::now();
    let found = world.search(room, "word");
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
    assert!(found.cut_short);
    assert_eq!(&*found.lines[0].text, "a new word");
    // Those who talk do not wait.
    world.say(room, &["another one"]);
}

#[test]
fn one_node_at_a_time_does_it_and_another_one_when_that_is_gone() {
    let mut world = World::new();
    let room = world.room("1150");
    let other = block_on(open(&world.server.url(&world.database)));
    let others = Arc::<UpkeepCounts>::default();
    other.look_after(Retention::default(), Arc::clone(&others));
    world.said_long_ago(room, 64, 7200, "'line ' || n");
    world.until_indexed(room, 64);
    world.look_after(Retention::default());
    let holders = format!(
        "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
         WHERE locktype = 'advisory' AND granted AND objid = 2 AND datname = '{}'",
        world.database
    );
    world.until(&holders, "1");
    assert_eq!(world.counts.entered.sum(), 0);
    assert_eq!(others.entered.sum(), 64);
    assert!(others.is_busy() && !world.counts.is_busy());
    block_on(engine_of(&other).close()).expect("it ends");
    let more = vec!["more"; 64];
    world.say(room, &more);
    world.until_indexed(room, 128);
    assert_eq!(world.counts.entered.sum(), 64);
}

const DAY: i64 = 24 * 3600;

#[test]
fn lines_are_forgotten_when_they_are_old_or_too_many_but_not_within_the_hour() {
    let mut world = World::new();
    let (old, many, quiet) = (world.room("old"), world.room("many"), world.room("quiet"));
    world.said_long_ago(old, 2500, 100 * DAY, "'old ' || n");
    world.said_long_ago(old, 10, 2 * DAY, "'younger ' || n");
    world.said_long_ago(many, 1500, 2 * DAY, "'many ' || n");
    world.say(many, &["one", "two", "three"]);
    world.said_long_ago(quiet, 100, 2 * DAY, "'quiet ' || n");
    world.look_after(Retention {
        days: Some(30),
        lines: Some(1000),
    });
    world.until(
        "SELECT count(*) FROM parlor.entries",
        &(10 + 1000 + 100).to_string(),
    );
    assert_eq!(world.lines(old), "10");
    assert_eq!(world.lines(quiet), "100");
    let oldest = format!(
        "SELECT min(line) FROM parlor.entries WHERE room = {}",
        many.0
    );
    assert_eq!(world.sql(&oldest), "504");
    assert_eq!(world.counts.forgotten.sum(), 2500 + 503);
    // The numbers go on, and what is in the index and gone is not found.
    world.until_indexed(old, 2496);
    assert!(world.search(old, "old").lines.is_empty());
    assert_eq!(world.search(old, "younger").lines.len(), 10);
    assert_eq!(
        block_on(engine_of(&world.engine).lines_ever()),
        Ok(2510 + 1503 + 100)
    );
    world.say(old, &["again"]);
    assert_eq!(world.search(old, "again").lines[0].id, 2511);
}

#[test]
fn what_was_said_within_the_hour_is_kept_even_where_no_line_should_be() {
    let mut world = World::new();
    let room = world.room("1150");
    world.said_long_ago(room, 100, 2 * DAY, "'old ' || n");
    world.say(room, &["one", "two"]);
    world.look_after(Retention {
        days: Some(0),
        lines: Some(0),
    });
    world.until("SELECT count(*) FROM parlor.entries", "2");
    // Nothing more happens to them: all of it is done in one go.
    world.until("SELECT count(*) FROM parlor.entries", "2");
    assert_eq!(world.search(room, "one").lines.len(), 1);
}

#[test]
fn blocks_of_lines_that_are_gone_leave_the_index() {
    let world = World::new();
    let room = world.room("1150");
    world.said_long_ago(room, 640, 100 * DAY, "'old ' || n");
    world.look_after(Retention::default());
    world.until_indexed(room, 640);
    let _ = block_on(engine_of(&world.engine).close());
    let again = block_on(open(&world.server.url(&world.database)));
    again.look_after(
        Retention {
            days: None,
            lines: Some(100),
        },
        Arc::default(),
    );
    world.until("SELECT count(*) FROM parlor.entries", "100");
    world.until("SELECT min(block) FROM parlor.blocks", "8");
    block_on(engine_of(&again).close()).expect("it ends");
}

#[test]
fn a_closed_room_ends_when_its_time_is_over_and_not_before() {
    let world = World::new();
    let names = ["over", "kept", "just now", "open"].map(|name| name.replace(' ', "_"));
    let [over, kept, just_now, open_again] = names.each_ref().map(|name| world.room(name));
    for room in [over, kept, just_now, open_again] {
        world.said_long_ago(room, 1500, 2 * DAY, "'line ' || n");
    }
    let [over, kept, just_now, open_again] = [over.0, kept.0, just_now.0, open_again.0];
    // A node that sleeps has not heard yet of the end of what was closed just now.
    world.sql(&format!(
        "INSERT INTO parlor.images VALUES ({over}, 1, '{{}}'), ({kept}, 1, '{{}}');
         UPDATE parlor.rooms SET closed = CASE id WHEN {just_now} THEN parlor.now_ms() ELSE 1 END, kept = 1, closed_by = 'ann',
             purge = CASE id WHEN {kept} THEN parlor.now_ms() + 100000 ELSE parlor.now_ms() - 1 END
         WHERE id IN ({over}, {kept}, {just_now})"
    ));
    world.look_after(Retention::default());
    let purge =
        format!("SELECT purge IS NULL AND closed_by IS NULL FROM parlor.rooms WHERE id = {over}");
    world.until(&purge, "t");
    let left = "SELECT room, count(*) FROM parlor.entries GROUP BY room ORDER BY room";
    assert_eq!(
        world.sql(left),
        format!("{kept}|1500\n{just_now}|1500\n{open_again}|1500")
    );
    assert_eq!(
        world.sql("SELECT room FROM parlor.images"),
        kept.to_string()
    );
    // Its lines count, and its number is not given again.
    assert_eq!(block_on(engine_of(&world.engine).lines_ever()), Ok(6000));
    assert_eq!(world.room("over").0, open_again + 1);
}

#[test]
fn of_the_log_goes_what_is_old_and_in_the_image_of_its_room() {
    let world = World::new();
    let room = world.room("1150").0;
    world.sql(&format!(
        "INSERT INTO parlor.entries (room, seq, time, kind, version, changes_rights, body)
         SELECT {room}, n, parlor.now_ms() - CASE WHEN n > 1500 THEN 60000 ELSE 7200000 END, 3, 1, false,
             '{{\"entry\":\"went\",\"member\":1}}' FROM generate_series(1, 1520) n;
         INSERT INTO parlor.images VALUES ({room}, 1400, '{{}}'); UPDATE parlor.rooms SET seq = 1520 WHERE id = {room};
         INSERT INTO parlor.letters (receiver, sender, posted, body) VALUES
             (1, 1, clock_timestamp() - interval '1 hour', 'old'), (1, 1, clock_timestamp(), 'new');"
    ));
    world.look_after(Retention::default());
    world.until("SELECT min(seq), count(*) FROM parlor.entries", "1401|120");
    assert_eq!(world.sql("SELECT body FROM parlor.letters"), "new");
    assert_eq!(world.counts.pruned.sum(), 1400);
}

#[test]
fn nothing_is_deleted_by_a_clock_that_has_jumped() {
    let world = World::new();
    let room = world.room("1150");
    world.said_long_ago(room, 100, 2 * DAY, "'old ' || n");
    let clock = |ms: i64| {
        format!(
            "CREATE OR REPLACE FUNCTION parlor.now_ms() RETURNS bigint LANGUAGE sql VOLATILE
             AS $$ SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint + {ms} $$;
             INSERT INTO parlor.letters (receiver, sender, posted, body)
             VALUES (1, 1, clock_timestamp() - interval '1 hour', 'old')"
        )
    };
    let keep = Retention {
        days: Some(30),
        lines: None,
    };
    world.sql(&clock(40 * DAY * 1000));
    world.look_after(keep);
    // The first that is done.
    world.until("SELECT count(*) FROM parlor.letters", "0");
    block_on(engine_of(&world.engine).close()).expect("it ends");
    assert_eq!(world.lines(room), "100");
    // By a clock that is believed they would have gone.
    world.sql(&clock(0));
    world.sql(&format!(
        "UPDATE parlor.entries SET time = time - {} * 1000::bigint",
        40 * DAY
    ));
    let again = block_on(open(&world.server.url(&world.database)));
    again.look_after(keep, Arc::default());
    world.until("SELECT count(*) FROM parlor.entries", "0");
    block_on(engine_of(&again).close()).expect("it ends");
}

/// Whether `parlor check` finds anything wrong with a database.
fn check(url: &str) -> String {
    let output = run(&["check", "--data", url]);
    String::from_utf8(output.stderr).expect("UTF-8")
}

#[test]
fn what_a_crash_took_from_the_index_is_entered_again() {
    let server = PostgresServer::start();
    let (world, url) = World::on(&server);
    let room = world.room("1150");
    world.said_long_ago(room, 30_000, 7200, "'line ' || n || ' of ' || n % 77");
    world.look_after(Retention::default());
    for share in [1, 2, 3] {
        found_within(PATIENCE, "it goes on", || {
            let entered = world.counts.entered.sum();
            (entered >= share * 4096).then_some(()).ok_or(entered)
        });
        server.kill();
        server.start_again();
    }
    world.until_indexed(room, 30_000 / 64 * 64);
    assert_eq!(check(&url), "");
    let found = world.search(room, "29984 of");
    assert_eq!((found.lines.len(), found.cut_short), (1, false));
}

#[test]
fn an_import_among_those_who_talk_stops_nobody_and_nothing_is_lost_for_searches() {
    let mut world = World::new();
    let url = world.server.url(&world.database);
    let rooms: Vec<RoomId> = ["one", "two", "three"]
        .map(|name| world.room(name))
        .to_vec();
    world.look_after(Retention::default());
    let imported: String = (1..=4000)
        .map(|id| {
            let room = ["three", "one", "two"][id % 3];
            format!(
                "{{\"type\":\"message\",\"room\":\"{room}\",\"id\":{id},\"time\":\"2026-01-01T00:00:00Z\",\"name\":\"ann\",\
                 \"kind\":\"message\",\"text\":\"moved{id:05}\"}}\n"
            )
        })
        .collect();
    let folder = tempfile::TempDir::new().expect("a directory");
    let file = folder.path().join("talk.jsonl");
    std::fs::write(&file, imported).expect("a file");
    let importing =
        thread::spawn(move || run(&["import", "--data", &url, &file.to_string_lossy()]));
    let mut said = 0;
    while !importing.is_finished() {
        // In another order than they are imported.
        world.say_in(&[rooms[2], rooms[0]], &["here and now", "and again"]);
        said += 4;
    }
    let output = importing.join().expect("it ends");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.starts_with("imported "), "{told}");
    let lines = world.sql("SELECT count(*) FROM parlor.entries WHERE line IS NOT NULL");
    assert_eq!(lines, (4000 + said).to_string());
    for room in &rooms {
        let last: u64 = world
            .sql(&format!(
                "SELECT last_id FROM parlor.rooms WHERE id = {}",
                room.0
            ))
            .parse()
            .expect("a number");
        world.until_indexed(*room, last / 64 * 64);
    }
    assert_eq!(check(&world.server.url(&world.database)), "");
    for id in [1, 64, 65, 1000, 2047, 3999, 4000] {
        let found = rooms
            .iter()
            .map(|room| world.search(*room, &format!("moved{id:05}")).lines);
        let found = found
            .flatten()
            .filter(|line| *line.text == *format!("moved{id:05}"));
        assert_eq!(found.count(), 1, "{id}");
    }
}

/// What the index costs those who talk, and what it gives: `cargo test --release --test it measure_the_index -- --ignored
/// --nocapture`. Nothing of it is judged: it depends on the machine.
#[test]
#[ignore = "it measures"]
fn measure_the_index() {
    const LINES: u64 = 1_000_000;
    const ROOMS: u64 = 100;
    for is_filled in [false, true, false, true] {
        let mut world = World::new();
        let rooms: Vec<RoomId> = (0..ROOMS)
            .map(|room| world.room(&format!("r{room}")))
            .collect();
        if is_filled {
            world.look_after(Retention::default());
        }
        let (took, slowest) = say_much(&mut world, &rooms, LINES);
        println!(
            "filled: {is_filled}: {LINES} lines in {took:.1?}, {:.0} lines/s; the slowest write {slowest:.1?}; {} in the index by then",
            LINES as f64 / took.as_secs_f64(),
            world.counts.entered.sum(),
        );
        if is_filled {
            let caught_up = Instant::now();
            found_within(PATIENCE, "it catches up", || {
                let entered = world.counts.entered.sum();
                let is_all = entered >= LINES / ROOMS / 64 * 64 * ROOMS;
                is_all.then_some(()).ok_or(entered)
            });
            println!("caught up after {:.1?} more", caught_up.elapsed());
            tell_of_index(&world, rooms[7]);
        }
    }
}

/// Says so many lines, ten in each room at once. Gives how long all took, and the slowest write.
fn say_much(world: &mut World<'_>, rooms: &[RoomId], lines: u64) -> (Duration, Duration) {
    let common = [
        "people say",
        "what they know",
        "of the weather",
        "and then go",
        "home again",
    ];
    let line = |number: u64| {
        let word = |place: u64| {
            WORDS[(number.wrapping_mul(2_654_435_761) >> (place * 5)) as usize % WORDS.len()]
        };
        let tail = common[(number % 5) as usize];
        format!("{} {} {tail} {} number {number}", word(0), word(1), word(2))
    };
    let (begun, mut number, mut slowest) = (Instant::now(), 0, Duration::ZERO);
    while number < lines {
        world.writes += 1;
        let by = MemberId::on(world.me, 1);
        let parts = rooms.iter().map(|room| {
            let entries = (number..number + 10).map(|number| said(by, &line(number)));
            number += 10;
            let at = At {
                seq: 0,
                rights: u64::MAX >> 1,
            };
            part(*room, at, entries.collect())
        });
        let write = Write {
            number: world.writes,
            parts: parts.collect(),
        };
        let asked = Instant::now();
        block_on(engine_of(&world.engine).append(world.me, write)).expect("it is stored");
        slowest = slowest.max(asked.elapsed());
    }
    (begun.elapsed(), slowest)
}

fn tell_of_index(world: &World<'_>, room: RoomId) {
    let sizes = "SELECT pg_size_pretty(pg_total_relation_size('parlor.entries')),
        pg_size_pretty(pg_total_relation_size('parlor.blocks')), pg_size_pretty(pg_relation_size('parlor.parts_of_blocks'))";
    println!("entries, blocks with index, index: {}", world.sql(sizes));
    for typed in ["number 1007", "home again", "weather STRASSE", "zzz", "x"] {
        let asked = Instant::now();
        let found = world.search(room, typed);
        let (took, lines) = (asked.elapsed(), found.lines.len());
        println!(
            "{typed:?}: {lines} in {took:.1?}, cut short: {}",
            found.cut_short
        );
    }
}
