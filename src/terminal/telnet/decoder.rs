//! Splits the bytes of a client into data and Telnet commands (RFC 854, RFC 855).
//!
//! The decoder only keeps state; what the events mean is decided elsewhere. Any sequence of bytes is
//! legal input, and how it is cut into reads changes nothing but the lengths of the data slices.

use crate::limits::SUBNEGOTIATION_BYTES_MAX;
use crate::terminal::telnet::{
    ABORT, AO, AYT, BRK, DM, DO, DONT, EC, EL, EOF, EOR, GA, IAC, IP, NOP, SB, SE, SUSP, WILL, WONT,
};

/// What a client has sent, borrowed from the input where possible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event<'i> {
    /// Data, never empty: the longest run that the input holds in one piece. A doubled IAC has become
    /// one byte 0xFF; CR, LF and NUL are as they came.
    Data(&'i [u8]),
    /// A command of two bytes.
    Command(Command),
    /// An option is asked for, agreed to or refused; the option may be any number.
    Negotiate {
        /// What is said about the option.
        verb: Verb,
        /// The number of the option.
        option: u8,
    },
    /// A complete subnegotiation with doubled IACs made single.
    Subnegotiation {
        /// The number of the option.
        option: u8,
        /// What followed the number, at most [`SUBNEGOTIATION_BYTES_MAX`] bytes.
        payload: Vec<u8>,
    },
}

/// A command without arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// IAC EOF: the user typed the end-of-file character.
    EndOfFile,
    /// IAC SUSP: the user typed the suspend character.
    Suspend,
    /// IAC ABORT: the user typed the quit character.
    Abort,
    /// IAC EOR: a record ends.
    EndOfRecord,
    /// IAC NOP: nothing.
    NoOperation,
    /// IAC DM: the end of a Synch.
    DataMark,
    /// IAC BRK: the break key.
    Break,
    /// IAC IP: the user typed the interrupt character.
    InterruptProcess,
    /// IAC AO: discard output that has not been shown yet.
    AbortOutput,
    /// IAC AYT: are you there? The client wants a sign of life.
    AreYouThere,
    /// IAC EC: erase the last character.
    EraseCharacter,
    /// IAC EL: erase the line.
    EraseLine,
    /// IAC GA: the other side may send.
    GoAhead,
    /// IAC and a byte without a meaning in any RFC, or an IAC SE that ends nothing.
    Unknown(u8),
}

/// The four words of option negotiation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Verb {
    /// The sender wants to use the option.
    Will = WILL,
    /// The sender does not use the option.
    Wont = WONT,
    /// The receiver shall use the option.
    Do = DO,
    /// The receiver shall not use the option.
    Dont = DONT,
}

/// The state between two reads.
///
/// It holds no memory beyond its own size unless a subnegotiation is open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decoder {
    state: State,
    /// Option number and payload of the subnegotiation that is open.
    subnegotiation: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Data,
    /// After an IAC outside a subnegotiation.
    Iac,
    /// After IAC and a verb.
    Negotiate(Verb),
    /// Inside a subnegotiation that is kept, or swallowed because it is too long.
    Subnegotiation { kept: bool },
    /// After an IAC inside a subnegotiation.
    SubnegotiationIac { kept: bool },
}

