/// What every engine promises.
pub(crate) mod contract;
/// What becomes of a write when something dies, hangs or is cut.
mod faults;
/// How a node gets to its database.
mod opening;
/// A network that can be cut.
mod proxy;
/// PostgreSQL keeps what is promised.
mod real;
/// The servers of the tests themselves.
mod servers;
/// How a server among several stands, as those see it who watch it.
mod standing;
/// The operator's tools, on a database.
mod tools;
/// What is done now and then: the search index, what is old, what is over.
mod upkeep;
