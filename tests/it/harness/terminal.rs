//! Real client programs: in a pseudo-terminal with a screen, or at the end of a pipe.

use std::{
    env,
    io::Write,
    num::NonZeroU16,
    path::PathBuf,
    process::{Command, Stdio},
    sync::Arc,
    time::Instant,
};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use super::{DEADLINE, Server, server::collect, tape::Tape};

/// The screen that programs get.
const SIZE: PtySize = PtySize {
    rows: 40,
    cols: 80,
    pixel_width: 0,
    pixel_height: 0,
};

/// A program in a pseudo-terminal, and the screen that a person would see.
pub(crate) struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    keyboard: Box<dyn Write + Send>,
    tape: Arc<Tape>,
    /// The terminal lives as long as its master side is open.
    _master: Box<dyn MasterPty + Send>,
}

impl Terminal {
    /// Starts `command`, whose first word must be a full path (see [`program`]), and shows it in
    /// failures of `server`'s test as `name`.
    pub(crate) fn start(server: &Server, name: &str, command: &[String]) -> Self {
        let pair = native_pty_system()
            .openpty(SIZE)
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
            _master: pair.master,
        }
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
        let found = self
            .tape
            .wait(|state| screen(&state.received).contains(text).then_some(()));
        assert!(
            found.is_some(),
            "the screen never showed {text:?} within {DEADLINE:?}; it shows:\n{}",
            self.screen()
        );
    }

    /// Waits until the last row in use is `text` (spaces at the end apart): a prompt waits for input.
    pub(crate) fn expect_prompt(&mut self, text: &str) {
        let want = text.trim_end();
        let found = self
            .tape
            .wait(|state| (screen(&state.received).lines().last() == Some(want)).then_some(()));
        assert!(
            found.is_some(),
            "the last row never was {want:?} within {DEADLINE:?}; the screen:\n{}",
            self.screen()
        );
    }

    /// What the person sees: the rows in use, without spaces at their ends.
    pub(crate) fn screen(&self) -> String {
        screen(&self.tape.lock().received)
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

/// The rows in use after a terminal has drawn `bytes`.
fn screen(bytes: &[u8]) -> String {
    let mut parser = vt100::Parser::new(cells(SIZE.rows), cells(SIZE.cols), 0);
    parser.process(bytes);
    let rows: Vec<String> = parser
        .screen()
        .rows(0, SIZE.cols)
        .map(|row| row.trim_end().to_owned())
        .collect();
    rows.join("\n").trim_end().to_owned()
}

/// A size of a terminal, which is never zero.
fn cells(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).expect("a terminal has cells")
}
