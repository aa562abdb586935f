//! Who may be called what.

use crate::harness::{Client, Server, eventually, room_with};

#[test]
fn the_names_of_the_seed_all_work() {
    let server = Server::start(&[]);
    for name in ["Dai", "<0w0>", "T_____T", "เป็นคนที่เทอพูมจัย", "Bank"]
    {
        let mut client = server.client(name);
        client.expect("anon> ");
        client.login();
    }
}

#[test]
fn any_script_works_up_to_32_graphemes() {
    let (longest, thai) = ("n".repeat(32), "ที่".repeat(32));
    let server = Server::start(&[]);
    for name in [
        longest.as_str(),
        thai.as_str(),
        "Łukasz",
        "田中さん",
        "علي",
        "👍",
        "x",
        "O'Neil",
    ] {
        let mut client = server.client(name);
        client.expect("anon> ");
        client.login();
    }
}

#[test]
fn a_name_that_cannot_be_is_refused_with_a_reason() {
    let (long, thai) = ("n".repeat(33), "ที่".repeat(33));
    let server = Server::start(&[]);
    let mut client = server.client("refused");
    client.expect("anon> ");
    for bad in [
        "",
        "   ",
        "\u{200b}",
        "\u{feff}\u{2060}",
        "two words",
        "tab\tbetween",
        "a\u{3000}b",
        long.as_str(),
        thai.as_str(),
    ] {
        let reason = refused(&mut client, bad);
        assert!(!reason.trim().is_empty(), "no reason for {bad:?}");
    }
}

#[test]
fn a_refusal_offers_a_name_that_would_do() {
    let server = Server::start(&[]);
    let mut client = server.client("John_Smith");
    client.expect("anon> ");
    let reason = refused(&mut client, "John Smith");
    assert!(reason.contains("John_Smith"), "{reason:?}");
    client.login();
}

#[test]
fn a_name_in_use_is_refused_and_so_is_everything_that_looks_like_it() {
    let server = Server::start(&[]);
    let mut dai = server.client("Dai");
    dai.expect("anon> ");
    dai.login();
    let mut eve = server.client("eve");
    eve.expect("anon> ");
    let same = [
        ("the same", "Dai"),
        ("upper case", "DAI"),
        ("lower case", "dai"),
        ("full width", "Ｄａｉ"),
        ("a Cyrillic a", "D\u{430}i"),
        ("a Cyrillic i", "Da\u{456}"),
        ("a zero-width space inside", "Da\u{200b}i"),
        ("a variation selector", "Dai\u{fe0f}"),
        ("spaces around", " Dai "),
    ];
    for (what, name) in same {
        let reason = refused(&mut eve, name);
        assert!(!reason.trim().is_empty(), "no reason for {what}");
    }
}

#[test]
fn a_name_in_use_is_refused_with_another_that_is_free() {
    let server = Server::start(&[]);
    let mut dai = server.client("Dai");
    dai.expect("anon> ");
    dai.login();
    let mut other = server.client("other");
    other.expect("anon> ");
    let reason = refused(&mut other, "Dai");
    // However it is worded, one of its words is the name that would do.
    let punctuation = |c: char| "`'\"().,:;?!“”‘’".contains(c);
    let offered: Vec<&str> = reason
        .split_whitespace()
        .map(|word| word.trim_matches(punctuation))
        .filter(|word| word.starts_with("Dai") && *word != "Dai")
        .collect();
    assert_eq!(offered.len(), 1, "one name should be offered: {reason:?}");
    other.line("4");
    other.line(offered[0]);
    other.expect("Update username successful\n");
}

#[test]
fn a_name_is_free_again_when_its_connection_ends() {
    let server = Server::start(&[]);
    let mut first = server.client("Dai");
    first.expect("anon> ");
    first.login();
    let mut second = server.client("second");
    second.expect("anon> ");
    refused(&mut second, "Dai");
    first.line("5");
    first.expect_eof();
    eventually("freeing the name", || takes(&mut second, "Dai"));
}

