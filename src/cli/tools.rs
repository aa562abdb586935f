//! What the program does instead of serving: the operator's tools for the file of `--data`.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, ErrorKind};
use std::path::PathBuf;
use std::str::FromStr;

use argh::FromArgs;
use jiff::civil;
use jiff::tz::TimeZone;

use super::admin::AskServer;
use super::args::PrintConfig;
use super::attach::Attach;
use super::health::Health;
use super::{Failure, tell};
use crate::chat::name::{Name, RoomName};
use crate::config::parse_zone;
use crate::limits::ROOMS_MAX;
use crate::runtime::Clock;
use crate::store::tools::{self, Format, Selection, ToolError};
use crate::time::Timestamp;

/// A tool.
#[derive(Debug, FromArgs)]
#[argh(subcommand)]
pub enum Command {
    /// Bring a terminal to a server.
    Attach(Attach),
    /// Export messages.
    Export(Export),
    /// Import exported messages.
    Import(Import),
    /// Check the file for faults.
    Check(Check),
    /// Copy the file.
    Backup(Backup),
    /// Put a copy back in place.
    Restore(Restore),
    /// List the rooms.
    Rooms(Rooms),
    /// Open a closed room again.
    Reopen(Reopen),
    /// List the accounts.
    Accounts(Accounts),
    /// Delete an account.
    DeleteAccount(DeleteAccount),
    /// Say that the machine's clock is right.
    TrustClock(TrustClock),
    /// Ask whether the server is well.
    Health(Health),
    /// Print the configuration.
    Config(Box<PrintConfig>),
    /// Ask a running server.
    Admin(AskServer),
}

/// Write messages to standard output. Works while a server runs.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "export")]
pub struct Export {
    /// the server's file
    #[argh(option, arg_name = "file")]
    pub data: PathBuf,

    /// one room only
    #[argh(option, arg_name = "name")]
    pub room: Option<String>,

    /// only messages from this time on: a date, or a date and time, such as 2026-01-31 or
    /// 2026-01-31T17:00
    #[argh(option, arg_name = "time")]
    pub since: Option<String>,

    /// only messages before this time
    #[argh(option, arg_name = "time")]
    pub until: Option<String>,

    /// text, or jsonl, which can be imported (default: text)
    #[argh(option, arg_name = "format", default = "ExportFormat::Text")]
    pub format: ExportFormat,

    /// the time zone of --since, --until and of text, such as Asia/Bangkok (default: this machine's)
    #[argh(option, arg_name = "zone")]
    pub timezone: Option<String>,
}

/// How an export is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// For people.
    Text,
    /// For programs.
    JsonLines,
}

impl FromStr for ExportFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "text" => Ok(ExportFormat::Text),
            "jsonl" => Ok(ExportFormat::JsonLines),
            _ => Err("give text or jsonl".to_owned()),
        }
    }
}

/// Read messages exported as jsonl from a file or from standard input. Works while a server runs.
/// Messages imported before are not stored twice.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "import")]
pub struct Import {
    /// the server's file, which is created if needed
    #[argh(option, arg_name = "file")]
    pub data: PathBuf,

    /// rooms there can be, as for the server (default: 10000)
    #[argh(option, default = "ROOMS_MAX", arg_name = "count")]
    pub max_rooms: usize,

    /// what to read (default: standard input)
    #[argh(positional)]
    pub from: Option<PathBuf>,
}

/// Check the server's file for faults. Works while a server runs; reads the whole file.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "check")]
pub struct Check {
    /// the server's file
    #[argh(option, arg_name = "file")]
    pub data: PathBuf,
}

/// Copy the server's file as it is at one moment. Works while a server runs.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "backup")]
pub struct Backup {
    /// the server's file
    #[argh(option, arg_name = "file")]
    pub data: PathBuf,

    /// the copy, which must not exist yet
    #[argh(positional)]
    pub to: PathBuf,
}

/// Put a backup in the place of the server's file. The server must be stopped. What was there is kept.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "restore")]
pub struct Restore {
    /// the server's file
    #[argh(option, arg_name = "file")]
    pub data: PathBuf,

    /// the copy, which stays as it is
    #[argh(positional)]
    pub backup: PathBuf,
}

/// List the rooms, with those that were closed and can be opened again. Works while a server runs.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "rooms")]
pub struct Rooms {
    /// the server's file
    #[argh(option, arg_name = "file")]
    pub data: PathBuf,

    /// the time zone of the times shown, such as Asia/Bangkok (default: this machine's)
    #[argh(option, arg_name = "zone")]
    pub timezone: Option<String>,
}

