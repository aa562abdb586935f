//! *Pure.* What the other servers know of the people of this one, and what they are to hear.

use std::collections::{BTreeSet, HashMap, VecDeque};

use async_channel::{Receiver, Sender};

use crate::chat::message::MemberId;
use crate::chat::person::Person;
use crate::limits::{PEOPLE_GONE_MAX, PEOPLE_NOTED_MAX};
use crate::time::Timestamp;

/// The people of this server, as far as the others know them.
#[derive(Debug)]
pub(in crate::hub::lobby) struct Roster {
    /// `None`: it is not certain what was noted.
    noted: HashMap<MemberId, Option<Box<Person>>>,
    /// Those of whom there may be something new.
    changed: BTreeSet<MemberId>,
    /// Those of whom it was noted last that they have gone.
    gone: VecDeque<MemberId>,
    /// Wakes whoever notes them.
    bell: Sender<()>,
}

/// What is noted at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Notes {
    pub(super) people: Vec<Person>,
    pub(super) gone: Vec<MemberId>,
}

impl Notes {
    pub(super) fn is_empty(&self) -> bool {
        self.people.is_empty() && self.gone.is_empty()
    }
}

impl Roster {
    /// Nobody is noted. The receiver has something once somebody has changed.
    pub(super) fn new() -> (Roster, Receiver<()>) {
        let (bell, rung) = async_channel::bounded(1);
        let roster = Roster {
            noted: HashMap::new(),
            changed: BTreeSet::new(),
            gone: VecDeque::new(),
            bell,
        };
        (roster, rung)
    }

    /// There may be something new of a connection.
    pub(in crate::hub::lobby) fn touch(&mut self, id: MemberId) {
        self.changed.insert(id);
        // If it has rung already, that is enough.
        let _ = self.bell.try_send(());
    }

    /// A connection has gone. One that nobody was told of is forgotten at once, or those who come and go while the database is
    /// away would fill the memory.
    pub(in crate::hub::lobby) fn remove(&mut self, id: MemberId) {
        match self.noted.contains_key(&id) {
            true => self.touch(id),
            false => {
                self.changed.remove(&id);
            }
        }
    }

    /// Nothing is noted any more of all these, who are connected. What is just being noted may be there nevertheless.
    pub(super) fn begin_anew(&mut self, everybody: impl Iterator<Item = MemberId>) {
        self.noted.values_mut().for_each(|noted| *noted = None);
        self.changed.extend(self.noted.keys());
        self.changed.extend(everybody);
        let _ = self.bell.try_send(());
    }

    /// What was noted last may have been lost: it is noted once more of all these, who are connected, and of those who went
    /// last.
    pub(super) fn repeat(&mut self, everybody: impl Iterator<Item = MemberId>) {
        for id in everybody.chain(self.gone.drain(..)) {
            self.noted.insert(id, None);
            self.changed.insert(id);
        }
        self.ring();
    }

    /// So long after the last look, somebody is like this.
    pub(super) fn look_at(&mut self, id: MemberId, active: Timestamp, lines: u32) {
        let Some(Some(noted)) = self.noted.get(&id) else {
            return;
        };
        if noted.active != active || noted.lines_per_minute != lines {
            self.noted.insert(id, None);
            self.touch(id);
        }
    }

    /// Wakes whoever notes them, if there is something to be noted.
    pub(super) fn ring(&self) {
        if self.has_news() {
            let _ = self.bell.try_send(());
        }
    }

    /// Whether there may be something to be noted.
    pub(super) fn has_news(&self) -> bool {
        !self.changed.is_empty()
    }

    /// What is to be noted next, of those whom `find` gives; `None`: they have gone.
    pub(super) fn next(&mut self, find: impl Fn(MemberId) -> Option<Person>) -> Notes {
        let mut notes = Notes::default();
        while notes.people.len() + notes.gone.len() < PEOPLE_NOTED_MAX
            && let Some(id) = self.changed.pop_first()
        {
            match find(id) {
                Some(person) => {
                    let noted = self.noted.get(&id);
                    let is_known = noted.is_some_and(|noted| {
                        let noted = noted.as_deref();
                        noted.is_some_and(|noted| is_same(noted, &person))
                    });
                    if !is_known {
                        self.noted.insert(id, Some(Box::new(person.clone())));
                        notes.people.push(person);
                    }
                }
                None if self.noted.remove(&id).is_some() => {
                    notes.gone.push(id);
                    if self.gone.len() >= PEOPLE_GONE_MAX {
                        self.gone.pop_front();
                    }
                    self.gone.push_back(id);
                }
                // Came and went before anybody was told.
                None => {}
            }
        }
        notes
    }

    /// It is not certain whether this was noted: it has to be once more.
    pub(super) fn failed(&mut self, notes: Notes) {
        let people = notes.people.into_iter().map(|person| person.member);
        for id in people.chain(notes.gone) {
            self.noted.insert(id, None);
            self.changed.insert(id);
        }
        self.ring();
    }
}

