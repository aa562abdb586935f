//! What parlor is measured and attacked with, as far as several programs or the tests share it.

pub mod attack;
pub mod server;
pub mod socket;
pub mod tls;
pub mod wire;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Lets this process, and those that it starts, have as many open files as the system allows it.
///
/// # Errors
///
/// In words, that it could not.
pub fn raise_descriptor_limit() -> Result<(), String> {
    let maximum = getrlimit(Resource::Nofile).maximum;
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    setrlimit(Resource::Nofile, raised)
        .map_err(|error| format!("cannot raise the limit of open files: {error}"))
}
