//! TLS as bytes.

use rustls::SupportedProtocolVersion;

use super::*;
use crate::limits::{TLS_INCOMING_BYTES_MAX, TLS_OVERHEAD_BYTES, TLS_RECORD_BYTES};

#[test]
fn a_conversation_reads_the_same_in_pieces_of_any_size() {
    let world = World::new();
    for version in VERSIONS {
        for size in [1, 2, 3, 5, 7, 16, 64, 333, 1024, usize::MAX] {
            let (mut layer, mut client) = (world.layer(), world.client(version));
            shake_hands(&mut layer, &mut client, size);
            assert!(layer.incoming_is_empty(), "{size}");
            for words in ["hello", "and again"] {
                let sent = client.says(words.as_bytes());
                let (text, outgoing) = give(&mut layer, sent, size).expect("it is text");
                assert_eq!(text, words.as_bytes());
                assert_eq!(outgoing, b"", "nobody has to be told anything");
                assert_eq!(says(&mut layer, &mut client, words), words.as_bytes());
            }
            assert!(!layer.has_ended());
            give(&mut layer, client.closes(), size).expect("the end");
            assert!(layer.has_ended());
            // The other way is open still.
            assert_eq!(says(&mut layer, &mut client, "bye"), b"bye");
            let mut outgoing = Vec::new();
            layer.close(&mut outgoing).expect("it is up");
            let (text, has_ended) = client.reads(&outgoing).expect("the end");
            assert_eq!((text, has_ended), (Vec::new(), true));
        }
    }
}

/// What the client reads of what the server says.
fn says(layer: &mut Layer, client: &mut Client, words: &str) -> Vec<u8> {
    let mut outgoing = Vec::new();
    layer
        .seal(words.as_bytes(), &mut outgoing)
        .expect("it is up");
    assert!(outgoing.len() <= words.len() + TLS_OVERHEAD_BYTES);
    let (text, has_ended) = client.reads(&outgoing).expect("text");
    assert!(!has_ended);
    text
}

#[test]
fn records_may_be_cut_anywhere_and_answered_in_between() {
    let world = World::new();
    for version in VERSIONS {
        let length = everything(&mut pair(&world, version).1).len();
        for cut in 0..=length {
            let (mut layer, mut client) = pair(&world, version);
            let mut bytes = everything(&mut client);
            let (before, after) = bytes.split_at_mut(cut);
            let (mut text, mut outgoing) = (Vec::new(), Vec::new());
            layer
                .receive(before, &mut text, &mut outgoing)
                .expect("it is text");
            assert_eq!(says(&mut layer, &mut client, "meanwhile"), b"meanwhile");
            layer
                .receive(after, &mut text, &mut outgoing)
                .expect("it is text");
            assert_eq!(text, b"onetwothree", "cut at {cut}");
            assert!(layer.has_ended() && layer.incoming_is_empty());
        }
    }
}

/// Three records and the end.
fn everything(client: &mut Client) -> Vec<u8> {
    let words = ["one", "two", "three"];
    let mut all: Vec<u8> = words
        .iter()
        .flat_map(|words| client.says(words.as_bytes()))
        .collect();
    all.extend(client.closes());
    all
}

#[test]
fn the_hello_may_be_cut_anywhere() {
    let world = World::new();
    for version in VERSIONS {
        let length = world.client(version).sends().len();
        for cut in (0..length).step_by(7).chain(0..12) {
            let (mut layer, mut client) = (world.layer(), world.client(version));
            let mut hello = client.sends();
            let (before, after) = hello.split_at_mut(cut);
            let mut outgoing = Vec::new();
            for piece in [before, after] {
                layer
                    .receive(piece, &mut Vec::new(), &mut outgoing)
                    .expect("a hello");
            }
            client.reads(&outgoing).expect("the answer");
            shake_hands(&mut layer, &mut client, usize::MAX);
        }
    }
}

#[test]
fn the_longest_records_are_taken_and_longer_ones_are_not() {
    let world = World::new();
    for version in VERSIONS {
        let (mut layer, mut client) = pair(&world, version);
        let long: Vec<u8> = (0..3 * 16 * 1024).map(|n| n as u8).collect();
        let (text, _) = give(&mut layer, client.says(&long), TLS_INCOMING_BYTES_MAX).expect("text");
        assert!(text == long && layer.incoming_is_empty());
        // A record is as long as it says: 18,433 bytes of payload, which nobody may send.
        let mut record = vec![0x17, 3, 3, 0x48, 0x01];
        record.resize(TLS_INCOMING_BYTES_MAX, 0xA5);
        let error = give(&mut layer, record, 1000).expect_err("too long");
        assert!(matches!(error, Error::InvalidMessage(_)), "{error}");
    }
}

#[test]
fn what_is_sent_is_one_record_which_is_little_longer_than_its_text() {
    let world = World::new();
    for version in VERSIONS {
        let (mut layer, mut client) = pair(&world, version);
        for size in [1, 100, TLS_RECORD_BYTES] {
            let (words, mut outgoing) = (vec![b'x'; size], Vec::new());
            layer.seal(&words, &mut outgoing).expect("it is up");
            let payload = usize::from(outgoing[3]) << 8 | usize::from(outgoing[4]);
            assert_eq!(outgoing.len(), 5 + payload, "one record");
            assert!(outgoing.len() <= size + TLS_OVERHEAD_BYTES);
            assert_eq!(client.reads(&outgoing).expect("text").0, words);
        }
    }
}

