//! The disk is full: whoever says something is told, nobody sees what is not stored, all else goes on. Where the
//! file may not be written the server does not start, and says what is in the way.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::TempDir;

use crate::harness::{Server, room_with, run, run_as_anybody};

const NOT_SENT: &str = "Not sent: the server cannot store messages right now.\n";

#[test]
fn on_a_full_disk_lines_are_refused_and_all_else_goes_on() {
    let folder = TempDir::new().expect("a directory");
    let file = folder.path().join("chat.db");
    let data = file.to_string_lossy();
    let mut server = Server::start(&["--data", &data, "--rate", "0", "--timezone", "UTC"]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    ann.say("before");
    ben.expect("] ann: before\nben> ");

    server.limit_files(Some(0));
    for text in ["lost 1", "lost 2"] {
        ann.line(text);
        ann.expect_next(&format!("{NOT_SENT}ann> "));
    }
    // Several at once are refused each.
    ben.send("lost 3\nlost 4\n");
    ben.expect_next(NOT_SENT);
    ben.expect(NOT_SENT);
    ben.expect("ben> ");
    let mut cat = server.client("cat");
    cat.login();
    cat.line("1\nnew");
    cat.expect("Create room new failed. The server cannot store it right now.");
    let view = cat.join("1150");
    assert!(
        view.contains("] ann: before\n") && !view.contains("lost"),
        "{view}"
    );
    for client in [&mut ann, &mut ben] {
        client.expect_next(&format!("\n* cat joined\n{}", client.prompt()));
    }
    ben.line("\\history");
    ben.expect("] ann: before\n");
    ben.line("\\who");
    ben.expect("3 in room 1150: ");
    ben.expect("ben> ");

    server.limit_files(None);
    ann.line("after");
    ann.expect_next("[HH:MM:SS] ann: after\nann> ");
    for client in [&mut ben, &mut cat] {
        client.expect_next(&format!("\n[HH:MM:SS] ann: after\n{}", client.prompt()));
    }
    server.expect_log("can store messages again");
    let log = server.log();
    let said = |words| log.matches(words).count();
    assert_eq!(said("cannot store messages"), 1, "{log}");
    assert_eq!(said("can store messages again"), 1, "{log}");
    assert!(log.contains("lines_refused=4"), "{log}");
    assert!(!log.contains("lost"), "{log}");

    server.signal("TERM");
    assert!(server.expect_exit().success());
    let tool = |name| run(&[name, "--data", &data]);
    assert!(tool("check").status.success());
    let export = String::from_utf8(tool("export").stdout).expect("UTF-8");
    let texts: Vec<_> = export
        .lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(_, text)| text)
        .collect();
    assert_eq!(texts, ["before", "after"], "{export}");
}

/// Makes an empty database, and gives what is in the file.
fn make(file: &Path) -> Vec<u8> {
    let made = run(&["import", "--data", &file.to_string_lossy(), "/dev/null"]);
    assert!(made.status.success());
    fs::read(file).expect("a file")
}

#[test]
fn a_file_that_cannot_be_written_is_one_clear_line_and_left_as_it_is() {
    let folder = TempDir::new().expect("a directory");
    let file = folder.path().join("chat.db");
    let data = file.to_string_lossy();
    let content = make(&file);

    set_mode(&file, 0o444);
    for args in [
        &["--listen", "127.0.0.1:0", "--data", &data][..],
        &["import", "--data", &data, "/dev/null"],
    ] {
        let told = refused(args);
        assert!(
            told.contains("chat.db: it cannot be written to: "),
            "{told}"
        );
        assert_eq!(fs::read(&file).expect("a file"), content);
    }
    // Reading it is another matter.
    assert!(run_as_anybody(&["check", "--data", &data]).status.success());
}

#[test]
fn a_directory_in_which_nothing_can_be_made_is_one_clear_line() {
    let folder = TempDir::new().expect("a directory");
    let file = folder.path().join("chat.db");
    let data = file.to_string_lossy();
    let content = make(&file);
    let missing = folder.path().join("missing.db");
    let missing = missing.to_string_lossy();

    set_mode(folder.path(), 0o555);
    for args in [
        &["--listen", "127.0.0.1:0", "--data", &data][..],
        &["--listen", "127.0.0.1:0", "--data", &missing],
        &["import", "--data", &data, "/dev/null"],
        &["import", "--data", &missing, "/dev/null"],
        &["export", "--data", &data],
    ] {
        let told = refused(args);
        let words =
            ".db: no files can be created in its directory, as is needed while it is in use: ";
        assert!(told.contains(words), "{args:?}: {told}");
    }
    set_mode(folder.path(), 0o755);
    assert_eq!(fs::read(&file).expect("a file"), content);
    let there: Vec<_> = fs::read_dir(folder.path()).expect("a directory").collect();
    assert_eq!(there.len(), 1, "{there:?}");
}

/// What the program says when it refuses `args`: one line, with code 1.
fn refused(args: &[&str]) -> String {
    let output = run_as_anybody(args);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{args:?}: {told}");
    assert_eq!(told.trim().lines().count(), 1, "{args:?}: {told}");
    assert!(told.starts_with("parlor: "), "{args:?}: {told}");
    told
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("it is ours");
}
