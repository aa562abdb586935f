//! *Pure.* Terminals that do not speak UTF-8: their bytes are translated at the socket, both ways, so that
//! nothing else has to know.
//!
//! What one user says must not steer the terminal of another, so a character never becomes a byte that a terminal
//! could take for a control: no C0, no DEL, and none of 0x80 to 0x9F, which are C1 controls to every terminal in the
//! tradition of the VT220 (ECMA-48, section 5.3: 0x9B begins a control sequence). What cannot be sent without them
//! becomes `?`, and a set that makes no sense without them is refused:
//!
//! - *ISO 8859, ASCII, TIS-620*: these sets have no characters there. The Encoding Standard takes their names for
//!   those of Windows' code pages, which do; here they are what ISO says.
//! - *Windows code pages*: their characters there are punctuation and rare letters, and a terminal set to one prints
//!   them. But people say windows-1252 and have a Latin-1 xterm, which does not; so they are read and never sent.
//!   windows-1250 has everyday letters there (Š, ť, ź) and is refused.
//! - *KOI8*: box drawing, which nobody misses. An xterm in a KOI8 locale takes the bytes for controls.
//! - *EUC-JP, EUC-KR, GB 2312*: in the 8-bit form of ISO 2022 all bytes of a character are 0xA1 and up. The single
//!   shifts SS2 and SS3 of EUC-JP are C1 controls, and what GBK, GB 18030 and windows-949 add needs C1 bytes too: none
//!   of that is sent. GBK without it is GB 2312, in which people write; windows-949 asked for by name is refused in
//!   favour of EUC-KR.
//! - *Big5*: lead bytes are 0xA1 and up, trail bytes are that or printable ASCII.
//! - *Shift_JIS*, the Macintosh sets: most of their letters need C1 bytes. They are refused.
//! - *DOS code pages* (cp437, cp850, cp866): half of their letters stand there, and no terminal that is set to one
//!   knows C1 controls: they are sent.

use std::fmt;

use encoding_rs::{
    BIG5, Decoder, EUC_JP, EUC_KR, EncoderResult, Encoding, GB18030, GBK, IBM866, ISO_2022_JP,
    MACINTOSH, REPLACEMENT, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_874, WINDOWS_1250,
    WINDOWS_1252, WINDOWS_1254, X_MAC_CYRILLIC, X_USER_DEFINED,
};
use oem_cp::code_table::{
    DECODING_TABLE_CP437, DECODING_TABLE_CP850, ENCODING_TABLE_CP437, ENCODING_TABLE_CP850,
};

/// A character set other than UTF-8, and the unfinished character at the end of the last piece of input.
pub struct Charset {
    name: &'static str,
    table: Table,
}

