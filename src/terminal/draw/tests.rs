use std::sync::Arc;

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::style::COLORS;
use super::*;
use crate::chat::message::{Group, Item, Kind, MemberId, Message, ModAction, ModNotice, Notice};
use crate::chat::name::Name;
use crate::chat::topic::Topic;
use crate::limits::{INDENT_COLUMNS, WINDOW_COLUMNS};
use crate::text;
use crate::time::Timestamp;

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

fn one(text: &str) -> Group {
    Group::of(1, name(text))
}

/// Published when 1970 began.
fn published(items: Vec<Item>) -> Batch {
    Batch::new(items, Timestamp(0))
}

/// As `member` sees things, of whom others speak as `mention` says.
fn seen_by(member: u64, mention: Option<&Mention>) -> Option<Viewpoint<'_>> {
    let member = MemberId(member);
    Some(Viewpoint { member, mention })
}

#[test]
fn a_plain_transcript_shows_local_time_name_and_text() {
    let items = [
        said(22 * 3600 + 44 * 60 + 27, "เป็นคนที่เทอพูมจัย", "ดี"),
        Item::Notice(Notice::Joined(one("Dai"))),
        said(22 * 3600 + 44 * 60 + 33, "Dai", "yo!"),
        Item::Notice(Notice::Renamed {
            member: MemberId(1),
            old: name("Dai"),
            new: name("Day"),
        }),
        Item::Notice(Notice::Left(one("Day"))),
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
fn the_date_stands_between_rows_of_two_days_in_every_drawing() {
    let midnight = 20_000 * 24 * 3600;
    let items = [
        said(midnight - 1, "bob", "one"),
        Item::Notice(Notice::Joined(one("Dai"))),
        said(midnight, "bob", "two"),
        said(midnight + 1, "bob", "three"),
    ];
    let rows = [
        "[23:59:59] bob: one",
        "* Dai joined",
        "--- 2024-10-04 ---",
        "[00:00:00] bob: two",
        "[00:00:01] bob: three",
    ];
    for drawing in [Drawing::Plain, Drawing::Character, Drawing::Ansi] {
        let mut display = display(drawing);
        display.color = false;
        let frame = frame(&items, &display, None);
        let shown: Vec<&str> = match drawing {
            Drawing::Ansi => inserted(&frame),
            _ => frame.lines().collect(),
        };
        assert_eq!(shown, rows, "{drawing:?}");
    }
    let mut display = display(Drawing::Plain);
    display.zone = TimeZone::get("Asia/Bangkok").expect("a zone");
    let elsewhere = frame(&items, &display, None);
    assert!(!elsewhere.contains("---"), "{elsewhere}");
}

#[test]
fn a_batch_over_midnight_is_shared_by_those_who_see_the_same() {
    let midnight = 20_000 * 24 * 3600;
    let batch = published(vec![
        said(midnight - 1, "bob", "one"),
        said(midnight, "bob", "two"),
    ]);
    let custom_zone = |zone: &str| Display {
        custom_zone: true,
        zone: TimeZone::get(zone).expect("a zone"),
        ..display(Drawing::Plain)
    };
    let here = "[23:59:59] bob: one\n--- 2024-10-04 ---\n[00:00:00] bob: two\n";
    let bangkok = "[06:59:59] bob: one\n[07:00:00] bob: two\n";
    let table = [
        (display(Drawing::Plain), here),
        // The server's UTC offset, under another name.
        (custom_zone("Africa/Abidjan"), here),
        (custom_zone("Asia/Bangkok"), bangkok),
        (custom_zone("Asia/Jakarta"), bangkok),
    ];
    let mut shared = Vec::new();
    for (display, rows) in &table {
        let mut day = DayTracker::default();
        day.set(Timestamp((midnight - 1) * 1000), &display.zone);
        let frame = shared_frame(&batch, display, &day).expect("it is shared");
        assert_eq!(frame, *rows, "{:?}", display.zone);
        shared.push(frame.as_ptr());
    }
    assert_eq!(shared[2], shared[3], "both look at one drawing");
    // The clocks of Havana went back by an hour at this moment; those of Bogota did not.
    let change = 1_730_610_000;
    let batch = published(vec![
        said(change - 1, "bob", "one"),
        said(change, "bob", "two"),
    ]);
    for (zone, is_shared) in [("America/Havana", false), ("America/Bogota", true)] {
        let (display, mut day) = (custom_zone(zone), DayTracker::default());
        day.set(Timestamp((change - 1) * 1000), &display.zone);
        let frame = shared_frame(&batch, &display, &day);
        assert_eq!(frame.is_some(), is_shared, "{zone}");
    }
}

#[test]
fn plain_rows_hold_no_escape_whatever_is_asked_for() {
    let mention = Mention::of(MemberId(7), &name("Dai"));
    let drawn = frame(
        &[said(0, "bob", "hi Dai")],
        &display(Drawing::Plain),
        seen_by(7, mention.as_ref()),
    );
    assert_eq!(drawn, "[00:00:00] bob: hi Dai\n");
}

/// A drawing with its escape sequences in words: `<dim>`, `<name>` and so on, and `</>` where something ends.
fn in_words(drawn: &str, named: &[(&str, &str)]) -> String {
    let mut words = drawn.to_owned();
    for (name, escape) in named {
        words = words.replace(&format!("\x1b[{escape}m"), &format!("<{name}>"));
    }
    for end in ["22;39", "22;24", "22", "24", "27", "39"] {
        words = words.replace(&format!("\x1b[{end}m"), "</>");
    }
    words
}

#[test]
fn times_and_notices_are_dim_names_coloured_and_mentions_reversed() {
    let mention = Mention::of(MemberId(7), &name("Dai"));
    let items = [
        said(0, "bob", "hi @dai, Daiquiri?"),
        Item::Notice(Notice::Joined(one("ann"))),
    ];
    let (full, few) = (("38;5;68", "38;5;244"), ("36", "2"));
    for (few_colors, (color, dim)) in [(false, full), (true, few)] {
        let display = Display {
            few_colors,
            ..display(Drawing::Character)
        };
        let named = [
            ("dim", dim),
            ("bob", color),
            ("own", &format!("1;{color}")),
            ("you", "7"),
        ];
        let drawn = |viewer| in_words(&frame(&items, &display, viewer), &named);
        assert_eq!(
            drawn(seen_by(7, mention.as_ref())),
            "<dim>[00:00:00]</> <bob>bob</>: hi @<you>dai</>, Daiquiri?\n<dim>* ann joined</>\n"
        );
        // One's own name is bold as well.
        assert_eq!(
            drawn(seen_by(1, None)),
            "<dim>[00:00:00]</> <own>bob</>: hi @dai, Daiquiri?\n<dim>* ann joined</>\n"
        );
    }
}

#[test]
fn times_can_be_short_or_left_out() {
    let action = match said(3661, "bob", "waves") {
        Item::Message(message) => Item::Message(Arc::new(Message {
            kind: Kind::Action,
            ..Message::clone(&message)
        })),
        notice => notice,
    };
    let items = [
        said(3661, "bob", "hi"),
        action,
        Item::Notice(Notice::Left(one("ann"))),
    ];
    for (times, rows) in [
        (
            Times::Full,
            "[01:01:01] bob: hi\n[01:01:01] * bob waves\n* ann left\n",
        ),
        (
            Times::Short,
            "[01:01] bob: hi\n[01:01] * bob waves\n* ann left\n",
        ),
        (Times::Off, "<bob> hi\n<*> bob waves\n* ann left\n"),
    ] {
        let display = Display {
            times,
            ..display(Drawing::Plain)
        };
        assert_eq!(frame(&items, &display, None), rows);
        let batch = published(items.to_vec());
        let shared = shared_frame(&batch, &display, &DayTracker::default());
        assert_eq!(shared, Some(rows));
    }
}

#[test]
fn lines_of_the_past_look_as_they_did_live_and_hits_stand_out() {
    let mention = Mention::of(MemberId(7), &name("Dai"));
    let Item::Message(message) = said(0, "bob", "Pizza for Dai, PIZZA for all") else {
        panic!("it is one")
    };
    let viewer = seen_by(7, mention.as_ref()).expect("somebody");
    let named = [
        ("dim", "38;5;244"),
        ("bob", "38;5;68"),
        ("you", "7"),
        ("hit", "1;4"),
    ];
    let drawn = |hits: Option<&Hits>, columns| {
        let mut words = String::new();
        write_past(
            "#1 [2026-11-20 14:30:01] ",
            &message,
            viewer,
            hits,
            &mut words,
        );
        let mut out = String::new();
        let display = Display {
            columns: NonZeroU16::new(columns),
            ..display(Drawing::Character)
        };
        write_row(&words, &display, &mut out);
        in_words(&out, &named)
    };
    let head = "<dim>#1 [2026-11-20 14:30:01]</> <bob>bob</>: ";
    assert_eq!(
        drawn(None, 80),
        format!("{head}Pizza for <you>Dai</>, PIZZA for all\n")
    );
    let hits = Hits::of(["pizza", "all"]);
    assert_eq!(
        drawn(Some(&hits), 80),
        format!("{head}<hit>Pizza</> for Dai, <hit>PIZZA</> for <hit>all</>\n")
    );
    assert_eq!(
        drawn(Some(&hits), 48),
        format!("{head}<hit>Pizza</> for Dai,\n  <hit>PIZZA</> for <hit>all</>\n")
    );
}

#[test]
fn ones_own_words_are_no_mention() {
    let items = [said(0, "Dai", "Dai says Dai")];
    let own = Mention::of(MemberId(1), &name("Dai")).expect("a name");
    let other = Mention::of(MemberId(2), &name("Dai")).expect("a name");
    assert!(!own.is_in(&items));
    assert!(other.is_in(&items));
    let drawn = frame(&items, &display(Drawing::Character), seen_by(1, Some(&own)));
    assert!(!drawn.contains("\x1b[7m"), "{drawn:?}");
}

/// The rows that a drawing inserts.
fn inserted(frame: &str) -> Vec<&str> {
    let units = frame.split_terminator(INSERT_END);
    units
        .map(|unit| {
            unit.strip_prefix("\x1b7\x1b[?7l\n\x1b[A\r\x1b[L")
                .expect("an INSERT")
        })
        .collect()
}

#[test]
fn a_forged_row_stands_below_its_authors_text() {
    let text = format!("ok{}[14:14:08] Dai: yes, I pushed that bug", " ".repeat(70));
    let items = [said(0, "Eve", &text)];
    let rows = |drawing, columns: Option<u16>| {
        let display = Display {
            color: false,
            columns: columns.and_then(NonZeroU16::new),
            ..display(drawing)
        };
        let frame = frame(&items, &display, None);
        match drawing {
            Drawing::Ansi => inserted(&frame).join("\n"),
            Drawing::Plain | Drawing::Character => frame.trim_end().to_owned(),
        }
    };
    let below = "[00:00:00] Eve: ok\n                [14:14:08] Dai: yes, I pushed that bug";
    let narrow = "[00:00:00] Eve: ok\n  [14:14:08] Dai: yes, I pushed that bug";
    for drawing in [Drawing::Plain, Drawing::Ansi, Drawing::Character] {
        assert_eq!(rows(drawing, None), below, "{drawing:?}");
        assert_eq!(rows(drawing, Some(80)), below, "{drawing:?}");
        assert_eq!(rows(drawing, Some(40)), narrow, "{drawing:?}");
    }
}

#[test]
fn scripts_can_have_one_row_a_message() {
    let long = "word ".repeat(40);
    let items = [said(0, "bob", long.trim())];
    for (wraps, quiet, drawing, rows) in [
        (true, false, Drawing::Plain, 4),
        (false, false, Drawing::Plain, 1),
        (true, true, Drawing::Plain, 1),
        (false, false, Drawing::Character, 1),
        // A row that is inserted has one row's place.
        (false, true, Drawing::Ansi, 4),
    ] {
        let display = Display {
            wraps,
            quiet,
            ..display(drawing)
        };
        let frame = frame(&items, &display, None);
        let shown = match drawing {
            Drawing::Ansi => inserted(&frame).len(),
            Drawing::Plain | Drawing::Character => frame.lines().count(),
        };
        assert_eq!(shown, rows, "{wraps} {quiet} {drawing:?}");
    }
}

#[test]
fn a_batch_is_drawn_anew_only_for_screens_it_does_not_fit_on() {
    let batch = published(vec![said(0, "bob", "fits on most screens")]);
    let frame = |columns| {
        let display = Display {
            columns: NonZeroU16::new(columns),
            ..display(Drawing::Plain)
        };
        shared_frame(&batch, &display, &DayTracker::default()).expect("it is shared")
    };
    assert_eq!(frame(36), "[00:00:00] bob: fits on most screens\n");
    assert_eq!(frame(35), "[00:00:00] bob: fits on most\n  screens\n");
    assert_eq!(frame(36).as_ptr(), frame(200).as_ptr());
    assert_eq!(frame(35).as_ptr(), frame(35).as_ptr());
    assert_ne!(frame(35).as_ptr(), frame(30).as_ptr());
}

/// What people are called.
fn names() -> impl Strategy<Value = Name> {
    prop_oneof![
        "[a-z]{1,12}",
        "[a-z]{30}",
        Just("เป็นคนที่เทอพูมจัย".to_owned()),
        "[漢字]{1,20}",
    ]
    .prop_filter_map("a name", |name| Name::parse(&name).ok())
}

/// What people say, and what forges rows.
fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-z]{1,9}",
        " {1,90}",
        Just("[14:14:08] Dai: yes".to_owned()),
        Just("* Dai left".to_owned()),
        Just("[14:14:08] Dai -> you: hi".to_owned()),
        Just("--- 2026-11-22 ---".to_owned()),
        Just("👨\u{200D}👩\u{200D}👧\u{200D}👦".to_owned()),
        Just("漢字漢字".to_owned()),
        Just("https://example.org/a/long/way/down?to=here".to_owned()),
        "\\PC{1,20}",
    ];
    let whole = proptest::collection::vec(piece, 1..12);
    whole.prop_map(|pieces| text::clean(pieces.concat().as_bytes()))
}