/// Whether two are the same but for how long they are idle and how much they type, which is looked at by itself.
fn is_same(one: &Person, other: &Person) -> bool {
    let Person {
        member,
        name,
        account,
        room,
        ip,
        encryption,
        kind,
        terminal,
        away,
        since,
        active: _,
        lines_per_minute: _,
        is_lost,
    } = one;
    *member == other.member
        && *name == other.name
        && *account == other.account
        && *room == other.room
        && *ip == other.ip
        && *encryption == other.encryption
        && *kind == other.kind
        && *terminal == other.terminal
        && *away == other.away
        && *since == other.since
        && *is_lost == other.is_lost
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::chat::name::Name;
    use crate::chat::people::ClientKind;

    fn person(id: u64, called: &str, active: i64) -> Person {
        Person {
            member: MemberId(id),
            name: Name::parse(called).expect("a name"),
            account: None,
            room: None,
            ip: None,
            encryption: None,
            kind: ClientKind::Raw,
            terminal: None,
            away: None,
            since: Timestamp(id as i64),
            active: Timestamp(active),
            lines_per_minute: 0,
            is_lost: false,
        }
    }

    #[test]
    fn somebody_is_noted_when_something_has_changed_that_others_see_and_not_for_every_key() {
        let (mut roster, rung) = Roster::new();
        roster.touch(MemberId(1));
        assert_eq!(rung.try_recv(), Ok(()));
        let ann = |active| Some(person(1, "Ann", active));
        assert_eq!(roster.next(|_| ann(5)).people, [person(1, "Ann", 5)]);
        roster.touch(MemberId(1));
        assert_eq!(roster.next(|_| ann(9)), Notes::default());
        // Now and then it is looked at how long she is idle.
        roster.look_at(MemberId(1), Timestamp(5), 0);
        assert!(!roster.has_news());
        roster.look_at(MemberId(1), Timestamp(9), 0);
        assert_eq!(roster.next(|_| ann(9)).people, [person(1, "Ann", 9)]);
        roster.look_at(MemberId(1), Timestamp(9), 3);
        assert_eq!(roster.next(|_| ann(9)).people.len(), 1);
        roster.touch(MemberId(1));
        let renamed = roster.next(|_| Some(person(1, "Anne", 9)));
        assert_eq!(renamed.people, [person(1, "Anne", 9)]);
        roster.remove(MemberId(1));
        assert_eq!(roster.next(|_| None).gone, [MemberId(1)]);
        // Came and went before anybody was told.
        roster.touch(MemberId(2));
        roster.remove(MemberId(2));
        assert!(!roster.has_news());
    }

    #[test]
    fn a_crowd_is_noted_in_parts() {
        let (mut roster, _rung) = Roster::new();
        let crowd = 2 * PEOPLE_NOTED_MAX as u64 + 1;
        roster.begin_anew((0..crowd).map(MemberId));
        let find = |id: MemberId| Some(person(id.0, "x", 0));
        let mut parts = Vec::new();
        while roster.has_news() {
            parts.push(roster.next(find).people.len());
        }
        assert_eq!(parts, [PEOPLE_NOTED_MAX, PEOPLE_NOTED_MAX, 1]);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Comes(u64, usize),
        Goes(u64),
        /// It is noted; `false`: nobody knows whether.
        Noted(bool, bool),
        Anew,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            4 => (0..4_u64, 0..3_usize).prop_map(|(id, name)| Step::Comes(id, name)),
            2 => (0..4_u64).prop_map(Step::Goes),
            3 => (any::<bool>(), any::<bool>()).prop_map(|(ok, done)| Step::Noted(ok, done)),
            1 => Just(Step::Anew),
        ];
        prop::collection::vec(step, 0..60)
    }

    proptest! {
        #[test]
        fn in_the_end_the_others_know_who_is_there_whatever_was_lost_on_the_way(steps in steps()) {
            let names = ["Ann", "Ben", "Cat"];
            let (mut roster, _rung) = Roster::new();
            let mut here: BTreeMap<MemberId, Person> = BTreeMap::new();
            let mut there: BTreeMap<MemberId, Person> = BTreeMap::new();
            fn note(there: &mut BTreeMap<MemberId, Person>, notes: &Notes) {
                there.extend(notes.people.iter().map(|person| (person.member, person.clone())));
                there.retain(|id, _| !notes.gone.contains(id));
            }
            for step in steps {
                match step {
                    Step::Comes(id, name) => {
                        here.insert(MemberId(id), person(id, names[name], 0));
                        roster.touch(MemberId(id));
                    }
                    Step::Goes(id) => {
                        here.remove(&MemberId(id));
                        roster.remove(MemberId(id));
                    }
                    Step::Noted(is_certain, is_done) => {
                        let notes = roster.next(|id| here.get(&id).cloned());
                        if is_certain || is_done {
                            note(&mut there, &notes);
                        }
                        if !is_certain {
                            roster.failed(notes);
                        }
                    }
                    Step::Anew => {
                        there.clear();
                        roster.begin_anew(here.keys().copied());
                    }
                }
            }
            while roster.has_news() {
                let notes = roster.next(|id| here.get(&id).cloned());
                note(&mut there, &notes);
            }
            prop_assert_eq!(here, there);
        }
    }
}
