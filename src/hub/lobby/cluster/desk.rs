//! What comes of the letters of other servers.

use std::sync::Arc;

use super::FarChange;
use crate::chat::admin::{Ejection, NodeFigures, Tidings};
use crate::chat::letter::{Answer, Letter, Renaming};
use crate::chat::message::MemberId;
use crate::chat::name::Name;
use crate::chat::node::NodeId;
use crate::chat::request::RenameError;
use crate::hub::lobby::Lobby;
use crate::hub::lobby::names::NameChange;
use crate::hub::room::ClientEvent;

impl Lobby {
    /// Does what a letter asks for. Gives the answer, if there is one at once; otherwise a task gives it.
    pub(super) fn take_letter(
        self: &Arc<Self>,
        from: NodeId,
        number: Option<u64>,
        letter: Letter,
    ) -> Option<Answer> {
        Some(match letter {
            Letter::Words(words) => Answer::Words(self.deliver(&words)),
            Letter::Yield { member, account } => {
                self.change_name(NameChange::Far(FarChange::YieldTo {
                    member,
                    account,
                    node: from,
                    number,
                }));
                return None;
            }
            Letter::Eject { member, why } => Answer::Ejected(self.with_user(member, |user| {
                user.inbox.eject(Ejection { ban: None, why });
                (user.name.clone(), user.source.ip())
            })),
            Letter::Rename { member, name } => {
                let lobby = Arc::clone(self);
                self.requests.start(async move {
                    let renaming = lobby.rename_here(member, name).await;
                    let answer = Answer::Renamed(renaming);
                    lobby.answer_letter(from, number, &answer).await;
                });
                return None;
            }
            Letter::Announce(text) => {
                Answer::Told(self.tell_everybody_here(&Arc::new(Tidings::Announced(text))))
            }
            Letter::Bans { target } => {
                let lobby = Arc::clone(self);
                self.requests.start(async move {
                    let closed = lobby.read_bans_anew().await;
                    let closed = closed.map(|()| lobby.closed_for(&target));
                    if let Ok(closed) = closed {
                        lobby
                            .answer_letter(from, number, &Answer::Closed(closed))
                            .await;
                    }
                });
                return None;
            }
            Letter::AccountDeleted(account) => {
                self.account_is_gone(&account);
                return None;
            }
            Letter::Reported(report) => {
                self.tell_operators_here(&Arc::new(Tidings::Reported(report)));
                return None;
            }
            Letter::Look => Answer::Figures(NodeFigures {
                people: self.lock().people.len(),
                lag: self.far.as_ref().map_or(0, |far| far.cluster.lag()),
            }),
        })
    }

    /// Calls somebody otherwise who is connected here.
    pub(in crate::hub::lobby) async fn rename_here(
        self: &Arc<Self>,
        member: MemberId,
        new: Name,
    ) -> Renaming {
        let user = self.with_user(member, |user| (user.name.clone(), user.source.ip()));
        let Some((old, ip)) = user else {
            return Renaming::Nobody;
        };
        let (answer, answered) = async_channel::bounded(1);
        self.change_name(NameChange::Impose(member, new, answer));
        match answered.recv().await {
            Ok(Some(Ok(()))) => Renaming::Done(old, ip),
            Ok(Some(Err(RenameError::Taken(..) | RenameError::Registered(..)))) => Renaming::Taken,
            Ok(Some(Err(_))) | Err(_) => Renaming::Unavailable,
            Ok(None) => Renaming::Nobody,
        }
    }

    /// Another server has deleted an account.
    fn account_is_gone(&self, account: &Name) {
        self.drop_changes(account);
        self.forget_account(account);
        let mut owners = Vec::new();
        self.visit_people(|id, user| {
            if user.extras().account.as_ref() == Some(account) {
                owners.push(id);
            }
        });
        for id in owners {
            self.with_user(id, |user| {
                user.extras_mut().account = None;
                user.inbox.put(ClientEvent::AccountDeleted(account.clone()));
            });
        }
    }
}
