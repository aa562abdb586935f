//! Random clients: no loops, no echo except in character mode, and the same result for every cut.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;
use crate::limits::NEGOTIATIONS_SENT_MAX;
use crate::terminal::telnet::{DO, DONT, WILL, WONT};

/// What a client may do, more often in protocol than not.
fn client_bytes() -> impl Strategy<Value = Vec<u8>> {
    let option = prop_oneof![
        9 => prop::sample::select(&[0x00u8, 0x01, 0x03, 0x06, 0x18, 0x1F][..]),
        1 => any::<u8>(),
    ];
    prop_oneof![
        8 => (WILL..=DONT, option).prop_map(|(verb, option)| vec![IAC, verb, option]),
        1 => prop::sample::select(&["XTERM", "TINTIN++", "KBtin", "MTTS 64", ""][..])
            .prop_map(|name| [b"\xff\xfa\x18\x00", name.as_bytes(), b"\xff\xf0"].concat()),
        1 => any::<[u8; 4]>().prop_map(|size| [b"\xff\xfa\x1f", &size[..], b"\xff\xf0"].concat()),
        1 => prop::collection::vec(any::<u8>(), 0..6),
        1 => Just(b"\r\n".to_vec()),
        1 => Just(b"\n".to_vec()),
    ]
}

/// Bytes of the client, each with the time that passes before.
fn client_life() -> impl Strategy<Value = Vec<(u64, Vec<u8>)>> {
    prop::collection::vec((prop_oneof![Just(0), 0..1500u64], client_bytes()), 0..80)
}

/// The negotiations in what the server sent.
fn negotiations(mut sent: &[u8]) -> Vec<(Verb, u8)> {
    let mut decoder = Decoder::new();
    let mut found = Vec::new();
    while let Some(event) = decoder.next(&mut sent) {
        if let Event::Negotiate { verb, option } = event {
            found.push((verb, option));
        }
    }
    found
}

fn holds_and_releases(changes: &[Change]) -> (usize, usize) {
    let count = |wanted: &Change| changes.iter().filter(|change| *change == wanted).count();
    (count(&Change::Hold), count(&Change::Release))
}

proptest! {
    #[test]
    fn answers_are_bounded_by_what_the_client_says(life in client_life()) {
        let mut client = Client::new(usize::MAX);
        for (pause, input) in life {
            client.waits(pause);
            let before = client.out.len();
            let said = input.iter().filter(|&&byte| byte == IAC).count();
            client.receive(&input);
            // At most an answer, two options changed and a terminal type asked, and once the probe.
            prop_assert!(client.out.len() - before <= 15 * said + 16);
        }
    }

    #[test]
    fn the_server_echoes_exactly_in_character_mode(life in client_life()) {
        let mut client = Client::new(usize::MAX);
        for (pause, input) in life {
            client.waits(pause).receive(&input);
            let options = &client.negotiation.options;
            let [echo, sga] = [TELOPT_ECHO, TELOPT_SGA].map(|o| options.is_enabled(Side::Us, o));
            let is_character = client.negotiation.mode == Some(Mode::Character);
            prop_assert_eq!(echo && sga, is_character);
        }
        client.waits(5000);
        let options = &client.negotiation.options;
        let echoes = options.is_enabled(Side::Us, TELOPT_ECHO);
        prop_assert_eq!(echoes, client.negotiation.mode == Some(Mode::Character));
        prop_assert_eq!(client.negotiation.next_timeout(), None);
        let (holds, releases) = holds_and_releases(&client.changes);
        prop_assert!(holds <= 1 && holds == releases);
    }

    #[test]
    fn cuts_change_nothing(life in client_life(), piece in 1..4usize) {
        let mut whole = Client::new(usize::MAX);
        let mut cut = Client::new(piece);
        for (pause, input) in life {
            whole.waits(pause).receive(&input);
            cut.waits(pause).receive(&input);
        }
        prop_assert_eq!(whole.out, cut.out);
        prop_assert_eq!(whole.changes, cut.changes);
    }

    #[test]
    fn lines_that_end_in_lf_get_no_telnet(lines in prop::collection::vec("[^\\r\\n]{0,20}", 0..9)) {
        let mut client = Client::new(usize::MAX);
        client.receive(lines.join("\n").as_bytes());
        client.waits(5000);
        prop_assert!(client.out.is_empty());
    }

    #[test]
    fn a_mirror_that_answers_everything_with_everything_goes_quiet(life in client_life()) {
        let mut client = Client::new(usize::MAX);
        let mut sent = 0;
        for (pause, input) in life {
            client.waits(pause).receive(&input);
            let mut pending = VecDeque::from(negotiations(&std::mem::take(&mut client.out)));
            while let Some((_, option)) = pending.pop_front() {
                sent += 1;
                prop_assert!(sent <= 2 * u32::from(NEGOTIATIONS_SENT_MAX), "no end in sight");
                // A timing mark is always answered, so asking for one on each answer is not a loop of
                // ours: the client asks without end.
                for verb in [WILL, WONT, DO, DONT] {
                    if (verb, option) != (DO, TELOPT_TM) {
                        client.receive(&[IAC, verb, option]);
                    }
                }
                pending.extend(negotiations(&std::mem::take(&mut client.out)));
            }
        }
    }

    #[test]
    fn two_servers_wired_together_go_quiet(
        starts in prop::collection::vec((0..2usize, any::<bool>()), 1..4),
        pauses in prop::collection::vec(0..1500u64, 20),
    ) {
        let mut ends = [Client::new(usize::MAX), Client::new(usize::MAX)];
        for (end, with_line) in starts {
            ends[end].receive(if with_line { b"\r\n" } else { b"\xff\xf1" });
        }
        let mut sent = 0;
        for pause in pauses.into_iter().chain([5000; 4]) {
            sent += exchange(&mut ends, pause);
        }
        prop_assert_eq!(exchange(&mut ends, 5000), 0);
        prop_assert!(sent <= 30, "{} messages", sent);
    }

    /// Messages that the other side never sent can chase each other round the wire, since each of
    /// them looks like a new request of the peer. Only the limit ends that.
    #[test]
    fn two_servers_confused_by_a_third_party_go_quiet(
        starts in prop::collection::vec((0..2usize, client_bytes()), 1..20),
    ) {
        let mut ends = [Client::new(usize::MAX), Client::new(usize::MAX)];
        for (end, input) in &starts {
            ends[*end].receive(input);
        }
        let mut sent = 0;
        loop {
            let more = exchange(&mut ends, 5000);
            if more == 0 {
                break;
            }
            sent += more;
            prop_assert!(sent <= 2 * usize::from(NEGOTIATIONS_SENT_MAX) + 40, "no end in sight");
        }
    }
}

/// Lets time pass and what each end has sent arrive at the other; the number of messages.
fn exchange(ends: &mut [Client; 2], pause: u64) -> usize {
    let outputs = ends
        .each_mut()
        .map(|end| std::mem::take(&mut end.waits(pause).out));
    let [first, second] = ends;
    second.receive(&outputs[0]);
    first.receive(&outputs[1]);
    outputs
        .iter()
        .map(|output| negotiations(output).len())
        .sum()
}
