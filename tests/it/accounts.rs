//! Keeping a name: `\register`, `\login`, `\forget`, for those who want to.

use std::path::PathBuf;
use std::thread;

use tempfile::TempDir;

use crate::harness::{
    Client, MENU, PASSWORD, Server, at_menu, eventually, find_all, register, registered, room_with,
    run,
};

/// A file for a server, which ends with the test.
struct Chat {
    _folder: TempDir,
    file: PathBuf,
}

impl Chat {
    fn new() -> Chat {
        let folder = TempDir::new().expect("a directory");
        let file = folder.path().join("chat.db");
        Chat {
            _folder: folder,
            file,
        }
    }

    fn server(&self) -> Server {
        self.server_with(&[])
    }

    fn server_with(&self, more: &[&str]) -> Server {
        let file = self.file.to_string_lossy();
        Server::start(&[&["--data", &*file, "--rate", "0"], more].concat())
    }
}

/// Logs in with a password and waits for the answer, up to the name in the next prompt.
fn log_in(client: &mut Client, name: &str, password: &str) {
    client.line(format!("\\login {name}"));
    client.expect(&format!("Password of {name}: "));
    client.line(password);
}

fn log_in_well(client: &mut Client, name: &str) {
    log_in(client, name, PASSWORD);
    client.expect(&format!("Welcome back, {name}.\n{name}> "));
}

/// Waits until nobody has this name any more.
fn until_gone(server: &Server, name: &str) {
    let mut other = at_menu(server, "other");
    eventually("leaving", || {
        other.line(format!("\\msg {name} hello"));
        other.expect("anon> ").contains("is not here.")
    });
}

/// Asks for a registered name at the menu, and returns what is said of it.
fn refused(client: &mut Client, name: &str) -> String {
    client.line("4");
    client.expect("Please enter your new username: ");
    client.line(name);
    client.expect_next("Update username failed. ");
    let why = client.expect(MENU);
    client.expect("anon> ");
    why.trim_end().replace("\n  ", " ")
}

#[test]
fn a_registered_name_is_for_its_bearer_only_also_after_a_restart() {
    let chat = Chat::new();
    let first = chat.server();
    drop(registered(&first, "Dai"));
    until_gone(&first, "Dai");
    let table = [
        ("Dai", "Dai is registered."),
        ("DAI", "DAI looks like Dai, which is registered."),
        ("Ðai", "Ðai looks like Dai, which is registered."),
        ("Daı", "Daı looks like Dai, which is registered."),
    ];
    let others_are_refused = |server: &Server| {
        let mut eve = at_menu(server, "eve");
        for (like, why) in table {
            let next = format!("Type \\login Dai if it is yours. {like}_2 is free.");
            assert_eq!(refused(&mut eve, like), format!("{why} {next}"));
        }
        log_in(&mut eve, "Dai", "guessed it");
        eve.expect_next(
            "Dai is not registered, or that is not its password. Nothing was changed. \
             Type \\login Dai to try again.\nanon> ",
        );
    };
    others_are_refused(&first);
    first.stop();

    let second = chat.server();
    others_are_refused(&second);
    let mut dai = at_menu(&second, "Dai");
    log_in_well(&mut dai, "Dai");
    // Nobody has to have a password.
    let mut ann = at_menu(&second, "ann");
    ann.login();
}

