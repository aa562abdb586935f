//! `scripts/cluster.sh`, as somebody calls it who wants to try a cluster.

use std::io::{BufRead, BufReader};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::{fs, thread};

use rustix::process::{Pid, Signal, geteuid, kill_process};
use tempfile::TempDir;

use crate::harness::{PROGRAM, eventually, open_to_all, own_address, piped, program};

/// HAProxy's port: not the usual one.
const PORT: u16 = 52_000;

/// The script, for a directory and an address of its own. What it has started is stopped when this is dropped.
struct Script {
    folder: TempDir,
    host: IpAddr,
    /// What stands before the command: somebody to run it as.
    before: Vec<String>,
    script: PathBuf,
}

impl Script {
    fn new() -> Script {
        program("haproxy", "haproxy");
        let folder = TempDir::new().expect("a directory");
        // PostgreSQL's user has to have a way to its files.
        open_to_all(folder.path(), 0o755);
        Script {
            folder,
            host: own_address(0).ip(),
            before: Vec::new(),
            script: Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/cluster.sh"),
        }
    }

    /// The same for an ordinary user, from whom root's files may be hidden.
    fn for_an_ordinary_user() -> Script {
        let mut script = Script::new();
        if !geteuid().is_root() {
            return script;
        }
        let scripts = script.folder.path().join("scripts");
        fs::create_dir(&scripts).expect("a directory");
        for name in ["cluster.sh", "lib.sh"] {
            let from = script.script.with_file_name(name);
            fs::copy(from, scripts.join(name)).expect("there is space");
        }
        open_to_all(&scripts, 0o755);
        script.script = scripts.join("cluster.sh");
        let own = script.folder.path().join("own");
        fs::create_dir(&own).expect("a directory");
        open_to_all(&own, 0o777);
        let as_nobody = [
            "setpriv",
            "--reuid",
            "nobody",
            "--regid",
            "nogroup",
            "--clear-groups",
        ];
        script.before = as_nobody.map(str::to_owned).to_vec();
        script
    }

    fn directory(&self) -> PathBuf {
        match self.before.is_empty() {
            true => self.folder.path().join("cluster"),
            false => self.folder.path().join("own/cluster"),
        }
    }

    fn command(&self, args: &[&str]) -> Command {
        let copy = self.folder.path().join("parlor");
        if !copy.exists() {
            fs::copy(PROGRAM, &copy).expect("there is space");
        }
        let words = self
            .before
            .iter()
            .cloned()
            .chain([self.script.display().to_string()]);
        let words: Vec<String> = words.collect();
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).arg("--dir").arg(self.directory());
        command.args(args);
        command.env("PARLOR", copy).stdin(Stdio::null());
        command
    }

    /// Runs it to its end, and gives what it says.
    fn run(&self, args: &[&str]) -> String {
        let output = self.output(args);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {said}{error}");
        said
    }

    fn output(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("bash runs")
    }

    /// Starts all of it, and gives what it says until everything runs.
    fn start(&self) -> (Child, BufReader<ChildStdout>, String) {
        let place = [
            "--address",
            &self.host.to_string(),
            "--port",
            &PORT.to_string(),
        ]
        .map(str::to_owned);
        let place = place.each_ref().map(String::as_str);
        let mut child = self
            .command(&[&place[..], &["--lease", "2"]].concat())
            .stdout(Stdio::piped())
            .spawn()
            .expect("bash runs");
        let mut output = BufReader::new(child.stdout.take().expect("piped"));
        let mut said = String::new();
        while !said.ends_with("^C stops all of it.\n") {
            let count = output.read_line(&mut said).expect("text");
            assert!(count > 0, "it has ended: {said}");
        }
        (child, output, said)
    }

    /// What nc shows to whoever types this at a port, so many after HAProxy's.
    fn nc(&self, after: u16, typed: &str) -> String {
        let port = (PORT + after).to_string();
        let nc = program("nc.openbsd", "netcat-openbsd");
        piped(
            &[nc, "-N".to_owned(), self.host.to_string(), port],
            typed.as_bytes(),
        )
    }

    fn is_open(&self, after: u16) -> bool {
        TcpStream::connect(SocketAddr::new(self.host, PORT + after)).is_ok()
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        if thread::panicking() {
            for log in fs::read_dir(self.directory().join("log"))
                .into_iter()
                .flatten()
                .flatten()
            {
                let text = fs::read_to_string(log.path()).unwrap_or_default();
                eprintln!("--- {}\n{text}", log.path().display());
            }
        }
        let _ = self.output(&["stop"]);
    }
}

