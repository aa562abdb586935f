/// What every engine promises.
pub(crate) mod contract;
/// PostgreSQL keeps it.
mod real;
/// The servers of the tests themselves.
mod servers;