#[test]
fn settings_come_back_with_the_name_whenever_they_were_set() {
    let chat = Chat::new();
    let first = chat.server();
    let mut dai = at_menu(&first, "Dai");
    dai.login();
    // Before the name is registered, and afterwards.
    dai.line("\\width 40");
    dai.expect("Rows are wrapped at 40 columns.\nDai> ");
    register(&mut dai, "Dai");
    dai.line("\\color off");
    dai.expect("Colours are off.\nDai> ");
    dai.line("\\timezone Asia/Bangkok");
    dai.expect("Dai> ");
    dai.line("\\bell all");
    dai.expect("Dai> ");
    dai.line("\\ansi");
    dai.expect("@Dai> ");
    first.stop();

    let second = chat.server();
    let [mut host] = room_with(&second, "1150", ["host"]);
    let mut dai = at_menu(&second, "Dai");
    log_in(&mut dai, "Dai", PASSWORD);
    dai.expect_next("\x1b7\x1b[?7l\n\x1b[A\r\x1b[LWelcome back, Dai.\x1b[?7h\x1b8\x1b[B");
    dai.expect("@Dai> ");
    dai.send("2\n1150\n");
    dai.expect("Room 1150 ");
    dai.expect("@Dai> ");
    dai.expect("C");
    host.say("words that are wrapped at forty columns, สวัสดี");
    let row = |text: &str| format!("\x1b7\x1b[?7l\n\x1b[A\r\x1b[L{text}\x1b[?7h\x1b8\x1b[B");
    dai.expect_next(&row("[HH:MM:SS] host: words that are wrapped"));
    dai.expect_next(&row("  at forty columns, สวัสดี"));
    dai.expect("\x07");
    dai.line("\\time");
    dai.expect("Asia/Bangkok");
    // Another name has its own settings, or none.
    drop(dai);
    let mut ann = registered(&second, "ann");
    ann.send("2\n1150\n");
    ann.expect("Room 1150 ");
    ann.expect("ann> ");
    host.say("plain");
    assert!(!ann.received().contains(&0x1b));
}

#[test]
fn how_far_somebody_has_read_comes_back_with_the_name() {
    let chat = Chat::new();
    let first = chat.server();
    let [mut ann] = room_with(&first, "1150", ["ann"]);
    ann.say("one");
    let mut dai = registered(&first, "Dai");
    dai.join("1150");
    ann.say("two");
    dai.expect("ann: two\nDai> ");
    // The line is cut: what was read is known all the same.
    drop(dai);
    ann.expect("* Dai left\nann> ");
    ann.say("three");
    first.stop();

    let second = chat.server();
    let [mut ann] = room_with(&second, "lobby", ["ann"]);
    ann.line("\\join 1150");
    ann.expect("ann: three\nann> ");
    ann.say("four");
    let mut dai = at_menu(&second, "Dai");
    log_in_well(&mut dai, "Dai");
    dai.line("\\rooms");
    dai.expect("1150 (2 new)\n");
    dai.expect("Dai> ");
    let history = dai.join("1150");
    assert!(
        history.contains("ann: two\n(2 new since you left)\n["),
        "{history}"
    );
}

#[test]
fn who_is_ignored_stays_so_when_the_name_comes_back() {
    let chat = Chat::new();
    let first = chat.server();
    let mut dai = registered(&first, "Dai");
    dai.line("\\ignore bore");
    dai.expect("Dai> ");
    dai.line("\\ignore lark");
    dai.expect("Dai> ");
    dai.line("\\unignore lark");
    dai.expect("Dai> ");
    first.stop();

    let second = chat.server();
    let [mut bore, mut lark] = room_with(&second, "1150", ["bore", "lark"]);
    let mut dai = at_menu(&second, "Dai");
    log_in_well(&mut dai, "Dai");
    dai.send("2\n1150\n");
    dai.expect("Room 1150 ");
    dai.expect("Dai> ");
    lark.expect("* Dai joined\nlark> ");
    bore.say("nobody listens");
    bore.line("\\msg Dai really not");
    bore.expect("you -> Dai: really not");
    lark.expect("lark> ");
    lark.say("tweet");
    dai.expect("] lark: tweet\n");
    let seen = dai.text();
    assert!(
        !seen.contains("nobody listens") && !seen.contains("really not"),
        "{seen}"
    );
}

