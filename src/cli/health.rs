//! `parlor health`: asks a server whether it is well, for those who start it anew if it is not.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use argh::FromArgs;

use super::Failure;
use crate::config::{Config, ConfigSource, Options};
use crate::limits::{HEALTH_ANSWER_BYTES_MAX, HEALTH_ANSWER_MAX};
use crate::net::endpoint::Place;
use crate::text;

/// Ask the server on this machine whether it is well: whether a line that is said now is stored and back within a
/// second. Needs --metrics, which may also be in the file or in the environment, as for the server.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "health")]
pub struct Health {
    /// where the server has its --metrics: ADDRESS:PORT or unix:PATH
    #[argh(option, arg_name = "where")]
    pub metrics: Option<String>,

    /// the file with the server's options
    #[argh(option, arg_name = "file")]
    pub config: Option<PathBuf>,
}

impl Health {
    /// Asks, and says what the answer is.
    ///
    /// # Errors
    ///
    /// Why the server is not well, or cannot be asked.
    pub fn run(self) -> Result<(), Failure> {
        let flags = Options {
            metrics: self.metrics,
            ..Options::default()
        };
        let source = ConfigSource::new(flags, self.config, std::env::vars_os());
        let options = source.read()?;
        let Some(listen) = Config::parse_metrics(&options)? else {
            let why = "say where the server has its --metrics, such as --metrics 127.0.0.1:50080";
            return Err(Failure::Usage(why.to_owned()));
        };
        let asked = ask(&listen.place);
        let place = options.metrics.unwrap_or_default();
        let (code, words) =
            asked.map_err(|why| format!("cannot ask the server at {place}: {why}"))?;
        match code {
            200 => {
                // That nobody wants to read it is no error.
                let _ = writeln!(io::stdout(), "{words}");
                Ok(())
            }
            503 => Err(words.into()),
            _ => Err(format!("what is at {place} is no parlor: it answers {code}").into()),
        }
    }
}

/// Asks whoever is there; gives the code of the answer and its first line.
fn ask(place: &Place) -> Result<(u16, String), String> {
    let until = Instant::now() + HEALTH_ANSWER_MAX;
    let left = || until.saturating_duration_since(Instant::now()).max(SHORT);
    let answer = match place {
        Place::Tcp(address) => {
            let socket = TcpStream::connect_timeout(&to_connect(*address), left());
            let socket = socket.map_err(explain)?;
            exchange(&socket, |time| socket.set_read_timeout(time), left)
        }
        Place::Unix(place) => {
            let socket = UnixStream::connect(&place.path).map_err(explain)?;
            exchange(&socket, |time| socket.set_read_timeout(time), left)
        }
    };
    parse(&answer.map_err(explain)?).ok_or_else(|| "it does not speak HTTP".to_owned())
}

/// The shortest time that a socket can be told to wait.
const SHORT: Duration = Duration::from_millis(1);

/// The address of a server that listens there, which may be any.
fn to_connect(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

fn exchange<S>(
    mut socket: S,
    set_timeout: impl Fn(Option<Duration>) -> io::Result<()>,
    left: impl Fn() -> Duration,
) -> io::Result<Vec<u8>>
where
    S: Read + Write,
{
    socket.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
    let (mut answer, mut buffer) = (Vec::new(), [0; 1024]);
    while answer.len() < HEALTH_ANSWER_BYTES_MAX {
        let time = left();
        if time <= SHORT {
            return Err(io::ErrorKind::TimedOut.into());
        }
        set_timeout(Some(time))?;
        match socket.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => answer.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // What closes so has said all it had to say.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => break,
            Err(error) => return Err(error),
        }
    }
    Ok(answer)
}

fn explain(error: io::Error) -> String {
    match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => {
            format!("no answer within {} seconds", HEALTH_ANSWER_MAX.as_secs())
        }
        io::ErrorKind::ConnectionRefused => "nobody listens there".to_owned(),
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        _ => error.to_string(),
    }
}

/// The code of an answer, and the first line of its content.
fn parse(answer: &[u8]) -> Option<(u16, String)> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut headers);
    let Ok(httparse::Status::Complete(length)) = response.parse(answer) else {
        return None;
    };
    let line = answer[length..].split(|byte| *byte == b'\n').next();
    Some((response.code?, text::clean(line.unwrap_or_default())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_its_code_and_its_first_line() {
        for (answer, expected) in [
            (
                "HTTP/1.1 200 OK\r\n\r\nok: yes\nmore",
                Some((200, "ok: yes")),
            ),
            (
                "HTTP/1.1 503 No\r\nA: b\r\n\r\nnot \u{1b}[2Jok\n",
                Some((503, "not ok")),
            ),
            ("HTTP/1.0 404 \r\n\r\n", Some((404, ""))),
            ("HTTP/1.1 200 OK\r\n", None),
            ("220 mail.example\r\n", None),
            ("", None),
        ] {
            let found = parse(answer.as_bytes());
            let found = found.as_ref().map(|(code, line)| (*code, line.as_str()));
            assert_eq!(found, expected, "{answer:?}");
        }
    }

    #[test]
    fn a_server_that_listens_everywhere_is_asked_on_this_machine() {
        for (listens, asked) in [
            ("0.0.0.0:7", "127.0.0.1:7"),
            ("[::]:7", "[::1]:7"),
            ("192.0.2.1:7", "192.0.2.1:7"),
        ] {
            let address = |text: &str| text.parse::<SocketAddr>().expect("an address");
            assert_eq!(to_connect(address(listens)), address(asked));
        }
    }
}
