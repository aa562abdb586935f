//! *Pure.* What stands on a client's screen, as far as we drew it, and how to add to it without disturbing what is
//! being typed there.
//!
//! | drawing | a row that comes while somebody types | what was half typed |
//! |---|---|---|
//! | plain | a row end if something may be typed there, the row, the prompt again | stays in sight above |
//! | ANSI | inserted above the row of the cursor | is not touched |
//! | character | the input row is cleared, the row printed, the input row shown again | stands as it was, cursor and all |

use std::num::NonZeroU16;
use std::time::Instant;

use crate::terminal::draw::{self, Display, Drawing};
use crate::terminal::line::{Editor, Keys, Row};
use crate::text;

/// The state of one screen.
#[derive(Debug)]
pub struct Screen {
    /// How this client wants things drawn.
    pub display: Display,
    /// A prompt was shown (or would have been) and its row has not ended: something may be typed there.
    prompt_open: bool,
    /// The open prompt was shown for an earlier line: it does not say what is asked now.
    prompt_is_old: bool,
    /// What is being typed, in character mode.
    pub typing: Option<Box<Typing>>,
    /// What is typed now is a secret.
    secret: bool,
}

/// The line being typed in character mode: we echo and edit it.
#[derive(Debug, Default)]
pub struct Typing {
    /// From bytes to keys.
    pub keys: Keys,
    /// From keys to a line.
    pub editor: Editor,
    row: Row,
    /// When an ESC that nothing has followed is Esc itself.
    pub escape_at: Option<Instant>,
    /// The size was asked for: the next report of the cursor's position is the size.
    size_asked: bool,
}

/// Switches bracketed paste on and off (xterm): the terminal then marks pasted text.
const PASTE_MARKS_ON: &str = "\x1b[?2004h";
const PASTE_MARKS_OFF: &str = "\x1b[?2004l";

/// Clears the screen and goes to its first row.
const CLEAR: &str = "\x1b[H\x1b[2J";

/// Asks a terminal for its size: save the cursor, move as far as can be, ask where that is, restore.
const ASK_SIZE: &str = "\x1b7\x1b[999;999H\x1b[6n\x1b8";

impl Screen {
    /// An empty screen.
    pub fn new(display: Display) -> Screen {
        Screen {
            display,
            prompt_open: false,
            prompt_is_old: false,
            typing: None,
            secret: false,
        }
    }

    /// True while a prompt waits for input.
    pub fn prompt_is_open(&self) -> bool {
        self.prompt_open
    }

    /// Sets whether what is typed from now on is a secret, which is not shown where we own the echo.
    pub fn set_secret(&mut self, secret: bool) {
        self.secret = secret;
        if let Some(typing) = &mut self.typing {
            typing.editor.set_secret(secret);
        }
    }

    /// What is typed now is a secret.
    pub fn is_secret(&self) -> bool {
        self.secret
    }

    /// The client has ended a line. In line mode its own terminal has echoed that, so the prompt's row is complete. In
    /// character mode the input row is cleared: a line that is `said` comes back in the transcript; for any other, the
    /// `prompt` and the line are printed, unless it was a secret.
    pub fn line_entered(&mut self, prompt: &str, line: &str, said: bool, out: &mut String) {
        if self.typing.is_some() {
            self.make_room(out);
            if !said {
                out.push_str(prompt);
                out.push_str(if self.secret { "" } else { line });
                out.push_str("\r\n");
            }
        }
        self.prompt_open = false;
    }

    /// The prompt of a line that has ended may stand on the row below it.
    pub fn prompt_stands(&mut self) {
        (self.prompt_open, self.prompt_is_old) = (true, true);
    }

    /// Adds `rows`, each of which ends in `\n` and may hold [`draw::HANG`].
    pub fn text(&mut self, rows: &str, out: &mut String) {
        self.make_room(out);
        for row in rows.lines() {
            draw::write_row(row, &self.display, out);
        }
    }

    /// Adds rows that are already drawn for this screen's display.
    pub fn frame(&mut self, frame: &str, out: &mut String) {
        self.make_room(out);
        out.push_str(frame);
    }