#[test]
fn a_bearer_takes_the_name_back_and_everybody_hears_of_it_in_order() {
    let chat = Chat::new();
    let server = chat.server();
    let [mut host, mut old] = room_with(&server, "1150", ["host", "Dai"]);
    register(&mut old, "Dai");
    let mut new = server.client("Dai");
    new.expect("anon> ");
    new.send("2\n1150\n");
    new.expect("Room 1150 ");
    new.expect("anon> ");
    host.expect("* anon joined\nhost> ");
    old.expect("* anon joined\nDai> ");
    old.send("half typed");
    log_in(&mut new, "Dai", PASSWORD);
    // It may come before or behind the room's notice.
    old.expect("* anon is now known as Dai\n");
    old.expect("Dai_2> ");
    let words = "\nDai has logged in somewhere else, and you are Dai_2 now. \
                 Type \\login Dai to take the name back.\n";
    let said: Vec<_> = find_all(words.as_bytes(), &old.received()).collect();
    assert_eq!(said.len(), 1);
    host.expect_next("\n* Dai is now known as Dai_2\n");
    host.expect("* anon is now known as Dai\n");
    host.expect("host> ");
    new.expect("Welcome back, Dai.\n");
    new.expect("Dai> ");
    // What was half typed is said under the new name.
    old.line("");
    host.expect("[HH:MM:SS] Dai_2: half typed\nhost> ");
    new.say("it is me");
    // The short way back.
    old.line("\\login");
    old.expect("Password of Dai: ");
    old.line(PASSWORD);
    old.expect("Welcome back, Dai.\n");
    // The one that takes the name has not left Dai_2 yet.
    host.expect("* Dai is now known as Dai_3\n");
    host.expect("* Dai_2 is now known as Dai\n");
}

#[test]
fn logins_at_once_are_settled_one_after_the_other_and_nobody_hangs() {
    let chat = Chat::new();
    let server = chat.server();
    let [mut host, first] = room_with(&server, "1150", ["host", "Dai"]);
    let mut first = first;
    register(&mut first, "Dai");
    let mut people: Vec<Client> = (0..4).map(|_| at_menu(&server, "Dai")).collect();
    for person in people.iter_mut().take(2) {
        person.send("2\n1150\n");
        person.expect("Room 1150 ");
        person.expect("anon> ");
    }
    people.push(first);
    for round in 0..15 {
        // Some all at once, some with a rename of their own at the same time.
        for (number, person) in people.iter_mut().enumerate() {
            match (number + round) % 3 {
                0 => person.send(format!("\\login Dai\n{PASSWORD}\n")),
                1 => person.send(format!("\\name n{number}\n\\login Dai\n{PASSWORD}\n")),
                _ => person.send(format!("\\login Dai\n{PASSWORD}\n\\name n{number}\n")),
            }
            person.send(format!("\\help round{round}\n"));
        }
        for person in &mut people {
            // Whatever came of it, everything was answered.
            person.expect(&format!("There is no command round{round}."));
        }
        // One login after all the others has the name, wherever it is.
        let last = &mut people[round % 5];
        last.send("\\name other\n");
        last.expect("Update username");
        log_in(last, "Dai", PASSWORD);
        last.expect("Welcome back, Dai.\n");
        host.line(format!("\\msg Dai round {round}"));
        host.expect(&format!("you -> Dai: round {round}\n"));
        last.expect(&format!("host -> you: round {round}\n"));
    }
    let said = |client: &Client| client.text().matches("host -> you: round ").count();
    assert_eq!(people.iter().map(said).sum::<usize>(), 15);
}

#[test]
fn two_who_want_each_others_names_both_get_them() {
    let chat = Chat::new();
    let server = chat.server();
    let mut ann = registered(&server, "ann");
    let mut ben = registered(&server, "ben");
    for round in 0..10 {
        let (one, other) = match round % 2 {
            0 => ("ben", "ann"),
            _ => ("ann", "ben"),
        };
        ann.send(format!("\\login {one}\n{PASSWORD}\n"));
        ben.send(format!("\\login {other}\n{PASSWORD}\n"));
        ann.expect(&format!("Welcome back, {one}.\n"));
        ben.expect(&format!("Welcome back, {other}.\n"));
        // Whoever was given the name first may have been asked for the old one too late to have it still.
        ann.line("\\name");
        ann.expect(&format!("Your name is {one}."));
        ben.line("\\name");
        ben.expect(&format!("Your name is {other}."));
    }
}

