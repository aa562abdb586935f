//! What a client says about its terminal: the type (RFC 1091) and the window size (RFC 1073).

use crate::limits::{TERMINAL_TYPE_BYTES_MAX, WINDOW_COLUMNS, WINDOW_ROWS};

/// The subnegotiation code before a terminal type.
const IS: u8 = 0x00;

/// The bit of the Mud Terminal Type Standard for a screen reader.
const MTTS_SCREEN_READER: u32 = 0x40;

/// MUD clients have an editor and an input row of their own, and echo what they send: line mode suits
/// them best. Compared as prefixes, since some add their version.
const MUD_CLIENTS: [&str; 15] = [
    "ATLANTIS",
    "BEIP",
    "BLIGHTMUD",
    "CMUD",
    "KBTIN",
    "KILDCLIENT",
    "MUDLET",
    "MUDPORTAL",
    "MUDRAMMER",
    "MUSHCLIENT",
    "POTATO",
    "TINYFUGUE",
    "VIPMUD",
    "WINTIN",
    "ZMUD",
];

/// Terminals that cannot move the cursor, or do not say what they are.
const PRINTING_TERMINALS: [&str; 6] = [
    "DUMB", "EMACS", "HARDCOPY", "NETWORK", "TELETYPE", "UNKNOWN",
];

/// Parts of a terminal type that identify assistive software.
const SCREEN_READERS: [&str; 6] = [
    "SCREENREADER",
    "SCREEN-READER",
    "SCREEN_READER",
    "EMACSPEAK",
    "NVDA",
    "VIPMUD",
];

/// What suits a type of terminal best.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Drawing {
    /// Character mode, also for terminals of unknown type.
    #[default]
    Character,
    /// Line mode, append-only.
    LinePlain,
    /// Line mode; messages can be inserted above the line being typed.
    LineAnsi,
}

/// The size of a client's window; `None` where it is unknown or implausible.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WindowSize {
    /// Width, within [`WINDOW_COLUMNS`].
    pub columns: Option<u16>,
    /// Height, within [`WINDOW_ROWS`].
    pub rows: Option<u16>,
}

impl WindowSize {
    /// Reads the payload of a NAWS subnegotiation: two big-endian numbers. Zero means that the client
    /// does not say. `None` if the payload is malformed.
    pub fn from_payload(payload: &[u8]) -> Option<Self> {
        let &[columns_high, columns_low, rows_high, rows_low] = payload else {
            return None;
        };
        let columns = u16::from_be_bytes([columns_high, columns_low]);
        let rows = u16::from_be_bytes([rows_high, rows_low]);
        Some(Self {
            columns: WINDOW_COLUMNS.contains(&columns).then_some(columns),
            rows: WINDOW_ROWS.contains(&rows).then_some(rows),
        })
    }
}

/// Reads the payload of a TERMINAL-TYPE subnegotiation. `None` if it is malformed, longer than
/// [`TERMINAL_TYPE_BYTES_MAX`] or not printable ASCII.
pub fn terminal_type(payload: &[u8]) -> Option<String> {
    let (&IS, name) = payload.split_first()? else {
        return None;
    };
    let printable = name.iter().all(|byte| (b' '..=b'~').contains(byte));
    if name.is_empty() || name.len() > TERMINAL_TYPE_BYTES_MAX || !printable {
        return None;
    }
    String::from_utf8(name.to_vec()).ok()
}

/// What suits a terminal that calls itself `name` best.
pub fn drawing_for(name: &str) -> Drawing {
    let name = name.to_ascii_uppercase();
    let is_any = |known: &[&str]| known.iter().any(|known| name.starts_with(known));
    if name.starts_with("TINTIN") {
        Drawing::LineAnsi
    } else if is_any(&MUD_CLIENTS) || is_any(&PRINTING_TERMINALS) || is_screen_reader(&name) {
        Drawing::LinePlain
    } else {
        Drawing::Character
    }
}

/// Whether a terminal type belongs to a MUD client, which has an input row of its own.
pub fn is_mud_client(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    name.starts_with("TINTIN") || MUD_CLIENTS.iter().any(|known| name.starts_with(known))
}

/// Terminals whose palette has 256 colours, by the beginnings of their names.
const COLORFUL_TERMINALS: [&str; 13] = [
    "ALACRITTY",
    "FOOT",
    "GNOME",
    "ITERM",
    "KITTY",
    "KONSOLE",
    "MLTERM",
    "PUTTY",
    "RXVT",
    "SCREEN",
    "TMUX",
    "VTE",
    "XTERM",
];

