//! People of other servers, as users and operators of this one see them.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_lite::future;

use super::Far;
use crate::chat::admin::ConnectionRow;
use crate::chat::admin::report::Party;
use crate::chat::message::MemberId;
use crate::chat::name::Name;
use crate::chat::people::{Location, People, Profile, RoleMarks, UserSummary};
use crate::chat::person::Person;
use crate::hub::lobby::people::place_in;
use crate::hub::lobby::{Lobby, State};
use crate::hub::room::RoomHandle;
use crate::limits::{
    CANDIDATES_ASKED_WITHIN, CANDIDATES_MAX, ENGINE_ASKED_WITHIN, PEOPLE_LISTED_MAX,
    PERSON_LOOKED_FOR, PERSON_LOOKED_FOR_EVERY, WHO_NAMES_MAX,
};
use crate::store::cluster::engine::EngineError;
use crate::text;
use crate::time::Timestamp;

impl Far {
    /// Those of these who are noted; `None`: the database cannot tell.
    pub(in crate::hub::lobby) async fn persons(
        &self,
        members: Vec<MemberId>,
    ) -> Option<Vec<Person>> {
        match members.is_empty() {
            true => Some(Vec::new()),
            false => {
                let asking = self.cluster.engine().persons(members);
                self.within(ENGINE_ASKED_WITHIN, asking).await
            }
        }
    }

    /// The first people of other servers, in the order in which they have come, and how many there are.
    pub(in crate::hub::lobby) async fn people(&self, most: usize) -> Option<(Vec<Person>, usize)> {
        let asking = self.cluster.engine().people(self.me(), most);
        self.within(ENGINE_ASKED_WITHIN, asking).await
    }

    /// What comes of a question, in time or not at all: whoever has asked it waits for it.
    pub(super) async fn within<T>(
        &self,
        time: Duration,
        asking: impl Future<Output = Result<T, EngineError>>,
    ) -> Option<T> {
        let asking = async { asking.await.ok() };
        let too_late = async {
            self.clock.after(time).await;
            None
        };
        future::or(asking, too_late).await
    }
}

impl Lobby {
    /// Everybody, here and elsewhere, as a member of `inside` sees them.
    pub(in crate::hub::lobby) async fn everybody_anywhere(
        self: &Arc<Self>,
        inside: Option<&RoomHandle>,
    ) -> People {
        let asked = match &self.far {
            None => return self.everybody_here(inside).into(),
            Some(far) => far.people(WHO_NAMES_MAX).await,
        };
        let is_partial = asked.is_none();
        let (persons, count) = asked.unwrap_or_default();
        self.know_rooms_of(&persons).await;
        let now = self.timestamp();
        let here = self.everybody_here(inside);
        let more = here.more;
        let mut rows = here.rows;
        let state = self.lock();
        rows.extend(persons.iter().map(|person| {
            let place = state.place_of(person, inside);
            let summary = summary_of(person, now);
            (person.since, person.member, summary, place)
        }));
        drop(state);
        let all = rows.len() + more + count.saturating_sub(persons.len());
        rows.sort_by_key(|row| (row.0, row.1));
        rows.truncate(WHO_NAMES_MAX);
        let people = rows.into_iter().map(|(_, _, who, place)| (who, place));
        let people: Vec<_> = people.collect();
        People {
            more: all - people.len(),
            people,
            is_partial,
        }
    }

    /// Rooms that were created elsewhere just now are known here once somebody is said to be in one.
    async fn know_rooms_of(self: &Arc<Self>, persons: &[Person]) {
        let is_missing = {
            let state = self.lock();
            let mut rooms = persons.iter().filter_map(|person| person.room);
            rooms.any(|room| !state.rooms.contains_key(&room))
        };
        if is_missing {
            // If they cannot be read, nobody is told where that person is.
            let _ = self.look_for_rooms().await;
        }
    }