impl Decoder {
    /// A decoder at the start of a connection.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes bytes from the front of `input` up to the end of the next event, or all of them if no
    /// event is complete. `None` says that `input` is used up.
    pub fn next<'i>(&mut self, input: &mut &'i [u8]) -> Option<Event<'i>> {
        while let Some((&byte, rest)) = input.split_first() {
            if self.state == State::Data && byte != IAC {
                return Some(take_data(input, 0));
            }
            if self.state == State::Iac && byte == IAC {
                self.state = State::Data;
                return Some(take_data(input, 1));
            }
            *input = rest;
            if let Some(event) = self.take_byte(byte) {
                return Some(event);
            }
        }
        None
    }

    /// Handles a byte that is not data.
    fn take_byte(&mut self, byte: u8) -> Option<Event<'static>> {
        match self.state {
            State::Data => {
                self.state = State::Iac;
                None
            }
            State::Iac => self.take_command(byte),
            State::Negotiate(verb) => {
                self.state = State::Data;
                Some(Event::Negotiate { verb, option: byte })
            }
            State::Subnegotiation { kept } => {
                if byte == IAC {
                    self.state = State::SubnegotiationIac { kept };
                } else {
                    self.keep(&[byte], kept);
                }
                None
            }
            State::SubnegotiationIac { kept } => self.take_command_inside(byte, kept),
        }
    }

    fn take_command(&mut self, byte: u8) -> Option<Event<'static>> {
        self.state = match Verb::from_byte(byte) {
            Some(verb) => State::Negotiate(verb),
            None if byte == SB => State::Subnegotiation { kept: true },
            None => State::Data,
        };
        (self.state == State::Data).then(|| Event::Command(Command::from_byte(byte)))
    }

    /// Handles the byte after an IAC inside a subnegotiation.
    fn take_command_inside(&mut self, byte: u8, kept: bool) -> Option<Event<'static>> {
        match byte {
            SE => self.end_subnegotiation(kept),
            IAC => {
                self.keep(&[IAC], kept);
                None
            }
            // Not a command: taken as a 0xFF that the client forgot to double, as a client that is
            // 255 columns wide may do.
            0..EOF => {
                self.keep(&[IAC, byte], kept);
                None
            }
            // A command cannot be part of a subnegotiation, so its end got lost. Waiting for it any
            // longer would make the connection deaf.
            EOF.. => {
                self.subnegotiation = Vec::new();
                self.take_command(byte)
            }
        }
    }

    fn keep(&mut self, bytes: &[u8], kept: bool) {
        // The number of the option stands before the payload.
        let space = (1 + SUBNEGOTIATION_BYTES_MAX) - self.subnegotiation.len();
        let kept = kept && bytes.len() <= space;
        if kept {
            self.subnegotiation.extend_from_slice(bytes);
        } else {
            self.subnegotiation = Vec::new();
        }
        self.state = State::Subnegotiation { kept };
    }

    fn end_subnegotiation(&mut self, kept: bool) -> Option<Event<'static>> {
        self.state = State::Data;
        let mut payload = std::mem::take(&mut self.subnegotiation);
        if !kept || payload.is_empty() {
            return None;
        }
        let option = payload.remove(0);
        Some(Event::Subnegotiation { option, payload })
    }
}

impl Verb {
    /// The verb that `byte` stands for after an IAC.
    pub fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            WILL => Some(Self::Will),
            WONT => Some(Self::Wont),
            DO => Some(Self::Do),
            DONT => Some(Self::Dont),
            _ => None,
        }
    }
}

impl Command {
    /// The command that `byte` stands for after an IAC.
    fn from_byte(byte: u8) -> Self {
        match byte {
            EOF => Self::EndOfFile,
            SUSP => Self::Suspend,
            ABORT => Self::Abort,
            EOR => Self::EndOfRecord,
            NOP => Self::NoOperation,
            DM => Self::DataMark,
            BRK => Self::Break,
            IP => Self::InterruptProcess,
            AO => Self::AbortOutput,
            AYT => Self::AreYouThere,
            EC => Self::EraseCharacter,
            EL => Self::EraseLine,
            GA => Self::GoAhead,
            other => Self::Unknown(other),
        }
    }
}

