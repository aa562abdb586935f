//! *Pure.* The client's side of Telnet: a terminal in raw mode, for a server that draws and edits.
//!
//! All that matters is said before the server has a word, so that it need not find out: it echoes and edits from the first
//! key on (RFC 857, 858), bytes are as they are (RFC 856), and the terminal has a type and a size (RFC 1091, 1073).

use crate::limits::TERMINAL_TYPE_BYTES_MAX;
use crate::terminal::telnet::{
    DO, Decoder, Event, IAC, Options, SB, SE, Side, TELOPT_BINARY, TELOPT_ECHO, TELOPT_NAWS,
    TELOPT_SGA, TELOPT_TM, TELOPT_TTYPE, Verdict,
};

/// What asks for the type of a terminal, and what comes before one (RFC 1091).
const SEND: u8 = 1;
const IS: u8 = 0;

/// What a server answers at once, whatever it is doing (RFC 860).
pub(super) const TIMING_MARK: [u8; 3] = [IAC, DO, TELOPT_TM];

/// What a terminal is like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TerminalInfo {
    /// Its type, such as `xterm-256color`.
    pub(super) kind: String,
    /// Its size in cells; zeros where it is not known.
    pub(super) columns: u16,
    pub(super) rows: u16,
}

/// The client's side of a connection.
#[derive(Debug)]
pub(super) struct Client {
    decoder: Decoder,
    options: Options,
    kind: String,
}

impl Client {
    /// The start of a connection, and what is sent first.
    pub(super) fn start(terminal: &TerminalInfo) -> (Client, Vec<u8>) {
        let is_fit = |letter: &char| letter.is_ascii_graphic();
        let kind: String = terminal.kind.chars().filter(is_fit).collect();
        let mut client = Client {
            decoder: Decoder::new(),
            options: Options::new(),
            kind: kind[..kind.len().min(TERMINAL_TYPE_BYTES_MAX)].to_owned(),
        };
        let mut out = Vec::new();
        for (side, option) in [
            (Side::Us, TELOPT_NAWS),
            (Side::Us, TELOPT_TTYPE),
            (Side::Us, TELOPT_BINARY),
            (Side::Him, TELOPT_BINARY),
            (Side::Him, TELOPT_ECHO),
            (Side::Him, TELOPT_SGA),
        ] {
            out.extend(
                client
                    .options
                    .request_enable(side, option)
                    .into_iter()
                    .flatten(),
            );
        }
        out.extend(window_size(terminal.columns, terminal.rows));
        (client, out)
    }

    /// Takes what the server has sent: appends what is for the terminal to `shown`, and gives what is to be answered.
    pub(super) fn receive(&mut self, bytes: &[u8], shown: &mut Vec<u8>) -> Vec<u8> {
        let mut answers = Vec::new();
        let mut rest = bytes;
        while let Some(event) = self.decoder.next(&mut rest) {
            match event {
                Event::Data(data) => shown.extend(data),
                Event::Negotiate { verb, option } => {
                    answers.extend(
                        self.options
                            .receive(verb, option, policy)
                            .into_iter()
                            .flatten(),
                    );
                }
                Event::Subnegotiation { option, payload } => {
                    if option == TELOPT_TTYPE && payload == [SEND] {
                        answers.extend([IAC, SB, TELOPT_TTYPE, IS]);
                        answers.extend(self.kind.bytes());
                        answers.extend([IAC, SE]);
                    }
                }
                // None of them is for a client.
                Event::Command(_) => {}
            }
        }
        answers
    }
}

fn policy(side: Side, option: u8) -> Verdict {
    match (side, option) {
        (Side::Us, TELOPT_NAWS | TELOPT_TTYPE | TELOPT_BINARY | TELOPT_SGA)
        | (Side::Him, TELOPT_BINARY | TELOPT_ECHO | TELOPT_SGA) => Verdict::Accept,
        _ => Verdict::Refuse,
    }
}

/// How keys are sent: CR as CR NUL (RFC 854), 0xFF twice.
pub(super) fn typed(keys: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(keys.len() + 1);
    for &key in keys {
        bytes.push(key);
        match key {
            b'\r' => bytes.push(0),
            IAC => bytes.push(IAC),
            _ => {}
        }
    }
    bytes
}

