//! The negotiation of a connection, and the option machine below it.

use std::time::{Duration, Instant};

use parlor::limits::{
    NEGOTIATIONS_SENT_MAX, TERMINAL_TYPE_BYTES_MAX, TERMINAL_TYPES_ASKED_MAX, WINDOW_COLUMNS,
    WINDOW_ROWS,
};
use parlor::terminal::telnet::{
    Change, Decoder, Event, IAC, LineEnding, Message, Mode, Negotiation, Options, Probe, Side,
    TELOPT_BINARY, TELOPT_ECHO, TELOPT_NAWS, TELOPT_SGA, TELOPT_TM, TELOPT_TTYPE, Verb, Verdict,
};

/// The numbers of the verbs, and whether each is a yes.
const VERBS: [(Verb, bool); 4] = [
    (Verb::Will, true),
    (Verb::Wont, false),
    (Verb::Do, true),
    (Verb::Dont, false),
];

/// More time than anything is waited for.
const LONG: Duration = Duration::from_secs(5);

/// The input is what two clients send, with a `|` between them. Their data stands for what else happens: see
/// `Server::happens`. The same bytes are also read as wishes of both sides about options.
///
/// - A message is answered by so many bytes at most, and one that is repeated only by the same refusal.
/// - We echo in character mode and only there: while the client agrees to both options.
/// - Output that is held is let go, and no timeout stays behind.
/// - Two servers that are wired together after all that go quiet.
pub fn negotiation(input: &[u8]) {
    check_options(input);
    let bar = input.iter().position(|&byte| byte == b'|');
    let (first, second) = input.split_at(bar.unwrap_or(input.len()));
    let mut ends = [first, second].map(|script| {
        let mut server = Server::new();
        server.receive(script);
        check_repetition(&server);
        server.waits(LONG);
        assert!(!server.is_held, "held for ever");
        assert_eq!(server.negotiation.next_timeout(), None);
        server.check_echo();
        server
    });
    // Each end may talk until it has said all that it may; a timing mark is answered without limit.
    let most = 2 * (3 * usize::from(NEGOTIATIONS_SENT_MAX) + 100) + input.len();
    let mut sent = 0;
    while ends.iter().any(|end| !end.out.is_empty()) {
        let outputs = ends.each_mut().map(Server::take_output);
        sent += outputs.concat().len();
        assert!(sent <= most, "no end in sight");
        for (end, heard) in ends.iter_mut().zip(outputs.iter().rev()) {
            end.receive(heard);
            end.waits(LONG);
            end.check_echo();
        }
    }
}

/// One connection with its clock, and what has been told to its owner.
#[derive(Clone, Debug)]
struct Server {
    negotiation: Negotiation,
    decoder: Decoder,
    now: Instant,
    out: Vec<u8>,
    mode: Option<Mode>,
    is_held: bool,
    was_held: bool,
    /// How much of `out` has been looked at.
    out_seen: usize,
    /// What was said of ECHO and of SUPPRESS-GO-AHEAD.
    words: [Words; 2],
    terminal_types_asked: u8,
}

impl Server {
    fn new() -> Self {
        Self {
            negotiation: Negotiation::new(),
            decoder: Decoder::new(),
            now: Instant::now(),
            out: Vec::new(),
            mode: None,
            is_held: false,
            was_held: false,
            out_seen: 0,
            words: [Words::default(); 2],
            terminal_types_asked: 0,
        }
    }

    fn receive(&mut self, mut input: &[u8]) {
        let mut decoder = std::mem::take(&mut self.decoder);
        while let Some(event) = decoder.next(&mut input) {
            match event {
                Event::Data(data) => data.iter().for_each(|&byte| self.happens(byte)),
                _ => self.event(&event),
            }
        }
        self.decoder = decoder;
    }

    /// The end of the first line, a command of the user, or else time that passes.
    fn happens(&mut self, byte: u8) {
        let (before, now) = (self.out.len(), self.now);
        let (negotiation, out) = (&mut self.negotiation, &mut self.out);
        let mut first_line = |ending, probe| negotiation.first_line(out, now, ending, probe);
        let changes = match byte {
            b'\n' => first_line(LineEnding::Lf, Probe::Wiped),
            b'\r' => first_line(LineEnding::CrLf, Probe::Wiped),
            b'\0' => first_line(LineEnding::CrNul, Probe::Bare),
            0x0C => first_line(LineEnding::BareCr, Probe::Wiped),
            b'-' => negotiation.leave_character_mode(out),
            b'+' => negotiation.offer_character_mode(out, now),
            _ => return self.waits(Duration::from_millis(8 * u64::from(byte))),
        };
        // Three options asked, and what wipes them from a raw client's screen.
        assert!(self.out.len() - before <= 16, "too much is said");
        self.take(changes);
    }

