//! What is made of the figures: the dashboard in docs/grafana and the alerts in docs/prometheus ask for figures that a
//! server really has, in words that Prometheus understands. Its own promtool judges both, and the figures themselves.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::harness::http::get;
use crate::harness::{Server, program, room_with};

const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs");

/// Runs promtool with this on its standard input.
fn promtool(args: &[&str], input: &str) -> Output {
    let mut child = Command::new(program("promtool", "prometheus"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool starts");
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(input.as_bytes()).expect("promtool reads");
    drop(stdin);
    child.wait_with_output().expect("promtool ends")
}

fn assert_succeeds(output: &Output, about: &str) {
    let told = [&output.stdout[..], &output.stderr[..]].concat();
    let told = String::from_utf8_lossy(&told);
    assert!(output.status.success(), "{told}\n{about}");
}

/// The figures of a server that has a file and has done something.
fn page() -> String {
    let folder = TempDir::new().expect("a directory");
    let data = folder.path().join("chat.db");
    let server = Server::start(&[
        "--metrics",
        "127.0.0.1:0",
        "--data",
        &data.to_string_lossy(),
    ]);
    let [mut ann, mut ben] = room_with(&server, "1150", ["ann", "ben"]);
    ann.say("hello");
    ben.expect("hello");
    get(server.metrics_address(), "/metrics").body
}

#[test]
fn prometheus_takes_the_figures_as_they_are() {
    let page = page();
    let checked = promtool(&["check", "metrics"], &page);
    assert_succeeds(&checked, &page);
    // What it would do otherwise is told without an error.
    let told = [checked.stdout, checked.stderr].concat();
    assert_eq!(String::from_utf8_lossy(&told), "");
    // It does look.
    let wrong = promtool(&["check", "metrics"], "parlor_Lines 1\n");
    assert!(!wrong.status.success());
}

#[test]
fn the_alerts_are_understood_and_raised_when_they_should_be() {
    let alerts = format!("{DOCS}/prometheus/alerts.yml");
    assert_succeeds(&promtool(&["check", "rules", &alerts], ""), &alerts);
    let tests = format!("{DOCS}/prometheus/alerts.test.yml");
    assert_succeeds(&promtool(&["test", "rules", &tests], ""), &tests);
}

/// What each panel asks for, by the panel's title.
fn questions() -> Vec<(String, String)> {
    let text = fs::read_to_string(format!("{DOCS}/grafana/parlor.json")).expect("a file");
    let dashboard: Value = serde_json::from_str(&text).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let mut questions = Vec::new();
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        let title = panel["title"].as_str().expect("a title");
        let targets = panel["targets"].as_array().expect("targets");
        assert!(!targets.is_empty(), "{title} shows nothing");
        for target in targets {
            let asks = target["expr"].as_str().expect("an expression");
            questions.push((title.to_owned(), asks.to_owned()));
        }
    }
    questions
}

fn is_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

/// The figures that an expression asks for, each with what stands in braces behind it.
fn figures(expression: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = expression;
    while let Some(start) = rest.find(is_word) {
        let word = &rest[start..];
        let end = word.find(|letter| !is_word(letter)).unwrap_or(word.len());
        let (name, after) = word.split_at(end);
        rest = after;
        if name.starts_with("parlor_") || name.starts_with("process_") {
            let braces = after
                .strip_prefix('{')
                .and_then(|after| after.split_once('}'));
            found.push((name, braces.map_or("", |(inside, _)| inside)));
        }
    }
    found
}

/// The labels that samples of a figure have.
fn labels_in(page: &str, name: &str) -> Option<BTreeSet<String>> {
    let samples = page.lines().filter_map(|line| line.strip_prefix(name));
    let samples: Vec<&str> = samples
        .filter(|rest| rest.starts_with(['{', ' ']))
        .collect();
    let pairs = samples.iter().flat_map(|rest| rest.split(['{', ',', '}']));
    let names = pairs.filter_map(|pair| Some(pair.split_once("=\"")?.0.to_owned()));
    (!samples.is_empty()).then(|| names.collect())
}

/// What is asked for and not there.
fn missing(page: &str, expression: &str) -> Vec<String> {
    let mut missing = Vec::new();
    let mut there = BTreeSet::from(["job".to_owned(), "instance".to_owned()]);
    let mut wanted = BTreeSet::new();
    for (name, matchers) in figures(expression) {
        match labels_in(page, name) {
            Some(labels) => there.extend(labels),
            None => missing.push(name.to_owned()),
        }
        let labels = matchers.split(',').filter(|matcher| !matcher.is_empty());
        wanted.extend(labels.map(|label| label.trim().split(['=', '!']).next().expect("a name")));
    }
    for group in expression.split("by (").skip(1) {
        let (labels, _) = group.split_once(')').expect("an end");
        wanted.extend(labels.split(',').map(str::trim));
    }
    let lacking = wanted.into_iter().filter(|label| !there.contains(*label));
    missing.extend(lacking.map(|label| format!("the label {label}")));
    missing
}

#[test]
fn what_the_dashboard_and_the_alerts_ask_for_is_there() {
    let page = page();
    let mut asked = questions();
    assert!(asked.len() >= 25, "{asked:?}");
    let alerts = fs::read_to_string(format!("{DOCS}/prometheus/alerts.yml")).expect("a file");
    let rules = alerts.split("- alert: ").skip(1);
    asked.extend(rules.map(|rule| {
        let (name, rest) = rule.split_once('\n').expect("more of it");
        let (_, expression) = rest.split_once("expr:").expect("an expression");
        let end = ["for:", "labels:"]
            .iter()
            .filter_map(|key| expression.find(key))
            .min();
        let expression = &expression[..end.expect("more of it")];
        (name.to_owned(), expression.to_owned())
    }));
    let faults: Vec<String> = asked
        .iter()
        .flat_map(|(who, expression)| {
            let missing = missing(&page, expression);
            missing
                .into_iter()
                .map(move |what| format!("{who}: {what} is not there"))
        })
        .collect();
    assert_eq!(faults, Vec::<String>::new(), "{page}");
    // All that is counted is shown to somebody.
    let shown: BTreeSet<&str> = asked
        .iter()
        .flat_map(|(_, expression)| figures(expression))
        .map(|(name, _)| name.trim_end_matches("_bucket").trim_end_matches("_count"))
        .collect();
    let types = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let unseen: Vec<&str> = types
        .filter_map(|line| line.split(' ').next())
        .filter(|name| !shown.contains(name) && *name != "process_virtual_memory_bytes")
        .collect();
    assert_eq!(unseen, Vec::<&str>::new());
}

#[test]
fn what_the_dashboard_asks_for_is_in_words_that_prometheus_understands() {
    let folder = TempDir::new().expect("a directory");
    let file = folder.path().join("rules.yml");
    let mut rules = "groups:\n  - name: panels\n    rules:\n".to_owned();
    for (number, (_, expression)) in questions().iter().enumerate() {
        // What Grafana puts in.
        let expression = expression
            .replace("$__rate_interval", "5m")
            .replace("$job", "parlor")
            .replace("$instance", ".*");
        assert!(!expression.contains('$'), "{expression}");
        let expression = serde_json::to_string(&expression).expect("text");
        rules += &format!("      - record: panel:{number}\n        expr: {expression}\n");
    }
    fs::write(&file, &rules).expect("a file");
    let checked = promtool(&["check", "rules", &file.to_string_lossy()], "");
    assert_succeeds(&checked, &rules);
}

#[test]
fn what_is_missing_is_found() {
    let page = "# TYPE parlor_a counter\nparlor_a{reason=\"x\",le=\"1\"} 1\nparlor_ab 2\n";
    for (expression, expected) in [
        (
            "sum by (reason) (rate(parlor_a{job=\"$job\"}[5m]))",
            &[][..],
        ),
        ("parlor_ab / parlor_a > 0", &[]),
        ("parlor_b + parlor_ab", &["parlor_b"]),
        ("parlor_a{kind=\"y\", le!=\"2\"}", &["the label kind"]),
        ("sum by (job, client) (parlor_ab)", &["the label client"]),
    ] {
        assert_eq!(missing(page, expression), expected, "{expression}");
    }
}
