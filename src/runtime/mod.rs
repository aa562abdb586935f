//! What a server runs on, as a parameter: time, tasks, and threads for work that blocks.
//!
//! A server takes the machine's; a simulation takes a clock that it moves by itself and does everything on one
//! thread, so that the same seed gives the same course of events.

mod clock;
mod tasks;
mod threads;

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::sync::Arc;

use async_channel::{Receiver, Sender};
use smol::Executor;

use crate::counts::Counts;

pub use clock::{Clock, ManualClock, Timer};
pub use tasks::Tasks;

/// What a server runs on. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Runtime {
    /// What tells the time.
    pub clock: Clock,
    /// What is counted meanwhile.
    pub counts: Arc<Counts>,
    executor: Arc<Executor<'static>>,
    blocking: Blocking,
    /// Closed once a thread has failed.
    failed: (Sender<Infallible>, Receiver<Infallible>),
}

#[derive(Clone, Copy, Debug)]
enum Blocking {
    Threads,
    Inline,
}

impl Runtime {
    /// The machine's clock and threads, with tasks on `executor`.
    pub fn new(executor: Arc<Executor<'static>>) -> Runtime {
        Runtime::on(executor, Clock::system(), Blocking::Threads)
    }

    /// A clock that `clock` moves, and no thread but the one that runs `executor`.
    pub fn simulated(executor: Arc<Executor<'static>>, clock: Arc<ManualClock>) -> Runtime {
        Runtime::on(executor, Clock::manual(clock), Blocking::Inline)
    }

    fn on(executor: Arc<Executor<'static>>, clock: Clock, blocking: Blocking) -> Runtime {
        Runtime {
            counts: Arc::new(Counts::new(clock.now())),
            clock,
            executor,
            blocking,
            failed: async_channel::bounded(1),
        }
    }

    /// Starts `count` threads beside the calling one that run tasks for as long as the process lives.
    ///
    /// # Errors
    ///
    /// If the system has no thread for it.
    pub fn start_threads(&self, count: usize) -> io::Result<()> {
        threads::start(&self.executor, count, &self.failed.0)
    }

    /// Waits until a thread has failed: not just a task on it, but what runs them.
    pub async fn thread_failed(&self) {
        let _ = self.failed.1.recv().await;
    }

    /// Runs `future` as a task, and others meanwhile, on the calling thread, until it is ready.
    pub fn block_on<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> T {
        // As a task it is looked at when it has something to do, and not at every look for events.
        let task = self.executor.spawn(future);
        smol::block_on(threads::drive(&self.executor, task))
    }

    /// A new group of tasks, counted by itself.
    pub fn tasks(&self) -> Tasks {
        Tasks::new(Arc::clone(&self.executor))
    }

    /// Does `work`, which takes long or blocks, on a thread of its own.
    pub async fn unblock<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        match self.blocking {
            Blocking::Threads => smol::unblock(work).await,
            Blocking::Inline => work(),
        }
    }
}
