//! Somebody at a terminal: what they type next, given what they have been shown.

use crate::ledger::{Ledger, Purpose};
use crate::random::Random;
use crate::screen::Prompt;
use crate::view::{Telnet, View};
use crate::wire::Break;

/// Names that people want; some are the same, or look the same.
pub(crate) const NAMES: [&str; 8] = ["Dai", "dai", "Ðai", "ann", "bob", "Kim", "zoe", "Ann"];

/// Names of rooms.
pub(crate) const ROOMS: [&str; 4] = ["1150", "lounge", "Lounge", "7"];

const IAC: u8 = 255;
const DONT: u8 = 254;
const DO: u8 = 253;
const WONT: u8 = 252;
const WILL: u8 = 251;

const WORDS: [&str; 6] = [
    "hello",
    "yo!",
    "lunch at noon?",
    "who has the key",
    "ok",
    "no way",
];

/// The program that somebody talks to the server with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Client {
    /// nc: lines end in LF, and no Telnet.
    Plain,
    /// Something that ends its lines in CR LF, and does not know Telnet.
    CrLf,
    /// A Telnet client that refuses all that it is offered.
    TelnetLines,
    /// A Telnet client that agrees to character mode.
    TelnetKeys,
    /// Something that sends any bytes, lines among them.
    Noise,
}

impl Client {
    pub(crate) fn any(random: &mut Random) -> Client {
        match random.below(100) {
            0..62 => Client::Plain,
            62..72 => Client::CrLf,
            72..80 => Client::TelnetLines,
            80..95 => Client::TelnetKeys,
            _ => Client::Noise,
        }
    }

    /// How it ends its lines.
    pub(crate) fn line_end(self, random: &mut Random) -> &'static [u8] {
        match self {
            Client::Plain => b"\n",
            Client::CrLf => b"\r\n",
            Client::TelnetLines | Client::TelnetKeys => random.pick(&[&b"\r\n"[..], b"\r\0"]),
            Client::Noise => random.pick(&[&b"\n"[..], b"\r\n", b"\r"]),
        }
    }

    /// What it answers to a Telnet command, if it does.
    pub(crate) fn answer(self, command: Telnet) -> Vec<u8> {
        let agrees = self == Client::TelnetKeys;
        match (self, command) {
            (Client::Plain | Client::CrLf | Client::Noise, _) => Vec::new(),
            (_, Telnet::Verb(DO, 31)) if agrees => {
                let mut answer = vec![IAC, WILL, 31];
                answer.extend([IAC, 250, 31, 0, 200, 0, 24, IAC, 240]);
                answer
            }
            (_, Telnet::Verb(DO, option @ (0 | 24))) if agrees => vec![IAC, WILL, option],
            (_, Telnet::Verb(DO, option)) => vec![IAC, WONT, option],
            (_, Telnet::Verb(WILL, option)) => {
                vec![IAC, if agrees { DO } else { DONT }, option]
            }
            (_, Telnet::Verb(DONT, option)) => vec![IAC, WONT, option],
            (_, Telnet::Verb(_, option)) => vec![IAC, DONT, option],
            (_, Telnet::Asked(_)) => [&[IAC, 250, 24, 0][..], b"XTERM", &[IAC, 240]].concat(),
        }
    }
}

/// What somebody does next.
#[derive(Debug)]
pub(crate) enum Action {
    /// Types these lines, all at once.
    Type(Vec<String>),
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Ends the input: the connection is half-closed.
    End,
    Break(Break),
    /// Takes nothing of what comes for so many milliseconds; `None`: never again.
    Stall(Option<u64>),
}

/// What somebody does who may also go, or stop reading.
pub(crate) fn act(client: Client, hand: &mut Hand<'_>) -> Action {
    match hand.random.below(1000) {
        0..8 => Action::End,
        8..14 => Action::Break(Break::Reset),
        14..20 => Action::Break(Break::LateReset),
        20..26 => Action::Break(Break::Gone),
        26..50 => Action::Stall(Some(hand.random.between(10, 20_000) as u64)),
        50..53 => Action::Stall(None),
        _ if client == Client::Noise => Action::Send(noise(hand.random)),
        _ => hand.types(),
    }
}

/// Any bytes, with line ends and Telnet commands among them.
fn noise(random: &mut Random) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..random.between(1, 24) {
        match random.below(24) {
            0 => {
                bytes.extend(random.pick(&[&b"\n2\r\n1150\r\n"[..], b"\n\\exit\n", b"\r4\rzoe\r"]))
            }
            1..3 => bytes.extend([255, random.between(240, 254) as u8, random.below(40) as u8]),
            3..6 => {
                bytes.extend(random.pick(&[&b"\r\n"[..], b"\n", b"\r\0", b"\x1b[A", b"\xc3\xa9"]))
            }
            _ => bytes.push(random.below(256) as u8),
        }
    }
    // Nothing is to look like a line with a number.
    bytes.retain(|byte| *byte != b'{');
    bytes
}

/// What the next lines are made from.
pub(crate) struct Hand<'a> {
    pub(crate) random: &'a mut Random,
    pub(crate) ledger: &'a mut Ledger,
    pub(crate) view: &'a mut View,
    pub(crate) number: usize,
}

