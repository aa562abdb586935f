//! Where an attack is played: the server, what is in it beforehand, and who comes from where.

use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::person::Person;
use crate::server::{Process, Server};

/// The server that is attacked.
#[derive(Clone, Debug)]
pub enum Target {
    /// One that runs. Its memory is told if its process is known.
    Running(SocketAddr, Option<Process>),
    /// This program, started anew for each attack, with its default limits.
    Program(PathBuf),
}

/// How large everything is.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// How long an attack goes on.
    pub seconds: Duration,
    /// How long one does that wants to see whether its connections are let go.
    pub patience: Duration,
    /// Attacking connections, where an attack does not want so many as it says itself.
    pub connections: Option<usize>,
    /// Rooms that there are before, where rooms matter.
    pub rooms: usize,
    /// Lines that there are before, where lines matter.
    pub lines: usize,
}

impl Scale {
    /// What the attacks were found with.
    pub const FULL: Scale = Scale {
        seconds: Duration::from_secs(10),
        patience: Duration::from_secs(90),
        connections: None,
        rooms: 9_000,
        lines: 200_000,
    };

    /// A look, for tests: whether anything stalls at all.
    pub const SHORT: Scale = Scale {
        seconds: Duration::from_secs(1),
        patience: Duration::from_secs(1),
        connections: Some(4),
        rooms: 100,
        lines: 1_000,
    };
}

/// What there is in a server before it is attacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Before {
    /// Nothing, and nothing is kept.
    Nothing,
    /// Nothing, and what is said is kept.
    File,
    /// [`Scale::rooms`] rooms, with a line each.
    Rooms,
    /// [`Scale::lines`] short lines in the room [`ARCHIVE`].
    Lines,
    /// A thousand of the longest lines in the room [`ARCHIVE`].
    LongLines,
}

/// The room with the lines that were there before.
pub(crate) const ARCHIVE: &str = "archive";

/// Of all that stands in the archive's lines each three letters of this word are in every one, and the word
/// is in none: an index of three letters finds them all.
pub(crate) const COSTLY_WORD: &str = "betaalpha";

/// A server, ready for one attack.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) address: SocketAddr,
    pub(crate) process: Option<Process>,
    pub(crate) scale: Scale,
    /// False if somebody else has started the server.
    pub(crate) is_ours: bool,
    // In this order: the server has gone when its file goes.
    _server: Option<Server>,
    _folder: Option<tempfile::TempDir>,
}

impl Stage {
    /// A server with `before` in it, started with `args` if it is started here.
    pub(crate) fn set(
        target: &Target,
        scale: Scale,
        before: Before,
        args: &[&str],
    ) -> Result<Stage, String> {
        let program = match target {
            Target::Running(address, process) => {
                return Stage::of_running(*address, *process, scale, before);
            }
            Target::Program(program) => program,
        };
        let mut command = vec![program.to_string_lossy().into_owned()];
        command.extend(["--listen", "127.0.0.1:0", "--log", "error"].map(str::to_owned));
        command.extend(args.iter().map(|arg| (*arg).to_owned()));
        let folder = match before {
            Before::Nothing => None,
            _ => Some(tempfile::tempdir().map_err(text)?),
        };
        if let Some(folder) = &folder {
            let data = folder.path().join("chat.db");
            if let Some(lines) = exported(before, scale) {
                import(program, &data, &folder.path().join("lines.jsonl"), &lines)?;
            }
            command.extend(["--data".to_owned(), data.to_string_lossy().into_owned()]);
        }
        let server = Server::start(&command)?;
        if before == Before::Lines {
            // They are entered into the index in the background.
            settle(server.process());
        }
        Ok(Stage {
            address: server.address,
            process: Some(server.process()),
            scale,
            is_ours: true,
            _server: Some(server),
            _folder: folder,
        })
    }

    fn of_running(
        address: SocketAddr,
        process: Option<Process>,
        scale: Scale,
        before: Before,
    ) -> Result<Stage, String> {
        let stage = Stage {
            address,
            process,
            scale,
            is_ours: false,
            _server: None,
            _folder: None,
        };
        if before == Before::LongLines {
            stage.say_long_lines()?;
        }
        Ok(stage)
    }

    /// Where attackers come from; others of `number` from another address each.
    pub(crate) fn attackers(&self) -> Option<Ipv4Addr> {
        self.source([127, 0, 0, 1])
    }

