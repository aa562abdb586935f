//! The disk is full: whoever says something is told, nobody sees what is not stored, all else goes on.

use tempfile::TempDir;

use crate::harness::{Server, room_with, run};

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
