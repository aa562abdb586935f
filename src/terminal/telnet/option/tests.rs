use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;

const VERBS: [Verb; 4] = [Verb::Will, Verb::Wont, Verb::Do, Verb::Dont];
const SIDES: [Side; 2] = [Side::Us, Side::Him];
const OPTION: u8 = 0x2A;

/// The words for `OPTION` on `side`: those the peer says (yes, no), then ours.
fn words(side: Side) -> [Verb; 4] {
    match side {
        Side::Us => [Verb::Do, Verb::Dont, Verb::Will, Verb::Wont],
        Side::Him => [Verb::Will, Verb::Wont, Verb::Do, Verb::Dont],
    }
}

fn options_in(side: Side, state: State) -> Options {
    let mut options = Options::new();
    assert_eq!(options.change(side, OPTION, state, None), None);
    options
}

#[test]
fn received_messages_follow_the_tables_of_the_rfc() {
    use State::*;
    use Verdict::*;
    let yes = Some(true);
    let no = Some(false);
    // State, what the peer says, verdict if one is asked for, next state, what we say.
    let table = [
        (No, true, Some(Accept), Yes, yes),
        (No, true, Some(Defer), Asked, None),
        (No, true, Some(Refuse), No, no),
        (Asked, true, None, Asked, None),
        (Yes, true, None, Yes, None),
        (WantNo, true, None, No, None),
        (WantNoOpposite, true, None, Yes, None),
        (WantYes, true, None, Yes, None),
        (WantYesOpposite, true, None, WantNo, no),
        (No, false, None, No, None),
        (Asked, false, None, No, None),
        (Yes, false, None, No, no),
        (WantNo, false, None, No, None),
        (WantNoOpposite, false, None, WantYes, yes),
        (WantYes, false, None, No, None),
        (WantYesOpposite, false, None, No, None),
    ];
    for side in SIDES {
        let [his_yes, his_no, our_yes, our_no] = words(side);
        for (state, positive, verdict, next, answer) in table {
            let mut options = options_in(side, state);
            let verb = if positive { his_yes } else { his_no };
            let said = options.receive(verb, OPTION, |asked_side, asked_option| {
                assert_eq!((asked_side, asked_option), (side, OPTION));
                verdict.expect("the policy is asked only in state No")
            });
            let answer = answer.map(|yes| if yes { our_yes } else { our_no });
            let answer = answer.map(|verb| [IAC, verb as u8, OPTION]);
            assert_eq!(said, answer, "{side:?} {state:?} {verb:?} {verdict:?}");
            assert_eq!(
                options.state(side, OPTION),
                next,
                "{side:?} {state:?} {verb:?}"
            );
        }
    }
}

#[test]
fn our_requests_follow_the_tables_of_the_rfc() {
    use State::*;
    // State, whether we enable or disable, next state, whether we say it.
    let table = [
        (No, true, WantYes, true),
        (Asked, true, Yes, true),
        (Yes, true, Yes, false),
        (WantNo, true, WantNoOpposite, false),
        (WantNoOpposite, true, WantNoOpposite, false),
        (WantYes, true, WantYes, false),
        (WantYesOpposite, true, WantYes, false),
        (No, false, No, false),
        (Asked, false, No, true),
        (Yes, false, WantNo, true),
        (WantNo, false, WantNo, false),
        (WantNoOpposite, false, WantNo, false),
        (WantYes, false, WantYesOpposite, false),
        (WantYesOpposite, false, WantYesOpposite, false),
    ];
    for side in SIDES {
        let [.., our_yes, our_no] = words(side);
        for (state, enable, next, announced) in table {
            let mut options = options_in(side, state);
            let (said, verb) = if enable {
                (options.request_enable(side, OPTION), our_yes)
            } else {
                (options.request_disable(side, OPTION), our_no)
            };
            let expected = announced.then_some([IAC, verb as u8, OPTION]);
            assert_eq!(said, expected, "{side:?} {state:?} {enable}");
            assert_eq!(
                options.state(side, OPTION),
                next,
                "{side:?} {state:?} {enable}"
            );
        }
    }
}

#[test]
fn every_refused_request_is_answered_and_takes_no_memory() {
    let mut options = Options::new();
    for option in (0..=u8::MAX).filter(|&option| option != TELOPT_TM) {
        for (asked, answer) in [(Verb::Do, Verb::Wont), (Verb::Will, Verb::Dont)] {
            let said = options.receive(asked, option, refuse_every_option);
            assert_eq!(said, Some([IAC, answer as u8, option]));
        }
        for denied in [Verb::Dont, Verb::Wont] {
            assert_eq!(options.receive(denied, option, refuse_every_option), None);
        }
    }
    assert!(options.states.is_empty());
}

#[test]
fn every_timing_mark_is_answered_for_ever() {
    let mut options = Options::new();
    for _ in 0..3 * u32::from(NEGOTIATIONS_SENT_MAX) {
        let said = options.receive(Verb::Do, TELOPT_TM, refuse_every_option);
        assert_eq!(said, Some(*b"\xff\xfb\x06"));
    }
    assert_eq!(options, Options::new());
}