    /// All that a member of `inside` may know of connection `id`; `None`: there is none. An error if it is on another server,
    /// of which the database cannot tell.
    pub(in crate::hub::lobby) async fn profile_of(
        self: &Arc<Self>,
        id: MemberId,
        inside: Option<&RoomHandle>,
    ) -> Result<Option<Profile>, ()> {
        let Some(person) = self.person_elsewhere(id).await? else {
            let up = self.up(self.runtime.clock.now());
            return Ok(self.with_user(id, |user| user.profile(up, inside)));
        };
        self.know_rooms_of(std::slice::from_ref(&person)).await;
        let place = self.lock().place_of(&person, inside);
        Ok(Some(Profile {
            present: summary_of(&person, self.timestamp()),
            place,
            since: person.since,
            kind: person.kind,
            encryption: person.encryption,
            terminal: person.terminal,
            away: person.away,
        }))
    }

    /// The one with connection `id`, if that is on another server. Whoever has come just now is noted in a moment.
    pub(in crate::hub::lobby) async fn person_elsewhere(
        &self,
        id: MemberId,
    ) -> Result<Option<Person>, ()> {
        let Some((far, _)) = self.far(id) else {
            return Ok(None);
        };
        let mut tried = 0;
        loop {
            let mut found = far.persons(vec![id]).await.ok_or(())?;
            if !found.is_empty() || tried == PERSON_LOOKED_FOR {
                return Ok(found.pop());
            }
            tried += 1;
            self.runtime.clock.after(PERSON_LOOKED_FOR_EVERY).await;
        }
    }

    /// Whoever has connection `id`, here or elsewhere, as a report tells of them.
    pub(in crate::hub::lobby) async fn party_of(&self, id: MemberId) -> Option<Party> {
        match self.person_elsewhere(id).await {
            Ok(Some(person)) => Some(Party {
                name: person.name,
                account: person.account,
                address: person.ip,
            }),
            Ok(None) | Err(()) => self.with_user(id, |user| user.party()),
        }
    }

    /// What those of `members` are like who are connected elsewhere, as far as that can be told.
    pub(in crate::hub::lobby) async fn summaries_elsewhere(
        &self,
        members: impl Iterator<Item = MemberId>,
    ) -> HashMap<MemberId, UserSummary> {
        let Some(far) = &self.far else {
            return HashMap::new();
        };
        let elsewhere = members.filter(|id| id.node() != far.me()).collect();
        let persons = far.persons(elsewhere).await.unwrap_or_default();
        let now = self.timestamp();
        let summaries = persons.iter();
        summaries
            .map(|person| (person.member, summary_of(person, now)))
            .collect()
    }

    /// Names of people of other servers that begin with `prefix`, as far as that can be told.
    pub(in crate::hub::lobby) async fn names_elsewhere(&self, prefix: &str) -> Vec<Name> {
        let Some(far) = &self.far else {
            return Vec::new();
        };
        let engine = far.cluster.engine();
        let found = engine.names_with(far.me(), prefix.to_owned(), CANDIDATES_MAX + 1);
        let found = far.within(CANDIDATES_ASKED_WITHIN, found).await;
        found.unwrap_or_default()
    }

    /// How many people other servers have; `None`: that cannot be told.
    pub(in crate::hub::lobby) async fn count_elsewhere(&self) -> Option<usize> {
        match &self.far {
            None => Some(0),
            Some(far) => far.people(0).await.map(|(_, count)| count),
        }
    }

