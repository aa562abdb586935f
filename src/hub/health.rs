//! Whether the server is well: a made-up user says a line in a room that is there for it, and waits for the line to
//! come back. On its way it goes by the lobby, the room and the store, as every line does.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;

use crate::chat::message::{Kind, MemberId};
use crate::chat::people::Source;
use crate::chat::request::{JoinError, LobbyReply, Reply, RoomRequest};
use crate::hub::lobby::Lobby;
use crate::hub::participant::{Event, Participant};

/// Why a line did not come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unwell {
    /// The server is stopping.
    Stopping,
    /// The store cannot store it.
    NotStored,
    /// The room let nobody in, or has failed.
    NoRoom,
}

impl fmt::Display for Unwell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unwell::Stopping => "the server is stopping",
            Unwell::NotStored => "messages cannot be stored; the log says why",
            Unwell::NoRoom => "a room has failed; the log says why",
        })
    }
}

/// Says a line and waits for it. Takes as long as the server does; whoever does not want to wait drops it.
///
/// # Errors
///
/// Why it does not come.
pub async fn say_a_line(lobby: &Arc<Lobby>) -> Result<(), Unwell> {
    // It is in no list, so its number need not be its own.
    let mut user = Participant::enter(MemberId::NOBODY, Source::default(), Arc::clone(lobby));
    let _room = lobby
        .open_health_room(user.inbox())
        .ok_or(Unwell::Stopping)?;
    let mut batches = Vec::new();
    loop {
        user.take(usize::MAX, &mut batches);
        for batch in batches.drain(..) {
            if user.own_lines(&batch) > 0 {
                return Ok(());
            }
        }
        if user.departure().is_some() {
            return Err(Unwell::NoRoom);
        }
        for event in user.events() {
            match user.handle(event) {
                Some(Event::Reply(Reply::Lobby(LobbyReply::Joined(_, Ok(_))))) => {
                    user.ask_room(RoomRequest::Say(Kind::Message, "?".to_owned()));
                }
                Some(Event::Reply(Reply::Lobby(LobbyReply::Joined(_, Err(why))))) => {
                    return Err(match why {
                        JoinError::NotStored => Unwell::NotStored,
                        _ => Unwell::NoRoom,
                    });
                }
                Some(Event::NotPosted(_)) => return Err(Unwell::NotStored),
                Some(Event::Reply(_)) => return Err(Unwell::NoRoom),
                Some(_) | None => {}
            }
        }
        poll_fn(|cx| user.inbox().poll_rung(cx)).await;
    }
}

#[cfg(test)]
mod tests {
    use futures_lite::future::block_on;
    use smol::Executor;

    use super::*;
    use crate::chat::room::RoomLimits;
    use crate::hub::lobby::LobbyLimits;
    use crate::runtime::Runtime;
    use crate::store::Store;
    use crate::store::faults::{Fault, Faults, Operation};

    const LIMITS: RoomLimits = RoomLimits {
        members_max: 0,
        history_lines: 10,
        outbox_bytes: 0,
        notice_delay: std::time::Duration::ZERO,
    };

    /// What becomes of everything that is appended.
    #[derive(Debug)]
    struct Appending(Fault);

    impl Faults for Appending {
        fn next(&self, operation: Operation) -> Fault {
            match operation {
                Operation::Append => self.0.clone(),
                _ => Fault::None,
            }
        }
    }

    /// A lobby whose store has this fault, on an executor.
    fn lobby(fault: Fault) -> (Arc<Executor<'static>>, Runtime, Arc<Lobby>) {
        let executor = Arc::new(Executor::new());
        let runtime = Runtime::new(Arc::clone(&executor));
        let store = Store::memory(10).with_faults(Arc::new(Appending(fault)));
        let lobby = Lobby::open(runtime.clone(), store, LIMITS, LobbyLimits::default());
        let lobby = block_on(executor.run(lobby)).expect("no rooms can be read");
        (executor, runtime, lobby)
    }

    #[test]
    fn a_line_comes_back_and_nothing_of_it_is_left() {
        let (executor, runtime, lobby) = lobby(Fault::Late(3));
        let before = lobby.figures();
        for _ in 0..3 {
            assert_eq!(block_on(executor.run(say_a_line(&lobby))), Ok(()));
        }
        // Its room ends by itself.
        while executor.try_tick() {}
        assert_eq!(lobby.figures(), before);
        assert_eq!((before.rooms, before.members), (0, 0));
        assert_eq!(runtime.counts.lines.sum(), 0);
        block_on(executor.run(lobby.close_rooms()));
    }

    #[test]
    fn a_store_that_fails_is_told_from_a_room_that_does() {
        for (fault, expected) in [
            (Fault::Fail, Unwell::NotStored),
            (Fault::Panic, Unwell::NoRoom),
        ] {
            let (executor, _, lobby) = lobby(fault);
            assert_eq!(block_on(executor.run(say_a_line(&lobby))), Err(expected));
        }
    }

    #[test]
    fn once_the_server_stops_nothing_is_said_any_more() {
        let (executor, _, lobby) = lobby(Fault::None);
        lobby.stop();
        assert_eq!(
            block_on(executor.run(say_a_line(&lobby))),
            Err(Unwell::Stopping)
        );
        assert_eq!(lobby.figures().actors, 0, "no room was opened for it");
    }

    #[test]
    fn one_that_is_given_up_holds_up_no_stop() {
        let (executor, _, lobby) = lobby(Fault::None);
        let given_up = async {
            let probing = say_a_line(&lobby);
            futures_lite::future::poll_once(probing).await
        };
        assert_eq!(block_on(executor.run(given_up)), None);
        lobby.stop();
        block_on(executor.run(lobby.close_rooms()));
    }
}
