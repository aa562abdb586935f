//! *Pure.* Users whom a user does not want to hear.
//!
//! An entry covers the name, names that look like it, and the connection that had it when the entry was made,
//! whatever that is called later.

use std::sync::Arc;

use crate::chat::message::MemberId;
use crate::chat::name::{Name, NameKey};
use crate::limits::IGNORES_MAX;

/// A request about the ignored users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IgnoreRequest {
    /// List them.
    List,
    /// Ignore one more.
    Add(Name),
    /// Stop ignoring one.
    Remove(Name),
}

/// What came of an [`IgnoreRequest`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IgnoreReply {
    /// The ignored names.
    Listed(Vec<Name>),
    /// One more is ignored; whether a user has that name now.
    Added(Name, bool),
    /// One is not ignored any more.
    Removed(Name),
    /// Nothing has changed.
    Refused(Name, IgnoreError),
}

/// Why nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IgnoreError {
    /// Nobody can ignore themselves.
    Oneself,
    /// Already ignored.
    Already,
    /// As many are ignored as allowed.
    TooMany(usize),
    /// Not ignored.
    NotIgnored,
}

/// The users whom a user ignores.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ignores {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    name: Name,
    keys: [NameKey; 3],
    member: Option<MemberId>,
}

impl Ignores {
    /// Whether the connection `member` is ignored while it has a name with these `keys`.
    pub fn cover(&self, member: MemberId, keys: &[NameKey; 3]) -> bool {
        self.entries
            .iter()
            .any(|entry| entry.is_of(Some(member), keys))
    }

    /// The names under which people were ignored, oldest first.
    pub fn names(&self) -> impl Iterator<Item = &Name> {
        self.entries.iter().map(|entry| &entry.name)
    }

    /// Does what is asked by connection `asking`; `owner` has the name that it is about. What does not change is
    /// shared with whoever looks at it meanwhile.
    pub fn answer(
        ignores: &mut Option<Arc<Ignores>>,
        request: IgnoreRequest,
        owner: Option<MemberId>,
        asking: MemberId,
    ) -> IgnoreReply {
        let mut new = ignores.as_deref().cloned().unwrap_or_default();
        let (name, result) = match request {
            IgnoreRequest::List => return IgnoreReply::Listed(new.names().cloned().collect()),
            IgnoreRequest::Add(name) => {
                // The number is that of somebody else tomorrow.
                let name = name.without_number();
                let result = match owner == Some(asking) {
                    true => Err(IgnoreError::Oneself),
                    false => new.add(&name, owner),
                };
                let is_here = owner.is_some() || name.is_anon();
                (
                    name.clone(),
                    result.map(|()| IgnoreReply::Added(name, is_here)),
                )
            }
            IgnoreRequest::Remove(name) => {
                let name = name.without_number();
                let result = new.remove(&name, owner);
                (name, result.map(IgnoreReply::Removed))
            }
        };
        match result {
            Ok(answer) => {
                *ignores = (!new.entries.is_empty()).then(|| Arc::new(new));
                answer
            }
            Err(why) => IgnoreReply::Refused(name, why),
        }
    }

    fn add(&mut self, name: &Name, member: Option<MemberId>) -> Result<(), IgnoreError> {
        let keys = name.keys();
        if self.entries.iter().any(|entry| entry.is_of(member, &keys)) {
            return Err(IgnoreError::Already);
        }
        if self.entries.len() >= IGNORES_MAX {
            return Err(IgnoreError::TooMany(IGNORES_MAX));
        }
        self.entries.push(Entry {
            name: name.clone(),
            keys,
            member,
        });
        Ok(())
    }

    /// Takes out the entry with this name, or else that of the connection which has it now.
    fn remove(&mut self, name: &Name, member: Option<MemberId>) -> Result<Name, IgnoreError> {
        let keys = name.keys();
        let by_name = |entry: &Entry| entry.is_of(None, &keys);
        let by_member = |entry: &Entry| entry.is_of(member, &keys);
        let place = self.entries.iter().position(by_name);
        let place = place.or_else(|| self.entries.iter().position(by_member));
        match place {
            Some(place) => Ok(self.entries.remove(place).name),
            None => Err(IgnoreError::NotIgnored),
        }
    }
}