#[test]
fn nothing_comes_into_use_when_all_was_said() {
    for state in [State::No, State::WantNoOpposite] {
        let mut options = options_in(Side::Us, state);
        options.sent = NEGOTIATIONS_SENT_MAX;
        assert_eq!(
            options.receive(Verb::Dont, OPTION, refuse_every_option),
            None
        );
        assert_eq!(options.request_enable(Side::Us, OPTION), None);
        assert_eq!(options.state(Side::Us, OPTION), State::No);
    }
}

#[test]
fn an_idle_connection_needs_few_bytes() {
    assert!(size_of::<Options>() <= 32, "{}", size_of::<Options>());
}

fn verdict() -> impl Strategy<Value = Verdict> {
    prop_oneof![
        Just(Verdict::Accept),
        Just(Verdict::Defer),
        Just(Verdict::Refuse)
    ]
}

/// What happens next in a run of two wired sides.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// One side, 0 or 1, wants an option of itself or the other to begin or to end.
    Request(usize, Side, u8, bool),
    /// One message on its way to a side arrives.
    Deliver(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (
            0..2usize,
            prop::sample::select(&SIDES[..]),
            0..3u8,
            any::<bool>()
        )
            .prop_map(|(end, side, option, enable)| Step::Request(end, side, option, enable)),
        (0..2usize).prop_map(Step::Deliver),
        (0..2usize).prop_map(Step::Deliver),
    ]
}

struct Wire {
    ends: [Options; 2],
    /// Messages on their way to each end.
    pending: [VecDeque<Message>; 2],
}

impl Wire {
    fn request(&mut self, end: usize, side: Side, option: u8, enable: bool) {
        let said = if enable {
            self.ends[end].request_enable(side, option)
        } else {
            self.ends[end].request_disable(side, option)
        };
        self.pending[1 - end].extend(said);
    }

    fn deliver(&mut self, end: usize, verdict: Verdict) {
        if let Some([_, verb, option]) = self.pending[end].pop_front() {
            let verb = Verb::from_byte(verb).expect("ours are verbs");
            let said = self.ends[end].receive(verb, option, |_, _| verdict);
            self.pending[1 - end].extend(said);
        }
    }
}

proptest! {
    #[test]
    fn each_message_gets_at_most_one_answer_and_all_of_them_are_bounded(
        verdict in verdict(),
        received in prop::collection::vec((prop::sample::select(&VERBS[..]), 0..8u8), 0..4000),
    ) {
        let mut options = Options::new();
        let mut sent = 0;
        for (verb, option) in received {
            let said = options.receive(verb, option, |_, _| verdict);
            sent += usize::from(said.is_some_and(|message| message[2] != TELOPT_TM));
        }
        // Each option that was in use at the bound may still be taken back on both sides.
        prop_assert!(sent <= usize::from(NEGOTIATIONS_SENT_MAX) + 2 * 8, "{sent}");
    }

    #[test]
    fn two_of_our_kind_go_quiet_and_agree(
        accept in any::<bool>(),
        steps in prop::collection::vec(step(), 0..60),
    ) {
        let verdict = if accept { Verdict::Accept } else { Verdict::Refuse };
        let mut wire = Wire { ends: Default::default(), pending: Default::default() };
        for step in steps {
            match step {
                Step::Request(end, side, option, enable) => {
                    wire.request(end, side, option, enable);
                }
                Step::Deliver(end) => wire.deliver(end, verdict),
            }
        }
        let mut left = 1000;
        while wire.pending.iter().any(|pending| !pending.is_empty()) {
            wire.deliver(0, verdict);
            wire.deliver(1, verdict);
            left -= 1;
            prop_assert!(left > 0, "they talk for ever");
        }
        for option in 0..3 {
            for (side, mirrored) in [(Side::Us, Side::Him), (Side::Him, Side::Us)] {
                let here = wire.ends[0].state(side, option);
                let there = wire.ends[1].state(mirrored, option);
                prop_assert_eq!(here, there);
                prop_assert!(matches!(here, State::No | State::Yes), "{:?}", here);
            }
        }
    }

    #[test]
    fn a_peer_that_answers_everything_with_everything_is_silenced(
        verdict in verdict(),
        start in prop::collection::vec((prop::sample::select(&VERBS[..]), 7..=u8::MAX), 1..5),
    ) {
        let mut options = Options::new();
        let mut pending = VecDeque::from(start);
        let mut sent = 0;
        while let Some((verb, option)) = pending.pop_front() {
            if options.receive(verb, option, |_, _| verdict).is_some() {
                pending.extend(VERBS.map(|verb| (verb, option)));
                sent += 1;
            }
            prop_assert!(sent <= 2 * u32::from(NEGOTIATIONS_SENT_MAX), "no end in sight");
        }
    }
}