#[test]
fn what_is_said_to_a_name_while_it_changes_hands_reaches_one_person_once() {
    let chat = Chat::new();
    let server = chat.server();
    let mut one = registered(&server, "Dai");
    let mut two = at_menu(&server, "Dai");
    let mut teller = at_menu(&server, "teller");
    const WORDS: usize = 300;
    let telling = thread::spawn(move || {
        for number in 0..WORDS {
            teller.line(format!("\\msg Dai number {number}."));
            teller.expect(&format!(": number {number}.\n"));
        }
        teller
    });
    for _ in 0..10 {
        log_in(&mut two, "Dai", PASSWORD);
        two.expect("Welcome back, Dai.\n");
        log_in(&mut one, "Dai", PASSWORD);
        one.expect("Welcome back, Dai.\n");
    }
    let teller = telling.join().expect("the teller is answered each time");
    for client in [&mut one, &mut two] {
        client.line("\\help end");
        client.expect("There is no command end.");
    }
    assert!(!teller.text().contains("Nothing was sent"));
    let seen = |client: &Client, number| {
        let words = format!("anon -> you: number {number}.\n");
        client.text().matches(&words).count()
    };
    for number in 0..WORDS {
        assert_eq!(
            seen(&one, number) + seen(&two, number),
            1,
            "number {number}"
        );
    }
}

#[test]
fn a_name_that_is_given_up_is_anybodys_once_its_bearer_leaves() {
    let chat = Chat::new();
    let first = chat.server();
    let mut dai = registered(&first, "Dai");
    dai.line("\\forget");
    dai.expect("Password of Dai: ");
    dai.line("something else");
    dai.expect("That is not the password of Dai. Nothing was deleted. ");
    dai.line("\\forget");
    dai.expect("Password of Dai: ");
    dai.line(PASSWORD);
    dai.expect("Dai is no longer registered.");
    dai.expect("Dai> ");
    let mut ann = at_menu(&first, "ann");
    assert!(refused(&mut ann, "Dai").starts_with("Dai is in use"));
    log_in(&mut ann, "Dai", PASSWORD);
    ann.expect("Dai is not registered, or that is not its password.");
    drop(dai);
    first.stop();
    let second = chat.server();
    let mut ann = at_menu(&second, "Dai");
    ann.login();
    register(&mut ann, "Dai");
}

#[test]
fn who_takes_another_name_is_logged_out() {
    let chat = Chat::new();
    let server = chat.server();
    let mut dai = registered(&server, "Dai");
    dai.line("\\name DAI");
    dai.expect_next("Update username successful\nDAI> ");
    dai.line("\\name Day");
    dai.expect_next(
        "Update username successful\n\
         You are no longer logged in as Dai. Type \\login Dai to log in again.\nDay> ",
    );
    dai.line("\\name Dai");
    dai.expect("Dai is registered. Type \\login Dai if it is yours. Dai_2 is free.\nDay> ");
    log_in_well(&mut dai, "Dai");
}

#[test]
fn passwords_are_not_guessed() {
    let chat = Chat::new();
    let server = chat.server();
    drop(registered(&server, "Dai"));
    let mut tries = 0;
    let mut client = at_menu(&server, "eve");
    loop {
        client.line("\\login Dai");
        let asked = client.expect(" ");
        if asked.ends_with("You") {
            client.expect("have given 3 wrong passwords.");
            client = at_menu(&server, "eve");
            continue;
        }
        client.expect("of Dai: ");
        client.line(format!("password {tries}"));
        let answer = client.expect("\n");
        client.expect("anon> ");
        if answer.starts_with("Too many tries from your address.") {
            break;
        }
        tries += 1;
        assert!(tries < 100, "{answer}");
    }
    // The registration was one of ten.
    assert_eq!(tries, 9);
}

