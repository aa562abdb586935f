//! *Pure.* The PROXY protocol, versions 1 and 2: what a proxy says first about whom it brings (HAProxy's
//! `proxy-protocol.txt`, sections 2.1 and 2.2).
//!
//! [`parse`] is handed all that has come so far. As long as a header is not whole, all of it belongs to the header, so
//! whoever reads can take that much and never takes what follows, which may be TLS.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use crate::chat::key::Fingerprint;
use crate::limits::PROXY_HEADER_BYTES_MAX;

/// What a header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Who comes.
    pub source: Source,
    /// What protected the way to the proxy, if anything did.
    pub secured: Option<Secured>,
    /// The public key that the caller has proved to have, as `parlor attach` says it.
    pub key: Option<Fingerprint>,
}

/// Who comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The proxy itself, to see whether the server is well.
    Proxy,
    /// Somebody of whom the proxy does not know where they are.
    Unknown,
    /// Somebody on the proxy's machine, who came to it by no network.
    Unix,
    /// Somebody at this address.
    Tcp(SocketAddr),
}

/// What protected the way to the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secured {
    /// TLS, which the proxy has ended.
    Tls,
    /// The system's ssh server, as `parlor attach` says it.
    Ssh,
}

/// How far a header has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It is not whole, and has nothing behind it.
    Unfinished,
    /// It is whole, and so many bytes long.
    Whole(Header, usize),
}

/// Why something is no header that we take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderError {
    /// It begins as none does.
    NoHeader,
    /// A line of version 1 that is not as it should be.
    Line,
    /// A version, a command, a family or a transport that there is not, or not for chats.
    Unexpected(u8),
    /// The block of version 2 says that it has so many bytes: fewer than its address takes, or more than we take.
    Length(usize),
    /// What follows the address does not add up to the length of the block.
    Field,
    /// The checksum is of other bytes.
    Checksum,
}

impl std::fmt::Display for HeaderError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            HeaderError::NoHeader => f.write_str("what came is no PROXY header"),
            HeaderError::Line => f.write_str("the PROXY line is malformed"),
            HeaderError::Unexpected(byte) => {
                write!(f, "the PROXY header has the unexpected byte {byte:#04x}")
            }
            HeaderError::Length(length) => {
                write!(f, "the PROXY header has the wrong length {length}")
            }
            HeaderError::Field => f.write_str("a field of the PROXY header is malformed"),
            HeaderError::Checksum => f.write_str("the PROXY header has a wrong checksum"),
        }
    }
}

impl std::error::Error for HeaderError {}

/// What version 1 begins with.
const V1_START: &[u8] = b"PROXY ";
/// The longest line of version 1, with its end; the specification's own figure.
const V1_BYTES_MAX: usize = 107;
/// What version 2 begins with.
const V2_START: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// What stands before the block of version 2: the start, version and command, family, and the length of the block.
const V2_FIXED_BYTES: usize = 16;

/// Version 2 with the command LOCAL, and with PROXY.
const LOCAL: u8 = 0x20;
const PROXY: u8 = 0x21;
/// Families with their transport.
const UNSPECIFIED: u8 = 0x00;
const TCP4: u8 = 0x11;
const TCP6: u8 = 0x21;
const UNIX_STREAM: u8 = 0x31;
/// Bytes of both addresses of a Unix socket.
const UNIX_BYTES: usize = 216;

/// Fields (TLVs): a CRC32c of the header; how the client came to the proxy, where that was TLS.
const CRC32C: u8 = 0x03;
const TLS: u8 = 0x20;
/// In the first byte of a field [`TLS`]: the client came by TLS.
const CLIENT_TLS: u8 = 0x01;
/// Fields of our own, between 0xE0 and 0xEF. The caller came by ssh; the SHA-256 of the caller's key.
const SSH: u8 = 0xE8;
const KEY: u8 = 0xE9;

/// What the first bytes of a connection are.
///
/// # Errors
///
/// They are no header, whatever follows.
pub fn parse(bytes: &[u8]) -> Result<Progress, HeaderError> {
    if is_begun(bytes, V2_START) {
        parse_v2(bytes)
    } else if is_begun(bytes, V1_START) {
        parse_v1(bytes)
    } else {
        Err(HeaderError::NoHeader)
    }
}

/// Whether `bytes` begin with `start`, as far as they go.
fn is_begun(bytes: &[u8], start: &[u8]) -> bool {
    let common = bytes.len().min(start.len());
    bytes[..common] == start[..common]
}