impl Hand<'_> {
    fn types(&mut self) -> Action {
        let lines = match self.view.prompt.clone() {
            Some(Prompt::NewRoom | Prompt::Room) => self.answer(&ROOMS),
            Some(Prompt::Username) => self.answer(&NAMES),
            Some(Prompt::Close(room)) => self.answer(&[&room, &room, "1150"]),
            Some(Prompt::Create) => self.answer(&["y", "y", "Yes"]),
            Some(Prompt::Line(_)) | None if self.view.session.is_some() => self.in_room(),
            Some(Prompt::Line(_)) | None => self.at_menu(),
        };
        Action::Type(lines)
    }

    fn answer(&mut self, of: &[&str]) -> Vec<String> {
        // Where no prompts are shown it stands there for good.
        self.view.prompt = None;
        match self.random.below(20) {
            0 => vec!["\\exit".to_owned()],
            1 => vec![self.say()],
            _ => vec![self.random.pick(of).to_owned()],
        }
    }

    fn line(&mut self, purpose: Purpose) -> String {
        let words = self.random.pick(&WORDS);
        self.ledger.issue(self.number, purpose, words)
    }

    fn say(&mut self) -> String {
        self.line(Purpose::Said)
    }

    fn about(&mut self, command: &str, of: &[&str]) -> Vec<String> {
        vec![format!("\\{command} {}", self.random.pick(of))]
    }

    fn private(&mut self) -> Vec<String> {
        let name = self.random.pick(&NAMES);
        let words = self.line(Purpose::Told);
        match self.random.below(3) {
            0 => vec![format!("\\reply {words}")],
            _ => vec![format!("\\msg {name} {words}")],
        }
    }

    fn at_menu(&mut self) -> Vec<String> {
        let (room, name) = (self.random.pick(&ROOMS), self.random.pick(&NAMES));
        match self.random.below(100) {
            0..25 => vec!["2".to_owned(), room.to_owned()],
            25..45 => vec![format!("\\join {room}")],
            45..50 => vec!["2".to_owned()],
            50..60 => vec!["1".to_owned(), room.to_owned()],
            60..63 => vec!["1".to_owned()],
            63..70 => vec!["4".to_owned(), name.to_owned()],
            70..82 => vec![format!("\\name {name}")],
            82..84 => vec!["4".to_owned()],
            84..86 => vec!["3".to_owned()],
            86..91 => self.private(),
            91..94 => vec![self.say()],
            // All that a script does, in one packet.
            94..96 => {
                let lines = ["4", name, "1", room, "2", room];
                let mut lines: Vec<_> = lines.map(str::to_owned).to_vec();
                lines.push(self.say());
                lines
            }
            96 => vec![self.random.pick(&["5", "\\quit"]).to_owned()],
            97 => self.about("reopen", &ROOMS),
            _ => self.anywhere(),
        }
    }

    fn in_room(&mut self) -> Vec<String> {
        let room = self.random.pick(&ROOMS);
        match self.random.below(100) {
            0..46 => vec![self.say()],
            46..54 => (0..self.random.between(2, 9)).map(|_| self.say()).collect(),
            54..58 => vec![format!("\\me {}", self.say())],
            58..65 => self.private(),
            65..68 => vec![format!("\\topic {}", self.line(Purpose::Topic))],
            68..76 => self.as_owner(),
            76..79 => vec![
                self.random
                    .pick(&["\\history", "\\history 3", "\\search o"])
                    .to_owned(),
            ],
            79..84 => vec!["\\exit".to_owned()],
            84..89 => vec![format!("\\join {room}")],
            89..92 => self.about("name", &NAMES),
            92 => vec![self.say(), "\\exit".to_owned()],
            93 => vec![self.say(), format!("\\join {room}"), self.say()],
            94 => vec![
                self.random
                    .pick(&["exit", "\\context 2", "\\quit", ""])
                    .to_owned(),
            ],
            _ => self.anywhere(),
        }
    }

    fn as_owner(&mut self) -> Vec<String> {
        let command = self.random.pick(&[
            "kick",
            "kick",
            "kick",
            "ban",
            "unban",
            "mute",
            "unmute",
            "own",
            "own",
            "private",
            "private off",
            "close",
            "topic off",
            "unlock",
            "ban",
        ]);
        match command {
            "ban" => {
                let time = self.random.pick(&["", " for 1m", " for 2h spam"]);
                vec![format!("\\ban {}{time}", self.random.pick(&NAMES))]
            }
            "kick" | "unban" | "mute" | "unmute" | "own" => self.about(command, &NAMES),
            "close" if self.random.below(3) > 0 => vec!["\\ban".to_owned()],
            command => vec![format!("\\{command}")],
        }
    }

    fn anywhere(&mut self) -> Vec<String> {
        let command = self.random.pick(&[
            "\\who",
            "\\who all",
            "\\rooms",
            "\\stats",
            "\\time",
            "\\help who",
            "\\nick x",
            "\\away",
            "\\away at lunch",
            "\\ignore",
            "\\ignore N",
            "\\unignore N",
            "\\whois N",
            "\\bell all",
            "\\color off",
            "\\quiet",
            "\\quiet off",
            "\\timezone +07:00",
            "\\ansi",
            "\\ansi off",
            "\\plain",
            "\\plain off",
            "/who",
            "\\name",
        ]);
        let command = command.replace('N', self.random.pick(&NAMES));
        self.view.ignores |= command.starts_with("\\ignore ");
        if command == "\\ansi" {
            self.view.echoes = true;
            self.view.is_plain = false;
        }
        vec![command]
    }
}