    fn event(&mut self, event: &Event<'_>) {
        let (before, is_first) = (self.out.len(), !self.negotiation.is_telnet());
        if let Event::Negotiate { verb, option } = *event
            && let Some(words) = self.words_on(option)
        {
            words.hear(verb);
        }
        let changes = self.negotiation.received(&mut self.out, self.now, event);
        // An answer, two options changed and a terminal type asked; at first three options asked.
        let most = 15 + if is_first { 9 } else { 0 };
        assert!(self.out.len() - before <= most, "too much is said");
        self.take(changes);
    }

    /// Lets time pass, with a call at each timeout on the way.
    fn waits(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.negotiation.next_timeout().filter(|&at| at <= end) {
            self.now = self.now.max(at);
            let changes = self.negotiation.timeout(&mut self.out, self.now);
            self.take(changes);
            assert_ne!(
                self.negotiation.next_timeout(),
                Some(at),
                "time stands still"
            );
        }
        self.now = end;
    }

    fn take(&mut self, changes: Vec<Change>) {
        self.see_output();
        for change in changes {
            match change {
                Change::Hold => {
                    assert!(!self.was_held, "held twice");
                    (self.is_held, self.was_held) = (true, true);
                }
                Change::Release => assert!(std::mem::take(&mut self.is_held), "not held"),
                Change::Mode(mode) => {
                    assert_ne!(self.mode.replace(mode), Some(mode), "no new mode");
                }
                Change::WindowSize(size) => {
                    assert!(size.columns.is_none_or(|n| WINDOW_COLUMNS.contains(&n)));
                    assert!(size.rows.is_none_or(|n| WINDOW_ROWS.contains(&n)));
                }
                Change::TerminalType(name) => {
                    assert!(name.len() <= TERMINAL_TYPE_BYTES_MAX);
                    assert!(name.bytes().all(|byte| matches!(byte, b' '..=b'~')));
                }
                _ => {}
            }
        }
        let is_character = self.mode == Some(Mode::Character);
        assert!(
            !is_character || self.words.iter().all(|words| words.client_agrees),
            "echoes unasked"
        );
    }

    fn see_output(&mut self) {
        let said = self.out.split_off(self.out_seen);
        let (mut rest, mut decoder) = (&said[..], Decoder::new());
        while let Some(event) = decoder.next(&mut rest) {
            match event {
                Event::Negotiate { verb, option } => {
                    if let Some(words) = self.words_on(option) {
                        words.say(verb);
                    }
                }
                Event::Subnegotiation { .. } => self.terminal_types_asked += 1,
                _ => {}
            }
        }
        self.out.extend(said);
        self.out_seen = self.out.len();
        assert!(self.terminal_types_asked <= TERMINAL_TYPES_ASKED_MAX);
    }

    fn take_output(&mut self) -> Vec<u8> {
        self.out_seen = 0;
        std::mem::take(&mut self.out)
    }

    /// Once nothing is waited for, neither option is in use alone: one hides what is typed, the other sends
    /// each key.
    fn check_echo(&self) {
        let is_character = self.mode == Some(Mode::Character);
        let is_used = self.words.iter().any(Words::are_agreed);
        assert!(is_character || !is_used, "half a mode");
    }

    fn words_on(&mut self, option: u8) -> Option<&mut Words> {
        let options = [TELOPT_ECHO, TELOPT_SGA];
        let at = options.iter().position(|&known| known == option)?;
        Some(&mut self.words[at])
    }
}

/// What was said of an option that we may use.
#[derive(Clone, Copy, Debug, Default)]
struct Words {
    /// Our last word was WILL, and no DONT came after it.
    we_will: bool,
    /// The client's last word was DO, and no WONT came after it.
    client_agrees: bool,
    /// We took a WILL back, and no answer has come.
    is_taken_back: bool,
    /// The client has answered WONT by DO. RFC 1143 calls that an error, and from then on the two may well think
    /// different things.
    is_confused: bool,
}

impl Words {
    fn say(&mut self, verb: Verb) {
        match verb {
            Verb::Will => self.we_will = true,
            Verb::Wont => {
                self.is_taken_back |= std::mem::take(&mut self.we_will);
                self.client_agrees = false;
            }
            Verb::Do | Verb::Dont => {}
        }
    }

