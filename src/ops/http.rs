//! As much of HTTP/1.1 as it takes to be watched: GET and HEAD, one request a connection (RFC 9112).
//!
//! Whoever sends slowly, sends nothing, or does not take the answer has [`HTTP_TIME_MAX`], and nobody waits for it: each
//! has a task of its own, the oldest makes place for one too many, and how many are served in a second is bounded.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::io;
use std::sync::Arc;

use futures_lite::future;
use tracing::warn;

use crate::limits::{
    ACCEPT_PAUSE, HTTP_CLOSE_MAX, HTTP_CONNECTIONS_MAX, HTTP_HEAD_BYTES_MAX, HTTP_HEADERS_MAX,
    HTTP_REQUESTS_BURST, HTTP_REQUESTS_PER_SECOND, HTTP_TIME_MAX,
};
use crate::net::listener::Listener;
use crate::net::socket::Socket;
use crate::runtime::{Clock, Runtime};
use crate::time::rate::{Pace, Rate};

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// How: `GET` and so on.
    pub method: String,
    /// What: the path, without a query.
    pub path: String,
}

/// How a request was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Here it is.
    Ok,
    /// It makes no sense.
    BadRequest,
    /// There is no such thing.
    NotFound,
    /// That cannot be done with it.
    MethodNotAllowed,
    /// It is too long.
    TooLarge,
    /// Not now.
    Unavailable,
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// How it went.
    pub status: Status,
    /// What kind of content it is.
    pub content_type: &'static str,
    /// The content.
    pub body: String,
}

/// Words for people.
const TEXT: &str = "text/plain; charset=utf-8";

impl Status {
    fn line(self) -> &'static str {
        match self {
            Status::Ok => "200 OK",
            Status::BadRequest => "400 Bad Request",
            Status::NotFound => "404 Not Found",
            Status::MethodNotAllowed => "405 Method Not Allowed",
            Status::TooLarge => "431 Request Header Fields Too Large",
            Status::Unavailable => "503 Service Unavailable",
        }
    }
}

impl Answer {
    /// A line of words.
    pub fn text(status: Status, words: impl Into<String>) -> Answer {
        let mut body = words.into();
        body.push('\n');
        Answer {
            status,
            content_type: TEXT,
            body,
        }
    }

    /// As it is sent; without its content, but with the length of that, if it is about a HEAD.
    fn bytes(&self, is_head: bool) -> Vec<u8> {
        let allow = match self.status {
            Status::MethodNotAllowed => "Allow: GET, HEAD\r\n",
            _ => "",
        };
        let head = format!(
            "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nCache-Control: no-store\r\n{allow}\
             Connection: close\r\n\r\n",
            self.status.line(),
            self.content_type,
            self.body.len()
        );
        let body = if is_head { "" } else { &self.body };
        [head.as_bytes(), body.as_bytes()].concat()
    }
}

/// What has come of a request.
#[derive(Debug, Default)]
struct Head {
    bytes: Vec<u8>,
    /// Up to here there is no end of it.
    looked: usize,
}

impl Head {
    /// Takes what has come; gives the request once all of it is there.
    ///
    /// # Errors
    ///
    /// Why there will be none.
    fn take(&mut self, bytes: &[u8]) -> Result<Option<Request>, Answer> {
        let space = HTTP_HEAD_BYTES_MAX - self.bytes.len();
        self.bytes
            .extend_from_slice(&bytes[..bytes.len().min(space)]);
        let first = self.bytes.iter().find(|byte| !b"\r\n".contains(byte));
        if first.is_some_and(|first| !first.is_ascii_alphabetic()) {
            // A TLS hello, say, which has no end that could be waited for.
            return Err(nonsense());
        }
        // It is read once its end is there: what comes byte by byte costs no more than what comes at once.
        let is_whole = is_end_in(&self.bytes[self.looked..]);
        self.looked = self.bytes.len().saturating_sub(END_BYTES_MAX - 1);
        let request = if is_whole { parse(&self.bytes)? } else { None };
        if request.is_none() && self.bytes.len() == HTTP_HEAD_BYTES_MAX {
            return Err(too_large());
        }
        Ok(request)
    }
}

/// Bytes of an empty line, with the end of the one before.
const END_BYTES_MAX: usize = 4;

fn is_end_in(bytes: &[u8]) -> bool {
    let has = |end: &[u8]| bytes.windows(end.len()).any(|window| window == end);
    has(b"\r\n\r\n") || has(b"\n\n") || has(b"\n\r\n")
}

