//! Other servers that stand between a client and ours: real ones, in their own processes.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use rustix::process::{Pid, Signal, kill_process};

use super::server::collect;
use super::tape::Tape;

/// A server of somebody else's, ended by its own process id when dropped.
#[derive(Debug)]
pub(crate) struct Helper {
    child: Child,
    stderr: Arc<Tape>,
}

impl Helper {
    /// Starts `command`, and waits until it says on standard error that it is ready. What it says there goes to `stderr`.
    pub(crate) fn start(stderr: Arc<Tape>, command: &mut Command, ready: &str) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        collect(child.stderr.take().expect("piped"), Arc::clone(&stderr));
        let helper = Self { child, stderr };
        helper.expect_log(ready);
        helper
    }

    /// Waits for `text` on standard error.
    pub(crate) fn expect_log(&self, text: &str) {
        let found = self.stderr.wait(|state| {
            String::from_utf8_lossy(&state.received)
                .contains(text)
                .then_some(())
        });
        assert!(
            found.is_some(),
            "it never said {text:?}: {}",
            self.stderr.transcript()
        );
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        // It ends its own children.
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid {
            let _ = kill_process(pid, Signal::TERM);
        }
        let _ = self.child.wait();
    }
}

/// An address of this machine that no other test uses, with this port: programs that cannot choose a free port
/// themselves can be told this one.
pub(crate) fn own_address(port: u16) -> SocketAddr {
    static NEXT: AtomicU8 = AtomicU8::new(64);
    let [.., high, low] = std::process::id().to_be_bytes();
    let ip = Ipv4Addr::new(127, NEXT.fetch_add(1, Ordering::Relaxed), high, low);
    SocketAddr::from((ip, port))
}
