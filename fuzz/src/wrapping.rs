//! Wrapping lines at the edge of a screen.

use std::num::NonZeroU16;
use std::sync::Arc;

use jiff::tz::TimeZone;
use parlor::chat::message::{Item, Kind, MemberId, Message};
use parlor::chat::name::Name;
use parlor::limits::INDENT_COLUMNS;
use parlor::terminal::draw::{self, Display, Drawing};
use parlor::text::{breadth, clean, graphemes, wrap};
use parlor::time::Timestamp;

/// The first two bytes are the columns of a screen and of its later rows; up to a zero byte follows a name, then what
/// is said under it.
///
/// - Rows fit on the screen, and lose only the spaces at the breaks.
/// - In every drawing only the first row of a message stands where a row begins; all others are indented.
pub fn wrapping(input: &[u8]) {
    let [columns, later, rest @ ..] = input else {
        return;
    };
    let mut parts = rest.splitn(2, |byte| *byte == 0);
    let name = clean(parts.next().unwrap_or_default());
    let text = clean(parts.next().unwrap_or_default());
    check_wrap(&text, usize::from(*columns), usize::from(*later));
    let Ok(name) = Name::parse(&name) else { return };
    let said = Item::Message(Arc::new(Message {
        id: 1,
        time: Timestamp(0),
        member: MemberId(1),
        name,
        kind: if later % 2 == 0 {
            Kind::Message
        } else {
            Kind::Action
        },
        text: text.into(),
    }));
    for drawing in [Drawing::Plain, Drawing::Character, Drawing::Ansi] {
        check_rows(&said, drawing, u16::from(*columns).max(8));
    }
}

fn check_wrap(text: &str, first: usize, later: usize) {
    let mut end = 0;
    for (number, row) in wrap(text, first, later).enumerate() {
        let columns = if number == 0 { first } else { later };
        let shown = &text[row.clone()];
        assert!(breadth(shown) <= columns || graphemes(shown).count() == 1);
        assert!(!row.is_empty() || text.is_empty(), "an empty row");
        let lost = &text[end..row.start];
        assert!(lost.bytes().all(|byte| byte == b' '), "{lost:?} is lost");
        end = row.end;
    }
    let lost = text[end..].trim_start_matches(' ');
    assert_eq!(lost, "", "an end is lost");
}

fn check_rows(said: &Item, drawing: Drawing, columns: u16) {
    let display = Display {
        drawing,
        color: false,
        columns: NonZeroU16::new(columns),
        ..Display::plain(TimeZone::UTC)
    };
    let drawn = draw::frame(std::slice::from_ref(said), &display, None);
    let rows: Vec<&str> = match drawing {
        Drawing::Ansi => drawn
            .split_terminator(draw::INSERT_END)
            .map(|unit| unit.rsplit_once('\x1b').expect("an INSERT").1)
            .map(|unit| unit.strip_prefix("[L").expect("an INSERT"))
            .collect(),
        Drawing::Plain | Drawing::Character => drawn.split_terminator("\r\n").collect(),
    };
    assert!(rows[0].starts_with("[00:00:0"), "{rows:?}");
    for (number, row) in rows.iter().enumerate() {
        let is_alone = graphemes(row.trim_start_matches(' ')).count() == 1;
        assert!(
            breadth(row) <= usize::from(columns) || is_alone,
            "{row:?} at {columns}"
        );
        assert!(
            number == 0 || row.starts_with(&" ".repeat(INDENT_COLUMNS)),
            "{rows:?}"
        );
    }
}
