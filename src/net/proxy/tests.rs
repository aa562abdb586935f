use proptest::prelude::*;

use super::*;

const KEY_BYTES: [u8; 32] = [7; 32];

/// Version 2 with this command and family, and this block.
fn v2(command: u8, family: u8, block: &[u8]) -> Vec<u8> {
    let length = (block.len() as u16).to_be_bytes();
    [V2_START, &[command, family], &length, block].concat()
}

fn field(kind: u8, value: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    push_field(kind, value, &mut bytes);
    bytes
}

fn tcp(text: &str) -> Source {
    Source::Tcp(text.parse().expect("an address"))
}

fn plain(source: Source) -> Header {
    Header {
        source,
        secured: None,
        key: None,
    }
}

/// 192.0.2.7:4711 to 198.51.100.1:50006.
const TCP4_BLOCK: &[u8] = &[192, 0, 2, 7, 198, 51, 100, 1, 0x12, 0x67, 0xc3, 0x56];

fn tcp6_block() -> Vec<u8> {
    let ip = |text: &str| text.parse::<Ipv6Addr>().expect("an address").octets();
    let ports = [0x12, 0x67, 0xc3, 0x56];
    [&ip("2001:db8::7")[..], &ip("2001:db8::1"), &ports].concat()
}

/// Headers that are right, and what they say.
fn right() -> Vec<(Vec<u8>, Header)> {
    let v4 = tcp("192.0.2.7:4711");
    let v6 = tcp("[2001:db8::7]:4711");
    let with = |fields: &[Vec<u8>]| v2(PROXY, TCP4, &[TCP4_BLOCK, &fields.concat()].concat());
    let tls = field(TLS, b"\x01\0\0\0\x01\x21\0\x07TLSv1.3");
    let secured = |secured| Header {
        secured: Some(secured),
        ..plain(v4)
    };
    let line = |text: &str| format!("{text}\r\n").into_bytes();
    vec![
        (
            line("PROXY TCP4 192.0.2.7 198.51.100.1 4711 50006"),
            plain(v4),
        ),
        (
            line("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535"),
            plain(tcp("255.255.255.255:65535")),
        ),
        (
            line("PROXY TCP6 2001:db8::7 2001:db8::1 4711 50006"),
            plain(v6),
        ),
        (line("PROXY UNKNOWN"), plain(Source::Unknown)),
        (
            line(
                "PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff \
                 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535",
            ),
            plain(Source::Unknown),
        ),
        (v2(PROXY, TCP4, TCP4_BLOCK), plain(v4)),
        (v2(PROXY, TCP6, &tcp6_block()), plain(v6)),
        (
            v2(PROXY, UNIX_STREAM, &[b'/'; UNIX_BYTES]),
            plain(Source::Unix),
        ),
        (v2(PROXY, UNSPECIFIED, b""), plain(Source::Unknown)),
        (v2(LOCAL, UNSPECIFIED, b""), Header::PROXY_ITSELF),
        // Whatever a proxy says when it speaks for itself is of no interest.
        (v2(LOCAL, TCP4, b"x"), Header::PROXY_ITSELF),
        (v2(LOCAL, 0xff, b"what is no field"), Header::PROXY_ITSELF),
        (
            with(&[field(0x02, b"chat.example.org"), field(0xEA, b"aws")]),
            plain(v4),
        ),
        (with(&[field(0x04, &[0; 3000])]), plain(v4)),
        (
            with(&[tls.clone(), field(0x05, b"id")]),
            secured(Secured::Tls),
        ),
        // The proxy has a field for it, but the client came without.
        (with(&[field(TLS, b"\0\0\0\0\x01")]), plain(v4)),
        (with(&[field(SSH, b"")]), secured(Secured::Ssh)),
        (
            with(&[field(SSH, b""), field(KEY, &KEY_BYTES)]),
            Header {
                key: Some(Fingerprint(KEY_BYTES)),
                ..secured(Secured::Ssh)
            },
        ),
        // As HAProxy 2.6 wrote it, with a checksum and a unique number.
        (
            b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x23\x7f\0\0\x02\x7f\0\0\x01\xc9\x81\x1d\x4d\
              \x03\0\x04\x17\xd5\x6e\x93\x05\0\x0d7F000002_0000"
                .to_vec(),
            plain(tcp("127.0.0.2:51585")),
        ),
    ]
}

