//! Who ignores whom. It is known here, since private words are delivered here, and by the connection, which
//! draws what its room says.

use std::sync::Arc;

use super::Lobby;
use crate::chat::ignore::{IgnoreRequest, Ignores};
use crate::chat::message::MemberId;
use crate::chat::name::Name;
use crate::chat::request::LobbyReply;
use crate::hub::room::ClientInbox;

impl Lobby {
    /// Does what connection `id` asks with regard to the people it ignores. Answered by [`Reply::Ignore`].
    pub fn ignore(&self, id: MemberId, mut request: IgnoreRequest, inbox: &ClientInbox) {
        let mut state = self.lock();
        let owner = match &request {
            IgnoreRequest::List => None,
            IgnoreRequest::Add(name) | IgnoreRequest::Remove(name) => state.names.owner(name),
        };
        // As that person writes it.
        if let (IgnoreRequest::Add(name), Some(owner)) = (&mut request, owner)
            && let Some(person) = state.people.get(&owner)
        {
            *name = person.name.clone();
        }
        let Some(person) = state.people.get_mut(&id) else {
            return;
        };
        let answer = Ignores::answer(&mut person.extras_mut().ignores, request, owner, id);
        let ignores = person.extras().ignores.clone();
        drop(state);
        inbox.reply(LobbyReply::Ignoring(answer, ignores));
    }

    /// Has connection `id` ignore `names` too, as far as it may, and gives all whom it ignores then.
    pub fn ignore_all(&self, id: MemberId, names: Vec<Name>) -> Option<Arc<Ignores>> {
        let mut state = self.lock();
        let owners: Vec<_> = names.iter().map(|name| state.names.owner(name)).collect();
        let person = state.people.get_mut(&id)?;
        for (name, owner) in names.into_iter().zip(owners) {
            // One that cannot be added, as it is oneself or one too many, is left out.
            let _ = Ignores::answer(
                &mut person.extras_mut().ignores,
                IgnoreRequest::Add(name),
                owner,
                id,
            );
        }
        person.extras().ignores.clone()
    }
}
