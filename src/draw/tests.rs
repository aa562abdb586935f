use std::sync::Arc;

use super::*;
use crate::message::Timestamp;

fn name(name: &str) -> Name {
    Name::parse(name).expect("a name")
}

fn said(second: i64, from: &str, text: &str) -> Item {
    Item::Message(Arc::new(Message {
        id: 1,
        time: Timestamp(second * 1000),
        member: MemberId(1),
        name: name(from),
        kind: Kind::Message,
        text: text.into(),
    }))
}

fn display(drawing: Drawing) -> Display {
    Display {
        drawing,
        newline: Newline::Lf,
        ..Display::plain(TimeZone::UTC)
    }
}

#[test]
fn a_plain_transcript_shows_local_time_name_and_text() {
    let items = [
        said(22 * 3600 + 44 * 60 + 27, "เป็นคนที่เทอพูมจัย", "ดี"),
        Item::Notice(Notice::Joined(name("Dai"))),
        said(22 * 3600 + 44 * 60 + 33, "Dai", "yo!"),
        Item::Notice(Notice::Renamed {
            old: name("Dai"),
            new: name("Day"),
        }),
        Item::Notice(Notice::Left(name("Day"))),
    ];
    let mut display = display(Drawing::Plain);
    assert_eq!(
        frame(&items, &display, None),
        "[22:44:27] เป็นคนที่เทอพูมจัย: ดี\n* Dai joined\n[22:44:33] Dai: yo!\n\
         * Dai is now known as Day\n* Day left\n"
    );
    display.newline = Newline::CrLf;
    display.zone = TimeZone::get("Asia/Bangkok").expect("a zone");
    let bangkok = frame(&items, &display, None);
    assert!(bangkok.contains("\r\n[05:44:33] Dai: yo!\r\n"), "{bangkok}");
}

#[test]
fn plain_rows_hold_no_escape_whatever_is_asked_for() {
    let mention = Mention::of(MemberId(7), &name("Dai"));
    let drawn = frame(
        &[said(0, "bob", "hi Dai")],
        &display(Drawing::Plain),
        mention.as_ref(),
    );
    assert_eq!(drawn, "[00:00:00] bob: hi Dai\n");
}

#[test]
fn names_are_coloured_and_mentions_stand_out() {
    let mention = Mention::of(MemberId(7), &name("Dai"));
    let drawn = frame(
        &[said(0, "bob", "hi @dai, Daiquiri?")],
        &display(Drawing::Character),
        mention.as_ref(),
    );
    let color = color_of(&name("bob"));
    let expected =
        format!("[00:00:00] \x1b[38;5;{color}mbob\x1b[39m: hi @\x1b[7mdai\x1b[27m, Daiquiri?\n");
    assert_eq!(drawn, expected);
}

#[test]
fn ones_own_words_are_no_mention() {
    let items = [said(0, "Dai", "Dai says Dai")];
    let own = Mention::of(MemberId(1), &name("Dai")).expect("a name");
    let other = Mention::of(MemberId(2), &name("Dai")).expect("a name");
    assert!(!own.is_in(&items));
    assert!(other.is_in(&items));
    let drawn = frame(&items, &display(Drawing::Character), Some(&own));
    assert!(!drawn.contains("\x1b[7m"), "{drawn:?}");
}

#[test]
fn inserted_rows_are_wrapped_and_lose_nothing() {
    let long = "word ".repeat(40);
    let mut display = display(Drawing::Ansi);
    display.color = false;
    let drawn = frame(&[said(0, "bob", long.trim())], &display, None);
    let rows: Vec<&str> = drawn
        .split_terminator("\x1b8\x1b[B")
        .map(|unit| {
            unit.strip_prefix("\x1b7\n\x1b[A\r\x1b[L")
                .expect("an INSERT")
        })
        .collect();
    assert_eq!(rows.len(), 3);
    assert!(rows.iter().all(|row| text::width(row) <= 79), "{rows:?}");
    assert_eq!(rows.join(" "), format!("[00:00:00] bob: {}", long.trim()));
}

#[test]
fn a_span_that_is_cut_by_a_row_is_painted_on_both() {
    let mut display = display(Drawing::Ansi);
    display.columns = Some(20);
    let drawn = frame(&[said(0, &"n".repeat(30), "x")], &display, None);
    let color = color_of(&name(&"n".repeat(30)));
    assert_eq!(drawn.matches(&format!("\x1b[38;5;{color}m")).count(), 2);
    assert_eq!(drawn.matches("\x1b[39m").count(), 2);
}

#[test]
fn words_are_what_people_can_be_called_by() {
    let table: &[(&str, &[&str])] = &[
        ("Dai: hi", &["Dai", "hi"]),
        ("(@Dai) \"T_____T\"!", &["Dai", "T_____T"]),
        ("<0w0>, ?", &["<0w0>"]),
        ("", &[]),
    ];
    for (text, expected) in table {
        let found: Vec<&str> = words(text).map(|word| &text[word]).collect();
        assert_eq!(found, *expected, "{text:?}");
    }
}

#[test]
fn the_colours_of_names_can_be_read_on_black_and_on_white() {
    // The colour cube of the 256-colour palette, and relative luminance as in WCAG 2.
    let channel = |step: u8| -> f64 {
        let value = [0, 95, 135, 175, 215, 255][usize::from(step)];
        let value = f64::from(value) / 255.0;
        if value <= 0.04045 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    };
    for color in NAME_COLORS {
        let cube = color - 16;
        let (red, green, blue) = (cube / 36, cube / 6 % 6, cube % 6);
        let luminance = 0.2126 * channel(red) + 0.7152 * channel(green) + 0.0722 * channel(blue);
        let (on_white, on_black) = (1.05 / (luminance + 0.05), (luminance + 0.05) / 0.05);
        assert!(
            on_white >= 3.0 && on_black >= 3.0,
            "{color}: {on_white} {on_black}"
        );
    }
}
