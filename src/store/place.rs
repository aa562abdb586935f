//! Where everything is kept: what `--data` says.

use std::convert::Infallible;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A file of this machine, or a database that several nodes share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataPlace {
    /// An SQLite file.
    File(PathBuf),
    /// A database, by its URL.
    Url(DatabaseUrl),
}

/// The beginnings of a URL of PostgreSQL, in small letters.
const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];

impl DataPlace {
    /// Whatever has the form of a URL is one, and everything else is the path of a file. A file of such a name has `./`
    /// in front.
    pub fn new(text: &str) -> DataPlace {
        let scheme = text.split_once("://").map(|(scheme, _)| scheme);
        let is_scheme = |scheme: &str| {
            let rest = |letter: char| letter.is_ascii_alphanumeric() || "+-.".contains(letter);
            scheme.starts_with(|first: char| first.is_ascii_alphabetic())
                && scheme.chars().all(rest)
        };
        // A slip of the pen, and no file that anybody means.
        let is_slip = ["postgres:", "postgresql:"]
            .iter()
            .any(|start| text.to_ascii_lowercase().starts_with(start));
        match scheme.is_some_and(is_scheme) || is_slip {
            true => DataPlace::Url(DatabaseUrl(text.to_owned())),
            false => DataPlace::File(PathBuf::from(text)),
        }
    }

    /// The file, if it is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            DataPlace::File(path) => Some(path),
            DataPlace::Url(_) => None,
        }
    }

    /// The URL, if it is one.
    pub fn url(&self) -> Option<&DatabaseUrl> {
        match self {
            DataPlace::File(_) => None,
            DataPlace::Url(url) => Some(url),
        }
    }
}

impl FromStr for DataPlace {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<DataPlace, Infallible> {
        Ok(DataPlace::new(text))
    }
}

impl fmt::Display for DataPlace {
    /// Without a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DataPlace::File(path) => path.display().fmt(f),
            DataPlace::Url(url) => url.fmt(f),
        }
    }
}

