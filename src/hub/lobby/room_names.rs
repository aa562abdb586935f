//! *Pure.* Which room is called what, and which of them look alike.

use std::collections::HashMap;

use super::prefixes::PrefixIndex;
use crate::chat::history::RoomId;
use crate::chat::name::{NameKey, RoomName};

/// The names of the open rooms, and of those that are about to be.
#[derive(Debug, Default)]
pub(super) struct RoomNames {
    /// From [`RoomName::key`].
    by_key: HashMap<String, (RoomName, RoomId)>,
    prefixes: PrefixIndex<RoomId>,
    /// From [`RoomName::looks`]: a room that looks like that, and how many do. There may be several from a time when
    /// nobody minded.
    looks: HashMap<NameKey, (RoomName, usize)>,
}

impl RoomNames {
    /// The open room called `name`.
    pub(super) fn get(&self, name: &RoomName) -> Option<RoomId> {
        self.by_key.get(&name.key()).map(|(_, id)| *id)
    }

    /// The rooms whose names begin with `prefix`, of those that are `shown`; see [`PrefixIndex::find`].
    pub(super) fn begin_with(&self, prefix: &str, shown: impl Fn(RoomId) -> bool) -> Vec<RoomId> {
        self.prefixes.find(prefix, RoomId::default(), shown)
    }

    /// Another room, open or about to be, that looks like one called `name`.
    pub(super) fn alike(&self, name: &RoomName) -> Option<&RoomName> {
        let mut others = name.looks().into_iter().filter_map(|look| {
            let (other, _) = self.looks.get(&look)?;
            (other.key() != name.key()).then_some(other)
        });
        others.next()
    }

    /// A room called `name` is about to be: nobody can make one that looks like it.
    pub(super) fn claim(&mut self, name: &RoomName) {
        for look in name.looks() {
            self.looks
                .entry(look)
                .or_insert_with(|| (name.clone(), 0))
                .1 += 1;
        }
    }

    /// What was claimed is open by now, or nothing has come of it.
    pub(super) fn release(&mut self, name: &RoomName) {
        for look in name.looks() {
            if let Some((_, count)) = self.looks.get_mut(&look) {
                *count -= 1;
                if *count == 0 {
                    self.looks.remove(&look);
                }
            }
        }
    }

    /// A room is open. One that had the name is about to be closed here, since it is elsewhere.
    pub(super) fn insert(&mut self, name: &RoomName, id: RoomId) {
        if let Some(before) = self.get(name) {
            self.remove(name, before);
        }
        self.by_key.insert(name.key(), (name.clone(), id));
        self.claim(name);
        self.prefixes.insert(name.as_str(), id);
    }

    /// A room is open no more. Another one may have its name already.
    pub(super) fn remove(&mut self, name: &RoomName, id: RoomId) {
        if self.get(name) == Some(id)
            && let Some((name, id)) = self.by_key.remove(&name.key())
        {
            self.release(&name);
            self.prefixes.remove(name.as_str(), id);
        }
    }

    /// No room is open any more.
    pub(super) fn clear(&mut self) {
        self.by_key.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> RoomName {
        RoomName::parse(text).expect("a room name")
    }

    #[test]
    fn a_name_that_looks_like_that_of_a_room_is_known_while_the_room_is_there_or_about_to_be() {
        let mut names = RoomNames::default();
        let (club, alike) = (name("club"), name("c\u{4CF}ub"));
        assert_eq!(names.alike(&alike), None);
        names.claim(&club);
        assert_eq!(names.alike(&alike), Some(&club));
        names.insert(&club, RoomId(1));
        names.release(&club);
        assert_eq!(names.alike(&alike), Some(&club));
        assert_eq!(names.alike(&name("CLUB")), None, "that is the same room");
        names.remove(&club, RoomId(1));
        assert_eq!(names.alike(&alike), None);
        assert!(names.looks.is_empty());
    }

    #[test]
    fn of_two_rooms_that_look_alike_one_may_go() {
        let mut names = RoomNames::default();
        let (one, other) = (name("1150"), name("115O"));
        names.insert(&one, RoomId(1));
        names.insert(&other, RoomId(2));
        assert_eq!(
            (names.get(&one), names.get(&other)),
            (Some(RoomId(1)), Some(RoomId(2)))
        );
        names.remove(&one, RoomId(1));
        assert!(names.alike(&name("ll50")).is_some());
        names.remove(&other, RoomId(2));
        assert!(names.looks.is_empty());
    }

    #[test]
    fn a_room_may_be_there_before_the_one_that_had_its_name_is_gone() {
        let mut names = RoomNames::default();
        let (lobby, other) = (name("lobby"), name("Lobby"));
        names.insert(&lobby, RoomId(1));
        names.insert(&other, RoomId(2));
        names.remove(&lobby, RoomId(1));
        assert_eq!(names.get(&lobby), Some(RoomId(2)));
        assert_eq!(names.begin_with("lob", |_| true), [RoomId(2)]);
        names.remove(&other, RoomId(2));
        assert_eq!(names.get(&lobby), None);
        assert!(names.looks.is_empty());
    }
}
