//! Where everything is kept, and what is said of it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::Duration;

use super::options::Options;
use super::source::{ConfigError, Source};
use crate::store::place::{DataPlace, DatabaseUrl};
use crate::store::postgres::url::{PostgresConfig, Surroundings};
use crate::store::{Durability, Retention};
use crate::{limits, text};

/// Where messages are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// In a file of this machine.
    File {
        /// The database.
        file: PathBuf,
        /// When a message counts as stored.
        sync: Durability,
        /// Which messages are deleted.
        keep: Retention,
    },
    /// In a database that servers share.
    Cluster {
        /// The database.
        url: DatabaseUrl,
        /// Which messages are deleted.
        keep: Retention,
        /// For how long the others wait when nothing is heard of this server.
        lease: Duration,
        /// What operators know it by; short and clean.
        name: String,
    },
}

impl Data {
    /// Where it is.
    pub fn place(&self) -> DataPlace {
        match self {
            Data::File { file, .. } => DataPlace::File(file.clone()),
            Data::Cluster { url, .. } => DataPlace::Url(url.clone()),
        }
    }

    pub(super) fn parse(options: &Options) -> Result<Option<Data>, ConfigError> {
        let keep = Retention {
            days: options.keep,
            lines: options.keep_lines,
        };
        let data = match &options.data {
            None => None,
            Some(DataPlace::File(file)) => Some(Data::File {
                file: file.clone(),
                sync: options.sync.unwrap_or_default(),
                keep,
            }),
            Some(DataPlace::Url(url)) => {
                check_url(url).map_err(|why| options.wrong("data", why))?;
                Some(Data::Cluster {
                    url: url.clone(),
                    keep,
                    lease: parse_lease(options)?,
                    name: parse_name(options)?,
                })
            }
        };
        match in_vain(options) {
            Some((name, why)) => Err(options.wrong(name, why)),
            None => Ok(data),
        }
    }
}

/// Whether this is the URL of a database that can be looked for.
fn check_url(url: &DatabaseUrl) -> Result<(), String> {
    url.check()?;
    PostgresConfig::parse(url.expose(), &Surroundings::of_process()).map(drop)
}

/// An option that means nothing where everything is kept, and why not.
fn in_vain(options: &Options) -> Option<(&'static str, &'static str)> {
    const FOR_DATA: &str = "it is for the file of --data: give that too";
    const FOR_NODES: &str =
        "it is for servers that share a database: give --data postgres://... too";
    let is_url = options
        .data
        .as_ref()
        .is_some_and(|data| data.url().is_some());
    let is_none = options.data.is_none();
    // What is given as it is by default does no harm: a configuration that is printed has it.
    let is_other_lease = |lease| u64::from(lease) != limits::NODE_LEASE.as_secs();
    let rows = [
        (
            "sync",
            is_none && options.sync == Some(Durability::Full),
            FOR_DATA,
        ),
        (
            "sync",
            is_url && options.sync == Some(Durability::Full),
            "it is for a file; what a database survives is set there, with fsync and synchronous_commit",
        ),
        ("keep", is_none && options.keep.is_some(), FOR_DATA),
        (
            "keep_lines",
            is_none && options.keep_lines.is_some(),
            FOR_DATA,
        ),
        (
            "account_idle",
            is_none && options.account_idle.is_some_and(|days| days > 0),
            FOR_DATA,
        ),
        (
            "node_lease",
            !is_url && options.node_lease.is_some_and(is_other_lease),
            FOR_NODES,
        ),
        (
            "node_name",
            !is_url && options.node_name.is_some(),
            FOR_NODES,
        ),
    ];
    let wrong = rows.into_iter().find(|(_, is_in_vain, _)| *is_in_vain);
    wrong.map(|(name, _, why)| (name, why))
}

fn parse_lease(options: &Options) -> Result<Duration, ConfigError> {
    let range = limits::NODE_LEASE_SECONDS;
    match options.node_lease {
        None => Ok(limits::NODE_LEASE),
        Some(seconds) if range.contains(&seconds) => Ok(Duration::from_secs(seconds.into())),
        Some(_) => {
            let why = format!("give {} to {} seconds", range.start(), range.end());
            Err(options.wrong("node_lease", why))
        }
    }
}

fn parse_name(options: &Options) -> Result<String, ConfigError> {
    let Some(typed) = &options.node_name else {
        return Ok(host_name());
    };
    let name = text::clean(typed.as_bytes());
    let most = limits::NODE_NAME_COLUMNS_MAX;
    let wrong = if name != *typed {
        "it has control or invisible characters; leave them out".to_owned()
    } else if !name.contains(text::is_visible) {
        "it has no visible character; give a name such as east-1".to_owned()
    } else if text::width(&name) > most {
        format!(
            "it is {} columns wide; at most {most} fit",
            text::width(&name)
        )
    } else {
        return Ok(name);
    };
    Err(options.wrong("node_name", wrong))
}

/// The name of this machine, without its domain.
fn host_name() -> String {
    let uname = rustix::system::uname();
    let name = text::clean(uname.nodename().to_bytes());
    let name = name.split('.').next().unwrap_or_default();
    let mut short = String::new();
    for letter in name.chars() {
        short.push(letter);
        if text::width(&short) > limits::NODE_NAME_COLUMNS_MAX {
            short.pop();
            break;
        }
    }
    match short.contains(text::is_visible) {
        true => short,
        false => "parlor".to_owned(),
    }
}

/// Who else can read the password in the URL of `--data`, and how to keep it from them.
pub(super) fn password_doubt(options: &Options) -> Option<String> {
    let url = options.data.as_ref().and_then(DataPlace::url)?;
    if !url.has_password() {
        return None;
    }
    match options.sources.get("data") {
        Some(Source::Flag) | None => Some(format!("--data {url}: {ON_COMMAND_LINE}")),
        Some(Source::File(path, _)) => {
            let is_open = fs::metadata(path).is_ok_and(|file| file.mode() & 0o004 != 0);
            is_open.then(|| {
                let path = path.display();
                format!("{path}: everybody on this machine can read the password in it; take that away (chmod o-r)")
            })
        }
        Some(Source::Environment | Source::StateDirectory) => None,
    }
}

/// What is wrong with a password among arguments.
pub const ON_COMMAND_LINE: &str = "everybody on this machine can see the password in the list of processes; leave it \
     out there, and give it in the variable PGPASSWORD, or in a file that PGPASSFILE names";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_a_name_that_fits_a_row() {
        let name = host_name();
        assert!(name.contains(text::is_visible), "{name}");
        assert!(text::width(&name) <= limits::NODE_NAME_COLUMNS_MAX);
        assert!(!name.contains('.'));
    }
}
