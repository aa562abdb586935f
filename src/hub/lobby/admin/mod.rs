//! What operators ask, over the admin socket or from their terminal. Who they are is known here already.
//!
//! - this file: from a command to its answer;
//! - `bans`: who is kept out of the server;
//! - `lists`: what there is;
//! - `reports`: what users report.

mod bans;
mod lists;
mod reports;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, OnceLock, RwLock};

use super::Lobby;
use super::cluster::NoAnswer;
use super::names::NameChange;
use crate::chat::address::Address;
use crate::chat::admin::ban::{BanTarget, ServerBans};
use crate::chat::admin::report::Reports;
use crate::chat::admin::{
    AdminAnswer, AdminCommand, AdminError, AdminReply, Ejection, Mistake, Operator, Tidings, Whom,
};
use crate::chat::letter::{Answer, Letter, Renaming};
use crate::chat::message::MemberId;
use crate::chat::moderation::{ModError, OperatorDeed};
use crate::chat::name::{Name, RoomName};
use crate::chat::request::{Info, LobbyReply};
use crate::hub::control::ServerControl;
use crate::hub::room::{ClientEvent, ClientInbox, RoomCommand, RoomHandle};
use crate::hub::security::{self, Incident};
use crate::limits::{NOTES_MAX, REPORTS_SHOWN};

/// What the lobby keeps for operators.
#[derive(Debug, Default)]
pub(super) struct Administration {
    bans: RwLock<ServerBans>,
    /// Bans are changed here and in the database, or read from there, one after the other.
    bans_turn: async_lock::Mutex<()>,
    /// Bans that could not be stored where others would hear of them.
    unstored_bans: Mutex<Vec<BanTarget>>,
    /// How many connections were closed here for the last bans.
    closings: Mutex<VecDeque<(Box<str>, usize)>>,
    reports: Mutex<Reports>,
    /// The server; nothing where there is none around the lobby, as in tests.
    control: OnceLock<Arc<dyn ServerControl>>,
}

impl Lobby {
    /// From now on asks `control` what it does not know itself. The first one counts.
    pub fn set_control(&self, control: Arc<dyn ServerControl>) {
        let _ = self.administration.control.set(control);
    }

    fn control(&self) -> Result<&dyn ServerControl, AdminError> {
        let control = self.administration.control.get();
        control.map(Arc::as_ref).ok_or(AdminError::Unavailable)
    }

    /// Whether an account is an operator's.
    pub(super) fn is_operator(&self, account: &Name) -> bool {
        let control = self.administration.control.get();
        control.is_some_and(|control| control.is_operator(account))
    }

    /// What is to be said of those of `operators` whose accounts nobody has registered: they are nobody yet.
    pub async fn unregistered(&self, operators: &[Name]) -> Vec<String> {
        let mut told = Vec::new();
        for name in operators {
            // If that cannot be read now, nothing is said of it.
            if let Ok(None) = self.store.account(name.clone()).await {
                told.push(format!(
                    "operators: nobody has registered {name} yet, which is possible from this machine only"
                ));
            }
        }
        told
    }

    /// Whether the user of connection `id` may act as an operator, once logged in to `account`.
    pub(super) fn may_operate(&self, id: MemberId, account: &Name) -> bool {
        let is_private = self.with_user(id, |user| user.source.is_private());
        is_private == Some(true) && self.is_operator(account)
    }

    /// Does what connection `id` asks, if its user is an operator. Answered by [`Info::Admin`].
    pub fn administer_for(self: &Arc<Self>, id: MemberId, line: String, inbox: &Arc<ClientInbox>) {
        let (lobby, asker) = (Arc::clone(self), Arc::clone(inbox));
        self.answer(inbox, async move {
            let answer = match lobby.operator_at(id) {
                Ok(operator) => lobby.administer(&operator, &line).await,
                Err(why) => Err(why),
            };
            let stops = answer.as_ref().is_ok_and(AdminReply::stops);
            asker.reply(LobbyReply::Shown(Info::Admin(Box::new(answer))));
            if stops {
                lobby.stop_server();
            }
        });
    }

