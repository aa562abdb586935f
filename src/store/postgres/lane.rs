//! Connections for one kind of work, each of which is made again by itself. One request at a time goes over each, so that
//! what waits behind another has certainly not been sent.

use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_channel::{Receiver, Sender};
use futures_lite::future;
use tracing::{info, warn};

use super::notes::Listener;
use super::session::{Destination, Failure, Role, Session};
use super::verdict::{self, Stage};
use crate::limits::{
    POSTGRES_LEASE_MAX, POSTGRES_LOOK_EVERY, POSTGRES_OPEN_MAX, POSTGRES_READ_MAX,
    POSTGRES_RETRY_FIRST, POSTGRES_RETRY_MAX, POSTGRES_TRIES_MAX, POSTGRES_WAIT_MAX,
};
use crate::runtime::{Runtime, Tasks};
use crate::store::cluster::engine::EngineError;

/// What all lanes share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) runtime: Runtime,
    pub(super) tasks: Tasks,
    pub(super) destination: Destination,
    /// Closed when all is to end.
    pub(super) closing: (Sender<()>, Receiver<()>),
}

impl Shared {
    pub(super) fn is_closing(&self) -> bool {
        self.closing.0.is_closed()
    }

    /// Waits until all is to end.
    pub(super) async fn closed(&self) {
        let _ = self.closing.1.recv().await;
    }
}

/// Connections of one role.
#[derive(Clone)]
pub(super) struct Lane {
    shared: Arc<Shared>,
    role: Role,
    idle: (Sender<Arc<Session>>, Receiver<Arc<Session>>),
    /// How many connections were made.
    made: Arc<AtomicU64>,
    /// Why there was no connection last.
    trouble: Arc<Mutex<Option<Failure>>>,
    /// Asks whether the server still works on something.
    prober: Option<Box<Lane>>,
}

impl fmt::Debug for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lane")
            .field("role", &self.role)
            .field("idle", &self.idle.1.len())
            .field("trouble", &self.trouble())
            .finish_non_exhaustive()
    }
}

/// What a request does with its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Read,
    Change,
}

/// How long somebody waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// Until there is one, or there will certainly be none.
    Endless,
    /// So long. What comes of it is open then.
    For(Duration),
}

impl Lane {
    /// So many connections, which are made from now on.
    pub(super) fn start(
        shared: &Arc<Shared>,
        role: Role,
        count: usize,
        listener: Option<&Listener>,
        prober: Option<&Lane>,
    ) -> Lane {
        let lane = Lane {
            shared: Arc::clone(shared),
            role,
            idle: async_channel::unbounded(),
            made: Arc::default(),
            trouble: Arc::default(),
            prober: prober.cloned().map(Box::new),
        };
        for _ in 0..count {
            let lane = lane.clone();
            let listener = listener.cloned();
            shared.tasks.start(async move {
                future::or(lane.keep_connected(listener), lane.shared.closed()).await;
            });
        }
        lane
    }

    /// Keeps one connection.
    async fn keep_connected(&self, listener: Option<Listener>) {
        let clock = &self.shared.runtime.clock;
        let mut pause = POSTGRES_RETRY_FIRST;
        let mut is_first = true;
        loop {
            let Shared {
                runtime,
                destination,
                ..
            } = &*self.shared;
            match Session::connect(runtime, destination, self.role, listener.clone()).await {
                Ok((session, wire)) => {
                    self.made.fetch_add(1, Ordering::Relaxed);
                    self.note_connected();
                    pause = POSTGRES_RETRY_FIRST;
                    if let Some(listener) = listener.as_ref().filter(|_| !is_first) {
                        listener.was_away();
                    }
                    is_first = false;
                    self.forget_closed();
                    self.give_back(session);
                    wire.await;
                }
                Err(failure) => {
                    self.note_trouble(failure);
                    clock.after(pause).await;
                    pause = (2 * pause).min(POSTGRES_RETRY_MAX);
                }
            }
        }
    }

    /// How many connections were made: as long as that stays the same, each request went over the same ones.
    pub(super) fn made(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }

    fn note_connected(&self) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if trouble.take().is_some() && self.role == Role::Lease {
            info!("connected to the database again");
        }
    }

    fn note_trouble(&self, failure: Failure) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        // One of the lanes tells of it, and each cause once.
        if trouble.as_ref() != Some(&failure) && self.role == Role::Lease {
            warn!("the database cannot be reached: {failure}");
        }
        *trouble = Some(failure);
    }

    /// Why there was no connection last; `None`: there is one, or none was tried yet.
    pub(super) fn trouble(&self) -> Option<Failure> {
        self.trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Those that have ended while nobody used them.
    fn forget_closed(&self) {
        for _ in 0..self.idle.1.len() {
            if let Ok(session) = self.idle.1.try_recv() {
                self.give_back(session);
            }
        }
    }

    fn give_back(&self, session: Arc<Session>) {
        if !session.is_closed() {
            let _ = self.idle.0.try_send(session);
        }
    }

    /// Waits for the first connection.
    pub(super) async fn wait_until_connected(&self) -> Result<(), EngineError> {
        let session = self.take_within(POSTGRES_OPEN_MAX).await?;
        self.give_back(session);
        Ok(())
    }

    /// A connection that nobody else uses.
    async fn take(&self) -> Result<Arc<Session>, EngineError> {
        self.take_within(POSTGRES_WAIT_MAX).await
    }

    async fn take_within(&self, limit: Duration) -> Result<Arc<Session>, EngineError> {
        if self.shared.is_closing() {
            return Err(EngineError::Away("it is closed".to_owned()));
        }
        let found = async {
            loop {
                match self.idle.1.recv().await {
                    Ok(session) if session.is_closed() => {}
                    Ok(session) => return Some(session),
                    // This lane has a sender itself.
                    Err(_) => return None,
                }
            }
        };
        let limit = async {
            let timer = self.shared.runtime.clock.after(limit);
            future::or(timer, self.shared.closed()).await;
            None
        };
        let session = future::or(found, limit).await;
        session.ok_or_else(|| {
            EngineError::Away(match self.trouble() {
                Some(failure) => failure.to_string(),
                None => "it is busy with what it was asked before".to_owned(),
            })
        })
    }

    /// Asks for something that changes nothing. It is asked again if its connection ends meanwhile.
    pub(super) async fn read<T, F, A>(&self, ask: F) -> Result<T, EngineError>
    where
        T: Send + 'static,
        F: Fn(Arc<Session>) -> A,
        A: Future<Output = Result<T, tokio_postgres::Error>> + Send + 'static,
    {
        let mut tries = 1;
        loop {
            let session = self.take().await?;
            let answer = self.run(Kind::Read, &session, ask(Arc::clone(&session)));
            match answer.recv().await {
                Ok(Err(Trouble {
                    may_retry: true, ..
                })) if tries < POSTGRES_TRIES_MAX => tries += 1,
                Ok(answer) => return answer.map_err(|trouble| trouble.error),
                Err(_) => return Err(EngineError::Away("its connection was closed".to_owned())),
            }
        }
    }

    /// Asks for a change, which is a transaction of its own.
    pub(super) async fn change<T, F, A>(&self, patience: Patience, ask: F) -> Result<T, EngineError>
    where
        T: Send + 'static,
        F: Fn(Arc<Session>) -> A,
        A: Future<Output = Result<T, tokio_postgres::Error>> + Send + 'static,
    {
        let mut tries = 1;
        loop {
            let session = self.take().await?;
            let answer = self.run(Kind::Change, &session, ask(Arc::clone(&session)));
            let answer = async { answer.recv().await.ok() };
            let answer = match patience {
                Patience::Endless => answer.await,
                Patience::For(time) => {
                    let clock = &self.shared.runtime.clock;
                    let limit = async {
                        clock.after(time).await;
                        None
                    };
                    future::or(answer, limit).await
                }
            };
            match answer {
                Some(Err(Trouble {
                    may_retry: true, ..
                })) if tries < POSTGRES_TRIES_MAX => tries += 1,
                Some(answer) => return answer.map_err(|trouble| trouble.error),
                None => {
                    let why = "it has not answered in time";
                    return Err(EngineError::Doubt(why.to_owned()));
                }
            }
        }
    }

    /// Does it in a task, so that the connection comes back to the others also if nobody waits for the answer any more.
    fn run<T, A>(
        &self,
        kind: Kind,
        session: &Arc<Session>,
        asked: A,
    ) -> Receiver<Result<T, Trouble>>
    where
        T: Send + 'static,
        A: Future<Output = Result<T, tokio_postgres::Error>> + Send + 'static,
    {
        session.begin();
        let (sender, receiver) = async_channel::bounded(1);
        let (lane, session) = (self.clone(), Arc::clone(session));
        self.shared.tasks.start(async move {
            let answer = {
                let watched = async {
                    match kind {
                        Kind::Change if lane.role.is_safe() => lane.watch(&session).await,
                        Kind::Change | Kind::Read => {
                            let most = match lane.role {
                                Role::Lease => POSTGRES_LEASE_MAX,
                                _ => POSTGRES_READ_MAX,
                            };
                            lane.shared.runtime.clock.after(most).await;
                        }
                    }
                    None
                };
                let closed = async {
                    lane.shared.closed().await;
                    None
                };
                let asked = async { Some(asked.await) };
                future::or(asked, future::or(watched, closed)).await
            };
            let answer = match answer {
                Some(answer) => lane.judge(kind, &session, answer),
                None => {
                    session.give_up();
                    Err(Trouble {
                        error: unanswered(kind, &session),
                        may_retry: false,
                    })
                }
            };
            lane.give_back(session);
            let _ = sender.try_send(answer);
        });
        receiver
    }

    /// What an answer means.
    fn judge<T>(
        &self,
        kind: Kind,
        session: &Session,
        answer: Result<T, tokio_postgres::Error>,
    ) -> Result<T, Trouble> {
        let stage = stage(kind, session);
        match answer {
            // It is done, and nobody knows whether the standby has it.
            Ok(_) if stage == Stage::Changing && self.role.is_safe() && session.was_unsafe() => {
                let why = "somebody has ended its wait for the standby".to_owned();
                Err(Trouble {
                    error: EngineError::Doubt(why),
                    may_retry: false,
                })
            }
            Ok(answer) => Ok(answer),
            Err(error) => {
                if verdict::is_read_only(&error) {
                    session.give_up();
                }
                // The server's last words come before the end.
                let has_ended = error.as_db_error().is_none() || session.is_closed();
                let is_undone = stage != Stage::Changing && has_ended;
                Err(Trouble {
                    error: verdict::judge(stage, &error),
                    may_retry: is_undone || verdict::is_collision(&error),
                })
            }
        }
    }

    /// Looks now and then whether the server still works on what it was asked, which takes as long as a standby is away, and
    /// ends if it does not. Asking somebody else for the same before would leave it with ever more to do.
    async fn watch(&self, session: &Session) {
        let clock = &self.shared.runtime.clock;
        loop {
            clock.after(POSTGRES_LOOK_EVERY).await;
            let mut answer = self.is_at_it(session).await;
            if answer.is_none() {
                // Over a connection that hangs as well; the next one is new.
                answer = self.is_at_it(session).await;
            }
            if answer == Some(false) {
                return;
            }
        }
    }

    /// Whether the server works on what was asked over this connection; `None`: nobody can be asked, and it may.
    async fn is_at_it(&self, session: &Session) -> Option<bool> {
        let prober = self.prober.as_ref()?;
        let (pid, name) = (session.greeting.pid, session.name.clone());
        let asked = prober.read(move |session| {
            let name = name.clone();
            async move {
                // One that is idle has answered, or was never asked: it was lost on its way.
                let sql = "SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND application_name = $2 AND state <> 'idle'";
                session.query(sql, &[&pid, &name]).await
            }
        });
        let rows = Box::pin(asked).await;
        rows.ok().map(|rows| !rows.is_empty())
    }
}

/// Why a request has failed, and whether it may be made again as it is.
#[derive(Clone, Debug)]
struct Trouble {
    error: EngineError,
    may_retry: bool,
}

fn stage(kind: Kind, session: &Session) -> Stage {
    match kind {
        _ if !session.was_sent() => Stage::Unsent,
        Kind::Read => Stage::Reading,
        Kind::Change => Stage::Changing,
    }
}

fn unanswered(kind: Kind, session: &Session) -> EngineError {
    let why = "there was no answer".to_owned();
    match stage(kind, session) {
        Stage::Unsent | Stage::Reading => EngineError::Away(why),
        Stage::Changing => EngineError::Doubt(why),
    }
}