    /// Shows the prompt, unless it stands there already.
    pub fn prompt(&mut self, prompt: &str, out: &mut String) {
        if self.prompt_open {
            return self.typed(prompt, out);
        }
        match &mut self.typing {
            Some(typing) => {
                let columns = self.display.width();
                typing.row.paint(out, prompt, &typing.editor, columns);
            }
            // What is typed on this row stands there even without a prompt.
            None if !self.display.prompts => {
                self.prompt_open = !self.display.own_input_row;
                return;
            }
            // What was typed ahead already stands on the row, and moves to the right.
            None if self.display.drawing == Drawing::Ansi => {
                let columns = text::width(prompt);
                out.push_str(&format!(
                    "\x1b7\r\x1b[{columns}@{prompt}\x1b8\x1b[{columns}C"
                ));
            }
            None => out.push_str(prompt),
        }
        (self.prompt_open, self.prompt_is_old) = (true, false);
    }

    /// Shows a question, which is a prompt that must be seen even where prompts are not wanted.
    pub fn question(&mut self, question: &str, out: &mut String) {
        let is_without_prompt = match self.prompt_open {
            true => std::mem::take(&mut self.prompt_is_old),
            false => !self.display.prompts && self.typing.is_none(),
        };
        if is_without_prompt {
            self.text(question.trim_end(), out);
        }
        self.prompt(question, out);
    }

    /// Brings the input row of character mode up to date with its editor.
    pub fn typed(&mut self, prompt: &str, out: &mut String) {
        if let Some(typing) = &mut self.typing
            && self.prompt_open
        {
            let columns = self.display.width();
            typing.row.update(out, prompt, &typing.editor, columns);
        }
    }

    /// Shows the prompt again: what the client showed of it is lost or disturbed.
    pub fn renew_prompt(&mut self, prompt: &str, out: &mut String) {
        // In line mode we do not know what the row holds, so it is left as it is.
        if self.typing.is_some() || self.display.drawing == Drawing::Plain {
            self.make_room(out);
            self.prompt(prompt, out);
        }
    }

    /// Begins character mode. The client's terminal has echoed `unfinished`; it moves into the editor.
    pub fn enter_character_mode(&mut self, unfinished: &[u8], out: &mut String) {
        out.push_str(PASTE_MARKS_ON);
        let mut typing = Box::<Typing>::default();
        typing.editor.set_secret(self.secret);
        let mut rest = unfinished;
        while let Some(key) = typing.keys.next(&mut rest) {
            typing.editor.key(key);
        }
        self.typing = Some(typing);
        self.display.drawing = Drawing::Character;
        self.prompt_open = false;
    }

    /// Ends character mode, and returns what was half typed. That stays on the screen, for the client's terminal to
    /// continue.
    pub fn leave_character_mode(&mut self, drawing: Drawing, out: &mut String) -> String {
        self.display.drawing = drawing;
        match self.typing.take() {
            Some(mut typing) => {
                out.push_str(PASTE_MARKS_OFF);
                typing.editor.take()
            }
            None => String::new(),
        }
    }

    /// Leaves the terminal as it was found.
    pub fn close(&mut self, out: &mut String) {
        if self.typing.is_some() {
            self.make_room(out);
            out.push_str(PASTE_MARKS_OFF);
        }
    }

    /// Clears the screen for the input row to be drawn on its first row, and asks for its size: some clients never report
    /// a new one.
    pub fn clear_and_ask_size(&mut self, out: &mut String) {
        if let Some(typing) = &mut self.typing {
            typing.size_asked = true;
            out.push_str(CLEAR);
            out.push_str(ASK_SIZE);
            typing.row.forget();
        }
    }

    /// Takes a report of where the cursor is as the size, if that was asked for.
    pub fn cursor_reported(&mut self, row: u16, column: u16) {
        if let Some(typing) = &mut self.typing
            && std::mem::take(&mut typing.size_asked)
        {
            self.display.columns = NonZeroU16::new(column);
            self.display.rows = NonZeroU16::new(row);
        }
    }

    /// Moves the cursor to where a row can be added.
    fn make_room(&mut self, out: &mut String) {
        if !self.prompt_open {
            return;
        }
        match (&mut self.typing, self.display.drawing) {
            (Some(typing), _) => typing.row.hide(out),
            // Rows go above the prompt, which stays open.
            (None, Drawing::Ansi) => return,
            (None, _) => out.push_str(self.display.newline.text()),
        }
        self.prompt_open = false;
    }
}

#[cfg(test)]
mod tests {

    use jiff::tz::TimeZone;

    use super::*;
    use crate::terminal::draw::Newline;
    use crate::terminal::line::{Key, Outcome};