/// The size of the window.
pub(super) fn window_size(columns: u16, rows: u16) -> Vec<u8> {
    let mut bytes = vec![IAC, SB, TELOPT_NAWS];
    for byte in columns.to_be_bytes().into_iter().chain(rows.to_be_bytes()) {
        bytes.push(byte);
        if byte == IAC {
            bytes.push(IAC);
        }
    }
    bytes.extend([IAC, SE]);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::telnet::{Change, DONT, Mode, Negotiation, WILL, WONT};

    const XTERM: &str = "xterm-256color";

    fn start(kind: &str) -> (Client, Vec<u8>) {
        Client::start(&TerminalInfo {
            kind: kind.to_owned(),
            columns: 80,
            rows: 24,
        })
    }

    /// What is shown and answered when these bytes come in pieces of this length.
    fn received(client: &mut Client, bytes: &[u8], piece: usize) -> (Vec<u8>, Vec<u8>) {
        let (mut shown, mut answers) = (Vec::new(), Vec::new());
        for piece in bytes.chunks(piece) {
            answers.extend(client.receive(piece, &mut shown));
        }
        (shown, answers)
    }

    #[test]
    fn keys_reach_the_server_as_they_are() {
        for (keys, expected) in [
            (&b"hello\r"[..], &b"hello\r\0"[..]),
            (b"\xff\r\n\x03\x1b[A", b"\xff\xff\r\0\n\x03\x1b[A"),
            ("ด".as_bytes(), "ด".as_bytes()),
        ] {
            assert_eq!(typed(keys), expected);
        }
        assert_eq!(
            window_size(255, 24),
            [IAC, SB, TELOPT_NAWS, 0, IAC, IAC, 0, 24, IAC, SE]
        );
    }

    #[test]
    fn the_server_is_answered_and_only_data_is_shown_however_it_is_cut() {
        let (_, opening) = start(XTERM);
        assert!(opening.starts_with(&[IAC, WILL, TELOPT_NAWS]));
        assert!(opening.ends_with(&window_size(80, 24)));
        let server = [
            &b"Wel"[..],
            &[
                IAC,
                WILL,
                TELOPT_ECHO,
                IAC,
                WILL,
                TELOPT_SGA,
                IAC,
                DO,
                TELOPT_TTYPE,
            ],
            &[IAC, SB, TELOPT_TTYPE, SEND, IAC, SE],
            // What nobody asked for, and what it asks of everybody.
            &[IAC, DO, 39, IAC, WILL, 86, IAC, DO, TELOPT_TM],
            b"come\xff\xff!\x1b[?2004h",
        ]
        .concat();
        let answers = [
            &[IAC, SB, TELOPT_TTYPE, IS][..],
            XTERM.as_bytes(),
            &[IAC, SE, IAC, WONT, 39, IAC, DONT, 86, IAC, WILL, TELOPT_TM],
        ]
        .concat();
        for piece in 1..=server.len() {
            let (mut client, _) = start(XTERM);
            let (shown, answered) = received(&mut client, &server, piece);
            assert_eq!(shown, b"Welcome\xff!\x1b[?2004h", "{piece}");
            assert_eq!(answered, answers, "{piece}");
        }
    }

    #[test]
    fn a_terminal_type_is_cut_to_what_may_be_one() {
        let kind = format!("x\u{e9} \x1b{}", "y".repeat(100));
        let (mut client, _) = start(&kind);
        let asks = [IAC, SB, TELOPT_TTYPE, SEND, IAC, SE];
        let (_, answered) = received(&mut client, &asks, asks.len());
        let named = &answered[4..answered.len() - 2];
        assert_eq!(named, ["x", &"y".repeat(39)].concat().as_bytes());
    }

    /// Our own server, which knows nothing of its client, is in character mode once it has read the opening.
    #[test]
    fn the_server_echoes_from_the_first_key_on() {
        let (mut client, opening) = start(XTERM);
        let (mut decoder, mut server) = (Decoder::new(), Negotiation::new());
        let mut modes = Vec::new();
        let mut to_server = opening;
        while !to_server.is_empty() {
            let mut answers = Vec::new();
            let mut rest = &to_server[..];
            while let Some(event) = decoder.next(&mut rest) {
                let changes = server.received(&mut answers, std::time::Instant::now(), &event);
                modes.extend(changes.into_iter().filter_map(|change| match change {
                    Change::Mode(mode) => Some(mode),
                    _ => None,
                }));
            }
            to_server = client.receive(&answers, &mut Vec::new());
        }
        assert_eq!(modes.last(), Some(&Mode::Character));
    }
}
