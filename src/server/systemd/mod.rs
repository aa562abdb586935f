//! What a server and systemd tell each other: that it is ready, what it is doing, that it is still alive, and which sockets
//! it is given. Other service managers that speak the same do as well; where there is none, nothing is said.

mod inherited;
mod notify;
pub(super) mod watchdog;

pub use inherited::inherited;
pub use notify::Notifier;
