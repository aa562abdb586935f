//! What was sent by whom, and what the store has: what all that is shown is held against.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use parlor::chat::history::RoomId;
use parlor::chat::message::{Kind, MemberId, Message, NewMessage};
use parlor::chat::name::{Name, RoomName};
use parlor::chat::node::NodeId;
use parlor::chat::room::{At, Entry};
use parlor::store::{Proposal, Store};
use parlor::time::Timestamp;

use crate::user::ROOMS;

/// Where what is stored can be looked at.
pub(crate) trait Source {
    /// What was stored since the last call.
    fn record(&self) -> Record;

    /// Whether another server has said this, in a room that may have been closed in the same step.
    fn is_from_afar(&self, words: &str) -> bool;
}

/// What was stored since one last looked.
#[derive(Debug, Default)]
pub(crate) struct Record {
    pub(crate) rooms: Vec<(RoomId, String)>,
    pub(crate) lines: Vec<(RoomId, Arc<Message>)>,
}

/// What a line that carries a number was sent for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To be said in a room, if the client is in one.
    Said,
    /// To be said to one person alone.
    Told,
    /// To be what a room is about.
    Topic,
}

/// A line that carries a number, by which it is known wherever it turns up: `{7} hello`.
#[derive(Debug)]
pub(crate) struct Line {
    /// The connection that sent it.
    pub(crate) from: usize,
    pub(crate) purpose: Purpose,
    text: String,
    /// It did not arrive whole before its connection broke.
    pub(crate) was_cut: bool,
    pub(crate) stored: Option<(RoomId, u64)>,
    /// Who said it has seen it in the transcript.
    pub(crate) came_back: bool,
    /// The server has repeated it as an answer that will not do.
    pub(crate) was_refused: bool,
    /// Private words: who was shown them, and whether who said them was told so.
    pub(crate) told_to: Option<usize>,
    pub(crate) told_from: bool,
}

/// A line as a room shows it.
#[derive(Debug)]
pub(crate) struct Stored {
    /// The connection that said it; `None`: from before the first server was started.
    pub(crate) from: Option<usize>,
    pub(crate) words: String,
}

#[derive(Debug)]
pub(crate) struct RoomLog {
    pub(crate) name: String,
    /// The line with number `n` is at `n - 1`.
    pub(crate) lines: Vec<Stored>,
}

/// What was sent, and what is stored.
pub(crate) struct Ledger {
    pub(crate) source: Box<dyn Source>,
    pub(crate) lines: Vec<Line>,
    pub(crate) rooms: BTreeMap<RoomId, RoomLog>,
    /// The last line in each room of each connection.
    last_said: BTreeMap<(RoomId, usize), usize>,
    /// The connections that each server has numbered, in that order.
    served: BTreeMap<NodeId, Vec<usize>>,
    /// The first promise that was seen broken.
    pub(crate) fault: Option<String>,
}

impl Ledger {
    /// A ledger of what is stored.
    pub(crate) fn new(source: impl Source + 'static) -> Ledger {
        Ledger {
            source: Box::new(source),
            lines: Vec::new(),
            rooms: BTreeMap::new(),
            last_said: BTreeMap::new(),
            served: BTreeMap::new(),
            fault: None,
        }
    }

    /// Stores rooms with a few lines, as from before the server was started.
    pub(crate) fn fill_rooms(
        &mut self,
        store: &Store,
        rooms: usize,
        mut lines: impl FnMut() -> usize,
    ) {
        for name in ROOMS.iter().filter(|name| **name != "Lounge").take(rooms) {
            let name = RoomName::parse(name).expect("a room name");
            let room = at_once(store.create_room(name)).expect("there is no such room");
            for _ in 0..lines() {
                let text = self.issue(usize::MAX, Purpose::Said, "long ago");
                let line = NewMessage {
                    time: Timestamp(0),
                    member: MemberId::NOBODY,
                    name: Name::anon(),
                    kind: Kind::Message,
                    text: text.into(),
                };
                let proposal = Proposal::new(Timestamp(0), vec![Entry::said(line)]);
                at_once(store.append(room, At::default(), proposal)).expect("the room is there");
            }
        }
        self.collect();
    }