    fn operator_at(&self, id: MemberId) -> Result<Operator, AdminError> {
        let found = self.with_user(id, |user| (user.extras().account.clone(), user.source));
        let (account, source) = found.ok_or(AdminError::Unavailable)?;
        match account.filter(|account| self.is_operator(account)) {
            Some(account) if source.is_private() => Ok(Operator::Account(account)),
            Some(_) => Err(AdminError::Overheard),
            None => {
                // The log hears once of somebody who tries.
                let first = self.with_user(id, |user| {
                    let was_noted = std::mem::replace(&mut user.extras_mut().is_noted, true);
                    (!was_noted).then(|| user.name.clone())
                });
                if let Some(name) = first.flatten() {
                    let address = source.ip().map(Address::from);
                    security::note(address, &Incident::NotOperator(&name));
                }
                Err(AdminError::NotOperator)
            }
        }
    }

    /// Stops the server, once the operator who asked for it has the answer.
    pub fn stop_server(&self) {
        if let Ok(control) = self.control() {
            control.stop();
        }
    }

    /// Does what an operator has typed. What is answered by [`AdminReply::Stopping`] the caller has to do, once the
    /// answer is given: [`Lobby::stop_server`].
    ///
    /// # Errors
    ///
    /// Why nothing was done.
    pub async fn administer(self: &Arc<Self>, operator: &Operator, line: &str) -> AdminAnswer {
        match AdminCommand::parse(line)? {
            AdminCommand::List => Ok(self.all_connections().await),
            AdminCommand::Nodes => self.node_lines().await,
            AdminCommand::Rooms => Ok(AdminReply::Rooms(self.room_rows().await)),
            AdminCommand::Kick(whom, why) => self.kick(operator, whom, why).await,
            AdminCommand::Ban(target, time, why) => self.ban(operator, target, time, &why).await,
            AdminCommand::Bans => Ok(AdminReply::Bans(self.ban_rows().await)),
            AdminCommand::Unban(target) => self.unban(operator, target).await,
            AdminCommand::Announce(text) => Ok(self.announce(operator, text).await),
            AdminCommand::Close(room) => {
                let room = self.operate(operator, room, OperatorDeed::Close).await?;
                Ok(AdminReply::Closed(room))
            }
            AdminCommand::Unlock(room) => {
                let room = self.operate(operator, room, OperatorDeed::Unlock).await?;
                Ok(AdminReply::Unlocked(room))
            }
            AdminCommand::Own(room, name) => {
                let own = OperatorDeed::Own(name.clone());
                let room = self.operate(operator, room, own).await?;
                Ok(AdminReply::Owned(room, name))
            }
            AdminCommand::Rename(whom, new) => self.impose_name(operator, whom, new).await,
            AdminCommand::Forget(name) => self.delete_account(operator, name).await,
            AdminCommand::Limits => {
                let rows = self.limit_rows().await?;
                Ok(self.of_this_node(AdminReply::Limits(rows)))
            }
            AdminCommand::Log(level) => {
                self.control()?.set_log(level);
                let about = [("level", level.word().to_owned())];
                note(operator, None, "operator-log", &about);
                Ok(self.of_this_node(AdminReply::Log(level)))
            }
            AdminCommand::Reload => {
                let reloading = self.control()?.reload();
                let reloaded = reloading.await;
                let reloaded = reloaded.map_err(|why| AdminError::Failed(why.into()))?;
                note(operator, None, "operator-reloaded", &[]);
                Ok(self.of_this_node(AdminReply::Reloaded(reloaded)))
            }
            AdminCommand::Stop(text) => {
                self.control()?;
                if !text.is_empty() {
                    // The others go on.
                    let tidings = Arc::new(Tidings::Announced(text));
                    let told = self.tell_everybody_here(&tidings);
                    note_announced(operator, told);
                }
                note(operator, None, "operator-stopped", &[]);
                Ok(self.of_this_node(AdminReply::Stopping))
            }
            AdminCommand::Reports(count) => {
                let count = count.unwrap_or(REPORTS_SHOWN);
                let (reports, more) = self.last_reports(count).await?;
                Ok(AdminReply::Reports(reports, more))
            }
            AdminCommand::Help(one) => Ok(AdminReply::Help(one)),
        }
    }