/// Open a room again that was closed within the last 7 days, with its messages. Whoever had inherited it does not own
/// it any more. Works while a server runs.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "reopen")]
pub struct Reopen {
    /// the server's file
    #[argh(option, arg_name = "file")]
    pub data: PathBuf,

    /// the number of the room, if several of its name were closed (default: the last one)
    #[argh(option, arg_name = "number")]
    pub number: Option<u32>,

    /// another name for it, if there is a new room of its name
    #[argh(option, long = "as", arg_name = "name")]
    pub name: Option<String>,

    /// the room
    #[argh(positional)]
    pub room: String,
}

/// List the accounts, and when each was used last. Works while a server runs.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "accounts")]
pub struct Accounts {
    /// the server's file
    #[argh(option, arg_name = "file")]
    pub data: PathBuf,

    /// the time zone of the times written (default: this machine's)
    #[argh(option, arg_name = "zone")]
    pub timezone: Option<String>,
}

/// Delete an account, as its owner could with \\forget. If a server runs, it does so within a minute.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "delete-account")]
pub struct DeleteAccount {
    /// the server's file
    #[argh(option, arg_name = "file")]
    pub data: PathBuf,

    /// the registered name
    #[argh(positional)]
    pub name: String,
}

/// Say that the machine's clock is right, after it has jumped and the server's log says so. Works while a server runs.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "trust-clock")]
pub struct TrustClock {
    /// the server's file
    #[argh(option, arg_name = "file")]
    pub data: PathBuf,
}

impl Command {
    /// Runs the tool.
    ///
    /// # Errors
    ///
    /// See [`Failure`].
    pub fn run(self) -> Result<(), Failure> {
        match self {
            Command::Attach(attach) => attach.run(),
            Command::Export(export) => export.run(),
            Command::Import(import) => import.run(),
            Command::Check(check) => check.run(),
            Command::Backup(backup) => {
                Ok(tools::backup(&backup.data, &backup.to).map_err(|error| error.to_string())?)
            }
            Command::Restore(restore) => restore.run(),
            Command::Health(health) => health.run(),
            Command::Rooms(rooms) => rooms.run(),
            Command::Reopen(reopen) => reopen.run(),
            Command::Accounts(accounts) => accounts.run(),
            Command::DeleteAccount(delete) => delete.run(),
            Command::TrustClock(trust) => {
                Ok(tools::trust_clock(&trust.data).map_err(|error| error.to_string())?)
            }
            Command::Config(config) => config.run(),
            Command::Admin(ask) => ask.run(),
        }
    }
}

impl Restore {
    fn run(self) -> Result<(), Failure> {
        let old = tools::restore(&self.backup, &self.data).map_err(|error| error.to_string())?;
        let (file, backup) = (self.data.display(), self.backup.display());
        tell(&format!("{file} is now as {backup}"));
        if let Some(old) = old {
            tell(&format!("what was there is {}", old.display()));
        }
        Ok(())
    }
}

