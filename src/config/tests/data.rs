//! `--data` and what belongs to it.

use std::time::Duration;

use super::*;
use crate::store::{Durability, Retention};

#[test]
fn servers_that_share_a_database_have_names_leases_and_keep_what_they_are_told_to() {
    let config = of_file(
        "data = \"postgres://parlor@db/parlor\"\nnode_lease_seconds = 5\nnode_name = \"east-1\"\nkeep_days = 90\n\
         operators = [\"Dai\"]\naccount_idle_days = 400\nsync = \"normal\"\n",
    );
    let url = DataPlace::new("postgres://parlor@db/parlor");
    let expected = Data::Cluster {
        url: url.url().expect("a URL").clone(),
        keep: Retention {
            days: Some(90),
            lines: None,
        },
        lease: Duration::from_secs(5),
        name: "east-1".to_owned(),
    };
    let config = config.expect("it makes sense");
    assert_eq!(config.data, Some(expected));
    // There is no file to be beside of.
    assert_eq!(config.certificate, CertificateSource::Made(None));
    let usual = of_file("data = \"postgresql:///parlor\"\n").expect("it makes sense");
    match usual.data {
        Some(Data::Cluster {
            lease, ref name, ..
        }) => {
            assert_eq!(lease, Duration::from_secs(10));
            assert!(!name.is_empty());
            let printed = document::effective(&Config {
                data: usual.data.clone(),
                ..usual.clone()
            });
            assert!(
                printed.contains(&format!("node_name = \"{name}\"")),
                "{printed}"
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_makes_no_sense_for_a_file_or_for_a_database_is_refused() {
    const URL: &str = "data = \"postgres://db/parlor\"\n";
    const FILE: &str = "data = \"chat.db\"\n";
    for (data, line, why) in [
        (
            URL,
            "sync = \"full\"",
            "it is for a file; what a database survives is set there",
        ),
        (URL, "node_lease_seconds = 0", "give 1 to 300 seconds"),
        (URL, "node_lease_seconds = 301", "give 1 to 300 seconds"),
        (URL, "node_name = \" \"", "it has no visible character"),
        (
            URL,
            "node_name = \"a\\nb\"",
            "it has control or invisible characters",
        ),
        (
            URL,
            "node_name = \"aaaaaaaaaabbbbbbbbbbccccccccccdddddddddde\"",
            "it is 41 columns wide; at most 40 fit",
        ),
        (
            FILE,
            "node_lease_seconds = 20",
            "it is for servers that share a database",
        ),
        (
            FILE,
            "node_name = \"east\"",
            "it is for servers that share a database",
        ),
        (
            "",
            "node_name = \"east\"",
            "it is for servers that share a database",
        ),
        (
            "",
            "data = \"mysql://db/parlor\"",
            "give a file, or the URL of a PostgreSQL database",
        ),
        (
            "",
            "data = \"postgres:/db/parlor\"",
            "give a file, or the URL of a PostgreSQL database",
        ),
        ("", "data = \"\"", "give the path of a file, or postgres://"),
    ] {
        let wrong = of_file(&format!("{data}{line}\n")).expect_err(line);
        assert!(wrong.contains(why), "{line}: {wrong}");
    }
    let fine = of_file(&format!("{FILE}node_lease_seconds = 10\n"));
    assert_eq!(
        fine.expect("the default").data.map(|data| data.place()),
        Some(DataPlace::new("chat.db"))
    );
}

/// Where a password can be given, and all that is ever said of it there.
#[test]
fn a_password_in_a_url_is_in_nothing_that_is_said() {
    const URL: &str = "postgres://ann:SECRET@db/parlor";
    let of = |source: ConfigSource| source.read().and_then(Config::new);
    let flags = Options {
        data: Some(DataPlace::new(URL)),
        ..Options::default()
    };
    let by_flag = of(ConfigSource::new(flags.clone(), None, [])).expect("it makes sense");
    let by_variable = ConfigSource::new(
        Options::default(),
        None,
        environment(&[("PARLOR_DATA", URL)]),
    );
    let by_variable = of(by_variable).expect("it makes sense");
    let (_folder, path) = file(&format!("data = \"{URL}\"\n"));
    let by_file = ConfigSource::new(Options::default(), Some(path.clone()), []);
    let of_open_file = of(by_file.clone()).map(|config| config.password_doubt());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("it is ours");
    let by_file = of(by_file).expect("it makes sense");
    for config in [&by_flag, &by_variable, &by_file] {
        let printed = document::effective(config);
        let expected = "data = \"postgres://ann@db/parlor\"";
        assert!(printed.contains(expected), "{printed}");
        assert!(
            printed.contains(", with a password that is not shown\n"),
            "{printed}"
        );
        assert!(!printed.contains("SECRET"), "{printed}");
        assert!(!format!("{config:?}").contains("SECRET"));
        let url = config
            .data
            .as_ref()
            .map(|data| data.place().url().map(|url| url.expose().to_owned()));
        assert_eq!(url, Some(Some(URL.to_owned())));
    }
    // Who can see it is told, but not it.
    let doubts = [&by_flag, &by_variable, &by_file].map(Config::password_doubt);
    assert!(
        doubts[0]
            .as_ref()
            .is_some_and(|doubt| doubt.contains("PGPASSWORD")),
        "{doubts:?}"
    );
    assert!(doubts[1].is_none() && doubts[2].is_none(), "{doubts:?}");
    assert!(
        matches!(&of_open_file, Ok(Some(doubt)) if doubt.contains("chmod o-r")),
        "{of_open_file:?}"
    );
    assert!(!format!("{doubts:?}{of_open_file:?}").contains("SECRET"));
    // Nor in what is wrong.
    let wrong = "mysql://ann:SECRET@db/parlor";
    let flags = Options {
        data: Some(DataPlace::new(wrong)),
        ..Options::default()
    };
    let variable = environment(&[("PARLOR_DATA", wrong)]);
    for source in [
        ConfigSource::new(flags, None, []),
        ConfigSource::new(Options::default(), None, variable),
    ] {
        let error = of(source).expect_err("another database");
        assert!(error.why.contains("mysql://ann@db/parlor"), "{error}");
        assert!(!error.why.contains("SECRET"), "{error}");
    }
    let error = of_file(&format!("data = \"{wrong}\"\n")).expect_err("another database");
    assert!(!error.contains("SECRET"), "{error}");
}

#[test]
fn another_password_waits_for_a_restart_as_another_database_does() {
    let config = |url: &str| of_file(&format!("data = \"{url}\"\n")).expect("it makes sense");
    let old = config("postgres://ann:old@db/parlor");
    for url in [
        "postgres://ann:new@db/parlor",
        "postgres://db/other",
        "chat.db",
    ] {
        let mut new = config(url);
        let report = new.succeed(&old);
        assert_eq!(report.to_string(), "needs a restart: data", "{url}");
        assert_eq!(
            (&new.data, &new.options.data),
            (&old.data, &old.options.data)
        );
    }
    let mut same = config("postgres://ann:old@db/parlor");
    assert_eq!(same.succeed(&old).to_string(), "nothing has changed");
}

#[test]
fn what_is_printed_of_a_database_brings_it_about_but_for_the_password() {
    for text in [
        "data = \"postgres://ann:SECRET@db/parlor\"\nnode_lease_seconds = 20\n",
        "data = \"chat.db\"\nsync = \"full\"\n",
        "",
    ] {
        let config = of_file(text).expect("it makes sense");
        let again = of_file(&document::effective(&config)).expect("it makes sense");
        let place = |config: &Config| config.data.as_ref().map(|data| data.place().to_string());
        assert_eq!(place(&again), place(&config));
        let sync = |config: &Config| match &config.data {
            Some(Data::File { sync, .. }) => Some(*sync),
            _ => None,
        };
        assert_eq!(sync(&again), sync(&config));
        assert_eq!(
            config.options.sync == Some(Durability::Full),
            text.contains("full")
        );
    }
}