    /// The connections of other servers, as operators see them; `None`: that cannot be told.
    pub(in crate::hub::lobby) async fn rows_elsewhere(
        self: &Arc<Self>,
    ) -> Option<Vec<ConnectionRow>> {
        let Some(far) = &self.far else {
            return Some(Vec::new());
        };
        let (persons, _) = far.people(PEOPLE_LISTED_MAX).await?;
        self.know_rooms_of(&persons).await;
        let now = self.timestamp();
        let labels = far.labels().await;
        let state = self.lock();
        let rows = persons.into_iter().map(|person| ConnectionRow {
            id: person.member,
            node: labels.get(&person.member.node()).cloned(),
            is_operator: false,
            room: person.room.and_then(|room| {
                let room = state.rooms.get(&room)?;
                Some(room.name.clone())
            }),
            idle: now.since(person.active),
            name: person.name,
            account: person.account,
            ip: person.ip,
            encryption: person.encryption,
            kind: person.kind,
            terminal: person.terminal,
            since: person.since,
            lines_per_minute: person.lines_per_minute,
            is_lost: person.is_lost,
        });
        Some(rows.collect())
    }
}

impl State {
    /// Where somebody is who is connected elsewhere, as far as a member of `inside` may know.
    fn place_of(&self, person: &Person, inside: Option<&RoomHandle>) -> Location {
        match person.room {
            None => Location::Menu,
            Some(room) => match self.rooms.get(&room) {
                Some(room) => place_in(room, inside),
                // It is closed just now, or cannot be read.
                None => Location::Hidden,
            },
        }
    }
}

/// Some of those who are here, each with when they have come.
#[derive(Debug)]
pub(in crate::hub::lobby) struct Here {
    pub(in crate::hub::lobby) rows: Vec<(Timestamp, MemberId, UserSummary, Location)>,
    /// How many more there are.
    pub(in crate::hub::lobby) more: usize,
}

impl From<Here> for People {
    /// There is nobody elsewhere.
    fn from(here: Here) -> People {
        let people = here.rows.into_iter();
        People {
            people: people.map(|(_, _, who, place)| (who, place)).collect(),
            more: here.more,
            is_partial: false,
        }
    }
}

fn summary_of(person: &Person, now: Timestamp) -> UserSummary {
    UserSummary {
        name: person.name.clone(),
        idle: now.since(person.active),
        away: person.away.is_some(),
        lost: person.is_lost,
        role: RoleMarks::default(),
    }
}

/// The names of both lists in order, of many the first and the last one: so what all have in common is what these have.
pub(in crate::hub::lobby) fn merged(here: Vec<Name>, elsewhere: Vec<Name>) -> Vec<Name> {
    let mut names: Vec<(String, Name)> = here
        .into_iter()
        .chain(elsewhere.into_iter().filter(|name| !name.is_anon()))
        .map(|name| (text::lowercase(name.as_str()).to_string(), name))
        .collect();
    names.sort();
    names.dedup();
    let last = names.last().cloned();
    if names.len() > CANDIDATES_MAX {
        names.truncate(CANDIDATES_MAX);
        names.extend(last);
    }
    names.into_iter().map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(texts: &[&str]) -> Vec<Name> {
        let names = texts.iter().map(|text| Name::parse(text).expect("a name"));
        names.collect()
    }

    #[test]
    fn names_of_here_and_elsewhere_are_in_one_order_and_within_one_bound() {
        let found = merged(
            names(&["dai", "Daisy"]),
            names(&["DA", "Dao", "anon", "Dai"]),
        );
        assert_eq!(found, names(&["DA", "Dai", "dai", "Daisy", "Dao"]));
        let numbered = |from: usize, count: usize| {
            let texts = (from..from + count).map(|number| format!("x{number:04}"));
            let names = texts.map(|text| Name::parse(&text).expect("a name"));
            names.collect::<Vec<_>>()
        };
        let many = merged(
            numbered(0, CANDIDATES_MAX + 1),
            numbered(500, CANDIDATES_MAX + 1),
        );
        assert_eq!(many.len(), CANDIDATES_MAX + 1);
        assert_eq!(many[0].as_str(), "x0000");
        let last = format!("x{:04}", 500 + CANDIDATES_MAX);
        assert_eq!(many[CANDIDATES_MAX].as_str(), last);
    }
}
