//! Hundreds of members, one order.

use crate::harness::{Client, Server, plain_lines};

const MEMBERS: usize = 300;
const SENDERS: usize = 10;
const LINES_EACH: usize = 10;

#[test]
fn three_hundred_members_get_every_line_in_one_order() {
    let server = Server::start(&["--max-per-address", "0"]);
    let mut members: Vec<Client> = (0..MEMBERS)
        .map(|n| server.client(&format!("m{n}")))
        .collect();
    members[0].create("1150");
    for member in &mut members {
        member.send(format!("4\n{}\n2\n1150\n", member.name()));
    }
    for member in &mut members {
        member.expect("------------ Room 1150 ------------\n");
        member.expect(&member.prompt());
    }
    for line in 0..LINES_EACH {
        for (who, sender) in members.iter_mut().take(SENDERS).enumerate() {
            sender.line(format!("talk {who} {line}"));
        }
    }
    // Once the senders have seen all their own lines, the next line is the last for everybody.
    for (who, sender) in members.iter_mut().take(SENDERS).enumerate() {
        sender.expect(&format!("] m{who}: talk {who} {}\n", LINES_EACH - 1));
    }
    members[SENDERS].line("the end");
    for member in &mut members {
        member.expect(&format!("] m{SENDERS}: the end\n"));
    }
    let want = talk(&members[0]);
    assert_eq!(want.len(), SENDERS * LINES_EACH);
    for who in 0..SENDERS {
        let of_one: Vec<&String> = want
            .iter()
            .filter(|line| line.contains(&format!("talk {who} ")))
            .collect();
        assert!(
            of_one
                .iter()
                .enumerate()
                .all(|(n, line)| line.ends_with(&format!(" {n}"))),
            "{of_one:?}"
        );
    }
    for member in &members {
        assert_eq!(talk(member), want, "{} saw another order", member.name());
    }
}

/// The lines of the talk as one member saw them.
fn talk(member: &Client) -> Vec<String> {
    plain_lines(&member.text(), member.name())
        .into_iter()
        .filter(|line| line.contains(": talk "))
        .collect()
}