impl Export {
    fn run(self) -> Result<(), Failure> {
        let zone = parse_zone(self.timezone.as_deref()).map_err(Failure::Usage)?;
        let selection = self.selection(&zone).map_err(Failure::Usage)?;
        let format = match self.format {
            ExportFormat::Text => Format::Text(zone),
            ExportFormat::JsonLines => Format::JsonLines,
        };
        let mut out = BufWriter::new(io::stdout().lock());
        match tools::export(&self.data, &selection, &format, &mut out) {
            // The reader has seen enough, as in `| head`.
            Err(ToolError::Io(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(error.to_string().into()),
            Ok(left_out) if left_out.is_empty() => Ok(()),
            Ok(left_out) => Err(Failure::Failed(format!(
                "some was left out:\n{}",
                left_out.join("\n")
            ))),
        }
    }

    fn selection(&self, zone: &TimeZone) -> Result<Selection, String> {
        let time = |flag: &str, text: &Option<String>| match text {
            Some(text) => parse_time(flag, text, zone).map(Some),
            None => Ok(None),
        };
        let room = match &self.room {
            Some(name) => Some(RoomName::parse(name).map_err(|error| format!("--room: {error}"))?),
            None => None,
        };
        Ok(Selection {
            room,
            since: time("since", &self.since)?,
            until: time("until", &self.until)?,
        })
    }
}

impl Import {
    fn run(self) -> Result<(), Failure> {
        let imported = match &self.from {
            None => tools::import(&self.data, &mut io::stdin().lock(), self.max_rooms),
            Some(from) => {
                let input = File::open(from);
                let input = input.map_err(|error| format!("{}: {error}", from.display()))?;
                tools::import(&self.data, &mut BufReader::new(input), self.max_rooms)
            }
        };
        let imported = imported.map_err(|error| error.to_string())?;
        let (stored, present) = (imported.stored, imported.present);
        tell(&format!(
            "imported {stored} messages; {present} were there already; {} got another number, since theirs \
             was taken",
            imported.renumbered
        ));
        Ok(())
    }
}

impl Check {
    fn run(self) -> Result<(), Failure> {
        let faults = tools::check(&self.data).map_err(|error| error.to_string())?;
        if faults.is_empty() {
            return Ok(());
        }
        let file = self.data.display();
        Err(Failure::Failed(format!(
            "{file} has faults:\n{}",
            faults.join("\n")
        )))
    }
}

impl Rooms {
    fn run(self) -> Result<(), Failure> {
        let zone = parse_zone(self.timezone.as_deref()).map_err(Failure::Usage)?;
        let mut out = BufWriter::new(io::stdout().lock());
        written(tools::rooms(&self.data, &zone, &Clock::system(), &mut out))
    }
}

impl Accounts {
    fn run(self) -> Result<(), Failure> {
        let zone = parse_zone(self.timezone.as_deref()).map_err(Failure::Usage)?;
        written(tools::accounts(
            &self.data,
            &zone,
            &mut BufWriter::new(io::stdout().lock()),
        ))
    }
}

impl DeleteAccount {
    fn run(self) -> Result<(), Failure> {
        let name = Name::parse(&self.name)
            .map_err(|error| Failure::Usage(format!("{} is not a name: {error}", self.name)))?;
        let is_left_to_server = tools::delete_account(&self.data, &name);
        match is_left_to_server.map_err(|error| error.to_string())? {
            true => tell(&format!(
                "the server deletes the account {name} within a minute"
            )),
            false => tell(&format!("deleted the account {name}")),
        }
        Ok(())
    }
}

/// What came of writing to standard output.
fn written(result: Result<(), ToolError>) -> Result<(), Failure> {
    match result {
        // The reader has seen enough, as in `| head`.
        Err(ToolError::Io(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => Ok(result.map_err(|error| error.to_string())?),
    }
}

impl Reopen {
    fn run(self) -> Result<(), Failure> {
        let parse = |name: &str| {
            let wrong = |error| format!("{name} is not a room's name: {error}");
            RoomName::parse(name).map_err(|error| Failure::Usage(wrong(error)))
        };
        let room = parse(&self.room)?;
        let new = self.name.as_deref().map(parse).transpose()?;
        let name = tools::reopen(&self.data, &room, self.number, new, &Clock::system());
        let name = name.map_err(|error| error.to_string())?;
        tell(&format!("room {name} is open again"));
        Ok(())
    }
}

/// A date, a date and time in `zone`, or a time that names its own zone.
fn parse_time(flag: &str, text: &str, zone: &TimeZone) -> Result<Timestamp, String> {
    let in_zone = |time: civil::DateTime| time.to_zoned(zone.clone()).map(|time| time.timestamp());
    let time = text
        .parse::<jiff::Timestamp>()
        .or_else(|_| text.parse::<civil::DateTime>().and_then(in_zone))
        .or_else(|_| {
            text.parse::<civil::Date>()
                .and_then(|date| in_zone(date.into()))
        });
    match time {
        Ok(time) => Ok(Timestamp(time.as_millisecond())),
        Err(_) => Err(format!(
            "--{flag} {text}: that is not a time; give one such as 2026-01-31 or 2026-01-31T17:00"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_dates_in_the_zone_or_name_their_own() {
        let zone = TimeZone::get("Asia/Bangkok").expect("a zone");
        let table = [
            ("1970-01-01", -7 * 3_600_000),
            ("1970-01-01T07:00", 0),
            ("1970-01-01 07:00:01", 1000),
            ("1970-01-01T00:00:00.5Z", 500),
            ("1970-01-01T01:00:00+01:00", 0),
        ];
        for (text, ms) in table {
            assert_eq!(
                parse_time("since", text, &zone),
                Ok(Timestamp(ms)),
                "{text}"
            );
        }
        for text in ["", "yesterday", "2026-13-01", "17:00"] {
            let error = parse_time("since", text, &zone).expect_err("that is no time");
            assert!(error.contains("--since"), "{error}");
        }
    }
}
