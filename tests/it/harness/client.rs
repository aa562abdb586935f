//! A client on a plain socket, with everything it sent and saw on record.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use super::pattern::find;
use super::server::collect;
use super::tape::{Tape, readable};
use super::{DEADLINE, Match, match_at};

/// Either kind of stream a server can listen for.
#[derive(Debug)]
pub(crate) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// One connection to the server. Dropping it closes the connection.
#[derive(Debug)]
pub(crate) struct Client {
    /// What failures call it, and the name that [`Client::login`] asks for.
    name: String,
    socket: Socket,
    tape: Arc<Tape>,
    /// Everything received before this place has been matched.
    seen: usize,
    is_reset: bool,
}

impl Client {
    pub(super) fn new(name: &str, socket: Socket, tape: Arc<Tape>) -> Self {
        if let Socket::Tcp(stream) = &socket {
            stream.set_nodelay(true).expect("a TCP option");
        }
        Self {
            name: name.to_owned(),
            socket,
            tape,
            seen: 0,
            is_reset: false,
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Starts the thread that reads; the client was made without one.
    pub(crate) fn start_reading(&mut self) {
        collect(
            self.socket.try_clone().expect("a socket can be cloned"),
            Arc::clone(&self.tape),
        );
    }

    /// Sends bytes as they are. A server that has closed is not an error here: the test sees the end.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.tape.note("->", bytes.as_ref());
        if let Err(error) = self.socket.write_all(bytes.as_ref()) {
            self.tape
                .note("--", format!("send failed: {error}").as_bytes());
        }
    }

    /// Sends a line ended by LF, as `nc` does.
    pub(crate) fn line(&mut self, text: impl AsRef<str>) {
        self.send(format!("{}\n", text.as_ref()));
    }

    /// Waits for `pattern` anywhere after the last match. Returns what came before it.
    pub(crate) fn expect(&mut self, pattern: &str) -> String {
        let (seen, bytes) = (self.seen, pattern.as_bytes());
        let mut from = seen;
        let found = self.tape.wait(|state| {
            let found = find(bytes, &state.received, from);
            // A match may start in what is there and end in what is to come.
            from = state
                .received
                .len()
                .saturating_sub(2 * bytes.len())
                .max(seen);
            found.map(|range| (range.clone(), state.received[seen..range.start].to_vec()))
        });
        let Some((range, before)) = found else {
            self.fail(&format!("never saw {pattern:?}"));
        };
        self.seen = range.end;
        String::from_utf8_lossy(&before).into_owned()
    }

    /// Waits for `pattern` to be exactly what comes next, with nothing before it.
    pub(crate) fn expect_next(&mut self, pattern: &str) {
        let (seen, bytes) = (self.seen, pattern.as_bytes());
        let outcome = self
            .tape
            .wait(|state| match match_at(bytes, &state.received[seen..]) {
                Match::Whole(length) => Some(Some(length)),
                Match::No => Some(None),
                Match::Cut => None,
            });
        match outcome {
            Some(Some(length)) => self.seen += length,
            Some(None) => self.fail(&format!("wanted {pattern:?} next")),
            None => self.fail(&format!(
                "wanted {pattern:?} next, which did not come whole"
            )),
        }
    }

    /// Waits for exactly these bytes, with nothing before them.
    pub(crate) fn expect_next_bytes(&mut self, bytes: &[u8]) {
        let end = self.seen + bytes.len();
        self.tape
            .wait(|state| (state.received.len() >= end).then_some(()));
        let received = self.received();
        if received.get(self.seen..end) != Some(bytes) {
            self.fail(&format!("wanted {} next", readable(bytes)));
        }
        self.seen = end;
    }

    /// Waits for exactly these bytes anywhere after the last match.
    pub(crate) fn expect_bytes(&mut self, bytes: &[u8]) {
        let seen = self.seen;
        let found = self.tape.wait(|state| {
            let at = state.received[seen..]
                .windows(bytes.len())
                .position(|window| window == bytes)?;
            Some(seen + at + bytes.len())
        });
        match found {
            Some(end) => self.seen = end,
            None => self.fail(&format!("never saw {}", readable(bytes))),
        }
    }

    /// Steps over one `byte` if it is what comes next; waits for something to come.
    pub(crate) fn skip_optional(&mut self, byte: u8) {
        let seen = self.seen;
        if self.tape.wait(|state| state.received.get(seen).copied()) == Some(byte) {
            self.seen += 1;
        }
    }

    /// Waits until the server has closed. Returns what came since the last match.
    pub(crate) fn expect_eof(&mut self) -> String {
        let seen = self.seen;
        let rest = self
            .tape
            .wait(|state| state.ended.then(|| state.received[seen..].to_vec()));
        let Some(rest) = rest else {
            self.fail("the server did not close");
        };
        self.seen += rest.len();
        String::from_utf8_lossy(&rest).into_owned()
    }

    /// Ends our side of the connection, as `nc -N` does at the end of its input.
    pub(crate) fn shutdown_write(&mut self) {
        self.tape.note("->", b"(end of input)");
        let _ = self.socket.shutdown(Shutdown::Write);
    }

    /// Breaks the connection off with a reset, as a machine does that knows nothing of it any more.
    pub(crate) fn reset(mut self) {
        self.tape.note("->", b"(reset)");
        let Socket::Tcp(stream) = &self.socket else {
            panic!("only a TCP connection can be reset");
        };
        rustix::net::sockopt::set_socket_linger(stream, Some(Duration::ZERO))
            .expect("a TCP option");
        // Only the reader hears of it, which lets go of the other handle.
        let _ = self.socket.shutdown(Shutdown::Read);
        self.is_reset = true;
    }

    /// Waits until `look` finds something in all that was received, for so long at most.
    pub(crate) fn wait_within<T>(
        &self,
        patience: Duration,
        mut look: impl FnMut(&[u8]) -> Option<T>,
    ) -> Option<T> {
        self.tape
            .wait_within(patience, |state| look(&state.received))
    }

    /// Everything received so far.
    pub(crate) fn received(&self) -> Vec<u8> {
        self.tape.lock().received.clone()
    }

    /// Everything received so far as text, with LF for CR LF.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.received()).replace("\r\n", "\n")
    }

