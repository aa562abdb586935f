//! Names across servers: an owner who logs in takes the name back from another server, and a server that was taken for
//! dead takes the names of its people again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use async_channel::Sender;

use super::NoAnswer;
use crate::chat::letter::{Answer, FarSeat, Letter};
use crate::chat::message::MemberId;
use crate::chat::name::Name;
use crate::chat::node::NodeId;
use crate::hub::lobby::names::{NameChange, WaitingLogin};
use crate::hub::lobby::seats::KeptSeat;
use crate::hub::lobby::{Lobby, lost_names};
use crate::hub::room::ClientEvent;
use crate::limits::{
    LETTER_ANSWERED_WITHIN, LETTERS_WAITING_MAX, NAMES_TAKEN_AGAIN_AFTER, SEAT_TAKEN_WITHIN,
};

/// A change of who is called what that follows from what other servers do.
#[derive(Debug)]
pub(in crate::hub::lobby) enum FarChange {
    /// A connection is to give up its name, which is this account's, for a login on `node` that waits for the answer to its
    /// letter of this number.
    YieldTo {
        member: MemberId,
        account: Name,
        node: NodeId,
        number: Option<u64>,
    },
    /// The server of `holder` has answered that the name is free that a login waits for, or has not answered in time.
    Yielded {
        login: MemberId,
        holder: MemberId,
        has_answered: bool,
        seat: Option<FarSeat>,
    },
    /// A connection takes its name again, which this server has lost. Answered only if that cannot be done now.
    TakeAgain(MemberId, Sender<MemberId>),
}

/// Who was asked to give up a name that a login waits for.
#[derive(Debug, Default)]
pub(in crate::hub::lobby) struct Asked {
    /// They have yet to.
    waits_for: Vec<MemberId>,
    /// They are on other servers, and have said that they did.
    done: Vec<MemberId>,
    /// Their servers do not answer.
    silent: Vec<MemberId>,
}

impl Asked {
    /// Whether `member` is to be asked, which counts as done.
    pub(in crate::hub::lobby) fn is_new(&mut self, member: MemberId) -> bool {
        let is_new = !self.waits_for.contains(&member) && !self.silent.contains(&member);
        if is_new {
            self.waits_for.push(member);
        }
        is_new
    }

    /// The server of `member` has answered, or has not. One that says so twice and does not do it is as good as silent.
    pub(in crate::hub::lobby) fn note(&mut self, member: MemberId, has_answered: bool) {
        self.waits_for.retain(|other| *other != member);
        match has_answered && !self.done.contains(&member) {
            true => self.done.push(member),
            false => self.silent.push(member),
        }
    }

    /// Whether the name is to be taken from all these whether they agree or not.
    pub(in crate::hub::lobby) fn is_by_force(&self, holders: &[MemberId]) -> bool {
        !holders.is_empty() && holders.iter().all(|holder| self.silent.contains(holder))
    }
}

/// Connections that give up their names for logins on other servers.
#[derive(Debug, Default)]
pub(in crate::hub::lobby) struct Yields(Mutex<Vec<YieldTo>>);

#[derive(Debug)]
struct YieldTo {
    member: MemberId,
    account: Name,
    node: NodeId,
    number: Option<u64>,
    /// Nobody waits for the answer any more then.
    until: Instant,
}

impl Yields {
    fn add(&self, one: YieldTo, now: Instant) {
        let mut all = self.lock();
        all.retain(|other| other.until > now);
        // There are no more than others wait for, and whoever is not answered takes the name.
        if all.len() < LETTERS_WAITING_MAX {
            all.push(one);
        }
    }

    /// Takes out those that `is_done` says.
    fn take(&self, is_done: impl Fn(&YieldTo) -> bool) -> Vec<YieldTo> {
        let mut all = self.lock();
        let (done, rest) = std::mem::take(&mut *all).into_iter().partition(is_done);
        *all = rest;
        done
    }

    fn lock(&self) -> MutexGuard<'_, Vec<YieldTo>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lobby {
    /// Makes a change. Whoever waits for a name has to be looked at afterwards.
    pub(in crate::hub::lobby) async fn make_far(
        self: &Arc<Self>,
        change: FarChange,
        waiting: &mut [WaitingLogin],
    ) {
        match change {
            FarChange::YieldTo {
                member,
                account,
                node,
                number,
            } => self.yield_to(member, account, node, number).await,
            FarChange::Yielded {
                login,
                holder,
                has_answered,
                seat,
            } => {
                if let Some(login) = waiting.iter_mut().find(|waiting| waiting.id == login) {
                    login.asked.note(holder, has_answered);
                    if let Some(seat) = seat {
                        self.bring_seat(&login.account, seat);
                    }
                    self.read_again(login).await;
                }
            }
            FarChange::TakeAgain(id, failed) => self.take_again(id, &failed).await,
        }
    }

