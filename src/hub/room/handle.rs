//! How to reach a room.

use std::ops::Deref;
use std::sync::Arc;

use super::{Mailbox, RoomInfo};
use crate::chat::history::RoomId;
use crate::chat::name::RoomName;

/// How to reach a room. Cheap to clone and to keep: each of its members has one.
#[derive(Clone, Debug)]
pub struct RoomHandle(Arc<RoomInner>);

/// What a [`RoomHandle`] leads to.
#[derive(Debug)]
pub struct RoomInner {
    /// Its number in the store.
    pub id: RoomId,
    /// The room's name, as it was created.
    pub name: RoomName,
    /// The way in.
    pub mailbox: Mailbox,
    /// What may be known without asking it.
    pub info: RoomInfo,
}

impl RoomHandle {
    /// The way to a room that is about to be.
    pub fn new(id: RoomId, name: RoomName, info: RoomInfo) -> RoomHandle {
        RoomHandle(Arc::new(RoomInner {
            id,
            name,
            mailbox: Mailbox::default(),
            info,
        }))
    }
}

impl Deref for RoomHandle {
    type Target = RoomInner;

    fn deref(&self) -> &RoomInner {
        &self.0
    }
}
