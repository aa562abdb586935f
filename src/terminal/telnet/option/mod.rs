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
use crate::terminal::telnet::decoder::Verb;
use crate::terminal::telnet::{IAC, TELOPT_TM};

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

/// The decision on an option that the peer asks for.
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

    /// Takes a negotiation from the peer and returns the answer to send, if one is due. `policy` is
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

    /// Asks that `side` use `option`, or answers that it may, and returns the message to send, if one is due. Does
    /// nothing if the option is already in use or was already asked for.
    #[must_use]
    pub fn request_enable(&mut self, side: Side, option: u8) -> Option<Message> {
        let state = self.state(side, option);
        let (next, announce) = match state {
            State::No | State::Asked if self.is_spent() => (State::No, None),
            State::WantNo if self.is_spent() => (state, None),
            State::No => (State::WantYes, Some(true)),
            State::Asked => (State::Yes, Some(true)),
            State::WantNo => (State::WantNoOpposite, None),
            State::WantYesOpposite => (State::WantYes, None),
            State::Yes | State::WantYes | State::WantNoOpposite => (state, None),
        };
        self.change(side, option, next, announce)
    }

    /// Asks that `side` stop using `option`, or answers that it may not use it, and returns the message to send, if one
    /// is due. Does nothing if the option is already unused or its end was already asked for.
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

    /// Whether the peer has been sent as many negotiations as allowed. From then on no option comes
    /// into use and no request is refused aloud; the end of an option in use is still announced,
    /// which happens once for each.
    fn is_spent(&self) -> bool {
        self.sent >= NEGOTIATIONS_SENT_MAX
    }

    /// Sets the next state; `announce` is whether to say yes or no to the peer.
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
            // A positive answer to DONT or WONT is an error of the peer; the RFC says what to do.
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
mod tests;
