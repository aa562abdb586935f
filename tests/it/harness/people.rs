//! People in rooms: the few steps that most tests begin with.

use std::fmt::Display;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::{Client, DEADLINE, Drawing, Server, Terminal};

/// Between two looks at something that nobody tells us of.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// The menu as the seed has it, without the prompt after it.
pub(crate) const MENU: &str = "\
=========== Welcome! ==============
Enter following number to:
    (1) Create Chat room
    (2) Join chat room
    (3) List available chat room
    (4) Set username
    (5) Exit program
Who needs password anyway?
===================================
";

/// What asks a client whose first line ended in CR LF whether it speaks Telnet: save the cursor, DO BINARY,
/// DO TERMINAL-TYPE, DO NAWS, restore the cursor, erase what a client without Telnet shows of it.
pub(crate) const PROBE: &[u8] = b"\x1b7\xff\xfd\x00\xff\xfd\x18\xff\xfd\x1f\x1b8\x1b[K";

/// How a telnet of 80 columns agrees to everything at once: NAWS, ECHO and SGA, and no terminal type.
const CHARACTER_MODE: &[u8] =
    b"\xff\xfb\x1f\xff\xfa\x1f\x00\x50\x00\x18\xff\xf0\xff\xfc\x18\xff\xfd\x01\xff\xfd\x03";

/// What was received, without the first [`PROBE`] in it.
pub(crate) fn without_probe(received: &[u8]) -> Vec<u8> {
    let probe = received.windows(PROBE.len()).position(|at| at == PROBE);
    match probe {
        Some(at) => [&received[..at], &received[at + PROBE.len()..]].concat(),
        None => received.to_vec(),
    }
}

/// People under these names in `room`, each having seen the later ones come; all prompts open.
pub(crate) fn room_with<const N: usize>(
    server: &Server,
    room: &str,
    names: [&str; N],
) -> [Client; N] {
    let mut people: Vec<Client> = Vec::with_capacity(N);
    for name in names {
        let mut client = server.client(name);
        client.expect("anon> ");
        client.login();
        client.create(room);
        client.join(room);
        for earlier in &mut people {
            earlier.expect(&format!("* {name} joined\n"));
            earlier.expect(&earlier.prompt());
        }
        people.push(client);
    }
    people.try_into().expect("one client a name")
}

/// A Telnet client called `tel` in character mode in room 1150.
pub(crate) fn in_character_mode(server: &Server) -> Client {
    let mut tel = server.client("tel");
    tel.expect("anon> ");
    tel.send(CHARACTER_MODE);
    tel.expect("\x1b[?2004h\r\x1b[Kanon> ");
    tel.send("\\name tel\r");
    tel.expect("tel> ");
    tel.send("2\r1150\r");
    tel.expect("------------ Room 1150 ------------\r\n");
    tel.expect("\r\x1b[Ktel> \r\x1b[5C");
    tel
}

/// Types a person's way from the menu into room 1150, which must be there.
pub(crate) fn walk_in(person: &mut Terminal, name: &str) {
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

/// Tries until `attempt` succeeds. For what the server does when it notices something, such as a
/// connection that went away.
pub(crate) fn eventually(what: &str, mut attempt: impl FnMut() -> bool) {
    found_within(DEADLINE, what, || attempt().then_some(()).ok_or(""));
}

/// Looks for something that nobody tells us of until it is there; `look` says what is found instead.
pub(crate) fn found_within<T, E: Display>(
    patience: Duration,
    what: &str,
    mut look: impl FnMut() -> Result<T, E>,
) -> T {
    let deadline = Instant::now() + patience;
    loop {
        match look() {
            Ok(found) => return found,
            Err(instead) => assert!(
                Instant::now() < deadline,
                "{what} did not happen within {patience:?}: {instead}"
            ),
        }
        thread::sleep(LOOK_EVERY);
    }
}

/// The lines of a transcript without its prompts: what is left does not depend on how lines were batched.
pub(crate) fn plain_lines(text: &str, name: &str) -> Vec<String> {
    let prompt = format!("{name}> ");
    text.replace('\r', "")
        .lines()
        .map(|line| {
            let mut line = line;
            while let Some(rest) = line.strip_prefix(&prompt) {
                line = rest;
            }
            line.to_owned()
        })
        .filter(|line| !line.is_empty())
        .collect()
}

/// The time of day in UTC, in seconds since midnight.
pub(crate) fn seconds_of_day() -> u64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("the clock is set");
    now.as_secs() % 86_400
}

/// The password of everybody who has one.
pub(crate) const PASSWORD: &str = "correct horse";

/// A client at the menu.
pub(crate) fn at_menu(server: &Server, name: &str) -> Client {
    let mut client = server.client(name);
    client.expect("anon> ");
    client
}

/// A client that has this name and has registered it.
pub(crate) fn registered(server: &Server, name: &str) -> Client {
    let mut client = at_menu(server, name);
    client.login();
    register(&mut client, name);
    client
}

/// Registers the name that the client has.
pub(crate) fn register(client: &mut Client, name: &str) {
    client.line("\\register");
    client.expect("Choose a password: ");
    client.line(PASSWORD);
    client.expect("Once more: ");
    client.line(PASSWORD);
    client.expect(&format!("{name} is registered. Type \\login {name} when"));
    client.expect(&format!("{name}> "));
}

/// A word each way between a `host` at a raw client and a `guest` at a terminal, and one while the guest types.
pub(crate) fn talk(host: &mut Client, person: &mut Terminal, drawing: Drawing) {
    person.line("hello from a terminal");
    host.expect_next("\n[HH:MM:SS] guest: hello from a terminal\nhost> ");
    person.expect("] guest: hello from a terminal\nguest>");
    host.line("ดีค้าบบบบ");
    person.expect("] host: ดีค้าบบบบ\nguest>");
    // Somebody talks while the person types: the text stays in sight and is sent whole.
    // `half_typed` looks closer.
    person.keys("half");
    person.expect_prompt("guest> half");
    host.expect("host> ");
    host.say("in between");
    match drawing {
        Drawing::Plain => {
            person.expect("guest> half\n[");
            person.expect("] host: in between\nguest>");
        }
        Drawing::Ansi | Drawing::Character => person.expect("] host: in between\nguest> half"),
    }
    person.line(" done");
    host.expect_next("\n[HH:MM:SS] guest: half done\nhost> ");
    person.expect("] guest: half done\nguest>");
}
