//! A primary that answers once a standby has it, too.

use std::thread;
use std::time::Duration;

use parlor::limits::HEADS_POLL_EVERY;

use super::stage::{
    Person, Row, at_any_moment_within, expect_agreement, node, rounds, while_talking,
};
use crate::harness::postgres::PostgresServer;
use crate::harness::{Server, Wire};

/// A primary, its synchronous standby, a database, and the URL that leads to whichever of them can be written to.
struct Pair {
    primary: PostgresServer,
    standby: PostgresServer,
    url: String,
    database: String,
}

impl Pair {
    fn start() -> Pair {
        let primary = PostgresServer::start();
        let database = primary.database();
        let standby = primary.standby("other");
        primary.wait_for_standby("other");
        let url = format!(
            "postgres://postgres@{},{}/{database}?target_session_attrs=read-write",
            primary.address(),
            standby.address()
        );
        Pair {
            primary,
            standby,
            url,
            database,
        }
    }

    fn nodes(&self) -> [Server; 3] {
        ["a", "b", "c"].map(|name| node(&self.url, name, &[]))
    }
}

fn one_each(nodes: &[Server; 3], names: [&str; 3]) -> Vec<Person> {
    let people = nodes.iter().zip(names);
    people
        .map(|(node, name)| Person::join(node, name))
        .collect()
}

/// The texts that this person has seen of somebody.
fn texts_of(person: &mut Person, who: &str) -> Vec<String> {
    let heard = person.heard().into_iter();
    heard
        .filter_map(|(name, text)| (name == who).then_some(text))
        .collect()
}

#[test]
fn no_line_that_was_seen_is_missing_when_a_standby_that_lagged_takes_over() {
    for _ in 0..rounds("FAULTS_FAILOVERS", 1) {
        fail_over();
    }
}

/// The primary is killed while the standby has less than that, and the standby takes over.
fn fail_over() {
    let pair = Pair::start();
    let nodes = pair.nodes();
    let mut watchers = one_each(&nodes, ["watcher1", "watcher2", "watcher3"]);
    let mut speakers = one_each(&nodes, ["ann", "ben", "cid"]);
    let ((), _) = while_talking(&mut speakers, 10, || {
        watchers[0].wait_for("some lines", |rows| (rows.len() > 200).then_some(()));
        // From here on the primary has lines that the standby has not.
        pair.standby.pause();
        at_any_moment_within(Duration::from_secs(1));
        pair.primary.kill();
        pair.standby.resume();
        pair.standby.promote();
        for watcher in &mut watchers {
            let before = watcher.heard().len();
            watcher.wait_for("a new line", |rows| {
                let said = rows.iter().filter(|row| matches!(row, Row::Said(..)));
                (said.count() > before + 20).then_some(())
            });
        }
    });
    let (stored, refused) = expect_agreement(&pair.url, &mut watchers, &mut speakers);
    eprintln!("{stored} stored, {refused} refused");
}

#[test]
fn what_no_standby_has_is_shown_to_nobody_though_its_commit_was_cut_off() {
    let pair = Pair::start();
    let nodes = pair.nodes();
    let mut people = one_each(&nodes, ["ann", "ben", "cid"]);
    people[0].client.say("first");
    people
        .iter_mut()
        .for_each(|person| person.hears("ann", "first"));

    pair.standby.pause();
    people[0].client.line("on the primary only");
    // It is in the log of the primary, and whoever asked for it waits for the standby.
    let waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND datname = current_database()";
    let pid = loop {
        let pids = pair.primary.sql(&pair.database, waiting);
        if let Some(pid) = pids.lines().next() {
            break pid.to_owned();
        }
    };
    // Once its session is gone the primary shows it to everybody who asks.
    pair.primary
        .sql("postgres", &format!("SELECT pg_terminate_backend({pid})"));
    people[1].client.line("said later");
    // Meanwhile what was seen can be read, by whoever comes as well.
    for person in &mut people {
        person.client.line("\\history");
    }
    // Longer than any node waits until it looks by itself, so that it has seen what there is.
    thread::sleep(HEADS_POLL_EVERY + Duration::from_secs(1));
    for person in &mut people {
        let seen = texts_of(person, "ann");
        assert!(
            !seen.contains(&"on the primary only".to_owned()),
            "{seen:?}"
        );
    }
    // The standby never gets it: it is gone with the primary, and was never seen.
    pair.primary.kill();
    pair.standby.resume();
    pair.standby.promote();
    people[2].client.line("after all that");
    people
        .iter_mut()
        .for_each(|person| person.hears("cid", "after all that"));
    let stored = super::stage::stored(&pair.url);
    let ann: Vec<&str> = stored
        .iter()
        .filter(|(who, _)| who == "ann")
        .map(|(_, text)| text.as_str())
        .collect();
    for person in &mut people {
        let seen = texts_of(person, "ann");
        assert_eq!(
            seen.iter()
                .filter(|text| *text == "on the primary only")
                .count(),
            ann.iter()
                .filter(|text| **text == "on the primary only")
                .count()
        );
    }
}

#[test]
fn what_waits_for_a_standby_is_shown_once_that_has_it() {
    let pair = Pair::start();
    let nodes = pair.nodes();
    let mut people = one_each(&nodes, ["ann", "ben", "cid"]);
    pair.standby.pause();
    people[0].client.line("waits");
    people[1].client.line("waits, too");
    // Nothing tells that nothing comes.
    thread::sleep(Duration::from_secs(1));
    assert!(people.iter_mut().all(|person| person.heard().is_empty()));
    pair.standby.resume();
    for person in &mut people {
        person.hears("ann", "waits");
        person.hears("ben", "waits, too");
    }
    let heard: Vec<_> = people.iter_mut().map(Person::heard).collect();
    assert!(heard.iter().all(|one| *one == heard[0]), "{heard:?}");
}

#[test]
fn one_address_that_leads_to_the_new_primary_will_do() {
    let pair = Pair::start();
    let wire = Wire::to(pair.primary.address());
    let url = format!("postgres://postgres@{}/{}", wire.address(), pair.database);
    let nodes = ["a", "b"].map(|name| node(&url, name, &[]));
    let mut ann = Person::join(&nodes[0], "ann");
    let mut ben = Person::join(&nodes[1], "ben");
    ann.client.say("before");
    ben.hears("ann", "before");
    pair.primary.kill();
    pair.standby.promote();
    wire.lead_to(pair.standby.address());
    ann.speak(1);
    while ann.shown().len() < 2 {
        ann.speak(1);
    }
    let last = ann.shown().pop().expect("it was shown");
    ben.hears("ann", &last);
}
