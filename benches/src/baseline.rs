//! What parlor is compared to: a relay with nothing in it but the fan-out.
//!
//! One thread, one epoll. The first line of a connection is the name of its room and is sent back, so that a
//! client knows that it is in. Every later line goes to every member of the room, the sender too, as it is:
//! no names, no times, no prompts, no bounds. In each turn all that can be read is read; then each member
//! with something queued gets one vectored write.

use std::collections::{HashMap, VecDeque};
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::SocketAddr;
use std::rc::Rc;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

/// Slices in one vectored write; the kernel takes no more (`IOV_MAX`).
const SLICES_MAX: usize = 1024;

const LISTENER: Token = Token(usize::MAX);

struct Member {
    socket: TcpStream,
    room: Option<usize>,
    /// The unfinished line.
    input: Vec<u8>,
    queue: VecDeque<Rc<[u8]>>,
    /// Bytes of the queue's first line that are written.
    written: usize,
    /// In the list of those to write to, or waiting for the socket to take more.
    scheduled: bool,
}

#[derive(Default)]
struct Relay {
    members: Vec<Option<Member>>,
    free: Vec<usize>,
    rooms: Vec<Vec<usize>>,
    by_name: HashMap<Vec<u8>, usize>,
    to_write: Vec<usize>,
}

fn main() -> io::Result<()> {
    let place = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let address: SocketAddr = place
        .parse()
        .map_err(|_| io::Error::other(format!("{place} is no address with a port")))?;
    raise_descriptor_limit();
    let mut poll = Poll::new()?;
    let mut listener = listen(address)?;
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;
    eprintln!("listening on {}", listener.local_addr()?);
    let mut relay = Relay::default();
    let mut events = Events::with_capacity(1024);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            result => result?,
        }
        for event in &events {
            let index = event.token().0;
            if event.token() == LISTENER {
                relay.accept(&listener, &poll)?;
                continue;
            }
            if event.is_readable() {
                relay.read(index, &mut buffer);
            }
            if event.is_writable() {
                relay.writable(index);
            }
        }
        relay.write_all();
    }
}

fn raise_descriptor_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Nofile).maximum;
    // If it cannot be raised the clients will notice.
    let _ = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: maximum,
            maximum,
        },
    );
}

/// Listens with the same backlog as parlor.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(4096)?;
    socket.set_nonblocking(true)?;
    Ok(TcpListener::from_std(socket.into()))
}

impl Relay {
    fn accept(&mut self, listener: &TcpListener, poll: &Poll) -> io::Result<()> {
        loop {
            let mut socket = match listener.accept() {
                Ok((socket, _)) => socket,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            socket.set_nodelay(true)?;
            let index = self.free.pop().unwrap_or_else(|| {
                self.members.push(None);
                self.members.len() - 1
            });
            let interest = Interest::READABLE | Interest::WRITABLE;
            poll.registry()
                .register(&mut socket, Token(index), interest)?;
            self.members[index] = Some(Member {
                socket,
                room: None,
                input: Vec::new(),
                queue: VecDeque::new(),
                written: 0,
                scheduled: false,
            });
        }
    }

    /// Reads until the socket has no more; epoll tells of new bytes only.
    fn read(&mut self, index: usize, buffer: &mut [u8]) {
        loop {
            let Some(member) = &mut self.members[index] else {
                return;
            };
            match member.socket.read(buffer) {
                Ok(0) => return self.close(index),
                Ok(count) => {
                    self.take(index, &buffer[..count]);
                    if count < buffer.len() {
                        return;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(_) => return self.close(index),
            }
        }
    }

    fn take(&mut self, index: usize, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            let Some(member) = &mut self.members[index] else {
                return;
            };
            if !piece.ends_with(b"\n") {
                member.input.extend_from_slice(piece);
                return;
            }
            let line: Rc<[u8]> = if member.input.is_empty() {
                piece.into()
            } else {
                member.input.extend_from_slice(piece);
                std::mem::take(&mut member.input).into()
            };
            match member.room {
                None => self.join(index, line),
                Some(room) => self.say(room, &line),
            }
        }
    }

    fn join(&mut self, index: usize, name: Rc<[u8]>) {
        let next = self.rooms.len();
        let room = *self.by_name.entry(name.to_vec()).or_insert(next);
        if room == next {
            self.rooms.push(Vec::new());
        }
        self.rooms[room].push(index);
        if let Some(member) = &mut self.members[index] {
            member.room = Some(room);
        }
        self.queue(index, name);
    }

    fn say(&mut self, room: usize, line: &Rc<[u8]>) {
        for place in 0..self.rooms[room].len() {
            self.queue(self.rooms[room][place], Rc::clone(line));
        }
    }

    fn queue(&mut self, index: usize, line: Rc<[u8]>) {
        if let Some(member) = &mut self.members[index] {
            member.queue.push_back(line);
            if !std::mem::replace(&mut member.scheduled, true) {
                self.to_write.push(index);
            }
        }
    }

    fn writable(&mut self, index: usize) {
        if let Some(member) = &mut self.members[index]
            && member.scheduled
        {
            self.to_write.push(index);
        }
    }

    fn write_all(&mut self) {
        for index in std::mem::take(&mut self.to_write) {
            let Some(member) = &mut self.members[index] else {
                continue;
            };
            if member.write().is_err() {
                self.close(index);
            }
        }
    }

    fn close(&mut self, index: usize) {
        if let Some(member) = self.members[index].take() {
            self.free.push(index);
            if let Some(room) = member.room {
                self.rooms[room].retain(|&other| other != index);
            }
        }
    }
}

impl Member {
    fn write(&mut self) -> io::Result<()> {
        while !self.queue.is_empty() {
            let lines = self.queue.iter().take(SLICES_MAX).enumerate();
            let slices: Vec<_> = lines
                .map(|(place, line)| match place {
                    0 => IoSlice::new(&line[self.written..]),
                    _ => IoSlice::new(line),
                })
                .collect();
            match self.socket.write_vectored(&slices) {
                Ok(count) => self.drop_written(count),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        self.scheduled = false;
        Ok(())
    }

    fn drop_written(&mut self, count: usize) {
        self.written += count;
        while let Some(line) = self.queue.front()
            && self.written >= line.len()
        {
            self.written -= line.len();
            self.queue.pop_front();
        }
    }
}
