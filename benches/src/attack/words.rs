//! Attacks with what is said, and with who may do what: forged rows, control bytes, names, and other people's
//! lines. Each is a number that should be 0.

use std::num::NonZeroU16;

use super::bystander::unique;
use super::person::Person;
use super::report::Outcome;
use super::stage::{Before, Scale, Stage, Target};
use crate::wire::{Telnet, character_mode};

type Outcomes = Result<Vec<Outcome>, String>;

/// Rows that others would be taken in by. Nobody called Dai is there.
const FORGED: [&str; 3] = [
    "[14:14:08] Dai: yes, I pushed that bug, sorry",
    "* Dai left",
    "Dai -> you: do not tell anybody",
];

/// With how many blanks before it each is said: from none to the edge of the widest screen.
const BLANKS_MAX: usize = 80;

/// Rows of a screen that is high enough for everything that is said.
const ROWS: u16 = 4_000;

/// A way to say something, before the text.
const WAYS: [(&str, &str); 3] = [("Eve", ""), ("Eva", "\\me "), ("Evi", "\\topic ")];

/// Whose screen is looked at: what it is, what its terminal says first, what is typed, and its columns.
const SCREENS: [(&str, &[u8], &str, u16); 6] = [
    ("nc", b"", "", 80),
    ("nc \\width 40", b"", "\\width 40", 40),
    ("nc \\ansi", b"", "\\ansi", 80),
    ("nc \\ansi \\width 40", b"", "\\ansi\n\\width 40", 40),
    ("telnet", &[80, 24], "", 80),
    ("telnet", &[40, 12], "", 40),
];

/// Rows that look like somebody else's, said by Eve: `ok`, blanks to the edge, and then the row.
pub(crate) fn rows(target: &Target, scale: Scale) -> Outcomes {
    let stage = Stage::set(target, scale, Before::Nothing, &[])?;
    let (address, id) = (stage.address, unique());
    let room = format!("rows{id}");
    let mut outcome = Outcome::new("rows");
    let mut victims = Vec::new();
    for (index, (_, size, settings, _)) in SCREENS.iter().enumerate() {
        let name = format!("v{index}{id}");
        let mut victim = Person::connect(address, stage.bystanders())?;
        victim.kept = Some(Vec::new());
        if let [columns, rows] = size {
            victim.send(&character_mode(*columns, *rows))?;
            victim.send(format!("\\name {name}\r1\r{room}\r2\r{room}\r").as_bytes())?;
        } else {
            victim.line(&format!("{settings}\n\\name {name}\n1\n{room}\n2\n{room}"))?;
        }
        victim.expect(&format!("Join room {room} successful"))?;
        victims.push((name, victim));
    }
    let mut said = 0;
    for (eve, how) in WAYS {
        let name = format!("{eve}{id}");
        let mut eve = Person::enter(address, stage.attackers(), &name, &room)?;
        for blanks in 0..=BLANKS_MAX {
            let forged = FORGED[blanks % FORGED.len()];
            eve.line(&format!("{how}ok{:blanks$}{forged}", ""))?;
            said += 1;
        }
        say_end(&mut eve)?;
        outcome.sent += eve.sent;
        outcome.connections += 1;
    }
    let name = format!("Evo{id}");
    let mut eve = Person::enter(address, stage.attackers(), &name, &room)?;
    eve.line("\\width off")?;
    for ((victim, _), (_, _, _, columns)) in victims.iter().zip(SCREENS) {
        // What stands before the text, on a screen of these columns, and hardly more or less.
        let before = format!("[14:14:08] {name} -> you: ok").len();
        for blanks in usize::from(columns) - before - 2..=usize::from(columns) - before + 2 {
            let forged = FORGED[blanks % FORGED.len()];
            eve.line(&format!("\\msg {victim} ok{:blanks$}{forged}", ""))?;
            eve.expect(forged)?;
        }
    }
    said += 5;
    let end = say_end(&mut eve)?;
    outcome.sent += eve.sent;
    outcome.connections += 1;
    for ((_, mut victim), (what, _, _, columns)) in victims.into_iter().zip(SCREENS) {
        victim.expect(&format!(": {end}"))?;
        let shown = victim.kept.take().unwrap_or_default();
        let forged = forged_rows(&shown, columns);
        outcome.find(
            forged.len() as f64,
            format!("of {said} rows forged on a {what} of {columns} columns"),
        );
    }
    Ok(vec![outcome])
}

/// Says something new and waits for it, since by then everything before has been said; returns what it was.
fn say_end(person: &mut Person) -> Result<String, String> {
    let end = format!("end{}", unique());
    person.line(&end)?;
    person.expect(&format!(": {end}"))?;
    Ok(end)
}

