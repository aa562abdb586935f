//! Several servers on one PostgreSQL, all of them real.

/// What people have to do with those on other nodes, and operators with everybody.
mod people;
