//! Lines of a bounded length, from a socket.

use std::io;
use std::os::unix::net::UnixStream;

use futures_lite::AsyncReadExt;
use smol::Async;

/// What comes from a client, by the line. A line that has begun waits in it, so that waiting may be given up and taken up.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    socket: &'a Async<UnixStream>,
    bytes: Vec<u8>,
    most: usize,
}

impl<'a> Lines<'a> {
    /// Lines of at most so many bytes.
    pub(super) fn new(socket: &'a Async<UnixStream>, most: usize) -> Lines<'a> {
        Lines {
            socket,
            bytes: Vec::new(),
            most,
        }
    }

    /// The next line, without its end, or that it is too long; `None` at the end of input, where half a line counts.
    pub(super) async fn next(&mut self) -> io::Result<Option<Result<Vec<u8>, ()>>> {
        loop {
            if let Some(end) = self.bytes.iter().position(|byte| *byte == b'\n') {
                let mut line: Vec<u8> = self.bytes.drain(..=end).collect();
                line.pop();
                return Ok(Some(match line.len() > self.most {
                    true => Err(()),
                    false => Ok(line),
                }));
            }
            if self.bytes.len() > self.most {
                return Ok(Some(Err(())));
            }
            let mut buffer = [0; 1024];
            let mut socket = self.socket;
            match socket.read(&mut buffer).await? {
                0 if self.bytes.is_empty() => return Ok(None),
                0 => return Ok(Some(Ok(std::mem::take(&mut self.bytes)))),
                count => self.bytes.extend_from_slice(&buffer[..count]),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn lines_are_cut_where_they_end_and_a_long_one_is_refused_before_it_is_whole() {
        let (mut here, there) = UnixStream::pair().expect("two sockets");
        let there = Async::new(there).expect("a socket");
        let mut lines = Lines::new(&there, 8);
        let mut next = || smol::block_on(lines.next()).expect("it can be read");
        here.write_all(b"one\n\r\ntwo\nlast")
            .expect("it takes that");
        assert_eq!(next(), Some(Ok(b"one".to_vec())));
        assert_eq!(next(), Some(Ok(b"\r".to_vec())));
        assert_eq!(next(), Some(Ok(b"two".to_vec())));
        here.write_all(b" one\n123456789").expect("it takes that");
        assert_eq!(next(), Some(Ok(b"last one".to_vec())));
        assert_eq!(next(), Some(Err(())));
    }

    #[test]
    fn half_a_line_at_the_end_of_input_counts() {
        let (mut here, there) = UnixStream::pair().expect("two sockets");
        let there = Async::new(there).expect("a socket");
        let mut lines = Lines::new(&there, 8);
        here.write_all(b"list").expect("it takes that");
        drop(here);
        let mut next = || smol::block_on(lines.next()).expect("it can be read");
        assert_eq!(next(), Some(Ok(b"list".to_vec())));
        assert_eq!(next(), None);
    }
}
