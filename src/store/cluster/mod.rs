//! One node of several that share rooms, names and all else in one database.

pub mod engine;
