//! What `docs/cluster.md` says: its blocks are used as they stand, with other names and places, and the tests that it names are
//! there.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::stage::{Person, ROOM, expect_same, node, stored, while_talking};
use crate::harness::postgres::{PostgresServer, shared_postgres};
use crate::harness::{Helper, PROGRAM, Server, eventually, own_address, program, stdout};

const DOCUMENT: &str = include_str!("../../../docs/cluster.md");

/// The block of this kind that begins with these words.
fn block(kind: &str, begins: &str) -> &'static str {
    let fence = format!("```{kind}\n");
    let mut blocks = DOCUMENT
        .split(&fence)
        .skip(1)
        .map(|block| block.split("```").next().expect("a block ends"));
    let block = blocks.find(|block| block.starts_with(begins));
    block.unwrap_or_else(|| panic!("no block of {kind} begins with {begins}"))
}

/// Puts words in place of others, each of which has to be there.
fn replaced(text: &str, words: &[(&str, &str)]) -> String {
    let mut text = text.to_owned();
    for (old, new) in words {
        assert!(text.contains(old), "{old} is not in {text}");
        text = text.replace(old, new);
    }
    text
}

#[test]
fn every_promise_names_a_test_that_there_is() {
    let links = |text: &'static str| text.split("](").skip(1);
    let links = |text| links(text).filter_map(|link| link.split(')').next());
    let rows = DOCUMENT
        .lines()
        .skip_while(|row| !row.starts_with("| When "));
    for row in rows.skip(2).take_while(|row| row.starts_with('|')) {
        assert!(links(row).count() > 0, "a promise without a test: {row}");
    }
    let mut names = 0;
    for link in links(DOCUMENT) {
        if let Some((path, name)) = link.split_once('#').filter(|_| link.contains("/tests/")) {
            let file = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("docs")
                .join(path);
            let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{link}: {error}"));
            let test = format!("#[test]\nfn {name}()");
            assert!(text.contains(&test), "there is no test {name} in {path}");
            names += 1;
        }
    }
    assert!(names >= 12, "only {names}");
}

/// The primary and its standby, as the document says.
fn database() -> (PostgresServer, PostgresServer) {
    let settings = block("ini", "# postgresql.conf\n").lines().skip(1);
    let settings: Vec<(&str, &str)> = settings
        .map(|line| line.split_once(" = ").expect(line))
        .map(|(name, value)| (name, value.trim_matches('\'')))
        .collect();
    let primary = PostgresServer::start_with(&settings);
    let rules = block("text", "# pg_hba.conf\n");
    let rules = replaced(rules, &[("10.0.0.0/24", "127.0.0.1/32")]);
    // The superuser is the test.
    let rules = format!("host all postgres 127.0.0.1/32 trust\n{rules}");
    fs::write(primary.data().join("pg_hba.conf"), rules).expect("it is ours");
    primary.sql("postgres", "SELECT pg_reload_conf()");
    let run = |sql: &str| {
        let statements = sql.split_terminator(";\n");
        statements.for_each(|statement| drop(primary.sql("postgres", statement)));
    };
    run(block("sql", "CREATE ROLE parlor"));
    let port = format!("host=127.0.0.1 port={}", primary.address().port());
    let copy = replaced(
        block("sh", "pg_basebackup"),
        &[("host=db1", &port), (" -D \"$PGDATA\"", "")],
    );
    let (words, connection) = copy.split_once('"').expect("it is in quotes");
    let connection = connection.trim_end().trim_end_matches('"');
    let words: Vec<&str> = words.split_whitespace().chain([connection]).collect();
    let standby = primary.standby_by("db2", &words);
    run(block("sql", "ALTER SYSTEM"));
    // The same once more, and waits until it is so.
    primary.wait_for_standby("db2");
    (primary, standby)
}

/// Nodes as the document says, each with its own address.
fn nodes(
    folder: &Path,
    primary: &PostgresServer,
    standby: &PostgresServer,
) -> Vec<(Server, SocketAddr)> {
    let hosts = format!("@{},{}/", primary.address(), standby.address());
    let config = replaced(
        block("toml", "# /etc/parlor/parlor.toml\n"),
        &[
            ("@db1,db2/", &hosts),
            (
                "\"proxy+[::]:50007\"",
                "\"127.0.0.1:0\", \"proxy+127.0.0.1:0\"",
            ),
            ("10.0.0.0/24", "127.0.0.1"),
            ("127.0.0.1:50080", "127.0.0.1:0"),
        ],
    );
    let file = folder.join("parlor.toml");
    fs::write(&file, config).expect("a file");
    let start = |_| {
        let mut command = Command::new(PROGRAM);
        command
            .env("PGPASSWORD", "a long password")
            .arg("--config")
            .arg(&file);
        command.args(["--rate", "0", "--notice-delay", "0", "--linger", "0"]);
        let node = Server::start_by(&mut command);
        let port = node.listening("proxy+127.0.0.1:");
        (node, SocketAddr::from(([127, 0, 0, 1], port)))
    };
    (0..3).map(start).collect()
}

