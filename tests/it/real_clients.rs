//! The programs that people really use. A missing one fails its test with the package to install.

use crate::harness::{Server, Terminal, piped, program, room_with, times_blanked};

/// One way to call one program.
struct Caller {
    /// What failures call it.
    name: &'static str,
    program: &'static str,
    package: &'static str,
    /// Arguments before host and port; for `socat`, the whole of them with the port to put in.
    args: &'static [&'static str],
}

const NC_OPENBSD: Caller = Caller {
    name: "nc.openbsd",
    program: "nc.openbsd",
    package: "netcat-openbsd",
    args: &[],
};
const NC_TRADITIONAL: Caller = Caller {
    name: "nc.traditional",
    program: "nc.traditional",
    package: "netcat-traditional",
    args: &[],
};
const NCAT: Caller = Caller {
    name: "ncat",
    program: "ncat",
    package: "ncat",
    args: &[],
};
const BUSYBOX_NC: Caller = Caller {
    name: "busybox nc",
    program: "busybox",
    package: "busybox",
    args: &["nc"],
};
const SOCAT: Caller = Caller {
    name: "socat",
    program: "socat",
    package: "socat",
    args: &["-", "TCP:"],
};
const TELNET: Caller = Caller {
    name: "inetutils telnet",
    program: "inetutils-telnet",
    package: "inetutils-telnet",
    args: &[],
};

/// Everything that sits at a terminal and ends its lines in LF.
const RAW: &[&Caller] = &[&NC_OPENBSD, &NC_TRADITIONAL, &NCAT, &BUSYBOX_NC, &SOCAT];

/// The dialogue of the README's script.
const SCRIPT: &str = "1\n1150\n4\nbot\n2\n1150\nhi\n\\exit\n5\n";

impl Caller {
    /// The command line that connects to `server`.
    fn command(&self, server: &Server) -> Vec<String> {
        let (host, port) = (
            server.address().ip().to_string(),
            server.address().port().to_string(),
        );
        let mut command = vec![program(self.program, self.package)];
        command.extend(self.args.iter().map(|arg| (*arg).to_owned()));
        match command.last_mut() {
            Some(last) if last == "TCP:" => *last = format!("TCP:{host}:{port}"),
            _ => command.extend([host, port]),
        }
        command
    }

    fn start(&self, server: &Server) -> Terminal {
        Terminal::start(server, self.name, &self.command(server))
    }
}

/// Types a person's way from the menu into room 1150, which must be there.
fn walk_in(person: &mut Terminal, name: &str) {
    person.expect_prompt("anon>");
    person.line("4");
    person.expect_prompt("Please enter your new username:");
    person.line(name);
    person.expect("Update username successful");
    person.expect_prompt(&format!("{name}>"));
    person.line("2");
    person.expect_prompt("Please enter room number:");
    person.line("1150");
    person.expect("------------ Room 1150 ------------");
    person.expect_prompt(&format!("{name}>"));
}

/// A whole visit at a terminal: name, room, a word each way, and out.
fn visit(caller: &Caller) {
    let server = Server::start(&[]);
    let [mut host] = room_with(&server, "1150", ["host"]);
    let mut person = caller.start(&server);
    walk_in(&mut person, "guest");
    host.expect_next("\n* guest joined\nhost> ");
    person.line("hello from a terminal");
    host.expect_next("\n[HH:MM:SS] guest: hello from a terminal\nhost> ");
    person.expect("] guest: hello from a terminal\nguest>");
    host.line("ดีค้าบบบบ");
    person.expect("] host: ดีค้าบบบบ\nguest>");
    // Somebody talks while the person types: the text stays in sight and is sent whole.
    person.keys("half");
    person.expect_prompt("guest> half");
    host.expect("host> ");
    host.say("in between");
    person.expect("guest> half\n[");
    person.expect("] host: in between\nguest>");
    person.line(" done");
    host.expect_next("\n[HH:MM:SS] guest: half done\nhost> ");
    person.expect("] guest: half done\nguest>");
    person.line("\\exit");
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
fn inetutils_telnet_at_a_terminal() {
    visit(&TELNET);
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
        let printed = piped(&caller.command(&server), SCRIPT.as_bytes());
        assert_eq!(plain(&printed), want, "{}", caller.name);
    }
}

#[test]
fn a_pipe_that_ends_in_the_room_posts_its_line_and_ends() {
    let variants = [
        Caller {
            args: &["-N"],
            ..NC_OPENBSD
        },
        Caller {
            args: &["-q0"],
            ..NC_OPENBSD
        },
        Caller {
            args: &["-q1"],
            ..NC_TRADITIONAL
        },
        BUSYBOX_NC,
        NCAT,
        Caller {
            args: &["-t5", "-", "TCP:"],
            ..SOCAT
        },
    ];
    for caller in variants {
        let server = Server::start(&[]);
        let [mut ann] = room_with(&server, "1150", ["ann"]);
        let printed = piped(&caller.command(&server), b"4\nbot\n2\n1150\nbuild failed\n");
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
    let server = Server::start(&[]);
    let [mut host] = room_with(&server, "1150", ["host"]);
    let mut person = TELNET.start(&server);
    walk_in(&mut person, "guest");
    host.expect("* guest joined\nhost> ");
    person.keys("ab");
    person.expect_prompt("guest> ab");
    // inetutils now drops all output until its TIMING-MARK is answered.
    person.keys("\x03");
    person.line("after");
    host.expect("] guest: after\n");
    host.expect("host> ");
    host.line("do you see this");
    person.expect("] host: do you see this");
}

/// Output with LF for CR LF and times blanked, as runs are compared.
fn plain(text: &str) -> String {
    times_blanked(&text.replace("\r\n", "\n"))
}