    fn screen(drawing: Drawing, newline: Newline) -> Screen {
        Screen::new(Display {
            drawing,
            newline,
            ..Display::plain(TimeZone::UTC)
        })
    }

    /// What an 80×10 terminal shows after `bytes`, without empty rows, and the cursor's row and column.
    fn seen(bytes: &str) -> (Vec<String>, (u16, u16)) {
        let size = |cells| NonZeroU16::new(cells).expect("not zero");
        let mut parser = vt100::Parser::new(size(10), size(80), 100);
        parser.process(bytes.as_bytes());
        let screen = parser.screen();
        let rows = screen.rows(0, 80).map(|row| row.trim_end().to_owned());
        (
            rows.filter(|row| !row.is_empty()).collect(),
            screen.cursor_position(),
        )
    }

    #[test]
    fn plain_a_row_under_an_open_prompt_starts_anew_and_the_prompt_follows() {
        let mut screen = screen(Drawing::Plain, Newline::Lf);
        let mut out = String::new();
        screen.prompt("anon> ", &mut out);
        screen.frame("[12:00:00] bob: hi\n", &mut out);
        screen.prompt("anon> ", &mut out);
        screen.prompt("anon> ", &mut out);
        assert_eq!(out, "anon> \n[12:00:00] bob: hi\nanon> ");
        assert!(screen.prompt_is_open());
    }

    #[test]
    fn plain_after_enter_no_empty_row_is_made() {
        let mut screen = screen(Drawing::Plain, Newline::CrLf);
        let mut out = String::new();
        screen.prompt("anon> ", &mut out);
        screen.line_entered("anon> ", "3", false, &mut out);
        screen.text("one\ntwo\n", &mut out);
        assert_eq!(out, "anon> one\r\ntwo\r\n");
    }

    #[test]
    fn without_prompts_questions_are_rows() {
        let mut screen = screen(Drawing::Plain, Newline::CrLf);
        screen.display.prompts = false;
        let mut out = String::new();
        screen.prompt("anon> ", &mut out);
        screen.line_entered("anon> ", "2", false, &mut out);
        screen.question("Please enter room number: ", &mut out);
        screen.question("Please enter room number: ", &mut out);
        assert_eq!(out, "Please enter room number:\r\n");
    }

    #[test]
    fn without_prompts_a_row_is_not_glued_to_what_may_be_half_typed() {
        let table = [
            (false, "\r\n[12:00:00] bob: hi\r\n"),
            // What is typed on a row of its own is not in the way.
            (true, "[12:00:00] bob: hi\r\n"),
        ];
        for (own_input_row, expected) in table {
            let mut screen = screen(Drawing::Plain, Newline::CrLf);
            (screen.display.prompts, screen.display.own_input_row) = (false, own_input_row);
            let mut out = String::new();
            screen.line_entered("anon> ", "hello", true, &mut out);
            screen.frame("[11:59:59] anon: hello\r\n", &mut out);
            screen.prompt("anon> ", &mut out);
            assert_eq!(out, "[11:59:59] anon: hello\r\n");
            out.clear();
            screen.frame("[12:00:00] bob: hi\r\n", &mut out);
            assert_eq!(out, expected);
        }
    }

    #[test]
    fn ansi_a_prompt_that_stands_is_not_shown_again() {
        let mut screen = screen(Drawing::Ansi, Newline::Lf);
        let mut out = String::new();
        screen.prompt("anon> ", &mut out);
        screen.line_entered(
            "anon> ",
            "typed before the prompt was in sight",
            true,
            &mut out,
        );
        screen.prompt_stands();
        screen.prompt("anon> ", &mut out);
        assert_eq!(seen(&out).0, ["anon>"]);
        // It does not say what is asked, so that stands on a row of its own.
        screen.question("Please enter room number: ", &mut out);
        screen.question("Please enter room number: ", &mut out);
        assert_eq!(seen(&out).0, ["Please enter room number:", "anon>"]);
    }

    #[test]
    fn ansi_rows_go_above_what_is_half_typed() {
        let mut screen = screen(Drawing::Ansi, Newline::Lf);
        let mut out = "old\r\n".to_owned();
        screen.prompt("anon> ", &mut out);
        out.push_str("hello wor");
        screen.text("[12:00:01] bob: one\n[12:00:02] bob: two\n", &mut out);
        screen.prompt("anon> ", &mut out);
        out.push_str("ld");
        let (rows, cursor) = seen(&out);
        let expected = [
            "old",
            "[12:00:01] bob: one",
            "[12:00:02] bob: two",
            "anon> hello world",
        ];
        assert_eq!(rows, expected);
        assert_eq!(cursor, (3, 17));
    }

