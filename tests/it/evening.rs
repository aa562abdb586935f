//! An evening: twelve people with six kinds of client use every command, and none sees what they should not.

use std::collections::BTreeSet;
use std::fs;

use tempfile::TempDir;

use crate::harness::{
    Caller, Client, NC_OPENBSD, NC_TRADITIONAL, PLINK, Server, TELNET, TINTIN, Terminal,
};

/// Who comes: name, and program with its way to write commands; `None`: a script at a socket.
const GUESTS: [(&str, Option<(&Caller, char)>); 12] = [
    ("nora", Some((&NC_OPENBSD, '\\'))),
    ("nils", Some((&NC_OPENBSD, '/'))),
    ("anna", Some((&NC_TRADITIONAL, '\\'))),
    ("adam", Some((&NC_TRADITIONAL, '/'))),
    ("tess", Some((&TELNET, '\\'))),
    ("theo", Some((&TELNET, '/'))),
    ("pia", Some((&PLINK, '\\'))),
    ("paul", Some((&PLINK, '/'))),
    // It keeps a backslash for itself.
    ("mia", Some((&TINTIN, '/'))),
    ("max", Some((&TINTIN, '/'))),
    ("sam", None),
    ("sue", None),
];

/// What a guest sits at.
enum Place {
    At(Box<Terminal>),
    Script(Client),
}

struct Guest {
    name: &'static str,
    mark: char,
    place: Place,
}

impl Guest {
    /// Types a line.
    fn types(&mut self, line: &str) {
        match &mut self.place {
            Place::At(terminal) => terminal.line(line),
            Place::Script(client) => client.line(line),
        }
    }

    /// All rows that were ever shown, without times.
    fn rows(&self) -> Vec<String> {
        match &self.place {
            Place::At(terminal) => terminal.view().rows,
            Place::Script(client) => client
                .text()
                .replace('\r', "")
                .lines()
                .map(str::to_owned)
                .collect(),
        }
    }

    /// Waits until `text` was shown.
    fn sees(&mut self, text: &str) {
        match &mut self.place {
            Place::At(terminal) => {
                let found =
                    terminal.wait_until(|view| view.rows.iter().any(|row| row.contains(text)));
                if let Err(view) = found {
                    panic!(
                        "{} never saw {text:?}, but\n{}",
                        self.name,
                        view.rows.join("\n")
                    );
                }
            }
            Place::Script(client) if client.text().contains(text) => {}
            Place::Script(client) => drop(client.expect(text)),
        }
    }
}

/// Everybody, and the commands that were used.
struct Evening {
    guests: Vec<Guest>,
    used: BTreeSet<String>,
}

impl Evening {
    fn guest(&mut self, name: &str) -> &mut Guest {
        let guest = self.guests.iter_mut().find(|guest| guest.name == name);
        guest.expect("one of the guests")
    }

    /// `name` uses a command, and sees `answer`.
    fn command(&mut self, name: &str, command: &str, answer: &str) {
        let word = command.split(' ').next().unwrap_or(command);
        self.used.insert(word.to_owned());
        let guest = self.guest(name);
        let line = format!("{}{command}", guest.mark);
        guest.types(&line);
        guest.sees(answer);
    }

    /// `name` types a line that is no command, and sees `answer`.
    fn line(&mut self, name: &str, line: &str, answer: &str) {
        let guest = self.guest(name);
        guest.types(line);
        guest.sees(answer);
    }

    /// Everybody but `others` sees `text`.
    fn all_see(&mut self, text: &str, others: &[&str]) {
        for guest in &mut self.guests {
            if !others.contains(&guest.name) {
                guest.sees(text);
            }
        }
    }

    /// Nobody but `those` has ever seen `text`.
    fn only_seen_by(&self, text: &str, those: &[&str]) {
        for guest in &self.guests {
            let rows = guest.rows();
            if !those.contains(&guest.name) {
                let seen = rows.iter().find(|row| row.contains(text));
                assert!(seen.is_none(), "{} saw {seen:?}", guest.name);
            }
        }
    }
}

#[test]
fn twelve_people_use_every_command_and_see_what_they_should() {
    let folder = TempDir::new().expect("a directory");
    let file = folder.path().join("chat.db");
    let motd = folder.path().join("motd");
    fs::write(&motd, "Tonight there is soup.\n").expect("a file");
    let server = Server::start(&[
        "--data",
        &file.to_string_lossy(),
        "--motd",
        &motd.to_string_lossy(),
        "--name",
        "The Ladle",
        "--rate",
        "0",
    ]);
    let mut evening = Evening::of(&server);
    arrive(&mut evening);
    talk(&mut evening);
    look_around(&mut evening);
    set_things(&mut evening);
    keep_a_name(&mut evening);
    ignore(&mut evening);
    take_care(&mut evening);
    look_back(&mut evening);
    go(&mut evening);
    evening.everything_was_used();
}

