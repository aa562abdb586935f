//! The files of a server: who can read them, that one server has them, that what was said is in them after every end,
//! and that a backup takes their place whole or not at all.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::harness::{Server, eventually, room_with, run};

/// A directory, and the path of `chat.db` in it.
fn place() -> (TempDir, PathBuf) {
    let folder = TempDir::new().expect("a directory");
    let file = folder.path().join("chat.db");
    (folder, file)
}

fn start(file: &Path) -> Server {
    Server::start(&["--data", &file.to_string_lossy(), "--rate", "0"])
}

/// Ann says each of `texts` in room 1150, and has seen it before the next.
fn say(server: &Server, texts: &[&str]) {
    let [mut ann] = room_with(server, "1150", ["ann"]);
    for text in texts {
        ann.say(text);
    }
}

/// What was said, by the file alone: what lies beside it is left out, as if it had been lost. `None` if the file alone
/// is none, or is being written to.
fn said_in(file: &Path) -> Option<Vec<String>> {
    let alone = TempDir::new().expect("a directory");
    let copy = alone.path().join("alone.db");
    fs::copy(file, &copy).expect("a copy");
    said(&copy).ok()
}

/// What was said, by the file with what lies beside it.
fn said(file: &Path) -> Result<Vec<String>, String> {
    let output = run(&["export", "--data", &file.to_string_lossy()]);
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let texts = text.lines().filter_map(|line| line.split_once(" ann: "));
    Ok(texts.map(|(_, text)| text.to_owned()).collect())
}

/// Runs a tool that is to refuse, and gives its one line.
fn refused(args: &[&str]) -> String {
    let output = run(args);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{args:?}: {told}");
    assert_eq!(told.trim().lines().count(), 1, "{args:?}: {told}");
    told
}

fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("line {number}")).collect()
}

#[test]
fn nobody_but_the_owner_of_a_file_reads_it_or_what_lies_beside_it() {
    let (folder, file) = place();
    let server = start(&file);
    say(&server, &["hello"]);
    let copy = folder.path().join("copy.db");
    let backup = [
        "backup",
        "--data",
        &file.to_string_lossy(),
        &copy.to_string_lossy(),
    ];
    assert!(run(&backup).status.success());
    let imported = folder.path().join("imported.db");
    let import = ["import", "--data", &imported.to_string_lossy(), "/dev/null"];
    assert!(run(&import).status.success());
    let mut names = Vec::new();
    for found in fs::read_dir(folder.path()).expect("a directory") {
        let found = found.expect("an entry");
        let name = found.file_name().to_string_lossy().into_owned();
        let mode = found.metadata().expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
        names.push(name);
    }
    for name in [
        "chat.db",
        "chat.db-lock",
        "chat.db-wal",
        "chat.db-index",
        "copy.db",
        "imported.db",
    ] {
        assert!(names.iter().any(|it| it == name), "{name}: {names:?}");
    }
}

#[test]
fn a_second_server_is_refused_by_whatever_name_it_is_given_the_file() {
    let (folder, file) = place();
    let server = start(&file);
    say(&server, &["hello"]);
    let (hard, soft) = (folder.path().join("hard.db"), folder.path().join("soft.db"));
    fs::hard_link(&file, &hard).expect("a link");
    std::os::unix::fs::symlink(&file, &soft).expect("a link");
    for name in [&file, &hard, &soft] {
        let told = refused(&["--listen", "127.0.0.1:0", "--data", &name.to_string_lossy()]);
        assert!(told.contains("another server is using it"), "{told}");
    }
    server.stop();
    // The next one may, by any of them.
    let server = start(&hard);
    say(&server, &["again"]);
    server.stop();
    assert_eq!(said(&file).expect("an export"), ["hello", "again"]);
}

#[test]
fn a_second_after_the_last_line_all_are_in_the_file_alone() {
    let (_folder, file) = place();
    let mut server = start(&file);
    say(&server, &["first of all", "and second"]);
    eventually("the file alone has all lines", || {
        said_in(&file).is_some_and(|said| said == ["first of all", "and second"])
    });
    server.signal("KILL");
    server.expect_exit();
    assert_eq!(
        said_in(&file).expect("a whole file"),
        ["first of all", "and second"]
    );
}

/// A server in which 100 lines were said, and whose file was then moved: the lines, and where it is now.
fn said_and_moved(file: &Path) -> (Server, Vec<String>, PathBuf) {
    let server = start(file);
    let texts = numbered(100);
    let lines: Vec<&str> = texts.iter().map(String::as_str).collect();
    say(&server, &lines);
    let moved = file.with_file_name("moved.db");
    fs::rename(file, &moved).expect("moved");
    (server, texts, moved)
}

#[test]
fn a_file_that_is_moved_away_takes_along_all_that_was_said() {
    let (_folder, file) = place();
    let (server, texts, moved) = said_and_moved(&file);
    // Nothing is said any more that would be lost.
    let mut ann = server.client("ann");
    ann.login();
    ann.join("1150");
    ann.line("lost");
    ann.expect("Not sent: the server cannot store messages right now.");
    server.stop();
    assert_eq!(said_in(&moved).expect("a whole file"), texts);
}