    #[test]
    fn ansi_the_prompt_moves_what_was_typed_ahead() {
        let mut screen = screen(Drawing::Ansi, Newline::Lf);
        let mut out = "ahead".to_owned();
        screen.prompt("เป็น> ", &mut out);
        let (rows, cursor) = seen(&out);
        assert_eq!(rows, ["เป็น> ahead"]);
        assert_eq!(cursor, (0, 10));
    }

    #[test]
    fn character_the_half_typed_line_stands_below_whatever_comes() {
        let mut screen = screen(Drawing::Plain, Newline::CrLf);
        let mut out = "anon> he".to_owned();
        screen.enter_character_mode("he".as_bytes(), &mut out);
        screen.prompt("anon> ", &mut out);
        let typing = screen.typing.as_mut().expect("character mode");
        let mut keys = &b"llo\x1b[D\x1b[D"[..];
        while let Some(key) = typing.keys.next(&mut keys) {
            typing.editor.key(key);
        }
        screen.typed("anon> ", &mut out);
        for n in 1..=3 {
            screen.frame(&format!("[12:00:0{n}] bob: hi\r\n"), &mut out);
        }
        screen.prompt("anon> ", &mut out);
        let (rows, cursor) = seen(&out);
        assert_eq!(rows.len(), 4);
        assert_eq!(rows[3], "anon> hello");
        assert_eq!(cursor, (3, 9));
    }

    #[test]
    fn character_a_line_that_is_said_gives_way_to_its_transcript() {
        let mut screen = screen(Drawing::Plain, Newline::CrLf);
        let mut out = String::new();
        screen.enter_character_mode(b"hi", &mut out);
        screen.prompt("anon> ", &mut out);
        screen
            .typing
            .as_mut()
            .expect("character mode")
            .editor
            .take();
        screen.line_entered("anon> ", "hi", true, &mut out);
        screen.frame("[12:00:00] anon: hi\r\n", &mut out);
        screen.line_entered("anon> ", "\\who", false, &mut out);
        screen.prompt("anon> ", &mut out);
        let (rows, _) = seen(&out);
        assert_eq!(rows, ["[12:00:00] anon: hi", "anon> \\who", "anon>"]);
    }

    #[test]
    fn character_a_secret_is_never_shown_whenever_it_was_typed() {
        let mut screen = screen(Drawing::Plain, Newline::CrLf);
        let mut out = String::new();
        screen.set_secret(true);
        screen.enter_character_mode(b"hun", &mut out);
        screen.prompt("Password: ", &mut out);
        let typing = screen.typing.as_mut().expect("character mode");
        for key in "ter2".chars().map(Key::Text) {
            typing.editor.key(key);
        }
        screen.typed("Password: ", &mut out);
        screen.frame("[12:00:00] bob: hi\r\n", &mut out);
        screen.prompt("Password: ", &mut out);
        let typing = screen.typing.as_mut().expect("character mode");
        assert_eq!(
            typing.editor.key(Key::Enter),
            Outcome::Line("hunter2".to_owned())
        );
        screen.line_entered("Password: ", "hunter2", false, &mut out);
        screen.set_secret(false);
        screen.prompt("anon> ", &mut out);
        screen.line_entered("anon> ", "\\who", false, &mut out);
        let (rows, _) = seen(&out);
        assert_eq!(
            rows,
            ["[12:00:00] bob: hi", "Password:", "anon> \\who"],
            "{out:?}"
        );
        assert!(!out.contains("hun"), "{out:?}");
    }

    #[test]
    fn what_was_half_typed_goes_with_the_user_out_of_character_mode() {
        let mut screen = screen(Drawing::Plain, Newline::CrLf);
        let mut out = String::new();
        screen.enter_character_mode("ดี".as_bytes(), &mut out);
        screen.prompt("anon> ", &mut out);
        let half = screen.leave_character_mode(Drawing::Plain, &mut out);
        assert_eq!(half, "ดี");
        assert!(out.ends_with(PASTE_MARKS_OFF));
        assert_eq!(seen(&out).0, ["anon> ดี"]);
    }
}
