//! How a node gets to its database: which ones it takes, how sure it is of them, and what it says of the others.

use std::fs;
use std::sync::Arc;

use parlor::chat::name::RoomName;
use parlor::store::cluster::engine::{EngineError, Log, Nodes};
use parlor::store::postgres::SCHEMA_VERSION;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
};
use smol::future;

use super::real::{block_on, open, runtime, try_open};
use crate::harness::postgres::{PostgresServer, shared_postgres};

fn refused(url: &str) -> String {
    let opened = block_on(try_open(url));
    opened.expect_err("it should be refused")
}

/// Uses the database, which needs all of the schema.
async fn is_of_use(url: &str) {
    let engine = open(url).await;
    let name = RoomName::parse("lobby").expect("a name");
    engine.create_room(name).await.expect("there is none");
    engine.close().await.expect("it ends");
}

#[test]
fn servers_that_would_lose_what_was_said_are_refused_in_words() {
    let server = PostgresServer::start_with(&[("fsync", "off")]);
    let database = server.database();
    let why = refused(&server.url(&database));
    let expected = format!(
        "the database {database} at {}: {}: its setting fsync is off, so that a power cut would damage what was said: \
         set it on",
        server.address(),
        server.address()
    )
    .replacen(": ", " cannot be used: ", 1);
    assert_eq!(why, expected);
}

#[test]
fn a_standby_is_refused_and_beside_its_primary_it_is_passed_over() {
    let primary = PostgresServer::start();
    let database = primary.database();
    let standby = primary.standby("other");
    let why = refused(&standby.url(&database));
    assert!(why.contains("it is a standby, or only reads"), "{why}");
    let both = format!(
        "postgres://postgres@{},{}/{database}",
        standby.address(),
        primary.address()
    );
    block_on(is_of_use(&both));
}

#[test]
fn a_database_of_another_encoding_is_refused() {
    let server = shared_postgres();
    server.sql(
        "postgres",
        "CREATE DATABASE of_another_encoding ENCODING 'SQL_ASCII' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'",
    );
    let why = refused(&server.url("of_another_encoding"));
    assert!(
        why.contains("the encoding of the database is SQL_ASCII: create it with ENCODING 'UTF8'"),
        "{why}"
    );
}

#[test]
fn what_somebody_has_to_do_something_about_is_said_at_once() {
    let server = shared_postgres();
    for (url, expected) in [
        (
            server.url("no_such_database"),
            "database \"no_such_database\" does not exist",
        ),
        (
            server.url("postgres").replace("postgres@", "nobody@"),
            "role \"nobody\" does not exist",
        ),
        (
            format!("{}?sslmode=require", server.url("postgres")),
            "server does not support TLS",
        ),
        (
            format!(
                "{}?sslmode=verify-full&sslrootcert=/no/such/file",
                server.url("postgres")
            ),
            "/no/such/file: No such file or directory",
        ),
    ] {
        let why = refused(&url);
        assert!(why.contains(expected), "{url}: {why}");
    }
}

#[test]
fn nodes_that_start_at_once_make_one_schema() {
    let url = shared_postgres().fresh();
    block_on(async {
        let (one, (two, three)) =
            future::zip(try_open(&url), future::zip(try_open(&url), try_open(&url))).await;
        for engine in [one, two, three] {
            engine.expect("it is the one, or waits for it");
        }
        is_of_use(&url).await;
    });
}

#[test]
fn a_later_schema_is_used_if_it_says_so_and_refused_otherwise() {
    let server = shared_postgres();
    let database = server.database();
    let url = server.url(&database);
    block_on(is_of_use(&url));
    let later = SCHEMA_VERSION + 1;
    let say = |needs: i32| {
        let sql = format!("UPDATE parlor.meta SET version = {later}, needs = {needs}");
        server.sql(&database, &sql);
    };
    say(SCHEMA_VERSION);
    block_on(async { open(&url).await.close().await }).expect("it ends");
    say(later);
    let why = refused(&url);
    let expected = format!(
        "the database was made by a later version of parlor (schema {later}; this one knows up to {SCHEMA_VERSION})"
    );
    assert!(why.ends_with(&expected), "{why}");
    server.sql(
        &database,
        "DROP SCHEMA parlor CASCADE; CREATE SCHEMA parlor; CREATE TABLE parlor.t ()",
    );
    let why = refused(&url);
    assert!(
        why.ends_with("is somebody else's: use another database"),
        "{why}"
    );
}

