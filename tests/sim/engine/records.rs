//! Accounts, bans and reports, as the made-up engine keeps them.

use std::sync::Arc;

use parlor::chat::admin::ban::{BanTarget, ServerBan};
use parlor::chat::admin::report::Report;
use parlor::chat::key::{AccountKey, Fingerprint};
use parlor::chat::name::{Name, NameKey};
use parlor::limits::KEYS_PER_ACCOUNT_MAX;
use parlor::store::{Account, AccountChange, Expiry, StoreError};
use parlor::time::Timestamp;

/// All of it, in the order in which it came.
#[derive(Clone, Debug, Default)]
pub(super) struct Records {
    accounts: Vec<Registered>,
    bans: Vec<(Arc<ServerBan>, u64)>,
    reports: Vec<Report>,
    last_report: u64,
}

#[derive(Clone, Debug)]
struct Registered {
    account: Account,
    name_keys: [NameKey; 3],
    keys: Vec<AccountKey>,
}

impl Registered {
    /// An operator has deleted it, and it is still to go.
    fn is_deleted(&self) -> bool {
        self.account.password.is_empty()
    }
}

impl Records {
    /// The name that one of these keys is registered with, unless that is `account`.
    pub(super) fn registered(&self, keys: &[NameKey; 3], account: Option<&Name>) -> Option<Name> {
        let of_others = self.accounts.iter().filter(|it| {
            let shares = it
                .name_keys
                .iter()
                .zip(keys)
                .any(|(one, other)| one == other);
            shares && Some(&it.account.name) != account
        });
        of_others.map(|it| it.account.name.clone()).next()
    }

    fn find(&self, name: &Name) -> Option<usize> {
        let [_, _, folded] = name.keys();
        let mut accounts = self.accounts.iter();
        accounts.position(|it| it.name_keys[2] == folded)
    }

    pub(super) fn accounts(&self) -> Vec<Name> {
        let accounts = self.accounts.iter();
        accounts.map(|it| it.account.name.clone()).collect()
    }

    pub(super) fn account(&self, name: &Name) -> Option<Account> {
        Some(self.accounts[self.find(name)?].account.clone())
    }

    pub(super) fn create_account(&mut self, account: &Account) -> Result<(), StoreError> {
        let name_keys = account.name.keys();
        if self.registered(&name_keys, None).is_some() {
            return Err(StoreError::AccountExists);
        }
        self.accounts.push(Registered {
            account: account.clone(),
            name_keys,
            keys: Vec::new(),
        });
        Ok(())
    }

    pub(super) fn change_accounts(&mut self, changes: &[(Name, AccountChange)]) {
        for (name, change) in changes {
            let Some(at) = self.find(name) else {
                continue;
            };
            let account = &mut self.accounts[at].account;
            account.seen = change.seen.unwrap_or(account.seen);
            if let Some(settings) = &change.settings {
                account.settings = settings.clone();
            }
            if let Some(reads) = &change.reads {
                account.reads = reads.clone();
            }
        }
    }

    pub(super) fn delete_account(&mut self, name: &Name) {
        if let Some(at) = self.find(name) {
            self.accounts.remove(at);
        }
    }

    pub(super) fn expire_account(&mut self, name: &Name, unseen_since: Option<Timestamp>) -> bool {
        let due = self.due_accounts(unseen_since, usize::MAX);
        let is_due = due.iter().any(|(other, _)| other.clashes(name));
        if is_due {
            self.delete_account(name);
        }
        is_due
    }

    pub(super) fn due_accounts(
        &self,
        unseen_since: Option<Timestamp>,
        most: usize,
    ) -> Vec<(Name, Expiry)> {
        let name = |it: &Registered| it.account.name.clone();
        let deleted = self.accounts.iter().filter(|it| it.is_deleted());
        let deleted = deleted.map(|it| (name(it), Expiry::Deleted));
        let mut idle: Vec<&Registered> = self
            .accounts
            .iter()
            .filter(|it| unseen_since.is_some_and(|since| it.account.seen < since))
            .collect();
        idle.sort_by_key(|it| it.account.seen);
        let idle = idle.into_iter().map(|it| (name(it), Expiry::Idle));
        deleted.chain(idle).take(most).collect()
    }

