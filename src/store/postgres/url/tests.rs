use super::*;

fn around() -> Surroundings {
    Surroundings {
        user: Some("chat".to_owned()),
        home: Some("/home/chat".into()),
        ..Surroundings::default()
    }
}

fn parsed(url: &str) -> PostgresConfig {
    PostgresConfig::parse(url, &around()).unwrap_or_else(|error| panic!("{url}: {error}"))
}

#[test]
fn urls_name_the_places_that_libpq_would_go_to() {
    let table = [
        ("postgres://", "chat at /var/run/postgresql/.s.PGSQL.5432"),
        ("postgres://db", "chat at db:5432"),
        ("postgresql://ann@db:5433/room", "room at db:5433"),
        ("postgres://ann:pw@db/room", "room at db:5432"),
        ("postgres://[::1]:5433/room", "room at [::1]:5433"),
        ("postgres://[::1]/room", "room at [::1]:5432"),
        ("postgres://a:1,b:2/room", "room at a:1 or b:2"),
        ("postgres://a,b:2/room", "room at a:5432 or b:2"),
        ("postgres:///room?host=a,b&port=7", "room at a:7 or b:7"),
        (
            "postgres:///room?host=/run/x&port=7",
            "room at /run/x/.s.PGSQL.7",
        ),
        ("postgres://%2Frun%2Fx:7/room", "room at /run/x/.s.PGSQL.7"),
        (
            "postgres:///room",
            "room at /var/run/postgresql/.s.PGSQL.5432",
        ),
        ("postgres://db/a%20b", "a b at db:5432"),
    ];
    for (url, shown) in table {
        assert_eq!(parsed(url).to_string(), shown, "{url}");
    }
}

#[test]
fn what_a_url_says_counts_before_what_is_around() {
    let mut around = around();
    around.password = Some("theirs".to_owned());
    let read = |url| PostgresConfig::parse(url, &around).expect("a URL");
    let password = |url| read(url).password.map(|it| it.reveal().to_owned());
    assert_eq!(
        password("postgres://u:p%40%3A%2F@db/d").as_deref(),
        Some("p@:/")
    );
    assert_eq!(
        password("postgres://u@db/d?password=q").as_deref(),
        Some("q")
    );
    assert_eq!(password("postgres://u@db/d").as_deref(), Some("theirs"));
    assert_eq!(read("postgres://db/d").user, "chat");
    assert_eq!(read("postgres://u@db").database, "u");
    let passfile = |url| read(url).passfile.expect("there is one");
    assert_eq!(
        passfile("postgres://db/d"),
        PathBuf::from("/home/chat/.pgpass")
    );
    assert_eq!(passfile("postgres://db/d?passfile=/x"), PathBuf::from("/x"));
}

#[test]
fn each_mode_of_tls_is_read_and_what_is_weaker_than_it_looks_is_refused() {
    for (url, mode) in [
        ("postgres://db/d", SslMode::Prefer),
        ("postgres://db/d?sslmode=disable", SslMode::Disable),
        ("postgres://db/d?sslmode=require", SslMode::Require),
        ("postgres://db/d?sslmode=verify-ca", SslMode::VerifyCa),
        ("postgres://db/d?sslmode=verify-full", SslMode::VerifyFull),
        ("postgres://db/d?sslrootcert=system", SslMode::VerifyFull),
    ] {
        assert_eq!(parsed(url).tls.mode, mode, "{url}");
    }
}

#[test]
fn what_is_not_understood_is_refused_in_words_and_without_the_password() {
    let table = [
        ("mysql://db", "it begins with postgres://"),
        (
            "postgres://u:se%cret@db/d",
            "the password: behind a % stand two digits of a byte's number",
        ),
        ("postgres://db:x/d", "a port is a number from 1 to 65535"),
        ("postgres://db:0/d", "a port is a number from 1 to 65535"),
        (
            "postgres://::1/d",
            "an address of version 6 stands in brackets",
        ),
        ("postgres://[::1/d", "an address in brackets ends with ]"),
        (
            "postgres://a:1,b:2/d?port=1,2,3",
            "it has 2 hosts and 3 ports",
        ),
        (
            "postgres://db/d?sslmode=allow",
            "sslmode is one of disable, prefer, require, verify-ca, verify-full",
        ),
        (
            "postgres://db/d?sslmode=require&sslrootcert=system",
            "sslrootcert=system goes with sslmode=verify-full only",
        ),
        (
            "postgres://db/d?sslcert=/x",
            "sslcert and sslkey go together",
        ),
        (
            "postgres://db/d?sslcrl=/x",
            "the parameter sslcrl is not known here",
        ),
        (
            "postgres://db/d?target_session_attrs=standby",
            "target_session_attrs is one of any, read-write, primary",
        ),
        (
            "postgres://db/d?sslmode",
            "behind the ? stand NAME=VALUE, parted by &",
        ),
        (
            "postgres://db/d?application_name=%C3%A9",
            "application_name has at most 40 characters, of ASCII",
        ),
        (
            "postgres://db/d?connect_timeout=soon",
            "connect_timeout is a number of seconds, 3600 at most",
        ),
    ];
    for (url, why) in table {
        let error = PostgresConfig::parse(url, &around()).expect_err(url);
        assert_eq!(error, why, "{url}");
        assert!(!error.contains("cret"));
    }
}

#[test]
fn a_password_is_never_shown() {
    for (url, shown) in [
        (
            "postgres://u:secret@db/d?sslmode=require",
            "postgres://u@db/d?sslmode=require",
        ),
        ("postgres://u:se@cret@db/d", "postgres://u@db/d"),
        ("postgres://db/d?password=secret", "postgres://db/d"),
        (
            "postgres://db/d?p%61ssword=secret&user=u",
            "postgres://db/d?user=u",
        ),
        ("postgres://db", "postgres://db"),
        ("chat.db", "chat.db"),
    ] {
        assert_eq!(without_password(url), shown);
    }
    let config = parsed("postgres://u:secret@db/d");
    assert!(!format!("{config:?} {config}").contains("secret"));
    let around = Surroundings {
        password: Some("secret".to_owned()),
        ..Surroundings::default()
    };
    assert!(!format!("{around:?}").contains("secret"));
}
