//! Sockets: listeners, admission, shares, and why connections end.

pub mod endpoint;

pub mod admission;
pub mod proxy;
pub mod reason;
pub mod share;
pub mod sniff;
pub mod turns;

pub mod socket;
pub mod trust;

pub mod listener;
pub mod tls;
