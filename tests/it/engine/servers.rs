//! What the other tests stand on: servers that can be killed, stopped and promoted, and that are gone with their test.

use crate::harness::postgres::{PostgresServer, shared_postgres};

#[test]
fn each_test_has_a_database_of_its_own_on_one_server() {
    let server = shared_postgres();
    let (one, other) = (server.database(), server.database());
    assert_ne!(one, other);
    server.sql(&one, "CREATE TABLE mine (n int)");
    assert!(server.try_sql(&other, "SELECT * FROM mine").is_err());
    assert_eq!(server.sql(&one, "SHOW fsync"), "on");
}

#[test]
fn what_was_committed_is_there_after_a_kill_and_the_port_is_the_same() {
    let server = PostgresServer::start();
    let database = server.database();
    server.sql(&database, "CREATE TABLE t AS SELECT 7 AS n");
    server.kill();
    assert!(server.try_sql(&database, "SELECT n FROM t").is_err());
    server.start_again();
    assert_eq!(server.sql(&database, "SELECT n FROM t"), "7");
    server.stop();
    server.start_again();
    assert_eq!(server.sql(&database, "SELECT n FROM t"), "7");
}

#[test]
fn a_server_that_is_stopped_goes_on_later() {
    let server = PostgresServer::start();
    server.pause();
    let mut asked = server
        .client("psql", "postgres")
        .args(["-XAtq", "-c", "SELECT 1"])
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("psql is there");
    // It is connected, since the kernel does that, and gets no answer.
    assert!(asked.try_wait().expect("it is our child").is_none());
    server.resume();
    assert!(asked.wait().expect("it is our child").success());
}

#[test]
fn a_standby_has_what_was_acknowledged_and_can_be_promoted() {
    let primary = PostgresServer::start();
    let standby = primary.standby("other");
    primary.wait_for_standby("other");
    primary.sql("postgres", "CREATE TABLE t AS SELECT 7 AS n");
    primary.kill();
    standby.promote();
    assert_eq!(standby.sql("postgres", "SELECT n FROM t"), "7");
    // It waits for nobody.
    standby.sql("postgres", "INSERT INTO t VALUES (8)");
}

#[test]
fn a_server_is_gone_with_its_folder_when_nobody_needs_it_any_more() {
    let server = PostgresServer::start();
    let (folder, address) = (server.folder().to_owned(), server.address());
    drop(server);
    assert!(!folder.exists());
    assert!(std::net::TcpStream::connect(address).is_err());
}