impl Evening {
    /// Everybody has connected.
    fn of(server: &Server) -> Evening {
        let guests = GUESTS.map(|(name, client)| {
            let (place, mark) = match client {
                Some((caller, mark)) => (Place::At(Box::new(caller.start(server))), mark),
                None => (Place::Script(server.client(name)), '\\'),
            };
            Guest { name, mark, place }
        });
        let mut evening = Evening {
            guests: guests.into(),
            used: BTreeSet::new(),
        };
        for text in [
            "Tonight there is soup.",
            "Welcome to The Ladle!",
            "Who needs password anyway?",
        ] {
            evening.all_see(text, &[]);
        }
        evening
    }

    /// The commands that help lists were all used.
    fn everything_was_used(&mut self) {
        let server = Server::start(&[]);
        let mut reader = server.client("reader");
        reader.expect("anon> ");
        reader.line("\\help");
        let help = reader.expect("/ works as");
        let usages = help.split('\\').skip(1);
        let listed: BTreeSet<String> = usages
            .map(|usage| {
                usage
                    .split([' ', ',', '\n'])
                    .next()
                    .unwrap_or("")
                    .to_owned()
            })
            .filter(|name| !name.is_empty())
            .collect();
        assert!(listed.len() > 20, "{help}");
        let missing: Vec<_> = listed.difference(&self.used).collect();
        assert!(missing.is_empty(), "never used: {missing:?}");
    }
}

/// All take their names and come into one room, which the first creates.
fn arrive(evening: &mut Evening) {
    for (name, _) in GUESTS {
        evening.command(name, &format!("name {name}"), "Update username successful");
    }
    evening.command(
        "nora",
        "join salon",
        "There is no room salon. Create it? [y/N]",
    );
    evening.line("nora", "y", "------------ Room salon ------------");
    for (name, _) in &GUESTS[1..] {
        evening.command(name, "join salon", "------------ Room salon ------------");
        evening.guest("nora").sees(&format!("* {name} joined"));
    }
    for name in ["anna", "adam"] {
        evening.command(name, "ansi", "ANSI drawing is on, for 80 columns;");
    }
}

/// In the room, and for one person alone.
fn talk(evening: &mut Evening) {
    for (name, _) in GUESTS {
        evening
            .guest(name)
            .types(&format!("good evening from {name}"));
        // For who has typed it with ANSI drawing the echo may stand for the row.
        evening.all_see(&format!(": good evening from {name}"), &[name]);
    }
    evening.command("theo", "me waves at the room", "* theo waves at the room");
    evening.all_see("* theo waves at the room", &[]);
    evening.command(
        "nora",
        "topic soup at eight",
        "* nora set the topic: soup at eight",
    );
    evening.all_see("* nora set the topic: soup at eight", &[]);

    evening.command("pia", "msg sam psst-one", "you -> sam: psst-one");
    evening.guest("sam").sees("pia -> you: psst-one");
    evening.command("sam", "reply psst-two", "you -> pia: psst-two");
    evening.guest("pia").sees("sam -> you: psst-two");
    evening.command(
        "adam",
        "away hunting-mushrooms",
        "You are away until you say something.",
    );
    evening.command(
        "mia",
        "msg adam psst-three",
        "adam is away: hunting-mushrooms",
    );
    evening.guest("adam").sees("mia -> you: psst-three");
    evening.only_seen_by("psst-one", &["pia", "sam"]);
    evening.only_seen_by("psst-two", &["pia", "sam"]);
    evening.only_seen_by("psst-three", &["mia", "adam"]);
}

/// Rooms, people, help.
fn look_around(evening: &mut Evening) {
    evening.command("nils", "rooms", "salon: soup at eight");
    evening.command("anna", "who", "adam (away)");
    evening.command("tess", "who all", "12 are connected:");
    evening.command("paul", "invite max", "you invited max to room");
    evening.command("paul", "whois max", "max is in room salon.");
    evening.command("max", "help", "/ works as");
    evening.command("mia", "stats", "The Ladle");
    evening.command("sue", "help whois", "For example: \\whois");
}

/// How things are shown.
fn set_things(evening: &mut Evening) {
    evening.command("anna", "width 60", "Rows are wrapped at 60 columns.");
    evening.command("tess", "color off", "Colours are off.");
    evening.command(
        "mia",
        "times short",
        "Messages are shown with hours and minutes.",
    );
    evening.command("mia", "times full", "hours, minutes and seconds.");
    evening.command(
        "theo",
        "bell mention",
        "The bell rings when somebody says your name, and for private messages.",
    );
    evening.command("sue", "plain", "Plain drawing is on");
    evening.command("sue", "dense", "share one prompt");
    evening.command("sue", "dense off", "Each message is shown at once.");
    evening.command("max", "quiet", "Quiet: no notices");
    evening.command("max", "quiet off", "Notices and advice are shown.");
    evening.command("max", "strangers off", "Only people in your room");
    evening.command("max", "strangers on", "Anybody can send you");
    evening.command("nils", "charset latin1", "The character set is");
    evening.command("pia", "timezone +07:00", "Times are shown in");
    evening.command("pia", "time", "+07:00");
    evening.guest("nora").types("soup, @theo!");
    evening.all_see("nora: soup, @theo!", &[]);
}

