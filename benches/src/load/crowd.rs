//! All the clients, in one thread on one epoll.
//!
//! They must cost far less than what they measure. So what a socket has is read in one large piece, and of
//! each line only its end is looked at. Every delivered line is checked all the same: each member must get
//! each line of its room once and in its sender's order (see [`Tally`]).

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use parlor_bench::socket::{Interest, Options, Poll, open};
use parlor_bench::tls::{Clients, Socket, Stream};
use parlor_bench::wire::{self, Dialect, HALF_TYPED, Telnet};

use rustls::StreamOwned;

use crate::mixed::{self, Taste};
use crate::nodes::Placing;
use crate::tally::Tally;

/// Clients that come or go at the same time: enough to keep the server busy, fewer than wait in its backlog.
const AT_ONCE: usize = 256;

/// Clients that share a source address; an address has some 28,000 ports to connect from.
const CLIENTS_PER_ADDRESS: usize = 5_000;

/// How long the server may take to do anything that a client waits for.
const PATIENCE: Duration = Duration::from_secs(15);

/// How long a server may take to offer character mode to the first client.
const CHARACTER_MODE_MAX: Duration = Duration::from_secs(3);

/// Bytes read at once.
const READ_BYTES: usize = 256 * 1024;

/// Receive buffer of a client that does not read, in bytes; the kernel makes it a little more.
const STALLED_BUFFER_BYTES: usize = 4096;

/// Receive buffer of a client that reads only afterwards, in bytes; the kernel gives what it may.
const PATIENT_BUFFER_BYTES: usize = 1024 * 1024;

/// The shape of a crowd.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// How the clients talk.
    pub(crate) dialect: Dialect,
    /// Rooms, filled one after the other.
    pub(crate) rooms: usize,
    /// Members of each room.
    pub(crate) members_per_room: usize,
    /// How many of them send; these have names.
    pub(crate) senders_per_room: usize,
    /// Every member has a name.
    pub(crate) all_named: bool,
    /// Most lines that one sender has on their way.
    pub(crate) window: usize,
    /// Members have space for what they have yet to read.
    pub(crate) patient: bool,
    /// Members have settings of their own (see [`mixed`]).
    pub(crate) mixed: bool,
    /// Members come by TLS.
    pub(crate) by_tls: bool,
}

/// A line that was delivered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    /// Who has sent it.
    pub(crate) sender: usize,
    /// Which of theirs it is.
    pub(crate) number: u32,
    /// It came to a client of another server than its sender's.
    pub(crate) is_far: bool,
}

/// The clients of one server, or of several.
pub(crate) struct Crowd {
    shape: Shape,
    placing: Placing,
    /// For each sender, which server it is at.
    sender_nodes: Vec<usize>,
    poll: Poll,
    tls: Option<Clients>,
    buffer: Vec<u8>,
    clients: Vec<Client>,
    /// Senders' clients with lines that the server had no time to read.
    held_up: Vec<usize>,
    /// What was received.
    pub(crate) tally: Tally,
    /// For each sender, how many lines it has sent.
    pub(crate) sent: Vec<u32>,
    /// How often people were mentioned, and when they are next.
    mentions: usize,
    mention_due: Instant,
}

#[derive(Debug)]
struct Client {
    socket: TcpStream,
    tls: Option<Box<Stream>>,
    room: usize,
    /// Which server it is at.
    node: usize,
    /// Received bytes that are no whole line yet.
    tail: Vec<u8>,
    /// Bytes that the socket has not taken yet.
    out: Vec<u8>,
    /// Set until it is in its room.
    entering: Option<Box<Entering>>,
}

#[derive(Debug)]
struct Entering {
    telnet: Telnet,
    /// What is typed once the Telnet options are settled.
    rest: Vec<u8>,
}

impl Crowd {
    /// Nobody yet. For parlor the rooms are created.
    pub(crate) fn new(shape: Shape, placing: Placing) -> Result<Crowd, String> {
        let poll = Poll::new().map_err(text)?;
        let tls = shape.by_tls.then(Clients::new);
        if shape.dialect != Dialect::Baseline {
            create_rooms(placing.address(0), tls.as_ref(), shape.rooms)?;
        }
        let (rooms, senders) = (shape.rooms, shape.senders_per_room);
        let sender_nodes =
            (0..rooms * senders).map(|sender| placing.node(sender % senders, senders));
        Ok(Crowd {
            shape,
            sender_nodes: sender_nodes.collect(),
            placing,
            poll,
            tls,
            buffer: vec![0; READ_BYTES],
            clients: Vec::new(),
            held_up: Vec::new(),
            tally: Tally::new(rooms, shape.members_per_room, senders, shape.window),
            sent: vec![0; rooms * senders],
            mentions: 0,
            mention_due: Instant::now(),
        })
    }