/// The URL of a database, as somebody has written it. It is shown without the password that may be in it, also where it
/// makes no sense: what is left can be used where the password comes from elsewhere.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// All of it, for who connects.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether a password is in it.
    pub fn has_password(&self) -> bool {
        self.to_string() != self.0
    }

    /// Whether it is one of PostgreSQL.
    ///
    /// # Errors
    ///
    /// What to write instead.
    pub fn check(&self) -> Result<(), &'static str> {
        let text = self.0.to_ascii_lowercase();
        match SCHEMES.iter().any(|scheme| text.starts_with(scheme)) {
            true => Ok(()),
            false => Err(
                "give a file, or the URL of a PostgreSQL database, such as postgres://parlor@db.example.org/parlor",
            ),
        }
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rest, query) = match self.0.split_once('?') {
            Some((rest, query)) => (rest, Some(query)),
            None => (self.0.as_str(), None),
        };
        // The last at sign of all: who does not know that one in a password has to be written %40 is not to be told
        // by its being shown.
        if let Some(at) = self.0.rfind('@')
            && (at < rest.len() || has_odd_port(rest) || !self.0[rest.len()..at].contains('='))
        {
            let (user, host) = self.0.split_at(at);
            return write!(f, "{}{}", without_password(user), without_secrets(host));
        }
        if has_odd_port(rest) {
            return f.write_str(without_password(rest));
        }
        match query {
            Some(query) => write!(f, "{rest}{}", without_secrets(&format!("?{query}"))),
            None => f.write_str(rest),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// What stands before the colon behind a user, or a host.
fn without_password(text: &str) -> &str {
    let start = text.find("://").map_or(0, |at| at + 3);
    match text[start..].find(':') {
        Some(colon) => &text[..start + colon],
        None => text,
    }
}

/// Whether something stands in the place of a port that is none: a password whose host was forgotten.
fn has_odd_port(text: &str) -> bool {
    let start = text.find("://").map_or(0, |at| at + 3);
    let authority = text[start..].split('/').next().unwrap_or_default();
    // Colons in an IPv6 address.
    let hosts = authority.split(',').map(|host| match host.rfind(']') {
        Some(end) if host.starts_with('[') => &host[end..],
        _ => host,
    });
    let mut ports = hosts.filter_map(|host| host.split_once(':'));
    ports.any(|(_, port)| !port.bytes().all(|digit| digit.is_ascii_digit()))
}

/// What follows a host, without the parameters that are secret.
fn without_secrets(text: &str) -> String {
    let Some((rest, query)) = text.split_once('?') else {
        return text.to_owned();
    };
    let is_open = |parameter: &&str| {
        let name = parameter.split('=').next().unwrap_or_default();
        !name.to_ascii_lowercase().contains("password")
    };
    let open: Vec<&str> = query.split('&').filter(is_open).collect();
    match open.is_empty() {
        true => rest.to_owned(),
        false => format!("{rest}?{}", open.join("&")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_the_form_of_a_url_is_one_and_the_rest_are_files() {
        for text in [
            "chat.db",
            "/var/lib/chat.db",
            "./redis://x",
            "C:/x",
            "a b://c",
            "://",
            "",
        ] {
            assert_eq!(DataPlace::new(text), DataPlace::File(text.into()));
        }
        for (text, is_right) in [
            ("postgres://db/parlor", true),
            ("postgresql:///parlor?host=/run/postgresql", true),
            ("POSTGRES://db/parlor", true),
            ("postgres:/db/parlor", false),
            ("postgresql:db", false),
            ("mysql://db/parlor", false),
        ] {
            let place = DataPlace::new(text);
            let url = place.url().expect(text);
            assert_eq!(url.check().is_ok(), is_right, "{text}");
            assert_eq!(url.expose(), text);
        }
    }

    /// URLs with a password, right and wrong, and what is shown of them.
    const WITH_PASSWORD: &[(&str, &str)] = &[
        (
            "postgres://ann:SECRET@db:5432/parlor",
            "postgres://ann@db:5432/parlor",
        ),
        (
            "postgres://ann:SECRET@[::1]:5432/parlor?sslmode=require",
            "postgres://ann@[::1]:5432/parlor?sslmode=require",
        ),
        ("postgres://:SECRET@db/parlor", "postgres://@db/parlor"),
        // Signs that would have to be written otherwise.
        (
            "postgres://ann:SEC@RET@db/parlor",
            "postgres://ann@db/parlor",
        ),
        (
            "postgres://ann:SEC/RET@db/parlor",
            "postgres://ann@db/parlor",
        ),
        (
            "postgres://ann:SEC?RET@db/parlor",
            "postgres://ann@db/parlor",
        ),
        (
            "postgres://ann:SEC#RET@db/parlor",
            "postgres://ann@db/parlor",
        ),
        (
            "postgres://ann:1?SECRET@db/parlor",
            "postgres://ann@db/parlor",
        ),
        (
            "postgres://ann:SEC:RET@db/parlor",
            "postgres://ann@db/parlor",
        ),
        (
            "postgres://ann:SEC@RE?T@db/parlor",
            "postgres://ann@db/parlor",
        ),
        (
            "postgres://ann:SECRET@a,b:2/parlor",
            "postgres://ann@a,b:2/parlor",
        ),
        // Somewhere else.
        (
            "postgres://db/parlor?password=SECRET",
            "postgres://db/parlor",
        ),
        (
            "postgres://db/parlor?user=ann&password=SECRET&sslmode=require",
            "postgres://db/parlor?user=ann&sslmode=require",
        ),
        (
            "postgres://db/parlor?sslPassword=SECRET",
            "postgres://db/parlor",
        ),
        // Without a host.
        ("postgres://ann:SECRET", "postgres://ann"),
        ("postgres://ann:SECRET/parlor", "postgres://ann"),
        ("postgres:ann:SECRET@db", "postgres@db"),
        ("mysql://ann:SECRET@db/parlor", "mysql://ann@db/parlor"),
    ];

    #[test]
    fn a_password_is_never_shown_however_wrong_its_url_is() {
        for (text, shown) in WITH_PASSWORD {
            let place = DataPlace::new(text);
            let url = place.url().expect(text);
            assert_eq!(url.to_string(), *shown, "{text}");
            assert!(url.has_password(), "{text}");
            assert!(!format!("{place:?}{url:?}").contains("SEC"), "{text}");
            // What is shown is a URL, and always the same.
            let again = DataPlace::new(shown);
            assert_eq!(again.to_string(), *shown);
        }
        for text in [
            "postgres://db/parlor",
            "postgres://ann@db:5432/parlor",
            "postgres://[fe80::1]:1,[::2]/parlor",
            "postgres://a:1,b:2/parlor?target_session_attrs=read-write",
            "postgres:///parlor?host=/run/postgresql&application_name=a@b",
        ] {
            let place = DataPlace::new(text);
            assert_eq!(place.to_string(), text);
            assert!(!place.url().expect("a URL").has_password(), "{text}");
        }
    }
}
