//! What happens on several nodes at once has one outcome, which all see.

use std::collections::BTreeMap;
use std::thread;

use super::stage::{Person, Row, expect_agreement, rounds, three, while_talking};
use crate::harness::postgres::shared_postgres;
use crate::harness::{Client, at_menu};

/// Lines that Bob sends around the moment at which he is muted.
const LINES: usize = 1000;

#[test]
fn nothing_is_stored_of_somebody_behind_the_moment_at_which_another_node_mutes_them() {
    let rounds = rounds("FAULTS_MUTES", 3);
    for _ in 0..rounds {
        let url = shared_postgres().fresh();
        let nodes = three(&url);
        let mut ann = Person::join(&nodes[0], "ann");
        let mut bob = Person::join(&nodes[1], "bob");
        let mut watchers = [
            Person::join(&nodes[0], "eve"),
            Person::join(&nodes[2], "dan"),
        ];
        ann.sees("bob joined");
        // He goes on as soon as he knows what has become of some, so that the mute comes somewhere between.
        thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..LINES / 50 {
                    bob.speak(50);
                }
            });
            ann.wait_for("Bob's first lines", |rows| {
                let is_his = |row: &Row| matches!(row, Row::Said(who, _) if who == "bob");
                (rows.iter().filter(|row| is_his(row)).count() > 20).then_some(())
            });
            ann.client.line("\\mute bob");
        });
        ann.client.line("that was all");
        for watcher in &mut watchers {
            watcher.hears("ann", "that was all");
        }
        let (shown, refused) = (bob.shown(), bob.refused());
        assert_eq!(shown.len() + refused, LINES);
        assert!(
            !shown.is_empty() && refused > 0,
            "{} shown, {refused} refused",
            shown.len()
        );
        let stored = super::stage::stored(&url);
        let his: Vec<_> = stored
            .into_iter()
            .filter(|(who, _)| who == "bob")
            .map(|(_, text)| text)
            .collect();
        assert_eq!(his, shown);
        for person in watchers.iter_mut().chain([&mut ann, &mut bob]) {
            let rows = person.rows();
            let muted = rows
                .iter()
                .position(|row| *row == Row::Notice("bob was muted by ann".to_owned()));
            let muted = muted.expect("everybody was told");
            let is_his = |row: &Row| matches!(row, Row::Said(who, _) if who == "bob");
            let before = rows[..muted].iter().filter(|row| is_his(row)).count();
            let after = rows[muted..].iter().filter(|row| is_his(row)).count();
            assert_eq!((before, after), (shown.len(), 0), "{}", person.name());
        }
        eprintln!(
            "{} lines before the mute, none of {refused} after it",
            shown.len()
        );
    }
}

/// Takes a name, and says whether it was had.
fn tries(client: &mut Client, name: &str) -> bool {
    client.line(format!("\\name {name}"));
    let (got, refused) = ("Update username successful", "Update username failed");
    client
        .wait_within(crate::harness::DEADLINE, |received| {
            let text = String::from_utf8_lossy(received);
            let (got, refused) = (text.rfind(got), text.rfind(refused));
            (got.is_some() || refused.is_some()).then_some(got > refused)
        })
        .expect("an answer")
}

#[test]
fn of_those_who_take_one_name_or_its_look_alikes_on_three_nodes_at_once_one_has_it() {
    let rounds = rounds("FAULTS_NAMES", 15);
    let url = shared_postgres().fresh();
    let nodes = three(&url);
    let mut wins = [0; 3];
    for round in 0..rounds {
        // The second is in other letters, the third begins with a Cyrillic one.
        let names = match round % 2 {
            0 => [
                format!("Cora{round}"),
                format!("cORA{round}"),
                format!("Сora{round}"),
            ],
            _ => [0, 1, 2].map(|_| format!("Dora{round}")),
        };
        let mut clients: Vec<Client> = nodes.iter().map(|node| at_menu(node, "anon")).collect();
        let had: Vec<bool> = thread::scope(|scope| {
            let tries = clients
                .iter_mut()
                .zip(&names)
                .map(|(client, name)| scope.spawn(|| tries(client, name)));
            let tries: Vec<_> = tries.collect();
            tries
                .into_iter()
                .map(|one| one.join().expect("an answer"))
                .collect()
        });
        let winners: Vec<usize> = (0..3).filter(|at| had[*at]).collect();
        let [winner] = winners[..] else {
            panic!("{names:?}: {had:?}");
        };
        wins[winner] += 1;
        // All agree on who it is.
        for client in &mut clients {
            client.line(format!("\\whois {}", names[winner]));
            client.expect(&names[winner]);
        }
    }
    eprintln!("{rounds} rounds, won by each node: {wins:?}");
}

#[test]
fn whoever_joins_while_many_lines_are_said_on_other_nodes_sees_each_once() {
    let joins = rounds("FAULTS_JOINS", 10);
    let url = shared_postgres().fresh();
    let nodes = three(&url);
    let mut watchers = vec![
        Person::join(&nodes[0], "watcher1"),
        Person::join(&nodes[2], "watcher3"),
    ];
    let mut speakers: Vec<Person> = (0..4)
        .map(|number| Person::join(&nodes[number % 2], &format!("speaker{number}")))
        .collect();
    let (mut joiners, rate) = while_talking(&mut speakers, 100, || {
        let joiners = (0..joins).map(|number| {
            let mut joiner = Person::join(&nodes[2], &format!("joiner{number}"));
            joiner.wait_for("500 lines", |rows| (rows.len() > 500).then_some(()));
            joiner
        });
        joiners.collect::<Vec<Person>>()
    });
    let (stored, refused) = expect_agreement(&url, &mut watchers, &mut speakers);
    assert_eq!(refused, 0, "of {stored}");
    for joiner in &mut joiners {
        joiner.hears("watcher1", "that was all");
        let heard = joiner.heard();
        // From its first line on it is what is stored, the last lines of the past included.
        let all = watchers[0].heard();
        let first = all
            .iter()
            .position(|line| *line == heard[0])
            .expect("it was said");
        super::stage::expect_same(joiner.name(), &heard, &all[first..]);
        let mut next: BTreeMap<&str, usize> = BTreeMap::new();
        for (who, text) in heard.iter().filter(|(who, _)| who.starts_with("speaker")) {
            let number: usize = text[1..].parse().expect("a number");
            let next = next.entry(who).or_insert(number);
            assert_eq!(*next, number, "{who} to {}", joiner.name());
            *next += 1;
        }
    }
    eprintln!("{joins} joins at {rate:.0} lines/s, {stored} lines");
}
