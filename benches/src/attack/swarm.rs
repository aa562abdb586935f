//! The attackers: many connections in one thread, each after a script.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use memchr::memmem;
use socket2::Socket;

use crate::socket::{self, Interest, Options, Poll};

/// Bytes read at once.
const READ_BYTES: usize = 256 * 1024;

/// Send buffer of an attacker, in bytes: what it has sent is nearly what the server was given.
const SEND_BUFFER_BYTES: usize = 16 * 1024;

/// How often everybody is looked after: whose line is due, who reads a little, who goes.
const TICK: Duration = Duration::from_millis(10);

/// Lines that one may send at once before a server slows it.
const BURST: f64 = 100.0;

/// What one attacker does.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script {
    /// The address of this machine that it comes from, or any.
    pub(crate) source: Option<Ipv4Addr>,
    /// What it sends first.
    pub(crate) intro: Vec<u8>,
    /// What it sends again and again; nothing if empty.
    pub(crate) repeated: Vec<u8>,
    /// How often a second at the most, after a burst; otherwise as fast as it is taken.
    pub(crate) pace: Option<f64>,
    /// How it reads.
    pub(crate) reads: Reads,
    /// How long it stays; then its connection breaks, and the next one comes in its place.
    pub(crate) stays: Option<Duration>,
    /// What is counted in what it receives.
    pub(crate) counted: &'static str,
}

/// How an attacker reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Reads {
    /// All that comes.
    #[default]
    All,
    /// Nothing, ever.
    Nothing,
    /// So many bytes each time that so much has passed.
    Little(usize, Duration),
}

/// All attackers.
pub(crate) struct Swarm {
    address: SocketAddr,
    poll: Poll,
    script: Box<dyn Fn(usize) -> Script>,
    attackers: Vec<Option<Attacker>>,
    buffer: Vec<u8>,
    /// Connections made so far; the next one's script has this number.
    pub(crate) opened: usize,
    /// Those that the server has ended.
    pub(crate) ended: usize,
    /// Bytes sent by all.
    pub(crate) sent: u64,
    /// Bytes received by all.
    pub(crate) received: u64,
    /// How often what is counted came.
    pub(crate) counted: u64,
}

#[derive(Debug)]
struct Attacker {
    socket: Socket,
    script: Script,
    out: Vec<u8>,
    /// Bytes of `out` that are sent.
    done: usize,
    since: Instant,
    repeats: f64,
    read_at: Instant,
    interest: Interest,
    /// The end of what was received, in which the counted text may have begun.
    tail: Vec<u8>,
}

impl Swarm {
    /// Nobody yet; connection N does what `script` says of N.
    pub(crate) fn new(
        address: SocketAddr,
        script: impl Fn(usize) -> Script + 'static,
    ) -> Result<Swarm, String> {
        Ok(Swarm {
            address,
            poll: Poll::new().map_err(text)?,
            script: Box::new(script),
            attackers: Vec::new(),
            buffer: vec![0; READ_BYTES],
            opened: 0,
            ended: 0,
            sent: 0,
            received: 0,
            counted: 0,
        })
    }

    /// Lets so many more connect.
    pub(crate) fn open(&mut self, count: usize) -> Result<(), String> {
        for _ in 0..count {
            let index = self.attackers.len();
            self.attackers.push(None);
            self.replace(index)?;
        }
        Ok(())
    }

    /// Those that the server has not ended.
    pub(crate) fn size(&self) -> usize {
        self.attackers.iter().flatten().count()
    }

    /// Lets everybody do what they do until `end`.
    pub(crate) fn run_until(&mut self, end: Instant) -> Result<(), String> {
        let mut tick = Instant::now();
        while Instant::now() < end {
            let next = tick.min(end);
            let wait = next.saturating_duration_since(Instant::now());
            for ready in self.poll.wait(wait).map_err(text)? {
                if ready.readable || ready.broken {
                    self.read(ready.index, ready.broken);
                }
                if ready.writable {
                    self.write(ready.index);
                }
            }
            if tick <= Instant::now() {
                self.tick()?;
                tick = Instant::now() + TICK;
            }
        }
        Ok(())
    }

    /// The same until `is_done`, but not after `end`.
    pub(crate) fn run_until_done(
        &mut self,
        end: Instant,
        is_done: impl Fn(&Swarm) -> bool,
    ) -> Result<(), String> {
        while Instant::now() < end && !is_done(self) {
            self.run_until((Instant::now() + TICK).min(end))?;
        }
        Ok(())
    }

    /// Everybody goes at once.
    pub(crate) fn leave(&mut self) {
        for attacker in self.attackers.drain(..).flatten() {
            attacker.go();
        }
    }