    async fn kick(self: &Arc<Self>, operator: &Operator, whom: Whom, why: Box<str>) -> AdminAnswer {
        let id = self.meant(whom.clone()).await?;
        let kicked = match self.far(id) {
            None => self.with_user(id, |user| {
                user.inbox.eject(Ejection { ban: None, why });
                (user.name.clone(), user.source.ip())
            }),
            Some((far, node)) => {
                let eject = Letter::Eject { member: id, why };
                match self.ask(far, node, &eject).await {
                    Ok(Answer::Ejected(kicked)) => kicked,
                    answer => return Err(unanswered(answer)),
                }
            }
        };
        let (name, ip) = kicked.ok_or(AdminError::Nobody(whom))?;
        let about = [("id", id.0.to_string()), ("whom", name.to_string())];
        note(operator, ip, "operator-kicked", &about);
        Ok(AdminReply::Kicked(id, name))
    }

    /// Tells every connection, here and elsewhere, but for those that take nothing.
    async fn announce(self: &Arc<Self>, operator: &Operator, text: Box<str>) -> AdminReply {
        let here = self.tell_everybody_here(&Arc::new(Tidings::Announced(text.clone())));
        let (answers, silent) = self.ask_all(Letter::Announce(text)).await;
        let elsewhere = answers.iter().map(|(_, answer)| match answer {
            Answer::Told(told) => *told,
            _ => 0,
        });
        let told = here + elsewhere.sum::<usize>();
        note_announced(operator, told);
        AdminReply::Announced(told, silent)
    }

    /// Tells every connection of this server, and gives how many were told.
    pub(super) fn tell_everybody_here(&self, tidings: &Arc<Tidings>) -> usize {
        let mut told = 0;
        self.visit_people(|_, user| {
            told += usize::from(tell(&user.inbox, tidings));
        });
        told
    }

    /// The connection that an operator means.
    async fn meant(self: &Arc<Self>, whom: Whom) -> Result<MemberId, AdminError> {
        let found = match &whom {
            Whom::Id(id) => {
                let id = MemberId(*id);
                match self.person_elsewhere(id).await {
                    Ok(None) => self.with_user(id, |_| id),
                    Ok(Some(person)) => Some(person.member),
                    Err(()) => return Err(AdminError::Unavailable),
                }
            }
            Whom::Name(name) if name.is_anon() => return Err(Mistake::Anon.into()),
            Whom::Name(name) => {
                let holder = self.holder(name).await;
                holder.map_err(|_| AdminError::Unavailable)?
            }
        };
        found.ok_or(AdminError::Nobody(whom))
    }

    /// Has a room do something, and gives its name as it was created.
    async fn operate(
        self: &Arc<Self>,
        operator: &Operator,
        name: RoomName,
        deed: OperatorDeed,
    ) -> Result<RoomName, AdminError> {
        let room = self.open_room_called(&name).await;
        let room = room.ok_or(AdminError::NoRoom(name.clone()))?;
        let (answer, answered) = async_channel::bounded(1);
        let (event, wanted) = match &deed {
            OperatorDeed::Own(name) => ("operator-owned", Some(name.clone())),
            OperatorDeed::Close => ("operator-closed", None),
            OperatorDeed::Unlock => ("operator-unlocked", None),
        };
        let asked = room.mailbox.put(RoomCommand::Operate(deed, answer));
        asked.map_err(|_| AdminError::NoRoom(name.clone()))?;
        // A room that ends just now does not answer.
        let done = answered.recv().await;
        match done.map_err(|_| AdminError::NoRoom(name))? {
            Ok(()) => {
                let whom = wanted.map(|name| ("whom", name.to_string()));
                let about = [("room", room.name.to_string())].into_iter().chain(whom);
                note(operator, None, event, &about.collect::<Vec<_>>());
                Ok(room.name.clone())
            }
            Err(why) => Err(match (why, wanted) {
                (ModError::Nobody(_), Some(wanted)) => {
                    AdminError::NotInRoom(room.name.clone(), wanted)
                }
                (why, _) => AdminError::Room(room.name.clone(), why),
            }),
        }
    }

