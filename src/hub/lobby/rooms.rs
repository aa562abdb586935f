//! *Pure.* Which rooms a list shows, and in which order.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::chat::history::RoomId;
use crate::chat::people::{RoomLine, RoomPage};
use crate::chat::reads::Reads;
use crate::hub::room::RoomHandle;
use crate::limits::ROOMS_PAGE;
use crate::time::Timestamp;

/// Where a room stands in a list: most members first, then who spoke last, then in the order of creation.
type Rank = (Reverse<usize>, Reverse<Option<Timestamp>>, RoomId);

/// The rooms that a member of `inside` may see, not in order yet. Cheap enough to be done while the lobby is
/// locked, which the sorting is not.
pub(super) fn ranks(rooms: &BTreeMap<RoomId, RoomHandle>, inside: Option<RoomId>) -> Vec<Rank> {
    let seen = rooms.values().filter(|room| is_seen(room, inside));
    let rank = |room: &RoomHandle| {
        let info = &room.info;
        (Reverse(info.members()), Reverse(info.last_line()), room.id)
    };
    seen.map(rank).collect()
}

/// A private room is seen from inside only.
pub(super) fn is_seen(room: &RoomHandle, inside: Option<RoomId>) -> bool {
    !room.info.is_private() || inside == Some(room.id)
}

/// The rooms on page number `page`, of which the first is 1, and how many pages there are.
pub(super) fn on_page(mut ranks: Vec<Rank>, page: usize) -> (Vec<RoomId>, usize) {
    ranks.sort_unstable();
    let pages = ranks.len().div_ceil(ROOMS_PAGE);
    let skipped = page.saturating_sub(1).saturating_mul(ROOMS_PAGE);
    let ids = ranks.into_iter().skip(skipped).take(ROOMS_PAGE);
    (ids.map(|(.., id)| id).collect(), pages)
}

/// Whether a member of `inside` may know what a room is about and who is in it: of one with a password, only who is
/// inside.
pub(super) fn is_open_to(room: &RoomHandle, inside: Option<RoomId>) -> bool {
    !room.info.is_locked() || inside == Some(room.id)
}

/// What a list shows of a room to a member of `inside` at the time `now`.
pub(super) fn line(
    room: &RoomHandle,
    inside: Option<RoomId>,
    reads: Option<&Reads>,
    now: Timestamp,
) -> RoomLine {
    let info = &room.info;
    let read = reads.and_then(|reads| reads.line(room.id));
    let read = read.filter(|_| inside != Some(room.id));
    RoomLine {
        name: room.name.clone(),
        members: info.members(),
        quiet_for: info.last_line().map(|last| now.since(last)),
        topic: info.topic().filter(|_| is_open_to(room, inside)),
        locked: info.is_locked(),
        private: info.is_private(),
        unread: read.map(|read| info.last_id().saturating_sub(read)),
    }
}

