//! `parlor attach`: a terminal, or a script, at a server's Unix socket. It is what the system's ssh server runs for whoever
//! comes by ssh, and the same for programs that bring a browser.
//!
//! First it says whom it brings (`net/proxy`). Whether that counts is the server's to decide, by the user that runs it.
//! At a terminal it speaks Telnet then; otherwise bytes pass as they are.
//!
//! Reading, writing and waiting for signals are tasks of their own, since each may be held up: a server that does not
//! read must not keep it from being answered, and neither must keep a signal from ending the program.

mod caller;
mod telnet;

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Shutdown};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::{env, future};

use argh::FromArgs;
use async_channel::{Receiver, Sender};
use async_signal::{Signal, Signals};
use futures_lite::future::or;
use futures_lite::{AsyncReadExt, AsyncWriteExt, StreamExt};
use rustix::termios::{OptionalActions, Termios, isatty, tcgetattr, tcgetwinsize, tcsetattr};
use smol::{Async, Unblock};

use self::caller::Hints;
use self::telnet::{Client, TerminalInfo};
use crate::cli::Failure;
use crate::limits::{ATTACH_ANSWERS_MAX, ATTACH_SIGN_WAIT_MAX, READ_BYTES, USER_AUTH_BYTES_MAX};

/// Bring a terminal, or a script, to a server's Unix socket. It is for the system's ssh server, as docs/ssh.md says; at a
/// socket with proxy+ the server is told who has come.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "attach")]
pub struct Attach {
    /// the address that the caller has come from, where the environment does not say it as sshd does
    #[argh(option, arg_name = "address")]
    pub from: Option<IpAddr>,

    /// the caller of --from has come by TLS, so that nobody could listen
    #[argh(switch)]
    pub tls: bool,

    /// the server's socket
    #[argh(positional)]
    pub socket: PathBuf,
}

impl Attach {
    /// Serves the terminal until the server or the caller ends it.
    ///
    /// # Errors
    ///
    /// See [`Failure`].
    pub(super) fn run(self) -> Result<(), Failure> {
        if self.tls && self.from.is_none() {
            let why = "--tls is about the caller of --from: give that too".to_owned();
            return Err(Failure::Usage(why));
        }
        let socket = connect(&self.socket)?;
        let connection = env::var("SSH_CONNECTION").ok();
        let user_auth = env::var_os("SSH_USER_AUTH").and_then(|file| read_start(Path::new(&file)));
        let hints = Hints {
            from: self.from,
            is_tls: self.tls,
            ssh_connection: connection.as_deref(),
            ssh_user_auth: user_auth.as_deref(),
        };
        let mut first = hints.header().to_bytes();
        if !isatty(io::stdin()) || !isatty(io::stdout()) {
            return Ok(serve(socket, first, None).map_err(failed)?);
        }
        // Before the size is told, so that no change of it is missed.
        let signals = Signals::new(SIGNALS).map_err(failed)?;
        let raw =
            RawTerminal::enter().map_err(|error| format!("cannot use the terminal: {error}"))?;
        let (columns, rows) = size();
        let (client, opening) = Client::start(&TerminalInfo {
            kind: env::var("TERM").unwrap_or_else(|_| "dumb".to_owned()),
            columns,
            rows,
        });
        first.extend(opening);
        let served = serve(socket, first, Some((client, signals)));
        drop(raw);
        Ok(served.map_err(failed)?)
    }
}

fn failed(error: io::Error) -> String {
    format!("cannot go on: {error}")
}

fn connect(path: &Path) -> Result<UnixStream, String> {
    UnixStream::connect(path).map_err(|error| {
        let why = match error.kind() {
            io::ErrorKind::NotFound => "there is no such socket".to_owned(),
            io::ErrorKind::ConnectionRefused => "no server listens there".to_owned(),
            io::ErrorKind::PermissionDenied => {
                "permission denied; the server's --listen unix:PATH,mode=660,group=NAME lets a group in"
                    .to_owned()
            }
            _ => error.to_string(),
        };
        format!("cannot connect to {}: {why}", path.display())
    })
}

/// A new size of the terminal, and what would end the program with the terminal as it is.
const SIGNALS: [Signal; 5] = [
    Signal::Winch,
    Signal::Term,
    Signal::Hup,
    Signal::Int,
    Signal::Quit,
];

/// What a file begins with; a key takes less than a kilobyte.
fn read_start(file: &Path) -> Option<String> {
    let mut text = String::new();
    let read =
        File::open(file).and_then(|file| file.take(USER_AUTH_BYTES_MAX).read_to_string(&mut text));
    read.ok().map(|_| text)
}

/// Columns and rows of the terminal; zeros if it does not know.
fn size() -> (u16, u16) {
    tcgetwinsize(io::stdout()).map_or((0, 0), |size| (size.ws_col, size.ws_row))
}

/// A terminal in raw mode, as it was before once this is dropped, be it by a panic.
struct RawTerminal(Termios);

