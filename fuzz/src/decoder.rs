//! The Telnet decoder.

use parlor::limits::SUBNEGOTIATION_BYTES_MAX;
use parlor::terminal::telnet::{
    ABORT, AO, AYT, BRK, Command, DM, Decoder, EC, EL, EOF, EOR, Event, GA, IAC, IP, NOP, SB, SE,
    SUSP,
};

/// The input is what a client sends.
///
/// - However it is cut, the events are the same.
/// - Data is conserved: escaped, any bytes come back; without subnegotiations the events stand for every byte.
/// - What is kept between reads is bounded.
pub fn decoder(input: &[u8]) {
    let wire = decode_and_encode([input]);
    for piece in [1, 2, 3, 7] {
        let cut = decode_and_encode(input.chunks(piece));
        assert_eq!(cut, wire, "in pieces of {piece}");
    }
    assert_eq!(decode_and_encode([&wire[..]]), wire, "decoded once more");

    let mut escaped = Vec::new();
    push_escaped(&mut escaped, input);
    assert_eq!(decode_and_encode([&escaped[..]]), escaped);

    if !input.windows(2).any(|pair| pair == [IAC, SB]) {
        let unfinished = input.strip_prefix(&wire[..]).expect("every byte in place");
        assert!(
            matches!(unfinished, [] | [IAC] | [IAC, _]),
            "{unfinished:02x?}"
        );
    }
}

/// The events of `pieces` as a well-behaved client would have sent them. Neighbouring data becomes one.
fn decode_and_encode<'p>(pieces: impl IntoIterator<Item = &'p [u8]>) -> Vec<u8> {
    let (mut decoder, mut wire) = (Decoder::new(), Vec::new());
    for mut piece in pieces {
        while let Some(event) = decoder.next(&mut piece) {
            encode(&mut wire, &event);
        }
        assert!(piece.is_empty(), "input left over");
    }
    // All that it holds is in its debug text, where a byte and a comma take five characters.
    let held = format!("{decoder:?}").len();
    assert!(held <= 5 * SUBNEGOTIATION_BYTES_MAX + 200, "{held}");
    wire
}

fn encode(wire: &mut Vec<u8>, event: &Event<'_>) {
    match event {
        Event::Data(data) => {
            assert!(!data.is_empty(), "empty data");
            push_escaped(wire, data);
        }
        Event::Command(command) => wire.extend([IAC, byte_of(*command)]),
        Event::Negotiate { verb, option } => wire.extend([IAC, *verb as u8, *option]),
        Event::Subnegotiation { option, payload } => {
            assert!(payload.len() <= SUBNEGOTIATION_BYTES_MAX);
            wire.extend([IAC, SB]);
            push_escaped(wire, &[*option]);
            push_escaped(wire, payload);
            wire.extend([IAC, SE]);
        }
    }
}

fn push_escaped(wire: &mut Vec<u8>, data: &[u8]) {
    for &byte in data {
        wire.extend(std::iter::repeat_n(byte, if byte == IAC { 2 } else { 1 }));
    }
}

fn byte_of(command: Command) -> u8 {
    match command {
        Command::EndOfFile => EOF,
        Command::Suspend => SUSP,
        Command::Abort => ABORT,
        Command::EndOfRecord => EOR,
        Command::NoOperation => NOP,
        Command::DataMark => DM,
        Command::Break => BRK,
        Command::InterruptProcess => IP,
        Command::AbortOutput => AO,
        Command::AreYouThere => AYT,
        Command::EraseCharacter => EC,
        Command::EraseLine => EL,
        Command::GoAhead => GA,
        Command::Unknown(byte) => byte,
    }
}
