//! The threads that run tasks.

use std::future::Future;
use std::io;
use std::sync::Arc;

use futures_lite::future;
use smol::Executor;

/// Tasks that run before a thread looks for new events. Fewer cost more system calls, more wake async-io's
/// own thread (see [`drive`]).
const TASKS_BETWEEN_EVENTS: usize = 32;

/// Starts `count` threads beside the calling one, all running `executor` for as long as the process lives.
pub(super) fn start(executor: &Arc<Executor<'static>>, count: usize) -> io::Result<()> {
    for number in 1..=count {
        let executor = Arc::clone(executor);
        std::thread::Builder::new()
            .name(format!("parlor-{number}"))
            .spawn(move || smol::block_on(drive(&executor, future::pending::<()>())))?;
    }
    Ok(())
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