/// Rows of a screen of so many `columns`, after `bytes`, that look like what nobody said.
fn forged_rows(bytes: &[u8], columns: u16) -> Vec<String> {
    let mut data = bytes.to_vec();
    Telnet::default().receive(&mut data, &mut Vec::new());
    let cells = |count| NonZeroU16::new(count).unwrap_or(NonZeroU16::MIN);
    let mut terminal = vt100::Parser::new(cells(ROWS), cells(columns), 0);
    // As the terminal's driver does.
    for line in data.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(line) => terminal.process(&[line, b"\r\n"].concat()),
            None => terminal.process(line),
        }
    }
    let is_forged = |row: &String| {
        ["[14:14:08]", "* Dai", "Dai ->"]
            .iter()
            .any(|start| row.starts_with(start))
    };
    terminal
        .screen()
        .rows(0, columns)
        .filter(is_forged)
        .collect()
}

/// Sets of one byte a character whose terminals take the bytes 0x80 to 0x9F for controls, or print nothing
/// there; and of two bytes that begin at 0xA1.
const SETS: [&str; 9] = [
    "latin1",
    "iso-8859-1",
    "ascii",
    "latin5",
    "iso-8859-9",
    "tis-620",
    "x-user-defined",
    "gb2312",
    "euc-kr",
];

/// What windows-1252 and its like have there, what stands for a C1 control, and letters that only the
/// extensions of the last two sets have.
const LETTERS: &str = "\u{203a}\u{20ac}\u{201a}\u{192}\u{201e}\u{2026}\u{2020}\u{2021}\u{2c6}\u{2030}\u{160}\u{2039}\
     \u{152}\u{17d}\u{2018}\u{2019}\u{201c}\u{201d}\u{2022}\u{2013}\u{2014}\u{2dc}\u{2122}\u{161}\u{153}\u{17e}\u{178}\
     \u{f780}\u{f79b}\u{f79f}\u{9b}\u{85}\u{4e02}\u{4e90}\u{ac02}\u{ac03}";

/// Control bytes that somebody else's terminal is sent through its character set.
pub(crate) fn charset(target: &Target, scale: Scale) -> Outcomes {
    let stage = Stage::set(target, scale, Before::Nothing, &[])?;
    let (address, id) = (stage.address, unique());
    let room = format!("sets{id}");
    let mut outcome = Outcome::new("charset");
    let mut eve = Person::enter(address, stage.attackers(), &format!("Eve{id}"), &room)?;
    let mut victims = Vec::new();
    for set in SETS {
        let mut victim = Person::connect(address, stage.bystanders())?;
        victim.expect("> ")?;
        victim.line(&format!("\\charset {set}"))?;
        // A set that is refused harms nobody.
        if victim.expect_any(&[
            "There is no character set",
            "The character set stays",
            "The character set is",
        ])? < 2
        {
            continue;
        }
        victim.line(&format!("\\join {room}"))?;
        victim.expect(&format!("Join room {room} successful"))?;
        victim.kept = Some(Vec::new());
        victims.push((set, victim));
    }
    eve.line(&format!("{LETTERS} end"))?;
    outcome.connections = 1;
    outcome.sent = eve.sent;
    for (set, mut victim) in victims {
        victim.expect(" end\n")?;
        let shown = victim.kept.take().unwrap_or_default();
        let controls = shown.iter().filter(|byte| (0x80..0xa0).contains(*byte));
        let count = controls.count() as f64;
        outcome.find(count, format!("control bytes for a terminal of {set}"));
    }
    Ok(vec![outcome])
}

/// Names that pass for `Dai`, or show nothing that tells them from it.
const LOOKALIKES: [&str; 11] = [
    "D\u{1d00}i",
    "\u{d0}ai",
    "D\u{430}i",
    "Dai\u{378}",
    "Dai\u{e000}",
    "Dai\u{307}",
    "Dai\u{1161}",
    "Dai\u{17d2}",
    "Dai\u{1a60}",
    "Dai\u{1107f}",
    "Da\u{456}",
];

/// Names that rows of the server's own begin with.
const ROW_STARTS: [&str; 4] = ["you", "*", "#12", "[20:20:20]"];

