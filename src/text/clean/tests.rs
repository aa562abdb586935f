use proptest::prelude::*;

use super::*;

fn cleaned(text: &str) -> String {
    clean(text.as_bytes())
}

#[test]
fn plain_text_of_every_kind_stays_as_it_is() {
    let table = [
        "hello, world ~",
        "เป็นคนที่เทอพูมจัย",
        "ดีค้าบบบบ ก็มาดิค้าบ ใจเย็นคับเพื่อน",
        "Việt e\u{301} é",
        "שָׁלוֹם العَرَبِيَّة",
        "می\u{200C}خواهم",
        "क्\u{200D}ष क्\u{200C}ष",
        "ന്\u{200D}മ",
        "র\u{200D}্য",
        "ᠠ\u{180B}ᠨ",
        "葛\u{E0100}城 﨑\u{FE00}",
        "👨\u{200D}👩\u{200D}👧 👩🏽\u{200D}🚀 🏳\u{FE0F}\u{200D}🌈 ❤\u{FE0F} ☺\u{FE0E} 1\u{FE0F}\u{20E3} 🇹🇭",
        "a\u{A0}b \u{FFFD}",
    ];
    for text in table {
        assert_eq!(cleaned(text), text);
    }
}

#[test]
fn invalid_bytes_become_replacements() {
    let table: [(&[u8], &str); 4] = [
        (b"a\xFFb", "a\u{FFFD}b"),
        (b"\xE0\xB8", "\u{FFFD}"),
        (b"\xC0\x80", "\u{FFFD}\u{FFFD}"),
        (b"\x9B31m", "\u{FFFD}31m"),
    ];
    for (bytes, text) in table {
        assert_eq!(clean(bytes), text);
    }
}

#[test]
fn escape_sequences_go_whole_and_unfinished_ones_only_begin() {
    let table = [
        ("a\x1B[Ab", "ab"),
        ("a\x1B[1;5Cb", "ab"),
        ("\x1B[38;5;9mred\x1B[0m", "red"),
        ("\x1B(B\x1B[mplain", "plain"),
        ("a\x1B[[Ab", "ab"),
        ("a\x1BOPb", "ab"),
        ("a\x1Bfb", "ab"),
        ("a\x1B\x1B[Ab", "ab"),
        ("\x1B]0;title\x07text", "text"),
        ("\x1B]0;title\x1B\\text", "text"),
        ("\x1BP1$r\x1B\\text", "text"),
        ("\x1B]no end", "no end"),
        ("\x1B]a\x1B]b\x07c\x1B]d", "cd"),
        ("a\x1B[12", "a12"),
        ("a\x1B[12\u{E14}", "a12\u{E14}"),
        ("a\x1B\u{E14}", "a\u{E14}"),
        ("a\x1B", "a"),
        ("a\x1B[", "a"),
        ("a\x1BO", "a"),
    ];
    for (text, clean) in table {
        assert_eq!(cleaned(text), clean, "{text:?}");
    }
}

#[test]
fn what_steers_or_hides_goes() {
    let table = [
        ("a\tb\r\n\0\x08\x7Fc", "a bc"),
        ("a\u{85}\u{9B}b", "ab"),
        ("\u{202E}a\u{2066}b\u{61C}\u{200F}", "ab"),
        ("a\u{200B}\u{FEFF}\u{AD}\u{2060}\u{3164}b", "ab"),
        ("a\u{2028}\u{2029}\u{FFF9}\u{FFFB}b", "ab"),
        ("🏴\u{E0067}\u{E0062}\u{E007F}", "🏴"),
        ("a\u{200D}b\u{200C}", "ab"),
        ("👍\u{200D}a", "👍a"),
        ("👍\u{200C}👍", "👍👍"),
        ("👍\u{200D}\u{200B}\u{200D}👍", "👍\u{200D}👍"),
        ("ب\u{200C}क", "بक"),
        ("می\u{200C}", "می"),
        ("a\u{FE0F}", "a"),
        ("\u{FE0F}a", "a"),
        ("葛\u{E0100}\u{E0101}", "葛\u{E0100}"),
        ("葛\u{180B}", "葛"),
        ("👍\u{200D}\u{FE0F}👍", "👍\u{200D}👍"),
    ];
    for (text, clean) in table {
        assert_eq!(cleaned(text), clean, "{text:?}");
    }
}

#[test]
fn a_base_carries_four_marks_and_no_more() {
    let mark = "\u{301}";
    assert_eq!(
        cleaned(&format!("a{}b", mark.repeat(4000))),
        format!("a{}b", mark.repeat(4))
    );
    assert_eq!(cleaned(&mark.repeat(9)), mark.repeat(4));
    let virama = "\u{94D}\u{200D}";
    assert_eq!(
        cleaned(&format!("क{}", virama.repeat(9)))
            .matches('\u{94D}')
            .count(),
        4
    );
    let keycap = format!("1\u{FE0F}{}", "\u{20E3}\u{FE0F}".repeat(9));
    assert_eq!(cleaned(&keycap).matches('\u{20E3}').count(), 4);
}

