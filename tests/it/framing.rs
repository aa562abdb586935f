//! However lines end and however they are cut, the answer is the same.

use crate::harness::{PROBE, Server, plain_lines, room_with, times_blanked, without_probe};

/// The dialogue of the README, one message in it.
const SCRIPT: &[&str] = &[
    "1", "1150", "4", "bot", "2", "1150", "hi", "\\exit", "3", "5",
];

/// The ends of line that clients send, and how often the first of them has the server ask whether the
/// client speaks Telnet.
const ENDS: &[(&str, &str, usize)] = &[
    ("LF", "\n", 0),
    ("CR LF", "\r\n", 1),
    ("CR NUL", "\r\0", 1),
    ("CR", "\r", 0),
];

#[test]
fn every_end_of_line_in_every_cut_gives_the_same_output() {
    let want = output("\n", 0, Cut::Whole);
    assert!(
        want.contains("[HH:MM:SS] bot: hi\nbot> ") && want.ends_with("Goodbye.\n"),
        "{want}"
    );
    for (name, end, probes) in ENDS {
        for cut in [Cut::Whole, Cut::Lines, Cut::Bytes] {
            println!("case: {name}, {cut:?}");
            assert_eq!(output(end, *probes, cut), want, "{name}, {cut:?}");
        }
    }
}

/// How the script is cut into writes.
#[derive(Debug, Clone, Copy)]
enum Cut {
    Whole,
    Lines,
    Bytes,
}

/// Everything a new server says to [`SCRIPT`], with LF for CR LF and times blanked. So many probes must be
/// in it, and are taken out.
fn output(end: &str, probes: usize, cut: Cut) -> String {
    let server = Server::start(&[]);
    let mut client = server.client("bot");
    let lines: Vec<String> = SCRIPT.iter().map(|line| format!("{line}{end}")).collect();
    match cut {
        Cut::Whole => client.send(lines.concat()),
        Cut::Lines => lines.iter().for_each(|line| client.send(line)),
        // Without delay each byte is a segment of its own, unless the server is slower than we are.
        Cut::Bytes => lines.concat().bytes().for_each(|byte| client.send([byte])),
    }
    client.expect("Goodbye.\n");
    client.expect_eof();
    let received = client.received();
    assert_eq!(count(&received, PROBE), probes);
    let text = String::from_utf8(without_probe(&received)).expect("clean text");
    times_blanked(&text.replace("\r\n", "\n"))
}

fn count(bytes: &[u8], part: &[u8]) -> usize {
    bytes.windows(part.len()).filter(|at| *at == part).count()
}

#[test]
fn the_ends_of_line_may_be_mixed() {
    let server = Server::start(&[]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    ann.send("one\ntwo\r\nthree\r\0four\rfive\r");
    ann.send("\nsix\n");
    for word in ["one", "two", "three", "four", "five", "six"] {
        ben.expect(&format!("[HH:MM:SS] ann: {word}\n"));
    }
    let lines = plain_lines(&ben.text(), "ben");
    let said = lines.iter().filter(|line| line.contains("] ann: ")).count();
    assert_eq!(said, 6, "{lines:?}");
}

#[test]
fn many_lines_in_one_packet_are_many_lines_in_order() {
    let server = Server::start(&[]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    let many: String = (0..50).map(|n| format!("line {n}\n")).collect();
    ann.send(many);
    for client in [&mut ann, &mut ben] {
        client.expect("ann: line 49\n");
        let lines: Vec<String> = plain_lines(&client.text(), client.name())
            .iter()
            .filter_map(|line| line.split_once("] ann: ").map(|(_, text)| text.to_owned()))
            .collect();
        let want: Vec<String> = (0..50).map(|n| format!("line {n}")).collect();
        assert_eq!(lines, want);
    }
}

#[test]
fn a_command_after_a_message_in_one_packet_finds_it_answered() {
    let server = Server::start(&[]);
    let [mut ann] = room_with(&server, "1150", ["ann"]);
    ann.send("hi\n\\exit\n");
    ann.expect_next("[HH:MM:SS] ann: hi\nann> ");
    ann.expect("=========== Welcome!");
    ann.expect("ann> ");
}

#[test]
fn newlines_are_cr_lf_until_the_first_line_and_then_as_the_client_sends_them() {
    for (end, reply) in [
        ("\n", "\n"),
        ("\r\n", "\r\n"),
        ("\r\0", "\r\n"),
        ("\r", "\r\n"),
    ] {
        let server = Server::start(&[]);
        let mut client = server.client("mirror");
        client.expect("anon> ");
        let before = client.received().len();
        client.send(format!("3{end}"));
        client.expect("anon> ");
        let after = without_probe(&client.received()[before..]);
        let after = String::from_utf8(after).expect("clean text");
        let newlines = after.matches('\n').count();
        let cr_lf = after.matches("\r\n").count();
        assert_eq!(
            cr_lf,
            if reply == "\n" { 0 } else { newlines },
            "{end:?}: {after:?}"
        );
    }
}
