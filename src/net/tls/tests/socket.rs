//! A socket by TLS over one that takes and gives as little as it likes.

use std::collections::VecDeque;
use std::io;
use std::sync::{Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use super::*;
use crate::limits::TLS_RECORD_BYTES;
use crate::net::socket::{Socket, Transport};
use crate::net::tls::socket::TlsSocket;

/// A network, of which the test holds the other end.
#[derive(Clone, Debug, Default)]
struct Wire(Arc<Mutex<Ends>>);

#[derive(Debug, Default)]
struct Ends {
    to_server: VecDeque<u8>,
    has_ended: bool,
    to_client: Vec<u8>,
    /// How many bytes the server may write.
    space: usize,
    is_reset: bool,
    told_when_sent: bool,
}

impl Wire {
    fn ends(&self) -> MutexGuard<'_, Ends> {
        self.0.lock().expect("no panic")
    }

    /// What has been written, which makes as much space again.
    fn take(&self, space: usize) -> Vec<u8> {
        let mut ends = self.ends();
        ends.space = space;
        std::mem::take(&mut ends.to_client)
    }
}

impl Transport for Wire {
    fn poll_readable(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.ends().to_server.is_empty() {
            true => Poll::Pending,
            false => Poll::Ready(Ok(())),
        }
    }

    fn poll_writable(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.ends().space {
            0 => Poll::Pending,
            _ => Poll::Ready(Ok(())),
        }
    }

    fn read(&self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        let mut ends = self.ends();
        match io::Read::read(&mut ends.to_server, buffer)? {
            0 if ends.has_ended => Ok(Some(0)),
            0 => Ok(None),
            count => Ok(Some(count)),
        }
    }

    fn write(&self, bytes: &[u8]) -> io::Result<Option<usize>> {
        let mut ends = self.ends();
        let count = bytes.len().min(ends.space);
        ends.space -= count;
        ends.to_client.extend_from_slice(&bytes[..count]);
        Ok(Some(count).filter(|count| *count > 0))
    }

    fn tell_when_sent(&self) {
        self.ends().told_when_sent = true;
    }

    fn reset_on_close(&self) {
        self.ends().is_reset = true;
    }
}

/// A socket, the wire below it, and the client at the other end.
fn connected(version: &'static SupportedProtocolVersion) -> (TlsSocket, Wire, Client) {
    let (layer, client) = pair(&World::new(), version);
    let wire = Wire::default();
    let socket = TlsSocket::new(Socket::Other(Box::new(wire.clone())), layer, Vec::new());
    (socket, wire, client)
}

fn is_readable(socket: &TlsSocket) -> bool {
    socket
        .poll_readable(&mut Context::from_waker(Waker::noop()))
        .is_ready()
}

/// All that can be read, in buffers of this size.
fn read_all(socket: &TlsSocket, size: usize) -> (Vec<u8>, bool) {
    let (mut text, mut buffer) = (Vec::new(), vec![0; size]);
    loop {
        match socket.read(&mut buffer).expect("it is not broken") {
            None => return (text, false),
            Some(0) => return (text, true),
            Some(count) => text.extend_from_slice(&buffer[..count]),
        }
    }
}

#[test]
fn what_did_not_fit_in_the_middle_of_a_record_goes_on_exactly_there() {
    let all: Vec<u8> = (0..3 * TLS_RECORD_BYTES + 100)
        .map(|n| (n % 251) as u8)
        .collect();
    for version in VERSIONS {
        for space in [
            1,
            2,
            21,
            22,
            23,
            100,
            1000,
            TLS_RECORD_BYTES,
            3 * TLS_RECORD_BYTES,
        ] {
            let (socket, wire, mut client) = connected(version);
            let (mut written, mut read) = (0, Vec::new());
            // As a connection does it: what was not taken is offered again, with more behind it or without.
            for turn in 1.. {
                if written == all.len() {
                    break;
                }
                assert!(turn < 100_000, "it does not go on");
                let end = all.len().min(written + 1 + (turn * 997) % 20_000);
                match socket.write(&all[written..end]).expect("it is not broken") {
                    Some(count) => written += count,
                    None => read.extend(client.reads(&wire.take(space)).expect("records").0),
                }
            }
            // All of it is on its way when all was reported as written.
            read.extend(client.reads(&wire.take(0)).expect("records").0);
            assert!(read == all, "{space}");
        }
    }
}

