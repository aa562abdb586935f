//! The dialogues of real clients, as they were seen on the wire.

use super::*;

const PROBE: &str = "1b 37 ff fd 00 ff fd 18 ff fd 1f 1b 38 1b 5b 4b";
const QUESTIONS: &str = "ff fd 00 ff fd 18 ff fd 1f";
const SEND_TERMINAL_TYPE: &str = "ff fa 18 01 ff f0";
const OFFER: &str = "ff fb 01 ff fb 03";

/// Runs a script with the client's bytes in one piece and byte by byte.
fn scenario(script: impl Fn(&mut Client)) {
    for piece in [usize::MAX, 1] {
        script(&mut Client::new(piece));
    }
}

fn size(columns: u16, rows: u16) -> Change {
    Change::WindowSize(WindowSize {
        columns: Some(columns),
        rows: Some(rows),
    })
}

fn terminal(name: &str) -> Change {
    Change::TerminalType(name.to_owned())
}

#[test]
fn a_netcat_never_sees_a_byte_of_telnet() {
    scenario(|client| {
        client
            .sends("'1 0a")
            .gets("")
            .sees(&[Change::Mode(Mode::Raw)]);
        client
            .sends("'hello 0d 0a ff")
            .waits(5000)
            .gets("")
            .sees(&[]);
        assert!(!client.negotiation.is_telnet());
    });
}

#[test]
fn a_raw_terminal_is_left_alone() {
    scenario(|client| {
        client.sends("'1 0d").gets("").sees(&[]);
        client.end_first_line(LineEnding::BareCr);
        client.gets("").sees(&[Change::Mode(Mode::Raw)]);
    });
}

#[test]
fn a_raw_client_that_speaks_telnet_later_is_refused_and_stays_raw() {
    scenario(|client| {
        client.sends("'1 0a").sees(&[Change::Mode(Mode::Raw)]);
        client.sends("ff fb 18 ff fd 01 ff fc 1f ff fe 03 ff fd 06");
        client
            .gets("ff fe 18 ff fc 01 ff fb 06")
            .sees(&[Change::Repaint]);
        client
            .sends("ff fa 18 00 'XTERM ff f0")
            .waits(5000)
            .gets("")
            .sees(&[]);
        assert!(!client.negotiation.is_telnet());
    });
}

#[test]
fn inetutils_and_netkit_reach_character_mode_in_three_round_trips() {
    scenario(|client| {
        client.sends("31 0d 0a").gets(PROBE).sees(&[Change::Hold]);
        client
            .waits(30)
            .sends("ff fb 00 ff fb 18 ff fb 1f ff fa 1f 00 50 00 18 ff f0");
        client.gets(SEND_TERMINAL_TYPE).sees(&[size(80, 24)]);
        client.waits(30).sends("ff fa 18 00 'XTERM-256COLOR ff f0");
        client.gets(OFFER).sees(&[terminal("XTERM-256COLOR")]);
        client.waits(30).sends("'half ff fd 01 ff fd 03 'more");
        client
            .gets("")
            .sees(&[Change::Mode(Mode::Character), Change::Release]);
        client
            .sends("ff fa 1f 00 64 00 1e ff f0")
            .gets("")
            .sees(&[size(100, 30)]);
        client.waits(60_000).gets("").sees(&[]);
    });
}

#[test]
fn an_interrupt_is_followed_by_the_mark_that_thaws_the_screen() {
    scenario(|client| {
        client.sends("31 0d 0a ff fb 00").sends("ff f4 ff fd 06");
        client.gets(&format!("{PROBE} ff fb 06"));
        client.sees(&[
            Change::Hold,
            Change::Interrupt { mistaken: None },
            Change::Repaint,
        ]);
    });
}

#[test]
fn without_binary_a_key_may_be_a_byte_of_a_character() {
    for (command, change) in [
        (
            "ff f4",
            Change::Interrupt {
                mistaken: Some(0x83),
            },
        ),
        (
            "ff f5",
            Change::AbortOutput {
                mistaken: Some(0x8F),
            },
        ),
        (
            "ff ed",
            Change::Interrupt {
                mistaken: Some(0x9A),
            },
        ),
        (
            "ff f3",
            Change::Interrupt {
                mistaken: Some(0x9C),
            },
        ),
        ("ff ee", Change::Interrupt { mistaken: None }),
        ("ff ec", Change::EndOfFile),
        ("ff f6", Change::AreYouThere),
        ("ff f7", Change::EraseCharacter),
        ("ff f8", Change::EraseLine),
    ] {
        scenario(|client| {
            client.sends("'x 0a").sees(&[Change::Mode(Mode::Raw)]);
            client
                .sends(command)
                .gets("")
                .sees(std::slice::from_ref(&change));
        });
    }
}

