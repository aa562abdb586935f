//! The kept attacks, small: nobody waits for long, and nothing is forged, taken or filled beyond its bound.
//!
//! `scripts/attack.sh` plays them as they were found, with hundreds of connections against a release build. Here a
//! few connections attack a debug build for a second beside other tests, so that the bounds on time only catch
//! what stalls.

use std::path::PathBuf;
use std::time::Duration;

use parlor_bench::attack::report::{Outcome, Seen, rows};
use parlor_bench::attack::{Case, Scale, Target};

use crate::harness::PROGRAM;

/// How long a bystander may wait for anything while a debug build on a busy machine is attacked.
const WAIT_MAX: Duration = Duration::from_secs(1);

fn play(case: Case) -> Vec<Outcome> {
    let target = Target::Program(PathBuf::from(PROGRAM));
    let outcomes = case
        .play(&target, Scale::SHORT)
        .unwrap_or_else(|error| panic!("{}: {error}", case.name()));
    for outcome in &outcomes {
        print!("{}", rows(outcome));
    }
    outcomes
}

/// Plays it and holds what the bystander saw to [`WAIT_MAX`].
fn nobody_waits(case: Case) -> Vec<Outcome> {
    let outcomes = play(case);
    for outcome in &outcomes {
        for (when, seen) in [("during", &outcome.during), ("after", &outcome.after)] {
            if let Some(seen) = seen {
                assert_short(&format!("{when} {}", outcome.label), seen);
            }
        }
    }
    outcomes
}

fn assert_short(when: &str, seen: &Seen) {
    for (what, latencies) in [
        ("line", &seen.echo),
        ("menu", &seen.connect),
        ("search", &seen.search),
    ] {
        let longest = latencies.max().unwrap_or_default();
        assert!(longest < WAIT_MAX, "{when}: a {what} took {longest:?}");
    }
    assert!(seen.echo.count() > 0, "{when}: nothing was measured");
}

/// Asserts that each number which counts `what` is at most `most`, and that there is one.
fn at_most(outcomes: &[Outcome], what: &str, most: f64) {
    let mut count = 0;
    for outcome in outcomes {
        for finding in &outcome.findings {
            if finding.what.contains(what) {
                let found = finding.count;
                assert!(found <= most, "{}: {found} {}", outcome.label, finding.what);
                count += 1;
            }
        }
    }
    assert!(count > 0, "nobody counted {what}: {outcomes:?}");
}

#[test]
fn nobody_waits_while_costly_names_are_asked_for() {
    nobody_waits(Case::Names);
}

#[test]
fn nobody_waits_while_others_press_tab() {
    nobody_waits(Case::Tabs);
}

#[test]
fn nobody_waits_for_drawings_in_many_zones_nor_when_their_readers_have_gone() {
    nobody_waits(Case::Zones);
}

#[test]
fn nobody_waits_while_rooms_are_listed() {
    nobody_waits(Case::Lists);
}

#[test]
fn nobody_waits_for_searches_whose_askers_have_gone() {
    let outcomes = nobody_waits(Case::Searches);
    at_most(&outcomes, "own searches", WAIT_MAX.as_secs_f64() * 1000.0);
}

#[test]
fn a_page_that_is_not_read_is_not_kept() {
    let outcomes = nobody_waits(Case::Pages);
    at_most(&outcomes, "KiB of memory each", 1024.0);
}

#[test]
fn one_address_makes_few_rooms_and_a_race_makes_no_more_than_may_be() {
    let outcomes = nobody_waits(Case::Rooms);
    at_most(&outcomes, "rooms made by one address", 50.0);
    at_most(&outcomes, "rooms made where there may be 10", 10.0);
}

#[test]
fn a_class_comes_in_at_once() {
    let outcomes = play(Case::Crowd);
    at_most(
        &outcomes,
        "ms until all are in a room",
        WAIT_MAX.as_secs_f64() * 1000.0,
    );
}

#[test]
fn a_stranger_takes_away_nothing_that_others_said() {
    let outcomes = play(Case::Close);
    at_most(&outcomes, "lines of others gone", 0.0);
}

#[test]
fn no_row_looks_like_what_somebody_else_said() {
    let outcomes = play(Case::Rows);
    at_most(&outcomes, "rows forged", 0.0);
}

#[test]
fn no_character_set_lets_control_bytes_through() {
    let outcomes = play(Case::Charset);
    at_most(&outcomes, "control bytes", 0.0);
}

#[test]
fn no_name_passes_for_another_or_for_a_row_of_the_server() {
    let outcomes = play(Case::Lookalikes);
    at_most(&outcomes, "look-alikes of Dai given", 0.0);
    at_most(&outcomes, "names given that rows begin with", 0.0);
    at_most(&outcomes, "look-alike of the room club made", 0.0);
}
