//! Documents whose commands are run as they stand, so that what readers are told is true.
//!
//! The blocks marked `console` are one session of bash in a directory. A line `$ COMMAND` is typed; the lines below it
//! are all that is printed then, and `[exit N]` says that the command ends with that code and not with 0. In these lines
//! `...` stands for anything (on a line of its own: for any lines), `[HH:MM:SS]` for a time of day, and `DIRECTORY` for
//! where the session is. What is printed by a command that ends with `&` is waited for, and not its end.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use super::tape::Tape;
use super::times_blanked;

/// Runs the commands of `document` in `directory`, where those in `programs` are found first, and returns how many there
/// were.
pub(crate) fn run_document(document: &str, directory: &Path, programs: &Path) -> usize {
    let steps = steps(document);
    let mut session = Session::start(directory, programs);
    for step in &steps {
        session.run(step);
    }
    steps.len()
}

/// A command, and what is to come of it.
struct Step {
    /// Its line in the document, from 1.
    line: usize,
    command: String,
    output: Vec<String>,
    code: i32,
}

fn steps(document: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut is_inside = false;
    for (line, text) in (1..).zip(document.lines()) {
        if text.starts_with("```") {
            is_inside = text == "```console";
        } else if let Some(command) = text.strip_prefix("$ ").filter(|_| is_inside) {
            steps.push(Step {
                line,
                command: command.to_owned(),
                output: Vec::new(),
                code: 0,
            });
        } else if is_inside {
            let step = steps.last_mut().expect("a block begins with a command");
            let code = text
                .strip_prefix("[exit ")
                .and_then(|rest| rest.strip_suffix(']'));
            match code {
                Some(code) => step.code = code.parse().expect("an exit code"),
                None => step.output.push(text.to_owned()),
            }
        }
    }
    steps
}

/// Whether these are the lines of `pattern`.
fn fits(pattern: &[String], lines: &[&str]) -> bool {
    match pattern.split_first() {
        None => lines.is_empty(),
        Some((first, rest)) if first == "..." => {
            (0..=lines.len()).any(|skipped| fits(rest, &lines[skipped..]))
        }
        Some((first, rest)) => lines.split_first().is_some_and(|(line, lines)| {
            let times_blanked = times_blanked(line);
            line_fits(first, &times_blanked) && fits(rest, lines)
        }),
    }
}

fn line_fits(pattern: &str, line: &str) -> bool {
    match pattern.split_once("...") {
        None => pattern == line,
        Some((start, end)) => {
            let whole = line.len() >= start.len() + end.len();
            whole && line.starts_with(start) && line.ends_with(end)
        }
    }
}

/// A shell that does what it is told.
struct Session {
    shell: Child,
    directory: String,
    tape: Arc<Tape>,
    seen: usize,
}

impl Session {
    fn start(directory: &Path, programs: &Path) -> Session {
        let path = std::env::var("PATH").unwrap_or_default();
        let mut shell = Command::new("bash")
            .args(["-c", "exec bash 2>&1"])
            .current_dir(directory)
            .env("PATH", format!("{}:{path}", programs.display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("bash runs");
        let tape = Tape::new("the session", Instant::now());
        let mut output = shell.stdout.take().expect("piped");
        let copy = Arc::clone(&tape);
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                copy.receive(&bytes[..count]);
            }
            copy.end("end of output");
        });
        Session {
            shell,
            directory: directory.display().to_string(),
            tape,
            seen: 0,
        }
    }

    fn run(&mut self, step: &Step) {
        let waits = !step.command.ends_with('&');
        let mark = format!("[line {}: exit ", step.line);
        let typed = match waits {
            true => format!("{}\necho \"{mark}$?]\"\n", step.command),
            false => format!("{}\n", step.command),
        };
        self.tape.note("->", typed.as_bytes());
        let stdin = self.shell.stdin.as_mut().expect("piped");
        stdin.write_all(typed.as_bytes()).expect("bash reads");
        let seen = self.seen;
        let done = self.tape.wait(|state| {
            let text = String::from_utf8_lossy(&state.received[seen..]).into_owned();
            let end = match waits {
                true => text.rfind(&mark).filter(|_| text.ends_with("]\n")),
                false => {
                    let lines: Vec<&str> = text.lines().collect();
                    let is_whole = text.is_empty() || text.ends_with('\n');
                    (is_whole && fits(&step.output, &lines)).then_some(text.len())
                }
            };
            end.map(|end| {
                (
                    text[..end].to_owned(),
                    text[end..].to_owned(),
                    state.received.len(),
                )
            })
        });
        let Some((output, end, seen)) = done else {
            panic!(
                "line {}: {} does not print what it should",
                step.line, step.command
            );
        };
        self.seen = seen;
        let output = output.replace(&self.directory, "DIRECTORY");
        let lines: Vec<&str> = output.lines().collect();
        assert!(
            fits(&step.output, &lines),
            "line {}: {}\nexpected: {:#?}\nprinted: {lines:#?}",
            step.line,
            step.command,
            step.output,
        );
        if waits {
            let expected = format!("{mark}{}]\n", step.code);
            assert_eq!(
                end, expected,
                "line {}: {}: {lines:#?}",
                step.line, step.command
            );
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("{}", self.tape.transcript());
        }
        // Servers that are still there end with their shell.
        if let Some(stdin) = &mut self.shell.stdin {
            let _ = stdin.write_all(b"kill $(jobs -p) 2>/dev/null\nexit\n");
        }
        let _ = self.shell.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_command_prints_is_compared_with_its_pattern() {
        for (pattern, output, expected) in [
            (&["one"][..], "one\n", true),
            (&["one"], "two\n", false),
            (&["one"], "one\ntwo\n", false),
            (&[], "", true),
            (&[], "one\n", false),
            (&["...", "two"], "one\none\ntwo\n", true),
            (&["...", "two"], "two\n", true),
            (&["...", "two"], "one\n", false),
            (&["one", "..."], "one\ntwo\n", true),
            (&["a ... d"], "a b c d\n", true),
            (&["a ... d"], "a b c\n", false),
            (&["[HH:MM:SS] x"], "[12:34:56] x\n", true),
            (&["[HH:MM:SS] x"], "[12:34] x\n", false),
            (&["... 1150"], "2026 1150\n", true),
        ] {
            let pattern: Vec<String> = pattern.iter().map(|&line| line.to_owned()).collect();
            let lines: Vec<&str> = output.lines().collect();
            assert_eq!(fits(&pattern, &lines), expected, "{pattern:?}: {output:?}");
        }
    }
}
