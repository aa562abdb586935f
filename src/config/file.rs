//! The file of `--config`: TOML, flat, with the keys of [`OPTIONS`]. Keys that nobody knows are errors, since one with a
//! slip of the pen would count for nothing otherwise.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use rustix::fs::OFlags;
use rustix::process::geteuid;
use toml::de::{DeTable, Error};

use super::options::{OPTIONS, OptionRow, Options};
use super::source::{Position, Source, nearest};
use crate::limits::CONFIG_BYTES_MAX;
use crate::text;

/// Fills `options` with what the file says, and `wrong` with all that is wrong in it, a line each: `PATH:LINE:COLUMN: WHY`.
pub(super) fn read(path: &Path, options: &mut Options, wrong: &mut Vec<String>) {
    match read_text(path) {
        Ok(text) => parse(path, &text, options, wrong),
        Err(why) => wrong.push(format!("{}: {why}", path.display())),
    }
}

/// The text of the file, if it is one that nobody else may have written: what stands in it decides who is an operator.
fn read_text(path: &Path) -> Result<String, String> {
    let unread = |error: std::io::Error| format!("it cannot be read: {error}");
    // A pipe would be waited for, or be empty when it is read the second time.
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or(0);
    let open = File::options().read(true).custom_flags(flags).open(path);
    let file = open.map_err(unread)?;
    let meta = file.metadata().map_err(unread)?;
    if !meta.is_file() {
        return Err("it is not a file".to_owned());
    }
    let own = geteuid().as_raw();
    check_owner(meta.uid(), meta.mode(), own)?;
    let mut bytes = Vec::new();
    let most = CONFIG_BYTES_MAX as u64 + 1;
    file.take(most).read_to_end(&mut bytes).map_err(unread)?;
    if bytes.len() > CONFIG_BYTES_MAX {
        return Err(format!("it has more than {CONFIG_BYTES_MAX} bytes"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let text = String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()])
            .into_owned();
        let Position { line, column } = Position::of_byte(&text, text.len());
        format!("it is not valid UTF-8 at line {line}, column {column}")
    })
}

/// Refuses a file of somebody else, or one that everybody may change. `own` is the user that this process runs as.
fn check_owner(owner: u32, mode: u32, own: u32) -> Result<(), String> {
    const ROOT: u32 = 0;
    if owner != own && owner != ROOT {
        return Err(format!(
            "it belongs to user {owner}, who could change what the server does; give it to root or to user {own} (chown)"
        ));
    }
    if mode & 0o002 != 0 {
        return Err("everybody may write to it; take that away (chmod o-w)".to_owned());
    }
    Ok(())
}

pub(super) fn parse(path: &Path, text: &str, options: &mut Options, wrong: &mut Vec<String>) {
    let shared: Arc<Path> = Arc::from(path);
    let position = |at: usize| Position::of_byte(text, at);
    let (table, errors) = DeTable::parse_recoverable(text);
    let of_error = |error: &Error| {
        let at = error.span().map_or(0, |span| span.start);
        (position(at), sentence(error))
    };
    let mut faults: Vec<(Position, String)> = errors.iter().map(of_error).collect();
    // Where the text makes no sense, what was made of it need not be what is meant.
    let values = table.get_ref().iter().filter(|_| errors.is_empty());
    for (key, value) in values {
        let at = position(value.span().start);
        match OPTIONS.iter().find(|row| row.key == key.get_ref()) {
            Some(row) => match row.set_toml(options, value.get_ref()) {
                Ok(()) => {
                    let source = Source::File(Arc::clone(&shared), at);
                    options.sources.set(row, source);
                }
                Err(why) => faults.push((at, format!("{}: {why}", row.key))),
            },
            None => {
                let is_table = value.get_ref().is_table();
                faults.push((position(key.span().start), unknown(key.get_ref(), is_table)));
            }
        }
    }
    faults.sort();
    let told = faults.into_iter();
    wrong.extend(told.map(|(at, why)| format!("{}: {why}", at.of(path))));
}

/// What is wrong, in one line.
fn sentence(error: &Error) -> String {
    let lines: Vec<&str> = error.message().lines().collect();
    lines.join(", ")
}

fn unknown(key: &str, is_table: bool) -> String {
    let key = text::clean(key.as_bytes());
    if is_table {
        return format!("there is no section {key}; all keys stand outside of sections");
    }
    if let Some(row) = OPTIONS
        .iter()
        .find(|row| key == row.name || key == row.flag() || key.replace('-', "_") == row.name)
    {
        return format!("there is no key {key}; in the file it is {}", row.key);
    }
    let keys: Vec<String> = OPTIONS
        .iter()
        .map(|row: &OptionRow| row.key.to_owned())
        .collect();
    match nearest(&key, &keys) {
        Some(meant) => format!("there is no key {key}; is {meant} meant?"),
        None => format!("there is no key {key}; parlor config --example lists all that there are"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_belongs_to_whom_the_server_runs_as_or_to_root_and_only_they_and_a_group_write() {
        for (owner, mode, is_fine) in [
            (1000, 0o644, true),
            (0, 0o644, true),
            (0, 0o664, true),
            (1001, 0o644, false),
            (1000, 0o646, false),
            (0, 0o666, false),
        ] {
            let checked = check_owner(owner, mode, 1000);
            assert_eq!(checked.is_ok(), is_fine, "{owner} {mode:o}: {checked:?}");
        }
        let error = check_owner(1001, 0o600, 1000).expect_err("somebody else");
        assert!(
            error.contains("user 1001") && error.contains("user 1000"),
            "{error}"
        );
    }
}