    /// What is kept of the account may be newer by now than when its password was checked: its owner was on another server.
    async fn read_again(&self, login: &mut WaitingLogin) {
        // If it cannot be read now, what was read has to do.
        if let Ok(Some(account)) = self.store.account(login.account.clone()).await {
            login.settings = account.settings;
            login.reads = account.reads;
        }
    }

    /// Asks the server of `holder` to have it give up its name, which login `id` to `account` waits for.
    pub(in crate::hub::lobby) fn ask_to_yield(
        self: &Arc<Self>,
        id: MemberId,
        holder: MemberId,
        account: Name,
    ) {
        let lobby = Arc::clone(self);
        self.requests.start(async move {
            let Some((far, node)) = lobby.far(holder) else {
                return;
            };
            let letter = Letter::Yield {
                member: holder,
                account,
            };
            let (has_answered, seat) = match lobby.ask(far, node, &letter).await {
                Ok(Answer::Yielded(seat)) => (true, seat),
                // What cannot be sent cannot be taken either.
                Ok(_) | Err(NoAnswer::Unsent | NoAnswer::Silent | NoAnswer::NotUnderstood) => {
                    (false, None)
                }
            };
            lobby.change_name(NameChange::Far(FarChange::Yielded {
                login: id,
                holder,
                has_answered,
                seat,
            }));
        });
    }

    /// Connection `member` is to give up its name, if that is `account`'s, for a login on `node`.
    async fn yield_to(
        self: &Arc<Self>,
        member: MemberId,
        account: Name,
        node: NodeId,
        number: Option<u64>,
    ) {
        let Some(far) = &self.far else { return };
        let now = self.runtime.clock.now();
        far.yields.add(
            YieldTo {
                member,
                account: account.clone(),
                node,
                number,
                until: now + LETTER_ANSWERED_WITHIN,
            },
            now,
        );
        let has_it = self.with_user(member, |user| {
            let has_it = user.name_comes || user.name.clashes(&account);
            if has_it {
                user.inbox.put(ClientEvent::NameReclaimed(account));
            }
            has_it
        });
        if has_it != Some(true) {
            self.settle_yields(member).await;
        }
    }

    /// A name of `member` was freed: whoever waits for one on another server is told, if it is that one.
    pub(in crate::hub::lobby) async fn settle_yields(self: &Arc<Self>, member: MemberId) {
        let Some(far) = &self.far else { return };
        let current = self.with_user(member, |user| user.name.clone());
        let done = far.yields.take(|one| {
            let has_it = |name: &Name| name.clashes(&one.account);
            one.member == member && !current.as_ref().is_some_and(has_it)
        });
        for YieldTo {
            account,
            node,
            number,
            ..
        } in done
        {
            let seat = self.take_seat_of(&account, member).map(|kept| FarSeat {
                room: kept.room.id,
                seat: kept.seat,
                address: kept.address,
            });
            let lobby = Arc::clone(self);
            self.requests.start(async move {
                // What the owner has read here is there for the login.
                lobby.save_rest().await;
                let answer = Answer::Yielded(seat);
                lobby.answer_letter(node, number, &answer).await;
            });
        }
    }

    /// A seat that was kept on another server is there for whoever logs in to `account` here, for a moment.
    fn bring_seat(self: &Arc<Self>, account: &Name, seat: FarSeat) {
        let mut state = self.lock();
        let Some(room) = state.rooms.get(&seat.room).cloned() else {
            return;
        };
        let member = seat.seat.member;
        let kept = KeptSeat {
            room,
            seat: seat.seat,
            address: seat.address,
        };
        if !state.seats.keep(account, kept) {
            return;
        }
        drop(state);
        let (lobby, account) = (Arc::downgrade(self), account.clone());
        let clock = self.runtime.clock.clone();
        // Nobody who stops the server waits for it.
        let withdrawing = self.runtime.tasks().spawn(async move {
            clock.after(SEAT_TAKEN_WITHIN).await;
            if let Some(lobby) = lobby.upgrade() {
                lobby.withdraw_seat(member, &account);
            }
        });
        withdrawing.detach();
    }

