//! The negotiation of a connection, and the option machine below it.

use std::time::{Duration, Instant};

use parlor::limits::{NEGOTIATIONS_SENT_MAX, TERMINAL_TYPE_BYTES_MAX, WINDOW_COLUMNS, WINDOW_ROWS};
use parlor::telnet::{
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
/// - Character mode is on only while the client agrees to both options.
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
        server
    });
    // Each end may talk until it has said all that it may; a timing mark is answered without limit.
    let most = 2 * (3 * usize::from(NEGOTIATIONS_SENT_MAX) + 100) + input.len();
    let mut sent = 0;
    while ends.iter().any(|end| !end.out.is_empty()) {
        let outputs = ends.each_mut().map(|end| std::mem::take(&mut end.out));
        sent += outputs.concat().len();
        assert!(sent <= most, "no end in sight");
        for (end, heard) in ends.iter_mut().zip(outputs.iter().rev()) {
            end.receive(heard);
            end.waits(LONG);
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
    /// Whether the client's last word on ECHO and on SUPPRESS-GO-AHEAD was DO.
    agrees: [bool; 2],
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
            agrees: [false; 2],
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
        if let Event::Negotiate { verb, option } = event
            && let Some(at) = [TELOPT_ECHO, TELOPT_SGA].iter().position(|o| o == option)
            && matches!(verb, Verb::Do | Verb::Dont)
        {
            self.agrees[at] = *verb == Verb::Do;
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
        assert!(!is_character || self.agrees == [true; 2], "echoes unasked");
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
        server.out.clear();
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
