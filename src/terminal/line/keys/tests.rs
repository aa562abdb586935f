use proptest::prelude::*;

use super::*;

/// The keys of the parts, fed one after the other to one decoder.
fn keys(parts: &[&[u8]]) -> Vec<Key> {
    let mut decoder = Keys::default();
    let mut found = Vec::new();
    for mut part in parts.iter().copied() {
        while let Some(key) = decoder.next(&mut part) {
            found.push(key);
        }
        assert!(part.is_empty());
    }
    found
}

/// Whole, in every two-way cut and byte by byte, always with an `x` behind that must survive.
fn check(input: &[u8], expected: &[Key]) {
    let input = [input, b"x"].concat();
    let expected = [expected, &[Key::Text('x')]].concat();
    assert_eq!(keys(&[&input]), expected, "{}", input.escape_ascii());
    for at in 0..=input.len() {
        let (left, right) = input.split_at(at);
        assert_eq!(
            keys(&[left, right]),
            expected,
            "{} cut at {at}",
            input.escape_ascii()
        );
    }
    let bytes: Vec<&[u8]> = input.chunks(1).collect();
    assert_eq!(keys(&bytes), expected, "{} by byte", input.escape_ascii());
}

#[test]
fn every_encoding_of_a_key_is_known() {
    let table: &[(Key, &str)] = &[
        (Key::Enter, "\r \n \r\n \r\0 \r\0\n \x1bOM \x1b\r"),
        (Key::Backspace, "\x7f \x08"),
        (Key::Delete, "\x1b[3~ \x1b[P \x1b[3$ \x1b[3;2~"),
        (Key::Left, "\x02 \x1b[D \x1bOD \x1b[1;2D"),
        (Key::Right, "\x06 \x1b[C \x1bOC \x1b[1;2C"),
        (
            Key::Home,
            "\x01 \x1b[H \x1bOH \x1b[1~ \x1b[7~ \x1b[1;5H \x1b[7^",
        ),
        (
            Key::End,
            "\x05 \x1b[F \x1bOF \x1b[4~ \x1b[8~ \x1b[1;5F \x1b[8$",
        ),
        (
            Key::WordLeft,
            "\x1bb \x1bB \x1b[1;5D \x1bOd \x1b[1;3D \x1b\x1b[D \x1b\x1bOD \x1b[5D \x1b[1;6D",
        ),
        (
            Key::WordRight,
            "\x1bf \x1bF \x1b[1;5C \x1bOc \x1b[1;3C \x1b\x1b[C \x1b\x1bOC \x1bO5C",
        ),
        (Key::DeleteWordLeft, "\x1b\x7f \x1b\x08 \x1b\x1b\x7f"),
        (
            Key::DeleteWordRight,
            "\x1bd \x1bD \x1b[3;5~ \x1b[3;3~ \x1b[3^",
        ),
        (Key::RuboutWord, "\x17"),
        (Key::KillToStart, "\x15"),
        (Key::KillToEnd, "\x0b"),
        (Key::Yank, "\x19"),
        (Key::Transpose, "\x14"),
        (Key::Undo, "\x1f"),
        (Key::HistoryPrevious, "\x10 \x1b[A \x1bOA \x1b[1;5A"),
        (Key::HistoryNext, "\x0e \x1b[B \x1bOB"),
        (Key::Search, "\x12"),
        (Key::Cancel, "\x07"),
        (Key::Repaint, "\x0c"),
        (Key::Interrupt, "\x03 \x1b\x03 \x1b[\x03 \x1b]0;\x03"),
        (Key::EndOfFile, "\x04"),
        (Key::Tab, "\t"),
        (Key::BackTab, "\x1b[Z"),
        (Key::PageUp, "\x1b[5~ \x1b[5;2~"),
        (Key::PageDown, "\x1b[6~"),
        (Key::PasteStart, "\x1b[200~"),
        (Key::PasteEnd, "\x1b[201~"),
        (
            Key::CursorPosition {
                row: 30,
                column: 100,
            },
            "\x1b[30;100R",
        ),
        (
            Key::CursorPosition {
                row: 65535,
                column: 1,
            },
            "\x1b[99999999;1R",
        ),
        (Key::Text('ส'), "ส \x1bส \x1b[ส"),
        (Key::Text('👍'), "👍"),
        (Key::Text('â'), "â"),
    ];
    for (key, encodings) in table {
        for encoding in encodings.split(' ') {
            check(encoding.as_bytes(), &[*key]);
        }
    }
}