#[test]
fn a_header_says_who_comes_and_is_not_whole_before_its_last_byte() {
    for (bytes, header) in right() {
        for cut in 0..bytes.len() {
            assert_eq!(
                parse(&bytes[..cut]),
                Ok(Progress::Unfinished),
                "{:?}",
                &bytes[..cut]
            );
        }
        let whole = Ok(Progress::Whole(header, bytes.len()));
        assert_eq!(parse(&bytes), whole, "{}", bytes.escape_ascii());
        // What follows is nothing to it.
        for rest in [&b"\x16\x03\x01"[..], b"\r\n", b"\n", b"PROXY "] {
            assert_eq!(parse(&[&bytes[..], rest].concat()), whole);
        }
    }
}

/// Each of these is no header, for this reason.
fn expect_refused(table: &[(&[u8], HeaderError)]) {
    for (bytes, expected) in table {
        assert_eq!(parse(bytes), Err(*expected), "{}", bytes.escape_ascii());
    }
}

#[test]
fn what_begins_as_no_header_does_is_refused_at_once() {
    for text in [
        &b"hello\r\n"[..],
        b"PROXX",
        b"\x16\x03\x01",
        b"\r\n\r\n\0\r\nQUIT\r",
        b"proxy TCP4 192.0.2.7 198.51.100.1 4711 50006\r\n",
        b"PROXY\tUNKNOWN\r\n",
    ] {
        assert_eq!(
            parse(text),
            Err(HeaderError::NoHeader),
            "{}",
            text.escape_ascii()
        );
    }
}

#[test]
fn a_line_that_is_not_as_it_should_be_is_refused() {
    let long = |length: usize| [&b"PROXY UNKNOWN "[..], &vec![b'x'; length - 16], b"\r\n"].concat();
    for line in [
        &b"PROXY \r\n"[..],
        b"PROXY UNKNOWNS\r\n",
        b"PROXY UNKNOWN\n",
        b"PROXY UNKNOWN\rx",
        b"PROXY TCP4 192.0.2.7\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 4711\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 4711 50006 \r\n",
        b"PROXY TCP4  192.0.2.7 198.51.100.1 4711 50006\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 +711 50006\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 4711 65536\r\n",
        b"PROXY TCP4 192.0.2.007 198.51.100.1 4711 50006\r\n",
        b"PROXY TCP4 2001:db8::7 2001:db8::1 4711 50006\r\n",
        b"PROXY TCP6 192.0.2.7 198.51.100.1 4711 50006\r\n",
        b"PROXY UDP4 192.0.2.7 198.51.100.1 4711 50006\r\n",
        b"PROXY TCP4 192.0.2.\xff 198.51.100.1 4711 50006\r\n",
        &long(V1_BYTES_MAX + 1),
        &long(2000),
        &long(2000)[..1000],
    ] {
        assert_eq!(
            parse(line),
            Err(HeaderError::Line),
            "{}",
            line.escape_ascii()
        );
    }
    assert!(matches!(
        parse(&long(V1_BYTES_MAX)),
        Ok(Progress::Whole(..))
    ));
}