#[test]
fn busybox_refuses_binary_and_is_in_character_mode_all_the_same() {
    scenario(|client| {
        client.sends("31 0d 0a").gets(PROBE);
        client.sends("ff fc 00 ff fb 18 ff fb 1f ff fa 1f 00 50 00 18 ff f0");
        client.gets(SEND_TERMINAL_TYPE);
        client.sends("ff fa 18 00 'xterm ff f0").gets(OFFER);
        client.sends("ff fd 01 'half ff fd 03").gets("");
        assert_eq!(client.changes.last(), Some(&Change::Release));
        assert_eq!(client.negotiation.stage, Stage::Character);
        // Its repetitions get no answer.
        client.sends("ff fb 1f ff fd 03 ff fd 03 ff fb 1f").gets("");
    });
}

#[test]
fn putty_and_plink_are_in_character_mode_before_the_first_key() {
    let burst = "ff fb 1f ff fb 20 ff fb 18 ff fb 27 ff fd 01 ff fb 03 ff fd 03";
    scenario(|client| {
        client.sends(burst).gets(&format!(
            "{QUESTIONS} ff fe 20 {SEND_TERMINAL_TYPE} ff fe 27 ff fd 03"
        ));
        client.sends("ff fb 00 ff fa 1f 00 50 00 18 ff f0").gets("");
        // The offer of OLD-ENVIRON, which plink makes when NEW-ENVIRON is refused.
        client
            .sends("ff fb 24")
            .gets("ff fe 24")
            .sees(&[size(80, 24)]);
        client.sends("ff fa 18 00 'XTERM ff f0").gets(OFFER);
        client.sees(&[terminal("XTERM"), Change::Mode(Mode::Character)]);
        client.sends("'1 0d 00").waits(5000).gets("").sees(&[]);
    });
}

#[test]
fn tintin_stays_in_line_mode_with_its_cursor() {
    scenario(|client| {
        client.sends("31 0d 0a").gets(PROBE);
        client
            .sends("ff fc 00 ff fb 18 ff fb 1f")
            .gets(SEND_TERMINAL_TYPE);
        client
            .sends("ff fa 18 00 'TINTIN++ ff f0")
            .gets(SEND_TERMINAL_TYPE);
        client.sees(&[
            Change::Hold,
            terminal("TINTIN++"),
            Change::Mode(Mode::LineAnsi),
            Change::Release,
        ]);
        client
            .sends("ff fa 18 00 'xterm-256color ff f0")
            .gets(SEND_TERMINAL_TYPE);
        client
            .sends("ff fa 18 00 'MTTS 20 '271 ff f0")
            .gets("")
            .sees(&[]);
        client
            .sends("ff fa 18 00 'TINTIN++ ff f0")
            .gets("")
            .sees(&[]);
    });
}

#[test]
fn a_mud_client_that_reads_aloud_says_so_in_its_third_answer() {
    scenario(|client| {
        client
            .sends("31 0d 0a ff fb 18 ff fa 18 00 'TINTIN++ ff f0")
            .changes
            .clear();
        client.sends("ff fa 18 00 'xterm ff f0").sees(&[]);
        client.sends("ff fa 18 00 'MTTS 20 '335 ff f0");
        client.sees(&[Change::ScreenReader, Change::Mode(Mode::LinePlain)]);
    });
}