#[test]
fn a_file_that_is_moved_away_before_a_stop_takes_along_all_that_was_said() {
    let (_folder, file) = place();
    let (server, texts, moved) = said_and_moved(&file);
    server.stop();
    assert_eq!(said_in(&moved).expect("a whole file"), texts);
}

#[test]
fn a_damaged_file_is_refused_in_words_and_left_as_it_is() {
    let (_folder, file) = place();
    let server = start(&file);
    say(&server, &["hello"]);
    server.stop();
    let mut content = fs::read(&file).expect("a file");
    for page in content.chunks_mut(4096).skip(1) {
        page[0] ^= 0xFF;
    }
    fs::write(&file, &content).expect("written");
    let told = refused(&["--listen", "127.0.0.1:0", "--data", &file.to_string_lossy()]);
    assert!(told.contains("chat.db: the file is damaged: "), "{told}");
    assert_eq!(fs::read(&file).expect("a file"), content);
}

#[test]
fn a_backup_takes_the_place_of_the_file_and_what_was_there_is_kept() {
    let (folder, file) = place();
    let data = file.to_string_lossy();
    let backup = folder.path().join("backup.db");
    let backup = backup.to_string_lossy();
    let restore = ["restore", &backup, "--data", &data];

    let mut server = start(&file);
    say(&server, &["old"]);
    assert!(run(&["backup", "--data", &data, &backup]).status.success());
    say(&server, &["new"]);
    let told = refused(&restore);
    assert!(told.contains("another server is using it"), "{told}");
    // A log stays behind, which belongs to the file of now and would spoil another.
    server.signal("KILL");
    server.expect_exit();
    let log = folder.path().join("chat.db-wal");
    assert!(log.exists());

    let output = run(&restore);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    assert!(!log.exists(), "{told}");
    assert_eq!(said(&file).expect("an export"), ["old"]);
    assert!(run(&["check", "--data", &data]).status.success());
    let kept = folder.path().join("chat.db.replaced-1");
    assert!(told.contains("chat.db.replaced-1"), "{told}");
    assert_eq!(said(&kept).expect("an export"), ["old", "new"]);
    let mode = fs::metadata(&file).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    // The search knows what is in the backup, and nothing else.
    let server = start(&file);
    let mut ann = server.client("ann");
    ann.login();
    ann.join("1150");
    for (word, answer) in [("old", "] ann: old\n"), ("new", "Nobody has said")] {
        ann.line(format!("\\search {word}"));
        ann.expect(answer);
    }
    // What was replaced is another file, and can be put back.
    server.stop();
    let back = ["restore", &kept.to_string_lossy(), "--data", &data];
    assert!(run(&back).status.success());
    assert_eq!(said(&file).expect("an export"), ["old", "new"]);
}

#[test]
fn what_is_no_backup_takes_the_place_of_nothing() {
    let (folder, file) = place();
    let data = file.to_string_lossy();
    let server = start(&file);
    say(&server, &["hello"]);
    server.stop();
    let before = fs::read(&file).expect("a file");
    let damaged = folder.path().join("damaged.db");
    let mut content = before.clone();
    for page in content.chunks_mut(4096).skip(1) {
        page[0] ^= 0xFF;
    }
    fs::write(&damaged, content).expect("written");
    let foreign = folder.path().join("foreign.db");
    fs::write(&foreign, "Dear diary, ".repeat(100)).expect("written");
    let none = folder.path().join("none.db");
    for (backup, why) in [
        (&damaged, "the file is damaged"),
        (&foreign, "this is not a file of parlor's"),
        (&none, "No such file"),
        (&file, "from itself"),
    ] {
        let told = refused(&["restore", &backup.to_string_lossy(), "--data", &data]);
        assert!(told.contains(why), "{told}");
        assert_eq!(fs::read(&file).expect("a file"), before);
    }
    // Nor is one made where none was.
    let new = folder.path().join("new.db");
    refused(&[
        "restore",
        &damaged.to_string_lossy(),
        "--data",
        &new.to_string_lossy(),
    ]);
    assert!(!new.exists());
}

#[test]
fn a_file_of_an_earlier_version_is_copied_before_it_is_upgraded() {
    let (folder, file) = place();
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/version-3.db");
    fs::copy(&kept, &file).expect("a copy");
    let server = start(&file);
    server.expect_log("copied before the upgrade");
    server.stop();
    let copy = folder.path().join("chat.db.v3.bak");
    // An earlier program would use it: it has the schema of then.
    let told = refused(&["export", "--data", &copy.to_string_lossy()]);
    assert!(told.contains("schema 3"), "{told}");
    let data = file.to_string_lossy();
    assert!(run(&["check", "--data", &data]).status.success());
    // A backup of that time can be put in place; the next start upgrades it, and keeps another copy.
    let restore = ["restore", &copy.to_string_lossy(), "--data", &data];
    assert!(run(&restore).status.success());
    start(&file).stop();
    assert!(folder.path().join("chat.db.v3-2.bak").exists());
    assert!(run(&["check", "--data", &data]).status.success());
}
