//! *Pure.* What others do for a connection that asks something: its own turns are timed, this is not.

use std::time::Duration;

use crate::chat::history::HistoryQuery;
use crate::chat::request::{LobbyRequest, Request, RoomRequest};

/// How long the server's executor and its store work for a request, in tens of microseconds as measured on a machine
/// of 2020, at worst. What a room does with a line is no matter of who said it: lines have a rate.
pub(super) fn work(request: &Request) -> Duration {
    let micros = match request {
        Request::Local(_) => 0,
        Request::Room(request) => match request {
            RoomRequest::Say(..) | RoomRequest::Topic => 0,
            RoomRequest::Members => 50,
            RoomRequest::Leave => 50,
            // Hashing takes 30 ms, but on threads of its own.
            RoomRequest::Lock(_) => 500,
            RoomRequest::Moderate(_) => 100,
        },
        Request::Lobby(request) => match request {
            // Lists are made in the turn of who asks.
            LobbyRequest::Rooms
            | LobbyRequest::RoomPage(_)
            | LobbyRequest::Users
            | LobbyRequest::Stats
            | LobbyRequest::Away(_) => 10,
            LobbyRequest::Create(_) | LobbyRequest::Reopen(..) => 300,
            LobbyRequest::Join(_, None) => 50,
            LobbyRequest::Join(_, Some(_)) => 500,
            // A name that looks like twenty others, each of which is tried.
            LobbyRequest::Rename(_) => 300,
            // A list of all connections, and a room's last lines.
            LobbyRequest::Admin(_) => 300,
            LobbyRequest::Report(..) => 200,
            LobbyRequest::Whois(_)
            | LobbyRequest::Message(..)
            | LobbyRequest::Invite(_)
            | LobbyRequest::Ignore(_) => 50,
            LobbyRequest::History(
                HistoryQuery::Before(_, lines) | HistoryQuery::After(_, lines),
            ) => 50 + lines.min(&1000) / 2,
            LobbyRequest::History(HistoryQuery::Around(_) | HistoryQuery::For(_)) => 100,
        },
        Request::Account(_) => 500,
    };
    Duration::from_micros(micros as u64)
}