    pub(super) fn key_owner(&self, key: Fingerprint) -> Option<Name> {
        let is_it = |bound: &AccountKey| bound.fingerprint == key;
        let living = self.accounts.iter().filter(|it| !it.is_deleted());
        let mut owners = living.filter(|it| it.keys.iter().any(is_it));
        owners.next().map(|it| it.account.name.clone())
    }

    pub(super) fn keys(&self, account: &Name) -> Vec<AccountKey> {
        let found = self.find(account).map(|at| &self.accounts[at]);
        let found = found.filter(|it| !it.is_deleted());
        found.map_or_else(Vec::new, |it| it.keys.clone())
    }

    pub(super) fn add_key(&mut self, account: &Name, key: AccountKey) -> Result<(), StoreError> {
        if let Some(owner) = self.key_owner(key.fingerprint) {
            return Err(StoreError::KeyBound(owner));
        }
        if self.keys(account).len() >= KEYS_PER_ACCOUNT_MAX {
            return Err(StoreError::KeysFull);
        }
        let at = self.find(account).ok_or(StoreError::NoAccount)?;
        if self.accounts[at].is_deleted() {
            return Err(StoreError::NoAccount);
        }
        for other in &mut self.accounts {
            other.keys.retain(|it| it.fingerprint != key.fingerprint);
        }
        self.accounts[at].keys.push(key);
        Ok(())
    }

    pub(super) fn remove_key(
        &mut self,
        account: &Name,
        key: Fingerprint,
    ) -> Result<(), StoreError> {
        let at = self.find(account).ok_or(StoreError::NoKey)?;
        let account = &mut self.accounts[at];
        let bound = account.keys.iter().position(|it| it.fingerprint == key);
        let bound = bound.filter(|_| !account.is_deleted());
        account.keys.remove(bound.ok_or(StoreError::NoKey)?);
        Ok(())
    }

    pub(super) fn bans(&self) -> Vec<ServerBan> {
        let mut bans: Vec<&(Arc<ServerBan>, u64)> = self.bans.iter().collect();
        bans.sort_by_cached_key(|(ban, _)| (ban.made, ban.target.to_string()));
        let bans = bans.into_iter().map(|(ban, hits)| {
            let (target, by, why) = (ban.target.clone(), &*ban.by, &*ban.why);
            ServerBan::new(target, ban.until, by, why, ban.made, *hits)
        });
        bans.collect()
    }

    pub(super) fn save_ban(&mut self, ban: &Arc<ServerBan>, hits: u64) {
        self.bans.retain(|(other, _)| other.target != ban.target);
        self.bans.push((Arc::clone(ban), hits));
    }

    pub(super) fn delete_bans(&mut self, targets: &[BanTarget]) {
        self.bans.retain(|(ban, _)| !targets.contains(&ban.target));
    }

    pub(super) fn add_hits(&mut self, more: &[(BanTarget, u64)]) {
        for (target, more) in more {
            let mut bans = self.bans.iter_mut();
            if let Some((_, hits)) = bans.find(|(ban, _)| ban.target == *target) {
                *hits += more;
            }
        }
    }

    pub(super) fn reports(&self) -> Vec<Report> {
        self.reports.clone()
    }

    pub(super) fn save_report(&mut self, report: &Report, gone: &[u64]) -> u64 {
        self.last_report += 1;
        let id = self.last_report;
        self.reports.retain(|report| !gone.contains(&report.id));
        self.reports.push(Report {
            id,
            ..report.clone()
        });
        id
    }
}