#[test]
fn without_a_file_no_name_is_kept() {
    let server = Server::start(&[]);
    let mut dai = at_menu(&server, "Dai");
    dai.login();
    for command in ["\\register", "\\login Dai"] {
        dai.line(command);
        dai.expect_next("No names can be registered here: the server has no --data.\nDai> ");
    }
}

/// How a telnet of 80 columns agrees to everything at once: NAWS, ECHO and SGA, and no terminal type.
const CHARACTER_MODE: &[u8] =
    b"\xff\xfb\x1f\xff\xfa\x1f\x00\x50\x00\x18\xff\xf0\xff\xfc\x18\xff\xfd\x01\xff\xfd\x03";

#[test]
fn in_character_mode_a_password_is_never_shown_however_it_is_typed() {
    let chat = Chat::new();
    let server = chat.server();
    let [mut host] = room_with(&server, "1150", ["host"]);
    let mut tel = at_menu(&server, "tel");
    tel.send(CHARACTER_MODE);
    tel.expect("\x1b[?2004h\r\x1b[Kanon> ");
    tel.send("\\name tel\r");
    tel.expect("tel> ");
    tel.send("2\r1150\r");
    tel.expect("Room 1150 ");
    host.expect("* tel joined\nhost> ");
    // Key by key, while others talk.
    tel.send("\\register\r");
    tel.expect("Choose a password: ");
    for key in PASSWORD.chars() {
        tel.send(key.to_string());
        host.say("meanwhile");
    }
    tel.send("\r");
    tel.expect("Once more: ");
    tel.send(format!("{PASSWORD}\r"));
    tel.expect("tel is registered.");
    tel.expect("tel> ");
    // All at once, behind a line that has to come back from the room first.
    let all = format!("hello\r\\name other\r\\login tel\r{PASSWORD}\r\\forget\r{PASSWORD}\r");
    tel.send(all);
    tel.expect("Welcome back, tel.");
    tel.expect("tel is no longer registered.");
    tel.expect("tel> ");
    // Up brings back what was typed before, and no password.
    for _ in 0..12 {
        tel.send("\x1b[A");
    }
    tel.send("\x03\\help end\r");
    tel.expect("There is no command end.");
    let text = tel.text();
    for piece in PASSWORD.split(' ') {
        assert!(!text.contains(piece), "{text:?}");
    }
    assert!(!text.contains("your terminal shows"), "{text:?}");
    assert!(!host.text().contains(PASSWORD));
    assert!(!server.log().contains(PASSWORD));
}

#[test]
fn a_password_that_is_typed_ahead_is_not_shown_either() {
    let chat = Chat::new();
    let server = chat.server();
    let mut tel = at_menu(&server, "tel");
    tel.send(CHARACTER_MODE);
    tel.expect("\x1b[?2004h\r\x1b[Kanon> ");
    tel.send("\\name tel\r\\register\r");
    tel.send(format!("{PASSWORD}\r{PASSWORD}\r"));
    tel.expect("tel is registered.");
    // While this is checked, the next command and its secret are typed, slowly.
    tel.send(format!("\\forget\r{PASSWORD}x\r\\forget\r"));
    for key in PASSWORD.chars() {
        tel.send(key.to_string());
    }
    tel.send("\r");
    tel.expect("That is not the password of tel.");
    tel.expect("tel is no longer registered.");
    let text = tel.text();
    for piece in ["corr", "horse"] {
        assert!(!text.contains(piece), "{text:?}");
    }
}

