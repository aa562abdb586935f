//! Who is connected where, and letters between nodes, as the made-up engine keeps them.

use std::collections::BTreeMap;
use std::time::Duration;

use parlor::chat::message::MemberId;
use parlor::chat::name::Name;
use parlor::chat::node::NodeId;
use parlor::chat::person::Person;
use parlor::store::cluster::engine::{EngineError, Letter};
use parlor::text;
use parlor::time::Timestamp;

use super::data::Data;

/// Nobody waits for an answer to a letter that is older than this.
const LETTER_KEPT: Duration = Duration::from_secs(10);

/// People and letters.
#[derive(Clone, Debug, Default)]
pub(super) struct People {
    people: BTreeMap<MemberId, Person>,
    letters: Vec<(Timestamp, Letter)>,
}

impl People {
    pub(super) fn forget_node(&mut self, node: NodeId) {
        self.people.retain(|member, _| member.node() != node);
        self.letters.retain(|(_, letter)| letter.to != node);
    }

    fn others(&self, me: NodeId) -> impl Iterator<Item = &Person> {
        let people = self.people.values();
        people.filter(move |person| person.member.node() != me)
    }
}

impl Data {
    pub(super) fn note_people(
        &mut self,
        me: NodeId,
        people: &[Person],
        gone: &[MemberId],
    ) -> Result<(), EngineError> {
        self.living(me)?;
        let noted = people.iter().map(|person| (person.member, person.clone()));
        self.people.people.extend(noted);
        for member in gone.iter().filter(|member| member.node() == me) {
            self.people.people.remove(member);
        }
        Ok(())
    }

    pub(super) fn people(&self, me: NodeId, most: usize) -> (Vec<Person>, usize) {
        let mut others: Vec<&Person> = self.people.others(me).collect();
        others.sort_by_key(|person| (person.since, person.member));
        let first = others.iter().take(most).map(|&person| person.clone());
        (first.collect(), others.len())
    }

    pub(super) fn persons(&self, members: &[MemberId]) -> Vec<Person> {
        let found = members.iter().map(|member| self.people.people.get(member));
        found.flatten().cloned().collect()
    }

    pub(super) fn names_with(&self, me: NodeId, prefix: &str, most: usize) -> Vec<Name> {
        let prefix = text::lowercase(prefix);
        let names = self.people.others(me).map(|person| &person.name);
        let key = |name: &Name| text::lowercase(name.as_str());
        let names = names.filter(|name| !name.is_anon() && key(name).starts_with(&prefix));
        let mut names: Vec<Name> = names.cloned().collect();
        names.sort_by_cached_key(|name| (key(name), name.clone()));
        names.dedup();
        names.truncate(most);
        names
    }

    pub(super) fn post(&mut self, letters: &[Letter], now: Timestamp) {
        for letter in letters {
            if self.nodes.contains_key(&letter.to) {
                self.people.letters.push((now, letter.clone()));
            }
        }
    }

    pub(super) fn collect(&mut self, me: NodeId, now: Timestamp) -> Vec<Letter> {
        let letters = &mut self.people.letters;
        letters.retain(|(time, _)| now.since(*time) <= LETTER_KEPT);
        let mine = letters.extract_if(.., |(_, letter)| letter.to == me);
        mine.map(|(_, letter)| letter).collect()
    }

    /// Everybody who is noted.
    pub(crate) fn everybody(&self) -> impl Iterator<Item = &Person> {
        self.people.people.values()
    }
}
