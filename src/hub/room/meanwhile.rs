//! What a room does while the store takes long over something: it answers whoever asks, and refuses what would have to be
//! stored. Nothing else can be decided before it is known what has become of that.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use futures_lite::future;

use super::{Actor, ClientEvent, RoomCommand};
use crate::chat::request::JoinError;
use crate::limits::UNSENT_AFTER;
use crate::store::{Outcome, Proposal, StoreError};
use crate::time::steady::Times;

/// Something, later.
type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl Actor {
    /// Appends to the log; see [`Actor::attend`].
    pub(super) fn append_patiently(
        &mut self,
        proposal: Proposal,
    ) -> Later<'_, Result<Outcome, StoreError>> {
        if self.is_waiting {
            return Box::pin(future::ready(Err(StoreError::Unavailable)));
        }
        let (store, room, at) = (self.store.clone(), self.handle.id, self.room.at());
        self.attend(async move { store.append(room, at, proposal).await })
    }

    /// Waits for an answer of the store. If that takes longer than anybody who says something waits, the room goes on as far
    /// as it can.
    pub(super) fn attend<'a, T: Send + 'a>(
        &'a mut self,
        answer: impl Future<Output = T> + Send + 'a,
    ) -> Later<'a, T> {
        let mut answer = Box::pin(answer);
        Box::pin(async move {
            let clock = self.clock.clone();
            let soon = async { Some(answer.as_mut().await) };
            let late = async {
                clock.after(UNSENT_AFTER).await;
                None
            };
            if let Some(answer) = future::or(soon, late).await {
                return answer;
            }
            self.is_waiting = true;
            let answer = self.attend_until(answer).await;
            self.is_waiting = false;
            answer
        })
    }

    /// Handles what it can of what comes, until there is an answer.
    async fn attend_until<T>(&mut self, mut coming: Later<'_, T>) -> T {
        let (mut turn, mut later) = (Vec::new(), Vec::new());
        let answer = loop {
            while let Some(command) = self.turn.pop_front() {
                if let Some(command) = self.handle_meanwhile(command, self.clock.times()).await {
                    later.push(command);
                }
            }
            self.publish();
            self.ring();
            let mut is_open = true;
            let next = poll_fn(|cx| {
                if let Poll::Ready(answer) = coming.as_mut().poll(cx) {
                    return Poll::Ready(Some(answer));
                }
                match is_open.then(|| self.handle.mailbox.poll_take(&mut turn, cx)) {
                    Some(Poll::Ready(true)) => Poll::Ready(None),
                    Some(Poll::Ready(false)) => {
                        is_open = false;
                        Poll::Pending
                    }
                    Some(Poll::Pending) | None => Poll::Pending,
                }
            });
            match next.await {
                Some(answer) => break answer,
                None => self.turn.extend(turn.drain(..)),
            }
        };
        for command in later.into_iter().rev() {
            self.turn.push_front(command);
        }
        if !self.overdue.is_empty() {
            // Which is tried with whatever comes next.
            self.turn.push_back(RoomCommand::Stored(Vec::new()));
        }
        answer
    }

    /// Does what needs nothing to be stored, and refuses the rest; what can neither be done nor be refused is handed back.
    async fn handle_meanwhile(
        &mut self,
        command: RoomCommand,
        times: Times,
    ) -> Option<RoomCommand> {
        match command {
            RoomCommand::Say { member, kind, text } => {
                match self.room.decide_line(member, kind, text, times.wall) {
                    Ok(_) => self.tell(member, ClientEvent::NotSent),
                    refused => self.draft(member, refused),
                }
                None
            }
            RoomCommand::Join(joining) => {
                joining.refuse(JoinError::NotStored);
                None
            }
            RoomCommand::LogLost => Some(command),
            // Its joining may be what is on its way.
            RoomCommand::Leave(member, _) if !self.inboxes.contains_key(&member) => Some(command),
            command => {
                self.change(command, times.steady).await;
                None
            }
        }
    }
}
