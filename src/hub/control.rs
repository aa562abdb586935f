//! What operators ask that neither a room nor the lobby can do: it is about the server as a whole, which stands above
//! both and brings this.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use crate::chat::admin::{LimitRow, LogLevel, Reloaded};
use crate::chat::name::Name;

/// A server, as the lobby knows it.
pub trait ServerControl: fmt::Debug + Send + Sync {
    /// Whether this account is an operator's, now.
    fn is_operator(&self, account: &Name) -> bool;

    /// The limits that the lobby does not know.
    fn limits(&self) -> Vec<LimitRow>;

    /// Logs so much, until the configuration is read again.
    fn set_log(&self, level: LogLevel);

    /// Reads the configuration again. It is in force when this is ready.
    fn reload(&self) -> Reloading;

    /// Begins to stop the server.
    fn stop(&self);
}

/// The configuration being read again; a sentence for the operator if nothing has changed by it.
pub type Reloading = Pin<Box<dyn Future<Output = Result<Reloaded, String>> + Send>>;