/// A name is registered, taken back from elsewhere, and given up.
fn keep_a_name(evening: &mut Evening) {
    const SECRET: &str = "psst-psst-psst";
    evening.command("tess", "register", "Choose a password:");
    evening.line("tess", SECRET, "Once more:");
    evening.line("tess", SECRET, "tess is registered.");
    evening.command("theo", "login tess", "Password of tess:");
    evening.line("theo", SECRET, "Welcome back, tess.");
    evening.all_see("* tess is now known as tess_2", &[]);
    evening.all_see("* theo is now known as tess", &[]);
    evening.guest("tess").sees("you are tess_2 now");
    evening.command("theo", "key", "No key logs in to tess.");
    evening.command("theo", "forget", "Password of tess:");
    evening.line("theo", SECRET, "tess is no longer registered.");
    evening.command("theo", "name theo", "Update username successful");
    evening.all_see("* tess is now known as theo", &[]);
    evening.only_seen_by(SECRET, &[]);
}

/// One does not want to hear of another, for a while.
fn ignore(evening: &mut Evening) {
    evening.command("sam", "ignore max", "You are now ignoring max");
    evening.guest("max").types("humbug-one");
    evening.all_see(": humbug-one", &["sam", "max"]);
    evening.command("sam", "unignore max", "You are no longer ignoring max.");
    evening.guest("max").types("humbug-two");
    evening.all_see(": humbug-two", &["max"]);
    let others: Vec<_> = GUESTS
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| *name != "sam")
        .collect();
    evening.only_seen_by("humbug-one", &others);
}

/// Who created the room takes care of it.
fn take_care(evening: &mut Evening) {
    let seen = |evening: &mut Evening, who: &str, line: &str, notice: &str| {
        evening.command(who, line, notice);
        evening.all_see(notice, &[]);
    };
    let locked = "* nora locked the room: joining needs a password";
    evening.command("nora", "lock", "New password of the room:");
    evening.line("nora", "soup4twelve", locked);
    seen(evening, "nora", "unlock", "* nora unlocked the room");
    let private = "* nora made the room private: no list shows it";
    seen(evening, "nora", "private", private);
    evening.command("nora", "private off", "* nora made the room public");
    seen(evening, "nora", "mute sam", "* sam was muted by nora");
    evening.guest("sam").types("not-heard");
    evening.guest("sam").sees("Not sent: you are muted here.");
    seen(evening, "nora", "unmute sam", "* sam was unmuted by nora");
    let passed_on = "Your report of sam was passed on to the operators";
    evening.command("nora", "report sam shouting", passed_on);
    seen(
        evening,
        "nora",
        "own mia",
        "* mia was made an owner by nora",
    );
    evening.command(
        "mia",
        "kick sam spilt soup",
        "* sam was kicked by mia: spilt soup",
    );
    evening
        .guest("sam")
        .sees("* You were kicked from room salon by mia: spilt soup");
    evening.command("sam", "join salon", "------------ Room salon ------------");
    evening.command("nora", "ban max for 2h", "* max was banned by nora for 2h");
    evening
        .guest("max")
        .sees("* You were banned from room salon by nora for 2h");
    evening.command("max", "join salon", "You are banned there for 2h.");
    evening.command("nora", "ban", "max for 2h, by nora");
    evening.command("nora", "unban max", "* max was unbanned by nora");
    evening.command("nora", "ban-name nobody", "* nobody was banned by nora");
    evening.command("nora", "unban nobody", "* nobody was unbanned by nora");
    evening.command("max", "join salon", "------------ Room salon ------------");
}

/// What was said before.
fn look_back(evening: &mut Evening) {
    evening.command("paul", "history 3", "] nora: soup, @theo!");
    evening.command(
        "nora",
        "search good evening from max",
        "] max: good evening from max",
    );
    evening.command("sam", "context 1", "#1 [");
    evening.command("sue", "re 1 so it is", "\" so it is");
}

/// Everybody leaves.
fn go(evening: &mut Evening) {
    evening.command("adam", "exit", "Who needs password anyway?");
    evening.command("nora", "close", "To close it, type its name:");
    evening.line("nora", "salon", "* Room salon was closed by nora");
    evening.command("nora", "reopen salon", "Room salon is open again.");
    evening.guest("mia").sees("* Room salon was closed by nora");
    for (name, _) in GUESTS {
        evening.command(name, "quit", "Goodbye.");
    }
}
