//! `\admin` and `\report`, from a terminal.

use super::{Place, log_in};
use crate::harness::{at_menu, registered, room_with};

#[test]
fn an_operator_acts_from_the_terminal_and_others_are_told_that_it_is_not_for_them() {
    let place = Place::new();
    let server = place.server_with_file(&[]);
    let mut dai = registered(&server, "Dai");
    // Whoever has just registered is an operator at once, but is shown so after the next login.
    dai.line("\\admin kick nobody");
    dai.expect(
        "Nobody is called nobody. Nothing was done. Type \\admin list to see who is connected.\n",
    );
    drop(dai);
    let mut dai = at_menu(&server, "Dai");
    log_in(&mut dai, "Dai");
    dai.expect("Welcome back, Dai.\nDai> ");
    dai.line("\\help");
    dai.expect("\\admin COMMAND");
    let [mut eve] = room_with(&server, "1150", ["eve"]);
    dai.line("\\admin list");
    dai.expect("(account Dai, operator)");
    dai.expect("eve, in room 1150");
    for command in ["list", "", "stop now", "ban 127.0.0.0/8", "frobnicate"] {
        eve.line(format!("\\admin {command}"));
        eve.expect("\\admin is for the operators of this server. Nothing was done.");
    }
    eve.line("\\help");
    eve.expect("report NAME WHY");
    eve.expect("eve> ");
    assert!(!eve.text().contains("\\admin COMMAND"));
    server.expect_log("security: not-operator address=127.0.0.1 name=eve\n");
    assert_eq!(server.log().matches("not-operator").count(), 1);
    dai.line("\\admin kick eve enough");
    eve.expect("* An operator has closed your connection: enough\n");
    eve.expect_eof();
    dai.expect("of eve was closed.\n");
    server.expect_log("security: operator-kicked address=127.0.0.1 by=Dai id=");
    // Under another name the operator is nobody.
    dai.line("\\name Guest");
    dai.expect("Guest> ");
    dai.line("\\admin bans");
    dai.expect("\\admin is for the operators of this server.");
}

#[test]
fn who_is_an_operator_changes_with_the_configuration_while_people_talk() {
    let place = Place::new();
    let config = place.folder.path().join("parlor.toml");
    let write = |text: &str| std::fs::write(&config, text).expect("a file");
    write("operators = [\"Dai\"]\n");
    let (file, config_path) = (place.file(), config.to_str().expect("UTF-8"));
    let file = file.to_str().expect("UTF-8");
    let server = place.server(&["--data", file, "--config", config_path]);
    server.expect_log("operators: nobody has registered Dai yet");
    let (mut dai, mut bo) = (registered(&server, "Dai"), registered(&server, "Bo"));
    let is_operator = |is: bool, dai: &mut crate::harness::Client| {
        dai.line("\\admin bans");
        dai.expect(match is {
            true => "Nobody is banned.\n",
            false => "\\admin is for the operators of this server.",
        });
    };
    is_operator(true, &mut dai);
    is_operator(false, &mut bo);
    write("operators = [\"bo\"]\nmax_rooms = 7\n");
    let answer = place.ask("reload");
    assert!(
        answer.starts_with("The configuration was read again:\n"),
        "{answer}"
    );
    assert!(answer.contains("max_rooms: 7 (was 10000)\n"), "{answer}");
    is_operator(false, &mut dai);
    is_operator(true, &mut bo);
    write("operators = 7\n");
    bo.line("\\admin reload");
    bo.expect("Nothing was done: ");
    bo.expect("parlor.toml:1:13: ");
    is_operator(true, &mut bo);
    assert_eq!(place.ask("log debug"), "The log has level debug now.\n");
    assert_eq!(place.json("reload")["error"], "failed");
    write("operators = [\"Bo\"]\nmax_rooms = 7\nadmin = \"/nowhere\"\n");
    // On the command line it is another place, which counts more.
    let answer = place.ask("reload");
    assert!(answer.contains("log_level: info again\n"), "{answer}");
}

#[test]
fn a_report_reaches_the_operators_who_are_there_and_the_others_later() {
    let place = Place::new();
    let server = place.server_with_file(&[]);
    let mut dai = registered(&server, "Dai");
    let [mut ann, mut eve] = room_with(&server, "1150", ["ann", "eve"]);
    for number in 1..=12 {
        eve.say(&format!("buy {number}"));
    }
    ann.line("\\me sighs");
    ann.expect("* ann sighs\n");
    ann.line("\\report Eve she  spams");
    ann.expect(
        "Your report of Eve was passed on to the operators, with the last 10 lines of this room.\n",
    );
    dai.expect("*** Report 1: ann (127.0.0.1) reports eve (127.0.0.1) in room 1150: she  spams\n");
    dai.expect("(type '\\admin reports 1' for what was said before)\n");
    dai.expect("Dai> ");
    dai.line("\\admin reports 1");
    dai.expect("eve: buy 4\n");
    dai.expect("* ann sighs\n");
    server.expect_log("security: reported address=127.0.0.1 report=1 by=ann whom=eve room=1150\n");
    assert!(!server.log().contains("spams") && !server.log().contains("buy"));
    assert!(!eve.text().contains("spams"));
    drop(dai);
    // Nobody is there to hear of it, and she does not notice.
    eve.line("\\quit");
    ann.expect("* eve left\n");
    ann.line("\\report eve she has left");
    ann.expect("Your report of eve was passed on to the operators");
    for (line, answer) in [
        ("\\report ann x", "That is you. Nothing was reported.\n"),
        (
            "\\report nobody x",
            "Nobody is called nobody, or has just said something here under that name.",
        ),
        (
            "\\report anon x",
            "anon means anyone without a name. Nothing was reported.",
        ),
        ("\\report eve", "Type \\report NAME WHY.\n"),
    ] {
        ann.line(line);
        ann.expect(answer);
    }
    server.stop();
    let _server = place.server_with_file(&[]);
    let reports = place.json("reports");
    assert_eq!(reports.as_array().map(Vec::len), Some(2), "{reports}");
    assert_eq!(reports[0]["about"]["name"], "eve");
    assert_eq!(reports[0]["why"], "she  spams");
    assert_eq!(reports[0]["lines"].as_array().map(Vec::len), Some(10));
    assert_eq!(reports[0]["lines"][9]["kind"], "action");
    assert_eq!(reports[0]["lines"][0]["text"], "buy 4");
    assert_eq!(reports[1]["about"]["address"], serde_json::Value::Null);
    let words = place.ask("reports 1");
    assert!(
        words.starts_with("1 of 2 reports (type reports 2 for all):\n"),
        "{words}"
    );
}

#[test]
fn whoever_is_reported_at_the_menu_is_reported_without_a_room() {
    let place = Place::new();
    let server = place.server(&[]);
    let (mut ann, mut eve) = (at_menu(&server, "ann"), at_menu(&server, "eve"));
    ann.login();
    eve.login();
    ann.line("\\report eve writes to me");
    ann.expect("Your report of eve was passed on to the operators.\n");
    let reports = place.json("reports");
    assert_eq!(reports[0]["room"], serde_json::Value::Null);
    assert_eq!(reports[0]["lines"], serde_json::json!([]));
}