#[test]
fn the_script_starts_a_cluster_takes_away_what_one_names_and_stops_all_of_it() {
    let script = Script::new();
    let (mut child, _output, said) = script.start();
    for after in 0..4 {
        let nc = format!("nc {} {}", script.host, PORT + after);
        assert!(said.contains(&nc), "{said}");
    }
    let seen = script.nc(1, "4\nann\n1\n1150\n2\n1150\nhello\n");
    assert!(seen.contains("] ann: hello"), "{seen}");
    for after in [0, 2, 3] {
        let seen = script.nc(after, "4\nben\n2\n1150\n");
        assert!(seen.contains("] ann: hello"), "{seen}");
    }
    let again = script.run(&[]);
    assert!(again.starts_with("It runs already:\n"), "{again}");
    assert_eq!(again.matches("runs, process").count(), 6, "{again}");

    let nodes = script.run(&["admin", "1", "nodes"]);
    assert!(
        (1..=3).all(|number| nodes.contains(&format!("node{number}"))),
        "{nodes}"
    );
    let said = script.run(&["kill", "2"]);
    assert!(said.contains("does not run"), "{said}");
    assert!(!script.is_open(2));
    let no = script.output(&["promote"]);
    let why = String::from_utf8_lossy(&no.stderr).into_owned();
    assert!(
        !no.status.success() && why.contains("Kill it first"),
        "{why}"
    );
    script.run(&["kill", "primary"]);
    script.run(&["promote"]);
    let mut number = 0;
    eventually("somebody can say something again", || {
        number += 1;
        let seen = script.nc(1, &format!("4\nann\n2\n1150\nstill here {number}\n"));
        seen.contains(&format!("] ann: still here {number}\n"))
    });
    let said = script.run(&["start", "standby"]);
    assert_eq!(said.matches("runs, process").count(), 5, "{said}");
    let sync = script.run(&["status"]);
    assert!(sync.contains("the standby"), "{sync}");
    script.run(&["start", "2"]);
    let seen = script.nc(2, "2\n1150\n");
    assert!(
        seen.contains(&format!("] ann: still here {number}")),
        "{seen}"
    );
    script.run(&["pause", "3"]);
    script.run(&["resume", "3"]);

    script.run(&["stop"]);
    assert!(child.wait().expect("it is our child").success());
    assert!((0..6).all(|after| !script.is_open(after)));
    // What was said is there when it is started again.
    let (_child, _output, _) = script.start();
    let seen = script.nc(3, "2\n1150\n");
    assert!(
        seen.contains(&format!("] ann: still here {number}")),
        "{seen}"
    );
}

#[test]
fn an_ordinary_user_can_call_the_script_and_ctrl_c_stops_all_of_it() {
    let script = Script::for_an_ordinary_user();
    let (mut child, _output, _) = script.start();
    let seen = script.nc(0, "4\nann\n1\n1150\n2\n1150\nhello\n");
    assert!(seen.contains("] ann: hello"), "{seen}");
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    kill_process(pid.expect("a process"), Signal::INT).expect("it is our child");
    assert_eq!(child.wait().expect("it is our child").code(), Some(130));
    assert!((0..6).all(|after| !script.is_open(after)));
}
