//! Names of people and rooms.

use std::fmt::Display;

use parlor::chat::name::{Name, NameError, RoomName};
use parlor::limits::{NAME_BYTES_MAX, NAME_GRAPHEMES_MAX};
use parlor::text::{clean, graphemes, unfit, width};

/// The lines of the input are names that people type.
///
/// - A name is short, clean and without blanks, and is read as itself again; so is what is suggested for a refused
///   one, and a name with a number behind it.
/// - A name that is chosen, or suggested instead, is chosen as it is. All of it can be seen, and it is not what a row
///   of the server begins with.
/// - Whether two names clash does not depend on the order, nor on having been read again.
/// - Nobody but `anon` passes for `anon`.
pub fn names(input: &[u8]) {
    let typed: Vec<_> = input.splitn(3, |&byte| byte == b'\n').collect();
    let names: Vec<Name> = typed.iter().filter_map(|line| person(line)).collect();
    for line in typed {
        room(line);
        choice(line, Name::choose);
        choice(line, RoomName::choose);
    }
    for one in &names {
        for other in &names {
            let clashes = one.clashes(other);
            assert_eq!(other.clashes(one), clashes, "{one} and {other}");
            assert!(clashes || one != other, "{one} is not like itself");
        }
    }
}

/// The name that `line` is, or the one suggested for it.
fn person(line: &[u8]) -> Option<Name> {
    let text = String::from_utf8_lossy(line);
    let name = match Name::parse(&text) {
        Ok(name) => name,
        Err(error) => parsed(&suggestion(error)?, Name::parse),
    };
    check_text(name.as_str());
    assert_eq!(parsed(name.as_str(), Name::parse), name);
    assert!(name.is_anon() || !name.clashes(&Name::anon()), "{name}");
    for number in [2, u32::MAX] {
        let numbered = name.numbered(number.into());
        check_text(numbered.as_str());
        assert_eq!(parsed(numbered.as_str(), Name::parse), numbered);
    }
    Some(name)
}

fn choice<N: Display>(line: &[u8], choose: fn(&str) -> Result<N, NameError>) {
    let text = String::from_utf8_lossy(line);
    let name = match choose(&text) {
        Ok(name) => Some(name),
        Err(error) => suggestion(error).map(|text| parsed(&text, choose)),
    };
    if let Some(name) = name {
        let name = name.to_string();
        check_text(&name);
        assert_eq!(unfit(&name), None, "{name:?}");
        assert!(
            graphemes(&name).all(|grapheme| width(grapheme) > 0),
            "{name:?}"
        );
        let is_time = name.starts_with('[') && name.contains(|c: char| c.is_ascii_digit());
        assert!(
            !is_time || name.contains(|c: char| !"[]:0123456789".contains(c)),
            "{name}"
        );
        assert!(
            !name.starts_with('*') || name.contains(|c| c != '*'),
            "{name}"
        );
    }
}

fn room(line: &[u8]) {
    let text = String::from_utf8_lossy(line);
    let room = match RoomName::parse(&text) {
        Ok(room) => Some(room),
        Err(error) => suggestion(error).map(|text| parsed(&text, RoomName::parse)),
    };
    if let Some(room) = room {
        check_text(room.as_str());
        assert!(!room.as_str().contains(','), "{room}");
        assert_eq!(parsed(room.as_str(), RoomName::parse).key(), room.key());
    }
}

fn suggestion(error: NameError) -> Option<String> {
    let why = error.to_string();
    assert!(!why.contains(char::is_control) && !why.ends_with('.'));
    error.suggestion
}

/// What `text` is read as, which has to be just that.
fn parsed<N: Display>(text: &str, parse: fn(&str) -> Result<N, NameError>) -> N {
    let name = parse(text).unwrap_or_else(|error| panic!("{text:?} is refused: {error}"));
    assert_eq!(name.to_string(), text);
    name
}

fn check_text(name: &str) {
    assert!((1..=NAME_GRAPHEMES_MAX).contains(&graphemes(name).count()));
    assert!(name.len() <= NAME_BYTES_MAX && !name.contains(char::is_whitespace));
    assert_eq!(clean(name.as_bytes()), name);
}
