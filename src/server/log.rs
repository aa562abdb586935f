//! Where the server's log goes.

use std::io::IsTerminal;

use tracing::level_filters::LevelFilter;

/// Logs what is at least as urgent as `level` on standard error, in colours if that is a terminal.
pub fn start(level: LevelFilter) {
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .log_internal_errors(false)
        .init();
}
