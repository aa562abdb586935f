//! As much of HTTP as it takes to look at a server's `--metrics`.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use super::{DEADLINE, Server};

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// All before the content.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    /// Reads an answer up to the end of the connection.
    pub(crate) fn read(mut from: impl Read) -> Answer {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).expect("an answer in time");
        let text = String::from_utf8(bytes).expect("UTF-8");
        let (head, body) = text
            .split_once("\r\n\r\n")
            .unwrap_or_else(|| panic!("no answer: {text:?}"));
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        Answer {
            status: status.unwrap_or_else(|| panic!("no status: {head:?}")),
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }
}

/// A connection on which a test gives up waiting.
pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let socket = TcpStream::connect(address).expect("the server accepts");
    socket
        .set_read_timeout(Some(DEADLINE))
        .expect("a socket option");
    socket
}

/// Sends these bytes, and reads what is answered.
pub(crate) fn ask(address: SocketAddr, request: impl AsRef<[u8]>) -> Answer {
    let mut socket = connect(address);
    socket
        .write_all(request.as_ref())
        .expect("the server reads");
    Answer::read(socket)
}

/// Gets what is at `path`.
pub(crate) fn get(address: SocketAddr, path: &str) -> Answer {
    ask(
        address,
        format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    )
}

impl Server {
    /// Where it has its `--metrics`, which was given as `127.0.0.1:0`.
    pub(crate) fn metrics_address(&self) -> SocketAddr {
        let port = self.said_port("metrics and health on 127.0.0.1:");
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    /// The figure `name`, with its labels as they are written.
    pub(crate) fn figure(&self, name: &str) -> f64 {
        let page = get(self.metrics_address(), "/metrics");
        assert_eq!(page.status, 200, "{page:?}");
        let value = page.body.lines().find_map(|line| {
            let value = line.strip_prefix(name)?.strip_prefix(' ')?;
            value.parse().ok()
        });
        value.unwrap_or_else(|| panic!("{name} is not in\n{}", page.body))
    }
}
