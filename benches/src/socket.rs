//! Connections of a measuring client, and one thread's wait for many of them.

use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;
use std::{fmt, io};

use rustix::event::{Timespec, epoll};
use socket2::{Domain, Socket, Type};

/// Bytes of data in one packet, as over Ethernet.
const SEGMENT_BYTES: u32 = 1460;

/// Events taken at once; what is left is there at the next wait.
const EVENTS: usize = 1024;

/// How a connection is made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// The address of this machine that it comes from, or any.
    pub source: Option<Ipv4Addr>,
    /// Receive buffer in bytes, of which the kernel makes a little more, or the usual one.
    pub receive_buffer: Option<usize>,
    /// Send buffer in the same unit.
    pub send_buffer: Option<usize>,
    /// Does not wait until the server's kernel has answered, and never blocks later.
    pub at_once: bool,
}

/// Connects to `address`.
///
/// # Errors
///
/// What the kernel or the server's one said.
pub fn open(address: SocketAddr, options: &Options) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    if let Some(bytes) = options.receive_buffer {
        socket.set_recv_buffer_size(bytes)?;
    }
    if let Some(bytes) = options.send_buffer {
        socket.set_send_buffer_size(bytes)?;
    }
    // Loopback packets of 64 KiB make the kernel put off acknowledgements for 40 ms, which no network does.
    socket.set_tcp_mss(SEGMENT_BYTES)?;
    if let Some(source) = options.source {
        socket.bind(&SocketAddr::from((source, 0)).into())?;
    }
    socket.set_nonblocking(options.at_once)?;
    match socket.connect(&address.into()) {
        Err(error) if !(options.at_once && is_under_way(&error)) => return Err(error),
        _ => {}
    }
    socket.set_tcp_nodelay(true)?;
    Ok(socket)
}

fn is_under_way(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error())
}

/// What is waited for on a socket. That it broke is told in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interest {
    /// Something to read, or that the other side has ended.
    pub read: bool,
    /// Space to write.
    pub write: bool,
}

impl Interest {
    /// Something to read only.
    pub const READ: Interest = Interest {
        read: true,
        write: false,
    };

    fn flags(self) -> epoll::EventFlags {
        let mut flags = epoll::EventFlags::empty();
        if self.read {
            flags |= epoll::EventFlags::IN | epoll::EventFlags::RDHUP;
        }
        if self.write {
            flags |= epoll::EventFlags::OUT;
        }
        flags
    }
}

/// What happened at a socket.
#[derive(Clone, Copy, Debug)]
pub struct Ready {
    /// The number that it was added under.
    pub index: usize,
    /// It has space to write.
    pub writable: bool,
    /// It has something to read or has ended.
    pub readable: bool,
    /// It broke.
    pub broken: bool,
}

/// One thread's wait for many sockets.
pub struct Poll {
    epoll: OwnedFd,
    events: Vec<epoll::Event>,
}

impl fmt::Debug for Poll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Poll").field(&self.epoll).finish()
    }
}

impl Poll {
    /// Waits for nothing yet.
    ///
    /// # Errors
    ///
    /// The process has no descriptor left.
    pub fn new() -> io::Result<Poll> {
        Ok(Poll {
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            events: Vec::with_capacity(EVENTS),
        })
    }

    /// Waits for `socket` as well, under the number `index`.
    ///
    /// # Errors
    ///
    /// It is waited for already, or the kernel has no memory.
    pub fn add(&self, socket: impl AsFd, index: usize, interest: Interest) -> io::Result<()> {
        let data = epoll::EventData::new_u64(index as u64);
        Ok(epoll::add(&self.epoll, socket, data, interest.flags())?)
    }

    /// Waits for something else on `socket`.
    ///
    /// # Errors
    ///
    /// It is not waited for.
    pub fn change(&self, socket: impl AsFd, index: usize, interest: Interest) -> io::Result<()> {
        let data = epoll::EventData::new_u64(index as u64);
        Ok(epoll::modify(&self.epoll, socket, data, interest.flags())?)
    }

    /// Waits for `socket` no longer.
    ///
    /// # Errors
    ///
    /// It is not waited for.
    pub fn remove(&self, socket: impl AsFd) -> io::Result<()> {
        Ok(epoll::delete(&self.epoll, socket)?)
    }

    /// Waits until something happens, at most for `wait`.
    ///
    /// # Errors
    ///
    /// None that Linux knows for such a call; an interrupted one is a short wait.
    pub fn wait(&mut self, wait: Duration) -> io::Result<Vec<Ready>> {
        let timeout = Timespec {
            tv_sec: wait.as_secs() as i64,
            tv_nsec: i64::from(wait.subsec_nanos()),
        };
        self.events.clear();
        let spare = rustix::buffer::spare_capacity(&mut self.events);
        match epoll::wait(&self.epoll, spare, Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        use epoll::EventFlags as Flags;
        let ready = self.events.iter().map(|event| {
            let flags = event.flags;
            Ready {
                index: event.data.u64() as usize,
                writable: flags.contains(Flags::OUT),
                readable: flags.intersects(Flags::IN | Flags::RDHUP | Flags::HUP),
                broken: flags.contains(Flags::ERR),
            }
        });
        Ok(ready.collect())
    }
}
