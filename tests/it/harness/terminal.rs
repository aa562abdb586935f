//! Real client programs: in a pseudo-terminal with a screen, or at the end of a pipe.

use std::env;
use std::io::Write;
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use super::server::collect;
use super::tape::Tape;
use super::{DEADLINE, Server};

/// A size that most tests are content with.
const SIZE: Size = Size {
    rows: 40,
    columns: 80,
};

/// Rows kept above the screen.
const HISTORY_ROWS: usize = 2_000;

/// The size of a screen in cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) rows: u16,
    pub(crate) columns: u16,
}

/// A program in a pseudo-terminal, and the screen that a person would see.
pub(crate) struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    keyboard: Box<dyn Write + Send>,
    tape: Arc<Tape>,
    /// The sizes that the screen has had, each from so many bytes on.
    sizes: Vec<(usize, Size)>,
    /// The terminal lives as long as its master side is open.
    master: Box<dyn MasterPty + Send>,
}

/// What a person sees, and what has scrolled out of sight.
#[derive(Debug)]
pub(crate) struct View {
    /// All rows from the first ever shown to the last in use, without spaces at their ends.
    pub(crate) rows: Vec<String>,
    /// Where the cursor is in `rows`, which may be below the last in use.
    pub(crate) cursor: (usize, usize),
    /// Rows on the screen below the cursor.
    pub(crate) rows_below: usize,
    /// The terminal has been asked to mark what is pasted.
    pub(crate) marks_pastes: bool,
    /// The terminal has been asked for the cursor's position, and so for its size.
    pub(crate) asked_size: bool,
    /// The terminal's bell has been rung so often.
    pub(crate) bells: usize,
}

impl Terminal {
    /// Starts `command`, whose first word must be a full path (see [`program`]), and shows it in
    /// failures of `server`'s test as `name`.
    pub(crate) fn start(server: &Server, name: &str, command: &[String]) -> Self {
        Self::start_sized(server, name, command, SIZE)
    }

    /// As [`Terminal::start`], with another size.
    pub(crate) fn start_sized(server: &Server, name: &str, command: &[String], size: Size) -> Self {
        let pair = native_pty_system()
            .openpty(size.into())
            .expect("a pseudo-terminal opens");
        let mut builder = CommandBuilder::new(&command[0]);
        builder.args(&command[1..]);
        builder.env("TERM", "xterm-256color");
        builder.env("LC_ALL", "C.UTF-8");
        let child = pair
            .slave
            .spawn_command(builder)
            .expect("the client starts");
        // Only the child may hold the slave side, or the end of the child would not be seen.
        drop(pair.slave);
        let tape = server.tape(name);
        collect(
            pair.master.try_clone_reader().expect("a reader"),
            Arc::clone(&tape),
        );
        let keyboard = pair.master.take_writer().expect("a writer");
        Self {
            child,
            keyboard,
            tape,
            sizes: vec![(0, size)],
            master: pair.master,
        }
    }

    /// Gives the terminal another size, as a person who drags the edge of its window.
    pub(crate) fn resize(&mut self, size: Size) {
        let what = format!("(resized to {} x {})", size.columns, size.rows);
        self.tape.note("->", what.as_bytes());
        self.sizes.push((self.tape.lock().received.len(), size));
        self.master.resize(size.into()).expect("a size");
    }

    /// The process that was started.
    pub(crate) fn pid(&self) -> u32 {
        self.child.process_id().expect("it runs")
    }

    /// Presses keys as they are.
    pub(crate) fn keys(&mut self, keys: &str) {
        self.tape.note("->", keys.as_bytes());
        self.keyboard
            .write_all(keys.as_bytes())
            .expect("the terminal takes keys");
    }

    /// Types a line and presses Enter.
    pub(crate) fn line(&mut self, text: &str) {
        self.keys(&format!("{text}\r"));
    }

    /// Waits until the screen shows all of `text`, which may be several rows.
    pub(crate) fn expect(&mut self, text: &str) {
        let found = self.tape.wait(|state| {
            screen(&state.received, &self.sizes)
                .contains(text)
                .then_some(())
        });
        assert!(
            found.is_some(),
            "the screen never showed {text:?} within {DEADLINE:?}; it shows:\n{}",
            self.screen()
        );
    }

    /// Waits until the last row in use is `text` (spaces at the end apart): a prompt waits for input.
    pub(crate) fn expect_prompt(&mut self, text: &str) {
        let want = text.trim_end();
        let found = self.tape.wait(|state| {
            (screen(&state.received, &self.sizes).lines().last() == Some(want)).then_some(())
        });
        assert!(
            found.is_some(),
            "the last row never was {want:?} within {DEADLINE:?}; the screen:\n{}",
            self.screen()
        );
    }

    /// What the person sees: the rows in use, without spaces at their ends.
    pub(crate) fn screen(&self) -> String {
        screen(&self.tape.lock().received, &self.sizes)
    }

    /// What the person sees and has seen.
    pub(crate) fn view(&self) -> View {
        view(&self.tape.lock().received, &self.sizes)
    }

