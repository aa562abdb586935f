//! Finds out what kind of client is at the other end and decides who echoes.
//!
//! | stage | what is known | leaves by |
//! |---|---|---|
//! | `Unknown` | nothing; not one IAC is sent | a first line, or any Telnet command |
//! | `Raw` | the first line ended in LF or in a bare CR: no Telnet, for good | – |
//! | `Probed` | the first line ended in CR LF or CR NUL: asked if it speaks Telnet | any Telnet command, however late |
//! | `Identifying` | it speaks Telnet; asked for its terminal type | an answer, or silence |
//! | `Offered` | we offered to echo (ECHO) and to send each key at once (SGA) | its answers |
//! | `Character` | both are agreed on | either is withdrawn |
//! | `Line` | the client edits and echoes | it asks for both |
//!
//! All decisions about options are taken in this file. Bytes to send are appended to an output buffer,
//! and what the owner of the connection has to do about it comes back as [`Change`]s, which follow those
//! bytes in time.
//!
//! Left out on purpose: LINEMODE, CHARSET, END-OF-RECORD and NEW-ENVIRON, which improve nothing in any
//! client that was tried (the last also gives user names away), and compression.

use std::time::Instant;

use crate::limits::{
    IDENTIFICATION_WAIT_MAX, PROBE_HOLD_MAX, SECOND_ANSWER_WAIT_MAX, TERMINAL_TYPES_ASKED_MAX,
};
use crate::terminal::telnet::decoder::{Command, Event, Verb};
use crate::terminal::telnet::option::{Options, Side, State, Verdict};
use crate::terminal::telnet::terminal::{self, Drawing, WindowSize};
use crate::terminal::telnet::{
    IAC, SB, SE, TELOPT_BINARY, TELOPT_ECHO, TELOPT_NAWS, TELOPT_SGA, TELOPT_TM, TELOPT_TTYPE,
};

/// What ended the first line of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineEnding {
    /// LF alone: netcats and scripts.
    Lf,
    /// CR LF: most Telnet clients, and some raw ones.
    CrLf,
    /// CR NUL: a Telnet client that sends single keys.
    CrNul,
    /// CR and then nothing: a terminal in raw mode.
    BareCr,
}

/// How to ask a client that may not speak Telnet for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// Wrapped in escape sequences, which wipe what a raw client's terminal shows of it.
    Wiped,
    /// As it is, for a terminal that may know no escape sequences.
    Bare,
}

/// What the owner of the connection has to know or do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Send nothing but the bytes of the negotiation until `Release`.
    Hold,
    /// Send what was held.
    Release,
    /// The connection is drawn, edited and echoed in this way from now on.
    Mode(Mode),
    /// The size of the client's window has changed.
    WindowSize(WindowSize),
    /// The name of the client's terminal, or of the client: printable ASCII, bounded.
    TerminalType(String),
    /// The client reads aloud what is shown.
    ScreenReader,
    /// The interrupt, suspend or quit key, or the break key: the line typed so far is cancelled.
    Interrupt {
        /// Without BINARY, BSD clients take some bytes of UTF-8 text for these keys. A line that ends
        /// inside a character must not be cancelled, but continues with this byte.
        mistaken: Option<u8>,
    },
    /// The key that stops output. It only matters where it was a byte of a character.
    AbortOutput {
        /// As in `Interrupt`.
        mistaken: Option<u8>,
    },
    /// The last character of the line is erased.
    EraseCharacter,
    /// The line is erased.
    EraseLine,
    /// The end-of-file key, like Ctrl-D.
    EndOfFile,
    /// The client wants a sign of life: answer with a line of text.
    AreYouThere,
    /// The client has discarded output until now: show the prompt again.
    Repaint,
}

/// Who edits and echoes, and what the terminal can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// No Telnet; the client's terminal edits and echoes.
    Raw,
    /// Telnet; the client edits and echoes, output is append-only.
    LinePlain,
    /// Telnet; the client edits and echoes, output can be inserted above the line being typed.
    LineAnsi,
    /// Telnet; we edit and echo.
    Character,
}

/// The negotiation of one connection. Plain data, without allocation until something is negotiated.
#[derive(Clone, Debug, Default)]
pub struct Negotiation {
    options: Options,
    stage: Stage,
    /// What was last announced.
    mode: Option<Mode>,
    held_until: Option<Instant>,
    /// When to go on without the answer that is awaited.
    answer_by: Option<Instant>,
    /// How the terminal type is best served.
    drawing: Drawing,
    window_size: WindowSize,
    terminal_types_asked: u8,
    /// Whether the terminal type was asked for and has not come.
    terminal_type_due: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Unknown,
    Raw,
    Probed,
    Identifying,
    Offered,
    Character,
    Line,
}

