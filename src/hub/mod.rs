//! The way from one user to the others.
//!
//! A front end has a [`participant`]; the participant asks the [`lobby`] and its [`room`]; both answer through its
//! [`inbox`]. What a room says goes through its outbox, from which each member reads at its own pace.

pub mod control;
pub mod inbox;
pub mod passwords;
pub mod security;

pub mod room;

pub mod lobby;

pub mod participant;

pub mod health;
