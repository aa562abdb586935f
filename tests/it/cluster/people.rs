//! People on different nodes are people in one place: each finds, writes to and is told of the others, and an operator has to
//! do with all of them.

use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::harness::postgres::shared_postgres;
use crate::harness::{Client, PASSWORD, Server, at_menu, eventually, registered, run};

/// Some addresses of this machine.
const HERE: [u8; 4] = [127, 0, 0, 2];
const ELSEWHERE: [u8; 4] = [127, 0, 0, 3];

/// Nodes of one database, and where their operators ask them.
struct Nodes {
    nodes: Vec<Server>,
    folder: TempDir,
}

impl Nodes {
    /// So many nodes, called `a`, `b` and so on.
    fn start(count: usize, more: &[&str]) -> Nodes {
        let (url, folder) = (shared_postgres().fresh(), TempDir::new());
        let folder = folder.expect("a directory");
        let node = |label: &&str| {
            let socket = socket(folder.path(), label);
            let own = [
                "--data",
                &url,
                "--node-name",
                label,
                "--admin",
                &socket,
                "--linger",
                "300",
            ];
            Server::start(&[&own[..], &["--rate", "0"], more].concat())
        };
        Nodes {
            nodes: ["a", "b", "c"][..count].iter().map(node).collect(),
            folder,
        }
    }

    fn operate(&self, label: &str, arguments: &[&str]) -> Output {
        let socket = socket(self.folder.path(), label);
        run(&[&["admin", "--socket", &socket], arguments].concat())
    }