    async fn open_room_called(self: &Arc<Self>, name: &RoomName) -> Option<RoomHandle> {
        if let Some(room) = self.room(name) {
            return Some(room);
        }
        if self.store.is_shared() {
            // If they cannot be read, those that are known have to do.
            let _ = self.look_for_rooms().await;
        }
        self.room(name)
    }

    /// Calls somebody otherwise.
    async fn impose_name(
        self: &Arc<Self>,
        operator: &Operator,
        whom: Whom,
        new: Name,
    ) -> AdminAnswer {
        if self.ban_of_name(&new).is_some() {
            return Err(AdminError::NameBanned(new));
        }
        let id = self.meant(whom.clone()).await?;
        let renaming = match self.far(id) {
            None => self.rename_here(id, new.clone()).await,
            Some((far, node)) => {
                let rename = Letter::Rename {
                    member: id,
                    name: new.clone(),
                };
                match self.ask(far, node, &rename).await {
                    Ok(Answer::Renamed(renaming)) => renaming,
                    answer => return Err(unanswered(answer)),
                }
            }
        };
        match renaming {
            Renaming::Done(old, ip) => {
                let about = [("whom", old.to_string()), ("new", new.to_string())];
                note(operator, ip, "operator-renamed", &about);
                Ok(AdminReply::Renamed(old, new))
            }
            Renaming::Taken => Err(AdminError::NameTaken(new)),
            Renaming::Unavailable => Err(AdminError::Unavailable),
            Renaming::Nobody => Err(AdminError::Nobody(whom)),
        }
    }

    async fn delete_account(self: &Arc<Self>, operator: &Operator, name: Name) -> AdminAnswer {
        let account = self.account_called(name).await?;
        let (answer, answered) = async_channel::bounded(1);
        self.change_name(NameChange::Delete(account.clone(), answer));
        match answered.recv().await {
            Ok(true) => {
                let about = [("account", account.to_string())];
                note(operator, None, "operator-forgot", &about);
                Ok(AdminReply::Forgotten(account))
            }
            Ok(false) | Err(_) => Err(AdminError::Unavailable),
        }
    }

    /// The account of this name, as it was registered.
    async fn account_called(&self, name: Name) -> Result<Name, AdminError> {
        if !self.store.keeps_accounts() {
            return Err(AdminError::NoAccounts);
        }
        let found = self.store.account(name.clone()).await;
        let account = found.map_err(|_| AdminError::Unavailable)?;
        Ok(account.ok_or(AdminError::NoAccount(name))?.name)
    }
}

/// What an operator is told of a letter whose answer is none.
fn unanswered(answer: Result<Answer, NoAnswer>) -> AdminError {
    match answer {
        Err(NoAnswer::Silent) => AdminError::Silent,
        Ok(_) | Err(NoAnswer::Unsent | NoAnswer::NotUnderstood) => AdminError::Unavailable,
    }
}

fn note_announced(operator: &Operator, told: usize) {
    let about = [("connections", told.to_string())];
    note(operator, None, "operator-announced", &about);
}

/// Logs what an operator has done, to somebody from `ip`.
fn note(
    operator: &Operator,
    ip: Option<IpAddr>,
    event: &'static str,
    about: &[(&'static str, String)],
) {
    let by = operator;
    let incident = Incident::Operated { by, event, about };
    security::note(ip.map(Address::from), &incident);
}

/// Leaves tidings for a connection; false if too much waits for it already.
fn tell(inbox: &ClientInbox, tidings: &Arc<Tidings>) -> bool {
    let has_space = |events: &[ClientEvent]| events.len() < NOTES_MAX;
    inbox.put_if(ClientEvent::Told(Arc::clone(tidings)), has_space)
}
