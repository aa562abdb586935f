//! Tasks that are counted, so that one can wait until none is under way.

use std::future::{Future, poll_fn};
use std::panic::{self, AssertUnwindSafe};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use pin_project_lite::pin_project;
use smol::{Executor, Task};

/// Where tasks are spawned. Cheap to clone; clones count together.
#[derive(Clone, Debug)]
pub struct Tasks {
    executor: Arc<Executor<'static>>,
    count: Arc<Count>,
}

#[derive(Debug, Default)]
struct Count(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    running: usize,
    waiting: Vec<Waker>,
}

impl Tasks {
    /// Tasks on `executor`.
    pub fn new(executor: Arc<Executor<'static>>) -> Tasks {
        Tasks {
            executor,
            count: Arc::default(),
        }
    }

    /// Starts a task, of which nobody wants to know what it comes to. It counts until it has ended or is dropped. If it
    /// panics it ends, and nothing else does: whoever waits for more than its end has to see to that itself.
    pub fn spawn<T>(&self, future: impl Future<Output = T> + Send + 'static) -> Task<()> {
        self.executor.spawn(Counted {
            future,
            _running: Running::new(&self.count),
        })
    }

    /// Starts a task that goes on by itself, and that [`Tasks::idle`] waits for.
    pub fn start<T>(&self, future: impl Future<Output = T> + Send + 'static) {
        self.spawn(future).detach();
    }

    /// How many are under way.
    pub fn running(&self) -> usize {
        self.count.lock().running
    }

    /// Waits until none is under way. Tasks that are started meanwhile are waited for too.
    pub async fn idle(&self) {
        poll_fn(|cx| {
            let mut state = self.count.lock();
            if state.running == 0 {
                return Poll::Ready(());
            }
            if !state
                .waiting
                .iter()
                .any(|waker| waker.will_wake(cx.waker()))
            {
                state.waiting.push(cx.waker().clone());
            }
            Poll::Pending
        })
        .await;
    }
}

impl Count {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pin_project! {
    /// A future that counts while it is there. Not an async block, which would keep two places for the future:
    /// there are as many of these as there are clients.
    struct Counted<F> {
        #[pin]
        future: F,
        _running: Running,
    }
}

impl<F: Future> Future for Counted<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let polling = AssertUnwindSafe(|| self.project().future.poll(cx));
        match panic::catch_unwind(polling) {
            Ok(polled) => polled.map(drop),
            // The log has heard of it.
            Err(_) => Poll::Ready(()),
        }
    }
}

/// One task that counts.
struct Running(Arc<Count>);

impl Running {
    fn new(count: &Arc<Count>) -> Running {
        count.lock().running += 1;
        Running(Arc::clone(count))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.running -= 1;
        if state.running == 0 {
            let waiting = std::mem::take(&mut state.waiting);
            drop(state);
            waiting.into_iter().for_each(Waker::wake);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_lite::future::{self, block_on};

    use super::*;

    #[test]
    fn idle_waits_for_tasks_that_tasks_have_started() {
        let executor = Arc::new(Executor::new());
        let tasks = Tasks::new(Arc::clone(&executor));
        let done = Arc::new(Mutex::new(0));
        let (inner_tasks, inner_done) = (tasks.clone(), Arc::clone(&done));
        tasks.start(async move {
            future::yield_now().await;
            let done = Arc::clone(&inner_done);
            inner_tasks.start(async move {
                future::yield_now().await;
                *done.lock().expect("nobody panics") += 1;
            });
            *inner_done.lock().expect("nobody panics") += 1;
        });
        assert_eq!(tasks.running(), 1);
        block_on(executor.run(tasks.idle()));
        assert_eq!(*done.lock().expect("nobody panics"), 2);
        assert_eq!(tasks.running(), 0);
    }

    #[test]
    fn a_task_that_panics_ends_alone_and_counts_no_more() {
        let executor = Arc::new(Executor::new());
        let tasks = Tasks::new(Arc::clone(&executor));
        tasks.start(async {
            future::yield_now().await;
            panic!("on purpose");
        });
        let other = tasks.spawn(async {
            for _ in 0..10 {
                future::yield_now().await;
            }
        });
        block_on(executor.run(async {
            other.await;
            tasks.idle().await;
        }));
        assert_eq!(tasks.running(), 0);
    }

    #[test]
    fn a_task_that_is_dropped_counts_no_more() {
        let executor = Arc::new(Executor::new());
        let tasks = Tasks::new(Arc::clone(&executor));
        let task = tasks.spawn(future::pending::<()>());
        assert_eq!(tasks.running(), 1);
        drop(task);
        block_on(executor.run(tasks.idle()));
    }
}