    fn tick(&mut self) -> Result<(), String> {
        let now = Instant::now();
        for index in 0..self.attackers.len() {
            let Some(attacker) = &mut self.attackers[index] else {
                continue;
            };
            let is_over = attacker
                .script
                .stays
                .is_some_and(|stays| attacker.since + stays <= now);
            if is_over {
                if let Some(attacker) = self.attackers[index].take() {
                    attacker.go();
                }
                self.replace(index)?;
                continue;
            }
            if let Reads::Little(bytes, every) = attacker.script.reads
                && attacker.read_at + every <= now
            {
                attacker.read_at = now;
                self.read_once(index, bytes);
            }
            self.write(index);
        }
        Ok(())
    }

    /// The next connection, at this place.
    fn replace(&mut self, index: usize) -> Result<(), String> {
        let script = (self.script)(self.opened);
        self.opened += 1;
        let options = Options {
            source: script.source,
            receive_buffer: (script.reads != Reads::All).then_some(4096),
            send_buffer: Some(SEND_BUFFER_BYTES),
            at_once: true,
        };
        let socket = socket::open(self.address, &options)
            .map_err(|error| format!("attacker {} cannot connect: {error}", self.opened))?;
        let interest = Interest {
            read: script.reads == Reads::All,
            write: true,
        };
        self.poll.add(&socket, index, interest).map_err(text)?;
        let now = Instant::now();
        self.attackers[index] = Some(Attacker {
            socket,
            out: script.intro.clone(),
            done: 0,
            since: now,
            repeats: 0.0,
            read_at: now,
            interest,
            tail: Vec::new(),
            script,
        });
        Ok(())
    }

    fn read(&mut self, index: usize, is_broken: bool) {
        let Some(attacker) = &self.attackers[index] else {
            return;
        };
        if attacker.script.reads == Reads::All {
            self.read_once(index, READ_BYTES);
        } else if is_broken {
            self.end(index);
        }
    }

    fn read_once(&mut self, index: usize, most: usize) {
        let Some(attacker) = &mut self.attackers[index] else {
            return;
        };
        match attacker.socket.read(&mut self.buffer[..most]) {
            Ok(0) => self.end(index),
            Ok(count) => {
                self.received += count as u64;
                self.counted += attacker.count(&self.buffer[..count]);
            }
            Err(error) if is_temporary(&error) => {}
            Err(_) => self.end(index),
        }
    }

    fn write(&mut self, index: usize) {
        let Some(attacker) = &mut self.attackers[index] else {
            return;
        };
        match attacker.write() {
            Ok(count) => {
                self.sent += count as u64;
                let interest = attacker.wanted();
                if interest != attacker.interest {
                    attacker.interest = interest;
                    let _ = self.poll.change(&attacker.socket, index, interest);
                }
            }
            Err(error) if is_temporary(&error) => {}
            Err(_) => self.end(index),
        }
    }

    fn end(&mut self, index: usize) {
        self.attackers[index] = None;
        self.ended += 1;
    }
}

impl Attacker {
    /// Writes what there is to write, once; returns how many bytes went.
    fn write(&mut self) -> std::io::Result<usize> {
        if self.done == self.out.len() {
            self.out.clear();
            self.done = 0;
            if self.may_repeat() {
                self.out.extend_from_slice(&self.script.repeated);
                self.repeats += 1.0;
            }
        }
        if self.out.is_empty() {
            return Ok(0);
        }
        let count = self.socket.write(&self.out[self.done..])?;
        self.done += count;
        Ok(count)
    }

    fn may_repeat(&self) -> bool {
        let allowed = |pace: f64| BURST + pace * self.since.elapsed().as_secs_f64();
        let is_due = self
            .script
            .pace
            .is_none_or(|pace| self.repeats < allowed(pace));
        is_due && !self.script.repeated.is_empty()
    }

    fn wanted(&self) -> Interest {
        Interest {
            read: self.script.reads == Reads::All,
            write: self.done < self.out.len() || self.may_repeat(),
        }
    }

    /// How often the counted text ends in `bytes`, which came now.
    fn count(&mut self, bytes: &[u8]) -> u64 {
        let wanted = self.script.counted.as_bytes();
        if wanted.is_empty() {
            return 0;
        }
        self.tail.extend_from_slice(bytes);
        let (mut count, mut end) = (0, 0);
        for at in memmem::find_iter(&self.tail, wanted) {
            count += 1;
            end = at + wanted.len();
        }
        let done = self.tail.len().saturating_sub(wanted.len() - 1).max(end);
        self.tail.drain(..done);
        count
    }

    /// Breaks the connection, as when a machine crashes: without lingering, closing sends a RST.
    fn go(self) {
        let _ = self.socket.set_linger(Some(Duration::ZERO));
    }
}

fn is_temporary(error: &std::io::Error) -> bool {
    // A connection that is still being made is not connected.
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::Interrupted | ErrorKind::NotConnected
    )
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
