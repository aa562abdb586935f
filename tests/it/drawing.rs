//! Append-only drawing for raw clients, byte for byte.

use crate::harness::{Server, plain_lines, room_with};

#[test]
fn ones_own_line_comes_back_and_the_prompt_after_it() {
    let server = Server::start(&[]);
    let [mut ann] = room_with(&server, "1150", ["ann"]);
    for text in ["hi", "ดีค้าบบบบ", "a  b", "👍"] {
        ann.line(text);
        ann.expect_next(&format!("[HH:MM:SS] ann: {text}\nann> "));
    }
}

#[test]
fn a_line_of_somebody_else_starts_on_a_new_line_when_the_prompt_is_open() {
    let server = Server::start(&[]);
    let [mut ann, mut bob] = room_with(&server, "1150", ["ann", "bob"]);
    bob.line("x");
    ann.expect_next("\n[HH:MM:SS] bob: x\nann> ");
    bob.expect_next("[HH:MM:SS] bob: x\nbob> ");
    ann.line("y");
    ann.expect_next("[HH:MM:SS] ann: y\nann> ");
    bob.expect_next("\n[HH:MM:SS] ann: y\nbob> ");
}

#[test]
fn notices_are_drawn_like_lines() {
    let server = Server::start(&[]);
    let [mut ann] = room_with(&server, "1150", ["ann"]);
    let mut bob = server.client("bob");
    bob.expect("anon> ");
    bob.login();
    bob.join("1150");
    ann.expect_next("\n* bob joined\nann> ");
    bob.line("\\name rob");
    bob.expect("rob> ");
    ann.expect_next("\n* bob is now known as rob\nann> ");
    bob.line("\\quit");
    ann.expect_next("\n* rob left\nann> ");
}

#[test]
fn half_typed_text_is_neither_repeated_nor_lost() {
    let server = Server::start(&[]);
    let [mut ann, mut bob] = room_with(&server, "1150", ["ann", "bob"]);
    ann.send("hello wor");
    for n in 1..=3 {
        bob.say(&format!("message {n}"));
        ann.expect_next(&format!("\n[HH:MM:SS] bob: message {n}\nann> "));
    }
    ann.send("ld\n");
    ann.expect_next("[HH:MM:SS] ann: hello world\nann> ");
    bob.expect_next("\n[HH:MM:SS] ann: hello world\nbob> ");
}

#[test]
fn every_line_of_the_transcript_is_one_line() {
    let server = Server::start(&["--rate", "0"]);
    let [mut ann, mut bob, mut cat] = room_with(&server, "1150", ["ann", "bob", "cat"]);
    for n in 0..100 {
        ann.line(format!("a {n}"));
        bob.line(format!("b {n}"));
    }
    for (client, other) in [(&mut ann, "bob: b"), (&mut bob, "ann: a")] {
        client.expect(&format!("] {other} 99\n"));
    }
    // Both have said all they had, so this is the last line everywhere.
    cat.say("the end");
    for client in [&mut ann, &mut bob] {
        client.expect("] cat: the end\n");
    }
    let talk = |client: &crate::harness::Client| -> Vec<String> {
        let lines = plain_lines(&client.text(), client.name());
        let start = lines
            .iter()
            .position(|line| line.contains(" a 0") || line.contains(" b 0"));
        lines[start.expect("the first line")..]
            .iter()
            .filter(|line| !line.starts_with('*'))
            .cloned()
            .collect()
    };
    let want = talk(&cat);
    assert_eq!(want.len(), 201, "{want:?}");
    assert!(want.iter().all(|line| line.starts_with('[')), "{want:?}");
    assert_eq!(talk(&ann), want);
    assert_eq!(talk(&bob), want);
}

#[test]
fn on_a_narrow_screen_no_word_is_broken_and_a_question_leaves_a_place_for_the_answer() {
    let server = Server::start(&[]);
    let [mut ann] = room_with(&server, "1150", ["ann"]);
    ann.line("\\width 40");
    ann.expect_next("Rows are wrapped at 40 columns.\nann> ");
    ann.line("\\help");
    let help = ann.expect("ann> ");
    ann.line("\\help mute");
    let mute = ann.expect("ann> ");
    ann.line("\\mute nobody");
    let refused = ann.expect("ann> ");
    ann.line("\\lock secret");
    let lock = ann.expect("ann> ");
    for rows in [&help, &mute, &refused, &lock] {
        for row in rows.lines() {
            assert!(row.chars().count() <= 40, "{row:?} in {rows}");
        }
    }
    // What a usage consists of stands together.
    assert!(
        help.contains(" \\ban-name NAME [for 2h] [WHY],\n"),
        "{help}"
    );
    assert!(lock.contains("when\n  asked:"), "{lock}");
    ann.line("a message that is longer than forty columns, which are not many");
    let said = ann.expect("ann> ");
    assert!(said.lines().all(|row| row.chars().count() <= 40), "{said}");
    ann.line("\\join nowhere");
    ann.expect_next("There is no room nowhere.\nCreate it? [y/N] ");
    ann.line("n");
    ann.expect("ann> ");
    ann.line("\\width 79");
    ann.expect("ann> ");
    ann.line("\\join nowhere");
    ann.expect_next("There is no room nowhere. Create it? [y/N] ");
}
