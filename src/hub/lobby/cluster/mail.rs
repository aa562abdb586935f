//! Letters: writing them, waiting for their answers, and taking those of others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_channel::{Receiver, Sender};
use futures_lite::future;
use tracing::debug;

use super::Far;
use crate::chat::letter::{Answer, Letter, Received};
use crate::chat::node::NodeId;
use crate::hub::lobby::Lobby;
use crate::limits::{LETTER_ANSWERED_WITHIN, LETTER_BYTES_MAX, LETTERS_WAITING_MAX};
use crate::store::cluster::engine::{self, EngineError};

/// Letters that wait for their answers.
#[derive(Debug)]
pub(in crate::hub::lobby) struct Mail {
    waiting: Mutex<Waiting>,
    /// Rings when there may be letters for this server.
    bell: (Sender<()>, Receiver<()>),
}

#[derive(Debug, Default)]
struct Waiting {
    last: u64,
    answers: HashMap<u64, Sender<Answer>>,
}

/// Why a letter has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::hub::lobby) enum NoAnswer {
    /// It was certainly not sent.
    Unsent,
    /// It was sent, or may have been, and the other server does not answer.
    Silent,
    /// The other server does not know such letters.
    NotUnderstood,
}

/// A letter that waits for its answer; not any more when dropped.
struct Waits<'a> {
    mail: &'a Mail,
    number: u64,
    answer: Receiver<Answer>,
}

impl Default for Mail {
    fn default() -> Mail {
        Mail {
            waiting: Mutex::default(),
            bell: async_channel::bounded(1),
        }
    }
}

impl Mail {
    fn begin(&self) -> Option<Waits<'_>> {
        let mut waiting = self.lock();
        if waiting.answers.len() >= LETTERS_WAITING_MAX {
            return None;
        }
        waiting.last += 1;
        let number = waiting.last;
        let (answers, answer) = async_channel::bounded(1);
        waiting.answers.insert(number, answers);
        Some(Waits {
            mail: self,
            number,
            answer,
        })
    }

    /// An answer has come; perhaps nobody waits for it any more.
    fn answered(&self, number: u64, answer: Answer) {
        if let Some(waiting) = self.lock().answers.remove(&number) {
            let _ = waiting.try_send(answer);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.mail.lock().answers.remove(&self.number);
    }
}

impl Lobby {
    /// There may be letters for this server.
    pub(in crate::hub::lobby) fn letters_may_be_there(&self) {
        if let Some(far) = &self.far {
            // If it has rung already, that is enough.
            let _ = far.mail.bell.0.try_send(());
        }
    }

    pub(super) fn letter_bell(&self) -> Option<Receiver<()>> {
        self.far.as_ref().map(|far| far.mail.bell.1.clone())
    }

    /// Writes to a server, and gives its answer.
    pub(in crate::hub::lobby) async fn ask(
        &self,
        far: &Far,
        node: NodeId,
        letter: &Letter,
    ) -> Result<Answer, NoAnswer> {
        let waits = far.mail.begin().ok_or(NoAnswer::Unsent)?;
        let body = letter.to_body(Some(waits.number));
        let asking = async {
            match far.post(vec![(node, body)]).await {
                // It may be there.
                Ok(()) | Err(EngineError::Doubt(_)) => {}
                Err(_) => return Err(NoAnswer::Unsent),
            }
            match waits.answer.recv().await {
                Ok(Answer::NotUnderstood) => Err(NoAnswer::NotUnderstood),
                Ok(answer) => Ok(answer),
                Err(_) => Err(NoAnswer::Silent),
            }
        };
        let too_late = async {
            self.runtime.clock.after(LETTER_ANSWERED_WITHIN).await;
            far.cluster.counts().letters_unanswered.add(1);
            Err(NoAnswer::Silent)
        };
        future::or(asking, too_late).await
    }

