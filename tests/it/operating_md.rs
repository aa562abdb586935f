//! Runs the commands of `docs/operating.md`, so that what operators are told is true.

use std::os::unix::fs::symlink;

use tempfile::TempDir;

use crate::harness::{PROGRAM, program, run_document};

const DOCUMENT: &str = include_str!("../../docs/operating.md");

#[test]
fn what_operators_are_told_to_do_works() {
    let (folder, programs) = (TempDir::new(), TempDir::new());
    let (folder, programs) = (folder.expect("a directory"), programs.expect("a directory"));
    let nc = program("nc.openbsd", "netcat-openbsd");
    for (program, name) in [(PROGRAM, "parlor"), (&nc, "nc")] {
        symlink(program, programs.path().join(name)).expect("a link");
    }
    let commands = run_document(DOCUMENT, folder.path(), programs.path());
    assert!(commands > 20, "only {commands} commands");
}
