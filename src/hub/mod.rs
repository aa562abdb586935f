//! What connects the users: rooms, the lobby, and the way between them and a connection.

pub mod inbox;
pub mod passwords;

pub mod room;

pub mod lobby;

pub mod participant;
