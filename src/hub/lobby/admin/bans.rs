//! Bans of the whole server. Whoever comes, takes a name or logs in is looked up before that and once more after it, so
//! that nobody slips through who does so while a ban is made.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use super::note;
use crate::chat::admin::ban::{BanTarget, ServerBan, ServerBans};
use crate::chat::admin::{
    AdminAnswer, AdminError, AdminReply, BanRow, Banishment, Ejection, Operator, WantedTarget,
};
use crate::chat::letter::{Answer, Letter};
use crate::chat::message::MemberId;
use crate::chat::name::Name;
use crate::hub::lobby::Lobby;
use crate::hub::lobby::people::User;
use crate::limits::{CLOSINGS_MAX, PEOPLE_AT_ONCE};
use crate::store::StoreError;
use crate::time::Timestamp;

impl Lobby {
    /// The ban that keeps out whoever connects from `ip`, if there is one, counted as a hit.
    pub fn ban_of_address(&self, ip: IpAddr) -> Option<Ejection> {
        self.hit(|bans, now| bans.of_address(ip, now))
    }

    /// The same for whoever is to be told, and was counted.
    pub fn why_banned(&self, ip: Option<IpAddr>) -> Ejection {
        let (bans, now) = (self.bans(), self.steady_time());
        let ban = ip.and_then(|ip| bans.of_address(ip, now));
        // It may be over since.
        let lifted = || Ejection {
            ban: Some(Banishment {
                left: Some(Duration::ZERO),
            }),
            why: "".into(),
        };
        ban.map_or_else(lifted, |ban| ejection(ban, now))
    }

    /// The ban that keeps anybody from being called `name`, if there is one, counted as a hit.
    pub(in crate::hub::lobby) fn ban_of_name(&self, name: &Name) -> Option<Ejection> {
        self.hit(|bans, now| bans.of_name(name, now))
    }

    /// The ban that keeps anybody from logging in to `account`, if there is one, counted as a hit.
    pub(in crate::hub::lobby) fn ban_of_account(&self, account: &Name) -> Option<Ejection> {
        self.hit(|bans, now| bans.of_account(account, now))
    }

    fn hit(
        &self,
        find: impl FnOnce(&ServerBans, Timestamp) -> Option<&Arc<ServerBan>>,
    ) -> Option<Ejection> {
        let bans = self.bans();
        if bans.count() == 0 {
            return None;
        }
        let now = self.steady_time();
        let ban = find(&bans, now)?;
        ban.count();
        Some(ejection(ban, now))
    }

    /// Closes connection `id` if `ban` says so.
    pub(in crate::hub::lobby) fn eject_if(&self, id: MemberId, ban: Option<Ejection>) {
        if let Some(ejection) = ban {
            self.with_user(id, |user| user.inbox.eject(ejection));
        }
    }

    pub(super) async fn ban(
        self: &Arc<Self>,
        operator: &Operator,
        target: WantedTarget,
        time: Option<Duration>,
        why: &str,
    ) -> AdminAnswer {
        let target = self.target(target).await?;
        let turn = self.administration.bans_turn.lock().await;
        let now = self.steady_time();
        let until = time.map(|time| now.after(time));
        let by = operator.to_string();
        let ban = ServerBan::new(target.clone(), until, &by, why, self.timestamp(), 0);
        let gone = self.bans_mut().add(ban, now);
        let gone = gone.map_err(AdminError::TooManyBans)?;
        let ban = self.bans().get(&target).cloned();
        let ban = ban.ok_or(AdminError::Unavailable)?;
        let closed = self.eject_all(&ban, now).await;
        self.unstore(gone.iter().filter(|gone| gone.target != target))
            .await;
        let is_stored = self.store.save_ban(ban).await.is_ok();
        self.note_unstored(&target, is_stored);
        drop(turn);
        let (elsewhere, silent) = match is_stored {
            true => self.close_elsewhere(&target).await,
            false => (0, 0),
        };
        let closed = closed + elsewhere;
        let about = [("whom", target.to_string()), ("closed", closed.to_string())];
        note(operator, None, "operator-banned", &about);
        let banned = AdminReply::Banned {
            target,
            time,
            closed,
            silent,
            is_stored,
        };
        // Others hear of it only where it is stored.
        Ok(match is_stored {
            true => banned,
            false => self.of_this_node(banned),
        })
    }

    /// Has the other servers look at their connections, since there is a new ban. Gives how many they have closed, and how
    /// many servers did not say so.
    async fn close_elsewhere(self: &Arc<Self>, target: &BanTarget) -> (usize, usize) {
        let target = target.to_string().into();
        let (answers, silent) = self.ask_all(Letter::Bans { target }).await;
        let closed = answers.iter().map(|(_, answer)| match answer {
            Answer::Closed(closed) => *closed,
            _ => 0,
        });
        (closed.sum(), silent)
    }