#[test]
fn a_line_of_openers_takes_linear_time() {
    let openers = "\x1B]".repeat(1 << 19);
    assert_eq!(cleaned(&openers), "");
    let joined = "👍".to_owned() + &"🏽\u{200D}".repeat(1 << 17);
    assert!(cleaned(&joined).len() < joined.len());
}

/// Default_Ignorable_Code_Point as Unicode 16 lists it, so that the tables are not tested against themselves.
fn is_listed_ignorable(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}'
        | '\u{FFF0}'..='\u{FFF8}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
        | '\u{E0000}'..='\u{E0FFF}')
}

/// Whether the character at `at` is harmless there; asked of the finished text, with both neighbours in sight.
fn is_harmless(text: &[char], at: usize) -> bool {
    let c = text[at];
    let before = &text[..at];
    let after = text.get(at + 1).copied();
    match c {
        '\u{200D}' if after.is_some_and(is_pictograph) => {
            let tail = |c: char| c == '\u{FE0E}' || c == '\u{FE0F}' || ('🏻'..='🏿').contains(&c);
            before
                .iter()
                .rfind(|c| !tail(**c))
                .is_some_and(|c| is_pictograph(*c))
        }
        '\u{200C}' | '\u{200D}' => {
            let neighbour = before.last().copied();
            after.is_some_and(|c| joining_script(c).is_some())
                && neighbour.is_some_and(|c| joining_script(c).is_some() || is_mark(c))
        }
        '\u{180B}'..='\u{180F}' => before
            .last()
            .is_some_and(|c| ('\u{1820}'..='\u{18AA}').contains(c)),
        '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}' => before
            .last()
            .is_some_and(|c| !is_selector(*c) && (is_emoji(*c) || script(*c) == Script::Han)),
        '\u{2028}' | '\u{2029}' | '\u{FFF9}'..='\u{FFFB}' => false,
        c => !c.is_control() && !is_listed_ignorable(c),
    }
}

/// The longest run of marks in `text`, join controls and selectors neither counted nor ending it.
fn longest_stack(text: &str) -> usize {
    let (mut longest, mut run) = (0, 0);
    for c in text.chars().filter(|&c| !is_listed_ignorable(c)) {
        run = if is_mark(c) { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

fn piece() -> impl Strategy<Value = Vec<u8>> {
    let awkward = proptest::sample::select(vec![
        "\x1B",
        "\x1B[",
        "\x1BO",
        "\x1B]",
        "\x1BP",
        "\x1B\\",
        "\x07",
        "[",
        "O",
        "1;2",
        "m",
        "\t",
        "\r",
        "\0",
        "\u{9B}",
        "\u{200D}",
        "\u{200C}",
        "\u{FE0F}",
        "\u{FE0E}",
        "\u{FE00}",
        "\u{E0100}",
        "\u{180B}",
        "\u{180E}",
        "\u{202E}",
        "\u{2028}",
        "\u{301}",
        "\u{94D}",
        "\u{64E}",
        "\u{20E3}",
        "\u{E0067}",
        "👍",
        "🏽",
        "❤",
        "🇹",
        "1",
        "#",
        "葛",
        "क",
        "ക",
        "ب",
        "ᠠ",
        "ܐ",
        "ดี",
        "ที่",
        "a",
        " ",
        "ᄀ",
        "\u{600}",
        "\u{640}",
        "㊗",
        "\u{FFF9}",
    ]);
    prop_oneof![
        8 => awkward.prop_map(|text| text.as_bytes().to_vec()),
        1 => any::<char>().prop_map(|c| c.to_string().into_bytes()),
        1 => proptest::collection::vec(any::<u8>(), 0..4),
    ]
}

fn line() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(piece(), 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn cleaning_twice_is_cleaning_once(bytes in line()) {
        let once = clean(&bytes);
        prop_assert_eq!(cleaned(&once), once);
    }

    #[test]
    fn clean_text_is_harmless_and_not_much_longer(bytes in line()) {
        let text = clean(&bytes);
        prop_assert!(text.len() <= 3 * bytes.len());
        prop_assert!(longest_stack(&text) <= COMBINING_MARKS_PER_BASE_MAX, "{text:?}");
        let chars: Vec<char> = text.chars().collect();
        for at in 0..chars.len() {
            prop_assert!(is_harmless(&chars, at), "U+{:04X} in {text:?}", u32::from(chars[at]));
        }
    }
}

#[test]
fn every_character_alone_is_harmless_or_gone() {
    for c in ('\0'..='\u{33479}').chain('\u{E0000}'..='\u{E0FFF}') {
        let text: Vec<char> = cleaned(&c.to_string()).chars().collect();
        assert!(
            (0..text.len()).all(|at| is_harmless(&text, at)),
            "U+{:04X}",
            u32::from(c)
        );
    }
}