/// Whether a terminal that calls itself `name` may know the first 16 colours only, and take a number from the larger
/// palette for something else.
pub fn has_few_colors(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let is_colorful =
        name.contains("256") || COLORFUL_TERMINALS.iter().any(|it| name.starts_with(it));
    !is_colorful
}

/// Whether a terminal type belongs to a screen reader: by its name, or by the number in `MTTS number`,
/// which is the third answer of a client that follows the Mud Terminal Type Standard.
pub fn is_screen_reader(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    match name.strip_prefix("MTTS ") {
        Some(number) => number
            .parse::<u32>()
            .is_ok_and(|bits| bits & MTTS_SCREEN_READER != 0),
        None => SCREEN_READERS.iter().any(|known| name.contains(known)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_out_of_bounds_are_unknown() {
        let table = [
            (&[0, 80, 0, 24][..], Some((Some(80), Some(24)))),
            (&[0, 0, 0, 0], Some((None, None))),
            (&[0, 80, 0, 0], Some((Some(80), None))),
            (&[0, 7, 0, 1], Some((None, None))),
            (&[0, 8, 0, 2], Some((Some(8), Some(2)))),
            (&[3, 0xE8, 3, 0xE8], Some((Some(1000), Some(1000)))),
            (&[3, 0xE9, 3, 0xE9], Some((None, None))),
            (&[0xFF, 0xFF, 0xFF, 0xFF], Some((None, None))),
            (&[0, 80, 0], None),
            (&[0, 80, 0, 24, 0], None),
            (&[], None),
        ];
        for (payload, expected) in table {
            let size = WindowSize::from_payload(payload).map(|size| (size.columns, size.rows));
            assert_eq!(size, expected, "{payload:?}");
        }
    }

    #[test]
    fn a_terminal_type_is_short_printable_ascii() {
        let name = |name: &str| Some(name.to_owned());
        assert_eq!(terminal_type(b"\0XTERM-256COLOR"), name("XTERM-256COLOR"));
        assert_eq!(terminal_type(b"\0MTTS 271"), name("MTTS 271"));
        let longest = "x".repeat(TERMINAL_TYPE_BYTES_MAX);
        let framed = |name: &str| [b"\0", name.as_bytes()].concat();
        assert_eq!(terminal_type(&framed(&longest)), name(&longest));
        let too_long = framed(&(longest + "x"));
        for refused in [
            &b""[..],
            b"\0",
            b"\x01xterm",
            b"\0xt\x1b[Jerm",
            b"\0\xc3\xa4",
            b"\0a\x7f",
            &too_long,
        ] {
            assert_eq!(terminal_type(refused), None, "{refused:?}");
        }
    }

    #[test]
    fn terminals_are_told_apart_by_name() {
        let table = [
            ("XTERM-256COLOR", Drawing::Character),
            ("xterm", Drawing::Character),
            ("screen", Drawing::Character),
            ("vt100", Drawing::Character),
            ("TINTIN++", Drawing::LineAnsi),
            ("TINYFUGUE", Drawing::LinePlain),
            ("KBtin", Drawing::LinePlain),
            ("Mudlet 4.17", Drawing::LinePlain),
            ("MUSHclient", Drawing::LinePlain),
            ("BeipMU", Drawing::LinePlain),
            ("dumb", Drawing::LinePlain),
            ("UNKNOWN", Drawing::LinePlain),
            ("xterm-screenreader", Drawing::LinePlain),
        ];
        for (name, expected) in table {
            assert_eq!(drawing_for(name), expected, "{name}");
        }
    }

    #[test]
    fn a_screen_reader_makes_itself_known() {
        for (name, expected) in [
            ("MTTS 335", true),
            ("MTTS 64", true),
            ("MTTS 271", false),
            ("MTTS 99999999999", false),
            ("MTTS ", false),
            ("VIPMud", true),
            ("Linux-Screen-Reader", true),
            ("screen", false),
        ] {
            assert_eq!(is_screen_reader(name), expected, "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_payload_panics_and_none_leaves_its_bounds(
            payload in prop::collection::vec(any::<u8>(), 0..60),
        ) {
            if let Some(name) = terminal_type(&payload) {
                prop_assert!(name.len() <= TERMINAL_TYPE_BYTES_MAX);
                prop_assert!(name.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
                drawing_for(&name);
            }
            if let Some(size) = WindowSize::from_payload(&payload) {
                prop_assert!(size.columns.is_none_or(|columns| WINDOW_COLUMNS.contains(&columns)));
                prop_assert!(size.rows.is_none_or(|rows| WINDOW_ROWS.contains(&rows)));
            }
        }
    }
}