#[test]
fn an_operator_lists_accounts_and_deletes_one() {
    let chat = Chat::new();
    let server = chat.server();
    let mut dai = registered(&server, "Dai");
    dai.line("1\n1150\n2\n1150");
    dai.expect("------------ Room 1150");
    dai.line("owned");
    dai.expect("Dai: owned");
    drop(registered(&server, "ben"));
    let data = chat.file.to_string_lossy();
    let told = |args: &[&str]| {
        let output = run(args);
        let told = [output.stdout, output.stderr].concat();
        (
            output.status.code(),
            String::from_utf8_lossy(&told).into_owned(),
        )
    };
    let list = || told(&["accounts", "--data", &data, "--timezone", "UTC"]);
    let (code, listed) = list();
    assert_eq!(code, Some(0), "{listed}");
    let names: Vec<_> = listed
        .lines()
        .filter_map(|row| row.split_whitespace().last())
        .collect();
    assert_eq!(names, ["name", "Dai", "ben"], "{listed}");
    let (_, exported) = told(&["export", "--data", &data, "--format", "jsonl"]);
    assert!(
        exported.contains("owners\":[{\"account\":\"Dai\""),
        "{exported}"
    );
    let delete = |name| told(&["delete-account", "--data", &data, name]);
    let left = (
        Some(0),
        "the server deletes the account Ben within a minute\n".to_owned(),
    );
    assert_eq!(delete("Ben"), left);
    assert_eq!(
        delete("zoe"),
        (Some(1), "parlor: there is no account zoe\n".to_owned())
    );
    server.stop();

    assert_eq!(
        delete("Dai"),
        (Some(0), "deleted the account Dai\n".to_owned())
    );
    let (_, listed) = list();
    assert_eq!(listed.lines().count(), 1, "{listed}");
    // Whoever registers the name next does not own its rooms.
    let (_, exported) = told(&["export", "--data", &data, "--format", "jsonl"]);
    assert!(exported.contains("\"name\":\"1150\""), "{exported}");
    assert!(!exported.contains("owners\":[{"), "{exported}");
    let server = chat.server();
    drop(registered(&server, "Dai"));
}

/// Ann, and Dai with a registered name, in room 1150 of a server that keeps the seats of the lost for so long.
fn ann_and_dai(chat: &Chat, linger: &str) -> (Server, Client, Client) {
    let server = chat.server_with(&["--linger", linger]);
    let [mut ann] = room_with(&server, "1150", ["ann"]);
    let mut dai = registered(&server, "Dai");
    dai.join("1150");
    ann.expect_next("\n* Dai joined\nann> ");
    (server, ann, dai)
}

#[test]
fn whoever_loses_the_connection_is_back_at_once_and_the_room_saw_no_leaving() {
    let chat = Chat::new();
    let (server, mut ann, dai) = ann_and_dai(&chat, "300");
    ann.say("before");
    dai.reset();
    let lost = "Dai (connection lost)";
    eventually("the connection is lost", || {
        ann.line("\\who");
        ann.expect("2 in room 1150: ");
        ann.expect("ann> ").contains(lost)
    });
    ann.line("\\msg Dai are you there?");
    ann.expect("Dai has just lost the connection. Nothing was sent.");
    ann.expect("ann> ");
    ann.line("\\whois Dai");
    ann.expect("Dai is in room 1150, connection lost.\n");
    ann.expect("ann> ");
    for number in 1..=30 {
        ann.say(&format!("missed {number}"));
    }
    // Nobody else gets the name, or the seat.
    let mut mallory = at_menu(&server, "mallory");
    refused(&mut mallory, "Dai");
    log_in(&mut mallory, "Dai", "wrong horse");
    mallory.expect("that is not its password");

    let mut again = at_menu(&server, "Dai");
    log_in_well_into(&mut again, "1150");
    let missed = again.expect("missed 30\nDai> ");
    assert!(missed.starts_with("(30 new since you left)\n["), "{missed}");
    assert_eq!(missed.matches("] ann: missed ").count(), 29, "{missed}");
    again.say("hello again");
    ann.expect_next("\n[HH:MM:SS] Dai: hello again\nann> ");
    ann.line("\\who");
    ann.expect_next("2 in room 1150: ann (you, owner), Dai\nann> ");
    again.line("\\exit");
    ann.expect_next("\n* Dai left\nann> ");
}

