//! What each client does when its input ends, and after `\quit`.

use super::start;
use crate::harness::{
    Caller, GNUTLS, NCAT_SSL, OPENSSL, SOCAT_SSL, TELNET_TLS, piped, room_with, talk, walk_in,
};

/// A whole visit at a terminal: name, room, a word each way, and out, by no key more than that.
fn visit(caller: &Caller) {
    let (server, tls) = start(&[]);
    let [mut host] = room_with(&server, "1150", ["host"]);
    let mut person = caller.start_at(&server, tls);
    walk_in(&mut person, "guest");
    host.expect_next("\n* guest joined\nhost> ");
    talk(&mut host, &mut person, caller.drawing);
    host.line("\\whois guest");
    host.expect("by tls.\n");
    person.line("\\quit");
    person.expect_exit();
    assert!(person.screen().contains("Goodbye."), "{}", person.screen());
    host.expect("* guest left\n");
    server.expect_log("by=\"tls\"");
}

#[test]
fn openssl_at_a_terminal() {
    visit(&OPENSSL);
}

#[test]
fn ncat_at_a_terminal() {
    visit(&NCAT_SSL);
}

#[test]
fn socat_at_a_terminal() {
    visit(&SOCAT_SSL);
}

#[test]
fn gnutls_at_a_terminal() {
    visit(&GNUTLS);
}

#[test]
fn telnet_at_a_terminal_is_in_character_mode() {
    visit(&TELNET_TLS);
}

#[test]
fn a_script_whose_input_ends_has_posted_its_line_and_seen_the_answers() {
    for caller in [&NCAT_SSL, &SOCAT_SSL, &GNUTLS] {
        let (server, tls) = start(&[]);
        let [mut ann] = room_with(&server, "1150", ["ann"]);
        let script = b"4\nbot\n2\n1150\nbuild failed\n";
        let printed = piped(&caller.command(tls), script);
        assert!(
            printed.contains("] bot: build failed"),
            "{} {printed}",
            caller.name
        );
        ann.expect("[HH:MM:SS] bot: build failed\n");
        ann.expect("* bot left\n");
        server.expect_log("reason=end of input");
    }
}

/// It half-closes without a word about the end. Taken for a broken connection, that was three of thirty lost.
#[test]
fn ncat_has_its_answers_thirty_times_of_thirty() {
    let (_server, tls) = start(&[]);
    for count in 1..=30 {
        let script = format!("1\nroom{count}\n2\nroom{count}\nword {count}\n");
        let printed = piped(&NCAT_SSL.command(tls), script.as_bytes());
        assert!(
            printed.contains(&format!("] anon: word {count}")),
            "{printed}"
        );
    }
}

#[test]
fn a_script_that_ends_with_quit_ends_with_every_client() {
    for caller in [&OPENSSL, &NCAT_SSL, &SOCAT_SSL, &GNUTLS] {
        let (server, tls) = start(&[]);
        let [mut ann] = room_with(&server, "1150", ["ann"]);
        let script = b"4\nbot\n2\n1150\nbuild failed\n\\quit\n";
        let printed = piped(&caller.command(tls), script);
        assert!(
            printed.contains("] bot: build failed"),
            "{} {printed}",
            caller.name
        );
        assert!(printed.contains("Goodbye."), "{} {printed}", caller.name);
        ann.expect("[HH:MM:SS] bot: build failed\n");
        server.expect_log("reason=quit");
    }
}
