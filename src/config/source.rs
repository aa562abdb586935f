//! Where options come from: flags, the environment and a file, in one set of [`Options`].

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::file;
use super::options::{OPTIONS, OptionRow, Options};
use crate::store::place::DataPlace;
use crate::text;

/// Where an option was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// On the command line.
    Flag,
    /// In the environment.
    Environment,
    /// By systemd, which has made a directory for the service.
    StateDirectory,
    /// In the file.
    File(Arc<Path>, Position),
}

/// A place in a text, counted from 1; columns are characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Its line.
    pub line: usize,
    /// Its column.
    pub column: usize,
}

/// Where each option was given, by its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources(BTreeMap<&'static str, Source>);

impl Sources {
    /// Where the option was given; `None` if nobody has said.
    pub fn get(&self, name: &str) -> Option<&Source> {
        self.0.get(name)
    }

    pub(super) fn set(&mut self, row: &OptionRow, source: Source) {
        self.0.insert(row.name, source);
    }

    pub(super) fn copy(&mut self, row: &OptionRow, from: &Sources) {
        match from.get(row.name) {
            Some(source) => self.set(row, source.clone()),
            None => drop(self.0.remove(row.name)),
        }
    }
}

/// What is wrong with the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// Sentences for the operator, a line each, that say where it is and what would do.
    pub why: String,
    /// It is wrong on the command line, and nowhere else.
    pub is_usage: bool,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl Options {
    /// Says what is wrong with the option `name`, where it was given: `--rate 7: WHY`, `PARLOR_RATE=7: WHY`,
    /// `parlor.toml:12:5: rate_lines_per_second = 7: WHY`.
    pub fn wrong(&self, name: &str, why: impl fmt::Display) -> ConfigError {
        let row = OptionRow::named(name);
        let flag_or_variable = || row.text(self).unwrap_or_default();
        let given = match self.sources.get(name) {
            Some(Source::File(..)) => row.toml(self).unwrap_or_default(),
            Some(Source::Environment | Source::StateDirectory | Source::Flag) | None => {
                flag_or_variable()
            }
        };
        self.wrong_value(name, &given, why)
    }

    /// As [`Options::wrong`], for one of several values that were given.
    pub fn wrong_value(&self, name: &str, value: &str, why: impl fmt::Display) -> ConfigError {
        let (row, value) = (OptionRow::named(name), text::clean(value.as_bytes()));
        let source = self.sources.get(name);
        let place = match source {
            Some(Source::File(path, at)) => format!("{}: {} = ", at.of(path), row.key),
            Some(Source::Environment) => format!("{}=", row.variable()),
            Some(Source::StateDirectory) => format!("{STATE_DIRECTORY}: "),
            Some(Source::Flag) | None => format!("{} ", row.flag()),
        };
        ConfigError {
            why: format!("{place}{value}: {why}"),
            is_usage: matches!(source, Some(Source::Flag) | None),
        }
    }
}

