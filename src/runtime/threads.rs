//! The threads that run tasks.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;

use async_channel::Sender;
use futures_lite::future;
use smol::Executor;

/// Tasks that run before a thread looks for new events. Fewer cost more system calls, more wake async-io's
/// own thread (see [`drive`]).
const TASKS_BETWEEN_EVENTS: usize = 32;

/// Starts `count` threads beside the calling one, all running `executor` for as long as the process lives. A task
/// that panics does not end its thread; should anything else do that, `failed` is closed.
pub(super) fn start(
    executor: &Arc<Executor<'static>>,
    count: usize,
    failed: &Sender<Infallible>,
) -> io::Result<()> {
    for number in 1..=count {
        let (executor, failed) = (Arc::clone(executor), failed.clone());
        std::thread::Builder::new()
            .name(format!("parlor-{number}"))
            .spawn(move || {
                run_watched(&failed, || {
                    smol::block_on(drive(&executor, future::pending::<()>()));
                });
            })?;
    }
    Ok(())
}

/// Does `work`, which never ends by itself, and closes `failed` when it panics.
fn run_watched(failed: &Sender<Infallible>, work: impl FnOnce()) {
    let _ = panic::catch_unwind(AssertUnwindSafe(work));
    failed.close();
}

/// Runs tasks of `executor` until `future` is ready.
///
/// Like `executor.run(future)`, which looks for new events once in 200 tasks only. To a thousand members that
/// takes more than a millisecond; meanwhile the thread that async-io keeps for idle times finds nobody
/// looking, looks itself, and so takes the processor away thousands of times a second.
pub(super) async fn drive<T>(executor: &Executor<'static>, future: impl Future<Output = T>) -> T {
    let tasks = async {
        loop {
            for _ in 0..TASKS_BETWEEN_EVENTS {
                executor.tick().await;
            }
            future::yield_now().await;
        }
    };
    future::or(future, tasks).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_panics_is_noticed() {
        let (failed, noticed) = async_channel::bounded(1);
        run_watched(&failed, || panic!("on purpose"));
        assert!(noticed.is_closed());
    }
}
