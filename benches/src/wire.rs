//! *Pure.* What goes over the wire: numbered lines, what is typed to get into a room, Telnet's answers.

use std::str::FromStr;

/// Bytes of a line, its end included.
pub const LINE_BYTES: usize = 64;

/// What a member in character mode has typed and not sent. It is also how each of its lines begins, so that
/// a sender has half-typed text at all times as well.
pub const HALF_TYPED: &[u8] = b"half typed";

/// The part of a line that is looked at: `#SSSS NNNNNNNN`, sender and number, then filling.
const MARK_BYTES: usize = 14;

/// How a client talks to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// The first line names the room.
    Baseline,
    /// The numbered menu.
    Parlor,
    /// The numbered menu, as a Telnet client that lets the server echo.
    ParlorChar,
}

impl FromStr for Dialect {
    type Err = String;

    fn from_str(text: &str) -> Result<Dialect, String> {
        match text {
            "baseline" => Ok(Dialect::Baseline),
            "parlor" => Ok(Dialect::Parlor),
            "parlor-char" => Ok(Dialect::ParlorChar),
            other => Err(format!("no server speaks {other}")),
        }
    }
}

impl Dialect {
    /// What ends a typed line.
    pub fn line_end(self) -> &'static [u8] {
        match self {
            Dialect::ParlorChar => b"\r\n",
            _ => b"\n",
        }
    }

    /// Bytes at the end of a delivered line, without its line end, that a sender filled in.
    pub fn payload_bytes(self) -> usize {
        let typed = LINE_BYTES - self.line_end().len();
        match self {
            Dialect::ParlorChar => typed - HALF_TYPED.len(),
            _ => typed,
        }
    }

    /// What is typed to enter `room`, as `name` if there is one, with `settings`, each a command. The first of the two parts is typed at
    /// once; the second after the Telnet options are settled.
    pub fn entry(self, room: usize, name: Option<&str>, settings: &[String]) -> (Vec<u8>, Vec<u8>) {
        let end = std::str::from_utf8(self.line_end()).unwrap_or_default();
        let naming = name.map_or(String::new(), |name| format!("4{end}{name}{end}"));
        let text = match self {
            Dialect::Baseline => format!("room{room}{end}"),
            _ => {
                let settings: String = settings.iter().map(|line| format!("{line}{end}")).collect();
                // A line and what stands before it are a row of 80 columns, which is what most screens have.
                let width = match self {
                    Dialect::Parlor => format!("\\width 80{end}"),
                    _ => String::new(),
                };
                format!("{naming}{width}{settings}2{end}room{room}{end}")
            }
        };
        let mut first = text.into_bytes();
        let rest = match self {
            Dialect::ParlorChar => first.split_off(1 + end.len()),
            _ => Vec::new(),
        };
        (first, rest)
    }

    /// What the server shows to who has entered `room`.
    pub fn entered(self, room: usize) -> Vec<u8> {
        match self {
            Dialect::Baseline => format!("room{room}\n"),
            _ => format!("Join room room{room} successful"),
        }
        .into_bytes()
    }

    /// Appends line `number` of `sender`, as it is typed.
    pub fn write_line(self, sender: usize, number: u32, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(format!("#{sender:04} {number:08} ").as_bytes());
        out.resize(start + self.payload_bytes(), b'.');
        out.extend_from_slice(self.line_end());
        if self == Dialect::ParlorChar {
            out.extend_from_slice(HALF_TYPED);
        }
    }
}

/// The sender and the number of a delivered `line` (without LF); `None` for anything else the server shows.
pub fn parse(line: &[u8], payload_bytes: usize) -> Option<(usize, u32)> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let payload = &line[line.len().checked_sub(payload_bytes)?..];
    let mark = payload.get(..MARK_BYTES)?;
    if mark[0] != b'#' || mark[5] != b' ' {
        return None;
    }
    Some((digits(&mark[1..5])? as usize, digits(&mark[6..])?))
}

fn digits(bytes: &[u8]) -> Option<u32> {
    let mut value = 0;
    for &byte in bytes {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + u32::from(digit);
    }
    Some(value)
}

/// How a telnet of so many `columns` and `rows` agrees to character mode before it is asked: NAWS, no terminal
/// type, ECHO and SGA.
pub fn character_mode(columns: u8, rows: u8) -> Vec<u8> {
    const NAWS: u8 = 31;
    const TERMINAL_TYPE: u8 = 24;
    [
        &[IAC, WILL, NAWS, IAC, SB, NAWS, 0, columns, 0, rows, IAC, SE][..],
        &[IAC, WONT, TERMINAL_TYPE, IAC, DO, ECHO],
        &[IAC, DO, SUPPRESS_GO_AHEAD],
    ]
    .concat()
}

