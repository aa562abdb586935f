//! Several servers on one PostgreSQL, all of them real: what is promised when one of them dies, or the database, or what is
//! between. [docs/cluster.md](../../../docs/cluster.md) makes these promises, each with a link to its test.
//!
//! People are on all nodes and keep a record of all rows they see. In the end what was acknowledged, what is stored and what
//! was seen have to be the same; `stage` says so. Some tests do more if they are told to: `scripts/faults.sh`.

/// `docs/cluster.md`: its blocks, and the tests that it names.
mod document;
/// The script that starts all of it.
mod script;
mod stage;

/// The database dies, is away, slow or full, or is another than it was.
mod database;
/// A node dies, is stopped for a while, or is replaced by another version.
mod nodes;
/// What people have to do with those on other nodes, and operators with everybody.
mod people;
/// What happens on several nodes at once.
mod races;
/// A primary with a standby.
mod standby;