/// Takes data up to the next IAC; the first `literal` bytes are data whatever they are.
fn take_data<'i>(input: &mut &'i [u8], literal: usize) -> Event<'i> {
    let run = input[literal..].iter().position(|&byte| byte == IAC);
    let (data, rest) = input.split_at(run.map_or(input.len(), |run| literal + run));
    *input = rest;
    Event::Data(data)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An event that owns its data, with neighbouring data joined.
    #[derive(Clone, Debug, PartialEq, Eq)]
    enum Seen {
        Data(Vec<u8>),
        Command(Command),
        Negotiate(Verb, u8),
        Subnegotiation(u8, Vec<u8>),
    }

    fn decode(decoder: &mut Decoder, mut input: &[u8], seen: &mut Vec<Seen>) {
        while let Some(event) = decoder.next(&mut input) {
            match event {
                Event::Data(data) => {
                    assert!(!data.is_empty(), "empty data");
                    if let Some(Seen::Data(before)) = seen.last_mut() {
                        before.extend_from_slice(data);
                    } else {
                        seen.push(Seen::Data(data.to_vec()));
                    }
                }
                Event::Command(command) => seen.push(Seen::Command(command)),
                Event::Negotiate { verb, option } => seen.push(Seen::Negotiate(verb, option)),
                Event::Subnegotiation { option, payload } => {
                    seen.push(Seen::Subnegotiation(option, payload));
                }
            }
        }
        assert!(input.is_empty(), "input left over");
    }

    fn decode_pieces<'p>(pieces: impl IntoIterator<Item = &'p [u8]>) -> Vec<Seen> {
        let mut decoder = Decoder::new();
        let mut seen = Vec::new();
        for piece in pieces {
            decode(&mut decoder, piece, &mut seen);
        }
        seen
    }

    /// Decodes `input` whole, in every two-way cut and byte by byte, and expects the same each time.
    #[track_caller]
    fn check(input: &[u8], expected: &[Seen]) {
        assert_eq!(decode_pieces([input]), expected, "whole {input:02x?}");
        for cut in 0..=input.len() {
            let (left, right) = input.split_at(cut);
            let seen = decode_pieces([left, right]);
            assert_eq!(seen, expected, "{left:02x?} then {right:02x?}");
        }
        assert_eq!(decode_pieces(input.chunks(1)), expected, "bytewise");
    }

    fn data(bytes: &[u8]) -> Seen {
        Seen::Data(bytes.to_vec())
    }

    #[test]
    fn data_passes_through_untouched() {
        check(b"", &[]);
        check(b"\x00\r\n\x7f\xfe", &[data(b"\x00\r\n\x7f\xfe")]);
        check("สวัสดี\r\0".as_bytes(), &[data("สวัสดี\r\0".as_bytes())]);
    }

    #[test]
    fn a_doubled_iac_is_one_data_byte() {
        check(b"\xff\xff", &[data(b"\xff")]);
        check(b"a\xff\xff\xff\xffb", &[data(b"a\xff\xffb")]);
    }

    #[test]
    fn a_run_of_data_is_one_event() {
        let mut input: &[u8] = b"\xff\xffabc\xff\xf1def";
        let mut decoder = Decoder::new();
        assert_eq!(decoder.next(&mut input), Some(Event::Data(b"\xffabc")));
        assert_eq!(input, b"\xff\xf1def");
    }

    #[test]
    fn a_carriage_return_does_not_swallow_the_command_behind_it() {
        check(
            b"\r\xff\xf1x",
            &[data(b"\r"), Seen::Command(Command::NoOperation), data(b"x")],
        );
    }

    #[test]
    fn every_byte_after_an_iac_has_its_meaning() {
        let named = [
            (0xEC, Command::EndOfFile),
            (0xED, Command::Suspend),
            (0xEE, Command::Abort),
            (0xEF, Command::EndOfRecord),
            (0xF1, Command::NoOperation),
            (0xF2, Command::DataMark),
            (0xF3, Command::Break),
            (0xF4, Command::InterruptProcess),
            (0xF5, Command::AbortOutput),
            (0xF6, Command::AreYouThere),
            (0xF7, Command::EraseCharacter),
            (0xF8, Command::EraseLine),
            (0xF9, Command::GoAhead),
        ];
        for byte in 0..SB {
            let command = named.iter().find(|(code, _)| *code == byte);
            let command = command.map_or(Command::Unknown(byte), |(_, command)| *command);
            check(
                &[b'a', IAC, byte, b'b'],
                &[data(b"a"), Seen::Command(command), data(b"b")],
            );
        }
    }

    #[test]
    fn every_option_can_be_negotiated() {
        let verbs = [Verb::Will, Verb::Wont, Verb::Do, Verb::Dont];
        for (verb, code) in verbs.into_iter().zip(0xFB..) {
            for option in 0..=u8::MAX {
                check(
                    &[IAC, code, option, b'x'],
                    &[Seen::Negotiate(verb, option), data(b"x")],
                );
            }
        }
    }

    #[test]
    fn a_subnegotiation_carries_its_payload() {
        let size = Seen::Subnegotiation(0x1F, vec![0, 0x50, 0, 0x18]);
        check(b"\xff\xfa\x1f\x00\x50\x00\x18\xff\xf0", &[size]);
        let empty = Seen::Subnegotiation(0x18, vec![]);
        check(b"\xff\xfa\x18\xff\xf0x", &[empty, data(b"x")]);
        let escaped = Seen::Subnegotiation(0x1F, vec![0xFF, 1, 0xFF]);
        check(b"\xff\xfa\x1f\xff\xff\x01\xff\xff\xff\xf0", &[escaped]);
        let last_option = Seen::Subnegotiation(0xFF, vec![1]);
        check(b"\xff\xfa\xff\xff\x01\xff\xf0", &[last_option]);
    }

    #[test]
    fn a_subnegotiation_of_nothing_is_nothing() {
        check(b"a\xff\xfa\xff\xf0b", &[data(b"ab")]);
    }

    #[test]
    fn a_forgotten_escape_in_a_subnegotiation_is_repaired() {
        let size = Seen::Subnegotiation(0x1F, vec![0, 0xFF, 0, 0x18]);
        check(b"\xff\xfa\x1f\x00\xff\x00\x18\xff\xf0", &[size]);
    }

    #[test]
    fn a_command_inside_a_subnegotiation_ends_it() {
        check(
            b"\xff\xfa\x18\x00X\xff\xf4hi",
            &[Seen::Command(Command::InterruptProcess), data(b"hi")],
        );
        check(
            b"\xff\xfa\x18\xff\xec",
            &[Seen::Command(Command::EndOfFile)],
        );
        check(
            b"\xff\xfa\x18\x00X\xff\xfd\x06hi",
            &[Seen::Negotiate(Verb::Do, 6), data(b"hi")],
        );
        check(
            b"\xff\xfa\x18\x00X\xff\xfa\x1f\x01\xff\xf0",
            &[Seen::Subnegotiation(0x1F, vec![1])],
        );
    }

    #[test]
    fn a_subnegotiation_is_kept_up_to_its_bound_and_swallowed_beyond() {
        let framed = |payload: &[u8]| [b"\xff\xfa\x18", payload, b"\xff\xf0after"].concat();
        let longest = vec![b'x'; SUBNEGOTIATION_BYTES_MAX];
        let after = data(b"after");
        check(
            &framed(&longest),
            &[Seen::Subnegotiation(0x18, longest.clone()), after.clone()],
        );
        for more in [&b"x"[..], b"\xff\xff", b"\xff\x01", &longest] {
            let input = framed(&[&longest, more].concat());
            check(&input, std::slice::from_ref(&after));
        }
    }

    #[test]
    fn memory_is_held_only_while_a_subnegotiation_is_open() {
        let mut decoder = Decoder::new();
        for (input, held) in [
            (&b"text \xff\xfd\x01"[..], false),
            (b"\xff\xfa\x18\x00abc", true),
            (b"\xff\xf0", false),
            (b"\xff\xfa\x18\x00abc\xff\xf1", false),
            (b"\xff\xfa\x18", true),
            (&[b'x'; 2 * SUBNEGOTIATION_BYTES_MAX], false),
        ] {
            decode(&mut decoder, input, &mut Vec::new());
            assert_eq!(decoder.subnegotiation.capacity() > 0, held, "{input:02x?}");
        }
        assert!(size_of::<Decoder>() <= 32, "{}", size_of::<Decoder>());
    }

    /// Bytes in which commands are far more frequent than in noise.
    fn telnet_bytes() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![
            3 => Just(IAC),
            2 => prop_oneof![Just(SB), Just(SE), Just(DO), Just(WILL), Just(b'\r')],
            3 => any::<u8>(),
        ];
        prop::collection::vec(byte, 0..200)
    }

    proptest! {
        #[test]
        fn cuts_change_nothing(
            input in telnet_bytes(),
            cuts in prop::collection::vec(1usize..20, 1..100),
        ) {
            let mut pieces = Vec::new();
            let mut rest = &input[..];
            for cut in cuts.into_iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (piece, behind) = rest.split_at(cut.min(rest.len()));
                pieces.push(piece);
                rest = behind;
            }
            prop_assert_eq!(decode_pieces(pieces), decode_pieces([&input[..]]));
        }

        #[test]
        fn escaped_data_comes_back(input in telnet_bytes()) {
            let mut wire = Vec::new();
            for &byte in &input {
                wire.extend(std::iter::repeat_n(byte, if byte == IAC { 2 } else { 1 }));
            }
            let expected: Vec<_> = (!input.is_empty()).then(|| data(&input)).into_iter().collect();
            prop_assert_eq!(decode_pieces([&wire[..]]), expected);
        }
    }
}