impl Entry {
    fn is_of(&self, member: Option<MemberId>, keys: &[NameKey; 3]) -> bool {
        let same_name = self.keys.iter().zip(keys).any(|(one, other)| one == other);
        same_name || member.is_some() && self.member == member
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: MemberId = MemberId(1);
    const DAI: Option<MemberId> = Some(MemberId(2));

    fn name(name: &str) -> Name {
        Name::parse(name).expect("a name")
    }

    fn ask(
        ignores: &mut Option<Arc<Ignores>>,
        request: IgnoreRequest,
        owner: Option<MemberId>,
    ) -> IgnoreReply {
        Ignores::answer(ignores, request, owner, ME)
    }

    fn cover(ignores: &Option<Arc<Ignores>>, member: u64, called: &str) -> bool {
        let keys = name(called).keys();
        ignores
            .as_ref()
            .is_some_and(|ignores| ignores.cover(MemberId(member), &keys))
    }

    #[test]
    fn ignored_are_the_name_what_passes_for_it_and_the_connection_that_had_it() {
        let mut ignores = None;
        let answer = ask(&mut ignores, IgnoreRequest::Add(name("Dai")), DAI);
        assert_eq!(answer, IgnoreReply::Added(name("Dai"), true));
        let answer = ask(&mut ignores, IgnoreRequest::Add(name("bo")), None);
        assert_eq!(answer, IgnoreReply::Added(name("bo"), false));
        let table = [
            (2, "Dai", true),
            (2, "Day", true),
            (3, "dai", true),
            (3, "D\u{430}i", true), // With a Cyrillic letter.
            (3, "Day", false),
            (3, "BO", true),
            (3, "bob", false),
        ];
        for (member, called, expected) in table {
            assert_eq!(
                cover(&ignores, member, called),
                expected,
                "{member} {called}"
            );
        }
        let listed = ask(&mut ignores, IgnoreRequest::List, None);
        assert_eq!(listed, IgnoreReply::Listed(vec![name("Dai"), name("bo")]));
    }

    #[test]
    fn who_is_ignored_can_be_named_by_the_name_of_now_as_well() {
        for called in ["Dai", "DAI", "Day"] {
            let mut ignores = None;
            ask(&mut ignores, IgnoreRequest::Add(name("Dai")), DAI);
            let owner = DAI.filter(|_| called == "Day");
            let answer = ask(&mut ignores, IgnoreRequest::Remove(name(called)), owner);
            assert_eq!(answer, IgnoreReply::Removed(name("Dai")));
            assert_eq!(ignores, None, "nothing is kept for who ignores nobody");
        }
    }

    #[test]
    fn what_cannot_be_changes_nothing() {
        let mut ignores = None;
        for number in 0..IGNORES_MAX {
            let request = IgnoreRequest::Add(name(&format!("x{number}_")));
            let answer = ask(&mut ignores, request, None);
            assert!(matches!(answer, IgnoreReply::Added(..)), "{answer:?}");
        }
        let before = ignores.clone();
        let table = [
            (
                IgnoreRequest::Add(name("Me")),
                Some(ME),
                IgnoreError::Oneself,
            ),
            (IgnoreRequest::Add(name("X1_")), None, IgnoreError::Already),
            (
                IgnoreRequest::Add(name("Dai")),
                DAI,
                IgnoreError::TooMany(IGNORES_MAX),
            ),
            (
                IgnoreRequest::Remove(name("Dai")),
                DAI,
                IgnoreError::NotIgnored,
            ),
        ];
        for (request, owner, why) in table {
            let answer = ask(&mut ignores, request.clone(), owner);
            assert!(
                matches!(&answer, IgnoreReply::Refused(_, told) if *told == why),
                "{request:?}: {answer:?}"
            );
        }
        assert_eq!(ignores, before);
    }
}