#[test]
fn one_byte_is_written_when_all_of_its_record_is() {
    let (socket, wire, mut client) = connected(VERSIONS[0]);
    assert_eq!(socket.write(b"x").expect("no fault"), None);
    for _ in 0..22 {
        wire.ends().space = 1;
        assert_eq!(socket.write(b"x").expect("no fault"), None);
    }
    wire.ends().space = 1;
    assert_eq!(socket.write(b"x").expect("no fault"), Some(1));
    assert_eq!(client.reads(&wire.take(0)).expect("a record").0, b"x");
}

#[test]
fn what_was_read_and_not_taken_is_there_at_once() {
    for version in VERSIONS {
        let (socket, wire, mut client) = connected(version);
        assert!(!is_readable(&socket));
        let words = "twelve bytes".repeat(100);
        wire.ends().to_server.extend(client.says(words.as_bytes()));
        let mut buffer = [0; 5];
        assert_eq!(socket.read(&mut buffer).expect("no fault"), Some(5));
        assert!(is_readable(&socket) && wire.ends().to_server.is_empty());
        let (rest, has_ended) = read_all(&socket, 7);
        assert_eq!(rest, &words.as_bytes()[5..]);
        assert!(!has_ended && !is_readable(&socket));
    }
}

#[test]
fn the_end_of_the_input_is_the_end_whether_it_is_said_or_not() {
    for version in VERSIONS {
        for is_said in [true, false] {
            let (socket, wire, mut client) = connected(version);
            let mut bytes = client.says(b"last");
            match is_said {
                true => bytes.extend(client.closes()),
                false => wire.ends().has_ended = true,
            }
            wire.ends().to_server.extend(bytes);
            assert_eq!(
                read_all(&socket, 100),
                (b"last".to_vec(), true),
                "{is_said}"
            );
            assert!(is_readable(&socket), "it stays there to be read");
            // What was to be said is said.
            wire.ends().space = 1000;
            assert_eq!(socket.write(b"bye").expect("no fault"), Some(3));
            drop(socket);
            let read = client.reads(&wire.take(0)).expect("records");
            assert_eq!(read, (b"bye".to_vec(), true));
        }
    }
}

#[test]
fn the_end_is_told_unless_it_is_a_reset_or_would_come_in_the_middle_of_a_record() {
    for (space, is_reset, is_told) in [
        (1000, false, true),
        (1000, true, false),
        (10, false, false),
        (0, false, false),
    ] {
        let (socket, wire, mut client) = connected(VERSIONS[0]);
        wire.ends().space = space;
        let _ = socket.write(b"some words").expect("no fault");
        socket.tell_when_sent();
        if is_reset {
            socket.reset_on_close();
        }
        drop(socket);
        assert!(wire.ends().told_when_sent);
        assert_eq!(wire.ends().is_reset, is_reset);
        let (text, has_ended) = client.reads(&wire.take(0)).expect("records");
        let all = if space == 1000 {
            &b"some words"[..]
        } else {
            b""
        };
        assert_eq!(
            (text.as_slice(), has_ended),
            (all, is_told),
            "{space} {is_reset}"
        );
    }
}

#[test]
fn a_broken_record_breaks_the_connection_and_the_client_is_told() {
    for version in VERSIONS {
        let (socket, wire, mut client) = connected(version);
        let mut bytes = client.says(b"good");
        let mut bad = client.says(b"bad");
        *bad.last_mut().expect("it is not empty") ^= 1;
        bytes.extend(bad);
        wire.ends().to_server.extend(bytes);
        wire.ends().space = 1000;
        let mut buffer = [0; 100];
        // What came before is whole.
        assert_eq!(socket.read(&mut buffer).expect("no fault"), Some(4));
        assert!(is_readable(&socket));
        let error = socket.read(&mut buffer).expect_err("it is broken");
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        let told = client.reads(&wire.take(0)).expect_err("an alert");
        assert!(matches!(told, Error::AlertReceived(_)), "{told}");
        wire.ends().space = 1000;
        assert!(socket.write(b"x").is_err());
        drop(socket);
        assert_eq!(wire.take(0), b"");
    }
}
