//! A made-up client for the tests, with a made-up clock: dialogues of real clients are played in
//! `scenarios`, random ones in `properties`.

mod properties;
mod scenarios;

use std::time::Duration;

use super::*;
use crate::terminal::telnet::Decoder;

/// Bytes from hexadecimal numbers and, after a quote, text: `0d 0a 'text`.
fn bytes(script: &str) -> Vec<u8> {
    let token = |token: &str| match token.strip_prefix('\'') {
        Some(text) => text.as_bytes().to_vec(),
        None => vec![u8::from_str_radix(token, 16).expect("a byte in hex")],
    };
    script.split_whitespace().flat_map(token).collect()
}

/// A client, the wire and the clock, and what a connection does around the negotiation.
struct Client {
    negotiation: Negotiation,
    decoder: Decoder,
    probe: Probe,
    /// Data of the first line until its end was seen.
    first_line: Option<Vec<u8>>,
    now: Instant,
    out: Vec<u8>,
    changes: Vec<Change>,
    /// Longest piece in which bytes arrive.
    piece: usize,
}

impl Client {
    fn new(piece: usize) -> Self {
        Self {
            negotiation: Negotiation::new(),
            decoder: Decoder::new(),
            probe: Probe::Wiped,
            first_line: Some(Vec::new()),
            now: Instant::now(),
            out: Vec::new(),
            changes: Vec::new(),
            piece,
        }
    }

    fn receive(&mut self, input: &[u8]) {
        for mut piece in input.chunks(self.piece) {
            while let Some(event) = self.decoder.next(&mut piece) {
                if let Event::Data(data) = event {
                    self.receive_data(data);
                }
                let changes = self.negotiation.received(&mut self.out, self.now, &event);
                self.changes.extend(changes);
            }
        }
    }

    fn receive_data(&mut self, data: &[u8]) {
        let Some(line) = &mut self.first_line else {
            return;
        };
        line.extend_from_slice(data);
        let ends = |end: &[u8]| line.windows(end.len()).any(|window| window == end);
        let ending = if ends(b"\r\n") {
            LineEnding::CrLf
        } else if ends(b"\r\0") {
            LineEnding::CrNul
        } else if ends(b"\n") {
            LineEnding::Lf
        } else {
            return;
        };
        self.end_first_line(ending);
    }

    fn end_first_line(&mut self, ending: LineEnding) {
        self.first_line = None;
        let (now, probe) = (self.now, self.probe);
        let changes = self
            .negotiation
            .first_line(&mut self.out, now, ending, probe);
        self.changes.extend(changes);
    }

    fn sends(&mut self, script: &str) -> &mut Self {
        self.receive(&bytes(script));
        self
    }

    /// The server has sent this and nothing else since the last check.
    #[track_caller]
    fn gets(&mut self, script: &str) -> &mut Self {
        let sent = std::mem::take(&mut self.out);
        let hex = |bytes: &[u8]| format!("{bytes:02x?}");
        assert_eq!(
            hex(&sent),
            hex(&bytes(script)),
            "in pieces of {}",
            self.piece
        );
        self
    }

    /// These changes and no others have come since the last check.
    #[track_caller]
    fn sees(&mut self, changes: &[Change]) -> &mut Self {
        assert_eq!(std::mem::take(&mut self.changes), changes);
        self
    }

    /// Lets time pass, with a call at each timeout on the way.
    fn waits(&mut self, milliseconds: u64) -> &mut Self {
        let end = self.now + Duration::from_millis(milliseconds);
        while let Some(at) = self.negotiation.next_timeout().filter(|&at| at <= end) {
            self.now = self.now.max(at);
            let changes = self.negotiation.timeout(&mut self.out, self.now);
            self.changes.extend(changes);
            assert!(
                self.negotiation.next_timeout() != Some(at),
                "timeout stands still"
            );
        }
        self.now = end;
        self
    }
}
