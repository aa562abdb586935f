//! What all connections of a server share.

use std::sync::Arc;

use crate::config::Config;
use crate::lobby::Lobby;
use crate::reason::ReasonCounts;

/// What all connections of a server share.
#[derive(Debug)]
pub struct Shared {
    /// What the operator chose.
    pub config: Config,
    /// Rooms and names.
    pub lobby: Arc<Lobby>,
    /// Why connections ended.
    pub reasons: ReasonCounts,
}
