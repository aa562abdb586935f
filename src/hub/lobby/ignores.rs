//! Who ignores whom. The lobby needs to know, since it delivers direct messages; so does the connection, which
//! draws what its room says.

use std::sync::Arc;

use super::Lobby;
use crate::chat::ignore::{IgnoreRequest, Ignores};
use crate::chat::message::MemberId;
use crate::chat::request::{Info, LobbyReply};
use crate::hub::room::ClientInbox;
use crate::store::StoreError;

impl Lobby {
    /// Changes whom connection `id` ignores, or lists them. Answered by [`LobbyReply::Ignoring`].
    pub fn ignore(
        self: &Arc<Self>,
        id: MemberId,
        request: IgnoreRequest,
        inbox: &Arc<ClientInbox>,
    ) {
        let (lobby, asker) = (Arc::clone(self), Arc::clone(inbox));
        self.answer(inbox, async move {
            let reply = lobby.try_ignore(id, request).await;
            asker.reply(reply.unwrap_or(LobbyReply::Shown(Info::Unavailable)));
        });
    }

    async fn try_ignore(
        self: &Arc<Self>,
        id: MemberId,
        mut request: IgnoreRequest,
    ) -> Result<LobbyReply, StoreError> {
        let owner = match &request {
            IgnoreRequest::List => None,
            IgnoreRequest::Add(name) | IgnoreRequest::Remove(name) => self.holder(name).await?,
        };
        // As that user writes it.
        if let (IgnoreRequest::Add(name), Some(owner)) = (&mut request, owner)
            && let Some(party) = self.party_of(owner).await
        {
            *name = party.name;
        }
        let changed = self.with_user(id, |user| {
            let reply = Ignores::answer(&mut user.extras_mut().ignores, request, owner, id);
            LobbyReply::Ignoring(reply, user.extras().ignores.clone())
        });
        // Nobody asks who is not here.
        changed.ok_or(StoreError::Closed)
    }
}
