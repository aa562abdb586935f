/// What every engine promises.
pub(crate) mod contract;
/// PostgreSQL keeps it.
mod real;
/// The servers of the tests themselves.
mod servers;
/// What is done now and then: the search index, what is old, what is over.
mod upkeep;
