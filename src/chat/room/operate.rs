//! *Pure.* What operators of the server do with a room, whoever owns it: what follows, and what it changes.

use serde::{Deserialize, Serialize};

use super::closing::Kept;
use super::decide::Decision;
use super::entry::Entry;
use super::moderation::{Ruling, Subject};
use super::owners::Owners;
use super::{Moderation, Room};
use crate::chat::moderation::{ModAction, ModError, OperatorDeed};
use crate::chat::name::Name;
use crate::limits::OWNERS_MAX;
use crate::time::Timestamp;

/// What an operator decided. Members are not told which one; the server's log has the name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "deed", rename_all = "snake_case")]
pub enum OperatorRuling {
    /// The room has ended. Nobody owns it any more, so that only an operator can open it again.
    Closed {
        /// What becomes of its lines.
        #[serde(default, skip_serializing_if = "Kept::is_nothing")]
        kept: Kept,
    },
    /// The room has no password any more.
    Unlocked,
    /// A member is an owner as well.
    Shared {
        /// The new owner.
        with: Subject,
    },
}

impl OperatorRuling {
    /// What members are told of it, and of whom; what they are put out for says itself.
    pub(super) fn notice(&self) -> Option<(ModAction, Name)> {
        match self {
            OperatorRuling::Closed { .. } => None,
            OperatorRuling::Unlocked => Some((ModAction::UnlockedByOperator, Name::anon())),
            OperatorRuling::Shared { with } => {
                Some((ModAction::SharedByOperator, with.name.clone()))
            }
        }
    }

    pub(super) fn apply(&self, moderation: &mut Moderation, time: Timestamp) {
        match self {
            OperatorRuling::Closed { .. } => {
                moderation.owners = Owners::default();
                moderation.founder = None;
            }
            OperatorRuling::Unlocked => moderation.lock = None,
            OperatorRuling::Shared { with } => {
                moderation.unmute(&with.name, &[with.member]);
                let account = with.account.clone();
                moderation.owners.add(with.member, account, time);
            }
        }
    }
}

impl Room {
    /// What follows from what an operator asks.
    ///
    /// # Errors
    ///
    /// Why there is nothing to be done.
    pub fn decide_deed(&self, deed: &OperatorDeed) -> Result<Decision, ModError> {
        if self.is_closed {
            // Somebody was faster.
            return Err(ModError::Already);
        }
        let ruling = match deed {
            OperatorDeed::Close => OperatorRuling::Closed {
                kept: match self.state.has_lines {
                    false => Kept::Nothing,
                    true => Kept::AtMost,
                },
            },
            OperatorDeed::Unlock => {
                self.moderation().lock().ok_or(ModError::Already)?;
                OperatorRuling::Unlocked
            }
            OperatorDeed::Own(name) => {
                if name.is_anon() {
                    return Err(ModError::Anon);
                }
                let id = self.named(name).next();
                let id = id.ok_or_else(|| ModError::Nobody(name.clone()))?;
                if self.rank(id).is_some() {
                    return Err(ModError::Already);
                }
                if self.moderation().owners.count() >= OWNERS_MAX {
                    return Err(ModError::TooMany(OWNERS_MAX));
                }
                OperatorRuling::Shared {
                    with: self.subject(id),
                }
            }
        };
        Ok(Decision {
            entries: vec![Entry::from(Ruling::Operator(ruling))],
            reply: (),
        })
    }
}