/// The client's side of Telnet negotiation until it is in its room.
#[derive(Clone, Copy, Debug, Default)]
pub struct Telnet {
    echo: bool,
    suppress_go_ahead: bool,
}

const IAC: u8 = 0xff;
const DONT: u8 = 0xfe;
const DO: u8 = 0xfd;
const WONT: u8 = 0xfc;
const WILL: u8 = 0xfb;
const SB: u8 = 0xfa;
const SE: u8 = 0xf0;
const ECHO: u8 = 1;
const SUPPRESS_GO_AHEAD: u8 = 3;

impl Telnet {
    /// True once the server has taken over echoing.
    pub fn is_character_mode(self) -> bool {
        self.echo && self.suppress_go_ahead
    }

    /// Takes the commands out of `bytes` and appends the answers to `out`. A command that is cut stays.
    pub fn receive(&mut self, bytes: &mut Vec<u8>, out: &mut Vec<u8>) {
        let mut data = Vec::with_capacity(bytes.len());
        let mut rest = &bytes[..];
        while let Some(&byte) = rest.first() {
            let used = match (byte, rest.get(1), rest.get(2)) {
                (IAC, Some(&SB), _) => rest
                    .windows(2)
                    .position(|pair| pair == [IAC, SE])
                    .map(|at| at + 2),
                (IAC, Some(&verb @ WILL..=DONT), Some(&option)) => {
                    self.answer(verb, option, out);
                    Some(3)
                }
                (IAC, None, _) | (IAC, Some(WILL..=DONT), None) => None,
                (IAC, Some(_), _) => Some(2),
                _ => {
                    data.push(byte);
                    Some(1)
                }
            };
            let Some(used) = used else { break };
            rest = &rest[used..];
        }
        data.extend_from_slice(rest);
        *bytes = data;
    }

    fn answer(&mut self, verb: u8, option: u8, out: &mut Vec<u8>) {
        let answer = match (verb, option) {
            (WILL, ECHO) => {
                self.echo = true;
                DO
            }
            (WILL, SUPPRESS_GO_AHEAD) => {
                self.suppress_go_ahead = true;
                DO
            }
            (WILL, _) => DONT,
            (DO, _) => WONT,
            _ => return,
        };
        out.extend_from_slice(&[IAC, answer, option]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_64_bytes_and_is_recognised_behind_whatever_the_server_puts_in_front() {
        for dialect in [Dialect::Baseline, Dialect::Parlor] {
            let mut line = Vec::new();
            dialect.write_line(37, 1234, &mut line);
            assert_eq!(line.len(), LINE_BYTES);
            let shown = [b"[12:00:00] b37: ", &line[..LINE_BYTES - 1]].concat();
            assert_eq!(parse(&shown, dialect.payload_bytes()), Some((37, 1234)));
        }
    }

    #[test]
    fn a_line_in_character_mode_begins_with_what_was_half_typed() {
        let dialect = Dialect::ParlorChar;
        let mut typed = HALF_TYPED.to_vec();
        dialect.write_line(9, 7, &mut typed);
        assert_eq!(typed.len(), LINE_BYTES + HALF_TYPED.len());
        let shown = [b"\r\x1b[K[12:00:00] b9: ", &typed[..LINE_BYTES - 1]].concat();
        assert_eq!(parse(&shown, dialect.payload_bytes()), Some((9, 7)));
    }

    #[test]
    fn whatever_else_is_shown_is_no_line() {
        for shown in [&b""[..], b"anon> ", b"* b1 joined", &[b'.'; 80]] {
            assert_eq!(parse(shown, Dialect::Parlor.payload_bytes()), None);
        }
    }

    #[test]
    fn options_are_answered_in_every_cut() {
        let sent = b"a\xff\xfd\x00\xff\xfd\x18b\xff\xfa\x18\x01\xff\xf0\xff\xfb\x01\xff\xfb\x03c";
        for cut in 0..sent.len() {
            let (mut telnet, mut data, mut answers) = (Telnet::default(), Vec::new(), Vec::new());
            for piece in [&sent[..cut], &sent[cut..]] {
                data.extend_from_slice(piece);
                telnet.receive(&mut data, &mut answers);
            }
            assert_eq!(data, b"abc", "cut at {cut}");
            assert_eq!(
                answers, b"\xff\xfc\x00\xff\xfc\x18\xff\xfd\x01\xff\xfd\x03",
                "cut at {cut}"
            );
            assert!(telnet.is_character_mode());
        }
    }
}