    /// All members that there are to be.
    pub(crate) fn size(&self) -> usize {
        self.shape.rooms * self.shape.members_per_room
    }

    // ---- coming and going ----

    /// True if the server makes the first member a client in character mode, or need not.
    pub(crate) fn first_joins(&mut self) -> Result<bool, String> {
        if self.shape.dialect != Dialect::ParlorChar {
            return Ok(true);
        }
        self.open(0)?;
        let asked = Instant::now();
        while asked.elapsed() < CHARACTER_MODE_MAX {
            if self.wait_and_enter()? > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Lets members join until there are `count`. Returns how long that took.
    pub(crate) fn join_until(&mut self, count: usize) -> Result<Duration, String> {
        let begun = Instant::now();
        let mut joined = self.clients.len();
        let mut progress = begun;
        while joined < count {
            while self.clients.len() < count && self.clients.len() - joined < AT_ONCE {
                self.open(self.clients.len())?;
            }
            let entered = self.wait_and_enter()?;
            joined += entered;
            if entered > 0 {
                progress = Instant::now();
            }
            if progress.elapsed() > PATIENCE {
                return Err(format!("{joined} of {count} members could join"));
            }
        }
        Ok(begun.elapsed())
    }

    /// One more member joins room 0 and never reads again.
    pub(crate) fn join_stalled(&mut self) -> Result<(), String> {
        let index = self.clients.len();
        self.open(index)?;
        let begun = Instant::now();
        while self.wait_and_enter()? == 0 {
            if begun.elapsed() > PATIENCE {
                return Err("the member that is to stall could not join".to_owned());
            }
        }
        self.poll.remove(&self.clients[index].socket).map_err(text)
    }

    /// Everybody closes their side and waits for the server to close its own. Returns how long it took.
    pub(crate) fn leave_all(&mut self) -> Result<Duration, String> {
        let begun = Instant::now();
        let (mut leaving, mut left) = (0, 0);
        while left < self.clients.len() {
            while leaving < self.clients.len() && leaving - left < AT_ONCE {
                // If the server has closed already its end is seen all the same.
                let _ = self.clients[leaving].socket.shutdown(Shutdown::Write);
                leaving += 1;
            }
            for index in self.wait(Duration::from_secs(1))? {
                let client = &self.clients[index];
                let mut socket = &client.socket;
                let is_end = loop {
                    match socket.read(&mut self.buffer) {
                        Ok(0) => break true,
                        Ok(_) => {}
                        Err(error) => break error.kind() != ErrorKind::WouldBlock,
                    }
                };
                if is_end {
                    self.poll.remove(&client.socket).map_err(text)?;
                    left += 1;
                }
            }
            if begun.elapsed() > 2 * PATIENCE {
                return Err(format!(
                    "{left} of {} members could leave",
                    self.clients.len()
                ));
            }
        }
        self.clients.clear();
        Ok(begun.elapsed())
    }

    fn open(&mut self, index: usize) -> Result<(), String> {
        let is_member = index < self.size();
        let per_room = self.shape.members_per_room;
        let (room, place) = if is_member {
            (index / per_room, index % per_room)
        } else {
            (0, index)
        };
        let buffer = match (is_member, self.shape.patient) {
            (false, _) => Some(STALLED_BUFFER_BYTES),
            (true, true) => Some(PATIENT_BUFFER_BYTES),
            (true, false) => None,
        };
        let node = self.placing.node(place, self.shape.senders_per_room);
        let socket = connect(self.placing.address(node), index, buffer)?;
        let taste = match self.shape.mixed {
            true => Taste::of(place, self.shape.senders_per_room),
            false => Taste::Usual,
        };
        let is_named = self.shape.all_named || taste.is_named();
        let name = match (self.sender(index), taste) {
            (Some(sender), _) => Some(format!("b{sender}")),
            (None, Taste::Chatter) => Some(mixed::CHATTER.to_owned()),
            (None, _) => is_named.then(|| format!("u{index}")),
        };
        let (first, rest) = self
            .shape
            .dialect
            .entry(room, name.as_deref(), &taste.settings());
        self.poll
            .add(&socket, index, Interest::READ)
            .map_err(text)?;
        let tls = self.tls.as_ref();
        self.clients.push(Client {
            socket,
            tls: tls.map(|tls| Box::new(Stream::new(tls.client()))),
            room,
            node,
            tail: Vec::new(),
            out: first,
            entering: Some(Box::new(Entering {
                telnet: Telnet::default(),
                rest,
            })),
        });
        self.clients[index].flush()
    }

    /// From now on only senders read, until [`Crowd::all_read`].
    pub(crate) fn only_senders_read(&mut self) -> Result<(), String> {
        for (index, client) in self.clients.iter().enumerate() {
            if self.sender(index).is_none() {
                self.poll.remove(&client.socket).map_err(text)?;
            }
        }
        Ok(())
    }

    /// Everybody reads again.
    pub(crate) fn all_read(&mut self) -> Result<(), String> {
        for (index, client) in self.clients.iter().enumerate() {
            if self.sender(index).is_none() {
                self.poll
                    .add(&client.socket, index, Interest::READ)
                    .map_err(text)?;
            }
        }
        Ok(())
    }

    /// The number of the sender that client `index` is, if it is one.
    fn sender(&self, index: usize) -> Option<usize> {
        let (per_room, senders) = (self.shape.members_per_room, self.shape.senders_per_room);
        let place = index % per_room;
        (index < self.size() && place < senders).then(|| index / per_room * senders + place)
    }

    /// Waits a little for the server, and returns how many members have entered their room.
    fn wait_and_enter(&mut self) -> Result<usize, String> {
        let mut entered = 0;
        for index in self.wait(Duration::from_millis(100))? {
            let count = self.clients[index].read(&mut self.buffer)?;
            let client = &mut self.clients[index];
            client
                .tail
                .extend_from_slice(&self.buffer[client.tail.len()..count]);
            entered += usize::from(client.try_enter(self.shape.dialect)?);
        }
        Ok(entered)
    }

    // ---- talking ----

    /// `sender` sends its next `count` lines, in one piece.
    pub(crate) fn say(&mut self, sender: usize, count: u32) -> Result<(), String> {
        let senders = self.shape.senders_per_room;
        let index = sender / senders * self.shape.members_per_room + sender % senders;
        let client = &mut self.clients[index];
        for _ in 0..count {
            let number = self.sent[sender];
            self.shape
                .dialect
                .write_line(sender, number, &mut client.out);
            self.sent[sender] = number + 1;
        }
        let was_held_up = self.held_up.contains(&index);
        client.flush()?;
        if !was_held_up && client.is_held_up() {
            self.held_up.push(index);
        }
        Ok(())
    }

    /// In a mixed crowd: mentions some members of each room, if that is due. Nobody counts these lines.
    pub(crate) fn chatter(&mut self) -> Result<(), String> {
        if !self.shape.mixed || Instant::now() < self.mention_due {
            return Ok(());
        }
        self.mention_due = Instant::now() + mixed::MENTION_EVERY;
        for room in 0..self.shape.rooms {
            let first = room * self.shape.members_per_room;
            let line = mixed::mention(self.mentions, first, self.shape.members_per_room);
            let client = &mut self.clients[first + self.shape.senders_per_room];
            client.out.extend_from_slice(line.as_bytes());
            client.flush()?;
        }
        self.mentions += 1;
        Ok(())
    }

    /// True if lines wait for the server to read.
    pub(crate) fn is_held_up(&self) -> bool {
        !self.held_up.is_empty()
    }

    /// Tries again what [`Crowd::say`] could not send.
    pub(crate) fn flush(&mut self) -> Result<(), String> {
        for index in std::mem::take(&mut self.held_up) {
            self.clients[index].flush()?;
            if self.clients[index].is_held_up() {
                self.held_up.push(index);
            }
        }
        Ok(())
    }

    /// Receives what arrives within `wait`, if anything, and calls `seen` for each line with its sender and
    /// number.
    pub(crate) fn receive(
        &mut self,
        wait: Duration,
        mut seen: impl FnMut(Seen),
    ) -> Result<(), String> {
        let payload_bytes = self.shape.dialect.payload_bytes();
        for member in self.wait(wait)? {
            let client = &mut self.clients[member];
            let count = client.read(&mut self.buffer)?;
            let node = Some(client.node);
            let bytes = &self.buffer[..count];
            let mut start = 0;
            for end in memchr::memchr_iter(b'\n', bytes) {
                if let Some((sender, number)) = wire::parse(&bytes[start..end], payload_bytes) {
                    self.tally.deliver(member, client.room, sender, number);
                    let is_far = self.sender_nodes.get(sender).copied() != node;
                    seen(Seen {
                        sender,
                        number,
                        is_far,
                    });
                }
                start = end + 1;
            }
            client.tail.clear();
            client.tail.extend_from_slice(&bytes[start..]);
        }
        Ok(())
    }

    /// The clients for whom something has come.
    fn wait(&mut self, wait: Duration) -> Result<impl Iterator<Item = usize> + use<>, String> {
        let ready = self.poll.wait(wait).map_err(text)?;
        Ok(ready.into_iter().map(|ready| ready.index))
    }
}

impl Client {
    /// Reads once, behind what is kept of an unfinished line; returns how many bytes there are then.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, String> {
        let kept = self.tail.len();
        buffer[..kept].copy_from_slice(&self.tail);
        let read = match &mut self.tls {
            Some(tls) => tls.read(&mut self.socket, &mut buffer[kept..]),
            None => self.socket.read(&mut buffer[kept..]),
        };
        match read {
            Ok(0) => Err("the server closed a connection".to_owned()),
            Ok(count) => Ok(kept + count),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(kept),
            Err(error) => Err(format!("a connection broke: {error}")),
        }
    }

    /// True if the socket has not taken all.
    fn is_held_up(&self) -> bool {
        !self.out.is_empty() || self.tls.as_ref().is_some_and(|tls| tls.is_waiting())
    }

    fn flush(&mut self) -> Result<(), String> {
        let written = match &mut self.tls {
            Some(tls) => tls.write(&mut self.socket, &self.out),
            None => self.socket.write(&self.out),
        };
        match written {
            Ok(count) => drop(self.out.drain(..count)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(format!("a connection broke: {error}")),
        }
        Ok(())
    }

    /// Goes on entering the room; true when that is done now.
    fn try_enter(&mut self, dialect: Dialect) -> Result<bool, String> {
        let Some(entering) = &mut self.entering else {
            self.forget_whole_lines();
            return Ok(false);
        };
        if dialect == Dialect::ParlorChar {
            entering.telnet.receive(&mut self.tail, &mut self.out);
            if entering.telnet.is_character_mode() {
                self.out.append(&mut entering.rest);
            }
        }
        let is_in = memchr::memmem::find(&self.tail, &dialect.entered(self.room)).is_some();
        if !is_in && memchr::memmem::find(&self.tail, b"failed").is_some() {
            let shown = String::from_utf8_lossy(&self.tail);
            return Err(format!("a member could not join: {shown}"));
        }
        if is_in {
            self.entering = None;
            self.forget_whole_lines();
            if dialect == Dialect::ParlorChar {
                self.out.extend_from_slice(HALF_TYPED);
            }
        }
        if !self.out.is_empty() {
            self.flush()?;
        }
        Ok(is_in)
    }

    fn forget_whole_lines(&mut self) {
        let end = memchr::memrchr(b'\n', &self.tail).map_or(0, |end| end + 1);
        self.tail = self.tail[end..].to_vec();
    }
}

/// Connects to `address` from an address of this machine that client `index` has ports at, with a receive
/// buffer of so many bytes or the usual one.
fn connect(address: SocketAddr, index: usize, buffer: Option<usize>) -> Result<TcpStream, String> {
    // Ports of the last run's addresses may still be in TIME-WAIT, so each run has its own.
    let run = (std::process::id() % 250) as u8 + 1;
    let source = Ipv4Addr::new(127, run, 0, (index / CLIENTS_PER_ADDRESS) as u8 + 1);
    let options = Options {
        source: Some(source),
        receive_buffer: buffer,
        ..Options::default()
    };
    let socket = open(address, &options).map_err(text)?;
    socket.set_nonblocking(true).map_err(text)?;
    Ok(socket.into())
}

fn create_rooms(address: SocketAddr, tls: Option<&Clients>, rooms: usize) -> Result<(), String> {
    let mut socket = connect(address, 0, None)?;
    socket.set_nonblocking(false).map_err(text)?;
    socket.set_read_timeout(Some(PATIENCE)).map_err(text)?;
    match tls {
        Some(tls) => create_rooms_by(&mut StreamOwned::new(tls.client(), socket), rooms),
        None => create_rooms_by(&mut socket, rooms),
    }
}

fn create_rooms_by(socket: &mut impl Socket, rooms: usize) -> Result<(), String> {
    let mut shown = Vec::new();
    let mut buffer = [0; 4096];
    // One after the other, as a person would: neither side can then fill the other's buffers.
    for room in 0..rooms {
        socket
            .write_all(format!("1\nroom{room}\n").as_bytes())
            .map_err(text)?;
        let wanted = format!("Create room room{room} successful");
        while memchr::memmem::find(&shown, wanted.as_bytes()).is_none() {
            match socket.read(&mut buffer) {
                Ok(count) if count > 0 => shown.extend_from_slice(&buffer[..count]),
                _ => return Err(format!("room {room} was not created")),
            }
        }
        shown.clear();
    }
    Ok(())
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