impl RawTerminal {
    fn enter() -> io::Result<RawTerminal> {
        let before = tcgetattr(io::stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        // What was typed ahead is for the server.
        tcsetattr(io::stdin(), OptionalActions::Now, &raw)?;
        Ok(RawTerminal(before))
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        // At once, and not when all is shown: nobody may be looking any more. Pastes are not marked any longer; a server
        // that is gone has not said so.
        let _ = io::stdout()
            .write_all(b"\x1b[?2004l")
            .and_then(|()| io::stdout().flush());
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}

/// Passes bytes both ways until the server has ended the connection, the terminal is gone, or a signal says to stop. At a
/// terminal there is a Telnet `client`, and signals matter.
fn serve(
    socket: UnixStream,
    first: Vec<u8>,
    terminal: Option<(Client, Signals)>,
) -> io::Result<()> {
    let (answers, answered) = async_channel::bounded(ATTACH_ANSWERS_MAX);
    smol::block_on(async {
        let socket = Async::new(socket)?;
        let end = match terminal {
            None => {
                or(
                    receive(&socket, show_all),
                    send(&socket, first, answered, None),
                )
                .await?
            }
            Some((mut client, signals)) => {
                let signals = heed_signals(signals, answers.clone());
                let receiving = receive(&socket, |bytes, shown| {
                    let answer = client.receive(bytes, shown);
                    if !answer.is_empty() {
                        // A server that asks so much and takes no answer gets none.
                        let _ = answers.try_send(answer);
                    }
                });
                let sending = send(&socket, first, answered, Some(telnet::typed));
                or(receiving, or(sending, signals)).await?
            }
        };
        if let End::TerminalGone = end {
            break_off(&socket).await;
        }
        Ok(())
    })
}

/// How it has ended.
enum End {
    /// The server has ended the connection, or somebody has told this program to go.
    Over,
    /// Nobody is at the terminal any more.
    TerminalGone,
}

/// Ends a connection so that the server takes it for lost, and keeps the seat of a user who may not even know: for it a Unix
/// socket is broken, and not at its end, if it was closed with something unread. So it is asked for a sign of life.
async fn break_off(mut socket: &Async<UnixStream>) {
    let unread = async {
        let asked = socket.write_all(&telnet::TIMING_MARK).await;
        if asked.is_ok() {
            let _ = socket.readable().await;
        }
    };
    let given_up = async {
        smol::Timer::after(ATTACH_SIGN_WAIT_MAX).await;
    };
    or(unread, given_up).await;
}

/// Sends `first`, and then what is typed, as `encode` makes it, with answers in between. At the end of input half of the
/// connection is closed, since what was asked is answered still; a terminal that ends is gone.
async fn send(
    mut socket: &Async<UnixStream>,
    first: Vec<u8>,
    answered: Receiver<Vec<u8>>,
    encode: Option<Encode>,
) -> io::Result<End> {
    let mut input = Unblock::new(io::stdin());
    let mut buffer = vec![0; READ_BYTES];
    let mut bytes = first;
    // A server that is gone may have said something before, which is read to its end.
    while socket.write_all(&bytes).await.is_ok() {
        let answer = async {
            match answered.recv().await {
                Ok(answer) => Ok(Next::Answer(answer)),
                Err(_) => future::pending().await,
            }
        };
        let typed = async { input.read(&mut buffer).await.map(Next::Typed) };
        bytes = match (or(answer, typed).await, encode) {
            (Ok(Next::Answer(answer)), _) => answer,
            (Ok(Next::Typed(0)) | Err(_), Some(_)) => return Ok(End::TerminalGone),
            (Ok(Next::Typed(0)), None) => {
                let _ = socket.get_ref().shutdown(Shutdown::Write);
                break;
            }
            (Err(error), None) => return Err(error),
            (Ok(Next::Typed(count)), Some(encode)) => encode(&buffer[..count]),
            (Ok(Next::Typed(count)), None) => buffer[..count].to_vec(),
        };
    }
    future::pending().await
}

/// How what is typed is sent.
type Encode = fn(&[u8]) -> Vec<u8>;

/// What is to be sent next.
enum Next {
    Answer(Vec<u8>),
    /// So many bytes of what was typed.
    Typed(usize),
}

fn show_all(bytes: &[u8], shown: &mut Vec<u8>) {
    shown.extend(bytes);
}

/// Shows what the server sends, as `decode` appends it, until it has ended the connection or nobody takes it any more.
async fn receive(
    mut socket: &Async<UnixStream>,
    mut decode: impl FnMut(&[u8], &mut Vec<u8>),
) -> io::Result<End> {
    let mut output = Unblock::new(io::stdout());
    let mut buffer = vec![0; READ_BYTES];
    let mut shown = Vec::new();
    loop {
        // A server that is gone without a word has ended the connection too.
        let count = socket.read(&mut buffer).await.unwrap_or(0);
        if count == 0 {
            return Ok(End::Over);
        }
        shown.clear();
        decode(&buffer[..count], &mut shown);
        let written = async {
            output.write_all(&shown).await?;
            output.flush().await
        };
        if written.await.is_err() {
            return Ok(End::TerminalGone);
        }
    }
}

/// Tells the server of each new size, until a signal says to stop.
async fn heed_signals(mut signals: Signals, sizes: Sender<Vec<u8>>) -> io::Result<End> {
    loop {
        match signals.next().await {
            Some(Ok(Signal::Winch)) => {
                let (columns, rows) = size();
                // If it is not sent the next one is.
                let _ = sizes.try_send(telnet::window_size(columns, rows));
            }
            Some(Ok(Signal::Hup)) => return Ok(End::TerminalGone),
            _ => return Ok(End::Over),
        }
    }
}