    /// Answers choice 4 with this client's name. To be called at the menu.
    pub(crate) fn login(&mut self) {
        self.line("4");
        self.expect("Please enter your new username: ");
        self.line(self.name.clone());
        self.expect("Update username successful\n");
        self.expect(&self.prompt());
    }

    /// Creates `room`, or finds that it is there. To be called at the menu.
    pub(crate) fn create(&mut self, room: &str) {
        self.line("1");
        self.expect("Enter room name you wish to create: ");
        self.line(room);
        self.expect(&format!("Create room {room} "));
        self.expect("Who needs password anyway?");
        self.expect("> ");
    }

    /// Joins `room`, which must be there, up to the prompt. Returns the lines between header and prompt.
    pub(crate) fn join(&mut self, room: &str) -> String {
        self.line("2");
        self.expect("Please enter room number: ");
        self.line(room);
        self.expect(&format!("Join room {room} successful\n"));
        self.expect("(type '\\exit' to quit)\n");
        self.expect("(type '\\help' for commands)\n");
        self.expect(&format!("------------ Room {room} ------------\n"));
        self.expect(&self.prompt())
    }

    /// Has each message on one row, however long. To be called where there is a prompt.
    pub(crate) fn unwrapped(&mut self) {
        self.line("\\width off");
        self.expect("Each message is one row, however long.\n");
        self.expect(&self.prompt());
    }

    /// The prompt under this client's name.
    pub(crate) fn prompt(&self) -> String {
        format!("{}> ", self.name)
    }

    /// Says `text` in a room and waits for it to come back with the prompt after it.
    pub(crate) fn say(&mut self, text: &str) {
        self.line(text);
        self.expect(&format!("[HH:MM:SS] {}: {text}\n", self.name));
        self.expect(&self.prompt());
    }

    fn fail(&self, what: &str) -> ! {
        let state = self.tape.lock();
        let rest = readable(&state.received[self.seen..]);
        let end = if state.ended {
            "the connection has ended"
        } else {
            "still connected"
        };
        drop(state);
        panic!(
            "{}: {what} (deadline {DEADLINE:?}, {end})\nafter the last match came: {rest}",
            self.name
        );
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // The reader holds a second handle of the socket; without this the connection would stay.
        if !self.is_reset {
            let _ = self.socket.shutdown(Shutdown::Both);
        }
    }
}

impl Socket {
    fn try_clone(&self) -> io::Result<Self> {
        Ok(match self {
            Self::Tcp(stream) => Self::Tcp(stream.try_clone()?),
            Self::Unix(stream) => Self::Unix(stream.try_clone()?),
        })
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.shutdown(how),
            Self::Unix(stream) => stream.shutdown(how),
        }
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.write_all(bytes),
            Self::Unix(stream) => stream.write_all(bytes),
        }
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(buffer),
            Self::Unix(stream) => stream.read(buffer),
        }
    }
}