#[test]
fn mud_clients_stay_in_line_mode() {
    for name in ["TINYFUGUE", "KBtin", "MUDLET"] {
        scenario(|client| {
            client.sends("31 0d 0a").gets(PROBE);
            client.sends("ff fb 00 ff fb 1f ff fb 18 ff fb 1f ff fa 1f 00 4f 00 14 ff f0");
            client.gets(SEND_TERMINAL_TYPE);
            client
                .sends(&format!("ff fa 18 00 '{name} ff f0"))
                .gets(SEND_TERMINAL_TYPE);
            client.sees(&[
                Change::Hold,
                size(79, 20),
                terminal(name),
                Change::Mode(Mode::LinePlain),
                Change::Release,
            ]);
            client
                .sends("ff fd 01 ff fd 03")
                .gets("ff fc 01 ff fc 03")
                .sees(&[]);
        });
    }
}

#[test]
fn one_refusal_takes_both_options_back() {
    for (answer, taken_back) in [
        ("ff fd 01 ff fe 03", "ff fc 01"),
        ("ff fe 03 ff fd 01", "ff fc 01"),
        ("ff fe 01 ff fd 03", "ff fc 03"),
        ("ff fe 01 ff fe 03", ""),
    ] {
        scenario(|client| {
            client.sends("31 0d 0a").sends("ff fc 00 ff fc 18 ff fc 1f");
            client
                .gets(&format!("{PROBE} {OFFER}"))
                .sees(&[Change::Hold]);
            client.sends(answer).gets(taken_back);
            client.sees(&[Change::Mode(Mode::LinePlain), Change::Release]);
            client
                .sends("ff fe 01 ff fe 03")
                .waits(5000)
                .gets("")
                .sees(&[]);
        });
    }
}

#[test]
fn one_answer_alone_is_taken_back_after_a_while() {
    scenario(|client| {
        client
            .sends("31 0d 0a")
            .sends("ff fc 00 ff fc 18 ff fc 1f ff fd 01");
        client.gets(&format!("{PROBE} {OFFER}")).waits(999).gets("");
        client.changes.clear();
        client
            .waits(1)
            .gets("ff fc 01")
            .sees(&[Change::Mode(Mode::LinePlain)]);
        // The missing answer comes at last.
        client.sends("ff fd 03").gets("ff fc 03").sees(&[]);
    });
}

#[test]
fn a_raw_client_with_cr_lf_is_probed_once_and_stays_raw() {
    scenario(|client| {
        client.sends("31 0d 0a").gets(PROBE).sees(&[Change::Hold]);
        client.waits(299).sees(&[]).waits(1);
        client.sees(&[Change::Mode(Mode::Raw), Change::Release]);
        client
            .sends("'hello 0d 0a")
            .waits(60_000)
            .gets("")
            .sees(&[]);
        assert!(!client.negotiation.is_telnet());
    });
}

#[test]
fn the_probe_for_a_plain_terminal_has_no_escape_sequences() {
    scenario(|client| {
        client.probe = Probe::Bare;
        client
            .sends("31 0d 00")
            .gets(QUESTIONS)
            .sees(&[Change::Hold]);
    });
}

#[test]
fn an_answer_after_the_hold_still_upgrades() {
    scenario(|client| {
        client.sends("31 0d 0a").waits(2000).gets(PROBE);
        client.sees(&[Change::Hold, Change::Mode(Mode::Raw), Change::Release]);
        client
            .sends("ff fb 00 ff fb 18 ff fb 1f")
            .gets(SEND_TERMINAL_TYPE);
        client.waits(599).gets("").waits(1).gets(OFFER);
        client.waits(3000).sends("ff fd 01 ff fd 03").gets("");
        client.sees(&[Change::Mode(Mode::Character)]);
        // The name comes last of all, and is that of a MUD client.
        client
            .sends("ff fa 18 00 'Mudlet ff f0")
            .gets(&format!("ff fc 01 ff fc 03 {SEND_TERMINAL_TYPE}"));
        client.sees(&[terminal("Mudlet"), Change::Mode(Mode::LinePlain)]);
    });
}

#[test]
fn a_client_that_says_no_to_everything_stays_in_line_mode() {
    scenario(|client| {
        // As ncat -t and others do, but with CR LF.
        client.sends("31 0d 0a").sends("ff fc 00 ff fc 18 ff fc 1f");
        client.gets(&format!("{PROBE} {OFFER}"));
        client.sends("ff fe 01 ff fe 03").gets("");
        client.sees(&[Change::Hold, Change::Mode(Mode::LinePlain), Change::Release]);
    });
}