    /// Whether a ban could be stored. One that could not is in force here all the same, and is stored once it can be.
    fn note_unstored(&self, target: &BanTarget, is_stored: bool) {
        let mut unstored = self.unstored_bans();
        unstored.retain(|other| other != target);
        if !is_stored && self.far.is_some() {
            unstored.push(target.clone());
        }
    }

    fn unstored_bans(&self) -> MutexGuard<'_, Vec<BanTarget>> {
        let unstored: &Mutex<Vec<BanTarget>> = &self.administration.unstored_bans;
        unstored.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another server may have changed the bans, or this one cannot know: reads them soon.
    pub(in crate::hub::lobby) fn bans_have_changed(self: &Arc<Self>) {
        let lobby = Arc::clone(self);
        self.requests.start(async move {
            // If they cannot be read now, they are the next time that somebody looks after them.
            let _ = lobby.read_bans_anew().await;
        });
    }

    /// Reads the bans that several servers share, and closes the connections that new ones are about.
    pub(in crate::hub::lobby) async fn read_bans_anew(self: &Arc<Self>) -> Result<(), StoreError> {
        let _turn = self.administration.bans_turn.lock().await;
        let stored = self.store.bans().await?;
        let now = self.steady_time();
        let kept = self.unstored_bans().clone();
        let new = self.bans_mut().replace(stored, &kept, now);
        for ban in new {
            let closed = self.eject_all(&ban, now).await;
            let mut closings = self.closings();
            if closings.len() >= CLOSINGS_MAX {
                closings.pop_front();
            }
            closings.push_back((ban.target.to_string().into(), closed));
        }
        Ok(())
    }

    /// How many connections were closed here for the last ban of this target.
    pub(in crate::hub::lobby) fn closed_for(&self, target: &str) -> usize {
        let closings = self.closings();
        let last = closings.iter().rev().find(|(of, _)| **of == *target);
        last.map_or(0, |(_, closed)| *closed)
    }

    fn closings(&self) -> MutexGuard<'_, VecDeque<(Box<str>, usize)>> {
        let closings: &Mutex<VecDeque<(Box<str>, usize)>> = &self.administration.closings;
        closings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where several servers share the bans, they are what they are there.
    async fn refresh_bans(self: &Arc<Self>) {
        if self.far.is_some() {
            // If they cannot be read now, those that are known have to do.
            let _ = self.read_bans_anew().await;
        }
    }

    /// Whom an operator means.
    async fn target(&self, wanted: WantedTarget) -> Result<BanTarget, AdminError> {
        Ok(match wanted {
            WantedTarget::Network(network) => BanTarget::Network(network),
            WantedTarget::Name(name) => BanTarget::Name(name),
            WantedTarget::Account(name) => BanTarget::Account(self.account_called(name).await?),
            WantedTarget::Either(name) => match self.account_called(name.clone()).await {
                Ok(account) => BanTarget::Account(account),
                Err(AdminError::NoAccount(_) | AdminError::NoAccounts) => BanTarget::Name(name),
                Err(why) => return Err(why),
            },
        })
    }

    /// Closes the connections that a ban is about, and gives how many there were.
    async fn eject_all(self: &Arc<Self>, ban: &ServerBan, now: Timestamp) -> usize {
        let mut closed = 0;
        let mut eject = |user: &User| {
            user.inbox.eject(ejection(ban, now));
            ban.count();
            closed += 1;
        };
        match &ban.target {
            BanTarget::Network(network) => self.visit_people(|_, user| {
                if user.source.ip().is_some_and(|ip| network.contains(ip)) {
                    eject(user);
                }
            }),
            BanTarget::Account(account) => self.visit_people(|_, user| {
                if user.extras().account.as_ref() == Some(account) {
                    eject(user);
                }
            }),
            BanTarget::Name(name) => {
                // If it cannot be told who has it now, whoever has it is found when they take another.
                let holders = self.store.register().holders(name).await;
                for id in holders.unwrap_or_default() {
                    self.with_user(id, |user| {
                        if user.name.clashes(name) {
                            eject(user);
                        }
                    });
                }
            }
        }
        closed
    }