impl Negotiation {
    /// The start of a connection.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the client has shown that it speaks Telnet. If it has not, no byte has to be escaped
    /// and a reset is the better way to close.
    pub fn is_telnet(&self) -> bool {
        !matches!(self.stage, Stage::Unknown | Stage::Raw | Stage::Probed)
    }

    /// When to call [`timeout`](Self::timeout), if nothing happens before.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Instant> {
        self.held_until.into_iter().chain(self.answer_by).min()
    }

    /// Takes how the first line ended, once; later calls change nothing.
    #[must_use]
    pub fn first_line(
        &mut self,
        out: &mut Vec<u8>,
        now: Instant,
        ending: LineEnding,
        probe: Probe,
    ) -> Vec<Change> {
        let mut changes = Vec::new();
        if self.stage != Stage::Unknown {
            return changes;
        }
        match ending {
            LineEnding::Lf | LineEnding::BareCr => {
                self.stage = Stage::Raw;
                self.announce(&mut changes, Mode::Raw);
            }
            LineEnding::CrLf | LineEnding::CrNul => {
                self.stage = Stage::Probed;
                self.held_until = Some(now + PROBE_HOLD_MAX);
                changes.push(Change::Hold);
                self.probe(out, probe);
            }
        }
        changes
    }

    /// Takes one event from the decoder. Data does not matter here and may be left out.
    #[must_use]
    pub fn received(&mut self, out: &mut Vec<u8>, now: Instant, event: &Event<'_>) -> Vec<Change> {
        let mut changes = Vec::new();
        match event {
            // 0xFF is a letter in Latin-1, so an IAC before anything else proves nothing.
            Event::Data(_) | Event::Command(Command::Unknown(_)) => {}
            Event::Command(command) => {
                self.confirm(out, now);
                changes.extend(self.change_for(*command));
            }
            Event::Negotiate { verb, option } => {
                self.confirm(out, now);
                self.negotiate(out, now, &mut changes, *verb, *option);
            }
            Event::Subnegotiation { option, payload } => {
                self.confirm(out, now);
                self.subnegotiate(out, now, &mut changes, *option, payload);
            }
        }
        changes
    }

    /// Call this when [`next_timeout`](Self::next_timeout) has come.
    #[must_use]
    pub fn timeout(&mut self, out: &mut Vec<u8>, now: Instant) -> Vec<Change> {
        let mut changes = Vec::new();
        if self.answer_by.is_some_and(|by| by <= now) {
            self.answer_by = None;
            match self.stage {
                Stage::Identifying => self.offer(out, now, &mut changes),
                Stage::Offered => self.take_back(out, &mut changes),
                Stage::Line => self.disable_both(out),
                Stage::Unknown | Stage::Raw | Stage::Probed | Stage::Character => {}
            }
        }
        if self.held_until.is_some_and(|until| until <= now) {
            if self.stage == Stage::Probed {
                self.announce(&mut changes, Mode::Raw);
            } else {
                self.release(&mut changes);
            }
        }
        changes
    }

    /// Gives editing and echoing back to the client, for a user who wants it so.
    ///
    /// At a goodbye nothing needs to be withdrawn: every client restores its terminal when the connection ends, while
    /// options withdrawn just before make some print notices and others fail.
    #[must_use]
    pub fn leave_character_mode(&mut self, out: &mut Vec<u8>) -> Vec<Change> {
        let mut changes = Vec::new();
        if self.stage == Stage::Character {
            self.take_back(out, &mut changes);
        }
        changes
    }

    /// Asks for character mode again, for a user who had given it up.
    #[must_use]
    pub fn offer_character_mode(&mut self, out: &mut Vec<u8>, now: Instant) -> Vec<Change> {
        let mut changes = Vec::new();
        if self.stage == Stage::Line && self.drawing == Drawing::Character {
            self.offer(out, now, &mut changes);
        }
        changes
    }

    /// Goes on once the client has proved that it speaks Telnet.
    fn confirm(&mut self, out: &mut Vec<u8>, now: Instant) {
        if matches!(self.stage, Stage::Unknown | Stage::Probed) {
            if self.stage == Stage::Unknown {
                self.probe(out, Probe::Bare);
            }
            self.stage = Stage::Identifying;
            self.answer_by = Some(now + IDENTIFICATION_WAIT_MAX);
        }
    }

    /// Asks for BINARY before all else, since without it BSD clients lose bytes of UTF-8.
    fn probe(&mut self, out: &mut Vec<u8>, probe: Probe) {
        if probe == Probe::Wiped {
            out.extend_from_slice(b"\x1b7");
        }
        for option in [TELOPT_BINARY, TELOPT_TTYPE, TELOPT_NAWS] {
            out.extend(
                self.options
                    .request_enable(Side::Him, option)
                    .iter()
                    .flatten(),
            );
        }
        if probe == Probe::Wiped {
            out.extend_from_slice(b"\x1b8\x1b[K");
        }
    }

    fn negotiate(
        &mut self,
        out: &mut Vec<u8>,
        now: Instant,
        changes: &mut Vec<Change>,
        verb: Verb,
        option: u8,
    ) {
        let named_before = self.options.is_enabled(Side::Him, TELOPT_TTYPE);
        let (stage, drawing) = (self.stage, self.drawing);
        let policy = |side, option| verdict(stage, drawing, side, option);
        let answer = self.options.receive(verb, option, policy);
        out.extend(answer.iter().flatten());
        match (verb, option) {
            // The client waits for the answer before it shows anything again.
            (Verb::Do, TELOPT_TM) => changes.push(Change::Repaint),
            (Verb::Will, TELOPT_TTYPE) if !named_before => self.ask_terminal_type(out, now),
            (Verb::Wont, TELOPT_TTYPE) if stage == Stage::Identifying => {
                self.offer(out, now, changes);
            }
            (Verb::Do | Verb::Dont, TELOPT_ECHO | TELOPT_SGA) => self.settle(out, now, changes),
            _ => {}
        }
    }

    fn ask_terminal_type(&mut self, out: &mut Vec<u8>, now: Instant) {
        let is_agreed = self.options.is_enabled(Side::Him, TELOPT_TTYPE);
        if is_agreed && self.terminal_types_asked < TERMINAL_TYPES_ASKED_MAX {
            const SEND: u8 = 0x01;
            out.extend_from_slice(&[IAC, SB, TELOPT_TTYPE, SEND, IAC, SE]);
            self.terminal_types_asked += 1;
            self.terminal_type_due = true;
            if self.stage == Stage::Identifying {
                self.answer_by = Some(now + IDENTIFICATION_WAIT_MAX);
            }
        }
    }

    fn subnegotiate(
        &mut self,
        out: &mut Vec<u8>,
        now: Instant,
        changes: &mut Vec<Change>,
        option: u8,
        payload: &[u8],
    ) {
        if !self.options.is_enabled(Side::Him, option) {
            return;
        }
        match option {
            TELOPT_NAWS => {
                if let Some(size) = WindowSize::from_payload(payload)
                    && size != self.window_size
                {
                    self.window_size = size;
                    changes.push(Change::WindowSize(size));
                }
            }
            TELOPT_TTYPE if self.terminal_type_due => {
                self.terminal_type_due = false;
                self.identify(out, now, changes, terminal::terminal_type(payload));
            }
            _ => {}
        }
    }

    /// Goes on from the answer to the question for the terminal type.
    fn identify(
        &mut self,
        out: &mut Vec<u8>,
        now: Instant,
        changes: &mut Vec<Change>,
        name: Option<String>,
    ) {
        if let Some(name) = name {
            if self.terminal_types_asked == 1 {
                self.drawing = terminal::drawing_for(&name);
                changes.push(Change::TerminalType(name.clone()));
            }
            if terminal::is_screen_reader(&name) {
                self.drawing = Drawing::LinePlain;
                changes.push(Change::ScreenReader);
            }
        }
        if self.drawing != Drawing::Character {
            self.take_back(out, changes);
            // Only a MUD client's later answers say more than its first.
            self.ask_terminal_type(out, now);
        } else if self.stage == Stage::Identifying {
            self.offer(out, now, changes);
        }
    }

    /// Offers character mode. ECHO goes first, since a client that has agreed to SGA alone shows the
    /// end of a line as `^M`.
    fn offer(&mut self, out: &mut Vec<u8>, now: Instant, changes: &mut Vec<Change>) {
        self.stage = Stage::Offered;
        self.answer_by = None;
        for option in [TELOPT_ECHO, TELOPT_SGA] {
            out.extend(
                self.options
                    .request_enable(Side::Us, option)
                    .iter()
                    .flatten(),
            );
        }
        self.settle(out, now, changes);
    }

    /// Draws the conclusion from the states of ECHO and SGA.
    fn settle(&mut self, out: &mut Vec<u8>, now: Instant, changes: &mut Vec<Change>) {
        let states = [TELOPT_ECHO, TELOPT_SGA].map(|option| self.options.state(Side::Us, option));
        let are_both = |state| states == [state; 2];
        match self.stage {
            Stage::Offered if are_both(State::Yes) => {
                self.stage = Stage::Character;
                self.answer_by = None;
                self.announce(changes, Mode::Character);
            }
            Stage::Offered if states.contains(&State::No) => self.take_back(out, changes),
            Stage::Character if !are_both(State::Yes) => self.take_back(out, changes),
            Stage::Line if are_both(State::Asked) => self.offer(out, now, changes),
            Stage::Offered if states.contains(&State::Yes) => self.wait_for_second(now),
            Stage::Line if states.contains(&State::Asked) => self.wait_for_second(now),
            _ => {}
        }
    }

    fn wait_for_second(&mut self, now: Instant) {
        self.answer_by.get_or_insert(now + SECOND_ANSWER_WAIT_MAX);
    }

    /// Goes to line mode. Both options end, since ECHO alone would hide what the user types, and SGA
    /// alone would send each key.
    fn take_back(&mut self, out: &mut Vec<u8>, changes: &mut Vec<Change>) {
        self.stage = Stage::Line;
        self.answer_by = None;
        self.disable_both(out);
        let mode = match self.drawing {
            Drawing::LineAnsi => Mode::LineAnsi,
            Drawing::LinePlain | Drawing::Character => Mode::LinePlain,
        };
        self.announce(changes, mode);
    }

    fn disable_both(&mut self, out: &mut Vec<u8>) {
        for option in [TELOPT_ECHO, TELOPT_SGA] {
            out.extend(
                self.options
                    .request_disable(Side::Us, option)
                    .iter()
                    .flatten(),
            );
        }
    }

    /// Announces the mode if it is new, and then releases the output held for it.
    fn announce(&mut self, changes: &mut Vec<Change>, mode: Mode) {
        if self.mode != Some(mode) {
            self.mode = Some(mode);
            changes.push(Change::Mode(mode));
        }
        self.release(changes);
    }

    fn release(&mut self, changes: &mut Vec<Change>) {
        if self.held_until.take().is_some() {
            changes.push(Change::Release);
        }
    }

    fn change_for(&self, command: Command) -> Option<Change> {
        // The keys Ctrl-C, Ctrl-O, Ctrl-Z and Ctrl-\ with the top bit set, as inside a character.
        let is_binary = self.options.is_enabled(Side::Him, TELOPT_BINARY);
        let mistaken = |byte: u8| (!is_binary).then_some(byte);
        match command {
            Command::InterruptProcess => Some(Change::Interrupt {
                mistaken: mistaken(0x83),
            }),
            Command::Suspend => Some(Change::Interrupt {
                mistaken: mistaken(0x9A),
            }),
            Command::Break => Some(Change::Interrupt {
                mistaken: mistaken(0x9C),
            }),
            Command::Abort => Some(Change::Interrupt { mistaken: None }),
            Command::AbortOutput => Some(Change::AbortOutput {
                mistaken: mistaken(0x8F),
            }),
            Command::EraseCharacter => Some(Change::EraseCharacter),
            Command::EraseLine => Some(Change::EraseLine),
            Command::EndOfFile => Some(Change::EndOfFile),
            Command::AreYouThere => Some(Change::AreYouThere),
            Command::NoOperation
            | Command::DataMark
            | Command::GoAhead
            | Command::EndOfRecord
            | Command::Unknown(_) => None,
        }
    }
}

/// The policy for what the client asks of its own accord.
fn verdict(stage: Stage, drawing: Drawing, side: Side, option: u8) -> Verdict {
    if stage == Stage::Raw {
        return Verdict::Refuse;
    }
    match (side, option) {
        (_, TELOPT_BINARY) | (Side::Him, TELOPT_TTYPE | TELOPT_NAWS | TELOPT_SGA) => {
            Verdict::Accept
        }
        // Some clients ask for one or both on connect and do not answer an offer again; others
        // when their user changes the mode. They are agreed to together or not at all.
        (Side::Us, TELOPT_ECHO | TELOPT_SGA) if drawing == Drawing::Character => Verdict::Defer,
        _ => Verdict::Refuse,
    }
}

#[cfg(test)]
mod tests;
