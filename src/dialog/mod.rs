//! *Pure.* What the server and a person at a terminal say to each other.
//!
//! [`session`] is what the person is doing and the commands; [`view`] is every word the server says.

pub mod session;
pub mod view;
