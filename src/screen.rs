//! *Pure.* What stands on a client's screen, as far as we drew it, and how to add to it.
//!
//! Drawing is append-only: nothing that was shown is overwritten, every transcript row is one row, and
//! whatever the client had half typed stays in sight. A row that arrives while a prompt is open starts on a
//! row of its own and the prompt is shown again below it.

use crate::view::{Display, Newline};

/// The state of one screen.
#[derive(Clone, Debug)]
pub struct Screen {
    /// How this client wants things drawn.
    pub display: Display,
    /// A prompt was shown and nobody has ended its row.
    prompt_open: bool,
}

impl Screen {
    /// An empty screen.
    pub fn new(display: Display) -> Screen {
        Screen {
            display,
            prompt_open: false,
        }
    }

    /// The client ended a line. Its own terminal echoed that, so the prompt's row is done.
    pub fn line_entered(&mut self) {
        self.prompt_open = false;
    }

    /// True while a prompt waits for input.
    pub fn prompt_is_open(&self) -> bool {
        self.prompt_open
    }

    /// Appends `text`, whose rows end in `\n`.
    pub fn text(&mut self, text: &str, out: &mut Vec<u8>) {
        self.open_row(out);
        match self.display.newline {
            Newline::Lf => out.extend_from_slice(text.as_bytes()),
            Newline::CrLf => {
                for row in text.split_inclusive('\n') {
                    match row.strip_suffix('\n') {
                        Some(row) => {
                            out.extend_from_slice(row.as_bytes());
                            out.extend_from_slice(b"\r\n");
                        }
                        None => out.extend_from_slice(row.as_bytes()),
                    }
                }
            }
        }
    }

    /// Appends rows that are drawn for this screen's class already.
    pub fn frame(&mut self, frame: &[u8], out: &mut Vec<u8>) {
        self.open_row(out);
        out.extend_from_slice(frame);
    }

    /// Appends `prompt`, unless it stands there already.
    pub fn prompt(&mut self, prompt: &str, out: &mut Vec<u8>) {
        if !self.prompt_open {
            out.extend_from_slice(prompt.as_bytes());
            self.prompt_open = true;
        }
    }

    fn open_row(&mut self, out: &mut Vec<u8>) {
        if self.prompt_open {
            out.extend_from_slice(self.display.newline.bytes());
            self.prompt_open = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    fn screen(newline: Newline) -> Screen {
        Screen::new(Display {
            newline,
            zone: TimeZone::UTC,
        })
    }

    fn drawn(screen: &mut Screen, draw: impl FnOnce(&mut Screen, &mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        draw(screen, &mut out);
        String::from_utf8(out).expect("drawing is UTF-8")
    }

    #[test]
    fn a_row_under_an_open_prompt_starts_anew_and_the_prompt_follows() {
        let mut screen = screen(Newline::Lf);
        let shown = drawn(&mut screen, |screen, out| {
            screen.prompt("anon> ", out);
            screen.frame(b"[12:00:00] bob: hi\n", out);
            screen.prompt("anon> ", out);
        });
        assert_eq!(shown, "anon> \n[12:00:00] bob: hi\nanon> ");
    }

    #[test]
    fn after_enter_no_empty_row_is_made() {
        let mut screen = screen(Newline::CrLf);
        let shown = drawn(&mut screen, |screen, out| {
            screen.prompt("anon> ", out);
            screen.line_entered();
            screen.text("one\ntwo\n", out);
        });
        assert_eq!(shown, "anon> one\r\ntwo\r\n");
    }

    #[test]
    fn a_prompt_that_stands_there_is_not_shown_twice() {
        let mut screen = screen(Newline::CrLf);
        let shown = drawn(&mut screen, |screen, out| {
            screen.prompt("anon> ", out);
            screen.prompt("anon> ", out);
        });
        assert_eq!(shown, "anon> ");
        assert!(screen.prompt_is_open());
    }
}
