//! Nobody loses what is half typed: real clients at a terminal, messages while a line is typed, and then what
//! the person sees, what the others got.

use std::thread;
use std::time::Duration;

use crate::harness::{
    BUSYBOX_TELNET, Caller, Client, Drawing, NC_OPENBSD, NCAT, NCAT_CRLF, PLINK, SOCAT, Server,
    TELNET, TELNET_SSL, TINTIN, Terminal, View, room_with, times_blanked, walk_in,
};

/// The beginning of a line, its end, and the columns of the beginning.
type Line = (&'static str, &'static str, usize);

/// Plain letters; Thai, with marks above letters and bytes that old telnets take for commands; characters of
/// two columns.
const LINES: [Line; 3] = [
    ("hello wor", "ld", 9),
    ("สวัสดี บผ", "ใฝ", 7),
    ("👍 ok 👍", " 👍", 8),
];

/// Rows of a terminal on which the room is far from the bottom, and of one whose bottom it has reached.
const HEIGHTS: [u16; 2] = [70, 24];

/// The server takes an echo for undisturbed when nothing was sent for 250 ms; a person takes longer.
const THINKING: Duration = Duration::from_millis(400);

const ANSI_ON: &str = "If your screen now looks wrong, type \\ansi off.";

#[test]
fn in_inetutils_telnet() {
    half_typed(&TELNET, Drawing::Character);
}

#[test]
fn in_netkit_telnet() {
    half_typed(&TELNET_SSL, Drawing::Character);
}

#[test]
fn in_busybox_telnet() {
    half_typed(&BUSYBOX_TELNET, Drawing::Character);
}

#[test]
fn in_plink() {
    half_typed(&PLINK, Drawing::Character);
}

#[test]
fn in_tintin() {
    half_typed(&TINTIN, Drawing::Ansi);
}

#[test]
fn in_nc_openbsd() {
    half_typed(&NC_OPENBSD, Drawing::Plain);
}

#[test]
fn in_nc_openbsd_with_ansi() {
    half_typed(&NC_OPENBSD, Drawing::Ansi);
}

#[test]
fn in_ncat() {
    half_typed(&NCAT, Drawing::Plain);
    half_typed(&NCAT, Drawing::Ansi);
}

#[test]
fn in_ncat_with_cr_lf() {
    half_typed(&NCAT_CRLF, Drawing::Plain);
    half_typed(&NCAT_CRLF, Drawing::Ansi);
}

#[test]
fn in_socat() {
    half_typed(&SOCAT, Drawing::Plain);
    half_typed(&SOCAT, Drawing::Ansi);
}

/// Every line on every height: half of it, three messages, the rest.
fn half_typed(caller: &Caller, drawing: Drawing) {
    for line in LINES {
        for rows in HEIGHTS {
            println!("case: {}, {drawing:?}, {line:?}, {rows} rows", caller.name);
            let server = Server::start(&[]);
            let [mut host] = room_with(&server, "1150", ["host"]);
            let mut person = caller.start_with_rows(&server, rows);
            enter(&mut person, &mut host, caller, drawing);
            check(caller, drawing, &mut person, &mut host, line);
            let below = person.view().rows_below;
            // The client passes on to its terminal whatever it got.
            if drawing == Drawing::Plain && caller.name != NCAT_CRLF.name {
                let shown = person.received();
                assert!(!shown.contains(&0x1b) && !shown.contains(&0xff));
            }
            // tintin++ begins at the bottom.
            let is_at_bottom = rows == 24 || caller.drawing == Drawing::Ansi;
            let wanted = if is_at_bottom { 0..=0 } else { 20..=60 };
            assert!(wanted.contains(&below), "{below} rows below the cursor");
        }
    }
}

