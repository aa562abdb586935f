//! The file of `--config`, the environment, and `parlor config`.

use std::fs;
use std::os::unix::fs::chown;
use std::process::Command;

use rustix::process::geteuid;
use tempfile::TempDir;

use crate::harness::{PROGRAM, Server, run};

#[test]
fn a_server_goes_by_its_file() {
    let folder = TempDir::new().expect("a directory");
    let path = folder.path().join("parlor.toml");
    fs::write(&path, "name = \"The Lounge\"\nmax_rooms = 1\n").expect("a file");
    let server = Server::start(&["--config", path.to_str().expect("text")]);
    let mut ann = server.client("ann");
    ann.expect("The Lounge");
    ann.login();
    ann.create("1150");
    ann.line("1");
    ann.line("1151");
    ann.expect("limit: 1");
}

#[test]
fn a_configuration_that_makes_no_sense_ends_with_code_78_and_says_where() {
    let folder = TempDir::new().expect("a directory");
    let path = folder.path().join("parlor.toml");
    fs::write(&path, "# ours\nmax_rooms = 1\nmax_romms = 2\n").expect("a file");
    let path = path.to_str().expect("text");
    let told = format!("{path}:3:1: there is no key max_romms; is max_rooms meant?\n");
    for arguments in [
        &["--config", path] as &[&str],
        &["config", "--check", "--config", path],
        &["config", "--config", path],
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(78), "{arguments:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), told);
        assert!(output.stdout.is_empty());
    }
    let usage = run(&["config", "--check", "--history", "2000"]);
    assert_eq!(usage.status.code(), Some(2));
    let checked = run(&["config", "--check", "--history", "20"]);
    assert_eq!(checked.status.code(), Some(0));
    assert!(checked.stdout.is_empty() && checked.stderr.is_empty());
}

#[test]
fn a_variable_counts_and_one_that_is_none_is_doubted() {
    let output = Command::new(PROGRAM)
        .arg("config")
        .env("PARLOR_RATE", "7")
        .env("PARLOR_RATTE", "8")
        .output()
        .expect("it runs");
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    let rate = out.lines().find(|line| line.contains("PARLOR_RATE"));
    let rate = rate.expect("where the rate comes from");
    assert!(rate.starts_with("rate_lines_per_second = 7 "), "{rate}");
    let doubt = "parlor: the variable PARLOR_RATTE is no option; is PARLOR_RATE meant?\n";
    assert_eq!((err.as_ref(), output.status.code()), (doubt, Some(0)));
}

#[test]
fn a_file_of_somebody_else_is_refused() {
    if !geteuid().is_root() {
        // Only root can make one; whoever else runs this checks `config::file`'s own test.
        return;
    }
    let folder = TempDir::new().expect("a directory");
    let path = folder.path().join("parlor.toml");
    fs::write(&path, "max_rooms = 1\n").expect("a file");
    chown(&path, Some(1234), None).expect("we are root");
    let output = run(&["--config", path.to_str().expect("text")]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(78), "{told}");
    assert!(
        told.contains("parlor.toml: it belongs to user 1234"),
        "{told}"
    );
}