    fn ask(&self, label: &str, command: &str) -> String {
        let output = self.operate(label, &[command]);
        assert!(output.status.success(), "{command}: {output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn json(&self, label: &str, command: &str) -> Value {
        let output = self.operate(label, &["--json", command]);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
    }

    /// Waits until all nodes know what there is to know of so many people.
    fn are_noted(&self, count: usize) {
        for label in &["a", "b", "c"][..self.nodes.len()] {
            eventually("everybody is noted", || {
                self.json(label, "list").as_array().map(Vec::len) == Some(count)
            });
        }
    }
}

fn socket(folder: &Path, label: &str) -> String {
    folder.join(label).to_str().expect("UTF-8").to_owned()
}

/// Somebody with a name.
fn named(server: &Server, name: &str) -> Client {
    let mut client = at_menu(server, name);
    client.login();
    client
}

/// Logs in to `account`, and waits for what the server says of it.
fn log_in(client: &mut Client, account: &str) {
    client.line(format!("\\login {account}"));
    client.expect("Password of ");
    client.expect(": ");
    client.line(PASSWORD);
}

#[test]
fn private_words_go_both_ways_between_nodes_with_all_that_belongs_to_them() {
    let Nodes { nodes, .. } = &Nodes::start(2, &[]);
    let (mut ann, mut ben) = (named(&nodes[0], "ann"), named(&nodes[1], "ben"));
    ann.line("\\msg ben hello over there");
    ann.expect("you -> ben: hello over there");
    ben.expect("ann -> you: hello over there");
    ben.line("\\reply hello yourself");
    ann.expect("ben -> you: hello yourself");
    ben.line("\\away gone fishing");
    ben.expect("You are away");
    ann.line("\\msg ben still there?");
    ann.expect("ben is away: gone fishing");
    ben.expect("still there?");
    // Whoever is ignored notices nothing.
    ben.line("\\ignore ann");
    ben.expect("You are now ignoring ann.");
    ann.line("\\msg ben can you hear me?");
    ann.expect("you -> ben: can you hear me?");
    ann.expect("ben is away: gone fishing");
    ben.line("\\unignore ann");
    ben.expect("You are no longer ignoring ann.");
    ann.line("\\msg ben and now?");
    ben.expect("and now?");
    assert!(!ben.text().contains("can you hear me?"));

    // Strangers are those in other rooms to whom one did not write.
    ben.line("\\strangers off");
    ben.expect("private messages");
    let mut cat = named(&nodes[0], "cat");
    cat.line("\\msg ben buy gold");
    cat.expect("ben takes private messages only from people in the same room");
    ben.line("\\msg cat what?");
    cat.expect("ben -> you: what?");
    cat.line("\\msg ben buy gold");
    ben.expect("cat -> you: buy gold");
    cat.create("1150");
    cat.join("1150");
    cat.line("\\invite ben");
    ben.expect("cat invites you to room 1150.");
    ann.line("\\msg nobody hello");
    ann.expect("nobody is not here. Nothing was sent.");
}

#[test]
fn everybody_is_found_from_every_node() {
    let all = Nodes::start(3, &[]);
    let mut ann = named(&all.nodes[0], "ann");
    let mut benedict = named(&all.nodes[1], "benedict");
    let mut bea = named(&all.nodes[2], "bea");
    bea.create("1150");
    bea.join("1150");
    benedict.line("\\away");
    benedict.expect("You are away");
    all.are_noted(3);
    eventually("all of it is noted", || {
        let list = all.json("a", "list");
        list[2]["room"] == "1150" && all.json("b", "list")[2]["room"] == "1150"
    });
    for client in [&mut ann, &mut benedict] {
        client.line("\\who all");
        client.expect(
            "3 are connected:\nann: at the menu\nbenedict: at the menu, away\nbea: in room 1150\n",
        );
    }
    ann.line("\\whois BEA");
    ann.expect("bea is in room 1150.");
    ann.line("\\stats");
    ann.expect("people: 3\n");
    ann.join("1150");
    bea.expect("ann joined");
    ann.line("\\who");
    ann.expect("2 in room 1150: ann (you), bea (owner)");

    let listed = all.json("b", "list");
    let rows = listed.as_array().expect("a list");
    let seen: Vec<_> = rows
        .iter()
        .map(|row| (&row["name"], &row["node"]))
        .collect();
    assert_eq!(
        serde_json::json!(seen),
        serde_json::json!([["ann", "a"], ["benedict", "b"], ["bea", "c"]])
    );
    assert!(
        all.ask("a", "log info")
            .ends_with("That is about node a alone.\n")
    );
}

#[test]
fn a_login_on_another_node_takes_the_name_back_at_once_and_by_force_where_nobody_answers() {
    let Nodes { nodes, .. } = &Nodes::start(2, &["--node-lease", "60"]);
    let mut dai = registered(&nodes[0], "Dai");
    dai.create("1150");
    dai.join("1150");
    let mut again = at_menu(&nodes[1], "Dai");
    log_in(&mut again, "Dai");
    again.expect("Dai> ");
    dai.expect("Dai has logged in somewhere else, and you are Dai_2 now.");
    again.join("1150");
    again.line("\\who");
    again.expect("2 in room 1150: Dai_2, Dai (you, owner)");

    // The other way, and the node stands still.
    nodes[1].signal("STOP");
    let begun = Instant::now();
    log_in(&mut dai, "Dai");
    dai.expect("Dai> ");
    let waited = begun.elapsed();
    assert!(waited >= Duration::from_secs(4), "{waited:?}");
    nodes[1].signal("CONT");
    // The name that the other connection had may be free by then, or not.
    again.expect("Dai has logged in somewhere else, and you are Dai_");
    let number = again.expect(" now. Type \\login Dai to take the name back.");
    dai.line("who has it?");
    again.expect("Dai: who has it?");
    // The room has heard it from there, so something can be stored again.
    dai.expect(&format!("* Dai is now known as Dai_{number}"));
    again.line("you have");
    dai.expect(&format!("Dai_{number}: you have"));
}

#[test]
fn whoever_has_lost_the_name_to_somebody_on_another_node_meanwhile_is_told_and_gets_another() {
    let Nodes { nodes, .. } = &Nodes::start(2, &["--node-lease", "2"]);
    let (mut ann, mut ben) = (named(&nodes[0], "ann"), named(&nodes[0], "ben"));
    let mut other = at_menu(&nodes[1], "ann");
    nodes[0].signal("STOP");
    eventually("the name is free", || {
        other.line("\\name ann");
        other.expect("Update username ");
        other.expect("\n").starts_with("successful")
    });
    nodes[0].signal("CONT");
    ann.expect("* This server was cut off for a while, and somebody else is called ann now.");
    ann.expect("You are ann_2.");
    // Nobody has taken this one; it is had again a moment later.
    other.expect("ann> ");
    eventually("ben is called so again", || {
        other.line("\\msg ben hello");
        other.expect("ann> ").contains("you -> ben")
    });
    ben.expect("ann -> you: hello");
    ann.line("\\msg ann are you me?");
    other.expect("ann_2 -> you: are you me?");
}

#[test]
fn whoever_lost_the_connection_has_the_seat_again_on_another_node() {
    let Nodes { nodes, .. } = &Nodes::start(2, &[]);
    let mut dai = registered(&nodes[0], "Dai");
    let mut ann = named(&nodes[1], "ann");
    dai.create("1150");
    dai.join("1150");
    ann.join("1150");
    dai.expect("ann joined");
    dai.reset();
    eventually("the connection is lost", || {
        ann.line("\\who");
        ann.expect("2 in room 1150: Dai (owner");
        ann.expect("ann (you)").contains("connection lost")
    });
    ann.line("you will see this");
    ann.expect("you will see this");
    let mut again = at_menu(&nodes[1], "Dai");
    log_in(&mut again, "Dai");
    again.expect("ann: you will see this");
    again.line("I am back");
    ann.expect("Dai: I am back");
    assert!(!ann.text().contains("Dai left"), "{}", ann.text());
}

#[test]
fn an_operator_of_one_node_bans_on_all_and_kicks_and_tells_everybody() {
    let all = Nodes::start(2, &[]);
    let (mut ann, mut ben) = (named(&all.nodes[0], "ann"), named(&all.nodes[1], "ben"));
    let mut spy = named(&all.nodes[1], "spy");
    all.are_noted(3);
    assert_eq!(
        all.ask("a", "announce lunch at noon"),
        "3 connections were told.\n"
    );
    for client in [&mut ann, &mut ben, &mut spy] {
        client.expect("*** An operator of this server says: lunch at noon");
    }
    assert_eq!(
        all.ask("a", "ban name:spy for 2h we know"),
        "The name spy is banned for 2h. 1 connection was closed.\n"
    );
    spy.expect("* You are banned from this server for 2h: we know");
    spy.expect_eof();
    let mut other = at_menu(&all.nodes[1], "spy");
    other.line("\\name Spy");
    other.expect("Update username failed");
    let kicked = all.ask("a", "kick ben too loud");
    assert!(kicked.ends_with("of ben was closed.\n"), "{kicked}");
    ben.expect("* An operator has closed your connection: too loud");
    ben.expect_eof();
    eventually("the other node knows of the ban", || {
        all.ask("b", "bans").contains("spy")
    });
    all.ask("b", "unban name:spy");
    let mut allowed = at_menu(&all.nodes[0], "spy");
    eventually("the ban is lifted on both", || {
        allowed.line("\\name spy");
        allowed.expect("Update username ");
        allowed.expect("> ").starts_with("successful")
    });
}

#[test]
fn reports_reach_operators_on_every_node() {
    let all = Nodes::start(2, &["--operator", "Oz"]);
    let mut ann = named(&all.nodes[0], "ann");
    let _ben = named(&all.nodes[1], "ben");
    let mut oz = registered(&all.nodes[1], "Oz");
    all.are_noted(3);
    ann.line("\\report ben sells gold");
    ann.expect("Your report of ben was passed on to the operators.");
    oz.expect("*** Report 1: ann (127.0.0.1) reports ben (127.0.0.1): sells gold");
    for label in ["a", "b"] {
        let reports = all.json(label, "reports");
        assert_eq!(reports[0]["about"]["name"], "ben", "{reports}");
    }
    // And acts there with \admin.
    oz.line("\\admin kick ann spam");
    ann.expect("* An operator has closed your connection: spam");
}

#[test]
fn the_name_of_an_owner_who_was_lost_is_kept_on_all_nodes_for_whoever_comes_from_there() {
    let Nodes { nodes, .. } = &Nodes::start(2, &[]);
    let mut ann = nodes[0].client_from("ann", HERE);
    ann.expect("anon> ");
    ann.login();
    ann.create("1150");
    ann.join("1150");
    let mut ben = named(&nodes[1], "ben");
    ben.join("1150");
    ann.expect("ben joined");
    ann.reset();
    ben.expect("ann left");
    let mut stranger = nodes[1].client_from("stranger", ELSEWHERE);
    stranger.expect("anon> ");
    stranger.line("\\name ann");
    stranger.expect("Update username failed. ann is in use");
    let mut again = nodes[1].client_from("ann", HERE);
    again.expect("anon> ");
    again.login();
    again.join("1150");
    again.line("\\who");
    again.expect("ann (you, owner)");
}

#[test]
fn an_account_is_one_on_all_nodes_with_what_its_owner_has_set_and_read() {
    let Nodes { nodes, .. } = &Nodes::start(2, &[]);
    let mut dai = registered(&nodes[0], "Dai");
    dai.create("1150");
    dai.join("1150");
    dai.line("\\ignore eve");
    dai.expect("eve");
    dai.line("one");
    dai.expect("Dai: one");
    dai.line("\\quit");
    dai.expect_eof();
    let mut ann = named(&nodes[0], "ann");
    ann.join("1150");
    ann.line("two");
    ann.expect("ann: two");
    let mut again = at_menu(&nodes[1], "Dai");
    log_in(&mut again, "Dai");
    again.expect("Dai> ");
    again.line("\\ignore");
    again.expect("eve");
    again.line("\\rooms");
    again.expect("1 new");
    again.line("\\forget");
    again.expect(": ");
    again.line(PASSWORD);
    again.expect("Dai> ");
    let mut other = at_menu(&nodes[0], "other");
    log_in(&mut other, "Dai");
    other.expect("Dai is not registered, or that is not its password.");
}