    /// Waits until `is_so`; gives what was seen then, or `Err` with what is seen when time is up.
    pub(crate) fn wait_until(&mut self, is_so: impl Fn(&View) -> bool) -> Result<View, View> {
        self.tape
            .wait(|state| Some(view(&state.received, &self.sizes)).filter(&is_so))
            .ok_or_else(|| self.view())
    }

    /// All bytes that the program has written to the terminal.
    pub(crate) fn received(&self) -> Vec<u8> {
        self.tape.lock().received.clone()
    }

    /// Waits until the program has ended by itself, with no key pressed.
    pub(crate) fn expect_exit(&mut self) {
        let ended = self.tape.wait(|state| state.ended.then_some(()));
        assert!(
            ended.is_some(),
            "the client still runs; its screen:\n{}",
            self.screen()
        );
        let _ = self.child.wait();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs `command` with `input` at the end of a pipe until it ends by itself. Returns what it printed.
pub(crate) fn piped(command: &[String], input: &[u8]) -> String {
    let mut child = Command::new(&command[0])
        .args(&command[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("the client starts");
    let tape = Tape::new(command.join(" "), Instant::now());
    collect(child.stdout.take().expect("piped"), Arc::clone(&tape));
    // Dropping the pipe is the end of input.
    let _ = child.stdin.take().expect("piped").write_all(input);
    let ended = tape.wait(|state| state.ended.then_some(())).is_some();
    if !ended {
        let _ = child.kill();
    }
    let _ = child.wait();
    assert!(
        ended,
        "{command:?} did not end by itself\n{}",
        tape.transcript()
    );
    let received = tape.lock().received.clone();
    String::from_utf8_lossy(&received).into_owned()
}

/// The full path of a client program; fails with the package to install where it is missing.
pub(crate) fn program(name: &str, package: &str) -> String {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin", "/usr/games"].map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .unwrap_or_else(|| {
            panic!("`{name}` is missing, and this test needs it: apt-get install {package}")
        })
        .display()
        .to_string()
}

impl From<Size> for PtySize {
    fn from(size: Size) -> Self {
        Self {
            rows: size.rows,
            cols: size.columns,
            ..Self::default()
        }
    }
}

/// A terminal that has drawn `bytes`.
fn drawn(bytes: &[u8], sizes: &[(usize, Size)]) -> vt100::Parser<Asked> {
    let (_, first) = sizes[0];
    let (rows, columns) = (cells(first.rows), cells(first.columns));
    let mut parser =
        vt100::Parser::new_with_callbacks(rows, columns, HISTORY_ROWS, Asked::default());
    let mut done = 0;
    for (from, size) in sizes {
        parser.process(&bytes[done..*from]);
        parser.set_size(cells(size.rows), cells(size.columns));
        done = *from;
    }
    parser.process(&bytes[done..]);
    parser
}

/// The rows in use after a terminal has drawn `bytes`.
fn screen(bytes: &[u8], sizes: &[(usize, Size)]) -> String {
    let parser = drawn(bytes, sizes);
    rows(parser.screen()).join("\n").trim_end().to_owned()
}

fn view(bytes: &[u8], sizes: &[(usize, Size)]) -> View {
    let mut parser = drawn(bytes, sizes);
    let Asked { bells, asked_size } = *parser.callbacks();
    let screen = parser.screen_mut();
    let (row, column) = screen.cursor_position();
    let (height, _) = screen.size();
    let marks_pastes = screen.bracketed_paste();
    let mut all = Vec::new();
    // Only as much of the past can be looked at as fits on a screen, so row by row.
    let past = screen.scrollback_len();
    for back in (1..=past).rev() {
        screen.set_scrollback(back);
        all.extend(rows(screen).into_iter().next());
    }
    screen.set_scrollback(0);
    all.extend(rows(screen));
    while all.last().is_some_and(String::is_empty) {
        all.pop();
    }
    View {
        rows: all,
        cursor: (past + usize::from(row), usize::from(column)),
        rows_below: usize::from(height.get() - 1 - row),
        marks_pastes,
        asked_size,
        bells,
    }
}

fn rows(screen: &vt100::Screen) -> Vec<String> {
    let (_, columns) = screen.size();
    screen
        .rows(0, columns.get())
        .map(|row| row.trim_end().to_owned())
        .collect()
}

/// What a terminal was asked for, apart from showing something.
#[derive(Debug, Clone, Copy, Default)]
struct Asked {
    bells: usize,
    asked_size: bool,
}

impl vt100::Callbacks for Asked {
    fn audible_bell(&mut self, _: &mut vt100::Screen) {
        self.bells += 1;
    }

    fn unhandled_csi(
        &mut self,
        _: &mut vt100::Screen,
        _: Option<u8>,
        _: Option<u8>,
        params: &[&[u16]],
        last: char,
    ) {
        // Device status report, "where is the cursor".
        self.asked_size |= last == 'n' && params == [[6]];
    }
}

/// A count of cells, which is never zero.
fn cells(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).expect("a terminal has cells")
}
