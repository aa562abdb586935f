//! What both sides have agreed on, by the Q method of RFC 1143.
//!
//! For each option and side there is one of six states; a message is sent only when a state changes or a
//! request is refused. So a peer that repeats itself, or answers what needs no answer, cannot make
//! us talk in circles. RFC 1143's names are kept: *us* is this side, *him* the peer, and the queue bit
//! `Opposite` says that the reverse was asked for while an answer was still on its way.
//!
//! All 256 options are handled, but only those in use, or being talked about, take memory.

use std::collections::BTreeMap;

use crate::limits::NEGOTIATIONS_SENT_MAX;
use crate::telnet::decoder::Verb;
use crate::telnet::{IAC, TELOPT_TM};

/// One negotiation as it goes on the wire: IAC, verb, option.
pub type Message = [u8; 3];

/// Whose use of an option is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// This server: the peer says DO and DONT, we say WILL and WONT.
    Us,
    /// The peer: it says WILL and WONT, we say DO and DONT.
    Him,
}

/// What is thought of an option that the peer asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Agree at once.
    Accept,
    /// Agree or refuse later, by [`Options::request_enable`] or [`Options::request_disable`].
    Defer,
    /// Refuse at once.
    Refuse,
}

/// A policy that wants no option at all.
pub fn refuse_every_option(_side: Side, _option: u8) -> Verdict {
    Verdict::Refuse
}

/// The state of one option on one side; the names of RFC 1143, section 7, and one more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Not in use.
    #[default]
    No,
    /// Not in use; the peer has asked for it and is owed an answer ([`Verdict::Defer`]).
    Asked,
    /// In use.
    Yes,
    /// We asked to end it, no answer yet.
    WantNo,
    /// As `WantNo`, and we want it back as soon as the answer comes.
    WantNoOpposite,
    /// We asked for it, no answer yet.
    WantYes,
    /// As `WantYes`, and we no longer want it as soon as the answer comes.
    WantYesOpposite,
}

/// The options of one connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Everything that is not `(No, No)`, by option number.
    states: BTreeMap<u8, Pair>,
    /// Counted against [`NEGOTIATIONS_SENT_MAX`].
    sent: u16,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Pair {
    us: State,
    him: State,
}

impl Options {
    /// The start of a connection: no option is in use.
    pub fn new() -> Self {
        Self::default()
    }

    /// The state of `option` on `side`.
    pub fn state(&self, side: Side, option: u8) -> State {
        let pair = self.states.get(&option).copied().unwrap_or_default();
        match side {
            Side::Us => pair.us,
            Side::Him => pair.him,
        }
    }

    /// Whether both have agreed that `side` uses `option`.
    pub fn is_enabled(&self, side: Side, option: u8) -> bool {
        self.state(side, option) == State::Yes
    }

    /// Takes a negotiation from the peer and gives the answer to send, if one is due. `policy` is
    /// asked only when the peer wants something new.
    ///
    /// Every DO TIMING-MARK is answered by WILL at once and leaves no state (RFC 860): it asks for a
    /// mark in the stream, and some clients show nothing until they see it.
    #[must_use]
    pub fn receive(
        &mut self,
        verb: Verb,
        option: u8,
        policy: impl FnOnce(Side, u8) -> Verdict,
    ) -> Option<Message> {
        if (verb, option) == (Verb::Do, TELOPT_TM) {
            return Some([IAC, Verb::Will as u8, TELOPT_TM]);
        }
        let (side, positive) = match verb {
            Verb::Do => (Side::Us, true),
            Verb::Dont => (Side::Us, false),
            Verb::Will => (Side::Him, true),
            Verb::Wont => (Side::Him, false),
        };
        let state = self.state(side, option);
        if positive && state == State::No && self.is_spent() {
            return None;
        }
        let (next, answer) = if positive {
            state.on_positive(|| policy(side, option))
        } else if state == State::WantNoOpposite && self.is_spent() {
            (State::No, None)
        } else {
            state.on_negative()
        };
        self.change(side, option, next, answer)
    }

