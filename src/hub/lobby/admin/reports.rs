//! What users report to operators.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::tell;
use crate::chat::address::Address;
use crate::chat::admin::report::{Party, Report, ReportError, ReportedLine, Reports};
use crate::chat::admin::{AdminError, Tidings};
use crate::chat::letter::Letter;
use crate::chat::message::{MemberId, Message};
use crate::chat::name::Name;
use crate::chat::request::{Info, LobbyReply};
use crate::hub::lobby::Lobby;
use crate::hub::lobby::people::User;
use crate::hub::room::{ClientInbox, RoomHandle};
use crate::hub::security::{self, Incident};
use crate::limits::{REPORT_LINES, WHY_COLUMNS_MAX};
use crate::store::StoreError;
use crate::text;

impl Lobby {
    /// Takes a report of connection `id`, which is in `room` or at the menu, about whoever is called `about`. Operators
    /// who are there are told at once. Answered by [`Info::Reported`].
    pub fn report(
        self: &Arc<Self>,
        id: MemberId,
        about: Name,
        why: String,
        room: Option<RoomHandle>,
        inbox: &Arc<ClientInbox>,
    ) {
        let (lobby, asker) = (Arc::clone(self), Arc::clone(inbox));
        self.answer(inbox, async move {
            let taken = lobby.take_report(id, &about, &why, room).await;
            asker.reply(LobbyReply::Shown(Info::Reported(about, taken)));
        });
    }

    /// How many lines of the room go with it.
    async fn take_report(
        self: &Arc<Self>,
        id: MemberId,
        about: &Name,
        why: &str,
        room: Option<RoomHandle>,
    ) -> Result<usize, ReportError> {
        let by = self.with_user(id, |user| user.party());
        let by = by.ok_or(ReportError::Unavailable)?;
        if about.is_anon() && about.anon_number() == Some(1) && room.is_none() {
            return Err(ReportError::Anon);
        }
        let now = self.runtime.clock.now();
        if !self.reports().may_report(by.address, now) {
            return Err(ReportError::TooMany);
        }
        let lines = match &room {
            // If they cannot be read now, the report goes without.
            Some(room) => self.store.tail(room.id, REPORT_LINES).await,
            None => Ok(Vec::new()),
        };
        let lines = lines.unwrap_or_default();
        let about = self.reported(id, about, &lines).await?;
        let report = Report {
            id: 0,
            time: self.timestamp(),
            by,
            about,
            room: room.map(|room| room.name.as_str().into()),
            why: text::cut(why, WHY_COLUMNS_MAX).into(),
            lines: lines
                .iter()
                .map(|line| ReportedLine::from(&**line))
                .collect(),
        };
        // Others came from there meanwhile.
        if !self.reports().count(report.by.address, now) {
            return Err(ReportError::TooMany);
        }
        let count = report.lines.len();
        let report = match self.far {
            None => self.keep_report(report).await,
            Some(_) => {
                let shared = self.share_report(report).await;
                shared.map_err(|_| ReportError::Unavailable)?
            }
        };
        self.note_report(&report);
        let report = Box::new(report);
        self.tell_operators_here(&Arc::new(Tidings::Reported(report.clone())));
        self.tell_all(Letter::Reported(report));
        Ok(count)
    }

    /// Keeps a report under the next number.
    async fn keep_report(&self, report: Report) -> Report {
        let (report, gone) = {
            let mut reports = self.reports();
            let (report, gone) = reports.keep(report);
            (report.clone(), gone)
        };
        // It is kept here at least.
        let _ = self.store.save_report(report.clone(), gone).await;
        report
    }

    /// Keeps a report where other servers keep theirs. Nobody here knows of those, so they are looked at first: so many are
    /// kept as ever.
    async fn share_report(&self, report: Report) -> Result<Report, StoreError> {
        let mut all = Reports::of(self.store.reports().await?);
        let (report, gone) = all.keep(report);
        let id = self.store.save_report(report.clone(), gone).await?;
        Ok(Report {
            id,
            ..report.clone()
        })
    }

    /// Whoever is called `name`: somebody who is there, or who has spoken in the room just now and may be gone.
    async fn reported(
        self: &Arc<Self>,
        by: MemberId,
        name: &Name,
        lines: &[Arc<Message>],
    ) -> Result<Party, ReportError> {
        let holder = match name.is_anon() {
            true => None,
            false => {
                let holder = self.holder(name).await;
                holder.map_err(|_| ReportError::Unavailable)?
            }
        };
        if holder == Some(by) {
            return Err(ReportError::Oneself);
        }
        if let Some(holder) = holder
            && let Some(party) = self.party_of(holder).await
        {
            return Ok(party);
        }
        let said = |line: &&Arc<Message>| line.name.folded() == name.folded();
        let line = lines.iter().rev().find(said);
        match line {
            Some(line) if line.member == by => Err(ReportError::Oneself),
            Some(line) => Ok(match name.is_anon() {
                // Somebody without a name is known by the number of the connection.
                true => self.party_of(line.member).await,
                false => None,
            }
            .map_or_else(
                || Party {
                    name: line.name.clone(),
                    account: None,
                    address: None,
                },
                |party| Party {
                    name: line.name.clone(),
                    ..party
                },
            )),
            None if name.is_anon() => Err(ReportError::Anon),
            None => Err(ReportError::Nobody),
        }
    }

    fn note_report(&self, report: &Report) {
        let address = report.by.address.map(Address::from);
        let incident = Incident::Reported {
            id: report.id,
            by: &report.by.name,
            whom: &report.about.name,
            room: report.room.as_deref(),
        };
        security::note(address, &incident);
    }

    /// Tells the operators who are on this server over connections that nobody else can read.
    pub(in crate::hub::lobby) fn tell_operators_here(&self, tidings: &Arc<Tidings>) {
        let mut candidates = Vec::new();
        self.visit_people(|_, user| {
            if let Some(account) = &user.extras().account
                && user.source.is_private()
            {
                candidates.push((account.clone(), Arc::clone(&user.inbox)));
            }
        });
        for (account, inbox) in candidates {
            if self.is_operator(&account) {
                // One for whom too much waits finds it among the reports.
                let _ = tell(&inbox, tidings);
            }
        }
    }

    pub(super) async fn last_reports(
        &self,
        count: usize,
    ) -> Result<(Vec<Report>, usize), AdminError> {
        match self.far {
            None => Ok(self.reports().last(count)),
            Some(_) => Ok(self.shared_reports().await?.last(count)),
        }
    }

    pub(super) async fn reports_count(&self) -> Result<usize, AdminError> {
        match self.far {
            None => Ok(self.reports().count_kept()),
            Some(_) => Ok(self.shared_reports().await?.count_kept()),
        }
    }

    async fn shared_reports(&self) -> Result<Reports, AdminError> {
        let reports = self.store.reports().await;
        reports
            .map(Reports::of)
            .map_err(|_| AdminError::Unavailable)
    }

    /// Reads the reports that were made before the server was started.
    pub(in crate::hub::lobby) async fn look_for_reports(&self) -> Result<(), StoreError> {
        *self.reports() = Reports::of(self.store.reports().await?);
        Ok(())
    }

    fn reports(&self) -> MutexGuard<'_, Reports> {
        let reports: &Mutex<Reports> = &self.administration.reports;
        reports.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl User {
    /// The user, as a report tells of them.
    pub(in crate::hub::lobby) fn party(&self) -> Party {
        Party {
            name: self.name.clone(),
            account: self.extras().account.clone(),
            address: self.source.ip(),
        }
    }
}
