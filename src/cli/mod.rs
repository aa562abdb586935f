//! The command line: its arguments, and what the program does instead of serving.

pub mod admin;
pub mod args;
pub mod attach;
mod config;
pub mod health;
pub mod tools;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use argh::{EarlyExit, FromArgs};

use args::Args;

use crate::config::ConfigError;
use crate::server::log;
use crate::text;

/// Why the program does not do what it was started for, or did not get to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The arguments make no sense.
    Usage(String),
    /// The file of the configuration or the environment makes no sense: lines that say where.
    Config(String),
    /// Something else, in a sentence for the operator.
    Failed(String),
    /// Something else, and the operator has read why.
    Told,
}

impl From<String> for Failure {
    fn from(why: String) -> Failure {
        Failure::Failed(why)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Failure {
        match error.is_usage {
            true => Failure::Usage(error.why),
            false => Failure::Config(error.why),
        }
    }
}

/// The exit code for a configuration that makes no sense: `EX_CONFIG` of sysexits(3).
const EXIT_CONFIG: u8 = 78;

impl Failure {
    /// Tells the operator, and returns the exit code: 2 for arguments that make no sense, as with the shell's own
    /// commands, [`EXIT_CONFIG`], and 1 otherwise.
    fn tell(&self) -> ExitCode {
        let (why, code) = match self {
            Failure::Usage(why) => (format!("parlor: {why}"), 2),
            // Lines begin with the place, as those of compilers do.
            Failure::Config(why) => (why.clone(), EXIT_CONFIG),
            Failure::Failed(why) => (format!("parlor: {why}"), 1),
            Failure::Told => return ExitCode::FAILURE,
        };
        let prefix = log::error_prefix();
        why.lines()
            .for_each(|line| tell(&format!("{prefix}{line}")));
        ExitCode::from(code)
    }
}

/// What is to be done.
#[derive(Debug)]
enum Wanted {
    /// The server, or a tool.
    Run(Box<Args>),
    /// How the program is used, or its version.
    Text(String),
}

/// Writes to standard error, without what could steer a terminal: it may have come from anywhere. If nobody takes it,
/// that is no reason to stop.
pub fn tell(text: &str) {
    for line in text.lines() {
        let _ = writeln!(io::stderr(), "{}", text::clean(line.as_bytes()));
    }
}

/// Lets `start` do what the arguments of the program say, of which the first is its own name, or says how it is used.
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    start: impl FnOnce(Args) -> Result<(), Failure>,
) -> ExitCode {
    let done = match parse(arguments) {
        Ok(Wanted::Run(args)) => start(*args),
        // That nobody wants to read it is no error.
        Ok(Wanted::Text(text)) => {
            let _ = writeln!(io::stdout(), "{text}");
            Ok(())
        }
        Err(failure) => Err(failure),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.tell(),
    }
}

fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Wanted, Failure> {
    let text = |argument: OsString| {
        argument.into_string().map_err(|argument| {
            let shown = argument.display();
            Failure::Usage(format!("{shown} is not valid UTF-8"))
        })
    };
    // Whatever the program was started as, it is called parlor.
    let arguments = arguments.into_iter().skip(1).map(text);
    let mut arguments = arguments.collect::<Result<Vec<String>, Failure>>()?;
    spell_out(&mut arguments);
    end_options(&mut arguments);
    if arguments.first().is_some_and(|first| first == "--version") {
        let version = env!("CARGO_PKG_VERSION");
        return Ok(Wanted::Text(format!("parlor {version}")));
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match Args::from_args(&["parlor"], &arguments) {
        Ok(args) => Ok(Wanted::Run(Box::new(args))),
        Err(EarlyExit { output, status }) => {
            let text = output.trim_end().to_owned();
            match status {
                Ok(()) => Ok(Wanted::Text(text)),
                Err(()) => Err(Failure::Usage(format!("{text}\n{HINT}"))),
            }
        }
    }
}

/// What follows a complaint about arguments.
const HINT: &str = "Type parlor --help for how it is used.";

/// Puts the long form for the short options that people type everywhere, for the program or right behind a tool.
fn spell_out(arguments: &mut [String]) {
    let place = match arguments.first() {
        Some(first) if !first.starts_with('-') => 1,
        _ => 0,
    };
    if let Some(argument) = arguments.get_mut(place) {
        match argument.as_str() {
            "-h" => "--help".clone_into(argument),
            "-V" => "--version".clone_into(argument),
            _ => {}
        }
    }
}

/// Ends the options of `parlor admin` where its command begins: `help` is one, and what follows is not for us.
fn end_options(arguments: &mut Vec<String>) {
    if arguments.first().is_none_or(|first| first != "admin") {
        return;
    }
    let mut at = 1;
    while let Some(argument) = arguments.get(at) {
        match argument.as_str() {
            "--json" => at += 1,
            "--socket" | "--data" => at += 2,
            other if other.starts_with('-') => return,
            _ => return arguments.insert(at, "--".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Wanted, Failure> {
        let all = ["anything"].iter().chain(arguments);
        parse(all.map(OsString::from))
    }

    #[test]
    fn help_and_version_have_long_and_short_forms() {
        let version = concat!("parlor ", env!("CARGO_PKG_VERSION"));
        let table: &[(&[&str], &str)] = &[
            (&["--version"], version),
            (&["-V"], version),
            (&["--help"], "Usage: parlor ["),
            (&["-h"], "Usage: parlor ["),
            (&["help"], "Usage: parlor ["),
            (&["export", "-h"], "Usage: parlor export"),
        ];
        for (arguments, expected) in table {
            match parsed(arguments) {
                Ok(Wanted::Text(text)) => assert!(text.starts_with(expected), "{text}"),
                other => panic!("{arguments:?}: {other:?}"),
            }
        }
    }

    fn owned(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn the_command_for_a_server_is_passed_on_as_it_is() {
        let table: &[(&[&str], &[&str], bool)] = &[
            (&["admin"], &[], false),
            (&["admin", "help"], &["help"], false),
            (&["admin", "--json", "list"], &["list"], true),
            (
                &[
                    "admin", "--data", "chat.db", "kick", "Dai", "--json", "help",
                ],
                &["kick", "Dai", "--json", "help"],
                false,
            ),
            (&["admin", "--", "--json"], &["--json"], false),
        ];
        for (arguments, command, json) in table {
            match parsed(arguments) {
                Ok(Wanted::Run(args)) => match args.command {
                    Some(tools::Command::Admin(ask)) => {
                        assert_eq!((ask.command, ask.json), (owned(command), *json));
                    }
                    other => panic!("{other:?}"),
                },
                other => panic!("{other:?}"),
            }
        }
        for help in ["--help", "-h"] {
            match parsed(&["admin", help]) {
                Ok(Wanted::Text(text)) => {
                    assert!(text.starts_with("Usage: parlor admin"), "{text}")
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn a_value_is_what_it_is() {
        match parsed(&["--name", "-h"]) {
            Ok(Wanted::Run(args)) => assert_eq!(args.name.as_deref(), Some("-h")),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_makes_no_sense_is_told_with_where_to_look() {
        let table: &[&[&str]] = &[
            &["--nonsense"],
            &["--history", "many"],
            &["nonsense"],
            &["export"],
        ];
        for arguments in table {
            match parsed(arguments) {
                Err(Failure::Usage(text)) => assert!(text.ends_with(HINT), "{text}"),
                other => panic!("{arguments:?}: {other:?}"),
            }
        }
    }
}