#[test]
fn a_hello_that_does_not_end_is_given_up_where_a_record_would_end() {
    // A handshake message of 60,000 bytes in records of one byte each, or of many.
    for size in [1, 1000] {
        let mut layer = World::new().layer();
        let message = [&[1, 0x00, 0xEA, 0x60][..], &[0; 60_000]].concat();
        let records = message.chunks(size).flat_map(|chunk| {
            let length = u16::try_from(chunk.len()).expect("short").to_be_bytes();
            [&[0x16, 3, 1, length[0], length[1]], chunk].concat()
        });
        let error = give(&mut layer, records.collect(), 1400).expect_err("too long");
        assert_eq!(error, Error::PeerSentOversizedRecord);
        assert!(!layer.is_up());
    }
}

#[test]
fn whoever_sends_nonsense_is_told_and_nothing_more_is_taken() {
    let world = World::new();
    for version in VERSIONS {
        for nonsense in [
            // A record that nobody has encrypted, one of a type that there is not, and a word of chat.
            &[
                0x17, 3, 3, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            ][..],
            &[0x63, 3, 3, 0, 1, 0],
            b"hello\n",
        ] {
            let (mut layer, mut client) = pair(&world, version);
            let (mut text, mut outgoing) = (Vec::new(), Vec::new());
            let mut bytes = nonsense.to_vec();
            layer
                .receive(&mut bytes, &mut text, &mut outgoing)
                .expect_err("nonsense");
            assert_eq!(text, b"");
            let told = client.reads(&outgoing).expect_err("an alert");
            assert!(matches!(told, Error::AlertReceived(_)), "{told}");
            // Whatever is asked of it now is refused.
            assert!(
                layer
                    .receive(&mut [0x17], &mut text, &mut outgoing)
                    .is_err()
            );
            assert!(layer.seal(b"x", &mut outgoing).is_err());
            assert!(layer.close(&mut outgoing).is_err());
        }
    }
}

#[test]
fn what_comes_after_the_end_is_nobodys_word() {
    let world = World::new();
    for version in VERSIONS {
        let (mut layer, mut client) = pair(&world, version);
        let bytes = [
            client.says(b"last"),
            client.closes(),
            b"not by me\n".repeat(50),
        ]
        .concat();
        let (text, _) = give(&mut layer, bytes, 100).expect("the end comes first");
        assert_eq!(text, b"last");
        assert!(layer.has_ended() && layer.incoming_is_empty());
    }
}

#[test]
fn nothing_can_be_said_before_the_handshake_is_done() {
    let mut layer = World::new().layer();
    let mut outgoing = Vec::new();
    assert!(layer.seal(b"hello", &mut outgoing).is_err());
    assert!(layer.close(&mut outgoing).is_err());
    assert_eq!(outgoing, b"");
}

#[test]
fn new_keys_are_answered_with_the_next_words_and_not_without_end() {
    let world = World::new();
    let (mut layer, mut client) = pair(&world, &rustls::version::TLS13);
    for _ in 0..10 {
        client.0.refresh_traffic_keys().expect("it is TLS 1.3");
        let (_, outgoing) = give(&mut layer, client.sends(), usize::MAX).expect("new keys");
        assert_eq!(outgoing, b"");
    }
    assert_eq!(says(&mut layer, &mut client, "hello"), b"hello");
    let sent = client.says(b"hello");
    assert_eq!(
        give(&mut layer, sent, usize::MAX).expect("text").0,
        b"hello"
    );
    let many = |_| {
        client.0.refresh_traffic_keys().expect("it is TLS 1.3");
        give(&mut layer, client.sends(), usize::MAX)
    };
    let mut answers = (0..100).map(many);
    assert!(answers.any(|answer| answer.is_err()), "it goes on for ever");
}

#[test]
fn tickets_are_not_given_and_nothing_is_agreed_but_the_version() {
    let world = World::new();
    for (version, expected) in VERSIONS.into_iter().zip([0x0304, 0x0303]) {
        let (_, client) = pair(&world, version);
        assert_eq!(client.0.protocol_version().map(u16::from), Some(expected));
        assert_eq!(client.0.alpn_protocol(), None);
        assert_eq!(client.0.tls13_tickets_received(), 0);
    }
}

/// Random bytes, in every state, never make it panic, and never make it hold more than a record.
#[test]
fn whatever_comes_is_bounded() {
    use proptest::prelude::*;
    let world = World::new();
    proptest!(|(bytes: Vec<u8>, at in 0..3_usize, version in 0..2_usize, typed in prop::option::of(20..25_u8))| {
        let version: &'static SupportedProtocolVersion = VERSIONS[version];
        let (mut layer, mut client) = match at {
            0 => (world.layer(), world.client(version)),
            1 => {
                let (mut layer, mut client) = (world.layer(), world.client(version));
                give(&mut layer, client.sends(), usize::MAX).expect("a hello");
                (layer, client)
            }
            _ => pair(&world, version),
        };
        let mut all = Vec::new();
        if let Some(typed) = typed {
            let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_be_bytes();
            all.extend([typed, 3, 3, length[0], length[1]]);
        }
        all.extend(bytes);
        let given = give(&mut layer, all, 64);
        prop_assert!(layer.space() > 0 || given.is_err());
        if given.is_ok() && layer.is_up() {
            let said = says(&mut layer, &mut client, "still here");
            prop_assert_eq!(said, b"still here");
        }
    });
}