#[test]
fn two_hundred_messages_while_sixty_characters_are_typed() {
    let text = "sixty characters, สวัสดี ครับ, typed while two hundred come: 60";
    let cases = [
        (&TELNET, Drawing::Character),
        (&TELNET_SSL, Drawing::Character),
        (&BUSYBOX_TELNET, Drawing::Character),
        (&PLINK, Drawing::Character),
        (&NC_OPENBSD, Drawing::Ansi),
        (&SOCAT, Drawing::Ansi),
        (&NC_OPENBSD, Drawing::Plain),
    ];
    for (caller, drawing) in cases {
        println!("case: {}, {drawing:?}", caller.name);
        let server = Server::start(&["--rate", "0"]);
        let [mut host] = room_with(&server, "1150", ["host"]);
        let mut person = caller.start_with_rows(&server, 24);
        enter(&mut person, &mut host, caller, drawing);
        let mut keys = text.chars();
        for n in 1..=200 {
            host.line(format!("message {n}"));
            if n % 3 == 0 {
                person.keys(&keys.next().map_or(String::new(), String::from));
            }
            // Some come alone, some many at once.
            if n % 7 == 0 {
                host.expect(&format!("] host: message {n}\n"));
            }
        }
        host.expect("] host: message 200\nhost> ");
        assert_eq!(keys.next(), None, "all is typed");
        if drawing == Drawing::Plain {
            person.expect_prompt("guest>");
        } else {
            let mut rows: Vec<String> = (1..=200)
                .map(|n| format!("[HH:MM:SS] host: message {n}"))
                .collect();
            rows.push(format!("guest> {text}"));
            expect_rows(&mut person, &rows, "guest> ".len() + 60);
        }
        thread::sleep(THINKING);
        person.line("");
        host.expect_next(&format!("\n[HH:MM:SS] guest: {text}\nhost> "));
        person.expect(&match drawing {
            // Its own echo stands for the line.
            Drawing::Ansi => format!("guest> {text}\nguest>"),
            Drawing::Plain | Drawing::Character => format!("] guest: {text}\nguest>"),
        });
        let view = person.view();
        let rows = room(&view);
        let messages: Vec<&String> = rows.iter().filter(|row| row.contains("] host: ")).collect();
        let wanted: Vec<String> = (1..=200)
            .map(|n| format!("[HH:MM:SS] host: message {n}"))
            .collect();
        assert!(messages.into_iter().eq(&wanted), "{rows:#?}");
    }
}

/// Walks into the room, and turns ANSI drawing on where it does not come by itself.
fn enter(person: &mut Terminal, host: &mut Client, caller: &Caller, drawing: Drawing) {
    walk_in(person, "guest");
    host.expect_next("\n* guest joined\nhost> ");
    if caller.drawing == Drawing::Plain && drawing == Drawing::Ansi {
        person.line("\\ansi");
        person.expect(ANSI_ON);
        person.expect_prompt("guest>");
    }
}

fn check(
    caller: &Caller,
    drawing: Drawing,
    person: &mut Terminal,
    host: &mut Client,
    (half, rest, columns): Line,
) {
    person.keys(half);
    person.expect_prompt(&format!("guest> {half}"));
    let messages = ["one", "สวัสดีครับ ทุกคน", "three 👍"];
    let said = |text: &str| format!("[HH:MM:SS] host: {text}");
    let mut seen = vec![format!("guest> {half}")];
    for message in messages {
        host.say(message);
        let cursor = match drawing {
            Drawing::Plain => {
                seen.extend([said(message), "guest>".to_owned()]);
                "guest> ".len()
            }
            Drawing::Ansi | Drawing::Character => {
                seen.insert(seen.len() - 1, said(message));
                "guest> ".len() + columns
            }
        };
        // Each on its own: two that come together get one prompt, which is right as well.
        expect_rows(person, &seen, cursor);
    }

    thread::sleep(THINKING);
    person.line(rest);
    // Exactly the line, and nothing else.
    host.expect_next(&format!("\n[HH:MM:SS] guest: {half}{rest}\nhost> "));
    seen.pop();
    let (echo, said) = (
        format!("guest> {half}{rest}"),
        format!("[HH:MM:SS] guest: {half}{rest}"),
    );
    match drawing {
        Drawing::Plain => seen.extend([format!("guest> {rest}"), said]),
        // It has shown the line on a row of its own, which is none of the server's business.
        Drawing::Ansi if caller.drawing == Drawing::Ansi => seen.extend([echo, said]),
        // The echo stands for the line.
        Drawing::Ansi => seen.push(echo),
        Drawing::Character => seen.push(said),
    }
    seen.push("guest>".to_owned());
    expect_rows(person, &seen, "guest> ".len());
}

/// Waits until the room's rows are these, with the cursor in that column of the last.
fn expect_rows(person: &mut Terminal, rows: &[String], column: usize) {
    let found = person
        .wait_until(|view| room(view) == rows && view.cursor == (view.rows.len() - 1, column));
    if let Err(view) = found {
        panic!(
            "wanted, with the cursor in column {column}:\n{}\nand not, with the cursor at {:?}:\n{}",
            rows.join("\n"),
            view.cursor,
            view.rows.join("\n")
        );
    }
}

/// What came since the room was entered, and since ANSI drawing was turned on.
fn room(view: &View) -> Vec<String> {
    let start = view
        .rows
        .iter()
        .rposition(|row| row.starts_with("------------ Room") || row == ANSI_ON)
        .map_or(0, |at| at + 1);
    view.rows[start..]
        .iter()
        .map(|row| times_blanked(row))
        .collect()
}
