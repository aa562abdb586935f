//! What the program does instead of serving: the operator's tools for the file of `--data`, or for a database that servers
//! share.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, ErrorKind};
use std::path::{Path, PathBuf};
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
use crate::config::{ON_COMMAND_LINE, parse_zone};
use crate::limits::ROOMS_MAX;
use crate::runtime::Clock;
use crate::store::place::{DataPlace, DatabaseUrl};
use crate::store::postgres::tools as database;
use crate::store::tools::{self, Format, Imported, Selection, ToolError};
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
    /// the server's file, or postgres://...
    #[argh(option, arg_name = "where")]
    pub data: DataPlace,

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
    /// the server's file, which is created if needed, or postgres://...
    #[argh(option, arg_name = "where")]
    pub data: DataPlace,

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
    /// the server's file, or postgres://...
    #[argh(option, arg_name = "where")]
    pub data: DataPlace,
}

/// Copy the server's file as it is at one moment. Works while a server runs.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "backup")]
pub struct Backup {
    /// the server's file
    #[argh(option, arg_name = "file")]
    pub data: DataPlace,

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
    pub data: DataPlace,

    /// the copy, which stays as it is
    #[argh(positional)]
    pub backup: PathBuf,
}

/// List the rooms, with those that were closed and can be opened again. Works while a server runs.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "rooms")]
pub struct Rooms {
    /// the server's file, or postgres://...
    #[argh(option, arg_name = "where")]
    pub data: DataPlace,

    /// the time zone of the times shown, such as Asia/Bangkok (default: this machine's)
    #[argh(option, arg_name = "zone")]
    pub timezone: Option<String>,
}

/// Open a room again that was closed within the last 7 days, with its messages. Whoever had inherited it does not own
/// it any more. Works while a server runs.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "reopen")]
pub struct Reopen {
    /// the server's file, or postgres://...
    #[argh(option, arg_name = "where")]
    pub data: DataPlace,

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
    /// the server's file, or postgres://...
    #[argh(option, arg_name = "where")]
    pub data: DataPlace,

    /// the time zone of the times written (default: this machine's)
    #[argh(option, arg_name = "zone")]
    pub timezone: Option<String>,
}

/// Delete an account, as its owner could with \\forget. If a server runs, it does so within a minute.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "delete-account")]
pub struct DeleteAccount {
    /// the server's file, or postgres://...
    #[argh(option, arg_name = "where")]
    pub data: DataPlace,

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
    pub data: DataPlace,
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
                let file = file_of(&backup.data, BACKUP_INSTEAD)?;
                Ok(tools::backup(file, &backup.to).map_err(|error| error.to_string())?)
            }
            Command::Restore(restore) => restore.run(),
            Command::Health(health) => health.run(),
            Command::Rooms(rooms) => rooms.run(),
            Command::Reopen(reopen) => reopen.run(),
            Command::Accounts(accounts) => accounts.run(),
            Command::DeleteAccount(delete) => delete.run(),
            Command::TrustClock(trust) => {
                let file = file_of(&trust.data, TRUST_CLOCK_INSTEAD)?;
                Ok(tools::trust_clock(file).map_err(|error| error.to_string())?)
            }
            Command::Config(config) => config.run(),
            Command::Admin(ask) => ask.run(),
        }
    }
}