fn parse_v1(bytes: &[u8]) -> Result<Progress, HeaderError> {
    let Some(end) = bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n')) else {
        return match bytes.len() < V1_BYTES_MAX - 1 {
            true => Ok(Progress::Unfinished),
            false => Err(HeaderError::Line),
        };
    };
    match (bytes[end], bytes.get(end + 1)) {
        (b'\r', None) => return Ok(Progress::Unfinished),
        (b'\r', Some(b'\n')) if end + 2 <= V1_BYTES_MAX => {}
        _ => return Err(HeaderError::Line),
    }
    let words = bytes.get(V1_START.len()..end);
    let words = words.and_then(|words| std::str::from_utf8(words).ok());
    let source = words.and_then(v1_source).ok_or(HeaderError::Line)?;
    let header = Header {
        source,
        secured: None,
        key: None,
    };
    Ok(Progress::Whole(header, end + 2))
}

/// Who comes, by what follows `PROXY `.
fn v1_source(words: &str) -> Option<Source> {
    let mut words = words.split(' ');
    let source = match words.next()? {
        // Whatever follows is of no interest.
        "UNKNOWN" => return Some(Source::Unknown),
        "TCP4" => v1_address::<Ipv4Addr>(&mut words)?,
        "TCP6" => v1_address::<Ipv6Addr>(&mut words)?,
        _ => return None,
    };
    words.next().is_none().then_some(Source::Tcp(source))
}

/// The first of two addresses, with the first of two ports.
fn v1_address<'a, A: FromStr + Into<IpAddr>>(
    words: &mut impl Iterator<Item = &'a str>,
) -> Option<SocketAddr> {
    let mut address = || words.next()?.parse::<A>().ok();
    let (source, _) = (address()?, address()?);
    let mut port = || {
        let digits = words.next()?;
        let is_number = digits.bytes().all(|digit| digit.is_ascii_digit());
        digits.parse().ok().filter(|_| is_number)
    };
    let (port, _): (u16, u16) = (port()?, port()?);
    Some(SocketAddr::new(source.into(), port))
}

fn parse_v2(bytes: &[u8]) -> Result<Progress, HeaderError> {
    let at = |place: usize| bytes.get(V2_START.len() + place).copied();
    if let Some(command) = at(0)
        && !matches!(command, LOCAL | PROXY)
    {
        return Err(HeaderError::Unexpected(command));
    }
    let (Some(command), Some(family), Some(high), Some(low)) = (at(0), at(1), at(2), at(3)) else {
        return Ok(Progress::Unfinished);
    };
    let length = usize::from(u16::from_be_bytes([high, low]));
    let (end, wrong) = (V2_FIXED_BYTES + length, HeaderError::Length(length));
    let address_bytes = match (command, family) {
        // Whatever follows is of no interest, families included.
        (LOCAL, _) | (_, UNSPECIFIED) => 0,
        (_, TCP4) => 12,
        (_, TCP6) => 36,
        (_, UNIX_STREAM) => UNIX_BYTES,
        _ => return Err(HeaderError::Unexpected(family)),
    };
    if length < address_bytes || end > PROXY_HEADER_BYTES_MAX {
        return Err(wrong);
    }
    let Some(block) = bytes.get(V2_FIXED_BYTES..end) else {
        return Ok(Progress::Unfinished);
    };
    if command == LOCAL {
        return Ok(Progress::Whole(Header::PROXY_ITSELF, end));
    }
    let (address, fields) = block.split_at(address_bytes);
    let mut header = Header {
        source: v2_source(family, address),
        secured: None,
        key: None,
    };
    let mut fields = Fields(fields);
    while let Some(field) = fields.next() {
        let (kind, value) = field?;
        match kind {
            CRC32C => {
                let start = end - fields.0.len() - value.len();
                check_crc32c(&bytes[..end], start, value)?;
            }
            TLS => {
                // What client and proxy have agreed on is of no interest.
                let (flags, _) = value.split_first_chunk::<5>().ok_or(HeaderError::Field)?;
                if flags[0] & CLIENT_TLS != 0 {
                    header.secured = Some(Secured::Tls);
                }
            }
            SSH => header.secured = Some(Secured::Ssh),
            KEY => {
                let bytes = value.try_into().map_err(|_| HeaderError::Field)?;
                header.key = Some(Fingerprint(bytes));
            }
            _ => {}
        }
    }
    Ok(Progress::Whole(header, end))
}

