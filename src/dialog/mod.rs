//! *Pure.* What the server and a person at a terminal say to each other.
//!
//! [`session`] knows what the user is doing, and has the commands; [`view`] has every word the server says.

pub mod session;
pub mod view;