#[test]
fn whoever_owns_the_database_needs_no_more_rights_and_others_are_told_which() {
    let server = shared_postgres();
    server.sql("postgres", "CREATE ROLE owner_of_one LOGIN");
    server.sql("postgres", "CREATE DATABASE of_an_owner OWNER owner_of_one");
    let url = |user| server.url("of_an_owner").replace("postgres@", user);
    server.sql("postgres", "CREATE ROLE passer_by LOGIN");
    let why = refused(&url("passer_by@"));
    assert!(why.contains("GRANT CREATE ON DATABASE"), "{why}");
    block_on(is_of_use(&url("owner_of_one@")));
}

#[test]
fn what_is_set_for_the_user_makes_no_commit_unsafe_and_cuts_none_short() {
    let primary = Arc::new(PostgresServer::start());
    let standby = primary.standby("other");
    primary.wait_for_standby("other");
    primary.sql("postgres", "CREATE ROLE hasty LOGIN");
    for setting in [
        "synchronous_commit = off",
        "statement_timeout = '300ms'",
        "lock_timeout = '1ms'",
        "default_transaction_isolation = serializable",
        "search_path = nowhere",
    ] {
        primary.sql("postgres", &format!("ALTER ROLE hasty SET {setting}"));
    }
    primary.sql("postgres", "CREATE DATABASE of_hasty OWNER hasty");
    let url = primary.url("of_hasty").replace("postgres@", "hasty@");
    block_on(async {
        let engine = open(&url).await;
        standby.pause();
        let created = engine.create_room(RoomName::parse("lobby").expect("a name"));
        let resumed = async {
            let server = Arc::clone(&primary);
            let over = "SELECT count(*) FROM pg_stat_activity
                        WHERE wait_event = 'SyncRep' AND clock_timestamp() > query_start + interval '1 second'";
            let wait = move || while server.sql("postgres", over) != "1" {};
            runtime().unblock(wait).await;
            standby.resume();
        };
        let (created, ()) = future::zip(created, resumed).await;
        created.expect("it waited for the standby");
    });
}

#[test]
fn another_database_in_its_place_is_not_gone_on_with() {
    let server = shared_postgres();
    let database = server.database();
    let url = server.url(&database);
    block_on(async {
        let engine = open(&url).await;
        server.sql(&database, "DROP SCHEMA parlor CASCADE");
        open(&url).await.close().await.expect("it ends");
        let all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";
        server.sql(&database, all);
        let why = loop {
            match engine.heads().await {
                Err(EngineError::Away(why)) if why.contains("another") => break why,
                Err(EngineError::Away(_)) => {}
                other => panic!("{other:?}"),
            }
        };
        assert!(
            why.ends_with("it has another parlor's data than it had before"),
            "{why}"
        );
    });
}

#[test]
fn a_unix_socket_leads_there_too() {
    let server = shared_postgres();
    let database = server.database();
    let port = server.address().port();
    let folder = server.folder().display();
    let url = format!("postgres://postgres@/{database}?host={folder}&port={port}&sslmode=require");
    block_on(is_of_use(&url));
}

#[test]
fn nothing_is_asked_of_an_engine_that_was_closed() {
    let url = shared_postgres().fresh();
    block_on(async {
        let engine = open(&url).await;
        engine.close().await.expect("it ends");
        let asked = engine.heads().await;
        assert!(matches!(asked, Err(EngineError::Away(_))), "{asked:?}");
        let shown = format!("{engine:?} {}", engine.place());
        assert!(!shown.contains("postgres:"), "{shown}");
    });
}

/// Who signs certificates.
struct Authority {
    params: CertificateParams,
    key: KeyPair,
    pem: String,
}

