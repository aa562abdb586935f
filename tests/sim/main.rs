//! The whole server on a made-up clock and a made-up network.
//!
//! A seed decides everything: how many people there are and with what programs, what they type and when, how
//! their bytes are cut and delayed, who stops reading, whose connection breaks and how, when the date is set by
//! hours or months, when the store fails or hangs, when the process dies, and how many turns the server's tasks have
//! between two such events. The log goes into a pipe that nobody reads. All of it happens on one thread, so the same seed
//! gives the same course, byte for byte.
//!
//! Most lines carry a number, such as `{17} hello`, by which they are known wherever they turn up. What must be
//! true is checked on each row that anybody is shown (`view`, `ledger`), after each rest (`world`), and when all
//! is quiet in the end (`run`).
//!
//! # Running it
//!
//! ```text
//! cargo test --test sim                           a few hundred seeds
//! PARLOR_SIM_SEED=17 cargo test --test sim        that one alone, with its trace
//! PARLOR_SIM_SEEDS=1000000 cargo test --config profile.dev.package.parlor.opt-level=2 --test sim
//!                                                 as many as you like, ten times as fast
//! PARLOR_SIM_FIRST=5000 ...                       beginning with this one
//! ```
//!
//! # Reading a trace
//!
//! ```text
//!     0.240000 c03 connects: Plain from 10.0.0.7:1002
//!     0.240000 c03 <- "=========== Welcome! ==============\r\n"
//!     1.310000 c03 -> "\\join 1150\n"
//!     4.100000 c03 breaks: LateReset
//! ```
//!
//! The first column is the simulated time in seconds. `c03` is the fourth connection; somebody who comes back
//! has a new one. `->` is what the client sends, at the time it does (it arrives later), `<-` what the server
//! writes, at the time it does (the client may take it later). The member with number n is connection n - 1.

mod alone;
mod audit;
mod engine;
mod ledger;
mod limits;
mod made_up;
mod neighbours;
mod plan;
mod run;
mod runner;
mod screen;
mod shared;
mod site;
mod user;
mod view;
mod weather;
mod wire;
mod world;

use engine::random;
use run::{run_alone, run_several};

#[test]
fn every_seed_keeps_every_promise() {
    runner::run_seeds("every_seed_keeps_every_promise", run_alone);
}

#[test]
fn several_servers_keep_every_promise() {
    runner::run_seeds("several_servers_keep_every_promise", run_several);
}

#[test]
fn the_same_seed_gives_the_same_course() {
    for seed in 0..20 {
        let (one, two) = (run_alone(seed, false), run_alone(seed, true));
        assert_eq!(one.hash, two.hash, "seed {seed}");
        assert_eq!(one.stored, two.stored, "seed {seed}");
    }
}
