//! packaging/apparmor: the profile is one, and the unit names it. Whether a kernel that goes by it lets the server work is
//! not tried here.

use std::fs;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::harness::program;

const PACKAGING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging");

/// Compiles a profile, without asking the kernel or keeping anything.
fn compile(path: &str) -> Output {
    Command::new(program("apparmor_parser", "apparmor"))
        .args(["--skip-kernel-load", "--skip-cache", "--stdout", path])
        .output()
        .expect("apparmor_parser runs")
}

#[test]
fn the_profile_compiles() {
    let compiled = compile(&format!("{PACKAGING}/apparmor/parlor"));
    let told = String::from_utf8_lossy(&compiled.stderr);
    assert!(compiled.status.success(), "{told}");
    assert!(!told.contains("Warning"), "{told}");
    assert!(compiled.stdout.len() > 1000, "{}", compiled.stdout.len());
    // It does look.
    let folder = TempDir::new().expect("a directory");
    let wrong = folder.path().join("parlor");
    fs::write(&wrong, "profile parlor { /etc/passwd q, }\n").expect("a file");
    assert!(!compile(&wrong.to_string_lossy()).status.success());
}

#[test]
fn the_unit_names_the_profile_and_what_it_is_for_is_in_it() {
    let unit = fs::read_to_string(format!("{PACKAGING}/systemd/parlor.service")).expect("a unit");
    assert!(unit.contains("\nAppArmorProfile=-parlor\n"), "{unit}");
    let profile = fs::read_to_string(format!("{PACKAGING}/apparmor/parlor")).expect("a profile");
    assert!(profile.contains("\nprofile parlor flags="), "{profile}");
    // What the unit starts, and where it keeps things.
    for (setting, rules) in [
        ("ExecStart=/usr/bin/parlor ", "  /{,usr/}bin/parlor mr,\n"),
        ("ExecReload=/bin/kill ", "  /{,usr/}bin/kill mr,\n"),
        ("--config /etc/parlor/parlor.toml", "  /etc/parlor/** r,\n"),
        (
            "StateDirectory=parlor\n",
            "  owner /var/lib/parlor/** rwk,\n",
        ),
        (
            "RuntimeDirectory=parlor\n",
            "  owner @{run}/parlor/** rw,\n",
        ),
        ("Type=notify\n", "  @{run}/systemd/notify w,\n"),
    ] {
        assert!(unit.contains(setting), "{setting} is not in\n{unit}");
        assert!(profile.contains(rules), "{rules} is not in\n{profile}");
    }
}