impl Authority {
    fn new(name: &str) -> Authority {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.distinguished_name = called(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Authority { params, key, pem }
    }

    /// A certificate for these names, and its key.
    fn sign(&self, names: &[&str]) -> (String, String) {
        let key = KeyPair::generate().expect("a key");
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("names");
        params.distinguished_name = called("somebody");
        let issuer = Issuer::from_params(&self.params, &self.key);
        let signed = params.signed_by(&key, &issuer).expect("a certificate");
        (signed.pem(), key.serialize_pem())
    }
}

fn called(name: &str) -> DistinguishedName {
    let mut called = DistinguishedName::new();
    called.push(DnType::CommonName, name);
    called
}

/// A server that speaks TLS with this certificate, lets in the user `chat` with a password over that alone, and a database of
/// that user's.
fn with_tls((certificate, key): (String, String)) -> PostgresServer {
    let server = PostgresServer::start();
    server.put("data/server.crt", &certificate);
    server.put("data/server.key", &key);
    server.sql("postgres", "CREATE ROLE chat LOGIN PASSWORD 'secret: /@%'");
    server.sql("postgres", "CREATE DATABASE chat OWNER chat");
    server.put(
        "data/pg_hba.conf",
        "host all postgres 127.0.0.1/32 trust\nhostssl all chat 127.0.0.1/32 scram-sha-256\n",
    );
    server.set("ssl", "on");
    server
}

fn chat_at(server: &PostgresServer, host: &str, rest: &str) -> String {
    let port = server.address().port();
    format!("postgres://chat:secret%3A%20%2F%40%25@{host}:{port}/chat?{rest}")
}

#[test]
fn each_sslmode_is_as_sure_of_the_server_as_libpq_is() {
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    let server = with_tls(ours.sign(&["localhost"]));
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, pem: &str| {
        let path = folder.path().join(name);
        fs::write(&path, pem).expect("a file");
        path.display().to_string()
    };
    let (ours, theirs) = (file("ours", &ours.pem), file("theirs", &theirs.pem));
    // The host, the mode, whom we trust, and what is said, if anything.
    let table = [
        ("127.0.0.1", "disable", None, Some("no encryption")),
        ("127.0.0.1", "prefer", None, None),
        ("127.0.0.1", "require", None, None),
        ("127.0.0.1", "require", Some(&ours), None),
        ("127.0.0.1", "require", Some(&theirs), Some("UnknownIssuer")),
        ("127.0.0.1", "verify-ca", Some(&ours), None),
        (
            "127.0.0.1",
            "verify-ca",
            Some(&theirs),
            Some("UnknownIssuer"),
        ),
        ("localhost", "verify-full", Some(&ours), None),
        (
            "127.0.0.1",
            "verify-full",
            Some(&ours),
            Some("not valid for name"),
        ),
        (
            "localhost",
            "verify-full",
            Some(&theirs),
            Some("UnknownIssuer"),
        ),
        ("localhost", "verify-full", None, Some("UnknownIssuer")),
    ];
    for (host, mode, roots, expected) in table {
        let roots = roots.map_or_else(String::new, |file| format!("&sslrootcert={file}"));
        let url = chat_at(
            &server,
            host,
            &format!("sslmode={mode}{roots}&channel_binding=prefer"),
        );
        let opened = block_on(try_open(&url));
        match (expected, opened) {
            (None, Ok(engine)) => block_on(engine.close()).expect("it ends"),
            (Some(expected), Err(why)) => {
                assert!(why.contains(expected), "{host} {mode} {roots}: {why}");
                assert!(!why.contains("secret"), "{why}");
            }
            (_, opened) => panic!("{host} {mode} {roots}: {:?}", opened.err()),
        }
    }
    // The password is bound to this server's certificate.
    let bound = chat_at(
        &server,
        "127.0.0.1",
        "sslmode=require&channel_binding=require",
    );
    block_on(is_of_use(&bound));
    let all = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'chat'";
    let engine = block_on(open(&chat_at(&server, "127.0.0.1", "")));
    assert_eq!(server.sql("postgres", all), "t", "what can be protected is");
    drop(engine);
    let wrong = chat_at(&server, "127.0.0.1", "sslmode=require").replace("secret", "guess");
    let why = refused(&wrong);
    assert!(why.contains("password authentication failed"), "{why}");
    assert!(!why.contains("guess"), "{why}");
}

#[test]
fn whoever_has_a_certificate_needs_no_password() {
    let authority = Authority::new("ours");
    let server = with_tls(authority.sign(&["localhost"]));
    server.put("data/root.crt", &authority.pem);
    server.set("ssl_ca_file", "root.crt");
    server.put(
        "data/pg_hba.conf",
        "host all postgres 127.0.0.1/32 trust\nhostssl all chat 127.0.0.1/32 cert map=any\n",
    );
    server.put("data/pg_ident.conf", "any /.* chat\n");
    server.sql("postgres", "SELECT pg_reload_conf()");
    let folder = tempfile::tempdir().expect("a folder");
    let (certificate, key) = authority.sign(&["chat"]);
    let file = |name: &str, pem: &str, mode| {
        let path = folder.path().join(name);
        fs::write(&path, pem).expect("a file");
        crate::harness::open_to_all(&path, mode);
        path.display().to_string()
    };
    let certificate = file("certificate", &certificate, 0o644);
    let open_key = file("open_key", &key, 0o644);
    let key = file("key", &key, 0o600);
    let port = server.address().port();
    let url = |key: &str| {
        format!(
            "postgres://chat@localhost:{port}/chat?sslmode=require&sslcert={certificate}&sslkey={key}"
        )
    };
    block_on(is_of_use(&url(&key)));
    let why = refused(&url(&open_key));
    assert_eq!(
        why,
        format!("{open_key}: others may read the key: chmod 600")
    );
}
