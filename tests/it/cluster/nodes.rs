//! A node dies, is stopped for a while, or is replaced while its people go elsewhere.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use parlor::runtime::Runtime;
use parlor::store::Store;
use parlor::store::cluster::ClusterOptions;
use parlor::store::postgres::Postgres;
use parlor::store::postgres::url::{PostgresConfig, Surroundings};
use smol::Executor;

use super::stage::{
    LEASE, Person, ROOM, Row, expect_agreement, node, rounds, three, while_talking,
};
use crate::harness::postgres::shared_postgres;
use crate::harness::{at_menu, eventually};

#[test]
fn a_node_that_is_stopped_for_four_leases_writes_nothing_meanwhile_and_catches_up() {
    for _ in 0..rounds("FAULTS_NODE_STOPS", 1) {
        stand_still();
    }
}

/// A node is stopped for four leases while it writes, and goes on.
fn stand_still() {
    let url = shared_postgres().fresh();
    let nodes = three(&url);
    let mut watchers = vec![
        Person::join(&nodes[1], "watcher2"),
        Person::join(&nodes[2], "watcher3"),
    ];
    let mut ann = Person::join(&nodes[0], "ann");
    let mut others = vec![
        Person::join(&nodes[1], "ben"),
        Person::join(&nodes[2], "cid"),
    ];
    let mut own = vec![
        Person::join(&nodes[0], "dan"),
        Person::join(&nodes[0], "eve"),
    ];
    thread::scope(|scope| {
        let talk = scope.spawn(|| {
            while_talking(&mut own, 10, || {
                // Stopped in the middle of whatever it does, and for long enough.
                watchers[0].wait_for("some lines", |rows| (rows.len() > 100).then_some(()));
                nodes[0].signal("STOP");
                let since = Instant::now();
                ann.client.line("while it was stopped");
                watchers[0].sees("ann left");
                watchers[0].client.line("said meanwhile");
                watchers[1].hears("watcher2", "said meanwhile");
                while_talking(&mut others, 10, || {
                    thread::sleep((4 * LEASE).saturating_sub(since.elapsed()));
                    nodes[0].signal("CONT");
                    // Its socket lives, and what was missed comes.
                    ann.hears("watcher2", "said meanwhile");
                });
            })
        });
        talk.join().expect("it went well");
    });
    expect_agreement(&url, &mut watchers, &mut own);
    for watcher in &mut watchers {
        for name in ["ann", "dan", "eve"] {
            let rows = watcher.rows();
            let left = Row::Notice(format!("{name} left"));
            assert_eq!(
                rows.iter().filter(|row| **row == left).count(),
                1,
                "{name}: {rows:?}"
            );
            let gone = rows
                .iter()
                .position(|row| *row == left)
                .expect("it was told");
            let back = rows
                .iter()
                .rposition(|row| *row == Row::Notice(format!("{name} joined")));
            let back = back.expect("it was told");
            assert!(back > gone, "{name} is not back");
            let between = &rows[gone..back];
            let spoke = between
                .iter()
                .any(|row| matches!(row, Row::Said(who, _) if who == name));
            assert!(!spoke, "{name} spoke while taken for dead: {between:?}");
        }
    }
    // What she said then was decided before it was known what had happened: it is shown to all, or to nobody.
    let shown = ann.shown().len();
    assert_eq!(shown + ann.refused(), 1, "{:?}", ann.rows());
    // Nothing is missing in its own people's view, nor in another order.
    let all = watchers[0].heard();
    ann.hears("watcher2", "that was all");
    let heard = ann.heard();
    let first = all
        .iter()
        .position(|line| *line == heard[0])
        .expect("it was said");
    super::stage::expect_same("ann", &heard, &all[first..]);
}

