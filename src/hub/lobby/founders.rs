//! *Pure.* How many rooms there can be, and how many of them one address or one account may have created.
//!
//! A room that is about to be created has a slot already, which it takes while the lobby is locked and gives back if
//! nothing comes of it, so that however many create rooms at once there are never more than may be.
//!
//! What a founder has created counts for as long as the room is there. Of addresses that is only known until the
//! server ends; of accounts, what they own is stored, so a room counts for the account that has owned it longest.

use std::collections::HashMap;
use std::time::Duration;

use crate::chat::address::Address;
use crate::chat::history::RoomId;
use crate::chat::message::MemberId;
use crate::chat::name::Name;
use crate::chat::network::Counts;
use crate::chat::request::CreateError;
use crate::time::rate::Pace;

/// How many rooms there can be, and for how long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LobbyLimits {
    /// Rooms; `0`: any number.
    pub rooms_max: usize,
    /// Open rooms that were created from one address; `0`: any number.
    pub per_address_max: usize,
    /// Open rooms that one account has created; `0`: any number.
    pub per_account_max: usize,
    /// How fast those of one address may send private words to one person.
    pub dm_pace: Pace,
    /// How long there is a room in which something was said, once nobody is in it and nobody says anything any more;
    /// `None`: for ever.
    pub idle: Option<Duration>,
    /// How long an account is kept that nobody uses; `None`: for ever.
    pub account_idle: Option<Duration>,
    /// How long the seat of a registered user is kept whose connection was lost; zero: not at all.
    pub linger: Duration,
}

/// Who creates a room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Founder {
    pub(super) address: Option<Address>,
    pub(super) account: Option<Name>,
}

/// What rooms there are for whom, and which are about to be.
#[derive(Debug, Default)]
pub(super) struct Founders {
    by_address: Counts,
    by_account: HashMap<Name, usize>,
    /// Who has created each room, where that counts for somebody.
    of: HashMap<RoomId, Founder>,
    /// From [`RoomName::key`](crate::chat::name::RoomName::key).
    creating: HashMap<String, Creation>,
    /// How many of those are not open yet.
    slots: usize,
}

/// A room that is about to be. Several may try to create it; the store will decide.
#[derive(Debug, Default)]
struct Creation {
    by: Vec<(MemberId, Founder)>,
    /// It counts among the open rooms already.
    is_open: bool,
}

impl Founders {
    /// Takes a slot for the room with this `key`, where `open` rooms are there. Each member can create one room at a
    /// time.
    ///
    /// # Errors
    ///
    /// [`CreateError::TooMany`], [`CreateError::AccountFull`] or [`CreateError::AddressFull`].
    pub(super) fn begin(
        &mut self,
        limits: &LobbyLimits,
        open: usize,
        key: &str,
        member: MemberId,
        founder: Founder,
    ) -> Result<(), CreateError> {
        let is_under_way = self.creating.get(key).is_some_and(|room| !room.is_open);
        let taken = open + self.slots;
        if limits.rooms_max > 0 && taken >= limits.rooms_max && !is_under_way {
            return Err(CreateError::TooMany(limits.rooms_max));
        }
        self.count(limits, &founder)?;
        let creation = self.creating.entry(key.to_owned()).or_default();
        if !is_under_way {
            creation.is_open = false;
            self.slots += 1;
        }
        creation.by.push((member, founder));
        Ok(())
    }

    /// Whether others who create the room with this `key`, besides who asks, may have stored it and not opened it yet.
    pub(super) fn others_open(&self, key: &str) -> bool {
        let creation = self.creating.get(key);
        creation.is_some_and(|room| !room.is_open && room.by.len() > 1)
    }

    /// The room with this `key` counts among the open ones from now on.
    pub(super) fn opened(&mut self, key: &str) {
        if let Some(creation) = self.creating.get_mut(key)
            && !std::mem::replace(&mut creation.is_open, true)
        {
            self.slots -= 1;
        }
    }

    /// What `member` has begun is done: it is this `room`, or nothing has come of it.
    pub(super) fn end(&mut self, key: &str, member: MemberId, room: Option<RoomId>) {
        let Some(creation) = self.creating.get_mut(key) else {
            return;
        };
        let Some(at) = creation.by.iter().position(|(by, _)| *by == member) else {
            return;
        };
        let (_, founder) = creation.by.swap_remove(at);
        if creation.by.is_empty() {
            self.slots -= usize::from(!creation.is_open);
            self.creating.remove(key);
        }
        match room {
            Some(room) => self.is_of(room, founder),
            None => self.give_back(&founder),
        }
    }