enum Table {
    /// Seven bits.
    Ascii,
    /// One of the Encoding Standard's, of whose characters only those are sent whose bytes are as said. Its decoder
    /// keeps unfinished characters.
    Standard(&'static Encoding, Sent, Decoder),
    /// ISO's part of a Windows code page: both agree from 0xA0 on, and below that ISO has controls.
    Iso(&'static Encoding, Sent),
    /// An IBM code page, one byte a character.
    Cp437,
    /// As `Cp437`.
    Cp850,
}

/// Which bytes may stand for a character beyond ASCII.
#[derive(Clone, Copy)]
enum Sent {
    /// These and greater ones.
    From(u8),
    /// A lead byte of 0xA1 or greater, and a trail byte that is that or printable ASCII.
    Big5,
}

impl Sent {
    fn allows(self, bytes: &[u8]) -> bool {
        match self {
            Sent::From(least) => bytes.iter().all(|&byte| byte >= least),
            Sent::Big5 => {
                let is_trail = |byte: &u8| matches!(byte, 0x40..=0x7E | 0xA1..);
                bytes[0] >= 0xA1 && bytes[1..].iter().all(is_trail)
            }
        }
    }
}

/// 8-bit sets in which a terminal prints every byte.
const DOS: Sent = Sent::From(0x80);
/// Sets that leave the C1 controls alone.
const ABOVE_C1: Sent = Sent::From(0xA0);
/// The same, and the places of a 94-character set.
const NINETY_FOUR: Sent = Sent::From(0xA1);

/// Stands for a character that a character set lacks, or that is not sent.
const MISSING: u8 = b'?';

/// Bytes of the longest character of any set: four of GB 18030. `encoding_rs` wants some room to spare.
const CHARACTER_BYTES: usize = 16;

impl Charset {
    /// A name of every set that is accepted.
    pub const NAMES: &[&str] = &[
        "utf-8",
        "ascii",
        "latin1",
        "latin5",
        "iso-8859-2",
        "iso-8859-3",
        "iso-8859-4",
        "iso-8859-5",
        "iso-8859-6",
        "iso-8859-7",
        "iso-8859-8",
        "iso-8859-8-i",
        "iso-8859-10",
        "iso-8859-11",
        "iso-8859-13",
        "iso-8859-14",
        "iso-8859-15",
        "iso-8859-16",
        "tis-620",
        "koi8-r",
        "koi8-u",
        "windows-874",
        "windows-1251",
        "windows-1252",
        "windows-1253",
        "windows-1254",
        "windows-1255",
        "windows-1256",
        "windows-1257",
        "windows-1258",
        "euc-jp",
        "euc-kr",
        "gb2312",
        "gbk",
        "gb18030",
        "big5",
        "ibm866",
        "cp437",
        "cp850",
    ];

    /// The character set called `name`, in any case: a label of the Encoding Standard (`latin1`,
    /// `windows-874`, `gbk` …) or `cp437`, `cp850`. `Ok(None)` is UTF-8, which needs no translation.
    ///
    /// # Errors
    ///
    /// [`CharsetError::Unknown`] for a name that means nothing, [`CharsetError::Unsafe`] for a set whose bytes
    /// could be taken for controls.
    pub fn named(name: &str) -> Result<Option<Charset>, CharsetError> {
        let label = name.trim().to_ascii_lowercase();
        let charset = |name, table| Ok(Some(Charset { name, table }));
        match &*label {
            "cp437" | "ibm437" | "437" => return charset("CP437", Table::Cp437),
            "cp850" | "ibm850" | "850" => return charset("CP850", Table::Cp850),
            _ => {}
        }
        let encoding = Encoding::for_label(label.as_bytes()).ok_or(CharsetError::Unknown)?;
        if encoding == UTF_8 {
            return Ok(None);
        }
        if let Some(error) = refusal(encoding, &label) {
            return Err(error);
        }
        if let Some((name, table)) = iso(encoding, &label) {
            return charset(name, table);
        }
        let sent = match encoding {
            _ if encoding == IBM866 => DOS,
            _ if encoding == BIG5 => Sent::Big5,
            _ if [EUC_JP, EUC_KR, GBK, GB18030].contains(&encoding) => NINETY_FOUR,
            _ => ABOVE_C1,
        };
        let decoder = encoding.new_decoder_without_bom_handling();
        let name = match encoding {
            _ if encoding == GBK && !label.contains("gbk") => "GB2312",
            _ => encoding.name(),
        };
        charset(name, Table::Standard(encoding, sent, decoder))
    }

    /// Its name, by which [`Charset::named`] finds it again.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Translates a piece of input to UTF-8. Malformed input becomes U+FFFD.
    pub fn decode(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut text = String::new();
        let latin = |byte: &u8| char::from(*byte);
        match &mut self.table {
            Table::Ascii => text.extend(bytes.iter().map(|byte| match byte {
                0x80.. => char::REPLACEMENT_CHARACTER,
                _ => latin(byte),
            })),
            Table::Cp437 => text.extend(bytes.iter().map(|byte| oem(*byte, &DECODING_TABLE_CP437))),
            Table::Cp850 => text.extend(bytes.iter().map(|byte| oem(*byte, &DECODING_TABLE_CP850))),
            Table::Standard(_, _, decoder) => {
                let most = decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(0);
                text.reserve(most);
                let _ = decoder.decode_to_string(bytes, &mut text, false);
            }
            Table::Iso(encoding, _) => {
                for part in bytes.chunk_by(|one, next| is_c1(*one) == is_c1(*next)) {
                    match is_c1(part[0]) {
                        // Controls, which have no place in text and are dropped there.
                        true => text.extend(part.iter().map(latin)),
                        false => text.push_str(&encoding.decode_without_bom_handling(part).0),
                    }
                }
            }
        }
        text.into_bytes()
    }

    /// Appends `text` to `out` in the terminal's character set, with `?` for characters that it lacks or that would
    /// need bytes which are controls elsewhere. A byte 0xFF is doubled for a client that speaks Telnet (RFC 854).
    pub fn encode(&self, text: &str, is_telnet: bool, out: &mut Vec<u8>) {
        let start = out.len();
        match &self.table {
            Table::Ascii => {
                out.extend(text.chars().map(|c| u8::try_from(c).map_or(MISSING, ascii)))
            }
            Table::Cp437 => out.extend(text.chars().map(|c| oem_byte(c, &ENCODING_TABLE_CP437))),
            Table::Cp850 => out.extend(text.chars().map(|c| oem_byte(c, &ENCODING_TABLE_CP850))),
            Table::Standard(encoding, sent, _) | Table::Iso(encoding, sent) => {
                encode_standard(encoding, *sent, text, out);
            }
        }
        if is_telnet && out[start..].contains(&0xFF) {
            let encoded = out.split_off(start);
            for byte in encoded {
                out.push(byte);
                if byte == 0xFF {
                    out.push(byte);
                }
            }
        }
    }
}

/// Why nobody is given this set, if so.
fn refusal(encoding: &'static Encoding, label: &str) -> Option<CharsetError> {
    let safe = match encoding {
        // What the Encoding Standard replaces was dangerous to browsers, which is reason enough.
        _ if encoding == REPLACEMENT || encoding == X_USER_DEFINED => {
            return Some(CharsetError::Unknown);
        }
        _ if encoding == UTF_16BE || encoding == UTF_16LE => None,
        _ if encoding == ISO_2022_JP || encoding == SHIFT_JIS => Some("euc-jp"),
        _ if encoding == EUC_KR && label == "windows-949" => Some("euc-kr"),
        _ if encoding == WINDOWS_1250 => Some("iso-8859-2"),
        _ if encoding == MACINTOSH => Some("latin1"),
        _ if encoding == X_MAC_CYRILLIC => Some("iso-8859-5"),
        _ => return None,
    };
    Some(CharsetError::Unsafe { safe })
}

/// The set of ISO or another that `label` names, if the Encoding Standard takes it for a larger one of Windows.
fn iso(encoding: &'static Encoding, label: &str) -> Option<(&'static str, Table)> {
    let is_windows = [
        "cp1252",
        "windows-1252",
        "x-cp1252",
        "cp1254",
        "windows-1254",
    ]
    .into_iter()
    .chain(["x-cp1254", "windows-874", "dos-874"])
    .any(|windows| windows == label);
    let found = match label {
        _ if is_windows => return None,
        "ascii" | "us-ascii" | "ansi_x3.4-1968" => ("US-ASCII", Table::Ascii),
        "tis-620" => ("TIS-620", Table::Iso(encoding, NINETY_FOUR)),
        _ if encoding == WINDOWS_1252 => ("ISO-8859-1", Table::Iso(encoding, ABOVE_C1)),
        _ if encoding == WINDOWS_1254 => ("ISO-8859-9", Table::Iso(encoding, ABOVE_C1)),
        _ if encoding == WINDOWS_874 => ("ISO-8859-11", Table::Iso(encoding, ABOVE_C1)),
        _ => return None,
    };
    Some(found)
}

/// Whether everybody means the same by this character: whoever uses those for private use has agreed on them with
/// others, but not with all who are in a room.
fn is_meant(character: &str) -> bool {
    !character.contains(|c| matches!(c, '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..))
}

fn is_c1(byte: u8) -> bool {
    matches!(byte, 0x80..=0x9F)
}

fn ascii(byte: u8) -> u8 {
    if byte.is_ascii() { byte } else { MISSING }
}

fn oem(byte: u8, upper: &[char; 128]) -> char {
    match byte {
        0..=0x7F => char::from(byte),
        0x80.. => upper[usize::from(byte - 0x80)],
    }
}

fn oem_byte(character: char, table: &oem_cp::OEMCPHashMap<char, u8>) -> u8 {
    match u8::try_from(character) {
        Ok(byte) if byte.is_ascii() => byte,
        _ => table.get(&character).copied().unwrap_or(MISSING),
    }
}

fn encode_standard(encoding: &'static Encoding, sent: Sent, mut text: &str, out: &mut Vec<u8>) {
    let mut encoder = encoding.new_encoder();
    out.reserve(text.len());
    while let Some(at) = text.bytes().position(|byte| !byte.is_ascii()) {
        let (ascii, rest) = text.split_at(at);
        out.extend_from_slice(ascii.as_bytes());
        let length = rest.chars().next().map_or(0, char::len_utf8);
        let (character, rest) = rest.split_at(length);
        text = rest;
        let mut bytes = [0; CHARACTER_BYTES];
        let (result, _, count) =
            encoder.encode_from_utf8_without_replacement(character, &mut bytes, false);
        match (result, &bytes[..count]) {
            (EncoderResult::InputEmpty, bytes) if is_meant(character) && sent.allows(bytes) => {
                out.extend_from_slice(bytes);
            }
            _ => out.push(MISSING),
        }
    }
    out.extend_from_slice(text.as_bytes());
}

/// Why a terminal cannot have a character set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CharsetError {
    /// There is none of this name, or none that a terminal can use.
    Unknown,
    /// A terminal could take its bytes for controls.
    Unsafe {
        /// A set for the same languages that can be used.
        safe: Option<&'static str>,
    },
}

impl fmt::Debug for Charset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name of every set that is accepted, and the least byte beyond ASCII that it may send.
    const ACCEPTED: [(&str, u8); 38] = [
        ("ascii", 0xFF),
        ("latin1", 0xA0),
        ("iso-8859-2", 0xA0),
        ("iso-8859-3", 0xA0),
        ("iso-8859-4", 0xA0),
        ("iso-8859-5", 0xA0),
        ("iso-8859-6", 0xA0),
        ("iso-8859-7", 0xA0),
        ("iso-8859-8", 0xA0),
        ("iso-8859-8-i", 0xA0),
        ("latin5", 0xA0),
        ("iso-8859-10", 0xA0),
        ("iso-8859-11", 0xA0),
        ("iso-8859-13", 0xA0),
        ("iso-8859-14", 0xA0),
        ("iso-8859-15", 0xA0),
        ("iso-8859-16", 0xA0),
        ("tis-620", 0xA1),
        ("koi8-r", 0xA0),
        ("koi8-u", 0xA0),
        ("windows-874", 0xA0),
        ("windows-1251", 0xA0),
        ("windows-1252", 0xA0),
        ("windows-1253", 0xA0),
        ("windows-1254", 0xA0),
        ("windows-1255", 0xA0),
        ("windows-1256", 0xA0),
        ("windows-1257", 0xA0),
        ("windows-1258", 0xA0),
        ("euc-jp", 0xA1),
        ("euc-kr", 0xA1),
        ("gb2312", 0xA1),
        ("gbk", 0xA1),
        ("gb18030", 0xA1),
        ("big5", 0xA1),
        ("ibm866", 0x80),
        ("cp437", 0x80),
        ("cp850", 0x80),
    ];

    fn charset(name: &str) -> Charset {
        let charset = Charset::named(name).expect(name);
        charset.expect("it is not UTF-8")
    }

    fn encoded(name: &str, text: &str) -> Vec<u8> {
        let mut out = Vec::new();
        charset(name).encode(text, false, &mut out);
        out
    }

    fn decoded(name: &str, bytes: &[u8]) -> String {
        String::from_utf8(charset(name).decode(bytes)).expect("UTF-8")
    }

    #[test]
    fn text_goes_there_and_back() {
        let table: &[(&str, &str, &[u8])] = &[
            ("latin1", "né", b"n\xe9"),
            ("CP437", "né░", b"n\x82\xb0"),
            ("cp850", "né", b"n\x82"),
            ("cp866", "да", b"\xa4\xa0"),
            ("windows-874", "ดี", b"\xb4\xd5"),
            ("tis-620", "ดี", b"\xb4\xd5"),
            ("gb2312", "你好", b"\xc4\xe3\xba\xc3"),
            ("big5", "功", b"\xa5\x5c"),
            ("euc-jp", "表", b"\xc9\xbd"),
            ("euc-kr", "가", b"\xb0\xa1"),
        ];
        for (name, text, bytes) in table {
            assert_eq!(encoded(name, text), *bytes, "{name}");
            let mut charset = charset(name);
            let decoded: Vec<u8> = bytes
                .chunks(1)
                .flat_map(|byte| charset.decode(byte))
                .collect();
            assert_eq!(String::from_utf8(decoded).expect("UTF-8"), *text, "{name}");
        }
    }

    /// All of Unicode in all sets.
    #[test]
    fn no_character_becomes_a_byte_that_a_terminal_of_the_set_takes_for_a_control() {
        let mut names = ACCEPTED.map(|(name, _)| name).to_vec();
        names.push("utf-8");
        names.sort_unstable();
        let mut offered = Charset::NAMES.to_vec();
        offered.sort_unstable();
        assert_eq!(names, offered);
        for (name, least) in ACCEPTED {
            let mut charset = charset(name);
            let mut out = Vec::new();
            // No set has characters of the planes past the third, so those can be looked at together.
            let beyond: String = ('\u{40000}'..=char::MAX).collect();
            charset.encode(&beyond, false, &mut out);
            assert!(out.iter().all(|&byte| byte == b'?'), "{name}");
            for c in '\u{80}'..'\u{40000}' {
                out.clear();
                charset.encode(c.encode_utf8(&mut [0; 4]), false, &mut out);
                if out == b"?" {
                    continue;
                }
                let is_trail = |byte: &u8| name == "big5" && (0x40..=0x7E).contains(byte);
                let safe = out[0] >= least && out[1..].iter().all(|b| *b >= least || is_trail(b));
                assert!(safe, "{name}: U+{:04X} is {out:02X?}", u32::from(c));
                let back = String::from_utf8(charset.decode(&out)).expect("UTF-8");
                // The sign that Japanese terminals have for a minus is a hyphen that is as wide as a letter.
                let expected = match c {
                    '\u{2212}' if name == "euc-jp" => '\u{FF0D}',
                    _ => c,
                };
                assert_eq!(back, expected.to_string(), "{name}: {out:02X?}");
            }
        }
    }

    #[test]
    fn every_set_of_the_encoding_standard_is_tested_or_refused() {
        let refused = [
            "shift_jis",
            "iso-2022-jp",
            "utf-16le",
            "utf-16be",
            "x-user-defined",
        ]
        .into_iter()
        .chain(["replacement", "windows-1250", "macintosh", "x-mac-cyrillic"]);
        for name in refused {
            assert!(Charset::named(name).is_err(), "{name}");
        }
        let standard: std::collections::HashSet<_> = (ACCEPTED.iter())
            .filter_map(|(name, _)| Encoding::for_label(name.as_bytes()))
            .collect();
        // 40 encodings of the standard (section 4.2), UTF-8 among them, less the nine refused.
        assert_eq!(standard.len(), 40 - 9 - 1);
    }

    #[test]
    fn a_set_is_found_again_by_its_name() {
        for (name, _) in ACCEPTED {
            let shown = charset(name).name();
            assert_eq!(charset(shown).name(), shown, "{name}");
        }
        for (name, shown) in [
            ("latin1", "ISO-8859-1"),
            ("ISO_8859-1:1987", "ISO-8859-1"),
            ("cp1252", "windows-1252"),
            ("us-ascii", "US-ASCII"),
            ("csgb2312", "GB2312"),
            ("dos-874", "windows-874"),
        ] {
            assert_eq!(charset(name).name(), shown);
        }
    }

    #[test]
    fn the_names_of_iso_mean_the_sets_of_iso() {
        // The mark after which an xterm takes what follows for a control sequence.
        for name in ["latin1", "ascii", "latin5", "tis-620", "windows-1252"] {
            assert_eq!(encoded(name, "›€"), b"??", "{name}");
        }
        assert_eq!(decoded("latin1", b"a\x9bb\x80"), "a\u{9b}b\u{80}");
        assert_eq!(decoded("tis-620", b"\xb4\x85\xd5"), "ด\u{85}ี");
        assert_eq!(decoded("windows-1252", b"a\x9b"), "a›");
        assert_eq!(decoded("ascii", b"a\x9b\xe9"), "a\u{FFFD}\u{FFFD}");
        assert_eq!(encoded("euc-jp", "ｱ¥‾亞"), b"???\xd0\xb3");
        assert_eq!(encoded("euc-kr", "똠가"), b"?\xb0\xa1");
        assert_eq!(encoded("gbk", "丂你€"), b"?\xc4\xe3?");
        assert_eq!(encoded("koi8-r", "ж─"), b"\xd6?");
    }

    #[test]
    fn what_a_terminal_cannot_show_is_a_question_mark() {
        assert_eq!(encoded("latin1", "a👍ดb"), b"a??b");
        assert_eq!(encoded("cp437", "a👍b\r\n\x1b[K"), b"a?b\r\n\x1b[K");
        assert_eq!(encoded("ascii", "aéb\r\n\x1b[K"), b"a?b\r\n\x1b[K");
    }

    #[test]
    fn a_byte_that_is_iac_is_doubled_for_telnet() {
        let mut out = b"\xff\xfb\x01".to_vec();
        charset("latin1").encode("aÿ", true, &mut out);
        assert_eq!(out, b"\xff\xfb\x01a\xff\xff");
    }

    #[test]
    fn utf_8_needs_nothing_and_unusable_sets_are_refused_with_a_reason() {
        assert!(Charset::named("UTF-8").expect("it is known").is_none());
        for name in ["klingon", "", "x-user-defined", "iso-2022-kr"] {
            let error = Charset::named(name).map(|_| ());
            assert_eq!(error, Err(CharsetError::Unknown), "{name}");
        }
        for (name, safe) in [
            ("utf-16le", None),
            ("iso-2022-jp", Some("euc-jp")),
            ("sjis", Some("euc-jp")),
            ("windows-949", Some("euc-kr")),
            ("cp1250", Some("iso-8859-2")),
        ] {
            let error = Charset::named(name).map(|_| ());
            assert_eq!(error, Err(CharsetError::Unsafe { safe }), "{name}");
            assert!(safe.is_none_or(|safe| Charset::named(safe).is_ok()));
        }
    }
}