    /// Writes the same to all other servers, and gives their answers, and how many of them have not answered.
    pub(in crate::hub::lobby) async fn ask_all(
        self: &Arc<Self>,
        letter: Letter,
    ) -> (Vec<(NodeId, Answer)>, usize) {
        let Some(far) = &self.far else {
            return (Vec::new(), 0);
        };
        let (answers, answered) = async_channel::unbounded();
        let nodes = far.others().await;
        let count = nodes.len();
        for node in nodes {
            let (lobby, letter, answers) = (Arc::clone(self), letter.clone(), answers.clone());
            self.requests.start(async move {
                if let Some(far) = &lobby.far
                    && let Ok(answer) = lobby.ask(far, node, &letter).await
                {
                    // Whoever asked may be gone.
                    let _ = answers.try_send((node, answer));
                }
            });
        }
        drop(answers);
        let mut all = Vec::new();
        while let Ok(answer) = answered.recv().await {
            all.push(answer);
        }
        let silent = count - all.len();
        (all, silent)
    }

    /// Writes the same to all other servers, which do not answer. Nobody waits for it.
    pub(in crate::hub::lobby) fn tell_all(self: &Arc<Self>, letter: Letter) {
        if self.far.is_none() {
            return;
        }
        let lobby = Arc::clone(self);
        self.requests.start(async move {
            if let Some(far) = &lobby.far {
                let body = letter.to_body(None);
                let letters = far
                    .others()
                    .await
                    .into_iter()
                    .map(|node| (node, body.clone()));
                let _ = far.post(letters.collect()).await;
            }
        });
    }

    /// Takes the letters that are there, and answers them.
    pub(super) async fn take_letters(self: &Arc<Self>) {
        let Some(far) = &self.far else { return };
        loop {
            let letters = match far.cluster.engine().collect(far.me()).await {
                Ok(letters) if !letters.is_empty() => letters,
                // Those that cannot be taken now can the next time.
                Ok(_) | Err(_) => return,
            };
            let mut answers = Vec::new();
            for letter in letters {
                let from = letter.from;
                match Received::read(&letter.body) {
                    Received::Letter(number, letter) => {
                        let answer = self.take_letter(from, number, letter);
                        answers.extend(answer.and_then(|answer| far.reply(from, number, &answer)));
                    }
                    Received::Answer(number, answer) => far.mail.answered(number, answer),
                    Received::Unknown(number) => {
                        answers.extend(far.reply(from, number, &Answer::NotUnderstood));
                    }
                    Received::Garbage => debug!(%from, "a letter makes no sense"),
                }
            }
            // Whoever waits for one that is lost waits for as long as they would for a server that is away.
            let _ = far.post(answers).await;
        }
    }

    /// Answers a letter later than at once.
    pub(super) async fn answer_letter(&self, to: NodeId, number: Option<u64>, answer: &Answer) {
        if let Some(far) = &self.far
            && let Some(reply) = far.reply(to, number, answer)
        {
            let _ = far.post(vec![reply]).await;
        }
    }
}

impl Far {
    /// The other servers that take part.
    async fn others(&self) -> Vec<NodeId> {
        let nodes = self.nodes().await;
        let others = nodes.into_iter().filter(|row| row.undertaker.is_none());
        let others = others.map(|row| row.node);
        others.filter(|node| *node != self.me()).collect()
    }

    fn reply(&self, to: NodeId, number: Option<u64>, answer: &Answer) -> Option<(NodeId, String)> {
        Some((to, answer.to_body(number?)))
    }

    async fn post(&self, letters: Vec<(NodeId, String)>) -> Result<(), EngineError> {
        let letters = letters.into_iter().filter_map(|(to, body)| {
            // What can be so long is bounded where it is written.
            debug_assert!(body.len() <= LETTER_BYTES_MAX, "{body}");
            (body.len() <= LETTER_BYTES_MAX).then_some(engine::Letter {
                from: self.me(),
                to,
                body,
            })
        });
        let letters: Vec<engine::Letter> = letters.collect();
        match letters.is_empty() {
            true => Ok(()),
            false => {
                self.cluster.counts().letters.add(letters.len() as u64);
                self.cluster.engine().post(letters).await
            }
        }
    }
}