    fn hear(&mut self, verb: Verb) {
        match verb {
            Verb::Do => {
                self.is_confused |= self.is_taken_back;
                self.client_agrees = true;
            }
            Verb::Dont => (self.we_will, self.client_agrees) = (false, false),
            Verb::Will | Verb::Wont => return,
        }
        self.is_taken_back = false;
    }

    fn are_agreed(&self) -> bool {
        self.we_will && self.client_agrees && !self.is_confused
    }
}

/// Who says the same again and again gets the same refusal, or nothing.
fn check_repetition(server: &Server) {
    const UNKNOWN: u8 = 0xC8;
    let options = [
        TELOPT_ECHO,
        TELOPT_SGA,
        TELOPT_BINARY,
        TELOPT_TTYPE,
        TELOPT_NAWS,
        UNKNOWN,
    ];
    for (option, (verb, is_positive)) in options.iter().flat_map(|o| VERBS.map(|v| (*o, v))) {
        let mut server = server.clone();
        server.decoder = Decoder::new();
        // What is still on its way may make the first few mean something.
        for _ in 0..4 {
            server.receive(&[IAC, verb as u8, option]);
        }
        let mode = server.mode;
        server.take_output();
        server.receive(&[IAC, verb as u8, option]);
        let refusal = match verb {
            Verb::Do => Verb::Wont,
            _ => Verb::Dont,
        };
        let refused = is_positive && server.out == [IAC, refusal as u8, option];
        assert!(refused || server.out.is_empty(), "{:02x?}", server.out);
        assert_eq!(server.mode, mode);
    }
}

/// Reads pairs of a wish and an option: a message of the peer and what is thought of it, or a request of ours.
fn check_options(input: &[u8]) {
    const SPEND_ALL: u8 = 0xFF;
    // Set aside, so that asking for it is always new and always refused.
    const REFUSED: u8 = 0xC8;
    let mut wire = Wire::default();
    let mut options = Options::new();
    for &[wish, option] in input.as_chunks::<2>().0 {
        if wish == SPEND_ALL {
            for _ in 0..NEGOTIATIONS_SENT_MAX {
                let _ = options.receive(Verb::Will, REFUSED, |_, _| Verdict::Refuse);
            }
            wire.is_spent = true;
            continue;
        }
        if option == REFUSED {
            continue;
        }
        let verdict = [Verdict::Accept, Verdict::Defer, Verdict::Refuse][usize::from(wish / 8 % 3)];
        let side = if wish & 0x40 == 0 {
            Side::Us
        } else {
            Side::Him
        };
        let (verb, is_positive) = VERBS[usize::from(wish % 4)];
        let message = match wish % 8 {
            0..=3 => {
                if !is_positive {
                    wire.hear_no(verb, option);
                }
                options.receive(verb, option, |_, _| verdict)
            }
            4 | 5 => options.request_enable(side, option),
            _ => options.request_disable(side, option),
        };
        if let Some(message) = message.filter(|message| message[2] != TELOPT_TM) {
            assert_eq!(message[2], option, "another option");
            wire.say(message);
        }
    }
}

/// What a listener on the wire knows of the options.
#[derive(Debug, Default)]
struct Wire {
    /// WILL or DO and its option, where nobody has taken it back.
    said_yes: Vec<[u8; 2]>,
    /// Nothing but the ends of options in use may be said any more, and these are.
    is_spent: bool,
    ends: Vec<[u8; 2]>,
}

impl Wire {
    fn say(&mut self, [_, verb, option]: Message) {
        let is_positive = verb == Verb::Will as u8 || verb == Verb::Do as u8;
        if is_positive {
            assert!(!self.is_spent, "a request after the last");
            assert!(!self.said_yes.contains(&[verb, option]), "asked twice");
            self.said_yes.push([verb, option]);
            return;
        }
        // WONT follows WILL, and DONT follows DO.
        let taken_back = [verb - 1, option];
        self.said_yes.retain(|said| *said != taken_back);
        if self.is_spent {
            assert!(!self.ends.contains(&[verb, option]), "ended twice");
            self.ends.push([verb, option]);
        }
    }

    fn hear_no(&mut self, verb: Verb, option: u8) {
        let ours = if verb == Verb::Dont {
            Verb::Will
        } else {
            Verb::Do
        };
        self.said_yes.retain(|said| *said != [ours as u8, option]);
    }
}