#[test]
fn a_user_can_leave_character_mode_and_come_back() {
    scenario(|client| {
        client
            .sends("31 0d 0a")
            .sends("ff fc 18 ff fd 01 ff fd 03")
            .out
            .clear();
        client.changes.clear();
        // `mode line` and `mode character` of the BSD clients.
        client.sends("ff fe 03 ff fe 01").gets("ff fc 03 ff fc 01");
        client.sees(&[Change::Mode(Mode::LinePlain)]);
        client.sends("ff fd 03 ff fd 01").gets(OFFER);
        client.sees(&[Change::Mode(Mode::Character)]);
        let changes = client.negotiation.leave_character_mode(&mut client.out);
        assert_eq!(changes, [Change::Mode(Mode::LinePlain)]);
        client.sends("ff fe 01 ff fe 03").gets("ff fc 01 ff fc 03");
        // Only one of the two, which is not enough.
        client
            .sends("ff fd 03")
            .waits(1000)
            .gets("ff fc 03")
            .sees(&[]);
    });
}

#[test]
fn a_client_that_asks_for_single_keys_on_connect_gets_both_at_once() {
    // What BSD clients send of their own accord on some ports.
    scenario(|client| {
        client.sends("ff fd 03 ff fb 18 ff fb 1f ff fb 20 ff fb 21 ff fb 22 ff fb 27 ff fd 05");
        client.gets(&format!(
            "{QUESTIONS} {SEND_TERMINAL_TYPE} ff fe 20 ff fe 21 ff fe 22 ff fe 27 ff fc 05"
        ));
        client.sends("ff fa 18 00 'XTERM ff f0").gets(OFFER);
        client.sends("ff fd 01").gets("");
        client.sees(&[terminal("XTERM"), Change::Mode(Mode::Character)]);
    });
}

#[test]
fn sizes_and_names_are_taken_only_from_clients_that_agreed_to_send_them() {
    scenario(|client| {
        client.sends("31 0d 0a").sees(&[Change::Hold]);
        client
            .sends("ff fa 1f 00 50 00 18 ff f0 ff fa 18 00 'XTERM ff f0")
            .sees(&[]);
        client
            .sends("ff fb 1f ff fa 1f 00 50 00 18 ff f0")
            .sees(&[size(80, 24)]);
        client.sends("ff fa 1f 00 50 00 18 ff f0").sees(&[]);
        client.sends("ff fa 1f 00 00 00 00 ff f0");
        client.sees(&[Change::WindowSize(WindowSize::default())]);
    });
}

#[test]
fn a_terminal_type_is_asked_once_and_taken_once() {
    scenario(|client| {
        client.sends("31 0d 0a").gets(PROBE);
        client.sends("ff fb 18").gets(SEND_TERMINAL_TYPE);
        client.sends("ff fb 18").gets("");
        client.sends("ff fa 18 00 'XTERM ff f0").gets(OFFER);
        client.sees(&[Change::Hold, terminal("XTERM")]);
        client.sends("ff fa 18 00 'Mudlet ff f0").gets("").sees(&[]);
    });
}

#[test]
fn the_wait_for_a_terminal_type_begins_with_the_question() {
    scenario(|client| {
        client.sends("31 0d 0a ff fc 00").gets(PROBE).waits(500);
        client.sends("ff fb 18").gets(SEND_TERMINAL_TYPE);
        client.waits(599).gets("").waits(1).gets(OFFER);
    });
}

#[test]
fn a_terminal_type_taken_back_changes_nothing() {
    scenario(|client| {
        client
            .sends("31 0d 0a ff fb 18 ff fa 18 00 'Mudlet ff f0")
            .out
            .clear();
        client.changes.clear();
        client.sends("ff fc 18").gets("ff fe 18").sees(&[]);
    });
}

#[test]
fn noise_with_a_latin_1_letter_proves_no_telnet() {
    scenario(|client| {
        client.sends("ff 'a ff ff 'b").gets("").sees(&[]);
        assert!(!client.negotiation.is_telnet());
    });
}

#[test]
fn an_idle_connection_needs_few_bytes() {
    assert!(
        size_of::<Negotiation>() <= 80,
        "{}",
        size_of::<Negotiation>()
    );
    assert!(size_of::<Options>() <= 32, "{}", size_of::<Options>());
}