#[test]
fn when_a_node_is_killed_its_names_are_free_within_two_leases_and_nobody_is_a_ghost() {
    let kills = rounds("FAULTS_NODE_KILLS", 2);
    let mut slowest = Duration::ZERO;
    for _ in 0..kills {
        let url = shared_postgres().fresh();
        let [first, second, third] = three(&url);
        // Whoever has no name cannot be known again, so there is an heir at once.
        let mut founder = at_menu(&first, "anon");
        founder.create(ROOM);
        founder.join(ROOM);
        let mut ann = Person::join(&first, "ann");
        let mut watchers = vec![Person::join(&second, "ben"), Person::join(&third, "cid")];
        ann.client.say("mine");
        watchers
            .iter_mut()
            .for_each(|watcher| watcher.hears("ann", "mine"));
        first.signal("KILL");
        let since = Instant::now();
        for watcher in &mut watchers {
            watcher.sees("ann left");
            watcher.sees("ben now owns the room");
        }
        let mut heir = at_menu(&second, "ann");
        eventually("the name is free", || {
            heir.line("\\name ann");
            heir.expect("Update username ");
            heir.wait_within(crate::harness::DEADLINE, |received| {
                let text = String::from_utf8_lossy(received);
                let answer = text.rsplit("Update username ").next()?;
                answer
                    .contains('\n')
                    .then(|| answer.starts_with("successful"))
            })
            .expect("an answer")
        });
        slowest = slowest.max(since.elapsed());
        assert!(slowest < 2 * LEASE + LEASE / 2, "{slowest:?}");
        for watcher in &mut watchers {
            watcher.client.line("\\who");
            let here = watcher.client.expect("in room 1150: ");
            assert!(here.trim_end().ends_with('2'), "{here}");
            let names = watcher.client.expect(&watcher.client.prompt());
            assert!(!names.contains("ann") && !names.contains("anon"), "{names}");
            // Who has been there for longest, on every node.
            let heir = names.find("owner").expect("somebody inherits");
            assert!(names.find("ben").is_some_and(|ben| ben < heir), "{names}");
            assert!(names.find("cid").is_some_and(|cid| cid > heir), "{names}");
            assert_eq!(watcher.notices("ann left"), 1);
        }
    }
    eprintln!("{kills} nodes killed: the name was free after {slowest:?} at most");
}

#[test]
fn nodes_are_replaced_one_after_the_other_and_nobody_is_seen_to_leave() {
    let url = shared_postgres().fresh();
    // People are told after two seconds at the least who has come or gone.
    let start = |name: &str| node(&url, name, &["--notice-delay", "2", "--grace", "1"]);
    let mut nodes: Vec<_> = ["a1", "b1", "c1"].map(start).into();
    let anchor = start("anchor");
    let mut watcher = Person::join(&anchor, "watcher");
    let mut people: Vec<Person> = ["ann", "ben", "cid"]
        .iter()
        .zip(&nodes)
        .map(|(name, node)| Person::join(node, name))
        .collect();
    watcher.wait_for("that they have joined", |rows| {
        rows.iter()
            .any(|row| is_notice(row, "joined"))
            .then_some(())
    });
    let _dora = Person::join(&nodes[2], "dora");
    watcher.sees("dora joined");
    // Whose node stops comes to the next one, as behind HAProxy, until that stops.
    let mut places = [0, 1, 2];
    for at in 0..3 {
        nodes.remove(at).stop();
        let next = (at + 1) % 3;
        for (person, place) in people.iter_mut().zip(&mut places) {
            if *place == at {
                let name = person.name().to_owned();
                *person = Person::join(&nodes[if next > at { next - 1 } else { next }], &name);
                *place = next;
                person.client.say(&format!("{name} is back"));
                watcher.hears(&name, &format!("{name} is back"));
            }
        }
        nodes.insert(at, start(&format!("{}2", ["a", "b", "c"][at])));
    }
    for person in &mut people {
        let rows = person.rows().iter();
        let left: Vec<&Row> = rows.filter(|row| is_notice(row, "left")).collect();
        assert!(left.is_empty(), "{left:?}");
    }
    // She was on the last of them, so whoever was to be told of before her has been.
    watcher.sees("dora left");
    let rows = watcher.rows().iter();
    let left: Vec<&Row> = rows.filter(|row| is_notice(row, "left")).collect();
    assert_eq!(left, [&Row::Notice("dora left".to_owned())]);
}

fn is_notice(row: &Row, of: &str) -> bool {
    matches!(row, Row::Notice(text) if text.contains(of))
}

#[test]
fn what_an_earlier_version_would_not_understand_is_not_written_while_it_takes_part() {
    let url = shared_postgres().fresh();
    let nodes = ["a", "b"].map(|name| node(&url, name, &[]));
    let mut ann = Person::join(&nodes[0], "ann");
    let mut ben = Person::join(&nodes[1], "ben");
    ann.client.say("before");
    ben.hears("ann", "before");

    // It understands nothing of what there is, which is the first version.
    let runtime = Runtime::new(Arc::new(Executor::new()));
    runtime.start_threads(1).expect("a thread");
    let earlier = smol::block_on(take_part(&url, 0, &runtime));
    for person in [&mut ann, &mut ben] {
        // Until the next time that its node has renewed its lease.
        while person.refused() == 0 {
            person.speak(1);
        }
    }
    smol::block_on(earlier.close());
    ann.says_at_last("after");
    ben.hears("ann", "after");
    assert!(!ben.rows().iter().any(|row| is_notice(row, "left")));
}

/// A node of its own in this process.
async fn take_part(url: &str, version: u16, runtime: &Runtime) -> Store {
    let config = PostgresConfig::parse(url, &Surroundings::default()).expect("a URL");
    let engine = Postgres::open(config, runtime).await.expect("it is there");
    let options = ClusterOptions {
        label: format!("version {version}"),
        lease: LEASE,
        version,
    };
    Store::join(engine, options, runtime).await.expect("it can")
}
