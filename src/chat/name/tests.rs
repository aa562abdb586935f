use proptest::prelude::*;

use super::*;

fn name(text: &str) -> Name {
    Name::parse(text).unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

#[test]
fn names_of_every_script_are_allowed() {
    let longest = "ที่".repeat(NAME_GRAPHEMES_MAX - 5);
    let table = [
        "Dai",
        "<0w0>",
        "T_____T",
        "เป็นคนที่เทอพูมจัย",
        "anon",
        "😝",
        "Zoë",
        "山田",
        "محمد",
        "a,b",
        "_",
        &longest,
    ];
    for text in table {
        assert_eq!(name(text).as_str(), text);
    }
    assert_eq!(text::width("เป็นคนที่เทอพูมจัย"), 13);
    assert_eq!(name(" \u{3000}Dai\u{2800} ").as_str(), "Dai");
}

#[test]
fn a_refused_name_says_why_and_offers_another() {
    let long = "x".repeat(33);
    let cut = "x".repeat(32);
    let family = "👨\u{200D}👩\u{200D}👧\u{200D}👦".repeat(30);
    let family_cut = "👨\u{200D}👩\u{200D}👧\u{200D}👦".repeat(25);
    let tower = "👨\u{200D}".repeat(100);
    let tower_cut = "👨\u{200D}".repeat(90) + "👨";
    let table: [(&str, &str, Option<&str>); 15] = [
        ("", "a name cannot be empty", None),
        (" \t\u{2800}", "a name cannot be empty", None),
        ("\u{301}", "a name needs a visible character", None),
        ("\u{E000}", "a name needs a visible character", None),
        (
            "John Smith",
            "a name cannot have spaces in it",
            Some("John_Smith"),
        ),
        (
            "a \u{2800}  b",
            "a name cannot have spaces in it",
            Some("a_b"),
        ),
        (
            "a\u{A0}\u{301}",
            "a name cannot have spaces in it",
            Some("a_\u{301}"),
        ),
        (
            "\u{301}\u{301}x",
            "a name cannot begin with a combining mark",
            Some("x"),
        ),
        (
            "\u{301}Anon",
            "a name cannot begin with a combining mark",
            Some("Anon_2"),
        ),
        (&long, "a name can have at most 32 characters", Some(&cut)),
        (
            &family,
            "a name can have at most 640 bytes",
            Some(&family_cut),
        ),
        (
            &tower,
            "a name can have at most 640 bytes",
            Some(&tower_cut),
        ),
        (
            "Anon",
            "that looks like anon, which is everybody's",
            Some("Anon_2"),
        ),
        (
            "аnon",
            "that looks like anon, which is everybody's",
            Some("аnon_2"),
        ),
        (
            "anOn",
            "that looks like anon, which is everybody's",
            Some("anOn_2"),
        ),
    ];
    for (text, why, other) in table {
        let error = Name::parse(text).expect_err(text);
        assert_eq!(error.to_string(), why, "{text:?}");
        assert_eq!(error.suggestion.as_deref(), other, "{text:?}");
    }
}

#[test]
fn look_alikes_clash_both_ways() {
    let table = [
        ("Dai", "DAI"),
        ("Dai", "dai"),
        ("Dai", "D\u{430}i"),
        ("DAI", "d\u{430}i"),
        ("DAl", "DAI"),
        ("paypal", "pаypаl"),
        ("ﬁ", "fi"),
        ("Straße", "STRASSE"),
        ("Ｄａｉ", "Dai"),
        ("<0w0>", "<OwO>"),
        ("modern", "rnodern"),
        ("é", "e\u{301}"),
        ("❤\u{FE0F}", "❤"),
        ("Dai\u{13430}", "Dai"),
    ];
    for (one, other) in table {
        assert!(name(one).clashes(&name(other)), "{one} and {other}");
        assert!(name(other).clashes(&name(one)), "{other} and {one}");
    }
}

#[test]
fn names_that_nobody_confuses_do_not_clash() {
    for (one, other) in [
        ("Dai", "Dao"),
        ("Dai", "Dai_2"),
        ("ดี", "ดา"),
        ("T_____T", "T____T"),
        ("山田", "山口"),
    ] {
        assert!(!name(one).clashes(&name(other)), "{one} and {other}");
    }
}

#[test]
fn only_the_exact_anon_is_anon() {
    assert!(Name::anon().is_anon() && name("anon").is_anon());
    assert!(!name("Anon_2").is_anon());
    for text in ["ANON", "an0n", "ａｎｏｎ", "anοn"] {
        assert_eq!(
            Name::parse(text).map_err(|error| error.fault),
            Err(NameFault::Anon),
            "{text}"
        );
    }
}

#[test]
fn a_number_behind_a_name_stays_within_the_bounds() {
    assert_eq!(name("Dai").numbered(2).as_str(), "Dai_2");
    assert_eq!(
        name(&"x".repeat(32)).numbered(10).as_str(),
        "x".repeat(29) + "_10"
    );
}

#[test]
fn room_names_have_no_commas_and_ignore_case() {
    for text in ["1150", "lobby", "ห้องนั่งเล่น", "Anon"] {
        assert_eq!(RoomName::parse(text).expect(text).as_str(), text);
    }
    let table = [
        ("", "a room name cannot be empty", None),
        ("1,2", "a room name cannot have a comma in it", Some("1_2")),
        (
            "my room, mine",
            "a room name cannot have spaces in it",
            Some("my_room_mine"),
        ),
    ];
    for (text, why, other) in table {
        let error = RoomName::parse(text).expect_err(text);
        assert_eq!(
            (&*error.to_string(), error.suggestion.as_deref()),
            (why, other)
        );
    }
    let key = |text| RoomName::parse(text).expect(text).key();
    assert_eq!(key("Lobby"), key("lobby"));
    assert_eq!(key("１１５０"), key("1150"));
    assert_ne!(key("1150"), key("115O"));
}

fn typed() -> impl Strategy<Value = String> {
    let piece = proptest::sample::select(vec![
        "a",
        "Anon",
        "anon",
        "_",
        " ",
        ",",
        "\u{2800}",
        "\u{301}",
        "ที่",
        "👨\u{200D}👩",
        "👨\u{200D}",
        "🏽",
        "\u{FE0F}",
        "م\u{200C}",
        "ی",
        "क\u{94D}\u{200D}",
        "\u{600}",
        "\u{13430}",
        "ᄀ",
        "ﷺ",
        "葛\u{E0100}",
        "🇹",
    ]);
    prop_oneof![
        4 => proptest::collection::vec(piece.clone(), 0..60).prop_map(|pieces| pieces.concat()),
        1 => (piece, 0..200_usize).prop_map(|(piece, times)| piece.repeat(times)),
        1 => any::<String>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn every_suggestion_and_every_name_parses_to_itself(typed in typed()) {
        let name = match Name::parse(&typed) {
            Ok(name) => name.to_string(),
            Err(error) => error.suggestion.unwrap_or_else(|| "none".to_owned()),
        };
        let again = Name::parse(&name);
        prop_assert_eq!(again.as_ref().map(Name::as_str), Ok(&*name));

        let room = match RoomName::parse(&typed) {
            Ok(room) => room.to_string(),
            Err(error) => error.suggestion.unwrap_or_else(|| "none".to_owned()),
        };
        let again = RoomName::parse(&room);
        prop_assert_eq!(again.as_ref().map(RoomName::as_str), Ok(&*room));
    }

    #[test]
    fn a_name_is_short_clean_and_has_no_blanks(typed in typed()) {
        if let Ok(name) = Name::parse(&typed) {
            let text = name.as_str();
            prop_assert!((1..=NAME_GRAPHEMES_MAX).contains(&text::graphemes(text).count()));
            prop_assert!(text.len() <= NAME_BYTES_MAX && !text.contains(char::is_whitespace));
            prop_assert_eq!(text::clean(text.as_bytes()), text);
            prop_assert!(name.clashes(&name));
            prop_assert!(name.is_anon() || !name.clashes(&Name::anon()));
        }
    }

    #[test]
    fn a_numbered_name_parses_to_itself(typed in typed(), number: u64) {
        if let Ok(name) = Name::parse(&typed) {
            let numbered = name.numbered(number);
            prop_assert!(!numbered.is_anon());
            prop_assert_eq!(Name::parse(numbered.as_str()), Ok(numbered));
        }
    }
}
