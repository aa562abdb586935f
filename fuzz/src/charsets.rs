//! Character sets of terminals.

use parlor::terminal::charset::Charset;
use parlor::text::clean;

/// The sets, by names that people give them, and the least byte beyond ASCII that a terminal of each prints.
const SETS: [(&str, u8); 18] = [
    ("ascii", 0xFF),
    ("latin1", 0xA0),
    ("iso-8859-2", 0xA0),
    ("iso-8859-11", 0xA0),
    ("latin5", 0xA0),
    ("tis-620", 0xA1),
    ("koi8-r", 0xA0),
    ("windows-874", 0xA0),
    ("windows-1252", 0xA0),
    ("windows-1258", 0xA0),
    ("euc-jp", 0xA1),
    ("euc-kr", 0xA1),
    ("gb2312", 0xA1),
    ("gb18030", 0xA1),
    ("big5", 0xA1),
    ("ibm866", 0x80),
    ("cp437", 0x80),
    ("cp850", 0x80),
];

/// The first byte of the input chooses a set; the rest is what its terminal sends, and what somebody says to it.
///
/// - What is sent reads the same in every cut, and is safe once it is cleaned.
/// - What is said reaches the terminal as bytes that it prints: no control, and none of C1. Said by that terminal
///   again, it is the same, but for what the set lacks.
pub fn charsets(input: &[u8]) {
    let Some((&choice, rest)) = input.split_first() else {
        return;
    };
    let (name, least) = SETS[usize::from(choice) % SETS.len()];
    receives(name, rest);
    let said = clean(rest);
    let sent = encoded(name, &said);
    prints(name, least, &sent);
    let heard = decoded(name, &sent, sent.len().max(1));
    prints(name, least, &encoded(name, &clean(heard.as_bytes())));
}

fn receives(name: &str, bytes: &[u8]) {
    let whole = decoded(name, bytes, bytes.len().max(1));
    for piece in [1, 2, 3, 7] {
        assert_eq!(
            decoded(name, bytes, piece),
            whole,
            "{name} in pieces of {piece}"
        );
    }
    let text = clean(whole.as_bytes());
    assert!(!text.contains(char::is_control), "{name}: {text:?}");
}

/// Asserts that a terminal prints all of it.
fn prints(name: &str, least: u8, bytes: &[u8]) {
    let mut after_lead = false;
    for &byte in bytes {
        // A trail byte of Big5 may be a letter, and never anything below.
        let is_trail = after_lead && matches!(byte, 0x40..=0x7E);
        let is_printed = matches!(byte, b' '..=b'~') || byte >= least && byte >= 0x80 || is_trail;
        assert!(is_printed, "{name}: 0x{byte:02X} in {bytes:02X?}");
        after_lead = name == "big5" && byte >= 0x80 && !after_lead;
    }
}

fn charset(name: &str) -> Charset {
    match Charset::named(name) {
        Ok(Some(charset)) => charset,
        other => panic!("{name} is {other:?}"),
    }
}

fn encoded(name: &str, text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    charset(name).encode(text, false, &mut out);
    out
}

fn decoded(name: &str, bytes: &[u8], piece: usize) -> String {
    let mut charset = charset(name);
    let text = bytes
        .chunks(piece)
        .flat_map(|bytes| charset.decode(bytes))
        .collect();
    String::from_utf8(text).expect("it is UTF-8")
}
