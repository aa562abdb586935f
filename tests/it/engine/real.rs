//! The contract, held to over a real PostgreSQL.

use std::future::Future;
use std::sync::{Arc, OnceLock};

use parlor::runtime::Runtime;
use parlor::store::cluster::engine::Engine;
use parlor::store::postgres::Postgres;
use parlor::store::postgres::url::{PostgresConfig, Surroundings};
use smol::Executor;

use super::contract;
use crate::harness::postgres::shared_postgres;

/// What all tests of this folder run on.
pub(super) fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let runtime = Runtime::new(Arc::new(Executor::new()));
        runtime.start_threads(2).expect("threads");
        runtime
    })
}

pub(super) fn block_on<T>(future: impl Future<Output = T>) -> T {
    smol::block_on(future)
}

pub(super) fn config(url: &str) -> PostgresConfig {
    PostgresConfig::parse(url, &Surroundings::default()).expect("a URL")
}

pub(super) async fn try_open(url: &str) -> Result<Arc<Postgres>, String> {
    Postgres::open(config(url), runtime()).await
}

pub(super) async fn open(url: &str) -> Arc<Postgres> {
    try_open(url).await.unwrap_or_else(|why| panic!("{why}"))
}

fn keeps(promise: &str) {
    let all = contract::ALL.iter();
    let (_, hold) = all
        .clone()
        .find(|(name, _)| *name == promise)
        .expect("a promise");
    let url = shared_postgres().fresh();
    block_on(async {
        let engine: Arc<dyn Engine> = open(&url).await;
        hold(Arc::clone(&engine), runtime().clock.clone()).await;
        engine.close().await.expect("it ends");
    });
}

/// A test for each promise; one that is forgotten here makes [`every_promise_is_tested`] fail.
macro_rules! keeps {
    ($($promise:ident)*) => {
        const TESTED: &[&str] = &[$(stringify!($promise)),*];
        $(#[test] fn $promise() { keeps(stringify!($promise)); })*
    };
}

keeps! {
    what_is_appended_is_read_in_its_order
    a_write_is_made_once_and_in_its_turn
    what_a_decision_was_based_on_must_still_be_so
    parts_of_a_write_are_told_apart
    what_was_in_doubt_is_settled_once_and_for_all
    a_node_whose_lease_is_over_can_renew_it_unless_it_was_condemned
    what_became_of_a_write_is_known_after_its_node_was_buried
    whoever_takes_out_the_dead_may_die_as_well
    nodes_that_were_taken_for_dead_by_one_that_is_dead_take_part_again
    nodes_are_told_of_each_other
    barriers_are_counted
    many_entries_are_read_in_several_steps
    rooms_come_in_the_order_of_their_numbers
    the_newest_image_of_a_room_is_kept
    a_closed_room_is_gone_and_can_be_opened_again_in_time
    the_past_is_read_in_pages_up_to_what_is_safe
    words_are_found_in_any_case_and_as_parts
    a_name_has_one_holder_and_so_has_what_looks_like_it
    a_name_can_be_taken_by_force_and_goes_with_its_node
    a_registered_name_is_for_its_account
    a_lost_name_is_for_its_address_until_its_time_is_over
    people_are_known_to_other_nodes_and_go_with_theirs
    letters_come_once_and_in_their_order
    news_reaches_whoever_listens
    accounts_are_kept
    a_deleted_account_keeps_no_closed_room
    a_key_is_bound_to_one_account
    bans_are_kept_and_hits_of_all_nodes_are_added
    reports_are_numbered_and_no_number_is_given_again
}

#[test]
fn every_promise_is_tested() {
    let promised: Vec<&str> = contract::ALL.iter().map(|(name, _)| *name).collect();
    assert_eq!(promised, TESTED);
}
