//! *Pure.* The servers that share one set of rooms.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::chat::message::MemberId;

/// The number of a server among those that share rooms. It is given once and never again; a server that has nobody to
/// share with is number 0.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct NodeId(pub u32);

impl NodeId {
    /// A server with rooms of its own.
    pub const ALONE: NodeId = NodeId(0);
    /// The greatest number there can be, so that a [`MemberId`] fits into 63 bits.
    pub const MAX: NodeId = NodeId((1 << (63 - MEMBER_BITS)) - 1);
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// So many bits of a [`MemberId`] count the connections of its server.
const MEMBER_BITS: u32 = 40;

impl MemberId {
    /// Connection number `count` of `node`.
    pub fn on(node: NodeId, count: u64) -> MemberId {
        MemberId(u64::from(node.0) << MEMBER_BITS | count & ((1 << MEMBER_BITS) - 1))
    }

    /// The server that it is connected to.
    pub fn node(self) -> NodeId {
        NodeId((self.0 >> MEMBER_BITS) as u32)
    }

    /// Its number among the connections of its server.
    pub fn count(self) -> u64 {
        self.0 & ((1 << MEMBER_BITS) - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_knows_its_server_and_one_without_others_counts_as_ever() {
        assert_eq!(MemberId::on(NodeId::ALONE, 7), MemberId(7));
        let last = MemberId::on(NodeId::MAX, (1 << MEMBER_BITS) - 1);
        assert_eq!(last.node(), NodeId::MAX);
        assert_eq!(last.count(), (1 << MEMBER_BITS) - 1);
        assert!(i64::try_from(last.0).is_ok());
        assert!(MemberId::on(NodeId(2), 1) > MemberId::on(NodeId(1), 1 << 30));
    }
}
