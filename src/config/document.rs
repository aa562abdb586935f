//! A configuration as a file: one to begin with, and the one that is in effect.

use std::fmt::Write;

use super::Config;
use super::options::{OPTIONS, OptionRow};
use super::source::Source;
use crate::store::place::{DataPlace, DatabaseUrl};

/// Columns of a comment.
const COLUMNS: usize = 100;

/// A file with every option, its meaning, and its default: all commented out, so that it changes nothing until somebody
/// takes a `#` away. Comments have a blank behind their `#`, options have none.
pub fn example() -> String {
    let mut text = String::new();
    wrap(HEADER, &mut text);
    let mut section = "";
    for row in OPTIONS {
        if row.section != section {
            section = row.section;
            let _ = write!(text, "\n\n# ---- {section} ----\n");
        }
        text.push('\n');
        wrap(&in_words_of_the_file(row), &mut text);
        let value = row.default_toml().or_else(|| row.example_toml());
        let _ = writeln!(text, "#{} = {}", row.key, value.unwrap_or_default());
    }
    text
}

const HEADER: &str = "Options of parlor, for parlor --config FILE. What is commented out has its default, or, where there is \
     none, shows how it is written. Flags and the environment count more than this file: a flag is named as in \
     parlor --help, and a variable after it (PARLOR_MAX_ROOMS for --max-rooms). Paths begin where the server was started, \
     unless they begin with a slash. After a change: parlor config --check --config FILE, then SIGHUP.";

/// What `--help` says of an option, with the keys of the file for flags.
fn in_words_of_the_file(row: &OptionRow) -> String {
    let help = row.help.concat();
    let words = help.split_whitespace().map(|word| {
        let is_of_flag = |letter: char| letter.is_ascii_lowercase() || letter == '-';
        let end = word
            .find(|letter| !is_of_flag(letter))
            .unwrap_or(word.len());
        let (flag, rest) = word.split_at(end);
        match OPTIONS.iter().find(|row| row.flag() == flag) {
            Some(row) => format!("{}{rest}", row.key),
            None => word.to_owned(),
        }
    });
    words.collect::<Vec<String>>().join(" ")
}

/// Appends a comment in rows of at most [`COLUMNS`], where words are no longer.
fn wrap(words: &str, out: &mut String) {
    let mut columns = 0;
    for word in words.split_whitespace() {
        let width = word.chars().count();
        if columns == 0 || columns + 1 + width > COLUMNS {
            out.push_str(if columns == 0 { "#" } else { "\n#" });
            columns = 1;
        }
        out.push(' ');
        out.push_str(word);
        columns += 1 + width;
    }
    out.push('\n');
}

/// The configuration in effect, as a file that would bring it about, with where each value comes from.
pub fn effective(config: &Config) -> String {
    let options = &config.options;
    let has_password = |row: &OptionRow| {
        let url = options.data.as_ref().and_then(DataPlace::url);
        row.name == "data" && url.is_some_and(DatabaseUrl::has_password)
    };
    let rows = OPTIONS.iter().map(|row| {
        let (chosen, source) = (row.toml(options), options.sources.get(row.name));
        let (text, mut from) = match (chosen, source) {
            (Some(value), Some(Source::File(path, at))) => {
                (format!("{} = {value}", row.key), at.of(path))
            }
            (Some(value), Some(Source::Environment)) => {
                (format!("{} = {value}", row.key), row.variable())
            }
            (Some(value), Some(Source::StateDirectory)) => (
                format!("{} = {value}", row.key),
                "STATE_DIRECTORY".to_owned(),
            ),
            (Some(value), Some(Source::Flag) | None) => {
                (format!("{} = {value}", row.key), row.flag())
            }
            (None, _) => match config.derived(row.name).or_else(|| row.default_toml()) {
                Some(value) => (format!("{} = {value}", row.key), "default".to_owned()),
                None => (format!("#{}", row.key), "not set".to_owned()),
            },
        };
        if has_password(row) {
            from.push_str(", with a password that is not shown");
        }
        (text, from)
    });
    let rows: Vec<(String, String)> = rows.collect();
    let widths = rows.iter().map(|(row, _)| row.chars().count());
    let width = widths.filter(|width| *width <= 48).max().unwrap_or(0);
    let mut text = String::new();
    for (row, source) in rows {
        let _ = writeln!(text, "{row:width$}  # {source}");
    }
    text
}