#[test]
fn a_block_that_is_not_what_it_says_is_refused_before_anybody_waits_for_the_rest() {
    use HeaderError::{Length, Unexpected};
    let mut version_1 = v2(PROXY, TCP4, TCP4_BLOCK);
    version_1[V2_START.len()] = 0x11;
    let too_long = PROXY_HEADER_BYTES_MAX - V2_FIXED_BYTES + 1;
    expect_refused(&[
        (&version_1, Unexpected(0x11)),
        (&v2(0x22, TCP4, TCP4_BLOCK), Unexpected(0x22)),
        (&v2(PROXY, 0x12, TCP4_BLOCK), Unexpected(0x12)),
        (&v2(PROXY, 0x41, TCP4_BLOCK), Unexpected(0x41)),
        (&v2(PROXY, 0x10, TCP4_BLOCK), Unexpected(0x10)),
        // Fewer bytes than an address takes.
        (&v2(PROXY, TCP4, &TCP4_BLOCK[..11]), Length(11)),
        (&v2(PROXY, TCP4, b""), Length(0)),
        (&v2(PROXY, TCP6, TCP4_BLOCK), Length(12)),
        (&v2(PROXY, UNIX_STREAM, TCP4_BLOCK), Length(12)),
        (&v2(PROXY, TCP4, &vec![0; too_long])[..16], Length(too_long)),
        (&v2(LOCAL, UNSPECIFIED, &[0; 0xffff])[..16], Length(0xffff)),
    ]);
    let most = v2(LOCAL, UNSPECIFIED, &vec![0; too_long - 1]);
    let whole = Progress::Whole(Header::PROXY_ITSELF, PROXY_HEADER_BYTES_MAX);
    assert_eq!(parse(&most), Ok(whole));
}

#[test]
fn fields_that_do_not_add_up_are_refused() {
    use HeaderError::{Checksum, Field};
    let with = |field: &[u8]| v2(PROXY, TCP4, &[TCP4_BLOCK, field].concat());
    let mut wrong_sum = right().pop().expect("the last").0;
    *wrong_sum.last_mut().expect("it is long") ^= 1;
    expect_refused(&[
        (&with(b"\x04"), Field),
        (&with(b"\x04\0"), Field),
        (&with(b"\x04\0\x01"), Field),
        (
            &with(&[field(0x04, b""), b"\x04\xff\xff".to_vec()].concat()),
            Field,
        ),
        (&with(&field(TLS, b"\x01\0\0\0")), Field),
        (&with(&field(KEY, &[7; 31])), Field),
        (&with(&field(KEY, &[7; 33])), Field),
        (&with(&field(CRC32C, &[0; 3])), Field),
        (&with(&field(CRC32C, &[0; 4])), Checksum),
        (&wrong_sum, Checksum),
    ]);
}

#[test]
fn what_we_write_is_read_as_it_was_meant() {
    let key = Some(Fingerprint(KEY_BYTES));
    for source in [
        Source::Unknown,
        Source::Unix,
        tcp("192.0.2.7:4711"),
        tcp("[2001:db8::7]:4711"),
    ] {
        for secured in [None, Some(Secured::Tls), Some(Secured::Ssh)] {
            for key in [None, key] {
                let header = Header {
                    source,
                    secured,
                    key,
                };
                let bytes = header.to_bytes();
                assert_eq!(parse(&bytes), Ok(Progress::Whole(header, bytes.len())));
            }
        }
    }
    let bytes = Header::PROXY_ITSELF.to_bytes();
    assert_eq!(bytes, b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0");
}

proptest! {
    /// Whatever comes, and whatever stands for what should: no panic, no header longer than there are bytes, and once
    /// something is known, more bytes do not change it.
    #[test]
    fn whatever_comes_is_judged_once(
        start in prop::sample::select(right().into_iter().map(|(bytes, _)| bytes).collect::<Vec<_>>()),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        rest in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let mut bytes = start;
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        bytes.extend(rest);
        let mut judged = None;
        for cut in 0..=bytes.len() {
            let now = parse(&bytes[..cut]);
            match (judged, now) {
                (None, Ok(Progress::Unfinished)) => {}
                (None, known) => {
                    if let Ok(Progress::Whole(_, length)) = known {
                        prop_assert_eq!(length, cut);
                    }
                    judged = Some(known);
                }
                // Of what is malformed, another fault may be found first.
                (Some(Err(_)), now) => prop_assert!(now.is_err()),
                (Some(judged), now) => prop_assert_eq!(judged, now),
            }
        }
    }
}
