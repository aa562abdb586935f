//! The admin socket: operators of this machine ask, a line each, and are answered.
//!
//! A client sends a command and a line end; with `--json ` in front of it the answer is JSON. The answer is rows of text, of
//! which one that begins with `.` has another `.` in front, and then the row `.ok`, or `.error` if nothing was done. A
//! client may ask any number of times. `parlor admin` is one ([`client`]); `nc -U` does as well.
//!
//! These connections are no clients of the chat: they have places of their own, and no ban is about them.

pub mod client;
mod lines;
mod listener;

use std::io;
use std::os::unix::net::UnixStream;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_lite::{AsyncWriteExt, FutureExt, future};
use jiff::tz::TimeZone;
use smol::Async;
use tracing::{info, warn};

pub use listener::AdminListener;

use self::lines::Lines;
use crate::chat::admin::{AdminAnswer, AdminError, AdminReply, Operator, json};
use crate::config::AdminPlace;
use crate::dialog::view::AdminViewer;
use crate::hub::lobby::Lobby;
use crate::limits::{
    ACCEPT_PAUSE, ADMIN_CONNECTIONS_MAX, ADMIN_IDLE_MAX, ADMIN_LINE_BYTES_MAX, ADMIN_STUCK_AFTER,
    ADMIN_WRITE_BYTES,
};
use crate::runtime::{Runtime, Tasks};
use crate::text;

/// What all connections of the socket share.
struct Desk {
    lobby: Arc<Lobby>,
    runtime: Runtime,
    /// The zone that times are shown in, now.
    zone: Box<dyn Fn() -> TimeZone + Send + Sync>,
    taken: AtomicUsize,
}

/// A place at the desk; free again when dropped.
struct Place(Arc<Desk>);

/// Listens for operators where the server's operator wants that.
///
/// # Errors
///
/// A sentence for the operator, if the place was named. At the usual place it is only logged: nobody has asked for it.
pub fn open(place: &AdminPlace) -> Result<Option<AdminListener>, String> {
    match place {
        AdminPlace::None => Ok(None),
        AdminPlace::Given(path) => AdminListener::bind(path).map(Some),
        AdminPlace::Usual(path) => Ok(AdminListener::bind(path)
            .inspect_err(|why| warn!("{why}"))
            .ok()),
    }
}

/// Serves operators at `listener`, who are shown times in `zone`, for as long as it is polled. Those who are served go on for as long as `tasks` do.
pub async fn serve(
    runtime: Runtime,
    tasks: Tasks,
    lobby: Arc<Lobby>,
    zone: impl Fn() -> TimeZone + Send + Sync + 'static,
    listener: AdminListener,
) {
    let desk = Arc::new(Desk {
        lobby,
        zone: Box::new(zone),
        taken: AtomicUsize::new(0),
        runtime,
    });
    loop {
        match listener.accept().await {
            Ok((socket, Some(user))) => {
                let desk = Arc::clone(&desk);
                tasks.start(async move {
                    // If that panics, the log tells, and the others go on.
                    let served = AssertUnwindSafe(desk.serve(socket, user)).catch_unwind();
                    let _ = served.await;
                });
            }
            Ok((socket, None)) => {
                warn!("security: refused address=unix reason=no-operator");
                drop(socket);
            }
            Err(error) => {
                warn!(%error, "cannot accept operators for now");
                desk.runtime.clock.after(ACCEPT_PAUSE).await;
            }
        }
    }
}

impl Desk {
    async fn serve(self: Arc<Self>, socket: Async<UnixStream>, user: Box<str>) {
        let operator = Operator::Socket(user);
        let Some(_place) = self.place() else {
            let full =
                format!("Too many operators are connected (limit: {ADMIN_CONNECTIONS_MAX}).");
            let _ = self.send(&socket, &framed(&full, false)).await;
            return;
        };
        info!(%operator, "an operator has connected");
        let mut lines = Lines::new(&socket, ADMIN_LINE_BYTES_MAX);
        loop {
            let too_long = async {
                self.runtime.clock.after(ADMIN_IDLE_MAX).await;
                Ok(None)
            };
            let line = match future::or(lines.next(), too_long).await {
                Ok(Some(Ok(line))) => line,
                Ok(Some(Err(()))) => {
                    let why = format!(
                        "A command has at most {ADMIN_LINE_BYTES_MAX} bytes. Nothing was done."
                    );
                    let _ = self.send(&socket, &framed(&why, false)).await;
                    return;
                }
                Ok(None) | Err(_) => return,
            };
            let (answer, text) = self.answer(&operator, &line).await;
            let sent = self.send(&socket, &framed(&text, answer.is_ok())).await;
            if answer.as_ref().is_ok_and(AdminReply::stops) {
                self.lobby.stop_server();
            }
            if sent.is_err() {
                return;
            }
        }
    }

    async fn answer(&self, operator: &Operator, line: &[u8]) -> (AdminAnswer, String) {
        let line = text::clean(line);
        let line = line.trim();
        let (is_json, line) = match line.strip_prefix("--json") {
            Some(rest) if rest.is_empty() || rest.starts_with(' ') => (true, rest),
            _ => (false, line),
        };
        let doing = AssertUnwindSafe(self.lobby.administer(operator, line)).catch_unwind();
        let answer = doing.await.unwrap_or(Err(AdminError::Unavailable));
        let words = AdminViewer::socket(&(self.zone)()).words(&answer);
        let text = match is_json {
            true => json::of(&answer, &words).to_string(),
            false => words,
        };
        (answer, text)
    }

    /// Writes all of `text`, unless its reader takes nothing for too long.
    async fn send(&self, socket: &Async<UnixStream>, text: &str) -> io::Result<()> {
        let mut socket = socket;
        for part in text.as_bytes().chunks(ADMIN_WRITE_BYTES) {
            let stuck = async {
                self.runtime.clock.after(ADMIN_STUCK_AFTER).await;
                Err(io::ErrorKind::TimedOut.into())
            };
            future::or(socket.write_all(part), stuck).await?;
        }
        Ok(())
    }

    fn place(self: &Arc<Self>) -> Option<Place> {
        let one_more = |taken: usize| (taken < ADMIN_CONNECTIONS_MAX).then_some(taken + 1);
        let taken = self
            .taken
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more);
        taken.is_ok().then(|| Place(Arc::clone(self)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::AcqRel);
    }
}

/// An answer as it is sent.
fn framed(text: &str, is_ok: bool) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for row in text.lines() {
        if row.starts_with('.') {
            out.push('.');
        }
        out.push_str(row);
        out.push('\n');
    }
    out.push_str(if is_ok { ".ok\n" } else { ".error\n" });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_an_answer_is_no_row_of_it() {
        for (text, is_ok, expected) in [
            ("", true, ".ok\n"),
            ("one\ntwo\n", true, "one\ntwo\n.ok\n"),
            ("one", false, "one\n.error\n"),
            (".ok\n..", true, "..ok\n...\n.ok\n"),
        ] {
            assert_eq!(framed(text, is_ok), expected);
        }
    }
}
