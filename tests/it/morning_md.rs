//! Runs the commands of `docs/morning.md`, with a real sshd as docs/ssh.md sets it up. That needs root.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::Instant;

use rustix::process::geteuid;
use tempfile::TempDir;

use crate::harness::{
    CHAT, PROGRAM, Tape, make_key, open_to_all, own_address, program, run_document, start_sshd,
};

const DOCUMENT: &str = include_str!("../../docs/morning.md");

#[test]
fn a_morning_as_an_operator_goes_as_the_document_says() {
    if !geteuid().is_root() {
        eprintln!("not tried: sshd lets another user in only as root");
        return;
    }
    let (folder, programs) = (TempDir::new(), TempDir::new());
    let (folder, programs) = (folder.expect("a directory"), programs.expect("a directory"));
    open_to_all(folder.path(), 0o755);
    fs::copy(PROGRAM, folder.path().join("parlor")).expect("there is space");
    let address = own_address(22);
    let tape = Tape::new("sshd", Instant::now());
    let _sshd = start_sshd(tape, folder.path(), address);
    let nc = program("nc.openbsd", "netcat-openbsd");
    let openssl = program("openssl", "openssl");
    for (program, name) in [(PROGRAM, "parlor"), (&nc, "nc"), (&openssl, "openssl")] {
        symlink(program, programs.path().join(name)).expect("a link");
    }
    let key = folder.path().join("id");
    make_key(&key);
    let ssh = format!(
        "#!/bin/sh\nexec {} -F none -o HostName={} -o Port={} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
         -o LogLevel=ERROR -o IdentityAgent=none -o BatchMode=yes -i {} \"$@\"\n",
        program("ssh", "openssh-client"),
        address.ip(),
        address.port(),
        key.display(),
    );
    script(&programs.path().join("ssh"), &ssh);
    // The user of the document, who is known to sshd alone here.
    let document = DOCUMENT.replace("keys:chat", &format!("keys:{CHAT}"));
    let commands = run_document(&document, folder.path(), programs.path());
    assert!(commands > 15, "only {commands} commands");
}

fn script(path: &Path, text: &str) {
    fs::write(path, text).expect("a file");
    fs::set_permissions(path, Permissions::from_mode(0o755)).expect("it is ours");
}