    /// This server was taken for dead, and takes part again. Its people have no names any more and are known to nobody:
    /// they take their names again, or others like them.
    pub(in crate::hub::lobby) fn retake_names(self: &Arc<Self>) {
        self.store.register().begin_anew();
        self.note_everybody_anew();
        let lobby = Arc::clone(self);
        self.requests.start(async move {
            let mut missing = lobby.everybody_named();
            loop {
                let (answer, answered) = async_channel::unbounded();
                for id in missing.drain(..) {
                    let again = FarChange::TakeAgain(id, answer.clone());
                    lobby.change_name(NameChange::Far(again));
                }
                drop(answer);
                while let Ok(failed) = answered.recv().await {
                    missing.push(failed);
                }
                if missing.is_empty() || lobby.lock().stopping {
                    return;
                }
                lobby.runtime.clock.after(NAMES_TAKEN_AGAIN_AFTER).await;
            }
        });
    }

    fn everybody_named(&self) -> Vec<MemberId> {
        let state = self.lock();
        let named = state.people.iter().filter(|(_, user)| !user.name.is_anon());
        let kept = state.lost_names.members();
        named.map(|(id, _)| *id).chain(kept).collect()
    }

    /// Takes the name of connection `id` again, or one that is like it, or keeps it again for one that was lost. If that
    /// cannot be done now, `failed` hears of it.
    async fn take_again(self: &Arc<Self>, id: MemberId, failed: &Sender<MemberId>) {
        let done = match self.lost_name(id) {
            Some(lost) => self.keep_again(id, lost).await,
            None => self.try_take_again(id).await,
        };
        if done.is_none() {
            // Whoever asked may be gone.
            let _ = failed.try_send(id);
        }
    }

    async fn try_take_again(self: &Arc<Self>, id: MemberId) -> Option<()> {
        let found = self.with_user(id, |user| {
            let address = user.source.ip().map(Into::into);
            (user.name.clone(), user.extras().account.clone(), address)
        });
        let Some((old, account, address)) = found.filter(|(name, ..)| !name.is_anon()) else {
            return Some(());
        };
        let register = self.store.register();
        let taken = register.take(id, old.clone(), account.clone(), address);
        if taken.await.ok()?.is_ok() {
            // It may have ended meanwhile.
            if self.with_user(id, |_| ()).is_none() {
                let _ = register.free(id, &old).await;
            }
            return Some(());
        }
        let new = register.take_variant(id, &old).await.ok()?;
        // Who has the name of an account is its owner.
        let event = match account.filter(|account| account.clashes(&old)) {
            Some(account) => ClientEvent::NameYielded {
                account,
                new: new.clone(),
            },
            None => ClientEvent::NameLost {
                old,
                new: new.clone(),
            },
        };
        self.call(id, &new, |user| {
            user.extras_mut().account = None;
            user.inbox.put(event);
        })
        .await;
        Some(())
    }

    async fn keep_again(&self, id: MemberId, lost: lost_names::Kept) -> Option<()> {
        let lost_names::Kept { identity, until } = lost;
        let now = self.runtime.clock.now();
        let left = until.saturating_duration_since(now);
        let register = self.store.register();
        let (name, address) = (identity.name, identity.address);
        let taken = register.take(id, name.clone(), None, Some(address)).await;
        if taken.ok()?.is_ok() {
            let until = self.steady_time().after(left);
            let _ = register.keep(id, &name, address, until).await;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: MemberId = MemberId(1);
    const TWO: MemberId = MemberId(2);

    #[test]
    fn whoever_does_not_answer_or_says_so_twice_loses_the_name_by_force() {
        let mut asked = Asked::default();
        assert!(asked.is_new(ONE) && !asked.is_new(ONE));
        assert!(!asked.is_by_force(&[ONE]) && !asked.is_by_force(&[]));
        asked.note(ONE, true);
        assert!(!asked.is_by_force(&[ONE]));
        // Somebody else may have taken it before the login had its turn, or the same once more.
        assert!(asked.is_new(ONE));
        asked.note(ONE, true);
        assert!(asked.is_by_force(&[ONE]) && !asked.is_new(ONE));
        assert!(!asked.is_by_force(&[ONE, TWO]));
        assert!(asked.is_new(TWO));
        asked.note(TWO, false);
        assert!(asked.is_by_force(&[ONE, TWO]));
    }
}