fn nonsense() -> Answer {
    Answer::text(Status::BadRequest, "That is no HTTP/1.1 request.")
}

fn too_large() -> Answer {
    let words = format!(
        "The request is too long. Allowed are {HTTP_HEAD_BYTES_MAX} bytes and {HTTP_HEADERS_MAX} headers."
    );
    Answer::text(Status::TooLarge, words)
}

/// Reads a request; `None` if it is not all there.
fn parse(bytes: &[u8]) -> Result<Option<Request>, Answer> {
    let mut headers = [httparse::EMPTY_HEADER; HTTP_HEADERS_MAX];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(bytes) {
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(too_large()),
        Err(_) => return Err(nonsense()),
    }
    let (Some(method), Some(target)) = (request.method, request.path) else {
        return Err(nonsense());
    };
    // RFC 9112, section 3.2.
    let hosts = request.headers.iter();
    let hosts = hosts.filter(|header| header.name.eq_ignore_ascii_case("host"));
    if request.version == Some(1) && hosts.count() != 1 {
        let words = "A request of HTTP/1.1 has one Host header.";
        return Err(Answer::text(Status::BadRequest, words));
    }
    Ok(Some(Request {
        method: method.to_owned(),
        path: path_of(target).to_owned(),
    }))
}

/// The path of a target in origin form or absolute form (RFC 9112, section 3.2).
fn path_of(target: &str) -> &str {
    let scheme = target.get(..7).unwrap_or_default();
    let path = match scheme.eq_ignore_ascii_case("http://") {
        true => target[7..].find('/').map_or("/", |at| &target[7 + at..]),
        false => target,
    };
    path.split('?').next().unwrap_or_default()
}

/// Serves those who come to `listener` until it is dropped. `answer` says what is at a path; `None`: nothing.
pub async fn serve<F>(
    listener: Listener,
    runtime: Runtime,
    answer: impl Fn(String) -> F + Send + Sync + 'static,
) where
    F: Future<Output = Option<Answer>> + Send + 'static,
{
    let (tasks, clock) = (runtime.tasks(), runtime.clock.clone());
    let answer = Arc::new(answer);
    // Each ends when it is dropped.
    let mut served = VecDeque::new();
    let pace = Pace::new(HTTP_REQUESTS_PER_SECOND, HTTP_REQUESTS_BURST);
    let mut rate = Rate::new(clock.now());
    let mut has_complained = false;
    loop {
        let socket = match listener.accept().await {
            Ok((socket, _)) => socket,
            Err(error) => {
                if !std::mem::replace(&mut has_complained, true) {
                    warn!(%error, "cannot accept connections to --metrics for now");
                }
                clock.after(ACCEPT_PAUSE).await;
                continue;
            }
        };
        has_complained = false;
        served.retain(|task: &smol::Task<()>| !task.is_finished());
        if served.len() >= HTTP_CONNECTIONS_MAX {
            served.pop_front();
        }
        let (clock, answer) = (clock.clone(), Arc::clone(&answer));
        let serving = tasks.spawn(async move { attend(&socket, &clock, &*answer).await });
        served.push_back(serving);
        if let Err(turn) = rate.take(pace, runtime.clock.now()) {
            runtime.clock.at(turn).await;
        }
    }
}

/// Answers one client, for as long as it may take.
async fn attend<F>(socket: &Socket, clock: &Clock, answer: &impl Fn(String) -> F)
where
    F: Future<Output = Option<Answer>>,
{
    let in_time = async { exchange(socket, answer).await.is_ok() };
    let too_late = async {
        clock.after(HTTP_TIME_MAX).await;
        false
    };
    if !future::or(in_time, too_late).await {
        return;
    }
    socket.end_output();
    // What came after the request has to be taken, or the close is a reset and may overtake the answer.
    let gone = async { while matches!(read(socket, &mut [0; 1024]).await, Ok(1..)) {} };
    let given_up = async {
        clock.after(HTTP_CLOSE_MAX).await;
    };
    future::or(gone, given_up).await;
}

