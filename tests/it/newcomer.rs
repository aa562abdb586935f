//! Somebody who knows nothing, and does only what the screen says.

use std::process::Command;

use crate::harness::{Server, program};

#[test]
fn a_newcomer_finds_the_way_by_what_the_screen_says() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/newcomer.exp");
    program("nc.openbsd", "netcat-openbsd");
    for [columns, rows] in [["80", "24"], ["40", "12"]] {
        let server = Server::start(&["--notice-delay", "2"]);
        let port = server.address().port().to_string();
        let expect = Command::new(program("expect", "expect"))
            .args([script, "127.0.0.1", &port, columns, rows])
            .output()
            .expect("expect runs");
        assert!(
            expect.status.success(),
            "{columns}x{rows}: {}{}",
            String::from_utf8_lossy(&expect.stdout),
            String::from_utf8_lossy(&expect.stderr)
        );
    }
}