    pub(super) async fn unban(
        self: &Arc<Self>,
        operator: &Operator,
        wanted: WantedTarget,
    ) -> AdminAnswer {
        self.refresh_bans().await;
        let _turn = self.administration.bans_turn.lock().await;
        let targets = match &wanted {
            WantedTarget::Network(network) => vec![BanTarget::Network(*network)],
            WantedTarget::Name(name) => vec![BanTarget::Name(name.clone())],
            WantedTarget::Account(name) => vec![BanTarget::Account(name.clone())],
            WantedTarget::Either(name) => {
                vec![
                    BanTarget::Account(name.clone()),
                    BanTarget::Name(name.clone()),
                ]
            }
        };
        if self.far.is_some() {
            // One that is lifted only here would be back in a moment.
            let known = targets
                .iter()
                .filter(|target| self.bans().get(target).is_some());
            let known: Vec<BanTarget> = known.cloned().collect();
            if !known.is_empty() && self.store.delete_bans(known).await.is_err() {
                return Err(AdminError::Unavailable);
            }
            self.unstored_bans()
                .retain(|unstored| !targets.contains(unstored));
        }
        let now = self.steady_time();
        let (gone, covering) = {
            let mut bans = self.bans_mut();
            let gone = targets.iter().filter_map(|target| bans.remove(target));
            let gone: Vec<Arc<ServerBan>> = gone.collect();
            let covering = match &wanted {
                WantedTarget::Network(network) => bans.of_address(network.first(), now),
                WantedTarget::Name(name) => bans.of_name(name, now),
                WantedTarget::Account(name) | WantedTarget::Either(name) => {
                    bans.of_account(name, now)
                }
            };
            (gone, covering.map(|ban| ban.target.clone()))
        };
        if gone.is_empty() {
            return Err(AdminError::NotBanned(wanted, covering));
        }
        if self.far.is_none() {
            self.unstore(gone.iter()).await;
        }
        let lifted: Vec<BanTarget> = gone.iter().map(|ban| ban.target.clone()).collect();
        for target in &lifted {
            let about = [("whom", target.to_string())];
            note(operator, None, "operator-unbanned", &about);
        }
        Ok(AdminReply::Unbanned(lifted))
    }

    /// Bans that are no more. What cannot be deleted now comes back when the server is started again.
    async fn unstore(&self, gone: impl Iterator<Item = &Arc<ServerBan>>) {
        let gone: Vec<BanTarget> = gone.map(|ban| ban.target.clone()).collect();
        if !gone.is_empty() {
            let _ = self.store.delete_bans(gone).await;
        }
    }

    /// Forgets the bans whose time is over, and stores how often the others have kept out somebody.
    pub(in crate::hub::lobby) async fn tidy_bans(self: &Arc<Self>) {
        self.refresh_bans().await;
        self.store_bans().await;
        let now = self.steady_time();
        if self.bans().count() == 0 {
            return;
        }
        let gone = self.bans_mut().expire(now);
        self.unstore(gone.iter()).await;
        let mut bans = self.bans().all(now);
        bans.retain(|ban| ban.has_news());
        if bans.is_empty() {
            return;
        }
        let hits: Vec<u64> = bans.iter().map(|ban| ban.hits()).collect();
        // If that cannot be stored now, it can the next time.
        if self.store.note_hits(bans.clone()).await.is_ok() {
            for (ban, hits) in bans.iter().zip(hits) {
                ban.note_stored(hits);
            }
        }
    }

    /// Stores what could not be stored before.
    async fn store_bans(&self) {
        let _turn = self.administration.bans_turn.lock().await;
        let unstored = self.unstored_bans().clone();
        for target in unstored {
            let ban = self.bans().get(&target).cloned();
            let is_stored = match ban {
                Some(ban) => self.store.save_ban(ban).await.is_ok(),
                None => true,
            };
            self.note_unstored(&target, is_stored);
        }
    }

    /// Reads the bans that were made before the server was started.
    pub(in crate::hub::lobby) async fn look_for_bans(&self) -> Result<(), StoreError> {
        let stored = self.store.bans().await?;
        let now = self.steady_time();
        let mut bans = self.bans_mut();
        for ban in stored {
            // There were as many as may be.
            let _ = bans.add(ban, now);
        }
        Ok(())
    }

    pub(super) async fn ban_rows(self: &Arc<Self>) -> Vec<BanRow> {
        self.refresh_bans().await;
        let now = self.steady_time();
        let bans = self.bans().all(now);
        bans.iter().map(|ban| BanRow::of(ban, now)).collect()
    }

    pub(super) fn bans_count(&self) -> usize {
        self.bans().count()
    }

    /// Looks at all connections, a few at a time, so that nobody waits for long who needs the lobby. Those that come
    /// meanwhile may be left out.
    pub(in crate::hub::lobby) fn visit_people(&self, mut visit: impl FnMut(MemberId, &User)) {
        let mut from = Bound::Unbounded;
        loop {
            let state = self.lock();
            let people = state.people.range((from, Bound::Unbounded));
            let mut last = None;
            for (&id, user) in people.take(PEOPLE_AT_ONCE) {
                visit(id, user);
                last = Some(id);
            }
            match last {
                Some(last) => from = Bound::Excluded(last),
                None => return,
            }
        }
    }

    fn bans(&self) -> RwLockReadGuard<'_, ServerBans> {
        let bans = &self.administration.bans;
        bans.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn bans_mut(&self) -> RwLockWriteGuard<'_, ServerBans> {
        let bans = &self.administration.bans;
        bans.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn ejection(ban: &ServerBan, now: Timestamp) -> Ejection {
    let left = ban.left(now);
    Ejection {
        ban: Some(Banishment { left }),
        why: ban.why.clone(),
    }
}
