//! A real sshd that is set up as docs/ssh.md says.
//!
//! Its users are in files of the test's own, which libnss-wrapper shows to sshd and to nobody else. sshd can let in
//! another user only as root, and so tests with it need root.

use std::fs::{self, Permissions};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use super::helper::Helper;
use super::tape::Tape;
use super::terminal::program;

/// What the document says of `/etc/ssh/sshd_config.d`.
const DOCUMENT: &str = include_str!("../../../docs/ssh.md");

/// Users that this machine need not have.
pub(crate) const CHAT: u32 = 64_801;
pub(crate) const GUEST: u32 = 64_802;

/// Sets the permissions of what the test has made.
pub(crate) fn open_to_all(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("it is ours");
}

/// Makes a key without a passphrase.
pub(crate) fn make_key(file: &Path) {
    let made = Command::new(program("ssh-keygen", "openssh-client"))
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f"])
        .arg(file)
        .status();
    assert!(made.is_ok_and(|status| status.success()));
}

/// The blocks of the document that are for sshd.
fn documented() -> String {
    let blocks = DOCUMENT.split("```text\n").skip(1);
    let blocks = blocks.map(|block| block.split("```").next().expect("a block ends"));
    blocks.collect()
}

/// Starts sshd at `address`, with its files in `folder`, where a copy of the program and the `socket` of a server are too,
/// or will be. What it logs goes to `stderr`.
pub(crate) fn start_sshd(stderr: Arc<Tape>, folder: &Path, address: SocketAddr) -> Helper {
    // As the package's own service does before each start.
    fs::create_dir_all("/run/sshd").expect("root can");
    let file = |name: &str| folder.join(name).display().to_string();
    make_key(&folder.join("host"));
    let passwd = format!(
        "root:x:0:0:root:/root:/bin/sh\nsshd:x:64800:65534::/run/sshd:/usr/sbin/nologin\n\
         nobody:*:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n\
         chat:*:{CHAT}:{CHAT}::/:/bin/sh\nguest::{GUEST}:{GUEST}::/:/bin/sh\n"
    );
    fs::write(file("passwd"), passwd).expect("a file");
    let group =
        format!("root:x:0:\nnogroup:x:65534:\nchat:x:{CHAT}:\nguest:x:{GUEST}:\ntty:x:5:\n");
    fs::write(file("group"), group).expect("a file");
    let own = documented()
        .replace("/usr/bin/parlor", &file("parlor"))
        .replace("/run/parlor/ssh.sock", &file("socket"));
    let config = format!(
        "ListenAddress {address}\nHostKey {}\nPidFile none\nUsePAM no\nLogLevel VERBOSE\nPasswordAuthentication no\n\
         KbdInteractiveAuthentication no\nAcceptEnv LANG LC_*\nSubsystem sftp internal-sftp\n{own}",
        file("host")
    );
    fs::write(file("sshd_config"), config).expect("a file");
    let mut command = Command::new(program("sshd", "openssh-server"));
    command
        .args(["-D", "-e", "-f", &file("sshd_config")])
        .env("LD_PRELOAD", wrapper())
        .env("NSS_WRAPPER_PASSWD", file("passwd"))
        .env("NSS_WRAPPER_GROUP", file("group"));
    Helper::start(stderr, &mut command, "Server listening on ")
}

/// What shows sshd the users of the test.
fn wrapper() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").expect("there are libraries");
    let mut files =
        folders.map(|folder| folder.expect("a folder").path().join("libnss_wrapper.so"));
    files
        .find(|file| file.is_file())
        .expect("this test needs libnss_wrapper.so: apt-get install libnss-wrapper")
}