/// A page of the list.
pub(super) fn page_of(
    rooms: &BTreeMap<RoomId, RoomHandle>,
    (ids, pages): (Vec<RoomId>, usize),
    page: usize,
    inside: Option<RoomId>,
    reads: Option<&Reads>,
    now: Timestamp,
) -> RoomPage {
    // A room that has gone since is left out.
    let rooms = ids.iter().filter_map(|id| rooms.get(id));
    RoomPage {
        page,
        pages,
        rooms: rooms.map(|room| line(room, inside, reads, now)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::chat::name::RoomName;
    use crate::chat::password::Hash;
    use crate::chat::topic::Topic;
    use crate::hub::room::RoomInfo;

    fn room(id: u32, members: usize, last: Option<i64>) -> (RoomId, RoomHandle) {
        let info = RoomInfo::new(None, last.map(Timestamp));
        info.set_members(members);
        let name = RoomName::parse(&format!("r{id}")).expect("a name");
        let handle = RoomHandle::new(RoomId(id), name, info);
        (handle.id, handle)
    }

    fn listed(rooms: &BTreeMap<RoomId, RoomHandle>, page: usize) -> (Vec<u32>, usize) {
        let (ids, pages) = on_page(ranks(rooms, None), page);
        (ids.into_iter().map(|id| id.0).collect(), pages)
    }

    #[test]
    fn the_fullest_rooms_come_first_then_those_where_somebody_spoke_last() {
        let rooms = BTreeMap::from([
            room(1, 0, None),
            room(2, 1, Some(10)),
            room(3, 5, None),
            room(4, 1, Some(20)),
            room(5, 0, Some(30)),
            room(6, 1, Some(10)),
        ]);
        assert_eq!(listed(&rooms, 1), (vec![3, 4, 2, 6, 5, 1], 1));
    }

    #[test]
    fn pages_are_full_but_for_the_last_and_nothing_is_behind_it() {
        let count = 2 * ROOMS_PAGE as u32 + 1;
        let rooms: BTreeMap<_, _> = (1..=count).map(|id| room(id, 0, None)).collect();
        let all: Vec<u32> = (1..=3).flat_map(|page| listed(&rooms, page).0).collect();
        assert_eq!(all, (1..=count).collect::<Vec<_>>());
        assert_eq!(listed(&rooms, 3), (vec![count], 3));
        assert_eq!(listed(&rooms, 4), (vec![], 3));
        assert_eq!(listed(&rooms, usize::MAX), (vec![], 3));
        assert_eq!(listed(&BTreeMap::new(), 1), (vec![], 0));
    }

    #[test]
    fn a_private_room_is_listed_for_those_inside() {
        let rooms = BTreeMap::from([room(1, 1, None), room(2, 1, None)]);
        rooms[&RoomId(2)].info.set_private(true);
        let ids = |inside| on_page(ranks(&rooms, inside), 1).0;
        assert_eq!(ids(None), [RoomId(1)]);
        assert_eq!(ids(Some(RoomId(1))), [RoomId(1)]);
        assert_eq!(ids(Some(RoomId(2))), [RoomId(1), RoomId(2)]);
    }

    #[test]
    fn what_a_locked_room_is_about_is_told_to_those_inside() {
        let (id, locked) = room(1, 2, None);
        let topic = Topic::parse("secrets").expect("a topic");
        locked.info.set_topic(topic.clone());
        let topic_for = |inside| line(&locked, inside, None, Timestamp(0)).topic;
        assert_eq!(topic_for(None), topic);
        locked.info.set_lock(Some(Hash::new("$argon2id$")));
        assert_eq!(topic_for(None), None);
        assert_eq!(topic_for(Some(RoomId(2))), None);
        assert_eq!(topic_for(Some(id)), topic);
    }

    #[test]
    fn a_line_tells_for_how_long_nothing_was_said() {
        let (_, spoken) = room(1, 2, Some(1_000));
        let quiet_for = |now| line(&spoken, None, None, Timestamp(now)).quiet_for;
        assert_eq!(quiet_for(61_000), Some(Duration::from_secs(60)));
        // The machine's clock may be set back.
        assert_eq!(quiet_for(0), Some(Duration::ZERO));
        assert_eq!(
            line(&room(2, 0, None).1, None, None, Timestamp(5)).quiet_for,
            None
        );
    }

    #[test]
    fn what_was_said_since_somebody_was_there_is_counted() {
        let (id, handle) = room(1, 0, None);
        handle.info.note_last_id(20);
        let mut reads = Reads::default();
        let unread =
            |inside, reads: &Reads| line(&handle, inside, Some(reads), Timestamp(0)).unread;
        assert_eq!(unread(None, &reads), None);
        reads.note(id, 8);
        assert_eq!(unread(None, &reads), Some(12));
        assert_eq!(unread(Some(id), &reads), None);
        reads.note(id, 20);
        assert_eq!(unread(None, &reads), Some(0));
    }
}