/// Names and rooms that look like others, with `Dai` connected and the room `club` there.
pub(crate) fn lookalikes(target: &Target, scale: Scale) -> Outcomes {
    let stage = Stage::set(target, scale, Before::Nothing, &[])?;
    let (address, source) = (stage.address, stage.attackers());
    let mut outcome = Outcome::new("lookalikes");
    let _dai = Person::enter(address, stage.bystanders(), "Dai", "club")?;
    let mut eve = Person::connect(address, source)?;
    eve.expect("> ")?;
    for (names, what) in [
        (&LOOKALIKES[..], "look-alikes of Dai given"),
        (&ROW_STARTS[..], "names given that rows begin with"),
    ] {
        let mut given = Vec::new();
        for name in names {
            // As somebody new each time, since a name of one's own is no obstacle.
            let mut eve = Person::connect(address, source)?;
            eve.expect("> ")?;
            eve.line(&format!("\\name {name}"))?;
            if eve.expect_any(&["username failed", "username successful"])? == 1 {
                given.push(name.escape_unicode().to_string());
            }
            outcome.sent += eve.sent;
        }
        let (count, all) = (given.len(), names.len());
        let given: Vec<String> = given.iter().map(|name| shortened(name)).collect();
        outcome.find(
            count as f64,
            format!("of {all} {what}: {}", given.join(" ")),
        );
    }
    eve.line("1\nc\u{4cf}ub")?;
    let made = eve.expect_any(&["ub failed", "ub successful", "failed"])? == 1;
    outcome.find(
        f64::from(u8::from(made)),
        "look-alike of the room club made",
    );
    outcome.connections = 1;
    Ok(vec![outcome])
}

/// Escapes of letters that need none undone.
fn shortened(escaped: &str) -> String {
    let mut text = escaped.to_owned();
    for letter in [
        'D', 'a', 'i', 'y', 'o', 'u', '*', '#', '1', '2', '[', ']', '0', ':',
    ] {
        text = text.replace(&letter.escape_unicode().to_string(), &letter.to_string());
    }
    text
}

/// Rooms, and lines in each, that [`close`] would like to be rid of.
const ROOMS: usize = 20;
const LINES: usize = 60;

/// A stranger closes rooms whose founders have gone.
pub(crate) fn close(target: &Target, scale: Scale) -> Outcomes {
    let stage = Stage::set(target, scale, Before::File, &[])?;
    let (address, id) = (stage.address, unique());
    let room = |number: usize| format!("kept{id}-{number}");
    for number in 0..ROOMS {
        let (source, name) = (stage.somebody(number), format!("founder{id}-{number}"));
        let mut founder = Person::enter(address, source, &name, &room(number))?;
        for line in 0..LINES {
            founder.line(&said(line))?;
        }
        founder.expect(&format!(": {}", said(LINES - 1)))?;
    }
    let mut stranger = Person::connect(address, stage.attackers())?;
    stranger.expect("> ")?;
    let before = stranger.sent;
    for number in 0..ROOMS {
        stranger.line(&format!(
            "\\join {}\n\\close\n{}",
            room(number),
            room(number)
        ))?;
        stranger.expect(&format!("Join room {} successful", room(number)))?;
    }
    // Everything before it is done when this is answered.
    stranger.line("\\time")?;
    stranger.expect("It is ")?;
    let mut outcome = Outcome::new("close");
    outcome.connections = 1;
    outcome.sent = stranger.sent - before;
    drop(stranger);
    let (mut gone, mut lines) = (0, 0);
    for number in 0..ROOMS {
        let left = lines_left(&stage, &room(number))?;
        gone += usize::from(left == 0);
        lines += LINES - left;
    }
    let all = ROOMS * LINES;
    outcome.find(lines as f64, format!("of {all} lines of others gone"));
    outcome.find(gone as f64, format!("of {ROOMS} rooms gone"));
    Ok(vec![outcome])
}

fn said(line: usize) -> String {
    format!("line {line:03} of what must stay")
}

/// How many of the lines that were said in `room` can still be read there.
fn lines_left(stage: &Stage, room: &str) -> Result<usize, String> {
    let mut witness = Person::connect(stage.address, stage.bystanders())?;
    witness.expect("> ")?;
    // Joining shows the last lines, and the page those before them.
    witness.kept = Some(Vec::new());
    witness.line(&format!("\\join {room}"))?;
    let answers = [
        format!("Join room {room} successful"),
        format!("no room {room}"),
    ];
    if witness.expect_any(&answers.each_ref().map(String::as_str))? == 1 {
        return Ok(0);
    }
    let end = unique();
    // What is unknown is answered with its own name, behind the page.
    witness.line(&format!("\\history {}\n\\nothing{end}", LINES + 20))?;
    witness.expect(&format!("no command \\nothing{end}"))?;
    let shown = witness.kept.take().unwrap_or_default();
    let page = String::from_utf8_lossy(&shown);
    let has = |line: &usize| page.contains(&format!(": {}", said(*line)));
    Ok((0..LINES).filter(has).count())
}
