//! The chat of the seed: three people, Thai names and all.

use crate::harness::{Client, Server, plain_lines, room_with};

/// The people of the seed.
const DAI: &str = "Dai";
const CRYING: &str = "T_____T";
const THAI: &str = "เป็นคนที่เทอพูมจัย";

/// Who says what, in order; indices into the people.
const TALK: &[(usize, &str)] = &[
    (2, "ดี"),
    (0, "yo!"),
    (1, "ดีค้าบบบบ"),
    (1, "ก็มาดิค้าบ"),
    (2, "เจอได้หมด"),
    (0, "ใจเย็นคับเพื่อน"),
];

#[test]
fn three_people_see_the_same_conversation_in_one_order() {
    let server = Server::start(&[]);
    let mut people = room_with(&server, "1150", [DAI, CRYING, THAI]);
    let names = [DAI, CRYING, THAI];
    for (who, text) in TALK {
        people[*who].line(text);
        for person in &mut people {
            person.expect(&format!("[HH:MM:SS] {}: {text}\n", names[*who]));
            person.expect(&person.prompt());
        }
    }
    let talks = people.each_ref().map(said);
    assert_eq!(talks[0].len(), TALK.len());
    assert_eq!(talks[0], talks[1]);
    assert_eq!(talks[0], talks[2]);
}

#[test]
fn a_name_changes_hands_as_in_the_seeds_log() {
    let server = Server::start(&[]);
    let [mut bank, mut dai] = room_with(&server, "1150", ["Bank", DAI]);
    for (old, new) in [("Bank", "<0w0>"), ("<0w0>", CRYING)] {
        bank.line(format!("\\name {new}"));
        bank.expect(&format!("{new}> "));
        dai.expect_next(&format!("\n* {old} is now known as {new}\nDai> "));
    }
    bank.line("ดีค้าบบบบ");
    dai.expect_next(&format!("\n[HH:MM:SS] {CRYING}: ดีค้าบบบบ\nDai> "));
}

#[test]
fn someone_who_comes_later_sees_the_talk_so_far() {
    let server = Server::start(&[]);
    let [mut dai] = room_with(&server, "1150", [DAI]);
    for text in ["ดี", "yo!"] {
        dai.say(text);
    }
    let mut late = server.client(THAI);
    late.login();
    let shown = late.join("1150");
    assert_eq!(plain_lines(&shown, THAI).len(), 2, "{shown:?}");
    let mut again = server.client("<0w0>");
    again.line("2\n1150");
    again.expect("------------ Room 1150 ------------\n");
    again.expect_next("[HH:MM:SS] Dai: ดี\n[HH:MM:SS] Dai: yo!\nanon> ");
}

/// The lines of the talk that a client saw, as it saw them.
fn said(client: &Client) -> Vec<String> {
    plain_lines(&client.text(), client.name())
        .into_iter()
        .filter(|line| line.starts_with('['))
        .collect()
}