    /// A room was found in the store, which this account has owned longest.
    pub(super) fn found(&mut self, room: RoomId, account: Option<Name>) {
        if let Some(account) = account {
            *self.by_account.entry(account.clone()).or_default() += 1;
            let account = Some(account);
            let address = None;
            self.is_of(room, Founder { address, account });
        }
    }

    /// The room with this `key` is no more. Whoever still tries to create one of its name has its slot.
    pub(super) fn closed(&mut self, key: &str, room: RoomId) {
        if let Some(creation) = self.creating.get_mut(key)
            && std::mem::take(&mut creation.is_open)
        {
            self.slots += 1;
        }
        if let Some(founder) = self.of.remove(&room) {
            self.give_back(&founder);
        }
    }

    /// An account is no more. Whoever registers the name has created nothing.
    pub(super) fn account_deleted(&mut self, account: &Name) {
        self.by_account.remove(account);
        let rooms = self.of.values_mut();
        let under_way = self.creating.values_mut();
        let under_way = under_way.flat_map(|room| room.by.iter_mut().map(|(_, founder)| founder));
        for founder in rooms.chain(under_way) {
            founder.account.take_if(|own| own == account);
        }
    }

    /// How many rooms the address has that has most, and the account.
    pub(super) fn most(&self) -> (usize, usize) {
        let by_account = self.by_account.values().copied().max();
        (self.by_address.most(), by_account.unwrap_or(0))
    }

    fn is_of(&mut self, room: RoomId, founder: Founder) {
        if let Some(before) = self.of.insert(room, founder) {
            self.give_back(&before);
        }
    }

    fn count(&mut self, limits: &LobbyLimits, founder: &Founder) -> Result<(), CreateError> {
        if let Some(account) = &founder.account {
            let most = limits.per_account_max;
            let count = self.by_account.get(account).copied().unwrap_or_default();
            if most > 0 && count >= most {
                return Err(CreateError::AccountFull(most));
            }
        }
        if let Some(address) = founder.address {
            let taken = self.by_address.take(address, limits.per_address_max);
            taken.map_err(CreateError::AddressFull)?;
        }
        if let Some(account) = &founder.account {
            *self.by_account.entry(account.clone()).or_default() += 1;
        }
        Ok(())
    }