fn items() -> impl Strategy<Value = Item> {
    let topic = "[a-z ]{1,100}".prop_filter_map("a topic", |text| Topic::parse(&text).ok());
    prop_oneof![
        (names(), texts(), any::<bool>()).prop_map(|(name, text, action)| {
            Item::Message(Arc::new(Message {
                id: 1,
                time: Timestamp(0),
                member: MemberId(1),
                name,
                kind: if action { Kind::Action } else { Kind::Message },
                text: text.into(),
            }))
        }),
        (names(), topic).prop_map(|(name, topic)| Item::Notice(Notice::Topic {
            member: MemberId(1),
            name,
            topic
        })),
        (names(), names(), texts()).prop_map(|(whom, by, why)| {
            let what = ModAction::Kicked;
            let why = text::cut(&why, 200).into();
            Item::Notice(Notice::ModNotice(Box::new(ModNotice {
                what,
                whom,
                by,
                why,
            })))
        }),
    ]
}

proptest! {
    #[test]
    fn no_row_but_the_first_of_a_line_stands_where_a_row_begins(
        item in items(),
        columns in WINDOW_COLUMNS,
        drawing in prop_oneof![
            Just(Drawing::Plain),
            Just(Drawing::Ansi),
            Just(Drawing::Character)
        ],
        times in prop_oneof![Just(Times::Full), Just(Times::Short), Just(Times::Off)],
    ) {
        let display = Display {
            columns: NonZeroU16::new(columns),
            times,
            color: false,
            ..display(drawing)
        };
        let frame = frame(std::slice::from_ref(&item), &display, None);
        let rows: Vec<&str> = match drawing {
            Drawing::Ansi => inserted(&frame),
            Drawing::Plain | Drawing::Character => frame.lines().collect(),
        };
        let columns = usize::from(columns);
        let indent = " ".repeat(INDENT_COLUMNS);
        for (number, row) in rows.iter().enumerate() {
            let words = row.trim_start_matches(' ');
            prop_assert!(
                text::breadth(row) <= columns || text::graphemes(words).count() == 1,
                "{:?} is wider than {}", row, columns
            );
            prop_assert!(number == 0 || row.starts_with(&indent), "{:?}", rows);
        }
        let starts: &[&str] = match &item {
            Item::Message(_) => &["[00:00:0", "[00:00]", "<"],
            Item::Notice(_) => &["* "],
        };
        prop_assert!(starts.iter().any(|start| rows[0].starts_with(start)), "{:?}", rows);
    }

    #[test]
    fn the_rows_of_words_are_indented_too(words in texts(), columns in WINDOW_COLUMNS) {
        let display = Display {
            columns: NonZeroU16::new(columns),
            ..display(Drawing::Plain)
        };
        let mut out = String::new();
        write_row(&format!("[12:00:00] Eve -> you: {HANG}{words}"), &display, &mut out);
        prop_assert!(!out.contains(HANG));
        for row in out.lines().skip(1) {
            prop_assert!(row.starts_with("  "), "{:?}", out);
        }
    }
}