/// Who comes, by a block's addresses: source and destination, the ports behind both.
fn v2_source(family: u8, address: &[u8]) -> Source {
    let port = |at: usize| u16::from_be_bytes([address[at], address[at + 1]]);
    match family {
        TCP4 => {
            let ip: [u8; 4] = std::array::from_fn(|place| address[place]);
            Source::Tcp(SocketAddr::from((ip, port(8))))
        }
        TCP6 => {
            let ip: [u8; 16] = std::array::from_fn(|place| address[place]);
            Source::Tcp(SocketAddr::from((ip, port(32))))
        }
        UNIX_STREAM => Source::Unix,
        _ => Source::Unknown,
    }
}

/// What follows the addresses: each a kind, a length in two bytes, and so many bytes.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u8, &'a [u8]), HeaderError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let whole = std::mem::take(&mut self.0);
        let field = whole
            .split_first_chunk()
            .and_then(|([kind, high, low], rest)| {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                let (value, after) = rest.split_at_checked(length)?;
                self.0 = after;
                Some((*kind, value))
            });
        Some(field.ok_or(HeaderError::Field))
    }
}

/// Checks the CRC32c (RFC 9260, appendix A) of a header, which was computed with zeros in its own place: that of
/// `value`, which begins at `start`.
fn check_crc32c(header: &[u8], start: usize, value: &[u8]) -> Result<(), HeaderError> {
    let expected: [u8; 4] = value.try_into().map_err(|_| HeaderError::Field)?;
    let own = start..start + value.len();
    let mut crc = u32::MAX;
    for (place, byte) in header.iter().enumerate() {
        let byte = match own.contains(&place) {
            true => 0,
            false => *byte,
        };
        crc ^= u32::from(byte);
        for _ in 0..8 {
            let is_odd = crc & 1 == 1;
            crc = (crc >> 1) ^ if is_odd { 0x82F6_3B78 } else { 0 };
        }
    }
    match !crc == u32::from_be_bytes(expected) {
        true => Ok(()),
        false => Err(HeaderError::Checksum),
    }
}

/// How long the header of version 2 is that `bytes` begin with, whatever it says; 0 if there is none, or not all of it.
pub fn v2_length(bytes: &[u8]) -> usize {
    match bytes.starts_with(V2_START) {
        true => match parse(bytes) {
            Ok(Progress::Whole(_, length)) => length,
            Ok(Progress::Unfinished) | Err(_) => 0,
        },
        false => 0,
    }
}

impl Header {
    /// The proxy speaks for itself.
    pub const PROXY_ITSELF: Header = Header {
        source: Source::Proxy,
        secured: None,
        key: None,
    };

    /// Version 2 of it, without a checksum. Whom the caller has called is not told.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut block = Vec::new();
        let family = match self.source {
            Source::Proxy | Source::Unknown => UNSPECIFIED,
            // Whose socket it is does not matter, and need not have a name.
            Source::Unix => {
                block.extend([0; UNIX_BYTES]);
                UNIX_STREAM
            }
            Source::Tcp(source) => {
                let port = source.port().to_be_bytes();
                let family = match source.ip() {
                    IpAddr::V4(ip) => {
                        block.extend(ip.octets());
                        block.extend([0; 4]);
                        TCP4
                    }
                    IpAddr::V6(ip) => {
                        block.extend(ip.octets());
                        block.extend([0; 16]);
                        TCP6
                    }
                };
                block.extend(port);
                block.extend([0; 2]);
                family
            }
        };
        match self.secured {
            None => {}
            // That no certificate was checked is said by anything but four zeros.
            Some(Secured::Tls) => push_field(TLS, &[CLIENT_TLS, 0, 0, 0, 1], &mut block),
            Some(Secured::Ssh) => push_field(SSH, &[], &mut block),
        }
        if let Some(key) = self.key {
            push_field(KEY, &key.0, &mut block);
        }
        let command = match self.source {
            Source::Proxy => LOCAL,
            Source::Unknown | Source::Unix | Source::Tcp(_) => PROXY,
        };
        let mut bytes = V2_START.to_vec();
        bytes.extend([command, family]);
        // A few fields, all of them short.
        bytes.extend((block.len() as u16).to_be_bytes());
        bytes.extend(block);
        bytes
    }
}

fn push_field(kind: u8, value: &[u8], block: &mut Vec<u8>) {
    block.push(kind);
    block.extend((value.len() as u16).to_be_bytes());
    block.extend(value);
}

#[cfg(test)]
mod tests;