impl Position {
    /// The place of byte `at` of `text`.
    pub(super) fn of_byte(text: &str, at: usize) -> Position {
        let before = text.get(..at).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        Position {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }

    /// As editors and compilers write it.
    pub(super) fn of(self, path: &Path) -> String {
        format!("{}:{}:{}", path.display(), self.line, self.column)
    }
}

/// What a configuration is read from: once at the start, and again whenever the operator asks for it.
#[derive(Clone, Debug, Default)]
pub struct ConfigSource {
    flags: Options,
    /// The variables whose names begin as ours do.
    environment: BTreeMap<String, OsString>,
    /// Where a service keeps what it has, if it is one.
    state_directory: Option<PathBuf>,
    file: Option<PathBuf>,
}

/// Where systemd tells a service of the directory that it has made for it.
const STATE_DIRECTORY: &str = "STATE_DIRECTORY";

/// The file of `--data` there, if nobody says otherwise.
const STATE_FILE: &str = "chat.db";

/// The variable for `--config`.
const FILE_VARIABLE: &str = "PARLOR_CONFIG";

impl ConfigSource {
    /// Options of the command line, `file` of `--config`, and all variables of the environment.
    pub fn new(
        flags: Options,
        file: Option<PathBuf>,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> ConfigSource {
        // An empty one is how compose files and shells leave a variable out.
        let ours = environment.into_iter().filter_map(|(name, value)| {
            let name = name.into_string().ok()?;
            let is_ours = name.starts_with("PARLOR_") || name == STATE_DIRECTORY;
            (is_ours && !value.is_empty()).then_some((name, value))
        });
        let mut environment: BTreeMap<String, OsString> = ours.collect();
        let of_environment = environment.remove(FILE_VARIABLE).map(PathBuf::from);
        // There may be several, with colons between them.
        let state_directory = environment.remove(STATE_DIRECTORY).and_then(|paths| {
            let first = paths.to_str()?.split(':').next()?;
            Some(PathBuf::from(first))
        });
        ConfigSource {
            flags,
            environment,
            state_directory,
            file: file.or(of_environment),
        }
    }

    /// Reads the file and puts everything together: a flag counts more than a variable, and a variable more than the file.
    /// What is wrong is an error even where something else counts more. Blocks meanwhile.
    ///
    /// # Errors
    ///
    /// All that is wrong, not only the first.
    pub fn read(&self) -> Result<Options, ConfigError> {
        let mut options = Options::default();
        let mut wrong = Vec::new();
        if let Some(directory) = &self.state_directory {
            options.data = Some(DataPlace::File(directory.join(STATE_FILE)));
            let row = OptionRow::named("data");
            options.sources.set(row, Source::StateDirectory);
        }
        if let Some(path) = &self.file {
            file::read(path, &mut options, &mut wrong);
        }
        for row in OPTIONS {
            let variable = row.variable();
            if let Some(value) = self.environment.get(&variable) {
                let set = match value.to_str() {
                    Some(text) => row.set_text(&mut options, text),
                    None => Err("it is not valid UTF-8".to_owned()),
                };
                match set {
                    Ok(()) => options.sources.set(row, Source::Environment),
                    Err(why) => {
                        let value = text::clean(value.as_encoded_bytes());
                        wrong.push(format!("{variable}={value}: {why}"));
                    }
                }
            }
        }
        let mut flags = self.flags.clone();
        for row in OPTIONS {
            if row.take(&mut flags, &mut options) {
                options.sources.set(row, Source::Flag);
            }
        }
        match wrong.is_empty() {
            true => Ok(options),
            false => Err(ConfigError {
                why: wrong.join("\n"),
                is_usage: false,
            }),
        }
    }

    /// Sentences about variables that look like options and are none. They are no errors: whoever runs the server may
    /// have variables of that name for reasons of their own.
    pub fn doubts(&self) -> Vec<String> {
        const PREFIX: &str = "PARLOR_";
        let known = OPTIONS.iter().map(|row| row.name.to_ascii_uppercase());
        let known: Vec<String> = known.chain(["CONFIG".to_owned()]).collect();
        let names = self.environment.keys();
        let names = names.filter_map(|name| name.strip_prefix(PREFIX));
        let unknown = names.filter(|name| {
            // Kubernetes gives every container PARLOR_SERVICE_HOST, PARLOR_PORT_50006_TCP and more, if the service is
            // called parlor.
            let is_of_cluster = name.starts_with("SERVICE_") || name.starts_with("PORT");
            !is_of_cluster && !known.iter().any(|known| known == name)
        });
        let doubts = unknown.map(|name| match nearest(name, &known) {
            Some(meant) => {
                format!("the variable {PREFIX}{name} is no option; is {PREFIX}{meant} meant?")
            }
            None => format!("the variable {PREFIX}{name} is no option, and counts for nothing"),
        });
        doubts.collect()
    }
}

/// The one of `known` that `typed` looks most like, if it does.
pub(super) fn nearest<'a>(typed: &str, known: &'a [String]) -> Option<&'a str> {
    let likeness = |word: &str| strsim::jaro_winkler(typed, word);
    let best = known
        .iter()
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
    (likeness(best) > 0.9).then_some(best)
}