#[test]
fn what_is_unknown_is_swallowed_whole() {
    for sequence in [
        "\0",
        "\x0f",
        "\x11",
        "\x13",
        "\x16",
        "\x18",
        "\x1a",
        "\x1c",
        "\u{9b}",
        "\x1bOP",
        "\x1b[11~",
        "\x1b[15;5~",
        "\x1b[[A",
        "\x1b[?1;2c",
        "\x1b[>0;276;0c",
        "\x1b[?2026;2$y",
        "\x1b[97;5u",
        "\x1b[I",
        "\x1b[1;2;3;4;5;6R",
        "\x1b[5R",
        "\x1b[ q",
        "\x1b(B",
        "\x1b%G",
        "\x1b=",
        "\x1bz",
        "\x1bOa",
        "\x1bO1;2P",
        "\x1b]11;rgb:0000/0000/0000\x07",
        "\x1b]0;ส\x1b\\",
        "\x1bP>|xterm(388)\x1b\\",
        "\x1b_a\x1b\\",
        "\x1b^a\x1b\\",
        "\x1bXa\x1b\\",
        "\x1bP1\x1b[5R",
    ] {
        check(sequence.as_bytes(), &[]);
    }
}

#[test]
fn one_enter_swallows_no_more_than_its_own_bytes() {
    check(b"\r\r", &[Key::Enter; 2]);
    check(b"\n\n", &[Key::Enter; 2]);
    check(b"\r\n\n", &[Key::Enter; 2]);
    check(b"\r\n\r\n", &[Key::Enter; 2]);
    check(b"\r\0\n\n", &[Key::Enter; 2]);
    check(b"\r\0\0\n", &[Key::Enter; 2]);
    check(b"\r\0a\n", &[Key::Enter, Key::Text('a'), Key::Enter]);
}

#[test]
fn a_cut_character_becomes_one_replacement() {
    let bad = Key::Text(char::REPLACEMENT_CHARACTER);
    check(b"\xe0\xb8", &[bad]);
    check(b"\xe0\xb8\x1b[D", &[bad, Key::Left]);
    check(b"\xe0\xb8\r\n", &[bad, Key::Enter]);
    check(b"\xc0\xaf", &[bad, bad]);
    check(b"\xed\xa0\x80", &[bad, bad, bad]);
    check(b"\xff", &[bad]);
    check(b"\xf0\x9f\x91\xf0\x9f\x91\x8d", &[bad, Key::Text('👍')]);
}

#[test]
fn a_sequence_that_never_ends_is_given_up() {
    for start in ["\x1b[", "\x1b]", "\x1bP", "\x1bO"] {
        let mut input = start.as_bytes().to_vec();
        input.resize(usize::from(ESCAPE_BYTES_MAX) + start.len(), b'1');
        input.extend_from_slice("ดี".as_bytes());
        assert_eq!(
            keys(&[&input])[..2],
            [Key::Text('ด'), Key::Text('ี')],
            "{start:?}"
        );
    }
}

proptest! {
    #[test]
    fn any_bytes_give_the_same_keys_in_any_cut(
        input in prop::collection::vec(
            prop_oneof![
                any::<u8>(),
                prop::sample::select(&b"\x1b\r\n\0[O;~AD25]\\\xe0\xb8"[..]),
            ],
            0..60,
        ),
        at in any::<prop::sample::Index>(),
    ) {
        let (left, right) = input.split_at(at.index(input.len() + 1));
        let whole = keys(&[&input]);
        prop_assert_eq!(&keys(&[left, right]), &whole);
        prop_assert!(whole.len() <= input.len());
        prop_assert!(whole.iter().all(|key| !matches!(key, Key::Text(c) if c.is_control())));
    }

    #[test]
    fn text_is_decoded_as_the_standard_library_does(
        input in prop::collection::vec(
            prop_oneof![
                0x20u8..0x7f,
                0x80u8..,
                prop::sample::select(&[0xe0, 0xb8, 0xa0, 0xf0, 0x9f, 0xed, 0xf4][..]),
            ],
            0..40,
        ),
    ) {
        // A character that the end of the input cuts stays in the decoder: a `.` ends it.
        let input = [&input[..], b"."].concat();
        let text: String = keys(&[&input]).iter().filter_map(|key| match key {
            Key::Text(character) => Some(*character),
            _ => None,
        }).collect();
        let expected: String = String::from_utf8_lossy(&input).chars().filter(|c| !c.is_control()).collect();
        prop_assert_eq!(text, expected);
    }
}

#[test]
fn an_escape_that_nothing_follows_is_a_key_once_the_caller_has_waited() {
    let mut keys = Keys::default();
    assert_eq!(keys.next(&mut &b"a\x1b"[..]), Some(Key::Text('a')));
    assert!(!keys.is_after_escape());
    assert_eq!(keys.next(&mut &b"\x1b"[..]), None);
    assert!(keys.is_after_escape());
    assert_eq!(keys.take_escape(), Some(Key::Escape));
    assert_eq!(keys.take_escape(), None);
    // What follows is text.
    assert_eq!(keys.next(&mut &b"b"[..]), Some(Key::Text('b')));
    for unfinished in [&b"\x1b\x1b"[..], b"\x1b[", b"\x1b]"] {
        let mut keys = Keys::default();
        assert_eq!(keys.next(&mut &unfinished[..]), None);
        assert_eq!(keys.take_escape(), None, "{unfinished:?}");
    }
}