    fn give_back(&mut self, founder: &Founder) {
        if let Some(address) = founder.address {
            self.by_address.give_back(address);
        }
        if let Some(account) = &founder.account
            && let Some(count) = self.by_account.get_mut(account)
        {
            *count -= 1;
            if *count == 0 {
                self.by_account.remove(account);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    const LIMITS: LobbyLimits = LobbyLimits {
        rooms_max: 4,
        per_address_max: 2,
        per_account_max: 2,
        dm_pace: Pace::FREE,
        idle: None,
        account_idle: None,
        linger: Duration::ZERO,
    };

    fn founder(address: Option<&str>, account: Option<&str>) -> Founder {
        Founder {
            address: address.map(|text| Address::parse(text).expect("an address")),
            account: account.map(|text| Name::parse(text).expect("a name")),
        }
    }

    #[test]
    fn an_address_and_an_account_have_so_many_open_rooms_each() {
        let limits = LobbyLimits {
            rooms_max: 0,
            ..LIMITS
        };
        let mut founders = Founders::default();
        let mut next = 0;
        let mut create = |founders: &mut Founders, founder: Founder| {
            next += 1;
            let (key, member, room) = (next.to_string(), MemberId(next), RoomId(next as u32));
            founders.begin(&limits, 0, &key, member, founder)?;
            founders.opened(&key);
            founders.end(&key, member, Some(room));
            Ok(room)
        };
        let (here, there) = (Some("192.0.2.1"), Some("192.0.2.2"));
        let first = create(&mut founders, founder(here, None)).expect("the first");
        create(&mut founders, founder(here, Some("Dai"))).expect("the second");
        let third = create(&mut founders, founder(here, None));
        assert_eq!(third, Err(CreateError::AddressFull(2)));
        create(&mut founders, founder(there, Some("Dai"))).expect("from elsewhere");
        let third = create(&mut founders, founder(None, Some("Dai")));
        assert_eq!(third, Err(CreateError::AccountFull(2)));
        // A refusal has counted for nothing: there is still one from the other address.
        create(&mut founders, founder(there, None)).expect("the second from there");
        founders.closed("1", first);
        create(&mut founders, founder(here, None)).expect("in its place");
        // Over a Unix socket and without an account nobody is counted.
        for _ in 0..10 {
            create(&mut founders, founder(None, None)).expect("any number");
        }
        // Whoever has the name next begins anew.
        founders.account_deleted(&Name::parse("Dai").expect("a name"));
        create(&mut founders, founder(None, Some("Dai"))).expect("another Dai");
    }

    #[test]
    fn what_an_account_owns_in_the_store_counts_after_a_restart() {
        let mut founders = Founders::default();
        let dai = Name::parse("Dai").expect("a name");
        founders.found(RoomId(1), Some(dai.clone()));
        founders.found(RoomId(2), Some(dai.clone()));
        founders.found(RoomId(3), None);
        let mut begin = || {
            let dai = founder(None, Some("Dai"));
            founders.begin(&LIMITS, 0, "7", MemberId(1), dai)
        };
        assert_eq!(begin(), Err(CreateError::AccountFull(2)));
        founders.closed("7", RoomId(1));
        let dai = founder(None, Some("Dai"));
        assert_eq!(founders.begin(&LIMITS, 0, "7", MemberId(1), dai), Ok(()));
    }

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Begin(u64, u8),
        Open(u8),
        End(u64),
        Close,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            (0u64..12, 0u8..6).prop_map(|(member, key)| Step::Begin(member, key)),
            (0u8..6).prop_map(Step::Open),
            (0u64..12).prop_map(Step::End),
            Just(Step::Close),
        ];
        prop::collection::vec(step, 0..300)
    }

    proptest! {
        /// However many create rooms at once, and whatever becomes of it: there are never more than may be, and
        /// nothing is left over in the end.
        #[test]
        fn there_are_never_more_rooms_than_there_can_be(steps in steps()) {
            let mut founders = Founders::default();
            let mut under_way: BTreeMap<u64, u8> = BTreeMap::new();
            let mut open: BTreeMap<u8, RoomId> = BTreeMap::new();
            let mut last = 0;
            let who = |member: u64| founder(Some(["192.0.2.1", "192.0.2.2", "192.0.2.3"][member as usize % 3]), None);
            for step in steps {
                match step {
                    Step::Begin(member, key) if !under_way.contains_key(&member) && !open.contains_key(&key) => {
                        let (text, by) = (key.to_string(), MemberId(member));
                        if founders.begin(&LIMITS, open.len(), &text, by, who(member)).is_ok() {
                            under_way.insert(member, key);
                        }
                    }
                    // The store has it, and somebody has looked for rooms.
                    Step::Open(key) if under_way.values().any(|own| *own == key) && !open.contains_key(&key) => {
                        last += 1;
                        open.insert(key, RoomId(last));
                        founders.opened(&key.to_string());
                    }
                    Step::End(member) => {
                        if let Some(key) = under_way.remove(&member) {
                            // The first who hears of it has created it; it may be closed again by then.
                            let id = open.get(&key).copied().filter(|id| !founders.of.contains_key(id));
                            founders.end(&key.to_string(), MemberId(member), id);
                        }
                    }
                    Step::Close => {
                        if let Some((key, id)) = open.pop_first() {
                            founders.closed(&key.to_string(), id);
                        }
                    }
                    Step::Begin(..) | Step::Open(_) => {}
                }
                prop_assert!(open.len() + founders.slots <= LIMITS.rooms_max);
            }
            for (member, key) in under_way {
                founders.end(&key.to_string(), MemberId(member), None);
            }
            for (key, id) in open {
                founders.closed(&key.to_string(), id);
            }
            prop_assert_eq!(founders.slots, 0);
            prop_assert!(founders.creating.is_empty() && founders.of.is_empty());
            prop_assert!((0..3).all(|n| founders.by_address.take(who(n).address.expect("one"), 1).is_ok()));
        }
    }
}
