//! *Pure.* Terminals that do not speak UTF-8: their bytes are translated at the socket, both ways, so that
//! nothing else has to know.

use std::fmt;

use encoding_rs::{Encoding, ISO_2022_JP, REPLACEMENT, UTF_8, UTF_16BE, UTF_16LE};
use oem_cp::code_table::{
    DECODING_TABLE_CP437, DECODING_TABLE_CP850, ENCODING_TABLE_CP437, ENCODING_TABLE_CP850,
};

/// A character set other than UTF-8, and the unfinished character at the end of the last piece of input.
pub struct Charset {
    name: &'static str,
    table: Table,
}

enum Table {
    /// One of the Encoding Standard's; its decoder keeps unfinished characters.
    Standard(&'static Encoding, encoding_rs::Decoder),
    /// An IBM code page, one byte a character.
    Cp437,
    /// As `Cp437`.
    Cp850,
}

/// Stands for a character that a character set lacks.
const MISSING: u8 = b'?';

impl Charset {
    /// The character set called `name`, in any case: a label of the Encoding Standard (`latin1`,
    /// `windows-874`, `gbk` …) or `cp437`, `cp850`. `Ok(None)` is UTF-8, which needs no translation; `Err`
    /// is a name that means nothing, or a set whose bytes could be taken for controls.
    pub fn named(name: &str) -> Result<Option<Charset>, UnknownCharset> {
        let charset = |name, table| Ok(Some(Charset { name, table }));
        match name.to_ascii_lowercase().as_str() {
            "cp437" | "ibm437" | "437" => return charset("CP437", Table::Cp437),
            "cp850" | "ibm850" | "850" => return charset("CP850", Table::Cp850),
            _ => {}
        }
        match Encoding::for_label(name.as_bytes()) {
            Some(encoding) if encoding == UTF_8 => Ok(None),
            None => Err(UnknownCharset),
            Some(encoding)
                if [UTF_16BE, UTF_16LE, ISO_2022_JP, REPLACEMENT].contains(&encoding) =>
            {
                Err(UnknownCharset)
            }
            Some(encoding) => {
                let decoder = encoding.new_decoder_without_bom_handling();
                charset(encoding.name(), Table::Standard(encoding, decoder))
            }
        }
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Translates a piece of input to UTF-8. Malformed input becomes U+FFFD.
    pub fn decode(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut text = String::new();
        match &mut self.table {
            Table::Cp437 => text.extend(bytes.iter().map(|byte| oem(*byte, &DECODING_TABLE_CP437))),
            Table::Cp850 => text.extend(bytes.iter().map(|byte| oem(*byte, &DECODING_TABLE_CP850))),
            Table::Standard(_, decoder) => {
                let most = decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(0);
                text.reserve(most);
                let _ = decoder.decode_to_string(bytes, &mut text, false);
            }
        }
        text.into_bytes()
    }

    /// Appends `text` to `out` in the terminal's character set, with `?` for characters that it lacks. A byte 0xFF is
    /// doubled for a client that speaks Telnet (RFC 854).
    pub fn encode(&self, text: &str, is_telnet: bool, out: &mut Vec<u8>) {
        let start = out.len();
        match &self.table {
            Table::Cp437 => out.extend(text.chars().map(|c| oem_byte(c, &ENCODING_TABLE_CP437))),
            Table::Cp850 => out.extend(text.chars().map(|c| oem_byte(c, &ENCODING_TABLE_CP850))),
            Table::Standard(encoding, _) => encode_standard(encoding, text, out),
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

fn encode_standard(encoding: &'static Encoding, mut text: &str, out: &mut Vec<u8>) {
    use encoding_rs::EncoderResult;
    let mut encoder = encoding.new_encoder();
    loop {
        out.reserve(2 * text.len() + 16);
        let (result, read) = encoder.encode_from_utf8_to_vec_without_replacement(text, out, true);
        text = &text[read..];
        match result {
            EncoderResult::InputEmpty => return,
            EncoderResult::OutputFull => {}
            EncoderResult::Unmappable(_) => out.push(MISSING),
        }
    }
}

/// There is no such character set, or none that a terminal can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownCharset;

impl fmt::Debug for Charset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn charset(name: &str) -> Charset {
        let charset = Charset::named(name).expect("it is known");
        charset.expect("it is not UTF-8")
    }

    fn encoded(name: &str, text: &str) -> Vec<u8> {
        let mut out = Vec::new();
        charset(name).encode(text, false, &mut out);
        out
    }

    #[test]
    fn text_goes_there_and_back() {
        let table: &[(&str, &str, &[u8])] = &[
            ("latin1", "né", b"n\xe9"),
            ("CP437", "né░", b"n\x82\xb0"),
            ("cp850", "né", b"n\x82"),
            ("windows-874", "ดี", b"\xb4\xd5"),
            ("gbk", "你好", b"\xc4\xe3\xba\xc3"),
            ("shift_jis", "表", b"\x95\x5c"),
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

    #[test]
    fn what_a_terminal_cannot_show_is_a_question_mark() {
        assert_eq!(encoded("latin1", "a👍ดb"), b"a??b");
        assert_eq!(encoded("cp437", "a👍b\r\n\x1b[K"), b"a?b\r\n\x1b[K");
    }

    #[test]
    fn a_byte_that_is_iac_is_doubled_for_telnet() {
        let mut out = b"\xff\xfb\x01".to_vec();
        charset("latin1").encode("aÿ", true, &mut out);
        assert_eq!(out, b"\xff\xfb\x01a\xff\xff");
    }

    #[test]
    fn utf_8_needs_nothing_and_unusable_sets_are_refused() {
        assert!(Charset::named("UTF-8").expect("it is known").is_none());
        for name in ["utf-16le", "iso-2022-jp", "klingon", ""] {
            assert!(Charset::named(name).is_err(), "{name}");
        }
    }
}
