//! Passwords in a file, as libpq reads them: `host:port:database:user:password` on each line, `*` for any.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use tracing::warn;

use super::url::{Host, Password, Place, PostgresConfig};
use crate::limits::POSTGRES_FILE_BYTES_MAX;

/// What somebody who connects over the usual Unix socket is called there.
const LOCAL: &str = "localhost";

/// The password for one of the hosts; `None` if there is no file, or no line for it. A file that others can read is not
/// believed, as libpq does not.
pub(super) fn look_up(config: &PostgresConfig, host: &Host) -> Option<Password> {
    let path = config.passfile.as_ref()?;
    let text = read(path)?;
    find(&text, config, host)
}

fn read(path: &Path) -> Option<String> {
    let file = File::open(path).ok()?;
    let about = file.metadata().ok()?;
    if !about.is_file() {
        warn!(file = %path.display(), "no regular file: passwords are not looked for in it");
        return None;
    }
    if about.mode() & 0o077 != 0 {
        warn!(
            file = %path.display(),
            "others may read it, so passwords are not looked for in it: chmod 600"
        );
        return None;
    }
    let mut text = String::new();
    file.take(POSTGRES_FILE_BYTES_MAX)
        .read_to_string(&mut text)
        .ok()?;
    Some(text)
}

fn find(text: &str, config: &PostgresConfig, host: &Host) -> Option<Password> {
    let name = match &host.place {
        Place::Network(name) => name.clone(),
        Place::Folder(folder) if Path::new(super::url::SOCKET_FOLDER) == folder => LOCAL.to_owned(),
        Place::Folder(folder) => folder.display().to_string(),
    };
    let port = host.port.to_string();
    let wanted = [&name, &port, &config.database, &config.user];
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let mut fields = lines.map(fields);
    let found = fields.find_map(|fields| {
        let (password, given) = fields.split_last()?;
        let fits = given.len() == wanted.len()
            && given.iter().zip(wanted).all(|(given, wanted)| match given {
                Field::Any => true,
                Field::Text(text) => text == wanted,
            });
        match password {
            Field::Text(password) if fits => Some(password.clone()),
            Field::Any if fits => Some("*".to_owned()),
            _ => None,
        }
    });
    found.filter(|it| !it.is_empty()).map(Password::new)
}

#[derive(Debug, PartialEq, Eq)]
enum Field {
    Any,
    Text(String),
}

/// The fields of a line, of which there are five; a colon in one, and a backslash, have a backslash before them.
fn fields(line: &str) -> Vec<Field> {
    let mut fields = vec![String::new()];
    let mut chars = line.trim_end_matches('\r').chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => fields
                .last_mut()
                .expect("one at least")
                .extend(chars.next()),
            // What stands behind the last one belongs to the password.
            ':' if fields.len() < 5 => fields.push(String::new()),
            _ => fields.last_mut().expect("one at least").push(c),
        }
    }
    let field = |text: String| match text.as_str() {
        "*" => Field::Any,
        _ => Field::Text(text),
    };
    fields.into_iter().map(field).collect()
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::super::url::Surroundings;
    use super::*;

    fn config(url: &str) -> PostgresConfig {
        PostgresConfig::parse(url, &Surroundings::default()).expect("a URL")
    }

    fn found(text: &str, url: &str) -> Option<String> {
        let config = config(url);
        let password = find(text, &config, &config.hosts[0]);
        password.map(|password| password.reveal().to_owned())
    }

    #[test]
    fn the_first_line_that_fits_has_the_password() {
        let text = "# db:5432:chat:ann:comment\ndb:5432:chat:ann:one\ndb:*:chat:*:two\n\
                    *:*:*:ben:a\\:b\\\\c\nlocalhost:5432:*:cat:three\n/run/x:*:*:cat:four\r\nshort:line\n";
        for (url, password) in [
            ("postgres://ann@db/chat", Some("one")),
            ("postgres://ann@db:5433/chat", Some("two")),
            ("postgres://ann@db/other", None),
            ("postgres://ben@else/other", Some("a:b\\c")),
            ("postgres://cat@/chat", Some("three")),
            ("postgres://cat@/chat?host=/run/x", Some("four")),
            ("postgres://dai@db2/chat", None),
        ] {
            assert_eq!(found(text, url).as_deref(), password, "{url}");
        }
    }

    #[test]
    fn a_file_that_others_can_read_is_not_believed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("pgpass");
        fs::write(&path, "*:*:*:*:secret\n").expect("a file");
        let url = format!("postgres://ann@db/chat?passfile={}", path.display());
        let config = config(&url);
        for (mode, is_read) in [(0o600, true), (0o400, true), (0o640, false), (0o604, false)] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).expect("it is ours");
            let password = look_up(&config, &config.hosts[0]);
            assert_eq!(password.is_some(), is_read, "{mode:o}");
        }
        fs::remove_file(&path).expect("it is there");
        assert_eq!(look_up(&config, &config.hosts[0]), None);
    }
}