    /// Where bystanders come from.
    pub(crate) fn bystanders(&self) -> Option<Ipv4Addr> {
        self.source([127, 0, 0, 2])
    }

    /// The address of somebody, one for each `number`.
    pub(crate) fn somebody(&self, number: usize) -> Option<Ipv4Addr> {
        self.source([127, 0, 1 + (number / 250) as u8, 1 + (number % 250) as u8])
    }

    /// On this machine everybody can have an address of their own; a server elsewhere sees one.
    fn source(&self, address: [u8; 4]) -> Option<Ipv4Addr> {
        let is_here = self.address.is_ipv4() && self.address.ip().is_loopback();
        is_here.then_some(Ipv4Addr::from(address))
    }

    /// As many attackers as are asked for, or `usual`.
    pub(crate) fn connections(&self, usual: usize) -> usize {
        self.scale.connections.unwrap_or(usual)
    }

    /// Ten people say a hundred lines each, which nobody slows down.
    fn say_long_lines(&self) -> Result<(), String> {
        let mut people = Vec::new();
        for number in 0..10 {
            let source = self.somebody(number);
            let mut person = Person::connect(self.address, source)?;
            person.expect("> ")?;
            person.line(&format!("1\n{ARCHIVE}"))?;
            person.expect(&format!("Create room {ARCHIVE} "))?;
            person.join(ARCHIVE)?;
            people.push(person);
        }
        for person in &mut people {
            for number in 0..98 {
                person.line(&long_line(number))?;
                person.expect(&format!(": {number:06} "))?;
            }
        }
        Ok(())
    }
}

/// What is in the file beforehand, as `parlor import` reads it; none if nothing is.
fn exported(before: Before, scale: Scale) -> Option<String> {
    let mut out = String::new();
    match before {
        Before::Nothing | Before::File => return None,
        Before::Rooms => {
            for number in 0..scale.rooms {
                let room = format!("room{number:05}");
                write_room(&mut out, &room, 1);
                write_message(&mut out, &room, 1, "hello");
            }
        }
        Before::Lines => {
            write_room(&mut out, ARCHIVE, scale.lines);
            for number in 1..=scale.lines {
                let text = format!("alphabeta betagamma gammadelta deltaalpha {number}");
                write_message(&mut out, ARCHIVE, number, &text);
            }
        }
        Before::LongLines => {
            let lines = scale.lines.min(1000);
            write_room(&mut out, ARCHIVE, lines);
            for number in 1..=lines {
                write_message(&mut out, ARCHIVE, number, &long_line(number));
            }
        }
    }
    Some(out)
}

fn write_room(out: &mut String, name: &str, last_id: usize) {
    let _ = writeln!(
        out,
        r#"{{"type":"room","name":"{name}","topic":"","created":"2026-01-01T00:00:00Z","last_id":{last_id}}}"#
    );
}

fn write_message(out: &mut String, room: &str, id: usize, text: &str) {
    let _ = writeln!(
        out,
        r#"{{"type":"message","room":"{room}","id":{id},"time":"2026-01-02T00:00:00Z","name":"ann","kind":"message","text":"{text}"}}"#
    );
}

/// A line nearly as long as they may be.
fn long_line(number: usize) -> String {
    let mut line = format!("{number:06} ");
    while line.len() < 4_000 {
        line.push_str("word after word ");
    }
    line
}

fn import(program: &Path, data: &Path, from: &Path, lines: &str) -> Result<(), String> {
    fs::write(from, lines).map_err(text)?;
    let status = Command::new(program)
        .args([Path::new("import"), Path::new("--data"), data, from])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map_err(|error| format!("cannot start {}: {error}", program.display()))?;
    if !status.success() {
        return Err("the lines that are there beforehand could not be imported".to_owned());
    }
    Ok(())
}

/// Waits until a server has nothing to do, a minute at the most.
fn settle(process: Process) {
    let give_up = Instant::now() + Duration::from_secs(60);
    let mut idle = 0;
    while idle < 3 && Instant::now() < give_up {
        let before = process.cpu_seconds();
        thread::sleep(Duration::from_millis(300));
        idle = if process.cpu_seconds() - before < 0.02 {
            idle + 1
        } else {
            0
        };
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
