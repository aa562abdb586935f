//! Private words from one user to another.

use std::sync::Arc;

use super::Lobby;
use super::correspondence::Sender;
use crate::chat::address::Address;
use crate::chat::message::MemberId;
use crate::chat::name::Name;
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
        let now = self.runtime.clock.now();
        let mut state = self.lock();
        let pace = state.limits.dm_pace;
        let sender = state.people.get_mut(&from).ok_or(DmError::Gone)?;
        sender.correspondence().note_written(id);
        let sender = state.people.get(&from).ok_or(DmError::Gone)?;
        let user = state.people.get(&id).ok_or(DmError::Gone)?;
        if user.extras().is_lost {
            return Err(DmError::Lost);
        }
        // Whoever is ignored is not told: to them all looks as if it were read.
        let is_ignored = user.ignores(from, &sender.name);
        let (near, name) = (user.is_near(sender), sender.name.clone());
        let user = state.people.get_mut(&id).ok_or(DmError::Gone)?;
        user.correspondence().takes_from(from, near)?;
        user.correspondence()
            .count(Sender::of(from, address), pace, now)?;
        let time = self.timestamp();
        let message = |whom, name: &Name, words| DirectMessage {
            time,
            whom,
            name: name.clone(),
            words,
        };
        let away = match is_ignored {
            true => user.extras().away.clone(),
            false => user.tell(message(from, &name, words.clone()))?,
        };
        Ok((message(id, &user.name, words), away))
    }
}