/// Logs in as Dai and waits until the seat is taken again.
fn log_in_well_into(client: &mut Client, room: &str) {
    log_in(client, "Dai", PASSWORD);
    client.expect_next("Welcome back, Dai.\n");
    client.expect_next(&format!("Join room {room} successful\n"));
    client.expect(&format!("------------ Room {room} ------------\n"));
}

#[test]
fn whoever_does_not_come_back_in_time_has_left() {
    let chat = Chat::new();
    let (server, mut ann, dai) = ann_and_dai(&chat, "1");
    dai.reset();
    eventually("the connection is lost", || {
        ann.line("\\who");
        ann.expect("2 in room 1150: ");
        ann.expect("ann> ").contains("connection lost")
    });
    ann.say("missed");
    ann.expect_next("\n* Dai left\nann> ");
    let mut again = at_menu(&server, "Dai");
    log_in_well(&mut again, "Dai");
    // What was said to a seat that nobody took again has not been seen.
    again.line("\\rooms");
    again.expect("1150 (1 new)\n");
    again.expect("Dai> ");
    // Whoever says so has left at once, and so has whoever ends the input, as a script does.
    again.join("1150");
    ann.expect_next("\n* Dai joined\nann> ");
    again.line("\\quit");
    ann.expect_next("\n* Dai left\nann> ");
    let mut script = at_menu(&server, "Dai");
    log_in_well(&mut script, "Dai");
    script.join("1150");
    ann.expect_next("\n* Dai joined\nann> ");
    drop(script);
    ann.expect_next("\n* Dai left\nann> ");
}

#[test]
fn a_lost_seat_obeys_the_owners_and_a_server_that_stops_waits_for_nobody() {
    let chat = Chat::new();
    let (server, mut ann, dai) = ann_and_dai(&chat, "300");
    dai.reset();
    ann.line("\\kick Dai gone");
    ann.expect("* Dai was kicked by ann: gone\nann> ");
    let mut again = at_menu(&server, "Dai");
    log_in_well(&mut again, "Dai");
    again.join("1150");
    ann.expect_next("\n* Dai joined\nann> ");
    again.reset();
    ann.line("\\lock");
    ann.expect("New password of the room: ");
    ann.line("open sesame");
    ann.expect("joining needs a password\nann> ");
    // Whoever was in before the door was locked is in.
    let mut again = at_menu(&server, "Dai");
    log_in_well_into(&mut again, "1150");
    again.expect("Dai> ");
    again.reset();
    server.stop();
}

#[test]
fn a_muted_member_is_muted_in_the_seat_that_was_kept_and_an_owner_owns() {
    let chat = Chat::new();
    let (server, mut ann, dai) = ann_and_dai(&chat, "300");
    ann.line("\\mute Dai");
    ann.expect("* Dai was muted by ann\nann> ");
    dai.reset();
    let mut again = at_menu(&server, "Dai");
    log_in_well_into(&mut again, "1150");
    again.expect("Dai> ");
    again.line("am I heard?");
    again.expect("Not sent: you are muted here.");
    ann.line("\\unmute Dai");
    ann.expect("* Dai was unmuted by ann\nann> ");
    ann.line("\\own Dai");
    ann.expect("* Dai was made an owner by ann\nann> ");
    again.reset();
    let mut again = at_menu(&server, "Dai");
    log_in_well_into(&mut again, "1150");
    again.expect("Dai> ");
    ann.line("\\who");
    ann.expect("ann (you, owner), Dai (owner)\nann> ");
    // Ann has no account and leaves: the room is Dai's.
    ann.line("\\exit");
    again.expect("* ann left\n");
    again.line("\\private");
    again.expect("* Dai made the room private");
}