impl Restore {
    fn run(self) -> Result<(), Failure> {
        let data = file_of(&self.data, RESTORE_INSTEAD)?;
        let old = tools::restore(&self.backup, data).map_err(|error| error.to_string())?;
        let (file, backup) = (data.display(), self.backup.display());
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
        let exported = match &self.data {
            DataPlace::File(file) => tools::export(file, &selection, &format, &mut out),
            DataPlace::Url(url) => database::export(told(url)?, &selection, &format, &mut out),
        };
        match exported {
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
            None => self.import(&mut io::stdin().lock())?,
            Some(from) => {
                let input = File::open(from);
                let input = input.map_err(|error| format!("{}: {error}", from.display()))?;
                self.import(&mut BufReader::new(input))?
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

    fn import(&self, input: &mut dyn BufRead) -> Result<Result<Imported, ToolError>, Failure> {
        Ok(match &self.data {
            DataPlace::File(file) => tools::import(file, input, self.max_rooms),
            DataPlace::Url(url) => database::import(told(url)?, input, self.max_rooms),
        })
    }
}

impl Check {
    fn run(self) -> Result<(), Failure> {
        let faults = match &self.data {
            DataPlace::File(file) => tools::check(file),
            DataPlace::Url(url) => database::check(told(url)?),
        };
        let faults = faults.map_err(|error| error.to_string())?;
        if faults.is_empty() {
            return Ok(());
        }
        let place = &self.data;
        Err(Failure::Failed(format!(
            "{place} has faults:\n{}",
            faults.join("\n")
        )))
    }
}

impl Rooms {
    fn run(self) -> Result<(), Failure> {
        let zone = parse_zone(self.timezone.as_deref()).map_err(Failure::Usage)?;
        let mut out = BufWriter::new(io::stdout().lock());
        written(match &self.data {
            DataPlace::File(file) => tools::rooms(file, &zone, &Clock::system(), &mut out),
            DataPlace::Url(url) => database::rooms(told(url)?, &zone, &mut out),
        })
    }
}

impl Accounts {
    fn run(self) -> Result<(), Failure> {
        let zone = parse_zone(self.timezone.as_deref()).map_err(Failure::Usage)?;
        let mut out = BufWriter::new(io::stdout().lock());
        written(match &self.data {
            DataPlace::File(file) => tools::accounts(file, &zone, &mut out),
            DataPlace::Url(url) => database::accounts(told(url)?, &zone, &mut out),
        })
    }
}

impl DeleteAccount {
    fn run(self) -> Result<(), Failure> {
        let name = Name::parse(&self.name)
            .map_err(|error| Failure::Usage(format!("{} is not a name: {error}", self.name)))?;
        match &self.data {
            DataPlace::File(file) => {
                let is_left_to_server = tools::delete_account(file, &name);
                match is_left_to_server.map_err(|error| error.to_string())? {
                    true => tell(&format!(
                        "the server deletes the account {name} within a minute"
                    )),
                    false => tell(&format!("deleted the account {name}")),
                }
            }
            DataPlace::Url(url) => {
                let is_any_alive = database::delete_account(told(url)?, &name);
                match is_any_alive.map_err(|error| error.to_string())? {
                    true => tell(&format!(
                        "the servers delete the account {name} within a minute"
                    )),
                    false => tell(&format!(
                        "nobody can use the account {name} any more; the next server that is started deletes it"
                    )),
                }
            }
        }
        Ok(())
    }
}

/// What takes the place of a tool where there is no file.
const BACKUP_INSTEAD: &str =
    "that is for files; copy a database with pg_dump, or its server with pg_basebackup";
const RESTORE_INSTEAD: &str = "that is for files; put a database back with pg_restore or psql, while no server of parlor runs";
const TRUST_CLOCK_INSTEAD: &str =
    "that is for files; servers that share a database go by the clock of the database";

/// The file, for a tool that makes no sense elsewhere.
fn file_of<'a>(data: &'a DataPlace, instead: &str) -> Result<&'a Path, Failure> {
    data.file()
        .ok_or_else(|| Failure::Usage(format!("--data {data}: {instead}")))
}

/// The URL, if it can be one; whoever has given a password in it is told who can see that.
fn told(url: &DatabaseUrl) -> Result<&DatabaseUrl, Failure> {
    url.check()
        .map_err(|why| Failure::Usage(format!("--data {url}: {why}")))?;
    if url.has_password() {
        tell(&format!("parlor: --data {url}: {ON_COMMAND_LINE}"));
    }
    Ok(url)
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
        let name = match &self.data {
            DataPlace::File(file) => tools::reopen(file, &room, self.number, new, &Clock::system()),
            DataPlace::Url(url) => database::reopen(told(url)?, &room, self.number, new),
        };
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