#[test]
fn a_renamed_client_frees_its_old_name() {
    let server = Server::start(&[]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    ann.line("\\name ann2");
    ann.expect("ann2> ");
    ben.expect("* ann is now known as ann2\nben> ");
    ben.line("\\name ann");
    ben.expect("ann> ");
    ann.expect("* ben is now known as ann\nann2> ");
}

#[test]
fn of_two_who_want_a_name_at_once_one_gets_it() {
    let server = Server::start(&[]);
    let mut clients: Vec<Client> = (0..10)
        .map(|n| server.client(&format!("racer{n}")))
        .collect();
    for client in &mut clients {
        client.send("4\nprize\n");
    }
    let mut winners = 0;
    for client in &mut clients {
        client.expect("Update username ");
        winners += usize::from(
            !client
                .expect("Who needs password anyway?")
                .contains("failed"),
        );
    }
    assert_eq!(winners, 1);
}

#[test]
fn anon_may_be_shared() {
    let server = Server::start(&[]);
    let mut one = server.client("anon");
    let mut two = server.client("anon");
    one.expect("anon> ");
    two.expect("anon> ");
    one.create("1150");
    one.join("1150");
    two.join("1150");
    // In a room they can be told apart, by a name that nobody can take.
    one.expect("* anon#2 joined\nanon> ");
    two.line("hello from two");
    one.expect_next("\n[HH:MM:SS] anon#2: hello from two\nanon> ");
    for taken in ["anon#2", "ANON#2", "anon#12", "anon#", "аnon#2"] {
        two.line(format!("\\name {taken}"));
        two.expect("Update username failed.");
        two.expect("anon> ");
    }
    one.line("\\who");
    one.expect_next("2 in room 1150: anon (you, owner), anon#2\nanon> ");
    // Back to the name that everybody starts with.
    two.line("\\name second");
    two.expect("second> ");
    one.expect_next("\n* anon#2 is now known as second\nanon> ");
    two.line("\\name anon");
    two.expect("anon> ");
    one.expect_next("\n* second is now known as anon#2\nanon> ");
    let mut three = server.client("anon");
    three.expect("anon> ");
    three.line("\\join 1150");
    three.expect("3 here: anon (owner), anon#2, you\n(you are anon#3; type '\\name NEW'");
    one.expect_next("\n* anon#3 joined\nanon> ");
    // One of them is meant by the number, and all without it.
    one.line("\\mute anon#3");
    one.expect_next("* anon#3 was muted by anon\nanon> ");
    three.expect("* anon#3 was muted by anon\nanon> ");
    three.line("nothing");
    three.expect("Not sent: you are muted here.");
    two.line("something");
    one.expect_next("\n[HH:MM:SS] anon#2: something\nanon> ");
    one.line("\\kick anon#3");
    three.expect("* You were kicked from room 1150 by anon");
    one.expect_next("* anon#3 was kicked by anon\nanon> ");
    // Whoever ignores anon does not see what any of them says.
    one.line("\\ignore anon#2");
    one.expect_next("You are now ignoring anon.");
    one.expect("anon> ");
    two.line("unseen");
    two.expect("anon#2: unseen");
    two.line("\\exit");
    one.expect_next("\n* anon#2 left\nanon> ");
}

/// Asks for `name` at the menu, which must be refused; returns the reason.
fn refused(client: &mut Client, name: &str) -> String {
    client.line("4");
    client.expect("Please enter your new username: ");
    client.line(name);
    client.expect_next("Update username failed. ");
    let reason = client.expect("=========== Welcome!");
    client.expect("anon> ");
    reason
}

/// Asks for `name` at the menu; true if it was given.
fn takes(client: &mut Client, name: &str) -> bool {
    client.line("4");
    client.expect("Please enter your new username: ");
    client.line(name);
    client.expect("Update username ");
    !client
        .expect("Who needs password anyway?")
        .contains("failed")
}