    pub(crate) fn fail(&mut self, fault: String) {
        self.fault.get_or_insert(fault);
    }

    /// The words of a new line, with its number in front.
    pub(crate) fn issue(&mut self, from: usize, purpose: Purpose, words: &str) -> String {
        let text = format!("{{{}}} {words}", self.lines.len());
        self.lines.push(Line {
            from,
            purpose,
            text: text.clone(),
            was_cut: false,
            stored: None,
            came_back: false,
            was_refused: false,
            told_to: None,
            told_from: false,
        });
        text
    }

    /// Another server is started in place of the one that was alone, and numbers connections anew.
    pub(crate) fn server_started(&mut self) {
        self.collect();
        self.served.remove(&NodeId::ALONE);
    }

    /// A server has the next connection. Returns how many it has had.
    pub(crate) fn serves(&mut self, node: NodeId, conn: usize) -> usize {
        let served = self.served.entry(node).or_default();
        served.push(conn);
        served.len()
    }

    /// The connections that a server has numbered, in that order.
    pub(crate) fn served(&self, node: NodeId) -> &[usize] {
        self.served.get(&node).map_or(&[], |served| served)
    }

    /// The number of the connection that a member of a room is.
    pub(crate) fn connection_of(&self, member: MemberId) -> Option<usize> {
        let number = usize::try_from(member.count()).ok()?.checked_sub(1)?;
        self.served.get(&member.node())?.get(number).copied()
    }

    /// Takes in what the store has got since.
    pub(crate) fn collect(&mut self) {
        let record = self.source.record();
        for (id, name) in record.rooms {
            let lines = Vec::new();
            self.rooms.insert(id, RoomLog { name, lines });
        }
        for (id, message) in record.lines {
            self.enter(id, &message);
        }
    }

    fn enter(&mut self, id: RoomId, message: &Message) {
        let from = self.connection_of(message.member);
        let Some(room) = self.rooms.get_mut(&id) else {
            return;
        };
        if message.id != room.lines.len() as u64 + 1 {
            let after = room.lines.len();
            return self.fail(format!("the store numbers {message:?} after line {after}"));
        }
        room.lines.push(Stored {
            from,
            words: match message.kind {
                Kind::Message => format!("{}: {}", message.name, message.text),
                Kind::Action => format!("* {} {}", message.name, message.text),
            },
        });
        let Some(token) = crate::screen::token(&message.text) else {
            return;
        };
        let Some(line) = self.lines.get_mut(token) else {
            return self.fail(format!("nobody has sent {message:?}, which is stored"));
        };
        let author = line.from;
        let is_twice = line.stored.replace((id, message.id)).is_some();
        let fits = line.text == *message.text && from.is_none_or(|from| from == author);
        let (was_cut, sent) = (line.was_cut, line.text.clone());
        let before = self.last_said.insert((id, author), token);
        if before.is_some_and(|before| before > token) {
            self.fail(format!(
                "{message:?} was sent before {before:?}, and is stored after it"
            ));
        } else if is_twice {
            self.fail(format!("{message:?} is stored twice"));
        } else if !fits {
            self.fail(format!("{sent:?} was sent and {message:?} is stored"));
        } else if was_cut {
            self.fail(format!("{message:?} did not arrive whole, and is stored"));
        }
    }

    /// Where the line with this number is stored.
    pub(crate) fn place_of(&mut self, token: usize) -> Option<(RoomId, u64)> {
        if self.lines.get(token)?.stored.is_none() {
            self.collect();
        }
        self.lines[token].stored
    }

    /// The words of a line as a room shows them.
    pub(crate) fn stored(&self, (room, id): (RoomId, u64)) -> Option<&Stored> {
        let index = usize::try_from(id).ok()?.checked_sub(1)?;
        self.rooms.get(&room)?.lines.get(index)
    }

    pub(crate) fn text(&self, token: usize) -> &str {
        self.lines.get(token).map_or("", |line| &line.text)
    }
}

/// What a future gives that need not wait: a store in memory answers at once.
pub(crate) fn at_once<T>(future: impl Future<Output = T>) -> T {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(answer) => answer,
        Poll::Pending => unreachable!("a store in memory answers at once"),
    }
}
