//! Sockets: where clients knock, who is let in, how fast they may be, and why they go.

pub mod endpoint;

pub mod admission;
pub mod rate;
pub mod reason;
pub mod sniff;

pub mod socket;

pub mod listener;
