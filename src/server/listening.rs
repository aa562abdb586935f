//! The places where a server lets clients in: those it has begun with, and what becomes of them when the configuration
//! is read anew. Nobody who has come in is put out because the door is closed behind them.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use futures_lite::future;
use smol::Task;
use tracing::warn;

use super::Server;
use crate::config::{Config, ReloadReport};
use crate::limits::ACCEPT_PAUSE;
use crate::net::endpoint::{Listen, Place};
use crate::net::listener::Listener;
use crate::runtime::Tasks;

/// All places where clients are let in.
pub(super) struct Listening {
    server: Arc<Server>,
    tasks: Tasks,
    places: Vec<Accepting>,
}

struct Accepting {
    /// As the operator has written it.
    listen: Listen,
    listener: Arc<Listener>,
    task: Task<()>,
}

/// What another configuration makes of the places: nothing of it is done yet, and what is new is bound.
pub(super) struct Change {
    kept: Vec<Kept>,
    new: Vec<Listener>,
}

/// A place that stays, by its number among those there are.
struct Kept {
    at: usize,
    /// The same socket, of which something else is known now.
    other: Option<Listen>,
}

impl Listening {
    pub(super) fn start(server: &Arc<Server>, tasks: Tasks, listeners: Vec<Listener>) -> Listening {
        let mut listening = Listening {
            server: Arc::clone(server),
            tasks,
            places: Vec::new(),
        };
        for listener in listeners {
            listening.accept(listener);
        }
        listening
    }

    fn accept(&mut self, listener: Listener) {
        let listener = Arc::new(listener);
        let accepting = accept_all(Arc::clone(&self.server), Arc::clone(&listener));
        self.places.push(Accepting {
            listen: listener.listen().clone(),
            task: self.tasks.spawn(accepting),
            listener,
        });
    }

    /// Waits until clients are let in somewhere no more. Only a panic ends what lets them in.
    pub(super) async fn failed(&mut self) {
        poll_fn(|cx| {
            let mut tasks = self.places.iter_mut().map(|place| &mut place.task);
            match tasks.any(|task| Pin::new(task).poll(cx).is_ready()) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        })
        .await;
    }

    /// Binds what is wanted and not there yet.
    ///
    /// # Errors
    ///
    /// A sentence for the operator if that cannot be; then all is as it was.
    pub(super) fn prepare(&self, config: &Config) -> Result<Change, String> {
        let handed_over = |place: &Accepting| place.listener.handed_over().cloned();
        let wanted = config.places(self.places.iter().any(|place| handed_over(place).is_some()));
        let mut left: Vec<usize> = (0..self.places.len()).collect();
        let mut take = |fits: &dyn Fn(&Listen) -> bool| {
            let found = left.iter().position(|&at| fits(&self.places[at].listen));
            found.map(|found| left.remove(found))
        };
        let mut kept = Vec::new();
        let mut rest = Vec::new();
        for listen in wanted {
            match take(&|listened| listened == listen) {
                Some(at) => kept.push(Kept { at, other: None }),
                None => rest.push(listen),
            }
        }
        let mut new = Vec::new();
        for listen in rest {
            match take(&|listened| listened.place.is_same(&listen.place)) {
                Some(at) => kept.push(Kept {
                    at,
                    other: Some(listen.clone()),
                }),
                None => new.push(listen),
            }
        }
        // What was handed over is not ours to close: it is again what it was.
        kept.extend(left.into_iter().filter_map(|at| {
            let place = &self.places[at];
            let other = handed_over(place)?;
            let other = Some(other).filter(|other| *other != place.listen);
            Some(Kept { at, other })
        }));
        let bound = new.into_iter().map(|listen| {
            let bound = Listener::bind(listen);
            bound.map_err(|why| match self.holder(listen) {
                None => why,
                Some(holder) => format!(
                    "{why}: this server listens on {holder}; take that out and reload, then put this in"
                ),
            })
        });
        Ok(Change {
            kept,
            new: bound.collect::<Result<_, _>>()?,
        })
    }

    /// Whether one of the places is by TLS once that is done.
    pub(super) fn will_be_tls(&self, change: &Change) -> bool {
        let kept = change.kept.iter().map(|kept| match &kept.other {
            Some(other) => other,
            None => &self.places[kept.at].listen,
        });
        let new = change.new.iter().map(Listener::listen);
        kept.chain(new).any(|listen| listen.is_tls)
    }

    /// Which of our own places has the port that is wanted.
    fn holder(&self, wanted: &Listen) -> Option<String> {
        let Place::Tcp(wanted) = wanted.place else {
            return None;
        };
        let places = self.places.iter().map(|place| &place.listener);
        let mut holders = places.filter(|listener| listener.port() == Some(wanted.port()));
        holders.next().map(|listener| listener.place())
    }

    /// Does what was prepared, and reports it.
    pub(super) async fn apply(&mut self, change: Change, report: &mut ReloadReport) {
        let mut places: Vec<Option<Accepting>> = std::mem::take(&mut self.places)
            .into_iter()
            .map(Some)
            .collect();
        for kept in change.kept {
            let Some(place) = places[kept.at].take() else {
                continue;
            };
            match kept.other.map(|listen| place.listener.altered(listen)) {
                None => self.places.push(place),
                Some(Ok(altered)) => {
                    report
                        .changed
                        .push(format!("listening on {}", altered.place()));
                    place.task.cancel().await;
                    self.accept(altered);
                }
                Some(Err(why)) => {
                    report.warnings.push(why);
                    self.places.push(place);
                }
            }
        }
        for gone in places.into_iter().flatten() {
            let place = gone.listener.place();
            gone.task.cancel().await;
            // Those whom the kernel holds have come before.
            while let Some(Ok((socket, peer))) = future::poll_once(gone.listener.accept()).await {
                self.server.arrive(socket, peer, gone.listener.listen());
            }
            report
                .changed
                .push(format!("no longer listening on {place}"));
        }
        for listener in change.new {
            report
                .changed
                .push(format!("listening on {}", listener.place()));
            self.accept(listener);
        }
    }

    /// Lets nobody in any more.
    pub(super) async fn stop(self) {
        for place in self.places {
            place.task.cancel().await;
        }
    }
}

async fn accept_all(server: Arc<Server>, listener: Arc<Listener>) {
    let mut complained = false;
    loop {
        match listener.accept().await {
            Ok((socket, peer)) => {
                complained = false;
                server.arrive(socket, peer, listener.listen());
            }
            // The client has gone again before it was let in; that is its own affair.
            Err(error) if is_clients_fault(&error) => {}
            // Most likely no file descriptor is left. The kernel keeps the others waiting meanwhile.
            Err(error) => {
                if !std::mem::replace(&mut complained, true) {
                    warn!(%error, "cannot accept connections for now");
                }
                server.shared.runtime.clock.after(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn is_clients_fault(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::NotConnected
    )
}
