//! The programs that people really use. A missing one fails its test with the package to install.

use crate::harness::{
    BUSYBOX_NC, BUSYBOX_TELNET, Caller, NC_OPENBSD, NC_TRADITIONAL, NCAT, NCAT_CRLF, PLINK, SOCAT,
    Server, TELNET, TELNET_SSL, TINTIN, Terminal, piped, room_with, talk, times_blanked, walk_in,
};

/// Everything that sits at a terminal and ends its lines in LF.
const RAW: &[&Caller] = &[&NC_OPENBSD, &NC_TRADITIONAL, &NCAT, &BUSYBOX_NC, &SOCAT];

/// The dialogue of the README's script.
const SCRIPT: &str = "1\n1150\n4\nbot\n2\n1150\nhi\n\\exit\n5\n";

/// A whole visit at a terminal: name, room, a word each way, and out.
fn visit(caller: &Caller) {
    let server = Server::start(&[]);
    let [mut host] = room_with(&server, "1150", ["host"]);
    let mut person = caller.start(&server);
    walk_in(&mut person, "guest");
    host.expect_next("\n* guest joined\nhost> ");
    talk(&mut host, &mut person, caller.drawing);
    // tintin++ keeps a backslash for itself.
    person.line("/exit");
    person.expect("Who needs password anyway?");
    host.expect_next("\n* guest left\nhost> ");
    person.line("5");
    // No further key: it must end by itself.
    person.expect_exit();
    assert!(person.screen().contains("Goodbye."), "{}", person.screen());
}

#[test]
fn nc_openbsd_at_a_terminal() {
    visit(&NC_OPENBSD);
}

#[test]
fn nc_traditional_at_a_terminal() {
    visit(&NC_TRADITIONAL);
}

#[test]
fn ncat_at_a_terminal() {
    visit(&NCAT);
}

#[test]
fn busybox_nc_at_a_terminal() {
    visit(&BUSYBOX_NC);
}

#[test]
fn socat_at_a_terminal() {
    visit(&SOCAT);
}

#[test]
fn ncat_with_cr_lf_at_a_terminal() {
    visit(&NCAT_CRLF);
}

#[test]
fn inetutils_telnet_at_a_terminal() {
    visit(&TELNET);
}

#[test]
fn netkit_telnet_at_a_terminal() {
    visit(&TELNET_SSL);
}

#[test]
fn busybox_telnet_at_a_terminal() {
    visit(&BUSYBOX_TELNET);
}

#[test]
fn plink_at_a_terminal() {
    visit(&PLINK);
}

#[test]
fn tintin_at_a_terminal() {
    visit(&TINTIN);
}

#[test]
fn two_netcats_and_a_telnet_see_the_same_screen() {
    let server = Server::start(&[]);
    let [mut host] = room_with(&server, "1150", ["host"]);
    let names = ["เป็นคนที่เทอพูมจัย", "T_____T", "Dai"];
    let mut people = [&NC_OPENBSD, &NC_TRADITIONAL, &TELNET].map(|caller| caller.start(&server));
    for (who, name) in names.into_iter().enumerate() {
        walk_in(&mut people[who], name);
        host.expect(&format!("* {name} joined\n"));
        // A person types when the screen is still: an echo that meets a row on its way shares its line.
        for (earlier, its_name) in people.iter_mut().zip(names).take(who) {
            earlier.expect(&format!("* {name} joined\n{its_name}>"));
        }
    }
    let talk = [
        (0, "ดี"),
        (2, "yo!"),
        (1, "ดีค้าบบบบ"),
        (1, "ก็มาดิค้าบ"),
        (0, "เจอได้หมด"),
        (2, "ok"),
    ];
    for (who, text) in talk {
        people[who].line(text);
        host.expect(&format!("[HH:MM:SS] {}: {text}\n", names[who]));
        for (person, name) in people.iter_mut().zip(names) {
            person.expect(&format!("] {}: {text}\n{name}>", names[who]));
        }
    }
    let said = |person: &Terminal| -> Vec<String> {
        person
            .screen()
            .lines()
            .filter(|row| row.starts_with('['))
            .map(str::to_owned)
            .collect()
    };
    let [one, two, three] = people.each_ref().map(said);
    assert_eq!(one.len(), talk.len());
    assert_eq!(one, two);
    assert_eq!(one, three);
}

#[test]
fn a_script_in_a_pipe_prints_the_whole_dialogue_once_and_ends() {
    let server = Server::start(&[]);
    let mut bot = server.client("bot");
    bot.send(SCRIPT);
    bot.expect("Goodbye.\n");
    bot.expect_eof();
    let want = plain(&bot.text());
    for caller in RAW {
        let server = Server::start(&[]);
        let printed = piped(&caller.command(server.address()), SCRIPT.as_bytes());
        assert_eq!(plain(&printed), want, "{}", caller.name);
    }
}

#[test]
fn a_pipe_that_ends_in_the_room_posts_its_line_and_ends() {
    let variants = [
        NC_OPENBSD.with(&["-N", "HOST", "PORT"]),
        NC_OPENBSD.with(&["-q0", "HOST", "PORT"]),
        NC_TRADITIONAL.with(&["-q1", "HOST", "PORT"]),
        BUSYBOX_NC,
        NCAT,
        SOCAT.with(&["-t5", "-", "TCP:HOST:PORT"]),
    ];
    for caller in variants {
        let server = Server::start(&[]);
        let [mut ann] = room_with(&server, "1150", ["ann"]);
        let printed = piped(
            &caller.command(server.address()),
            b"4\nbot\n2\n1150\nbuild failed\n",
        );
        assert!(
            printed.contains("] bot: build failed"),
            "{} {:?}: {printed}",
            caller.name,
            caller.args
        );
        ann.expect("[HH:MM:SS] bot: build failed\n");
        ann.expect("* bot left\n");
    }
}

#[test]
fn ctrl_c_in_telnet_does_not_freeze_its_screen() {
    for caller in [&TELNET, &TELNET_SSL] {
        let server = Server::start(&[]);
        let [mut host] = room_with(&server, "1150", ["host"]);
        let mut person = caller.start(&server);
        person.expect_prompt("anon>");
        // Nothing is negotiated yet: the client's own tty makes an interrupt of it, and the client now
        // drops all output until its TIMING-MARK is answered.
        person.keys("ab");
        person.expect_prompt("anon> ab");
        person.keys("\x03");
        person.expect_prompt("anon>");
        walk_in(&mut person, "guest");
        host.expect("* guest joined\nhost> ");
        // In character mode it is a key like any other.
        person.keys("ab");
        person.expect_prompt("guest> ab");
        person.keys("\x03");
        person.expect_prompt("guest>");
        person.line("after");
        host.expect_next("\n[HH:MM:SS] guest: after\nhost> ");
        host.line("do you see this");
        person.expect("] host: do you see this\nguest>");
    }
}

/// Output with LF for CR LF and times blanked, as runs are compared.
fn plain(text: &str) -> String {
    times_blanked(&text.replace("\r\n", "\n"))
}
