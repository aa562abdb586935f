//! Private words from one user to another, here or on another server.

use std::sync::Arc;

use super::Lobby;
use super::cluster::NoAnswer;
use super::correspondence::Sender;
use crate::chat::address::Address;
use crate::chat::letter::{Answer, Delivered, Letter, PrivateWords};
use crate::chat::message::MemberId;
use crate::chat::people::{DirectMessage, DmError, Recipient, Words};
use crate::chat::request::{Info, LobbyReply};
use crate::hub::room::ClientInbox;

impl Lobby {
    /// Whether connection `id` takes no private words of strangers from now on.
    pub fn refuse_strangers(&self, id: MemberId, refuses: bool) {
        self.with_user(id, |user| user.correspondence().refuse_strangers(refuses));
    }

    /// Sends a direct message of connection `from`, which comes from `address`. Answered by [`Info::DmSent`] or [`Info::DmFailed`].
    pub fn tell(
        self: &Arc<Self>,
        from: MemberId,
        address: Option<Address>,
        to: Recipient,
        words: Words,
        inbox: &Arc<ClientInbox>,
    ) {
        let (lobby, asker) = (Arc::clone(self), Arc::clone(inbox));
        self.answer(inbox, async move {
            let sent = lobby.try_tell(from, address, &to, words).await;
            asker.reply(LobbyReply::Shown(match sent {
                Ok((message, away)) => Info::DmSent(message, away),
                Err(why) => Info::DmFailed(to.name().clone(), why),
            }));
        });
    }

    async fn try_tell(
        self: &Arc<Self>,
        from: MemberId,
        address: Option<Address>,
        to: &Recipient,
        words: Words,
    ) -> Result<(DirectMessage, Option<Box<str>>), DmError> {
        let id = match to {
            Recipient::Name(name) if name.is_anon() => return Err(DmError::Anon),
            Recipient::Name(name) => {
                let holder = self.holder(name).await;
                let holder = holder.map_err(|_| DmError::Unavailable)?;
                holder.ok_or(DmError::Gone)?
            }
            Recipient::Id(id, _) => *id,
        };
        if id == from {
            return Err(DmError::Oneself);
        }
        let sent = self.with_user(from, |sender| {
            sender.correspondence().note_written(id);
            PrivateWords {
                to: id,
                from,
                name: sender.name.clone(),
                address,
                room: sender.room.as_ref().map(|room| room.id),
                time: self.timestamp(),
                words,
            }
        });
        let sent = sent.ok_or(DmError::Gone)?;
        let Delivered { name, away } = match self.far(id) {
            None => self.deliver(&sent)?,
            Some(_) => self.deliver_elsewhere(&sent, to).await?,
        };
        let message = DirectMessage {
            time: sent.time,
            whom: id,
            name,
            words: sent.words,
        };
        Ok((message, away))
    }

    /// Delivers private words to somebody who is connected here.
    pub(super) fn deliver(&self, sent: &PrivateWords) -> Result<Delivered, DmError> {
        let now = self.runtime.clock.now();
        let mut state = self.lock();
        let pace = state.limits.dm_pace;
        let user = state.people.get_mut(&sent.to).ok_or(DmError::Gone)?;
        if user.extras().is_lost {
            return Err(DmError::Lost);
        }
        let near = sent.room.is_some() && user.room.as_ref().map(|room| room.id) == sent.room;
        user.correspondence().takes_from(sent.from, near)?;
        let sender = Sender::of(sent.from, sent.address);
        user.correspondence().count(sender, pace, now)?;
        // Whoever is ignored is not told: to them all looks as if it were read.
        let away = match user.ignores(sent.from, &sent.name) {
            true => user.extras().away.clone(),
            false => user.tell(DirectMessage {
                time: sent.time,
                whom: sent.from,
                name: sent.name.clone(),
                words: sent.words.clone(),
            })?,
        };
        let name = user.name.clone();
        Ok(Delivered { name, away })
    }

    /// Has another server deliver private words.
    async fn deliver_elsewhere(
        &self,
        sent: &PrivateWords,
        to: &Recipient,
    ) -> Result<Delivered, DmError> {
        let (far, node) = self.far(sent.to).ok_or(DmError::Gone)?;
        let pace = self.limits().dm_pace;
        let now = self.runtime.clock.now();
        let sender = Sender::of(sent.from, sent.address);
        far.paces.count(sender, sent.to, pace, now)?;
        // A name is that of somebody who is there; a connection may be gone with its server.
        if let Recipient::Id(id, _) = to {
            let found = self.person_elsewhere(*id).await;
            found
                .map_err(|()| DmError::Unavailable)?
                .ok_or(DmError::Gone)?;
        }
        let letter = Letter::Words(Box::new(sent.clone()));
        match self.ask(far, node, &letter).await {
            Ok(Answer::Words(delivered)) => delivered,
            Err(NoAnswer::Silent) => Err(DmError::Silent),
            Ok(_) | Err(NoAnswer::Unsent | NoAnswer::NotUnderstood) => Err(DmError::Unavailable),
        }
    }
}
