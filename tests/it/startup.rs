//! The command line: where the server listens, and what it says when it cannot.

use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::{fs, process};

use tempfile::TempDir;

use crate::harness::{Server, run};

#[test]
fn a_port_of_zero_is_a_free_port_and_is_told() {
    let (one, two) = (Server::start(&[]), Server::start(&[]));
    assert_ne!(one.address().port(), 0);
    assert_ne!(one.address(), two.address());
}

#[test]
fn several_listeners_serve_one_chat() {
    let path = socket_path("several");
    let unix = format!("unix:{}", path.display());
    let server = Server::start(&["--listen", &unix, "--listen", "127.0.0.2:0"]);
    server.expect_log(&format!("listening on {unix}"));
    let port = server.listening("127.0.0.2:");
    let mut ann = server.client("ann");
    let mut ben = server.unix_client("ben", &path);
    let mut cat = server.client_at(
        "cat",
        format!("127.0.0.2:{port}").parse().expect("an address"),
    );
    for client in [&mut ann, &mut ben, &mut cat] {
        client.expect("anon> ");
        client.login();
        client.create("1150");
        client.join("1150");
    }
    cat.say("hello all");
    for client in [&mut ann, &mut ben] {
        client.expect("[HH:MM:SS] cat: hello all\n");
    }
    let _ = fs::remove_file(path);
}

#[test]
fn the_address_of_all_interfaces_takes_ipv4_and_ipv6() {
    let server = Server::start(&["--listen", "[::]:0"]);
    let port = server.listening("[::]:");
    for address in ["127.0.0.1", "[::1]"] {
        let address = format!("{address}:{port}").parse().expect("an address");
        server.client_at("either", address).expect("anon> ");
    }
}

#[test]
fn a_listener_that_cannot_be_is_one_clear_line_and_an_exit_code() {
    let holder = TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = holder.local_addr().expect("an address").to_string();
    let path = socket_path("in-use");
    let _in_use = UnixListener::bind(&path).expect("a socket");
    let unix_in_use = format!("unix:{}", path.display());
    let cases = [
        ("a port in use", taken.as_str(), 1),
        ("no address", "nonsense", 2),
        ("no port", "127.0.0.1", 2),
        ("a port out of range", "127.0.0.1:99999", 2),
        ("an address that is not ours", "192.0.2.1:0", 1),
        ("a socket path in use", unix_in_use.as_str(), 1),
        ("a socket in no folder", "unix:/nowhere/at/all/socket", 1),
    ];
    for (what, address, code) in cases {
        let output = run(&["--listen", address]);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{what}: {stderr}");
        assert_eq!(stderr.trim().lines().count(), 1, "{what}: {stderr}");
        let named = address.strip_prefix("unix:").unwrap_or(address);
        assert!(
            stderr.contains(named),
            "{what} does not say which: {stderr}"
        );
        assert!(!stderr.contains("panicked"), "{what}: {stderr}");
    }
    let _ = fs::remove_file(path);
}

#[test]
fn a_value_that_makes_no_sense_is_refused_at_the_start() {
    let cases: &[&[&str]] = &[
        &["--rate", "fast"],
        &["--max-connections", "-1"],
        &["--timezone", "Mars/Olympus_Mons"],
        &["--log", "loudly"],
        &["--no-such-option"],
    ];
    for args in cases {
        let output = run(&[&["--listen", "127.0.0.1:0"], *args].concat());
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {stderr}");
        assert!(
            !stderr.trim().is_empty() && !stderr.contains("panicked"),
            "{args:?}: {stderr}"
        );
    }
}

#[test]
fn a_unix_socket_path_can_be_used_again_after_a_clean_stop() {
    let path = socket_path("again");
    let unix = format!("unix:{}", path.display());
    for _ in 0..2 {
        let mut server = Server::start(&["--listen", &unix]);
        server.expect_log(&format!("listening on {unix}"));
        server.unix_client("visitor", &path).expect("anon> ");
        server.signal("TERM");
        assert_eq!(server.expect_exit().code(), Some(0));
    }
    let _ = fs::remove_file(path);
}

#[test]
fn who_may_connect_to_a_unix_socket_is_said_with_its_path() {
    let folder = TempDir::new().expect("a directory");
    let group = fs::metadata(folder.path()).expect("it is there").gid();
    let ours = format!(",mode=606,group={group}");
    for (name, options, mode) in [("as-it-is", "", 0o660), ("ours", &ours, 0o606)] {
        let path = folder.path().join(name);
        let server = Server::start(&["--listen", &format!("unix:{}{options}", path.display())]);
        server.expect_log(&format!("listening on unix:{}\n", path.display()));
        let made = fs::metadata(&path).expect("a socket");
        assert_eq!(made.mode() & 0o777, mode, "{name}");
        assert_eq!(made.gid(), group, "{name}");
        server.unix_client("visitor", &path).expect("anon> ");
    }
    let path = folder.path().join("refused");
    let output = run(&[
        "--listen",
        &format!("unix:{},group=no-such-group", path.display()),
    ]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("there is no group no-such-group"), "{told}");
    assert!(!path.exists());
}

#[test]
fn every_connection_is_logged_once_when_it_opens_and_once_when_it_closes() {
    let mut server = Server::start(&["--log", "info"]);
    let before = server.log().lines().count();
    for _ in 0..20 {
        let mut client = server.client("visitor");
        client.line("5");
        client.expect_eof();
    }
    server.signal("TERM");
    server.expect_exit();
    let lines = server.log().lines().count() - before;
    // A few more for the stop itself.
    assert!(
        (40..=44).contains(&lines),
        "{lines} lines:\n{}",
        server.log()
    );
}

/// A path for a socket, unused by any other test or run.
fn socket_path(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("parlor-{name}-{}.sock", process::id()));
    let _ = fs::remove_file(&path);
    path
}