    /// Asks that `side` uses `option`, or answers that it may, and gives the message to send, if one is
    /// due. Does nothing if that is so already or has been asked.
    #[must_use]
    pub fn request_enable(&mut self, side: Side, option: u8) -> Option<Message> {
        let state = self.state(side, option);
        let (next, announce) = match state {
            State::No | State::Asked if self.is_spent() => (State::No, None),
            State::No => (State::WantYes, Some(true)),
            State::Asked => (State::Yes, Some(true)),
            State::WantNo => (State::WantNoOpposite, None),
            State::WantYesOpposite => (State::WantYes, None),
            State::Yes | State::WantYes | State::WantNoOpposite => (state, None),
        };
        self.change(side, option, next, announce)
    }

    /// Asks that `side` ends `option`, or answers that it may not use it, and gives the message to
    /// send, if one is due. Does nothing if that is so already or has been asked.
    #[must_use]
    pub fn request_disable(&mut self, side: Side, option: u8) -> Option<Message> {
        let state = self.state(side, option);
        let (next, announce) = match state {
            State::Yes => (State::WantNo, Some(false)),
            State::Asked => (State::No, Some(false)),
            State::WantYes => (State::WantYesOpposite, None),
            State::WantNoOpposite => (State::WantNo, None),
            State::No | State::WantNo | State::WantYesOpposite => (state, None),
        };
        self.change(side, option, next, announce)
    }

    /// Whether the peer has been told as much as it may be. From then on no option comes into use
    /// and no request is refused aloud; the end of an option in use is still announced, and
    /// that happens once for each.
    fn is_spent(&self) -> bool {
        self.sent >= NEGOTIATIONS_SENT_MAX
    }

    /// Writes down the next state; `announce` is whether to say yes or no to the peer.
    fn change(
        &mut self,
        side: Side,
        option: u8,
        next: State,
        announce: Option<bool>,
    ) -> Option<Message> {
        let pair = self.states.entry(option).or_default();
        match side {
            Side::Us => pair.us = next,
            Side::Him => pair.him = next,
        }
        if *pair == Pair::default() {
            self.states.remove(&option);
        }
        let verb = match (side, announce?) {
            (Side::Us, true) => Verb::Will,
            (Side::Us, false) => Verb::Wont,
            (Side::Him, true) => Verb::Do,
            (Side::Him, false) => Verb::Dont,
        };
        self.sent = self.sent.saturating_add(1);
        Some([IAC, verb as u8, option])
    }
}

/// The tables of RFC 1143, section 7: the next state, and whether to say yes or no to the peer.
impl State {
    /// For a received WILL (him) or DO (us).
    fn on_positive(self, decide: impl FnOnce() -> Verdict) -> (Self, Option<bool>) {
        match self {
            Self::No => match decide() {
                Verdict::Accept => (Self::Yes, Some(true)),
                Verdict::Defer => (Self::Asked, None),
                Verdict::Refuse => (Self::No, Some(false)),
            },
            // A positive answer to DONT or WONT is an error of the peer; the RFC says how to go on.
            Self::WantNo => (Self::No, None),
            Self::WantNoOpposite => (Self::Yes, None),
            Self::WantYes => (Self::Yes, None),
            Self::WantYesOpposite => (Self::WantNo, Some(false)),
            Self::Asked | Self::Yes => (self, None),
        }
    }

    /// For a received WONT (him) or DONT (us), which is never refused.
    fn on_negative(self) -> (Self, Option<bool>) {
        match self {
            Self::Yes => (Self::No, Some(false)),
            Self::WantNoOpposite => (Self::WantYes, Some(true)),
            Self::No | Self::Asked | Self::WantNo | Self::WantYes | Self::WantYesOpposite => {
                (Self::No, None)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;

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
}