#[test]
fn three_nodes_behind_haproxy_are_set_up_as_the_document_says_and_survive_their_primary() {
    let folder = TempDir::new().expect("a directory");
    let (primary, standby) = database();
    let mut nodes = nodes(folder.path(), &primary, &standby);
    let front = own_address(50006);
    let config = replaced(
        block("text", "# haproxy.cfg\n"),
        &[
            ("chat1:50007", &nodes[0].1.to_string()),
            ("chat2:50007", &nodes[1].1.to_string()),
            ("chat3:50007", &nodes[2].1.to_string()),
            ("bind :50006", &format!("bind {front}")),
        ],
    );
    let file = folder.path().join("haproxy.cfg");
    fs::write(&file, config).expect("a file");
    let mut command = Command::new(program("haproxy", "haproxy"));
    command.args(["-W", "-f"]).arg(&file);
    let tape = nodes[0].0.tape("haproxy");
    let _haproxy = Helper::start(tape, &mut command, "Loading success.");

    // The fewest connections: one to each node.
    let mut people: Vec<Person> = ["ann", "ben", "cid"]
        .iter()
        .map(|name| Person::join_at(&nodes[0].0, front, name))
        .collect();
    for (node, _) in &nodes {
        node.expect_log(" connected ");
    }
    people[0].client.say("hello");
    people
        .iter_mut()
        .for_each(|person| person.hears("ann", "hello"));

    primary.kill();
    standby.promote();
    while people[0].shown().len() < 2 {
        people[0].speak(1);
    }
    let last = people[0].shown().pop().expect("it was shown");
    people
        .iter_mut()
        .for_each(|person| person.hears("ann", &last));

    // Whose node is gone calls again, and comes to another.
    drop(nodes.remove(2));
    let mut dan = Person::join_at(&nodes[0].0, front, "dan");
    assert!(
        dan.heard()
            .iter()
            .any(|(who, text)| who == "ann" && *text == last),
        "{ROOM}: {:?}",
        dan.rows()
    );
}

#[test]
fn what_is_moved_into_a_database_and_back_is_the_same() {
    let folder = TempDir::new().expect("a directory");
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (before, after, lines) = (file("chat.db"), file("back.db"), file("lines.jsonl"));
    let server = Server::start(&["--data", &before]);
    let mut ann = Person::join(&server, "ann");
    ann.client.say("hello");
    ann.client.line("\\topic of old times");
    ann.client.expect("set the topic");
    ann.client.line("\\ban eve");
    ann.client.expect("was banned");
    server.stop();
    let export = |data: &str| stdout(&["export", "--data", data, "--format", "jsonl"]);
    let text = export(&before);
    fs::write(&lines, &text).expect("a file");
    let url = shared_postgres().fresh();
    stdout(&["import", "--data", &url, &lines]);
    // Somebody is there meanwhile, as on any other day.
    let node = node(&url, "a", &[]);
    let mut ben = Person::join(&node, "ben");
    assert_eq!(ben.heard(), [("ann".to_owned(), "hello".to_owned())]);
    let moved = export(&url);
    node.stop();
    fs::write(&lines, &moved).expect("a file");
    stdout(&["import", "--data", &after, &lines]);
    for there in [moved, export(&after)] {
        assert_eq!(there, text);
    }
}

#[test]
fn a_dump_that_was_made_while_people_talk_is_a_whole_chat() {
    let postgres = shared_postgres();
    let (database, restored) = (postgres.database(), postgres.database());
    let folder = TempDir::new().expect("a directory");
    let dump = folder.path().join("dump");
    let nodes = ["a", "b"].map(|name| node(&postgres.url(&database), name, &[]));
    let mut speakers = [
        Person::join(&nodes[0], "ann"),
        Person::join(&nodes[1], "ben"),
    ];
    let ((), _) = while_talking(&mut speakers, 10, || {
        speak_up(&postgres.url(&database), 200);
        let made = postgres
            .client("pg_dump", &database)
            .arg("-Fc")
            .arg("-f")
            .arg(&dump)
            .status();
        assert!(made.is_ok_and(|status| status.success()));
        speak_up(&postgres.url(&database), 400);
    });
    drop(nodes);
    let put = postgres
        .client("pg_restore", &restored)
        .arg("-d")
        .arg(&restored)
        .arg(&dump)
        .status();
    assert!(put.is_ok_and(|status| status.success()));
    let (all, then) = (
        stored(&postgres.url(&database)),
        stored(&postgres.url(&restored)),
    );
    assert!(
        then.len() >= 200 && then.len() < all.len(),
        "{} of {}",
        then.len(),
        all.len()
    );
    expect_same(
        "what was dumped and what was said first",
        &then,
        &all[..then.len()],
    );
    let node = node(&postgres.url(&restored), "c", &[]);
    let mut cat = Person::join(&node, "cat");
    cat.client.say("on from here");
    assert_eq!(stored(&postgres.url(&restored)).len(), then.len() + 1);
}

/// Waits until so many lines are stored.
fn speak_up(url: &str, lines: usize) {
    eventually("people talk", || stored(url).len() >= lines);
}
