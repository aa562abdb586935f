//! `\msg`, `\reply`, `\me`, `\away`: what is said to one person alone, and what is done.

use std::time::Instant;

use crate::harness::{Server, room_with};

#[test]
fn private_words_reach_one_person_wherever_that_is_and_nobody_else() {
    let server = Server::start(&[]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    let mut cat = server.client("cat");
    cat.expect("anon> ");
    cat.line("\\name cat");
    cat.expect("cat> ");

    ann.line("\\msg CAT psst");
    ann.expect_next("[HH:MM:SS] you -> cat: psst\nann> ");
    cat.expect_next(
        "\n[HH:MM:SS] ann -> you: psst\n(only you see this; type '\\reply TEXT' to answer)\ncat> ",
    );
    cat.line("\\reply what?");
    cat.expect_next("[HH:MM:SS] you -> ann: what?\ncat> ");
    ann.expect_next(
        "\n[HH:MM:SS] cat -> you: what?\n(only you see this; type '\\reply TEXT' to answer)\nann> ",
    );
    ann.say("done");
    ben.expect_next("\n[HH:MM:SS] ann: done\nben> ");
}

#[test]
fn who_cannot_be_told_is_named_with_the_reason() {
    let server = Server::start(&[]);
    let [mut ann] = room_with(&server, "1150", ["ann"]);
    for (line, reason) in [
        ("\\msg ben hi", "ben is not here. Nothing was sent."),
        ("\\msg ann hi", "That is you. Nothing was sent."),
        (
            "\\msg anon hi",
            "anon means anyone without a name. Nothing was sent. \\reply answers whoever messaged you last.",
        ),
        (
            "\\reply hi",
            "Nobody has messaged you yet. Nothing was sent. Type \\msg NAME TEXT.",
        ),
        ("\\msg ben", "Type \\msg NAME TEXT."),
    ] {
        ann.line(line);
        ann.expect_next(&format!("{reason}\nann> "));
    }
}

#[test]
fn a_reply_reaches_who_has_no_name_or_another_one_by_now_but_not_who_has_gone() {
    let server = Server::start(&[]);
    let [mut ann] = room_with(&server, "1150", ["ann"]);
    let mut other = server.client("other");
    other.expect("anon> ");
    other.line("\\msg ann guess who");
    other.expect("anon> ");
    ann.expect("anon -> you: guess who\n");
    ann.expect("ann> ");
    other.line("\\name ben");
    other.expect("ben> ");
    ann.line("\\reply you are ben");
    ann.expect_next("[HH:MM:SS] you -> ben: you are ben\nann> ");
    other.expect("ann -> you: you are ben\n");
    other.expect("ben> ");
    other.line("\\quit");
    other.expect_eof();
    // The register hears of it a little after the client.
    loop {
        ann.line("\\reply still there?");
        let answer = ann.expect("ann> ");
        if answer.contains("anon is not here. Nothing was sent.") {
            break;
        }
    }
}

#[test]
fn an_action_is_seen_by_all_and_by_who_comes_later() {
    let server = Server::start(&[]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    ann.line("\\me waves");
    ann.expect_next("[HH:MM:SS] * ann waves\nann> ");
    ben.expect_next("\n[HH:MM:SS] * ann waves\nben> ");
    ben.line("\\search wav");
    let found = ben.expect("ben> ");
    assert!(found.contains("] * ann waves\n"), "{found:?}");
    let mut cat = server.client("cat");
    cat.expect("anon> ");
    cat.line("2");
    cat.line("1150");
    cat.expect("------------ Room 1150 ------------\n[HH:MM:SS] * ann waves\nanon> ");
}

#[test]
fn who_is_away_is_said_to_be_until_they_speak() {
    let server = Server::start(&[]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    ann.line("\\away at lunch");
    ann.expect_next("You are away until you say something.\nann> ");
    ben.line("\\msg ann hungry?");
    ben.expect_next("[HH:MM:SS] you -> ann: hungry?\nann is away: at lunch\nben> ");
    ann.expect("ann> ");
    ann.line("\\me is full");
    ann.expect_next("You are back.\n[HH:MM:SS] * ann is full\nann> ");
    ben.expect("* ann is full\nben> ");
    ben.line("\\msg ann good?");
    ben.expect_next("[HH:MM:SS] you -> ann: good?\nben> ");
}

#[test]
fn who_refuses_strangers_hears_those_in_the_room_and_whom_they_wrote_to() {
    let server = Server::start(&[]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    let mut cat = server.client("cat");
    cat.login();
    ann.line("\\strangers off");
    ann.expect(
        "Only people in your room, and those you write to, can send you private messages.\nann> ",
    );
    cat.line("\\msg ann psst");
    cat.expect(
        "ann takes private messages only from people in the same room, and from those\n  ann has written to. Nothing was sent.\ncat> ",
    );
    ben.line("\\msg ann hi");
    ben.expect("] you -> ann: hi\n");
    ann.expect("] ben -> you: hi\n");
    ann.line("\\msg cat yes?");
    cat.expect("] ann -> you: yes?\n");
    cat.line("\\reply now you hear me");
    ann.expect("] cat -> you: now you hear me\n");
}

#[test]
fn one_person_does_not_flood_another_with_private_words() {
    let server = Server::start(&[]);
    let [mut ann] = room_with(&server, "1150", ["ann"]);
    let mut eve = server.client("eve");
    eve.login();
    let started = Instant::now();
    for number in 0..60 {
        eve.line(format!("\\msg ann {number}"));
    }
    eve.line("\\name");
    eve.expect("Your name is eve");
    ann.line("\\name");
    ann.expect("Your name is ann");
    let arrived = ann.text().matches("] eve -> you: ").count();
    // Two more for each second that it took.
    let most = 41 + 2 * started.elapsed().as_secs() as usize;
    assert!((40..=most.min(60)).contains(&arrived), "{arrived}, {most}");
    let too_many = "ann has had too many private messages from you. Nothing was sent.";
    let refused = eve.text().matches(too_many).count();
    assert_eq!(arrived + refused, 60);
}

#[test]
fn somebody_is_invited_to_a_private_room_and_those_who_ignore_are_left_alone() {
    let server = Server::start(&[]);
    let [mut ann] = room_with(&server, "den", ["ann"]);
    ann.line("\\private");
    ann.expect("ann> ");
    let [mut ben] = room_with(&server, "1150", ["ben"]);
    ann.line("\\invite BEN");
    ann.expect_next("[HH:MM:SS] you invited ben to room den.\nann> ");
    ben.expect_next(
        "\n[HH:MM:SS] ann invites you to room den.\n(type '\\join den' to go there)\nben> ",
    );
    for (whom, told) in [
        ("eve", "eve is not here. Nothing was sent."),
        ("ann", "That is you. Nothing was sent."),
        (
            "anon",
            "anon means anyone without a name. Nothing was sent.",
        ),
        ("two words", "Nobody is called two words. Nothing was sent."),
        ("", "Type \\invite NAME."),
    ] {
        ann.line(format!("\\invite {whom}"));
        ann.expect_next(told);
        ann.expect("ann> ");
    }
    ben.line("\\join den");
    ben.expect("------------ Room den ------------");
    ben.expect("ben> ");
    ben.line("\\exit");
    ben.expect("ben> ");
    ben.line("\\ignore ann");
    ben.expect("ben> ");
    ann.line("\\invite ben");
    ann.expect("you invited ben to room den.\n");
    ann.line("\\msg ben x");
    ann.expect("you -> ben: x\n");
    ben.line("\\invite ann");
    ben.expect_next("\\invite is for rooms, and you are at the menu.");
}