/// Takes a request and answers it.
async fn exchange<F>(socket: &Socket, answer: &impl Fn(String) -> F) -> io::Result<()>
where
    F: Future<Output = Option<Answer>>,
{
    let (mut head, mut buffer) = (Head::default(), [0; 1024]);
    let request = loop {
        let count = read(socket, &mut buffer).await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match head.take(&buffer[..count]) {
            Ok(None) => {}
            Ok(Some(request)) => break request,
            Err(refused) => return write_all(socket, &refused.bytes(false)).await,
        }
    };
    let is_head = request.method == "HEAD";
    let answered = match request.method.as_str() {
        "GET" | "HEAD" => {
            let found = answer(request.path).await;
            found
                .unwrap_or_else(|| Answer::text(Status::NotFound, "Here are /metrics and /health."))
        }
        _ => Answer::text(
            Status::MethodNotAllowed,
            "What is here can be read, and no more.",
        ),
    };
    write_all(socket, &answered.bytes(is_head)).await
}

async fn read(socket: &Socket, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        if let Some(count) = socket.read(buffer)? {
            return Ok(count);
        }
        poll_fn(|cx| socket.poll_readable(cx)).await?;
    }
}

async fn write_all(socket: &Socket, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match socket.write(bytes)? {
            Some(count) => bytes = &bytes[count..],
            None => poll_fn(|cx| socket.poll_writable(cx)).await?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of a request that comes in pieces of so many bytes: its method and path, or the status.
    fn taken(request: &[u8], piece: usize) -> Result<Option<(String, String)>, Status> {
        let mut head = Head::default();
        for bytes in request.chunks(piece) {
            match head.take(bytes) {
                Ok(None) => {}
                Ok(Some(request)) => return Ok(Some((request.method, request.path))),
                Err(answer) => return Err(answer.status),
            }
        }
        Ok(None)
    }

    #[test]
    fn a_request_is_read_however_it_is_cut() {
        let get = |path: &str| Ok(Some(("GET".to_owned(), path.to_owned())));
        let many = |count: usize| {
            let headers = "A: b\r\n".repeat(count);
            format!("GET /metrics HTTP/1.1\r\nHost: x\r\n{headers}\r\n")
        };
        let (enough, too_many) = (many(HTTP_HEADERS_MAX - 1), many(HTTP_HEADERS_MAX));
        let long = format!("GET /{} HTTP/1.1\r\n", "x".repeat(HTTP_HEAD_BYTES_MAX));
        for (request, expected) in [
            ("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", get("/metrics")),
            ("GET /metrics?a=b HTTP/1.1\nhost: x\n\n", get("/metrics")),
            ("\r\n\r\nGET / HTTP/1.0\r\n\r\n", get("/")),
            (
                "GET http://x:1/health HTTP/1.1\r\nHost: x:1\r\n\r\n",
                get("/health"),
            ),
            ("GET HTTP://x HTTP/1.1\r\nHost: x\r\n\r\n", get("/")),
            ("GET /\u{e4} HTTP/1.0\r\n\r\n", get("/\u{e4}")),
            (
                "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nGET / HTTP",
                Ok(Some(("POST".to_owned(), "/metrics".to_owned()))),
            ),
            (&enough, get("/metrics")),
            (&too_many, Err(Status::TooLarge)),
            (&long, Err(Status::TooLarge)),
            ("GET /metrics HTTP/1.1\r\nHost: x\r\n", Ok(None)),
            ("GET /metrics HTTP/1.1\r\n\r\n", Err(Status::BadRequest)),
            (
                "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
                Err(Status::BadRequest),
            ),
            (
                "GET /metrics HTTP/9.9\r\nHost: x\r\n\r\n",
                Err(Status::BadRequest),
            ),
            ("GET /metrics\r\n\r\n", Err(Status::BadRequest)),
            (
                "GET / HTTP/1.0\r\nno colon\r\n\r\n",
                Err(Status::BadRequest),
            ),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Err(Status::BadRequest)),
            ("\u{16}\u{3}\u{1}", Err(Status::BadRequest)),
            ("4\n", Err(Status::BadRequest)),
        ] {
            for piece in [1, 2, 3, 7, 1024, usize::MAX] {
                assert_eq!(
                    taken(request.as_bytes(), piece),
                    expected,
                    "{request:.80?} in pieces of {piece}"
                );
            }
        }
    }

    #[test]
    fn an_answer_to_head_has_the_length_of_what_it_leaves_out() {
        let answer = Answer::text(Status::MethodNotAllowed, "no");
        let bytes = |is_head| String::from_utf8(answer.bytes(is_head)).expect("ASCII");
        let head = "HTTP/1.1 405 Method Not Allowed\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 3\r\n\
                    Cache-Control: no-store\r\nAllow: GET, HEAD\r\nConnection: close\r\n\r\n";
        assert_eq!(bytes(true), head);
        assert_eq!(bytes(false), format!("{head}no\n"));
    }
}
