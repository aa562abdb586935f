//! How a server among several stands, as those see it who watch it: `/metrics`, `/health` and `parlor health`.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::harness::http::{Answer, get};
use crate::harness::postgres::PostgresServer;
use crate::harness::{Server, found_within, run};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);

fn watched(url: &str, more: &[&str]) -> (Server, SocketAddr) {
    let args = ["--data", url, "--metrics", "127.0.0.1:0"];
    let server = Server::start(&[&args, more].concat());
    let address = server.metrics_address();
    (server, address)
}

/// Asks until the answer is what is looked for.
fn health_becomes(address: SocketAddr, status: u16, words: &str) -> Answer {
    found_within(PATIENCE, words, || {
        let answer = get(address, "/health");
        match answer.status == status && answer.body.contains(words) {
            true => Ok(answer),
            false => Err(format!("{answer:?}")),
        }
    })
}

/// What a figure is.
fn figure(address: SocketAddr, name: &str) -> f64 {
    let page = get(address, "/metrics").body;
    let row = page.lines().find_map(|row| row.strip_prefix(name));
    let value = row.unwrap_or_else(|| panic!("no {name}: {page}"));
    value.trim().parse().expect("a number")
}

fn figure_becomes(address: SocketAddr, name: &str, expected: f64) {
    found_within(PATIENCE, &format!("{name} is {expected}"), || {
        let found = figure(address, name);
        (found == expected).then_some(()).ok_or(found)
    });
}

#[test]
fn servers_know_each_other_and_one_of_them_clears_up() {
    let postgres = PostgresServer::start();
    let url = postgres.fresh();
    let (one, first) = watched(&url, &[]);
    let (_other, second) = watched(&url, &[]);
    for address in [first, second] {
        figure_becomes(address, "parlor_nodes{state=\"alive\"}", 2.0);
        let answer = health_becomes(address, 200, "of 2");
        assert!(
            answer
                .body
                .starts_with("ok: a line was stored and back within "),
            "{answer:?}"
        );
        assert!(figure(address, "parlor_node_lease_left_seconds") > 1.0);
        assert!(figure(address, "parlor_node_sure_age_seconds") < 60.0);
        assert_eq!(
            figure(address, "parlor_node_trouble{trouble=\"database_away\"}"),
            0.0
        );
    }
    assert_eq!(
        (figure(first, "parlor_node"), figure(second, "parlor_node")),
        (1.0, 2.0)
    );
    let begun = Instant::now();
    while figure(first, "parlor_upkeep") + figure(second, "parlor_upkeep") != 1.0 {
        assert!(begun.elapsed() < PATIENCE, "nobody does it");
    }
    let asked = run(&["health", "--metrics", &second.to_string()]);
    let told = String::from_utf8(asked.stdout).expect("UTF-8");
    assert!(
        asked.status.success() && told.ends_with("; node 2 of 2\n"),
        "{told}"
    );
    // Who goes in order is not silent.
    one.stop();
    figure_becomes(second, "parlor_nodes{state=\"alive\"}", 1.0);
    assert_eq!(figure(second, "parlor_nodes{state=\"silent\"}"), 0.0);
}

#[test]
fn a_database_that_does_not_answer_is_told_and_heals() {
    let postgres = PostgresServer::start();
    let (_server, address) = watched(&postgres.fresh(), &[]);
    health_becomes(address, 200, "node 1 of 1");
    postgres.pause();
    let answer = health_becomes(address, 503, "the database has not answered for ");
    assert!(answer.body.starts_with("not ok: "), "{answer:?}");
    assert_eq!(
        figure(address, "parlor_node_trouble{trouble=\"database_away\"}"),
        1.0
    );
    let asked = run(&["health", "--metrics", &address.to_string()]);
    assert_eq!(asked.status.code(), Some(1));
    let told = String::from_utf8(asked.stderr).expect("UTF-8");
    assert!(
        told.contains("the database has not answered for "),
        "{told}"
    );
    postgres.resume();
    health_becomes(address, 200, "ok: ");
    assert_eq!(
        figure(address, "parlor_node_trouble{trouble=\"database_away\"}"),
        0.0
    );
    postgres.kill();
    health_becomes(address, 503, "the database has not answered for ");
    postgres.start_again();
    health_becomes(address, 200, "ok: ");
}

#[test]
fn an_old_copy_in_the_place_of_the_data_is_told_until_the_server_is_started_anew() {
    let postgres = PostgresServer::start();
    let database = postgres.database();
    let (_server, address) = watched(&postgres.url(&database), &[]);
    for _ in 0..3 {
        health_becomes(address, 200, "node 1 of 1");
    }
    postgres.sql(
        &database,
        "UPDATE parlor.counters SET value = 0 WHERE name = 'barrier'",
    );
    let answer = health_becomes(address, 503, "gone back in time");
    assert!(answer.body.contains("restored an old copy"), "{answer:?}");
    assert_eq!(
        figure(address, "parlor_node_trouble{trouble=\"database_is_old\"}"),
        1.0
    );
    // It stays so.
    postgres.sql(
        &database,
        "UPDATE parlor.counters SET value = 999999 WHERE name = 'barrier'",
    );
    let again = get(address, "/health");
    assert_eq!((again.status, again.body), (503, answer.body));
}

#[test]
fn a_server_that_was_taken_for_dead_is_counted_by_both_sides() {
    let postgres = PostgresServer::start();
    let url = postgres.fresh();
    let short = ["--node-lease", "2"];
    let (sleeper, asleep) = watched(&url, &short);
    let (_other, awake) = watched(&url, &short);
    figure_becomes(awake, "parlor_nodes{state=\"alive\"}", 2.0);
    sleeper.signal("STOP");
    figure_becomes(awake, "parlor_node_condemned_total", 1.0);
    figure_becomes(awake, "parlor_nodes{state=\"alive\"}", 1.0);
    sleeper.signal("CONT");
    figure_becomes(asleep, "parlor_node_fenced_total", 1.0);
    figure_becomes(asleep, "parlor_node_rejoined_total", 1.0);
    health_becomes(asleep, 200, "ok: ");
    figure_becomes(awake, "parlor_nodes{state=\"alive\"}", 2.0);
}
