//! *Pure.* All that there is of a room at one place of its log, written down: what takes it up elsewhere.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::anons::Anons;
use super::entry::At;
use super::{Former, Member, Room, RoomLimits, RoomState};
use crate::chat::address::Address;
use crate::chat::message::MemberId;
use crate::chat::name::Name;
use crate::time::Timestamp;

/// A room at one place of its log. Who has come or gone and is still to be told of is not in it: that is told where the
/// room is, and not again elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomImage {
    /// The place.
    pub at: At,
    /// What there is of it besides its members.
    pub state: RoomState,
    /// Its members, in the order in which they connected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<MemberImage>,
    /// How many have come so far.
    #[serde(default)]
    pub next_join_seq: u64,
    /// An owner has ended it.
    #[serde(default)]
    pub is_closed: bool,
    /// Something has changed who may do what that this version does not understand.
    #[serde(default)]
    pub is_unclear: bool,
}

/// A member of a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberImage {
    /// The connection.
    pub member: MemberId,
    /// What it is called, and with which number if it has no name; see [`Name::anon_number`].
    pub name: Name,
    /// The account that it is logged in to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Name>,
    /// Where it comes from, unless over a Unix socket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// How many had come before.
    pub join_seq: u64,
    /// What it was called of late, and until when.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former: Vec<(Name, Timestamp)>,
}

impl RoomImage {
    /// Of a room that nobody is in.
    pub fn empty(state: RoomState, at: At) -> RoomImage {
        RoomImage {
            at,
            state,
            ..RoomImage::default()
        }
    }
}

impl Room {
    /// All of it.
    pub fn image(&self) -> RoomImage {
        let members = self.members.iter().map(|(&member, it)| MemberImage {
            member,
            name: it.name.clone(),
            account: it.account.clone(),
            address: it.address,
            join_seq: it.join_seq,
            former: it.former.as_ref().map_or_else(Vec::new, |it| it.0.clone()),
        });
        RoomImage {
            at: self.at,
            state: self.state.clone(),
            members: members.collect(),
            next_join_seq: self.next_join_seq,
            is_closed: self.is_closed,
            is_unclear: self.is_unclear,
        }
    }

    /// The room as it was.
    pub fn from_image(limits: RoomLimits, image: RoomImage) -> Room {
        let members = image.members.into_iter().map(|it| {
            let former = (!it.former.is_empty()).then(|| Box::new(Former(it.former)));
            let member = Member {
                name: it.name,
                account: it.account,
                address: it.address,
                join_seq: it.join_seq,
                is_muted: false,
                former,
            };
            (it.member, member)
        });
        let members: BTreeMap<MemberId, Member> = members.collect();
        let mut room = Room {
            anons: Anons::of(members.values().map(|member| &member.name)),
            members,
            next_join_seq: image.next_join_seq,
            is_closed: image.is_closed,
            is_unclear: image.is_unclear,
            ..Room::new(limits, image.state, image.at)
        };
        room.mark_muted(None);
        room
    }
}