#[test]
fn a_span_that_is_cut_by_a_row_is_painted_on_each() {
    let mut display = display(Drawing::Ansi);
    display.columns = NonZeroU16::new(20);
    let drawn = frame(&[said(0, &"n".repeat(30), "x")], &display, None);
    assert_eq!(drawn.matches("\x1b[38;5;").count(), 3 + 1);
    assert_eq!(drawn.matches("\x1b[39m").count(), 3 + 1);
}

#[test]
fn a_name_is_found_wherever_it_is_not_a_part_of_a_longer_word() {
    let table: &[(&str, &str, &[&str])] = &[
        ("Dai", "Dai: hi", &["Dai"]),
        (
            "Dai",
            "(@dai) \"DAI\"! Dai's, Dai！ Dai…",
            &["dai", "DAI", "Dai", "Dai", "Dai"],
        ),
        ("Dai", "Daisy, @Daisy, Dai_2, Dai-2, xDai, 2Dai", &[]),
        ("Dai", "Dai/Ben Ben:Dai", &["Dai", "Dai"]),
        ("Dai", "สวัสดีDaiครับ", &["Dai"]),
        ("T_____T", "T_____T, T____T", &["T_____T"]),
        ("<0w0>", "hi <0w0>, ?", &["<0w0>"]),
        ("田中", "@田中さん、田中！", &["田中", "田中"]),
        ("สมชาย", "สมชายครับ มาหาสมชาย", &["สมชาย", "สมชาย"]),
        ("ดี", "สวัสดีดี", &["ดี", "ดี"]),
        ("น", "น้ำ", &[]),
        ("ゆい", "ゆいちゃん ユイ", &["ゆい"]),
        ("김", "김씨", &[]),
        ("Straße", "@STRASSE", &["STRASSE"]),
        ("Dai", "", &[]),
    ];
    for (whom, text, expected) in table {
        let mention = Mention::of(MemberId(7), &name(whom)).expect("a name");
        let items = [said(0, "bob", text)];
        let Item::Message(message) = &items[0] else {
            panic!("it is one")
        };
        let found: Vec<&str> = mention.places(message).map(|place| &text[place]).collect();
        assert_eq!(found, *expected, "{whom} in {text:?}");
        assert_eq!(mention.is_in(&items), !expected.is_empty());
        // What the members of a room look at first misses none.
        let (folded, is_word) = mention.folded();
        let batch = published(items.to_vec());
        let may_be = match is_word {
            true => batch.has_word(folded, |text| words(text).map(text::fold).collect()),
            false => batch.has_text(folded, text::fold),
        };
        assert!(may_be || expected.is_empty(), "{whom} in {text:?}");
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
    for color in COLORS {
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
