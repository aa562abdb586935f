//! Accounts that go although nobody has given their password: nobody has used them for too long, or an operator has
//! deleted them in the file.

use std::sync::Arc;

use tracing::info;

use crate::chat::letter::Letter;
use crate::chat::message::MemberId;
use crate::chat::name::Name;
use crate::chat::person::Person;
use crate::hub::lobby::Lobby;
use crate::hub::lobby::names::NameChange;
use crate::hub::room::ClientEvent;
use crate::hub::security::{self, Incident};
use crate::limits::ACCOUNT_EXPIRIES_MAX;
use crate::store::Expiry;
use crate::time::Timestamp;

/// Which account is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::hub::lobby) enum When {
    /// One that is due still.
    Due,
    /// Whatever there is of the name: an operator wants it gone now.
    Anyway,
}

impl Lobby {
    /// Deletes some of the accounts that are due.
    pub(in crate::hub::lobby) async fn expire_accounts(self: &Arc<Self>) {
        let due = self
            .store
            .due_accounts(self.unseen_since(), ACCOUNT_EXPIRIES_MAX);
        // If they cannot be read now, they can the next time.
        for (name, why) in due.await.unwrap_or_default() {
            self.change_name(NameChange::Expire(name, why));
        }
    }

    /// Who has not been seen since then has not used their account for too long; `None`: nobody has.
    fn unseen_since(&self) -> Option<Timestamp> {
        let idle = self.limits().account_idle?;
        Some(self.runtime.clock.times().earlier().before(idle))
    }

    /// Deletes an account, unless it is idle no more. False if it is there still, or another server has deleted it.
    pub(in crate::hub::lobby) async fn end_account(
        self: &Arc<Self>,
        name: &Name,
        why: Expiry,
        when: When,
    ) -> bool {
        let Ok(holder) = self.store.register().holder(name).await else {
            return false;
        };
        let user = holder.filter(|&id| {
            let account = self.with_user(id, |user| user.extras().account.clone());
            account.flatten().as_ref() == Some(name)
        });
        if why == Expiry::Idle && (user.is_some() || self.is_used_elsewhere(holder, name).await) {
            return false;
        }
        let is_gone = match when {
            When::Anyway => self.store.delete_account(name.clone()).await.is_ok(),
            // Where there are several servers each of them finds that it is due: one deletes it, and no other one deletes
            // what somebody has registered anew meanwhile.
            When::Due => {
                let expired = self.store.expire_account(name.clone(), self.unseen_since());
                expired.await == Ok(true)
            }
        };
        if !is_gone {
            return false;
        }
        self.store.register().strike(name);
        self.drop_changes(name);
        if let Some(id) = user {
            self.with_user(id, |user| {
                user.extras_mut().account = None;
                user.inbox.put(ClientEvent::AccountDeleted(name.clone()));
            });
        }
        match why {
            Expiry::Idle => {
                info!(account = %name, "deleted an account that was not used for too long")
            }
            Expiry::Deleted => security::note(None, &Incident::DeletedByOperator(name)),
        }
        self.account_deleted(name);
        self.tell_all(Letter::AccountDeleted(name.clone()));
        true
    }

    /// Whether `holder` is somebody on another server who is logged in to `account`, or may be.
    async fn is_used_elsewhere(&self, holder: Option<MemberId>, account: &Name) -> bool {
        let Some((far, _)) = holder.and_then(|holder| self.far(holder)) else {
            return false;
        };
        let persons = far.persons(holder.into_iter().collect()).await;
        let is_used = |person: &Person| person.account.as_ref() == Some(account);
        persons.is_none_or(|persons| persons.iter().any(is_used))
    }
}
