//! One client that waits for what it is shown before it types on.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use memchr::memmem;

use crate::socket::{self, Options};

/// How long anything may take that somebody waits for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Bytes read at once.
const READ_BYTES: usize = 64 * 1024;

/// One connection to the server; dropping it closes it.
#[derive(Debug)]
pub(crate) struct Person {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// What was received and comes after the last match.
    unseen: Vec<u8>,
    /// All that was received, if it is kept.
    pub(crate) kept: Option<Vec<u8>>,
    /// Bytes received.
    pub(crate) received: u64,
    /// Bytes sent.
    pub(crate) sent: u64,
}

impl Person {
    /// Connects, from `source` if there is one.
    pub(crate) fn connect(address: SocketAddr, source: Option<Ipv4Addr>) -> Result<Person, String> {
        let options = Options {
            source,
            ..Options::default()
        };
        let socket = socket::open(address, &options)
            .map_err(|error| format!("cannot connect to {address}: {error}"))?;
        let stream = TcpStream::from(socket);
        stream.set_write_timeout(Some(PATIENCE)).map_err(text)?;
        Ok(Person {
            stream,
            buffer: vec![0; READ_BYTES],
            unseen: Vec::new(),
            kept: None,
            received: 0,
            sent: 0,
        })
    }

    /// Connects, takes `name` and joins `room`, which is created if needed.
    pub(crate) fn enter(
        address: SocketAddr,
        source: Option<Ipv4Addr>,
        name: &str,
        room: &str,
    ) -> Result<Person, String> {
        let mut person = Person::connect(address, source)?;
        person.expect("> ")?;
        person.take_name(name)?;
        person.line(&format!("1\n{room}"))?;
        person.expect(&format!("Create room {room} "))?;
        person.join(room)?;
        Ok(person)
    }

    /// Takes `name`.
    pub(crate) fn take_name(&mut self, name: &str) -> Result<(), String> {
        self.line(&format!("\\name {name}"))?;
        self.expect("Update username successful")?;
        self.expect(&format!("{name}> "))
    }

    /// Joins `room`, which is there.
    pub(crate) fn join(&mut self, room: &str) -> Result<(), String> {
        self.line(&format!("\\join {room}"))?;
        self.expect(&format!("Join room {room} successful"))?;
        self.expect(&format!(" Room {room} ---"))?;
        self.expect("> ")
    }

    /// Sends bytes as they are.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.stream
            .write_all(bytes)
            .map_err(|error| format!("a connection broke: {error}"))?;
        self.sent += bytes.len() as u64;
        Ok(())
    }

    /// Sends a line ended by LF, as `nc` does.
    pub(crate) fn line(&mut self, line: &str) -> Result<(), String> {
        self.send(format!("{line}\n").as_bytes())
    }

    /// Waits for `wanted` after the last match.
    pub(crate) fn expect(&mut self, wanted: &str) -> Result<(), String> {
        self.expect_any(&[wanted]).map(drop)
    }

    /// Waits for one of the texts after the last match; which of them came first.
    pub(crate) fn expect_any(&mut self, wanted: &[&str]) -> Result<usize, String> {
        let deadline = Instant::now() + PATIENCE;
        let longest = wanted.iter().map(|text| text.len()).max().unwrap_or(0);
        let mut from = 0;
        loop {
            let found = wanted
                .iter()
                .enumerate()
                .filter_map(|(which, text)| {
                    let at = memmem::find(&self.unseen[from..], text.as_bytes())?;
                    Some((from + at, which, text.len()))
                })
                .min();
            if let Some((at, which, length)) = found {
                self.unseen.drain(..at + length);
                return Ok(which);
            }
            from = self.unseen.len().saturating_sub(longest);
            if !self.receive(deadline)? {
                return Err(format!(
                    "never saw {wanted:?}, but: {}",
                    self.end_of_unseen()
                ));
            }
        }
    }

    /// Receives once; false when `deadline` has passed.
    pub(crate) fn receive(&mut self, deadline: Instant) -> Result<bool, String> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(false);
        }
        self.stream.set_read_timeout(Some(left)).map_err(text)?;
        match self.stream.read(&mut self.buffer) {
            Ok(0) => Err(format!(
                "the server closed a connection: {}",
                self.end_of_unseen()
            )),
            Ok(count) => {
                let bytes = &self.buffer[..count];
                self.received += count as u64;
                self.unseen.extend_from_slice(bytes);
                if let Some(kept) = &mut self.kept {
                    kept.extend_from_slice(bytes);
                }
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(true),
            Err(error) => Err(format!("a connection broke: {error}")),
        }
    }

    /// The end of what came after the last match, for complaints.
    fn end_of_unseen(&self) -> String {
        let from = self.unseen.len().saturating_sub(300);
        String::from_utf8_lossy(&self.unseen[from..]).into_owned()
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
